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
    /// Estimates a weekday's car trips. A map too large to be run whole becomes a sample, and says so
    /// ([`Self::sample_share`]).
    pub fn estimate(city: &City, network: &Network) -> Self {
        let rates = MobilityRates::of(city.country.as_ref().map_or("", |c| c.value.as_str()));
        let people = People::estimate(city, network);
        let gates = Gates::find(city, network);
        let zones = Zones::build(network, &people, &gates);
        let density = people.residents / people.street_km.max(0.1);
        let car_trips = people.residents * rates.car_trips_per_resident(density);
        let outside = gates.daily_trips(car_trips);
        let inside = (car_trips - outside.by_residents()).max(rates::LEAST_INSIDE_SHARE * car_trips);
        let mut flows = gravity::inside_flows(&zones, inside, &rates);
        flows.extend(gates::outside_flows(&zones, &outside));
        flows.retain(|f| f.daily > 0.0 && f.origins.last().is_some_and(|w| *w > 0.0));
        let (residents, jobs, basis) = (people.residents, people.jobs, people.basis);
        let whole = Self { zones, flows, residents, jobs, basis, sample_share: 1.0 };
        let peak = (0..24).map(|h| whole.trips_per_hour(f64::from(h) + 0.5, false)).fold(0.0, f64::max);
        let share = rates::MOST_UNDER_WAY / (peak * rates::MEAN_TRIP_H).max(1.0);
        if share < 1.0 { whole.sampled(share) } else { whole }
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

    /// Car trips on a weekday at demand factor 1, those from, to and through the outside included; of a sample, its own.
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

    /// Share of the estimated trips that is simulated: 1 unless the peak would put more than
    /// [`rates::MOST_UNDER_WAY`] vehicles on the road at once (or [`Self::sampled`] was called).
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
