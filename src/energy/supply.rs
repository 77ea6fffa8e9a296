//! Which transformer serves which building: stated ones within reach first, made-up ones for the rest. Reach is measured
//! along streets, so that the low-voltage grid that grows from the plan ([`crate::grid::synthetic`]) can keep to it.

use std::collections::BTreeSet;

use citytwin_model::{City, Coord, EnergyAsset, EnergyAssetId, EnergyAssetKind, Known, Origin, SourceRef};

use crate::{
    grid::synthetic::{
        paths::{NONE, Nearest},
        streets::{Streets, distance},
        tables::Rules,
    },
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
/// Longest way along streets for a straight reach of 1: streets take about 1.4 times the straight line
/// (detour factor of low-voltage cables, Kerber 2011), and the last of a block half as much again.
const DETOUR_MOST: f64 = 2.0;
/// Largest made-up transformer that serves several buildings, W, and the largest spread of its buildings
/// about their middle, metre (low-voltage feeders of European cities are 100–500 m long).
const SHARED_W: f64 = 630_000.0;
const SPREAD_M: f64 = 350.0;
/// Rounds in which cells that came out too large are halved; few remain after three.
const CELL_ROUNDS: usize = 6;

const OWN_RULE: &str = "customer station: design peak above 250 kW; next standard rating at 60 % planned loading";
const SHARED_RULE: &str = "no stated transformer in reach: neighbours along streets grouped up to 630 kVA at 60 % planned loading, within 500 m";
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
    /// Assigns every customer. Depends on the order of roads, customers and assets alone.
    pub fn plan(city: &City, customers: &[Customer], profiles: &Profiles, rules: &Rules) -> Self {
        let transformers = city.energy_assets.iter().filter(|a| a.kind == EnergyAssetKind::Transformer);
        let places: Vec<_> = customers.iter().map(|c| c.at).chain(transformers.map(|a| a.at)).collect();
        let mut plan = Planner {
            customers,
            profiles,
            streets: Streets::new(city, &places, rules.street_reach_m),
            cell_reach_m: rules.cell_reach_m,
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
    /// Places: customers, then the city's transformers.
    streets: Streets,
    cell_reach_m: f64,
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

    fn node(&self, member: u32) -> u32 {
        self.streets.node_of_place[member as usize]
    }

    /// Steps 1 and 3: every stated transformer takes the buildings nearest to it along the streets.
    fn use_stated(&mut self, city: &City, by: Stated) {
        let transformers = city.energy_assets.iter().filter(|a| a.kind == EnergyAssetKind::Transformer);
        let nodes = &self.streets.node_of_place[self.customers.len()..];
        let (stated, starts): (Vec<&EnergyAsset>, Vec<u32>) =
            transformers.zip(nodes).filter(|(asset, _)| Stated::of(asset) == by).unzip();
        if stated.is_empty() {
            return;
        }
        let ways = Nearest::new(&self.streets, &starts, DETOUR_MOST * by.reach_m());
        let mut near: Vec<Vec<(f64, u32)>> = vec![Vec::new(); stated.len()];
        for (member, customer) in self.customers.iter().enumerate() {
            let node = self.node(member as u32) as usize;
            let start = ways.start[node];
            let free = self.supply.serves[member] == u32::MAX && start != NONE;
            if free && distance(stated[start as usize].at, customer.at) <= by.reach_m() {
                near[start as usize].push((ways.length_m[node], member as u32));
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

    /// Step 4: neighbours share a made-up transformer. Groups of about equal load give the first stations; each building
    /// then goes to the station that is nearest along the streets, and stations with too much are halved.
    fn make_up_the_rest(&mut self) {
        let rest: Vec<u32> =
            (0..self.customers.len() as u32).filter(|&m| self.supply.serves[m as usize] == u32::MAX).collect();
        let mut stations: Vec<u32> = self.groups(rest.clone()).iter().map(|group| self.station(group)).collect();
        let mut cells = self.cells(&mut stations, &rest);
        for _ in 0..CELL_ROUNDS {
            let halved: Vec<Vec<u32>> =
                cells.iter().flat_map(|(members, reach_m)| self.parts(members, *reach_m)).collect();
            if halved.len() == cells.len() {
                break;
            }
            stations = halved.iter().map(|group| self.station(group)).collect();
            cells = self.cells(&mut stations, &rest);
        }
        for (&station, (members, _)) in stations.iter().zip(&cells) {
            self.add_inferred(SHARED_RULE, self.streets.at[station as usize], members);
        }
    }

    /// Halves along the longer side at half the load until a group is small enough in power and extent.
    fn groups(&self, rest: Vec<u32>) -> Vec<Vec<u32>> {
        let mut groups = Vec::new();
        let mut open = vec![rest];
        while let Some(group) = open.pop() {
            if group.is_empty() {
                continue;
            }
            let (low, high) = self.extent(&group);
            let spread_m = (high.x - low.x).hypot(high.y - low.y);
            if group.len() == 1 || spread_m <= 2.0 * SPREAD_M && self.fits_one(&group) {
                groups.push(group);
            } else {
                let (first, second) = self.halves(group);
                open.push(second);
                open.push(first);
            }
        }
        groups
    }

    fn fits_one(&self, members: &[u32]) -> bool {
        self.peak_w(members) <= SHARED_W * PLANNED_LOADING
    }

    /// Per station its customers and the longest way to one; stations that nobody is nearest to are dropped.
    fn cells(&self, stations: &mut Vec<u32>, rest: &[u32]) -> Vec<(Vec<u32>, f64)> {
        let mut seen = BTreeSet::new();
        stations.retain(|&station| seen.insert(station));
        let ways = Nearest::new(&self.streets, stations, f64::INFINITY);
        let mut cells = vec![(Vec::new(), 0.0_f64); stations.len()];
        for &member in rest {
            let node = self.node(member) as usize;
            let cell = &mut cells[ways.start[node] as usize];
            cell.0.push(member);
            cell.1 = cell.1.max(ways.length_m[node]);
        }
        let mut full = cells.iter().map(|(members, _)| !members.is_empty());
        stations.retain(|_| full.next() == Some(true));
        cells.retain(|(members, _)| !members.is_empty());
        cells
    }

    /// A cell as it is, or its halves where it is too large and its customers hang on more than one place.
    fn parts(&self, members: &[u32], reach_m: f64) -> Vec<Vec<u32>> {
        let apart = members.iter().any(|&member| self.node(member) != self.node(members[0]));
        if !apart || reach_m <= self.cell_reach_m && self.fits_one(members) {
            return vec![members.to_vec()];
        }
        let (first, second) = self.halves(members.to_vec());
        vec![first, second]
    }

    /// Where a group's station stands: the member's place on its street that is nearest to the group's middle.
    fn station(&self, group: &[u32]) -> u32 {
        let middle = self.middle(group);
        let away = |node: u32| distance(self.streets.at[node as usize], middle);
        let nodes = group.iter().map(|&member| self.node(member));
        nodes.min_by(|&a, &b| away(a).total_cmp(&away(b)).then(a.cmp(&b))).unwrap_or(0)
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

    /// Two parts of about equal load along the longer side, neither empty.
    fn halves(&self, mut members: Vec<u32>) -> (Vec<u32>, Vec<u32>) {
        let (low, high) = self.extent(&members);
        let along_x = high.x - low.x >= high.y - low.y;
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
