//! Rows of the attribute table: every feature that can be coloured or highlighted has one.

use citytwin_model::{City, FeatureRef, LinkId};

/// Row of what is never recoloured.
pub const NO_SLOT: u32 = 0;

/// Where each kind of feature begins in the attribute table. Row 0 belongs to nobody.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Slots {
    roads: u32,
    links: u32,
    buildings: u32,
    parts: u32,
    land: u32,
    water: u32,
    trees: u32,
    railways: u32,
    assets: u32,
    end: u32,
}

impl Slots {
    /// Lays out the table of a city.
    pub fn of(city: &City) -> Self {
        let mut next = 1;
        let mut take = |count: usize| {
            let first = next;
            next += u32::try_from(count).expect("a city holds fewer than 2^32 features");
            first
        };
        Self {
            roads: take(city.roads.len()),
            links: take(city.links.len()),
            buildings: take(city.buildings.len()),
            parts: take(city.building_parts.len()),
            land: take(city.land.len()),
            water: take(city.water.len()),
            trees: take(city.trees.len()),
            railways: take(city.railways.len()),
            assets: take(city.energy_assets.len()),
            end: take(0),
        }
    }

    /// Number of rows.
    pub const fn len(&self) -> usize {
        self.end as usize
    }

    /// Whether no city was laid out yet.
    pub const fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// The row of a link's ribbon in the traffic layer.
    pub const fn link(&self, link: LinkId) -> u32 {
        self.links + link.0
    }

    /// The row of a feature; [`NO_SLOT`] for what is drawn otherwise. A building's parts share its row.
    pub fn feature(&self, city: &City, feature: FeatureRef) -> u32 {
        match feature {
            FeatureRef::Road(id) => self.roads + id.0,
            FeatureRef::Building(id) => self.buildings + id.0,
            FeatureRef::BuildingPart(id) => match city.building_parts.get(id.index()).and_then(|part| part.building) {
                Some(building) => self.buildings + building.0,
                None => self.parts + id.0,
            },
            FeatureRef::LandArea(id) => self.land + id.0,
            FeatureRef::WaterArea(id) => self.water + id.0,
            FeatureRef::Tree(id) => self.trees + id.0,
            FeatureRef::Railway(id) => self.railways + id.0,
            FeatureRef::EnergyAsset(id) => self.assets + id.0,
            FeatureRef::Node(_) | FeatureRef::Sensor(_) => NO_SLOT,
        }
    }
}
