//! Where people work and shop: business quarter, industry, port, retail parks. Must not know homes.

use geo::Polygon;

use crate::{
    blocks::Block,
    kinds::Class,
    layout::Zone,
    maths::{P, centre_of, contains, disc, distance, frame, left, lerp, open_ring, polygon, rectangle, tidy},
    perimeter::{Row, line_block},
    plan::{Land, Part, Roof},
    site_work::{Draft, Ground, Keep},
    sites::Use,
    style::Look,
};

/// Offices and shops wall to wall, with towers on some corners.
pub fn business_block(ground: &mut Ground<'_>, block: &Block) {
    let row = Row { depth_m: 15.5, width_m: (22.0, 34.0), gaps: 0.03 };
    let base = ground.dice.range(5.0, 7.2);
    ground.add_land(block.area.clone(), vec![("landuse", "commercial".into())]);
    let mut draft = |ground: &mut Ground<'_>, _: &[P]| {
        let levels = (base + ground.dice.bell()).round().clamp(4.0, 8.0) as u32;
        let kinds = [("office", 0.46), ("commercial", 0.14), ("retail", 0.14), ("hotel", 0.06), ("apartments", 0.20)];
        let look = if ground.dice.chance(0.5) { Look::Modern } else { Look::Block };
        Draft::new(ground.dice.weighted(&kinds), levels, look)
    };
    let court = line_block(ground, &block.area, row, &mut draft);
    if let Some(court) = court {
        ground.plant_over(&court, 240.0, 0.0);
    }
}

/// A tower on a podium with setbacks, for a block of its own. Heights in metres.
pub fn tower_block(ground: &mut Ground<'_>, block: &Block, top_m: f64) {
    let rect = frame(&open_ring(&block.area));
    let size = (rect.short_m - 14.0).clamp(24.0, 46.0);
    let long = (rect.long_m - 14.0).clamp(24.0, 62.0).max(size);
    let podium = rectangle(rect.centre, rect.axis, long, size);
    let levels = (top_m / 3.6).round() as u32;
    let kind = ["office", "office", "hotel"][ground.dice.below(3)];
    let Some(tower) =
        ground.try_build(&block.area, &podium, Keep::of(2.0, 3.0), Draft::new(kind, levels, Look::Modern))
    else {
        return business_block(ground, block);
    };
    let glass = ["#7d95a8", "#93a9b5", "#5f7a8c", "#b5bfc4"][ground.dice.below(4)];
    let shift = rect.axis * (ground.dice.range(-0.18, 0.18) * (long - size));
    let part = |share: f64, from_m: f64, to_m: f64, colour| Part {
        shape: crate::water::round_coordinates(polygon(&rectangle(
            rect.centre + shift * (1.0 - share) * 2.0,
            rect.axis,
            size * share,
            size * share * 0.94,
        ))),
        from_m,
        to_m,
        roof: Roof::flat("#6f7376"),
        colour,
    };
    let first = (top_m * ground.dice.range(0.5, 0.66)).round();
    let second = (top_m * ground.dice.range(0.82, 0.9)).round();
    let base = Part {
        shape: ground.buildings[tower].shape.clone(),
        from_m: 0.0,
        to_m: 14.0,
        roof: Roof::flat("#9a9a97"),
        colour: "#c9c5ba",
    };
    let building = &mut ground.buildings[tower];
    building.height_m = Some(top_m);
    building.roof = Roof::flat("#6f7376");
    building.colour = glass;
    building.parts = vec![
        base,
        part(0.86, 14.0, first, glass),
        part(0.70, first, second, glass),
        part(0.48, second, top_m, "#c4cacc"),
    ];
}

/// Halls on yards, each lot with its own drive.
pub fn halls(ground: &mut Ground<'_>, block: &Block) {
    let port = block.zone == Zone::Harbour;
    let rect = frame(&open_ring(&block.area));
    let rows = if rect.short_m > 105.0 { 2 } else { 1 };
    let deep = rect.short_m / f64::from(rows);
    let mut at = -0.5 * rect.long_m;
    while at < 0.5 * rect.long_m - 20.0 {
        let wide = ground.dice.range(44.0, 96.0).min(0.5 * rect.long_m - at);
        for j in 0..rows {
            let y = (f64::from(j) + 0.5) * deep - 0.5 * rect.short_m;
            let centre = rect.centre + rect.axis * (at + 0.5 * wide) + left(rect.axis) * y;
            lot(ground, &block.area, centre, rect.axis, wide, deep, port);
        }
        at += wide;
    }
    let landuse = if port { ("industrial", Some("port")) } else { ("industrial", None) };
    let mut tags = vec![("landuse", landuse.0.to_owned())];
    tags.extend(landuse.1.map(|kind| ("industrial", kind.to_owned())));
    ground.add_land(block.area.clone(), tags);
    ground.plant_over(&block.area, 1_500.0, 0.1);
}

