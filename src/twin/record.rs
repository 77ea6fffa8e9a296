//! Short histories for the panels: the city's totals and every sensor's trace.

use std::collections::VecDeque;

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_model::Timestamp;

use crate::{Clock, EnergyTwin, Simulated, TrafficTwin, TwinSystems, simulate::due};

/// Simulated time between two samples of the totals, second.
const SAMPLE_S: f64 = 60.0;
/// Samples kept: one day.
const SAMPLES: usize = 1440;
/// Points kept per sensor and series.
const TRACE_POINTS: usize = 240;

/// The city at one instant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sample {
    pub at: Timestamp,
    pub load_w: f64,
    pub pv_w: f64,
    pub supplied_w: f64,
    pub vehicles: u64,
    /// Mean travel time of the trips that have arrived since the start, second.
    pub mean_travel_time_s: f64,
}

/// The last day of the city's totals, oldest first.
#[derive(Resource, Default, Debug)]
pub struct Record {
    pub samples: VecDeque<Sample>,
}

/// What one sensor said and what was simulated beside it, oldest first.
#[derive(Component, Default, Clone, Debug)]
pub struct Trace {
    pub observed: VecDeque<(Timestamp, f64)>,
    pub simulated: VecDeque<(Timestamp, f64)>,
}

impl Trace {
    pub(crate) fn observe(&mut self, at: Timestamp, value: f64) {
        push(&mut self.observed, (at, value), TRACE_POINTS);
    }
}

pub(crate) fn install(world: &mut World) {
    world.insert_resource(Record::default());
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(FixedUpdate, (sample, trace).in_set(TwinSystems::Record));
}

fn push<T>(series: &mut VecDeque<T>, point: T, most: usize) {
    if series.len() >= most {
        series.pop_front();
    }
    series.push_back(point);
}

fn sample(clock: Res<Clock>, (traffic, energy): (Res<TrafficTwin>, Res<EnergyTwin>), mut record: ResMut<Record>) {
    if !due(clock.tick, SAMPLE_S) {
        return;
    }
    let at = clock.now();
    // A jump back in time starts the day again.
    if record.samples.back().is_some_and(|last| last.at >= at) {
        record.samples.clear();
    }
    let (totals, tally) = (energy.0.totals(), traffic.0.tally());
    let sample = Sample {
        at,
        load_w: totals.load_w,
        pv_w: totals.pv_w,
        supplied_w: totals.supplied_w,
        vehicles: tally.under_way,
        mean_travel_time_s: tally.mean_travel_time_s,
    };
    push(&mut record.samples, sample, SAMPLES);
}

fn trace(clock: Res<Clock>, mut sensors: Query<(&Simulated, &mut Trace)>) {
    if !due(clock.tick, 10.0) {
        return;
    }
    let now = clock.now();
    for (simulated, mut trace) in &mut sensors {
        if let Simulated::Sensor { value } = simulated {
            if trace.simulated.back().is_some_and(|(last, _)| *last >= now) {
                trace.simulated.clear();
                trace.observed.clear();
            }
            push(&mut trace.simulated, (now, *value), TRACE_POINTS);
        }
    }
}
