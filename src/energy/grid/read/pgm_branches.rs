//! Branches of power-grid-model files: lines, links, transformers, generic branches.

use std::f64::consts::{PI, TAU};

use serde_json::{Map, Value};

use super::{
    super::{
        element::{
            Ends, Line, PerKm, PhaseMatrix, PiBranch, Side, Switch, Tap, Transformer, TransformerModel, Winding,
            ZeroPlate,
        },
        error::Fault,
    },
    pgm::{Reader, row_of},
    row::{BusNames, Row},
};

pub fn read(reader: &mut Reader, table: &str, index: usize, cells: &Map<String, Value>) {
    match table {
        "line" => line(reader, index, cells),
        "asym_line" => asym_line(reader, index, cells),
        "link" => link(reader, index, cells),
        "transformer" => transformer(reader, index, cells),
        _ => generic_branch(reader, index, cells),
    }
}

fn ends(row: &mut Row<'_>, buses: &BusNames) -> Ends {
    Ends {
        from: row.bus("from_node", buses),
        to: row.bus("to_node", buses),
        from_closed: row.flag_or("from_status", true),
        to_closed: row.flag_or("to_status", true),
    }
}

fn line(reader: &mut Reader, index: usize, cells: &Map<String, Value>) {
    let mut row = row_of("line", index, cells, &mut reader.errors);
    let ends = ends(&mut row, &reader.buses);
    let per_km = |row: &mut Row<'_>, [r, x, c, tan]: [&str; 4]| {
        let c_f = row.number_or(c, 0.0);
        let g_s = TAU * reader.data.frequency_hz * c_f * row.number_or(tan, 0.0);
        PerKm { r_ohm: row.number_or(r, 0.0), x_ohm: row.number_or(x, 0.0), g_s, c_f }
    };
    let positive = per_km(&mut row, ["r1", "x1", "c1", "tan1"]);
    let zero = row.has("r0").then(|| per_km(&mut row, ["r0", "x0", "c0", "tan0"]));
    let rated_a = row.optional("i_n");
    let label = row.label;
    reader.data.lines.push(Line { label, ends, length_km: 1.0, parallel: 1, positive, zero, matrix: None, rated_a });
}

/// Reads a lower triangle, the neutral's row too where it is stated.
fn triangle(row: &mut Row<'_>, letter: &str) -> [[f64; 4]; 4] {
    let names = ["a", "b", "c", "n"];
    let mut matrix = [[0.0; 4]; 4];
    for i in 0..4 {
        for j in 0..=i {
            let value = row.number_or(&format!("{letter}_{}{}", names[i], names[j]), 0.0);
            (matrix[i][j], matrix[j][i]) = (value, value);
        }
    }
    matrix
}

fn asym_line(reader: &mut Reader, index: usize, cells: &Map<String, Value>) {
    let mut row = row_of("asym_line", index, cells, &mut reader.errors);
    let ends = ends(&mut row, &reader.buses);
    let (r, x) = (triangle(&mut row, "r"), triangle(&mut row, "x"));
    let (r_ohm, x_ohm) = if row.has("r_nn") { without_neutral(&r, &x) } else { (first_three(&r), first_three(&x)) };
    let mut c_f = first_three(&triangle(&mut row, "c"));
    if !row.has("c_aa") {
        let (c0, c1) = (row.number_or("c0", 0.0), row.number_or("c1", 0.0));
        let (own, mutual) = ((c0 + 2.0 * c1) / 3.0, (c0 - c1) / 3.0);
        c_f = std::array::from_fn(|i| std::array::from_fn(|j| if i == j { own } else { mutual }));
    }
    let sequence = |m: &[[f64; 3]; 3]| {
        let own = (m[0][0] + m[1][1] + m[2][2]) / 3.0;
        let mutual = (m[0][1] + m[1][2] + m[2][0]) / 3.0;
        (own - mutual, own + 2.0 * mutual)
    };
    let (r, x, c) = (sequence(&r_ohm), sequence(&x_ohm), sequence(&c_f));
    let positive = PerKm { r_ohm: r.0, x_ohm: x.0, g_s: 0.0, c_f: c.0 };
    let zero = Some(PerKm { r_ohm: r.1, x_ohm: x.1, g_s: 0.0, c_f: c.1 });
    let matrix = Some(Box::new(PhaseMatrix { r_ohm, x_ohm, c_f, phases: [true; 3] }));
    let rated_a = row.optional("i_n");
    let label = row.label;
    reader.data.lines.push(Line { label, ends, length_km: 1.0, parallel: 1, positive, zero, matrix, rated_a });
}

fn first_three(matrix: &[[f64; 4]; 4]) -> [[f64; 3]; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| matrix[i][j]))
}

