//! Cycle, green split and delay of a fixed-time signal: closed forms alone.

use super::TABLE;

/// The cycle of least delay, second: C₀ = (1.5 L + 5) / (1 − Y) (Webster 1958). `lost_s`: time lost per cycle; `load`: sum
/// of the phases' critical flow ratios, < 1.
pub fn optimum_cycle_s(lost_s: f64, load: f64) -> f64 {
    (1.5 * lost_s + 5.0) / (1.0 - load)
}

/// Effective greens that share what a cycle does not lose in proportion to the flow ratios, none below `shortest_s`
/// (Webster 1958: equal degrees of saturation). They fill the cycle exactly where it has room for the shortest.
pub fn split_s(cycle_s: f64, lost_s: f64, ratios: &[f64], shortest_s: f64) -> Vec<f64> {
    let mut greens = vec![0.0; ratios.len()];
    let mut fixed = vec![false; ratios.len()];
    loop {
        let held = fixed.iter().filter(|f| **f).count() as f64 * shortest_s;
        let spare = (cycle_s - lost_s - held).max(0.0);
        let total: f64 = ratios.iter().zip(&fixed).filter(|(_, f)| !**f).map(|(y, _)| y.max(1e-6)).sum();
        let mut short = false;
        for i in 0..ratios.len() {
            greens[i] = if fixed[i] { shortest_s } else { spare * ratios[i].max(1e-6) / total };
            if !fixed[i] && greens[i] < shortest_s {
                (fixed[i], short) = (true, true);
            }
        }
        if !short {
            return greens;
        }
    }
}

/// What drivers use of a displayed green: amber and all-red less the lost time come on top (HCM 6th, ch. 19), second.
pub fn effective_green_s(displayed_s: f64) -> f64 {
    displayed_s + TABLE.amber_s + TABLE.all_red_s - TABLE.lost_s
}

/// Mean control delay, second: uniform delay (Webster 1958, first term) and incremental delay of randomness and
/// overflow (HCM 6th, eq. 19-20 and 19-26 with k = 0.5 for fixed time, I = 1 for an isolated signal, no initial
/// queue). `hours`: how long the flow lasts, > 0.
pub fn delay_s(cycle_s: f64, green_s: f64, flow_vph: f64, capacity_vph: f64, hours: f64) -> f64 {
    let share = (green_s / cycle_s).clamp(0.0, 1.0);
    let saturation = if capacity_vph > 0.0 { flow_vph / capacity_vph } else { 0.0 };
    let uniform = 0.5 * cycle_s * (1.0 - share).powi(2) / (1.0 - saturation.min(1.0) * share).max(1e-6);
    if capacity_vph <= 0.0 {
        return uniform;
    }
    let over = saturation - 1.0;
    let incremental = 900.0 * hours * (over + (over * over + 4.0 * saturation / (capacity_vph * hours)).sqrt());
    uniform + incremental
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published: y = 1000/2500 and 900/3000, L = 12 s → 77 s (interviewmania.com, traffic engineering 92661);
    /// y = 500/1600 and 300/1600, L = 16 s → 58 s (byjus.com).
    #[test]
    fn cycles_of_published_examples() {
        assert!((optimum_cycle_s(12.0, 1000.0 / 2500.0 + 900.0 / 3000.0) - 77.0).abs() < 0.5);
        assert!((optimum_cycle_s(16.0, 800.0 / 1600.0) - 58.0).abs() < 0.5);
    }

    /// C = 70 s, L = 8 s, y = 0.35 and 0.40 (question at beta.arizval.app, traffic signal design; g = y/Y (C − L) by hand).
    #[test]
    fn greens_share_the_cycle_by_flow_ratio() {
        let greens = split_s(70.0, 8.0, &[0.35, 0.40], 8.0);
        assert!((greens[0] - 62.0 * 0.35 / 0.75).abs() < 1e-9 && (greens[1] - 62.0 * 0.40 / 0.75).abs() < 1e-9);
        let held = split_s(70.0, 8.0, &[0.60, 0.01], 10.0);
        assert_eq!(held, [52.0, 10.0]);
    }

    /// Uniform delay, 1,000 veh/h, saturation flow 2,800 veh/h, C = 90 s, g/C = 0.55: 14.2 s (Roess et al., Traffic
    /// Engineering, as in T. V. Mathew's lecture notes; from memory). A D/D/1 queue, 60 s cycle, half green, 20 of 60
    /// veh/min: 11.25 s by the area of its triangle. Incremental terms are taken off by hand.
    #[test]
    fn delay_agrees_with_worked_examples() {
        let incremental = |v: f64, c: f64| 225.0 * ((v / c - 1.0) + ((v / c - 1.0).powi(2) + 16.0 * v / c / c).sqrt());
        let uniform = delay_s(90.0, 49.5, 1000.0, 2800.0 * 0.55, 0.25) - incremental(1000.0, 1540.0);
        assert!((uniform - 14.2).abs() < 0.05, "{uniform}");
        let triangle = delay_s(60.0, 30.0, 1200.0, 1800.0, 0.25) - incremental(1200.0, 1800.0);
        assert!((triangle - 11.25).abs() < 1e-9, "{triangle}");
    }
}
