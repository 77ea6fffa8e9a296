//! The heated shell of a city's buildings: floor area, walls by direction, roof, ground, and the walls that touch a neighbour.

use citytwin_model::{Building, BuildingUse, City, Coord};
use geo::{Area, BoundingRect};
use rayon::prelude::*;
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};

use super::zone::SECTORS;
use crate::intensity::INTERNAL_AREA_SHARE;

/// Walls closer than this are one wall, m: maps are drawn to about that.
const TOUCH_M: f64 = 0.5;
/// Cosine of the angle between walls that still touch along their length (10°).
const ALONG: f64 = 0.985;
/// A storey where the building is lower than its storeys say, m.
const LEAST_STOREY_M: f64 = 2.2;

/// How far before a wall its place is, m.
const BEFORE_WALL_M: f64 = 0.2;
/// A gap between neighbours from which a wall looks out, m.
const LEAST_GAP_M: f64 = 1.0;

/// Slab and floor between two storeys, m (own).
const SLAB_M: f64 = 0.35;

/// The shell of one building.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Envelope {
    /// Inside floor area of all storeys, m².
    pub floor_m2: f64,
    /// Heated air, m³.
    pub volume_m3: f64,
    /// Outside walls with their windows by direction, m²; sector 0 looks north, clockwise.
    pub walls_m2: [f64; SECTORS],
    /// Walls against neighbours, m².
    pub shared_m2: f64,
    pub roof_m2: f64,
    pub ground_m2: f64,
    /// By direction the place from which its walls look out: just before the one with the most outside, at half the height of what is
    /// outside of it. Metres east, north, above the ground; noughts where there is none.
    pub sites: [[f32; 3]; SECTORS],
}

/// An edge of a footprint, the building to its left.
#[derive(Clone, Copy)]
struct Wall {
    building: u32,
    from: Coord<f64>,
    to: Coord<f64>,
    height_m: f64,
}

type Entry = GeomWithData<Rectangle<[f64; 2]>, u32>;

impl Envelope {
    /// The shells of all buildings, index = `BuildingId`. A wall's part that runs along another building's within 0.5 m counts as
    /// shared up to the lower of both.
    pub fn of_city(city: &City) -> Vec<Self> {
        let walls: Vec<Vec<Wall>> = city.buildings.par_iter().enumerate().map(|(i, b)| walls_of(i, b)).collect();
        let all: Vec<Wall> = walls.iter().flatten().copied().collect();
        let entry = |(index, wall): (usize, &Wall)| {
            let corner = |value: fn(f64, f64) -> f64| [value(wall.from.x, wall.to.x), value(wall.from.y, wall.to.y)];
            Entry::new(Rectangle::from_corners(corner(f64::min), corner(f64::max)), index as u32)
        };
        let tree = RTree::bulk_load(all.iter().enumerate().map(entry).collect());
        let of = |(building, walls): (&Building, &Vec<Wall>)| Self::of(building, walls, &tree, &all);
        city.buildings.par_iter().zip(&walls).map(of).collect()
    }

    fn of(building: &Building, walls: &[Wall], tree: &RTree<Entry>, all: &[Wall]) -> Self {
        let plan_m2 = building.volume.footprint.unsigned_area();
        let floor_m2 = INTERNAL_AREA_SHARE * building.floor_area_m2();
        let mut envelope = Self {
            floor_m2,
            volume_m3: INTERNAL_AREA_SHARE * plan_m2 * clear_m(building),
            roof_m2: plan_m2,
            ground_m2: plan_m2,
            ..Self::default()
        };
        let mut most_m2 = [0.0; SECTORS];
        let base_m = f64::from(building.volume.min_height_m.value);
        for wall in walls {
            let whole_m2 = wall.length() * wall.height_m;
            let touching = wall.touching(tree, all);
            let shared_m2 = touching.iter().map(|touch| touch.width() * touch.height_m).sum::<f64>().min(whole_m2);
            let sector = wall.sector();
            envelope.shared_m2 += shared_m2;
            envelope.walls_m2[sector] += whole_m2 - shared_m2;
            if whole_m2 - shared_m2 > most_m2[sector] {
                most_m2[sector] = whole_m2 - shared_m2;
                envelope.sites[sector] = wall.site(touching, base_m).map(|value| value as f32);
            }
        }
        envelope
    }

    /// Outside walls of all directions, m².
    pub fn outside_walls_m2(&self) -> f64 {
        self.walls_m2.iter().sum()
    }
}

/// Of what is heated, m: ground to eaves (who counts storeys counts no attic: OSM's `building:levels` leaves out
/// `roof:levels`), so that the topmost ceiling is the roof. At least what the storeys need, at most what they can be: towers,
/// spires and naves are not heated to their tops.
fn height(building: &Building) -> f64 {
    let volume = &building.volume;
    let eaves = f64::from(volume.height_m.value - volume.roof.height_m.value - volume.min_height_m.value);
    let storeys = f64::from(volume.levels.value.max(1.0));
    eaves.min(highest_storey_m(building.usage.value) * storeys).max(LEAST_STOREY_M * storeys)
}

