//! Things that make, store, transform or draw electric power.

use geo::Coord;

use crate::{EnergyAssetId, Known, SourceRef, Tags, units::Watts};

/// What an energy asset does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EnergyAssetKind {
    /// High to medium voltage station that feeds the city.
    Substation,
    /// Distribution transformer, medium to low voltage: sums the buildings it serves.
    Transformer,
    Solar,
    Wind,
    /// Any generator that burns something, or an unspecified one.
    Generator,
    Battery,
    /// Public charging station.
    Charger,
}

/// An energy asset of the map or of the city folder.
#[derive(Clone, PartialEq, Debug)]
pub struct EnergyAsset {
    pub id: EnergyAssetId,
    pub source: SourceRef,
    pub name: Option<String>,
    pub kind: EnergyAssetKind,
    pub at: Coord<f64>,
    /// Rated power (apparent power for transformers, taken at power factor 1).
    pub rated: Option<Known<Watts>>,
    pub tags: Tags,
}
