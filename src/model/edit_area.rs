//! What-ifs of a part of the city: a share that holds within a circle instead of the city's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Anchor, Coord, GeoBounds, LonLat};

/// What customers take up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Technology {
    /// Photovoltaics on suitable roofs.
    Photovoltaics,
    /// Electric cars of the households.
    ElectricCars,
    /// Heat pumps in place of boilers.
    HeatPumps,
}

impl Technology {
    pub const ALL: [Self; 3] = [Self::Photovoltaics, Self::ElectricCars, Self::HeatPumps];

    /// The word of edits, e.g. `pv`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Photovoltaics => "pv",
            Self::ElectricCars => "ev",
            Self::HeatPumps => "hp",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|technology| technology.word() == word)
    }
}

/// A circle on the map. Its text, `7.20120,54.59710,400`, gives place and radius to the metre; two areas are the same where
/// these are.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Area {
    pub centre: LonLat,
    pub radius_m: f64,
}

impl Area {
    /// Radii that an area may have, metre.
    pub const RADIUS_M: (f64, f64) = (10.0, 20_000.0);

    /// To the metre, as it is written.
    pub fn rounded(self) -> Self {
        let degree = |x: f64| (x * 1e5).round() / 1e5;
        let centre = LonLat { lon: degree(self.centre.lon), lat: degree(self.centre.lat) };
        Self { centre, radius_m: self.radius_m.round() }
    }

    /// Whether it touches the box.
    pub fn touches(&self, bounds: &GeoBounds) -> bool {
        let anchor = Anchor::new(self.centre);
        let LonLat { lon, lat } = self.centre;
        let nearest = LonLat { lon: lon.clamp(bounds.west, bounds.east), lat: lat.clamp(bounds.south, bounds.north) };
        let Coord { x, y } = anchor.enu(nearest);
        x.hypot(y) <= self.radius_m
    }
}

/// A share that holds within an area.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AreaShare {
    pub technology: Technology,
    pub area: Area,
    /// 0…1.
    pub share: f64,
}

/// A request for an area: its share, or that of the city again (None).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AreaRequest {
    pub technology: Technology,
    pub area: Area,
    pub share: Option<f64>,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.5},{:.5},{:.0}", self.centre.lon, self.centre.lat, self.radius_m)
    }
}

impl fmt::Display for AreaRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}=", self.technology.word(), self.area)?;
        match self.share {
            Some(share) => write!(f, "{share}"),
            None => f.write_str("city"),
        }
    }
}

impl FromStr for AreaRequest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (word, rest) = text.split_once('@').ok_or(())?;
        let (area, share) = rest.split_once('=').ok_or(())?;
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse::<f64>().ok()).ok_or(());
        let mut parts = area.split(',');
        let (lon, lat, radius_m) = (number(parts.next())?, number(parts.next())?, number(parts.next())?);
        if parts.next().is_some() {
            return Err(());
        }
        Ok(Self {
            technology: Technology::from_word(word).ok_or(())?,
            area: Area { centre: LonLat { lon, lat }, radius_m },
            share: if share == "city" { None } else { Some(number(Some(share))?) },
        })
    }
}

impl Serialize for AreaShare {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { technology, area, share } = *self;
        serializer.collect_str(&AreaRequest { technology, area, share: Some(share) })
    }
}

impl<'de> Deserialize<'de> for AreaShare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let request: Option<AreaRequest> = text.parse().ok();
        let read =
            request.and_then(|AreaRequest { technology, area, share }| Some(Self { technology, area, share: share? }));
        read.ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no share of an area")))
    }
}
