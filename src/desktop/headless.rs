//! The same twin, view and panels without a window: pictures of the city at work.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use bevy::{prelude::*, time::TimeUpdateStrategy};
use bevy_egui::{EguiGlobalSettings, EguiPlugin, PrimaryEguiContext};
use citytwin_model::{Assumptions, City, LonLat, Request, Timestamp};
use citytwin_panels::{LayerKind, Tab};
use citytwin_twin::{
    Clock, Engines, FeedChoice, FeedHealth, GridTwin, PeakState, PeakTwin, Stated, YearState, YearTwin, install,
};
use citytwin_view::{
    BuildProgress, CameraCommand, GridBuilt, Scene, ViewCamera, Visibility, draw, draw_next, headless_app,
    require_writable,
};

use crate::{
    DesktopError,
    desk::{Desk, DeskPlugin, Panels},
    load::LoadState,
};

/// What is said on stderr: errors, and no remarks about the graphics driver.
pub const LOG_FILTER: &str =
    "error,rumqttd=off,rumqttc=off,citytwin_twin=warn,citytwin_desktop=warn,citytwin_view=warn";

/// Simulated ticks before a picture that shows the emulated sensors: all have spoken by then.
const SENSOR_TICKS: u64 = 90;

/// Simulated time per frame.
const FRAME: Duration = Duration::from_secs(1);
/// Longest wait for the emulated sensors.
const HEARING: Duration = Duration::from_secs(10);

/// A camera in the words of a map.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Viewpoint {
    pub lon: f64,
    pub lat: f64,
    pub distance_m: f64,
    /// Direction looked at, clockwise from north.
    pub heading_deg: f64,
    /// Below the horizon.
    pub tilt_deg: f64,
}

/// One picture, or several one after another.
#[derive(Clone, Debug)]
pub struct RenderSpec {
    pub city: Arc<City>,
    /// A `.png` name.
    pub out: PathBuf,
    pub size: (u32, u32),
    pub start: Timestamp,
    pub seed: u64,
    pub camera: Option<Viewpoint>,
    pub layer: Option<LayerKind>,
    /// Draw the panels over it, with emulated sensors, as the window does.
    pub panels: bool,
    /// The tab of the right panel that they show.
    pub tab: Option<Tab>,
    pub edits: Vec<Request>,
    /// Pictures, at least 1; with more than one their names are numbered.
    pub frames: u32,
    /// Simulated time from one picture to the next, second.
    pub every_s: f64,
}

