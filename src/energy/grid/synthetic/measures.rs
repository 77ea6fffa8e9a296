//! What helps a station whose grid breaks a limit: measures with their prices.

use super::{CityGrid, Element, Powers, cell::Cell};
use crate::grid::{Costs, ElementId, FlowError, Grid, Limits, MeasureKind, Setting, reinforce};

/// A measure at an element of the city's grid.
#[derive(Clone, PartialEq, Debug)]
pub struct StationMeasure {
    pub element: Element,
    pub kind: MeasureKind,
    pub cost_eur: f64,
    /// Of the price.
    pub year: u16,
    pub source: String,
}

/// What is to be done at a station.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct StationPlan {
    pub measures: Vec<StationMeasure>,
    pub cost_eur: f64,
    /// Buses and branches that break their limits still, in the instant in which most do.
    pub left: usize,
}

/// Rounds over the instants at most.
const PASSES: usize = 4;

impl StationPlan {
    /// A transformer is swapped once, for whichever is large enough in the end.
    fn add(&mut self, measure: StationMeasure) {
        let same = |m: &StationMeasure| m.kind == measure.kind && m.element == measure.element;
        if measure.kind == MeasureKind::LargerTransformer && self.measures.iter().any(same) {
            return;
        }
        self.cost_eur += measure.cost_eur;
        self.measures.push(measure);
    }
}

impl CityGrid {
    /// Measures after which a station, its transformer and its feeders keep the limits in each of these instants, one after
    /// the other: powers, and the voltages that the load flow gave ([`super::Answer::bus_vm_pu`]). Urban prices.
    ///
    /// # Errors
    /// An instant that the station cannot carry at all.
    pub fn measures(
        &self,
        station: u32,
        instants: &[(Powers<'_>, &[f32])],
        limits: &Limits,
    ) -> Result<StationPlan, FlowError> {
        let mut plan = StationPlan::default();
        let Some(at) = self.stations.get(station as usize) else { return Ok(plan) };
        let own = |feeder: &u32| self.feeders[*feeder as usize].transformer == station;
        let feeders: Vec<u32> = (0..self.feeders.len() as u32).filter(own).collect();
        let costs = Costs::built_in();
        let mut built: Option<Grid> = None;
        // What is built for a later instant may break an earlier one: until nothing more is built.
        for _ in 0..PASSES {
            let mut builds = false;
            plan.left = 0;
            for (powers, bus_vm_pu) in instants {
                let cell = Cell::of(self, station as usize, &feeders, f64::from(bus_vm_pu[at.medium_bus as usize]));
                let loaded = cell.loaded(powers);
                let grid = match built {
                    None => loaded,
                    Some(built) => with_loads_of(built, loaded),
                };
                let (found, after) = reinforce(&grid, limits, &costs, Setting::Urban)?;
                plan.left = plan.left.max(found.left.len());
                builds |= !found.measures.is_empty();
                for measure in found.measures {
                    let element = self.element(&cell, station, &measure.at);
                    plan.add(StationMeasure {
                        element,
                        kind: measure.kind,
                        cost_eur: measure.cost_eur,
                        year: measure.price_year,
                        source: measure.source,
                    });
                }
                built = Some(after);
            }
            if !builds {
                break;
            }
        }
        Ok(plan)
    }

    /// The line of this name, else the station's transformer.
    fn element(&self, cell: &Cell<'_>, station: u32, name: &ElementId) -> Element {
        let line = cell.lines.iter().find(|line| self.grid.lines[**line as usize].label.id == *name);
        line.map_or(Element::Transformer(self.stations[station as usize].transformer), |line| Element::Line(*line))
    }
}

/// What was built, with the loads and the source of another instant.
fn with_loads_of(built: Grid, instant: Grid) -> Grid {
    let (mut data, instant) = (built.into_data(), instant.into_data());
    (data.loads, data.external_grids) = (instant.loads, instant.external_grids);
    Grid::trusted(data)
}
