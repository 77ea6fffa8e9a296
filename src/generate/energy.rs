//! Power for the town: transformers sized by what they feed, substations, a battery, chargers and roofs
//! with photovoltaics. Must not know the engine that computes with them.

use crate::{
    blocks::Block,
    dice::Dice,
    maths::{P, area_of, centre_of, distance, left, open_ring, rectangle, unit},
    plan::Building,
    site_work::{Draft, Ground},
    sites::Use,
    style::Look,
};

/// Peak a transformer is given at most, kW: a 630 kVA unit at 0.6 of its rating.
const MOST_KW: f64 = 380.0;
/// Ratings that are bought, kVA (the usual steps of EN 50588-1).
const RATINGS_KVA: [u32; 6] = [100, 160, 250, 400, 630, 1000];
/// Loading planned for in the highest hour (European utilities: 0.5…0.8).
const PLANNED_LOADING: f64 = 0.6;
/// Floor area of a dwelling with its share of stairs and walls, m² (Destatis 2022: 92 m² living area).
const DWELLING_M2: f64 = 115.0;

/// An entry of `city.toml`.
#[derive(Clone, Debug)]
pub struct Asset {
    pub table: &'static str,
    pub id: String,
    pub name: String,
    pub at: P,
    pub rated: u32,
}

/// Share in the highest hour of the whole feeder, kW. Dwellings 1.3 kW (DIN 18015-1 curve for many dwellings
/// without electric heating), others by floor area in the order of VDI 3807 power densities.
fn peak_kw(building: &Building) -> f64 {
    let floor = building.floor_m2();
    match building.kind {
        _ if building.residents() > 0.0 => floor / DWELLING_M2 * 1.3,
        "garage" | "garages" | "shed" | "service" | "storage_tank" => 0.0,
        "office" | "commercial" | "public" | "hospital" | "hotel" => floor * 0.028,
        "retail" => floor * 0.035,
        "industrial" => floor * 0.03,
        "warehouse" | "barn" | "farm_auxiliary" => floor * 0.008,
        _ => floor * 0.015,
    }
}

/// Places all energy assets: those of the city folder are returned, those of the map go onto the ground.
pub fn electrify(ground: &mut Ground<'_>, blocks: &[Block], basins: &[geo::Polygon<f64>]) -> Vec<Asset> {
    let mut assets = transformers(ground);
    stations(ground, blocks, basins, &mut assets);
    chargers(ground, blocks);
    solar(ground);
    assets
}

/// Buildings are halved by place until a transformer can carry the rest.
fn transformers(ground: &mut Ground<'_>) -> Vec<Asset> {
    let loads: Vec<(P, f64)> = ground
        .buildings
        .iter()
        .map(|b| (centre_of(&open_ring(&b.shape)), peak_kw(b)))
        .filter(|(_, kw)| *kw > 0.0)
        .collect();
    let mut waiting = vec![loads];
    let mut assets = Vec::new();
    while let Some(mut group) = waiting.pop() {
        let total: f64 = group.iter().map(|x| x.1).sum();
        let (mut low, mut high) = (group[0].0, group[0].0);
        for (q, _) in &group {
            low = P { x: low.x.min(q.x), y: low.y.min(q.y) };
            high = P { x: high.x.max(q.x), y: high.y.max(q.y) };
        }
        let size = high - low;
        // Low-voltage feeders seldom run beyond 500 m.
        if (total > MOST_KW || size.x.max(size.y) > 620.0) && group.len() > 1 {
            group.sort_by(|a, b| {
                let wide = size.x > size.y;
                let key = |q: P| if wide { q.x } else { q.y };
                key(a.0).total_cmp(&key(b.0)).then(a.0.x.total_cmp(&b.0.x)).then(a.0.y.total_cmp(&b.0.y))
            });
            let half = split_by_load(&group, total);
            let rest = group.split_off(half);
            waiting.extend([rest, group]);
            continue;
        }
        let weight = total.max(1e-6);
        let centre = group.iter().fold(P { x: 0.0, y: 0.0 }, |sum, (q, kw)| sum + *q * (kw / weight));
        let wanted = total / PLANNED_LOADING;
        let rated = RATINGS_KVA
            .iter()
            .copied()
            .find(|kva| f64::from(*kva) >= wanted)
            .unwrap_or_else(|| (wanted / 1000.0).ceil() as u32 * 1000);
        let at = transformer_house(ground, centre);
        let number = assets.len() + 1;
        assets.push(Asset {
            table: "transformer",
            id: format!("t-{number:03}"),
            name: format!("Ortsnetzstation {number}"),
            at,
            rated,
        });
    }
    assets
}

fn split_by_load(group: &[(P, f64)], total: f64) -> usize {
    let mut sum = 0.0;
    let found = group.iter().position(|(_, kw)| {
        sum += kw;
        sum >= 0.5 * total
    });
    (found.unwrap_or(0) + 1).clamp(1, group.len() - 1)
}

