//! Colours of everything drawn: sRGB, calm, chosen so that data layers stand out.

use citytwin_model::{BuildingUse, LandKind, RoadClass};

use super::Surface;

pub const PAVEMENT: [u8; 3] = [176, 171, 162];
pub const CONCRETE: [u8; 3] = [166, 163, 157];
pub const EMBANKMENT: [u8; 3] = [128, 132, 104];
pub const PAINT_WHITE: [u8; 3] = [232, 232, 226];
pub const WATER: [u8; 3] = [62, 106, 128];
pub const GROUND: [u8; 3] = [150, 149, 127];

/// A repeatable number for a feature, well mixed (the finaliser of MurmurHash3).
pub const fn mix(seed: u32) -> u32 {
    let mut h = seed.wrapping_add(0x9E37_79B9);
    h ^= h >> 16;
    h = h.wrapping_mul(0x85EB_CA6B);
    h ^= h >> 13;
    h = h.wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

/// 0…1 from a seed.
pub fn chance(seed: u32) -> f32 {
    (mix(seed) >> 8) as f32 / (1 << 24) as f32
}

/// The colour brightened (> 1) or darkened (< 1).
pub fn scaled(colour: [u8; 3], factor: f32) -> [u8; 3] {
    colour.map(|c| (f32::from(c) * factor).clamp(0.0, 255.0) as u8)
}

/// Carriageway or path.
pub const fn road(class: RoadClass) -> ([u8; 3], Surface) {
    match class {
        RoadClass::Motorway | RoadClass::Trunk => ([92, 94, 98], Surface::Asphalt),
        RoadClass::Primary | RoadClass::Secondary => ([98, 99, 102], Surface::Asphalt),
        RoadClass::Tertiary | RoadClass::Busway => ([102, 103, 105], Surface::Asphalt),
        RoadClass::Unclassified | RoadClass::Residential => ([108, 108, 109], Surface::Asphalt),
        RoadClass::LivingStreet => ([136, 132, 127], Surface::Asphalt),
        RoadClass::Service => ([126, 125, 122], Surface::Asphalt),
        RoadClass::Track => ([158, 142, 112], Surface::Ground),
        RoadClass::Pedestrian => ([192, 183, 168], Surface::Paving),
        RoadClass::Cycleway => ([156, 128, 116], Surface::Plain),
        RoadClass::Footway => ([196, 188, 173], Surface::Paving),
        RoadClass::Steps => ([160, 154, 145], Surface::Paving),
        RoadClass::Path => ([178, 163, 134], Surface::Ground),
    }
}

/// Land by kind: colour, surface, and the rank in which kinds cover one another.
pub const fn land(kind: LandKind) -> ([u8; 3], Surface, u8) {
    match kind {
        LandKind::Military => ([158, 156, 132], Surface::Ground, 0),
        LandKind::Residential => ([162, 160, 138], Surface::Ground, 1),
        LandKind::Commercial => ([168, 161, 146], Surface::Ground, 2),
        LandKind::Retail => ([172, 160, 144], Surface::Ground, 3),
        LandKind::Industrial => ([156, 151, 142], Surface::Ground, 4),
        LandKind::Harbour => ([170, 169, 166], Surface::Ground, 5),
        LandKind::Institutional => ([168, 165, 136], Surface::Ground, 6),
        LandKind::Aerodrome => ([178, 186, 152], Surface::Grass, 7),
        LandKind::Railway => ([160, 154, 146], Surface::Ground, 8),
        LandKind::Construction => ([184, 166, 138], Surface::Ground, 9),
        LandKind::Farmland => ([168, 160, 108], Surface::Field, 10),
        LandKind::Scrub => ([134, 152, 98], Surface::Grass, 11),
        LandKind::Wetland => ([126, 148, 112], Surface::Grass, 12),
        LandKind::Sand => ([220, 206, 166], Surface::Ground, 13),
        LandKind::Rock => ([160, 156, 148], Surface::Ground, 14),
        LandKind::Park => ([134, 158, 92], Surface::Grass, 15),
        LandKind::Cemetery => ([138, 160, 108], Surface::Grass, 16),
        LandKind::Allotments => ([150, 164, 104], Surface::Field, 17),
        LandKind::Forest => ([92, 122, 72], Surface::Forest, 18),
        LandKind::Grass => ([144, 164, 98], Surface::Grass, 19),
        LandKind::Plaza => ([190, 180, 164], Surface::Paving, 20),
        LandKind::Parking => ([138, 137, 134], Surface::Asphalt, 21),
        LandKind::Pitch => ([118, 156, 98], Surface::Pitch, 22),
    }
}

/// Walls that carry no colour tag, by use and whether they are high; `pick` chooses within the palette.
pub fn wall(usage: BuildingUse, high: bool, pick: u32) -> [u8; 3] {
    const HOUSE: [[u8; 3]; 7] = [
        [238, 226, 204],
        [226, 212, 188],
        [242, 236, 224],
        [210, 186, 156],
        [224, 202, 168],
        [190, 150, 124],
        [214, 206, 192],
    ];
    const FLATS: [[u8; 3]; 9] = [
        [224, 206, 176],
        [210, 184, 150],
        [234, 222, 200],
        [196, 160, 130],
        [218, 198, 160],
        [178, 138, 114],
        [222, 212, 194],
        [204, 192, 176],
        [232, 208, 170],
    ];
    const TOWER: [[u8; 3]; 5] = [[172, 184, 192], [150, 164, 176], [192, 196, 196], [134, 152, 166], [182, 178, 170]];
    const PUBLIC: [[u8; 3]; 4] = [[226, 204, 164], [208, 184, 148], [198, 164, 128], [230, 218, 192]];
    const WORKS: [[u8; 3]; 6] =
        [[188, 188, 184], [168, 174, 178], [200, 190, 174], [152, 162, 168], [182, 166, 150], [176, 148, 130]];
    const SHED: [[u8; 3]; 3] = [[192, 180, 162], [172, 160, 144], [204, 196, 182]];
    let palette: &[[u8; 3]] = match usage {
        BuildingUse::Office | BuildingUse::Hotel if high => &TOWER,
        BuildingUse::House => &HOUSE,
        BuildingUse::Apartments | BuildingUse::Hotel | BuildingUse::Retail | BuildingUse::Office => &FLATS,
        BuildingUse::School | BuildingUse::Public | BuildingUse::Hospital => &PUBLIC,
        BuildingUse::Industrial | BuildingUse::Warehouse => &WORKS,
        BuildingUse::Ancillary => &SHED,
    };
    let base = palette[mix(pick) as usize % palette.len()];
    scaled(base, 0.93 + 0.12 * chance(pick ^ 0xA5A5))
}

/// Pitched roofs without a colour tag: clay in the south, clay, slate and sheet metal in the north
/// (`latitude` in degree, absolute).
pub fn pitched_roof(latitude: f64, pick: u32) -> [u8; 3] {
    const SOUTH: [[u8; 3]; 4] = [[184, 108, 76], [172, 98, 70], [194, 122, 88], [160, 92, 70]];
    const NORTH: [[u8; 3]; 7] =
        [[150, 84, 66], [134, 76, 62], [98, 92, 90], [114, 106, 102], [84, 84, 88], [118, 132, 122], [162, 98, 74]];
    let palette: &[[u8; 3]] = if latitude < 48.0 { &SOUTH } else { &NORTH };
    let base = palette[mix(pick ^ 0x51) as usize % palette.len()];
    scaled(base, 0.93 + 0.14 * chance(pick ^ 0x77))
}

/// Flat roofs without a colour tag.
pub fn flat_roof(pick: u32) -> [u8; 3] {
    const ROOFS: [[u8; 3]; 8] = [
        [174, 168, 160],
        [146, 142, 138],
        [190, 182, 170],
        [118, 116, 116],
        [160, 150, 138],
        [132, 128, 122],
        [170, 146, 128],
        [136, 146, 138],
    ];
    scaled(ROOFS[mix(pick ^ 0x33) as usize % ROOFS.len()], 0.95 + 0.1 * chance(pick ^ 0x99))
}

/// Colour of a building material (values of `building:material` and `roof:material`), where known.
pub fn material(name: &str) -> Option<[u8; 3]> {
    Some(match name {
        "brick" | "bricks" => [158, 94, 76],
        "stone" | "sandstone" | "limestone" => [202, 186, 154],
        "granite" => [160, 156, 154],
        "concrete" | "reinforced_concrete" => [178, 176, 172],
        "glass" | "mirror" => [140, 164, 182],
        "wood" | "timber_framing" => [164, 126, 90],
        "plaster" | "stucco" => [226, 216, 198],
        "metal" | "steel" | "metal_sheet" | "tin" => [150, 156, 160],
        "copper" => [116, 158, 142],
        "roof_tiles" | "tile" | "tiles" | "clay" => [172, 98, 72],
        "slate" => [88, 90, 96],
        "tar_paper" | "bitumen" | "asphalt" => [96, 94, 94],
        "gravel" => [168, 164, 156],
        "grass" | "plants" | "greenery" => [122, 150, 90],
        "thatch" => [152, 132, 96],
        _ => return None,
    })
}
