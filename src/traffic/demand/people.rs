//! Where people live and work: persons and jobs on links, from buildings or, where the map has too few, from land and
//! streets.

use std::collections::BTreeMap;

use citytwin_model::{Building, BuildingUse, City, LandKind, RoadClass};
use geo::{Area, BoundingRect, Contains, Coord, Point};
use rstar::{
    RTree,
    primitives::{GeomWithData, Line},
};

use super::{
    figures::Figures,
    purpose::{JOB_KINDS, OTHER, PUBLIC, RETAIL, SCHOOL},
};
use crate::network::{LinkInfo, NONE, Network};

/// What the inhabitants were counted from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DemandBasis {
    /// Floor area of dwellings.
    Buildings,
    /// Residential land: the map has too few buildings.
    Land,
    /// Length of streets: the map has neither.
    Streets,
    /// The city's own zone table.
    ZoneTable,
}

/// Per link; a two-way street shares its people between its directions.
pub struct People {
    pub home: Vec<f32>,
    /// By kind of job.
    pub jobs: [Vec<f32>; JOB_KINDS],
    pub residents: f64,
    pub job_count: f64,
    pub basis: DemandBasis,
    /// Length of streets with doors, both directions counted once, kilometre.
    pub street_km: f64,
    /// Persons and jobs counted but farther than [`FARTHEST_M`] from any street: they do not travel.
    pub cut_off: f64,
}

/// Doors open on links of at least this length, metre: shorter ones have no room for a car to stop.
const SHORTEST_M: f32 = 12.0;
/// Points of residential land are spread on a grid this wide, metre.
const LAND_GRID_M: f64 = 60.0;
/// Farther from any street nobody is counted, metre.
const FARTHEST_M: f64 = 600.0;
/// Most of the floor of a house without a stated use that is taken for something else than dwellings.
const MOST_MIXED: f64 = 0.5;

/// Persons and jobs at a place.
#[derive(Clone, Copy, Default)]
struct Here {
    residents: f64,
    jobs: [f64; JOB_KINDS],
}

impl Here {
    fn job(kind: usize, count: f64) -> Self {
        let mut here = Self::default();
        here.jobs[kind] = count;
        here
    }

    fn times(&self, factor: f64) -> Self {
        Self { residents: self.residents * factor, jobs: self.jobs.map(|j| j * factor) }
    }

    fn job_count(&self) -> f64 {
        self.jobs.iter().sum()
    }
}

/// Shares of a country's jobs by kind.
pub fn job_mix(figures: &Figures) -> [f64; JOB_KINDS] {
    let mut mix = [0.0; JOB_KINDS];
    mix[RETAIL] = figures.value("jobs_share_retail");
    mix[PUBLIC] = figures.value("jobs_share_public");
    mix[SCHOOL] = figures.value("jobs_share_school");
    mix[OTHER] = 1.0 - mix[RETAIL] - mix[PUBLIC] - mix[SCHOOL];
    mix
}

impl People {
    pub fn estimate(city: &City, network: &Network, figures: &Figures) -> Self {
        let doors = Doors::build(city, network);
        let on_streets = street_weights(network, figures);
        let enough = figures.value("least_building_share") * on_streets.iter().map(|(_, w)| w.residents).sum::<f64>();
        let mut people = Self::from_places(&doors, network, buildings(city, figures), DemandBasis::Buildings);
        if people.residents < enough {
            people = Self::from_places(&doors, network, land(city, figures), DemandBasis::Land);
        }
        if people.residents < enough {
            people = Self::empty(network, DemandBasis::Streets);
            on_streets.iter().for_each(|(link, here)| people.add(network, *link, *here));
        }
        people.scale(city.population);
        people.street_km = streets(network).map(|(_, link)| f64::from(link.length)).sum::<f64>() / 1000.0;
        people
    }

    fn empty(network: &Network, basis: DemandBasis) -> Self {
        let zeros = || vec![0.0; network.links.len()];
        Self {
            home: zeros(),
            jobs: std::array::from_fn(|_| zeros()),
            residents: 0.0,
            job_count: 0.0,
            basis,
            street_km: 0.0,
            cut_off: 0.0,
        }
    }

