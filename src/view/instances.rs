//! Many copies of one small model from one storage buffer, in batches that share a mesh.

use bevy::{
    camera::visibility::NoFrustumCulling, ecs::system::SystemParam, light::NotShadowCaster, mesh::MeshTag, prelude::*,
    render::storage::ShaderBuffer,
};
use bytemuck::{Pod, Zeroable};

use crate::{
    bevy_from_enu,
    material::{InstanceMaterial, Shared, storage, touch},
    mesh::MeshBuffer,
};

/// Mirror of `Instance` in `instances.wgsl`.
#[derive(Clone, Copy, PartialEq, Pod, Zeroable, Default, Debug)]
#[repr(C)]
pub struct Row {
    place: [f32; 3],
    turn_rad: f32,
    scale: [f32; 3],
    bits: u32,
}

impl Row {
    /// A copy at `enu`, its front turned from east counter-clockwise, scaled along front, left and up.
    pub fn new(enu: [f32; 3], heading_rad: f32, scale: [f32; 3], colour: [u8; 3]) -> Self {
        let bits = u32::from_le_bytes([colour[0], colour[1], colour[2], 0]);
        // Models look along east: Bevy's x; left is −z, up is y.
        Self {
            place: bevy_from_enu(enu).to_array(),
            turn_rad: heading_rad,
            scale: [scale[0], scale[2], scale[1]],
            bits,
        }
    }

    /// Sets the flag byte, 0…1 in the shader.
    pub const fn flagged(mut self, flag: u8) -> Self {
        self.bits |= (flag as u32) << 24;
        self
    }
}

/// Rows for the graphics card.
pub type Rows = Vec<Row>;

/// Copies of one model whose rows change: grows by doubling, draws no more batches than it needs.
pub struct Swarm {
    label: &'static str,
    mesh: Handle<Mesh>,
    material: Handle<InstanceMaterial>,
    instances: Handle<ShaderBuffer>,
    batch: usize,
    capacity: usize,
    casts_shadow: bool,
    batches: Vec<Entity>,
    drawn: usize,
}

/// Where a swarm keeps its things.
#[derive(SystemParam)]
pub struct Keep<'w, 's> {
    commands: Commands<'w, 's>,
    meshes: ResMut<'w, Assets<Mesh>>,
    buffers: ResMut<'w, Assets<ShaderBuffer>>,
    materials: ResMut<'w, Assets<InstanceMaterial>>,
    shared: Res<'w, Shared>,
}

impl Swarm {
    /// An empty swarm of `model`, `batch` copies to a mesh.
    pub fn new(label: &'static str, model: &MeshBuffer, batch: usize, keep: &mut Keep<'_, '_>) -> Self {
        let instances = keep.buffers.add(storage(label, bytemuck::cast_slice(&[Row::default()])));
        let material =
            keep.materials.add(InstanceMaterial { light: keep.shared.light.clone(), instances: instances.clone() });
        let mesh = keep.meshes.add(model.copies(batch as u32).into_mesh());
        Self { label, mesh, material, instances, batch, capacity: 0, batches: Vec::new(), drawn: 0, casts_shadow: true }
    }

    /// The same for marks that stand for something and are not there: they cast no shadow.
    pub fn without_shadow(mut self) -> Self {
        self.casts_shadow = false;
        self
    }

    /// Shows these copies and no others.
    pub fn show(&mut self, mut rows: Rows, keep: &mut Keep<'_, '_>) {
        let batches = rows.len().div_ceil(self.batch);
        if rows.is_empty() && self.drawn == 0 {
            return;
        }
        let grown = rows.len() > self.capacity;
        if grown {
            self.capacity = rows.len().next_power_of_two().next_multiple_of(self.batch);
        }
        rows.resize(self.capacity, Row::default());
        if grown {
            self.grow(&rows, keep);
        } else if let Some(mut buffer) = keep.buffers.get_mut(&self.instances) {
            // The same length: overwritten in place, the bind group stays.
            buffer.data = Some(bytemuck::cast_slice(&rows).to_vec());
        }
        let (few, many) = (batches.min(self.drawn), batches.max(self.drawn).min(self.batches.len()));
        for &entity in &self.batches[few..many] {
            let visible = if batches > self.drawn { Visibility::Inherited } else { Visibility::Hidden };
            keep.commands.entity(entity).insert(visible);
        }
        self.drawn = batches;
    }

    fn grow(&mut self, rows: &[Row], keep: &mut Keep<'_, '_>) {
        if let Some(mut buffer) = keep.buffers.get_mut(&self.instances) {
            *buffer = storage(self.label, bytemuck::cast_slice(rows));
        }
        // Another buffer: the bind group must be made again.
        if let Some(mut material) = keep.materials.get_mut(&self.material) {
            touch(&mut *material);
        }
        for k in self.batches.len()..self.capacity / self.batch {
            let batch = (
                Mesh3d(self.mesh.clone()),
                MeshMaterial3d(self.material.clone()),
                MeshTag((k * self.batch) as u32),
                NoFrustumCulling,
                Visibility::Hidden,
            );
            let mut spawned = keep.commands.spawn(batch);
            if !self.casts_shadow {
                spawned.insert(NotShadowCaster);
            }
            self.batches.push(spawned.id());
        }
    }
}
