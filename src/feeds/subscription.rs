//! A subscription that loses nothing: quality of service 1 in a session that the broker keeps while the program is away,
//! every message acknowledged by whoever has made it durable. Only ever subscribes; decodes nothing.
//!
//! What this guards against in brokers and in rumqttc 0.25:
//! - A receipt is of one connection. Client and event loop are new with each, so that no acknowledgement of an older one
//!   can reach a newer one, where its packet number means another message.
//! - Topics are subscribed to after every CONNACK, also when the broker says that it has the session: a broker that was
//!   restored from an older file knows fewer topics.
//! - Acknowledgements wait for room in the client's channel beside the polling, never within it: that would freeze both.
//! - A packet beyond [`PACKET_LIMIT`] would cost the connection, come again, and cost the next: it is let through once,
//!   to become a dead letter.
//! - A half-open connection is noticed when nothing was heard for two keep-alives.
//! - MQTT 3.1.1 leaves the number of unacknowledged messages to the broker (mosquitto: 20 unless
//!   `max_inflight_messages` says more, and 1,000 queued while away unless `max_queued_messages` does): the consumer
//!   must never wait for more messages before it commits.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex as Lock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use citytwin_model::Timestamp;
use crossbeam_channel::Sender;
use rumqttc::{
    AsyncClient, ConnAck, ConnectionError, Event, EventLoop, Packet, Publish, QoS, StateError, SubAck, SubscribeFilter,
    SubscribeReasonCode, Transport, mqttbytes,
};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, timeout_at},
};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    Clock, Connection, FeedError, MqttConfig,
    config::SessionOptions,
    link::{Link, SessionEnd, prepare, reason},
    status::Shared,
    tls,
};

/// The largest packet that is taken in the ordinary way, byte: a Sparkplug birth of 10,000 metrics takes 1 MiB.
pub const PACKET_LIMIT: usize = 16 << 20;
/// The largest packet that MQTT knows, byte (3.1.1, 2.2.3).
const LARGEST_PACKET: usize = 268_435_455;
/// What a message takes besides topic and payload, byte: a rough figure.
const MESSAGE_ROOM: usize = 256;
/// Topics in one SUBSCRIBE packet; some brokers refuse long ones.
const TOPICS_PER_SUBSCRIBE: usize = 64;
/// Topics that may be added while it runs.
const MOST_TOPICS: usize = 100_000;
/// Acknowledgements that wait for the wire in the client at most.
const REQUESTS: usize = 1024;

/// What a subscription is told when it starts.
#[derive(Clone, Debug)]
pub struct SubscriptionSettings {
    /// The same at every start, and no other program's: [`client_id`].
    pub client_id: String,
    /// Topic filters.
    pub topics: Vec<String>,
    /// Number that its messages carry.
    pub source: u16,
    /// Bytes of messages that may wait to be committed. Beyond it no more is read from the broker; what comes at
    /// quality of service 0 is then dropped and counted.
    pub waiting_bytes: usize,
    /// How often the broker is asked for a sign of life; at least a second.
    pub keep_alive: Duration,
}

impl SubscriptionSettings {
    /// 64 MiB may wait, five seconds between signs of life.
    pub fn new(client_id: String, topics: Vec<String>, source: u16) -> Self {
        Self { client_id, topics, source, waiting_bytes: 64 << 20, keep_alive: Duration::from_secs(5) }
    }
}

/// The name under which a broker keeps a session: 20 letters and digits, which every broker takes (MQTT 3.1.1, 3.1.3.1).
/// `instance` tells two programs of one city apart, which would push each other out.
pub fn client_id(city: &str, source: &str, instance: &str) -> String {
    let hash = xxh3_64(format!("{city}\0{source}\0{instance}").as_bytes());
    format!("citytwin{:012x}", hash & 0xffff_ffff_ffff)
}

/// What a broker is owed for a message of quality of service 1: valid for the connection that it came on alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Receipt {
    connection: u64,
    packet: u16,
}

/// A message as it came. Its room is free again when it is dropped.
#[derive(Debug)]
pub struct Delivery {
    pub source: u16,
    pub topic: String,
    pub payload: Vec<u8>,
    pub received_at: Timestamp,
    /// The broker had kept it: of unknown age.
    pub retained: bool,
    /// The broker has sent it before, and does not know whether it arrived.
    pub repeated: bool,
    /// `None`: quality of service 0, nothing is owed.
    pub receipt: Option<Receipt>,
    #[expect(dead_code, reason = "held for what its drop does")]
    room: Option<OwnedSemaphorePermit>,
}

