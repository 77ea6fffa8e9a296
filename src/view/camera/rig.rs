//! The geometry of the camera, in city metres; no input, no Bevy.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use super::FOV_RAD;

/// How fast the screen follows the goal: share of the way left after one second is e^-RATE.
const RATE_PER_S: f32 = 9.0;

/// An orbit camera: it looks at `target` from `distance_m` away.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rig {
    /// What is looked at, city metres.
    pub target: [f32; 3],
    pub distance_m: f32,
    /// Direction looked at, clockwise from north, radian.
    pub yaw_rad: f32,
    /// Below the horizon, radian.
    pub pitch_rad: f32,
}

/// Where the camera stands and how it is held; unit vectors in the city's frame.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Eye {
    pub at: [f32; 3],
    pub forward: [f32; 3],
    pub right: [f32; 3],
    pub up: [f32; 3],
}

impl Default for Rig {
    fn default() -> Self {
        Self { target: [0.0; 3], distance_m: 1_500.0, yaw_rad: 0.0, pitch_rad: 40.0_f32.to_radians() }
    }
}

impl Rig {
    /// Nearly straight down: north stays up.
    pub const STEEPEST_RAD: f32 = 0.4999 * PI;
    /// Never from below.
    const FLATTEST_RAD: f32 = 0.05;
    const NEAREST_M: f32 = 12.0;
    const FARTHEST_M: f32 = 60_000.0;

    /// A box, tilted, from the south.
    pub fn over(low: [f32; 2], high: [f32; 2]) -> Self {
        let (width, depth) = (high[0] - low[0], high[1] - low[1]);
        let size = width.max(1.4 * depth).max(200.0);
        Self {
            target: [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1]), 0.0],
            distance_m: 0.75 * size,
            yaw_rad: 0.0,
            pitch_rad: 32.0_f32.to_radians(),
        }
        .limited()
    }

    /// The same within the limits; anything not finite becomes the default.
    pub fn limited(self) -> Self {
        let finite = self.target.iter().all(|x| x.is_finite())
            && [self.distance_m, self.yaw_rad, self.pitch_rad].iter().all(|x| x.is_finite());
        if !finite {
            return Self::default();
        }
        Self {
            target: self.target.map(|x| x.clamp(-200_000.0, 200_000.0)),
            distance_m: self.distance_m.clamp(Self::NEAREST_M, Self::FARTHEST_M),
            yaw_rad: self.yaw_rad.rem_euclid(TAU),
            pitch_rad: self.pitch_rad.clamp(Self::FLATTEST_RAD, Self::STEEPEST_RAD),
        }
    }

    /// Where the camera stands.
    pub fn eye(&self) -> Eye {
        let (sin_y, cos_y) = self.yaw_rad.sin_cos();
        let (sin_p, cos_p) = self.pitch_rad.sin_cos();
        let forward = [sin_y * cos_p, cos_y * cos_p, -sin_p];
        let right = [cos_y, -sin_y, 0.0];
        let up = [sin_y * sin_p, cos_y * sin_p, cos_p];
        let at = std::array::from_fn(|k| self.target[k] - self.distance_m * forward[k]);
        Eye { at, forward, right, up }
    }

    /// Direction through a point of the picture: x right and y up from the middle, in half heights.
    pub fn ray(&self, at: [f32; 2]) -> [f32; 3] {
        let eye = self.eye();
        let half = (0.5 * FOV_RAD).tan();
        std::array::from_fn(|k| eye.forward[k] + half * (at[0] * eye.right[k] + at[1] * eye.up[k]))
    }

    /// Where that ray meets the ground; above the horizon, the point 3 distances ahead stands in.
    pub fn ground(&self, at: [f32; 2]) -> [f32; 2] {
        let (eye, ray) = (self.eye(), self.ray(at));
        let farthest = 3.0 * self.distance_m;
        let t = if ray[2] < -1e-4 { (-(eye.at[2] - self.target[2]) / ray[2]).min(farthest) } else { farthest };
        [eye.at[0] + t * ray[0], eye.at[1] + t * ray[1]]
    }

    /// Moves so that the ground point `held` lies under the picture point `at`.
    pub fn pan_to(&mut self, held: [f32; 2], at: [f32; 2]) {
        let under = self.ground(at);
        self.target[0] += held[0] - under[0];
        self.target[1] += held[1] - under[1];
        *self = self.limited();
    }

    /// Scales the distance; the ground point under `at` stays there.
    pub fn zoom(&mut self, factor: f32, at: [f32; 2]) {
        let held = self.ground(at);
        self.distance_m *= factor;
        *self = self.limited();
        self.pan_to(held, at);
    }

    /// Turns about the target.
    pub fn turn(&mut self, yaw_rad: f32, pitch_rad: f32) {
        self.yaw_rad += yaw_rad;
        self.pitch_rad += pitch_rad;
        *self = self.limited();
    }

    /// Moves over the ground: metres ahead and to the right.
    pub fn walk(&mut self, ahead_m: f32, right_m: f32) {
        let (sin, cos) = self.yaw_rad.sin_cos();
        self.target[0] += sin * ahead_m + cos * right_m;
        self.target[1] += cos * ahead_m - sin * right_m;
        *self = self.limited();
    }

    /// Part of the way to `goal` after `seconds`; arrives in the end.
    pub fn towards(&self, goal: &Self, seconds: f32) -> Self {
        let share = 1.0 - (-RATE_PER_S * seconds.clamp(0.0, 1.0)).exp();
        let turn = (goal.yaw_rad - self.yaw_rad + PI).rem_euclid(TAU) - PI;
        let next = Self {
            target: std::array::from_fn(|k| self.target[k] + share * (goal.target[k] - self.target[k])),
            distance_m: self.distance_m * (goal.distance_m / self.distance_m).powf(share),
            yaw_rad: self.yaw_rad + share * turn,
            pitch_rad: self.pitch_rad + share * (goal.pitch_rad - self.pitch_rad),
        };
        if next.is_near(goal) { *goal } else { next.limited() }
    }

    fn is_near(&self, goal: &Self) -> bool {
        let away = (0..3).map(|k| (self.target[k] - goal.target[k]).abs()).fold(0.0, f32::max);
        let turn = (goal.yaw_rad - self.yaw_rad + PI).rem_euclid(TAU) - PI;
        away < 1e-4 * self.distance_m
            && (self.distance_m / goal.distance_m - 1.0).abs() < 1e-4
            && turn.abs() < 1e-4
            && (self.pitch_rad - goal.pitch_rad).abs() < 1e-4
    }
}

