//! An OpenStreetMap file in memory and as XML. Must not know the town.

use std::io::{self, Write};

use crate::{
    geodesy::{Place, decimal},
    plan::Tags,
};

/// A member of a relation.
pub struct Member {
    pub kind: &'static str,
    pub id: i64,
    pub role: &'static str,
}

pub struct Way {
    pub nodes: Vec<i64>,
    pub tags: Tags,
}

pub struct Relation {
    pub members: Vec<Member>,
    pub tags: Tags,
}

/// Nodes, ways and relations; the id of each is its index plus one.
#[derive(Default)]
pub struct Map {
    pub nodes: Vec<(Place, Tags)>,
    pub ways: Vec<Way>,
    pub relations: Vec<Relation>,
}

impl Map {
    pub fn node(&mut self, at: Place, tags: Tags) -> i64 {
        self.nodes.push((at, tags));
        self.nodes.len() as i64
    }

    pub fn way(&mut self, nodes: Vec<i64>, tags: Tags) -> i64 {
        self.ways.push(Way { nodes, tags });
        self.ways.len() as i64
    }

    pub fn relation(&mut self, members: Vec<Member>, tags: Tags) -> i64 {
        self.relations.push(Relation { members, tags });
        self.relations.len() as i64
    }

    /// OSM XML, API version 0.6: bounds, then nodes, ways and relations by id.
    pub fn write(&self, out: &mut impl Write, low: Place, high: Place) -> io::Result<()> {
        out.write_all(
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<osm version=\"0.6\" generator=\"citytwin generate\">\n",
        )?;
        writeln!(
            out,
            " <bounds minlat=\"{}\" minlon=\"{}\" maxlat=\"{}\" maxlon=\"{}\"/>",
            decimal(low.lat),
            decimal(low.lon),
            decimal(high.lat),
            decimal(high.lon)
        )?;
        for (i, (at, tags)) in self.nodes.iter().enumerate() {
            let head =
                format!("<node id=\"{}\" version=\"1\" lat=\"{}\" lon=\"{}\"", i + 1, decimal(at.lat), decimal(at.lon));
            element(out, &head, "node", |_| Ok(()), tags, tags.is_empty())?;
        }
        for (i, way) in self.ways.iter().enumerate() {
            let nodes = |out: &mut dyn Write| way.nodes.iter().try_for_each(|n| writeln!(out, "  <nd ref=\"{n}\"/>"));
            element(out, &format!("<way id=\"{}\" version=\"1\"", i + 1), "way", nodes, &way.tags, false)?;
        }
        for (i, relation) in self.relations.iter().enumerate() {
            let members = |out: &mut dyn Write| {
                relation.members.iter().try_for_each(|m| {
                    writeln!(out, "  <member type=\"{}\" ref=\"{}\" role=\"{}\"/>", m.kind, m.id, m.role)
                })
            };
            element(
                out,
                &format!("<relation id=\"{}\" version=\"1\"", i + 1),
                "relation",
                members,
                &relation.tags,
                false,
            )?;
        }
        out.write_all(b"</osm>\n")
    }
}

fn element(
    out: &mut impl Write,
    head: &str,
    name: &str,
    body: impl Fn(&mut dyn Write) -> io::Result<()>,
    tags: &Tags,
    empty: bool,
) -> io::Result<()> {
    if empty {
        return writeln!(out, " {head}/>");
    }
    writeln!(out, " {head}>")?;
    body(out)?;
    for (key, value) in tags {
        writeln!(out, "  <tag k=\"{key}\" v=\"{}\"/>", escaped(value))?;
    }
    writeln!(out, " </{name}>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
