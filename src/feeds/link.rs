//! A named thread that keeps one connection to a broker: sessions with waits between, and a clean stop.
//! Knows nothing of what a session says.

use std::{future::Future, io, thread, time::Duration};

use rumqttc::{ConnectionError, Event, EventLoop, Packet};
use tokio::{
    runtime,
    sync::oneshot,
    time::{self, Instant},
};

use crate::{
    backoff::{Backoff, entropy},
    error::FeedError,
    payload::excerpt,
};

/// Longest time for a broker to accept a connection, second.
const CONNECT_TIMEOUT_S: u64 = 10;

/// How a session ended.
pub(crate) struct SessionEnd {
    /// How long the broker had answered; `None` when it never did.
    pub held: Option<Duration>,
    /// Why it ended: one line.
    pub why: String,
}

/// A running thread. Dropping it ends the session at once and waits for the thread.
pub(crate) struct Link {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Link {
    /// Runs sessions one after the other on a thread named `name`; `ended` hears of the end of each.
    pub fn start<F, S>(
        name: &'static str,
        session: F,
        ended: impl Fn(&SessionEnd) + Send + 'static,
    ) -> Result<Self, FeedError>
    where
        F: Fn() -> S + Send + 'static,
        S: Future<Output = SessionEnd> + Send + 'static,
    {
        let fail = |source: io::Error| FeedError::Start { name, source };
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = keep_connected(session, ended) => {}
                }
            });
            // A name that is being looked up must not hold the program.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run).map_err(fail)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may already have ended.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn keep_connected<F, S>(session: F, ended: impl Fn(&SessionEnd))
where
    F: Fn() -> S,
    S: Future<Output = SessionEnd> + Send + 'static,
{
    let mut backoff = Backoff::new(entropy());
    loop {
        // A task of its own: a panic inside the client library ends this session, not the feed.
        let end = tokio::spawn(session()).await.unwrap_or_else(|error| SessionEnd {
            held: None,
            why: format!("the session broke off: {}", excerpt(&error.to_string())),
        });
        ended(&end);
        time::sleep(backoff.after(end.held)).await;
    }
}

/// Limits that every session sets on its event loop.
pub(crate) fn prepare(events: &mut EventLoop) {
    events.network_options.set_connection_timeout(CONNECT_TIMEOUT_S).set_tcp_nodelay(true);
}

/// Polls until the broker has let the client in, or tells why not.
pub(crate) async fn until_connected(events: &mut EventLoop) -> Result<Instant, String> {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => return Ok(Instant::now()),
            Ok(_) => {}
            Err(error) => return Err(reason(&error)),
        }
    }
}

/// One line for a person.
pub(crate) fn reason(error: &ConnectionError) -> String {
    match error {
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => "the broker does not answer in time".into(),
        ConnectionError::ConnectionRefused(code) => format!("the broker refuses the connection: {code:?}"),
        ConnectionError::NotConnAck(_) => "what answers there does not speak MQTT".into(),
        other => tls_reason(&other.to_string()).unwrap_or_else(|| excerpt(&other.to_string())),
    }
}

/// What a TLS handshake ended at, from rustls' words at the end of the libraries' own.
fn tls_reason(text: &str) -> Option<String> {
    let after = |mark: &str| text.find(mark).map(|at| excerpt(&text[at + mark.len()..]));
    if let Some(why) = after("invalid peer certificate: ") {
        return Some(format!("TLS: the broker's certificate is not accepted: {why}"));
    }
    let alert = after("received fatal alert: ")?;
    Some(if alert.contains("Certificate") || alert.contains("UnknownCA") {
        format!("TLS: the broker does not accept this client's certificate, or asks for one: {alert}")
    } else {
        format!("TLS: the broker ends the connection: {alert}")
    })
}
