//! One row per link: length, stop line, lanes, speeds, routing cost.

use citytwin_model::{City, Link, LinkEnd, RoadClass};

use super::{NONE, access, shape::Shapes, signals::SignalPlan};

/// What a vehicle needs to know of a link.
#[derive(Clone, Copy, Debug)]
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
    /// Approach of a signal group.
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
}

/// Share of the legal limit that drivers keep on a free link, by class: parked cars, driveways and bends hold
/// drivers below the limit on small streets (FGSV, Richtlinien für integrierte Netzgestaltung RIN 2008, chapter on
/// target travel speeds; HBS 2015 S3: free speed on main streets near the limit).
const fn speed_factor(class: RoadClass) -> f32 {
    match class {
        RoadClass::Motorway | RoadClass::Trunk => 1.0,
        RoadClass::Primary | RoadClass::Secondary => 0.97,
        RoadClass::Tertiary => 0.92,
        RoadClass::Unclassified => 0.85,
        RoadClass::Residential => 0.75,
        _ => 0.6,
    }
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

/// The rows of all links.
pub fn build(city: &City, usable: &[bool], signals: &SignalPlan, shapes: &mut Shapes) -> Vec<LinkInfo> {
    let trims = shapes.trims(city, usable);
    let reverse = reverses(city);
    let mut lane0 = 0;
    city.links
        .iter()
        .zip(trims)
        .enumerate()
        .map(|(i, (link, (entry, exit)))| {
            let mut row = row(city, link, usable[i], signals.delay_s(i as u32));
            row.reverse = reverse[i];
            row.lane0 = lane0;
            row.length = shapes.length(i as u32).max(0.1);
            row.entry = entry;
            row.stop = row.length - exit;
            row.signal = signals.approach_of.get(i).copied().unwrap_or(NONE);
            row.base_cost += row.length / row.free_mps * perceived(&row);
            lane0 += u32::from(row.lanes);
            row
        })
        .collect()
}

fn perceived(row: &LinkInfo) -> f32 {
    let service = if row.class >= RoadClass::Service { SERVICE_FACTOR } else { 1.0 };
    if row.access_only { ACCESS_ONLY_FACTOR * service } else { service }
}

fn row(city: &City, link: &Link, usable: bool, signal_delay_s: f32) -> LinkInfo {
    let road = &city.roads[link.road.index()];
    let limit_mps = if usable { link.speed_mps as f32 } else { 1.0 };
    let delay = match link.end {
        LinkEnd::Stop => STOP_DELAY_S,
        LinkEnd::GiveWay => GIVE_WAY_DELAY_S,
        LinkEnd::Free | LinkEnd::Signals => signal_delay_s,
    };
    LinkInfo {
        usable,
        core: false,
        reaches_core: false,
        reached_from_core: false,
        junction: false,
        access_only: access::is_for_access_only(city, link),
        roundabout: road.is_roundabout,
        ramp: road.is_ramp,
        class: road.class,
        end: link.end,
        lanes: link.lanes.max(1),
        lane0: 0,
        from: link.from.0,
        to: link.to.0,
        reverse: NONE,
        signal: NONE,
        length: 0.0,
        stop: 0.0,
        entry: 0.0,
        limit_mps,
        free_mps: (limit_mps * speed_factor(road.class)).max(SLOWEST_MPS.min(limit_mps)),
        base_cost: delay,
    }
}

/// For each link the one that drives the same piece of the same road the other way.
fn reverses(city: &City) -> Vec<u32> {
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
