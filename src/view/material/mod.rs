//! The view's materials and the buffers that all of them read. Every one has its light at binding 0; what is
//! recoloured or moved each frame lives in storage buffers that are overwritten in place, so that no bind
//! group is made anew.

mod light;

pub use light::SceneLight;

use bevy::{
    asset::{RenderAssetUsages, embedded_asset},
    light::NotShadowCaster,
    mesh::MeshVertexBufferLayoutRef,
    pbr::{MaterialPipeline, MaterialPipelineKey},
    prelude::*,
    render::{
        render_resource::{AsBindGroup, RenderPipelineDescriptor, SpecializedMeshPipelineError},
        storage::ShaderBuffer,
    },
    shader::{ShaderRef, load_shader_library},
};

/// What stands still: all chunk meshes.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct CityMaterial {
    #[storage(0, read_only)]
    pub light: Handle<ShaderBuffer>,
    #[storage(1, read_only)]
    pub attributes: Handle<ShaderBuffer>,
}

/// The ribbons of the traffic layer.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct RibbonMaterial {
    #[storage(0, read_only)]
    pub light: Handle<ShaderBuffer>,
    #[storage(1, read_only)]
    pub attributes: Handle<ShaderBuffer>,
}

/// Copies of small models: vehicles, trees, pins, lamps.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct InstanceMaterial {
    #[storage(0, read_only)]
    pub light: Handle<ShaderBuffer>,
    #[storage(1, read_only)]
    pub instances: Handle<ShaderBuffer>,
}

/// The dome behind everything.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct SkyMaterial {
    #[storage(0, read_only)]
    pub light: Handle<ShaderBuffer>,
}

const CITY: &str = "embedded://citytwin_view/view/material/shaders/city.wgsl";
const RIBBON: &str = "embedded://citytwin_view/view/material/shaders/ribbon.wgsl";
const INSTANCES: &str = "embedded://citytwin_view/view/material/shaders/instances.wgsl";
const SKY: &str = "embedded://citytwin_view/view/material/shaders/sky.wgsl";

impl Material for CityMaterial {
    fn fragment_shader() -> ShaderRef {
        CITY.into()
    }
}

impl Material for RibbonMaterial {
    fn vertex_shader() -> ShaderRef {
        RIBBON.into()
    }

    fn fragment_shader() -> ShaderRef {
        RIBBON.into()
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }
}

impl Material for InstanceMaterial {
    fn vertex_shader() -> ShaderRef {
        INSTANCES.into()
    }

    fn fragment_shader() -> ShaderRef {
        INSTANCES.into()
    }

    fn prepass_vertex_shader() -> ShaderRef {
        INSTANCES.into()
    }
}

impl Material for SkyMaterial {
    fn vertex_shader() -> ShaderRef {
        SKY.into()
    }

    fn fragment_shader() -> ShaderRef {
        SKY.into()
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }

    fn specialize(
        _: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _: &MeshVertexBufferLayoutRef,
        _: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        // The dome is seen from inside.
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}

/// Buffers and materials that exist once.
#[derive(Resource, Debug)]
pub struct Shared {
    pub light: Handle<ShaderBuffer>,
    /// One `u32` per row of [`crate::mesh::Slots`]: sRGB and, in the top byte, 0 nothing, 128 closed, 255 data.
    pub attributes: Handle<ShaderBuffer>,
    pub city: Handle<CityMaterial>,
    pub ribbon: Handle<RibbonMaterial>,
}

impl FromWorld for Shared {
    fn from_world(world: &mut World) -> Self {
        let mut buffers = world.resource_mut::<Assets<ShaderBuffer>>();
        let light = buffers.add(storage("light", &SceneLight::default().bytes()));
        let attributes = buffers.add(storage("attributes", &[0; 16]));
        let city = world
            .resource_mut::<Assets<CityMaterial>>()
            .add(CityMaterial { light: light.clone(), attributes: attributes.clone() });
        let ribbon = world
            .resource_mut::<Assets<RibbonMaterial>>()
            .add(RibbonMaterial { light: light.clone(), attributes: attributes.clone() });
        Self { light, attributes, city, ribbon }
    }
}

/// A storage buffer on the graphics card alone.
pub fn storage(label: &'static str, bytes: &[u8]) -> ShaderBuffer {
    let mut buffer = ShaderBuffer::new(bytes, RenderAssetUsages::RENDER_WORLD);
    buffer.buffer_description.label = Some(label);
    buffer
}

/// Marks a material as changed (the mutable borrow does): needed where one of its buffers was replaced by one
/// of another length.
pub const fn touch<M: Material>(_: &mut M) {}

/// Adds materials, shaders and the sky.
pub fn plugin(app: &mut App) {
    load_shader_library!(app, "shaders/light.wgsl");
    embedded_asset!(app, "shaders/city.wgsl");
    embedded_asset!(app, "shaders/ribbon.wgsl");
    embedded_asset!(app, "shaders/instances.wgsl");
    embedded_asset!(app, "shaders/sky.wgsl");
    app.add_plugins((
        MaterialPlugin::<CityMaterial>::default(),
        MaterialPlugin::<RibbonMaterial>::default(),
        MaterialPlugin::<InstanceMaterial>::default(),
        MaterialPlugin::<SkyMaterial>::default(),
    ))
    .init_resource::<Shared>()
    .add_systems(Startup, spawn_sky)
    .add_plugins(light::plugin);
}

fn spawn_sky(
    mut commands: Commands,
    shared: Res<Shared>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<SkyMaterial>>,
) {
    commands.spawn((
        Mesh3d(meshes.add(Sphere::new(1.0).mesh().ico(4).unwrap_or_else(|_| Sphere::new(1.0).mesh().uv(48, 24)))),
        MeshMaterial3d(materials.add(SkyMaterial { light: shared.light.clone() })),
        bevy::camera::visibility::NoFrustumCulling,
        NotShadowCaster,
    ));
}
