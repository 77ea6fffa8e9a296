//! What no share changes about the energy of a live city: shells, roofs among their neighbours, trips of its cars, a year of
//! weather.

use std::sync::Arc;

use citytwin_energy::{
    EnergySystem,
    building::{CityHeat, Climate},
    charging::{Figures, Mobility},
};
use citytwin_environment::{SunYear, typical_year};
use citytwin_model::{
    City, Timestamp, WeatherYear,
    time::{LocalTime, TimeZone},
};
use citytwin_traffic::{CarTours, Demand};

use super::roofs::{Roof, SolarPlant, plants, roofs};
use crate::{
    building::{city_climate, city_heat},
    energy_year::{country, mobility::of_tours},
};

const HOUR_S: f64 = 3600.0;

/// Read once per city; shared by all who move an energy system through its hours.
pub struct LiveBasis {
    pub(super) heat: CityHeat,
    pub(super) roofs: Vec<Option<Box<Roof>>>,
    pub(super) plants: Vec<SolarPlant>,
    pub(super) mobility: Arc<Mobility>,
    pub(super) weather: WeatherYear,
    pub(super) sun: SunYear,
    /// Of that year's hours.
    pub(super) climate: Climate,
    pub(super) country: String,
    zone: TimeZone,
}

impl LiveBasis {
    /// Under the city's typical weather. Works on rayon's current pool.
    pub fn new(city: &City, system: &EnergySystem, demand: &Demand) -> Self {
        Self::under(city, system, demand.car_tours().as_ref(), typical_year(&city.anchor))
    }

    /// Under a year of weather; cars come and go by tours, or nobody drives.
    pub(crate) fn under(city: &City, system: &EnergySystem, tours: Option<&CarTours>, weather: WeatherYear) -> Self {
        let sun = SunYear::of(&weather);
        let tours = tours.filter(|tours| !tours.zones.is_empty());
        let mobility = tours.map(|tours| of_tours(city, system, tours, &Figures::embedded()));
        Self {
            heat: city_heat(city, &weather, &sun),
            roofs: roofs(city, system),
            plants: plants(system),
            mobility: Arc::new(mobility.unwrap_or_default()),
            climate: city_climate(&weather, &sun),
            sun,
            weather,
            country: country(city).to_owned(),
            zone: city.time_zone.value.clone(),
        }
    }

    /// The hour of an instant, counted from 1970 in the weather's standard time.
    pub fn hour_of(&self, at: Timestamp) -> i64 {
        (at.as_second() as f64 / HOUR_S + self.weather.utc_offset_h).floor() as i64
    }

    /// The city's clock.
    pub(super) fn local(&self, at: Timestamp) -> LocalTime {
        LocalTime::of(at, &self.zone)
    }

    /// The city's clock in the middle of an hour.
    pub(super) fn clock(&self, hour: i64) -> LocalTime {
        let unix_s = (hour as f64 + 0.5 - self.weather.utc_offset_h) * HOUR_S;
        self.local(Timestamp::from_second(unix_s as i64).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}
