//! The thermal network of a zone: capacities about one surface node and one air node.

use super::layers::Lumped;

/// Between the inside surfaces and the mass behind them, W/(m²·K) (ISO 13790:2008, 12.2.2).
const MASS_SURFACE_W_M2K: f64 = 9.1;
/// Between the inside surfaces and the air, W/(m²·K) (ISO 13790:2008, 7.2.2.2).
const SURFACE_AIR_W_M2K: f64 = 3.45;
/// Radiation between inside surfaces, W/(m²·K): 4 ε σ T³ at 20 °C and an emissivity of 0.9.
const RADIATION_W_M2K: f64 = 5.1;
/// Inside surfaces per floor area, 1 (ISO 13790:2008, 7.2.2.2).
const SURFACE_PER_FLOOR: f64 = 4.5;

/// How a gain is spread over the nodes; what adds up to less than 1 is lost to the outside.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Share<const N: usize> {
    pub mass: [f64; N],
    pub surface: f64,
    pub air: f64,
}

/// Everything of a zone's network but its ventilation: `N` capacities, each coupled to the surface node, to the
/// outside air and to the ground; the surface node to the outside air (windows) and to the air node. W/K, J/K.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Body<const N: usize> {
    pub capacity_j_k: [f64; N],
    pub mass_surface_w_k: [f64; N],
    pub mass_outdoor_w_k: [f64; N],
    pub mass_ground_w_k: [f64; N],
    pub window_w_k: f64,
    pub surface_air_w_k: f64,
    pub internal: Share<N>,
    /// Sun through windows.
    pub solar: Share<N>,
    /// Sun on and sky over opaque surfaces, already reduced to what enters (ISO 13790:2008, 11.3.4 and 11.3.5).
    pub opaque: Share<N>,
}

/// What the 5R1C network is made from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FiveResistances {
    /// Conditioned floor area, m².
    pub floor_m2: f64,
    /// Walls and roof with their thermal bridges, W/K.
    pub opaque_w_k: f64,
    /// Floor against the ground, W/K.
    pub ground_w_k: f64,
    pub window_w_k: f64,
    /// Internal heat capacity Cm, J/K.
    pub capacity_j_k: f64,
    /// Effective mass area Am, m².
    pub mass_m2: f64,
}

impl Body<1> {
    /// The network of ISO 13790:2008, figure C.1: one capacity behind the inside surfaces; the transmission of opaque
    /// parts is split by 12.2.2 (equation 63), gains by C.1 to C.3. The part through the ground keeps its own
    /// temperature, in proportion.
    pub fn iso13790(of: &FiveResistances) -> Self {
        Self::with_surfaces(of, SURFACE_AIR_W_M2K, SURFACE_PER_FLOOR * of.floor_m2)
    }

    /// The same with another coefficient between surfaces and air, W/(m²·K), and area of the inside surfaces, m².
    pub fn with_surfaces(of: &FiveResistances, surface_air_w_m2k: f64, surface_m2: f64) -> Self {
        let mass_surface = MASS_SURFACE_W_M2K * of.mass_m2;
        let whole = of.opaque_w_k + of.ground_w_k;
        let behind = if whole > 0.0 { 1.0 / (1.0 / whole - 1.0 / mass_surface) } else { 0.0 };
        let scale = if whole > 0.0 { behind / whole } else { 0.0 };
        let to_mass = of.mass_m2 / surface_m2;
        let to_surface = 1.0 - to_mass - of.window_w_k / (MASS_SURFACE_W_M2K * surface_m2);
        let radiant = Share { mass: [to_mass], surface: to_surface, air: 0.0 };
        Self {
            capacity_j_k: [of.capacity_j_k],
            mass_surface_w_k: [mass_surface],
            mass_outdoor_w_k: [scale * of.opaque_w_k],
            mass_ground_w_k: [scale * of.ground_w_k],
            window_w_k: of.window_w_k,
            surface_air_w_k: surface_air_w_m2k * surface_m2,
            internal: Share { mass: [0.5 * to_mass], surface: 0.5 * to_surface, air: 0.5 },
            solar: radiant,
            opaque: radiant,
        }
    }
}

/// An opaque part of the two-capacity network.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Part {
    pub lumped: Lumped,
    pub area_m2: f64,
    /// Between its outer surface and the air or ground outside, m²·K/W; ∞ for a part inside.
    pub outside_m2k_w: f64,
}

/// What the two-capacity network is made from.
#[derive(Clone, PartialEq, Debug)]
pub struct TwoCapacities<'a> {
    /// Walls and roof.
    pub envelope: &'a [Part],
    /// The floor against the ground.
    pub floor: &'a [Part],
    /// Floors and walls inside, each side of them counted.
    pub inside: &'a [Part],
    /// Windows with their films, W/K.
    pub window_w_k: f64,
    pub window_m2: f64,
    /// At inside surfaces, W/(m²·K).
    pub convection_w_m2k: f64,
    /// Radiant share of internal gains, 1; it falls on all surfaces alike.
    pub radiant: f64,
    /// Share of the sun through windows that leaves through them again, 1.
    pub sun_lost: f64,
    /// Share of the sun that stays that falls on the floor, 1; the rest falls on all other surfaces alike.
    pub sun_on_floor: f64,
}

