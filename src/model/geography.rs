//! Between longitude/latitude (WGS 84) and the city's metres.
//!
//! The plane is a transverse Mercator projection on the WGS 84 ellipsoid with scale 1 on the meridian of
//! the anchor: conformal, and within 5 parts per million of true length at 20 km from the anchor.
//! Series: L. Krüger 1912, to the fourth order of the third flattening, as given by C. F. F. Karney,
//! "Transverse Mercator with an accuracy of a few nanometers", J. Geodesy 85 (2011), eqs. 7–11, 35, 36.

use geo::Coord;
use serde::{Deserialize, Serialize};

/// WGS 84 semi-major axis, metre (EPSG:7030).
const A_M: f64 = 6_378_137.0;
/// WGS 84 flattening (EPSG:7030).
const F: f64 = 1.0 / 298.257_223_563;
/// Third flattening.
const N: f64 = F / (2.0 - F);

/// A place in degrees, WGS 84.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct LonLat {
    pub lon: f64,
    pub lat: f64,
}

impl LonLat {
    /// Finite and on the globe: |lon| ≤ 180, |lat| ≤ 90.
    pub fn is_valid(&self) -> bool {
        self.lon.abs() <= 180.0 && self.lat.abs() <= 90.0
    }
}

/// A box in degrees that does not cross the date line: west ≤ east, south ≤ north.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct GeoBounds {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl GeoBounds {
    /// The middle of the box.
    pub fn centre(&self) -> LonLat {
        LonLat { lon: 0.5 * (self.west + self.east), lat: 0.5 * (self.south + self.north) }
    }

    /// Grows the box to hold `place`.
    pub fn extend(&mut self, place: LonLat) {
        self.west = self.west.min(place.lon);
        self.east = self.east.max(place.lon);
        self.south = self.south.min(place.lat);
        self.north = self.north.max(place.lat);
    }
}

/// On which side of the road traffic keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DrivingSide {
    Right,
    Left,
}

/// The city's origin: local (0, 0) lies at this place, x points east and y north there.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Anchor {
    pub origin: LonLat,
    /// Northing of the origin on the central meridian, metre.
    northing_m: f64,
}

impl Anchor {
    /// An anchor at a valid place ([`LonLat::is_valid`]).
    pub fn new(origin: LonLat) -> Self {
        let mut anchor = Self { origin, northing_m: 0.0 };
        anchor.northing_m = anchor.enu(origin).y;
        anchor
    }

    /// Metres east and north of the origin. Meant for places within a few hundred kilometres.
    pub fn enu(&self, place: LonLat) -> Coord<f64> {
        let e = (F * (2.0 - F)).sqrt();
        let (sin_lat, cos_lat) = place.lat.to_radians().sin_cos();
        let (sin_lon, cos_lon) = (place.lon - self.origin.lon).to_radians().sin_cos();
        // Karney eqs. 7–9: the tangent of the conformal latitude.
        let tau = sin_lat / cos_lat;
        let sigma = (e * (e * sin_lat).atanh()).sinh();
        let conformal = tau * (1.0 + sigma * sigma).sqrt() - sigma * (1.0 + tau * tau).sqrt();
        let xi = conformal.atan2(cos_lon);
        let eta = (sin_lon / (conformal * conformal + cos_lon * cos_lon).sqrt()).asinh();
        // The sines of the multiples of 2(ξ + iη) by their recurrence: sin (k+1)z = 2 cos z sin kz − sin (k−1)z.
        let (sin_xi, cos_xi) = (2.0 * xi).sin_cos();
        let sinh_eta = (2.0 * eta).sinh();
        let cosh_eta = (1.0 + sinh_eta * sinh_eta).sqrt();
        let (twice_re, twice_im) = (2.0 * cos_xi * cosh_eta, -2.0 * sin_xi * sinh_eta);
        let (mut before, mut sine) = ((0.0, 0.0), (sin_xi * cosh_eta, cos_xi * sinh_eta));
        let (mut north, mut east) = (xi, eta);
        for alpha in ALPHA {
            north += alpha * sine.0;
            east += alpha * sine.1;
            let next =
                (twice_re * sine.0 - twice_im * sine.1 - before.0, twice_re * sine.1 + twice_im * sine.0 - before.1);
            (before, sine) = (sine, next);
        }
        Coord { x: RECTIFYING_M * east, y: RECTIFYING_M * north - self.northing_m }
    }

    /// The place of a local point; inverse of [`Self::enu`] to 1e-9 degrees within 200 km.
    pub fn lonlat(&self, at: Coord<f64>) -> LonLat {
        let e = (F * (2.0 - F)).sqrt();
        let (xi0, eta0) = ((at.y + self.northing_m) / RECTIFYING_M, at.x / RECTIFYING_M);
        let (mut xi, mut eta) = (xi0, eta0);
        for (k, beta) in BETA.iter().enumerate() {
            let m = 2.0 * (k + 1) as f64;
            xi -= beta * (m * xi0).sin() * (m * eta0).cosh();
            eta -= beta * (m * xi0).cos() * (m * eta0).sinh();
        }
        let conformal = xi.sin() / eta.sinh().hypot(xi.cos());
        let lon = eta.sinh().atan2(xi.cos());
        // Newton on the conformal latitude, Karney eqs. 19–21; three steps reach round-off.
        let mut tau = conformal;
        for _ in 0..3 {
            let sigma = (e * (e * tau / tau.hypot(1.0)).atanh()).sinh();
            let guess = tau * sigma.hypot(1.0) - sigma * tau.hypot(1.0);
            tau += (conformal - guess) / guess.hypot(1.0) * (1.0 + (1.0 - e * e) * tau * tau)
                / ((1.0 - e * e) * tau.hypot(1.0));
        }
        LonLat { lon: self.origin.lon + lon.to_degrees(), lat: tau.atan().to_degrees() }
    }
}

