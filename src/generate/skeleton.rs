//! The main streets: rings, radials, quays, the old town's cross, bridges and underpasses.
//! Must not know blocks or buildings.

use crate::{
    dice::Dice,
    kinds::{Class, Kind, Span},
    layout::Layout,
    maths::{P, heading, smooth},
    names::Names,
    rail::Rail,
    spans::{Obstacle, spans_along, within_square},
    streets::Streets,
    water::Water,
};

/// What the main streets are laid with and around.
pub struct Skeleton<'a> {
    pub layout: &'a Layout,
    pub water: &'a Water,
    pub rail: &'a Rail,
    pub streets: Streets,
    /// Middle line of the bypass, empty for small towns.
    pub bypass: Vec<P>,
    /// Streets that reach the edge of the map or carry main traffic, with their lines.
    pub radials: Vec<(usize, Vec<P>)>,
    /// The indices of the inner ring's halves, the outer ring and the axis over the old bridge.
    pub inner_ring: Vec<usize>,
    pub outer_ring: Option<usize>,
    pub axis: Option<usize>,
}

/// Lays all main streets but the bypass.
pub fn main_streets<'a>(
    layout: &'a Layout,
    water: &'a Water,
    rail: &'a Rail,
    names: &mut Names,
    dice: &mut Dice,
) -> Skeleton<'a> {
    let bypass = if layout.radius_m > 1_100.0 { bypass_line(layout) } else { Vec::new() };
    let (streets, radials, inner_ring) = (Streets::default(), Vec::new(), Vec::new());
    let mut s = Skeleton { layout, water, rail, streets, bypass, radials, inner_ring, outer_ring: None, axis: None };
    s.inner_ring(dice);
    s.outer_ring(dice);
    s.radials(names, dice);
    s.old_cross();
    s.quays();
    s.station_streets(names);
    s.suburban_rings(names, dice);
    s.trim_stubs();
    s.roundabouts();
    s
}

fn bypass_line(layout: &Layout) -> Vec<P> {
    let points = [
        (-2.3, 0.66),
        (-1.5, 0.93),
        (-0.95, 1.14),
        (-0.35, 1.29),
        (0.25, 1.30),
        (0.80, 1.13),
        (1.18, 0.68),
        (1.30, 0.10),
        (1.27, -0.50),
        (1.33, -1.05),
        (1.42, -1.6),
        (1.5, -2.3),
    ];
    let line: Vec<P> = points.iter().map(|&(u, v)| layout.share(u, v)).collect();
    within_square(&smooth(&line, false, 60.0), layout.half_m)
}

