//! Grows the grid of a city: stations on their streets, feeders and services from them, rings to them.

use citytwin_model::{City, Coord};
use rayon::prelude::*;

use super::{
    CityGrid, Connection, Feeder, LineKind, Phases, Ring, Station, Substation,
    design::Design,
    elements::{Course, Elements, Section, wall},
    low_voltage::{FeederPlan, Planner, Site},
    medium_voltage::Stations,
    paths::NONE,
    phases, power, rings,
    streets::{Streets, Way, distance},
    substations::{self, Place, Weight},
    tables::Tables,
};
use crate::{
    EnergySystem,
    grid::{Grid, GridErrors},
    survey,
};

/// Stations per task: a task's memory is a few words per street node.
const GRAIN: usize = 256;

/// Everything that hangs on the streets, in this order: buildings, attached plants and chargers, transformers,
/// substations.
struct Places {
    at: Vec<Coord<f64>>,
    buildings: usize,
    attached: usize,
    /// Per building, then per attached plant.
    design: Vec<Design>,
    substations: Vec<Place>,
    /// Per transformer the design peak of its buildings, W.
    load_w: Vec<f64>,
}

impl Places {
    fn new(city: &City, system: &EnergySystem, tables: &Tables) -> Self {
        let attached = system.attached();
        let rated = attached.iter().map(|a| Design { peak_w: a.rated_w, annual_kwh: 0.0 });
        let design: Vec<Design> = system.design().chain(rated).collect();
        let transformers = system.transformers();
        let sum = |t: usize| system.served_by(t).iter().map(|&b| design[b as usize].peak_w).sum::<f64>();
        let load_w: Vec<f64> = (0..transformers.len()).map(sum).collect();
        let stations = transformers.iter().zip(&load_w).map(|(t, &load_w)| Weight { at: t.at, load_w });
        let on_medium = attached.iter().filter(|a| a.transformer.is_none());
        let plants = on_medium.map(|a| Weight { at: city.energy_assets[a.asset].at, load_w: a.rated_w });
        let weights: Vec<Weight> = stations.chain(plants).collect();
        let stated = substations::stated(city, &tables.rules);
        let substations = if stated.is_empty() { substations::placed(&weights, &tables.rules) } else { stated };
        let mut at: Vec<Coord<f64>> = survey::customers(city).into_iter().map(|customer| customer.at).collect();
        at.extend(attached.iter().map(|a| city.energy_assets[a.asset].at));
        at.extend(transformers.iter().map(|t| t.at));
        at.extend(substations.iter().map(|s| s.at));
        Self { at, buildings: city.buildings.len(), attached: attached.len(), design, substations, load_w }
    }

    /// Place of the first transformer.
    fn stations(&self) -> usize {
        self.buildings + self.attached
    }
}

/// The grid of a city, from what its energy system says of it.
pub fn grow(city: &City, system: &EnergySystem, seed: u64) -> Result<CityGrid, GridErrors> {
    let tables = Tables::embedded();
    let places = Places::new(city, system, &tables);
    let streets = Streets::new(city, &places.at, tables.rules.street_reach_m);
    let (stations, substations) = streets.node_of_place[places.stations()..].split_at(places.load_w.len());
    let nodes = [substations, stations].concat();
    let ways = Stations::new(&streets, &nodes);
    let mut growth = Growth {
        substation_of: rings::allocate(&ways, places.substations.len()),
        elements: Elements::new(tables.clone()),
        buildings: vec![Connection::NONE; places.buildings],
        attached_bus: vec![NONE; places.attached],
        stations: Vec::new(),
        feeders: Vec::new(),
        rings: Vec::new(),
        substations: Vec::new(),
        ways,
        nodes: &nodes,
        streets: &streets,
        places: &places,
        tables: &tables,
        city,
        system,
        seed,
    };
    growth.add_stations();
    growth.add_substations();
    growth.add_feeders();
    growth.add_rings();
    growth.set_taps();
    growth.add_loads();
    growth.finish()
}

