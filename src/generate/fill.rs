//! What is built on each block, quarter by quarter. Must not know how.

use crate::{
    blocks::Block,
    civic, green, homes,
    layout::Zone,
    maths::{area_of, distance, length, open_ring, tidy},
    names::Names,
    rail::Rail,
    site_work::{Draft, Ground, breadth},
    sites::Use,
    style::Look,
    water::Water,
    works,
};

/// Heights of the towers of the business quarter, metre.
const TOWERS_M: [f64; 4] = [124.0, 96.0, 82.0, 66.0];

/// Builds the station, then every block.
pub fn fill(ground: &mut Ground<'_>, blocks: &[Block], water: &Water, rail: &Rail, names: &mut Names) {
    station(ground, rail);
    let towers = tower_blocks(ground, blocks);
    let mut counts = [0_usize; 3];
    for (i, block) in blocks.iter().enumerate() {
        if let Some(purpose) = block.purpose {
            civic_block(ground, block, purpose, &mut counts, names);
        } else if let Some(rank) = towers.iter().position(|&t| t == i) {
            works::tower_block(ground, block, TOWERS_M[rank]);
        } else {
            plain_block(ground, block);
        }
    }
    for basin in &water.basins {
        works::cranes(ground, basin);
    }
}

fn plain_block(ground: &mut Ground<'_>, block: &Block) {
    let narrow = breadth(&block.area) < if block.zone == Zone::OldTown { 6.5 } else { 9.5 };
    if narrow || !has_front(ground, block) {
        return green::leftover(ground, block);
    }
    match block.zone {
        Zone::OldTown | Zone::Gruenderzeit | Zone::Grid => homes::perimeter_block(ground, block),
        Zone::Business => works::business_block(ground, block),
        Zone::Rows => homes::rows(ground, block),
        Zone::Villas | Zone::Suburb => homes::gardens(ground, block),
        Zone::Estate => homes::estate(ground, block),
        Zone::Industry | Zone::Harbour => works::halls(ground, block),
        Zone::Retail => works::big_box(ground, block, "box"),
    }
}

/// Whether a street passes one of the block's edges.
fn has_front(ground: &Ground<'_>, block: &Block) -> bool {
    let ring = tidy(&open_ring(&block.area), 2.0, 0.5);
    let n = ring.len();
    (0..n).any(|i| ground.on_street(crate::maths::lerp(ring[i], ring[(i + 1) % n], 0.5), 20.0))
}

fn civic_block(ground: &mut Ground<'_>, block: &Block, purpose: Use, counts: &mut [usize; 3], names: &mut Names) {
    const SCHOOLS: [&str; 6] = [
        "Gymnasium am Wall",
        "Grundschule Lindenfeld",
        "Gesamtschule Süd",
        "Realschule am Stadtring",
        "Berufsschule",
        "Grundschule am Bach",
    ];
    const CHURCHES: [&str; 6] =
        ["St. Jakobi", "St. Annen", "Christuskirche", "Lutherkirche", "St. Marien", "Erlöserkirche"];
    let mut next = |k: usize| {
        counts[k] += 1;
        counts[k] - 1
    };
    match purpose {
        Use::Market => civic::square(ground, &block.area, "Alter Markt"),
        Use::Church => civic::church(ground, block, "St. Nikolai", 88.0),
        Use::Parish => {
            let k = next(0);
            let height = ground.dice.range(34.0, 56.0).round();
            civic::church(ground, block, CHURCHES[k % CHURCHES.len()], height);
        }
        Use::TownHall => civic::town_hall(ground, block),
        Use::StationSquare => civic::square(ground, &block.area, "Bahnhofsplatz"),
        Use::Theatre => civic::domed(ground, block, ("amenity", "theatre"), "Stadttheater"),
        Use::Museum => civic::domed(ground, block, ("tourism", "museum"), "Stadtmuseum"),
        Use::Park => {
            let k = next(1);
            let name = if k == 0 { "Stadtpark".to_owned() } else { format!("{}-Park", names.surname()) };
            green::park(ground, block, (area_of(&block.area) > 12_000.0).then_some(name));
        }
        Use::Playground => green::play_green(ground, block),
        Use::School => {
            let k = next(2);
            civic::campus(ground, block, "school", "school", SCHOOLS[k % SCHOOLS.len()], 3);
        }
        Use::University => civic::campus(ground, block, "university", "university", "Hochschule", 3),
        Use::Hospital => civic::campus(ground, block, "hospital", "hospital", "Stadtkrankenhaus", 4),
        Use::Mall => works::big_box(ground, block, "mall"),
        Use::BigBox => works::big_box(ground, block, "box"),
        Use::Stadium => civic::stadium(ground, block),
        Use::Sports => civic::sports(ground, block),
        Use::Cemetery => green::cemetery(ground, block),
        Use::Allotments => green::allotments(ground, block),
        Use::Tanks => works::tanks(ground, block),
        Use::Substation | Use::Waterworks => works::utility(ground, block, purpose),
    }
}

/// The blocks of the business quarter nearest to the station that are large enough for a tower.
fn tower_blocks(ground: &Ground<'_>, blocks: &[Block]) -> Vec<usize> {
    let layout = ground.layout;
    let station = layout.at(0.10 * layout.radius_m, 0.5 * (layout.rail_v + layout.south_v));
    let mut fit: Vec<(f64, usize)> = blocks
        .iter()
        .enumerate()
        .filter(|(_, b)| b.zone == Zone::Business && b.purpose.is_none())
        .filter(|(_, b)| breadth(&b.area) > 40.0 && area_of(&b.area) > 2_600.0)
        .map(|(i, b)| (distance(works::middle(b), station), i))
        .collect();
    fit.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Every other block, so that they do not stand shoulder to shoulder.
    fit.into_iter().step_by(2).take(TOWERS_M.len()).map(|(_, i)| i).collect()
}

/// The station house between the tracks and the street before it.
fn station(ground: &mut Ground<'_>, rail: &Rail) {
    let layout = ground.layout;
    let axis = layout.at(1.0, 0.0);
    let long = (0.045 * layout.radius_m).clamp(24.0, 86.0);
    let at = layout.at(0.0, layout.rail_v + 28.5);
    let ring = crate::maths::rectangle(at, axis, long, 12.0);
    if ground.is_free(&ring, 1.0) && length(at - rail.station) > 10.0 {
        let draft = Draft::new("train_station", 3, Look::Brick)
            .with("name", "Hauptbahnhof")
            .with("public_transport", "station");
        ground.build(&ring, draft);
    }
    for (k, platform) in rail.platforms.iter().enumerate() {
        let tags = vec![
            ("railway", "platform".to_owned()),
            ("public_transport", "platform".to_owned()),
            ("ref", (k + 1).to_string()),
        ];
        ground.add_land(platform.clone(), tags);
    }
}
