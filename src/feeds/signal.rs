//! What a city's sensors would see on a usual day, for trials without a simulation behind them: a level per sensor from
//! the seed, a course of the day per quantity, and a slow wander. No model: shapes and sizes are assumptions, close
//! enough that range, step and flat checks find what they find in real readings.

use std::f64::consts::TAU;

use citytwin_model::{
    Quantity, Sensor, SensorId, Timestamp,
    time::{LocalTime, TimeZone},
};

use crate::emulation::mix;

/// Period of the slow wander, second.
const WANDER_S: f64 = 1800.0;
/// Hours of the peaks of people's doings, and how wide they are, hour.
const MORNING_H: f64 = 7.8;
const EVENING_H: f64 = 17.3;
const PEAK_WIDTH_H: f64 = 1.8;

/// Signals of a city's sensors; equal seeds give equal ones.
#[derive(Clone, Debug)]
pub struct Signals {
    /// By sensor: quantity, level and phase, both from 0 to 1.
    sensors: Vec<Option<(Quantity, f64, f64)>>,
    timezone: TimeZone,
}

impl Signals {
    /// `timezone` is the city's: days have their course by its clock.
    pub fn new(sensors: &[Sensor], seed: u64, timezone: TimeZone) -> Self {
        let size = sensors.iter().map(|sensor| sensor.id.index() + 1).max().unwrap_or(0);
        let mut known = vec![None; size];
        for sensor in sensors {
            let drawn = |of: u64| mix(mix(seed ^ of) ^ u64::from(sensor.id.0)) as f64 / u64::MAX as f64;
            known[sensor.id.index()] = Some((sensor.quantity, drawn(0x1e7e1), drawn(0xfa5e)));
        }
        Self { sensors: known, timezone }
    }

    /// The true value at a sensor, in its quantity's unit; `None` of a sensor that the city has not.
    pub fn truth(&self, sensor: SensorId, at: Timestamp) -> Option<f64> {
        let (quantity, level, phase) = (*self.sensors.get(sensor.index())?)?;
        let hour = LocalTime::of(at, &self.timezone).hour();
        let turns = at.as_millisecond() as f64 / (1000.0 * WANDER_S) + phase;
        let wander = (TAU * turns.fract()).sin();
        let (low, high) = quantity.possible();
        Some(course(quantity, level, hour, wander).clamp(low, high))
    }
}

/// How busy people are, 0 to 1.
fn bustle(hour: f64) -> f64 {
    let peak = |at: f64| (-((hour - at) / PEAK_WIDTH_H).powi(2)).exp();
    let day = (-((hour - 13.0) / 5.0).powi(2)).exp();
    0.05 + 0.95 * peak(MORNING_H).max(0.9 * peak(EVENING_H)).max(0.6 * day)
}

/// How high the sun stands, 0 to 1, with a day from six to six.
fn sun(hour: f64) -> f64 {
    (TAU * (hour - 6.0) / 24.0).sin().max(0.0)
}

/// `level` from 0 to 1 tells one sensor from another, `wander` from -1 to 1.
fn course(quantity: Quantity, level: f64, hour: f64, wander: f64) -> f64 {
    let (busy, sunny) = (bustle(hour), sun(hour));
    match quantity {
        Quantity::VehicleFlow => (150.0 + 1200.0 * level) * busy * (1.0 + 0.1 * wander),
        Quantity::Speed => (30.0 + 40.0 * level) * (1.0 - 0.35 * busy) + 2.0 * wander,
        Quantity::ActivePower => (30e3 + 300e3 * level) * (0.4 + 0.6 * busy) * (1.0 + 0.05 * wander),
        Quantity::Voltage => 230.0 + 4.0 * (level - 0.5) - 5.0 * busy + 0.8 * wander,
        Quantity::AirTemperature => 11.0 + 3.0 * level + 5.0 * (TAU * (hour - 9.0) / 24.0).sin() + 0.3 * wander,
        Quantity::Irradiance => 850.0 * sunny * (0.85 + 0.1 * level + 0.05 * wander),
        Quantity::Pm25 => (5.0 + 10.0 * level) * (0.7 + 0.5 * busy) + 0.5 * wander,
        Quantity::Pm10 => (9.0 + 16.0 * level) * (0.7 + 0.5 * busy) + 0.8 * wander,
        Quantity::No2 => (8.0 + 25.0 * level) * (0.4 + busy) + wander,
        Quantity::Nox => (12.0 + 50.0 * level) * (0.4 + busy) + 2.0 * wander,
        Quantity::Ozone => 25.0 + 60.0 * sunny * (0.8 + 0.2 * level) + 2.0 * wander,
        Quantity::Benzene => (0.3 + 1.2 * level) * (0.4 + busy) + 0.05 * wander,
        Quantity::CarbonMonoxide => (0.2 + 0.5 * level) * (0.4 + busy) + 0.02 * wander,
        Quantity::Noise => 44.0 + 14.0 * level + 12.0 * busy + wander,
        Quantity::RelativeHumidity => 75.0 - 20.0 * sunny + 8.0 * (level - 0.5) + 1.5 * wander,
        Quantity::WindSpeed => 1.5 + 3.0 * level + 1.5 * sunny + 0.6 * wander,
        // Showers now and then.
        Quantity::Precipitation => (8.0 * (wander - 0.85)).max(0.0) * (0.5 + level),
        Quantity::Occupancy => (5.0 + 25.0 * level) * busy + wander,
        // Bicycles leave in the morning and come back in the evening.
        Quantity::VehiclesAvailable => (8.0 + 14.0 * level - 7.0 * busy + wander).round(),
        Quantity::DocksAvailable => (6.0 + 10.0 * (1.0 - level) + 7.0 * busy - wander).round(),
    }
}

