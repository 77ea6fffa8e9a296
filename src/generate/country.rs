//! The land around the town: fields, meadows, woods, farm tracks, farmsteads, wind and solar power.
//! Must not know the town's blocks.

use geo::{BooleanOps, Polygon, unary_union};

use crate::{
    barriers::Barriers,
    dice::Dice,
    kinds::{Class, Kind, Span},
    layout::Layout,
    maths::{
        P, area_of, centre_of, distance, frame, holds, left, length, lerp, open_ring, p, polygon, rectangle, rotate,
        sin_cos, tidy, unit,
    },
    site_work::{Draft, Ground, Keep, breadth},
    style::Look,
};

/// Fields are cut until they are smaller than this, m² (12 ha: a middling field of the north-west German plain).
const FIELD_M2: f64 = 120_000.0;

/// Divides the land outside the town, lays its tracks and plants it.
pub fn cultivate(ground: &mut Ground<'_>, land: Vec<Polygon<f64>>, barriers: &Barriers, seed: u64) {
    let phases = {
        let mut dice = Dice::new(seed, "woods");
        [
            dice.range(0.0, std::f64::consts::TAU),
            dice.range(0.0, std::f64::consts::TAU),
            dice.range(0.0, std::f64::consts::TAU),
        ]
    };
    let mut waiting = land;
    let mut fields = Vec::new();
    while let Some(area) = waiting.pop() {
        if area_of(&area) < 1_500.0 || breadth(&area) < 12.0 {
            continue;
        }
        match halve(ground, &area, barriers) {
            Some(halves) => waiting.extend(halves),
            None => fields.push(area),
        }
    }
    for field in &fields {
        plant(ground, field, &phases);
    }
    farmsteads(ground, &fields);
    power(ground, &fields);
}

fn halve(ground: &mut Ground<'_>, area: &Polygon<f64>, barriers: &Barriers) -> Option<Vec<Polygon<f64>>> {
    let rect = frame(&open_ring(area));
    let size = area_of(area);
    let limit = FIELD_M2 * ground.dice.range(0.5, 1.2);
    if size < limit && rect.long_m < 620.0 && area.interiors().is_empty() {
        return None;
    }
    let at = rect.centre + rect.axis * (ground.dice.range(-0.12, 0.12) * rect.long_m);
    let direction = rotate(left(rect.axis), ground.dice.bell() * 9.0);
    let reach = rect.long_m * 2.0 + 10.0;
    let track = size > 2.2 * FIELD_M2 && holds(area, at);
    let gap = if track { 4.5 } else { ground.dice.range(0.6, 2.5) };
    if track {
        farm_track(ground, area, at, direction, barriers);
    }
    let cut = polygon(&rectangle(at, direction, 2.0 * reach, 2.0 * gap));
    let pieces = area.difference(&cut).0;
    (pieces.len() > 1).then_some(pieces)
}

fn farm_track(ground: &mut Ground<'_>, area: &Polygon<f64>, at: P, direction: P, barriers: &Barriers) {
    let ends = [direction, direction * -1.0].map(|d| {
        let reach = ring_exit(area, at, d)?;
        let edge = at + d * reach;
        let hit = ground
            .streets
            .cast(edge - d * 0.5, d, 34.0)
            .filter(|hit| !barriers.between(edge, hit.at) && ground.is_clear_way(edge, hit.at))?;
        Some((edge, hit))
    });
    let ends: Vec<(P, P)> =
        ends.into_iter().zip([direction, direction * -1.0]).filter_map(|(e, d)| Some((e?.0, d))).collect();
    let mut nodes = Vec::new();
    for (edge, d) in ends {
        // Cast anew: the first join may have split the street that the second end meets.
        let Some(hit) = ground.streets.cast(edge - d * 0.5, d, 34.0) else { return };
        let join = ground.streets.join(&hit, 10.0);
        if !ground.is_clear_way(edge, ground.streets.at[join as usize]) {
            return;
        }
        let edge = ground.streets.node(edge);
        if nodes.is_empty() { nodes.extend([join, edge]) } else { nodes.extend([edge, join]) }
    }
    match nodes.len() {
        0 => return,
        2 => nodes.push(ground.streets.node(at)),
        _ => {}
    }
    let kind = Kind::new(Class::Track, 2.5, 1, 30);
    let spans = vec![Span::Ground; nodes.len() - 1];
    ground.streets.add(kind, nodes, spans);
}

fn ring_exit(area: &Polygon<f64>, from: P, direction: P) -> Option<f64> {
    let to = from + direction * 9_000.0;
    area.exterior()
        .0
        .windows(2)
        .filter_map(|w| crate::maths::crossing(from, to, w[0], w[1]).map(|(t, _)| t * 9_000.0))
        .min_by(f64::total_cmp)
}

/// Wood where a slow wave over the land is high, meadow in wet places, else field.
fn plant(ground: &mut Ground<'_>, field: &Polygon<f64>, phases: &[f64; 3]) {
    let ring = tidy(&open_ring(field), 0.6, 0.4);
    if ring.len() < 3 {
        return;
    }
    let shape = polygon(&ring);
    let c = centre_of(&ring);
    let wave = sin_cos(c.x / 830.0 + phases[0]).0
        + sin_cos(c.y / 710.0 + phases[1]).0
        + sin_cos((c.x - c.y) / 1_150.0 + phases[2]).0;
    let near_river = !ground.layout.is_dry(c, 260.0);
    let value = match wave + ground.dice.range(-0.3, 0.3) {
        w if w > 1.15 => "forest",
        _ if near_river || ground.dice.chance(0.22) => "meadow",
        _ => "farmland",
    };
    ground.add_land(shape.clone(), vec![("landuse", value.into())]);
    match value {
        "forest" => ground.plant_over(&shape, 520.0, 0.4),
        "meadow" => ground.plant_over(&shape, 6_000.0, 0.0),
        _ => hedge(ground, &ring),
    }
}

