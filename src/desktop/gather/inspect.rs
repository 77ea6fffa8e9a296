//! The inspector: all that is known about the picked thing, observed beside simulated, with the provenance
//! of every value.

use citytwin_model::{
    AccessLevel, Building, City, EnergyAsset, FeatureRef, Known, LonLat, MadeBy, Oneway, Origin, Quantity, Road,
    Sensor, Tags, Tree, Volume,
};
use citytwin_panels::{Fact, InspectorData, Measure, Observation as ShownObservation, Picked, Related, Trail, Unit};
use citytwin_traffic::{VehicleKind, micro::Hold};
use citytwin_twin::{Observation, Simulated, Trace};
use geo::{Area, Length, line_measures::Euclidean};

use super::{
    Seen, energy,
    feeds::sensor_of,
    names::{kind, place, title},
};
use crate::desk::Desk;

/// The picked thing, if any.
pub fn inspector(seen: &Seen, desk: &Desk) -> Option<InspectorData> {
    if let Some(id) = desk.picked_vehicle {
        return vehicle(seen, desk, id);
    }
    if let Some(element) = desk.picked_grid {
        return super::grid::inspector(seen, element);
    }
    let feature = seen.selection.picked?;
    let city = &*seen.scene.as_ref()?.0;
    let source = city.source_of(feature)?.clone();
    let problems = city.problems.iter().filter(|p| p.source == source).map(|p| p.what.clone()).collect();
    Some(InspectorData {
        picked: Picked::Feature(feature),
        title: title(city, feature),
        kind: kind(city, feature),
        source: Some(source),
        at: place(city, feature).map(|(at, _)| city.anchor.lonlat(at)),
        facts: facts(city, seen, feature),
        measures: measures(city, seen, feature),
        history: seen.feeds.history.clone().filter(|shown| sensor_of(city, Some(feature)) == Some(shown.sensor)),
        users: super::peak::users(seen, feature),
        related: related(city, seen, feature),
        tags: tags(city, feature),
        problems,
        followed: false,
        out_of_service: None,
    })
}

fn vehicle(seen: &Seen, desk: &Desk, id: u32) -> Option<InspectorData> {
    let trip = seen.twin.traffic.as_ref()?.0.trip(id)?;
    let city = &seen.twin.city.as_ref()?.0;
    let engine = "Traffic simulation";
    let stated = |label: &str, value: String| Fact {
        label: label.into(),
        value,
        origin: Origin::Inferred("simulated by the traffic engine"),
    };
    let mut facts = vec![
        stated("Still to drive", Unit::Metres.text(f64::from(trip.remaining_m))),
        stated("Under way for", Unit::Seconds.text(trip.under_way_s)),
    ];
    if let Some(what) = waits_for(trip.hold) {
        facts.push(stated("Slowed or held by", what.to_owned()));
    }
    if let Some(road) = city.links.get(trip.link.index()).map(|l| FeatureRef::Road(l.road)) {
        facts.insert(0, stated("On", title(city, road)));
    }
    if let Some(road) = city.links.get(trip.to.index()).map(|l| FeatureRef::Road(l.road)) {
        facts.insert(1, stated("Bound for", title(city, road)));
    }
    Some(InspectorData {
        picked: Picked::Vehicle(id),
        title: format!("{} {id}", vehicle_kind(trip.kind)),
        kind: "Simulated vehicle".into(),
        source: None,
        at: seen.frame.poses.iter().find(|p| p.id == id).map(|p| lonlat(city, p.x.into(), p.y.into())),
        facts,
        measures: vec![Measure {
            label: "Speed".into(),
            unit: Unit::KilometresPerHour,
            observed: None,
            simulated: Some(f64::from(trip.speed_mps) * 3.6),
            model: engine.into(),
            estimated: None,
            trail: None,
        }],
        history: None,
        users: None,
        related: Vec::new(),
        tags: Vec::new(),
        problems: Vec::new(),
        followed: desk.followed == Some(id),
        out_of_service: None,
    })
}

/// What holds a driver up, in words.
const fn waits_for(hold: Hold) -> Option<&'static str> {
    match hold {
        Hold::None => None,
        Hold::Signal => Some("a traffic light"),
        Hold::Gap => Some("traffic that goes first"),
        Hold::Room => Some("no room behind the junction"),
        Hold::PathTaken => Some("another vehicle in the junction"),
        Hold::WrongLane => Some("a gap in the lane it needs"),
        Hold::Stop => Some("a stop on its way"),
    }
}

