//! Counts of real extracts against a pass over the same files with another decoder (`osmpbf`) and none of
//! the importer's code: truth from outside, by the filters that `CheckReport` documents.

use std::collections::{BTreeMap, BTreeSet};

use citytwin_model::{City, SourceRef};
use osmpbf::{Element, ElementReader, RelMemberType};

use crate::support::extract;
use citytwin_import::{CheckReport, ImportOptions, check_report, open};

/// Every `highway` value that is a road in use.
const HIGHWAYS: &[&str] = &[
    "motorway",
    "motorway_link",
    "trunk",
    "trunk_link",
    "primary",
    "primary_link",
    "secondary",
    "secondary_link",
    "tertiary",
    "tertiary_link",
    "unclassified",
    "road",
    "residential",
    "living_street",
    "service",
    "track",
    "busway",
    "bus_guideway",
    "pedestrian",
    "cycleway",
    "footway",
    "steps",
    "path",
    "bridleway",
];

struct Way {
    id: i64,
    refs: Vec<i64>,
    tags: BTreeMap<String, String>,
}

#[derive(Default)]
struct Content {
    /// Places in steps of 1e-7 degree.
    nodes: BTreeMap<i64, (i64, i64)>,
    trees: usize,
    signals: usize,
    ways: Vec<Way>,
    /// Multipolygon and building relations: id, member ways, tags.
    areas: Vec<(i64, Vec<i64>, BTreeMap<String, String>)>,
}

fn owned<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    tags.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

impl Content {
    fn of(path: &std::path::Path) -> Self {
        let mut content = Self::default();
        let reader = ElementReader::from_path(path).unwrap();
        reader
            .for_each(|element| match element {
                Element::Node(node) => {
                    content.node(node.id(), (node.nano_lon(), node.nano_lat()), owned(node.tags()));
                }
                Element::DenseNode(node) => {
                    content.node(node.id(), (node.nano_lon(), node.nano_lat()), owned(node.tags()));
                }
                Element::Way(way) => {
                    content.ways.push(Way { id: way.id(), refs: way.refs().collect(), tags: owned(way.tags()) });
                }
                Element::Relation(relation) => {
                    let tags = owned(relation.tags());
                    if tags.get("type").is_some_and(|kind| kind == "multipolygon") {
                        let ways = relation.members().filter(|m| m.member_type == RelMemberType::Way);
                        content.areas.push((relation.id(), ways.map(|m| m.member_id).collect(), tags));
                    }
                }
            })
            .unwrap();
        content
    }

    fn node(&mut self, id: i64, (lon, lat): (i64, i64), tags: BTreeMap<String, String>) {
        self.nodes.insert(id, (lon / 100, lat / 100));
        self.trees += usize::from(tags.get("natural").is_some_and(|value| value == "tree"));
        self.signals += usize::from(tags.get("highway").is_some_and(|value| value == "traffic_signals"));
    }

    /// Ways of a road's class, no areas, whose longest run of present nodes has two places.
    fn roads(&self) -> BTreeSet<SourceRef> {
        let is_road = |way: &&Way| {
            let highway = way.tags.get("highway").map(String::as_str).unwrap_or_default();
            let area = way.tags.get("area").is_some_and(|value| value == "yes");
            let places: Vec<_> = way.refs.iter().map(|id| self.nodes.get(id)).collect();
            let runs = places.split(Option::is_none);
            let longest = runs.fold(&[][..], |best, run| if run.len() > best.len() { run } else { best });
            HIGHWAYS.contains(&highway) && !area && longest.iter().collect::<BTreeSet<_>>().len() >= 2
        };
        self.ways.iter().filter(is_road).map(|way| SourceRef::Way(way.id)).collect()
    }

    /// Closed ways and multipolygons with the key other than `no`; with how sure it is that each loads:
    /// all nodes present and an area, or all member ways present.
    fn outlines(&self, key: &str) -> BTreeMap<SourceRef, bool> {
        let carries = |tags: &BTreeMap<String, String>| tags.get(key).is_some_and(|value| value != "no");
        let known: BTreeSet<i64> = self.ways.iter().filter(|way| self.is_whole(way)).map(|way| way.id).collect();
        let closed = |way: &&Way| carries(&way.tags) && way.refs.len() >= 4 && way.refs.first() == way.refs.last();
        let ways = self
            .ways
            .iter()
            .filter(closed)
            .map(|way| (SourceRef::Way(way.id), self.is_whole(way) && self.has_area(way)));
        let relations = self.areas.iter().filter(|(_, _, tags)| carries(tags));
        let relations = relations.map(|(id, ways, _)| {
            (SourceRef::Relation(*id), !ways.is_empty() && ways.iter().all(|way| known.contains(way)))
        });
        ways.chain(relations).collect()
    }

    fn is_whole(&self, way: &Way) -> bool {
        way.refs.iter().all(|id| self.nodes.contains_key(id))
    }

    /// Twice the area by the shoelace formula is not 0.
    fn has_area(&self, way: &Way) -> bool {
        let places: Vec<_> = way.refs.iter().filter_map(|id| self.nodes.get(id)).collect();
        places
            .windows(2)
            .map(|pair| i128::from(pair[0].0) * i128::from(pair[1].1) - i128::from(pair[1].0) * i128::from(pair[0].1))
            .sum::<i128>()
            != 0
    }
}

/// All that must be there is, nothing else, and what is missing is a problem with its id.
fn check_outlines(name: &str, expected: &BTreeMap<SourceRef, bool>, found: &BTreeSet<SourceRef>, city: &City) {
    let strange: Vec<_> = found.iter().filter(|source| !expected.contains_key(source)).collect();
    assert!(strange.is_empty(), "{name}: {strange:?}");
    let told: BTreeSet<&SourceRef> = city.problems.iter().map(|problem| &problem.source).collect();
    for (source, sure) in expected {
        assert!(found.contains(source) || !sure, "{name}: {source} is not there");
        assert!(found.contains(source) || told.contains(source), "{name}: nothing is said of {source}");
    }
}

fn check(file: &str) -> Option<(City, CheckReport)> {
    let path = extract(file)?;
    let expected = Content::of(&path);
    let city = open(&path, &ImportOptions::default(), &()).unwrap();
    let report = check_report(&city);
    let roads: BTreeSet<SourceRef> = city.roads.iter().map(|road| road.source.clone()).collect();
    assert_eq!(roads, expected.roads(), "{file}");
    assert_eq!((report.roads, report.trees, report.signals), (roads.len(), expected.trees, expected.signals), "{file}");
    let buildings: BTreeSet<SourceRef> = city.buildings.iter().map(|b| b.source.clone()).collect();
    let parts: BTreeSet<SourceRef> = city.building_parts.iter().map(|p| p.source.clone()).collect();
    assert_eq!((report.buildings, report.building_parts), (buildings.len(), parts.len()), "{file}");
    check_outlines(file, &expected.outlines("building"), &buildings, &city);
    check_outlines(file, &expected.outlines("building:part"), &parts, &city);
    Some((city, report))
}

#[test]
fn helsinki_counts_agree() {
    let Some((_, report)) = check("helsinki.osm.pbf") else { return };
    assert!(report.building_parts > 100 && report.signals > 100, "{report}");
}

#[test]
fn monaco_counts_agree() {
    let Some((_, report)) = check("monaco.osm.pbf") else { return };
    assert!(report.buildings > 20_000, "{report}");
}

#[test]
fn porto_alegre_counts_agree() {
    let Some((_, report)) = check("porto_alegre.osm.pbf") else { return };
    // The reference data's own note: 1,662 signals.
    assert_eq!(report.signals, 1662);
}
