//! EnergyPlus weather files: eight lines of header, then an hour a line.

use citytwin_model::{HOURS_OF_YEAR, Weather, WeatherHour, WeatherYear};

use super::{
    WeatherFault, WeatherFile,
    fields::{
        ALBEDO, DEW_POINT, DIFFUSE, DIRECT, DRY_BULB, GLOBAL, HUMIDITY, INFRARED, OPAQUE_COVER, PRESSURE, TOTAL_COVER,
        WIND,
    },
};

/// What the header's lines begin with, in order.
const HEADER: [&str; 8] = [
    "LOCATION",
    "DESIGN CONDITIONS",
    "TYPICAL/EXTREME PERIODS",
    "GROUND TEMPERATURES",
    "HOLIDAYS/DAYLIGHT SAVINGS",
    "COMMENTS 1",
    "COMMENTS 2",
    "DATA PERIODS",
];
/// Days of the months of a year without a leap day.
const MONTH_DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Fields of a row: 32 in the first files of the format, 35 since albedo and rain came.
const ROW_FIELDS: std::ops::RangeInclusive<usize> = 32..=35;
/// How far a zone's time may lie from the sun's, hour: in Kashgar, the extreme on land, 2.9.
const ZONE_FROM_SUN_H: f64 = 3.0;
/// How far the light of a year may be centred from noon, hour: morning fog and afternoon clouds stay below half of it.
const LIGHT_FROM_NOON_H: f64 = 1.0;
/// Stefan–Boltzmann constant, W/(m²·K⁴) (CODATA 2018).
const STEFAN_BOLTZMANN: f64 = 5.670_374_419e-8;
const KELVIN: f64 = 273.15;

/// What values were derived, in hours.
#[derive(Default)]
struct Derived {
    dew_point: usize,
    pressure: usize,
    infrared: usize,
    infrared_clear: usize,
}

/// The year, or all faults.
pub fn parse(name: &str, text: &str) -> Result<WeatherFile, Vec<WeatherFault>> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let header: Vec<&str> = lines.by_ref().take(HEADER.len()).collect();
    let mut faults = check_header(&header);
    let place = header.first().filter(|_| faults.is_empty()).and_then(|line| location(line, &mut faults));
    let Some(place) = place else { return Err(faults) };
    let mut derived = Derived::default();
    let mut hours = Vec::with_capacity(HOURS_OF_YEAR);
    let mut line = HEADER.len();
    for row in lines {
        line += 1;
        if row.trim().is_empty() {
            continue;
        }
        let row: Vec<&str> = row.split(',').collect();
        if let Some(fault) = out_of_order(line, &row, hours.len()) {
            // What follows is shifted: one fault, not thousands.
            faults.push(fault);
            return Err(faults);
        }
        hours.push(hour(line, &row, &place, &mut derived, &mut faults));
    }
    if hours.len() < HOURS_OF_YEAR {
        let what = format!("the file ends after {} of {HOURS_OF_YEAR} hours; download it again", hours.len());
        faults.push(WeatherFault { line, field: String::new(), what });
    }
    let year = WeatherYear {
        label: format!("{}, {name}", place.name),
        measured: true,
        latitude_deg: place.latitude_deg,
        longitude_deg: place.longitude_deg,
        elevation_m: place.elevation_m,
        utc_offset_h: place.utc_offset_h,
        hours,
    };
    if faults.is_empty() {
        faults.extend(light_off_noon(&year));
    }
    if faults.is_empty() { Ok(WeatherFile { year, derived: derived.said() }) } else { Err(faults) }
}

fn check_header(header: &[&str]) -> Vec<WeatherFault> {
    let mut faults = Vec::new();
    for (i, expected) in HEADER.iter().enumerate() {
        let first = header.get(i).map(|line| line.split(',').next().unwrap_or_default().trim());
        if first.is_some_and(|first| first.eq_ignore_ascii_case(expected)) {
            continue;
        }
        let found: String = first.unwrap_or("nothing").chars().take(40).collect();
        let what = format!("begins with {found:?} where the header has {expected:?}; give an EnergyPlus .epw file");
        faults.push(WeatherFault { line: i + 1, field: String::new(), what });
        // Lines after it are likely shifted.
        return faults;
    }
    let periods: Vec<&str> = header[7].split(',').map(str::trim).collect();
    for (at, field, why) in [(1, "number of data periods", "one year"), (2, "records per hour", "hourly rows")] {
        let found = periods.get(at).copied().unwrap_or_default();
        if found != "1" {
            let what = format!("{found:?} is not 1; give a file of {why}");
            faults.push(WeatherFault { line: 8, field: format!("{field} (field {})", at + 1), what });
        }
    }
    faults
}

