//! The tables of a run's results, with the names of a scenario, and their files.

use parquet::errors::ParquetError;

use super::{Column, Control, Driven, JunctionResult, LinkResult, NetworkResult, ResultTable, Results, TripResult};
use crate::sumo::{ScenarioJourneys, SumoScenario};

/// What things are called.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Labels<'a> {
    /// Identifier and type by row of the journeys.
    pub trips: Vec<(&'a str, &'a str)>,
    pub links: Vec<&'a str>,
    pub junctions: Vec<&'a str>,
}

/// Where results come from; stands in the metadata of every Parquet file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provenance {
    /// `micro` or `meso`.
    pub model: &'static str,
    pub seed: u64,
    pub scenario: String,
}

impl<'a> Labels<'a> {
    pub fn of_sumo(scenario: &'a SumoScenario, found: &ScenarioJourneys) -> Self {
        let trip = |t: &u32| {
            let trip = &scenario.trips[*t as usize];
            (trip.id.as_str(), scenario.types[trip.kind].id.as_str())
        };
        Self {
            trips: found.trips.iter().map(trip).collect(),
            links: scenario.net.edges.iter().map(|e| e.id.as_str()).collect(),
            junctions: scenario.net.junctions.iter().map(|j| j.id.as_str()).collect(),
        }
    }

    fn link(&self, link: u32) -> Option<String> {
        self.links.get(link as usize).map(|id| (*id).to_owned())
    }
}

