//! What is known of each journey, and the counts of a run.

use super::{Hold, Micro, car::Car, reach::LanesAhead, region::marked, tally::Drive};
use crate::{
    journeys::{Journeys, PlannedStop},
    lane_graph::{LaneGraph, NONE},
    results::battery::{Battery, KWH_J},
};

/// A vehicle's journey under way: what is not needed at every step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voyage {
    /// Link of its route.
    pub leg: u32,
    /// Row of the routes of their own, [`NONE`] while it keeps to the journey's.
    pub detour: u32,
    /// How often it has left its way for want of a gap or of room.
    pub strays: u8,
    /// Where it was put last.
    pub track: u32,
    /// Lanes away that it was on before its last change, kerb negative.
    pub side: i8,
    /// Rows of the stops still to make.
    pub stops: (u32, u32),
    /// Seconds still to stand at a stop; negative while driving.
    pub dwell: f32,
    /// Wanted speed over the limit.
    pub factor: f32,
    /// Where the journey ends on its last link, metre.
    pub arrival_m: f32,
    pub entered_ms: u64,
    pub arrived_ms: u64,
    pub lost_s: f32,
    pub drive: Drive,
    pub on_link_ms: u64,
    /// Of the link it is on; nothing before it was looked up.
    pub ahead: LanesAhead,
}

/// "Has not happened."
const NEVER: u64 = u64::MAX;

/// Vehicles at one time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MicroCounts {
    /// Departures due.
    pub loaded: u64,
    pub inserted: u64,
    pub arrived: u64,
    pub running: u64,
    /// Due, but with no room to enter.
    pub waiting: u64,
    /// One vehicle, one step.
    pub updates: u64,
    /// Drivers who could not get into the lane for their way and took another.
    pub detours: u64,
    /// Moves that no rule of the road allows: out of a jam that nothing else resolved, or first inside a junction where all
    /// wait for each other.
    pub forced: u64,
    /// Lifted out of a jam, not back on the road yet (among the running).
    pub lifted: u64,
}

/// A vehicle on the road, as tests, pictures and inspectors see it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MicroView {
    /// Row of the journeys.
    pub vehicle: u32,
    /// Lane, or move through a junction.
    pub on: Result<u32, u32>,
    /// Front bumper, metre along it.
    pub pos_m: f32,
    pub speed_mps: f32,
    pub length_m: f32,
    pub hold: Hold,
    /// Move it came by, [`NONE`] where it entered or changed lanes here.
    pub came: u32,
    /// Lanes away that it comes from while it changes, kerb negative, and seconds since it began to.
    pub side: i8,
    pub settled_s: f32,
}

/// One finished journey.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TripRecord {
    /// Row of the journeys.
    pub journey: u32,
    pub entered_s: f64,
    pub arrived_s: f64,
    /// Seconds lost against the wanted speed, planned stops excluded.
    pub lost_s: f32,
    pub moved_m: f32,
    /// Times it fell below 5 mph from above 15 mph, seconds below 5 mph (means over 3 s), and of these at stops of its plan.
    pub stops: u16,
    pub stopped_s: f32,
    pub planned_stops_s: f32,
    /// What an electric vehicle of its size would have taken from its battery; none for a body that is in no table.
    pub battery_kwh: Option<f64>,
}

impl Default for Voyage {
    /// Nothing has happened yet.
    fn default() -> Self {
        Self {
            leg: 0,
            detour: NONE,
            strays: 0,
            track: NONE,
            side: 0,
            stops: (0, 0),
            dwell: -1.0,
            factor: 1.0,
            arrival_m: 0.0,
            entered_ms: NEVER,
            arrived_ms: NEVER,
            lost_s: 0.0,
            drive: Drive::default(),
            on_link_ms: NEVER,
            ahead: LanesAhead::default(),
        }
    }
}

