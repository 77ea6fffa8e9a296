//! From hours to a year: what buildings, households and the city used, paid and emitted.

use citytwin_energy::{
    EnergySystem,
    building::{CityDemand, HeatPower},
};
use citytwin_model::{BuildingId, BuildingUse, City, EnergyAssetKind, WeatherYear};
use rayon::prelude::*;

use super::{
    CityEnergy, EnergySpec,
    battery::HomeBattery,
    carbon::GridCarbon,
    charge::Charge,
    finance::{Item, Plants},
    hours::{Hours, Used},
    households::{self, DRAWS},
    incomes::Incomes,
    result::{BuildingYear, CityTotals, EnergyHour, EnergyYear, StationRow, StationYear},
    tables::{CarbonFactors, HouseholdMeans},
    tariff::{Customer, Taken, Tariffs},
};

const WH_PER_KWH: f64 = 1e3;
const WH_PER_MWH: f64 = 1e6;
/// Weather from further away is another place's, km.
const FURTHEST_KM: f64 = 300.0;
/// Kilometres per degree of a meridian.
const KM_PER_DEG: f64 = 111.2;

/// What was computed, and with what.
pub struct Computed<'a> {
    pub of: &'a CityEnergy<'a>,
    pub spec: &'a EnergySpec,
    pub weather: &'a WeatherYear,
    pub system: &'a EnergySystem,
    pub demand: &'a CityDemand,
    pub grid_carbon: &'a GridCarbon,
}

/// The whole year.
pub fn year(computed: &Computed<'_>, hours: Hours) -> EnergyYear {
    let Computed { of, spec, system, demand, .. } = computed;
    let country = of.country();
    let (carbon, tariffs) = (of.tables.carbon(country).clone(), of.tables.tariffs(country).clone());
    let means = of.tables.households(country).cloned();
    let bounds = of.tables.incomes(country).filter(|_| means.is_some()).cloned();
    let incomes = means.as_ref().zip(bounds.as_ref()).map(|(means, bounds)| Incomes::new(bounds, means.income_eur));
    let mut homes = households::homes(of, system, means.as_ref().map(|means| means.persons));
    let buildings = buildings(computed, &hours, (&carbon, &tariffs), &homes);
    households::share_out(&mut homes, &buildings);
    let totals = totals(&hours, demand, (&carbon, computed.grid_carbon), &buildings);
    EnergyYear {
        city: of.city.name.clone(),
        weather: computed.weather.label.clone(),
        balance_residual: residual(&hours, &totals),
        uncarried_hours: hours.uncarried,
        losses_known: hours.losses_known,
        charging: hours.charge.as_ref().map(Charge::year).unwrap_or_default(),
        batteries: hours.batteries.year(),
        notes: notes(computed, &hours, &tariffs, means.as_ref().filter(|_| incomes.is_some())),
        households: households::households(&homes, incomes.as_ref(), (means, bounds)),
        stations: stations(of, system, &hours.stations),
        totals,
        carbon,
        grid_carbon: computed.grid_carbon.clone(),
        tariffs,
        finance: spec.finance,
        hours: hours.rows,
        buildings,
        homes,
        incomes,
    }
}

/// Every building's year, index = `BuildingId`.
fn buildings(
    computed: &Computed<'_>,
    hours: &Hours,
    (carbon, tariffs): (&CarbonFactors, &Tariffs),
    homes: &[households::Home],
) -> Vec<BuildingYear> {
    let mut meters = vec![0; hours.buildings.len()];
    homes.iter().for_each(|home| meters[home.building.index()] = home.households);
    let of = |(index, used): (usize, &Used)| {
        let usage = computed.of.city.buildings[index].usage.value;
        let customer = match (usage, meters[index]) {
            (BuildingUse::House | BuildingUse::Apartments, meters) => Customer::Households(meters),
            (BuildingUse::Ancillary, _) => Customer::Ancillary,
            _ => Customer::Business,
        };
        let heat = &computed.demand.buildings[index];
        let year = building(used, heat, (customer, tariffs), carbon);
        let battery_kwh = hours.batteries.homes[index].as_ref().map_or(0.0, HomeBattery::capacity_kwh);
        let plants = plants(computed, BuildingId::from_index(index), (&year, battery_kwh));
        BuildingYear { plants: computed.spec.finance.plants(&computed.of.tables, &plants), ..year }
    };
    hours.buildings.par_iter().enumerate().map(of).collect()
}

