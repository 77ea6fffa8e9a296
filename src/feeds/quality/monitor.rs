//! Judges every reading of a city as it comes, and says which values have grown old.

use citytwin_model::{Quality, Reading, Sensor, SensorId, Timestamp};

use super::{
    deadlines::Deadlines,
    limits::Limits,
    seen::Seen,
    sensor::{Live, SensorState},
    skew::{Clock, Skew},
};
use crate::mapping::{DeviceId, MappedReading, QualityLimits};

/// How far a stamp may run ahead of receipt before it is uncertain, microsecond.
const MAX_AHEAD_US: i64 = 60_000_000;

/// A reading as it comes to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'r> {
    pub reading: &'r Reading,
    pub source: u16,
    pub device: Option<DeviceId>,
    /// Stored by the device and sent later: history, and no witness of its clock.
    pub historical: bool,
    pub ttl_s: Option<f64>,
    pub limits: QualityLimits,
    /// Its quality was found when it came first: order and age alone are looked at.
    pub judged: bool,
}

impl<'r> From<&'r MappedReading> for Arrival<'r> {
    fn from(mapped: &'r MappedReading) -> Self {
        Self {
            reading: &mapped.reading,
            source: mapped.source,
            device: mapped.device,
            historical: mapped.historical,
            ttl_s: mapped.ttl_s,
            limits: mapped.limits,
            judged: false,
        }
    }
}

impl Arrival<'_> {
    fn found(&self, doubts: Doubts) -> Quality {
        let declared = self.reading.quality;
        if self.judged { declared } else { lowered(declared, doubts) }
    }
}

/// Where a reading belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The newest of its sensor: shown, and kept.
    Live,
    /// Older than the live value: kept alone.
    History,
    /// Came before: neither.
    Duplicate,
    /// Of a sensor that the city does not have: neither.
    Unknown,
}

/// One reason to doubt a reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Doubt {
    /// Outside what the quantity plausibly is: bad.
    Range = 1,
    /// Too far from the reading before: uncertain.
    Step = 2,
    /// On one value for too long: uncertain.
    Flat = 4,
    /// Stamped in the future: uncertain.
    Future = 8,
}

/// The reasons to doubt a reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Doubts(u8);

impl Doubts {
    /// Whether a reason is among them.
    pub const fn has(self, doubt: Doubt) -> bool {
        self.0 & doubt as u8 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn add(&mut self, doubt: Doubt, applies: bool) {
        if applies {
            self.0 |= doubt as u8;
        }
    }
}

/// What becomes of a reading.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Verdict {
    pub place: Place,
    /// The declared quality, lowered by the checks; never `Stale` by age.
    pub quality: Quality,
    pub doubts: Doubts,
    /// Live, yet older than its life already when it came.
    pub stale: bool,
}

/// The state of all sensors of a city.
#[derive(Debug)]
pub struct Monitor {
    sensors: Vec<SensorState>,
    clocks: Vec<Clock>,
    seen: Seen,
    deadlines: Deadlines,
    down: Vec<bool>,
    /// How many times slower than declared all sensors speak.
    pace: f64,
}

impl Monitor {
    /// Watches the sensors of a city from `start` on. Ids must be positions, as [`citytwin_model::City`] has them.
    pub fn new(sensors: &[Sensor], start: Timestamp) -> Self {
        let start_us = start.as_microsecond();
        let state = |sensor: &Sensor| SensorState::new(sensor.interval_s, sensor.stale_after_s, start_us);
        Self {
            sensors: sensors.iter().map(state).collect(),
            clocks: Vec::new(),
            seen: Seen::default(),
            deadlines: Deadlines::default(),
            down: Vec::new(),
            pace: 1.0,
        }
    }

