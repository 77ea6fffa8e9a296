//! The walls of a city, and the horizon they make for any point.

use std::f64::consts::{FRAC_1_SQRT_2, PI, TAU};

use citytwin_model::{City, Coord, Volume};
use rayon::prelude::*;

use super::{BEARINGS, DIRECTIONS, Horizon};

/// Least side of a cell, m, and most cells along a side of the grid (beyond 65 km they grow).
const CELL_M: f64 = 32.0;
const CELLS_MAX: f64 = 2048.0;
/// A square of each level holds so many of the level below along its side; the lowest are the cells.
const FOLD: i64 = 8;
const LEVELS: usize = 3;
/// Squares of each level but the highest so many rings about the point come first, ring by ring: what is near raises the
/// horizon, and spares a look at what is far.
const NEAR: [i64; LEVELS - 1] = [3, 2];
/// What rises less than this is not looked at (1°): a house beyond half a kilometre.
pub const LEAST_SLOPE: f64 = 0.017_455;

/// Walls of all buildings on flat ground, in a grid of cells, in squares, in larger squares. A building is solid from the
/// ground to its flat top; a pitched roof stands for a flat one at half its height, since its ridge is higher and its eaves
/// lower.
#[derive(Clone, Debug)]
pub struct Obstacles {
    origin: Coord<f64>,
    /// From the cells up.
    levels: [Level; LEVELS],
    /// Where the walls of each cell start, one more than cells.
    starts: Vec<u32>,
    walls: Vec<Wall>,
}

/// Squares of one size, row by row.
#[derive(Clone, Debug)]
struct Level {
    side_m: f64,
    columns: i64,
    rows: i64,
    /// Highest top in each.
    tops: Vec<f64>,
}

/// A piece of a wall within one cell.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Wall {
    from: Coord<f64>,
    to: Coord<f64>,
    top: f64,
}

/// Height above the ground, m, at which a volume's roof counts as flat.
pub fn solid_top_m(volume: &Volume) -> f64 {
    f64::from(volume.height_m.value) - 0.5 * f64::from(volume.roof.height_m.value)
}

impl Obstacles {
    /// Of a city's buildings; where one has parts, they stand for it.
    pub fn of(city: &City) -> Self {
        let whole = city.buildings.iter().filter(|building| building.parts.is_empty()).map(|building| &building.volume);
        Self::of_volumes(whole.chain(city.building_parts.iter().map(|part| &part.volume)))
    }

