//! Every bad input is refused with one clear line that names file, table, row and field, and nothing is half-loaded.

use citytwin_energy::grid::{Report, read, solve};
use serde_json::{Value, json};

/// A source, a transformer, a cable and a load; two of everything that must be unique.
fn sound() -> Value {
    json!({ "version": "1.0", "type": "input", "is_batch": false, "attributes": {}, "data": {
        "node": [{ "id": 1, "u_rated": 10000.0 }, { "id": 2, "u_rated": 400.0 }, { "id": 3, "u_rated": 400.0 }],
        "source": [{ "id": 4, "node": 1, "status": 1, "u_ref": 1.0, "sk": 1e9 }],
        "transformer": [transformer(5), transformer(6)],
        "line": [{ "id": 7, "from_node": 2, "to_node": 3, "from_status": 1, "to_status": 1,
                   "r1": 0.1, "x1": 0.05, "c1": 1e-7, "tan1": 0.0, "i_n": 200.0 }],
        "sym_load": [{ "id": 8, "node": 3, "status": 1, "type": 0, "p_specified": 2e4, "q_specified": 1e3 }],
    }})
}

fn transformer(id: i64) -> Value {
    json!({ "id": id, "from_node": 1, "to_node": 2, "from_status": 1, "to_status": 1, "u1": 10000.0, "u2": 400.0,
            "sn": 1e5, "uk": 0.04, "pk": 1000.0, "i0": 0.01, "p0": 100.0, "winding_from": 2, "winding_to": 1,
            "clock": 11, "tap_side": 0, "tap_pos": 0, "tap_min": 0, "tap_max": 0, "tap_nom": 0, "tap_size": 0.0 })
}

fn check(change: impl Fn(&mut Value), expected: &str) {
    let mut file = sound();
    change(&mut file["data"]);
    refused(&file.to_string(), expected);
}

fn refused(text: &str, expected: &str) {
    let error = read::any("grid.json", text).expect_err(expected).to_string();
    assert_eq!(error, expected);
}

#[test]
fn the_sound_file_is_solved_and_told() {
    let grid = read::any("grid.json", &sound().to_string()).unwrap();
    let flow = solve(&grid).unwrap();
    let report = serde_json::to_value(Report::balanced(&grid, &flow, 0.25)).unwrap();
    assert_eq!(report["converged"], true);
    assert_eq!(report["buses"][2]["id"], 3);
    assert!(report["buses"][2]["vm_pu"].as_f64().unwrap() < 1.0);
    let va_deg = report["buses"][1]["va_deg"].as_f64().unwrap();
    assert!((va_deg - 30.0).abs() < 1.0, "clock 11 leads by 30 degrees: {va_deg}");
    assert_eq!(report["branches"].as_array().unwrap().len(), 3);
    let line = &report["branches"][0];
    assert!((line["p_to_mw"].as_f64().unwrap() + 0.02).abs() < 1e-9);
    assert!(line["loading_percent"].as_f64().unwrap() > 10.0);
    let fed: f64 = report["losses_mw"].as_f64().unwrap() + 0.02;
    assert!((flow.sources[0].re / 1e6 - fed).abs() < 1e-9);
    assert_eq!(report["cpu_s"], 0.25);
}

#[test]
fn each_fault_has_one_line_with_its_place() {
    check(
        |data| data["node"].as_array_mut().unwrap().push(json!({ "id": 9, "u_rated": 400.0 })),
        "grid.json: table node, row 4 (id 9): no source reaches it by any line, transformer or switch (an island); \
         connect it or leave it out",
    );
    check(
        |data| (data["line"][0]["r1"], data["line"][0]["x1"]) = (json!(0.0), json!(0.0)),
        "grid.json: table line, row 1 (id 7), field r, x: series impedance is zero; state r or x, or use a switch",
    );
    check(
        |data| data["transformer"][1]["id"] = json!(5),
        "grid.json: table transformer, row 2 (id 5), field id: the id stands already in row 1; give each element its own",
    );
    check(
        |data| data["sym_load"][0]["id"] = json!(7),
        "grid.json: table sym_load, row 1 (id 7), field id: the id stands already in table line, row 1",
    );
    check(
        |data| data["transformer"][1]["u2"] = json!(440.0),
        "grid.json: table transformer, row 2 (id 6): closes a loop whose ratios differ by 10.0 % and 0.0 degrees, so that \
         a current circulates; check rated voltages and vector groups",
    );
    check(
        |data| data["transformer"][1]["clock"] = json!(5),
        "grid.json: table transformer, row 2 (id 6): closes a loop whose ratios differ by 0.0 % and 180.0 degrees, so that \
         a current circulates; check rated voltages and vector groups",
    );
    check(
        |data| data["line"][0]["to_node"] = json!(77),
        "grid.json: table line, row 1 (id 7), field to_node: there is no bus 77; name a bus of the file",
    );
    check(
        |data| data["source"][0]["status"] = json!(0),
        "grid.json: table source: no external grid is in service; a load flow needs one",
    );
    check(
        |data| data["transformer_tap_regulator"] = json!([{ "id": 9 }]),
        "grid.json: table transformer_tap_regulator: is a component that is not supported",
    );
}

/// NaN as Python writes it, which is no JSON.
#[test]
fn a_load_that_is_no_number_is_named() {
    let text = sound().to_string().replace("20000.0", "NaN");
    refused(
        &text,
        "grid.json: table sym_load, row 1 (id 8), field p_specified: NaN is no finite number; state a number",
    );
}

