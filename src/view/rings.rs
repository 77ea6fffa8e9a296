//! Circles on the map: areas with shares of their own.

use bevy::prelude::*;
use citytwin_model::Coord;

use crate::{ViewSystems, bevy_from_enu};

/// Points of a circle: 3.75° apart, so that a circle over the whole picture still looks round.
const POINTS: usize = 96;
/// Above the ground, metre: over streets and cars.
const HEIGHT_M: f64 = 3.0;
const COLOUR: Color = Color::srgb(1.0, 0.72, 0.2);

/// Circles to draw: middle, local metres, and radius, metre.
#[derive(Resource, Default, PartialEq, Clone, Debug)]
pub struct Rings(pub Vec<(Coord<f64>, f64)>);

pub fn plugin(app: &mut App) {
    app.init_resource::<Rings>().add_systems(Startup, on_top).add_systems(Update, draw.in_set(ViewSystems::Upload));
}

/// Buildings do not hide them.
fn on_top(mut store: ResMut<GizmoConfigStore>) {
    let (config, _) = store.config_mut::<DefaultGizmoConfigGroup>();
    (config.depth_bias, config.line.width) = (-1.0, 3.0);
}

fn draw(rings: Res<Rings>, mut gizmos: Gizmos) {
    for (middle, radius_m) in &rings.0 {
        let point = |k: usize| {
            let (sin, cos) = (std::f64::consts::TAU * k as f64 / POINTS as f64).sin_cos();
            bevy_from_enu([middle.x + radius_m * cos, middle.y + radius_m * sin, HEIGHT_M].map(|x| x as f32))
        };
        gizmos.linestrip((0..=POINTS).map(point), COLOUR);
    }
}