    /// Of any prisms on the ground.
    pub fn of_volumes<'a>(volumes: impl Iterator<Item = &'a Volume>) -> Self {
        let mut walls = Vec::new();
        for volume in volumes {
            let top = solid_top_m(volume);
            for polygon in &volume.footprint {
                for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                    walls.extend(ring.0.windows(2).map(|ends| Wall { from: ends[0], to: ends[1], top }));
                }
            }
        }
        Self::of_walls(&walls)
    }

    fn of_walls(walls: &[Wall]) -> Self {
        let ends = || walls.iter().flat_map(|wall| [wall.from, wall.to]);
        let fold = |of: fn(Coord<f64>) -> f64, pick: fn(f64, f64) -> f64| ends().map(of).reduce(pick).unwrap_or(0.0);
        let origin = Coord { x: fold(|c| c.x, f64::min), y: fold(|c| c.y, f64::min) };
        let far = Coord { x: fold(|c| c.x, f64::max), y: fold(|c| c.y, f64::max) };
        let (width, depth) = (far.x - origin.x, far.y - origin.y);
        let cell_m = CELL_M.max(width.max(depth) / CELLS_MAX);
        let levels = std::array::from_fn(|level| {
            let side_m = cell_m * FOLD.pow(level as u32) as f64;
            let (columns, rows) = ((width / side_m) as i64 + 1, (depth / side_m) as i64 + 1);
            Level { side_m, columns, rows, tops: vec![f64::NEG_INFINITY; (columns * rows) as usize] }
        });
        let mut of = Self { origin, levels, starts: Vec::new(), walls: Vec::new() };
        let mut pieces: Vec<(usize, Wall)> = walls.iter().flat_map(|wall| of.pieces(wall)).collect();
        pieces.sort_by_key(|(cell, _)| *cell);
        of.starts = vec![0; of.levels[0].tops.len() + 1];
        for (cell, piece) in &pieces {
            of.starts[cell + 1] += 1;
            let (mut x, mut y) = (*cell as i64 % of.levels[0].columns, *cell as i64 / of.levels[0].columns);
            for level in &mut of.levels {
                let top = &mut level.tops[(y * level.columns + x) as usize];
                *top = top.max(piece.top);
                (x, y) = (x / FOLD, y / FOLD);
            }
        }
        for cell in 0..of.levels[0].tops.len() {
            of.starts[cell + 1] += of.starts[cell];
        }
        of.walls = pieces.into_iter().map(|(_, piece)| piece).collect();
        of
    }

    /// Cuts a wall at the borders of cells.
    fn pieces(&self, wall: &Wall) -> Vec<(usize, Wall)> {
        let cell_m = self.levels[0].side_m;
        let mut cuts = vec![0.0, 1.0];
        for (from, to, origin) in [(wall.from.x, wall.to.x, self.origin.x), (wall.from.y, wall.to.y, self.origin.y)] {
            let [a, b] = [(from - origin) / cell_m, (to - origin) / cell_m];
            let (low, high) = (a.min(b).ceil(), a.max(b));
            let lines = (0..).map(|k| low + f64::from(k)).take_while(|line| *line < high);
            cuts.extend(lines.map(|line| (line - a) / (b - a)));
        }
        cuts.sort_by(f64::total_cmp);
        let at = |share: f64| Coord {
            x: wall.from.x + share * (wall.to.x - wall.from.x),
            y: wall.from.y + share * (wall.to.y - wall.from.y),
        };
        let piece = |cut: &[f64]| {
            let cell = self.cell_of(at(0.5 * (cut[0] + cut[1])));
            (cell, Wall { from: at(cut[0]), to: at(cut[1]), top: wall.top })
        };
        cuts.windows(2).filter(|cut| cut[1] > cut[0]).map(piece).collect()
    }

    /// Index of the cell that holds a point of the grid.
    fn cell_of(&self, at: Coord<f64>) -> usize {
        let cells = &self.levels[0];
        let along = |value: f64, count: i64| ((value / cells.side_m) as i64).min(count - 1);
        let column = along(at.x - self.origin.x, cells.columns);
        (along(at.y - self.origin.y, cells.rows) * cells.columns + column) as usize
    }

    /// The horizon of a point, metres east, north and above the ground.
    pub fn horizon(&self, at: [f64; 3]) -> Horizon {
        self.look(at, LEAST_SLOPE, [0.0; DIRECTIONS])
    }

    /// The horizon before a facade that looks to an azimuth: what lies behind its plane is not looked at and tells nought, and
    /// what rises less than `least_slope` (a tangent) may be left out. A few times as fast as [`Self::horizon`].
    pub fn facade_horizon(&self, at: [f64; 3], azimuth_deg: f64, least_slope: f64) -> Horizon {
        let (sin, cos) = azimuth_deg.to_radians().sin_cos();
        let behind: [bool; DIRECTIONS] = std::array::from_fn(|d| BEARINGS[d].0 * sin + BEARINGS[d].1 * cos < -1e-9);
        // Nothing rises above what is infinite: so nobody looks there.
        let blind = behind.map(|behind| if behind { f64::INFINITY } else { 0.0 });
        let Horizon { slopes } = self.look(at, least_slope.max(LEAST_SLOPE), blind);
        Horizon { slopes: std::array::from_fn(|d| if behind[d] { 0.0 } else { slopes[d] }) }
    }

    /// A point's horizon from what is known of it.
    fn look(&self, at: [f64; 3], least_slope: f64, slopes: [f64; DIRECTIONS]) -> Horizon {
        if !at.iter().all(|value| value.is_finite()) {
            return Horizon::OPEN;
        }
        // A point far outside sees the grid as well from its limit: nothing of it shows.
        let here = |value: f64| (value / self.levels[0].side_m).floor().clamp(-1e6, 1e6) as i64;
        let cell = (here(at[0] - self.origin.x), here(at[1] - self.origin.y));
        let mut view = View { at: Coord { x: at[0], y: at[1] }, z: at[2], cell, least_slope, slopes };
        for (level, rings) in NEAR.iter().enumerate() {
            let centre = view.square(level);
            for ring in 0..=*rings {
                ring_about(centre, ring, |x, y| self.look_at(level, x, y, &mut view));
            }
        }
        let top = &self.levels[LEVELS - 1];
        for y in 0..top.rows {
            for x in 0..top.columns {
                self.look_at(LEVELS - 1, x, y, &mut view);
            }
        }
        Horizon { slopes: view.slopes.map(|slope| slope as f32) }
    }

    /// [`Self::horizon`] of many points, in parallel; the same for any number of threads.
    pub fn horizons(&self, points: &[[f64; 3]]) -> Vec<Horizon> {
        points.par_iter().map(|at| self.horizon(*at)).collect()
    }

    /// Looks at a square and, where it may show, at what is in it.
    fn look_at(&self, level: usize, x: i64, y: i64, view: &mut View) {
        let of = &self.levels[level];
        if x < 0 || y < 0 || x >= of.columns || y >= of.rows {
            return;
        }
        let square = (y * of.columns + x) as usize;
        let corner = Coord { x: self.origin.x + x as f64 * of.side_m, y: self.origin.y + y as f64 * of.side_m };
        if !view.may_see(of.tops[square], corner, of.side_m) {
            return;
        }
        if level == 0 {
            let walls = self.starts[square] as usize..self.starts[square + 1] as usize;
            self.walls[walls].iter().for_each(|wall| view.raise(wall));
            return;
        }
        for below in 0..FOLD * FOLD {
            let (x, y) = (x * FOLD + below % FOLD, y * FOLD + below / FOLD);
            let (column, row) = view.square(level - 1);
            // The near ones have been.
            if (x - column).abs().max((y - row).abs()) > NEAR[level - 1] {
                self.look_at(level - 1, x, y, view);
            }
        }
    }
}

