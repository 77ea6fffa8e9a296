//! When sensors are to be looked at. A reading moves its sensor's deadline without touching the queue: an entry that
//! comes up early is put back. So a reading costs nothing here, and a sensor that speaks comes up once per life.

use std::{cmp::Reverse, collections::BinaryHeap};

use citytwin_model::SensorId;

/// Entries by time, microsecond since 1970; of equal times, by sensor.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    queue: BinaryHeap<Reverse<(i64, u32)>>,
}

impl Deadlines {
    pub fn put(&mut self, at_us: i64, sensor: SensorId) {
        self.queue.push(Reverse((at_us, sensor.0)));
    }

    /// The next entry that is due, with its time.
    pub fn due(&mut self, now_us: i64) -> Option<(i64, SensorId)> {
        let Reverse((at_us, sensor)) = *self.queue.peek()?;
        if at_us > now_us {
            return None;
        }
        self.queue.pop();
        Some((at_us, SensorId(sensor)))
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.queue.len()
    }
}
