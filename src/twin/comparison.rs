//! The what-if: baseline against the edits in force, on a worker thread. The live city never stops for it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_model::{Assumptions, City};
use citytwin_scenario::{CompareSpec, Comparison, Prepared, RunError, RunSpec, Watch, compare};
use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::{CityModel, Clock, Stated, engines::Origins};

/// What a person may ask of the comparison.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ComparisonRequest {
    Start,
    Cancel,
}

/// Shared with the worker: how far it is, and whether to stop.
#[derive(Default, Debug)]
pub struct ComparisonProgress {
    fraction_bits: AtomicU32,
    cancelled: AtomicBool,
}

impl ComparisonProgress {
    /// 0…1.
    pub fn fraction(&self) -> f32 {
        f32::from_bits(self.fraction_bits.load(Ordering::Relaxed))
    }
}

impl Watch for ComparisonProgress {
    fn progress(&self, fraction: f32) {
        self.fraction_bits.store(fraction.to_bits(), Ordering::Relaxed);
    }
    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Where the comparison stands.
#[derive(Default, Debug)]
pub enum ComparisonState {
    #[default]
    Idle,
    Running {
        progress: Arc<ComparisonProgress>,
        result: Receiver<Result<Comparison, RunError>>,
    },
    Done(Box<Answer>),
    Failed(String),
}

/// A finished comparison.
#[derive(Debug)]
pub struct Answer {
    pub comparison: Comparison,
    /// Variant less baseline per link, vehicles per hour.
    pub flow_change_vph: Vec<f32>,
    /// What was compared, for the person: window and number of pairs.
    pub what: String,
}

/// The comparison and what it compared.
#[derive(Resource, Default, Debug)]
pub struct WhatIf {
    pub state: ComparisonState,
    /// The assumptions that the state belongs to.
    pub compared: Option<Assumptions>,
}

pub(crate) fn install(world: &mut World) {
    if let Some(old) = world.get_resource::<WhatIf>() {
        old.cancel();
    }
    world.insert_resource(WhatIf::default());
}

pub(crate) fn plugin(app: &mut App) {
    app.add_message::<ComparisonRequest>()
        .add_systems(PreUpdate, (obey, take_result).chain().run_if(resource_exists::<CityModel>));
}

impl WhatIf {
    fn cancel(&self) {
        if let ComparisonState::Running { progress, .. } = &self.state {
            progress.cancelled.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for WhatIf {
    /// The worker does not outlive the program's interest in it.
    fn drop(&mut self) {
        self.cancel();
    }
}

fn obey(
    mut requests: MessageReader<ComparisonRequest>,
    (city, clock, stated, origins): (Res<CityModel>, Res<Clock>, Res<Stated>, Res<Origins>),
    mut what_if: ResMut<WhatIf>,
) {
    for request in requests.read() {
        what_if.cancel();
        match request {
            ComparisonRequest::Cancel => what_if.state = ComparisonState::Idle,
            ComparisonRequest::Start => {
                let base =
                    RunSpec { hours: 1.0, seed: origins.seed, start: clock.now(), threads: 0, edits: Vec::new() };
                let edits = stated.0.requests_from(&Assumptions::default());
                what_if.compared = Some(stated.0.clone());
                what_if.state = begin(city.0.clone(), &origins, CompareSpec::quick(base, edits));
            }
        }
    }
}

fn begin(city: Arc<City>, origins: &Origins, spec: CompareSpec) -> ComparisonState {
    let (network, demand) = (origins.network.clone(), origins.demand.clone());
    let progress = Arc::new(ComparisonProgress::default());
    let (send, result) = bounded(1);
    let watch = progress.clone();
    let spawned = std::thread::Builder::new().name("what-if".into()).spawn(move || {
        // The window may be gone by now; then nobody waits for the answer.
        let _ = send.send(compare(&Prepared::with(&city, network, demand), &spec, &*watch));
    });
    match spawned {
        Ok(_) => ComparisonState::Running { progress, result },
        Err(error) => ComparisonState::Failed(format!("no thread for the comparison: {error}")),
    }
}

fn take_result(mut what_if: ResMut<WhatIf>) {
    let ComparisonState::Running { result, .. } = &what_if.state else { return };
    let state = match result.try_recv() {
        Err(TryRecvError::Empty) => return,
        Err(TryRecvError::Disconnected) => ComparisonState::Failed("the comparison ended without an answer".into()),
        Ok(Err(RunError::Cancelled)) => ComparisonState::Idle,
        Ok(Err(error)) => ComparisonState::Failed(error.to_string()),
        Ok(Ok(comparison)) => ComparisonState::Done(Box::new(answer(comparison))),
    };
    what_if.state = state;
}

fn answer(comparison: Comparison) -> Answer {
    let what = format!(
        "{} h from now, {} paired runs, the same trips in both; ± is the 95 % interval",
        comparison.hours, comparison.replications
    );
    Answer { flow_change_vph: comparison.flow_change_vph(), what, comparison }
}
