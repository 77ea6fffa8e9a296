//! Heat in buildings against truth from outside and against the first law.

use std::{fs, path::Path};

use citytwin_energy::building::{
    Body, COLUMNS, Climate, Hours, Kept, LEVELS, Outcome, Schedule, ScheduleHour, Share, Stock, Trace, Zone, simulate,
};

/// Hourly heating and cooling of `rc_ref.csv` (RC_BuildingSimulator's algebra in double precision) against ours: both are
/// exact to rounding, and the file holds 12 digits.
const RC_TOLERANCE: f64 = 1e-6;
/// Of the largest flow of an hour.
const FIRST_LAW: f64 = 1e-9;

/// Zone of `shared/peers/energy/bench_rc_numpy.py`: RC_BuildingSimulator's default office, `scale` times as large.
fn peer_zone(scale: f64) -> Zone<1> {
    let (floor, windows, opaque, surfaces, volume) = (35.0, 4.0, 11.0, 142.0, 105.0);
    let mass_m2 = 2.5 * floor;
    let window_w_k = 1.1 * windows;
    let to_mass = mass_m2 / surfaces;
    let to_surface = 1.0 - to_mass - window_w_k / (9.1 * surfaces);
    let radiant = Share { mass: [to_mass], surface: to_surface, air: 0.0 };
    let air_changes = 1.5 * (1.0 - 0.6) + 0.5;
    let mut aperture_m2 = [0.0; COLUMNS];
    aperture_m2[0] = scale;
    Zone {
        body: Body {
            capacity_j_k: [165_000.0 * floor * scale],
            mass_surface_w_k: [9.1 * mass_m2 * scale],
            mass_outdoor_w_k: [0.2 * opaque * scale],
            mass_ground_w_k: [0.0],
            window_w_k: window_w_k * scale,
            surface_air_w_k: 3.45 * surfaces * scale,
            internal: Share { mass: [0.5 * to_mass], surface: 0.5 * to_surface, air: 0.5 },
            solar: radiant,
            opaque: radiant,
        },
        ventilation_w_k: [1200.0 * volume * air_changes / 3600.0 * scale; LEVELS],
        internal_w: scale,
        aperture_m2,
        heating_w: f64::INFINITY,
        cooling_w: f64::INFINITY,
    }
}

/// The peer's year: weather, and a schedule of its internal gains.
fn peer_year() -> Option<(Climate, Schedule)> {
    let rows = shared_rows("rc_gains.csv")?;
    let irradiance = |solar_w: f64| std::array::from_fn(|column| if column == 0 { solar_w } else { 0.0 });
    let hour = |internal: f64| ScheduleHour { internal, heating_c: 20.0, cooling_c: 26.0, level: 0 };
    let climate = Climate {
        outdoor_c: rows.iter().map(|row| row[0]).collect(),
        ground_c: vec![0.0; rows.len()],
        irradiance: rows.iter().map(|row| irradiance(row[2])).collect(),
        month: Vec::new(),
    };
    Some((climate, Schedule { hours: rows.iter().map(|row| hour(row[1])).collect() }))
}

/// Rows of a table of `shared/data/energy/buildings`; `None`, said aloud, where the checkout has none.
fn shared_rows(name: &str) -> Option<Vec<Vec<f64>>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/energy/buildings").join(name);
    let Ok(text) = fs::read_to_string(&file) else {
        println!("skipped: no {} beside this checkout", file.display());
        return None;
    };
    let row = |line: &str| line.split(',').map(|field| field.parse().expect("a number")).collect();
    Some(text.lines().skip(1).map(row).collect())
}

fn run(scales: &[f64], climate: &Climate, schedule: &Schedule, kept: Kept) -> Outcome<1> {
    let class = vec![0; scales.len()];
    let zone = |index: usize| peer_zone(scales[index]);
    let schedules = std::slice::from_ref(schedule);
    let stock = Stock { class: &class, schedules, zone: &zone, start_c: 20.0, lit: None, start: None };
    simulate(&stock, climate, Hours::year(climate, 0), kept).expect("a year")
}

