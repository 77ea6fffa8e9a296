//! Changes of the road network: close, reopen, one-way, lanes, speed limit, toll, turn ban. A wish is checked into a
//! change that holds what was and what will be; all changes in force are [`NetworkChanges`].
//!
//! A change names its road by source and holds for all links of it. What it does to links, turns and signals is the
//! engine's to work out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{City, Oneway, Road, RoadClass, SourceRef};

/// What a person may ask for. `None` stands for "as the map has it".
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkEdit {
    Close(SourceRef),
    Reopen(SourceRef),
    /// Only for directions that the map's road has: a two-way road becomes one-way and two-way again.
    Oneway {
        road: SourceRef,
        way: Option<Oneway>,
    },
    /// Lanes in each direction that is driven, 1…8.
    Lanes {
        road: SourceRef,
        lanes: Option<u8>,
    },
    /// Legal limit, 5…130 km/h.
    SpeedLimit {
        road: SourceRef,
        kmh: Option<f64>,
    },
    /// Charged once for each link of the road driven, in the city's currency, 0…1000.
    Toll {
        road: SourceRef,
        toll: f64,
    },
    BanTurn(TurnRef),
    AllowTurn(TurnRef),
}

/// A turn by its sources: from a road over a node into a road. Written `way/1>node/2>way/3`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TurnRef {
    pub from: SourceRef,
    pub via: SourceRef,
    pub to: SourceRef,
}

/// What is changed about one road; the default changes nothing.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoadChange {
    pub closed: bool,
    pub oneway: Option<Oneway>,
    pub lanes: Option<u8>,
    pub speed_kmh: Option<f64>,
    pub toll: f64,
}

/// All changes in force.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkChanges {
    /// Never holds a change that changes nothing.
    pub roads: BTreeMap<SourceRef, RoadChange>,
    /// Turns banned beyond the map's own restrictions.
    pub banned: BTreeSet<TurnRef>,
}

/// A checked change with what was and what will be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkChange {
    Road { road: SourceRef, was: RoadChange, will: RoadChange },
    Turn { turn: TurnRef, was_banned: bool, banned: bool },
}

/// Why a network edit cannot be done.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum NetworkEditError {
    #[error("{0} is not a road of this city")]
    UnknownRoad(SourceRef),
    #[error("{0} carries no motor vehicles, so there is nothing to change")]
    NotMotor(SourceRef),
    #[error("{0} has no links in that direction: only what the map lets be driven both ways can change its way")]
    NoSuchDirection(SourceRef),
    #[error("there is no turn {0} in this city")]
    UnknownTurn(TurnRef),
    #[error("{what} must lie between {low} and {high}, not {value}")]
    OutOfRange { what: &'static str, low: f64, high: f64, value: f64 },
    #[error(
        "`{0}` is no network edit; write close:way/9, reopen:way/9, oneway:way/9=forward (backward, both, map), \
         lanes:way/9=2 (or map), speed:way/9=30 (km/h, or map), toll:way/9=1.5, ban:way/1>node/2>way/3 or \
         allow:way/1>node/2>way/3"
    )]
    Unreadable(String),
}

impl NetworkChanges {
    /// Turns a wish into a change of these. `Ok(None)` where it changes nothing.
    ///
    /// # Errors
    /// The road or turn is not there or carries no motor vehicles, a value is out of range.
    pub fn check(&self, city: &City, edit: &NetworkEdit) -> Result<Option<NetworkChange>, NetworkEditError> {
        let turn = match edit {
            NetworkEdit::BanTurn(turn) | NetworkEdit::AllowTurn(turn) => turn,
            NetworkEdit::Close(road)
            | NetworkEdit::Reopen(road)
            | NetworkEdit::Oneway { road, .. }
            | NetworkEdit::Lanes { road, .. }
            | NetworkEdit::SpeedLimit { road, .. }
            | NetworkEdit::Toll { road, .. } => return self.check_road(city, road, edit),
        };
        let banned = matches!(edit, NetworkEdit::BanTurn(_));
        if !turn.exists(city) {
            return Err(NetworkEditError::UnknownTurn(turn.clone()));
        }
        let was_banned = self.banned.contains(turn);
        Ok((was_banned != banned).then(|| NetworkChange::Turn { turn: turn.clone(), was_banned, banned }))
    }

