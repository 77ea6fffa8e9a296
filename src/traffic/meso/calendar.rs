//! What happens next: a ring of short time slots, each put in order when it comes.
//!
//! Events of one millisecond come by their object's number, so the order is fixed whatever order they were put in.

/// Slot width, as a power of two of milliseconds: so few events in one that what is read ahead for them stays near. (On a city of
/// 85,000 trips an hour four times as wide takes a tenth more time, twice as wide the same.)
const WIDTH: u32 = 6;
/// Slots; what lies beyond comes at the last and is put in again by who asked for it.
const SLOTS: usize = 4096;

#[derive(Clone, Debug)]
pub struct Calendar {
    slots: Vec<Vec<u64>>,
    /// Number of the slot being emptied, and the rest of it, last first.
    slot: u32,
    rest: Vec<u64>,
    turned: bool,
}

impl Calendar {
    pub fn new() -> Self {
        Self { slots: vec![Vec::new(); SLOTS], slot: 0, rest: Vec::new(), turned: false }
    }

    /// Puts an event in; returns its time, which is earlier than asked where that is beyond the ring.
    #[inline]
    pub fn put(&mut self, at_ms: u32, object: u32) -> u32 {
        let slot = at_ms >> WIDTH;
        if slot <= self.slot {
            let key = key(at_ms, object);
            let place = self.rest.partition_point(|other| *other > key);
            self.rest.insert(place, key);
            return at_ms;
        }
        let farthest = self.slot + SLOTS as u32 - 1;
        let at_ms = if slot > farthest { farthest << WIDTH } else { at_ms };
        self.slots[(at_ms >> WIDTH) as usize % SLOTS].push(key(at_ms, object));
        at_ms
    }

    /// The objects due in a slot that has just been begun; once per slot.
    #[inline]
    pub fn turned(&mut self, due: &mut Vec<u32>) -> bool {
        if self.turned {
            due.clear();
            due.extend(self.rest.iter().map(|key| *key as u32));
        }
        std::mem::take(&mut self.turned)
    }

    /// Time and object of the next event not after `until_ms`; it stays until it is taken.
    #[inline]
    pub fn peek(&mut self, until_ms: u32) -> Option<(u32, u32)> {
        loop {
            if let Some(key) = self.rest.last() {
                let at_ms = (key >> 32) as u32;
                if at_ms > until_ms {
                    return None;
                }
                return Some((at_ms, *key as u32));
            }
            if self.slot >= until_ms >> WIDTH {
                return None;
            }
            self.slot += 1;
            std::mem::swap(&mut self.rest, &mut self.slots[self.slot as usize % SLOTS]);
            self.rest.sort_unstable_by(|a, b| b.cmp(a));
            self.turned = true;
        }
    }
    #[inline]
    pub fn take(&mut self) {
        self.rest.pop();
    }
}

fn key(at_ms: u32, object: u32) -> u64 {
    u64::from(at_ms) << 32 | u64::from(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_then_object_and_no_later_than_asked() {
        let mut calendar = Calendar::new();
        for (at, object) in [(500, 2), (500, 1), (3, 9), (90_000, 4), (9_000_000, 5)] {
            calendar.put(at, object);
        }
        let next = |calendar: &mut Calendar, until| {
            let event = calendar.peek(until);
            event.inspect(|_| calendar.take())
        };
        assert_eq!(next(&mut calendar, 400), Some((3, 9)));
        assert_eq!(next(&mut calendar, 400), None);
        calendar.put(450, 7);
        let mut seen = Vec::new();
        while let Some((at, object)) = next(&mut calendar, 100_000) {
            seen.push((at, object));
        }
        assert_eq!(seen, [(450, 7), (500, 1), (500, 2), (90_000, 4)]);
        let (at, object) = next(&mut calendar, 10_000_000).expect("the far one");
        assert!(at < 9_000_000 && object == 5);
    }
}
