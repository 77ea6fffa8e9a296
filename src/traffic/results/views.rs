//! Results of the two views.

use std::collections::BTreeMap;

use super::{
    Driven, INTERVALS_PER_JUNCTION, LinkResult, NetworkResult, Results, TripResult,
    battery::Body,
    junctions::{Approach, Junctions},
};
use crate::{
    impact::{Emissions, emissions_per_km},
    journeys::{EnergySource, Journey, Journeys},
    lane_graph::LaneGraph,
    meso::{LinkCounts, Meso, MesoTrip},
    micro::{Interval, Micro, TripRecord},
};

/// Length of an interval of the mesoscopic view's counts, second.
const MESO_INTERVAL_S: f64 = 3600.0;

impl Results {
    /// Trips that have ended, links and network by 5 minutes, junctions by 15.
    pub fn of_micro(run: &Micro, graph: &LaneGraph, journeys: &Journeys) -> Self {
        let intervals = run.intervals();
        let lane_km = lane_km(graph);
        let junctions = Junctions::of(graph);
        Self {
            trips: run.trips().map(|t| micro_trip(&t, journeys)).collect(),
            links: intervals.iter().flat_map(|i| micro_links(i, graph)).collect(),
            junctions: intervals.chunks(INTERVALS_PER_JUNCTION).flat_map(|c| quarter(c, &junctions)).collect(),
            network: intervals.iter().map(|i| micro_network(i, lane_km)).collect(),
        }
    }

    /// Trips that have ended, links and junctions by hour. Junctions' delays are what links took above their free time.
    pub fn of_meso(run: &Meso, graph: &LaneGraph, journeys: &Journeys, begin_s: f64) -> Self {
        let listed = journeys.list.iter().enumerate();
        let trips = listed.filter_map(|(i, journey)| {
            let trip = run.trip(i)?;
            let (entered_s, arrived_s) = (trip.enter_s?, trip.arrive_s?);
            let distance_m = driven_m(graph, journeys, journey);
            Some(TripResult {
                journey: i as u32,
                depart_s: journey.depart_s,
                entered_s,
                arrived_s,
                delay_s: (arrived_s - entered_s - journeys.free_s(graph, journey)).max(0.0),
                distance_m,
                driven: None,
                emissions: emissions(journeys, journey, distance_m, arrived_s - entered_s),
            })
        });
        let mut out = Self { trips: trips.collect(), ..Self::default() };
        let all: Vec<MesoTrip> = (0..journeys.list.len()).filter_map(|i| run.trip(i)).collect();
        let (lane_km, junctions) = (lane_km(graph), Junctions::of(graph));
        for hour in 0.. {
            let counts = run.link_counts(hour);
            if counts.is_empty() {
                break;
            }
            let from_s = begin_s + MESO_INTERVAL_S * hour as f64;
            let times = (from_s, (from_s + MESO_INTERVAL_S).min(run.now_s()));
            if times.1 <= times.0 {
                break;
            }
            out.links.extend(meso_links(counts, graph, times));
            let approach = |(link, c): (u32, &LinkCounts)| {
                let free_s = free_s(graph, link) * f64::from(c.left);
                let taken_s = c.driven_ms as f64 / 1000.0 * f64::from(c.left) / f64::from((c.left + c.arrived).max(1));
                Approach { link, passed: c.left, delay_s: (taken_s - free_s).max(0.0) }
            };
            out.junctions.extend(junctions.rows(times, (0..).zip(counts).map(approach), None));
            out.network.push(meso_network(counts, graph, times, lane_km, &all));
        }
        out
    }
}

fn micro_trip(t: &TripRecord, journeys: &Journeys) -> TripResult {
    let journey = &journeys.list[t.journey as usize];
    let kind = &journeys.types[journey.kind as usize];
    TripResult {
        journey: t.journey,
        depart_s: journey.depart_s,
        entered_s: t.entered_s,
        arrived_s: t.arrived_s,
        delay_s: f64::from(t.lost_s),
        distance_m: f64::from(t.moved_m),
        driven: Some(Driven {
            stops: u32::from(t.stops),
            stopped_s: f64::from(t.stopped_s),
            planned_stops_s: f64::from(t.planned_stops_s),
            battery_kwh: t.battery_kwh,
            electric: kind.energy == EnergySource::Battery,
        }),
        emissions: emissions(journeys, journey, f64::from(t.moved_m), t.arrived_s - t.entered_s),
    }
}

