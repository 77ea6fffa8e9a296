//! Runs and comparisons on a city of two banks, built by hand: every number can be followed on paper.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use citytwin_model::{
    AccessLevel, Anchor, Assumptions, Building, BuildingId, BuildingUse, City, Coord, EditError, GeoBounds, Known,
    LineString, Link, LinkEnd, LinkId, LonLat, MultiPolygon, NetworkEditError, Node, NodeId, Oneway, Polygon, Request,
    Road, RoadAccess, RoadClass, RoadId, RoofShape, SourceRef, Tags, Technology, Timestamp, Volume,
};

use citytwin_traffic::{Demand, Network};

use crate::{CompareSpec, PeakAnswer, PeakHour, Prepared, RunError, RunSpec, Watch, compare, run, write_outputs};

/// The short bridge between the banks.
const BRIDGE: SourceRef = SourceRef::Way(900);
const SIDE: usize = 4;
const BLOCK_M: f64 = 150.0;

fn node(city: &mut City, x: f64, y: f64) -> NodeId {
    let id = NodeId::from_index(city.nodes.len());
    let source = SourceRef::Node(1 + city.nodes.len() as i64);
    city.nodes.push(Node { id, source, at: Coord { x, y }, signals: false });
    id
}

/// A two-way road of one lane each way between two nodes.
fn street(city: &mut City, way: i64, (from, to): (NodeId, NodeId), class: RoadClass, speed_mps: f64) {
    let id = RoadId::from_index(city.roads.len());
    let (a, b) = (city.nodes[from.index()].at, city.nodes[to.index()].at);
    let access = AccessLevel::Yes;
    city.roads.push(Road {
        id,
        source: SourceRef::Way(way),
        name: None,
        class,
        is_ramp: false,
        is_roundabout: false,
        oneway: Known::stated(Oneway::Both),
        lanes_forward: Known::stated(1),
        lanes_backward: Known::stated(1),
        width_m: Known::stated(7.0),
        speed_forward_mps: Known::stated(speed_mps),
        speed_backward_mps: Known::stated(speed_mps),
        access: RoadAccess { car: access, goods: access, bus: access, bicycle: access, foot: access },
        bridge: way >= 900,
        tunnel: false,
        layer: 0,
        line: LineString::new(vec![a, b]),
        turn_lanes_forward: vec![],
        turn_lanes_backward: vec![],
        tags: Tags::default(),
    });
    for (from, to, forward) in [(from, to, true), (to, from, false)] {
        city.links.push(Link {
            id: LinkId::from_index(city.links.len()),
            road: id,
            from,
            to,
            first: 0,
            last: 1,
            forward,
            length_m: (b.x - a.x).hypot(b.y - a.y),
            lanes: 1,
            speed_mps,
            end: LinkEnd::Free,
            connected: true,
        });
    }
}

fn building(city: &mut City, usage: BuildingUse, x: f64, y: f64) {
    let index = city.buildings.len();
    let ring = vec![(x, y), (x + 40.0, y), (x + 40.0, y + 20.0), (x, y + 20.0), (x, y)];
    let footprint = MultiPolygon(vec![Polygon::new(LineString::from(ring), vec![])]);
    let volume = Volume::stated(footprint, 12.0, 4.0, (RoofShape::Flat, 0.0));
    let (id, source) = (BuildingId::from_index(index), SourceRef::Way(5000 + index as i64));
    city.buildings.push(Building::stated(id, source, usage, volume));
}

