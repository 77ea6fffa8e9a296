//! What households have: a country's incomes by tenths, lognormal between their bounds, and who gets which of them.
//!
//! The bounds give the shape alone (they are incomes per person or equivalised); the level is the mean income of a household.
//! Nothing says which household lives where: each gets one by a hash of its building and its number, whatever its energy costs.

use serde::Serialize;

/// Upper bounds of the first nine tenths, in any unit.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct IncomeBounds {
    pub country: String,
    /// What the bounds are of: `equivalised`, `person`, `household`.
    pub basis: String,
    pub bounds: [f64; 9],
    pub year: u16,
    pub source: String,
}

/// Equally likely incomes of households, ascending, € a year.
#[derive(Clone, PartialEq, Debug)]
pub struct Incomes {
    eur: Vec<f64>,
}

/// Incomes told apart: a power of two, so that the upper bits of a hash choose one.
const STEPS_LOG2: u32 = 16;
const STEPS: usize = 1 << STEPS_LOG2;
/// Standard normal quantiles of 0.1 … 0.9.
const TENTHS_Z: [f64; 9] = [
    -1.281_551_565_5,
    -0.841_621_233_6,
    -0.524_400_512_7,
    -0.253_347_103_1,
    0.0,
    0.253_347_103_1,
    0.524_400_512_7,
    0.841_621_233_6,
    1.281_551_565_5,
];
/// Step in which the normal distribution is walked, and where it begins.
const STEP_Z: f64 = 1e-4;
const FIRST_Z: f64 = -6.0;

impl Incomes {
    /// Incomes of the bounds' shape with this mean.
    pub fn new(bounds: &IncomeBounds, mean_eur: f64) -> Self {
        let logs = bounds.bounds.map(f64::ln);
        let mut eur: Vec<f64> = normal_quantiles().into_iter().map(|z| log_linear(&logs, z).exp()).collect();
        let scale = mean_eur * STEPS as f64 / eur.iter().sum::<f64>();
        eur.iter_mut().for_each(|income| *income *= scale);
        Self { eur }
    }

    /// Of a household of rank 0…1, € a year.
    pub fn of_rank(&self, rank: f64) -> f64 {
        self.eur[((rank * STEPS as f64) as usize).min(STEPS - 1)]
    }

    /// What a household gets in a draw: its tenth, 0…9, and its income.
    pub fn draw(&self, building: u64, household: u32, draw: u32) -> (usize, f64) {
        let step =
            (mixed(building ^ mixed(u64::from(household) << 32 | u64::from(draw))) >> (64 - STEPS_LOG2)) as usize;
        (step * 10 / STEPS, self.eur[step])
    }
}

/// A finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit of the input moves every bit of the output.
fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Between the bounds straight lines over z, which is lognormal; beyond them the last line goes on.
fn log_linear(logs: &[f64; 9], z: f64) -> f64 {
    let below = TENTHS_Z.iter().filter(|bound| **bound < z).count().clamp(1, 8) - 1;
    let slope = (logs[below + 1] - logs[below]) / (TENTHS_Z[below + 1] - TENTHS_Z[below]);
    logs[below] + slope * (z - TENTHS_Z[below])
}

