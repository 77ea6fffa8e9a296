//! What devices would have published, had they stood in the simulated city: noise, dropouts, bad packets.
//! Pure: the same seed, sensor, value and time give the same packet, in any order of asking.

use citytwin_model::{Quality, Quantity, Sensor, SensorId, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::encode::{Sample, own_payload};

/// Share of windows in which a sensor is silent. Assumption: about 2 % of a city's detectors are out at any
/// time, so that a demo shows stale sensors.
const SILENT_SHARE: f64 = 0.02;
/// Shares of packets that a device marks itself. Assumption, as above.
const BAD_SHARE: f64 = 0.002;
const UNCERTAIN_SHARE: f64 = 0.01;
/// Shortest silence, second; it also outlasts the sensor's own stale threshold three times.
const SILENCE_S: f64 = 600.0;
/// Period over which a loop detector counts, second: five minutes, as in Caltrans PeMS and METR-LA.
const COUNTING_PERIOD_S: f64 = 300.0;
/// Above this mean a normal deviate stands in for the Poisson one (skewness below 0.2).
const NORMAL_ABOVE: f64 = 30.0;

/// A packet ready to publish.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EmulatedPacket {
    pub topic: String,
    pub payload: String,
}

/// The emulated devices of a city.
#[derive(Clone, Debug)]
pub struct Emulation {
    devices: Vec<Option<Device>>,
    seed: u64,
}

#[derive(Clone, Debug)]
struct Device {
    topic: String,
    quantity: Quantity,
    silence_s: f64,
}

impl Emulation {
    /// Devices for `sensors`. Equal seeds give equal packets.
    pub fn new(sensors: &[Sensor], seed: u64) -> Self {
        let size = sensors.iter().map(|sensor| sensor.id.index() + 1).max().unwrap_or(0);
        let mut devices = vec![None; size];
        for sensor in sensors {
            let silence_s = if sensor.stale_after_s.is_finite() { 3.0 * sensor.stale_after_s } else { 0.0 };
            devices[sensor.id.index()] = Some(Device {
                topic: sensor.topic.clone(),
                quantity: sensor.quantity,
                silence_s: silence_s.max(SILENCE_S),
            });
        }
        Self { devices, seed }
    }

    /// What `sensor` publishes at the simulated time `at` when the simulation says `truth`, in the quantity's
    /// unit. `None` when the device is silent, unknown, or the value is not finite.
    pub fn packet(&self, sensor: SensorId, truth: f64, at: Timestamp) -> Option<EmulatedPacket> {
        let sample = self.sample(sensor, truth, at)?;
        let device = self.devices.get(sensor.index())?.as_ref()?;
        // JSON is UTF-8.
        let payload = String::from_utf8(own_payload(device.quantity, &sample)).ok()?;
        Some(EmulatedPacket { topic: device.topic.clone(), payload })
    }

    /// What `sensor` measures then, whatever format it publishes in; `None` as of [`Self::packet`].
    pub fn sample(&self, sensor: SensorId, truth: f64, at: Timestamp) -> Option<Sample> {
        let device = self.devices.get(sensor.index())?.as_ref()?;
        if !truth.is_finite() || self.silent(sensor, at) {
            return None;
        }
        let mut rng = self.rng(sensor, at.as_nanosecond() as u64, 0x5eed);
        let quality = match rng.random::<f64>() {
            draw if draw < BAD_SHARE => Quality::Bad,
            draw if draw < BAD_SHARE + UNCERTAIN_SHARE => Quality::Uncertain,
            _ => Quality::Good,
        };
        let (low, high) = device.quantity.possible();
        let value = measured(device.quantity, truth, &mut rng).clamp(low, high);
        Some(Sample { sensor, value: (value * 100.0).round() / 100.0, observed_at: at, quality })
    }

    /// Whether a sensor is out at that time. It stays so for a whole window of at least ten minutes.
    pub fn silent(&self, sensor: SensorId, at: Timestamp) -> bool {
        let Some(Some(device)) = self.devices.get(sensor.index()) else { return true };
        let window = (at.as_millisecond() as f64 / (1000.0 * device.silence_s)).floor() as i64;
        self.rng(sensor, window as u64, 0x511e).random::<f64>() < SILENT_SHARE
    }

