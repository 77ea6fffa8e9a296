//! Writes a city folder: `cargo run --release -p citytwin-generate --example generate -- SEED POPULATION OUT`.

use citytwin_generate::{GenerateSpec, generate};

fn main() -> Result<(), citytwin_generate::GenerateError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: u64| args.get(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    let spec = GenerateSpec { seed: number(0, 7), population: number(1, 40_000) as u32, name: None };
    let out = args.get(2).map_or("city", String::as_str);
    let summary = generate(&spec, out.as_ref(), &|_, _| {})?;
    println!("{summary}");
    Ok(())
}
