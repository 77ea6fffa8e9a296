//! The queue of one section: vehicles, first in first out, and the room of those who left, on its way back.

use super::{Meso, NEVER, pass::SERVED};
use crate::lane_graph::NONE;

/// A head that cannot leave for so long stands, millisecond.
const STANDS_MS: u32 = 3000;

/// A head that waits for room or a gap stands after so long, millisecond.
const HALT_MS: u32 = 1000;

/// What the head is waiting for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum State {
    /// Its time, its headway or its signal.
    #[default]
    Driving,
    /// Has stopped at a sign.
    Stopped,
    Gap,
    Room,
}

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Queue {
    /// Place in its ring of the oldest room under way, how many of these, how many vehicles behind them.
    pub first: u16,
    pub ghosts: u16,
    pub live: u16,
    /// Length that vehicles and rooms under way take, and vehicles alone.
    pub used_cm: i32,
    pub live_cm: i32,
    pub last_exit_ms: u32,
    pub last_in_ms: u32,
    /// Where the one who last left had stood, metres before the stop line; large if it had not.
    pub stood_m: f32,
    /// What it takes, metre.
    pub last_space_m: f32,
    /// When the head may leave as far as it depends on this section, and at which speed.
    pub ready_ms: u32,
    pub cross_mps: f32,
    /// Since when the head has been waiting for room or a gap.
    pub since_ms: u32,
    pub state: State,
    /// When the object is due.
    pub wake_ms: u32,
    /// The section whose room it waits for.
    pub waits_on: u32,
    /// How long heads have waited of late, summed over as many as count.
    pub serve: u32,
    /// When the last vehicle could leave at the earliest.
    pub tail_ms: u32,
    /// First object that waits for room here.
    pub first_waiter: u32,
}

/// A vehicle in a section; then the room it left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry {
    pub vehicle: u32,
    /// When it could leave at the earliest; then when its room has reached the section's start.
    pub at_ms: u32,
    /// By which way; [`NONE`] where its journey ends.
    pub way: u32,
    pub space_cm: u16,
    /// Speed at which it then crosses the section's end, centimetre per second.
    pub end_cmps: u16,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            first: 0,
            ghosts: 0,
            live: 0,
            used_cm: 0,
            live_cm: 0,
            last_exit_ms: 0,
            last_in_ms: 0,
            stood_m: f32::INFINITY,
            last_space_m: 0.0,
            ready_ms: 0,
            cross_mps: 0.0,
            since_ms: NEVER,
            state: State::Driving,
            wake_ms: NEVER,
            waits_on: NONE,
            serve: 2000 * SERVED,
            tail_ms: 0,
            first_waiter: NONE,
        }
    }
}

impl Meso {
    /// Ring memory of the `i`-th entry of a section, counted from the oldest room.
    #[inline]
    pub(super) fn place(&self, section: u32, i: u32) -> usize {
        let fixed = &self.layout.sections[section as usize];
        let at = u32::from(self.queues[section as usize].first) + i;
        let capacity = u32::from(fixed.capacity);
        (fixed.ring + if at >= capacity { at - capacity } else { at }) as usize
    }

    /// The `i`-th vehicle of a section, 0 the head.
    #[inline]
    pub(super) fn entry(&self, section: u32, i: u32) -> Entry {
        self.ring[self.place(section, u32::from(self.queues[section as usize].ghosts) + i)]
    }

    /// Forgets rooms that have arrived.
    #[inline]
    pub(super) fn purge(&mut self, section: u32) {
        while self.queues[section as usize].ghosts > 0 {
            let oldest = self.ring[self.place(section, 0)];
            if oldest.at_ms > self.now_ms {
                break;
            }
            self.drop_ghost(section, oldest.space_cm);
        }
    }

    fn drop_ghost(&mut self, section: u32, space_cm: u16) {
        let capacity = self.layout.sections[section as usize].capacity;
        let queue = &mut self.queues[section as usize];
        queue.first = if queue.first + 1 == capacity { 0 } else { queue.first + 1 };
        queue.ghosts -= 1;
        queue.used_cm -= i32::from(space_cm);
    }

