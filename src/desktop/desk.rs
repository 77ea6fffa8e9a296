//! What the person at the desk has chosen (layer, followed vehicle, search), and the plugin that wires twin,
//! view and panels together.

use bevy::{prelude::*, window::PrimaryWindow};
use bevy_egui::{EguiContexts, EguiPrimaryContextPass, egui, input::EguiWantsInput};
use citytwin_model::{FeatureRef, RoadId};
use citytwin_panels::{
    Gravity, GridElement, HistoryRange, LayerGroup, LayerKind, Notice, PanelRequest, PanelState, SearchHit, Tab, draw,
    draw_legend, theme,
};
use citytwin_twin::{Clock, ClockRequest, EditRefused, Exported, Feed, RoadInquired, TwinPlugin, YearTwin};
use citytwin_view::{InputGate, Picked, PickedGrid, PickedVehicle, Selection, ViewPlugin, ViewSystems};

use crate::{gather, labels, layers, load, obey, picture, rings, wires};

/// Choices of the person that neither twin nor view keep.
#[derive(Resource, Debug)]
pub struct Desk {
    pub layer: LayerKind,
    pub names: bool,
    pub picked_vehicle: Option<u32>,
    pub picked_grid: Option<GridElement>,
    pub followed: Option<u32>,
    pub search: Vec<SearchHit>,
    pub notices: Vec<Notice>,
    pub draw_panels: bool,
    /// How far back the inspector's curves go.
    pub history_range: HistoryRange,
    next_notice: u64,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            layer: LayerKind::Plain,
            names: true,
            picked_vehicle: None,
            picked_grid: None,
            followed: None,
            search: Vec::new(),
            notices: Vec::new(),
            draw_panels: true,
            history_range: HistoryRange::default(),
            next_notice: 0,
        }
    }
}

impl Desk {
    /// Shows a line until it is dismissed.
    pub fn notice(&mut self, gravity: Gravity, text: impl Into<String>) {
        let text = text.into();
        if self.notices.iter().any(|n| n.text == text) {
            return;
        }
        self.next_notice += 1;
        self.notices.push(Notice { id: self.next_notice, gravity, text });
    }
}

/// The panels' own memory.
#[derive(Resource, Default)]
pub struct Panels(pub PanelState);

/// The part of the screen that the panels leave to the map, in points.
#[derive(Resource, Default)]
pub struct MapRect(pub Option<egui::Rect>);

/// What the panels asked for this frame.
#[derive(Resource, Default)]
pub struct Asked(pub Vec<PanelRequest>);

/// Everything but the window itself.
pub struct DeskPlugin;

impl Plugin for DeskPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins((TwinPlugin, ViewPlugin))
            .init_resource::<Desk>()
            .init_resource::<Panels>()
            .init_resource::<Asked>()
            .init_resource::<MapRect>()
            .add_systems(PreUpdate, load::take_loaded)
            .add_systems(Update, gate.before(ViewSystems::Camera))
            .add_systems(
                Update,
                (obey::obey, note_picks, note_refusals, note_exports, inquire, want_year, end_replay).chain(),
            )
            .add_systems(EguiPrimaryContextPass, (dress, show).chain());
        gather::year::plugin(app);
        gather::feeds::plugin(app);
        layers::plugin(app);
        picture::plugin(app);
        labels::plugin(app);
        wires::plugin(app);
        rings::plugin(app);
    }
}

/// Pointer and keys over a panel never reach the camera. What the overlay said of the pointer is a frame old: in
/// a slow frame the pointer has left the map since, so where it is now counts too.
fn gate(
    (wants, free): (Option<Res<EguiWantsInput>>, Res<MapRect>),
    windows: Query<&Window, With<PrimaryWindow>>,
    mut contexts: EguiContexts,
    mut gate: ResMut<InputGate>,
) {
    let Some(wants) = wants else { return };
    let at = windows.single().ok().and_then(Window::cursor_position).map(|at| egui::pos2(at.x, at.y));
    let covered = at.zip(contexts.ctx_mut().ok()).is_some_and(|(at, ctx)| is_covered(ctx, free.0, at));
    let next =
        InputGate { pointer: covered || wants.wants_any_pointer_input(), keyboard: wants.wants_any_keyboard_input() };
    gate.set_if_neq(next);
}

/// Whether a point of the screen is off the map, or something floats over the map there.
fn is_covered(ctx: &egui::Context, map: Option<egui::Rect>, at: egui::Pos2) -> bool {
    map.is_some_and(|map| !map.contains(at))
        || ctx.layer_id_at(at).is_some_and(|layer| layer.order > egui::Order::Background)
}

fn note_picks(
    mut picked: MessageReader<Picked>,
    mut vehicles: MessageReader<PickedVehicle>,
    mut elements: MessageReader<PickedGrid>,
    (mut selection, mut desk): (ResMut<Selection>, ResMut<Desk>),
) {
    for Picked(feature) in picked.read() {
        selection.picked = *feature;
        (desk.picked_vehicle, desk.picked_grid) = (None, None);
    }
    for PickedVehicle(id) in vehicles.read() {
        selection.picked = None;
        (desk.picked_vehicle, desk.picked_grid) = (Some(*id), None);
    }
    for element in elements.read() {
        selection.picked = None;
        let element = match *element {
            PickedGrid::Strand(line) => GridElement::Line(line),
            PickedGrid::Station(transformer) => GridElement::Transformer(transformer),
        };
        (desk.picked_vehicle, desk.picked_grid) = (None, Some(element));
    }
}

