//! Buildings and their parts, with the provenance of every inferred value.

use geo::MultiPolygon;

use crate::{BuildingId, Known, PartId, SourceRef, Tags};

/// What a building is used for: decides its load, its people and its jobs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BuildingUse {
    /// One or two dwellings.
    House,
    /// Several dwellings.
    Apartments,
    Office,
    Retail,
    Hotel,
    School,
    Hospital,
    /// Town halls, churches, museums, theatres, stations.
    Public,
    Industrial,
    Warehouse,
    /// Garages, sheds, carports, greenhouses, roofs: nobody lives or works there.
    Ancillary,
}

/// Roof shapes of OSM's Simple 3D Buildings that the view builds; the tag itself stays in `Tags`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RoofShape {
    Flat,
    Gabled,
    Hipped,
    HalfHipped,
    Pyramidal,
    Skillion,
    Gambrel,
    Mansard,
    Dome,
    Onion,
    Cone,
    Round,
}

/// A roof on top of the walls.
#[derive(Clone, PartialEq, Debug)]
pub struct Roof {
    pub shape: Known<RoofShape>,
    /// From eaves to top, metre; part of the volume's height. 0 for flat roofs.
    pub height_m: Known<f32>,
    /// Direction the roof faces or slopes to, degree clockwise from north, where stated.
    pub direction_deg: Option<f32>,
    /// Ridge across the long side instead of along it (`roof:orientation=across`).
    pub across: bool,
    /// sRGB.
    pub colour: Option<[u8; 3]>,
    pub material: Option<String>,
}

/// A prism with a roof.
#[derive(Clone, PartialEq, Debug)]
pub struct Volume {
    /// Valid, exterior rings counter-clockwise, holes clockwise, never empty.
    pub footprint: MultiPolygon<f64>,
    /// Ground to top of the roof, metre, > `min_height_m`.
    pub height_m: Known<f32>,
    /// Ground to underside, metre, ≥ 0.
    pub min_height_m: Known<f32>,
    /// Storeys above ground, roof storeys left out.
    pub levels: Known<f32>,
    pub roof: Roof,
    /// Wall colour, sRGB.
    pub colour: Option<[u8; 3]>,
    pub material: Option<String>,
}

/// One building: a closed way or a multipolygon with `building=*`.
#[derive(Clone, PartialEq, Debug)]
pub struct Building {
    pub id: BuildingId,
    pub source: SourceRef,
    pub name: Option<String>,
    pub usage: Known<BuildingUse>,
    pub volume: Volume,
    /// When not empty, the parts are drawn instead of the volume.
    pub parts: Vec<PartId>,
    pub tags: Tags,
}

/// One `building:part`.
#[derive(Clone, PartialEq, Debug)]
pub struct BuildingPart {
    pub id: PartId,
    pub source: SourceRef,
    /// The building whose outline holds it, when there is one.
    pub building: Option<BuildingId>,
    pub volume: Volume,
    pub tags: Tags,
}

impl Building {
    /// Footprint area × storeys, m².
    pub fn floor_area_m2(&self) -> f64 {
        use geo::Area;
        self.volume.footprint.unsigned_area() * f64::from(self.volume.levels.value.max(1.0))
    }
}
