//! Roads as a map draws them, and the directed links that a vehicle drives.

use geo::{Coord, LineString};

use crate::{Known, LinkId, NodeId, RoadId, SourceRef, Tags};

/// Functional class, most important first (OSM `highway=*`; links take their parent's class with
/// [`Road::is_ramp`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RoadClass {
    Motorway,
    Trunk,
    Primary,
    Secondary,
    Tertiary,
    Unclassified,
    Residential,
    LivingStreet,
    Service,
    Track,
    Busway,
    Pedestrian,
    Cycleway,
    Footway,
    Steps,
    Path,
}

impl RoadClass {
    /// Open to motor vehicles unless tags say otherwise.
    pub const fn is_motor(self) -> bool {
        (self as u8) <= (Self::Busway as u8)
    }
}

/// Which way vehicles may drive along [`Road::line`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oneway {
    Both,
    Forward,
    Backward,
}

/// How far a kind of user may use a road.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AccessLevel {
    No,
    Private,
    /// Only to reach something on it.
    Destination,
    Yes,
}

/// Who may use a road.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RoadAccess {
    pub car: AccessLevel,
    pub goods: AccessLevel,
    pub bus: AccessLevel,
    pub bicycle: AccessLevel,
    pub foot: AccessLevel,
}

/// What a map calls a road: one OSM way.
#[derive(Clone, PartialEq, Debug)]
pub struct Road {
    pub id: RoadId,
    pub source: SourceRef,
    pub name: Option<String>,
    pub class: RoadClass,
    /// `motorway_link` and the like.
    pub is_ramp: bool,
    pub is_roundabout: bool,
    pub oneway: Known<Oneway>,
    /// Lanes in the direction of `line`; 0 where one-way against it.
    pub lanes_forward: Known<u8>,
    pub lanes_backward: Known<u8>,
    /// Carriageway, kerb to kerb, metre.
    pub width_m: Known<f64>,
    /// Legal speed limit per direction, metre per second.
    pub speed_forward_mps: Known<f64>,
    pub speed_backward_mps: Known<f64>,
    pub access: RoadAccess,
    pub bridge: bool,
    pub tunnel: bool,
    pub layer: i8,
    /// At least two distinct points.
    pub line: LineString<f64>,
    /// Turn arrows per lane, left to right in driving direction, as tagged (`left`, `through;right`,
    /// empty for none); empty when not tagged.
    pub turn_lanes_forward: Vec<String>,
    pub turn_lanes_backward: Vec<String>,
    pub tags: Tags,
}

/// What stands at a place of a road and makes drivers stop or wait.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ControlKind {
    GiveWay,
    Stop,
    Signals,
}

/// For which direction of its road a control holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ControlDirection {
    Both,
    Forward,
    Backward,
}

/// One signal, stop or give-way node of the map.
#[derive(Clone, PartialEq, Debug)]
pub struct Control {
    pub source: SourceRef,
    pub kind: ControlKind,
    pub at: Coord<f64>,
    pub direction: ControlDirection,
}

/// Where links meet or a road ends.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    pub id: NodeId,
    /// `node/…`.
    pub source: SourceRef,
    pub at: Coord<f64>,
    /// A signal stands on the node itself or on an approach to it.
    pub signals: bool,
}

/// What awaits a vehicle at the end of its link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LinkEnd {
    Free,
    GiveWay,
    Stop,
    Signals,
}

/// A directed piece of a motor road between two nodes.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    pub id: LinkId,
    pub road: RoadId,
    pub from: NodeId,
    pub to: NodeId,
    /// The piece of `Road::line`: points `first..=last`, `first < last`.
    pub first: u32,
    pub last: u32,
    /// Drives along the line (`true`) or against it.
    pub forward: bool,
    /// > 0.
    pub length_m: f64,
    /// ≥ 1.
    pub lanes: u8,
    /// Legal speed limit, > 0.
    pub speed_mps: f64,
    pub end: LinkEnd,
    /// Part of the largest strongly connected part of the network: trips can go from and to it.
    pub connected: bool,
}

/// Whether a restriction forbids its turn or forbids all others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TurnRestrictionKind {
    No,
    Only,
}

/// What a restricted turn passes through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TurnVia {
    Node(NodeId),
    /// One or more links driven in order between `from` and `to`.
    Links(Vec<LinkId>),
}

/// A turn restriction resolved to links, for motor cars.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnRestriction {
    /// `relation/…`.
    pub source: SourceRef,
    pub kind: TurnRestrictionKind,
    pub from: LinkId,
    pub via: TurnVia,
    pub to: LinkId,
}
