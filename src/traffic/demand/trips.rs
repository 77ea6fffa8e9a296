//! The four steps: trips by purpose, what stays on the map and what leaves it, gravity, choice of means; and the car
//! flows that come of them.

use citytwin_model::{City, RailwayKind};
use rayon::prelude::*;

use super::{
    Account, Destinations, Flow, Profile, Side,
    account::LENGTH_BANDS_KM,
    figures::Figures,
    gravity::{Balanced, Distances},
    lengths::Lengths,
    modes::{Availability, Mode, ModeChoice, WITHIN},
    people::{People, job_mix},
    purpose::Purpose,
    zones::{Zones, running_sum},
};

/// What the four steps gave.
pub struct Model {
    pub account: Account,
    pub figures: Figures,
    pub choice: ModeChoice,
    pub lengths: Lengths,
    pub street_km: f64,
    pub distances: Distances,
    pub purposes: Vec<Generation>,
}

/// A purpose's trips of one way (the way back mirrors them), persons a day.
pub struct Generation {
    pub purpose: Purpose,
    /// By zone: trips that start here, all and those that stay on the map; trips that end here from the map and from
    /// outside.
    pub productions: Vec<f64>,
    pub staying: Vec<f64>,
    pub drawn: Vec<f64>,
    pub visiting: Vec<f64>,
    pub balanced: Balanced,
    /// Mean share of car beyond the edge, and mean length of the trips that leave, kilometre.
    beyond_modes: [f64; 4],
    beyond_km: f64,
    /// Share of the trips on the map that would leave it if the roads at its edge carried more.
    kept_share: f64,
}

/// Directions in which the map's edge is looked for.
const DIRECTIONS: usize = 16;
/// Most of what the edge carries that only passes.
const MOST_THROUGH_SHARE: f64 = 0.3;
/// Below this many inhabitants a place without railways has no transit to speak of.
const LEAST_FOR_BUSES: f64 = 5_000.0;

impl Model {
    /// Steps one to three: how many trips, how many of them stay, where they go.
    pub fn new(city: &City, figures: &Figures, people: &People, zones: &Zones) -> Self {
        let lengths = Lengths::of(figures);
        let choice = ModeChoice::calibrated(figures, &lengths, availability(city, figures, people));
        let detour = figures.value("detour");
        let least_m = figures.value("intrazonal_widths") * zones.cell_m;
        let distances = Distances::new(zones.len(), |i, j| {
            let (p, q) = (zones.centres[i], zones.centres[j]);
            detour * (p[0] - q[0]).hypot(p[1] - q[1]).max(least_m) / 1000.0
        });
        let mut purposes = generate(figures, people, zones);
        let edges = edge_distances(zones, detour);
        let mut model = Self {
            account: Account { cut_off: people.cut_off, ..Account::default() },
            figures: Figures::of(city),
            choice,
            lengths,
            street_km: people.street_km,
            distances,
            purposes: Vec::new(),
        };
        model.split_at_the_edge(zones, &mut purposes, &edges);
        for generation in &mut purposes {
            let asked = generation.balance(&model.lengths, &model.distances, &edges);
            model.account.purposes[generation.purpose as usize].asked_inside_km = asked;
        }
        model.purposes = purposes;
        model.count();
        model
    }

    /// Which trips leave the map and which come in: by the survey's lengths, held to what the roads at the edge carry.
    fn split_at_the_edge(&mut self, zones: &Zones, purposes: &mut [Generation], edges: &[[f64; DIRECTIONS]]) {
        let (capacity, through) = zones.gates.capacity();
        let (mut own_cars, mut drawn_cars, mut crossing) = (0.0, 0.0, 0.0);
        for g in purposes.iter_mut() {
            let persons_per_car = self.choice.persons_per_car(g.purpose);
            let per_trip = |modes: &[f64; 4]| modes[Mode::Car as usize] / persons_per_car;
            let all = mean_modes(&self.choice, self.lengths.quantiles(g.purpose));
            own_cars += 2.0 * per_trip(&all) * g.productions.iter().sum::<f64>();
            drawn_cars += 2.0 * per_trip(&all) * g.drawn.iter().sum::<f64>();
            g.look_beyond(&self.lengths, &self.choice, edges);
            let leaving: f64 = g.productions.iter().zip(&g.staying).map(|(all, stay)| all - stay).sum();
            let visiting = (g.drawn.iter().sum::<f64>() - g.staying.iter().sum::<f64>()).max(0.0);
            crossing += 2.0 * per_trip(&g.beyond_modes) * (leaving + visiting);
        }
        let most = self.figures.value("most_outside_share") * own_cars.max(drawn_cars);
        let through = if capacity > 0.0 { through.min(MOST_THROUGH_SHARE * most) } else { 0.0 };
        let room = capacity.min(most - through).max(0.0);
        let scale = if crossing > 0.0 { (room / crossing).min(1.0) } else { 0.0 };
        self.account.through = through;
        self.account.edge_wanted = crossing + through;
        self.account.edge_capacity = room + through;
        for g in purposes {
            let (not_carried, without_goal) = g.close_the_edge(scale);
            let account = &mut self.account.purposes[g.purpose as usize];
            account.not_carried = 2.0 * not_carried;
            account.without_goal = 2.0 * without_goal;
        }
    }

