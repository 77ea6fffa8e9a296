//! Texts of tags to numbers in SI units. Knows no feature; what cannot be read is `None`.

use citytwin_model::units::{METRES_PER_FOOT, METRES_PER_INCH};

/// A length in metre: `12`, `12.5 m`, `12,5`, `40 ft`, `40'`, `5'6"`, `1.2 km`. A bare number is metre, as
/// OSM's map features define it. Negative lengths read too; the caller says what is possible.
pub(crate) fn length_m(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some((feet, inches)) = text.split_once(['\'', '′']) {
        let inches = inches.trim().trim_end_matches(['"', '″', '\'']).trim();
        let inches = if inches.is_empty() { 0.0 } else { number(inches)? };
        return Some(number(feet)? * METRES_PER_FOOT + inches * METRES_PER_INCH);
    }
    let (value, unit) = split_unit(text)?;
    let metres = match unit.to_ascii_lowercase().as_str() {
        "" | "m" | "meter" | "meters" | "metre" | "metres" => 1.0,
        "ft" | "feet" | "foot" => METRES_PER_FOOT,
        "in" | "inch" | "inches" | "\"" | "″" => METRES_PER_INCH,
        "cm" => 0.01,
        "km" => 1000.0,
        _ => return None,
    };
    Some(value * metres)
}

/// A power in watt: `630 kVA`, `2.5 MW`, `400kW`, `50000 W`, `2 MWp`. A bare number is watt, as OSM's
/// `generator:output` defines it. Apparent power counts at power factor 1.
pub(crate) fn power_w(text: &str) -> Option<f64> {
    let (value, unit) = split_unit(text.trim())?;
    let unit = unit.to_ascii_lowercase();
    let watts = match unit.strip_suffix("va").or_else(|| unit.trim_end_matches('p').strip_suffix('w')) {
        Some("") => 1.0,
        Some("k") => 1e3,
        Some("m") => 1e6,
        Some("g") => 1e9,
        None if unit.is_empty() => 1.0,
        _ => return None,
    };
    Some(value * watts)
}

/// An angle in degree: `30`, `30°`, `12.5 deg`.
pub(crate) fn angle_deg(text: &str) -> Option<f64> {
    let (value, unit) = split_unit(text.trim())?;
    matches!(unit, "" | "°" | "deg" | "degrees").then_some(value)
}

/// A direction in degree clockwise from north, 0 ≤ d < 360: a number or a point of the compass (`N` … `NNW`).
pub(crate) fn direction_deg(text: &str) -> Option<f64> {
    const POINTS: [&str; 16] =
        ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"];
    const WORDS: [&str; 4] = ["NORTH", "EAST", "SOUTH", "WEST"];
    let upper = text.trim().to_ascii_uppercase();
    if let Some(point) = POINTS.iter().position(|point| *point == upper) {
        return Some(point as f64 * 22.5);
    }
    if let Some(word) = WORDS.iter().position(|word| *word == upper) {
        return Some(word as f64 * 90.0);
    }
    let degrees = angle_deg(text)?;
    (-360.0..=720.0).contains(&degrees).then(|| degrees.rem_euclid(360.0))
}

/// A finite number; one comma may stand for the decimal point (`12,5`) unless it looks like a thousands mark.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = |text: &str| {
        let digits = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
        text.parse::<f64>().ok().filter(|value| digits && value.is_finite())
    };
    match text.split_once(',') {
        Some((_, decimals)) if decimals.len() < 3 => plain(&text.replacen(',', ".", 1)),
        Some(_) => None,
        None => plain(text),
    }
}

/// `"12.5 m"` → 12.5 and `"m"`.
fn split_unit(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+'))).unwrap_or(text.len());
    Some((number(&text[..end])?, text[end..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(read: fn(&str) -> Option<f64>, rows: &[(&str, Option<f64>)]) {
        for (text, expected) in rows {
            let got = read(text);
            let same = match (got, *expected) {
                (Some(got), Some(expected)) => (got - expected).abs() < 1e-9 * expected.abs().max(1.0),
                (got, expected) => got == expected,
            };
            assert!(same, "{text:?}: {got:?}, expected {expected:?}");
        }
    }

    #[test]
    fn lengths() {
        check(
            length_m,
            &[
                ("12", Some(12.0)),
                ("12.5", Some(12.5)),
                ("12.5m", Some(12.5)),
                (" 48.5 m ", Some(48.5)),
                ("12,5", Some(12.5)),
                ("40 ft", Some(12.192)),
                ("40 feet", Some(12.192)),
                ("40'", Some(12.192)),
                ("5'6\"", Some(1.6764)),
                ("5' 6", Some(1.6764)),
                ("36 in", Some(0.9144)),
                ("0.3 km", Some(300.0)),
                ("-3", Some(-3.0)),
                ("1,514", None),
                ("~12", None),
                ("12;13", None),
                ("12-15", None),
                ("high", None),
                ("", None),
                ("NaN", None),
                ("inf", None),
                ("1e5", None),
                ("3 storeys", None),
                ("'", None),
            ],
        );
    }

    #[test]
    fn powers() {
        check(
            power_w,
            &[
                ("630 kVA", Some(630e3)),
                ("2.5 MW", Some(2.5e6)),
                ("400kW", Some(400e3)),
                ("9.9 kWp", Some(9.9e3)),
                ("50000", Some(50e3)),
                ("1 GW", Some(1e9)),
                ("yes", None),
                ("10 kV", None),
                ("10 MWh", None),
            ],
        );
    }

    #[test]
    fn directions() {
        check(
            direction_deg,
            &[
                ("182", Some(182.0)),
                ("N", Some(0.0)),
                ("nnw", Some(337.5)),
                ("SE", Some(135.0)),
                ("west", Some(270.0)),
                ("-90", Some(270.0)),
                ("360°", Some(0.0)),
                ("up", None),
                ("9999", None),
            ],
        );
    }
}
