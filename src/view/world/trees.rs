//! Trees as copies of two models, batched by chunk so that those out of sight are culled.

use bevy::{
    camera::{
        primitives::Aabb,
        visibility::{NoAutoAabb, VisibilityRange},
    },
    mesh::MeshTag,
    prelude::*,
    render::storage::ShaderBuffer,
};

use super::CityPiece;
use crate::{
    bevy_from_enu,
    instances::{Row, Rows},
    material::{InstanceMaterial, Shared, storage},
    mesh::{ChunkKey, MeshBuffer, colour, tree::Stand},
    model,
};

/// Trees in one batch: chunks are padded to a multiple.
const BATCH: usize = 96;
/// Batches farther away than this are drawn with eight faces a tree, metre.
const DETAILED_M: f32 = 650.0;

/// Spawns all trees of a city.
pub fn spawn(
    commands: &mut Commands,
    meshes: &mut Assets<Mesh>,
    buffers: &mut Assets<ShaderBuffer>,
    materials: &mut Assets<InstanceMaterial>,
    shared: &Shared,
    visible: bool,
    chunks: &[(ChunkKey, Vec<Stand>)],
) {
    let mut all = Rows::new();
    let mut batches = Vec::new();
    for (_, stands) in chunks {
        for conifer in [false, true] {
            let of_kind: Vec<Stand> = stands.iter().filter(|s| s.conifer == conifer).copied().collect();
            for batch in of_kind.chunks(BATCH) {
                batches.push((conifer, all.len(), bounds(batch)));
                all.extend(rows(batch));
                all.resize(all.len().next_multiple_of(BATCH), Row::default());
            }
        }
    }
    if all.is_empty() {
        return;
    }
    let instances = buffers.add(storage("trees", bytemuck::cast_slice(&all)));
    let material = materials.add(InstanceMaterial { light: shared.light.clone(), instances });
    let copies = BATCH as u32;
    let mut add = |model: &MeshBuffer| meshes.add(model.copies(copies).into_mesh());
    let round = [add(&model::broadleaf()), add(&model::far(false))];
    let pointed = [add(&model::conifer()), add(&model::far(true))];
    let ranges = [VisibilityRange::abrupt(0.0, DETAILED_M), VisibilityRange::abrupt(DETAILED_M, f32::MAX)];
    let visible = if visible { Visibility::Inherited } else { Visibility::Hidden };
    for (conifer, first, aabb) in batches {
        for (mesh, range) in if conifer { &pointed } else { &round }.iter().zip(&ranges) {
            let range = VisibilityRange { use_aabb: true, ..range.clone() };
            let batch = (Mesh3d(mesh.clone()), MeshMaterial3d(material.clone()), MeshTag(first as u32), visible, range);
            // The mesh is one tree at the origin: its own box says nothing about the batch.
            commands.spawn((CityPiece(None), batch, aabb, NoAutoAabb));
        }
    }
}

fn bounds(stands: &[Stand]) -> Aabb {
    let (mut low, mut high) = (Vec3::splat(f32::INFINITY), Vec3::splat(f32::NEG_INFINITY));
    for s in stands {
        let half = 0.5 * s.crown_m;
        for (x, y, z) in [(-half, -half, 0.0), (half, half, s.height_m)] {
            let p = bevy_from_enu([s.at[0] + x, s.at[1] + y, z]);
            low = low.min(p);
            high = high.max(p);
        }
    }
    Aabb::from_min_max(low, high)
}

/// Rows of trees.
pub fn rows(stands: &[Stand]) -> Rows {
    const LEAVES: [[u8; 3]; 6] =
        [[96, 128, 62], [110, 140, 70], [84, 116, 60], [122, 146, 76], [100, 132, 74], [78, 108, 58]];
    const NEEDLES: [[u8; 3]; 3] = [[62, 92, 62], [54, 84, 60], [72, 100, 66]];
    stands
        .iter()
        .map(|s| {
            let palette: &[[u8; 3]] = if s.conifer { &NEEDLES } else { &LEAVES };
            let tone = colour::scaled(palette[s.seed as usize % palette.len()], 0.9 + 0.2 * colour::chance(s.seed ^ 8));
            let turn = colour::chance(s.seed ^ 9) * std::f32::consts::TAU;
            Row::new([s.at[0], s.at[1], 0.0], turn, [s.crown_m, s.crown_m, s.height_m], tone)
        })
        .collect()
}
