//! What a building is used for, from its own tags, then from the land around it, then from its outline.

use citytwin_model::{BuildingUse, Known, LandKind};

use super::{Setting, setting::SHED_AREA_M2};
use crate::raw::RawTags;

/// Outline above which dwellings are a block of flats rather than a house, m².
const HOUSE_AREA_M2: f64 = 220.0;
/// Share of built-up ground above which houses stand wall to wall: an urban block.
const URBAN_DENSITY: f64 = 0.3;

/// The land around a building, as far as it tells about it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Land<'a> {
    pub kind: LandKind,
    /// `amenity` of the grounds (`school`, `hospital`, …).
    pub amenity: Option<&'a str>,
}

/// The use that the cascade finds.
pub(super) fn classify(tags: RawTags<'_>, land: Option<Land<'_>>, setting: &Setting) -> Known<BuildingUse> {
    if let Some(usage) = tags.get("building").and_then(by_building) {
        return Known::stated(usage);
    }
    if tags.is("wall", "no") && tags.is("building", "yes") {
        return Known::inferred(BuildingUse::Ancillary, "wall=no: a light building");
    }
    if let Some(usage) = by_own_tags(tags) {
        return Known::inferred(usage, "amenity, shop, office or tourism tag of the building");
    }
    if matches!(tags.get("building"), Some("residential")) {
        return dwelling(setting);
    }
    if let Some(found) = land.and_then(|land| by_land(land, setting)) {
        return found;
    }
    if setting.area_m2 < SHED_AREA_M2 {
        return Known::inferred(BuildingUse::Ancillary, "no use stated, outline under 36 m²: shed or garage");
    }
    dwelling(setting)
}

/// Neither a use nor a height, a roof or missing walls: `building=yes` and no more.
pub(super) fn says_nothing(tags: RawTags<'_>) -> bool {
    const SPEAKING: [&str; 6] = ["height", "building:levels", "wall", "roof:shape", "min_height", "layer"];
    tags.is("building", "yes") && by_own_tags(tags).is_none() && SPEAKING.iter().all(|key| tags.get(key).is_none())
}

fn dwelling(setting: &Setting) -> Known<BuildingUse> {
    if setting.area_m2 > HOUSE_AREA_M2 {
        Known::inferred(BuildingUse::Apartments, "dwelling, outline over 220 m²: flats")
    } else if setting.density > URBAN_DENSITY {
        Known::inferred(BuildingUse::Apartments, "dwelling where over 30 % of the ground is built up: flats")
    } else {
        Known::inferred(BuildingUse::House, "dwelling, outline up to 220 m²: house")
    }
}

/// `building=*` values that name a use (OSM wiki, Key:building); `yes` and unlisted values name none.
fn by_building(value: &str) -> Option<BuildingUse> {
    use BuildingUse::*;
    Some(match value {
        "house" | "detached" | "semidetached_house" | "semi" | "terrace" | "bungalow" | "cabin" | "farm" | "villa"
        | "static_caravan" | "houseboat" | "ger" | "hut" | "summer_cottage" | "chalet" | "townhouse" => House,
        "apartments" | "dormitory" | "block" | "flats" | "barracks" | "monastery" | "convent" => Apartments,
        "office" | "commercial" | "bank" => Office,
        "retail" | "shop" | "supermarket" | "kiosk" | "mall" | "store" | "market" | "restaurant" | "pub" => Retail,
        "hotel" | "hostel" | "motel" | "resort" => Hotel,
        "school" | "university" | "college" | "kindergarten" => School,
        "hospital" | "clinic" => Hospital,
        "public" | "civic" | "government" | "church" | "cathedral" | "chapel" | "mosque" | "synagogue" | "temple"
        | "shrine" | "religious" | "townhall" | "museum" | "theatre" | "library" | "train_station" | "stadium"
        | "grandstand" | "sports_hall" | "sports_centre" | "pavilion" | "fire_station" | "police" | "courthouse"
        | "transportation" | "castle" | "palace" | "tower" | "terminal" | "arena" | "riding_hall" | "cinema"
        | "service_station" | "gatehouse" | "historic" => Public,
        "industrial" | "factory" | "manufacture" | "works" | "power" | "digester" | "sty" | "slaughterhouse" => {
            Industrial
        }
        "warehouse" | "hangar" | "silo" | "storage_tank" | "storage" | "depot" | "barn" | "stable" | "cowshed"
        | "farm_auxiliary" => Warehouse,
        "garage" | "garages" | "carport" | "shed" | "roof" | "greenhouse" | "glasshouse" | "entrance" | "utility"
        | "service" | "transformer_tower" | "substation" | "toilets" | "parking" | "water_tower" | "bunker"
        | "ruins" | "construction" | "collapsed" | "canopy" | "bridge" | "container" | "tent" | "gazebo"
        | "allotment_house" | "boathouse" | "railway" | "outbuilding" | "tank" | "chimney" | "wall"
        | "ventilation_shaft" | "platform" | "proposed" | "abandoned" => Ancillary,
        _ => return None,
    })
}