    fn check_road(
        &self,
        city: &City,
        source: &SourceRef,
        edit: &NetworkEdit,
    ) -> Result<Option<NetworkChange>, NetworkEditError> {
        let road = city.roads.iter().find(|r| r.source == *source);
        let road = road.ok_or_else(|| NetworkEditError::UnknownRoad(source.clone()))?;
        if !road.class.is_motor() || road.class == RoadClass::Busway {
            return Err(NetworkEditError::NotMotor(source.clone()));
        }
        let was = self.roads.get(source).copied().unwrap_or_default();
        let mut will = was;
        match edit {
            NetworkEdit::Close(_) => will.closed = true,
            NetworkEdit::Reopen(_) => will.closed = false,
            NetworkEdit::Oneway { way, .. } => {
                if way.is_some_and(|way| !drivable(city, road, way)) {
                    return Err(NetworkEditError::NoSuchDirection(source.clone()));
                }
                will.oneway = *way;
            }
            NetworkEdit::Lanes { lanes, .. } => {
                lanes.map(|n| in_range("lanes", f64::from(n), 1.0, 8.0)).transpose()?;
                will.lanes = *lanes;
            }
            NetworkEdit::SpeedLimit { kmh, .. } => {
                will.speed_kmh = kmh.map(|kmh| in_range("speed", kmh, 5.0, 130.0)).transpose()?;
            }
            NetworkEdit::Toll { toll, .. } => will.toll = in_range("toll", *toll, 0.0, 1000.0)?,
            NetworkEdit::BanTurn(_) | NetworkEdit::AllowTurn(_) => {}
        }
        Ok((was != will).then(|| NetworkChange::Road { road: source.clone(), was, will }))
    }

    /// Applies a checked change.
    pub fn apply(&mut self, change: &NetworkChange) {
        match change {
            NetworkChange::Road { road, will, .. } => self.set_road(road, *will),
            NetworkChange::Turn { turn, banned, .. } => self.set_turn(turn, *banned),
        }
    }

    /// Takes an applied change back.
    pub fn undo(&mut self, change: &NetworkChange) {
        match change {
            NetworkChange::Road { road, was, .. } => self.set_road(road, *was),
            NetworkChange::Turn { turn, was_banned, .. } => self.set_turn(turn, *was_banned),
        }
    }

    /// The closed roads, in order.
    pub fn closed(&self) -> impl Iterator<Item = &SourceRef> {
        self.roads.iter().filter(|(_, change)| change.closed).map(|(road, _)| road)
    }

    /// Whether a road is closed.
    pub fn is_closed(&self, road: &SourceRef) -> bool {
        self.roads.get(road).is_some_and(|change| change.closed)
    }

    /// The same with every road open: what closing alone does not need to compile anew.
    #[must_use]
    pub fn with_all_open(&self) -> Self {
        let mut open = self.clone();
        open.roads.values_mut().for_each(|change| change.closed = false);
        open.roads.retain(|_, change| *change != RoadChange::default());
        open
    }

    /// The edits that lead from `base` to here; applied in order they give these changes.
    pub fn edits_from(&self, base: &Self) -> Vec<NetworkEdit> {
        let mut edits = Vec::new();
        let roads: BTreeSet<&SourceRef> = base.roads.keys().chain(self.roads.keys()).collect();
        for road in roads {
            let of = |changes: &Self| changes.roads.get(road).copied().unwrap_or_default();
            edits.extend(of(self).edits_from(&of(base), road));
        }
        edits.extend(base.banned.difference(&self.banned).cloned().map(NetworkEdit::AllowTurn));
        edits.extend(self.banned.difference(&base.banned).cloned().map(NetworkEdit::BanTurn));
        edits
    }

    pub fn is_empty(&self) -> bool {
        self.roads.is_empty() && self.banned.is_empty()
    }

