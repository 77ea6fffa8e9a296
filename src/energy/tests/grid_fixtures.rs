//! power-grid-model's own fixtures (MPL-2.0, `../shared/data/energy/pgm_fixtures`), each at the tolerance that it
//! states. What is not run is listed by name with its reason.

mod grid_case;

use std::{collections::BTreeMap, path::Path};

use citytwin_energy::grid::{Flow, Grid, Islands, PhaseFlow, ReactiveLimits, read, solve_phases, solve_within};
use grid_case::{Tolerance, folders, json, root, scenarios};
use serde_json::{Map, Value};

/// Fixtures that are left out, by prefix, and why.
const UNSUPPORTED: [(&str, &str); 8] = [
    ("automatic-tap-regulator/", "taps are fixed: no automatic regulators"),
    ("dummy-test-line-into-itself", "its link drops 3e-9 of the voltage, a switch nothing; its tolerance is 1e-9"),
    ("non-existent-id-update-batch", "states an error of batch updates, which a grid does not have"),
    ("pv-node/pv-node-calc-methods", "states an error of that program's methods"),
    ("pv-node/pv-node-load-gen-const-i-y", "states an error of that program"),
    ("pv-node/pv-node-source", "states an error of that program"),
    ("pv-node/pv-node-tap-regulator", "states an error of that program"),
    ("r-state-estimation", "its method is a linear approximation"),
];

/// Fields whose truth is not what the fixture's own program gives: 0.1 MW through a source of 1e10 VA turns the
/// voltage by 1e-5 rad, the file says 0; three phases cannot all stand at 0.
const WRONG: [(&str, &str); 2] = [("generic_branch", "u_angle"), ("dummy-test", "u_angle")];

/// A transformer of three windings stands for three legs: `p_2` is what enters the second.
fn leg<'a>(table: &'a str, field: &'a str) -> (&'a str, &'a str) {
    let field_of_leg = match field.split_once('_') {
        Some(("p", "1" | "2" | "3")) => "p_from",
        Some(("q", "1" | "2" | "3")) => "q_from",
        Some(("i", "1" | "2" | "3")) => "i_from",
        _ => return (table, field),
    };
    let table = match field.chars().last() {
        Some('1') => "three_winding_transformer, winding 1",
        Some('2') => "three_winding_transformer, winding 2",
        _ => "three_winding_transformer, winding 3",
    };
    (table, field_of_leg)
}

/// What the solution says of a row's field, where it says it.
fn value(grid: &Grid, flow: &Flow, table: &str, id: &str, field: &str) -> Option<f64> {
    if table == "node" {
        let bus = grid.buses.iter().position(|bus| bus.label.id.as_str() == id)?;
        let u = flow.voltage[bus];
        return match field {
            "u_pu" => Some(u.norm()),
            "u" => Some(u.norm() * grid.buses[bus].rated_v),
            "u_angle" => Some(u.arg()),
            "energized" => Some(f64::from(u8::from(u.norm() > 0.0))),
            _ => None,
        };
    }
    if table == "source" {
        let at = grid.external_grids.iter().position(|source| source.label.id.as_str() == id)?;
        let power = flow.sources[at];
        return match field {
            "p" => Some(power.re),
            "q" => Some(power.im),
            _ => None,
        };
    }
    let (table, field) = leg(table, field);
    let at = grid.branch_ends().position(|(label, _)| label.table == table && label.id.as_str() == id)?;
    let branch = &flow.branches[at];
    match field {
        "p_from" => Some(branch.from_va.re),
        "q_from" => Some(branch.from_va.im),
        "p_to" => Some(branch.to_va.re),
        "q_to" => Some(branch.to_va.im),
        "i_from" => Some(branch.from_a),
        "i_to" => Some(branch.to_a),
        "loading" => branch.loading,
        _ => None,
    }
}

