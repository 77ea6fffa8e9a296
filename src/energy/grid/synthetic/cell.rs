//! A station with its feeders as a grid of its own, behind a medium voltage that stays as it is.

use std::collections::BTreeMap;

use super::{CityGrid, Connection, Feeder, Powers, Station, power};
use crate::grid::{Demand, Ends, ExternalGrid, Grid, GridData, Islands, Label, Sweep, Zip};

/// A station with its feeders.
pub struct Cell<'a> {
    whole: &'a CityGrid,
    pub grid: CityGrid,
    /// Per load of the cell its load in the whole.
    loads: Vec<u32>,
    /// Per line of the cell its line in the whole.
    pub lines: Vec<u32>,
    /// None where the station is dead.
    pub sweep: Option<Sweep>,
}

/// Buses of the whole and their numbers in the cell.
struct Buses(BTreeMap<u32, u32>);

impl Buses {
    fn ends(&self, ends: Ends) -> Ends {
        Ends { from: self.0[&ends.from], to: self.0[&ends.to], ..ends }
    }
}

impl<'a> Cell<'a> {
    /// `feeders` are all of the station's.
    pub fn of(whole: &'a CityGrid, station: usize, feeders: &[u32], medium_pu: f64) -> Self {
        let at = whole.stations[station];
        let feeders: Vec<&Feeder> = feeders.iter().map(|f| &whole.feeders[*f as usize]).collect();
        let lines: Vec<u32> = feeders.iter().flat_map(|f| f.lines[0]..f.lines[1]).collect();
        let ends = lines.iter().flat_map(|l| {
            let ends = whole.grid.lines[*l as usize].ends;
            [ends.from, ends.to]
        });
        let mut buses: BTreeMap<u32, u32> = ends.chain([at.medium_bus, at.low_bus]).map(|bus| (bus, 0)).collect();
        buses.values_mut().enumerate().for_each(|(index, own)| *own = index as u32);
        let buses = Buses(buses);
        let members: Vec<u32> = feeders.iter().flat_map(|f| f.buildings.iter().copied()).collect();
        let count = whole.buildings.len();
        let attached = (count..whole.grid.loads.len()).map(|load| load as u32);
        let attached = attached.filter(|load| buses.0.contains_key(&whole.grid.loads[*load as usize].bus));
        let loads: Vec<u32> = members.iter().copied().chain(attached).collect();
        let grid = Grid::trusted(Self::data(whole, at, &lines, &loads, &buses, medium_pu));
        let connection = |b: &u32| {
            let own = whole.buildings[*b as usize];
            Connection { bus: buses.0[&own.bus], ..own }
        };
        let cell = CityGrid {
            order: power::order(&grid),
            grid,
            bus_at: Vec::new(),
            lines: Vec::new(),
            courses: Vec::new(),
            cables: Vec::new(),
            tan_phi: whole.tan_phi,
            buildings: members.iter().map(connection).collect(),
            attached: Vec::new(),
            stations: Vec::new(),
            feeders: Self::renumbered(&feeders),
            rings: Vec::new(),
            substations: Vec::new(),
        };
        let sweep = (medium_pu > 0.0).then(|| Sweep::new(&cell.grid).ok()).flatten();
        Self { whole, grid: cell, loads, lines, sweep }
    }

    fn data(whole: &CityGrid, at: Station, lines: &[u32], loads: &[u32], buses: &Buses, medium_pu: f64) -> GridData {
        let mut transformer = whole.grid.transformers[at.transformer as usize].clone();
        transformer.ends = buses.ends(transformer.ends);
        let line = |l: &u32| {
            let mut line = whole.grid.lines[*l as usize].clone();
            line.ends = buses.ends(line.ends);
            line
        };
        let load = |l: &u32| {
            let mut load = whole.grid.loads[*l as usize].clone();
            load.bus = buses.0[&load.bus];
            load
        };
        GridData {
            frequency_hz: whole.grid.frequency_hz,
            islands: Islands::Dead,
            buses: buses.0.keys().map(|bus| whole.grid.buses[*bus as usize].clone()).collect(),
            external_grids: vec![ExternalGrid {
                label: Label::new("source", 1, "medium voltage"),
                bus: buses.0[&at.medium_bus],
                vm_pu: medium_pu,
                va_rad: 0.0,
                short_circuit: None,
                in_service: true,
            }],
            transformers: vec![transformer],
            lines: lines.iter().map(line).collect(),
            loads: loads.iter().map(load).collect(),
            ..GridData::default()
        }
    }

    /// Lines and buildings counted within the cell.
    fn renumbered(feeders: &[&Feeder]) -> Vec<Feeder> {
        let (mut lines, mut buildings) = (0, 0);
        let own = |feeder: &&Feeder| {
            let (first, begin) = (lines, buildings);
            lines += feeder.lines[1] - feeder.lines[0];
            buildings += feeder.buildings.len() as u32;
            Feeder { lines: [first, lines], buildings: (begin..buildings).collect(), ..(*feeder).clone() }
        };
        feeders.iter().map(own).collect()
    }

    /// What its loads draw, W and var.
    pub fn drawn(&self, powers: &Powers<'_>) -> Vec<[f64; 2]> {
        self.loads.iter().map(|load| self.whole.drawn(powers, *load as usize)).collect()
    }

    /// The grid with these powers as its loads.
    pub fn loaded(&self, powers: &Powers<'_>) -> Grid {
        let mut data = self.grid.grid.clone().into_data();
        for (load, drawn) in data.loads.iter_mut().zip(self.drawn(powers)) {
            load.demand = Demand::Balanced(Zip { power: drawn, ..Zip::default() });
        }
        Grid::trusted(data)
    }
}
