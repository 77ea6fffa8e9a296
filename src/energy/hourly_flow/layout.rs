//! A grown grid cut for load flows of many hours: the trunk from the sources to the last transformers, and the areas below them.

use faer::c64;

use crate::grid::{ElementId, ExternalGrid, NotRadial, Transformer, synthetic::Operated, two_port::BASE_VA};

pub(super) const NONE: u32 = u32::MAX;

/// A bus and the branch to the one before it, as a pi section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fed {
    pub bus: u32,
    pub before: u32,
    /// Series impedance, ohm, and half the shunt admittance, S, as seen from the bus.
    pub series_ohm: [f64; 2],
    pub half_s: [f64; 2],
    /// Voltage of the near end over that of the bus before.
    pub ratio: f64,
    /// Index and reciprocal of the rating, 1/VA; [`NONE`] for lines and switches.
    pub transformer: u32,
    pub per_va: f64,
}

/// What hangs on one transformer, over lines and switches alone.
pub(super) struct AreaPlan {
    pub transformer: u32,
    pub busbar: u32,
    /// Each after the one that feeds it; the busbar itself is in the trunk.
    pub fed: Vec<Fed>,
}

/// A network of higher voltage behind a bus.
pub(super) struct Source {
    pub bus: u32,
    /// Square of its voltage without load, V², and its own impedance, ohm.
    pub square: f64,
    pub series_ohm: [f64; 2],
}

pub(super) struct Layout {
    pub sources: Vec<Source>,
    /// Depth first from the sources.
    pub trunk: Vec<Fed>,
    pub areas: Vec<AreaPlan>,
}

impl Layout {
    pub fn of(operated: &Operated) -> Result<Self, NotRadial> {
        let grid = &operated.grid().grid;
        let source = |of: &ExternalGrid| {
            let rated_v = grid.buses[of.bus as usize].rated_v;
            let ohm =
                of.short_circuit.map_or(c64::new(0.0, 0.0), |short| short.impedance_pu() * rated_v * rated_v / BASE_VA);
            Source { bus: of.bus, square: (of.vm_pu * rated_v).powi(2), series_ohm: [ohm.re, ohm.im] }
        };
        let sources = grid.external_grids.iter().filter(|source| source.in_service).map(source);
        let mut layout = Self { sources: sources.collect(), trunk: Vec::new(), areas: Vec::new() };
        let order = depth_first(operated, &layout.sources)?;
        let mut at = 0;
        while at < order.len() {
            let (fed, end) = order[at];
            let below = &order[at + 1..end];
            let last = fed.transformer != NONE && below.iter().all(|(fed, _)| fed.transformer == NONE);
            layout.trunk.push(fed);
            if last {
                let fed_below = below.iter().map(|(fed, _)| *fed).collect();
                layout.areas.push(AreaPlan { transformer: fed.transformer, busbar: fed.bus, fed: fed_below });
            }
            at = if last { end } else { at + 1 };
        }
        Ok(layout)
    }
}

impl Fed {
    fn switch(bus: u32, before: u32) -> Self {
        let none = [0.0; 2];
        Self { bus, before, series_ohm: none, half_s: none, ratio: 1.0, transformer: NONE, per_va: 0.0 }
    }

    /// The same branch fed from its other end, whose side its impedances are then seen from.
    fn turned(self) -> Self {
        let square = self.ratio * self.ratio;
        Self {
            bus: self.before,
            before: self.bus,
            series_ohm: self.series_ohm.map(|ohm| ohm / square),
            half_s: self.half_s.map(|s| s * square),
            ratio: 1.0 / self.ratio,
            ..self
        }
    }
}

/// Closed branches by the bus they leave from, either way round.
fn branches(operated: &Operated) -> Vec<Vec<(Fed, u32)>> {
    let grid = &operated.grid().grid;
    let mut next: Vec<Vec<(Fed, u32)>> = vec![Vec::new(); grid.buses.len()];
    let mut count = 0;
    let mut both = |of: Fed| {
        next[of.before as usize].push((of, count));
        next[of.bus as usize].push((of.turned(), count));
        count += 1;
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
        both(of);
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
        both(of);
    }
    for switch in grid.switches.iter().filter(|switch| switch.closed) {
        both(Fed::switch(switch.to, switch.from));
    }
    next
}

/// Buses over what is closed, each with the end of what it feeds; sources themselves are left out.
fn depth_first(operated: &Operated, sources: &[Source]) -> Result<Vec<(Fed, usize)>, NotRadial> {
    let grid = &operated.grid().grid;
    let next = branches(operated);
    let mut met = vec![false; grid.buses.len()];
    let mut order: Vec<(Fed, usize)> = Vec::with_capacity(grid.buses.len());
    let mut position = vec![NONE; grid.buses.len()];
    for &Source { bus: source, .. } in sources {
        met[source as usize] = true;
        let mut open: Vec<(Fed, u32)> = next[source as usize].iter().rev().copied().collect();
        while let Some((fed, branch)) = open.pop() {
            if std::mem::replace(&mut met[fed.bus as usize], true) {
                let id: ElementId = grid.buses[fed.bus as usize].label.id.clone();
                return Err(NotRadial::Loop(id));
            }
            position[fed.bus as usize] = order.len() as u32;
            order.push((fed, 0));
            open.extend(next[fed.bus as usize].iter().rev().filter(|(_, other)| *other != branch));
        }
    }
    for at in (0..order.len()).rev() {
        order[at].1 = order[at].1.max(at + 1);
        let (fed, end) = order[at];
        if let Some(before) = order.get_mut(position[fed.before as usize] as usize) {
            before.1 = before.1.max(end);
        }
    }
    Ok(order)
}
