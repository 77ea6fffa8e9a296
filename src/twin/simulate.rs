//! One tick of the engines, and what they say put on the entities.

use std::time::Instant;

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_environment as environment;
use citytwin_model::{City, FeatureRef, LinkId, Quantity, Sensor, Timestamp};
use citytwin_scenario::SkyNow;
use citytwin_traffic::{LinkState, Simulation};

use crate::{
    Asset, CityModel, Clock, EnergyTwin, EntityIndex, GridTwin, LiveEnergyTwin, Simulated, TrafficTwin, TwinSystems,
    WeatherNow,
};

/// Simulated time between two evaluations of the energy system, second.
const ENERGY_STEP_S: f64 = 60.0;
/// Simulated time between two writes of the engines' state onto the entities, second.
const PUBLISH_STEP_S: f64 = 5.0;

/// Which links and assets a sensor measures, found once.
#[derive(Resource, Default)]
pub(crate) struct SensorSights(pub(crate) Vec<Sight>);

/// The link that runs the other way on the same piece of road; index = `LinkId`.
#[derive(Resource, Default)]
pub struct Opposite(pub Vec<Option<LinkId>>);

impl Opposite {
    fn find(city: &City) -> Self {
        let mut keyed: Vec<_> = city.links.iter().map(|l| (l.road, l.first, l.last, l.id)).collect();
        keyed.sort_unstable();
        let mut opposite = vec![None; city.links.len()];
        for pair in keyed.windows(2) {
            let ((r0, f0, l0, a), (r1, f1, l1, b)) = (pair[0], pair[1]);
            if (r0, f0, l0) == (r1, f1, l1) {
                opposite[a.index()] = Some(b);
                opposite[b.index()] = Some(a);
            }
        }
        Self(opposite)
    }
}

/// What one sensor would see.
pub(crate) enum Sight {
    Links(Vec<LinkId>),
    Building(usize),
    Transformer(usize),
    Weather,
    /// No engine computes this; the emulator makes it up from the traffic around (`links`).
    Unmodelled(Vec<LinkId>),
}

/// Inside `Simulate`: traffic and energy have stepped and stand on their entities.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct EnginesPublished;

/// Whether the energy system is evaluated in this tick.
pub(crate) fn is_energy_due(clock: &Clock) -> bool {
    due(clock.tick, ENERGY_STEP_S) || clock.tick == 1 || clock.tick == clock.energy_tick
}

pub(crate) fn install(world: &mut World) {
    let city = world.resource::<CityModel>().0.clone();
    let sights = find_sights(&city, &world.resource::<EnergyTwin>().0);
    world.insert_resource(SensorSights(sights));
    world.insert_resource(Opposite::find(&city));
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(
        FixedUpdate,
        (step_engines, publish_roads, publish_energy, publish_sensors)
            .chain()
            .in_set(EnginesPublished)
            .in_set(TwinSystems::Simulate),
    );
}

/// Weather and sun of an instant: a clear, typical day (no forecast, no measurement yet).
pub(crate) fn weather_at(city: &City, at: Timestamp) -> WeatherNow {
    let (sun, weather) = environment::sky(&city.anchor, at);
    WeatherNow { weather, sun }
}

fn step_engines(
    mut clock: ResMut<Clock>,
    mut traffic: ResMut<TrafficTwin>,
    (mut energy, mut live): (ResMut<EnergyTwin>, ResMut<LiveEnergyTwin>),
    mut weather: ResMut<WeatherNow>,
    city: Res<CityModel>,
) {
    let began = Instant::now();
    traffic.0.step();
    clock.tick += 1;
    if is_energy_due(&clock) {
        *weather = weather_at(&city.0, clock.now());
        energy.0.set_car_kwh_per_km(traffic.0.car_kwh_per_km());
        let sky = SkyNow { at: clock.now(), sun: weather.sun, weather: weather.weather };
        live.evaluate(&mut energy.0, &sky, ENERGY_STEP_S);
    }
    if due(clock.tick, ENERGY_STEP_S) || clock.tick == 1 {
        energy.0.accumulate(ENERGY_STEP_S);
    }
    clock.note_cost(began.elapsed().as_secs_f64());
}

/// Whether a tick ends a period of simulated time.
pub(crate) fn due(tick: u64, every_s: f64) -> bool {
    let ticks = (every_s / Simulation::STEP_S).round().max(1.0) as u64;
    tick.is_multiple_of(ticks)
}

