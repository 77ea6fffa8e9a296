//! Transformers of three windings of power-grid-model files: a star of three legs about an inner bus, which carries the
//! transformer's id. Impedances between pairs of windings make the legs' (IEC 60909-0, clause 6.3.2).

use std::f64::consts::PI;

use serde_json::{Map, Value};

use super::{
    super::element::{Bus, Ends, Label, Side, Tap, Transformer, TransformerModel, Winding},
    pgm::{Reader, row_of},
    pgm_branches::{at_tap, winding},
    row::Row,
};

/// The legs' tables, windings 1 to 3.
pub const LEGS: [&str; 3] = [
    "three_winding_transformer, winding 1",
    "three_winding_transformer, winding 2",
    "three_winding_transformer, winding 3",
];

/// Pairs of windings, and for each leg the pairs that hold it and the one that does not.
const PAIRS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];
const OF_LEG: [[usize; 3]; 3] = [[0, 1, 2], [0, 2, 1], [1, 2, 0]];

pub fn read(reader: &mut Reader, index: usize, cells: &Map<String, Value>) {
    let mut row = row_of("three_winding_transformer", index, cells, &mut reader.errors);
    let nodes = ["node_1", "node_2", "node_3"].map(|field| row.bus(field, &reader.buses));
    let closed = ["status_1", "status_2", "status_3"].map(|field| row.flag_or(field, true));
    let volts = ["u1", "u2", "u3"].map(|field| row.number(field));
    let powers = ["sn_1", "sn_2", "sn_3"].map(|field| row.number(field));
    let tap = tap(&mut row);
    let (short_circuit, load_loss_w) = legs(&mut row, &tap, powers);
    let windings = ["winding_1", "winding_2", "winding_3"].map(|field| winding(&mut row, field));
    let clocks = [0, row.whole_or("clock_12", 0), row.whole_or("clock_13", 0)];
    let (no_load, no_load_loss_w) = (row.number_or("i0", 0.0), row.number_or("p0", 0.0));
    let label = row.label.clone();
    let inner = reader.data.buses.len() as u32;
    reader.data.buses.push(Bus { label: label.clone(), rated_v: volts[0], in_service: true });
    for leg in 0..3 {
        let magnetising = if leg == 0 { (no_load, no_load_loss_w) } else { (0.0, 0.0) };
        reader.data.transformers.push(Transformer {
            label: Label { table: LEGS[leg], ..label.clone() },
            ends: Ends { from: nodes[leg], to: inner, from_closed: closed[leg], to_closed: true },
            rated_va: powers[leg],
            from_v: volts[leg],
            to_v: volts[0],
            short_circuit: short_circuit[leg],
            load_loss_w: load_loss_w[leg],
            no_load: magnetising.0,
            no_load_loss_w: magnetising.1,
            shift_rad: -f64::from(clocks[leg]) * PI / 6.0,
            windings: [windings[leg], Winding::WyeEarthed],
            tap: (tap.winding == leg).then_some(tap.tap),
            model: TransformerModel::Leg,
            parallel: 1,
            zero: None,
        });
    }
}

/// The tap changer, its winding and its ends.
struct WindingTap {
    winding: usize,
    tap: Tap,
    ends: (i32, i32),
}

fn tap(row: &mut Row<'_>) -> WindingTap {
    let neutral = row.whole_or("tap_nom", 0);
    let (min, max) = (row.whole_or("tap_min", 0), row.whole_or("tap_max", 0));
    let position = row.whole_or("tap_pos", neutral).clamp(min.min(max), min.max(max));
    let winding = usize::try_from(row.whole_or("tap_side", 0).clamp(0, 2)).unwrap_or(0);
    let tap = Tap { side: Side::From, position, neutral, step_v: row.number_or("tap_size", 0.0), step_rad: 0.0 };
    WindingTap { winding, tap, ends: (min, max) }
}

/// Short-circuit voltage of each leg's own rating and its losses, from those of the pairs, which are stated for the smaller
/// rating of each.
fn legs(row: &mut Row<'_>, tap: &WindingTap, powers: [f64; 3]) -> ([f64; 3], [f64; 3]) {
    let mut pair = |name: &str, [nominal, at_min, at_max]: [&str; 3]| {
        let nominal = row.number_or(&format!("{name}_{nominal}"), 0.0);
        let at_min = row.number_or(&format!("{name}_{at_min}"), nominal);
        let at_max = row.number_or(&format!("{name}_{at_max}"), nominal);
        at_tap(&tap.tap, tap.ends, nominal, at_min, at_max)
    };
    let fields = [["12", "12_min", "12_max"], ["13", "13_min", "13_max"], ["23", "23_min", "23_max"]];
    let (uk, pk) = (fields.map(|names| pair("uk", names)), fields.map(|names| pair("pk", names)));
    let of = |leg: usize, values: [f64; 3], power: i32| {
        let scaled = |at: usize| {
            let (a, b) = PAIRS[at];
            values[at] * (powers[leg] / powers[a].min(powers[b])).powi(power)
        };
        let [with, and, without] = OF_LEG[leg];
        0.5 * (scaled(with) + scaled(and) - scaled(without))
    };
    ([0, 1, 2].map(|leg| of(leg, uk, 1)), [0, 1, 2].map(|leg| of(leg, pk, 2)))
}