    fn rng(&self, sensor: SensorId, moment: u64, use_of: u64) -> Pcg64Mcg {
        let mixed = [u64::from(sensor.0), moment, use_of].into_iter().fold(self.seed, |state, word| mix(state ^ word));
        Pcg64Mcg::seed_from_u64(mixed)
    }
}

/// A device's reading of a true value. Where a 95 % uncertainty is cited, its half is the standard deviation.
fn measured(quantity: Quantity, truth: f64, rng: &mut Pcg64Mcg) -> f64 {
    match quantity {
        // A counter counts whole vehicles; arrivals are taken as Poisson.
        Quantity::VehicleFlow => {
            let per_hour = 3600.0 / COUNTING_PERIOD_S;
            poisson(truth.max(0.0) / per_hour, rng) * per_hour
        }
        // Assumption: loop and radar detectors, 3 % of the reading.
        Quantity::Speed => truth * (1.0 + 0.03 * normal(rng)),
        // Assumption: 3 %; a meter of class 2 alone is within 2 % (IEC 62053-21), its transformers add theirs.
        Quantity::ActivePower => truth * (1.0 + 0.03 * normal(rng)),
        // IEC 61000-4-30, class S: 0.5 % of nominal, as the 95 % bound.
        Quantity::Voltage => truth * (1.0 + 0.0025 * normal(rng)),
        // WMO-No. 8 (2018), Part I, Annex 1.A: achievable uncertainty 0.2 K; street sites twice that.
        Quantity::AirTemperature => truth + 0.2 * normal(rng),
        // Pyranometer of good quality: hourly totals within 8 % (WMO-No. 8, Part I, chapter 7, ISO 9060 classes).
        Quantity::Irradiance => truth * (1.0 + 0.04 * normal(rng)),
        // Directive 2008/50/EC, Annex I: fixed measurements 25 % (PM₂.₅) and 15 % (NO₂).
        Quantity::Pm25 => truth * (1.0 + 0.125 * normal(rng)),
        Quantity::No2 => truth * (1.0 + 0.075 * normal(rng)),
        // Class 1 sound level meter (IEC 61672-1): about 1 dB.
        Quantity::Noise => truth + 0.5 * normal(rng),
        // No model of the twin stands behind these; what is given is published as it is.
        Quantity::RelativeHumidity
        | Quantity::WindSpeed
        | Quantity::Precipitation
        | Quantity::Pm10
        | Quantity::Nox
        | Quantity::Ozone
        | Quantity::Benzene
        | Quantity::CarbonMonoxide
        | Quantity::Occupancy
        | Quantity::VehiclesAvailable
        | Quantity::DocksAvailable => truth,
    }
}

/// A Poisson deviate. Below [`NORMAL_ABOVE`] by inversion of products (D. E. Knuth, TAOCP vol. 2, 3.4.1).
fn poisson(mean: f64, rng: &mut Pcg64Mcg) -> f64 {
    if mean > NORMAL_ABOVE {
        return (mean + mean.sqrt() * normal(rng)).round().max(0.0);
    }
    let limit = (-mean).exp();
    let (mut count, mut product) = (0.0, rng.random::<f64>());
    while product > limit {
        count += 1.0;
        product *= rng.random::<f64>();
    }
    count
}

