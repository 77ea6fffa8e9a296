//! The energy side of a run: evaluate, accumulate, keep the peaks.

use citytwin_energy::{EnergyMwh, EnergySystem, Totals};
use citytwin_environment as environment;
use citytwin_model::{Assumptions, City, Timestamp, time::SignedDuration};

use crate::{LiveEnergy, SkyNow, prepare::Prepared, spec::RunError};

/// Time between two evaluations, second: heat and cars are hourly, the sun moves 1.25° in it.
const STEP_S: f64 = 300.0;

/// What the energy system did.
pub struct EnergyRun {
    /// Energy up to the end of every hour (the last may be a part), MWh.
    pub hours: Vec<EnergyMwh>,
    pub energy: EnergyMwh,
    pub peak_load_w: f64,
    /// Highest power drawn from medium voltage, W.
    pub peak_supplied_w: f64,
    pub system: EnergySystem,
}

/// Runs `seconds` from `start` under the city's typical weather; electric cars take what `car_kwh_per_km` says
/// for the trips of a usual week.
pub fn run(
    prepared: &Prepared,
    assumptions: &Assumptions,
    start: Timestamp,
    seconds: f64,
    car_kwh_per_km: Option<f64>,
) -> Result<EnergyRun, RunError> {
    let mut system = prepared.energy.clone();
    system.set_shares(prepared.city, assumptions);
    system.set_car_kwh_per_km(car_kwh_per_km);
    let mut live = LiveEnergy::new(prepared.basis.clone(), prepared.city, &system, assumptions);
    let mut out = EnergyRun {
        hours: Vec::new(),
        energy: EnergyMwh::default(),
        peak_load_w: 0.0,
        peak_supplied_w: f64::NEG_INFINITY,
        system,
    };
    let steps = (seconds / STEP_S).ceil() as u64;
    for step in 0..steps {
        let from_s = step as f64 * STEP_S;
        let dt_s = STEP_S.min(seconds - from_s);
        let at = later(start, from_s + 0.5 * dt_s)?;
        evaluate_at((prepared.city, &mut live), &mut out.system, at, dt_s);
        let Totals { load_w, supplied_w, .. } = out.system.totals();
        out.system.accumulate(dt_s);
        out.peak_load_w = out.peak_load_w.max(load_w);
        out.peak_supplied_w = out.peak_supplied_w.max(supplied_w);
        let hour_ends = (step + 1) % (3600.0 / STEP_S) as u64 == 0;
        if hour_ends || step + 1 == steps {
            out.hours.push(out.system.energy());
        }
    }
    out.energy = out.system.energy();
    Ok(out)
}

/// The city's powers of an instant, under its typical weather, for `hold_s` seconds.
pub fn evaluate_at((city, live): (&City, &mut LiveEnergy), system: &mut EnergySystem, at: Timestamp, hold_s: f64) {
    let (sun, weather) = environment::sky(&city.anchor, at);
    live.evaluate(system, &SkyNow { at, sun, weather }, hold_s);
}

/// An instant some seconds later.
pub fn later(start: Timestamp, seconds: f64) -> Result<Timestamp, RunError> {
    start.checked_add(SignedDuration::from_secs_f64(seconds)).map_err(|_| RunError::Calendar)
}