    fn set_road(&mut self, road: &SourceRef, will: RoadChange) {
        if will == RoadChange::default() {
            self.roads.remove(road);
        } else {
            self.roads.insert(road.clone(), will);
        }
    }

    fn set_turn(&mut self, turn: &TurnRef, banned: bool) {
        if banned {
            self.banned.insert(turn.clone());
        } else {
            self.banned.remove(turn);
        }
    }
}

impl RoadChange {
    fn edits_from(&self, was: &Self, road: &SourceRef) -> Vec<NetworkEdit> {
        let named = || road.clone();
        let closing = if self.closed { NetworkEdit::Close } else { NetworkEdit::Reopen };
        let all = [
            (self.closed != was.closed).then(|| closing(named())),
            (self.oneway != was.oneway).then(|| NetworkEdit::Oneway { road: named(), way: self.oneway }),
            (self.lanes != was.lanes).then(|| NetworkEdit::Lanes { road: named(), lanes: self.lanes }),
            (self.speed_kmh != was.speed_kmh).then(|| NetworkEdit::SpeedLimit { road: named(), kmh: self.speed_kmh }),
            (self.toll != was.toll).then(|| NetworkEdit::Toll { road: named(), toll: self.toll }),
        ];
        all.into_iter().flatten().collect()
    }
}

impl TurnRef {
    /// Whether some link of `from` ends at the node and some link of `to` starts there.
    fn exists(&self, city: &City) -> bool {
        let Some(node) = city.nodes.iter().find(|n| n.source == self.via).map(|n| n.id) else { return false };
        let of = |link: &crate::Link, source: &SourceRef| city.roads[link.road.index()].source == *source;
        city.links.iter().any(|l| l.to == node && of(l, &self.from))
            && city.links.iter().any(|l| l.from == node && of(l, &self.to))
    }
}

fn drivable(city: &City, road: &Road, way: Oneway) -> bool {
    let has = |forward: bool| city.links.iter().any(|l| l.road == road.id && l.forward == forward);
    (way == Oneway::Backward || has(true)) && (way == Oneway::Forward || has(false))
}

fn in_range(what: &'static str, value: f64, low: f64, high: f64) -> Result<f64, NetworkEditError> {
    if (low..=high).contains(&value) { Ok(value) } else { Err(NetworkEditError::OutOfRange { what, low, high, value }) }
}

impl FromStr for NetworkEdit {
    type Err = NetworkEditError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| NetworkEditError::Unreadable(text.to_owned()))
    }
}

fn read(text: &str) -> Option<NetworkEdit> {
    /// The outer `None`: unreadable; the inner: as the map has it.
    fn value<T: FromStr>(text: &str) -> Option<Option<T>> {
        if text == "map" { Some(None) } else { text.parse().ok().map(Some) }
    }
    let (verb, rest) = text.split_once(':')?;
    match verb {
        "close" => return rest.parse().ok().map(NetworkEdit::Close),
        "reopen" => return rest.parse().ok().map(NetworkEdit::Reopen),
        "ban" => return rest.parse().ok().map(NetworkEdit::BanTurn),
        "allow" => return rest.parse().ok().map(NetworkEdit::AllowTurn),
        _ => {}
    }
    let (road, stated) = rest.rsplit_once('=')?;
    let road = road.parse().ok()?;
    match verb {
        "oneway" => {
            let way = match stated {
                "forward" => Some(Oneway::Forward),
                "backward" => Some(Oneway::Backward),
                "both" => Some(Oneway::Both),
                "map" => None,
                _ => return None,
            };
            Some(NetworkEdit::Oneway { road, way })
        }
        "lanes" => Some(NetworkEdit::Lanes { road, lanes: value(stated)? }),
        "speed" => Some(NetworkEdit::SpeedLimit { road, kmh: value(stated)? }),
        "toll" => Some(NetworkEdit::Toll { road, toll: stated.parse().ok()? }),
        _ => None,
    }
}

