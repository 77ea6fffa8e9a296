//! Who travels, from where to where and when: people and jobs on links, zones, trip flows by hour.
//!
//! Owns the estimate for any city from what its map shows. Knows nothing of vehicles or of time passing. Every rate
//! stands in [`rates`] with its source.

mod gates;
mod gravity;
mod people;
pub mod rates;
mod sampling;
mod zones;

use citytwin_model::City;

pub use people::DemandBasis;
pub(crate) use sampling::TripEnds;

use crate::network::Network;
use gates::Gates;
use gravity::Destinations;
use people::People;
use rates::{MobilityRates, Profile};
use zones::{Side, Zones};

/// Trips of a whole day between the zones of a city.
pub struct Demand {
    pub(crate) zones: Zones,
    pub(crate) flows: Vec<Flow>,
    residents: f64,
    jobs: f64,
    basis: DemandBasis,
    sample_share: f64,
}

/// One kind of trip: how many a day, when, from where to where.
pub(crate) struct Flow {
    pub daily: f64,
    pub profile: Profile,
    pub from: Side,
    pub to: Side,
    /// Cumulative weight of the origins by zone.
    pub origins: Vec<f32>,
    pub destinations: Destinations,
}

impl Demand {
    /// Estimates a weekday's car trips.
    pub fn estimate(city: &City, network: &Network) -> Self {
        let rates = MobilityRates::of(city.country.as_ref().map_or("", |c| c.value.as_str()));
        let people = People::estimate(city, network);
        let gates = Gates::find(city, network);
        let zones = Zones::build(network, &people, &gates);
        let car_trips = people.residents * rates.car_trips_per_resident();
        let outside = gates.daily_trips(car_trips);
        let inside = (car_trips - outside.by_residents()).max(rates::LEAST_INSIDE_SHARE * car_trips);
        let mut flows = gravity::inside_flows(&zones, inside, &rates);
        flows.extend(gates::outside_flows(&zones, &outside));
        flows.retain(|f| f.daily > 0.0 && f.origins.last().is_some_and(|w| *w > 0.0));
        Self { zones, flows, residents: people.residents, jobs: people.jobs, basis: people.basis, sample_share: 1.0 }
    }

    /// Nobody travels: for runs whose trips are put in one by one.
    pub fn none() -> Self {
        Self {
            zones: Zones::default(),
            flows: Vec::new(),
            residents: 0.0,
            jobs: 0.0,
            basis: DemandBasis::Buildings,
            sample_share: 1.0,
        }
    }

    /// Inhabitants of the map.
    pub fn residents(&self) -> f64 {
        self.residents
    }

    /// Places of work on the map.
    pub fn jobs(&self) -> f64 {
        self.jobs
    }

    /// Car trips on a weekday at demand factor 1, those from, to and through the outside included.
    pub fn daily_trips(&self) -> f64 {
        self.flows.iter().map(|f| f.daily).sum()
    }

    /// What the inhabitants were counted from.
    pub fn basis(&self) -> DemandBasis {
        self.basis
    }

    /// Zones in use.
    pub fn zone_count(&self) -> usize {
        self.zones.len()
    }

    /// Share of the estimated trips that is simulated: 1 unless [`Self::sampled`] says otherwise.
    pub fn sample_share(&self) -> f64 {
        self.sample_share
    }

    /// The same demand with only a share of its trips, for maps whose full demand is more than can be simulated.
    /// Flows of such a run stand for `1 / share` as many vehicles.
    #[must_use]
    pub fn sampled(mut self, share: f64) -> Self {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 1.0 };
        for flow in &mut self.flows {
            flow.daily *= share;
        }
        self.sample_share *= share;
        self
    }

    /// Trips per hour at an hour of the day (0 ≤ h < 24) at demand factor 1.
    pub fn trips_per_hour(&self, hour: f64, weekend: bool) -> f64 {
        self.flows.iter().map(|f| f.rate_per_s(hour, weekend) * 3600.0).sum()
    }
}

impl Flow {
    pub(crate) fn rate_per_s(&self, hour: f64, weekend: bool) -> f64 {
        self.daily * self.profile.share_per_hour(hour, weekend) / 3600.0
    }
}