const fn vehicle_kind(kind: VehicleKind) -> &'static str {
    match kind {
        VehicleKind::Car => "Car",
        VehicleKind::Van => "Van",
        VehicleKind::Lorry => "Lorry",
    }
}

fn lonlat(city: &City, x: f64, y: f64) -> LonLat {
    city.anchor.lonlat(citytwin_model::Coord { x, y })
}

fn fact<T>(label: &str, known: &Known<T>, text: impl Fn(&T) -> String) -> Fact {
    Fact { label: label.into(), value: text(&known.value), origin: known.origin }
}

fn stated(label: &str, value: impl Into<String>) -> Fact {
    Fact { label: label.into(), value: value.into(), origin: Origin::Stated }
}

fn computed(label: &str, value: impl Into<String>, rule: &'static str) -> Fact {
    Fact { label: label.into(), value: value.into(), origin: Origin::Inferred(rule) }
}

fn facts(city: &City, seen: &Seen, feature: FeatureRef) -> Vec<Fact> {
    match feature {
        FeatureRef::Road(id) => city.roads.get(id.index()).map(road_facts),
        FeatureRef::Building(id) => city.buildings.get(id.index()).map(|b| building_facts(b, seen)),
        FeatureRef::BuildingPart(id) => city.building_parts.get(id.index()).map(|p| volume_facts(&p.volume)),
        FeatureRef::Tree(id) => city.trees.get(id.index()).map(tree_facts),
        FeatureRef::EnergyAsset(id) => city.energy_assets.get(id.index()).map(asset_facts),
        FeatureRef::Sensor(id) => city.sensors.get(id.index()).map(sensor_facts),
        FeatureRef::LandArea(id) => city.land.get(id.index()).map(|l| area_facts(l.shape.unsigned_area())),
        FeatureRef::WaterArea(id) => city.water.get(id.index()).map(|w| area_facts(w.shape.unsigned_area())),
        FeatureRef::Node(_) | FeatureRef::Railway(_) => None,
    }
    .unwrap_or_default()
}

fn road_facts(road: &Road) -> Vec<Fact> {
    let kmh = |mps: &f64| Unit::KilometresPerHour.text(mps * 3.6);
    let mut facts = vec![
        computed("Length", Unit::Metres.text(Euclidean.length(&road.line)), "length of the drawn line"),
        fact("Direction", &road.oneway, |oneway| {
            match oneway {
                Oneway::Both => "both ways",
                Oneway::Forward => "one-way",
                Oneway::Backward => "one-way, against the drawn line",
            }
            .into()
        }),
    ];
    if road.oneway.value != Oneway::Backward {
        facts.push(fact("Lanes forward", &road.lanes_forward, u8::to_string));
        facts.push(fact("Speed limit", &road.speed_forward_mps, kmh));
    }
    if road.oneway.value != Oneway::Forward {
        facts.push(fact("Lanes backward", &road.lanes_backward, u8::to_string));
        if road.speed_backward_mps.value != road.speed_forward_mps.value {
            facts.push(fact("Speed limit backward", &road.speed_backward_mps, kmh));
        }
    }
    facts.push(fact("Carriageway width", &road.width_m, |m| Unit::Metres.text(*m)));
    facts.push(stated("Cars", access(road.access.car)));
    if road.bridge {
        facts.push(stated("Bridge", format!("layer {}", road.layer)));
    }
    if road.tunnel {
        facts.push(stated("Tunnel", format!("layer {}", road.layer)));
    }
    facts
}

const fn access(level: AccessLevel) -> &'static str {
    match level {
        AccessLevel::No => "not allowed",
        AccessLevel::Private => "private",
        AccessLevel::Destination => "to reach something here",
        AccessLevel::Yes => "allowed",
    }
}

fn volume_facts(volume: &Volume) -> Vec<Fact> {
    let metres = |m: &f32| Unit::Metres.text(f64::from(*m));
    vec![
        fact("Height", &volume.height_m, metres),
        fact("Storeys", &volume.levels, |levels| format!("{levels:.0}")),
        fact("Roof", &volume.roof.shape, |shape| format!("{shape:?}").to_lowercase()),
        computed(
            "Footprint",
            Unit::SquareMetres.text(volume.footprint.unsigned_area()),
            "area of the outline, holes left out",
        ),
    ]
}

fn building_facts(building: &Building, seen: &Seen) -> Vec<Fact> {
    let mut facts = vec![fact("Use", &building.usage, |usage| format!("{usage:?}").to_lowercase())];
    facts.extend(volume_facts(&building.volume));
    facts.push(computed("Floor area", Unit::SquareMetres.text(building.floor_area_m2()), "footprint × storeys"));
    facts.extend(energy::building_facts(&seen.twin, building.id));
    facts
}