/// The header's first line.
struct Place {
    name: String,
    latitude_deg: f64,
    longitude_deg: f64,
    utc_offset_h: f64,
    elevation_m: f64,
}

fn location(line: &str, faults: &mut Vec<WeatherFault>) -> Option<Place> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let before = faults.len();
    let mut number = |name: &str, at: usize, least: f64, most: f64| {
        let text = fields.get(at).copied().unwrap_or_default();
        let value = text.parse::<f64>().ok().filter(|value| (least..=most).contains(value));
        if value.is_none() {
            let what = format!("{text:?} is no number from {least} to {most}; correct it");
            faults.push(WeatherFault { line: 1, field: format!("{name} (field {})", at + 1), what });
        }
        value.unwrap_or_default()
    };
    let place = Place {
        name: fields.get(1).map_or("", |name| name).to_owned(),
        latitude_deg: number("latitude", 6, -90.0, 90.0),
        longitude_deg: number("longitude", 7, -180.0, 180.0),
        utc_offset_h: number("time zone", 8, -12.0, 14.0),
        elevation_m: number("elevation", 9, -500.0, 9000.0),
    };
    let sun_h = place.longitude_deg / 15.0;
    let off_h = (place.utc_offset_h - sun_h + 12.0).rem_euclid(24.0) - 12.0;
    if faults.len() == before && off_h.abs() > ZONE_FROM_SUN_H {
        let (offset, longitude) = (place.utc_offset_h, place.longitude_deg);
        let what = format!("UTC{offset:+} is {:.1} h off the sun at longitude {longitude}; correct it", off_h.abs());
        faults.push(WeatherFault { line: 1, field: "time zone (field 9)".to_owned(), what });
    }
    (faults.len() == before).then_some(place)
}

/// Whether a row is not hour `index` of the year, or no row.
fn out_of_order(line: usize, row: &[&str], index: usize) -> Option<WeatherFault> {
    let fault = |what: String| Some(WeatherFault { line, field: String::new(), what });
    let dated: Option<Vec<u32>> = (1..4).map(|at| row.get(at)?.trim().parse().ok()).collect();
    let Some(&[month, day, hour]) = dated.as_deref() else {
        return fault("fields 2 to 4 are no month, day and hour; download the file again".to_owned());
    };
    if (month, day) == (2, 29) {
        return fault("29 February: a weather year has 8,760 hours; take the leap day out".to_owned());
    }
    if index >= HOURS_OF_YEAR {
        return fault(format!("more than {HOURS_OF_YEAR} hours; give a file of one year"));
    }
    let expected = date_of(index);
    if (month, day, hour) != expected {
        let (m, d, h) = expected;
        let what = format!(
            "hour {hour} of {day}/{month} (day/month) where hour {h} of {d}/{m} follows; the hour between is missing or out of order"
        );
        return fault(what);
    }
    if !ROW_FIELDS.contains(&row.len()) {
        let (least, most) = (ROW_FIELDS.start(), ROW_FIELDS.end());
        return fault(format!("{} fields where {least} to {most} belong; download the file again", row.len()));
    }
    None
}

/// Month, day and hour (1…24) of the row of an hour of the year.
fn date_of(index: usize) -> (u32, u32, u32) {
    let (mut day, hour) = ((index / 24) as u32, (index % 24) as u32);
    let mut month = 0;
    while day >= MONTH_DAYS[month] {
        day -= MONTH_DAYS[month];
        month += 1;
    }
    (month as u32 + 1, day + 1, hour + 1)
}

