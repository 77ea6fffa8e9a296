//! The case file (TOML): text in, a checked [`BuildingCase`] out. All faults are told, one line each: file, key, what to do.

use citytwin_energy::building::{Layer, Lumped};
use toml::{Table, Value};

use super::{
    climate::Glazing,
    fields::{Faults, Fields, within},
};

/// Largest plausible values, for numbers whose unit is easily mistaken.
const LARGEST_AREA_M2: f64 = 1e6;
const LAYERS: usize = 20;

/// One thing wrong in a case file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BuildingCaseFault {
    /// As `window[0].area_m2`; empty where the whole file is meant.
    pub key: String,
    pub what: String,
}

/// Why a case cannot be used. `Display` is one line for each fault.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", .faults.iter().map(|f| if f.key.is_empty() { format!("{}: {}", .file, f.what) } else { format!("{}: {} {}", .file, f.key, f.what) }).collect::<Vec<_>>().join("\n"))]
pub struct BuildingCaseError {
    pub file: String,
    pub faults: Vec<BuildingCaseFault>,
}

/// A building as a case file states it. How to write one: `tests/cases/energy/ashrae140/README.md`.
#[derive(Clone, PartialEq, Debug)]
pub struct BuildingCase {
    pub title: String,
    pub(super) floor_m2: f64,
    pub(super) volume_m3: f64,
    pub(super) air_changes_per_h: f64,
    pub(super) internal_w: f64,
    pub(super) radiant: f64,
    pub(super) sun_lost: f64,
    pub(super) sun_on_floor: f64,
    /// By hour of the day; ∓∞ where off.
    pub(super) heating_c: [f64; 24],
    pub(super) cooling_c: [f64; 24],
    /// Fan: m³/h by hour of the day.
    pub(super) fan_m3_h: [f64; 24],
    /// Of the ground before the building, 1; the weather's where the case states none.
    pub(super) ground_reflectance: Option<f64>,
    pub(super) surfaces: Surfaces,
    pub(super) opaque: Vec<Opaque>,
    pub(super) windows: Vec<Window>,
    pub(super) glazing: Glazing,
    pub(super) iso13790: Effective,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Surfaces {
    pub convection_w_m2k: f64,
    /// Outside of walls.
    pub outside_m2k_w: f64,
    pub roof_outside_m2k_w: f64,
    pub absorptance: f64,
    pub emissivity: f64,
}

/// Where an opaque part looks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Facing {
    /// Degree clockwise from north.
    Azimuth(f64),
    Roof,
    Ground,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Opaque {
    pub facing: Facing,
    pub area_m2: f64,
    pub lumped: Lumped,
}

/// A window, with what stands out over and beside it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Window {
    pub azimuth_deg: f64,
    pub area_m2: f64,
    pub width_m: f64,
    pub height_m: f64,
    pub overhang_m: f64,
    pub overhang_above_m: f64,
    pub fins_m: f64,
    pub fins_beside_m: f64,
}

/// Effective parameters of the 5R1C network, where the case states them.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(super) struct Effective {
    pub capacity_j_m2k: Option<f64>,
    pub mass_per_floor: Option<f64>,
    pub surface_air_w_m2k: Option<f64>,
    /// Inside surfaces per floor area, 1.
    pub surface_per_floor: Option<f64>,
    /// Outside of walls, roof and windows, m²·K/W.
    pub outside_m2k_w: Option<f64>,
    pub wall_u: Option<f64>,
    pub roof_u: Option<f64>,
    pub floor_u: Option<f64>,
    pub window_u: Option<f64>,
    /// Transmittance of the glass at right angles.
    pub g: Option<f64>,
    /// Of the sun through windows, instead of overhang and fins hour by hour.
    pub shading: Option<f64>,
    /// Setpoints that are held all day instead of the thermostat's, °C.
    pub heating_c: Option<f64>,
    pub cooling_c: Option<f64>,
    /// Of the mass at the year's start, °C, with nothing simulated before.
    pub start_c: Option<f64>,
    /// Whether the sun goes by short formulae, as the peer's does.
    pub simple_sun: bool,
}

