//! How far readings may be believed, and which of them are news. Pure and deterministic: time is an argument, the
//! same readings in the same order give the same verdicts. Constant work per reading; what grows old is found by its
//! deadline, never by looking at all sensors.
//!
//! - **Order** is by observed time per sensor: an older reading goes to history, never over a newer live value. A stamp
//!   from the future counts as received, so that a wrong clock cannot hold right readings back once it is set.
//! - **Duplicates**, of one sensor and one observed time, are recognised among at least the last half million
//!   readings; beyond that the store's key (sensor, observed time) does.
//! - **Checks** of range (bad), change from the reading before and standing still (uncertain); limits by quantity in
//!   `assets/feeds/quality.csv`, or the mapping's own.
//! - **Stale** is what is older than the longer of three learned intervals and the declared life. The interval is the
//!   median of the last nine; until three are known, the declared one.
//! - **Clocks**: per device, the largest of observed minus received time over the last 32 to 64 readings (delay only
//!   lowers it). Stamps more than a minute ahead are uncertain.
//! - **Completeness**: distinct readings over those that the declared interval calls for, in the last eleven full
//!   slots of five minutes (or of the interval, when longer), of a sensor or a group of sensors.

mod completeness;
mod deadlines;
mod limits;
mod monitor;
mod seen;
mod sensor;
mod skew;

pub use limits::Limits;
pub use monitor::{Arrival, Doubt, Doubts, Monitor, Place, Verdict};
pub use skew::Skew;
