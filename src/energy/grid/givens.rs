//! Sparse linear least squares by Givens rotations, a row of the matrix at a time (George and Heath 1980, Linear Algebra
//! and its Applications 34), the orthogonal method that state estimation takes where exact and vague rows stand together
//! (Simões-Costa and Quintana 1981, IEEE Trans. PAS-100(8)): the normal equations would square their spread.
//!
//! Unknowns come in pairs, two per node. The pattern is analysed once, the numbers as often as wanted.

use super::block_lu::{Pattern, fill, minimum_degree};

/// Rows of a sparse matrix over unknowns (node k: 2 k and 2 k + 1).
#[derive(Clone, Default, Debug)]
pub struct Rows {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    pub rhs: Vec<f64>,
    open: Vec<(u32, f64)>,
}

impl Rows {
    pub fn clear(&mut self) {
        self.starts.clear();
        self.starts.push(0);
        self.columns.clear();
        self.values.clear();
        self.rhs.clear();
    }

    /// Adds to a column of the row that is open.
    pub fn put(&mut self, column: usize, value: f64) {
        self.open.push((column as u32, value));
    }

    /// Closes the row.
    pub fn end(&mut self, rhs: f64) {
        self.open.sort_by_key(|(column, _)| *column);
        let begin = self.columns.len();
        for (column, value) in self.open.drain(..) {
            match self.values.last_mut() {
                Some(last) if self.columns.len() > begin && self.columns.last() == Some(&column) => *last += value,
                _ => {
                    self.columns.push(column);
                    self.values.push(value);
                }
            }
        }
        self.starts.push(self.columns.len());
        self.rhs.push(rhs);
    }

    pub fn len(&self) -> usize {
        self.rhs.len()
    }

    fn of(&self, row: usize) -> impl Iterator<Item = (u32, f64)> {
        let range = self.starts[row]..self.starts[row + 1];
        self.columns[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }
}

/// An unknown that the rows do not determine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Undetermined(pub u32);

/// The triangular factor R of `A = Q R` and `Qᵀ b`.
#[derive(Clone, Debug)]
pub struct LeastSquares {
    node_at: Vec<u32>,
    /// Per node its place in the order of elimination.
    place: Vec<u32>,
    /// Places that follow in the rows of R, by place.
    upper: Pattern,
    /// Where the first row of a place begins in `r`; both rows are as wide, `2 + 2 · upper`.
    begin: Vec<usize>,
    r: Vec<f64>,
    rhs: Vec<f64>,
    filled: Vec<bool>,
    /// Order in which rows are rotated in: those that end early first, which keeps the work near the diagonal.
    order: Vec<u32>,
}

/// Which share of a column's length must be left after the columns before it.
const RANK: f64 = 1e-13;

impl LeastSquares {
    /// Analyses the pattern of `rows` over `nodes` pairs of unknowns.
    pub fn new(nodes: usize, rows: &Rows) -> Self {
        let pattern = neighbours(nodes, rows);
        let node_at = minimum_degree(&pattern);
        let mut place = vec![0_u32; nodes];
        node_at.iter().enumerate().for_each(|(at, &node)| place[node as usize] = at as u32);
        let (mut starts, mut scatter) = (vec![0], Vec::with_capacity(pattern.columns.len()));
        for &node in &node_at {
            scatter.extend(pattern.row(node as usize).map(|at| (place[pattern.columns[at] as usize], 0)));
            starts.push(scatter.len() as u32);
        }
        let (_, upper) = fill(&starts, &scatter);
        let mut begin = vec![0];
        for at in 0..nodes {
            begin.push(begin[at] + 2 * (2 + 2 * upper.row(at).len()));
        }
        let last = |row: usize| rows.of(row).map(|(column, _)| place[column as usize / 2]).max().unwrap_or(0);
        let mut order: Vec<(u32, u32)> = (0..rows.len()).map(|row| (last(row), row as u32)).collect();
        order.sort_unstable();
        Self {
            r: vec![0.0; begin[nodes]],
            rhs: vec![0.0; 2 * nodes],
            filled: vec![false; 2 * nodes],
            order: order.into_iter().map(|(_, row)| row).collect(),
            node_at,
            place,
            upper,
            begin,
        }
    }