fn lot(ground: &mut Ground<'_>, land: &Polygon<f64>, centre: P, axis: P, wide: f64, deep: f64, port: bool) {
    let kind = match port {
        true => ground.dice.weighted(&[("warehouse", 0.75), ("industrial", 0.25)]),
        false => ground.dice.weighted(&[("industrial", 0.7), ("warehouse", 0.3)]),
    };
    let look = if ground.dice.chance(0.2) { Look::Brick } else { Look::Hall };
    let levels = 1 + ground.dice.below(3) as u32;
    for share in [1.0, 0.82, 0.64, 0.46] {
        let (w, d) = ((wide - 12.0) * share, ((deep - 20.0) * share).min(72.0));
        if w < 12.0 || d < 10.0 {
            return;
        }
        let shift = left(axis) * (ground.dice.range(-0.5, 0.5) * (deep - d - 10.0).max(0.0) * 0.5);
        let ring = hall(ground, centre + shift, axis, w, d);
        if ground.try_build(land, &ring, Keep::of(3.0, 7.0), Draft::new(kind, levels, look)).is_some() {
            let gate = centre + shift - left(axis) * (0.5 * d + 3.0);
            if !ground.connect(Class::Service, gate, 46.0) {
                ground.connect(Class::Service, centre + shift + left(axis) * (0.5 * d + 3.0), 46.0);
            }
            return;
        }
    }
}

/// A rectangle, sometimes with an annexe.
fn hall(ground: &mut Ground<'_>, centre: P, axis: P, w: f64, d: f64) -> Vec<P> {
    if ground.dice.chance(0.65) || d < 24.0 {
        return rectangle(centre, axis, w, d);
    }
    let (u, v) = (axis * (0.5 * w), left(axis) * (0.5 * d));
    let step = ground.dice.range(-0.2, 0.5);
    vec![
        centre - u - v,
        centre + u - v,
        centre + u + v * 0.25,
        centre + u * step + v * 0.25,
        centre + u * step + v,
        centre - u + v,
    ]
}

/// Shops on car parks.
pub fn big_box(ground: &mut Ground<'_>, block: &Block, kind: &'static str) {
    let rect = frame(&open_ring(&block.area));
    ground.add_land(block.area.clone(), vec![("landuse", "retail".into())]);
    let mall = kind == "mall";
    let count = if mall { 1 } else { ((rect.long_m / 105.0).round() as usize).clamp(1, 3) };
    let wide = rect.long_m / count as f64;
    for i in 0..count {
        let at = rect.centre
            + rect.axis * ((i as f64 + 0.5) * wide - 0.5 * rect.long_m)
            + left(rect.axis) * (0.17 * rect.short_m);
        for k in 0..24 {
            let share = 0.8 - 0.02 * f64::from(k);
            let shift = rect.axis * (ground.dice.range(-0.2, 0.2) * wide)
                + left(rect.axis) * (ground.dice.range(-0.3, 0.1) * rect.short_m);
            let at = if k == 0 { at } else { at + shift };
            let ring = rectangle(at, rect.axis, wide * share, rect.short_m * 0.55 * share);
            let mut draft = Draft::new("retail", if mall { 3 } else { 1 }, Look::Modern);
            if mall {
                draft = draft.with("shop", "mall").with("name", "Stromarkaden");
            } else {
                let shop =
                    ground.dice.pick(&["supermarket", "doityourself", "furniture", "electronics", "garden_centre"]);
                draft = draft.with("shop", shop);
            }
            if let Some(built) = ground.try_build(&block.area, &ring, Keep::of(5.0, 9.0), draft) {
                ground.buildings[built].height_m = Some(if mall { 15.0 } else { 8.0 });
                break;
            }
        }
    }
    car_park(ground, block);
}

/// The open part of a block as a car park with an aisle.
fn car_park(ground: &mut Ground<'_>, block: &Block) {
    let rect = frame(&open_ring(&block.area));
    let side = left(rect.axis);
    for k in 0..30 {
        let share = 0.86 - 0.016 * f64::from(k);
        let (x, y) = (ground.dice.range(-0.25, 0.25) * rect.long_m, ground.dice.range(-0.36, 0.36) * rect.short_m);
        let at =
            if k == 0 { rect.centre - side * (0.28 * rect.short_m) } else { rect.centre + rect.axis * x + side * y };
        let ring = rectangle(at, rect.axis, rect.long_m * share, rect.short_m * (0.14 + 0.2 * share));
        if !(crate::maths::contains(&block.area, &ring) && ground.is_free(&ring, 2.0)) {
            continue;
        }
        ground.add_land(polygon(&ring), vec![("amenity", "parking".into()), ("surface", "asphalt".into())]);
        let (a, b) = (lerp(ring[0], ring[3], 0.5), lerp(ring[1], ring[2], 0.5));
        let (a, b) = (lerp(a, b, 0.04), lerp(a, b, 0.96));
        if ground.connect(Class::Service, lerp(a, b, 0.02), 90.0) {
            ground.path(Class::Service, &[lerp(a, b, 0.02), lerp(a, b, 0.5), b]);
            ground.connect(Class::Service, b, 90.0);
        }
        for i in 1..10 {
            ground.plant(lerp(a, b, f64::from(i) / 10.0) + side * (0.14 * rect.short_m), 6.0, false);
        }
        return;
    }
}

