//! Fastest ways by the time of day on the lane graph.
//!
//! Owns which turns may follow each other, what each takes at which time, and the search. The dynamic equilibrium and the live
//! mesoscopic view stand on it. Knows no vehicles.

mod search;
mod times;
mod ways;

pub use search::{Bounds, Request, Search};
pub use times::{EmptyRoad, Times};
pub use ways::Ways;
