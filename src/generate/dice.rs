//! Chance, the same everywhere: one stream of numbers per seed and stage.

use rand_pcg::{
    Pcg64,
    rand_core::{Rng, SeedableRng},
};

/// A stream of random numbers.
pub struct Dice(Pcg64);

impl Dice {
    /// The stream of one stage of one seed: stages do not disturb each other.
    pub fn new(seed: u64, stage: &str) -> Self {
        // FNV-1a, 64 bit (Fowler, Noll, Vo; draft-eastlake-fnv).
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in seed.to_le_bytes().iter().chain(stage.as_bytes()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(Pcg64::seed_from_u64(hash))
    }

    /// 0 ≤ x < 1.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// About 0, mostly within ±1 (the mean of three even draws, widened).
    pub fn bell(&mut self) -> f64 {
        (self.unit() + self.unit() + self.unit() - 1.5) * 1.2
    }

    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// 0 ≤ i < n, n > 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n - 1)
    }

    /// One of the choices, which must not be empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// One of the choices by weight.
    pub fn weighted<T: Copy>(&mut self, choices: &[(T, f64)]) -> T {
        let mut rest = self.unit() * choices.iter().map(|c| c.1).sum::<f64>();
        for &(choice, weight) in choices {
            rest -= weight;
            if rest < 0.0 {
                return choice;
            }
        }
        choices[choices.len() - 1].0
    }
}
