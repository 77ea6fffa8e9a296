//! The state of the power grid from its sensors, found on a worker thread whenever readings or loads have moved on.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_energy::grid::synthetic::{GridEstimate, Operated, Powers, Sensed, Sensing};
use citytwin_model::{City, FeatureRef, Quality, Quantity, Sensor, SensorId, Timestamp};
use citytwin_scenario::half_pool;
use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::{CityModel, EnergyTwin, EntityIndex, GridTwin, Observed};

/// Standard deviation of a power meter: of its value (a meter of class 2, IEC 62053-21, behind transformers of class 1, IEC
/// 61869-2, is within 3 %), and of the rating of what it measures, 1.
const POWER_SHARE: f64 = 0.03;
const POWER_OF_RATING: f64 = 0.002;
/// Standard deviation of a household's meter at least, W.
const POWER_LEAST_W: f64 = 20.0;
/// Standard deviation of a voltmeter, of nominal: 0.5 % as the 95 % bound (IEC 61000-4-30, class S).
const VOLTAGE_SHARE: f64 = 0.0025;
/// How much wider a reading counts that its device calls uncertain.
const UNCERTAIN: f64 = 3.0;
/// Rest between two estimates, so that they leave the processor to the city.
const REST: Duration = Duration::from_secs(2);

/// What is known of the live grid by measuring.
#[derive(Resource)]
pub struct GridEstimation {
    pub state: EstimateState,
    /// The sensors that measure the grid.
    sensors: Vec<GridSensor>,
    coming: Option<Receiver<Result<GridEstimated, String>>>,
    /// Load flow and observation that the last estimate was asked for.
    asked: Option<(u64, Timestamp)>,
    rested: Option<Instant>,
}

/// How far the estimate is.
#[derive(Clone, Debug)]
pub enum EstimateState {
    /// No sensor of this city measures its grid.
    Unmeasured,
    /// No reading of them is fresh and sound.
    Silent,
    Working,
    Found(Arc<GridEstimated>),
    Failed(String),
}

/// An estimate with the sensors it is from.
#[derive(Clone, Debug)]
pub struct GridEstimated {
    pub estimate: GridEstimate,
    /// In the order of the estimate's sensings, with what each said.
    pub sensors: Vec<(SensorId, Sensing)>,
    /// Of how many that measure the grid.
    pub of: usize,
    /// The newest reading.
    pub at: Timestamp,
}

/// A sensor of the grid.
#[derive(Clone, Copy, Debug)]
struct GridSensor {
    sensor: SensorId,
    sensed: Sensed,
    /// Unit of the estimate per unit of the sensor: 1, or per volt for voltages.
    scale: f64,
    /// Standard deviation: of the value, and at least, in the unit of the estimate.
    sigma: [f64; 2],
}

pub(crate) fn install(world: &mut World) {
    world.remove_resource::<GridEstimation>();
    let Some(grid) = world.get_resource::<GridTwin>() else { return };
    let city = &world.resource::<CityModel>().0;
    let sensors: Vec<GridSensor> = city.sensors.iter().filter_map(|sensor| sensed(city, grid, sensor)).collect();
    let state = if sensors.is_empty() { EstimateState::Unmeasured } else { EstimateState::Silent };
    world.insert_resource(GridEstimation { state, sensors, coming: None, asked: None, rested: None });
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(PreUpdate, look.run_if(resource_exists::<GridTwin>).run_if(resource_exists::<GridEstimation>));
}

/// What a sensor measures of the grid; None for all others.
fn sensed(city: &City, twin: &GridTwin, sensor: &Sensor) -> Option<GridSensor> {
    let grid = &twin.grid;
    let power = |sensed, rated_w: f64| {
        let sigma = [POWER_SHARE, (POWER_OF_RATING * rated_w).max(POWER_LEAST_W)];
        Some(GridSensor { sensor: sensor.id, sensed, scale: 1.0, sigma })
    };
    let voltage = |bus: u32| {
        let sensed = Sensed::Voltage(bus);
        Some(GridSensor { sensor: sensor.id, sensed, scale: 1.0 / twin.phase_v(bus), sigma: [0.0, VOLTAGE_SHARE] })
    };
    let station = |asset| twin.stations_of_assets.iter().position(|of| *of == Some(asset));
    match (sensor.quantity, sensor.observes?) {
        (Quantity::ActivePower, FeatureRef::Building(building)) => power(Sensed::Building(building.0), 0.0),
        (Quantity::Voltage, FeatureRef::Building(building)) => voltage(grid.buildings.get(building.index())?.bus),
        (Quantity::ActivePower, FeatureRef::EnergyAsset(asset)) => match station(asset) {
            Some(station) => {
                let unit = &grid.grid.transformers[station];
                power(Sensed::Transformer(station as u32), unit.rated_va * f64::from(unit.parallel))
            }
            None => {
                grid.attached.iter().find(|attached| **attached == asset.0)?;
                let rated = city.energy_assets.get(asset.index())?.rated.as_ref();
                power(Sensed::Asset(asset.0), rated.map_or(0.0, |rated| rated.value.0))
            }
        },
        (Quantity::Voltage, FeatureRef::EnergyAsset(asset)) => voltage(grid.stations[station(asset)?].low_bus),
        _ => None,
    }
}

