//! The window.

use std::path::PathBuf;

use bevy::{
    log::LogPlugin,
    prelude::*,
    window::{PresentMode, WindowResolution},
};
use bevy_egui::EguiPlugin;
use citytwin_import::ImportOptions;
use citytwin_panels::Gravity;
use citytwin_twin::FeedChoice;

use crate::{
    DesktopError,
    desk::{Desk, DeskPlugin},
    load::{self, LoadSpec, LoadState, Start},
};

/// What to open in the window.
pub struct WindowSpec {
    pub path: PathBuf,
    pub options: ImportOptions,
    pub feed: FeedChoice,
    pub start: Start,
    pub seed: u64,
    /// Of the clock: seconds of the city in each second.
    pub speed: f64,
}

/// Opens the window and runs until it is closed.
///
/// # Errors
/// Without a display or a graphics driver; a map that cannot be read is said in the window.
pub fn open(spec: WindowSpec) -> Result<(), DesktopError> {
    if !has_display() {
        return Err(DesktopError::NoDisplay);
    }
    citytwin_view::check_driver()?;
    let title = spec.path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let window = Window {
        title: format!("CityTwin: {title}"),
        name: Some("citytwin".into()),
        resolution: WindowResolution::new(1280, 720),
        present_mode: PresentMode::AutoVsync,
        ..default()
    };
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: Some(window), ..default() })
            .set(LogPlugin { filter: crate::headless::LOG_FILTER.into(), ..default() }),
    )
    .add_plugins((EguiPlugin::default(), DeskPlugin))
    .insert_resource(LoadState::Loading { stage: "opening the map", fraction: 0.0 })
    .add_systems(Startup, fill_screen)
    .add_systems(Update, say_failure);
    let load = LoadSpec { path: spec.path, options: spec.options, start: spec.start, seed: spec.seed };
    app.insert_resource(load::begin(load, spec.feed, spec.speed));
    app.run();
    Ok(())
}

/// A window system to open a window on. Windows and macOS always have one.
fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(all(unix, not(target_os = "macos"))) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Small enough for any screen to begin with, then as large as the screen allows.
fn fill_screen(mut windows: Query<&mut Window>) {
    for mut window in &mut windows {
        window.set_maximized(true);
    }
}

/// A map that cannot be read is said where the person looks, and the window stays to be read.
fn say_failure(state: Res<LoadState>, mut desk: ResMut<Desk>) {
    if state.is_changed()
        && let LoadState::Failed(why) = &*state
    {
        desk.notice(Gravity::Error, why.clone());
    }
}
