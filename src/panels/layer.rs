//! The coloured layers of the map and the groups of things that can be shown or hidden: their words, scales
//! and ramps. The one place that says which number gets which colour; the map is coloured with
//! [`LayerInfo::colour`], so that picture and legend cannot disagree.

use citytwin_model::ramp::{NO_VALUE, Ramp, Rgb};

use crate::format::Unit;

/// What the map is coloured by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum LayerKind {
    /// Natural colours.
    #[default]
    Plain,
    /// Mean speed over the legal limit, share (1 = at the limit).
    TrafficSpeed,
    /// Vehicles per hour, both directions.
    TrafficFlow,
    /// Metres of vehicles that stand before the end of the road or wait to enter it, the worse direction.
    Queues,
    /// Vehicles per hour, variant less baseline.
    FlowChange,
    /// Electric load over floor area, W/m².
    BuildingLoad,
    /// Photovoltaic output over footprint area, W/m².
    Pv,
    /// Apparent power over rating, share (1 = rated).
    TransformerLoading,
    /// Quality of each sensor's latest reading.
    SensorQuality,
    /// Vehicles in the weekday's peak hour in user equilibrium, both directions.
    PeakFlow,
    /// Equilibrium flow over capacity, share (1 = full), the worse direction.
    Saturation,
    /// Level of service at equilibrium speed, by [`LEVELS`], the worse direction.
    LevelOfService,
    /// Vehicles in the peak hour with the changes, less those without.
    PeakShift,
    /// Vehicles in the peak hour that also use the picked road.
    RoadUsers,
    /// Minutes by car in the peak hour from the picked place.
    Reach,
    /// Voltage over nominal, by [`VOLTAGES`].
    Voltage,
    /// Current over rating of cables and transformers, by [`LOADINGS`].
    GridLoading,
    /// Active power through a cable over its rating, away from the substation positive.
    PowerDirection,
    /// Electric load less photovoltaics over floor area, W/m²; what goes back into the grid negative.
    NetLoad,
    /// Power of the cars that charge at a building, W.
    Charging,
    /// Heat into rooms over floor area in a year, kWh/m².
    HeatDemand,
    /// Photovoltaic yield over footprint area in a year, kWh/m².
    PvYield,
}

/// Things that can be shown or hidden together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LayerGroup {
    Buildings,
    Roads,
    Railways,
    Water,
    Green,
    Trees,
    Vehicles,
    Signals,
    Energy,
    Sensors,
    Labels,
    Shadows,
}

/// A layer with its present scale.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerInfo {
    pub kind: LayerKind,
    /// Value at the ramp's start, in the layer's unit.
    pub low: f64,
    /// Value at the ramp's end.
    pub high: f64,
    /// Why the layer cannot be shown now, in words for a person.
    pub unavailable: Option<String>,
}

/// The legend's four named colours of a categorical layer.
pub const QUALITIES: [(&str, citytwin_model::Quality); 4] = [
    ("Good", citytwin_model::Quality::Good),
    ("Uncertain", citytwin_model::Quality::Uncertain),
    ("Bad", citytwin_model::Quality::Bad),
    ("Stale or silent", citytwin_model::Quality::Stale),
];

/// Levels of service, best first (HCM, 6th edition).
pub const LEVELS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// A named range of values with its colour.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Band {
    /// Its upper end, as the legend writes it; nothing above the last.
    pub mark: &'static str,
    /// Values below it, in the layer's unit; above the band before.
    pub below: f64,
    pub colour: Rgb,
}

const fn band(mark: &'static str, below: f64, colour: Rgb) -> Band {
    Band { mark, below, colour }
}

/// Voltages over nominal: the limits of EN 50160 (±10 %), the narrower ±5 % that planners keep, and ±2 % (ColorBrewer's PuOr).
pub const VOLTAGES: [Band; 7] = [
    band("0.90", 0.90, [179, 88, 6]),
    band("0.95", 0.95, [241, 163, 64]),
    band("0.98", 0.98, [254, 224, 182]),
    band("1.02", 1.02, [247, 247, 247]),
    band("1.05", 1.05, [216, 218, 235]),
    band("1.10", 1.10, [153, 142, 195]),
    band("", f64::INFINITY, [84, 39, 136]),
];

/// Loadings (ColorBrewer's RdYlBu).
pub const LOADINGS: [Band; 5] = [
    band("20", 0.2, [69, 117, 180]),
    band("50", 0.5, [145, 191, 219]),
    band("80", 0.8, [254, 224, 144]),
    band("100", 1.0, [252, 141, 89]),
    band("", f64::INFINITY, [215, 48, 39]),
];

