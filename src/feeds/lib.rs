//! The outside world's live values: MQTT packets to [`Reading`]s, with every refusal counted.
//!
//! Owns the payload format, the connection to a broker, the broker that the program embeds, the
//! emulator that publishes the simulated city in place of devices, and the feed of trials. Knows `model` alone: no
//! engine, no renderer, no file format of a city. Nothing here publishes but the emulator and [`Trial`], each
//! only to the broker it is given.
//!
//! - [`Subscription`]: a broker whose messages are acknowledged once they are safe; [`Poller`]: a source asked
//!   over HTTP; [`FileSource`]: a file of the city's folder, read once.
//! - [`foreseen`]: what is certain to fail, before it is tried.
//! - [`decode`]: payloads of the formats that cities' devices speak, to observations.
//! - [`encode`]: the other way, for trials.
//! - [`mapping`]: a city's `sources.toml`, by which observations become readings of its sensors.
//! - [`quality`]: what of a reading is to be believed, and whether it is news.
//!
//! # The program's own payload format
//! Needs no mapping. A sensor publishes on its topic, by default `citytwin/<city>/<sensor id>/<quantity>`. The payload is a
//! bare number in the quantity's unit (`412.5`), or a JSON object, or an array of up to 1,024 such objects:
//!
//! | key | value | absent |
//! |---|---|---|
//! | `value` | number | refused |
//! | `unit` | the quantity's unit or a convertible one (`kW`, `mph`, `m/s`, `°F`, …) | the quantity's unit |
//! | `observed_at` | RFC 3339 text, or Unix time in seconds or milliseconds | time of receipt |
//! | `quality` | `good`, `uncertain`, `bad` | `good` |
//! | `emulated` | `true` when no device measured it | `false` |
//!
//! Other keys are passed over. A payload is UTF-8 of at most 64 KiB. Its value must be finite and within
//! [`Quantity::possible`](citytwin_model::Quantity::possible). A stamp more than 60 s ahead of the time of
//! receipt, or before the year 2000, comes from a clock that is wrong: the time of receipt stands in for it
//! and the reading is at best uncertain. Late and repeated packets are decoded as they are; their order is
//! judged by observed time where readings are applied.

mod backoff;
mod broker;
mod config;
pub mod decode;
mod emulation;
mod emulator;
pub mod encode;
mod error;
mod file;
mod foreseen;
mod http;
mod link;
pub mod mapping;
mod payload;
pub mod quality;
mod registry;
mod secrets;
mod signal;
mod status;
mod subscription;
mod tls;
mod trial;
mod unit;

pub use broker::Broker;
pub use citytwin_model::{Reading, Sensor};
pub use config::MqttConfig;
pub use crossbeam_channel::Receiver;
pub use emulation::{EmulatedPacket, Emulation};
pub use emulator::{Emulator, EmulatorStatus};
pub use error::FeedError;
pub use file::{FileSource, FileStatus};
pub use foreseen::{Foreseen, foreseen};
pub use http::{Hosts, PollState, Poller, PollerSettings, PollerStatus};
pub use payload::{DecodeError, MAX_PAYLOAD_BYTES, decode};
pub use registry::SensorRegistry;
pub use secrets::Secrets;
pub use signal::Signals;
pub use status::Connection;
pub use subscription::{
    Delivery, PACKET_LIMIT, Receipt, Subscription, SubscriptionSettings, SubscriptionStatus, client_id,
};
pub use trial::{Trial, TrialStatus};

/// Tells the time by which readings are stamped and age: the system's, or a simulated city's.
pub type Clock = std::sync::Arc<dyn Fn() -> citytwin_model::Timestamp + Send + Sync>;
