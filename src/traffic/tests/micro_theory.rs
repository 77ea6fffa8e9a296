//! The microscopic view against kinematic-wave theory and the linear stability of car following. Truth is computed here from the
//! IDM's published closed forms: Treiber, Hennecke and Helbing, Phys. Rev. E 62 (2000) 1805; Treiber and Kesting, Traffic Flow
//! Dynamics, Springer 2013 (chapters 8, 11, 15).

use std::{collections::BTreeMap, f64::consts::TAU, sync::Arc};

use citytwin_traffic::{
    TurnKind,
    journeys::{DepartLane, DepartSpeed, Departure, Journey, Journeys, PlannedStop, VehicleType},
    lane_graph::{Lane, LaneGraph, LaneLink, Move, NONE, Program, ProgramPhase, RightOfWay, Show, Users},
    micro::{Micro, MicroView},
};

/// A way through a junction, metre.
const INSIDE_M: f32 = 0.5;

/// Links in a row, as length in metres and limit in metres per second, one lane each; a signal may stand after the first.
fn row(links: &[(f32, f32)], program: Option<Program>) -> LaneGraph {
    let mut graph = LaneGraph::default();
    graph.nodes = links.len() as u32 + 1;
    let last = links.len() as u32 - 1;
    for (i, (length_m, limit_mps)) in (0..).zip(links.iter().copied()) {
        graph.links.push(LaneLink { lane0: i, lanes: 1, from: i, to: i + 1, length_m, roundabout: false });
        let moves = u8::from(i < last);
        graph.lanes.push(Lane { link: i, index: 0, length_m, limit_mps, users: Users::ALL, move0: i, moves });
        if i < last {
            let signal = program.is_some() && i == 0;
            graph.moves.push(Move {
                from: i,
                to: i + 1,
                from_link: i,
                to_link: i + 1,
                node: i + 1,
                length_m: INSIDE_M,
                limit_mps: limit_mps.max(links[i as usize + 1].1),
                kind: TurnKind::Straight,
                right: if signal { RightOfWay::Signal } else { RightOfWay::Major },
                wait_at_m: 0.0,
                program: if signal { 0 } else { NONE },
                stream: if signal { 0 } else { NONE },
                spare: false,
            });
        }
    }
    graph.programs.extend(program);
    graph.without_conflicts()
}

/// Journeys over all links: second of departure and type.
fn journeys(graph: &LaneGraph, types: Vec<VehicleType>, departs: impl Iterator<Item = (f64, u32)>) -> Journeys {
    let count = graph.links.len() as u32;
    let depart = Departure { speed: DepartSpeed::Max, ..Departure::default() };
    let list = departs.map(|(depart_s, kind)| Journey {
        kind,
        depart_s,
        route: (0, count),
        stops: (0, 0),
        depart,
        arrival_m: f32::INFINITY,
    });
    Journeys { types, list: list.collect(), links: (0..count).collect(), stops: Vec::new() }
}

/// A car whose driver wants the limit.
fn even() -> VehicleType {
    VehicleType { speed_factor: [1.0, 0.0, 1.0, 1.0], ..VehicleType::default() }
}

/// The IDM's steady state: equilibrium gap s = (s₀ + v T)/√(1 − (v/v₀)⁴) and what follows from it.
#[derive(Clone, Copy)]
struct Steady {
    accel: f64,
    decel: f64,
    headway: f64,
    min_gap: f64,
    length: f64,
    wanted: f64,
}

impl Steady {
    fn of(kind: &VehicleType, wanted: f64) -> Self {
        let [accel, decel, headway, min_gap, length] =
            [kind.accel_mps2, kind.decel_mps2, kind.headway_s, kind.min_gap_m, kind.length_m].map(f64::from);
        Self { accel, decel, headway, min_gap, length, wanted }
    }

    fn gap(&self, v: f64) -> f64 {
        (self.min_gap + v * self.headway) / (1.0 - (v / self.wanted).powi(4)).sqrt()
    }

    /// Vehicles per second.
    fn flow(&self, v: f64) -> f64 {
        v / (self.length + self.gap(v))
    }

    /// The maximum of the fundamental diagram, and its speed.
    fn capacity(&self) -> (f64, f64) {
        let speeds = (1..10_000).map(|i| self.wanted * f64::from(i) / 10_000.0);
        speeds.map(|v| (self.flow(v), v)).fold((0.0, 0.0), |best, now| if now.0 > best.0 { now } else { best })
    }

