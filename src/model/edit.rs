//! What-ifs: a request is checked into an edit, an edit is applied to the assumptions, and holds what was
//! so that it can be undone. A scenario is the base city plus its edits.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Area, AreaRequest, AreaShare, City, Coord, NetworkChange, NetworkChanges, NetworkEdit, NetworkEditError, RoadId,
    SourceRef, Technology,
};

/// What a person may ask for. Saved as its text, e.g. `close:way/9`.
#[derive(Clone, PartialEq, Debug)]
pub enum Request {
    /// Change a road or a turn.
    Network(NetworkEdit),
    /// Trips relative to today, 0…3.
    SetDemandFactor(f64),
    /// Share of suitable roofs with photovoltaics, 0…1.
    SetPvShare(f64),
    /// Share of cars that are electric, 0…1.
    SetEvShare(f64),
    /// Share of heated buildings that get a heat pump beyond today's, 0…1.
    SetHpShare(f64),
    /// One of the three within an area alone.
    SetAreaShare(AreaRequest),
}

/// The state that edits change.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Assumptions {
    pub network: NetworkChanges,
    pub demand_factor: f64,
    pub pv_share: f64,
    pub ev_share: f64,
    pub hp_share: f64,
    /// Where the shares are others; of areas that overlap the later one holds.
    pub areas: Vec<AreaShare>,
}

impl Default for Assumptions {
    /// Today: the roads as mapped, demand as modelled, 10 % of suitable roofs with PV, 5 % electric cars
    /// (order of magnitude of EU averages around 2024; a city's own figures belong into its city.toml). Today's heat pumps
    /// are within the mean use of electricity of their buildings: the share counts new ones, none.
    fn default() -> Self {
        Self {
            network: NetworkChanges::default(),
            demand_factor: 1.0,
            pv_share: 0.10,
            ev_share: 0.05,
            hp_share: 0.0,
            areas: Vec::new(),
        }
    }
}

/// A checked change with what was and what will be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    Network(NetworkChange),
    DemandFactor {
        was: f64,
        will: f64,
    },
    PvShare {
        was: f64,
        will: f64,
    },
    EvShare {
        was: f64,
        will: f64,
    },
    HpShare {
        was: f64,
        will: f64,
    },
    /// All areas before and after.
    Areas {
        was: Vec<AreaShare>,
        will: Vec<AreaShare>,
    },
}

/// Why a request cannot be done.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum EditError {
    #[error(transparent)]
    Network(#[from] NetworkEditError),
    #[error("{what} must lie between {low} and {high}, not {value}")]
    OutOfRange { what: &'static str, low: f64, high: f64, value: f64 },
    #[error("the area {0} lies outside the city; give lon,lat,radius in degrees and metres")]
    Outside(Area),
    #[error(
        "`{0}` is no edit; write close:way/123, reopen:way/123, oneway:way/123=forward (backward, both, map), \
         lanes:way/123=2, speed:way/123=30, toll:way/123=1.5, ban:way/1>node/2>way/3, demand=1.2, pv=0.3, ev=0.5, hp=0.2 or, \
         within 400 m of a place, pv@7.2012,54.5971,400=0.8 (=city to take it back)"
    )]
    Unreadable(String),
}

impl Assumptions {
    /// Turns a request into an edit of these assumptions. `Ok(None)` where it changes nothing.
    pub fn check(&self, city: &City, request: &Request) -> Result<Option<Edit>, EditError> {
        let edit = match request {
            Request::Network(edit) => return Ok(self.network.check(city, edit)?.map(Edit::Network)),
            Request::SetDemandFactor(will) => {
                Edit::DemandFactor { was: self.demand_factor, will: in_range("demand", *will, 0.0, 3.0)? }
            }
            Request::SetPvShare(will) => Edit::PvShare { was: self.pv_share, will: in_range("pv", *will, 0.0, 1.0)? },
            Request::SetEvShare(will) => Edit::EvShare { was: self.ev_share, will: in_range("ev", *will, 0.0, 1.0)? },
            Request::SetHpShare(will) => Edit::HpShare { was: self.hp_share, will: in_range("hp", *will, 0.0, 1.0)? },
            Request::SetAreaShare(request) => {
                Edit::Areas { was: self.areas.clone(), will: self.with_area(city, *request)? }
            }
        };
        Ok((!edit.is_nothing()).then_some(edit))
    }

