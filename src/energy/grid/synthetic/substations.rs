//! Stations of high to medium voltage: the stated ones, or as many as the load asks for.

use citytwin_model::{City, Coord, EnergyAsset, EnergyAssetId, EnergyAssetKind, Origin};

use super::{
    streets::distance,
    tables::{Rules, SubstationType, Tables},
};
use crate::grid::Transformer;

const RULE: &str = "no station stated: one per 30 MW of design peak, at the middle of the load it feeds";

/// Where a station stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Place {
    pub asset: Option<EnergyAssetId>,
    pub origin: Origin,
    pub at: Coord<f64>,
}

/// A load at a place, W.
#[derive(Clone, Copy, Debug)]
pub struct Weight {
    pub at: Coord<f64>,
    pub load_w: f64,
}

/// Stations that the city states; what stands close to an earlier one is the same, stated twice.
pub fn stated(city: &City, rules: &Rules) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for asset in city.energy_assets.iter().filter(|asset| feeds_medium_voltage(asset)) {
        if places.iter().all(|place| distance(place.at, asset.at) > rules.substation_merge_m) {
            places.push(Place { asset: Some(asset.id), origin: Origin::Stated, at: asset.at });
        }
    }
    places
}

/// A mapped substation may be one of medium to low voltage; its voltages tell.
fn feeds_medium_voltage(asset: &EnergyAsset) -> bool {
    let high = |voltage: &str| voltage.split(';').filter_map(|v| v.trim().parse::<f64>().ok()).any(|v| v > 36_000.0);
    asset.kind == EnergyAssetKind::Substation && asset.tags.get("voltage").is_none_or(high)
}

/// Made-up stations: the loads halved until each part is what one station feeds, each at the load nearest to its part's
/// middle.
pub fn placed(loads: &[Weight], rules: &Rules) -> Vec<Place> {
    let mut open: Vec<Vec<u32>> = vec![(0..loads.len() as u32).collect()];
    let mut places = Vec::new();
    while let Some(part) = open.pop() {
        let sum_w: f64 = part.iter().map(|&index| loads[index as usize].load_w).sum();
        if part.is_empty() {
            continue;
        }
        if sum_w > rules.substation_load_w && part.len() > 1 {
            let (first, second) = halves(loads, part, sum_w);
            open.push(second);
            open.push(first);
        } else {
            places.push(Place { asset: None, origin: Origin::Inferred(RULE), at: middle(loads, &part) });
        }
    }
    places
}

/// Two parts of about equal load along the longer side, neither empty.
fn halves(loads: &[Weight], mut part: Vec<u32>, sum_w: f64) -> (Vec<u32>, Vec<u32>) {
    let at = |index: u32| loads[index as usize].at;
    let span = |of: fn(Coord<f64>) -> f64| {
        let values = part.iter().map(|&index| of(at(index)));
        values.clone().fold(f64::MIN, f64::max) - values.fold(f64::MAX, f64::min)
    };
    let of: fn(Coord<f64>) -> f64 = if span(|at| at.x) >= span(|at| at.y) { |at| at.x } else { |at| at.y };
    part.sort_by(|&a, &b| of(at(a)).total_cmp(&of(at(b))).then(a.cmp(&b)));
    let mut below_w = 0.0;
    let cut = part.iter().take_while(|&&index| {
        below_w += loads[index as usize].load_w;
        below_w <= 0.5 * sum_w
    });
    let cut = cut.count().clamp(1, part.len() - 1);
    let second = part.split_off(cut);
    (part, second)
}

fn middle(loads: &[Weight], part: &[u32]) -> Coord<f64> {
    let mut sum = (0.0, 0.0, 0.0);
    for load in part.iter().map(|&index| loads[index as usize]) {
        let weight = load.load_w.max(1.0);
        sum = (sum.0 + weight, sum.1 + weight * load.at.x, sum.2 + weight * load.at.y);
    }
    let middle = Coord { x: sum.1 / sum.0, y: sum.2 / sum.0 };
    let away = |index: u32| distance(loads[index as usize].at, middle);
    let nearest = part.iter().copied().min_by(|&a, &b| away(a).total_cmp(&away(b)).then(a.cmp(&b)));
    nearest.map_or(middle, |index| loads[index as usize].at)
}

/// The transformer of each of a station's two units: one carries the whole station (n-1); beyond the largest type several
/// stand side by side.
pub fn unit(tables: &Tables, load_w: f64) -> (&SubstationType, u32) {
    let load_va = load_w / tables.rules.power_factor;
    let largest = tables.substations.len() - 1;
    let kind = tables.substations.iter().position(|kind| kind.rated_va >= load_va).unwrap_or(largest);
    let kind = &tables.substations[kind];
    (kind, (load_va / kind.rated_va).ceil().max(1.0) as u32)
}

/// The tap at which a unit holds its busbar at the planned voltage, with the load on its section and the charging power
/// of its cables, which lifts it.
pub fn tap(rules: &Rules, unit: &Transformer, load_w: f64, charging_var: f64) -> i32 {
    let rated_va = unit.rated_va * f64::from(unit.parallel);
    let resistive = unit.load_loss_w / unit.rated_va;
    let reactive = (unit.short_circuit.powi(2) - resistive.powi(2)).max(0.0).sqrt();
    let drop = (load_w * resistive + (load_w * rules.tan_phi() - charging_var) * reactive) / rated_va;
    let ratio = rules.source_pu / (rules.busbar_pu + drop);
    ((ratio - 1.0) / rules.tap_step).round().clamp(-rules.tap_most, rules.tap_most) as i32
}