const NODES: &str = "id,u_rated_kv\n1,0.4\n2,0.4\n";
const SOURCE: &str = "node,u_ref_pu\n1,1.0\n";

fn check_csv(files: &[(&str, &str)], expected: &str) {
    let mut all = vec![("nodes.csv", NODES), ("source.csv", SOURCE)];
    all.extend(files);
    let error = read::csv("folder", &all).expect_err(expected).to_string();
    assert_eq!(error, expected);
}

#[test]
fn faults_of_csv_tables_are_named() {
    let lines = "id,from,to,length_m,r1_ohm_per_km,x1_ohm_per_km\n1,1,2,100,0.2,0.08\n";
    let files = [("nodes.csv", NODES), ("source.csv", SOURCE), ("lines.csv", lines)];
    let grid = read::csv("folder", &files).unwrap();
    assert_eq!((grid.buses[0].rated_v, grid.lines[0].length_km), (400.0, 0.1));
    check_csv(
        &[("lines.csv", &lines.replace("100", "-100"))],
        "folder: table lines.csv, row 1 (id 1), field length: -0.1 is not above zero; state a positive value",
    );
    check_csv(
        &[("lines.csv", &lines.replace("length_m", "length_mile"))],
        "folder: table lines.csv, field length_mile: unknown unit mile; use one of m, km",
    );
    check_csv(
        &[("lines.csv", lines), ("loads.csv", "id,node,p_kw,q_kvar\n1,2,nan,0\n")],
        "folder: table loads.csv, row 1 (id 1), field p: NaN is no finite number; state a number",
    );
    check_csv(
        &[("lines.csv", lines), ("loads.csv", "")],
        "folder: table loads.csv: is empty; its first line names the columns",
    );
    check_csv(
        &[("lines.csv", lines), ("loads.csv", "id,node,p_kw,p_w,q_kvar\n1,2,1,1000,0\n")],
        "folder: table loads.csv, field p_w: states a quantity that another column states",
    );
    check_csv(
        &[("lines.csv", "id,from,to,r1_ohm,x1_ohm\n1,1,2,0.1\n")],
        "folder: table lines.csv, row 1 (id 1): has 4 cells where the header has 5",
    );
}

/// Lines of fewer than three phases: a load on a phase that does not come, phases and taps that are none.
#[test]
fn faults_of_phases_are_named() {
    let line =
        "id,from,to,phases,r_aa_ohm,r_ab_ohm,r_bb_ohm,x_aa_ohm,x_ab_ohm,x_bb_ohm\n1,1,2,ab,0.1,0,0.1,0.1,0,0.1\n";
    let load = |phase: &str| format!("id,node,p_kw,q_kvar,phase\n7,2,1,0,{phase}\n");
    let missing = "folder: table loads.csv, row 1 (id 7), field phase: draws from phase c, which no line brings to its bus; \
                   name a phase that it has";
    check_csv(&[("phase_lines.csv", line), ("loads.csv", &load("c"))], missing);
    check_csv(&[("phase_lines.csv", line), ("loads.csv", &load("bc"))], missing);
    check_csv(
        &[("phase_lines.csv", &line.replace(",ab,", ",ad,"))],
        "folder: table phase_lines.csv, row 1 (id 1), field phases: \"ad\" names no phases; use a, b, c, ab, bc, ac or abc",
    );
    check_csv(
        &[("phase_lines.csv", &line.replace(",ab,0.1", ",ab,"))],
        "folder: table phase_lines.csv, row 1 (id 1), field r_aa: is missing; state a number",
    );
    check_csv(
        &[("regulators.csv", "id,from,to,tap_a\n1,1,2,-160\n")],
        "folder: table regulators.csv, row 1 (id 1), field tap_a: 0 is not above zero; state a positive value",
    );
}

/// Truncated and foreign files of every kind give an error, never a panic.
#[test]
fn truncated_files_are_refused() {
    let json = sound().to_string();
    let matpower = "function mpc = x\nmpc.baseMVA = 1;\nmpc.bus = [\n1 3 0 0 0 0 1 1 0 10 1 1 1;\n2 1 1 1 0 0 1 1 0 10 1 1 1;\n];\n\
                    mpc.gen = [\n1 0 0 1 -1 1 1 1 1 0;\n];\nmpc.branch = [\n1 2 0.01 0.01 0 0 0 0 0 0 1;\n];\n";
    assert!(read::any("x.m", matpower).is_ok());
    for text in [json.as_str(), matpower] {
        for end in 0..text.len() - 2 {
            let error = read::any("file", &text[..end]).expect_err("a truncated file").to_string();
            assert!(error.starts_with("file: "), "{error}");
        }
    }
    for text in ["", "{}", "[]", "{\"data\": 3}", "mpc.bus = 3", "{\"_object\": {\"pandapowerNet\": 1}}"] {
        assert!(read::any("file", text).is_err(), "{text}");
    }
}

/// Too much load for the cable: the place is told.
#[test]
fn a_case_without_a_solution_says_where() {
    let text = sound().to_string().replace("20000.0", "2e7");
    let error = solve(&read::any("grid.json", &text).unwrap()).unwrap_err().to_string();
    assert!(
        error.contains("did not converge") && error.contains("at bus ") && error.contains("table node, row"),
        "{error}"
    );
}
