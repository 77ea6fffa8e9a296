//! Where lanes lie: centre lines with their sideways directions, lane offsets by driving side, the room a
//! junction takes from its links.
//!
//! Offsets are metres to the right of the link's centre line in driving direction (negative: left).

use std::{collections::BTreeSet, sync::Arc};

use citytwin_model::{City, Link, Road};

use super::{rows::Rows, streets::Streets};

/// Geometry of all links: centre lines by the map, lanes as they are now.
#[derive(Clone, PartialEq)]
pub struct Shapes {
    lines: Arc<Rows<Vertex>>,
    /// Headings at the start and the end of each link.
    headings: Arc<Vec<(f32, f32)>>,
    lane_width: Vec<f32>,
    /// Offset of lane 0 and the step to the next lane.
    lane0: Vec<(f32, f32)>,
}

/// One point of a centre line. `(nx, ny)` leads one metre to the right of both pieces that meet here.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Vertex {
    x: f32,
    y: f32,
    along: f32,
    nx: f32,
    ny: f32,
}

/// A place on a lane with its driving direction (unit vector).
#[derive(Clone, Copy, Default, Debug)]
pub struct Spot {
    pub x: f32,
    pub y: f32,
    pub dx: f32,
    pub dy: f32,
}

impl Spot {
    /// Radian from +x, left positive.
    pub fn heading(&self) -> f32 {
        self.dy.atan2(self.dx)
    }
}

/// Lane widths outside this range are not believed, metre (RASt 06: 2.75–3.50 m; HGV lanes up to 3.75 m).
const LANE_WIDTH_M: std::ops::RangeInclusive<f64> = 2.2..=3.75;
/// Longest mitre of a bend: beyond it lanes cut the corner.
const LONGEST_MITRE: f32 = 1.6;
/// A link's direction at its end is taken over this length, metre, so that digitising noise does not turn it.
const HEADING_BASE_M: f32 = 8.0;
/// Most of a link that a junction may take at either end.
const TRIM_SHARE: f32 = 0.35;
/// Curve where two links meet without a junction, metre.
const JOINT_M: f32 = 4.0;
/// Room from the edge of the crossing road to the stop line, metre.
const STOP_LINE_M: f32 = 1.5;
const LONGEST_TRIM_M: f32 = 16.0;

impl Shapes {
    /// The centre lines of the links that the map lets cars use; lanes follow with [`Self::lay_lanes`]. `length_m`:
    /// stated lengths, to which the measured ones are stretched.
    pub fn build(city: &City, usable: &[bool], length_m: Option<&[f32]>) -> Self {
        let mut lines = Rows::new();
        for link in &city.links {
            if usable[link.id.index()] {
                let line = city.link_line(link.id);
                push_line(&mut lines.list, line.0.iter().map(|c| (c.x as f32, c.y as f32)));
            }
            let from = *lines.start.last().expect("never empty") as usize;
            if let (Some(stated), Some(last)) = (length_m, lines.list[from..].last()) {
                let stretch = stated[link.id.index()] / last.along;
                lines.list[from..].iter_mut().for_each(|v| v.along *= stretch);
            }
            lines.close();
        }
        let none = vec![0.0; city.links.len()];
        let lane0 = vec![(0.0, 0.0); none.len()];
        let mut shapes = Self { lines: Arc::new(lines), headings: Arc::default(), lane0, lane_width: none };
        let headings = |l: u32| {
            let length = shapes.length(l);
            let out = shapes.heading_between(l, (length - HEADING_BASE_M).max(0.0), length);
            (shapes.heading_between(l, 0.0, HEADING_BASE_M), out)
        };
        shapes.headings = Arc::new((0..city.links.len() as u32).map(headings).collect());
        shapes
    }

    /// Lays the lanes of some links.
    pub fn lay_lanes(&mut self, streets: &Streets, links: impl Iterator<Item = u32>) {
        for link in links {
            let (width, first, step) = lanes_across(streets, link);
            self.lane_width[link as usize] = width;
            self.lane0[link as usize] = (first, step);
        }
    }

    fn line(&self, link: u32) -> &[Vertex] {
        self.lines.of(link)
    }

    pub fn length(&self, link: u32) -> f32 {
        self.line(link).last().map_or(0.0, |v| v.along)
    }

    pub fn lane_width(&self, link: u32) -> f32 {
        self.lane_width[link as usize]
    }

    /// Offset of a lane's centre; lane 0 lies at the kerb.
    pub fn lane_offset(&self, link: u32, lane: u8) -> f32 {
        let (first, step) = self.lane0[link as usize];
        first + step * f32::from(lane)
    }

    /// The place `along` metres down the link, `offset` metres to the right of its centre line.
    pub fn at(&self, link: u32, along: f32, offset: f32) -> Spot {
        let line = self.line(link);
        if line.len() < 2 {
            return Spot { dx: 1.0, ..Spot::default() };
        }
        let i = line.partition_point(|v| v.along <= along).clamp(1, line.len() - 1);
        let (a, b) = (&line[i - 1], &line[i]);
        let t = ((along - a.along) / (b.along - a.along)).clamp(0.0, 1.0);
        let (ax, ay) = (a.x + offset * a.nx, a.y + offset * a.ny);
        let (bx, by) = (b.x + offset * b.nx, b.y + offset * b.ny);
        let (ux, uy) = (b.x - a.x, b.y - a.y);
        let norm = ux.hypot(uy).max(1e-6);
        Spot { x: ax + t * (bx - ax), y: ay + t * (by - ay), dx: ux / norm, dy: uy / norm }
    }

