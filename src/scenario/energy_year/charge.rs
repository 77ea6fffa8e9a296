//! Cars that charge in the hours of a year, by rule: at home, at work and in public. Cars of one station (or of one zone, where
//! the rule looks at nothing but the clock) stand together; a building takes its part by what its cars drive.

use std::sync::Arc;

use citytwin_energy::{
    EnergySystem,
    charging::{Charged, ClockHour, Figures, HOURS, Mobility, OffPeak, Offer, Places, Use, Waiting},
};
use citytwin_model::{BuildingId, ChargingRule, time::LocalTime};
use rayon::prelude::*;
use serde::Serialize;

use super::flow::Drawn;

const WH_PER_MWH: f64 = 1e6;
const HOURS_PER_WEEK: usize = 168;

/// What charging came to, MWh at the meter. `arrived` + `waiting_first` = `charged` + `unmet` + `waiting_last`.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub struct ChargingYear {
    pub rule: ChargingRule,
    /// What the electric cars of the city drive in a week, and what of it is charged at work and in public, km.
    pub week_km: f64,
    pub work_km: f64,
    pub public_km: f64,
    /// Out of the battery, kWh/km, and the share of the metered energy that it holds, 1.
    pub kwh_per_km: f64,
    pub charged_share: f64,
    /// What the trips of those who came used, at the meter.
    pub arrived_mwh: f64,
    pub charged_mwh: f64,
    /// Left without, because plugs, time or the station's limit did not give it.
    pub unmet_mwh: f64,
    /// Still due to those who stood as the first hour began, and as the last ended.
    pub waiting_first_mwh: f64,
    pub waiting_last_mwh: f64,
    /// Of the balance, relative to what arrived.
    pub residual: f64,
}

/// Cars that stand together.
struct Pool {
    zone: usize,
    /// Of a station, its buildings and its limit, W; none where the rule does not ask.
    members: Vec<u32>,
    limit_w: f64,
    home: Stand,
    work: Stand,
    /// Buildings whose cars follow their own roof.
    own: Vec<(u32, Stand)>,
}

/// Cars of one kind of place.
#[derive(Default)]
struct Stand {
    week_km: f64,
    waiting: Waiting,
}

/// The cars of a run, hour after hour.
pub struct Charge {
    mobility: Arc<Mobility>,
    rule: ChargingRule,
    figures: Figures,
    cheap: [bool; HOURS],
    kwh_per_km: f64,
    places: Places,
    /// Per building, km a week that are charged there, by those who live and by those who work there.
    home_km: Vec<f64>,
    work_km: Vec<f64>,
    pool_of: Vec<u32>,
    pools: Vec<Pool>,
    public: Stand,
    sums: Charged,
    first_wh: f64,
}

/// Some hours of it.
pub struct ChargeHours {
    count: usize,
    /// `pool · count + hour`: at home and at work, W per km a week.
    home: Vec<f64>,
    work: Vec<f64>,
    /// Per building with a row of its own, W.
    own: Vec<Option<Box<[f64]>>>,
}

/// Hours of one pool.
struct PoolHours {
    home: Vec<f64>,
    work: Vec<f64>,
    own: Vec<(u32, Box<[f64]>)>,
    sums: Charged,
}

impl Charge {
    /// The cars of the shares that `system` has, as they stand when the clock shows `start`; `None` without electric cars.
    pub fn new(
        mobility: &Arc<Mobility>,
        system: &EnergySystem,
        (rule, country): (ChargingRule, &str),
        start: &LocalTime,
    ) -> Option<Self> {
        let figures = Figures::embedded();
        if mobility.is_empty() {
            return None;
        }
        let places = mobility.places(system, &figures);
        let buildings = mobility.week_km.len();
        let km = |building: usize| places.home_share * mobility.electric_km(system, building);
        let mut charge = Self {
            mobility: mobility.clone(),
            rule,
            cheap: OffPeak::of(country).hours,
            kwh_per_km: system.car_kwh_per_km(),
            home_km: (0..buildings).map(km).collect(),
            work_km: mobility.work.iter().map(|share| f64::from(*share) * places.work_km).collect(),
            pool_of: Vec::new(),
            pools: Vec::new(),
            public: Stand { week_km: places.public_km, ..Stand::default() },
            sums: Charged::default(),
            first_wh: 0.0,
            figures,
            places,
        };
        (places.all_km > 0.0).then(|| {
            charge.gather(system);
            charge.warm_up(start);
            charge
        })
    }

