//! What is measured on each link: flow, speed, vehicles, travel times for routing, counts by hour.

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use super::Simulation;
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

impl Simulation {
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
        let m = &mut self.monitor;
        for state in &mut m.states {
            (state.vehicles, state.speed_mps) = (0, 0.0);
        }
        for s in &self.fleet.active {
            let state = &mut m.states[self.fleet.link[*s as usize] as usize];
            state.vehicles += 1;
            state.speed_mps += self.fleet.speed[*s as usize];
        }
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
        let now_s = self.steps as f64 * Self::STEP_S;
        let mut held_s = vec![0.0_f32; n.links.len()];
        for s in &self.fleet.active {
            let s = *s as usize;
            let here = (now_s - self.fleet.entered_s[s]) as f32;
            let link = self.fleet.link[s] as usize;
            held_s[link] = held_s[link].max(here);
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
