//! Static user equilibrium: trips on a graph, each by a way that no other undercuts (Wardrop 1952).
//!
//! Owns the graph that traffic is assigned to, its cost functions, the solver and what is read from its result.
//! Knows nothing of vehicles or time of day. Pure computation: works on rayon's current pool, and the same input gives
//! the same bytes for any number of threads.

mod bundle;
mod bush;
mod city;
mod cost;
mod equilibrium;
mod graph;
mod results;
mod select;
mod shift;
mod tree;
mod trips;
mod turns;

pub use city::{ZoneEnds, car_drivers};
pub use cost::Signal;
pub use equilibrium::{Equilibrium, Options, Progress, SolveError, Unreachable, solve};
pub use graph::{Arc, Extent, Graph, GraphError, Link};
pub use results::{LinkReport, Report, Skims, TurnFlow};
pub use select::{LinkUse, Use};
pub use trips::{Trips, TripsError, UserClass};
pub use turns::{TimingError, busiest_hour};
