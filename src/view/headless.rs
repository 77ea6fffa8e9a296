//! Pictures without a window or an X server: [`app`] and [`draw`] for who composes more than the view,
//! [`headless`] for the city alone.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bevy::{
    app::PluginsState,
    asset::RenderAssetUsages,
    camera::RenderTarget,
    image::Image,
    log::LogPlugin,
    prelude::*,
    render::{
        RenderPlugin,
        pipelined_rendering::PipelinedRenderingPlugin,
        render_resource::TextureFormat,
        view::screenshot::{Screenshot, ScreenshotCaptured},
    },
    window::ExitCondition,
    winit::WinitPlugin,
};

use citytwin_model::City;

use crate::{BuildProgress, CameraCommand, Daylight, Overlay, Quality, Scene, ViewCamera, ViewPlugin, driver};

/// Frames drawn once everything is there, so that what needs an earlier frame has one.
const SETTLING_FRAMES: u32 = 4;
/// Longest wait for one picture; software rendering of a large city takes a minute.
const PATIENCE: Duration = Duration::from_secs(600);

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    #[error(
        "no graphics driver was found: install one (on Debian without a graphics card: apt install libvulkan1 \
         mesa-vulkan-drivers); `citytwin check` and `citytwin run` need none"
    )]
    NoDriver,
    #[error("{path}: the picture cannot be written ({why}); name a .png file in a folder that can be written to", path = path.display())]
    Write { path: PathBuf, why: String },
    #[error("{0}: pictures are written as PNG; let the name end in .png")]
    NotPng(PathBuf),
    #[error("the picture was not finished within {} minutes", PATIENCE.as_secs() / 60)]
    TooSlow,
}

/// Checks a picture's path before any work is spent on it.
///
/// # Errors
/// Not a `.png` name, no such folder, a folder of that name.
pub fn require_writable(out: &Path) -> Result<(), ViewError> {
    let png = out.extension().is_some_and(|e| e.eq_ignore_ascii_case("png"));
    if !png {
        return Err(ViewError::NotPng(out.to_path_buf()));
    }
    let fail = |why: &str| Err(ViewError::Write { path: out.to_path_buf(), why: why.to_owned() });
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return fail("its folder does not exist");
    }
    if out.is_dir() { fail("it is a folder") } else { Ok(()) }
}

/// Where a picture is taken from; as [`CameraCommand::Set`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CameraSpec {
    pub target: [f32; 3],
    pub distance_m: f32,
    pub yaw_rad: f32,
    pub pitch_rad: f32,
}

/// A picture of a city alone: no twin, no vehicles.
#[derive(Clone, Debug)]
pub struct RenderSpec {
    pub width: u32,
    pub height: u32,
    /// A `.png` name.
    pub out: PathBuf,
    pub daylight: Daylight,
    /// The whole city without it.
    pub camera: Option<CameraSpec>,
    pub overlay: Overlay,
}

impl Default for RenderSpec {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 720,
            out: PathBuf::from("city.png"),
            daylight: Daylight::default(),
            camera: None,
            overlay: Overlay::default(),
        }
    }
}

/// Draws a city without a window.
///
/// # Errors
/// As [`app`], [`require_writable`] and [`draw`].
pub fn headless(city: Arc<City>, spec: RenderSpec) -> Result<(), ViewError> {
    require_writable(&spec.out)?;
    let mut app = app(spec.width, spec.height, "warn")?;
    app.add_plugins(ViewPlugin)
        .insert_resource(Scene(city))
        .insert_resource(spec.daylight)
        .insert_resource(spec.overlay);
    if let Some(CameraSpec { target, distance_m, yaw_rad, pitch_rad }) = spec.camera {
        app.world_mut().write_message(CameraCommand::Set { target, distance_m, yaw_rad, pitch_rad });
    }
    draw(&mut app, &spec.out, |world| world.resource::<BuildProgress>().done)
}

/// The picture as it comes back from the graphics card.
#[derive(Resource, Default)]
struct Captured(Option<Image>);

