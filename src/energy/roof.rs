//! How much photovoltaics a roof carries, and which way it faces.

use citytwin_model::{Building, BuildingUse, RoofShape};
use geo::{Area, BoundingRect, MinimumRotatedRect};

use crate::{plane::Plane, pvwatts::STC_W_M2};

/// Module efficiency at standard test conditions, 1: crystalline silicon on roofs since about 2020
/// (Fraunhofer ISE, Photovoltaics Report 2024).
const MODULE_EFFICIENCY: f64 = 0.20;
/// Smallest module area worth a system, m²: five modules, 2 kWp.
const SMALLEST_M2: f64 = 10.0;
/// Tilt of module rows on flat roofs, degree, and the roof area they leave free against shading and wind:
/// usual practice in Europe.
const FLAT_TILT_DEG: f64 = 15.0;
/// Roofs below this tilt carry rows that face the equator whatever way they slope, degree.
const FLAT_BELOW_DEG: f64 = 7.5;
/// Slopes that turn further from the equator carry none, degree: east and west still do.
const TURN_MAX_DEG: f64 = 100.0;
/// Tilt range a roof may infer from its height, degree.
const TILT_RANGE_DEG: (f64, f64) = (10.0, 55.0);

/// Up to two planes of modules on one roof.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Modules {
    pub planes: [Plane; 2],
    /// Peak power per plane, W; 0 where there is none.
    pub peak_w: [f32; 2],
}

/// Module area per area of slope or flat roof: edges, chimneys, windows, installations and
/// shade stay free. Set so that cities come near the rule of thumb of IEA-PVPS T7-4 (2002): 0.4 m² of well
/// lit roof per m² of ground floor. `None` for shapes that bend too much.
fn usable(shape: RoofShape) -> Option<f64> {
    match shape {
        RoofShape::Flat => Some(0.40),
        RoofShape::Gabled | RoofShape::Skillion | RoofShape::Gambrel => Some(0.60),
        RoofShape::Hipped | RoofShape::HalfHipped | RoofShape::Mansard => Some(0.40),
        RoofShape::Pyramidal => Some(0.30),
        RoofShape::Dome | RoofShape::Onion | RoofShape::Cone | RoofShape::Round => None,
    }
}

/// The modules a building's roof could carry. `None` where it is too small, too bent, or a shed or
/// greenhouse that bears nothing. The outline's roof counts, parts do not.
pub fn modules(building: &Building, latitude_deg: f64) -> Option<Modules> {
    if building.usage.value == BuildingUse::Ancillary {
        return None;
    }
    let share = usable(building.volume.roof.shape.value)?;
    let area_m2 = building.volume.footprint.unsigned_area();
    let planes = slopes(building, latitude_deg);
    let mut found = Modules { planes: [Plane::nearest(0.0, 0.0); 2], peak_w: [0.0; 2] };
    let mut module_m2 = 0.0;
    for (slot, slope) in planes.into_iter().flatten().enumerate() {
        let covered = area_m2 * slope.area * share;
        found.planes[slot] = Plane::nearest(slope.tilt_deg, slope.azimuth_deg);
        found.peak_w[slot] = (covered * MODULE_EFFICIENCY * STC_W_M2) as f32;
        module_m2 += covered;
    }
    (module_m2 >= SMALLEST_M2).then_some(found)
}

/// One slope of a roof.
struct Slope {
    tilt_deg: f64,
    azimuth_deg: f64,
    /// Roof area per footprint area of the building, 1.
    area: f64,
}

/// The slopes that face enough of the sun's way.
fn slopes(building: &Building, latitude_deg: f64) -> [Option<Slope>; 2] {
    let equator_deg = if latitude_deg < 0.0 { 0.0 } else { 180.0 };
    let roof = &building.volume.roof;
    let flat = Slope { tilt_deg: FLAT_TILT_DEG, azimuth_deg: equator_deg, area: 1.0 };
    let Some(plan) = Plan::of(building) else { return [Some(flat), None] };
    let run_m = match roof.shape.value {
        RoofShape::Flat => return [Some(flat), None],
        RoofShape::Skillion => plan.short_m,
        _ => 0.5 * if roof.across { plan.long_m } else { plan.short_m },
    };
    let tilt_deg = (f64::from(roof.height_m.value) / run_m).atan().to_degrees();
    if tilt_deg < FLAT_BELOW_DEG {
        return [Some(flat), None];
    }
    let tilt_deg = tilt_deg.clamp(TILT_RANGE_DEG.0, TILT_RANGE_DEG.1);
    let across_ridge = if roof.across { plan.long_azimuth_deg } else { plan.long_azimuth_deg + 90.0 };
    let faces = |azimuth_deg: f64, share: f64| {
        let turn = (azimuth_deg - equator_deg + 180.0).rem_euclid(360.0) - 180.0;
        let area = share / tilt_deg.to_radians().cos();
        (turn.abs() <= TURN_MAX_DEG).then_some(Slope { tilt_deg, azimuth_deg, area })
    };
    match (roof.shape.value, roof.direction_deg) {
        (RoofShape::Skillion, direction) => [faces(direction.map_or(across_ridge, f64::from), 1.0), None],
        _ => [faces(across_ridge, 0.5), faces(across_ridge + 180.0, 0.5)],
    }
}