impl Skeleton<'_> {
    /// Lays a street over and under what it meets.
    pub fn lay(&mut self, kind: Kind, line: &[P], under_rail: bool) -> Option<usize> {
        let river = &self.water.river.exterior().0;
        let rail_span = if under_rail { Span::Tunnel } else { Span::Bridge };
        let mut obstacles = vec![
            (Obstacle::Area(river), 6.0, Span::Bridge),
            (Obstacle::Line(&self.water.brook, 5.0), 4.0, Span::Bridge),
            (Obstacle::Line(&self.rail.middle, 7.0), 6.0, rail_span),
        ];
        obstacles.extend(self.rail.station_tracks.iter().map(|t| (Obstacle::Line(t, 5.0), 6.0, rail_span)));
        obstacles.extend(self.rail.sidings.iter().map(|t| (Obstacle::Line(t, 4.0), 6.0, rail_span)));
        obstacles.extend(self.water.basins.iter().map(|b| (Obstacle::Area(&b.exterior().0), 6.0, Span::Bridge)));
        if !self.bypass.is_empty() && kind.class != Class::Trunk {
            obstacles.push((Obstacle::Line(&self.bypass, 15.0), 5.0, Span::Bridge));
        }
        let line = within_square(line, self.layout.half_m);
        if line.len() < 2 {
            return None;
        }
        let (points, spans) = spans_along(&line, &obstacles);
        self.streets.lay(kind, &points, &spans)
    }

    fn inner_ring(&mut self, dice: &mut Dice) {
        let l = self.layout;
        let (old, south) = (l.old_m, l.south_v);
        let bank = |u: f64| l.river_line(u) - l.river_half(u);
        let arc = |from: i32, to: i32, dice: &mut Dice| -> Vec<P> {
            let steps = (to - from).abs() / 22;
            (0..=steps)
                .map(|i| {
                    let turn = f64::from(from) + f64::from(to - from) * f64::from(i) / f64::from(steps);
                    let wobble = if i == 0 { 0.0 } else { dice.range(-0.035, 0.035) };
                    let q = heading(turn) * (old * (1.09 + wobble));
                    l.at(q.x, q.y)
                })
                .collect()
        };
        let crossing = |u: f64| {
            let b = bank(u);
            [l.at(u * 1.01, l.river_line(u)), l.at(u * 1.0, b - 30.0), l.at(u * 0.94, 0.45 * b + 0.55 * south)]
        };
        let bottom = l.at(0.0, south - 10.0);
        for (turn, side) in [(0, 1.0), (180, -1.0)] {
            let mut points = arc(90, turn, dice);
            points.extend(crossing(side * old * 1.09));
            points.extend([l.at(side * 0.72 * old, south + 4.0), bottom]);
            let mut kind = match side > 0.0 {
                true => Kind::new(Class::Primary, 17.0, 4, 50),
                false => Kind::new(Class::Secondary, 14.5, 2, 50),
            };
            if l.radius_m < 900.0 {
                kind.half_m = 9.0;
                kind.lanes = 2;
            }
            kind.name = if side > 0.0 { "Ostwall".into() } else { "Westwall".into() };
            kind.avenue = true;
            let line = smooth(&points, false, 22.0);
            let half = self.lay(kind, &line, true);
            self.inner_ring.extend(half);
        }
    }

    fn outer_ring(&mut self, dice: &mut Dice) {
        let l = self.layout;
        if l.radius_m < 1_100.0 {
            return;
        }
        let r = l.radius_m;
        let mut points: Vec<P> = (0..7)
            .map(|i| {
                let q = heading(14.0 + 25.0 * f64::from(i)) * (dice.range(0.615, 0.675) * r);
                l.at(q.x, q.y)
            })
            .collect();
        let bridge = |x: f64| {
            let (u, v) = (x * r, l.river_line(x * r));
            [l.at(u, v + 0.09 * r), l.at(u, v - 0.09 * r)]
        };
        points.extend(bridge(-0.63));
        let low = l.rail_v.min(-0.5 * r);
        points.extend([l.at(-0.60 * r, low * 0.92), l.at(-0.46 * r, low - 0.18 * r), l.at(-0.12 * r, low - 0.27 * r)]);
        points.extend([l.at(0.22 * r, low - 0.26 * r), l.at(0.48 * r, low - 0.15 * r), l.at(0.585 * r, low * 0.86)]);
        let mut east = bridge(0.595);
        east.reverse();
        points.extend(east);
        let mut kind = Kind::new(Class::Secondary, 11.5, 2, 50);
        kind.name = "Stadtring".into();
        kind.avenue = true;
        let line = smooth(&points, true, 30.0);
        self.outer_ring = self.lay(kind, &line, true);
    }

    /// The old town's two main streets that cross at the market; one goes on over the old bridge.
    fn old_cross(&mut self) {
        let l = self.layout;
        let o = l.old_m;
        let river = l.river_line(0.0);
        let axis = [
            (0.0, 1.09 * o),
            (0.04 * o, 0.6 * o),
            (-0.03 * o, 0.14 * o),
            (0.05 * o, -0.35 * o),
            (0.03 * o, river + l.river_half(0.0) + 20.0),
            (0.03 * o, river - l.river_half(0.0) - 20.0),
            (0.0, l.south_v - 10.0),
            (0.0, l.rail_v + 46.0),
        ];
        let mut kind = Kind::new(Class::Tertiary, 6.8, 2, 30);
        kind.name = "Brückstraße".into();
        kind.tram = l.radius_m > 1_100.0;
        self.axis = self.lay(kind, &smooth(&axis.map(|(u, v)| l.at(u, v)), false, 24.0), true);
        let street =
            [(-1.09 * o, 0.04 * o), (-0.6 * o, 0.13 * o), (-0.03 * o, 0.14 * o), (0.5 * o, 0.02 * o), (1.09 * o, 0.0)];
        let mut kind = Kind::new(Class::Pedestrian, 5.6, 1, 10);
        kind.name = "Langgasse".into();
        self.lay(kind, &smooth(&street.map(|(u, v)| l.at(u, v)), false, 24.0), true);
    }

    fn quays(&mut self) {
        let l = self.layout;
        let end = if l.radius_m < 1_100.0 { 1.35 * l.old_m } else { 0.62 * l.radius_m };
        let inner = 1.09 * l.old_m;
        let bank = |from: f64, to: f64, side: f64| -> Vec<P> {
            let steps = ((to - from) / 35.0).ceil().max(2.0) as usize;
            (0..=steps)
                .map(|i| {
                    let u = from + (to - from) * i as f64 / steps as f64;
                    l.at(u, l.river_line(u) + side * (l.river_half(u) + 19.0))
                })
                .collect()
        };
        let pieces = [
            (bank(-end, -inner, 1.0), Class::Tertiary, "Weidenufer"),
            (bank(-inner, inner, 1.0), Class::Tertiary, "Schifflände"),
            (bank(inner, end, 1.0), Class::Tertiary, "Fischerkai"),
            (bank(-end, 0.0, -1.0), Class::Residential, "Gerberufer"),
            (bank(0.0, end, -1.0), Class::Tertiary, "Speicherkai"),
        ];
        for (line, class, name) in pieces {
            let mut kind = match class {
                Class::Tertiary => Kind::new(class, 8.5, 2, 30),
                _ => Kind::new(class, 7.0, 2, 30),
            };
            kind.name = name.into();
            kind.avenue = true;
            self.lay(kind, &line, true);
        }
    }

    fn station_streets(&mut self, names: &mut Names) {
        let l = self.layout;
        let r = l.radius_m;
        let front = [(-0.40 * r, l.rail_v + 52.0), (0.0, l.rail_v + 46.0), (0.44 * r, l.rail_v + 52.0)];
        let back = [(-0.40 * r, l.rail_v - 34.0), (0.0, l.rail_v - 32.0), (0.5 * r, l.rail_v - 40.0)];
        for (points, name) in [(front, "Bahnhofstraße".to_owned()), (back, names.street())] {
            let mut kind = Kind::new(Class::Tertiary, 8.5, 2, 50);
            kind.name = name;
            let line = smooth(&points.map(|(u, v)| l.at(u, v)), false, 30.0);
            self.lay(kind, &line, true);
        }
    }

    /// Streets about the town between its radials, beyond the outer ring, and the port's own street.
    fn suburban_rings(&mut self, names: &mut Names, dice: &mut Dice) {
        let l = self.layout;
        let r = l.radius_m;
        if r < 1_100.0 {
            return;
        }
        // A ring about every 650 m: then no home is further than a tram stop's reach from one.
        let count = ((0.94 * r - 0.64 * r) / 650.0).floor().max(1.0) as usize;
        for k in 0..count {
            let share = 0.64 + 0.31 * (k as f64 + 0.64) / count as f64;
            for (from, to) in [(2, 178), (201, 324)] {
                let steps = (to - from) / 13;
                let north = from < 180;
                let mut points: Vec<P> = (0..=steps)
                    .map(|i| {
                        let turn = f64::from(from) + f64::from((to - from) * i) / f64::from(steps);
                        let q = heading(turn) * (share * r * dice.range(0.965, 1.035));
                        l.at(q.x, q.y)
                    })
                    .collect();
                points.retain(|&q| {
                    let uv = l.uv(q);
                    l.is_dry(q, 60.0) && (uv.y > l.river_line(uv.x)) == north
                });
                if points.len() < 3 {
                    continue;
                }
                let mut kind = Kind::new(Class::Tertiary, 8.5, 2, 50);
                kind.name = names.street();
                let line = self.reaching(smooth(&points, false, 30.0));
                self.lay(kind, &line, true);
            }
        }
        let port = [(0.595 * r, 78.0), (0.72 * r, 72.0), (0.98 * r, 74.0)].map(|(u, dv)| l.at(u, l.rail_v + dv));
        let mut kind = Kind::new(Class::Tertiary, 8.5, 2, 50);
        kind.name = "Hafenrandstraße".into();
        self.lay(kind, &smooth(&port, false, 30.0), true);
    }
}
