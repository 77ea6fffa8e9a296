//! Vehicle kinds and the Intelligent Driver Model.

/// What drives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum VehicleKind {
    Car = 0,
    Van = 1,
    Lorry = 2,
}

/// Parameters of the Intelligent Driver Model and size.
#[derive(Clone, Copy, Debug)]
pub struct Driver {
    pub length_m: f32,
    /// Most the vehicle can or may drive, metre per second.
    pub top_mps: f32,
    /// Desired time headway T, second.
    pub headway_s: f32,
    /// Gap in standing traffic s₀, metre.
    pub jam_gap_m: f32,
    /// Acceleration a, m/s².
    pub acceleration: f32,
    /// Comfortable deceleration b, m/s².
    pub braking: f32,
    /// 2·√(a·b), m/s².
    pub interaction: f32,
    /// Standard deviation of desired speeds, share of the mean.
    pub spread: f32,
}

/// Treiber and Kesting, Traffic Flow Dynamics (2013), table 11.2: city traffic T = 1.0 s, s₀ = 2 m, b = 1.5 m/s², δ = 4;
/// lorries T = 1.7 s (their text). a = 1.5 m/s² (within the 0.8–2.5 m/s² they give; it lets a queue leave a stop line at
/// the 1,800–2,000 veh/h of HBS 2015). Lengths: RASt 06 design vehicles (car 4.74 m, van 6.0 m, lorry 9.46 m);
/// lorries are held to 80 km/h (StVO section 3, 3.5–7.5 t). Spread of free speeds: HBS 2015, about 8 %.
const DRIVERS: [Driver; 3] = [
    Driver {
        length_m: 4.7,
        top_mps: 55.0,
        headway_s: 1.0,
        jam_gap_m: 2.0,
        acceleration: 1.5,
        braking: 1.5,
        interaction: 3.0,
        spread: 0.08,
    },
    Driver {
        length_m: 6.0,
        top_mps: 45.0,
        headway_s: 1.1,
        jam_gap_m: 2.0,
        acceleration: 1.3,
        braking: 1.5,
        interaction: 2.792_848,
        spread: 0.08,
    },
    Driver {
        length_m: 9.5,
        top_mps: 22.2,
        headway_s: 1.7,
        jam_gap_m: 2.0,
        acceleration: 0.9,
        braking: 1.5,
        interaction: 2.323_79,
        spread: 0.05,
    },
];

impl VehicleKind {
    /// The kind of a stored number.
    pub fn of(number: u8) -> Self {
        match number {
            0 => Self::Car,
            1 => Self::Van,
            _ => Self::Lorry,
        }
    }

    pub fn driver(self) -> &'static Driver {
        &DRIVERS[self as usize]
    }
}

impl Driver {
    /// Acceleration towards the desired speed with nobody ahead, m/s²; slowing from above it is comfortable.
    pub fn free(&self, speed: f32, desired: f32) -> f32 {
        let r = speed / desired.max(0.1);
        (self.acceleration * (1.0 - r * r * r * r)).max(-self.braking)
    }

    /// Acceleration behind a leader `gap` metres ahead that closes at `closing` m/s (Treiber, Hennecke and
    /// Helbing 2000, eqs. 3 and 4).
    pub fn follow(&self, speed: f32, desired: f32, gap: f32, closing: f32) -> f32 {
        let dynamic = speed * self.headway_s + speed * closing / self.interaction;
        let wanted = (self.jam_gap_m + dynamic.max(0.0)) / gap.max(0.1);
        self.free(speed, desired) - self.acceleration * wanted * wanted
    }

    /// The gap at which nobody changes speed, metre (same paper, eq. 5).
    #[cfg(test)]
    pub fn equilibrium_gap(&self, speed: f32, desired: f32) -> f32 {
        (self.jam_gap_m + speed * self.headway_s) / (1.0 - (speed / desired).powi(4)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_accelerates_at_the_equilibrium_gap() {
        for kind in [VehicleKind::Car, VehicleKind::Van, VehicleKind::Lorry] {
            let driver = kind.driver();
            for speed in [0.0, 5.0, 10.0] {
                let gap = driver.equilibrium_gap(speed, 13.9);
                assert!((driver.interaction - 2.0 * (driver.acceleration * driver.braking).sqrt()).abs() < 1e-5);
                assert!(driver.follow(speed, 13.9, gap, 0.0).abs() < 1e-5, "{kind:?} at {speed}");
            }
        }
    }
}
