//! From hours to a year: what buildings, households and the city used, paid and emitted.

use citytwin_energy::{
    EnergySystem,
    building::{CityDemand, HeatPower},
};
use citytwin_model::{Building, BuildingId, BuildingUse};

use super::{
    CityEnergy,
    charge::Charge,
    hours::{Hours, Used},
    result::{BuildingYear, CityTotals, EnergyHour, EnergyYear, HouseholdGroup, Households, StationRow, StationYear},
    tables::{HouseholdMeans, Tariffs},
};

const WH_PER_KWH: f64 = 1e3;
const WH_PER_MWH: f64 = 1e6;
/// Inside floor area per person and persons per household where no table says, m² and 1 (as `energy::intensity`; EU-SILC 2022).
const AREA_M2_PER_PERSON: f64 = 45.0;
const PERSONS: f64 = 2.2;
/// Weather from further away is another place's, km.
const FURTHEST_KM: f64 = 300.0;
/// Kilometres per degree of a meridian.
const KM_PER_DEG: f64 = 111.2;
/// Years of construction that cost is told by: the bands of the archetypes.
const AGES: [(&str, u16); 5] =
    [("to 1948", 1948), ("1949-1978", 1978), ("1979-1994", 1994), ("1995-2009", 2009), ("from 2010", u16::MAX)];
const HOMES: [(&str, BuildingUse); 2] = [("house", BuildingUse::House), ("apartments", BuildingUse::Apartments)];

/// The whole year.
pub fn year(of: &CityEnergy<'_>, system: &EnergySystem, hours: Hours<'_>, demand: &CityDemand) -> EnergyYear {
    let country = of.city.country.as_ref().map_or("", |country| country.value.as_str());
    let (carbon, tariffs) = (of.tables.carbon(country).clone(), of.tables.tariffs(country).clone());
    let means = of.tables.households(country).cloned();
    let buildings: Vec<BuildingYear> =
        hours.buildings.iter().zip(&demand.buildings).map(|(used, heat)| building(used, heat, &tariffs)).collect();
    let mut totals = totals(&hours, demand);
    totals.electricity_carbon_t = totals.import_mwh * carbon.electricity_g_kwh / 1000.0;
    totals.carbon_t = totals.electricity_carbon_t
        + (totals.fuel_mwh * carbon.fuel_g_kwh + totals.district_mwh * carbon.district_g_kwh) / 1000.0;
    EnergyYear {
        city: of.city.name.clone(),
        weather: of.weather.label.clone(),
        balance_residual: residual(&hours, &totals),
        uncarried_hours: hours.uncarried,
        losses_known: hours.losses_known,
        charging: hours.charge.as_ref().map(Charge::year).unwrap_or_default(),
        batteries: hours.batteries.year(),
        households: households(of, system, &buildings, means),
        notes: notes((of, system), &hours, [&carbon.country, &tariffs.country], country),
        stations: stations(of, system, &hours.stations),
        totals,
        carbon,
        tariffs,
        hours: hours.rows,
        buildings,
    }
}

fn building(used: &Used, heat: &HeatPower, tariffs: &Tariffs) -> BuildingYear {
    let kwh = |wh: f64| wh / WH_PER_KWH;
    let (bought, sold) = (kwh(used.load() - used.own), kwh(used.pv - used.own));
    let cost_eur = bought * tariffs.electricity_eur_kwh - sold * tariffs.feed_in_eur_kwh
        + kwh(heat.fuel_w) * tariffs.fuel_eur_kwh
        + kwh(heat.district_w) * tariffs.district_eur_kwh;
    BuildingYear {
        heating: kwh(heat.heating_w),
        hot_water: kwh(heat.hot_water_w),
        cooling: kwh(heat.cooling_w),
        electricity: kwh(used.load()),
        heat_electricity: kwh(used.heat),
        charging: kwh(used.charging),
        pv: kwh(used.pv),
        self_consumption: kwh(used.own),
        fuel: kwh(heat.fuel_w),
        district: kwh(heat.district_w),
        cost_eur,
    }
}

