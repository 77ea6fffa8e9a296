//! How tall a building is that does not say so: storey heights and storeys by use, density and outline.

use citytwin_model::{BuildingUse, SourceRef};

use super::Setting;
use crate::raw::RawTags;

/// One storey, floor to floor, with the texts that name the rules.
pub(super) struct Storey {
    pub height_m: f32,
    pub by_levels: &'static str,
    pub levels_by_height: &'static str,
    pub by_min_level: &'static str,
}

macro_rules! storey {
    ($height:literal, $why:literal) => {
        Storey {
            height_m: $height,
            by_levels: concat!("building:levels × ", $height, " m (", $why, ") + roof"),
            levels_by_height: concat!("height without roof ÷ ", $height, " m (", $why, ")"),
            by_min_level: concat!("building:min_level × ", $height, " m (", $why, ")"),
        }
    };
}

/// Floor-to-floor heights of the CTBUH Height Calculator (Council on Tall Buildings and Urban Habitat):
/// 3.1 m residential and hotel, 3.9 m office. Halls and sheds: our own round figures.
const DWELLING: Storey = storey!(3.1, "CTBUH residential storey");
const WORKPLACE: Storey = storey!(3.9, "CTBUH office storey");
const HALL: Storey = storey!(5.0, "hall storey");
const SHED: Storey = storey!(2.8, "shed storey");

/// The storey of a use.
pub(super) const fn storey(usage: BuildingUse) -> &'static Storey {
    use BuildingUse::*;
    match usage {
        House | Apartments | Hotel => &DWELLING,
        Office | Retail | School | Hospital | Public => &WORKPLACE,
        Industrial | Warehouse => &HALL,
        Ancillary => &SHED,
    }
}

