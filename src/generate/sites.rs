//! What a town has once or a few times, and where: each takes the first piece of land that holds its
//! place and is small enough. Must not know streets or buildings.

use crate::{
    layout::{Layout, Zone},
    maths::{P, p},
};

/// A use that fills a block of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    Market,
    Church,
    TownHall,
    StationSquare,
    Theatre,
    Museum,
    Park,
    Playground,
    School,
    University,
    Hospital,
    Mall,
    BigBox,
    Stadium,
    Sports,
    Cemetery,
    Allotments,
    Tanks,
    Substation,
    Waterworks,
    Parish,
}

/// A use that looks for its land.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    pub purpose: Use,
    pub at: P,
    /// The land must not be larger, m².
    pub most_m2: f64,
    pub taken: bool,
}

/// All sites of a town, those of the old town first.
pub fn sites(layout: &Layout) -> Vec<Site> {
    let o = layout.old_m;
    let mut all = Vec::new();
    let mut put = |purpose, at: P, most_m2| all.push(Site { purpose, at, most_m2, taken: false });
    for (purpose, u, v) in [
        (Use::Market, 0.14, 0.02),
        (Use::TownHall, -0.18, 0.02),
        (Use::Church, 0.18, 0.30),
        (Use::Museum, -0.52, -0.22),
        (Use::Parish, -0.45, 0.62),
        (Use::Theatre, 0.72, 0.42),
        (Use::Park, -0.80, 0.35),
    ] {
        put(purpose, layout.at(u * o, v * o), 5_200.0);
    }
    let small = layout.radius_m < 900.0;
    put(Use::StationSquare, layout.at(-0.02 * layout.radius_m, layout.rail_v + 70.0), 9_000.0);
    for (purpose, u, v, hectares) in TOWN {
        let at = layout.share(u, v);
        let uv = layout.uv(at);
        let wet = (uv.y - layout.river_line(uv.x)).abs() < layout.river_half(uv.x) + 10.0;
        let major = matches!(purpose, Use::Stadium | Use::University | Use::Mall | Use::BigBox | Use::Tanks);
        if !(wet || (small && major)) {
            put(purpose, at, (hectares * 1e4).min(layout.radius_m * layout.radius_m * 0.03));
        }
    }
    scatter(layout, &mut all);
    all
}

/// Use, place in shares of the radius, largest size in hectares.
const TOWN: [(Use, f64, f64, f64); 47] = [
    (Use::Park, -0.24, 0.26, 9.0),
    (Use::Park, 0.30, -0.02, 3.0),
    (Use::Park, -0.38, 0.05, 3.5),
    (Use::Park, 0.46, 0.36, 2.5),
    (Use::Park, 0.0, -0.66, 4.0),
    (Use::Park, -0.62, -0.70, 5.0),
    (Use::Park, 0.18, 0.78, 4.0),
    (Use::University, -0.52, 0.30, 8.5),
    (Use::Hospital, 0.10, 0.72, 7.5),
    (Use::Stadium, -0.86, 0.02, 7.0),
    (Use::Sports, -0.80, 0.16, 4.5),
    (Use::Sports, 0.62, 0.62, 3.5),
    (Use::Sports, 0.10, -0.90, 3.5),
    (Use::Cemetery, -0.20, 0.66, 7.0),
    (Use::Cemetery, 0.72, 0.44, 3.0),
    (Use::Mall, 0.78, 0.22, 6.5),
    (Use::BigBox, 0.92, 0.20, 4.5),
    (Use::BigBox, 0.96, 0.04, 5.0),
    (Use::BigBox, 0.84, 0.02, 4.5),
    (Use::BigBox, -0.70, -0.94, 2.6),
    (Use::Tanks, 0.79, -0.36, 5.0),
    (Use::Tanks, 0.97, -0.44, 5.0),
    (Use::Allotments, -0.50, -0.42, 3.2),
    (Use::Allotments, -0.95, -0.35, 4.0),
    (Use::Allotments, 0.30, -0.72, 3.0),
    (Use::Allotments, 0.55, 0.80, 4.0),
    (Use::Allotments, -0.90, 0.45, 4.0),
    (Use::School, -0.30, 0.42, 2.0),
    (Use::School, 0.36, 0.26, 1.6),
    (Use::School, -0.12, -0.60, 1.8),
    (Use::School, -0.52, -0.82, 2.4),
    (Use::School, 0.42, 0.68, 2.2),
    (Use::School, -0.58, 0.66, 2.2),
    (Use::School, 0.26, -0.88, 2.2),
    (Use::School, -0.86, -0.60, 2.0),
    (Use::School, -0.10, 0.90, 2.0),
    (Use::Substation, 0.60, -0.80, 2.5),
    (Use::Substation, -0.50, 0.82, 1.8),
    (Use::Waterworks, 0.90, -0.72, 4.0),
    (Use::Parish, 0.50, 0.20, 1.0),
    (Use::Parish, -0.42, -0.66, 1.2),
    (Use::Parish, 0.02, 0.58, 1.0),
    (Use::Parish, 0.12, -0.47, 1.2),
    (Use::Parish, -0.72, 0.52, 1.2),
    (Use::Parish, 0.36, 0.88, 1.2),
    (Use::Playground, 0.22, 0.46, 0.7),
    (Use::Playground, -0.66, -0.56, 0.8),
];

/// Schools, parks and playgrounds for the quarters that larger towns have beyond the list.
fn scatter(layout: &Layout, all: &mut Vec<Site>) {
    let step = 620.0;
    let count = (layout.radius_m / step).floor() as i32;
    for i in -count..=count {
        for j in -count..=count {
            let k = (i * 7 + j * 3).rem_euclid(5);
            let at = p((f64::from(i) + 0.31 * f64::from(j % 2)) * step, (f64::from(j) + 0.2) * step);
            let uv = layout.uv(at);
            let dry = (uv.y - layout.river_line(uv.x)).abs() > layout.river_half(uv.x) + 40.0;
            let away = crate::maths::length(at) > layout.old_m * 1.6;
            let near = all.iter().any(|s| crate::maths::distance(s.at, at) < 260.0);
            let lived_in = !matches!(layout.zone(at), Zone::Industry | Zone::Harbour | Zone::Retail);
            if dry && away && !near && lived_in {
                let (purpose, hectares) = match k {
                    0 if layout.radius_m > 2_600.0 => (Use::School, 2.2),
                    1 => (Use::Park, 1.3),
                    2 => (Use::Playground, 0.6),
                    3 if layout.radius_m > 2_600.0 => (Use::Sports, 3.0),
                    _ => continue,
                };
                all.push(Site { purpose, at, most_m2: hectares * 1e4, taken: false });
            }
        }
    }
}