    /// Judges one reading and remembers it.
    pub fn apply(&mut self, arrival: Arrival<'_>) -> Verdict {
        let reading = arrival.reading;
        let (observed_us, received_us) = (reading.observed_at.as_microsecond(), reading.received_at.as_microsecond());
        let mut verdict =
            Verdict { place: Place::Unknown, quality: reading.quality, doubts: Doubts::default(), stale: false };
        if reading.sensor.index() >= self.sensors.len() {
            return verdict;
        }
        if !self.seen.insert(reading.sensor, observed_us) {
            verdict.place = Place::Duplicate;
            return verdict;
        }
        if let Some(device) = arrival.device.filter(|_| !arrival.historical) {
            self.clock(device).observe(observed_us, received_us);
        }
        let limits = Limits::of(reading.quantity).with(arrival.limits);
        let state = &mut self.sensors[reading.sensor.index()];
        let order_us = observed_us.min(received_us);
        state.source = arrival.source;
        state.slots.book(order_us);
        verdict.doubts.add(Doubt::Future, observed_us.saturating_sub(received_us) > MAX_AHEAD_US);
        verdict.doubts.add(Doubt::Range, reading.value < limits.low || reading.value > limits.high);
        let newer = state.live.is_none_or(|live| (order_us, observed_us) > (live.order_us, live.observed_us));
        verdict.place = if newer && !arrival.historical { Place::Live } else { Place::History };
        if verdict.place == Place::Live {
            self.take_live(arrival, (order_us, observed_us, received_us), &limits, &mut verdict);
        } else {
            verdict.quality = arrival.found(verdict.doubts);
        }
        verdict
    }

    fn take_live(
        &mut self,
        arrival: Arrival<'_>,
        (order_us, observed_us, received_us): (i64, i64, i64),
        limits: &Limits,
        verdict: &mut Verdict,
    ) {
        let reading = arrival.reading;
        let state = &mut self.sensors[reading.sensor.index()];
        if let Some(before) = state.live {
            let after_s = (order_us - before.order_us) as f64 / 1e6;
            verdict.doubts.add(Doubt::Step, (reading.value - before.value).abs() > limits.change(after_s));
            if after_s > 0.0 {
                state.learn(after_s);
            }
        }
        verdict.doubts.add(Doubt::Flat, state.stands_still(reading.value, order_us, limits));
        verdict.quality = arrival.found(verdict.doubts);
        if let Some(ttl_s) = arrival.ttl_s {
            state.ttl_s = ttl_s as f32;
        }
        state.live = Some(Live { order_us, observed_us, value: reading.value, quality: verdict.quality });
        let stale_us = stale_us(state, self.pace).unwrap_or(i64::MAX);
        state.stale = received_us > stale_us || reading.quality == Quality::Stale;
        verdict.stale = state.stale;
        // Only a life that has become shorter needs an earlier look.
        if !state.stale && stale_us < state.scheduled_us {
            state.scheduled_us = stale_us;
            self.deadlines.put(stale_us, reading.sensor);
        }
    }

    /// The sensors whose values have grown stale by `now`, in the order in which they did. Each is told once, until it
    /// speaks again.
    pub fn advance(&mut self, now: Timestamp) -> Vec<SensorId> {
        let now_us = now.as_microsecond();
        let mut stale = Vec::new();
        while let Some((at_us, sensor)) = self.deadlines.due(now_us.saturating_sub(1)) {
            let state = &mut self.sensors[sensor.index()];
            if at_us != state.scheduled_us {
                continue;
            }
            state.scheduled_us = i64::MAX;
            match stale_us(state, self.pace) {
                _ if state.stale => {}
                Some(due_us) if due_us < now_us => {
                    state.stale = true;
                    stale.push(sensor);
                }
                Some(due_us) => {
                    state.scheduled_us = due_us;
                    self.deadlines.put(due_us, sensor);
                }
                None => {}
            }
        }
        stale
    }

    /// All sensors speak this many times slower than they declare, at least 1: an emulator beside a clock that runs faster
    /// than wires carry. Declared lives stretch by it, learned intervals show it by themselves.
    pub fn set_pace(&mut self, pace: f64) {
        self.pace = if pace.is_finite() { pace.max(1.0) } else { 1.0 };
    }

    /// A device said that these hold no longer. Returns those that held.
    pub fn mark_stale(&mut self, sensors: &[SensorId]) -> Vec<SensorId> {
        let mut marked = sensors.to_vec();
        marked.retain(|sensor| match self.sensors.get_mut(sensor.index()) {
            Some(state) => state.live.is_some() && !std::mem::replace(&mut state.stale, true),
            None => false,
        });
        marked
    }

    /// A source was lost or found again. Returns the sensors that last spoke through it.
    pub fn set_source(&mut self, source: u16, up: bool) -> Vec<SensorId> {
        let at = usize::from(source);
        if self.down.len() <= at {
            self.down.resize(at + 1, false);
        }
        self.down[at] = !up;
        let sensors =
            self.sensors.iter().enumerate().filter(|(_, state)| state.live.is_some() && state.source == source);
        sensors.map(|(index, _)| SensorId::from_index(index)).collect()
    }