    /// Applies a checked edit.
    pub fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Network(change) => self.network.apply(change),
            Edit::DemandFactor { will, .. } => self.demand_factor = *will,
            Edit::PvShare { will, .. } => self.pv_share = *will,
            Edit::EvShare { will, .. } => self.ev_share = *will,
            Edit::HpShare { will, .. } => self.hp_share = *will,
            Edit::Areas { will, .. } => self.areas.clone_from(will),
        }
    }

    /// Takes an applied edit back.
    pub fn undo(&mut self, edit: &Edit) {
        match edit {
            Edit::Network(change) => self.network.undo(change),
            Edit::DemandFactor { was, .. } => self.demand_factor = *was,
            Edit::PvShare { was, .. } => self.pv_share = *was,
            Edit::EvShare { was, .. } => self.ev_share = *was,
            Edit::HpShare { was, .. } => self.hp_share = *was,
            Edit::Areas { was, .. } => self.areas.clone_from(was),
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
        city.roads.iter().filter(|road| self.network.is_closed(&road.source)).map(|road| road.id).collect()
    }

    /// The requests that lead from `base` to here; applied in order they give these assumptions.
    pub fn requests_from(&self, base: &Self) -> Vec<Request> {
        let mut requests: Vec<Request> =
            self.network.edits_from(&base.network).into_iter().map(Request::Network).collect();
        if self.demand_factor != base.demand_factor {
            requests.push(Request::SetDemandFactor(self.demand_factor));
        }
        if self.pv_share != base.pv_share {
            requests.push(Request::SetPvShare(self.pv_share));
        }
        if self.ev_share != base.ev_share {
            requests.push(Request::SetEvShare(self.ev_share));
        }
        if self.hp_share != base.hp_share {
            requests.push(Request::SetHpShare(self.hp_share));
        }
        if self.areas != base.areas {
            let request = |of: &AreaShare, share| AreaRequest { technology: of.technology, area: of.area, share };
            let gone = base.areas.iter().map(|of| request(of, None));
            let all = gone.chain(self.areas.iter().map(|of| request(of, Some(of.share))));
            requests.extend(all.map(Request::SetAreaShare));
        }
        requests
    }

    /// The areas once a request is done: what is asked last lies on top.
    fn with_area(&self, city: &City, request: AreaRequest) -> Result<Vec<AreaShare>, EditError> {
        let AreaRequest { technology, area, share } = request;
        let outside = EditError::Outside(area);
        let (low, high) = Area::RADIUS_M;
        in_range("the radius of an area", area.radius_m, low, high)?;
        if !area.centre.is_valid() || !area.touches(&city.bounds) {
            return Err(outside);
        }
        let area = area.rounded();
        let share = share.map(|share| in_range(technology.word(), share, 0.0, 1.0)).transpose()?;
        let same = |of: &AreaShare| of.technology == technology && of.area == area;
        let mut areas: Vec<AreaShare> = self.areas.iter().filter(|of| !same(of)).copied().collect();
        match (share, self.areas.iter().position(same)) {
            (Some(share), Some(_)) if self.areas.last().is_some_and(|of| same(of) && of.share == share) => {
                return Ok(self.areas.clone());
            }
            (Some(share), _) => areas.push(AreaShare { technology, area, share }),
            (None, _) => {}
        }
        Ok(areas)
    }

    /// The share of a technology at places of the city, local metres.
    pub fn share_at<'a>(&'a self, city: &City, technology: Technology) -> impl Fn(Coord<f64>) -> f64 + use<'a> {
        let base = match technology {
            Technology::Photovoltaics => self.pv_share,
            Technology::ElectricCars => self.ev_share,
            Technology::HeatPumps => self.hp_share,
        };
        let own = self.areas.iter().rev().filter(move |of| of.technology == technology);
        let circles: Vec<(Coord<f64>, &AreaShare)> = own.map(|of| (city.anchor.enu(of.area.centre), of)).collect();
        move |at| {
            let within =
                |(centre, of): &&(Coord<f64>, &AreaShare)| (at.x - centre.x).hypot(at.y - centre.y) <= of.area.radius_m;
            circles.iter().find(within).map_or(base, |(_, of)| of.share)
        }
    }
}

impl Request {
    pub const fn close(road: SourceRef) -> Self {
        Self::Network(NetworkEdit::Close(road))
    }

    pub const fn reopen(road: SourceRef) -> Self {
        Self::Network(NetworkEdit::Reopen(road))
    }
}

impl Edit {
    fn is_nothing(&self) -> bool {
        match self {
            // A network edit that changes nothing never becomes a change.
            Self::Network(_) => false,
            Self::DemandFactor { was, will } | Self::PvShare { was, will } => was == will,
            Self::EvShare { was, will } | Self::HpShare { was, will } => was == will,
            Self::Areas { was, will } => was == will,
        }
    }
}

