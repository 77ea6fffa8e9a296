//! Public buildings and grounds: market, churches, town hall, schools, hospital, university, sports.
//! Must not know homes or work places.

use geo::Polygon;

use crate::{
    blocks::Block,
    kinds::Class,
    maths::{P, area_of, centre_of, disc, frame, left, lerp, open_ring, p, polygon, rectangle},
    plan::{Part, Roof, Tags},
    site_work::{Draft, Ground, Keep},
    style::Look,
    water::round_coordinates,
};

/// A paved square with a fountain and trees at its rim.
pub fn square(ground: &mut Ground<'_>, area: &Polygon<f64>, name: &str) {
    let tags: Tags = vec![
        ("highway", "pedestrian".into()),
        ("area", "yes".into()),
        ("place", "square".into()),
        ("name", name.into()),
        ("surface", "sett".into()),
    ];
    ground.add_land(area.clone(), tags);
    let centre = centre_of(&open_ring(area));
    ground.add_spot(centre, vec![("amenity", "fountain".into())]);
    let rect = frame(&open_ring(area));
    for i in 0..8 {
        for side in [-0.36, 0.36] {
            let at = rect.centre
                + rect.axis * ((f64::from(i) / 7.0 - 0.5) * 0.72 * rect.long_m)
                + left(rect.axis) * (side * rect.short_m);
            if crate::maths::holds(area, at) {
                ground.plant(at, 9.0, false);
            }
        }
    }
}

/// A town hall with a clock tower, on a small square.
pub fn town_hall(ground: &mut Ground<'_>, block: &Block) {
    square(ground, &block.area, "Rathausplatz");
    let rect = frame(&open_ring(&block.area));
    for share in [0.78, 0.62, 0.48, 0.36] {
        let (long, deep) = (rect.long_m * share, (rect.short_m * share).min(24.0));
        let ring = rectangle(rect.centre, rect.axis, long, deep);
        let draft = Draft::new("public", 4, Look::Civic).with("amenity", "townhall").with("name", "Rathaus");
        let Some(hall) = ground.try_build(&block.area, &ring, Keep::of(1.5, 1.0), draft) else { continue };
        let main = Part {
            shape: ground.buildings[hall].shape.clone(),
            from_m: 0.0,
            to_m: 22.0,
            roof: Roof { shape: "hipped", height_m: 7.0, colour: "#7d4032", across: false },
            colour: "#c98b6b",
        };
        let tower = Part {
            shape: round_coordinates(polygon(&rectangle(rect.centre, rect.axis, 7.0, 7.0))),
            from_m: 0.0,
            to_m: 46.0,
            roof: Roof { shape: "pyramidal", height_m: 14.0, colour: "#5f8a78", across: false },
            colour: "#b56a50",
        };
        let building = &mut ground.buildings[hall];
        building.height_m = Some(46.0);
        building.parts = vec![main, tower];
        return;
    }
}

/// A church: nave, choir and tower. `tower_m` is the height of the tower.
pub fn church(ground: &mut Ground<'_>, block: &Block, name: &str, tower_m: f64) {
    let rect = frame(&open_ring(&block.area));
    ground.add_land(block.area.clone(), vec![("landuse", "grass".into())]);
    for share in [0.8, 0.66, 0.52, 0.4, 0.3, 0.22] {
        let long = (rect.long_m * share).min(62.0);
        let wide = (long * 0.36).min(rect.short_m * 0.6);
        let (u, v) = (rect.axis * (0.5 * long), left(rect.axis) * (0.5 * wide));
        let c = rect.centre;
        // Tower at the west end, nave, choir that narrows to the apse.
        let ring = [
            c - u - v * 0.55,
            c - u * 0.66 - v * 0.55,
            c - u * 0.66 - v,
            c + u * 0.55 - v,
            c + u * 0.82 - v * 0.55,
            c + u - v * 0.2,
            c + u + v * 0.2,
            c + u * 0.82 + v * 0.55,
            c + u * 0.55 + v,
            c - u * 0.66 + v,
            c - u * 0.66 + v * 0.55,
            c - u + v * 0.55,
        ];
        let draft = Draft::new("church", 1, Look::Brick)
            .with("amenity", "place_of_worship")
            .with("religion", "christian")
            .with("name", name);
        let Some(built) = ground.try_build(&block.area, &ring, Keep::of(0.8, 2.0), draft) else { continue };
        let eaves = 0.24 * tower_m + 3.0;
        let shape = |ring: &[P]| round_coordinates(polygon(ring));
        let spire = Roof { shape: "pyramidal", height_m: (tower_m * 0.42).round(), colour: "#5f8a78", across: false };
        let nave = Roof { shape: "gabled", height_m: (wide * 0.55).round(), colour: "#4a5058", across: false };
        let apse = Roof { shape: "hipped", height_m: (wide * 0.3).round(), colour: "#4a5058", across: false };
        let brick = "#9a5440";
        let parts = vec![
            Part {
                shape: shape(&[ring[0], ring[1], ring[10], ring[11]]),
                from_m: 0.0,
                to_m: tower_m,
                roof: spire,
                colour: brick,
            },
            Part {
                shape: shape(&[ring[2], ring[3], ring[8], ring[9]]),
                from_m: 0.0,
                to_m: (eaves + nave.height_m).round(),
                roof: nave,
                colour: brick,
            },
            Part {
                shape: shape(&ring[3..9]),
                from_m: 0.0,
                to_m: (eaves - 1.0 + apse.height_m).round(),
                roof: apse,
                colour: brick,
            },
        ];
        let building = &mut ground.buildings[built];
        building.height_m = Some(tower_m);
        building.parts = parts;
        break;
    }
    ground.plant_over(&block.area, 150.0, 0.1);
}

