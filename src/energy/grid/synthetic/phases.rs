//! Which phase a single-phase customer hangs on.

use citytwin_model::BuildingUse;

use super::tables::Rules;

/// How a building is connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phases {
    /// 0, 1, 2 for a, b, c.
    One(u8),
    Three,
}

/// Whether a building takes one phase: dwellings of one household and sheds, up to the smallest connection.
pub fn takes_one(usage: BuildingUse, load_w: f64, rules: &Rules) -> bool {
    matches!(usage, BuildingUse::House | BuildingUse::Ancillary) && load_w <= rules.single_phase_w
}

/// Phases along a feeder: each customer on the phase with the least load before it; the seed decides among equals.
pub fn balanced(customers: &[(u32, f64)], seed: u64, feeder: u32) -> Vec<(u32, u8)> {
    let mut load_w = [0.0_f64; 3];
    let mut draw = mixed(seed ^ u64::from(feeder).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut phases = Vec::with_capacity(customers.len());
    for &(customer, own_w) in customers {
        let least = load_w.iter().copied().fold(f64::INFINITY, f64::min);
        let equals: Vec<usize> = (0..3).filter(|&phase| load_w[phase] <= least).collect();
        let phase = equals[(draw % equals.len() as u64) as usize];
        draw = mixed(draw);
        load_w[phase] += own_w;
        phases.push((customer, phase as u8));
    }
    phases
}

/// SplitMix64's finaliser (Steele, Lea and Flood 2014).
fn mixed(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_street_of_houses_is_balanced_and_the_seed_decides_who() {
        let houses: Vec<(u32, f64)> = (0..30).map(|house| (house, 3000.0 + f64::from(house))).collect();
        let first = balanced(&houses, 1, 7);
        for phase in 0..3 {
            assert_eq!(first.iter().filter(|(_, p)| *p == phase).count(), 10);
        }
        assert_eq!(first, balanced(&houses, 1, 7));
        assert!((2..10).any(|seed| balanced(&houses, seed, 7) != first));
    }
}
