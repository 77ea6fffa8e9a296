//! How far people travel by survey: per purpose a log-normal length with the survey's mean and its ratio of mean to
//! median. A map shows only the trips that end on it: what share that is, and how long those are.

use super::{figures::Figures, purpose::Purpose};

/// Trip lengths of a country.
#[derive(Clone, Debug)]
pub struct Lengths {
    /// Mean per purpose, kilometre on the road.
    means_km: [f64; 6],
    sigma: f64,
}

impl Lengths {
    /// Equally likely lengths that stand for the distribution.
    pub const QUANTILES: usize = 60;

    /// Purposes keep the ratios of the table; the country's mean sets the scale.
    pub fn of(figures: &Figures) -> Self {
        let table: f64 = Purpose::ALL.iter().map(|p| p.rates().trip_share * p.rates().mean_km).sum();
        let mean = figures.value("mean_trip_km");
        let ratio = (mean / figures.value("median_trip_km")).max(1.0001);
        Self { means_km: Purpose::ALL.map(|p| p.rates().mean_km * mean / table), sigma: (2.0 * ratio.ln()).sqrt() }
    }

    pub fn mean_km(&self, purpose: Purpose) -> f64 {
        self.means_km[purpose as usize]
    }

    fn mu(&self, purpose: Purpose) -> f64 {
        self.mean_km(purpose).ln() - 0.5 * self.sigma * self.sigma
    }

    /// Share of trips that are shorter.
    pub fn share_below(&self, purpose: Purpose, km: f64) -> f64 {
        if km <= 0.0 { 0.0 } else { normal((km.ln() - self.mu(purpose)) / self.sigma) }
    }

    /// Kilometres per trip driven on trips shorter than `km`, all trips counted (the partial mean).
    pub fn km_below(&self, purpose: Purpose, km: f64) -> f64 {
        if km <= 0.0 {
            return 0.0;
        }
        self.mean_km(purpose) * normal((km.ln() - self.mu(purpose)) / self.sigma - self.sigma)
    }

    /// Equally likely lengths, ascending, kilometre.
    pub fn quantiles(&self, purpose: Purpose) -> impl Iterator<Item = f64> {
        let (mu, sigma) = (self.mu(purpose), self.sigma);
        (0..Self::QUANTILES).map(move |i| (mu + sigma * quantile((i as f64 + 0.5) / Self::QUANTILES as f64)).exp())
    }
}

/// Cumulative standard normal (Abramowitz and Stegun 26.2.17, error below 7.5e-8).
fn normal(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let poly =
        t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt() * poly;
    if z >= 0.0 { 1.0 - tail } else { tail }
}

/// Its inverse, by halving.
fn quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if normal(middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use citytwin_model::LonLat;

    /// Moments of the log-normal: the whole mean, and the median where half the trips are shorter.
    #[test]
    fn lengths_have_the_surveys_mean_and_median() {
        let figures = Figures::at("DE", LonLat { lon: 0.0, lat: 0.0 });
        let lengths = Lengths::of(&figures);
        let work = lengths.mean_km(Purpose::Work);
        assert!((lengths.km_below(Purpose::Work, 1e6) / work - 1.0).abs() < 1e-6);
        let median = work * figures.value("median_trip_km") / figures.value("mean_trip_km");
        assert!((lengths.share_below(Purpose::Work, median) - 0.5).abs() < 1e-6);
        assert!(lengths.quantiles(Purpose::Work).is_sorted());
    }
}
