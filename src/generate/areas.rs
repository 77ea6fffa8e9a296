//! Everything but streets as OSM elements: water, land, buildings with parts, railways, trees, spots.
//! Must not know how they were planned.

use std::collections::BTreeMap;

use geo::{BooleanOps, LineString, MultiPolygon, Polygon};

use crate::{
    geodesy::{Place, place},
    maths::{P, crossing, distance, lerp, p, polygon},
    osm::{Map, Member},
    plan::{Building, Plan, Roof, Tags},
};

/// Writes into a map; nodes of outlines are shared where they coincide.
pub struct Pen<'a> {
    pub map: &'a mut Map,
    shared: BTreeMap<Place, i64>,
}

impl<'a> Pen<'a> {
    pub fn new(map: &'a mut Map) -> Self {
        Self { map, shared: BTreeMap::new() }
    }

    /// All features of a plan that are not streets.
    pub fn write(&mut self, plan: &Plan) {
        let h = plan.layout.half_m;
        let square = polygon(&[p(-h, -h), p(h, -h), p(h, h), p(-h, h)]);
        self.water(plan, &square);
        for land in &plan.land {
            self.areas(&land.shape.intersection(&square), &land.tags);
        }
        for pond in &plan.ponds {
            self.areas(&pond.shape, &pond.tags);
        }
        for building in &plan.buildings {
            self.building(building);
        }
        self.railways(plan);
        for line in &plan.lines {
            self.line(&line.points, line.tags.clone());
        }
        for spot in &plan.spots {
            self.map.node(place(spot.at), spot.tags.clone());
        }
        for tree in &plan.trees {
            let mut tags = vec![("natural", "tree".to_owned()), ("height", format!("{:.0}", tree.height_m))];
            if tree.conifer {
                tags.push(("leaf_type", "needleleaved".into()));
            }
            self.map.node(place(tree.at), tags);
        }
    }

    fn water(&mut self, plan: &Plan, square: &Polygon<f64>) {
        let tags: Tags = vec![("natural", "water".into()), ("water", "river".into()), ("name", "Strom".into())];
        self.areas(&plan.water.open_water(square), &tags);
        for basin in &plan.water.basins {
            let tags: Tags =
                vec![("natural", "water".into()), ("water", "harbour".into()), ("name", "Hafenbecken".into())];
            self.areas(&MultiPolygon(vec![basin.clone()]), &tags);
        }
        let middle = crate::spans::within_square(&plan.water.middle, plan.layout.half_m);
        if middle.len() > 1 {
            self.line(&middle, vec![("waterway", "river".into()), ("name", "Strom".into())]);
        }
        let brook = crate::spans::within_square(&plan.water.brook, plan.layout.half_m);
        if brook.len() > 1 && plan.layout.radius_m > 900.0 {
            let tags = vec![("waterway", "stream".into()), ("name", "Mühlbach".into()), ("width", "6".into())];
            self.line(&brook, tags);
        }
    }

    fn corner(&mut self, at: P) -> i64 {
        let at = place(at);
        if let Some(id) = self.shared.get(&at) {
            return *id;
        }
        let id = self.map.node(at, Vec::new());
        self.shared.insert(at, id);
        id
    }

    fn ring(&mut self, ring: &LineString<f64>) -> Vec<i64> {
        let mut nodes: Vec<i64> = ring.0.iter().map(|&q| self.corner(q)).collect();
        nodes.dedup();
        nodes
    }

    fn line(&mut self, points: &[P], tags: Tags) -> i64 {
        let nodes = points.iter().map(|&q| self.map.node(place(q), Vec::new())).collect();
        self.map.way(nodes, tags)
    }

    /// A closed way per polygon, or a multipolygon where there are holes.
    fn areas(&mut self, areas: &MultiPolygon<f64>, tags: &Tags) {
        for area in &areas.0 {
            if crate::maths::area_of(area) > 1.0 {
                self.area(area, tags.clone());
            }
        }
    }

