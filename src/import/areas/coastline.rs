//! The sea: coastlines joined, cut at the map's edge and closed along it. Land lies to the left of a
//! coastline and water to the right (OSM wiki, natural=coastline).

use std::collections::BTreeMap;

use citytwin_model::{Anchor, Coord, MultiPolygon, Problem, ProblemKind, SourceRef};
use geo::BooleanOps;

use super::{frame::Frame, ground::Ground};
use crate::{
    multipolygon::{Chain, local, mendable, overlay},
    raw::{ABSENT, RawMap},
};

/// The sea within the map.
pub(super) struct Sea {
    /// The first coastline.
    pub source: SourceRef,
    pub shape: MultiPolygon<f64>,
}

/// The sea that the coastlines draw; `None` without coastlines, or where they draw none.
pub(super) fn read(
    raw: &RawMap,
    anchor: &Anchor,
    frame: &Frame,
    ground: &Ground,
    problems: &mut Vec<Problem>,
) -> Option<Sea> {
    let (source, runs) = runs(raw)?;
    let coasts: Vec<Coast> = join(runs).into_iter().map(|chain| Coast::new(raw, &chain)).collect();
    let shape = fill(&coasts, anchor, frame, |at, what| {
        let at = at.and_then(|p: Coord<f64>| local(citytwin_model::LonLat { lon: p.x, lat: p.y }, anchor));
        problems.push(Problem { source: source.clone(), kind: ProblemKind::MissingReference, what, at });
    });
    if shape.0.is_empty() {
        return None;
    }
    if ground.share_in(&shape) > 0.5 {
        let what = "the sea right of the coastlines would hold most of the map's streets; left out".to_owned();
        problems.push(Problem { source, kind: ProblemKind::Geometry, what, at: None });
        return None;
    }
    Some(Sea { source, shape })
}

/// A joined coastline, in degrees.
struct Coast {
    points: Vec<Coord<f64>>,
    closed: bool,
}

impl Coast {
    fn new(raw: &RawMap, chain: &Chain) -> Self {
        let place = |id: &i64| raw.node(*id).map(|p| Coord { x: p.lon, y: p.lat });
        let points = chain.iter().filter_map(place).collect();
        Self { points, closed: chain.len() >= 4 && chain.first() == chain.last() }
    }

    /// Land inside: drawn counter-clockwise.
    fn is_island(&self) -> bool {
        self.points.windows(2).map(|pair| pair[0].x * pair[1].y - pair[1].x * pair[0].y).sum::<f64>() > 0.0
    }
}

/// Sea polygons from all coasts; `report` hears of ends that lie loose in the map.
fn fill(
    coasts: &[Coast],
    anchor: &Anchor,
    frame: &Frame,
    mut report: impl FnMut(Option<Coord<f64>>, String),
) -> MultiPolygon<f64> {
    let (mut crossings, mut islands, mut lagoons) = (Vec::new(), Vec::new(), Vec::new());
    let mut loose = false;
    for coast in coasts {
        let outside = coast.points.iter().position(|p| !frame.holds(*p));
        if coast.closed && outside.is_none() {
            let ring = Frame::project(&coast.points, anchor);
            if coast.is_island() {
                islands.push(ring)
            } else {
                lagoons.push(ring)
            }
            continue;
        }
        // A ring is begun outside, so that no piece begins in the middle of the map.
        let begun = outside.filter(|_| coast.closed).map(|start| turned(&coast.points, start));
        match frame.crossings(begun.as_ref().unwrap_or(&coast.points)) {
            Ok(found) => crossings.extend(found),
            Err(at) => {
                loose = true;
                report(Some(at), "the coastline ends in the middle of the map; this piece draws no sea".to_owned());
            }
        }
    }
    let mut rings: Vec<_> = frame.close_right(&crossings).iter().map(|ring| Frame::project(ring, anchor)).collect();
    let only_islands = crossings.is_empty() && !loose && lagoons.is_empty() && !islands.is_empty();
    if only_islands {
        rings.push(Frame::project(&frame.corners(), anchor));
    }
    if !mendable(rings.iter().chain(&lagoons).chain(&islands).map(Vec::as_slice)) {
        report(None, "the coastlines cross each other too often to be mended; no sea is drawn".to_owned());
        return MultiPolygon(Vec::new());
    }
    let sea = overlay(rings);
    let sea = if lagoons.is_empty() { sea } else { sea.union(&overlay(lagoons)) };
    if islands.is_empty() { sea } else { sea.difference(&overlay(islands)) }
}

/// The closed line, begun at its `start`-th point.
fn turned(points: &[Coord<f64>], start: usize) -> Vec<Coord<f64>> {
    let open = &points[..points.len() - 1];
    let start = start % open.len();
    open[start..].iter().chain(&open[..=start]).copied().collect()
}

/// Runs of present nodes of all coastlines, and the first coastline. `None` without coastlines.
fn runs(raw: &RawMap) -> Option<(SourceRef, Vec<Chain>)> {
    let mut first = None;
    let mut runs: Vec<Chain> = Vec::new();
    for way in raw.ways().filter(|way| way.tags.is("natural", "coastline")) {
        first.get_or_insert(SourceRef::Way(way.id));
        let mut run = Chain::new();
        for (id, position) in way.refs.iter().zip(way.positions()) {
            if *position == ABSENT {
                runs.push(std::mem::take(&mut run));
            } else if run.last() != Some(id) {
                run.push(*id);
            }
        }
        runs.push(run);
    }
    runs.retain(|run| run.len() >= 2);
    first.map(|source| (source, runs))
}

/// Joins runs end to start; coastlines have a direction, so none is turned round.
fn join(runs: Vec<Chain>) -> Vec<Chain> {
    let starts: BTreeMap<i64, usize> = runs.iter().enumerate().rev().map(|(i, run)| (run[0], i)).collect();
    let ends: BTreeMap<i64, usize> = runs.iter().enumerate().rev().map(|(i, run)| (run[run.len() - 1], i)).collect();
    let mut used = vec![false; runs.len()];
    let mut joined = Vec::new();
    // Those that nothing leads to first; what remains then are rings.
    let (heads, rings): (Vec<_>, Vec<_>) = (0..runs.len()).partition(|index| !ends.contains_key(&runs[*index][0]));
    for start in heads.into_iter().chain(rings) {
        let mut chain: Chain = Vec::new();
        let mut current = Some(start);
        while let Some(index) = current.filter(|index| !used[*index]) {
            used[index] = true;
            chain.extend(runs[index].iter().skip(usize::from(!chain.is_empty())));
            current = runs[index].last().and_then(|last| starts.get(last)).copied();
        }
        if chain.len() >= 2 {
            joined.push(chain);
        }
    }
    joined
}
