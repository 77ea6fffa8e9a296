//! Readings in: from the feed onto sensors, from sensors onto what they observe; how sensors are.

mod feed;
mod past;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_feeds::Clock as Now;
use citytwin_ingest::Change;
use citytwin_model::{City, FeatureRef, Quality, SensorId, Timestamp};

pub use feed::{Feed, FeedChoice, FeedMode, Kept, LiveFeed, ReplayFeed, Until};

use crate::{
    Asset, CityModel, Clock, ClockRequest, EntityIndex, GridIndex, GridTwin, Observed, Residual, Simulated,
    TwinSystems, edits::EditsApplied, emulate::Emulation, record::Trace,
};

/// Sensors that get news per tick at most, so that a flood never stalls a frame.
const SENSORS_PER_TICK: usize = 5_000;
/// How often sensors are counted by quality, wall time.
const COUNTED: Duration = Duration::from_millis(250);

/// The clock by which readings age: the system's while they are live, the simulated one otherwise.
#[derive(Resource, Clone)]
pub struct FeedClock {
    simulated_ms: Arc<AtomicI64>,
    live: Arc<AtomicBool>,
}

impl FeedClock {
    fn at(start: Timestamp) -> Self {
        Self { simulated_ms: Arc::new(AtomicI64::new(start.as_millisecond())), live: Arc::default() }
    }

    /// Now, in the readings' own time.
    pub fn now(&self) -> Timestamp {
        if self.live.load(Ordering::Relaxed) { Timestamp::now() } else { self.simulated() }
    }

    fn simulated(&self) -> Timestamp {
        Timestamp::from_millisecond(self.simulated_ms.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// The simulated clock for other threads.
    fn simulated_now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || clock.simulated())
    }

    fn follow(&self, clock: &Clock) {
        self.simulated_ms.store(clock.now().as_millisecond(), Ordering::Relaxed);
    }
}

/// How many sensors are how well; for the status line.
#[derive(Resource, Clone, Copy, Default, PartialEq, Debug)]
pub struct FeedHealth {
    pub good: usize,
    pub uncertain: usize,
    pub bad: usize,
    pub stale: usize,
    pub silent: usize,
    /// Age of the oldest reading that is not stale, second.
    pub oldest_s: f64,
}

pub(crate) fn install(world: &mut World, choice: &FeedChoice) {
    let city = world.resource::<CityModel>().0.clone();
    let clock = FeedClock::at(world.resource::<Clock>().start);
    let feed = Feed::start(choice, &city, &clock.simulated_now()).unwrap_or_else(|refusal| {
        tracing::error!("no feed: {refusal}");
        Feed::failed(&refusal)
    });
    clock.live.store(feed.mode() == FeedMode::Live, Ordering::Relaxed);
    world.insert_resource(feed);
    world.insert_resource(clock);
    world.insert_resource(FeedHealth::default());
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(FixedUpdate, (steer, receive).chain().in_set(TwinSystems::Receive).after(EditsApplied))
        .add_systems(FixedUpdate, assimilate.in_set(TwinSystems::Assimilate))
        .add_systems(FixedUpdate, compare_with_simulated.in_set(TwinSystems::Analyse))
        // The city goes on measuring while the simulated clock stands still.
        .add_systems(Update, (steer, receive, assimilate).chain().run_if(crate::clock::is_paused))
        .add_systems(Update, count.run_if(resource_exists::<Feed>));
}

/// What the sensors of a city say now, as one number: the same for a run as it came in and for its replay.
pub fn observed_hash(world: &World) -> u64 {
    let mut bytes = Vec::new();
    if let Some(index) = world.get_resource::<EntityIndex>() {
        for entity in &index.sensors {
            let Some(observed) = world.get::<Observed>(*entity) else { continue };
            for observation in &observed.0 {
                let reading = &observation.reading;
                bytes.extend(reading.sensor.0.to_le_bytes());
                bytes.extend(reading.value.to_le_bytes());
                bytes.extend(reading.observed_at.as_microsecond().to_le_bytes());
                bytes.extend(reading.received_at.as_microsecond().to_le_bytes());
                bytes.extend(
                    format!("{} {:?} {}", reading.quantity, observation.quality, reading.emulated).into_bytes(),
                );
            }
        }
    }
    xxhash_rust::xxh3::xxh3_64(&bytes)
}

/// How the sensors are now, counted anew.
pub fn health(world: &mut World) -> FeedHealth {
    let mut state =
        bevy_ecs::system::SystemState::<(Res<FeedClock>, Res<CityModel>, Res<EntityIndex>, Query<&Observed>)>::new(
            world,
        );
    match state.get(world) {
        Ok((clock, city, index, sensors)) => health_of(&city.0, &index, &sensors, clock.now()),
        Err(_) => FeedHealth::default(),
    }
}