fn totals(hours: &Hours<'_>, demand: &CityDemand) -> CityTotals {
    let sum = |of: fn(&EnergyHour) -> f64| hours.rows.iter().map(of).sum::<f64>();
    let most = |of: fn(&EnergyHour) -> f64| hours.rows.iter().map(of).fold(0.0, f64::max);
    let heat = |of: fn(&HeatPower) -> f64| demand.buildings.iter().map(of).sum::<f64>() / WH_PER_MWH;
    CityTotals {
        load_mwh: sum(|hour| hour.load),
        heat_electricity_mwh: sum(|hour| hour.heat),
        charging_mwh: sum(|hour| hour.charging),
        pv_mwh: sum(|hour| hour.pv),
        self_consumption_mwh: hours.buildings.iter().map(|used| used.own).sum::<f64>() / WH_PER_MWH,
        losses_mwh: sum(|hour| hour.losses),
        import_mwh: sum(|hour| hour.import),
        export_mwh: sum(|hour| hour.export),
        peak_import_mw: most(|hour| hour.import),
        peak_export_mw: most(|hour| hour.export),
        heating_mwh: heat(|power| power.heating_w),
        hot_water_mwh: heat(|power| power.hot_water_w),
        cooling_mwh: heat(|power| power.cooling_w),
        fuel_mwh: heat(|power| power.fuel_w),
        district_mwh: heat(|power| power.district_w),
        retrofitted: demand.retrofitted,
        retrofit_eur: demand.cost_eur,
        ..CityTotals::default()
    }
}

/// The same year added up another way: by building and plant instead of by hour.
fn residual(hours: &Hours<'_>, totals: &CityTotals) -> f64 {
    let sum = |of: fn(&Used) -> f64| hours.buildings.iter().map(of).sum::<f64>();
    let load = (sum(Used::load) + hours.public_wh + hours.street_wh) / WH_PER_MWH;
    let pv = (sum(|used| used.pv) + hours.plants_wh) / WH_PER_MWH;
    let off = totals.import_mwh - totals.export_mwh - (load - pv + totals.losses_mwh);
    off.abs() / (load + pv + totals.losses_mwh).max(f64::MIN_POSITIVE)
}

/// What a household of each dwelling pays, spread by floor area.
fn households(
    of: &CityEnergy<'_>,
    system: &EnergySystem,
    years: &[BuildingYear],
    means: Option<HouseholdMeans>,
) -> Households {
    let persons = means.as_ref().map_or(PERSONS, |means| means.persons);
    let coverage = system.coverage();
    let area = |building: BuildingId| of.heat.envelopes()[building.index()].floor_m2;
    let people = if of.city.population.is_some() {
        coverage.residents / coverage.dwelling_area_m2.max(1.0)
    } else {
        1.0 / AREA_M2_PER_PERSON
    };
    let homes: Vec<Home> = of
        .city
        .buildings
        .iter()
        .filter_map(|building| {
            let usage = HOMES.iter().position(|(_, usage)| *usage == building.usage.value)?;
            let households = area(building.id) * people / persons;
            let built = of.heat.years()[building.id.index()];
            let age = AGES.iter().position(|(_, last)| built <= *last)?;
            (households > 0.0).then(|| Home { usage, age, households, cost_eur: cost(building, years) / households })
        })
        .collect();
    let income = means.as_ref().map(|means| means.income_eur);
    let above = |limit: f64| mean(homes.iter(), |home| f64::from(u8::from(home.cost_eur > limit)));
    let cost_eur = mean(homes.iter(), |home| home.cost_eur);
    Households {
        households: homes.iter().map(|home| home.households).sum(),
        cost_eur,
        income_share: income.map(|income| cost_eur / income),
        above_tenth_of_mean_income: income.map(|income| above(0.1 * income)),
        above_twice_median_cost: above(2.0 * median(&homes)),
        groups: groups(&homes, income),
        means,
    }
}

/// A dwelling building's households.
struct Home {
    usage: usize,
    age: usize,
    households: f64,
    /// For one of them.
    cost_eur: f64,
}

