//! What-ifs: a request is checked into an edit, an edit is applied to the assumptions, and holds what was
//! so that it can be undone. A scenario is the base city plus its edits.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{City, RoadClass, RoadId, SourceRef};

/// What a person may ask for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Close a motor road (all its links) to all vehicles.
    CloseRoad(SourceRef),
    ReopenRoad(SourceRef),
    /// Trips relative to today, 0…3.
    SetDemandFactor(f64),
    /// Share of suitable roofs with photovoltaics, 0…1.
    SetPvShare(f64),
    /// Share of cars that are electric, 0…1.
    SetEvShare(f64),
}

/// The state that edits change.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Assumptions {
    pub closed_roads: BTreeSet<SourceRef>,
    pub demand_factor: f64,
    pub pv_share: f64,
    pub ev_share: f64,
}

impl Default for Assumptions {
    /// Today: nothing closed, demand as modelled, 10 % of suitable roofs with PV, 5 % electric cars
    /// (order of magnitude of EU averages around 2024; a city's own figures belong into its city.toml).
    fn default() -> Self {
        Self { closed_roads: BTreeSet::new(), demand_factor: 1.0, pv_share: 0.10, ev_share: 0.05 }
    }
}

/// A checked change with what was and what will be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    Road { road: SourceRef, was_closed: bool, closed: bool },
    DemandFactor { was: f64, will: f64 },
    PvShare { was: f64, will: f64 },
    EvShare { was: f64, will: f64 },
}

/// Why a request cannot be done.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum EditError {
    #[error("{0} is not a road of this city")]
    UnknownRoad(SourceRef),
    #[error("{0} carries no motor vehicles, so there is nothing to close")]
    NotMotor(SourceRef),
    #[error("{what} must lie between {low} and {high}, not {value}")]
    OutOfRange { what: &'static str, low: f64, high: f64, value: f64 },
    #[error("`{0}` is no edit; write close:way/123, reopen:way/123, demand=1.2, pv=0.3 or ev=0.5")]
    Unreadable(String),
}

impl Assumptions {
    /// Turns a request into an edit of these assumptions. `Ok(None)` where it changes nothing.
    pub fn check(&self, city: &City, request: &Request) -> Result<Option<Edit>, EditError> {
        let edit = match request {
            Request::CloseRoad(road) | Request::ReopenRoad(road) => {
                let found = city
                    .roads
                    .iter()
                    .find(|r| r.source == *road)
                    .ok_or_else(|| EditError::UnknownRoad(road.clone()))?;
                if !found.class.is_motor() || found.class == RoadClass::Busway {
                    return Err(EditError::NotMotor(road.clone()));
                }
                let closed = matches!(request, Request::CloseRoad(_));
                Edit::Road { road: road.clone(), was_closed: self.closed_roads.contains(road), closed }
            }
            Request::SetDemandFactor(will) => {
                Edit::DemandFactor { was: self.demand_factor, will: in_range("demand", *will, 0.0, 3.0)? }
            }
            Request::SetPvShare(will) => Edit::PvShare { was: self.pv_share, will: in_range("pv", *will, 0.0, 1.0)? },
            Request::SetEvShare(will) => Edit::EvShare { was: self.ev_share, will: in_range("ev", *will, 0.0, 1.0)? },
        };
        Ok((!edit.is_nothing()).then_some(edit))
    }