impl Delivery {
    /// A message of other origin than a broker, with nothing owed and outside any limit.
    pub fn new(source: u16, topic: impl Into<String>, payload: impl Into<Vec<u8>>, received_at: Timestamp) -> Self {
        let (topic, payload) = (topic.into(), payload.into());
        Self { source, topic, payload, received_at, retained: false, repeated: false, receipt: None, room: None }
    }

    /// The same within a limit: `room` is free again when it is dropped.
    pub(crate) fn with_room(
        source: u16,
        topic: String,
        payload: Vec<u8>,
        (received_at, room): (Timestamp, OwnedSemaphorePermit),
    ) -> Self {
        Self { room: Some(room), ..Self::new(source, topic, payload, received_at) }
    }
}

/// How a subscription is. Times are of the wall clock, for a person to read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SubscriptionStatus {
    /// The broker's address, without user and password.
    pub broker: String,
    pub client_id: String,
    pub connection: Connection,
    /// When `connection` last changed.
    pub since: Option<Timestamp>,
    /// Connections made so far.
    pub connections: u64,
    /// Of these, after the first: those at which the broker no longer had our session. What was published while the
    /// program was away did not reach it.
    pub sessions_lost: u64,
    /// Messages received, with repeated ones.
    pub messages: u64,
    /// Messages that the broker marked as sent before.
    pub repeated: u64,
    /// Messages of quality of service 0 that were dropped for want of room.
    pub shed: u64,
    /// Messages acknowledged.
    pub acknowledged: u64,
    /// Receipts that came too late for their connection; the broker sends those messages again.
    pub overtaken: u64,
    /// Packets beyond [`PACKET_LIMIT`].
    pub oversized: u64,
    /// Bytes of messages that wait to be committed.
    pub waiting_bytes: usize,
    /// The most that `waiting_bytes` may be.
    pub waiting_limit: usize,
    pub last_message_at: Option<Timestamp>,
    /// Why the last connection ended or failed, or what the broker refused: one line.
    pub last_error: Option<String>,
}

impl SubscriptionStatus {
    fn turn(&mut self, connection: Connection) {
        if self.connection != connection || self.since.is_none() {
            self.since = Some(Timestamp::now());
        }
        self.connection = connection;
    }
}

/// A running subscription on a thread of its own, which reconnects by itself. Dropping it ends the thread; what was not
/// acknowledged comes again at the next start.
pub struct Subscription {
    wishes: mpsc::UnboundedSender<Wish>,
    reader: Arc<Reader>,
    _link: Link,
}

impl Subscription {
    /// Starts to connect and returns at once. Messages go to `into`, in the order of the broker; the channel needs no
    /// bound of its own. `now` stamps what arrives.
    ///
    /// # Errors
    /// Files that cannot be used, plain text to another machine, a thread that the machine refuses.
    pub fn start(
        config: MqttConfig,
        settings: SubscriptionSettings,
        into: Sender<Delivery>,
        now: Clock,
    ) -> Result<Self, FeedError> {
        let transport = tls::transport(&config)?;
        let limit = settings.waiting_bytes.clamp(1, u32::MAX as usize);
        let status = Shared::new(SubscriptionStatus {
            broker: config.to_string(),
            client_id: settings.client_id.clone(),
            waiting_limit: limit,
            ..SubscriptionStatus::default()
        });
        status.lock().turn(Connection::Connecting);
        // Bounded by the room of the deliveries that the receipts are of, and by the number of topics.
        let (wishes, wished) = mpsc::unbounded_channel();
        let reader = Arc::new(Reader {
            config,
            transport,
            topics: Lock::new(settings.topics.into_iter().collect()),
            source: settings.source,
            client_id: settings.client_id,
            keep_alive: settings.keep_alive.max(Duration::from_secs(1)),
            room: Arc::new(Semaphore::new(limit)),
            limit,
            wished: Mutex::new(wished),
            connection: AtomicU64::new(0),
            let_through: AtomicBool::new(false),
            into,
            now,
            status,
        });
        let (of_session, at_end) = (Arc::clone(&reader), Arc::clone(&reader));
        let link = Link::start(
            "mqtt-subscription",
            move || session(Arc::clone(&of_session)),
            move |end| {
                let mut status = at_end.status.lock();
                status.turn(Connection::Waiting);
                status.last_error = Some(end.why.clone());
            },
        )?;
        Ok(Self { wishes, reader, _link: link })
    }

