//! The plan of a town: everything that will be written, in metres. Data alone.

use geo::{MultiPolygon, Polygon};

use crate::{
    blocks::Block, energy::Asset, layout::Layout, maths::P, rail::Rail, streets::Streets, traffic::Rules, water::Water,
};

/// OSM tags in the order in which they are written.
pub type Tags = Vec<(&'static str, String)>;

/// Land of one use.
pub struct Land {
    pub shape: MultiPolygon<f64>,
    pub tags: Tags,
}

/// A roof in the words of Simple 3D Buildings.
#[derive(Clone, Debug)]
pub struct Roof {
    pub shape: &'static str,
    /// From eaves to top, metre; 0 for flat roofs.
    pub height_m: f64,
    pub colour: &'static str,
    pub across: bool,
}

/// A part of a building that differs from the rest.
#[derive(Clone, Debug)]
pub struct Part {
    pub shape: Polygon<f64>,
    pub from_m: f64,
    /// Ground to top, metre.
    pub to_m: f64,
    pub roof: Roof,
    pub colour: &'static str,
}

/// One building.
#[derive(Clone, Debug)]
pub struct Building {
    pub shape: Polygon<f64>,
    /// The value of `building=*`.
    pub kind: &'static str,
    pub levels: u32,
    /// Ground to top, metre, where the levels alone would mislead.
    pub height_m: Option<f64>,
    pub roof: Roof,
    pub colour: &'static str,
    pub extra: Tags,
    pub parts: Vec<Part>,
}

/// A line or point with tags that is neither street nor building.
pub struct Line {
    pub points: Vec<P>,
    pub tags: Tags,
}

/// A tagged point.
pub struct Spot {
    pub at: P,
    pub tags: Tags,
}

/// A tree: place, height in metres, needles.
#[derive(Clone, Copy)]
pub struct TreeSpot {
    pub at: P,
    pub height_m: f64,
    pub conifer: bool,
}

/// A whole town.
pub struct Plan {
    pub layout: Layout,
    pub water: Water,
    pub rail: Rail,
    pub streets: Streets,
    pub blocks: Vec<Block>,
    pub rules: Rules,
    pub assets: Vec<Asset>,
    pub land: Vec<Land>,
    pub ponds: Vec<Land>,
    pub buildings: Vec<Building>,
    pub lines: Vec<Line>,
    pub spots: Vec<Spot>,
    pub trees: Vec<TreeSpot>,
}

impl Roof {
    pub fn flat(colour: &'static str) -> Self {
        Self { shape: "flat", height_m: 0.0, colour, across: false }
    }
}

/// Net living area per gross floor area of dwellings (order of the values for residential buildings in the
/// BKI building cost index: usable to gross floor area about 0.75).
const NET_PER_GROSS: f64 = 0.75;
/// Living area per inhabitant, m² (Destatis 2022: 47.4 in Germany).
const LIVING_AREA_M2: f64 = 47.4;

impl Building {
    /// People who live here, by floor area.
    pub fn residents(&self) -> f64 {
        match self.kind {
            "house" | "detached" | "semidetached_house" | "terrace" | "apartments" | "residential" => {
                self.floor_m2() * NET_PER_GROSS / LIVING_AREA_M2
            }
            _ => 0.0,
        }
    }

    /// Gross floor area, m².
    pub fn floor_m2(&self) -> f64 {
        crate::maths::area_of(&self.shape) * f64::from(self.levels)
    }
}

impl Plan {
    /// People whom the homes hold.
    pub fn residents(&self) -> f64 {
        self.buildings.iter().map(Building::residents).sum()
    }
}
