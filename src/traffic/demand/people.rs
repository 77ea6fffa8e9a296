//! Where people live, work and go: weights on links, from buildings or, where the map has too few, from land and
//! streets.

use citytwin_model::{BuildingUse, City, LandKind, RoadClass};
use geo::{Area, BoundingRect, Contains, Coord, Point};
use rstar::{
    RTree,
    primitives::{GeomWithData, Line},
};

use super::rates;
use crate::network::{LinkInfo, NONE, Network};

/// What the inhabitants were counted from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DemandBasis {
    /// Floor area of dwellings.
    Buildings,
    /// Residential land: the map has too few buildings.
    Land,
    /// Length of streets: the map has neither.
    Streets,
}

/// Weights per link; a two-way street shares them between its directions.
pub struct People {
    pub home: Vec<f32>,
    pub work: Vec<f32>,
    pub visit: Vec<f32>,
    pub residents: f64,
    pub jobs: f64,
    pub basis: DemandBasis,
    /// Length of streets with doors, both directions counted once, kilometre.
    pub street_km: f64,
}

/// Doors open on links of at least this length, metre: shorter ones have no room for a car to stop.
const SHORTEST_M: f32 = 12.0;
/// Points of residential land are spread on a grid this wide, metre.
const LAND_GRID_M: f64 = 60.0;
/// Farther from any street nobody is counted, metre.
const FARTHEST_M: f64 = 600.0;

/// Persons and jobs at a place.
#[derive(Clone, Copy, Default)]
struct Here {
    residents: f64,
    jobs: f64,
    visits: f64,
}

impl People {
    pub fn estimate(city: &City, network: &Network) -> Self {
        let doors = Doors::build(city, network);
        let from_streets = street_weights(network).map(|(_, w)| w.residents).sum::<f64>();
        let mut people = Self::from_places(&doors, network, buildings(city), DemandBasis::Buildings);
        if people.residents < rates::LEAST_BUILDING_SHARE * from_streets {
            people = Self::from_places(&doors, network, land(city), DemandBasis::Land);
        }
        if people.residents < rates::LEAST_BUILDING_SHARE * from_streets {
            people = Self::from_streets(network);
        }
        people.scale(city.population);
        people.street_km = streets(network).map(|(_, link)| f64::from(link.length)).sum::<f64>() / 1000.0;
        people
    }

    fn empty(network: &Network, basis: DemandBasis) -> Self {
        let zeros = || vec![0.0; network.links.len()];
        Self { home: zeros(), work: zeros(), visit: zeros(), residents: 0.0, jobs: 0.0, basis, street_km: 0.0 }
    }

    fn from_places(
        doors: &Doors,
        network: &Network,
        places: impl Iterator<Item = (Coord<f64>, Here)>,
        basis: DemandBasis,
    ) -> Self {
        let mut people = Self::empty(network, basis);
        for (at, here) in places {
            if let Some(link) = doors.nearest(at) {
                people.add(network, link, here);
            }
        }
        people
    }

    fn from_streets(network: &Network) -> Self {
        let mut people = Self::empty(network, DemandBasis::Streets);
        for (link, here) in street_weights(network) {
            people.add(network, link, here);
        }
        people
    }

    fn add(&mut self, network: &Network, link: u32, here: Here) {
        let reverse = network.links[link as usize].reverse;
        let both = reverse != NONE && is_door(&network.links[reverse as usize]);
        let share = if both { 0.5 } else { 1.0 };
        for l in [Some(link), both.then_some(reverse)].into_iter().flatten() {
            self.home[l as usize] += (share * here.residents) as f32;
            self.work[l as usize] += (share * here.jobs) as f32;
            self.visit[l as usize] += (share * here.visits) as f32;
        }
        self.residents += here.residents;
        self.jobs += here.jobs;
    }

    /// The stated population decides where there is one; jobs follow.
    fn scale(&mut self, population: Option<u32>) {
        if let Some(population) = population
            && self.residents > 0.0
        {
            let factor = f64::from(population) / self.residents;
            self.residents *= factor;
            self.jobs *= factor;
        }
    }
}

/// Links where trips may start and end.
fn is_door(link: &LinkInfo) -> bool {
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

fn buildings(city: &City) -> impl Iterator<Item = (Coord<f64>, Here)> + '_ {
    city.buildings.iter().filter_map(|b| {
        let area = b.floor_area_m2();
        let bounds = b.volume.footprint.bounding_rect()?;
        (area.is_finite() && area > 0.0).then(|| (bounds.center(), in_building(b.usage.value, area)))
    })
}

