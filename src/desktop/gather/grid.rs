//! The power grid for the panels: what holds now, what the day brings, what an element is.

use citytwin_energy::grid::{
    MeasureKind,
    synthetic::{CityGrid, Element, LineKind, Sensed, StationMeasure},
};
use citytwin_model::{BuildingId, City, Coord, EnergyAssetId, FeatureRef, Origin, Quantity};
use citytwin_panels::{
    Fact, GridData, GridDay, GridElement, GridHelp, GridItem, GridSensed, GridSuspect, InspectorData, Measure,
    Observation, Picked, Related, Unit, format,
};
use citytwin_scenario::{Beyond, HOURS, Limit, TechnologyHosting};
use citytwin_twin::{DayState, EstimateState, Extremes, GridEstimated, GridTwin};

use super::{Seen, names::title};

/// Which model says so.
const MODEL: &str = "Power grid";
/// Elements beyond a limit that are listed; the sentence above counts all.
const LISTED: usize = 200;

/// The panel's element of the grid's.
pub const fn shown(element: Element) -> GridElement {
    match element {
        Element::Line(line) => GridElement::Line(line),
        Element::Transformer(transformer) => GridElement::Transformer(transformer),
    }
}

/// The grid's element of the panel's.
pub const fn meant(element: GridElement) -> Element {
    match element {
        GridElement::Line(line) => Element::Line(line),
        GridElement::Transformer(transformer) => Element::Transformer(transformer),
    }
}

/// Where an element is, and how much of the map shows it.
pub fn place(grid: &CityGrid, element: GridElement) -> Option<(Coord<f64>, f64)> {
    match element {
        GridElement::Line(line) => {
            let course = ((line as usize) < grid.lines.len()).then(|| grid.course(line))?;
            let half = grid.grid.lines[line as usize].length_km * 500.0;
            course.get(course.len() / 2).map(|at| (*at, half.clamp(60.0, 2_000.0)))
        }
        GridElement::Transformer(transformer) => {
            let bus = grid.grid.transformers.get(transformer as usize)?.ends.to;
            Some((grid.bus_at[bus as usize], 120.0))
        }
    }
}

/// The grid's tab.
pub fn data(seen: &Seen) -> Option<GridData> {
    let (twin, city) = (seen.twin.grid.as_ref()?, &seen.twin.city.as_ref()?.0);
    let item = |element: Element, text: String| {
        let title = name(seen, twin, element);
        GridItem { element: shown(element), title, text }
    };
    Some(GridData {
        what: what(twin),
        now: now(twin, city),
        estimate: sensed(seen, city),
        out: twin.out.iter().map(|element| item(*element, String::new())).collect(),
        day: match &twin.day {
            DayState::Working => GridDay::Working,
            DayState::Failed(why) => GridDay::Failed(why.clone()),
            DayState::Found(day) => GridDay::Found {
                what: sentence(day),
                over: day.beyond.iter().take(LISTED).map(|b| item(b.element, beyond(b))).collect(),
                helps: help(day, &item),
            },
        },
    })
}

fn what(twin: &GridTwin) -> String {
    format!(
        "Synthetic: grown along the streets by written rules, not the utility's own data. {}, {}, {} of cable.",
        format::count(twin.grid.substations.len(), "substation", "substations"),
        format::count(twin.grid.stations.len(), "transformer station", "transformer stations"),
        Unit::Metres.text(twin.cable_m),
    )
}

fn now(twin: &GridTwin, city: &City) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut row = |label: &str, value: String| rows.push((label.to_owned(), value));
    match (&twin.now, twin.extremes) {
        (Some(Err(why)), _) => row("Load flow", why.clone()),
        (Some(Ok(answer)), Some(Extremes { voltage_pu: [low, high], line, transformer })) => {
            row("Voltage at buildings", format!("{low:.3} to {high:.3} pu"));
            row("Cables loaded to", Unit::Share.text(line.into()));
            row("Transformers to", Unit::Share.text(transformer.into()));
            row("Losses", Unit::Watts.text(answer.losses_w));
        }
        _ => row("Load flow", "not yet computed".into()),
    }
    let off = twin.operated.off().len();
    row("Without supply", format!("{off} of {} buildings", city.buildings.len()));
    rows
}

