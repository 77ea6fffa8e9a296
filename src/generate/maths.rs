//! Plane geometry in metres for the generator.
//!
//! Only `+ − × ÷ √` and rounding are used, which IEEE 754 fixes bit by bit: the same seed gives the same
//! city on every platform. No trigonometry of the system's maths library. Must not know what a city is.

use geo::{Area, Coord, LineString, Polygon};

/// A point or vector, metre.
pub type P = Coord<f64>;

pub fn p(x: f64, y: f64) -> P {
    P { x, y }
}

pub fn dot(a: P, b: P) -> f64 {
    a.x * b.x + a.y * b.y
}

pub fn cross(a: P, b: P) -> f64 {
    a.x * b.y - a.y * b.x
}

pub fn length(a: P) -> f64 {
    dot(a, a).sqrt()
}

pub fn distance(a: P, b: P) -> f64 {
    length(b - a)
}

/// The vector at length 1; the zero vector stays.
pub fn unit(a: P) -> P {
    let l = length(a);
    if l > 0.0 { a / l } else { a }
}

/// Turned left by 90°.
pub fn left(a: P) -> P {
    p(-a.y, a.x)
}

pub fn lerp(a: P, b: P, t: f64) -> P {
    a + (b - a) * t
}

/// To the centimetre, so that what is computed twice is found equal.
pub fn quantise(a: P) -> P {
    p((a.x * 100.0).round() / 100.0, (a.y * 100.0).round() / 100.0)
}

