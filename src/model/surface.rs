//! What lies on the ground: land use, water, railways, trees.

use geo::{Coord, LineString, MultiPolygon};

use crate::{Known, LandAreaId, RailwayId, SourceRef, Tags, TreeId, WaterAreaId};

/// Land use or cover, as far as it changes looks, people or jobs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LandKind {
    Residential,
    Commercial,
    Retail,
    Industrial,
    /// Harbour, port and dock land.
    Harbour,
    /// Schools, universities, hospitals, public grounds.
    Institutional,
    Park,
    Grass,
    Forest,
    Scrub,
    Farmland,
    Allotments,
    Cemetery,
    Pitch,
    Sand,
    Rock,
    Wetland,
    Parking,
    /// Squares and pedestrian areas.
    Plaza,
    Railway,
    Construction,
    Military,
    Aerodrome,
}

/// One area of land.
#[derive(Clone, PartialEq, Debug)]
pub struct LandArea {
    pub id: LandAreaId,
    pub source: SourceRef,
    pub kind: LandKind,
    pub name: Option<String>,
    pub shape: MultiPolygon<f64>,
    pub tags: Tags,
}

/// What a water area is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WaterKind {
    Sea,
    River,
    Lake,
    Basin,
    Pool,
}

/// One water area.
#[derive(Clone, PartialEq, Debug)]
pub struct WaterArea {
    pub id: WaterAreaId,
    /// The coastline's first way for the sea.
    pub source: SourceRef,
    pub kind: WaterKind,
    pub name: Option<String>,
    pub shape: MultiPolygon<f64>,
    pub tags: Tags,
}

/// A stream, canal or river drawn as a line (no water area covers it).
#[derive(Clone, PartialEq, Debug)]
pub struct Waterway {
    pub source: SourceRef,
    pub name: Option<String>,
    pub line: LineString<f64>,
    pub width_m: Known<f64>,
    pub tunnel: bool,
    pub layer: i8,
}

/// A single tree.
#[derive(Clone, PartialEq, Debug)]
pub struct Tree {
    pub id: TreeId,
    pub source: SourceRef,
    pub at: Coord<f64>,
    pub height_m: Known<f32>,
    pub crown_diameter_m: Known<f32>,
    pub conifer: bool,
}

/// What runs on a railway.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RailwayKind {
    Rail,
    Tram,
    Subway,
    LightRail,
    Narrow,
    Monorail,
    /// Disused or under construction: drawn faintly, carries nothing.
    Inactive,
}

/// One track.
#[derive(Clone, PartialEq, Debug)]
pub struct Railway {
    pub id: RailwayId,
    pub source: SourceRef,
    pub kind: RailwayKind,
    pub name: Option<String>,
    pub line: LineString<f64>,
    pub bridge: bool,
    pub tunnel: bool,
    pub layer: i8,
    pub tags: Tags,
}
