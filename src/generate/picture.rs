//! A plain drawing of a town plan, to judge it by eye. Not part of what is written.

use geo::{MultiPolygon, Polygon};

use crate::{
    kinds::{Class, Span},
    layout::Zone,
    maths::{P, p, polygon, strip},
    plan::Plan,
    sites::Use,
    town,
};

/// Pixels, three bytes each, row by row from the top.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub rgb: Vec<u8>,
    low: P,
    scale: f64,
}

/// Plans a town and draws the square of half side `half_m` about a place in shares of its radius.
pub fn draw(seed: u64, population: u32, pixels: usize, view: Option<(f64, f64, f64)>) -> Picture {
    let plan = town::fitted(seed, population, &|_, _| {});
    let (centre, half) = match view {
        Some((u, v, half)) => (plan.layout.share(u, v), half),
        None => (p(0.0, 0.0), plan.layout.half_m),
    };
    let mut picture = Picture {
        width: pixels,
        height: pixels,
        rgb: [226, 228, 206].repeat(pixels * pixels),
        low: centre - p(half, half),
        scale: pixels as f64 / (2.0 * half),
    };
    eprintln!(
        "{} buildings, {:.0} residents, {} streets, {} blocks, {} trees",
        plan.buildings.len(),
        plan.buildings.iter().map(|b| b.residents()).sum::<f64>(),
        plan.streets.all.len(),
        plan.blocks.len(),
        plan.trees.len()
    );
    picture.land(&plan);
    picture.streets(&plan);
    picture.houses(&plan);
    picture
}

impl Picture {
    fn land(&mut self, plan: &Plan) {
        for block in &plan.blocks {
            self.fill(&block.area, block_colour(block.zone, block.purpose));
        }
        for land in &plan.land {
            self.fill_all(&land.shape, land_colour(&land.tags));
        }
        self.fill(&plan.water.river, [150, 190, 220]);
        for basin in &plan.water.basins {
            self.fill(basin, [150, 190, 220]);
        }
        if let Some(island) = &plan.water.island {
            self.fill(island, [190, 215, 170]);
        }
        for pond in &plan.ponds {
            self.fill_all(&pond.shape, [150, 190, 220]);
        }
        self.stroke(&plan.water.brook, 3.0, [150, 190, 220]);
        for track in plan.rail.all_tracks() {
            self.stroke(track, 1.2, [110, 100, 110]);
        }
    }

    fn streets(&mut self, plan: &Plan) {
        let mut order: Vec<usize> = (0..plan.streets.all.len()).collect();
        order.sort_by_key(|&s| std::cmp::Reverse(plan.streets.all[s].kind.class));
        for s in order {
            let street = &plan.streets.all[s];
            let line = plan.streets.line(s);
            let (half, colour) = match street.kind.class {
                Class::Trunk | Class::TrunkLink => (4.5, [235, 130, 110]),
                Class::Primary => (7.0, [250, 190, 110]),
                Class::Secondary => (5.5, [250, 225, 130]),
                Class::Tertiary => (4.0, [255, 250, 190]),
                Class::Pedestrian | Class::Footway => (1.5, [225, 215, 235]),
                Class::Track => (1.0, [190, 170, 130]),
                Class::Service => (1.6, [250, 250, 250]),
                _ => (3.0, [255, 255, 255]),
            };
            for (w, span) in line.windows(2).zip(&street.spans) {
                let c = match span {
                    Span::Ground => colour,
                    Span::Bridge => [60, 60, 60],
                    Span::Tunnel => [170, 60, 200],
                };
                self.stroke(w, half, c);
            }
        }
    }

    fn houses(&mut self, plan: &Plan) {
        for building in &plan.buildings {
            let colour = match building.kind {
                "house" | "detached" | "terrace" | "semidetached_house" => [205, 150, 120],
                "apartments" => [190, 110, 90],
                "industrial" | "warehouse" => [150, 140, 165],
                "retail" | "commercial" | "office" | "hotel" => [120, 130, 180],
                "garage" | "garages" | "shed" => [170, 165, 160],
                _ => [160, 90, 150],
            };
            self.fill(&building.shape, colour);
            for part in &building.parts {
                self.fill(&part.shape, [90, 60, 90]);
            }
        }
        for tree in &plan.trees {
            let c = if tree.conifer { [60, 110, 70] } else { [100, 155, 85] };
            self.fill(&polygon(&crate::maths::disc(tree.at, 2.2, 8)), c);
        }
    }

