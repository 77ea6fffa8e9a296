//! The twin and its history: a replay gives what live gave, the clock decides whether readings are past or present.

mod town;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use bevy_app::App;
use citytwin_feeds::{Broker, Connection, Emulator, Sensor};
use citytwin_history::{History, SECOND_US, SeriesKey, Settings, Span, Store};
use citytwin_model::{Quality, Request, Timestamp};
use citytwin_twin::{
    CityModel, Clock, ClockRequest, EditLog, EditRequested, EntityIndex, Feed, FeedChoice, FeedMode, Observation,
    Observed, ReplayFeed, Simulated, Until, model_run, observed_hash,
};
use jiff::SignedDuration;
use town::Wall;

const PATIENCE: Duration = Duration::from_secs(60);

/// A live town whose sensors are spoken for by hand.
struct Trial {
    app: App,
    wall: Wall,
    publisher: Emulator,
    published: u64,
    _broker: Broker,
}

impl Trial {
    fn new(history: &Path) -> Self {
        let broker = Broker::start_loopback().unwrap();
        let (app, wall) = town::live(history, Some(broker.config()), None);
        wall.follow(&app);
        let sensors: Vec<Sensor> = app.world().resource::<CityModel>().0.sensors.clone();
        let publisher = Emulator::start(broker.config(), &sensors, 1).unwrap();
        let mut trial = Self { app, wall, publisher, published: 0, _broker: broker };
        // What is published before the twin has subscribed is lost.
        let connected = |trial: &mut Self| {
            let status = trial.app.world().resource::<Feed>().status().unwrap();
            let up = status.sources[0].broker.as_ref().is_some_and(|broker| broker.connection == Connection::Connected);
            up && trial.publisher.status().connected
        };
        assert!(trial.until(connected));
        trial
    }

    /// Waits, while neither the clock nor the present moves.
    fn until(&mut self, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if done(self) {
                return true;
            }
            std::thread::yield_now();
        }
        false
    }

    /// The first `sensors` say something now; waits until it is committed.
    fn say(&mut self, sensors: u32, value: f64) {
        let batch = (0..sensors).map(|sensor| (citytwin_model::SensorId(sensor), value + f64::from(sensor))).collect();
        let now = self.wall.now();
        let silent = self.publisher.status().silent;
        let committed = |trial: &Self| trial.app.world().resource::<Feed>().status().unwrap().committed;
        let before = committed(self);
        self.publisher.publish(batch, now);
        let heard = self.until(|trial| {
            let lost = trial.publisher.status().silent - silent;
            committed(trial) - before + lost >= u64::from(sensors)
        });
        assert!(heard, "{:?}", self.app.world().resource::<Feed>().status());
        self.published += u64::from(sensors);
    }

    /// Simulated time passes, and the present with it.
    fn pass(&mut self, seconds: u32) {
        for _ in 0..2 * seconds {
            self.app.update();
            self.wall.follow(&self.app);
        }
    }

    fn now(&self) -> Timestamp {
        self.app.world().resource::<Clock>().now()
    }

    fn jump(&mut self, to: Timestamp, mode: FeedMode) {
        self.app.world_mut().write_message(EditRequested::Jump(to));
        let wall = self.wall.now();
        let landed = self.until(|trial| {
            trial.app.update();
            trial.wall.set(wall);
            trial.app.world().resource::<Feed>().mode() == mode
        });
        assert!(landed, "{:?}", self.app.world().resource::<Feed>().mode());
    }
}

fn observation(app: &App, sensor: usize) -> Option<Observation> {
    let entity = app.world().resource::<EntityIndex>().sensors[sensor];
    app.world().get::<Observed>(entity).unwrap().0.first().cloned()
}

#[test]
fn a_replay_gives_the_state_that_live_gave() {
    let folder = tempfile::tempdir().unwrap();
    let mut trial = Trial::new(folder.path());
    for step in 0..24 {
        // The third sensor falls silent on the way.
        trial.say(if step < 10 { 3 } else { 2 }, 100.0 + f64::from(step));
        trial.pass(5);
    }
    assert!(trial.until(|trial| {
        let clock_before = trial.app.world().resource::<Clock>().clone();
        trial.app.update();
        // Only the wall stands still here; the clock's half second is taken back.
        *trial.app.world_mut().resource_mut::<Clock>() = clock_before;
        observation(&trial.app, 2).is_some_and(|o| o.quality == Quality::Stale)
    }));
    let (end, live) = (trial.now(), observed_hash(trial.app.world()));
    let said: Vec<Option<Observation>> = (0..4).map(|sensor| observation(&trial.app, sensor)).collect();
    drop(trial);

    let to = Until::Instant(end + SignedDuration::from_secs(1));
    let feed = ReplayFeed { history: folder.path().to_path_buf().into(), run: "live".to_owned(), to };
    let mut app = town::app(1, &FeedChoice::Replay(feed));
    while app.world().resource::<Clock>().now() < end {
        app.update();
    }
    // Readings are put on sensors at the start of a tick: that of the end.
    app.update();
    let replayed: Vec<Option<Observation>> = (0..4).map(|sensor| observation(&app, sensor)).collect();
    assert_eq!(said, replayed);
    assert_eq!(live, observed_hash(app.world()));
    assert!(app.world().resource::<Feed>().replayed());
    assert!(app.world().resource::<Feed>().replayed_readings() > 50);
}

