//! What-ifs as they are typed: one edit, or a file with one in each line.

use std::{path::Path, str::FromStr};

use citytwin_model::Request;

/// The largest file of edits that is read, byte.
const MOST_BYTES: u64 = 1 << 20;

/// What one `--edit` asks for, in order.
#[derive(Clone, Debug)]
pub struct Edits(Vec<Request>);

/// All that several `--edit` ask for.
pub fn requests(edits: &[Edits]) -> Vec<Request> {
    edits.iter().flat_map(|edits| edits.0.iter().cloned()).collect()
}

/// Reads an edit, or where the text names a file, its lines; empty ones and those that begin with `#` say nothing.
///
/// # Errors
/// What cannot be read, of a file with its line.
pub fn edits(text: &str) -> Result<Edits, String> {
    let path = Path::new(text);
    let Ok(file) = path.metadata() else {
        return Request::from_str(text).map(|request| Edits(vec![request])).map_err(|error| error.to_string());
    };
    if !file.is_file() || file.len() > MOST_BYTES {
        return Err(format!("{text}: no file of edits; give a text file of at most 1 MiB with one edit in each line"));
    }
    let lines = std::fs::read_to_string(path).map_err(|error| format!("{text}: {error}"))?;
    let said = lines.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let said = said.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = said.map(|(at, line)| Request::from_str(line).map_err(|error| format!("{text}, line {at}: {error}")));
    read.collect::<Result<_, _>>().map(Edits)
}

/// Reads `days:kelvin`.
///
/// # Errors
/// Anything else.
pub fn spell(text: &str) -> Result<(usize, f64), String> {
    let wrong = || "write days:kelvin, e.g. 7:4 (a week 4 K warmer) or 5:-8".to_owned();
    let (days, kelvin) = text.split_once(':').ok_or_else(wrong)?;
    match (days.parse(), kelvin.parse::<f64>()) {
        (Ok(days), Ok(kelvin)) if (1..=365).contains(&days) && kelvin.is_finite() => Ok((days, kelvin)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_edits_is_read_line_by_line_and_a_fault_has_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("edits.txt");
        std::fs::write(&path, "# the bridge\nclose:way/9\n\npv=0.3\n").unwrap();
        let name = path.to_str().unwrap();
        let read = requests(&[edits(name).unwrap(), edits("ev=0.5").unwrap()]);
        assert_eq!(read.iter().map(ToString::to_string).collect::<Vec<_>>(), ["close:way/9", "pv=0.3", "ev=0.5"]);
        std::fs::write(&path, "pv=0.3\nopen sesame\n").unwrap();
        let wrong = edits(name).unwrap_err();
        assert!(wrong.contains("line 2") && wrong.contains("open sesame"), "{wrong}");
        std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
        assert!(edits(name).is_err() && edits(folder.path().to_str().unwrap()).is_err() && edits("wind=1").is_err());
    }

    #[test]
    fn spells_are_days_and_kelvin() {
        assert_eq!(spell("7:-8"), Ok((7, -8.0)));
        for wrong in ["", "7", "7:", ":4", "0:4", "400:4", "7:NaN", "7:inf", "x:4"] {
            assert!(spell(wrong).is_err(), "{wrong}");
        }
    }
}
