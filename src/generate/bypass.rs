//! The bypass: two carriageways between its outer junctions, one at the map's edges, ramps to the radials.
//! Must not know blocks.

use crate::{
    kinds::{Class, Kind, Span},
    maths::{P, along, cross, crossing, distance, dot, left, lerp, line_length, nearest_on, offset, smooth, unit},
    skeleton::Skeleton,
    spans::{Obstacle, spans_along},
};

/// From the middle line to the middle of a carriageway, metre (RAA 2008, RQ 21: 2 × 2 lanes of 3.25 m
/// and a narrow median).
const CARRIAGEWAY_M: f64 = 6.5;

/// A radial that crosses the bypass.
struct Junction {
    /// Along the bypass, metre.
    at_m: f64,
    radial: usize,
}

/// Lays the bypass of a skeleton that has a line for it.
pub fn lay(skeleton: &mut Skeleton<'_>) {
    let line = skeleton.bypass.clone();
    if line.len() < 2 {
        return;
    }
    let total = line_length(&line);
    let junctions: Vec<Junction> =
        crossings(skeleton, &line).into_iter().filter(|j| j.at_m > 420.0 && j.at_m < total - 420.0).collect();
    let (Some(first), Some(last)) = (junctions.first(), junctions.last()) else { return };
    let from = (first.at_m - 480.0).max(120.0);
    let to = (last.at_m + 480.0).min(total - 120.0);
    let carriageways = carriageways(skeleton, &line, from, to);
    for junction in &junctions {
        for (k, carriageway) in carriageways.iter().enumerate() {
            ramps(skeleton, junction, carriageway, if k == 0 { -1.0 } else { 1.0 });
        }
    }
}

/// Where radials cross the bypass, at least 600 m apart.
fn crossings(skeleton: &Skeleton<'_>, line: &[P]) -> Vec<Junction> {
    let mut found: Vec<Junction> = Vec::new();
    for (radial, (_, other)) in skeleton.radials.iter().enumerate() {
        let mut before = 0.0;
        for w in line.windows(2) {
            let l = distance(w[0], w[1]);
            if let Some((t, _)) = other.windows(2).find_map(|o| crossing(w[0], w[1], o[0], o[1])) {
                found.push(Junction { at_m: before + t * l, radial });
            }
            before += l;
        }
    }
    found.sort_by(|a, b| a.at_m.total_cmp(&b.at_m));
    found.dedup_by(|b, a| b.at_m - a.at_m < 600.0);
    found
}

/// The two-way ends and the two one-way lines between them; returns the latter, right one first.
fn carriageways(skeleton: &mut Skeleton<'_>, line: &[P], from: f64, to: f64) -> [Vec<P>; 2] {
    let total = line_length(line);
    let mut single = Kind::new(Class::Trunk, 12.0, 2, 100);
    single.name = "Nordumgehung".into();
    lay_over(skeleton, single.clone(), &piece(line, 0.0, from));
    lay_over(skeleton, single.clone(), &piece(line, to, total));
    let middle = piece(line, from, to);
    let mut double = single;
    double.oneway = true;
    [-CARRIAGEWAY_M, CARRIAGEWAY_M].map(|side| {
        let mut lane = offset(&middle, side);
        let n = lane.len();
        lane[0] = middle[0];
        lane[n - 1] = middle[n - 1];
        if side > 0.0 {
            lane.reverse();
        }
        lay_over(skeleton, double.clone(), &lane);
        lane
    })
}

fn lay_over(skeleton: &mut Skeleton<'_>, kind: Kind, line: &[P]) {
    let obstacles = [
        (Obstacle::Area(&skeleton.water.river.exterior().0), 8.0, Span::Bridge),
        (Obstacle::Line(&skeleton.water.brook, 5.0), 5.0, Span::Bridge),
        (Obstacle::Line(&skeleton.rail.middle, 8.0), 8.0, Span::Bridge),
    ];
    let (points, spans) = spans_along(line, &obstacles);
    skeleton.streets.lay(kind, &points, &spans);
}

fn piece(line: &[P], from: f64, to: f64) -> Vec<P> {
    let mut out = vec![along(line, from).0];
    let mut at = 0.0;
    for w in line.windows(2) {
        at += distance(w[0], w[1]);
        if at > from + 6.0 && at < to - 6.0 {
            out.push(w[1]);
        }
    }
    out.push(along(line, to).0);
    out
}

/// The way off and the way on of one carriageway at one junction. `side` is where the carriageway lies,
/// +1 for left of the middle line.
fn ramps(skeleton: &mut Skeleton<'_>, junction: &Junction, carriageway: &[P], side: f64) {
    let line = skeleton.bypass.clone();
    let (centre, ahead) = along(&line, junction.at_m);
    let drive = if side > 0.0 { ahead * -1.0 } else { ahead };
    let away = left(ahead) * side;
    let Some(end) = on_radial(&skeleton.radials[junction.radial].1, centre, away) else { return };
    let at = |along_m: f64, out_m: f64| {
        let (q, d) = along(&line, junction.at_m + along_m * if side > 0.0 { -1.0 } else { 1.0 });
        q + left(d) * (side * out_m)
    };
    let shift = dot(end - centre, drive);
    let off = [on_line(carriageway, at(-235.0, CARRIAGEWAY_M)), at(-150.0, 13.0), at(shift - 55.0, 40.0), end];
    let on = [end, at(shift + 55.0, 40.0), at(150.0, 13.0), on_line(carriageway, at(235.0, CARRIAGEWAY_M))];
    for points in [off, on] {
        let mut kind = Kind::new(Class::TrunkLink, 6.0, 1, 60);
        kind.oneway = true;
        let line = smooth(&points, false, 30.0);
        let spans = vec![Span::Ground; line.len() - 1];
        skeleton.streets.lay(kind, &line, &spans);
    }
}

/// The place of a radial 52 m beside the bypass, on the side `away`.
fn on_radial(radial: &[P], centre: P, away: P) -> Option<P> {
    let beside = |q: P| dot(q - centre, away) - 52.0;
    radial.windows(2).find_map(|w| {
        let (a, b) = (beside(w[0]), beside(w[1]));
        let t = a / (a - b);
        let q = lerp(w[0], w[1], t);
        ((a <= 0.0) != (b <= 0.0) && cross(away, q - centre).abs() < 120.0).then_some(q)
    })
}

fn on_line(line: &[P], q: P) -> P {
    line.windows(2)
        .map(|w| {
            let (t, d) = nearest_on(w[0], w[1], q);
            (d, w[0] + unit(w[1] - w[0]) * (t * distance(w[0], w[1])))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(q, |x| x.1)
}
