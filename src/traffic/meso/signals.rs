//! When each signalled stream may go.

use crate::lane_graph::{LaneGraph, NONE, Program, Show};

/// Heads that are compared with a new one.
const MOST_ALIKE: usize = 64;

/// What a driver at the stop line may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    Open,
    /// Open, but give way.
    Yield,
    /// Open after a stop, giving way.
    StopThenYield,
    /// Shut until this many milliseconds from now; [`NONE`]: for good.
    Shut(u32),
}

/// The cycles of all streams in use.
#[derive(Clone, Debug, Default)]
pub struct Heads {
    heads: Vec<Head>,
    spans: Vec<Span>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Head {
    cycle_ms: u32,
    /// What is to be added to a time of the run to be in the cycle.
    shift_ms: u32,
    spans: (u32, u32),
}

/// A part of the cycle that shows one thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Span {
    end_ms: u32,
    gate: Gate,
    /// While open: how long on after its end. While shut: how long until it opens after its end.
    after_ms: u32,
    /// While amber: how long it is since it was open, at its start, and how it was then.
    since_ms: u32,
    was: Gate,
}

impl Heads {
    /// Heads for the streams of all moves; their numbers by move, [`NONE`] without a signal.
    pub fn of(graph: &LaneGraph, begin_ms: u64) -> (Self, Vec<u32>) {
        let mut known = std::collections::BTreeMap::new();
        let mut heads = Self::default();
        let numbers = graph.moves.iter().map(|m| {
            let Some(program) = graph.programs.get(m.program as usize).filter(|p| p.cycle_ms() > 0) else {
                return NONE;
            };
            *known.entry((m.program, m.stream)).or_insert_with(|| heads.add(program, m.stream, begin_ms))
        });
        let numbers = numbers.collect();
        (heads, numbers)
    }

    fn add(&mut self, program: &Program, stream: u32, begin_ms: u64) -> u32 {
        let shows = program.phases.iter().filter(|p| p.duration_ms > 0);
        let shows: Vec<(u32, Show)> = shows
            .map(|p| (p.duration_ms.min(1 << 24) as u32, p.shows.get(stream as usize).copied().unwrap_or(Show::Off)))
            .collect();
        let cycle_ms: u32 = shows.iter().map(|s| s.0).sum();
        let first = self.spans.len() as u32;
        let n = shows.len();
        let mut end_ms = 0;
        for (i, (duration, show)) in shows.iter().enumerate() {
            end_ms += duration;
            let gate = gate(*show);
            let open = gate != Gate::Shut(NONE);
            let onward = (1..=n).map(|k| shows[(i + k) % n]);
            let same = |s: &(u32, Show)| (self::gate(s.1) != Gate::Shut(NONE)) == open;
            let after: u64 = onward.take_while(same).map(|s| u64::from(s.0)).sum();
            let (mut since_ms, mut was) = (0, Gate::Shut(NONE));
            if *show == Show::Amber {
                let before = (1..n).map(|k| shows[(i + n - k) % n]);
                since_ms = before.clone().take_while(|s| s.1 == Show::Amber).map(|s| s.0).sum();
                was = before.map(|s| s.1).find(|s| *s != Show::Amber).map_or(Gate::Shut(NONE), self::gate);
            }
            let endless = after >= u64::from(cycle_ms);
            let after_ms = if endless { NONE } else { after as u32 };
            self.spans.push(Span { end_ms, gate, after_ms, since_ms, was });
        }
        let cycle = i128::from(cycle_ms);
        let shift_ms = (i128::from(begin_ms) - i128::from(program.offset_ms)).rem_euclid(cycle) as u32;
        // Streams that show the same share their spans: the fewer there are, the nearer they stay.
        let own = first as usize..self.spans.len();
        let same = |start: &usize| self.spans[*start..*start + own.len()] == self.spans[own.clone()];
        let known = self.heads.iter().map(|h| h.spans.0 as usize..h.spans.1 as usize).rev().take(MOST_ALIKE);
        let known = known.filter(|r| r.len() == own.len()).map(|r| r.start).find(same);
        let spans = known.map_or((first, self.spans.len() as u32), |start| (start as u32, (start + n) as u32));
        if known.is_some() {
            self.spans.truncate(first as usize);
        }
        let head = Head { cycle_ms, shift_ms, spans };
        if let Some(known) = self.heads.iter().rev().take(MOST_ALIKE).position(|h| *h == head) {
            return (self.heads.len() - 1 - known) as u32;
        }
        self.heads.push(head);
        self.heads.len() as u32 - 1
    }

