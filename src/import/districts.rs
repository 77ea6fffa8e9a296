//! Districts from the map's named places.
//!
//! Owns which of them are taken. Knows nothing of where a district ends: `citytwin_model::Districts` says how that is
//! inferred.

use std::{cmp::Reverse, collections::BTreeSet};

use citytwin_model::{Anchor, City, District, GeoBounds, LonLat, Origin, SourceRef};

use crate::raw::{RawMap, RawNode};

/// The parts of a city from coarse to fine, as <https://wiki.openstreetmap.org/wiki/Key:place> ranks them.
const LEVELS: [&str; 4] = ["borough", "suburb", "quarter", "neighbourhood"];
/// Districts of one city: more than a person compares in a table.
const MOST: usize = 60;

/// Fills the city's districts: the nodes in the city's bounds with a `name` and the coarsest kind of `place` that gives at
/// least two. Of several of one name (letters' case aside) the one with the largest `population` stays, of these the oldest
/// node; by the same order the first 60 of more. They are sorted by name. Places drawn as areas alone are not seen.
pub fn read(raw: &RawMap, anchor: &Anchor, city: &mut City) {
    let bounds = city.bounds;
    let mut levels: [Vec<RawNode<'_>>; LEVELS.len()] = Default::default();
    for node in raw.tagged_nodes().filter(|node| holds(&bounds, node.place) && !name(node).is_empty()) {
        let place = node.tags.get("place").unwrap_or_default();
        if let Some(level) = LEVELS.iter().position(|level| *level == place) {
            levels[level].push(node);
        }
    }
    let distinct = levels.into_iter().map(distinct).find(|places| places.len() >= 2).unwrap_or_default();
    city.districts = distinct.iter().map(|node| district(node, anchor)).collect();
    city.districts.sort_by_cached_key(|district| (district.name.to_lowercase(), district.source.clone()));
}

/// One of each name, the best known first, at most [`MOST`].
fn distinct(mut places: Vec<RawNode<'_>>) -> Vec<RawNode<'_>> {
    places.sort_by_cached_key(|node| (Reverse(population(node)), node.id));
    let mut names = BTreeSet::new();
    places.retain(|node| names.insert(name(node).to_lowercase()));
    places.truncate(MOST);
    places
}

fn district(node: &RawNode<'_>, anchor: &Anchor) -> District {
    District {
        source: SourceRef::Node(node.id),
        name: name(node).to_owned(),
        at: anchor.enu(node.place),
        origin: Origin::Stated,
    }
}

fn name<'a>(node: &RawNode<'a>) -> &'a str {
    node.tags.get("name").unwrap_or_default().trim()
}

/// Inhabitants as stated; none where that cannot be read. `12 345` and `12.345` mean the same: there are no halves.
fn population(node: &RawNode<'_>) -> u64 {
    let text = node.tags.get("population").unwrap_or_default();
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | ',' | '\'' | '\u{a0}')).collect();
    digits.parse().unwrap_or(0)
}

fn holds(bounds: &GeoBounds, place: LonLat) -> bool {
    (bounds.west..=bounds.east).contains(&place.lon) && (bounds.south..=bounds.north).contains(&place.lat)
}
