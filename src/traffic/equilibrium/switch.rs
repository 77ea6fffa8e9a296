//! Who takes the faster way: a share that grows with what they gain, and shrinks where the last step went too far.

/// Share that a traveller with a large gain begins with.
const FIRST_SHARE: f64 = 0.5;
/// A step that made the gap larger was too long: the next ones are shorter by this factor; one that made it smaller may be longer.
const SHORTER: f64 = 0.6;
const LONGER: f64 = 1.1;
const SHORTEST: f64 = 0.02;
/// Gains below this share of the own time are none.
const LEAST_GAIN: f32 = 1e-4;
/// Relative gain from which on the whole share switches.
const LARGE_GAIN: f64 = 0.1;

/// How large a share of those who gain switches.
#[derive(Clone, Copy, Debug)]
pub struct Step(f64);

impl Default for Step {
    fn default() -> Self {
        Self(FIRST_SHARE)
    }
}

impl Step {
    /// Heeds what the gap did.
    pub fn adapt(&mut self, before: Option<f64>, gap: f64) {
        if let Some(before) = before {
            let factor = if gap < before { LONGER } else { SHORTER };
            self.0 = (self.0 * factor).clamp(SHORTEST, FIRST_SHARE);
        }
    }

    /// Chance that a traveller switches.
    pub fn share(self, own_s: f32, best_s: f32) -> f64 {
        if !best_s.is_finite() || best_s >= own_s * (1.0 - LEAST_GAIN) {
            return 0.0;
        }
        if !own_s.is_finite() {
            return 1.0;
        }
        let gain = f64::from((own_s - best_s) / own_s);
        self.0 * (gain / LARGE_GAIN).min(1.0)
    }
}

/// A number in 0..1 from a seed, a traveller, what it is for, and the iteration.
pub fn chance(seed: u64, journey: u32, purpose: u32, number: u32) -> f64 {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&journey.to_le_bytes());
    bytes[4..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..].copy_from_slice(&purpose.to_le_bytes());
    (xxhash_rust::xxh3::xxh3_64_with_seed(&bytes, seed) >> 11) as f64 / (1_u64 << 53) as f64
}
