//! What a live city asks of the view: vehicles put where they are, told of link by link, sent other ways, taken out.

use super::Live;
use crate::{lane_graph::NONE, micro::NewJourney};

impl Live {
    /// A vehicle waits to enter its first link from now on. `None` where no lanes join its links.
    pub fn begin(&mut self, new: &NewJourney) -> Option<u32> {
        let number = self.take_in(new)?;
        self.meso.begin(number, self.meso.now_ms);
        Some(number)
    }

    /// A vehicle is on a lane of its first link, `at_m` along it, behind those put there before; it waits to enter that link where the lane
    /// is full. `None` where no lanes join its links.
    pub fn put(&mut self, new: &NewJourney, lane: u32, at_m: f32, speed_mps: f32) -> Option<u32> {
        let number = self.take_in(new)?;
        let queue = &self.meso.queues[lane as usize];
        let fixed = self.meso.layout.sections[lane as usize];
        if queue.live + queue.ghosts + 2 > fixed.capacity || fixed.link != new.route[0] {
            self.meso.begin(number, self.meso.now_ms);
            return Some(number);
        }
        let now_ms = self.meso.now_ms;
        self.meso.record.loaded(number, now_ms);
        self.meso.record.entered(number, fixed.link, now_ms);
        self.meso.take_over(lane, number, speed_mps.max(0.0), at_m.clamp(0.0, fixed.length_m));
        Some(number)
    }

    /// Closes these links, by link, for those who look for a way; the ways that lead over them are the caller's to change.
    pub fn shut(&mut self, closed: &[bool]) {
        self.closed.iter_mut().enumerate().for_each(|(l, c)| *c = closed.get(l).copied().unwrap_or(false));
        self.meso.detours.closed.clone_from(&self.closed);
        self.set_times();
    }

    /// On the road, and waiting to enter it.
    pub fn under_way(&self) -> (u64, u64) {
        let record = &self.meso.record;
        (record.inserted - record.arrived, record.loaded - record.inserted)
    }

    /// Vehicles moved on without room, and ways round that drivers took, so far.
    pub fn forced(&self) -> u64 {
        self.meso.counts().forced
    }

    pub fn detours(&self) -> u64 {
        self.meso.detours.count
    }

    /// Who left which link since [`Self::release`] (vehicle, link), in the order they did.
    pub fn left(&self) -> &[(u32, u32)] {
        self.meso.record.live.as_ref().map_or(&[], |live| &live.left)
    }

    /// Vehicles that have arrived since then; their numbers are given to others from the next departure on.
    pub fn arrived(&self) -> &[u32] {
        &self.gone
    }

    /// Forgets both.
    pub fn release(&mut self) {
        self.gone.clear();
        self.arrived.clear();
        if let Some(live) = &mut self.meso.record.live {
            live.left.clear();
        }
    }

    /// The links that a vehicle has yet to drive, from the one that it is on.
    pub fn way_of(&self, vehicle: u32) -> Vec<u32> {
        let v = &self.meso.vehicles[vehicle as usize];
        (v.at..v.end).map(|row| self.link_of(row)).collect()
    }

    /// Who waits to enter (vehicle, link), lane by lane, first come first.
    pub fn waiting(&self) -> Vec<(u32, u32)> {
        let mut waiting = Vec::new();
        for (lane, source) in self.meso.sources.iter().enumerate().filter(|(_, source)| source.first != NONE) {
            let mut vehicle = source.first;
            while vehicle != NONE {
                waiting.push((vehicle, self.graph.lanes[lane].link));
                vehicle = self.meso.vehicles[vehicle as usize].next;
            }
        }
        waiting
    }

    /// Whether a vehicle waits in the middle of a junction.
    pub fn is_inside(&self, vehicle: u32) -> bool {
        self.find(vehicle).is_some_and(|(section, _)| section as usize >= self.meso.record.lanes)
    }

    /// The section that a vehicle is in, and its place there; `None` before its first link.
    fn find(&self, vehicle: u32) -> Option<(u32, u32)> {
        let meso = &self.meso;
        let place = |section: u32| {
            let live = u32::from(meso.queues[section as usize].live);
            (0..live).find(|i| meso.entry(section, *i).vehicle == vehicle).map(|i| (section, i))
        };
        let (first, lanes) = meso.layout.links[self.link_of(meso.vehicles[vehicle as usize].at) as usize];
        let waiting_places = |lane: u32| {
            let fixed = &meso.layout.sections[lane as usize];
            let ways = (fixed.way0..fixed.way0 + u32::from(fixed.ways)).map(|way| &meso.layout.ways[way as usize]);
            ways.filter(|way| way.second != NONE).find_map(|way| place(way.to))
        };
        (first..first + lanes).find_map(place).or_else(|| (first..first + lanes).find_map(waiting_places))
    }

    /// Another way for a vehicle from link `kept` of [`Self::way_of`] on; `arrival_m`: where it ends on its last link.
    pub fn reroute(&mut self, vehicle: u32, kept: usize, onward: &[u32], arrival_m: f32) {
        let v = self.meso.vehicles[vehicle as usize];
        let kept_rows = v.at..(v.at + kept as u32).min(v.end);
        let route: Vec<u32> = kept_rows.map(|row| self.link_of(row)).chain(onward.iter().copied()).collect();
        let found = self.find(vehicle);
        let Some(rows) = self.meso.routes.lay(v.kind, &route) else { return };
        self.meso.record.set_last_m(v.journey, arrival_m);
        let v = &mut self.meso.vehicles[vehicle as usize];
        (v.at, v.end) = (rows.start, rows.start + route.len() as u32);
        let old = std::mem::replace(&mut self.taken[vehicle as usize].0, rows);
        self.meso.routes.give_back(old);
        if let Some((section, place)) = found.filter(|(section, _)| (*section as usize) < self.meso.record.lanes) {
            self.turn_around(&super::Cut { vehicle, section, place, from: 0 });
        }
    }

    /// Takes a vehicle out, wherever it is; it is no longer counted as loaded.
    pub fn withdraw(&mut self, vehicle: u32) {
        match self.find(vehicle) {
            Some((section, place)) => {
                self.meso.take_out(section, place);
                let now_ms = self.meso.now_ms;
                self.meso.record.taken_out(now_ms);
            }
            None => self.take_from_queue(vehicle),
        }
        let rows = self.taken[vehicle as usize].0.clone();
        self.meso.routes.give_back(rows);
        self.free.push(vehicle);
    }

    fn take_from_queue(&mut self, vehicle: u32) {
        for source in &mut self.meso.sources {
            let (mut before, mut now) = (NONE, source.first);
            while now != NONE && now != vehicle {
                (before, now) = (now, self.meso.vehicles[now as usize].next);
            }
            if now == NONE {
                continue;
            }
            let next = self.meso.vehicles[vehicle as usize].next;
            match before {
                NONE => source.first = next,
                before => self.meso.vehicles[before as usize].next = next,
            }
            if source.last == vehicle {
                source.last = before;
            }
            source.count -= 1;
            self.meso.record.withdrawn();
            self.meso.record.refused -= 1;
            return;
        }
    }
}
