//! From a source id or a place to a sensor of the city.

use std::collections::HashMap;

use citytwin_model::{Anchor, FeatureRef, LonLat, Quantity, Sensor, SensorId, SourceRef};
use rstar::{RTree, primitives::GeomWithData};

/// Among which sensors the nearest is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NearestKind {
    Any,
    /// Those that observe a road.
    Road,
    /// Those that observe a building.
    Building,
    /// Those that observe an energy asset.
    EnergyAsset,
}

impl NearestKind {
    pub(super) const NAMES: [&'static str; 4] = ["any", "road", "building", "energy_asset"];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "any" => Some(Self::Any),
            "road" => Some(Self::Road),
            "building" => Some(Self::Building),
            "energy_asset" => Some(Self::EnergyAsset),
            _ => None,
        }
    }

    const fn holds(self, observes: Option<FeatureRef>) -> bool {
        match self {
            Self::Any => true,
            Self::Road => matches!(observes, Some(FeatureRef::Road(_))),
            Self::Building => matches!(observes, Some(FeatureRef::Building(_))),
            Self::EnergyAsset => matches!(observes, Some(FeatureRef::EnergyAsset(_))),
        }
    }
}

/// How a reading found its sensor.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Match {
    /// By the sensor's id.
    Source,
    /// As the nearest, so many metres away.
    Nearest { distance_m: f64 },
}

/// Why there is no sensor.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub(super) enum NoTarget {
    #[error("no sensor of the city is called `{0}`")]
    Unknown(String),
    #[error("sensor `{sensor}` measures {its}, not {quantity}")]
    OtherQuantity { sensor: String, its: Quantity, quantity: Quantity },
    #[error("the payload tells no place to look for the nearest sensor at")]
    NoPlace,
    #[error("no sensor of {quantity} within {within_m} m; the nearest is {nearest_m:.0} m away")]
    TooFar { quantity: Quantity, within_m: f64, nearest_m: f64 },
    #[error("the city has no such sensor of {0}")]
    None(Quantity),
}

impl NoTarget {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown sensor",
            Self::OtherQuantity { .. } => "sensor of another quantity",
            Self::NoPlace => "no place",
            Self::TooFar { .. } | Self::None(_) => "no sensor near",
        }
    }
}

type Tree = RTree<GeomWithData<[f64; 2], SensorId>>;

/// The sensors of a city, by id and by place.
#[derive(Debug)]
pub(super) struct Targets {
    by_id: HashMap<Box<str>, (SensorId, Quantity)>,
    anchor: Anchor,
    trees: HashMap<(NearestKind, Quantity), Tree>,
    count: usize,
}

impl Targets {
    /// `wanted`: the kinds and quantities that mappings look for by place.
    pub fn new(sensors: &[Sensor], anchor: Anchor, wanted: impl Iterator<Item = (NearestKind, Quantity)>) -> Self {
        let by_id = sensors.iter().filter_map(|sensor| match &sensor.source {
            SourceRef::Local(_, id) => Some((Box::from(&**id), (sensor.id, sensor.quantity))),
            _ => None,
        });
        let tree = |(kind, quantity): (NearestKind, Quantity)| {
            let fits = |s: &&Sensor| s.quantity == quantity && kind.holds(s.observes);
            let points = sensors.iter().filter(fits).map(|s| GeomWithData::new([s.at.x, s.at.y], s.id));
            ((kind, quantity), RTree::bulk_load(points.collect()))
        };
        let count = sensors.iter().map(|s| s.id.index() + 1).max().unwrap_or(0);
        Self { by_id: by_id.collect(), anchor, trees: wanted.map(tree).collect(), count }
    }

    /// One more than the largest index.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// `id` as in city.toml, with or without `sensor/` before it.
    pub fn by_id(&self, id: &str, quantity: Quantity) -> Result<SensorId, NoTarget> {
        let bare = id.strip_prefix("sensor/").unwrap_or(id);
        match self.by_id.get(bare) {
            Some((sensor, its)) if *its == quantity => Ok(*sensor),
            Some((_, its)) => {
                Err(NoTarget::OtherQuantity { sensor: crate::payload::excerpt(bare), its: *its, quantity })
            }
            None => Err(NoTarget::Unknown(crate::payload::excerpt(bare))),
        }
    }

    /// The nearest within a distance, and how far it is, metre. Of several equally near ones, the first of the city.
    pub fn nearest(
        &self,
        (kind, quantity): (NearestKind, Quantity),
        place: Option<LonLat>,
        within_m: f64,
    ) -> Result<(SensorId, f64), NoTarget> {
        let at = self.anchor.enu(place.ok_or(NoTarget::NoPlace)?);
        let tree = self.trees.get(&(kind, quantity)).ok_or(NoTarget::None(quantity))?;
        if !at.x.is_finite() || !at.y.is_finite() {
            return Err(NoTarget::NoPlace);
        }
        let nearest = tree.nearest_neighbors(&[at.x, at.y]);
        let first = nearest.iter().min_by_key(|point| point.data.0).ok_or(NoTarget::None(quantity))?;
        let [x, y] = *first.geom();
        let distance_m = (x - at.x).hypot(y - at.y);
        if distance_m <= within_m {
            Ok((first.data, distance_m))
        } else {
            Err(NoTarget::TooFar { quantity, within_m, nearest_m: distance_m })
        }
    }
}