/// Own: rooms of dwellings to 3.5 m from floor to floor, halls of work to 12 m, all others to 5 m.
fn highest_storey_m(usage: BuildingUse) -> f64 {
    match usage {
        BuildingUse::House | BuildingUse::Apartments => 3.5,
        BuildingUse::Industrial | BuildingUse::Warehouse => 12.0,
        _ => 5.0,
    }
}

/// Inside height of all storeys together, m: without their slabs.
fn clear_m(building: &Building) -> f64 {
    let storeys = f64::from(building.volume.levels.value.max(1.0));
    (height(building) - SLAB_M * storeys).max(LEAST_STOREY_M * storeys)
}

fn walls_of(index: usize, building: &Building) -> Vec<Wall> {
    let height_m = height(building);
    let rings = building.volume.footprint.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    let wall = |line: geo::Line<f64>| Wall { building: index as u32, from: line.start, to: line.end, height_m };
    let finite = building.volume.footprint.bounding_rect().is_some_and(|r| (r.width() + r.height()).is_finite());
    if finite {
        rings.flat_map(|ring| ring.lines()).map(wall).filter(|w| w.length() > 0.0).collect()
    } else {
        Vec::new()
    }
}

impl Wall {
    fn length(&self) -> f64 {
        (self.to.x - self.from.x).hypot(self.to.y - self.from.y)
    }

    fn along(&self) -> Coord<f64> {
        let length = self.length();
        Coord { x: (self.to.x - self.from.x) / length, y: (self.to.y - self.from.y) / length }
    }

    /// The eighth of the horizon that it looks to; the building lies to the left of it.
    fn sector(&self) -> usize {
        let along = self.along();
        let azimuth_deg = along.y.atan2(-along.x).to_degrees().rem_euclid(360.0);
        ((azimuth_deg / 45.0).round() as usize) % SECTORS
    }

    /// Where neighbours touch it.
    fn touching(&self, tree: &RTree<Entry>, all: &[Wall]) -> Vec<Touch> {
        let low = [self.from.x.min(self.to.x) - TOUCH_M, self.from.y.min(self.to.y) - TOUCH_M];
        let high = [self.from.x.max(self.to.x) + TOUCH_M, self.from.y.max(self.to.y) + TOUCH_M];
        let mut near: Vec<u32> =
            tree.locate_in_envelope_intersecting(&AABB::from_corners(low, high)).map(|entry| entry.data).collect();
        near.sort_unstable();
        near.iter().filter_map(|&other| self.touched_by(&all[other as usize])).collect()
    }

    /// Before the middle of its widest gap between neighbours; where there is none, above the highest of them.
    fn site(&self, mut touching: Vec<Touch>, base_m: f64) -> [f64; 3] {
        let length = self.length();
        touching.sort_by(|a, b| a.from_m.total_cmp(&b.from_m));
        let (mut gap, mut covered_m, mut covered_to_m) = ((0.0, 0.0), 0.0_f64, 0.0_f64);
        let end = Touch { from_m: length, to_m: length, height_m: 0.0 };
        for touch in touching.iter().chain([&end]) {
            if touch.from_m - covered_to_m > gap.1 - gap.0 {
                gap = (covered_to_m, touch.from_m);
            }
            covered_to_m = covered_to_m.max(touch.to_m);
            covered_m = touch.height_m.max(covered_m);
        }
        let is_open = gap.1 - gap.0 >= LEAST_GAP_M.min(length);
        let at = if is_open { 0.5 * (gap.0 + gap.1) } else { 0.5 * length };
        let low_m = if is_open { 0.0 } else { covered_m.min(self.height_m) };
        let along = self.along();
        // The building lies to the left.
        let x = self.from.x + at * along.x + BEFORE_WALL_M * along.y;
        let y = self.from.y + at * along.y - BEFORE_WALL_M * along.x;
        [x, y, base_m + 0.5 * (low_m + self.height_m)]
    }

    fn touched_by(&self, other: &Self) -> Option<Touch> {
        let (along, theirs, length) = (self.along(), other.along(), self.length());
        let opposed = along.x * theirs.x + along.y * theirs.y < -ALONG;
        if self.building == other.building || !opposed {
            return None;
        }
        let at = |point: Coord<f64>| {
            let (x, y) = (point.x - self.from.x, point.y - self.from.y);
            [x * along.x + y * along.y, (x * along.y - y * along.x).abs()]
        };
        let [a, b] = [at(other.from), at(other.to)];
        if 0.5 * (a[1] + b[1]) > TOUCH_M {
            return None;
        }
        let (from_m, to_m) = (a[0].min(b[0]).max(0.0), a[0].max(b[0]).min(length));
        (to_m > from_m).then(|| Touch { from_m, to_m, height_m: self.height_m.min(other.height_m) })
    }
}

/// A part of a wall that a neighbour touches, along it and up from its foot, m.
#[derive(Clone, Copy)]
struct Touch {
    from_m: f64,
    to_m: f64,
    height_m: f64,
}

impl Touch {
    fn width(&self) -> f64 {
        self.to_m - self.from_m
    }
}
