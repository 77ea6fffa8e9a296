//! The elements of a grid in SI units, as files state them. Owns plain data alone: what makes it a sound grid
//! stands in `check.rs`, what it means per unit in `network.rs`.
//!
//! Loads are positive into the load, generators positive into the grid, voltages line to line, angles in
//! radian. Buses are named by their index in [`GridData::buses`].

use std::fmt;

use serde::{Serialize, Serializer};

/// What a file calls an element.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ElementId(Box<str>);

impl ElementId {
    pub fn new(id: impl Into<Box<str>>) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ElementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number where the file's id is one, else text.
impl Serialize for ElementId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.parse::<i64>() {
            Ok(number) if number.to_string() == *self.0 => serializer.serialize_i64(number),
            _ => serializer.serialize_str(&self.0),
        }
    }
}

/// An element's id and where it stands: table and row, counted from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    pub id: ElementId,
    pub table: &'static str,
    pub row: u32,
}

impl Label {
    pub fn new(table: &'static str, row: usize, id: impl Into<Box<str>>) -> Self {
        Self { id: ElementId::new(id), table, row: u32::try_from(row).unwrap_or(u32::MAX) }
    }
}

/// A node of the grid.
#[derive(Clone, Debug)]
pub struct Bus {
    pub label: Label,
    /// Line to line, V.
    pub rated_v: f64,
    pub in_service: bool,
}

/// The two ends of a branch and whether each is switched on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    pub from: u32,
    pub to: u32,
    pub from_closed: bool,
    pub to_closed: bool,
}

impl Ends {
    pub fn closed(from: u32, to: u32) -> Self {
        Self { from, to, from_closed: true, to_closed: true }
    }
}

/// Series impedance and shunt admittance of a pi section, per kilometre: ohm, siemens, farad.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct PerKm {
    pub r_ohm: f64,
    pub x_ohm: f64,
    pub g_s: f64,
    pub c_f: f64,
}

/// Series impedance of the three phases (a neutral already eliminated), ohm per kilometre, and capacitance,
/// farad per kilometre, as full 3 × 3 matrices.
#[derive(Clone, PartialEq, Debug)]
pub struct PhaseMatrix {
    pub r_ohm: [[f64; 3]; 3],
    pub x_ohm: [[f64; 3]; 3],
    pub c_f: [[f64; 3]; 3],
    /// Which phases the line has.
    pub phases: [bool; 3],
}

/// A line or cable.
#[derive(Clone, Debug)]
pub struct Line {
    pub label: Label,
    pub ends: Ends,
    pub length_km: f64,
    /// Parallel systems, at least 1.
    pub parallel: u32,
    pub positive: PerKm,
    /// Zero sequence; balanced flow does without.
    pub zero: Option<PerKm>,
    /// Stated instead of sequences where phases differ.
    pub matrix: Option<Box<PhaseMatrix>>,
    /// Per system, A.
    pub rated_a: Option<f64>,
}

/// How a winding is connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Winding {
    Wye,
    /// Wye with the neutral brought out and earthed.
    WyeEarthed,
    Delta,
    Zigzag,
    ZigzagEarthed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    From,
    To,
}

/// A tap changer: the winding's voltage is `rated + (position − neutral) · step_v`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tap {
    pub side: Side,
    pub position: i32,
    pub neutral: i32,
    pub step_v: f64,
    /// Phase shift per step, rad (phase-shifting transformers).
    pub step_rad: f64,
}

/// Where the no-load admittance stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransformerModel {
    /// Half at either end of the series impedance.
    Pi,
    /// In its middle.
    T,
    /// As Pi, of a leg of the star that stands for three windings: its impedance and losses may be negative.
    Leg,
}

/// A transformer of two windings, described by its plate (IEC 60076-1).
#[derive(Clone, Debug)]
pub struct Transformer {
    pub label: Label,
    pub ends: Ends,
    /// Of one unit, VA.
    pub rated_va: f64,
    pub from_v: f64,
    pub to_v: f64,
    /// Short-circuit voltage, of rated voltage, 1.
    pub short_circuit: f64,
    /// Losses at rated current, W.
    pub load_loss_w: f64,
    /// No-load current, of rated current, 1; negative where it is capacitive.
    pub no_load: f64,
    pub no_load_loss_w: f64,
    /// By how much the to-side lags the from-side, rad: clock hour × 30°.
    pub shift_rad: f64,
    pub windings: [Winding; 2],
    pub tap: Option<Tap>,
    pub model: TransformerModel,
    pub parallel: u32,
    /// Zero-sequence plate, where stated.
    pub zero: Option<ZeroPlate>,
}

/// What is stated of a transformer's zero sequence.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ZeroPlate {
    /// Short-circuit voltage, 1, and its resistive part, 1; magnetising over short-circuit impedance, 1, its R/X, and the
    /// share of the short-circuit impedance on the from-side, 1.
    ShortCircuit { voltage: f64, resistive: f64, magnetising: f64, magnetising_rx: f64, from_share: f64 },
    /// No-load current, 1, and loss, W.
    NoLoad { current: f64, loss_w: f64 },
}

/// A branch given by a pi section on its to-side and an ideal transformer at its from-side.
#[derive(Clone, Debug)]
pub struct PiBranch {
    pub label: Label,
    pub ends: Ends,
    pub r_ohm: f64,
    pub x_ohm: f64,
    /// Whole shunt admittance, half at either end, S.
    pub g_s: f64,
    pub b_s: f64,
    /// Off-nominal ratio, 1, and phase shift, rad: `u_from / u_to = ratio · e^{j shift}` per unit at no load.
    pub ratio: f64,
    pub shift_rad: f64,
    /// Ratios of phases a, b, c where each has a unit of its own between phase and earth (step voltage regulators); `ratio`
    /// is then what a balanced flow takes. Such a branch has no other zero sequence than its positive one.
    pub phase_ratios: Option<[f64; 3]>,
    pub rated_va: Option<f64>,
}

