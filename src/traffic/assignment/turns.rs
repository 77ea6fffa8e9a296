//! Flows by turn of a city's equilibrium, and signals timed for them.

use std::ops::ControlFlow;

use citytwin_model::LinkId;

use super::{Equilibrium, Graph, GraphError, Options, SolveError, Trips, TripsError, ZoneEnds, car_drivers, solve};
use crate::{
    demand::{Demand, OdMatrix, OdZone, ZoneKind},
    network::{FlowError, Network},
};

/// Why signals cannot be timed for a demand.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum TimingError {
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Trips(#[from] TripsError),
    #[error(transparent)]
    Solve(#[from] SolveError),
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// Relative gap to which flows are sought: finer than any count of traffic.
const GAP: f64 = 1e-3;
/// Links of a zone at which its trips start and end.
const DOORS: usize = 2;

impl Equilibrium {
    /// Cars by turn of the network that the graph is of ([`Graph::of_network`]), in the order of their ids; per hour where the
    /// trips were. Their own first and last link count as no turn.
    pub fn turn_flows(&self, graph: &Graph, network: &Network) -> Vec<f64> {
        let zones = graph.extent.zones;
        let mut flows = vec![0.0; network.turn_count()];
        for bush in &self.bushes {
            for (arc, flow) in bush.arc.iter().zip(&bush.flow) {
                let (tail, onto) = (graph.tail[*arc as usize], graph.link[*arc as usize]);
                if tail < zones || onto as usize >= graph.links.len() {
                    continue;
                }
                let from = network.states.link.get((tail - zones) as usize);
                if let Some(turn) = from.and_then(|from| network.turns.find(*from, onto)) {
                    flows[turn as usize] += flow;
                }
            }
        }
        flows
    }
}

impl Network {
    /// The network with its signals timed for the busiest hour of a weekday's demand: its matrix, the equilibrium under
    /// the present plans to a gap of 10⁻³, plans anew. Deterministic; some seconds for a large city.
    ///
    /// # Errors
    /// A demand whose numbers no assignment takes.
    pub fn timed_for(&self, demand: &Demand) -> Result<Self, TimingError> {
        let (zones, trips) = busiest_hour(demand)?;
        let graph = Graph::of_network(self, &zones)?;
        let options = Options { gap: GAP, ..Options::default() };
        let found = solve(&graph, &trips, &options, |_| ControlFlow::Continue(()))?;
        Ok(self.retimed(&found.turn_flows(&graph, self))?)
    }
}

/// The busiest hour's trips between single links of zones.
///
/// # Errors
/// Trips that are no numbers.
pub fn busiest_hour(demand: &Demand) -> Result<(Vec<ZoneEnds>, Trips), TripsError> {
    let (ends, entries) = doors(&demand.peak_matrix());
    let trips = Trips::of(ends.len() as u32, car_drivers(), &entries)?;
    Ok((ends, trips))
}

/// Zones split into links that stand for equal shares of them, and trips between those: each pair of zones uses one pair of
/// links, by turns, so that the matrix gets no denser and each link its share.
fn doors(matrix: &OdMatrix) -> (Vec<ZoneEnds>, Vec<(u32, u32, f64)>) {
    let mut ends = Vec::new();
    let mut first = Vec::with_capacity(matrix.zones.len() + 1);
    for zone in &matrix.zones {
        first.push(ends.len());
        ends.extend(links_of(zone).into_iter().map(|link| ZoneEnds {
            origins: if zone.kind == ZoneKind::Exit { Vec::new() } else { vec![link] },
            destinations: if zone.kind == ZoneKind::Entry { Vec::new() } else { vec![link] },
        }));
    }
    first.push(ends.len());
    let door = |zone: usize, turn: usize| {
        let count = first[zone + 1] - first[zone];
        (count > 0).then(|| (first[zone] + turn % count) as u32)
    };
    let mut entries = Vec::new();
    for (from, row) in matrix.trips.iter().enumerate() {
        for (nth, (to, trips)) in row.iter().enumerate() {
            if let (Some(a), Some(b)) = (door(from, nth), door(*to as usize, from + nth / DOORS)) {
                entries.push((a, b, *trips));
            }
        }
    }
    (ends, entries)
}

/// The links at which equal shares of a zone's trips have passed.
fn links_of(zone: &OdZone) -> Vec<LinkId> {
    let mut links = Vec::new();
    let mut passed = 0.0;
    for (link, share) in &zone.links {
        let before = (passed * DOORS as f64 + 0.5).floor();
        passed += share;
        if (passed * DOORS as f64 + 0.5).floor() > before {
            links.push(*link);
        }
    }
    if links.is_empty() {
        links.extend(zone.links.first().map(|(link, _)| *link));
    }
    links
}