    /// Step four for the inhabitants' trips, counted for the report.
    fn count(&mut self) {
        for g in &self.purposes {
            let persons_per_car = self.choice.persons_per_car(g.purpose);
            let account = &mut self.account.purposes[g.purpose as usize];
            let mut rows: Vec<RowCount> = Vec::new();
            (0..self.distances.count)
                .into_par_iter()
                .map(|i| RowCount::of(g, &self.distances, &self.choice, i))
                .collect_into_vec(&mut rows);
            for row in rows {
                account.inside += 2.0 * row.trips;
                account.inside_km += 2.0 * row.km;
                account.car_km += 2.0 * row.car_km / persons_per_car;
                account.by_mode.iter_mut().zip(row.by_mode).for_each(|(sum, n)| *sum += 2.0 * n);
                account.bands.iter_mut().zip(row.bands).for_each(|(sum, n)| *sum += 2.0 * n);
            }
            let leaving = 2.0 * g.leaving().sum::<f64>();
            account.leaving = leaving;
            account.leaving_km = leaving * g.beyond_km;
            account.by_mode.iter_mut().zip(g.beyond_modes).for_each(|(sum, share)| *sum += share * leaving);
            account.car_km += leaving * g.beyond_modes[0] * g.beyond_km / persons_per_car;
            account.cars = account.by_mode[0] / persons_per_car;
            account.visiting = 2.0 * g.visiting.iter().sum::<f64>();
            account.deterrence_per_km = g.balanced.per_km;
            account.margin_error = g.balanced.margin_error;
            account.rounds = g.balanced.rounds;
        }
    }
}

/// How many have a car at hand, and whether anything runs on lines.
fn availability(city: &City, figures: &Figures, people: &People) -> Availability {
    let density = people.residents / people.street_km.max(0.1) / figures.value("residents_per_street_km");
    let exponent = figures.value("density_exponent");
    let car = if density > 1.0 { density.powf(-exponent).max(figures.value("least_car_availability")) } else { 1.0 };
    let rails = city.railways.iter().any(|r| r.kind != RailwayKind::Inactive);
    Availability { car, transit: rails || people.residents >= LEAST_FOR_BUSES }
}

/// Step one: trips of one way that start and end in each zone. A place draws as many as its country's places do: the
/// whole country's trips over the whole country's attraction.
fn generate(figures: &Figures, people: &People, zones: &Zones) -> Vec<Generation> {
    let jobs_per_resident = figures.value("jobs_per_resident");
    let jobs = job_mix(figures).map(|share| share * jobs_per_resident);
    let job_count: Vec<f64> = zones.jobs.iter().map(|j| j.iter().sum()).collect();
    let all_jobs: f64 = job_count.iter().sum();
    let of = |purpose: Purpose| {
        let rates = purpose.rates();
        let one_way = 0.5 * figures.value("trips_per_person") * rates.trip_share;
        let start = |z: usize| {
            if rates.from_home || all_jobs <= 0.0 {
                one_way * zones.residents[z]
            } else {
                one_way * people.residents * job_count[z] / all_jobs
            }
        };
        let per_attraction = one_way / rates.attraction(1.0, &jobs);
        let count = zones.len();
        Generation {
            purpose,
            productions: (0..count).map(start).collect(),
            staying: vec![0.0; count],
            drawn: (0..count).map(|z| per_attraction * zones.attraction(z, purpose)).collect(),
            visiting: vec![0.0; count],
            balanced: Balanced::default(),
            beyond_modes: [0.0; 4],
            beyond_km: 0.0,
            kept_share: 0.0,
        }
    };
    Purpose::ALL.into_iter().map(of).collect()
}

