//! Who travels, from where to where, by what and when: the four steps for any city, from what its map shows.
//!
//! People and jobs on links ([`people`]) → zones → trips by purpose ([`trips`]) → gravity → choice of means → hours.
//! Static assignment takes the result as a matrix between zones ([`Demand::matrix`]), the simulation draws single
//! trips from the same flows. Knows nothing of vehicles or of time passing. Every rate is a row of a table under
//! `assets/traffic` with its source; what the model is and how far it is validated stands in `demand/README.md`.

mod account;
mod figures;
mod files;
mod gates;
mod gravity;
mod inputs;
mod lengths;
mod matrix;
mod modes;
mod people;
mod profile;
mod purpose;
pub mod rates;
mod report;
mod sampling;
mod tours;
mod trips;
mod zones;

use citytwin_model::City;

pub use account::{LENGTH_BANDS_KM, PurposeAccount};
pub use figures::{Figure, Figures};
pub use files::DemandFiles;
pub use inputs::{DemandInputs, OdRow, OdTable, ZoneRow, ZoneTable};
pub use matrix::{OdMatrix, OdZone, Period, ZoneKind};
pub use modes::Mode;
pub use people::DemandBasis;
pub use purpose::Purpose;
pub use report::{DemandReport, Published, ReportFigure};
pub(crate) use sampling::TripEnds;
pub use tours::{CarTours, PurposeTours, TourEnds, TourZone};

use crate::{network::Network, table::TableError};
use account::Account;
use gates::Gates;
use people::People;
use profile::Profile;
use trips::Model;
use zones::{Side, TableInput, Zones};

/// Trips of a whole day between the zones of a city.
pub struct Demand {
    pub(crate) zones: Zones,
    flows: Vec<Flow>,
    basis: DemandBasis,
    sample_share: f64,
    residents: f64,
    jobs: f64,
    weekend_factor: f64,
    /// Of vehicles.
    van_lorry_shares: [f64; 2],
    /// Share of drivers who change their way for travel times as they are.
    pub(crate) live_routes_share: f64,
    /// What the four steps gave; `None` where nobody travels.
    model: Option<Model>,
}

/// One kind of car trips: how many a day, when, from where to where.
struct Flow {
    daily: f64,
    profile: Profile,
    from: Side,
    to: Side,
    /// Cumulative weight of the origins by zone (by entry at a gate).
    origins: Vec<f32>,
    destinations: Destinations,
}

/// Where trips of a flow go, cumulative weights by zone.
enum Destinations {
    /// The same wherever they start.
    Shared(Vec<f32>),
    /// One row per origin zone.
    ByOrigin(Vec<Vec<f32>>),
}

impl Destinations {
    fn row(&self, origin: usize) -> &[f32] {
        match self {
            Self::Shared(row) => row,
            Self::ByOrigin(rows) => rows.get(origin).map_or(&[], Vec::as_slice),
        }
    }
}

impl Demand {
    /// Estimates a weekday's car trips. A map too large to be run whole becomes a sample, and says so
    /// ([`Self::sample_share`]).
    pub fn estimate(city: &City, network: &Network) -> Self {
        Self::with(city, network, &DemandInputs::default()).expect("only tables can be wrong, and there are none")
    }

    /// The same with a city's own zones or trips in place of the estimated ones. The error names the line of a table.
    pub fn with(city: &City, network: &Network, inputs: &DemandInputs) -> Result<Self, TableError> {
        let figures = Figures::of(city);
        let mut people = People::estimate(city, network, &figures);
        let gates = Gates::find(city, network, &figures);
        let mix = people::job_mix(&figures);
        let (zones, zones_without_streets) = match &inputs.zones {
            None => (Zones::build(network, &people, &gates), Vec::new()),
            Some(zones) => {
                people.basis = DemandBasis::ZoneTable;
                people.cut_off = 0.0;
                Zones::from_table(network, &mut people, &gates, &TableInput { zones, mix: &mix })
            }
        };
        let own_trips = inputs.trips.as_ref().map(|table| table.matrix(&zones.names)).transpose()?;
        let mut model = Model::new(city, &figures, &people, &zones);
        model.account.zones_without_streets = zones_without_streets;
        let mut flows = trips::inside_flows(&mut model, &zones, own_trips);
        flows.extend(trips::outside_flows(&mut model, &zones));
        flows.retain(|f| f.daily > 0.0 && f.origins.last().is_some_and(|w| *w > 0.0));
        let whole = Self {
            zones,
            flows,
            basis: people.basis,
            sample_share: 1.0,
            residents: people.residents,
            jobs: people.job_count,
            weekend_factor: figures.value("weekend_factor"),
            van_lorry_shares: [figures.value("share_van"), figures.value("share_lorry")],
            live_routes_share: figures.value("share_live_routes"),
            model: Some(model),
        };
        let share = rates::MOST_UNDER_WAY / (whole.peak_rate() * figures.value("mean_car_trip_h")).max(1.0);
        Ok(if share < 1.0 { whole.sampled(share) } else { whole })
    }

    /// Nobody travels: for runs whose trips are put in one by one.
    pub fn none() -> Self {
        Self {
            zones: Zones::default(),
            flows: Vec::new(),
            basis: DemandBasis::Buildings,
            sample_share: 1.0,
            residents: 0.0,
            jobs: 0.0,
            weekend_factor: 1.0,
            van_lorry_shares: [0.0; 2],
            live_routes_share: 0.0,
            model: None,
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
        self.flows.iter().map(|f| self.rate_per_s(f, hour, weekend) * 3600.0).sum()
    }

    /// The busiest hour of a weekday, in which most trips start: 17 for 17:00 to 18:00.
    pub fn peak_hour(&self) -> u8 {
        (0..24).max_by(|a, b| self.trips_in(*a).total_cmp(&self.trips_in(*b))).unwrap_or_default()
    }

    /// Trips that start in the busiest hour of a weekday, those within a zone included: as many as [`Self::peak_matrix`]
    /// holds; of a sample, its own.
    pub fn peak_per_hour(&self) -> f64 {
        self.trips_in(self.peak_hour())
    }

    /// Trips per hour in the middle of the busiest hour. More than start in the whole of it: the rate falls to both sides.
    fn peak_rate(&self) -> f64 {
        self.trips_per_hour(f64::from(self.peak_hour()) + 0.5, false)
    }

    fn trips_in(&self, hour: u8) -> f64 {
        let period = Period::Hours { from: f64::from(hour), to: f64::from(hour) + 1.0 };
        self.flows.iter().map(|f| f.daily * self.share(f, period)).sum()
    }

    /// Cars between zones in that hour.
    pub fn peak_matrix(&self) -> OdMatrix {
        let from = f64::from(self.peak_hour());
        self.matrix(Period::Hours { from, to: from + 1.0 })
    }

    fn rate_per_s(&self, flow: &Flow, hour: f64, weekend: bool) -> f64 {
        let factor = if weekend { self.weekend_factor } else { 1.0 };
        factor * flow.daily * flow.profile.share_per_hour(hour, weekend) / 3600.0
    }
}
