//! The light of the hour: from the sun's position to colours of key light, sky, haze and lamps.

use bevy::{light::CascadeShadowConfigBuilder, prelude::*, render::storage::ShaderBuffer};
use bytemuck::{Pod, Zeroable};
use citytwin_model::SunPosition;

use super::Shared;
use crate::{
    Daylight, Overlay, Scene, Selection, ViewSystems, bevy_from_enu, camera::CameraRig, quality::Quality,
    world::World3d,
};

/// Mirror of `Light` in `light.wgsl`.
#[derive(Clone, Copy, PartialEq, Pod, Zeroable, Default, Debug)]
#[repr(C)]
pub struct SceneLight {
    key_direction: [f32; 4],
    key_colour: [f32; 4],
    sun_direction: [f32; 4],
    zenith: [f32; 4],
    horizon: [f32; 4],
    glow: [f32; 4],
    ambient_up: [f32; 4],
    ambient_down: [f32; 4],
    marks: [u32; 4],
}

/// Colours of one elevation of the sun. Linear RGB in units of the picture: 1 is paper in full sun.
#[derive(Clone, Copy, Debug)]
struct Key {
    elevation_deg: f32,
    sun: [f32; 3],
    zenith: [f32; 3],
    horizon: [f32; 3],
    glow: [f32; 3],
    up: [f32; 3],
    down: [f32; 3],
}

/// Chosen by eye against photographs of clear days; between them everything is interpolated.
const KEYS: [Key; 8] = [
    Key {
        elevation_deg: -16.0,
        sun: [0.115, 0.155, 0.245],
        zenith: [0.010, 0.017, 0.042],
        horizon: [0.050, 0.060, 0.092],
        glow: [0.0, 0.0, 0.0],
        up: [0.062, 0.080, 0.128],
        down: [0.040, 0.038, 0.042],
    },
    Key {
        elevation_deg: -9.0,
        sun: [0.09, 0.12, 0.19],
        zenith: [0.024, 0.042, 0.105],
        horizon: [0.120, 0.125, 0.175],
        glow: [0.22, 0.09, 0.05],
        up: [0.092, 0.112, 0.178],
        down: [0.054, 0.050, 0.056],
    },
    Key {
        elevation_deg: -4.0,
        sun: [0.05, 0.06, 0.09],
        zenith: [0.055, 0.095, 0.215],
        horizon: [0.30, 0.235, 0.25],
        glow: [0.75, 0.28, 0.11],
        up: [0.145, 0.160, 0.230],
        down: [0.070, 0.062, 0.062],
    },
    Key {
        elevation_deg: 0.0,
        sun: [0.85, 0.32, 0.11],
        zenith: [0.12, 0.19, 0.36],
        horizon: [0.56, 0.42, 0.36],
        glow: [1.25, 0.52, 0.20],
        up: [0.34, 0.35, 0.42],
        down: [0.19, 0.155, 0.13],
    },
    Key {
        elevation_deg: 5.0,
        sun: [3.3, 1.75, 0.82],
        zenith: [0.16, 0.27, 0.50],
        horizon: [0.78, 0.60, 0.46],
        glow: [1.45, 0.72, 0.30],
        up: [0.44, 0.43, 0.48],
        down: [0.26, 0.20, 0.155],
    },
    Key {
        elevation_deg: 14.0,
        sun: [2.65, 2.0, 1.36],
        zenith: [0.17, 0.34, 0.66],
        horizon: [0.66, 0.71, 0.74],
        glow: [0.90, 0.68, 0.45],
        up: [0.33, 0.40, 0.52],
        down: [0.20, 0.18, 0.16],
    },
    Key {
        elevation_deg: 32.0,
        sun: [2.4, 2.12, 1.72],
        zenith: [0.13, 0.33, 0.71],
        horizon: [0.60, 0.74, 0.87],
        glow: [0.62, 0.58, 0.50],
        up: [0.33, 0.42, 0.57],
        down: [0.23, 0.215, 0.19],
    },
    Key {
        elevation_deg: 65.0,
        sun: [2.4, 2.22, 1.92],
        zenith: [0.10, 0.30, 0.70],
        horizon: [0.58, 0.74, 0.90],
        glow: [0.5, 0.5, 0.46],
        up: [0.33, 0.42, 0.57],
        down: [0.25, 0.235, 0.21],
    },
];

/// Elevation below which the moon's light takes over the shadows, degree.
const MOON_FROM_DEG: f64 = -2.0;
/// Where the light of the night comes from: high in the south-east, as a person expects a moon. Not the
/// moon's true place.
const MOON: SunPosition = SunPosition { azimuth_deg: 140.0, elevation_deg: 52.0 };

impl SceneLight {
    /// The light for an hour, seen from `distance_m` away.
    pub fn of(daylight: &Daylight, distance_m: f32) -> Self {
        let elevation = daylight.sun.elevation_deg as f32;
        let key = interpolated(elevation);
        let dark = 1.0 - smooth(-7.0, 3.0, elevation);
        let lamps = 1.0 - smooth(-5.0, 0.5, elevation);
        let stars = 1.0 - smooth(-13.0, -7.0, elevation);
        let sun = direction(daylight.sun);
        // No shadow jumps from sun to moon: both are faint while they change places.
        let changing = smooth(0.0, 1.5, (elevation - MOON_FROM_DEG as f32).abs());
        let towards = if daylight.sun.elevation_deg > MOON_FROM_DEG { raised(daylight.sun) } else { direction(MOON) };
        // Haze thins as one looks from farther away: a map of a city is no foggier than a street.
        let haze_per_m = 1.0 / (9_500.0 + 4.0 * distance_m);
        Self {
            key_direction: with(towards, 1.0),
            key_colour: with(key.sun.map(|c| c * changing), dark),
            sun_direction: with(sun, daylight.local_hour),
            zenith: with(key.zenith, lamps),
            horizon: with(key.horizon, haze_per_m),
            glow: with(key.glow, stars),
            ambient_up: with(key.up, 0.0),
            ambient_down: with(key.down, 0.0),
            marks: [0; 4],
        }
    }

