//! From a city's tours by car to when cars stand where, and what they need: the trips of the demand model as the plain data that
//! charging takes. Engines do not know each other; this file knows both.

use citytwin_energy::{
    EnergySystem,
    charging::{Arrivals, Figures, HOURS, Mobility},
};
use citytwin_model::{Building, BuildingUse, City};
use citytwin_traffic::{CarTours, Demand, DemandBasis, Network, Purpose, PurposeTours, TourEnds};
use rayon::prelude::*;

/// Days of each kind in a week.
const DAYS: [f64; 2] = [5.0, 2.0];
/// Parts of an hour in which cars set out together.
const PARTS: usize = 4;
/// A day of tours begins when fewest are under way, hour.
const DAY_BEGINS: usize = 4;

/// How the cars of a city come and go, from its demand; nobody where nobody travels.
pub fn mobility(city: &City, system: &EnergySystem, figures: &Figures) -> Mobility {
    let demand = Demand::estimate(city, &Network::compile(city));
    let tours = demand.car_tours().filter(|tours| !tours.zones.is_empty());
    tours.map_or_else(Mobility::default, |tours| of_tours(city, system, &tours, figures))
}

/// Tours of one zone at least, laid onto buildings and stations.
pub fn of_tours(city: &City, system: &EnergySystem, tours: &CarTours, figures: &Figures) -> Mobility {
    let patterns = Patterns { tours, figures };
    let zones: Vec<usize> = (0..tours.zones.len()).collect();
    let by_zone = |of: fn(&Patterns<'_>, &[usize]) -> Arrivals| -> Vec<Arrivals> {
        let whole = of(&patterns, &zones);
        let own = |zone: &usize| Some(of(&patterns, &[*zone])).filter(|own| !is_empty(own));
        zones.par_iter().map(|zone| own(zone).unwrap_or_else(|| whole.clone())).collect()
    };
    let place = |building: &Building| {
        let at = system.place_of(building.id);
        patterns.nearest([at.x, at.y])
    };
    let nearest: Vec<Option<usize>> = city.buildings.par_iter().map(place).collect();
    let week_km: Vec<f64> = zones.iter().map(|zone| patterns.residents_km(*zone) * patterns.mapped(system)).collect();
    let homes = spread(city, &nearest, &week_km, |usage| matches!(usage, BuildingUse::House | BuildingUse::Apartments));
    let work_km: Vec<f64> = zones.iter().map(|zone| patterns.to_work(*zone).km).collect();
    let works = spread(city, &nearest, &work_km, |usage| {
        !matches!(usage, BuildingUse::House | BuildingUse::Apartments | BuildingUse::Ancillary)
    });
    let all_work = works.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let zone_of = |at: [f64; 2]| patterns.nearest(at).unwrap_or(0) as u32;
    Mobility {
        week_km: homes.into_iter().map(|km| km as f32).collect(),
        work: works.into_iter().map(|km| (km / all_work) as f32).collect(),
        at_home: by_zone(|of, zones| of.at_home(zones)),
        at_work: by_zone(|of, zones| of.at_work(zones)),
        in_public: patterns.in_public(&zones),
        zone_of: system.transformers().iter().map(|station| zone_of([station.at.x, station.at.y])).collect(),
    }
}

fn is_empty(arrivals: &Arrivals) -> bool {
    arrivals.energy.iter().flatten().all(|share| *share <= 0.0)
}