/// Uses that other tags of the same outline name.
fn by_own_tags(tags: RawTags<'_>) -> Option<BuildingUse> {
    tags.get("amenity")
        .and_then(by_amenity)
        .or_else(|| tags.get("shop").filter(|v| *v != "no").map(|_| BuildingUse::Retail))
        .or_else(|| tags.get("office").filter(|v| *v != "no").map(|_| BuildingUse::Office))
        .or_else(|| tags.get("tourism").and_then(by_tourism))
        .or_else(|| tags.get("leisure").and_then(by_leisure))
        .or_else(|| by_works(tags))
}

fn by_amenity(value: &str) -> Option<BuildingUse> {
    use BuildingUse::*;
    Some(match value {
        "school" | "university" | "college" | "kindergarten" | "childcare" | "music_school" | "language_school" => {
            School
        }
        "hospital" | "clinic" | "nursing_home" | "doctors" | "dentist" => Hospital,
        "restaurant" | "cafe" | "fast_food" | "pub" | "bar" | "food_court" | "fuel" | "pharmacy" | "marketplace"
        | "car_wash" | "car_rental" | "nightclub" | "ice_cream" => Retail,
        "bank" | "post_office" | "research_institute" | "telephone_office" => Office,
        "place_of_worship" | "townhall" | "library" | "theatre" | "cinema" | "arts_centre" | "community_centre"
        | "courthouse" | "police" | "fire_station" | "public_building" | "casino" | "embassy" | "conference_centre"
        | "exhibition_centre" | "bus_station" | "ferry_terminal" | "prison" | "crematorium" | "events_venue"
        | "social_facility" | "planetarium" | "public_bath" | "museum" | "monastery" => Public,
        "parking" | "toilets" | "shelter" | "bicycle_parking" | "recycling" | "waste_disposal" | "fountain" => {
            Ancillary
        }
        _ => return None,
    })
}

fn by_tourism(value: &str) -> Option<BuildingUse> {
    Some(match value {
        "hotel" | "hostel" | "motel" | "guest_house" | "apartment" | "resort" | "chalet" => BuildingUse::Hotel,
        "museum" | "gallery" | "attraction" | "aquarium" | "zoo" | "theme_park" => BuildingUse::Public,
        _ => return None,
    })
}

fn by_leisure(value: &str) -> Option<BuildingUse> {
    Some(match value {
        "sports_centre" | "sports_hall" | "stadium" | "fitness_centre" | "ice_rink" | "bowling_alley" => {
            BuildingUse::Public
        }
        _ => return None,
    })
}

fn by_works(tags: RawTags<'_>) -> Option<BuildingUse> {
    let any = |key: &str| tags.get(key).is_some_and(|value| value != "no");
    if matches!(tags.get("man_made"), Some("works" | "wastewater_plant" | "water_works")) || any("industrial") {
        return Some(BuildingUse::Industrial);
    }
    if matches!(tags.get("power"), Some("substation" | "transformer")) {
        return Some(BuildingUse::Ancillary);
    }
    if any("craft") {
        return Some(BuildingUse::Retail);
    }
    if matches!(tags.get("railway"), Some("station")) || matches!(tags.get("aeroway"), Some("terminal")) {
        return Some(BuildingUse::Public);
    }
    match tags.get("aeroway") {
        Some("hangar") => Some(BuildingUse::Warehouse),
        _ => any("healthcare").then_some(BuildingUse::Hospital),
    }
}

fn by_land(land: Land<'_>, setting: &Setting) -> Option<Known<BuildingUse>> {
    use BuildingUse::*;
    let known = |usage, rule| Some(Known::inferred(usage, rule));
    match land.kind {
        LandKind::Industrial => known(Industrial, "stands on industrial land"),
        LandKind::Harbour => known(Warehouse, "stands on harbour land"),
        LandKind::Institutional => match land.amenity {
            Some("hospital" | "clinic") => known(Hospital, "stands on hospital grounds"),
            Some("school" | "university" | "college" | "kindergarten") => known(School, "stands on school grounds"),
            _ => known(Public, "stands on public grounds"),
        },
        LandKind::Commercial if setting.area_m2 >= SHED_AREA_M2 => known(Office, "stands on commercial land"),
        LandKind::Retail if setting.area_m2 >= SHED_AREA_M2 => known(Retail, "stands on retail land"),
        LandKind::Allotments => known(Ancillary, "stands on allotments"),
        LandKind::Railway => known(Ancillary, "stands on railway land"),
        LandKind::Military => known(Public, "stands on military land"),
        LandKind::Aerodrome => known(Warehouse, "stands on an airfield"),
        LandKind::Farmland => known(Warehouse, "stands on farmland: barn"),
        _ => None,
    }
}
