//! What a year comes to.

use serde::Serialize;

use super::{
    Worst,
    battery::BatteryYear,
    charge::ChargingYear,
    tables::{CarbonFactors, HouseholdMeans, Tariffs},
};

/// One hour of the city, MWh. `import` − `export` = `load` − `pv` + `losses` + `battery_charge` − `battery_discharge`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct EnergyHour {
    /// Of the year, 0…8759.
    pub hour: usize,
    /// Appliances, charging, heat and what batteries draw standing by.
    pub load: f64,
    /// Of it heat pumps and coolers.
    pub heat: f64,
    /// Of it cars, at home, at work and in public.
    pub charging: f64,
    pub pv: f64,
    /// Batteries of homes and stations at their terminals, and what they hold as the hour ends.
    pub battery_charge: f64,
    pub battery_discharge: f64,
    pub battery_state: f64,
    pub losses: f64,
    pub import: f64,
    pub export: f64,
}

/// A station of medium to low voltage over the hours.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct StationYear {
    /// Of its transformer's rating, 1.
    pub peak_loading: f64,
    /// Above the rating.
    pub hours_over: u32,
    /// With one of its buildings below 0.9 or above 1.1 of the nominal voltage (EN 50160), all phases taken alike.
    pub hours_voltage: u32,
}

/// A building's year, kWh.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct BuildingYear {
    /// Heat into rooms, and into hot water.
    pub heating: f64,
    pub hot_water: f64,
    pub cooling: f64,
    /// All electricity, and of it heat pumps and coolers, and cars at home.
    pub electricity: f64,
    pub heat_electricity: f64,
    pub charging: f64,
    pub pv: f64,
    /// Of `pv`, what the building uses in the hour it is made.
    pub self_consumption: f64,
    pub fuel: f64,
    pub district: f64,
    /// Energy bought less energy sold, €.
    pub cost_eur: f64,
}

/// One of the days that decide.
#[derive(Clone, PartialEq, Debug)]
pub struct WorstDay {
    pub worst: Worst,
    /// Of the year, 0…364.
    pub day: usize,
    pub hours: Vec<EnergyHour>,
    /// Index = transformer; as they were before where no grid was asked for.
    pub stations: Vec<StationYear>,
    pub uncarried: usize,
}

/// The city's year, MWh, t, €.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub struct CityTotals {
    pub load_mwh: f64,
    pub heat_electricity_mwh: f64,
    pub charging_mwh: f64,
    pub pv_mwh: f64,
    /// Of `pv_mwh`, what buildings use themselves.
    pub self_consumption_mwh: f64,
    pub losses_mwh: f64,
    pub import_mwh: f64,
    pub export_mwh: f64,
    pub peak_import_mw: f64,
    pub peak_export_mw: f64,
    /// Heat into rooms and hot water; fuel by its gross calorific value.
    pub heating_mwh: f64,
    pub hot_water_mwh: f64,
    pub cooling_mwh: f64,
    pub fuel_mwh: f64,
    pub district_mwh: f64,
    /// Of what is imported, burnt and delivered by the district; export is not taken off.
    pub carbon_t: f64,
    pub electricity_carbon_t: f64,
    /// What the retrofit costs.
    pub retrofitted: usize,
    pub retrofit_eur: f64,
}

/// Households of one kind of building and age.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct HouseholdGroup {
    /// `house` or `apartments`.
    pub usage: &'static str,
    /// Years of construction; where the map does not state one, 1965 is taken.
    pub built: &'static str,
    pub households: f64,
    /// Energy for a household, € a year, without standing charges and the price of plants.
    pub cost_eur: f64,
    /// Of the country's mean income, where it is known.
    pub income_share: Option<f64>,
}

/// What energy costs those who live here.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Households {
    pub households: f64,
    /// Mean over all, € a year.
    pub cost_eur: f64,
    pub income_share: Option<f64>,
    /// Share of households whose building's energy costs more than 10 % of the country's mean income, and more than twice the median
    /// cost. Not the fuel-poverty indicators of those names: these need each household's own income.
    pub above_tenth_of_mean_income: Option<f64>,
    pub above_twice_median_cost: f64,
    pub groups: Vec<HouseholdGroup>,
    pub means: Option<HouseholdMeans>,
}

/// A year of a city.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EnergyYear {
    pub city: String,
    pub weather: String,
    pub totals: CityTotals,
    /// Import less export, against the sum of all buildings, plants, chargers and losses, relative.
    pub balance_residual: f64,
    /// Hours that the grid cannot carry: without losses, loadings and voltages.
    pub uncarried_hours: usize,
    /// Whether there was a load flow.
    pub losses_known: bool,
    pub charging: ChargingYear,
    pub batteries: BatteryYear,
    pub households: Households,
    pub carbon: CarbonFactors,
    pub tariffs: Tariffs,
    /// What to know beside the figures.
    pub notes: Vec<String>,
    #[serde(skip)]
    pub hours: Vec<EnergyHour>,
    /// Index = transformer of [`citytwin_energy::EnergySystem`].
    #[serde(skip)]
    pub stations: Vec<StationRow>,
    /// Index = `BuildingId`.
    #[serde(skip)]
    pub buildings: Vec<BuildingYear>,
}

/// A station with what it is.
#[derive(Clone, PartialEq, Debug)]
pub struct StationRow {
    /// Its source, or `inferred/n` for a made-up one.
    pub id: String,
    pub lon: f64,
    pub lat: f64,
    pub rated_kva: f64,
    pub buildings: u32,
    pub year: StationYear,
}

impl StationYear {
    /// Other hours of the same station.
    pub fn take(&mut self, other: &Self) {
        self.peak_loading = self.peak_loading.max(other.peak_loading);
        self.hours_over += other.hours_over;
        self.hours_voltage += other.hours_voltage;
    }
}
