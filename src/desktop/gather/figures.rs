//! Key figures, the what-if and the day's curves.

use citytwin_model::{
    AccessLevel, Assumptions, City, Edit, FeatureRef, NetworkChange, Oneway, PartShare, Road, RoadAccess, SourceRef,
    Technology,
};
use citytwin_panels::{Better, Comparison as Shown, History, KeyFigureRow, PickedRoad, TrafficNow, Unit, WhatIfData};
use citytwin_scenario::Better as Wish;
use citytwin_traffic::Simulation;
use citytwin_twin::ComparisonState;

use super::{Seen, Twin, title};

/// Points of a curve at most.
const POINTS: usize = 400;

pub fn traffic_now(traffic: &Simulation) -> TrafficNow {
    let tally = traffic.tally();
    TrafficNow { under_way: tally.under_way, arrived: tally.arrived, refused: tally.refused.values().sum() }
}

/// The comparison's key figures; before one was made, what the live city says now.
pub fn figures(twin: &Twin) -> Vec<KeyFigureRow> {
    if let Some(what_if) = &twin.what_if
        && let ComparisonState::Done(comparison) = &what_if.state
    {
        return comparison
            .comparison
            .figures
            .iter()
            .map(|figure| KeyFigureRow {
                label: figure.label.into(),
                unit: unit(figure.unit),
                baseline: Some(figure.baseline),
                now: Some(figure.variant),
                interval: figure.interval_95,
                better: match figure.better {
                    Wish::Higher => Better::Higher,
                    Wish::Lower => Better::Lower,
                    Wish::Neutral => Better::Neither,
                },
                says: figure.source.into(),
            })
            .collect();
    }
    live(twin)
}

fn live(twin: &Twin) -> Vec<KeyFigureRow> {
    let (Some(traffic), Some(energy)) = (&twin.traffic, &twin.energy) else { return Vec::new() };
    let (tally, totals) = (traffic.0.tally(), energy.0.totals());
    let row = |label: &str, unit, now: Option<f64>, better, says: &str| KeyFigureRow {
        label: label.into(),
        unit,
        baseline: None,
        now,
        interval: None,
        better,
        says: says.into(),
    };
    let arrived = tally.arrived > 0;
    vec![
        row(
            "Mean travel time",
            Unit::Seconds,
            arrived.then_some(tally.mean_travel_time_s),
            Better::Lower,
            "Live simulation: mean over trips that have arrived since the clock started.",
        ),
        row(
            "Vehicles under way",
            Unit::Vehicles,
            Some(tally.under_way as f64),
            Better::Neither,
            "Live simulation: vehicles on the road or waiting to set out.",
        ),
        row("Electric load", Unit::Watts, Some(totals.load_w), Better::Lower, "Energy model: all buildings, now."),
        row("Solar output", Unit::Watts, Some(totals.pv_w), Better::Higher, "Photovoltaics model: all roofs, now."),
        row("Grid losses", Unit::Watts, Some(totals.losses_w), Better::Lower, "Transformer losses, now."),
        row(
            "Supplied from outside",
            Unit::Watts,
            Some(totals.supplied_w),
            Better::Lower,
            "Load + losses - solar output.",
        ),
    ]
}

/// The panels' unit for a unit symbol of the scenario floor.
pub fn unit(symbol: &str) -> Unit {
    match symbol {
        "s" => Unit::Seconds,
        "min" => Unit::Of("min"),
        "h" => Unit::Of("h"),
        "%" => Unit::Of("%"),
        "W" => Unit::Watts,
        "kW" => Unit::Of("kW"),
        "MW" => Unit::Of("MW"),
        "MWh" => Unit::MegawattHours,
        "km/h" => Unit::KilometresPerHour,
        "veh/h" => Unit::VehiclesPerHour,
        "km" => Unit::Of("km"),
        "veh-km" | "veh·km" | "vehicle-km" => Unit::VehicleKilometres,
        "veh" | "vehicles" => Unit::Vehicles,
        "1" | "share" => Unit::Share,
        "t" => Unit::Of("t"),
        "kg" => Unit::Of("kg"),
        "trips" => Unit::Of("trips"),
        "veh-h" | "veh·h" | "vehicle-h" => Unit::Of("vehicle-hours"),
        "transformers" => Unit::Of("transformers"),
        _ => Unit::Of(""),
    }
}

/// The part that changes between two lists.
fn part_in_words(was: &[PartShare], will: &[PartShare]) -> String {
    let what = |of: &PartShare| format!("{} {}", of.technology.phrase(), citytwin_panels::part_in_words(&of.part));
    match (will.iter().find(|of| !was.contains(of)), was.iter().find(|of| !will.contains(of))) {
        (Some(of), _) => format!("{:.0} % {}", 100.0 * of.share, what(of)),
        (None, Some(of)) => format!("No own share of {}", what(of)),
        (None, None) => "Parts in another order".into(),
    }
}

fn share_in_words(technology: Technology, will: f64) -> String {
    let percent = 100.0 * will;
    match technology {
        Technology::Photovoltaics => format!("Solar on {percent:.0} % of suitable roofs"),
        Technology::Batteries => format!("Batteries with {percent:.0} % of the solar roofs"),
        Technology::Retrofit => format!("{percent:.0} % of buildings retrofitted"),
        Technology::ElectricCars | Technology::HeatPumps => format!("{percent:.0} % {}", technology.phrase()),
    }
}

