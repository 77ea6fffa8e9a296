//! Walls: one quad (or gable) per edge, with texture places in window columns and storeys.

use citytwin_model::BuildingUse;
use geo::{Coord, LineString};

use super::{
    buffer::{MeshBuffer, Paint, Surface},
    roof::Field,
};

/// Shortest wall that gets windows, metre.
const MIN_WINDOWED_M: f32 = 1.8;

/// A wall's foot, top and looks.
#[derive(Clone, Copy, Debug)]
pub struct Facade {
    pub base_m: f32,
    pub eaves_m: f32,
    /// Above the eaves, of the same wall: parapets.
    pub parapet_m: f32,
    pub storeys: u8,
    pub paint: Paint,
}

/// Surface and width of a window column by use, metre.
pub const fn style(usage: BuildingUse) -> (Surface, f32) {
    match usage {
        BuildingUse::House => (Surface::Dwelling, 3.4),
        BuildingUse::Apartments | BuildingUse::Hotel => (Surface::Dwelling, 3.0),
        BuildingUse::Office => (Surface::Shop, 3.1),
        BuildingUse::Hospital | BuildingUse::School => (Surface::Office, 3.4),
        BuildingUse::Retail => (Surface::Shop, 3.6),
        BuildingUse::Public | BuildingUse::Industrial | BuildingUse::Warehouse => (Surface::Hall, 5.0),
        BuildingUse::Ancillary => (Surface::Plain, 4.0),
    }
}

/// Storeys of a wall: as mapped where that gives storeys of 2.3…6 m, else by 3.1 m (the model's usual storey).
pub fn storeys(wall_m: f32, mapped: f32, surface: Surface) -> u8 {
    if surface == Surface::Hall {
        return (wall_m / 7.0).round().clamp(1.0, 20.0) as u8;
    }
    let each = wall_m / mapped.max(1.0);
    let count = if (2.3..=6.0).contains(&each) { mapped } else { wall_m / 3.1 };
    count.round().clamp(1.0, 200.0) as u8
}

/// Draws the walls of a ring (building on the left). `roof` lifts their tops.
pub fn draw(mesh: &mut MeshBuffer, ring: &LineString<f64>, facade: Facade, column_m: f32, roof: Option<&Field>) {
    let storey_m = ((facade.eaves_m - facade.base_m) / f32::from(facade.storeys.max(1))).max(0.5);
    let top_m = facade.eaves_m + facade.parapet_m;
    for pair in ring.0.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let length = (b.x - a.x).hypot(b.y - a.y) as f32;
        if length < 0.02 {
            continue;
        }
        let columns = if length < MIN_WINDOWED_M { 0.0 } else { (length / column_m).round().max(1.0) };
        let corner = |t: f64, z: f32| {
            let at = [(a.x + t * (b.x - a.x)) as f32, (a.y + t * (b.y - a.y)) as f32, z];
            (at, [t as f32 * columns, (z - facade.base_m) / storey_m])
        };
        let paint = facade.paint.with(facade.storeys);
        let mut corners = vec![corner(0.0, facade.base_m), corner(1.0, facade.base_m)];
        match roof {
            None => corners.extend([corner(1.0, top_m), corner(0.0, top_m)]),
            Some(field) => {
                let up = |t: f64| {
                    let p = Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
                    corner(t, facade.eaves_m + field.at(p) as f32)
                };
                corners.push(up(1.0));
                corners.extend(field.breaks(a, b).into_iter().rev().map(up));
                corners.push(up(0.0));
            }
        }
        mesh.fan(&corners, paint);
        if facade.parapet_m > 0.0 {
            let inner = Paint { surface: Surface::Plain, ..paint };
            let low = facade.eaves_m;
            mesh.fan(&[corner(1.0, low), corner(0.0, low), corner(0.0, top_m), corner(1.0, top_m)], inner);
        }
    }
}
