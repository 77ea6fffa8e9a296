//! Constructions as layers: their resistance, and what of their heat capacity a daily swing reaches.

use std::f64::consts::TAU;

use faer::c64;

/// Period of the swing that capacities are found for, s: a day, as heating, sun and people have it (VDI 6007-1:2015 takes
/// seven days for components alone in a room and fewer beside others).
const PERIOD_S: f64 = 86_400.0;

/// One layer of a construction, from inside to outside.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Layer {
    pub thickness_m: f64,
    pub conductivity_w_mk: f64,
    /// 0 for a layer that holds no heat.
    pub density_kg_m3: f64,
    pub specific_heat_j_kgk: f64,
}

/// A construction as one resistance, one capacity and the rest of its resistance, seen from inside.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lumped {
    /// Surface to surface, m²·K/W.
    pub resistance_m2k_w: f64,
    /// Between the inside surface and the capacity, m²·K/W.
    pub inner_m2k_w: f64,
    /// J/(m²·K).
    pub capacity_j_m2k: f64,
}

impl Layer {
    fn resistance(&self) -> f64 {
        self.thickness_m / self.conductivity_w_mk
    }

    /// Maps temperature and flow at the outer side to those at the inner side for a swing of angular frequency `omega`
    /// (ISO 13786:2007, 7.2).
    fn chain(&self, omega: f64) -> [[c64; 2]; 2] {
        let resistance = self.resistance();
        let capacity = self.density_kg_m3 * self.specific_heat_j_kgk * self.thickness_m;
        let one = c64::new(1.0, 0.0);
        if capacity <= 0.0 {
            return [[one, c64::new(resistance, 0.0)], [c64::new(0.0, 0.0), one]];
        }
        let gamma = c64::new(0.0, omega * resistance * capacity).sqrt();
        let (cosh, sinh) = (gamma.cosh(), gamma.sinh());
        [[cosh, sinh * resistance / gamma], [sinh * gamma / resistance, cosh]]
    }
}

impl Lumped {
    /// The resistance and capacity that a daily swing inside meets (VDI 6007-1:2015, equations 22 and 23: the impedance
    /// a12/(a22 − 1) of the chain matrix).
    pub fn of(layers: &[Layer]) -> Self {
        let omega = TAU / PERIOD_S;
        let zero = c64::new(0.0, 0.0);
        let start = [[c64::new(1.0, 0.0), zero], [zero, c64::new(1.0, 0.0)]];
        let chain = layers.iter().fold(start, |chain, layer| product(&chain, &layer.chain(omega)));
        let resistance_m2k_w = layers.iter().map(Layer::resistance).sum();
        let swing = chain[1][1] - 1.0;
        if swing.norm() < 1e-12 {
            return Self { resistance_m2k_w, inner_m2k_w: 0.5 * resistance_m2k_w, capacity_j_m2k: 0.0 };
        }
        let impedance = chain[0][1] / swing;
        let capacity_j_m2k = -1.0 / (omega * impedance.im);
        Self { resistance_m2k_w, inner_m2k_w: impedance.re.clamp(0.0, resistance_m2k_w), capacity_j_m2k }
    }
}

fn product(a: &[[c64; 2]; 2], b: &[[c64; 2]; 2]) -> [[c64; 2]; 2] {
    std::array::from_fn(|i| std::array::from_fn(|j| a[i][0] * b[0][j] + a[i][1] * b[1][j]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONCRETE: Layer =
        Layer { thickness_m: 0.1, conductivity_w_mk: 0.51, density_kg_m3: 1400.0, specific_heat_j_kgk: 1000.0 };
    const FOAM: Layer =
        Layer { thickness_m: 0.0615, conductivity_w_mk: 0.04, density_kg_m3: 0.0, specific_heat_j_kgk: 0.0 };

    /// A thin layer before insulation: all of its capacity, and a third of its resistance before it (the limit of slow
    /// swings in a slab that nothing leaves on its far side).
    #[test]
    fn a_thin_slab_before_insulation_gives_all_its_capacity() {
        let thin = Layer { thickness_m: 0.005, ..CONCRETE };
        let far = Layer { thickness_m: 100.0, ..FOAM };
        let lumped = Lumped::of(&[thin, far]);
        assert!((lumped.capacity_j_m2k / 7000.0 - 1.0).abs() < 1e-3, "{lumped:?}");
        assert!((lumped.inner_m2k_w / (0.005 / 0.51 / 3.0) - 1.0).abs() < 0.01, "{lumped:?}");
    }

    #[test]
    fn insulation_inside_hides_the_mass() {
        let (open, hidden) = (Lumped::of(&[CONCRETE, FOAM]), Lumped::of(&[FOAM, CONCRETE]));
        assert!((open.resistance_m2k_w - hidden.resistance_m2k_w).abs() < 1e-12);
        assert!(open.capacity_j_m2k > 100_000.0 && open.inner_m2k_w < 0.1, "{open:?}");
        assert!(hidden.inner_m2k_w > 1.0, "{hidden:?}");
        assert_eq!(Lumped::of(&[FOAM]).capacity_j_m2k, 0.0);
    }
}
