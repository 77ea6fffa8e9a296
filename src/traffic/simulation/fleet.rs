//! The vehicles on the road as a structure of arrays, and the order of vehicles in each lane.

use citytwin_model::LinkId;
use xxhash_rust::xxh3::Xxh3;

use super::kinds::{Driver, VehicleKind};
use crate::network::NONE;

/// All vehicles; a slot is reused once its vehicle has left.
#[derive(Default)]
pub struct Fleet {
    /// Slots in use, in a fixed order.
    pub active: Vec<u32>,
    free: Vec<u32>,
    /// First and last vehicle of every lane.
    pub head: Vec<u32>,
    pub tail: Vec<u32>,
    pub ahead: Vec<u32>,
    pub behind: Vec<u32>,
    pub id: Vec<u32>,
    pub kind: Vec<u8>,
    pub link: Vec<u32>,
    pub lane: Vec<u8>,
    /// Front bumper, metre along the link.
    pub pos: Vec<f32>,
    pub speed: Vec<f32>,
    /// Desired speed relative to the link's.
    pub factor: Vec<f32>,
    /// Links of the whole trip, and which of them is being driven.
    pub route: Vec<Box<[u32]>>,
    pub leg: Vec<u32>,
    /// Turn at the end of this link; [`NONE`] on the last.
    pub turn: Vec<u32>,
    /// Lanes from which that turn is made, and those of the turn after it.
    pub lanes: Vec<(u8, u8)>,
    pub next_lanes: Vec<(u8, u8)>,
    /// Lane that will be taken on the next link.
    pub next_lane: Vec<u8>,
    /// What decisions need of the link, kept beside the vehicle: reading the network's tables costs more than all the
    /// arithmetic.
    pub here: Vec<Here>,
    /// Speed of the turn just made and of the one ahead.
    pub past_turn_mps: Vec<f32>,
    pub turn_mps: Vec<f32>,
    pub from_pos: Vec<f32>,
    pub to_pos: Vec<f32>,
    /// Had to stop at the end of its link at the last step.
    pub held: Vec<bool>,
    /// Time it has stood, second.
    pub stood_s: Vec<f32>,
    pub since_change_s: Vec<f32>,
    pub entered_s: Vec<f64>,
    pub departed_s: Vec<f64>,
    /// Free-flow time and length of what has been driven.
    pub free_s: Vec<f32>,
    pub driven_m: Vec<f32>,
    /// Sideways place for the eye: metres right of the centre line, here and on the link before.
    pub lateral: Vec<f32>,
    pub lateral_before: Vec<f32>,
    pub was: Vec<Was>,
}

/// A vehicle's own link.
#[derive(Clone, Copy, Default, Debug)]
pub struct Here {
    /// Desired speed on it, metre per second.
    pub desired: f32,
    /// End of the curve at its start, stop line, end; metre.
    pub entry: f32,
    pub stop: f32,
    pub length: f32,
    pub lane0: u32,
    pub lanes: u8,
}

/// Where a vehicle was at the step before.
#[derive(Clone, Copy, Default, Debug)]
pub struct Was {
    pub leg: u32,
    pub pos: f32,
    pub speed: f32,
    pub lateral: f32,
    /// Metres driven in the step.
    pub moved: f32,
}

/// What is needed to put a vehicle on the road.
pub struct Entrant {
    pub id: u32,
    pub kind: u8,
    pub lane: u8,
    pub pos: f32,
    pub speed: f32,
    pub factor: f32,
    pub route: Box<[u32]>,
    pub to_pos: f32,
    pub departed_s: f64,
    pub now_s: f64,
    pub lateral: f32,
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
    /// The vehicle ahead in the same lane.
    pub ahead: Option<u32>,
}

impl Fleet {
    pub fn new(lanes: usize) -> Self {
        Self { head: vec![NONE; lanes], tail: vec![NONE; lanes], ..Self::default() }
    }

