//! The grid as it is operated: with elements out of service, and what closes to bring their customers back.

use std::collections::BTreeSet;

use super::{Answer, CityGrid, Connection, Phases, Powers, power};
use crate::grid::{Ends, Islands, NotRadial, NotSweepable, PhaseSweep, PhaseSweepError, Sweep, SweepError};

/// What can be taken out of service: a line or a transformer by its index in the grid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Element {
    Line(u32),
    Transformer(u32),
}

/// A city's grid as it is operated, analysed once and solved as often as wanted.
#[derive(Clone, Debug)]
pub struct Operated {
    grid: CityGrid,
    sweep: Sweep,
    off: Vec<u32>,
}

impl CityGrid {
    /// Whether there is such an element.
    pub fn has(&self, element: Element) -> bool {
        match element {
            Element::Line(line) => (line as usize) < self.grid.lines.len(),
            Element::Transformer(transformer) => (transformer as usize) < self.grid.transformers.len(),
        }
    }

    /// The grid with these elements out of service: a ring that loses a section closes its open point, a substation that loses
    /// one unit closes the coupler of its busbars. Elements that are not there count as nought.
    ///
    /// # Errors
    /// A grid that is not radial then; none that was grown is.
    pub fn operated(&self, out: &BTreeSet<Element>) -> Result<Operated, NotRadial> {
        let mut grid = self.clone();
        let mut data = grid.grid.into_data();
        data.islands = Islands::Dead;
        let out: Vec<Element> = out.iter().copied().filter(|element| self.has(*element)).collect();
        for element in &out {
            let ends: &mut Ends = match *element {
                Element::Line(line) => &mut data.lines[line as usize].ends,
                Element::Transformer(transformer) => &mut data.transformers[transformer as usize].ends,
            };
            (ends.from_closed, ends.to_closed) = (false, false);
        }
        for ring in &self.rings {
            let sections = ring.lines[0]..ring.lines[1];
            let lost = |e: &Element| matches!(e, Element::Line(l) if sections.contains(l) && *l != ring.open_line);
            if out.iter().any(lost) && !out.contains(&Element::Line(ring.open_line)) {
                data.switches[ring.open_switch as usize].closed = true;
            }
        }
        for substation in &self.substations {
            let lost = substation.transformers.map(|unit| out.contains(&Element::Transformer(unit)));
            if lost[0] != lost[1] {
                data.switches[substation.coupler as usize].closed = true;
            }
        }
        grid.grid = crate::grid::Grid::trusted(data);
        grid.order = power::order(&grid.grid);
        let sweep = Sweep::new(&grid.grid)?;
        let mut live = vec![false; grid.grid.buses.len()];
        grid.order.iter().for_each(|fed| live[fed.bus as usize] = true);
        let off =
            (0..grid.buildings.len() as u32).filter(|b| !live[grid.buildings[*b as usize].bus as usize]).collect();
        Ok(Operated { grid, sweep, off })
    }
}

/// The same phase by phase.
pub struct InPhases<'a> {
    grid: &'a CityGrid,
    sweep: PhaseSweep,
}

impl InPhases<'_> {
    /// Lowest and highest voltage to neutral that each building sees on the phases it hangs on, per unit; nought without
    /// supply. Index = `BuildingId`.
    ///
    /// # Errors
    /// A load that the grid cannot carry.
    pub fn voltages(&self, powers: &Powers<'_>) -> Result<Vec<[f32; 2]>, PhaseSweepError> {
        let demands = self.grid.phase_demand(&[*powers]);
        let flow = self.sweep.solve_hours(demands.phase_profiles())?;
        let of = |connection: &Connection| {
            let all = &flow.vm_pu[3 * connection.bus as usize..][..3];
            let own = match connection.phases {
                Phases::One(phase) => &all[usize::from(phase)..][..1],
                Phases::Three => all,
            };
            let ends = own.iter().fold([f64::INFINITY, 0.0_f64], |[low, high], vm| [low.min(*vm), high.max(*vm)]);
            ends.map(|vm| vm as f32)
        };
        Ok(self.grid.buildings.iter().map(of).collect())
    }
}

impl Operated {
    /// Analysed for unbalanced load flows.
    ///
    /// # Errors
    /// A grid that cannot be swept so; none that was grown is.
    pub fn in_phases(&self) -> Result<InPhases<'_>, NotSweepable> {
        Ok(InPhases { grid: &self.grid, sweep: PhaseSweep::new(&self.grid.grid)? })
    }

    /// Buildings without supply, ascending.
    pub fn off(&self) -> &[u32] {
        &self.off
    }

    /// The grid with what is switched off switched off.
    pub fn grid(&self) -> &CityGrid {
        &self.grid
    }

    /// What each instant's load flow says of the city.
    ///
    /// # Errors
    /// An instant whose load the grid cannot carry.
    pub fn solve(&self, instants: &[Powers<'_>]) -> Result<Vec<Answer>, SweepError> {
        let demands = self.grid.demand(instants);
        let flow = self.sweep.solve_hours(demands.profiles())?;
        let buses = self.grid.grid.buses.len();
        let answer =
            |instant: usize| self.grid.answer(&demands, instant, &flow.vm_pu[instant * buses..(instant + 1) * buses]);
        Ok((0..instants.len()).map(answer).collect())
    }
}