    /// What cars take from their batteries from the next hour on, kWh/km.
    pub fn set_kwh_per_km(&mut self, kwh_per_km: f64) {
        self.kwh_per_km = kwh_per_km;
    }

    /// Whether the rule must know what the buildings draw and give beside.
    pub fn looks_at_stations(&self) -> bool {
        matches!(self.rule, ChargingRule::SolarFollowing | ChargingRule::FeederLimited)
    }

    fn gather(&mut self, system: &EnergySystem) {
        let by_station = self.looks_at_stations();
        let stations = system.transformers();
        let pool = |(zone, limit_w)| Pool {
            zone,
            members: Vec::new(),
            limit_w,
            home: Stand::default(),
            work: Stand::default(),
            own: Vec::new(),
        };
        self.pools = if by_station {
            let limit = self.figures.station_limit;
            let of = self.mobility.zone_of.iter().zip(stations);
            of.map(|(zone, station)| pool((*zone as usize, limit * station.rated_w))).collect()
        } else {
            (0..self.mobility.at_home.len()).map(|zone| pool((zone, f64::INFINITY))).collect()
        };
        for building in 0..self.home_km.len() {
            let station = system.transformer_of(BuildingId::from_index(building));
            let index = if by_station { station } else { self.mobility.zone_of[station] as usize };
            self.pool_of.push(index as u32);
            let (pool, km) = (&mut self.pools[index], self.home_km[building]);
            pool.work.week_km += self.work_km[building];
            let own_roof = self.rule == ChargingRule::SolarFollowing
                && km > 0.0
                && system.installed_pv_w(BuildingId::from_index(building)) > 0.0;
            if own_roof {
                pool.own.push((building as u32, Stand { week_km: km, ..Stand::default() }));
            } else {
                pool.home.week_km += km;
            }
            if by_station {
                pool.members.push(building as u32);
            }
        }
    }

    /// A week before, with neither sun nor limit, so that the first night finds cars at their plugs.
    fn warm_up(&mut self, start: &LocalTime) {
        let now = usize::from(start.weekday.to_monday_zero_offset() as u8) * 24 + start.hour() as usize;
        let week: Vec<ClockHour> = (0..HOURS_PER_WEEK)
            .map(|hour| (now + hour) % HOURS_PER_WEEK)
            .map(|hour| ClockHour { of_day: hour % 24, weekend: hour / 24 >= 5 })
            .collect();
        self.public_w(&week);
        self.hours(&week, None);
        self.sums = Charged::default();
        self.first_wh = self.waiting_wh();
    }

    /// Public chargers, W by hour: as soon as cars stand, whatever the rule.
    pub fn public_w(&mut self, clocks: &[ClockHour]) -> Vec<f64> {
        let of = self.use_of(self.public.week_km, self.figures.public_plug_w);
        let (waiting, arrivals, sums) = (&mut self.public.waiting, &self.mobility.in_public, &mut self.sums);
        let hour = |clock: &ClockHour| {
            let done = waiting.hour((arrivals, &of), *clock, Offer::Now);
            add(sums, &done);
            done.charged_wh
        };
        clocks.iter().map(hour).collect()
    }