    /// What is to be thought of a sensor's live value now: as judged, stale when it is too old, at best uncertain
    /// while its source is down. `None` when there is none.
    pub fn quality(&self, sensor: SensorId) -> Option<Quality> {
        let state = self.sensors.get(sensor.index())?;
        let live = state.live?;
        let down = self.down.get(usize::from(state.source)).copied().unwrap_or(false);
        Some(match live.quality {
            _ if state.stale => Quality::Stale,
            Quality::Good if down => Quality::Uncertain,
            quality => quality,
        })
    }

    /// The learned (at first the declared) interval and the life of a sensor's values, second.
    pub fn interval_and_life_s(&self, sensor: SensorId) -> Option<(f64, f64)> {
        self.sensors.get(sensor.index()).map(|state| (state.interval_s(), state.life_s(self.pace)))
    }

    /// What is known of a device's clock, after three readings.
    pub fn skew(&self, device: DeviceId) -> Option<Skew> {
        self.clocks.get(device.0 as usize)?.skew()
    }

    /// The devices whose clocks are off by more than a minute.
    pub fn wrong_clocks(&self) -> impl Iterator<Item = (DeviceId, Skew)> + '_ {
        (0..).zip(&self.clocks).filter_map(|(id, clock)| Some((DeviceId(id), clock.skew().filter(|skew| skew.wrong)?)))
    }

    /// The share of due readings that came, 0 to 1, over a sensor or all sensors of a district; `None` before a slot
    /// was watched in full, and while sensors speak slower than declared.
    pub fn completeness(&self, sensors: impl IntoIterator<Item = SensorId>, now: Timestamp) -> Option<f64> {
        if self.pace > 1.0 {
            return None;
        }
        let now_us = now.as_microsecond();
        let states = sensors.into_iter().filter_map(|sensor| self.sensors.get(sensor.index()));
        let (came, due) = states.fold((0.0, 0.0), |(came, due), state| {
            let (c, d) = state.slots.came_of_due(now_us);
            (came + c, due + d)
        });
        (due > 0.0).then(|| came / due)
    }

    fn clock(&mut self, device: DeviceId) -> &mut Clock {
        let at = device.0 as usize;
        if self.clocks.len() <= at {
            self.clocks.resize(at + 1, Clock::default());
        }
        &mut self.clocks[at]
    }
}

/// When a sensor's live value grows stale, microsecond.
fn stale_us(state: &SensorState, pace: f64) -> Option<i64> {
    let life_us = (state.life_s(pace) * 1e6) as i64;
    state.live.map(|live| live.order_us.saturating_add(life_us))
}

/// A quality under doubts; never raised.
const fn lowered(declared: Quality, doubts: Doubts) -> Quality {
    match declared {
        Quality::Good | Quality::Uncertain if doubts.has(Doubt::Range) => Quality::Bad,
        Quality::Good if !doubts.is_empty() => Quality::Uncertain,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use citytwin_model::{Coord, Quantity, SourceRef};

    use super::*;

    /// A sensor that speaks a hundred thousand times is in the queue once.
    #[test]
    fn the_queue_does_not_grow_with_readings() {
        let sensor = Sensor {
            id: SensorId(0),
            source: SourceRef::local("sensor", "a"),
            name: String::new(),
            quantity: Quantity::Speed,
            at: Coord { x: 0.0, y: 0.0 },
            observes: None,
            topic: String::new(),
            interval_s: 10.0,
            stale_after_s: 40.0,
        };
        let start: Timestamp = "2024-05-01T12:00:00Z".parse().unwrap();
        let mut monitor = Monitor::new(&[sensor], start);
        for second in 0..100_000 {
            let at = Timestamp::from_second(start.as_second() + second).unwrap();
            let reading = Reading {
                sensor: SensorId(0),
                quantity: Quantity::Speed,
                value: second as f64 % 50.0,
                observed_at: at,
                received_at: at,
                quality: Quality::Good,
                emulated: false,
                made_by: citytwin_model::MadeBy::default(),
            };
            let limits = QualityLimits::default();
            let arrival = Arrival {
                reading: &reading,
                source: 0,
                device: None,
                historical: false,
                ttl_s: None,
                limits,
                judged: false,
            };
            monitor.apply(arrival);
            assert_eq!(monitor.advance(at), []);
            assert!(monitor.deadlines.len() <= 2);
        }
    }
}
