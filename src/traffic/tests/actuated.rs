//! Gap-based actuated signals of SUMO networks: what is read of them, where their detectors lie, and how long phases last as
//! vehicles come. Expected lengths follow from the rule in SUMO's documentation (Simulation/Traffic_Lights).

use std::{io, sync::Arc};

use citytwin_traffic::{
    journeys::{DepartSpeed, Departure, Journey, Journeys, VehicleType},
    lane_graph::{ActuatedPhase, LaneGraph},
    micro::Micro,
    sumo::{SumoScenario, SumoScenarioError, read_scenario},
};

/// a is 150 m long and leads into b, whose lanes lead straight on into c; b's lane 1 turns left into d as well.
const ROADS: &str = r#"
<edge id="a" from="A" to="B"><lane id="a_0" index="0" speed="10" length="150" shape="0,0 150,0"/></edge>
<edge id="b" from="B" to="C"><lane id="b_0" index="0" speed="10" length="15" shape="150,0 165,0"/>
<lane id="b_1" index="1" speed="10" length="15" shape="150,3 165,3"/></edge>
<edge id="c" from="C" to="D"><lane id="c_0" index="0" speed="10" length="200" shape="165,0 365,0"/>
<lane id="c_1" index="1" speed="10" length="200" shape="165,3 365,3"/></edge>
<edge id="d" from="C" to="E"><lane id="d_0" index="0" speed="10" length="200" shape="165,3 165,203"/></edge>
<junction id="A" type="dead_end" x="0" y="0" incLanes=""/><junction id="B" type="priority" x="150" y="0" incLanes=""/>
<junction id="C" type="traffic_light" x="165" y="0" incLanes=""/><junction id="D" type="dead_end" x="365" y="0" incLanes=""/>
<junction id="E" type="dead_end" x="165" y="203" incLanes=""/>
<connection from="a" to="b" fromLane="0" toLane="0" dir="s" state="M"/>
<connection from="b" to="c" fromLane="0" toLane="0" dir="s" state="O" tl="C" linkIndex="0"/>
<connection from="b" to="c" fromLane="1" toLane="1" dir="s" state="O" tl="C" linkIndex="1"/>
<connection from="b" to="d" fromLane="1" toLane="0" dir="l" state="o" tl="C" linkIndex="2"/>"#;

fn read(program: &str, additional: &str) -> Result<SumoScenario, SumoScenarioError> {
    read_scenario("run.sumocfg", &mut |name| match name {
        "run.sumocfg" => Ok(br#"<configuration><input><net-file value="net.xml"/><route-files value="r.xml"/>
            <additional-files value="add.xml"/></input></configuration>"#
            .to_vec()),
        "net.xml" => Ok(format!("<net>{program}{ROADS}</net>").into_bytes()),
        "r.xml" => Ok(b"<routes/>".to_vec()),
        "add.xml" => Ok(format!("<additional>\n{additional}</additional>").into_bytes()),
        _ => Err(io::ErrorKind::NotFound.into()),
    })
}

