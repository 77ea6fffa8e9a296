//! Data on features: the overlay's values become rows of the attribute table.

use bevy::{prelude::*, render::storage::ShaderBuffer};
use citytwin_model::{BuildingId, City, FeatureRef, LinkId};

use crate::{Overlay, OverlayLayer, Scene, ViewSystems, material::Shared, mesh::Slots, world::World3d};

/// Colour of closed roads, sRGB.
const CLOSED: [u8; 3] = [226, 54, 44];
/// Top byte of a row: hatched, or coloured by data.
const HATCHED: u8 = 128;
const COLOURED: u8 = 255;

pub fn plugin(app: &mut App) {
    app.add_systems(Update, upload.in_set(ViewSystems::Upload));
}

/// Writes the whole table when the overlay's version or the city changed: 4 bytes a feature.
fn upload(
    overlay: Res<Overlay>,
    scene: Option<Res<Scene>>,
    world: Res<World3d>,
    shared: Res<Shared>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut last: Local<Option<(u64, usize)>>,
) {
    let Some(scene) = scene else { return };
    let now = (overlay.version, world.slots.len());
    if world.slots.is_empty() || *last == Some(now) && !scene.is_changed() {
        return;
    }
    if let Some(mut buffer) = buffers.get_mut(&shared.attributes) {
        buffer.data = Some(bytemuck::cast_slice(&table(&scene.0, &world.slots, &overlay)).to_vec());
        *last = Some(now);
    }
}

/// The attribute table: one row per feature, at least four rows.
pub fn table(city: &City, slots: &Slots, overlay: &Overlay) -> Vec<u32> {
    let mut rows = vec![0u32; slots.len().max(4)];
    if let Some(layer) = &overlay.roads {
        for (k, &value) in layer.values.iter().enumerate().take(city.links.len()) {
            rows[slots.link(LinkId::from_index(k)) as usize] = row(layer, value);
        }
    }
    if let Some(layer) = &overlay.buildings {
        for (k, &value) in layer.values.iter().enumerate().take(city.buildings.len()) {
            let feature = FeatureRef::Building(BuildingId::from_index(k));
            rows[slots.feature(city, feature) as usize] = row(layer, value);
        }
    }
    for road in overlay.closed.iter().filter(|road| road.index() < city.roads.len()) {
        let [r, g, b] = CLOSED;
        rows[slots.feature(city, FeatureRef::Road(*road)) as usize] = u32::from_le_bytes([r, g, b, HATCHED]);
    }
    rows
}

/// A table's row for a value; 0 without.
fn row(layer: &OverlayLayer, value: f32) -> u32 {
    layer.colour(value).map_or(0, coloured)
}

/// A table's row of a colour.
pub fn coloured([r, g, b]: [u8; 3]) -> u32 {
    u32::from_le_bytes([r, g, b, COLOURED])
}
