//! What the emulated sensors are told to measure: the simulated city.
//!
//! Quantities that no engine computes yet (air quality, noise) are made up from the traffic around the
//! sensor by the plain relations below; such readings have no simulated value beside them.

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_model::{Quantity, SensorId};
use citytwin_traffic::LinkState;

use crate::{
    CityModel, Clock, EnergyTwin, Feed, GridTwin, TrafficTwin, TwinSystems, WeatherNow,
    simulate::{SensorSights, Sight, flow_vph, truth},
};

/// Shortest wall time between two packets of one sensor, second: at 300 × the city's packets would
/// otherwise come 300 times as fast.
const SHORTEST_INTERVAL_S: f64 = 0.5;
/// Background and growth with the traffic beside the sensor; magnitudes of European urban stations
/// (EEA, Air quality in Europe 2022: urban background NO₂ 10–20, kerbside 20–40 µg/m³; PM2.5 8–15 µg/m³).
const NO2_BACKGROUND_UGM3: f64 = 11.0;
const NO2_PER_VPH_UGM3: f64 = 0.018;
const PM25_BACKGROUND_UGM3: f64 = 8.0;
const PM25_PER_VPH_UGM3: f64 = 0.003;
/// Sound: 10·lg of the flow over a night-time floor (the shape of RLS-90's L = 37.3 + 10·lg Q, 25 m).
const NOISE_BASE_DBA: f64 = 37.3;

/// When each sensor measured last.
#[derive(Resource, Default)]
pub(crate) struct Emulation {
    next_tick: Vec<u64>,
}

impl Emulation {
    /// How much longer than stated a sensor's interval is at this speed of the clock, ≥ 1.
    pub(crate) fn interval_scale(&self, speed: f64) -> f64 {
        (speed * SHORTEST_INTERVAL_S / 5.0).max(1.0)
    }
}

pub(crate) fn install(world: &mut World) {
    world.insert_resource(Emulation::default());
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(FixedUpdate, measure.in_set(TwinSystems::Record));
}

fn measure(
    (clock, city, sights): (Res<Clock>, Res<CityModel>, Res<SensorSights>),
    (traffic, energy, weather): (Res<TrafficTwin>, Res<EnergyTwin>, Res<WeatherNow>),
    grid: Option<Res<GridTwin>>,
    feed: Res<Feed>,
    mut emulation: ResMut<Emulation>,
) {
    let Some(emulator) = &feed.emulator else { return };
    let scale = emulation.interval_scale(clock.speed);
    let step_s = citytwin_traffic::Simulation::STEP_S;
    emulation.next_tick.resize(city.0.sensors.len(), 0);
    let mut batch: Vec<(SensorId, f64)> = Vec::new();
    for ((sensor, sight), next) in city.0.sensors.iter().zip(&sights.0).zip(&mut emulation.next_tick) {
        let interval = ((sensor.interval_s * scale / step_s).round() as u64).max(1);
        // Sensors start spread over their interval; a jump back in time starts them again.
        let phase = u64::from(sensor.id.0).wrapping_mul(7) % interval;
        if *next > clock.tick + interval || *next == 0 {
            *next = clock.tick + phase.min(interval.min(20));
        }
        if clock.tick >= *next {
            *next = clock.tick + interval;
            if let Some(value) = truth(sensor, sight, traffic.0.link_states(), &energy, (&weather, grid.as_deref()))
                .or_else(|| made_up(sensor.quantity, sight, traffic.0.link_states()))
            {
                batch.push((sensor.id, value));
            }
        }
    }
    if !batch.is_empty() {
        emulator.publish(batch, clock.now());
    }
}

fn made_up(quantity: Quantity, sight: &Sight, links: &[LinkState]) -> Option<f64> {
    let Sight::Unmodelled(near) = sight else { return None };
    let flow = flow_vph(near, links);
    match quantity {
        Quantity::No2 => Some(NO2_BACKGROUND_UGM3 + NO2_PER_VPH_UGM3 * flow),
        Quantity::Pm25 => Some(PM25_BACKGROUND_UGM3 + PM25_PER_VPH_UGM3 * flow),
        Quantity::Noise => Some(NOISE_BASE_DBA + 10.0 * flow.max(1.0).log10()),
        _ => None,
    }
}
