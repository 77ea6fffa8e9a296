//! Where vehicles are drawn: along the lanes, through junctions on smooth curves, between two steps.

use citytwin_model::LinkId;
use rayon::prelude::*;

use super::Simulation;
use crate::network::{NONE, Network, SignalColour};

/// A vehicle to draw: its middle on the ground.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
#[repr(C)]
pub struct Pose {
    pub id: u32,
    pub x: f32,
    pub y: f32,
    /// 0: who draws bridges knows their heights.
    pub z: f32,
    /// Radian from +x (east), counter-clockwise.
    pub heading_rad: f32,
    pub speed_mps: f32,
    pub length_m: f32,
    /// 0 car, 1 van, 2 lorry, 3 bus.
    pub kind: u8,
    pub spare: [u8; 3],
}

/// A signal as seen from its approach.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SignalHead {
    pub link: LinkId,
    pub x: f32,
    pub y: f32,
    /// Driving direction of those it is for, radian from +x.
    pub heading_rad: f32,
    pub colour: SignalColour,
}

/// Share of a curve's chord that its ends run straight (a cubic Bézier curve near a circular arc).
const STRAIGHT_SHARE: f32 = 0.4;

impl Simulation {
    /// Poses of all vehicles on the road, `alpha` (0…1) of the way from the step before to the last one.
    pub fn poses(&self, alpha: f32, out: &mut Vec<Pose>) {
        let alpha = if alpha.is_finite() { alpha.clamp(0.0, 1.0) } else { 1.0 };
        let active = &self.fleet.active;
        active.par_iter().with_min_len(512).map(|s| self.pose(*s as usize, alpha)).collect_into_vec(out);
    }

    fn pose(&self, s: usize, alpha: f32) -> Pose {
        let f = &self.fleet;
        let was = f.was[s];
        // Speed changes evenly within a step: the way is a parabola of time, scaled to what was driven.
        let mean = 0.5 * (was.speed + f.speed[s]);
        let share =
            if mean > 0.01 { alpha * (was.speed + 0.5 * (f.speed[s] - was.speed) * alpha) / mean } else { alpha };
        let lateral =
            if was.leg == f.leg[s] { was.lateral + (f.lateral[s] - was.lateral) * alpha } else { f.lateral[s] };
        let middle = was.moved * share - 0.5 * f.length(s);
        let (leg, pos) = self.along(s, was.leg as usize, was.pos + middle);
        let (x, y, heading_rad) = self.place(s, leg, pos, lateral);
        Pose {
            id: f.id[s],
            x,
            y,
            z: 0.0,
            heading_rad,
            speed_mps: was.speed + (f.speed[s] - was.speed) * alpha,
            length_m: f.length(s),
            kind: f.kind[s],
            spare: [0; 3],
        }
    }

    /// The leg and place of a point given relative to one leg's start.
    fn along(&self, s: usize, mut leg: usize, mut pos: f32) -> (usize, f32) {
        let route = &self.fleet.route[s];
        let length = |leg: usize| self.network.links[route[leg] as usize].length;
        while pos < 0.0 && leg > 0 {
            leg -= 1;
            pos += length(leg);
        }
        while pos > length(leg) && leg + 1 < route.len() {
            pos -= length(leg);
            leg += 1;
        }
        (leg, pos.max(0.0))
    }

    fn place(&self, s: usize, leg: usize, pos: f32, lateral: f32) -> (f32, f32, f32) {
        let (f, n) = (&self.fleet, &*self.network);
        let link = f.route[s][leg];
        let row = &n.links[link as usize];
        if pos > row.stop && leg + 1 < f.route[s].len() {
            return self.curve(s, leg, pos - row.stop, lateral);
        }
        if pos < row.entry && leg > 0 {
            let before = &n.links[f.route[s][leg - 1] as usize];
            return self.curve(s, leg - 1, before.length - before.stop + pos, lateral);
        }
        let spot = n.shapes.at(link, pos, self.lateral_on(s, leg, lateral));
        (spot.x, spot.y, spot.heading())
    }

    /// Metres right of the centre line on a leg.
    fn lateral_on(&self, s: usize, leg: usize, lateral: f32) -> f32 {
        let (f, n) = (&self.fleet, &*self.network);
        let now = f.leg[s] as usize;
        if leg == now {
            lateral
        } else if leg + 1 == now {
            f.lateral_before[s]
        } else {
            let link = f.route[s][leg];
            let lane = if leg == now + 1 { f.next_lane[s] } else { 0 };
            n.shapes.lane_offset(link, lane.min(n.links[link as usize].lanes - 1))
        }
    }

    /// `driven` metres behind the stop line of a leg, on the curve that leads onto the next.
    fn curve(&self, s: usize, leg: usize, driven: f32, lateral: f32) -> (f32, f32, f32) {
        let (f, n) = (&self.fleet, &*self.network);
        let (from, to) = (f.route[s][leg], f.route[s][leg + 1]);
        let (row, next) = (&n.links[from as usize], &n.links[to as usize]);
        let whole = row.length - row.stop + next.entry;
        let t = if whole > 0.01 { (driven / whole).clamp(0.0, 1.0) } else { 1.0 };
        let a = n.shapes.at(from, row.stop, self.lateral_on(s, leg, lateral));
        let d = n.shapes.at(to, next.entry, self.lateral_on(s, leg + 1, lateral));
        let arm = STRAIGHT_SHARE * (d.x - a.x).hypot(d.y - a.y).max(1.0);
        let (bx, by) = (a.x + arm * a.dx, a.y + arm * a.dy);
        let (cx, cy) = (d.x - arm * d.dx, d.y - arm * d.dy);
        let u = 1.0 - t;
        let mix =
            |a: f32, b: f32, c: f32, d: f32| u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d;
        let slope = |a: f32, b: f32, c: f32, d: f32| u * u * (b - a) + 2.0 * u * t * (c - b) + t * t * (d - c);
        let heading = slope(a.y, by, cy, d.y).atan2(slope(a.x, bx, cx, d.x));
        (mix(a.x, bx, cx, d.x), mix(a.y, by, cy, d.y), heading)
    }

    /// All signals: one per signalled link, at the kerb of its stop line.
    pub fn signals(&self) -> &[SignalHead] {
        &self.signals
    }

    pub(super) fn place_signals(network: &Network) -> Vec<SignalHead> {
        let heads = network.links.iter().enumerate().filter(|(_, row)| row.usable && row.signal != NONE);
        heads
            .map(|(l, row)| {
                let l = l as u32;
                let kerb = if network.right_hand { 0.7 } else { -0.7 } * network.shapes.lane_width(l);
                let spot = network.shapes.at(l, row.stop, network.shapes.lane_offset(l, 0) + kerb);
                let colour = SignalColour::Red;
                SignalHead { link: LinkId(l), x: spot.x, y: spot.y, heading_rad: spot.heading(), colour }
            })
            .collect()
    }
}
