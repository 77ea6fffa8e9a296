//! A grid as the balanced solvers see it: buses joined by closed switches are one node, branches are two-ports,
//! all values per unit of 1 MVA and the buses' rated voltages. Buses without a live source are dead.

use faer::c64;

use super::{
    check::{Grid, Sets},
    element::{Control, Ends, ExternalGrid, Zip},
    two_port::{self, BASE_VA, TwoPort},
};

/// No node: the bus is dead, or the branch's end is open.
pub const NONE: u32 = u32::MAX;

/// A source of more short-circuit power is ideal, VA: its impedance drops less than 1e-8 pu at 10 MVA, and its
/// admittance would drown the mismatch of its bus in rounding (1e10 pu × 1e-16).
const IDEAL_VA: f64 = 1e16;

/// What a node holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum NodeKind {
    /// Complex voltage, per unit.
    Slack(c64),
    /// Voltage magnitude, per unit.
    Voltage(f64),
    Load,
}

/// A branch between nodes, either [`NONE`] where open or dead.
#[derive(Clone, Copy, Debug)]
pub struct NodeBranch {
    pub from: u32,
    pub to: u32,
    pub y: TwoPort,
}

/// The balanced network per unit.
#[derive(Clone, Debug)]
pub struct Network {
    /// Per bus of the grid its node.
    pub node_of_bus: Vec<u32>,
    /// Per node its first bus; [`NONE`] for the inner node of an external grid.
    pub bus_of_node: Vec<u32>,
    pub kind: Vec<NodeKind>,
    /// In the order of [`super::GridData::branch_ends`], then one per external grid that has an impedance.
    pub branches: Vec<NodeBranch>,
    /// Admittance to earth of shunts and constant-impedance loads.
    pub shunt: Vec<c64>,
    /// What is drawn: constant power and constant current, P and Q (generators negative).
    pub power: Vec<[f64; 2]>,
    pub current: Vec<[f64; 2]>,
    /// What the voltage-holding generators of a node can give, least and most reactive power.
    pub reactive: Vec<[f64; 2]>,
    /// Per external grid its bus' node and, where it has an impedance, its branch.
    pub sources: Vec<(u32, Option<u32>)>,
    /// Per external grid its share of what ideal ones at the same node give, by short-circuit power.
    pub shares: Vec<f64>,
}

impl Network {
    pub fn new(grid: &Grid) -> Self {
        let node_of_bus = live_nodes(grid);
        let mut bus_of_node = Vec::new();
        for (bus, &node) in node_of_bus.iter().enumerate() {
            if node != NONE && node as usize == bus_of_node.len() {
                bus_of_node.push(bus as u32);
            }
        }
        let mut network = Self {
            kind: vec![NodeKind::Load; bus_of_node.len()],
            shunt: vec![c64::new(0.0, 0.0); bus_of_node.len()],
            power: vec![[0.0; 2]; bus_of_node.len()],
            current: vec![[0.0; 2]; bus_of_node.len()],
            reactive: vec![[0.0; 2]; bus_of_node.len()],
            branches: Vec::new(),
            sources: Vec::new(),
            shares: Vec::new(),
            node_of_bus,
            bus_of_node,
        };
        network.add_branches(grid);
        network.add_shunts(grid);
        network.add_demand(grid);
        network.add_sources(grid);
        network.share_sources(grid);
        network
    }

    pub fn len(&self) -> usize {
        self.kind.len()
    }

    /// Admittance to earth per node: shunts, and what lines that are open at their other end charge.
    pub fn to_earth(&self) -> Vec<c64> {
        let mut earth = self.shunt.clone();
        for branch in &self.branches {
            match (branch.from, branch.to) {
                (NONE, NONE) => {}
                (from, NONE) => earth[from as usize] += branch.y[0][0],
                (NONE, to) => earth[to as usize] += branch.y[1][1],
                _ => {}
            }
        }
        earth
    }

    fn add_branches(&mut self, grid: &Grid) {
        let rated = |bus: u32| grid.buses[bus as usize].rated_v;
        self.branches.reserve(grid.lines.len() + grid.transformers.len() + grid.pi_branches.len());
        for line in &grid.lines {
            let y = two_port::line(line, rated(line.ends.from), grid.frequency_hz);
            self.add_branch(&line.ends, y);
        }
        for transformer in &grid.transformers {
            let ends = &transformer.ends;
            self.add_branch(ends, transformer.two_port(rated(ends.from), rated(ends.to)));
        }
        for branch in &grid.pi_branches {
            self.add_branch(&branch.ends, two_port::pi_branch(branch, rated(branch.ends.to)));
        }
    }

    /// An end at a dead bus is open.
    fn add_branch(&mut self, ends: &Ends, y: TwoPort) {
        let node = |bus: u32, closed: bool| if closed { self.node_of_bus[bus as usize] } else { NONE };
        let (from, to) = (node(ends.from, ends.from_closed), node(ends.to, ends.to_closed));
        let ends = Ends { from_closed: from != NONE, to_closed: to != NONE, ..*ends };
        self.branches.push(NodeBranch { from, to, y: two_port::with_ends(y, &ends) });
    }

    fn add_shunts(&mut self, grid: &Grid) {
        for shunt in grid.shunts.iter().filter(|shunt| shunt.in_service) {
            let node = self.node_of_bus[shunt.bus as usize];
            if node != NONE {
                let rated_v = grid.buses[shunt.bus as usize].rated_v;
                self.shunt[node as usize] += c64::new(shunt.g_s, shunt.b_s) * (rated_v * rated_v / BASE_VA);
            }
        }
    }

