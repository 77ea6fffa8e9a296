//! Directions, lanes and widths of a carriageway.

use citytwin_model::{Known, Oneway, RoadClass};

use super::{class, units};
use crate::raw::RawTags;

const BY_ROUNDABOUT: &str = "roundabouts are one-way";
const BY_MOTORWAY: &str = "motorways are one-way";
const BY_DEFAULT: &str = "not tagged: both ways";
const REVERSIBLE: &str = "direction changes with time: taken as open both ways";

const LANES_BY_CLASS: &str = "lanes of the class (OSM wiki, Key:lanes, assumptions)";
const LANES_HALVED: &str = "half of the tagged lanes, an odd one going along the line";
const LANES_REST: &str = "tagged lanes less those of the other direction";
const LANES_ALL: &str = "all tagged lanes, as the road is one-way";
const LANES_SHARED: &str = "one tagged lane, shared by both directions";
const LANES_NONE: &str = "one-way against it";
const LANES_SLOW: &str = "carries no motor vehicles";

const WIDTH_ESTIMATED: &str = "est_width, the mapper's estimate";
const WIDTH_BY_LANES: &str = "lanes × lane width of the class (RAA 2008, RAL 2012, RASt 06)";
const WIDTH_BY_CLASS: &str = "width of the class (ERA 2010, EFA 2002)";

/// More lanes on one road are a mistake (the widest carriageway anywhere has 16 with its ramps).
const MAX_LANES: u8 = 16;
/// Carriageways are between these, metre.
const WIDTHS_M: std::ops::RangeInclusive<f64> = 0.5..=80.0;

/// Whether the road is a roundabout.
pub fn is_roundabout(tags: &RawTags) -> bool {
    matches!(tags.get("junction"), Some("roundabout" | "circular"))
}

/// Which way vehicles may drive.
pub fn oneway(tags: &RawTags, class: RoadClass, is_ramp: bool, problem: &mut impl FnMut(String)) -> Known<Oneway> {
    let tagged =
        tags.get("oneway:motor_vehicle").or_else(|| tags.get("oneway:motorcar")).or_else(|| tags.get("oneway"));
    match tagged.map(str::trim) {
        Some("yes" | "true" | "1") => return Known::stated(Oneway::Forward),
        Some("-1" | "reverse") => return Known::stated(Oneway::Backward),
        Some("no" | "false" | "0") => return Known::stated(Oneway::Both),
        Some("reversible" | "alternating") => return Known::inferred(Oneway::Both, REVERSIBLE),
        Some(other) => problem(format!("oneway={other} cannot be read; the default is used")),
        None => {}
    }
    match class {
        _ if is_roundabout(tags) => Known::inferred(Oneway::Forward, BY_ROUNDABOUT),
        RoadClass::Motorway if !is_ramp => Known::inferred(Oneway::Forward, BY_MOTORWAY),
        _ => Known::inferred(Oneway::Both, BY_DEFAULT),
    }
}

/// Lanes along the line and against it.
pub fn lanes(
    tags: &RawTags,
    (class, is_ramp): (RoadClass, bool),
    oneway: Oneway,
    problem: &mut impl FnMut(String),
) -> [Known<u8>; 2] {
    if !class.is_motor() {
        return [Known::inferred(0, LANES_SLOW); 2];
    }
    let mut count = |key: &str| {
        let value = tags.get(key)?;
        let parsed = parse_count(value);
        if parsed.is_none() {
            problem(format!("{key}={value} cannot be read; the default is used"));
        }
        parsed
    };
    let [all, forward, backward, middle] =
        ["lanes", "lanes:forward", "lanes:backward", "lanes:both_ways"].map(&mut count);
    let none = Known::inferred(0, LANES_NONE);
    let one_way = |own: Option<u8>| match (own.filter(|n| *n > 0), all.filter(|n| *n > 0)) {
        (Some(own), _) => Known::stated(own),
        (None, Some(all)) => Known::inferred(all, LANES_ALL),
        (None, None) => Known::inferred(class::default_lanes(class, is_ramp, true), LANES_BY_CLASS),
    };
    match oneway {
        Oneway::Forward => [one_way(forward), none],
        Oneway::Backward => [none, one_way(backward)],
        Oneway::Both => {
            let sum = all.map(|all| all.saturating_sub(middle.unwrap_or(0)));
            two_way(sum, forward, backward, class::default_lanes(class, is_ramp, false))
        }
    }
}

