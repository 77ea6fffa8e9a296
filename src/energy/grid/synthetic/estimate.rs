//! What the live grid carries, from its sensors: few of them, and for everything else what the energy system expects,
//! with a wide deviation (pseudo-measurements; Abur and Gómez-Expósito 2004, section 4.6; how wide: Singh, Pal and Jabr 2009, IET
//! Generation, Transmission & Distribution 3(7)).

use std::collections::BTreeMap;

use super::{Answer, Demands, Operated, Powers};
use crate::grid::{Estimate, EstimateError, Measurement, Quantity, Side, estimate_asking};

/// Variance of a building's power from what is expected, W² per W: a household of 500 W varies by as much as its mean, and what
/// draws more is so many of them side by side.
const PSEUDO_PER_W: f64 = 500.0;
/// And standard deviation of all of its power alike, 1: with the first part a station of 50 households is within 25 %; Singh,
/// Pal and Jabr take 20 to 50 %.
const PSEUDO_SHARE: f64 = 0.2;
/// At least, W.
const PSEUDO_LEAST_W: f64 = 50.0;
/// Standard deviation of the voltage that a substation is set to, per unit: half of a usual tap step of 1.5 to 2 %.
const SOURCE_SIGMA_PU: f64 = 0.01;
/// Normalised residual above which a sensor is set aside (Abur and Gómez-Expósito, section 5.8).
const SUSPECT: f64 = 3.0;
/// Sensors that are set aside at most: beyond that the model is more likely to be wrong than they are.
const SET_ASIDE: usize = 10;

/// What a sensor measures.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sensed {
    /// Active power into the upper side of a transformer, by its index in the grid.
    Transformer(u32),
    /// Voltage of a bus, of nominal, by its index in the grid.
    Voltage(u32),
    /// Active power that a building draws, by its `BuildingId`.
    Building(u32),
    /// Active power that a plant or charger draws, by its `EnergyAssetId`.
    Asset(u32),
}

/// A sensor's last value: W, or per unit for a voltage.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sensing {
    pub what: Sensed,
    pub value: f64,
    /// Standard deviation in the same unit, above nought.
    pub sigma: f64,
}

/// The estimated state of a city's grid.
#[derive(Clone, PartialEq, Debug)]
pub struct GridEstimate {
    /// As a load flow says it, of the estimated powers and voltages.
    pub answer: Answer,
    /// Standard deviation of each bus' voltage, per unit; nought where dead.
    pub vm_sigma_pu: Vec<f32>,
    /// Active power into the upper side of each transformer and its standard deviation, W; nought where dead.
    pub transformer_w: Vec<[f32; 2]>,
    /// Per sensing what it says less what is estimated, over the standard deviation of that; None where nothing else checks
    /// it, or where it has no supply. Those set aside: as in the estimate that set them aside.
    pub normalised: Vec<Option<f64>>,
    /// Sensings that contradict the rest, and take no part: worst first.
    pub set_aside: Vec<usize>,
    /// Weighted sum of squared residuals, and what 99 % of estimates without bad data stay below.
    pub objective: f64,
    pub threshold: f64,
}

/// Measurements with where they come from.
struct Rows {
    measurements: Vec<Measurement>,
    /// Per sensing its measurement; None where it takes no part.
    of_sensing: Vec<Option<usize>>,
    /// Per bus with loads what they are expected to draw.
    buses: Vec<Expected>,
    /// Transformers with supply.
    transformers: Vec<u32>,
}

/// What a bus' loads are expected to draw, W and var, and the measurements of that.
struct Expected {
    drawn: [f64; 2],
    row: usize,
    /// Index into the grid's loads and variance of active power.
    loads: Vec<(u32, f64)>,
}

