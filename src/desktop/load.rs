//! From a path to a living twin, off the main thread: the map appears first, then its engines.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use bevy::prelude::*;
use citytwin_import::{ImportOptions, Progress};
use citytwin_model::{Assumptions, City, Timestamp, time::civil};
use citytwin_twin::{ClockRequest, Engines, FeedChoice, install};
use citytwin_view::Scene;
use crossbeam_channel::{Receiver, Sender, bounded};

/// When the simulated clock starts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Start {
    /// This local date and time.
    Local(civil::DateTime),
    /// This instant.
    At(Timestamp),
    /// The present instant.
    Now,
    /// Today at 07:45 local, when the streets fill, or as soon after it as there is light to see them.
    ThisMorning,
}

impl Start {
    /// The instant in a city.
    pub fn instant(self, city: &City) -> Timestamp {
        let zone = &city.time_zone.value;
        let now = Timestamp::now();
        let local = match self {
            Self::Now => return now,
            Self::At(at) => return at,
            Self::Local(local) => local,
            Self::ThisMorning => return morning(city, zone.to_datetime(now).date()),
        };
        local.to_zoned(zone.clone()).map_or(now, |zoned| zoned.timestamp())
    }
}

/// 07:45 of a day, or the first quarter of an hour after it with the sun well up; noon at the latest.
fn morning(city: &City, day: civil::Date) -> Timestamp {
    /// Sun's elevation that lights a street, degree.
    const UP_DEG: f64 = 8.0;
    let quarters = (0..=17).map(|k| 7 * 60 + 45 + 15 * k);
    let at = |minutes: i32| {
        let local = day.at((minutes / 60) as i8, (minutes % 60) as i8, 0, 0);
        local.to_zoned(city.time_zone.value.clone()).map_or_else(|_| Timestamp::now(), |zoned| zoned.timestamp())
    };
    let instants: Vec<Timestamp> = quarters.map(at).collect();
    let lit = |t: &&Timestamp| citytwin_environment::sun(&city.anchor, **t).elevation_deg > UP_DEG;
    instants.iter().find(lit).or(instants.last()).copied().unwrap_or_default()
}

/// What to load and how.
#[derive(Clone)]
pub struct LoadSpec {
    pub path: PathBuf,
    pub options: ImportOptions,
    pub start: Start,
    pub seed: u64,
}

/// Where loading stands.
#[derive(Resource, Clone, PartialEq, Debug)]
pub enum LoadState {
    Loading { stage: &'static str, fraction: f32 },
    Ready,
    Failed(String),
}

enum Loaded {
    City(Arc<City>),
    Engines(Box<Engines>),
    Failed(String),
}

/// The loading thread's end in the app.
#[derive(Resource)]
pub struct Loader {
    arrivals: Receiver<Loaded>,
    stage: Arc<Mutex<(&'static str, f32)>>,
    cancelled: Arc<AtomicBool>,
    feed: FeedChoice,
    speed: f64,
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

struct Told {
    stage: Arc<Mutex<(&'static str, f32)>>,
    cancelled: Arc<AtomicBool>,
    /// This stage's part of the whole, 0…1.
    from: f32,
    to: f32,
}

impl Told {
    fn tell(&self, stage: &'static str, fraction: f32) {
        if let Ok(mut told) = self.stage.lock() {
            *told = (stage, self.from + (self.to - self.from) * fraction.clamp(0.0, 1.0));
        }
    }
}

impl Progress for Told {
    fn report(&self, stage: &'static str, fraction: f32) {
        self.tell(stage, fraction);
    }
    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Starts loading.
pub fn begin(spec: LoadSpec, feed: FeedChoice, speed: f64) -> Loader {
    let (send, arrivals) = bounded(4);
    let stage = Arc::new(Mutex::new(("opening the map", 0.0)));
    let cancelled = Arc::new(AtomicBool::new(false));
    let told = Told { stage: stage.clone(), cancelled: cancelled.clone(), from: 0.0, to: 0.4 };
    let failed = send.clone();
    let spawned = thread::Builder::new().name("load-city".into()).spawn(move || load(spec, told, &send));
    if let Err(error) = spawned {
        // The channel is empty and has room for this one line.
        let _ = failed.try_send(Loaded::Failed(format!("no thread to load the map: {error}")));
    }
    Loader { arrivals, stage, cancelled, feed, speed }
}

/// The thread's work. A send fails only when the window is gone; then nobody waits.
fn load(spec: LoadSpec, mut told: Told, send: &Sender<Loaded>) {
    let city = match citytwin_import::open(&spec.path, &spec.options, &told) {
        Ok(city) => Arc::new(city),
        Err(error) => {
            let _ = send.send(Loaded::Failed(error.to_string()));
            return;
        }
    };
    let _ = send.send(Loaded::City(city.clone()));
    (told.from, told.to) = (0.4, 1.0);
    let start = spec.start.instant(&city);
    let report = |stage, fraction| {
        told.tell(stage, fraction);
        !told.cancelled()
    };
    if let Some(engines) = Engines::prepare(city, start, spec.seed, Assumptions::default(), &report) {
        let _ = send.send(Loaded::Engines(Box::new(engines)));
    }
}

/// Takes what the loading thread has finished.
pub fn take_loaded(world: &mut World) {
    let Some(loader) = world.get_resource::<Loader>() else { return };
    let arrival = loader.arrivals.try_recv();
    let (stage, fraction) = loader.stage.lock().map_or(("loading", 0.0), |told| *told);
    match arrival {
        Ok(Loaded::City(city)) => world.insert_resource(Scene(city)),
        Ok(Loaded::Engines(engines)) => {
            // Nothing to emulate: a city without sensors shows no feed.
            let silent = engines.city.sensors.is_empty() && matches!(loader.feed, FeedChoice::Emulated { .. });
            let feed = if silent { FeedChoice::Off } else { loader.feed.clone() };
            let speed = loader.speed;
            install(world, *engines, &feed);
            world.write_message(ClockRequest::Speed(speed));
            world.remove_resource::<Loader>();
            world.insert_resource(LoadState::Ready);
            return;
        }
        Ok(Loaded::Failed(why)) => {
            world.remove_resource::<Loader>();
            world.insert_resource(LoadState::Failed(why));
            return;
        }
        Err(_) => {}
    }
    let state = LoadState::Loading { stage, fraction };
    if world.get_resource::<LoadState>() != Some(&state) {
        world.insert_resource(state);
    }
}
