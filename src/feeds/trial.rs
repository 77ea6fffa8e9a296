//! The feed of trials: a simulated city's readings at a given rate, in any of the formats, at quality of service 1, to the
//! one broker that it is given. Runs on the thread that asks for it.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use citytwin_model::{Sensor, SensorId, Timestamp, time::TimeZone};
use rumqttc::{AsyncClient, Event, EventLoop, LastWill, Packet, QoS, Transport};
use tokio::{
    runtime,
    time::{Instant, sleep, timeout},
};

use crate::{
    Emulation, FeedError, MqttConfig,
    backoff::{Backoff, entropy},
    encode::{Encoder, Format, Outgoing, Sample},
    link::{prepare, reason, until_connected},
    signal::Signals,
    tls,
};

/// Messages on their way without an acknowledgement, at most.
const WINDOW: u16 = 500;
/// Messages that wait inside the MQTT client.
const REQUESTS: usize = 64;
/// How often it looks what is due, and whether it is to end.
const TICK: Duration = Duration::from_millis(2);
/// How often it tells how it goes.
const TELL: Duration = Duration::from_secs(1);
/// How long it waits at the end for acknowledgements.
const SETTLE: Duration = Duration::from_secs(10);
/// Readings of one sensor a second: their stamps differ by a millisecond, which is as fine as every format has it.
const MOST_PER_SENSOR_S: f64 = 1000.0;

/// What is to be published.
#[derive(Clone, Debug)]
pub struct Trial<'a> {
    /// The one broker that is published to.
    pub config: MqttConfig,
    /// The city's slug, as in topics.
    pub city: &'a str,
    pub sensors: &'a [Sensor],
    /// The city's: days have their course by its clock.
    pub timezone: TimeZone,
    pub format: Format,
    /// Messages a second, one reading each; at most [`Self::most_per_s`].
    pub rate_per_s: f64,
    /// `None`: until it is stopped.
    pub length: Option<Duration>,
    /// Equal seeds give equal values at equal times.
    pub seed: u64,
}

/// How it goes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TrialStatus {
    /// Readings handed to the connection.
    pub published: u64,
    /// Of these, those that the broker has acknowledged.
    pub acknowledged: u64,
    /// Readings that never came to be, as their device was out.
    pub silent: u64,
    pub connections: u64,
    /// Since the first reading, without waits for a lost broker, second.
    pub seconds: f64,
    /// Why the last connection broke: one line.
    pub last_error: Option<String>,
}

impl TrialStatus {
    /// Readings that the broker acknowledged a second.
    pub fn rate_per_s(&self) -> f64 {
        if self.seconds > 0.0 { self.acknowledged as f64 / self.seconds } else { 0.0 }
    }
}

impl Trial<'_> {
    /// The devices in the format; its `sources` are what reads them.
    pub fn encoder(&self) -> Encoder {
        Encoder::new(self.format, self.city, self.sensors, self.config.prefix())
    }

    /// The most messages a second that these sensors can send.
    pub fn most_per_s(&self) -> f64 {
        MOST_PER_SENSOR_S * self.encoder().len() as f64
    }

    /// Publishes until the time is over or `stop` is set; `tell` hears every second how it goes. A broker that is
    /// lost on the way is waited for; what it had not acknowledged by then is not sent again.
    ///
    /// # Errors
    /// Files that cannot be used, plain text to another machine, a broker that does not let it in at the start.
    pub fn run(&self, stop: &AtomicBool, mut tell: impl FnMut(&TrialStatus)) -> Result<TrialStatus, FeedError> {
        let transport = tls::transport(&self.config)?;
        let fail = |source| FeedError::Start { name: "feed simulate", source };
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
        let mut course = Course::new(self);
        runtime.block_on(async {
            let mut backoff = Backoff::new(entropy());
            while !course.over(stop) {
                let began = Instant::now();
                let Some(why) = self.session(&transport, &mut course, stop, &mut tell).await else { break };
                if course.status.connections == 0 {
                    return Err(FeedError::Broker { broker: self.config.to_string(), why });
                }
                course.status.last_error = Some(why);
                let until = Instant::now() + backoff.after(Some(began.elapsed()));
                while Instant::now() < until && !course.over(stop) {
                    sleep(TICK).await;
                }
            }
            Ok(())
        })?;
        Ok(course.status)
    }

    /// One connection. Returns why it broke; `None` when all is said.
    async fn session(
        &self,
        transport: &Transport,
        course: &mut Course,
        stop: &AtomicBool,
        tell: &mut impl FnMut(&TrialStatus),
    ) -> Option<String> {
        let mut options = self.config.options(transport);
        options.set_inflight(WINDOW);
        if let Some(will) = course.encoder.connect() {
            options.set_last_will(LastWill::new(will.topic, will.payload, QoS::AtLeastOnce, will.retain));
        }
        let (client, mut events) = AsyncClient::new(options, REQUESTS);
        prepare(&mut events);
        if let Err(why) = until_connected(&mut events).await {
            return Some(why);
        }
        course.status.connections += 1;
        let acknowledged = Cell::new(0);
        // Side by side: a client whose queue is full waits until its event loop is polled.
        let broken = tokio::select! {
            why = listen(&mut events, &acknowledged) => Some(why),
            () = course.publish(&client, &acknowledged, (stop, tell)) => None,
        };
        course.leave(acknowledged.get());
        if broken.is_none() && client.try_disconnect().is_ok() {
            // Until the goodbye is on its way and the broker closes.
            let _ = timeout(SETTLE, listen(&mut events, &acknowledged)).await;
        }
        broken
    }
}

