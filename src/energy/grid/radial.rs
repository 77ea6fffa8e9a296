//! A radial grid laid out for sweeps: feeders one after another, each node after its parent, ratios and shifts of
//! transformers taken out.
//!
//! With T the product of the ratios on the way from the source, `u' = T u` and `i' = i / T*` leave powers as they are, and
//! a branch becomes a plain impedance `z' = z |T|²` with admittances to earth at its ends.

use faer::c64;
use thiserror::Error;

use super::{
    check::Grid,
    element::ElementId,
    network::{NONE, Network, NodeKind},
    two_port::TwoPort,
};

/// Why a grid cannot be swept; Newton-Raphson can solve it.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NotRadial {
    #[error("bus {0} is fed from two sides: a loop is closed there")]
    Loop(ElementId),
    #[error("a generator holds the voltage of bus {0}")]
    HeldVoltage(ElementId),
}

/// A part of the grid that hangs on one branch of a source.
#[derive(Clone, Debug)]
pub struct Feeder {
    /// Positions of its nodes.
    pub begin: usize,
    pub end: usize,
    pub source_voltage: c64,
    /// Admittance of its first branch's near end, per unit.
    pub source_earth: c64,
}

/// Nodes by position; a parent is counted from its feeder's begin plus one, 0 is the source.
#[derive(Clone, Debug)]
pub struct Radial {
    pub feeders: Vec<Feeder>,
    pub node: Vec<u32>,
    pub parent: Vec<u32>,
    /// The branch to the parent, and whether the parent is its from-side.
    pub branch: Vec<(u32, bool)>,
    /// Impedance to the parent and admittance to earth, per unit, as seen from the source.
    pub impedance: Vec<[f64; 2]>,
    pub earth: Vec<[f64; 2]>,
    /// T of each position.
    pub ratio: Vec<c64>,
    /// Per node of the network its position; [`NONE`] for sources.
    pub position: Vec<u32>,
}

impl Radial {
    pub fn new(grid: &Grid, network: &Network) -> Result<Self, NotRadial> {
        let id = |node: usize| {
            let bus = network.bus_of_node[node];
            if bus == NONE { ElementId::new("of the external grid") } else { grid.buses[bus as usize].label.id.clone() }
        };
        if let Some(node) = network.kind.iter().position(|kind| matches!(kind, NodeKind::Voltage(_))) {
            return Err(NotRadial::HeldVoltage(id(node)));
        }
        let mut layout = Self {
            feeders: Vec::new(),
            node: Vec::with_capacity(network.len()),
            parent: Vec::with_capacity(network.len()),
            branch: Vec::with_capacity(network.len()),
            impedance: Vec::with_capacity(network.len()),
            earth: Vec::with_capacity(network.len()),
            ratio: Vec::with_capacity(network.len()),
            position: vec![NONE; network.len()],
        };
        let neighbours = super::newton::neighbours(network);
        let shunt = network.to_earth();
        for (source, kind) in network.kind.iter().enumerate() {
            let NodeKind::Slack(voltage) = *kind else { continue };
            for branch in neighbours.of(source as u32) {
                layout
                    .feeder(network, (&neighbours, &shunt), voltage, branch)
                    .map_err(|node| id(node as usize))
                    .map_err(NotRadial::Loop)?;
            }
        }
        Ok(layout)
    }

    /// Depth first, so that a chain of nodes is a chain in memory. Fails with the node that is met twice.
    fn feeder(
        &mut self,
        network: &Network,
        (neighbours, shunt): (&super::newton::Neighbours, &[c64]),
        source_voltage: c64,
        first: (u32, bool),
    ) -> Result<(), u32> {
        let begin = self.node.len();
        let mut source_earth = c64::new(0.0, 0.0);
        let mut open = vec![(first, 0_u32, c64::new(1.0, 0.0))];
        while let Some(((branch, from_here), parent, above)) = open.pop() {
            let branch_ends = &network.branches[branch as usize];
            let (node, y) =
                if from_here { (branch_ends.to, branch_ends.y) } else { (branch_ends.from, mirrored(branch_ends.y)) };
            if matches!(network.kind[node as usize], NodeKind::Slack(_)) {
                // A branch between sources carries what it carries; nothing hangs on it. From a feeder it closes a loop.
                if parent == 0 && self.node.len() == begin {
                    continue;
                }
                return Err(node);
            }
            if self.position[node as usize] != NONE {
                return Err(node);
            }
            let at = self.node.len();
            self.branch.push((branch, from_here));
            self.parent.push(parent);
            let (ratio, at_parent) = self.place(shunt[node as usize], node, above, &Section::of(y));
            if parent > 0 {
                let earth = &mut self.earth[begin + parent as usize - 1];
                *earth = [earth[0] + at_parent.re, earth[1] + at_parent.im];
            } else {
                source_earth = at_parent;
            }
            let here = (at - begin) as u32 + 1;
            let onward = neighbours.of(node).filter(|(next, _)| *next != branch);
            open.extend(onward.map(|next| (next, here, ratio)));
        }
        if self.node.len() > begin {
            self.feeders.push(Feeder { begin, end: self.node.len(), source_voltage, source_earth });
        }
        Ok(())
    }

    /// Puts a node at the next position; its ratio to the source, and the admittance to earth that is its parent's.
    fn place(&mut self, shunt: c64, node: u32, above: c64, section: &Section) -> (c64, c64) {
        let ratio = above * section.ratio;
        self.position[node as usize] = self.node.len() as u32;
        let z = section.impedance * above.norm_sqr();
        let own = (section.earth[1] + shunt) / ratio.norm_sqr();
        self.node.push(node);
        self.impedance.push([z.re, z.im]);
        self.earth.push([own.re, own.im]);
        self.ratio.push(ratio);
        (ratio, section.earth[0] / above.norm_sqr())
    }
}

fn mirrored(y: TwoPort) -> TwoPort {
    [[y[1][1], y[1][0]], [y[0][1], y[0][0]]]
}

/// A two-port as ratio at the near side, impedance seen from there, and admittances to earth: the near end's seen from the
/// near side, the far end's from the far side.
struct Section {
    ratio: c64,
    impedance: c64,
    earth: [c64; 2],
}

impl Section {
    /// Any t of the right angle fits the two-port; |t|² = y_ff / y_nn makes both ends alike. The sign of the series
    /// admittance is the one that leaves little to earth.
    fn of(y: TwoPort) -> Self {
        let size = (y[1][1].norm() / y[0][0].norm()).sqrt();
        let series = (y[0][1] * y[1][0]).sqrt() * size;
        let series = if (y[1][1] - series).norm() <= (y[1][1] + series).norm() { series } else { -series };
        let ratio = -series / y[1][0];
        let size_2 = ratio.norm_sqr();
        Self { ratio, impedance: size_2 / series, earth: [y[0][0] - series / size_2, y[1][1] - series] }
    }
}