/// Calls with every cell of the square ring about a cell, in a fixed order.
fn ring_about((x, y): (i64, i64), ring: i64, mut call: impl FnMut(i64, i64)) {
    if ring == 0 {
        return call(x, y);
    }
    for k in -ring..ring {
        call(x + k, y - ring);
        call(x + ring, y + k);
        call(x - k, y + ring);
        call(x - ring, y - k);
    }
}

/// The horizon as far as it has been seen.
struct View {
    at: Coord<f64>,
    z: f64,
    /// Column and row of the cell of the point.
    cell: (i64, i64),
    /// What rises less is not looked at.
    least_slope: f64,
    slopes: [f64; DIRECTIONS],
}

impl View {
    /// Column and row of the square of a level that holds the point.
    fn square(&self, level: usize) -> (i64, i64) {
        let fold = FOLD.pow(level as u32);
        (self.cell.0.div_euclid(fold), self.cell.1.div_euclid(fold))
    }

    /// Whether anything up to `top` in a square may rise above the horizon seen so far.
    fn may_see(&self, top: f64, corner: Coord<f64>, side: f64) -> bool {
        let rise = top - self.z;
        // To the nearest point of the square.
        let gap = |at: f64, low: f64| (low - at).max(at - low - side).max(0.0);
        let (dx, dy) = (gap(self.at.x, corner.x), gap(self.at.y, corner.y));
        let near_m2 = dx * dx + dy * dy;
        if rise <= 0.0 || rise * rise <= self.least_slope * self.least_slope * near_m2 {
            return false;
        }
        let to = Coord { x: corner.x + 0.5 * side - self.at.x, y: corner.y + 0.5 * side - self.at.y };
        let (radius_m, distance_m) = (side * FRAC_1_SQRT_2, (to.x * to.x + to.y * to.y).sqrt());
        if distance_m <= 2.0 * radius_m {
            return true;
        }
        // Half the angle that the circle about the square takes up: sin x = s lies below 1.05 s up to s = 0.5.
        let half = 1.05 * radius_m / distance_m;
        let (bearing, near_m) = (bearing(to), near_m2.sqrt());
        let mut seen = false;
        for_directions(bearing - half, bearing + half, |direction| seen |= self.slopes[direction] * near_m < rise);
        seen
    }