/// The image that the camera draws into.
#[derive(Resource)]
struct Target(Handle<Image>);

/// An app without a window whose [`ViewCamera`] draws into an image of this size. Add the view and what
/// feeds it, then call [`draw`].
///
/// # Errors
/// [`ViewError::NoDriver`].
pub fn app(width: u32, height: u32, log_filter: &str) -> Result<App, ViewError> {
    driver::check()?;
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
            .set(LogPlugin { filter: log_filter.into(), ..default() })
            .disable::<PipelinedRenderingPlugin>()
            .disable::<WinitPlugin>(),
    );
    let mut image = Image::new_target_texture(width, height, TextureFormat::Rgba8UnormSrgb, None);
    image.asset_usage = RenderAssetUsages::RENDER_WORLD;
    let target = app.world_mut().resource_mut::<Assets<Image>>().add(image);
    app.world_mut().spawn((ViewCamera, Camera3d::default(), RenderTarget::Image(target.clone().into())));
    app.insert_resource(Target(target)).init_resource::<Captured>().insert_resource(Quality::PICTURE);
    Ok(app)
}

/// Runs the app until `ready`, draws, and writes the picture to `out`; nothing half-written stays.
///
/// # Errors
/// [`ViewError::TooSlow`], [`ViewError::Write`].
pub fn draw(app: &mut App, out: &Path, ready: impl Fn(&mut World) -> bool) -> Result<(), ViewError> {
    let began = Instant::now();
    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    app.finish();
    app.cleanup();
    // Nothing is drawn until there is something to draw: software frames are slow.
    set_drawing(app, false);
    shoot(app, out, began, ready)
}

/// Runs an app that has drawn on until `ready`, and draws again.
///
/// # Errors
/// As [`draw`].
pub fn draw_next(app: &mut App, out: &Path, ready: impl Fn(&mut World) -> bool) -> Result<(), ViewError> {
    set_drawing(app, false);
    shoot(app, out, Instant::now(), ready)
}

fn shoot(app: &mut App, out: &Path, began: Instant, ready: impl Fn(&mut World) -> bool) -> Result<(), ViewError> {
    let step = |app: &mut App| {
        app.update();
        if began.elapsed() > PATIENCE { Err(ViewError::TooSlow) } else { Ok(()) }
    };
    loop {
        step(app)?;
        if ready(app.world_mut()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    set_drawing(app, true);
    for _ in 0..SETTLING_FRAMES {
        step(app)?;
    }
    let target = app.world().resource::<Target>().0.clone();
    app.world_mut()
        .spawn(Screenshot::image(target))
        .observe(|captured: On<ScreenshotCaptured>, mut slot: ResMut<Captured>| slot.0 = Some(captured.image.clone()));
    while app.world().resource::<Captured>().0.is_none() {
        step(app)?;
    }
    let image = app.world_mut().resource_mut::<Captured>().0.take();
    image.map_or(Err(ViewError::TooSlow), |image| save(image, out))
}

fn set_drawing(app: &mut App, on: bool) {
    let world = app.world_mut();
    let mut cameras = world.query_filtered::<&mut Camera, With<ViewCamera>>();
    for mut camera in cameras.iter_mut(world) {
        camera.is_active = on;
    }
}

fn save(image: Image, out: &Path) -> Result<(), ViewError> {
    let fail = |why: String| ViewError::Write { path: out.to_path_buf(), why };
    let picture = image.try_into_dynamic().map_err(|e| fail(e.to_string()))?.to_rgb8();
    let part = out.with_extension("part.png");
    picture.save(&part).map_err(|e| fail(e.to_string()))?;
    fs::rename(&part, out).map_err(|e| fail(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_cannot_be_written_are_refused_before_the_work() {
        assert!(matches!(require_writable(Path::new("picture.jpg")), Err(ViewError::NotPng(_))));
        assert!(matches!(require_writable(Path::new("no/such/folder/a.png")), Err(ViewError::Write { .. })));
        assert!(require_writable(Path::new("a.png")).is_ok());
    }
}
