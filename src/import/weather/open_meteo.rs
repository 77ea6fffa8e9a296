//! Answers of Open-Meteo's forecast interface (open-meteo.com, CC BY 4.0): what weather models say for a place, by the hour.
//!
//! Decoding alone: text in, hours or one error out. Who asks over the network decides when.

use std::collections::BTreeMap;

use citytwin_model::{
    Timestamp, Weather, WeatherHour,
    time::{SignedDuration, TimeZone, civil::DateTime},
    weather::sky_infrared_w_m2,
};
use serde::Deserialize;
use serde_json::Value;

/// What is asked for (`hourly=`): name, unit that the answer must state, least and largest value believed.
pub const VARIABLES: [(&str, &str, f64, f64); 8] = [
    ("temperature_2m", "°C", -90.0, 70.0),
    ("dew_point_2m", "°C", -100.0, 70.0),
    ("surface_pressure", "hPa", 310.0, 1200.0),
    ("cloud_cover", "%", 0.0, 100.0),
    // With `wind_speed_unit=ms`.
    ("wind_speed_10m", "m/s", 0.0, 100.0),
    ("shortwave_radiation", "W/m²", 0.0, 2000.0),
    ("direct_normal_irradiance", "W/m²", 0.0, 1500.0),
    ("diffuse_radiation", "W/m²", 0.0, 1500.0),
];
/// More hours than this are no forecast: a year and a leap day.
const MOST_HOURS: usize = 8784;

/// Hours of weather that models computed.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelWeather {
    /// To be shown with it: source, and that nothing of it is measured.
    pub label: String,
    pub latitude_deg: f64,
    pub longitude_deg: f64,
    /// Height of the model's ground, m.
    pub elevation_m: f64,
    /// End of the hour, oldest first, and its weather: irradiance is its mean, the rest its value at the end.
    pub hours: Vec<(Timestamp, WeatherHour)>,
}

/// Why an answer gives no weather.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpenMeteoError {
    #[error("Open-Meteo: no JSON of a forecast: {0}; ask again")]
    Json(String),
    #[error("Open-Meteo refuses: {0}; correct the request")]
    Refused(String),
    #[error("Open-Meteo: hourly.{field}: {what}; ask for every one of VARIABLES with wind_speed_unit=ms")]
    Field { field: String, what: String },
    #[error("Open-Meteo: hourly.{field}[{row}]: {what}; ask again or leave the hour out")]
    Value { field: &'static str, row: usize, what: String },
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    error: bool,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    latitude: f64,
    #[serde(default)]
    longitude: f64,
    #[serde(default)]
    elevation: f64,
    #[serde(default)]
    utc_offset_seconds: i64,
    #[serde(default)]
    hourly_units: BTreeMap<String, String>,
    #[serde(default)]
    hourly: BTreeMap<String, Value>,
}

/// Decodes an answer of `/v1/forecast` (also of its archive, which has the same form).
///
/// # Errors
/// No such answer, a refusal, a variable that is missing or in another unit, a value that is missing or cannot be.
pub fn parse_open_meteo(json: &str) -> Result<ModelWeather, OpenMeteoError> {
    let answer: Answer =
        serde_json::from_str(json).map_err(|error| OpenMeteoError::Json(crate::error::one_line(&error.to_string())))?;
    if answer.error {
        return Err(OpenMeteoError::Refused(crate::error::one_line(&answer.reason)));
    }
    let times = times(&answer)?;
    let mut columns = Vec::with_capacity(VARIABLES.len());
    for variable in VARIABLES {
        columns.push(column(&answer, variable, times.len())?);
    }
    let hour = |row: usize| {
        let at = |column: usize| columns[column][row];
        let weather = Weather { ghi: at(5), dni: at(6), dhi: at(7), air_temperature_c: at(0) };
        WeatherHour {
            weather,
            dew_point_c: at(1),
            pressure_pa: at(2) * 100.0,
            sky_infrared_w_m2: sky_infrared_w_m2(at(0), at(1), at(3) / 10.0),
            wind_m_s: at(4),
            albedo: None,
        }
    };
    let Answer { latitude, longitude, elevation, .. } = answer;
    Ok(ModelWeather {
        label: format!("Open-Meteo.com (CC BY 4.0), model output at {latitude:.2}, {longitude:.2}"),
        latitude_deg: latitude,
        longitude_deg: longitude,
        elevation_m: elevation,
        hours: times.into_iter().enumerate().map(|(row, time)| (time, hour(row))).collect(),
    })
}

/// Instants of the rows, in order.
fn times(answer: &Answer) -> Result<Vec<Timestamp>, OpenMeteoError> {
    let fault = |what: &str| OpenMeteoError::Field { field: "time".to_owned(), what: what.to_owned() };
    let rows = answer.hourly.get("time").and_then(Value::as_array).ok_or_else(|| fault("is not there"))?;
    if rows.is_empty() || rows.len() > MOST_HOURS {
        return Err(fault(&format!("{} hours where 1 to {MOST_HOURS} belong", rows.len())));
    }
    let mut times: Vec<Timestamp> = Vec::with_capacity(rows.len());
    for (row, text) in rows.iter().enumerate() {
        let instant = text.as_str().and_then(|text| instant(text, answer.utc_offset_seconds));
        let fault = |what: String| OpenMeteoError::Value { field: "time", row, what };
        let instant = instant.ok_or_else(|| fault(format!("{text} is no time like 2026-01-31T23:00")))?;
        if times.last().is_some_and(|before| *before >= instant) {
            return Err(fault(format!("{text} does not come after the row before")));
        }
        times.push(instant);
    }
    Ok(times)
}

