//! Where vehicles are drawn: along the lanes, through junctions on smooth curves, between two steps.

use citytwin_model::LinkId;
use rayon::prelude::*;

use super::{
    Simulation, VehicleKind,
    fleet::{Placed, Trip},
};
use crate::{
    lane_graph::curve,
    network::{NONE, Network, SignalColour, Spot},
};

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

const DT: f32 = Simulation::STEP_S as f32;
/// Farther than it drives in a step, a vehicle was set down elsewhere, metre.
const SET_DOWN_M: f32 = 6.0;

impl Simulation {
    /// Poses of all vehicles on the road, `alpha` (0…1) of the way from the step before to the last one.
    pub fn poses(&self, alpha: f32, out: &mut Vec<Pose>) {
        let alpha = if alpha.is_finite() { alpha.clamp(0.0, 1.0) } else { 1.0 };
        let active = &self.fleet.active;
        active.par_iter().with_min_len(512).map(|v| self.pose(*v as usize, alpha)).collect_into_vec(out);
    }

    fn pose(&self, v: usize, alpha: f32) -> Pose {
        let trip = &self.fleet.trips[v];
        let length_m = VehicleKind::of(trip.kind).length_m();
        let (was, now) = (self.stance(&trip.was, length_m), self.stance(&trip.now, length_m));
        let driven = 0.5 * (trip.was.speed + trip.now.speed) * DT;
        let apart = (now.x - was.x).hypot(now.y - was.y);
        // Who was set elsewhere does not fly there.
        let at = if apart > driven + SET_DOWN_M { now } else { between(&was, &now, alpha, trip) };
        Pose {
            id: trip.id,
            x: at.x,
            y: at.y,
            z: 0.0,
            heading_rad: at.dy.atan2(at.dx),
            speed_mps: trip.was.speed + (trip.now.speed - trip.was.speed) * alpha,
            length_m,
            kind: trip.kind,
            spare: [0; 3],
        }
    }

    /// The middle of a vehicle, and its direction from its rear to its front: both ends lie on its way.
    fn stance(&self, at: &Placed, length_m: f32) -> Spot {
        let front = self.point(at.track, at.pos, at.aside[0], at.came);
        let rear = self.point(at.track, at.pos - length_m, at.aside[1], at.came);
        let (dx, dy) = (front.x - rear.x, front.y - rear.y);
        let norm = dx.hypot(dy);
        let (dx, dy) = if norm > 0.1 * length_m { (dx / norm, dy / norm) } else { (front.dx, front.dy) };
        Spot { x: 0.5 * (front.x + rear.x), y: 0.5 * (front.y + rear.y), dx, dy }
    }

    /// A place along a track or, before its start, on the way by which the vehicle came.
    fn point(&self, track: u32, pos: f32, aside: f32, came: u32) -> Spot {
        let (g, n) = (&*self.graph, &*self.network);
        let lanes = g.lanes.len() as u32;
        let beside = |lane: u32| {
            let row = &g.lanes[lane as usize];
            let step = n.shapes.lane_offset(row.link, 1) - n.shapes.lane_offset(row.link, 0);
            n.shapes.lane_offset(row.link, row.index) + step * aside
        };
        let on_lane = |lane: u32, pos: f32| {
            let link = g.lanes[lane as usize].link;
            n.shapes.at(link, n.links[link as usize].entry + pos, beside(lane))
        };
        if track < lanes {
            if pos >= 0.0 {
                return on_lane(track, pos);
            }
            if came == NONE {
                let start = on_lane(track, 0.0);
                return Spot { x: start.x + pos * start.dx, y: start.y + pos * start.dy, ..start };
            }
            return self.point(lanes + came, g.moves[came as usize].length_m + pos, aside, NONE);
        }
        let m = &g.moves[(track - lanes) as usize];
        if pos < 0.0 {
            return on_lane(m.from, g.lanes[m.from as usize].length_m + pos);
        }
        let a = on_lane(m.from, g.lanes[m.from as usize].length_m);
        curve(&a, &on_lane(m.to, 0.0), if m.length_m > 0.01 { (pos / m.length_m).min(1.0) } else { 1.0 })
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

/// A share of the way from one stance to the next: the cubic that has both speeds (Hermite).
fn between(was: &Spot, now: &Spot, t: f32, trip: &Trip) -> Spot {
    let (t2, t3) = (t * t, t * t * t);
    let (h00, h10, h01, h11) = (2.0 * t3 - 3.0 * t2 + 1.0, t3 - 2.0 * t2 + t, 3.0 * t2 - 2.0 * t3, t3 - t2);
    let (m0, m1) = (trip.was.speed * DT, trip.now.speed * DT);
    let mix = |a: f32, da: f32, b: f32, db: f32| h00 * a + h10 * m0 * da + h01 * b + h11 * m1 * db;
    let turn = |a: f32, b: f32| a + (b - a) * t;
    Spot {
        x: mix(was.x, was.dx, now.x, now.dx),
        y: mix(was.y, was.dy, now.y, now.dy),
        dx: turn(was.dx, now.dx),
        dy: turn(was.dy, now.dy),
    }
}
