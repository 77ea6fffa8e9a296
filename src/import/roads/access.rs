//! Who may use a road: OSM's hierarchy of access keys (wiki.openstreetmap.org/wiki/Key:access), each
//! user's most specific key wins, else the class decides.

use citytwin_model::{AccessLevel, RoadAccess, RoadClass};

use crate::raw::RawTags;

/// Keys from general to specific.
const CAR: &[&str] = &["access", "vehicle", "motor_vehicle", "motorcar"];
const GOODS: &[&str] = &["access", "vehicle", "motor_vehicle", "goods", "hgv"];
const BUS: &[&str] = &["access", "vehicle", "motor_vehicle", "psv", "bus"];
const BICYCLE: &[&str] = &["access", "vehicle", "bicycle"];
const FOOT: &[&str] = &["access", "foot"];

/// Who may use a road of `class` with these tags.
pub fn access(tags: &RawTags, class: RoadClass) -> RoadAccess {
    let implied = implied(class, tags.is("motorroad", "yes"));
    RoadAccess {
        car: level(tags, CAR, implied.car),
        goods: level(tags, GOODS, implied.goods),
        bus: level(tags, BUS, implied.bus),
        bicycle: level(tags, BICYCLE, implied.bicycle),
        foot: level(tags, FOOT, implied.foot),
    }
}

fn level(tags: &RawTags, keys: &[&str], implied: AccessLevel) -> AccessLevel {
    let stated = keys.iter().rev().find_map(|key| parse(tags.get(key)?));
    stated.unwrap_or(implied)
}

/// The most open of a value's alternatives; `None` for values that say nothing of who may pass.
fn parse(value: &str) -> Option<AccessLevel> {
    let one = |value: &str| match value.trim() {
        "yes" | "permissive" | "designated" | "official" | "public" => Some(AccessLevel::Yes),
        "destination" | "customers" | "delivery" | "discouraged" => Some(AccessLevel::Destination),
        "private" | "permit" | "residents" => Some(AccessLevel::Private),
        "no" | "agricultural" | "forestry" | "emergency" | "military" | "use_sidepath" | "dismount" => {
            Some(AccessLevel::No)
        }
        _ => None,
    };
    value.split(';').filter_map(one).max()
}

fn implied(class: RoadClass, motorroad: bool) -> RoadAccess {
    use AccessLevel::{No, Yes};
    let motor = if class.is_motor() && class != RoadClass::Busway { Yes } else { No };
    let bus = if class == RoadClass::Busway { Yes } else { motor };
    let slow = if class == RoadClass::Motorway || class == RoadClass::Busway || motorroad { No } else { Yes };
    let bicycle = match class {
        RoadClass::Footway | RoadClass::Steps | RoadClass::Pedestrian => No,
        _ => slow,
    };
    let foot = if class == RoadClass::Cycleway { No } else { slow };
    RoadAccess { car: motor, goods: motor, bus, bicycle, foot }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::RawMapBuilder;
    use AccessLevel::{Destination, No, Private, Yes};

    fn check(class: RoadClass, tags: &[(&str, &str)], expected: [AccessLevel; 5]) {
        let mut builder = RawMapBuilder::new();
        builder.way(1, &[], tags);
        let map = builder.build();
        let found = access(&map.way_at(0).tags, class);
        assert_eq!([found.car, found.goods, found.bus, found.bicycle, found.foot], expected, "{tags:?}");
    }

    #[test]
    fn the_most_specific_key_wins() {
        check(RoadClass::Residential, &[], [Yes; 5]);
        check(RoadClass::Residential, &[("access", "private")], [Private; 5]);
        check(RoadClass::Residential, &[("access", "no"), ("bus", "yes"), ("foot", "yes")], [No, No, Yes, No, Yes]);
        check(
            RoadClass::Residential,
            &[("motor_vehicle", "destination")],
            [Destination, Destination, Destination, Yes, Yes],
        );
        check(RoadClass::Service, &[("vehicle", "no"), ("motorcar", "yes")], [Yes, No, No, No, Yes]);
        check(RoadClass::Primary, &[("hgv", "no;delivery")], [Yes, Destination, Yes, Yes, Yes]);
        check(RoadClass::Primary, &[("access", "unknown")], [Yes; 5]);
        check(RoadClass::Trunk, &[("motorroad", "yes")], [Yes, Yes, Yes, No, No]);
        check(RoadClass::Motorway, &[], [Yes, Yes, Yes, No, No]);
        check(RoadClass::Busway, &[], [No, No, Yes, No, No]);
        check(RoadClass::Cycleway, &[("foot", "designated")], [No, No, No, Yes, Yes]);
    }
}