    fn stroke(&mut self, line: &[P], half_m: f64, colour: [u8; 3]) {
        let half = half_m.max(0.6 / self.scale);
        for piece in strip(line, half) {
            self.fill(&piece, colour);
        }
    }

    fn fill_all(&mut self, areas: &MultiPolygon<f64>, colour: [u8; 3]) {
        areas.0.iter().for_each(|area| self.fill(area, colour));
    }

    /// Even–odd by rows.
    fn fill(&mut self, area: &Polygon<f64>, colour: [u8; 3]) {
        let rings: Vec<Vec<P>> = std::iter::once(area.exterior())
            .chain(area.interiors())
            .map(|ring| ring.0.iter().map(|&q| (q - self.low) * self.scale).collect())
            .collect();
        let ys = rings[0].iter().map(|q| q.y);
        let (low, high) = ys.fold((f64::MAX, f64::MIN), |(l, h), y| (l.min(y), h.max(y)));
        for row in (low.floor().max(0.0) as usize)..(high.ceil().clamp(0.0, self.height as f64) as usize) {
            let y = row as f64 + 0.5;
            let mut xs: Vec<f64> = Vec::new();
            for w in rings.iter().flat_map(|ring| ring.windows(2)) {
                if (w[0].y > y) != (w[1].y > y) {
                    xs.push(w[0].x + (y - w[0].y) / (w[1].y - w[0].y) * (w[1].x - w[0].x));
                }
            }
            xs.sort_by(f64::total_cmp);
            for pair in xs.chunks_exact(2) {
                let from = (pair[0] + 0.5).floor().max(0.0) as usize;
                let to = (pair[1] + 0.5).floor().clamp(0.0, self.width as f64) as usize;
                for column in from..to {
                    let at = ((self.height - 1 - row) * self.width + column) * 3;
                    self.rgb[at..at + 3].copy_from_slice(&colour);
                }
            }
        }
    }
}

fn block_colour(zone: Zone, purpose: Option<Use>) -> [u8; 3] {
    match purpose {
        Some(Use::Park | Use::Playground) => return [185, 220, 160],
        Some(Use::Cemetery | Use::Allotments) => return [195, 215, 175],
        Some(Use::Stadium | Use::Sports) => return [170, 215, 180],
        Some(_) => return [240, 225, 190],
        None => {}
    }
    match zone {
        Zone::OldTown => [232, 205, 190],
        Zone::Gruenderzeit => [230, 215, 200],
        Zone::Grid => [228, 212, 205],
        Zone::Business => [215, 205, 225],
        Zone::Rows => [222, 222, 205],
        Zone::Villas => [215, 225, 200],
        Zone::Suburb => [222, 226, 205],
        Zone::Estate => [215, 220, 205],
        Zone::Industry => [215, 205, 215],
        Zone::Harbour => [205, 205, 220],
        Zone::Retail => [230, 205, 215],
    }
}

fn land_colour(tags: &[(&'static str, String)]) -> [u8; 3] {
    let value =
        tags.iter().find(|(k, _)| matches!(*k, "landuse" | "leisure" | "natural" | "amenity")).map(|t| t.1.as_str());
    match value {
        Some("forest" | "wood") => [160, 195, 145],
        Some("farmland") => [235, 225, 195],
        Some("meadow" | "grass") => [205, 225, 170],
        Some("park" | "garden" | "playground") => [185, 220, 160],
        Some("pitch" | "track") => [150, 210, 170],
        Some("parking") => [225, 225, 225],
        Some("cemetery" | "allotments") => [195, 215, 175],
        Some("residential") => [228, 224, 216],
        Some("industrial" | "harbour" | "railway") => [215, 208, 220],
        _ => [232, 222, 205],
    }
}