/// What the links of a road come to.
#[derive(Clone, Copy, Default)]
struct RoadSum {
    flow_vph: f32,
    speed_mps: f32,
    vehicles: u32,
    queue_m: f32,
    waiting: u32,
}

fn publish_roads(
    clock: Res<Clock>,
    (city, traffic, index, opposite): (Res<CityModel>, Res<TrafficTwin>, Res<EntityIndex>, Res<Opposite>),
    mut assets: Query<&mut Simulated>,
    mut sums: Local<Vec<RoadSum>>,
) {
    if !due(clock.tick, PUBLISH_STEP_S) && clock.tick != 1 {
        return;
    }
    sums.clear();
    sums.resize(city.0.roads.len(), RoadSum::default());
    // A road's flow is that of its busiest piece, both directions together, as a counter beside it would see.
    let states = traffic.0.link_states();
    for link in &city.0.links {
        let Some(state) = states.get(link.id.index()) else { continue };
        let other = opposite.0[link.id.index()].and_then(|other| states.get(other.index()));
        let flow_vph = state.flow_vph + other.map_or(0.0, |other| other.flow_vph);
        let sum = &mut sums[link.road.index()];
        if flow_vph > sum.flow_vph || sum.speed_mps == 0.0 {
            let (one, two) = (state.flow_vph.max(1e-3), other.map_or(0.0, |other| other.flow_vph.max(1e-3)));
            let speed_mps =
                other.map_or(state.speed_mps, |o| (one * state.speed_mps + two * o.speed_mps) / (one + two));
            (sum.flow_vph, sum.speed_mps) = (flow_vph, speed_mps);
        }
        sum.vehicles += state.vehicles;
        sum.waiting += state.waiting;
        sum.queue_m = sum.queue_m.max(state.queue_m);
    }
    for (road, entity) in city.0.roads.iter().zip(&index.roads) {
        let RoadSum { flow_vph, speed_mps, vehicles, queue_m, waiting } = sums[road.id.index()];
        if speed_mps == 0.0 && flow_vph == 0.0 {
            continue;
        }
        if let Ok(mut simulated) = assets.get_mut(*entity) {
            simulated.set_if_neq(Simulated::Road { flow_vph, speed_mps, vehicles, queue_m, waiting });
        }
    }
}

fn publish_energy(
    clock: Res<Clock>,
    (energy, index): (Res<EnergyTwin>, Res<EntityIndex>),
    mut assets: Query<&mut Simulated>,
) {
    if !is_energy_due(&clock) {
        return;
    }
    let (loads, pv) = (energy.0.building_load_w(), energy.0.building_pv_w());
    for ((entity, load_w), pv_w) in index.buildings.iter().zip(loads).zip(pv) {
        if let Ok(mut simulated) = assets.get_mut(*entity) {
            simulated.set_if_neq(Simulated::Building { load_w: *load_w, pv_w: *pv_w });
        }
    }
    for transformer in energy.0.transformers() {
        let Some(asset) = transformer.asset else { continue };
        let Some(entity) = index.energy_assets.get(asset.index()) else { continue };
        if let Ok(mut simulated) = assets.get_mut(*entity) {
            simulated.set_if_neq(Simulated::Transformer {
                load_w: transformer.load_w as f32,
                pv_w: transformer.pv_w as f32,
                losses_w: transformer.losses_w as f32,
                loading: transformer.loading as f32,
            });
        }
    }
}

fn publish_sensors(
    clock: Res<Clock>,
    (city, sights, index): (Res<CityModel>, Res<SensorSights>, Res<EntityIndex>),
    (traffic, energy, weather): (Res<TrafficTwin>, Res<EnergyTwin>, Res<WeatherNow>),
    grid: Option<Res<GridTwin>>,
    mut assets: Query<&mut Simulated, With<Asset>>,
) {
    if !due(clock.tick, PUBLISH_STEP_S) && clock.tick != 1 {
        return;
    }
    for ((sensor, sight), entity) in city.0.sensors.iter().zip(&sights.0).zip(&index.sensors) {
        let Some(value) = truth(sensor, sight, traffic.0.link_states(), &energy, (&weather, grid.as_deref())) else {
            continue;
        };
        if let Ok(mut simulated) = assets.get_mut(*entity) {
            simulated.set_if_neq(Simulated::Sensor { value });
        }
    }
}