    pub fn driver(&self, s: usize) -> &'static Driver {
        VehicleKind::of(self.kind[s]).driver()
    }

    pub fn length(&self, s: usize) -> f32 {
        self.driver(s).length_m
    }

    /// Rear bumper, metre along the link (negative while it sticks out of it).
    pub fn rear(&self, s: usize) -> f32 {
        self.pos[s] - self.length(s)
    }

    /// The link after this one on the route.
    pub fn next_link(&self, s: usize) -> Option<u32> {
        self.route[s].get(self.leg[s] as usize + 1).copied()
    }

    /// A slot for a vehicle; the caller puts it into its lane.
    pub fn add(&mut self, e: Entrant) -> usize {
        let s = self.free.pop().map_or_else(|| self.grow(), |s| s as usize);
        self.id[s] = e.id;
        self.kind[s] = e.kind;
        self.link[s] = e.route[0];
        self.lane[s] = e.lane;
        self.pos[s] = e.pos;
        self.speed[s] = e.speed;
        self.factor[s] = e.factor;
        self.route[s] = e.route;
        self.leg[s] = 0;
        self.turn[s] = NONE;
        self.lanes[s] = (0, 0);
        self.next_lanes[s] = (0, 0);
        self.next_lane[s] = 0;
        self.past_turn_mps[s] = f32::INFINITY;
        self.turn_mps[s] = f32::INFINITY;
        self.from_pos[s] = e.pos;
        self.to_pos[s] = e.to_pos;
        self.held[s] = false;
        self.stood_s[s] = 0.0;
        self.since_change_s[s] = 0.0;
        self.entered_s[s] = e.now_s;
        self.departed_s[s] = e.departed_s;
        self.free_s[s] = 0.0;
        self.driven_m[s] = 0.0;
        self.lateral[s] = e.lateral;
        self.lateral_before[s] = e.lateral;
        self.was[s] = Was { leg: 0, pos: e.pos, speed: e.speed, lateral: e.lateral, moved: 0.0 };
        s
    }

    fn grow(&mut self) -> usize {
        self.ahead.push(NONE);
        self.behind.push(NONE);
        self.id.push(0);
        self.kind.push(0);
        self.link.push(0);
        self.lane.push(0);
        self.pos.push(0.0);
        self.speed.push(0.0);
        self.factor.push(1.0);
        self.route.push(Box::default());
        self.leg.push(0);
        self.turn.push(NONE);
        self.lanes.push((0, 0));
        self.next_lanes.push((0, 0));
        self.next_lane.push(0);
        self.here.push(Here::default());
        self.past_turn_mps.push(0.0);
        self.turn_mps.push(0.0);
        self.from_pos.push(0.0);
        self.to_pos.push(0.0);
        self.held.push(false);
        self.stood_s.push(0.0);
        self.since_change_s.push(0.0);
        self.entered_s.push(0.0);
        self.departed_s.push(0.0);
        self.free_s.push(0.0);
        self.driven_m.push(0.0);
        self.lateral.push(0.0);
        self.lateral_before.push(0.0);
        self.was.push(Was::default());
        self.id.len() - 1
    }

    /// Gives up slots (already out of their lanes).
    pub fn remove(&mut self, gone: &[u32]) {
        for s in gone {
            self.id[*s as usize] = NONE;
            self.route[*s as usize] = Box::default();
        }
        self.free.extend_from_slice(gone);
        self.list_active();
    }

    /// Lists the slots in use in their order: neighbours in memory are decided one after another.
    pub fn list_active(&mut self) {
        self.active.clear();
        self.active.extend((0..self.id.len() as u32).filter(|s| self.id[*s as usize] != NONE));
    }

    /// Puts a vehicle into a lane behind `leader` ([`NONE`]: at the head).
    pub fn link_in(&mut self, s: usize, lane: usize, leader: u32) {
        let follower = if leader == NONE { self.head[lane] } else { self.behind[leader as usize] };
        self.ahead[s] = leader;
        self.behind[s] = follower;
        match leader {
            NONE => self.head[lane] = s as u32,
            l => self.behind[l as usize] = s as u32,
        }
        match follower {
            NONE => self.tail[lane] = s as u32,
            f => self.ahead[f as usize] = s as u32,
        }
    }

    /// Takes a vehicle out of its lane.
    pub fn link_out(&mut self, s: usize, lane: usize) {
        let (ahead, behind) = (self.ahead[s], self.behind[s]);
        match ahead {
            NONE => self.head[lane] = behind,
            a => self.behind[a as usize] = behind,
        }
        match behind {
            NONE => self.tail[lane] = ahead,
            b => self.ahead[b as usize] = ahead,
        }
        self.ahead[s] = NONE;
        self.behind[s] = NONE;
    }

    /// The vehicles of a lane next to a place: (first at or beyond it, first before it).
    pub fn around(&self, lane: usize, pos: f32) -> (u32, u32) {
        let (mut leader, mut follower) = (NONE, self.tail[lane]);
        // From the back: entries and changes happen nearer to it than to the stop line.
        while follower != NONE && self.pos[follower as usize] < pos {
            leader = self.ahead[follower as usize];
            if leader == NONE || self.pos[leader as usize] >= pos {
                return (leader, follower);
            }
            follower = leader;
        }
        if follower != NONE {
            leader = follower;
        }
        (leader, NONE)
    }

    pub fn view(&self, s: usize) -> VehicleView {
        VehicleView {
            id: self.id[s],
            kind: VehicleKind::of(self.kind[s]),
            link: LinkId(self.link[s]),
            lane: self.lane[s],
            pos_m: self.pos[s],
            speed_mps: self.speed[s],
            length_m: self.length(s),
            ahead: (self.ahead[s] != NONE).then(|| self.id[self.ahead[s] as usize]),
        }
    }

    pub fn digest(&self, hash: &mut Xxh3) {
        for s in &self.active {
            let s = *s as usize;
            for word in [self.id[s], self.link[s], self.leg[s], self.turn[s], u32::from(self.lane[s])] {
                hash.update(&word.to_le_bytes());
            }
            for value in
                [self.pos[s], self.speed[s], self.lateral[s], self.stood_s[s], self.free_s[s], self.driven_m[s]]
            {
                hash.update(&value.to_le_bytes());
            }
        }
    }
}