    fn from_places(
        doors: &Doors,
        network: &Network,
        places: impl Iterator<Item = (Coord<f64>, Here)>,
        basis: DemandBasis,
    ) -> Self {
        let mut people = Self::empty(network, basis);
        for (at, here) in places {
            match doors.nearest(at) {
                Some(link) => people.add(network, link, here),
                None => people.cut_off += here.residents + here.job_count(),
            }
        }
        people
    }

    fn add(&mut self, network: &Network, link: u32, here: Here) {
        let reverse = network.links[link as usize].reverse;
        let both = reverse != NONE && is_door(&network.links[reverse as usize]);
        let share = if both { 0.5 } else { 1.0 };
        for l in [Some(link), both.then_some(reverse)].into_iter().flatten() {
            self.home[l as usize] += (share * here.residents) as f32;
            self.jobs.iter_mut().zip(here.jobs).for_each(|(all, j)| all[l as usize] += (share * j) as f32);
        }
        self.residents += here.residents;
        self.job_count += here.job_count();
    }

    /// The stated population decides where there is one; jobs follow.
    fn scale(&mut self, population: Option<u32>) {
        if let Some(population) = population
            && self.residents > 0.0
        {
            let factor = f64::from(population) / self.residents;
            self.residents *= factor;
            self.job_count *= factor;
            self.cut_off *= factor;
            let all = self.jobs.iter_mut().flatten().chain(&mut self.home);
            all.for_each(|w| *w = (f64::from(*w) * factor) as f32);
        }
    }

    /// Jobs of each kind on a link.
    pub fn jobs_at(&self, link: usize) -> [f64; JOB_KINDS] {
        std::array::from_fn(|k| f64::from(self.jobs[k][link]))
    }
}

/// Links where trips may start and end.
pub fn is_door(link: &LinkInfo) -> bool {
    link.usable
        && link.core
        && link.length >= SHORTEST_M
        && link.class > RoadClass::Trunk
        && !link.ramp
        && !link.roundabout
}

/// Street fronts by place.
struct Doors {
    tree: RTree<GeomWithData<Line<[f64; 2]>, u32>>,
}

impl Doors {
    fn build(city: &City, network: &Network) -> Self {
        let mut fronts = Vec::new();
        for link in city.links.iter().filter(|l| is_door(&network.links[l.id.index()])) {
            let road = &city.roads[link.road.index()];
            // Both directions lie on each other: one of them stands for both.
            let reverse = network.links[link.id.index()].reverse;
            let twin = reverse != NONE && reverse < link.id.0 && is_door(&network.links[reverse as usize]);
            if twin || road.bridge || road.tunnel {
                continue;
            }
            let line = city.link_line(link.id);
            let pieces = line.0.windows(2);
            fronts.extend(pieces.map(|w| GeomWithData::new(Line::new([w[0].x, w[0].y], [w[1].x, w[1].y]), link.id.0)));
        }
        Self { tree: RTree::bulk_load(fronts) }
    }

    fn nearest(&self, at: Coord<f64>) -> Option<u32> {
        let (front, distance2) = self.tree.nearest_neighbor_iter_with_distance_2(&[at.x, at.y]).next()?;
        (distance2 < FARTHEST_M * FARTHEST_M).then_some(front.data)
    }
}

fn buildings<'a>(city: &'a City, figures: &'a Figures) -> impl Iterator<Item = (Coord<f64>, Here)> + 'a {
    let floors = Floors::of(city, figures);
    city.buildings.iter().filter_map(move |b| {
        let area = b.floor_area_m2();
        let bounds = b.volume.footprint.bounding_rect()?;
        (area.is_finite() && area > 0.0).then(|| (bounds.center(), floors.people(b, area, figures)))
    })
}