    /// Speed of free traffic at a flow.
    fn free_speed(&self, flow: f64) -> f64 {
        let (mut low, mut high) = (self.capacity().1, self.wanted);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.flow(middle) > flow { low = middle } else { high = middle }
        }
        low
    }

    /// How acceleration answers to gap, own speed and the leader's speed in the steady state at a speed (Treiber and Kesting,
    /// section 15.3).
    fn answers(&self, v: f64) -> (f64, f64, f64) {
        let (s, wish) = (self.gap(v), self.min_gap + v * self.headway);
        let closing = v / (2.0 * (self.accel * self.decel).sqrt());
        let to_gap = 2.0 * self.accel * wish * wish / s.powi(3);
        let to_leader = 2.0 * self.accel * wish / (s * s) * closing;
        let to_own =
            -self.accel * (4.0 * v.powi(3) / self.wanted.powi(4) + 2.0 * wish / (s * s) * (self.headway + closing));
        (to_gap, to_own, to_leader)
    }

    /// By how much a small wave of an angular frequency grows from one vehicle to the next: |G(iω)| of
    /// G(p) = (f_s + f_l p)/(p² − f_v p + f_s), the linearised model's transfer function.
    fn growth(&self, v: f64, omega: f64) -> f64 {
        let (fs, fv, fl) = self.answers(v);
        ((fs * fs + (fl * omega).powi(2)) / ((fs - omega * omega).powi(2) + (fv * omega).powi(2))).sqrt()
    }

    /// dv_e/ds ≤ (f_l − f_v)/2 (Treiber and Kesting, section 15.4): no wave of any frequency grows.
    fn string_stable(&self, v: f64) -> bool {
        let (fs, fv, fl) = self.answers(v);
        -fs / (fv + fl) <= 0.5 * (fl - fv)
    }
}

/// Two links in a row, `lanes` wide; the second link's lanes are led into by these of the first.
fn wide(lengths_m: [f32; 2], limit_mps: f32, lanes: [u8; 2], from: &[u32]) -> LaneGraph {
    let mut graph = LaneGraph::default();
    graph.nodes = 3;
    for (i, (length_m, lanes)) in (0..).zip(lengths_m.into_iter().zip(lanes)) {
        let lane0 = graph.lanes.len() as u32;
        graph.links.push(LaneLink { lane0, lanes, from: i, to: i + 1, length_m, roundabout: false });
        let lane = |index| Lane { link: i, index, length_m, limit_mps, users: Users::ALL, move0: 0, moves: 0 };
        graph.lanes.extend((0..lanes).map(lane));
    }
    for (from, to) in from.iter().zip(graph.links[1].lane0..) {
        let lane = &mut graph.lanes[*from as usize];
        (lane.move0, lane.moves) = (graph.moves.len() as u32, 1);
        graph.moves.push(Move {
            from: *from,
            to,
            from_link: 0,
            to_link: 1,
            node: 1,
            length_m: INSIDE_M,
            limit_mps,
            kind: TurnKind::Straight,
            right: RightOfWay::Major,
            wait_at_m: 0.0,
            program: NONE,
            stream: NONE,
            spare: false,
        });
    }
    graph.without_conflicts()
}

/// When vehicles that come on two lanes in turn pass onto the second link, second; nobody touches anybody meanwhile.
fn merged(graph: LaneGraph, every_s: f64, count: u32) -> Vec<f64> {
    let beyond = graph.links[1].lane0;
    let graph = Arc::new(graph);
    let mut all = journeys(&graph, vec![even()], (0..count).map(|k| (f64::from(k) * every_s, 0)));
    for (journey, lane) in all.list.iter_mut().zip([0, 1].into_iter().cycle()) {
        journey.depart.lane = DepartLane::Index(lane);
    }
    let mut micro = Micro::new(graph, Arc::new(all), 1, 0.0, 0.5);
    let mut passed = BTreeMap::new();
    while passed.len() < count as usize {
        micro.step();
        let mut ahead: Option<MicroView> = None;
        for car in micro.vehicles() {
            if let Some(leader) = ahead.replace(car).filter(|l| l.on == car.on) {
                let gap = leader.pos_m - leader.length_m - car.pos_m;
                assert!(gap >= -1e-3, "{car:?} is {gap} m from {leader:?}");
            }
            if car.on.is_ok_and(|lane| lane >= beyond) {
                passed.entry(car.vehicle).or_insert(micro.now_s());
            }
        }
    }
    let counts = micro.counts();
    assert_eq!((counts.forced, counts.detours, counts.waiting), (0, 0, 0));
    let mut all: Vec<f64> = passed.into_values().collect();
    all.sort_by(f64::total_cmp);
    all
}

