//! What features are called, where they are, and how to find them by source.

use citytwin_model::{
    BuildingUse, City, Coord, EnergyAssetKind, FeatureRef, LandKind, RailwayKind, RoadClass, SourceRef, WaterKind,
};
use geo::{BoundingRect, Centroid};

/// The name, or the kind where there is none.
pub fn title(city: &City, feature: FeatureRef) -> String {
    name(city, feature).map_or_else(|| kind(city, feature), str::to_owned)
}

fn name(city: &City, feature: FeatureRef) -> Option<&str> {
    match feature {
        FeatureRef::Road(id) => city.roads.get(id.index())?.name.as_deref(),
        FeatureRef::Building(id) => city.buildings.get(id.index())?.name.as_deref(),
        FeatureRef::LandArea(id) => city.land.get(id.index())?.name.as_deref(),
        FeatureRef::WaterArea(id) => city.water.get(id.index())?.name.as_deref(),
        FeatureRef::Railway(id) => city.railways.get(id.index())?.name.as_deref(),
        FeatureRef::EnergyAsset(id) => city.energy_assets.get(id.index())?.name.as_deref(),
        FeatureRef::Sensor(id) => city.sensors.get(id.index()).map(|s| s.name.as_str()),
        FeatureRef::Node(_) | FeatureRef::BuildingPart(_) | FeatureRef::Tree(_) => None,
    }
}

/// The kind in words.
pub fn kind(city: &City, feature: FeatureRef) -> String {
    let words = |text: String| sentence(&text);
    match feature {
        FeatureRef::Road(id) => city.roads.get(id.index()).map(|r| road_kind(r.class, r.is_ramp)),
        FeatureRef::Node(_) => Some("Junction".into()),
        FeatureRef::Building(id) => city.buildings.get(id.index()).map(|b| building_kind(b.usage.value).into()),
        FeatureRef::BuildingPart(_) => Some("Part of a building".into()),
        FeatureRef::LandArea(id) => city.land.get(id.index()).map(|l| land_kind(l.kind)),
        FeatureRef::WaterArea(id) => city.water.get(id.index()).map(|w| water_kind(w.kind).into()),
        FeatureRef::Tree(_) => Some("Tree".into()),
        FeatureRef::Railway(id) => city.railways.get(id.index()).map(|r| railway_kind(r.kind).into()),
        FeatureRef::EnergyAsset(id) => city.energy_assets.get(id.index()).map(|a| asset_kind(a.kind).into()),
        FeatureRef::Sensor(id) => {
            city.sensors.get(id.index()).map(|s| words(format!("Sensor: {}", s.quantity.name().replace('_', " "))))
        }
    }
    .unwrap_or_else(|| "Unknown feature".into())
}

/// `LivingStreet` → `Living street`.
fn sentence(camel: &str) -> String {
    let mut text = String::with_capacity(camel.len() + 4);
    for (i, c) in camel.chars().enumerate() {
        if i > 0 && c.is_uppercase() && !text.ends_with(' ') {
            text.push(' ');
        }
        if i > 0 { text.extend(c.to_lowercase()) } else { text.push(c) }
    }
    text
}

fn road_kind(class: RoadClass, ramp: bool) -> String {
    let class = sentence(&format!("{class:?}"));
    match class.as_str() {
        "Primary" | "Secondary" | "Tertiary" | "Trunk" | "Residential" | "Unclassified" | "Service" => {
            format!("{class} {}", if ramp { "link road" } else { "road" })
        }
        _ if ramp => format!("{class} link"),
        _ => class,
    }
}

const fn building_kind(usage: BuildingUse) -> &'static str {
    match usage {
        BuildingUse::House => "House",
        BuildingUse::Apartments => "Apartment building",
        BuildingUse::Office => "Office building",
        BuildingUse::Retail => "Shop",
        BuildingUse::Hotel => "Hotel",
        BuildingUse::School => "School",
        BuildingUse::Hospital => "Hospital",
        BuildingUse::Public => "Public building",
        BuildingUse::Industrial => "Industrial building",
        BuildingUse::Warehouse => "Warehouse",
        BuildingUse::Ancillary => "Garage or outbuilding",
    }
}

fn land_kind(kind: LandKind) -> String {
    sentence(&format!("{kind:?}"))
}

const fn water_kind(kind: WaterKind) -> &'static str {
    match kind {
        WaterKind::Sea => "Sea",
        WaterKind::River => "River",
        WaterKind::Lake => "Lake",
        WaterKind::Basin => "Basin",
        WaterKind::Pool => "Pool",
    }
}

const fn railway_kind(kind: RailwayKind) -> &'static str {
    match kind {
        RailwayKind::Rail => "Railway track",
        RailwayKind::Tram => "Tram track",
        RailwayKind::Subway => "Underground line",
        RailwayKind::LightRail => "Light rail track",
        RailwayKind::Narrow => "Narrow-gauge track",
        RailwayKind::Monorail => "Monorail",
        RailwayKind::Inactive => "Disused track",
    }
}

