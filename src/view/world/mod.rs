//! From a [`Scene`] to entities: meshes are built on worker threads and arrive a few per frame.

mod build;
mod trees;

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, TryRecvError, channel},
};

use bevy::{
    camera::{primitives::Aabb, visibility::NoFrustumCulling},
    light::NotShadowCaster,
    prelude::*,
    render::storage::ShaderBuffer,
    tasks::AsyncComputeTaskPool,
};

pub use build::{Built, build};

use crate::{
    BuildProgress, Overlay, Quality, RoadHeights, Scene, ViewSystems, Visibility as Shown,
    material::{CityMaterial, InstanceMaterial, RibbonMaterial, Shared, storage, touch},
    mesh::{Chunk, Layer, Slots, ground},
};

/// What the view keeps about the built city.
#[derive(Resource, Default)]
pub struct World3d {
    pub slots: Slots,
    /// Heights of the roads, once computed.
    pub heights: Option<Arc<RoadHeights>>,
    arriving: Option<Mutex<Receiver<Built>>>,
}

/// Marks what belongs to the shown city, with its layer; trees have none.
#[derive(Component, Clone, Copy, Debug)]
pub struct CityPiece(pub Option<Layer>);

pub fn plugin(app: &mut App) {
    app.init_resource::<World3d>().add_systems(Update, (start, receive, show).chain().in_set(ViewSystems::Build));
}

/// A new scene: the old city goes, the new one is built beside.
fn start(
    mut commands: Commands,
    scene: Option<Res<Scene>>,
    (mut world, mut progress): (ResMut<World3d>, ResMut<BuildProgress>),
    shared: Res<Shared>,
    (mut buffers, mut meshes): (ResMut<Assets<ShaderBuffer>>, ResMut<Assets<Mesh>>),
    old: Query<Entity, With<CityPiece>>,
) {
    let Some(scene) = scene.filter(|s| s.is_changed()) else { return };
    for entity in &old {
        commands.entity(entity).despawn();
    }
    let city = scene.0.clone();
    world.slots = Slots::of(&city);
    world.heights = None;
    if let Some(mut buffer) = buffers.get_mut(&shared.attributes) {
        *buffer = storage("attributes", &vec![0; 4 * world.slots.len().max(4)]);
    }
    // A buffer of another length is another buffer: the materials must look again.
    commands.queue(touch_materials);
    commands.spawn((
        CityPiece(Some(Layer::Land)),
        Mesh3d(meshes.add(ground::plain([0.0, 0.0]).into_mesh())),
        MeshMaterial3d(shared.city.clone()),
        NoFrustumCulling,
        NotShadowCaster,
    ));
    let (sender, receiver) = channel();
    let slots = world.slots;
    AsyncComputeTaskPool::get()
        .spawn(async move { build(&city, &slots, &|built| sender.send(built).is_ok()) })
        .detach();
    world.arriving = Some(Mutex::new(receiver));
    *progress = BuildProgress { stage: "roads", fraction: 0.0, done: false };
}

fn touch_materials(world: &mut World) {
    let (city, ribbon) = {
        let shared = world.resource::<Shared>();
        (shared.city.clone(), shared.ribbon.clone())
    };
    if let Some(mut material) = world.resource_mut::<Assets<CityMaterial>>().get_mut(&city) {
        touch(&mut *material);
    }
    if let Some(mut material) = world.resource_mut::<Assets<RibbonMaterial>>().get_mut(&ribbon) {
        touch(&mut *material);
    }
}

/// Takes what the builders have finished.
fn receive(
    mut commands: Commands,
    mut world: ResMut<World3d>,
    mut progress: ResMut<BuildProgress>,
    (shared, shown, overlay, quality): (Res<Shared>, Res<Shown>, Res<Overlay>, Res<Quality>),
    mut meshes: ResMut<Assets<Mesh>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut materials: ResMut<Assets<InstanceMaterial>>,
) {
    let world = &mut *world;
    let Some(arriving) = world.arriving.as_mut() else { return };
    let arriving = arriving.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut done = false;
    for _ in 0..quality.chunks_a_frame {
        match arriving.try_recv() {
            Ok(Built::Heights(heights)) => world.heights = Some(heights),
            Ok(Built::Stage(stage, fraction)) => *progress = BuildProgress { stage, fraction, done: false },
            Ok(Built::Chunk(chunk)) => {
                let visible = is_shown(&shown, overlay.roads.is_some(), Some(chunk.layer));
                spawn_chunk(&mut commands, &mut meshes, &shared, visible, chunk);
            }
            Ok(Built::Trees(stands)) => {
                trees::spawn(&mut commands, &mut meshes, &mut buffers, &mut materials, &shared, shown.trees, &stands);
            }
            Err(TryRecvError::Empty) => break,
            Err(TryRecvError::Disconnected) => {
                done = true;
                break;
            }
        }
    }
    if done {
        world.arriving = None;
        *progress = BuildProgress { stage: "ready", fraction: 1.0, done: true };
    }
}

fn spawn_chunk(commands: &mut Commands, meshes: &mut Assets<Mesh>, shared: &Shared, visible: bool, chunk: Chunk) {
    let Some([low, high]) = chunk.mesh.bounds() else { return };
    let aabb = Aabb::from_min_max(low.into(), high.into());
    let mesh = Mesh3d(meshes.add(chunk.mesh.into_mesh()));
    let visible = if visible { Visibility::Inherited } else { Visibility::Hidden };
    let mut entity = commands.spawn((CityPiece(Some(chunk.layer)), mesh, aabb, visible));
    match chunk.layer {
        Layer::RoadValues | Layer::FarRoads => entity.insert((MeshMaterial3d(shared.ribbon.clone()), NotShadowCaster)),
        Layer::Buildings | Layer::Structures => entity.insert(MeshMaterial3d(shared.city.clone())),
        _ => entity.insert((MeshMaterial3d(shared.city.clone()), NotShadowCaster)),
    };
}

/// Whether a layer is drawn; `values` says whether the traffic layer has data.
fn is_shown(shown: &Shown, values: bool, layer: Option<Layer>) -> bool {
    match layer {
        Some(Layer::Land) => shown.land,
        Some(Layer::Water) => shown.water,
        Some(Layer::Roads | Layer::FarRoads | Layer::Structures) => shown.roads,
        Some(Layer::RoadValues) => shown.roads && values,
        Some(Layer::Railways) => shown.railways,
        Some(Layer::Buildings) => shown.buildings,
        None => shown.trees,
    }
}

/// Shows and hides layers.
fn show(
    shown: Res<Shown>,
    overlay: Res<Overlay>,
    mut pieces: Query<(&CityPiece, &mut Visibility, Has<NoFrustumCulling>)>,
) {
    if !shown.is_changed() && !overlay.is_changed() {
        return;
    }
    for (piece, mut visibility, plain) in &mut pieces {
        let visible = match piece.0 {
            // The plain stays: a city without land use still stands on something.
            Some(Layer::Land) if plain => true,
            layer => is_shown(&shown, overlay.roads.is_some(), layer),
        };
        visibility.set_if_neq(if visible { Visibility::Inherited } else { Visibility::Hidden });
    }
}
