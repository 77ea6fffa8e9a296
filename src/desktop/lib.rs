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
mod rings;
mod window;
mod wires;

use std::path::{Path, PathBuf};

pub use citytwin_panels::{LayerKind as Layer, Tab};
pub use citytwin_twin::FeedChoice;
pub use headless::{RenderSpec, Viewpoint, render};
pub use load::Start;
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
    #[error(transparent)]
    Edit(#[from] citytwin_model::EditError),
}

/// The feed that a broker's URL names.
pub fn feed_from(url: &str, ca: Option<&Path>) -> Result<FeedChoice, DesktopError> {
    let mut config: citytwin_feeds::MqttConfig = url.parse()?;
    if let Some(ca) = ca {
        config = config.with_authority(ca);
    }
    Ok(FeedChoice::External(config))
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
