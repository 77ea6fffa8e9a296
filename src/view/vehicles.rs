//! Vehicles: every frame the poses become rows of four swarms, one per body.

use bevy::prelude::*;

use crate::{
    Scene, VehicleFrame, VehiclePose, ViewSystems, Visibility as Shown,
    instances::{Keep, Row, Rows, Swarm},
    mesh::{colour, road},
    model::{self, Body},
    world::World3d,
};

/// Copies in a batch: few enough that half-empty ones cost little, many enough for few draws.
const BATCH: usize = 128;
/// Slower than this a vehicle shows its brake lamps, metre per second.
const BRAKING_MPS: f32 = 0.6;
/// Share of coats by colour, in parts of 100 (European registrations of recent years, rounded).
const COATS: [(u32, [u8; 3]); 9] = [
    (26, [226, 227, 225]),
    (22, [34, 35, 38]),
    (22, [122, 126, 131]),
    (10, [172, 176, 180]),
    (8, [36, 62, 112]),
    (5, [140, 28, 30]),
    (3, [44, 82, 66]),
    (2, [196, 152, 44]),
    (2, [150, 134, 112]),
];

pub fn plugin(app: &mut App) {
    app.init_resource::<Fleet>().add_systems(Update, upload.in_set(ViewSystems::Upload));
}

#[derive(Resource, Default)]
struct Fleet(Vec<Swarm>);

fn upload(
    frame: Res<VehicleFrame>,
    shown: Res<Shown>,
    world: Res<World3d>,
    scene: Option<Res<Scene>>,
    mut fleet: ResMut<Fleet>,
    mut keep: Keep,
) {
    if scene.is_none() || !frame.is_changed() && !shown.is_changed() {
        return;
    }
    if fleet.0.is_empty() {
        fleet.0 = Body::ALL.iter().map(|body| Swarm::new("vehicles", &model::body(*body), BATCH, &mut keep)).collect();
    }
    let mut rows: [Rows; 4] = default();
    if shown.vehicles {
        for pose in &frame.poses {
            rows[Body::of(pose.kind) as usize].push(row(pose, &world));
        }
    }
    for (swarm, rows) in fleet.0.iter_mut().zip(rows) {
        swarm.show(rows, &mut keep);
    }
}

fn row(pose: &VehiclePose, world: &World3d) -> Row {
    let body = Body::of(pose.kind);
    let [length, width, height] = body.size_m();
    let length = if pose.length_m > 1.0 { pose.length_m } else { length };
    let ground = match &world.heights {
        Some(heights) if pose.z == 0.0 => {
            heights.beneath_m([f64::from(pose.x), f64::from(pose.y)], f64::from(pose.heading_rad))
        }
        _ => pose.z,
    };
    let flag = if pose.speed_mps < BRAKING_MPS { 255 } else { 0 };
    let at = [pose.x, pose.y, ground + road::lift_m(citytwin_model::RoadClass::Residential)];
    Row::new(at, pose.heading_rad, [length, width, height], coat(body, pose.id)).flagged(flag)
}

fn coat(body: Body, id: u32) -> [u8; 3] {
    let seed = colour::mix(id);
    if body == Body::Bus {
        return if seed & 3 == 0 { [206, 196, 176] } else { [196, 60, 44] };
    }
    let mut part = seed % 100;
    for (share, coat) in COATS {
        if part < share {
            return coat;
        }
        part -= share;
    }
    COATS[0].1
}
