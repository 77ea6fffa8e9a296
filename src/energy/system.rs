//! The engine: structure-of-arrays state of all buildings, evaluated for one instant at a time.

use citytwin_model::{
    Assumptions, BuildingId, City, Coord, PartShare, Technology, time::LocalTime, units::JOULES_PER_MWH,
};
use rayon::prelude::*;
use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use crate::{
    assets::{Attachment, AttachmentKind, attachments},
    charging::USUAL_KWH_PER_KM,
    grid::synthetic::{design::Design, tables::Tables},
    intensity::{HOURS_PER_YEAR, USE_COUNT},
    profile::{Profiles, SLOTS},
    roof::Modules,
    storage::{HomeBattery, at_homes},
    supply::Supply,
    survey::{Coverage, by_transformer, classes, cover, customers, is_heated, ranks, roofs},
    transformer::{Losses, TransformerState},
};

const SECONDS_PER_HOUR: f64 = 3600.0;
/// Buildings per task: large enough to be worth a thread.
const GRAIN: usize = 4096;

/// Power of the whole city now, W. `supplied_w` = `load_w` + `losses_w` − `pv_w`; negative is export.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct Totals {
    pub load_w: f64,
    pub pv_w: f64,
    pub losses_w: f64,
    pub supplied_w: f64,
}

/// Energy since the start of accumulation, MWh. `supplied` = `load` + `losses` − `pv`.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct EnergyMwh {
    pub load: f64,
    pub pv: f64,
    pub losses: f64,
    pub supplied: f64,
}

/// What the sun gives in an instant, W: roofs by `BuildingId`, stated plants by `EnergyAssetId`. What a list lacks is nought.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct SunPower<'a> {
    pub buildings_w: &'a [f32],
    pub assets_w: &'a [f32],
}

/// The energy system of a city.
#[derive(Clone, Debug)]
pub struct EnergySystem {
    pub(crate) profiles: Profiles,
    coverage: Coverage,
    pv_share: f64,
    ev_share: f64,
    parts: Vec<PartShare>,
    /// What electric cars take from their batteries, kWh/km.
    kwh_per_km: f64,
    /// Per building: annual mean load, W.
    pub(crate) mean_w: Vec<f32>,
    /// Per building: `use · SLOTS + slot`.
    pub(crate) class: Vec<u16>,
    /// Per building: mean charging power at the usual mileage if all its cars were electric, W; what weighs shares of cars.
    pub(crate) cars_w: Vec<f32>,
    /// Per building: the part of it that is of electric cars, W.
    pub(crate) electric_w: Vec<f32>,
    /// Per building: its place, local metres, and year of construction.
    places: Vec<(Coord<f64>, u16)>,
    /// Per building: the modules its roof could carry.
    pub(crate) roofs: Vec<Option<Modules>>,
    /// Per building: heat comes from a heat pump where this lies below the share; 2 where never.
    heat_rank: Vec<f32>,
    pumped: Vec<bool>,
    /// Per building, of the hour that passes: electricity of heat pumps and coolers, and what cars charge, W; empty: nought.
    heat_w: Vec<f32>,
    charging_w: Vec<f32>,
    /// All public chargers together, W.
    public_w: f64,
    /// Per building; empty where nobody has one.
    batteries: Vec<Option<HomeBattery>>,
    /// Per building: PV is on the roof where this lies below the share; 2 where never.
    rank: Vec<f32>,
    /// Per building: planes and peak power installed at the present share.
    pub(crate) planes: Vec<[u16; 2]>,
    pub(crate) installed_w: Vec<[f32; 2]>,
    load_w: Vec<f32>,
    pv_w: Vec<f32>,
    pub(crate) attached: Vec<Attachment>,
    asset_w: Vec<f32>,
    transformers: Vec<TransformerState>,
    losses: Vec<Losses>,
    /// Buildings by transformer: `members[first[t]..first[t + 1]]`.
    first: Vec<u32>,
    members: Vec<u32>,
    serves: Vec<u32>,
    totals: Totals,
    /// Joule, in the order of [`Totals`] without the sum.
    joules: [f64; 3],
}

