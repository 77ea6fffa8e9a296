//! When load is drawn: a week of hours per use, a season, and the norm that makes a year add up.
//!
//! The shapes are our approximations of the kind of BDEW standard load profiles (H0 for dwellings, G0–G6 and
//! G25 for trades): same base, peaks and weekend level to about a tenth, not the published tables. School
//! holidays and public holidays are not known.

use std::f64::consts::TAU;

use citytwin_model::{
    BuildingUse,
    time::{LocalTime, civil::Weekday},
};

use crate::intensity::{USE_COUNT, USES};

type Day = [f64; 24];
/// Monday to Friday, Saturday, Sunday; any unit.
pub type Shape = [Day; 3];

/// Hours of a week.
pub const WEEK_H: usize = 168;
/// Buildings of a use are spread over this many clocks …
pub const SLOTS: usize = 32;
/// … within this much to either side, hour: people do not all come home on the same minute (assumption).
const SPREAD_H: f64 = 0.75;
/// Coldest, darkest time of the year in the north, day of the year: three weeks after the solstice.
const PEAK_DAY: f64 = 12.0;
/// Latitude at which the season's amplitudes hold, degree: Germany's middle, where BDEW's profiles come from.
const SEASON_LATITUDE_DEG: f64 = 51.0;

const DWELLING: Shape = [
    [
        70., 52., 46., 43., 43., 55., 97., 133., 138., 132., 128., 137., 152., 139., 122., 115., 121., 156., 200.,
        217., 197., 167., 142., 108.,
    ],
    [
        88., 66., 53., 47., 45., 46., 58., 88., 128., 160., 168., 170., 178., 168., 148., 135., 137., 165., 200., 209.,
        188., 160., 143., 120.,
    ],
    [
        99., 76., 60., 50., 47., 46., 50., 69., 112., 153., 175., 190., 207., 183., 147., 127., 121., 140., 172., 187.,
        177., 160., 140., 106.,
    ],
];
const OFFICE: Shape = [
    [
        22., 22., 21., 21., 22., 25., 36., 62., 84., 96., 100., 100., 94., 89., 86., 83., 76., 62., 46., 36., 30., 27.,
        25., 23.,
    ],
    [
        22., 22., 21., 21., 21., 22., 25., 29., 34., 38., 40., 40., 38., 35., 33., 31., 29., 27., 26., 25., 24., 23.,
        23., 22.,
    ],
    [
        22., 21., 21., 21., 21., 21., 21., 22., 23., 24., 24., 25., 25., 25., 25., 24., 24., 24., 24., 24., 23., 23.,
        23., 22.,
    ],
];
const RETAIL: Shape = [
    [
        32., 30., 30., 30., 31., 36., 48., 68., 96., 122., 132., 135., 135., 133., 133., 136., 140., 144., 142., 118.,
        74., 48., 39., 34.,
    ],
    [
        32., 30., 30., 30., 31., 36., 46., 66., 96., 126., 138., 140., 140., 138., 136., 136., 134., 126., 104., 74.,
        52., 42., 36., 33.,
    ],
    [
        32., 30., 30., 30., 30., 31., 33., 36., 40., 43., 45., 46., 46., 46., 45., 44., 43., 43., 44., 44., 42., 38.,
        35., 33.,
    ],
];
const HOTEL: Day = [
    70., 62., 58., 56., 58., 68., 95., 120., 125., 115., 108., 108., 112., 108., 102., 100., 102., 110., 122., 130.,
    130., 122., 108., 88.,
];
const SCHOOL_CLOSED: Day = [
    18., 17., 17., 17., 17., 17., 18., 20., 22., 24., 25., 25., 25., 24., 23., 22., 21., 21., 21., 21., 20., 19., 18.,
    18.,
];
const SCHOOL: Day = [
    18., 17., 17., 17., 17., 20., 36., 78., 130., 140., 140., 136., 122., 112., 96., 76., 56., 43., 38., 34., 28., 22.,
    19., 18.,
];
const HOSPITAL: Shape = [
    [
        78., 75., 74., 74., 75., 80., 92., 110., 122., 126., 128., 127., 125., 122., 120., 117., 113., 108., 103.,
        100., 97., 92., 87., 82.,
    ],
    [
        77., 74., 73., 73., 74., 77., 84., 95., 103., 106., 107., 107., 106., 104., 102., 100., 98., 96., 95., 94.,
        92., 88., 84., 80.,
    ],
    [
        77., 74., 73., 73., 74., 76., 82., 92., 99., 102., 103., 103., 103., 101., 99., 97., 95., 94., 93., 92., 90.,
        87., 83., 79.,
    ],
];
const PUBLIC: Shape = [
    [
        40., 38., 38., 38., 40., 48., 62., 82., 105., 122., 128., 130., 128., 126., 124., 120., 116., 110., 105., 98.,
        85., 68., 54., 45.,
    ],
    [
        40., 38., 38., 38., 39., 43., 51., 64., 80., 94., 102., 106., 106., 105., 103., 100., 98., 96., 94., 90., 80.,
        66., 53., 45.,
    ],
    [
        41., 38., 38., 38., 38., 41., 47., 58., 74., 92., 100., 100., 97., 94., 92., 89., 87., 85., 83., 79., 70., 58.,
        48., 43.,
    ],
];
const INDUSTRY: Shape = [
    [
        65., 63., 62., 62., 66., 80., 105., 125., 132., 132., 130., 128., 122., 126., 125., 120., 110., 95., 85., 80.,
        78., 75., 72., 68.,
    ],
    [
        62., 59., 57., 56., 57., 61., 66., 70., 72., 73., 73., 72., 70., 68., 66., 63., 61., 59., 57., 55., 54., 53.,
        53., 52.,
    ],
    [
        52., 51., 51., 50., 50., 50., 50., 50., 51., 51., 52., 52., 52., 52., 52., 52., 52., 52., 53., 54., 55., 57.,
        59., 62.,
    ],
];
const STORAGE: Shape = [
    [
        45., 44., 44., 45., 50., 70., 95., 115., 125., 128., 128., 125., 115., 122., 120., 112., 98., 80., 66., 58.,
        54., 50., 48., 46.,
    ],
    [
        45., 44., 44., 44., 46., 52., 58., 64., 68., 70., 70., 68., 66., 62., 58., 55., 52., 50., 48., 47., 46., 45.,
        45., 45.,
    ],
    [
        45., 44., 44., 44., 44., 44., 45., 46., 47., 48., 48., 48., 48., 48., 48., 48., 47., 47., 47., 46., 46., 45.,
        45., 45.,
    ],
];
const FLAT: Day = [1.0; 24];