/// Road kilometres from each zone to the edge of the box about all zones, in every direction.
fn edge_distances(zones: &Zones, detour: f64) -> Vec<[f64; DIRECTIONS]> {
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    for centre in &zones.centres {
        for axis in 0..2 {
            low[axis] = low[axis].min(centre[axis] - 0.5 * zones.cell_m);
            high[axis] = high[axis].max(centre[axis] + 0.5 * zones.cell_m);
        }
    }
    let to_edge = |centre: &[f64; 2], direction: usize| {
        let angle = (direction as f64 + 0.5) * std::f64::consts::TAU / DIRECTIONS as f64;
        let steps = [angle.cos(), angle.sin()].into_iter().enumerate().map(|(axis, step)| {
            let room = if step > 0.0 { high[axis] - centre[axis] } else { low[axis] - centre[axis] };
            room / step
        });
        detour * steps.fold(f64::INFINITY, f64::min) / 1000.0
    };
    zones.centres.iter().map(|c| std::array::from_fn(|d| to_edge(c, d))).collect()
}

fn mean_modes(choice: &ModeChoice, kms: impl Iterator<Item = f64>) -> [f64; 4] {
    let (mut sum, mut count) = ([0.0; 4], 0.0_f64);
    for km in kms {
        choice.shares(km).iter().zip(&mut sum).for_each(|(share, sum)| *sum += share);
        count += 1.0;
    }
    sum.map(|s| s / count.max(1.0))
}

impl Generation {
    /// Fills `staying` with what the lengths of the survey leave on the map, and how the others travel.
    fn look_beyond(&mut self, lengths: &Lengths, choice: &ModeChoice, edges: &[[f64; DIRECTIONS]]) {
        let (mut leaving, mut leaving_km, mut edge_km) = (0.0, 0.0, 0.0);
        let mean_km = lengths.mean_km(self.purpose);
        for (z, edge) in edges.iter().enumerate() {
            let mean = |of: &dyn Fn(f64) -> f64| edge.iter().map(|km| of(*km)).sum::<f64>() / DIRECTIONS as f64;
            let share = mean(&|km| lengths.share_below(self.purpose, km));
            self.staying[z] = share * self.productions[z];
            leaving += (1.0 - share) * self.productions[z];
            leaving_km += (mean_km - mean(&|km| lengths.km_below(self.purpose, km))) * self.productions[z];
            edge_km += (1.0 - share) * self.productions[z] * mean(&|km| km);
        }
        if leaving > 0.0 {
            self.beyond_km = leaving_km / leaving;
            let least_km = edge_km / leaving;
            let beyond = lengths.quantiles(self.purpose).filter(|km| *km > least_km);
            self.beyond_modes = mean_modes(choice, beyond.chain([self.beyond_km]));
        }
    }

    /// Lets only a share of the trips over the edge: who cannot leave stays, who cannot come is counted. Returns
    /// the visits not carried, and the trips that have no goal on the map.
    fn close_the_edge(&mut self, scale: f64) -> (f64, f64) {
        let stay_share: Vec<f64> = self
            .productions
            .iter()
            .zip(&self.staying)
            .map(|(all, stay)| if *all > 0.0 { stay / all } else { 1.0 })
            .collect();
        for (stay, all) in self.staying.iter_mut().zip(&self.productions) {
            *stay = all - scale * (all - *stay);
        }
        let pull: f64 = self.drawn.iter().sum();
        let mut without_goal = 0.0;
        if pull <= 0.0 {
            without_goal = self.staying.iter().sum();
            self.staying.iter_mut().for_each(|s| *s = 0.0);
        }
        let staying: f64 = self.staying.iter().sum();
        let wanted = (pull - staying).max(0.0);
        let weights: Vec<f64> = self.drawn.iter().zip(&stay_share).map(|(d, s)| d * s.max(0.05)).collect();
        let total: f64 = weights.iter().sum();
        if pull > 0.0 {
            self.visiting = self.drawn.iter().map(|d| scale * wanted * d / pull).collect();
        }
        self.drawn = weights.iter().map(|w| if total > 0.0 { staying * w / total } else { 0.0 }).collect();
        ((1.0 - scale) * wanted, without_goal)
    }

