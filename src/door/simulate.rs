//! `traffic simulate`: a SUMO scenario, vehicle by vehicle.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use anyhow::{Context, bail};
use citytwin_scenario::write_whole;
use citytwin_traffic::{
    journeys::Journeys,
    lane_graph::LaneGraph,
    meso::Meso,
    micro::Micro,
    results::{Labels, Provenance, Results, TripResult},
    sumo::{self, ScenarioJourneys, SumoScenario},
    unpacked,
};
use cpu_time::ProcessTime;
use serde::Serialize;

use crate::{arguments::SimulateArguments, progress::Bar, say, verbs::json};

/// Problems of a scenario named one by one up to here.
const NAMED: usize = 20;
/// A run without a stated end ends after so many seconds at the latest.
const LONGEST_S: f64 = 86_400.0;
/// When --micro lifts a vehicle out of a jam: SUMO's value where a scenario states none.
const LIFTED_AFTER_S: f64 = 300.0;

pub fn simulate(arguments: &SimulateArguments) -> anyhow::Result<()> {
    if let Some(out) = arguments.out.as_ref().filter(|out| out.is_file()) {
        bail!("{}: is a file; --out names a folder", out.display());
    }
    let scenario = read(&arguments.scenario)?;
    let graph = Arc::new(LaneGraph::of_sumo(&scenario.net));
    let found = scenario.journeys(&graph);
    tell(&scenario, &found);
    let end_s = arguments.end.or(scenario.end_s);
    if let Some(end) = end_s.filter(|end| *end <= scenario.begin_s) {
        bail!("--end {end}: the scenario begins at {} s; end later", scenario.begin_s);
    }
    if let Some(end) = end_s.filter(|end| !arguments.micro && end - scenario.begin_s > Meso::LONGEST_S) {
        let (begin, longest) = (scenario.begin_s, Meso::LONGEST_S);
        bail!("--end {end}: the scenario begins at {begin} s and --meso runs for {longest:.0} s at most; end earlier");
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let seed = arguments.seed.or(scenario.seed).unwrap_or(0);
    let began = ProcessTime::now();
    let mut done = if arguments.micro {
        let journeys = Arc::new(found.journeys.clone());
        let mut run = Micro::new(graph.clone(), journeys.clone(), seed, scenario.begin_s, scenario.step_s);
        pool.install(|| drive(&mut run, end_s, scenario.begin_s));
        Outcome::of_micro(&run, &graph, &journeys, &scenario)
    } else {
        let run = drive_meso(&graph, &found, seed, end_s, scenario.begin_s);
        Outcome::of_meso(&run, &graph, &found, &scenario)
    };
    done.cpu_s = began.elapsed().as_secs_f64();
    tell_forced(&done, &scenario);
    if end_s.is_none() && done.now_s - scenario.begin_s >= LONGEST_S {
        eprintln!(
            "stopped after {LONGEST_S} s, which no --end asked for: some vehicles had not arrived or not even departed"
        );
    }
    if let Some(out) = &arguments.out {
        let model = if arguments.micro { "micro" } else { "meso" };
        let provenance = Provenance { model, seed, scenario: arguments.scenario.display().to_string() };
        write_results(out, &done.results, &Labels::of_sumo(&scenario, &found), &provenance)?;
    }
    let report = Report::of(&done, &scenario);
    if arguments.json { say(&json(&report)?) } else { say(&report.in_words()) }
}

/// What a run comes to, whichever view drove it.
struct Outcome {
    inserted: u64,
    arrived: u64,
    running: u64,
    waiting: u64,
    detours: u64,
    forced: u64,
    now_s: f64,
    cpu_s: f64,
    /// One vehicle under way for one second, summed.
    vehicle_s: f64,
    state_hash: u64,
    results: Results,
    /// Junction and second.
    forced_at: Vec<(u32, f64)>,
}

impl Outcome {
    fn of_micro(run: &Micro, graph: &LaneGraph, journeys: &Journeys, scenario: &SumoScenario) -> Self {
        let counts = run.counts();
        Self {
            inserted: counts.inserted,
            arrived: counts.arrived,
            running: counts.running,
            waiting: counts.waiting,
            detours: counts.detours,
            forced: counts.forced,
            now_s: run.now_s(),
            cpu_s: 0.0,
            vehicle_s: counts.updates as f64 * scenario.step_s,
            state_hash: run.state_hash(),
            results: Results::of_micro(run, graph, journeys),
            forced_at: run.forced_at().collect(),
        }
    }

    fn of_meso(run: &Meso, graph: &LaneGraph, found: &ScenarioJourneys, scenario: &SumoScenario) -> Self {
        let counts = run.counts();
        Self {
            inserted: counts.inserted,
            arrived: counts.arrived,
            running: counts.running,
            waiting: counts.waiting,
            detours: run.detours(),
            forced: counts.forced,
            now_s: run.now_s(),
            cpu_s: 0.0,
            vehicle_s: run.vehicle_seconds(),
            state_hash: run.state_hash(),
            results: Results::of_meso(run, graph, &found.journeys, scenario.begin_s),
            forced_at: run.forced_moves().map(|m| (m.node, m.time_s)).collect(),
        }
    }
}

fn read(config: &Path) -> anyhow::Result<SumoScenario> {
    let folder = config.parent().unwrap_or(Path::new("")).to_owned();
    let own = config.file_name().with_context(|| format!("{}: is no file", config.display()))?;
    let own = own.to_str().with_context(|| format!("{}: the name is no UTF-8", config.display()))?;
    let mut open = |name: &str| {
        let packed = fs::read(folder.join(name))?;
        unpacked(packed).map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e.to_string()))
    };
    sumo::read_scenario(own, &mut open).with_context(|| config.display().to_string())
}

