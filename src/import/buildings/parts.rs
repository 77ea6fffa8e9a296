//! Which building a part belongs to: by its `type=building` relation, else the smallest outline that holds it.

use std::collections::BTreeMap;

use citytwin_model::{Building, BuildingId, BuildingPart, Coord, Known, SourceRef};
use geo::Area;

use crate::{
    multipolygon::ShapeIndex,
    raw::{MemberKind, RawMap},
};

/// Share of a building's outline that its parts must cover to be drawn instead of it. Below it the map
/// draws a detail alone (a dome, a tower), and the rest of the building would vanish.
const MIN_COVERED: f64 = 0.5;

/// The buildings of parts; index by position in the list of buildings.
pub(super) struct Holders<'a> {
    by_outline: ShapeIndex<'a>,
    stated: BTreeMap<SourceRef, usize>,
    shadows: &'a [bool],
}

impl<'a> Holders<'a> {
    /// `shadows` marks buildings that another element draws.
    pub fn new(raw: &RawMap, buildings: &'a [super::Element<'a>], shadows: &'a [bool]) -> Self {
        let position: BTreeMap<&SourceRef, usize> = buildings.iter().enumerate().map(|(i, b)| (&b.source, i)).collect();
        let mut stated = BTreeMap::new();
        for relation in raw.relations().filter(|relation| relation.tags.is("type", "building")) {
            let source = |kind, id| match kind {
                MemberKind::Node => SourceRef::Node(id),
                MemberKind::Way => SourceRef::Way(id),
                MemberKind::Relation => SourceRef::Relation(id),
            };
            let outline = relation.members().filter(|m| m.role == "outline").map(|m| source(m.kind, m.id));
            let Some(building) = outline.filter_map(|outline| position.get(&outline)).next() else { continue };
            for part in relation.members().filter(|m| m.role == "part") {
                stated.entry(source(part.kind, part.id)).or_insert(*building);
            }
        }
        Self { by_outline: ShapeIndex::new(buildings.iter().map(|b| &b.shape)), stated, shadows }
    }

    /// The building that holds the part with its inner point `at`.
    pub fn of(&self, part: &SourceRef, at: Coord<f64>) -> Option<usize> {
        let stated = self.stated.get(part).copied();
        stated.or_else(|| self.by_outline.holding(at).into_iter().find(|index| !self.shadows[*index]))
    }
}

/// Gives buildings their parts, and heights where they state none.
pub(super) fn attach(buildings: &mut [Building], by_default: &[bool], parts: &[BuildingPart]) {
    let mut held: BTreeMap<BuildingId, Vec<&BuildingPart>> = BTreeMap::new();
    for part in parts {
        if let Some(building) = part.building {
            held.entry(building).or_default().push(part);
        }
    }
    for (id, parts) in held {
        let building = &mut buildings[id.index()];
        let covered: f64 = parts.iter().map(|part| part.volume.footprint.unsigned_area()).sum();
        if covered < MIN_COVERED * building.volume.footprint.unsigned_area() {
            continue;
        }
        building.parts = parts.iter().map(|part| part.id).collect();
        let highest = parts.iter().map(|part| part.volume.height_m.value).fold(0.0, f32::max);
        if by_default[id.index()] && highest > building.volume.min_height_m.value {
            building.volume.height_m = Known::inferred(highest, "highest of its parts");
            let storey_m = super::storeys::storey(building.usage.value).height_m;
            let storeys = parts.iter().filter(|part| part.volume.levels.is_stated());
            let storeys = storeys.map(|part| part.volume.levels.value).fold(0.0, f32::max);
            building.volume.levels = if storeys > 0.0 {
                Known::inferred(storeys, "most storeys of its parts")
            } else {
                Known::inferred((mean_height(&parts) / storey_m).round().max(1.0), "mean height of its parts ÷ storey")
            };
            building.volume.roof.height_m.value = building.volume.roof.height_m.value.min(0.5 * highest);
        }
    }
}

/// Mean height of the parts by area: what the floors of a building with a tall detail add up to.
fn mean_height(parts: &[&BuildingPart]) -> f32 {
    let (mut sum, mut area) = (0.0, 0.0);
    for part in parts {
        let part_area = part.volume.footprint.unsigned_area();
        area += part_area;
        sum += part_area * f64::from(part.volume.height_m.value - part.volume.min_height_m.value);
    }
    if area > 0.0 { (sum / area) as f32 } else { 0.0 }
}
