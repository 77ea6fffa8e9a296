//! The weekday's peak hour in static user equilibrium: the city as it is once, then an answer to every change, warm
//! from the one before.
//!
//! Nothing here is drawn by chance: the same city and the same changes give the same numbers, up to the relative gap (an answer
//! starts from the one before). What is unsure is the
//! demand itself (see `traffic/demand/README.md`) and the model's simplicity: nobody's departure moves, trips within a
//! zone stay off the network, queues do not spill back.

use std::{ops::ControlFlow, sync::Arc};

use citytwin_energy::electric_car_share;
use citytwin_model::{Assumptions, City, LinkId, RoadId};
use citytwin_traffic::{
    Demand, Network, OdMatrix, OdZone, ZoneKind,
    assignment::{self, Equilibrium, Graph, GraphError, Options, Progress, SolveError, Trips, TripsError, ZoneEnds},
    impact::{self, ImpactError, LinkColumns, LinkImpact, Totals},
};
use serde::Serialize;

use crate::{
    prepare::network_for,
    result::{Better, KeyFigure},
    spec::Watch,
};

/// Relative gap of every answer: to where it differs with the way it was reached by less than any figure shows. Large
/// networks, whose totals are large beside one street's, are answered sooner.
const GAP: f64 = 1e-6;
const LARGE_GAP: f64 = 1e-4;
/// Links from which a network is large.
const LARGE: usize = 20_000;
const MOST_ITERATIONS: usize = 60;
/// Links of a zone on which its trips may start and end: its busiest.
const CONNECTORS: usize = 8;
/// Demand below this factor is as good as none, and one cannot scale back from nothing.
const LEAST_FACTOR: f64 = 1e-3;
/// Places named in a road's account.
const PLACES: usize = 5;

/// The peak hour of a city, with the last answer as the start of the next.
pub struct PeakHour {
    city: Arc<City>,
    network: Arc<Network>,
    matrix: OdMatrix,
    ends: Vec<ZoneEnds>,
    names: Vec<String>,
    hour: u8,
    base: Standing,
    now: Standing,
}

/// An equilibrium and what it belongs to.
#[derive(Clone)]
struct Standing {
    /// As the edits lay it out.
    network: Arc<Network>,
    graph: Graph,
    equilibrium: Equilibrium,
    factor: f64,
}

/// What the peak hour looks like under some assumptions. Index of the vectors: `LinkId`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PeakAnswer {
    /// First minute of the hour, local: 17 for 17:00 to 18:00.
    pub hour: u8,
    /// Car trips that start in the hour: those of the demand's report ([`Demand::peak_per_hour`]) times the demand factor. Of
    /// them, those within one zone, which are on no street of the model.
    pub trips: f64,
    pub within_zones: f64,
    /// Trips that no way leads for.
    pub unreachable: f64,
    pub relative_gap: f64,
    pub iterations: usize,
    pub figures: Vec<KeyFigure>,
    /// Vehicles per hour.
    #[serde(skip)]
    pub flow_vph: Vec<f32>,
    /// Flow over capacity; NaN where cars may not drive or the road is closed.
    #[serde(skip)]
    pub saturation: Vec<f32>,
    /// Level of service, A is 0; NaN as above.
    #[serde(skip)]
    pub level: Vec<f32>,
}

/// Who drives on a road, and how far one comes from it.
#[derive(Clone, PartialEq, Debug)]
pub struct RoadAccount {
    pub road: RoadId,
    /// Vehicles per hour, both directions, on its busiest piece.
    pub vehicles: f64,
    /// The areas they come from and go to, largest first.
    pub from: Vec<(String, f64)>,
    pub to: Vec<(String, f64)>,
    /// Minutes, people and jobs within them by car.
    pub within: Vec<(f64, f64, f64)>,
    /// Vehicles per link of those who use the road; index = `LinkId`.
    pub bundle_vph: Vec<f32>,
    /// Minutes to the end of each link, infinite where no way leads.
    pub minutes: Vec<f32>,
}

