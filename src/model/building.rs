//! Buildings and their parts, with the provenance of every inferred value.

use geo::MultiPolygon;

use crate::{BuildingId, Known, PartId, SourceRef, Tags};

/// Year of construction of buildings that state none.
const ASSUMED_YEAR: u16 = 1965;

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

impl Volume {
    /// A prism on the ground, all of it stated: height to the top of the roof, storeys, roof with its own height.
    pub fn stated(footprint: MultiPolygon<f64>, height_m: f32, levels: f32, roof: (RoofShape, f32)) -> Self {
        Self {
            footprint,
            height_m: Known::stated(height_m),
            min_height_m: Known::stated(0.0),
            levels: Known::stated(levels),
            roof: Roof {
                shape: Known::stated(roof.0),
                height_m: Known::stated(roof.1),
                direction_deg: None,
                across: false,
                colour: None,
                material: None,
            },
            colour: None,
            material: None,
        }
    }
}

impl Building {
    /// A building without name, parts or tags.
    pub fn stated(id: BuildingId, source: SourceRef, usage: BuildingUse, volume: Volume) -> Self {
        let usage = Known::stated(usage);
        Self { id, source, name: None, usage, volume, parts: Vec::new(), tags: Tags::default() }
    }

    /// Year of construction: the first four digits of OSM's `start_date`; 1965 where it has none, amid the decades from which
    /// most of Europe's dwellings are (Eurostat, census 2011: about half are of 1946 to 1980).
    pub fn built(&self) -> Known<u16> {
        let stated = self.tags.get("start_date").and_then(|date| date.get(..4)).and_then(|year| year.parse().ok());
        let year = stated.filter(|year| (1000..=2100).contains(year));
        year.map_or(Known::inferred(ASSUMED_YEAR, "year of construction not stated: 1965"), Known::stated)
    }

    /// Footprint area × storeys, m².
    pub fn floor_area_m2(&self) -> f64 {
        use geo::Area;
        self.volume.footprint.unsigned_area() * f64::from(self.volume.levels.value.max(1.0))
    }
}