/// Homes on the west bank, work on the east bank, each a grid of streets; a short bridge and one 1.5 km north.
fn two_banks() -> City {
    let bounds = GeoBounds { west: 10.0, south: 50.0, east: 10.05, north: 50.05 };
    let mut city = City::empty("Two Banks", Anchor::new(LonLat { lon: 10.0, lat: 50.0 }), bounds);
    let mut banks = Vec::new();
    for (bank, x0) in [(0, 0.0), (1, 800.0)] {
        let mut grid = Vec::new();
        for row in 0..SIDE {
            for column in 0..SIDE {
                let (x, y) = (x0 + column as f64 * BLOCK_M, row as f64 * BLOCK_M);
                grid.push(node(&mut city, x, y));
                let usage = if bank == 0 { BuildingUse::Apartments } else { BuildingUse::Office };
                building(&mut city, usage, x + 20.0, y + 20.0);
            }
        }
        for row in 0..SIDE {
            for column in 0..SIDE {
                let (here, way) = (row * SIDE + column, (100 + bank * 300 + row * 20 + column * 2) as i64);
                if column + 1 < SIDE {
                    street(&mut city, way, (grid[here], grid[here + 1]), RoadClass::Residential, 13.9);
                }
                if row + 1 < SIDE {
                    street(&mut city, way + 1, (grid[here], grid[here + SIDE]), RoadClass::Residential, 13.9);
                }
            }
        }
        banks.push(grid);
    }
    let last = SIDE - 1;
    street(&mut city, 900, (banks[0][SIDE + last], banks[1][SIDE]), RoadClass::Secondary, 13.9);
    let (north_west, north_east) = (node(&mut city, 450.0, 2000.0), node(&mut city, 800.0, 2000.0));
    street(&mut city, 800, (banks[0][last * SIDE + last], north_west), RoadClass::Secondary, 13.9);
    street(&mut city, 801, (banks[1][last * SIDE], north_east), RoadClass::Secondary, 13.9);
    street(&mut city, 901, (north_west, north_east), RoadClass::Secondary, 13.9);
    city.population = Some(1500);
    city
}

fn spec(hours: f64, edits: Vec<Request>) -> RunSpec {
    RunSpec { hours, seed: 7, start: "2026-03-03T06:30:00Z".parse().unwrap(), threads: 1, edits }
}

#[test]
fn trips_and_energy_are_conserved() {
    let result = run(&two_banks(), &spec(2.5, vec![Request::SetShare(Technology::Photovoltaics, 0.5)]), &()).unwrap();
    let v = result.vehicles;
    assert!(v.demanded > 100 && v.arrived > 50, "{v:?}");
    assert_eq!(v.demanded, v.arrived + v.under_way + v.refused);
    assert_eq!(v.refused, result.refusals.values().sum::<u64>());
    let e = result.energy_mwh;
    assert!((e.supplied - (e.load + e.losses - e.pv)).abs() <= 1e-6 * e.load, "{e:?}");
    assert!(e.load > 0.0 && e.pv > 0.0 && e.losses > 0.0);
    assert_eq!(result.hourly.len(), 3);
    assert_eq!(result.hourly.iter().map(|h| h.demanded).sum::<u64>(), v.demanded);
    assert_eq!(result.hourly.iter().map(|h| h.arrived).sum::<u64>(), v.arrived);
    assert!((result.hourly.iter().map(|h| h.load_mwh).sum::<f64>() - e.load).abs() < 1e-9);
    assert_eq!(result.hourly[1].local, "2026-03-03T07:30:00");
    assert!(result.key_figures.iter().all(|f| f.value.is_finite()), "{:?}", result.key_figures);
}

