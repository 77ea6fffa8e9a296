//! The energy of the live city, from instant to instant, by the same engines as its year: heat of every building by its shell and
//! what is done to it, sun on roofs among their neighbours, cars that charge where trips end by the rule in force, batteries.
//!
//! Heat and cars go hour by hour (of the weather's standard time), sun, appliances and batteries with every evaluation. What an
//! hour needs hangs on city, shares and calendar alone: whoever comes to an hour from elsewhere, or changes a share, gets the
//! city as if the shares had held since the midnight before the last. So a worker may prepare days ahead ([`LiveBasis::day`]),
//! and no result depends on when it is ready.

mod basis;
mod day;
mod roofs;

use std::sync::Arc;

use citytwin_energy::{EnergySystem, Plant, SunPower, building::HeatedBy, charging::ClockHour};
use citytwin_environment::{ALBEDO, Irradiance, SkyHour, SkyModel, TYPICAL_WIND_M_S, extraterrestrial_w_m2};
use citytwin_model::{Assumptions, BuildingId, ChargingRule, City, SunPosition, Timestamp, Weather};
use rayon::prelude::*;
use xxhash_rust::xxh3::Xxh3;

use crate::energy_year::{
    ChargingYear,
    charge::{Charge, clock_hour},
    flow::Drawn,
};
use day::HOURS_KEPT;

pub use basis::LiveBasis;
pub use day::LiveDay;

/// Buildings per task.
const GRAIN: usize = 1024;
const HOURS_PER_DAY: i64 = 24;

/// Moves an [`EnergySystem`] through the hours.
pub struct LiveEnergy {
    basis: Arc<LiveBasis>,
    /// By building, at the shares in force.
    heated: Vec<HeatedBy>,
    rule: ChargingRule,
    charge: Option<Charge>,
    /// The hour that the system is set to, counted from 1970 in standard time; none: shares have changed, or it has never been.
    hour: Option<i64>,
    day: Option<Arc<LiveDay>>,
    next: Option<Arc<LiveDay>>,
    /// Whether the hour at hand is asked of all buildings, or of those with batteries alone.
    all: bool,
    now: Rows,
}

/// Powers of the hour or instant, W; index = `BuildingId`, of plants `EnergyAssetId`.
#[derive(Clone, Default)]
struct Rows {
    heat_w: Vec<f32>,
    cars_w: Vec<f32>,
    roofs_w: Vec<f32>,
    plants_w: Vec<f32>,
}

/// Sun and sky of an instant, W/m² and °C.
#[derive(Clone, Copy, Debug)]
pub struct SkyNow {
    pub at: Timestamp,
    pub sun: SunPosition,
    pub weather: Weather,
}

impl LiveEnergy {
    /// Of a city whose `system` has its shares already.
    pub fn new(basis: Arc<LiveBasis>, city: &City, system: &EnergySystem, assumptions: &Assumptions) -> Self {
        let mut live = Self {
            basis,
            heated: Vec::new(),
            rule: assumptions.charging,
            charge: None,
            hour: None,
            day: None,
            next: None,
            all: true,
            now: Rows::default(),
        };
        live.set_shares(city, system, assumptions);
        live
    }

    /// Another of the same city and shares that has been nowhere yet.
    pub fn fork(&self) -> Self {
        Self {
            basis: self.basis.clone(),
            heated: self.heated.clone(),
            rule: self.rule,
            charge: None,
            hour: None,
            day: self.day.clone(),
            next: None,
            all: true,
            now: Rows::default(),
        }
    }

    pub fn basis(&self) -> &Arc<LiveBasis> {
        &self.basis
    }

    /// Takes over the shares that `system` has been given, retrofits and the rule of charging. Takes effect at the next
    /// [`Self::evaluate`], as if they had held since yesterday.
    pub fn set_shares(&mut self, city: &City, system: &EnergySystem, assumptions: &Assumptions) {
        let renewed = self.basis.heat.renewed(city, system, assumptions);
        let of = |(index, retrofit): (usize, bool)| HeatedBy {
            pump: system.has_heat_pump(BuildingId::from_index(index)),
            retrofit,
        };
        self.heated = renewed.into_iter().enumerate().map(of).collect();
        self.rule = assumptions.charging;
        self.hour = None;
    }

    /// The day that will be asked for next, by number, where it is not at hand yet: for a worker to prepare.
    pub fn wants(&self) -> Option<i64> {
        let next = self.day.as_ref()?.number + 1;
        self.next.as_ref().is_none_or(|day| day.number != next).then_some(next)
    }

    /// The number of the day of an instant, in standard time.
    pub fn day_of(&self, at: Timestamp) -> i64 {
        self.basis.hour_of(at).div_euclid(HOURS_PER_DAY)
    }