/// Why there is no peak hour.
#[derive(Debug, thiserror::Error)]
pub enum PeakError {
    #[error("nobody travels by car on this map, so there is no peak hour")]
    NoTrips,
    #[error("the road network cannot be assigned to: {0}")]
    Graph(#[from] GraphError),
    #[error("the trips cannot be assigned: {0}")]
    Trips(#[from] TripsError),
    #[error("no equilibrium: {0}")]
    Solve(#[from] SolveError),
    #[error("the flows make no sense: {0}")]
    Impact(#[from] ImpactError),
    #[error("the computation was cancelled")]
    Cancelled,
}

impl PeakHour {
    /// Finds the busiest hour of a weekday and its equilibrium for the city as it is. Works on rayon's current pool.
    ///
    /// # Errors
    /// Nobody travels, or the watch says stop.
    pub fn prepare(
        city: Arc<City>,
        network: Arc<Network>,
        demand: &Demand,
        watch: &dyn Watch,
    ) -> Result<Self, PeakError> {
        let (hour, matrix) = (demand.peak_hour(), demand.peak_matrix());
        if matrix.total() <= 0.0 {
            return Err(PeakError::NoTrips);
        }
        let ends: Vec<ZoneEnds> = matrix.zones.iter().map(|zone| ends(&network, zone)).collect();
        let names = matrix.zones.iter().map(|zone| name(&city, zone)).collect();
        let base = solved(&network, &matrix, &ends, (1.0, &[]), watch)?;
        let now = base.clone();
        Ok(Self { city, network, matrix, ends, names, hour, base, now })
    }

    /// The city as it is.
    pub fn baseline(&self) -> Result<PeakAnswer, PeakError> {
        self.describe(&self.base, electric_car_share(&self.city, &Assumptions::default()))
    }

    /// The peak hour under some assumptions, found from the last answer on.
    ///
    /// # Errors
    /// The watch said stop: the answer before stays the start of the next.
    pub fn answer(&mut self, assumptions: &Assumptions, watch: &dyn Watch) -> Result<PeakAnswer, PeakError> {
        let roads_as_mapped = assumptions.network.is_empty();
        if roads_as_mapped && assumptions.demand_factor == self.base.factor {
            self.now = self.base.clone();
            return self.describe(&self.now, electric_car_share(&self.city, assumptions));
        }
        let network = network_for(&self.city, &self.network, assumptions);
        let factor = assumptions.demand_factor.max(LEAST_FACTOR);
        let closed = |link: LinkId| {
            let road = self.city.links[link.index()].road;
            assumptions.network.is_closed(&self.city.roads[road.index()].source)
        };
        let mut next = self.now.clone();
        if next.graph.follow(&network, &closed)? {
            next.network = network;
            next.equilibrium.scale(factor / next.factor);
            next.factor = factor;
            let mut report = listen(watch);
            next.equilibrium.resume(&next.graph, &options(&next.graph), &mut report)?;
        } else {
            let shut: Vec<LinkId> = self.city.links.iter().map(|link| link.id).filter(|link| closed(*link)).collect();
            next = solved(&network, &self.matrix, &self.ends, (factor, &shut), watch)?;
        }
        if watch.cancelled() {
            return Err(PeakError::Cancelled);
        }
        self.now = next;
        self.describe(&self.now, electric_car_share(&self.city, assumptions))
    }

    /// Who drives on a road under the last answer. `None` where cars may not drive on it.
    pub fn account(&self, road: RoadId) -> Option<RoadAccount> {
        let Standing { graph, equilibrium, .. } = &self.now;
        let busiest = self.busiest(road);
        let first = busiest.first().copied()?;
        let (mut bundle, mut vehicles) = (vec![0.0; graph.links().len()], 0.0);
        let (mut from, mut to) = (vec![0.0; self.matrix.zones.len()], vec![0.0; self.matrix.zones.len()]);
        for link in busiest {
            vehicles += equilibrium.flow(link.index());
            let users = equilibrium.select_link(graph, link.index());
            let add = |sums: &mut [f64], more: Vec<f64>| sums.iter_mut().zip(more).for_each(|(sum, x)| *sum += x);
            add(&mut from, users.by_origin(self.matrix.zones.len()));
            add(&mut to, users.by_destination(self.matrix.zones.len()));
            add(&mut bundle, equilibrium.bundle(graph, link.index()));
        }
        let minutes = self.minutes_from(first);
        Some(RoadAccount {
            road,
            vehicles,
            from: self.largest(&from),
            to: self.largest(&to),
            within: self.within(&minutes),
            bundle_vph: bundle.into_iter().map(|x| x as f32).collect(),
            minutes,
        })
    }

    /// The busiest open link of a road in each direction.
    fn busiest(&self, road: RoadId) -> Vec<LinkId> {
        let Standing { graph, equilibrium, .. } = &self.now;
        let of = |forward: bool| {
            self.city
                .links
                .iter()
                .filter(|l| l.road == road && l.forward == forward)
                .filter(|l| self.network.usable(l.id) && !graph.closed(l.id.index()))
                .max_by(|a, b| equilibrium.flow(a.id.index()).total_cmp(&equilibrium.flow(b.id.index())))
        };
        [of(true), of(false)].into_iter().flatten().map(|link| link.id).collect()
    }

    fn minutes_from(&self, link: LinkId) -> Vec<f32> {
        let Standing { graph, equilibrium, .. } = &self.now;
        let zones = graph.extent().zones;
        let costs = equilibrium.costs_from(graph, 0, zones + link.0);
        (0..self.city.links.len())
            .map(|l| costs.get(zones as usize + l).map_or(f32::INFINITY, |s| *s as f32 / 60.0))
            .collect()
    }

    fn within(&self, minutes: &[f32]) -> Vec<(f64, f64, f64)> {
        let near = |zone: &OdZone| {
            let times = zone.links.iter().map(|(link, _)| f64::from(minutes[link.index()]));
            60.0 * times.fold(f64::INFINITY, f64::min)
        };
        let inside: Vec<&OdZone> = self.matrix.zones.iter().filter(|z| z.kind == ZoneKind::Inside).collect();
        let times: Vec<f64> = inside.iter().map(|zone| near(zone)).collect();
        let sums = |of: &dyn Fn(&OdZone) -> f64| {
            let amounts: Vec<f64> = inside.iter().map(|zone| of(zone)).collect();
            impact::reachable(&times, &amounts, &impact::WITHIN_S)
        };
        let (people, jobs) = (sums(&|zone| zone.residents), sums(&|zone| zone.jobs));
        impact::WITHIN_S.iter().zip(people).zip(jobs).map(|((s, people), jobs)| (s / 60.0, people, jobs)).collect()
    }

    /// The largest sums by name, vehicles per hour.
    fn largest(&self, sums: &[f64]) -> Vec<(String, f64)> {
        let mut named = std::collections::BTreeMap::<&str, f64>::new();
        for (name, sum) in self.names.iter().zip(sums).filter(|(_, sum)| **sum > 0.0) {
            *named.entry(name).or_default() += sum;
        }
        let mut list: Vec<(String, f64)> = named.into_iter().map(|(name, sum)| (name.to_owned(), sum)).collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1));
        list.truncate(PLACES);
        list
    }

    fn describe(&self, standing: &Standing, electric_share: f64) -> Result<PeakAnswer, PeakError> {
        let Standing { network, graph, equilibrium, factor } = standing;
        let driven: Vec<usize> =
            (0..graph.links().len()).filter(|l| network.usable(LinkId(*l as u32)) && !graph.closed(*l)).collect();
        let impacts = self.impacts(standing, &driven)?;
        let mut totals = impact::totals(&impacts);
        // What congestion costs: red lights that are there on empty streets too are not part of it.
        let lost = |l: &usize| equilibrium.flow(*l) * (equilibrium.time(*l) - graph.time(*l, 0.0)).max(0.0) / 3600.0;
        totals.delay_h = driven.iter().map(lost).sum();
        let count = graph.links().len();
        let mut answer = PeakAnswer {
            hour: self.hour,
            trips: self.matrix.total() * factor,
            within_zones: self.within_zones() * factor,
            unreachable: equilibrium.unreachable().iter().map(|lost| lost.trips).fold(0.0, |sum, trips| sum + trips),
            relative_gap: equilibrium.progress().relative_gap,
            iterations: equilibrium.progress().iteration,
            figures: Vec::new(),
            flow_vph: vec![0.0; count],
            saturation: vec![f32::NAN; count],
            level: vec![f32::NAN; count],
        };
        for (l, link) in driven.iter().zip(&impacts) {
            answer.flow_vph[*l] = equilibrium.flow(*l) as f32;
            answer.saturation[*l] = link.volume_to_capacity as f32;
            answer.level[*l] = f32::from(link.service as u8);
        }
        answer.figures = figures(&totals, &answer, electric_share);
        Ok(answer)
    }

    fn impacts(&self, standing: &Standing, driven: &[usize]) -> Result<Vec<LinkImpact>, ImpactError> {
        let Standing { network, graph, equilibrium, .. } = standing;
        let column = |of: &dyn Fn(usize) -> f64| -> Vec<f64> { driven.iter().map(|l| of(*l)).collect() };
        let city_link = |l: usize| &self.city.links[l];
        let lanes_of = |l: &usize| network.lanes_and_limit(LinkId(*l as u32)).map_or(1, |(lanes, _)| lanes);
        let lanes: Vec<u8> = driven.iter().map(lanes_of).collect();
        let class: Vec<_> = driven.iter().map(|l| self.city.roads[city_link(*l).road.index()].class).collect();
        impact::links(&LinkColumns {
            flow_vph: &column(&|l| equilibrium.flow(l)),
            time_s: &column(&|l| equilibrium.time(l)),
            signal_delay_s: &column(&|l| graph.signal_delay(l, equilibrium.flow(l))),
            free_flow_s: &column(&|l| network.free_flow_s(LinkId(l as u32))),
            capacity_vph: &column(&|l| graph.links()[l].capacity),
            length_m: &column(&|l| graph.links()[l].length),
            lanes: &lanes,
            class: &class,
        })
    }

    fn within_zones(&self) -> f64 {
        let own = |(o, row): (usize, &Vec<(u32, f64)>)| row.iter().find(|t| t.0 as usize == o).map_or(0.0, |t| t.1);
        self.matrix.trips.iter().enumerate().map(own).sum()
    }
}

fn options(graph: &Graph) -> Options {
    let gap = if graph.links().len() < LARGE { GAP } else { LARGE_GAP };
    Options { gap, most_iterations: MOST_ITERATIONS }
}

/// Tells the watch how far the gap has come (from 1 to [`GAP`], in powers of ten), and hears whether to stop.
fn listen(watch: &dyn Watch) -> impl FnMut(&Progress) -> ControlFlow<()> + '_ {
    |progress| {
        let fraction = progress.relative_gap.max(1e-12).log10() / LARGE_GAP.log10();
        watch.progress(fraction.clamp(0.0, 1.0) as f32);
        if watch.cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// From nothing: a factor on all trips, and links that are shut.
fn solved(
    network: &Arc<Network>,
    matrix: &OdMatrix,
    ends: &[ZoneEnds],
    (factor, shut): (f64, &[LinkId]),
    watch: &dyn Watch,
) -> Result<Standing, PeakError> {
    let mut graph = Graph::of_network(network, ends)?;
    for link in shut {
        graph.set_closed(link.index(), true)?;
    }
    let rows = (0_u32..).zip(&matrix.trips);
    let entries: Vec<(u32, u32, f64)> =
        rows.flat_map(|(origin, row)| row.iter().map(move |(to, trips)| (origin, *to, trips * factor))).collect();
    let trips = Trips::of(ends.len() as u32, assignment::car_drivers(), &entries)?;
    let equilibrium = assignment::solve(&graph, &trips, &options(&graph), listen(watch))?;
    if watch.cancelled() {
        return Err(PeakError::Cancelled);
    }
    Ok(Standing { network: network.clone(), graph, equilibrium, factor })
}

/// A zone's busiest links.
fn ends(network: &Network, zone: &OdZone) -> ZoneEnds {
    let mut links = zone.links.clone();
    links.retain(|(link, _)| network.usable(*link));
    links.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let links: Vec<LinkId> = links.into_iter().take(CONNECTORS).map(|(link, _)| link).collect();
    match zone.kind {
        ZoneKind::Inside => ZoneEnds { origins: links.clone(), destinations: links },
        ZoneKind::Entry => ZoneEnds { origins: links, destinations: Vec::new() },
        ZoneKind::Exit => ZoneEnds { origins: Vec::new(), destinations: links },
    }
}

/// What people call a zone: the street that most of it lies on; for the map's edge, the road it is reached by.
fn name(city: &City, zone: &OdZone) -> String {
    let mut named = std::collections::BTreeMap::<&str, f64>::new();
    for (link, share) in &zone.links {
        if let Some(name) = &city.roads[city.links[link.index()].road.index()].name {
            *named.entry(name).or_default() += share;
        }
    }
    let street = named.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(name, _)| name);
    match (zone.kind, street) {
        (ZoneKind::Inside, Some(street)) => format!("around {street}"),
        (ZoneKind::Inside, None) => format!("area {}", zone.name),
        (_, Some(street)) => format!("outside, by {street}"),
        (_, None) => format!("outside, by road {}", zone.name),
    }
}

fn figures(totals: &Totals, answer: &PeakAnswer, electric_share: f64) -> Vec<KeyFigure> {
    let figure = |name, label, unit, value, better, source| KeyFigure { name, label, unit, value, better, source };
    let driven = totals.vehicle_km.max(f64::MIN_POSITIVE);
    let jammed = totals.vehicle_km_by_service[4] + totals.vehicle_km_by_service[5];
    vec![
        figure(
            "peak_vehicle_h",
            "Time on the road",
            "vehicle-h",
            totals.vehicle_h,
            Better::Lower,
            "all vehicles of the hour together, junctions included; static user equilibrium",
        ),
        figure(
            "peak_delay_h",
            "Lost to congestion",
            "vehicle-h",
            totals.delay_h,
            Better::Lower,
            "beyond the time on empty streets with the same signals; static user equilibrium",
        ),
        figure(
            "peak_speed",
            "Mean speed",
            "km/h",
            totals.mean_speed_kmh(),
            Better::Higher,
            "distance over time, all vehicles; static user equilibrium",
        ),
        figure(
            "peak_vehicle_km",
            "Distance driven",
            "km",
            totals.vehicle_km,
            Better::Neutral,
            "flow × length over all links; static user equilibrium",
        ),
        figure(
            "peak_jammed",
            "Driven at level E or F",
            "%",
            100.0 * jammed / driven,
            Better::Lower,
            "share of the distance on links at HCM level of service E or F",
        ),
        figure(
            "peak_co2",
            "CO₂ from tailpipes",
            "t",
            totals.emissions.co2_g * (1.0 - electric_share) / 1e6,
            Better::Lower,
            "by mean speed of each link (EMEP/EEA guidebook, hot engines, every vehicle as a car) × share without a plug",
        ),
        figure(
            "peak_nox",
            "Nitrogen oxides",
            "kg",
            totals.emissions.nox_g * (1.0 - electric_share) / 1e3,
            Better::Lower,
            "by mean speed of each link (EMEP/EEA guidebook, hot engines, every vehicle as a car) × share without a plug",
        ),
        figure(
            "peak_unreachable",
            "Trips without a way",
            "",
            answer.unreachable,
            Better::Lower,
            "trips of the hour between places that no open street connects",
        ),
    ]
}