/// What the sensors make of it.
fn sensed(seen: &Seen, city: &City) -> GridSensed {
    let only = |what: &str| GridSensed { what: what.into(), rows: Vec::new(), contradict: Vec::new() };
    let Some(estimation) = &seen.twin.grid_estimation else { return only("Not yet.") };
    match &estimation.state {
        EstimateState::Unmeasured => {
            only("No sensor of this city measures its power grid: everything above is simulated.")
        }
        EstimateState::Silent => only("None of the grid's sensors has a fresh reading: everything above is simulated."),
        EstimateState::Working => only("Working out what the readings mean for the rest of the grid …"),
        EstimateState::Failed(why) => only(why),
        EstimateState::Found(found) => found_from_sensors(found, city),
    }
}

fn found_from_sensors(found: &GridEstimated, city: &City) -> GridSensed {
    let estimate = &found.estimate;
    let used = found.sensors.len() - estimate.set_aside.len();
    let what = format!(
        "The most likely state for {used} of {} and what the energy model expects (of a household ± as much again, of \
         a large building ± a fifth). ± is one standard deviation.",
        format::count(found.of, "sensor", "sensors"),
    );
    let volts = estimate.answer.bus_vm_pu.iter().zip(&estimate.vm_sigma_pu).filter(|(vm, _)| **vm > 0.0);
    let lowest = volts.min_by(|a, b| a.0.total_cmp(b.0));
    let highest = (0..estimate.transformer_w.len())
        .max_by(|a, b| estimate.answer.transformer_loading[*a].total_cmp(&estimate.answer.transformer_loading[*b]));
    let mut rows = Vec::new();
    if let Some((vm, sigma)) = lowest {
        rows.push(("Lowest voltage".into(), format!("{vm:.3} ± {sigma:.3} pu")));
    }
    if let Some(loading) = highest.map(|at| loading(found, at)) {
        rows.push(("Transformers to".into(), plus_minus(loading)));
    }
    let verdict = if estimate.objective > estimate.threshold { "no: model or meters are off" } else { "yes" };
    rows.push(("Readings agree".into(), verdict.into()));
    let suspect = |at: &usize| {
        let (sensor, sensing) = &found.sensors[*at];
        let feature = FeatureRef::Sensor(*sensor);
        let far = estimate.normalised[*at].unwrap_or(0.0);
        let says = match sensing.what {
            Sensed::Voltage(_) => format!("{:.3} pu", sensing.value),
            _ => Unit::Watts.text(sensing.value),
        };
        let text = format!("says {says}, {far:.0} standard deviations from the rest; set aside");
        GridSuspect { feature, title: title(city, feature), text }
    };
    GridSensed { what, rows, contradict: estimate.set_aside.iter().map(suspect).collect() }
}

fn plus_minus([value, sigma]: [f64; 2]) -> String {
    format!("{:.0} ± {:.0} %", 100.0 * value, 100.0 * sigma)
}

/// Estimated loading of a transformer and its deviation: that of its active power.
fn loading(found: &GridEstimated, transformer: usize) -> [f64; 2] {
    let [power_w, sigma_w] = found.estimate.transformer_w[transformer].map(f64::from);
    let loading = f64::from(found.estimate.answer.transformer_loading[transformer]);
    [loading, if power_w == 0.0 { 0.0 } else { loading * sigma_w / power_w.abs() }]
}

fn estimated<'a>(seen: &'a Seen) -> Option<&'a GridEstimated> {
    match &seen.twin.grid_estimation.as_ref()?.state {
        EstimateState::Found(found) => Some(found),
        _ => None,
    }
}

/// Estimated voltage of a bus and its deviation, of nominal; None without supply.
fn estimated_vm(seen: &Seen, bus: u32) -> Option<[f64; 2]> {
    let estimate = &estimated(seen)?.estimate;
    let vm = *estimate.answer.bus_vm_pu.get(bus as usize).filter(|vm| **vm > 0.0)?;
    Some([vm, estimate.vm_sigma_pu[bus as usize]].map(f64::from))
}

