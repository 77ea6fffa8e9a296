//! Writes a result into a folder: `summary.json`, `hours.csv`, `links.csv`, `transformers.csv`.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    result::{RunResult, TransformerRow},
    spec::RunError,
};

/// Writes the four files, all or none: see [`write_whole`].
pub fn write_outputs(result: &RunResult, dir: &Path) -> Result<(), RunError> {
    let summary = serde_json::to_string_pretty(result)
        .map_err(|error| failed(dir, "the summary cannot be written as JSON", io::Error::other(error)))?;
    let (hours, links, transformers) = (hours(result), links(result), transformers(&result.transformers));
    write_whole(
        dir,
        &[
            ("summary.json", &(summary + "\n")),
            ("hours.csv", &hours),
            ("links.csv", &links),
            ("transformers.csv", &transformers),
        ],
    )
}

/// Makes the folder where it is missing and writes files into it, all or none: first each under a temporary name beside its
/// place, then renamed over what an earlier run left.
pub fn write_whole<T: AsRef<[u8]>>(dir: &Path, files: &[(&str, T)]) -> Result<(), RunError> {
    fs::create_dir_all(dir).map_err(|source| failed(dir, "cannot be made a folder", source))?;
    let places: Vec<(PathBuf, &[u8])> = files.iter().map(|(name, bytes)| (dir.join(name), bytes.as_ref())).collect();
    let begin = |(path, bytes): &(PathBuf, &[u8])| {
        let free = if path.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(()) };
        let written = free.and_then(|()| fs::write(temporary_name(path), bytes));
        written.map_err(|source| failed(path, "cannot be written", source))
    };
    let finish = |(path, _): &(PathBuf, &[u8])| {
        fs::rename(temporary_name(path), path).map_err(|source| failed(path, "cannot be written", source))
    };
    let done = places.iter().try_for_each(begin).and_then(|()| places.iter().try_for_each(finish));
    if done.is_err() {
        // The failure is what counts; a left-over temporary file is named after its target.
        places.iter().for_each(|(path, _)| drop(fs::remove_file(temporary_name(path))));
    }
    done
}

pub(crate) fn failed(path: &Path, what: &'static str, source: io::Error) -> RunError {
    RunError::Output { path: path.to_owned(), what, source }
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

fn hours(result: &RunResult) -> String {
    let mut text = String::from(
        "hour,local,demanded,arrived,refused,under_way,vehicle_km,mean_speed_kmh,load_mwh,pv_mwh,losses_mwh,supplied_mwh\n",
    );
    for h in &result.hourly {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{:.3},{:.3},{:.6},{:.6},{:.6},{:.6}",
            h.hour,
            h.local,
            h.demanded,
            h.arrived,
            h.refused,
            h.under_way,
            h.vehicle_km,
            h.mean_speed_kmh,
            h.load_mwh,
            h.pv_mwh,
            h.losses_mwh,
            h.supplied_mwh
        );
    }
    text
}

fn links(result: &RunResult) -> String {
    let mut text = String::from("road,from,to,length_m,lanes,limit_kmh,vehicles,vehicles_per_day,mean_speed_kmh\n");
    for l in &result.links {
        let speed = l.mean_speed_kmh.map(|v| format!("{v:.2}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "{},{},{},{:.2},{},{:.2},{},{:.2},{speed}",
            l.road, l.from, l.to, l.length_m, l.lanes, l.limit_kmh, l.vehicles, l.vehicles_per_day
        );
    }
    text
}

fn transformers(rows: &[TransformerRow]) -> String {
    let mut text = String::from("id,stated,lon,lat,rated_kva,buildings,peak_loading_percent\n");
    for t in rows {
        let _ = writeln!(
            text,
            "{},{},{:.7},{:.7},{},{},{:.3}",
            quoted(&t.id),
            t.stated,
            t.lon,
            t.lat,
            t.rated_kva,
            t.buildings,
            t.peak_loading_percent
        );
    }
    text
}

/// A CSV field as RFC 4180 wants it.
pub fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
