//! Load flows of many hours of a grown grid where stations alone are looked at: losses, what goes through transformers, and the
//! buildings' voltages. The same as [`Operated::solve`] says of them (a test), for eight hours side by side and without the
//! loadings of lines, which take most of its time.

use crate::grid::{
    NotRadial, Profiles, Sweep, SweepError, Transformer,
    synthetic::{Operated, Powers},
};

/// Hours side by side.
pub const FLOW_LANES: usize = 8;
type Lanes = [f64; FLOW_LANES];
const NONE: u32 = u32::MAX;

/// A grid prepared for many hours.
#[derive(Clone, Debug)]
pub struct HourlyFlow {
    operated: Operated,
    sweep: Sweep,
    /// From the sources on; run through backwards.
    fed: Vec<Fed>,
    load_bus: Vec<u32>,
    building_bus: Vec<u32>,
    rated_v: Vec<f64>,
}

/// Up to [`FLOW_LANES`] hours; lanes past the last repeat it.
#[derive(Clone, PartialEq, Debug)]
pub struct FlowHours {
    /// W.
    pub losses_w: Lanes,
    /// As the grid's transformers, of the rating, 1.
    pub transformer_loading: Vec<Lanes>,
    /// Index = `BuildingId`, per unit; nought without supply.
    pub building_vm_pu: Vec<Lanes>,
}

/// A bus and the branch to the one before it, as a pi section.
#[derive(Clone, Copy, Debug)]
struct Fed {
    bus: u32,
    before: u32,
    /// Series impedance, ohm, and half the shunt admittance, S.
    series_ohm: [f64; 2],
    half_s: [f64; 2],
    /// Voltage of the near end over that of the bus before.
    ratio: f64,
    /// Index and reciprocal of the rating, 1/VA; [`NONE`] for lines and switches.
    transformer: u32,
    per_va: f64,
}

impl HourlyFlow {
    /// # Errors
    /// A grid that is not radial; none that was grown is.
    pub fn new(operated: Operated) -> Result<Self, NotRadial> {
        let (city, grid) = (operated.grid(), &operated.grid().grid);
        Ok(Self {
            sweep: Sweep::new(grid)?,
            fed: fed(&operated),
            load_bus: grid.loads.iter().map(|load| load.bus).collect(),
            building_bus: city.buildings.iter().map(|building| building.bus).collect(),
            rated_v: grid.buses.iter().map(|bus| bus.rated_v).collect(),
            operated,
        })
    }

    pub fn operated(&self) -> &Operated {
        &self.operated
    }

    /// One to [`FLOW_LANES`] instants; more are passed over.
    ///
    /// # Errors
    /// An instant whose load the grid cannot carry.
    pub fn solve(&self, instants: &[Powers<'_>]) -> Result<FlowHours, SweepError> {
        let hours = instants.len().clamp(1, FLOW_LANES);
        let demands = self.operated.grid().demand(&instants[..hours.min(instants.len())]);
        let flow = self.sweep.solve_hours(demands.profiles())?;
        Ok(pulp::Arch::new().dispatch(Back { of: self, drawn: demands.profiles(), vm_pu: &flow.vm_pu }))
    }
}

/// Powers from the customers to the sources, as pulp compiles them for the machine's registers.
struct Back<'a> {
    of: &'a HourlyFlow,
    drawn: Profiles<'a>,
    vm_pu: &'a [f64],
}

impl pulp::NullaryFnOnce for Back<'_> {
    type Output = FlowHours;

    #[inline(always)]
    fn call(self) -> FlowHours {
        let (of, buses, loads) = (self.of, self.of.rated_v.len(), self.of.load_bus.len());
        let lane = |lane: usize| lane.min(self.drawn.hours.max(1) - 1);
        let rows: [&[f64]; FLOW_LANES] = std::array::from_fn(|l| &self.vm_pu[lane(l) * buses..][..buses]);
        let of_bus = |bus: u32| -> Lanes { std::array::from_fn(|l| rows[l][bus as usize]) };
        let mut through = vec![[[0.0; FLOW_LANES]; 2]; buses];
        for (index, &bus) in of.load_bus.iter().enumerate() {
            let [p, q] = &mut through[bus as usize];
            for l in 0..FLOW_LANES {
                p[l] += self.drawn.p_w[lane(l) * loads + index];
                q[l] += self.drawn.q_var[lane(l) * loads + index];
            }
        }
        let transformers = of.operated.grid().grid.transformers.len();
        let mut hours = FlowHours {
            losses_w: [0.0; FLOW_LANES],
            transformer_loading: vec![[0.0; FLOW_LANES]; transformers],
            building_vm_pu: of
                .building_bus
                .iter()
                .map(|bus| if *bus == NONE { [0.0; 8] } else { of_bus(*bus) })
                .collect(),
        };
        for fed in of.fed.iter().rev() {
            let [p, q] = through[fed.bus as usize];
            let near = of_bus(fed.before).map(|vm| vm * of.rated_v[fed.before as usize] * fed.ratio);
            let far = of_bus(fed.bus).map(|vm| vm * of.rated_v[fed.bus as usize]);
            let into = fed.through([p, q], near, far);
            for l in 0..FLOW_LANES {
                hours.losses_w[l] += into[0][l] - p[l];
                through[fed.before as usize][0][l] += into[0][l];
                through[fed.before as usize][1][l] += into[1][l];
            }
            if fed.transformer != NONE {
                let most = |l: usize| (into[0][l].powi(2) + into[1][l].powi(2)).max(p[l].powi(2) + q[l].powi(2));
                hours.transformer_loading[fed.transformer as usize] =
                    std::array::from_fn(|l| most(l).sqrt() * fed.per_va);
            }
        }
        hours
    }
}