/// The colour of a level by its number, A is 0.
pub fn level_colour(level: usize) -> Rgb {
    Ramp::HighIsBad.colour(level as f64 / (LEVELS.len() - 1) as f64)
}

impl LayerKind {
    pub const ALL: [Self; 22] = [
        Self::Plain,
        Self::TrafficSpeed,
        Self::TrafficFlow,
        Self::FlowChange,
        Self::BuildingLoad,
        Self::Pv,
        Self::TransformerLoading,
        Self::SensorQuality,
        Self::Queues,
        Self::NetLoad,
        Self::Charging,
        Self::Voltage,
        Self::GridLoading,
        Self::PowerDirection,
        Self::HeatDemand,
        Self::PvYield,
        Self::PeakFlow,
        Self::Saturation,
        Self::LevelOfService,
        Self::PeakShift,
        Self::RoadUsers,
        Self::Reach,
    ];

    /// Whether it shows the peak hour's equilibrium, not the live city.
    pub const fn is_peak(self) -> bool {
        matches!(
            self,
            Self::PeakFlow | Self::Saturation | Self::LevelOfService | Self::PeakShift | Self::RoadUsers | Self::Reach
        )
    }

    /// Whether it shows the year of energy, not the live city.
    pub const fn is_year(self) -> bool {
        matches!(self, Self::HeatDemand | Self::PvYield)
    }

    /// Whether it colours the power grid's cables and stations.
    pub const fn is_grid(self) -> bool {
        matches!(self, Self::Voltage | Self::GridLoading | Self::PowerDirection)
    }

    /// The ranges of a layer that has no continuous scale, and what its marks count.
    pub const fn bands(self) -> Option<(&'static [Band], &'static str)> {
        match self {
            Self::Voltage => Some((&VOLTAGES, "of nominal (pu)")),
            Self::GridLoading => Some((&LOADINGS, "% of rating")),
            _ => None,
        }
    }