    /// Applies a checked edit.
    pub fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Road { road, closed, .. } => self.set_closed(road, *closed),
            Edit::DemandFactor { will, .. } => self.demand_factor = *will,
            Edit::PvShare { will, .. } => self.pv_share = *will,
            Edit::EvShare { will, .. } => self.ev_share = *will,
        }
    }

    /// Takes an applied edit back.
    pub fn undo(&mut self, edit: &Edit) {
        match edit {
            Edit::Road { road, was_closed, .. } => self.set_closed(road, *was_closed),
            Edit::DemandFactor { was, .. } => self.demand_factor = *was,
            Edit::PvShare { was, .. } => self.pv_share = *was,
            Edit::EvShare { was, .. } => self.ev_share = *was,
        }
    }

    /// The defaults with all requests checked and applied in order.
    ///
    /// # Errors
    /// The first request that cannot be done.
    pub fn with_requests(city: &City, requests: &[Request]) -> Result<Self, EditError> {
        let mut assumptions = Self::default();
        for request in requests {
            if let Some(edit) = assumptions.check(city, request)? {
                assumptions.apply(&edit);
            }
        }
        Ok(assumptions)
    }

    /// The closed roads as ids of this city, ascending.
    pub fn closed_ids(&self, city: &City) -> Vec<RoadId> {
        city.roads.iter().filter(|road| self.closed_roads.contains(&road.source)).map(|road| road.id).collect()
    }

    /// The requests that lead from `base` to here; applied in order they give these assumptions.
    pub fn requests_from(&self, base: &Self) -> Vec<Request> {
        let mut requests: Vec<Request> =
            base.closed_roads.difference(&self.closed_roads).cloned().map(Request::ReopenRoad).collect();
        requests.extend(self.closed_roads.difference(&base.closed_roads).cloned().map(Request::CloseRoad));
        if self.demand_factor != base.demand_factor {
            requests.push(Request::SetDemandFactor(self.demand_factor));
        }
        if self.pv_share != base.pv_share {
            requests.push(Request::SetPvShare(self.pv_share));
        }
        if self.ev_share != base.ev_share {
            requests.push(Request::SetEvShare(self.ev_share));
        }
        requests
    }

    fn set_closed(&mut self, road: &SourceRef, closed: bool) {
        if closed {
            self.closed_roads.insert(road.clone());
        } else {
            self.closed_roads.remove(road);
        }
    }
}

impl Edit {
    fn is_nothing(&self) -> bool {
        match self {
            Self::Road { was_closed, closed, .. } => was_closed == closed,
            Self::DemandFactor { was, will } | Self::PvShare { was, will } | Self::EvShare { was, will } => was == will,
        }
    }
}

fn in_range(what: &'static str, value: f64, low: f64, high: f64) -> Result<f64, EditError> {
    if (low..=high).contains(&value) { Ok(value) } else { Err(EditError::OutOfRange { what, low, high, value }) }
}

impl FromStr for Request {
    type Err = EditError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || EditError::Unreadable(text.to_owned());
        if let Some((verb, road)) = text.split_once(':') {
            let road = road.parse().map_err(|_| fail())?;
            return match verb {
                "close" => Ok(Self::CloseRoad(road)),
                "reopen" => Ok(Self::ReopenRoad(road)),
                _ => Err(fail()),
            };
        }
        let (name, value) = text.split_once('=').ok_or_else(fail)?;
        let value = value.parse().map_err(|_| fail())?;
        match name {
            "demand" => Ok(Self::SetDemandFactor(value)),
            "pv" => Ok(Self::SetPvShare(value)),
            "ev" => Ok(Self::SetEvShare(value)),
            _ => Err(fail()),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CloseRoad(road) => write!(f, "close:{road}"),
            Self::ReopenRoad(road) => write!(f, "reopen:{road}"),
            Self::SetDemandFactor(x) => write!(f, "demand={x}"),
            Self::SetPvShare(x) => write!(f, "pv={x}"),
            Self::SetEvShare(x) => write!(f, "ev={x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Anchor, GeoBounds, LonLat};

    fn city() -> City {
        let origin = LonLat { lon: 0.0, lat: 0.0 };
        City::empty("t", Anchor::new(origin), GeoBounds { west: 0.0, south: 0.0, east: 0.0, north: 0.0 })
    }

    #[test]
    fn requests_read_back() {
        for text in ["close:way/12", "reopen:way/12", "demand=1.2", "pv=0.3", "ev=0.5"] {
            assert_eq!(text.parse::<Request>().unwrap().to_string(), text);
        }
        for text in ["", "close", "close:bridge", "open:way/1", "pv=", "pv=x", "wind=1"] {
            assert!(text.parse::<Request>().is_err(), "{text}");
        }
    }

    #[test]
    fn values_out_of_range_are_refused_and_edits_undo() {
        let mut now = Assumptions::default();
        for bad in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
            assert!(now.check(&city(), &Request::SetPvShare(bad)).is_err(), "{bad}");
        }
        assert_eq!(now.check(&city(), &Request::SetPvShare(now.pv_share)), Ok(None));
        let road = SourceRef::Way(1);
        assert_eq!(now.check(&city(), &Request::CloseRoad(road.clone())), Err(EditError::UnknownRoad(road)));
        let before = now.clone();
        let edit = now.check(&city(), &Request::SetEvShare(0.5)).unwrap().unwrap();
        now.apply(&edit);
        assert_eq!(now.ev_share, 0.5);
        now.undo(&edit);
        assert_eq!(now, before);
    }
}