impl Fed {
    /// Power into the near end for what leaves the far end, W and var, at voltages line to line, V. A closed switch has no
    /// impedance.
    #[inline(always)]
    fn through(&self, out: [Lanes; 2], near: Lanes, far: Lanes) -> [Lanes; 2] {
        let mut into = out;
        for l in 0..FLOW_LANES {
            let (near_2, far_2) = (near[l] * near[l], far[l] * far[l]);
            let p = out[0][l] + self.half_s[0] * far_2;
            let q = out[1][l] - self.half_s[1] * far_2;
            let current_2 = (p * p + q * q) / far_2;
            into[0][l] = p + self.series_ohm[0] * current_2 + self.half_s[0] * near_2;
            into[1][l] = q + self.series_ohm[1] * current_2 - self.half_s[1] * near_2;
        }
        into
    }

    fn switch(bus: u32, before: u32) -> Self {
        let none = [0.0; 2];
        Self { bus, before, series_ohm: none, half_s: none, ratio: 1.0, transformer: NONE, per_va: 0.0 }
    }
}

/// Buses over what is closed, each after the one that feeds it; sources alone are left out.
fn fed(operated: &Operated) -> Vec<Fed> {
    let grid = &operated.grid().grid;
    let mut next: Vec<Vec<Fed>> = vec![Vec::new(); grid.buses.len()];
    let mut both = |of: Fed, back_ratio: f64| {
        next[of.before as usize].push(of);
        next[of.bus as usize].push(Fed { bus: of.before, before: of.bus, ratio: back_ratio, ..of });
    };
    for line in grid.lines.iter().filter(|line| line.ends.from_closed && line.ends.to_closed) {
        let per_km = &line.positive;
        let (systems, length_km) = (f64::from(line.parallel), line.length_km);
        let susceptance = std::f64::consts::TAU * grid.frequency_hz * per_km.c_f;
        let of = Fed {
            series_ohm: [per_km.r_ohm, per_km.x_ohm].map(|ohm| ohm * length_km / systems),
            half_s: [per_km.g_s, susceptance].map(|s| 0.5 * s * length_km * systems),
            ..Fed::switch(line.ends.to, line.ends.from)
        };
        both(of, 1.0);
    }
    let closed = |t: &&Transformer| t.ends.from_closed && t.ends.to_closed;
    for (index, transformer) in grid.transformers.iter().enumerate().filter(|(_, t)| closed(t)) {
        let (series_s, shunt_s) = transformer.sections();
        let (series_ohm, (from_v, to_v)) = (series_s.inv(), transformer.tapped_v());
        let of = Fed {
            series_ohm: [series_ohm.re, series_ohm.im],
            half_s: [0.5 * shunt_s.re, 0.5 * shunt_s.im],
            ratio: to_v / from_v,
            transformer: index as u32,
            per_va: 1.0 / (transformer.rated_va * f64::from(transformer.parallel)),
            ..Fed::switch(transformer.ends.to, transformer.ends.from)
        };
        both(of, to_v / from_v);
    }
    for switch in grid.switches.iter().filter(|switch| switch.closed) {
        both(Fed::switch(switch.to, switch.from), 1.0);
    }
    let mut order: Vec<Fed> = Vec::with_capacity(grid.buses.len());
    for source in &grid.external_grids {
        let mut at = order.len();
        order.extend(&next[source.bus as usize]);
        while let Some(&Fed { bus, before, .. }) = order.get(at) {
            order.extend(next[bus as usize].iter().filter(|fed| fed.bus != before));
            at += 1;
        }
    }
    order
}