/// A house of flats whose use nothing states: on the map's own word it may as well hold shops and offices.
fn is_unnamed(building: &Building) -> bool {
    building.usage.value == BuildingUse::Apartments
        && !building.usage.is_stated()
        && building.tags.get("building") != Some("residential")
}

/// How floor area becomes people, all of it gross floor.
struct Floors {
    /// Of one inhabitant, vacant and second homes included, m².
    per_resident_m2: f64,
    /// Share of the unnamed houses' floor that is no dwelling.
    mixed: f64,
    mix: [f64; JOB_KINDS],
}

impl Floors {
    fn of(city: &City, figures: &Figures) -> Self {
        let (mut all, mut elsewhere, mut unnamed) = (0.0, 0.0, 0.0);
        for building in city.buildings.iter().filter(|b| b.usage.value != BuildingUse::Ancillary) {
            let area = building.floor_area_m2();
            if !area.is_finite() {
                continue;
            }
            all += area;
            match building.usage.value {
                BuildingUse::House => {}
                BuildingUse::Apartments if is_unnamed(building) => unnamed += area,
                BuildingUse::Apartments => {}
                _ => elsewhere += area,
            }
        }
        // A map that names few shops and offices has them all the same, in the houses that it does not name.
        let missing = (1.0 - figures.value("residential_floor_share")) * all - elsewhere;
        let mixed = if unnamed > 0.0 { (missing / unnamed).clamp(0.0, MOST_MIXED) } else { 0.0 };
        let net = figures.value("dwelling_net_share") * figures.value("dwelling_occupied_share");
        Self { per_resident_m2: figures.value("dwelling_m2_per_person") / net, mixed, mix: job_mix(figures) }
    }

    fn people(&self, building: &Building, area_m2: f64, figures: &Figures) -> Here {
        let dwellings = |m2: f64| Here { residents: m2 / self.per_resident_m2, ..Here::default() };
        let jobs = |kind: usize, place: &str| Here::job(kind, area_m2 / figures.value(&format!("{place}_m2_per_job")));
        match building.usage.value {
            BuildingUse::Apartments if is_unnamed(building) => {
                let work = self.mixed * area_m2 / figures.value("mixed_m2_per_job");
                Here { jobs: self.mix.map(|share| share * work), ..dwellings((1.0 - self.mixed) * area_m2) }
            }
            BuildingUse::House | BuildingUse::Apartments => dwellings(area_m2),
            BuildingUse::Office => jobs(OTHER, "office"),
            BuildingUse::Retail => jobs(RETAIL, "retail"),
            BuildingUse::Hotel => jobs(RETAIL, "hotel"),
            BuildingUse::School => jobs(SCHOOL, "school"),
            BuildingUse::Hospital => jobs(PUBLIC, "hospital"),
            BuildingUse::Public => jobs(PUBLIC, "public"),
            BuildingUse::Industrial => jobs(OTHER, "industrial"),
            BuildingUse::Warehouse => jobs(OTHER, "warehouse"),
            BuildingUse::Ancillary => Here::default(),
        }
    }
}

fn land<'a>(city: &'a City, figures: &'a Figures) -> impl Iterator<Item = (Coord<f64>, Here)> + 'a {
    city.land.iter().flat_map(|area| {
        let per_m2 = on_land(area.kind, figures);
        let points = if per_m2.residents + per_m2.job_count() > 0.0 { grid_points(&area.shape) } else { Vec::new() };
        let each_m2 = area.shape.unsigned_area() / points.len().max(1) as f64;
        points.into_iter().map(move |at| (at, per_m2.times(each_m2)))
    })
}

fn on_land(kind: LandKind, figures: &Figures) -> Here {
    let jobs = |kind: usize, land: &str| Here::job(kind, 1.0 / figures.value(&format!("{land}_land_m2_per_job")));
    match kind {
        LandKind::Residential => {
            let residents = figures.value("residents_per_land_m2");
            // A fifth of all jobs stand among houses.
            let jobs = 0.2 * figures.value("jobs_per_resident") * residents;
            Here { residents, jobs: job_mix(figures).map(|share| share * jobs) }
        }
        LandKind::Commercial => jobs(OTHER, "commercial"),
        LandKind::Retail => jobs(RETAIL, "retail"),
        LandKind::Industrial | LandKind::Harbour => jobs(OTHER, "industrial"),
        LandKind::Institutional => jobs(PUBLIC, "institutional"),
        _ => Here::default(),
    }
}