/// Round tanks on a fenced yard.
pub fn tanks(ground: &mut Ground<'_>, block: &Block) {
    let rect = frame(&open_ring(&block.area));
    let size = ground.dice.range(11.0, 15.0);
    let (columns, rows) = ((rect.long_m / (2.9 * size)) as i32, (rect.short_m / (2.9 * size)) as i32);
    for i in 0..columns {
        for j in 0..rows {
            let (x, y) = (f64::from(i) - 0.5 * f64::from(columns - 1), f64::from(j) - 0.5 * f64::from(rows - 1));
            let at = rect.centre + (rect.axis * x + left(rect.axis) * y) * (2.9 * size);
            let radius = size * ground.dice.range(0.75, 1.0);
            let draft =
                Draft::new("storage_tank", 1, Look::Shed).with("man_made", "storage_tank").with("content", "oil");
            if let Some(tank) = ground.try_build(&block.area, &disc(at, radius, 16), Keep::of(4.0, 6.0), draft) {
                let height = ground.dice.range(11.0, 17.0).round();
                let building = &mut ground.buildings[tank];
                building.height_m = Some(height);
                building.colour = "#dfe0dc";
                building.roof = Roof::flat("#cfd4d6");
            }
        }
    }
    ground.add_land(block.area.clone(), vec![("landuse", "industrial".into())]);
}

/// A substation's switchgear or a waterworks' round basins, each with a house.
pub fn utility(ground: &mut Ground<'_>, block: &Block, purpose: Use) {
    let rect = frame(&open_ring(&block.area));
    let side = left(rect.axis);
    let house = rectangle(rect.centre + rect.axis * (0.3 * rect.long_m), side, (0.4 * rect.short_m).min(28.0), 12.0);
    let kind = if purpose == Use::Substation { "service" } else { "industrial" };
    ground.try_build(&block.area, &house, Keep::of(3.0, 3.0), Draft::new(kind, 2, Look::Brick));
    if purpose == Use::Substation {
        let yard =
            rectangle(rect.centre - rect.axis * (0.12 * rect.long_m), rect.axis, 0.5 * rect.long_m, 0.6 * rect.short_m);
        let tags = [("power", "substation"), ("substation", "distribution"), ("voltage", "110000;20000")];
        let shape = if contains(&block.area, &yard) { polygon(&yard) } else { block.area.clone() };
        ground.add_land(block.area.clone(), vec![("landuse", "industrial".into())]);
        ground.add_land(shape, tags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect());
        return;
    }
    ground
        .add_land(block.area.clone(), vec![("landuse", "industrial".into()), ("man_made", "wastewater_plant".into())]);
    for i in 0..4 {
        let (x, y) = (f64::from(i % 2) * 42.0 - 52.0, f64::from(i / 2) * 42.0 - 21.0);
        let ring = disc(rect.centre + rect.axis * x + side * y, 16.0, 20);
        if contains(&block.area, &ring) && ground.is_free(&ring, 3.0) {
            let tags = vec![("natural", "water".to_owned()), ("water", "wastewater".to_owned())];
            ground.ponds.push(Land { shape: geo::MultiPolygon(vec![polygon(&ring)]), tags });
        }
    }
}

/// Gantry cranes along a quay wall: slim portals with a jib, as building parts would be too fine for a map.
pub fn cranes(ground: &mut Ground<'_>, basin: &Polygon<f64>) {
    let ring = tidy(&open_ring(basin), 2.0, 1.0);
    let n = ring.len();
    for i in 0..n {
        let (a, b) = (ring[i], ring[(i + 1) % n]);
        if distance(a, b) < 110.0 {
            continue;
        }
        for share in [0.3, 0.62, 0.86] {
            let at = lerp(a, b, share) - left(crate::maths::unit(b - a)) * 5.5;
            ground.add_spot(
                at,
                vec![("man_made", "crane".into()), ("crane:type", "portal_crane".into()), ("height", "34".into())],
            );
        }
    }
}

/// Where a block's middle lies.
pub fn middle(block: &Block) -> P {
    centre_of(&open_ring(&block.area))
}