fn building(
    used: &Used,
    heat: &HeatPower,
    (customer, tariffs): (Customer, &Tariffs),
    carbon: &CarbonFactors,
) -> BuildingYear {
    let kwh = |wh: f64| wh / WH_PER_KWH;
    let taken = Taken {
        bought: kwh(used.bought.wh),
        night: kwh(used.bought.night_wh),
        peak_kw: used.bought.peak_w / 1e3,
        sold: kwh(used.bought.sold_wh),
        fuel: kwh(heat.fuel_w),
        district: kwh(heat.district_w),
    };
    let bill = tariffs.bill(customer, &taken);
    let burnt_g =
        taken.fuel * (carbon.fuel_g_kwh + carbon.fuel_upstream_g_kwh) + taken.district * carbon.district_g_kwh;
    BuildingYear {
        heating: kwh(heat.heating_w),
        hot_water: kwh(heat.hot_water_w),
        cooling: kwh(heat.cooling_w),
        electricity: kwh(used.load()),
        heat_electricity: kwh(used.heat),
        charging: kwh(used.charging),
        pv: kwh(used.pv),
        self_consumption: kwh(used.own),
        fuel: taken.fuel,
        district: taken.district,
        peak_kw: taken.peak_kw,
        carbon_kg: (used.bought.carbon_g + burnt_g) / 1e3,
        cost_eur: bill.total(),
        bill,
        ..BuildingYear::default()
    }
}

/// What a building owns. Where rooms are not heated hot water comes from small heaters, which are not counted; a heat pump is.
fn plants(computed: &Computed<'_>, id: BuildingId, (year, battery_kwh): (&BuildingYear, f64)) -> Plants {
    let heat_kw = |has: bool| if has { Plants::heat_kw(year.heating + year.hot_water) } else { 0.0 };
    let heated = year.heating > 0.0;
    Plants {
        photovoltaics: computed.system.roof_planes(id).map(|plane| plane.peak_w).sum::<f64>() / 1e3,
        heat_pump: heat_kw(computed.system.has_heat_pump(id)),
        boiler: heat_kw(heated && year.fuel > 0.0),
        district_station: heat_kw(heated && year.district > 0.0),
        wallboxes: Plants::wallboxes(year.charging),
        battery: battery_kwh,
        retrofit: computed.demand.retrofit_eur[id.index()],
    }
}

fn totals(
    hours: &Hours,
    demand: &CityDemand,
    (carbon, grid_carbon): (&CarbonFactors, &GridCarbon),
    buildings: &[BuildingYear],
) -> CityTotals {
    let sum = |of: fn(&EnergyHour) -> f64| hours.rows.iter().map(of).sum::<f64>();
    let most = |of: fn(&EnergyHour) -> f64| hours.rows.iter().map(of).fold(0.0, f64::max);
    let heat = |of: fn(&HeatPower) -> f64| demand.buildings.iter().map(of).sum::<f64>() / WH_PER_MWH;
    let money = |of: fn(&BuildingYear) -> f64| buildings.iter().map(of).sum::<f64>();
    let mut totals = CityTotals {
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
        bills_eur: money(|year| year.cost_eur),
        standing_eur: money(|year| year.bill.standing),
        peak_charge_eur: money(|year| year.bill.peak),
        annuity_eur: money(|year| year.plants.annuity),
        invested_eur: money(|year| year.plants.invested),
        retrofitted: demand.retrofitted,
        retrofit_eur: demand.cost_eur,
        ..CityTotals::default()
    };
    emit(&mut totals, hours, carbon, grid_carbon);
    totals
}

/// What the year emits, t: g/kWh is kg/MWh.
fn emit(totals: &mut CityTotals, hours: &Hours, carbon: &CarbonFactors, grid_carbon: &GridCarbon) {
    let tonnes = |mwh: f64, g_kwh: f64| mwh * g_kwh / 1e3;
    totals.electricity_carbon_t = hours.rows.iter().map(|row| tonnes(row.import, grid_carbon.g_kwh(row.hour))).sum();
    totals.electricity_carbon_flat_t = tonnes(totals.import_mwh, grid_carbon.mean_g_kwh);
    totals.fuel_carbon_t = tonnes(totals.fuel_mwh, carbon.fuel_g_kwh);
    totals.fuel_upstream_carbon_t = tonnes(totals.fuel_mwh, carbon.fuel_upstream_g_kwh);
    totals.district_carbon_t = tonnes(totals.district_mwh, carbon.district_g_kwh);
    totals.pv_making_t = tonnes(totals.pv_mwh, carbon.pv_making_g_kwh);
    totals.carbon_t =
        totals.electricity_carbon_t + totals.fuel_carbon_t + totals.fuel_upstream_carbon_t + totals.district_carbon_t;
}

