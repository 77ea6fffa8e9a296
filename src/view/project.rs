//! From a place in the city to a pixel, for text that panels draw over the picture.

use bevy::prelude::*;

use crate::frame::bevy_from_enu;

/// Logical pixels of the viewport for a place in city metres; `None` behind the camera.
pub fn project(camera: &Camera, transform: &GlobalTransform, enu: [f32; 3]) -> Option<Vec2> {
    camera.world_to_viewport(transform, bevy_from_enu(enu)).ok()
}