/// Shares of both directions, at least one each: a link has a lane.
fn two_way(all: Option<u8>, forward: Option<u8>, backward: Option<u8>, default: u8) -> [Known<u8>; 2] {
    let stated = |n: u8| Known::stated(n.max(1));
    let rest = |all: u8, other: u8| Known::inferred(all.saturating_sub(other).max(1), LANES_REST);
    let by_class = Known::inferred(default, LANES_BY_CLASS);
    match (all, forward, backward) {
        (_, Some(f), Some(b)) => [stated(f), stated(b)],
        (Some(all), Some(f), None) => [stated(f), rest(all, f)],
        (Some(all), None, Some(b)) => [rest(all, b), stated(b)],
        (None, Some(f), None) => [stated(f), by_class],
        (None, None, Some(b)) => [by_class, stated(b)],
        (Some(0) | None, None, None) => [by_class; 2],
        (Some(1), None, None) => [Known::inferred(1, LANES_SHARED); 2],
        (Some(all), None, None) => {
            [Known::inferred(all.div_ceil(2), LANES_HALVED), Known::inferred(all / 2, LANES_HALVED)]
        }
    }
}

/// A lane count: `2`, `2;3` (the first), `1.5` (the whole lanes of it).
fn parse_count(value: &str) -> Option<u8> {
    let number: f64 = value.split([';', '|', ',']).next()?.trim().parse().ok()?;
    let whole = if number > 0.0 && number < 1.0 { 1.0 } else { number.floor() };
    (0.0..=f64::from(MAX_LANES)).contains(&whole).then_some(whole as u8)
}

/// Kerb to kerb, metre.
pub fn width_m(
    tags: &RawTags,
    class: RoadClass,
    lanes: &[Known<u8>; 2],
    problem: &mut impl FnMut(String),
) -> Known<f64> {
    for key in ["width:carriageway", "width"] {
        let Some(value) = tags.get(key) else { continue };
        match units::metres(value).filter(|width| WIDTHS_M.contains(width)) {
            Some(width) => return Known::stated(width),
            None => problem(format!("{key}={value} is no width of a road; the default is used")),
        }
    }
    if let Some(width) = tags.get("est_width").and_then(units::metres).filter(|width| WIDTHS_M.contains(width)) {
        return Known::inferred(width, WIDTH_ESTIMATED);
    }
    if !class.is_motor() {
        return Known::inferred(class::lane_width_m(class), WIDTH_BY_CLASS);
    }
    let shared = lanes.iter().any(|lanes| lanes.origin == citytwin_model::Origin::Inferred(LANES_SHARED));
    let middle = tags.get("lanes:both_ways").and_then(parse_count).unwrap_or(0);
    let count = if shared { 1 } else { lanes[0].value + lanes[1].value + middle };
    Known::inferred(f64::from(count.max(1)) * class::lane_width_m(class), WIDTH_BY_LANES)
}

