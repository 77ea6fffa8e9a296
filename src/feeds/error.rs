//! What can go wrong before a feed runs. Once it runs, trouble shows in its status and it tries again.

use std::{io, path::PathBuf};

/// One line for a person each. No variant ever holds a password.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The address of a broker cannot be read. Names the part, never its content.
    #[error("MQTT address: {0}; write it as mqtts://[user[:password]@]host[:port][/prefix] or mqtt://…")]
    Address(&'static str),
    /// The file of certificate authorities cannot be used.
    #[error("{}: {why}; give a PEM file with the broker's certificate authority", path.display())]
    Authority { path: PathBuf, why: String },
    /// The client certificate or its key cannot be used.
    #[error("{}: {why}; give a PEM file with the client's certificate and one with its private key", path.display())]
    Identity { path: PathBuf, why: String },
    /// Readings and password would travel in the clear.
    #[error("{0} is not encrypted and not on this machine; write mqtts://, or mqtt+plaintext:// to allow it")]
    PlainText(String),
    /// An environment variable with a secret. Its value is never told.
    #[error("the environment variable {name}, which `{field}` names, {why}; set it before the program is started")]
    Variable { field: &'static str, name: String, why: &'static str },
    /// An address of HTTP cannot be asked.
    #[error("HTTP address: {0}")]
    Http(String),
    /// TLS cannot be set up on this machine.
    #[error("TLS: {0}")]
    Tls(String),
    /// The machine refuses a thread or its event queue.
    #[error("cannot start {name}: {source}")]
    Start { name: &'static str, source: io::Error },
    /// The embedded broker finds no port to listen on.
    #[error("the embedded broker cannot listen on 127.0.0.1: {0}")]
    Listen(String),
    /// The broker does not let the feed of a trial in.
    #[error("{broker}: {why}")]
    Broker { broker: String, why: String },
}
