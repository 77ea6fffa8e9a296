//! The travellers of a city: a day's car trips drawn from its demand.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::{DayInput, FirstWays};
use crate::{
    Demand, Network, VehicleKind,
    journeys::{Departure, Journey, Journeys, VehicleType},
    lane_graph::LaneGraph,
};

const DAY_S: f64 = 86_400.0;
/// Trips are drawn minute by minute, then spread within it.
const DRAWN_S: f64 = 60.0;

impl<'a> DayInput<'a> {
    /// A weekday's trips of a city's cars, vans and lorries from midnight to midnight. `graph`: [`LaneGraph::of_network`] of
    /// the network. Of a demand that is a sample, all trips travel that it stands for.
    pub fn of_city(network: &'a Network, graph: &'a LaneGraph, demand: &Demand, seed: u64) -> Self {
        let expected_s = DRAWN_S / demand.sample_share().max(1e-6);
        let mut journeys = Journeys { types: types(), ..Journeys::default() };
        let mut rng = Pcg64::seed_from_u64(seed);
        let mut drawn = Vec::new();
        for minute in 0..(DAY_S / DRAWN_S) as u32 {
            drawn.clear();
            let begin_s = f64::from(minute) * DRAWN_S;
            demand.draw(begin_s / 3600.0, false, expected_s, &mut rng, &mut drawn);
            for trip in &drawn {
                let depart_s = begin_s + DRAWN_S * rng.random::<f64>();
                let [from, to] = [trip.from, trip.to].map(|l| &network.links[l as usize]);
                if !from.reaches_core || !to.reached_from_core {
                    continue;
                }
                let length_m = |link: u32| graph.links[link as usize].length_m;
                let first = journeys.links.len() as u32;
                journeys.links.push(trip.from);
                if trip.to != trip.from {
                    journeys.links.push(trip.to);
                }
                journeys.list.push(Journey {
                    kind: trip.kind.into(),
                    depart_s,
                    route: (first, journeys.links.len() as u32),
                    stops: (0, 0),
                    depart: Departure { at_m: Some(trip.from_share * length_m(trip.from)), ..Departure::default() },
                    arrival_m: trip.to_share * length_m(trip.to),
                });
            }
        }
        journeys.list.sort_by(|a, b| a.depart_s.total_cmp(&b.depart_s));
        let choosing = vec![true; journeys.list.len()];
        let first = FirstWays::Lived;
        DayInput { graph, journeys, choosing, begin_s: 0.0, end_s: DAY_S, network: Some(network), first }
    }
}

/// Cars, vans and lorries of the live city, in the order of [`VehicleKind`]. Queues follow at the default type's time gap, which gives
/// measured saturation flows where speeds do not fall on the way to them; lorries that much farther behind.
fn types() -> Vec<VehicleType> {
    let gap_s = VehicleType::default().headway_s;
    let all = VehicleKind::types();
    let car_s = all.first().map_or(gap_s, |car| car.headway_s);
    all.into_iter().map(|kind| VehicleType { headway_s: gap_s + kind.headway_s - car_s, ..kind }).collect()
}
