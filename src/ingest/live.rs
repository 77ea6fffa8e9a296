//! What waits for the twin: per sensor the newest alone, so that neither a burst nor a twin that stands still can fill it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use citytwin_model::{Quality, Reading, SensorId};

/// News of a sensor.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    /// Its newest reading.
    Reading(Reading),
    /// Its value stays; this is to be thought of it now.
    Quality { sensor: SensorId, quality: Quality },
}

impl Change {
    pub const fn sensor(&self) -> SensorId {
        match self {
            Self::Reading(reading) => reading.sensor,
            Self::Quality { sensor, .. } => *sensor,
        }
    }
}

/// The news of all sensors, in the order in which they first had some. Safe to share between threads.
#[derive(Debug)]
pub struct Live(Mutex<Waiting>);

#[derive(Debug)]
struct Waiting {
    /// By sensor.
    news: Vec<Option<Change>>,
    order: VecDeque<SensorId>,
    conflated: u64,
}

impl Live {
    /// Of a city with so many sensors.
    pub fn new(sensors: usize) -> Self {
        let news = std::iter::repeat_with(|| None).take(sensors).collect();
        Self(Mutex::new(Waiting { news, order: VecDeque::with_capacity(sensors), conflated: 0 }))
    }

    /// Takes up to `limit` changes, those that have waited longest first.
    pub fn take(&self, limit: usize) -> Vec<Change> {
        let mut waiting = self.lock();
        let count = limit.min(waiting.order.len());
        let Waiting { news, order, .. } = &mut *waiting;
        order.drain(..count).filter_map(|sensor| news[sensor.index()].take()).collect()
    }

    /// How many sensors have news.
    pub fn len(&self) -> usize {
        self.lock().order.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Readings that gave way to a newer one before they were taken.
    pub fn conflated(&self) -> u64 {
        self.lock().conflated
    }

    /// Adds changes of which each is newer than all before of its sensor. Sensors that the city has not are passed over.
    pub(crate) fn put(&self, changes: impl IntoIterator<Item = Change>) {
        let mut waiting = self.lock();
        let Waiting { news, order, conflated } = &mut *waiting;
        for change in changes {
            let sensor = change.sensor();
            let Some(slot) = news.get_mut(sensor.index()) else { continue };
            match (slot.as_mut(), change) {
                (None, change) => {
                    *slot = Some(change);
                    order.push_back(sensor);
                }
                (Some(Change::Reading(reading)), Change::Quality { quality, .. }) => reading.quality = quality,
                (Some(old), change) => {
                    *conflated += u64::from(matches!(old, Change::Reading(_)));
                    *old = change;
                }
            }
        }
    }

    /// A thread that panicked while holding it left changes that are still true.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use citytwin_model::{Quantity, Timestamp};

    use super::*;

    fn reading(sensor: u32, value: f64) -> Change {
        let at: Timestamp = "2024-05-01T12:00:00Z".parse().unwrap();
        Change::Reading(Reading {
            sensor: SensorId(sensor),
            quantity: Quantity::Speed,
            value,
            observed_at: at,
            received_at: at,
            quality: Quality::Good,
            emulated: false,
            made_by: citytwin_model::MadeBy::default(),
        })
    }

    fn values(changes: &[Change]) -> Vec<(u32, f64, Quality)> {
        let value = |change: &Change| match change {
            Change::Reading(reading) => (reading.sensor.0, reading.value, reading.quality),
            Change::Quality { sensor, quality } => (sensor.0, f64::NAN, *quality),
        };
        changes.iter().map(value).collect()
    }

    #[test]
    fn the_newest_of_each_sensor_waits_however_many_came() {
        let live = Live::new(3);
        live.put((0..1000).map(|n| reading(n % 2, f64::from(n))));
        live.put([reading(7, 1.0)]);
        assert_eq!((live.len(), live.conflated()), (2, 998));
        assert_eq!(values(&live.take(1)), [(0, 998.0, Quality::Good)]);
        live.put([reading(0, 5.0)]);
        assert_eq!(values(&live.take(9)), [(1, 999.0, Quality::Good), (0, 5.0, Quality::Good)]);
        assert!(live.is_empty() && live.take(9).is_empty());
    }

    #[test]
    fn a_quality_joins_the_reading_that_waits() {
        let live = Live::new(3);
        let stale = Change::Quality { sensor: SensorId(1), quality: Quality::Stale };
        live.put([reading(1, 2.0), stale.clone()]);
        assert_eq!(values(&live.take(9)), [(1, 2.0, Quality::Stale)]);
        live.put([stale.clone()]);
        assert_eq!(live.take(9), std::slice::from_ref(&stale));
        live.put([stale, reading(1, 3.0)]);
        assert_eq!(values(&live.take(9)), [(1, 3.0, Quality::Good)]);
        assert_eq!(live.conflated(), 0);
    }
}