    /// Heading at the start of a link.
    pub fn heading_in(&self, link: u32) -> f32 {
        self.headings[link as usize].0
    }

    /// Heading at the end of a link.
    pub fn heading_out(&self, link: u32) -> f32 {
        self.headings[link as usize].1
    }

    fn heading_between(&self, link: u32, from: f32, to: f32) -> f32 {
        let (a, b) = (self.at(link, from, 0.0), self.at(link, to, 0.0));
        (b.y - a.y).atan2(b.x - a.x)
    }

    /// Per link the metres that the junctions at its start and end take.
    pub fn trims(&self, city: &City, usable: &[bool]) -> Vec<(f32, f32)> {
        let mut arms = vec![BTreeSet::new(); city.nodes.len()];
        for link in city.links.iter().filter(|l| usable[l.id.index()]) {
            arms[link.from.index()].insert(self.arm(link, link.from.0));
            arms[link.to.index()].insert(self.arm(link, link.to.0));
        }
        city.links
            .iter()
            .map(|link| {
                if !usable[link.id.index()] {
                    return (0.0, 0.0);
                }
                let most = TRIM_SHARE * self.length(link.id.0);
                let trim = |node: u32| trim(&arms[node as usize], &self.arm(link, node), city).min(most);
                (trim(link.from.0), trim(link.to.0))
            })
            .collect()
    }

    /// A piece of road at a node: its identity and its heading away from the node in hundredths of a radian.
    fn arm(&self, link: &Link, node: u32) -> Arm {
        let away = if link.from.0 == node {
            self.heading_in(link.id.0)
        } else {
            self.heading_out(link.id.0) + std::f32::consts::PI
        };
        Arm {
            road: link.road.0,
            first: link.first,
            last: link.last,
            away: (away.rem_euclid(std::f32::consts::TAU) * 100.0) as i32,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Arm {
    road: u32,
    first: u32,
    last: u32,
    away: i32,
}

impl Arm {
    fn same_piece(&self, other: &Self) -> bool {
        (self.road, self.first, self.last) == (other.road, other.first, other.last)
    }
}

/// Appends a line with its directions to the right.
fn push_line(points: &mut Vec<Vertex>, line: impl Iterator<Item = (f32, f32)>) {
    let from = points.len();
    for (x, y) in line {
        let last = points[from..].last().copied();
        let along = last.map_or(0.0, |v: Vertex| v.along + (x - v.x).hypot(y - v.y));
        if last.is_none_or(|v| along - v.along > 0.01) {
            points.push(Vertex { x, y, along, ..Vertex::default() });
        }
    }
    if points.len() == from + 1 {
        let v = points[from];
        points.push(Vertex { x: v.x + 0.1, along: 0.1, ..v });
    }
    let line = &mut points[from..];
    let right = |a: Vertex, b: Vertex| {
        let d = (b.x - a.x).hypot(b.y - a.y);
        ((b.y - a.y) / d, (a.x - b.x) / d)
    };
    for i in 0..line.len() {
        let before = right(line[i.max(1) - 1], line[i.max(1)]);
        let j = i.min(line.len() - 2);
        let after = right(line[j], line[j + 1]);
        let (sx, sy) = (before.0 + after.0, before.1 + after.1);
        let norm = sx.hypot(sy).max(0.1);
        let (mx, my) = (sx / norm, sy / norm);
        let cos_half = (mx * after.0 + my * after.1).max(1.0 / LONGEST_MITRE);
        (line[i].nx, line[i].ny) = (mx / cos_half, my / cos_half);
    }
}

/// Half the width of the widest road that crosses an arm, and the room to the stop line.
fn trim(arms: &BTreeSet<Arm>, own: &Arm, city: &City) -> f32 {
    let mut pieces = 0;
    let mut widest = 0.0_f32;
    for (i, arm) in arms.iter().enumerate() {
        if arms.iter().take(i).any(|seen| seen.same_piece(arm)) {
            continue;
        }
        pieces += 1;
        let crosses = ((arm.away - own.away) as f32 / 100.0).sin().abs() > 0.5;
        if crosses && !arm.same_piece(own) {
            widest = widest.max(half_width(&city.roads[arm.road as usize]));
        }
    }
    if pieces >= 3 { (widest + STOP_LINE_M).min(LONGEST_TRIM_M) } else { JOINT_M }
}

fn half_width(road: &Road) -> f32 {
    let width = road.width_m.value;
    if width.is_finite() { (width as f32 / 2.0).clamp(1.5, 20.0) } else { 3.0 }
}

/// Lane width, offset of the kerb lane and step from lane to lane.
fn lanes_across(streets: &Streets, link: u32) -> (f32, f32, f32) {
    let own = f64::from(streets.lanes(link));
    let opposite = f64::from(streets.opposite_lanes(link));
    let road = &streets.city.roads[streets.city.links[link as usize].road.index()];
    let stated = road.width_m.value / (own + opposite);
    let width = if stated.is_finite() { stated.clamp(*LANE_WIDTH_M.start(), *LANE_WIDTH_M.end()) } else { 3.0 };
    let kerb = (0.5 * (own + opposite) - 0.5) * width;
    let side = if streets.ground.right_hand { 1.0 } else { -1.0 };
    (width as f32, (side * kerb) as f32, (-side * width) as f32)
}
