//! What lies under the pointer: an index of the city's features and a ray through the picture.

mod index;
mod ray;

pub use index::PickIndex;
pub use ray::Ray;

use bevy::{
    prelude::*,
    tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future},
    window::PrimaryWindow,
};

use crate::{
    GridPaint, InputGate, Picked, PickedGrid, PickedVehicle, Scene, Selection, VehicleFrame, ViewSystems, Visibility,
    camera::{CameraRig, Drag, picture_point},
    grid,
};

/// Wall time between two looks at what is under a resting pointer, second.
const HOVER_S: f32 = 0.1;

/// Adds hovering and clicking.
pub fn plugin(app: &mut App) {
    app.init_resource::<Indexing>().add_systems(
        Update,
        (index_scene.run_if(resource_exists::<Scene>), hover, click).chain().in_set(ViewSystems::Pick),
    );
}

/// The index, or the task that builds it.
#[derive(Resource, Default)]
enum Indexing {
    #[default]
    Nothing,
    Building(Task<PickIndex>),
    Ready(Box<PickIndex>),
}

fn index_scene(scene: Res<Scene>, mut indexing: ResMut<Indexing>) {
    if scene.is_changed() {
        let city = scene.0.clone();
        *indexing = Indexing::Building(AsyncComputeTaskPool::get().spawn(async move { PickIndex::of(city) }));
    }
    if let Indexing::Building(task) = &mut *indexing
        && let Some(index) = block_on(future::poll_once(task))
    {
        *indexing = Indexing::Ready(Box::new(index));
    }
}

fn ray_through(rig: &CameraRig, window: &Window, at: Vec2) -> Ray {
    Ray::new(rig.now.eye().at, rig.now.ray(picture_point(window, at)))
}

fn hover(
    windows: Query<&Window, With<PrimaryWindow>>,
    (rig, indexing, gate, shown): (Res<CameraRig>, Res<Indexing>, Res<InputGate>, Res<Visibility>),
    time: Res<Time<Real>>,
    mut selection: ResMut<Selection>,
    mut last: Local<(Vec2, f32)>,
) {
    let (Ok(window), Indexing::Ready(index)) = (windows.single(), &*indexing) else { return };
    let at = window.cursor_position().filter(|_| !gate.pointer);
    let Some(at) = at else {
        if selection.hovered.is_some() {
            selection.hovered = None;
        }
        return;
    };
    if at == last.0 || time.elapsed_secs() - last.1 < HOVER_S {
        return;
    }
    *last = (at, time.elapsed_secs());
    let hovered = index.pick(&ray_through(&rig, window, at), *shown).map(|hit| hit.feature);
    if selection.hovered != hovered {
        selection.hovered = hovered;
    }
}

fn click(
    windows: Query<&Window, With<PrimaryWindow>>,
    (rig, drag, indexing, shown): (Res<CameraRig>, Res<Drag>, Res<Indexing>, Res<Visibility>),
    vehicles: Res<VehicleFrame>,
    (grid, paint): (Res<grid::Drawn>, Res<GridPaint>),
    (mut picked, mut picked_vehicle, mut picked_grid): (
        MessageWriter<Picked>,
        MessageWriter<PickedVehicle>,
        MessageWriter<PickedGrid>,
    ),
) {
    let (Some(at), Ok(window), Indexing::Ready(index)) = (drag.clicked, windows.single(), &*indexing) else { return };
    let ray = ray_through(&rig, window, at);
    let hit = index.pick(&ray, *shown);
    let nearest = if shown.vehicles { index::vehicle(&ray, &vehicles.poses) } else { None };
    let on_ground = ray.plane(0.0).filter(|_| paint.strands.is_some() && hit.is_none_or(|h| h.on_ground));
    let of_grid = on_ground.and_then(|t| {
        let (at, eye) = (ray.at(t), ray.from);
        grid.pick([at[0], at[1]], (0..3).map(|k| (at[k] - eye[k]).powi(2)).sum::<f64>().sqrt())
    });
    match nearest {
        Some((t, id)) if hit.is_none_or(|h| t < h.t || h.on_ground) => {
            picked_vehicle.write(PickedVehicle(id));
        }
        _ => match of_grid {
            Some(element) => drop(picked_grid.write(element)),
            None => drop(picked.write(Picked(hit.map(|h| h.feature)))),
        },
    }
}
