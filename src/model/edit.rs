//! What-ifs: a request is checked into an edit, an edit is applied to the assumptions, and holds what was
//! so that it can be undone. A scenario is the base city plus its edits.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Area, ChargingRule, City, Coord, NetworkChange, NetworkChanges, NetworkEdit, NetworkEditError, Part, PartRequest,
    PartShare, RoadId, SourceRef, Technology, Years,
};

/// What a person may ask for. Saved as its text, e.g. `close:way/9`.
#[derive(Clone, PartialEq, Debug)]
pub enum Request {
    /// Change a road or a turn.
    Network(NetworkEdit),
    /// Trips relative to today, 0…3.
    SetDemandFactor(f64),
    /// The share of a technology in the whole city, 0…1.
    SetShare(Technology, f64),
    /// A share in a part of the city alone.
    SetPartShare(PartRequest),
    /// When electric cars charge.
    SetCharging(ChargingRule),
}

/// The state that edits change.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Assumptions {
    pub network: NetworkChanges,
    pub demand_factor: f64,
    /// Of suitable roofs.
    pub pv_share: f64,
    /// Of cars.
    pub ev_share: f64,
    /// Of heated buildings, beyond today's.
    pub hp_share: f64,
    /// Of buildings with photovoltaics.
    pub battery_share: f64,
    /// Of heated buildings, beyond today's state.
    pub retrofit_share: f64,
    pub charging: ChargingRule,
    /// Where the shares are others; of parts that overlap the later one holds.
    #[serde(alias = "areas")]
    pub parts: Vec<PartShare>,
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
            battery_share: 0.0,
            retrofit_share: 0.0,
            charging: ChargingRule::default(),
            parts: Vec::new(),
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
    Share {
        technology: Technology,
        was: f64,
        will: f64,
    },
    /// All parts before and after.
    Parts {
        was: Vec<PartShare>,
        will: Vec<PartShare>,
    },
    Charging {
        was: ChargingRule,
        will: ChargingRule,
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
    #[error("a part of the city needs a circle, years of construction or both")]
    NoPart,
    #[error(
        "`{0}` is no edit; write close:way/123, reopen:way/123, oneway:way/123=forward (backward, both, map), \
         lanes:way/123=2, speed:way/123=30, toll:way/123=1.5, ban:way/1>node/2>way/3, demand=1.2, pv=0.3, ev=0.5, hp=0.2, \
         battery=0.3, retrofit=0.2, charging=off_peak (immediate, solar, feeder), within 400 m of a place pv@7.2012,54.5971,400=0.8, \
         of buildings of some years retrofit@1949-1978=0.5 (=city to take it back)"
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
            Request::SetShare(technology, will) => Edit::Share {
                technology: *technology,
                was: self.share(*technology),
                will: in_range(technology.word(), *will, 0.0, 1.0)?,
            },
            Request::SetPartShare(request) => {
                Edit::Parts { was: self.parts.clone(), will: self.with_part(city, *request)? }
            }
            Request::SetCharging(will) => Edit::Charging { was: self.charging, will: *will },
        };
        Ok((!edit.is_nothing()).then_some(edit))
    }

    /// Applies a checked edit.
    pub fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Network(change) => self.network.apply(change),
            Edit::DemandFactor { will, .. } => self.demand_factor = *will,
            Edit::Share { technology, will, .. } => *self.share_mut(*technology) = *will,
            Edit::Parts { will, .. } => self.parts.clone_from(will),
            Edit::Charging { will, .. } => self.charging = *will,
        }
    }

    /// Takes an applied edit back.
    pub fn undo(&mut self, edit: &Edit) {
        match edit {
            Edit::Network(change) => self.network.undo(change),
            Edit::DemandFactor { was, .. } => self.demand_factor = *was,
            Edit::Share { technology, was, .. } => *self.share_mut(*technology) = *was,
            Edit::Parts { was, .. } => self.parts.clone_from(was),
            Edit::Charging { was, .. } => self.charging = *was,
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
        let changed = Technology::ALL.into_iter().filter(|of| self.share(*of) != base.share(*of));
        requests.extend(changed.map(|of| Request::SetShare(of, self.share(of))));
        if self.charging != base.charging {
            requests.push(Request::SetCharging(self.charging));
        }
        if self.parts != base.parts {
            let request = |of: &PartShare, share| PartRequest { technology: of.technology, part: of.part, share };
            let gone = base.parts.iter().map(|of| request(of, None));
            let all = gone.chain(self.parts.iter().map(|of| request(of, Some(of.share))));
            requests.extend(all.map(Request::SetPartShare));
        }
        requests
    }

    /// The parts once a request is done: what is asked last lies on top.
    fn with_part(&self, city: &City, request: PartRequest) -> Result<Vec<PartShare>, EditError> {
        let PartRequest { technology, part, share } = request;
        if part.within.is_none() && part.built.is_none() {
            return Err(EditError::NoPart);
        }
        let part = Part { within: part.within.map(|area| within(city, area)).transpose()?, ..part };
        let share = share.map(|share| in_range(technology.word(), share, 0.0, 1.0)).transpose()?;
        let same = |of: &PartShare| of.technology == technology && of.part == part;
        let mut parts: Vec<PartShare> = self.parts.iter().filter(|of| !same(of)).copied().collect();
        match (share, self.parts.iter().position(same)) {
            (Some(share), Some(_)) if self.parts.last().is_some_and(|of| same(of) && of.share == share) => {
                return Ok(self.parts.clone());
            }
            (Some(share), _) => parts.push(PartShare { technology, part, share }),
            (None, _) => {}
        }
        Ok(parts)
    }

    /// The share of a technology in the whole city, parts with their own left aside.
    pub const fn share(&self, technology: Technology) -> f64 {
        match technology {
            Technology::Photovoltaics => self.pv_share,
            Technology::ElectricCars => self.ev_share,
            Technology::HeatPumps => self.hp_share,
            Technology::Batteries => self.battery_share,
            Technology::Retrofit => self.retrofit_share,
        }
    }

    const fn share_mut(&mut self, technology: Technology) -> &mut f64 {
        match technology {
            Technology::Photovoltaics => &mut self.pv_share,
            Technology::ElectricCars => &mut self.ev_share,
            Technology::HeatPumps => &mut self.hp_share,
            Technology::Batteries => &mut self.battery_share,
            Technology::Retrofit => &mut self.retrofit_share,
        }
    }

    /// The share of a technology at places of the city, local metres, for buildings of a year of construction ([`crate::Building::built`]).
    pub fn share_at(&self, city: &City, technology: Technology) -> impl Fn(Coord<f64>, u16) -> f64 + use<> {
        let base = self.share(technology);
        let own = self.parts.iter().rev().filter(move |of| of.technology == technology);
        let place = |of: &PartShare| {
            let circle = of.part.within.map(|area| (city.anchor.enu(area.centre), area.radius_m));
            (circle, of.part.built, of.share)
        };
        let parts: Vec<_> = own.map(place).collect();
        move |at, built| {
            let holds = |(circle, years, _): &&(Option<(Coord<f64>, f64)>, Option<Years>, f64)| {
                circle.is_none_or(|(centre, radius_m)| (at.x - centre.x).hypot(at.y - centre.y) <= radius_m)
                    && years.is_none_or(|years| years.contains(built))
            };
            parts.iter().find(holds).map_or(base, |(_, _, share)| *share)
        }
    }
}

