//! The traffic engines by themselves: `traffic assign` and `traffic demand`.

use std::{collections::BTreeMap, fs, ops::ControlFlow, path::Path};

use anyhow::{Context, bail};
use citytwin_scenario::write_whole;
use citytwin_traffic::{
    Demand, DemandInputs, Network, OdTable, ZoneTable,
    assignment::{self, Equilibrium, Graph, Options, Progress, Trips, UserClass, ZoneEnds},
    sumo, tntp, unpacked,
};
use cpu_time::ProcessTime;
use serde::Serialize;

use crate::{
    arguments::{AssignArguments, DemandArguments},
    say,
    verbs::{json, open},
};

/// Trips that no way leads for, named one by one up to here.
const NAMED: usize = 10;

pub fn assign(arguments: &AssignArguments) -> anyhow::Result<()> {
    let problem = Problem::read(arguments)?;
    let class = UserClass {
        toll_weight: arguments.toll_weight,
        length_weight: arguments.distance_weight,
        ..UserClass::default()
    };
    let trips = Trips::of(problem.graph.extent().zones, class, &problem.entries)
        .with_context(|| arguments.trips.display().to_string())?;
    let options = Options { gap: arguments.gap, most_iterations: arguments.iterations as usize };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let began = ProcessTime::now();
    let report = |progress: &Progress| {
        eprintln!(
            "iteration {:3}  relative gap {:.3e}  objective {:.9}",
            progress.iteration, progress.relative_gap, progress.objective
        );
        ControlFlow::Continue(())
    };
    let found = pool.install(|| assignment::solve(&problem.graph, &trips, &options, report))?;
    let cpu_s = began.elapsed().as_secs_f64();
    tell_lost(&problem, &found);
    if found.progress().relative_gap > arguments.gap {
        eprintln!("stopped after {} iterations, short of the gap asked for", found.progress().iteration);
    }
    if arguments.json { say(&json(&problem.report(&found, cpu_s))?) } else { say(&problem.in_words(&found, cpu_s)) }
}

/// A network and trips, with the names they have in their files.
struct Problem {
    graph: Graph,
    entries: Vec<(u32, u32, f64)>,
    /// Names of the zones; numbers from 1 where there are none.
    zones: Option<Vec<String>>,
    /// Names of the ends of each link; numbers from 1 where there are none.
    ends: Option<Vec<(String, String)>>,
}

/// `assign --json`.
#[derive(Serialize)]
struct Report<'a> {
    objective: f64,
    relative_gap: f64,
    iterations: usize,
    cpu_s: f64,
    total_cost: f64,
    /// Trips that no way leads for.
    unreachable: f64,
    links: Vec<LinkRow<'a>>,
}

#[derive(Serialize)]
struct LinkRow<'a> {
    from: Name<'a>,
    to: Name<'a>,
    flow: f64,
    cost: f64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Name<'a> {
    Number(u32),
    Text(&'a str),
}

impl Problem {
    fn read(arguments: &AssignArguments) -> anyhow::Result<Self> {
        if has_ending(&arguments.net, ".xml") { Self::read_sumo(arguments) } else { Self::read_tntp(arguments) }
    }

    fn read_tntp(arguments: &AssignArguments) -> anyhow::Result<Self> {
        let named = |path: &Path| path.display().to_string();
        let graph = tntp::read_net(&text(&arguments.net)?).with_context(|| named(&arguments.net))?;
        let trips = text(&arguments.trips)?;
        let read = if has_ending(&arguments.trips, ".csv") { tntp::read_csv } else { tntp::read_trips };
        let entries = read(&trips, &graph).with_context(|| named(&arguments.trips))?;
        Ok(Self { graph, entries, zones: None, ends: None })
    }

    /// A SUMO net: its edges are the zones that trips start and end on.
    fn read_sumo(arguments: &AssignArguments) -> anyhow::Result<Self> {
        let net = sumo::read_net(&bytes(&arguments.net)?).with_context(|| arguments.net.display().to_string())?;
        let compiled = net.compile();
        let named = || arguments.trips.display().to_string();
        let wanted = sumo::read_trips(&text(&arguments.trips)?).with_context(named)?;
        let (mut zones, mut ends, mut entries) = (Vec::<String>::new(), Vec::new(), Vec::new());
        let mut known = BTreeMap::<String, u32>::new();
        for row in &wanted {
            let mut zone = |edge: &String| -> anyhow::Result<u32> {
                if let Some(zone) = known.get(edge) {
                    return Ok(*zone);
                }
                let link = compiled.link(edge).filter(|link| compiled.network.usable(*link)).with_context(|| {
                    format!("{}: line {}: `{edge}` is no edge of the net that cars may use", named(), row.line)
                })?;
                let zone = zones.len() as u32;
                known.insert(edge.clone(), zone);
                zones.push(edge.clone());
                ends.push(ZoneEnds { origins: vec![link], destinations: vec![link] });
                Ok(zone)
            };
            entries.push((zone(&row.from)?, zone(&row.to)?, row.trips));
        }
        let graph = Graph::of_network(&compiled.network, &ends).with_context(|| arguments.net.display().to_string())?;
        let city = &compiled.city;
        let node = |id: citytwin_model::NodeId| city.nodes[id.index()].source.to_string();
        let ends = city.links.iter().map(|link| (node(link.from), node(link.to))).collect();
        Ok(Self { graph, entries, zones: Some(zones), ends: Some(ends) })
    }

