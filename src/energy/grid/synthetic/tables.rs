//! The planner's tables of `assets/energy`: cable types, station transformers, rules. Embedded; a test reads them all.

use std::{collections::BTreeMap, fmt};

use thiserror::Error;

use crate::grid::PerKm;

const CABLES: &str = include_str!("../../../../assets/energy/cables.csv");
const SUBSTATIONS: &str = include_str!("../../../../assets/energy/substations.csv");
const PLANNING: &str = include_str!("../../../../assets/energy/planning.csv");

/// What a cable is laid for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CableUse {
    /// From the street to a building.
    Service,
    /// Low-voltage feeders, and services that need it.
    Feeder,
    /// Medium-voltage rings.
    Medium,
}

/// A cable type of `cables.csv`.
#[derive(Clone, PartialEq, Debug)]
pub struct CableType {
    pub name: String,
    pub usage: CableUse,
    pub section_mm2: f64,
    pub positive: PerKm,
    pub zero: PerKm,
    /// In ground, A.
    pub rated_a: f64,
    pub source: String,
}

/// A high to medium voltage transformer of `substations.csv`.
#[derive(Clone, PartialEq, Debug)]
pub struct SubstationType {
    pub rated_va: f64,
    /// Short-circuit voltage and its resistive part, 1.
    pub short_circuit: f64,
    pub resistive: f64,
    /// No-load current, 1, and loss, W.
    pub no_load: f64,
    pub no_load_loss_w: f64,
}

/// The rules of `planning.csv`; units there.
#[derive(Clone, PartialEq, Debug)]
pub struct Rules {
    pub high_v: f64,
    pub medium_v: f64,
    pub low_v: f64,
    pub frequency_hz: f64,
    pub source_pu: f64,
    pub source_short_circuit_va: f64,
    pub source_rx: f64,
    pub busbar_pu: f64,
    pub tap_step: f64,
    pub tap_most: f64,
    pub substation_load_w: f64,
    pub substation_merge_m: f64,
    pub power_factor: f64,
    /// kW per root of kWh.
    pub velander_k2: f64,
    pub feeder_loading: f64,
    pub service_loading: f64,
    pub feeder_drop: f64,
    pub service_drop: f64,
    pub ring_drop: f64,
    pub ring_load_w: f64,
    pub ring_stations: f64,
    pub ring_reserve_loading: f64,
    pub street_reach_m: f64,
    pub cell_reach_m: f64,
    pub single_phase_w: f64,
    pub service_entry_m: f64,
}

/// All tables.
#[derive(Clone, PartialEq, Debug)]
pub struct Tables {
    /// Smallest first within a use.
    pub cables: Vec<CableType>,
    /// Smallest first.
    pub substations: Vec<SubstationType>,
    pub rules: Rules,
}

/// Why a table cannot be used: its name, the line counted from 1, and the column.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{table}, line {line}, column \"{column}\": {what}")]
pub struct TableError {
    table: &'static str,
    line: usize,
    column: String,
    what: String,
}

impl Tables {
    pub fn embedded() -> Self {
        Self::read(CABLES, SUBSTATIONS, PLANNING).expect("the embedded tables are checked by a test")
    }

    fn read(cables: &str, substations: &str, planning: &str) -> Result<Self, TableError> {
        let cables = rows("cables.csv", cables)?.iter().map(cable).collect::<Result<Vec<_>, _>>()?;
        let substations =
            rows("substations.csv", substations)?.iter().map(substation).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { cables, substations, rules: rules(&rows("planning.csv", planning)?)? })
    }

    /// Cable types for a use by index, smallest first; services may take feeder cables.
    pub fn cables_for(&self, usage: CableUse) -> impl Iterator<Item = (u16, &CableType)> {
        let fits = move |cable: &CableType| {
            cable.usage == usage || usage == CableUse::Service && cable.usage == CableUse::Feeder
        };
        (0..).zip(&self.cables).filter(move |(_, cable)| fits(cable))
    }
}

