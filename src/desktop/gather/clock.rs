//! Daylight and the state of the feed.

use citytwin_environment as environment;
use citytwin_model::time::civil;
use citytwin_panels::{FeedData, FeedState};

use super::{Seen, Twin};

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

/// How the feed stands, in the panels' words.
pub fn feed(seen: &Seen) -> Option<FeedData> {
    let feed = seen.feed.as_ref()?;
    let health = seen.health.as_deref().copied().unwrap_or_default();
    let sensors = seen.twin.city.as_ref().map_or(0, |c| c.0.sensors.len());
    let base = FeedData {
        state: FeedState::Connecting,
        source: feed.label.clone(),
        emulated: feed.is_emulated(),
        packets: 0,
        readings: 0,
        refused: 0,
        dropped: 0,
        last_error: None,
        sensors,
        good: health.good,
        stale: health.stale,
        oldest_s: (health.oldest_s > 0.0).then_some(health.oldest_s),
    };
    if let Some(failure) = &feed.failure {
        return Some(FeedData { state: FeedState::Lost(failure.clone()), ..base });
    }
    let status = feed.status()?;
    let state = match (status.connected(), &status.last_error) {
        (true, _) => FeedState::Live,
        (false, Some(error)) => FeedState::Lost(error.clone()),
        (false, None) => FeedState::Connecting,
    };
    Some(FeedData {
        state,
        packets: status.packets,
        readings: status.readings,
        refused: status.refused_total(),
        dropped: status.dropped,
        last_error: status.last_refusal.clone(),
        ..base
    })
}
