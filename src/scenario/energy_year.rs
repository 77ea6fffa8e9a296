//! A year of a city's energy, hour by hour: appliances, cars, heat of every building, sun on its roofs among its neighbours, and a
//! load flow of the whole grid; what it emits and costs. [`CityEnergy`] holds what no edit changes, so that the next answer is
//! only the hours; [`CityEnergy::worst_days`] gives the few days that decide.
//!
//! The first hour of the year is the weather's, Monday 1 January (of 2018) in its standard time; the city's wall clock follows
//! its time zone. Energy of an hour is its mean power.

mod account;
mod battery;
mod carbon;
pub(crate) mod charge;
mod charge_hours;
mod comparison;
mod finance;
pub(crate) mod flow;
mod hours;
mod households;
mod incomes;
pub(crate) mod mobility;
mod rates;
mod result;
mod sunlit;
mod tables;
mod tariff;
mod write;

use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use citytwin_energy::{
    EnergySystem, HourlyFlow,
    building::{BuildingError, CityDemand, CityHeat, Climate, Measures},
    charging::{Figures, Mobility},
    grid::{GridErrors, NotRadial, synthetic::CityGrid},
};
use citytwin_environment::{Horizon, SpellError, SunYear, extreme_days};
use citytwin_model::{Assumptions, BuildingId, City, HOURS_OF_YEAR, WeatherYear, time::LocalTime};
use rayon::prelude::*;

use crate::{
    building::{city_climate, city_heat},
    spec::Watch,
};
use battery::Batteries;
use charge::Charge;
use hours::Hours;
use rates::Rate;

pub use battery::BatteryYear;
pub use carbon::{CarbonFileError, Generation, GridCarbon, Season};
pub use charge::ChargingYear;
pub use citytwin_environment::Spell;
pub use comparison::{ComparisonError, EnergyComparison, Gains, YearFigure, compare_years};
pub use finance::{Finance, FinanceError, Item, PlantCost, PlantMoney, Plants};
pub use households::{FuelPoverty, Home, HouseholdGroup, Households, Indicator};
pub use incomes::{IncomeBounds, Incomes};
pub use result::{BuildingYear, CityTotals, EnergyHour, EnergyYear, StationRow, StationYear, WorstDay};
pub use tables::{CarbonFactors, EnergyTables, HouseholdMeans, TableTexts};
pub use tariff::{Bill, Customer, Night, Taken, Tariffs};
pub use write::{write_energy_comparison, write_energy_year};

/// Decides single phases of the grown grid, as in the live city.
const GRID_SEED: u64 = 1;

