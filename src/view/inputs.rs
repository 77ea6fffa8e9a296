//! Plain resources that others fill and messages that the view exchanges with them. No behaviour.

use std::sync::Arc;

use bevy::prelude::*;
use citytwin_model::{City, FeatureRef, Quality, RoadId, SensorId, SunPosition};

/// The city to show. Inserting (or replacing) it builds the world.
#[derive(Resource, Clone)]
pub struct Scene(pub Arc<City>);

/// How far the world is built.
#[derive(Resource, Clone, PartialEq, Default, Debug)]
pub struct BuildProgress {
    /// What is being built, for a progress line.
    pub stage: &'static str,
    /// 0…1.
    pub fraction: f32,
    /// Everything is on its way to the screen.
    pub done: bool,
}

/// Where the sun stands and what the city's clocks say.
#[derive(Resource, Clone, Copy, PartialEq, Debug)]
pub struct Daylight {
    pub sun: SunPosition,
    /// Local hour of day, 0 ≤ h < 24: decides which windows are lit.
    pub local_hour: f32,
}

impl Default for Daylight {
    /// A clear summer forenoon.
    fn default() -> Self {
        Self { sun: SunPosition { azimuth_deg: 135.0, elevation_deg: 42.0 }, local_hour: 10.5 }
    }
}

/// One vehicle of this frame.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct VehiclePose {
    /// Seeds the colour and names the vehicle when it is clicked.
    pub id: u32,
    /// Middle of the vehicle on the road surface, city metres.
    pub x: f32,
    pub y: f32,
    pub z: f32,
    /// From +x (east) counter-clockwise, radian.
    pub heading_rad: f32,
    pub speed_mps: f32,
    pub length_m: f32,
    /// 0 car, 1 van, 2 truck, 3 bus.
    pub kind: u8,
}

/// All vehicles of this frame; refilled every frame.
#[derive(Resource, Default, Debug)]
pub struct VehicleFrame {
    pub poses: Vec<VehiclePose>,
}

/// What a signal shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LampColour {
    Red,
    Amber,
    Green,
}

/// One signal head.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SignalLamp {
    /// Stop line on the road surface, city metres.
    pub at: [f32; 3],
    /// Driving direction of the traffic it holds, from east counter-clockwise, radian.
    pub heading_rad: f32,
    pub colour: LampColour,
}

/// All signal heads.
#[derive(Resource, Default, Debug)]
pub struct SignalLamps(pub Vec<SignalLamp>);

/// A sensor's pin. `quality` is `None` before its first reading.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SensorMark {
    pub sensor: SensorId,
    pub at: [f32; 3],
    pub quality: Option<Quality>,
}

/// All sensor pins.
#[derive(Resource, Default, Debug)]
pub struct SensorMarks(pub Vec<SensorMark>);

/// Values of one layer and the colours they take.
#[derive(Clone, Debug)]
pub struct OverlayLayer {
    /// 0…1 per feature, NaN where there is no data.
    pub values: Arc<Vec<f32>>,
    /// sRGB for 0…1.
    pub colours: Arc<[[u8; 3]; 256]>,
}

impl OverlayLayer {
    /// The colour of a scale position; `None` for NaN.
    pub(crate) fn colour(&self, value: f32) -> Option<[u8; 3]> {
        value.is_finite().then(|| self.colours[(value.clamp(0.0, 1.0) * 255.0).round() as usize])
    }
}

/// What the features are coloured by. Recolours by a small upload, never by building meshes.
#[derive(Resource, Clone, Default, Debug)]
pub struct Overlay {
    /// Indexed by `LinkId`.
    pub roads: Option<OverlayLayer>,
    /// Indexed by `BuildingId`.
    pub buildings: Option<OverlayLayer>,
    /// Roads drawn as closed.
    pub closed: Vec<RoadId>,
    /// Changes whenever anything above does.
    pub version: u64,
}

/// What a strand of the power grid carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum StrandKind {
    Medium,
    Low,
    /// From the street to one building.
    Service,
}

