//! What a power-grid-model file's sensors can stand at, by id.

use std::collections::HashMap;

use super::{
    super::{
        check::Grid,
        element::{Label, Side},
        estimate::Quantity,
        network::{NONE, Network},
    },
    pgm_three_winding::LEGS,
};

/// The id of a load, generator or source in service.
pub struct Appliance<'a>(pub &'a str);

/// Buses, branches and shunts by id.
pub struct Objects {
    buses: HashMap<String, (u32, f64)>,
    branches: HashMap<String, u32>,
    /// Per transformer of three windings its legs.
    legs: HashMap<String, [u32; 3]>,
    shunts: HashMap<String, u32>,
    /// Per bus, branch end and shunt whether a source in service feeds it.
    live_buses: Vec<bool>,
    live_ends: Vec<[bool; 2]>,
    live_shunts: Vec<bool>,
}

impl Objects {
    pub fn new(grid: &Grid) -> Self {
        let index = |(at, label): (usize, &Label)| (label.id.to_string(), at as u32);
        let buses = grid.buses.iter().enumerate();
        let network = Network::new(grid);
        let live_buses: Vec<bool> = network.node_of_bus.iter().map(|node| *node != NONE).collect();
        Self {
            buses: buses.map(|(at, bus)| (bus.label.id.to_string(), (at as u32, bus.rated_v))).collect(),
            branches: grid.branch_ends().map(|(label, _)| label).enumerate().map(index).collect(),
            legs: legs(grid),
            shunts: grid.shunts.iter().map(|shunt| &shunt.label).enumerate().map(index).collect(),
            live_ends: network.branches.iter().map(|branch| [branch.from != NONE, branch.to != NONE]).collect(),
            live_shunts: grid.shunts.iter().map(|s| s.in_service && live_buses[s.bus as usize]).collect(),
            live_buses,
        }
    }

    /// Whether what is measured is fed and switched on.
    pub fn is_live(&self, quantity: Quantity) -> bool {
        match quantity {
            Quantity::VoltageMagnitude(bus)
            | Quantity::VoltageReal(bus)
            | Quantity::VoltageImaginary(bus)
            | Quantity::InjectionActive(bus)
            | Quantity::InjectionReactive(bus) => self.live_buses[bus as usize],
            Quantity::ShuntActive(shunt) | Quantity::ShuntReactive(shunt) => self.live_shunts[shunt as usize],
            Quantity::FlowActive(branch, side)
            | Quantity::FlowReactive(branch, side)
            | Quantity::CurrentReal(branch, side)
            | Quantity::CurrentImaginary(branch, side)
            | Quantity::CurrentActive(branch, side)
            | Quantity::CurrentReactive(branch, side) => self.live_ends[branch as usize][usize::from(side == Side::To)],
        }
    }

    /// A bus with its rated voltage, V.
    pub fn bus(&self, id: &str) -> Option<(u32, f64)> {
        self.buses.get(id).copied()
    }

    pub fn shunt(&self, id: &str) -> Option<u32> {
        self.shunts.get(id).copied()
    }

    /// A branch and its end by the format's number of the terminal: 0 from, 1 to, 6 to 8 the windings of three.
    pub fn branch_end(&self, id: &str, terminal: i32) -> Option<(u32, Side)> {
        match terminal {
            0 => self.branches.get(id).map(|branch| (*branch, Side::From)),
            1 => self.branches.get(id).map(|branch| (*branch, Side::To)),
            6..=8 => self.legs.get(id).map(|legs| (legs[terminal as usize - 6], Side::From)),
            _ => None,
        }
    }

    /// Per bus what injects there.
    pub fn appliances<'a>(&self, grid: &'a Grid) -> Vec<Vec<Appliance<'a>>> {
        let mut at_bus: Vec<Vec<Appliance<'a>>> = grid.buses.iter().map(|_| Vec::new()).collect();
        let loads = grid.loads.iter().filter(|e| e.in_service).map(|e| (e.bus, &e.label));
        let generators = grid.generators.iter().filter(|e| e.in_service).map(|e| (e.bus, &e.label));
        let sources = grid.external_grids.iter().filter(|e| e.in_service).map(|e| (e.bus, &e.label));
        for (bus, label) in loads.chain(generators).chain(sources) {
            at_bus[bus as usize].push(Appliance(label.id.as_str()));
        }
        at_bus
    }
}

fn legs(grid: &Grid) -> HashMap<String, [u32; 3]> {
    let mut legs: HashMap<String, [u32; 3]> = HashMap::new();
    for (branch, (label, _)) in grid.branch_ends().enumerate() {
        if let Some(winding) = LEGS.iter().position(|table| *table == label.table) {
            legs.entry(label.id.to_string()).or_default()[winding] = branch as u32;
        }
    }
    legs
}