/// An hour; with faults whatever comes of it.
fn hour(
    line: usize,
    row: &[&str],
    place: &Place,
    derived: &mut Derived,
    faults: &mut Vec<WeatherFault>,
) -> WeatherHour {
    let mut take = |found: Result<Option<f64>, WeatherFault>| {
        found.unwrap_or_else(|fault| {
            faults.push(fault);
            None
        })
    };
    let [air, ghi, dni, dhi, wind] = [&DRY_BULB, &GLOBAL, &DIRECT, &DIFFUSE, &WIND]
        .map(|f| take(f.required(line, row).map(Some)).unwrap_or_default());
    let [dew, humidity, pressure, infrared, total, opaque, albedo] =
        [&DEW_POINT, &HUMIDITY, &PRESSURE, &INFRARED, &TOTAL_COVER, &OPAQUE_COVER, &ALBEDO]
            .map(|field| take(field.optional(line, row)));
    let dew = dew.or_else(|| {
        derived.dew_point += 1;
        humidity.filter(|percent| *percent > 0.0).map(|percent| dew_point_c(air, percent))
    });
    if dew.is_none() {
        let what = "missing, and so is the relative humidity; fill one of both";
        faults.push(DEW_POINT.fault(line, what.to_owned()));
    }
    let dew_point_c = dew.unwrap_or_default();
    WeatherHour {
        weather: Weather { ghi, dni, dhi, air_temperature_c: air },
        dew_point_c,
        pressure_pa: pressure.unwrap_or_else(|| {
            derived.pressure += 1;
            standard_pressure_pa(place.elevation_m)
        }),
        sky_infrared_w_m2: infrared.unwrap_or_else(|| {
            let cover = opaque.or(total);
            derived.infrared += 1;
            derived.infrared_clear += usize::from(cover.is_none());
            sky_infrared_w_m2(air, dew_point_c, cover.unwrap_or(0.0))
        }),
        wind_m_s: wind,
        albedo: albedo.filter(|share| *share > 0.0),
    }
}

/// Dew point, °C, over water by the Magnus formula with the constants of O. A. Alduchov, R. E. Eskridge, J. Appl.
/// Meteorology 35 (1996) 601 (17.625; 243.04 °C).
fn dew_point_c(air_c: f64, humidity_percent: f64) -> f64 {
    let x = (humidity_percent / 100.0).ln() + 17.625 * air_c / (243.04 + air_c);
    243.04 * x / (17.625 - x)
}

/// Pressure of the standard atmosphere (ISO 2533), Pa.
fn standard_pressure_pa(elevation_m: f64) -> f64 {
    101_325.0 * (1.0 - 2.255_77e-5 * elevation_m).powf(5.255_88)
}

/// Thermal irradiance of the sky, W/m²: emissivity of the clear sky by dew point (G. Clark, C. Allen, 2nd National Passive
/// Solar Conference, 1978), of clouds by their cover in tenths (G. N. Walton, NBSIR 83-2655, 1983).
fn sky_infrared_w_m2(air_c: f64, dew_point_c: f64, cover: f64) -> f64 {
    let clear = 0.787 + 0.764 * ((dew_point_c + KELVIN) / 273.0).ln();
    let cloudy = 1.0 + 0.0224 * cover - 0.0035 * cover.powi(2) + 0.00028 * cover.powi(3);
    (clear * cloudy).clamp(0.0, 1.0) * STEFAN_BOLTZMANN * (air_c + KELVIN).powi(4)
}

/// A year whose light is not centred on the noon of its longitude and offset: the clock of its rows is another.
fn light_off_noon(year: &WeatherYear) -> Option<WeatherFault> {
    let (mut light, mut moment) = (0.0, 0.0);
    for (index, hour) in year.hours.iter().enumerate() {
        light += hour.weather.ghi;
        moment += hour.weather.ghi * ((index % 24) as f64 + 0.5);
    }
    if light <= 0.0 {
        let what = "0 in every hour of the year; give a file with irradiance".to_owned();
        return Some(GLOBAL.fault(0, what));
    }
    let (centre, noon) = (moment / light, 12.0 + year.utc_offset_h - year.longitude_deg / 15.0);
    let off_h = (centre - noon + 12.0).rem_euclid(24.0) - 12.0;
    (off_h.abs() > LIGHT_FROM_NOON_H).then(|| WeatherFault {
        line: 1,
        field: "time zone (field 9)".to_owned(),
        what: format!(
            "the year's light is centred at {centre:.1} h, the sun of UTC{:+} and longitude {} at {:.1} h; correct zone or longitude",
            year.utc_offset_h,
            year.longitude_deg,
            noon.rem_euclid(24.0)
        ),
    })
}

impl Derived {
    fn said(&self) -> Vec<String> {
        let rules = [
            (self.dew_point, "dew point from relative humidity (Magnus)"),
            (self.pressure, "pressure of the standard atmosphere at the station's height"),
            (self.infrared, "infrared of the sky from dew point and cloud cover (Clark and Allen, Walton)"),
            (
                self.infrared_clear,
                "cloud cover is missing too: the infrared of a clear sky, which is too low under clouds",
            ),
        ];
        rules.iter().filter(|(hours, _)| *hours > 0).map(|(hours, rule)| format!("{hours} hours: {rule}")).collect()
    }
}
