//! Reads ahead what a slot of the calendar will need.
//!
//! A city's state is larger than the caches near a core, and an event needs some twenty places of it, one found by way of the
//! other: taken alone it waits for each. The events of a slot are known together, so their places are read together, stage by
//! stage, and the waits overlap. Changes nothing of the run.

use super::Meso;

/// Memory of the reading ahead.
#[derive(Clone, Debug, Default)]
pub struct Warmth {
    due: Vec<u32>,
    heads: Vec<(u32, u32, u32)>,
    lanes: Vec<u32>,
    /// What was read, so that it is.
    sum: u32,
}

impl Meso {
    /// Reads ahead for a slot that has just begun.
    pub(super) fn warm(&mut self) {
        let mut warmth = std::mem::take(&mut self.warmth);
        if self.calendar.turned(&mut warmth.due) {
            self.read(&mut warmth);
        }
        self.warmth = warmth;
    }

    fn read(&self, warmth: &mut Warmth) {
        let sections = self.layout.sections.len() as u32;
        let Warmth { due, heads, lanes, sum } = warmth;
        due.retain(|object| *object < sections);
        for section in due.iter() {
            *sum ^= u32::from(self.queues[*section as usize].live) ^ self.layout.sections[*section as usize].ring;
        }
        heads.clear();
        heads.extend(due.iter().map(|section| {
            let entry = self.entry(*section, 0);
            (entry.vehicle, entry.way, self.layout.sections[*section as usize].link)
        }));
        for (vehicle, way, _) in heads.iter_mut() {
            *sum ^= self.layout.ways.get(*way as usize).map_or(0, |w| w.head);
            let vehicle = self.vehicles.get(*vehicle as usize);
            // Row of the next link.
            *way = vehicle.map_or(0, |v| if v.at + 1 < v.end { v.at + 1 } else { v.at });
        }
        lanes.clear();
        for (_, row, link) in heads.iter_mut() {
            let Some(on) = self.routes.rows.get(*row as usize) else { continue };
            *sum ^= self.record.peek(*link);
            let (first, _) = self.layout.links[on.link as usize];
            lanes.extend((0..16).filter(|i| on.usable >> i & 1 == 1).map(|i| first + i));
            *link = on.link;
        }
        for lane in lanes.iter() {
            let fixed = &self.layout.sections[*lane as usize];
            *sum ^= u32::from(self.queues[*lane as usize].live) ^ fixed.ring;
        }
        for lane in lanes.iter() {
            let queue = &self.queues[*lane as usize];
            *sum ^= self.ring[self.place(*lane, u32::from(queue.ghosts + queue.live))].way;
            let way0 = self.layout.sections[*lane as usize].way0 as usize;
            *sum ^= self.layout.targets.get(way0).map_or(0, |t| t.0) ^ self.layout.ways.get(way0).map_or(0, |w| w.to);
        }
        for (_, _, link) in heads.iter() {
            *sum ^= self.record.peek(*link);
        }
    }
}
