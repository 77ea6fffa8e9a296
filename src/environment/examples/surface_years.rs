//! Surface-years per CPU second: Perez plane of array over 8,760 hours with the sun's position shared, beside pvlib:
//! `cargo run --release -p citytwin-environment --example surface_years -- WEATHER.epw [SURFACES] [CITY.osm.pbf] [--pvlib PYTHON]`
//! With a city, horizons are those of its roofs and facades in turn; with pvlib, both run in turn, three times.

use std::{
    path::Path,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use citytwin_environment::{
    Horizon, SkyModel, SkyYear, SunYear, Surface,
    horizon::{Obstacles, facades, roof_site},
};
use citytwin_import::{ImportOptions, open, weather::read_epw};
use citytwin_model::{Anchor, City, GeoBounds, LonLat};
use cpu_time::ProcessTime;

/// What pvlib takes for one surface-year: CPU seconds, smallest of five.
const PVLIB: &str = "
import time, sys, warnings; warnings.filterwarnings('ignore')
import pandas as pd, pvlib
from pvlib import irradiance as ir
t = pd.date_range('2019-01-01 00:30', periods=8760, freq='h', tz='Etc/GMT-1')
e, m = pvlib.iotools.read_epw(sys.argv[1], coerce_year=2019)
dni, ghi, dhi = [e[k].values for k in ('dni', 'ghi', 'dhi')]
s = pvlib.solarposition.get_solarposition(t, m['latitude'], m['longitude'])
z, a = s['apparent_zenith'].values, s['azimuth'].values
x, am = ir.get_extra_radiation(t).values, pvlib.atmosphere.get_relative_airmass(z)
def once():
    c = time.process_time()
    ir.get_total_irradiance(30, 180, z, a, dni, ghi, dhi, dni_extra=x, airmass=am, model='perez')
    return time.process_time() - c
print(min(once() for _ in range(5)))
";

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let python = words.iter().position(|word| word == "--pvlib").map(|at| words.drain(at..).nth(1).unwrap_or_default());
    let Some(epw) = words.first() else {
        eprintln!("give a weather file: surface_years WEATHER.epw [SURFACES] [CITY.osm.pbf] [--pvlib PYTHON]");
        return ExitCode::FAILURE;
    };
    let count = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(300_000);
    let weather = match read_epw(Path::new(epw)) {
        Ok(file) => file.year,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let city = words.get(2).map(|map| open(Path::new(map), &ImportOptions::default(), &()));
    let city = city.and_then(|city| city.map_err(|error| eprintln!("{error}")).ok()).unwrap_or_else(nowhere);
    let (sun, sun_s, _) = timed(|| SunYear::of(&weather));
    let (sky, sky_s, _) = timed(|| SkyYear::new(&weather, &sun, SkyModel::Perez));
    println!("sun of a year: {:.1} ms CPU; sky of a year: {:.2} ms CPU", sun_s * 1e3, sky_s * 1e3);
    let sites = sites(&city);
    let horizons = horizons(&city, &sites);
    let surface = |k: usize| {
        let (_, tilt_deg, azimuth_deg) = sites[k % sites.len()];
        Surface { tilt_deg, azimuth_deg, horizon: horizons.get(k % sites.len()) }
    };
    let surfaces: Vec<Surface> = (0..count).map(surface).collect();
    for _ in 0..3 {
        let each_s = run(&sky, &surfaces);
        if let Some(pvlib_s) = python.as_ref().and_then(|python| pvlib(python, epw)) {
            println!("pvlib: {:.2} ms CPU a surface-year; ratio {:.0}", pvlib_s * 1e3, pvlib_s / each_s);
        }
    }
    ExitCode::SUCCESS
}

fn horizons(city: &City, sites: &[([f64; 3], f64, f64)]) -> Vec<Horizon> {
    let (obstacles, index_s, _) = timed(|| Obstacles::of(city));
    let points: Vec<[f64; 3]> = sites.iter().map(|(at, ..)| *at).collect();
    let (horizons, cpu_s, _) = timed(|| obstacles.horizons(&points));
    println!(
        "{} buildings: index {:.1} ms CPU, {} horizons {cpu_s:.2} s CPU = {:.1} µs each",
        city.buildings.len(),
        index_s * 1e3,
        points.len(),
        cpu_s / points.len().max(1) as f64 * 1e6
    );
    horizons
}

/// CPU seconds of a surface-year.
fn run(sky: &SkyYear, surfaces: &[Surface]) -> f64 {
    let (totals, cpu_s, wall) = timed(|| sky.totals(surfaces));
    let count = surfaces.len().max(1) as f64;
    println!(
        "{} surface-years: {cpu_s:.2} s CPU, {:.2} s wall, {:.0} per CPU second; mean {:.1} kWh/m²",
        surfaces.len(),
        wall.as_secs_f64(),
        count / cpu_s,
        totals.iter().sum::<f64>() / count / 1000.0
    );
    cpu_s / count
}

/// Point, tilt and azimuth of each surface.
fn sites(city: &City) -> Vec<([f64; 3], f64, f64)> {
    let mut sites = Vec::new();
    for (k, building) in city.buildings.iter().enumerate() {
        sites.push((roof_site(&building.volume), 30.0, 90.0 + (k * 13 % 180) as f64));
        sites.extend(facades(&building.volume).into_iter().map(|facade| (facade.at, 90.0, facade.azimuth_deg)));
    }
    if sites.is_empty() {
        sites.extend((0..360).map(|k| ([0.0; 3], f64::from(k % 91), f64::from(k))));
    }
    sites
}

fn nowhere() -> City {
    let place = LonLat { lon: 0.0, lat: 0.0 };
    City::empty("nowhere", Anchor::new(place), GeoBounds { west: 0.0, south: 0.0, east: 0.0, north: 0.0 })
}

/// What a call gives, its CPU seconds over all threads, and how long it took.
fn timed<T>(call: impl FnOnce() -> T) -> (T, f64, Duration) {
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    let given = call();
    (given, cpu.elapsed().as_secs_f64(), wall.elapsed())
}

fn pvlib(python: &str, epw: &str) -> Option<f64> {
    let out = Command::new(python).args(["-c", PVLIB, epw]).output().ok()?;
    String::from_utf8_lossy(&out.stdout).trim().parse().ok()
}