impl EnergySystem {
    /// Loads, roofs, cars and transformers of a city. Depends on nothing but the city.
    pub fn new(city: &City) -> Self {
        let profiles = Profiles::new(city.anchor.origin.lat);
        let customers = customers(city);
        let supply = Supply::plan(city, &customers, &profiles, &Tables::embedded().rules);
        let (first, members) = by_transformer(supply.transformers.len(), &supply.serves);
        let roofs = roofs(city);
        let (coverage, cars_w) = cover(city, &customers, &roofs, &supply.transformers);
        let count = city.buildings.len();
        Self {
            profiles,
            coverage,
            pv_share: 0.0,
            ev_share: 0.0,
            parts: Vec::new(),
            kwh_per_km: USUAL_KWH_PER_KM,
            mean_w: customers.iter().map(|c| c.mean_w as f32).collect(),
            class: classes(city),
            electric_w: vec![0.0; count],
            places: customers.iter().zip(&city.buildings).map(|(c, b)| (c.at, b.built().value)).collect(),
            cars_w,
            rank: ranks(city, "roof", |index| roofs[index].is_some()),
            heat_rank: ranks(city, "heat pump", |index| is_heated(city.buildings[index].usage.value)),
            pumped: vec![false; count],
            heat_w: Vec::new(),
            charging_w: Vec::new(),
            public_w: 0.0,
            batteries: Vec::new(),
            planes: vec![[0; 2]; count],
            installed_w: vec![[0.0; 2]; count],
            roofs,
            load_w: vec![0.0; count],
            pv_w: vec![0.0; count],
            attached: attachments(city, &supply.transformers),
            asset_w: vec![0.0; city.energy_assets.len()],
            losses: supply.transformers.iter().map(|t| Losses::of(t.rated_w)).collect(),
            transformers: supply.transformers,
            first,
            members,
            serves: supply.serves,
            totals: Totals::default(),
            joules: [0.0; 3],
        }
    }

    /// Gives roofs photovoltaics, homes batteries, households electric cars and buildings heat pumps by the assumptions' shares;
    /// raising a share only adds. Before the first call there are none. `city` is the one of [`Self::new`]. Batteries that stay
    /// keep what they hold. What heat and cars draw comes by [`Self::set_heat`] and [`Self::set_charging`].
    pub fn set_shares(&mut self, city: &City, assumptions: &Assumptions) {
        (self.pv_share, self.ev_share) = (assumptions.pv_share, assumptions.ev_share);
        self.parts.clone_from(&assumptions.parts);
        let solar = assumptions.share_at(city, Technology::Photovoltaics);
        for (index, roof) in self.roofs.iter().enumerate() {
            if let Some(modules) = roof {
                let (at, built) = self.places[index];
                let on = f64::from(self.rank[index]) < solar(at, built);
                self.planes[index] = modules.planes.map(|plane| plane.0);
                self.installed_w[index] = if on { modules.peak_w } else { [0.0; 2] };
            }
        }
        let pumps = assumptions.share_at(city, Technology::HeatPumps);
        for (index, &(at, built)) in self.places.iter().enumerate() {
            let on = f64::from(self.heat_rank[index]) < pumps(at, built);
            self.pumped[index] = on;
        }
        let electric = assumptions.share_at(city, Technology::ElectricCars);
        for ((electric_w, cars_w), &(at, built)) in self.electric_w.iter_mut().zip(&self.cars_w).zip(&self.places) {
            *electric_w = (f64::from(*cars_w) * electric(at, built)) as f32;
        }
        self.place_batteries(city, assumptions);
    }

    fn place_batteries(&mut self, city: &City, assumptions: &Assumptions) {
        let before = std::mem::take(&mut self.batteries);
        let held = |index: usize| before.get(index).copied().flatten().map_or(0.0, |home| home.state_wh);
        let home = |(index, battery): (usize, Option<crate::storage::Battery>)| {
            let battery = battery?;
            Some(HomeBattery { battery, state_wh: held(index).min(battery.capacity_wh), power_w: 0.0 })
        };
        self.batteries = at_homes(city, self, assumptions).into_iter().enumerate().map(home).collect();
    }