/// When each vehicle passes the end of link 0, second, and every minute how many have.
fn passages(links: &[(f32, f32)], every_s: f64, count: u32) -> (Vec<f64>, Vec<(f64, f64)>) {
    let graph = Arc::new(row(links, None));
    let all = Arc::new(journeys(&graph, vec![even()], (0..count).map(|k| (f64::from(k) * every_s, 0))));
    let mut micro = Micro::new(graph, all, 1, 0.0, 0.5);
    let (mut passed, mut minutes) = (BTreeMap::new(), Vec::new());
    while passed.len() < count as usize {
        micro.step();
        let t = micro.now_s();
        micro.vehicles().filter(|c| c.on != Ok(0)).for_each(|c| _ = passed.entry(c.vehicle).or_insert(t));
        if t % 60.0 == 0.0 {
            minutes.push((t, passed.len() as f64));
        }
    }
    (passed.into_values().collect(), minutes)
}

/// Queue and total delay before a drop of the limit against cumulative curves, within 2 % (the queue: and two vehicles). Vehicles
/// come as they pass on the same road without the drop; they go at the capacity of the slow road, which is not measured but the
/// maximum of the IDM's fundamental diagram for its limit. Two vehicles more than in theory pass before the queue has formed, as
/// they find the slow road empty and take time to fill it: hence the long queues.
#[test]
fn queue_and_delay_before_a_bottleneck_are_those_of_cumulative_curves() {
    for (fast, slow, every_s, count) in [(20.0, 5.0, 2.4, 600), (25.0, 8.0, 2.2, 700)] {
        let (come, _) = passages(&[(6000.0, fast), (1000.0, fast)], every_s, count);
        let (go, minutes) = passages(&[(6000.0, fast), (1000.0, slow)], every_s, count);
        let capacity = Steady::of(&even(), f64::from(slow)).capacity().0;
        let mut before = f64::NEG_INFINITY;
        let mut theory = Vec::new();
        for at in &come {
            before = at.max(before + 1.0 / capacity);
            theory.push(before);
        }
        let by = |curve: &[f64], t: f64| curve.partition_point(|at| *at <= t) as f64;
        let mut most = 0.0_f64;
        for (t, gone) in minutes {
            let (queue, expected) = (by(&come, t) - gone, by(&come, t) - by(&theory, t));
            most = most.max(expected);
            assert!((queue - expected).abs() <= 0.02 * expected + 2.0, "{slow}: at {t} s {queue}, {expected} expected");
        }
        let sum = |curve: &[f64]| curve.iter().zip(&come).map(|(at, came)| at - came).sum::<f64>();
        let (delay, expected) = (sum(&go), sum(&theory));
        let off = delay / expected - 1.0;
        println!("limit {slow} m/s: capacity {capacity:.4} veh/s, queue up to {most}, delay {:.2} % off", 100.0 * off);
        assert!(most > 100.0 && off.abs() < 0.02, "limit {slow}: delay {delay} s, {expected} s expected");
    }
}

/// Two lanes into one, whichever of them ends: the queue leaves at one lane's capacity, the maximum of the IDM's fundamental
/// diagram.
#[test]
fn where_two_lanes_become_one_the_queue_leaves_at_the_capacity_of_one() {
    for (limit, every_s, count) in [(8.3_f32, 1.7, 900), (13.9, 1.4, 900)] {
        let lengths_m = [3000.0, 1000.0];
        let come = merged(wide(lengths_m, limit, [2, 2], &[0, 1]), every_s, count);
        let capacity = Steady::of(&even(), f64::from(limit)).capacity().0;
        let mut before = f64::NEG_INFINITY;
        let mut theory = Vec::new();
        for at in &come {
            before = at.max(before + 1.0 / capacity);
            theory.push(before);
        }
        let delay = |curve: &[f64]| curve.iter().zip(&come).map(|(at, came)| at - came).sum::<f64>();
        for leads_on in [0, 1] {
            let go = merged(wide(lengths_m, limit, [2, 1], &[leads_on]), every_s, count);
            let (first, last) = (100, count as usize - 50);
            let flow = (last - first) as f64 / (go[last] - go[first]);
            let (flow_off, delay_off) = (flow / capacity - 1.0, delay(&go) / delay(&theory) - 1.0);
            println!(
                "limit {limit} m/s, lane {leads_on} leads on: {flow:.4} of {capacity:.4} veh/s ({:.1} %), delay {:.1} %",
                100.0 * flow_off,
                100.0 * delay_off
            );
            assert!(flow_off.abs() < 0.02 && delay_off.abs() < 0.05);
        }
    }
}