#[test]
fn the_clock_says_whether_readings_are_past_or_present() {
    let folder = tempfile::tempdir().unwrap();
    let mut trial = Trial::new(folder.path());
    let start = trial.now();
    for step in 0..60 {
        trial.say(1, 100.0 + f64::from(step));
        trial.pass(5);
    }
    trial.app.update();
    let newest = observation(&trial.app, 0).unwrap();
    // A clock that falls behind on a slow machine stays live; one that is stopped does not.
    let present = trial.wall.now();
    trial.wall.set(present + SignedDuration::from_secs(200));
    trial.app.update();
    assert_eq!(trial.app.world().resource::<Feed>().mode(), FeedMode::Live);
    trial.app.world_mut().write_message(ClockRequest::Pause(true));
    trial.app.update();
    trial.app.update();
    assert_eq!(trial.app.world().resource::<Feed>().mode(), FeedMode::Past);
    trial.app.world_mut().write_message(ClockRequest::Pause(false));
    trial.wall.set(present);
    trial.app.update();
    trial.app.update();
    assert_eq!(trial.app.world().resource::<Feed>().mode(), FeedMode::Live);
    // Two minutes after the start; three and more before the present.
    trial.jump(start + SignedDuration::from_secs(120), FeedMode::Past);
    let past = observation(&trial.app, 0).expect("known at that time");
    let age_s = past.reading.observed_at.duration_since(start).as_secs();
    assert!((100..=125).contains(&age_s), "{age_s} s after the start");
    assert_ne!(past.reading.value, newest.reading.value);
    // As the clock goes on, so do the readings; what comes in meanwhile is kept.
    let wall = trial.wall.now();
    for _ in 0..60 {
        trial.app.update();
        trial.wall.set(wall);
    }
    let later = observation(&trial.app, 0).unwrap();
    let passed_s = later.reading.observed_at.duration_since(past.reading.observed_at).as_secs();
    assert!((20..=35).contains(&passed_s), "{passed_s} s later");
    trial.wall.set(wall + SignedDuration::from_secs(5));
    trial.say(1, 777.0);
    assert_ne!(observation(&trial.app, 0).unwrap().reading.value, 777.0);
    // Ahead of the present nothing is known; back in it the newest is there.
    trial.jump(trial.wall.now() + SignedDuration::from_hours(2), FeedMode::Ahead);
    assert_eq!(observation(&trial.app, 0), None);
    trial.jump(trial.wall.now(), FeedMode::Live);
    trial.app.update();
    let back = observation(&trial.app, 0).unwrap();
    assert!(back.reading.observed_at > newest.reading.observed_at, "{back:?}");
}

#[test]
fn a_history_that_cannot_be_used_is_said_and_the_city_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let (app, _) = town::live(&file, None, None);
    let failure = app.world().resource::<Feed>().failure.clone().expect("a reason");
    assert!(failure.contains("file") && !failure.contains('\n'), "{failure}");
    // A second program on the same history would acknowledge what the first never sees.
    let (first, _) = town::live(&folder.path().join("history"), None, None);
    let (second, _) = town::live(&folder.path().join("history"), None, None);
    assert_eq!(first.world().resource::<Feed>().failure, None);
    assert!(second.world().resource::<Feed>().failure.is_some());
}

/// What the model says of each sensor stands beside what it says itself, every five minutes, and under another name with a
/// what-if in force.
#[test]
fn the_models_values_are_kept_beside_the_readings() {
    let folder = tempfile::tempdir().unwrap();
    let mut trial = Trial::new(folder.path());
    let simulated = |trial: &Trial| {
        let entity = trial.app.world().resource::<EntityIndex>().sensors[0];
        let Some(Simulated::Sensor { value }) = trial.app.world().get::<Simulated>(entity) else { panic!("no value") };
        *value
    };
    let mut expected = Vec::new();
    for step in 1..=65 {
        trial.say(1, 100.0);
        trial.pass(10);
        if step % 30 == 0 {
            expected.push(simulated(&trial));
        }
    }
    let source = trial.app.world().resource::<CityModel>().0.sensors[0].clone();
    trial.app.world_mut().write_message(EditRequested::Do(Request::SetDemandFactor(1.5)));
    let in_force = |trial: &Trial| trial.app.world().resource::<EditLog>().in_force.clone();
    assert!(trial.until(|trial| {
        trial.app.update();
        !in_force(trial).is_empty()
    }));
    let other = model_run("live", &in_force(&trial));
    trial.pass(310);
    drop(trial);
    let history = History::open(folder.path(), Settings::default()).unwrap();
    let rows = |run: &str| {
        let key = SeriesKey::new(run, &source.source.to_string(), source.quantity).unwrap();
        history.find(&key).map_or_else(Vec::new, |series| history.range(series, Span::ALL, usize::MAX).unwrap())
    };
    let kept = rows(&model_run("live", &[]));
    // The first is that of the first tick.
    let last: Vec<f64> = kept.iter().rev().take(2).rev().map(|row| row.value).collect();
    assert_eq!(last, expected);
    assert!(kept.windows(2).all(|pair| pair[1].observed_us - pair[0].observed_us == 300 * SECOND_US));
    let made = history.source_of(kept[0].source).unwrap();
    assert!(&*made.feed == "model" && made.mapping.starts_with("citytwin "), "{made:?}");
    assert!(other != model_run("live", &[]) && !rows(&other).is_empty());
    assert_eq!(rows("live").len(), 65);
}
