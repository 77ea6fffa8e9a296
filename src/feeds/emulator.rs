//! The thread that publishes the emulated devices' packets. The only publisher of this floor.

use std::sync::Arc;

use citytwin_model::{Sensor, SensorId, Timestamp};
use rumqttc::{AsyncClient, EventLoop, QoS, Transport};
use tokio::sync::{
    Mutex,
    mpsc::{self, error::TrySendError},
};

use crate::{
    config::MqttConfig,
    emulation::Emulation,
    error::FeedError,
    link::{Link, SessionEnd, prepare, reason, until_connected},
    registry::prefixed,
    status::Shared,
    tls,
};

/// Batches that wait for the broker; beyond it new ones are dropped and counted.
const BATCHES: usize = 64;
/// Packets that wait inside the MQTT client.
const REQUESTS: usize = 1024;

type Batch = (Vec<(SensorId, f64)>, Timestamp);

/// What an emulator has done so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EmulatorStatus {
    pub connected: bool,
    /// Packets handed to the broker's connection.
    pub published: u64,
    /// Values whose device was silent or which cannot be published.
    pub silent: u64,
    /// Values dropped because the broker was away or slow.
    pub dropped: u64,
    /// Why the last connection ended: one line.
    pub last_error: Option<String>,
}

/// Publishes simulated values as devices would, labelled as emulated. Dropping it ends its thread.
pub struct Emulator {
    batches: mpsc::Sender<Batch>,
    status: Shared<EmulatorStatus>,
    _link: Link,
}

impl Emulator {
    /// Starts to connect and returns at once. Meant for the embedded broker ([`crate::Broker::config`]): what
    /// is published there is simulated.
    pub fn start(config: MqttConfig, sensors: &[Sensor], seed: u64) -> Result<Self, FeedError> {
        let transport = tls::transport(&config)?;
        let (batches, waiting) = mpsc::channel(BATCHES);
        let status = Shared::<EmulatorStatus>::default();
        let publisher = Arc::new(Publisher {
            config,
            transport,
            emulation: Emulation::new(sensors, seed),
            waiting: Mutex::new(waiting),
            status: status.clone(),
        });
        let at_end = status.clone();
        let link = Link::start(
            "mqtt-emulator",
            move || session(Arc::clone(&publisher)),
            move |end| {
                let mut status = at_end.lock();
                status.connected = false;
                status.last_error = Some(end.why.clone());
            },
        )?;
        Ok(Self { batches, status, _link: link })
    }

    /// Publishes what the devices make of true values, in their quantities' units, at the simulated time `at`.
    /// Never waits: a batch that finds no room is dropped and counted. The caller keeps each sensor's interval.
    pub fn publish(&self, batch: Vec<(SensorId, f64)>, at: Timestamp) {
        if batch.is_empty() {
            return;
        }
        if let Err(TrySendError::Full((batch, _)) | TrySendError::Closed((batch, _))) =
            self.batches.try_send((batch, at))
        {
            self.status.lock().dropped += batch.len() as u64;
        }
    }

    /// A copy of the state and the counts.
    pub fn status(&self) -> EmulatorStatus {
        self.status.lock().clone()
    }
}

struct Publisher {
    config: MqttConfig,
    transport: Transport,
    emulation: Emulation,
    waiting: Mutex<mpsc::Receiver<Batch>>,
    status: Shared<EmulatorStatus>,
}

async fn session(publisher: Arc<Publisher>) -> SessionEnd {
    let (client, mut events) = AsyncClient::new(publisher.config.options(&publisher.transport), REQUESTS);
    prepare(&mut events);
    let connected = match until_connected(&mut events).await {
        Ok(at) => at,
        Err(why) => return SessionEnd { held: None, why },
    };
    {
        let mut status = publisher.status.lock();
        (status.connected, status.last_error) = (true, None);
    }
    // Side by side: a client whose queue is full waits until its event loop is polled.
    let why = tokio::select! {
        why = until_lost(&mut events) => why,
        () = publish_batches(&publisher, &client) => "the emulator ended".to_owned(),
    };
    SessionEnd { held: Some(connected.elapsed()), why }
}

async fn until_lost(events: &mut EventLoop) -> String {
    loop {
        if let Err(error) = events.poll().await {
            return reason(&error);
        }
    }
}

/// Ends when the emulator is dropped.
async fn publish_batches(publisher: &Publisher, client: &AsyncClient) {
    let mut waiting = publisher.waiting.lock().await;
    while let Some((batch, at)) = waiting.recv().await {
        for (sensor, truth) in batch {
            let Some(packet) = publisher.emulation.packet(sensor, truth, at) else {
                publisher.status.lock().silent += 1;
                continue;
            };
            let topic = prefixed(publisher.config.prefix(), &packet.topic);
            let sent = client.publish(topic, QoS::AtMostOnce, false, packet.payload).await;
            let mut status = publisher.status.lock();
            match sent {
                Ok(()) => status.published += 1,
                Err(_) => status.dropped += 1,
            }
        }
    }
}
