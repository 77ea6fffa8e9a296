//! A broker's packets as a bounded stream of readings. Only ever subscribes; publishes nothing.

use std::sync::Arc;

use citytwin_model::{Quality, Reading, Sensor, Timestamp};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rumqttc::{AsyncClient, Event, Packet, Publish, QoS, SubAck, SubscribeFilter, SubscribeReasonCode, Transport};
use tokio::time::Instant;

use crate::{
    config::MqttConfig,
    error::FeedError,
    link::{Link, SessionEnd, prepare, reason},
    payload::{decode, excerpt},
    registry::SensorRegistry,
    status::{Connection, FeedStatus, Shared},
    tls,
};

/// Readings that wait for the twin at most; beyond it the newest win and the loss is counted.
const CHANNEL_CAPACITY: usize = 65_536;
/// Topics in one SUBSCRIBE packet; some brokers refuse long ones.
const TOPICS_PER_SUBSCRIBE: usize = 64;

/// The twin's present. With a clock that runs at 60 ×, ages must be judged on one and the same clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A subscription to a city's sensors on a thread of its own, which reconnects by itself. Dropping it ends
/// the thread.
pub struct MqttFeed {
    readings: Receiver<Reading>,
    status: Shared<FeedStatus>,
    link: Option<Link>,
}

impl MqttFeed {
    /// Starts to connect and returns at once; the status tells how it goes. `now` stamps what arrives.
    pub fn connect(config: MqttConfig, sensors: &[Sensor], city_slug: &str, now: Clock) -> Result<Self, FeedError> {
        let transport = tls::transport(&config)?;
        let registry = SensorRegistry::new(sensors, city_slug, config.prefix());
        let status = Shared::new(FeedStatus {
            broker: config.to_string(),
            sensors: registry.len(),
            unusable_sensors: registry.unusable().len(),
            ..FeedStatus::default()
        });
        status.lock().turn(Connection::Connecting);
        let (sender, readings) = bounded(CHANNEL_CAPACITY);
        let inlet = Inlet { registry, now, sender, oldest: readings.clone(), status: status.clone() };
        let subscriber = Arc::new(Subscriber { config, transport, inlet });
        let at_end = status.clone();
        let link = Link::start(
            "mqtt-feed",
            move || session(Arc::clone(&subscriber)),
            move |end| {
                let mut status = at_end.lock();
                status.turn(Connection::Waiting);
                status.last_error = Some(end.why.clone());
            },
        )?;
        Ok(Self { readings, status, link: Some(link) })
    }

    /// What has arrived and was not taken yet, oldest first.
    pub fn readings(&self) -> &Receiver<Reading> {
        &self.readings
    }

    /// A copy of the state and the counts.
    pub fn status(&self) -> FeedStatus {
        self.status.lock().clone()
    }

    /// Ends the connection; the readings that wait and the status stay.
    pub fn stop(&mut self) {
        self.link = None;
        self.status.lock().turn(Connection::Stopped);
    }
}

/// What every session of a feed starts from.
struct Subscriber {
    config: MqttConfig,
    transport: Transport,
    inlet: Inlet,
}

/// One connection, from its start to its end. Client and event loop are new each time: nothing of an older
/// connection can surface in a later one.
async fn session(subscriber: Arc<Subscriber>) -> SessionEnd {
    let inlet = &subscriber.inlet;
    let requests = inlet.registry.subscriptions().len() / TOPICS_PER_SUBSCRIBE + 8;
    let (client, mut events) = AsyncClient::new(subscriber.config.options(&subscriber.transport), requests);
    prepare(&mut events);
    let mut connected: Option<Instant> = None;
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                connected = Some(Instant::now());
                inlet.connected();
                subscribe(&client, inlet.registry.subscriptions());
            }
            Ok(Event::Incoming(Packet::Publish(packet))) => inlet.take(&packet),
            Ok(Event::Incoming(Packet::SubAck(answer))) => inlet.subscribed(&answer),
            Ok(_) => {}
            Err(error) => return SessionEnd { held: connected.map(|at| at.elapsed()), why: reason(&error) },
        }
    }
}

fn subscribe(client: &AsyncClient, topics: &[String]) {
    for chunk in topics.chunks(TOPICS_PER_SUBSCRIBE) {
        let filters = chunk.iter().map(|topic| SubscribeFilter::new(topic.clone(), QoS::AtLeastOnce));
        if let Err(error) = client.try_subscribe_many(filters) {
            // The queue holds all chunks by its size, and the topics were checked by the registry.
            tracing::error!(%error, "a subscription was not queued");
        }
    }
}

