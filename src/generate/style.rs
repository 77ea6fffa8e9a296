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

/// A roof and a wall colour for a footprint.
pub fn looks(look: &Look, ring: &[P], dice: &mut Dice) -> (Roof, &'static str) {
    let deep = frame(ring).short_m;
    let corner = ring.len() > 4;
    let pitched = |shape: &'static str, steep: f64, colour: &'static str| Roof {
        shape,
        height_m: (deep * 0.5 * steep * 10.0).round().clamp(12.0, 75.0) / 10.0,
        colour,
        across: false,
    };
    let tiles = |dice: &mut Dice| {
        dice.weighted(&[(dice_of(&REDS), 0.62), (dice_of(&BROWNS), 0.18), (dice_of(&SLATES), 0.20)])(dice)
    };
    match look {
        Look::OldTown => {
            let shape = if corner {
                "hipped"
            } else {
                dice.weighted(&[("gabled", 0.74), ("half-hipped", 0.12), ("mansard", 0.14)])
            };
            let colour = tiles(dice);
            let mut roof = pitched(shape, dice.range(0.85, 1.25), colour);
            roof.across = shape == "gabled" && dice.chance(0.22);
            (roof, dice.pick(&OLD_WALLS))
        }
        Look::Gruenderzeit => {
            let shape = if corner {
                dice.weighted(&[("hipped", 0.6), ("mansard", 0.4)])
            } else {
                dice.weighted(&[("gabled", 0.55), ("mansard", 0.38), ("flat", 0.07)])
            };
            let colour = if dice.chance(0.55) { dice.pick(&REDS) } else { dice.pick(&SLATES) };
            let roof = if shape == "flat" {
                Roof::flat(dice.pick(&FLATS))
            } else {
                pitched(shape, dice.range(0.55, 0.85), colour)
            };
            (roof, if dice.chance(0.25) { dice.pick(&BRICKS) } else { dice.pick(&PLASTER) })
        }
        Look::Block => {
            let shape = if corner {
                dice.weighted(&[("hipped", 0.5), ("flat", 0.5)])
            } else {
                dice.weighted(&[("gabled", 0.45), ("flat", 0.40), ("mansard", 0.15)])
            };
            let roof = if shape == "flat" {
                Roof::flat(dice.pick(&FLATS))
            } else {
                pitched(shape, dice.range(0.5, 0.75), dice.pick(&BROWNS))
            };
            (roof, if dice.chance(0.4) { dice.pick(&BRICKS) } else { dice.pick(&PLASTER) })
        }
        Look::Modern => (Roof::flat(dice.pick(&FLATS)), dice.pick(&GLASS)),
        Look::House => {
            let shape = dice.weighted(&[
                ("gabled", 0.72),
                ("hipped", 0.13),
                ("half-hipped", 0.08),
                ("flat", 0.04),
                ("skillion", 0.03),
            ]);
            let colour = tiles(dice);
            let roof = if shape == "flat" {
                Roof::flat(dice.pick(&FLATS))
            } else {
                pitched(shape, dice.range(0.6, 1.0), colour)
            };
            let steep = shape != "skillion";
            let roof = Roof { height_m: if steep { roof.height_m } else { 1.8 }, ..roof };
            (roof, if dice.chance(0.3) { dice.pick(&BRICKS) } else { dice.pick(&PLASTER) })
        }
        Look::Villa => {
            let shape = dice.weighted(&[("hipped", 0.55), ("mansard", 0.25), ("gabled", 0.12), ("pyramidal", 0.08)]);
            let colour = tiles(dice);
            (pitched(shape, dice.range(0.6, 0.9), colour), dice.pick(&PLASTER))
        }
        Look::Rows => (pitched("gabled", dice.range(0.45, 0.65), dice.pick(&REDS)), dice.pick(&PLASTER)),
        Look::Estate => (Roof::flat(dice.pick(&FLATS)), dice.pick(&CONCRETE)),
        Look::Hall => {
            let roof = match dice.weighted(&[("flat", 0.6), ("gabled", 0.28), ("round", 0.12)]) {
                "flat" => Roof::flat(dice.pick(&SHEETS)),
                shape => {
                    Roof { height_m: (deep * 0.1).clamp(1.5, 4.5).round(), ..pitched(shape, 0.3, dice.pick(&SHEETS)) }
                }
            };
            (roof, dice.pick(&SHEETS))
        }
        Look::Brick => (pitched("gabled", dice.range(0.5, 0.8), dice.pick(&REDS)), dice.pick(&BRICKS)),
        Look::Civic => {
            let shape = dice.weighted(&[("hipped", 0.5), ("flat", 0.35), ("mansard", 0.15)]);
            let roof =
                if shape == "flat" { Roof::flat(dice.pick(&FLATS)) } else { pitched(shape, 0.6, dice.pick(&SLATES)) };
            (roof, if dice.chance(0.35) { dice.pick(&BRICKS) } else { dice.pick(&PLASTER) })
        }
        Look::Shed => (Roof::flat(dice.pick(&FLATS)), dice.pick(&CONCRETE)),
    }
}

fn dice_of(choices: &'static [&'static str]) -> impl Fn(&mut Dice) -> &'static str + Copy {
    move |dice: &mut Dice| dice.pick(choices)
}
