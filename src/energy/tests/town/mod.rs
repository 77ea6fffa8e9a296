//! Towns made by hand: blocks of 100 m × 60 m between streets, houses along two sides of each.

use citytwin_model::{
    AccessLevel, Anchor, Building, BuildingId, BuildingUse, City, Coord, EnergyAsset, EnergyAssetId, EnergyAssetKind,
    GeoBounds, Known, LineString, LonLat, MultiPolygon, Oneway, Polygon, Road, RoadAccess, RoadClass, RoadId,
    RoofShape, SourceRef, Tags, Volume, WaterArea, WaterAreaId, WaterKind, units::Watts,
};

const BLOCK_M: (f64, f64) = (100.0, 60.0);
const PER_BLOCK: usize = 12;

/// `count` buildings of mixed uses; `mix` shifts which use stands where.
pub fn town(count: usize, mix: usize) -> City {
    use BuildingUse::{Ancillary, Apartments, House, Office, Retail, School};
    let uses = [House, House, Apartments, House, Retail, House, House, Office, House, Ancillary, House, School];
    of_uses(count, |index| uses[(index * 7 + index / PER_BLOCK + mix) % uses.len()])
}

/// Houses alone.
pub fn house_town(count: usize) -> City {
    of_uses(count, |_| BuildingUse::House)
}

fn of_uses(count: usize, usage: impl Fn(usize) -> BuildingUse) -> City {
    let origin = LonLat { lon: 10.0, lat: 50.0 };
    let bounds = GeoBounds { west: 10.0, south: 50.0, east: 10.1, north: 50.1 };
    let mut city = City::empty("town", Anchor::new(origin), bounds);
    let side = ((count / PER_BLOCK) as f64).sqrt().ceil() as usize + 1;
    for street in 0..=side {
        let across = |at: usize| (at as f64 * BLOCK_M.0, street as f64 * BLOCK_M.1);
        let along = |at: usize| (street as f64 * BLOCK_M.0, at as f64 * BLOCK_M.1);
        for points in [(0..=side).map(across).collect::<Vec<_>>(), (0..=side).map(along).collect()] {
            city.roads.push(road(city.roads.len(), &points));
        }
    }
    for index in 0..count {
        let (block, place) = (index / PER_BLOCK, index % PER_BLOCK);
        let x = (block % side) as f64 * BLOCK_M.0 + 8.0 + (place % 6) as f64 * 15.0;
        let y = (block / side) as f64 * BLOCK_M.1 + if place < 6 { 8.0 } else { 42.0 };
        city.buildings.push(building(index, usage(index), (x, y), (9.0, 10.0)));
    }
    city
}

pub fn building(index: usize, usage: BuildingUse, (x, y): (f64, f64), size: (f64, f64)) -> Building {
    let ring = vec![(x, y), (x + size.0, y), (x + size.0, y + size.1), (x, y + size.1), (x, y)];
    let footprint = MultiPolygon(vec![Polygon::new(LineString::from(ring), vec![])]);
    let volume = Volume::stated(footprint, 7.0, 2.0, (RoofShape::Flat, 0.0));
    Building::stated(BuildingId::from_index(index), SourceRef::Way(1000 + index as i64), usage, volume)
}

pub fn road(index: usize, points: &[(f64, f64)]) -> Road {
    let open = AccessLevel::Yes;
    Road {
        id: RoadId::from_index(index),
        source: SourceRef::Way(1_000_000 + index as i64),
        name: None,
        class: RoadClass::Residential,
        is_ramp: false,
        is_roundabout: false,
        oneway: Known::stated(Oneway::Both),
        lanes_forward: Known::stated(1),
        lanes_backward: Known::stated(1),
        width_m: Known::stated(6.0),
        speed_forward_mps: Known::stated(10.0),
        speed_backward_mps: Known::stated(10.0),
        access: RoadAccess { car: open, goods: open, bus: open, bicycle: open, foot: open },
        bridge: false,
        tunnel: false,
        layer: 0,
        line: LineString::from(points.to_vec()),
        turn_lanes_forward: vec![],
        turn_lanes_backward: vec![],
        tags: Tags::default(),
    }
}

pub fn asset(city: &mut City, kind: EnergyAssetKind, at: (f64, f64), rated_w: Option<f64>) {
    let index = city.energy_assets.len();
    city.energy_assets.push(EnergyAsset {
        id: EnergyAssetId::from_index(index),
        source: SourceRef::local("asset", &format!("a{index}")),
        name: None,
        kind,
        at: Coord { x: at.0, y: at.1 },
        rated: rated_w.map(|w| Known::stated(Watts(w))),
        tags: Tags::default(),
    });
}

/// A river of straight banks.
pub fn strip(low: (f64, f64), high: (f64, f64)) -> WaterArea {
    let ring = vec![low, (high.0, low.1), high, (low.0, high.1), low];
    WaterArea {
        id: WaterAreaId(0),
        source: SourceRef::Way(5_000_000),
        kind: WaterKind::River,
        name: None,
        shape: MultiPolygon(vec![Polygon::new(LineString::from(ring), vec![])]),
        tags: Tags::default(),
    }
}