impl Provenance {
    fn entries(&self) -> Vec<(String, String)> {
        [
            ("citytwin.model", self.model.to_owned()),
            ("citytwin.version", env!("CARGO_PKG_VERSION").to_owned()),
            ("citytwin.seed", self.seed.to_string()),
            ("citytwin.scenario", self.scenario.clone()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec()
    }
}

impl Results {
    /// `trips`, `links`, `junctions` and `mfd`.
    pub fn tables(&self, labels: &Labels<'_>) -> [ResultTable; 4] {
        [
            trips(&self.trips, labels),
            links(&self.links, labels),
            junctions(&self.junctions, labels),
            network(&self.network),
        ]
    }

    /// Every table as CSV and as Parquet: name and bytes of each file.
    ///
    /// # Errors
    /// What the Parquet encoder refuses.
    pub fn files(&self, labels: &Labels<'_>, provenance: &Provenance) -> Result<Vec<(String, Vec<u8>)>, ParquetError> {
        let about = provenance.entries();
        let mut files = Vec::new();
        for table in self.tables(labels) {
            files.push((format!("{}.csv", table.name), table.csv().into_bytes()));
            files.push((format!("{}.parquet", table.name), table.parquet(&about)?));
        }
        Ok(files)
    }
}

fn trips(rows: &[TripResult], labels: &Labels<'_>) -> ResultTable {
    type Trip = TripResult;
    let label = |t: &Trip| labels.trips.get(t.journey as usize);
    let number = |name, decimals, of: fn(&Trip) -> f64| Column::numbers(name, decimals, rows, |t| Some(of(t)));
    let driven = |name, of: fn(&Driven) -> f64| Column::numbers(name, 2, rows, |t| t.driven.as_ref().map(of));
    let emitted = |name, of: fn(&crate::impact::Emissions) -> f64| {
        Column::numbers(name, 5, rows, |t| t.emissions.as_ref().map(of))
    };
    let electric = |t: &Trip| t.driven.filter(|d| d.electric).and_then(|d| d.battery_kwh);
    let columns = vec![
        Column::text("id", rows, |t| label(t).map(|l| l.0.to_owned())),
        Column::text("type", rows, |t| label(t).map(|l| l.1.to_owned())),
        number("depart_s", 3, |t| t.depart_s),
        number("entered_s", 3, |t| t.entered_s),
        number("arrived_s", 3, |t| t.arrived_s),
        number("duration_s", 3, |t| t.arrived_s - t.entered_s),
        number("depart_delay_s", 3, |t| t.entered_s - t.depart_s),
        number("time_loss_s", 2, |t| t.delay_s),
        number("distance_m", 2, |t| t.distance_m),
        Column::integers("stops", rows, |t| t.driven.map(|d| i64::from(d.stops))),
        driven("stopped_s", |d| d.stopped_s),
        driven("planned_stops_s", |d| d.planned_stops_s),
        Column::numbers("battery_kwh", 5, rows, electric),
        Column::numbers("if_electric_kwh", 5, rows, |t| t.driven.and_then(|d| d.battery_kwh)),
        emitted("fuel_g", |e| e.fuel_g),
        emitted("co2_g", |e| e.co2_g),
        emitted("nox_g", |e| e.nox_g),
        emitted("pm_g", |e| e.pm_g),
    ];
    ResultTable { name: "trips", columns }
}

fn links(rows: &[LinkResult], labels: &Labels<'_>) -> ResultTable {
    let number = |name, decimals, of: fn(&LinkResult) -> Option<f64>| Column::numbers(name, decimals, rows, of);
    let columns = vec![
        Column::text("edge", rows, |l| labels.link(l.link)),
        number("begin_s", 3, |l| Some(l.begin_s)),
        number("end_s", 3, |l| Some(l.end_s)),
        Column::integers("left", rows, |l| Some(i64::from(l.left))),
        number("flow_vph", 1, |l| Some(l.flow_vph)),
        number("mean_travel_time_s", 2, |l| l.travel_time_s),
        number("mean_speed_mps", 3, |l| l.speed_mps),
        number("density_vpkm", 3, |l| Some(l.density_vpkm)),
        number("mean_queue_veh", 3, |l| l.queued),
        Column::integers("longest_lane_queue_veh", rows, |l| l.most_queued.map(i64::from)),
    ];
    ResultTable { name: "links", columns }
}

fn junctions(rows: &[JunctionResult], labels: &Labels<'_>) -> ResultTable {
    type Junction = JunctionResult;
    let number = |name, of: fn(&Junction) -> Option<f64>| Column::numbers(name, 3, rows, of);
    let control = |j: &Junction| match j.control {
        Control::Signal => "signal",
        Control::GiveWay => "give_way",
        Control::None => "none",
    };
    let columns = vec![
        Column::text("junction", rows, |j| labels.junctions.get(j.node as usize).map(|id| (*id).to_owned())),
        number("begin_s", |j| Some(j.begin_s)),
        number("end_s", |j| Some(j.end_s)),
        Column::text("control", rows, |j| Some(control(j).to_owned())),
        Column::integers("vehicles", rows, |j| Some(i64::from(j.vehicles))),
        number("mean_delay_s", |j| Some(j.delay_s)),
        Column::text("worst_approach", rows, |j| j.worst.and_then(|w| labels.link(w.0))),
        number("worst_approach_delay_s", |j| j.worst.map(|w| w.1)),
        Column::text("level_of_service", rows, |j| j.service.map(|level| format!("{level:?}"))),
        Column::integers("rear_end_conflicts", rows, |j| j.rear_end_conflicts.map(i64::from)),
        Column::integers("crossing_conflicts", rows, |j| j.crossing_conflicts.map(i64::from)),
    ];
    ResultTable { name: "junctions", columns }
}

fn network(rows: &[NetworkResult]) -> ResultTable {
    let number = |name, of: fn(&NetworkResult) -> Option<f64>| Column::numbers(name, 3, rows, of);
    let count = |name, of: fn(&NetworkResult) -> u64| Column::integers(name, rows, |n| Some(of(n) as i64));
    let columns = vec![
        number("begin_s", |n| Some(n.begin_s)),
        number("end_s", |n| Some(n.end_s)),
        count("entered", |n| n.entered),
        count("arrived", |n| n.arrived),
        count("running", |n| n.running),
        count("waiting", |n| n.waiting),
        number("accumulation_veh", |n| Some(n.accumulation)),
        number("production_vkmph", |n| Some(n.production_vkmph)),
        number("mean_speed_mps", |n| n.speed_mps),
        number("density_vpkm", |n| Some(n.density_vpkm)),
        number("flow_vph", |n| Some(n.flow_vph)),
        number("completion_vph", |n| Some(n.completion_vph)),
    ];
    ResultTable { name: "mfd", columns }
}
