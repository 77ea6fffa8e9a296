//! Sparse LU of matrices whose entries are 2 × 2 blocks in a symmetric pattern: the Jacobian of a load flow.
//!
//! The pattern is analysed once (approximate minimum degree ordering by faer, then the fill), the numbers as
//! often as the Newton iteration asks. Pivots are inverted within their block and never exchanged: the
//! blocks of a load flow's Jacobian are dominated by their diagonal. A pivot that vanishes is told: then
//! [`super::pivoted_lu`] is the way.

use faer::{
    dyn_stack::{MemBuffer, MemStack},
    sparse::{SymbolicSparseColMatRef, linalg::amd},
};

/// A 2 × 2 block by rows.
pub type Block = [f64; 4];

/// A pattern with both (i, j) and (j, i) or neither; columns ascend within a row, the diagonal is in it.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub starts: Vec<u32>,
    pub columns: Vec<u32>,
}

impl Pattern {
    /// From edges between different nodes, in any order and number.
    pub fn new(nodes: usize, edges: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; nodes + 1];
        for (a, b) in edges.clone().filter(|(a, b)| a != b) {
            starts[a as usize + 1] += 1;
            starts[b as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node] + 1;
        }
        let mut at: Vec<u32> = starts[..nodes].to_vec();
        let mut columns = vec![0; starts[nodes] as usize];
        let mut put = |row: u32, column: u32| {
            columns[at[row as usize] as usize] = column;
            at[row as usize] += 1;
        };
        (0..nodes as u32).for_each(|node| put(node, node));
        for (a, b) in edges.filter(|(a, b)| a != b) {
            put(a, b);
            put(b, a);
        }
        Self::unique(&starts, &mut columns)
    }

    fn unique(starts: &[u32], columns: &mut [u32]) -> Self {
        let mut result = Self { starts: vec![0], columns: Vec::with_capacity(columns.len()) };
        for pair in starts.windows(2) {
            let row = &mut columns[pair[0] as usize..pair[1] as usize];
            row.sort_unstable();
            let begin = result.columns.len();
            for &column in row.iter() {
                if result.columns.len() == begin || result.columns.last() != Some(&column) {
                    result.columns.push(column);
                }
            }
            result.starts.push(result.columns.len() as u32);
        }
        result
    }

    pub fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn row(&self, row: usize) -> std::ops::Range<usize> {
        self.starts[row] as usize..self.starts[row + 1] as usize
    }

    /// Where (row, column) stands, if it is in the pattern.
    pub fn find(&self, row: u32, column: u32) -> Option<usize> {
        let range = self.row(row as usize);
        self.columns[range.clone()].binary_search(&column).ok().map(|at| range.start + at)
    }
}

/// The block of this node cannot be inverted, or is what rounding left of a cancellation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weak(pub u32);

/// A pivot this much smaller than its row was before the elimination has lost as many digits.
const WEAK: f64 = 1e-9;

/// The analysed pattern and the last factors.
#[derive(Clone, Debug)]
pub struct BlockLu {
    /// Per position of the elimination its node, and back.
    node_at: Vec<u32>,
    /// Per position the rows' entries: columns below the diagonal (L), then above (U), as positions.
    lower: Pattern,
    upper: Pattern,
    /// Per entry of A in order of positions: target column; and where in A's values it stands.
    scatter_starts: Vec<u32>,
    scatter: Vec<(u32, u32)>,
    l: Vec<Block>,
    u: Vec<Block>,
    inverse: Vec<Block>,
    work: Vec<Block>,
    solution: Vec<[f64; 2]>,
}

impl BlockLu {
    pub fn new(pattern: &Pattern) -> Self {
        let node_at = minimum_degree(pattern);
        let mut position = vec![0_u32; node_at.len()];
        for (at, &node) in node_at.iter().enumerate() {
            position[node as usize] = at as u32;
        }
        let (mut scatter_starts, mut scatter) = (vec![0], Vec::with_capacity(pattern.columns.len()));
        for &node in &node_at {
            let row = pattern.row(node as usize);
            scatter.extend(row.map(|at| (position[pattern.columns[at] as usize], at as u32)));
            scatter_starts.push(scatter.len() as u32);
        }
        let (lower, upper) = fill(&scatter_starts, &scatter);
        let (l, u) = (vec![[0.0; 4]; lower.columns.len()], vec![[0.0; 4]; upper.columns.len()]);
        let n = node_at.len();
        let (inverse, work, solution) = (vec![[0.0; 4]; n], vec![[0.0; 4]; n], vec![[0.0; 2]; n]);
        Self { node_at, lower, upper, scatter_starts, scatter, l, u, inverse, work, solution }
    }

    /// Factorises `values`, which stand as the pattern's columns do.
    pub fn factorise(&mut self, values: &[Block]) -> Result<(), Weak> {
        for row in 0..self.node_at.len() {
            for at in self.lower.row(row) {
                self.work[self.lower.columns[at] as usize] = [0.0; 4];
            }
            for at in self.upper.row(row) {
                self.work[self.upper.columns[at] as usize] = [0.0; 4];
            }
            self.work[row] = [0.0; 4];
            let entries = self.scatter_starts[row] as usize..self.scatter_starts[row + 1] as usize;
            let mut size = 0.0_f64;
            for &(column, at) in &self.scatter[entries] {
                let block = values[at as usize];
                size = block.iter().fold(size, |size, x| size.max(x.abs()));
                self.work[column as usize] = block;
            }
            self.eliminate(row);
            let pivot = self.work[row];
            let left = pivot.iter().fold(0.0_f64, |size, x| size.max(x.abs()));
            let sound = if left > WEAK * size { inverse(pivot) } else { None };
            self.inverse[row] = sound.ok_or(Weak(self.node_at[row]))?;
            for at in self.upper.row(row) {
                self.u[at] = self.work[self.upper.columns[at] as usize];
            }
        }
        Ok(())
    }

