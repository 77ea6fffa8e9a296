//! Car following: what speed a driver takes next, given what is ahead.
//!
//! Two models behind the same three questions (follow, stop, slow down to a limit). IDM: Treiber, Hennecke and Helbing, Phys.
//! Rev. E 62 (2000) 1805, in its ballistic form (Treiber and Kanagaraj, Physica A 419 (2015) 183). Krauss: Krauss, Wagner and
//! Gawron, Phys. Rev. E 55 (1997) 5597, with speeds safe for whole time steps (Krauss, thesis, Cologne 1998, section 2.3).

use crate::{
    journeys::{CarFollowing, VehicleType},
    lane_graph::Users,
};

/// A type's numbers as the kernel uses them; SI units.
#[derive(Clone, Copy, Debug)]
pub struct Driver {
    pub model: CarFollowing,
    pub accel: f32,
    pub decel: f32,
    pub emergency: f32,
    pub headway: f32,
    pub min_gap: f32,
    pub imperfection: f32,
    pub length: f32,
    pub max_speed: f32,
    pub users: Users,
    /// So far ahead of itself one who stands looks, metre.
    pub creeps_m: f32,
    /// 2·√(a·b).
    root: f32,
}

/// Speeds below this stand, metre per second (SUMO's halting speed).
pub const HALTING_MPS: f32 = 0.1;
/// A gap below this counts as none, metre.
const EPS_M: f32 = 0.001;

/// How much slower than the vehicle beside it one drives to fall behind, metre per second: a car's length and gap open in six
/// seconds. Where two lanes become one the queue then leaves at 0.98 of a lane's capacity at 50 km/h (at three times as much at
/// 0.90, and at less some never fall behind).
const FALLS_BACK_MPS: f32 = 1.2;

impl Driver {
    /// `dt`: length of a step, second.
    pub fn of(kind: &VehicleType, dt: f32) -> Self {
        let mut driver = Self {
            model: kind.model,
            accel: kind.accel_mps2,
            decel: kind.decel_mps2,
            emergency: kind.emergency_mps2.max(kind.decel_mps2),
            headway: kind.headway_s,
            min_gap: kind.min_gap_m,
            imperfection: kind.imperfection,
            length: kind.length_m,
            max_speed: kind.max_speed_mps,
            users: kind.users,
            creeps_m: 0.0,
            root: 2.0 * (kind.accel_mps2 * kind.decel_mps2).sqrt(),
        };
        driver.creeps_m = driver.sight(driver.accel * dt, dt);
        driver
    }

    /// How far ahead one looks at a speed to be reached next, metre.
    #[inline]
    pub fn sight(&self, top: f32, dt: f32) -> f32 {
        top * dt + self.brake_gap(top, dt) + top * self.headway.min(dt) + self.min_gap
    }

    /// Whether one who stands behind one who stands stays there; `gap` as for [`Self::follow`].
    #[inline]
    pub fn stays(&self, gap: f32) -> bool {
        match self.model {
            CarFollowing::Idm => gap <= 0.0,
            CarFollowing::Krauss => gap < EPS_M,
        }
    }

    /// Metres needed to stop from a speed, without time to react.
    #[inline]
    pub fn brake_gap(&self, speed: f32, dt: f32) -> f32 {
        self.stopping_m(speed, self.decel, dt)
    }

    /// The same as hard as the brakes can.
    #[inline]
    pub fn emergency_gap(&self, speed: f32, dt: f32) -> f32 {
        self.stopping_m(speed, self.emergency, dt)
    }

    #[inline]
    fn stopping_m(&self, speed: f32, decel: f32, dt: f32) -> f32 {
        match self.model {
            CarFollowing::Idm => 0.5 * speed * speed / decel,
            CarFollowing::Krauss => {
                let less = decel * dt;
                let steps = whole(speed / less);
                dt * (steps * speed - less * steps * (steps + 1.0) * 0.5)
            }
        }
    }

