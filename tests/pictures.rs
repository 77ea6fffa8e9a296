//! Pictures without a window: they are written, they show a city, and what cannot be written is said.

use std::{
    collections::BTreeSet,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn render(city: &Path, out: &Path, extra: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_citytwin"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .args(["render", &city.to_string_lossy(), "--out", &out.to_string_lossy(), "--size", "320x180"])
        .args(extra)
        .output()
        .expect("the program starts")
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("maps/demo")
}

/// RGB pixels of a PNG.
fn pixels(path: &Path) -> Vec<[u8; 3]> {
    let decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((info.width, info.height), (320, 180));
    assert_eq!(info.color_type, png::ColorType::Rgb);
    bytes[..info.buffer_size()].chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect()
}

#[test]
fn the_demo_is_drawn_with_green_water_and_roofs() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo.png");
    let output = render(&demo(), &out, &["--time", "2026-06-16T12:00"]);
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("no graphics driver") {
        println!("skipped: {said}");
        return;
    }
    assert!(output.status.success(), "{said}");
    let pixels = pixels(&out);
    let share = |is: &dyn Fn(i32, i32, i32) -> bool| {
        let count = pixels.iter().filter(|[r, g, b]| is(i32::from(*r), i32::from(*g), i32::from(*b))).count();
        count as f64 / pixels.len() as f64
    };
    let colours: BTreeSet<_> = pixels.iter().collect();
    assert!(colours.len() > 1000, "{} colours", colours.len());
    assert!(share(&|r, g, b| g > r + 8 && g > b + 15) > 0.05, "green");
    assert!(share(&|r, g, b| b > r + 25 && b > g) > 0.005, "water");
    assert!(share(&|r, g, b| r > g + 25 && r > b + 25) > 0.002, "roofs");
    let night = folder.path().join("night.png");
    assert!(render(&demo(), &night, &["--time", "2026-06-16T00:30"]).status.success());
    let brightness = |p: &[[u8; 3]]| p.iter().flatten().map(|c| u64::from(*c)).sum::<u64>();
    assert!(2 * brightness(&self::pixels(&night)) < brightness(&pixels), "night is darker than noon");
}

#[test]
fn what_cannot_be_written_is_said_before_the_work() {
    for (out, says) in [("picture.jpg", ".png"), ("no/such/folder/picture.png", "folder")] {
        let output = render(&demo(), Path::new(out), &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says) && said.trim_end().lines().count() == 1, "{said}");
    }
}
