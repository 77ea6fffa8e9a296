//! What an import read, what it inferred by which rule, and everything that was wrong: for a person and for
//! scripts.

use std::{collections::BTreeMap, fmt};

use citytwin_model::{City, ControlKind, DrivingSide, Known, Origin, ProblemKind, SourceRef, Volume};
use serde::Serialize;

/// The account of one city.
///
/// Roads are ways whose `highway` maps to a class, that are no areas and have at least two successive nodes
/// at different places in the file; buildings are closed ways and multipolygons with `building=*` other
/// than `no`, parts the same with `building:part`; trees are nodes with `natural=tree`; signals are nodes
/// with `highway=traffic_signals`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CheckReport {
    pub name: String,
    /// West, south, east, north, degree.
    pub bounds: [f64; 4],
    pub country: Option<String>,
    pub driving_side: DrivingSide,
    pub time_zone: String,
    pub attribution: Vec<String>,
    pub roads: usize,
    /// Length of the lines of all roads, kilometre.
    pub road_km: f64,
    pub nodes: usize,
    pub links: usize,
    /// Lanes × length of all links, kilometre.
    pub lane_km: f64,
    pub restrictions: usize,
    pub signals: usize,
    pub stops: usize,
    pub give_ways: usize,
    pub buildings: usize,
    pub building_parts: usize,
    pub trees: usize,
    /// Trees that stand for a `natural=tree_row` way.
    pub trees_in_rows: usize,
    pub land: usize,
    pub water: usize,
    pub waterways: usize,
    pub railways: usize,
    pub energy_assets: usize,
    pub sensors: usize,
    /// Named by the map.
    pub districts: usize,
    /// What no trip can start from or end at.
    pub cut_off: CutOff,
    /// Features per attribute and rule that inferred it; `"stated"` counts what the map itself says.
    pub inferred: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    pub problems: Vec<ReportedProblem>,
}

/// The part of the network outside its largest strongly connected part.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CutOff {
    pub links: usize,
    pub length_km: f64,
    pub pieces: usize,
}

/// One problem, as scripts read it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ReportedProblem {
    pub source: SourceRef,
    pub kind: ProblemKind,
    pub what: String,
}

/// Counts a city.
pub fn check_report(city: &City) -> CheckReport {
    let controls = |kind| city.controls.iter().filter(|control| control.kind == kind).count();
    let single_trees = city.trees.iter().filter(|tree| matches!(tree.source, SourceRef::Node(_))).count();
    let km = |length_m: f64| length_m / 1000.0;
    CheckReport {
        name: city.name.clone(),
        bounds: [city.bounds.west, city.bounds.south, city.bounds.east, city.bounds.north],
        country: city.country.as_ref().map(|country| country.value.clone()),
        driving_side: city.driving_side.value,
        time_zone: city.time_zone.value.iana_name().unwrap_or("UTC").to_owned(),
        attribution: city.attribution.clone(),
        roads: city.roads.len(),
        road_km: km(city.roads.iter().map(|road| length_m(&road.line.0)).sum()),
        nodes: city.nodes.len(),
        links: city.links.len(),
        lane_km: km(city.links.iter().map(|link| link.length_m * f64::from(link.lanes)).sum()),
        restrictions: city.restrictions.len(),
        signals: controls(ControlKind::Signals),
        stops: controls(ControlKind::Stop),
        give_ways: controls(ControlKind::GiveWay),
        buildings: city.buildings.len(),
        building_parts: city.building_parts.len(),
        trees: single_trees,
        trees_in_rows: city.trees.len() - single_trees,
        land: city.land.len(),
        water: city.water.len(),
        waterways: city.waterways.len(),
        railways: city.railways.len(),
        energy_assets: city.energy_assets.len(),
        sensors: city.sensors.len(),
        districts: city.districts.len(),
        cut_off: cut_off(city),
        inferred: inferred(city),
        problems: city.problems.iter().map(reported).collect(),
    }
}

fn reported(problem: &citytwin_model::Problem) -> ReportedProblem {
    ReportedProblem { source: problem.source.clone(), kind: problem.kind, what: problem.what.clone() }
}

fn length_m(line: &[citytwin_model::Coord]) -> f64 {
    line.windows(2).map(|pair| (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y)).sum()
}

