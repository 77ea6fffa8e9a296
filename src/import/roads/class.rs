//! `highway=*` to a road's class, and what each class implies.

use citytwin_model::RoadClass;

use crate::raw::RawTags;

/// Class of a `highway` value and whether it is a ramp (`*_link`). `None` for what is no road in use:
/// areas for rest and services, platforms, lifts, race tracks, indoor corridors, planned and former roads.
pub fn class_of(highway: &str) -> Option<(RoadClass, bool)> {
    use RoadClass::{
        Busway, Cycleway, Footway, LivingStreet, Motorway, Path, Pedestrian, Primary, Residential, Secondary, Service,
        Steps, Tertiary, Track, Trunk, Unclassified,
    };
    let (value, is_ramp) = match highway.strip_suffix("_link") {
        Some(parent) => (parent, true),
        None => (highway, false),
    };
    let class = match value {
        "motorway" => Motorway,
        "trunk" => Trunk,
        "primary" => Primary,
        "secondary" => Secondary,
        "tertiary" => Tertiary,
        _ if is_ramp => return None,
        "unclassified" | "road" => Unclassified,
        "residential" => Residential,
        "living_street" => LivingStreet,
        "service" => Service,
        "track" => Track,
        "busway" | "bus_guideway" => Busway,
        "pedestrian" => Pedestrian,
        "cycleway" => Cycleway,
        "footway" => Footway,
        "steps" => Steps,
        "path" | "bridleway" => Path,
        _ => return None,
    };
    Some((class, is_ramp))
}

/// The class of a way that is a road: `highway` maps to a class and the way is no area.
pub fn road_class(tags: &RawTags) -> Option<(RoadClass, bool)> {
    let class = class_of(tags.get("highway")?)?;
    (!tags.is("area", "yes")).then_some(class)
}

/// Width of one lane, metre; of the whole way for what carries no cars. From the German guidelines:
/// motorways RAA 2008 (3.75 m), main roads RAL 2012 and RASt 06 (3.50 m and 3.25 m), streets with
/// housing RASt 06 (two-way carriageway 5.50 m), ways for walking and cycling ERA 2010 and EFA 2002.
pub fn lane_width_m(class: RoadClass) -> f64 {
    match class {
        RoadClass::Motorway => 3.75,
        RoadClass::Trunk | RoadClass::Busway => 3.5,
        RoadClass::Primary | RoadClass::Secondary => 3.25,
        RoadClass::Tertiary | RoadClass::Unclassified => 3.0,
        RoadClass::Residential | RoadClass::LivingStreet => 2.75,
        RoadClass::Service | RoadClass::Track => 2.5,
        RoadClass::Pedestrian => 5.0,
        RoadClass::Cycleway => 2.5,
        RoadClass::Footway | RoadClass::Steps => 2.0,
        RoadClass::Path => 1.5,
    }
}

/// Lanes per direction where nothing is tagged (wiki.openstreetmap.org/wiki/Key:lanes#Assumptions).
pub fn default_lanes(class: RoadClass, is_ramp: bool, is_oneway: bool) -> u8 {
    match class {
        RoadClass::Motorway if !is_ramp => 2,
        RoadClass::Trunk if !is_ramp && is_oneway => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_map_to_classes() {
        let cases = [
            ("motorway", Some((RoadClass::Motorway, false))),
            ("motorway_link", Some((RoadClass::Motorway, true))),
            ("road", Some((RoadClass::Unclassified, false))),
            ("residential_link", None),
            ("bridleway", Some((RoadClass::Path, false))),
            ("construction", None),
            ("platform", None),
            ("corridor", None),
            ("", None),
        ];
        for (value, expected) in cases {
            assert_eq!(class_of(value), expected, "{value}");
        }
    }
}