impl Operated {
    /// The most likely state for what sensors say and what the energy system expects (`powers`). Sensors that contradict the
    /// rest by more than three standard deviations are set aside one by one.
    ///
    /// # Errors
    /// A value that is not finite; a state that is not found.
    pub fn estimate(&self, powers: &Powers<'_>, sensings: &[Sensing]) -> Result<GridEstimate, EstimateError> {
        let mut set_aside: Vec<usize> = Vec::new();
        let mut normalised = vec![None; sensings.len()];
        loop {
            let rows = self.rows(powers, sensings, &set_aside);
            let asked: Vec<Quantity> = rows.transformers.iter().map(|t| self.flow_into(*t)).collect();
            let found = estimate_asking(&self.grid().grid, &rows.measurements, &asked)?;
            for (sensing, row) in rows.of_sensing.iter().enumerate() {
                if let Some(row) = row {
                    normalised[sensing] = found.normalised[*row];
                }
            }
            let far = |sensing: usize| Some((sensing, normalised[sensing].filter(|far| *far > SUSPECT)?));
            let taking_part = (0..sensings.len()).filter(|sensing| !set_aside.contains(sensing));
            let worst = taking_part.filter_map(far).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
            match worst {
                Some((worst, _)) if set_aside.len() < SET_ASIDE => set_aside.push(worst),
                _ => return Ok(self.told(powers, (&rows, &found), normalised, set_aside)),
            }
        }
    }

    fn flow_into(&self, transformer: u32) -> Quantity {
        Quantity::FlowActive(self.grid().grid.lines.len() as u32 + transformer, Side::From)
    }

    fn rows(&self, powers: &Powers<'_>, sensings: &[Sensing], set_aside: &[usize]) -> Rows {
        let grid = &self.grid().grid;
        let mut live = vec![false; grid.buses.len()];
        self.grid().order.iter().for_each(|fed| live[fed.bus as usize] = true);
        let mut rows = Rows {
            measurements: Vec::with_capacity(2 * grid.loads.len() + sensings.len()),
            of_sensing: vec![None; sensings.len()],
            buses: self.expected(powers, &live),
            transformers: (0..grid.transformers.len() as u32).filter(|t| self.feeds(*t, &live)).collect(),
        };
        for source in grid.external_grids.iter().filter(|source| live[source.bus as usize]) {
            let quantity = Quantity::VoltageMagnitude(source.bus);
            rows.measurements.push(Measurement { quantity, value: source.vm_pu, sigma: SOURCE_SIGMA_PU });
        }
        let mut at_bus = vec![None; grid.buses.len()];
        for (k, expected) in rows.buses.iter_mut().enumerate() {
            let bus = grid.loads[expected.loads[0].0 as usize].bus;
            at_bus[bus as usize] = Some(k);
            expected.row = rows.measurements.len();
            let sigma = expected.loads.iter().map(|load| load.1).sum::<f64>().sqrt();
            let [active, reactive] = expected.drawn.map(|drawn| -drawn);
            rows.measurements.push(Measurement { quantity: Quantity::InjectionActive(bus), value: active, sigma });
            rows.measurements.push(Measurement { quantity: Quantity::InjectionReactive(bus), value: reactive, sigma });
        }
        for (index, sensing) in sensings.iter().enumerate().filter(|(index, _)| !set_aside.contains(index)) {
            if let Some(measurement) = self.measurement(sensing, &live, (&rows.buses, &at_bus, powers)) {
                rows.of_sensing[index] = Some(rows.measurements.len());
                rows.measurements.push(measurement);
            }
        }
        rows
    }

    fn feeds(&self, transformer: u32, live: &[bool]) -> bool {
        let ends = &self.grid().grid.transformers[transformer as usize].ends;
        ends.from_closed && ends.to_closed && live[ends.from as usize]
    }

