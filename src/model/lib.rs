//! The words every floor shares: ids, source references, units, time, the city and its edits, readings.
//!
//! Owns the data of a city and nothing that computes with it. Must not know any other floor, any file
//! format, any engine or the renderer.
//!
//! Frame: `f64` metres, x east, y north, z up, about one origin per city ([`geography::Anchor`]).

pub mod building;
pub mod city;
pub mod district;
pub mod edit;
pub mod edit_network;
pub mod edit_part;
pub mod energy_asset;
pub mod geography;
pub mod ids;
pub mod problem;
pub mod provenance;
pub mod ramp;
pub mod reading;
pub mod road;
pub mod sensor;
pub mod slug;
pub mod source;
pub mod sun;
pub mod surface;
pub mod tags;
pub mod time;
pub mod units;
pub mod weather;

pub use building::{Building, BuildingPart, BuildingUse, Roof, RoofShape, Volume};
pub use city::City;
pub use district::{District, Districts};
pub use edit::{Assumptions, Edit, EditError, Request};
pub use edit_network::{NetworkChange, NetworkChanges, NetworkEdit, NetworkEditError, RoadChange, TurnRef};
pub use edit_part::{Area, ChargingRule, Part, PartRequest, PartShare, Technology, Years};
pub use energy_asset::{EnergyAsset, EnergyAssetKind};
pub use geo::{Coord, LineString, MultiPolygon, Polygon};
pub use geography::{Anchor, DrivingSide, GeoBounds, LonLat};
pub use ids::{
    BuildingId, DistrictId, EnergyAssetId, FeatureRef, LandAreaId, LinkId, NodeId, PartId, RailwayId, RoadId, SensorId,
    TreeId, WaterAreaId,
};
pub use problem::{Problem, ProblemKind};
pub use provenance::{Known, Origin};
pub use reading::{MadeBy, Quality, Quantity, Reading};
pub use road::{
    AccessLevel, Control, ControlDirection, ControlKind, Link, LinkEnd, Node, Oneway, Road, RoadAccess, RoadClass,
    TurnRestriction, TurnRestrictionKind, TurnVia,
};
pub use sensor::Sensor;
pub use slug::slug;
pub use source::SourceRef;
pub use sun::SunPosition;
pub use surface::{LandArea, LandKind, Railway, RailwayKind, Tree, WaterArea, WaterKind, Waterway};
pub use tags::Tags;
pub use time::Timestamp;
pub use weather::{HOURS_OF_YEAR, Weather, WeatherHour, WeatherYear};