/// What is asked of a city.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct EnergySpec {
    /// Shares of photovoltaics, electric cars, heat pumps, retrofits and batteries at home, parts of the city included, and when
    /// cars charge.
    pub assumptions: Assumptions,
    /// District heat, the level of retrofits, and retrofits beside those of the assumptions; heat pumps are theirs alone.
    pub measures: Measures,
    /// Share of the stations of medium to low voltage that have a battery.
    pub street_battery_share: f64,
    /// Without: no voltages, no loadings, no losses.
    pub without_grid: bool,
    /// Heat waves and cold snaps put into the weather, in this order.
    pub spells: Vec<Spell>,
    /// The city's own hourly factors of electricity; none: its country's usual days.
    pub grid_carbon: Option<GridCarbon>,
    pub finance: Finance,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum EnergyYearError {
    #[error("the weather ({label}) has {hours} hours; give a year of {HOURS_OF_YEAR}")]
    Weather { label: String, hours: usize },
    #[error("hour {hour} of the weather ({label}) is not finite; correct the file")]
    NotFinite { label: String, hour: usize },
    #[error(transparent)]
    Spell(#[from] SpellError),
    #[error(transparent)]
    Finance(#[from] FinanceError),
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
    climate: Climate,
    sun: SunYear,
    /// The city's, of every hour of the year.
    clocks: Vec<LocalTime>,
    /// Of its country.
    usual_carbon: GridCarbon,
    /// Index = `BuildingId`; of roofs that could carry modules.
    horizons: Vec<Option<Box<Horizon>>>,
    grid: OnceLock<HourlyFlow>,
    mobility: OnceLock<Arc<Mobility>>,
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
        let (clocks, tables) = (rates::clocks(weather, &city.time_zone.value), EnergyTables::embedded());
        let country = country(city);
        Ok(Self {
            city,
            weather,
            heat: city_heat(city, weather, &sun),
            climate: city_climate(weather, &sun),
            horizons: sunlit::horizons(city, &system),
            sun,
            system,
            grid: OnceLock::new(),
            usual_carbon: GridCarbon::usual(tables.carbon(country), tables.generation(country), &clocks),
            clocks,
            mobility: OnceLock::new(),
            tables,
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
    pub fn mobility(&self) -> &Arc<Mobility> {
        self.mobility.get_or_init(|| Arc::new(mobility::mobility(self.city, &self.system, &Figures::embedded())))
    }

    /// Cars of other tours than those of the city's own demand.
    #[cfg(test)]
    pub(crate) fn set_mobility(&self, mobility: Mobility) {
        self.mobility.set(Arc::new(mobility)).expect("not asked yet");
    }

    /// The year. The same bytes for any number of threads.
    ///
    /// # Errors
    /// Measures that cannot be, a grid that cannot be grown, or the watch said stop.
    pub fn year(&self, spec: &EnergySpec, watch: &dyn Watch) -> Result<EnergyYear, EnergyYearError> {
        let asked = self.asked(spec)?;
        let (hours, demand) = self.run(&asked, (0, HOURS_OF_YEAR), watch)?;
        let computed = account::Computed {
            of: self,
            spec,
            weather: asked.weather(),
            system: &asked.system,
            demand: &demand,
            grid_carbon: asked.grid_carbon,
        };
        Ok(account::year(&computed, hours))
    }

    /// The days that decide, each after a warm-up of ten days: for a slider, `without_grid`.
    ///
    /// # Errors
    /// As [`Self::year`].
    pub fn worst_days(&self, spec: &EnergySpec, watch: &dyn Watch) -> Result<Vec<WorstDay>, EnergyYearError> {
        let asked = self.asked(spec)?;
        let of = |(worst, day): (Worst, usize)| {
            let (hours, _) = self.run(&asked, (24 * day, 24), watch)?;
            Ok(WorstDay { worst, day, hours: hours.rows, stations: hours.stations, uncarried: hours.uncarried })
        };
        worst(asked.weather()).into_iter().map(of).collect()
    }

    /// What a specification means for this city.
    fn asked<'s>(&'s self, spec: &'s EnergySpec) -> Result<Asked<'s>, EnergyYearError> {
        spec.finance.check()?;
        if !(0.0..=1.0).contains(&spec.street_battery_share) {
            return Err(EnergyYearError::StreetBatteries(spec.street_battery_share));
        }
        let mut system = self.system.clone();
        system.set_shares(self.city, &spec.assumptions);
        let buildings = (0..self.city.buildings.len()).map(BuildingId::from_index);
        let pumped = buildings.map(|building| system.has_heat_pump(building)).collect();
        let renewed = Some(self.heat.renewed(self.city, &system, &spec.assumptions));
        let grid_carbon = spec.grid_carbon.as_ref().unwrap_or(&self.usual_carbon);
        Ok(Asked {
            of: self,
            spec,
            measures: Measures { pumped: Some(pumped), renewed, ..spec.measures.clone() },
            grid: if spec.without_grid { None } else { Some(self.grid()?) },
            changed: self.changed(&spec.spells)?,
            rates: rates::rates(&self.clocks, grid_carbon, self.tables.tariffs(self.country())),
            grid_carbon,
            system,
        })
    }

    /// The weather with spells, and the climate of buildings under it; the sun stays.
    fn changed(&self, spells: &[Spell]) -> Result<Option<(WeatherYear, Climate)>, EnergyYearError> {
        let Some((first, rest)) = spells.split_first() else { return Ok(None) };
        let first = first.put_into(self.weather)?;
        let weather = rest.iter().try_fold(first, |weather, spell| spell.put_into(&weather))?;
        let climate = city_climate(&weather, &self.sun);
        Ok(Some((weather, climate)))
    }

    fn run(
        &self,
        asked: &Asked<'_>,
        (first, count): (usize, usize),
        watch: &dyn Watch,
    ) -> Result<(Hours, CityDemand), EnergyYearError> {
        let Asked { system, grid, rates, .. } = asked;
        let told = Told { watch, done: AtomicUsize::new(0), whole: count };
        let stand = self.cars_and_batteries(asked, first);
        let mut hours = Hours::new(self.city.buildings.len(), system.transformers().len(), stand);
        let mut step = |slab: &citytwin_energy::building::HeatSlab<'_>| {
            let weather = asked.weather();
            hours.add(&hours::Step { of: self, system, grid: *grid, weather, rates, first, told: &told }, slab);
            if watch.cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let demand = self.heat.run_in_slabs(&asked.measures, asked.climate(), (first, count), &mut step)?;
        if watch.cancelled() {
            return Err(EnergyYearError::Cancelled);
        }
        hours.losses_known = grid.is_some();
        hours.buildings.iter_mut().zip(&demand.buildings).for_each(|(used, heat)| used.heat = heat.electric_w);
        Ok((hours, demand))
    }

    fn country(&self) -> &str {
        country(self.city)
    }
}

/// A specification on its way.
struct Asked<'a> {
    of: &'a CityEnergy<'a>,
    spec: &'a EnergySpec,
    system: EnergySystem,
    measures: Measures,
    grid: Option<&'a HourlyFlow>,
    /// Weather and climate where spells change them.
    changed: Option<(WeatherYear, Climate)>,
    grid_carbon: &'a GridCarbon,
    rates: Vec<Rate>,
}

impl Asked<'_> {
    fn weather(&self) -> &WeatherYear {
        self.changed.as_ref().map_or(self.of.weather, |(weather, _)| weather)
    }

    fn climate(&self) -> &Climate {
        self.changed.as_ref().map_or(&self.of.climate, |(_, climate)| climate)
    }
}

/// ISO 3166-1 alpha-2; empty where it is not known.
pub(crate) fn country(city: &City) -> &str {
    city.country.as_ref().map_or("", |country| country.value.as_str())
}

impl CityEnergy<'_> {
    /// Electric cars and batteries as they stand when the hour `first` begins.
    fn cars_and_batteries(&self, asked: &Asked<'_>, first: usize) -> (Option<Charge>, Batteries) {
        let Asked { system, spec, .. } = asked;
        let rule = spec.assumptions.charging;
        let charge = (system.electric_share() > 0.0)
            .then(|| Charge::new(self.mobility(), system, (rule, self.country()), &self.clocks[first]))
            .flatten();
        (charge, Batteries::new(self.city, system, (&spec.assumptions, spec.street_battery_share)))
    }
}

/// Hours done, told to the watch.
pub(crate) struct Told<'a> {
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
pub(crate) mod charge_tests;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod yardstick_tests;
