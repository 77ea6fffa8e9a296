//! Signal heads at stop lines and pins over sensors.

use bevy::prelude::*;
use citytwin_model::{DrivingSide, Quality as Believed, ramp::quality_colour};

use crate::{
    LampColour, Scene, SensorMarks, SignalLamps, ViewCamera, ViewSystems, Visibility as Shown, enu_from_bevy,
    instances::{Keep, Row, Rows, Swarm},
    model,
    world::World3d,
};

const BATCH: usize = 64;
/// A signal stands this far to the side of the lane it holds, metre.
const ASIDE_M: f32 = 2.6;
/// A pin's height: on the ground, and as a share of the distance from which it is seen, so that it stays
/// readable.
const PIN_M: f32 = 9.0;
const PIN_SHARE: f32 = 0.035;
/// Largest pin, metre.
const MAX_PIN_M: f32 = 400.0;

pub fn plugin(app: &mut App) {
    app.init_resource::<Posts>().add_systems(Update, (lamps, pins).in_set(ViewSystems::Upload));
}

#[derive(Resource, Default)]
struct Posts {
    signals: Option<Swarm>,
    pins: Option<Swarm>,
}

fn lamps(
    lamps: Res<SignalLamps>,
    shown: Res<Shown>,
    scene: Option<Res<Scene>>,
    world: Res<World3d>,
    mut posts: ResMut<Posts>,
    mut keep: Keep,
) {
    let Some(scene) = scene.filter(|_| lamps.is_changed() || shown.is_changed()) else { return };
    let side = if scene.0.driving_side.value == DrivingSide::Right { -1.0 } else { 1.0 };
    let mut rows = Rows::new();
    if shown.roads {
        rows.extend(lamps.0.iter().map(|lamp| {
            let (sin, cos) = lamp.heading_rad.sin_cos();
            let [x, y, z] = lamp.at;
            let ground = match &world.heights {
                Some(heights) if z == 0.0 => {
                    heights.beneath_m([f64::from(x), f64::from(y)], f64::from(lamp.heading_rad))
                }
                _ => z,
            };
            let colour = match lamp.colour {
                LampColour::Red => [255, 36, 24],
                LampColour::Amber => [255, 176, 20],
                LampColour::Green => [40, 255, 96],
            };
            let at = [x - side * sin * ASIDE_M, y + side * cos * ASIDE_M, ground];
            Row::new(at, lamp.heading_rad, [1.0; 3], colour)
        }));
    }
    let swarm = posts.signals.get_or_insert_with(|| Swarm::new("signals", &model::signal(), BATCH, &mut keep));
    swarm.show(rows, &mut keep);
}

/// How high a pin stands, seen from some distance; its ball is centred at [`BALL_AT`] of that.
pub fn pin_m(away_m: f32) -> f32 {
    (away_m * PIN_SHARE).clamp(PIN_M, MAX_PIN_M)
}

/// Centre and radius of a pin's ball, of its height.
pub const BALL_AT: f32 = 0.86;
pub const BALL_RADIUS: f32 = 0.14;

fn pins(
    marks: Res<SensorMarks>,
    shown: Res<Shown>,
    cameras: Query<Ref<Transform>, With<ViewCamera>>,
    mut posts: ResMut<Posts>,
    mut keep: Keep,
) {
    let Ok(camera) = cameras.single() else { return };
    if !marks.is_changed() && !shown.is_changed() && !camera.is_changed() || marks.0.is_empty() && posts.pins.is_none()
    {
        return;
    }
    let eye = enu_from_bevy(camera.translation);
    let mut rows = Rows::new();
    if shown.sensors {
        rows.extend(marks.0.iter().map(|mark| {
            let away = (0..3).map(|k| (mark.at[k] - eye[k]).powi(2)).sum::<f32>().sqrt();
            let size = pin_m(away);
            Row::new(mark.at, 0.0, [size; 3], pin_colour(mark.quality))
        }));
    }
    let swarm = posts.pins.get_or_insert_with(|| Swarm::new("pins", &model::pin(), BATCH, &mut keep).without_shadow());
    swarm.show(rows, &mut keep);
}

/// As the legend has it; what was not yet heard is grey as what is stale.
const fn pin_colour(quality: Option<Believed>) -> [u8; 3] {
    match quality {
        Some(quality) => quality_colour(quality),
        None => quality_colour(Believed::Stale),
    }
}