/// Trees along some edges of a field.
fn hedge(ground: &mut Ground<'_>, ring: &[P]) {
    let centre = centre_of(ring);
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        if distance(a, b) < 90.0 || !ground.dice.chance(0.22) {
            continue;
        }
        let count = (distance(a, b) / 16.0) as usize;
        for k in 1..count {
            let at = lerp(a, b, (k as f64 + ground.dice.range(-0.3, 0.3)) / count as f64);
            let inward = unit(centre - at);
            if ground.dice.chance(0.7) && ground.streets.nearest_where(at, 5.0, |_| true).is_none() {
                let height = ground.dice.range(5.0, 12.0);
                ground.plant(at + inward * 2.5, height, false);
            }
        }
    }
}

/// House, barn and sheds about a yard beside a road.
fn farmsteads(ground: &mut Ground<'_>, fields: &[Polygon<f64>]) {
    let mut farms: Vec<P> = Vec::new();
    for field in fields {
        let ring = open_ring(field);
        let edge = ground.dice.below(ring.len());
        let middle = lerp(ring[edge], ring[(edge + 1) % ring.len()], 0.5);
        let at = middle + unit(centre_of(&ring) - middle) * 34.0;
        let road = ground.streets.nearest_where(middle, 26.0, |c| c.is_motor() && c.takes_side_streets());
        let spaced = farms.iter().all(|&f| distance(f, at) > 330.0) && length(at) > ground.layout.radius_m * 1.02;
        let Some((_, _, street)) = road.filter(|_| spaced && ground.dice.chance(0.5)) else { continue };
        let axis = left(unit(street - middle));
        let place = |x: f64, y: f64| at + axis * x + left(axis) * y;
        let keep = Keep::of(5.0, 4.0);
        let home = rectangle(place(-16.0, 0.0), axis, 14.0, 10.5);
        if ground.try_build(field, &home, keep, Draft::new("detached", 2, Look::House)).is_none() {
            continue;
        }
        ground.try_build(
            field,
            &rectangle(place(12.0, 4.0), left(axis), 32.0, 15.0),
            keep,
            Draft::new("barn", 1, Look::Brick),
        );
        ground.try_build(
            field,
            &rectangle(place(-12.0, 24.0), axis, 24.0, 11.0),
            keep,
            Draft::new("farm_auxiliary", 1, Look::Hall),
        );
        ground.connect(Class::Service, place(0.0, -8.0), 70.0);
        for k in 0..7 {
            let depth = 34.0 + ground.dice.range(-3.0, 3.0);
            ground.plant(place(-30.0 + 9.0 * f64::from(k), depth), 12.0, false);
        }
        farms.push(at);
    }
}

/// Three wind turbines and a solar field on the largest fields far from homes.
fn power(ground: &mut Ground<'_>, fields: &[Polygon<f64>]) {
    let mut open: Vec<&Polygon<f64>> = fields
        .iter()
        .filter(|f| breadth(f) > 90.0 && length(crate::water::middle_of(f)) > ground.layout.radius_m * 1.12)
        .collect();
    open.sort_by(|a, b| area_of(b).total_cmp(&area_of(a)));
    let mut masts: Vec<P> = Vec::new();
    for field in &open {
        let at = crate::water::middle_of(field);
        let apart = masts.iter().all(|&m| (280.0..1_500.0).contains(&distance(m, at)));
        if masts.len() < 3 && apart && holds(field, at) && ground.is_free(&rectangle(at, p(1.0, 0.0), 8.0, 8.0), 180.0)
        {
            masts.push(at);
            let tags = [
                ("power", "generator"),
                ("generator:source", "wind"),
                ("generator:method", "wind_turbine"),
                ("generator:output:electricity", "3.4 MW"),
                ("height:hub", "99"),
                ("rotor:diameter", "112"),
            ];
            ground.add_spot(at, tags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect());
        }
    }
    let sunny = open.iter().find(|f| masts.iter().all(|&m| distance(m, crate::water::middle_of(f)) > 400.0));
    if let Some(field) = sunny {
        let rect = frame(&open_ring(field));
        let ring = rectangle(rect.centre, rect.axis, rect.long_m * 0.4, rect.short_m * 0.36);
        if crate::maths::contains(field, &ring) && ground.is_free(&ring, 4.0) {
            let tags = [
                ("power", "plant"),
                ("plant:source", "solar"),
                ("plant:output:electricity", "4 MW"),
                ("name", "Solarpark Moorland"),
            ];
            ground.add_land(polygon(&ring), tags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect());
        }
    }
}

/// The land outside the town that neither streets, water nor railway take.
pub fn outside(layout: &Layout, town: &Polygon<f64>, taken: &[Polygon<f64>]) -> Vec<Polygon<f64>> {
    let h = layout.half_m;
    let square = polygon(&[p(-h, -h), p(h, -h), p(h, h), p(-h, h)]);
    let mut kept_off = vec![polygon(&open_ring(town))];
    kept_off.extend(taken.iter().cloned());
    square.difference(&unary_union(&kept_off)).0
}