/// Of cars and vans, the bodies that the emission functions hold for; nothing from batteries and muscles.
fn emissions(journeys: &Journeys, journey: &Journey, distance_m: f64, duration_s: f64) -> Option<Emissions> {
    let kind = &journeys.types[journey.kind as usize];
    let km = distance_m / 1000.0;
    match (kind.energy, Body::of(kind.users)) {
        (EnergySource::Battery | EnergySource::Muscle, _) => Some(Emissions::default()),
        (EnergySource::Fuel, Some(Body::Car | Body::Van)) => {
            let kmh = if duration_s > 0.0 { km / (duration_s / 3600.0) } else { 0.0 };
            Some(emissions_per_km(kmh).times(km))
        }
        (EnergySource::Fuel, _) => None,
    }
}

fn micro_links<'a>(interval: &'a Interval, graph: &'a LaneGraph) -> impl Iterator<Item = LinkResult> + 'a {
    let (begin_s, end_s) = seconds(interval);
    interval.links.iter().filter(|t| t.vehicle_s > 0.0 || t.left > 0).map(move |t| LinkResult {
        link: t.link,
        begin_s,
        end_s,
        left: t.left,
        flow_vph: f64::from(t.left) * 3600.0 / (end_s - begin_s),
        travel_time_s: (t.left > 0).then(|| t.seconds / f64::from(t.left)),
        speed_mps: (t.vehicle_s > 0.0).then(|| t.vehicle_m / t.vehicle_s),
        density_vpkm: t.vehicle_s / (end_s - begin_s) / (f64::from(graph.links[t.link as usize].length_m) / 1000.0),
        queued: Some(t.queued_s / (end_s - begin_s)),
        most_queued: Some(t.most_queued),
    })
}

/// Junctions over some intervals in a row.
fn quarter(intervals: &[Interval], junctions: &Junctions) -> Vec<super::JunctionResult> {
    let times = (seconds(&intervals[0]).0, seconds(&intervals[intervals.len() - 1]).1);
    let mut conflicts = BTreeMap::<u32, (u32, u32)>::new();
    for n in intervals.iter().flat_map(|i| &i.nodes) {
        let at = conflicts.entry(n.node).or_default();
        *at = (at.0 + n.rear_end, at.1 + n.crossing);
    }
    let approach = |t: &crate::micro::LinkTally| Approach { link: t.link, passed: t.passed, delay_s: t.delay_s };
    junctions.rows(times, intervals.iter().flat_map(|i| &i.links).map(approach), Some(&conflicts))
}

fn micro_network(interval: &Interval, lane_km: f64) -> NetworkResult {
    let (begin_s, end_s) = seconds(interval);
    let lasts_s = end_s - begin_s;
    let vehicle_s: f64 = interval.links.iter().map(|t| t.vehicle_s).sum();
    let vehicle_m: f64 = interval.links.iter().map(|t| t.vehicle_m).sum();
    let (all_s, all_m) = (vehicle_s + interval.inside_vehicle_s, vehicle_m + interval.inside_vehicle_m);
    NetworkResult {
        begin_s,
        end_s,
        entered: interval.inserted,
        arrived: interval.arrived,
        running: interval.running,
        waiting: interval.waiting,
        accumulation: all_s / lasts_s,
        production_vkmph: all_m / 1000.0 * 3600.0 / lasts_s,
        speed_mps: (all_s > 0.0).then(|| all_m / all_s),
        density_vpkm: vehicle_s / lasts_s / lane_km,
        flow_vph: vehicle_m / 1000.0 * 3600.0 / lasts_s / lane_km,
        completion_vph: interval.arrived as f64 * 3600.0 / lasts_s,
    }
}