/// A large house under a dome: museum or theatre.
pub fn domed(ground: &mut Ground<'_>, block: &Block, amenity: (&'static str, &'static str), name: &str) {
    square(ground, &block.area, &format!("{name}platz"));
    let rect = frame(&open_ring(&block.area));
    for share in [0.76, 0.6, 0.46, 0.34] {
        let (long, deep) = (rect.long_m * share, (rect.short_m * share).min(rect.long_m * share * 0.8));
        let ring = rectangle(rect.centre, rect.axis, long, deep);
        let draft = Draft::new("public", 3, Look::Civic).with(amenity.0, amenity.1).with("name", name);
        let Some(built) = ground.try_build(&block.area, &ring, Keep::of(1.5, 1.0), draft) else { continue };
        let dome = (deep * 0.3).min(11.0);
        let parts = vec![
            Part {
                shape: ground.buildings[built].shape.clone(),
                from_m: 0.0,
                to_m: 15.0,
                roof: Roof::flat("#8d8f8f"),
                colour: "#e9d9b8",
            },
            Part {
                shape: round_coordinates(polygon(&disc(rect.centre, dome, 16))),
                from_m: 0.0,
                to_m: (18.0 + dome).round(),
                roof: Roof { shape: "dome", height_m: dome.round(), colour: "#5f8a78", across: false },
                colour: "#e9d9b8",
            },
        ];
        ground.buildings[built].height_m = Some((18.0 + dome).round());
        ground.buildings[built].parts = parts;
        return;
    }
}

/// Buildings of a campus about courts: school, university or hospital.
pub fn campus(
    ground: &mut Ground<'_>,
    block: &Block,
    kind: &'static str,
    amenity: &'static str,
    name: &str,
    levels: u32,
) {
    let rect = frame(&open_ring(&block.area));
    let side = left(rect.axis);
    let size = area_of(&block.area);
    ground.add_land(block.area.clone(), vec![("amenity", amenity.into()), ("name", name.into())]);
    if kind == "school" {
        let pitch = rectangle(
            rect.centre + rect.axis * (0.27 * rect.long_m),
            side,
            (rect.short_m * 0.55).min(60.0),
            (rect.long_m * 0.3).min(36.0),
        );
        if crate::maths::contains(&block.area, &pitch) {
            ground.add_land(polygon(&pitch), vec![("leisure", "pitch".into()), ("sport", "multi".into())]);
        }
        wings(
            ground,
            block,
            rect.centre - rect.axis * (0.18 * rect.long_m),
            (rect.long_m * 0.46).min(74.0),
            Draft::new(kind, levels, Look::Civic),
        );
    } else {
        let count = ((size / 5_500.0) as i32).clamp(3, 16);
        let columns = ((f64::from(count) * rect.long_m / rect.short_m).sqrt().round() as i32).max(1);
        let rows = (count / columns).max(1);
        for i in 0..columns {
            for j in 0..rows {
                let (x, y) =
                    ((f64::from(i) + 0.5) / f64::from(columns) - 0.5, (f64::from(j) + 0.5) / f64::from(rows) - 0.5);
                let at = rect.centre + rect.axis * (x * rect.long_m) + side * (y * rect.short_m);
                let more = ground.dice.below(4) as u32;
                let look = if ground.dice.chance(0.4) { Look::Modern } else { Look::Civic };
                let long = ground.dice.range(34.0, 58.0).min(rect.long_m / f64::from(columns) - 16.0);
                wings(ground, block, at, long, Draft::new(kind, levels + more, look));
            }
        }
    }
    for x in [-0.3, 0.1, 0.36] {
        ground.connect(
            Class::Service,
            rect.centre + rect.axis * (x * rect.long_m) + side * (0.22 * rect.short_m),
            140.0,
        );
    }
    ground.plant_over(&block.area, 420.0, 0.15);
}

