//! How long to wait before the next try.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

/// The longest wait after the first failure.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait of all.
const LONGEST: Duration = Duration::from_secs(30);
/// A connection that held for this long starts the waits anew.
const SETTLED: Duration = Duration::from_secs(10);

/// Doubling waits with full jitter, so that many programs do not return to a broker in step (M. Brooker, "Exponential
/// backoff and jitter", AWS Architecture Blog, 2015).
pub(crate) struct Backoff {
    ceiling: Duration,
    rng: Pcg32,
}

impl Backoff {
    pub fn new(seed: u64) -> Self {
        Self { ceiling: FIRST, rng: Pcg32::seed_from_u64(seed) }
    }

    /// The wait after a try that failed, or after a connection that held for `held`: anything up to the ceiling, which
    /// doubles from 0.5 s to 30 s.
    pub fn after(&mut self, held: Option<Duration>) -> Duration {
        if held.is_some_and(|held| held >= SETTLED) {
            self.ceiling = FIRST;
        }
        let wait = self.ceiling.mul_f64(self.rng.random_range(0.0..=1.0));
        self.ceiling = (self.ceiling * 2).min(LONGEST);
        wait
    }
}

/// A number that differs between processes and calls: the seeds of the standard hasher.
pub(crate) fn entropy() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_half_a_minute_and_start_anew_after_a_good_connection() {
        let mut longest_s = [0.0_f64; 8];
        for seed in 0..200 {
            let mut backoff = Backoff::new(seed);
            for longest_s in &mut longest_s {
                *longest_s = longest_s.max(backoff.after(None).as_secs_f64());
            }
            assert!(backoff.after(Some(Duration::from_secs(1))) <= LONGEST, "a flapping broker");
            assert!(backoff.after(Some(SETTLED)) <= FIRST);
        }
        for (longest_s, ceiling_s) in longest_s.into_iter().zip([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]) {
            assert!((0.9 * ceiling_s..=ceiling_s).contains(&longest_s), "{longest_s} of {ceiling_s}");
        }
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(entropy(), entropy());
    }
}
