//! Buildings: walls, roofs and what stands on flat roofs.

use citytwin_model::{Building, BuildingUse, City, FeatureRef, RoofShape, Volume};
use geo::{Area, BoundingRect, Contains, Coord, Point, Polygon};

use super::{
    Slots, area, asset,
    buffer::{MeshBuffer, Paint, Surface},
    colour,
    facade::{self, Facade},
    roof::{self, Bed, Plan},
};

/// Flat roofs of walls at least this high get a parapet, metre.
const PARAPET_FROM_M: f32 = 7.0;
const PARAPET_M: f32 = 0.5;
/// Offices and hotels of at least this height are drawn with curtain walls, metre.
const GLAZED_FROM_M: f32 = 38.0;
/// Share of an outline that its parts must cover to stand for it.
const PARTS_COVER: f64 = 0.6;
/// Smallest flat roof that carries plant and stair heads, m².
const PLANT_FROM_M2: f64 = 260.0;

/// How one volume looks.
struct Looks {
    usage: BuildingUse,
    slot: u32,
    /// Chooses within palettes; the same for all parts of a building.
    pick: u32,
    latitude: f64,
}

/// Draws a building: its parts where they stand for it, else its own volume.
pub fn building(city: &City, slots: &Slots, building: &Building, mesh: &mut MeshBuffer) {
    let looks = Looks {
        usage: building.usage.value,
        slot: slots.feature(city, FeatureRef::Building(building.id)),
        pick: colour::mix(building.id.0),
        latitude: city.anchor.origin.lat.abs(),
    };
    if building.parts.is_empty() {
        volume(&building.volume, &looks, mesh);
        return;
    }
    let parts = building.parts.iter().filter_map(|id| city.building_parts.get(id.index()));
    let mut covered = 0.0;
    let mut low_m = building.volume.height_m.value;
    for part in parts {
        if part.volume.min_height_m.value < 1.0 {
            covered += part.volume.footprint.unsigned_area();
            low_m = low_m.min(part.volume.height_m.value);
        }
        volume(&inherit(&part.volume, &building.volume), &looks, mesh);
    }
    if covered < PARTS_COVER * building.volume.footprint.unsigned_area() {
        let mut rest = building.volume.clone();
        rest.height_m.value = low_m.max(rest.min_height_m.value + 1.0);
        rest.roof.shape.value = RoofShape::Flat;
        rest.roof.height_m.value = 0.0;
        volume(&rest, &looks, mesh);
    }
}

/// A part that belongs to no building.
pub fn stray_part(city: &City, slots: &Slots, index: usize, mesh: &mut MeshBuffer) {
    let part = &city.building_parts[index];
    let looks = Looks {
        usage: BuildingUse::Apartments,
        slot: slots.feature(city, FeatureRef::BuildingPart(part.id)),
        pick: colour::mix(part.id.0 ^ 0x5050),
        latitude: city.anchor.origin.lat.abs(),
    };
    volume(&part.volume, &looks, mesh);
}

/// Colours and materials that a part leaves open come from its building.
fn inherit(part: &Volume, whole: &Volume) -> Volume {
    let mut part = part.clone();
    part.colour = part.colour.or(whole.colour);
    if part.material.is_none() {
        part.material.clone_from(&whole.material);
    }
    if part.roof.colour.is_none() && part.roof.material.is_none() {
        part.roof.colour = whole.roof.colour;
        part.roof.material.clone_from(&whole.roof.material);
    }
    part
}

fn volume(volume: &Volume, looks: &Looks, mesh: &mut MeshBuffer) {
    let base_m = volume.min_height_m.value.max(0.0);
    let top_m = volume.height_m.value.max(base_m + 0.3);
    for polygon in &volume.footprint.0 {
        prism(volume, looks, polygon, base_m, top_m, mesh);
    }
}

