//! One run: prepare, drive both engines, sum up.

use citytwin_energy::{EnergyMwh, electric_car_share};
use citytwin_environment::TYPICAL_WEATHER_LABEL;
use citytwin_model::{Assumptions, City, Link};
use citytwin_traffic::Network;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    energy_run::{self, EnergyRun, later},
    figures::{self, Passage},
    prepare::{Prepared, network_for, pool},
    result::{HourRow, LinkRow, RunResult, TransformerRow, Vehicles},
    spec::{RunError, RunSpec, Watch},
    traffic_run::{self, Flow, TrafficRun, Window},
};

/// Runs a city from empty streets at `spec.start`. The traffic takes nearly all of the time.
pub fn run(city: &City, spec: &RunSpec, watch: &dyn Watch) -> Result<RunResult, RunError> {
    let seconds = spec.seconds()?;
    let assumptions = Assumptions::with_requests(city, &spec.edits)?;
    later(spec.start, seconds)?;
    pool(spec.threads)?.install(|| {
        let prepared = Prepared::new(city);
        let network = network_for(city, &prepared.network, &assumptions);
        let window = Window { start: spec.start, seconds, warm_up_s: 0.0, seed: spec.seed };
        let traffic = traffic_run::run(&prepared, &assumptions, window, &|fraction| {
            watch.progress(fraction);
            !watch.cancelled()
        })?;
        let energy = energy_run::run(&prepared, &assumptions, spec.start, seconds, traffic.car_kwh_per_km)?;
        let mut key_figures = figures::traffic(&traffic, electric_car_share(city, &assumptions));
        key_figures.extend(figures::energy(&energy));
        let passage = Passage::of(&traffic);
        Ok(RunResult {
            city: city.name.clone(),
            start: spec.start,
            hours: spec.hours,
            seed: spec.seed,
            edits: spec.edits.clone(),
            vehicles: Vehicles {
                demanded: passage.trips.demanded,
                arrived: passage.trips.arrived,
                under_way: passage.trips.under_way,
                refused: passage.trips.refused,
            },
            refusals: traffic.refusals.clone(),
            mean_travel_time_s: passage.mean_travel_s(),
            energy_mwh: energy.energy,
            state_hash: state_hash(&traffic, &energy),
            key_figures,
            hourly: hours(city, spec, &traffic, &energy)?,
            energy_coverage: *energy.system.coverage(),
            weather: TYPICAL_WEATHER_LABEL,
            links: city.links.iter().map(|link| link_row(city, (link, &network), &traffic, spec.hours)).collect(),
            transformers: transformers(city, &energy),
        })
    })
}

fn state_hash(traffic: &TrafficRun, energy: &EnergyRun) -> String {
    let mut bytes = [0_u8; 16];
    bytes[..8].copy_from_slice(&traffic.state_hash.to_le_bytes());
    bytes[8..].copy_from_slice(&energy.system.state_hash().to_le_bytes());
    format!("{:016x}", xxh3_64(&bytes))
}

/// Both engines' hours side by side.
fn hours(city: &City, spec: &RunSpec, traffic: &TrafficRun, energy: &EnergyRun) -> Result<Vec<HourRow>, RunError> {
    let mut before_energy = EnergyMwh::default();
    let mut rows = Vec::with_capacity(energy.hours.len());
    for (hour, (marks, after)) in traffic.marks.windows(2).zip(&energy.hours).enumerate() {
        let (from, to) = (marks[0], marks[1]);
        let flow = Flow {
            vehicle_s: to.flow.vehicle_s - from.flow.vehicle_s,
            vehicle_m: to.flow.vehicle_m - from.flow.vehicle_m,
            delay_s: to.flow.delay_s - from.flow.delay_s,
        };
        let begins = later(spec.start, hour as f64 * 3600.0)?;
        rows.push(HourRow {
            hour: hour as u32,
            local: city.time_zone.value.to_datetime(begins).to_string(),
            demanded: to.trips.demanded - from.trips.demanded,
            arrived: to.trips.arrived - from.trips.arrived,
            refused: to.trips.refused - from.trips.refused,
            under_way: to.trips.under_way,
            vehicle_km: (to.driven_m - from.driven_m) / 1000.0,
            mean_speed_kmh: flow.speed_kmh(),
            load_mwh: after.load - before_energy.load,
            pv_mwh: after.pv - before_energy.pv,
            losses_mwh: after.losses - before_energy.losses,
            supplied_mwh: after.supplied - before_energy.supplied,
        });
        before_energy = *after;
    }
    Ok(rows)
}

fn link_row(city: &City, (link, network): (&Link, &Network), traffic: &TrafficRun, hours: f64) -> LinkRow {
    let (lanes, limit_mps) = network.lanes_and_limit(link.id).unwrap_or((link.lanes, link.speed_mps));
    let (vehicles, flow) = (traffic.passed[link.id.index()], traffic.links[link.id.index()]);
    LinkRow {
        link: link.id,
        road: city.roads[link.road.index()].source.clone(),
        from: city.nodes[link.from.index()].source.clone(),
        to: city.nodes[link.to.index()].source.clone(),
        length_m: link.length_m,
        lanes,
        // To a tenth: what the network keeps is single precision.
        limit_kmh: (limit_mps * 36.0).round() / 10.0,
        vehicles,
        vehicles_per_day: vehicles as f64 * 24.0 / hours,
        mean_speed_kmh: (flow.vehicle_s > 0.0).then(|| flow.speed_kmh()),
    }
}

fn transformers(city: &City, energy: &EnergyRun) -> Vec<TransformerRow> {
    let states = energy.system.transformers().iter().enumerate();
    states
        .map(|(index, state)| {
            let place = city.anchor.lonlat(state.at);
            TransformerRow {
                id: state.asset.map_or_else(
                    || format!("inferred/{index}"),
                    |asset| city.energy_assets[asset.index()].source.to_string(),
                ),
                stated: state.asset.is_some(),
                lon: place.lon,
                lat: place.lat,
                rated_kva: state.rated_w / 1000.0,
                buildings: state.buildings,
                peak_loading_percent: 100.0 * state.peak_loading,
            }
        })
        .collect()
}
