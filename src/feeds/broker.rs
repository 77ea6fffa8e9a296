//! The broker inside the program: for the demo and for devices on this machine. Loopback only, without TLS.

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    pin::pin,
    sync::mpsc,
    task::Poll,
    thread,
    time::Duration,
};

use rumqttd::{ConnectionSettings, LinkType, Router, RouterConfig, Server, ServerSettings, protocol::v4::V4};
use tokio::{runtime, sync::oneshot, time};

use crate::{config::MqttConfig, error::FeedError};

/// Clients at one time, far more than a desktop sees: by its source, rumqttd 0.20 no longer takes anyone once
/// a client that was refused for want of room returns under its id.
const MAX_CONNECTIONS: usize = 1024;
/// The largest packet a client may send, byte.
const MAX_PACKET_BYTES: usize = 1 << 20;
/// Messages a slow subscriber may lie behind per topic filter, byte: segments of 1 MiB.
const SEGMENT_BYTES: usize = 1 << 20;
const SEGMENTS: usize = 16;
/// How often the router's health is looked at.
const HEALTH_PERIOD: Duration = Duration::from_secs(1);
/// Another program may take a free port before the broker does; so often it is tried again.
const PORT_TRIES: usize = 8;

/// A running broker. Dropping it closes its port and its connections.
pub struct Broker {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Broker {
    /// Listens on a free port of 127.0.0.1.
    pub fn start_loopback() -> Result<Self, FeedError> {
        let mut last = String::new();
        for _ in 0..PORT_TRIES {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
            match free {
                Ok(address) => match Self::start_on(address.port()) {
                    Err(FeedError::Listen(why)) => last = why,
                    done => return done,
                },
                Err(error) => last = error.to_string(),
            }
        }
        Err(FeedError::Listen(last))
    }

    /// Listens on one port of 127.0.0.1.
    pub fn start_on(port: u16) -> Result<Self, FeedError> {
        const NAME: &str = "mqtt-broker";
        let fail = |source: io::Error| FeedError::Start { name: NAME, source };
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
        let (stop, stopped) = oneshot::channel();
        let (ready, listening) = mpsc::channel();
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve(port, ready) => {}
                }
            });
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name(NAME.to_owned()).spawn(run).map_err(fail)?;
        let broker = Self { port, stop: Some(stop), thread: Some(thread) };
        match listening.recv() {
            Ok(Ok(())) => Ok(broker),
            Ok(Err(why)) => Err(FeedError::Listen(why)),
            Err(_) => Err(FeedError::Listen("the broker's thread ended".to_owned())),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How to reach it.
    pub fn config(&self) -> MqttConfig {
        MqttConfig::loopback(self.port)
    }
}

impl Drop for Broker {
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

/// Serves until the port is lost. Tells `ready` once, when the port listens or cannot. Should rumqttd's router
/// thread ever end, it is replaced, and its clients reconnect.
async fn serve(port: u16, ready: mpsc::Sender<Result<(), String>>) {
    loop {
        let router = Router::new(0, router_config()).spawn();
        let mut server = Server::new(settings(port), router.clone(), V4);
        let mut listening = pin!(server.start(LinkType::Remote));
        // Binding to a loopback address is done in the first poll; after it the server waits for clients.
        let first = poll_fn(|context| Poll::Ready(listening.as_mut().poll(context))).await;
        if let Poll::Ready(end) = first {
            let why = end.err().map_or_else(|| "it ended at once".to_owned(), |error| error.to_string());
            // Nobody listens any more when this is a restart.
            let _ = ready.send(Err(why));
            return;
        }
        let _ = ready.send(Ok(()));
        let broken = async {
            while !router.is_disconnected() {
                time::sleep(HEALTH_PERIOD).await;
            }
        };
        tokio::select! {
            _ = &mut listening => return,
            () = broken => tracing::warn!("the embedded broker's router broke and is replaced"),
        }
    }
}

fn router_config() -> RouterConfig {
    RouterConfig {
        max_connections: MAX_CONNECTIONS,
        max_outgoing_packet_count: 2000,
        max_segment_size: SEGMENT_BYTES,
        max_segment_count: SEGMENTS,
        ..RouterConfig::default()
    }
}

fn settings(port: u16) -> ServerSettings {
    ServerSettings {
        name: "loopback".to_owned(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 5000,
            max_payload_size: MAX_PACKET_BYTES,
            max_inflight_count: 500,
            auth: None::<HashMap<String, String>>,
            external_auth: None,
            dynamic_filters: true,
        },
    }
}
