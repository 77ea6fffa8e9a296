//! SUMO scenarios: every element on a net of four edges, everything wrong with its line, three published scenarios.

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use citytwin_traffic::{
    lane_graph::LaneGraph,
    meso::Meso,
    micro::Micro,
    sumo::{
        SumoArrivalLane, SumoArrivalPosition, SumoArrivalSpeed, SumoDepartLane, SumoDepartPosition, SumoDepartSpeed,
        SumoScenario, SumoScenarioError, SumoSpeedFactor, SumoStop, SumoTrip, SumoType, read_scenario,
    },
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// a (2 lanes, lane 0 for buses) goes on to b at signals, b to c; d is apart and 8 m long. a to d is for buses.
const NET: &str = r#"<net>
<edge id="a" from="A" to="B"><lane id="a_0" index="0" speed="10" length="100" shape="0,0 100,0" allow="bus"/>
<lane id="a_1" index="1" speed="10" length="100" shape="0,3 100,3" disallow="pedestrian"/></edge>
<edge id="b" from="B" to="C"><lane id="b_0" index="0" speed="10" length="50" shape="100,0 150,0"/></edge>
<edge id="c" from="C" to="D"><lane id="c_0" index="0" speed="10" length="60" shape="150,0 210,0"/></edge>
<edge id="d" from="B" to="D"><lane id="d_0" index="0" speed="10" length="8" shape="100,0 108,0"/></edge>
<tlLogic id="B" programID="0"><phase duration="30" state="Gr"/><phase duration="30" state="rG"/></tlLogic>
<junction id="A" type="dead_end" x="0" y="0" incLanes=""/>
<junction id="B" type="traffic_light" x="100" y="0" incLanes=""/>
<junction id="C" type="priority" x="150" y="0" incLanes=""/>
<junction id="D" type="dead_end" x="210" y="0" incLanes=""/>
<connection from="a" to="b" fromLane="1" toLane="0" dir="s" state="o" tl="B" linkIndex="0"/>
<connection from="a" to="d" fromLane="0" toLane="0" dir="r" state="o" tl="B" linkIndex="1"/>
<connection from="b" to="c" fromLane="0" toLane="0" dir="s" state="M"/>
</net>"#;

const CONFIG: &str = r#"<configuration><input>
<net-file value="net.xml"/><route-files value="one.xml, two.xml"/><additional-files value="add.xml"/></input>
<time><begin value="10"/><end value="0:01:40"/><step-length value="0.5"/></time>
<random><seed value="7"/></random><time-to-teleport value="-1"/>
<processing><lateral-resolution value="0.8"/></processing><report><no-step-log value="true"/></report></configuration>"#;

/// A scenario of the small net from what stands in its three files.
fn read(additional: &str, one: &str, two: &str) -> Result<SumoScenario, SumoScenarioError> {
    let around = |text: &str| format!("<routes>\n{text}\n</routes>").into_bytes();
    let files = BTreeMap::from([
        ("run.sumocfg", CONFIG.as_bytes().to_vec()),
        ("net.xml", NET.as_bytes().to_vec()),
        ("add.xml", around(additional)),
        ("one.xml", around(one)),
        ("two.xml", around(two)),
    ]);
    read_files(&files)
}

fn read_files(files: &BTreeMap<&str, Vec<u8>>) -> Result<SumoScenario, SumoScenarioError> {
    read_scenario("run.sumocfg", &mut |name| {
        files.get(name).cloned().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file"))
    })
}

/// A scenario without a problem.
fn good(additional: &str, one: &str) -> SumoScenario {
    let scenario = read(additional, one, "").unwrap();
    assert_eq!(scenario.problems, [], "{one}");
    scenario
}

fn departures(scenario: &SumoScenario) -> Vec<(&str, f64)> {
    scenario.trips.iter().map(|trip| (trip.id.as_str(), trip.depart_s)).collect()
}

#[test]
fn a_configuration_says_when_and_how() {
    let scenario = good("", "");
    assert_eq!((scenario.begin_s, scenario.end_s, scenario.step_s), (10.0, Some(100.0), 0.5));
    assert_eq!((scenario.seed, scenario.time_to_teleport_s), (Some(7), -1.0));
    assert_eq!(scenario.unsupported, BTreeMap::from([("option lateral-resolution".to_owned(), 1)]));
    let plain = BTreeMap::from([
        ("run.sumocfg", br#"<sumoConfiguration><n v="net.xml"/></sumoConfiguration>"#.to_vec()),
        ("net.xml", NET.as_bytes().to_vec()),
    ]);
    let scenario = read_files(&plain).unwrap();
    assert_eq!((scenario.begin_s, scenario.end_s, scenario.step_s), (0.0, None, 1.0));
    assert_eq!((scenario.seed, scenario.time_to_teleport_s), (None, 300.0));
}

#[test]
fn trips_are_by_departure_and_then_as_they_stand() {
    let one = r#"<vehicle id="v" depart="30"><route edges="a b c"/></vehicle><trip id="t" depart="0:00:20" from="a" to="c" via="b"/>"#;
    let two = r#"<vehicle id="w" depart="30"><route edges=" b  c "/></vehicle><vehicle id="x" depart="begin"><route edges="c"/></vehicle>"#;
    let scenario = read("", one, two).unwrap();
    assert_eq!(scenario.problems, []);
    assert_eq!(departures(&scenario), [("x", 10.0), ("t", 20.0), ("v", 30.0), ("w", 30.0)]);
    let routes: Vec<&[u32]> = scenario.trips.iter().map(|trip| &*trip.route).collect();
    assert_eq!(routes, [&[2][..], &[], &[0, 1, 2], &[1, 2]]);
    let trip = &scenario.trips[1];
    assert_eq!((trip.from, trip.to, trip.via.as_slice()), (Some(0), Some(2), &[1][..]));
}

#[test]
fn a_trip_keeps_how_it_departs_and_arrives() {
    let first = |attributes: &str| -> SumoTrip {
        let text = format!(r#"<vehicle id="v" depart="10" {attributes}><route edges="a b"/></vehicle>"#);
        good("", &text).trips[0].clone()
    };
    let plain = first("");
    assert_eq!(plain.depart_lane, SumoDepartLane::First);
    assert_eq!((plain.depart_pos, plain.depart_speed), (SumoDepartPosition::Base, SumoDepartSpeed::Mps(0.0)));
    assert_eq!((plain.arrival_lane, plain.arrival_pos), (SumoArrivalLane::Current, SumoArrivalPosition::Max));
    assert_eq!((plain.arrival_speed, plain.line, plain.speed_factor), (SumoArrivalSpeed::Current, None, None));
    for (word, lane) in [
        ("random", SumoDepartLane::Random),
        ("free", SumoDepartLane::Free),
        ("best", SumoDepartLane::Best),
        ("allowed", SumoDepartLane::Allowed),
        ("1", SumoDepartLane::Index(1)),
    ] {
        assert_eq!(first(&format!("departLane=\"{word}\"")).depart_lane, lane);
    }
    for (word, position) in [
        ("random", SumoDepartPosition::Random),
        ("free", SumoDepartPosition::Free),
        ("last", SumoDepartPosition::Last),
        ("random_free", SumoDepartPosition::RandomFree),
        ("-2.5", SumoDepartPosition::Metre(-2.5)),
    ] {
        assert_eq!(first(&format!("departPos=\"{word}\"")).depart_pos, position);
    }
    for (word, speed) in [
        ("max", SumoDepartSpeed::Max),
        ("random", SumoDepartSpeed::Random),
        ("desired", SumoDepartSpeed::Desired),
        ("speedLimit", SumoDepartSpeed::SpeedLimit),
        ("last", SumoDepartSpeed::Last),
        ("avg", SumoDepartSpeed::Average),
        ("3", SumoDepartSpeed::Mps(3.0)),
    ] {
        assert_eq!(first(&format!("departSpeed=\"{word}\"")).depart_speed, speed);
    }
    let all = first(r#"arrivalLane="0" arrivalPos="-1" arrivalSpeed="2" line="36" speedFactor="1.2""#);
    assert_eq!((all.arrival_lane, all.arrival_pos), (SumoArrivalLane::Index(0), SumoArrivalPosition::Metre(-1.0)));
    assert_eq!((all.arrival_speed, all.line.as_deref()), (SumoArrivalSpeed::Mps(2.0), Some("36")));
    assert_eq!(all.speed_factor, Some(1.2));
}

/// Defaults are SUMO's own (TraCI, 1.28.0).
#[test]
fn types_state_what_they_state_and_take_the_rest_of_their_class() {
    let kind = |text: &str| -> SumoType { good(text, "").types[3].clone() };
    let car = kind(r#"<vType id="t"/>"#);
    assert_eq!((car.class.name(), car.length_m, car.min_gap_m, car.tau_s), ("passenger", 5.0, 2.5, 1.0));
    assert_eq!((car.accel_mps2, car.decel_mps2, car.emergency_decel_mps2, car.sigma), (2.6, 4.5, 9.0, 0.5));
    let bounds = Some([0.2, 2.0]);
    assert_eq!(car.speed_factor, SumoSpeedFactor { mean: 1.0, dev: 0.1, bounds });
    assert_eq!((car.max_speed_mps, car.desired_max_speed_mps), (200.0 / 3.6, None));
    let bus = kind(r#"<vType id="t" vClass="bus" decel="8" lcStrategic="2" jmTimegapMinor="1" latAlignment="left"/>"#);
    assert_eq!((bus.length_m, bus.accel_mps2, bus.decel_mps2, bus.emergency_decel_mps2), (12.0, 1.2, 8.0, 8.0));
    assert_eq!((bus.speed_factor.dev, bus.width_m), (0.0, 2.5));
    assert_eq!((bus.lane_change["lcStrategic"], bus.junction["jmTimegapMinor"]), (2.0, 1.0));
    let idm = kind(r#"<vType id="t" vClass="truck"><carFollowing-IDM accel="1.5" tau="1.4"/></vType>"#);
    assert_eq!((idm.car_follow_model.as_str(), idm.accel_mps2, idm.tau_s, idm.length_m), ("IDM", 1.5, 1.4, 7.1));
    let idm = kind(r#"<vType id="t" carFollowModel="IDM" actionStepLength="0.5" emissionClass="zero"/>"#);
    assert_eq!((idm.car_follow_model.as_str(), idm.action_step_s), ("IDM", Some(0.5)));
    assert_eq!(idm.emission_class.as_deref(), Some("zero"));
    assert_eq!(kind(r#"<vType id="t" vClass="bicycle"/>"#).desired_max_speed_mps, Some(20.0 / 3.6));
    for (text, mean, dev, bounds) in [
        (r#"speedFactor="1.1""#, 1.1, 0.1, bounds),
        (r#"speedFactor="1.1" speedDev="0""#, 1.1, 0.0, bounds),
        (r#"speedDev="0.3""#, 1.0, 0.3, bounds),
        (r#"speedFactor="normc(1, 0.2,0.5,1.5)""#, 1.0, 0.2, Some([0.5, 1.5])),
        (r#"speedFactor="norm(0.9,0.2)""#, 0.9, 0.2, None),
    ] {
        let read = kind(&format!("<vType id=\"t\" {text}/>")).speed_factor;
        assert_eq!(read, SumoSpeedFactor { mean, dev, bounds }, "{text}");
    }
    let scenario = good(r#"<vType id="DEFAULT_VEHTYPE" length="7"/>"#, r#"<trip id="t" depart="10" from="a" to="c"/>"#);
    assert_eq!(scenario.types[scenario.trips[0].kind].length_m, 7.0);
}

#[test]
fn a_distribution_gives_each_trip_its_type_by_weight_and_seed() {
    let additional = r#"<vTypeDistribution id="mix"><vType id="p" probability="0.75"/><vType id="q" probability="0.25"/></vTypeDistribution>
        <vTypeDistribution id="named" vTypes="p q" probabilities="0 2"/><vTypeDistribution id="stated" vTypes="p q"/>"#;
    let flows = r#"<flow id="f" type="mix" begin="10" end="100" number="4000" from="a" to="c"/>
        <flow id="g" type="named" begin="10" end="100" number="100" from="a" to="c"/>"#;
    let mut scenario = good(additional, flows);
    assert_eq!(scenario.distributions[1].types, [(3, 0.0), (4, 2.0)]);
    assert_eq!(scenario.distributions[2].types, [(3, 0.75), (4, 0.25)]);
    let of = |scenario: &SumoScenario, d: usize| -> Vec<usize> {
        scenario.trips.iter().filter(|t| t.distribution == Some(d)).map(|t| t.kind).collect()
    };
    let before = of(&scenario, 0);
    let share = before.iter().filter(|kind| **kind == 3).count() as f64 / before.len() as f64;
    // Three standard deviations of 4,000 draws: 0.02.
    assert!((share - 0.75).abs() < 0.02, "{share}");
    assert!(of(&scenario, 1).iter().all(|kind| *kind == 4));
    scenario.draw_types(8);
    assert_ne!(of(&scenario, 0), before);
    scenario.draw_types(7);
    assert_eq!(of(&scenario, 0), before);
}

/// Departures as SUMO 1.28.0 gave them for these flows (its vehroute output), of a scenario that begins at 0.
#[test]
fn flows_depart_as_in_sumo() {
    for (attributes, expected) in [
        (r#"begin="10" end="110" period="30""#, &[10.0, 40.0, 70.0, 100.0][..]),
        (r#"begin="10" end="70" number="3""#, &[10.0, 30.0, 50.0]),
        (r#"begin="10" end="110" vehsPerHour="100""#, &[10.0, 46.0, 82.0]),
        (r#"begin="15" period="0:00:20" number="2""#, &[15.0, 35.0]),
        (r#"begin="10" end="13" probability="1""#, &[10.0, 11.0, 12.0]),
        (r#"begin="10" end="13" probability="0""#, &[]),
        (r#"begin="10" period="exp(0.5)" number="1""#, &[10.0]),
    ] {
        let scenario = good("", &format!("<flow id=\"f\" {attributes} from=\"a\" to=\"c\"/>"));
        let times: Vec<f64> = scenario.trips.iter().map(|trip| trip.depart_s).collect();
        assert_eq!(times, expected, "{attributes}");
    }
    let scenario = good("", r#"<flow id="f" begin="10" period="30" number="2"><route edges="a b"/></flow>"#);
    assert_eq!(departures(&scenario), [("f.0", 10.0), ("f.1", 40.0)]);
    assert!(Arc::ptr_eq(&scenario.trips[0].route, &scenario.trips[1].route));
    let random = r#"<flow id="f" begin="10" end="100" period="exp(20)" from="a" to="c"/><flow id="g" begin="10" end="90" probability="0.5" from="a" to="c"/>"#;
    let scenario = good("", random);
    let count = |name: &str| scenario.trips.iter().filter(|t| t.id.starts_with(name)).count();
    // Three standard deviations of 1,800 and of 80 draws of a half.
    assert!((count("f") as f64 - 1800.0).abs() < 127.0, "{}", count("f"));
    assert!((count("g") as f64 - 40.0).abs() < 13.5, "{}", count("g"));
    assert_eq!(scenario, good("", random));
}

#[test]
fn stops_are_found_and_lie_in_their_lanes() {
    let additional = r#"<busStop id="s" name="Plaza" lane="b_0" startPos="10" endPos="-20"/><trainStop id="u" lane="c_0"/>
        <route id="r" edges="a b c"><stop lane="a_1" endPos="40" duration="5"/></route>"#;
    let flow = r#"<flow id="f" begin="10" period="20" number="2" route="r"><stop busStop="s" duration="20" until="0:01:00"/>
        <stop edge="c" startPos="3" until="90" parking="true"/></flow>"#;
    let scenario = good(additional, flow);
    let plaza = &scenario.stops[0];
    assert_eq!((plaza.lane, plaza.start_m, plaza.end_m, plaza.name.as_deref()), ((1, 0), 10.0, 30.0, Some("Plaza")));
    assert_eq!((scenario.stops[1].start_m, scenario.stops[1].end_m), (0.0, 60.0));
    let stop = |lane, start_m, end_m, duration_s, until_s, bus_stop| SumoStop {
        lane,
        start_m,
        end_m,
        duration_s,
        until_s,
        bus_stop,
    };
    let expected = |later_s: f64| {
        [
            stop((0, 1), 39.8, 40.0, Some(5.0), None, None),
            stop((1, 0), 10.0, 30.0, Some(20.0), Some(60.0 + later_s), Some(0)),
            stop((2, 0), 3.0, 60.0, None, Some(90.0 + later_s), None),
        ]
    };
    assert_eq!(scenario.trips[0].stops, expected(0.0));
    assert_eq!(scenario.trips[1].stops, expected(20.0));
    assert_eq!(scenario.unsupported["stop parking"], 1);
}

#[test]
fn the_signal_program_that_is_loaded_last_is_active() {
    let additional =
        r#"<tlLogic id="B" programID="long" type="static" offset="5"><phase duration="50" state="GG"/></tlLogic>"#;
    let scenario = good(additional, "");
    let programs: Vec<&str> = scenario.net.programs.iter().map(|p| p.program.as_str()).collect();
    assert_eq!(programs, ["0", "long"]);
    let compiled = scenario.net.compile();
    let link = |name| compiled.link(name).unwrap();
    let turn = compiled.network.turn(link("a"), link("b")).unwrap();
    assert_eq!(compiled.network.turn_timing(turn).unwrap().0, 50.0);
}

#[test]
fn what_is_not_read_is_counted() {
    let additional = r#"<e1Detector id="e"/><e1Detector id="f"/><poly id="p"><param key="k" value="v"/></poly><WAUT id="w"/>
        <vType id="t"><param key="k" value="v"/></vType>"#;
    let one = r#"<person id="p" depart="0"><personTrip/></person><vehicle id="v" depart="10" departEdge="1" color="red"><route edges="a b"/></vehicle>"#;
    let mut unsupported = good(additional, one).unsupported;
    unsupported.remove("option lateral-resolution");
    let expected =
        [("WAUT", 1), ("e1Detector", 2), ("param", 1), ("person", 1), ("poly", 1), ("vehicle departEdge", 1)];
    assert_eq!(unsupported, expected.map(|(name, count)| (name.to_owned(), count)).into());
}

/// Each wrong element is one problem; `kept`: trips that are left, beside a good one.
#[test]
fn what_is_wrong_is_one_problem_with_its_place() {
    const GOOD: &str = r#"<vehicle id="good" depart="10"><route edges="a b c"/></vehicle>"#;
    let check = |wrong: &str, words: &str, kept: usize| {
        let scenario = read("", &format!("{GOOD}\n\n{wrong}"), "").unwrap();
        let [problem] = scenario.problems.as_slice() else { panic!("{wrong}: {:?}", scenario.problems) };
        assert!(problem.what.contains(words), "{wrong}: {}", problem.what);
        assert_eq!((problem.file.as_str(), problem.line), ("one.xml", 4), "{wrong}");
        assert_eq!(scenario.trips.len(), 1 + kept, "{wrong}");
    };
    let vehicle = |attributes: &str| format!(r#"<vehicle id="v" {attributes}><route edges="a b"/></vehicle>"#);
    check(r#"<vehicle id="v" depart="10"><route edges="a nowhere"/></vehicle>"#, "no edge nowhere", 0);
    check(r#"<vehicle id="v" depart="10"><route edges="a c"/></vehicle>"#, "no connection from a to c", 0);
    check(r#"<vehicle id="v" depart="10"><route edges="a d"/></vehicle>"#, "from a to d for passenger", 0);
    check(r#"<vehicle id="v" depart="10"><route edges=""/></vehicle>"#, "has no edges", 0);
    check(r#"<vehicle id="v" depart="10" route="r"/>"#, "no route r", 0);
    check(r#"<vehicle id="v" depart="10"/>"#, "no route, and no edges", 0);
    check(r#"<trip id="v" depart="10" from="a" to="z"/>"#, "no edge z", 0);
    check(r#"<trip id="v" depart="10" from="a" to="b" via="z"/>"#, "no edge z", 0);
    check(&vehicle(r#"depart="10" type="tank""#), "no type tank", 0);
    check(&vehicle(r#"depart="9""#), "before the begin", 0);
    check(&vehicle(r#"depart="-1""#), "before the begin", 0);
    check(&vehicle(r#"depart="triggered""#), "depart `triggered`", 0);
    check(&vehicle(r#"depart="NaN""#), "depart `NaN`", 0);
    check(&vehicle(""), "no `depart`", 0);
    check(&vehicle(r#"depart="10" departLane="2""#), "departs on lane 2, edge a has 2", 0);
    check(&vehicle(r#"depart="10" departLane="-1""#), "departLane", 0);
    check(&vehicle(r#"depart="10" departPos="200""#), "200 m of a lane of 100 m", 0);
    check(&vehicle(r#"depart="10" departSpeed="-3""#), "departSpeed", 0);
    check(&vehicle(r#"depart="10" speedFactor="0""#), "speedFactor", 0);
    check(r#"<vehicle id="good" depart="10"><route edges="a b"/></vehicle>"#, "stands twice", 0);
    check(r#"<vehicle depart="10"><route edges="a b"/></vehicle>"#, "has no `id`", 0);
    check(
        r#"<vType id="t" vClass="bus" length="10"/><trip id="v" depart="10" type="t" from="d" to="d"/>"#,
        "10 m long",
        1,
    );
    check(r#"<vType id="t" vClass="hover"/>"#, "vClass `hover`", 0);
    check(r#"<vType id="t" length="0"/>"#, "length `0`", 0);
    check(r#"<vType id="t" accel="inf"/>"#, "accel `inf`", 0);
    check(r#"<vType id="t" sigma="2"/>"#, "sigma `2`", 0);
    check(r#"<vType id="t" speedFactor="normc(1,2"/>"#, "speedFactor", 0);
    check(r#"<vType id="t" speedFactor="-1"/>"#, "moves no one", 0);
    check(r#"<vTypeDistribution id="t" vTypes="x y"/>"#, "no type x", 0);
    check(r#"<vTypeDistribution id="t"/>"#, "no type of positive probability", 0);
    check(r#"<route id="r" edges="a z"/>"#, "no edge z", 0);
    check(r#"<flow id="f" begin="10" end="20" from="a" to="b"/>"#, "no number, period", 0);
    check(r#"<flow id="f" begin="20" end="10" period="1" from="a" to="b"/>"#, "from 20 s to 10 s", 0);
    check(r#"<flow id="f" begin="10" end="20" period="0" from="a" to="b"/>"#, "period `0`", 0);
    check(r#"<flow id="f" begin="10" end="20" probability="1.5" from="a" to="b"/>"#, "probability", 0);
    check(r#"<flow id="f" begin="10" end="90" number="9999999999" from="a" to="b"/>"#, "more than 5000000", 0);
    check(r#"<flow id="f" begin="0" end="20" period="5" from="a" to="b"/>"#, "2 departures before the begin", 2);
    check(r#"<busStop id="s" lane="b_7"/>"#, "no lane b_7", 0);
    check(r#"<busStop id="s" lane="b_0" startPos="40" endPos="30"/>"#, "no stretch", 0);
    check(
        r#"<vehicle id="v" depart="10"><route edges="a b"/><stop busStop="s" duration="1"/></vehicle>"#,
        "no bus stop s",
        1,
    );
    check(
        r#"<vehicle id="v" depart="10"><route edges="a b"/><stop lane="c_0" duration="1"/></vehicle>"#,
        "not ahead",
        1,
    );
    check(r#"<vehicle id="v" depart="10"><route edges="a b"/><stop lane="b_0"/></vehicle>"#, "no `duration`", 1);
    check(r#"<tlLogic id="X"><phase duration="5" state="GG"/></tlLogic>"#, "no signals of the net", 0);
    check(r#"<tlLogic id="B" programID="0"><phase duration="5" state="GG"/></tlLogic>"#, "stands twice", 0);
    check(r#"<tlLogic id="B" programID="1"><phase duration="5" state="G"/></tlLogic>"#, "1 states for 2 links", 0);
    check(r#"<tlLogic id="B" programID="1"><phase duration="5" state="GGG"/></tlLogic>"#, "3 states for 2 links", 0);
    check(
        r#"<tlLogic id="B" programID="1"><phase duration="5" state="Gr"/></tlLogic>"#,
        "never shows green to link 1",
        0,
    );
    check(r#"<tlLogic id="B" programID="1"><phase duration="5" state="Gx"/></tlLogic>"#, "no signal state", 0);
    check(r#"<tlLogic id="B" programID="1"/>"#, "no phases", 0);
    // What buses may, and who heeds no lane.
    for class in ["bus", "ignoring"] {
        let kind = format!(r#"<vType id="t" vClass="{class}" length="6"/>"#);
        good(&kind, r#"<vehicle id="v" type="t" depart="10"><route edges="a d"/></vehicle>"#);
    }
}

/// The net's own signals: a turn without green is one problem with the line of its program; another file's program replaces
/// it. Who wants to turn there waits, or finds another way; all others drive.
#[test]
fn a_turn_that_never_has_green_is_named_and_the_rest_runs() {
    let closed = NET.replace(r#"<phase duration="30" state="rG"/>"#, r#"<phase duration="30" state="rr"/>"#);
    let one = r#"<routes><vType id="bus" vClass="bus"/><vehicle id="waits" type="bus" depart="10"><route edges="a d"/></vehicle>
        <vehicle id="drives" depart="10"><route edges="a b c"/></vehicle></routes>"#;
    let files = |additional: &str| {
        BTreeMap::from([
            ("run.sumocfg", CONFIG.as_bytes().to_vec()),
            ("net.xml", closed.as_bytes().to_vec()),
            ("add.xml", additional.as_bytes().to_vec()),
            ("one.xml", one.as_bytes().to_vec()),
            ("two.xml", b"<routes/>".to_vec()),
        ])
    };
    let replaced = r#"<add><tlLogic id="B" programID="1"><phase duration="50" state="GG"/></tlLogic></add>"#;
    assert_eq!(read_files(&files(replaced)).unwrap().problems, []);
    let scenario = read_files(&files("<add/>")).unwrap();
    let [problem] = scenario.problems.as_slice() else { panic!("{:?}", scenario.problems) };
    assert_eq!((problem.file.as_str(), problem.line), ("net.xml", 7));
    assert_eq!(problem.what, "signal program B `0` never shows green to link 1 (a to d)");
    let graph = Arc::new(LaneGraph::of_sumo(&scenario.net));
    let journeys = Arc::new(scenario.journeys(&graph).journeys);
    let mut micro = Micro::new(graph.clone(), journeys.clone(), 1, scenario.begin_s, scenario.step_s);
    while micro.now_s() < 200.0 {
        micro.step();
    }
    assert_eq!((micro.counts().arrived, micro.counts().running), (1, 1));
    let mut meso = Meso::new(&graph, &journeys, 1, scenario.begin_s);
    meso.run_until(200.0);
    assert_eq!((meso.counts().arrived, meso.counts().running), (1, 1));
}

#[test]
fn what_cannot_be_read_refuses_the_scenario() {
    let files = || {
        BTreeMap::from([
            ("run.sumocfg", CONFIG.as_bytes().to_vec()),
            ("net.xml", NET.as_bytes().to_vec()),
            ("add.xml", b"<add/>".to_vec()),
            ("one.xml", b"<routes>\n<vType id=\"t\"/>\n</routes>".to_vec()),
            ("two.xml", b"<routes/>".to_vec()),
        ])
    };
    read_files(&files()).unwrap();
    for missing in ["run.sumocfg", "net.xml", "add.xml", "two.xml"] {
        let mut files = files();
        files.remove(missing);
        assert_eq!(read_files(&files).unwrap_err().to_string(), format!("{missing}: no such file"));
    }
    for (name, text, expected) in [
        ("one.xml", "<routes>\n<vType id=\"t\"/>\n", "one.xml, line 3: the file breaks off"),
        ("one.xml", "<routes>\n<vType id=\"t", "one.xml, line 2: "),
        ("one.xml", "", "one.xml, line 1: the file holds no element"),
        ("one.xml", "<routes>\n<vType id=\"&what;\"/></routes>", "one.xml, line 2: "),
        ("two.xml", "<!DOCTYPE x><routes/>", "two.xml, line 1: a document type is not read"),
        ("net.xml", "<net>\n<edge id=\"e\"", "net.xml, line 2: "),
        ("run.sumocfg", "<configuration>\n</configuration>", "run.sumocfg, line 2: no net-file is named"),
        ("run.sumocfg", "<routes/>", "run.sumocfg, line 1: the root is <routes>"),
        ("run.sumocfg", "<configuration>\n<step-length value=\"0\"/></configuration>", "run.sumocfg, line 2: "),
        ("run.sumocfg", "<configuration>\n<begin value=\"soon\"/></configuration>", "run.sumocfg, line 2: "),
    ] {
        let mut files = files();
        files.insert(name, text.into());
        let said = read_files(&files).unwrap_err().to_string();
        assert!(said.starts_with(expected), "{text}: {said}");
    }
    let deep = format!("{}{}", "<a>".repeat(20), "</a>".repeat(20));
    assert!(read("", &deep, "").unwrap_err().to_string().contains("deeper"));
}

#[test]
fn no_mutation_panics() {
    let additional = r#"<vTypeDistribution id="mix"><vType id="p" probability="0.7" speedFactor="normc(1,0.1,0.2,2)"/></vTypeDistribution>
        <busStop id="s" lane="b_0" startPos="10" endPos="-20"/><tlLogic id="B" programID="1"><phase duration="50" state="GG"/></tlLogic>"#;
    let one = r#"<flow id="f" type="mix" begin="10" end="99" period="9"><route edges="a b c"/><stop busStop="s" duration="20"/></flow>"#;
    let mut rng = Pcg64::seed_from_u64(1);
    for _ in 0..3000 {
        let mut mutated = [additional.to_owned().into_bytes(), one.to_owned().into_bytes()];
        for text in &mut mutated {
            for _ in 0..rng.random_range(0..4) {
                let at = rng.random_range(0..text.len());
                text[at] = rng.random_range(b' '..=b'z');
            }
        }
        let [additional, one] = mutated.map(|text| String::from_utf8_lossy(&text).into_owned());
        if let Ok(scenario) = read(&additional, &one, "") {
            assert!(scenario.trips.iter().all(|trip| trip.depart_s.is_finite()));
        }
    }
}

/// Scenarios of SUMO's repository; vehicles as SUMO 1.28.0 counts them (`Inserted`, and those that wait, at the end).
#[test]
fn published_scenarios_are_read() {
    for (config, trips, types, stops, problems) in [
        ("bologna_acosta/run.sumocfg", 8779, 13, 35, 0),
        ("bologna_joined/run.sumocfg", 11176, 13, 56, 0),
        ("cologne8/cologne8.sumocfg", 2046, 1, 0, 0),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/traffic/sumo").join(config);
        let Some(folder) = path.parent().filter(|_| path.exists()) else {
            println!("skipped: {} is not there", path.display());
            continue;
        };
        let name = path.file_name().unwrap().to_str().unwrap();
        let scenario = read_scenario(name, &mut |name| std::fs::read(folder.join(name))).unwrap();
        println!("{config}: {:?}", scenario.unsupported);
        scenario.problems.iter().for_each(|p| println!("{}:{}: {}", p.file, p.line, p.what));
        assert_eq!(scenario.trips.len(), trips, "{config}");
        assert_eq!((scenario.types.len() - 3, scenario.stops.len()), (types, stops), "{config}");
        assert_eq!(scenario.problems.len(), problems, "{config}");
        assert!(scenario.trips.is_sorted_by_key(|trip| trip.depart_s), "{config}");
    }
}