/// Size and bearing of a footprint.
struct Plan {
    long_m: f64,
    short_m: f64,
    /// Bearing of the long side, degree clockwise from north.
    long_azimuth_deg: f64,
}

impl Plan {
    /// From the smallest rotated rectangle; `None` for a footprint without width.
    fn of(building: &Building) -> Option<Self> {
        let footprint = &building.volume.footprint;
        let rectangle = footprint.minimum_rotated_rect().or_else(|| Some(footprint.bounding_rect()?.to_polygon()))?;
        let corners = &rectangle.exterior().0;
        let side = |i: usize| {
            let (a, b) = (corners.get(i)?, corners.get(i + 1)?);
            Some((b.x - a.x, b.y - a.y))
        };
        let (first, second) = (side(0)?, side(1)?);
        let length = |(x, y): (f64, f64)| x.hypot(y);
        let (long, short) = if length(first) >= length(second) { (first, second) } else { (second, first) };
        (length(short) > 0.1).then(|| Self {
            long_m: length(long),
            short_m: length(short),
            long_azimuth_deg: long.0.atan2(long.1).to_degrees(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::building;

    /// By hand: 20 m × 10 m under a gable 4 m high: tilt 38.66°, slope area 0.64 × footprint, 0.6 of it covered.
    #[test]
    fn a_gable_along_the_street_lights_its_southern_slope() {
        let along = building(0, BuildingUse::House, (0.0, 0.0), (20.0, 10.0), RoofShape::Gabled);
        let slope_w = (200.0 * 0.5 / (0.8_f64).atan().cos() * 0.6 * 200.0) as f32;
        for (latitude, azimuth) in [(50.0, 180.0), (-30.0, 0.0)] {
            let found = modules(&along, latitude).unwrap();
            assert_eq!(found.planes[0], Plane::nearest(38.66, azimuth));
            assert!((found.peak_w[0] - slope_w).abs() < 1.0 && found.peak_w[1] == 0.0, "{found:?}");
        }
        let mut across = along.clone();
        across.volume.roof.across = true;
        let found = modules(&across, 50.0).unwrap();
        assert!(found.peak_w[0] > 0.0 && found.peak_w[0] == found.peak_w[1], "east and west: {found:?}");
    }

    #[test]
    fn flat_roofs_face_the_equator_and_some_roofs_carry_none() {
        let flat = building(0, BuildingUse::Office, (0.0, 0.0), (30.0, 10.0), RoofShape::Flat);
        let found = modules(&flat, 50.0).unwrap();
        assert_eq!((found.planes[0], found.peak_w), (Plane::nearest(15.0, 180.0), [24_000.0, 0.0]));
        for (usage, size, shape) in [
            (BuildingUse::Public, (30.0, 30.0), RoofShape::Dome),
            (BuildingUse::Ancillary, (30.0, 30.0), RoofShape::Flat),
            (BuildingUse::House, (4.0, 4.0), RoofShape::Flat),
        ] {
            assert_eq!(modules(&building(0, usage, (0.0, 0.0), size, shape), 50.0), None, "{usage:?} {shape:?}");
        }
    }

    #[test]
    fn a_skillion_faces_where_it_says() {
        let mut shed = building(0, BuildingUse::Industrial, (0.0, 0.0), (20.0, 10.0), RoofShape::Skillion);
        shed.volume.roof.direction_deg = Some(200.0);
        assert_eq!(modules(&shed, 50.0).unwrap().planes[0], Plane::nearest(21.8, 200.0));
        shed.volume.roof.direction_deg = Some(0.0);
        assert_eq!(modules(&shed, 50.0), None, "a slope to the north carries none");
    }
}