/// Positions and times at which vehicles in turn fall below a speed, or rise above it, give the speed of a wave, metre per second.
fn wave(at: &BTreeMap<u32, (f64, f64)>) -> f64 {
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| at.values().map(of).sum::<f64>() / at.len() as f64;
    let (t, x) = (mean(&|p| p.0), mean(&|p| p.1));
    at.values().map(|p| (p.0 - t) * (p.1 - x)).sum::<f64>() / at.values().map(|p| (p.0 - t).powi(2)).sum::<f64>()
}

/// The queue before a red light grows at (q₁ − q₂)/(k₁ − k₂) with q₂ = 0 and standing vehicles a length and s₀ apart. On green
/// it dissolves at −(l + s₀)/T, the fundamental diagram's slope where traffic stands: the lag from one driver to the next is
/// ds_e/dv at v = 0, which is T (Treiber and Kesting, sections 8.5 and 11.3). Both within 5 %.
#[test]
fn waves_of_stopping_and_starting_have_the_speed_of_the_fundamental_diagram() {
    const GREEN_S: f64 = 900.0;
    for (every_s, limit) in [(4.0, 15.0_f32), (6.0, 15.0), (8.0, 13.9)] {
        let phase = |ms, show| ProgramPhase { duration_ms: ms, shows: vec![show] };
        let red = phase((GREEN_S * 1000.0) as u64, Show::Red);
        let program = Program { offset_ms: 0, phases: vec![red, phase(3_000_000, Show::Green)] };
        let graph = Arc::new(row(&[(3000.0, limit), (3000.0, limit)], Some(program)));
        let all = Arc::new(journeys(&graph, vec![even()], (0..90).map(|k| (f64::from(k) * every_s, 0))));
        let mut micro = Micro::new(graph, all, 1, 0.0, 0.25);
        let (mut stops, mut starts) = (BTreeMap::new(), BTreeMap::new());
        while micro.now_s() < GREEN_S + 200.0 {
            micro.step();
            let t = micro.now_s();
            for car in micro.vehicles().filter(|c| c.on == Ok(0) && (10..60).contains(&c.vehicle)) {
                let at = (t, f64::from(car.pos_m));
                if t < GREEN_S && car.speed_mps < 0.5 * limit && car.pos_m > 100.0 {
                    stops.entry(car.vehicle).or_insert(at);
                }
                if t > GREEN_S && car.speed_mps > 1.0 {
                    starts.entry(car.vehicle).or_insert(at);
                }
            }
        }
        assert_eq!((stops.len(), starts.len()), (50, 50));
        let steady = Steady::of(&even(), f64::from(limit));
        let (flow, space) = (1.0 / every_s, steady.length + steady.min_gap);
        let stopping = -flow / (1.0 / space - flow / steady.free_speed(flow));
        let starting = -space / steady.headway;
        println!(
            "one every {every_s} s: {:.3} of {stopping:.3} m/s, {:.3} of {starting:.3} m/s",
            wave(&stops),
            wave(&starts)
        );
        assert!((wave(&stops) / stopping - 1.0).abs() < 0.05, "stops: {}, {stopping} expected", wave(&stops));
        assert!((wave(&starts) / starting - 1.0).abs() < 0.05, "starts: {}, {starting} expected", wave(&starts));
    }
}