fn cut_off(city: &City) -> CutOff {
    let outside = city.links.iter().filter(|link| !link.connected);
    CutOff {
        links: outside.clone().count(),
        // Not `sum`, which gives −0 for nothing.
        length_km: outside.fold(0.0, |sum, link| sum + link.length_m) / 1000.0,
        pieces: city.problems.iter().filter(|problem| problem.kind == ProblemKind::Connectivity).count(),
    }
}

/// Counts origins per attribute.
#[derive(Default)]
struct Origins(BTreeMap<&'static str, BTreeMap<&'static str, usize>>);

impl Origins {
    fn count<T>(&mut self, attribute: &'static str, known: &Known<T>) {
        let rule = match known.origin {
            Origin::Stated => "stated",
            Origin::Inferred(rule) => rule,
        };
        *self.0.entry(attribute).or_default().entry(rule).or_default() += 1;
    }

    fn count_volume(&mut self, volume: &Volume) {
        self.count("building height", &volume.height_m);
        self.count("building underside", &volume.min_height_m);
        self.count("building levels", &volume.levels);
        self.count("roof shape", &volume.roof.shape);
        self.count("roof height", &volume.roof.height_m);
    }
}

fn inferred(city: &City) -> BTreeMap<&'static str, BTreeMap<&'static str, usize>> {
    let mut origins = Origins::default();
    if let Some(country) = &city.country {
        origins.count("country", country);
    }
    origins.count("driving side", &city.driving_side);
    origins.count("time zone", &city.time_zone);
    for road in &city.roads {
        origins.count("road one-way", &road.oneway);
        origins.count("road width", &road.width_m);
        if road.class.is_motor() {
            origins.count("road lanes forward", &road.lanes_forward);
            origins.count("road lanes backward", &road.lanes_backward);
            origins.count("road limit forward", &road.speed_forward_mps);
            origins.count("road limit backward", &road.speed_backward_mps);
        }
    }
    for building in &city.buildings {
        origins.count("building use", &building.usage);
        origins.count_volume(&building.volume);
    }
    for part in &city.building_parts {
        origins.count_volume(&part.volume);
    }
    for tree in &city.trees {
        origins.count("tree height", &tree.height_m);
        origins.count("tree crown", &tree.crown_diameter_m);
    }
    for waterway in &city.waterways {
        origins.count("waterway width", &waterway.width_m);
    }
    for rated in city.energy_assets.iter().filter_map(|asset| asset.rated.as_ref()) {
        origins.count("rated power", rated);
    }
    origins.0
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_place(f)?;
        self.write_counts(f)?;
        let CutOff { links, length_km, pieces } = self.cut_off;
        writeln!(f, "\nCut off: {links} links ({length_km:.2} km) in {pieces} pieces that no trip can use")?;
        writeln!(f, "\nStated and inferred")?;
        for (attribute, rules) in &self.inferred {
            writeln!(f, "  {attribute}")?;
            for (rule, count) in rules {
                writeln!(f, "  {count:>8} {rule}")?;
            }
        }
        writeln!(f, "\n{} problems", self.problems.len())?;
        for problem in &self.problems {
            writeln!(f, "  {}: {}", problem.source, problem.what)?;
        }
        self.attribution.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl CheckReport {
    fn write_place(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [west, south, east, north] = self.bounds;
        writeln!(f, "{}: {west:.5},{south:.5},{east:.5},{north:.5}", self.name)?;
        let country = self.country.as_deref().unwrap_or("no country known");
        let side = match self.driving_side {
            DrivingSide::Right => "right",
            DrivingSide::Left => "left",
        };
        writeln!(f, "  {country}, traffic keeps {side}, time zone {}", self.time_zone)
    }

    fn write_counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nRead")?;
        writeln!(f, "  {:>8} roads, {:.1} km", self.roads, self.road_km)?;
        writeln!(f, "  {:>8} links between {} nodes, {:.1} lane-km", self.links, self.nodes, self.lane_km)?;
        let rows = [
            (self.restrictions, "turn restrictions"),
            (self.signals, "signals"),
            (self.stops, "stop signs"),
            (self.give_ways, "give-way signs"),
            (self.buildings, "buildings"),
            (self.building_parts, "building parts"),
            (self.trees, "trees"),
            (self.trees_in_rows, "trees in rows"),
            (self.land, "land areas"),
            (self.water, "water areas"),
            (self.waterways, "waterways"),
            (self.railways, "railways"),
            (self.energy_assets, "energy assets"),
            (self.sensors, "sensors"),
            (self.districts, "named districts"),
        ];
        rows.iter().try_for_each(|(count, what)| writeln!(f, "  {count:>8} {what}"))
    }
}