/// Shape of a use and its swing about the mean through the year (lamps, circulation pumps, time at home; the
/// dwellings' swing is that of BDEW H0), 1.
fn shape(usage: BuildingUse) -> (Shape, f64) {
    match usage {
        BuildingUse::House | BuildingUse::Apartments => (DWELLING, 0.20),
        BuildingUse::Office => (OFFICE, 0.08),
        BuildingUse::Retail => (RETAIL, 0.06),
        BuildingUse::Hotel => ([HOTEL; 3], 0.06),
        BuildingUse::School => ([SCHOOL, SCHOOL_CLOSED, SCHOOL_CLOSED], 0.12),
        BuildingUse::Hospital => (HOSPITAL, 0.04),
        BuildingUse::Public => (PUBLIC, 0.10),
        BuildingUse::Industrial => (INDUSTRY, 0.03),
        BuildingUse::Warehouse => (STORAGE, 0.06),
        BuildingUse::Ancillary => ([FLAT; 3], 0.15),
    }
}

/// A week of hourly values with mean 1, hour 0 = Monday 0:00–1:00.
#[derive(Clone, Debug)]
pub struct Week([f64; WEEK_H]);

impl Week {
    /// Five working days, Saturday, Sunday.
    pub fn new(shape: &Shape) -> Self {
        let mut hours = [0.0; WEEK_H];
        for (hour, value) in hours.iter_mut().enumerate() {
            *value = shape[(hour / 24).saturating_sub(4).min(2)][hour % 24];
        }
        let mean = hours.iter().sum::<f64>() / WEEK_H as f64;
        Self(hours.map(|value| value / mean))
    }

