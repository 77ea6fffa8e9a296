//! The height cascade: what the tags state, then levels, then the building around a part, then a default by use.

use citytwin_model::{BuildingUse, Known, MultiPolygon, ProblemKind, RoofShape, Volume};

use super::{
    Setting, Tagged, colour, roof,
    storeys::{self, Guess, storey},
};
use crate::measure;

/// Nothing built is taller, metre: the Burj Khalifa has 828.
const MAX_HEIGHT_M: f64 = 1_000.0;
/// Nothing built has more storeys: the Burj Khalifa has 163.
const MAX_LEVELS: f64 = 200.0;
/// What stands for a volume that is not to be seen, metre.
const SLAB_M: f32 = 0.1;
/// Thickness of a roof on posts, metre.
const CANOPY_M: f32 = 0.5;

/// Height of a default: whoever knows better may overrule it.
pub(super) struct Measured {
    pub volume: Volume,
    /// Neither a height nor levels were stated.
    pub by_default: bool,
}

/// What a volume belongs to.
#[derive(Clone, Copy)]
pub(super) enum Role<'a> {
    Building,
    /// A part, with the building that holds it.
    Part(Option<&'a Measured>),
}

/// The volume over a footprint.
pub(super) fn read(
    tagged: &mut Tagged<'_>,
    usage: BuildingUse,
    footprint: MultiPolygon<f64>,
    setting: &Setting,
    role: Role<'_>,
) -> Measured {
    let building = matches!(role, Role::Building);
    let mut roof = roof::read(tagged, building.then_some(usage), setting);
    let heights = Heights::read(tagged, usage);
    if underground(tagged, &heights) {
        return Measured {
            volume: flattened(tagged, footprint, roof, "underground: only its outline shows"),
            by_default: false,
        };
    }
    let (height_m, by_default) = heights.top(tagged, usage, setting, &roof.height_m, role);
    let min_height_m = heights.bottom(tagged, usage, height_m);
    cap_roof(tagged, &mut roof, height_m.value - min_height_m.value);
    let levels = heights.storeys(tagged, usage, setting, height_m, roof.height_m.value);
    let parent = match role {
        Role::Part(parent) => parent.map(|measured| &measured.volume),
        Role::Building => None,
    };
    let colour = tagged.text(&["building:colour", "building:color", "colour"], colour::parse);
    let material =
        ["building:material", "building:facade:material", "material"].iter().find_map(|key| tagged.tags.get(key));
    roof.colour = roof.colour.or(parent.and_then(|p| p.roof.colour));
    let volume = Volume {
        footprint,
        height_m,
        min_height_m,
        levels,
        roof,
        colour: colour.or(parent.and_then(|p| p.colour)),
        material: material.map(str::to_owned).or_else(|| parent.and_then(|p| p.material.clone())),
    };
    Measured { volume, by_default }
}

/// A volume that is not to be seen: underground, or drawn by another element.
pub(super) fn flatten(volume: &mut Volume, rule: &'static str) {
    volume.height_m = Known::inferred(SLAB_M, rule);
    volume.min_height_m = Known::inferred(0.0, rule);
    volume.levels = Known::inferred(0.0, rule);
    volume.roof.shape = Known::inferred(RoofShape::Flat, rule);
    volume.roof.height_m = Known::inferred(0.0, rule);
}

fn flattened(
    tagged: &mut Tagged<'_>,
    footprint: MultiPolygon<f64>,
    roof: citytwin_model::Roof,
    rule: &'static str,
) -> Volume {
    let zero = Known::inferred(0.0, rule);
    let colour = tagged.text(&["building:colour"], colour::parse);
    let mut volume =
        Volume { footprint, height_m: zero, min_height_m: zero, levels: zero, roof, colour, material: None };
    flatten(&mut volume, rule);
    volume
}

/// Below ground by its tags; a layer alone counts where nothing says how high it stands.
fn underground(tagged: &Tagged<'_>, heights: &Heights) -> bool {
    let below = tagged.tags.get("layer").and_then(measure::number).is_some_and(|layer| layer < 0.0);
    tagged.tags.is("location", "underground")
        || tagged.tags.is("tunnel", "yes")
        || (below && heights.height.is_none() && heights.levels.is_none())
}

/// What the tags state about heights.
struct Heights {
    height: Option<f32>,
    estimated: Option<f32>,
    levels: Option<f32>,
    min_height: Option<f32>,
    min_level: Option<f32>,
}

impl Heights {
    fn read(tagged: &mut Tagged<'_>, usage: BuildingUse) -> Self {
        let tall = |h: f64| h > 0.0 && h <= MAX_HEIGHT_M;
        let mut length = |keys: &[&str], possible: &dyn Fn(f64) -> bool| {
            tagged.read(keys, measure::length_m, possible).map(|h| h as f32)
        };
        let height = length(&["height", "building:height"], &tall);
        let estimated = length(&["est_height"], &tall);
        let min_height = length(&["min_height", "building:min_height"], &|h| (0.0..=MAX_HEIGHT_M).contains(&h));
        let mut count =
            |keys: &[&str]| tagged.read(keys, measure::number, |n| (0.0..=MAX_LEVELS).contains(&n)).map(|n| n as f32);
        let levels = count(&["building:levels", "levels"]);
        let min_level = count(&["building:min_level", "min_level"]);
        let mut heights = Self { height, estimated, levels, min_height, min_level };
        heights.settle(tagged, usage);
        heights
    }