    fn eliminate(&mut self, row: usize) {
        for at in self.lower.row(row) {
            let pivot = self.lower.columns[at] as usize;
            let factor = product(self.work[pivot], self.inverse[pivot]);
            self.l[at] = factor;
            let range = self.upper.row(pivot);
            for (&column, &u) in self.upper.columns[range.clone()].iter().zip(&self.u[range]) {
                let target = &mut self.work[column as usize];
                let step = product(factor, u);
                for k in 0..4 {
                    target[k] -= step[k];
                }
            }
        }
    }

    /// Solves in place; `rhs` by node.
    pub fn solve(&mut self, rhs: &mut [[f64; 2]]) {
        for row in 0..self.node_at.len() {
            let mut sum = rhs[self.node_at[row] as usize];
            for at in self.lower.row(row) {
                subtract(&mut sum, &self.l[at], self.solution[self.lower.columns[at] as usize]);
            }
            self.solution[row] = sum;
        }
        for row in (0..self.node_at.len()).rev() {
            let mut sum = self.solution[row];
            for at in self.upper.row(row) {
                subtract(&mut sum, &self.u[at], self.solution[self.upper.columns[at] as usize]);
            }
            let m = &self.inverse[row];
            self.solution[row] = [m[0] * sum[0] + m[1] * sum[1], m[2] * sum[0] + m[3] * sum[1]];
            rhs[self.node_at[row] as usize] = self.solution[row];
        }
    }
}

fn product(a: Block, b: Block) -> Block {
    [a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]]
}

fn subtract(sum: &mut [f64; 2], m: &Block, x: [f64; 2]) {
    sum[0] -= m[0] * x[0] + m[1] * x[1];
    sum[1] -= m[2] * x[0] + m[3] * x[1];
}

/// None where the determinant drowns in rounding.
fn inverse(m: Block) -> Option<Block> {
    let determinant = m[0] * m[3] - m[1] * m[2];
    let size = (m[0] * m[3]).abs() + (m[1] * m[2]).abs();
    let sound = determinant.is_finite() && determinant.abs() > 1e-15 * size;
    sound.then(|| [m[3], -m[1], -m[2], m[0]].map(|x| x / determinant))
}

/// Order of elimination: per position its node. Falls back to the given order where faer refuses.
pub(super) fn minimum_degree(pattern: &Pattern) -> Vec<u32> {
    let n = pattern.nodes();
    let starts: Vec<usize> = pattern.starts.iter().map(|&x| x as usize).collect();
    let columns: Vec<usize> = pattern.columns.iter().map(|&x| x as usize).collect();
    let matrix = SymbolicSparseColMatRef::new_checked(n, n, &starts, None, &columns);
    let (mut forward, mut back) = (vec![0_usize; n], vec![0_usize; n]);
    let mut memory = MemBuffer::new(amd::order_scratch::<usize>(n, columns.len()));
    let ordered =
        amd::order(&mut forward, &mut back, matrix, amd::Control::default(), MemStack::new(&mut memory)).is_ok();
    if ordered { forward.into_iter().map(|x| x as u32).collect() } else { (0..n as u32).collect() }
}

/// Patterns of L and U by rows. The pattern is symmetric, so row i of L is column i of U, and the entries of row
/// i are what the elimination tree reaches from row i of A (Liu 1990, SIAM J. Matrix Anal. Appl. 11(1)).
pub(super) fn fill(starts: &[u32], scatter: &[(u32, u32)]) -> (Pattern, Pattern) {
    let n = starts.len() - 1;
    let (mut parent, mut mark) = (vec![u32::MAX; n], vec![u32::MAX; n]);
    let mut lower = Pattern { starts: vec![0], columns: Vec::new() };
    let mut counts = vec![0_u32; n];
    for row in 0..n as u32 {
        mark[row as usize] = row;
        let begin = lower.columns.len();
        for &(column, _) in &scatter[starts[row as usize] as usize..starts[row as usize + 1] as usize] {
            let mut at = column;
            while at < row && mark[at as usize] != row {
                mark[at as usize] = row;
                lower.columns.push(at);
                counts[at as usize] += 1;
                if parent[at as usize] == u32::MAX {
                    parent[at as usize] = row;
                }
                at = parent[at as usize];
            }
        }
        lower.columns[begin..].sort_unstable();
        lower.starts.push(lower.columns.len() as u32);
    }
    let mut upper = Pattern { starts: vec![0], columns: vec![0; lower.columns.len()] };
    for (node, count) in counts.iter().enumerate() {
        upper.starts.push(upper.starts[node] + count);
    }
    let mut at: Vec<u32> = upper.starts[..n].to_vec();
    for row in 0..n {
        for entry in lower.row(row) {
            let column = lower.columns[entry] as usize;
            upper.columns[at[column] as usize] = row as u32;
            at[column] += 1;
        }
    }
    (lower, upper)
}