    /// Who is farther than this from the line, metre, stops when the signal turns amber.
    ///
    /// IDM: one second to react, then 3 m/s², for which RiLSA 2010 sets 3 s of amber at 50 km/h (2.7.3; as ITE's 10 ft/s²). Krauss: all
    /// who can stop, as SUMO has it.
    #[inline]
    pub fn amber_m(&self, speed: f32, dt: f32) -> f32 {
        const REACTION_S: f32 = 1.0;
        const DECEL_MPS2: f32 = 3.0;
        match self.model {
            CarFollowing::Idm => speed * REACTION_S + 0.5 * speed * speed / DECEL_MPS2,
            CarFollowing::Krauss => self.brake_gap(speed, dt),
        }
    }

    /// Largest next speed on a free road at a wanted speed.
    #[inline]
    pub fn free(&self, speed: f32, wanted: f32, dt: f32) -> f32 {
        match self.model {
            CarFollowing::Idm => {
                let share = speed / wanted.max(0.1);
                let square = share * share;
                speed + dt * self.accel * (1.0 - square * square)
            }
            CarFollowing::Krauss => (speed + self.accel * dt).min(wanted),
        }
    }

    /// Largest next speed behind a leader; `gap`: bumper to bumper less the gap kept when standing.
    #[inline]
    pub fn follow(&self, speed: f32, wanted: f32, gap: f32, leader: f32, dt: f32) -> f32 {
        match self.model {
            CarFollowing::Idm => self.idm(speed, wanted, gap, leader, dt),
            CarFollowing::Krauss => self.krauss(gap + self.brake_gap(leader, dt), self.headway, dt),
        }
    }

    /// The next speed of one who falls back to open a gap behind another beside it; `gap` as for [`Self::follow`]. The IDM
    /// brakes to a halt beside a gap that is still too short, so there it drives slower than the other by so much at most.
    #[inline]
    pub fn open_gap(&self, speed: f32, wanted: f32, gap: f32, leader: f32, dt: f32) -> f32 {
        let follow = self.follow(speed, wanted, gap, leader, dt);
        match self.model {
            CarFollowing::Idm => follow.max(leader - FALLS_BACK_MPS),
            CarFollowing::Krauss => follow,
        }
    }

    /// Largest speed at which one may appear behind a leader without having to brake harder than is comfortable.
    pub fn entering(&self, wanted: f32, gap: f32, leader: f32, dt: f32) -> f32 {
        /// Halvings: to a thousandth of the wanted speed.
        const HALVINGS: usize = 10;
        match self.model {
            CarFollowing::Idm => {
                let fits = |speed: f32| self.idm(speed, wanted, gap, leader, dt) >= speed - self.decel * dt;
                if fits(wanted) {
                    return wanted;
                }
                let (mut low, mut high) = (0.0, wanted);
                for _ in 0..HALVINGS {
                    let middle = 0.5 * (low + high);
                    if fits(middle) { low = middle } else { high = middle }
                }
                low
            }
            CarFollowing::Krauss => wanted.min(self.follow(wanted, wanted, gap, leader, dt)).max(0.0),
        }
    }

    /// Largest next speed before a point to stop at.
    #[inline]
    pub fn stop(&self, speed: f32, wanted: f32, gap: f32, dt: f32) -> f32 {
        match self.model {
            CarFollowing::Idm => self.idm(speed, wanted, gap, 0.0, dt),
            CarFollowing::Krauss => self.krauss(gap, self.headway, dt),
        }
    }

    /// The same for who sees it coming and needs no time to react.
    #[inline]
    pub fn stop_at_once(&self, speed: f32, wanted: f32, gap: f32, dt: f32) -> f32 {
        match self.model {
            CarFollowing::Idm => self.idm(speed, wanted, gap, 0.0, dt),
            CarFollowing::Krauss => self.krauss(gap, 0.0, dt),
        }
    }

