//! The account of all trips: demanded = arrived + under way + refused, by reason.

use std::{collections::BTreeMap, fmt};

use citytwin_model::LinkId;
use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use super::{Simulation, kinds::VehicleKind};
use crate::micro::Hold;

/// Why a trip was not made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    OriginClosed,
    DestinationClosed,
    /// The town cannot be reached from the origin.
    OriginCutOff,
    /// The destination cannot be reached from the town.
    DestinationCutOff,
    NoRoute,
    /// Under way when a closure left neither the destination nor any place near it within reach.
    StrandedByClosure,
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OriginClosed => "origin closed",
            Self::DestinationClosed => "destination closed",
            Self::OriginCutOff => "origin cut off",
            Self::DestinationCutOff => "destination cut off",
            Self::NoRoute => "no route",
            Self::StrandedByClosure => "stranded by a closure",
        })
    }
}

/// How often standstills were relieved.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Relief {
    /// First inside a junction where all waited for each other.
    pub forced: u64,
    /// Could not get into the lane for their way, or found no room behind a junction, and took another way.
    pub rerouted: u64,
    /// Set past a blockage.
    pub relocated: u64,
}

impl Relief {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            forced: self.forced + other.forced,
            rerouted: self.rerouted + other.rerouted,
            relocated: self.relocated + other.relocated,
        }
    }
}

/// One full hour.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct Hour {
    pub demanded: u64,
    pub arrived: u64,
    pub refused: u64,
    /// At its end.
    pub under_way: u64,
    /// Of those who arrived in it; 0 where nobody did.
    pub mean_travel_time_s: f64,
    pub mean_delay_s: f64,
    pub vehicle_km: f64,
}

/// The account since the start. Means are of arrived trips and 0 where there are none.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub struct Tally {
    pub demanded: u64,
    pub arrived: u64,
    /// On the road or waiting to enter it.
    pub under_way: u64,
    /// … of them waiting for a gap.
    pub waiting: u64,
    pub refused: BTreeMap<RefusalReason, u64>,
    /// From the wish to depart to the arrival.
    pub mean_travel_time_s: f64,
    /// Travel time beyond that of a free road without signals.
    pub mean_delay_s: f64,
    /// Vehicle-kilometres over vehicle-hours.
    pub mean_speed_mps: f64,
    pub vehicle_km: f64,
    /// Went to a place near a destination that had been closed.
    pub diverted: u64,
    /// Times that a driver changed the way for live travel times.
    pub guided: u64,
    pub relief: Relief,
    pub hourly: Vec<Hour>,
}

/// One vehicle's trip.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TripInfo {
    pub vehicle: u32,
    pub kind: VehicleKind,
    pub from: LinkId,
    pub to: LinkId,
    /// Seconds since the start of the simulation.
    pub departed_s: f64,
    /// Seconds since then.
    pub under_way_s: f64,
    pub link: LinkId,
    pub lane: u8,
    pub speed_mps: f32,
    /// Still to drive, metre.
    pub remaining_m: f32,
    /// What the driver waits for.
    pub hold: Hold,
}

/// Sums behind the tally.
#[derive(Default)]
pub struct Counters {
    pub demanded: u64,
    pub diverted: u64,
    pub guided: u64,
    pub refused: BTreeMap<RefusalReason, u64>,
    arrived: Arrived,
    hours: Vec<Hour>,
    at_hour: (u64, u64, Arrived),
}

#[derive(Clone, Copy, Default)]
struct Arrived {
    count: u64,
    travel_s: f64,
    free_s: f64,
    metres: f64,
}

impl Counters {
    pub fn refuse(&mut self, reason: RefusalReason) {
        *self.refused.entry(reason).or_default() += 1;
    }

    pub fn arrive(&mut self, travel_s: f64, metres: f64, free_s: f64) {
        self.arrived.count += 1;
        self.arrived.travel_s += travel_s;
        self.arrived.free_s += free_s;
        self.arrived.metres += metres;
    }

