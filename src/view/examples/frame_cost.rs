//! Time per frame with a whole city and many vehicles, drawn into a tiny picture so that what is measured is
//! the processor's part: `frame_cost MAP [vehicles]`. Prints the medians of the main world's time and of what prepares
//! the drawing (extraction's commands to the last bind group), and the mean of whole frames.

use std::{path::PathBuf, sync::Arc, time::Instant};

use bevy::{
    prelude::*,
    render::{Render, RenderApp, RenderSystems},
};
use citytwin_view::{BuildProgress, Scene, VehicleFrame, VehiclePose, ViewPlugin, headless_app};

#[derive(Resource)]
struct Began(Instant);

/// Seconds per frame.
#[derive(Resource, Default)]
struct Spent(Vec<f64>);

impl Spent {
    fn median_ms(&mut self) -> f64 {
        self.0.sort_by(f64::total_cmp);
        self.0.get(self.0.len() / 2).map_or(f64::NAN, |s| s * 1e3)
    }
}

fn begin(mut began: ResMut<Began>) {
    began.0 = Instant::now();
}

fn end(began: Res<Began>, mut spent: ResMut<Spent>) {
    spent.0.push(began.0.elapsed().as_secs_f64());
}

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
        .add_systems(First, begin)
        .add_systems(Last, end);
    app.sub_app_mut(RenderApp)
        .insert_resource(Began(Instant::now()))
        .init_resource::<Spent>()
        .add_systems(Render, begin.before(RenderSystems::ExtractCommands))
        .add_systems(Render, end.after(RenderSystems::Prepare).before(RenderSystems::Render));
    app.finish();
    app.cleanup();
    let built = Instant::now();
    while !app.world().resource::<BuildProgress>().done {
        app.update();
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    println!("built after {:?}", built.elapsed());
    for measured in [0, 60] {
        app.world_mut().resource_mut::<Spent>().0.clear();
        app.sub_app_mut(RenderApp).world_mut().resource_mut::<Spent>().0.clear();
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
            let main_ms = app.world_mut().resource_mut::<Spent>().median_ms();
            let prepare_ms = app.sub_app_mut(RenderApp).world_mut().resource_mut::<Spent>().median_ms();
            println!(
                "{count} vehicles: main world {main_ms:.2} ms, render preparation {prepare_ms:.2} ms, whole frame {:.2} ms",
                began.elapsed().as_secs_f64() / frames * 1e3
            );
        }
    }
    Ok(())
}