impl Rules {
    /// Reactive over active power of loads, 1.
    pub fn tan_phi(&self) -> f64 {
        (1.0 / (self.power_factor * self.power_factor) - 1.0).max(0.0).sqrt()
    }

    /// Current of an active power at low or medium voltage, A.
    pub fn current_a(&self, p_w: f64, voltage_v: f64) -> f64 {
        p_w / (3_f64.sqrt() * voltage_v * self.power_factor)
    }

    /// Voltage drop of an active power over a length of a cable, 1 (Kirchhoff, the quadrature part left out).
    pub fn drop(&self, p_w: f64, length_m: f64, per_km: &PerKm, voltage_v: f64) -> f64 {
        p_w * length_m / 1000.0 * (per_km.r_ohm + per_km.x_ohm * self.tan_phi()) / (voltage_v * voltage_v)
    }
}

struct Row<'a> {
    table: &'static str,
    line: usize,
    fields: BTreeMap<&'a str, String>,
}

impl Row<'_> {
    fn text(&self, column: &str) -> &str {
        self.fields.get(column).map_or("", String::as_str)
    }

    fn fail(&self, column: &str, what: impl fmt::Display) -> TableError {
        TableError { table: self.table, line: self.line, column: column.to_owned(), what: what.to_string() }
    }

    /// A finite number above zero: every figure of these tables is one.
    fn number(&self, column: &str) -> Result<f64, TableError> {
        let text = self.text(column);
        let value = text.parse::<f64>().map_err(|_| self.fail(column, format!("\"{text}\" is no number")))?;
        let sound = value.is_finite() && value > 0.0;
        sound.then_some(value).ok_or_else(|| self.fail(column, format!("{value} is not above zero")))
    }

    fn source(&self) -> Result<String, TableError> {
        if !["reread", "memory", "own", "computed"].contains(&self.text("read")) {
            return Err(self.fail("read", "state reread, memory, own or computed"));
        }
        let source = self.text("source");
        if source.is_empty() { Err(self.fail("source", "state a source")) } else { Ok(source.to_owned()) }
    }
}

fn rows<'a>(table: &'static str, text: &'a str) -> Result<Vec<Row<'a>>, TableError> {
    let mut lines = text.lines().enumerate();
    let header: Vec<&str> = lines.next().map_or(Vec::new(), |(_, line)| line.split(',').collect());
    let row = |(index, line): (usize, &str)| {
        let fields = fields(line);
        let row = Row { table, line: index + 1, fields: header.iter().copied().zip(fields.iter().cloned()).collect() };
        if fields.len() == header.len() {
            Ok(row)
        } else {
            Err(row.fail("", format!("{} fields where the header has {}", fields.len(), header.len())))
        }
    };
    lines.filter(|(_, line)| !line.is_empty()).map(row).collect()
}

/// Fields of a line; a comma within quotes is text.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => {
                if let Some(field) = fields.last_mut() {
                    field.push(c);
                }
            }
        }
    }
    fields
}

fn cable(row: &Row<'_>) -> Result<CableType, TableError> {
    let per_km = |r: &str, x: &str, c: &str| {
        let (r_ohm, x_ohm, c_f) = (row.number(r)?, row.number(x)?, row.number(c)? * 1e-9);
        Ok(PerKm { r_ohm, x_ohm, g_s: 0.0, c_f })
    };
    let usage = match row.text("use") {
        "service" => CableUse::Service,
        "both" => CableUse::Feeder,
        "medium" => CableUse::Medium,
        _ => return Err(row.fail("use", "state service, both or medium")),
    };
    Ok(CableType {
        name: row.text("name").to_owned(),
        usage,
        section_mm2: row.number("section_mm2")?,
        positive: per_km("r_ohm_km", "x_ohm_km", "c_nf_km")?,
        zero: per_km("r0_ohm_km", "x0_ohm_km", "c0_nf_km")?,
        rated_a: row.number("rated_a")?,
        source: row.source()?,
    })
}