    /// When a section has room, as far as it is known: now at the earliest, [`NEVER`] until somebody leaves. `clear_cm`: what must
    /// fit behind those who are in it, so that a junction stays clear.
    #[inline]
    pub(super) fn room_at(&mut self, section: u32, clear_cm: i32, gap_ms: u32) -> u32 {
        let fixed = &self.layout.sections[section as usize];
        // Rooms that have arrived are forgotten when they would count.
        if self.queues[section as usize].used_cm > fixed.store_cm {
            self.purge(section);
        }
        let fixed = &self.layout.sections[section as usize];
        let (length_cm, store_cm, capacity) = (fixed.length_cm, fixed.store_cm, fixed.capacity);
        let queue = &self.queues[section as usize];
        if queue.live == 0 && queue.ghosts == 0 {
            return (queue.last_in_ms + gap_ms).max(self.now_ms);
        }
        if queue.live > 0
            && (queue.live_cm > store_cm
                || queue.live + 2 > capacity
                || clear_cm > 0 && queue.live_cm + clear_cm > length_cm && self.stands(section))
        {
            return NEVER;
        }
        let queue = &self.queues[section as usize];
        let mut over_cm = queue.used_cm - store_cm;
        let mut at_ms = self.now_ms.max(queue.last_in_ms + gap_ms);
        let mut i = 0;
        while over_cm > 0 && i < u32::from(queue.ghosts) {
            let ghost = self.ring[self.place(section, i)];
            over_cm -= i32::from(ghost.space_cm);
            at_ms = at_ms.max(ghost.at_ms);
            i += 1;
        }
        if over_cm > 0 { NEVER } else { at_ms }
    }

    /// Whether who is in a section stands, and will for a while.
    pub(super) fn stands(&self, section: u32) -> bool {
        let queue = &self.queues[section as usize];
        match queue.state {
            State::Driving | State::Stopped => {
                queue.ready_ms > self.now_ms + STANDS_MS && self.entry(section, 0).at_ms < self.now_ms
            }
            State::Gap | State::Room => self.now_ms > queue.since_ms.saturating_add(HALT_MS),
        }
    }

    /// Puts a vehicle in at the end; `false` where the ring is full (which forced moves alone could do).
    pub(super) fn push(&mut self, section: u32, entry: Entry) -> bool {
        let capacity = self.layout.sections[section as usize].capacity;
        let queue = self.queues[section as usize];
        if queue.ghosts + queue.live >= capacity {
            self.purge(section);
        }
        let queue = self.queues[section as usize];
        if queue.ghosts + queue.live >= capacity {
            if queue.ghosts == 0 {
                return false;
            }
            let oldest = self.ring[self.place(section, 0)];
            self.drop_ghost(section, oldest.space_cm);
        }
        let queue = self.queues[section as usize];
        let place = self.place(section, u32::from(queue.ghosts + queue.live));
        self.ring[place] = entry;
        let queue = &mut self.queues[section as usize];
        queue.live += 1;
        queue.used_cm += i32::from(entry.space_cm);
        queue.live_cm += i32::from(entry.space_cm);
        queue.last_in_ms = self.now_ms;
        queue.tail_ms = entry.at_ms;
        true
    }

    /// Takes a vehicle out of the middle of a queue, its room at once.
    pub(super) fn take_out(&mut self, section: u32, place: u32) {
        let entry = self.entry(section, place);
        let (ghosts, live) = {
            let queue = &self.queues[section as usize];
            (u32::from(queue.ghosts), u32::from(queue.live))
        };
        for i in place..live - 1 {
            let (at, next) = (self.place(section, ghosts + i), self.place(section, ghosts + i + 1));
            self.ring[at] = self.ring[next];
        }
        let queue = &mut self.queues[section as usize];
        queue.live -= 1;
        queue.live_cm -= i32::from(entry.space_cm);
        queue.used_cm -= i32::from(entry.space_cm);
        if place == 0 {
            self.leave_wait(section);
            self.next_head(section);
        }
        if self.queues[section as usize].first_waiter != NONE {
            self.hand_on(section);
        }
    }

    /// Takes the head out; its room is on its way back.
    pub(super) fn pop(&mut self, section: u32) -> Entry {
        let place = self.place(section, u32::from(self.queues[section as usize].ghosts));
        let entry = self.ring[place];
        let hole_ms = self.layout.sections[section as usize].hole_ms;
        self.ring[place].at_ms = self.now_ms.saturating_add(hole_ms);
        let queue = &mut self.queues[section as usize];
        queue.ghosts += 1;
        queue.live -= 1;
        queue.live_cm -= i32::from(entry.space_cm);
        entry
    }
}
