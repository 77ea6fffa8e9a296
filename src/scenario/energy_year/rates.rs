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

/// Rates of some hours, each part in a row.
pub struct RateRows {
    night: Vec<f64>,
    g_wh: Vec<f64>,
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

/// Hours added up side by side, in a fixed order.
const LANES: usize = 4;

impl RateRows {
    pub fn of(rates: &[Rate]) -> Self {
        Self {
            night: rates.iter().map(|rate| rate.night).collect(),
            g_wh: rates.iter().map(|rate| rate.g_wh).collect(),
        }
    }
}

impl Bought {
    /// Hours whose mean powers from the grid are `net_w`, below 0 into it. What was sold in them, Wh.
    pub fn add(&mut self, net_w: &[f64], rates: &RateRows) -> f64 {
        let mut sums = [[0.0_f64; LANES]; 5];
        let (hours, rest) = net_w.as_chunks::<LANES>();
        let (night, night_rest) = rates.night.as_chunks::<LANES>();
        let (g_wh, g_wh_rest) = rates.g_wh.as_chunks::<LANES>();
        for ((net_w, night), g_wh) in hours.iter().zip(night).zip(g_wh) {
            add_up(&mut sums, net_w, (night, g_wh));
        }
        for ((net_w, night), g_wh) in rest.iter().zip(night_rest).zip(g_wh_rest) {
            add_up(&mut sums, &[*net_w, 0.0, 0.0, 0.0], (&[*night; LANES], &[*g_wh; LANES]));
        }
        let [wh, sold_wh, night_wh, carbon_g] = [0, 1, 2, 3].map(|part| sums[part].iter().sum::<f64>());
        self.wh += wh;
        self.sold_wh += sold_wh;
        self.night_wh += night_wh;
        self.carbon_g += carbon_g;
        self.peak_w = sums[4].iter().fold(self.peak_w, |peak_w, lane| peak_w.max(*lane));
        sold_wh
    }
}

/// Bought, sold, by night, carbon and peak of hours side by side.
#[inline(always)]
fn add_up(sums: &mut [[f64; LANES]; 5], net_w: &[f64; LANES], (night, g_wh): (&[f64; LANES], &[f64; LANES])) {
    for lane in 0..LANES {
        let bought = if net_w[lane] > 0.0 { net_w[lane] } else { 0.0 };
        sums[0][lane] += bought;
        sums[1][lane] += bought - net_w[lane];
        sums[2][lane] += night[lane] * bought;
        sums[3][lane] += g_wh[lane] * bought;
        sums[4][lane] = if bought > sums[4][lane] { bought } else { sums[4][lane] };
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