fn sentence(day: &citytwin_scenario::GridDay) -> String {
    let [(low, low_hour), (high, high_hour)] = day.voltage_pu;
    let hour = |hour: u8| format!("{hour}:30");
    let voltage = if low.is_finite() {
        format!("voltage {low:.3} pu ({}) to {high:.3} pu ({}), ", hour(low_hour), hour(high_hour))
    } else {
        String::new()
    };
    let losses = Unit::MegawattHours.text(day.losses_mwh);
    let beyond = match day.beyond.len() {
        0 => "nothing goes beyond its limit".to_owned(),
        n => format::count(n, "element goes beyond its limit", "elements go beyond their limits"),
    };
    format!("{HOURS} load flows, phase by phase, with the shares in force: {voltage}losses {losses}; {beyond}.")
}

/// The measures, dearest station first.
fn help(day: &citytwin_scenario::GridDay, item: &dyn Fn(Element, String) -> GridItem) -> Option<GridHelp> {
    let measures = || day.plans.iter().flat_map(|(_, plan)| &plan.measures);
    let count = measures().count();
    if count == 0 && day.unplanned == 0 {
        return None;
    }
    let cost: f64 = day.plans.iter().map(|(_, plan)| plan.cost_eur).sum();
    let years = measures().map(|m| m.year).min().zip(measures().map(|m| m.year).max());
    let years = years.map_or_else(String::new, |(first, last)| {
        if first == last { format!(" in prices of {first}") } else { format!(" in prices of {first} to {last}") }
    });
    let left = day.plans.iter().filter(|(_, plan)| plan.left > 0).count();
    let mut what = format!(
        "{} at {} for {}{years}, cheapest first until limits hold; a cheaper plan may exist.",
        format::count(count, "measure", "measures"),
        format::count(day.plans.len(), "station", "stations"),
        euros(cost),
    );
    if left > 0 {
        what += &format!(" {} beyond a limit all the same.", format::count(left, "station stays", "stations stay"));
    }
    if day.unplanned > 0 {
        let elements = format::count(day.unplanned, "element", "elements");
        what += &format!(" Nothing is planned for {elements} of medium voltage.");
    }
    let row = |measure: &StationMeasure| {
        let words = match measure.kind {
            MeasureKind::ParallelCable => "a cable beside it",
            MeasureKind::LargerTransformer => "a larger transformer",
            MeasureKind::SecondTransformer => "a second transformer",
            MeasureKind::TapStep => "a step of its tap",
        };
        item(measure.element, format!("{words}, {}", euros(measure.cost_eur)))
    };
    Some(GridHelp { what, measures: measures().take(LISTED).map(row).collect() })
}

fn euros(cost: f64) -> String {
    format!("{} €", format::grouped((cost / 100.0).round() * 100.0, 0))
}

fn beyond(b: &Beyond) -> String {
    let worst = match b.limit {
        Limit::Loading => format!("{:.0} %", 100.0 * b.worst),
        Limit::LowVoltage | Limit::HighVoltage => format!("{:.3} pu", b.worst),
    };
    format!("{worst} at {}:30; from {}:30, {} h", b.worst_hour, b.first_hour, b.hours)
}

/// What people call it.
fn name(seen: &Seen, twin: &GridTwin, element: Element) -> String {
    let grid = &twin.grid;
    let transformers = seen.twin.energy.as_ref().map(|energy| energy.0.transformers());
    match element {
        Element::Line(line) => {
            let id = &grid.grid.lines[line as usize].label.id;
            match grid.lines[line as usize].kind {
                LineKind::Ring(_) => format!("Medium-voltage cable {id}"),
                LineKind::Feeder(_) => format!("Low-voltage cable {id}"),
                LineKind::Service(_) => format!("Service cable {id}"),
            }
        }
        Element::Transformer(transformer) => {
            let k = transformer as usize;
            let asset = transformers.and_then(|all| all.get(k)).and_then(|state| state.asset);
            match (asset, &seen.twin.city) {
                (Some(asset), Some(city)) => title(&city.0, FeatureRef::EnergyAsset(asset)),
                _ => format!("Transformer {}", grid.grid.transformers[k].label.id),
            }
        }
    }
}

