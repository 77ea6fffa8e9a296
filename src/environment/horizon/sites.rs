//! Where a building's roof and facades stand under the sky.

use citytwin_model::{Coord, Volume};

use super::obstacles::solid_top_m;

/// The wall's own plane is left so far behind, m, that only what stands before it counts.
const BEFORE_WALL_M: f64 = 0.2;
/// A roof is looked at from so far above it, m.
const ABOVE_ROOF_M: f64 = 0.1;
/// Facades are told apart by eighths of the compass.
const SECTORS: usize = 8;

/// All walls of a volume that face one eighth of the compass.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Facade {
    /// Before the middle of the longest of them, at half its height: metres east, north, above the ground.
    pub at: [f64; 3],
    /// Mean direction, degree clockwise from north.
    pub azimuth_deg: f64,
    /// Ground to roof, m².
    pub area_m2: f64,
}

/// The point from which a roof is looked at: above the middle of the footprint's box.
pub fn roof_site(volume: &Volume) -> [f64; 3] {
    let corners = || volume.footprint.iter().flat_map(|polygon| &polygon.exterior().0);
    let middle = |of: fn(&Coord<f64>) -> f64| {
        let (low, high) = corners().map(of).fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(x), b.max(x)));
        0.5 * (low + high)
    };
    [middle(|c| c.x), middle(|c| c.y), solid_top_m(volume) + ABOVE_ROOF_M]
}

/// Up to eight facades, courtyards included, from the north clockwise. Walls shared with a neighbour count as any other:
/// who knows neighbours takes them out.
pub fn facades(volume: &Volume) -> Vec<Facade> {
    let (low, top) = (f64::from(volume.min_height_m.value), solid_top_m(volume));
    let mut sectors = [Sector::default(); SECTORS];
    for polygon in &volume.footprint {
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            for ends in ring.0.windows(2) {
                let (dx, dy) = (ends[1].x - ends[0].x, ends[1].y - ends[0].y);
                // Rings run counter-clockwise about what is solid: outside lies to the right.
                let bearing = dy.atan2(-dx).rem_euclid(std::f64::consts::TAU);
                let sector = (bearing / std::f64::consts::TAU * SECTORS as f64).round() as usize % SECTORS;
                sectors[sector].add(ends[0], dx, dy);
            }
        }
    }
    let made = sectors.iter().filter(|sector| sector.longest_m > 0.0).map(|sector| Facade {
        at: [sector.before.x, sector.before.y, 0.5 * (low + top)],
        azimuth_deg: sector.normal.x.atan2(sector.normal.y).to_degrees().rem_euclid(360.0),
        area_m2: sector.length_m * (top - low).max(0.0),
    });
    made.collect()
}

#[derive(Clone, Copy, Default)]
struct Sector {
    /// Sum of normals, each as long as its wall.
    normal: Coord<f64>,
    length_m: f64,
    longest_m: f64,
    /// Before the middle of the longest wall.
    before: Coord<f64>,
}

impl Sector {
    fn add(&mut self, from: Coord<f64>, dx: f64, dy: f64) {
        let length = dx.hypot(dy);
        self.normal = Coord { x: self.normal.x + dy, y: self.normal.y - dx };
        self.length_m += length;
        if length > self.longest_m {
            self.longest_m = length;
            let (out_x, out_y) = (BEFORE_WALL_M * dy / length, -BEFORE_WALL_M * dx / length);
            self.before = Coord { x: from.x + 0.5 * dx + out_x, y: from.y + 0.5 * dy + out_y };
        }
    }
}

#[cfg(test)]
mod tests {
    use citytwin_model::{MultiPolygon, Polygon, RoofShape};

    use super::*;

    /// A yard of 10 m in a block of 30 m × 20 m, 12 m high with 4 m of it roof: 10 m count.
    #[test]
    fn a_block_with_a_yard_has_four_facades() {
        let ring = |x0: f64, y0: f64, x1: f64, y1: f64| vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)];
        let mut yard = ring(5.0, 5.0, 15.0, 15.0);
        yard.reverse();
        let footprint = MultiPolygon(vec![Polygon::new(ring(0.0, 0.0, 30.0, 20.0).into(), vec![yard.into()])]);
        let volume = Volume::stated(footprint, 12.0, 3.0, (RoofShape::Gabled, 4.0));
        let found = facades(&volume);
        let [north, east, south, west] = found[..] else { panic!("{found:?}") };
        assert_eq!(
            [north.azimuth_deg, east.azimuth_deg, south.azimuth_deg, west.azimuth_deg],
            [0.0, 90.0, 180.0, 270.0]
        );
        assert_eq!([north.area_m2, east.area_m2, south.area_m2, west.area_m2], [400.0, 300.0, 400.0, 300.0]);
        assert_eq!((north.at, east.at), ([15.0, 20.2, 5.0], [30.2, 10.0, 5.0]));
        assert_eq!(roof_site(&volume), [15.0, 10.0, 10.1]);
    }
}
