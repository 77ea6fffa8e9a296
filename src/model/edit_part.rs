//! What-ifs of a part of the city: a share that holds within a circle, for buildings of some years, or both, instead of the city's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Anchor, Coord, GeoBounds, LonLat};

/// What customers take up. Saved as its word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Technology {
    /// Photovoltaics on suitable roofs.
    #[serde(rename = "pv")]
    Photovoltaics,
    /// Electric cars of the households.
    #[serde(rename = "ev")]
    ElectricCars,
    /// Heat pumps in place of boilers.
    #[serde(rename = "hp")]
    HeatPumps,
    /// Batteries in buildings with photovoltaics.
    #[serde(rename = "battery")]
    Batteries,
    /// The usual retrofit of heated buildings: insulation and windows.
    #[serde(rename = "retrofit")]
    Retrofit,
}

impl Technology {
    pub const ALL: [Self; 5] =
        [Self::Photovoltaics, Self::ElectricCars, Self::HeatPumps, Self::Batteries, Self::Retrofit];

    /// The word of edits, e.g. `pv`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Photovoltaics => "pv",
            Self::ElectricCars => "ev",
            Self::HeatPumps => "hp",
            Self::Batteries => "battery",
            Self::Retrofit => "retrofit",
        }
    }

    /// What a person calls it, within a sentence.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Photovoltaics => "solar",
            Self::ElectricCars => "electric cars",
            Self::HeatPumps => "heat pumps",
            Self::Batteries => "home batteries",
            Self::Retrofit => "retrofit",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|technology| technology.word() == word)
    }
}

/// When electric cars take their energy while they are parked.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargingRule {
    /// At full power from arrival on.
    #[default]
    Immediate,
    /// In the tariff's night hours where the stay has such.
    OffPeak,
    /// While photovoltaics of the building or its station give more than is used.
    SolarFollowing,
    /// So that the station stays within its rating.
    FeederLimited,
}

impl ChargingRule {
    pub const ALL: [Self; 4] = [Self::Immediate, Self::OffPeak, Self::SolarFollowing, Self::FeederLimited];

    /// The word of edits, e.g. `off_peak`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::OffPeak => "off_peak",
            Self::SolarFollowing => "solar",
            Self::FeederLimited => "feeder",
        }
    }

    /// Inverse of [`Self::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }

    /// What a person calls it.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Immediate => "at once",
            Self::OffPeak => "at night rate",
            Self::SolarFollowing => "with the sun",
            Self::FeederLimited => "as the station allows",
        }
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

/// Years of construction, both ends in it. Its text: `1949-1978`, `-1948`, `2010-`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Years {
    pub first: u16,
    pub last: u16,
}

impl Years {
    /// The bands that a city's stock is told by: those of `assets/energy/building_archetypes.csv`.
    pub const BANDS: [Self; 5] = [
        Self { first: 0, last: 1948 },
        Self { first: 1949, last: 1978 },
        Self { first: 1979, last: 1994 },
        Self { first: 1995, last: 2009 },
        Self { first: 2010, last: u16::MAX },
    ];
    /// Any year.
    const ALL: Self = Self { first: 0, last: u16::MAX };

    pub const fn contains(self, year: u16) -> bool {
        self.first <= year && year <= self.last
    }
}

/// A part of the city: what lies within a circle, what was built in some years, or what is both.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Part {
    pub within: Option<Area>,
    pub built: Option<Years>,
}

impl Part {
    pub const fn circle(area: Area) -> Self {
        Self { within: Some(area), built: None }
    }

    pub const fn years(years: Years) -> Self {
        Self { within: None, built: Some(years) }
    }
}

/// A share that holds in a part of the city.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PartShare {
    pub technology: Technology,
    pub part: Part,
    /// 0…1.
    pub share: f64,
}

/// A request for a part: its share, or that of the city again (None).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PartRequest {
    pub technology: Technology,
    pub part: Part,
    pub share: Option<f64>,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.5},{:.5},{:.0}", self.centre.lon, self.centre.lat, self.radius_m)
    }
}

impl fmt::Display for Years {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = *self;
        if first > Self::ALL.first {
            write!(f, "{first}")?;
        }
        f.write_str("-")?;
        if last < Self::ALL.last { write!(f, "{last}") } else { Ok(()) }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.within, self.built) {
            (Some(area), Some(years)) => write!(f, "{area},{years}"),
            (Some(area), None) => area.fmt(f),
            (None, years) => years.unwrap_or(Years::ALL).fmt(f),
        }
    }
}

impl fmt::Display for PartRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}=", self.technology.word(), self.part)?;
        match self.share {
            Some(share) => write!(f, "{share}"),
            None => f.write_str("city"),
        }
    }
}

impl FromStr for Years {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (first, last) = text.trim().split_once('-').ok_or(())?;
        let year = |text: &str, open: u16| if text.is_empty() { Ok(open) } else { text.parse().map_err(drop) };
        let years = Self { first: year(first, Self::ALL.first)?, last: year(last, Self::ALL.last)? };
        if years != Self::ALL && years.first <= years.last { Ok(years) } else { Err(()) }
    }
}

impl FromStr for Part {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |text: &str| text.trim().parse::<f64>().map_err(drop);
        let area = |lon: &str, lat: &str, radius_m: &str| {
            let centre = LonLat { lon: number(lon)?, lat: number(lat)? };
            Ok(Area { centre, radius_m: number(radius_m)? })
        };
        match *text.split(',').collect::<Vec<_>>() {
            [years] => Ok(Self::years(years.parse()?)),
            [lon, lat, radius_m] => Ok(Self::circle(area(lon, lat, radius_m)?)),
            [lon, lat, radius_m, years] => {
                Ok(Self { within: Some(area(lon, lat, radius_m)?), built: Some(years.parse()?) })
            }
            _ => Err(()),
        }
    }
}

impl FromStr for PartRequest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (word, rest) = text.split_once('@').ok_or(())?;
        let (part, share) = rest.split_once('=').ok_or(())?;
        Ok(Self {
            technology: Technology::from_word(word).ok_or(())?,
            part: part.parse()?,
            share: if share == "city" { None } else { Some(share.trim().parse().map_err(drop)?) },
        })
    }
}

impl Serialize for PartShare {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { technology, part, share } = *self;
        serializer.collect_str(&PartRequest { technology, part, share: Some(share) })
    }
}

impl<'de> Deserialize<'de> for PartShare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let request: Option<PartRequest> = text.parse().ok();
        let read =
            request.and_then(|PartRequest { technology, part, share }| Some(Self { technology, part, share: share? }));
        read.ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no share of a part of the city")))
    }
}