/// The what-if as it stands.
pub fn what_if(seen: &Seen) -> Option<WhatIfData> {
    let twin = &seen.twin;
    let (city, stated, log, what_if) =
        (twin.city.as_ref()?, twin.stated.as_ref()?, twin.log.as_ref()?, twin.what_if.as_ref()?);
    let in_words = |edit: &Edit| match edit {
        Edit::Network(change) => network_in_words(&city.0, change),
        Edit::DemandFactor { will, .. } => format!("Trips at {:.0} % of today", will * 100.0),
        Edit::Share { technology, will, .. } => share_in_words(*technology, *will),
        Edit::Parts { was, will } => part_in_words(was, will),
        Edit::Charging { will, .. } => format!("Cars charge {}", will.phrase()),
    };
    let comparison = match &what_if.state {
        ComparisonState::Idle => Shown::None,
        ComparisonState::Running { progress, .. } => {
            Shown::Running { fraction: progress.fraction(), doing: "simulating both cities, hour by hour".into() }
        }
        ComparisonState::Done(done) if what_if.compared.as_ref() == Some(&stated.0) => Shown::Done(done.what.clone()),
        ComparisonState::Done(done) => Shown::Outdated(done.what.clone()),
        ComparisonState::Failed(why) => Shown::Failed(why.clone()),
    };
    Some(WhatIfData {
        baseline: Assumptions::default(),
        now: stated.0.clone(),
        edits: log.in_force.iter().map(in_words).collect(),
        road: picked_road(seen, &stated.0),
        comparison,
    })
}

/// A change of the network as a person would say it.
fn network_in_words(city: &City, change: &NetworkChange) -> String {
    let named = |source: &SourceRef| {
        let name = city.roads.iter().find(|r| r.source == *source).and_then(|r| r.name.clone());
        name.map_or_else(|| source.to_string(), |name| format!("{name} ({source})"))
    };
    let (road, was, will) = match change {
        NetworkChange::Turn { turn, banned, .. } => {
            let verb = if *banned { "No turn" } else { "Turn allowed" };
            return format!("{verb} from {} into {}", named(&turn.from), named(&turn.to));
        }
        NetworkChange::Road { road, was, will } => (named(road), was, will),
    };
    if was.closed != will.closed {
        return format!("{} {road}", if will.closed { "Closed" } else { "Reopened" });
    }
    if was.oneway != will.oneway {
        let way = match will.oneway {
            Some(Oneway::Forward) => "one-way as drawn",
            Some(Oneway::Backward) => "one-way against its drawing",
            Some(Oneway::Both) => "two-way",
            None => "direction as mapped",
        };
        return format!("{road}: {way}");
    }
    if was.lanes != will.lanes {
        return will.lanes.map_or_else(
            || format!("{road}: lanes as mapped"),
            |lanes| format!("{road}: {lanes} lane{} each way", if lanes == 1 { "" } else { "s" }),
        );
    }
    if was.speed_kmh != will.speed_kmh {
        return will.speed_kmh.map_or_else(|| format!("{road}: limit as mapped"), |kmh| format!("{road}: {kmh} km/h"));
    }
    format!("{road}: toll {} per link", will.toll)
}

fn picked_road(seen: &Seen, stated: &Assumptions) -> Option<PickedRoad> {
    let Some(FeatureRef::Road(id)) = seen.selection.picked else { return None };
    let city = &seen.twin.city.as_ref()?.0;
    let road = city.roads.get(id.index())?;
    let RoadAccess { car, bus, .. } = road.access;
    let refused = if !road.class.is_motor() || (car == AccessLevel::No && bus == AccessLevel::No) {
        Some("No motor vehicles drive here, so there is nothing to close.".into())
    } else {
        None
    };
    Some(PickedRoad {
        source: road.source.clone(),
        name: title(city, FeatureRef::Road(id)),
        change: stated.network.roads.get(&road.source).copied().unwrap_or_default(),
        mapped_lanes: lanes_in_words(road),
        mapped_limit: format!("{:.0} km/h", 3.6 * road.speed_forward_mps.value),
        two_way: road.oneway.value == Oneway::Both,
        refused,
    })
}

fn lanes_in_words(road: &Road) -> String {
    let (forward, backward) = (road.lanes_forward.value, road.lanes_backward.value);
    match road.oneway.value {
        Oneway::Both => format!("{forward} + {backward}"),
        Oneway::Forward => forward.to_string(),
        Oneway::Backward => backward.to_string(),
    }
}

/// The last day's totals, decimated.
pub fn history(twin: &Twin) -> Option<History> {
    let (record, clock) = (twin.record.as_ref()?, twin.clock.as_ref()?);
    if record.samples.is_empty() {
        return None;
    }
    let stride = record.samples.len().div_ceil(POINTS);
    let mut history = History::default();
    let first = record.samples.front()?.at;
    let local = citytwin_model::time::LocalTime::of(first, &clock.zone).second_of_day;
    for sample in record.samples.iter().step_by(stride) {
        history.at_s.push(local + sample.at.duration_since(first).as_secs_f64());
        history.load_w.push(sample.load_w);
        history.pv_w.push(sample.pv_w);
        history.supplied_w.push(sample.supplied_w);
        history.vehicles.push(sample.vehicles as f64);
    }
    Some(history)
}