/// A standard normal deviate (Box and Muller 1958).
fn normal(rng: &mut Pcg64Mcg) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// One step of SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use citytwin_model::{Coord, SourceRef};

    use super::*;
    use crate::{SensorRegistry, decode};

    fn sensors(quantity: Quantity, count: u32) -> Vec<Sensor> {
        let sensor = |id| Sensor {
            id: SensorId(id),
            source: SourceRef::local("sensor", &id.to_string()),
            name: String::new(),
            quantity,
            at: Coord { x: 0.0, y: 0.0 },
            observes: None,
            topic: format!("citytwin/demo/{id}/{quantity}"),
            interval_s: 10.0,
            stale_after_s: 40.0,
        };
        (0..count).map(sensor).collect()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_714_550_400 + second).unwrap()
    }

    /// Readings of 40 sensors over 12 simulated hours, through the decoder.
    fn observe(quantity: Quantity, truth: f64) -> (Vec<f64>, usize, usize) {
        let sensors = sensors(quantity, 40);
        let emulation = Emulation::new(&sensors, 7);
        let registry = SensorRegistry::new(&sensors, "demo", None);
        let (mut values, mut silent, mut marked) = (Vec::new(), 0, 0);
        for step in 0..144 {
            for sensor in &sensors {
                let Some(packet) = emulation.packet(sensor.id, truth, at(300 * step)) else {
                    silent += 1;
                    continue;
                };
                let readings = decode(&packet.topic, packet.payload.as_bytes(), &registry, at(300 * step)).unwrap();
                assert!(readings[0].emulated);
                assert_eq!((readings[0].sensor, readings[0].observed_at), (sensor.id, at(300 * step)));
                marked += usize::from(readings[0].quality != Quality::Good);
                values.push(readings[0].value);
            }
        }
        (values, silent, marked)
    }

    /// Mean and standard deviation as stated; 5,600 draws put the mean within 5 standard errors and the
    /// deviation within 8 %.
    #[test]
    fn noise_has_the_stated_size() {
        let rows = [
            // Poisson: a count of 5 in five minutes is 60 ± √5·12 veh/h; 100 is 1200 ± 10·12.
            (Quantity::VehicleFlow, 60.0, 5f64.sqrt() * 12.0),
            (Quantity::VehicleFlow, 1200.0, 120.0),
            (Quantity::Speed, 50.0, 1.5),
            (Quantity::ActivePower, 250_000.0, 7500.0),
            (Quantity::Voltage, 232.0, 0.58),
            (Quantity::AirTemperature, 18.0, 0.2),
            (Quantity::Irradiance, 600.0, 24.0),
            (Quantity::Pm25, 12.0, 1.5),
            (Quantity::No2, 40.0, 3.0),
            (Quantity::Noise, 62.0, 0.5),
        ];
        for (quantity, truth, deviation) in rows {
            let (values, ..) = observe(quantity, truth);
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            assert!((mean - truth).abs() < 5.0 * deviation / n.sqrt(), "{quantity}: mean {mean}");
            assert!((spread / deviation - 1.0).abs() < 0.08, "{quantity}: spread {spread} of {deviation}");
        }
    }

    #[test]
    fn some_sensors_fall_silent_and_some_packets_are_marked() {
        let (values, silent, marked) = observe(Quantity::Speed, 50.0);
        let (silent, marked) = (silent as f64 / 5760.0, marked as f64 / values.len() as f64);
        assert!((0.005..0.05).contains(&silent), "{silent}");
        assert!((0.005..0.025).contains(&marked), "{marked}");
    }

    #[test]
    fn a_silence_outlasts_the_stale_threshold() {
        let sensors = sensors(Quantity::Speed, 200);
        let emulation = Emulation::new(&sensors, 7);
        let (mut run_s, mut shortest_s, mut seen) = (0, i64::MAX, false);
        for sensor in &sensors {
            for second in (0..86_400).step_by(20) {
                if emulation.silent(sensor.id, at(second)) {
                    run_s += 20;
                } else if run_s > 0 {
                    // The first window may be cut off by the start.
                    shortest_s = if seen { shortest_s.min(run_s) } else { shortest_s };
                    (run_s, seen) = (0, true);
                }
            }
            run_s = 0;
        }
        assert!(shortest_s >= SILENCE_S as i64 - 20 && shortest_s < i64::MAX, "{shortest_s}");
    }

    #[test]
    fn same_seed_same_packets_in_any_order() {
        let sensors = sensors(Quantity::VehicleFlow, 50);
        let publish = |seed: u64, reversed: bool| {
            let emulation = Emulation::new(&sensors, seed);
            let mut asked: Vec<_> = (0..50).flat_map(|id| (0..20).map(move |step| (id, step))).collect();
            if reversed {
                asked.reverse();
            }
            let mut packets: Vec<_> = asked
                .into_iter()
                .filter_map(|(id, step)| emulation.packet(SensorId(id), 300.0, at(10 * step)))
                .map(|packet| (packet.topic, packet.payload))
                .collect();
            packets.sort();
            packets
        };
        assert_eq!(publish(3, false), publish(3, true));
        assert_ne!(publish(3, false), publish(4, false));
    }

    #[test]
    fn impossible_asks_give_nothing() {
        let emulation = Emulation::new(&sensors(Quantity::Speed, 2), 7);
        for truth in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(emulation.packet(SensorId(0), truth, at(0)), None);
        }
        assert_eq!(emulation.packet(SensorId(9), 1.0, at(0)), None);
        let packet = emulation.packet(SensorId(1), 1e9, at(0)).unwrap();
        assert!(packet.payload.contains("\"value\":300.0"), "{}", packet.payload);
    }
}
