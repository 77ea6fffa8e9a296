//! What the quality checks say of late, repeated, future, jumping, standing and silent readings.

mod support;

use citytwin_feeds::{
    Reading, Sensor,
    mapping::{DeviceId, QualityLimits},
    quality::{Arrival, Doubt, Monitor, Place, Verdict},
};
use citytwin_model::{Quality, Quantity, SensorId, Timestamp, time::SignedDuration};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
use support::{noon, sensor};

/// `noon` and so many seconds.
fn at(seconds: f64) -> Timestamp {
    noon().checked_add(SignedDuration::try_from_secs_f64(seconds).unwrap()).unwrap()
}

fn reading(sensor: u32, value: f64, observed_s: f64, received_s: f64) -> Reading {
    Reading {
        sensor: SensorId(sensor),
        quantity: Quantity::AirTemperature,
        value,
        observed_at: at(observed_s),
        received_at: at(received_s),
        quality: Quality::Good,
        emulated: false,
        made_by: citytwin_model::MadeBy::default(),
    }
}

fn arrival(reading: &Reading) -> Arrival<'_> {
    let limits = QualityLimits::default();
    Arrival { reading, source: 0, device: Some(DeviceId(0)), historical: false, ttl_s: None, limits, judged: false }
}

fn apply(monitor: &mut Monitor, reading: &Reading) -> Verdict {
    monitor.apply(arrival(reading))
}

fn air(count: u32) -> Vec<Sensor> {
    (0..count).map(|id| sensor(id, &format!("air{id}"), Quantity::AirTemperature)).collect()
}

fn monitor(count: u32) -> Monitor {
    Monitor::new(&air(count), noon())
}

#[test]
fn older_readings_go_to_history_and_repeated_ones_nowhere() {
    let mut monitor = monitor(1);
    let rows = [
        (10.0, 11.0, Place::Live),
        (30.0, 31.0, Place::Live),
        (20.0, 32.0, Place::History),
        (30.0, 33.0, Place::Duplicate),
        (10.0, 34.0, Place::Duplicate),
        (20.0, 35.0, Place::Duplicate),
        (40.0, 41.0, Place::Live),
    ];
    for (observed, received, place) in rows {
        assert_eq!(apply(&mut monitor, &reading(0, 20.0, observed, received)).place, place, "{observed} at {received}");
    }
    assert_eq!(apply(&mut monitor, &reading(9, 20.0, 0.0, 0.0)).place, Place::Unknown);
    let stored = reading(0, 20.0, 50.0, 60.0);
    assert_eq!(monitor.apply(Arrival { historical: true, ..arrival(&stored) }).place, Place::History);
}

/// Ten minutes of readings in any order: the live value never moves back, and each reading is told once.
#[test]
fn reordered_by_ten_minutes() {
    let mut rng = Pcg32::seed_from_u64(7);
    let mut monitor = monitor(1);
    // Each reading twice, at most ten minutes late.
    let mut packets: Vec<(f64, f64)> =
        (0..2_000).flat_map(|n| [n, n]).map(|n| (f64::from(n), f64::from(n) + 600.0 * rng.random::<f64>())).collect();
    packets.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (mut newest, mut counts) = (f64::NEG_INFINITY, [0, 0, 0]);
    for (observed, received) in packets {
        match apply(&mut monitor, &reading(0, 20.0, observed, received)).place {
            Place::Live => {
                assert!(observed > newest);
                newest = observed;
                counts[0] += 1;
            }
            Place::History => {
                assert!(observed < newest);
                counts[1] += 1;
            }
            Place::Duplicate => counts[2] += 1,
            Place::Unknown => panic!("the sensor is known"),
        }
    }
    assert_eq!((counts[0] + counts[1], counts[2]), (2_000, 2_000));
    assert_eq!(newest, 1_999.0);
}

#[test]
fn range_step_and_standing_still() {
    let mut monitor = monitor(1);
    let mut judge = |value: f64, seconds: f64| {
        let verdict = apply(&mut monitor, &reading(0, value, seconds, seconds));
        (verdict.quality, verdict.doubts)
    };
    let (good, doubts) = judge(20.0, 0.0);
    assert_eq!((good, doubts.is_empty()), (Quality::Good, true));
    // 3 °C at once, 5 °C within the hour.
    assert_eq!(judge(22.9, 60.0).0, Quality::Good);
    let (quality, doubts) = judge(26.0, 120.0);
    assert_eq!((quality, doubts.has(Doubt::Step), doubts.has(Doubt::Range)), (Quality::Uncertain, true, false));
    assert_eq!(judge(21.5, 3_720.0).0, Quality::Good);
    let (quality, doubts) = judge(-85.0, 3_780.0);
    assert_eq!((quality, doubts.has(Doubt::Range)), (Quality::Bad, true));
    // Half a degree in twelve hours is no weather.
    let mut last = Quality::Good;
    for hour in 2..=16 {
        let (quality, doubts) = judge(20.0 + 0.01 * f64::from(hour % 3), 3600.0 * f64::from(hour));
        assert_eq!(doubts.has(Doubt::Flat), hour >= 14, "hour {hour}");
        last = quality;
    }
    assert_eq!(last, Quality::Uncertain);
    assert_eq!(judge(21.0, 3600.0 * 17.0).0, Quality::Good);
}

