//! What an hour's kilowatt hour is to a customer: by night or by day, clean or dirty; and what a building bought of them.

use citytwin_model::{
    HOURS_OF_YEAR, Timestamp, WeatherYear,
    time::{LocalTime, SignedDuration, TimeZone},
};

use super::{carbon::GridCarbon, tariff::Tariffs};

/// The year whose 1 January is a Monday, as the schedules of heat begin.
const CALENDAR: &str = "2018-01-01T00:00:00Z";

/// An hour of the year.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// 1 where the night's price holds, else 0.
    night: f64,
    g_wh: f64,
}

/// What a building bought and sold so far, Wh and g, and the most it took in an hour, W.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Bought {
    pub wh: f64,
    pub night_wh: f64,
    pub sold_wh: f64,
    pub carbon_g: f64,
    pub peak_w: f64,
}

impl Bought {
    /// An hour whose mean power from the grid is `net_w`, below 0 into it.
    pub fn add(&mut self, net_w: f64, rate: &Rate) {
        let bought = net_w.max(0.0);
        self.wh += bought;
        self.sold_wh += bought - net_w;
        self.night_wh += rate.night * bought;
        self.carbon_g += rate.g_wh * bought;
        self.peak_w = self.peak_w.max(bought);
    }
}

/// All hours of the year.
pub fn rates(clocks: &[LocalTime], carbon: &GridCarbon, tariffs: &Tariffs) -> Vec<Rate> {
    let of = |(hour, clock): (usize, &LocalTime)| Rate {
        night: f64::from(u8::from(tariffs.night.is_some_and(|night| night.holds(clock.hour())))),
        g_wh: carbon.g_kwh(hour) / 1000.0,
    };
    clocks.iter().enumerate().map(of).collect()
}

/// The city's clocks in the middle of the hours of a year of weather.
pub fn clocks(weather: &WeatherYear, zone: &TimeZone) -> Vec<LocalTime> {
    let start: Timestamp = CALENDAR.parse().expect("a date");
    let clock = |hour: usize| {
        let after_h = hour as f64 + 0.5 - weather.utc_offset_h;
        let at = start.checked_add(SignedDuration::from_secs_f64(3600.0 * after_h)).unwrap_or(start);
        LocalTime::of(at, zone)
    };
    (0..HOURS_OF_YEAR).map(clock).collect()
}
