//! A town small enough to read: two districts, two bridges, four sensors.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use bevy_app::App;
use bevy_time::TimeUpdateStrategy;
use citytwin_feeds::MqttConfig;
use citytwin_model::{Assumptions, City, Timestamp, time::civil};
use citytwin_traffic::Simulation;
use citytwin_twin::{Clock, Engines, FeedChoice, LiveFeed, TwinPlugin, install};

/// Metres per degree of latitude, near enough for a drawing.
const M_PER_DEG: f64 = 111_320.0;

/// The town, through the importer like any other.
pub fn city() -> Arc<City> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("town.osm"), osm()).unwrap();
    let sensors = "name = \"Test Town\"\nmap = \"town.osm\"\ncountry = \"DE\"\n\
        [[transformer]]\nid = \"t1\"\nname = \"T1\"\nlon = 0.001\nlat = 50.001\nrated_kva = 630\n\
        [[sensor]]\nid = \"north\"\nname = \"North bridge\"\nquantity = \"vehicle_flow\"\nlon = 0.005\nlat = 50.004\n\
        observes = \"way/900\"\ninterval_s = 5\n\
        [[sensor]]\nid = \"power\"\nname = \"T1 power\"\nquantity = \"active_power\"\nlon = 0.001\nlat = 50.001\n\
        observes = \"transformer/t1\"\ninterval_s = 5\n\
        [[sensor]]\nid = \"air\"\nname = \"Air\"\nquantity = \"no2\"\nlon = 0.001\nlat = 50.002\ninterval_s = 5\n\
        [[sensor]]\nid = \"volts\"\nname = \"T1 voltage\"\nquantity = \"voltage\"\nlon = 0.001\nlat = 50.001\n\
        observes = \"transformer/t1\"\ninterval_s = 5\n";
    fs::write(folder.path().join("city.toml"), sensors).unwrap();
    Arc::new(citytwin_import::open(folder.path(), &Default::default(), &()).unwrap())
}

/// A 5 × 5 grid on each bank of a river, joined by two bridges, with a house at every corner.
fn osm() -> String {
    let mut osm = String::from("<osm version=\"0.6\">");
    let lon = |x: f64| x / (M_PER_DEG * 50.0_f64.to_radians().cos());
    let lat = |y: f64| 50.0 + y / M_PER_DEG;
    let mut ways = String::new();
    let at = |bank: i64, i: i64, j: i64| 1000 * (bank + 1) + 10 * i + j;
    for bank in 0..2 {
        for i in 0..5 {
            for j in 0..5 {
                let (x, y) = (f64::from(bank as i32) * 700.0 + 100.0 * i as f64, 100.0 * j as f64);
                let _ = write!(osm, "<node id=\"{}\" lon=\"{:.7}\" lat=\"{:.7}\"/>", at(bank, i, j), lon(x), lat(y));
                let house = 100_000 + 10 * at(bank, i, j);
                for (k, (dx, dy)) in [(20.0, 20.0), (35.0, 20.0), (35.0, 32.0), (20.0, 32.0)].iter().enumerate() {
                    let (lon, lat) = (lon(x + dx), lat(y + dy));
                    let _ = write!(osm, "<node id=\"{}\" lon=\"{lon:.7}\" lat=\"{lat:.7}\"/>", house + k as i64);
                }
                let _ = write!(
                    ways,
                    "<way id=\"{house}\"><nd ref=\"{house}\"/><nd ref=\"{}\"/><nd ref=\"{}\"/><nd ref=\"{}\"/>\
                     <nd ref=\"{house}\"/><tag k=\"building\" v=\"{}\"/><tag k=\"building:levels\" v=\"6\"/></way>",
                    house + 1,
                    house + 2,
                    house + 3,
                    if bank == 0 { "apartments" } else { "office" }
                );
            }
        }
        for k in 0..5 {
            let row: String = (0..5).map(|i| format!("<nd ref=\"{}\"/>", at(bank, i, k))).collect();
            let column: String = (0..5).map(|j| format!("<nd ref=\"{}\"/>", at(bank, k, j))).collect();
            let tag = "<tag k=\"highway\" v=\"residential\"/>";
            let _ = write!(ways, "<way id=\"{}\">{row}{tag}</way>", 100 + 10 * bank + k);
            let _ = write!(ways, "<way id=\"{}\">{column}{tag}</way>", 200 + 10 * bank + k);
        }
    }
    for (id, j) in [(900, 4), (901, 0)] {
        let _ = write!(
            ways,
            "<way id=\"{id}\"><nd ref=\"{}\"/><nd ref=\"{}\"/><tag k=\"highway\" v=\"primary\"/>\
             <tag k=\"bridge\" v=\"yes\"/><tag k=\"layer\" v=\"1\"/></way>",
            at(0, 4, j),
            at(1, 0, j)
        );
    }
    osm.push_str(&ways);
    osm.push_str("</osm>");
    osm
}

/// The present of a live town, moved by hand.
#[derive(Clone)]
pub struct Wall(Arc<AtomicI64>);

impl Wall {
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_microsecond())))
    }

    pub fn clock(&self) -> citytwin_feeds::Clock {
        let wall = self.clone();
        Arc::new(move || wall.now())
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_microsecond(), Ordering::SeqCst);
    }

    /// The simulated clock shows the present.
    pub fn follow(&self, app: &App) {
        self.set(app.world().resource::<Clock>().now());
    }
}

/// Half past seven on a Tuesday.
const START: civil::DateTime = civil::datetime(2026, 6, 16, 7, 30, 0, 0);

/// The same as an instant.
pub fn start(city: &City) -> Timestamp {
    START.to_zoned(city.time_zone.value.clone()).unwrap().timestamp()
}

/// A headless twin that reads a broker into a history.
pub fn live(
    history: &Path,
    broker: Option<MqttConfig>,
    sources: Option<Arc<citytwin_feeds::mapping::Sources>>,
) -> (App, Wall) {
    let wall = Wall::at(start(&city()));
    let (folder, history) = (PathBuf::from("."), history.to_path_buf().into());
    let live = LiveFeed { broker, sources, folder, history, wall: wall.clock() };
    (app(1, &FeedChoice::Live(live)), wall)
}

/// A headless twin at half past seven whose every update is one tick.
pub fn app(seed: u64, feed: &FeedChoice) -> App {
    app_at(seed, feed, START)
}

/// The same at another time of its clock.
pub fn app_at(seed: u64, feed: &FeedChoice, start: civil::DateTime) -> App {
    let city = city();
    let start = start.to_zoned(city.time_zone.value.clone()).unwrap().timestamp();
    let engines = Engines::prepare(city, start, seed, Assumptions::default(), &|_, _| true).unwrap();
    let mut app = App::new();
    app.add_plugins(TwinPlugin);
    let step = std::time::Duration::from_secs_f64(Simulation::STEP_S);
    app.insert_resource(TimeUpdateStrategy::ManualDuration(step));
    // One tick an update, whatever the step: the clock's longest step must not cut it.
    app.world_mut().resource_mut::<bevy_time::Time<bevy_time::Virtual>>().set_max_delta(4 * step);
    install(app.world_mut(), engines, feed);
    // The first update of a clock has no duration.
    app.update();
    app
}
