//! Colour ramps that a map and its legend share. All are safe for the common kinds of colour blindness.
//!
//! Anchors: viridis and plasma as in matplotlib 3 (Smith, van der Walt, CC0), sampled at eighths; RdYlBu and
//! PuOr are ColorBrewer 2.0's eleven classes (Brewer, Harrower, Apache 2.0). Quality: Okabe and Ito's palette
//! (Color Universal Design, 2008).

use crate::Quality;

/// An sRGB colour.
pub type Rgb = [u8; 3];

/// What is drawn where there is no value: a grey that no ramp holds.
pub const NO_VALUE: Rgb = [128, 130, 134];

/// A ramp of colours over 0…1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ramp {
    /// Viridis, dark to bright: amounts.
    Sequential,
    /// Plasma, dark blue to yellow: production.
    Warm,
    /// RdYlBu: low is bad (red), high is good (blue).
    LowIsBad,
    /// RdYlBu turned round: high is bad (red).
    HighIsBad,
    /// PuOr: below (orange), equal (0.5, near white), above (purple).
    Diverging,
}

impl Ramp {
    /// The colour at `t`, clamped to 0…1, linear in sRGB between anchors. [`NO_VALUE`] for NaN.
    pub fn colour(self, t: f64) -> Rgb {
        if t.is_nan() {
            return NO_VALUE;
        }
        let t = if self == Self::HighIsBad { 1.0 - t } else { t };
        let anchors = self.anchors();
        let place = t.clamp(0.0, 1.0) * (anchors.len() - 1) as f64;
        let low = (place as usize).min(anchors.len() - 2);
        let share = place - low as f64;
        let mix = |k: usize| {
            let (a, b) = (f64::from(anchors[low][k]), f64::from(anchors[low + 1][k]));
            (a + (b - a) * share).round() as u8
        };
        [mix(0), mix(1), mix(2)]
    }

    /// The colour of `value` on a scale from `low` to `high`.
    pub fn colour_of(self, value: f64, low: f64, high: f64) -> Rgb {
        self.colour((value - low) / (high - low))
    }

    const fn anchors(self) -> &'static [Rgb] {
        match self {
            Self::Sequential => &VIRIDIS,
            Self::Warm => &PLASMA,
            Self::LowIsBad | Self::HighIsBad => &RD_YL_BU,
            Self::Diverging => &PU_OR,
        }
    }
}

/// The colour of a reading's quality.
pub const fn quality_colour(quality: Quality) -> Rgb {
    match quality {
        Quality::Good => [0, 158, 115],
        Quality::Uncertain => [230, 159, 0],
        Quality::Bad => [213, 94, 0],
        Quality::Stale => NO_VALUE,
    }
}

const VIRIDIS: [Rgb; 9] = [
    [68, 1, 84],
    [71, 45, 123],
    [59, 82, 139],
    [44, 114, 142],
    [33, 145, 140],
    [40, 174, 128],
    [94, 201, 98],
    [173, 220, 48],
    [253, 231, 37],
];

const PLASMA: [Rgb; 9] = [
    [13, 8, 135],
    [76, 2, 161],
    [126, 3, 168],
    [170, 35, 149],
    [204, 71, 120],
    [230, 108, 92],
    [248, 149, 64],
    [253, 197, 39],
    [240, 249, 33],
];

const RD_YL_BU: [Rgb; 11] = [
    [165, 0, 38],
    [215, 48, 39],
    [244, 109, 67],
    [253, 174, 97],
    [254, 224, 144],
    [255, 255, 191],
    [224, 243, 248],
    [171, 217, 233],
    [116, 173, 209],
    [69, 117, 180],
    [49, 54, 149],
];

const PU_OR: [Rgb; 11] = [
    [127, 59, 8],
    [179, 88, 6],
    [224, 130, 20],
    [253, 184, 99],
    [254, 224, 182],
    [247, 247, 247],
    [216, 218, 235],
    [178, 171, 210],
    [128, 115, 172],
    [84, 39, 136],
    [45, 0, 75],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_start_and_end_at_their_anchors_and_clamp() {
        assert_eq!(Ramp::Sequential.colour(0.0), [68, 1, 84]);
        assert_eq!(Ramp::Sequential.colour(7.0), [253, 231, 37]);
        assert_eq!(Ramp::Diverging.colour(0.5), [247, 247, 247]);
        assert_eq!(Ramp::LowIsBad.colour(-1.0), Ramp::HighIsBad.colour(2.0));
        assert_eq!(Ramp::Warm.colour_of(f64::NAN, 0.0, 1.0), NO_VALUE);
        assert_eq!(Ramp::Warm.colour_of(1.0, 1.0, 1.0), NO_VALUE, "an empty scale has no colour");
        assert_eq!(Ramp::Warm.colour(f64::INFINITY), Ramp::Warm.colour(1.0));
    }

    #[test]
    fn amounts_grow_brighter_all_the_way() {
        let luma = |[r, g, b]: Rgb| 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b);
        for ramp in [Ramp::Sequential, Ramp::Warm] {
            let steps: Vec<f64> = (0..=100).map(|k| luma(ramp.colour(f64::from(k) / 100.0))).collect();
            assert!(steps.windows(2).all(|w| w[1] > w[0] - 0.8), "{ramp:?}");
        }
    }
}