    /// Electricity of heat pumps and coolers from now on, W; index = `BuildingId`.
    pub fn set_heat(&mut self, electric_w: &[f32]) {
        self.heat_w.clear();
        self.heat_w.extend_from_slice(electric_w);
        self.heat_w.resize(self.mean_w.len(), 0.0);
    }

    /// What electric cars charge from now on, W: at buildings (index = `BuildingId`), and in public all together.
    pub fn set_charging(&mut self, buildings_w: &[f32], public_w: f64) {
        self.charging_w.clear();
        self.charging_w.extend_from_slice(buildings_w);
        self.charging_w.resize(self.mean_w.len(), 0.0);
        self.public_w = public_w;
    }

    /// Batteries at home, index = `BuildingId`; empty where nobody has one.
    pub fn batteries(&self) -> &[Option<HomeBattery>] {
        &self.batteries
    }

    /// What batteries hold from now on, Wh, where there is one; cut to what they can hold.
    pub fn set_stored(&mut self, state_wh: &[f64]) {
        for (home, state_wh) in self.batteries.iter_mut().zip(state_wh) {
            home.iter_mut().for_each(|home| home.state_wh = state_wh.clamp(0.0, home.battery.capacity_wh));
        }
    }

    /// What the cars of a building charge now, W.
    pub fn charging_w(&self, building: BuildingId) -> f32 {
        self.charging_w.get(building.index()).copied().unwrap_or(0.0)
    }

    /// Electricity that a building's heat pump and coolers draw now, W.
    pub fn heat_electricity_w(&self, building: BuildingId) -> f32 {
        self.heat_w.get(building.index()).copied().unwrap_or(0.0)
    }

    /// Share of the city's cars that are electric, areas with a share of their own included.
    pub fn electric_share(&self) -> f64 {
        if self.parts.is_empty() {
            return self.ev_share;
        }
        let sum = |values: &[f32]| values.iter().map(|w| f64::from(*w)).sum::<f64>();
        sum(&self.electric_w) / sum(&self.cars_w).max(f64::MIN_POSITIVE)
    }

    /// The middle of a building, local metres.
    pub fn place_of(&self, building: BuildingId) -> Coord<f64> {
        self.places[building.index()].0
    }

    /// Stated plants and chargers (index into `City::energy_assets`) that hang on a transformer, with its position in
    /// [`Self::transformers`].
    pub fn stations_of_assets(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.attached.iter().filter_map(|attached| Some((attached.asset, attached.transformer? as usize)))
    }

    /// Share of the cars of a building that are electric; 0 without cars.
    pub fn electric_share_of(&self, building: usize) -> f64 {
        let all_w = f64::from(self.cars_w[building]);
        if all_w > 0.0 { f64::from(self.electric_w[building]) / all_w } else { 0.0 }
    }

    /// What electric cars take from their batteries, kWh/km, as traffic drives them. None or no positive number: as usual. Whoever
    /// charges them asks for it.
    pub fn set_car_kwh_per_km(&mut self, kwh_per_km: Option<f64>) {
        self.kwh_per_km = kwh_per_km.filter(|kwh| kwh.is_finite() && *kwh > 0.0).unwrap_or(USUAL_KWH_PER_KM);
    }

    /// What electric cars take from their batteries, kWh/km.
    pub fn car_kwh_per_km(&self) -> f64 {
        self.kwh_per_km
    }

    /// Computes all powers of an instant and of `hold_s` seconds from then on, as long as batteries can hold theirs: `local`
    /// decides what appliances draw, the rest is what was set, and what the sun gives.
    pub fn evaluate(&mut self, local: LocalTime, sun: SunPower<'_>, hold_s: f64) {
        self.evaluate_buildings(&local, sun.buildings_w);
        self.decide_batteries(hold_s / SECONDS_PER_HOUR);
        let extra = self.evaluate_assets(sun.assets_w);
        self.sum_transformers(&extra);
        self.sum_city(&extra);
    }

