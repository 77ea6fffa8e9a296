//! Roofs on any footprint. A roof is either the lower envelope of planes (gables, hips, sheds, vaults), a
//! stack of scaled rings (pyramids, domes, onions), a slope up to an inset outline, or flat.

mod field;
mod frame;
mod inset;
mod rings;

pub use field::Field;
pub use frame::Frame;

use citytwin_model::{Roof, RoofShape};
use geo::{Coord, Polygon};

use super::{
    area,
    buffer::{MeshBuffer, Paint},
};

/// Least share of its box that a footprint must fill to take a ridge roof as a whole.
const GABLE_FILL: f64 = 0.80;
const HIP_FILL: f64 = 0.88;
/// Lowest drawn roof, metre.
const MIN_RISE_M: f32 = 0.3;

/// What a roof does to its footprint.
pub enum Plan {
    /// A level cap.
    Flat,
    /// Walls reach up to the field.
    Field(Field),
    Rings(&'static [[f32; 2]]),
    Inset {
        steep: bool,
    },
}

/// Chooses how to build `roof` on this footprint.
pub fn plan(polygon: &Polygon<f64>, roof: &Roof) -> Plan {
    let rise = roof.height_m.value;
    if rise < MIN_RISE_M || polygon.exterior().0.len() < 4 {
        return Plan::Flat;
    }
    let frame = Frame::of(polygon, roof.direction_deg, roof.across);
    let whole = polygon.interiors().is_empty();
    let ridge = |least: f64| whole && frame.fill >= least;
    let star = || whole && rings::is_star(polygon);
    match roof.shape.value {
        RoofShape::Flat => Plan::Flat,
        RoofShape::Skillion => Plan::Field(Field::skillion(&frame, rise)),
        RoofShape::Gabled if ridge(GABLE_FILL) => Plan::Field(Field::gabled(&frame, rise)),
        RoofShape::Gambrel if ridge(GABLE_FILL) => Plan::Field(Field::gambrel(&frame, rise)),
        RoofShape::Round if ridge(GABLE_FILL) => Plan::Field(Field::round(&frame, rise)),
        RoofShape::Hipped if ridge(HIP_FILL) => Plan::Field(Field::hipped(&frame, rise)),
        RoofShape::HalfHipped if ridge(HIP_FILL) => Plan::Field(Field::half_hipped(&frame, rise)),
        RoofShape::Pyramidal | RoofShape::Cone if star() => Plan::Rings(rings::PYRAMID),
        RoofShape::Dome if star() => Plan::Rings(rings::DOME),
        RoofShape::Onion if star() => Plan::Rings(rings::ONION),
        RoofShape::Dome | RoofShape::Onion | RoofShape::Cone => Plan::Flat,
        RoofShape::Mansard => Plan::Inset { steep: true },
        _ => Plan::Inset { steep: false },
    }
}

/// Where the roof sits and what it looks like.
#[derive(Clone, Copy, Debug)]
pub struct Bed {
    /// Height of the eaves, metre.
    pub eaves_m: f32,
    /// From eaves to top, metre.
    pub rise_m: f32,
    /// Pitched faces.
    pub slope: Paint,
    /// Level faces.
    pub level: Paint,
}

/// Draws the roof.
pub fn draw(mesh: &mut MeshBuffer, polygon: &Polygon<f64>, plan: &Plan, bed: Bed) {
    match plan {
        Plan::Flat => area::cap(mesh, polygon, bed.eaves_m, true, bed.level),
        Plan::Field(field) => field.draw(mesh, polygon, bed),
        Plan::Rings(profile) => rings::draw(mesh, polygon, profile, bed),
        Plan::Inset { steep } => inset::draw(mesh, polygon, *steep, bed),
    }
}

/// A corner of a roof face with its texture place: across and down the slope, metre.
fn corner(at: Coord<f64>, z: f32, down: [f64; 2], stretch: f64) -> ([f32; 3], [f32; 2]) {
    let u = at.x * down[1] - at.y * down[0];
    let v = (at.x * down[0] + at.y * down[1]) * stretch;
    ([at.x as f32, at.y as f32, z], [u as f32, v as f32])
}
