//! Branches as admittance matrices of two ports, per unit: [[from-from, from-to], [to-from, to-to]].
//!
//! A pi section (z, y) behind an ideal transformer of ratio t at its from-side has
//! `Y = [[(1/z + y/2)/|t|², −1/(z t*)], [−1/(z t), 1/z + y/2]]` (MATPOWER manual, equation 3.2).

use faer::c64;

use super::element::{Ends, Line, PerKm, PiBranch, Side, Tap, Transformer, TransformerModel};

/// Base power of every per-unit value, VA (three phases).
pub const BASE_VA: f64 = 1e6;

/// A two-port's admittances, per unit.
pub type TwoPort = [[c64; 2]; 2];

const ZERO: c64 = c64::new(0.0, 0.0);

/// A pi section of series admittance y, whole shunt admittance, and ratio.
pub fn pi(series: c64, shunt: c64, ratio: c64) -> TwoPort {
    let own = series + shunt * 0.5;
    [[own / ratio.norm_sqr(), -series / ratio.conj()], [-series / ratio, own]]
}

/// What is left of a branch with an end open: the other end's admittance to earth.
pub fn with_ends(y: TwoPort, ends: &Ends) -> TwoPort {
    match (ends.from_closed, ends.to_closed) {
        (true, true) => y,
        (true, false) => [[left(y[0][0], y[0][1] * y[1][0], y[1][1]), ZERO], [ZERO, ZERO]],
        (false, true) => [[ZERO, ZERO], [ZERO, left(y[1][1], y[0][1] * y[1][0], y[0][0])]],
        (false, false) => [[ZERO; 2]; 2],
    }
}

/// `own − mutual / other`, nought where the far end has no admittance at all. A branch without shunts leaves
/// exactly nothing, which rounding must not turn into a small load.
fn left(own: c64, mutual: c64, other: c64) -> c64 {
    if mutual == ZERO {
        return own;
    }
    let rest = own - mutual / other;
    if rest.norm() <= 1e-14 * own.norm() { ZERO } else { rest }
}

/// Series and whole shunt admittance of a line, S.
pub fn line_sections(line: &Line, per_km: &PerKm, frequency_hz: f64) -> (c64, c64) {
    let systems = f64::from(line.parallel);
    let series = systems / (c64::new(per_km.r_ohm, per_km.x_ohm) * line.length_km);
    let susceptance = std::f64::consts::TAU * frequency_hz * per_km.c_f;
    (series, c64::new(per_km.g_s, susceptance) * (line.length_km * systems))
}

/// A line per unit of its voltage.
pub fn line(line: &Line, rated_v: f64, frequency_hz: f64) -> TwoPort {
    let (series, shunt) = line_sections(line, &line.positive, frequency_hz);
    let base_s = BASE_VA / (rated_v * rated_v);
    pi(series / base_s, shunt / base_s, c64::new(1.0, 0.0))
}

/// A pi branch per unit of its to-side's voltage.
pub fn pi_branch(branch: &PiBranch, to_v: f64) -> TwoPort {
    let base_s = BASE_VA / (to_v * to_v);
    let series = c64::new(branch.r_ohm, branch.x_ohm).inv() / base_s;
    let shunt = c64::new(branch.g_s, branch.b_s) / base_s;
    pi(series, shunt, c64::from_polar(branch.ratio, branch.shift_rad))
}

impl Transformer {
    /// Voltages of both windings at the present tap, V.
    pub fn tapped_v(&self) -> (f64, f64) {
        let by = |side: Side| match &self.tap {
            Some(tap) if tap.side == side => f64::from(tap.position - tap.neutral) * tap.step_v,
            _ => 0.0,
        };
        (self.from_v + by(Side::From), self.to_v + by(Side::To))
    }

    /// Clock hour and tap shift together, rad.
    pub fn total_shift_rad(&self) -> f64 {
        let by_tap = self.tap.as_ref().map_or(0.0, |tap: &Tap| {
            let sign = if tap.side == Side::From { 1.0 } else { -1.0 };
            sign * f64::from(tap.position - tap.neutral) * tap.step_rad
        });
        self.shift_rad + by_tap
    }

    /// Series impedance of one unit seen from its to-side, ohm.
    pub fn series_ohm(&self) -> c64 {
        let (_, to_v) = self.tapped_v();
        let whole = self.short_circuit.abs() * to_v * to_v / self.rated_va;
        let resistive = self.load_loss_w * to_v * to_v / (self.rated_va * self.rated_va);
        let reactive = (whole * whole - resistive * resistive).max(0.0).sqrt();
        c64::new(resistive, reactive.copysign(self.short_circuit))
    }

    /// No-load admittance of one unit seen from its to-side, S.
    pub fn no_load_s(&self) -> c64 {
        let (_, to_v) = self.tapped_v();
        let whole = self.no_load * self.rated_va / (to_v * to_v);
        let active = self.no_load_loss_w / (to_v * to_v);
        let reactive = (whole * whole - active * active).max(0.0).sqrt();
        c64::new(active, -reactive.copysign(self.no_load))
    }

    /// Series and whole shunt admittance of all units as a pi section, S.
    pub fn sections(&self) -> (c64, c64) {
        let (z, y) = (self.series_ohm(), self.no_load_s());
        let units = f64::from(self.parallel);
        let (series, shunt) = match self.model {
            TransformerModel::Pi | TransformerModel::Leg => (z.inv(), y),
            // Star of z/2, z/2 and 1/y turned into a delta.
            TransformerModel::T => ((z + z * z * y * 0.25).inv(), y / (1.0 + z * y * 0.25)),
        };
        (series * units, shunt * units)
    }

    /// Off-nominal ratio and shift for the rated voltages of its buses.
    pub fn ratio(&self, from_rated_v: f64, to_rated_v: f64) -> c64 {
        let (from_v, to_v) = self.tapped_v();
        c64::from_polar(from_v / to_v * (to_rated_v / from_rated_v), self.total_shift_rad())
    }

    /// The two-port per unit of the buses' rated voltages.
    pub fn two_port(&self, from_rated_v: f64, to_rated_v: f64) -> TwoPort {
        let (series, shunt) = self.sections();
        let base_s = BASE_VA / (to_rated_v * to_rated_v);
        pi(series / base_s, shunt / base_s, self.ratio(from_rated_v, to_rated_v))
    }
}
