//! Tags of an area to the kind of land it is.

use citytwin_model::LandKind;

use crate::raw::RawTags;

/// How an outline says that it is an area: a closed way may be a line that returns to its start.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Drawn {
    ClosedWay,
    Relation,
}

/// The kind of land, `None` for what is no land area: buildings, water, underground things, lines.
/// Leisure and parking say more than the land use under them.
pub(super) fn kind(tags: RawTags<'_>, drawn: Drawn) -> Option<LandKind> {
    if tags.is_empty() || is_hidden(tags) {
        return None;
    }
    tags.get("leisure")
        .and_then(by_leisure)
        .or_else(|| tags.get("amenity").and_then(|value| by_amenity(value, tags)))
        .or_else(|| by_traffic(tags, drawn))
        .or_else(|| tags.get("natural").and_then(by_natural))
        .or_else(|| tags.get("landuse").and_then(by_landuse))
        .or_else(|| by_rest(tags))
}

/// Buildings, and areas below ground, indoors or on roofs.
fn is_hidden(tags: RawTags<'_>) -> bool {
    let yes = |key: &str| tags.get(key).is_some_and(|value| value != "no");
    yes("building")
        || yes("building:part")
        || yes("indoor")
        || yes("tunnel")
        || tags.is("location", "underground")
        || matches!(tags.get("parking"), Some("underground" | "multi-storey" | "rooftop"))
        || tags.get("layer").is_some_and(|layer| layer.starts_with('-'))
}

fn by_leisure(value: &str) -> Option<LandKind> {
    Some(match value {
        "park" | "garden" | "playground" | "dog_park" | "common" | "miniature_golf" | "bandstand" => LandKind::Park,
        "golf_course" | "stadium" | "sports_centre" | "recreation_ground" | "horse_riding" => LandKind::Grass,
        "pitch" | "track" | "fitness_station" => LandKind::Pitch,
        "beach_resort" => LandKind::Sand,
        _ => return None,
    })
}

fn by_amenity(value: &str, tags: RawTags<'_>) -> Option<LandKind> {
    Some(match value {
        "parking" | "motorcycle_parking" | "taxi" => LandKind::Parking,
        "school" | "university" | "college" | "kindergarten" | "hospital" | "clinic" | "prison" => {
            LandKind::Institutional
        }
        "grave_yard" => LandKind::Cemetery,
        "marketplace" => LandKind::Plaza,
        "bus_station" | "ferry_terminal" | "fuel" if tags.get("landuse").is_none() => LandKind::Commercial,
        _ => return None,
    })
}

/// Squares, and streets drawn as areas (OSM wiki, Key:area: a closed highway is a line unless `area=yes`).
fn by_traffic(tags: RawTags<'_>, drawn: Drawn) -> Option<LandKind> {
    let area = drawn == Drawn::Relation || tags.is("area", "yes");
    match tags.get("highway") {
        Some("pedestrian" | "footway" | "path" | "living_street" | "platform" | "steps" | "cycleway" | "corridor")
            if area =>
        {
            return Some(LandKind::Plaza);
        }
        Some("service" | "residential" | "unclassified" | "services" | "rest_area") if area => {
            return Some(LandKind::Parking);
        }
        _ => {}
    }
    if tags.is("place", "square") {
        return Some(LandKind::Plaza);
    }
    let platform = tags.is("public_transport", "platform") || tags.is("railway", "platform");
    (platform && (area || tags.get("area").is_none())).then_some(LandKind::Plaza)
}

fn by_natural(value: &str) -> Option<LandKind> {
    Some(match value {
        "wood" => LandKind::Forest,
        "scrub" | "heath" | "shrubbery" => LandKind::Scrub,
        "grassland" | "fell" | "tundra" => LandKind::Grass,
        "sand" | "beach" | "shoal" | "dune" => LandKind::Sand,
        "bare_rock" | "scree" | "shingle" | "rock" | "stone" => LandKind::Rock,
        "wetland" | "mud" => LandKind::Wetland,
        _ => return None,
    })
}

fn by_landuse(value: &str) -> Option<LandKind> {
    Some(match value {
        "residential" => LandKind::Residential,
        "commercial" => LandKind::Commercial,
        "retail" => LandKind::Retail,
        "industrial" | "depot" | "warehouse" => LandKind::Industrial,
        "port" | "harbour" => LandKind::Harbour,
        "education" | "institutional" | "religious" | "civic" | "civic_admin" | "civil" | "healthcare" => {
            LandKind::Institutional
        }
        "grass" | "village_green" | "meadow" | "greenfield" | "flowerbed" => LandKind::Grass,
        "recreation_ground" => LandKind::Park,
        "forest" | "wood" => LandKind::Forest,
        "farmland" | "farm" | "farmyard" | "orchard" | "vineyard" | "plant_nursery" | "greenhouse_horticulture" => {
            LandKind::Farmland
        }
        "allotments" => LandKind::Allotments,
        "cemetery" => LandKind::Cemetery,
        "quarry" => LandKind::Rock,
        "construction" | "brownfield" | "landfill" => LandKind::Construction,
        "military" => LandKind::Military,
        "railway" => LandKind::Railway,
        "garages" => LandKind::Parking,
        _ => return None,
    })
}

fn by_rest(tags: RawTags<'_>) -> Option<LandKind> {
    match tags.get("man_made") {
        Some("pier") => return Some(LandKind::Plaza),
        Some("breakwater" | "groyne") => return Some(LandKind::Rock),
        Some("works" | "wastewater_plant" | "water_works") => return Some(LandKind::Industrial),
        _ => {}
    }
    if matches!(tags.get("power"), Some("substation" | "plant")) {
        return Some(LandKind::Industrial);
    }
    if tags.get("military").is_some_and(|value| value != "no") {
        return Some(LandKind::Military);
    }
    match tags.get("aeroway") {
        Some("aerodrome") => return Some(LandKind::Aerodrome),
        Some("apron" | "helipad") => return Some(LandKind::Parking),
        _ => {}
    }
    matches!(tags.get("tourism"), Some("zoo" | "theme_park" | "camp_site")).then_some(LandKind::Park)
}