const _: () = assert!(Rig::STEEPEST_RAD < FRAC_PI_2);

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: [f32; 2], b: [f32; 2], within: f32) -> bool {
        (a[0] - b[0]).hypot(a[1] - b[1]) < within
    }

    #[test]
    fn the_middle_of_the_picture_shows_the_target() {
        let rig = Rig { target: [120.0, -40.0, 0.0], ..Rig::default() };
        assert!(close(rig.ground([0.0, 0.0]), [120.0, -40.0], 0.05));
        let eye = rig.eye();
        assert!(eye.at[2] > 0.0 && eye.at[1] < -40.0, "looks north from the south and above: {eye:?}");
    }

    #[test]
    fn zooming_keeps_the_ground_under_the_pointer() {
        for at in [[0.0, 0.0], [0.8, -0.5], [-1.2, 0.3]] {
            for factor in [0.5, 0.8, 1.25, 2.0] {
                let mut rig = Rig::default();
                let held = rig.ground(at);
                rig.zoom(factor, at);
                assert!(close(rig.ground(at), held, 0.5), "{at:?} {factor}");
                assert!((rig.distance_m / Rig::default().distance_m - factor).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn panning_brings_the_held_ground_under_the_pointer() {
        let mut rig = Rig { yaw_rad: 1.1, ..Rig::default() };
        let held = rig.ground([0.2, -0.1]);
        rig.pan_to(held, [-0.5, -0.6]);
        assert!(close(rig.ground([-0.5, -0.6]), held, 0.5));
    }

    #[test]
    fn limits_hold_whatever_is_asked() {
        let mut rig = Rig::default();
        rig.turn(100.0, -50.0);
        assert!(rig.eye().at[2] > 0.0, "never below the ground");
        rig.zoom(1e-9, [0.0, 0.0]);
        assert_eq!(rig.distance_m, Rig::NEAREST_M);
        let broken = Rig { distance_m: f32::NAN, ..Rig::default() };
        assert_eq!(broken.limited(), Rig::default());
    }

    #[test]
    fn damping_is_the_same_at_any_frame_rate_and_arrives() {
        let goal = Rig { target: [500.0, 300.0, 0.0], distance_m: 200.0, yaw_rad: 6.0, pitch_rad: 1.0 };
        let (mut coarse, mut fine) = (Rig::default(), Rig::default());
        coarse = coarse.towards(&goal, 0.2);
        for _ in 0..20 {
            fine = fine.towards(&goal, 0.01);
        }
        assert!((coarse.distance_m / fine.distance_m - 1.0).abs() < 1e-3);
        assert!(close([coarse.target[0], coarse.target[1]], [fine.target[0], fine.target[1]], 0.5));
        for _ in 0..300 {
            fine = fine.towards(&goal, 0.016);
        }
        assert_eq!(fine, goal);
    }
}