#[test]
fn the_same_run_gives_the_same_bytes_on_any_number_of_threads() {
    let city = two_banks();
    let bytes = |threads| {
        let result = run(&city, &RunSpec { threads, ..spec(1.0, vec![]) }, &()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_outputs(&result, folder.path()).unwrap();
        ["summary.json", "hours.csv", "links.csv", "transformers.csv"]
            .map(|f| std::fs::read(folder.path().join(f)).unwrap())
    };
    let one = bytes(1);
    assert!(one == bytes(1) && one == bytes(2) && one == bytes(3));
    let other = run(&city, &RunSpec { seed: 8, ..spec(1.0, vec![]) }, &()).unwrap();
    assert!(!String::from_utf8(one[0].clone()).unwrap().contains(&other.state_hash));
}

#[test]
fn the_summary_has_the_names_that_scripts_rely_on() {
    let result = run(&two_banks(), &spec(0.2, vec![Request::close(BRIDGE)]), &()).unwrap();
    let json: serde_json::Value = serde_json::to_value(&result).unwrap();
    for pointer in ["/vehicles/demanded", "/vehicles/arrived", "/vehicles/under_way", "/vehicles/refused"] {
        assert!(json.pointer(pointer).unwrap().is_u64(), "{pointer}");
    }
    for pointer in
        ["/mean_travel_time_s", "/energy_mwh/load", "/energy_mwh/pv", "/energy_mwh/losses", "/energy_mwh/supplied"]
    {
        assert!(json.pointer(pointer).unwrap().is_number(), "{pointer}");
    }
    assert_eq!(json["state_hash"].as_str().unwrap().len(), 16);
    assert_eq!(json["edits"][0], "close:way/900");
}

#[test]
fn closing_the_bridge_lengthens_trips_and_moves_the_flow() {
    let city = two_banks();
    let start: Timestamp = "2026-03-03T07:00:00Z".parse().unwrap();
    let base = RunSpec { start, threads: 0, ..spec(1.0, vec![]) };
    let question =
        CompareSpec { replications: 3, warm_up_s: 1200.0, ..CompareSpec::quick(base, vec![Request::close(BRIDGE)]) };
    let answer = compare(&Prepared::new(&city), &question, &()).unwrap();
    let travel = answer.figures.iter().find(|f| f.name == "mean_travel_time").unwrap();
    assert!(travel.difference > travel.interval_95.unwrap() && travel.difference > 0.5, "{travel:?}");
    let change = |way: i64| -> f32 {
        let links = city.links.iter().filter(|l| city.roads[l.road.index()].source == SourceRef::Way(way));
        links.map(|l| answer.flow_change_vph()[l.id.index()]).sum()
    };
    assert!(change(900) < -10.0 && change(901) > 10.0, "{} {}", change(900), change(901));
    // Electric cars drive round and charge it at home.
    let load = answer.figures.iter().find(|f| f.name == "peak_load").unwrap();
    assert!(load.difference > load.interval_95.unwrap(), "{load:?}");
}

#[test]
fn identical_scenarios_differ_by_exactly_nothing() {
    let city = two_banks();
    for threads in [1, 2] {
        let base = RunSpec { threads, ..spec(0.5, vec![Request::SetShare(Technology::ElectricCars, 0.3)]) };
        let question = CompareSpec { base, edits: vec![], replications: 2, warm_up_s: 300.0 };
        let answer = compare(&Prepared::new(&city), &question, &()).unwrap();
        for figure in &answer.figures {
            assert_eq!((figure.difference, figure.interval_95), (0.0, Some(0.0)), "{}", figure.name);
        }
        assert!(answer.flow_change_vph().iter().all(|&change| change == 0.0));
    }
}

#[test]
fn shares_change_energy_and_demand_changes_trips() {
    let city = two_banks();
    let figure = |edits: Vec<Request>, name: &str| {
        let result = run(&city, &spec(1.0, edits), &()).unwrap();
        result.key_figures.iter().find(|f| f.name == name).unwrap().value
    };
    assert!(
        figure(vec![Request::SetShare(Technology::Photovoltaics, 1.0)], "pv_share_of_load")
            > figure(vec![], "pv_share_of_load")
    );
    assert!(figure(vec![Request::SetShare(Technology::ElectricCars, 1.0)], "peak_load") > figure(vec![], "peak_load"));
    assert_eq!(figure(vec![Request::SetShare(Technology::ElectricCars, 1.0)], "car_co2"), 0.0);
    assert!(figure(vec![Request::SetDemandFactor(0.3)], "vehicle_km") < figure(vec![], "vehicle_km"));
}

struct StopAt(f32, AtomicBool, AtomicU32);

impl Watch for StopAt {
    fn progress(&self, fraction: f32) {
        self.2.store((fraction * 1000.0) as u32, Ordering::Relaxed);
        self.1.store(fraction >= self.0, Ordering::Relaxed);
    }
    fn cancelled(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }
}

#[test]
fn a_run_can_be_cancelled_and_bad_questions_are_refused() {
    let city = two_banks();
    let watch = StopAt(0.3, AtomicBool::new(false), AtomicU32::new(0));
    assert!(matches!(run(&city, &spec(1.0, vec![]), &watch), Err(RunError::Cancelled)));
    assert!((300..400).contains(&watch.2.load(Ordering::Relaxed)));
    for hours in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
        assert!(matches!(run(&city, &spec(hours, vec![]), &()), Err(RunError::Hours(_))), "{hours}");
    }
    let nowhere = Request::close(SourceRef::Way(1));
    assert!(matches!(
        run(&city, &spec(1.0, vec![nowhere]), &()),
        Err(RunError::Edit(EditError::Network(NetworkEditError::UnknownRoad(_))))
    ));
    let late = RunSpec { start: Timestamp::MAX, ..spec(1.0, vec![]) };
    assert!(matches!(run(&city, &late, &()), Err(RunError::Calendar)));
}