impl Voyage {
    pub fn all(graph: &LaneGraph, journeys: &Journeys, seed: u64) -> Vec<Self> {
        let end = |journey: &crate::journeys::Journey| {
            let last = journeys.links[journey.route.1 as usize - 1];
            let lengths = graph.lanes_of(last).map(|l| graph.lanes[l as usize].length_m);
            lengths.fold(journey.arrival_m, f32::min)
        };
        let of = |(i, journey): (usize, &crate::journeys::Journey)| Self {
            stops: journey.stops,
            factor: factor(journeys.types[journey.kind as usize].speed_factor, seed, i as u64),
            arrival_m: end(journey),
            ..Self::default()
        };
        journeys.list.iter().enumerate().map(of).collect()
    }

    /// The stop that comes next on the route.
    pub fn next_stop<'a>(&self, journeys: &'a Journeys) -> Option<&'a PlannedStop> {
        (self.stops.0 < self.stops.1).then(|| &journeys.stops[self.stops.0 as usize])
    }

    /// Stands at a stop, or starts to; `true` once it is done there.
    pub fn halts(&mut self, car: &Car, lane: u32, dt: f32, now_ms: u64, journeys: &Journeys) -> bool {
        /// A stop is reached this near, metre.
        const NEAR_M: f32 = 2.5;
        /// After so long of standing near it, one stops beside it, second.
        const BESIDE_S: f32 = 30.0;
        let Some(stop) = self.next_stop(journeys).copied() else { return false };
        if self.dwell < 0.0 {
            // Who cannot come to the stop's lane makes its stop beside it.
            let there = stop.lane == lane && car.pos > stop.at_m - NEAR_M || car.stood > BESIDE_S;
            if car.speed < super::follow::HALTING_MPS && there {
                self.dwell = stop.for_s;
            }
            return false;
        }
        self.dwell -= dt;
        let too_early = stop.until_s.is_some_and(|until| (now_ms as f64) < until * 1000.0);
        let done = self.dwell <= 0.0 && !too_early;
        if done {
            self.dwell = -1.0;
            self.stops.0 += 1;
        } else {
            self.dwell = self.dwell.max(0.0);
        }
        done
    }
}

impl Micro {
    /// Books that a vehicle leaves its link.
    pub(super) fn leave_link(&mut self, car: &Car, link: u32) {
        if self.note_left(car.vehicle, link) {
            return;
        }
        let now_ms = self.now_ms + self.step_ms;
        let voyage = &mut self.voyages[car.vehicle as usize];
        let taken_s = now_ms.saturating_sub(voyage.on_link_ms) as f64 / 1000.0;
        self.tallies.leave_link(link, taken_s, voyage.drive.book(car, now_ms));
    }

    pub(super) fn arrive(&mut self, car: &Car) {
        let voyage = &mut self.voyages[car.vehicle as usize];
        voyage.arrived_ms = self.now_ms + self.step_ms;
        voyage.lost_s = car.lost;
        voyage.drive.end(car, self.batteries[usize::from(car.kind)].as_ref());
        let route = self.route(car.vehicle);
        let link = route[route.len() - 1];
        self.counts.arrived += 1;
        self.leave_link(car, link);
        self.note_ended(car.vehicle);
    }

    pub(super) fn count(&mut self) {
        self.count_now();
        self.counts.updates += self.counts.running;
    }

    pub(super) fn count_now(&mut self) {
        self.counts.running = self.counts.inserted - self.counts.arrived;
        self.counts.waiting = self.counts.loaded - self.counts.inserted;
        self.counts.lifted = self.lifted.len() as u64;
    }