/// Rectifying radius, metre (Karney eq. 14).
const RECTIFYING_M: f64 = A_M / (1.0 + N) * (1.0 + N * N / 4.0 + N * N * N * N / 64.0);

/// Forward series coefficients (Karney eq. 35).
const ALPHA: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N * N + 5.0 / 16.0 * N * N * N + 41.0 / 180.0 * N * N * N * N,
    13.0 / 48.0 * N * N - 3.0 / 5.0 * N * N * N + 557.0 / 1440.0 * N * N * N * N,
    61.0 / 240.0 * N * N * N - 103.0 / 140.0 * N * N * N * N,
    49561.0 / 161_280.0 * N * N * N * N,
];

/// Inverse series coefficients (Karney eq. 36).
const BETA: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N * N + 37.0 / 96.0 * N * N * N - 1.0 / 360.0 * N * N * N * N,
    1.0 / 48.0 * N * N + 1.0 / 15.0 * N * N * N - 437.0 / 1440.0 * N * N * N * N,
    17.0 / 480.0 * N * N * N - 37.0 / 840.0 * N * N * N * N,
    4397.0 / 161_280.0 * N * N * N * N,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// UTM zone 32 (central meridian 9° E, scale 0.9996, false easting 500 km) of 10° E 50° N is
    /// 571,666.45 m E, 5,539,109.82 m N (published EPSG:32632 value).
    #[test]
    fn projection_agrees_with_utm() {
        let anchor = Anchor::new(LonLat { lon: 9.0, lat: 0.0 });
        let at = anchor.enu(LonLat { lon: 10.0, lat: 50.0 });
        assert!((at.x * 0.9996 + 500_000.0 - 571_666.45).abs() < 0.01, "{}", at.x * 0.9996 + 500_000.0);
        assert!((at.y * 0.9996 - 5_539_109.82).abs() < 0.01, "{}", at.y * 0.9996);
    }

    /// The recurrences against the series as it is printed (Karney eqs. 7–11, 35): 10 µm over a city.
    #[test]
    fn projection_agrees_with_the_printed_series() {
        for (lon, lat) in [(24.94, 60.17), (-51.2, -30.05), (103.85, 1.29), (7.42, 43.74), (0.0, 0.0), (10.0, 89.0)] {
            let anchor = Anchor::new(LonLat { lon, lat });
            for (dlon, dlat) in [(0.0, 0.0), (0.4, -0.3), (-1.0, 0.9), (0.001, 0.5)] {
                let place = LonLat { lon: lon + dlon, lat: lat + dlat };
                let (got, printed) = (anchor.enu(place), printed_series(&anchor, place));
                assert!((got.x - printed.x).hypot(got.y - printed.y) < 1e-5, "{place:?}: {got:?}, {printed:?}");
            }
        }
    }

    fn printed_series(anchor: &Anchor, place: LonLat) -> Coord<f64> {
        let e = (F * (2.0 - F)).sqrt();
        let sin_lat = place.lat.to_radians().sin();
        let (sin_lon, cos_lon) = (place.lon - anchor.origin.lon).to_radians().sin_cos();
        let conformal = (sin_lat.atanh() - e * (e * sin_lat).atanh()).sinh();
        let (xi, eta) = (conformal.atan2(cos_lon), (sin_lon / conformal.hypot(cos_lon)).asinh());
        let (mut north, mut east) = (xi, eta);
        for (k, alpha) in ALPHA.iter().enumerate() {
            let m = 2.0 * (k + 1) as f64;
            north += alpha * (m * xi).sin() * (m * eta).cosh();
            east += alpha * (m * xi).cos() * (m * eta).sinh();
        }
        Coord { x: RECTIFYING_M * east, y: RECTIFYING_M * north - anchor.northing_m }
    }

    #[test]
    fn projection_inverts() {
        for (lon, lat) in [(24.94, 60.17), (-51.2, -30.05), (103.85, 1.29), (7.42, 43.74), (0.0, 0.0)] {
            let anchor = Anchor::new(LonLat { lon, lat });
            for (dlon, dlat) in [(0.0, 0.0), (0.4, -0.3), (-1.0, 0.9), (0.001, 0.5)] {
                let place = LonLat { lon: lon + dlon, lat: lat + dlat };
                let back = anchor.lonlat(anchor.enu(place));
                assert!((back.lon - place.lon).abs() < 1e-9 && (back.lat - place.lat).abs() < 1e-9, "{place:?}");
            }
        }
    }
}