#[test]
fn an_hourly_year_of_5r1c_is_the_peers() {
    let (Some((climate, schedule)), Some(truth)) = (peer_year(), shared_rows("rc_ref.csv")) else { return };
    let outcome = run(&[1.0], &climate, &schedule, Kept::Trace);
    let near = |ours: f64, theirs: f64| (ours - theirs).abs() <= RC_TOLERANCE * theirs.abs().max(1.0);
    for (hour, (ours, theirs)) in outcome.trace.iter().zip(&truth).enumerate() {
        let power_w = theirs[0] + theirs[1];
        assert!(near(ours.power_w, power_w), "hour {hour}: {} W, the peer has {power_w}", ours.power_w);
        assert!(near(ours.air_c, theirs[2]), "hour {hour}: air {} °C, the peer has {}", ours.air_c, theirs[2]);
        assert!(near(ours.mass_c[0], theirs[3]), "hour {hour}: mass {} °C, the peer has {}", ours.mass_c[0], theirs[3]);
    }
}

/// Every node balances in every hour, and the year in all, from temperatures and powers alone.
#[test]
fn energy_is_kept_in_every_hour_and_over_the_year() {
    let Some((climate, schedule)) = peer_year() else { return };
    let zone = peer_zone(1.0);
    let outcome = run(&[1.0], &climate, &schedule, Kept::Trace);
    let (mut before, mut stored_wh, mut entered_wh, mut turned_wh) = (20.0, 0.0, 0.0, 0.0);
    for (hour, trace) in outcome.trace.iter().enumerate() {
        let [entered_w, largest_w] = entered(&zone, &climate, &schedule, hour, before, trace);
        let stored_w = zone.body.capacity_j_k[0] * (trace.mass_c[0] - before) / 3600.0;
        assert!(
            (entered_w - stored_w).abs() <= FIRST_LAW * largest_w,
            "hour {hour}: {entered_w} W in, {stored_w} W kept"
        );
        before = trace.mass_c[0];
        stored_wh += stored_w;
        entered_wh += entered_w;
        turned_wh += largest_w;
    }
    assert!((entered_wh - stored_wh).abs() <= FIRST_LAW * turned_wh, "{entered_wh} Wh in, {stored_wh} Wh kept");
}

/// Heat into the zone from outside, gains and plant, and the largest single flow, W. The surface temperature comes from the
/// air node's balance, so that the surface node's is a check of its own.
fn entered(
    zone: &Zone<1>,
    climate: &Climate,
    schedule: &Schedule,
    hour: usize,
    before: f64,
    trace: &Trace<1>,
) -> [f64; 2] {
    let body = &zone.body;
    let (outdoor, internal_w) = (climate.outdoor_c[hour], schedule.hours[hour].internal * zone.internal_w);
    let solar_w = climate.irradiance[hour][0] * zone.aperture_m2[0];
    let mass_c = 0.5 * (before + trace.mass_c[0]);
    let ventilation_w = zone.ventilation_w_k[0] * (outdoor - trace.air_c);
    let to_air_w = ventilation_w + body.internal.air * internal_w + trace.power_w;
    let surface_c = trace.air_c - to_air_w / body.surface_air_w_k;
    let windows_w = body.window_w_k * (outdoor - surface_c);
    let walls_w = body.mass_outdoor_w_k[0] * (outdoor - mass_c);
    let kept = |share: &Share<1>| share.mass[0] + share.surface + share.air;
    let gains_w = kept(&body.internal) * internal_w + kept(&body.solar) * solar_w;
    let flows = [ventilation_w, windows_w, walls_w, gains_w, trace.power_w, to_air_w];
    let exchange = body.mass_surface_w_k[0] * (surface_c - mass_c);
    let largest = flows.iter().fold(exchange.abs(), |most, flow| most.max(flow.abs()));
    [ventilation_w + windows_w + walls_w + gains_w + trace.power_w, largest]
}

