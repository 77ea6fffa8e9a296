//! From the land between main streets to blocks: land is cut by side streets until it is small enough
//! for its quarter. Must not know what is built on a block.

use geo::{BooleanOps, Polygon, unary_union};

use crate::{
    barriers::Barriers,
    chords::{exit, longest_chord},
    dice::Dice,
    kinds::{Class, Kind, Span},
    layout::{Layout, Zone},
    maths::{
        P, area_of, centre_of, distance, dot, frame, heading, holds, left, length, lerp, line_length, open_ring,
        polygon, quantise, rotate, strip, tidy, unit,
    },
    names::Names,
    sites::{Site, Use},
    streets::{Hit, Streets},
};

/// Land between streets, with what is to stand on it.
pub struct Block {
    pub area: Polygon<f64>,
    pub zone: Zone,
    pub purpose: Option<Use>,
}

/// How a quarter is cut.
struct Style {
    long_m: f64,
    short_m: f64,
    skew_deg: f64,
    /// Sideways swing of a street by its length.
    bend: f64,
    half_m: f64,
    class: Class,
}

fn style(zone: Zone) -> Style {
    let of = |long_m, short_m, skew_deg, bend, half_m, class| Style { long_m, short_m, skew_deg, bend, half_m, class };
    match zone {
        Zone::OldTown => of(84.0, 50.0, 11.0, 0.05, 4.4, Class::Residential),
        Zone::Gruenderzeit => of(150.0, 92.0, 4.0, 0.012, 8.0, Class::Residential),
        Zone::Grid => of(128.0, 86.0, 0.6, 0.0, 8.5, Class::Residential),
        Zone::Business => of(120.0, 82.0, 2.0, 0.0, 8.5, Class::Residential),
        Zone::Rows => of(190.0, 112.0, 5.0, 0.025, 6.6, Class::Residential),
        Zone::Villas => of(170.0, 82.0, 7.0, 0.04, 6.8, Class::Residential),
        Zone::Suburb => of(205.0, 70.0, 8.0, 0.05, 5.8, Class::Residential),
        Zone::Estate => of(270.0, 170.0, 5.0, 0.03, 7.5, Class::Residential),
        Zone::Industry => of(300.0, 180.0, 2.0, 0.0, 8.0, Class::Unclassified),
        Zone::Harbour => of(300.0, 150.0, 2.0, 0.0, 8.0, Class::Unclassified),
        Zone::Retail => of(280.0, 170.0, 3.0, 0.0, 8.0, Class::Unclassified),
    }
}

/// Cuts land into blocks and lays the streets between them.
pub struct Cutter<'a> {
    pub layout: &'a Layout,
    pub streets: &'a mut Streets,
    pub barriers: &'a Barriers,
    pub sites: Vec<Site>,
    pub names: &'a mut Names,
    pub dice: Dice,
    pub blocks: Vec<Block>,
}

/// A street that would cut a piece of land.
struct Cut {
    line: Vec<P>,
    hits: [Option<Hit>; 2],
    score: f64,
}

/// The outline of the built-up area.
pub fn town_edge(layout: &Layout) -> Polygon<f64> {
    let ring: Vec<P> = (0..180)
        .map(|i| {
            let direction = heading(2.0 * f64::from(i));
            quantise(direction * layout.edge_m(direction))
        })
        .collect();
    polygon(&ring)
}

/// The pieces of `region` that main streets, water and railway leave.
pub fn superblocks(region: &Polygon<f64>, taken: &[Polygon<f64>]) -> Vec<Polygon<f64>> {
    let mut pieces: Vec<Polygon<f64>> =
        region.difference(&unary_union(taken)).0.into_iter().filter(|a| area_of(a) > 400.0).collect();
    let key = |a: &Polygon<f64>| {
        let c = centre_of(&open_ring(a));
        (c.x, c.y)
    };
    pieces.sort_by(|a, b| key(a).0.total_cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)));
    pieces
}

/// Land under and beside all streets.
pub fn street_land(streets: &Streets) -> Vec<Polygon<f64>> {
    (0..streets.all.len()).flat_map(|s| strip(&streets.line(s), streets.all[s].kind.half_m)).collect()
}

