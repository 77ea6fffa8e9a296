//! What flows and times on links mean: load, speed, delay, level of service, distance and time driven, emissions, and
//! what can be reached.
//!
//! Pure functions over the result of any equilibrium or simulation. Knows nothing of how it was found. Bands and
//! factors are tables under `assets/traffic` with their sources.

mod emissions;
mod service;

use citytwin_model::RoadClass;
use serde::Serialize;

pub use emissions::{Emissions, emissions_per_km};
pub use service::{LevelOfService, freeway_service, give_way_service, signal_service, street_service};

/// What is known of links; all slices have one entry per link.
#[derive(Clone, Copy, Debug)]
pub struct LinkColumns<'a> {
    pub flow_vph: &'a [f64],
    /// With this flow on it.
    pub time_s: &'a [f64],
    /// Of it, waiting at a signal; 0 where none stands.
    pub signal_delay_s: &'a [f64],
    pub free_flow_s: &'a [f64],
    pub capacity_vph: &'a [f64],
    pub length_m: &'a [f64],
    pub lanes: &'a [u8],
    pub class: &'a [RoadClass],
}

/// Why columns cannot be used.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ImpactError {
    #[error("{column} has {found} entries, flow_vph has {expected}")]
    Length { column: &'static str, found: usize, expected: usize },
    #[error("link {link}: {column} is {value}")]
    Value { link: usize, column: &'static str, value: f64 },
}

/// A link's figures; amounts are per hour.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct LinkImpact {
    pub volume_to_capacity: f64,
    pub speed_mps: f64,
    /// Of one vehicle.
    pub delay_s: f64,
    pub service: LevelOfService,
    pub vehicle_km: f64,
    pub vehicle_h: f64,
    pub delay_h: f64,
    pub emissions: Emissions,
}

/// Sums over links, per hour.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct Totals {
    pub vehicle_km: f64,
    pub vehicle_h: f64,
    pub delay_h: f64,
    pub emissions: Emissions,
    /// Kilometres driven at each level of service, A to F.
    pub vehicle_km_by_service: [f64; 6],
}

impl Totals {
    /// Kilometres per hour over all vehicles; 0 where nobody drives.
    pub fn mean_speed_kmh(&self) -> f64 {
        if self.vehicle_h > 0.0 { self.vehicle_km / self.vehicle_h } else { 0.0 }
    }
}

/// Every link's figures. Refuses columns of unlike length, numbers that are not finite or negative, and links without
/// length, capacity or free-flow time.
pub fn links(columns: &LinkColumns<'_>) -> Result<Vec<LinkImpact>, ImpactError> {
    columns.check()?;
    Ok((0..columns.flow_vph.len()).map(|i| columns.link(i)).collect())
}

/// Sums of [`links`].
pub fn totals(links: &[LinkImpact]) -> Totals {
    let mut sum = Totals::default();
    for link in links {
        sum.vehicle_km += link.vehicle_km;
        sum.vehicle_h += link.vehicle_h;
        sum.delay_h += link.delay_h;
        sum.emissions = sum.emissions.plus(&link.emissions);
        sum.vehicle_km_by_service[link.service as usize] += link.vehicle_km;
    }
    sum
}

/// What lies within each limit: `times_s` is one row of a matrix of travel times (infinite where there is no way),
/// `amounts` what stands at each goal (residents, jobs), `within_s` the limits.
pub fn reachable(times_s: &[f64], amounts: &[f64], within_s: &[f64]) -> Vec<f64> {
    let near = |limit: f64| times_s.iter().zip(amounts).filter(move |(time, _)| **time <= limit);
    within_s.iter().map(|limit| near(*limit).map(|(_, amount)| amount).sum()).collect()
}

/// The limits usually asked for: 15, 30 and 45 minutes.
pub const WITHIN_S: [f64; 3] = [900.0, 1800.0, 2700.0];