    fn zone(&self, zone: u32) -> String {
        match &self.zones {
            Some(names) => names[zone as usize].clone(),
            None => (zone + 1).to_string(),
        }
    }

    fn report(&self, found: &Equilibrium, cpu_s: f64) -> Report<'_> {
        let progress = found.progress();
        let rows = found.report(&self.graph).links;
        let name = |link: usize, number: u32, last: bool| match &self.ends {
            Some(ends) => Name::Text(if last { &ends[link].1 } else { &ends[link].0 }),
            None => Name::Number(number),
        };
        let row = |(l, row): (usize, assignment::LinkReport)| LinkRow {
            from: name(l, row.from, false),
            to: name(l, row.to, true),
            flow: row.flow,
            cost: row.cost,
        };
        Report {
            objective: progress.objective,
            relative_gap: progress.relative_gap,
            iterations: progress.iteration,
            cpu_s,
            total_cost: progress.total_cost,
            unreachable: found.unreachable().iter().fold(0.0, |sum, lost| sum + lost.trips),
            links: rows.into_iter().enumerate().map(row).collect(),
        }
    }

    fn in_words(&self, found: &Equilibrium, cpu_s: f64) -> String {
        let (progress, used) = (found.progress(), (0..self.graph.links().len()).filter(|l| found.flow(*l) > 0.0));
        format!(
            "objective {:.9}\nrelative gap {:.3e}\niterations {}\ntotal cost {:.6}\nlinks {} ({} used)\nCPU {cpu_s:.2} s\n",
            progress.objective,
            progress.relative_gap,
            progress.iteration,
            progress.total_cost,
            self.graph.links().len(),
            used.count(),
        )
    }
}

/// Says which trips no way leads for; they are in no flow.
fn tell_lost(problem: &Problem, found: &Equilibrium) {
    let lost = found.unreachable();
    if lost.is_empty() {
        return;
    }
    let sum: f64 = lost.iter().map(|l| l.trips).sum();
    eprintln!("{sum} trips of {} pairs have no way and are in no flow:", lost.len());
    for pair in lost.iter().take(NAMED) {
        eprintln!("  from {} to {}: {}", problem.zone(pair.origin), problem.zone(pair.destination), pair.trips);
    }
}

/// Whether a file's name ends like this, `.gz` after it or not.
fn has_ending(path: &Path, ending: &str) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    name.strip_suffix(".gz").unwrap_or(&name).ends_with(ending)
}

fn text(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(bytes(path)?)
        .map_err(|_| anyhow::anyhow!("{}: is no UTF-8 text; save it as plain text", path.display()))
}

/// A file, unpacked where it is packed.
fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let packed = fs::read(path).with_context(|| unreadable(path))?;
    unpacked(packed).with_context(|| path.display().to_string())
}

fn unreadable(path: &Path) -> String {
    format!("{}: cannot be read", path.display())
}

pub fn demand(arguments: &DemandArguments) -> anyhow::Result<()> {
    if arguments.out.is_file() {
        bail!("{}: is a file; --out names a folder", arguments.out.display());
    }
    let city = open(&arguments.city, &arguments.map)?;
    let table = |path: &Path| text(path).map(|text| (path.display().to_string(), text));
    let mut inputs = DemandInputs::default();
    if let Some(path) = &arguments.zones {
        let (name, text) = table(path)?;
        inputs.zones = Some(ZoneTable::parse(&text, &city).context(name)?);
    }
    if let Some(path) = &arguments.od {
        let (name, text) = table(path)?;
        inputs.trips = Some(OdTable::parse(&text).context(name)?);
    }
    let network = Network::compile(&city);
    let tables = [&arguments.zones, &arguments.od].map(|t| t.as_ref().map(|path| path.display().to_string()));
    let named = tables.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let demand = Demand::with(&city, &network, &inputs).context(named)?;
    if demand.peak_matrix().total() <= 0.0 {
        bail!("{}: nobody travels in this city: it has no roads that trips could start on", arguments.city.display());
    }
    let files = demand.files(&city).context("nobody travels in this city")?;
    let named = [
        ("zones.csv", files.zones_csv.as_str()),
        ("od.csv", &files.od_csv),
        ("gates.csv", &files.gates_csv),
        ("report.json", &files.report_json),
        ("report.md", &files.report_md),
    ];
    write_whole(&arguments.out, &named)?;
    say(&files.report_md)
}
