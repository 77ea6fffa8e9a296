//! Readings in: from the feed's channel onto sensors, from sensors onto what they observe; staleness.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_feeds::{Broker, Emulator, FeedError, FeedStatus, MqttConfig, MqttFeed};
use citytwin_model::{City, FeatureRef, Quality, SensorId, Timestamp, slug};

use crate::{
    Asset, CityModel, Clock, EntityIndex, GridIndex, GridTwin, Observed, Residual, Simulated, TwinSystems,
    edits::EditsApplied, emulate::Emulation, record::Trace,
};

/// Readings taken per tick at most, so that a flood of packets never stalls a frame.
const READINGS_PER_TICK: usize = 5_000;

/// Where readings come from.
#[derive(Clone, Default)]
pub enum FeedChoice {
    /// No sensors are read.
    #[default]
    Off,
    /// An embedded broker on loopback and an emulator that measures the simulated city.
    Emulated { seed: u64 },
    /// A broker of the city.
    External(MqttConfig),
}

/// The running feed. Dropping it stops its threads.
#[derive(Resource, Default)]
pub struct Feed {
    pub(crate) mqtt: Option<MqttFeed>,
    pub(crate) emulator: Option<Emulator>,
    /// Kept alive while the feed runs.
    broker: Option<Broker>,
    /// Why there is no feed, when one was asked for.
    pub failure: Option<String>,
    /// `mqtt://127.0.0.1:PORT (emulated)` or the address of the city's broker.
    pub label: String,
}

impl Feed {
    /// What the feed's thread reports; `None` when no feed runs.
    pub fn status(&self) -> Option<FeedStatus> {
        self.mqtt.as_ref().map(MqttFeed::status)
    }

    /// Readings come from the program's own emulator.
    pub fn is_emulated(&self) -> bool {
        self.emulator.is_some()
    }

    /// Port of the embedded broker, when one runs.
    pub fn broker_port(&self) -> Option<u16> {
        self.broker.as_ref().map(Broker::port)
    }
}

/// The clock by which readings age: simulated for emulated readings, the system's for real ones.
#[derive(Resource, Clone)]
pub struct FeedClock {
    simulated_ms: Option<Arc<AtomicI64>>,
}

impl FeedClock {
    /// Now, in the readings' own time.
    pub fn now(&self) -> Timestamp {
        match &self.simulated_ms {
            Some(ms) => Timestamp::from_millisecond(ms.load(Ordering::Relaxed)).unwrap_or_default(),
            None => Timestamp::now(),
        }
    }

