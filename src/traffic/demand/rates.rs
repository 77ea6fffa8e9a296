//! What a run can carry. The rates themselves are tables under `assets/traffic`.

/// Vehicles under way at once that a run is meant to carry; a map whose peak would exceed it is run as a sample.
pub const MOST_UNDER_WAY: f64 = 25_000.0;
