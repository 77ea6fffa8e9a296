//! The window: composes twin, view and panels, hands each panel its data, turns its requests into messages.
//! The same composition without a window draws a picture ([`render`]).
//!
//! Owns no model of the city and computes nothing about it; what is shown comes from the twin.

mod desk;
mod gather;
mod headless;
mod labels;
mod layers;
mod load;
mod models;
mod obey;
mod picture;
mod replay;
mod rings;
mod window;
mod wires;

use std::path::{Path, PathBuf};

use citytwin_feeds::MqttConfig;
pub use citytwin_panels::{LayerKind as Layer, Tab};
pub use citytwin_twin::{FeedChoice, FeedHealth, LiveFeed, ReplayFeed, Until};
pub use headless::{RenderSpec, Viewpoint, render};
pub use load::Start;
pub use replay::{ReplaySpec, Replayed, replay};
pub use window::{WindowSpec, open};

/// Why the window or the picture cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DesktopError {
    #[error(
        "no display was found (DISPLAY and WAYLAND_DISPLAY are not set): use `citytwin render`, `citytwin run` or \
         `citytwin check`, which need none"
    )]
    NoDisplay,
    #[error(transparent)]
    View(#[from] citytwin_view::ViewError),
    #[error(transparent)]
    Feed(#[from] citytwin_feeds::FeedError),
    #[error("{0}")]
    Load(String),
    #[error("{0}")]
    NoFeed(String),
    #[error(transparent)]
    Edit(#[from] citytwin_model::EditError),
}

/// The broker that a URL names.
///
/// # Errors
/// An address that cannot be read.
pub fn broker_from(url: &str, ca: Option<&Path>) -> Result<MqttConfig, DesktopError> {
    let config: MqttConfig = url.parse()?;
    Ok(match ca {
        Some(ca) => config.with_authority(ca),
        None => config,
    })
}

/// A folder that ships with the program: under the working directory, beside the executable or above it,
/// or in the source tree it was built from.
pub fn find_beside_program(relative: &str) -> Option<PathBuf> {
    let executable = std::env::current_exe().ok();
    let beside = executable.iter().flat_map(|exe| exe.ancestors().skip(1).take(4).map(Path::to_path_buf));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_path_buf);
    std::iter::once(PathBuf::from("."))
        .chain(beside)
        .chain(source)
        .map(|folder| folder.join(relative))
        .find(|path| path.is_dir())
}