#[test]
fn a_mappings_own_limits_and_a_declared_quality() {
    let mut monitor = monitor(1);
    let limits = QualityLimits { max_step: Some(0.5), max_per_hour: None, flat_after_s: None };
    let first = reading(0, 20.0, 0.0, 0.0);
    monitor.apply(Arrival { limits, ..arrival(&first) });
    let second = reading(0, 21.0, 60.0, 60.0);
    assert_eq!(monitor.apply(Arrival { limits, ..arrival(&second) }).quality, Quality::Uncertain);
    let bad = Reading { quality: Quality::Bad, ..reading(0, 21.0, 120.0, 120.0) };
    assert_eq!(apply(&mut monitor, &bad).quality, Quality::Bad);
}

/// A clock two hours ahead: noticed, its readings uncertain, its sensor's order and everybody else's as it should be.
#[test]
fn a_clock_two_hours_ahead() {
    let mut monitor = monitor(2);
    let other = |n: f64| reading(1, 20.0, n, n + 1.0);
    for n in 0..40 {
        let n = 10.0 * f64::from(n);
        let ahead = reading(0, 20.0, n + 7200.0, n + 1.0);
        let verdict = apply(&mut monitor, &ahead);
        assert_eq!((verdict.place, verdict.quality), (Place::Live, Quality::Uncertain));
        assert!(verdict.doubts.has(Doubt::Future));
        assert_eq!(apply(&mut monitor, &ahead).place, Place::Duplicate);
        let right = other(n);
        let verdict = monitor.apply(Arrival { device: Some(DeviceId(1)), ..arrival(&right) });
        assert_eq!((verdict.place, verdict.quality), (Place::Live, Quality::Good));
    }
    let skew = monitor.skew(DeviceId(0)).unwrap();
    assert!(skew.wrong && (skew.offset_s - 7199.0).abs() < 1e-6, "{skew:?}");
    assert!(!monitor.skew(DeviceId(1)).unwrap().wrong);
    assert_eq!(monitor.wrong_clocks().map(|(device, _)| device).collect::<Vec<_>>(), [DeviceId(0)]);
    // The clock is set: right readings are live at once, and it is believed again after some more.
    for n in 40..120 {
        let n = 10.0 * f64::from(n);
        let verdict = apply(&mut monitor, &reading(0, 20.0, n, n + 1.0));
        assert_eq!((verdict.place, verdict.quality), (Place::Live, Quality::Good));
    }
    assert_eq!(monitor.wrong_clocks().count(), 0);
    // Silent, it grows stale 40 s after its last reading (the other did long ago), not two hours later.
    assert_eq!(monitor.advance(at(1190.0 + 41.0)), [SensorId(1), SensorId(0)]);
}

#[test]
fn a_thousand_silenced_sensors_are_stale_within_a_second() {
    // Life: declared 40 s is longer than three learned intervals of 10 s. Told each second, never early, never later.
    let mut monitor = monitor(1_000);
    let last = |id: u32| 190.0 + f64::from(id) * 0.005;
    for n in 0..20 {
        for id in 0..1_000 {
            let observed = 10.0 * f64::from(n) + f64::from(id) * 0.005;
            apply(&mut monitor, &reading(id, 20.0 + f64::from(n % 3), observed, observed + 0.1));
        }
    }
    assert_eq!(monitor.interval_and_life_s(SensorId(7)), Some((10.0, 40.0)));
    let mut told = 0;
    for second in 200..240 {
        for sensor in monitor.advance(at(f64::from(second))) {
            let age = f64::from(second) - last(sensor.0);
            assert!(age > 40.0 && age <= 41.0, "{sensor} after {age} s");
            assert_eq!(monitor.quality(sensor), Some(Quality::Stale));
            told += 1;
        }
    }
    assert_eq!(told, 1_000);
    // One that speaks again is fresh again.
    apply(&mut monitor, &reading(0, 20.0, 250.0, 250.0));
    assert_eq!(monitor.quality(SensorId(0)), Some(Quality::Good));
}

