//! Typed indices into the vectors of a [`crate::City`]. Valid for one loaded city only; what is saved
//! names things by [`crate::SourceRef`].

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the city's vector.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of a vector position.
            ///
            /// # Panics
            /// Beyond `u32::MAX`, which no importer produces (a city holds fewer than 2³² of anything).
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("a city holds fewer than 2^32 features of a kind"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id!(/// Index into `City::roads`.
    RoadId);
id!(/// Index into `City::nodes`.
    NodeId);
id!(/// Index into `City::links`.
    LinkId);
id!(/// Index into `City::buildings`.
    BuildingId);
id!(/// Index into `City::building_parts`.
    PartId);
id!(/// Index into `City::land`.
    LandAreaId);
id!(/// Index into `City::water`.
    WaterAreaId);
id!(/// Index into `City::trees`.
    TreeId);
id!(/// Index into `City::railways`.
    RailwayId);
id!(/// Index into `City::energy_assets`.
    EnergyAssetId);
id!(/// Index into `City::sensors`.
    SensorId);
id!(/// Index into `Districts::list`.
    DistrictId);

/// Any one feature of a city: what a click picks and what a sensor observes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FeatureRef {
    Road(RoadId),
    Node(NodeId),
    Building(BuildingId),
    BuildingPart(PartId),
    LandArea(LandAreaId),
    WaterArea(WaterAreaId),
    Tree(TreeId),
    Railway(RailwayId),
    EnergyAsset(EnergyAssetId),
    Sensor(SensorId),
}
