//! Changing lanes within a link: to the lanes of the next turn, and past slower traffic.

use super::Simulation;
use crate::network::NONE;

/// A driver changes lanes at most so often, second.
pub const CHANGE_EVERY_S: f32 = 4.0;
/// Advantage that is worth a change, m/s² (MOBIL: Kesting, Treiber and Helbing 2007, threshold 0.1–0.4).
const WORTH_MPS2: f32 = 0.3;
/// Braking that a change may cost the new follower, m/s² (MOBIL: safe deceleration 4; a driver who must change dares
/// all of it).
const SAFE_MPS2: f32 = 2.0;
const MUST_SAFE_MPS2: f32 = 4.0;
/// No voluntary change this near the end of a link, metre.
const CALM_M: f32 = 25.0;
/// Decisions are spread over so many steps.
const EVERY_STEPS: u64 = 4;

impl Simulation {
    /// The wished sidestep: −1, 0 or +1 lane.
    pub(super) fn lane_wish(&self, s: usize, acceleration: f32) -> i8 {
        let f = &self.fleet;
        let link = &f.here[s];
        let due = (self.steps + u64::from(f.id[s])).is_multiple_of(EVERY_STEPS);
        if !due || f.pos[s] < link.entry + 1.0 || f.pos[s] > link.stop {
            return 0;
        }
        let (lo, hi) = f.lanes[s];
        let lane = f.lane[s];
        if lane < lo || lane > hi {
            let step = if lane < lo { 1 } else { -1 };
            return if self.gain(s, step, MUST_SAFE_MPS2).is_some() { step } else { 0 };
        }
        let slowed = acceleration < 0.5 * f.driver(s).acceleration && f.speed[s] < 0.85 * link.desired;
        if !slowed || f.since_change_s[s] < CHANGE_EVERY_S || link.stop - f.pos[s] < CALM_M || f.speed[s] < 1.0 {
            return 0;
        }
        let allowed = |step: i8| {
            let to = lane.wrapping_add_signed(step);
            (lo..=hi).contains(&to) && to < link.lanes
        };
        [1, -1]
            .into_iter()
            .filter(|step| allowed(*step))
            .find(|step| self.gain(s, *step, SAFE_MPS2).is_some_and(|a| a > acceleration + WORTH_MPS2))
            .unwrap_or(0)
    }

    /// Acceleration in the other lane; `None` where the change is not safe.
    fn gain(&self, s: usize, step: i8, safe: f32) -> Option<f32> {
        let f = &self.fleet;
        let lane = f.here[s].lane0 as usize + usize::from(f.lane[s].wrapping_add_signed(step));
        let (leader, follower) = f.around(lane, f.pos[s]);
        let limits = self.limits(s);
        let mut acceleration = limits.acceleration;
        if leader != NONE {
            let gap = f.rear(leader as usize) - f.pos[s];
            if gap < 1.0 {
                return None;
            }
            let closing = limits.speed - f.speed[leader as usize];
            acceleration = limits.driver.follow(limits.speed, limits.desired, gap, closing);
            if acceleration < -safe {
                return None;
            }
        }
        if follower != NONE {
            let b = follower as usize;
            let gap = f.rear(s) - f.pos[b];
            let theirs = f.driver(b).follow(f.speed[b], f.here[b].desired, gap, f.speed[b] - f.speed[s]);
            if gap < 1.0 || theirs < -safe {
                return None;
            }
        }
        Some(acceleration)
    }
}
