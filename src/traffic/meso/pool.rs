//! Memory of routes that come and go: blocks of powers of two, given out again when their vehicles have arrived.

use std::ops::Range;

use super::routes::Row;

/// Free blocks by size: the `k`-th list has those of `2^k` rows.
#[derive(Clone, Debug, Default)]
pub struct Pool(Vec<Vec<u32>>);

impl Pool {
    /// Rows for a route of so many links; new ones at the end where none are free.
    pub fn take(&mut self, links: usize, rows: &mut Vec<Row>) -> Range<u32> {
        let size = links.max(1).next_power_of_two();
        let class = size.trailing_zeros() as usize;
        if self.0.len() <= class {
            self.0.resize(class + 1, Vec::new());
        }
        let start = self.0[class].pop().unwrap_or_else(|| {
            rows.resize(rows.len() + size, Row::default());
            (rows.len() - size) as u32
        });
        start..start + size as u32
    }

    pub fn give_back(&mut self, block: Range<u32>) {
        let class = block.len().max(1).trailing_zeros() as usize;
        if let Some(free) = self.0.get_mut(class) {
            free.push(block.start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_used_again_and_never_twice_at_once() {
        let (mut pool, mut rows) = (Pool::default(), Vec::new());
        let a = pool.take(5, &mut rows);
        let b = pool.take(8, &mut rows);
        let c = pool.take(1, &mut rows);
        assert_eq!((a.clone(), b.clone(), c, rows.len()), (0..8, 8..16, 16..17, 17));
        pool.give_back(a.clone());
        assert_eq!(pool.take(7, &mut rows), a);
        assert_eq!(pool.take(6, &mut rows), 17..25);
        pool.give_back(b.clone());
        assert_eq!(pool.take(8, &mut rows), b);
        assert_eq!(rows.len(), 25);
    }
}