/// What zones have, over their buildings of some uses by floor area; what zones without such a building have, over all.
fn spread(city: &City, nearest: &[Option<usize>], of_zone: &[f64], fit: impl Fn(BuildingUse) -> bool) -> Vec<f64> {
    let area = |building: &Building| if fit(building.usage.value) { building.floor_area_m2().max(0.0) } else { 0.0 };
    let areas: Vec<f64> = city.buildings.iter().map(area).collect();
    let mut in_zone = vec![0.0; of_zone.len()];
    for (area, zone) in areas.iter().zip(nearest) {
        zone.iter().for_each(|zone| in_zone[*zone] += area);
    }
    let all: f64 = areas.iter().sum();
    let lost: f64 = of_zone.iter().zip(&in_zone).filter(|(_, area)| **area <= 0.0).map(|(of, _)| of).sum();
    let per_m2 = |zone: &Option<usize>| zone.map_or(0.0, |zone| of_zone[zone] / in_zone[zone].max(f64::MIN_POSITIVE));
    let share = |(area, zone): (&f64, &Option<usize>)| {
        if *area > 0.0 { area * (per_m2(zone) + lost / all) } else { 0.0 }
    };
    areas.iter().zip(nearest).map(share).collect()
}

/// When cars of some zones stand where.
struct Patterns<'a> {
    tours: &'a CarTours,
    figures: &'a Figures,
}

/// Which end of a tour cars stand at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Home,
    Goal,
}

impl Patterns<'_> {
    fn nearest(&self, at: [f64; 2]) -> Option<usize> {
        let away = |zone: &usize| {
            let centre = self.tours.zones[*zone].centre;
            (centre[0] - at[0]).powi(2) + (centre[1] - at[1]).powi(2)
        };
        (0..self.tours.zones.len()).min_by(|a, b| away(a).total_cmp(&away(b)))
    }

    /// Tours that start at home cover those that start at work: company cars go home with those who drive them.
    fn with_business(&self) -> f64 {
        let km = |from_home: bool| -> f64 {
            let of = self.tours.purposes.iter().filter(|of| of.from_home == from_home);
            of.flat_map(|of| &of.starts).map(|ends| ends.km).sum()
        };
        1.0 + km(false) / km(true).max(f64::MIN_POSITIVE)
    }

    /// What a zone's inhabitants drive in a week, km.
    fn residents_km(&self, zone: usize) -> f64 {
        let weekday: f64 = self.homes().map(|of| of.starts[zone].km).sum();
        weekday * self.with_business() * (DAYS[0] + DAYS[1] * self.tours.weekend_factor)
    }

    /// Share of the inhabitants who live in mapped buildings, where the demand counted them from something else.
    fn mapped(&self, system: &EnergySystem) -> f64 {
        match self.tours.basis {
            DemandBasis::Buildings | DemandBasis::ZoneTable => 1.0,
            DemandBasis::Land | DemandBasis::Streets => {
                (system.coverage().residents / self.tours.residents.max(1.0)).min(1.0)
            }
        }
    }

    fn homes(&self) -> impl Iterator<Item = &PurposeTours> {
        self.tours.purposes.iter().filter(|of| of.from_home)
    }

    fn to_work(&self, zone: usize) -> TourEnds {
        let of = self.tours.purposes.iter().find(|of| of.purpose == Purpose::Work);
        of.map_or(TourEnds::default(), |of| of.goals[zone])
    }

    fn at_home(&self, zones: &[usize]) -> Arrivals {
        self.arrivals(End::Home, self.homes(), zones)
    }

    fn at_work(&self, zones: &[usize]) -> Arrivals {
        self.arrivals(End::Goal, self.tours.purposes.iter().filter(|of| of.purpose == Purpose::Work), zones)
    }

    fn in_public(&self, zones: &[usize]) -> Arrivals {
        let fit = |of: &&PurposeTours| matches!(of.purpose, Purpose::Shopping | Purpose::Errands | Purpose::Leisure);
        self.arrivals(End::Goal, self.tours.purposes.iter().filter(fit), zones)
    }

    fn arrivals<'b>(&self, end: End, of: impl Iterator<Item = &'b PurposeTours>, zones: &[usize]) -> Arrivals {
        let mut stands = Stands::default();
        let factor = [1.0, self.tours.weekend_factor];
        for purpose in of {
            let ends = if end == End::Home { &purpose.starts } else { &purpose.goals };
            let sum = zones.iter().fold(TourEnds::default(), |sum, zone| TourEnds {
                tours: sum.tours + ends[*zone].tours,
                km: sum.km + ends[*zone].km,
            });
            if sum.tours <= 0.0 {
                continue;
            }
            let way_h = 0.5 * sum.km / sum.tours / self.figures.speed_kmh;
            let weekday = couple(&purpose.out, &purpose.back);
            for (day, tours) in [weekday, self.weekend()].iter().enumerate() {
                for &(share, out_h, back_h) in tours {
                    let (from_h, to_h) = match end {
                        End::Home => (back_h + way_h, out_h + 24.0),
                        End::Goal => (out_h + way_h, back_h),
                    };
                    stands.add(day, (from_h, to_h), [sum.km * share * factor[day], sum.tours * share * factor[day]]);
                }
            }
        }
        stands.arrivals()
    }

    /// One shape for all ways: half of a stay before each of its parts, the other half after it.
    fn weekend(&self) -> Vec<(f64, f64, f64)> {
        let half_h = 0.5 * self.figures.weekend_away_h;
        parts(&self.tours.weekend).map(|(share, at_h)| (share, at_h - half_h, at_h + half_h)).collect()
    }
}