#[test]
fn the_learned_interval_is_a_median() {
    let mut sensors = air(1);
    (sensors[0].interval_s, sensors[0].stale_after_s) = (600.0, 0.0);
    let mut monitor = Monitor::new(&sensors, noon());
    for n in [0.0, 60.0, 120.0, 180.0, 3_000.0, 3_060.0, 3_120.0] {
        apply(&mut monitor, &reading(0, 20.0, n, n));
    }
    assert_eq!(monitor.interval_and_life_s(SensorId(0)), Some((60.0, 180.0)));
    assert_eq!(monitor.advance(at(3_300.0)), []);
    assert_eq!(monitor.advance(at(3_300.1)), [SensorId(0)]);
    assert_eq!(monitor.advance(at(4_000.0)), [], "told once");
    // A sender's own promise is longer.
    let promised = reading(0, 20.0, 4_000.0, 4_000.0);
    monitor.apply(Arrival { ttl_s: Some(900.0), ..arrival(&promised) });
    assert_eq!(monitor.advance(at(4_900.0)), []);
    assert_eq!(monitor.advance(at(4_901.0)), [SensorId(0)]);
    // What comes too old is stale at once.
    let late = reading(0, 20.0, 4_950.0, 9_000.0);
    assert!(apply(&mut monitor, &late).stale);
    assert_eq!(monitor.quality(SensorId(0)), Some(Quality::Stale));
}

#[test]
fn a_lost_source_and_a_dead_device() {
    let mut monitor = monitor(3);
    let one = reading(0, 20.0, 0.0, 0.0);
    let two = reading(1, 20.0, 0.0, 0.0);
    apply(&mut monitor, &one);
    monitor.apply(Arrival { source: 1, ..arrival(&two) });
    assert_eq!(monitor.set_source(1, false), [SensorId(1)]);
    assert_eq!(monitor.quality(SensorId(1)), Some(Quality::Uncertain));
    assert_eq!(monitor.quality(SensorId(0)), Some(Quality::Good));
    monitor.set_source(1, true);
    assert_eq!(monitor.quality(SensorId(1)), Some(Quality::Good));
    let all = [SensorId(0), SensorId(1), SensorId(2), SensorId(99)];
    assert_eq!(monitor.mark_stale(&all), [SensorId(0), SensorId(1)]);
    assert_eq!(monitor.mark_stale(&all), []);
    assert_eq!(monitor.quality(SensorId(2)), None);
}

#[test]
fn completeness_of_sensors_and_districts() {
    let mut monitor = monitor(3);
    // Sensor 0 gives all of its 10 s readings, 1 every second one, each of them twice; 2 is silent.
    for n in 0..720 {
        let n10 = 10.0 * f64::from(n);
        apply(&mut monitor, &reading(0, 20.0, n10, n10));
        if n % 2 == 0 {
            apply(&mut monitor, &reading(1, 20.0, n10, n10));
            apply(&mut monitor, &reading(1, 20.0, n10, n10));
        }
    }
    let now = at(7_200.0);
    let of = |monitor: &Monitor, ids: &[u32]| monitor.completeness(ids.iter().map(|id| SensorId(*id)), now).unwrap();
    assert_eq!(of(&monitor, &[0]), 1.0);
    assert_eq!(of(&monitor, &[1]), 0.5);
    assert_eq!(of(&monitor, &[2]), 0.0);
    assert_eq!(of(&monitor, &[0, 1, 2]), 0.5);
    // What was late fills its slot.
    for n in 360..720 {
        let n10 = 10.0 * f64::from(n);
        apply(&mut monitor, &reading(1, 20.0, n10, 7_200.0));
    }
    assert_eq!(of(&monitor, &[1]), 1.0);
    assert_eq!(self::monitor(1).completeness([SensorId(0)], at(200.0)), None);
}

/// The same readings give the same verdicts.
#[test]
fn verdicts_are_deterministic() {
    let run = || {
        let mut rng = Pcg32::seed_from_u64(3);
        let mut monitor = monitor(50);
        let verdicts: Vec<Verdict> = (0..20_000)
            .map(|n| {
                let received = f64::from(n) * 0.05;
                let observed = received - 30.0 * rng.random::<f64>().powi(4) + 120.0 * f64::from(u8::from(n % 97 == 0));
                apply(
                    &mut monitor,
                    &reading(rng.random_range(0..50), 20.0 + 8.0 * rng.random::<f64>(), observed, received),
                )
            })
            .collect();
        (verdicts, monitor.advance(at(5_000.0)))
    };
    assert_eq!(run(), run());
}
