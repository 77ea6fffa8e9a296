//! Energy assets that the map knows: stations, transformers, generators, storage, charging stations.

use std::collections::BTreeSet;

use citytwin_model::{
    Anchor, City, Coord, EnergyAsset, EnergyAssetId, EnergyAssetKind, Known, Problem, ProblemKind, SourceRef,
    units::Watts,
};

use crate::{
    measure,
    multipolygon::{self, ShapeIndex, local, point_inside},
    raw::{RawMap, RawTags},
};

/// Rated power beyond which a text is a mistake, W: the largest power station has 22.5 GW.
const MAX_RATED_W: f64 = 30e9;

/// Adds assets drawn as nodes, then as ways, then as relations. A power plant whose generators are drawn too
/// is left out: they are the plant.
pub(super) fn read(raw: &RawMap, anchor: &Anchor, city: &mut City) {
    let mut found: Vec<Found<'_>> = Vec::new();
    for node in raw.tagged_nodes() {
        if let (Some(kind), Some(at)) = (kind(node.tags), local(node.place, anchor)) {
            found.push(Found { source: SourceRef::Node(node.id), tags: node.tags, kind, at, shape: None });
        }
    }
    for way in raw.ways() {
        let Some(kind) = kind(way.tags) else { continue };
        let shape = if way.is_closed() { multipolygon::of_way(&way, anchor).shape } else { None };
        let first = || way.places().flatten().find_map(|place| local(place, anchor));
        let Some(at) = shape.as_ref().and_then(point_inside).or_else(first) else { continue };
        found.push(Found { source: SourceRef::Way(way.id), tags: way.tags, kind, at, shape });
    }
    for relation in raw.relations().filter(multipolygon::draws_area) {
        let Some(kind) = kind(relation.tags) else { continue };
        let shape = multipolygon::of_relation(raw, &relation, anchor).shape;
        let Some(at) = shape.as_ref().and_then(point_inside) else { continue };
        found.push(Found { source: SourceRef::Relation(relation.id), tags: relation.tags, kind, at, shape });
    }
    let shells = plant_shells(&found);
    for (index, asset) in found.into_iter().enumerate() {
        if !shells.contains(&index) {
            add(city, asset);
        }
    }
}

struct Found<'a> {
    source: SourceRef,
    tags: RawTags<'a>,
    kind: EnergyAssetKind,
    at: Coord<f64>,
    shape: Option<citytwin_model::MultiPolygon<f64>>,
}

/// Plants that hold a generator of their own.
fn plant_shells(found: &[Found<'_>]) -> BTreeSet<usize> {
    let is_plant = |asset: &Found<'_>| asset.tags.is("power", "plant");
    let plants: Vec<usize> = (0..found.len()).filter(|i| is_plant(&found[*i]) && found[*i].shape.is_some()).collect();
    let index = ShapeIndex::new(plants.iter().filter_map(|i| found[*i].shape.as_ref()));
    let generators = found.iter().filter(|asset| asset.tags.is("power", "generator"));
    generators.flat_map(|generator| index.holding(generator.at)).map(|held| plants[held]).collect()
}

fn add(city: &mut City, asset: Found<'_>) {
    let rated = rated(&asset, &mut city.problems);
    city.energy_assets.push(EnergyAsset {
        id: EnergyAssetId::from_index(city.energy_assets.len()),
        source: asset.source,
        name: asset.tags.get("name").map(str::to_owned),
        kind: asset.kind,
        at: asset.at,
        rated,
        tags: asset.tags.to_tags(),
    });
}

fn kind(tags: RawTags<'_>) -> Option<EnergyAssetKind> {
    if tags.is("amenity", "charging_station") {
        return Some(EnergyAssetKind::Charger);
    }
    Some(match tags.get("power")? {
        // OSM wiki, Key:substation: minor_distribution is medium to low voltage.
        "substation" => match tags.get("substation") {
            Some("minor_distribution") => EnergyAssetKind::Transformer,
            _ => EnergyAssetKind::Substation,
        },
        "transformer" => EnergyAssetKind::Transformer,
        "generator" => by_source(tags.get("generator:source")),
        "plant" => by_source(tags.get("plant:source")),
        "battery" | "storage" => EnergyAssetKind::Battery,
        _ => return None,
    })
}

fn by_source(source: Option<&str>) -> EnergyAssetKind {
    match source {
        Some("solar") => EnergyAssetKind::Solar,
        Some("wind") => EnergyAssetKind::Wind,
        Some("battery") => EnergyAssetKind::Battery,
        _ => EnergyAssetKind::Generator,
    }
}

/// The first of the rating tags that reads; values that only say "there is some" are no problem.
fn rated(asset: &Found<'_>, problems: &mut Vec<Problem>) -> Option<Known<Watts>> {
    let keys: &[&str] = match asset.kind {
        EnergyAssetKind::Charger => &["charging_station:output"],
        EnergyAssetKind::Substation | EnergyAssetKind::Transformer => &["rating", "transformer:rating"],
        _ => &["generator:output:electricity", "plant:output:electricity", "generator:output", "rating"],
    };
    for key in keys {
        let Some(text) = asset.tags.get(key) else { continue };
        if matches!(text, "yes" | "no" | "small_installation") {
            continue;
        }
        match measure::power_w(text).filter(|watts| *watts > 0.0 && *watts <= MAX_RATED_W) {
            Some(watts) => return Some(Known::stated(Watts(watts))),
            None => problems.push(Problem {
                source: asset.source.clone(),
                kind: ProblemKind::TagValue,
                what: format!("{key}={text} cannot be read as a power; ignored"),
                at: Some(asset.at),
            }),
        }
    }
    if asset.kind == EnergyAssetKind::Charger { sockets_w(asset.tags) } else { None }
}

/// Sum over the sockets: `socket:type2=4` with `socket:type2:output=22 kW` is 88 kW.
fn sockets_w(tags: RawTags<'_>) -> Option<Known<Watts>> {
    /// OSM knows some 30 kinds of socket.
    const KINDS: usize = 100;
    let outputs = tags.iter().filter_map(|(key, text)| {
        let socket = key.strip_prefix("socket:")?.strip_suffix(":output")?;
        let count =
            tags.get(&format!("socket:{socket}")).and_then(measure::number).filter(|n| (1.0..=500.0).contains(n));
        let watts = measure::power_w(text).filter(|watts| *watts > 0.0 && *watts <= 1e6)?;
        Some(count.unwrap_or(1.0) * watts)
    });
    let total: f64 = outputs.take(KINDS).sum();
    (total > 0.0).then_some(Known::inferred(Watts(total), "sum over sockets of socket:*:output"))
}