    /// Mends a bottom at or above a stated top: it is taken from the ground.
    fn settle(&mut self, tagged: &mut Tagged<'_>, usage: BuildingUse) {
        let Some(height) = self.height else { return };
        let bottom = self.min_height.or(self.min_level.map(|level| level * storey(usage).height_m));
        if let Some(bottom) = bottom.filter(|bottom| *bottom >= height) {
            let what =
                format!("its underside at {bottom} m is not below its height of {height} m; drawn from the ground");
            tagged.report(ProblemKind::TagValue, what);
            (self.min_height, self.min_level) = (None, None);
        }
    }

    /// Stated underside, 0 where none is.
    fn floor(&self, usage: BuildingUse) -> f32 {
        self.min_height.or(self.min_level.map(|level| level * storey(usage).height_m)).unwrap_or(0.0)
    }

    /// Ground to top, and whether it is a mere default.
    fn top(
        &self,
        tagged: &Tagged<'_>,
        usage: BuildingUse,
        setting: &Setting,
        roof: &Known<f32>,
        role: Role<'_>,
    ) -> (Known<f32>, bool) {
        let floor = self.floor(usage);
        if let Some(height) = self.height {
            return (Known::stated(height), false);
        }
        if let Some(height) = self.estimated.filter(|height| *height > floor) {
            return (Known::inferred(height, "est_height tag"), false);
        }
        if let Some(levels) = self.levels {
            let walls = levels * storey(usage).height_m;
            if walls + roof.value > floor && walls + roof.value > 0.0 {
                return (Known::inferred(walls + roof.value, storey(usage).by_levels), false);
            }
            if walls > 0.0 {
                return (
                    Known::inferred(floor + walls + roof.value, "building:levels × storey, above min_height"),
                    false,
                );
            }
        }
        if let Role::Part(Some(parent)) = role
            && parent.volume.height_m.value > floor
        {
            return (
                Known::inferred(parent.volume.height_m.value, "height of the building around it"),
                parent.by_default,
            );
        }
        let (walls, rule) = match storeys::guess(tagged.tags, usage, setting) {
            Guess::Storeys(storeys, rule) => (storeys * storey(usage).height_m, rule),
            Guess::Walls(walls, rule) => (walls, rule),
        };
        (Known::inferred(floor + walls + roof.value, rule), true)
    }

    /// Ground to underside, below the top.
    fn bottom(&self, tagged: &Tagged<'_>, usage: BuildingUse, top: Known<f32>) -> Known<f32> {
        if let Some(min_height) = self.min_height {
            return Known::stated(min_height);
        }
        if self.min_level.is_some() {
            return Known::inferred(self.floor(usage), storey(usage).by_min_level);
        }
        let kind = tagged.tags.get("building").or_else(|| tagged.tags.get("building:part"));
        if matches!(kind, Some("roof" | "canopy" | "carport")) && top.value > 2.0 * CANOPY_M {
            return Known::inferred(top.value - CANOPY_M, "roof on posts: 0.5 m thick, open below");
        }
        Known::inferred(0.0, "stands on the ground")
    }

    fn storeys(
        &self,
        tagged: &Tagged<'_>,
        usage: BuildingUse,
        setting: &Setting,
        height: Known<f32>,
        roof_m: f32,
    ) -> Known<f32> {
        if let Some(levels) = self.levels {
            return Known::stated(levels);
        }
        if !height.is_stated()
            && let Guess::Storeys(storeys, rule) = storeys::guess(tagged.tags, usage, setting)
            && height == Known::inferred(height.value, rule)
        {
            return Known::inferred(storeys, rule);
        }
        let storeys = ((height.value - roof_m) / storey(usage).height_m).round().max(1.0);
        Known::inferred(storeys, storey(usage).levels_by_height)
    }
}

/// Keeps the roof within the volume: a stated one with a problem, an unstated one tacitly.
fn cap_roof(tagged: &mut Tagged<'_>, roof: &mut citytwin_model::Roof, available: f32) {
    let height = roof.height_m;
    if height.is_stated() && height.value > available {
        let what = format!("its roof of {} m is higher than its {available} m; capped", height.value);
        tagged.report(ProblemKind::TagValue, what);
        roof.height_m = Known::inferred(available, "roof:height above the whole height: capped");
    } else if !height.is_stated() {
        let pointed =
            matches!(roof.shape.value, RoofShape::Dome | RoofShape::Onion | RoofShape::Cone | RoofShape::Pyramidal);
        let most = if pointed { available } else { 0.5 * available };
        if height.value > most {
            roof.height_m = Known::inferred(most, "roof by its shape, capped by the whole height");
        }
    }
}