    /// Raises the horizon where the wall stands above it.
    fn raise(&mut self, wall: &Wall) {
        let rise = wall.top - self.z;
        if rise <= 0.0 {
            return;
        }
        let a = Coord { x: wall.from.x - self.at.x, y: wall.from.y - self.at.y };
        let b = Coord { x: wall.to.x - self.at.x, y: wall.to.y - self.at.y };
        let edge = Coord { x: b.x - a.x, y: b.y - a.y };
        // Twice the area of the triangle: distance of the wall's line times its length. None where the point hangs on it.
        let area = a.x * edge.y - a.y * edge.x;
        if area == 0.0 {
            return;
        }
        let (from, to) = (bearing(a), bearing(b));
        let (low, high) = (from.min(to), from.max(to));
        // The short way about, whatever side the seam of the angle lies on; all ways from right beside the wall.
        let (low, high) = match high - low {
            turn if (turn - PI).abs() < SURE => (0.0, TAU),
            turn if turn > PI => (high - TAU, low),
            _ => (low, high),
        };
        let slopes = &mut self.slopes;
        for_directions(low, high, |direction| {
            let (sin, cos) = BEARINGS[direction];
            let (left, right) = (sin * a.y - cos * a.x, sin * b.y - cos * b.x);
            let distance = area / (sin * edge.y - cos * edge.x);
            // A hair beyond its ends, so that no ray slips through between two walls.
            let hair = 1e-9 * (left.abs() + right.abs());
            if left.min(right) <= hair && left.max(right) >= -hair && distance > 0.0 {
                slopes[direction] = slopes[direction].max(rise / distance);
            }
        });
    }
}

/// How far [`bearing`] may be off, and more, rad.
const SURE: f64 = 1e-4;

/// Bearing of a vector, rad clockwise from north, to 1e-5 rad (M. Abramowitz, I. A. Stegun, "Handbook of Mathematical
/// Functions", 4.4.49): the library's takes several times as long, and where a wall ends is decided by signs alone.
fn bearing(of: Coord<f64>) -> f64 {
    let (x, y) = (of.x.abs(), of.y.abs());
    let t = x.min(y) / x.max(y).max(f64::MIN_POSITIVE);
    let s = t * t;
    let octant = t * (0.999_866 + s * (-0.330_299_5 + s * (0.180_141 + s * (-0.085_133 + s * 0.020_835_1))));
    let quadrant = if x > y { 0.5 * PI - octant } else { octant };
    let half = if of.y < 0.0 { PI - quadrant } else { quadrant };
    if of.x < 0.0 { -half } else { half }
}

/// Calls with the directions from one bearing to another, rad, and those that lie beside them by [`SURE`].
fn for_directions(low: f64, high: f64, mut call: impl FnMut(usize)) {
    const PER_RAD: f64 = DIRECTIONS as f64 / TAU;
    // Above nought, so that cutting off the fraction is rounding down.
    let about = 2.0 * DIRECTIONS as f64;
    let first = ((low - SURE) * PER_RAD + about) as usize + 1;
    let last = (((high + SURE) * PER_RAD + about) as usize).min(first + DIRECTIONS - 1);
    let mut direction = first % DIRECTIONS;
    for _ in first..=last {
        call(direction);
        direction = if direction + 1 == DIRECTIONS { 0 } else { direction + 1 };
    }
}

#[cfg(test)]
mod tests;
