//! Photovoltaic systems over a year, irradiance to alternating current, per CPU second:
//! `cargo run --release -p citytwin-scenario --example solar_systems -- WEATHER.epw [SYSTEMS]`
//! The peer's figure is the line "perez+faiman+pvwatts, shared sun position" of `shared/peers/energy/bench_pvlib.py`.

use std::{path::Path, process::ExitCode, time::Instant};

use citytwin_energy::PvSystem;
use citytwin_environment::{DIRECTIONS, Horizon, SkyModel, SkyYear, SunYear, Surface};
use citytwin_import::weather::read_epw;
use citytwin_scenario::SolarSky;
use cpu_time::ProcessTime;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let file = match words.first().map(|epw| read_epw(Path::new(epw))) {
        Some(Ok(file)) => file,
        Some(Err(error)) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
        None => {
            eprintln!("give a weather file: solar_systems WEATHER.epw [SYSTEMS]");
            return ExitCode::FAILURE;
        }
    };
    let count = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(300_000_usize);
    let sky = SkyYear::new(&file.year, &SunYear::of(&file.year), SkyModel::Perez);
    let sky = SolarSky::new(sky, &file.year);
    let horizons: Vec<Horizon> = (0..64)
        .map(|k| Horizon { slopes: std::array::from_fn(|d| ((d * 7 + k) % DIRECTIONS) as f32 * 0.01) })
        .collect();
    let system = |k: usize| {
        let surface = Surface {
            tilt_deg: (k % 91) as f64,
            azimuth_deg: (k * 7 % 360) as f64,
            horizon: horizons.get(k % horizons.len()),
        };
        (surface, PvSystem::typical(5000.0))
    };
    let systems: Vec<_> = (0..count).map(system).collect();
    for _ in 0..3 {
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        let energies = sky.energies_wh(&systems);
        let (cpu_s, wall_s) = (cpu.elapsed().as_secs_f64(), wall.elapsed().as_secs_f64());
        let mean_kwh = energies.iter().sum::<f64>() / energies.len() as f64 / 1000.0;
        println!(
            "{count} systems: {cpu_s:.2} s CPU, {wall_s:.2} s wall, {:.0} per CPU second; mean {mean_kwh:.1} kWh",
            count as f64 / cpu_s
        );
    }
    ExitCode::SUCCESS
}
