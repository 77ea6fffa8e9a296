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
    /// Per meter of a load that shares its bus: how far it lies from what is expected, over the deviation of that.
    far: Vec<Option<f64>>,
    /// Per bus with loads what they are expected to draw.
    buses: Vec<Expected>,
    /// Transformers with supply.
    transformers: Vec<u32>,
}

/// What a bus' loads are expected to draw, W and var, and the measurements of that.
struct Expected {
    drawn: [f64; 2],
    row: usize,
    loads: Vec<ExpectedLoad>,
}

#[derive(Clone, Copy)]
struct ExpectedLoad {
    /// Index into the grid's loads.
    load: u32,
    /// W.
    drawn_w: f64,
    variance: f64,
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
                } else if rows.far[sensing].is_some() {
                    normalised[sensing] = rows.far[sensing];
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
            far: vec![None; sensings.len()],
            buses: self.expected(powers, &live),
            transformers: (0..grid.transformers.len() as u32).filter(|t| self.feeds(*t, &live)).collect(),
        };
        for source in grid.external_grids.iter().filter(|source| live[source.bus as usize]) {
            let quantity = Quantity::VoltageMagnitude(source.bus);
            rows.measurements.push(Measurement { quantity, value: source.vm_pu, sigma: SOURCE_SIGMA_PU });
        }
        let mut at_bus = vec![None; grid.buses.len()];
        for (k, expected) in rows.buses.iter().enumerate() {
            at_bus[grid.loads[expected.loads[0].load as usize].bus as usize] = Some(k);
        }
        let taking_part = || sensings.iter().enumerate().filter(|(index, _)| !set_aside.contains(index));
        for (index, sensing) in taking_part() {
            rows.far[index] = self.learn(sensing, (&mut rows.buses, &at_bus));
        }
        for expected in &mut rows.buses {
            let bus = grid.loads[expected.loads[0].load as usize].bus;
            expected.row = rows.measurements.len();
            let sigma = expected.loads.iter().map(|load| load.variance).sum::<f64>().sqrt();
            let [active, reactive] = expected.drawn.map(|drawn| -drawn);
            rows.measurements.push(Measurement { quantity: Quantity::InjectionActive(bus), value: active, sigma });
            rows.measurements.push(Measurement { quantity: Quantity::InjectionReactive(bus), value: reactive, sigma });
        }
        for (index, sensing) in taking_part() {
            if let Some(measurement) = self.measurement(sensing, &live, (&rows.buses, &at_bus)) {
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
            let variance = variance.max(PSEUDO_LEAST_W.powi(2));
            expected.loads.push(ExpectedLoad { load: index as u32, drawn_w: drawn[0], variance });
        }
        of_bus.into_values().collect()
    }

    /// The load that a sensing is of.
    fn metered(&self, what: Sensed) -> Option<usize> {
        match what {
            Sensed::Building(building) => {
                Some(building as usize).filter(|building| *building < self.grid().buildings.len())
            }
            Sensed::Asset(asset) => {
                Some(self.grid().buildings.len() + self.grid().attached.iter().position(|of| *of == asset)?)
            }
            Sensed::Transformer(_) | Sensed::Voltage(_) => None,
        }
    }

    /// A meter of a load that shares its bus with others says what that load draws, which the bus' sum then has: the mean of both
    /// by their variances. How far the two were apart, over the deviation of that; None for every other sensing.
    fn learn(&self, sensing: &Sensing, (buses, at_bus): (&mut [Expected], &[Option<usize>])) -> Option<f64> {
        let load = self.metered(sensing.what)?;
        let expected = &mut buses[at_bus[self.grid().grid.loads[load].bus as usize]?];
        if expected.loads.len() == 1 {
            return None;
        }
        let own = expected.loads.iter_mut().find(|own| own.load as usize == load)?;
        let (apart, both) = (sensing.value - own.drawn_w, own.variance + sensing.sigma.powi(2));
        let more = apart * own.variance / both;
        own.drawn_w += more;
        own.variance *= sensing.sigma.powi(2) / both;
        expected.drawn[0] += more;
        Some(apart.abs() / both.sqrt())
    }

    /// A sensing as the estimate takes it; None where what it measures is not there, has no supply or is in its bus' sum already.
    fn measurement(
        &self,
        sensing: &Sensing,
        live: &[bool],
        (buses, at_bus): (&[Expected], &[Option<usize>]),
    ) -> Option<Measurement> {
        let Sensing { what, value, sigma } = *sensing;
        let quantity = match what {
            Sensed::Transformer(t) => {
                let there = (t as usize) < self.grid().grid.transformers.len() && self.feeds(t, live);
                self.flow_into(there.then_some(t)?)
            }
            Sensed::Voltage(bus) => {
                Quantity::VoltageMagnitude(Some(bus).filter(|b| live.get(*b as usize) == Some(&true))?)
            }
            Sensed::Building(_) | Sensed::Asset(_) => {
                let bus = self.grid().grid.loads[self.metered(what)?].bus;
                let alone = buses[at_bus[bus as usize]?].loads.len() == 1;
                return alone.then_some(Measurement { quantity: Quantity::InjectionActive(bus), value: -value, sigma });
            }
        };
        Some(Measurement { quantity, value, sigma })
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
            let all: f64 = expected.loads.iter().map(|load| load.variance).sum();
            for own in &expected.loads {
                let q_var = self.grid().drawn(powers, own.load as usize)[1];
                demands.p_w[own.load as usize] = own.drawn_w + more * own.variance / all;
                demands.q_var[own.load as usize] = q_var + lagging * own.variance / all;
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
