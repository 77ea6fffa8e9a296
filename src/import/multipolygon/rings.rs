//! Joins ways end to end into rings, by the ids of their nodes. Knows no coordinates.

use std::collections::BTreeMap;

/// Node ids in drawing order; closed when the first is also the last.
pub(crate) type Chain = Vec<i64>;

/// Rings that the ways close, and the chains that stay open. Ways may be turned round; where more than two
/// meet, the earlier in the list goes first, so the same list always gives the same rings.
pub(crate) fn join(ways: Vec<Chain>) -> (Vec<Chain>, Vec<Chain>) {
    let (mut rings, mut open) = (Vec::new(), Vec::new());
    let mut unused: Vec<Option<Chain>> = Vec::with_capacity(ways.len());
    for way in ways {
        if way.len() >= 4 && way.first() == way.last() {
            rings.push(way);
        } else if way.len() >= 2 {
            unused.push(Some(way));
        }
    }
    let mut ends = ends_of(&unused);
    for index in 0..unused.len() {
        let Some(mut chain) = unused[index].take() else { continue };
        grow(&mut chain, &mut unused, &mut ends);
        if !closed(&chain) {
            chain.reverse();
            grow(&mut chain, &mut unused, &mut ends);
        }
        if closed(&chain) { rings.push(chain) } else { open.push(chain) }
    }
    (rings, open)
}

/// Node → ways that begin or end there, last first (the first in order is popped first).
fn ends_of(ways: &[Option<Chain>]) -> BTreeMap<i64, Vec<usize>> {
    let mut ends: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (index, way) in ways.iter().enumerate().rev() {
        for node in way.iter().flat_map(|way| [way.first(), way.last()]).flatten() {
            ends.entry(*node).or_default().push(index);
        }
    }
    ends
}

/// Appends ways at the chain's end until it closes or none fits.
fn grow(chain: &mut Chain, unused: &mut [Option<Chain>], ends: &mut BTreeMap<i64, Vec<usize>>) {
    while !closed(chain) {
        let Some(last) = chain.last().copied() else { return };
        let next = ends.get_mut(&last).and_then(|at| std::iter::from_fn(|| at.pop()).find_map(|i| unused[i].take()));
        let Some(mut next) = next else { return };
        if next.first() != Some(&last) {
            next.reverse();
        }
        chain.extend(next.into_iter().skip(1));
    }
}

fn closed(chain: &Chain) -> bool {
    chain.len() >= 4 && chain.first() == chain.last()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ways: &[&[i64]], rings: &[&[i64]], open: &[&[i64]]) {
        let (got_rings, got_open) = join(ways.iter().map(|w| w.to_vec()).collect());
        assert_eq!(got_rings, rings, "rings of {ways:?}");
        assert_eq!(got_open, open, "open chains of {ways:?}");
    }

    #[test]
    fn ways_join_into_rings() {
        check(&[&[1, 2, 3, 1]], &[&[1, 2, 3, 1]], &[]);
        check(&[&[1, 2, 3], &[3, 4, 1]], &[&[1, 2, 3, 4, 1]], &[]);
        // Turned round, and out of order.
        check(&[&[1, 2], &[4, 3], &[2, 3], &[1, 4]], &[&[1, 2, 3, 4, 1]], &[]);
        // Two rings that share no node.
        check(&[&[1, 2, 3], &[7, 8, 9], &[3, 1], &[9, 7]], &[&[1, 2, 3, 1], &[7, 8, 9, 7]], &[]);
        // A gap: grown at both ends before it is given up.
        check(&[&[2, 3], &[3, 4], &[1, 2]], &[], &[&[4, 3, 2, 1]]);
        // Way there and back, single nodes, nothing.
        check(&[&[1, 2], &[2, 1]], &[], &[&[1, 2, 1]]);
        check(&[&[1], &[]], &[], &[]);
    }
}