/// Shares of a day that set out and set out for home at hours of it: those who leave first come back first.
fn couple(out: &[f64; HOURS], back: &[f64; HOURS]) -> Vec<(f64, f64, f64)> {
    let (mut out, mut back) = (parts(out), parts(back));
    let (mut leaves, mut returns) = (out.next(), back.next());
    let mut tours = Vec::new();
    while let (Some((left, out_h)), Some((due, back_h))) = (leaves, returns) {
        let share = left.min(due);
        if share > 0.0 {
            tours.push((share, out_h, back_h));
        }
        leaves = if left > share { Some((left - share, out_h)) } else { out.next() };
        returns = if due > share { Some((due - share, back_h)) } else { back.next() };
    }
    tours
}

/// Parts of a day with the hour in their middle, from [`DAY_BEGINS`] on for 24 hours; their shares sum to 1.
fn parts(day: &[f64; HOURS]) -> impl Iterator<Item = (f64, f64)> {
    let sum: f64 = day.iter().sum();
    let part = move |part: usize| {
        let at_h = DAY_BEGINS as f64 + (part as f64 + 0.5) / PARTS as f64;
        (day[at_h as usize % HOURS] / sum.max(f64::MIN_POSITIVE) / PARTS as f64, at_h)
    };
    (0..HOURS * PARTS).map(part)
}

/// Cars added up by the hour in which they come: km, cars, and the hours until they leave weighted by km.
#[derive(Default)]
struct Stands([[[f64; 3]; HOURS]; 2]);

impl Stands {
    fn add(&mut self, day: usize, (from_h, to_h): (f64, f64), [km, cars]: [f64; 2]) {
        let hour_h = from_h.floor();
        let slot = &mut self.0[day][hour_h.rem_euclid(HOURS as f64) as usize % HOURS];
        let stays_h = (to_h - hour_h).clamp(1.0, HOURS as f64);
        [km, cars, km * stays_h].iter().zip(slot).for_each(|(part, sum)| *sum += part);
    }

    /// Relative to a week's kilometres.
    fn arrivals(&self) -> Arrivals {
        let week_km: f64 = self.0.iter().zip(DAYS).flat_map(|(day, days)| day.map(|[km, ..]| days * km)).sum();
        let mut arrivals = Arrivals::default();
        if week_km > 0.0 {
            for (day, hours) in self.0.iter().enumerate() {
                for (hour, [km, cars, stays]) in hours.iter().enumerate().filter(|(_, [km, ..])| *km > 0.0) {
                    arrivals.energy[day][hour] = km / week_km;
                    arrivals.cars[day][hour] = cars / week_km;
                    // Whole hours alone: nobody charges in the hour in which it leaves.
                    arrivals.dwell_h[day][hour] = (stays / km).floor().clamp(1.0, HOURS as f64) as u8;
                }
            }
        }
        arrivals
    }
}
