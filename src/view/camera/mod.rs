//! The camera: an orbit rig that pans with the ground under the pointer, zooms to the pointer and turns about
//! what it looks at. Pointer moves are read as cursor positions, so a drag does what the hand sees.

mod built_up;
mod control;
mod rig;

pub use control::{Drag, picture_point};
pub use rig::{Eye, Rig};

use std::f32::consts::FRAC_PI_4;

use bevy::prelude::*;
use citytwin_model::{City, LonLat};

use crate::{BuildProgress, CameraCommand, Scene, ViewCamera, ViewSystems, bevy_from_enu};

/// Vertical field of view, radian.
pub const FOV_RAD: f32 = FRAC_PI_4;

/// Adds the camera's systems; the camera itself is spawned at start-up.
pub fn plugin(app: &mut App) {
    app.init_resource::<CameraRig>().init_resource::<Drag>().add_systems(Startup, spawn).add_systems(
        Update,
        (home_new_scene, obey, control::pointer, control::keys, place).chain().in_set(ViewSystems::Camera),
    );
}

/// Where the camera is and where it is going.
#[derive(Resource, Debug)]
pub struct CameraRig {
    /// On the screen now.
    pub now: Rig,
    /// Where commands and keys want it.
    pub goal: Rig,
    home: Rig,
    /// A new city has not been looked at yet.
    fresh: bool,
}

impl Default for CameraRig {
    fn default() -> Self {
        let rig = Rig::default();
        Self { now: rig, goal: rig, home: rig, fresh: true }
    }
}

impl CameraRig {
    /// Goes there at once.
    pub fn jump(&mut self, rig: Rig) {
        self.goal = rig.limited();
        self.now = self.goal;
        self.fresh = false;
    }
}

fn spawn(mut commands: Commands, cameras: Query<Entity, With<ViewCamera>>) {
    if cameras.is_empty() {
        commands.spawn((ViewCamera, Camera3d::default()));
    }
}

/// What is built of a new city is looked at, unless somebody said where to look already.
fn home_new_scene(scene: Option<Res<Scene>>, build: Res<BuildProgress>, mut rig: ResMut<CameraRig>) {
    let Some(scene) = scene else { return };
    if !scene.is_changed() {
        return;
    }
    let (low, high) = built_up::built_up(&scene.0).unwrap_or_else(|| whole_map(&scene.0));
    rig.home = Rig::over(low, high);
    if rig.fresh || build.done {
        let home = rig.home;
        rig.jump(home);
    }
}

fn whole_map(city: &City) -> ([f32; 2], [f32; 2]) {
    let corner = |lon, lat| {
        let at = city.anchor.enu(LonLat { lon, lat });
        [at.x as f32, at.y as f32]
    };
    let bounds = &city.bounds;
    (corner(bounds.west, bounds.south), corner(bounds.east, bounds.north))
}

fn obey(mut commands: MessageReader<CameraCommand>, mut rig: ResMut<CameraRig>) {
    for command in commands.read() {
        match *command {
            CameraCommand::FlyTo { at, radius_m } => {
                rig.goal.target = at;
                rig.goal.distance_m = radius_m.max(20.0) / (0.5 * FOV_RAD).tan() * 1.2;
            }
            CameraCommand::Home => rig.goal = rig.home,
            CameraCommand::TopDown => {
                rig.goal.yaw_rad = 0.0;
                rig.goal.pitch_rad = Rig::STEEPEST_RAD;
            }
            CameraCommand::Tilt => rig.goal.pitch_rad = 35.0_f32.to_radians(),
            CameraCommand::Follow { at } => {
                // The followed vehicle stays put on the screen; the city moves.
                rig.goal.target = at;
                rig.goal.distance_m = rig.goal.distance_m.min(400.0);
            }
            CameraCommand::Set { target, distance_m, yaw_rad, pitch_rad } => {
                rig.jump(Rig { target, distance_m, yaw_rad, pitch_rad });
            }
        }
        rig.goal = rig.goal.limited();
        rig.fresh = false;
    }
}

/// Moves what is on the screen towards the goal, the same at any frame rate, and places the camera there.
fn place(
    mut rig: ResMut<CameraRig>,
    time: Res<Time<Real>>,
    mut cameras: Query<(&mut Transform, &mut Projection), With<ViewCamera>>,
) {
    if rig.now != rig.goal {
        let next = rig.now.towards(&rig.goal, time.delta_secs());
        rig.now = next;
    }
    let eye = rig.now.eye();
    for (mut transform, mut projection) in &mut cameras {
        let next = Transform::from_translation(bevy_from_enu(eye.at))
            .looking_to(bevy_from_enu(eye.forward), bevy_from_enu(eye.up));
        transform.set_if_neq(next);
        let Projection::Perspective(lens) = projection.as_ref() else { continue };
        let near = (0.02 * rig.now.distance_m).clamp(0.2, 60.0);
        let far = 30_000.0 + 20.0 * rig.now.distance_m;
        let stale = (lens.near - near).abs() > 0.1 * near || lens.fov != FOV_RAD;
        if stale && let Projection::Perspective(lens) = projection.as_mut() {
            (lens.near, lens.far, lens.fov) = (near, far, FOV_RAD);
        }
    }
}
