//! Renders a map file into a PNG without a window: `shot MAP OUT.png [key=value …]`, keys `size=960x540`,
//! `sun=azimuth,elevation`, `hour=12`, `at=x,y`, `from=distance`, `yaw=degree`, `pitch=degree`, `demo=1` for
//! made-up vehicles and a made-up data layer.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use citytwin_model::SunPosition;
use citytwin_view::{CameraSpec, Daylight, RenderSpec, headless};

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
        let parsed = keys.get(key).and_then(|v| v.split_once(by)).and_then(|(a, b)| Some([a.parse().ok()?, b.parse().ok()?]));
        parsed.unwrap_or(default)
    };
    let started = std::time::Instant::now();
    let city = citytwin_import::open(&PathBuf::from(map), &Default::default(), &())?;
    println!("{}: {} buildings, {} roads, read in {:?}", city.name, city.buildings.len(), city.roads.len(), started.elapsed());
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
    let spec = RenderSpec {
        width: width as u32,
        height: height as u32,
        out: PathBuf::from(out),
        daylight: Daylight {
            sun: SunPosition { azimuth_deg: azimuth.into(), elevation_deg: elevation.into() },
            local_hour: number("hour", 13.0),
        },
        camera,
        ..Default::default()
    };
    headless(Arc::new(city), spec)?;
    println!("drawn after {:?}", started.elapsed());
    Ok(())
}