#[test]
fn outputs_refuse_a_file_in_their_place_and_say_where() {
    let result = run(&two_banks(), &spec(0.1, vec![]), &()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("taken");
    std::fs::write(&file, "mine").unwrap();
    let message = write_outputs(&result, &file).unwrap_err().to_string();
    assert!(message.contains("taken") && !message.contains('\n'), "{message}");
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    let new = folder.path().join("a/b");
    write_outputs(&result, &new).unwrap();
    write_outputs(&result, &new).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(&new).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["hours.csv", "links.csv", "summary.json", "transformers.csv"]);
}

#[test]
fn an_empty_city_runs() {
    let bounds = GeoBounds { west: 0.0, south: 0.0, east: 0.0, north: 0.0 };
    let city = City::empty("Nowhere", Anchor::new(LonLat { lon: 0.0, lat: 0.0 }), bounds);
    let result = run(&city, &spec(1.0, vec![]), &()).unwrap();
    assert_eq!((result.vehicles.demanded, result.energy_mwh.load), (0, 0.0));
    assert!(result.key_figures.iter().all(|f| f.value.is_finite()), "{:?}", result.key_figures);
}

fn figure(answer: &PeakAnswer, name: &str) -> f64 {
    answer.figures.iter().find(|f| f.name == name).unwrap().value
}

fn peak(city: &Arc<City>) -> PeakHour {
    let network = Arc::new(Network::compile(city));
    let demand = Demand::estimate(city, &network);
    PeakHour::prepare(city.clone(), network, &demand, &()).unwrap()
}

/// The panel and the demand's report say the same of the peak hour; matrices hold f32 weights.
#[test]
fn the_peak_hour_has_the_trips_of_the_demands_report() {
    let city = Arc::new(two_banks());
    let base = peak(&city).baseline().unwrap();
    let demand = Demand::estimate(&city, &Network::compile(&city));
    let report = demand.report().unwrap();
    let said = report.figures.iter().find(|f| f.name == "car trips that start in the peak hour").unwrap().value;
    assert!(said > 10.0 && (base.trips / said - 1.0).abs() < 1e-6, "{} beside {said}", base.trips);
    assert!(base.within_zones <= base.trips);
}

