//! Roofs: shape, height and direction by the tags of OSM's Simple 3D Buildings, and what stands in for them.

use citytwin_model::{BuildingUse, Known, Roof, RoofShape};

use super::{Setting, Tagged, colour, storeys};
use crate::measure;

/// Pitch that stands in for an unstated one, degree: a common one for tiled roofs.
const PITCH_DEG: f64 = 30.0;
/// A roof storey is lower than a full one, metre: knee walls and slopes take the rest.
const ROOF_STOREY_M: f64 = 2.5;
/// Unstated ridges do not rise higher than this, metre.
const MAX_PITCHED_M: f64 = 6.0;

/// Shape, and height as far as the roof's own tags tell. The volume caps the height.
pub(super) fn read(tagged: &mut Tagged<'_>, usage: Option<BuildingUse>, setting: &Setting) -> Roof {
    let shape = shape(tagged, usage, setting);
    let direction_deg = tagged.read(&["roof:direction", "roof:slope:direction"], measure::direction_deg, |_| true);
    Roof {
        height_m: height(tagged, shape.value, setting),
        shape,
        direction_deg: direction_deg.map(|d| d as f32),
        across: across(tagged),
        colour: tagged.text(&["roof:colour", "building:roof:colour", "roof:color"], colour::parse),
        material: tagged
            .tags
            .get("roof:material")
            .or_else(|| tagged.tags.get("building:roof:material"))
            .map(str::to_owned),
    }
}

fn shape(tagged: &mut Tagged<'_>, usage: Option<BuildingUse>, setting: &Setting) -> Known<RoofShape> {
    if let Some(shape) = tagged.text(&["roof:shape", "building:roof:shape"], parse_shape) {
        return Known::stated(shape);
    }
    let pitched = setting.near_rectangle() && setting.short_m <= 16.0;
    if pitched && storeys::worship(tagged.tags) {
        return Known::inferred(RoofShape::Gabled, "place of worship of near-rectangular outline: gabled");
    }
    if tagged.tags.get("roof:angle").is_some() || ["roof:height", "roof:levels"].iter().any(|key| rises(tagged, key)) {
        return Known::inferred(RoofShape::Gabled, "roof height, angle or storeys stated without a shape: gabled");
    }
    match usage {
        Some(BuildingUse::House) if pitched => {
            Known::inferred(RoofShape::Gabled, "house of near-rectangular outline: gabled")
        }
        _ => Known::inferred(RoofShape::Flat, "no roof shape stated: flat"),
    }
}

fn rises(tagged: &Tagged<'_>, key: &str) -> bool {
    tagged.tags.get(key).and_then(measure::length_m).is_some_and(|value| value > 0.0)
}

/// Values of `roof:shape` (OSM wiki) to the nearest shape that is drawn.
fn parse_shape(text: &str) -> Option<RoofShape> {
    use RoofShape::*;
    Some(match text.trim().to_ascii_lowercase().replace([' ', '_'], "-").as_str() {
        "flat" | "butterfly" | "terrace" => Flat,
        "gabled"
        | "pitched"
        | "saltbox"
        | "double-saltbox"
        | "quadruple-saltbox"
        | "crosspitched"
        | "cross-gabled"
        | "gabled-row"
        | "gabled-height-moved"
        | "sawtooth"
        | "triple-gabled" => Gabled,
        "hipped" | "side-hipped" | "hip" => Hipped,
        "half-hipped" | "side-half-hipped" | "hipped-and-gabled" => HalfHipped,
        "pyramidal" | "spire" => Pyramidal,
        "skillion" | "lean-to" | "shed" => Skillion,
        "gambrel" => Gambrel,
        "mansard" => Mansard,
        "dome" | "spherical" | "half-dome" => Dome,
        "onion" => Onion,
        "cone" | "conical" => Cone,
        "round" | "barrel" | "arched" => Round,
        _ => return None,
    })
}

fn across(tagged: &mut Tagged<'_>) -> bool {
    let read = |text: &str| match text {
        "across" => Some(true),
        "along" => Some(false),
        _ => None,
    };
    tagged.text(&["roof:orientation"], read).unwrap_or(false)
}

fn height(tagged: &mut Tagged<'_>, shape: RoofShape, setting: &Setting) -> Known<f32> {
    let stated =
        tagged.read(&["roof:height", "building:roof:height"], measure::length_m, |h| (0.0..=300.0).contains(&h));
    let angle = tagged.read(&["roof:angle"], measure::angle_deg, |a| (0.0..85.0).contains(&a));
    let levels = tagged.read(&["roof:levels", "building:roof:levels"], measure::number, |n| (0.0..=20.0).contains(&n));
    if shape == RoofShape::Flat {
        // A parapet or a flat slab of stated height is part of the walls.
        return Known::inferred(0.0, "flat roof");
    }
    if let Some(height) = stated {
        return Known::stated(height as f32);
    }
    if let Some(angle) = angle.filter(|a| *a > 0.0) {
        let rise = run_m(shape, setting) * angle.to_radians().tan();
        return Known::inferred(rise as f32, "roof:angle × half the width (width for skillion)");
    }
    if let Some(levels) = levels.filter(|n| *n > 0.0) {
        return Known::inferred((levels * ROOF_STOREY_M) as f32, "roof:levels × 2.5 m");
    }
    by_shape(shape, setting)
}

/// Level distance from eaves to ridge.
fn run_m(shape: RoofShape, setting: &Setting) -> f64 {
    if shape == RoofShape::Skillion { setting.short_m } else { 0.5 * setting.short_m }
}

fn by_shape(shape: RoofShape, setting: &Setting) -> Known<f32> {
    use RoofShape::*;
    let half = 0.5 * setting.short_m;
    let pitched = (half * PITCH_DEG.to_radians().tan()).min(MAX_PITCHED_M);
    let (height, rule) = match shape {
        Flat => (0.0, "flat roof"),
        Gabled | Hipped | HalfHipped => (pitched, "roof pitch 30° on half the width, at most 6 m"),
        Skillion => {
            ((setting.short_m * 10_f64.to_radians().tan()).min(4.0), "roof pitch 10° on the width, at most 4 m")
        }
        Gambrel | Mansard => ((0.8 * half).min(5.0), "gambrel or mansard: 0.8 × half the width, at most 5 m"),
        Pyramidal | Cone => (half.min(20.0), "pyramid or cone: half the width, at most 20 m"),
        Dome => (half, "dome: half the width"),
        Onion => (1.2 * half, "onion: 0.6 × the width"),
        Round => (0.5 * half, "round roof: a quarter of the width"),
    };
    Known::inferred(height as f32, rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (text, expected) in [
            ("gabled", Some(RoofShape::Gabled)),
            ("half-hipped", Some(RoofShape::HalfHipped)),
            ("Hipped", Some(RoofShape::Hipped)),
            ("lean_to", Some(RoofShape::Skillion)),
            ("dome", Some(RoofShape::Dome)),
            ("9.0", None),
            ("many", None),
        ] {
            assert_eq!(parse_shape(text), expected, "{text}");
        }
    }
}
