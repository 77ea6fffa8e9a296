//! What moves the live city's energy from instant to instant, and the worker that prepares its next day. A day hangs on city and
//! calendar alone; midnight takes it, and waits where the worker is not done: what happens never depends on its speed.

use std::{sync::Arc, thread};

use bevy_ecs::prelude::*;
use citytwin_energy::EnergySystem;
use citytwin_scenario::{LiveDay, LiveEnergy, SkyNow, half_pool};
use crossbeam_channel::{Receiver, bounded};

/// Hours, shares and days of the live city's energy.
#[derive(Resource)]
pub struct LiveEnergyTwin {
    live: LiveEnergy,
    /// The day that a worker prepares, by number.
    coming: Option<(i64, Receiver<LiveDay>)>,
    is_fault_told: bool,
}

impl LiveEnergyTwin {
    pub(crate) fn new(live: LiveEnergy) -> Self {
        Self { live, coming: None, is_fault_told: false }
    }

    pub fn live(&self) -> &LiveEnergy {
        &self.live
    }

    pub(crate) fn live_mut(&mut self) -> &mut LiveEnergy {
        &mut self.live
    }

    /// Another of the same city and shares, for a worker.
    pub(crate) fn fork(&self) -> LiveEnergy {
        self.live.fork()
    }

    /// Computes the powers of an instant, and has the next day prepared.
    pub(crate) fn evaluate(&mut self, energy: &mut EnergySystem, sky: &SkyNow, hold_s: f64) {
        if let Some((number, coming)) = self.coming.take_if(|(number, _)| *number <= self.live.day_of(sky.at)) {
            // A worker that is gone leaves the day to whoever needs it.
            if number == self.live.day_of(sky.at)
                && let Ok(day) = coming.recv()
            {
                self.live.give(Arc::new(day));
            }
        }
        self.live.evaluate(energy, sky, hold_s);
        self.tell_fault();
        match self.live.wants() {
            Some(number) if self.coming.as_ref().is_none_or(|(coming, _)| *coming != number) => self.prepare(number),
            _ => {}
        }
    }

    fn prepare(&mut self, number: i64) {
        let (send, coming) = bounded(1);
        let basis = self.live.basis().clone();
        let work = move || {
            if let Ok(pool) = half_pool() {
                // The window may be gone by now; then nobody waits for the day.
                let _ = send.send(pool.install(|| basis.day(number)));
            }
        };
        match thread::Builder::new().name("energy-day".into()).spawn(work) {
            Ok(_) => self.coming = Some((number, coming)),
            Err(error) => tracing::warn!("no thread for the next day of energy: {error}; midnight will take longer"),
        }
    }

    fn tell_fault(&mut self) {
        if let Some(why) = self.live.fault().filter(|_| !self.is_fault_told) {
            tracing::warn!("the live city has no heat: {why}");
            self.is_fault_told = true;
        }
    }
}
