//! What is measured on each link: flow, speed, vehicles, travel times for routing, counts by hour.

use std::collections::BTreeSet;

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use super::{Simulation, TrafficView, VehicleKind, fleet::Trip};
use crate::network::Network;

/// What a link shows now; one per link of the city, in its order.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct LinkState {
    /// Vehicles that left the link over the last 15 minutes, per hour.
    pub flow_vph: f32,
    /// Mean over the vehicles on it now; the free speed when it is empty.
    pub speed_mps: f32,
    /// [`Self::speed_mps`] relative to the legal limit.
    pub speed_ratio: f32,
    /// Vehicles per kilometre and lane.
    pub density_vpkm: f32,
    pub vehicles: u32,
    /// … of them slower than 5 km/h, and metres from the end of the link to the rear of the last of those.
    pub queued: u32,
    pub queue_m: f32,
    /// Vehicles that wait to enter it.
    pub waiting: u32,
    /// Vehicles that have left the link since the start.
    pub passed: u32,
}

/// Vehicles that left each link within one hour of simulated time.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LinkFlow {
    /// Hours since the start.
    pub hour: u32,
    /// By link of the city.
    pub vehicles: Vec<u32>,
}

/// Running measurements.
pub struct Monitor {
    pub states: Vec<LinkState>,
    pub hours: Vec<LinkFlow>,
    passed: Vec<u32>,
    passed_at_hour: Vec<u32>,
    /// Totals of the last minutes, newest last.
    minutes: std::collections::VecDeque<Vec<u32>>,
    took_s: Vec<f32>,
    took: Vec<u32>,
}

/// Window of the flow, minutes.
const WINDOW_MIN: usize = 15;
/// Link states are brought up to date this often, second.
const STATES_EVERY_S: u64 = 5;
/// Routing costs follow measured times this often, second, and by this share (exponential smoothing over about three
/// minutes: drivers and their navigation learn with delay).
const COSTS_EVERY_S: u64 = 60;
const COSTS_SHARE: f32 = 0.3;

impl Monitor {
    pub fn new(network: &Network) -> Self {
        let count = network.links.len();
        let states = network
            .links
            .iter()
            .map(|l| LinkState {
                speed_mps: l.free_mps,
                speed_ratio: l.free_mps / l.limit_mps.max(0.1),
                ..LinkState::default()
            })
            .collect();
        Self {
            states,
            hours: Vec::new(),
            passed: vec![0; count],
            passed_at_hour: vec![0; count],
            minutes: std::collections::VecDeque::from([vec![0; count]]),
            took_s: vec![0.0; count],
            took: vec![0; count],
        }
    }

    /// A vehicle has left a link; with its time on it where it drove all of it.
    pub fn left(&mut self, link: usize, took_s: Option<f32>) {
        self.passed[link] += 1;
        if let Some(took_s) = took_s {
            self.took_s[link] += took_s;
            self.took[link] += 1;
        }
    }

    pub fn digest(&self, hash: &mut Xxh3) {
        self.passed.iter().for_each(|p| hash.update(&p.to_le_bytes()));
    }
}

/// Slower than this one queues, metre per second (5 km/h, HCM 6th ed., ch. 31: queued vehicles).
const QUEUED_MPS: f32 = 5.0 / 3.6;

impl Simulation {
    /// Books what the vehicles' last step did: links left, trips ended.
    pub(super) fn book(&mut self) {
        let now_s = self.elapsed_s();
        for i in 0..self.drive.left().len() {
            let (vehicle, link) = self.drive.left()[i];
            let mut trip = self.fleet.trips[vehicle as usize];
            self.leave(&mut trip, link);
            self.fleet.trips[vehicle as usize] = trip;
        }
        for vehicle in self.drive.arrived() {
            let trip = &self.fleet.trips[*vehicle as usize];
            let row = &self.network.links[trip.last as usize];
            let undriven_m = f64::from((row.length - trip.to_pos).max(0.0));
            let metres = (trip.driven_m - undriven_m).max(0.0);
            let free_s = (trip.free_s - undriven_m / f64::from(row.free_mps)).max(0.0);
            self.counters.arrive(now_s - trip.departed_s, metres, free_s);
        }
        if self.view() == TrafficView::Meso {
            let gone: BTreeSet<u32> = self.drive.arrived().iter().copied().collect();
            self.fleet.active.retain(|vehicle| !gone.contains(vehicle));
        }
        self.drive.release();
    }

