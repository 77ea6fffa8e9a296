//! A scenario's trips as journeys: types, routes (found where the file gives none), stops.

use super::scenario::{
    SumoArrivalPosition, SumoDepartLane, SumoDepartPosition, SumoDepartSpeed, SumoScenario, SumoTrip, SumoType,
};
use crate::{
    journeys::{
        CarFollowing, DepartLane, DepartSpeed, Departure, EnergySource, Journey, Journeys, PlannedStop, VehicleType,
    },
    lane_graph::{Finder, LaneGraph, NONE, Users},
};

/// Journeys, and the trips that none was made of.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ScenarioJourneys {
    pub journeys: Journeys,
    /// Per journey its trip.
    pub trips: Vec<u32>,
    /// Trips without a way, and between which edges.
    pub unreachable: Vec<(u32, u32, u32)>,
    /// Trips whose route no lane for them joins, and the two edges.
    pub broken: Vec<(u32, u32, u32)>,
    /// Car-following models that are not known, with how often; their vehicles drive as Krauss has it, SUMO's default.
    pub models: std::collections::BTreeMap<String, usize>,
}

impl SumoScenario {
    /// The scenario's trips as the views of single vehicles take them. `graph`: [`LaneGraph::of_sumo`] of its net.
    pub fn journeys(&self, graph: &LaneGraph) -> ScenarioJourneys {
        let mut out = ScenarioJourneys::default();
        for kind in &self.types {
            out.journeys.types.push(vehicle_type(kind));
        }
        let mut finder = Finder::new(graph);
        for (number, trip) in (0..).zip(&self.trips) {
            let users = out.journeys.types[trip.kind].users;
            let first = out.journeys.links.len() as u32;
            if trip.route.is_empty() {
                if let Err((from, to)) = route(&mut finder, graph, trip, users, &mut out.journeys.links) {
                    out.journeys.links.truncate(first as usize);
                    out.unreachable.push((number, from, to));
                    continue;
                }
            } else {
                out.journeys.links.extend_from_slice(&trip.route);
            }
            let stop = out.journeys.stops.len() as u32;
            out.journeys.stops.extend(trip.stops.iter().map(|s| PlannedStop {
                lane: graph.links[s.lane.0 as usize].lane0 + u32::from(s.lane.1),
                at_m: s.end_m as f32,
                for_s: s.duration_s.unwrap_or(0.0) as f32,
                until_s: s.until_s,
            }));
            let journey = Journey {
                kind: trip.kind as u32,
                depart_s: trip.depart_s,
                route: (first, out.journeys.links.len() as u32),
                stops: (stop, out.journeys.stops.len() as u32),
                depart: departure(trip, &self.types[trip.kind], graph, out.journeys.links[first as usize]),
                arrival_m: arrival(trip, graph, out.journeys.links[out.journeys.links.len() - 1]),
            };
            if let Some((from, to)) = out.journeys.broken(graph, &journey) {
                out.journeys.links.truncate(first as usize);
                out.journeys.stops.truncate(stop as usize);
                out.broken.push((number, from, to));
                continue;
            }
            out.trips.push(number);
            out.journeys.list.push(journey);
            if model(&self.types[trip.kind]).is_none() {
                *out.models.entry(self.types[trip.kind].car_follow_model.clone()).or_default() += 1;
            }
        }
        out
    }
}

fn model(kind: &SumoType) -> Option<CarFollowing> {
    match kind.car_follow_model.as_str() {
        "IDM" => Some(CarFollowing::Idm),
        "Krauss" | "" => Some(CarFollowing::Krauss),
        _ => None,
    }
}

fn vehicle_type(kind: &SumoType) -> VehicleType {
    let factor = kind.speed_factor;
    let [least, most] = factor.bounds.unwrap_or([0.2, 2.0]);
    let top = kind.desired_max_speed_mps.unwrap_or(f64::INFINITY).min(kind.max_speed_mps);
    VehicleType {
        name: kind.id.clone(),
        users: Users::class(kind.class.name()).unwrap_or(Users::CARS),
        length_m: kind.length_m as f32,
        min_gap_m: kind.min_gap_m as f32,
        max_speed_mps: top as f32,
        accel_mps2: kind.accel_mps2 as f32,
        decel_mps2: kind.decel_mps2 as f32,
        emergency_mps2: kind.emergency_decel_mps2 as f32,
        headway_s: kind.tau_s as f32,
        imperfection: kind.sigma as f32,
        speed_factor: [factor.mean, factor.dev, least, most].map(|x| x as f32),
        model: model(kind).unwrap_or(CarFollowing::Krauss),
        energy: energy(kind),
    }
}

/// By the emission class (`Energy/unknown`, `MMPEVEM`, `HBEFA4/PC_BEV`, …: SUMO's models of battery vehicles), else by the class.
fn energy(kind: &SumoType) -> EnergySource {
    let electric = |class: &str| class.starts_with("Energy") || class.starts_with("MMPEVEM") || class.contains("BEV");
    match (kind.emission_class.as_deref(), kind.class.name()) {
        (_, "bicycle" | "pedestrian" | "wheelchair") => EnergySource::Muscle,
        (Some(class), _) if electric(class) => EnergySource::Battery,
        (None, "evehicle") => EnergySource::Battery,
        _ => EnergySource::Fuel,
    }
}

fn departure(trip: &SumoTrip, kind: &SumoType, graph: &LaneGraph, link: u32) -> Departure {
    let length = f64::from(graph.links[link as usize].length_m);
    let own = kind.length_m.min(length);
    let at = match trip.depart_pos {
        SumoDepartPosition::Metre(m) if m < 0.0 => length + m,
        SumoDepartPosition::Metre(m) => m,
        _ => own,
    };
    Departure {
        lane: match trip.depart_lane {
            SumoDepartLane::Index(i) => DepartLane::Index(i),
            SumoDepartLane::Random | SumoDepartLane::Free | SumoDepartLane::Allowed => DepartLane::Free,
            SumoDepartLane::Best => DepartLane::Best,
            SumoDepartLane::First => DepartLane::First,
        },
        at_m: Some(at.clamp(0.0, length) as f32),
        speed: match trip.depart_speed {
            SumoDepartSpeed::Mps(v) => DepartSpeed::At(v as f32),
            _ => DepartSpeed::Max,
        },
    }
}

fn arrival(trip: &SumoTrip, graph: &LaneGraph, link: u32) -> f32 {
    let length = graph.links[link as usize].length_m;
    match trip.arrival_pos {
        SumoArrivalPosition::Metre(m) if m < 0.0 => (length + m as f32).max(0.0),
        SumoArrivalPosition::Metre(m) => (m as f32).min(length),
        SumoArrivalPosition::Center => 0.5 * length,
        SumoArrivalPosition::Max | SumoArrivalPosition::Random => length,
    }
}

/// Appends the way from a trip's first to its last edge by those between; the ends of a part without a way.
fn route(
    finder: &mut Finder,
    graph: &LaneGraph,
    trip: &SumoTrip,
    users: Users,
    out: &mut Vec<u32>,
) -> Result<(), (u32, u32)> {
    let ends: Vec<u32> = trip.from.into_iter().chain(trip.via.iter().copied()).chain(trip.to).collect();
    let Some(first) = ends.first() else { return Err((NONE, NONE)) };
    out.push(*first);
    let part = |pair: &[u32]| (pair[0], pair[1]);
    ends.windows(2)
        .map(part)
        .try_for_each(|ends| if finder.append(graph, ends, users, &[], out) { Ok(()) } else { Err(ends) })
}