/// The same of three phases; a list per field.
fn phase_value(grid: &Grid, flow: &PhaseFlow, table: &str, id: &str, field: &str) -> Option<[f64; 3]> {
    if table == "node" {
        let bus = grid.buses.iter().position(|bus| bus.label.id.as_str() == id)?;
        let u = flow.voltage[bus];
        return match field {
            "u_pu" => Some(u.map(|u| u.norm())),
            "u" => Some(u.map(|u| u.norm() * grid.buses[bus].rated_v / 3_f64.sqrt())),
            "u_angle" => Some(u.map(|u| u.arg())),
            _ => None,
        };
    }
    let of = |power: [faer::c64; 3], field: &str| match field.chars().next() {
        Some('p') => Some(power.map(|s| s.re)),
        Some('q') => Some(power.map(|s| s.im)),
        _ => None,
    };
    if table == "source" {
        let at = grid.external_grids.iter().position(|source| source.label.id.as_str() == id)?;
        return if field == "p" || field == "q" { of(flow.sources[at], field) } else { None };
    }
    let at = grid.branch_ends().position(|(label, _)| label.table == table && label.id.as_str() == id)?;
    match field {
        "p_from" | "q_from" => of(flow.branches[at].from_va, field),
        "p_to" | "q_to" => of(flow.branches[at].to_va, field),
        _ => None,
    }
}

enum Solved {
    Balanced(Flow),
    Phases(PhaseFlow),
}

/// Values of a field, one or three.
fn values(grid: &Grid, solved: &Solved, table: &str, id: &str, field: &str) -> Vec<f64> {
    match solved {
        Solved::Balanced(flow) => value(grid, flow, table, id, field).into_iter().collect(),
        Solved::Phases(flow) => phase_value(grid, flow, table, id, field).map_or(Vec::new(), Vec::from),
    }
}

/// Compares one scenario; the number of values compared.
fn compare(name: &str, kind: &str, input: &Value, output: &Value, tolerance: &Tolerance) -> Result<usize, String> {
    let mut data = read::pgm_data(&input.to_string()).map_err(|error| error.to_string())?;
    data.islands = Islands::Dead;
    let grid = Grid::new(data).map_err(|error| error.to_string())?;
    let solved = if kind == "sym" {
        Solved::Balanced(solve_within(&grid, ReactiveLimits::Keep).map_err(|error| error.to_string())?)
    } else {
        Solved::Phases(solve_phases(&grid).map_err(|error| error.to_string())?)
    };
    let mut compared = 0;
    for (table, rows) in output.as_object().unwrap() {
        for (index, row) in rows.as_array().unwrap().iter().enumerate() {
            let row: &Map<String, Value> = row.as_object().unwrap();
            let id = row.get("id").unwrap_or(&input["data"][table][index]["id"]).to_string();
            let dead = row.get("energized") == Some(&Value::from(0));
            for (field, should) in row.iter().filter(|(field, _)| {
                *field != "id" && !(dead && *field == "u_angle") && !WRONG.contains(&(name, *field))
            }) {
                let should = should.as_array().cloned().unwrap_or_else(|| vec![should.clone()]);
                for (is, should) in values(&grid, &solved, table, &id, field).into_iter().zip(should) {
                    let Some(should) = should.as_f64() else { continue };
                    compared += 1;
                    if !tolerance.holds(field, is, should) {
                        return Err(format!("{name}: {table} {id} {field} is {is}, should be {should}"));
                    }
                }
            }
        }
    }
    Ok(compared)
}

fn run(folder: &Path, name: &str) -> Result<usize, String> {
    let tolerance = Tolerance::of(&json(&folder.join("params.json")).unwrap());
    let mut compared = 0;
    for kind in ["sym", "asym"] {
        for (name, input, output) in scenarios(folder, name, kind) {
            compared += compare(&name, kind, &input, &output, &tolerance)?;
        }
    }
    Ok(compared)
}

#[test]
fn load_flow_fixtures_hold() {
    let root = root("power_flow");
    let folders = folders(&root);
    let mut results = BTreeMap::new();
    for folder in &folders {
        let name = folder.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        if let Some((_, reason)) = UNSUPPORTED.iter().find(|(prefix, _)| name.starts_with(prefix)) {
            println!("not run: {name}: {reason}");
            continue;
        }
        results.insert(name.clone(), run(folder, &name));
    }
    let mut failed = 0;
    for (name, result) in &results {
        match result {
            Ok(compared) => println!("{name}: {compared} values"),
            Err(error) => println!("FAILED {error}"),
        }
        failed += usize::from(!matches!(result, Ok(1..)));
    }
    assert_eq!(failed, 0, "see above");
}
