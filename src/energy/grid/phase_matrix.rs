//! 3 × 3 matrices over phases a, b, c.

use faer::c64;

const ZERO: c64 = c64::new(0.0, 0.0);

/// A 3 × 3 matrix over phases a, b, c.
pub type Three = [[c64; 3]; 3];
/// Phase a leads b by 120° and c by 240°.
pub fn turn(phase: usize) -> c64 {
    c64::from_polar(1.0, -(phase as f64) * std::f64::consts::TAU / 3.0)
}

/// The phase matrix of zero, positive and negative sequence (Fortescue 1918, Trans. AIEE 37(2)): element (i, j) is
/// `Σ_s y_s e^{j s (θ_i − θ_j)} / 3`.
pub fn circulant(zero: c64, positive: c64, negative: c64) -> Three {
    let of = |i: usize, j: usize| {
        let turned = turn(i) * turn(j).conj();
        (zero + positive * turned + negative * turned.conj()) / 3.0
    };
    std::array::from_fn(|i| std::array::from_fn(|j| of(i, j)))
}

pub fn add(a: &mut Three, b: &Three) {
    a.iter_mut().flatten().zip(b.iter().flatten()).for_each(|(a, b)| *a += b);
}

pub fn product(a: &Three, b: &Three) -> Three {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// The inverse over the phases that there are, nought elsewhere.
pub fn inverse_over(m: &Three, phases: [bool; 3]) -> Three {
    let part = |m: &Three, own: c64| -> Three {
        std::array::from_fn(|i| {
            std::array::from_fn(|j| match (phases[i] && phases[j], i == j) {
                (true, _) => m[i][j],
                (false, true) => own,
                (false, false) => ZERO,
            })
        })
    };
    part(&inverse(&part(m, c64::new(1.0, 0.0))), ZERO)
}

/// By cofactors; impedance matrices of lines are far from singular.
pub fn inverse(m: &Three) -> Three {
    let minor = |i: usize, j: usize| {
        let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
        m[a][c] * m[b][d] - m[a][d] * m[b][c]
    };
    let determinant = (0..3).map(|j| m[0][j] * minor(0, j)).sum::<c64>();
    std::array::from_fn(|i| std::array::from_fn(|j| minor(j, i) / determinant))
}
