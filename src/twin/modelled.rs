//! What the engines say that sensors should read, kept in the history beside what they do read: how far the model is off
//! can then be told of any day that was live. Under a run of its own for each set of what-ifs in force.

use std::{sync::Arc, thread::JoinHandle};

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_feeds::mapping::MODEL_FEED;
use citytwin_history::{Archive, Recorder, Sensors};
use citytwin_model::{Edit, MadeBy, Quality, Reading};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::{
    Clock, EditLog, EntityIndex, Feed, FeedClock, FeedMode, Simulated, TwinSystems, engines::CityModel, simulate::due,
};

/// Simulated time between two values of a sensor, second.
const EVERY_S: f64 = 300.0;
/// Batches that may wait for a slow disk; what comes beyond is left out.
const WAITING: usize = 16;

/// The run under which the model's values stand beside those of a run of sensors.
pub fn model_run(run: &str, in_force: &[Edit]) -> String {
    if in_force.is_empty() {
        return format!("scenario:{run}");
    }
    let words = format!("{in_force:?}");
    format!("scenario:{run}+{:08x}", xxhash_rust::xxh3::xxh3_64(words.as_bytes()) as u32)
}

/// Writes values on a thread of its own. Dropping it ends the thread after what waits.
#[derive(Resource)]
pub(crate) struct ModelKeeper {
    batches: Option<Sender<Batch>>,
    thread: Option<JoinHandle<()>>,
    names: Arc<Sensors>,
    failed: bool,
}

struct Batch {
    store: Arc<dyn Archive>,
    names: Arc<Sensors>,
    run: String,
    readings: Vec<Reading>,
}

pub(crate) fn install(world: &mut World) {
    let sensors = &world.resource::<CityModel>().0.sensors;
    let names = Arc::new(Sensors::new(sensors.iter().map(|sensor| (sensor.id, &sensor.source))));
    world.insert_resource(ModelKeeper { batches: None, thread: None, names, failed: false });
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(FixedUpdate, keep.in_set(TwinSystems::Record).run_if(resource_exists::<ModelKeeper>));
}

fn keep(
    (clock, feed, feed_clock, log): (Res<Clock>, Res<Feed>, Res<FeedClock>, Res<EditLog>),
    (city, index, simulated): (Res<CityModel>, Res<EntityIndex>, Query<&Simulated>),
    mut keeper: ResMut<ModelKeeper>,
) {
    let Some(kept) = feed.kept().filter(|_| matches!(feed.mode(), FeedMode::Live | FeedMode::Emulated)) else { return };
    if !due(clock.tick, EVERY_S) {
        return;
    }
    let (observed_at, received_at) = (clock.now(), feed_clock.now());
    let made_by = MadeBy { feed: MODEL_FEED.into(), mapping: concat!("citytwin ", env!("CARGO_PKG_VERSION")).into() };
    let readings = city.0.sensors.iter().zip(&index.sensors).filter_map(|(sensor, entity)| {
        let Ok(Simulated::Sensor { value }) = simulated.get(*entity) else { return None };
        value.is_finite().then(|| Reading {
            sensor: sensor.id,
            quantity: sensor.quantity,
            value: *value,
            observed_at,
            received_at,
            // Nobody measured it.
            quality: Quality::Uncertain,
            emulated: false,
            made_by: made_by.clone(),
        })
    });
    let (readings, run): (Vec<Reading>, _) = (readings.collect(), model_run(&kept.run, &log.in_force));
    if !readings.is_empty() {
        let (store, names) = (kept.history.clone(), keeper.names.clone());
        keeper.put(Batch { store, names, run, readings });
    }
}

impl ModelKeeper {
    fn put(&mut self, batch: Batch) {
        if self.failed {
            return;
        }
        if self.batches.is_none() {
            let (batches, given) = bounded(WAITING);
            match std::thread::Builder::new().name("model-keeper".into()).spawn(move || write(&given)) {
                Ok(thread) => (self.batches, self.thread) = (Some(batches), Some(thread)),
                Err(error) => {
                    tracing::error!("no thread for the model's values: {error}");
                    self.failed = true;
                }
            }
        }
        match self.batches.as_ref().map(|batches| batches.try_send(batch)) {
            Some(Err(TrySendError::Full(_))) => tracing::warn!("the history is slow: values of the model are left out"),
            // The thread ended with an error that it has told.
            Some(Err(TrySendError::Disconnected(_))) => self.failed = true,
            None | Some(Ok(())) => {}
        }
    }
}

impl Drop for ModelKeeper {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The worker. A commit that fails is told, and the next one tried: what it held can be computed again.
fn write(given: &Receiver<Batch>) {
    let mut recorder: Option<(String, Recorder)> = None;
    let mut told = String::new();
    for Batch { store, names, run, readings } in given {
        if recorder.as_ref().is_none_or(|(of, _)| *of != run) {
            recorder = Some((run.clone(), Recorder::new(&run)));
        }
        let Some((_, recorder)) = &mut recorder else { continue };
        let rows = readings.iter().map(|reading| recorder.row(&*store, &names, reading)).collect::<Result<Vec<_>, _>>();
        let done = rows.map_err(|error| error.to_string());
        let done = done.and_then(|rows| store.commit(&rows, &[]).map_err(|error| error.to_string()));
        if let Err(error) = done
            && told != error
        {
            tracing::error!("the model's values are not kept: {error}");
            told = error;
        }
    }
}
