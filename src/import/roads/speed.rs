//! Legal speed limits: as tagged (wiki.openstreetmap.org/wiki/Key:maxspeed), else by the country's law.

use citytwin_model::{Known, RoadClass, units::MPS_PER_KMH};

use super::{
    limits::{self, UNLIMITED_KMH, WALK_KMH, Zone},
    units,
};
use crate::{place::Location, raw::RawTags};

/// What a road's limit depends on beside its tags.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub location: &'a Location,
    pub class: RoadClass,
    pub is_ramp: bool,
    pub built_up: bool,
}

/// Limits of both directions, metre per second.
pub struct Limits {
    pub forward: Known<f64>,
    pub backward: Known<f64>,
}

const BY_ZONE: &str = "limit of the tagged zone in the country (OSM wiki, Default speed limits)";
const BY_COUNTRY_TOWN: &str = "country's limit in built-up areas (OSM wiki, Default speed limits)";
const BY_COUNTRY: &str = "country's limit outside built-up areas or on motorways (OSM wiki, Default speed limits)";
const BY_WORLD: &str = "most countries' limit, as the country has no entry";
const BY_RAMP: &str = "ramp: 80 km/h at most (SUMO osmNetconvert.typ.xml)";
const BY_SERVICE: &str = "service road or track: 20 km/h at most (SUMO osmNetconvert.typ.xml)";
const NO_LIMIT: &str = "no limit: 130 km/h, Germany's advisory speed";
const AT_WALK: &str = "walking speed: 6 km/h";

/// Ramps and service roads are rarely signed but never driven at the country's limit, km/h.
const RAMP_KMH: f64 = 80.0;
const SERVICE_KMH: f64 = 20.0;
/// Above this a tag is a mistake, km/h (the highest posted limit anywhere is 160).
const MAX_KMH: f64 = 200.0;

/// The limits of a road. Values that cannot be read are handed to `problem`.
pub fn limits(tags: &RawTags, setting: Setting, mut problem: impl FnMut(String)) -> Limits {
    let mut stated = |keys: &[&str]| {
        keys.iter().find_map(|key| match read(tags.get(key)?, setting) {
            Ok(limit) => limit,
            Err(()) => {
                problem(format!("{key}={} cannot be read; the default is used", tags.get(key).unwrap_or("")));
                None
            }
        })
    };
    let both = stated(&["maxspeed", "maxspeed:motorcar"]);
    let forward = stated(&["maxspeed:forward"]).or(both);
    let backward = stated(&["maxspeed:backward"]).or(both);
    if let (Some(forward), Some(backward)) = (forward, backward) {
        return Limits { forward, backward };
    }
    let default = default_limit(tags, setting);
    Limits { forward: forward.unwrap_or(default), backward: backward.unwrap_or(default) }
}

/// `Ok(None)` for values that defer to something else (`signals`, `variable`, `implicit`).
fn read(value: &str, setting: Setting) -> Result<Option<Known<f64>>, ()> {
    let first = value.split(';').next().unwrap_or("").trim();
    match first {
        "none" | "unlimited" => return Ok(Some(Known::inferred(UNLIMITED_KMH * MPS_PER_KMH, NO_LIMIT))),
        "walk" | "walking" => return Ok(Some(Known::inferred(WALK_KMH * MPS_PER_KMH, AT_WALK))),
        "signals" | "variable" | "implicit" | "default" | "unposted" => return Ok(None),
        _ => {}
    }
    if let Some(mps) = units::metres_per_second(first) {
        return if mps <= MAX_KMH * MPS_PER_KMH { Ok(Some(Known::stated(mps))) } else { Err(()) };
    }
    zone_limit(first, setting).map(Some).ok_or(())
}

/// `RO:urban`, `DE:zone30`, `DE:zone:30`, `GB:nsl_single`, `AT:zone:30`, `FR:30`, `DE-BY:rural`.
fn zone_limit(value: &str, setting: Setting) -> Option<Known<f64>> {
    let (country, zone) = value.split_once(':')?;
    let is_code =
        country.len() >= 2 && country.is_char_boundary(2) && country[..2].bytes().all(|b| b.is_ascii_alphabetic());
    if !is_code {
        return None;
    }
    let country = country.to_ascii_uppercase();
    let codes = [country.as_str(), &country[..2]];
    let by_law = |zone, class| Some(Known::inferred(limits::default_kmh(&codes, zone, class).0 * MPS_PER_KMH, BY_ZONE));
    match zone.to_ascii_lowercase().as_str() {
        "urban" | "nsl_restricted" | "city" | "town" | "urban_primary" | "urban_secondary" => {
            by_law(Zone::Urban, setting.class)
        }
        "rural" | "nsl_single" => by_law(Zone::Rural, setting.class),
        "nsl_dual" | "trunk" | "motorroad" | "expressway" | "express" => by_law(Zone::Expressway, setting.class),
        "motorway" => by_law(Zone::Motorway, setting.class),
        "living_street" => by_law(Zone::Living, setting.class),
        "bicycle_road" => Some(Known::inferred(30.0 * MPS_PER_KMH, BY_ZONE)),
        "walk" => Some(Known::inferred(WALK_KMH * MPS_PER_KMH, AT_WALK)),
        zone => {
            let number = zone.strip_prefix("zone").unwrap_or(zone).trim_start_matches(':');
            units::metres_per_second(number)
                .filter(|v| *v <= MAX_KMH * MPS_PER_KMH)
                .map(|v| Known::inferred(v, BY_ZONE))
        }
    }
}

