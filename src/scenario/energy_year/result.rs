//! What a year comes to.

use serde::Serialize;

use super::{
    Worst,
    battery::BatteryYear,
    carbon::GridCarbon,
    charge::ChargingYear,
    finance::{Finance, PlantMoney},
    households::{Home, Households},
    incomes::Incomes,
    tables::CarbonFactors,
    tariff::{Bill, Tariffs},
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
    /// Its highest hour from the grid, kW.
    pub peak_kw: f64,
    /// Greenhouse gases of what it buys, hour by hour, and burns, kg. What others take of its surplus is not taken off.
    pub carbon_kg: f64,
    /// The bill, € (energy bought, standing and peak charges, less energy sold), and its parts.
    pub cost_eur: f64,
    pub bill: Bill,
    /// Its plants and what counts of its retrofit.
    pub plants: PlantMoney,
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
    /// Of what is imported hour by hour, burnt and delivered by the district, averages of whole chains; export is not taken off.
    pub carbon_t: f64,
    pub electricity_carbon_t: f64,
    /// The same import at the year's mean factor: what telling hours apart changes.
    pub electricity_carbon_flat_t: f64,
    /// Burning it, and bringing it here.
    pub fuel_carbon_t: f64,
    pub fuel_upstream_carbon_t: f64,
    pub district_carbon_t: f64,
    /// Making of the city's own modules per year of their life: beside the sum, not within it.
    pub pv_making_t: f64,
    /// Bills of all buildings and of it standing and peak charges; annuities of their plants and retrofits and what these cost new.
    pub bills_eur: f64,
    pub standing_eur: f64,
    pub peak_charge_eur: f64,
    pub annuity_eur: f64,
    pub invested_eur: f64,
    /// Buildings retrofitted, and what that costs in all.
    pub retrofitted: usize,
    pub retrofit_eur: f64,
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
    pub grid_carbon: GridCarbon,
    pub tariffs: Tariffs,
    pub finance: Finance,
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
    /// In the order of the buildings.
    #[serde(skip)]
    pub homes: Vec<Home>,
    /// Where the country's are known.
    #[serde(skip)]
    pub incomes: Option<Incomes>,
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
