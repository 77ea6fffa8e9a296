//! Sparse LU with rows exchanged (faer): slower than [`super::block_lu`], for the matrices whose diagonal blocks vanish while
//! they are eliminated, as at a series capacitor that cancels the reactance beside it.

use faer::{
    Conj, MatMut, Par,
    dyn_stack::{MemBuffer, MemStack},
    sparse::{
        SparseColMat, Triplet,
        linalg::{
            SupernodalThreshold,
            lu::{LuSymbolicParams, NumericLu, factorize_symbolic_lu},
        },
    },
};

use super::block_lu::{Block, Pattern};

/// Solves one system in place, `rhs` by node. False where there is no sound solution. One thread and no supernodes: the same
/// bytes wherever it runs.
pub fn solve(pattern: &Pattern, values: &[Block], rhs: &mut [[f64; 2]]) -> bool {
    let entry = |row: usize, at: usize| {
        let (column, block) = (2 * pattern.columns[at] as usize, values[at]);
        (0..4).map(move |k| Triplet::new(2 * row + k / 2, column + k % 2, block[k]))
    };
    let entries: Vec<Triplet<usize, usize, f64>> = (0..pattern.nodes())
        .flat_map(|row| pattern.row(row).flat_map(move |at| entry(row, at)))
        .filter(|entry| entry.val != 0.0)
        .collect();
    let size = 2 * pattern.nodes();
    let Ok(matrix) = SparseColMat::<usize, f64>::try_new_from_triplets(size, size, &entries) else { return false };
    let plain = SupernodalThreshold::FORCE_SIMPLICIAL;
    let parameters = LuSymbolicParams { supernodal_flop_ratio_threshold: plain, ..LuSymbolicParams::default() };
    let Ok(symbolic) = factorize_symbolic_lu(matrix.symbolic(), parameters) else { return false };
    let need = symbolic.factorize_numeric_lu_scratch::<f64>(Par::Seq, Default::default());
    let mut memory = MemBuffer::new(need.or(symbolic.solve_in_place_scratch::<f64>(1, Par::Seq)));
    let mut numeric = NumericLu::new();
    let stack = MemStack::new(&mut memory);
    let factors = symbolic.factorize_numeric_lu(&mut numeric, matrix.as_ref(), Par::Seq, stack, Default::default());
    let Ok(factors) = factors else { return false };
    let column = MatMut::from_column_major_slice_mut(rhs.as_flattened_mut(), size, 1);
    factors.solve_in_place_with_conj(Conj::No, column, Par::Seq, MemStack::new(&mut memory));
    rhs.iter().flatten().all(|x| x.is_finite())
}