fn substation(row: &Row<'_>) -> Result<SubstationType, TableError> {
    row.source()?;
    Ok(SubstationType {
        rated_va: row.number("rated_mva")? * 1e6,
        short_circuit: row.number("short_circuit_percent")? / 100.0,
        resistive: row.number("resistive_percent")? / 100.0,
        no_load: row.number("no_load_percent")? / 100.0,
        no_load_loss_w: row.number("no_load_loss_kw")? * 1000.0,
    })
}

fn rules(rows: &[Row<'_>]) -> Result<Rules, TableError> {
    let mut values = BTreeMap::new();
    for row in rows {
        row.source()?;
        values.insert(row.text("quantity"), row.number("value")?);
    }
    let missing = |what: &str| TableError {
        table: "planning.csv",
        line: rows.len() + 1,
        column: "quantity".to_owned(),
        what: format!("{what} is missing; add its row"),
    };
    let of = |quantity: &str| values.get(quantity).copied().ok_or_else(|| missing(quantity));
    Ok(Rules {
        high_v: of("high_voltage")?,
        medium_v: of("medium_voltage")?,
        low_v: of("low_voltage")?,
        frequency_hz: of("frequency")?,
        source_pu: of("source_voltage")?,
        source_short_circuit_va: of("source_short_circuit")?,
        source_rx: of("source_rx")?,
        busbar_pu: of("busbar_voltage")?,
        tap_step: of("substation_tap_step")?,
        tap_most: of("substation_tap_most")?,
        substation_load_w: of("substation_load")?,
        substation_merge_m: of("substation_merge")?,
        power_factor: of("load_power_factor")?,
        velander_k2: of("velander_k2")?,
        feeder_loading: of("low_voltage_loading")?,
        service_loading: of("service_loading")?,
        feeder_drop: of("low_voltage_drop")?,
        service_drop: of("service_drop")?,
        ring_drop: of("medium_voltage_drop")?,
        ring_load_w: of("ring_load")?,
        ring_stations: of("ring_stations")?,
        ring_reserve_loading: of("ring_reserve_loading")?,
        street_reach_m: of("street_reach")?,
        cell_reach_m: of("cell_reach")?,
        single_phase_w: of("single_phase")?,
        service_entry_m: of("service_entry")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_tables_are_sound() {
        let tables = Tables::read(CABLES, SUBSTATIONS, PLANNING).unwrap_or_else(|error| panic!("{error}"));
        for usage in [CableUse::Service, CableUse::Feeder, CableUse::Medium] {
            let sections: Vec<f64> = tables.cables_for(usage).map(|(_, cable)| cable.section_mm2).collect();
            assert!(sections.len() > 1 && sections.is_sorted(), "{usage:?}: {sections:?}");
        }
        assert!(tables.cables.iter().all(|cable| cable.zero.r_ohm > cable.positive.r_ohm));
        assert!(tables.substations.is_sorted_by(|a, b| a.rated_va < b.rated_va));
        assert!((tables.rules.tan_phi() - 0.3287).abs() < 1e-4);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let fails = |cables: &str| Tables::read(cables, SUBSTATIONS, PLANNING).expect_err("wrong").to_string();
        let short = CABLES.lines().take(1).chain(["NAYY,both"]).collect::<Vec<_>>().join("\n");
        assert_eq!(fails(&short), "cables.csv, line 2, column \"\": 2 fields where the header has 12");
        let wrong = CABLES.replacen("0.868", "-0.868", 1);
        assert_eq!(fails(&wrong), "cables.csv, line 2, column \"r_ohm_km\": -0.868 is not above zero");
        let planning = PLANNING.replace("load_power_factor", "power_factor");
        let error = Tables::read(CABLES, SUBSTATIONS, &planning).expect_err("wrong").to_string();
        assert!(error.contains("load_power_factor is missing"), "{error}");
    }
}
