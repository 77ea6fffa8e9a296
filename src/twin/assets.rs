//! The city's assets as entities: identity, what is observed, what is simulated.

use bevy_ecs::prelude::*;
use citytwin_model::{FeatureRef, Quality, Quantity, Reading, SourceRef};

use crate::{CityModel, record::Trace};

/// Which feature of the city an entity stands for.
#[derive(Component, Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Asset(pub FeatureRef);

/// The feature's identity in its source; what is saved names things by it.
#[derive(Component, Clone, PartialEq, Eq, Debug)]
pub struct Source(pub SourceRef);

/// The latest reading of one quantity, and how far it may be believed now.
#[derive(Clone, PartialEq, Debug)]
pub struct Observation {
    pub reading: Reading,
    /// The reading's own quality, or [`Quality::Stale`] once it is too old.
    pub quality: Quality,
}

/// What sensors say about an asset: at most one observation per quantity, the latest.
#[derive(Component, Clone, Default, PartialEq, Debug)]
pub struct Observed(pub Vec<Observation>);

impl Observed {
    /// The latest observation of a quantity.
    pub fn get(&self, quantity: Quantity) -> Option<&Observation> {
        self.0.iter().find(|o| o.reading.quantity == quantity)
    }

    /// Puts a reading of the one sensor that this is in its place. The feed decides which reading is the latest.
    pub(crate) fn take(&mut self, reading: Reading) {
        let observation = Observation { quality: reading.quality, reading };
        match self.0.iter_mut().find(|o| o.reading.quantity == observation.reading.quantity) {
            Some(old) => *old = observation,
            None => self.0.push(observation),
        }
    }

    /// Puts what one of several sensors says in its place, unless another sensor said something later.
    pub(crate) fn join(&mut self, observation: Observation) {
        let of = |reading: &Reading| reading.observed_at.min(reading.received_at);
        let new = &observation.reading;
        match self.0.iter_mut().find(|o| o.reading.quantity == new.quantity) {
            Some(old) if old.reading.sensor != new.sensor && of(&old.reading) > of(new) => {}
            Some(old) => *old = observation,
            None => self.0.push(observation),
        }
    }
}

/// What the engines say about an asset now.
#[derive(Component, Clone, Copy, Default, PartialEq, Debug)]
pub enum Simulated {
    /// No engine covers this asset (yet).
    #[default]
    Nothing,
    /// Both directions: vehicles per hour, flow-weighted mean speed, vehicles on it now, the longest queue of standing
    /// vehicles on it, vehicles that wait to enter it.
    Road { flow_vph: f32, speed_mps: f32, vehicles: u32, queue_m: f32, waiting: u32 },
    /// Electric load and photovoltaic output.
    Building { load_w: f32, pv_w: f32 },
    /// Sum of the buildings served; losses; share of the rating in use.
    Transformer { load_w: f32, pv_w: f32, losses_w: f32, loading: f32 },
    /// A cable of the power grid: current over rating, power away from the source.
    Line { loading: f32, power_w: f32 },
    /// A transformer of a substation, or the worse of a substation's: power over rating.
    Unit { loading: f32 },
    /// A low-voltage feeder: lowest and highest voltage at its buildings, over nominal; 0 without supply.
    Feeder { lowest_pu: f32, highest_pu: f32 },
    /// What the sensor would say if it measured the simulated city without error; unit of its quantity.
    Sensor { value: f64 },
}

/// Observed less simulated at a sensor, in the unit of its quantity.
#[derive(Component, Clone, Copy, PartialEq, Debug)]
pub struct Residual {
    pub difference: f64,
}

/// Entities by id of the feature, in the order of the city's vectors.
#[derive(Resource, Default, Debug)]
pub struct EntityIndex {
    pub roads: Vec<Entity>,
    pub buildings: Vec<Entity>,
    pub energy_assets: Vec<Entity>,
    pub sensors: Vec<Entity>,
}

impl EntityIndex {
    /// The entity of a feature; only roads, buildings, energy assets and sensors live in the twin.
    pub fn get(&self, feature: FeatureRef) -> Option<Entity> {
        match feature {
            FeatureRef::Road(id) => self.roads.get(id.index()),
            FeatureRef::Building(id) => self.buildings.get(id.index()),
            FeatureRef::EnergyAsset(id) => self.energy_assets.get(id.index()),
            FeatureRef::Sensor(id) => self.sensors.get(id.index()),
            _ => None,
        }
        .copied()
    }
}

pub(crate) fn install(world: &mut World) {
    let city = world.resource::<CityModel>().0.clone();
    let mut spawn = |features: Vec<(FeatureRef, SourceRef)>| -> Vec<Entity> {
        let bundles: Vec<_> = features
            .into_iter()
            .map(|(feature, source)| (Asset(feature), Source(source), Observed::default(), Simulated::default()))
            .collect();
        world.spawn_batch(bundles).collect()
    };
    let index = EntityIndex {
        roads: spawn(city.roads.iter().map(|r| (FeatureRef::Road(r.id), r.source.clone())).collect()),
        buildings: spawn(city.buildings.iter().map(|b| (FeatureRef::Building(b.id), b.source.clone())).collect()),
        energy_assets: spawn(
            city.energy_assets.iter().map(|a| (FeatureRef::EnergyAsset(a.id), a.source.clone())).collect(),
        ),
        sensors: spawn(city.sensors.iter().map(|s| (FeatureRef::Sensor(s.id), s.source.clone())).collect()),
    };
    for sensor in &index.sensors {
        world.entity_mut(*sensor).insert(Trace::default());
    }
    world.insert_resource(index);
}
