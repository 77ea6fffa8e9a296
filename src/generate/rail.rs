//! The railway: main line with a bridge, station tracks and platforms, port sidings. Must not know streets.

use geo::Polygon;

use crate::{
    layout::Layout,
    maths::{P, lerp, line_length, offset, polygon, smooth, strip},
    spans::within_square,
};

/// Distance between the middles of two tracks on open line, metre (EBO § 10: 4.00 m for new lines).
const TRACK_GAP_M: f64 = 4.0;

/// All tracks.
pub struct Rail {
    /// Middle of the main line.
    pub middle: Vec<P>,
    pub main_tracks: Vec<Vec<P>>,
    pub station_tracks: Vec<Vec<P>>,
    pub sidings: Vec<Vec<P>>,
    pub platforms: Vec<Polygon<f64>>,
    /// Middle of the station.
    pub station: P,
}

impl Rail {
    pub fn new(layout: &Layout) -> Self {
        let middle = within_square(&smooth(&main_line(layout), false, 45.0), layout.half_m);
        let main_tracks = [0.5, -0.5].iter().map(|side| offset(&middle, side * TRACK_GAP_M)).collect();
        let half = station_half(layout);
        let straight = |side: f64, share: f64| {
            [layout.at(-half * share, layout.rail_v + side), layout.at(half * share, layout.rail_v + side)]
        };
        let station_tracks = [11.0, -11.0].iter().map(|&side| loop_track(layout, half, side)).collect();
        let platforms = [6.5, -6.5, 15.8]
            .iter()
            .map(|&side| {
                let [a, b] = straight(side, 0.62);
                polygon(&crate::maths::rectangle(lerp(a, b, 0.5), crate::maths::unit(b - a), line_length(&[a, b]), 4.0))
            })
            .collect();
        let station = layout.at(0.0, layout.rail_v);
        Self { middle, main_tracks, station_tracks, sidings: sidings(layout), platforms, station }
    }

    /// Land that the railway needs.
    pub fn corridor(&self) -> Vec<Polygon<f64>> {
        let mut all = strip(&self.middle, 9.0);
        for track in &self.station_tracks {
            all.extend(strip(track, 9.0));
        }
        for siding in &self.sidings {
            all.extend(strip(siding, 5.5));
        }
        all
    }

    pub fn all_tracks(&self) -> impl Iterator<Item = &Vec<P>> {
        self.main_tracks.iter().chain(&self.station_tracks).chain(&self.sidings)
    }
}

fn station_half(layout: &Layout) -> f64 {
    (0.11 * layout.radius_m).clamp(70.0, 230.0)
}

fn main_line(layout: &Layout) -> Vec<P> {
    let r = layout.radius_m;
    let by_river = |x: f64, across: f64| layout.at(x * r, layout.river_line(x * r) + across * r);
    let half = station_half(layout) * 1.5;
    vec![
        layout.share(-2.3, 0.62),
        by_river(-1.55, 0.50),
        by_river(-1.13, 0.20),
        by_river(-0.86, -0.16),
        layout.at(-0.55 * r, 0.5 * (layout.rail_v + layout.river_line(-0.55 * r) - 0.2 * r).min(layout.rail_v * 1.6)),
        layout.at(-half, layout.rail_v),
        layout.at(0.0, layout.rail_v),
        layout.at(half, layout.rail_v),
        layout.at(0.62 * r, layout.rail_v - 0.015 * r),
        layout.at(0.98 * r, layout.rail_v - 0.06 * r),
        layout.at(1.45 * r, layout.rail_v - 0.16 * r),
        layout.at(2.3 * r, layout.rail_v - 0.10 * r),
    ]
}

/// A track that leaves the main line before the station and joins it after.
fn loop_track(layout: &Layout, half: f64, side: f64) -> Vec<P> {
    let v = layout.rail_v;
    let s = 2.0 * side.signum();
    [(-1.42, s), (-1.05, side), (0.0, side), (1.05, side), (1.42, s)]
        .iter()
        .map(|&(x, dv)| layout.at(x * half, v + dv))
        .collect()
}

/// Port tracks between the main line and the basins.
fn sidings(layout: &Layout) -> Vec<Vec<P>> {
    if layout.radius_m < 1_000.0 {
        return Vec::new();
    }
    let (r, v) = (layout.radius_m, layout.rail_v);
    [(0.0, 0.99), (6.0, 0.93), (12.0, 0.88)]
        .iter()
        .map(|&(gap, end)| {
            let points = [
                (0.34 * r, v + 2.0),
                (0.42 * r + gap * 5.0, v + 8.0 + gap * 0.4),
                (0.52 * r + gap * 5.0, v + 26.0 + gap),
                (0.70 * r, v + 27.0 + gap),
                (end * r, v + 28.0 + gap),
            ];
            smooth(&points.map(|(u, v)| layout.at(u, v)), false, 30.0)
        })
        .collect()
}