    /// As the shader reads it.
    pub fn bytes(&self) -> Vec<u8> {
        bytemuck::bytes_of(self).to_vec()
    }
}

fn with(rgb: [f32; 3], w: f32) -> [f32; 4] {
    [rgb[0], rgb[1], rgb[2], w]
}

fn direction(sun: SunPosition) -> [f32; 3] {
    bevy_from_enu(sun.direction_enu().map(|x| x as f32)).to_array()
}

/// The direction of light that still casts shadows of drawable length.
fn raised(sun: SunPosition) -> [f32; 3] {
    direction(SunPosition { elevation_deg: sun.elevation_deg.max(3.0), ..sun })
}

fn smooth(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn interpolated(elevation_deg: f32) -> Key {
    let after = KEYS.partition_point(|k| k.elevation_deg < elevation_deg).clamp(1, KEYS.len() - 1);
    let (a, b) = (KEYS[after - 1], KEYS[after]);
    let t = smooth(a.elevation_deg, b.elevation_deg, elevation_deg);
    let mix = |x: [f32; 3], y: [f32; 3]| std::array::from_fn(|k| x[k] + (y[k] - x[k]) * t);
    Key {
        elevation_deg,
        sun: mix(a.sun, b.sun),
        zenith: mix(a.zenith, b.zenith),
        horizon: mix(a.horizon, b.horizon),
        glow: mix(a.glow, b.glow),
        up: mix(a.up, b.up),
        down: mix(a.down, b.down),
    }
}

/// The light that casts shadows.
#[derive(Component)]
struct KeyLight;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn_key_light).add_systems(Update, (turn_key_light, upload).in_set(ViewSystems::Upload));
}

fn spawn_key_light(mut commands: Commands) {
    commands.spawn((
        KeyLight,
        DirectionalLight { shadow_maps_enabled: true, shadow_depth_bias: 0.06, shadow_normal_bias: 1.6, ..default() },
    ));
}

/// Turns the light and spreads its shadow maps over what the camera sees.
fn turn_key_light(
    mut commands: Commands,
    daylight: Res<Daylight>,
    rig: Res<CameraRig>,
    quality: Res<Quality>,
    mut lights: Query<(Entity, &mut Transform), With<KeyLight>>,
    mut spread_m: Local<f32>,
) {
    let light = SceneLight::of(&daylight, 0.0);
    let [x, y, z, _] = light.key_direction;
    for (entity, mut transform) in &mut lights {
        let towards = Vec3::new(x, y, z);
        let up = if towards.y.abs() > 0.99 { Vec3::X } else { Vec3::Y };
        transform.set_if_neq(Transform::IDENTITY.looking_to(-towards, up));
        let reach_m = (rig.now.distance_m * 2.6).clamp(260.0, 9_000.0);
        if (reach_m / *spread_m - 1.0).abs() > 0.06 || quality.is_changed() {
            *spread_m = reach_m;
            let config = CascadeShadowConfigBuilder {
                num_cascades: quality.cascades,
                minimum_distance: 0.5,
                maximum_distance: reach_m,
                first_cascade_far_bound: reach_m * quality.first_cascade,
                overlap_proportion: 0.15,
            };
            commands.entity(entity).insert(config.build());
        }
    }
}

fn upload(
    (shared, world, rig): (Res<Shared>, Res<World3d>, Res<CameraRig>),
    (daylight, selection, overlay): (Res<Daylight>, Res<Selection>, Res<Overlay>),
    scene: Option<Res<Scene>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut last: Local<Option<SceneLight>>,
) {
    let mut light = SceneLight::of(&daylight, rig.now.distance_m);
    if let Some(scene) = scene {
        let row = |feature: Option<_>| feature.map_or(0, |f| world.slots.feature(&scene.0, f));
        light.marks = [row(selection.picked), row(selection.hovered), u32::from(overlay.buildings.is_some()), 0];
    }
    if *last == Some(light) {
        return;
    }
    if let Some(mut buffer) = buffers.get_mut(&shared.light) {
        buffer.data = Some(light.bytes());
        *last = Some(light);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(elevation_deg: f64) -> SceneLight {
        SceneLight::of(&Daylight { sun: SunPosition { azimuth_deg: 200.0, elevation_deg }, local_hour: 12.0 }, 500.0)
    }

    #[test]
    fn day_is_bright_night_is_dark_and_lamps_burn_at_night_only() {
        let (day, night) = (at(40.0), at(-30.0));
        assert!(day.key_colour[0] > 20.0 * night.key_colour[0]);
        assert_eq!((day.zenith[3], night.zenith[3]), (0.0, 1.0));
        assert_eq!((day.key_colour[3], night.key_colour[3]), (0.0, 1.0));
    }

    #[test]
    fn the_light_changes_without_jumps() {
        for step in -900..900 {
            let (a, b) = (at(f64::from(step) * 0.1), at(f64::from(step + 1) * 0.1));
            for (x, y) in a.horizon[..3].iter().zip(&b.horizon[..3]) {
                assert!((x - y).abs() < 0.02, "at {step}");
            }
        }
    }

    #[test]
    fn shadows_are_cast_from_above_the_ground_at_any_hour() {
        for elevation in -90..=90 {
            assert!(at(f64::from(elevation)).key_direction[1] > 0.04, "{elevation}");
        }
    }
}