/// A house with wings: U, L or straight, as fits.
fn wings(ground: &mut Ground<'_>, block: &Block, at: P, long: f64, draft: Draft) {
    let rect = frame(&open_ring(&block.area));
    let (axis, side) = (rect.axis, left(rect.axis));
    let form = ground.dice.below(3);
    for share in [1.0, 0.75, 0.55, 0.4] {
        let l = long * share;
        if l < 14.0 {
            return;
        }
        let wing = (l * 0.6).min(40.0);
        let q = |x: f64, y: f64| at + axis * (x * 0.5 * l) + side * (y - 0.5 * wing);
        let ring = match form {
            0 => vec![
                q(-1.0, 0.0),
                q(1.0, 0.0),
                q(1.0, wing),
                q(0.55, wing),
                q(0.55, 0.4 * wing),
                q(-0.55, 0.4 * wing),
                q(-0.55, wing),
                q(-1.0, wing),
            ],
            1 => {
                vec![q(-1.0, 0.0), q(1.0, 0.0), q(1.0, 0.45 * wing), q(-0.5, 0.45 * wing), q(-0.5, wing), q(-1.0, wing)]
            }
            _ => vec![q(-1.0, 0.0), q(1.0, 0.0), q(1.0, 0.5 * wing), q(-1.0, 0.5 * wing)],
        };
        let copy = Draft { kind: draft.kind, levels: draft.levels, look: draft.look, extra: draft.extra.clone() };
        if ground.try_build(&block.area, &ring, Keep::of(3.0, 9.0), copy).is_some() {
            return;
        }
    }
}

/// Pitches and a club house.
pub fn sports(ground: &mut Ground<'_>, block: &Block) {
    let rect = frame(&open_ring(&block.area));
    ground.add_land(block.area.clone(), vec![("leisure", "sports_centre".into())]);
    let club = rectangle(rect.centre + left(rect.axis) * (0.36 * rect.short_m), rect.axis, 26.0, 12.0);
    ground.try_build(&block.area, &club, Keep::of(2.0, 2.0), Draft::new("public", 1, Look::Civic));
    let count = ((rect.long_m / 118.0) as i32).clamp(1, 3);
    for i in 0..count {
        let x = (f64::from(i) + 0.5) / f64::from(count) - 0.5;
        let at = rect.centre + rect.axis * (x * rect.long_m) - left(rect.axis) * (0.08 * rect.short_m);
        for share in [1.0, 0.8, 0.6] {
            // 105 m × 68 m: FIFA's standard pitch.
            let pitch = rectangle(at, rect.axis, 105.0 * share, 68.0 * share);
            if crate::maths::contains(&block.area, &pitch) && ground.is_free(&pitch, 3.0) {
                ground.add_land(polygon(&pitch), vec![("leisure", "pitch".into()), ("sport", "soccer".into())]);
                break;
            }
        }
    }
    let courts = rectangle(
        rect.centre + left(rect.axis) * (0.33 * rect.short_m) + rect.axis * (0.3 * rect.long_m),
        rect.axis,
        36.0,
        18.0,
    );
    if crate::maths::contains(&block.area, &courts) {
        ground.add_land(polygon(&courts), vec![("leisure", "pitch".into()), ("sport", "tennis".into())]);
    }
    ground.plant_over(&block.area, 900.0, 0.1);
}

/// A ground with stands all round.
pub fn stadium(ground: &mut Ground<'_>, block: &Block) {
    let rect = frame(&open_ring(&block.area));
    for scale in [1.0, 0.86, 0.72, 0.6, 0.48, 0.38] {
        let oval = |long: f64, wide: f64| -> Vec<P> {
            disc(p(0.0, 0.0), 1.0, 32)
                .into_iter()
                .map(|q| {
                    // A superellipse of order four: straight stands with round corners.
                    let r = 1.0 / (q.x * q.x * q.x * q.x + q.y * q.y * q.y * q.y).sqrt().sqrt();
                    rect.centre
                        + rect.axis * (q.x * r * 0.5 * long * scale)
                        + left(rect.axis) * (q.y * r * 0.5 * wide * scale)
                })
                .collect()
        };
        let outer = oval(166.0, 130.0);
        if !(crate::maths::contains(&block.area, &outer) && ground.is_free(&outer, 4.0)) {
            continue;
        }
        let hole = polygon(&oval(118.0, 80.0)).exterior().clone();
        let shape = round_coordinates(Polygon::new(polygon(&outer).exterior().clone(), vec![hole]));
        let draft = Draft::new("stadium", 2, Look::Modern).with("leisure", "stadium").with("name", "Stromstadion");
        let built = ground.build_shape(shape, draft);
        ground.buildings[built].height_m = Some(19.0);
        let pitch = rectangle(rect.centre, rect.axis, 105.0 * scale, 68.0 * scale);
        ground.add_land(polygon(&pitch), vec![("leisure", "pitch".into()), ("sport", "soccer".into())]);
        let (a, b) = (rect.centre + rect.axis * (0.46 * rect.long_m), rect.centre - rect.axis * (0.46 * rect.long_m));
        ground.connect(Class::Service, lerp(a, b, 0.02), 90.0);
        break;
    }
    ground.add_land(block.area.clone(), vec![("landuse", "recreation_ground".into())]);
    ground.plant_over(&block.area, 500.0, 0.05);
}