    fn follow(&self, clock: &Clock) {
        if let Some(ms) = &self.simulated_ms {
            ms.store(clock.now().as_millisecond(), Ordering::Relaxed);
        }
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
    /// Readings older than the one already on the sensor: kept out, counted.
    pub late: u64,
    /// Age of the oldest reading that is not stale, second.
    pub oldest_s: f64,
}

pub(crate) fn install(world: &mut World, choice: &FeedChoice) {
    let city = world.resource::<CityModel>().0.clone();
    let start = world.resource::<Clock>().start;
    let simulated = !matches!(choice, FeedChoice::External(_));
    let clock = FeedClock { simulated_ms: simulated.then(|| Arc::new(AtomicI64::new(start.as_millisecond()))) };
    let feed = connect(choice, &city, &clock).unwrap_or_else(|error| {
        tracing::error!("no feed: {error}");
        Feed { failure: Some(error.to_string()), ..Feed::default() }
    });
    world.insert_resource(feed);
    world.insert_resource(clock);
    world.insert_resource(FeedHealth::default());
}

fn connect(choice: &FeedChoice, city: &City, clock: &FeedClock) -> Result<Feed, FeedError> {
    let now = {
        let clock = clock.clone();
        Arc::new(move || clock.now())
    };
    let slug = slug(&city.name);
    match choice {
        FeedChoice::Off => Ok(Feed::default()),
        FeedChoice::External(config) => {
            let label = config.to_string();
            let mqtt = MqttFeed::connect(config.clone(), &city.sensors, &slug, now)?;
            Ok(Feed { mqtt: Some(mqtt), label, ..Feed::default() })
        }
        FeedChoice::Emulated { seed } => {
            let broker = Broker::start_loopback()?;
            let config = MqttConfig::loopback(broker.port());
            let mqtt = MqttFeed::connect(config.clone(), &city.sensors, &slug, now)?;
            let emulator = Emulator::start(config, &city.sensors, *seed)?;
            let label = format!("embedded broker 127.0.0.1:{}", broker.port());
            Ok(Feed { mqtt: Some(mqtt), emulator: Some(emulator), broker: Some(broker), failure: None, label })
        }
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(FixedUpdate, (receive, age).chain().in_set(TwinSystems::Receive).after(EditsApplied))
        .add_systems(FixedUpdate, assimilate.in_set(TwinSystems::Assimilate))
        .add_systems(FixedUpdate, compare_with_simulated.in_set(TwinSystems::Analyse))
        // The city goes on measuring while the simulated clock stands still.
        .add_systems(Update, (receive, age, assimilate).chain().run_if(crate::clock::is_paused));
}

/// Puts what came in on its sensors.
fn receive(
    feed: Res<Feed>,
    index: Res<EntityIndex>,
    (clock, feed_clock): (Res<Clock>, Res<FeedClock>),
    mut health: ResMut<FeedHealth>,
    mut sensors: Query<(&mut Observed, &mut Trace)>,
) {
    feed_clock.follow(&clock);
    let Some(mqtt) = &feed.mqtt else { return };
    for reading in mqtt.readings().try_iter().take(READINGS_PER_TICK) {
        let Some(entity) = index.sensors.get(reading.sensor.index()) else { continue };
        let Ok((mut observed, mut trace)) = sensors.get_mut(*entity) else { continue };
        let (at, value, quality) = (reading.observed_at, reading.value, reading.quality);
        if observed.take(reading) {
            if quality != Quality::Bad {
                trace.observe(at, value);
            }
        } else {
            health.late += 1;
        }
    }
}

/// Marks what has grown too old; counts how the sensors are. Once a second of ticks is enough.
fn age(
    (clock, feed_clock, city): (Res<Clock>, Res<FeedClock>, Res<CityModel>),
    (feed, emulation): (Res<Feed>, Res<Emulation>),
    index: Res<EntityIndex>,
    mut health: ResMut<FeedHealth>,
    mut sensors: Query<&mut Observed>,
) {
    let now = feed_clock.now();
    let scale = if feed.is_emulated() { emulation.interval_scale(clock.reached) } else { 1.0 };
    let mut next = FeedHealth { late: health.late, ..FeedHealth::default() };
    for (sensor, entity) in city.0.sensors.iter().zip(&index.sensors) {
        let Ok(mut observed) = sensors.get_mut(*entity) else { continue };
        if observed.0.is_empty() {
            next.silent += 1;
            continue;
        }
        for i in 0..observed.0.len() {
            let observation = &observed.0[i];
            let age_s = now.duration_since(observation.reading.observed_at).as_secs_f64();
            let quality =
                if age_s > sensor.stale_after_s * scale { Quality::Stale } else { observation.reading.quality };
            if observation.quality != quality {
                observed.0[i].quality = quality;
            }
            next.count(quality, age_s);
        }
    }
    health.set_if_neq(next);
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

/// What a sensor says is said of the asset it observes.
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
            for observation in observed.0 {
                whole.0.retain(|o| {
                    o.reading.quantity != observation.reading.quantity
                        || (o.reading.sensor != observation.reading.sensor
                            && o.reading.observed_at > observation.reading.observed_at)
                });
                if whole.get(observation.reading.quantity).is_none() {
                    whole.0.push(observation);
                }
            }
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