#[cfg(test)]
mod tests {
    use citytwin_model::{Coord, SourceRef};

    use super::*;
    use crate::quality::{Arrival, Doubt, Monitor};

    fn sensors() -> Vec<Sensor> {
        let sensor = |id: u32| {
            let quantity = Quantity::ALL[id as usize % Quantity::ALL.len()];
            Sensor {
                id: SensorId(id),
                source: SourceRef::local("sensor", &id.to_string()),
                name: String::new(),
                quantity,
                at: Coord { x: 0.0, y: 0.0 },
                observes: None,
                topic: format!("citytwin/demo/{id}/{quantity}"),
                interval_s: 60.0,
                stale_after_s: 180.0,
            }
        };
        (0..200).map(sensor).collect()
    }

    /// A day of every quantity, a reading a minute, with the noise of devices: inside what the quantity plausibly is,
    /// never on one value for hours; the noise of a few may be a step.
    #[test]
    fn a_day_passes_the_checks_of_quality() {
        let sensors = sensors();
        let signals = Signals::new(&sensors, 5, TimeZone::get("Europe/Berlin").unwrap());
        let emulation = crate::Emulation::new(&sensors, 5);
        let start: Timestamp = "2026-05-04T00:00:00Z".parse().unwrap();
        let mut monitor = Monitor::new(&sensors, start);
        let (mut readings, mut steps) = (0, 0);
        for minute in 0..1440 {
            let at = Timestamp::from_second(start.as_second() + 60 * minute).unwrap();
            for sensor in &sensors {
                let truth = signals.truth(sensor.id, at).unwrap();
                let Some(sample) = emulation.sample(sensor.id, truth, at) else { continue };
                let reading = citytwin_model::Reading {
                    sensor: sensor.id,
                    quantity: sensor.quantity,
                    value: sample.value,
                    observed_at: at,
                    received_at: at,
                    quality: sample.quality,
                    emulated: true,
                    made_by: citytwin_model::MadeBy::default(),
                };
                let (historical, limits) = (false, crate::mapping::QualityLimits::default());
                let arrival = Arrival {
                    reading: &reading,
                    source: 0,
                    device: None,
                    historical,
                    ttl_s: None,
                    limits,
                    judged: false,
                };
                let doubts = monitor.apply(arrival).doubts;
                assert!(!doubts.has(Doubt::Range) && !doubts.has(Doubt::Future), "{reading:?}");
                let rests = matches!(sensor.quantity, Quantity::Precipitation | Quantity::Irradiance);
                assert!(rests || !doubts.has(Doubt::Flat), "{reading:?}");
                readings += 1;
                steps += usize::from(doubts.has(Doubt::Step));
            }
        }
        assert!(readings > 270_000 && steps * 100 < readings, "{steps} steps in {readings} readings");
    }

    #[test]
    fn equal_seeds_give_equal_signals_and_sensors_differ() {
        let sensors = sensors();
        let at = "2026-05-04T07:00:00Z".parse().unwrap();
        let of = |seed: u64, sensor: u32| Signals::new(&sensors, seed, TimeZone::UTC).truth(SensorId(sensor), at);
        assert_eq!(of(1, 20), of(1, 20));
        assert_ne!(of(1, 20), of(2, 20));
        assert_ne!(of(1, 20), of(1, 40));
        assert_eq!(of(1, 999), None);
    }
}
