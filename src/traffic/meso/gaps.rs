//! Gaps: when those whom a way yields to leave room for a vehicle to cross or merge.
//!
//! As in SUMO: one goes if one has cleared the place where the ways meet before the other comes there, and comes there after
//! the other has cleared it, with a second between (`jmTimegapMinor`). The others are those that queue before the same
//! junction, at the times at which they could cross, and those that just have.

use super::{
    Meso,
    queue::{Entry, State},
    signals::Gate,
};
use crate::lane_graph::NONE;

/// Between the two, second.
const BUFFER_S: f32 = 1.0;
/// A driver who has waited so long makes do with nothing between, millisecond (SUMO's `time-to-impatience`).
const PATIENCE_MS: f32 = 180_000.0;
/// How many of a queue are looked at.
const SEEN: u32 = 4;
/// Headway at which those behind the head are expected, millisecond.
const BEHIND_MS: u32 = 1800;
/// Length of others, metre.
pub(super) const OTHER_M: f32 = 5.0;
/// Soonest another look, millisecond.
const AGAIN_MS: u32 = 250;

impl Meso {
    /// When to look again; `None` where the gap is large enough now.
    pub(super) fn taken_until(&self, entry: Entry, section: u32, waited_ms: u32) -> Option<u32> {
        let way = &self.layout.ways[entry.way as usize];
        // Through a waiting place at once: whom the second half yields to, from farther off.
        let (number, ahead_m) = match way.second {
            NONE => (entry.way, 0.0),
            second => (second, self.layout.sections[way.to as usize].length_m),
        };
        let foes = self.layout.foes.of(number);
        if foes.is_empty() {
            return None;
        }
        let kind = &self.kinds[usize::from(self.vehicles[entry.vehicle as usize].kind)];
        let v = way.limit_mps;
        let v0 = self.queues[section as usize].cross_mps.min(v);
        let own = |x: f32| (kind.travel(x, v0, v, v).0 * 1000.0) as u32;
        let buffer_ms = (1000.0 * BUFFER_S * (1.0 - waited_ms as f32 / PATIENCE_MS).max(0.0)) as u32;
        let out_ms =
            self.now_ms + own(ahead_m + self.layout.ways[number as usize].length_m + kind.length_m) + buffer_ms;
        let mut until_ms = 0;
        for foe in foes {
            let (passed_ms, clear_ms) = (self.layout.passed_ms[foe.way as usize], foe.clear_ms);
            let in_ms = own(ahead_m + foe.own_at_m);
            // From its stop line on it takes the place until then.
            let past_ms = passed_ms + clear_ms;
            if past_ms > self.now_ms + in_ms && passed_ms > 0 {
                until_ms = until_ms.max(past_ms - in_ms);
            }
            if let Some(comes_ms) = self.comes(foe.section, foe.way, out_ms) {
                until_ms = until_ms.max((comes_ms + clear_ms).saturating_sub(in_ms));
            }
        }
        (until_ms > self.now_ms).then(|| until_ms.max(self.now_ms + AGAIN_MS))
    }

    /// When the first by a way crosses its stop line, if before a time.
    fn comes(&self, section: u32, way: u32, before_ms: u32) -> Option<u32> {
        let queue = &self.queues[section as usize];
        if queue.live == 0 || matches!(queue.state, State::Room | State::Gap) || queue.ready_ms > before_ms {
            return None;
        }
        let head = self.layout.ways[way as usize].head;
        let mut at_ms = queue.ready_ms.max(self.now_ms);
        for i in 0..u32::from(queue.live).min(SEEN) {
            let entry = self.entry(section, i);
            if i > 0 {
                at_ms = (at_ms + BEHIND_MS).max(entry.at_ms);
            }
            if entry.way == way && head != NONE {
                match self.layout.heads.at(head, at_ms, 0) {
                    Gate::Shut(NONE) => return None,
                    Gate::Shut(wait_ms) => at_ms = at_ms.saturating_add(wait_ms),
                    _ => {}
                }
            }
            if at_ms > before_ms {
                return None;
            }
            if entry.way == way {
                return Some(at_ms);
            }
        }
        None
    }
}
