//! What a sensor says, when, and how far it may be believed.

use std::{fmt, sync::Arc};

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
    /// Relative humidity, %; instruments run a little past 100.
    RelativeHumidity,
    /// Wind speed, m/s.
    WindSpeed,
    /// Precipitation of the past hour or its rate, mm/h of water; 38 mm in a minute is the world's record.
    Precipitation,
    /// Particulate matter up to 10 µm, µg/m³.
    Pm10,
    /// Nitrogen oxides counted as nitrogen dioxide, µg/m³.
    Nox,
    /// Ozone, µg/m³.
    Ozone,
    /// Benzene, µg/m³.
    Benzene,
    /// Carbon monoxide, mg/m³.
    CarbonMonoxide,
    /// Share of time that a detector is covered, or of places that are taken, %.
    Occupancy,
    /// Vehicles that can be rented at a station.
    VehiclesAvailable,
    /// Docks that take a vehicle back at a station.
    DocksAvailable,
}

impl Quantity {
    pub const ALL: [Self; 20] = [
        Self::VehicleFlow,
        Self::Speed,
        Self::ActivePower,
        Self::Voltage,
        Self::AirTemperature,
        Self::Irradiance,
        Self::Pm25,
        Self::No2,
        Self::Noise,
        Self::RelativeHumidity,
        Self::WindSpeed,
        Self::Precipitation,
        Self::Pm10,
        Self::Nox,
        Self::Ozone,
        Self::Benzene,
        Self::CarbonMonoxide,
        Self::Occupancy,
        Self::VehiclesAvailable,
        Self::DocksAvailable,
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
            Self::RelativeHumidity => "relative_humidity",
            Self::WindSpeed => "wind_speed",
            Self::Precipitation => "precipitation",
            Self::Pm10 => "pm10",
            Self::Nox => "nox",
            Self::Ozone => "ozone",
            Self::Benzene => "benzene",
            Self::CarbonMonoxide => "carbon_monoxide",
            Self::Occupancy => "occupancy",
            Self::VehiclesAvailable => "vehicles_available",
            Self::DocksAvailable => "docks_available",
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
            Self::Pm25 | Self::Pm10 | Self::No2 | Self::Nox | Self::Ozone | Self::Benzene => "µg/m³",
            Self::Noise => "dB(A)",
            Self::RelativeHumidity => "%",
            Self::WindSpeed => "m/s",
            Self::Precipitation => "mm/h",
            Self::CarbonMonoxide => "mg/m³",
            Self::Occupancy => "%",
            Self::VehiclesAvailable => "vehicles",
            Self::DocksAvailable => "docks",
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
            Self::Pm25 | Self::Pm10 | Self::No2 | Self::Nox | Self::Ozone | Self::Benzene => (0.0, 10_000.0),
            Self::Noise => (0.0, 194.0),
            Self::RelativeHumidity => (0.0, 110.0),
            Self::WindSpeed => (0.0, 115.0),
            Self::Precipitation => (0.0, 2_300.0),
            Self::CarbonMonoxide => (0.0, 1_000.0),
            Self::Occupancy => (0.0, 100.0),
            Self::VehiclesAvailable => (0.0, 100_000.0),
            Self::DocksAvailable => (0.0, 100_000.0),
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
    pub made_by: MadeBy,
}

/// What made a reading.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct MadeBy {
    /// Name of the feed; empty where none has taken it in yet.
    pub feed: Arc<str>,
    /// Version of the mapping that decoded it; empty for the program's own format.
    pub mapping: Arc<str>,
}
