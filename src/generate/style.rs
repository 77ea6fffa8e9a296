//! How buildings look: wall and roof colours, roof shapes and heights. Must not know places.

use crate::{
    dice::Dice,
    maths::{P, frame},
    plan::Roof,
};

/// A family of looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    OldTown,
    Gruenderzeit,
    Block,
    Modern,
    House,
    Villa,
    Rows,
    Estate,
    Hall,
    Brick,
    Civic,
    Shed,
}

const REDS: [&str; 7] = ["#9c4a34", "#8a3f2e", "#a65a41", "#93513d", "#7d4032", "#a8644b", "#b0694d"];
const SLATES: [&str; 5] = ["#4a5058", "#565b60", "#3f444b", "#5d5a58", "#6a6664"];
const BROWNS: [&str; 4] = ["#6b4a3a", "#7a5644", "#5e4638", "#84614e"];
const FLATS: [&str; 5] = ["#8d8f8f", "#9a9a97", "#7c7f82", "#a5a39c", "#6f7376"];
const PLASTER: [&str; 9] =
    ["#efe6d2", "#e9d9b8", "#f3eee2", "#e2c9a0", "#d9b48f", "#e8d3c0", "#dcd6c6", "#cfd6cc", "#f0dfc8"];
const OLD_WALLS: [&str; 10] =
    ["#e9d9b8", "#d8a77c", "#c98b6b", "#f1e9d8", "#b56a50", "#d9c39a", "#e3c07f", "#a9b8b0", "#cfa29a", "#ece2cf"];
const BRICKS: [&str; 5] = ["#9a5440", "#8c4a3a", "#a5644d", "#7f4538", "#b07a62"];
const GLASS: [&str; 5] = ["#8fa3b0", "#a9b7bf", "#c4cacc", "#7d8f9b", "#d5d3cb"];
const CONCRETE: [&str; 6] = ["#d8d5cc", "#c9c5ba", "#e2dccf", "#d4c8b0", "#cfd4d6", "#dfe0dc"];
const SHEETS: [&str; 6] = ["#b9bfc3", "#a7adb0", "#c9ccca", "#8f9aa3", "#9fb0a6", "#b5a99a"];

/// Roof shapes with their shares, for a plain footprint and for one round a corner; their steepness (height
/// over half the depth); wall colours, with the share that is brick instead.
struct Family {
    plain: &'static [(&'static str, f64)],
    corner: &'static [(&'static str, f64)],
    steep: (f64, f64),
    tiles: &'static [(&'static [&'static str], f64)],
    walls: &'static [&'static str],
    brick: f64,
}

const TILES: &[(&[&str], f64)] = &[(&REDS, 0.62), (&BROWNS, 0.18), (&SLATES, 0.20)];
const FLAT: &[(&str, f64)] = &[("flat", 1.0)];
const GABLED: &[(&str, f64)] = &[("gabled", 1.0)];

fn family(look: Look) -> Family {
    let of = |plain, corner, steep, tiles, walls, brick| Family { plain, corner, steep, tiles, walls, brick };
    match look {
        Look::OldTown => {
            let plain = &[("gabled", 0.74), ("half-hipped", 0.12), ("mansard", 0.14)];
            of(plain, &[("hipped", 1.0)], (0.85, 1.25), TILES, &OLD_WALLS, 0.0)
        }
        Look::Gruenderzeit => {
            let plain = &[("gabled", 0.55), ("mansard", 0.38), ("flat", 0.07)];
            let corner = &[("hipped", 0.6), ("mansard", 0.4)];
            of(plain, corner, (0.55, 0.85), &[(&REDS, 0.55), (&SLATES, 0.45)], &PLASTER, 0.25)
        }
        Look::Block => {
            let plain = &[("gabled", 0.45), ("flat", 0.40), ("mansard", 0.15)];
            of(plain, &[("hipped", 0.5), ("flat", 0.5)], (0.5, 0.75), &[(&BROWNS, 1.0)], &PLASTER, 0.4)
        }
        Look::House => {
            let plain =
                &[("gabled", 0.72), ("hipped", 0.13), ("half-hipped", 0.08), ("flat", 0.04), ("skillion", 0.03)];
            of(plain, plain, (0.6, 1.0), TILES, &PLASTER, 0.3)
        }
        Look::Villa => {
            let plain = &[("hipped", 0.55), ("mansard", 0.25), ("gabled", 0.12), ("pyramidal", 0.08)];
            of(plain, plain, (0.6, 0.9), TILES, &PLASTER, 0.0)
        }
        Look::Rows => of(GABLED, GABLED, (0.45, 0.65), &[(&REDS, 1.0)], &PLASTER, 0.0),
        Look::Brick => of(GABLED, GABLED, (0.5, 0.8), &[(&REDS, 1.0)], &BRICKS, 0.0),
        Look::Civic => {
            let plain = &[("hipped", 0.5), ("flat", 0.35), ("mansard", 0.15)];
            of(plain, plain, (0.6, 0.6), &[(&SLATES, 1.0)], &PLASTER, 0.35)
        }
        Look::Hall => {
            let plain = &[("flat", 0.6), ("gabled", 0.28), ("round", 0.12)];
            of(plain, plain, (0.2, 0.2), &[(&SHEETS, 1.0)], &SHEETS, 0.0)
        }
        Look::Modern => of(FLAT, FLAT, (0.0, 0.0), TILES, &GLASS, 0.0),
        Look::Estate | Look::Shed => of(FLAT, FLAT, (0.0, 0.0), TILES, &CONCRETE, 0.0),
    }
}

/// A roof and a wall colour for a footprint.
pub fn looks(look: Look, ring: &[P], dice: &mut Dice) -> (Roof, &'static str) {
    let family = family(look);
    let shape = dice.weighted(if ring.len() > 4 { family.corner } else { family.plain });
    let steep = dice.range(family.steep.0, family.steep.1);
    let tiles = dice.weighted(family.tiles);
    let roof = match shape {
        "flat" => Roof::flat(dice.pick(if look == Look::Hall { &SHEETS } else { &FLATS[..] })),
        _ => {
            let height_m = match shape {
                "skillion" => 1.8,
                _ => (frame(ring).short_m * 0.5 * steep * 10.0).round().clamp(12.0, 75.0) / 10.0,
            };
            let across = look == Look::OldTown && shape == "gabled" && dice.chance(0.22);
            Roof { shape, height_m, colour: dice.pick(tiles), across }
        }
    };
    let walls: &[&'static str] = if dice.chance(family.brick) { &BRICKS } else { family.walls };
    (roof, dice.pick(walls))
}
