//! The horizon of places in a real city against casting every ray at every wall.

use std::path::Path;

use citytwin_environment::{
    DIRECTIONS, Horizon,
    horizon::{LEAST_SLOPE, Obstacles, facades, roof_site, solid_top_m},
};
use citytwin_import::{ImportOptions, open};
use citytwin_model::{City, Coord};

/// Every how many buildings one is looked at.
const EVERY: usize = 3;

fn helsinki() -> Option<City> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/osm/helsinki.osm.pbf");
    let city = open(Path::new(path), &ImportOptions::default(), &()).ok();
    if city.is_none() {
        println!("skipped: {path} absent");
    }
    city
}

/// All walls: ends and top.
fn walls(city: &City) -> Vec<(Coord<f64>, Coord<f64>, f64)> {
    let whole = city.buildings.iter().filter(|building| building.parts.is_empty()).map(|building| &building.volume);
    let mut walls = Vec::new();
    for volume in whole.chain(city.building_parts.iter().map(|part| &part.volume)) {
        for polygon in &volume.footprint {
            for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                walls.extend(ring.0.windows(2).map(|ends| (ends[0], ends[1], solid_top_m(volume))));
            }
        }
    }
    walls
}

/// The steepest wall on each ray.
fn cast(walls: &[(Coord<f64>, Coord<f64>, f64)], at: [f64; 3]) -> [f64; DIRECTIONS] {
    let rays: [(f64, f64); DIRECTIONS] = std::array::from_fn(|d| Horizon::azimuth_deg(d).to_radians().sin_cos());
    let mut slopes = [0.0_f64; DIRECTIONS];
    for (from, to, top) in walls.iter().filter(|wall| wall.2 > at[2]) {
        let [a, b] = [from, to].map(|end| (end.x - at[0], end.y - at[1]));
        for (slope, (sin, cos)) in slopes.iter_mut().zip(rays) {
            let (left, right) = (sin * a.1 - cos * a.0, sin * b.1 - cos * b.0);
            if (left > 0.0) != (right > 0.0) {
                let share = left / (left - right);
                let distance = sin * (a.0 + share * (b.0 - a.0)) + cos * (a.1 + share * (b.1 - a.1));
                if distance > 0.0 {
                    *slope = slope.max((top - at[2]) / distance);
                }
            }
        }
    }
    slopes
}

/// 1e-5 relative: the walls are cut at cells and the slopes stored in 32 bits. Below 1° the grid does not look.
#[test]
fn horizons_agree_with_casting_every_ray_at_every_wall() {
    let Some(city) = helsinki() else { return };
    let (walls, obstacles) = (walls(&city), Obstacles::of(&city));
    let mut points = Vec::new();
    for building in city.buildings.iter().step_by(EVERY) {
        points.push(roof_site(&building.volume));
        points.extend(facades(&building.volume).first().map(|facade| facade.at));
    }
    let horizons = obstacles.horizons(&points);
    let (mut compared, mut off) = (0, Vec::new());
    for (at, horizon) in points.iter().zip(&horizons) {
        for (direction, (expected, found)) in cast(&walls, *at).into_iter().zip(horizon.slopes).enumerate() {
            let found = f64::from(found);
            let same = (found - expected).abs() <= 1e-5 * expected.max(1.0);
            if !same && (expected > LEAST_SLOPE || found > expected + 1e-6) {
                off.push((*at, direction, found, expected));
            }
            compared += usize::from(expected > LEAST_SLOPE);
        }
    }
    println!("{} points, {compared} rays that meet a wall, {} walls, {} off", points.len(), walls.len(), off.len());
    assert!(compared > 10_000 && off.is_empty(), "{:?}", &off[..off.len().min(20)]);
}

#[test]
fn any_number_of_threads_gives_the_same_horizons() {
    let Some(city) = helsinki() else { return };
    let obstacles = Obstacles::of(&city);
    let points: Vec<[f64; 3]> = city.buildings.iter().take(500).map(|building| roof_site(&building.volume)).collect();
    let by = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| obstacles.horizons(&points))
    };
    assert_eq!(by(1), by(3));
}
