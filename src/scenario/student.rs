//! Confidence intervals of paired differences.

/// Two-sided 95 % quantiles of Student's t for 1…30 degrees of freedom (NIST/SEMATECH e-Handbook of Statistical
/// Methods, table 1.3.6.7.2).
const T_975: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];
/// The same quantile of the normal distribution.
const Z_975: f64 = 1.959_963_985;

/// Quantile for `freedom` ≥ 1; beyond the table by M. Abramowitz, I. A. Stegun, eq. 26.7.5, two terms.
pub fn t_975(freedom: usize) -> f64 {
    if let Some(&t) = T_975.get(freedom.saturating_sub(1)) {
        return t;
    }
    let (z, v) = (Z_975, freedom as f64);
    z + (z.powi(3) + z) / (4.0 * v) + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * v * v)
}

/// Mean of values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Half the width of the 95 % interval of the mean; `None` for fewer than two values.
pub fn half_width_95(values: &[f64]) -> Option<f64> {
    let freedom = values.len().checked_sub(1).filter(|&f| f > 0)?;
    let middle = mean(values);
    let variance = values.iter().map(|v| (v - middle).powi(2)).sum::<f64>() / freedom as f64;
    Some(t_975(freedom) * (variance / values.len() as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truth from outside: NIST's table for 40, 60 and 100 degrees of freedom.
    #[test]
    fn quantiles_beyond_the_table() {
        for (freedom, t) in [(1, 12.706), (30, 2.042), (40, 2.021), (60, 2.000), (100, 1.984)] {
            assert!((t_975(freedom) - t).abs() < 6e-4, "{freedom}: {}", t_975(freedom));
        }
    }

    /// By hand: differences 1, 2, 3 have mean 2, standard error 1/√3, half width 4.303/√3.
    #[test]
    fn interval_of_three_differences() {
        assert!((half_width_95(&[1.0, 2.0, 3.0]).unwrap() - 4.303 / 3.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(half_width_95(&[0.0, 0.0]), Some(0.0));
        assert_eq!(half_width_95(&[1.0]), None);
    }
}
