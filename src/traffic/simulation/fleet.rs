//! Who is on the road: what the account, the inspector and the eye need of each vehicle besides its motion.

use citytwin_model::LinkId;
use xxhash_rust::xxh3::Xxh3;

use super::{Simulation, drive::Drive, kinds::VehicleKind};
use crate::{
    lane_graph::NONE,
    micro::{Hold, MicroView},
};

/// All vehicles by the number that the view gives them; a number is given again once its vehicle has left.
#[derive(Default)]
pub struct Fleet {
    pub trips: Vec<Trip>,
    /// Those on the road now, lane by lane, then junction by junction, front first.
    pub active: Vec<u32>,
}

/// One vehicle's trip.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trip {
    pub id: u32,
    pub kind: u8,
    /// Wanted speed over the limit.
    pub factor: f32,
    /// Link where it started.
    pub from: u32,
    /// Where it starts and ends, metre along its first and last link.
    pub from_pos: f32,
    pub to_pos: f32,
    pub departed_s: f64,
    /// When it left the link before, second; NaN on its first.
    pub left_s: f64,
    /// That link; metres driven to its end, and seconds at free speed.
    pub last: u32,
    pub driven_m: f64,
    pub free_s: f64,
    /// Where it is, and where it was a step ago.
    pub now: Placed,
    pub was: Placed,
    /// Step of [`Self::now`].
    pub seen: u64,
}

/// Where a vehicle is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Placed {
    /// Lane, or lanes + move.
    pub track: u32,
    pub came: u32,
    /// Front bumper, metre along the track.
    pub pos: f32,
    pub speed: f32,
    /// Lanes to the side that it is from the middle of its lane, kerb negative, at the front and at the rear.
    pub aside: [f32; 2],
    pub hold: Hold,
}

/// A vehicle as tests and inspectors see it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct VehicleView {
    pub id: u32,
    pub kind: VehicleKind,
    pub link: LinkId,
    pub lane: u8,
    /// Front bumper, metre along the link.
    pub pos_m: f32,
    pub speed_mps: f32,
    pub length_m: f32,
    /// The vehicle ahead in the same lane or on the same way through a junction.
    pub ahead: Option<u32>,
    /// Inside a junction, not on a lane.
    pub inside: bool,
}

/// Time of a lane change, second (Toledo and Zohar, Transportation Research Record 1999 (2007) 71: 1 to 13 s, mean 4.6 s on motorways;
/// towns are quicker).
const CHANGE_S: f32 = 3.0;

impl Fleet {
    /// A new vehicle takes its number.
    pub fn put(&mut self, vehicle: u32, trip: Trip) {
        let v = vehicle as usize;
        if self.trips.len() <= v {
            self.trips.resize(v + 1, Trip::default());
        }
        self.trips[v] = trip;
    }

    pub fn digest(&self, hash: &mut Xxh3) {
        self.active.iter().for_each(|v| hash.update(&self.trips[*v as usize].id.to_le_bytes()));
    }

    /// The number of a vehicle on the road.
    pub fn number_of(&self, id: u32) -> Option<u32> {
        self.active.iter().copied().find(|v| self.trips[*v as usize].id == id)
    }
}

impl Placed {
    fn of(view: &MicroView, lanes: u32) -> Self {
        let aside = |behind_m: f32| {
            let since = view.settled_s - behind_m / view.speed_mps.max(2.0);
            let t = (since / CHANGE_S).clamp(0.0, 1.0);
            f32::from(view.side) * (1.0 - t * t * (3.0 - 2.0 * t))
        };
        Self {
            track: view.on.unwrap_or_else(|way| lanes + way),
            came: view.came,
            pos: view.pos_m,
            speed: view.speed_mps,
            aside: [aside(0.0), aside(view.length_m)],
            hold: view.hold,
        }
    }
}

impl Simulation {
    /// Lists who is on the road, and where.
    pub(super) fn see(&mut self) {
        let Drive::Micro(micro) = &self.drive else { return self.see_queues() };
        let lanes = self.graph.lanes.len() as u32;
        let Fleet { trips, active } = &mut self.fleet;
        active.clear();
        for view in micro.vehicles() {
            let trip = &mut trips[view.vehicle as usize];
            let now = Placed::of(&view, lanes);
            trip.was = if trip.seen + 1 == self.steps && trip.seen > 0 { trip.now } else { now };
            (trip.now, trip.seen) = (now, self.steps);
            active.push(view.vehicle);
        }
    }

    /// Link, lane, and metres along the link of a place.
    pub(super) fn on_link(&self, at: &Placed) -> (u32, u8, f32) {
        let (g, n) = (&*self.graph, &*self.network);
        let Some(way) = at.track.checked_sub(g.lanes.len() as u32) else {
            let lane = &g.lanes[at.track as usize];
            return (lane.link, lane.index, n.links[lane.link as usize].entry + at.pos);
        };
        let m = &g.moves[way as usize];
        let row = &n.links[m.from_link as usize];
        let rest = row.length - row.stop;
        if at.pos < rest {
            (m.from_link, g.lanes[m.from as usize].index, row.stop + at.pos)
        } else {
            let entry = n.links[m.to_link as usize].entry;
            (m.to_link, g.lanes[m.to as usize].index, (entry - m.length_m + at.pos).max(0.0))
        }
    }

    /// Every vehicle on the road, in a fixed order.
    pub fn vehicles(&self) -> impl Iterator<Item = VehicleView> + '_ {
        let mut before = (NONE, 0);
        self.fleet.active.iter().map(move |v| {
            let trip = &self.fleet.trips[*v as usize];
            let (link, lane, pos_m) = self.on_link(&trip.now);
            let ahead = (before.0 == trip.now.track).then_some(before.1);
            before = (trip.now.track, trip.id);
            let kind = VehicleKind::of(trip.kind);
            VehicleView {
                id: trip.id,
                kind,
                link: LinkId(link),
                lane,
                pos_m,
                speed_mps: trip.now.speed,
                length_m: kind.length_m(),
                ahead,
                inside: trip.now.track as usize >= self.graph.lanes.len(),
            }
        })
    }
}