/// Standard normal quantiles in the middle of each step, by walking the density (trapezium rule, 1e-9).
fn normal_quantiles() -> Vec<f64> {
    let density = |z: f64| (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    let mut quantiles = Vec::with_capacity(STEPS);
    let (mut walked, mut below) = (0_u32, 0.0);
    let mut here = density(FIRST_Z);
    for step in 0..STEPS / 2 {
        let wanted = (step as f64 + 0.5) / STEPS as f64;
        while below < wanted {
            walked += 1;
            let next = density(FIRST_Z + f64::from(walked) * STEP_Z);
            below += 0.5 * STEP_Z * (here + next);
            here = next;
        }
        // Back to where it was passed.
        quantiles.push(FIRST_Z + f64::from(walked) * STEP_Z - (below - wanted) / here);
    }
    let mirrored: Vec<f64> = quantiles.iter().rev().map(|z| -z).collect();
    quantiles.extend(mirrored);
    quantiles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy_year::tables::EnergyTables;

    #[test]
    fn bounds_and_mean_are_kept() {
        let tables = EnergyTables::embedded();
        for country in ["DE", "FI", "BR"] {
            let bounds = tables.incomes(country).expect("a row");
            let incomes = Incomes::new(bounds, 45_800.0);
            let mean = incomes.eur.iter().sum::<f64>() / STEPS as f64;
            assert!((mean / 45_800.0 - 1.0).abs() < 1e-12 && incomes.eur.is_sorted());
            let scale = incomes.of_rank(0.5) / bounds.bounds[4];
            for (tenth, bound) in bounds.bounds.iter().enumerate() {
                let own = incomes.of_rank((tenth + 1) as f64 / 10.0);
                assert!((own / scale / bound - 1.0).abs() < 2e-4, "{country} {tenth}: {own} {bound}");
            }
        }
    }

    /// Published of Germany (Destatis, EU-SILC 2023, table of 10 April 2024: mean 30,216 and median 26,192 €, Gini 0.293, S80/S20
    /// 4.4), of Finland (Eurostat, EU-SILC 2022: Gini 0.266, S80/S20 3.8) and of Brazil (IBGE, PNAD Contínua 2023: Gini 0.518).
    /// Gini to 0.015: straight lines between nine bounds and lognormal tails know neither end.
    #[test]
    fn inequality_is_the_published_one() {
        let tables = EnergyTables::embedded();
        for (country, gini, s80_s20) in [("DE", 0.293, Some(4.4)), ("FI", 0.266, Some(3.8)), ("BR", 0.518, None)] {
            let incomes = Incomes::new(tables.incomes(country).expect("a row"), 1.0).eur;
            let weighted: f64 = incomes.iter().enumerate().map(|(at, own)| (at as f64 + 0.5) * own).sum();
            let own = 2.0 * weighted / (STEPS as f64).powi(2) - 1.0;
            assert!((own - gini).abs() < 0.015, "{country}: {own}");
            let fifth = |from: usize| incomes[from * STEPS / 5..][..STEPS / 5].iter().sum::<f64>();
            let ratio = fifth(4) / fifth(0);
            assert!(s80_s20.is_none_or(|published: f64| (ratio - published).abs() < 0.2), "{country}: {ratio}");
        }
        let germany = Incomes::new(tables.incomes("DE").expect("a row"), 30_216.0);
        assert!((germany.of_rank(0.5) - 26_192.0).abs() < 0.015 * 26_192.0, "{}", germany.of_rank(0.5));
    }

    /// Each tenth is drawn as often as the others: 100,000 households, four standard deviations (95 each).
    #[test]
    fn draws_fill_the_tenths_alike() {
        let incomes = Incomes::new(EnergyTables::embedded().incomes("DE").expect("a row"), 45_800.0);
        let mut counts = [0_u32; 10];
        let mut sum = 0.0;
        for building in 0..10_000_u64 {
            for household in 0..10 {
                let (tenth, income) = incomes.draw(building, household, 3);
                counts[tenth] += 1;
                sum += income;
                assert!(
                    income <= incomes.of_rank((tenth + 1) as f64 / 10.0)
                        && income >= incomes.of_rank(tenth as f64 / 10.0)
                );
            }
        }
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 380), "{counts:?}");
        assert!((sum / 100_000.0 / 45_800.0 - 1.0).abs() < 0.01, "{sum}");
        assert_ne!(incomes.draw(7, 0, 0), incomes.draw(7, 0, 1));
        assert_eq!(incomes.draw(7, 0, 1), incomes.draw(7, 0, 1));
    }
}
