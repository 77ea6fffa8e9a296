//! Trips inside the town: doubly constrained gravity between zones, both ways of the day.

use rayon::prelude::*;

use super::{
    Flow,
    rates::{self, MobilityRates, Profile},
    zones::{Side, Zones, running_sum},
};

/// Where trips of a flow go, cumulative weights by zone.
pub enum Destinations {
    /// The same wherever they start.
    Shared(Vec<f32>),
    /// One row per origin zone.
    ByOrigin(Vec<Vec<f32>>),
}

impl Destinations {
    pub fn row(&self, origin: usize) -> &[f32] {
        match self {
            Self::Shared(row) => row,
            Self::ByOrigin(rows) => rows.get(origin).map_or(&[], Vec::as_slice),
        }
    }
}

/// Rounds of balancing rows and columns (Furness 1965): for these well-filled matrices the margins then meet
/// within a thousandth, below what a day's random draw can show.
const ROUNDS: usize = 30;

/// To work and back, to all else and back.
pub fn inside_flows(zones: &Zones, daily: f64, _rates: &MobilityRates) -> Vec<Flow> {
    let work = balanced(zones, Side::Work, rates::DETERRENCE_WORK_PER_KM);
    let other = balanced(zones, Side::Visit, rates::DETERRENCE_OTHER_PER_KM);
    let mut flows = Vec::new();
    let mut add = |matrix: &[Vec<f64>], share: f64, side: Side, profiles: [Profile; 2]| {
        let back = transposed(matrix);
        let half = 0.5 * share * daily;
        flows.push(flow(matrix, half, profiles[0], Side::Home, side));
        flows.push(flow(&back, half, profiles[1], side, Side::Home));
    };
    add(&work, rates::WORK_SHARE, Side::Work, [Profile::ToWork, Profile::FromWork]);
    add(&other, 1.0 - rates::WORK_SHARE, Side::Visit, [Profile::ToOther, Profile::FromOther]);
    flows
}

fn flow(matrix: &[Vec<f64>], daily: f64, profile: Profile, from: Side, to: Side) -> Flow {
    Flow {
        daily,
        profile,
        from,
        to,
        origins: running_sum(matrix.iter().map(|row| row.iter().sum::<f64>() as f32)),
        destinations: Destinations::ByOrigin(
            matrix.par_iter().map(|row| running_sum(row.iter().map(|t| *t as f32))).collect(),
        ),
    }
}

fn transposed(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..matrix.len()).map(|c| matrix.iter().map(|row| row[c]).collect()).collect()
}

/// T_ij = a_i·b_j·exp(−β·d_ij) with Σ_j T_ij = homes_i and Σ_i T_ij ∝ attraction_j (Wilson 1967).
fn balanced(zones: &Zones, side: Side, deterrence_per_km: f64) -> Vec<Vec<f64>> {
    let count = zones.len();
    let homes: Vec<f64> = (0..count).map(|z| zones.weight(z, Side::Home)).collect();
    let drawn: Vec<f64> = (0..count).map(|z| zones.weight(z, side)).collect();
    let scale = homes.iter().sum::<f64>() / drawn.iter().sum::<f64>();
    if !(scale.is_finite() && scale > 0.0) {
        return vec![vec![0.0; count]; count];
    }
    let reluctance: Vec<Vec<f64>> = (0..count)
        .into_par_iter()
        .map(|i| (0..count).map(|j| (-deterrence_per_km * distance_km(zones, i, j)).exp()).collect())
        .collect();
    let mut b = vec![1.0; count];
    let mut a = vec![0.0; count];
    for _ in 0..ROUNDS {
        a = (0..count)
            .into_par_iter()
            .map(|i| homes[i] / dot(&reluctance[i], |j| b[j] * drawn[j]).max(f64::MIN_POSITIVE))
            .collect();
        // The reluctance is symmetric: a column is a row.
        b = (0..count).into_par_iter().map(|j| scale / dot(&reluctance[j], |i| a[i]).max(f64::MIN_POSITIVE)).collect();
    }
    reluctance
        .into_par_iter()
        .enumerate()
        .map(|(i, row)| row.into_iter().enumerate().map(|(j, r)| a[i] * b[j] * drawn[j] * r).collect())
        .collect()
}

fn dot(row: &[f64], factor: impl Fn(usize) -> f64) -> f64 {
    row.iter().enumerate().map(|(k, r)| r * factor(k)).sum()
}

fn distance_km(zones: &Zones, i: usize, j: usize) -> f64 {
    let (p, q) = (zones.centres[i], zones.centres[j]);
    let between = (p[0] - q[0]).hypot(p[1] - q[1]);
    between.max(rates::INTRAZONAL_WIDTHS * zones.cell_m) / 1000.0
}