    /// Relative load at a time of the week, hour since Monday 0:00 (any value; weeks repeat): linear
    /// between the middles of the hours.
    pub fn at(&self, week_hour: f64) -> f64 {
        let from_middle = (week_hour - 0.5).rem_euclid(WEEK_H as f64);
        let before = (from_middle as usize).min(WEEK_H - 1);
        let after = (before + 1) % WEEK_H;
        let t = from_middle - before as f64;
        self.0[before] * (1.0 - t) + self.0[after] * t
    }

    /// The hourly values.
    pub fn hours(&self) -> &[f64; WEEK_H] {
        &self.0
    }

    fn day_mean(&self, day: usize) -> f64 {
        self.0[day * 24..(day + 1) * 24].iter().sum::<f64>() / 24.0
    }
}

/// The load curves of all uses at one latitude.
#[derive(Clone, Debug)]
pub struct Profiles {
    weeks: Vec<Week>,
    season: [f64; USE_COUNT],
    /// Per use and weekday of 1 January: what makes the mean of a year of 365 days exactly 1.
    norm: Vec<[f64; 7]>,
}

impl Profiles {
    /// Curves for a latitude: the season turns round in the south and fades to the equator.
    pub fn new(latitude_deg: f64) -> Self {
        let fade = (latitude_deg / SEASON_LATITUDE_DEG).clamp(-1.2, 1.2);
        let (weeks, season): (Vec<Week>, Vec<f64>) =
            USES.iter().map(|&usage| shape(usage)).map(|(shape, swing)| (Week::new(&shape), swing * fade)).unzip();
        let norm = weeks
            .iter()
            .zip(&season)
            .map(|(week, &swing)| {
                std::array::from_fn(|first| {
                    let year = (0..365).map(|d| week.day_mean((first + d) % 7) * seasonal(swing, d as f64 + 1.5));
                    365.0 / year.sum::<f64>()
                })
            })
            .collect();
        let mut swings = [0.0; USE_COUNT];
        swings.copy_from_slice(&season);
        Self { weeks, season: swings, norm }
    }

    /// Load relative to the annual mean, for every use and slot: `[usage * SLOTS + slot]`.
    pub fn relative(&self, local: &LocalTime) -> Vec<f32> {
        let week_hour = week_hour(local);
        let first = first_weekday(local);
        let day = f64::from(local.day_of_year) + local.hour() / 24.0;
        let mut out = Vec::with_capacity(USE_COUNT * SLOTS);
        for usage in 0..USE_COUNT {
            let level = seasonal(self.season[usage], day) * self.norm[usage][first];
            out.extend((0..SLOTS).map(|slot| (self.weeks[usage].at(week_hour + slot_shift_h(slot)) * level) as f32));
        }
        out
    }

    /// The same for one use: design peak over annual mean, 1.
    pub fn peak_factor(&self, usage: usize) -> f64 {
        let mut mean_w = [0.0; USE_COUNT];
        mean_w[usage] = 1.0;
        self.design_peak_w(&mean_w)
    }

    /// Highest hour of a week at the season's height, for buildings of several uses together:
    /// `mean_w[usage]` is the annual mean power of each use.
    pub fn design_peak_w(&self, mean_w: &[f64; USE_COUNT]) -> f64 {
        (0..WEEK_H)
            .map(|hour| {
                (0..USE_COUNT)
                    .map(|u| mean_w[u] * self.weeks[u].hours()[hour] * (1.0 + self.season[u].abs()))
                    .sum::<f64>()
            })
            .fold(0.0, f64::max)
    }
}

/// Position of a use in [`USES`].
pub fn use_index(usage: BuildingUse) -> usize {
    USES.iter().position(|&u| u == usage).unwrap_or(USE_COUNT - 1)
}

