//! What a network file states of turns, right of way and signals, where a city's network is inferred.

use std::collections::BTreeMap;

use super::signals::Window;

/// Stated turns, conflicts and programs; links by their index in the city.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Given {
    /// Metre; what the file says rather than what its geometry measures.
    pub length_m: Vec<f32>,
    /// By from link and to link.
    pub turns: BTreeMap<(u32, u32), GivenTurn>,
    pub programs: Vec<GivenProgram>,
}

/// One stated turn.
#[derive(Clone, PartialEq, Debug)]
pub struct GivenTurn {
    /// Lanes from which it is made, lane 0 at the kerb.
    pub lanes: (u8, u8),
    /// Metres inside the junction.
    pub length_m: f32,
    /// Turns back into the road it came from.
    pub back: bool,
    /// Turns in conflict, and whether they go first.
    pub foes: Vec<((u32, u32), bool)>,
    /// Index of the stream in all programs' streams.
    pub stream: Option<u32>,
}

/// One signal program; its streams follow those of the programs before.
#[derive(Clone, PartialEq, Debug)]
pub struct GivenProgram {
    pub cycle_s: f64,
    pub offset_s: f64,
    pub streams: Vec<Vec<Window>>,
}