fn default_limit(tags: &RawTags, setting: Setting) -> Known<f64> {
    // These keys name the zone that sets the limit, whatever their own values mean beside it.
    let zone = ["maxspeed:type", "source:maxspeed", "zone:maxspeed", "zone:traffic"];
    if let Some(limit) = zone.iter().find_map(|key| zone_limit(tags.get(key)?, setting)) {
        return limit;
    }
    let subdivision = setting.location.subdivision.as_deref().unwrap_or("");
    let codes = [subdivision, setting.location.country.as_deref().unwrap_or("")];
    let zone = match setting.class {
        RoadClass::Motorway => Zone::Motorway,
        RoadClass::LivingStreet => Zone::Living,
        _ if tags.is("motorroad", "yes") => Zone::Expressway,
        _ if setting.built_up => Zone::Urban,
        _ => Zone::Rural,
    };
    let (kmh, known) = limits::default_kmh(&codes, zone, setting.class);
    let rule = match zone {
        _ if !known => BY_WORLD,
        Zone::Urban | Zone::Living => BY_COUNTRY_TOWN,
        _ => BY_COUNTRY,
    };
    let (kmh, rule) = match setting.class {
        RoadClass::Service | RoadClass::Track if kmh > SERVICE_KMH => (SERVICE_KMH, BY_SERVICE),
        _ if setting.is_ramp && kmh > RAMP_KMH => (RAMP_KMH, BY_RAMP),
        _ => (kmh, rule),
    };
    Known::inferred(kmh * MPS_PER_KMH, rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::RawMapBuilder;

    /// Limits in km/h, rounded, and the problems found.
    fn check(country: &str, class: RoadClass, tags: &[(&str, &str)], expected: (f64, f64, usize)) {
        let mut builder = RawMapBuilder::new();
        builder.way(1, &[], tags);
        let map = builder.build();
        let location = Location { country: Some(country.to_owned()), subdivision: None };
        let setting = Setting { location: &location, class, is_ramp: false, built_up: true };
        let mut problems = 0;
        let found = limits(&map.way_at(0).tags, setting, |_| problems += 1);
        let kmh = |limit: Known<f64>| (limit.value / MPS_PER_KMH).round();
        assert_eq!((kmh(found.forward), kmh(found.backward), problems), expected, "{country} {tags:?}");
    }

    #[test]
    fn limits_read_or_default() {
        use RoadClass::{LivingStreet, Motorway, Primary, Residential, Service};
        check("DE", Residential, &[("maxspeed", "30")], (30.0, 30.0, 0));
        check("GB", Residential, &[("maxspeed", "20 mph")], (32.0, 32.0, 0));
        check("GB", Residential, &[], (48.0, 48.0, 0));
        check("DE", Residential, &[("maxspeed", "walk")], (6.0, 6.0, 0));
        check("DE", Motorway, &[("maxspeed", "none")], (130.0, 130.0, 0));
        check("DE", Motorway, &[("maxspeed", "signals")], (130.0, 130.0, 0));
        check("DE", Primary, &[("maxspeed", "DE:rural")], (100.0, 100.0, 0));
        check("RO", Primary, &[("maxspeed", "RO:urban")], (50.0, 50.0, 0));
        check("GB", Primary, &[("maxspeed:type", "GB:nsl_single")], (97.0, 97.0, 0));
        check("DE", Primary, &[("source:maxspeed", "DE:zone:30")], (30.0, 30.0, 0));
        check("DE", Primary, &[("zone:maxspeed", "DE:30")], (30.0, 30.0, 0));
        check("DE", Primary, &[("maxspeed", "70"), ("maxspeed:backward", "50")], (70.0, 50.0, 0));
        check("DE", Primary, &[("maxspeed", "50;30")], (50.0, 50.0, 0));
        check("DE", Primary, &[("maxspeed", "schnell")], (50.0, 50.0, 1));
        check("DE", Primary, &[("maxspeed", "5000")], (50.0, 50.0, 1));
        check("DE", Primary, &[("maxspeed", "Ä:x")], (50.0, 50.0, 1));
        check("BR", Primary, &[], (60.0, 60.0, 0));
        check("BR", Residential, &[], (30.0, 30.0, 0));
        check("FR", LivingStreet, &[], (20.0, 20.0, 0));
        check("FR", Service, &[], (20.0, 20.0, 0));
    }
}