fn tree_facts(tree: &Tree) -> Vec<Fact> {
    let metres = |m: &f32| Unit::Metres.text(f64::from(*m));
    vec![fact("Height", &tree.height_m, metres), fact("Crown", &tree.crown_diameter_m, metres)]
}

fn asset_facts(asset: &EnergyAsset) -> Vec<Fact> {
    asset.rated.iter().map(|rated| fact("Rated power", rated, |w| Unit::Watts.text(w.0))).collect()
}

fn sensor_facts(sensor: &Sensor) -> Vec<Fact> {
    vec![
        stated("Topic", sensor.topic.clone()),
        stated("Expected every", Unit::Seconds.text(sensor.interval_s)),
        stated("Stale after", Unit::Seconds.text(sensor.stale_after_s)),
    ]
}

fn area_facts(area_m2: f64) -> Vec<Fact> {
    vec![computed("Area", Unit::SquareMetres.text(area_m2), "area of the outline, holes left out")]
}

fn measures(city: &City, seen: &Seen, feature: FeatureRef) -> Vec<Measure> {
    let Some(index) = &seen.twin.index else { return Vec::new() };
    let Some((_, observed, simulated, trace)) = index.get(feature).and_then(|e| seen.assets.get(e).ok()) else {
        return Vec::new();
    };
    let mut measures = simulated_measures(city, feature, *simulated);
    if let FeatureRef::Building(building) = feature {
        measures.extend(super::grid::building_measure(seen, building));
    }
    if let FeatureRef::EnergyAsset(asset) = feature {
        measures.extend(super::grid::station_measure(seen, asset));
    }
    for observation in &observed.0 {
        let unit = Unit::of(observation.reading.quantity);
        let shown = shown(city, seen, observation);
        match measures.iter_mut().find(|m| m.unit == unit) {
            Some(measure) => measure.observed = Some(shown),
            None => measures.push(Measure {
                label: label(observation.reading.quantity).into(),
                unit,
                observed: Some(shown),
                simulated: None,
                estimated: None,
                model: "no model covers this yet".into(),
                trail: None,
            }),
        }
    }
    if let (Some(trace), Some(measure)) = (trace, measures.first_mut()) {
        measure.trail = trail(seen, trace);
    }
    measures
}

pub(super) const fn label(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::VehicleFlow => "Vehicle flow",
        Quantity::Speed => "Mean speed",
        Quantity::ActivePower => "Active power",
        Quantity::Voltage => "Voltage",
        Quantity::AirTemperature => "Air temperature",
        Quantity::Irradiance => "Irradiance",
        Quantity::Pm25 => "Fine particles (PM2.5)",
        Quantity::No2 => "Nitrogen dioxide",
        Quantity::Noise => "Sound level",
        Quantity::RelativeHumidity => "Relative humidity",
        Quantity::WindSpeed => "Wind speed",
        Quantity::Precipitation => "Precipitation",
        Quantity::Pm10 => "Particles (PM10)",
        Quantity::Nox => "Nitrogen oxides",
        Quantity::Ozone => "Ozone",
        Quantity::Benzene => "Benzene",
        Quantity::CarbonMonoxide => "Carbon monoxide",
        Quantity::Occupancy => "Occupancy",
        Quantity::VehiclesAvailable => "Vehicles available",
        Quantity::DocksAvailable => "Docks available",
    }
}