    /// Adds the powers of the last evaluation over `dt_s` seconds to the energy, lets batteries charge and discharge, and keeps
    /// the highest loading. `dt_s` is at most the `hold_s` of the evaluation.
    pub fn accumulate(&mut self, dt_s: f64) {
        let Totals { load_w, pv_w, losses_w, .. } = self.totals;
        for (sum, power_w) in self.joules.iter_mut().zip([load_w, pv_w, losses_w]) {
            *sum += power_w * dt_s;
        }
        self.batteries.iter_mut().flatten().for_each(|home| home.pass(dt_s / SECONDS_PER_HOUR));
        for transformer in &mut self.transformers {
            transformer.peak_loading = transformer.peak_loading.max(transformer.loading);
        }
    }

    /// Load per building, W: appliances, heat, cars that charge there, and what its battery takes less what it gives; index = `BuildingId`.
    pub fn building_load_w(&self) -> &[f32] {
        &self.load_w
    }

    /// Photovoltaic power per building, W; index = `BuildingId`.
    pub fn building_pv_w(&self) -> &[f32] {
        &self.pv_w
    }

    /// Net power per energy asset, W, load positive; index = `EnergyAssetId`. Transformers: what they pass
    /// on without their losses. 0 for kinds that this engine does not operate.
    pub fn asset_power_w(&self) -> &[f32] {
        &self.asset_w
    }

    pub fn transformers(&self) -> &[TransformerState] {
        &self.transformers
    }

    /// Position in [`Self::transformers`] of the one that serves a building.
    pub fn transformer_of(&self, building: BuildingId) -> usize {
        self.serves[building.index()] as usize
    }

    /// Electricity of a building in a year of 365 days, kWh, without cars and photovoltaics.
    pub fn annual_kwh(&self, building: BuildingId) -> f64 {
        f64::from(self.mean_w[building.index()]) * HOURS_PER_YEAR / 1000.0
    }

    /// Peak power of photovoltaics on a building at the present share, W.
    pub fn installed_pv_w(&self, building: BuildingId) -> f64 {
        self.installed_w[building.index()].iter().map(|&w| f64::from(w)).sum()
    }

    /// Whether a heat pump heats a building at the present share.
    pub fn has_heat_pump(&self, building: BuildingId) -> bool {
        self.pumped[building.index()]
    }

