//! The keys that the panels answer, and their words on the help sheet: one table for both.

use egui::{Context, Key, KeyboardShortcut, Modifiers, Popup};

use crate::{CameraPreset, FlyTarget, PanelInput, PanelRequest, PanelState, SPEEDS, input::Picked};

/// What a key does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Action {
    Help,
    Pause,
    Slower,
    Faster,
    Search,
    Undo,
    FlyToPicked,
    Home,
    Top,
    LeftPanel,
    RightPanel,
    Screenshot,
    Clear,
}

const NONE: Modifiers = Modifiers::NONE;

/// Key, its name on the sheet, what it does in words, and the action.
const KEYS: [(Modifiers, Key, &str, &str, Action); 13] = [
    (NONE, Key::F1, "F1  or  ?", "This sheet", Action::Help),
    (NONE, Key::Space, "Space", "Play or pause", Action::Pause),
    (NONE, Key::Comma, ",", "Slower", Action::Slower),
    (NONE, Key::Period, ".", "Faster", Action::Faster),
    (Modifiers::COMMAND, Key::F, "Ctrl F", "Search", Action::Search),
    (Modifiers::COMMAND, Key::Z, "Ctrl Z", "Undo the latest change", Action::Undo),
    (NONE, Key::F, "F", "Fly to what is selected", Action::FlyToPicked),
    (NONE, Key::Home, "Home", "Show the whole city", Action::Home),
    (NONE, Key::T, "T", "Look straight down", Action::Top),
    (NONE, Key::F2, "F2", "Show or hide the left panel", Action::LeftPanel),
    (NONE, Key::F3, "F3", "Show or hide the right panel", Action::RightPanel),
    (NONE, Key::F12, "F12", "Save a picture", Action::Screenshot),
    (NONE, Key::Escape, "Esc", "Clear the selection", Action::Clear),
];

/// Number keys that choose layers, in their order.
const DIGITS: [Key; 8] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8];

/// Keys and words for the help sheet: those that do something now.
pub(crate) fn sheet(input: &PanelInput) -> Vec<(&'static str, &'static str)> {
    let mut rows: Vec<_> = KEYS.iter().filter(|key| is_offered(key.4, input)).map(|key| (key.2, key.3)).collect();
    if !input.layers.is_empty() {
        rows.insert(4, ("1 … 8", "Choose the map layer"));
    }
    rows
}

/// Turns key presses into requests, unless a text field or another control has the keyboard.
pub(crate) fn handle(ctx: &Context, state: &mut PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    let focused = ctx.memory(|memory| memory.focused().is_some());
    // Esc has already taken the focus away or closed the menu when this runs: what counts is the frame before.
    let esc_taken = std::mem::replace(&mut state.keys_held, focused || Popup::is_any_open(ctx)) || focused;
    if ctx.text_edit_focused() {
        return;
    }
    let sheet_open = state.help_open || state.models_open;
    for (modifiers, key, _, _, action) in KEYS {
        let taken = match key {
            Key::F1 => false,
            Key::Space => focused || sheet_open,
            Key::Escape => esc_taken || sheet_open,
            _ => sheet_open,
        };
        let shortcut = KeyboardShortcut::new(modifiers, key);
        if !taken && is_offered(action, input) && ctx.input_mut(|i| i.consume_shortcut(&shortcut)) {
            act(action, state, input, out);
        }
    }
    if ctx.input(|i| i.events.iter().any(|e| matches!(e, egui::Event::Text(text) if text == "?"))) {
        act(Action::Help, state, input, out);
    }
    let digits = DIGITS.iter().zip(input.layers).filter(|(_, layer)| !sheet_open && layer.unavailable.is_none());
    for (key, layer) in digits {
        if ctx.input_mut(|i| i.consume_key(NONE, *key)) {
            out.push(PanelRequest::SetLayer(layer.kind));
        }
    }
}

fn is_offered(action: Action, input: &PanelInput) -> bool {
    match action {
        Action::Search => input.can.search,
        Action::Undo => input.what_if.is_some_and(|what_if| !what_if.edits.is_empty()),
        Action::FlyToPicked => input.can.fly_to,
        Action::Home | Action::Top => input.can.camera_presets,
        Action::Screenshot => input.can.screenshot,
        _ => true,
    }
}

fn act(action: Action, state: &mut PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    match action {
        Action::Help => state.help_open = !state.help_open,
        Action::Pause => out.push(PanelRequest::Pause(!input.clock.paused)),
        Action::Slower => out.extend(speed_step(input.clock.speed, -1)),
        Action::Faster => out.extend(speed_step(input.clock.speed, 1)),
        Action::Search => {
            state.left_open = true;
            state.search_wanted = true;
        }
        Action::Undo => out.push(PanelRequest::UndoEdit),
        Action::FlyToPicked => out.extend(input.inspector.map(|shown| PanelRequest::FlyTo(target(shown.picked)))),
        Action::Home => out.push(PanelRequest::Camera(CameraPreset::Home)),
        Action::Top => out.push(PanelRequest::Camera(CameraPreset::Top)),
        Action::LeftPanel => state.left_open = !state.left_open,
        Action::RightPanel => state.right_open = !state.right_open,
        Action::Screenshot => out.push(PanelRequest::Screenshot),
        Action::Clear if input.inspector.is_some() => out.push(PanelRequest::ClearSelection),
        Action::Clear => {}
    }
}

/// Where the picked thing is.
pub(crate) fn target(picked: Picked) -> FlyTarget {
    match picked {
        Picked::Feature(feature) => FlyTarget::Feature(feature),
        Picked::Vehicle(vehicle) => FlyTarget::Vehicle(vehicle),
        Picked::Grid(element) => FlyTarget::Grid(element),
    }
}

/// The next of [`SPEEDS`] up or down.
fn speed_step(speed: f64, step: i32) -> Option<PanelRequest> {
    let next =
        if step > 0 { SPEEDS.into_iter().find(|s| *s > speed) } else { SPEEDS.into_iter().rev().find(|s| *s < speed) };
    next.map(PanelRequest::SetSpeed)
}
