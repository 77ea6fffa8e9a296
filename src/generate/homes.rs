//! Where people live: old town, perimeter blocks, rows, villas, suburbs, housing estates. Must not know
//! work places or public buildings.

use geo::Polygon;

use crate::{
    blocks::Block,
    layout::Zone,
    maths::{
        P, along, area_of, centre_of, frame, left, length, line_length, open_ring, p, rectangle, rotate, tidy, unit,
    },
    perimeter::{Row, line_block},
    site_work::{Draft, Ground, Keep, breadth, grown},
    style::Look,
};

/// Lines a block wall to wall, as in its quarter.
pub fn perimeter_block(ground: &mut Ground<'_>, block: &Block) {
    let (row, look) = match block.zone {
        Zone::OldTown => {
            let depth_m = ground.dice.range(9.0, 11.5);
            (Row { depth_m, width_m: (7.0, 12.5), gaps: 0.03 }, Look::OldTown)
        }
        Zone::Grid => (Row { depth_m: 13.0, width_m: (17.0, 25.0), gaps: 0.04 }, Look::Block),
        _ => (Row { depth_m: ground.dice.range(11.5, 13.5), width_m: (13.0, 20.0), gaps: 0.05 }, Look::Gruenderzeit),
    };
    let zone = block.zone;
    ground.add_land(block.area.clone(), vec![("landuse", "residential".into())]);
    let base = match zone {
        Zone::OldTown => ground.dice.range(2.4, 3.3),
        Zone::Grid => ground.dice.range(3.6, 5.0),
        _ => ground.dice.range(3.0, 4.3),
    };
    let mut draft = |ground: &mut Ground<'_>, ring: &[P]| {
        let levels = (base + ground.dice.bell() * 0.75).round().clamp(2.0, 6.0) as u32;
        let centre = length(centre_of(ring)) < ground.layout.old_m * 1.25;
        shop_or_home(ground, levels, look, centre)
    };
    let court = line_block(ground, &block.area, row, &mut draft);
    if let Some(court) = court {
        court_yard(ground, &court, zone);
    }
}