    /// Largest next speed from which `limit` is reached within `distance`.
    #[inline]
    pub fn slow_to(&self, distance: f32, limit: f32, dt: f32) -> f32 {
        match self.model {
            CarFollowing::Idm => (limit * limit + 2.0 * self.decel * distance.max(0.0)).sqrt(),
            CarFollowing::Krauss => {
                let v = limit * dt;
                if distance < v {
                    return limit;
                }
                let b = self.decel * dt * dt;
                let root = ((b + 2.0 * v) * (b + 2.0 * v) + 8.0 * b * distance).sqrt();
                let y = (((root - b) * 0.5 - v) / b).max(0.0);
                let whole = whole(y);
                let exact = (whole * whole + whole) * 0.5 * b + whole * v + if y > whole { v } else { 0.0 };
                (distance - exact).max(0.0) / ((whole + 1.0) * dt) + whole * self.decel * dt + limit
            }
        }
    }

    /// Next speed and metres driven for what was found safe: within what the vehicle can do, less what inattention costs.
    /// `chance`: 0…1.
    #[inline]
    pub fn settle(&self, speed: f32, safe: f32, chance: f32, dt: f32) -> (f32, f32) {
        let least = (speed - self.emergency * dt).max(0.0);
        let most = (speed + self.accel * dt).min(safe).max(least);
        match self.model {
            CarFollowing::Idm => {
                // Within a step that ends standing, the rest is driven at the braking rate to the very stop.
                if safe <= 0.0 && most <= 0.0 {
                    let rate = ((speed - safe) / dt).max(1e-3).min(self.emergency);
                    return (0.0, (0.5 * speed * speed / rate).min(0.5 * speed * dt));
                }
                (most, 0.5 * (speed + most) * dt)
            }
            CarFollowing::Krauss => {
                let lost = self.imperfection * self.accel.min(most) * chance * dt;
                let dawdled = (most - lost).max((speed - self.decel * dt).min(most)).max(0.0);
                (dawdled, dawdled * dt)
            }
        }
    }

    #[inline]
    fn idm(&self, speed: f32, wanted: f32, gap: f32, leader: f32, dt: f32) -> f32 {
        let share = speed / wanted.max(0.1);
        let square = share * share;
        let closing = speed * (speed - leader) / self.root;
        let desired = (speed * self.headway + closing).max(0.0) + self.min_gap;
        let ratio = desired / (gap + self.min_gap).max(EPS_M);
        speed + dt * self.accel * (1.0 - square * square - ratio * ratio)
    }

    /// Largest speed from which one stops within `gap` in whole steps after the headway.
    #[inline]
    fn krauss(&self, gap: f32, headway: f32, dt: f32) -> f32 {
        let g = gap - EPS_M;
        if g < 0.0 {
            return 0.0;
        }
        let b = self.decel * dt;
        let (t, s) = (headway, dt);
        let root = (s * s + 4.0 * (s * (2.0 * g / b - t) + t * t)).max(0.0).sqrt();
        let n = whole((0.5 - (t - 0.5 * root) / s).max(0.0));
        let h = 0.5 * n * (n - 1.0) * b * s + n * b * t;
        n * b + (g - h) / (n * s + t).max(1e-6)
    }
}

/// The whole part of a number from 0 on: without a call, as `floor` is on plain x86-64.
#[inline]
fn whole(x: f32) -> f32 {
    x as i32 as f32
}

/// Seconds to cover a distance from a speed with an acceleration up to a top speed.
pub fn time_to_cover(distance: f32, speed: f32, accel: f32, top: f32) -> f32 {
    if distance <= 0.0 {
        return 0.0;
    }
    let top = top.max(speed).max(0.1);
    let run_up = (top * top - speed * speed) / (2.0 * accel);
    if distance <= run_up {
        return ((speed * speed + 2.0 * accel * distance).sqrt() - speed) / accel;
    }
    (top - speed) / accel + (distance - run_up) / top
}