/// Counts acknowledgements until the connection ends.
async fn listen(events: &mut EventLoop, acknowledged: &Cell<u64>) -> String {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::PubAck(_))) => acknowledged.set(acknowledged.get() + 1),
            Ok(_) => {}
            Err(error) => return reason(&error),
        }
    }
}

/// What goes on from one connection to the next.
struct Course {
    encoder: Encoder,
    emulation: Emulation,
    signals: Signals,
    sensors: Vec<SensorId>,
    /// By place in `sensors`: the stamp of its last reading, millisecond since 1970.
    stamps_ms: Vec<i64>,
    next: usize,
    rate_per_s: f64,
    length: Option<Duration>,
    first: Option<Instant>,
    status: TrialStatus,
    connection: Connection,
}

/// Counts of one connection.
#[derive(Default)]
struct Connection {
    since: Option<Instant>,
    /// Messages before the first reading.
    opening: u64,
    published: u64,
    /// Of the whole trial, before this connection.
    acknowledged_before: u64,
    seconds_before: f64,
}

impl Course {
    fn new(trial: &Trial<'_>) -> Self {
        let sensors: Vec<SensorId> = trial.sensors.iter().map(|sensor| sensor.id).collect();
        Self {
            encoder: trial.encoder(),
            emulation: Emulation::new(trial.sensors, trial.seed),
            signals: Signals::new(trial.sensors, trial.seed, trial.timezone.clone()),
            stamps_ms: vec![0; sensors.len()],
            sensors,
            next: 0,
            rate_per_s: trial.rate_per_s,
            length: trial.length,
            first: None,
            status: TrialStatus::default(),
            connection: Connection::default(),
        }
    }

    fn over(&self, stop: &AtomicBool) -> bool {
        let passed = self.length.zip(self.first).is_some_and(|(length, first)| first.elapsed() >= length);
        passed || stop.load(Ordering::Relaxed)
    }

    /// Publishes at the rate until it is over, then says goodbye and waits for the broker's acknowledgements.
    async fn publish(
        &mut self,
        client: &AsyncClient,
        acknowledged: &Cell<u64>,
        (stop, tell): (&AtomicBool, &mut impl FnMut(&TrialStatus)),
    ) {
        let mut sent = 0;
        for message in self.encoder.opening(Timestamp::now()) {
            sent += u64::from(send(client, message).await);
        }
        let begin = Instant::now();
        self.first.get_or_insert(begin);
        self.connection = Connection {
            since: Some(begin),
            opening: sent,
            acknowledged_before: self.status.acknowledged,
            seconds_before: self.status.seconds,
            published: 0,
        };
        let mut next_tell = begin + TELL;
        while !self.over(stop) {
            // A broker that was slow is caught up with: what counts is the mean since the connection was made.
            let due = (begin.elapsed().as_secs_f64() * self.rate_per_s) as u64;
            while self.connection.published < due && !self.over(stop) {
                let Some(message) = self.sample().and_then(|sample| self.encoder.encode(&sample)) else { break };
                if !send(client, message).await {
                    return;
                }
                self.connection.published += 1;
                self.status.published += 1;
            }
            self.count(acknowledged.get());
            if Instant::now() >= next_tell {
                next_tell += TELL;
                tell(&self.status);
            }
            sleep(TICK).await;
        }
        self.count(acknowledged.get());
        sent += self.connection.published;
        for message in self.encoder.closing() {
            sent += u64::from(send(client, message).await);
        }
        let until = Instant::now() + SETTLE;
        while acknowledged.get() < sent && Instant::now() < until {
            sleep(TICK).await;
        }
    }

    /// The next sensor's reading. `None` when every device is out.
    fn sample(&mut self) -> Option<Sample> {
        for _ in 0..self.sensors.len() {
            let at = self.next;
            self.next = (at + 1) % self.sensors.len();
            let sensor = self.sensors[at];
            let stamp_ms = Timestamp::now().as_millisecond().max(self.stamps_ms[at] + 1);
            let Ok(observed_at) = Timestamp::from_millisecond(stamp_ms) else { continue };
            let truth = self.signals.truth(sensor, observed_at);
            match truth.and_then(|truth| self.emulation.sample(sensor, truth, observed_at)) {
                Some(sample) => {
                    self.stamps_ms[at] = stamp_ms;
                    return Some(sample);
                }
                None => self.status.silent += 1,
            }
        }
        None
    }

    /// Brokers acknowledge in the order of sending (MQTT 3.1.1, 4.6): first what opened the connection.
    fn count(&mut self, acknowledged: u64) {
        let connection = &self.connection;
        let of_readings = acknowledged.saturating_sub(connection.opening).min(connection.published);
        self.status.acknowledged = connection.acknowledged_before + of_readings;
        if let Some(since) = connection.since {
            self.status.seconds = connection.seconds_before + since.elapsed().as_secs_f64();
        }
    }

    /// The last count of a connection; the wait for its last acknowledgements is no time of publishing.
    fn leave(&mut self, acknowledged: u64) {
        let seconds = self.status.seconds;
        self.count(acknowledged);
        self.status.seconds = seconds;
        self.connection = Connection { acknowledged_before: self.status.acknowledged, ..Connection::default() };
        self.connection.seconds_before = seconds;
    }
}

/// Whether the client still takes messages.
async fn send(client: &AsyncClient, message: Outgoing) -> bool {
    client.publish(message.topic, QoS::AtLeastOnce, message.retain, message.payload).await.is_ok()
}