fn in_range(what: &'static str, value: f64, low: f64, high: f64) -> Result<f64, EditError> {
    if (low..=high).contains(&value) { Ok(value) } else { Err(EditError::OutOfRange { what, low, high, value }) }
}

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for Request {
    type Err = EditError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || EditError::Unreadable(text.to_owned());
        if text.contains('@') {
            return text.parse().map(Self::SetAreaShare).map_err(|()| fail());
        }
        if text.contains(':') {
            return text.parse().map(Self::Network).map_err(|_| fail());
        }
        let (name, value) = text.split_once('=').ok_or_else(fail)?;
        let value = value.parse().map_err(|_| fail())?;
        match name {
            "demand" => Ok(Self::SetDemandFactor(value)),
            "pv" => Ok(Self::SetPvShare(value)),
            "ev" => Ok(Self::SetEvShare(value)),
            "hp" => Ok(Self::SetHpShare(value)),
            _ => Err(fail()),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(edit) => edit.fmt(f),
            Self::SetDemandFactor(x) => write!(f, "demand={x}"),
            Self::SetPvShare(x) => write!(f, "pv={x}"),
            Self::SetEvShare(x) => write!(f, "ev={x}"),
            Self::SetHpShare(x) => write!(f, "hp={x}"),
            Self::SetAreaShare(request) => request.fmt(f),
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
        for text in [
            "close:way/12",
            "reopen:way/12",
            "lanes:way/12=1",
            "ban:way/1>node/2>way/3",
            "demand=1.2",
            "pv=0.3",
            "ev=0.5",
            "hp=0.2",
            "pv@7.20120,54.59710,400=0.8",
            "ev@-51.20000,-30.03000,1500=city",
        ] {
            assert_eq!(text.parse::<Request>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "close",
            "close:bridge",
            "open:way/1",
            "pv=",
            "pv=x",
            "wind=1",
            "pv@1,2=0.5",
            "wind@1,2,3=0.5",
            "pv@1,2,3,4=1",
            "pv@1,2,x=1",
            "pv@1,2,3",
        ] {
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
        assert_eq!(now.check(&city(), &Request::close(road.clone())), Err(NetworkEditError::UnknownRoad(road).into()));
        let before = now.clone();
        let edit = now.check(&city(), &Request::SetEvShare(0.5)).unwrap().unwrap();
        now.apply(&edit);
        assert_eq!(now.ev_share, 0.5);
        now.undo(&edit);
        assert_eq!(now, before);
    }

    #[test]
    fn areas_hold_where_they_lie_the_later_on_top() {
        let mut now = Assumptions::default();
        let city = city();
        let mut ask = |text: &str| {
            let edit = now.check(&city, &text.parse().unwrap()).unwrap();
            edit.iter().for_each(|edit| now.apply(edit));
            now.clone()
        };
        ask("pv@0,0,500=0.8");
        let wide = ask("pv@0,0,2000=0.5");
        let at = |of: &Assumptions, x: f64| of.share_at(&city, Technology::Photovoltaics)(Coord { x, y: 0.0 });
        assert_eq!([at(&wide, 100.0), at(&wide, 1900.0), at(&wide, 2100.0)], [0.5, 0.5, wide.pv_share]);
        let narrow = ask("pv@0,0,500=0.9");
        assert_eq!([at(&narrow, 100.0), at(&narrow, 1900.0)], [0.9, 0.5]);
        assert_eq!(narrow.share_at(&city, Technology::ElectricCars)(Coord { x: 0.0, y: 0.0 }), narrow.ev_share);
        let requests = narrow.requests_from(&Assumptions::default());
        assert_eq!(Assumptions::with_requests(&city, &requests).unwrap(), narrow);
        assert_eq!(narrow.check(&city, &"pv@0,0,500=0.9".parse().unwrap()), Ok(None));
        let back = ask("pv@0,0,500=city");
        assert_eq!(at(&back, 100.0), 0.5);
        assert_eq!(back.check(&city, &"ev@0,0,500=city".parse().unwrap()), Ok(None));
        for wrong in
            ["pv@0,0,5=0.5", "pv@0,0,500=1.1", "pv@9,9,500=0.5", "pv@0,99,500=0.5", "pv@0,0,NaN=0.5", "pv@NaN,0,99=0"]
        {
            assert!(back.check(&city, &wrong.parse().unwrap()).is_err(), "{wrong}");
        }
    }
}