const fn asset_kind(kind: EnergyAssetKind) -> &'static str {
    match kind {
        EnergyAssetKind::Substation => "Substation",
        EnergyAssetKind::Transformer => "Distribution transformer",
        EnergyAssetKind::Solar => "Photovoltaic system",
        EnergyAssetKind::Wind => "Wind turbine",
        EnergyAssetKind::Generator => "Generator",
        EnergyAssetKind::Battery => "Battery",
        EnergyAssetKind::Charger => "Charging station",
    }
}

/// Middle and half the size of a feature, metre.
pub fn place(city: &City, feature: FeatureRef) -> Option<(Coord<f64>, f64)> {
    const POINT_RADIUS_M: f64 = 60.0;
    let of = |shape: &dyn Fn() -> Option<(geo::Point<f64>, geo::Rect<f64>)>| {
        let (middle, rect) = shape()?;
        Some((middle.0, (0.5 * rect.width().hypot(rect.height())).max(POINT_RADIUS_M)))
    };
    match feature {
        FeatureRef::Road(id) => {
            let line = &city.roads.get(id.index())?.line;
            of(&|| Some((geo::Point(*line.0.get(line.0.len() / 2)?), line.bounding_rect()?)))
        }
        FeatureRef::Railway(id) => {
            let line = &city.railways.get(id.index())?.line;
            of(&|| Some((geo::Point(*line.0.get(line.0.len() / 2)?), line.bounding_rect()?)))
        }
        FeatureRef::Building(id) => {
            let shape = &city.buildings.get(id.index())?.volume.footprint;
            of(&|| Some((shape.centroid()?, shape.bounding_rect()?)))
        }
        FeatureRef::BuildingPart(id) => {
            let shape = &city.building_parts.get(id.index())?.volume.footprint;
            of(&|| Some((shape.centroid()?, shape.bounding_rect()?)))
        }
        FeatureRef::LandArea(id) => {
            let shape = &city.land.get(id.index())?.shape;
            of(&|| Some((shape.centroid()?, shape.bounding_rect()?)))
        }
        FeatureRef::WaterArea(id) => {
            let shape = &city.water.get(id.index())?.shape;
            of(&|| Some((shape.centroid()?, shape.bounding_rect()?)))
        }
        FeatureRef::Node(id) => Some((city.nodes.get(id.index())?.at, POINT_RADIUS_M)),
        FeatureRef::Tree(id) => Some((city.trees.get(id.index())?.at, POINT_RADIUS_M)),
        FeatureRef::EnergyAsset(id) => Some((city.energy_assets.get(id.index())?.at, POINT_RADIUS_M)),
        FeatureRef::Sensor(id) => Some((city.sensors.get(id.index())?.at, POINT_RADIUS_M)),
    }
}

/// The feature with this source, if the city has one.
pub fn feature_of(city: &City, source: &SourceRef) -> Option<FeatureRef> {
    let found = |list: Option<FeatureRef>| list;
    found(city.roads.iter().find(|f| f.source == *source).map(|f| FeatureRef::Road(f.id)))
        .or_else(|| city.buildings.iter().find(|f| f.source == *source).map(|f| FeatureRef::Building(f.id)))
        .or_else(|| city.building_parts.iter().find(|f| f.source == *source).map(|f| FeatureRef::BuildingPart(f.id)))
        .or_else(|| city.water.iter().find(|f| f.source == *source).map(|f| FeatureRef::WaterArea(f.id)))
        .or_else(|| city.land.iter().find(|f| f.source == *source).map(|f| FeatureRef::LandArea(f.id)))
        .or_else(|| city.railways.iter().find(|f| f.source == *source).map(|f| FeatureRef::Railway(f.id)))
        .or_else(|| city.energy_assets.iter().find(|f| f.source == *source).map(|f| FeatureRef::EnergyAsset(f.id)))
        .or_else(|| city.sensors.iter().find(|f| f.source == *source).map(|f| FeatureRef::Sensor(f.id)))
        .or_else(|| city.trees.iter().find(|f| f.source == *source).map(|f| FeatureRef::Tree(f.id)))
        .or_else(|| city.nodes.iter().find(|f| f.source == *source).map(|f| FeatureRef::Node(f.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_as_words() {
        assert_eq!(road_kind(RoadClass::LivingStreet, false), "Living street");
        assert_eq!(road_kind(RoadClass::Primary, true), "Primary link road");
        assert_eq!(land_kind(LandKind::Allotments), "Allotments");
        assert_eq!(sentence("Sensor: vehicle flow"), "Sensor: vehicle flow");
    }
}
