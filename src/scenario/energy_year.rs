//! A year of a city's energy, hour by hour: appliances, cars, heat of every building, sun on its roofs among its neighbours, and a
//! load flow of the whole grid; what it emits and costs. [`CityEnergy`] holds what no edit changes, so that the next answer is
//! only the hours; [`CityEnergy::worst_days`] gives the few days that decide.
//!
//! The first hour of the year is the weather's, Monday 1 January (of 2018) in its standard time; the city's wall clock follows
//! its time zone. Energy of an hour is its mean power.

mod account;
mod battery;
mod charge;
mod charge_hours;
mod flow;
mod hours;
mod mobility;
mod result;
mod sunlit;
mod tables;
mod write;

use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use citytwin_energy::{
    EnergySystem, HourlyFlow,
    building::{BuildingError, CityDemand, CityHeat, Measures},
    charging::{Figures, Mobility},
    grid::{GridErrors, NotRadial, synthetic::CityGrid},
};
use citytwin_environment::{Horizon, SunYear, extreme_days};
use citytwin_model::{Assumptions, BuildingId, City, HOURS_OF_YEAR, WeatherYear};
use rayon::prelude::*;

use crate::{building::city_climate, spec::Watch};
use battery::Batteries;
use charge::Charge;
use hours::Hours;

pub use battery::BatteryYear;
pub use charge::ChargingYear;
pub use result::{
    BuildingYear, CityTotals, EnergyHour, EnergyYear, HouseholdGroup, Households, StationRow, StationYear, WorstDay,
};
pub use tables::{CarbonFactors, EnergyTables, HouseholdMeans, Tariffs};
pub use write::write_energy_year;

/// Decides single phases of the grown grid, as in the live city.
const GRID_SEED: u64 = 1;

/// What is asked of a city.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct EnergySpec {
    /// Shares of photovoltaics, electric cars, heat pumps and batteries at home, parts of the city included, and when cars charge.
    pub assumptions: Assumptions,
    /// Retrofit and district heat; heat pumps are those of the assumptions.
    pub measures: Measures,
    /// Share of the stations of medium to low voltage that have a battery.
    pub street_battery_share: f64,
    /// Without: no voltages, no loadings, no losses.
    pub without_grid: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum EnergyYearError {
    #[error("the weather ({label}) has {hours} hours; give a year of {HOURS_OF_YEAR}")]
    Weather { label: String, hours: usize },
    #[error("hour {hour} of the weather ({label}) is not finite; correct the file")]
    NotFinite { label: String, hour: usize },
    #[error(transparent)]
    Heat(#[from] BuildingError),
    #[error("the city's grid cannot be grown: {0}")]
    Grid(#[from] GridErrors),
    #[error("the city's grid cannot be swept: {0}")]
    NotRadial(#[from] NotRadial),
    #[error("the share street_battery_share is {0}; give a number from 0 to 1")]
    StreetBatteries(f64),
    #[error("the computation was cancelled")]
    Cancelled,
}

/// What no edit of shares changes: shells, loads, grid, sky, and what stands before the roofs.
pub struct CityEnergy<'a> {
    city: &'a City,
    weather: &'a WeatherYear,
    system: EnergySystem,
    heat: CityHeat,
    climate: citytwin_energy::building::Climate,
    sun: SunYear,
    /// Index = `BuildingId`; of roofs that could carry modules.
    horizons: Vec<Option<Box<Horizon>>>,
    grid: OnceLock<HourlyFlow>,
    mobility: OnceLock<Mobility>,
    tables: EnergyTables,
}

/// Which days decide a city's plants and cables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Worst {
    Coldest,
    Darkest,
    Sunniest,
    Hottest,
}

impl<'a> CityEnergy<'a> {
    /// Reads a city once. Works on rayon's current pool.
    ///
    /// # Errors
    /// A year of weather that is none.
    pub fn prepare(city: &'a City, weather: &'a WeatherYear) -> Result<Self, EnergyYearError> {
        check(weather)?;
        let sun = SunYear::of(weather);
        let system = EnergySystem::new(city);
        Ok(Self {
            city,
            weather,
            heat: CityHeat::new(city),
            climate: city_climate(weather, &sun),
            horizons: sunlit::horizons(city, &system),
            sun,
            system,
            grid: OnceLock::new(),
            mobility: OnceLock::new(),
            tables: EnergyTables::embedded(),
        })
    }

    /// Shells and archetypes of the buildings.
    pub fn heat(&self) -> &CityHeat {
        &self.heat
    }

    /// Grows the grid, once.
    ///
    /// # Errors
    /// A city whose buildings or assets share ids.
    pub fn grid(&self) -> Result<&HourlyFlow, EnergyYearError> {
        if let Some(grid) = self.grid.get() {
            return Ok(grid);
        }
        let grid = CityGrid::grow(self.city, &self.system, GRID_SEED)?.operated(&BTreeSet::new())?;
        let flow = HourlyFlow::new(grid)?;
        Ok(self.grid.get_or_init(|| flow))
    }

    /// How the city's cars come and go: the demand of its traffic, once.
    pub fn mobility(&self) -> &Mobility {
        self.mobility.get_or_init(|| mobility::mobility(self.city, &self.system, &Figures::embedded()))
    }

    /// The year. The same bytes for any number of threads.
    ///
    /// # Errors
    /// Measures that cannot be, a grid that cannot be grown, or the watch said stop.
    pub fn year(&self, spec: &EnergySpec, watch: &dyn Watch) -> Result<EnergyYear, EnergyYearError> {
        let system = self.with_shares(spec);
        let (hours, demand) = self.run(&system, spec, (0, HOURS_OF_YEAR), watch)?;
        Ok(account::year(self, &system, hours, &demand))
    }

    /// The days that decide, each after a warm-up of ten days: for a slider, `without_grid`.
    ///
    /// # Errors
    /// As [`Self::year`].
    pub fn worst_days(&self, spec: &EnergySpec, watch: &dyn Watch) -> Result<Vec<WorstDay>, EnergyYearError> {
        let system = self.with_shares(spec);
        let of = |(worst, day): (Worst, usize)| {
            let (hours, _) = self.run(&system, spec, (24 * day, 24), watch)?;
            Ok(WorstDay { worst, day, hours: hours.rows, stations: hours.stations, uncarried: hours.uncarried })
        };
        worst(self.weather).into_iter().map(of).collect()
    }

    fn with_shares(&self, spec: &EnergySpec) -> EnergySystem {
        let mut system = self.system.clone();
        system.set_shares(self.city, &spec.assumptions);
        system
    }

    fn run(
        &self,
        system: &EnergySystem,
        spec: &EnergySpec,
        (first, count): (usize, usize),
        watch: &dyn Watch,
    ) -> Result<(Hours<'_>, CityDemand), EnergyYearError> {
        let grid = if spec.without_grid { None } else { Some(self.grid()?) };
        let buildings = self.city.buildings.len();
        let pumped = (0..buildings).map(|b| system.heat_pump_w(BuildingId::from_index(b)).is_some()).collect();
        let measures = Measures { pumped: Some(pumped), ..spec.measures.clone() };
        let told = Told { watch, done: AtomicUsize::new(0), whole: count };
        let stand = self.cars_and_batteries(system, spec, first)?;
        let mut hours = Hours::new(buildings, system.transformers().len(), stand);
        let mut step = |slab: &citytwin_energy::building::HeatSlab<'_>| {
            hours.add(&hours::Step { of: self, system, grid, first, told: &told }, slab);
            if watch.cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let demand = self.heat.run_in_slabs(&measures, &self.climate, (first, count), &mut step)?;
        if watch.cancelled() {
            return Err(EnergyYearError::Cancelled);
        }
        hours.losses_known = grid.is_some();
        Ok((hours, demand))
    }
}

impl CityEnergy<'_> {
    /// Electric cars and batteries as they stand when the hour `first` begins.
    fn cars_and_batteries(
        &self,
        system: &EnergySystem,
        spec: &EnergySpec,
        first: usize,
    ) -> Result<(Option<Charge<'_>>, Batteries), EnergyYearError> {
        let street = spec.street_battery_share;
        if !(0.0..=1.0).contains(&street) {
            return Err(EnergyYearError::StreetBatteries(street));
        }
        let country = self.city.country.as_ref().map_or("", |country| country.value.as_str());
        let rule = spec.assumptions.charging;
        let charge = (system.electric_share() > 0.0)
            .then(|| Charge::new(self.mobility(), system, (rule, country), &hours::clocks(self, first, 1)[0]))
            .flatten();
        Ok((charge, Batteries::new(self.city, system, (&spec.assumptions, street))))
    }
}