    /// The next hours. `drawn` is what buildings and assets draw and give beside the cars; without it there is neither surplus
    /// nor limit.
    pub fn hours(&mut self, clocks: &[ClockHour], drawn: Option<(&Drawn, &EnergySystem)>) -> ChargeHours {
        let count = clocks.len();
        let assets = drawn.filter(|_| self.looks_at_stations()).map(|(drawn, system)| asset_rows(drawn, system));
        let mut pools = std::mem::take(&mut self.pools);
        let beside = |index: usize| drawn.zip(assets.as_ref()).map(|((drawn, _), rows)| (drawn, &rows[index][..]));
        let done: Vec<PoolHours> =
            pools.par_iter_mut().enumerate().map(|(index, pool)| self.pool(pool, clocks, beside(index))).collect();
        self.pools = pools;
        let mut hours = ChargeHours { count, home: Vec::new(), work: Vec::new(), own: Vec::new() };
        for pool in done {
            add(&mut self.sums, &pool.sums);
            hours.home.extend(pool.home);
            hours.work.extend(pool.work);
            for (building, row) in pool.own {
                hours.own.resize(self.home_km.len(), None);
                hours.own[building as usize] = Some(row);
            }
        }
        hours
    }

    fn pool(&self, pool: &mut Pool, clocks: &[ClockHour], beside: Option<(&Drawn, &[f64])>) -> PoolHours {
        let count = clocks.len();
        let mut done =
            PoolHours { home: vec![0.0; count], work: vec![0.0; count], own: Vec::new(), sums: Charged::default() };
        let mut net_w = beside.map_or_else(|| vec![0.0; count], |(drawn, assets_w)| pool.net_w(drawn, assets_w));
        let at_home = &self.mobility.at_home[pool.zone];
        for (building, stand) in &mut pool.own {
            let of = self.use_of(stand.week_km, self.figures.home_plug_w);
            let mut row = vec![0.0; count].into_boxed_slice();
            for (hour, clock) in clocks.iter().enumerate() {
                let surplus_w = beside.map_or(0.0, |(drawn, _)| -drawn.net_w(*building as usize, hour));
                let charged = stand.waiting.hour((at_home, &of), *clock, Offer::Surplus(surplus_w));
                add(&mut done.sums, &charged);
                row[hour] = charged.charged_wh;
                net_w[hour] += charged.charged_wh;
            }
            done.own.push((*building, row));
        }
        let stands = [
            (&mut pool.work, &self.mobility.at_work[pool.zone], self.figures.work_plug_w, &mut done.work),
            (&mut pool.home, at_home, self.figures.home_plug_w, &mut done.home),
        ];
        // Those at work leave first, and are served first.
        for (stand, arrivals, plug_w, rates) in stands {
            if stand.week_km <= 0.0 {
                continue;
            }
            let of = self.use_of(stand.week_km, plug_w);
            for (hour, clock) in clocks.iter().enumerate() {
                let limit_w = if beside.is_some() { pool.limit_w - net_w[hour] } else { f64::INFINITY };
                let offer = match self.rule {
                    ChargingRule::Immediate => Offer::Now,
                    ChargingRule::OffPeak => Offer::Window(&self.cheap),
                    ChargingRule::SolarFollowing => Offer::Surplus(-net_w[hour]),
                    ChargingRule::FeederLimited => Offer::Limit(limit_w),
                };
                let charged = stand.waiting.hour((arrivals, &of), *clock, offer);
                add(&mut done.sums, &charged);
                rates[hour] = charged.charged_wh / stand.week_km;
                net_w[hour] += charged.charged_wh;
            }
        }
        done
    }

    fn use_of(&self, week_km: f64, plug_w: f64) -> Use {
        Use::new(week_km, self.kwh_per_km, &self.figures, plug_w)
    }

    /// Whether anybody charges at a building.
    pub fn has_cars(&self, building: usize) -> bool {
        self.home_km[building] > 0.0 || self.work_km[building] > 0.0
    }

