//! Where everybody is: estimates along lanes that a picture can be drawn from.
//!
//! Between a link's ends the view knows when each vehicle came, when it could leave at the earliest, and its place in the queue. Alone it
//! is drawn where it would be at a steady speed; in a queue behind those ahead, a space each; who leaves makes room that those behind
//! move up into one after the other, as the wave of starts passes them. No two vehicles of a lane overlap, but for those that a forced move has put
//! into a full one, which are drawn at its start.

use super::Live;
use crate::{lane_graph::NONE, meso::Meso};

/// Where along a vehicle drives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Track {
    /// Row of [`crate::lane_graph::LaneGraph::lanes`].
    Lane(u32),
    /// Row of [`crate::lane_graph::LaneGraph::moves`]: through a junction.
    Move(u32),
}

/// A vehicle now.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Place {
    pub vehicle: u32,
    /// Place among the vehicle types.
    pub kind: u32,
    /// The link that it is on, or comes onto.
    pub link: u32,
    pub track: Track,
    /// Front bumper, metre along the track.
    pub pos_m: f32,
    /// Metre per second.
    pub speed_mps: f32,
}

impl Live {
    /// Everybody who is on the road, section by section, from the stop line back.
    pub fn vehicles(&self) -> impl Iterator<Item = Place> {
        let sections = 0..self.meso.layout.sections.len() as u32;
        sections.filter(|s| self.meso.queues[*s as usize].live > 0).flat_map(|s| {
            let mut places = Vec::with_capacity(self.meso.queues[s as usize].live.into());
            self.meso.places(s, &mut places);
            places
        })
    }
}

impl Meso {
    fn places(&self, section: u32, out: &mut Vec<Place>) {
        let fixed = &self.layout.sections[section as usize];
        let queue = &self.queues[section as usize];
        let inside = section as usize >= self.record.lanes;
        // Front bumper of the one ahead less its space.
        let mut behind_m = f32::INFINITY;
        // Metres that those ahead take.
        let mut taken_m = 0.0;
        for i in 0..u32::from(queue.live) {
            let entry = self.entry(section, i);
            let vehicle = &self.vehicles[entry.vehicle as usize];
            let way = self.way_in(entry.vehicle);
            let end_m =
                if entry.way == NONE { self.record.last_m(vehicle.journey, fixed.length_m) } else { fixed.length_m };
            let since_s = (f64::from(vehicle.since_ms) - f64::from(vehicle.next)) / 1000.0;
            let due_s = ((f64::from(entry.at_ms) / 1000.0 - since_s) as f32).max(0.001);
            let past_s = ((f64::from(self.now_ms) / 1000.0 - since_s) as f32).max(0.0);
            let free_mps = (way.driven_m + end_m) / due_s;
            // When it came into a waiting place is not known: it is drawn where it waits.
            let free_m = if inside { end_m } else { (past_s * free_mps).min(way.driven_m + end_m) - way.driven_m };
            let queue_m = end_m.min(fixed.length_m - taken_m - self.room_ahead_m(section, taken_m));
            let along_m = free_m.min(queue_m).min(behind_m);
            let drives = !inside && along_m >= free_m && past_s < due_s;
            let (track, pos_m) = match way.number {
                Some(number) if inside => (Track::Move(number), along_m.max(0.0)),
                Some(number) if along_m < 0.0 => (Track::Move(number), way.from_m + (way.driven_m + along_m).max(0.0)),
                _ => (Track::Lane(section), along_m.max(0.0)),
            };
            let speed_mps = if drives { free_mps } else { 0.0 };
            out.push(Place {
                vehicle: entry.vehicle,
                kind: vehicle.kind.into(),
                link: fixed.link,
                track,
                pos_m,
                speed_mps,
            });
            let space_m = f32::from(entry.space_cm) / 100.0;
            behind_m = along_m - space_m;
            taken_m += space_m;
        }
    }

    /// The way by which a vehicle came into its section.
    fn way_in(&self, vehicle: u32) -> WayIn {
        let came_by = self.record.live.as_ref().map_or(NONE, |live| live.came_by[vehicle as usize]);
        let moves = self.layout.targets.len() as u32;
        let Some(way) = self.layout.ways.get(came_by as usize) else { return WayIn::default() };
        if came_by < moves {
            return WayIn { number: Some(came_by), from_m: 0.0, driven_m: way.whole_m };
        }
        let number = self.layout.halves[(came_by - moves) as usize];
        WayIn { number: Some(number), from_m: way.whole_m - way.length_m, driven_m: way.length_m }
    }

    /// Room that those who left have made, and that has not come back to a place so far behind the stop line yet, metre: as it comes,
    /// it is used up within the time that the wave takes for a vehicle's space.
    fn room_ahead_m(&self, section: u32, at_m: f32) -> f32 {
        let fixed = &self.layout.sections[section as usize];
        let store_m = fixed.store_cm as f32 / 100.0;
        let ms_per_m = fixed.hole_ms as f32 / store_m.max(0.1);
        let mut room_m = 0.0;
        for i in (0..u32::from(self.queues[section as usize].ghosts)).rev() {
            let ghost = self.ring[self.place(section, i)];
            let left_ms = ghost.at_ms as f32 - fixed.hole_ms as f32;
            let space_m = f32::from(ghost.space_cm) / 100.0;
            let past_m = (self.now_ms as f32 - left_ms) / ms_per_m.max(1.0) - (at_m + room_m);
            room_m += space_m * (1.0 - past_m / space_m.max(0.1)).clamp(0.0, 1.0);
        }
        room_m
    }
}

/// The part of a move that was driven since a vehicle came onto its link.
#[derive(Clone, Copy, Debug, Default)]
struct WayIn {
    number: Option<u32>,
    from_m: f32,
    driven_m: f32,
}
