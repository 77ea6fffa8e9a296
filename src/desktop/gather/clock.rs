//! Daylight.

use citytwin_environment as environment;
use citytwin_model::time::civil;

use super::Twin;

/// Sunrise and sunset of the simulated day to the minute, from the sun's position; `None` in polar day or
/// night.
pub fn daylight(twin: &Twin) -> Option<(civil::Time, civil::Time)> {
    let (clock, city) = (twin.clock.as_ref()?, twin.city.as_ref()?);
    let day = clock.zone.to_datetime(clock.now()).date();
    let up = |minute: i32| {
        let time = civil::time((minute / 60) as i8, (minute % 60) as i8, 0, 0);
        let at = day.to_datetime(time).to_zoned(clock.zone.clone()).ok()?.timestamp();
        Some((environment::sun(&city.0.anchor, at).elevation_deg > 0.0, time))
    };
    // Noon splits the day; each half holds one crossing, found by bisection.
    let crossing = |mut low: i32, mut high: i32| {
        let below = up(low)?.0;
        if up(high)?.0 == below {
            return None;
        }
        while high - low > 1 {
            let middle = (low + high) / 2;
            if up(middle)?.0 == below { low = middle } else { high = middle }
        }
        Some(up(high)?.1)
    };
    Some((crossing(0, 720)?, crossing(720, 1439)?))
}
