//! How vehicles of a type move, as far as queues need it: speeds, starts, headways.
//!
//! A queue discharges by Newell's simplified car following (Transp. Res. B 36 (2002) 195): each driver repeats the leader's
//! path, a wave time later and a space behind. With bounded acceleration, the vehicle whose front stands `x` metres before the
//! stop line crosses it `START_S + k · wave + t(x)` after green, `t(x)` the time to cover `x` from standing.
//! The constants were fitted once, to SUMO 1.28 on one signalised lane (Krauss, sigma 0.5, 77 cycles): measured against
//! modelled second of the 1st, 2nd, 3rd, 5th and 10th vehicle 2.54 2.53, 4.90 4.96, 7.02 7.09, 10.91 10.92, 20.13 20.10;
//! headways in saturation 1.84 s (limit 13.89 m/s), 2.28 s (turn at 7.33 m/s), 2.43 s (at 6.51 m/s): modelled 1.83, 2.32, 2.45.

use crate::journeys::{CarFollowing, VehicleType};

/// From green to the first wheel's turn, second.
const START_S: f32 = 0.5;
/// What the first driver leaves free before the stop line and must drive, metre.
pub const FIRST_M: f32 = 4.3;
/// Krauss: an inattentive driver follows later by this many seconds per unit of imperfection, and slower by this part.
const LATE_S: f32 = 0.52;
const SLOW: f32 = 0.34;
/// Krauss: part of the acceleration that imperfection costs at starts.
const WEAK: f32 = 0.4;
/// Krauss in steps of one second: mean loss of speed per unit of imperfection and of acceleration, second.
const DAWDLE_S: f32 = 0.5;
/// Krauss in steps of one second: drivers brake for amber who are farther than they need to brake less a step.
const STEP_S: f32 = 1.0;
/// Least speed, metre per second.
const LEAST_MPS: f32 = 0.1;

/// A vehicle type, as queues see it.
#[derive(Clone, Copy, Debug)]
pub struct Driving {
    pub length_m: f32,
    /// With the gap to the one ahead, standing.
    pub space_m: f32,
    /// From one vehicle's start to the next one's, second.
    pub wave_s: f32,
    pub accel_mps2: f32,
    pub decel_mps2: f32,
    max_mps: f32,
    /// What is lost of the speed wanted, metre per second.
    dawdle_mps: f32,
    /// Speed in a discharging queue relative to the limit.
    queue_pace: f32,
    /// How long before the brakes would be too late amber still stops.
    amber_s: f32,
}

impl Driving {
    pub fn of(kind: &VehicleType) -> Self {
        let krauss = kind.model == CarFollowing::Krauss;
        let sigma = if krauss { kind.imperfection.clamp(0.0, 1.0) } else { 0.0 };
        let accel = kind.accel_mps2.max(0.1);
        Self {
            length_m: kind.length_m.max(0.5),
            space_m: (kind.length_m + kind.min_gap_m).clamp(0.5, 600.0),
            wave_s: (kind.headway_s + LATE_S * sigma).max(0.1),
            accel_mps2: accel * (1.0 - WEAK * sigma),
            decel_mps2: kind.decel_mps2.max(0.1),
            max_mps: kind.max_speed_mps.max(LEAST_MPS),
            dawdle_mps: DAWDLE_S * sigma * accel,
            queue_pace: 1.0 - SLOW * sigma,
            amber_s: if krauss { STEP_S } else { 0.0 },
        }
    }

    /// Speed alone on a lane, by its limit and the driver's factor.
    pub fn free_mps(&self, limit_mps: f32, factor: f32) -> f32 {
        let wanted = (limit_mps * factor).min(self.max_mps);
        (wanted - self.dawdle_mps).max(0.5 * wanted).max(LEAST_MPS)
    }

    /// Speed of a discharging queue at the stop line.
    pub fn queue_mps(&self, limit_mps: f32) -> f32 {
        (limit_mps.min(self.max_mps) * self.queue_pace).max(LEAST_MPS)
    }

    /// Seconds to cover `x` metres from standing, at most at `v` (metre per second), and the speed then.
    pub fn from_standing(&self, x: f32, v: f32) -> (f32, f32) {
        let a = self.accel_mps2;
        let run_m = v * v / (2.0 * a);
        if x >= run_m { (v / a + (x - run_m) / v, v) } else { ((2.0 * x / a).sqrt(), (2.0 * a * x).sqrt()) }
    }