/// Hours since Monday 0:00 of the local clock.
pub fn week_hour(local: &LocalTime) -> f64 {
    f64::from(local.weekday.to_monday_zero_offset()) * 24.0 + local.hour()
}

/// How far the clock of a slot is ahead, hour.
pub fn slot_shift_h(slot: usize) -> f64 {
    SPREAD_H * (2.0 * (slot as f64 + 0.5) / SLOTS as f64 - 1.0)
}

/// Factor of the season about 1 on a day of the year (with fraction).
fn seasonal(swing: f64, day: f64) -> f64 {
    1.0 + swing * (TAU * (day - PEAK_DAY) / 365.0).cos()
}

/// Weekday of 1 January of the year of `local`, Monday 0.
fn first_weekday(local: &LocalTime) -> usize {
    let today = i32::from(Weekday::to_monday_zero_offset(local.weekday));
    (today - (i32::from(local.day_of_year) - 1)).rem_euclid(7) as usize
}

#[cfg(test)]
mod tests {
    use citytwin_model::time::civil::date;

    use super::*;

    #[test]
    fn a_week_has_mean_one_and_days_in_their_place() {
        for usage in USES {
            let week = Week::new(&shape(usage).0);
            assert!((week.hours().iter().sum::<f64>() - 168.0).abs() < 1e-9, "{usage:?}");
        }
        let office = Week::new(&OFFICE);
        for day in 0..5 {
            assert_eq!(office.hours()[day * 24 + 10], office.hours()[10]);
        }
        assert!(office.hours()[5 * 24 + 10] < 0.5 * office.hours()[10]);
        assert!(office.hours()[6 * 24 + 10] < office.hours()[5 * 24 + 10]);
    }

    #[test]
    fn interpolation_is_smooth_across_the_week_end() {
        let week = Week::new(&DWELLING);
        assert!((week.at(10.5) - week.hours()[10]).abs() < 1e-12);
        for minute in 0..WEEK_H * 60 {
            let (a, b) = (week.at(minute as f64 / 60.0), week.at((minute + 1) as f64 / 60.0));
            assert!((a - b).abs() < 0.01, "minute {minute}: {a} {b}");
        }
    }

    /// Dwellings peak in the evening, offices before noon, on a working day.
    #[test]
    fn peaks_come_when_people_know_them() {
        let peak = |shape: &Shape| (0..24).max_by(|&a, &b| shape[0][a].total_cmp(&shape[0][b])).unwrap();
        assert_eq!(peak(&DWELLING), 19);
        assert!((9..=12).contains(&peak(&OFFICE)));
        assert!((16..=18).contains(&peak(&RETAIL)));
    }

    #[test]
    fn every_year_of_365_days_has_mean_one() {
        for latitude in [60.0, -30.0, 0.0] {
            let profiles = Profiles::new(latitude);
            for year in [2023, 2025, 2026, 2027, 2029] {
                let mut sum = vec![0.0_f64; USE_COUNT * SLOTS];
                let mut day = date(year, 1, 1);
                for _ in 0..365 {
                    for hour in 0..24 {
                        let relative = profiles.relative(&LocalTime::of_civil(day.at(hour, 30, 0, 0)));
                        sum.iter_mut().zip(&relative).for_each(|(s, r)| *s += f64::from(*r));
                    }
                    day = day.tomorrow().unwrap();
                }
                for (class, sum) in sum.iter().enumerate() {
                    assert!((sum / 8760.0 - 1.0).abs() < 1e-3, "{latitude} {year} {class}: {}", sum / 8760.0);
                }
            }
        }
    }

    #[test]
    fn winter_is_where_it_belongs() {
        let mean = |latitude: f64, month: i8| {
            let profiles = Profiles::new(latitude);
            profiles.relative(&LocalTime::of_civil(date(2025, month, 15).at(19, 0, 0, 0)))[0]
        };
        assert!(mean(51.0, 1) > 1.3 * mean(51.0, 7));
        assert!(mean(-51.0, 1) < 0.8 * mean(-51.0, 7));
    }
}