impl LinkColumns<'_> {
    fn check(&self) -> Result<(), ImpactError> {
        let expected = self.flow_vph.len();
        let lengths = [
            ("time_s", self.time_s.len()),
            ("signal_delay_s", self.signal_delay_s.len()),
            ("free_flow_s", self.free_flow_s.len()),
            ("capacity_vph", self.capacity_vph.len()),
            ("length_m", self.length_m.len()),
            ("lanes", self.lanes.len()),
            ("class", self.class.len()),
        ];
        if let Some((column, found)) = lengths.into_iter().find(|(_, found)| *found != expected) {
            return Err(ImpactError::Length { column, found, expected });
        }
        let columns = [
            ("flow_vph", self.flow_vph, false),
            ("time_s", self.time_s, true),
            ("signal_delay_s", self.signal_delay_s, false),
            ("free_flow_s", self.free_flow_s, true),
            ("capacity_vph", self.capacity_vph, true),
            ("length_m", self.length_m, true),
        ];
        for (column, values, positive) in columns {
            let wrong = |v: &f64| !v.is_finite() || *v < 0.0 || (positive && *v == 0.0);
            if let Some(link) = values.iter().position(wrong) {
                return Err(ImpactError::Value { link, column, value: values[link] });
            }
        }
        Ok(())
    }

    fn link(&self, i: usize) -> LinkImpact {
        let (flow, time_s, free_s) = (self.flow_vph[i], self.time_s[i], self.free_flow_s[i]);
        let km = self.length_m[i] / 1000.0;
        let speed_mps = self.length_m[i] / time_s;
        let volume_to_capacity = flow / self.capacity_vph[i];
        let service = if matches!(self.class[i], RoadClass::Motorway | RoadClass::Trunk) {
            freeway_service(flow / (3.6 * speed_mps) / f64::from(self.lanes[i].max(1)), volume_to_capacity)
        } else if self.signal_delay_s[i] > 0.0 {
            signal_service(self.signal_delay_s[i], volume_to_capacity)
        } else {
            street_service(free_s / time_s, volume_to_capacity)
        };
        let delay_s = (time_s - free_s).max(0.0);
        LinkImpact {
            volume_to_capacity,
            speed_mps,
            delay_s,
            service,
            vehicle_km: flow * km,
            vehicle_h: flow * time_s / 3600.0,
            delay_h: flow * delay_s / 3600.0,
            emissions: emissions_per_km(3.6 * speed_mps).times(flow * km),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns<'a>(flow: &'a [f64], time: &'a [f64]) -> LinkColumns<'a> {
        LinkColumns {
            flow_vph: flow,
            time_s: time,
            signal_delay_s: &[0.0, 0.0],
            free_flow_s: &[72.0, 36.0],
            capacity_vph: &[800.0, 4000.0],
            length_m: &[1000.0, 1000.0],
            lanes: &[1, 2],
            class: &[RoadClass::Secondary, RoadClass::Motorway],
        }
    }

    /// By hand: 400 vehicles in the hour over a street of 1 km at 25 km/h, free 50 (level C ends above half of it); 2000 on two lanes of motorway at
    /// 100 km/h are 10 cars per km and lane.
    #[test]
    fn figures_by_hand() {
        let found = links(&columns(&[400.0, 2000.0], &[144.0, 36.0])).expect("sound");
        let [street, motorway] = found[..] else { panic!("two links") };
        assert_eq!((street.volume_to_capacity, street.service), (0.5, LevelOfService::D));
        assert!((street.speed_mps - 1000.0 / 144.0).abs() < 1e-12);
        assert_eq!((street.delay_s, street.vehicle_km), (72.0, 400.0));
        assert!((street.vehicle_h - 16.0).abs() < 1e-12 && (street.delay_h - 8.0).abs() < 1e-12);
        assert_eq!(motorway.service, LevelOfService::B);
        let sum = totals(&found);
        assert!((sum.vehicle_km - 2400.0).abs() < 1e-9 && (sum.mean_speed_kmh() - 2400.0 / 36.0).abs() < 1e-9);
        assert_eq!(sum.vehicle_km_by_service, [0.0, 2000.0, 0.0, 400.0, 0.0, 0.0]);
        let over = links(&columns(&[801.0, 0.0], &[72.0, 36.0])).expect("sound");
        assert_eq!((over[0].service, over[1].service), (LevelOfService::F, LevelOfService::A));
        assert_eq!(over[1].vehicle_h, 0.0);
    }

    #[test]
    fn wrong_columns_are_refused() {
        let error = links(&columns(&[1.0], &[72.0, 36.0])).expect_err("short").to_string();
        assert_eq!(error, "time_s has 2 entries, flow_vph has 1");
        let error = links(&columns(&[1.0, f64::NAN], &[72.0, 36.0])).expect_err("NaN").to_string();
        assert_eq!(error, "link 1: flow_vph is NaN");
        let error = links(&columns(&[1.0, 1.0], &[72.0, 0.0])).expect_err("no time").to_string();
        assert_eq!(error, "link 1: time_s is 0");
    }

    #[test]
    fn reach_counts_what_is_near() {
        let times = [0.0, 900.0, 901.0, f64::INFINITY];
        assert_eq!(reachable(&times, &[1.0, 2.0, 4.0, 8.0], &WITHIN_S), [3.0, 7.0, 7.0]);
    }
}