/// What a sensor would read in the simulated city without error; `None` where no engine covers it.
pub(crate) fn truth(
    sensor: &Sensor,
    sight: &Sight,
    links: &[LinkState],
    energy: &EnergyTwin,
    (weather, grid): (&WeatherNow, Option<&GridTwin>),
) -> Option<f64> {
    match (sight, sensor.quantity) {
        (Sight::Links(seen), Quantity::VehicleFlow) => Some(flow_vph(seen, links)),
        (Sight::Links(seen), Quantity::Speed) => Some(speed_kmh(seen, links)),
        (Sight::Building(building), Quantity::ActivePower) => {
            let (load, pv) = (energy.0.building_load_w().get(*building)?, energy.0.building_pv_w().get(*building)?);
            Some(f64::from(load - pv))
        }
        (Sight::Transformer(transformer), Quantity::ActivePower) => {
            let state = energy.0.transformers().get(*transformer)?;
            Some(state.load_w + state.losses_w - state.pv_w)
        }
        (Sight::Building(building), Quantity::Voltage) => grid?.volts(grid?.grid.buildings.get(*building)?.bus),
        (Sight::Transformer(transformer), Quantity::Voltage) => {
            grid?.volts(grid?.grid.stations.get(*transformer)?.low_bus)
        }
        (Sight::Weather, Quantity::AirTemperature) => Some(weather.weather.air_temperature_c),
        (Sight::Weather, Quantity::Irradiance) => Some(weather.weather.ghi),
        _ => None,
    }
}

pub(crate) fn flow_vph(seen: &[LinkId], links: &[LinkState]) -> f64 {
    seen.iter().filter_map(|l| links.get(l.index())).map(|s| f64::from(s.flow_vph)).sum()
}

fn speed_kmh(seen: &[LinkId], links: &[LinkState]) -> f64 {
    let (mut weighted, mut weight) = (0.0, 0.0);
    for state in seen.iter().filter_map(|l| links.get(l.index())) {
        let w = f64::from(state.flow_vph).max(1.0);
        weighted += w * f64::from(state.speed_mps) * 3.6;
        weight += w;
    }
    if weight > 0.0 { weighted / weight } else { 0.0 }
}

fn find_sights(city: &City, energy: &citytwin_energy::EnergySystem) -> Vec<Sight> {
    city.sensors
        .iter()
        .map(|sensor| match (sensor.quantity, sensor.observes) {
            (Quantity::VehicleFlow | Quantity::Speed, Some(FeatureRef::Road(road))) => {
                Sight::Links(links_at(city, sensor, |link| link.road == road))
            }
            (Quantity::VehicleFlow | Quantity::Speed, _) => Sight::Links(links_at(city, sensor, |_| true)),
            (Quantity::ActivePower | Quantity::Voltage, Some(FeatureRef::Building(building))) => {
                Sight::Building(building.index())
            }
            (Quantity::ActivePower | Quantity::Voltage, Some(FeatureRef::EnergyAsset(asset))) => {
                match energy.transformers().iter().position(|t| t.asset == Some(asset)) {
                    Some(transformer) => Sight::Transformer(transformer),
                    None => Sight::Unmodelled(Vec::new()),
                }
            }
            (Quantity::AirTemperature | Quantity::Irradiance, _) => Sight::Weather,
            _ => Sight::Unmodelled(links_at(city, sensor, |_| true)),
        })
        .collect()
}

/// The link next to the sensor and its opposite direction.
fn links_at(city: &City, sensor: &Sensor, wanted: impl Fn(&citytwin_model::Link) -> bool) -> Vec<LinkId> {
    let mut best: Option<(f64, LinkId)> = None;
    for link in city.links.iter().filter(|l| wanted(l)) {
        let points = &city.roads[link.road.index()].line.0[link.first as usize..=link.last as usize];
        let distance = points
            .windows(2)
            .map(|pair| distance_to_segment(sensor.at, pair[0], pair[1]))
            .fold(f64::INFINITY, f64::min);
        if best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, link.id));
        }
    }
    let Some((_, nearest)) = best else { return Vec::new() };
    let near = &city.links[nearest.index()];
    city.links
        .iter()
        .filter(|l| l.road == near.road && l.first == near.first && l.last == near.last)
        .map(|l| l.id)
        .collect()
}

fn distance_to_segment(
    p: citytwin_model::Coord<f64>,
    a: citytwin_model::Coord<f64>,
    b: citytwin_model::Coord<f64>,
) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length2 = dx * dx + dy * dy;
    let t = if length2 > 0.0 { (((p.x - a.x) * dx + (p.y - a.y) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (p.x - a.x - t * dx).hypot(p.y - a.y - t * dy)
}
