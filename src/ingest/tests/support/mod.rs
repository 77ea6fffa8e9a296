//! What the trials of this floor share: sensors, an outside broker, a publisher that trusts nobody.

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod gate;
#[path = "../../../../tests/support/needs.rs"]
pub mod needs;
pub mod publisher;
pub mod series;
pub mod sparkplug;
pub mod trial;

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use citytwin_feeds::Sensor;
use citytwin_model::{Anchor, Coord, LonLat, Quantity, SensorId, SourceRef};

/// Longest wait for something that takes milliseconds on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Sensors of speed named `s0`, `s1`, …
pub fn sensors(count: u32) -> Vec<Sensor> {
    let sensor = |id: u32| Sensor {
        id: SensorId(id),
        source: SourceRef::local("sensor", &format!("s{id}")),
        name: String::new(),
        quantity: Quantity::Speed,
        at: Coord { x: 0.0, y: 0.0 },
        observes: None,
        topic: format!("citytwin/demo/s{id}/speed"),
        interval_s: 10.0,
        stale_after_s: 40.0,
    };
    (0..count).map(sensor).collect()
}

pub fn anchor() -> Anchor {
    Anchor::new(LonLat { lon: -8.6, lat: 41.15 })
}

/// Whether a condition comes true in time.
pub fn becomes_true(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < patience {
        if condition() {
            return true;
        }
        // Nobody unparks: a breath between two looks, so that the watched threads get the processor.
        thread::park_timeout(Duration::from_millis(2));
    }
    false
}

/// A free port of 127.0.0.1.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join("mosquitto")).find(|file| file.is_file())
}

/// Whether mosquitto is there; says so when it is not.
pub fn mosquitto_installed() -> bool {
    let found = program().is_some();
    if !found {
        needs::missing("the program mosquitto (Debian: apt-get install mosquitto)");
    }
    found
}

/// A mosquitto broker that keeps sessions and messages in a folder, and queues without limit for those who are away.
/// It ends with the trial.
pub struct Mosquitto {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Mosquitto {
    /// Starts and waits until `port` answers. `more` is further lines of its configuration.
    pub fn start(folder: &Path, port: u16, more: &str) -> Self {
        let text = format!(
            "user root\nlistener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {}/\n\
             max_queued_messages 0\n{more}",
            folder.display()
        );
        std::fs::write(folder.join("mosquitto.conf"), text).unwrap();
        let child = Self::run(folder, port);
        Self { child, folder: folder.to_owned(), port }
    }

    fn run(folder: &Path, port: u16) -> Child {
        let child = Command::new(program().unwrap())
            .arg("-c")
            .arg(folder.join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let answers = becomes_true(PATIENCE, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        assert!(answers, "mosquitto does not answer");
        child
    }

    /// Ends it as a service manager does, and starts it again.
    pub fn restart(&mut self) {
        self.terminate();
        self.start_again();
    }

    /// After [`Self::terminate`].
    pub fn start_again(&mut self) {
        self.child = Self::run(&self.folder, self.port);
    }

    /// Ends it as a service manager does.
    pub fn terminate(&mut self) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        if !told.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
