//! What is known of each journey, and the counts of a run.

use super::{Car, Micro};
use crate::journeys::{Journeys, PlannedStop};

/// A vehicle's journey under way: what is not needed at every step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voyage {
    /// Link of its route.
    pub leg: u32,
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
}

/// One finished journey.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TripRecord {
    /// Row of the journeys.
    pub journey: u32,
    pub entered_s: f64,
    pub arrived_s: f64,
    /// Seconds lost against the wanted speed.
    pub lost_s: f32,
}

impl Voyage {
    pub fn all(journeys: &Journeys, seed: u64) -> Vec<Self> {
        let of = |(i, journey): (usize, &crate::journeys::Journey)| Self {
            leg: 0,
            stops: journey.stops,
            dwell: -1.0,
            factor: factor(journeys.types[journey.kind as usize].speed_factor, seed, i as u64),
            arrival_m: journey.arrival_m,
            entered_ms: NEVER,
            arrived_ms: NEVER,
            lost_s: 0.0,
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
        let Some(stop) = self.next_stop(journeys).copied().filter(|s| s.lane == lane) else { return false };
        if self.dwell < 0.0 {
            if car.speed < super::follow::HALTING_MPS && car.pos > stop.at_m - NEAR_M {
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
    pub(super) fn arrive(&mut self, car: &Car) {
        let voyage = &mut self.voyages[car.vehicle as usize];
        voyage.arrived_ms = self.now_ms + self.step_ms;
        voyage.lost_s = car.lost;
        self.counts.arrived += 1;
    }

    pub(super) fn count(&mut self) {
        self.counts.running = self.counts.inserted - self.counts.arrived;
        self.counts.waiting = self.counts.loaded - self.counts.inserted;
        self.counts.updates += self.counts.running;
    }

    /// The journeys that have ended, by number.
    pub fn trips(&self) -> impl Iterator<Item = TripRecord> + '_ {
        self.voyages.iter().enumerate().filter(|(_, v)| v.arrived_ms != NEVER).map(|(i, v)| TripRecord {
            journey: i as u32,
            entered_s: v.entered_ms as f64 / 1000.0,
            arrived_s: v.arrived_ms as f64 / 1000.0,
            lost_s: v.lost_s,
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
