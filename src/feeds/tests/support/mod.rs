//! What the tests of this floor share: sensors, a fixed clock, outside programs that never outlive a test.

#![allow(dead_code, reason = "each test binary uses its part")]

#[path = "../../../../tests/support/needs.rs"]
pub mod needs;

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use citytwin_feeds::{
    Clock, DecodeError, Delivery, MqttConfig, Reading, Receiver, Sensor, SensorRegistry, Subscription,
    SubscriptionSettings, client_id, decode,
};
use citytwin_model::{Coord, Quantity, SensorId, SourceRef, Timestamp};

/// Longest wait for something that takes milliseconds on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn sensor(id: u32, name: &str, quantity: Quantity) -> Sensor {
    Sensor {
        id: SensorId(id),
        source: SourceRef::local("sensor", name),
        name: name.to_owned(),
        quantity,
        at: Coord { x: 0.0, y: 0.0 },
        observes: None,
        topic: format!("citytwin/demo/{name}/{quantity}"),
        interval_s: 10.0,
        stale_after_s: 40.0,
    }
}

pub fn noon() -> Timestamp {
    "2024-05-01T12:00:00Z".parse().unwrap()
}

/// A twin whose present stands still.
pub fn clock() -> Clock {
    Arc::new(noon)
}

/// Whether a condition comes true in time.
pub fn becomes_true(condition: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
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

/// Whether an outside program is there; says so when it is not.
pub fn installed(program: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).chain(["/usr/sbin".into()]).any(|dir| dir.join(program).is_file())
    });
    if !found {
        needs::missing(&format!("the program {program} (Debian: apt-get install mosquitto mosquitto-clients openssl)"));
    }
    found
}

/// A mosquitto broker that ends with the test.
pub struct Mosquitto(Child);

impl Mosquitto {
    /// Starts with this configuration and waits until `port` answers.
    pub fn start(folder: &Path, port: u16, configuration: &str) -> Self {
        let file = folder.join("mosquitto.conf");
        std::fs::write(&file, configuration).unwrap();
        let program = if Path::new("/usr/sbin/mosquitto").is_file() { "/usr/sbin/mosquitto" } else { "mosquitto" };
        let child =
            Command::new(program).arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let broker = Self(child);
        assert!(becomes_true(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()), "mosquitto does not answer");
        broker
    }

    /// The configuration of a plain broker on one loopback port. `user` tells one that root started to stay
    /// root, so that it reads the test's files; it means nothing to others.
    pub fn plain(port: u16) -> String {
        format!("user root\nlistener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A subscription to the program's own topics, whose messages are decoded and acknowledged as they are taken.
pub struct Feed {
    pub subscription: Subscription,
    deliveries: Receiver<Delivery>,
    registry: SensorRegistry,
}

impl Feed {
    pub fn connect(config: MqttConfig, sensors: &[Sensor]) -> Self {
        let registry = SensorRegistry::new(sensors, "demo", None);
        let topics = registry.subscriptions().to_vec();
        let settings = SubscriptionSettings::new(client_id("demo", "own", "test"), topics, 0);
        let (into, deliveries) = crossbeam_channel::unbounded();
        Self { subscription: Subscription::start(config, settings, into, clock()).unwrap(), deliveries, registry }
    }

    /// What the next message says; `None` when none comes in time.
    pub fn next(&self, patience: Duration) -> Option<Result<Vec<Reading>, DecodeError>> {
        let delivery = self.deliveries.recv_timeout(patience).ok()?;
        self.subscription.acknowledge(delivery.receipt.into_iter().collect());
        Some(decode(&delivery.topic, &delivery.payload, &self.registry, delivery.received_at))
    }

    pub fn connections(&self) -> u64 {
        self.subscription.status().connections
    }
}