/// A cable or line as it is drawn.
#[derive(Clone, PartialEq, Debug)]
pub struct Strand {
    /// East and north, city metres.
    pub points: Vec<[f32; 2]>,
    pub kind: StrandKind,
}

/// A station of the power grid as it is drawn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StationMark {
    /// East and north, city metres.
    pub at: [f32; 2],
    /// From high voltage; else from medium.
    pub primary: bool,
}

/// The power grid to draw over the map. Replacing it builds its meshes; colours come by [`GridPaint`].
#[derive(Resource, Clone, Default, Debug)]
pub struct GridShape {
    pub strands: Arc<Vec<Strand>>,
    pub stations: Arc<Vec<StationMark>>,
}

/// Whether all of the [`GridShape`] is on its way to the screen.
#[derive(Resource, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct GridBuilt(pub bool);

/// What the grid is coloured by; not drawn without.
#[derive(Resource, Clone, Default, Debug)]
pub struct GridPaint {
    /// Indexed as [`GridShape::strands`]; NaN is grey.
    pub strands: Option<OverlayLayer>,
    /// Indexed as [`GridShape::stations`].
    pub stations: Option<OverlayLayer>,
    /// Highlighted.
    pub picked: Option<PickedGrid>,
    /// Changes whenever anything above does.
    pub version: u64,
}

/// Which kinds of features are drawn.
#[derive(Resource, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Visibility {
    pub buildings: bool,
    pub roads: bool,
    pub trees: bool,
    pub vehicles: bool,
    pub water: bool,
    pub land: bool,
    pub railways: bool,
    pub sensors: bool,
}

impl Default for Visibility {
    fn default() -> Self {
        Self {
            buildings: true,
            roads: true,
            trees: true,
            vehicles: true,
            water: true,
            land: true,
            railways: true,
            sensors: true,
        }
    }
}

/// What is highlighted.
#[derive(Resource, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Selection {
    pub picked: Option<FeatureRef>,
    pub hovered: Option<FeatureRef>,
}

/// Who has pointer and keys: `true` means a panel does, and the camera and picking ignore them.
#[derive(Resource, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct InputGate {
    pub pointer: bool,
    pub keyboard: bool,
}

/// A click (not a drag) hit this feature, or nothing.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Picked(pub Option<FeatureRef>);

/// A click hit the vehicle with this id.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug)]
pub struct PickedVehicle(pub u32);

/// A click hit this element of the power grid; numbers as in [`GridShape`].
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug)]
pub enum PickedGrid {
    Strand(u32),
    Station(u32),
}

/// Asks the camera to move. Angles in radian.
#[derive(Message, Clone, Copy, PartialEq, Debug)]
pub enum CameraCommand {
    /// Look at a place (city metres) so that `radius_m` around it fills the view; keeps the direction.
    FlyTo { at: [f32; 3], radius_m: f32 },
    /// The whole city.
    Home,
    /// From straight above, north up.
    TopDown,
    /// Tilted again, about the same place.
    Tilt,
    /// Keep this moving place (city metres) in the middle.
    Follow { at: [f32; 3] },
    /// Exactly this view: `yaw_rad` is the direction looked at, clockwise from north; `pitch_rad` the angle
    /// below the horizon.
    Set { target: [f32; 3], distance_m: f32, yaw_rad: f32, pitch_rad: f32 },
}

/// Registers every resource and message with its default.
pub fn plugin(app: &mut App) {
    app.init_resource::<BuildProgress>()
        .init_resource::<Daylight>()
        .init_resource::<VehicleFrame>()
        .init_resource::<SignalLamps>()
        .init_resource::<SensorMarks>()
        .init_resource::<Overlay>()
        .init_resource::<GridShape>()
        .init_resource::<GridPaint>()
        .init_resource::<GridBuilt>()
        .init_resource::<Visibility>()
        .init_resource::<Selection>()
        .init_resource::<InputGate>()
        .add_message::<Picked>()
        .add_message::<PickedVehicle>()
        .add_message::<PickedGrid>()
        .add_message::<CameraCommand>();
}
