//! The walls of a city, and the horizon they make for any point.

use std::f64::consts::TAU;

use citytwin_model::{City, Coord, Volume};
use rayon::prelude::*;

use super::{DIRECTIONS, Horizon};

/// Least side of a cell, m, most cells along a side of the grid (beyond 65 km they grow), cells along the side of a block.
const CELL_M: f64 = 32.0;
const CELLS_MAX: f64 = 2048.0;
const BLOCK: usize = 8;
/// Cells so many rings about the point come first: what is near raises the horizon, and spares a look at what is far.
const NEAR: usize = 3;
/// What rises less than this is not looked at (1°): a house beyond half a kilometre.
pub const LEAST_SLOPE: f64 = 0.017_455;

/// Walls of all buildings on flat ground, in a grid of cells in a grid of blocks. A building is solid from the ground to
/// its flat top; a pitched roof stands for a flat one at half its height, since its ridge is higher and its eaves lower.
#[derive(Clone, Debug)]
pub struct Obstacles {
    origin: Coord<f64>,
    /// Side of a cell, m.
    cell_m: f64,
    /// Blocks along x and y.
    blocks: [usize; 2],
    /// Highest top in each block, then in each cell of a block.
    block_tops: Vec<f64>,
    cell_tops: Vec<f64>,
    /// Where the walls of each cell start, one more than cells.
    starts: Vec<u32>,
    walls: Vec<Wall>,
    highest: f64,
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
        let cell_m = CELL_M.max((far.x - origin.x).max(far.y - origin.y) / CELLS_MAX);
        let count = |from: f64, to: f64| ((to - from) / (cell_m * BLOCK as f64)) as usize + 1;
        let blocks = [count(origin.x, far.x), count(origin.y, far.y)];
        let mut of = Self {
            origin,
            cell_m,
            blocks,
            block_tops: vec![f64::NEG_INFINITY; blocks[0] * blocks[1]],
            cell_tops: vec![f64::NEG_INFINITY; blocks[0] * blocks[1] * BLOCK * BLOCK],
            starts: Vec::new(),
            walls: Vec::new(),
            highest: f64::NEG_INFINITY,
        };
        let mut pieces: Vec<(usize, Wall)> = walls.iter().flat_map(|wall| of.pieces(wall)).collect();
        pieces.sort_by_key(|(cell, _)| *cell);
        of.starts = vec![0; of.cell_tops.len() + 1];
        for (cell, piece) in &pieces {
            of.starts[cell + 1] += 1;
            of.cell_tops[*cell] = of.cell_tops[*cell].max(piece.top);
            let block = cell / (BLOCK * BLOCK);
            of.block_tops[block] = of.block_tops[block].max(piece.top);
            of.highest = of.highest.max(piece.top);
        }
        for cell in 0..of.cell_tops.len() {
            of.starts[cell + 1] += of.starts[cell];
        }
        of.walls = pieces.into_iter().map(|(_, piece)| piece).collect();
        of
    }

    /// Cuts a wall at the borders of cells.
    fn pieces(&self, wall: &Wall) -> Vec<(usize, Wall)> {
        let mut cuts = vec![0.0, 1.0];
        for (from, to, origin) in [(wall.from.x, wall.to.x, self.origin.x), (wall.from.y, wall.to.y, self.origin.y)] {
            let [a, b] = [(from - origin) / self.cell_m, (to - origin) / self.cell_m];
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
        let along = |value: f64, blocks: usize| ((value / self.cell_m) as usize).min(blocks * BLOCK - 1);
        let column = along(at.x - self.origin.x, self.blocks[0]);
        self.cell(column, along(at.y - self.origin.y, self.blocks[1]))
    }

    fn cell(&self, column: usize, row: usize) -> usize {
        let block = row / BLOCK * self.blocks[0] + column / BLOCK;
        block * BLOCK * BLOCK + row % BLOCK * BLOCK + column % BLOCK
    }

    /// The horizon of a point, metres east, north and above the ground.
    pub fn horizon(&self, at: [f64; 3]) -> Horizon {
        let mut view = View { at: Coord { x: at[0], y: at[1] }, z: at[2], slopes: [0.0; DIRECTIONS] };
        if !at.iter().all(|value| value.is_finite()) || self.highest <= at[2] {
            return Horizon::OPEN;
        }
        // A point far outside sees the grid as well from its limit: nothing of it shows.
        let here = |value: f64| (value / self.cell_m).floor().clamp(-1e6, 1e6) as i64;
        let (column, row) = (here(at[0] - self.origin.x), here(at[1] - self.origin.y));
        let near = |x: i64, y: i64| (x - column).abs().max((y - row).abs()) <= NEAR as i64;
        for ring in 0..=NEAR as i64 {
            ring_about(column, row, ring, |x, y| self.look_at_cell(x, y, &mut view));
        }
        // From the block of the point outward until even the highest building would not show.
        let reach_m = (self.highest - at[2]) / LEAST_SLOPE;
        let (across, along) = (column.div_euclid(BLOCK as i64), row.div_euclid(BLOCK as i64));
        let block_m = self.cell_m * BLOCK as f64;
        let rings = ((reach_m / block_m) as i64 + 1).min(self.furthest_block(across, along));
        for ring in 0..=rings {
            ring_about(across, along, ring, |x, y| {
                let Some(block) = self.block(x, y) else { return };
                let corner = Coord { x: self.origin.x + x as f64 * block_m, y: self.origin.y + y as f64 * block_m };
                if !view.may_see(self.block_tops[block], corner, block_m) {
                    return;
                }
                for k in 0..BLOCK * BLOCK {
                    let (x, y) = (x * BLOCK as i64 + (k % BLOCK) as i64, y * BLOCK as i64 + (k / BLOCK) as i64);
                    if !near(x, y) {
                        self.look_at_cell(x, y, &mut view);
                    }
                }
            });
        }
        Horizon { slopes: view.slopes.map(|slope| slope as f32) }
    }

    /// [`Self::horizon`] of many points, in parallel; the same for any number of threads.
    pub fn horizons(&self, points: &[[f64; 3]]) -> Vec<Horizon> {
        points.par_iter().map(|at| self.horizon(*at)).collect()
    }

    fn block(&self, x: i64, y: i64) -> Option<usize> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        (x < self.blocks[0] && y < self.blocks[1]).then(|| y * self.blocks[0] + x)
    }

    /// Rings of blocks to the furthest corner of the grid.
    fn furthest_block(&self, x: i64, y: i64) -> i64 {
        let far = |at: i64, blocks: usize| at.abs().max((blocks as i64 - at).abs());
        far(x, self.blocks[0]).max(far(y, self.blocks[1]))
    }

    fn look_at_cell(&self, x: i64, y: i64, view: &mut View) {
        let (Ok(column), Ok(row)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if column >= self.blocks[0] * BLOCK || row >= self.blocks[1] * BLOCK {
            return;
        }
        let cell = self.cell(column, row);
        let corner = Coord { x: self.origin.x + x as f64 * self.cell_m, y: self.origin.y + y as f64 * self.cell_m };
        if !view.may_see(self.cell_tops[cell], corner, self.cell_m) {
            return;
        }
        for wall in &self.walls[self.starts[cell] as usize..self.starts[cell + 1] as usize] {
            view.look_at(wall);
        }
    }
}

