//! Rows of different lengths, packed: one list and where each row starts.

use std::ops::Range;

/// Row `i` is `list[start[i]..start[i + 1]]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Rows<T> {
    pub start: Vec<u32>,
    pub list: Vec<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Rows<T> {
    /// No rows yet; [`Self::close`] ends one.
    pub fn new() -> Self {
        Self { start: vec![0], list: Vec::new() }
    }

    /// Ends the row that `list` has been filled with.
    pub fn close(&mut self) {
        self.start.push(self.list.len() as u32);
    }

    pub fn range(&self, row: u32) -> Range<usize> {
        self.start[row as usize] as usize..self.start[row as usize + 1] as usize
    }

    pub fn of(&self, row: u32) -> &[T] {
        &self.list[self.range(row)]
    }

    pub fn len(&self) -> usize {
        self.start.len() - 1
    }
}

impl<T: Copy> Rows<T> {
    /// Values with the row each belongs to, in the order given within a row.
    pub fn grouped(rows: usize, of: impl Iterator<Item = (u32, T)> + Clone) -> Self
    where
        T: Default,
    {
        let mut start = vec![0_u32; rows + 1];
        for (row, _) in of.clone() {
            start[row as usize + 1] += 1;
        }
        for i in 0..rows {
            start[i + 1] += start[i];
        }
        let mut next = start.clone();
        let mut list = vec![T::default(); start[rows] as usize];
        for (row, value) in of {
            let slot = &mut next[row as usize];
            list[*slot as usize] = value;
            *slot += 1;
        }
        Self { start, list }
    }

    /// The same rows with some replaced; `new` is ascending by row.
    pub fn replaced(&self, new: &[(u32, Vec<T>)]) -> Self {
        let mut list = Vec::with_capacity(self.list.len() + 64);
        let mut start = Vec::with_capacity(self.start.len());
        let mut from = 0;
        let copy = |list: &mut Vec<T>, start: &mut Vec<u32>, rows: Range<usize>| {
            let (a, b) = (self.start[rows.start], self.start[rows.end]);
            let moved = (list.len() as u32).wrapping_sub(a);
            list.extend_from_slice(&self.list[a as usize..b as usize]);
            start.extend(self.start[rows].iter().map(|s| s.wrapping_add(moved)));
        };
        for (row, values) in new {
            copy(&mut list, &mut start, from..*row as usize);
            start.push(list.len() as u32);
            list.extend_from_slice(values);
            from = *row as usize + 1;
        }
        copy(&mut list, &mut start, from..self.len());
        start.push(list.len() as u32);
        Self { start, list }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_rows_equals_building_them() {
        let rows = Rows::grouped(4, [(0, 1), (2, 5), (0, 2), (3, 9)].into_iter());
        assert_eq!((rows.of(0), rows.of(1), rows.of(2), rows.of(3)), (&[1, 2][..], &[][..], &[5][..], &[9][..]));
        let new = rows.replaced(&[(0, vec![]), (1, vec![7, 8]), (3, vec![4])]);
        assert_eq!(new, Rows::grouped(4, [(1, 7), (1, 8), (2, 5), (3, 4)].into_iter()));
        assert_eq!(rows.replaced(&[]), rows);
    }
}