    /// Books that a vehicle has left a link; at its end, or at its destination.
    pub(super) fn leave(&mut self, trip: &mut Trip, link: u32) {
        let now_s = self.elapsed_s();
        let took_s = (now_s - trip.left_s) as f32;
        self.monitor.left(link as usize, took_s.is_finite().then_some(took_s));
        let row = &self.network.links[link as usize];
        let from = if trip.left_s.is_nan() { trip.from_pos } else { 0.0 };
        let metres = f64::from((row.length - from).max(0.0));
        trip.driven_m += metres;
        trip.free_s += metres / f64::from(row.free_mps);
        (trip.left_s, trip.last) = (now_s, link);
    }

    /// The state of every link of the city, in its order; brought up to date every 5 s of simulated time.
    pub fn link_states(&self) -> &[LinkState] {
        &self.monitor.states
    }

    /// Counts of each full hour so far.
    pub fn link_flows(&self) -> &[LinkFlow] {
        &self.monitor.hours
    }

    pub(super) fn observe(&mut self) {
        let steps_per = |seconds: u64| (seconds as f64 / Self::STEP_S) as u64;
        let due = |seconds: u64| self.steps.is_multiple_of(steps_per(seconds));
        let (states, costs, hour) = (due(STATES_EVERY_S), due(COSTS_EVERY_S), due(3600));
        if costs {
            self.follow_travel_times();
            self.guide();
            self.monitor.minutes.push_back(self.monitor.passed.clone());
            if self.monitor.minutes.len() > WINDOW_MIN + 1 {
                self.monitor.minutes.pop_front();
            }
        }
        if states {
            self.refresh_link_states();
        }
        if hour {
            self.close_hour();
        }
    }

    pub(super) fn refresh_link_states(&mut self) {
        let n = &*self.network;
        let mut states = std::mem::take(&mut self.monitor.states);
        for state in &mut states {
            (state.vehicles, state.speed_mps, state.queued, state.queue_m, state.waiting) = (0, 0.0, 0, 0.0, 0);
        }
        for v in &self.fleet.active {
            let trip = &self.fleet.trips[*v as usize];
            let (link, _, pos_m) = self.on_link(&trip.now);
            let state = &mut states[link as usize];
            state.vehicles += 1;
            state.speed_mps += trip.now.speed;
            if trip.now.speed < QUEUED_MPS {
                state.queued += 1;
                let rear = pos_m - VehicleKind::of(trip.kind).length_m();
                state.queue_m = state.queue_m.max((n.links[link as usize].length - rear).max(0.0));
            }
        }
        for (_, link) in self.drive.waiting() {
            states[link as usize].waiting += 1;
        }
        let m = &mut self.monitor;
        m.states = states;
        let window_h = ((m.minutes.len() - 1) as f32 / 60.0).max(1.0 / 60.0);
        let oldest = &m.minutes[0];
        for (l, state) in m.states.iter_mut().enumerate() {
            let row = &n.links[l];
            state.speed_mps = if state.vehicles == 0 { row.free_mps } else { state.speed_mps / state.vehicles as f32 };
            state.speed_ratio = state.speed_mps / row.limit_mps.max(0.1);
            state.density_vpkm = 1000.0 * state.vehicles as f32 / (row.length * f32::from(row.lanes)).max(0.1);
            state.passed = m.passed[l];
            state.flow_vph = (m.passed[l] - oldest[l]) as f32 / window_h;
        }
    }

    /// Routing costs: measured times, smoothed, never below free flow; where nobody gets out, the time stood so far.
    fn follow_travel_times(&mut self) {
        let n = &*self.network;
        let now_s = self.elapsed_s();
        let mut held_s = vec![0.0_f32; n.links.len()];
        for v in &self.fleet.active {
            let trip = &self.fleet.trips[*v as usize];
            let (route, leg) = self.drive.way_of(*v);
            let here = (now_s - trip.left_s) as f32;
            let held = &mut held_s[route[leg] as usize];
            *held = held.max(here);
        }
        let m = &mut self.monitor;
        for (l, row) in n.links.iter().enumerate() {
            if self.closed[l] {
                continue;
            }
            let measured = match m.took[l] {
                0 => held_s[l],
                count => m.took_s[l] / count as f32,
            };
            let seen = (measured + row.toll_s()).max(row.base_cost);
            self.costs[l] = (self.costs[l] + COSTS_SHARE * (seen - self.costs[l])).max(row.base_cost);
            (m.took_s[l], m.took[l]) = (0.0, 0);
        }
    }

    fn close_hour(&mut self) {
        let m = &mut self.monitor;
        let vehicles = m.passed.iter().zip(&m.passed_at_hour).map(|(now, before)| now - before).collect();
        m.hours.push(LinkFlow { hour: m.hours.len() as u32, vehicles });
        m.passed_at_hour.clone_from(&m.passed);
        let under_way = self.under_way();
        self.counters.close_hour(under_way);
    }
}
