//! The sky over a city: where the sun stands, what of its light and the sky's reaches a surface, what stands before it, and
//! weather where none is given.
//!
//! Owns models of sun and weather as pure functions of place, time and seed. Must not know energy, traffic, any file or
//! network; measured and forecast weather come as other sources of [`citytwin_model::Weather`] and
//! [`citytwin_model::WeatherYear`].

mod clear_sky;
pub mod horizon;
mod sky;
mod sky_year;
mod spell;
mod split;
mod sun;
mod synthetic;
mod temperature;
mod typical_year;

use citytwin_model::{
    Anchor, SunPosition, Timestamp, Weather,
    time::{LocalTime, SignedDuration, TimeZone},
};

pub use clear_sky::{Irradiance, clear_sky, extraterrestrial_w_m2};
pub use horizon::{DIRECTIONS, Horizon};
pub use sky::{Sight, SkyHour, SkyModel, Surface};
pub use sky_year::{ALBEDO, SkyYear};
pub use spell::{Spell, SpellError, extreme_days};
pub use split::split;
pub use sun::{SunYear, sun};
pub use synthetic::{SYNTHETIC_YEAR_LABEL, synthetic_year};
pub use temperature::typical_air_temperature_c;
pub use typical_year::{TYPICAL_WIND_M_S, typical_year};

/// What to write beside anything computed from [`typical_weather`].
pub const TYPICAL_WEATHER_LABEL: &str = "synthetic typical day: clear sky, mean temperature of the latitude";

/// The weather of a cloudless typical day: clear-sky irradiance and the mean air temperature of the
/// latitude, season and hour. A stand-in where no measured weather is at hand; say so with
/// [`TYPICAL_WEATHER_LABEL`].
pub fn typical_weather(anchor: &Anchor, at: Timestamp, sun: SunPosition) -> Weather {
    let solar = SolarTime::of(anchor, at);
    let Irradiance { ghi, dni, dhi } = clear_sky(sun, solar.day_of_year);
    Weather { ghi, dni, dhi, air_temperature_c: typical_air_temperature_c(anchor.origin.lat, solar) }
}

/// Sun and typical weather together.
pub fn sky(anchor: &Anchor, at: Timestamp) -> (SunPosition, Weather) {
    let sun = sun(anchor, at);
    (sun, typical_weather(anchor, at, sun))
}

/// The mean solar clock of a place: 12 h when the mean sun stands in the meridian.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SolarTime {
    /// 0 ≤ h < 24.
    pub hour: f64,
    /// 1…366.
    pub day_of_year: i16,
}

impl SolarTime {
    /// The solar clock of the anchor's meridian (15° an hour).
    pub fn of(anchor: &Anchor, at: Timestamp) -> Self {
        let ahead = SignedDuration::from_secs_f64(anchor.origin.lon / 15.0 * 3600.0);
        let local = LocalTime::of(at.checked_add(ahead).unwrap_or(at), &TimeZone::UTC);
        Self { hour: local.hour(), day_of_year: local.day_of_year }
    }
}
