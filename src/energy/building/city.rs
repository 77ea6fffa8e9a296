//! A city's buildings as zones: shell, archetype and use together, and what measures change about them.

use std::ops::ControlFlow;

use citytwin_model::{Assumptions, Building, BuildingId, City, Technology};
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    archetype::{Archetype, Archetypes, Retrofit, UseRules},
    body::{Body, FiveResistances},
    envelope::Envelope,
    heat_source::{HEAT_SOURCES, HeatSource},
    plant::{EMITTER_NEW_C, EMITTER_OLD_C, HeatPower, Hour, Plan},
    schedule::{LEVELS, Schedule, ScheduleHour},
    simulate::{BuildingError, Hours, Stock, check},
    stepping::{Plants, Stepping},
    zone::{COLUMNS, Climate, Lit, OPAQUE, ROOF, SECTORS, SKY, Zone},
};
use crate::{
    EnergySystem,
    intensity::{USE_COUNT, USES},
    profile::use_index,
};

/// Heat capacity of air, W·h/(m³·K) (ISO 13790:2008, 9.3.1).
const AIR_WH_M3K: f64 = 1200.0 / 3600.0;
/// Absorptance of outside surfaces, 1, and their resistance, m²·K/W (ISO 13790:2008, 11.3.4; ISO 6946:2017, table 7).
const ABSORPTANCE: f64 = 0.6;
const OUTSIDE_M2K_W: f64 = 0.04;
/// What of the window's area is glass, and what dirt and angle leave, 1 (ISO 13790:2008, 11.3.2 and 11.4.2); curtains,
/// neighbours and trees, 1 (DIN V 18599-2's usual shading factor).
const GLASS: f64 = 0.7;
const SHADING: f64 = 0.75;
/// The same where neighbours are known: curtains and trees alone, 1 (own; DIN V 4108-6 takes this much for usual surroundings).
const CURTAINS: f64 = 0.9;
/// Heat through a floor on the ground, relative to its U-value against outside air, 1 (ISO 13370:2017: the ground under a
/// house of 10 m × 10 m adds about 1 m²·K/W).
const GROUND_SHARE: f64 = 0.5;
/// Built from here on with low-temperature emitters.
const EMITTER_NEW_YEAR: u16 = 2002;
/// Building-hours whose powers are held at once: 128 MB.
const SLAB: usize = 1 << 25;
/// Hours handed over at once at most: four weeks, so that a year tells how far it is and can be stopped.
const LONGEST_H: usize = 672;
/// Hours simulated before the first: ten days.
const WARM_UP_H: usize = 240;

/// What is done to a city's buildings. Shares are of the buildings it is done to, 0…1 (values outside are cut); raising one
/// only adds buildings, in the order of a hash of their source.
#[derive(Clone, PartialEq, Debug)]
pub struct Measures {
    pub retrofit: f64,
    /// `usual` or `ambitious`, of `assets/energy/building_retrofits.csv`.
    pub level: String,
    pub heat_pumps: f64,
    pub district: f64,
    /// Which buildings have a heat pump, index = `BuildingId`, in place of the share.
    pub pumped: Option<Vec<bool>>,
    /// Which buildings are retrofitted beside those of the share, index = `BuildingId`.
    pub renewed: Option<Vec<bool>>,
    /// Only buildings of these years of construction.
    pub built: std::ops::RangeInclusive<u16>,
    /// Only these buildings, index = `BuildingId`; none: all.
    pub buildings: Option<Vec<bool>>,
}

impl Default for Measures {
    fn default() -> Self {
        Self {
            retrofit: 0.0,
            level: "usual".to_owned(),
            heat_pumps: 0.0,
            district: 0.0,
            pumped: None,
            renewed: None,
            built: 0..=u16::MAX,
            buildings: None,
        }
    }
}

/// The heat of a city's buildings, read once.
#[derive(Clone, Debug)]
pub struct CityHeat {
    /// What neighbours leave of the light on facades, index = `BuildingId`; empty: not known.
    lit: Vec<Lit>,
    envelopes: Vec<Envelope>,
    archetypes: Vec<Archetype>,
    /// Position in `archetypes`, and in [`USES`].
    archetype_of: Vec<u16>,
    pub(super) use_of: Vec<u8>,
    year_of: Vec<u16>,
    rank: Vec<f32>,
    pub(super) rules: Vec<UseRules>,
    retrofits: Vec<Retrofit>,
}

