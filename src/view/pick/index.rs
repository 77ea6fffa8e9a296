//! Features by place, for rays: prisms for buildings, discs for trees and sensors, the ground for the rest.

use std::sync::Arc;

use citytwin_model::{City, Coord, FeatureRef, MultiPolygon};
use geo::{Area, BoundingRect, Contains, Point};
use rstar::{
    AABB, PointDistance, RTree,
    primitives::{GeomWithData, Line, Rectangle},
};

use super::Ray;
use crate::{VehiclePose, Visibility, marks};

/// Horizontal stride of the walk along a ray, metre.
const STRIDE_M: f64 = 64.0;
/// Farthest a ray is followed over the ground, metre.
const FARTHEST_M: f64 = 40_000.0;
/// Nearest that anything is drawn to another's place, as an angle: how exactly a finger points, radian.
const FINGER_RAD: f64 = 0.012;
/// Half the width of a track, metre (1,435 mm gauge and sleepers).
const TRACK_M: f64 = 2.0;

type Box2<T> = GeomWithData<Rectangle<[f64; 2]>, T>;
type Segment<T> = GeomWithData<Line<[f64; 2]>, T>;

/// What a ray met.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hit {
    /// In lengths of the ray's direction.
    pub t: f64,
    pub feature: FeatureRef,
    /// Lies on the ground: what stands there goes first.
    pub on_ground: bool,
}

/// The features of one city by place.
pub struct PickIndex {
    city: Arc<City>,
    solids: RTree<Box2<FeatureRef>>,
    trees: RTree<Box2<u32>>,
    ways: RTree<Segment<(FeatureRef, f64)>>,
    areas: RTree<Box2<FeatureRef>>,
}

impl PickIndex {
    /// Sorts a city's features.
    pub fn of(city: Arc<City>) -> Self {
        let mut solids = Vec::new();
        for building in &city.buildings {
            if building.parts.is_empty() {
                solids.extend(boxed(&building.volume.footprint, FeatureRef::Building(building.id)));
            }
        }
        for part in &city.building_parts {
            solids.extend(boxed(&part.volume.footprint, FeatureRef::BuildingPart(part.id)));
        }
        let tree = |t: &citytwin_model::Tree| {
            let r = f64::from(t.crown_diameter_m.value) * 0.5;
            Box2::new(Rectangle::from_corners([t.at.x - r, t.at.y - r], [t.at.x + r, t.at.y + r]), t.id.0)
        };
        let trees = city.trees.iter().map(tree).collect();
        let areas = city
            .land
            .iter()
            .filter_map(|l| boxed(&l.shape, FeatureRef::LandArea(l.id)))
            .chain(city.water.iter().filter_map(|w| boxed(&w.shape, FeatureRef::WaterArea(w.id))))
            .collect();
        let ways = ways(&city);
        Self {
            solids: RTree::bulk_load(solids),
            trees: RTree::bulk_load(trees),
            ways: RTree::bulk_load(ways),
            areas: RTree::bulk_load(areas),
            city,
        }
    }

    /// The first thing a ray meets.
    pub fn pick(&self, ray: &Ray, shown: Visibility) -> Option<Hit> {
        let ground = ray.plane(0.0);
        let mut best = self.pins(ray, shown);
        let end = best.map_or(ground.unwrap_or(f64::INFINITY), |h| h.t);
        if let Some(hit) = self.walk(ray, end, shown) {
            best = Some(hit);
        }
        best.or_else(|| self.on_ground(ray, ground?, shown))
    }

    /// Sensors are pointed at by their pins, whatever stands behind.
    fn pins(&self, ray: &Ray, shown: Visibility) -> Option<Hit> {
        let scale = ray.along.iter().map(|a| a * a).sum::<f64>().sqrt();
        self.city
            .sensors
            .iter()
            .filter(|_| shown.sensors)
            .filter_map(|sensor| {
                let (x, y) = (sensor.at.x, sensor.at.y);
                let eye = (x - ray.from[0]).hypot(y - ray.from[1]).hypot(ray.from[2]);
                let pin_m = f64::from(marks::pin_m(eye as f32));
                let (t, away) = ray.nearest([x, y, pin_m * f64::from(marks::BALL_AT)]);
                let ball_m = pin_m * f64::from(marks::BALL_RADIUS);
                (away < ball_m.max(FINGER_RAD * t * scale) + 0.5).then_some(Hit {
                    t,
                    feature: FeatureRef::Sensor(sensor.id),
                    on_ground: false,
                })
            })
            .min_by(|a, b| a.t.total_cmp(&b.t))
    }

