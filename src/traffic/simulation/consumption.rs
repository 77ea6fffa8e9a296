//! What electric cars would take from their batteries the way traffic drives them now.

use super::{Simulation, drive::Drive, kinds::VehicleKind};
use crate::results::battery::{Battery, Body, KWH_J};

/// One step in so many is looked at, for all vehicles at once.
const EVERY: u64 = 8;
/// Kilometres looked at below which nothing is said.
const ENOUGH_KM: f64 = 10.0;

/// Sums over the cars of the steps that were looked at.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Consumption {
    joules: f64,
    metres: f64,
}

impl Simulation {
    /// Looks at how cars have driven in this step; in queues they have no speed of their own, and what was found before stands.
    pub(super) fn consume(&mut self) {
        if !self.steps.is_multiple_of(EVERY) || !matches!(self.drive, Drive::Micro(_)) {
            return;
        }
        let battery = Battery::of(Body::Car);
        let dt = Self::STEP_S as f32;
        for vehicle in &self.fleet.active {
            let trip = &self.fleet.trips[*vehicle as usize];
            if VehicleKind::of(trip.kind) == VehicleKind::Car {
                let (before, now) = (trip.was.speed, trip.now.speed);
                self.consumption.joules += f64::from(battery.step_j(before, now, dt) + battery.auxiliary_w * dt);
                self.consumption.metres += f64::from(0.5 * (before + now) * dt);
            }
        }
    }

    /// What an electric car takes from its battery as cars have driven here so far, standing included, kWh/km; none before
    /// enough have.
    pub fn car_kwh_per_km(&self) -> Option<f64> {
        let km = self.consumption.metres / 1000.0;
        (km >= ENOUGH_KM).then(|| self.consumption.joules / KWH_J / km)
    }
}
