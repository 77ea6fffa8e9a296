//! Hosting capacity of every low-voltage feeder: how many of its customers can join before a limit breaks, over random
//! orders in which they do (Bollen and Rönnberg 2017, Energies 10(9)). Each feeder is asked by itself: its station with the
//! other feeders' load stands behind a medium voltage that stays as it is.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{CityGrid, Connection, Demands, Feeder, Powers, Station, power};
use crate::grid::{Ends, ExternalGrid, Grid, GridData, Hosting, Islands, Label, Limits, Sweep, hosting::order};

/// What every customer who joins draws, and how often the order is drawn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Joining {
    /// W and var; photovoltaics are negative.
    pub unit: [f64; 2],
    pub limits: Limits,
    pub placements: u32,
    pub seed: u64,
}

impl CityGrid {
    /// Per feeder how many of its customers can join on top of the powers of an instant, whose load flow gave `bus_vm_pu`
    /// ([`super::Answer::bus_vm_pu`]). A feeder that breaks a limit as it stands hosts nothing. Stations go over threads.
    pub fn hosting(&self, powers: &Powers<'_>, bus_vm_pu: &[f32], joining: &Joining) -> Vec<Hosting> {
        let mut of_station: Vec<Vec<u32>> = vec![Vec::new(); self.stations.len()];
        for (index, feeder) in self.feeders.iter().enumerate() {
            of_station[feeder.transformer as usize].push(index as u32);
        }
        let stations = of_station.par_iter().enumerate().filter(|(_, feeders)| !feeders.is_empty());
        let found: Vec<Vec<Hosting>> = stations
            .map(|(station, feeders)| {
                let medium = bus_vm_pu[self.stations[station].medium_bus as usize];
                let cell = Cell::of(self, station, feeders, f64::from(medium));
                (0..feeders.len()).map(|feeder| cell.hosts(powers, feeder, joining)).collect()
            })
            .collect();
        let mut all = vec![Hosting { units: Vec::new() }; self.feeders.len()];
        let indices = of_station.iter().filter(|feeders| !feeders.is_empty()).flatten();
        for (index, hosting) in indices.zip(found.into_iter().flatten()) {
            all[*index as usize] = hosting;
        }
        all
    }
}

/// A station with its feeders as a grid of its own.
struct Cell<'a> {
    whole: &'a CityGrid,
    grid: CityGrid,
    /// Per load of the cell its load in the whole.
    loads: Vec<u32>,
    /// None where the station is dead.
    sweep: Option<Sweep>,
}

/// Buses of the whole and their numbers in the cell.
struct Buses(BTreeMap<u32, u32>);

impl Buses {
    fn ends(&self, ends: Ends) -> Ends {
        Ends { from: self.0[&ends.from], to: self.0[&ends.to], ..ends }
    }
}

impl<'a> Cell<'a> {
    fn of(whole: &'a CityGrid, station: usize, feeders: &[u32], medium_pu: f64) -> Self {
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
        Self { whole, grid: cell, loads, sweep }
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

    /// By halving, all placements side by side: each unit pushes voltages and loadings further the same way.
    fn hosts(&self, powers: &Powers<'_>, feeder: usize, joining: &Joining) -> Hosting {
        let members = &self.grid.feeders[feeder].buildings;
        let orders: Vec<Vec<u32>> = (0..joining.placements).map(|p| order(members, joining.seed, p)).collect();
        let base: Vec<[f64; 2]> = self.loads.iter().map(|l| self.whole.drawn(powers, *l as usize)).collect();
        let hold = |counts: &[usize]| self.hold(&base, feeder, (joining, &orders), counts);
        let mut units = vec![0; orders.len()];
        if hold(&units).iter().any(|holds| !holds) {
            return Hosting { units };
        }
        let mut bad = vec![members.len() + 1; orders.len()];
        while units.iter().zip(&bad).any(|(good, bad)| bad - good > 1) {
            let middle: Vec<usize> = units.iter().zip(&bad).map(|(good, bad)| good + (bad - good) / 2).collect();
            for (k, holds) in hold(&middle).into_iter().enumerate() {
                if holds {
                    units[k] = middle[k];
                } else {
                    bad[k] = middle[k];
                }
            }
        }
        units.sort_unstable();
        Hosting { units }
    }

    /// Per placement whether so many of its order fit.
    fn hold(
        &self,
        base: &[[f64; 2]],
        feeder: usize,
        (joining, orders): (&Joining, &[Vec<u32>]),
        counts: &[usize],
    ) -> Vec<bool> {
        let Some(sweep) = &self.sweep else { return vec![false; counts.len()] };
        let loads = base.len();
        let mut demands = Demands { instants: counts.len(), p_w: Vec::new(), q_var: Vec::new() };
        for _ in counts {
            demands.p_w.extend(base.iter().map(|s| s[0]));
            demands.q_var.extend(base.iter().map(|s| s[1]));
        }
        for (placement, (order, count)) in orders.iter().zip(counts).enumerate() {
            for building in &order[..*count] {
                let at = placement * loads + *building as usize;
                demands.p_w[at] += joining.unit[0];
                demands.q_var[at] += joining.unit[1];
            }
        }
        let buses = self.grid.grid.buses.len();
        match sweep.solve_hours(demands.profiles()) {
            Ok(flow) => (0..counts.len())
                .map(|k| self.within(feeder, &demands, k, &flow.vm_pu[k * buses..(k + 1) * buses], &joining.limits))
                .collect(),
            // One placement that cannot be carried says nothing of the others.
            Err(_) if counts.len() > 1 => (0..counts.len())
                .flat_map(|k| self.hold(base, feeder, (joining, &orders[k..=k]), &counts[k..=k]))
                .collect(),
            Err(_) => vec![false],
        }
    }

    /// Whether the feeder's buildings and cables and the station's transformer keep the limits.
    fn within(&self, feeder: usize, demands: &Demands, instant: usize, vm_pu: &[f64], limits: &Limits) -> bool {
        let answer = self.grid.answer(demands, instant, vm_pu);
        let of = &self.grid.feeders[feeder];
        let mut voltages = of.buildings.iter().map(|b| f64::from(answer.building_vm_pu[*b as usize]));
        let lines = &answer.line_loading[of.lines[0] as usize..of.lines[1] as usize];
        let mut loadings = lines.iter().chain(&answer.transformer_loading);
        voltages.all(|vm| vm >= limits.vm_min_pu && vm <= limits.vm_max_pu)
            && loadings.all(|loading| f64::from(*loading) <= limits.loading_max)
    }
}
