//! What goes on on each link now, and what turns have taken of late.

use super::Live;
use crate::{
    lane_graph::NONE,
    meso::{Meso, TurnTimes, Turns},
    timed_ways::EmptyRoad,
};

/// Counts are kept by the minute, of the last five.
pub const INTERVAL_MS: u32 = 60_000;
pub const INTERVALS: usize = 5;
/// Vehicles in a minute that count as much as all minutes before; share by which an unused turn comes back to the empty road's time.
const MEMORY: f32 = 2.0;
const FORGOTTEN: f32 = 0.2;

/// A link now.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct LinkNow {
    pub vehicles: u32,
    /// Vehicles per hour that left its end or arrived, of the last five to six minutes.
    pub flow_vph: f32,
    /// Metre per second, of those: along the link and the way into it, stops at its end included; its empty speed where nobody has.
    pub speed_mps: f32,
    /// Vehicles that are held up, and how far the longest of its lanes' queues reaches back from the stop line, metre.
    pub queued: u32,
    pub queue_m: f32,
}

/// Times of turns as of late.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Second.
    pub turn_s: Vec<f32>,
    updated_ms: u32,
}

impl Tally {
    pub fn of(empty: &EmptyRoad) -> Self {
        Self { turn_s: empty.turn_s.clone(), updated_ms: 0 }
    }

    /// When the times are next brought up to date.
    pub fn next_ms(&self) -> u32 {
        self.updated_ms.saturating_add(INTERVAL_MS)
    }

    pub fn update(&mut self, meso: &mut Meso, empty: &EmptyRoad) {
        self.updated_ms = self.next_ms();
        let Some(noted) = &mut meso.record.turn_times else { return };
        for (turn, s) in self.turn_s.iter_mut().enumerate() {
            let (vehicles, sum_ms) = noted.cells.get(turn).copied().unwrap_or_default();
            let sum_s = sum_ms as f32 / 1000.0;
            *s = match vehicles {
                0 => *s + FORGOTTEN * (empty.turn_s[turn] - *s),
                n => (*s * MEMORY + sum_s) / (MEMORY + n as f32),
            };
        }
        noted.cells.fill((0, 0));
        // Where nobody gets away, it takes at least as long as the first has stood.
        for section in 0..meso.layout.sections.len() as u32 {
            let stood_s = meso.stood_ms(section) as f32 / 1000.0;
            if stood_s * 1000.0 > INTERVAL_MS as f32 {
                let way = meso.entry(section, 0).way;
                let turn = meso.layout.ways.get(way as usize).map_or(NONE, |w| w.turn);
                if let Some(s) = self.turn_s.get_mut(turn as usize) {
                    *s = s.max(stood_s);
                }
            }
        }
    }
}

impl Meso {
    /// Has the run note what turns take, until it is read.
    pub(super) fn watch_turns_live(&mut self, turns: &Turns) {
        self.watch_turns(turns, 60.0);
        self.record.turn_times =
            Some(TurnTimes { interval_ms: u32::MAX, turns: turns.len().max(1), cells: vec![(0, 0); turns.len()] });
    }
}

impl Live {
    /// A link now; all zero where there is none of this number.
    pub fn link(&self, link: u32) -> LinkNow {
        let meso = &self.meso;
        let Some((first, lanes)) = meso.layout.links.get(link as usize).copied() else { return LinkNow::default() };
        let mut now = LinkNow::default();
        for lane in first..first + lanes {
            let queue = &meso.queues[lane as usize];
            now.vehicles += u32::from(queue.live);
            let late = (0..u32::from(queue.live)).map(|i| meso.entry(lane, i)).take_while(|e| e.at_ms <= meso.now_ms);
            let (count, length_cm) = late.fold((0, 0), |(n, cm), e| (n + 1, cm + u32::from(e.space_cm)));
            now.queued += count;
            now.queue_m = now.queue_m.max(length_cm as f32 / 100.0);
        }
        let (mut count, mut driven_ms) = (0, 0);
        for rows in meso.record.kept() {
            let row = &rows[link as usize];
            count += row.left + row.arrived;
            driven_ms += row.driven_ms;
        }
        let past_ms = meso.now_ms % INTERVAL_MS + INTERVAL_MS * (meso.now_ms / INTERVAL_MS).min(INTERVALS as u32);
        now.flow_vph = count as f32 * 3_600_000.0 / past_ms.max(1) as f32;
        let length_m = self.graph.links[link as usize].length_m;
        let empty_mps = length_m / self.empty.link_s[link as usize].max(0.01);
        now.speed_mps = if driven_ms > 0 { count as f32 * length_m * 1000.0 / driven_ms as f32 } else { empty_mps };
        now.speed_mps = now.speed_mps.min(empty_mps);
        now
    }
}
