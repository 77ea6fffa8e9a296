//! Sources that are asked over HTTP: a thread each, which asks at its times, reads no more than it should, connects nowhere
//! that it should not, and hands over what came as a [`Delivery`](crate::Delivery). Decodes only to learn where an answer
//! goes on and how long it holds; what it means is the mapping's.
//!
//! What this guards against:
//! - Addresses inside the own network: a name is resolved, every address of it looked at, and the connection made to one of
//!   these and no other ([`guard`]), at each redirect and page anew. Proxies of the environment are not used: they would
//!   connect where nobody looked.
//! - Answers without end: size as sent and as unpacked, time as a whole and between two pieces, redirects and pages are
//!   limited.
//! - A burden for the server: what it says of how long an answer holds and when to come back is kept, requests are
//!   conditional, never closer than the shortest interval, and those of all sources to one host are spaced.
//! - Secrets: they go to the source's own origin alone, and are in no text of this module.

mod body;
mod exchange;
mod freshness;
mod guard;
mod hosts;
mod poller;
mod settings;
mod status;

pub(crate) use guard::refused;
pub use hosts::Hosts;
pub use poller::Poller;
pub use settings::PollerSettings;
pub use status::{PollState, PollerStatus};