    /// What a building's cars draw in an hour, W.
    pub fn power_w(&self, hours: &ChargeHours, building: usize, hour: usize) -> f64 {
        let slot = self.pool_of[building] as usize * hours.count + hour;
        let work_w = self.work_km[building] * hours.work[slot];
        let own = hours.own.get(building).and_then(Option::as_ref);
        work_w + own.map_or_else(|| self.home_km[building] * hours.home[slot], |row| row[hour])
    }

    /// The same of all hours, into `out`.
    pub fn row_into(&self, hours: &ChargeHours, building: usize, out: &mut Vec<f64>) {
        let row = self.pool_of[building] as usize * hours.count..(self.pool_of[building] as usize + 1) * hours.count;
        let (home_km, work_km) = (self.home_km[building], self.work_km[building]);
        out.clear();
        match hours.own.get(building).and_then(Option::as_ref) {
            Some(own) => out.extend(hours.work[row].iter().zip(own).map(|(work, own_w)| work_km * work + own_w)),
            None => {
                let both = hours.work[row.clone()].iter().zip(&hours.home[row]);
                out.extend(both.map(|(work, home)| work_km * work + home_km * home));
            }
        }
    }

    /// What those who stand still need, Wh at the meter.
    pub fn waiting_wh(&self) -> f64 {
        let of = |pool: &Pool| {
            let own: f64 = pool.own.iter().map(|(_, stand)| stand.waiting.waiting_wh()).sum();
            own + pool.home.waiting.waiting_wh() + pool.work.waiting.waiting_wh()
        };
        self.pools.iter().map(of).sum::<f64>() + self.public.waiting.waiting_wh()
    }

    /// The account so far.
    pub fn year(&self) -> ChargingYear {
        let last_wh = self.waiting_wh();
        let Charged { arrived_wh, charged_wh, unmet_wh } = self.sums;
        let off_wh = arrived_wh + self.first_wh - charged_wh - unmet_wh - last_wh;
        ChargingYear {
            rule: self.rule,
            week_km: self.places.all_km,
            work_km: self.places.work_km,
            public_km: self.places.public_km,
            kwh_per_km: self.kwh_per_km,
            charged_share: self.figures.charged_share,
            arrived_mwh: arrived_wh / WH_PER_MWH,
            charged_mwh: charged_wh / WH_PER_MWH,
            unmet_mwh: unmet_wh / WH_PER_MWH,
            waiting_first_mwh: self.first_wh / WH_PER_MWH,
            waiting_last_mwh: last_wh / WH_PER_MWH,
            residual: off_wh.abs() / arrived_wh.max(f64::MIN_POSITIVE),
        }
    }
}

impl Pool {
    /// What its buildings and assets draw less what they give, by hour, W.
    fn net_w(&self, drawn: &Drawn, assets_w: &[f64]) -> Vec<f64> {
        let mut net_w = assets_w.to_vec();
        for building in &self.members {
            for (hour, sum) in net_w.iter_mut().enumerate() {
                *sum += drawn.net_w(*building as usize, hour);
            }
        }
        net_w
    }
}

/// Stated plants and public chargers by station, W by hour.
fn asset_rows(drawn: &Drawn, system: &EnergySystem) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![0.0; drawn.count]; system.transformers().len()];
    for (asset, station) in system.stations_of_assets() {
        let row = &drawn.asset_w[asset * drawn.count..][..drawn.count];
        rows[station].iter_mut().zip(row).for_each(|(sum, power_w)| *sum += f64::from(*power_w));
    }
    rows
}

fn add(sums: &mut Charged, hour: &Charged) {
    sums.arrived_wh += hour.arrived_wh;
    sums.charged_wh += hour.charged_wh;
    sums.unmet_wh += hour.unmet_wh;
}

/// The hour of the city's clocks.
pub fn clock_hour(local: &LocalTime) -> ClockHour {
    ClockHour { of_day: local.hour() as usize % HOURS, weekend: local.is_weekend() }
}
