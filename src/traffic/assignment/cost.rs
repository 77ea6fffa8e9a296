//! What driving along a link costs at a flow: value, derivative and integral, all in closed form.
//!
//! Every function here is continuous and never falls with the flow, so that the equilibrium is the minimum of
//! Beckmann's function (Beckmann, McGuire and Winsten 1956) and its costs are unique.

/// Control at a link's end, for delay beyond the running time. Graphs that use it count time in seconds and
/// capacity in vehicles an hour.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Signal {
    pub cycle_s: f64,
    /// Green over cycle, 0…1.
    pub green_share: f64,
}

/// The cost function of one link:
/// t₀·(1 + b·(v/c)^p) (Bureau of Public Roads, Traffic Assignment Manual, 1964), and where a signal stands, its control delay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CostFunction {
    free: f64,
    /// t₀·b.
    rise: f64,
    per_capacity: f64,
    power: f64,
    kind: Power,
    signal: Option<Delay>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Power {
    Flat,
    One,
    Four,
    Any,
}

impl CostFunction {
    /// From free time, capacity, b, power; all finite, the capacity above zero where b·t₀ is.
    pub fn new(link: &super::Link) -> Self {
        let rise = link.free_time * link.b;
        let kind = match link.power {
            p if rise == 0.0 || p == 0.0 => Power::Flat,
            1.0 => Power::One,
            4.0 => Power::Four,
            _ => Power::Any,
        };
        Self {
            free: if link.power == 0.0 { link.free_time + rise } else { link.free_time },
            rise,
            per_capacity: if link.capacity > 0.0 { 1.0 / link.capacity } else { 0.0 },
            power: link.power,
            kind,
            signal: link.signal.map(|s| Delay::new(s, link.capacity)),
        }
    }

    /// Value and slope: what the solver needs at each step.
    #[inline]
    pub fn at(&self, flow: f64) -> (f64, f64) {
        let ratio = flow * self.per_capacity;
        let (value, slope) = match self.kind {
            Power::Flat => (self.free, 0.0),
            Power::One => (self.free + self.rise * ratio, self.rise * self.per_capacity),
            Power::Four => {
                let square = ratio * ratio;
                let slope = 4.0 * self.rise * square * ratio * self.per_capacity;
                (self.free + self.rise * square * square, slope)
            }
            Power::Any => {
                let below = ratio.powf(self.power - 1.0);
                let slope = if ratio > 0.0 { self.rise * self.power * below * self.per_capacity } else { 0.0 };
                (self.free + self.rise * ratio.powf(self.power), slope)
            }
        };
        match &self.signal {
            None => (value, slope),
            Some(delay) => {
                let (d, per_ratio) = delay.at(ratio);
                (value + d, slope + per_ratio * self.per_capacity)
            }
        }
    }

    /// The signal's part of the value.
    pub fn signal_delay(&self, flow: f64) -> f64 {
        self.signal.as_ref().map_or(0.0, |delay| delay.at(flow * self.per_capacity).0)
    }

    /// Integral from zero.
    pub fn integral(&self, flow: f64) -> f64 {
        let ratio = flow * self.per_capacity;
        let running = match self.kind {
            Power::Flat => self.free * flow,
            _ => flow * (self.free + self.rise * ratio.powf(self.power) / (self.power + 1.0)),
        };
        let delay = self.signal.as_ref().map_or(0.0, |d| d.integral(ratio) / self.per_capacity);
        running + delay
    }
}

/// Control delay of a signal, second, over the degree of saturation X (HCM 6th, eq. 19-19 to 19-26, no initial queue):
/// d = d₁ + d₂, uniform d₁ = C/2·(1 − λ)²/(1 − λX) up to X = 1 and along its tangent beyond (so that d stays convex; HCM
/// holds d₁ constant there), incremental d₂ = 900·T·((X − 1) + √((X − 1)² + m·X)) with m = 8·k·I/(c·T).
#[derive(Clone, Copy, Debug)]
struct Delay {
    /// C/2·(1 − λ)².
    uniform: f64,
    green_share: f64,
    m: f64,
}

/// Analysis period T, hour; and k·I: incremental delay factor of a fixed-time signal, isolated (HCM 6th, ch. 19).
const PERIOD_H: f64 = 0.25;
const K_I: f64 = 0.5;
/// 900 s/h·… of HCM eq. 19-26, times T.
const INCREMENT_S: f64 = 900.0 * PERIOD_H;

impl Delay {
    fn new(signal: Signal, capacity: f64) -> Self {
        let green_share = signal.green_share.clamp(0.01, 0.99);
        Self {
            uniform: 0.5 * signal.cycle_s * (1.0 - green_share).powi(2),
            green_share,
            m: 8.0 * K_I / (capacity * PERIOD_H),
        }
    }

    fn at(&self, x: f64) -> (f64, f64) {
        let inside = 1.0 - self.green_share * x.min(1.0);
        let slope1 = self.uniform * self.green_share / (inside * inside);
        let d1 = self.uniform / inside + slope1 * (x - 1.0).max(0.0);
        let root = ((x - 1.0).powi(2) + self.m * x).sqrt();
        let d2 = INCREMENT_S * ((x - 1.0) + root);
        (d1 + d2, slope1 + INCREMENT_S * (1.0 + (x - 1.0 + 0.5 * self.m) / root))
    }

    fn integral(&self, x: f64) -> f64 {
        let until = x.min(1.0);
        let mut sum = -self.uniform / self.green_share * (1.0 - self.green_share * until).ln();
        if x > 1.0 {
            let inside = 1.0 - self.green_share;
            let over = x - 1.0;
            sum +=
                self.uniform / inside * over + 0.5 * self.uniform * self.green_share / (inside * inside) * over * over;
        }
        sum + INCREMENT_S * (0.5 * x * x - x + self.root_integral(x) - self.root_integral(0.0))
    }

    /// ∫√(u² + D) with u = x − 1 + m/2, D = m − m²/4.
    fn root_integral(&self, x: f64) -> f64 {
        let u = x - 1.0 + 0.5 * self.m;
        let d = self.m - 0.25 * self.m * self.m;
        let root = ((x - 1.0).powi(2) + self.m * x).sqrt();
        let logarithm = if d == 0.0 { 0.0 } else { d * (u + root).abs().max(f64::MIN_POSITIVE).ln() };
        0.5 * (u * root + logarithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(power: f64, signal: Option<Signal>) -> super::super::Link {
        super::super::Link { free_time: 30.0, capacity: 800.0, b: 0.15, power, signal, ..super::super::Link::default() }
    }

    #[test]
    fn slope_and_integral_are_those_of_the_value() {
        let signal = Some(Signal { cycle_s: 90.0, green_share: 0.4 });
        for link in [link(4.0, None), link(1.0, None), link(2.5, None), link(0.0, None), link(4.0, signal)] {
            let f = CostFunction::new(&link);
            let mut before = 0.0;
            for flow in [1.0, 300.0, 795.0, 805.0, 1500.0] {
                let (value, slope) = f.at(flow);
                let h = 1e-3;
                let difference = (f.at(flow + h).0 - f.at(flow - h).0) / (2.0 * h);
                assert!((slope - difference).abs() <= 1e-5 * (1.0 + slope), "{link:?} at {flow}: {slope} {difference}");
                let grown = (f.integral(flow + h) - f.integral(flow - h)) / (2.0 * h);
                assert!((value - grown).abs() <= 1e-4 * value, "{link:?} at {flow}: {value} {grown}");
                assert!(value >= before, "never falls");
                before = value;
            }
            assert!(f.integral(0.0).abs() < 1e-9);
        }
    }
}
