//! Delay at a signal, vehicle by vehicle, against Webster and the Highway Capacity Manual, with the saturation flow and the lost
//! time that these drivers themselves show with a standing queue, as HCM's field method finds them.
//!
//! The formulas count the delay at the stop line. What a driver loses in all is more: who has stood crosses the line below the
//! speed wanted and goes on losing time beyond it (measured here: 3 to 8 s more).

mod lanes;

use std::sync::Arc;

use citytwin_traffic::{
    journeys::{DepartSpeed, Journeys},
    lane_graph::{Program, ProgramPhase, Show},
    micro::{Micro, TripRecord},
};
use lanes::{chain, journeys, random};

const LIMIT_MPS: f32 = 13.89;
/// From the start to the stop line, and from there to the end, metre.
const APPROACH_M: f32 = 2500.0;
const BEYOND_M: f32 = 800.0;
const DT_S: f64 = 0.5;
const CYCLE_S: f64 = 90.0;
/// With the amber that is driven through, seventeen headways and the lost time: whole vehicles fill it, so that vehicles times
/// headway is the effective green.
const GREEN_S: f64 = 40.5;
const AMBER_S: f64 = 3.0;
/// Vehicles over which HCM counts the lost time at the start.
const STARTING: usize = 4;

fn signal() -> Program {
    let phase = |s: f64, show| ProgramPhase { duration_ms: (s * 1000.0) as u64, shows: vec![show] };
    let red_s = CYCLE_S - GREEN_S - AMBER_S;
    let phases = vec![phase(GREEN_S, Show::Green), phase(AMBER_S, Show::Amber), phase(red_s, Show::Red)];
    Program { offset_ms: 0, phases }
}

/// When a vehicle entered, when its front passed the stop line, and when it arrived, second.
#[derive(Clone, Copy)]
struct Passage {
    entered_s: f64,
    line_s: f64,
    arrived_s: f64,
}

/// Passages of those who have arrived by then, in the order of their departures, which is that of their passages.
fn passages(signal_at: Option<usize>, all: &Journeys, end_s: f64) -> Vec<Passage> {
    let graph = chain(&[(APPROACH_M, LIMIT_MPS), (BEYOND_M, LIMIT_MPS)], signal_at, signal());
    let mut micro = Micro::new(Arc::new(graph.without_conflicts()), Arc::new(all.clone()), 1, 0.0, DT_S);
    let mut line_s = vec![f64::INFINITY; all.list.len()];
    let mut before_m = vec![0.0_f32; all.list.len()];
    while micro.now_s() < end_s && !micro.is_over() {
        micro.step();
        for car in micro.vehicles() {
            let (number, beyond) = (car.vehicle as usize, car.on != Ok(0));
            let now_m = car.pos_m + if beyond { APPROACH_M } else { 0.0 };
            if beyond && line_s[number].is_infinite() {
                let past = (now_m - APPROACH_M) / (now_m - before_m[number]);
                line_s[number] = micro.now_s() - DT_S * f64::from(past);
            }
            before_m[number] = now_m;
        }
    }
    let passage = |trip: TripRecord| Passage {
        entered_s: trip.entered_s,
        line_s: line_s[trip.journey as usize],
        arrived_s: trip.arrived_s,
    };
    micro.trips().map(passage).collect()
}

fn departing(departs_s: impl Iterator<Item = f64>) -> Journeys {
    let mut all = journeys(&[0, 1], departs_s);
    all.list.iter_mut().for_each(|j| j.depart.speed = DepartSpeed::Max);
    all
}

/// What a standing queue shows: seconds of green that count, and seconds from one vehicle to the next.
struct Discharge {
    green_s: f64,
    headway_s: f64,
}

/// HCM 6th ed., chapter 31 (field measurement of the saturation flow rate): the headway from the fourth vehicle of the queue to the
/// last that passes in the same green; what the first four take beyond four such headways is lost.
fn discharge() -> Discharge {
    let passed = passages(Some(0), &departing((0..1200).map(|k| 1.8 * f64::from(k))), 3600.0);
    let cycles: Vec<Vec<f64>> = (10..30)
        .map(|cycle| {
            let since_s = |p: &Passage| p.line_s - CYCLE_S * f64::from(cycle);
            passed.iter().map(since_s).filter(|t| (0.0..CYCLE_S).contains(t)).collect()
        })
        .collect();
    let mean = |of: &dyn Fn(&Vec<f64>) -> f64| cycles.iter().map(of).sum::<f64>() / cycles.len() as f64;
    let vehicles = mean(&|c| c.len() as f64);
    let fourth_s = mean(&|c| c[STARTING - 1]);
    let headway_s = (mean(&|c| c[c.len() - 1]) - fourth_s) / (vehicles - STARTING as f64);
    let (green_s, lost_s) = (vehicles * headway_s, fourth_s - STARTING as f64 * headway_s);
    println!("{vehicles} vehicles, {headway_s:.3} s apart, {lost_s:.2} s lost, {green_s:.2} s of green count");
    // From the other side: what is shown less what is lost at the start, with the amber that is driven through.
    assert!((green_s - (GREEN_S + AMBER_S - lost_s)).abs() < 1.0);
    Discharge { green_s, headway_s }
}

