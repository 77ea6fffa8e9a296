//! Sensors of `city.toml`, checked, with what they observe.

use std::collections::{BTreeMap, BTreeSet};

use citytwin_model::{City, FeatureRef, LonLat, Problem, Quantity, Sensor, SensorId, SourceRef, slug};

use super::{CityToml, SensorToml, entry_problem};
use crate::multipolygon::local;

/// A reading less than once in ten days is no live sensor, second.
const MAX_INTERVAL_S: f64 = 864_000.0;
/// A sensor is stale when it missed this many readings: one or two may be lost on the way.
const STALE_INTERVALS: f64 = 4.0;

/// Adds the sensors; those that cannot be used become problems, and so does what cannot be found.
pub(super) fn add(stated: &CityToml, city: &mut City) {
    let found = features(stated, city);
    let slug = slug(&stated.name);
    let mut ids = BTreeSet::new();
    let mut topics = BTreeSet::new();
    for entry in &stated.sensors {
        let doubled = !ids.insert(entry.id.as_str());
        match sensor(entry, &slug, doubled, city) {
            Err(problem) => city.problems.push(problem),
            Ok(sensor) if !topics.insert((sensor.topic.clone(), sensor.quantity)) => {
                let what =
                    format!("topic {:?} already gives another sensor its {}; left out", sensor.topic, sensor.quantity);
                city.problems.push(entry_problem(sensor.source, what));
            }
            Ok(mut sensor) => {
                sensor.observes = observed(entry, &sensor, &found, &mut city.problems);
                city.sensors.push(sensor);
            }
        }
    }
}

fn sensor(entry: &SensorToml, slug: &str, doubled: bool, city: &City) -> Result<Sensor, Problem> {
    let source = SourceRef::local("sensor", &entry.id);
    let wrong = |what: String| entry_problem(source.clone(), format!("{what}; left out"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if entry.id.is_empty() || entry.id.len() > 64 || !entry.id.chars().all(plain) {
        return Err(wrong("its id is not 1 to 64 letters, digits, `.`, `_` or `-`".to_owned()));
    }
    if doubled {
        return Err(wrong("a second sensor with this id".to_owned()));
    }
    let quantity = Quantity::from_name(&entry.quantity).ok_or_else(|| {
        let known: Vec<&str> = Quantity::ALL.iter().map(|q| q.name()).collect();
        wrong(format!("quantity {:?} is none of {}", entry.quantity, known.join(", ")))
    })?;
    let place = LonLat { lon: entry.lon, lat: entry.lat };
    let at = Some(place).filter(LonLat::is_valid).and_then(|place| local(place, &city.anchor));
    let at = at.ok_or_else(|| wrong(format!("lon = {}, lat = {} is no place in this city", entry.lon, entry.lat)))?;
    let possible = |seconds: f64| seconds > 0.0 && seconds <= MAX_INTERVAL_S;
    let stale_after_s = entry.stale_after_s.unwrap_or(STALE_INTERVALS * entry.interval_s);
    if !possible(entry.interval_s) || !possible(stale_after_s / STALE_INTERVALS) {
        return Err(wrong(format!("interval_s = {}, stale_after_s = {stale_after_s} is impossible", entry.interval_s)));
    }
    let topic = entry.topic.clone().unwrap_or_else(|| format!("citytwin/{slug}/{}/{quantity}", entry.id));
    // MQTT 3.1.1, 4.7: no wildcards and no NUL in the topic of a message.
    if topic.is_empty() || topic.len() > 1_024 || topic.contains(['#', '+', '\0']) {
        return Err(wrong(format!("topic {topic:?} is no MQTT topic")));
    }
    Ok(Sensor {
        id: SensorId::from_index(city.sensors.len()),
        source: source.clone(),
        name: entry.name.clone().unwrap_or_else(|| entry.id.clone()),
        quantity,
        at,
        observes: None,
        topic,
        interval_s: entry.interval_s,
        stale_after_s,
    })
}

/// The feature that the entry names. One that is not there is a problem; the sensor stays, as a place.
fn observed(
    entry: &SensorToml,
    sensor: &Sensor,
    found: &BTreeMap<SourceRef, FeatureRef>,
    problems: &mut Vec<Problem>,
) -> Option<FeatureRef> {
    let text = entry.observes.as_deref()?;
    let feature = match text.parse::<SourceRef>() {
        Ok(source) => found.get(&source).copied(),
        Err(_) => None,
    };
    if feature.is_none() {
        let what = format!("observes {text:?}, which is not in this city; kept as a place");
        problems.push(Problem { at: Some(sensor.at), ..entry_problem(sensor.source.clone(), what) });
    }
    feature
}

/// The features that sensors name. Where several have one source, a road goes before a building, and so on.
fn features(stated: &CityToml, city: &City) -> BTreeMap<SourceRef, FeatureRef> {
    let named = stated.sensors.iter().filter_map(|sensor| sensor.observes.as_deref()?.parse().ok());
    let wanted: BTreeSet<SourceRef> = named.collect();
    let mut found = BTreeMap::new();
    let mut offer = |source: &SourceRef, feature| {
        if wanted.contains(source) {
            found.entry(source.clone()).or_insert(feature);
        }
    };
    city.roads.iter().for_each(|f| offer(&f.source, FeatureRef::Road(f.id)));
    city.buildings.iter().for_each(|f| offer(&f.source, FeatureRef::Building(f.id)));
    city.building_parts.iter().for_each(|f| offer(&f.source, FeatureRef::BuildingPart(f.id)));
    city.energy_assets.iter().for_each(|f| offer(&f.source, FeatureRef::EnergyAsset(f.id)));
    city.railways.iter().for_each(|f| offer(&f.source, FeatureRef::Railway(f.id)));
    city.water.iter().for_each(|f| offer(&f.source, FeatureRef::WaterArea(f.id)));
    city.land.iter().for_each(|f| offer(&f.source, FeatureRef::LandArea(f.id)));
    city.trees.iter().for_each(|f| offer(&f.source, FeatureRef::Tree(f.id)));
    city.nodes.iter().for_each(|f| offer(&f.source, FeatureRef::Node(f.id)));
    found
}
