//! Fixtures of power-grid-model: finding, updating, tolerances.

use std::{
    f64::consts::TAU,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// Folders below `folder` that hold a fixture, in order.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    find(folder, &mut found);
    found.sort();
    found
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            find(&path, found);
        } else if path.file_name().is_some_and(|name| name == "params.json") {
            found.push(folder.to_path_buf());
        }
    }
}

/// Where the fixtures of one kind of calculation lie.
pub fn root(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/energy/pgm_fixtures").join(kind)
}

pub fn json(path: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// Input with a scenario's changes, by id, or by place where the update leaves ids out. Of a list with gaps, the places
/// that are stated change.
pub fn updated(input: &Value, update: &Value) -> Value {
    let mut input = input.clone();
    for (table, rows) in update.as_object().unwrap() {
        let Some(targets) = input["data"][table].as_array_mut() else { continue };
        for (index, row) in rows.as_array().unwrap().iter().enumerate() {
            let row = row.as_object().unwrap();
            let at = row.get("id").map_or(Some(index), |id| targets.iter().position(|target| target["id"] == *id));
            let Some(target) = at.and_then(|at| targets[at].as_object_mut()) else { continue };
            for (name, value) in row.iter().filter(|(name, value)| *name != "id" && !value.is_null()) {
                let old = target.get(name).and_then(Value::as_array).cloned();
                let mut new = value.clone();
                for (at, cell) in new.as_array_mut().into_iter().flatten().enumerate().filter(|(_, c)| c.is_null()) {
                    *cell = old.as_ref().map_or(Value::Null, |old| old[at].clone());
                }
                target.insert(name.clone(), new);
            }
        }
    }
    input
}

pub struct Tolerance {
    relative: f64,
    absolute: Value,
}

impl Tolerance {
    pub fn of(params: &Value) -> Self {
        Self { relative: params["rtol"].as_f64().unwrap(), absolute: params["atol"].clone() }
    }

    fn absolute(&self, field: &str) -> f64 {
        let map = match &self.absolute {
            Value::Object(map) => map,
            number => return number.as_f64().unwrap(),
        };
        map.get(field).or_else(|| map.get("default")).and_then(Value::as_f64).unwrap()
    }

    /// Angles are the same a turn apart.
    pub fn holds(&self, field: &str, is: f64, should: f64) -> bool {
        let turns = if field == "u_angle" { ((is - should) / TAU).round() } else { 0.0 };
        (is - TAU * turns - should).abs() <= self.absolute(field) + self.relative * should.abs()
    }
}

/// Scenarios of a fixture for "sym" or "asym": name, input, output.
pub fn scenarios(folder: &Path, name: &str, kind: &str) -> Vec<(String, Value, Value)> {
    let input = json(&folder.join("input.json")).unwrap();
    let mut all = Vec::new();
    if let Some(output) = json(&folder.join(format!("{kind}_output.json"))) {
        all.push((name.to_owned(), input.clone(), output["data"].clone()));
    }
    let files = (json(&folder.join(format!("{kind}_output_batch.json"))), json(&folder.join("update_batch.json")));
    let (Some(output), Some(update)) = files else { return all };
    let (outputs, updates) = (output["data"].as_array().unwrap(), update["data"].as_array().unwrap());
    for (index, (output, update)) in outputs.iter().zip(updates).enumerate() {
        all.push((format!("{name}[{index}]"), updated(&input, update), output.clone()));
    }
    all
}