    /// Every vehicle on the road: lane by lane, then move by move, front first.
    pub fn vehicles(&self) -> impl Iterator<Item = MicroView> + '_ {
        let lanes = self.graph.lanes.len();
        let on = move |t: usize| if t < lanes { Ok(t as u32) } else { Err((t - lanes) as u32) };
        let view = move |t: usize, c: &Car| MicroView {
            vehicle: c.vehicle,
            on: on(t),
            pos_m: c.pos,
            speed_mps: c.speed,
            length_m: c.length,
            hold: c.hold,
            came: c.came,
            side: self.voyages[c.vehicle as usize].side,
            settled_s: c.settled,
        };
        let mut busy = Vec::new();
        marked(&self.marks, 0, &mut busy);
        busy.into_iter().map(|t| t as usize).flat_map(move |t| self.tracks[t].cars.iter().map(move |c| view(t, c)))
    }

    /// The journeys that have ended, by number.
    pub fn trips(&self) -> impl Iterator<Item = TripRecord> + '_ {
        (0..self.voyages.len() as u32).filter_map(|vehicle| self.trip(vehicle))
    }

    /// A journey that has ended; in a live run until its number is released.
    pub fn trip(&self, vehicle: u32) -> Option<TripRecord> {
        let v = self.voyages.get(vehicle as usize).filter(|v| v.arrived_ms != NEVER)?;
        let (entered_s, arrived_s) = (v.entered_ms as f64 / 1000.0, v.arrived_ms as f64 / 1000.0);
        let battery = self.batteries[self.journeys.list[vehicle as usize].kind as usize];
        let auxiliary = |b: Battery| f64::from(b.auxiliary_w) * (arrived_s - entered_s);
        Some(TripRecord {
            journey: vehicle,
            entered_s,
            arrived_s,
            lost_s: (v.lost_s - v.drive.planned_s).max(0.0),
            moved_m: v.drive.moved_m(),
            stops: v.drive.stops,
            stopped_s: v.drive.stopped_s,
            planned_stops_s: v.drive.planned_s,
            battery_kwh: battery.map(|b| (f64::from(v.drive.battery_j) + auxiliary(b)) / KWH_J),
        })
    }

    /// Digest of the moving state (XXH3, 64 bit): equal for equal runs, whatever the number of threads.
    pub fn state_hash(&self) -> u64 {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        hash.update(&self.now_ms.to_le_bytes());
        for (t, track) in self.tracks.iter().enumerate().filter(|(_, t)| !t.cars.is_empty()) {
            hash.update(&(t as u32).to_le_bytes());
            for car in &track.cars {
                hash.update(&car.vehicle.to_le_bytes());
                for value in [car.pos, car.speed, car.stood, car.lost, car.settled] {
                    hash.update(&value.to_le_bytes());
                }
            }
        }
        for v in &self.voyages {
            hash.update(&v.entered_ms.to_le_bytes());
            hash.update(&v.arrived_ms.to_le_bytes());
        }
        hash.digest()
    }
}

/// A number in 0…1 for a seed and two keys.
#[inline]
pub(super) fn chance(seed: u64, a: u64, b: u64) -> f32 {
    (mixed(seed, a, b) >> 40) as f32 / (1_u64 << 24) as f32
}

/// A well-mixed word of a seed and two keys (Steele, Lea and Flood 2014, SplitMix64's finaliser).
#[inline]
fn mixed(seed: u64, a: u64, b: u64) -> u64 {
    let mut z = seed ^ a.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ b.wrapping_mul(0xD1B5_4A32_D192_ED03);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A normal draw (Box and Muller 1958) within its bounds: drawn again while outside, as SUMO's `normc`.
fn factor([mean, deviation, least, most]: [f32; 4], seed: u64, vehicle: u64) -> f32 {
    /// Draws before the mean is taken.
    const MOST_DRAWS: u64 = 32;
    if deviation <= 0.0 {
        return mean.clamp(least.min(most), most.max(least)).max(0.01);
    }
    for draw in 0..MOST_DRAWS {
        let u = chance(seed ^ 0x5EED, vehicle, 2 * draw).max(1e-7);
        let v = chance(seed ^ 0x5EED, vehicle, 2 * draw + 1);
        let x = mean + deviation * (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos();
        if (least..=most).contains(&x) {
            return x.max(0.01);
        }
    }
    mean.max(0.01)
}