/// The same year added up another way: by building and plant instead of by hour.
fn residual(hours: &Hours, totals: &CityTotals) -> f64 {
    let sum = |of: fn(&Used) -> f64| hours.buildings.iter().map(of).sum::<f64>();
    let load = (sum(Used::load) + hours.public_wh + hours.street_wh) / WH_PER_MWH;
    let pv = (sum(|used| used.pv) + hours.plants_wh) / WH_PER_MWH;
    let off = totals.import_mwh - totals.export_mwh - (load - pv + totals.losses_mwh);
    off.abs() / (load + pv + totals.losses_mwh).max(f64::MIN_POSITIVE)
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

/// Stated assets that nobody operates, in one line.
pub(crate) fn not_operated(city: &City) -> Option<String> {
    let count = |kind| city.energy_assets.iter().filter(|asset| asset.kind == kind).count();
    let kinds = [
        (count(EnergyAssetKind::Battery), "batteries"),
        (count(EnergyAssetKind::Wind), "wind turbines"),
        (count(EnergyAssetKind::Generator), "generators"),
    ];
    let told: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    (!told.is_empty()).then(|| {
        format!(
            "of the map {} are not operated: it says neither what batteries hold nor by which rule they and generators run, and              wind is not simulated; they count as nought",
            told.join(", ")
        )
    })
}

fn notes(computed: &Computed<'_>, hours: &Hours, tariffs: &Tariffs, means: Option<&HouseholdMeans>) -> Vec<String> {
    let Computed { of, spec, weather, grid_carbon, system, .. } = computed;
    let (country, finance) = (of.country(), spec.finance);
    let mut notes = vec![
        format!("carbon of electricity: {}", grid_carbon.label),
        "carbon: electricity and fuel with what bringing them takes; the making of the city's own modules stands beside, that of \
         other plants and retrofits is not counted; export is not taken off"
            .to_owned(),
        format!(
            "money: {} % interest, plants' prices rising by {} % a year, over {} years, without subsidies; energy at the prices of \
             {}; households bear plants and retrofits as owners do, at German prices; of a retrofit {} % count, the rest is due anyway",
            100.0 * finance.interest,
            100.0 * finance.rise,
            finance.years,
            tariffs.year,
            100.0 * of.tables.cost(Item::Retrofit).eur_per_unit
        ),
        "heat: the light on a facade is what its neighbours leave of it by month; curtains and trees are a fixed factor".to_owned(),
    ];
    let mut say = |when: bool, what: String| {
        if when {
            notes.push(what);
        }
    };
    let incomes = means.map_or_else(
        || format!("incomes of \"{country}\" are not known: no shares of income, no fuel poverty"),
        |means| {
            format!(
                "incomes (mean of {}): nobody knows who lives where; each household gets one by chance, whatever its energy costs \
                 ({DRAWS} draws; the two orders by cost of the dwelling say how much that could matter); households of a building \
                 are taken alike, and their cost is that of the simulated need, not what they pay",
                means.year
            )
        },
    );
    say(true, incomes);
    say(!weather.measured, format!("the weather is modelled: {}", weather.label));
    let origin = of.city.anchor.origin;
    let north = origin.lat - weather.latitude_deg;
    let east = (origin.lon - weather.longitude_deg) * origin.lat.to_radians().cos();
    let km = KM_PER_DEG * north.hypot(east);
    say(km > FURTHEST_KM, format!("the weather is that of a place {km:.0} km away"));
    for (table, row) in [("carbon factors", &of.tables.carbon(country).country), ("tariffs", &tariffs.country)] {
        say(row != country, format!("{table} of \"{country}\" are not known: those of the {row} are taken"));
    }
    let nobody = hours.charge.is_none() && system.electric_share() > 0.0;
    say(nobody, "the city's demand has no trips by car: no electric cars charge".to_owned());
    let idle = not_operated(of.city);
    say(idle.is_some(), idle.unwrap_or_default());
    say(!hours.losses_known, "without a load flow: no losses, loadings, voltages".to_owned());
    say(hours.uncarried > 0, format!("{} hours that the grid cannot carry are without losses", hours.uncarried));
    notes
}
