//! The idea of the town before any street: its size, which way it faces, where the river, the centre and
//! each quarter lie. Everything else asks this page. Must not know streets or buildings.

use crate::{
    dice::Dice,
    maths::{P, dot, heading, left, length, p, sin_cos, turn_order, unit},
};

/// Population that the proportions below were drawn for.
const DESIGN_POPULATION: f64 = 40_000.0;
/// Radius of the built-up area at that population, metre: 4,000 inhabitants per km² of it, as in German
/// middle towns.
const DESIGN_RADIUS_M: f64 = 1_900.0;

/// A quarter's character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Zone {
    OldTown,
    /// Perimeter blocks of around 1900.
    Gruenderzeit,
    /// Straight streets and larger blocks.
    Grid,
    Business,
    /// Rows of the 1950s, at an angle to the street.
    Rows,
    Villas,
    Suburb,
    /// Slabs and towers of the 1970s.
    Estate,
    Industry,
    Harbour,
    Retail,
}

/// Size and orientation of one town. Drawn in `(u, v)`: u downstream, v across the river towards the old
/// town, origin in its middle; turned and perhaps mirrored into the world.
pub struct Layout {
    /// Radius of the built-up area, metre.
    pub radius_m: f64,
    /// Half side of the map's square, metre.
    pub half_m: f64,
    pub old_m: f64,
    pub river_m: f64,
    /// v of the river's middle line at u = 0.
    pub river_v: f64,
    /// v of the southern side of the inner ring.
    pub south_v: f64,
    /// v of the railway beside the station.
    pub rail_v: f64,
    east: P,
    north: P,
    meander: [f64; 4],
    edge: [f64; 6],
}

impl Layout {
    pub fn new(seed: u64, population: u32, stretch: f64) -> Self {
        let mut dice = Dice::new(seed, "layout");
        let share = f64::from(population) / DESIGN_POPULATION;
        let radius_m = DESIGN_RADIUS_M * share.sqrt() * stretch;
        let root = share.sqrt().sqrt();
        let old_m = (350.0 * root).min(560.0).max(0.12 * radius_m);
        let river_m = (84.0 * root).clamp(26.0, 120.0);
        let river_v = -0.72 * old_m - 0.5 * river_m - 24.0;
        let south_v = river_v - 0.5 * river_m - (0.17 * radius_m).clamp(80.0, 420.0);
        let rail_v = south_v - (0.16 * radius_m).clamp(90.0, 340.0);
        let angle = dice.range(-14.0, 14.0);
        let east = heading(angle) * if dice.chance(0.5) { 1.0 } else { -1.0 };
        let north = if dice.chance(0.5) { left(east) } else { left(east) * -1.0 };
        let meander = std::array::from_fn(|_| dice.range(0.0, std::f64::consts::TAU));
        let edge = std::array::from_fn(|_| dice.range(0.0, std::f64::consts::TAU));
        let half_m = (1.5 * radius_m).max(radius_m + 350.0);
        Self { radius_m, half_m, old_m, river_m, river_v, south_v, rail_v, east, north, meander, edge }
    }

    /// The world place of a place in the town's frame.
    pub fn at(&self, u: f64, v: f64) -> P {
        self.east * u + self.north * v
    }

    /// A place given in shares of the town's radius.
    pub fn share(&self, u: f64, v: f64) -> P {
        self.at(u * self.radius_m, v * self.radius_m)
    }

    /// The town's frame at a world place.
    pub fn uv(&self, at: P) -> P {
        p(dot(at, self.east), dot(at, self.north))
    }

    /// v of the river's middle line at u, metre: calm at the old town, winding away from it.
    pub fn river_line(&self, u: f64) -> f64 {
        let x = u / self.radius_m;
        let calm = x * x / (x * x + 0.12);
        let wave = |k: usize, per: f64| sin_cos(x * per + self.meander[k]).0 - sin_cos(self.meander[k]).0;
        self.river_v + calm * self.radius_m * (0.13 * wave(0, 2.9) + 0.05 * wave(1, 6.1))
    }

