//! The panels around the map: plain data in ([`PanelInput`]), requests out ([`PanelRequest`]).
//!
//! Owns looks, words, number formats and the keys of the panels. Knows `model` and egui alone; must not know
//! Bevy, an engine, a file or a clock. What is not in the input is not on the screen.
//!
//! # How a program uses it
//! 1. Once, before the first frame: [`theme::install`]`(ctx, extra_faces)`. Without it [`draw`] installs the theme
//!    itself and the first frame stays empty.
//! 2. Each frame (with bevy_egui: in `EguiPrimaryContextPass`), on a root `Ui` that covers the window:
//!    ```
//!    # let ctx = egui::Context::default();
//!    # let (mut state, input, mut requests) = (Default::default(), Default::default(), Vec::new());
//!    # ctx.begin_pass(egui::RawInput::default());
//!    let mut root = egui::Ui::new(
//!        ctx.clone(),
//!        egui::Id::new("panels"),
//!        egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(ctx.viewport_rect()),
//!    );
//!    let map = citytwin_panels::draw(&mut root, &mut state, &input, &mut requests);
//!    # ctx.end_pass();
//!    ```
//!    `map` is the part of the window left free, in points: centre the camera and clip labels by it.
//! 3. Carry the requests out, in order. They are complete in themselves; nothing has to be read from the state.
//!    Values of [`PanelRequest::Edit`] lie in range, but the city still decides: say no with a [`Notice`].
//! 4. Pointer and keys over a panel belong to the panel: gate camera and picking by bevy_egui's
//!    `EguiWantsInput` (`wants_any_pointer_input`, `wants_any_keyboard_input`). The keys listed on the help sheet
//!    (`keys.rs`: Space, comma, period, 1–8, F, T, Home, F1–F3, F12, Esc, Ctrl F, Ctrl Z) are answered here: the map
//!    must not bind them as well. The map's own keys go into [`PanelInput::camera_keys`].
//! 5. Colours of the map: take [`LayerKind::colours`] as the table and [`LayerInfo::position`] as the place of a
//!    value on it, with the very [`LayerInfo`] given to the panels: then picture and legend agree.
//! 6. Sliders send one [`PanelRequest::Edit`] when the hand lets go (the keyboard: after 0.4 s of rest), so no
//!    throttling is needed. Consecutive edits of one slider may be merged by whoever keeps the list.
//! 7. No city yet: leave [`CityData::name`] empty and say in [`PanelInput::busy`] what is being read; only the top bar
//!    is drawn.
//! 8. Selecting: set [`PanelInput::inspector`]; the panel brings its tab to the front on its own.
//! 9. [`PanelInput`] borrows: keep figures, history (a few hundred points) and the inspector in the program and
//!    renew them a few times a second, not on every frame. Ages count city seconds, those of feeds the machine's.
//! 10. Feeds: [`PanelInput::feeds`] opens their tab and stands in for [`PanelInput::feed`] in the top bar;
//!     [`ClockData::live`] puts the badge beside the clock and the way back ([`PanelRequest::GoLive`]);
//!     [`InspectorData::history`] draws a sensor's past over the range last asked for by [`PanelRequest::HistoryRange`].
//!     Intervals without readings are left out of its points: the panel finds the gaps.

pub mod format;
pub mod layer;
pub mod theme;

mod districts;
mod element;
mod feeds;
mod figures;
mod grid;
mod icon;
mod input;
mod inspector;
mod keys;
mod left;
mod legend;
mod live;
mod overlay;
mod problems;
mod quality;
mod request;
mod right;
mod sankey;
mod sensor_history;
mod sheet;
mod sparkline;
mod state;
mod time_bar;
mod top_bar;
mod trends;
mod what_if;
mod year;

pub use figures::Verdict;
pub use format::Unit;
pub use input::{
    Abilities, Better, Busy, CityData, ClockData, Comparison, Fact, FeedData, FeedState, Gravity, GridData, GridDay,
    GridElement, GridHelp, GridItem, GridSensed, GridSuspect, History, InspectorData, KeyFigureRow, KeyNote, Measure,
    ModelNote, Notice, Observation, PanelInput, PeakHour, PeakState, Picked, PickedRoad, Related, RoadUsers, SearchHit,
    TrafficNow, Trail, Validation, WhatIfData,
};
pub use layer::{LayerGroup, LayerInfo, LayerKind};
pub use live::{
    DeadLetterRow, DistrictRow, Districts, FeedMode, FeedTotals, FeedsData, HistoryStore, LiveClock, LiveState,
    RATE_STEP_S, SensorCounts, SourceKind, SourceRow, SourceState,
};
pub use request::{CameraPreset, FlyTarget, PanelRequest};
pub use sankey::{Flow, Node, Sankey};
pub use sensor_history::{HistoryLevel, HistoryPoint, HistoryRange, ModelError, SensorHistory};
pub use state::{PanelState, Tab};
pub use what_if::part_in_words;
pub use year::{Axis, Curve, CurveLine, YearData, YearState};

/// The speeds offered, city seconds per real second.
pub const SPEEDS: [f64; 4] = [1.0, 10.0, 60.0, 300.0];

/// Draws a layer's legend alone, in the corner of the picture.
pub fn draw_legend(ctx: &egui::Context, layer: &LayerInfo) {
    if theme::is_ready(ctx) {
        legend::float(ctx, ctx.viewport_rect(), layer);
    }
}

/// Draws all panels and returns the rectangle of the map, in points.
pub fn draw(
    root: &mut egui::Ui,
    state: &mut PanelState,
    input: &PanelInput,
    out: &mut Vec<PanelRequest>,
) -> egui::Rect {
    if !theme::is_ready(root.ctx()) {
        return root.available_rect_before_wrap();
    }
    let ctx = root.ctx().clone();
    top_bar::show(root, state, input, out);
    if !input.city.name.is_empty() {
        time_bar::show(root, state, input, out);
        left::show(root, state, input, out);
        right::show(root, state, input, out);
    }
    let map = root.available_rect_before_wrap();
    overlay::show(&ctx, map, state, input, out);
    sheet::show(&ctx, state, input);
    keys::handle(&ctx, state, input, out);
    map
}
