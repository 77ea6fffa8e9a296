//! Renders a map file into a PNG without a window: `shot MAP OUT.png [key=value …]`, keys `size=960x540`,
//! `sun=azimuth,elevation`, `hour=12`, `at=x,y`, `from=distance`, `yaw=degree`, `pitch=degree`, `demo=1` for
//! made-up vehicles and signals, `layer=roads|buildings` for made-up values.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use citytwin_model::{BuildingId, City, FeatureRef, Quality, RoadId, Sensor, SunPosition};
use citytwin_view::{
    BuildProgress, CameraCommand, CameraSpec, Daylight, LampColour, Overlay, OverlayLayer, Scene, Selection,
    SensorMark, SensorMarks, SignalLamp, SignalLamps, VehicleFrame, VehiclePose, ViewPlugin, draw, headless_app,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut plain = Vec::new();
    let mut keys: HashMap<String, String> = HashMap::new();
    for arg in std::env::args().skip(1) {
        match arg.split_once('=') {
            Some((k, v)) => drop(keys.insert(k.into(), v.into())),
            None => plain.push(arg),
        }
    }
    let [map, out] = plain.as_slice() else { return Err("shot MAP OUT.png [key=value …]".into()) };
    let number = |key: &str, default: f32| keys.get(key).and_then(|v| v.parse().ok()).unwrap_or(default);
    let pair = |key: &str, default: [f32; 2], by: char| {
        let parsed =
            keys.get(key).and_then(|v| v.split_once(by)).and_then(|(a, b)| Some([a.parse().ok()?, b.parse().ok()?]));
        parsed.unwrap_or(default)
    };
    let started = std::time::Instant::now();
    let city = citytwin_import::open(&PathBuf::from(map), &Default::default(), &())?;
    println!(
        "{}: {} buildings, {} roads, read in {:?}",
        city.name,
        city.buildings.len(),
        city.roads.len(),
        started.elapsed()
    );
    let [width, height] = pair("size", [960.0, 540.0], 'x');
    let [azimuth, elevation] = pair("sun", [150.0, 42.0], ',');
    let camera = keys.contains_key("from").then(|| {
        let [x, y] = pair("at", [0.0, 0.0], ',');
        CameraSpec {
            target: [x, y, 0.0],
            distance_m: number("from", 800.0),
            yaw_rad: number("yaw", 20.0).to_radians(),
            pitch_rad: number("pitch", 35.0).to_radians(),
        }
    });
    let mut app = headless_app(width as u32, height as u32, "error")?;
    app.add_plugins(ViewPlugin).insert_resource(Daylight {
        sun: SunPosition { azimuth_deg: azimuth.into(), elevation_deg: elevation.into() },
        local_hour: number("hour", 13.0),
    });
    if let Some(CameraSpec { target, distance_m, yaw_rad, pitch_rad }) = camera {
        app.world_mut().write_message(CameraCommand::Set { target, distance_m, yaw_rad, pitch_rad });
    }
    if keys.contains_key("demo") {
        app.insert_resource(VehicleFrame { poses: made_up_vehicles(&city, number("vehicles", 4000.0) as usize) });
        app.insert_resource(SignalLamps(made_up_lamps(&city)));
        let quality = [None, Some(Quality::Good), Some(Quality::Uncertain), Some(Quality::Bad)];
        let mark = |s: &Sensor| SensorMark {
            sensor: s.id,
            at: [s.at.x as f32, s.at.y as f32, 0.0],
            quality: quality[s.id.index() % 4],
        };
        app.insert_resource(SensorMarks(city.sensors.iter().map(mark).collect()));
    }
    if let Some(picked) = keys.get("pick").and_then(|k| k.parse().ok()) {
        let picked = Some(FeatureRef::Building(BuildingId(picked)));
        let hovered = Some(FeatureRef::Road(RoadId(number("hover", 0.0) as u32)));
        app.insert_resource(Selection { picked, hovered });
    }
    if keys.contains_key("layer") {
        app.insert_resource(made_up_layer(&city, &keys["layer"]));
    }
    app.insert_resource(Scene(Arc::new(city)));
    draw(&mut app, &PathBuf::from(out), |world| world.resource::<BuildProgress>().done)?;
    println!("drawn after {:?}", started.elapsed());
    Ok(())
}

/// Vehicles spread over the links, each on its side of the road.
fn made_up_vehicles(city: &City, count: usize) -> Vec<VehiclePose> {
    let total: f64 = city.links.iter().map(|l| l.length_m).sum();
    let spacing = total / count.max(1) as f64;
    let mut poses = Vec::new();
    let mut next = 0.37 * spacing;
    for link in &city.links {
        let line = city.link_line(link.id).0;
        let both = city.roads[link.road.index()].oneway.value == citytwin_model::Oneway::Both;
        for w in line.windows(2) {
            let (dx, dy) = (w[1].x - w[0].x, w[1].y - w[0].y);
            let length = dx.hypot(dy);
            while next < length {
                let aside = if both { 1.8 } else { 0.0 };
                let (x, y) = (
                    w[0].x + dx * next / length + dy / length * aside,
                    w[0].y + dy * next / length - dx / length * aside,
                );
                let id = poses.len() as u32;
                let kind = [0, 0, 0, 1, 0, 2, 0, 0, 3, 0][id as usize % 10];
                let heading_rad = dy.atan2(dx) as f32;
                let speed_mps = (id % 3) as f32 * 5.0;
                poses.push(VehiclePose {
                    id,
                    x: x as f32,
                    y: y as f32,
                    heading_rad,
                    speed_mps,
                    kind,
                    ..Default::default()
                });
                next += spacing * (0.4 + 1.2 * f64::from(id % 17) / 16.0);
            }
            next -= length;
        }
    }
    poses
}

fn made_up_lamps(city: &City) -> Vec<SignalLamp> {
    let held = city.links.iter().filter(|l| l.end == citytwin_model::LinkEnd::Signals);
    held.filter_map(|link| {
        let line = city.link_line(link.id).0;
        let [.., a, b] = line.as_slice() else { return None };
        let heading_rad = (b.y - a.y).atan2(b.x - a.x) as f32;
        let back = 10.0;
        let at = [b.x as f32 - back * heading_rad.cos(), b.y as f32 - back * heading_rad.sin(), 0.0];
        let colour = if heading_rad.cos().abs() > 0.7 { LampColour::Green } else { LampColour::Red };
        Some(SignalLamp { at, heading_rad, colour })
    })
    .collect()
}

/// Green to red over the links, or blue to yellow over the buildings.
fn made_up_layer(city: &City, which: &str) -> Overlay {
    let colours = Arc::new(std::array::from_fn(|k| {
        let t = k as f32 / 255.0;
        [(40.0 + 200.0 * (2.0 * t).min(1.0)) as u8, (190.0 - 150.0 * (2.0 * t - 1.0).max(0.0)) as u8, 60]
    }));
    let values = |count: usize| Arc::new((0..count).map(|k| (k * 7919 % 1000) as f32 / 1000.0).collect::<Vec<f32>>());
    let mut overlay = Overlay { version: 1, ..Default::default() };
    if which == "closed" {
        let primary = city.roads.iter().filter(|r| r.class == citytwin_model::RoadClass::Primary);
        overlay.closed = primary.map(|r| r.id).collect();
    } else if which == "buildings" {
        overlay.buildings = Some(OverlayLayer { values: values(city.buildings.len()), colours });
    } else {
        overlay.roads = Some(OverlayLayer { values: values(city.links.len()), colours });
    }
    overlay
}
