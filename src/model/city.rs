//! A whole city as read: features, network, provenance, problems. Engines and the twin read it; nothing
//! writes it after import (what changes is an [`crate::Edit`]).

use std::collections::BTreeMap;

use geo::{Coord, LineString};

use crate::{
    Anchor, Building, BuildingPart, Control, District, DrivingSide, EnergyAsset, FeatureRef, GeoBounds, Known,
    LandArea, Link, LinkId, Node, Problem, Railway, Road, RoadId, Sensor, SourceRef, Tree, TurnRestriction, WaterArea,
    Waterway, time::TimeZone,
};

/// One city. Ids index its vectors.
#[derive(Clone, Debug)]
pub struct City {
    pub name: String,
    /// Origin of all coordinates.
    pub anchor: Anchor,
    pub bounds: GeoBounds,
    /// ISO 3166-1 alpha-2, where the location tells.
    pub country: Option<Known<String>>,
    pub driving_side: Known<DrivingSide>,
    pub time_zone: Known<TimeZone>,
    /// Inhabitants, where the city folder states them; engines scale to it.
    pub population: Option<u32>,
    /// Lines that must be shown with the data, e.g. "© OpenStreetMap contributors, ODbL 1.0".
    pub attribution: Vec<String>,
    pub roads: Vec<Road>,
    pub controls: Vec<Control>,
    pub nodes: Vec<Node>,
    pub links: Vec<Link>,
    pub restrictions: Vec<TurnRestriction>,
    pub buildings: Vec<Building>,
    pub building_parts: Vec<BuildingPart>,
    pub land: Vec<LandArea>,
    pub water: Vec<WaterArea>,
    pub waterways: Vec<Waterway>,
    pub trees: Vec<Tree>,
    pub railways: Vec<Railway>,
    pub energy_assets: Vec<EnergyAsset>,
    pub sensors: Vec<Sensor>,
    /// Those that the map names, by name; which position is of which: [`crate::Districts`].
    pub districts: Vec<District>,
    pub problems: Vec<Problem>,
}

impl City {
    /// An empty city about `anchor`: right-hand traffic, UTC. What an importer starts from.
    pub fn empty(name: impl Into<String>, anchor: Anchor, bounds: GeoBounds) -> Self {
        Self {
            name: name.into(),
            anchor,
            bounds,
            country: None,
            driving_side: Known::inferred(DrivingSide::Right, "no country known: right-hand traffic"),
            time_zone: Known::inferred(TimeZone::UTC, "no country known: UTC"),
            population: None,
            attribution: Vec::new(),
            roads: Vec::new(),
            controls: Vec::new(),
            nodes: Vec::new(),
            links: Vec::new(),
            restrictions: Vec::new(),
            buildings: Vec::new(),
            building_parts: Vec::new(),
            land: Vec::new(),
            water: Vec::new(),
            waterways: Vec::new(),
            trees: Vec::new(),
            railways: Vec::new(),
            energy_assets: Vec::new(),
            sensors: Vec::new(),
            districts: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The centre line of a link in driving direction.
    pub fn link_line(&self, link: LinkId) -> LineString<f64> {
        let link = &self.links[link.index()];
        let piece = &self.roads[link.road.index()].line.0[link.first as usize..=link.last as usize];
        let mut points: Vec<Coord<f64>> = piece.to_vec();
        if !link.forward {
            points.reverse();
        }
        LineString::new(points)
    }

    /// Where a feature comes from. `None` for an id of another city.
    pub fn source_of(&self, feature: FeatureRef) -> Option<&SourceRef> {
        match feature {
            FeatureRef::Road(id) => self.roads.get(id.index()).map(|f| &f.source),
            FeatureRef::Node(id) => self.nodes.get(id.index()).map(|f| &f.source),
            FeatureRef::Building(id) => self.buildings.get(id.index()).map(|f| &f.source),
            FeatureRef::BuildingPart(id) => self.building_parts.get(id.index()).map(|f| &f.source),
            FeatureRef::LandArea(id) => self.land.get(id.index()).map(|f| &f.source),
            FeatureRef::WaterArea(id) => self.water.get(id.index()).map(|f| &f.source),
            FeatureRef::Tree(id) => self.trees.get(id.index()).map(|f| &f.source),
            FeatureRef::Railway(id) => self.railways.get(id.index()).map(|f| &f.source),
            FeatureRef::EnergyAsset(id) => self.energy_assets.get(id.index()).map(|f| &f.source),
            FeatureRef::Sensor(id) => self.sensors.get(id.index()).map(|f| &f.source),
        }
    }

    /// Roads by source reference, for edits and files that name them so.
    pub fn roads_by_source(&self) -> BTreeMap<&SourceRef, RoadId> {
        self.roads.iter().map(|road| (&road.source, road.id)).collect()
    }
}