/// What of a scenario does not run, and why; the rest does.
fn tell(scenario: &SumoScenario, found: &ScenarioJourneys) {
    for problem in scenario.problems.iter().take(NAMED) {
        eprintln!("{}, line {}: {}", problem.file, problem.line, problem.what);
    }
    if scenario.problems.len() > NAMED {
        eprintln!("… and {} more problems", scenario.problems.len() - NAMED);
    }
    let edge = |e: u32| scenario.net.edges.get(e as usize).map_or("?", |edge| edge.id.as_str());
    let trip = |t: u32| &scenario.trips[t as usize].id;
    for (t, from, to) in found.unreachable.iter().take(NAMED) {
        eprintln!("{}: no way leads from {} to {}; it does not drive", trip(*t), edge(*from), edge(*to));
    }
    for (t, from, to) in found.broken.iter().take(NAMED) {
        eprintln!("{}: no lane for it joins {} and {}; it does not drive", trip(*t), edge(*from), edge(*to));
    }
    let more = found.unreachable.len().saturating_sub(NAMED) + found.broken.len().saturating_sub(NAMED);
    if more > 0 {
        eprintln!("… and {more} more trips without a way");
    }
    for (model, count) in &found.models {
        eprintln!("carFollowModel {model}: not known, {count} vehicles follow as Krauss has it");
    }
    if scenario.time_to_teleport_s != LIFTED_AFTER_S {
        let stated = scenario.time_to_teleport_s;
        eprintln!(
            "time-to-teleport {stated}: not heeded; --micro lifts vehicles out of a jam after {LIFTED_AFTER_S} s, --meso opens \
             knots of full lanes as they form"
        );
    }
    if !scenario.unsupported.is_empty() {
        let list: Vec<String> = scenario.unsupported.iter().map(|(name, count)| format!("{name} ({count})")).collect();
        eprintln!("not supported and left out: {}", list.join(", "));
    }
}

/// The junctions at which vehicles were moved out of a jam.
fn tell_forced(done: &Outcome, scenario: &SumoScenario) {
    let mut at = BTreeMap::<u32, (usize, f64)>::new();
    for (node, second) in &done.forced_at {
        at.entry(*node).or_insert((0, *second)).0 += 1;
    }
    for (node, (count, first_s)) in at {
        let name = scenario.net.junctions.get(node as usize).map_or("?", |j| j.id.as_str());
        eprintln!("junction {name}: {count} vehicles moved out of a jam, the first at {first_s:.0} s");
    }
}