fn logic(inside: &str) -> String {
    format!(r#"<tlLogic id="C" type="actuated" programID="0" offset="0">{inside}</tlLogic>"#)
}

/// Phases as they are driven, of the one program.
fn phases(program: &str) -> Vec<ActuatedPhase> {
    let scenario = read(&logic(program), "").expect("it is sound");
    assert_eq!(scenario.problems, [], "{program}");
    let graph = LaneGraph::of_sumo(&scenario.net);
    assert_eq!(graph.actuations.len(), 1);
    graph.actuations[0].phases.clone()
}

/// Lane's link, metre, millisecond of a phase's detectors.
fn detectors(phase: &ActuatedPhase) -> Vec<(u32, f32, u64)> {
    phase.detectors.iter().map(|d| (d.lane, d.at_m, d.max_gap_ms)).collect()
}

#[test]
fn detectors_lie_where_the_documentation_has_them() {
    const GREEN: &str = r#"<phase duration="30" minDur="5" maxDur="50" state="GGg"/><phase duration="3" state="yyy"/>"#;
    // 2 s at 10 m/s; the lane is 15 m long, and a alone leads to b_0. Nobody comes to b_1. Left never has a green of its own.
    let usual = phases(GREEN);
    assert_eq!((usual[0].least_ms, usual[0].most_ms), (5000, 50_000));
    assert_eq!((usual[1].least_ms, usual[1].most_ms), (3000, 3000));
    assert_eq!(detectors(&usual[0]), [(0, 145.0, 3000), (2, 0.0, 3000)]);
    assert!(usual[1].detectors.is_empty());
    // Once left has, lane 1 tells nothing while left gives way: who waits there waits for its own phase.
    let own = phases(&format!(r#"{GREEN}<phase duration="6" minDur="4" maxDur="9" state="rGG"/>"#));
    assert_eq!((detectors(&own[0]), detectors(&own[2])), (vec![(0, 145.0, 3000)], vec![(2, 0.0, 3000)]));
    // (minDur / passing-time + ½) · 7.5 m bounds the distance.
    let near = phases(&format!(r#"<param key="passing-time" value="10"/>{GREEN}"#));
    assert_eq!(detectors(&near[0]), [(1, 7.5, 3000), (2, 7.5, 3000)]);
    let stated = phases(&format!(
        r#"{GREEN}<param key="max-gap" value="2.5"/><param key="max-gap:b_1" value="1"/><param key="detector-gap" value="1"/>"#
    ));
    assert_eq!(detectors(&stated[0]), [(1, 5.0, 2500), (2, 5.0, 1000)]);
    let open = phases(r#"<phase duration="30" minDur="5" state="GGg"/><phase duration="3" state="yyy"/>"#);
    assert_eq!(open[0].most_ms, 2_147_483_000);
}

#[test]
fn what_of_a_program_is_not_read_is_counted_and_what_is_wrong_has_its_place() {
    let phase = r#"<phase duration="30" minDur="5" maxDur="50" state="GGg" next="1 0" latestEnd="9"/>"#;
    let program = logic(&format!(
        r#"{phase}<phase duration="3" state="yyy" next="0"/><param key="jam-threshold" value="30"/><param key="vTypes" value=""/>
        <param key="linkMaxDur:1" value="9"/><param key="show-detectors" value="true"/><condition id="x" value="1"/>"#
    ));
    let unsupported = read(&program, "").unwrap().unsupported;
    let expected = [
        ("phase latestEnd", 1),
        ("phase next", 2),
        ("tlLogic condition", 1),
        ("tlLogic param jam-threshold", 1),
        ("tlLogic param linkMaxDur", 1),
    ];
    assert_eq!(unsupported, expected.map(|(name, count)| (name.to_owned(), count)).into());
    // The program of an additional file replaces it, with what is not read of it.
    let other = r#"<tlLogic id="C" type="delay_based" programID="1"><phase duration="30" state="GGG"/></tlLogic>"#;
    let unsupported = read(&program, other).unwrap().unsupported;
    assert_eq!(unsupported, [("tlLogic type delay_based".to_owned(), 1)].into());
    for (wrong, words) in [
        (r#"<phase duration="30" minDur="50" maxDur="5" state="GGg"/>"#, "at least 50 s and at most 5 s"),
        (r#"<phase duration="30" minDur="-1" state="GGg"/>"#, "at least -1 s"),
        (r#"<phase duration="30" minDur="x" state="GGg"/>"#, "minDur `x`"),
        (r#"<phase duration="30" state="GGg"/><param key="max-gap" value="NaN"/>"#, "max-gap `NaN`"),
        (r#"<phase duration="30" state="GGg"/><param key="passing-time" value="0"/>"#, "passing-time"),
        (r#"<phase duration="30" state="GGg"/><param value="0"/>"#, "no `key`"),
    ] {
        let error = read(&logic(wrong), "").expect_err(wrong);
        assert!(error.to_string().contains("net.xml, line 1") && error.to_string().contains(words), "{error}");
        let sound = logic(r#"<phase duration="30" state="GGg"/>"#);
        let second = logic(wrong).replace(r#"programID="0""#, r#"programID="1""#);
        let scenario = read(&sound, &second).expect("the rest runs");
        let [problem] = scenario.problems.as_slice() else { panic!("{wrong}: {:?}", scenario.problems) };
        assert!(problem.what.contains(words) && problem.line == 2, "{problem:?}");
    }
}

/// A run over a, b and c with cars that leave at these seconds.
fn run(program: &str, departs_s: &[f64]) -> (Arc<LaneGraph>, Arc<Journeys>) {
    let scenario = read(&logic(program), "").expect("it is sound");
    let graph = Arc::new(LaneGraph::of_sumo(&scenario.net));
    let depart = Departure { speed: DepartSpeed::Max, ..Departure::default() };
    let journey = |depart_s: &f64| Journey {
        kind: 0,
        depart_s: *depart_s,
        route: (0, 3),
        stops: (0, 0),
        depart,
        arrival_m: f32::INFINITY,
    };
    let list = departs_s.iter().map(journey).collect();
    let kind = VehicleType { speed_factor: [1.0, 0.0, 1.0, 1.0], ..VehicleType::default() };
    (graph, Arc::new(Journeys { types: vec![kind], list, links: vec![0, 1, 2], stops: Vec::new() }))
}

const CYCLE: &str = r#"<phase duration="30" minDur="5" maxDur="50" state="GGg"/><phase duration="3" state="yyy"/>
    <phase duration="10" state="rrr"/>"#;

/// When each phase begins, second, and when the rear of the last vehicle left the detector before that.
fn begins(micro: &mut Micro, end_s: f64, step_s: f64) -> Vec<(usize, f64, f64)> {
    let (mut now, mut left_s) = (micro.phase(0), f64::NEG_INFINITY);
    let mut all = Vec::new();
    while micro.now_s() < end_s {
        let at_s = micro.now_s();
        if micro.vehicles().any(|c| c.on == Ok(0) && c.pos_m >= 145.0 && c.pos_m - c.length_m <= 145.0) {
            left_s = at_s;
        }
        if micro.vehicles().any(|c| c.on == Ok(1) && c.pos_m - c.length_m < -5.0) {
            left_s = at_s;
        }
        micro.step();
        if micro.phase(0) != now {
            now = micro.phase(0);
            all.push((now, micro.now_s() - step_s, left_s));
        }
    }
    all
}

#[test]
fn a_green_lasts_while_vehicles_come_within_the_gap() {
    const STEP_S: f64 = 0.5;
    let (graph, journeys) = run(CYCLE, &[]);
    let empty = begins(&mut Micro::new(graph, journeys, 1, 0.0, STEP_S), 40.0, STEP_S);
    let shown: Vec<(usize, f64)> = empty.iter().map(|b| (b.0, b.1)).collect();
    assert_eq!(shown, [(1, 5.0), (2, 8.0), (0, 18.0), (1, 23.0), (2, 26.0), (0, 36.0)]);
    // A platoon through the second green, which begins at 18 s: it ends 3 s after the last rear has left the loop.
    let platoon: Vec<f64> = (0..8).map(|i| 4.0 + 2.5 * f64::from(i)).collect();
    let (graph, journeys) = run(CYCLE, &platoon);
    let some = begins(&mut Micro::new(graph, journeys, 1, 0.0, STEP_S), 60.0, STEP_S);
    let (phase, at_s, left_s) = some[3];
    assert_eq!((phase, some[2].1), (1, 18.0));
    assert!(
        at_s > 30.0 && (3.0 - STEP_S..=3.0 + STEP_S).contains(&(at_s - left_s)),
        "ends at {at_s} s, left at {left_s} s"
    );
    // A stream without a gap: until the longest green is over.
    let stream: Vec<f64> = (0..100).map(|i| 2.5 * f64::from(i)).collect();
    let (graph, journeys) = run(CYCLE, &stream);
    let most = begins(&mut Micro::new(graph, journeys, 1, 0.0, STEP_S), 120.0, STEP_S);
    assert_eq!(most[3].1 - most[2].1, 50.0, "{most:?}");
}

/// Saved in a green that vehicles hold, it goes on to the same bytes; another program is another network.
#[test]
fn a_saved_run_goes_on_with_its_phases() {
    let departs: Vec<f64> = (0..60).map(|i| 2.8 * f64::from(i) + f64::from(i % 7)).collect();
    let (graph, journeys) = run(CYCLE, &departs);
    for saved_s in [12.0, 21.0, 33.5, 60.0] {
        let mut micro = Micro::new(graph.clone(), journeys.clone(), 3, 0.0, 0.5);
        begins(&mut micro, saved_s, 0.5);
        let bytes = micro.save();
        let mut loaded = Micro::load(graph.clone(), journeys.clone(), &bytes).expect("sound");
        assert_eq!((loaded.phase(0), loaded.save()), (micro.phase(0), bytes.clone()));
        assert_eq!(begins(&mut micro, 200.0, 0.5), begins(&mut loaded, 200.0, 0.5));
        assert_eq!(loaded.save(), micro.save());
        let (other, _) = run(&CYCLE.replace("maxDur=\"50\"", "maxDur=\"40\""), &departs);
        assert!(Micro::load(other, journeys.clone(), &bytes).is_err());
    }
}
