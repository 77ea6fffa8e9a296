//! What an electric vehicle takes from its battery: rolling, air and inertia at the wheel, losses up to the battery, recuperation
//! and auxiliaries. Fiori, Ahn and Rakha, Applied Energy 168 (2016) 257, on level roads. Parameters by body are
//! `assets/traffic/vehicles.csv`.

use std::sync::LazyLock;

use crate::{
    lane_graph::Users,
    table::{Row, Table, TableError},
};

const TABLE: &str = include_str!("../../../assets/traffic/vehicles.csv");
/// Kilogram per cubic metre at 15 °C and sea level (ISO 2533).
const AIR_KG_M3: f64 = 1.225;
/// Metre per second squared (ISO 80000-3).
const GRAVITY_MPS2: f64 = 9.80665;
/// Joule.
pub const KWH_J: f64 = 3.6e6;

/// What size of vehicle it is, for energy and emissions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    Car,
    Van,
    Bus,
    Lorry,
}

impl Body {
    const ALL: [(Self, &str); 4] = [(Self::Car, "car"), (Self::Van, "van"), (Self::Bus, "bus"), (Self::Lorry, "lorry")];

    /// `None`: two-wheelers, rails, ships and who walks.
    pub fn of(users: Users) -> Option<Self> {
        let any = |names: &[&str]| names.iter().any(|name| Users::class(name) == Some(users));
        if any(&["bus", "coach"]) {
            Some(Self::Bus)
        } else if any(&["truck", "trailer"]) {
            Some(Self::Lorry)
        } else if any(&["delivery"]) {
            Some(Self::Van)
        } else if any(&[
            "passenger",
            "private",
            "taxi",
            "hov",
            "evehicle",
            "vip",
            "emergency",
            "authority",
            "army",
            "custom1",
            "custom2",
        ]) {
            Some(Self::Car)
        } else {
            None
        }
    }
}

/// A body's resistances and losses as the kernel uses them. SI units.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Battery {
    mass: f32,
    /// Newton: constant, per metre per second, per its square.
    rolling: f32,
    rolling_by_speed: f32,
    air: f32,
    /// Battery joule per joule at the wheel.
    out: f32,
    back: f32,
    fading_mps2: f32,
    pub auxiliary_w: f32,
}

static BATTERIES: LazyLock<[Battery; 4]> = LazyLock::new(|| read(TABLE).expect("the table is checked by a test"));

impl Battery {
    pub fn of(body: Body) -> Self {
        BATTERIES[body as usize]
    }

    /// Joule out of the battery for a step between two speeds, without auxiliaries; below 0 where braking gives more back.
    #[inline]
    pub fn step_j(&self, from_mps: f32, to_mps: f32, dt: f32) -> f32 {
        let v = 0.5 * (from_mps + to_mps);
        let accel = (to_mps - from_mps) / dt;
        let force = self.rolling + (self.rolling_by_speed + self.air * v) * v + self.mass * accel;
        let wheel_j = force * v * dt;
        if wheel_j >= 0.0 { wheel_j * self.out } else { wheel_j * self.back * (-self.fading_mps2 / -accel).exp() }
    }
}

fn read(text: &str) -> Result<[Battery; 4], TableError> {
    let needed = [
        "body",
        "mass_kg",
        "drag_area_m2",
        "rolling",
        "rolling_per_kmh",
        "traction_efficiency",
        "recuperation_efficiency",
        "recuperation_mps2",
        "auxiliary_w",
        "year",
        "read",
        "source",
    ];
    let table = Table::parse(text, &needed, &[])?;
    let mut batteries = [Battery::default(); 4];
    for row in table.rows() {
        let body = Body::ALL.iter().find(|(_, name)| *name == row.text("body"));
        let (body, _) = body.ok_or_else(|| row.error("body", "car, van, bus or lorry"))?;
        batteries[*body as usize] = battery(&row)?;
    }
    Ok(batteries)
}

fn battery(row: &Row<'_>) -> Result<Battery, TableError> {
    let mass = row.amount("mass_kg")?;
    Ok(Battery {
        mass: mass as f32,
        rolling: (mass * GRAVITY_MPS2 * row.amount("rolling")?) as f32,
        rolling_by_speed: (mass * GRAVITY_MPS2 * row.amount("rolling_per_kmh")? * 3.6) as f32,
        air: (0.5 * AIR_KG_M3 * row.amount("drag_area_m2")?) as f32,
        out: (1.0 / row.amount("traction_efficiency")?) as f32,
        back: row.amount("recuperation_efficiency")? as f32,
        fading_mps2: row.amount("recuperation_mps2")? as f32,
        auxiliary_w: row.amount("auxiliary_w")? as f32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let batteries = read(TABLE).expect("sound");
        assert!(batteries.iter().all(|b| b.mass > 0.0 && b.out > 1.0 && b.back < 1.0 && b.auxiliary_w > 0.0));
    }

    /// By hand, the car at a steady 50 km/h: 1521·9.80665·(0.00801 + 0.0000574·50) + ½·1.225·0.653·13.889² = 162.3 + 77.2 N;
    /// over 1 km 239.4 kJ at the wheel, 318.0 kJ = 88.3 Wh from the battery.
    #[test]
    fn a_steady_kilometre_by_hand() {
        let v = 50.0 / 3.6;
        let wh = Battery::of(Body::Car).step_j(v, v, 72.0) / 3600.0;
        assert!((wh - 88.3).abs() < 0.2, "{wh} Wh");
    }

    /// Speeding up to 50 km/h at 1 m/s² and braking at 2 m/s² gives back most of the kinetic energy but not all of it:
    /// 0.753² · exp(−0.0411/2) = 0.556 of what it cost, less resistances.
    #[test]
    fn braking_gives_back_a_part() {
        let battery = Battery::of(Body::Car);
        let v = 50.0 / 3.6;
        let up = battery.step_j(0.0, v, 13.889);
        let down = battery.step_j(v, 0.0, 6.944);
        assert!(up > 0.0 && down < 0.0 && (0.4..0.56).contains(&(-down / up)), "{up} J, {down} J");
    }
}