fn cost(building: &Building, years: &[BuildingYear]) -> f64 {
    years[building.id.index()].cost_eur
}

/// Weighted by households; 0 of none.
fn mean<'a>(homes: impl Iterator<Item = &'a Home>, of: impl Fn(&Home) -> f64) -> f64 {
    let [sum, all] =
        homes.fold([0.0, 0.0], |[sum, all], home| [sum + home.households * of(home), all + home.households]);
    if all > 0.0 { sum / all } else { 0.0 }
}

/// Cost of the household in the middle.
fn median(homes: &[Home]) -> f64 {
    let mut order: Vec<&Home> = homes.iter().collect();
    order.sort_by(|a, b| a.cost_eur.total_cmp(&b.cost_eur));
    let half = 0.5 * homes.iter().map(|home| home.households).sum::<f64>();
    let mut below = 0.0;
    let middle = order.into_iter().find(|home| {
        below += home.households;
        below >= half
    });
    middle.map_or(0.0, |home| home.cost_eur)
}

fn groups(homes: &[Home], income: Option<f64>) -> Vec<HouseholdGroup> {
    let mut groups = Vec::new();
    for (usage, (name, _)) in HOMES.iter().enumerate() {
        for (age, (built, _)) in AGES.iter().enumerate() {
            let own = || homes.iter().filter(|home| home.usage == usage && home.age == age);
            let households: f64 = own().map(|home| home.households).sum();
            if households > 0.0 {
                let cost_eur = mean(own(), |home| home.cost_eur);
                let income_share = income.map(|income| cost_eur / income);
                groups.push(HouseholdGroup { usage: name, built, households, cost_eur, income_share });
            }
        }
    }
    groups
}

fn stations(of: &CityEnergy<'_>, system: &EnergySystem, years: &[StationYear]) -> Vec<StationRow> {
    let row = |(index, (state, year)): (usize, (&citytwin_energy::TransformerState, &StationYear))| {
        let place = of.city.anchor.lonlat(state.at);
        let id = state.asset.map_or_else(
            || format!("inferred/{index}"),
            |asset| of.city.energy_assets[asset.index()].source.to_string(),
        );
        StationRow {
            id,
            lon: place.lon,
            lat: place.lat,
            rated_kva: state.rated_w / 1000.0,
            buildings: state.buildings,
            year: *year,
        }
    };
    system.transformers().iter().zip(years).enumerate().map(row).collect()
}

fn notes(
    (of, system): (&CityEnergy<'_>, &EnergySystem),
    hours: &Hours<'_>,
    tables: [&str; 2],
    country: &str,
) -> Vec<String> {
    let mut notes = vec![
        "carbon: the year's mean factor for every hour; hourly factors are not known".to_owned(),
        "heat: facades see the open sky with a fixed factor for shadows; roofs see their neighbours".to_owned(),
    ];
    let mut say = |when: bool, what: String| {
        if when {
            notes.push(what);
        }
    };
    say(!of.weather.measured, format!("the weather is modelled: {}", of.weather.label));
    let origin = of.city.anchor.origin;
    let north = origin.lat - of.weather.latitude_deg;
    let east = (origin.lon - of.weather.longitude_deg) * origin.lat.to_radians().cos();
    let km = KM_PER_DEG * north.hypot(east);
    say(km > FURTHEST_KM, format!("the weather is that of a place {km:.0} km away"));
    for (table, row) in ["carbon factors", "tariffs"].into_iter().zip(tables) {
        say(row != country, format!("{table} of \"{country}\" are not known: those of the {row} are taken"));
    }
    let nobody = hours.charge.is_none() && system.electric_share() > 0.0;
    say(nobody, "the city's demand has no trips by car: no electric cars charge".to_owned());
    say(!hours.losses_known, "without a load flow: no losses, loadings, voltages".to_owned());
    say(hours.uncarried > 0, format!("{} hours that the grid cannot carry are without losses", hours.uncarried));
    notes
}
