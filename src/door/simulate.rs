//! `traffic simulate`: a SUMO scenario, vehicle by vehicle.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, sync::Arc};

use anyhow::{Context, bail};
use citytwin_traffic::{
    lane_graph::LaneGraph,
    micro::{self, Micro},
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
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let seed = arguments.seed.or(scenario.seed).unwrap_or(0);
    let journeys = Arc::new(found.journeys.clone());
    let mut run = Micro::new(graph, journeys, seed, scenario.begin_s, scenario.step_s);
    let began = ProcessTime::now();
    pool.install(|| drive(&mut run, end_s, scenario.begin_s));
    let cpu_s = began.elapsed().as_secs_f64();
    tell_forced(&run, &scenario);
    let report = Report::of(&run, &scenario, cpu_s);
    if let Some(out) = &arguments.out {
        write_results(out, &run, &scenario, &found)?;
    }
    if arguments.json { say(&json(&report)?) } else { say(&report.in_words()) }
}

fn read(config: &Path) -> anyhow::Result<SumoScenario> {
    let folder = config.parent().unwrap_or(Path::new("")).to_owned();
    let own = config.file_name().with_context(|| format!("{}: is no file", config.display()))?;
    let own = own.to_str().with_context(|| format!("{}: the name is no UTF-8", config.display()))?;
    let mut open = |name: &str| {
        let packed = fs::read(folder.join(name))?;
        unpacked(packed).map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e.to_string()))
    };
    sumo::read_scenario(own, &mut open).with_context(|| folder.display().to_string())
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
    for (model, count) in &found.models {
        eprintln!("carFollowModel {model}: not known, {count} vehicles follow as Krauss has it");
    }
    if !scenario.unsupported.is_empty() {
        let list: Vec<String> = scenario.unsupported.iter().map(|(name, count)| format!("{name} ({count})")).collect();
        eprintln!("not supported and left out: {}", list.join(", "));
    }
}

/// The junctions at which vehicles were lifted out of a jam.
fn tell_forced(run: &Micro, scenario: &SumoScenario) {
    let mut at = BTreeMap::<u32, (usize, f64)>::new();
    for (node, second) in run.forced_at() {
        at.entry(node).or_insert((0, second)).0 += 1;
    }
    for (node, (count, first_s)) in at {
        let name = scenario.net.junctions.get(node as usize).map_or("?", |j| j.id.as_str());
        eprintln!("junction {name}: {count} vehicles lifted out of a jam, the first at {first_s:.0} s");
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
    fn of(run: &Micro, scenario: &SumoScenario, cpu_s: f64) -> Self {
        let counts = run.counts();
        let (mut duration_s, mut lost_s, mut trips) = (0.0, 0.0, 0);
        for trip in run.trips() {
            duration_s += trip.arrived_s - trip.entered_s;
            lost_s += f64::from(trip.lost_s);
            trips += 1;
        }
        let mean = |sum: f64| if trips > 0 { sum / f64::from(trips) } else { 0.0 };
        let per_cpu = |x: f64| if cpu_s > 0.0 { x / cpu_s } else { 0.0 };
        let simulated_s = run.now_s() - scenario.begin_s;
        Self {
            inserted: counts.inserted,
            arrived: counts.arrived,
            running: counts.running,
            waiting: counts.waiting,
            mean_duration_s: mean(duration_s),
            mean_time_loss_s: mean(lost_s),
            vehicle_updates_per_s: per_cpu(counts.updates as f64 * scenario.step_s),
            real_time_factor: per_cpu(simulated_s),
            simulated_s,
            cpu_s,
            detours: counts.detours,
            forced: counts.forced,
            problems: scenario.problems.len(),
            unsupported: scenario.unsupported.clone(),
            state_hash: format!("{:016x}", run.state_hash()),
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

/// trips.csv and links.csv, each written beside its place and then put there.
fn write_results(out: &Path, run: &Micro, scenario: &SumoScenario, found: &ScenarioJourneys) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("{}: cannot be made", out.display()))?;
    let mut trips = String::from("id,type,depart_s,entered_s,arrived_s,duration_s,time_loss_s\n");
    for t in run.trips() {
        let trip = &scenario.trips[found.trips[t.journey as usize] as usize];
        let kind = &scenario.types[trip.kind].id;
        let _ = writeln!(
            trips,
            "{},{},{},{},{},{},{:.2}",
            quoted(&trip.id),
            quoted(kind),
            trip.depart_s,
            t.entered_s,
            t.arrived_s,
            t.arrived_s - t.entered_s,
            t.lost_s
        );
    }
    let mut links = String::from("edge,begin_s,end_s,left,flow_vph,mean_travel_time_s,mean_speed_mps\n");
    let interval_s = micro::INTERVAL_S as f64;
    for (interval, row) in run.link_tallies().enumerate() {
        let begin_s = scenario.begin_s + interval as f64 * interval_s;
        for (edge, tally) in scenario.net.edges.iter().zip(row).filter(|(_, tally)| tally.left > 0) {
            let mean_s = tally.seconds / f64::from(tally.left);
            let _ = writeln!(
                links,
                "{},{begin_s},{},{},{:.1},{mean_s:.2},{:.3}",
                quoted(&edge.id),
                begin_s + interval_s,
                tally.left,
                f64::from(tally.left) * 3600.0 / interval_s,
                edge.lanes[0].length_m / mean_s.max(0.1)
            );
        }
    }
    for (name, text) in [("trips.csv", &trips), ("links.csv", &links)] {
        let (path, half) = (out.join(name), out.join(format!("{name}.half")));
        fs::write(&half, text).with_context(|| format!("{}: cannot be written", half.display()))?;
        fs::rename(&half, &path).with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    Ok(())
}

/// A field of CSV.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
