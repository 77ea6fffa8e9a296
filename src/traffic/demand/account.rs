//! What the four steps gave, counted while they ran: what the report is made from. Nothing is dropped without a line
//! here.

use serde::Serialize;

use super::purpose::Purpose;

/// Upper bounds of the length bands, kilometre on the road; the last band is open.
pub const LENGTH_BANDS_KM: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, f64::INFINITY];

/// A purpose's trips on a weekday, there and back together.
#[derive(Clone, Default, Debug, Serialize)]
pub struct PurposeAccount {
    /// Persons' trips that stay on the map, and their kilometres.
    pub inside: f64,
    pub inside_km: f64,
    /// Trips of inhabitants over the map's edge, and their kilometres, those beyond the edge included.
    pub leaving: f64,
    pub leaving_km: f64,
    /// Trips of others over the edge to the map's places.
    pub visiting: f64,
    /// Visits that the places would draw but the roads at the edge do not carry; they are not modelled.
    pub not_carried: f64,
    /// Trips of inhabitants without any place on the map to go to; they are not modelled.
    pub without_goal: f64,
    /// Inhabitants' trips by means (car, transit, bicycle, foot).
    pub by_mode: [f64; 4],
    /// Inhabitants' cars, and the kilometres they drive.
    pub cars: f64,
    pub car_km: f64,
    /// Trips on the map by length.
    pub bands: [f64; LENGTH_BANDS_KM.len()],
    /// Mean length of the trips that stay: of the survey, cut at the map's edge, and of the model.
    pub asked_inside_km: f64,
    pub deterrence_per_km: f64,
    pub margin_error: f64,
    pub rounds: usize,
}

/// All purposes, and what belongs to none.
#[derive(Clone, Default, Debug)]
pub struct Account {
    pub purposes: [PurposeAccount; Purpose::ALL.len()],
    /// Cars a day that only pass.
    pub through: f64,
    /// Cars a day over the edge as the four steps want them, and the most that its roads carry.
    pub edge_wanted: f64,
    pub edge_capacity: f64,
    /// Persons and jobs too far from any street.
    pub cut_off: f64,
    pub zones_without_streets: Vec<String>,
    pub own_trips: bool,
}

impl PurposeAccount {
    pub fn residents_trips(&self) -> f64 {
        self.inside + self.leaving
    }
}

impl Account {
    pub fn sum(&self, of: impl Fn(&PurposeAccount) -> f64) -> f64 {
        self.purposes.iter().map(of).sum()
    }
}