fn in_building(usage: BuildingUse, area_m2: f64) -> Here {
    let jobs = |floor_m2: f64, visits: f64| {
        let jobs = area_m2 / floor_m2;
        Here { residents: 0.0, jobs, visits: jobs * visits }
    };
    match usage {
        BuildingUse::House | BuildingUse::Apartments => {
            let residents = area_m2 / rates::DWELLING_FLOOR_M2;
            Here { residents, jobs: 0.0, visits: residents * rates::VISITS_PER_RESIDENT }
        }
        BuildingUse::Office => jobs(rates::OFFICE_FLOOR_M2, rates::VISITS_PER_OTHER_JOB),
        BuildingUse::Retail => jobs(rates::RETAIL_FLOOR_M2, rates::VISITS_PER_RETAIL_JOB),
        BuildingUse::Hotel => jobs(rates::HOTEL_FLOOR_M2, rates::VISITS_PER_PUBLIC_JOB),
        BuildingUse::School => jobs(rates::SCHOOL_FLOOR_M2, rates::VISITS_PER_PUBLIC_JOB),
        BuildingUse::Hospital => jobs(rates::HOSPITAL_FLOOR_M2, rates::VISITS_PER_PUBLIC_JOB),
        BuildingUse::Public => jobs(rates::PUBLIC_FLOOR_M2, rates::VISITS_PER_PUBLIC_JOB),
        BuildingUse::Industrial => jobs(rates::INDUSTRIAL_FLOOR_M2, rates::VISITS_PER_OTHER_JOB),
        BuildingUse::Warehouse => jobs(rates::WAREHOUSE_FLOOR_M2, rates::VISITS_PER_OTHER_JOB),
        BuildingUse::Ancillary => Here::default(),
    }
}

fn land(city: &City) -> impl Iterator<Item = (Coord<f64>, Here)> + '_ {
    city.land.iter().flat_map(|area| {
        let per_m2 = on_land(area.kind);
        let points = if per_m2.residents + per_m2.jobs > 0.0 { grid_points(&area.shape) } else { Vec::new() };
        let each_m2 = area.shape.unsigned_area() / points.len().max(1) as f64;
        points.into_iter().map(move |at| {
            let here = Here {
                residents: per_m2.residents * each_m2,
                jobs: per_m2.jobs * each_m2,
                visits: per_m2.visits * each_m2,
            };
            (at, here)
        })
    })
}

fn on_land(kind: LandKind) -> Here {
    let jobs = |jobs: f64, visits: f64| Here { residents: 0.0, jobs, visits: jobs * visits };
    match kind {
        LandKind::Residential => Here {
            residents: rates::RESIDENTS_PER_LAND_M2,
            jobs: 0.2 * rates::JOBS_PER_RESIDENT * rates::RESIDENTS_PER_LAND_M2,
            visits: rates::VISITS_PER_RESIDENT * rates::RESIDENTS_PER_LAND_M2,
        },
        LandKind::Commercial => jobs(rates::JOBS_PER_COMMERCIAL_M2, rates::VISITS_PER_OTHER_JOB),
        LandKind::Retail => jobs(rates::JOBS_PER_RETAIL_M2, rates::VISITS_PER_RETAIL_JOB),
        LandKind::Industrial | LandKind::Harbour => jobs(rates::JOBS_PER_INDUSTRIAL_M2, rates::VISITS_PER_OTHER_JOB),
        LandKind::Institutional => jobs(rates::JOBS_PER_INSTITUTIONAL_M2, rates::VISITS_PER_PUBLIC_JOB),
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

/// People along streets: homes on small streets, jobs and visits more along main ones.
fn street_weights(network: &Network) -> impl Iterator<Item = (u32, Here)> + '_ {
    streets(network).filter_map(|(i, link)| {
        let (homes, jobs) = match link.class {
            RoadClass::Residential | RoadClass::LivingStreet => (1.0, 0.5),
            // Often lanes through fields.
            RoadClass::Unclassified => (0.4, 0.4),
            RoadClass::Tertiary => (0.8, 1.2),
            RoadClass::Secondary => (0.7, 2.0),
            RoadClass::Primary => (0.3, 1.5),
            _ => return None,
        };
        let residents = rates::RESIDENTS_PER_STREET_M * f64::from(link.length) * homes;
        let jobs = rates::RESIDENTS_PER_STREET_M * f64::from(link.length) * jobs * rates::JOBS_PER_RESIDENT;
        let visits = residents * rates::VISITS_PER_RESIDENT + jobs * rates::VISITS_PER_PUBLIC_JOB;
        Some((i, Here { residents, jobs, visits }))
    })
}

/// Links with doors, one of both directions.
fn streets(network: &Network) -> impl Iterator<Item = (u32, &LinkInfo)> {
    let links = (0..network.links.len() as u32).map(|i| (i, &network.links[i as usize]));
    links.filter(|(i, link)| {
        let both = link.reverse != NONE && is_door(&network.links[link.reverse as usize]);
        is_door(link) && !(both && link.reverse < *i)
    })
}
