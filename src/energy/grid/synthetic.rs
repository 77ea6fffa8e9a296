//! The grid of a city that has no data of it: stations where the load is, rings and feeders along its streets, a service
//! to every building. Everything here is made up by written rules (`assets/energy`), apart from what the city states of
//! substations and transformers; which is which stands on every element.
//!
//! The transformers are those of [`crate::EnergySystem`] in the same order, and they serve the same buildings. Knows no
//! clock and no file: the loads of an instant go in by [`CityGrid::demand`], what the load flow says of buildings and
//! transformers comes out by [`CityGrid::answer`].

mod build;
mod cell;
pub(crate) mod design;
mod elements;
mod estimate;
mod figures;
mod hosting;
mod islands;
mod low_voltage;
mod measures;
mod medium_voltage;
mod operate;
pub(crate) mod paths;
mod phases;
mod power;
mod rings;
mod segments;
pub(crate) mod streets;
mod substations;
pub(crate) mod tables;

use citytwin_model::{City, Coord, EnergyAssetId, Origin};

use super::{Grid, GridErrors};
use crate::EnergySystem;

pub use design::Laid;
pub use estimate::{GridEstimate, Sensed, Sensing};
pub use figures::Figures;
pub use hosting::Joining;
pub use measures::{StationMeasure, StationPlan};
pub use operate::{Element, Operated};
pub use phases::Phases;
pub use power::{Answer, Demands, Powers};
pub use streets::Way;
pub use tables::{CableType, CableUse};

/// A grown grid with what its elements are in the city.
#[derive(Clone, Debug)]
pub struct CityGrid {
    /// Transformers in the order of [`EnergySystem::transformers`], then two per substation; loads in the order of
    /// the buildings, then of [`Self::attached`].
    pub grid: Grid,
    /// Per bus its place, local metres.
    pub bus_at: Vec<Coord<f64>>,
    /// As `grid.lines`.
    pub lines: Vec<Line>,
    courses: Vec<Coord<f64>>,
    /// Smallest first within a use; [`Line::cable`] is an index into it.
    pub cables: Vec<CableType>,
    /// Reactive over active power of loads, 1.
    tan_phi: f64,
    /// Buses from the sources on, each with the branch that feeds it.
    order: Vec<power::Fed>,
    /// Index = `BuildingId`.
    pub buildings: Vec<Connection>,
    /// Energy assets (index = `EnergyAssetId`) that draw or feed in, in the order of their loads.
    pub attached: Vec<u32>,
    /// As [`EnergySystem::transformers`].
    pub stations: Vec<Station>,
    pub feeders: Vec<Feeder>,
    pub rings: Vec<Ring>,
    pub substations: Vec<Substation>,
}

/// What a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineKind {
    /// Medium voltage; index into [`CityGrid::rings`].
    Ring(u32),
    /// Along the street; index into [`CityGrid::feeders`].
    Feeder(u32),
    /// From the street to a building; index into [`CityGrid::feeders`].
    Service(u32),
}

/// One cable.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Line {
    pub kind: LineKind,
    pub way: Way,
    /// Index into [`CityGrid::cables`].
    pub cable: u16,
    course: [u32; 2],
}

/// How a building hangs on the grid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    pub bus: u32,
    /// None where the building holds its own station.
    pub service: Option<u32>,
    pub feeder: Option<u32>,
    pub phases: Phases,
}

/// A station of medium to low voltage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Station {
    /// Index into `grid.transformers` and into [`EnergySystem::transformers`].
    pub transformer: u32,
    pub medium_bus: u32,
    pub low_bus: u32,
    pub ring: Option<u32>,
}

/// A low-voltage cable from a station with all that hangs on it.
#[derive(Clone, PartialEq, Debug)]
pub struct Feeder {
    pub transformer: u32,
    /// None where its customers hang on the station itself.
    pub laid: Option<Laid>,
    /// Its lines, services included: begin and end.
    pub lines: [u32; 2],
    /// Nearest first.
    pub buildings: Vec<u32>,
    /// Longest way from the station to a customer, metre.
    pub length_m: f64,
}

/// A medium-voltage ring, open at one section.
#[derive(Clone, PartialEq, Debug)]
pub struct Ring {
    pub substation: u32,
    pub laid: Laid,
    /// In order from busbar section a to b; index into [`CityGrid::stations`].
    pub stations: Vec<u32>,
    /// Its lines in order: begin and end.
    pub lines: [u32; 2],
    /// The line that ends at the normally open point, and that point: index into `grid.switches`.
    pub open_line: u32,
    pub open_switch: u32,
}

/// A station of high to medium voltage: two units, each on its busbar section, the coupler between them open.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Substation {
    /// The energy asset it is, where the city states it.
    pub asset: Option<EnergyAssetId>,
    pub origin: Origin,
    pub at: Coord<f64>,
    pub high_bus: u32,
    pub busbars: [u32; 2],
    /// Index into `grid.transformers`.
    pub transformers: [u32; 2],
    /// Index into `grid.switches`.
    pub coupler: u32,
}

impl CityGrid {
    /// Grows the grid. Depends on city, energy system (its transformers and loads, not its clock) and seed alone; the
    /// seed decides phases.
    ///
    /// # Errors
    /// A city that names two buildings or two assets alike: the ids of the grid's elements would be too.
    pub fn grow(city: &City, system: &EnergySystem, seed: u64) -> Result<Self, GridErrors> {
        build::grow(city, system, seed)
    }

    /// Where a line lies, from its from-end, local metres.
    pub fn course(&self, line: u32) -> &[Coord<f64>] {
        let [begin, end] = self.lines[line as usize].course;
        &self.courses[begin as usize..end as usize]
    }
}

impl Connection {
    const NONE: Self = Self { bus: paths::NONE, service: None, feeder: None, phases: Phases::Three };
}

impl Line {
    /// Every line is made up; by which rule.
    pub fn origin(&self) -> Origin {
        Origin::Inferred(match (self.kind, self.way) {
            (_, Way::Straight) => "synthetic: no street in reach, the shortest straight line",
            (LineKind::Ring(_), _) => {
                "synthetic: ring along streets through neighbouring stations, open at half its load"
            }
            (LineKind::Feeder(_), _) => {
                "synthetic: shortest way along streets from the transformer, a standard cable's load each"
            }
            (LineKind::Service(_), _) => "synthetic: from the nearest point of a street to the building's wall",
        })
    }
}