    /// Tells the broker that these messages are safe. Those of an earlier connection are passed over and counted.
    pub fn acknowledge(&self, receipts: Vec<Receipt>) {
        // The thread ends with this value alone.
        let _ = self.wishes.send(Wish::Acknowledge(receipts));
    }

    /// Subscribes to one more topic filter, for as long as this value lives. Known ones and those beyond 100,000 change
    /// nothing.
    pub fn subscribe_also(&self, topic: &str) {
        let mut topics = self.reader.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if topics.len() < MOST_TOPICS && !topics.contains(topic) {
            topics.insert(topic.to_owned());
            let _ = self.wishes.send(Wish::Subscribe(topic.to_owned()));
        }
    }

    /// Whether the broker answers.
    pub fn connected(&self) -> bool {
        self.reader.status.lock().connection == Connection::Connected
    }

    /// A copy of the state and the counts.
    pub fn status(&self) -> SubscriptionStatus {
        let mut status = self.reader.status.lock().clone();
        status.waiting_bytes = self.reader.limit - self.reader.room.available_permits();
        status
    }
}

/// What the thread is asked for while it runs.
enum Wish {
    Acknowledge(Vec<Receipt>),
    Subscribe(String),
}

/// What every session of a subscription starts from.
struct Reader {
    config: MqttConfig,
    transport: Transport,
    topics: Lock<BTreeSet<String>>,
    source: u16,
    client_id: String,
    keep_alive: Duration,
    room: Arc<Semaphore>,
    limit: usize,
    wished: Mutex<mpsc::UnboundedReceiver<Wish>>,
    /// Number of the present connection.
    connection: AtomicU64,
    /// The last connection ended at a packet beyond the limit.
    let_through: AtomicBool,
    into: Sender<Delivery>,
    now: Clock,
    status: Shared<SubscriptionStatus>,
}

/// One connection, from its start to its end. The two halves run beside each other: neither is ever broken off while
/// the other goes on.
async fn session(reader: Arc<Reader>) -> SessionEnd {
    let connection = reader.connection.fetch_add(1, Ordering::Relaxed) + 1;
    let oversized = reader.let_through.swap(false, Ordering::Relaxed);
    let options = SessionOptions {
        client_id: &reader.client_id,
        keep_alive: reader.keep_alive,
        max_packet_bytes: if oversized { LARGEST_PACKET } else { PACKET_LIMIT },
    };
    let topics = reader.topics.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect::<Vec<_>>();
    let requests = REQUESTS + topics.len() / TOPICS_PER_SUBSCRIBE + 1;
    let (client, mut events) = AsyncClient::new(reader.config.session_options(&reader.transport, &options), requests);
    prepare(&mut events);
    let mut wished = reader.wished.lock().await;
    tokio::select! {
        end = reader.listen(connection, &topics, &client, &mut events) => end,
        end = reader.fulfil(connection, &mut wished, &client) => end,
    }
}

impl Reader {
    async fn listen(
        &self,
        connection: u64,
        topics: &[String],
        client: &AsyncClient,
        events: &mut EventLoop,
    ) -> SessionEnd {
        let mut connected: Option<Instant> = None;
        let mut heard = Instant::now();
        let end = |connected: Option<Instant>, why| SessionEnd { held: connected.map(|at| at.elapsed()), why };
        loop {
            let event = match timeout_at(heard + 2 * self.keep_alive, events.poll()).await {
                Err(_) => {
                    let why = format!("nothing heard from the broker for {} s", 2 * self.keep_alive.as_secs());
                    return end(connected, why);
                }
                Ok(Err(error)) => return end(connected, self.why(&error)),
                Ok(Ok(event)) => event,
            };
            let Event::Incoming(packet) = event else { continue };
            if let Packet::ConnAck(answer) = &packet {
                connected = Some(Instant::now());
                self.connected(answer);
                subscribe(client, topics);
            }
            if !self.heed(connection, packet).await {
                return end(connected, "nobody takes the messages any more".to_owned());
            }
            heard = Instant::now();
        }
    }

