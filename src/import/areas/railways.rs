//! Railway tracks by kind.

use citytwin_model::{Anchor, City, LineString, Railway, RailwayId, RailwayKind, SourceRef};

use super::water::present_runs;
use crate::raw::{RawMap, RawTags};

/// Adds every track; one that leaves a clipped map and comes back is several pieces.
pub(super) fn read(raw: &RawMap, anchor: &Anchor, city: &mut City) {
    for way in raw.ways() {
        let Some(kind) = way.tags.get("railway").and_then(|value| kind(value, way.tags)) else { continue };
        let (runs, problems) = present_runs(&way, anchor);
        city.problems.extend(problems);
        let yes = |key: &str| way.tags.get(key).is_some_and(|value| value != "no");
        let (bridge, tunnel) = (yes("bridge"), yes("tunnel") || way.tags.is("location", "underground"));
        let usual = i8::from(bridge) - i8::from(tunnel);
        let layer = way.tags.get("layer").and_then(|text| text.trim().parse().ok()).unwrap_or(usual);
        for run in runs {
            city.railways.push(Railway {
                id: RailwayId::from_index(city.railways.len()),
                source: SourceRef::Way(way.id),
                kind,
                name: way.tags.get("name").map(str::to_owned),
                line: LineString::new(run),
                bridge,
                tunnel,
                layer,
                tags: way.tags.to_tags(),
            });
        }
    }
}

/// `railway=*` values with a track; abandoned and planned ones have none.
fn kind(value: &str, tags: RawTags<'_>) -> Option<RailwayKind> {
    if tags.is("area", "yes") {
        return None;
    }
    Some(match value {
        "rail" | "preserved" => RailwayKind::Rail,
        "tram" => RailwayKind::Tram,
        "subway" => RailwayKind::Subway,
        "light_rail" => RailwayKind::LightRail,
        "narrow_gauge" | "miniature" | "funicular" => RailwayKind::Narrow,
        "monorail" => RailwayKind::Monorail,
        "disused" | "construction" => RailwayKind::Inactive,
        _ => return None,
    })
}