/// Reads a case; `file` is what errors call it.
pub fn read_building_case(file: &str, text: &str) -> Result<BuildingCase, BuildingCaseError> {
    let error = |faults| BuildingCaseError { file: file.to_owned(), faults };
    let table: Table = text.parse().map_err(|fault: toml::de::Error| {
        let line = fault.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        let what = format!("line {line} is no TOML: {}", fault.message().lines().next().unwrap_or("unreadable"));
        error(vec![BuildingCaseFault { key: String::new(), what }])
    })?;
    let mut faults = Faults::new();
    let case = case(&Fields::new(&table, ""), &mut faults);
    match case {
        Some(case) if faults.is_empty() => Ok(case),
        _ => Err(error(faults)),
    }
}

fn case(root: &Fields<'_>, faults: &mut Faults) -> Option<BuildingCase> {
    root.only(
        &[
            "title",
            "source",
            "floor_m2",
            "volume_m3",
            "air_changes_per_h",
            "ground_reflectance",
            "internal",
            "thermostat",
            "fan",
            "surfaces",
            "constructions",
            "opaque",
            "window",
            "glazing",
            "iso13790",
        ],
        faults,
    );
    let title = root.text("title", faults).to_owned();
    let floor_m2 = root.number("floor_m2", [1.0, LARGEST_AREA_M2], faults);
    let volume_m3 = root.number("volume_m3", [1.0, 1e7], faults);
    let air_changes_per_h = root.number("air_changes_per_h", [0.0, 50.0], faults);
    let internal = root.needed("internal", faults)?;
    internal.only(&["power_w", "radiant", "sun_lost", "sun_on_floor"], faults);
    let (heating_c, cooling_c) = thermostat(root, faults);
    Some(BuildingCase {
        title,
        floor_m2,
        volume_m3,
        air_changes_per_h,
        internal_w: internal.number("power_w", [0.0, 1e6], faults),
        radiant: internal.number("radiant", [0.0, 1.0], faults),
        sun_lost: internal.number_or("sun_lost", 0.0, [0.0, 1.0], faults),
        sun_on_floor: internal.number_or("sun_on_floor", 0.5, [0.0, 1.0], faults),
        heating_c,
        cooling_c,
        fan_m3_h: fan(root, faults),
        ground_reflectance: root
            .has("ground_reflectance")
            .then(|| root.number("ground_reflectance", [0.0, 1.0], faults)),
        surfaces: surfaces(root, faults)?,
        opaque: opaque(root, faults),
        windows: windows(root, faults),
        glazing: glazing(root, faults)?,
        iso13790: effective(root, faults),
    })
}

fn thermostat(root: &Fields<'_>, faults: &mut Faults) -> ([f64; 24], [f64; 24]) {
    let off = ([f64::NEG_INFINITY; 24], [f64::INFINITY; 24]);
    let Some(table) = root.table("thermostat", faults) else { return off };
    table.only(&["heating_c", "cooling_c"], faults);
    let heating = setpoints(&table, "heating_c", f64::NEG_INFINITY, faults);
    let cooling = setpoints(&table, "cooling_c", f64::INFINITY, faults);
    if let Some(hour) = (0..24).find(|&hour| heating[hour] > cooling[hour]) {
        let what = format!("is {} at hour {hour}, above cooling_c of {}; lower it", heating[hour], cooling[hour]);
        faults.push(table.fault("heating_c", what));
    }
    (heating, cooling)
}

/// One setpoint, "off", or 24 of either.
fn setpoints(table: &Fields<'_>, key: &str, off: f64, faults: &mut Faults) -> [f64; 24] {
    let one = |value: &Value| match value {
        Value::String(text) if text == "off" => Ok(off),
        other => within(other, [-50.0, 100.0]).map_err(|what| format!("{what}, or \"off\"")),
    };
    let found = match table.value(key) {
        None => return [off; 24],
        Some(Value::Array(hours)) if hours.len() == 24 => hours.iter().map(one).collect::<Result<Vec<_>, _>>(),
        Some(Value::Array(hours)) => Err(format!("has {} values; give one, or 24 for the hours of a day", hours.len())),
        Some(value) => one(value).map(|value| vec![value; 24]),
    };
    found.map_or_else(
        |what| {
            faults.push(table.fault(key, what));
            [off; 24]
        },
        |values| std::array::from_fn(|hour| values[hour]),
    )
}

