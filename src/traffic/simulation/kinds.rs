//! Vehicle kinds of a city's demand, as types of the microscopic view.

use crate::{
    journeys::{CarFollowing, EnergySource, VehicleType},
    lane_graph::Users,
};

/// What drives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum VehicleKind {
    Car = 0,
    Van = 1,
    Lorry = 2,
}

/// Size and Intelligent Driver Model of a kind.
struct Driver {
    name: &'static str,
    length_m: f32,
    /// Most the vehicle can or may drive, metre per second.
    top_mps: f32,
    /// Desired time headway T, second.
    headway_s: f32,
    /// Acceleration a, m/s².
    accel_mps2: f32,
    /// Standard deviation of desired speeds, share of the mean.
    spread: f32,
}

/// Treiber and Kesting, Traffic Flow Dynamics (2013), table 11.2: city traffic T = 1.0 s, s₀ = 2 m, b = 1.5 m/s², δ = 4;
/// lorries T = 1.7 s (their text). a = 1.5 m/s² (within the 0.8–2.5 m/s² they give; it lets a queue leave a stop line at
/// the 1,800–2,000 veh/h of HBS 2015). Lengths: RASt 06 design vehicles (car 4.74 m, van 6.0 m, lorry 9.46 m);
/// lorries are held to 80 km/h (StVO section 3, 3.5–7.5 t). Spread of free speeds: HBS 2015, about 8 %.
const DRIVERS: [Driver; 3] = [
    Driver { name: "car", length_m: 4.7, top_mps: 55.0, headway_s: 1.0, accel_mps2: 1.5, spread: 0.08 },
    Driver { name: "van", length_m: 6.0, top_mps: 45.0, headway_s: 1.1, accel_mps2: 1.3, spread: 0.08 },
    Driver { name: "lorry", length_m: 9.5, top_mps: 22.2, headway_s: 1.7, accel_mps2: 0.9, spread: 0.05 },
];
/// s₀, metre, and b, m/s² (same table).
const JAM_GAP_M: f32 = 2.0;
const BRAKING_MPS2: f32 = 1.5;
/// Full braking on a dry road, m/s² (Treiber and Kesting 2013, section 11.3.4: 8–9 m/s²).
const EMERGENCY_MPS2: f32 = 8.0;

impl VehicleKind {
    const ALL: [Self; 3] = [Self::Car, Self::Van, Self::Lorry];

    /// The kind of a stored number.
    pub fn of(number: u8) -> Self {
        match number {
            0 => Self::Car,
            1 => Self::Van,
            _ => Self::Lorry,
        }
    }

    fn driver(self) -> &'static Driver {
        &DRIVERS[self as usize]
    }

    pub fn length_m(self) -> f32 {
        self.driver().length_m
    }

    /// Wanted speed over the limit of a driver `temper` standard deviations from the mean.
    pub fn speed_factor(self, temper: f32) -> f32 {
        1.0 + self.driver().spread * temper
    }

    /// The types of all kinds, in the order of their numbers.
    pub fn types() -> Vec<VehicleType> {
        let of = |kind: Self| {
            let driver = kind.driver();
            VehicleType {
                name: driver.name.to_owned(),
                users: Users::CARS,
                length_m: driver.length_m,
                min_gap_m: JAM_GAP_M,
                max_speed_mps: driver.top_mps,
                accel_mps2: driver.accel_mps2,
                decel_mps2: BRAKING_MPS2,
                emergency_mps2: EMERGENCY_MPS2,
                headway_s: driver.headway_s,
                imperfection: 0.0,
                speed_factor: [1.0, driver.spread, 0.5, 1.5],
                model: CarFollowing::Idm,
                energy: EnergySource::Fuel,
            }
        };
        Self::ALL.map(of).to_vec()
    }
}