/// Where packets become readings.
struct Inlet {
    registry: SensorRegistry,
    now: Clock,
    sender: Sender<Reading>,
    /// The other end of `sender`, to push out the oldest.
    oldest: Receiver<Reading>,
    status: Shared<FeedStatus>,
}

impl Inlet {
    fn connected(&self) {
        let mut status = self.status.lock();
        status.turn(Connection::Connected);
        status.connections += 1;
        status.last_error = None;
    }

    fn subscribed(&self, answer: &SubAck) {
        let refused = answer.return_codes.iter().filter(|code| **code == SubscribeReasonCode::Failure).count();
        if refused > 0 {
            self.status.lock().last_error =
                Some(format!("the broker refuses {refused} of {} subscriptions", answer.return_codes.len()));
        }
    }

    fn take(&self, packet: &Publish) {
        let received_at = (self.now)();
        let decoded = decode(&packet.topic, &packet.payload, &self.registry, received_at);
        let (taken, dropped) = match &decoded {
            Ok(readings) => (readings.len() as u64, self.pass_on(readings, packet.retain)),
            Err(_) => (0, 0),
        };
        let mut status = self.status.lock();
        status.packets += 1;
        status.last_packet_at = Some(Timestamp::now());
        status.readings += taken;
        status.dropped += dropped;
        if let Err(refusal) = decoded {
            *status.refused.entry(refusal.kind()).or_default() += 1;
            status.last_refusal = Some(format!("{}: {refusal}", excerpt(&packet.topic)));
        }
    }

    /// Puts readings into the channel and returns how many older ones had to leave it.
    fn pass_on(&self, readings: &[Reading], retained: bool) -> u64 {
        let mut dropped = 0;
        for reading in readings {
            let mut reading = reading.clone();
            // A packet that the broker kept, without a stamp of its own, is of unknown age.
            if retained && reading.observed_at == reading.received_at && reading.quality == Quality::Good {
                reading.quality = Quality::Uncertain;
            }
            while let Err(TrySendError::Full(back)) = self.sender.try_send(reading) {
                reading = back;
                dropped += u64::from(self.oldest.try_recv().is_ok());
            }
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use citytwin_model::{Coord, Quantity, SensorId, SourceRef};

    use super::*;

    fn inlet(capacity: usize) -> Inlet {
        let sensor = Sensor {
            id: SensorId(0),
            source: SourceRef::local("sensor", "a"),
            name: String::new(),
            quantity: Quantity::Speed,
            at: Coord { x: 0.0, y: 0.0 },
            observes: None,
            topic: "a".to_owned(),
            interval_s: 10.0,
            stale_after_s: 40.0,
        };
        let (sender, oldest) = bounded(capacity);
        let now: Clock = Arc::new(|| "2024-05-01T12:00:00Z".parse().unwrap());
        Inlet { registry: SensorRegistry::new(&[sensor], "demo", None), now, sender, oldest, status: Shared::default() }
    }

    #[test]
    fn the_newest_win_and_the_loss_is_counted() {
        let inlet = inlet(4);
        for value in 0..10 {
            inlet.take(&Publish::new("a", QoS::AtMostOnce, value.to_string()));
        }
        let kept: Vec<f64> = inlet.oldest.try_iter().map(|reading| reading.value).collect();
        assert_eq!(kept, [6.0, 7.0, 8.0, 9.0]);
        let status = inlet.status.lock();
        assert_eq!((status.packets, status.readings, status.dropped), (10, 10, 6));
    }

    #[test]
    fn refusals_are_counted_by_reason_and_the_last_is_told() {
        let inlet = inlet(4);
        for (topic, payload) in [("a", "x"), ("b", "1"), ("a", "y"), ("a\nb", "1")] {
            inlet.take(&Publish::new(topic, QoS::AtMostOnce, payload));
        }
        let status = inlet.status.lock();
        assert_eq!(status.refused["malformed"], 2);
        assert_eq!(status.refused["unknown sensor"], 2);
        assert_eq!((status.refused_total(), status.readings), (4, 0));
        assert!(!status.last_refusal.as_ref().unwrap().contains('\n'));
    }

    #[test]
    fn a_kept_packet_without_a_stamp_is_uncertain() {
        let inlet = inlet(4);
        let stamped = r#"{"value":2,"observed_at":"2024-05-01T11:00:00Z"}"#;
        for payload in ["1", stamped] {
            let mut packet = Publish::new("a", QoS::AtMostOnce, payload);
            packet.retain = true;
            inlet.take(&packet);
        }
        let qualities: Vec<Quality> = inlet.oldest.try_iter().map(|reading| reading.quality).collect();
        assert_eq!(qualities, [Quality::Uncertain, Quality::Good]);
    }
}