    /// Half the river's width at u, metre; wider downstream, and about the island.
    pub fn river_half(&self, u: f64) -> f64 {
        let x = u / self.radius_m;
        let ripple = 0.07 * sin_cos(x * 9.0 + self.meander[2]).0 + 0.05 * sin_cos(x * 21.0 + self.meander[3]).0;
        let island = self.island_bulge(u);
        0.5 * self.river_m * (1.0 + 0.12 * x + ripple) + island
    }

    /// How much wider the river is for the island, per side, metre.
    pub fn island_bulge(&self, u: f64) -> f64 {
        let x = (u / self.radius_m + 0.42) / 0.15;
        let room = 1.0 - x * x;
        if room > 0.0 { room * 0.55 * self.river_m } else { 0.0 }
    }

    /// The radius of the built-up area in a direction from the centre, metre.
    pub fn edge_m(&self, direction: P) -> f64 {
        let turn = turn_order(unit(direction)) * std::f64::consts::FRAC_PI_2;
        let mut r = 1.0;
        for (k, phase) in self.edge.iter().enumerate() {
            let n = (k + 2) as f64;
            r += 0.15 / n * sin_cos(n * turn + phase).0;
        }
        r.min(1.13) * self.radius_m
    }

    /// Whether a place lies at least `margin_m` off the river.
    pub fn is_dry(&self, at: P, margin_m: f64) -> bool {
        let q = self.uv(at);
        (q.y - self.river_line(q.x)).abs() > self.river_half(q.x) + margin_m
    }

    /// The quarter at a world place.
    pub fn zone(&self, at: P) -> Zone {
        let q = self.uv(at);
        let s = q / self.radius_m;
        let r = length(s);
        let bank = self.river_line(q.x);
        let south = q.y < bank;
        let old = self.old_m / self.radius_m;
        if !south && length(p(q.x, q.y * 1.02)) < self.old_m * 1.02 {
            return Zone::OldTown;
        }
        if south && q.y > self.rail_v && s.x > 0.50 {
            return Zone::Harbour;
        }
        if south && s.x > 0.42 && q.y < self.rail_v && s.y > -0.95 {
            return Zone::Industry;
        }
        if south && q.y > self.rail_v && s.x.abs() < 0.17 && q.y < self.south_v + 60.0 {
            return Zone::Business;
        }
        if south {
            return self.southern_zone(q, s);
        }
        let turn = turn_order(s);
        match r {
            _ if s.x > 0.74 && s.y < 0.34 => Zone::Retail,
            _ if r < (old * 1.62).min(0.5) && turn > 0.72 => Zone::Gruenderzeit,
            _ if (0.16..0.72).contains(&turn) && r < 0.56 => Zone::Grid,
            _ if (1.30..1.80).contains(&turn) && r < 0.80 => Zone::Villas,
            _ if r < 0.54 => Zone::Rows,
            _ => Zone::Suburb,
        }
    }

    fn southern_zone(&self, q: P, s: P) -> Zone {
        if q.y > self.rail_v {
            return if s.x.abs() < 0.33 { Zone::Gruenderzeit } else { Zone::Rows };
        }
        match s {
            _ if s.x < -0.24 && s.x > -0.74 && s.y > -0.90 => Zone::Estate,
            _ if s.x.abs() < 0.20 && q.y > self.rail_v - 0.14 * self.radius_m => Zone::Gruenderzeit,
            _ if s.x > -0.30 && s.x < 0.45 && s.y > -0.78 => Zone::Rows,
            _ => Zone::Suburb,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_town_has_its_order_from_north_to_south() {
        for seed in 0..20 {
            for population in [500, 2_000, 40_000, 500_000, 700_000] {
                let l = Layout::new(seed, population, 1.0);
                let south_bank = l.river_line(0.0) - l.river_half(0.0);
                assert!(l.south_v < south_bank && l.rail_v < l.south_v, "{seed} {population}");
                assert_eq!(l.zone(l.at(0.0, 0.0)), Zone::OldTown);
                let back = l.uv(l.at(12.0, -7.0));
                assert!((back.x - 12.0).abs() < 1e-9 && (back.y + 7.0).abs() < 1e-9);
            }
        }
    }
}
