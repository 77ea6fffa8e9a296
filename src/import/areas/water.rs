//! Water: lakes, rivers and basins as areas, rivers and streams as lines.

use citytwin_model::{
    Anchor, Coord, Known, LineString, MultiPolygon, Problem, ProblemKind, SourceRef, WaterKind, Waterway,
};
use rayon::prelude::*;

use super::{frame::Frame, ground::Ground};
use crate::{
    measure,
    multipolygon::{Outline, ShapeIndex, local, mendable, overlay},
    raw::{RawMap, RawTags, RawWay},
};

/// The kind of a water area, `None` for what is none: bays (the coastline draws them), dry or covered basins.
pub(super) fn kind(tags: RawTags<'_>) -> Option<WaterKind> {
    if is_covered(tags) {
        return None;
    }
    if tags.is("leisure", "swimming_pool") || tags.is("amenity", "swimming_pool") || tags.is("amenity", "fountain") {
        return Some(WaterKind::Pool);
    }
    if tags.is("waterway", "riverbank") {
        return Some(WaterKind::River);
    }
    if tags.is("waterway", "dock") || matches!(tags.get("landuse"), Some("basin" | "reservoir" | "pond")) {
        return Some(WaterKind::Basin);
    }
    if !tags.is("natural", "water") {
        return None;
    }
    Some(match tags.get("water") {
        Some("river" | "canal" | "stream" | "oxbow" | "rapids" | "lock" | "ditch") => WaterKind::River,
        Some("basin" | "reservoir" | "wastewater" | "harbour" | "moat" | "pond") => WaterKind::Basin,
        Some("pool" | "fountain" | "swimming_pool") => WaterKind::Pool,
        _ => WaterKind::Lake,
    })
}

fn is_covered(tags: RawTags<'_>) -> bool {
    let yes = |key: &str| tags.get(key).is_some_and(|value| value != "no");
    yes("tunnel")
        || yes("building")
        || yes("indoor")
        || yes("covered")
        || matches!(tags.get("location"), Some("underground" | "indoor" | "roof"))
        || tags.is("content", "sewage")
}

/// A water relation whose outline leaves a clipped map: its torn rings closed along the edge, on the side
/// that holds fewer streets. Its own closed rings are holes in that, or ponds beside it.
pub(super) fn close_torn(
    raw: &RawMap,
    anchor: &Anchor,
    frame: &Frame,
    ground: &Ground,
    source: &SourceRef,
    outline: &mut Outline,
) {
    let mut crossings = Vec::new();
    for chain in &outline.open {
        let line: Vec<_> = chain.iter().filter_map(|id| raw.node(*id)).map(|p| Coord { x: p.lon, y: p.lat }).collect();
        match frame.crossings(&line) {
            Ok(found) => crossings.extend(found),
            Err(_) => return,
        }
    }
    if crossings.is_empty() {
        return;
    }
    let sides = frame.close_both(&crossings).map(|rings| {
        let torn = rings.iter().map(|ring| Frame::project(ring, anchor));
        let whole = outline.shape.iter().flat_map(|shape| &shape.0);
        let whole = whole.flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())).map(|ring| ring.0.clone());
        torn.chain(whole).collect::<Vec<_>>()
    });
    if !sides.iter().all(|rings| mendable(rings.iter().map(Vec::as_slice))) {
        return;
    }
    let sides = sides.map(overlay);
    let shares = [ground.share_in(&sides[0]), ground.share_in(&sides[1])];
    let [first, second] = sides;
    let chosen = if shares[0] <= shares[1] { first } else { second };
    if chosen.0.is_empty() {
        return;
    }
    let at = chosen.0.first().and_then(|polygon| polygon.exterior().0.first().copied());
    let what = "its outline leaves the map; closed along the map's edge on the side with fewer streets".to_owned();
    outline.problems.push(Problem { source: source.clone(), kind: ProblemKind::Geometry, what, at });
    outline.shape = Some(chosen);
}

/// Rivers, canals and streams as lines, without the stretches that a water area covers.
pub(super) fn ways(raw: &RawMap, anchor: &Anchor, water: &[&MultiPolygon<f64>]) -> (Vec<Waterway>, Vec<Problem>) {
    let areas = ShapeIndex::new(water.iter().copied());
    let found: Vec<_> = (0..raw.way_count())
        .into_par_iter()
        .map(|index| raw.way_at(index))
        .filter_map(|way| Some((way, usual_width(way.tags.get("waterway")?)?)))
        .map(|(way, usual)| lines(&way, usual, anchor, &areas))
        .collect();
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for (lines, found) in found {
        all.extend(lines);
        problems.extend(found);
    }
    (all, problems)
}