/// What some hours came to.
#[derive(Clone, PartialEq, Debug)]
pub struct CityDemand {
    /// Energy of every building over the hours, W·h by field; index = `BuildingId`.
    pub buildings: Vec<HeatPower>,
    /// Of the city, hour by hour.
    pub hours: Vec<HeatPower>,
    /// Electricity of every building and hour (`building · hours + hour`), W; empty unless asked.
    pub electric_w: Vec<f32>,
    /// Retrofitted buildings and what that cost, €: all together, and each (0 where nothing is done; index = `BuildingId`).
    pub retrofitted: usize,
    pub cost_eur: f64,
    pub retrofit_eur: Vec<f64>,
}

/// Some hours of all buildings on the way through a longer time.
#[derive(Clone, Copy, Debug)]
pub struct HeatSlab<'a> {
    /// Hours before it since the first that was asked for.
    pub first: usize,
    pub count: usize,
    /// Electricity of heat pumps and coolers (`building · count + hour`), W.
    pub electric_w: &'a [f32],
    /// The city's hours, W.
    pub by_hour: &'a [HeatPower],
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Slabs {
    first: usize,
    count: usize,
    electricity: bool,
}

impl CityHeat {
    /// Shells, ages and uses of a city's buildings.
    pub fn new(city: &City) -> Self {
        let tables = Archetypes::embedded();
        let country = city.country.as_ref().map_or("", |known| known.value.as_str());
        let mut archetypes: Vec<Archetype> = Vec::new();
        let mut archetype_of = Vec::with_capacity(city.buildings.len());
        let year_of: Vec<u16> = city.buildings.par_iter().map(|building| building.built().value).collect();
        for (building, &year) in city.buildings.iter().zip(&year_of) {
            let row = tables.find(building.usage.value, country, year).expect("a test finds every use and year");
            let known = archetypes.iter().position(|known| known == row);
            archetype_of.push(known.unwrap_or_else(|| {
                archetypes.push(row.clone());
                archetypes.len() - 1
            }) as u16);
        }
        let rank = |b: &Building| xxh3_64(format!("heat {}", b.source).as_bytes()) as f32 / u64::MAX as f32;
        Self {
            lit: Vec::new(),
            envelopes: Envelope::of_city(city),
            archetypes,
            archetype_of,
            use_of: city.buildings.iter().map(|b| use_index(b.usage.value) as u8).collect(),
            year_of,
            rank: city.buildings.par_iter().map(rank).collect(),
            rules: USES.iter().filter_map(|usage| tables.rules(*usage).cloned()).collect(),
            retrofits: tables.retrofits,
        }
    }

    pub fn envelopes(&self) -> &[Envelope] {
        &self.envelopes
    }

    /// What neighbours leave of the light on each building's facades, index = `BuildingId`, in place of a fixed factor for all.
    ///
    /// # Errors
    /// A share that is none from 0 to 1, or another number of buildings.
    pub fn set_lit(&mut self, lit: Vec<Lit>) -> Result<(), BuildingError> {
        if lit.len() != self.envelopes.len() {
            let what = format!("light on the facades of {} buildings is given for {}", lit.len(), self.envelopes.len());
            return Err(BuildingError::Climate(what));
        }
        let wrong = |own: &Lit| own.as_flattened().iter().any(|share| !(0.0..=1.0).contains(share));
        if let Some(index) = lit.iter().position(wrong) {
            let what = "a share of the light on its facades is no number from 0 to 1".to_owned();
            return Err(BuildingError::Zone { index, what });
        }
        self.lit = lit;
        Ok(())
    }

    /// As [`Self::set_lit`] has it.
    pub fn lit(&self) -> Option<&[Lit]> {
        (!self.lit.is_empty()).then_some(self.lit.as_slice())
    }

    /// Where a building stands in the order of retrofits, 0…1: those below a share have one.
    pub fn rank(&self, building: BuildingId) -> f64 {
        f64::from(self.rank[building.index()])
    }

    /// Whether rooms of a building are heated at all.
    pub fn is_heated(&self, building: BuildingId) -> bool {
        let index = building.index();
        let rules = &self.rules[usize::from(self.use_of[index])];
        self.archetypes[usize::from(self.archetype_of[index])].heated && rules.heating_c > 0.0
    }