    /// Second after green, and speed, at which the first in a queue crosses; `late_s`: how long it had to wait for green.
    pub fn first(&self, v: f32, late_s: f32) -> (f32, f32) {
        // Who would have come just before green has not stopped: in proportion, full from this many seconds on.
        const STOPPED_S: f32 = 1.5;
        let part = (late_s / STOPPED_S).clamp(0.0, 1.0);
        let (t, speed) = self.from_standing(FIRST_M, v);
        (part * (START_S + t), part * speed + (1.0 - part) * v)
    }

    /// Headway behind a vehicle that stood `x` metres from the stop line and takes `space`, second; then the speed at the line.
    pub fn headway(&self, x: f32, space: f32, v: f32) -> (f32, f32) {
        if x * 2.0 * self.accel_mps2 >= v * v {
            return (self.wave_s + space / v, v);
        }
        let (before, _) = self.from_standing(x, v);
        let (then, speed) = self.from_standing(x + space, v);
        (self.wave_s + then - before, speed)
    }

    /// Seconds of amber that are driven through at a speed; below 0: of green that are not used.
    pub fn amber_s(&self, v: f32) -> f32 {
        v / (2.0 * self.decel_mps2) - self.amber_s
    }

    /// Seconds over `length` metres from speed `v0` to `v1`, at most at `v`; then the speed at the end, which is less than `v1`
    /// where the way is too short.
    pub fn travel(&self, length: f32, v0: f32, v: f32, v1: f32) -> (f32, f32) {
        let (a, b) = (self.accel_mps2, self.decel_mps2);
        let (v0, v1) = (v0.min(v), v1.min(v));
        let (up, down) = ((v * v - v0 * v0) / (2.0 * a), (v * v - v1 * v1) / (2.0 * b));
        if up + down <= length {
            return ((v - v0) / a + (v - v1) / b + (length - up - down) / v, v1);
        }
        let peak2 = (2.0 * a * b * length + b * v0 * v0 + a * v1 * v1) / (a + b);
        if peak2 <= v0 * v0 {
            // Braking all the way, harder than wanted where it must.
            return (length / (0.5 * (v0 + v1)).max(LEAST_MPS), v1);
        }
        let peak = peak2.sqrt();
        if peak < v1 {
            let end = (v0 * v0 + 2.0 * a * length).sqrt();
            return ((end - v0) / a, end);
        }
        ((peak - v0) / a + (peak - v1) / b, v1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bologna() -> Driving {
        Driving::of(&VehicleType {
            length_m: 5.0,
            min_gap_m: 1.5,
            accel_mps2: 2.6,
            decel_mps2: 4.5,
            headway_s: 1.0,
            imperfection: 0.5,
            model: CarFollowing::Krauss,
            ..VehicleType::default()
        })
    }

    /// Crossing times as SUMO 1.28 has them on one signalised lane; see the head of this file.
    #[test]
    fn a_queue_discharges_as_sumos() {
        let driving = bologna();
        let check = |limit: f32, expected: &[(usize, f32)]| {
            let v = driving.queue_mps(limit);
            let (mut t, _) = driving.first(v, 60.0);
            let mut x = FIRST_M;
            for k in 0..20 {
                if let Some((_, measured)) = expected.iter().find(|(at, _)| *at == k) {
                    // The spread of the reference's mean, and two percent: at 7.33 m/s the model is 2.32 s a vehicle for 2.28 s.
                    assert!((t - measured).abs() < 0.15 + 0.02 * measured, "{limit} {k}: {t} {measured}");
                }
                t += driving.headway(x, driving.space_m, v).0;
                x += driving.space_m;
            }
        };
        check(13.89, &[(0, 2.54), (1, 4.90), (2, 7.02), (4, 10.91), (9, 20.13), (18, 36.62)]);
        check(6.51, &[(0, 2.53), (1, 5.03), (4, 12.39), (13, 34.17)]);
        check(7.33, &[(0, 2.52), (1, 4.94), (4, 11.84), (13, 32.38)]);
    }

    #[test]
    fn travel_obeys_the_kinematics() {
        let d = bologna();
        let (a, b) = (d.accel_mps2, d.decel_mps2);
        assert!((d.travel(100.0, 10.0, 10.0, 10.0).0 - 10.0).abs() < 1e-4);
        let from_rest = 10.0 / a + (100.0 - 50.0 / a) / 10.0;
        assert!((d.travel(100.0, 0.0, 10.0, 10.0).0 - from_rest).abs() < 1e-4);
        let to_rest = 10.0 / b + (100.0 - 50.0 / b) / 10.0;
        assert!((d.travel(100.0, 10.0, 10.0, 0.0).0 - to_rest).abs() < 1e-4);
        for length in [0.1, 1.0, 5.0, 20.0] {
            let t = d.travel(length, 0.0, 14.0, 5.0).0;
            assert!(t.is_finite() && t >= length / 14.0, "{length} {t}");
        }
    }
}
