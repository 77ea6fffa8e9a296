//! The key figures: what they are called, what they mean, how they follow from the engines.

use crate::{
    energy_run::EnergyRun,
    result::{Better, KeyFigure},
    traffic_run::{Flow, TrafficRun, Trips},
};

/// Tailpipe carbon dioxide of a car with an engine, kg/km: "average car, unknown fuel", UK Government GHG
/// conversion factors for company reporting 2023 (0.167).
const CO2_KG_PER_KM: f64 = 0.167;

/// What two marks differ by.
#[derive(Clone, Copy)]
pub struct Passage {
    pub trips: Trips,
    pub flow: Flow,
    pub driven_m: f64,
}

impl Passage {
    /// Trips and flow of the whole window; `under_way` is that of its end.
    pub fn of(run: &TrafficRun) -> Self {
        let (first, last) = run.ends();
        Self {
            trips: Trips {
                demanded: last.trips.demanded - first.trips.demanded,
                arrived: last.trips.arrived - first.trips.arrived,
                under_way: last.trips.under_way,
                refused: last.trips.refused - first.trips.refused,
                travel_s: last.trips.travel_s - first.trips.travel_s,
            },
            flow: last.flow,
            driven_m: last.driven_m,
        }
    }

    /// Mean travel time of the trips that arrived, second; 0 where none did.
    pub fn mean_travel_s(&self) -> f64 {
        if self.trips.arrived == 0 { 0.0 } else { self.trips.travel_s / self.trips.arrived as f64 }
    }
}

impl Flow {
    /// Space mean speed, km/h; 0 where nothing drives.
    pub fn speed_kmh(&self) -> f64 {
        if self.vehicle_s > 0.0 { 3.6 * self.vehicle_m / self.vehicle_s } else { 0.0 }
    }
}

/// Key figures of the traffic.
pub fn traffic(run: &TrafficRun, electric_share: f64) -> Vec<KeyFigure> {
    let passage = Passage::of(run);
    let (trips, flow) = (passage.trips, passage.flow);
    let vehicle_km = passage.driven_m / 1000.0;
    let figure = |name, label, unit, value, better, source| KeyFigure { name, label, unit, value, better, source };
    vec![
        figure(
            "mean_travel_time",
            "Mean travel time",
            "min",
            passage.mean_travel_s() / 60.0,
            Better::Lower,
            "door to door of the car trips that arrived in the window; traffic simulation",
        ),
        figure(
            "trips_arrived",
            "Trips arrived",
            "",
            trips.arrived as f64,
            Better::Higher,
            "car trips that reached their destination in the window; traffic simulation",
        ),
        figure(
            "trips_refused",
            "Trips without a way",
            "",
            trips.refused as f64,
            Better::Lower,
            "car trips demanded that no route could serve; traffic simulation",
        ),
        figure(
            "mean_speed",
            "Mean speed",
            "km/h",
            flow.speed_kmh(),
            Better::Higher,
            "distance over time on the road, sampled every minute on all links",
        ),
        figure(
            "vehicle_km",
            "Distance driven",
            "km",
            vehicle_km,
            Better::Neutral,
            "vehicles that left a link × its length, over all links",
        ),
        figure(
            "delay",
            "Time lost",
            "h",
            flow.delay_s / 3600.0,
            Better::Lower,
            "vehicle-hours beyond driving at the legal limit, waiting to enter the road included; sampled every minute",
        ),
        figure(
            "car_co2",
            "CO₂ from tailpipes",
            "t",
            vehicle_km * CO2_KG_PER_KM * (1.0 - electric_share) / 1000.0,
            Better::Lower,
            "distance driven × share without a plug × 0.167 kg/km, every vehicle taken as an average car (UK Government \
             conversion factors 2023)",
        ),
    ]
}

/// Key figures of the energy system.
pub fn energy(run: &EnergyRun) -> Vec<KeyFigure> {
    let figure = |name, label, unit, value, better, source| KeyFigure { name, label, unit, value, better, source };
    let energy = run.energy;
    let pv_percent = if energy.load > 0.0 { 100.0 * energy.pv / energy.load } else { 0.0 };
    let overloaded = run.system.transformers().iter().filter(|t| t.peak_loading > 1.0).count();
    vec![
        figure(
            "peak_load",
            "Peak load",
            "kW",
            run.peak_load_w / 1000.0,
            Better::Lower,
            "highest load of all buildings and chargers together; profiles by use and floor area",
        ),
        figure(
            "peak_supplied",
            "Peak supply",
            "kW",
            run.peak_supplied_w / 1000.0,
            Better::Lower,
            "highest power drawn from medium voltage: load + transformer losses − photovoltaics",
        ),
        figure(
            "energy_supplied",
            "Energy supplied",
            "MWh",
            energy.supplied,
            Better::Lower,
            "load + transformer losses − photovoltaics over the window",
        ),
        figure(
            "pv_share_of_load",
            "Solar share of load",
            "%",
            pv_percent,
            Better::Higher,
            "photovoltaic energy over load, under a clear sky (synthetic typical day): an upper bound",
        ),
        figure(
            "transformers_overloaded",
            "Transformers over rating",
            "",
            overloaded as f64,
            Better::Lower,
            "transformers, stated and made up, that passed their rating at any time in the window",
        ),
    ]
}
