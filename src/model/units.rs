//! Physical quantities as types, for values that cross a floor. Inside a kernel the unit is a suffix
//! (`_w`, `_m`, `_s`, `_mps`).

use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, PartialOrd, Default, Debug, Serialize, Deserialize)]
        pub struct $name(pub f64);

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
    };
}

unit!(/// Length, metre.
    Metres);
unit!(/// Duration, second.
    Seconds);
unit!(/// Speed, metre per second.
    MetresPerSecond);
unit!(/// Power, watt.
    Watts);

/// Exact: the international mile is 1609.344 m (1959 agreement).
pub const MPS_PER_MPH: f64 = 1609.344 / 3600.0;
/// Exact: kilometre per hour.
pub const MPS_PER_KMH: f64 = 1000.0 / 3600.0;
/// Exact: knot, one nautical mile (1852 m) per hour.
pub const MPS_PER_KNOT: f64 = 1852.0 / 3600.0;
/// Exact: international foot.
pub const METRES_PER_FOOT: f64 = 0.3048;
/// Exact: international inch.
pub const METRES_PER_INCH: f64 = 0.0254;
/// Joules in one megawatt-hour.
pub const JOULES_PER_MWH: f64 = 3.6e9;