/// Calls with every cell of the square ring about a cell, in a fixed order.
fn ring_about(x: i64, y: i64, ring: i64, mut call: impl FnMut(i64, i64)) {
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
    slopes: [f64; DIRECTIONS],
}

impl View {
    /// Whether anything up to `top` in a square may rise above the horizon seen so far.
    fn may_see(&self, top: f64, corner: Coord<f64>, side: f64) -> bool {
        let rise = top - self.z;
        // To the nearest point of the square.
        let gap = |at: f64, low: f64| (low - at).max(at - low - side).max(0.0);
        let (dx, dy) = (gap(self.at.x, corner.x), gap(self.at.y, corner.y));
        let near_m = dx.hypot(dy);
        if rise <= LEAST_SLOPE * near_m {
            return false;
        }
        if near_m <= 0.0 {
            return true;
        }
        let (to_x, to_y) = (corner.x + 0.5 * side - self.at.x, corner.y + 0.5 * side - self.at.y);
        let distance = to_x.hypot(to_y);
        // Half the angle that the circle about the square takes up; all of them from within.
        let half = if distance > side { (side * std::f64::consts::FRAC_1_SQRT_2 / distance).asin() } else { TAU };
        let bearing = to_x.atan2(to_y);
        directions(bearing - half, bearing + half).any(|direction| self.slopes[direction] * near_m < rise)
    }

    /// Raises the horizon where the wall stands above it.
    fn look_at(&mut self, wall: &Wall) {
        let rise = wall.top - self.z;
        if rise <= 0.0 {
            return;
        }
        let a = Coord { x: wall.from.x - self.at.x, y: wall.from.y - self.at.y };
        let b = Coord { x: wall.to.x - self.at.x, y: wall.to.y - self.at.y };
        let edge = Coord { x: b.x - a.x, y: b.y - a.y };
        // Twice the area of the triangle: distance of the wall's line times its length. None where the point hangs on the wall.
        let area = a.x * edge.y - a.y * edge.x;
        if area == 0.0 {
            return;
        }
        let [from, to] = [a.x.atan2(a.y), b.x.atan2(b.y)];
        // The short way about, whatever side the seam of the angle lies on.
        let turn = (to - from + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
        let (low, high) = if turn < 0.0 { (from + turn, from) } else { (from, from + turn) };
        for direction in directions(low, high) {
            let (sin, cos) = BEARINGS[direction];
            let across = sin * edge.y - cos * edge.x;
            let distance = area / across;
            if distance > 0.0 {
                self.slopes[direction] = self.slopes[direction].max(rise / distance);
            }
        }
    }
}

/// Directions from one bearing to another, both included, rad clockwise from north.
fn directions(low: f64, high: f64) -> impl Iterator<Item = usize> {
    let step = TAU / DIRECTIONS as f64;
    // The angles come of a library function, good to the last digits: a hair more, so that no direction falls between walls.
    let hair = 1e-9;
    let first = ((low - hair) / step).ceil() as i64;
    let last = (((high + hair) / step).floor() as i64).min(first + DIRECTIONS as i64 - 1);
    (first..=last).map(|direction| direction.rem_euclid(DIRECTIONS as i64) as usize)
}

/// Sine and cosine of each direction.
static BEARINGS: std::sync::LazyLock<[(f64, f64); DIRECTIONS]> =
    std::sync::LazyLock::new(|| std::array::from_fn(|d| Horizon::azimuth_deg(d).to_radians().sin_cos()));

#[cfg(test)]
mod tests;