/// Sine and cosine by their Taylor series on ±45°; error below 1e-12.
pub fn sin_cos(angle_rad: f64) -> (f64, f64) {
    let quarter = std::f64::consts::FRAC_PI_2;
    let turns = (angle_rad / quarter).round();
    let x = angle_rad - turns * quarter;
    let (mut sin, mut cos, mut term) = (0.0, 0.0, 1.0);
    for k in 0..8 {
        let n = f64::from(2 * k);
        cos += term;
        term *= x / (n + 1.0);
        sin += term;
        term *= -x / (n + 2.0);
    }
    match turns.rem_euclid(4.0) as u8 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// The unit vector at this angle, counter-clockwise from east.
pub fn heading(angle_deg: f64) -> P {
    let (sin, cos) = sin_cos(angle_deg.to_radians());
    p(cos, sin)
}

pub fn rotate(a: P, angle_deg: f64) -> P {
    let h = heading(angle_deg);
    p(a.x * h.x - a.y * h.y, a.x * h.y + a.y * h.x)
}

/// A number that grows with the direction of `v` counter-clockwise from east, 0…4.
pub fn turn_order(v: P) -> f64 {
    let s = v.x.abs() + v.y.abs();
    let t = v.x / s;
    if v.y >= 0.0 { 1.0 - t } else { 3.0 + t }
}

/// Where `a–b` and `c–d` cross: the shares along both, each 0…1.
pub fn crossing(a: P, b: P, c: P, d: P) -> Option<(f64, f64)> {
    let (r, s) = (b - a, d - c);
    let denominator = cross(r, s);
    if denominator.abs() < 1e-9 {
        return None;
    }
    let t = cross(c - a, s) / denominator;
    let u = cross(c - a, r) / denominator;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some((t, u))
}

/// The nearest point of `a–b`: its share along and its distance.
pub fn nearest_on(a: P, b: P, q: P) -> (f64, f64) {
    let d = b - a;
    let l2 = dot(d, d);
    let t = if l2 > 0.0 { (dot(q - a, d) / l2).clamp(0.0, 1.0) } else { 0.0 };
    (t, distance(q, a + d * t))
}

pub fn line_length(line: &[P]) -> f64 {
    line.windows(2).map(|w| distance(w[0], w[1])).sum()
}

/// The point at a length along a line, and the direction there.
pub fn along(line: &[P], at_m: f64) -> (P, P) {
    let mut rest = at_m.max(0.0);
    for w in line.windows(2) {
        let l = distance(w[0], w[1]);
        if rest <= l && l > 0.0 {
            return (lerp(w[0], w[1], rest / l), unit(w[1] - w[0]));
        }
        rest -= l;
    }
    let n = line.len();
    (line[n - 1], unit(line[n - 1] - line[n.max(2) - 2]))
}

/// A smooth curve through the points (Catmull–Rom), sampled about every `step_m`.
pub fn smooth(points: &[P], closed: bool, step_m: f64) -> Vec<P> {
    let n = points.len();
    let at = |i: isize| {
        if closed { points[i.rem_euclid(n as isize) as usize] } else { points[i.clamp(0, n as isize - 1) as usize] }
    };
    let spans = if closed { n } else { n - 1 };
    let mut out = Vec::new();
    for i in 0..spans as isize {
        let (a, b, c, d) = (at(i - 1), at(i), at(i + 1), at(i + 2));
        let pieces = (distance(b, c) / step_m).ceil().max(1.0);
        for k in 0..pieces as usize {
            let t = k as f64 / pieces;
            let (t2, t3) = (t * t, t * t * t);
            out.push(quantise(
                (b * 2.0 + (c - a) * t + (a * 2.0 - b * 5.0 + c * 4.0 - d) * t2 + (b * 3.0 - a - c * 3.0 + d) * t3)
                    * 0.5,
            ));
        }
    }
    out.push(quantise(at(spans as isize)));
    out
}

/// The line moved to its left by `by_m` (to the right where negative), corners mitred.
pub fn offset(line: &[P], by_m: f64) -> Vec<P> {
    let n = line.len();
    (0..n)
        .map(|i| {
            let before = if i > 0 { unit(line[i] - line[i - 1]) } else { unit(line[1] - line[0]) };
            let after = if i + 1 < n { unit(line[i + 1] - line[i]) } else { before };
            let side = unit(left(before) + left(after));
            let mitre = 1.0 / dot(side, left(before)).max(0.5);
            quantise(line[i] + side * (by_m * mitre))
        })
        .collect()
}

/// A polygon from an open ring, counter-clockwise.
pub fn polygon(ring: &[P]) -> Polygon<f64> {
    let mut ring: Vec<P> = ring.to_vec();
    if signed_area(&ring) < 0.0 {
        ring.reverse();
    }
    Polygon::new(LineString(ring), Vec::new())
}

/// Positive for counter-clockwise rings, open or closed (shoelace formula).
pub fn signed_area(ring: &[P]) -> f64 {
    let Some(&o) = ring.first() else { return 0.0 };
    ring.windows(2).map(|w| cross(w[0] - o, w[1] - o)).sum::<f64>() * 0.5
}

/// The exterior without its closing point, counter-clockwise.
pub fn open_ring(area: &Polygon<f64>) -> Vec<P> {
    let mut ring = area.exterior().0.clone();
    ring.pop();
    if signed_area(&ring) < 0.0 {
        ring.reverse();
    }
    ring
}

pub fn centre_of(ring: &[P]) -> P {
    let n = ring.len();
    let (mut sum, mut total) = (p(0.0, 0.0), 0.0);
    for i in 0..n {
        let (a, b) = (ring[i] - ring[0], ring[(i + 1) % n] - ring[0]);
        let c = cross(a, b);
        sum = sum + (a + b) * c;
        total += c;
    }
    if total.abs() > 1e-9 { ring[0] + sum / (3.0 * total) } else { ring[0] }
}

pub fn area_of(area: &Polygon<f64>) -> f64 {
    area.unsigned_area()
}

/// Whether the point lies in the polygon (its holes left out).
pub fn holds(area: &Polygon<f64>, q: P) -> bool {
    ring_holds(&area.exterior().0, q) && !area.interiors().iter().any(|hole| ring_holds(&hole.0, q))
}

/// Even–odd test against a closed ring.
pub fn ring_holds(ring: &[P], q: P) -> bool {
    let mut inside = false;
    for w in ring.windows(2) {
        let (a, b) = (w[0], w[1]);
        if (a.y > q.y) != (b.y > q.y) && q.x < (b.x - a.x) * (q.y - a.y) / (b.y - a.y) + a.x {
            inside = !inside;
        }
    }
    inside
}

/// Whether `inner` lies wholly in `outer`: a vertex inside and no edges crossing.
pub fn contains(outer: &Polygon<f64>, inner: &[P]) -> bool {
    let n = inner.len();
    inner.iter().all(|&q| holds(outer, q))
        && (0..n).all(|i| {
            let (a, b) = (inner[i], inner[(i + 1) % n]);
            outer.exterior().0.windows(2).all(|w| crossing(a, b, w[0], w[1]).is_none())
                && outer.interiors().iter().all(|h| h.0.windows(2).all(|w| crossing(a, b, w[0], w[1]).is_none()))
        })
}

/// A rectangle about a centre, its long side along `axis`.
pub fn rectangle(centre: P, axis: P, length_m: f64, depth_m: f64) -> Vec<P> {
    let (u, v) = (axis * (length_m * 0.5), left(axis) * (depth_m * 0.5));
    vec![centre - u - v, centre + u - v, centre + u + v, centre - u + v]
}

/// A regular ring of `n` points, counter-clockwise.
pub fn disc(centre: P, radius_m: f64, n: usize) -> Vec<P> {
    (0..n).map(|i| quantise(centre + heading(360.0 * (i as f64 + 0.5) / n as f64) * radius_m)).collect()
}

/// The area within `half_m` of a line, as counter-clockwise pieces that overlap; bends are mitred.
pub fn strip(line: &[P], half_m: f64) -> Vec<Polygon<f64>> {
    // Where two pieces meet at a bend, each reaches on by half × tan(bend ÷ 2) to close the outer corner.
    let reach = |i: usize| {
        if i == 0 || i + 1 >= line.len() {
            return 0.0;
        }
        let (a, b) = (unit(line[i] - line[i - 1]), unit(line[i + 1] - line[i]));
        half_m * (cross(a, b).abs() / (1.0 + dot(a, b)).max(0.1)).min(1.0) + 0.05
    };
    let piece = |i: usize| {
        let (a, b) = (line[i], line[i + 1]);
        let along = unit(b - a);
        let (a, b) = (a - along * reach(i), b + along * reach(i + 1));
        polygon(&rectangle(lerp(a, b, 0.5), along, distance(a, b), 2.0 * half_m))
    };
    (0..line.len().saturating_sub(1)).filter(|&i| distance(line[i], line[i + 1]) > 0.0).map(piece).collect()
}

/// The smallest rectangle about a ring.
pub struct Frame {
    pub centre: P,
    /// Unit vector of the long side.
    pub axis: P,
    pub long_m: f64,
    pub short_m: f64,
}

/// The smallest rectangle that stands along one of the ring's longer edges.
pub fn frame(ring: &[P]) -> Frame {
    let n = ring.len();
    let mut best: Option<(f64, Frame)> = None;
    for i in 0..n {
        let edge = ring[(i + 1) % n] - ring[i];
        if length(edge) < 4.0 && best.is_some() {
            continue;
        }
        let axis = unit(edge);
        if axis == p(0.0, 0.0) {
            continue;
        }
        let side = left(axis);
        let (mut low, mut high) = (p(f64::MAX, f64::MAX), p(f64::MIN, f64::MIN));
        for &q in ring {
            let (s, t) = (dot(q, axis), dot(q, side));
            low = p(low.x.min(s), low.y.min(t));
            high = p(high.x.max(s), high.y.max(t));
        }
        let size = high - low;
        if best.as_ref().is_none_or(|(area, _)| size.x * size.y < *area - 1e-6) {
            let middle = (low + high) * 0.5;
            let centre = axis * middle.x + side * middle.y;
            let wide = size.x >= size.y;
            let axis = if wide { axis } else { side };
            best = Some((
                size.x * size.y,
                Frame { centre, axis, long_m: size.x.max(size.y), short_m: size.x.min(size.y) },
            ));
        }
    }
    best.map_or(Frame { centre: ring[0], axis: p(1.0, 0.0), long_m: 0.0, short_m: 0.0 }, |(_, f)| f)
}

/// The ring without points closer than `gap_m` to the one before or nearly in line (within `tolerance_m`).
pub fn tidy(ring: &[P], gap_m: f64, tolerance_m: f64) -> Vec<P> {
    let mut out: Vec<P> = Vec::with_capacity(ring.len());
    for &q in ring {
        if out.last().is_none_or(|&l| distance(l, q) > gap_m) {
            out.push(q);
        }
    }
    while out.len() > 3 && distance(out[0], out[out.len() - 1]) <= gap_m {
        out.pop();
    }
    let mut i = 0;
    let mut misses = 0;
    while out.len() > 3 && misses < out.len() {
        let n = out.len();
        let (a, b, c) = (out[(i + n - 1) % n], out[i % n], out[(i + 1) % n]);
        if nearest_on(a, c, b).1 < tolerance_m {
            out.remove(i % n);
            misses = 0;
        } else {
            misses += 1;
            i += 1;
        }
        i %= out.len();
    }
    out
}

/// The ring moved inwards by `by_m`, point for point; `None` where an edge would turn over.
pub fn inset(ring: &[P], by_m: f64) -> Option<Vec<P>> {
    let n = ring.len();
    let mut out = Vec::with_capacity(n);
    for i in 0..n {
        let before = unit(ring[i] - ring[(i + n - 1) % n]);
        let after = unit(ring[(i + 1) % n] - ring[i]);
        let side = unit(left(before) + left(after));
        let share = dot(side, left(before));
        if share < 0.35 {
            return None;
        }
        out.push(ring[i] + side * (by_m / share));
    }
    let sound = (0..n).all(|i| {
        let j = (i + 1) % n;
        dot(out[j] - out[i], ring[j] - ring[i]) > 0.0 && distance(out[i], out[j]) > 1.0
    });
    let simple = (0..n).all(|i| {
        (i + 2..n)
            .filter(|&j| !(i == 0 && j == n - 1))
            .all(|j| crossing(out[i], out[(i + 1) % n], out[j], out[(j + 1) % n]).is_none())
    });
    (sound && simple && signed_area(&out) > 0.0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_agree_with_the_standard_library() {
        for k in -720..720 {
            let x = f64::from(k) * 0.0173;
            let (s, c) = sin_cos(x);
            assert!((s - x.sin()).abs() < 1e-12 && (c - x.cos()).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn a_square_is_inset_framed_and_held() {
        let square = [p(0.0, 0.0), p(20.0, 0.0), p(20.0, 10.0), p(0.0, 10.0)];
        let inner = inset(&square, 2.0).unwrap();
        assert!((inner[2].x - 18.0).abs() < 1e-9 && (inner[2].y - 8.0).abs() < 1e-9);
        assert!(inset(&square, 6.0).is_none());
        let f = frame(&square);
        assert!((f.long_m - 20.0).abs() < 1e-9 && (f.short_m - 10.0).abs() < 1e-9);
        let area = polygon(&square);
        assert!(contains(&area, &inner) && !contains(&area, &rectangle(p(0.0, 5.0), p(1.0, 0.0), 4.0, 4.0)));
    }
}