fn grid_points(shape: &geo::MultiPolygon<f64>) -> Vec<Coord<f64>> {
    let Some(bounds) = shape.bounding_rect() else { return Vec::new() };
    let steps = |low: f64, high: f64| (((high - low) / LAND_GRID_M).ceil() as usize).clamp(1, 400);
    let (nx, ny) = (steps(bounds.min().x, bounds.max().x), steps(bounds.min().y, bounds.max().y));
    let mut points = Vec::new();
    for i in 0..nx {
        for k in 0..ny {
            let at = Coord {
                x: bounds.min().x + (i as f64 + 0.5) / nx as f64 * bounds.width(),
                y: bounds.min().y + (k as f64 + 0.5) / ny as f64 * bounds.height(),
            };
            if shape.contains(&Point::from(at)) {
                points.push(at);
            }
        }
    }
    if points.is_empty() { vec![bounds.center()] } else { points }
}

/// Width of the cells by which the density of streets is measured, metre.
const STREET_CELL_M: f64 = 500.0;
/// Streets denser than this, relative to the reference, have no more people per metre.
const MOST_DENSITY: f64 = 1.3;

/// People along streets: homes on small streets, jobs more along main ones, more per metre where streets lie close.
fn street_weights(network: &Network, figures: &Figures) -> Vec<(u32, Here)> {
    let cell = |i: u32, link: &LinkInfo| {
        let p = network.shapes.at(i, 0.5 * link.length, 0.0);
        ((f64::from(p.x) / STREET_CELL_M).floor() as i64, (f64::from(p.y) / STREET_CELL_M).floor() as i64)
    };
    let mut length_m = BTreeMap::<(i64, i64), f64>::new();
    for (i, link) in streets(network) {
        *length_m.entry(cell(i, link)).or_default() += f64::from(link.length);
    }
    // Kilometres per square kilometre on a cell, in metres.
    let reference_m = figures.value("street_density_km_per_km2") * STREET_CELL_M * STREET_CELL_M / 1000.0;
    let mix = job_mix(figures);
    let (per_m, per_resident) = (figures.value("residents_per_street_m"), figures.value("jobs_per_resident"));
    let weight = |(i, link): (u32, &LinkInfo)| {
        let (homes, jobs) = match link.class {
            RoadClass::Residential | RoadClass::LivingStreet => (1.0, 0.5),
            // Often lanes through fields.
            RoadClass::Unclassified => (0.4, 0.4),
            RoadClass::Tertiary => (0.8, 1.2),
            RoadClass::Secondary => (0.7, 2.0),
            RoadClass::Primary => (0.3, 1.5),
            _ => return None,
        };
        // The cells about it that have streets, so that neither a cell's border nor the town's shows.
        let (x, y) = cell(i, link);
        let about = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
        let lengths: Vec<f64> = about.filter_map(|c| length_m.get(&c).copied()).collect();
        let mean_m = lengths.iter().sum::<f64>() / lengths.len().max(1) as f64;
        let density = (mean_m / reference_m).min(MOST_DENSITY);
        let persons = per_m * density * f64::from(link.length);
        let jobs = mix.map(|share| share * persons * jobs * per_resident);
        Some((i, Here { residents: persons * homes, jobs }))
    };
    streets(network).filter_map(weight).collect()
}

/// Links with doors, one of both directions.
fn streets(network: &Network) -> impl Iterator<Item = (u32, &LinkInfo)> {
    let links = (0..network.links.len() as u32).map(|i| (i, &network.links[i as usize]));
    links.filter(|(i, link)| {
        let both = link.reverse != NONE && is_door(&network.links[link.reverse as usize]);
        is_door(link) && !(both && link.reverse < *i)
    })
}