/// An area as it is kept, if it is one of the city's.
fn within(city: &City, area: Area) -> Result<Area, EditError> {
    let (low, high) = Area::RADIUS_M;
    in_range("the radius of an area", area.radius_m, low, high)?;
    if area.centre.is_valid() && area.touches(&city.bounds) {
        Ok(area.rounded())
    } else {
        Err(EditError::Outside(area))
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
            Self::DemandFactor { was, will } | Self::Share { was, will, .. } => was == will,
            Self::Parts { was, will } => was == will,
            Self::Charging { was, will } => was == will,
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
            return text.parse().map(Self::SetPartShare).map_err(|()| fail());
        }
        if text.contains(':') {
            return text.parse().map(Self::Network).map_err(|_| fail());
        }
        let (name, value) = text.split_once('=').ok_or_else(fail)?;
        if name == "charging" {
            return ChargingRule::from_word(value).map(Self::SetCharging).ok_or_else(fail);
        }
        let value = value.parse().map_err(|_| fail())?;
        match Technology::from_word(name) {
            Some(technology) => Ok(Self::SetShare(technology, value)),
            None if name == "demand" => Ok(Self::SetDemandFactor(value)),
            None => Err(fail()),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(edit) => edit.fmt(f),
            Self::SetDemandFactor(x) => write!(f, "demand={x}"),
            Self::SetShare(technology, x) => write!(f, "{}={x}", technology.word()),
            Self::SetPartShare(request) => request.fmt(f),
            Self::SetCharging(rule) => write!(f, "charging={}", rule.word()),
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
            "battery=0.4",
            "retrofit@1949-1978=0.5",
            "retrofit@-1948=city",
            "retrofit@-51.20000,-30.03000,1500,2010-=0.5",
            "charging=off_peak",
            "charging=feeder",
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
            "pv@-=0.5",
            "pv@1978-1949=0.5",
            "pv@1949=0.5",
            "charging=never",
        ] {
            assert!(text.parse::<Request>().is_err(), "{text}");
        }
    }

    #[test]
    fn values_out_of_range_are_refused_and_edits_undo() {
        let mut now = Assumptions::default();
        for bad in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
            assert!(now.check(&city(), &Request::SetShare(Technology::Photovoltaics, bad)).is_err(), "{bad}");
        }
        assert_eq!(now.check(&city(), &Request::SetShare(Technology::Photovoltaics, now.pv_share)), Ok(None));
        let road = SourceRef::Way(1);
        assert_eq!(now.check(&city(), &Request::close(road.clone())), Err(NetworkEditError::UnknownRoad(road).into()));
        let before = now.clone();
        let edit = now.check(&city(), &Request::SetShare(Technology::ElectricCars, 0.5)).unwrap().unwrap();
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
        let at = |of: &Assumptions, x: f64| of.share_at(&city, Technology::Photovoltaics)(Coord { x, y: 0.0 }, 1965);
        assert_eq!([at(&wide, 100.0), at(&wide, 1900.0), at(&wide, 2100.0)], [0.5, 0.5, wide.pv_share]);
        let narrow = ask("pv@0,0,500=0.9");
        assert_eq!([at(&narrow, 100.0), at(&narrow, 1900.0)], [0.9, 0.5]);
        assert_eq!(narrow.share_at(&city, Technology::ElectricCars)(Coord { x: 0.0, y: 0.0 }, 1965), narrow.ev_share);
        let requests = narrow.requests_from(&Assumptions::default());
        assert_eq!(Assumptions::with_requests(&city, &requests).unwrap(), narrow);
        assert_eq!(narrow.check(&city, &"pv@0,0,500=0.9".parse().unwrap()), Ok(None));
        let old = ask("pv@-1948=1");
        let share = |built, x| old.share_at(&city, Technology::Photovoltaics)(Coord { x, y: 0.0 }, built);
        assert_eq!([share(1948, 9e3), share(1949, 9e3), share(1949, 100.0)], [1.0, old.pv_share, 0.9]);
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