/// A switch between two buses. Closed, it makes them one.
#[derive(Clone, Debug)]
pub struct Switch {
    pub label: Label,
    pub from: u32,
    pub to: u32,
    pub closed: bool,
}

/// Active and reactive power at rated voltage that stays constant, follows the voltage (constant current),
/// follows its square (constant impedance): W and var.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Zip {
    pub power: [f64; 2],
    pub current: [f64; 2],
    pub impedance: [f64; 2],
    /// Whether constant power is stated, be it nought: of three phases those that profiles move.
    pub stated: bool,
}

impl Zip {
    pub fn constant(p_w: f64, q_var: f64) -> Self {
        Self { power: [p_w, q_var], stated: true, ..Self::default() }
    }

    pub fn scaled(self, by: f64) -> Self {
        let scale = |pair: [f64; 2]| pair.map(|x| x * by);
        Self { power: scale(self.power), current: scale(self.current), impedance: scale(self.impedance), ..self }
    }

    pub fn plus(self, other: Self) -> Self {
        let add = |a: [f64; 2], b: [f64; 2]| [a[0] + b[0], a[1] + b[1]];
        Self {
            power: add(self.power, other.power),
            current: add(self.current, other.current),
            impedance: add(self.impedance, other.impedance),
            stated: self.stated || other.stated,
        }
    }

    /// Whether the phase is one that constant power is drawn from, be it nought.
    pub fn draws_constant(&self) -> bool {
        self.stated || self.power != [0.0; 2]
    }

    /// Power at a voltage, W and var.
    pub fn at(&self, vm_pu: f64) -> [f64; 2] {
        std::array::from_fn(|k| self.power[k] + self.current[k] * vm_pu + self.impedance[k] * vm_pu * vm_pu)
    }
}

/// How a load spreads over the phases.
#[derive(Clone, PartialEq, Debug)]
pub enum Demand {
    /// A third on each phase, to earth; the total is stated.
    Balanced(Zip),
    /// Phases a, b, c to earth.
    Wye(Box<[Zip; 3]>),
    /// Phases ab, bc, ca.
    Delta(Box<[Zip; 3]>),
}

impl Demand {
    /// Of all phases.
    pub fn total(&self) -> Zip {
        match self {
            Self::Balanced(zip) => *zip,
            Self::Wye(zips) | Self::Delta(zips) => zips.iter().fold(Zip::default(), |sum, zip| sum.plus(*zip)),
        }
    }
}

/// A load, or a generator of fixed power with the sign turned.
#[derive(Clone, Debug)]
pub struct Load {
    pub label: Label,
    pub bus: u32,
    pub demand: Demand,
    pub in_service: bool,
}

/// What a generator holds.
#[derive(Clone, PartialEq, Debug)]
pub enum Control {
    /// Its power, with the voltage dependence of a load and the sign of a generator.
    Power(Demand),
    /// Active power and the voltage of its bus; reactive power follows, var limits where stated.
    Voltage { p_w: f64, vm_pu: f64, q_min_var: Option<f64>, q_max_var: Option<f64> },
}

/// A generator, photovoltaics included.
#[derive(Clone, Debug)]
pub struct Generator {
    pub label: Label,
    pub bus: u32,
    pub control: Control,
    pub in_service: bool,
}

/// A battery at its present power, charging positive.
#[derive(Clone, Debug)]
pub struct Battery {
    pub label: Label,
    pub bus: u32,
    pub p_w: f64,
    pub q_var: f64,
    pub capacity_wh: Option<f64>,
    pub in_service: bool,
}

/// An admittance to earth, S; zero sequence where stated.
#[derive(Clone, Debug)]
pub struct Shunt {
    pub label: Label,
    pub bus: u32,
    pub g_s: f64,
    pub b_s: f64,
    pub zero: Option<[f64; 2]>,
    pub in_service: bool,
}

/// Short-circuit power and impedance ratios of an external grid.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ShortCircuit {
    pub power_va: f64,
    /// R/X, 1.
    pub rx: f64,
    /// Zero over positive sequence impedance, 1.
    pub z01: f64,
}

/// The grid beyond: a voltage behind its short-circuit impedance, ideal without one.
#[derive(Clone, Debug)]
pub struct ExternalGrid {
    pub label: Label,
    pub bus: u32,
    pub vm_pu: f64,
    pub va_rad: f64,
    pub short_circuit: Option<ShortCircuit>,
    pub in_service: bool,
}

/// Whether buses that no source can reach even with every switch closed are an error or dead buses.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Islands {
    #[default]
    Refuse,
    Dead,
}

/// A grid as read, not yet checked.
#[derive(Clone, Default, Debug)]
pub struct GridData {
    pub frequency_hz: f64,
    pub islands: Islands,
    pub buses: Vec<Bus>,
    pub lines: Vec<Line>,
    pub transformers: Vec<Transformer>,
    pub pi_branches: Vec<PiBranch>,
    pub switches: Vec<Switch>,
    pub loads: Vec<Load>,
    pub generators: Vec<Generator>,
    pub batteries: Vec<Battery>,
    pub shunts: Vec<Shunt>,
    pub external_grids: Vec<ExternalGrid>,
}