    /// The name on the button.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Plain => "Natural",
            Self::TrafficSpeed => "Traffic speed",
            Self::TrafficFlow => "Traffic flow",
            Self::Queues => "Queues",
            Self::FlowChange => "Flow change",
            Self::BuildingLoad => "Electric load",
            Self::Pv => "Solar power",
            Self::TransformerLoading => "Transformers",
            Self::SensorQuality => "Sensors",
            Self::PeakFlow => "Volume",
            Self::Saturation => "Saturation (V/C)",
            Self::LevelOfService => "Level of service",
            Self::PeakShift => "Traffic shift",
            Self::RoadUsers => "Road's users",
            Self::Reach => "Time from here",
            Self::Voltage => "Voltage",
            Self::GridLoading => "Grid loading",
            Self::PowerDirection => "Power flow",
            Self::NetLoad => "Net load",
            Self::Charging => "Charger power",
            Self::HeatDemand => "Heat demand",
            Self::PvYield => "Solar yield",
        }
    }

    /// One sentence on what the colours mean.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Plain => "Buildings, water and green as they look by day.",
            Self::TrafficSpeed => "Mean speed of vehicles now, as a share of the legal limit.",
            Self::TrafficFlow => "Vehicles per hour over the last quarter of an hour, per direction.",
            Self::Queues => {
                "Metres from the end of the road to the last vehicle slower than 5 km/h, now; the worse direction."
            }
            Self::FlowChange => "Vehicles per hour with your changes, less those without.",
            Self::BuildingLoad => "Electric power each building draws now, per m² of floor.",
            Self::Pv => "Power of the building's rooftop photovoltaics now, per m² of footprint.",
            Self::TransformerLoading => "Power through each transformer, as a share of its rating.",
            Self::SensorQuality => "How far each sensor's latest reading can be believed.",
            Self::PeakFlow => {
                "Vehicles per hour in a weekday's peak hour, both directions, every driver on the quickest way."
            }
            Self::Saturation => "Peak-hour volume over what the road can carry; the worse direction.",
            Self::LevelOfService => {
                "HCM's bands, A free to F jammed: speed between junctions, delay at signals; the worse direction."
            }
            Self::PeakShift => "Peak-hour vehicles with your changes, less those without.",
            Self::RoadUsers => {
                "Where the peak hour's drivers on the selected road come from and go to, street by street."
            }
            Self::Reach => "Minutes by car in the peak hour from the selected road.",
            Self::Voltage => {
                "Voltage of cables and at buildings now, over nominal (EN 50160 allows 0.90 to 1.10). Synthetic grid."
            }
            Self::GridLoading => {
                "Current through cables, power through transformers now, over their rating. Synthetic grid."
            }
            Self::PowerDirection => {
                "Power through each cable over its rating: to the customers, or back from them. Synthetic grid."
            }
            Self::NetLoad => "What each building takes from the grid now, or gives back, per m² of floor.",
            Self::Charging => "Power of the electric cars that charge at each building now, at home and at work.",
            Self::HeatDemand => {
                "Heat into the rooms of each building in a year, per m² of floor; hot water is not in it."
            }
            Self::PvYield => {
                "What each roof's photovoltaics give in a year, per m² of footprint, in its neighbours' shadows."
            }
        }
    }

    /// Unit of the scale; `None` where colours are names.
    pub const fn unit(self) -> Option<Unit> {
        match self {
            Self::Plain | Self::SensorQuality | Self::LevelOfService | Self::Voltage | Self::GridLoading => None,
            Self::TrafficSpeed | Self::TransformerLoading | Self::Saturation | Self::PowerDirection => {
                Some(Unit::Share)
            }
            Self::TrafficFlow | Self::FlowChange | Self::PeakFlow | Self::PeakShift | Self::RoadUsers => {
                Some(Unit::VehiclesPerHour)
            }
            Self::Reach => Some(Unit::Of("min")),
            Self::Queues => Some(Unit::Metres),
            Self::BuildingLoad | Self::Pv | Self::NetLoad => Some(Unit::WattsPerSquareMetre),
            Self::Charging => Some(Unit::Watts),
            Self::HeatDemand | Self::PvYield => Some(Unit::KilowattHoursPerSquareMetre),
        }
    }

    /// The ramp; `None` where colours are names.
    pub const fn ramp(self) -> Option<Ramp> {
        match self {
            Self::Plain | Self::SensorQuality | Self::LevelOfService | Self::Voltage | Self::GridLoading => None,
            Self::TrafficSpeed => Some(Ramp::LowIsBad),
            Self::TrafficFlow | Self::BuildingLoad | Self::Charging | Self::PeakFlow | Self::RoadUsers => {
                Some(Ramp::Sequential)
            }
            Self::FlowChange | Self::PeakShift | Self::PowerDirection | Self::NetLoad => Some(Ramp::Diverging),
            Self::Pv | Self::PvYield | Self::HeatDemand => Some(Ramp::Warm),
            Self::TransformerLoading | Self::Saturation | Self::Reach | Self::Queues => Some(Ramp::HighIsBad),
        }
    }

    /// The colours as a table over 0…1, for a renderer: the ramp, the bands, or equal bands for [`LEVELS`]; else all grey.
    pub fn colours(self) -> [Rgb; 256] {
        let (low, high) = self.usual_range();
        std::array::from_fn(|k| match (self.ramp(), self.bands()) {
            (Some(ramp), _) => ramp.colour(k as f64 / 255.0),
            (None, Some((bands, _))) => {
                let value = low + (high - low) * k as f64 / 255.0;
                bands.iter().find(|band| value < band.below).map_or(NO_VALUE, |band| band.colour)
            }
            (None, None) if self == Self::LevelOfService => level_colour(k * LEVELS.len() / 256),
            (None, None) => NO_VALUE,
        })
    }

    /// Words at both ends of the legend.
    pub const fn ends(self) -> (&'static str, &'static str) {
        match self {
            Self::TrafficSpeed => ("slow", "free"),
            Self::Queues => ("none", "long"),
            Self::FlowChange | Self::PeakShift => ("less", "more"),
            Self::TransformerLoading => ("light", "overloaded"),
            Self::Saturation => ("empty", "over capacity"),
            Self::Reach => ("near", "far"),
            Self::PowerDirection => ("back", "to customers"),
            Self::NetLoad => ("gives", "takes"),
            Self::HeatDemand => ("little", "much"),
            _ => ("", ""),
        }
    }

    /// Scale to start with, in the layer's unit. V/C: to a fifth over capacity. Time: the longest isochrone. Speed: nothing to the limit. Flow: 1,500 veh/h, about one
    /// signalled lane's daily peak (HCM 2010, saturation 1,900 veh/h × green share). Load: 20 W/m², an office
    /// at its peak. PV: 150 W/m² of footprint, a roof two thirds covered at full sun. Loading: 1.5 of rating.
    pub const fn usual_range(self) -> (f64, f64) {
        match self {
            Self::Plain | Self::SensorQuality | Self::TrafficSpeed => (0.0, 1.0),
            Self::TrafficFlow | Self::PeakFlow => (0.0, 1_500.0),
            // A queue of 100 m fills most of a block.
            Self::Queues => (0.0, 100.0),
            Self::FlowChange | Self::PeakShift => (-500.0, 500.0),
            Self::Saturation => (0.0, 1.2),
            // Positions are the letters' numbers: A is 0.
            Self::LevelOfService => (-0.5, 5.5),
            Self::RoadUsers => (0.0, 300.0),
            Self::Reach => (0.0, 45.0),
            Self::BuildingLoad => (0.0, 20.0),
            Self::Pv => (0.0, 150.0),
            Self::TransformerLoading => (0.0, 1.5),
            // Wide enough for the bands at both ends.
            Self::Voltage => (0.85, 1.15),
            Self::GridLoading => (0.0, 1.25),
            Self::PowerDirection => (-1.0, 1.0),
            // Both ends alike: a roof at full sun gives about 15 W per m² of a house's floor.
            Self::NetLoad => (-20.0, 20.0),
            // Two cars at plugs of 11 kW.
            Self::Charging => (0.0, 22_000.0),
            // From a passive house to a leaky one of 1960.
            Self::HeatDemand => (0.0, 250.0),
            // A roof two thirds covered in the south of Europe.
            Self::PvYield => (0.0, 150.0),
        }
    }
}