/// The bridge's traffic goes the long way when it is closed, and comes back when it is opened: the same numbers as from
/// the start.
#[test]
fn the_peak_hour_answers_a_closed_bridge() {
    let city = Arc::new(two_banks());
    let mut peak = peak(&city);
    let base = peak.baseline().unwrap();
    let way = |answer: &PeakAnswer, way: &SourceRef| -> f64 {
        let of = |l: &&Link| city.roads[l.road.index()].source == *way;
        city.links.iter().filter(of).map(|l| f64::from(answer.flow_vph[l.id.index()])).sum()
    };
    let (bridge, long_way) = (BRIDGE, SourceRef::Way(901));
    assert!(way(&base, &bridge) > 10.0, "{} trips, none over the bridge", base.trips);
    let closed = Assumptions::with_requests(&city, &[Request::close(BRIDGE)]).unwrap();
    let without = peak.answer(&closed, &()).unwrap();
    assert_eq!(way(&without, &bridge), 0.0);
    // A zone that touches both ways may start its trips on the other one.
    let (more, gone) = (way(&without, &long_way) - way(&base, &long_way), way(&base, &bridge));
    assert!(more > 0.7 * gone && more < 1.01 * gone, "it goes round: {more} of {gone}");
    assert!(figure(&without, "peak_vehicle_h") > 1.2 * figure(&base, "peak_vehicle_h"));
    let first = city.links.iter().find(|l| city.roads[l.road.index()].source == BRIDGE).unwrap().id;
    assert!(without.level[first.index()].is_nan(), "a closed road has no level of service");
    let back = peak.answer(&Assumptions::default(), &()).unwrap();
    for (was, is) in base.figures.iter().zip(&back.figures) {
        assert!((was.value - is.value).abs() <= 1e-3 * was.value.abs().max(1.0), "{was:?} {is:?}");
    }
}

#[test]
fn the_peak_hour_follows_demand_lanes_tolls_and_bans() {
    let city = Arc::new(two_banks());
    let mut peak = peak(&city);
    let base = peak.baseline().unwrap();
    let mut answer = |edit: &str| {
        let request: Request = edit.parse().unwrap();
        peak.answer(&Assumptions::with_requests(&city, &[request]).unwrap(), &()).unwrap()
    };
    let double = answer("demand=2");
    assert!((double.trips - 2.0 * base.trips).abs() < 1e-6 * base.trips);
    assert!(figure(&double, "peak_vehicle_h") > 1.99 * figure(&base, "peak_vehicle_h"));
    let slow = answer("speed:way/900=10");
    assert!(figure(&slow, "peak_vehicle_h") > figure(&base, "peak_vehicle_h"));
    let tolled = answer("toll:way/900=1000");
    assert!(figure(&tolled, "peak_vehicle_km") > figure(&base, "peak_vehicle_km"), "they go round");
    let of = |node: NodeId| city.nodes[node.index()].source.clone();
    let bridge = city.links.iter().find(|l| city.roads[l.road.index()].source == BRIDGE && l.forward).unwrap();
    let onto = city.links.iter().find(|l| l.to == bridge.from && l.road != bridge.road).unwrap();
    let from = &city.roads[onto.road.index()].source;
    let banned = answer(&format!("ban:{from}>{}>way/900", of(bridge.from)));
    let (with, without) = (figure(&base, "peak_vehicle_h"), figure(&banned, "peak_vehicle_h"));
    assert!(without > with * (1.0 - 2e-4), "fewer ways are never quicker here: {without} {with}");
    let again = answer("demand=1");
    assert!((figure(&again, "peak_vehicle_h") - figure(&base, "peak_vehicle_h")).abs() < 1e-2);
}

#[test]
fn a_road_says_who_drives_there() {
    let city = Arc::new(two_banks());
    let peak = peak(&city);
    let of = |source: &SourceRef| city.roads.iter().find(|r| r.source == *source).unwrap().id;
    let account = peak.account(of(&BRIDGE)).unwrap();
    let sums = [&account.from, &account.to].map(|list| list.iter().map(|(_, x)| x).sum::<f64>());
    for sum in sums {
        assert!(sum > 0.5 * account.vehicles && sum <= account.vehicles * (1.0 + 1e-9), "{account:?}");
    }
    let link = city.links.iter().find(|l| l.road == of(&BRIDGE) && l.forward).unwrap().id;
    assert!(account.minutes[link.index()] < 1.0 || account.bundle_vph[link.index()] > 0.0);
    let most = account.bundle_vph.iter().fold(0.0_f32, |a, b| a.max(*b));
    assert!(f64::from(most) <= account.vehicles + 1e-3);
    let (minutes, people, jobs) = account.within[0];
    assert_eq!(minutes, 15.0);
    assert!(people > 100.0 && jobs > 10.0, "{:?}", account.within);
    assert_eq!(peak.account(RoadId(99_999)), None);
}