    /// Factorises rows of the pattern that was analysed; what they do not determine is told.
    pub fn factorise(&mut self, rows: &Rows) -> Result<(), Undetermined> {
        self.r.fill(0.0);
        self.rhs.fill(0.0);
        self.filled.fill(false);
        let mut work = vec![0.0; self.rhs.len()];
        let mut lengths = vec![0.0; self.rhs.len()];
        for at in 0..self.order.len() {
            let row = self.order[at] as usize;
            let Some(first) = self.scatter(rows, row, &mut work) else { continue };
            rows.of(row).for_each(|(column, value)| lengths[self.unknown(column)] += value * value);
            self.rotate_in(first, &mut work, rows.rhs[row]);
        }
        let weak = |at: &usize| {
            let own = self.r[self.diagonal(*at)].abs();
            // Written so that what is no number is weak too.
            !(self.filled[*at] && own > RANK * lengths[*at].sqrt())
        };
        let weak = (0..self.rhs.len()).find(weak);
        weak.map_or(Ok(()), |at| Err(Undetermined(2 * self.node_at[at / 2] + at as u32 % 2)))
    }

    fn unknown(&self, column: u32) -> usize {
        2 * self.place[column as usize / 2] as usize + column as usize % 2
    }

    fn diagonal(&self, at: usize) -> usize {
        let (place, second) = (at / 2, at % 2);
        self.begin[place] + second * (self.width(place) + 1)
    }

    fn width(&self, place: usize) -> usize {
        2 + 2 * self.upper.row(place).len()
    }

    /// Puts a row into the work vector; its first place.
    fn scatter(&self, rows: &Rows, row: usize, work: &mut [f64]) -> Option<usize> {
        let mut first = None;
        for (column, value) in rows.of(row) {
            let at = self.unknown(column);
            work[at] = value;
            first = Some(first.map_or(at / 2, |first: usize| first.min(at / 2)));
        }
        first
    }

    /// The place after this one on the way to the root of the elimination tree.
    fn next(&self, place: usize) -> Option<usize> {
        let range = self.upper.row(place);
        (!range.is_empty()).then(|| self.upper.columns[range.start] as usize)
    }

    /// Rotates the work vector's row into R from its first place on; the vector is nought afterwards.
    fn rotate_in(&mut self, first: usize, work: &mut [f64], mut rhs: f64) {
        let mut at = Some(first);
        while let Some(place) = at {
            let (width, follow) = (self.width(place), self.upper.row(place));
            for second in 0..2 {
                let unknown = 2 * place + second;
                if work[unknown] == 0.0 {
                    continue;
                }
                let begin = self.begin[place] + second * width;
                let row = &mut self.r[begin..begin + width];
                rotate((row, &mut self.rhs[unknown]), (work, &mut rhs), unknown, &self.upper.columns[follow.clone()]);
                if !self.filled[unknown] {
                    // Into an empty row the whole goes, and nothing is left to rotate but signed noughts.
                    self.filled[unknown] = true;
                    self.wipe(place, work);
                    return;
                }
            }
            at = self.next(place);
        }
    }

    fn wipe(&self, place: usize, work: &mut [f64]) {
        work[2 * place] = 0.0;
        work[2 * place + 1] = 0.0;
        for at in self.upper.row(place) {
            let column = 2 * self.upper.columns[at] as usize;
            work[column] = 0.0;
            work[column + 1] = 0.0;
        }
    }

