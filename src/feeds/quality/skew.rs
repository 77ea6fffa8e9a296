//! How far a device's clock is off. Delay makes stamps look old, never young: over some readings, the largest of
//! observed minus received time is the clock's error less the shortest delay.

/// Readings of one window; the estimate is of the running window and the one before.
const WINDOW: u32 = 32;
/// Readings before an estimate is told.
const FEWEST: u32 = 3;
/// Errors smaller than this are no wrong clock, second.
const NOTICED_S: f64 = 60.0;

/// What is known of a device's clock.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Skew {
    /// Clock minus true time, second; too small by the shortest delay of the connection. A device that always sends
    /// late looks like one whose clock is behind.
    pub offset_s: f64,
    /// Whether it is off by more than a minute.
    pub wrong: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    current_us: i64,
    previous_us: i64,
    count: u32,
    total: u32,
}

impl Default for Clock {
    fn default() -> Self {
        Self { current_us: i64::MIN, previous_us: i64::MIN, count: 0, total: 0 }
    }
}

impl Clock {
    pub fn observe(&mut self, observed_us: i64, received_us: i64) {
        if self.count == WINDOW {
            self.previous_us = self.current_us;
            self.current_us = i64::MIN;
            self.count = 0;
        }
        self.current_us = self.current_us.max(observed_us.saturating_sub(received_us));
        self.count += 1;
        self.total = self.total.saturating_add(1);
    }

    pub fn skew(&self) -> Option<Skew> {
        let offset_s = self.current_us.max(self.previous_us) as f64 / 1e6;
        (self.total >= FEWEST).then_some(Skew { offset_s, wrong: offset_s.abs() > NOTICED_S })
    }
}
