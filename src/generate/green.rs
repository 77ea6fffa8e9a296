//! Parks, cemeteries, allotments, woods at leftover places, and trees along streets. Must not know the
//! country outside the town.

use geo::Polygon;

use crate::{
    blocks::Block,
    kinds::{Class, Span},
    maths::{
        P, area_of, centre_of, disc, distance, frame, holds, left, lerp, nearest_on, open_ring, p, polygon, rectangle,
        smooth, unit,
    },
    plan::Land,
    site_work::{Draft, Ground, Keep},
    style::Look,
};

/// A park: lawn, paths that cross it, a pond where it is large, a playground, trees.
pub fn park(ground: &mut Ground<'_>, block: &Block, name: Option<String>) {
    let mut tags = vec![("leisure", "park".to_owned())];
    tags.extend(name.map(|n| ("name", n)));
    ground.add_land(block.area.clone(), tags);
    let rect = frame(&open_ring(&block.area));
    let size = area_of(&block.area);
    let pond = (size > 14_000.0).then(|| pond(ground, block)).flatten();
    paths(ground, block);
    if size > 6_000.0 {
        let at = rect.centre - rect.axis * (0.3 * rect.long_m);
        playground(ground, &block.area, at);
    }
    let before = ground.trees.len();
    ground.plant_over(&block.area, 120.0, 0.18);
    if let Some(pond) = pond {
        let wet = |q: P| holds(&pond, q);
        let planted = ground.trees.split_off(before);
        ground.trees.extend(planted.into_iter().filter(|tree| !wet(tree.at)));
    }
    clear_paths(ground, before);
}

fn pond(ground: &mut Ground<'_>, block: &Block) -> Option<Polygon<f64>> {
    let rect = frame(&open_ring(&block.area));
    let at = rect.centre + rect.axis * (0.16 * rect.long_m);
    let reach = rect.short_m * 0.26;
    let ring: Vec<P> = disc(p(0.0, 0.0), 1.0, 9)
        .into_iter()
        .map(|q| {
            let r = reach * ground.dice.range(0.75, 1.15);
            at + rect.axis * (q.x * r * 1.35) + left(rect.axis) * (q.y * r)
        })
        .collect();
    let shore = smooth(&ring, true, 9.0);
    let shape = crate::water::round_coordinates(polygon(&shore[..shore.len() - 1]));
    if !crate::maths::contains(&block.area, &ring) {
        return None;
    }
    let tags = vec![("natural", "water".to_owned()), ("water", "pond".to_owned())];
    ground.ponds.push(Land { shape: geo::MultiPolygon(vec![shape.clone()]), tags });
    Some(shape)
}

/// Paths from the streets around to a loop about the middle.
fn paths(ground: &mut Ground<'_>, block: &Block) {
    let ring = open_ring(&block.area);
    let rect = frame(&ring);
    let middle: Vec<P> = disc(p(0.0, 0.0), 1.0, 10)
        .into_iter()
        .map(|q| rect.centre + rect.axis * (q.x * 0.36 * rect.long_m) + left(rect.axis) * (q.y * 0.36 * rect.short_m))
        .collect();
    let mut looped = smooth(&middle, true, 14.0);
    if let Some(first) = looped.first().copied() {
        let n = looped.len();
        looped[n - 1] = first;
    }
    if !looped.iter().all(|&q| holds(&block.area, q)) {
        return;
    }
    ground.path(Class::Footway, &looped);
    let n = ring.len();
    for k in 0..n {
        let (a, b) = (ring[k], ring[(k + 1) % n]);
        if distance(a, b) < 45.0 {
            continue;
        }
        let gate = lerp(a, b, ground.dice.range(0.3, 0.7));
        let Some(&inner) = looped.iter().min_by(|x, y| distance(**x, gate).total_cmp(&distance(**y, gate))) else {
            return;
        };
        let fits = |c: Class| c.takes_side_streets() && c != Class::Footway;
        if let Some((_, _, street)) = ground.streets.nearest_where(gate, 24.0, fits) {
            ground.path(Class::Footway, &[street, gate, inner]);
        }
    }
}

fn playground(ground: &mut Ground<'_>, area: &Polygon<f64>, at: P) {
    let ring = disc(at, 11.0, 9);
    if crate::maths::contains(area, &ring) {
        ground.add_land(polygon(&ring), vec![("leisure", "playground".into())]);
    }
}

/// Trees planted since `from` that stand on a way are taken out.
pub fn clear_paths(ground: &mut Ground<'_>, from: usize) {
    let planted = ground.trees.split_off(from);
    let streets = &ground.streets;
    let kept: Vec<_> = planted.into_iter().filter(|t| streets.nearest_where(t.at, 2.2, |_| true).is_none()).collect();
    ground.trees.extend(kept);
}

