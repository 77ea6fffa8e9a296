//! Lines, transformers and switches of pandapower networks.

use std::collections::HashMap;

use super::{
    super::{
        element::{Line, PerKm, Side, Switch, Tap, Transformer, TransformerModel, Winding, ZeroPlate},
        error::Fault,
    },
    pandapower::{FrameRow, Reader},
    row::Row,
};

pub fn read(reader: &mut Reader<'_>) {
    lines(reader);
    transformers(reader);
    switches(reader);
}

fn lines(reader: &mut Reader<'_>) {
    let Some(frame) = reader.frame("line") else { return };
    for (number, (id, cells)) in frame.rows.iter().enumerate() {
        let cells = FrameRow(&frame.columns, cells);
        let mut row = Row::new("line", number + 1, &format!("line/{id}"), &cells, &mut reader.errors);
        let ends = Reader::ends(&mut row, &reader.buses, ["from_bus", "to_bus"]);
        let positive = PerKm {
            r_ohm: row.number("r_ohm_per_km"),
            x_ohm: row.number("x_ohm_per_km"),
            g_s: row.number_or("g_us_per_km", 0.0) * 1e-6,
            c_f: row.number_or("c_nf_per_km", 0.0) * 1e-9,
        };
        let zero = (row.has("r0_ohm_per_km") && row.has("x0_ohm_per_km")).then(|| PerKm {
            r_ohm: row.number("r0_ohm_per_km"),
            x_ohm: row.number("x0_ohm_per_km"),
            g_s: row.number_or("g0_us_per_km", 0.0) * 1e-6,
            c_f: row.number_or("c0_nf_per_km", 0.0) * 1e-9,
        });
        let derating = row.number_or("df", 1.0);
        let rated_a = row.optional("max_i_ka").map(|ka| ka * 1e3 * derating);
        let (length_km, parallel) = (row.number("length_km"), row.parallel());
        let (label, matrix) = (row.label, None);
        reader.data.lines.push(Line { label, ends, length_km, parallel, positive, zero, matrix, rated_a });
    }
}

fn transformers(reader: &mut Reader<'_>) {
    let Some(frame) = reader.frame("trafo") else { return };
    for (number, (id, cells)) in frame.rows.iter().enumerate() {
        let cells = FrameRow(&frame.columns, cells);
        let mut row = Row::new("trafo", number + 1, &format!("trafo/{id}"), &cells, &mut reader.errors);
        let ends = Reader::ends(&mut row, &reader.buses, ["hv_bus", "lv_bus"]);
        let rated_va = row.number("sn_mva") * 1e6;
        let (from_v, to_v) = (row.number("vn_hv_kv") * 1e3, row.number("vn_lv_kv") * 1e3);
        let zero = row.optional("vk0_percent").map(|percent| ZeroPlate::ShortCircuit {
            voltage: percent / 100.0,
            resistive: row.number_or("vkr0_percent", 0.0) / 100.0,
            // The column's name says percent, the program takes it as a ratio.
            magnetising: row.number_or("mag0_percent", 0.0),
            magnetising_rx: row.number_or("mag0_rx", 0.0),
            from_share: row.number_or("si0_hv_partial", 0.5),
        });
        let transformer = Transformer {
            ends,
            rated_va,
            from_v,
            to_v,
            short_circuit: row.number("vk_percent") / 100.0,
            load_loss_w: row.number("vkr_percent") / 100.0 * rated_va,
            // The program takes the magnitude: no-load currents are inductive in it, whatever the sign.
            no_load: row.number_or("i0_percent", 0.0).abs() / 100.0,
            no_load_loss_w: row.number_or("pfe_kw", 0.0) * 1e3,
            shift_rad: row.number_or("shift_degree", 0.0).to_radians(),
            windings: windings(&mut row),
            tap: tap(&mut row, from_v, to_v),
            model: TransformerModel::T,
            parallel: row.parallel(),
            zero,
            label: row.label,
        };
        reader.data.transformers.push(transformer);
    }
}