impl Body<2> {
    /// Walls and roof as one capacity, floor and what stands inside as another, both behind a star node that radiation and
    /// convection share: the arrangement of VDI 6007-1:2015 (its figure 3) with the star of ISO 13790:2008, 7.2.2.2 (each
    /// surface by convection and 1.2 × radiation to the star, the star to the air by what convection leaves). Resistances
    /// outside the capacities are set so that the steady transmission is the layers'.
    pub fn two_capacities(of: &TwoCapacities<'_>) -> Self {
        let film_w_m2k = of.convection_w_m2k + 1.2 * RADIATION_W_M2K;
        let side = |parts: &[Part]| Side::of(parts, 1.0 / film_w_m2k);
        let (envelope, floor, inside) = (side(of.envelope), side(of.floor), side(of.inside));
        let below = Side {
            area_m2: floor.area_m2 + inside.area_m2,
            inner_w_k: floor.inner_w_k + inside.inner_w_k,
            taken_m2: floor.taken_m2 + inside.taken_m2,
            capacity_j_k: floor.capacity_j_k + inside.capacity_j_k,
            ..floor
        };
        let whole_m2 = envelope.area_m2 + below.area_m2 + of.window_m2;
        // What falls on a surface goes on to its capacity or back to the star as the resistances to both have it.
        let spread = |on_floor: f64, amount: f64| {
            let others = (whole_m2 - floor.area_m2).max(f64::MIN_POSITIVE);
            let on_others = (1.0 - on_floor) * amount / others;
            let floor_taken =
                if floor.area_m2 > 0.0 { on_floor * amount * floor.taken_m2 / floor.area_m2 } else { 0.0 };
            let mass = [on_others * envelope.taken_m2, floor_taken + on_others * inside.taken_m2];
            Share { mass, surface: amount - mass[0] - mass[1], air: 0.0 }
        };
        // A house of windows alone still has air and furniture.
        let least_j_k = 1e3;
        Self {
            capacity_j_k: [envelope.capacity_j_k, below.capacity_j_k].map(|c| c.max(least_j_k)),
            mass_surface_w_k: [envelope.inner_w_k, below.inner_w_k],
            mass_outdoor_w_k: [envelope.outside(), 0.0],
            mass_ground_w_k: [0.0, below.outside()],
            window_w_k: of.window_w_k,
            surface_air_w_k: whole_m2 / (1.0 / of.convection_w_m2k - 1.0 / film_w_m2k),
            internal: Share { air: 1.0 - of.radiant, ..spread(floor.area_m2 / whole_m2, of.radiant) },
            solar: spread(of.sun_on_floor, 1.0 - of.sun_lost),
            opaque: Share { mass: [1.0, 0.0], surface: 0.0, air: 0.0 },
        }
    }
}

/// Parts side by side, W/K and J/K.
#[derive(Clone, Copy)]
struct Side {
    area_m2: f64,
    inner_w_k: f64,
    whole_w_k: f64,
    capacity_j_k: f64,
    /// Area × what of a flow onto the surface goes on to the capacity.
    taken_m2: f64,
}

impl Side {
    fn of(parts: &[Part], film_m2k_w: f64) -> Self {
        let sum = |value: &dyn Fn(&Part) -> f64| parts.iter().map(|part| part.area_m2 * value(part)).sum();
        Self {
            area_m2: sum(&|_| 1.0),
            inner_w_k: sum(&|part| 1.0 / (film_m2k_w + part.lumped.inner_m2k_w)),
            whole_w_k: sum(&|part| 1.0 / (film_m2k_w + part.lumped.resistance_m2k_w + part.outside_m2k_w)),
            capacity_j_k: sum(&|part| part.lumped.capacity_j_m2k),
            taken_m2: sum(&|part| film_m2k_w / (film_m2k_w + part.lumped.inner_m2k_w)),
        }
    }

    /// From the capacity to what lies outside.
    fn outside(&self) -> f64 {
        if self.whole_w_k > 0.0 { 1.0 / (1.0 / self.whole_w_k - 1.0 / self.inner_w_k) } else { 0.0 }
    }
}

impl<const N: usize> Body<N> {
    /// The first thing that no building can be, in words.
    pub(crate) fn fault(&self) -> Option<String> {
        let couplings = [
            ("the coupling of mass and surface", self.mass_surface_w_k),
            ("the coupling of mass and outside", self.mass_outdoor_w_k),
            ("the coupling of mass and ground", self.mass_ground_w_k),
        ];
        let single = [("the windows' transmission", self.window_w_k)];
        let negative = |value: f64| !value.is_finite() || value < 0.0;
        if let Some(at) = self.capacity_j_k.iter().find(|c| !c.is_finite() || **c <= 0.0) {
            return Some(format!("its heat capacity is {at} J/K; it must be above 0"));
        }
        if !self.surface_air_w_k.is_finite() || self.surface_air_w_k <= 0.0 {
            return Some(format!(
                "the coupling of surface and air is {} W/K; it must be above 0",
                self.surface_air_w_k
            ));
        }
        let all = couplings.iter().flat_map(|(name, values)| values.iter().map(move |v| (*name, *v))).chain(single);
        let wrong = all.into_iter().find(|(_, value)| negative(*value));
        if let Some((name, value)) = wrong {
            return Some(format!("{name} is {value} W/K; it must be 0 or more"));
        }
        let shares = [("internal", &self.internal), ("solar", &self.solar), ("opaque", &self.opaque)];
        let spread = |share: &Share<N>| share.mass.iter().sum::<f64>() + share.surface + share.air;
        let wrong = shares.iter().find(|(_, share)| !spread(share).is_finite() || spread(share) > 1.0 + 1e-9);
        wrong.map(|(name, share)| format!("its {name} gains are spread to {}; at most 1", spread(share)))
    }
}
