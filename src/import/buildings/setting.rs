//! How a building stands: its outline's size and proportions, and how densely the ground about it is built up.

use std::collections::HashMap;

use citytwin_model::{Coord, MultiPolygon, SourceRef};
use geo::Area;

use super::storeys::spread;

/// Side of a cell of the density grid, metre: about half a city block.
const CELL_M: f64 = 50.0;

/// Outline below which an unnamed building is a shed or garage, m² (a double garage is 6 m × 6 m).
pub(super) const SHED_AREA_M2: f64 = 36.0;

/// What the rules for unstated values look at.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Setting {
    /// Outline, m².
    pub area_m2: f64,
    /// Long and short side of the box along the longest wall, metre.
    pub long_m: f64,
    pub short_m: f64,
    /// Built-up share of the ground within about 75 m, 0…1.
    pub density: f64,
    /// −1…1, fixed by the map's id.
    pub spread: f64,
}

impl Setting {
    pub fn new(shape: &MultiPolygon<f64>, source: &SourceRef, density: f64) -> Self {
        let (long_m, short_m) = extent(shape);
        Self { area_m2: shape.unsigned_area(), long_m, short_m, density, spread: spread(source) }
    }

    /// The outline fills most of its box: a rectangle, give or take a bay.
    pub fn near_rectangle(&self) -> bool {
        self.area_m2 >= 0.85 * self.long_m * self.short_m
    }
}

/// Sides of the box along the longest wall of the largest polygon.
fn extent(shape: &MultiPolygon<f64>) -> (f64, f64) {
    let Some(polygon) = shape.0.iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area())) else {
        return (0.0, 0.0);
    };
    let wall = |pair: &[Coord<f64>]| (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
    let walls = polygon.exterior().0.windows(2).map(wall);
    let Some((x, y)) = walls.max_by(|a, b| a.0.hypot(a.1).total_cmp(&b.0.hypot(b.1))) else { return (0.0, 0.0) };
    let length = x.hypot(y);
    let (x, y) = (x / length, y / length);
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for p in &polygon.exterior().0 {
        for (axis, value) in [p.x * x + p.y * y, p.y * x - p.x * y].into_iter().enumerate() {
            low[axis] = low[axis].min(value);
            high[axis] = high[axis].max(value);
        }
    }
    let sides = [high[0] - low[0], high[1] - low[1]];
    (sides[0].max(sides[1]), sides[0].min(sides[1]))
}

/// Built-up ground per cell; only ever looked up, never iterated.
pub(super) struct DensityGrid(HashMap<(i64, i64), f64>);

impl DensityGrid {
    /// From one point and the outline's area (m²) of each building.
    pub fn new(buildings: impl Iterator<Item = (Coord<f64>, f64)>) -> Self {
        let mut cells = HashMap::new();
        for (at, area_m2) in buildings {
            *cells.entry(cell(at)).or_insert(0.0) += area_m2;
        }
        Self(cells)
    }

    /// Built-up share of the nine cells about the point, 0…1.
    pub fn share(&self, at: Coord<f64>) -> f64 {
        let (x, y) = cell(at);
        let mut built_m2 = 0.0;
        for dx in -1..=1 {
            for dy in -1..=1 {
                built_m2 += self.0.get(&(x + dx, y + dy)).copied().unwrap_or(0.0);
            }
        }
        (built_m2 / (9.0 * CELL_M * CELL_M)).min(1.0)
    }
}

fn cell(at: Coord<f64>) -> (i64, i64) {
    ((at.x / CELL_M).floor() as i64, (at.y / CELL_M).floor() as i64)
}
