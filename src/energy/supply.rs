//! Which transformer serves which building: stated ones within reach first, made-up ones for the rest.

use citytwin_model::{City, Coord, EnergyAsset, EnergyAssetId, EnergyAssetKind, Known, Origin, SourceRef};
use rstar::{RTree, primitives::GeomWithData};

use crate::{
    intensity::USE_COUNT,
    profile::Profiles,
    transformer::{PLANNED_LOADING, TransformerState, standard_rating_w},
};

/// Customers above this design peak take medium voltage through a station of their own, W: low-voltage
/// connections of European utilities end between 100 and 300 kW.
const OWN_STATION_W: f64 = 250_000.0;
/// Longest low-voltage reach of a transformer that the city folder states, metre (straight line).
const REACH_STATED_M: f64 = 500.0;
/// The same for a transformer that a map shows: maps show few of them, so each serves its near ones only.
const REACH_MAPPED_M: f64 = 300.0;
/// Largest made-up transformer that serves several buildings, W, and the largest spread of its buildings
/// about their middle, metre (low-voltage feeders of European cities are 100–500 m long).
const SHARED_W: f64 = 630_000.0;
const SPREAD_M: f64 = 350.0;

const OWN_RULE: &str = "customer station: design peak above 250 kW; next standard rating at 60 % planned loading";
const SHARED_RULE: &str =
    "no stated transformer in reach: neighbours grouped up to 630 kVA at 60 % planned loading, within 350 m";
/// What a mapped transformer without a rating may serve, W; its rating then follows from what it serves.
const UNRATED_W: f64 = 630_000.0;
const UNRATED_RULE: &str = "no rating stated: next standard rating at 60 % planned loading of what it serves";

/// A building as the grid sees it.
#[derive(Clone, Copy, Debug)]
pub struct Customer {
    pub at: Coord<f64>,
    pub usage: usize,
    /// Annual mean, W.
    pub mean_w: f64,
}

/// Transformers and, per customer, the one that serves it.
pub struct Supply {
    pub transformers: Vec<TransformerState>,
    pub serves: Vec<u32>,
}

impl Supply {
    /// Assigns every customer. Depends on the order of customers and assets alone.
    pub fn plan(city: &City, customers: &[Customer], profiles: &Profiles) -> Self {
        let mut plan = Planner {
            customers,
            profiles,
            supply: Self { transformers: Vec::new(), serves: vec![u32::MAX; customers.len()] },
        };
        plan.use_stated(city, Stated::ByFolder);
        plan.give_own_stations();
        plan.use_stated(city, Stated::ByMap);
        plan.make_up_the_rest();
        plan.supply
    }
}

/// Who states a transformer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stated {
    /// The city folder: the utility's own list, taken as whole. Its transformers take all in reach, large
    /// customers too, so that what these data overload shows.
    ByFolder,
    /// A map, which shows few of them: they take what their rating is planned for.
    ByMap,
}

impl Stated {
    fn of(asset: &EnergyAsset) -> Self {
        if matches!(asset.source, SourceRef::Local(..)) { Self::ByFolder } else { Self::ByMap }
    }

    fn reach_m(self) -> f64 {
        match self {
            Self::ByFolder => REACH_STATED_M,
            Self::ByMap => REACH_MAPPED_M,
        }
    }
}

struct Planner<'a> {
    customers: &'a [Customer],
    profiles: &'a Profiles,
    supply: Supply,
}

