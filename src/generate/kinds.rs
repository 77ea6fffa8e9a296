//! What a street is: class, lanes, land; and where a piece of it runs. Data alone.

/// What a street is, most important first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    Trunk,
    TrunkLink,
    Primary,
    Secondary,
    Tertiary,
    Unclassified,
    Residential,
    LivingStreet,
    Service,
    Track,
    Pedestrian,
    Footway,
}

impl Class {
    /// The value of `highway=*`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Trunk => "trunk",
            Self::TrunkLink => "trunk_link",
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Tertiary => "tertiary",
            Self::Unclassified => "unclassified",
            Self::Residential => "residential",
            Self::LivingStreet => "living_street",
            Self::Service => "service",
            Self::Track => "track",
            Self::Pedestrian => "pedestrian",
            Self::Footway => "footway",
        }
    }

    /// Open to cars.
    pub fn is_motor(self) -> bool {
        self <= Self::Service
    }

    /// Whether side streets may join it.
    pub fn takes_side_streets(self) -> bool {
        !matches!(self, Self::Trunk | Self::TrunkLink)
    }
}

/// Where a piece of street runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Span {
    Ground,
    Bridge,
    Tunnel,
}

/// What is the same along a street.
#[derive(Clone, PartialEq, Debug)]
pub struct Kind {
    pub class: Class,
    pub name: String,
    /// From the centre line to where a block begins, metre.
    pub half_m: f64,
    /// Lanes of both directions together; of the one direction where one-way.
    pub lanes: u8,
    pub speed_kmh: u8,
    pub oneway: bool,
    pub roundabout: bool,
    /// Rows of trees along both sides.
    pub avenue: bool,
    pub tram: bool,
}

impl Kind {
    pub fn new(class: Class, half_m: f64, lanes: u8, speed_kmh: u8) -> Self {
        let (name, oneway, roundabout, avenue, tram) = (String::new(), false, false, false, false);
        Self { class, name, half_m, lanes, speed_kmh, oneway, roundabout, avenue, tram }
    }
}
