//! What can go wrong before a feed runs. Once it runs, trouble shows in its status and it tries again.

use std::{io, path::PathBuf};

/// One line for a person each. No variant ever holds a password.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The address of a broker cannot be read. Names the part, never its content.
    #[error("MQTT address: {0}; write it as mqtt://[user[:password]@]host[:port][/prefix] or mqtts://…")]
    Address(&'static str),
    /// The file of certificate authorities cannot be used.
    #[error("{}: {why}; give a PEM file with the broker's certificate authority", path.display())]
    Authority { path: PathBuf, why: String },
    /// TLS cannot be set up on this machine.
    #[error("TLS: {0}")]
    Tls(String),
    /// The machine refuses a thread or its event queue.
    #[error("cannot start {name}: {source}")]
    Start { name: &'static str, source: io::Error },
    /// The embedded broker finds no port to listen on.
    #[error("the embedded broker cannot listen on 127.0.0.1: {0}")]
    Listen(String),
}