    fn area(&mut self, area: &Polygon<f64>, tags: Tags) {
        let outer = self.ring(area.exterior());
        if outer.len() < 4 {
            return;
        }
        if area.interiors().is_empty() {
            self.map.way(outer, tags);
            return;
        }
        let mut members = vec![Member { kind: "way", id: self.map.way(outer, Vec::new()), role: "outer" }];
        for hole in area.interiors() {
            let nodes = self.ring(hole);
            if nodes.len() > 3 {
                members.push(Member { kind: "way", id: self.map.way(nodes, Vec::new()), role: "inner" });
            }
        }
        let mut all: Tags = vec![("type", "multipolygon".into())];
        all.extend(tags);
        self.map.relation(members, all);
    }

    fn building(&mut self, building: &Building) {
        let mut tags: Tags = vec![("building", building.kind.into())];
        tags.push(("building:levels", building.levels.to_string()));
        tags.extend(building.height_m.map(|h| ("height", metres(h))));
        if building.parts.is_empty() {
            roof_tags(&mut tags, &building.roof, building.colour);
        }
        tags.extend(building.extra.iter().cloned());
        self.area(&building.shape, tags);
        for part in &building.parts {
            let mut tags: Tags = vec![("building:part", "yes".into()), ("height", metres(part.to_m))];
            if part.from_m > 0.0 {
                tags.push(("min_height", metres(part.from_m)));
            }
            roof_tags(&mut tags, &part.roof, part.colour);
            self.area(&part.shape, tags);
        }
    }

    /// Tracks in pieces: over the river and beside it.
    fn railways(&mut self, plan: &Plan) {
        for (tracks, service) in
            [(&plan.rail.main_tracks, ""), (&plan.rail.station_tracks, "siding"), (&plan.rail.sidings, "spur")]
        {
            for track in tracks {
                for (points, bridge) in pieces_over(track, &plan.water.river.exterior().0) {
                    let mut tags: Tags = vec![("railway", "rail".into()), ("gauge", "1435".into())];
                    if service.is_empty() {
                        tags.push(("electrified", "contact_line".into()));
                    } else {
                        tags.push(("service", service.into()));
                    }
                    if bridge {
                        tags.extend([("bridge", "yes".to_owned()), ("layer", "1".to_owned())]);
                    }
                    self.line(&points, tags);
                }
            }
        }
    }
}

fn roof_tags(tags: &mut Tags, roof: &Roof, colour: &'static str) {
    tags.push(("roof:shape", roof.shape.into()));
    if roof.height_m > 0.0 {
        tags.push(("roof:height", metres(roof.height_m)));
    }
    tags.push(("roof:colour", roof.colour.into()));
    tags.push(("building:colour", colour.into()));
    if roof.across {
        tags.push(("roof:orientation", "across".into()));
    }
}

/// Decimetres, without trailing zero.
fn metres(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    if tenths % 10 == 0 { format!("{}", tenths / 10) } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

/// A line in pieces, broken 8 m before and after a ring; `true` for what lies between.
fn pieces_over(line: &[P], ring: &[P]) -> Vec<(Vec<P>, bool)> {
    let (mut pieces, mut current, mut over) = (Vec::new(), vec![line[0]], false);
    for w in line.windows(2) {
        let mut cuts: Vec<f64> =
            ring.windows(2).filter_map(|r| crossing(w[0], w[1], r[0], r[1]).map(|x| x.0)).collect();
        cuts.sort_by(f64::total_cmp);
        for t in cuts {
            let margin = 8.0 / distance(w[0], w[1]) * if over { 1.0 } else { -1.0 };
            let at = lerp(w[0], w[1], (t + margin).clamp(0.01, 0.99));
            current.push(at);
            pieces.push((std::mem::replace(&mut current, vec![at]), over));
            over = !over;
        }
        current.push(w[1]);
    }
    pieces.push((current, over));
    pieces
}
