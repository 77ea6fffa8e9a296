//! One row per link: length, stop line, lanes, speeds, routing cost.

use citytwin_model::{City, Link, LinkEnd, RoadClass};

use super::{NONE, access, capacity, shape::Shapes, signals::SignalPlan, streets::Streets};

/// What a vehicle needs to know of a link.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LinkInfo {
    pub usable: bool,
    /// In the largest strongly connected part.
    pub core: bool,
    /// The core can be reached from it: a trip may start here.
    pub reaches_core: bool,
    /// It can be reached from the core: a trip may end here.
    pub reached_from_core: bool,
    /// Something crosses or merges at its end: keep the junction clear.
    pub junction: bool,
    /// Through traffic is forbidden.
    pub access_only: bool,
    pub roundabout: bool,
    pub ramp: bool,
    pub class: RoadClass,
    pub end: LinkEnd,
    pub lanes: u8,
    /// Index of the kerb lane among all lanes.
    pub lane0: u32,
    pub from: u32,
    pub to: u32,
    /// The same piece of road driven the other way.
    pub reverse: u32,
    /// Stream of the signal that its drivers see, [`NONE`] without.
    pub signal: u32,
    /// Metre.
    pub length: f32,
    /// Stop line, metre along the link; the rest is inside the junction.
    pub stop: f32,
    /// Where the curve out of the junction ends, metre.
    pub entry: f32,
    /// Metre per second.
    pub limit_mps: f32,
    pub free_mps: f32,
    /// Time to drive it when nobody else does, control delay included, second; what routes weigh.
    pub base_cost: f32,
    /// Paid once for driving it, in the city's currency.
    pub toll: f32,
}

/// No moving vehicle wants less, metre per second (walking pace, StVO sign 325.1).
const SLOWEST_MPS: f32 = 1.9;
/// Mean delay at a stop and a give-way sign with a free major road, second (HCM 6th, ch. 20: control delay
/// includes about 5 s of slowing and starting).
const STOP_DELAY_S: f32 = 5.0;
const GIVE_WAY_DELAY_S: f32 = 2.0;
/// Perceived cost of an access-only street relative to its time: through traffic finds another way.
const ACCESS_ONLY_FACTOR: f32 = 3.0;
/// Perceived cost of a service road relative to its time (car parks and yards are no short cuts).
const SERVICE_FACTOR: f32 = 1.5;

/// The rows of all links, without what follows from their turns.
pub fn build(streets: &Streets, shapes: &Shapes) -> Vec<LinkInfo> {
    let mut links: Vec<LinkInfo> =
        (0..streets.city.links.len() as u32).map(|link| row(streets, shapes, link)).collect();
    number_lanes(&mut links);
    links
}

/// Lanes are numbered through all links.
pub fn number_lanes(links: &mut [LinkInfo]) {
    let mut lane0 = 0;
    for row in links {
        row.lane0 = lane0;
        lane0 += u32::from(row.lanes);
    }
}

/// Lanes of all links.
pub fn lane_count(links: &[LinkInfo]) -> usize {
    links.last().map_or(0, |l| l.lane0 as usize + usize::from(l.lanes))
}

/// Sets what routes weigh; the signals must be timed.
pub fn weigh(row: &mut LinkInfo, signals: &SignalPlan) {
    let delay = match row.end {
        LinkEnd::Stop => STOP_DELAY_S,
        LinkEnd::GiveWay => GIVE_WAY_DELAY_S,
        LinkEnd::Free | LinkEnd::Signals => signals.delay_s(row.signal),
    };
    row.base_cost = delay + row.length / row.free_mps * perceived(row) + row.toll_s();
}

/// Value of time of non-business car trips: 10 EUR/h (BVWP 2030 methods handbook: 5 to 12; `assets/traffic/figures.csv`).
pub const SECONDS_PER_EURO: f64 = 3600.0 / 10.0;

impl LinkInfo {
    /// The part of [`Self::base_cost`] that is no time: the toll, and how much longer an access-only street or a car park
    /// seems, second.
    pub fn shunned_s(&self) -> f64 {
        f64::from(self.length / self.free_mps * (perceived(self) - 1.0) + self.toll_s())
    }

    /// The time that the toll is worth, second.
    pub fn toll_s(&self) -> f32 {
        self.toll * SECONDS_PER_EURO as f32
    }
}

fn perceived(row: &LinkInfo) -> f32 {
    let service = if row.class >= RoadClass::Service { SERVICE_FACTOR } else { 1.0 };
    if row.access_only { ACCESS_ONLY_FACTOR * service } else { service }
}

/// One link's row, without what follows from its turns and from the links before.
pub fn row(streets: &Streets, shapes: &Shapes, index: u32) -> LinkInfo {
    let (city, ground) = (streets.city, streets.ground);
    let link = &city.links[index as usize];
    let road = &city.roads[link.road.index()];
    let limit_mps = if ground.usable[index as usize] { streets.limit_mps(index) } else { 1.0 };
    let (entry, exit) = ground.trims[index as usize];
    let length = shapes.length(index).max(0.1);
    // A network file states the speeds that drivers keep.
    let stated = ground.given.is_some();
    let free_share = if stated { 1.0 } else { capacity::of(road.class, road.is_ramp).free_speed_share as f32 };
    LinkInfo {
        usable: streets.usable(index),
        core: false,
        reaches_core: false,
        reached_from_core: false,
        junction: false,
        access_only: access::is_for_access_only(city, link),
        roundabout: road.is_roundabout,
        ramp: road.is_ramp,
        class: road.class,
        end: link.end,
        lanes: streets.lanes(index),
        lane0: 0,
        from: link.from.0,
        to: link.to.0,
        reverse: ground.reverse[index as usize],
        signal: ground.sites.main_stream(index),
        length,
        stop: length - exit,
        entry,
        limit_mps,
        free_mps: (limit_mps * free_share).max(SLOWEST_MPS.min(limit_mps)),
        base_cost: 0.0,
        toll: streets.toll(index),
    }
}

/// For each link the one that drives the same piece of the same road the other way.
pub fn reverses(city: &City) -> Vec<u32> {
    let key = |link: &Link, forward: bool| (link.road.0, link.first, link.last, forward);
    let mut by_piece: Vec<_> = city.links.iter().map(|l| (key(l, l.forward), l.id.0)).collect();
    by_piece.sort_unstable();
    city.links
        .iter()
        .map(|l| {
            let wanted = key(l, !l.forward);
            let found = by_piece.binary_search_by(|(k, _)| k.cmp(&wanted));
            found.map_or(NONE, |i| by_piece[i].1)
        })
        .collect()
}