#[test]
fn the_same_bytes_for_any_number_of_threads_and_any_company() {
    let Some((climate, schedule)) = peer_year() else { return };
    let scales: Vec<f64> = (0..300).map(|i| 0.5 + 1.5 * f64::from(i) / 300.0).collect();
    let by = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| run(&scales, &climate, &schedule, Kept::Totals))
    };
    let (one, three) = (by(1), by(3));
    assert_eq!(one, three);
    let alone = run(&scales[77..78], &climate, &schedule, Kept::Totals);
    assert_eq!(alone.totals[0], one.totals[77]);
    let sum: f64 = one.totals.iter().map(|t| t.heating_wh).sum();
    let hourly: f64 = one.by_class[0].iter().map(|hour| hour[0]).sum();
    assert!((sum - hourly).abs() < 1e-9 * sum, "{sum} Wh of buildings, {hourly} Wh of hours");
}

/// A year in two parts is the year; limits hold and let the air float.
#[test]
fn hours_go_on_where_they_ended_and_limits_hold() {
    let Some((climate, schedule)) = peer_year() else { return };
    let zone = |_: usize| Zone { heating_w: 400.0, cooling_w: 0.0, ..peer_zone(1.0) };
    let part = |first: usize, count: usize, start: Option<&[[f64; 1]]>| {
        let schedules = std::slice::from_ref(&schedule);
        let stock = Stock { class: &[0], schedules, zone: &zone, start_c: 20.0, lit: None, start };
        simulate(&stock, &climate, Hours { first, count, warm_up: 0 }, Kept::Trace).expect("hours")
    };
    let whole = part(0, 8760, None);
    let begun = part(0, 5000, None);
    let ended = part(5000, 3760, Some(&begun.end));
    assert_eq!(whole.trace[..5000], begun.trace);
    assert_eq!(whole.trace[5000..], ended.trace);
    assert_eq!(whole.totals[0].heating_peak_w, 400.0);
    assert_eq!(whole.totals[0].cooling_wh, 0.0);
    assert!(whole.trace.iter().any(|hour| hour.air_c < 19.0) && whole.trace.iter().any(|hour| hour.air_c > 26.5));
}

#[test]
fn what_cannot_be_is_one_clear_line() {
    let climate = Climate {
        outdoor_c: vec![0.0; 24],
        ground_c: vec![8.0; 24],
        irradiance: vec![[0.0; COLUMNS]; 24],
        month: Vec::new(),
    };
    let hour = ScheduleHour { internal: 0.0, heating_c: 20.0, cooling_c: 26.0, level: 0 };
    let check = |change: &(dyn Fn(&mut Zone<1>) + Sync), hour: ScheduleHour, expected: &str| {
        let zone = |_: usize| {
            let mut zone = peer_zone(1.0);
            change(&mut zone);
            zone
        };
        let schedules = [Schedule { hours: vec![hour; 24] }];
        let stock = Stock { class: &[0], schedules: &schedules, zone: &zone, start_c: 20.0, lit: None, start: None };
        let fault = simulate(&stock, &climate, Hours::year(&climate, 0), Kept::Totals).expect_err(expected).to_string();
        assert_eq!(fault, expected);
    };
    let same = |_: &mut Zone<1>| {};
    check(&|z| z.internal_w = f64::NAN, hour, "building 0: its internal gains are NaN W; they must be 0 or more");
    check(&|z| z.body.capacity_j_k = [0.0], hour, "building 0: its heat capacity is 0 J/K; it must be above 0");
    check(&|z| z.body.window_w_k = -1.0, hour, "building 0: the windows' transmission is -1 W/K; it must be 0 or more");
    check(
        &same,
        ScheduleHour { heating_c: 27.0, ..hour },
        "schedule 0: hour 0 has heating to 27 °C and cooling to 26 °C; the first must not lie above the second",
    );
    check(&same, ScheduleHour { level: 9, ..hour }, "schedule 0: hour 0 has ventilation level 9; there are 4");
}
