//! Time per frame with a whole city and many vehicles, drawn into a tiny picture so that what is measured is
//! the processor's part: `frame_cost MAP [vehicles]`. Prints the main world's time, and the whole frame's.

use std::{path::PathBuf, sync::Arc, time::Instant};

use bevy::prelude::*;
use citytwin_view::{BuildProgress, Scene, VehicleFrame, VehiclePose, ViewPlugin, headless_app};

#[derive(Resource)]
struct Began(Instant);

#[derive(Resource, Default)]
struct Spent(f64);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let map = PathBuf::from(args.next().ok_or("frame_cost MAP [vehicles]")?);
    let count: u32 = args.next().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let city = Arc::new(citytwin_import::open(&map, &Default::default(), &())?);
    let links: Vec<_> = city.links.iter().map(|l| city.link_line(l.id).0[0]).collect();
    let mut app = headless_app(32, 18, "error")?;
    app.add_plugins(ViewPlugin)
        .insert_resource(Scene(city))
        .insert_resource(Began(Instant::now()))
        .init_resource::<Spent>()
        .add_systems(First, |mut began: ResMut<Began>| began.0 = Instant::now())
        .add_systems(Last, |began: Res<Began>, mut spent: ResMut<Spent>| spent.0 += began.0.elapsed().as_secs_f64());
    app.finish();
    app.cleanup();
    let built = Instant::now();
    while !app.world().resource::<BuildProgress>().done {
        app.update();
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    println!("built after {:?}", built.elapsed());
    for measured in [0, 60] {
        app.world_mut().resource_mut::<Spent>().0 = 0.0;
        let began = Instant::now();
        for step in 0..measured.max(8) {
            let pose = |id: u32| {
                let at = links[(id as usize * 31) % links.len()];
                let x = at.x as f32 + step as f32 * 0.3;
                VehiclePose { id, x, y: at.y as f32, heading_rad: 0.1 * id as f32, kind: (id % 4) as u8, ..default() }
            };
            app.world_mut().resource_mut::<VehicleFrame>().poses = (0..count).map(pose).collect();
            app.update();
        }
        let frames = f64::from(measured.max(8));
        if measured > 0 {
            let main_ms = app.world().resource::<Spent>().0 / frames * 1e3;
            println!(
                "{count} vehicles: main world {main_ms:.2} ms, whole frame {:.2} ms",
                began.elapsed().as_secs_f64() / frames * 1e3
            );
        }
    }
    Ok(())
}