/// Asks about the picked road, and no longer where something else is picked.
fn inquire(selection: Res<Selection>, mut asked: Local<Option<RoadId>>, mut inquired: MessageWriter<RoadInquired>) {
    let road = match selection.picked {
        Some(FeatureRef::Road(road)) => Some(road),
        _ => None,
    };
    if road != *asked {
        *asked = road;
        inquired.write(RoadInquired(road));
    }
}

/// The year of energy is computed while somebody looks at it.
fn want_year((desk, panels): (Res<Desk>, Res<Panels>), year: Option<ResMut<YearTwin>>) {
    let wanted = desk.layer.is_year() || desk.draw_panels && panels.0.right_open && panels.0.tab == Tab::Year;
    if let Some(mut year) = year
        && year.wanted != wanted
    {
        year.wanted = wanted;
    }
}

fn note_refusals(mut refused: MessageReader<EditRefused>, mut desk: ResMut<Desk>) {
    for EditRefused { why, .. } in refused.read() {
        desk.notice(Gravity::Warning, why.clone());
    }
}

fn note_exports(mut exported: MessageReader<Exported>, mut desk: ResMut<Desk>) {
    for Exported { path, result } in exported.read() {
        match result {
            Ok(0) => desk.notice(Gravity::Warning, format!("{}: the range has no readings", path.display())),
            Ok(count) => desk.notice(Gravity::Done, format!("{count} readings written to {}", path.display())),
            Err(why) => desk.notice(Gravity::Error, why.clone()),
        }
    }
}

/// A replay whose last reading was handed over rests there.
fn end_replay(
    (feed, clock): (Option<Res<Feed>>, Option<Res<Clock>>),
    (mut desk, mut requests): (ResMut<Desk>, MessageWriter<ClockRequest>),
    mut told: Local<bool>,
) {
    let Some((feed, clock)) = feed.zip(clock) else { return };
    let over = feed.replay_ends().is_some_and(|end| clock.now() >= end);
    if over && !*told && !clock.paused {
        requests.write(ClockRequest::Pause(true));
        desk.notice(Gravity::Done, "The replay has come to its end. Set the clock to see any moment of it again.");
    }
    *told = over;
}

fn dress(mut contexts: EguiContexts, mut dressed: Local<bool>) -> Result {
    if !*dressed {
        theme::install(contexts.ctx_mut()?, Vec::new());
        *dressed = true;
    }
    Ok(())
}

/// One frame of the panels.
pub fn show(
    mut contexts: EguiContexts,
    (mut panels, mut asked, desk): (ResMut<Panels>, ResMut<Asked>, Res<Desk>),
    mut free: ResMut<MapRect>,
    seen: gather::Seen,
) -> Result {
    let ctx = contexts.ctx_mut()?.clone();
    if !desk.draw_panels {
        // A picture without panels still says what its colours mean.
        if let Some(layer) = seen.offered.0.iter().find(|layer| layer.kind == desk.layer) {
            draw_legend(&ctx, layer);
        }
        return Ok(());
    }
    let mut root = egui::Ui::new(
        ctx.clone(),
        "desk".into(),
        egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(ctx.viewport_rect()),
    );
    let gathered = gather::gather(&seen, &desk);
    free.0 = Some(draw(&mut root, &mut panels.0, &gathered.input(&seen, &desk), &mut asked.0));
    Ok(())
}

/// Groups of things that can be hidden here.
pub const GROUPS: [LayerGroup; 9] = [
    LayerGroup::Buildings,
    LayerGroup::Roads,
    LayerGroup::Railways,
    LayerGroup::Water,
    LayerGroup::Green,
    LayerGroup::Trees,
    LayerGroup::Vehicles,
    LayerGroup::Sensors,
    LayerGroup::Labels,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_and_what_floats_cover_the_map() {
        let ctx = egui::Context::default();
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(800.0, 600.0));
        let map = egui::Rect::from_min_max(egui::pos2(200.0, 40.0), egui::pos2(600.0, 550.0));
        for _ in 0..2 {
            let input = egui::RawInput { screen_rect: Some(screen), ..egui::RawInput::default() };
            let _ = ctx.run_ui(input, |ui| {
                egui::Area::new("notice".into()).fixed_pos(egui::pos2(300.0, 100.0)).show(ui.ctx(), |ui| {
                    ui.set_min_size(egui::vec2(100.0, 50.0));
                });
            });
        }
        for (x, y, covered) in [
            (100.0, 300.0, true),  // left panel
            (700.0, 300.0, true),  // right panel
            (400.0, 20.0, true),   // top bar
            (400.0, 580.0, true),  // time bar
            (350.0, 120.0, true),  // a notice over the map
            (400.0, 300.0, false), // the map
        ] {
            assert_eq!(is_covered(&ctx, Some(map), egui::pos2(x, y)), covered, "{x} {y}");
        }
        assert!(!is_covered(&ctx, None, egui::pos2(100.0, 300.0)), "without panels all is map");
    }
}
