//! Where a line runs over or under something, and where it leaves the map. Must not know the network.

use crate::{
    kinds::Span,
    maths::{P, crossing, distance, lerp, p, quantise},
};

/// Something that a street passes over or under.
pub enum Obstacle<'a> {
    /// A closed ring, passed from bank to bank.
    Area(&'a [P]),
    /// A line, passed with this much on either side, metre.
    Line(&'a [P], f64),
}

/// Where a line lies over or under obstacles: the line with points added at the ends of each such stretch,
/// and the kind of every piece.
pub fn spans_along(line: &[P], obstacles: &[(Obstacle<'_>, f64, Span)]) -> (Vec<P>, Vec<Span>) {
    let mut stretches: Vec<(f64, f64, Span)> = Vec::new();
    for (obstacle, margin_m, span) in obstacles {
        let (other, half_m) = match obstacle {
            Obstacle::Area(ring) => (*ring, None),
            Obstacle::Line(line, half_m) => (*line, Some(*half_m)),
        };
        let mut marks = marks_along(line, other);
        if let Some(half_m) = half_m {
            stretches.extend(marks.iter().map(|m| (m - half_m - margin_m, m + half_m + margin_m, *span)));
            continue;
        }
        if crate::maths::ring_holds(other, line[0]) {
            marks.insert(0, 0.0);
        }
        stretches.extend(marks.chunks(2).filter(|c| c.len() == 2).map(|c| (c[0] - margin_m, c[1] + margin_m, *span)));
    }
    stretches.sort_by(|x, y| x.0.total_cmp(&y.0));
    let mut merged: Vec<(f64, f64, Span)> = Vec::new();
    for s in stretches {
        match merged.last_mut() {
            Some(last) if s.0 <= last.1 + 8.0 => last.1 = last.1.max(s.1),
            _ => merged.push(s),
        }
    }
    cut(line, &merged)
}

fn marks_along(line: &[P], other: &[P]) -> Vec<f64> {
    let (mut marks, mut before) = (Vec::new(), 0.0);
    for w in line.windows(2) {
        let l = distance(w[0], w[1]);
        for o in other.windows(2) {
            if let Some((t, _)) = crossing(w[0], w[1], o[0], o[1]) {
                marks.push(before + t * l);
            }
        }
        before += l;
    }
    marks.sort_by(f64::total_cmp);
    marks.dedup_by(|a, b| (*a - *b).abs() < 0.05);
    marks
}

fn cut(line: &[P], stretches: &[(f64, f64, Span)]) -> (Vec<P>, Vec<Span>) {
    let (mut points, mut spans, mut before) = (vec![line[0]], Vec::new(), 0.0);
    let span_at = |s: f64| stretches.iter().find(|x| x.0 < s && s < x.1).map_or(Span::Ground, |x| x.2);
    for w in line.windows(2) {
        let l = distance(w[0], w[1]);
        let mut stops: Vec<f64> =
            stretches.iter().flat_map(|s| [s.0, s.1]).filter(|s| *s > before + 0.5 && *s < before + l - 0.5).collect();
        stops.push(before + l);
        let mut from = before;
        for stop in stops {
            points.push(quantise(lerp(w[0], w[1], (stop - before) / l)));
            spans.push(span_at(0.5 * (from + stop)));
            from = stop;
        }
        before += l;
    }
    (points, spans)
}

/// A line cut off where it leaves the square of half side `half_m` about the origin.
pub fn within_square(line: &[P], half_m: f64) -> Vec<P> {
    let inside = |q: P| q.x.abs() <= half_m && q.y.abs() <= half_m;
    let corners = [p(-half_m, -half_m), p(half_m, -half_m), p(half_m, half_m), p(-half_m, half_m), p(-half_m, -half_m)];
    let mut out: Vec<P> = Vec::new();
    for w in line.windows(2) {
        if inside(w[0]) {
            out.push(w[0]);
        }
        let mut cuts: Vec<f64> =
            corners.windows(2).filter_map(|c| crossing(w[0], w[1], c[0], c[1]).map(|x| x.0)).collect();
        cuts.sort_by(f64::total_cmp);
        out.extend(cuts.iter().map(|&t| quantise(lerp(w[0], w[1], t))));
        if inside(w[0]) && !inside(w[1]) {
            out.dedup_by(|a, b| distance(*a, *b) < 0.1);
            return out;
        }
    }
    out.extend(line.last().filter(|q| inside(**q)));
    out.dedup_by(|a, b| distance(*a, *b) < 0.1);
    out
}