impl Cutter<'_> {
    /// Cuts all land, larger quarters first.
    pub fn cut_all(&mut self, land: Vec<Polygon<f64>>) {
        let mut waiting: Vec<Polygon<f64>> = land;
        waiting.reverse();
        while let Some(area) = waiting.pop() {
            let pieces = self.cut(area);
            waiting.extend(pieces.into_iter().rev());
        }
    }

    /// Sites whose place fell on a street take a block nearby of about their size.
    pub fn settle_sites(&mut self) {
        for site in self.sites.iter_mut().filter(|s| !s.taken) {
            let fits = |b: &&mut Block| {
                let size = area_of(&b.area);
                b.purpose.is_none() && (0.14 * site.most_m2..1.4 * site.most_m2).contains(&size)
            };
            let near = self
                .blocks
                .iter_mut()
                .filter(fits)
                .map(|b| (distance(centre_of(&open_ring(&b.area)), site.at), b))
                .filter(|(d, _)| *d < 330.0)
                .min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((_, block)) = near {
                block.purpose = Some(site.purpose);
                site.taken = true;
            }
        }
    }

    /// Cuts once; a piece that stays whole becomes a block.
    fn cut(&mut self, area: Polygon<f64>) -> Vec<Polygon<f64>> {
        let ring = open_ring(&area);
        let size = area_of(&area);
        if size < 260.0 {
            return Vec::new();
        }
        let zone = self.layout.zone(centre_of(&ring));
        if let Some(purpose) = self.claim(&area, size) {
            self.blocks.push(Block { area, zone, purpose: Some(purpose) });
            return Vec::new();
        }
        let style = style(zone);
        let rect = frame(&ring);
        let slack = self.dice.range(0.9, 1.18);
        let deep = zone == Zone::Suburb && self.dice.chance(0.38);
        let (long, short) = (style.long_m * slack, style.short_m * slack * if deep { 1.75 } else { 1.0 });
        // A bent strip is as broad as its area says, not as its frame.
        let broad_m = (size / rect.long_m).min(rect.short_m);
        let whole = rect.long_m <= long && broad_m <= 1.2 * short && area.interiors().is_empty();
        let (along, beside) = (rect.long_m / long, broad_m / (1.2 * short));
        let best = if whole { None } else { self.best_cut(&area, &style, along > beside, along.min(beside) > 0.9) };
        let Some(cut) = best else {
            self.finish(area, zone);
            return Vec::new();
        };
        self.lay_cut(&area, cut, &style, zone, size)
    }

    fn claim(&mut self, area: &Polygon<f64>, size: f64) -> Option<Use> {
        let centre = centre_of(&open_ring(area));
        // A place on a street is as good as one beside it.
        let beside = |s: &Site| size >= 0.4 * s.most_m2 && distance(centre, s.at) < 0.5 * size.sqrt();
        let fits = |s: &Site| !s.taken && size <= s.most_m2 && (holds(area, s.at) || beside(s));
        let found = self.sites.iter().position(fits)?;
        self.sites[found].taken = true;
        Some(self.sites[found].purpose)
    }

    /// The best of a few streets across (or along) the land; the other way too where that is `open`.
    fn best_cut(&mut self, area: &Polygon<f64>, style: &Style, across: bool, open: bool) -> Option<Cut> {
        let mut best: Option<Cut> = None;
        for attempt in 0..if open { 14 } else { 10 } {
            let (across, penalty) = if attempt < 10 { (across, 0.0) } else { (!across, 0.8) };
            let Some(cut) = self.candidate(area, style, across) else { continue };
            if best.as_ref().is_none_or(|b| cut.score - penalty > b.score) {
                best = Some(Cut { score: cut.score - penalty, ..cut });
            }
        }
        best.filter(|cut| cut.score > -1.6)
    }

    fn candidate(&mut self, area: &Polygon<f64>, style: &Style, across: bool) -> Option<Cut> {
        let ring = open_ring(area);
        let rect = frame(&ring);
        let off = self.dice.range(-0.17, 0.17);
        let (through, direction) = match across {
            true => (rect.centre + rect.axis * (off * rect.long_m), left(rect.axis)),
            false => (rect.centre + left(rect.axis) * (off * rect.short_m), rect.axis),
        };
        let direction = rotate(direction, self.dice.bell() * style.skew_deg);
        let (a, b) = longest_chord(area, through, direction)?;
        let long = distance(a, b);
        if long < 24.0 {
            return None;
        }
        let hits = [self.street_beyond(a, direction * -1.0), self.street_beyond(b, direction)];
        let line = self.bent(area, a, b, style.bend);
        let score = hits.iter().map(|hit| rate(self.streets, hit.as_ref())).sum::<f64>()
            - 2.2 * off.abs()
            - (long / 900.0).min(0.8);
        hits.iter().any(Option::is_some).then_some(Cut { line, hits, score })
    }

    /// A swinging line from `a` to `b`, straight where it would leave the land.
    fn bent(&mut self, area: &Polygon<f64>, a: P, b: P, bend: f64) -> Vec<P> {
        let long = distance(a, b);
        let swing = self.dice.bell() * bend * long;
        if swing.abs() < 1.0 {
            return vec![quantise(a), quantise(b)];
        }
        let second = self.dice.bell() * 0.4 * swing;
        let side = left(unit(b - a));
        let n = (long / 22.0).ceil().clamp(3.0, 14.0) as usize;
        let line: Vec<P> = (0..=n)
            .map(|i| {
                let t = i as f64 / n as f64;
                let arch = 4.0 * t * (1.0 - t);
                let wave = arch * (1.0 - 2.0 * t) * 2.0;
                quantise(lerp(a, b, t) + side * (swing * arch + second * wave))
            })
            .collect();
        let fits = line[1..n].iter().all(|&q| holds(area, q));
        if fits { line } else { vec![quantise(a), quantise(b)] }
    }

    fn street_beyond(&self, end: P, direction: P) -> Option<Hit> {
        let hit = self.streets.cast(end - direction * 0.5, direction, 30.0)?;
        (!self.barriers.between(end, hit.at)).then_some(hit)
    }

    fn lay_cut(&mut self, area: &Polygon<f64>, cut: Cut, style: &Style, zone: Zone, size: f64) -> Vec<Polygon<f64>> {
        let Cut { mut line, hits, .. } = cut;
        let mut kind = self.kind_for(style, zone, size, &hits);
        let half = kind.half_m;
        let mut carved = line.clone();
        // Far enough that no sliver stays where the street meets the edge at a slant.
        stretch(&mut carved, 0.8 * half + 2.0);
        if hits[0].is_none() {
            line.reverse();
            shorten(&mut line, 9.0);
            line.reverse();
        }
        if hits[1].is_none() {
            shorten(&mut line, 9.0);
        }
        if hits.iter().all(Option::is_some) && kind.class == Class::Residential {
            kind.avenue = matches!(zone, Zone::Gruenderzeit | Zone::Grid | Zone::Business) && self.dice.chance(0.55);
        }
        let street = self.lay_line(&line, &hits, kind);
        // The way to a junction it was joined to may slant past the corner of the land.
        let mut gone = strip(&carved, half);
        gone.extend(strip(&self.streets.line(street), half));
        area.difference(&unary_union(&gone)).0
    }

    fn lay_line(&mut self, line: &[P], hits: &[Option<Hit>; 2], kind: Kind) -> usize {
        let mut nodes = Vec::with_capacity(line.len() + 2);
        nodes.extend(hits[0].as_ref().map(|hit| self.streets.join(hit, 11.0)));
        for &q in line {
            if nodes.last().is_none_or(|&n| distance(self.streets.at[n as usize], q) > 0.4) {
                nodes.push(self.streets.node(q));
            }
        }
        // The first join may have split the piece that the second one hit.
        let again = hits[1].as_ref().and_then(|_| {
            let n = line.len();
            self.street_beyond(line[n - 1], unit(line[n - 1] - line[n - 2]))
        });
        if let Some(end) = again.as_ref().or(hits[1].as_ref()).map(|hit| self.streets.join(hit, 11.0)) {
            let last = nodes[nodes.len() - 1];
            if nodes.len() > 1 && distance(self.streets.at[last as usize], self.streets.at[end as usize]) <= 0.4 {
                nodes.pop();
            }
            nodes.push(end);
        }
        let spans = vec![Span::Ground; nodes.len() - 1];
        self.streets.add(kind, nodes, spans)
    }

    fn kind_for(&mut self, style: &Style, zone: Zone, size: f64, hits: &[Option<Hit>; 2]) -> Kind {
        let through = hits.iter().all(Option::is_some);
        let mut kind = if size > 230_000.0 && through && zone != Zone::OldTown {
            Kind::new(Class::Tertiary, 9.0, 2, 50)
        } else if size > 90_000.0 && through && zone != Zone::OldTown {
            Kind::new(if style.class == Class::Residential { Class::Unclassified } else { style.class }, 8.0, 2, 50)
        } else {
            let speed = if style.class == Class::Unclassified { 50 } else { 30 };
            Kind::new(style.class, style.half_m, 2, speed)
        };
        if zone == Zone::OldTown && size < 9_000.0 {
            kind.class = if self.dice.chance(0.3) { Class::LivingStreet } else { Class::Residential };
        }
        kind.name = match zone {
            Zone::OldTown => self.names.lane(),
            Zone::Industry | Zone::Harbour => self.names.works(),
            _ => self.names.street(),
        };
        kind
    }

    /// A block that is not cut further; deep suburban ones get a cul-de-sac.
    fn finish(&mut self, area: Polygon<f64>, zone: Zone) {
        let rect = frame(&open_ring(&area));
        let mut area = area;
        if zone == Zone::Suburb && rect.short_m > 84.0 {
            area = self.cul_de_sac(area, &rect);
        }
        let ring = tidy(&open_ring(&area), 0.4, 0.25);
        if ring.len() >= 3 {
            self.blocks.push(Block { area: polygon(&ring), zone, purpose: None });
        }
    }

    fn cul_de_sac(&mut self, area: Polygon<f64>, rect: &crate::maths::Frame) -> Polygon<f64> {
        let sides = [left(rect.axis), left(rect.axis) * -1.0];
        let first = self.dice.below(2);
        for k in 0..2 {
            let inward = sides[(first + k) % 2];
            let through = rect.centre + rect.axis * (self.dice.range(-0.12, 0.12) * rect.long_m);
            let Some(back) = exit(&area, through, inward * -1.0).filter(|_| holds(&area, through)) else { continue };
            let mouth = through - inward * back;
            let Some(hit) = self.street_beyond(mouth, inward * -1.0).filter(|h| h.to_junction_m > 24.0) else {
                continue;
            };
            let deep = back + exit(&area, through, inward).unwrap_or(0.0);
            let end = mouth + inward * (deep * 0.60);
            if !holds(&area, end) {
                continue;
            }
            let mut kind = Kind::new(Class::LivingStreet, 4.6, 2, 10);
            kind.name = self.names.street();
            let mut carved = strip(&[mouth - inward * 1.5, end], 5.0);
            carved.push(polygon(&crate::maths::disc(end, 10.0, 12)));
            let rest = area.difference(&unary_union(&carved)).0;
            let Some(largest) = rest.into_iter().max_by(|a, b| area_of(a).total_cmp(&area_of(b))) else { return area };
            self.lay_line(&[mouth, end], &[Some(hit), None], kind);
            return largest;
        }
        area
    }
}

/// How good a street end is: square to what it meets, on a junction or well away from one.
fn rate(streets: &Streets, hit: Option<&Hit>) -> f64 {
    let Some(hit) = hit else { return -1.4 };
    let junction = match hit.to_junction_m {
        d if d < 11.0 => 0.25,
        d if d < 32.0 => -0.9,
        _ => 0.0,
    };
    let major = if streets.hit_class(hit) <= Class::Primary { -0.25 } else { 0.0 };
    hit.squareness * 1.2 + junction + major
}

fn stretch(line: &mut [P], by_m: f64) {
    let n = line.len();
    line[0] = line[0] + unit(line[0] - line[1]) * by_m;
    line[n - 1] = line[n - 1] + unit(line[n - 1] - line[n - 2]) * by_m;
}

fn shorten(line: &mut Vec<P>, by_m: f64) {
    let keep = line_length(line) - by_m;
    let (end, _) = crate::maths::along(line, keep);
    while line.len() > 2 && {
        let (n, d) = (line.len(), end - line[line.len() - 2]);
        dot(d, line[n - 1] - line[n - 2]) <= 0.0 || length(d) < 1.0
    } {
        line.pop();
    }
    let n = line.len();
    line[n - 1] = quantise(end);
}