    /// Takes a day that was prepared ahead.
    pub fn give(&mut self, day: Arc<LiveDay>) {
        self.next = Some(day);
    }

    /// What cars have come to since the system was last set to an hour from elsewhere; none without electric cars.
    pub fn charging(&self) -> Option<ChargingYear> {
        self.charge.as_ref().map(Charge::year)
    }

    /// Why no heat is told, if none is: a building that no engine can step.
    pub fn fault(&self) -> Option<&str> {
        self.day.as_ref()?.heat.as_ref().err().map(String::as_str)
    }

    /// Computes all powers of an instant, as they hold for `hold_s` seconds.
    pub fn evaluate(&mut self, system: &mut EnergySystem, sky: &SkyNow, hold_s: f64) {
        self.go_to(system, self.basis.hour_of(sky.at));
        self.shine(system, sky);
        let sun = SunPower { buildings_w: &self.now.roofs_w, assets_w: &self.now.plants_w };
        let local = self.basis.local(sky.at);
        system.evaluate(local, sun, hold_s);
    }

    /// Hash of what the hours so far have left behind beside the system's own state.
    pub fn state_hash(&self) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(&self.hour.unwrap_or(i64::MIN).to_le_bytes());
        hash.update(&self.charge.as_ref().map_or(0.0, Charge::waiting_wh).to_le_bytes());
        for value in self.now.heat_w.iter().chain(&self.now.cars_w) {
            hash.update(&value.to_le_bytes());
        }
        hash.digest()
    }

    fn go_to(&mut self, system: &mut EnergySystem, hour: i64) {
        if self.hour == Some(hour) {
            return;
        }
        let day = self.take_day(hour.div_euclid(HOURS_PER_DAY));
        if self.hour == Some(hour - 1) {
            self.step(system, &day, hour, None);
        } else {
            self.come_to(system, &day, hour);
        }
        self.hour = Some(hour);
    }

    fn take_day(&mut self, number: i64) -> Arc<LiveDay> {
        let known = [self.day.take(), self.next.take()];
        let day = known.iter().flatten().find(|day| day.number == number).cloned();
        let day = day.unwrap_or_else(|| Arc::new(self.basis.day(number)));
        self.next = known.into_iter().flatten().find(|known| known.number == number + 1);
        self.day = Some(day.clone());
        day
    }

    /// From elsewhere: cars and batteries as they would stand, had they begun at yesterday's midnight.
    fn come_to(&mut self, system: &mut EnergySystem, day: &LiveDay, hour: i64) {
        let first = day.first_hour();
        self.charge = (system.electric_share() > 0.0)
            .then(|| Charge::new(&self.basis.mobility, system, (self.rule, &self.basis.country), &day.clocks[0]))
            .flatten();
        let mut stored_wh = vec![0.0; system.batteries().len()];
        let has_state = self.charge.is_some() || !stored_wh.is_empty();
        for before in (first..hour).filter(|_| has_state) {
            self.step(system, day, before, Some(&mut stored_wh));
        }
        self.step(system, day, hour, None);
        system.set_stored(&stored_wh);
    }

    /// One hour: heat and cars into the rows of powers. `stored_wh`: lets batteries pass the hour too, which is over then.
    fn step(&mut self, system: &mut EnergySystem, day: &LiveDay, hour: i64, stored_wh: Option<&mut [f64]>) {
        let slot = (hour - day.first_hour()).clamp(0, HOURS_KEPT as i64 - 1) as usize;
        let clock = clock_hour(&day.clocks[slot]);
        let asks_stations = self.charge.as_ref().is_some_and(Charge::looks_at_stations);
        // Of an hour that is over batteries alone are asked, and stations where cars look at them.
        self.all = stored_wh.is_none() || asks_stations;
        self.heat(system, day, slot);
        let batteries = stored_wh.as_ref().is_some_and(|stored_wh| !stored_wh.is_empty());
        let mut drawn = Drawn::new(self.heated.len(), 1);
        if asks_stations || batteries {
            self.draw(system, day, slot, &mut drawn);
        }
        let public_w = self.cars(system, clock, &mut drawn);
        if let Some(stored_wh) = stored_wh {
            self.store(system, &drawn, stored_wh);
        } else {
            system.set_heat(&self.now.heat_w);
            system.set_charging(&self.now.cars_w, public_w);
        }
    }

    /// Whether anything is asked of a building in the hour at hand.
    fn is_asked(all: bool, system: &EnergySystem, building: usize) -> bool {
        all || system.batteries().get(building).is_some_and(Option::is_some)
    }

    fn heat(&mut self, system: &EnergySystem, day: &LiveDay, slot: usize) {
        self.now.heat_w.resize(self.heated.len(), 0.0);
        let Ok(hours) = &day.heat else {
            self.now.heat_w.fill(0.0);
            return;
        };
        let rows = self.now.heat_w.par_iter_mut().with_min_len(GRAIN).zip(&self.heated).enumerate();
        rows.for_each(|(index, (heat_w, by))| {
            if Self::is_asked(self.all, system, index) {
                let building = BuildingId::from_index(index);
                *heat_w = self.basis.heat.power(hours, (building, *by), slot).electric_w as f32;
            }
        });
    }

    /// What buildings and plants draw and give in the hour beside cars.
    fn draw(&self, system: &EnergySystem, day: &LiveDay, slot: usize, drawn: &mut Drawn) {
        let people = system.people_hours(&day.clocks[slot..=slot]);
        let rows = (&mut drawn.load_w, &mut drawn.pv_w, &self.now.heat_w);
        rows.into_par_iter().with_min_len(GRAIN).enumerate().for_each(|(index, (load_w, pv_w, heat_w))| {
            if !Self::is_asked(self.all, system, index) {
                return;
            }
            let building = BuildingId::from_index(index);
            let people = system.people_rows(&people, building);
            *load_w = people.appliances_mean_w * people.appliances[0] + heat_w;
            *pv_w = if system.installed_pv_w(building) > 0.0 { day.roofs_w[index * HOURS_KEPT + slot] } else { 0.0 };
        });
        drawn.asset_w = vec![0.0; system.asset_power_w().len()];
        for (plant, row) in self.basis.plants.iter().zip(day.plants_w.chunks(HOURS_KEPT)) {
            drawn.asset_w[plant.asset] -= row[slot];
        }
    }

    /// Charges the hour's cars; what all do in public, W.
    fn cars(&mut self, system: &EnergySystem, clock: ClockHour, drawn: &mut Drawn) -> f64 {
        self.now.cars_w.clear();
        self.now.cars_w.resize(self.heated.len(), 0.0);
        let Some(charge) = &mut self.charge else { return 0.0 };
        charge.set_kwh_per_km(system.car_kwh_per_km());
        let public_w = charge.public_w(&[clock])[0];
        drawn.asset_w.resize(system.asset_power_w().len(), 0.0);
        for plant in system.plants() {
            if let Plant::Charger { asset, share } = plant {
                drawn.asset_w[asset] += (share * public_w) as f32;
            }
        }
        let hours = charge.hours(&[clock], Some((drawn, system)));
        let (charge, all) = (&*charge, self.all);
        self.now.cars_w.par_iter_mut().with_min_len(GRAIN).enumerate().for_each(|(building, cars_w)| {
            if charge.has_cars(building) && Self::is_asked(all, system, building) {
                *cars_w = charge.power_w(&hours, building, 0) as f32;
            }
        });
        public_w
    }

    /// Lets batteries at home pass an hour.
    fn store(&self, system: &EnergySystem, drawn: &Drawn, stored_wh: &mut [f64]) {
        let rows = stored_wh.par_iter_mut().with_min_len(GRAIN).zip(system.batteries()).enumerate();
        rows.for_each(|(index, (state_wh, home))| {
            if let Some(home) = home {
                let net_w = drawn.net_w(index, 0) + f64::from(self.now.cars_w[index]);
                home.battery.own_consumption(state_wh, net_w);
            }
        });
    }

    /// Sun on roofs and plants now.
    fn shine(&mut self, system: &EnergySystem, sky: &SkyNow) {
        let day_of_year = self.basis.local(sky.at).day_of_year;
        let Weather { ghi, dni, dhi, air_temperature_c } = sky.weather;
        let extra = extraterrestrial_w_m2(day_of_year);
        let hour = SkyHour::new(sky.sun, Irradiance { ghi, dni, dhi }, extra, ALBEDO, SkyModel::Perez);
        let air = (air_temperature_c, TYPICAL_WIND_M_S);
        let Rows { roofs_w, plants_w, .. } = &mut self.now;
        roofs_w.clear();
        roofs_w.resize(self.basis.roofs.len(), 0.0);
        let dark = hour.direct <= 0.0 && hour.dome <= 0.0 && hour.ground <= 0.0;
        if !dark {
            let rows = roofs_w.par_iter_mut().with_min_len(GRAIN).zip(&self.basis.roofs).enumerate();
            rows.for_each(|(index, (power_w, roof))| {
                if let Some(roof) = roof.as_deref()
                    && system.installed_pv_w(BuildingId::from_index(index)) > 0.0
                {
                    *power_w = roof.power_w(&hour, air) as f32;
                }
            });
        }
        plants_w.clear();
        plants_w.resize(system.asset_power_w().len(), 0.0);
        for plant in &self.basis.plants {
            plants_w[plant.asset] = if dark { 0.0 } else { plant.roof.power_w(&hour, air) as f32 };
        }
    }
}

#[cfg(test)]
mod tests;