    /// Step three. Returns the mean length that was asked for, kilometre: of the survey's trips that end on the map.
    fn balance(&mut self, lengths: &Lengths, distances: &Distances, edges: &[[f64; DIRECTIONS]]) -> f64 {
        let (mut trips, mut kms) = (0.0, 0.0);
        for (edge, all) in edges.iter().zip(&self.productions) {
            for km in edge {
                trips += all * lengths.share_below(self.purpose, *km) / DIRECTIONS as f64;
                kms += all * lengths.km_below(self.purpose, *km) / DIRECTIONS as f64;
            }
        }
        let staying: f64 = self.staying.iter().sum();
        self.kept_share = if staying > 0.0 { (1.0 - trips / staying).clamp(0.0, 1.0) } else { 0.0 };
        let asked = if trips > 0.0 { kms / trips } else { 0.0 };
        self.balanced = Balanced::new(distances, &self.staying, &self.drawn, asked);
        asked
    }

    /// Shares of the means at a distance. Who would go farther than the map and may not leave it keeps the means of
    /// the longer way: the drive to the map's edge is made on its streets all the same.
    fn shares(&self, choice: &ModeChoice, km: f64) -> [f64; 4] {
        let here = choice.shares(km);
        std::array::from_fn(|m| (1.0 - self.kept_share) * here[m] + self.kept_share * self.beyond_modes[m])
    }

    /// By zone: cars of inhabitants that leave the map, and kilometres of one way.
    pub fn leaving_cars(&self, choice: &ModeChoice) -> Vec<[f64; 2]> {
        let per_trip = self.beyond_modes[Mode::Car as usize] / choice.persons_per_car(self.purpose);
        self.leaving().map(|trips| [trips * per_trip, trips * per_trip * self.beyond_km]).collect()
    }

    fn leaving(&self) -> impl Iterator<Item = f64> + '_ {
        let balanced_out = self.drawn.iter().sum::<f64>() > 0.0;
        self.productions.iter().zip(&self.staying).map(move |(all, stay)| if balanced_out { all - stay } else { 0.0 })
    }
}

/// A zone's trips of one way.
#[derive(Clone, Copy, Default)]
struct RowCount {
    trips: f64,
    km: f64,
    car_km: f64,
    by_mode: [f64; 4],
    bands: [f64; LENGTH_BANDS_KM.len()],
}

impl RowCount {
    fn of(g: &Generation, distances: &Distances, choice: &ModeChoice, i: usize) -> Self {
        let mut row = Self::default();
        for (j, (trips, km)) in g.balanced.row(distances, i).zip(distances.row(i)).enumerate() {
            let parts: &[f64] = if i == j { &WITHIN } else { &[1.0] };
            for part in parts {
                let (trips, km) = (trips / parts.len() as f64, part * km);
                let shares = g.shares(choice, km);
                row.trips += trips;
                row.km += trips * km;
                row.car_km += trips * shares[0] * km;
                row.by_mode.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share * trips);
                row.bands[LENGTH_BANDS_KM.partition_point(|bound| *bound < km)] += trips;
            }
        }
        row
    }
}

/// Cars on the map, there and back; a city's own table of trips stands in for all of them.
pub fn inside_flows(model: &mut Model, zones: &Zones, own: Option<Vec<Vec<f64>>>) -> Vec<Flow> {
    if let Some(matrix) = own {
        model.account.own_trips = true;
        return vec![flow(&matrix, Profile::All, Side::Home, Side::At(Purpose::Leisure))];
    }
    let mut flows = Vec::new();
    for g in &model.purposes {
        let cars = cars_by_pair(model, g);
        let back: Vec<Vec<f64>> = (0..zones.len()).map(|c| cars.iter().map(|row| row[c]).collect()).collect();
        let start = if g.purpose.rates().from_home { Side::Home } else { Side::At(Purpose::Work) };
        flows.push(flow(&cars, Profile::Out(g.purpose), start, Side::At(g.purpose)));
        flows.push(flow(&back, Profile::Back(g.purpose), Side::At(g.purpose), start));
    }
    flows
}