/// A platoon behind a leader whose wish alternates between two speeds: followers' mean speed, the wave's angular frequency and
/// its amplitude from vehicle to vehicle.
fn platoon(follower: &VehicleType, speed: f32, link_m: f32) -> (f64, f64, Vec<f64>) {
    const DT_S: f64 = 0.1;
    const CARS: usize = 16;
    const PERIODS: usize = 6;
    let links: Vec<(f32, f32)> = (0..100).map(|i| (link_m, if i % 2 == 0 { speed } else { 0.95 * speed })).collect();
    let graph = Arc::new(row(&links, None));
    // The limits bind the leader alone: followers would drive at four times as much, if they could.
    let follower = VehicleType { speed_factor: [4.0, 0.0, 4.0, 4.0], ..follower.clone() };
    let every_s = 1.02 / Steady::of(&follower, f64::from(follower.max_speed_mps)).flow(f64::from(speed));
    let departs = (0..CARS).map(|k| (every_s * k as f64, u32::from(k > 0)));
    let all = Arc::new(journeys(&graph, vec![even(), follower], departs));
    let mut micro = Micro::new(graph, all, 1, 0.0, DT_S);
    let mut speeds: Vec<Vec<f64>> = vec![Vec::new(); CARS];
    let (mut begins, mut link) = (Vec::new(), 0);
    while micro.counts().arrived == 0 {
        micro.step();
        let step = speeds[0].len();
        speeds.iter_mut().for_each(|s| s.push(0.0));
        for car in micro.vehicles() {
            speeds[car.vehicle as usize][step] = f64::from(car.speed_mps);
            if let Some(on) = car.on.ok().filter(|on| car.vehicle == 0 && *on != link && on % 2 == 0) {
                link = on;
                begins.push(step);
            }
        }
    }
    let (first, end) = (begins[begins.len() - 1 - PERIODS], begins[begins.len() - 1]);
    let omega = TAU * PERIODS as f64 / ((end - first) as f64 * DT_S);
    let amplitude = |s: &Vec<f64>| {
        let turned = |part: fn(f64) -> f64| -> f64 {
            s[first..end].iter().enumerate().map(|(i, v)| v * part(omega * i as f64 * DT_S)).sum()
        };
        turned(f64::cos).hypot(turned(f64::sin))
    };
    let mean = speeds[CARS / 2][first..end].iter().sum::<f64>() / (end - first) as f64;
    (mean, omega, speeds.iter().map(amplitude).collect())
}

/// String stability: waves decay along a platoon where the criterion says stable and grow where it says unstable, by |G(iω)| from
/// vehicle to vehicle within 1 %. Unstable: the published set for towns (Treiber and Kesting, table 11.2) at 5 m/s; stable: the
/// same with a more responsive driver, and this program's car.
#[test]
fn waves_along_a_platoon_grow_and_decay_as_the_linear_criterion_says() {
    let town = VehicleType { accel_mps2: 1.0, decel_mps2: 1.5, headway_s: 1.0, max_speed_mps: 15.0, ..even() };
    let brisk = VehicleType { accel_mps2: 2.5, ..town.clone() };
    let own = VehicleType { max_speed_mps: 20.0, ..even() };
    for (name, kind, about_mps, stable) in
        [("town", town, 5.0, false), ("brisk", brisk, 5.0, true), ("own", own, 10.0, true)]
    {
        let steady = Steady::of(&kind, f64::from(kind.max_speed_mps));
        let mut most = 0.0_f64;
        for half_period_s in [8.0, 12.0, 16.0, 20.0] {
            let (speed, omega, amplitudes) = platoon(&kind, about_mps, about_mps * half_period_s);
            assert_eq!(steady.string_stable(speed), stable, "{name} at {speed} m/s");
            let growth = (amplitudes[15] / amplitudes[1]).powf(1.0 / 14.0);
            let expected = steady.growth(speed, omega);
            println!("{name} at {speed:.2} m/s: {omega:.3} rad/s: {growth:.4} per vehicle, {expected:.4} expected");
            assert!((growth / expected - 1.0).abs() < 0.01, "{name}: {omega} rad/s: {growth}, {expected} expected");
            most = most.max(growth);
        }
        assert_eq!(most < 1.0, stable, "{name}: {most}");
    }
}

/// A lorry stands with its rear across a junction, on the road before: who comes from behind stops short of it.
#[test]
fn who_stands_across_a_junction_is_seen_from_behind() {
    let lorry = VehicleType { length_m: 12.0, ..even() };
    let graph = Arc::new(row(&[(500.0, 10.0), (500.0, 10.0)], None));
    let mut all = journeys(&graph, vec![even(), lorry], [(0.0, 1), (10.0, 0)].into_iter());
    all.stops.push(PlannedStop { lane: 1, at_m: 3.0, for_s: 120.0, until_s: None });
    all.list[0].stops = (0, 1);
    let mut micro = Micro::new(graph, Arc::new(all), 1, 0.0, 0.5);
    let mut least_m = f32::INFINITY;
    while micro.now_s() < 150.0 {
        micro.step();
        let along = |number: u32| {
            let car = micro.vehicles().find(|c| c.vehicle == number)?;
            Some(car.pos_m + if car.on == Ok(0) { 0.0 } else { 500.0 + if car.on == Ok(1) { INSIDE_M } else { 0.0 } })
        };
        if let (Some(lorry), Some(car)) = (along(0), along(1)) {
            least_m = least_m.min(lorry - 12.0 - car);
        }
    }
    // s₀ is 2 m; it rolls to a stop, and a step is half a second.
    assert!((1.5..2.5).contains(&least_m), "{least_m} m");
}