    /// Follows the ray over the ground, stride by stride, to the first solid before `end`.
    fn walk(&self, ray: &Ray, end: f64, shown: Visibility) -> Option<Hit> {
        let flat = ray.along[0].hypot(ray.along[1]);
        let step = if flat > 1e-9 { STRIDE_M / flat } else { end };
        let end = end.min(if flat > 1e-9 { FARTHEST_M / flat } else { end });
        // Nothing stands higher than a kilometre: start where the ray comes down to that.
        let mut t = ray.plane(1_000.0).unwrap_or(0.0);
        while t < end && end.is_finite() {
            let next = (t + step).min(end);
            let (a, b) = (ray.at(t), ray.at(next));
            let near = AABB::from_corners(
                [a[0].min(b[0]) - 0.1, a[1].min(b[1]) - 0.1],
                [a[0].max(b[0]) + 0.1, a[1].max(b[1]) + 0.1],
            );
            let buildings = self
                .solids
                .locate_in_envelope_intersecting(&near)
                .filter(|_| shown.buildings)
                .filter_map(|solid| self.solid(ray, solid.data));
            let trees = self
                .trees
                .locate_in_envelope_intersecting(&near)
                .filter(|_| shown.trees)
                .filter_map(|tree| self.tree(ray, tree.data));
            let first = buildings.chain(trees).filter(|h| h.t <= next + 1e-9).min_by(|a, b| a.t.total_cmp(&b.t));
            if first.is_some() {
                return first;
            }
            t = next;
        }
        None
    }

    fn solid(&self, ray: &Ray, feature: FeatureRef) -> Option<Hit> {
        let (volume, feature) = match feature {
            FeatureRef::BuildingPart(id) => {
                let part = &self.city.building_parts[id.index()];
                (&part.volume, part.building.map_or(feature, FeatureRef::Building))
            }
            FeatureRef::Building(id) => (&self.city.buildings[id.index()].volume, feature),
            _ => return None,
        };
        let (low, high) = (f64::from(volume.min_height_m.value), f64::from(volume.height_m.value));
        ray.prism(&volume.footprint, low, high).map(|t| Hit { t, feature, on_ground: false })
    }

    fn tree(&self, ray: &Ray, tree: u32) -> Option<Hit> {
        let tree = &self.city.trees[tree as usize];
        let (height, crown) = (f64::from(tree.height_m.value), f64::from(tree.crown_diameter_m.value));
        let (t, away) = ray.nearest([tree.at.x, tree.at.y, 0.65 * height]);
        (away < 0.5 * crown).then_some(Hit { t, feature: FeatureRef::Tree(tree.id), on_ground: false })
    }

    /// The way or the smallest area where the ray meets the ground.
    fn on_ground(&self, ray: &Ray, t: f64, shown: Visibility) -> Option<Hit> {
        let at = ray.at(t);
        let hit = |feature| Some(Hit { t, feature, on_ground: true });
        let reach = 40.0_f64;
        let near = AABB::from_corners([at[0] - reach, at[1] - reach], [at[0] + reach, at[1] + reach]);
        let way = self
            .ways
            .locate_in_envelope_intersecting(&near)
            .filter(|way| match way.data.0 {
                FeatureRef::Road(_) => shown.roads,
                _ => shown.railways,
            })
            .map(|way| (way.geom().distance_2(&[at[0], at[1]]).sqrt() - way.data.1, way.data.0))
            .filter(|(beyond, _)| *beyond <= 0.0)
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, feature)) = way {
            return hit(feature);
        }
        let point = Point::new(at[0], at[1]);
        self.areas
            .locate_in_envelope_intersecting(&AABB::from_point([at[0], at[1]]))
            .filter_map(|area| {
                let (shape, visible) = match area.data {
                    FeatureRef::LandArea(id) => (&self.city.land[id.index()].shape, shown.land),
                    FeatureRef::WaterArea(id) => (&self.city.water[id.index()].shape, shown.water),
                    _ => return None,
                };
                (visible && shape.contains(&point)).then(|| (shape.unsigned_area(), area.data))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .and_then(|(_, feature)| hit(feature))
    }
}

fn boxed(shape: &MultiPolygon<f64>, feature: FeatureRef) -> Option<Box2<FeatureRef>> {
    let rect = shape.bounding_rect()?;
    let corners = Rectangle::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]);
    Some(Box2::new(corners, feature))
}

/// Segments of roads and tracks with half their width.
fn ways(city: &City) -> Vec<Segment<(FeatureRef, f64)>> {
    let roads = city
        .roads
        .iter()
        .filter(|r| !r.tunnel)
        .map(|r| (&r.line, FeatureRef::Road(r.id), (0.5 * r.width_m.value).max(1.5)));
    let tracks = city.railways.iter().filter(|r| !r.tunnel).map(|r| (&r.line, FeatureRef::Railway(r.id), TRACK_M));
    let end = |c: Coord<f64>| [c.x, c.y];
    roads
        .chain(tracks)
        .flat_map(|(line, feature, half)| {
            line.0.windows(2).map(move |w| Segment::new(Line::new(end(w[0]), end(w[1])), (feature, half)))
        })
        .collect()
}

/// The vehicle a ray points at: its distance and id.
pub fn vehicle(ray: &Ray, poses: &[VehiclePose]) -> Option<(f64, u32)> {
    let scale = ray.along.iter().map(|a| a * a).sum::<f64>().sqrt();
    poses
        .iter()
        .filter_map(|pose| {
            let (t, away) = ray.nearest([pose.x, pose.y, pose.z + 0.8].map(f64::from));
            let reach = (0.5 * f64::from(pose.length_m)).max(FINGER_RAD * 0.5 * t * scale);
            (away < reach).then_some((t, pose.id))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
}