/// The parts of a grid that is being grown.
struct Growth<'a> {
    city: &'a City,
    system: &'a EnergySystem,
    tables: &'a Tables,
    places: &'a Places,
    streets: &'a Streets,
    /// Street nodes: substations, then transformers.
    nodes: &'a [u32],
    ways: Stations<'a>,
    /// Per node the substation that feeds it.
    substation_of: Vec<u32>,
    seed: u64,
    elements: Elements,
    buildings: Vec<Connection>,
    attached_bus: Vec<u32>,
    stations: Vec<Station>,
    feeders: Vec<Feeder>,
    rings: Vec<Ring>,
    substations: Vec<Substation>,
}

impl Growth<'_> {
    fn node(&self, transformer: usize) -> u32 {
        self.nodes[self.places.substations.len() + transformer]
    }

    /// A customer whose building holds its own station.
    fn is_own_station(&self, transformer: usize) -> bool {
        let state = &self.system.transformers()[transformer];
        let served = self.system.served_by(transformer);
        state.asset.is_none() && served.len() == 1 && self.places.at[served[0] as usize] == state.at
    }

    fn add_stations(&mut self) {
        for (index, state) in self.system.transformers().iter().enumerate() {
            let name = match state.asset {
                Some(asset) => self.city.energy_assets[asset.index()].source.to_string(),
                None => format!("station/{index}"),
            };
            let station = self.elements.add_station(&name, state, self.system.losses()[index]);
            if self.is_own_station(index) {
                let building = self.system.served_by(index)[0] as usize;
                self.buildings[building].bus = station.low_bus;
            }
            self.stations.push(station);
        }
    }

    fn add_substations(&mut self) {
        let count = self.places.substations.len();
        let mut load_w = vec![0.0; count];
        for (&substation, own_w) in self.substation_of[count..].iter().zip(&self.places.load_w) {
            load_w[substation as usize] += own_w;
        }
        for (index, load_w) in load_w.into_iter().enumerate() {
            let place = self.places.substations[index];
            let name = match place.asset {
                Some(asset) => self.city.energy_assets[asset.index()].source.to_string(),
                None => format!("substation/{index}"),
            };
            self.substations.push(self.elements.add_substation(&name, place, load_w));
        }
    }

    /// Low voltage: planned station by station on all threads, added in their order.
    fn add_feeders(&mut self) {
        let sites = self.sites();
        let (streets, tables, transformers) = (self.streets, self.tables, self.system.transformers());
        let plan = |planner: &mut Planner<'_>, (index, sites): (usize, &Vec<Site>)| {
            let node = self.node(index);
            let away_m = distance(streets.at[node as usize], transformers[index].at);
            planner.feeders(node, away_m, sites)
        };
        let tasks = sites.par_iter().enumerate().with_min_len(GRAIN);
        let plans: Vec<Vec<FeederPlan>> = tasks.map_init(|| Planner::new(streets, tables), plan).collect();
        for (transformer, plans) in plans.into_iter().enumerate() {
            for plan in plans {
                self.add_feeder(transformer, &plan);
            }
        }
    }

    /// Per transformer what hangs on it, without the building that it stands in.
    fn sites(&self) -> Vec<Vec<Site>> {
        let site = |id: u32| {
            let (node, design) = (self.streets.node_of_place[id as usize], self.places.design[id as usize]);
            Site { id, node, design }
        };
        let served = |t: usize| if self.is_own_station(t) { &[] } else { self.system.served_by(t) };
        let mut sites: Vec<Vec<Site>> =
            (0..self.stations.len()).map(|t| served(t).iter().map(|&id| site(id)).collect()).collect();
        for (index, attached) in self.system.attached().iter().enumerate() {
            if let Some(transformer) = attached.transformer {
                sites[transformer as usize].push(site((self.places.buildings + index) as u32));
            }
        }
        sites
    }

    fn add_feeder(&mut self, transformer: usize, plan: &FeederPlan) {
        let id = self.feeders.len() as u32;
        let busbar = (self.stations[transformer].low_bus, 0.0);
        let begin = self.elements.lines.len() as u32;
        let mut ends: Vec<(u32, f64)> = Vec::with_capacity(plan.joints.len());
        for (index, joint) in plan.joints.iter().enumerate() {
            let Some(laid) = plan.laid else { break };
            let (from, before_m) = ends.get(joint.parent as usize).copied().unwrap_or(busbar);
            let name = format!("feeder/{id}/{index}");
            let to = self.elements.add_low(name.clone(), self.streets.at[joint.node as usize]);
            let stand = (joint.parent == NONE).then(|| self.elements.bus_at[from as usize]);
            let points = stand.into_iter().chain(joint.course.iter().copied()).collect();
            let course = Course { points, length_m: joint.length_m, way: joint.way };
            let section = Section { name, from, to, laid, kind: LineKind::Feeder(id) };
            self.elements.add_line(section, course);
            ends.push((to, before_m + joint.length_m));
        }
        let (laid, transformer) = (plan.laid, transformer as u32);
        let mut feeder = Feeder { transformer, laid, lines: [begin; 2], buildings: Vec::new(), length_m: 0.0 };
        for &(site, joint) in &plan.sites {
            let (from, before_m) = ends.get(joint as usize).copied().unwrap_or(busbar);
            let service_m = self.add_service(id, site as usize, from);
            feeder.length_m = feeder.length_m.max(before_m + service_m);
            if (site as usize) < self.places.buildings {
                feeder.buildings.push(site);
            }
        }
        feeder.lines[1] = self.elements.lines.len() as u32;
        self.give_phases(id, &feeder.buildings);
        self.feeders.push(feeder);
    }

    /// The cable from a bus to a building or plant; its length, metre.
    fn add_service(&mut self, feeder: u32, site: usize, from: u32) -> f64 {
        let start = self.elements.bus_at[from as usize];
        let (name, end) = match self.city.buildings.get(site) {
            Some(building) => (building.source.to_string(), wall(building, start).unwrap_or(self.places.at[site])),
            None => {
                let asset = self.system.attached()[site - self.places.buildings].asset;
                (format!("plant/{}", self.city.energy_assets[asset].source), self.places.at[site])
            }
        };
        let length_m = distance(start, end) + self.tables.rules.service_entry_m;
        let laid = self.tables.service(self.places.design[site], length_m);
        let to = self.elements.add_low(name.clone(), end);
        let name = format!("{name}/service");
        let section = Section { name, from, to, laid, kind: LineKind::Service(feeder) };
        let line = self.elements.add_line(section, Course { points: vec![start, end], length_m, way: Way::Street });
        match self.buildings.get_mut(site) {
            Some(building) => (building.bus, building.service, building.feeder) = (to, Some(line), Some(feeder)),
            None => self.attached_bus[site - self.places.buildings] = to,
        }
        length_m
    }

    fn give_phases(&mut self, feeder: u32, buildings: &[u32]) {
        let rules = &self.tables.rules;
        let load_w = |&building: &u32| (building, self.places.design[building as usize].load_w(rules));
        let usage = |building: u32| self.city.buildings[building as usize].usage.value;
        let single: Vec<(u32, f64)> = buildings
            .iter()
            .map(load_w)
            .filter(|&(building, load_w)| phases::takes_one(usage(building), load_w, rules))
            .collect();
        for (building, phase) in phases::balanced(&single, self.seed, feeder) {
            self.buildings[building as usize].phases = Phases::One(phase);
        }
    }

    /// Medium voltage: rings of every substation, planned on all threads.
    fn add_rings(&mut self) {
        let count = self.places.substations.len();
        let mut own: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (station, &substation) in self.substation_of.iter().enumerate().skip(count) {
            own[substation as usize].push(station as u32);
        }
        let load_w = [vec![0.0; count], self.places.load_w.clone()].concat();
        let (ways, rules) = (&self.ways, &self.tables.rules);
        let plan = |(substation, own): (usize, &Vec<u32>)| rings::rings(ways, substation as u32, own, &load_w, rules);
        let plans: Vec<Vec<rings::RingPlan>> = own.par_iter().enumerate().map(plan).collect();
        for plan in plans.into_iter().flatten() {
            self.add_ring(&plan, &load_w);
        }
    }

    fn add_ring(&mut self, plan: &rings::RingPlan, load_w: &[f64]) {
        let (id, count) = (self.rings.len() as u32, self.places.substations.len());
        let busbars = self.substations[plan.substation as usize].busbars;
        let stops: Vec<u32> =
            [plan.substation].iter().chain(&plan.stations).chain([&plan.substation]).copied().collect();
        let buses: Vec<u32> = (0..stops.len())
            .map(|at| match at {
                0 => busbars[0],
                _ if at + 1 == stops.len() => busbars[1],
                _ => self.stations[stops[at] as usize - count].medium_bus,
            })
            .collect();
        let courses: Vec<Course> = (0..plan.sections.len())
            .map(|at| {
                let leg = self.ways.leg(stops[at], &plan.sections[at]);
                let [start, end] = [buses[at], buses[at + 1]].map(|bus| self.elements.bus_at[bus as usize]);
                let points: Vec<Coord<f64>> = [start].into_iter().chain(leg.course).chain([end]).collect();
                let stand_m =
                    distance(points[0], points[1]) + distance(points[points.len() - 2], points[points.len() - 1]);
                Course { length_m: leg.length_m + stand_m, points, way: leg.way }
            })
            .collect();
        let loads: Vec<f64> = plan.stations.iter().map(|&station| load_w[station as usize]).collect();
        let laid = rings::size(self.tables, &loads, &courses, plan.open);
        let begin = self.elements.lines.len() as u32;
        let mut open_switch = NONE;
        for (at, course) in courses.into_iter().enumerate() {
            let name = format!("ring/{id}/{at}");
            let (from, mut to) = (buses[at], buses[at + 1]);
            if at == plan.open {
                (to, open_switch) = self.elements.add_open_end(format!("{name}/open"), to);
            }
            self.elements.add_line(Section { name, from, to, laid, kind: LineKind::Ring(id) }, course);
        }
        let stations: Vec<u32> = plan.stations.iter().map(|&station| station - count as u32).collect();
        stations.iter().for_each(|&station| self.stations[station as usize].ring = Some(id));
        let lines = [begin, self.elements.lines.len() as u32];
        let open_line = begin + plan.open as u32;
        self.rings.push(Ring { substation: plan.substation, laid, stations, lines, open_line, open_switch });
    }

    /// Each busbar section carries its side of the rings.
    fn set_taps(&mut self) {
        let mut carried = vec![[(0.0, 0.0); 2]; self.substations.len()];
        for ring in &self.rings {
            let before = (ring.open_line - ring.lines[0]) as usize;
            let sides = &mut carried[ring.substation as usize];
            for (at, &station) in ring.stations.iter().enumerate() {
                sides[usize::from(at >= before)].0 += self.places.load_w[station as usize];
            }
            for line in ring.lines[0]..ring.lines[1] {
                sides[usize::from(line > ring.open_line)].1 += self.elements.charging_var(line);
            }
        }
        for (substation, sides) in self.substations.iter().zip(carried) {
            for (&transformer, (load_w, charging_var)) in substation.transformers.iter().zip(sides) {
                self.elements.set_tap(transformer, load_w, charging_var);
            }
        }
    }

    /// One load per building, then one per attached plant or charger.
    fn add_loads(&mut self) {
        for (index, building) in self.city.buildings.iter().enumerate() {
            let p_w = self.places.design[index].peak_w;
            self.elements.add_load(building.source.to_string(), self.buildings[index].bus, p_w);
        }
        for (index, attached) in self.system.attached().iter().enumerate() {
            if attached.transformer.is_none() {
                self.attached_bus[index] = self.busbar_near(self.places.buildings + index);
            }
            let source = &self.city.energy_assets[attached.asset].source;
            self.elements.add_load(format!("plant/{source}"), self.attached_bus[index], 0.0);
        }
    }

    /// Where a plant feeds medium voltage: the busbar of the substation nearest to it, by a cable of its own.
    fn busbar_near(&self, place: usize) -> u32 {
        let at = self.places.at[place];
        let nearest = self.substations.iter().min_by(|a, b| distance(a.at, at).total_cmp(&distance(b.at, at)));
        nearest.map_or(NONE, |substation| substation.busbars[0])
    }

    fn finish(self) -> Result<CityGrid, GridErrors> {
        let Elements { data, bus_at, lines, courses, .. } = self.elements;
        let attached = self.system.attached().iter().map(|a| a.asset as u32).collect();
        let grid = Grid::new(data)?;
        Ok(CityGrid {
            bus_at,
            lines,
            courses,
            cables: self.tables.cables.clone(),
            order: power::order(&grid),
            grid,
            tan_phi: self.tables.rules.tan_phi(),
            buildings: self.buildings,
            attached,
            stations: self.stations,
            feeders: self.feeders,
            rings: self.rings,
            substations: self.substations,
        })
    }
}
