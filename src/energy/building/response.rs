//! An hour of a network as linear maps: from its state, the hour's drives and the power of its plant to the next state and
//! the air temperature. Crank–Nicolson over the hour, as ISO 13790:2008, annex C: the mass nodes' mean over the hour is
//! half of start and end, and surface and air balance against those means.

use super::body::{Body, Share};

/// Seconds of a step.
pub(super) const STEP_S: f64 = 3600.0;
/// What drives a zone: outdoor and ground temperature (°C), internal gains, sun through windows, on opaque parts (W).
pub(super) const DRIVES: usize = 5;

/// Place of the internal gains among the drives.
pub(super) const INTERNAL: usize = 2;

/// Maps of one ventilation level.
#[derive(Clone, Copy)]
pub(super) struct Response<const N: usize> {
    /// Of the state at the hour's start, of the drives, of the plant's power (per W).
    pub next_state: [[f64; N]; N],
    pub next_drive: [[f64; DRIVES]; N],
    pub next_power: [f64; N],
    /// Mean air temperature of the hour.
    pub air_state: [f64; N],
    pub air_drive: [f64; DRIVES],
    pub air_power: f64,
}

/// Heat flow into every node.
#[derive(Clone, Copy)]
struct Nodes<const N: usize> {
    mass: [f64; N],
    surface: f64,
    air: f64,
}

impl<const N: usize> Response<N> {
    /// The maps of a body with its air exchanged by `ventilation_w_k`.
    pub fn of(body: &Body<N>, ventilation_w_k: f64) -> Self {
        let network = Network::new(body, ventilation_w_k);
        let none = Nodes { mass: [0.0; N], surface: 0.0, air: 0.0 };
        let spread = |share: &Share<N>| Nodes { mass: share.mass, surface: share.surface, air: share.air };
        let drives: [Nodes<N>; DRIVES] = [
            Nodes { mass: body.mass_outdoor_w_k, surface: body.window_w_k, air: ventilation_w_k },
            Nodes { mass: body.mass_ground_w_k, ..none },
            spread(&body.internal),
            spread(&body.solar),
            spread(&body.opaque),
        ];
        let from_drive = drives.map(|drive| network.mean(drive));
        let from_power = network.mean(Nodes { air: 1.0, ..none });
        let from_state: [Nodes<N>; N] = std::array::from_fn(|j| {
            let mut held = none;
            held.mass[j] = network.held[j];
            network.mean(held)
        });
        // End of the hour = twice the mean, less the start.
        let end = |mean: f64, start: f64| 2.0 * mean - start;
        Self {
            next_state: std::array::from_fn(|i| {
                std::array::from_fn(|j| end(from_state[j].mass[i], f64::from(u8::from(i == j))))
            }),
            next_drive: std::array::from_fn(|i| from_drive.map(|mean| end(mean.mass[i], 0.0))),
            next_power: std::array::from_fn(|i| end(from_power.mass[i], 0.0)),
            air_state: from_state.map(|mean| mean.air),
            air_drive: from_drive.map(|mean| mean.air),
            air_power: from_power.air,
        }
    }
}

impl<const N: usize> Response<N> {
    /// Tells a drive in another unit: one of it is `factor` of the old.
    pub fn scale(&mut self, drive: usize, factor: f64) {
        self.next_drive.iter_mut().for_each(|row| row[drive] *= factor);
        self.air_drive[drive] *= factor;
    }
}

/// The network, its mass nodes eliminated.
struct Network<const N: usize> {
    /// 2·C/Δt per mass node, W/K.
    held: [f64; N],
    coupling: [f64; N],
    /// All that leaves a mass node, W/K.
    diagonal: [f64; N],
    surface: f64,
    surface_air: f64,
    air: f64,
}

impl<const N: usize> Network<N> {
    fn new(body: &Body<N>, ventilation_w_k: f64) -> Self {
        let held = body.capacity_j_k.map(|capacity| 2.0 * capacity / STEP_S);
        let coupling = body.mass_surface_w_k;
        let diagonal: [f64; N] =
            std::array::from_fn(|i| held[i] + coupling[i] + body.mass_outdoor_w_k[i] + body.mass_ground_w_k[i]);
        let through: f64 = (0..N).map(|i| coupling[i] * (1.0 - coupling[i] / diagonal[i])).sum();
        Self {
            held,
            coupling,
            diagonal,
            surface: through + body.window_w_k + body.surface_air_w_k,
            surface_air: body.surface_air_w_k,
            air: body.surface_air_w_k + ventilation_w_k,
        }
    }

    /// Mean temperatures of the nodes under heat flows into them.
    fn mean(&self, flow: Nodes<N>) -> Nodes<N> {
        let through: f64 = (0..N).map(|i| self.coupling[i] / self.diagonal[i] * flow.mass[i]).sum();
        let determinant = self.surface * self.air - self.surface_air * self.surface_air;
        let surface = ((flow.surface + through) * self.air + self.surface_air * flow.air) / determinant;
        let air = (flow.air + self.surface_air * surface) / self.air;
        let mass = std::array::from_fn(|i| (flow.mass[i] + self.coupling[i] * surface) / self.diagonal[i]);
        Nodes { mass, surface, air }
    }
}
