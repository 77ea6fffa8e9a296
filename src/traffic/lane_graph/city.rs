//! The lanes of a compiled network: those for cars, joined turn by turn.

use citytwin_model::LinkEnd;

use super::{Lane, LaneGraph, LaneLink, Move, MoveFoe, NONE, Program, ProgramPhase, RightOfWay, Show, Users};
use crate::network::{Group, Network, Rows, SignalColour, Window};

impl LaneGraph {
    /// Link `i` is link `i` of the network. Links that cars may not use admit nobody.
    pub fn of_network(network: &Network) -> Self {
        let mut graph = Self { nodes: 0, ..Self::default() };
        for (index, row) in network.links.iter().enumerate() {
            graph.nodes = graph.nodes.max(row.to + 1).max(row.from + 1);
            let length_m = (row.stop - row.entry).max(1.0);
            let lane0 = graph.lanes.len() as u32;
            let lanes = row.lanes.max(1);
            graph.links.push(LaneLink {
                lane0,
                lanes,
                from: row.from,
                to: row.to,
                length_m,
                roundabout: row.roundabout,
            });
            let users = if row.usable { Users::ALL } else { Users::NOBODY };
            graph.lanes.extend((0..lanes).map(|i| Lane {
                link: index as u32,
                index: i,
                length_m,
                limit_mps: row.free_mps.max(0.1),
                users,
                move0: 0,
                moves: 0,
            }));
        }
        let members = members(network);
        graph.programs = programs(network, &members);
        graph.join_turns(network, &places(&members, network));
        graph.add_merges();
        graph.note_heeded();
        graph
    }

    fn join_turns(&mut self, network: &Network, places: &[(u32, u32)]) {
        // Moves of one turn stand side by side per lane; `of_turn` finds them for the foes.
        let mut of_turn = vec![Vec::new(); network.turns.list.len()];
        for link in 0..network.links.len() as u32 {
            let row = &network.links[link as usize];
            for lane in 0..row.lanes {
                let from = self.links[link as usize].lane0 + u32::from(lane);
                let first = self.moves.len() as u32;
                for t in network.turns.of(link) {
                    let turn = &network.turns.list[t];
                    if turn.last_resort && network.turns.of(link).len() > 1
                        || !(turn.lane_lo..=turn.lane_hi).contains(&lane)
                    {
                        continue;
                    }
                    let next = &network.links[turn.to as usize];
                    let group = places.get(turn.signal as usize).copied();
                    of_turn[t].push(self.moves.len() as u32);
                    self.moves.push(Move {
                        from,
                        to: self.links[turn.to as usize].lane0 + u32::from(network.lane_after(t as u32, lane)),
                        from_link: link,
                        to_link: turn.to,
                        node: row.to,
                        length_m: (row.length - row.stop) + turn.length + next.entry,
                        limit_mps: turn.speed.max(0.1),
                        kind: turn.kind,
                        right: match row.end {
                            _ if group.is_some() => RightOfWay::Signal,
                            LinkEnd::Stop => RightOfWay::Stop,
                            _ if network.foes.of(t as u32).iter().any(|f| f.yields) => RightOfWay::Minor,
                            _ => RightOfWay::Major,
                        },
                        wait_at_m: 0.0,
                        program: group.map_or(NONE, |(group, _)| group),
                        stream: group.map_or(NONE, |(_, stream)| stream),
                    });
                }
                let own = &mut self.lanes[from as usize];
                own.move0 = first;
                own.moves = (self.moves.len() as u32 - first) as u8;
            }
        }
        let mut turn_of = vec![0_u32; self.moves.len()];
        of_turn.iter().enumerate().for_each(|(t, moves)| moves.iter().for_each(|m| turn_of[*m as usize] = t as u32));
        self.foes = Rows::new();
        for (number, turn) in turn_of.iter().enumerate() {
            let own = self.moves[number];
            for foe in network.foes.of(*turn) {
                for other in &of_turn[foe.turn as usize] {
                    let theirs = &self.moves[*other as usize];
                    // Beside each other into different lanes of one link.
                    if theirs.to_link == own.to_link && theirs.to != own.to {
                        continue;
                    }
                    let merges = theirs.to == own.to;
                    let at = |m: &Move| if merges { m.length_m } else { 0.5 * m.length_m };
                    let (at_m, other_at_m) = (at(&own), at(theirs));
                    self.foes.list.push(MoveFoe {
                        other: *other,
                        yields: foe.yields,
                        heeded: false,
                        merges,
                        at_m,
                        other_at_m,
                    });
                }
            }
            self.foes.close();
        }
    }
}

/// The streams of each group.
fn members(network: &Network) -> Vec<Vec<(u32, &[Window])>> {
    let mut members = vec![Vec::new(); network.signals.groups.len()];
    for (stream, (group, windows)) in (0..).zip(network.signals.streams()) {
        members[group as usize].push((stream, windows));
    }
    members
}

/// Per stream its group and its place there.
fn places(members: &[Vec<(u32, &[Window])>], network: &Network) -> Vec<(u32, u32)> {
    let mut places = vec![(NONE, NONE); network.signals.streams().count()];
    for (group, streams) in (0..).zip(members) {
        for (place, (stream, _)) in (0..).zip(streams) {
            places[*stream as usize] = (group, place);
        }
    }
    places
}

/// The plans of all groups as phases: cut wherever a stream changes.
fn programs(network: &Network, members: &[Vec<(u32, &[Window])>]) -> Vec<Program> {
    let ms = |s: f64| (s * 1000.0).round() as i64;
    let plan = |(row, streams): (&Group, &Vec<(u32, &[Window])>)| {
        let cycle = ms(row.cycle_s).max(1);
        let ends_of = |w: &Window| [ms(w.start_s), ms(w.start_s + w.length_s)];
        let mut cuts: Vec<i64> = streams
            .iter()
            .flat_map(|(_, windows)| windows.iter().flat_map(ends_of))
            .map(|at| at.rem_euclid(cycle))
            .collect();
        cuts.push(0);
        cuts.sort_unstable();
        cuts.dedup();
        let ends = cuts.iter().skip(1).copied().chain([cycle]);
        let phases = cuts.iter().zip(ends).map(|(start, end)| {
            // In the middle: windows begin between milliseconds.
            let now_s = (*start + end) as f64 / 2000.0;
            let shows = streams.iter().map(|(_, windows)| show(windows, now_s, row.cycle_s)).collect();
            ProgramPhase { duration_ms: (end - start) as u64, shows }
        });
        Program { offset_ms: ms(row.offset_s), phases: phases.collect() }
    };
    network.signals.groups.iter().zip(members).map(plan).collect()
}

fn show(windows: &[Window], now_s: f64, cycle_s: f64) -> Show {
    let shown = windows.iter().find(|w| (now_s - w.start_s).rem_euclid(cycle_s) < w.length_s);
    shown.map_or(Show::Red, |w| match (w.colour, w.protected) {
        (SignalColour::Green, true) => Show::Green,
        (SignalColour::Green, false) => Show::Yield,
        (SignalColour::Amber, _) => Show::Amber,
        (SignalColour::Red, _) => Show::Red,
    })
}