/// Draws the pictures; `report` hears stages and fractions.
///
/// # Errors
/// No graphics driver, no place to write, an edit that cannot be done.
pub fn render(spec: RenderSpec, report: &dyn Fn(&'static str, f32)) -> Result<(), DesktopError> {
    let names = names(&spec);
    names.iter().try_for_each(|name| require_writable(name))?;
    let assumptions = Assumptions::with_requests(&spec.city, &spec.edits)?;
    let mut app = headless_app(spec.size.0, spec.size.1, LOG_FILTER)?;
    app.add_plugins(EguiPlugin::default());
    app.world_mut().resource_mut::<EguiGlobalSettings>().auto_create_primary_context = false;
    let camera = app.world_mut().query_filtered::<Entity, With<ViewCamera>>().single(app.world());
    if let Ok(camera) = camera {
        app.world_mut().entity_mut(camera).insert(PrimaryEguiContext);
    }
    app.add_plugins(DeskPlugin).insert_resource(LoadState::Ready).insert_resource(Scene(spec.city.clone()));
    let tell = |stage, fraction| {
        report(stage, fraction);
        true
    };
    let engines = Engines::prepare(spec.city.clone(), spec.start, spec.seed, assumptions, &tell);
    let engines = engines.ok_or_else(|| DesktopError::Load("preparing the engines was cancelled".into()))?;
    let peak = spec.layer.is_some_and(LayerKind::is_peak);
    let sensors = spec.panels || spec.layer == Some(LayerKind::SensorQuality);
    let feed = if sensors { FeedChoice::Emulated { seed: spec.seed } } else { FeedChoice::Off };
    install(app.world_mut(), engines, &feed);
    let mut desk = app.world_mut().resource_mut::<Desk>();
    desk.layer = spec.layer.unwrap_or_default();
    desk.draw_panels = spec.panels;
    if let Some(tab) = spec.tab {
        app.world_mut().resource_mut::<Panels>().0.open(tab);
    }
    // Pins of sensors that nobody reads say nothing.
    app.world_mut().resource_mut::<Visibility>().sensors = sensors;
    if let Some(view) = spec.camera {
        app.world_mut().write_message(command(&spec.city, view));
    }
    // Simulated time passes by the frame, not by the clock on the wall: a slow machine draws the same minute.
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    app.world_mut().resource_mut::<Time<Virtual>>().set_max_delta(2 * FRAME);
    let began = Instant::now();
    report("drawing", 0.0);
    let year = spec.tab == Some(Tab::Year) || spec.layer.is_some_and(LayerKind::is_year);
    let mut awaited = Awaited { sensors, peak, year, tick: 0 };
    draw(&mut app, &names[0], |world| is_ready(world, awaited, began.elapsed()))?;
    for (i, name) in names.iter().enumerate().skip(1) {
        report("drawing", i as f32 / names.len() as f32);
        let later = (spec.every_s / citytwin_traffic::Simulation::STEP_S).round().max(1.0) as u64;
        awaited.tick = app.world().resource::<Clock>().tick + later;
        app.world_mut().resource_mut::<Time<Virtual>>().unpause();
        draw_next(&mut app, name, |world| is_ready(world, awaited, began.elapsed()))?;
    }
    Ok(())
}

/// The picture's name, or for several the same with numbers.
fn names(spec: &RenderSpec) -> Vec<PathBuf> {
    if spec.frames <= 1 {
        return vec![spec.out.clone()];
    }
    let stem = spec.out.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = spec.out.extension().unwrap_or_default().to_string_lossy().into_owned();
    (1..=spec.frames).map(|i| spec.out.with_file_name(format!("{stem}-{i:03}.{ending}"))).collect()
}

fn command(city: &City, view: Viewpoint) -> CameraCommand {
    let at = city.anchor.enu(LonLat { lon: view.lon, lat: view.lat });
    CameraCommand::Set {
        target: [at.x as f32, at.y as f32, 0.0],
        distance_m: view.distance_m as f32,
        yaw_rad: view.heading_deg.to_radians() as f32,
        pitch_rad: view.tilt_deg.to_radians() as f32,
    }
}

/// What a picture waits for beyond the city itself.
#[derive(Clone, Copy)]
struct Awaited {
    sensors: bool,
    peak: bool,
    year: bool,
    /// Ticks to have passed.
    tick: u64,
}

/// Every mesh is there, the engines have run, the sensors have spoken, the peak hour and the year are found for the edits in force.
fn is_ready(world: &mut World, Awaited { sensors, peak, year, tick: least }: Awaited, waited: Duration) -> bool {
    let answered = || {
        let (twin, stated) = (world.get_resource::<PeakTwin>(), world.get_resource::<Stated>());
        twin.zip(stated).is_some_and(|(twin, stated)| match twin.state {
            PeakState::Failed(_) => true,
            _ => twin.now.is_some() && twin.answered == stated.0,
        })
    };
    let lived = || {
        let year = world.get_resource::<YearTwin>().map(|year| &year.state);
        matches!(year, Some(YearState::Idle | YearState::Failed(_)))
    };
    let found = (!peak || answered()) && (!year || lived());
    let built = world.resource::<BuildProgress>().done;
    let tick = world.resource::<Clock>().tick;
    let ticked = tick >= least.max(if sensors { SENSOR_TICKS } else { 2 });
    let health = world.resource::<FeedHealth>();
    let heard = !sensors || health.silent <= health.good / 4 || waited > HEARING;
    let wired = !world.resource::<Desk>().layer.is_grid()
        || world.get_resource::<GridTwin>().is_none_or(|grid| grid.now.is_some() && world.resource::<GridBuilt>().0);
    let ready = built && ticked && heard && found && wired;
    if ready {
        // The picture is of one instant.
        world.resource_mut::<Time<Virtual>>().pause();
    }
    ready
}
