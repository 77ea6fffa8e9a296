//! From the outside world to the twin without loss: messages of all sources are decoded, judged, committed to the history,
//! and only then acknowledged to their brokers and handed to the twin.
//!
//! Joins what `feeds` and `history` own apart: [`Ingest`] runs the live feeds of a city, [`Replay`] hands a past span over
//! by the same rules, [`retry_dead`] tries again what could not be decoded once. Must know no engine, no ECS and no screen.
//!
//! - **Nothing acknowledged is lost**: a receipt goes to the broker after the commit of its message.
//! - **Nothing counts twice**: a reading's key is (sensor, observed time). A message that comes again changes nothing,
//!   neither in the history nor in the twin. A payload without a stamp of its own is stamped at receipt: one that comes
//!   again is a new reading, at best uncertain. It is not taken for the one before, even where topic and payload are equal:
//!   that a broker sends again says that it heard no acknowledgement, not that the message had come (MQTT 3.1.1, 3.3.1.1),
//!   and sensors repeat themselves. Rather twice than lost; devices that matter stamp what they say.
//! - **Nothing old goes over something new**: order is by observed time, as `feeds::quality` says; live values go on from
//!   those of the history when the program starts anew.
//! - **Nothing made up passes for measured**: a model's output is at best uncertain, and the history keeps it under the
//!   mapping's version with `(model output)` behind.
//! - **Bounded**: messages that wait for their commit by their bytes, per source; what waits for the twin by the number
//!   of sensors, since the newest reading of each is all that it gets.

mod batch;
mod district;
mod error;
mod instance;
mod intake;
mod judge;
mod keeper;
mod live;
mod pipeline;
mod place;
mod replay;
mod retry;
mod seed;
mod settings;
mod status;

pub use error::IngestError;
pub use instance::instance;
pub use keeper::Keeper;
pub use live::{Change, Live};
pub use pipeline::Ingest;
pub use place::Place;
pub use replay::Replay;
pub use retry::{Retried, Retry, retry_dead};
pub use settings::{Broker, Feeds, Origin, Settings};
pub use status::{DistrictCounts, DistrictStatus, IngestStatus, SourceStatus};