/// Width by class, metre: our own round figures for town waters.
fn usual_width(class: &str) -> Option<Known<f64>> {
    Some(match class {
        "river" => Known::inferred(15.0, "river without width: 15 m"),
        "canal" => Known::inferred(10.0, "canal without width: 10 m"),
        "stream" | "tidal_channel" | "brook" => Known::inferred(2.0, "stream without width: 2 m"),
        "drain" | "ditch" => Known::inferred(1.0, "ditch or drain without width: 1 m"),
        _ => return None,
    })
}

fn lines(
    way: &RawWay<'_>,
    usual: Known<f64>,
    anchor: &Anchor,
    areas: &ShapeIndex<'_>,
) -> (Vec<Waterway>, Vec<Problem>) {
    let (runs, mut problems) = present_runs(way, anchor);
    let width_m =
        match way.tags.get("width").map(|text| (text, measure::length_m(text).filter(|w| *w > 0.0 && *w < 5_000.0))) {
            Some((_, Some(width))) => Known::stated(width),
            Some((text, None)) => {
                let what = format!("width={text} cannot be read; ignored");
                let at = runs.first().map(|run| run[0]);
                problems.push(Problem { source: SourceRef::Way(way.id), kind: ProblemKind::TagValue, what, at });
                usual
            }
            None => usual,
        };
    let yes = |key: &str| way.tags.get(key).is_some_and(|value| value != "no");
    let tunnel = yes("tunnel") || yes("covered") || way.tags.is("location", "underground");
    let layer = way.tags.get("layer").and_then(|text| text.parse().ok()).unwrap_or(if tunnel { -1 } else { 0 });
    let dry = |run: Vec<Coord<f64>>| if tunnel { vec![run] } else { uncovered(&run, areas) };
    let all = runs.into_iter().flat_map(dry).map(|line| Waterway {
        source: SourceRef::Way(way.id),
        name: way.tags.get("name").map(str::to_owned),
        line: LineString::new(line),
        width_m,
        tunnel,
        layer,
    });
    (all.collect(), problems)
}

/// Stretches whose middle no area covers.
fn uncovered(run: &[Coord<f64>], areas: &ShapeIndex<'_>) -> Vec<Vec<Coord<f64>>> {
    let mut stretches: Vec<Vec<Coord<f64>>> = vec![Vec::new()];
    for pair in run.windows(2) {
        let middle = (pair[0] + pair[1]) * 0.5;
        if areas.any_holds(middle) {
            stretches.push(Vec::new());
        } else if let Some(stretch) = stretches.last_mut() {
            if stretch.is_empty() {
                stretch.push(pair[0]);
            }
            stretch.push(pair[1]);
        }
    }
    stretches.retain(|stretch| stretch.len() >= 2);
    stretches
}

/// Runs of two and more distinct present nodes of a line; gaps are one problem.
pub(super) fn present_runs(way: &RawWay<'_>, anchor: &Anchor) -> (Vec<Vec<Coord<f64>>>, Vec<Problem>) {
    let mut runs: Vec<Vec<Coord<f64>>> = vec![Vec::new()];
    let mut missing = 0;
    for place in way.places() {
        match place.and_then(|place| local(place, anchor)) {
            None => {
                missing += 1;
                runs.push(Vec::new());
            }
            Some(at) => {
                if let Some(run) = runs.last_mut()
                    && run.last() != Some(&at)
                {
                    run.push(at);
                }
            }
        }
    }
    runs.retain(|run| run.len() >= 2);
    let source = SourceRef::Way(way.id);
    let at = runs.first().map(|run| run[0]);
    let all = way.refs.len();
    let what = match (missing, runs.is_empty()) {
        (0, false) => return (runs, Vec::new()),
        (0, true) => "a line without length; left out".to_owned(),
        (_, true) => format!("{missing} of {all} nodes are not in the file; left out"),
        (_, false) => format!("{missing} of {all} nodes are not in the file; drawn up to the gaps"),
    };
    let kind = if missing > 0 { ProblemKind::MissingReference } else { ProblemKind::Geometry };
    (runs, vec![Problem { source, kind, what, at }])
}
