//! The tables of the CSV format that speak phase by phase: lines of one to three phases, step voltage regulators.

use super::{
    super::{
        element::{Line, PerKm, PhaseMatrix, PiBranch},
        error::Fault,
    },
    csv::Reader,
    row::Row,
};

/// Impedance of a regulator that states none, ohm: a voltage drop of 1e-6 pu at 100 A and 2.4 kV.
const REGULATOR_OHM: f64 = 1e-4;
/// A step of the usual 32 between −10 and +10 % (IEEE C57.15), 1.
const STEP: f64 = 0.00625;

/// Reads the lower triangle of a matrix over the phases that the line has.
fn triangle(row: &mut Row<'_>, letter: &str, phases: [bool; 3], stated: bool) -> [[f64; 3]; 3] {
    let names = ["a", "b", "c"];
    let mut matrix = [[0.0; 3]; 3];
    for i in 0..3 {
        for j in 0..=i {
            let field = format!("{letter}_{}{}", names[j], names[i]);
            if phases[i] && phases[j] {
                let value = if stated { row.number(&field) } else { row.number_or(&field, 0.0) };
                (matrix[i][j], matrix[j][i]) = (value, value);
            }
        }
    }
    matrix
}

pub fn line(reader: &mut Reader, row: &mut Row<'_>) {
    let ends = reader.ends(row, ["from", "to"]);
    let named = row.text("phases").unwrap_or_default();
    let phases = ['a', 'b', 'c'].map(|phase| named.contains(phase));
    if named.is_empty() || named.chars().any(|c| !"abc".contains(c)) {
        row.fail("phases", Fault::Unreadable(format!("\"{named}\" names no phases; use a, b, c, ab, bc, ac or abc")));
        return;
    }
    let (r_ohm, x_ohm) = (triangle(row, "r", phases, true), triangle(row, "x", phases, true));
    let c_f = triangle(row, "c", phases, false);
    // What balanced flow takes: the mean own value less the mean mutual one of the phases that are there.
    let positive = |m: &[[f64; 3]; 3]| {
        let count = phases.iter().filter(|on| **on).count() as f64;
        let own = (m[0][0] + m[1][1] + m[2][2]) / count;
        let pairs = count * (count - 1.0) / 2.0;
        if pairs > 0.0 { own - (m[0][1] + m[1][2] + m[0][2]) / pairs } else { own }
    };
    let positive = PerKm { r_ohm: positive(&r_ohm), x_ohm: positive(&x_ohm), g_s: 0.0, c_f: positive(&c_f) };
    let (length_km, parallel, rated_a) = (row.number_or("length", 1.0), row.parallel(), row.optional("i_n"));
    let matrix = Some(Box::new(PhaseMatrix { r_ohm, x_ohm, c_f, phases }));
    let (label, zero) = (row.label.clone(), None);
    reader.data.lines.push(Line { label, ends, length_km, parallel, positive, zero, matrix, rated_a });
}

pub fn regulator(reader: &mut Reader, row: &mut Row<'_>) {
    let ends = reader.ends(row, ["from", "to"]);
    let step = row.number_or("tap_step", STEP);
    let ratios = ["tap_a", "tap_b", "tap_c"].map(|field| {
        let boost = 1.0 + f64::from(row.whole_or(field, 0)) * step;
        if boost <= 0.0 {
            row.fail(field, Fault::NotPositive(boost));
        }
        boost.recip()
    });
    let (r_ohm, x_ohm) = (row.number_or("r1", 0.0), row.number_or("x1", REGULATOR_OHM));
    let branch = PiBranch {
        label: row.label.clone(),
        ends,
        r_ohm,
        x_ohm,
        g_s: 0.0,
        b_s: 0.0,
        ratio: ratios.iter().sum::<f64>() / 3.0,
        shift_rad: 0.0,
        phase_ratios: Some(ratios),
        rated_va: row.optional("sn"),
    };
    reader.data.pi_branches.push(branch);
}
