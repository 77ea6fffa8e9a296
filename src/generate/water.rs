//! River, island, harbour basins and a brook. Must not know streets.

use geo::{BooleanOps, LineString, MultiPolygon, Polygon};

use crate::{
    layout::Layout,
    maths::{P, centre_of, polygon, quantise, rectangle, smooth, strip, unit},
};

/// All water of the town.
pub struct Water {
    /// From bank to bank, its ends beyond the map.
    pub river: Polygon<f64>,
    /// The river's middle line, downstream.
    pub middle: Vec<P>,
    pub north_bank: Vec<P>,
    pub south_bank: Vec<P>,
    pub island: Option<Polygon<f64>>,
    pub basins: Vec<Polygon<f64>>,
    /// The tongue between the basins and around them belongs to the port: its quay walls.
    pub brook: Vec<P>,
}

impl Water {
    pub fn new(layout: &Layout) -> Self {
        let reach = layout.half_m * 1.45;
        let step = (layout.radius_m * 0.02).clamp(12.0, 40.0);
        let count = (2.0 * reach / step) as usize;
        let us: Vec<f64> = (0..=count).map(|i| -reach + 2.0 * reach * i as f64 / count as f64).collect();
        let line = |side: f64| -> Vec<P> {
            us.iter().map(|&u| quantise(layout.at(u, layout.river_line(u) + side * layout.river_half(u)))).collect()
        };
        let (middle, north_bank, south_bank) = (line(0.0), line(1.0), line(-1.0));
        let mut ring = south_bank.clone();
        ring.extend(north_bank.iter().rev());
        let river = polygon(&ring);
        let basins = basins(layout, &river);
        Self { river, middle, north_bank, south_bank, island: island(layout), basins, brook: brook(layout) }
    }

    /// Land that streets and houses keep off: water and its banks, `margin_m` wide.
    pub fn with_banks(&self, layout: &Layout, margin_m: f64) -> Vec<Polygon<f64>> {
        let mut all = vec![self.river.clone()];
        all.extend(strip(&self.north_bank, margin_m));
        all.extend(strip(&self.south_bank, margin_m));
        for basin in &self.basins {
            all.push(polygon(&crate::maths::open_ring(basin)));
            all.extend(strip(&basin.exterior().0, margin_m));
        }
        if layout.radius_m > 900.0 {
            all.extend(strip(&self.brook, 9.0 + margin_m * 0.3));
        }
        all
    }

    /// The river without its island, as it is drawn.
    pub fn open_water(&self, square: &Polygon<f64>) -> MultiPolygon<f64> {
        let river = self.river.intersection(square);
        match &self.island {
            Some(island) => river.difference(island),
            None => river,
        }
    }
}

/// A lens in the wide reach upstream of the old town.
fn island(layout: &Layout) -> Option<Polygon<f64>> {
    if layout.radius_m < 900.0 {
        return None;
    }
    let (from, to) = (-0.545 * layout.radius_m, -0.295 * layout.radius_m);
    let side = |sign: f64| -> Vec<P> {
        (1..20)
            .map(|i| {
                let u = from + (to - from) * f64::from(i) / 20.0;
                quantise(layout.at(u, layout.river_line(u) + sign * (layout.island_bulge(u) * 0.82 - 6.0)))
            })
            .collect()
    };
    let mut ring = side(-1.0);
    ring.extend(side(1.0).into_iter().rev());
    Some(polygon(&ring))
}

/// Basins cut into the southern bank downstream, slanting with the stream.
fn basins(layout: &Layout, river: &Polygon<f64>) -> Vec<Polygon<f64>> {
    if layout.radius_m < 1_000.0 {
        return Vec::new();
    }
    let r = layout.radius_m;
    let wide = (0.028 * r).clamp(42.0, 80.0);
    let mut basins = Vec::new();
    for u in [0.70 * r, 0.86 * r] {
        let bank = layout.river_line(u) - layout.river_half(u);
        let room = bank - layout.rail_v - 130.0;
        let long = (0.17 * r).min(room);
        if long < 1.6 * wide {
            continue;
        }
        let mouth = layout.at(u, bank + 14.0);
        let axis = unit(layout.at(0.34, -1.0));
        let shape = polygon(&rectangle(mouth + axis * (0.5 * long), axis, long, wide));
        basins.extend(
            shape
                .difference(river)
                .0
                .into_iter()
                .max_by(|a, b| crate::maths::area_of(a).total_cmp(&crate::maths::area_of(b))),
        );
    }
    basins.into_iter().map(round_coordinates).collect()
}

/// A stream from the northern fields into the river.
fn brook(layout: &Layout) -> Vec<P> {
    let points: Vec<P> = [(-0.98, 1.75), (-0.92, 1.25), (-0.74, 0.86), (-0.80, 0.50), (-0.66, 0.24), (-0.70, 0.0)]
        .iter()
        .map(|&(u, v)| layout.share(u, v))
        .collect();
    let mouth_u = -0.69 * layout.radius_m;
    let mut points = points;
    points.push(layout.at(mouth_u, layout.river_line(mouth_u) + layout.river_half(mouth_u) - 2.0));
    points.retain(|&q| {
        let uv = layout.uv(q);
        uv.y >= layout.river_line(uv.x) + layout.river_half(uv.x) - 3.0
    });
    smooth(&points, false, 24.0)
}

/// The polygon with all its points on the centimetre.
pub fn round_coordinates(area: Polygon<f64>) -> Polygon<f64> {
    let round = |ring: &LineString<f64>| LineString(ring.0.iter().map(|&q| quantise(q)).collect());
    Polygon::new(round(area.exterior()), area.interiors().iter().map(round).collect())
}

/// Where the middle of an area lies.
pub fn middle_of(area: &Polygon<f64>) -> P {
    centre_of(&crate::maths::open_ring(area))
}