/// Arrows per lane of one direction, left to right; empty when not tagged.
pub fn turn_lanes(tags: &RawTags, direction: &str, oneway: Oneway) -> Vec<String> {
    let open = match direction {
        "forward" => oneway != Oneway::Backward,
        _ => oneway != Oneway::Forward,
    };
    let own = if direction == "forward" { tags.get("turn:lanes:forward") } else { tags.get("turn:lanes:backward") };
    let tagged = own.or_else(|| tags.get("turn:lanes").filter(|_| oneway != Oneway::Both));
    let arrows = |value: &str| {
        value.split('|').map(|lane| if lane == "none" { String::new() } else { lane.to_owned() }).collect()
    };
    tagged.filter(|_| open).map(arrows).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::RawMapBuilder;

    fn with_tags<T>(tags: &[(&str, &str)], then: impl FnOnce(RawTags) -> T) -> T {
        let mut builder = RawMapBuilder::new();
        builder.way(1, &[], tags);
        then(builder.build().way_at(0).tags)
    }

    fn check(class: RoadClass, tags: &[(&str, &str)], expected: (Oneway, u8, u8, f64), expected_problems: usize) {
        let mut problems = Vec::new();
        let found = with_tags(tags, |tags| {
            let mut problem = |what| problems.push(what);
            let oneway = oneway(&tags, class, false, &mut problem).value;
            let lanes = lanes(&tags, (class, false), oneway, &mut problem);
            (oneway, lanes[0].value, lanes[1].value, width_m(&tags, class, &lanes, &mut problem).value)
        });
        assert_eq!((found.0, found.1, found.2), (expected.0, expected.1, expected.2), "{tags:?}");
        assert!((found.3 - expected.3).abs() < 1e-9, "{tags:?}: {} m", found.3);
        assert_eq!(problems.len(), expected_problems, "{tags:?}: {problems:?}");
    }

    #[test]
    fn directions_lanes_and_widths() {
        use Oneway::{Backward, Both, Forward};
        use RoadClass::{Footway, Motorway, Primary, Residential, Trunk};
        check(Residential, &[], (Both, 1, 1, 5.5), 0);
        check(Residential, &[("oneway", "yes")], (Forward, 1, 0, 2.75), 0);
        check(Residential, &[("oneway", "-1")], (Backward, 0, 1, 2.75), 0);
        check(Residential, &[("oneway", "reverse"), ("lanes", "2")], (Backward, 0, 2, 5.5), 0);
        check(Residential, &[("oneway", "perhaps")], (Both, 1, 1, 5.5), 1);
        check(Residential, &[("junction", "roundabout")], (Forward, 1, 0, 2.75), 0);
        check(Residential, &[("junction", "circular"), ("oneway", "no")], (Both, 1, 1, 5.5), 0);
        check(Motorway, &[], (Forward, 2, 0, 7.5), 0);
        check(Trunk, &[("oneway", "1")], (Forward, 2, 0, 7.0), 0);
        check(Primary, &[("lanes", "4")], (Both, 2, 2, 13.0), 0);
        check(Primary, &[("lanes", "3")], (Both, 2, 1, 9.75), 0);
        check(Primary, &[("lanes", "3"), ("lanes:both_ways", "1")], (Both, 1, 1, 9.75), 0);
        check(Primary, &[("lanes", "5"), ("lanes:backward", "3")], (Both, 2, 3, 16.25), 0);
        check(Primary, &[("lanes:forward", "2"), ("lanes:backward", "1")], (Both, 2, 1, 9.75), 0);
        check(Primary, &[("lanes", "1")], (Both, 1, 1, 3.25), 0);
        check(Primary, &[("lanes", "many")], (Both, 1, 1, 6.5), 1);
        check(Primary, &[("lanes", "400")], (Both, 1, 1, 6.5), 1);
        check(Primary, &[("lanes", "0")], (Both, 1, 1, 6.5), 0);
        check(Primary, &[("width", "12'6\"")], (Both, 1, 1, 3.81), 0);
        check(Primary, &[("width", "narrow"), ("est_width", "7")], (Both, 1, 1, 7.0), 1);
        check(Footway, &[("lanes", "2")], (Both, 0, 0, 2.0), 0);
    }

    #[test]
    fn arrows_keep_empty_lanes() {
        let both = &[("turn:lanes:forward", "left|through;right|none"), ("turn:lanes:backward", "|")];
        assert_eq!(with_tags(both, |tags| turn_lanes(&tags, "forward", Oneway::Both)), ["left", "through;right", ""]);
        assert_eq!(with_tags(both, |tags| turn_lanes(&tags, "backward", Oneway::Both)), ["", ""]);
        let one = &[("turn:lanes", "left|through")];
        assert_eq!(with_tags(one, |tags| turn_lanes(&tags, "forward", Oneway::Forward)), ["left", "through"]);
        assert_eq!(with_tags(one, |tags| turn_lanes(&tags, "backward", Oneway::Backward)), ["left", "through"]);
        assert!(with_tags(one, |tags| turn_lanes(&tags, "forward", Oneway::Backward)).is_empty());
        assert!(with_tags(one, |tags| turn_lanes(&tags, "forward", Oneway::Both)).is_empty());
    }
}
