//! Lengths and speeds as mappers write them (wiki.openstreetmap.org/wiki/Map_features/Units).

use citytwin_model::units::{METRES_PER_FOOT, METRES_PER_INCH, MPS_PER_KMH, MPS_PER_KNOT, MPS_PER_MPH};

/// Metres of `7`, `7.5 m`, `7,5`, `12'6"`, `12 ft`, `350 cm`. `None` for anything else and for values that
/// are not finite and positive.
pub fn metres(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = split(&text)?;
    let metres = match unit {
        "" | "m" | "meter" | "meters" | "metre" | "metres" => number,
        "cm" => number * 0.01,
        "km" => number * 1000.0,
        "ft" | "feet" | "foot" => number * METRES_PER_FOOT,
        "in" | "\"" => number * METRES_PER_INCH,
        _ => {
            let inches = unit.strip_prefix('\'')?.trim().trim_end_matches('"').trim();
            let inches = if inches.is_empty() { 0.0 } else { split(inches).filter(|(_, rest)| rest.is_empty())?.0 };
            number * METRES_PER_FOOT + inches * METRES_PER_INCH
        }
    };
    (metres.is_finite() && metres > 0.0).then_some(metres)
}

/// Metres per second of `50`, `50 km/h`, `30 mph`, `30mph`, `10 knots`.
pub fn metres_per_second(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = split(&text)?;
    let factor = match unit {
        "" | "km/h" | "kmh" | "kph" | "km" => MPS_PER_KMH,
        "mph" => MPS_PER_MPH,
        "knots" | "knot" | "kn" => MPS_PER_KNOT,
        _ => return None,
    };
    (number.is_finite() && number > 0.0).then_some(number * factor)
}

/// The number in front and what follows it.
fn split(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.replace(',', ".").parse().ok()?, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read() {
        let cases: &[(&str, Option<f64>)] = &[
            ("7", Some(7.0)),
            (" 7.5 m", Some(7.5)),
            ("7,5", Some(7.5)),
            ("12'", Some(3.6576)),
            ("12'6\"", Some(3.81)),
            ("12' 6\"", Some(3.81)),
            ("24 ft", Some(7.3152)),
            ("350cm", Some(3.5)),
            ("30\"", Some(0.762)),
            ("", None),
            ("wide", None),
            ("-3", None),
            ("0", None),
            ("1.2.3", None),
            ("nan", None),
            ("1e9", None),
            ("3;4", None),
            ("12'x", None),
        ];
        for (text, expected) in cases {
            let read = metres(text);
            let agrees = match (read, expected) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-9,
                (a, b) => a.is_none() && b.is_none(),
            };
            assert!(agrees, "{text}: {read:?}, not {expected:?}");
        }
    }

    #[test]
    fn speeds_read() {
        let cases = [
            ("50", 50.0 / 3.6),
            ("36 km/h", 10.0),
            ("30 mph", 13.4112),
            ("25mph", 11.176),
            ("10 knots", 5.144_444_444),
        ];
        for (text, expected) in cases {
            assert!(metres_per_second(text).is_some_and(|v| (v - expected).abs() < 1e-8), "{text}");
        }
        for text in ["", "fast", "0", "-50", "50 furlongs", "inf"] {
            assert_eq!(metres_per_second(text), None, "{text}");
        }
    }
}