fn drive(run: &mut Micro, end_s: Option<f64>, begin_s: f64) {
    let bar = Bar::new();
    let until = end_s.unwrap_or(begin_s + LONGEST_S);
    while run.now_s() < until && (end_s.is_some() || !run.is_over()) {
        run.step();
        bar.set("simulating", ((run.now_s() - begin_s) / (until - begin_s)) as f32);
    }
}

/// The mesoscopic view, a minute of simulated time after another.
fn drive_meso(graph: &LaneGraph, found: &ScenarioJourneys, seed: u64, end_s: Option<f64>, begin_s: f64) -> Meso {
    let bar = Bar::new();
    let until = end_s.unwrap_or(begin_s + LONGEST_S);
    let mut run = Meso::new(graph, &found.journeys, seed, begin_s);
    let over = |run: &Meso| run.counts().arrived + run.counts().refused == found.journeys.list.len() as u64;
    while run.now_s() < until && (end_s.is_some() || !over(&run)) {
        run.run_until((run.now_s() + 60.0).min(until));
        bar.set("simulating", ((run.now_s() - begin_s) / (until - begin_s)) as f32);
    }
    run
}

/// `simulate --json`.
#[derive(Serialize)]
struct Report {
    inserted: u64,
    arrived: u64,
    running: u64,
    /// Due, but without room to enter.
    waiting: u64,
    mean_duration_s: f64,
    mean_time_loss_s: f64,
    /// One vehicle for one simulated second, per second of CPU.
    vehicle_updates_per_s: f64,
    real_time_factor: f64,
    simulated_s: f64,
    cpu_s: f64,
    /// Drivers who could not get into the lane for their way and took another.
    detours: u64,
    /// Moves out of jams that nothing else resolved; standard error says where.
    forced: u64,
    problems: usize,
    unsupported: BTreeMap<String, usize>,
    state_hash: String,
}

impl Report {
    fn of(done: &Outcome, scenario: &SumoScenario) -> Self {
        let trips = &done.results.trips;
        let mean = |of: &dyn Fn(&TripResult) -> f64| {
            let sum: f64 = trips.iter().map(of).sum();
            if trips.is_empty() { 0.0 } else { sum / trips.len() as f64 }
        };
        let per_cpu = |x: f64| if done.cpu_s > 0.0 { x / done.cpu_s } else { 0.0 };
        let simulated_s = done.now_s - scenario.begin_s;
        Self {
            inserted: done.inserted,
            arrived: done.arrived,
            running: done.running,
            waiting: done.waiting,
            mean_duration_s: mean(&|t| t.arrived_s - t.entered_s),
            mean_time_loss_s: mean(&|t| t.delay_s),
            vehicle_updates_per_s: per_cpu(done.vehicle_s),
            real_time_factor: per_cpu(simulated_s),
            simulated_s,
            cpu_s: done.cpu_s,
            detours: done.detours,
            forced: done.forced,
            problems: scenario.problems.len(),
            unsupported: scenario.unsupported.clone(),
            state_hash: format!("{:016x}", done.state_hash),
        }
    }

    fn in_words(&self) -> String {
        format!(
            "inserted {}\narrived {}\nrunning {}\nwaiting to enter {}\ndetours {}\nforced moves {}\nmean duration {:.1} s\nmean time loss \
             {:.1} s\nsimulated {:.0} s in {:.2} s of CPU: {:.0} times real time, {:.2} million vehicle updates/s\nstate {}\n",
            self.inserted,
            self.arrived,
            self.running,
            self.waiting,
            self.detours,
            self.forced,
            self.mean_duration_s,
            self.mean_time_loss_s,
            self.simulated_s,
            self.cpu_s,
            self.real_time_factor,
            self.vehicle_updates_per_s / 1e6,
            self.state_hash
        )
    }
}

/// Trips, links, junctions and the network's fundamental diagram, all files or none.
fn write_results(out: &Path, results: &Results, labels: &Labels, provenance: &Provenance) -> anyhow::Result<()> {
    let files = results.files(labels, provenance)?;
    let named: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    Ok(write_whole(out, &named)?)
}