/// `Dyn`, `YNyn`, `Yzn`, with or without the clock's hour; the usual Dyn of a distribution transformer where none
/// is stated (balanced flow does not ask).
fn windings(row: &mut Row<'_>) -> [Winding; 2] {
    let group = row.text("vector_group").unwrap_or_else(|| "Dyn".to_owned());
    let letters = group.trim_end_matches(|c: char| c.is_ascii_digit());
    let split = letters.find(|c: char| c.is_ascii_lowercase()).unwrap_or(letters.len());
    let winding = |part: &str| match part.to_ascii_lowercase().as_str() {
        "d" => Some(Winding::Delta),
        "y" => Some(Winding::Wye),
        "yn" => Some(Winding::WyeEarthed),
        "z" => Some(Winding::Zigzag),
        "zn" => Some(Winding::ZigzagEarthed),
        _ => None,
    };
    match (winding(&letters[..split]), winding(&letters[split..])) {
        (Some(from), Some(to)) => [from, to],
        _ => {
            row.fail("vector_group", Fault::Unreadable(format!("\"{group}\" is no vector group such as Dyn5")));
            [Winding::Delta, Winding::WyeEarthed]
        }
    }
}

fn tap(row: &mut Row<'_>, from_v: f64, to_v: f64) -> Option<Tap> {
    let side = match row.text("tap_side")?.as_str() {
        "hv" => Side::From,
        "lv" => Side::To,
        other => {
            row.fail("tap_side", Fault::Unreadable(format!("\"{other}\" is neither hv nor lv")));
            return None;
        }
    };
    let kind = row.text("tap_changer_type");
    let older = row.flag_or("tap_phase_shifter", false);
    let ideal = kind.as_deref() == Some("Ideal") || (kind.is_none() && older);
    let neutral = row.whole_or("tap_neutral", 0);
    let position = row.whole_or("tap_pos", neutral);
    let (percent, degrees) = (row.number_or("tap_step_percent", 0.0), row.number_or("tap_step_degree", 0.0));
    let rated = if side == Side::From { from_v } else { to_v };
    if ideal {
        let step_rad = if degrees == 0.0 { 2.0 * (percent / 200.0).asin() } else { degrees.to_radians() };
        return Some(Tap { side, position, neutral, step_v: 0.0, step_rad });
    }
    if degrees != 0.0 && position != neutral {
        row.fail("tap_step_degree", Fault::Unreadable("cross regulators are not supported; use kind Ideal".to_owned()));
    }
    Some(Tap { side, position, neutral, step_v: rated * percent / 100.0, step_rad: 0.0 })
}

/// Switches between buses join them; a switch at a branch opens that end.
fn switches(reader: &mut Reader<'_>) {
    let Some(frame) = reader.frame("switch") else { return };
    let find = |labels: Vec<String>| labels.into_iter().enumerate().map(|(at, id)| (id, at)).collect::<HashMap<_, _>>();
    let lines = find(reader.data.lines.iter().map(|line| line.label.id.to_string()).collect());
    let trafos = find(reader.data.transformers.iter().map(|trafo| trafo.label.id.to_string()).collect());
    for (number, (id, cells)) in frame.rows.iter().enumerate() {
        let cells = FrameRow(&frame.columns, cells);
        let mut row = Row::new("switch", number + 1, &format!("switch/{id}"), &cells, &mut reader.errors);
        let from = row.bus("bus", &reader.buses);
        let closed = row.flag_or("closed", true);
        let kind = row.text("et").unwrap_or_default();
        let element = row.text("element").unwrap_or_default();
        let ends = match kind.as_str() {
            "b" => {
                let to = row.bus("element", &reader.buses);
                reader.data.switches.push(Switch { label: row.label, from, to, closed });
                continue;
            }
            "l" => lines.get(&format!("line/{element}")).map(|&at| &mut reader.data.lines[at].ends),
            "t" => trafos.get(&format!("trafo/{element}")).map(|&at| &mut reader.data.transformers[at].ends),
            _ => None,
        };
        let Some(ends) = ends.filter(|ends| ends.from == from || ends.to == from) else {
            row.fail("element", Fault::Unreadable(format!("there is no branch {kind} {element} at the switch's bus")));
            continue;
        };
        if ends.from == from {
            ends.from_closed &= closed;
        } else {
            ends.to_closed &= closed;
        }
    }
}