fn instant(text: &str, utc_offset_s: i64) -> Option<Timestamp> {
    let local: DateTime = text.parse().ok()?;
    let utc = TimeZone::UTC.to_timestamp(local).ok()?;
    utc.checked_sub(SignedDuration::from_secs(utc_offset_s)).ok()
}

/// The numbers of a variable, as many as there are hours.
fn column(
    answer: &Answer,
    (name, unit, least, most): (&'static str, &str, f64, f64),
    hours: usize,
) -> Result<Vec<f64>, OpenMeteoError> {
    let fault = |what: String| OpenMeteoError::Field { field: name.to_owned(), what };
    let rows = answer.hourly.get(name).and_then(Value::as_array).ok_or_else(|| fault("is not there".to_owned()))?;
    let stated = answer.hourly_units.get(name).map_or("none", String::as_str);
    if stated != unit {
        return Err(fault(format!("its unit is {stated}, not {unit}")));
    }
    if rows.len() != hours {
        return Err(fault(format!("{} values for {hours} hours", rows.len())));
    }
    let number = |(row, value): (usize, &Value)| {
        let number = value.as_f64().filter(|number| (least..=most).contains(number));
        let what = || format!("{value} is no number from {least} to {most} {unit}");
        number.ok_or_else(|| OpenMeteoError::Value { field: name, row, what: what() })
    };
    rows.iter().enumerate().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer as the documentation of the interface shows its form; the values are made up.
    fn answer() -> Value {
        let units: BTreeMap<&str, &str> = VARIABLES.iter().map(|(name, unit, ..)| (*name, *unit)).collect();
        serde_json::json!({
            "latitude": 52.52, "longitude": 13.41, "elevation": 38.0, "utc_offset_seconds": 7200,
            "timezone": "Europe/Berlin", "hourly_units": units,
            "hourly": {
                "time": ["2026-07-01T13:00", "2026-07-01T14:00"],
                "temperature_2m": [24.5, 25.0], "dew_point_2m": [12.0, 11.5], "surface_pressure": [1010.2, 1010.0],
                "cloud_cover": [20, 100], "wind_speed_10m": [3.2, 3.0], "shortwave_radiation": [780.0, 300.0],
                "direct_normal_irradiance": [700.0, 10.0], "diffuse_radiation": [150.0, 290.0],
            },
        })
    }

    #[test]
    fn an_answer_is_hours_of_model_output() {
        let found = parse_open_meteo(&answer().to_string()).unwrap();
        assert!(found.label.contains("model output"), "{}", found.label);
        let (at, hour) = found.hours[0];
        assert_eq!(at, "2026-07-01T11:00:00Z".parse::<Timestamp>().unwrap());
        assert_eq!(hour.weather, Weather { ghi: 780.0, dni: 700.0, dhi: 150.0, air_temperature_c: 24.5 });
        assert_eq!((hour.dew_point_c, hour.pressure_pa, hour.wind_m_s), (12.0, 101_020.0, 3.2));
        assert!(found.hours[1].1.sky_infrared_w_m2 > hour.sky_infrared_w_m2 + 40.0, "clouds are warm");
    }

    #[test]
    fn every_fault_has_its_place() {
        let with = |path: &str, value: Value| {
            let mut answer = answer();
            *answer.pointer_mut(path).unwrap() = value;
            answer.to_string()
        };
        let long = serde_json::json!(vec!["2026-07-01T13:00"; MOST_HOURS + 1]);
        for (json, said) in [
            (String::new(), "Open-Meteo: no JSON of a forecast: EOF"),
            (answer().to_string()[..200].to_owned(), "Open-Meteo: no JSON of a forecast: "),
            ("[]".to_owned(), "Open-Meteo: hourly.time: is not there"),
            (r#"{"error":true,"reason":"Latitude\nmust be"}"#.to_owned(), "Open-Meteo refuses: Latitude must be; "),
            (with("/hourly/time", long), "Open-Meteo: hourly.time: 8785 hours where 1 to 8784 belong"),
            (with("/hourly/time/1", "x".into()), "Open-Meteo: hourly.time[1]: \"x\" is no time"),
            (
                with("/hourly/time/1", "2026-07-01T13:00".into()),
                "Open-Meteo: hourly.time[1]: \"2026-07-01T13:00\" does not",
            ),
            (with("/utc_offset_seconds", i64::MAX.into()), "Open-Meteo: hourly.time[0]: "),
            (with("/hourly/cloud_cover", Value::Null), "Open-Meteo: hourly.cloud_cover: is not there"),
            (with("/hourly/cloud_cover", vec![1].into()), "Open-Meteo: hourly.cloud_cover: 1 values for 2 hours"),
            (
                with("/hourly_units/wind_speed_10m", "km/h".into()),
                "Open-Meteo: hourly.wind_speed_10m: its unit is km/h, not m/s",
            ),
            (
                with("/hourly/temperature_2m/1", Value::Null),
                "Open-Meteo: hourly.temperature_2m[1]: null is no number from",
            ),
            (
                with("/hourly/diffuse_radiation/0", (-1).into()),
                "Open-Meteo: hourly.diffuse_radiation[0]: -1 is no number",
            ),
        ] {
            let found = parse_open_meteo(&json).unwrap_err().to_string();
            assert!(found.starts_with(said) && found.lines().count() == 1, "{found}\n  is not\n{said}");
        }
    }
}