/// The inspector of a picked element.
pub fn inspector(seen: &Seen, element: GridElement) -> Option<InspectorData> {
    let (twin, city) = (seen.twin.grid.as_ref()?, &seen.twin.city.as_ref()?.0);
    let (at, _) = place(&twin.grid, element)?;
    let meant = meant(element);
    let (kind, facts, measures) = match element {
        GridElement::Line(line) => line_data(seen, twin, line as usize),
        GridElement::Transformer(transformer) => transformer_data(seen, twin, transformer as usize),
    };
    Some(InspectorData {
        picked: Picked::Grid(element),
        title: name(seen, twin, meant),
        kind,
        source: None,
        at: Some(city.anchor.lonlat(at)),
        facts,
        measures,
        history: None,
        users: None,
        related: related(twin, city, element),
        tags: Vec::new(),
        problems: Vec::new(),
        followed: false,
        out_of_service: Some(twin.out.contains(&meant)),
    })
}

fn measure(label: &str, unit: Unit, value: Option<f32>) -> Measure {
    Measure {
        label: label.into(),
        unit,
        observed: None,
        simulated: value.map(f64::from),
        estimated: None,
        model: MODEL.into(),
        trail: None,
    }
}

fn line_data(seen: &Seen, twin: &GridTwin, line: usize) -> (String, Vec<Fact>, Vec<Measure>) {
    let (row, element) = (&twin.grid.lines[line], &twin.grid.grid.lines[line]);
    let cable = &twin.grid.cables[usize::from(row.cable)];
    let origin = row.origin();
    let fact = |label: &str, value: String| Fact { label: label.into(), value, origin };
    let mut facts = vec![
        fact("Type", cable.name.clone()),
        fact("Length", Unit::Metres.text(1000.0 * element.length_km)),
        fact("Side by side", element.parallel.to_string()),
    ];
    if let Some(rated_a) = element.rated_a {
        facts.push(fact("Rated current", format!("{rated_a:.0} A")));
    }
    if let LineKind::Feeder(feeder) | LineKind::Service(feeder) = row.kind {
        facts.extend(hosts(twin, &[feeder as usize]));
    }
    let answer = twin.answer();
    let far = element.ends.to as usize;
    let measures = vec![
        measure("Loading", Unit::Share, answer.map(|a| a.line_loading[line])),
        measure("Power away from the source", Unit::Watts, answer.map(|a| a.line_w[line])),
        Measure {
            estimated: estimated_vm(seen, element.ends.to),
            ..measure("Voltage at its far end", Unit::Of("pu"), answer.map(|a| a.bus_vm_pu[far]))
        },
    ];
    let kind = match row.kind {
        LineKind::Ring(_) => "Cable of a medium-voltage ring, synthetic",
        LineKind::Feeder(_) => "Cable of a low-voltage feeder, synthetic",
        LineKind::Service(_) => "Service cable of a building, synthetic",
    };
    (kind.into(), facts, measures)
}

/// How many customers of these feeders can join with each technology.
fn hosts(twin: &GridTwin, feeders: &[usize]) -> Vec<Fact> {
    let Some(found) = twin.hosting.as_ref().filter(|_| !feeders.is_empty()) else { return Vec::new() };
    let buildings: usize = feeders.iter().map(|k| twin.grid.feeders[*k].buildings.len()).sum();
    let fact = |of: &TechnologyHosting| {
        let sum = |share: f64| feeders.iter().filter_map(|k| of.feeders.get(*k)?.quantile(share)).sum::<usize>();
        let (low, middle, high) = (sum(0.05), sum(0.5), sum(0.95));
        let spread = if low == high { String::new() } else { format!(" ({low} to {high})") };
        let mut name = of.technology.name.to_owned();
        name[..1].make_ascii_uppercase();
        Fact {
            label: format!("{name} fit"),
            value: format!("{middle}{spread} of {buildings} buildings"),
            origin: Origin::Inferred(of.technology.source),
        }
    };
    found.iter().map(fact).collect()
}

