//! The sky over a city: where the sun stands, what irradiance a clear sky gives, how warm a typical day is.
//!
//! Owns models of sun and weather as pure functions of place and time. Must not know energy, traffic, any
//! file or network; measured and forecast weather come as other sources of [`citytwin_model::Weather`].

mod clear_sky;
mod sun;
mod temperature;

use citytwin_model::{Anchor, SunPosition, Timestamp, Weather, time::LocalTime};

pub use clear_sky::{Irradiance, clear_sky};
pub use sun::sun;
pub use temperature::typical_air_temperature_c;

/// What to write beside anything computed from [`typical_weather`].
pub const TYPICAL_WEATHER_LABEL: &str = "synthetic typical day: clear sky, mean temperature of the latitude";

/// The weather of a cloudless typical day: clear-sky irradiance and the mean air temperature of the
/// latitude, season and hour. A stand-in where no measured weather is at hand; say so with
/// [`TYPICAL_WEATHER_LABEL`].
pub fn typical_weather(anchor: &Anchor, local: &LocalTime, sun: SunPosition) -> Weather {
    let Irradiance { ghi, dni, dhi } = clear_sky(sun, local.day_of_year);
    Weather { ghi, dni, dhi, air_temperature_c: typical_air_temperature_c(anchor.origin.lat, local) }
}

/// Sun and typical weather of the anchor at an instant; `local` is that instant's wall clock.
pub fn sky(anchor: &Anchor, at: Timestamp, local: &LocalTime) -> (SunPosition, Weather) {
    let sun = sun(anchor, at);
    (sun, typical_weather(anchor, local, sun))
}