    /// What a head shows at a time; `amber_ms` of amber are driven through (below 0: the last of green is not used).
    #[inline]
    pub fn at(&self, head: u32, now_ms: u32, amber_ms: i32) -> Gate {
        let head = &self.heads[head as usize];
        let into = ((u64::from(now_ms) + u64::from(head.shift_ms)) % u64::from(head.cycle_ms)) as u32;
        let spans = &self.spans[head.spans.0 as usize..head.spans.1 as usize];
        let (mut start, mut at) = (0, 0);
        while at + 1 < spans.len() && spans[at].end_ms <= into {
            start = spans[at].end_ms;
            at += 1;
        }
        let span = &spans[at];
        let left = span.end_ms - into;
        if span.gate != Gate::Shut(NONE) {
            if span.after_ms == NONE || (left + span.after_ms) as i32 + amber_ms > 0 {
                return span.gate;
            }
            // Too late for this green: the one after the red that follows.
            let closes = left + span.after_ms;
            let then = self.at_shut(head, spans, (into + closes) % head.cycle_ms);
            return Gate::Shut(closes.saturating_add(then));
        }
        if span.was != Gate::Shut(NONE) && ((span.since_ms + into - start) as i32) < amber_ms {
            return span.was;
        }
        if span.after_ms == NONE { Gate::Shut(NONE) } else { Gate::Shut(left + span.after_ms) }
    }

    /// Milliseconds until open from a time in the cycle that is shut.
    fn at_shut(&self, _head: &Head, spans: &[Span], into: u32) -> u32 {
        let span = spans.iter().find(|s| into < s.end_ms).unwrap_or(&spans[0]);
        if span.after_ms == NONE { NONE } else { span.end_ms.saturating_sub(into) + span.after_ms }
    }
}

fn gate(show: Show) -> Gate {
    match show {
        Show::Red | Show::Amber | Show::RedAmber => Gate::Shut(NONE),
        Show::Green => Gate::Open,
        Show::Yield | Show::Off => Gate::Yield,
        Show::StopThenGo => Gate::StopThenYield,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane_graph::ProgramPhase;

    #[test]
    fn a_stream_opens_and_shuts_with_its_program() {
        let phase = |duration_ms, letter| ProgramPhase {
            duration_ms,
            shows: vec![Show::of_letter(letter).expect("a letter of SUMO's")],
        };
        let program = Program {
            offset_ms: 2000,
            phases: vec![phase(10_000, b'g'), phase(5000, b'G'), phase(3000, b'y'), phase(12_000, b'r')],
        };
        let mut heads = Heads::default();
        heads.add(&program, 0, 0);
        let check = |at, amber, expected| assert_eq!(heads.at(0, at, amber), expected, "{at} {amber}");
        check(2000, 0, Gate::Yield);
        check(11_999, 0, Gate::Yield);
        check(12_000, 0, Gate::Open);
        check(16_999, 0, Gate::Open);
        check(16_999, -500, Gate::Shut(15_001));
        check(17_000, 0, Gate::Shut(15_000));
        check(17_000, 500, Gate::Open);
        check(17_500, 500, Gate::Shut(14_500));
        check(31_999, 0, Gate::Shut(1));
        check(0, 0, Gate::Shut(2000));
        let dark = Program { offset_ms: 0, phases: vec![phase(1000, b'r')] };
        heads.add(&dark, 0, 0);
        assert_eq!(heads.at(1, 77, 0), Gate::Shut(NONE));
        heads.add(&Program { offset_ms: 0, phases: vec![phase(1000, b'G')] }, 0, 0);
        assert_eq!(heads.at(2, 999, -900), Gate::Open);
    }
}