/// Cars of one way between all zones, and their kilometres by the shares of the ways within a zone.
pub fn cars_and_km(model: &Model, g: &Generation) -> impl Fn(usize) -> Vec<[f64; 2]> + Sync {
    let persons_per_car = model.choice.persons_per_car(g.purpose);
    move |i: usize| {
        let cells = g.balanced.row(&model.distances, i).zip(model.distances.row(i)).enumerate();
        let cell = |(j, (trips, km)): (usize, (f64, &f64))| {
            let parts: &[f64] = if i == j { &WITHIN } else { &[1.0] };
            let each = trips / persons_per_car / parts.len() as f64;
            parts.iter().fold([0.0; 2], |[cars, kms], part| {
                let driven = each * g.shares(&model.choice, part * km)[0];
                [cars + driven, kms + driven * part * km]
            })
        };
        cells.map(cell).collect()
    }
}

/// Cars of one way between all zones.
fn cars_by_pair(model: &Model, g: &Generation) -> Vec<Vec<f64>> {
    let persons_per_car = model.choice.persons_per_car(g.purpose);
    let share = |km: f64, within: bool| {
        let parts: &[f64] = if within { &WITHIN } else { &[1.0] };
        parts.iter().map(|part| g.shares(&model.choice, part * km)[0]).sum::<f64>() / parts.len() as f64
    };
    let row = |i: usize| {
        let cells = g.balanced.row(&model.distances, i).zip(model.distances.row(i)).enumerate();
        cells.map(|(j, (trips, km))| trips * share(*km, i == j) / persons_per_car).collect()
    };
    (0..model.distances.count).into_par_iter().map(row).collect()
}

fn flow(matrix: &[Vec<f64>], profile: Profile, from: Side, to: Side) -> Flow {
    let sums: Vec<f64> = matrix.iter().map(|row| row.iter().sum()).collect();
    Flow {
        daily: sums.iter().sum(),
        profile,
        from,
        to,
        origins: running_sum(sums.iter().map(|s| *s as f32)),
        destinations: Destinations::ByOrigin(
            matrix.par_iter().map(|row| running_sum(row.iter().map(|t| *t as f32))).collect(),
        ),
    }
}

/// Cars over the edge: inhabitants out and home, others in and back, and through.
pub fn outside_flows(model: &mut Model, zones: &Zones) -> Vec<Flow> {
    let entries = running_sum(zones.gates.entries.iter().map(|g| g.local as f32));
    let exits = running_sum(zones.gates.exits.iter().map(|g| g.local as f32));
    if entries.is_empty() || exits.is_empty() {
        return Vec::new();
    }
    let mut flows = Vec::new();
    let mut both_ways = |cars: Vec<f64>, side: Side, out: Profile, back: Profile, from_here: bool| {
        let daily = cars.iter().sum();
        let here = running_sum(cars.iter().map(|c| *c as f32));
        let (leave, arrive) = if from_here { (out, back) } else { (back, out) };
        flows.push(Flow {
            daily,
            profile: leave,
            from: side,
            to: Side::Gate,
            origins: here.clone(),
            destinations: Destinations::Shared(exits.clone()),
        });
        flows.push(Flow {
            daily,
            profile: arrive,
            from: Side::Gate,
            to: side,
            origins: entries.clone(),
            destinations: Destinations::Shared(here),
        });
    };
    for g in &model.purposes {
        let per_trip = g.beyond_modes[0] / model.choice.persons_per_car(g.purpose);
        let (out, back) = (Profile::Out(g.purpose), Profile::Back(g.purpose));
        let start = if g.purpose.rates().from_home { Side::Home } else { Side::At(Purpose::Work) };
        both_ways(g.leaving().map(|t| t * per_trip).collect(), start, out, back, true);
        both_ways(g.visiting.iter().map(|t| t * per_trip).collect(), Side::At(g.purpose), out, back, false);
    }
    flows.push(Flow {
        daily: model.account.through,
        profile: Profile::Outside,
        from: Side::Gate,
        to: Side::Gate,
        origins: running_sum(zones.gates.entries.iter().map(|g| g.through as f32)),
        destinations: Destinations::Shared(running_sum(zones.gates.exits.iter().map(|g| g.through as f32))),
    });
    flows
}
