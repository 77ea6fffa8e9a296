//! The engines as resources, and their preparation (heavy, off the main thread).

use std::sync::Arc;

use bevy_ecs::prelude::*;
use citytwin_energy::{EnergySystem, grid::synthetic::CityGrid};
use citytwin_model::{Assumptions, City, Timestamp, Weather, time::LocalTime};
use citytwin_scenario::{LiveBasis, LiveDay, LiveEnergy};
use citytwin_traffic::{Demand, Network, Simulation};

use crate::{Clock, LiveEnergyTwin, Stated, grid};

/// The city as read.
#[derive(Resource, Clone)]
pub struct CityModel(pub Arc<City>);

/// The traffic engine of the live city.
#[derive(Resource)]
pub struct TrafficTwin(pub Simulation);

/// The energy engine of the live city.
#[derive(Resource)]
pub struct EnergyTwin(pub EnergySystem);

/// The weather and sun that the engines use now.
#[derive(Resource, Clone, Copy, Debug)]
pub struct WeatherNow {
    pub weather: Weather,
    pub sun: citytwin_model::SunPosition,
}

/// Everything heavy that a live twin starts from.
pub struct Engines {
    pub city: Arc<City>,
    pub network: Arc<Network>,
    pub demand: Arc<Demand>,
    pub traffic: Simulation,
    pub energy: EnergySystem,
    pub live: LiveEnergy,
    /// The power grid, or why there is none.
    pub grid: Result<Arc<CityGrid>, String>,
    pub start: Timestamp,
    pub seed: u64,
    pub assumptions: Assumptions,
}

/// Traffic simulated before the start so that the streets are not empty, second.
const WARM_UP_S: f64 = 1200.0;

impl Engines {
    /// Compiles the network, estimates the demand, fills the streets. `report` hears a stage and its
    /// fraction; returning false from it cancels (`None`).
    pub fn prepare(
        city: Arc<City>,
        start: Timestamp,
        seed: u64,
        assumptions: Assumptions,
        report: &dyn Fn(&'static str, f32) -> bool,
    ) -> Option<Self> {
        report("compiling the road network", 0.0).then_some(())?;
        let network = Network::compile(&city);
        report("estimating the demand", 0.2).then_some(())?;
        let demand = Arc::new(Demand::estimate(&city, &network));
        report("timing the signals", 0.3).then_some(())?;
        let network = citytwin_scenario::timed(network, &demand);
        report("adding up the buildings' energy", 0.4).then_some(())?;
        let mut energy = EnergySystem::new(&city);
        report("growing the power grid", 0.45).then_some(())?;
        let grid = grid::grow(&city, &energy);
        report("reading shells, roofs and cars", 0.47).then_some(())?;
        let basis = LiveBasis::new(&city, &energy, &demand);
        energy.set_shares(&city, &assumptions);
        let live = LiveEnergy::new(Arc::new(basis), &city, &energy, &assumptions);
        let changed = citytwin_scenario::network_for(&city, &network, &assumptions);
        let traffic = warmed_up(&city, &changed, &demand, start, seed, &assumptions, report)?;
        Some(Self { city, network, demand, traffic, energy, live, grid, start, seed, assumptions })
    }
}

/// A simulation that has run [`WARM_UP_S`] up to `start`.
fn warmed_up(
    city: &City,
    network: &Arc<Network>,
    demand: &Arc<Demand>,
    start: Timestamp,
    seed: u64,
    assumptions: &Assumptions,
    report: &dyn Fn(&'static str, f32) -> bool,
) -> Option<Simulation> {
    let before = start.checked_sub(jiff::SignedDuration::from_secs_f64(WARM_UP_S)).unwrap_or(start);
    let local = LocalTime::of(before, &city.time_zone.value);
    let mut simulation = Simulation::new(network.clone(), demand.clone(), local, seed);
    simulation.set_closed(&assumptions.closed_ids(city));
    simulation.set_demand_factor(assumptions.demand_factor);
    let steps = (WARM_UP_S / Simulation::STEP_S) as u32;
    for step in 0..steps {
        if step % 60 == 0 {
            report("filling the streets", 0.5 + 0.5 * step as f32 / steps as f32).then_some(())?;
        }
        simulation.step();
    }
    Some(simulation)
}

/// A jump to another time under way on a worker thread.
#[derive(Resource, Default)]
pub enum JumpState {
    #[default]
    None,
    Preparing {
        to: Timestamp,
        stage: Arc<std::sync::Mutex<(&'static str, f32)>>,
        result: crossbeam_channel::Receiver<Option<Landing>>,
    },
}

/// What a jump lands with: its streets, and its day of energy.
pub struct Landing {
    pub(crate) traffic: Simulation,
    pub(crate) day: LiveDay,
}

impl JumpState {
    /// Starts preparing the streets of another time, and its day of energy; the live city goes on until they are ready.
    pub(crate) fn begin(
        (world_city, live): (Arc<City>, &LiveEnergy),
        origins: &Origins,
        to: Timestamp,
        assumptions: Assumptions,
    ) -> Self {
        let (basis, number) = (live.basis().clone(), live.day_of(to));
        let Origins { network, demand, seed } = origins.clone();
        let stage = Arc::new(std::sync::Mutex::new(("filling the streets", 0.0_f32)));
        let (send, result) = crossbeam_channel::bounded(1);
        let told = stage.clone();
        let spawned = std::thread::Builder::new().name("time-jump".into()).spawn(move || {
            let report = |name, fraction| {
                if let Ok(mut stage) = told.lock() {
                    *stage = (name, fraction);
                }
                true
            };
            let network = citytwin_scenario::network_for(&world_city, &network, &assumptions);
            let ready = warmed_up(&world_city, &network, &demand, to, seed, &assumptions, &report);
            let landing = ready.map(|traffic| Landing { traffic, day: basis.day(number) });
            // The window may be gone by now; then nobody waits for the result.
            let _ = send.send(landing);
        });
        match spawned {
            Ok(_) => Self::Preparing { to, stage, result },
            Err(error) => {
                tracing::error!("no thread for the jump in time: {error}");
                Self::None
            }
        }
    }
}

/// What a jump needs to start again.
#[derive(Resource, Clone)]
pub struct Origins {
    pub network: Arc<Network>,
    pub demand: Arc<Demand>,
    pub seed: u64,
}

pub(crate) fn install(world: &mut World, engines: Engines) {
    let Engines { city, network, demand, traffic, energy, live, start, seed, assumptions, .. } = engines;
    let weather = crate::simulate::weather_at(&city, start);
    world.insert_resource(Clock::new(start, city.time_zone.value.clone()));
    world.insert_resource(Stated(assumptions));
    world.insert_resource(TrafficTwin(traffic));
    world.insert_resource(EnergyTwin(energy));
    world.insert_resource(LiveEnergyTwin::new(live));
    world.insert_resource(weather);
    world.insert_resource(Origins { network, demand, seed });
    world.insert_resource(CityModel(city));
    world.insert_resource(JumpState::default());
}