impl LayerInfo {
    /// The layer with its usual scale, ready to be shown.
    pub fn usual(kind: LayerKind) -> Self {
        let (low, high) = kind.usual_range();
        Self { kind, low, high, unavailable: None }
    }

    /// The same, but not to be had now.
    pub fn unavailable(kind: LayerKind, why: impl Into<String>) -> Self {
        Self { unavailable: Some(why.into()), ..Self::usual(kind) }
    }

    /// Where a value in the layer's unit lies on the scale, 0…1; NaN stays NaN.
    pub fn position(&self, value: f64) -> f32 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) as f32
    }

    /// The colour of a value in the layer's unit.
    pub fn colour(&self, value: f64) -> Rgb {
        self.kind.ramp().map_or(NO_VALUE, |ramp| ramp.colour_of(value, self.low, self.high))
    }
}

impl LayerGroup {
    pub const ALL: [Self; 12] = [
        Self::Buildings,
        Self::Roads,
        Self::Railways,
        Self::Water,
        Self::Green,
        Self::Trees,
        Self::Vehicles,
        Self::Signals,
        Self::Energy,
        Self::Sensors,
        Self::Labels,
        Self::Shadows,
    ];

    /// The name beside the box.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Buildings => "Buildings",
            Self::Roads => "Roads",
            Self::Railways => "Railways",
            Self::Water => "Water",
            Self::Green => "Green",
            Self::Trees => "Trees",
            Self::Vehicles => "Vehicles",
            Self::Signals => "Traffic lights",
            Self::Energy => "Energy",
            Self::Sensors => "Sensors",
            Self::Labels => "Names",
            Self::Shadows => "Shadows",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_numeric_layer_has_ramp_unit_and_a_range() {
        for kind in LayerKind::ALL {
            assert_eq!(kind.ramp().is_some(), kind.unit().is_some(), "{kind:?}");
            let info = LayerInfo::usual(kind);
            assert!(info.low < info.high, "{kind:?}");
            assert_eq!(info.colour(f64::NAN), NO_VALUE, "{kind:?}");
        }
        assert!(LayerInfo::usual(LayerKind::Pv).position(f64::NAN).is_nan());
        assert_eq!(LayerInfo::usual(LayerKind::Pv).position(1e9), 1.0);
        for (kind, value, colour) in [
            (LayerKind::Voltage, 1.0, [247, 247, 247]),
            (LayerKind::Voltage, 0.89, [179, 88, 6]),
            (LayerKind::Voltage, 1.2, [84, 39, 136]),
            (LayerKind::GridLoading, 0.99, [252, 141, 89]),
            (LayerKind::GridLoading, 1.01, [215, 48, 39]),
        ] {
            let position = LayerInfo::usual(kind).position(value);
            assert_eq!(kind.colours()[(position * 255.0).round() as usize], colour, "{kind:?} {value}");
        }
        let change = LayerInfo::usual(LayerKind::FlowChange);
        assert_eq!(change.colour(0.0), [247, 247, 247], "no change is the neutral middle");
    }
}