/// Ground floors of the centre trade; some whole houses are offices, shops or hotels.
fn shop_or_home(ground: &mut Ground<'_>, levels: u32, look: Look, centre: bool) -> Draft {
    let kinds: &[(&'static str, f64)] = if centre {
        &[("apartments", 0.66), ("retail", 0.17), ("office", 0.08), ("commercial", 0.06), ("hotel", 0.03)]
    } else {
        &[("apartments", 0.92), ("office", 0.03), ("retail", 0.025), ("commercial", 0.015), ("hotel", 0.01)]
    };
    Draft::new(ground.dice.weighted(kinds), levels, look)
}

fn court_yard(ground: &mut Ground<'_>, court: &Polygon<f64>, zone: Zone) {
    let size = area_of(court);
    if zone == Zone::OldTown {
        for _ in 0..(size / 260.0) as usize {
            small_house(ground, court, (5.0, 7.5), (5.0, 9.0));
        }
    } else if size > 700.0 {
        for _ in 0..(size / 900.0) as usize {
            if ground.dice.chance(0.6) {
                small_house(ground, court, (7.0, 9.0), (9.0, 18.0));
            }
        }
    }
    if size > 350.0 {
        ground.add_land(court.clone(), vec![("landuse", "grass".into())]);
    }
    ground.plant_over(court, 190.0, 0.05);
}

fn small_house(ground: &mut Ground<'_>, court: &Polygon<f64>, short: (f64, f64), long: (f64, f64)) {
    let rect = frame(&open_ring(court));
    let (a, b) = (ground.dice.range(-0.4, 0.4), ground.dice.range(-0.4, 0.4));
    let at = rect.centre + rect.axis * (a * rect.long_m) + left(rect.axis) * (b * rect.short_m);
    let size = (ground.dice.range(long.0, long.1), ground.dice.range(short.0, short.1));
    let ring = rectangle(at, rect.axis, size.0, size.1);
    let levels = 1 + ground.dice.below(2) as u32;
    let kind = if ground.dice.chance(0.5) { "garages" } else { "commercial" };
    let look = if kind == "garages" { Look::Shed } else { Look::Brick };
    ground.try_build(
        court,
        &ring,
        Keep::of(2.0, 2.5),
        Draft::new(kind, if kind == "garages" { 1 } else { levels }, look),
    );
}

/// Houses in gardens along a block's streets.
pub fn gardens(ground: &mut Ground<'_>, block: &Block) {
    let villas = block.zone == Zone::Villas;
    let mut ring = tidy(&open_ring(&block.area), 1.0, 0.3);
    ring.push(ring[0]);
    let total = line_length(&ring);
    // A street has one character: terraces, pairs or single houses, and one line of front gardens.
    let terraces = !villas && ground.dice.chance(0.22);
    let setback = if villas { ground.dice.range(6.0, 9.0) } else { ground.dice.range(3.5, 6.0) };
    let mut at_m = ground.dice.range(3.0, 12.0);
    while at_m < total {
        let (front, tangent) = along(&ring, at_m);
        let (_, ahead) = along(&ring, at_m + 5.0);
        let tangent = unit(tangent + ahead);
        if !ground.on_street(front, 13.0) {
            at_m += 8.0;
            continue;
        }
        let step = if villas {
            villa(ground, block, front, tangent, setback)
        } else if terraces {
            terrace(ground, block, front, tangent, setback)
        } else {
            house(ground, block, front, tangent, setback)
        };
        at_m += step;
    }
    ground.add_land(block.area.clone(), vec![("landuse", "grass".into())]);
    ground.plant_over(&block.area, if villas { 330.0 } else { 620.0 }, 0.2);
}

fn house(ground: &mut Ground<'_>, block: &Block, front: P, tangent: P, setback: f64) -> f64 {
    let pair = ground.dice.chance(0.24);
    let wide = if pair { ground.dice.range(13.5, 16.0) } else { ground.dice.range(8.8, 12.5) };
    let deep = ground.dice.range(9.0, 12.0);
    let inward = left(tangent);
    let tangent = rotate(tangent, ground.dice.bell() * 1.5);
    let centre = front + inward * (setback + ground.dice.range(0.0, 2.2) + 0.5 * deep);
    let ring = if !pair && ground.dice.chance(0.14) {
        angled(centre, tangent, wide, deep)
    } else {
        rectangle(centre, tangent, wide, deep)
    };
    let levels = if ground.dice.chance(0.72) { 2 } else { 1 };
    let keep = Keep::of(2.2, 3.0);
    if pair {
        let fits = crate::maths::contains(&block.area, &grown(&ring, keep.from_edge_m)) && ground.is_free(&ring, 3.0);
        if fits {
            for side in [-0.25, 0.25] {
                let half = rectangle(centre + tangent * (side * wide), tangent, wide * 0.5, deep);
                ground.build(&half, Draft::new("semidetached_house", levels, Look::House));
            }
        }
        return wide + ground.dice.range(6.0, 9.0);
    }
    let built = ground.try_build(&block.area, &ring, keep, Draft::new("detached", levels, Look::House)).is_some();
    if built && ground.dice.chance(0.55) {
        let side = if ground.dice.chance(0.5) { 1.0 } else { -1.0 };
        let at = centre + tangent * (side * (0.5 * wide + 2.4)) - inward * ground.dice.range(-1.5, 1.5);
        let garage = rectangle(at, inward, 6.2, 3.2);
        ground.try_build(&block.area, &garage, Keep::of(0.6, 0.3), Draft::new("garage", 1, Look::Shed));
    }
    if built { wide + ground.dice.range(6.5, 11.5) } else { 7.0 }
}

/// An L: a house with a wing to the garden.
fn angled(centre: P, axis: P, wide: f64, deep: f64) -> Vec<P> {
    let (u, v) = (axis * (0.5 * wide), left(axis) * (0.5 * deep));
    vec![
        centre - u - v,
        centre + u - v,
        centre + u + v,
        centre + u * 0.05 + v,
        centre + u * 0.05 + v * 0.1,
        centre - u + v * 0.1,
    ]
}

fn terrace(ground: &mut Ground<'_>, block: &Block, front: P, tangent: P, setback: f64) -> f64 {
    let (wide, deep) = (ground.dice.range(5.8, 6.6), ground.dice.range(9.5, 11.0));
    let count = 3 + ground.dice.below(4);
    let inward = left(tangent);
    let run = wide * count as f64;
    let middle = front + tangent * (0.5 * run) + inward * (setback + 0.5 * deep);
    let whole = rectangle(middle, tangent, run, deep);
    if !(crate::maths::contains(&block.area, &grown(&whole, 1.5)) && ground.is_free(&whole, 4.0)) {
        return 6.0;
    }
    for i in 0..count {
        let at = middle + tangent * ((i as f64 + 0.5) * wide - 0.5 * run);
        ground.build(&rectangle(at, tangent, wide, deep), Draft::new("terrace", 2, Look::Rows));
    }
    run + ground.dice.range(5.0, 9.0)
}

fn villa(ground: &mut Ground<'_>, block: &Block, front: P, tangent: P, setback: f64) -> f64 {
    let (wide, deep) = (ground.dice.range(11.5, 16.5), ground.dice.range(11.0, 14.5));
    let inward = left(tangent);
    let centre = front + inward * (setback + 0.5 * deep + ground.dice.range(0.0, 3.0));
    let ring = if ground.dice.chance(0.3) {
        angled(centre, tangent, wide, deep)
    } else {
        rectangle(centre, tangent, wide, deep)
    };
    let levels = if ground.dice.chance(0.35) { 3 } else { 2 };
    let kind = if ground.dice.chance(0.3) { "apartments" } else { "house" };
    let built =
        ground.try_build(&block.area, &ring, Keep::of(2.5, 5.0), Draft::new(kind, levels, Look::Villa)).is_some();
    if built { wide + ground.dice.range(9.0, 16.0) } else { 8.0 }
}

/// Three- and four-storey rows on lawns, end to the street.
pub fn rows(ground: &mut Ground<'_>, block: &Block) {
    let rect = frame(&open_ring(&block.area));
    let turn = if ground.dice.chance(0.25) { ground.dice.range(-18.0, 18.0) } else { 0.0 };
    let axis = rotate(left(rect.axis), turn);
    let levels = 3 + ground.dice.below(2) as u32;
    let long = (rect.short_m - 16.0).clamp(22.0, 52.0);
    let gap = ground.dice.range(28.0, 36.0);
    slabs(
        ground,
        block,
        Slabs { axis, long_m: long, deep_m: 10.5, gap_m: gap, levels: (levels, levels), look: Look::Rows },
    );
    lawn(ground, block, 330.0);
}

/// Slabs and towers on wide lawns.
pub fn estate(ground: &mut Ground<'_>, block: &Block) {
    let rect = frame(&open_ring(&block.area));
    let towers = ground.dice.chance(0.38);
    if towers {
        for _ in 0..5 {
            let at = rect.centre
                + rect.axis * (ground.dice.range(-0.36, 0.36) * rect.long_m)
                + left(rect.axis) * (ground.dice.range(-0.3, 0.3) * rect.short_m);
            let size = ground.dice.range(20.0, 24.0);
            let levels = 11 + ground.dice.below(7) as u32;
            let ring = rectangle(at, rect.axis, size, size * 0.86);
            ground.try_build(&block.area, &ring, Keep::of(9.0, 30.0), Draft::new("apartments", levels, Look::Estate));
        }
    }
    let along_long = ground.dice.chance(0.5);
    let axis = if along_long { rect.axis } else { left(rect.axis) };
    let long = ground.dice.range(46.0, 74.0).min(if along_long { rect.long_m } else { rect.short_m } - 20.0);
    let gap = ground.dice.range(40.0, 52.0);
    if long > 24.0 {
        slabs(
            ground,
            block,
            Slabs { axis, long_m: long, deep_m: 12.5, gap_m: gap, levels: (5, 9), look: Look::Estate },
        );
    }
    lawn(ground, block, 280.0);
}

struct Slabs {
    axis: P,
    long_m: f64,
    deep_m: f64,
    gap_m: f64,
    levels: (u32, u32),
    look: Look,
}

fn slabs(ground: &mut Ground<'_>, block: &Block, s: Slabs) {
    let rect = frame(&open_ring(&block.area));
    let side = left(s.axis);
    let reach = rect.long_m;
    let (rows, columns) = ((reach / s.gap_m) as i32, (reach / (s.long_m + 14.0)) as i32);
    let shift = p(ground.dice.range(-6.0, 6.0), ground.dice.range(-3.0, 3.0));
    for i in -rows..=rows {
        let stagger = ground.dice.range(-5.0, 5.0);
        for j in -columns..=columns {
            let at = rect.centre
                + side * (f64::from(i) * s.gap_m + shift.x)
                + s.axis * (f64::from(j) * (s.long_m + 14.0) + shift.y + stagger);
            let levels = s.levels.0 + ground.dice.below((s.levels.1 - s.levels.0 + 1) as usize) as u32;
            let room = Keep::of(4.0, 11.0);
            let full = rectangle(at, s.axis, s.long_m, s.deep_m);
            let draft = || Draft::new("apartments", levels, s.look);
            if ground.try_build(&block.area, &full, room, draft()).is_none() {
                let short = rectangle(at, s.axis, s.long_m * 0.6, s.deep_m);
                ground.try_build(&block.area, &short, room, draft());
            }
        }
    }
}

fn lawn(ground: &mut Ground<'_>, block: &Block, each_m2: f64) {
    ground.add_land(block.area.clone(), vec![("landuse", "grass".into())]);
    parked(ground, &block.area);
    ground.plant_over(&block.area, each_m2, 0.15);
}

/// A car park and a row of garages where there is room.
fn parked(ground: &mut Ground<'_>, area: &Polygon<f64>) {
    let rect = frame(&open_ring(area));
    if area_of(area) < 5_000.0 || breadth(area) < 40.0 {
        return;
    }
    for k in 0..3 {
        let at = rect.centre + rect.axis * ((f64::from(k) - 1.0) * 0.27 * rect.long_m + ground.dice.range(-8.0, 8.0));
        let ring = rectangle(at, rect.axis, 24.0, 5.6);
        ground.try_build(area, &ring, Keep::of(3.0, 5.0), Draft::new("garages", 1, Look::Shed));
    }
}