    /// Year of construction as taken, index = `BuildingId`; where the map does not state it, 1965.
    pub fn years(&self) -> &[u16] {
        &self.year_of
    }

    /// Some hours of all buildings under measures. `electricity`: keep every building's, hour by hour.
    ///
    /// # Errors
    /// An unknown retrofit level, shares that are no number, or a climate that cannot be.
    pub fn run(
        &self,
        measures: &Measures,
        climate: &Climate,
        (first, count): (usize, usize),
        electricity: bool,
    ) -> Result<CityDemand, BuildingError> {
        let retrofit = self.checked(measures)?;
        let slabs = Slabs { first, count, electricity };
        let mut electric_w = vec![0.0; if electricity { self.use_of.len() * count } else { 0 }];
        let keep = &mut |slab: &HeatSlab<'_>| {
            for (all, own) in electric_w.chunks_mut(count.max(1)).zip(slab.electric_w.chunks(slab.count.max(1))) {
                all[slab.first..slab.first + slab.count].copy_from_slice(own);
            }
            ControlFlow::Continue(())
        };
        let mut demand = self.in_slabs(measures, retrofit, climate, (slabs, keep))?;
        demand.electric_w = electric_w;
        Ok(demand)
    }

    /// The same with every building's electricity handed over some whole days at a time, in order, so that a year of a large city
    /// needs little memory. `take` may end it: what is told then is of the hours so far.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_in_slabs(
        &self,
        measures: &Measures,
        climate: &Climate,
        (first, count): (usize, usize),
        take: &mut dyn FnMut(&HeatSlab<'_>) -> ControlFlow<()>,
    ) -> Result<CityDemand, BuildingError> {
        let retrofit = self.checked(measures)?;
        self.in_slabs(measures, retrofit, climate, (Slabs { first, count, electricity: true }, take))
    }

    fn in_slabs(
        &self,
        measures: &Measures,
        retrofit: &Retrofit,
        climate: &Climate,
        (slabs, take): (Slabs, &mut dyn FnMut(&HeatSlab<'_>) -> ControlFlow<()>),
    ) -> Result<CityDemand, BuildingError> {
        let plan = self.plan(measures);
        let class: Vec<u16> = (0..self.use_of.len()).map(|i| self.class(i, &plan[i])).collect();
        let schedules: Vec<Schedule> = self.rules.iter().map(|rules| schedule(rules, climate.len())).collect();
        let schedules: Vec<Schedule> = (0..CLASSES).map(|class| schedules[class % USE_COUNT].clone()).collect();
        let zone = |index: usize| self.zone(index, plan[index].retrofit.then_some(retrofit));
        let (buildings, count) = (self.use_of.len(), slabs.count);
        let mut demand = CityDemand::empty(buildings, count);
        demand.retrofitted = plan.iter().filter(|plan| plan.retrofit).count();
        let cost_eur = |i: usize| if plan[i].retrofit { self.cost_eur(i, retrofit) } else { 0.0 };
        demand.retrofit_eur = (0..buildings).map(cost_eur).collect();
        demand.cost_eur = demand.retrofit_eur.iter().fold(0.0, |a, b| a + b);
        let step = (SLAB / buildings.max(1) / 24 * 24).min(LONGEST_H).clamp(24, count.max(24));
        let stock =
            Stock { class: &class, schedules: &schedules, zone: &zone, start_c: 18.0, lit: self.lit(), start: None };
        let hours_at = |done: usize| Hours {
            first: slabs.first + done,
            count: step.min(count.saturating_sub(done)),
            warm_up: if done == 0 { WARM_UP_H } else { 0 },
        };
        check(&stock, climate, hours_at(0))?;
        let mut stepping = Stepping::new(&stock, &Plants { plan: &plan, water_w: &|index| self.hot_water_w(index) })?;
        let mut electric_w = vec![0.0; if slabs.electricity { buildings * step } else { 0 }];
        for done in (0..count).step_by(step) {
            let hours = hours_at(done);
            electric_w.truncate(buildings * hours.count);
            let now: Vec<Hour> = (0..hours.count).map(|hour| Hour::of(hours.first + hour, climate)).collect();
            let by_hour = stepping.step((climate, hours), &now, &mut electric_w);
            let slab = HeatSlab { first: done, count: hours.count, electric_w: &electric_w, by_hour: &by_hour };
            let going = take(&slab);
            demand.hours[done..done + hours.count].copy_from_slice(&by_hour);
            if going.is_break() {
                break;
            }
        }
        stepping.told(&mut demand.buildings);
        Ok(demand)
    }

    /// The retrofit that is meant, of measures that can be.
    pub(super) fn checked(&self, measures: &Measures) -> Result<&Retrofit, BuildingError> {
        let wrong = |what: String| BuildingError::Climate(what);
        let retrofit = self.retrofits.iter().find(|retrofit| retrofit.level == measures.level).ok_or_else(|| {
            let known: Vec<&str> = self.retrofits.iter().map(|r| r.level.as_str()).collect();
            wrong(format!("retrofit level \"{}\" is not known; known are {}", measures.level, known.join(", ")))
        })?;
        for (name, share) in
            [("retrofit", measures.retrofit), ("heat_pumps", measures.heat_pumps), ("district", measures.district)]
        {
            if !share.is_finite() {
                return Err(wrong(format!("the share {name} is {share}; give a number from 0 to 1")));
            }
        }
        Ok(retrofit)
    }

    fn class(&self, index: usize, plan: &Plan) -> u16 {
        u16::from(self.use_of[index]) + (USE_COUNT * plan.source as usize) as u16
    }

    /// Who gets what.
    fn plan(&self, measures: &Measures) -> Vec<Plan> {
        let of = |index: usize| {
            let listed = measures.buildings.as_ref().is_none_or(|list| list.get(index).copied().unwrap_or(false));
            let meant = listed && measures.built.contains(&self.year_of[index]);
            let rank = f64::from(self.rank[index]);
            // District heat takes from the other end, so that both shares can be had together.
            let pump = match &measures.pumped {
                Some(list) => list.get(index).copied().unwrap_or(false),
                None => meant && rank < measures.heat_pumps,
            };
            let source = if pump {
                HeatSource::HeatPump
            } else if meant && 1.0 - rank <= measures.district {
                HeatSource::District
            } else {
                HeatSource::Boiler
            };
            let renewed = measures.renewed.as_ref().and_then(|list| list.get(index).copied()).unwrap_or(false);
            let retrofit = renewed || meant && rank < measures.retrofit;
            Plan { source, retrofit, emitter_c: self.emitter_c(index, retrofit) }
        };
        (0..self.use_of.len()).into_par_iter().map(of).collect()
    }

    /// Of its emitters, °C.
    pub(super) fn emitter_c(&self, index: usize, retrofit: bool) -> f64 {
        if retrofit || self.year_of[index] >= EMITTER_NEW_YEAR { EMITTER_NEW_C } else { EMITTER_OLD_C }
    }

    /// Which heated buildings the assumptions retrofit, index = `BuildingId`: by their rank, so that a higher share only adds.
    /// `city` is the one of [`Self::new`], `system` of the same.
    pub fn renewed(&self, city: &City, system: &EnergySystem, assumptions: &Assumptions) -> Vec<bool> {
        let share = assumptions.share_at(city, Technology::Retrofit);
        let of = |building: BuildingId| {
            let (at, built) = system.place(building);
            self.is_heated(building) && self.rank(building) < share(at, built)
        };
        (0..city.buildings.len()).map(BuildingId::from_index).map(of).collect()
    }

    /// A building as the engine steps it.
    pub(super) fn zone(&self, index: usize, retrofit: Option<&Retrofit>) -> Zone<1> {
        let (shell, kind) = (&self.envelopes[index], &self.archetypes[usize::from(self.archetype_of[index])]);
        let better = |own: f64, new: fn(&Retrofit) -> f64| retrofit.map_or(own, |retrofit| own.min(new(retrofit)));
        let wall_u = better(kind.wall_u, |r| r.wall_u);
        let roof_u = better(kind.roof_u, |r| r.roof_u);
        let floor_u = better(kind.floor_u, |r| r.floor_u);
        let window_u = better(kind.window_u, |r| r.window_u);
        let window_g = better(kind.window_g, |r| r.window_g);
        let windows_m2 = kind.window_share * shell.outside_walls_m2();
        let walls_m2 = shell.outside_walls_m2() - windows_m2;
        let floor_m2 = shell.floor_m2.max(1.0);
        let body = Body::iso13790(&FiveResistances {
            floor_m2,
            opaque_w_k: wall_u * walls_m2 + roof_u * shell.roof_m2,
            ground_w_k: GROUND_SHARE * floor_u * shell.ground_m2,
            window_w_k: window_u * windows_m2,
            capacity_j_k: kind.capacity_j_m2k * floor_m2,
            mass_m2: (kind.mass_per_floor * floor_m2).max(shell.roof_m2 + walls_m2),
        });
        let shading = if self.lit.is_empty() { SHADING } else { CURTAINS };
        let mut aperture_m2 = [0.0; COLUMNS];
        for sector in 0..SECTORS {
            let wall = shell.walls_m2[sector];
            aperture_m2[sector] = GLASS * shading * window_g * kind.window_share * wall;
            aperture_m2[OPAQUE + sector] =
                shading * ABSORPTANCE * OUTSIDE_M2K_W * wall_u * (1.0 - kind.window_share) * wall;
        }
        aperture_m2[ROOF] = ABSORPTANCE * OUTSIDE_M2K_W * roof_u * shell.roof_m2;
        let upright = 0.5 * (wall_u * walls_m2 + window_u * windows_m2);
        aperture_m2[SKY] = OUTSIDE_M2K_W * (upright + roof_u * shell.roof_m2);
        let rules = &self.rules[usize::from(self.use_of[index])];
        let air_w_k = AIR_WH_M3K * kind.air_changes_per_h * retrofit.map_or(1.0, |r| r.air_share) * shell.volume_m3;
        let mut ventilation_w_k = [air_w_k; LEVELS];
        ventilation_w_k[1] = air_w_k * rules.night_air_share;
        let heating_w = if kind.heated { f64::INFINITY } else { 0.0 };
        Zone {
            body,
            ventilation_w_k,
            internal_w: kind.internal_w_m2 * floor_m2,
            aperture_m2,
            heating_w,
            cooling_w: f64::INFINITY,
        }
    }

    /// Mean heat for hot water, W.
    pub(super) fn hot_water_w(&self, index: usize) -> f64 {
        let heated = self.rules[usize::from(self.use_of[index])].occupied_gain > 0.0;
        let per_m2 = self.archetypes[usize::from(self.archetype_of[index])].hot_water_kwh_m2;
        if heated { per_m2 * self.envelopes[index].floor_m2 * 1000.0 / 8760.0 } else { 0.0 }
    }

    fn cost_eur(&self, index: usize, retrofit: &Retrofit) -> f64 {
        let shell = &self.envelopes[index];
        let share = self.archetypes[usize::from(self.archetype_of[index])].window_share;
        let walls_m2 = shell.outside_walls_m2();
        let areas = [(1.0 - share) * walls_m2, shell.roof_m2, shell.ground_m2, share * walls_m2];
        areas.iter().zip(&retrofit.eur_m2).map(|(area, eur)| area * eur).sum()
    }
}

const CLASSES: usize = USE_COUNT * HEAT_SOURCES.len();

impl CityDemand {
    fn empty(buildings: usize, hours: usize) -> Self {
        Self {
            buildings: vec![HeatPower::default(); buildings],
            hours: vec![HeatPower::default(); hours],
            electric_w: Vec::new(),
            retrofitted: 0,
            cost_eur: 0.0,
            retrofit_eur: Vec::new(),
        }
    }
}

/// The year of a use; its first hour is a Monday's.
pub(super) fn schedule(rules: &UseRules, hours: usize) -> Schedule {
    let used = |hour: usize| {
        let (day, of_day) = (hour / 24 % 7, hour % 24);
        day < rules.days_a_week && (rules.from_hour..rules.to_hour).contains(&of_day)
    };
    let week: f64 = (0..168).map(|h| if used(h) { rules.occupied_gain } else { rules.empty_gain }).sum::<f64>() / 168.0;
    let scale = if week > 0.0 { 1.0 / week } else { 0.0 };
    let hour = |hour: usize| {
        let used = used(hour);
        ScheduleHour {
            internal: scale * if used { rules.occupied_gain } else { rules.empty_gain },
            heating_c: if used { rules.heating_c } else { rules.setback_c },
            cooling_c: rules.cooling_c,
            level: u8::from(!used),
        }
    };
    Schedule { hours: (0..hours).map(hour).collect() }
}