impl fmt::Display for NetworkEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn stated<T: ToString>(value: Option<T>) -> String {
            value.map_or_else(|| "map".to_owned(), |v| v.to_string())
        }
        match self {
            Self::Close(road) => write!(f, "close:{road}"),
            Self::Reopen(road) => write!(f, "reopen:{road}"),
            Self::Oneway { road, way } => {
                let way = way.map(|way| match way {
                    Oneway::Forward => "forward",
                    Oneway::Backward => "backward",
                    Oneway::Both => "both",
                });
                write!(f, "oneway:{road}={}", stated(way))
            }
            Self::Lanes { road, lanes } => write!(f, "lanes:{road}={}", stated(*lanes)),
            Self::SpeedLimit { road, kmh } => write!(f, "speed:{road}={}", stated(*kmh)),
            Self::Toll { road, toll } => write!(f, "toll:{road}={toll}"),
            Self::BanTurn(turn) => write!(f, "ban:{turn}"),
            Self::AllowTurn(turn) => write!(f, "allow:{turn}"),
        }
    }
}

impl fmt::Display for TurnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}>{}>{}", self.from, self.via, self.to)
    }
}

impl FromStr for TurnRef {
    type Err = NetworkEditError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || NetworkEditError::Unreadable(text.to_owned());
        let mut parts = text.split('>').map(|part| part.parse().map_err(|_| fail()));
        let mut next = || parts.next().ok_or_else(fail)?;
        let turn = Self { from: next()?, via: next()?, to: next()? };
        if parts.next().is_some() { Err(fail()) } else { Ok(turn) }
    }
}

impl Serialize for TurnRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TurnRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Anchor, GeoBounds, LonLat};

    #[test]
    fn network_edits_read_back() {
        for text in [
            "close:way/9",
            "reopen:way/9",
            "oneway:way/9=forward",
            "oneway:way/9=map",
            "lanes:way/9=2",
            "lanes:edge/a=b=map",
            "speed:way/9=30",
            "toll:way/9=1.5",
            "ban:way/1>node/2>way/3",
            "allow:way/1>node/2>way/3",
        ] {
            assert_eq!(text.parse::<NetworkEdit>().unwrap().to_string(), text);
        }
        for text in
            ["", "close", "lanes:way/9", "lanes:way/9=x", "oneway:way/9=up", "ban:way/1>way/3", "toll:way/9=map"]
        {
            assert!(text.parse::<NetworkEdit>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let origin = LonLat { lon: 0.0, lat: 0.0 };
        let bounds = GeoBounds { west: 0.0, south: 0.0, east: 0.0, north: 0.0 };
        let city = City::empty("t", Anchor::new(origin), bounds);
        let none = NetworkChanges::default();
        let road = SourceRef::Way(1);
        assert_eq!(
            none.check(&city, &NetworkEdit::Close(road.clone())),
            Err(NetworkEditError::UnknownRoad(road.clone()))
        );
        let turn: TurnRef = "way/1>node/2>way/3".parse().unwrap();
        assert_eq!(none.check(&city, &NetworkEdit::BanTurn(turn.clone())), Err(NetworkEditError::UnknownTurn(turn)));
    }

    #[test]
    fn changes_undo_to_nothing() {
        let mut now = NetworkChanges::default();
        let will = RoadChange { lanes: Some(2), toll: 1.0, ..RoadChange::default() };
        let change = NetworkChange::Road { road: SourceRef::Way(1), was: RoadChange::default(), will };
        now.apply(&change);
        assert_eq!(now.roads[&SourceRef::Way(1)], will);
        let base = NetworkChanges::default();
        let close = NetworkChange::Road {
            road: SourceRef::Way(2),
            was: RoadChange::default(),
            will: RoadChange { closed: true, ..RoadChange::default() },
        };
        now.apply(&close);
        let texts: Vec<String> = now.edits_from(&base).iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["lanes:way/1=2", "toll:way/1=1", "close:way/2"]);
        let back: Vec<String> = base.edits_from(&now).iter().map(ToString::to_string).collect();
        assert_eq!(back, ["lanes:way/1=map", "toll:way/1=0", "reopen:way/2"]);
        assert!(!now.with_all_open().is_closed(&SourceRef::Way(2)));
        now.undo(&close);
        now.undo(&change);
        assert!(now.is_empty());
    }
}