/// Sees whether readings are live ones or those of the history, by where the clock is. What was observed at another time
/// is forgotten.
fn steer(
    (clock, feed_clock, city): (Res<Clock>, Res<FeedClock>, Res<CityModel>),
    (mut feed, mut emulation): (ResMut<Feed>, ResMut<Emulation>),
    mut requests: MessageWriter<ClockRequest>,
    mut assets: Query<(&mut Observed, Option<&mut Trace>)>,
) {
    feed_clock.follow(&clock);
    let before = feed.mode();
    let feed = feed.bypass_change_detection();
    if feed.steer(&clock, &city.0, &feed_clock.simulated_now()) {
        let live = feed.mode() == FeedMode::Live;
        feed_clock.live.store(live, Ordering::Relaxed);
        // A clock that has caught up with the present stays there.
        if live && before == FeedMode::Past && clock.speed > 1.0 {
            requests.write(ClockRequest::Speed(1.0));
        }
        for (mut observed, trace) in &mut assets {
            if !observed.0.is_empty() {
                observed.0.clear();
            }
            if let Some(mut trace) = trace {
                trace.observed.clear();
                trace.simulated.clear();
            }
        }
        *emulation = Emulation::default();
    }
    if feed.is_emulated() {
        feed.set_pace(emulation.interval_scale(clock.speed.max(clock.reached)));
    }
}

/// Puts what came in on its sensors. In which order readings count was decided before.
fn receive(
    mut feed: ResMut<Feed>,
    (clock, index): (Res<Clock>, Res<EntityIndex>),
    mut sensors: Query<(&mut Observed, &mut Trace)>,
) {
    let news = feed.bypass_change_detection().news(clock.now(), SENSORS_PER_TICK);
    for change in news {
        let Some(entity) = index.sensors.get(change.sensor().index()) else { continue };
        let Ok((mut observed, mut trace)) = sensors.get_mut(*entity) else { continue };
        match change {
            Change::Reading(reading) => {
                if reading.quality != Quality::Bad {
                    trace.observe(reading.observed_at, reading.value);
                }
                observed.take(reading);
            }
            Change::Quality { quality, .. } => {
                if observed.0.iter().any(|observation| observation.quality != quality) {
                    observed.0.iter_mut().for_each(|observation| observation.quality = quality);
                }
            }
        }
    }
}

/// Counts how the sensors are.
fn count(
    (feed_clock, city, index): (Res<FeedClock>, Res<CityModel>, Res<EntityIndex>),
    mut health: ResMut<FeedHealth>,
    sensors: Query<&Observed>,
    mut counted: Local<Option<Instant>>,
) {
    if counted.is_some_and(|at| at.elapsed() < COUNTED) {
        return;
    }
    *counted = Some(Instant::now());
    health.set_if_neq(health_of(&city.0, &index, &sensors, feed_clock.now()));
}

fn health_of(city: &City, index: &EntityIndex, sensors: &Query<&Observed>, now: Timestamp) -> FeedHealth {
    let mut health = FeedHealth::default();
    for (_, entity) in city.sensors.iter().zip(&index.sensors) {
        let Ok(observed) = sensors.get(*entity) else { continue };
        if observed.0.is_empty() {
            health.silent += 1;
        }
        for observation in &observed.0 {
            health.count(observation.quality, now.duration_since(observation.reading.observed_at).as_secs_f64());
        }
    }
    health
}

impl FeedHealth {
    fn count(&mut self, quality: Quality, age_s: f64) {
        match quality {
            Quality::Good => self.good += 1,
            Quality::Uncertain => self.uncertain += 1,
            Quality::Bad => self.bad += 1,
            Quality::Stale => self.stale += 1,
        }
        if quality != Quality::Stale {
            self.oldest_s = self.oldest_s.max(age_s);
        }
    }
}

/// What a sensor says is said of the asset it observes; what it no longer says is taken back.
fn assimilate(
    (city, index): (Res<CityModel>, Res<EntityIndex>),
    grid: Option<(Res<GridTwin>, Res<GridIndex>)>,
    changed: Query<(&Asset, &Observed), Changed<Observed>>,
    mut written: Local<Vec<(Entity, Observed)>>,
    mut commands: Commands,
) {
    written.clear();
    for (asset, observed) in &changed {
        let FeatureRef::Sensor(sensor) = asset.0 else { continue };
        if let Some(entity) = observed_entity(&city.0, &index, sensor) {
            written.push((entity, observed.clone()));
        }
        let station = |asset| grid.as_ref()?.0.stations_of_assets.iter().position(|of| *of == Some(asset));
        if let (Some(FeatureRef::EnergyAsset(asset)), Some((_, grid))) =
            (city.0.sensors[sensor.index()].observes, &grid)
            && let Some(entity) = station(asset).and_then(|station| grid.transformers.get(station))
        {
            written.push((*entity, observed.clone()));
        }
    }
    for (entity, observed) in written.drain(..) {
        commands.entity(entity).queue(move |mut asset: EntityWorldMut| {
            let Some(mut whole) = asset.get_mut::<Observed>() else { return };
            observed.0.into_iter().for_each(|observation| whole.join(observation));
        });
    }
}

fn observed_entity(city: &City, index: &EntityIndex, sensor: SensorId) -> Option<Entity> {
    let observes = city.sensors.get(sensor.index())?.observes?;
    if matches!(observes, FeatureRef::Sensor(_)) {
        return None;
    }
    index.get(observes)
}

/// Observed less simulated, per sensor.
fn compare_with_simulated(
    mut commands: Commands,
    sensors: Query<
        (Entity, &Observed, &Simulated, Option<&Residual>),
        (With<Trace>, Or<(Changed<Observed>, Changed<Simulated>)>),
    >,
) {
    for (entity, observed, simulated, old) in &sensors {
        let (Some(latest), Simulated::Sensor { value }) = (observed.0.first(), simulated) else { continue };
        let residual = Residual { difference: latest.reading.value - value };
        if old != Some(&residual) {
            commands.entity(entity).insert(residual);
        }
    }
}
