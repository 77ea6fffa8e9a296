//! What is remembered of one sensor: some 200 bytes.

use citytwin_model::Quality;

use super::{completeness::Slots, limits::Limits};

/// Intervals whose median is the learned one.
const INTERVALS: usize = 9;
/// Intervals that must be known before the declared one is left.
const FEWEST: usize = 3;
/// Readings on one value before it counts as flat.
const FLAT_READINGS: u32 = 4;
/// A value is stale after so many intervals without a new one.
const LIVES: f64 = 3.0;

#[derive(Clone, Copy, Debug)]
pub(super) struct SensorState {
    pub live: Option<Live>,
    pub source: u16,
    pub stale: bool,
    /// Declared life, second.
    pub ttl_s: f32,
    declared_interval_s: f32,
    intervals_s: [f32; INTERVALS],
    intervals: u32,
    /// The entry of the queue that counts, microsecond; others are passed over.
    pub scheduled_us: i64,
    flat_value: f64,
    flat_since_us: i64,
    flat_readings: u32,
    pub slots: Slots,
}

/// The reading that counts now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Live {
    /// Its place in time: the earlier of observed and received, microsecond.
    pub order_us: i64,
    pub observed_us: i64,
    pub value: f64,
    pub quality: Quality,
}

impl SensorState {
    pub fn new(interval_s: f64, stale_after_s: f64, start_us: i64) -> Self {
        let usable = |s: f64, other: f64| if s.is_finite() && s > 0.0 { s } else { other };
        let interval_s = usable(interval_s, 60.0);
        Self {
            live: None,
            source: u16::MAX,
            stale: false,
            ttl_s: usable(stale_after_s, 0.0) as f32,
            declared_interval_s: interval_s as f32,
            intervals_s: [0.0; INTERVALS],
            intervals: 0,
            scheduled_us: i64::MAX,
            flat_value: 0.0,
            flat_since_us: 0,
            flat_readings: 0,
            slots: Slots::new(interval_s, start_us),
        }
    }

    /// The learned interval, or the declared one as long as little is known, second.
    pub fn interval_s(&self) -> f64 {
        let known = (self.intervals as usize).min(INTERVALS);
        if known < FEWEST {
            return f64::from(self.declared_interval_s);
        }
        let mut sorted = self.intervals_s;
        let sorted = &mut sorted[..known];
        sorted.sort_unstable_by(f32::total_cmp);
        f64::from(sorted[known / 2])
    }

    /// How long a value lives, second.
    pub fn life_s(&self, pace: f64) -> f64 {
        let declared_s = f64::from(self.ttl_s).max(LIVES * f64::from(self.declared_interval_s));
        let stretched_s = if pace > 1.0 { pace * declared_s } else { f64::from(self.ttl_s) };
        (LIVES * self.interval_s()).max(stretched_s)
    }

    pub fn learn(&mut self, interval_s: f64) {
        self.intervals_s[self.intervals as usize % INTERVALS] = interval_s as f32;
        // Counts on in steps of the ring, so that it never overflows.
        self.intervals =
            if self.intervals as usize >= 2 * INTERVALS - 1 { INTERVALS as u32 } else { self.intervals + 1 };
    }

    /// Whether the newest value stands where values have stood for too long.
    pub fn stands_still(&mut self, value: f64, order_us: i64, limits: &Limits) -> bool {
        if self.flat_readings == 0 || (value - self.flat_value).abs() > limits.flat_within {
            (self.flat_value, self.flat_since_us, self.flat_readings) = (value, order_us, 1);
            return false;
        }
        self.flat_readings = self.flat_readings.saturating_add(1);
        let stood_s = (order_us - self.flat_since_us) as f64 / 1e6;
        stood_s >= limits.flat_after_s && self.flat_readings >= FLAT_READINGS && limits.flat_except != Some(value)
    }
}