impl Planner<'_> {
    fn peak_w(&self, members: &[u32]) -> f64 {
        let mut mean_w = [0.0; USE_COUNT];
        for &member in members {
            let customer = &self.customers[member as usize];
            mean_w[customer.usage] += customer.mean_w;
        }
        self.profiles.design_peak_w(&mean_w)
    }

    fn add_inferred(&mut self, rule: &'static str, at: Coord<f64>, members: &[u32]) {
        let rated_w = standard_rating_w(self.peak_w(members));
        self.add(None, Known::inferred(rated_w, rule), at, members);
    }

    fn add_stated(&mut self, asset: &EnergyAsset, members: &[u32]) {
        let inferred = || Known::inferred(standard_rating_w(self.peak_w(members)), UNRATED_RULE);
        let rated_w = stated_rating_w(asset).map_or_else(inferred, Known::stated);
        self.add(Some(asset.id), rated_w, asset.at, members);
    }

    fn add(&mut self, asset: Option<EnergyAssetId>, rated_w: Known<f64>, at: Coord<f64>, members: &[u32]) {
        let id = self.supply.transformers.len() as u32;
        self.supply.transformers.push(TransformerState {
            asset,
            origin: if asset.is_some() { Origin::Stated } else { rated_w.origin },
            at,
            rated_w: rated_w.value,
            rating: rated_w.origin,
            buildings: members.len() as u32,
            load_w: 0.0,
            pv_w: 0.0,
            losses_w: 0.0,
            loading: 0.0,
            peak_loading: 0.0,
        });
        for &member in members {
            self.supply.serves[member as usize] = id;
        }
    }

    /// Steps 1 and 3: every stated transformer takes the buildings nearest to it.
    fn use_stated(&mut self, city: &City, by: Stated) {
        let of_kind = |a: &&EnergyAsset| a.kind == EnergyAssetKind::Transformer && Stated::of(a) == by;
        let stated: Vec<_> = city.energy_assets.iter().filter(of_kind).collect();
        let tree = RTree::bulk_load(
            stated.iter().enumerate().map(|(i, a)| GeomWithData::new([a.at.x, a.at.y], i as u32)).collect(),
        );
        let reach_2 = by.reach_m() * by.reach_m();
        let mut near: Vec<Vec<(f64, u32)>> = vec![Vec::new(); stated.len()];
        for (member, customer) in self.customers.iter().enumerate() {
            let free = self.supply.serves[member] == u32::MAX;
            let nearest = tree.nearest_neighbor_iter_with_distance_2(&[customer.at.x, customer.at.y]).next();
            if let Some((found, distance_2)) = nearest.filter(|(_, distance_2)| free && *distance_2 <= reach_2) {
                near[found.data as usize].push((distance_2, member as u32));
            }
        }
        for (asset, mut members) in stated.into_iter().zip(near) {
            members.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let mut served: Vec<u32> = members.into_iter().map(|(_, member)| member).collect();
            if by == Stated::ByMap {
                self.keep_within(stated_rating_w(asset).unwrap_or(UNRATED_W), &mut served);
            }
            self.add_stated(asset, &served);
        }
    }

    /// Step 2: large customers.
    fn give_own_stations(&mut self) {
        let peak_factor: [f64; USE_COUNT] = std::array::from_fn(|usage| self.profiles.peak_factor(usage));
        for (member, customer) in self.customers.iter().enumerate() {
            let free = self.supply.serves[member] == u32::MAX;
            if free && customer.mean_w * peak_factor[customer.usage] > OWN_STATION_W {
                self.add_inferred(OWN_RULE, customer.at, &[member as u32]);
            }
        }
    }

    /// Cuts the list where its members' peak passes what a rating is planned for.
    fn keep_within(&self, rated_w: f64, members: &mut Vec<u32>) {
        let mut mean_w = [0.0; USE_COUNT];
        let fit = members.iter().take_while(|&&member| {
            let customer = &self.customers[member as usize];
            mean_w[customer.usage] += customer.mean_w;
            self.profiles.design_peak_w(&mean_w) <= rated_w * PLANNED_LOADING
        });
        let fit = fit.count();
        members.truncate(fit);
    }

    /// Step 4: neighbours share a made-up transformer: halve along the longer side at half the load until a
    /// group is small enough in power and extent.
    fn make_up_the_rest(&mut self) {
        let rest: Vec<u32> =
            (0..self.customers.len() as u32).filter(|&m| self.supply.serves[m as usize] == u32::MAX).collect();
        let mut open = vec![rest];
        while let Some(group) = open.pop() {
            if group.is_empty() {
                continue;
            }
            let (low, high) = self.extent(&group);
            let (width, height) = (high.x - low.x, high.y - low.y);
            let small = self.peak_w(&group) <= SHARED_W * PLANNED_LOADING && width.hypot(height) <= 2.0 * SPREAD_M;
            if small || group.len() == 1 {
                let at = self.middle(&group);
                self.add_inferred(SHARED_RULE, at, &group);
            } else {
                let (first, second) = self.halves(group, width >= height);
                open.push(second);
                open.push(first);
            }
        }
    }

    fn extent(&self, members: &[u32]) -> (Coord<f64>, Coord<f64>) {
        let start = self.customers[members[0] as usize].at;
        members.iter().map(|&m| self.customers[m as usize].at).fold((start, start), |(low, high), at| {
            (Coord { x: low.x.min(at.x), y: low.y.min(at.y) }, Coord { x: high.x.max(at.x), y: high.y.max(at.y) })
        })
    }

    /// The place where load × distance balances.
    fn middle(&self, members: &[u32]) -> Coord<f64> {
        let mut sum = (0.0, 0.0, 0.0);
        for &member in members {
            let Customer { at, mean_w, .. } = self.customers[member as usize];
            let weight = mean_w.max(1.0);
            sum = (sum.0 + weight, sum.1 + weight * at.x, sum.2 + weight * at.y);
        }
        Coord { x: sum.1 / sum.0, y: sum.2 / sum.0 }
    }

    /// Two parts of about equal load, neither empty.
    fn halves(&self, mut members: Vec<u32>, along_x: bool) -> (Vec<u32>, Vec<u32>) {
        let at = |m: u32| self.customers[m as usize].at;
        let key = |m: u32| if along_x { at(m).x } else { at(m).y };
        members.sort_by(|&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
        let weight = |m: u32| self.customers[m as usize].mean_w.max(1.0);
        let total: f64 = members.iter().map(|&m| weight(m)).sum();
        let mut sum = 0.0;
        let cut = members.iter().take_while(|&&m| {
            sum += weight(m);
            sum <= 0.5 * total
        });
        let cut = cut.count().clamp(1, members.len() - 1);
        let second = members.split_off(cut);
        (members, second)
    }
}

fn stated_rating_w(asset: &EnergyAsset) -> Option<f64> {
    asset.rated.as_ref().map(|rated| rated.value.0).filter(|&w| w > 0.0)
}