    /// The middle of a building, local metres, and its year of construction: what shares of parts of the city go by.
    pub fn place(&self, building: BuildingId) -> (Coord<f64>, u16) {
        self.places[building.index()]
    }

    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// What the customers draw at most by their profile, W, and in a year, kWh; index = `BuildingId`.
    pub(crate) fn design(&self) -> impl Iterator<Item = Design> + '_ {
        let factor: [f64; USE_COUNT] = std::array::from_fn(|usage| self.profiles.peak_factor(usage));
        let of = move |(&mean_w, &class): (&f32, &u16)| Design {
            peak_w: f64::from(mean_w) * factor[usize::from(class) / SLOTS],
            annual_kwh: f64::from(mean_w) * HOURS_PER_YEAR / 1000.0,
        };
        self.mean_w.iter().zip(&self.class).map(of)
    }

    /// Buildings of a transformer, ascending.
    pub(crate) fn served_by(&self, transformer: usize) -> &[u32] {
        &self.members[self.first[transformer] as usize..self.first[transformer + 1] as usize]
    }

    /// No-load and load losses per transformer.
    pub(crate) fn losses(&self) -> &[Losses] {
        &self.losses
    }

    /// Stated plants and chargers.
    pub(crate) fn attached(&self) -> &[Attachment] {
        &self.attached
    }

    /// Powers of the last evaluation.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Energy accumulated so far.
    pub fn energy(&self) -> EnergyMwh {
        let [load, pv, losses] = self.joules.map(|joules| joules / JOULES_PER_MWH);
        EnergyMwh { load, pv, losses, supplied: load + losses - pv }
    }

    /// Hash of everything that changes with time.
    pub fn state_hash(&self) -> u64 {
        let mut hash = Xxh3::new();
        for value in [self.pv_share, self.ev_share, self.kwh_per_km].iter().chain(&self.joules) {
            hash.update(&value.to_le_bytes());
        }
        for value in self.load_w.iter().chain(&self.pv_w).chain(&self.asset_w) {
            hash.update(&value.to_le_bytes());
        }
        for home in self.batteries.iter().flatten() {
            hash.update(&home.state_wh.to_le_bytes());
        }
        for t in &self.transformers {
            for value in [t.load_w, t.pv_w, t.losses_w, t.loading, t.peak_loading] {
                hash.update(&value.to_le_bytes());
            }
        }
        hash.digest()
    }

    /// Rated power of the stated public chargers together, W.
    pub fn charger_rated_w(&self) -> f64 {
        self.attached.iter().filter(|a| a.kind == AttachmentKind::Charger).map(|a| a.rated_w).sum()
    }

    fn evaluate_buildings(&mut self, local: &LocalTime, sun_w: &[f32]) {
        let relative = self.profiles.relative(local);
        let (heat_w, charging_w) = (&self.heat_w, &self.charging_w);
        let of = |row: &[f32], building: usize| row.get(building).copied().unwrap_or(0.0);
        let load = (&mut self.load_w, &mut self.pv_w, &self.mean_w, &self.class);
        load.into_par_iter().with_min_len(GRAIN).enumerate().for_each(|(building, (load, pv, mean_w, &class))| {
            let people_w = mean_w * relative[usize::from(class)];
            *load = people_w + of(heat_w, building) + of(charging_w, building);
            *pv = of(sun_w, building);
        });
    }

    fn decide_batteries(&mut self, hours: f64) {
        let rows = (&mut self.batteries, &mut self.load_w, &self.pv_w);
        rows.into_par_iter().with_min_len(GRAIN).for_each(|(home, load_w, pv_w)| {
            if let Some(home) = home {
                *load_w += home.decide(f64::from(*load_w) - f64::from(*pv_w), hours) as f32;
            }
        });
    }

    /// Load and PV of plants and chargers per transformer; the last entry is medium voltage.
    fn evaluate_assets(&mut self, sun_w: &[f32]) -> Vec<(f64, f64)> {
        let mut extra = vec![(0.0, 0.0); self.transformers.len() + 1];
        let charger_rated_w = self.charger_rated_w();
        for attached in &self.attached {
            let slot = &mut extra[attached.transformer.map_or(self.transformers.len(), |t| t as usize)];
            let power_w = match attached.kind {
                AttachmentKind::Solar(_) => {
                    let pv_w = sun_w.get(attached.asset).map_or(0.0, |w| f64::from(*w));
                    slot.1 += pv_w;
                    -pv_w
                }
                AttachmentKind::Charger => {
                    let load_w = self.public_w * attached.rated_w / charger_rated_w;
                    slot.0 += load_w;
                    load_w
                }
            };
            self.asset_w[attached.asset] = power_w as f32;
        }
        extra
    }

    /// Each transformer adds its own buildings in their order: the same bits for any number of threads.
    fn sum_transformers(&mut self, extra: &[(f64, f64)]) {
        let (first, members, load_w, pv_w) = (&self.first, &self.members, &self.load_w, &self.pv_w);
        let all = self.transformers.par_iter_mut().zip(&self.losses).zip(extra).enumerate();
        all.for_each(|(index, ((transformer, losses), &(extra_load_w, extra_pv_w)))| {
            let own = &members[first[index] as usize..first[index + 1] as usize];
            let (mut load, mut pv) = (extra_load_w, extra_pv_w);
            for &member in own {
                load += f64::from(load_w[member as usize]);
                pv += f64::from(pv_w[member as usize]);
            }
            transformer.load_w = load;
            transformer.pv_w = pv;
            transformer.loading = (load - pv).abs() / transformer.rated_w;
            transformer.losses_w = losses.at(transformer.loading);
        });
        for transformer in &self.transformers {
            if let Some(id) = transformer.asset {
                self.asset_w[id.index()] = (transformer.load_w - transformer.pv_w) as f32;
            }
        }
    }

    fn sum_city(&mut self, extra: &[(f64, f64)]) {
        let (load_w, pv_w) = extra.last().copied().unwrap_or_default();
        let mut totals = Totals { load_w, pv_w, ..Totals::default() };
        for transformer in &self.transformers {
            totals.load_w += transformer.load_w;
            totals.pv_w += transformer.pv_w;
            totals.losses_w += transformer.losses_w;
        }
        totals.supplied_w = totals.load_w + totals.losses_w - totals.pv_w;
        self.totals = totals;
    }
}
