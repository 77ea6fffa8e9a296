//! The road network lane by lane: what single vehicles meet.
//!
//! Owns lanes with who may use them, the ways between lanes through junctions with their conflicts, and the signals. The
//! microscopic and the mesoscopic view stand on it. Two sources: a SUMO network file, which states all of it (`sumo`), and
//! a compiled [`crate::Network`] (`city`). Knows no vehicles.

mod actuated;
mod city;
mod finder;
mod parting;
mod signals;
mod sumo;
mod users;

use crate::network::{Rows, TurnKind};

pub use actuated::{ActuatedPhase, Actuation, Detector};
pub(crate) use finder::Finder;
pub use parting::Parting;
pub(crate) use parting::curve;
pub use signals::{Program, ProgramPhase, Show};
pub use users::Users;

/// "No such thing" among `u32` indices.
pub const NONE: u32 = u32::MAX;

/// The network lane by lane. Indices are positions.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LaneGraph {
    pub links: Vec<LaneLink>,
    /// By link, lane 0 at the kerb.
    pub lanes: Vec<Lane>,
    /// By the lane they leave.
    pub moves: Vec<Move>,
    pub(crate) foes: Rows<MoveFoe>,
    /// By move: the other moves from its lane.
    pub(crate) partings: Rows<Parting>,
    pub programs: Vec<Program>,
    /// Of those programs that heed traffic, one each at most.
    pub actuations: Vec<Actuation>,
    pub nodes: u32,
}

/// One direction of a road between two nodes.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct LaneLink {
    pub lane0: u32,
    /// At least 1.
    pub lanes: u8,
    pub from: u32,
    pub to: u32,
    /// Metre, above 0; the junctions at its ends excluded.
    pub length_m: f32,
    pub roundabout: bool,
}

#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Lane {
    pub link: u32,
    /// Place in its link, 0 at the kerb.
    pub index: u8,
    pub length_m: f32,
    /// Metre per second, above 0.
    pub limit_mps: f32,
    pub users: Users,
    /// Rows of [`LaneGraph::moves`] that leave it: `move0..move0 + moves`.
    pub move0: u32,
    pub moves: u8,
}

/// The way from one lane through a junction into another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Move {
    pub from: u32,
    pub to: u32,
    pub from_link: u32,
    pub to_link: u32,
    pub node: u32,
    /// Inside the junction, metre; 0 where links meet without one.
    pub length_m: f32,
    pub limit_mps: f32,
    pub kind: TurnKind,
    pub right: RightOfWay,
    /// Metres into the junction where one waits for a gap; 0: at the stop line.
    pub wait_at_m: f32,
    /// Program and place in its phases' states; [`NONE`] without a signal.
    pub program: u32,
    pub stream: u32,
    /// Turning back, for when closures leave nothing else.
    pub spare: bool,
}

/// What a driver heeds before a move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RightOfWay {
    /// Goes first.
    Major,
    /// Gives way to the foes that it yields to.
    Minor,
    /// Stops, then gives way.
    Stop,
    /// As the signal shows.
    Signal,
}

/// A move that crosses another or merges with it.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct MoveFoe {
    pub other: u32,
    /// The other goes first.
    pub yields: bool,
    /// The other gives way to this one.
    pub heeded: bool,
    /// Both lead into one lane.
    pub merges: bool,
    /// Where they meet, metres into this move and into the other.
    pub at_m: f32,
    pub other_at_m: f32,
}

impl LaneGraph {
    pub fn moves_of(&self, lane: u32) -> std::ops::Range<u32> {
        let lane = &self.lanes[lane as usize];
        lane.move0..lane.move0 + u32::from(lane.moves)
    }

    /// The lanes of a link.
    pub fn lanes_of(&self, link: u32) -> std::ops::Range<u32> {
        let link = &self.links[link as usize];
        link.lane0..link.lane0 + u32::from(link.lanes)
    }

    /// Moves by the lane they enter.
    pub(crate) fn moves_into(&self) -> Rows<u32> {
        Rows::grouped(self.lanes.len(), self.moves.iter().zip(0..).map(|(m, i)| (m.to, i)))
    }

    pub fn foes_of(&self, of: u32) -> &[MoveFoe] {
        self.foes.of(of)
    }

    /// The same, where no moves cross or merge: for networks put together lane by lane.
    pub fn without_conflicts(mut self) -> Self {
        self.foes = Rows::new();
        (0..self.moves.len()).for_each(|_| self.foes.close());
        self
    }

    /// Moves into one lane from two always meet: where nothing says who goes first, the one that stands earlier does.
    fn add_merges(&mut self) {
        let into = self.moves_into();
        let mut all = Rows::new();
        let mut minor = Vec::new();
        for own in 0..self.moves.len() as u32 {
            all.list.extend_from_slice(self.foes.of(own));
            let m = self.moves[own as usize];
            for other in into.of(m.to) {
                let them = &self.moves[*other as usize];
                if them.from != m.from && !self.foes.of(own).iter().any(|f| f.other == *other) {
                    let known = self.foes.of(*other).iter().find(|f| f.other == own);
                    let yields = known.map_or(own > *other, |f| !f.yields);
                    if yields && m.right == RightOfWay::Major {
                        minor.push(own);
                    }
                    all.list.push(MoveFoe {
                        other: *other,
                        yields,
                        heeded: false,
                        merges: true,
                        at_m: m.length_m,
                        other_at_m: them.length_m,
                    });
                }
            }
            all.close();
        }
        self.foes = all;
        minor.iter().for_each(|m| self.moves[*m as usize].right = RightOfWay::Minor);
    }

    /// Whether each foe gives way in turn, from who yields to whom.
    fn note_heeded(&mut self) {
        for own in 0..self.moves.len() as u32 {
            for row in self.foes.range(own) {
                let other = self.foes.list[row].other;
                self.foes.list[row].heeded = self.foes.of(other).iter().any(|f| f.other == own && f.yields);
            }
        }
    }

    /// Whether some lane for these users leads from one link into another.
    pub fn joined(&self, from: u32, to: u32, users: Users) -> bool {
        let open = |m: &u32| {
            let m = &self.moves[*m as usize];
            m.to_link == to && self.lanes[m.to as usize].users.admit(users)
        };
        let lanes = self.lanes_of(from).filter(|l| self.lanes[*l as usize].users.admit(users));
        lanes.flat_map(|l| self.moves_of(l)).any(|m| open(&m))
    }
}
