//! Small maps drawn in metres, about a place where nothing is special.

use citytwin_import::{
    areas, buildings,
    raw::{MemberKind, RawMapBuilder},
};
use citytwin_model::{
    Anchor, Building, City, Coord, GeoBounds, LineString, LonLat, MultiPolygon, Problem, ProblemKind, SourceRef,
};
use geo::{Area, Validation};

/// Metres are good to OSM's step of 1e-7 degree, 1.1 cm.
pub const STEP_M: f64 = 0.012;

/// A map under construction.
pub struct Sketch {
    builder: RawMapBuilder,
    anchor: Anchor,
    next_node: i64,
}

pub fn anchor() -> Anchor {
    Anchor::new(LonLat { lon: 10.0, lat: 50.0 })
}

/// About 2.9 km by 4.4 km about the origin.
pub const BOUNDS: GeoBounds = GeoBounds { west: 9.98, south: 49.98, east: 10.02, north: 50.02 };

impl Sketch {
    pub fn new() -> Self {
        Self { builder: RawMapBuilder::new(), anchor: anchor(), next_node: 1 }
    }

    pub fn node(&mut self, x: f64, y: f64, tags: &[(&str, &str)]) -> i64 {
        let id = self.next_node;
        self.next_node += 1;
        self.builder.node(id, self.anchor.lonlat(Coord { x, y }), tags);
        id
    }

    pub fn nodes(&mut self, points: &[(f64, f64)]) -> Vec<i64> {
        points.iter().map(|(x, y)| self.node(*x, *y, &[])).collect()
    }

    /// A way along the nodes.
    pub fn way(&mut self, id: i64, refs: &[i64], tags: &[(&str, &str)]) -> &mut Self {
        self.builder.way(id, refs, tags);
        self
    }

    /// A line through new nodes.
    pub fn line(&mut self, id: i64, points: &[(f64, f64)], tags: &[(&str, &str)]) -> &mut Self {
        let refs = self.nodes(points);
        self.way(id, &refs, tags)
    }

    /// A closed way through new nodes.
    pub fn ring(&mut self, id: i64, points: &[(f64, f64)], tags: &[(&str, &str)]) -> &mut Self {
        let mut refs = self.nodes(points);
        refs.push(refs[0]);
        self.way(id, &refs, tags)
    }

    /// An upright box.
    pub fn rect(&mut self, id: i64, from: (f64, f64), to: (f64, f64), tags: &[(&str, &str)]) -> &mut Self {
        self.ring(id, &[from, (to.0, from.1), to, (from.0, to.1)], tags)
    }

    /// A relation of ways.
    pub fn relation(&mut self, id: i64, members: &[(i64, &str)], tags: &[(&str, &str)]) -> &mut Self {
        let members: Vec<_> = members.iter().map(|(id, role)| (MemberKind::Way, *id, *role)).collect();
        self.builder.relation(id, &members, tags);
        self
    }

    /// The city's areas and buildings.
    pub fn read(&mut self) -> City {
        let raw = std::mem::take(&mut self.builder).build();
        let mut city = City::empty("sketch", self.anchor, BOUNDS);
        areas::read(&raw, &self.anchor, &mut city);
        buildings::read(&raw, &self.anchor, &mut city);
        check_shapes(&city);
        city
    }
}

/// The single building of a 10 m × 20 m box with these tags.
pub fn building(tags: &[(&str, &str)]) -> (Building, Vec<Problem>) {
    let mut city = Sketch::new().rect(1, (0.0, 0.0), (10.0, 20.0), tags).read();
    assert_eq!(city.buildings.len(), 1, "{tags:?}");
    (city.buildings.remove(0), city.problems)
}

/// What every shape of a city must hold: see `citytwin_model::Volume`.
pub fn check_shapes(city: &City) {
    let volumes = city.buildings.iter().map(|b| (&b.source, &b.volume));
    let parts = city.building_parts.iter().map(|p| (&p.source, &p.volume));
    for (source, volume) in volumes.chain(parts) {
        check_shape(source, &volume.footprint);
        let (height, min) = (volume.height_m.value, volume.min_height_m.value);
        assert!(height.is_finite() && min >= 0.0 && height > min, "{source}: {min} to {height} m");
        let roof = volume.roof.height_m.value;
        assert!(roof >= 0.0 && roof <= height - min + 1e-3, "{source}: roof {roof} m of {min} to {height} m");
        assert!(volume.levels.value >= 0.0 && volume.levels.value.is_finite(), "{source}");
    }
    city.land.iter().for_each(|area| check_shape(&area.source, &area.shape));
    city.water.iter().for_each(|area| check_shape(&area.source, &area.shape));
    assert!(city.buildings.iter().enumerate().all(|(i, b)| b.id.index() == i));
    assert!(city.building_parts.iter().enumerate().all(|(i, p)| p.id.index() == i));
    assert!(city.land.iter().enumerate().all(|(i, a)| a.id.index() == i));
    assert!(city.water.iter().enumerate().all(|(i, a)| a.id.index() == i));
    assert!(city.trees.iter().enumerate().all(|(i, t)| t.id.index() == i));
    assert!(city.railways.iter().enumerate().all(|(i, r)| r.id.index() == i && r.line.0.len() >= 2));
}

fn check_shape(source: &SourceRef, shape: &MultiPolygon<f64>) {
    assert!(!shape.0.is_empty(), "{source}: empty");
    for polygon in &shape.0 {
        assert!(twice_area(polygon.exterior()) > 0.0, "{source}: exterior is not counter-clockwise");
        assert!(polygon.interiors().iter().all(|hole| twice_area(hole) < 0.0), "{source}: hole is not clockwise");
        let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        assert!(rings.flat_map(|ring| &ring.0).all(|p| p.x.is_finite() && p.y.is_finite()), "{source}");
    }
}

/// Twice the signed area by the shoelace formula, counter-clockwise positive.
fn twice_area(ring: &LineString<f64>) -> f64 {
    let first = ring.0[0];
    let cross = |a: Coord<f64>, b: Coord<f64>| a.x * b.y - b.x * a.y;
    ring.0.windows(2).map(|side| cross(side[0] - first, side[1] - first)).sum()
}

/// Every shape is valid by the OGC's rules.
pub fn check_valid(city: &City) {
    let shapes = city.buildings.iter().map(|b| (&b.source, &b.volume.footprint));
    for (source, shape) in shapes {
        for polygon in &shape.0 {
            assert!(polygon.check_validation().is_ok(), "{source}: {:?} {polygon:?}", polygon.check_validation());
        }
    }
}

/// Problems of one source as kinds.
pub fn kinds(problems: &[Problem], source: SourceRef) -> Vec<ProblemKind> {
    problems.iter().filter(|problem| problem.source == source).map(|problem| problem.kind).collect()
}

/// Areas agree to 1 % (the steps of the nodes' places allow less than that on the shapes drawn here).
pub fn assert_area(shape: &MultiPolygon<f64>, expected_m2: f64) {
    let area = shape.unsigned_area();
    assert!((area - expected_m2).abs() < 0.01 * expected_m2, "{area} m², expected {expected_m2}");
}