/// Takes an answer that has come, asks when something is new and the last is a while ago.
fn look(
    (twin, energy): (Res<GridTwin>, Res<EnergyTwin>),
    (index, observed): (Res<EntityIndex>, Query<&Observed>),
    mut estimation: ResMut<GridEstimation>,
) {
    let estimation = estimation.bypass_change_detection();
    match estimation.coming.as_ref().map(Receiver::try_recv) {
        Some(Err(TryRecvError::Empty)) => return,
        Some(Ok(Ok(found))) => estimation.answered(EstimateState::Found(Arc::new(found))),
        Some(Ok(Err(why))) => estimation.answered(EstimateState::Failed(why)),
        Some(Err(TryRecvError::Disconnected)) => {
            estimation.answered(EstimateState::Failed("the estimate stopped on a fault of the program".into()));
        }
        None => {}
    }
    let resting = estimation.rested.is_some_and(|since| since.elapsed() < REST);
    if resting || estimation.sensors.is_empty() {
        return;
    }
    let read = |of: &GridSensor| {
        let observed = observed.get(*index.sensors.get(of.sensor.index())?).ok()?;
        observed.0.iter().find_map(|observation| of.sensing(observation.quality, &observation.reading))
    };
    let readings: Vec<(SensorId, Sensing, Timestamp)> = estimation.sensors.iter().filter_map(read).collect();
    let Some(at) = readings.iter().map(|reading| reading.2).max() else {
        (estimation.state, estimation.asked) = (EstimateState::Silent, None);
        return;
    };
    if estimation.asked == Some((twin.version, at)) || twin.answer().is_none() {
        return;
    }
    estimation.asked = Some((twin.version, at));
    if !matches!(estimation.state, EstimateState::Found(_)) {
        estimation.state = EstimateState::Working;
    }
    let sensors: Vec<(SensorId, Sensing)> =
        readings.into_iter().map(|(sensor, sensing, _)| (sensor, sensing)).collect();
    estimation.begin(twin.operated.clone(), Powers::of(&energy.0), (sensors, at));
}

impl GridSensor {
    /// What a reading says of the grid; None where it cannot be relied on.
    fn sensing(&self, quality: Quality, reading: &citytwin_model::Reading) -> Option<(SensorId, Sensing, Timestamp)> {
        let wide = match quality {
            Quality::Good => 1.0,
            Quality::Uncertain => UNCERTAIN,
            Quality::Bad | Quality::Stale => return None,
        };
        let value = reading.value * self.scale;
        let sigma = wide * (self.sigma[0] * value).hypot(self.sigma[1]);
        Some((self.sensor, Sensing { what: self.sensed, value, sigma }, reading.observed_at))
    }
}

impl GridEstimation {
    fn answered(&mut self, state: EstimateState) {
        (self.state, self.coming, self.rested) = (state, None, Some(Instant::now()));
    }

    fn begin(
        &mut self,
        operated: Arc<Operated>,
        powers: Powers<'_>,
        (sensors, at): (Vec<(SensorId, Sensing)>, Timestamp),
    ) {
        let (send, coming) = bounded(1);
        let [load_w, pv_w, asset_w] = [powers.load_w, powers.pv_w, powers.asset_w].map(<[f32]>::to_vec);
        let of = self.sensors.len();
        let work = move || {
            let powers = Powers { load_w: &load_w, pv_w: &pv_w, asset_w: &asset_w };
            let sensings: Vec<Sensing> = sensors.iter().map(|sensor| sensor.1).collect();
            let found = half_pool().map_err(|error| error.to_string()).and_then(|pool| {
                pool.install(|| operated.estimate(&powers, &sensings)).map_err(|error| error.to_string())
            });
            // The window may be gone by now; then nobody waits for the result.
            let _ = send.send(found.map(|estimate| GridEstimated { estimate, sensors, of, at }));
        };
        match thread::Builder::new().name("grid-estimate".into()).spawn(work) {
            Ok(_) => self.coming = Some(coming),
            Err(error) => self.state = EstimateState::Failed(format!("no thread for the grid's estimate: {error}")),
        }
    }
}
