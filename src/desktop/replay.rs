//! A past span of a city through the twin, without a window.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bevy::{prelude::*, time::TimeUpdateStrategy};
use citytwin_model::{Assumptions, City, Timestamp};
use citytwin_traffic::Simulation;
use citytwin_twin::{
    Clock, Engines, Feed, FeedChoice, FeedHealth, ReplayFeed, TwinPlugin, health, install, observed_hash, state_hash,
};

use crate::DesktopError;

/// What is gone through.
#[derive(Clone)]
pub struct ReplaySpec {
    pub city: Arc<City>,
    pub feed: ReplayFeed,
    pub from: Timestamp,
    pub to: Timestamp,
    pub seed: u64,
}

/// How it stood at the end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Replayed {
    /// Readings received within the span.
    pub readings: u64,
    pub health: FeedHealth,
    /// Of what sensors say.
    pub observed_hash: u64,
    /// Of the simulation.
    pub state_hash: u64,
    /// Wall time from the start of the clock.
    pub seconds: f64,
}

/// Drives the twin through the span.
///
/// # Errors
/// A history that cannot be read.
pub fn replay(spec: &ReplaySpec, told: &dyn Fn(&'static str, f32)) -> Result<Replayed, DesktopError> {
    let report = |stage, fraction: f32| {
        told(stage, 0.3 * fraction);
        true
    };
    let engines = Engines::prepare(spec.city.clone(), spec.from, spec.seed, Assumptions::default(), &report)
        .ok_or_else(|| DesktopError::Load("the city was not prepared".to_owned()))?;
    let mut app = App::new();
    app.add_plugins(TwinPlugin);
    let step = Duration::from_secs_f64(Simulation::STEP_S);
    app.insert_resource(TimeUpdateStrategy::ManualDuration(step));
    app.world_mut().resource_mut::<Time<Virtual>>().set_max_delta(4 * step);
    install(app.world_mut(), engines, &FeedChoice::Replay(spec.feed.clone()));
    let began = Instant::now();
    let whole_s = spec.to.duration_since(spec.from).as_secs_f64().max(1.0);
    // Readings are put on sensors at the start of a tick: that of the end, too.
    let mut last = false;
    while !last {
        last = app.world().resource::<Clock>().now() >= spec.to;
        app.update();
        if let Some(failure) = &app.world().resource::<Feed>().failure {
            return Err(DesktopError::NoFeed(failure.clone()));
        }
        let clock = app.world().resource::<Clock>();
        if clock.tick.is_multiple_of(120) {
            let passed_s = clock.now().duration_since(spec.from).as_secs_f64();
            told("replaying", 0.3 + 0.7 * (passed_s / whole_s) as f32);
        }
    }
    let world = app.world_mut();
    Ok(Replayed {
        readings: world.resource::<Feed>().replayed_readings(),
        health: health(world),
        observed_hash: observed_hash(world),
        state_hash: state_hash(world),
        seconds: began.elapsed().as_secs_f64(),
    })
}
