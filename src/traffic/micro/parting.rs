//! Vehicles on another way from the same lane: until the ways have parted one follows them.

use super::{
    Micro,
    ahead::Beyond,
    car::{Car, Hold, NEAR},
    follow::Driver,
};

impl Micro {
    /// Follows those who leave the lane by another way and are not out of the way yet. `distance`: to the stop line, negative
    /// inside the junction.
    pub(super) fn follow_the_parting(&self, car: &Car, driver: &Driver, way: u32, distance: f32, found: &mut Beyond) {
        for parting in self.graph.partings_of(way) {
            if -distance >= parting.at_m {
                continue;
            }
            let them = &self.graph.moves[parting.other as usize];
            let still_there = |rear: f32, front: f32| rear < parting.at_m && front > -distance;
            let inside = self.on(self.track_of(parting.other)).iter().rev();
            let inside = inside.map(|c| (c, c.pos)).find(|(c, pos)| still_there(pos - c.length, *pos));
            let leader = inside.or_else(|| {
                let near = self.marks[them.to as usize] & NEAR != 0;
                let last = near.then(|| self.last_on(them.to as usize))?.filter(|c| c.came == parting.other)?;
                let pos = them.length_m + last.pos;
                still_there(pos - last.length, pos).then_some((last, pos))
            });
            if let Some((leader, pos)) =
                leader.filter(|(leader, pos)| (*pos, leader.vehicle) != (-distance, car.vehicle))
            {
                let gap = distance + pos - leader.length - driver.min_gap;
                found.with(driver.follow(car.speed, car.wanted, gap, leader.speed, self.dt()), Hold::None);
            }
        }
    }
}
