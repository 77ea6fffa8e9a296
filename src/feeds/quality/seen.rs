//! Which readings have come already.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hash},
};

use citytwin_model::SensorId;
use xxhash_rust::xxh3::Xxh3Default;

/// Keys of one generation; two are kept. About 20 MiB in all when full.
const GENERATION: usize = 500_000;

type Keys = HashSet<Key, BuildHasherDefault<Xxh3Default>>;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Key {
    observed_us: i64,
    sensor: u32,
}

/// The keys (sensor, observed time) of at least the last half million distinct readings.
#[derive(Debug, Default)]
pub(super) struct Seen {
    current: Keys,
    previous: Keys,
}

impl Seen {
    /// Whether it is new; remembers it.
    pub fn insert(&mut self, sensor: SensorId, observed_us: i64) -> bool {
        let key = Key { observed_us, sensor: sensor.0 };
        if self.previous.contains(&key) || !self.current.insert(key) {
            return false;
        }
        if self.current.len() >= GENERATION {
            std::mem::swap(&mut self.current, &mut self.previous);
            self.current.clear();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_million_are_remembered_and_memory_is_bounded() {
        let mut seen = Seen::default();
        let count = 2 * GENERATION as i64 + 100;
        assert!((0..count).all(|at| seen.insert(SensorId((at % 7) as u32), at)));
        assert!((count - GENERATION as i64..count).all(|at| !seen.insert(SensorId((at % 7) as u32), at)));
        assert!(seen.current.len() + seen.previous.len() <= 2 * GENERATION);
        assert!(seen.insert(SensorId(6), count - 1), "the same time of another sensor");
    }
}