fn transformer_data(seen: &Seen, twin: &GridTwin, transformer: usize) -> (String, Vec<Fact>, Vec<Measure>) {
    let element = &twin.grid.grid.transformers[transformer];
    let state = seen.twin.energy.as_ref().and_then(|energy| energy.0.transformers().get(transformer));
    let synthetic = Origin::Inferred("synthetic: sized for what it serves");
    let origin = state.map_or(synthetic, |state| state.rating);
    let mut facts = vec![Fact {
        label: "Rated power".into(),
        value: format!("{:.0} kVA", element.rated_va * f64::from(element.parallel) / 1000.0),
        origin,
    }];
    if let Some(state) = state {
        facts.push(Fact { label: "Buildings".into(), value: state.buildings.to_string(), origin: state.origin });
    }
    let own = (0..twin.grid.feeders.len()).filter(|k| twin.grid.feeders[*k].transformer as usize == transformer);
    facts.extend(hosts(twin, &own.collect::<Vec<_>>()));
    let loading = Measure {
        estimated: estimated(seen).map(|found| loading(found, transformer)),
        ..measure("Loading", Unit::Share, twin.answer().map(|a| a.transformer_loading[transformer]))
    };
    let mut measures = vec![power(seen, transformer), loading, volts(seen, twin, element.ends.to)];
    for measure in &mut measures {
        measure.observed = metered(seen, transformer, measure.unit);
    }
    let kind = if state.is_some() { "Transformer, medium to low voltage" } else { "Transformer of a substation" };
    (kind.into(), facts, measures)
}

/// Active power into a transformer.
fn power(seen: &Seen, transformer: usize) -> Measure {
    let state = seen.twin.energy.as_ref().and_then(|energy| energy.0.transformers().get(transformer));
    let into = state.map(|state| (state.load_w + state.losses_w - state.pv_w) as f32);
    let estimated = estimated(seen).map(|found| found.estimate.transformer_w[transformer].map(f64::from));
    Measure { estimated, ..measure("Active power", Unit::of(Quantity::ActivePower), into) }
}

/// Voltage of a phase to neutral at a bus.
fn volts(seen: &Seen, twin: &GridTwin, bus: u32) -> Measure {
    let nominal = twin.phase_v(bus);
    let volts = twin.answer().map(|answer| answer.bus_vm_pu[bus as usize] * nominal as f32);
    let estimated = estimated_vm(seen, bus).map(|vm| vm.map(|x| x * nominal));
    Measure { estimated, ..measure("Voltage of a phase to neutral", Unit::of(Quantity::Voltage), volts) }
}

/// What sensors say of a transformer in a unit.
fn metered(seen: &Seen, transformer: usize, unit: Unit) -> Option<Observation> {
    let entity = *seen.twin.grid_index.as_ref()?.transformers.get(transformer)?;
    let observed = seen.metered.get(entity).ok()?;
    let observation = observed.0.iter().find(|observation| Unit::of(observation.reading.quantity) == unit)?;
    Some(super::inspect::shown(&seen.twin.city.as_ref()?.0, seen, observation))
}

/// The building at the end of a service cable.
fn related(twin: &GridTwin, city: &City, element: GridElement) -> Vec<Related> {
    let GridElement::Line(line) = element else { return Vec::new() };
    let Some(LineKind::Service(feeder)) = twin.grid.lines.get(line as usize).map(|row| row.kind) else {
        return Vec::new();
    };
    let members = &twin.grid.feeders[feeder as usize].buildings;
    let served = members.iter().find(|b| twin.grid.buildings[**b as usize].service == Some(line));
    let related = |building: &u32| {
        let feature = FeatureRef::Building(BuildingId(*building));
        Related { label: "Supplies".into(), title: title(city, feature), feature }
    };
    served.map(related).into_iter().collect()
}

/// Voltage at a building now.
pub fn building_measure(seen: &Seen, building: BuildingId) -> Option<Measure> {
    let twin = seen.twin.grid.as_ref()?;
    twin.answer()?;
    Some(volts(seen, twin, twin.grid.buildings.get(building.index())?.bus))
}

/// Voltage on the lower side of a transformer that the city states.
pub fn station_measure(seen: &Seen, asset: EnergyAssetId) -> Option<Measure> {
    let (twin, energy) = (seen.twin.grid.as_ref()?, seen.twin.energy.as_ref()?);
    let station = energy.0.transformers().iter().position(|state| state.asset == Some(asset))?;
    Some(volts(seen, twin, twin.grid.stations.get(station)?.low_bus))
}
