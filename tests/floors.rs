//! The floors hold: what each package may know is written once, in `src/README.md`, and this test compares
//! it with what Cargo is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

type Floors = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Rows of the table under "## Floors": `| floor | knows | … |`.
fn written() -> Floors {
    let text = fs::read_to_string(root().join("src/README.md")).unwrap();
    let section = text.split("## Floors").nth(1).expect("src/README.md has a section Floors");
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| {
            let mut cells = line.split('|');
            let floor = cells.next().unwrap().trim().trim_matches('`').to_owned();
            let knows = cells.next().unwrap();
            let knows = knows.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            (floor, knows)
        })
        .collect()
}

fn names(manifest: &Path, table: &str) -> BTreeSet<String> {
    let manifest: toml::Table = fs::read_to_string(manifest).unwrap().parse().unwrap();
    manifest.get(table).and_then(|t| t.as_table()).map(|t| t.keys().cloned().collect()).unwrap_or_default()
}

fn floors_in(names: &BTreeSet<String>) -> BTreeSet<String> {
    names.iter().filter_map(|n| n.strip_prefix("citytwin-")).map(str::to_owned).collect()
}

/// `[dependencies]` of every package, by floor; the door is `main.rs`.
fn told() -> Floors {
    let mut floors = Floors::new();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let floor = path.file_name().unwrap().to_string_lossy().into_owned();
            floors.insert(floor, floors_in(&names(&path.join("Cargo.toml"), "dependencies")));
        }
    }
    floors.insert("main.rs".into(), floors_in(&names(&root().join("Cargo.toml"), "dependencies")));
    floors
}

#[test]
fn the_written_table_is_what_cargo_enforces() {
    let (written, told) = (written(), told());
    assert!(written.len() >= 10, "the table in src/README.md was not found");
    assert_eq!(written, told, "left: src/README.md, right: the manifests");
}

#[test]
fn a_floor_knows_only_floors_below() {
    let floors = told();
    for (floor, knows) in &floors {
        let mut open: Vec<&String> = knows.iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(below) = open.pop() {
            assert_ne!(below, floor, "{floor} reaches itself");
            if seen.insert(below) {
                open.extend(&floors[below]);
            }
        }
    }
    for engine in ["traffic", "energy", "environment"] {
        assert_eq!(floors[engine], BTreeSet::from(["model".to_owned()]), "{engine} must know the model alone");
    }
}

#[test]
fn only_the_upper_floors_depend_on_bevy_and_only_the_view_draws() {
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let floor = path.file_name().unwrap().to_string_lossy().into_owned();
        let packages = names(&path.join("Cargo.toml"), "dependencies");
        if packages.iter().any(|p| p.starts_with("bevy")) {
            assert!(["twin", "view", "desktop"].contains(&floor.as_str()), "{floor} must not depend on bevy");
        }
        if floor == "twin" {
            assert!(!packages.contains("bevy"), "the twin runs without the renderer: bevy_app, bevy_ecs, bevy_time");
        }
        if floor == "panels" {
            assert!(!packages.iter().any(|p| p.contains("bevy")), "panels are egui alone");
        }
    }
}
