//! The travellers of a SUMO scenario.

use super::{DayInput, FirstWays};
use crate::{lane_graph::LaneGraph, sumo::SumoScenario};

/// Where a scenario names no end, second of the day.
const END_S: f64 = 86_400.0;

impl<'a> DayInput<'a> {
    /// Trips with origin and destination choose their way; those with a route, stops or places in between keep theirs.
    /// `graph`: [`LaneGraph::of_sumo`] of the scenario's net.
    pub fn of_scenario(scenario: &SumoScenario, graph: &'a LaneGraph) -> Self {
        let found = scenario.journeys(graph);
        let chooses = |trip: &u32| {
            let trip = &scenario.trips[*trip as usize];
            trip.route.is_empty() && trip.via.is_empty() && trip.stops.is_empty()
        };
        let choosing = found.trips.iter().map(chooses).collect();
        let last_s = found.journeys.list.iter().map(|j| j.depart_s).fold(scenario.begin_s, f64::max);
        DayInput {
            graph,
            journeys: found.journeys,
            choosing,
            begin_s: scenario.begin_s,
            end_s: scenario.end_s.unwrap_or(END_S).min(last_s),
            network: None,
            first: FirstWays::Given,
        }
    }
}