    /// What loads are expected to draw, by bus; buses without supply draw nothing.
    fn expected(&self, powers: &Powers<'_>, live: &[bool]) -> Vec<Expected> {
        let mut of_bus: BTreeMap<u32, Expected> = BTreeMap::new();
        for (index, load) in self.grid().grid.loads.iter().enumerate().filter(|(_, load)| live[load.bus as usize]) {
            let drawn = self.grid().drawn(powers, index);
            let gross_w = self.grid().gross_w(powers, index);
            let variance = PSEUDO_PER_W * gross_w + (PSEUDO_SHARE * gross_w).powi(2);
            let none = || Expected { drawn: [0.0; 2], row: 0, loads: Vec::new() };
            let expected = of_bus.entry(load.bus).or_insert_with(none);
            expected.drawn = [expected.drawn[0] + drawn[0], expected.drawn[1] + drawn[1]];
            expected.loads.push((index as u32, variance.max(PSEUDO_LEAST_W.powi(2))));
        }
        of_bus.into_values().collect()
    }

    /// A sensing as the estimate takes it; None where what it measures is not there or has no supply.
    fn measurement(
        &self,
        sensing: &Sensing,
        live: &[bool],
        (buses, at_bus, powers): (&[Expected], &[Option<usize>], &Powers<'_>),
    ) -> Option<Measurement> {
        let Sensing { what, value, sigma } = *sensing;
        let transformer =
            |t: u32| ((t as usize) < self.grid().grid.transformers.len() && self.feeds(t, live)).then_some(t);
        let load = match what {
            Sensed::Transformer(t) => {
                return Some(Measurement { quantity: self.flow_into(transformer(t)?), value, sigma });
            }
            Sensed::Voltage(bus) if live.get(bus as usize) == Some(&true) => {
                return Some(Measurement { quantity: Quantity::VoltageMagnitude(bus), value, sigma });
            }
            Sensed::Voltage(_) => false,
            Sensed::Building(building) => (building as usize) < self.grid().buildings.len(),
            Sensed::Asset(_) => true,
        };
        let load = match what {
            Sensed::Asset(asset) => {
                self.grid().buildings.len() + self.grid().attached.iter().position(|a| *a == asset)?
            }
            Sensed::Building(building) if load => building as usize,
            _ => return None,
        };
        // Whatever else hangs on the bus draws what is expected of it.
        let bus = self.grid().grid.loads[load].bus;
        let expected = &buses[at_bus[bus as usize]?];
        let others = expected.loads.iter().filter(|(other, _)| *other as usize != load).map(|(_, variance)| variance);
        let sigma = (sigma.powi(2) + others.sum::<f64>()).sqrt();
        let value = -(value + expected.drawn[0] - self.grid().drawn(powers, load)[0]);
        Some(Measurement { quantity: Quantity::InjectionActive(bus), value, sigma })
    }

    fn told(
        &self,
        powers: &Powers<'_>,
        (rows, found): (&Rows, &Estimate),
        normalised: Vec<Option<f64>>,
        set_aside: Vec<usize>,
    ) -> GridEstimate {
        let loads = self.grid().grid.loads.len();
        let mut demands = Demands { instants: 1, p_w: vec![0.0; loads], q_var: vec![0.0; loads] };
        for expected in &rows.buses {
            // Measured less estimated injection is what the bus draws more than expected, shared by how uncertain its loads are.
            let [more, lagging] = [0, 1].map(|k| found.residual[expected.row + k]);
            let all: f64 = expected.loads.iter().map(|load| load.1).sum();
            for &(load, variance) in &expected.loads {
                let [p_w, q_var] = self.grid().drawn(powers, load as usize);
                demands.p_w[load as usize] = p_w + more * variance / all;
                demands.q_var[load as usize] = q_var + lagging * variance / all;
            }
        }
        let vm_pu: Vec<f64> = found.voltage.iter().map(|u| u.norm()).collect();
        let mut transformer_w = vec![[0.0; 2]; self.grid().grid.transformers.len()];
        for (transformer, asked) in rows.transformers.iter().zip(&found.asked) {
            transformer_w[*transformer as usize] = asked.map(|value| value as f32);
        }
        GridEstimate {
            answer: self.grid().answer(&demands, 0, &vm_pu),
            vm_sigma_pu: found.vm_sigma_pu.iter().map(|sigma| *sigma as f32).collect(),
            transformer_w,
            normalised,
            set_aside,
            objective: found.objective,
            threshold: found.threshold,
        }
    }
}