fn prism(volume: &Volume, looks: &Looks, polygon: &Polygon<f64>, base_m: f32, top_m: f32, mesh: &mut MeshBuffer) {
    let rise_m = volume.roof.height_m.value.clamp(0.0, top_m - base_m);
    let plan = roof::plan(polygon, &volume.roof);
    let (wall, surface, column_m) = wall_paint(volume, looks);
    let flat = matches!(plan, Plan::Flat);
    let eaves_m = if flat { top_m } else { top_m - rise_m };
    let parapet_m = if flat && eaves_m - base_m > PARAPET_FROM_M { PARAPET_M } else { 0.0 };
    let face = Facade {
        base_m,
        eaves_m: eaves_m - parapet_m,
        parapet_m,
        storeys: facade::storeys(eaves_m - base_m, volume.levels.value, surface),
        paint: Paint::new(wall, surface, looks.slot),
    };
    let field = if let Plan::Field(field) = &plan { Some(field) } else { None };
    if face.eaves_m > base_m + 0.05 || field.is_some() {
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            facade::draw(mesh, ring, face, column_m, field);
        }
    }
    let [slope, level] = roof_paints(volume, looks, matches!(plan, Plan::Rings(_)));
    roof::draw(mesh, polygon, &plan, Bed { eaves_m: face.eaves_m, rise_m, slope, level });
    if base_m > 0.5 {
        area::cap(mesh, polygon, base_m, false, Paint::new(colour::scaled(wall, 0.7), Surface::Plain, looks.slot));
    }
    if flat && parapet_m > 0.0 {
        plant(mesh, polygon, face.eaves_m, looks, level);
    }
}

fn wall_paint(volume: &Volume, looks: &Looks) -> ([u8; 3], Surface, f32) {
    let (mut surface, column_m) = facade::style(looks.usage);
    let material = volume.material.as_deref();
    if material == Some("glass") {
        surface = Surface::Office;
    }
    let high = volume.height_m.value > GLAZED_FROM_M;
    if high && matches!(looks.usage, BuildingUse::Office | BuildingUse::Hotel) {
        surface = Surface::Office;
    }
    let tone = volume
        .colour
        .or_else(|| material.and_then(colour::material))
        .unwrap_or_else(|| colour::wall(looks.usage, high, looks.pick));
    (soften(tone), surface, column_m)
}

/// Pitched and level roof paint.
fn roof_paints(volume: &Volume, looks: &Looks, solid: bool) -> [Paint; 2] {
    let tagged = volume.roof.colour.or_else(|| volume.roof.material.as_deref().and_then(colour::material));
    let small = matches!(looks.usage, BuildingUse::Industrial | BuildingUse::Warehouse | BuildingUse::Ancillary);
    let pitched = tagged.unwrap_or_else(|| match (small, solid) {
        (true, _) => colour::flat_roof(looks.pick),
        (_, true) if looks.usage == BuildingUse::Public => [104, 138, 124],
        _ => colour::pitched_roof(looks.latitude, looks.pick),
    });
    let level = tagged.unwrap_or_else(|| colour::flat_roof(looks.pick));
    [
        Paint::new(soften(pitched), if solid { Surface::Plain } else { Surface::Tiles }, looks.slot),
        Paint::new(soften(level), Surface::Gravel, looks.slot),
    ]
}

/// Pure colours of tags (`red`, `white`) drawn as weathered paint: kept off black, white and full saturation.
fn soften(colour: [u8; 3]) -> [u8; 3] {
    let grey = colour.iter().map(|&c| f32::from(c)).sum::<f32>() / 3.0;
    colour.map(|c| (38.0 + 0.80 * (0.82 * f32::from(c) + 0.18 * grey)) as u8)
}

/// Stair heads and plant boxes on a large flat roof.
fn plant(mesh: &mut MeshBuffer, polygon: &Polygon<f64>, roof_m: f32, looks: &Looks, paint: Paint) {
    let area_m2 = polygon.unsigned_area();
    let Some(rect) = polygon.bounding_rect().filter(|_| area_m2 > PLANT_FROM_M2) else { return };
    let wanted = (area_m2 / 500.0).ceil().min(6.0) as u32;
    let [r, g, b, _] = paint.colour;
    let paint = Paint::new(colour::scaled([r, g, b], 0.92), Surface::Plain, looks.slot);
    let mut placed = 0;
    for attempt in 0..wanted * 6 {
        let random = |k: u32| f64::from(colour::chance(looks.pick ^ (attempt * 8 + k).wrapping_mul(0x9E37)));
        let at = Coord { x: rect.min().x + random(0) * rect.width(), y: rect.min().y + random(1) * rect.height() };
        let half = [1.2 + 1.8 * random(2), 1.0 + 1.4 * random(3)];
        let clear = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
            .iter()
            .all(|(i, j)| polygon.contains(&Point::new(at.x + i * (half[0] + 1.2), at.y + j * (half[1] + 1.2))));
        if clear {
            let z = [roof_m, roof_m + 1.2 + 1.8 * random(4) as f32];
            asset::cuboid(mesh, [at.x as f32, at.y as f32], half.map(|h| h as f32), z, paint);
            placed += 1;
        }
        if placed == wanted {
            break;
        }
    }
}
