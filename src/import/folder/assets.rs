//! Energy assets of `city.toml`, checked.

use std::collections::BTreeSet;

use citytwin_model::{
    City, EnergyAsset, EnergyAssetId, EnergyAssetKind, Known, LonLat, Problem, SourceRef, Tags, units::Watts,
};

use super::{CityToml, entry_problem};
use crate::multipolygon::local;

/// The largest power station has 22.5 GW; more is a mistake, kW.
const MAX_RATED_KW: f64 = 30e6;

/// An entry of any of the tables.
struct Entry<'a> {
    table: &'static str,
    kind: EnergyAssetKind,
    id: &'a str,
    name: Option<&'a str>,
    place: LonLat,
    rated_kw: Option<f64>,
}

/// Adds the assets table by table; those that cannot be used become problems.
pub(super) fn add(stated: &CityToml, city: &mut City) {
    let mut seen = BTreeSet::new();
    for entry in entries(stated) {
        let doubled = !seen.insert((entry.table, entry.id));
        match asset(&entry, doubled, city) {
            Ok(asset) => city.energy_assets.push(asset),
            Err(problem) => city.problems.push(problem),
        }
    }
}

fn entries(stated: &CityToml) -> Vec<Entry<'_>> {
    use EnergyAssetKind::*;
    let mut entries = Vec::new();
    for (table, kind, list) in
        [("substation", Substation, &stated.substations), ("transformer", Transformer, &stated.transformers)]
    {
        entries.extend(list.iter().map(|a| Entry {
            table,
            kind,
            id: &a.id,
            name: a.name.as_deref(),
            place: LonLat { lon: a.lon, lat: a.lat },
            rated_kw: a.rated_kva,
        }));
    }
    for (table, kind, list) in [
        ("charger", Charger, &stated.chargers),
        ("battery", Battery, &stated.batteries),
        ("solar", Solar, &stated.solar),
        ("wind", Wind, &stated.wind),
        ("generator", Generator, &stated.generators),
    ] {
        entries.extend(list.iter().map(|a| Entry {
            table,
            kind,
            id: &a.id,
            name: a.name.as_deref(),
            place: LonLat { lon: a.lon, lat: a.lat },
            rated_kw: a.rated_kw,
        }));
    }
    entries
}

fn asset(entry: &Entry<'_>, doubled: bool, city: &City) -> Result<EnergyAsset, Problem> {
    let source = SourceRef::local(entry.table, entry.id);
    let wrong = |what: String| entry_problem(source.clone(), format!("{what}; left out"));
    if entry.id.trim().is_empty() {
        return Err(wrong("has an empty id".to_owned()));
    }
    if doubled {
        return Err(wrong("a second entry with this id".to_owned()));
    }
    let LonLat { lon, lat } = entry.place;
    let at = Some(entry.place).filter(LonLat::is_valid).and_then(|place| local(place, &city.anchor));
    let at = at.ok_or_else(|| wrong(format!("lon = {lon}, lat = {lat} is no place in this city")))?;
    if let Some(rated) = entry.rated_kw.filter(|rated| !(*rated > 0.0 && *rated <= MAX_RATED_KW)) {
        return Err(wrong(format!("a rated power of {rated} kW (kVA) is impossible")));
    }
    Ok(EnergyAsset {
        id: EnergyAssetId::from_index(city.energy_assets.len()),
        source: source.clone(),
        name: entry.name.map(str::to_owned),
        kind: entry.kind,
        at,
        rated: entry.rated_kw.map(|kw| Known::stated(Watts(kw * 1e3))),
        tags: Tags::default(),
    })
}
