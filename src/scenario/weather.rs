//! Weather where none is given.

use citytwin_environment::synthetic_year;
use citytwin_model::{LonLat, WeatherYear};

/// Which synthetic year: the same everywhere and for everybody.
const SEED: u64 = 1;

/// A made-up year for a place in the solar time zone of its meridian; its label says that it is made up.
pub fn synthetic_weather(place: LonLat) -> WeatherYear {
    synthetic_year(place, (place.lon / 15.0).round(), SEED)
}
