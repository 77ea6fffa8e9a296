//! Where a map lies: its stated bounds or the box around its nodes, refused where no city can be.

use std::path::Path;

use citytwin_model::{GeoBounds, LonLat, Problem, ProblemKind, SourceRef};

use crate::{ImportError, raw::RawMap};

/// Widest extent of one city, degree: beyond it the plane about one origin is off by more than 1 in 1000.
const MAX_SPAN_DEG: f64 = 3.0;

const CUT: &str = "cut it to the city first, e.g. `osmium extract --bbox W,S,E,N`";

/// The bounds, and a problem where the file states some that cannot be.
pub fn bounds_of(file: &Path, raw: &RawMap) -> Result<(GeoBounds, Option<Problem>), ImportError> {
    let unusable = |what: String, remedy| ImportError::Unusable { file: file.to_owned(), what, remedy };
    let Some(extent) = raw.extent() else {
        let what = "holds no node with a usable place".to_owned();
        return Err(unusable(what, "download it again, with nodes"));
    };
    if raw.bounds.is_some_and(|stated| stated.west > stated.east && corners(&stated).iter().all(LonLat::is_valid)) {
        return Err(unusable("its bounds cross the date line".to_owned(), CUT));
    }
    let stated = raw.bounds.filter(|stated| is_box(stated) && overlap(stated, &extent));
    let problem = raw.bounds.filter(|_| stated.is_none()).map(|_| Problem {
        source: SourceRef::local("file", "bounds"),
        kind: ProblemKind::Geometry,
        what: "the stated bounds hold none of the nodes; the box around the nodes is used".to_owned(),
        at: None,
    });
    let bounds = stated.unwrap_or(extent);
    let (width, height) = (bounds.east - bounds.west, bounds.north - bounds.south);
    if width > 180.0 {
        return Err(unusable(format!("spans {width:.0}° of longitude, or crosses the date line"), CUT));
    }
    if width > MAX_SPAN_DEG || height > MAX_SPAN_DEG {
        let what = format!("spans {width:.1}° × {height:.1}°; a city spans up to {MAX_SPAN_DEG}°");
        return Err(unusable(what, CUT));
    }
    Ok((bounds, problem))
}

fn corners(bounds: &GeoBounds) -> [LonLat; 2] {
    [LonLat { lon: bounds.west, lat: bounds.south }, LonLat { lon: bounds.east, lat: bounds.north }]
}

fn is_box(bounds: &GeoBounds) -> bool {
    corners(bounds).iter().all(LonLat::is_valid) && bounds.west <= bounds.east && bounds.south <= bounds.north
}

fn overlap(a: &GeoBounds, b: &GeoBounds) -> bool {
    a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north
}
