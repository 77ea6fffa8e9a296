//! The 3D city: builds chunk meshes of a [`City`](citytwin_model::City), draws them with sun, sky, water
//! and vehicles, moves the camera and tells what was clicked.
//!
//! Owns everything that is drawn and the camera. Knows the city model and plain resources that someone else
//! refills ([`VehicleFrame`], [`Overlay`], …); must not know the twin, the engines or any panel.

pub mod camera;
mod driver;
mod frame;
mod grid;
mod headless;
pub mod heights;
mod inputs;
mod instances;
mod marks;
mod material;
pub mod mesh;
mod model;
mod overlay;
pub mod pick;
mod project;
mod quality;
mod rings;
mod vehicles;
pub mod world;

pub use driver::check as check_driver;
pub use frame::{bevy_from_enu, enu_from_bevy};
pub use headless::{
    CameraSpec, RenderSpec, ViewError, app as headless_app, draw, draw_next, headless, require_writable,
};
pub use heights::RoadHeights;
pub use inputs::{
    BuildProgress, CameraCommand, Daylight, GridBuilt, GridPaint, GridShape, InputGate, LampColour, Overlay,
    OverlayLayer, Picked, PickedGrid, PickedVehicle, Scene, Selection, SensorMark, SensorMarks, SignalLamp,
    SignalLamps, StationMark, Strand, StrandKind, VehicleFrame, VehiclePose, Visibility,
};
pub use overlay::table as overlay_table;
pub use project::project;
pub use quality::Quality;
pub use rings::Rings;

use bevy::prelude::*;

/// Marks the one camera that the rig moves and that picking looks through.
#[derive(Component, Default, Debug)]
pub struct ViewCamera;

/// Order of the view's systems in `Update`.
#[derive(SystemSet, Clone, PartialEq, Eq, Hash, Debug)]
pub enum ViewSystems {
    /// Finished meshes become entities.
    Build,
    /// Pointer and keys move the camera.
    Camera,
    /// A click becomes a [`Picked`].
    Pick,
    /// What was refilled this frame goes to the graphics card.
    Upload,
}

/// The 3D view. Expects `DefaultPlugins` (with or without a window).
#[derive(Default)]
pub struct ViewPlugin;

impl Plugin for ViewPlugin {
    fn build(&self, app: &mut App) {
        app.configure_sets(
            Update,
            (ViewSystems::Build, ViewSystems::Camera, ViewSystems::Pick, ViewSystems::Upload).chain(),
        )
        .add_plugins((inputs::plugin, camera::plugin, pick::plugin))
        .add_plugins((
            quality::plugin,
            material::plugin,
            world::plugin,
            overlay::plugin,
            vehicles::plugin,
            marks::plugin,
            grid::plugin,
            rings::plugin,
        ));
    }
}
