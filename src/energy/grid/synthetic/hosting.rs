//! Hosting capacity of every low-voltage feeder: how many of its customers can join before a limit breaks, over random
//! orders in which they do (Bollen and Rönnberg 2017, Energies 10(9)). Each feeder is asked by itself: its station with the
//! other feeders' load stands behind a medium voltage that stays as it is.

use rayon::prelude::*;

use super::{CityGrid, Demands, Powers, cell::Cell};
use crate::grid::{Hosting, Limits, hosting::order};

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
        let of_station = self.feeders_by_station();
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

    /// Per station its feeders.
    pub(super) fn feeders_by_station(&self) -> Vec<Vec<u32>> {
        let mut of_station: Vec<Vec<u32>> = vec![Vec::new(); self.stations.len()];
        for (index, feeder) in self.feeders.iter().enumerate() {
            of_station[feeder.transformer as usize].push(index as u32);
        }
        of_station
    }
}

impl Cell<'_> {
    /// By halving, all placements side by side: each unit pushes voltages and loadings further the same way.
    fn hosts(&self, powers: &Powers<'_>, feeder: usize, joining: &Joining) -> Hosting {
        let members = &self.grid.feeders[feeder].buildings;
        let orders: Vec<Vec<u32>> = (0..joining.placements).map(|p| order(members, joining.seed, p)).collect();
        let base = self.drawn(powers);
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