fn simulated_measures(city: &City, feature: FeatureRef, simulated: Simulated) -> Vec<Measure> {
    let measure = |label: &str, unit, value: f64, model: &str| Measure {
        label: label.into(),
        unit,
        observed: None,
        simulated: Some(value),
        estimated: None,
        model: model.into(),
        trail: None,
    };
    let (traffic, energy) = ("Traffic simulation", "Energy model");
    match simulated {
        // The grid's elements are inspected by themselves.
        Simulated::Nothing | Simulated::Line { .. } | Simulated::Unit { .. } | Simulated::Feeder { .. } => Vec::new(),
        Simulated::Road { flow_vph, speed_mps, vehicles, queue_m, waiting } => vec![
            measure("Vehicle flow", Unit::VehiclesPerHour, f64::from(flow_vph), traffic),
            measure("Mean speed", Unit::KilometresPerHour, f64::from(speed_mps) * 3.6, traffic),
            measure("On it now", Unit::Vehicles, f64::from(vehicles), traffic),
            measure("Longest queue", Unit::Metres, f64::from(queue_m), traffic),
            measure("Waiting to enter", Unit::Vehicles, f64::from(waiting), traffic),
        ],
        Simulated::Building { load_w, pv_w } => vec![
            measure("Active power", Unit::Watts, f64::from(load_w - pv_w), energy),
            measure("Load", Unit::Watts, f64::from(load_w), energy),
            measure("Solar output", Unit::Watts, f64::from(pv_w), energy),
        ],
        Simulated::Transformer { load_w, pv_w, losses_w, loading } => vec![
            measure("Active power", Unit::Watts, f64::from(load_w + losses_w - pv_w), energy),
            measure("Load of its buildings", Unit::Watts, f64::from(load_w), energy),
            measure("Solar output of its buildings", Unit::Watts, f64::from(pv_w), energy),
            measure("Losses", Unit::Watts, f64::from(losses_w), energy),
            measure("Loading", Unit::Share, f64::from(loading), energy),
        ],
        Simulated::Sensor { value } => {
            let FeatureRef::Sensor(id) = feature else { return Vec::new() };
            let Some(sensor) = city.sensors.get(id.index()) else { return Vec::new() };
            let model = match sensor.quantity {
                Quantity::VehicleFlow | Quantity::Speed => traffic,
                Quantity::ActivePower => energy,
                Quantity::Voltage => "Power grid",
                _ => "Typical weather",
            };
            vec![measure(label(sensor.quantity), Unit::of(sensor.quantity), value, model)]
        }
    }
}

pub(super) fn shown(city: &City, seen: &Seen, observation: &Observation) -> ShownObservation {
    let now = seen.feed_clock.as_ref().map(|c| c.now());
    let reading = &observation.reading;
    ShownObservation {
        value: reading.value,
        quality: observation.quality,
        age_s: now.map_or(0.0, |now| now.duration_since(reading.observed_at).as_secs_f64().max(0.0)),
        sensor: city.sensors.get(reading.sensor.index()).map_or_else(String::new, |s| s.name.clone()),
        emulated: reading.emulated,
        made_by: if reading.emulated { String::new() } else { made_by(&reading.made_by) },
    }
}

fn made_by(made_by: &MadeBy) -> String {
    let MadeBy { feed, mapping } = made_by;
    if mapping.is_empty() { feed.to_string() } else { format!("{feed}, mapping {mapping}") }
}

fn trail(seen: &Seen, trace: &Trace) -> Option<Trail> {
    let now = seen.feed_clock.as_ref()?.now();
    let points = |series: &std::collections::VecDeque<(citytwin_model::Timestamp, f64)>| {
        series.iter().map(|(at, value)| [-now.duration_since(*at).as_secs_f64() / 3600.0, *value]).collect()
    };
    Some(Trail { observed: points(&trace.observed), simulated: points(&trace.simulated) })
}

fn related(city: &City, seen: &Seen, feature: FeatureRef) -> Vec<Related> {
    let mut related = energy::related(city, &seen.twin, feature);
    for sensor in &city.sensors {
        if sensor.observes == Some(feature) {
            let feature = FeatureRef::Sensor(sensor.id);
            related.push(Related { label: "Watched by".into(), title: title(city, feature), feature });
        }
    }
    if let FeatureRef::Sensor(id) = feature
        && let Some(observes) = city.sensors.get(id.index()).and_then(|s| s.observes)
    {
        related.push(Related { label: "Observes".into(), title: title(city, observes), feature: observes });
    }
    related
}

fn tags(city: &City, feature: FeatureRef) -> Vec<(String, String)> {
    let pairs = |tags: &Tags| tags.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    match feature {
        FeatureRef::Road(id) => city.roads.get(id.index()).map(|f| pairs(&f.tags)),
        FeatureRef::Building(id) => city.buildings.get(id.index()).map(|f| pairs(&f.tags)),
        FeatureRef::BuildingPart(id) => city.building_parts.get(id.index()).map(|f| pairs(&f.tags)),
        FeatureRef::LandArea(id) => city.land.get(id.index()).map(|f| pairs(&f.tags)),
        FeatureRef::WaterArea(id) => city.water.get(id.index()).map(|f| pairs(&f.tags)),
        FeatureRef::Railway(id) => city.railways.get(id.index()).map(|f| pairs(&f.tags)),
        FeatureRef::EnergyAsset(id) => city.energy_assets.get(id.index()).map(|f| pairs(&f.tags)),
        FeatureRef::Node(_) | FeatureRef::Tree(_) | FeatureRef::Sensor(_) => None,
    }
    .unwrap_or_default()
}
