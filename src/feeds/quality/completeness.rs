//! How many of the readings that a sensor should have given it gave.

/// Slots that are kept, the running one included.
const SLOTS: i64 = 12;
/// The shortest slot, second.
const SHORTEST_S: f64 = 300.0;

/// Readings of the last slots of one sensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    counts: [u16; SLOTS as usize],
    /// The newest slot that something was booked in.
    head: i64,
    /// The first slot that was watched, not in full.
    first: i64,
    slot_us: i64,
    /// Readings that a slot should hold.
    expected: f32,
}

impl Slots {
    /// For a sensor that should speak every `interval_s` (positive), watched from `start_us` on.
    pub fn new(interval_s: f64, start_us: i64) -> Self {
        let slot_s = interval_s.max(SHORTEST_S);
        let slot_us = ((slot_s * 1e6) as i64).max(1);
        let first = start_us.div_euclid(slot_us);
        Self { counts: [0; SLOTS as usize], head: first, first, slot_us, expected: (slot_s / interval_s) as f32 }
    }

    /// Books a distinct reading; late ones count while their slot is kept.
    pub fn book(&mut self, observed_us: i64) {
        let slot = observed_us.div_euclid(self.slot_us);
        if slot > self.head {
            for passed in (self.head + 1).max(slot - SLOTS + 1)..=slot {
                self.counts[passed.rem_euclid(SLOTS) as usize] = 0;
            }
            self.head = slot;
        }
        if slot > self.head - SLOTS {
            let count = &mut self.counts[slot.rem_euclid(SLOTS) as usize];
            *count = count.saturating_add(1);
        }
    }

    /// Readings that came and readings that should have, in the last full slots.
    pub fn came_of_due(&self, now_us: i64) -> (f64, f64) {
        let running = now_us.div_euclid(self.slot_us);
        let (mut came, mut due) = (0.0, 0.0);
        for slot in (running - SLOTS + 1).max(self.first + 1)..running {
            due += f64::from(self.expected);
            if slot <= self.head && slot > self.head - SLOTS {
                let count = f64::from(self.counts[slot.rem_euclid(SLOTS) as usize]);
                came += count.min(f64::from(self.expected));
            }
        }
        (came, due)
    }
}
