//! What a sensor says, when, and how far it may be believed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{SensorId, Timestamp};

/// What is measured. The unit is fixed per quantity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Vehicles per hour past a section, both directions unless the sensor says one.
    VehicleFlow,
    /// Mean speed, km/h.
    Speed,
    /// Active power, W; load positive.
    ActivePower,
    /// Voltage of a phase to neutral, mean of the phases, V.
    Voltage,
    /// Air temperature, °C.
    AirTemperature,
    /// Global horizontal irradiance, W/m².
    Irradiance,
    /// Fine particulate matter, µg/m³.
    Pm25,
    /// Nitrogen dioxide, µg/m³.
    No2,
    /// A-weighted sound level, dB(A).
    Noise,
}

impl Quantity {
    pub const ALL: [Self; 9] = [
        Self::VehicleFlow,
        Self::Speed,
        Self::ActivePower,
        Self::Voltage,
        Self::AirTemperature,
        Self::Irradiance,
        Self::Pm25,
        Self::No2,
        Self::Noise,
    ];

    /// The name used in topics and files, e.g. `vehicle_flow`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VehicleFlow => "vehicle_flow",
            Self::Speed => "speed",
            Self::ActivePower => "active_power",
            Self::Voltage => "voltage",
            Self::AirTemperature => "air_temperature",
            Self::Irradiance => "irradiance",
            Self::Pm25 => "pm25",
            Self::No2 => "no2",
            Self::Noise => "noise",
        }
    }

    /// Inverse of [`Self::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|q| q.name() == name)
    }

    /// Unit symbol.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::VehicleFlow => "veh/h",
            Self::Speed => "km/h",
            Self::ActivePower => "W",
            Self::Voltage => "V",
            Self::AirTemperature => "°C",
            Self::Irradiance => "W/m²",
            Self::Pm25 | Self::No2 => "µg/m³",
            Self::Noise => "dB(A)",
        }
    }

    /// The range outside which a value is physically impossible here and is refused.
    pub const fn possible(self) -> (f64, f64) {
        match self {
            Self::VehicleFlow => (0.0, 30_000.0),
            Self::Speed => (0.0, 300.0),
            Self::ActivePower => (-1e9, 1e9),
            Self::Voltage => (0.0, 1e6),
            Self::AirTemperature => (-90.0, 60.0),
            Self::Irradiance => (-20.0, 2_000.0),
            Self::Pm25 | Self::No2 => (0.0, 10_000.0),
            Self::Noise => (0.0, 194.0),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a reading may be believed. `Stale` is a matter of age, decided by the twin.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    Good,
    Uncertain,
    Bad,
    Stale,
}

/// One value of one sensor.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    pub sensor: SensorId,
    pub quantity: Quantity,
    /// In the unit of the quantity; finite and possible.
    pub value: f64,
    /// When the sensor says it measured.
    pub observed_at: Timestamp,
    /// When the packet came in.
    pub received_at: Timestamp,
    pub quality: Quality,
    /// Published by the program's own emulator, not by a device.
    pub emulated: bool,
}
