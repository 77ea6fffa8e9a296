//! One `<node>`, `<way>` or `<relation>` with its parts.

use std::borrow::Cow;

use citytwin_model::{GeoBounds, LonLat, ProblemKind, SourceRef};
use quick_xml::{XmlVersion, events::BytesStart};

use super::shortened;
use crate::raw::{MemberKind, RawMapBuilder, RawProblem};

/// What is known of the open element; empty between elements.
#[derive(Default)]
pub struct Element {
    kind: Option<MemberKind>,
    id: i64,
    version: i32,
    visible: bool,
    lon: String,
    lat: String,
    tags: Vec<[u32; 2]>,
    refs: Vec<i64>,
    members: Vec<(MemberKind, i64, u32)>,
    /// Members of a type that OSM does not have.
    strange: usize,
}

impl Element {
    /// Begins an element.
    pub fn open(&mut self, name: &str, tag: &BytesStart) -> Result<(), String> {
        self.kind = member_kind(name);
        (self.version, self.visible, self.strange) = (-1, true, 0);
        self.tags.clear();
        self.refs.clear();
        self.members.clear();
        self.lon.clear();
        self.lat.clear();
        let mut id = None;
        attributes(tag, |key, value| match key {
            "id" => id = Some(value.parse().map_err(|_| format!("`{}` is no element id", shortened(value)))),
            "version" => self.version = value.parse().unwrap_or(-1),
            "visible" => self.visible &= value != "false",
            "action" => self.visible &= value != "delete",
            "lon" => self.lon.push_str(value),
            "lat" => self.lat.push_str(value),
            _ => {}
        })?;
        self.id = id.unwrap_or_else(|| Err(format!("a <{name}> without an id")))?;
        Ok(())
    }

    /// Takes a `<tag>`, `<nd>` or `<member>`.
    pub fn part(&mut self, name: &str, tag: &BytesStart, builder: &mut RawMapBuilder) -> Result<(), String> {
        let (mut first, mut second, mut kind, mut id) = (None, None, None, None);
        attributes(tag, |key, value| match (name, key) {
            ("tag", "k") => first = Some(builder.intern(value)),
            ("tag", "v") => second = Some(builder.intern(value)),
            ("member", "role") => second = Some(builder.intern(value)),
            ("member", "type") => kind = member_kind(value),
            ("nd" | "member", "ref") => id = value.parse::<i64>().ok(),
            _ => {}
        })?;
        if name == "tag" {
            self.tags.push([first, second].map(|text| text.unwrap_or_else(|| builder.intern(""))));
            return Ok(());
        }
        let id = id.ok_or_else(|| format!("a <{name}> whose `ref` is no element id"))?;
        match kind {
            _ if name == "nd" => self.refs.push(id),
            Some(kind) => self.members.push((kind, id, second.unwrap_or_else(|| builder.intern("")))),
            None => self.strange += 1,
        }
        Ok(())
    }

    /// Hands the element over.
    pub fn close(&mut self, builder: &mut RawMapBuilder) -> Result<(), String> {
        let Some(kind) = self.kind.take().filter(|_| self.visible) else { return Ok(()) };
        // The map counts in 32 bits; a city holds a thousandth of that.
        if builder.size() + self.tags.len() + self.refs.len() + self.members.len() >= u32::MAX as usize {
            return Err("more elements than a city can hold".to_owned());
        }
        let tags = builder.push_tags(self.tags.len(), |_, index| self.tags[index]);
        match kind {
            MemberKind::Node => {
                let degrees = |text: &str| text.trim().parse().unwrap_or(f64::NAN);
                let place = LonLat { lon: degrees(&self.lon), lat: degrees(&self.lat) };
                builder.push_node(self.id, place, tags, self.version);
            }
            MemberKind::Way => builder.push_way(self.id, self.refs.iter().copied(), tags, self.version),
            MemberKind::Relation => {
                builder.push_relation(self.id, self.members.iter().copied(), tags, self.version);
                self.report_strange(builder);
            }
        }
        Ok(())
    }

    fn report_strange(&self, builder: &mut RawMapBuilder) {
        if self.strange > 0 {
            let what = format!("{} members are neither node, way nor relation; left out", self.strange);
            let (source, kind) = (SourceRef::Relation(self.id), ProblemKind::MissingReference);
            builder.push_problem(RawProblem { source, kind, what, place: None });
        }
    }
}

/// `<bounds minlon minlat maxlon maxlat>`, or Osmosis' older `<bound box="s,w,n,e">`.
pub fn read_bounds(tag: &BytesStart) -> Result<Option<GeoBounds>, String> {
    let mut sides = [f64::NAN; 4];
    attributes(tag, |key, value| match key {
        "minlon" => sides[0] = value.parse().unwrap_or(f64::NAN),
        "minlat" => sides[1] = value.parse().unwrap_or(f64::NAN),
        "maxlon" => sides[2] = value.parse().unwrap_or(f64::NAN),
        "maxlat" => sides[3] = value.parse().unwrap_or(f64::NAN),
        "box" => {
            for (side, text) in [1, 0, 3, 2].into_iter().zip(value.split(',')) {
                sides[side] = text.trim().parse().unwrap_or(f64::NAN);
            }
        }
        _ => {}
    })?;
    let [west, south, east, north] = sides;
    Ok(sides.iter().all(|side| side.is_finite()).then_some(GeoBounds { west, south, east, north }))
}

fn member_kind(name: &str) -> Option<MemberKind> {
    match name {
        "node" => Some(MemberKind::Node),
        "way" => Some(MemberKind::Way),
        "relation" => Some(MemberKind::Relation),
        _ => None,
    }
}

fn attributes(tag: &BytesStart, mut take: impl FnMut(&str, &str)) -> Result<(), String> {
    // Without its check for duplicates, which takes quadratic time on a hostile tag.
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value: Cow<str> = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        take(attribute.key.as_ref(), &value);
    }
    Ok(())
}
