//! N-1: what fails with one branch, who is off, and who comes back when the normally open points of the rings are closed.

use rayon::prelude::*;

use super::{
    check::Grid,
    element::{Ends, GridData, Islands},
    flow::{Flow, FlowError, solve},
    network::{NONE, Network},
};

/// What an outage leaves.
#[derive(Clone, Debug)]
pub struct Outage {
    /// The branch that fails, in the order of [`GridData::branch_ends`].
    pub branch: u32,
    /// Loads without supply right after, and after the rings are closed.
    pub loads_off: usize,
    pub loads_off_after: usize,
    /// Power of the first, at rated voltage, W.
    pub off_w: f64,
    /// What was closed, in this order.
    pub closed: Vec<OpenPoint>,
    /// The flow after that, or why there is none.
    pub flow: Result<Flow, FlowError>,
}

/// A normally open point of a ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenPoint {
    /// Index of a switch.
    Switch(u32),
    /// Index of a branch with an end open.
    Branch(u32),
}

/// Fails each branch in turn. Branches go over threads; the result is in the order of `branches`.
pub fn outages(grid: &Grid, branches: &[u32]) -> Vec<Outage> {
    branches
        .par_iter()
        .filter(|branch| (**branch as usize) < grid.branch_ends().count())
        .map(|&branch| outage(grid, branch))
        .collect()
}

fn outage(grid: &Grid, branch: u32) -> Outage {
    let mut data = grid.clone().into_data();
    data.islands = Islands::Dead;
    if let Some(ends) = ends_mut(&mut data, branch) {
        (ends.from_closed, ends.to_closed) = (false, false);
    }
    let mut failed = Grid::trusted(data);
    let off = loads_off(&failed);
    let off_w = off.iter().map(|load| failed.loads[*load].demand.total().at(1.0)[0]).sum();
    let (mut loads_off_after, mut closed) = (off.len(), Vec::new());
    while loads_off_after > 0 {
        let Some(point) = helpful(&failed, branch) else { break };
        let mut data = failed.into_data();
        match point {
            OpenPoint::Switch(at) => data.switches[at as usize].closed = true,
            OpenPoint::Branch(at) => {
                if let Some(ends) = ends_mut(&mut data, at) {
                    (ends.from_closed, ends.to_closed) = (true, true);
                }
            }
        }
        failed = Grid::trusted(data);
        closed.push(point);
        loads_off_after = loads_off(&failed).len();
    }
    Outage { branch, loads_off: off.len(), loads_off_after, off_w, closed, flow: solve(&failed) }
}

fn ends_mut(data: &mut GridData, branch: u32) -> Option<&mut Ends> {
    let at = branch as usize;
    let (lines, transformers) = (data.lines.len(), data.transformers.len());
    if at < lines {
        Some(&mut data.lines[at].ends)
    } else if at < lines + transformers {
        Some(&mut data.transformers[at - lines].ends)
    } else {
        data.pi_branches.get_mut(at - lines - transformers).map(|branch| &mut branch.ends)
    }
}

fn loads_off(grid: &Grid) -> Vec<usize> {
    let network = Network::new(grid);
    let off = |(_, load): &(usize, &super::Load)| load.in_service && network.node_of_bus[load.bus as usize] == NONE;
    grid.loads.iter().enumerate().filter(off).map(|(index, _)| index).collect()
}

/// The first open point that joins a dead part to a live one: switches first, then branches with one end open.
fn helpful(grid: &Grid, failed: u32) -> Option<OpenPoint> {
    let network = Network::new(grid);
    let live = |bus: u32| network.node_of_bus[bus as usize] != NONE;
    let switch = grid.switches.iter().position(|switch| !switch.closed && live(switch.from) != live(switch.to));
    if let Some(at) = switch {
        return Some(OpenPoint::Switch(at as u32));
    }
    let helps = |(at, ends): &(usize, Ends)| {
        *at != failed as usize && ends.from_closed != ends.to_closed && live(ends.from) != live(ends.to)
    };
    let found = grid.branch_ends().map(|(_, ends)| ends).enumerate().find(helps);
    found.map(|(at, _)| OpenPoint::Branch(at as u32))
}