/// What stands in for unstated storeys.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Guess {
    /// Storeys above ground.
    Storeys(f32, &'static str),
    /// Walls without roof, metre.
    Walls(f32, &'static str),
}

/// Storeys or wall height of a building that states neither.
pub(super) fn guess(tags: RawTags<'_>, usage: BuildingUse, setting: &Setting) -> Guess {
    use BuildingUse::*;
    use Guess::{Storeys, Walls};
    if let Some(walls) = tags.get("building").or_else(|| tags.get("building:part")).and_then(by_kind) {
        return walls;
    }
    if worship(tags) {
        let walls = (6.0 + 0.35 * setting.area_m2.sqrt()).clamp(7.0, 25.0) as f32;
        return Walls(walls, "place of worship: walls 6 m + 0.35 × √outline, 7–25 m");
    }
    let urban = urban_storeys(setting);
    match usage {
        House if setting.area_m2 < 60.0 => Storeys(1.0, "house, outline under 60 m²: 1 storey"),
        House => Storeys(2.0, "house: 2 storeys"),
        Apartments => {
            Storeys(urban.clamp(2.0, 9.0), "flats: storeys by built-up density and outline, ±1 by map id, 2–9")
        }
        Office => Storeys(
            (urban + 1.0).clamp(3.0, 12.0),
            "office: storeys by built-up density and outline, ±1 by map id, 3–12",
        ),
        Hotel => Storeys(
            (urban + 1.0).clamp(3.0, 12.0),
            "hotel: storeys by built-up density and outline, ±1 by map id, 3–12",
        ),
        Hospital => {
            Storeys(urban.clamp(3.0, 7.0), "hospital: storeys by built-up density and outline, ±1 by map id, 3–7")
        }
        School => Storeys(urban.clamp(2.0, 4.0), "school: storeys by built-up density and outline, ±1 by map id, 2–4"),
        Public => Storeys(urban.clamp(2.0, 4.0), "public: storeys by built-up density and outline, ±1 by map id, 2–4"),
        Retail if setting.area_m2 > 1_000.0 => Walls(6.5, "shop, outline over 1,000 m²: a hall of 6.5 m"),
        Retail => {
            Storeys((urban - 2.0).clamp(1.0, 3.0), "shop: storeys by built-up density and outline, ±1 by map id, 1–3")
        }
        Industrial => Walls(hall_m(setting), "industrial hall: 5–10 m by outline"),
        Warehouse => Walls(hall_m(setting), "warehouse: 5–10 m by outline"),
        Ancillary if setting.area_m2 > 150.0 => Walls(4.0, "outbuilding, outline over 150 m²: 4 m"),
        Ancillary => Storeys(1.0, "outbuilding: 1 storey"),
    }
}

/// Kinds that have a height of their own, metre; typical ones, our own round figures.
fn by_kind(kind: &str) -> Option<Guess> {
    let walls = match kind {
        "roof" | "canopy" | "carport" => Guess::Walls(4.0, "roof on posts: 4 m"),
        "garage" | "garages" | "shed" | "hut" | "entrance" => Guess::Walls(2.6, "garage, shed or entrance: 2.6 m"),
        "greenhouse" | "glasshouse" => Guess::Walls(3.5, "greenhouse: 3.5 m"),
        "kiosk" | "toilets" => Guess::Walls(3.0, "kiosk: 3 m"),
        "water_tower" => Guess::Walls(30.0, "water tower: 30 m"),
        "silo" | "storage_tank" | "tank" => Guess::Walls(12.0, "silo or tank: 12 m"),
        "stadium" | "grandstand" | "arena" => Guess::Walls(14.0, "stadium: 14 m"),
        "hangar" => Guess::Walls(12.0, "hangar: 12 m"),
        "tower" | "chimney" => Guess::Walls(30.0, "tower or chimney: 30 m"),
        "train_station" => Guess::Walls(9.0, "station: 9 m"),
        "ruins" | "collapsed" | "construction" => Guess::Walls(3.0, "ruin or building site: 3 m"),
        "transformer_tower" => Guess::Walls(9.0, "transformer tower: 9 m"),
        _ => return None,
    };
    Some(walls)
}

pub(super) fn worship(tags: RawTags<'_>) -> bool {
    let kinds = ["church", "cathedral", "chapel", "mosque", "synagogue", "temple", "shrine", "religious"];
    tags.get("building").is_some_and(|kind| kinds.contains(&kind)) || tags.is("amenity", "place_of_worship")
}

/// Storeys where people build close: 1.5 on open land, up to 6 where half the ground is built up, more on
/// large outlines and fewer on small ones (±2), and ±1 by the map's id so that a street is no slab.
fn urban_storeys(setting: &Setting) -> f32 {
    let by_density = 1.5 + (10.0 * setting.density).min(4.5);
    let by_outline = (setting.area_m2 / 150.0).max(0.1).log2().clamp(-1.5, 2.0);
    (by_density + by_outline + setting.spread).round() as f32
}

fn hall_m(setting: &Setting) -> f32 {
    (4.0 + 0.1 * setting.area_m2.sqrt()).clamp(5.0, 10.0) as f32
}

/// A value in −1…1 that a source id always gives, and neighbours differ in (SplitMix64's mixer, Steele,
/// Lea & Flood 2014).
pub(super) fn spread(source: &SourceRef) -> f64 {
    let id = match source {
        SourceRef::Node(id) | SourceRef::Way(id) | SourceRef::Relation(id) => *id as u64,
        SourceRef::Local(_, id) => id.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(byte.into())),
    };
    let mut z = id.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_even_and_bounded() {
        let values: Vec<f64> = (0..10_000).map(|id| spread(&SourceRef::Way(id))).collect();
        assert!(values.iter().all(|v| (-1.0..=1.0).contains(v)));
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        // Standard error of the mean of 10,000 uniform values on −1…1 is 0.0058.
        assert!(mean.abs() < 0.03, "{mean}");
    }

    #[test]
    fn denser_and_larger_is_taller() {
        let storeys =
            |density, area_m2| urban_storeys(&Setting { area_m2, density, spread: 0.0, ..Setting::default() });
        assert_eq!([storeys(0.05, 150.0), storeys(0.25, 150.0), storeys(0.6, 150.0)], [2.0, 4.0, 6.0]);
        assert_eq!([storeys(0.6, 60.0), storeys(0.6, 2_000.0)], [5.0, 8.0]);
    }
}
