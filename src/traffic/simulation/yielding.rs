//! Whether a vehicle may drive out of its link: signals, right of way, room beyond.

use super::{Simulation, drive::FIRM_BRAKING};
use crate::network::{Foe, NONE, SignalColour};

/// Braking that amber asks for at most, m/s² (RiLSA 2015: 3.5 m/s² behind the amber times).
const AMBER_BRAKING: f32 = 3.0;
/// Braking that red asks for at most, m/s² (hard, wheels not locked).
const RED_BRAKING: f32 = 5.0;
/// Conflicts are judged from this near the line, beyond the braking distance, metre.
const JUDGED_M: f32 = 12.0;
/// Foes are seen this far from the junction, metre (RASt 06: sight triangle legs of 70 m at 50 km/h).
const SEEN_M: f32 = 70.0;
/// A foe is not expected slower than this, metre per second.
const SLOW_FOE_MPS: f32 = 3.0;
/// Moving slower than this counts as standing, metre per second.
pub const STANDING_MPS: f32 = 0.5;
/// Who has stood this long at the head drives into whatever gap there is, second (longer than any cycle).
pub const FORCE_S: f32 = 120.0;
/// Past a line by no more than this still counts as at it, metre.
const AT_LINE_M: f32 = 0.3;

/// A vehicle on its way to a junction.
struct Arrival {
    slot: usize,
    speed: f32,
    /// To the end of the link, metre.
    to_node: f32,
    inside: bool,
}

impl Simulation {
    /// Metres to the line at which the vehicle must stop; `None` where it may drive. `x`: its place on the link of
    /// `leg` (negative while it is on an earlier one), `lane`: the one it takes beyond.
    pub(super) fn hold(&self, s: usize, turn: u32, leg: usize, lane: u8, x: f32) -> Option<f32> {
        let f = &self.fleet;
        let link = &self.network.links[f.route[s][leg] as usize];
        if !link.junction {
            return None;
        }
        let v = f.speed[s];
        let to_stop = link.stop - x;
        let near = |distance: f32| distance < v * v / (2.0 * f.driver(s).braking) + v + JUDGED_M;
        if !near(to_stop) {
            return None;
        }
        let can_stop = |distance: f32, braking: f32| v < 1.0 || v * v <= 2.0 * braking * distance.max(0.0);
        let mut to_wait = to_stop;
        if self.network.turns.list[turn as usize].signal != NONE {
            if to_stop > -AT_LINE_M {
                let braking = match self.colour(turn) {
                    SignalColour::Green => 0.0,
                    SignalColour::Amber => AMBER_BRAKING,
                    SignalColour::Red => RED_BRAKING,
                };
                if braking > 0.0 && can_stop(to_stop, braking) {
                    return Some(to_stop);
                }
            }
            // With green one waits for oncoming traffic inside the junction and leaves it at the latest after amber.
            to_wait += 0.5 * (link.length - link.stop);
        }
        let forced = f.stood_s[s] > FORCE_S && leg == f.leg[s] as usize;
        if to_wait < -AT_LINE_M || !can_stop(to_wait, FIRM_BRAKING) || forced {
            return None;
        }
        let own = Arrival { slot: s, speed: v, to_node: link.length - x, inside: to_stop < -AT_LINE_M };
        (self.must_yield(&own, turn) || !self.has_room(s, turn, leg, lane)).then_some(to_wait)
    }

    fn must_yield(&self, own: &Arrival, turn: u32) -> bool {
        let n = &*self.network;
        n.foes
            .of(turn)
            .iter()
            .any(|foe| self.any_arrival(foe.from, foe.turn, 0.0, 3, &|other| self.goes_first(own, other, foe)))
    }

    /// Whether any first vehicle of a lane that heads for `turn` answers `judge` with yes; looks further upstream
    /// while the link is short and empty.
    fn any_arrival(&self, link: u32, turn: u32, beyond: f32, depth: u8, judge: &dyn Fn(&Arrival) -> bool) -> bool {
        let (f, n) = (&self.fleet, &*self.network);
        let row = &n.links[link as usize];
        let closed_by_signal = self.colour(turn) == SignalColour::Red;
        let mut empty = true;
        for lane in row.lane0..row.lane0 + u32::from(row.lanes) {
            let head = f.head[lane as usize];
            if head == NONE {
                continue;
            }
            empty = false;
            let w = head as usize;
            let inside = f.pos[w] > row.stop + AT_LINE_M && beyond == 0.0;
            if f.turn[w] != turn || (closed_by_signal && !inside) {
                continue;
            }
            let arrival = Arrival { slot: w, speed: f.speed[w], to_node: beyond + row.length - f.pos[w], inside };
            if judge(&arrival) {
                return true;
            }
        }
        let seen = beyond + row.length;
        empty
            && !closed_by_signal
            && depth > 0
            && seen < SEEN_M
            && n.turns
                .entering(link)
                .iter()
                .any(|t| self.any_arrival(n.turns.list[*t as usize].from, *t, seen, depth - 1, judge))
    }

    fn goes_first(&self, own: &Arrival, other: &Arrival, foe: &Foe) -> bool {
        let f = &self.fleet;
        let own_eta = own.to_node / own.speed.max(SLOW_FOE_MPS);
        let other_eta = other.to_node / other.speed.max(SLOW_FOE_MPS);
        if other.inside && !own.inside && other.speed > 1.0 && other_eta < own_eta + 1.0 {
            return true;
        }
        if !foe.yields {
            return false;
        }
        if f.held[other.slot] && other.speed < STANDING_MPS {
            let order = |s: usize| (f.stood_s[s], std::cmp::Reverse(f.id[s]));
            return foe.equal && order(other.slot) > order(own.slot);
        }
        let passes_before = other_eta + 1.0 < own_eta;
        !passes_before && other_eta < own_eta + foe.lag_s
    }

    /// Whether the vehicle fits behind the last one beyond the junction: nobody stops inside it.
    fn has_room(&self, s: usize, turn: u32, leg: usize, lane: u8) -> bool {
        let (f, n) = (&self.fleet, &*self.network);
        let need = f.length(s) + f.driver(s).jam_gap_m;
        let mut room = 0.0;
        let (mut turn, mut lane) = (turn, lane);
        for after in leg + 1..leg + 5 {
            let link = n.turns.list[turn as usize].to;
            let row = &n.links[link as usize];
            let tail = f.tail[(row.lane0 + u32::from(lane)) as usize];
            if tail != NONE {
                let t = tail as usize;
                // A moving tail has made room by the time one arrives.
                let moving = if f.speed[t] > 2.0 { 1.5 * f.speed[t] } else { 0.0 };
                return room + f.rear(t) + moving >= need;
            }
            room += row.length;
            if room >= need {
                return true;
            }
            let Some(next) = f.route[s].get(after + 1).and_then(|l| n.turns.find(link, *l)) else { return true };
            lane = n.lane_after(next, lane);
            turn = next;
        }
        true
    }
}
