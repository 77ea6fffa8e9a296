//! Who drives where and when, as the microscopic and the mesoscopic view take it: vehicle types, routes link by link, stops.

use crate::lane_graph::{LaneGraph, Users};

/// All journeys of a run, by departure.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Journeys {
    pub types: Vec<VehicleType>,
    pub list: Vec<Journey>,
    /// Routes: links one after another; see [`Journey::route`].
    pub links: Vec<u32>,
    pub stops: Vec<PlannedStop>,
}

/// One vehicle's journey.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Journey {
    /// Row of [`Journeys::types`].
    pub kind: u32,
    /// Second.
    pub depart_s: f64,
    /// Rows of [`Journeys::links`], at least one.
    pub route: (u32, u32),
    /// Rows of [`Journeys::stops`], in the order of the route.
    pub stops: (u32, u32),
    pub depart: Departure,
    /// Metre along the last link where it leaves; its end where infinite.
    pub arrival_m: f32,
}

/// How a vehicle enters its first link.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Departure {
    pub lane: DepartLane,
    /// Front bumper, metre along the link; `None`: as far back as it fits.
    pub at_m: Option<f32>,
    pub speed: DepartSpeed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DepartLane {
    /// The lane that leads farthest along the route, of these the emptiest.
    #[default]
    Best,
    /// The lane at the kerb that it may use.
    First,
    /// The emptiest lane that it may use.
    Free,
    Index(u8),
}

#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum DepartSpeed {
    /// As fast as is safe.
    #[default]
    Max,
    /// Metre per second.
    At(f32),
}

/// A halt on the way.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PlannedStop {
    pub lane: u32,
    /// Front bumper, metre along the lane.
    pub at_m: f32,
    pub for_s: f32,
    /// Not before this time, second.
    pub until_s: Option<f64>,
}

/// What drivers and vehicles of a type are like.
#[derive(Clone, PartialEq, Debug)]
pub struct VehicleType {
    pub name: String,
    pub users: Users,
    pub length_m: f32,
    /// Between bumpers when standing.
    pub min_gap_m: f32,
    pub max_speed_mps: f32,
    /// Metre per second squared, above 0.
    pub accel_mps2: f32,
    pub decel_mps2: f32,
    pub emergency_mps2: f32,
    /// Wanted time gap, second.
    pub headway_s: f32,
    /// Part of the acceleration lost to inattention, 0…1 (Krauss).
    pub imperfection: f32,
    /// Wanted speed relative to the limit: mean, deviation, least, most.
    pub speed_factor: [f32; 4],
    pub model: CarFollowing,
    pub energy: EnergySource,
}

/// What moves a vehicle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EnergySource {
    /// Petrol and diesel, as the fleet of the emission table has them.
    #[default]
    Fuel,
    Battery,
    /// Riders and walkers.
    Muscle,
}

/// How a driver follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CarFollowing {
    /// Intelligent Driver Model: Treiber, Hennecke and Helbing, Phys. Rev. E 62 (2000) 1805.
    #[default]
    Idm,
    /// Krauss, Wagner and Gawron, Phys. Rev. E 55 (1997) 5597, as SUMO's default has it.
    Krauss,
}

impl Journeys {
    pub fn route(&self, journey: &Journey) -> &[u32] {
        &self.links[journey.route.0 as usize..journey.route.1 as usize]
    }

    pub fn stops(&self, journey: &Journey) -> &[PlannedStop] {
        &self.stops[journey.stops.0 as usize..journey.stops.1 as usize]
    }

    /// Seconds that a journey takes when nobody else drives, its stops included: every link at the highest limit of its
    /// lanes for the vehicle, times the type's mean speed factor.
    pub fn free_s(&self, graph: &LaneGraph, journey: &Journey) -> f64 {
        let kind = &self.types[journey.kind as usize];
        let speed = |limit_mps: f32| (limit_mps * kind.speed_factor[0]).min(kind.max_speed_mps).max(0.1);
        let route = self.route(journey);
        let link_s = |link: &u32| {
            let open = graph.lanes_of(*link).map(|l| &graph.lanes[l as usize]).filter(|l| l.users.admit(kind.users));
            let limit = open.map(|l| l.limit_mps).fold(0.1, f32::max);
            f64::from(graph.links[*link as usize].length_m / speed(limit))
        };
        let inside_s = |pair: &[u32]| {
            let moves = graph.lanes_of(pair[0]).flat_map(|l| graph.moves_of(l)).map(|m| &graph.moves[m as usize]);
            let own = moves.filter(|m| m.to_link == pair[1]).map(|m| m.length_m / speed(m.limit_mps));
            f64::from(own.fold(f32::INFINITY, f32::min))
        };
        let stops_s: f64 = self.stops(journey).iter().map(|s| f64::from(s.for_s)).sum();
        let ends_s = undriven_s(graph, journey, route, &link_s);
        let inside: f64 = route.windows(2).map(inside_s).filter(|s| s.is_finite()).sum();
        route.iter().map(link_s).sum::<f64>() + inside + stops_s - ends_s
    }

    /// The first two links of a route that no lane for its vehicle joins.
    pub fn broken(&self, graph: &LaneGraph, journey: &Journey) -> Option<(u32, u32)> {
        let users = self.types[journey.kind as usize].users;
        let route = self.route(journey);
        route.windows(2).map(|pair| (pair[0], pair[1])).find(|(a, b)| !graph.joined(*a, *b, users))
    }
}

/// The parts of the first and the last link that a journey does not drive, second.
fn undriven_s(graph: &LaneGraph, journey: &Journey, route: &[u32], link_s: &dyn Fn(&u32) -> f64) -> f64 {
    let (first, last) = (route[0], route[route.len() - 1]);
    let length = |link: u32| graph.links[link as usize].length_m;
    let before = (journey.depart.at_m.unwrap_or(0.0) / length(first)).clamp(0.0, 1.0);
    let after = (1.0 - journey.arrival_m.min(length(last)) / length(last)).clamp(0.0, 1.0);
    f64::from(before) * link_s(&first) + f64::from(after) * link_s(&last)
}

impl Default for VehicleType {
    /// A car. IDM: a = 1.4 m/s², b = 2 m/s², T = 1.4 s are between the published sets for cities (Treiber and Kesting, Traffic
    /// Flow Dynamics, 2013, table 11.2: a = 1 m/s², b = 1.5 m/s², T = 1 s) and measured starts (HCM 6th: saturation flow of
    /// 1,900 veh/h per lane).
    fn default() -> Self {
        Self {
            name: "car".to_owned(),
            users: Users::CARS,
            length_m: 5.0,
            min_gap_m: 2.0,
            max_speed_mps: 55.0,
            accel_mps2: 1.4,
            decel_mps2: 2.0,
            emergency_mps2: 9.0,
            headway_s: 1.4,
            imperfection: 0.0,
            speed_factor: [1.0, 0.1, 0.2, 2.0],
            model: CarFollowing::Idm,
            energy: EnergySource::Fuel,
        }
    }
}