/// Hours that a fan runs, over midnight where it starts later than it ends.
fn fan(root: &Fields<'_>, faults: &mut Faults) -> [f64; 24] {
    let Some(table) = root.table("fan", faults) else { return [0.0; 24] };
    table.only(&["m3_per_h", "from_hour", "to_hour"], faults);
    let flow = table.number("m3_per_h", [0.0, 1e7], faults);
    let from = table.number("from_hour", [0.0, 24.0], faults) as usize;
    let to = table.number("to_hour", [0.0, 24.0], faults) as usize;
    let on = |hour: usize| if from <= to { (from..to).contains(&hour) } else { hour >= from || hour < to };
    std::array::from_fn(|hour| if on(hour) { flow } else { 0.0 })
}

fn surfaces(root: &Fields<'_>, faults: &mut Faults) -> Option<Surfaces> {
    let table = root.needed("surfaces", faults)?;
    table.only(&["convection_w_m2k", "outside_m2k_w", "roof_outside_m2k_w", "absorptance", "emissivity"], faults);
    let outside_m2k_w = table.number("outside_m2k_w", [0.0, 1.0], faults);
    Some(Surfaces {
        convection_w_m2k: table.number("convection_w_m2k", [0.1, 50.0], faults),
        outside_m2k_w,
        roof_outside_m2k_w: table.number_or("roof_outside_m2k_w", outside_m2k_w, [0.0, 1.0], faults),
        absorptance: table.number("absorptance", [0.0, 1.0], faults),
        emissivity: table.number("emissivity", [0.0, 1.0], faults),
    })
}

fn opaque(root: &Fields<'_>, faults: &mut Faults) -> Vec<Opaque> {
    let parts = root.tables("opaque", faults);
    if parts.is_empty() {
        faults.push(root.fault("opaque", "is missing; write [[opaque]] for each wall, the roof and the floor"));
    }
    let constructions = root.needed("constructions", faults);
    let mut found = Vec::new();
    for part in parts {
        part.only(&["facing", "area_m2", "construction"], faults);
        let facing = match part.value("facing") {
            Some(Value::String(text)) if text == "roof" => Facing::Roof,
            Some(Value::String(text)) if text == "ground" => Facing::Ground,
            Some(value) => Facing::Azimuth(within(value, [0.0, 360.0]).unwrap_or_else(|what| {
                faults.push(part.fault("facing", format!("{what}, \"roof\" or \"ground\"")));
                0.0
            })),
            None => {
                faults.push(part.fault("facing", "is missing; give degrees from north, \"roof\" or \"ground\""));
                Facing::Roof
            }
        };
        let area_m2 = part.number("area_m2", [0.0, LARGEST_AREA_M2], faults);
        let name = part.text("construction", faults);
        let layers = constructions.as_ref().and_then(|all| all.table(name, faults));
        let Some(construction) = layers else {
            faults.push(part.fault("construction", format!("\"{name}\" is not there; write [constructions.{name}]")));
            continue;
        };
        found.push(Opaque { facing, area_m2, lumped: Lumped::of(&layers_of(&construction, faults)) });
    }
    found
}

/// `layers = [[thickness m, conductivity W/(m·K), density kg/m³, specific heat J/(kg·K)], …]`, from inside to outside.
fn layers_of(construction: &Fields<'_>, faults: &mut Faults) -> Vec<Layer> {
    construction.only(&["layers"], faults);
    let four = "give [thickness m, conductivity W/(m·K), density kg/m³, specific heat J/(kg·K)] from inside to outside";
    let Some(Value::Array(rows)) = construction.value("layers") else {
        faults.push(construction.fault("layers", format!("is missing or no list; {four}")));
        return Vec::new();
    };
    if rows.is_empty() || rows.len() > LAYERS {
        faults.push(construction.fault("layers", format!("has {} layers; give 1 to {LAYERS}", rows.len())));
    }
    const RANGES: [[f64; 2]; 4] = [[1e-4, 10.0], [1e-3, 500.0], [0.0, 25_000.0], [0.0, 10_000.0]];
    let mut layers = Vec::new();
    for (index, row) in rows.iter().take(LAYERS).enumerate() {
        let key = format!("layers[{index}]");
        match row.as_array().map(Vec::as_slice) {
            Some(row @ [_, _, _, _]) => {
                let mut values = [0.0; 4];
                for (place, value) in row.iter().enumerate() {
                    match within(value, RANGES[place]) {
                        Ok(number) => values[place] = number,
                        Err(what) => faults.push(construction.fault(&format!("{key}[{place}]"), what)),
                    }
                }
                let [thickness_m, conductivity_w_mk, density_kg_m3, specific_heat_j_kgk] = values;
                layers.push(Layer { thickness_m, conductivity_w_mk, density_kg_m3, specific_heat_j_kgk });
            }
            _ => faults.push(construction.fault(&key, format!("is no row of four; {four}"))),
        }
    }
    layers
}