    fn add_demand(&mut self, grid: &Grid) {
        for load in grid.loads.iter().filter(|load| load.in_service) {
            self.draw(load.bus, load.demand.total());
        }
        for battery in grid.batteries.iter().filter(|battery| battery.in_service) {
            self.draw(battery.bus, Zip::constant(battery.p_w, battery.q_var));
        }
        for generator in grid.generators.iter().filter(|generator| generator.in_service) {
            match &generator.control {
                Control::Power(demand) => self.draw(generator.bus, demand.total().scaled(-1.0)),
                Control::Voltage { p_w, vm_pu, q_min_var, q_max_var } => {
                    self.draw(generator.bus, Zip::constant(-p_w, 0.0));
                    let node = self.node_of_bus[generator.bus as usize];
                    if node != NONE {
                        self.kind[node as usize] = NodeKind::Voltage(*vm_pu);
                        let limits = [q_min_var.unwrap_or(f64::NEG_INFINITY), q_max_var.unwrap_or(f64::INFINITY)];
                        for (sum, limit) in self.reactive[node as usize].iter_mut().zip(limits) {
                            *sum += limit / BASE_VA;
                        }
                    }
                }
            }
        }
    }

    fn draw(&mut self, bus: u32, zip: Zip) {
        let node = self.node_of_bus[bus as usize] as usize;
        if node == NONE as usize {
            return;
        }
        for k in 0..2 {
            self.power[node][k] += zip.power[k] / BASE_VA;
            self.current[node][k] += zip.current[k] / BASE_VA;
        }
        self.shunt[node] += c64::new(zip.impedance[0], -zip.impedance[1]) / BASE_VA;
    }

    fn add_sources(&mut self, grid: &Grid) {
        for source in grid.external_grids.iter() {
            let node = self.node_of_bus[source.bus as usize];
            if node == NONE || !source.in_service {
                self.sources.push((NONE, None));
                continue;
            }
            let slack = NodeKind::Slack(c64::from_polar(source.vm_pu, source.va_rad));
            let stiff = source.short_circuit.filter(|short| short.power_va < IDEAL_VA);
            let Some(short_circuit) = stiff else {
                self.kind[node as usize] = slack;
                self.sources.push((node, None));
                continue;
            };
            let inner = self.add_inner_node(slack);
            let y = short_circuit.impedance_pu().inv();
            self.sources.push((node, Some(self.branches.len() as u32)));
            let y = two_port::pi(y, c64::new(0.0, 0.0), c64::new(1.0, 0.0));
            self.branches.push(NodeBranch { from: inner, to: node, y });
        }
    }

    fn share_sources(&mut self, grid: &Grid) {
        let weight = |source: &ExternalGrid| source.short_circuit.map_or(1.0, |short| short.power_va);
        let mut whole = vec![0.0; self.kind.len()];
        for (source, (node, _)) in grid.external_grids.iter().zip(&self.sources).filter(|(_, (node, _))| *node != NONE)
        {
            whole[*node as usize] += weight(source);
        }
        let share = |(source, (node, _)): (&ExternalGrid, &(u32, Option<u32>))| {
            if *node == NONE { 0.0 } else { weight(source) / whole[*node as usize] }
        };
        self.shares = grid.external_grids.iter().zip(&self.sources).map(share).collect();
    }

    fn add_inner_node(&mut self, kind: NodeKind) -> u32 {
        let node = self.kind.len() as u32;
        self.kind.push(kind);
        self.bus_of_node.push(NONE);
        self.shunt.push(c64::new(0.0, 0.0));
        self.power.push([0.0; 2]);
        self.current.push([0.0; 2]);
        self.reactive.push([0.0; 2]);
        node
    }
}

impl super::element::ShortCircuit {
    /// Positive-sequence impedance, per unit of 1 MVA (IEC 60909-0, clause 6.2, without voltage factor).
    pub fn impedance_pu(&self) -> c64 {
        let whole = BASE_VA / self.power_va;
        let x = whole / (1.0 + self.rx * self.rx).sqrt();
        c64::new(x * self.rx, x)
    }
}

/// Per bus its node, numbered by first bus; [`NONE`] where no source in service reaches it.
fn live_nodes(grid: &Grid) -> Vec<u32> {
    let on = |bus: u32| grid.buses[bus as usize].in_service;
    let mut fused = Sets::new(grid.buses.len());
    for switch in grid.switches.iter().filter(|s| s.closed && on(s.from) && on(s.to)) {
        fused.join(switch.from, switch.to);
    }
    let roots: Vec<u32> = (0..grid.buses.len() as u32).map(|bus| fused.root(bus)).collect();
    for (_, ends) in grid.branch_ends() {
        if ends.from_closed && ends.to_closed && on(ends.from) && on(ends.to) {
            fused.join(ends.from, ends.to);
        }
    }
    let mut live = vec![false; grid.buses.len()];
    for source in grid.external_grids.iter().filter(|source| source.in_service && on(source.bus)) {
        live[fused.root(source.bus) as usize] = true;
    }
    let mut node_of_root = vec![NONE; grid.buses.len()];
    let mut nodes = 0;
    let mut of_bus = |bus: u32| {
        if !on(bus) || !live[fused.root(bus) as usize] {
            return NONE;
        }
        let node = &mut node_of_root[roots[bus as usize] as usize];
        if *node == NONE {
            *node = nodes;
            nodes += 1;
        }
        *node
    };
    (0..grid.buses.len() as u32).map(&mut of_bus).collect()
}
