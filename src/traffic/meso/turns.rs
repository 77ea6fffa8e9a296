//! Turns: pairs of links that some lane joins, and how long vehicles took for each in a run.

use super::{Meso, NEVER};
use crate::{
    lane_graph::{LaneGraph, NONE},
    network::Rows,
};

/// All turns of a lane graph, grouped by the link they leave, by the link they enter within it.
#[derive(Clone, Debug)]
pub struct Turns {
    /// Per link the links it leads to; a turn's number is its place in the list.
    pub to: Rows<u32>,
    /// Per move its turn.
    pub of_move: Vec<u32>,
}

impl Turns {
    pub fn of(graph: &LaneGraph) -> Self {
        let mut to = Rows::new();
        for link in 0..graph.links.len() as u32 {
            let first = to.list.len();
            let moves = graph.lanes_of(link).flat_map(|l| graph.moves_of(l));
            to.list.extend(moves.map(|m| graph.moves[m as usize].to_link));
            to.list[first..].sort_unstable();
            let mut kept = first;
            for i in first..to.list.len() {
                if i == first || to.list[i] != to.list[kept - 1] {
                    to.list[kept] = to.list[i];
                    kept += 1;
                }
            }
            to.list.truncate(kept);
            to.close();
        }
        let mut turns = Self { to, of_move: Vec::new() };
        let of_move = graph.moves.iter().map(|m| turns.find(m.from_link, m.to_link).unwrap_or(NONE));
        turns.of_move = of_move.collect();
        turns
    }

    pub fn len(&self) -> usize {
        self.to.list.len()
    }

    /// The turn from one link into another.
    #[inline]
    pub fn find(&self, from: u32, to: u32) -> Option<u32> {
        let rows = self.to.range(from);
        self.to.list[rows.clone()].iter().position(|t| *t == to).map(|i| (rows.start + i) as u32)
    }
}

/// What vehicles took from one stop line to the next, by turn at its end and time at which they came onto the link.
#[derive(Clone, Debug, Default)]
pub struct TurnTimes {
    pub interval_ms: u32,
    pub turns: usize,
    /// Interval by interval, turn by turn: vehicles, and the sum of their milliseconds.
    pub cells: Vec<(u32, u32)>,
}

impl TurnTimes {
    #[inline]
    pub fn add(&mut self, turn: u32, entered_ms: u32, took_ms: u32) {
        let at = (entered_ms / self.interval_ms) as usize * self.turns + turn as usize;
        if at >= self.cells.len() {
            let intervals = at / self.turns + 1;
            self.cells.resize(intervals * self.turns, (0, 0));
        }
        let cell = &mut self.cells[at];
        // What no longer fits is as good as known.
        if let Some(sum) = cell.1.checked_add(took_ms) {
            *cell = (cell.0 + 1, sum);
        }
    }

    pub fn intervals(&self) -> usize {
        self.cells.len() / self.turns.max(1)
    }

    pub fn cell(&self, turn: u32, interval: usize) -> (u32, u32) {
        self.cells.get(interval * self.turns + turn as usize).copied().unwrap_or_default()
    }
}

impl Meso {
    /// Has the run note how long vehicles take for every turn, by intervals of so many seconds (60 to 86,400) from its begin.
    pub(crate) fn watch_turns(&mut self, turns: &Turns, interval_s: f64) {
        let interval_ms = (interval_s.clamp(60.0, 86_400.0) * 1000.0) as u32;
        let moves = turns.of_move.len();
        for (way, turn) in turns.of_move.iter().enumerate() {
            self.layout.ways[way].turn = *turn;
            let second = self.layout.ways[way].second;
            if second != NONE {
                self.layout.ways[second as usize].turn = *turn;
            }
        }
        debug_assert!(moves <= self.layout.ways.len());
        self.record.turn_times = Some(TurnTimes { interval_ms, turns: turns.len().max(1), cells: Vec::new() });
    }

    /// What was noted; those who are on a link still count with what they have taken so far.
    pub(crate) fn take_turn_times(&mut self) -> TurnTimes {
        let mut times = self.record.turn_times.take().unwrap_or_default();
        if times.turns == 0 {
            return times;
        }
        for section in 0..self.layout.sections.len() as u32 {
            for i in 0..u32::from(self.queues[section as usize].live) {
                let entry = self.entry(section, i);
                let since_ms = self.vehicles[entry.vehicle as usize].since_ms;
                let turn = self.layout.ways.get(entry.way as usize).map_or(NONE, |w| w.turn);
                let undriven_ms = self.vehicles[entry.vehicle as usize].next;
                if turn != NONE && undriven_ms != NEVER && entry.at_ms < self.now_ms {
                    times.add(turn, since_ms, self.now_ms - since_ms + undriven_ms);
                }
            }
        }
        times
    }
}