fn seconds(interval: &Interval) -> (f64, f64) {
    (interval.begin_ms as f64 / 1000.0, interval.end_ms as f64 / 1000.0)
}

fn meso_links<'a>(
    counts: &'a [LinkCounts],
    graph: &'a LaneGraph,
    (begin_s, end_s): (f64, f64),
) -> impl Iterator<Item = LinkResult> + 'a {
    let lasts_s = end_s - begin_s;
    (0..).zip(counts).filter(|(_, c)| c.left + c.arrived > 0).map(move |(link, c)| {
        let (left, taken_s) = (c.left + c.arrived, c.driven_ms as f64 / 1000.0);
        let length_m = f64::from(graph.links[link as usize].length_m);
        let mean_s = taken_s / f64::from(left);
        LinkResult {
            link,
            begin_s,
            end_s,
            left,
            flow_vph: f64::from(left) * 3600.0 / lasts_s,
            travel_time_s: Some(mean_s),
            speed_mps: (mean_s > 0.0).then(|| length_m / mean_s),
            density_vpkm: taken_s / lasts_s / (length_m / 1000.0),
            queued: None,
            most_queued: None,
        }
    })
}

/// From the vehicles that left links; who is under way and who waits is read from the trips.
fn meso_network(
    counts: &[LinkCounts],
    graph: &LaneGraph,
    (begin_s, end_s): (f64, f64),
    lane_km: f64,
    trips: &[MesoTrip],
) -> NetworkResult {
    let lasts_h = (end_s - begin_s) / 3600.0;
    let vehicle_s: f64 = counts.iter().map(|c| c.driven_ms as f64 / 1000.0).sum();
    let driven =
        |(c, l): (&LinkCounts, &crate::lane_graph::LaneLink)| f64::from(c.left + c.arrived) * f64::from(l.length_m);
    let vehicle_m: f64 = counts.iter().zip(&graph.links).map(driven).sum();
    let entered = counts.iter().map(|c| u64::from(c.departed)).sum();
    let arrived: u64 = counts.iter().map(|c| u64::from(c.arrived)).sum();
    let before = |s: Option<f64>| s.is_some_and(|s| s <= end_s);
    NetworkResult {
        begin_s,
        end_s,
        entered,
        arrived,
        running: trips.iter().filter(|t| before(t.enter_s) && !before(t.arrive_s)).count() as u64,
        waiting: trips.iter().filter(|t| t.depart_s <= end_s && !before(t.enter_s)).count() as u64,
        accumulation: vehicle_s / (lasts_h * 3600.0),
        production_vkmph: vehicle_m / 1000.0 / lasts_h,
        speed_mps: (vehicle_s > 0.0).then(|| vehicle_m / vehicle_s),
        density_vpkm: vehicle_s / (lasts_h * 3600.0) / lane_km,
        flow_vph: vehicle_m / 1000.0 / lasts_h / lane_km,
        completion_vph: arrived as f64 / lasts_h,
    }
}

/// Kilometres of all lanes that anybody may use; never 0.
fn lane_km(graph: &LaneGraph) -> f64 {
    let open = graph.lanes.iter().filter(|l| !l.users.is_empty());
    (open.map(|l| f64::from(l.length_m)).sum::<f64>() / 1000.0).max(0.001)
}

fn free_s(graph: &LaneGraph, link: u32) -> f64 {
    let limit = graph.lanes_of(link).map(|l| graph.lanes[l as usize].limit_mps).fold(0.1, f32::max);
    f64::from(graph.links[link as usize].length_m / limit)
}

/// Length of a route from where it enters to where it leaves.
fn driven_m(graph: &LaneGraph, journeys: &Journeys, journey: &Journey) -> f64 {
    let route = journeys.route(journey);
    let length = |link: &u32| f64::from(graph.links[*link as usize].length_m);
    let last = length(&route[route.len() - 1]);
    let before = f64::from(journey.depart.at_m.unwrap_or(0.0)).min(length(&route[0]));
    let after = (last - f64::from(journey.arrival_m).min(last)).max(0.0);
    (route.iter().map(length).sum::<f64>() - before - after).max(0.0)
}
