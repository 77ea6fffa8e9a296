//! Draws trips from the day's flows. The number of draws per trip is fixed, so that the same seed gives the same
//! trips whatever happens to them on the road.

use rand::RngExt;
use rand_pcg::Pcg64;

use super::{
    Demand, Flow,
    zones::{Side, pick},
};

/// A trip as drawn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TripEnds {
    pub from: u32,
    pub to: u32,
    /// Share of the origin link already behind the driver; 0 at a gate.
    pub from_share: f32,
    /// Share of the destination link driven; 1 at a gate.
    pub to_share: f32,
    /// 0 car, 1 van, 2 lorry.
    pub kind: u8,
    /// Where in the normal distribution of desired speeds the driver stands, −3…3.
    pub temper: f32,
}

impl Demand {
    /// The trips that start within `span_s` at an hour of the day.
    pub(crate) fn draw(&self, hour: f64, weekend: bool, expected: f64, rng: &mut Pcg64, out: &mut Vec<TripEnds>) {
        for flow in &self.flows {
            let mean = self.rate_per_s(flow, hour, weekend) * expected;
            for _ in 0..poisson(mean, rng) {
                out.extend(self.draw_one(flow, rng));
            }
        }
    }

    fn draw_one(&self, flow: &Flow, rng: &mut Pcg64) -> Option<TripEnds> {
        let u: [f32; 8] = std::array::from_fn(|_| rng.random::<f32>());
        let origin = pick(&flow.origins, u[0])?;
        let destination = pick(flow.destinations.row(origin), u[1])?;
        let gates = &self.zones.gates;
        let (from, from_share) = match flow.from {
            Side::Gate => (gates.entries.get(origin)?.link, 0.0),
            side => (self.zones.link(origin, side, u[2])?, 0.15 + 0.7 * u[3]),
        };
        let (to, to_share) = match flow.to {
            Side::Gate => (gates.exits.get(destination)?.link, 1.0),
            side => (self.zones.link(destination, side, u[4])?, 0.15 + 0.7 * u[5]),
        };
        Some(TripEnds { from, to, from_share, to_share, kind: self.kind(u[6]), temper: temper(u[7]) })
    }

    /// Car, van or lorry.
    fn kind(&self, u: f32) -> u8 {
        let [van, lorry] = self.van_lorry_shares;
        match f64::from(u) {
            u if u < 1.0 - van - lorry => 0,
            u if u < 1.0 - lorry => 1,
            _ => 2,
        }
    }
}

/// Quantile of the standard normal distribution, cut at ±2.5 (logistic approximation, Bowling et al. 2009: error of
/// the probability below 0.01).
fn temper(u: f32) -> f32 {
    let u = u.clamp(0.006, 0.994);
    ((u / (1.0 - u)).ln() / 1.702).clamp(-2.5, 2.5)
}

/// A Poisson number (Knuth, TAOCP 2, 3.4.1; in pieces of mean ≤ 10 so that the product does not underflow).
fn poisson(mean: f64, rng: &mut Pcg64) -> u32 {
    let mut count = 0;
    let mut rest = mean.max(0.0);
    while rest > 0.0 {
        let limit = (-rest.min(10.0)).exp();
        rest -= 10.0;
        let mut product: f64 = rng.random();
        while product > limit {
            count += 1;
            product *= rng.random::<f64>();
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Mean and variance of a Poisson number both equal its parameter; 4 standard errors of 20,000 draws.
    #[test]
    fn poisson_numbers_have_their_mean() {
        let mut rng = Pcg64::seed_from_u64(1);
        for mean in [0.05, 0.9, 25.0] {
            let draws: Vec<f64> = (0..20_000).map(|_| f64::from(poisson(mean, &mut rng))).collect();
            let average = draws.iter().sum::<f64>() / 20_000.0;
            assert!((average - mean).abs() < 4.0 * (mean / 20_000.0).sqrt(), "{mean}: {average}");
        }
    }
}