/// A small green with a playground.
pub fn play_green(ground: &mut Ground<'_>, block: &Block) {
    ground.add_land(block.area.clone(), vec![("leisure", "park".into())]);
    let centre = centre_of(&open_ring(&block.area));
    playground(ground, &block.area, centre);
    ground.plant_over(&block.area, 170.0, 0.05);
}

/// Graves in rows under trees, a chapel, two crossing paths.
pub fn cemetery(ground: &mut Ground<'_>, block: &Block) {
    ground.add_land(block.area.clone(), vec![("landuse", "cemetery".into())]);
    let rect = frame(&open_ring(&block.area));
    let chapel = rectangle(rect.centre, rect.axis, 19.0, 10.0);
    let draft = Draft::new("chapel", 1, Look::Brick).with("amenity", "place_of_worship").with("religion", "christian");
    ground.try_build(&block.area, &chapel, Keep::of(3.0, 3.0), draft);
    let before = ground.trees.len();
    paths(ground, block);
    ground.plant_over(&block.area, 110.0, 0.45);
    clear_paths(ground, before);
}

/// Garden plots with huts.
pub fn allotments(ground: &mut Ground<'_>, block: &Block) {
    ground.add_land(block.area.clone(), vec![("landuse", "allotments".into())]);
    let rect = frame(&open_ring(&block.area));
    let (columns, rows) = ((rect.long_m / 17.0) as i32, (rect.short_m / 22.0) as i32);
    for i in 0..columns {
        for j in 0..rows {
            if ground.dice.chance(0.3) {
                continue;
            }
            let (x, y) =
                ((f64::from(i) + 0.5) * 17.0 - 0.5 * rect.long_m, (f64::from(j) + 0.5) * 22.0 - 0.5 * rect.short_m);
            let at = rect.centre
                + rect.axis * (x + ground.dice.range(-4.0, 4.0))
                + left(rect.axis) * (y + ground.dice.range(-5.0, 5.0));
            let hut = rectangle(at, rect.axis, ground.dice.range(3.8, 5.5), 4.0);
            ground.try_build(&block.area, &hut, Keep::of(2.0, 2.0), Draft::new("shed", 1, Look::House));
        }
    }
    ground.plant_over(&block.area, 260.0, 0.05);
}

/// Land that nothing else uses: meadow where narrow, a copse where wide.
pub fn leftover(ground: &mut Ground<'_>, block: &Block) {
    let size = area_of(&block.area);
    if size > 9_000.0 {
        ground.add_land(block.area.clone(), vec![("natural", "wood".into())]);
        ground.plant_over(&block.area, 170.0, 0.3);
    } else if size > 500.0 {
        ground.add_land(block.area.clone(), vec![("landuse", "grass".into())]);
        ground.plant_over(&block.area, 260.0, 0.1);
    }
}

/// Trees on both sides of avenues, clear of junctions and other ways.
pub fn avenues(ground: &mut Ground<'_>) {
    for s in 0..ground.streets.all.len() {
        if !ground.streets.all[s].kind.avenue {
            continue;
        }
        let line = ground.streets.line(s);
        let spans = ground.streets.all[s].spans.clone();
        let side_m = ground.streets.all[s].kind.half_m - 2.4;
        let pace = ground.dice.range(10.5, 14.0);
        let mut next = pace * 0.5;
        for (w, span) in line.windows(2).zip(spans) {
            let long = distance(w[0], w[1]);
            let along = unit(w[1] - w[0]);
            while next < long {
                let foot = w[0] + along * next;
                next += pace;
                for side in [1.0, -1.0] {
                    let at = foot + left(along) * (side * side_m);
                    let clear = ground.streets.nearest_where(at, side_m - 0.4, |_| true).is_none();
                    let dry = span == Span::Ground && ground.layout.is_dry(at, 4.0);
                    if clear && dry && !ground.dice.chance(0.06) {
                        let height = ground.dice.range(8.0, 15.0);
                        ground.plant(at, height, false);
                    }
                }
            }
            next -= long;
        }
    }
}

/// Rows of trees along a bank, `in_m` away from it.
pub fn bank_trees(ground: &mut Ground<'_>, bank: &[P], in_m: f64) {
    let mut carry = 0.0;
    for w in bank.windows(2) {
        let long = distance(w[0], w[1]);
        let along = unit(w[1] - w[0]);
        while carry < long {
            let at = w[0] + along * carry + left(along) * in_m;
            carry += ground.dice.range(9.0, 34.0);
            let clear = ground.streets.nearest_where(at, 6.5, |_| true).is_none();
            let (_, edge) = nearest_on(w[0], w[1], at);
            if clear && edge > 2.0 && ground.layout.is_dry(at, 2.0) {
                let height = ground.dice.range(7.0, 14.0);
                ground.plant(at, height, false);
            }
        }
        carry -= long;
    }
}