fn windows(root: &Fields<'_>, faults: &mut Faults) -> Vec<Window> {
    let of = |window: Fields<'_>| {
        window.only(
            &[
                "azimuth_deg",
                "area_m2",
                "width_m",
                "height_m",
                "overhang_m",
                "overhang_above_m",
                "fins_m",
                "fins_beside_m",
            ],
            faults,
        );
        let mut length = |key: &str, default: f64| window.number_or(key, default, [0.0, 1000.0], faults);
        let [width_m, height_m] = [length("width_m", 1.0).max(0.01), length("height_m", 1.0).max(0.01)];
        let [overhang_m, overhang_above_m] = [length("overhang_m", 0.0), length("overhang_above_m", 0.0)];
        let [fins_m, fins_beside_m] = [length("fins_m", 0.0), length("fins_beside_m", 0.0)];
        Window {
            azimuth_deg: window.number("azimuth_deg", [0.0, 360.0], faults),
            area_m2: window.number("area_m2", [0.0, LARGEST_AREA_M2], faults),
            width_m,
            height_m,
            overhang_m,
            overhang_above_m,
            fins_m,
            fins_beside_m,
        }
    };
    root.tables("window", &mut Vec::new()).into_iter().map(of).collect()
}

fn glazing(root: &Fields<'_>, faults: &mut Faults) -> Option<Glazing> {
    let table = root.needed("glazing", faults)?;
    table.only(&["u_w_m2k", "g", "incidence", "diffuse"], faults);
    let mut incidence = [0.0; 6];
    let given = table.numbers("incidence", incidence.len(), [-10.0, 10.0], faults);
    incidence[..given.len()].copy_from_slice(&given);
    Some(Glazing {
        u_w_m2k: table.number("u_w_m2k", [0.05, 10.0], faults),
        g: table.number("g", [0.0, 1.0], faults),
        incidence,
        diffuse: table.number("diffuse", [0.0, 1.0], faults),
    })
}

fn effective(root: &Fields<'_>, faults: &mut Faults) -> Effective {
    let Some(table) = root.table("iso13790", faults) else { return Effective::default() };
    let keys = [
        "capacity_j_m2k",
        "mass_per_floor",
        "surface_air_w_m2k",
        "surface_per_floor",
        "outside_m2k_w",
        "wall_u",
        "roof_u",
        "floor_u",
        "window_u",
        "g",
        "shading",
        "heating_c",
        "cooling_c",
        "start_c",
        "sun",
    ];
    table.only(&keys, faults);
    let simple_sun = match table.value("sun") {
        None => false,
        Some(Value::String(text)) if text == "simple" => true,
        Some(_) => {
            faults.push(table.fault("sun", "is not \"simple\"; write that or leave the key out"));
            false
        }
    };
    let mut number = |key: &str, range: [f64; 2]| table.has(key).then(|| table.number(key, range, faults));
    let own = Effective {
        capacity_j_m2k: number("capacity_j_m2k", [1e3, 1e7]),
        mass_per_floor: number("mass_per_floor", [0.1, 10.0]),
        surface_air_w_m2k: number("surface_air_w_m2k", [0.1, 50.0]),
        surface_per_floor: number("surface_per_floor", [1.0, 20.0]),
        outside_m2k_w: number("outside_m2k_w", [0.0, 1.0]),
        wall_u: number("wall_u", [0.01, 10.0]),
        roof_u: number("roof_u", [0.01, 10.0]),
        floor_u: number("floor_u", [0.0, 10.0]),
        window_u: number("window_u", [0.05, 10.0]),
        g: number("g", [0.0, 1.0]),
        shading: number("shading", [0.0, 1.0]),
        heating_c: number("heating_c", [-50.0, 100.0]),
        cooling_c: number("cooling_c", [-50.0, 100.0]),
        start_c: number("start_c", [-50.0, 100.0]),
        simple_sun,
    };
    if let Some((heating, cooling)) = own.heating_c.zip(own.cooling_c).filter(|(heating, cooling)| heating > cooling) {
        faults.push(table.fault("heating_c", format!("is {heating}, above cooling_c of {cooling}; lower it")));
    }
    own
}
