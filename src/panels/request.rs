//! What a person asks for through the panels. Imperative, plain, complete: the one who receives a request
//! needs nothing from the panels' own state.

use citytwin_model::{Coord, FeatureRef, Request, SensorId, SourceRef, time::civil};

use crate::{
    input::GridElement,
    layer::{LayerGroup, LayerKind},
    sensor_history::HistoryRange,
};

/// One wish of the person in front of the screen.
#[derive(Clone, PartialEq, Debug)]
pub enum PanelRequest {
    /// City seconds per real second; one of [`crate::SPEEDS`].
    SetSpeed(f64),
    Pause(bool),
    /// Seconds since local midnight, 0 ≤ s < 86,400, of the day the clock shows.
    SetTimeOfDay(f64),
    /// Local date, keeping the time of day.
    SetDate(civil::Date),
    /// Back from a past moment to what is measured now.
    GoLive,
    SetLayer(LayerKind),
    SetVisible(LayerGroup, bool),
    /// A what-if; values lie within the ranges of [`Request`].
    Edit(Request),
    /// Takes the latest edit back.
    UndoEdit,
    /// Takes all edits back.
    ResetEdits,
    /// Runs the baseline against the edits.
    Compare,
    CancelCompare,
    FlyTo(FlyTarget),
    Select(FeatureRef),
    ClearSelection,
    Camera(CameraPreset),
    /// Follow this vehicle, or stop following with `None`.
    FollowVehicle(Option<u32>),
    SelectGrid(GridElement),
    /// Take an element of the power grid out of service (`true`), or put it back.
    SwitchGrid(GridElement, bool),
    /// Show this sensor's history over this range, now and until another is asked for.
    HistoryRange(SensorId, HistoryRange),
    /// Write this sensor's readings of this range to a file; say where with a [`crate::Notice`].
    ExportHistory(SensorId, HistoryRange),
    Screenshot,
    /// The search text changed; empty when cleared. Answer with `PanelInput::search`.
    Search(String),
    /// The notice with this id was read.
    DismissNotice(u64),
}

/// Where the camera should go.
#[derive(Clone, PartialEq, Debug)]
pub enum FlyTarget {
    Feature(FeatureRef),
    /// A thing named by its source, which may not be a feature (a dropped way of a problem).
    Source(SourceRef),
    /// A place in local metres, and what stands there.
    Place(Coord<f64>, SourceRef),
    Vehicle(u32),
    Grid(GridElement),
}

/// Ready-made views.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CameraPreset {
    /// The whole city, as on opening.
    Home,
    /// Straight down, north up, about the present place.
    Top,
    /// Tilted, about the present place.
    Tilt,
}