/// Hours done, told to the watch.
struct Told<'a> {
    watch: &'a dyn Watch,
    done: AtomicUsize,
    whole: usize,
}

impl Told<'_> {
    fn hours(&self, count: usize) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        self.watch.progress((done as f32 / self.whole as f32).min(1.0));
    }
}

fn check(weather: &WeatherYear) -> Result<(), EnergyYearError> {
    let label = || weather.label.clone();
    if weather.hours.len() != HOURS_OF_YEAR {
        return Err(EnergyYearError::Weather { label: label(), hours: weather.hours.len() });
    }
    let finite = |hour: usize| {
        let row = &weather.hours[hour];
        let all = [row.weather.ghi, row.weather.dni, row.weather.dhi, row.weather.air_temperature_c, row.wind_m_s];
        all.iter().chain([&row.sky_infrared_w_m2]).all(|value| value.is_finite())
    };
    let wrong = (0..HOURS_OF_YEAR).into_par_iter().find_first(|hour| !finite(*hour));
    wrong.map_or(Ok(()), |hour| Err(EnergyYearError::NotFinite { label: label(), hour }))
}

/// Each kind with its day, 0…364; the first of several.
fn worst(weather: &WeatherYear) -> [(Worst, usize); 4] {
    let sun = |day: usize| weather.hours[24 * day..][..24].iter().map(|row| row.weather.ghi).sum::<f64>();
    let days = || 0..HOURS_OF_YEAR / 24;
    let darkest = days().min_by(|a, b| sun(*a).total_cmp(&sun(*b))).unwrap_or(0);
    let sunniest = days().min_by(|a, b| sun(*b).total_cmp(&sun(*a))).unwrap_or(0);
    [
        (Worst::Coldest, extreme_days(weather, 1, false).start),
        (Worst::Darkest, darkest),
        (Worst::Sunniest, sunniest),
        (Worst::Hottest, extreme_days(weather, 1, true).start),
    ]
}

#[cfg(test)]
mod charge_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod yardstick_tests;
