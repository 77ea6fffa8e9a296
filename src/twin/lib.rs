//! The twin: assets as ECS entities, what is observed beside what is simulated, and the schedule that keeps
//! them current.
//!
//! Runs headless: it knows the engines, the feeds and scenarios, never the renderer or the panels. What a
//! person asks for arrives as a message, is checked, logged and applied at the start of the next tick.
//!
//! `FixedUpdate` runs [`TwinSystems`] in order, one tick per [`traffic::Simulation::STEP_S`] of simulated time.

mod assets;
mod clock;
mod comparison;
mod edits;
mod emulate;
mod energy_year;
mod engines;
mod grid;
mod grid_estimate;
mod history;
mod line;
mod live_energy;
mod modelled;
mod observe;
mod peak_hour;
mod record;
mod simulate;

use std::time::Duration;

use bevy_app::prelude::*;
use bevy_ecs::{
    prelude::*,
    schedule::{LogLevel, ScheduleBuildSettings},
};
use bevy_time::{Fixed, Time, TimePlugin};
use citytwin_model::{NetworkChanges, Technology};
use citytwin_traffic as traffic;

pub use assets::{Asset, EntityIndex, Observation, Observed, Residual, Simulated, Source};
pub use clock::{Clock, ClockRequest, QUEUES_FROM};
pub use comparison::{Answer, ComparisonProgress, ComparisonRequest, ComparisonState, WhatIf};
pub use edits::{EditLog, EditRefused, EditRequested, LoggedEdit, Stated};
pub use energy_year::{YearState, YearTwin};
pub use engines::{CityModel, EnergyTwin, Engines, JumpState, TrafficTwin, WeatherNow};
pub use grid::{DayState, Extremes, GridAsset, GridIndex, GridSwitch, GridTwin};
pub use grid_estimate::{EstimateState, GridEstimated, GridEstimation};
pub use history::{Chart, ChartAsked, ExportRequested, Exported, HistoryDesk, Overview, Points};
pub use live_energy::LiveEnergyTwin;
pub use modelled::model_run;
pub use observe::{
    Feed, FeedChoice, FeedClock, FeedHealth, FeedMode, Kept, LiveFeed, ReplayFeed, Until, health, observed_hash,
};
pub use peak_hour::{PeakState, PeakTwin, RoadInquired};
pub use record::{Record, Sample, Trace};
pub use simulate::Opposite;

/// The order of a tick. Each set's systems only write what the set is named for.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum TwinSystems {
    /// Requests are applied, readings are put on their sensors.
    Receive,
    /// What sensors say is put on what they observe.
    Assimilate,
    /// The engines step.
    Simulate,
    /// Observed is compared with simulated.
    Analyse,
    /// Histories grow; the emulator is fed.
    Record,
}

/// The live twin. Its systems rest until a city is installed ([`install`]).
pub struct TwinPlugin;

impl Plugin for TwinPlugin {
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<TimePlugin>() {
            app.add_plugins(TimePlugin);
        }
        app.insert_resource(Time::<Fixed>::from_duration(Duration::from_secs_f64(traffic::Simulation::STEP_S)));
        app.edit_schedule(FixedUpdate, |schedule| {
            schedule.set_build_settings(ScheduleBuildSettings {
                ambiguity_detection: LogLevel::Error,
                ..Default::default()
            });
        });
        app.configure_sets(
            FixedUpdate,
            (
                TwinSystems::Receive,
                TwinSystems::Assimilate,
                TwinSystems::Simulate,
                TwinSystems::Analyse,
                TwinSystems::Record,
            )
                .chain()
                .run_if(resource_exists::<CityModel>),
        );
        clock::plugin(app);
        edits::plugin(app);
        observe::plugin(app);
        simulate::plugin(app);
        record::plugin(app);
        emulate::plugin(app);
        comparison::plugin(app);
        peak_hour::plugin(app);
        grid::plugin(app);
        grid_estimate::plugin(app);
        energy_year::plugin(app);
        history::plugin(app);
        modelled::plugin(app);
    }
}

/// Puts a city with its prepared engines into the world and starts its feed. A city that was there before
/// makes room; its feed's threads are stopped.
pub fn install(world: &mut World, engines: Engines, feed: &FeedChoice) {
    world.remove_resource::<modelled::ModelKeeper>();
    world.remove_resource::<Feed>();
    let old: Vec<Entity> = world.query_filtered::<Entity, With<Asset>>().iter(world).collect();
    for entity in old {
        world.despawn(entity);
    }
    let grid = engines.grid.clone();
    engines::install(world, engines);
    assets::install(world);
    simulate::install(world);
    observe::install(world, feed);
    edits::install(world);
    record::install(world);
    emulate::install(world);
    comparison::install(world);
    peak_hour::install(world);
    grid::install(world, grid);
    grid_estimate::install(world);
    energy_year::install(world);
    history::install(world);
    modelled::install(world);
}

/// The state that decides what happens next, as one number: engines, assumptions, clock. Readings are not in
/// it; they come from outside.
pub fn state_hash(world: &World) -> u64 {
    let mut bytes = Vec::new();
    if let (Some(traffic), Some(energy)) = (world.get_resource::<TrafficTwin>(), world.get_resource::<EnergyTwin>()) {
        bytes.extend(traffic.0.state_hash().to_le_bytes());
        bytes.extend(energy.0.state_hash().to_le_bytes());
    }
    if let Some(live) = world.get_resource::<LiveEnergyTwin>() {
        bytes.extend(live.live().state_hash().to_le_bytes());
    }
    if let Some(grid) = world.get_resource::<GridTwin>() {
        bytes.extend(format!("{:?}", grid.out).into_bytes());
    }
    if let (Some(clock), Some(stated)) = (world.get_resource::<Clock>(), world.get_resource::<Stated>()) {
        bytes.extend(clock.now().as_millisecond().to_le_bytes());
        for edit in stated.0.network.edits_from(&NetworkChanges::default()) {
            bytes.extend(edit.to_string().into_bytes());
        }
        bytes.extend(format!("{:?} {:?}", stated.0.parts, stated.0.charging).into_bytes());
        let shares = Technology::ALL.map(|technology| stated.0.share(technology));
        for share in shares.into_iter().chain([stated.0.demand_factor]) {
            bytes.extend(share.to_le_bytes());
        }
    }
    xxhash_rust::xxh3::xxh3_64(&bytes)
}