    fn refused_total(&self) -> u64 {
        self.refused.values().sum()
    }

    pub fn close_hour(&mut self, under_way: u64) {
        let (demanded, refused, before) = self.at_hour;
        let now = self.arrived;
        let count = now.count - before.count;
        let mean = |sum: f64| if count == 0 { 0.0 } else { sum / count as f64 };
        self.hours.push(Hour {
            demanded: self.demanded - demanded,
            arrived: count,
            refused: self.refused_total() - refused,
            under_way,
            mean_travel_time_s: mean(now.travel_s - before.travel_s),
            mean_delay_s: mean(now.travel_s - before.travel_s - (now.free_s - before.free_s)),
            vehicle_km: (now.metres - before.metres) / 1000.0,
        });
        self.at_hour = (self.demanded, self.refused_total(), now);
    }

    pub fn digest(&self, hash: &mut Xxh3) {
        let counts = [self.demanded, self.arrived.count, self.diverted, self.guided];
        counts.iter().chain(self.refused.values()).for_each(|c| hash.update(&c.to_le_bytes()));
        for sum in [self.arrived.travel_s, self.arrived.free_s, self.arrived.metres] {
            hash.update(&sum.to_le_bytes());
        }
    }
}

impl Simulation {
    pub(super) fn under_way(&self) -> u64 {
        let counts = self.drive.counts();
        counts.running + counts.waiting
    }

    /// The account of all trips so far.
    pub fn tally(&self) -> Tally {
        let c = &self.counters;
        let a = &c.arrived;
        let mean = |sum: f64| if a.count == 0 { 0.0 } else { sum / a.count as f64 };
        Tally {
            demanded: c.demanded,
            arrived: a.count,
            under_way: self.under_way(),
            waiting: self.drive.counts().waiting,
            refused: c.refused.clone(),
            mean_travel_time_s: mean(a.travel_s),
            mean_delay_s: mean(a.travel_s - a.free_s),
            mean_speed_mps: if a.travel_s > 0.0 { a.metres / a.travel_s } else { 0.0 },
            vehicle_km: a.metres / 1000.0,
            diverted: c.diverted,
            guided: c.guided,
            relief: self.relief(),
            hourly: c.hours.clone(),
        }
    }

    /// The trip of a vehicle on the road.
    pub fn trip(&self, vehicle: u32) -> Option<TripInfo> {
        let v = self.fleet.number_of(vehicle)?;
        let trip = &self.fleet.trips[v as usize];
        let (route, _) = self.drive.way_of(v);
        let (link, lane, pos_m) = self.on_link(&trip.now);
        // Queues forget a link as soon as its stop line is crossed.
        let leg = route.iter().rposition(|l| *l == link).unwrap_or(0);
        let whole: f32 = route[leg..route.len() - 1].iter().map(|l| self.network.links[*l as usize].length).sum();
        Some(TripInfo {
            vehicle,
            kind: VehicleKind::of(trip.kind),
            from: LinkId(trip.from),
            to: LinkId(route[route.len() - 1]),
            departed_s: trip.departed_s,
            under_way_s: self.elapsed_s() - trip.departed_s,
            link: LinkId(link),
            lane,
            speed_mps: trip.now.speed,
            remaining_m: (whole + trip.to_pos - pos_m).max(0.0),
            hold: trip.now.hold,
        })
    }

    /// How often standstills were relieved since the start.
    fn relief(&self) -> Relief {
        self.relief_before.and(self.drive.relief())
    }

    /// The links of a vehicle's trip, in order; where queues drive, from the one that it is on.
    pub fn route_of(&self, vehicle: u32) -> Option<Vec<LinkId>> {
        let v = self.fleet.number_of(vehicle)?;
        Some(self.drive.way_of(v).0.iter().map(|l| LinkId(*l)).collect())
    }
}
