//! Draws a town plan as a PPM picture: `cargo run --release -p citytwin-generate --example plan -- SEED
//! POPULATION OUT.ppm [PIXELS] [U V HALF_M]`, U and V in shares of the town's radius.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: f64| args.get(i).and_then(|a| a.parse::<f64>().ok()).unwrap_or(default);
    let view = args.get(6).map(|_| (number(4, 0.0), number(5, 0.0), number(6, 500.0)));
    let picture =
        citytwin_generate::draw(number(0, 7.0) as u64, number(1, 40_000.0) as u32, number(3, 1_400.0) as usize, view);
    let mut out = std::io::BufWriter::new(std::fs::File::create(args.get(2).map_or("plan.ppm", |a| a.as_str()))?);
    write!(out, "P6\n{} {}\n255\n", picture.width, picture.height)?;
    out.write_all(&picture.rgb)?;
    out.flush()
}
