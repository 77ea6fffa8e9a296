//! Stated solar plants and chargers, and where they hang.

use citytwin_model::{City, Coord, EnergyAssetKind};
use geo::Contains;
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};

use crate::{charging::CHARGER_RATED_W, plane::Plane, transformer::TransformerState};

/// Peak power of a solar generator that states none, W: a roof of 50 m² (assumption).
const SOLAR_RATED_W: f64 = 10_000.0;
/// Plants above this feed medium voltage, W (as customers do).
const LOW_VOLTAGE_MAX_W: f64 = 250_000.0;
/// Farthest transformer a plant hangs on, metre; beyond, it feeds medium voltage.
const REACH_M: f64 = 500.0;
/// Tilt of stated plants, degree; they face the equator.
const PLANT_TILT_DEG: f64 = 30.0;

/// One stated plant or charger.
#[derive(Clone, Copy, Debug)]
pub struct Attachment {
    /// Index into `City::energy_assets`.
    pub asset: usize,
    /// `None`: straight on medium voltage.
    pub transformer: Option<u32>,
    pub rated_w: f64,
    pub kind: AttachmentKind,
}

/// What it does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum AttachmentKind {
    Solar(Plane),
    Charger,
}

/// All of a city. Wind, batteries and generators are not operated by this engine.
pub fn attachments(city: &City, transformers: &[TransformerState]) -> Vec<Attachment> {
    let tree = RTree::bulk_load(
        transformers.iter().enumerate().map(|(i, t)| GeomWithData::new([t.at.x, t.at.y], i as u32)).collect(),
    );
    let equator_deg = if city.anchor.origin.lat < 0.0 { 0.0 } else { 180.0 };
    let near = |at: Coord<f64>, rated_w: f64| {
        let (found, distance_2) = tree.nearest_neighbor_iter_with_distance_2(&[at.x, at.y]).next()?;
        (rated_w <= LOW_VOLTAGE_MAX_W && distance_2 <= REACH_M * REACH_M).then_some(found.data)
    };
    let of = |(index, asset): (usize, &citytwin_model::EnergyAsset)| {
        let (kind, usual_w) = match asset.kind {
            EnergyAssetKind::Solar => {
                (AttachmentKind::Solar(Plane::nearest(PLANT_TILT_DEG, equator_deg)), SOLAR_RATED_W)
            }
            EnergyAssetKind::Charger => (AttachmentKind::Charger, CHARGER_RATED_W),
            _ => return None,
        };
        let rated_w = asset.rated.as_ref().map(|r| r.value.0).filter(|&w| w > 0.0).unwrap_or(usual_w);
        Some(Attachment { asset: index, transformer: near(asset.at, rated_w), rated_w, kind })
    };
    city.energy_assets.iter().enumerate().filter_map(of).collect()
}

/// Which buildings carry a stated solar generator already: their roofs are taken.
pub fn roofs_taken(city: &City) -> Vec<bool> {
    let boxes = city.buildings.iter().enumerate().filter_map(|(index, building)| {
        let bounds = geo::BoundingRect::bounding_rect(&building.volume.footprint)?;
        let corners = ([bounds.min().x, bounds.min().y], [bounds.max().x, bounds.max().y]);
        Some(GeomWithData::new(Rectangle::from_corners(corners.0, corners.1), index))
    });
    let mut taken = vec![false; city.buildings.len()];
    let plants: Vec<Coord<f64>> =
        city.energy_assets.iter().filter(|a| a.kind == EnergyAssetKind::Solar).map(|a| a.at).collect();
    if plants.is_empty() {
        return taken;
    }
    let tree = RTree::bulk_load(boxes.collect());
    for at in plants {
        for found in tree.locate_in_envelope_intersecting(&AABB::from_point([at.x, at.y])) {
            taken[found.data] |= city.buildings[found.data].volume.footprint.contains(&at);
        }
    }
    taken
}