/// Mean delays by the signal: at the stop line, and of whole trips, beside those who drive the same without a signal; then at the
/// line with the wait to enter, second.
fn delays(all: &Journeys, end_s: f64) -> (f64, f64, f64) {
    let (held, free) = (passages(Some(0), all, end_s), passages(None, all, end_s));
    assert_eq!((held.len(), free.len()), (all.list.len(), all.list.len()));
    let mean = |of: &dyn Fn(usize) -> f64| (0..held.len()).map(of).sum::<f64>() / held.len() as f64;
    let line_s = mean(&|i| held[i].line_s - free[i].line_s);
    let trip_s = mean(&|i| held[i].arrived_s - free[i].arrived_s);
    let wait_s = mean(&|i| held[i].entered_s - all.list[i].depart_s);
    (line_s, trip_s, line_s + wait_s)
}

fn uniform_s(found: &Discharge, degree: f64) -> f64 {
    let share = found.green_s / CYCLE_S;
    0.5 * CYCLE_S * (1.0 - share).powi(2) / (1.0 - share * degree)
}

/// Even arrivals: HCM 6th eq. 19-20, d₁ = C/2·(1 − λ)²/(1 − λX), within 5 %. With shorter queues than the four vehicles over
/// which the lost time is counted it is less (at X = 0.2 by 5 %): the first ones pass the line before they have lost it.
#[test]
fn delay_of_even_arrivals_is_the_uniform_delay() {
    let found = discharge();
    let capacity = found.green_s / found.headway_s / CYCLE_S;
    for degree in [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] {
        // Not a whole share of the cycle's vehicles, so that arrivals meet the cycle everywhere.
        let degree = 1.0077 * degree;
        let (line_s, trip_s, _) = delays(&departing((0..1000).map(|k| f64::from(k) / (degree * capacity))), 40_000.0);
        let expected = uniform_s(&found, degree);
        let off = line_s / expected - 1.0;
        println!(
            "degree {degree:.2}: {line_s:.2} s of {expected:.2} s at the line ({:+.1} %), whole trip {trip_s:.2} s",
            100.0 * off
        );
        assert!(off.abs() < 0.05, "degree {degree}: {line_s} s, {expected} s expected");
    }
}

/// Random arrivals: Webster, Traffic Signal Settings, Road Research Technical Paper 39 (1958), within 5 %, from the wish to enter
/// (two who come at once cannot enter at once, which is queueing too). It is less at all degrees: over 400 hours at 0.2, 0.5, 0.7
/// and 0.8 by 1.4, 3.7, 4.6 and 4.1 %, over 200 hours at 0.4, 0.6 and 0.9 by 3.8, 4.7 and 2.4 %.
#[test]
fn delay_of_random_arrivals_is_websters() {
    const LONG_S: f64 = 200.0 * 3600.0;
    let found = discharge();
    let share = found.green_s / CYCLE_S;
    for degree in [0.2, 0.5, 0.8] {
        let flow = degree * share / found.headway_s;
        let (mut state, mut t) = (7, 0.0);
        let departs = std::iter::from_fn(|| {
            t -= (1.0 - random(&mut state)).ln() / flow;
            (t < LONG_S).then_some(t)
        });
        let (_, trip_s, delay_s) = delays(&departing(departs), 1.1 * LONG_S);
        let expected = uniform_s(&found, degree) + degree * degree / (2.0 * flow * (1.0 - degree))
            - 0.65 * (CYCLE_S / flow.powi(2)).cbrt() * degree.powf(2.0 + 5.0 * share);
        let off = delay_s / expected - 1.0;
        println!(
            "degree {degree}: {delay_s:.2} s of {expected:.2} s ({:+.1} %), whole trip {trip_s:.2} s",
            100.0 * off
        );
        assert!(off.abs() < 0.05, "degree {degree}: {delay_s} s, {expected} s expected");
    }
}
