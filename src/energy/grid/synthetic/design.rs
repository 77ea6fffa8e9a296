//! What cables are designed for: the load of a group of customers in the worst hour, and the cable that carries it.

use std::ops::{Add, AddAssign};

use super::tables::{CableType, CableUse, Rules, Tables};

/// Most cables side by side before a customer far beyond all rules is left with what there is.
const MOST_PARALLEL: u32 = 12;

/// A group's highest mean load and annual energy.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Design {
    /// Sum of what each draws at most by its profile, W.
    pub peak_w: f64,
    pub annual_kwh: f64,
}

impl Design {
    /// Load of the group, W: profiles hold what many draw together; Velander's root of the energy (1952) adds how far few
    /// stand out from it.
    pub fn load_w(&self, rules: &Rules) -> f64 {
        self.peak_w + 1000.0 * rules.velander_k2 * self.annual_kwh.sqrt()
    }
}

impl Add for Design {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { peak_w: self.peak_w + other.peak_w, annual_kwh: self.annual_kwh + other.annual_kwh }
    }
}

impl AddAssign for Design {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// A cable type and how many lie side by side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Laid {
    /// Index into the table of cables.
    pub cable: u16,
    pub parallel: u32,
}

impl Tables {
    /// The smallest cable that holds; several of the largest where one does not.
    pub fn choose(&self, usage: CableUse, holds: impl Fn(&CableType, f64) -> bool) -> Laid {
        let mut largest = 0;
        for (cable, kind) in self.cables_for(usage) {
            if holds(kind, 1.0) {
                return Laid { cable, parallel: 1 };
            }
            largest = cable;
        }
        let kind = &self.cables[usize::from(largest)];
        let parallel = (2..MOST_PARALLEL).find(|&count| holds(kind, f64::from(count))).unwrap_or(MOST_PARALLEL);
        Laid { cable: largest, parallel }
    }

    /// The cable from the street to a building.
    pub fn service(&self, design: Design, length_m: f64) -> Laid {
        let rules = &self.rules;
        let load_w = design.load_w(rules);
        self.choose(CableUse::Service, |kind, count| {
            let current_a = rules.current_a(load_w, rules.low_v) / count;
            let drop = rules.drop(load_w / count, length_m, &kind.positive, rules.low_v);
            current_a <= rules.service_loading * kind.rated_a && drop <= rules.service_drop
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: 100 houses of 3,600 kWh and 0.8 kW: 80 kW + 0.05 · √360,000 kW = 110 kW; one: 0.8 + 3 kW.
    #[test]
    fn few_stand_out_and_many_level_out() {
        let rules = Tables::embedded().rules;
        let house = Design { peak_w: 800.0, annual_kwh: 3600.0 };
        assert!((house.load_w(&rules) - 3800.0).abs() < 1e-9);
        let street = (0..100).fold(Design::default(), |sum, _| sum + house);
        assert!((street.load_w(&rules) - 110_000.0).abs() < 1e-6);
    }

    /// 30 kW over 30 m take the smallest cable; over 200 m the drop decides (by hand 0.88 % on 150 mm², 1.3 % on
    /// 95 mm²); 400 kW take several of the largest.
    #[test]
    fn services_grow_with_load_and_length() {
        let tables = Tables::embedded();
        let of = |peak_w: f64, length_m: f64| {
            let laid = tables.service(Design { peak_w, annual_kwh: 0.0 }, length_m);
            (tables.cables[usize::from(laid.cable)].section_mm2, laid.parallel)
        };
        assert_eq!((of(30_000.0, 30.0), of(30_000.0, 200.0)), ((35.0, 1), (150.0, 1)));
        assert_eq!(of(400_000.0, 10.0), (240.0, 2));
    }
}
