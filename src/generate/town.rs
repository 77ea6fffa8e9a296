//! The town from its idea to its last tree, step by step. Must not know files.

use crate::{
    barriers::Barriers,
    blocks::{Block, Cutter, street_land, superblocks, town_edge},
    bypass,
    country::{cultivate, outside},
    dice::Dice,
    energy::electrify,
    fill::fill,
    green,
    layout::Layout,
    maths::length,
    names::Names,
    plan::Plan,
    rail::Rail,
    site_work::Ground,
    sites::sites,
    skeleton,
    streets::Streets,
    traffic::regulate,
    water::Water,
};

/// A town drawn too large by up to this share is trimmed at its edge, houses first built last.
const TRIM: f64 = 0.05;

/// Plans a town whose homes hold its people: the radius follows from how many the last try held.
pub fn fitted(seed: u64, population: u32, progress: &dyn Fn(&'static str, f32)) -> Plan {
    let wanted = f64::from(population);
    let mut stretch = 1.0;
    let mut best: Option<(f64, f64)> = None;
    for round in 0..6 {
        let held = people(seed, population, stretch) / wanted;
        progress("planning the town", 0.08 + 0.08 * round as f32);
        let miss = if held >= 1.0 { held - 1.0 } else { 2.0 * (1.0 - held) };
        if best.is_none_or(|(least, _)| miss < least) {
            best = Some((miss, stretch));
        }
        if (1.0..1.0 + TRIM).contains(&held) {
            break;
        }
        // People grow a little slower than the area: quarters at the edge are thin.
        stretch *= ((1.0 + 0.4 * TRIM) / held.max(0.05)).sqrt().clamp(0.6, 1.6);
    }
    progress("building the town", 0.55);
    plan(seed, population, best.map_or(1.0, |b| b.1))
}

/// What the homes of a try hold.
fn people(seed: u64, population: u32, stretch: f64) -> f64 {
    let layout = Layout::new(seed, population, stretch);
    let base = Base::new(seed, &layout);
    let Base { water, rail, mut names, mut streets, blocks, barriers, .. } = base;
    let mut ground = Ground::new(&layout, &mut streets, &barriers, Dice::new(seed, "buildings"));
    fill(&mut ground, &blocks, &water, &rail, &mut names);
    ground.residents()
}

/// Streets and blocks, before anything is built.
struct Base {
    water: Water,
    rail: Rail,
    names: Names,
    streets: Streets,
    blocks: Vec<Block>,
    barriers: Barriers,
    taken: Vec<geo::Polygon<f64>>,
    edge: geo::Polygon<f64>,
}

impl Base {
    fn new(seed: u64, layout: &Layout) -> Self {
        let water = Water::new(layout);
        let rail = Rail::new(layout);
        let mut names = Names::new(seed);
        let mut dice = Dice::new(seed, "streets");
        let mut skeleton = skeleton::main_streets(layout, &water, &rail, &mut names, &mut dice);
        bypass::lay(&mut skeleton);
        let mut streets = skeleton.streets;
        let mut taken = water.with_banks(layout, 12.5);
        taken.extend(rail.corridor());
        taken.extend(street_land(&streets));
        let edge = town_edge(layout);
        let barriers = Barriers::new(&water, &rail);
        let mut cutter = Cutter {
            layout,
            streets: &mut streets,
            barriers: &barriers,
            sites: sites(layout),
            names: &mut names,
            dice: Dice::new(seed, "blocks"),
            blocks: Vec::new(),
        };
        cutter.cut_all(superblocks(&edge, &taken));
        cutter.settle_sites();
        let blocks = cutter.blocks;
        Self { water, rail, names, streets, blocks, barriers, taken, edge }
    }
}

/// Plans a town whose built-up radius is the usual one times `stretch`.
pub fn plan(seed: u64, population: u32, stretch: f64) -> Plan {
    let layout = Layout::new(seed, population, stretch);
    let Base { water, rail, mut names, mut streets, blocks, barriers, taken, edge } = Base::new(seed, &layout);
    let mut ground = Ground::new(&layout, &mut streets, &barriers, Dice::new(seed, "buildings"));
    fill(&mut ground, &blocks, &water, &rail, &mut names);
    ground.trim_homes(f64::from(population));
    cultivate(&mut ground, outside(&layout, &edge, &taken), &barriers, seed);
    let rules = regulate(ground.streets, &layout, seed);
    green::avenues(&mut ground);
    green::bank_trees(&mut ground, &water.north_bank, 8.0);
    green::bank_trees(&mut ground, &water.south_bank, -8.0);
    if let Some(island) = &water.island {
        ground.add_land(island.clone(), vec![("leisure", "park".into()), ("name", "Strominsel".into())]);
        ground.plant_over(island, 150.0, 0.1);
    }
    let assets = electrify(&mut ground, &blocks, &water.basins);
    let Ground { buildings, land, ponds, lines, spots, mut trees, .. } = ground;
    trees.retain(|tree| length(tree.at) < 2.0 * layout.half_m);
    Plan { layout, water, rail, streets, blocks, rules, assets, land, ponds, buildings, lines, spots, trees }
}