    /// Tells whether somebody takes the messages.
    async fn heed(&self, connection: u64, packet: Packet) -> bool {
        match packet {
            Packet::Publish(packet) => return self.take(connection, packet).await,
            Packet::SubAck(answer) => self.subscribed(&answer),
            _ => {}
        }
        true
    }

    /// Sends acknowledgements of this connection's messages; waits where the client has no room for more.
    async fn fulfil(
        &self,
        connection: u64,
        wished: &mut mpsc::UnboundedReceiver<Wish>,
        client: &AsyncClient,
    ) -> SessionEnd {
        let mut packet = Publish::new("", QoS::AtLeastOnce, Vec::new());
        while let Some(wish) = wished.recv().await {
            let receipts = match wish {
                Wish::Acknowledge(receipts) => receipts,
                Wish::Subscribe(topic) => {
                    // A connection that ends meanwhile is followed by one that subscribes to all.
                    let _ = client.subscribe(topic, QoS::AtLeastOnce).await;
                    continue;
                }
            };
            let (mut sent, mut overtaken) = (0, 0);
            for receipt in receipts {
                packet.pkid = receipt.packet;
                if receipt.connection == connection && client.ack(&packet).await.is_ok() {
                    sent += 1;
                } else {
                    overtaken += 1;
                }
            }
            let mut status = self.status.lock();
            status.acknowledged += sent;
            status.overtaken += overtaken;
        }
        SessionEnd { held: None, why: "the subscription was dropped".to_owned() }
    }

    fn connected(&self, answer: &ConnAck) {
        let mut status = self.status.lock();
        status.turn(Connection::Connected);
        status.sessions_lost += u64::from(status.connections > 0 && !answer.session_present);
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

    /// Hands a message over, as soon as there is room for it. Tells whether somebody takes them.
    async fn take(&self, connection: u64, packet: Publish) -> bool {
        let owed = packet.qos != QoS::AtMostOnce;
        // The order of receipt is that of the broker, so the stamp is taken before any wait.
        let received_at = (self.now)();
        let size = (packet.topic.len() + packet.payload.len() + MESSAGE_ROOM).min(self.limit) as u32;
        let room = match Arc::clone(&self.room).try_acquire_many_owned(size) {
            Ok(room) => Some(room),
            Err(_) if owed => Arc::clone(&self.room).acquire_many_owned(size).await.ok(),
            Err(_) => None,
        };
        {
            let mut status = self.status.lock();
            status.messages += 1;
            status.repeated += u64::from(packet.dup);
            status.shed += u64::from(room.is_none());
            status.last_message_at = Some(Timestamp::now());
        }
        if room.is_none() {
            return true;
        }
        let delivery = Delivery {
            source: self.source,
            topic: packet.topic,
            // A copy: the packet's own bytes would keep the whole buffer that was read alive.
            payload: packet.payload.to_vec(),
            received_at,
            retained: packet.retain,
            repeated: packet.dup,
            receipt: owed.then_some(Receipt { connection, packet: packet.pkid }),
            room,
        };
        self.into.send(delivery).is_ok()
    }

    fn why(&self, error: &ConnectionError) -> String {
        if let ConnectionError::MqttState(StateError::Deserialization(mqttbytes::Error::PayloadSizeLimitExceeded(
            size,
        ))) = error
        {
            self.let_through.store(true, Ordering::Relaxed);
            self.status.lock().oversized += 1;
            return format!("a packet of {size} bytes; {PACKET_LIMIT} are expected at most; it is let through once");
        }
        reason(error)
    }
}

fn subscribe(client: &AsyncClient, topics: &[String]) {
    for chunk in topics.chunks(TOPICS_PER_SUBSCRIBE) {
        let filters = chunk.iter().map(|topic| SubscribeFilter::new(topic.clone(), QoS::AtLeastOnce));
        if let Err(error) = client.try_subscribe_many(filters) {
            // The queue holds all chunks by its size, and the topics were checked where they were read.
            tracing::error!(%error, "a subscription was not queued");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_ids_are_stable_short_and_tell_programs_apart() {
        let id = client_id("porto", "city-broker", "a1");
        assert_eq!(id, client_id("porto", "city-broker", "a1"));
        assert!(id.len() == 20 && id.chars().all(|c| c.is_ascii_alphanumeric()), "{id}");
        for other in [client_id("porto", "city-broker", "a2"), client_id("portocity", "-broker", "a1")] {
            assert_ne!(id, other);
        }
    }
}
