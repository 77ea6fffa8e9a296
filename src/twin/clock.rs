//! Simulated time: how many ticks have passed, how fast they should pass, how fast they can.

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use bevy_time::{Real, Time, Virtual};
use citytwin_model::{
    Timestamp,
    time::{LocalTime, TimeZone},
};
use citytwin_traffic::{Simulation, TrafficView};

/// Share of a frame's wall time the ticks may take before the speed is held back.
const TICK_SHARE: f64 = 0.6;
/// Slowest speed the governor holds the clock to.
const SLOWEST: f64 = 0.1;

/// Speed of the clock from which on vehicles drive as queues: nobody follows a single car any more then.
pub const QUEUES_FROM: f64 = 60.0;

/// The view that vehicles drive in at a speed of the clock.
pub fn view_at(speed: f64) -> TrafficView {
    if speed >= QUEUES_FROM { TrafficView::Meso } else { TrafficView::Micro }
}

/// The simulated clock. Changed by ticks and by [`ClockRequest`] alone.
#[derive(Resource, Clone, Debug)]
pub struct Clock {
    /// Instant of tick 0.
    pub start: Timestamp,
    /// Ticks since then.
    pub tick: u64,
    pub zone: TimeZone,
    /// Simulated seconds per real second, as asked for.
    pub speed: f64,
    /// The same, as far as this machine keeps up.
    pub reached: f64,
    pub paused: bool,
    /// Smoothed wall time of one tick, second.
    pub(crate) tick_cost_s: f64,
    /// The tick in which the energy system is evaluated beside its usual ones, since something has changed.
    pub(crate) energy_tick: u64,
}

impl Clock {
    pub(crate) fn new(start: Timestamp, zone: TimeZone) -> Self {
        Self { start, tick: 0, zone, speed: 1.0, reached: 1.0, paused: false, tick_cost_s: 0.0, energy_tick: 0 }
    }

    /// Has the energy system evaluated in the next tick.
    pub(crate) fn evaluate_energy(&mut self) {
        self.energy_tick = self.tick + 1;
    }

    /// The simulated instant.
    pub fn now(&self) -> Timestamp {
        let passed_ms = (self.tick as f64 * Simulation::STEP_S * 1000.0).round() as i64;
        self.start.checked_add(jiff::SignedDuration::from_millis(passed_ms)).unwrap_or(self.start)
    }

    /// The simulated wall clock of the city.
    pub fn local(&self) -> LocalTime {
        LocalTime::of(self.now(), &self.zone)
    }

    pub(crate) fn note_cost(&mut self, seconds: f64) {
        self.tick_cost_s = if self.tick_cost_s == 0.0 { seconds } else { 0.95 * self.tick_cost_s + 0.05 * seconds };
    }
}

/// What a person may ask of the clock.
#[derive(Message, Clone, Copy, PartialEq, Debug)]
pub enum ClockRequest {
    /// Simulated seconds per real second, 0.1…600.
    Speed(f64),
    Pause(bool),
}

pub(crate) fn plugin(app: &mut App) {
    app.add_message::<ClockRequest>().add_systems(PreUpdate, (obey, govern).chain().run_if(resource_exists::<Clock>));
}

/// Run condition: a city is loaded and its clock stands still.
pub(crate) fn is_paused(clock: Option<Res<Clock>>) -> bool {
    clock.is_some_and(|clock| clock.paused)
}

fn obey(mut requests: MessageReader<ClockRequest>, mut clock: ResMut<Clock>, mut time: ResMut<Time<Virtual>>) {
    for request in requests.read() {
        match *request {
            ClockRequest::Speed(speed) if speed.is_finite() => clock.speed = speed.clamp(SLOWEST, 600.0),
            ClockRequest::Speed(_) => {}
            ClockRequest::Pause(true) => {
                clock.paused = true;
                time.pause();
            }
            ClockRequest::Pause(false) => {
                clock.paused = false;
                time.unpause();
            }
        }
    }
}

/// Holds the speed to what the ticks' measured cost allows, so that frames keep coming.
pub(crate) fn govern(mut clock: ResMut<Clock>, mut time: ResMut<Time<Virtual>>, real: Res<Time<Real>>) {
    let can = if clock.tick_cost_s > 0.0 { TICK_SHARE * Simulation::STEP_S / clock.tick_cost_s } else { f64::INFINITY };
    // A slow renderer (software Vulkan) makes frames longer than the clock's largest step; say so too.
    let frame_s = real.delta_secs_f64();
    let longest_s = time.max_delta().as_secs_f64();
    let frame_share = if frame_s > longest_s { longest_s / frame_s } else { 1.0 };
    let speed = clock.speed.min(can).max(SLOWEST);
    let reached = speed * frame_share;
    if (clock.reached - reached).abs() > 0.02 * clock.reached {
        clock.reached = reached;
    }
    if (time.relative_speed_f64() - speed).abs() > 1e-3 * speed {
        time.set_relative_speed_f64(speed);
    }
}
