//! `grid hosting`: how many customers of each feeder can join with photovoltaics, chargers or heat pumps.

use std::{collections::BTreeSet, fmt::Write, sync::Arc};

use citytwin_energy::{
    EnergySystem,
    grid::synthetic::{CityGrid, Feeder},
};
use citytwin_model::{Assumptions, City};
use citytwin_scenario::{LiveBasis, LiveEnergy, TechnologyHosting};
use citytwin_traffic::{Demand, Network};
use serde::Serialize;

use crate::{
    arguments::GridHostingArguments,
    progress::Bar,
    say,
    verbs::{json, open},
};

/// Feeders listed in words, those that host the least first.
const SHOWN: usize = 10;
/// Shares of the placements whose units are told.
const QUANTILES: [f64; 3] = [0.05, 0.5, 0.95];

pub fn hosting(arguments: &GridHostingArguments) -> anyhow::Result<()> {
    let city = open(&arguments.city, &arguments.map)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let bar = Bar::new();
    let report = pool.install(|| {
        bar.set("growing the power grid", 0.0);
        let mut energy = EnergySystem::new(&city);
        let assumptions = Assumptions::default();
        energy.set_shares(&city, &assumptions);
        let network = Network::compile(&city);
        let basis = Arc::new(LiveBasis::new(&city, &energy, &Demand::estimate(&city, &network)));
        let live = LiveEnergy::new(basis, &city, &energy, &assumptions);
        let grid = CityGrid::grow(&city, &energy, 1)?;
        let operated = grid.operated(&BTreeSet::new())?;
        let watch = |fraction| {
            bar.set("asking the feeders", fraction);
            true
        };
        let drawn = (arguments.placements, arguments.seed);
        let found = citytwin_scenario::hosting(&city, (&energy, &live), &operated, drawn, &watch)?;
        anyhow::Ok(Report::of(&city, &grid, arguments.placements, &found))
    })?;
    drop(bar);
    if arguments.json { say(&json(&report)?) } else { say(&report.in_words()) }
}

#[derive(Serialize)]
struct Report {
    city: String,
    /// The grid is grown by rules, not the utility's own data.
    synthetic: bool,
    placements: u32,
    /// Buildings with a station of their own, which are not asked.
    own_stations: usize,
    feeders: Vec<FeederRow>,
    technologies: Vec<TechnologyRow>,
}

#[derive(Serialize)]
struct FeederRow {
    id: String,
    lon: f64,
    lat: f64,
    customers: usize,
    length_m: f64,
}

#[derive(Serialize)]
struct TechnologyRow {
    name: &'static str,
    unit_kw: f64,
    source: &'static str,
    /// Local time of the load that customers join on top of.
    hour: String,
    /// In the order of the feeders: customers that fit in 5, 50 and 95 % of the placements at most.
    units: Vec<[usize; 3]>,
}

impl Report {
    fn of(city: &City, grid: &CityGrid, placements: u32, found: &[TechnologyHosting]) -> Self {
        let mut of_station = vec![0; grid.stations.len()];
        let row = |feeder: &Feeder| {
            let station = grid.stations[feeder.transformer as usize];
            let number = &mut of_station[feeder.transformer as usize];
            *number += 1;
            let place = city.anchor.lonlat(grid.bus_at[station.low_bus as usize]);
            FeederRow {
                id: format!("{}/{number}", grid.grid.transformers[feeder.transformer as usize].label.id),
                lon: place.lon,
                lat: place.lat,
                customers: feeder.buildings.len(),
                length_m: feeder.length_m.round(),
            }
        };
        let technology = |found: &TechnologyHosting| TechnologyRow {
            name: found.technology.name,
            unit_kw: found.technology.unit_w / 1000.0,
            source: found.technology.source,
            hour: city.time_zone.value.to_datetime(found.hour).to_string(),
            units: found.feeders.iter().map(|h| QUANTILES.map(|q| h.quantile(q).unwrap_or(0))).collect(),
        };
        Self {
            city: city.name.clone(),
            synthetic: true,
            placements,
            own_stations: grid.buildings.iter().filter(|building| building.feeder.is_none()).count(),
            feeders: grid.feeders.iter().map(row).collect(),
            technologies: found.iter().map(technology).collect(),
        }
    }

    fn in_words(&self) -> String {
        let mut text = String::new();
        let customers: usize = self.feeders.iter().map(|f| f.customers).sum();
        let _ = writeln!(
            text,
            "{}: {} feeders with {customers} buildings, {} buildings with a station of their own left out; a synthetic grid (grown by rules, not the utility's data); {} placements",
            self.city,
            self.feeders.len(),
            self.own_stations,
            self.placements
        );
        for technology in &self.technologies {
            self.technology_in_words(technology, &mut text);
        }
        text
    }

    fn technology_in_words(&self, technology: &TechnologyRow, text: &mut String) {
        let TechnologyRow { name, unit_kw, source, hour, units } = technology;
        let with_customers = || units.iter().zip(&self.feeders).filter(|(_, f)| f.customers > 0);
        let none = with_customers().filter(|(u, _)| u[1] == 0).count();
        let full = with_customers().filter(|(u, f)| u[0] == f.customers).count();
        let feeds = if *unit_kw < 0.0 { "fed in" } else { "drawn" };
        let _ = writeln!(text, "\n{name}, {:.2} kW {feeds} by each on top of {hour}: {source}", unit_kw.abs());
        let _ = writeln!(
            text,
            "  each feeder by itself, the others as they are: all customers can join on {full} of {} feeders, none on {none}",
            with_customers().count()
        );
        let mut least: Vec<_> = units.iter().zip(&self.feeders).filter(|(u, f)| u[1] < f.customers).collect();
        let ratio = |(u, f): &(&[usize; 3], &FeederRow)| u[1] as f64 / f.customers.max(1) as f64;
        least.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)).then(b.1.customers.cmp(&a.1.customers)));
        for (u, feeder) in least.iter().take(SHOWN) {
            let _ = writeln!(
                text,
                "  feeder {:>20}  {:3} of {:3} ({} to {}), {:.0} m, at {:.5},{:.5}",
                feeder.id, u[1], feeder.customers, u[0], u[2], feeder.length_m, feeder.lon, feeder.lat
            );
        }
    }
}
