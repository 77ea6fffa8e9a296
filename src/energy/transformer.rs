//! Distribution transformers: standard ratings, losses, state.

use citytwin_model::{Coord, EnergyAssetId, Origin};

/// Rating, load losses at rating and no-load losses of liquid-immersed distribution transformers, kVA and W:
/// Commission Regulation (EU) 548/2014, annex I, table I.1, tier 1 (what is in the ground is on average older
/// than tier 2 and younger than before the regulation).
const LOSSES: [(f64, f64, f64); 14] = [
    (25.0, 900.0, 70.0),
    (50.0, 1100.0, 90.0),
    (100.0, 1750.0, 145.0),
    (160.0, 2350.0, 210.0),
    (250.0, 3250.0, 300.0),
    (315.0, 3900.0, 360.0),
    (400.0, 4600.0, 430.0),
    (500.0, 5500.0, 510.0),
    (630.0, 6500.0, 600.0),
    (800.0, 8400.0, 650.0),
    (1000.0, 10_500.0, 770.0),
    (1250.0, 11_000.0, 950.0),
    (1600.0, 14_000.0, 1200.0),
    (2500.0, 22_000.0, 1750.0),
];
/// Ratings that are bought where the grid is made up, kVA (the usual steps of EN 50588-1).
const STANDARD_KVA: [f64; 9] = [50.0, 100.0, 160.0, 250.0, 400.0, 630.0, 1000.0, 1600.0, 2500.0];
/// Largest single unit, kVA; more power is several units side by side.
const LARGEST_KVA: f64 = 2500.0;
/// Loading of the year's highest hour that a transformer is bought for, 1: room for growth (assumption;
/// European utilities plan between 0.5 and 0.8).
pub const PLANNED_LOADING: f64 = 0.6;

/// A transformer and what goes through it now.
#[derive(Clone, PartialEq, Debug)]
pub struct TransformerState {
    /// The energy asset it is, where the city states it.
    pub asset: Option<EnergyAssetId>,
    /// Whether it is stated, or made up by a rule for buildings out of reach of any stated one.
    pub origin: Origin,
    /// Local metres.
    pub at: Coord<f64>,
    /// Rated power at power factor 1, W.
    pub rated_w: f64,
    /// Whether the rating is stated or follows from the load.
    pub rating: Origin,
    /// Buildings it serves.
    pub buildings: u32,
    pub load_w: f64,
    pub pv_w: f64,
    pub losses_w: f64,
    /// |load − pv| / rating, 1.
    pub loading: f64,
    /// Highest loading since the start of accumulation, 1.
    pub peak_loading: f64,
}

/// No-load losses and load losses at rating, W.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Losses {
    pub no_load_w: f64,
    pub load_w: f64,
}

impl Losses {
    /// Losses of a rating, between the rows of the table and in proportion outside it.
    pub fn of(rated_w: f64) -> Self {
        let kva = rated_w / 1000.0;
        let units = (kva / LARGEST_KVA).ceil().max(1.0);
        let unit = kva / units;
        let (first, last) = (LOSSES[0], LOSSES[LOSSES.len() - 1]);
        let (load, no_load) = if unit <= first.0 {
            (first.1 * unit / first.0, first.2 * unit / first.0)
        } else {
            let above = LOSSES.iter().position(|row| row.0 >= unit).unwrap_or(LOSSES.len() - 1);
            let (a, b) = (LOSSES[above.max(1) - 1], if above == 0 { last } else { LOSSES[above] });
            let t = (unit - a.0) / (b.0 - a.0);
            (a.1 + t * (b.1 - a.1), a.2 + t * (b.2 - a.2))
        };
        Self { no_load_w: units * no_load, load_w: units * load }
    }

    /// Losses at a loading, W.
    pub fn at(&self, loading: f64) -> f64 {
        self.no_load_w + self.load_w * loading * loading
    }
}

/// The rating that would be bought for a design peak, W.
pub fn standard_rating_w(peak_w: f64) -> f64 {
    let kva = peak_w / PLANNED_LOADING / 1000.0;
    let standard = STANDARD_KVA.iter().copied().find(|&s| s >= kva);
    1000.0 * standard.unwrap_or_else(|| (kva / LARGEST_KVA).ceil() * LARGEST_KVA)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truth from outside: rows of the regulation's table, and the peak efficiency of a 400 kVA unit that
    /// follows from its row (99.3 %).
    #[test]
    fn losses_follow_the_regulation() {
        for (kva, load, no_load) in LOSSES {
            let found = Losses::of(kva * 1000.0);
            assert!(
                (found.load_w - load).abs() < 1e-9 && (found.no_load_w - no_load).abs() < 1e-9,
                "{kva} kVA: {found:?}"
            );
        }
        let between = Losses::of(200_000.0);
        assert!((between.load_w - 2750.0).abs() < 1e-9 && (between.no_load_w - 250.0).abs() < 1e-9);
        assert_eq!(Losses::of(5e6).load_w, 44_000.0);
        assert!(Losses::of(10_000.0).no_load_w < 70.0 && Losses::of(0.0).at(0.0) == 0.0);
        let best = (430.0_f64 / 4600.0).sqrt();
        let efficiency = 1.0 - Losses::of(4e5).at(best) / (best * 4e5);
        assert!((efficiency - 0.9930).abs() < 2e-4, "{efficiency}");
    }

    #[test]
    fn ratings_are_standard_and_leave_room() {
        for (peak_kw, kva) in [(1.0, 50.0), (60.0, 100.0), (61.0, 160.0), (378.0, 630.0), (1600.0, 5000.0)] {
            assert_eq!(standard_rating_w(peak_kw * 1000.0), kva * 1000.0, "{peak_kw} kW");
        }
    }
}
