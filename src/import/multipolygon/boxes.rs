//! Boxes over a sequence of things that lie near each other, and boxes over those: which pairs may meet, which
//! may hold a point. Knows no rings.

use std::ops::ControlFlow;

use citytwin_model::Coord;

/// An upright box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub low: Coord<f64>,
    pub high: Coord<f64>,
}

impl Bounds {
    pub fn of(points: &[Coord<f64>]) -> Self {
        let none = Self {
            low: Coord { x: f64::INFINITY, y: f64::INFINITY },
            high: -Coord { x: f64::INFINITY, y: f64::INFINITY },
        };
        points.iter().fold(none, |all, p| all.with(&Self { low: *p, high: *p }))
    }

    fn with(&self, other: &Self) -> Self {
        Self {
            low: Coord { x: self.low.x.min(other.low.x), y: self.low.y.min(other.low.y) },
            high: Coord { x: self.high.x.max(other.high.x), y: self.high.y.max(other.high.y) },
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.low.x <= other.high.x
            && other.low.x <= self.high.x
            && self.low.y <= other.high.y
            && other.low.y <= self.high.y
    }
}

/// A binary tree of boxes in the order of the sequence: level 0 bounds the items, each next one pairs of the
/// level below.
pub(super) struct Boxes {
    levels: Vec<Vec<Bounds>>,
}

/// The search was given up.
#[derive(PartialEq, Debug)]
pub(super) struct OutOfSteps;

impl Boxes {
    pub fn over(items: Vec<Bounds>) -> Self {
        let mut levels = vec![items];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = below.chunks(2).map(|pair| pair.iter().skip(1).fold(pair[0], |all, next| all.with(next)));
            levels.push(above.collect());
        }
        Self { levels }
    }

    /// Calls `meet` with every pair of items whose boxes overlap, until it breaks or `steps` comparisons of
    /// boxes are spent.
    pub fn pairs(&self, steps: usize, mut meet: impl FnMut(usize, usize) -> ControlFlow<()>) -> Result<(), OutOfSteps> {
        let mut left = steps;
        let mut open = vec![(self.levels.len() - 1, 0, 0)];
        while let Some((level, i, j)) = open.pop() {
            let boxes = &self.levels[level];
            if i >= boxes.len() || j >= boxes.len() || (i != j && !boxes[i].overlaps(&boxes[j])) {
                continue;
            }
            left = left.checked_sub(1).ok_or(OutOfSteps)?;
            match (level, i == j) {
                (0, true) => {}
                (0, false) => {
                    if meet(i, j).is_break() {
                        return Ok(());
                    }
                }
                (_, true) => {
                    let below = level - 1;
                    open.extend([(below, 2 * i + 1, 2 * i + 1), (below, 2 * i, 2 * i + 1), (below, 2 * i, 2 * i)]);
                }
                (_, false) => {
                    let below = level - 1;
                    open.extend(
                        [(2 * i + 1, 2 * j + 1), (2 * i + 1, 2 * j), (2 * i, 2 * j + 1), (2 * i, 2 * j)]
                            .map(|(i, j)| (below, i, j)),
                    );
                }
            }
        }
        Ok(())
    }

    /// Walks down from the top. `visit` gets a level, a position in it (which bounds the items from
    /// `position << level` on, `1 << level` of them) and the box, and says whether to go on below it.
    pub fn descend(&self, mut visit: impl FnMut(usize, usize, &Bounds) -> bool) {
        let mut open = vec![(self.levels.len() - 1, 0)];
        while let Some((level, i)) = open.pop() {
            let Some(bounds) = self.levels[level].get(i) else { continue };
            if visit(level, i, bounds) && level > 0 {
                open.extend([(level - 1, 2 * i + 1), (level - 1, 2 * i)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every overlapping pair once, for any count of items.
    #[test]
    fn pairs_are_those_of_all_with_all() {
        for count in [0, 1, 2, 3, 7, 8, 33] {
            let at = |i: usize| Coord { x: (i * 7 % 11) as f64, y: (i * 5 % 13) as f64 };
            let items: Vec<_> = (0..count).map(|i| Bounds::of(&[at(i), at(i) + Coord { x: 2.5, y: 2.5 }])).collect();
            let mut expected = Vec::new();
            for i in 0..count {
                expected.extend((i + 1..count).filter(|j| items[i].overlaps(&items[*j])).map(|j| (i, j)));
            }
            let mut found = Vec::new();
            let boxes = Boxes::over(items);
            let all = boxes.pairs(usize::MAX, |i, j| {
                found.push((i, j));
                ControlFlow::Continue(())
            });
            found.sort_unstable();
            assert_eq!((found, all), (expected, Ok(())), "{count} items");
            assert_eq!(boxes.pairs(1, |_, _| ControlFlow::Continue(())).is_err(), count > 1);
        }
    }
}