/// A small house by the street nearest to the load, where there is room; else a cabinet on the pavement.
fn transformer_house(ground: &mut Ground<'_>, centre: P) -> P {
    let Some((street, _, foot)) =
        ground.streets.nearest_where(centre, 400.0, |c| c.is_motor() && c.takes_side_streets())
    else {
        return centre;
    };
    let half = ground.streets.all[street].kind.half_m;
    let out = unit(centre - foot);
    let out = if out == (P { x: 0.0, y: 0.0 }) { P { x: 1.0, y: 0.0 } } else { out };
    for along in [0.0, 9.0, -9.0, 18.0, -18.0, 30.0, -30.0] {
        let at = foot + left(out) * along + out * (half + 2.2);
        let ring = rectangle(at, left(out), 3.6, 2.8);
        let clear = ground.streets.clear_of_all(at, 1.9);
        let beyond = [out, left(out), left(out) * -1.0].iter().any(|&d| ground.barriers.between(foot, at + d * 7.0));
        if clear && !beyond && ground.is_free(&ring, 0.6) && ground.layout.is_dry(at, 4.0) {
            ground.build(&ring, Draft::new("service", 1, Look::Shed));
            return at;
        }
    }
    foot + out * (half - 0.6)
}

fn stations(ground: &Ground<'_>, blocks: &[Block], basins: &[geo::Polygon<f64>], assets: &mut Vec<Asset>) {
    let yards: Vec<P> =
        blocks.iter().filter(|b| b.purpose == Some(Use::Substation)).map(|b| centre_of(&open_ring(&b.area))).collect();
    let fallback = vec![ground.layout.share(0.4, -0.8)];
    let names = ["Umspannwerk Süd", "Umspannwerk West", "Umspannwerk Ost"];
    for (k, &at) in (if yards.is_empty() { &fallback } else { &yards }).iter().enumerate() {
        // 110/20 kV with two transformers of 40 MVA: what towns of this size have.
        assets.push(Asset {
            table: "substation",
            id: format!("uw-{}", k + 1),
            name: names[k % 3].into(),
            at,
            rated: 80_000,
        });
    }
    if let Some(basin) = basins.first() {
        let ring = open_ring(basin);
        let at = centre_of(&ring) + unit(ring[1] - ring[0]) * 90.0;
        assets.push(Asset {
            table: "battery",
            id: "hafenspeicher".into(),
            name: "Hafenspeicher".into(),
            at,
            rated: 5_000,
        });
    }
}

/// Public charging on car parks, at schools and along streets.
fn chargers(ground: &mut Ground<'_>, blocks: &[Block]) {
    let people: f64 = ground.buildings.iter().map(Building::residents).sum();
    // About 1.6 public points per 1,000 inhabitants (Bundesnetzagentur, end of 2023), two points each.
    let count = (people / 1_000.0 * 0.8).round() as usize;
    for _ in 0..count {
        let block = &blocks[ground.dice.below(blocks.len())];
        let centre = centre_of(&open_ring(&block.area));
        let Some((street, d, foot)) =
            ground.streets.nearest_where(centre, 160.0, |c| c.is_motor() && c.takes_side_streets())
        else {
            continue;
        };
        if d < 4.0 {
            continue;
        }
        let at = foot + unit(centre - foot) * (ground.streets.all[street].kind.half_m - 1.2);
        let fast = matches!(block.purpose, Some(Use::Mall | Use::BigBox)) || ground.dice.chance(0.12);
        let (socket, key, output) = if fast {
            ("socket:type2_combo", "socket:type2_combo:output", "150 kW")
        } else {
            ("socket:type2", "socket:type2:output", "22 kW")
        };
        ground.add_spot(
            at,
            vec![
                ("amenity", "charging_station".into()),
                ("capacity", "2".into()),
                (socket, "2".into()),
                (key, output.into()),
            ],
        );
    }
}

/// Photovoltaics on some large roofs: halls, schools and shops.
fn solar(ground: &mut Ground<'_>) {
    let mut dice = Dice::new(ground.buildings.len() as u64, "solar");
    let roofs: Vec<(P, f64)> = ground
        .buildings
        .iter()
        .filter(|b| matches!(b.kind, "industrial" | "warehouse" | "retail" | "school" | "university" | "barn"))
        .filter(|b| area_of(&b.shape) > 420.0)
        .map(|b| (centre_of(&open_ring(&b.shape)), area_of(&b.shape)))
        .collect();
    let mut placed: Vec<P> = Vec::new();
    for (at, size) in roofs {
        if dice.chance(0.16) && placed.iter().all(|&q| distance(q, at) > 60.0) {
            placed.push(at);
            // Half the roof with modules of 200 W/m².
            let kw = (size * 0.5 * 0.2).round();
            let tags = [
                ("power", "generator"),
                ("generator:source", "solar"),
                ("generator:method", "photovoltaic"),
                ("location", "roof"),
            ];
            let mut tags: Vec<(&'static str, String)> = tags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
            tags.push(("generator:output:electricity", format!("{kw:.0} kW")));
            ground.add_spot(at, tags);
        }
    }
}