/// Kron's reduction of an earthed neutral: `Z_ij − Z_in Z_nj / Z_nn`.
fn without_neutral(r: &[[f64; 4]; 4], x: &[[f64; 4]; 4]) -> ([[f64; 3]; 3], [[f64; 3]; 3]) {
    let z = |i: usize, j: usize| faer::c64::new(r[i][j], x[i][j]);
    let reduced = |i: usize, j: usize| z(i, j) - z(i, 3) * z(3, j) / z(3, 3);
    let real = std::array::from_fn(|i| std::array::from_fn(|j| reduced(i, j).re));
    (real, std::array::from_fn(|i| std::array::from_fn(|j| reduced(i, j).im)))
}

/// The format's link has an admittance of 1e8 per unit: a switch, open where either end is.
fn link(reader: &mut Reader, index: usize, cells: &Map<String, Value>) {
    let mut row = row_of("link", index, cells, &mut reader.errors);
    let Ends { from, to, from_closed, to_closed } = ends(&mut row, &reader.buses);
    let closed = from_closed && to_closed;
    reader.data.switches.push(Switch { label: row.label, from, to, closed });
}

fn generic_branch(reader: &mut Reader, index: usize, cells: &Map<String, Value>) {
    let mut row = row_of("generic_branch", index, cells, &mut reader.errors);
    let ends = ends(&mut row, &reader.buses);
    let [r_ohm, x_ohm, g_s, b_s, shift_rad] = ["r1", "x1", "g1", "b1", "theta"].map(|field| row.number_or(field, 0.0));
    let (ratio, rated_va) = (row.number_or("k", 1.0), row.optional("sn"));
    let label = row.label;
    let phase_ratios = None;
    reader.data.pi_branches.push(PiBranch {
        label,
        ends,
        r_ohm,
        x_ohm,
        g_s,
        b_s,
        ratio,
        shift_rad,
        phase_ratios,
        rated_va,
    });
}

pub fn winding(row: &mut Row<'_>, field: &str) -> Winding {
    match row.whole_or(field, 0) {
        0 => Winding::Wye,
        1 => Winding::WyeEarthed,
        2 => Winding::Delta,
        3 => Winding::Zigzag,
        4 => Winding::ZigzagEarthed,
        other => {
            row.fail(field, Fault::Unreadable(format!("{other} is no winding (0 to 4)")));
            Winding::Wye
        }
    }
}

/// Short-circuit voltage and load loss depend on the tap where their values at its ends are stated: linear from
/// the neutral position to either end.
pub fn at_tap(tap: &Tap, ends: (i32, i32), nominal: f64, at_min: f64, at_max: f64) -> f64 {
    let (min, max) = ends;
    let towards_max = (tap.position >= tap.neutral) == (max >= tap.neutral);
    let (end, value) = if towards_max { (max, at_max) } else { (min, at_min) };
    let span = f64::from(end - tap.neutral);
    if span == 0.0 { nominal } else { nominal + (value - nominal) * f64::from(tap.position - tap.neutral) / span }
}

fn transformer(reader: &mut Reader, index: usize, cells: &Map<String, Value>) {
    let mut row = row_of("transformer", index, cells, &mut reader.errors);
    let ends = ends(&mut row, &reader.buses);
    let neutral = row.whole_or("tap_nom", 0);
    let (min, max) = (row.whole_or("tap_min", 0), row.whole_or("tap_max", 0));
    let position = row.whole_or("tap_pos", neutral).clamp(min.min(max), min.max(max));
    let side = if row.whole_or("tap_side", 0) == 0 { Side::From } else { Side::To };
    let tap = Tap { side, position, neutral, step_v: row.number_or("tap_size", 0.0), step_rad: 0.0 };
    let (uk, pk) = (row.number("uk"), row.number("pk"));
    let mut tapped = |nominal: f64, at_min: &str, at_max: &str| {
        let (at_min, at_max) = (row.number_or(at_min, nominal), row.number_or(at_max, nominal));
        at_tap(&tap, (min, max), nominal, at_min, at_max)
    };
    let (short_circuit, load_loss_w) = (tapped(uk, "uk_min", "uk_max"), tapped(pk, "pk_min", "pk_max"));
    let (no_load, no_load_loss_w) = (row.number_or("i0", 0.0), row.number_or("p0", 0.0));
    let transformer = Transformer {
        ends,
        rated_va: row.number("sn"),
        from_v: row.number("u1"),
        to_v: row.number("u2"),
        short_circuit,
        load_loss_w,
        no_load,
        no_load_loss_w,
        shift_rad: f64::from(row.whole_or("clock", 0)) * PI / 6.0,
        windings: [winding(&mut row, "winding_from"), winding(&mut row, "winding_to")],
        tap: Some(tap),
        model: TransformerModel::Pi,
        parallel: 1,
        zero: Some(ZeroPlate::NoLoad {
            current: row.number_or("i0_zero_sequence", no_load),
            loss_w: row.number_or("p0_zero_sequence", no_load_loss_w),
        }),
        label: row.label,
    };
    reader.data.transformers.push(transformer);
}