    /// The unknowns, by node.
    pub fn solve(&self) -> Vec<[f64; 2]> {
        let mut x = self.rhs.clone();
        for place in (0..self.node_at.len()).rev() {
            for second in [1, 0] {
                let width = self.width(place);
                let begin = self.begin[place] + second * width;
                let row = &self.r[begin..begin + width];
                let mut sum = x[2 * place + second];
                if second == 0 {
                    sum -= row[1] * x[2 * place + 1];
                }
                for (pair, &column) in row[2..].chunks_exact(2).zip(&self.upper.columns[self.upper.row(place)]) {
                    sum -= pair[0] * x[2 * column as usize] + pair[1] * x[2 * column as usize + 1];
                }
                x[2 * place + second] = sum / row[second];
            }
        }
        self.place.iter().map(|&place| [x[2 * place as usize], x[2 * place as usize + 1]]).collect()
    }

    /// A vector of unknowns for [`Self::variance`], used again and again.
    pub fn scratch(&self) -> Vec<f64> {
        vec![0.0; self.rhs.len()]
    }

    /// `a (AᵀA)⁻¹ aᵀ` of a row a of the matrix: the variance of the estimate of what the row measures, in units of its own.
    pub fn variance_of_row(&self, rows: &Rows, row: usize, work: &mut [f64]) -> f64 {
        self.scatter(rows, row, work).map_or(0.0, |first| self.variance(first, work))
    }

    /// The variance of one unknown.
    pub fn variance_of(&self, node: usize, second: usize, work: &mut [f64]) -> f64 {
        let place = self.place[node] as usize;
        work[2 * place + second] = 1.0;
        self.variance(place, work)
    }

    /// Length squared of `R⁻ᵀ a`, along a's way through the elimination tree; the work vector is nought afterwards.
    fn variance(&self, first: usize, work: &mut [f64]) -> f64 {
        let (mut sum, mut at) = (0.0, Some(first));
        while let Some(place) = at {
            let width = self.width(place);
            for second in 0..2 {
                let row = &self.r[self.begin[place] + second * width..][..width];
                let y = work[2 * place + second] / row[second];
                work[2 * place + second] = 0.0;
                if y == 0.0 {
                    continue;
                }
                sum += y * y;
                if second == 0 {
                    work[2 * place + 1] -= row[1] * y;
                }
                for (pair, &column) in row[2..].chunks_exact(2).zip(&self.upper.columns[self.upper.row(place)]) {
                    work[2 * column as usize] -= pair[0] * y;
                    work[2 * column as usize + 1] -= pair[1] * y;
                }
            }
            at = self.next(place);
        }
        sum
    }
}

/// Nodes that share a row: every row joins all its nodes.
fn neighbours(nodes: usize, rows: &Rows) -> Pattern {
    let mut edges = Vec::new();
    for row in 0..rows.len() {
        let mut own: Vec<u32> = rows.of(row).map(|(column, _)| column / 2).collect();
        own.dedup();
        for (at, &a) in own.iter().enumerate() {
            edges.extend(own[at + 1..].iter().map(|&b| (a, b)));
        }
    }
    edges.sort_unstable();
    edges.dedup();
    Pattern::new(nodes, edges.iter().copied())
}

/// One rotation of a row of R, from its place on, with the work vector's row, so that the latter's entry at `unknown` is nought.
fn rotate((row, own_rhs): (&mut [f64], &mut f64), (work, rhs): (&mut [f64], &mut f64), unknown: usize, follow: &[u32]) {
    let second = unknown % 2;
    let size = row[second].hypot(work[unknown]);
    let (c, s) = (row[second] / size, work[unknown] / size);
    let turn = |mine: &mut f64, other: &mut f64| {
        let (a, b) = (*mine, *other);
        *mine = c * a + s * b;
        *other = c * b - s * a;
    };
    turn(own_rhs, rhs);
    row[second] = size;
    work[unknown] = 0.0;
    if second == 0 {
        turn(&mut row[1], &mut work[unknown + 1]);
    }
    for (pair, &column) in row[2..].chunks_exact_mut(2).zip(follow) {
        let other = &mut work[2 * column as usize..2 * column as usize + 2];
        turn(&mut pair[0], &mut other[0]);
        turn(&mut pair[1], &mut other[1]);
    }
}
