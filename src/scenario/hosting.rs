//! How many customers of each low-voltage feeder can have photovoltaics, a charger or a heat pump before a limit breaks.

use citytwin_energy::{
    EnergySystem,
    grid::{
        EN_50160, Hosting, SweepError,
        synthetic::{Joining, Operated, Powers},
    },
};
use citytwin_model::{
    City, Timestamp,
    time::civil::{Date, date},
};

use crate::{LiveEnergy, energy_run::evaluate_at, spec::RunError};

const HOUR_S: f64 = 3600.0;

/// What customers join with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Technology {
    pub name: &'static str,
    /// Per customer, all at once, W; photovoltaics are negative.
    pub unit_w: f64,
    /// Whether the clear Sunday noon of June is the worst hour, or the highest hour of January.
    pub summer: bool,
    /// Why so much, and who says so.
    pub source: &'static str,
}

/// What is asked by default.
pub const TECHNOLOGIES: [Technology; 3] = [
    Technology {
        name: "photovoltaics",
        unit_w: -5_000.0 * 0.85,
        summer: true,
        source: "5 kW peak a roof at 85 % of its rating, all at once (Kerber 2011)",
    },
    Technology {
        name: "chargers",
        unit_w: 11_000.0 * 0.3,
        summer: false,
        source: "11 kW wall boxes, 30 % of them at once (about 50 cars; Bollerslev et al. 2022, IEEE Trans. Transp. Electrif. 8(1))",
    },
    Technology {
        name: "heat pumps",
        unit_w: 1_700.0,
        summer: false,
        source: "1.7 kW a heat pump after diversity on a cold day (Love et al. 2017, Applied Energy 204)",
    },
];

/// A technology's answer.
#[derive(Clone, PartialEq, Debug)]
pub struct TechnologyHosting {
    pub technology: Technology,
    /// The hour on top of whose load customers join.
    pub hour: Timestamp,
    /// In the order of the grid's feeders.
    pub feeders: Vec<Hosting>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HostingError {
    #[error("the grid does not carry its load of {hour}: {error}")]
    Base { hour: Timestamp, error: SweepError },
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("cancelled")]
    Cancelled,
}

/// Asks every feeder for each technology; limits are those of EN 50160 and the ratings. `watch` hears the fraction done and
/// may say stop (`false`).
///
/// # Errors
/// A base load that the grid does not carry; `watch` that says stop.
pub fn hosting(
    city: &City,
    (energy, live): (&EnergySystem, &LiveEnergy),
    grid: &Operated,
    (placements, seed): (u32, u64),
    watch: &dyn Fn(f32) -> bool,
) -> Result<Vec<TechnologyHosting>, HostingError> {
    let (mut system, mut live) = (energy.clone(), live.fork());
    let mut found = Vec::with_capacity(TECHNOLOGIES.len());
    for (k, technology) in TECHNOLOGIES.into_iter().enumerate() {
        if !watch(k as f32 / TECHNOLOGIES.len() as f32) {
            return Err(HostingError::Cancelled);
        }
        let hour = if technology.summer { noon(city)? } else { highest((city, &mut live), &mut system)? };
        evaluate_at((city, &mut live), &mut system, hour, HOUR_S);
        let powers = Powers::of(&system);
        let base = grid.solve(&[powers]).map_err(|error| HostingError::Base { hour, error })?;
        let joining = Joining { unit: [technology.unit_w, 0.0], limits: EN_50160, placements, seed };
        let feeders = grid.grid().hosting(&powers, &base[0].bus_vm_pu, &joining);
        found.push(TechnologyHosting { technology, hour, feeders });
    }
    Ok(found)
}

/// Whether the city lies south of the equator: its winter is in July.
fn is_southern(city: &City) -> bool {
    city.anchor.origin.lat < 0.0
}

fn instant(city: &City, day: Date, hour: i8) -> Result<Timestamp, RunError> {
    let local = day.at(hour, 30, 0, 0).to_zoned(city.time_zone.value.clone());
    local.map(|zoned| zoned.timestamp()).map_err(|_| RunError::Calendar)
}

/// A Sunday near the longest day, half past twelve.
fn noon(city: &City) -> Result<Timestamp, RunError> {
    instant(city, if is_southern(city) { date(2026, 12, 20) } else { date(2026, 6, 21) }, 12)
}

/// The hour of a week in the middle of winter in which the city draws most.
fn highest((city, live): (&City, &mut LiveEnergy), system: &mut EnergySystem) -> Result<Timestamp, RunError> {
    let month = if is_southern(city) { 7 } else { 1 };
    let mut most = (f64::NEG_INFINITY, instant(city, date(2026, month, 12), 18)?);
    for day in 12..19 {
        for hour in 0..24 {
            let at = instant(city, date(2026, month, day), hour)?;
            evaluate_at((city, &mut *live), system, at, HOUR_S);
            system.accumulate(HOUR_S);
            let net_w = system.totals().load_w - system.totals().pv_w;
            if net_w > most.0 {
                most = (net_w, at);
            }
        }
    }
    Ok(most.1)
}
