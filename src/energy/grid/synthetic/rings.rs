//! Rings: which stations share one, in which order, and where it is open.

use std::{cmp::Reverse, collections::BinaryHeap, collections::HashMap};

use super::{
    design::Laid,
    elements::Course,
    medium_voltage::Stations,
    paths::NONE,
    tables::{CableType, CableUse, Rules, Tables},
};

/// Rounds of exchanging a ring's sections; none of those tried needed more than five.
const EXCHANGES: usize = 20;

/// Stations in order from a substation and back to it.
#[derive(Clone, PartialEq, Debug)]
pub struct RingPlan {
    pub substation: u32,
    pub stations: Vec<u32>,
    /// Per section the links it takes: from the substation, between stations, back to the substation.
    pub sections: Vec<Vec<u32>>,
    /// The section that is open.
    pub open: usize,
}

/// Per station the substation that is nearest along the streets. Stations: substations first.
pub fn allocate(stations: &Stations<'_>, substations: usize) -> Vec<u32> {
    let starts: Vec<u32> = (0..substations as u32).collect();
    let found = ways(stations, &starts, &[]);
    let mut of = vec![NONE; stations.count()];
    for (station, way) in found {
        of[station as usize] = way.start;
    }
    of
}

/// The rings of one substation through its stations of the given loads, W.
pub fn rings(stations: &Stations<'_>, substation: u32, own: &[u32], load_w: &[f64], rules: &Rules) -> Vec<RingPlan> {
    let order = tour(stations, substation, own);
    let groups = shares(&order, load_w, rules);
    groups.into_iter().map(|group| ring(stations, substation, group, load_w)).collect()
}

/// The stations in the order of a walk round their shortest spanning tree, near branches first.
fn tour(stations: &Stations<'_>, substation: u32, own: &[u32]) -> Vec<u32> {
    let member: HashMap<u32, usize> = own.iter().enumerate().map(|(index, &station)| (station, index)).collect();
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut taken = vec![false; own.len()];
    let mut heap = BinaryHeap::new();
    let push = |heap: &mut BinaryHeap<Reverse<(u64, u32, u32)>>, from: u32| {
        for &(to, link) in stations.next(from) {
            heap.push(Reverse((stations.length_m(link).to_bits(), to, from)));
        }
    };
    push(&mut heap, substation);
    while let Some(Reverse((_, to, from))) = heap.pop() {
        match member.get(&to) {
            Some(&index) if !taken[index] => {
                taken[index] = true;
                children.entry(from).or_default().push(to);
                push(&mut heap, to);
            }
            _ => {}
        }
    }
    let mut order = Vec::with_capacity(own.len());
    let mut open = vec![substation];
    while let Some(at) = open.pop() {
        if at != substation {
            order.push(at);
        }
        open.extend(children.get(&at).into_iter().flatten().rev());
    }
    order
}

/// Cuts the walk into rings of about equal load within the limits of a ring.
fn shares(order: &[u32], load_w: &[f64], rules: &Rules) -> Vec<Vec<u32>> {
    let total_w: f64 = order.iter().map(|&station| load_w[station as usize]).sum();
    let by_load = (total_w / rules.ring_load_w).ceil();
    let by_count = (order.len() as f64 / rules.ring_stations).ceil();
    let share_w = total_w / by_load.max(by_count).max(1.0);
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut sum_w = 0.0;
    for &station in order {
        let own_w = load_w[station as usize];
        let full = |group: &Vec<u32>| {
            sum_w + 0.5 * own_w > share_w
                || sum_w + own_w > rules.ring_load_w
                || group.len() as f64 >= rules.ring_stations
        };
        match groups.last_mut().filter(|group| !full(group)) {
            Some(group) => group.push(station),
            None => {
                groups.push(vec![station]);
                sum_w = 0.0;
            }
        }
        sum_w += own_w;
    }
    groups
}

/// Orders a ring's stations for a short cable (exchange of two sections, Croes 1958) and opens it at half its load.
fn ring(stations: &Stations<'_>, substation: u32, group: Vec<u32>, load_w: &[f64]) -> RingPlan {
    let mut stops = vec![substation];
    stops.extend(&group);
    let trees: Vec<HashMap<u32, Way>> = stops.iter().map(|&stop| ways(stations, &[stop], &stops)).collect();
    let length_m = |a: usize, b: usize| trees[a].get(&stops[b]).map_or(f64::INFINITY, |way| way.length_m);
    let mut order: Vec<usize> = (1..stops.len()).collect();
    shorten(&mut order, length_m);
    let mut sections = Vec::with_capacity(order.len() + 1);
    let mut from = 0;
    for &to in order.iter().chain([&0]) {
        sections.push(links(&trees[from], stops[to]));
        from = to;
    }
    let stations: Vec<u32> = order.into_iter().map(|index| stops[index]).collect();
    let open = half(&stations, load_w);
    RingPlan { substation, stations, sections, open }
}

/// Reverses pieces of the order as long as that shortens the closed tour from stop 0.
fn shorten(order: &mut [usize], length_m: impl Fn(usize, usize) -> f64) {
    let count = order.len();
    for _ in 0..EXCHANGES {
        let mut better = false;
        for a in 0..count {
            for b in a + 1..count {
                let before = if a == 0 { 0 } else { order[a - 1] };
                let after = if b + 1 == count { 0 } else { order[b + 1] };
                let now = length_m(before, order[a]) + length_m(order[b], after);
                let then = length_m(before, order[b]) + length_m(order[a], after);
                if then < now - 1e-6 {
                    order[a..=b].reverse();
                    better = true;
                }
            }
        }
        if !better {
            return;
        }
    }
}

/// The smallest cable that carries the whole ring from one end, and as operated stays within the planned drop.
pub fn size(tables: &Tables, load_w: &[f64], sections: &[Course], open: usize) -> Laid {
    let rules = &tables.rules;
    let whole_a = rules.current_a(load_w.iter().sum(), rules.medium_v);
    let (near, far) = load_w.split_at(open);
    let lengths_m: Vec<f64> = sections.iter().map(|section| section.length_m).collect();
    let near = sides(near.iter().rev(), lengths_m[..open].iter().rev());
    let far = sides(far.iter(), lengths_m[open + 1..].iter());
    tables.choose(CableUse::Medium, |kind: &CableType, count| {
        let drop = |carried_wm: f64| rules.drop(carried_wm / count, 1.0, &kind.positive, rules.medium_v);
        whole_a <= rules.ring_reserve_loading * kind.rated_a * count && drop(near.max(far)) <= rules.ring_drop
    })
}

/// Σ power × length along one side of a ring, from the open section to the substation, W m.
fn sides<'a>(load_w: impl Iterator<Item = &'a f64>, length_m: impl Iterator<Item = &'a f64>) -> f64 {
    let mut sum_w = 0.0;
    load_w
        .zip(length_m)
        .map(|(load_w, length_m)| {
            sum_w += load_w;
            sum_w * length_m
        })
        .sum()
}

/// The section with about half the load on either side.
fn half(stations: &[u32], load_w: &[f64]) -> usize {
    let total: f64 = stations.iter().map(|&station| load_w[station as usize]).sum();
    let mut before = 0.0;
    let mut best = (f64::INFINITY, 0);
    for section in 0..=stations.len() {
        let uneven = (total - 2.0 * before).abs();
        if uneven < best.0 {
            best = (uneven, section);
        }
        before += stations.get(section).map_or(0.0, |&station| load_w[station as usize]);
    }
    best.1
}

/// A shortest way to a station.
#[derive(Clone, Copy, Debug)]
struct Way {
    length_m: f64,
    /// Position in the list of starts.
    start: u32,
    /// Station and link before.
    before: (u32, u32),
}

/// Shortest ways from starts until all goals are reached; to every station without goals.
fn ways(stations: &Stations<'_>, starts: &[u32], goals: &[u32]) -> HashMap<u32, Way> {
    let mut found: HashMap<u32, Way> = HashMap::new();
    let mut open: HashMap<u32, f64> = HashMap::new();
    let mut left = goals.len();
    let mut heap = BinaryHeap::new();
    for (index, &start) in starts.iter().enumerate() {
        heap.push(Reverse((0_u64, start, index as u32, NONE, NONE)));
    }
    while let Some(Reverse((bits, at, start, before, link))) = heap.pop() {
        if found.contains_key(&at) {
            continue;
        }
        let length_m = f64::from_bits(bits);
        found.insert(at, Way { length_m, start, before: (before, link) });
        if goals.contains(&at) {
            left -= 1;
            if left == 0 {
                break;
            }
        }
        for &(to, link) in stations.next(at) {
            let there_m = length_m + stations.length_m(link);
            if open.get(&to).is_none_or(|&known| there_m < known) {
                open.insert(to, there_m);
                heap.push(Reverse((there_m.to_bits(), to, start, at, link)));
            }
        }
    }
    found
}

/// The links of a way from its start.
fn links(tree: &HashMap<u32, Way>, to: u32) -> Vec<u32> {
    let mut links = Vec::new();
    let mut at = to;
    while let Some(way) = tree.get(&at).filter(|way| way.before.0 != NONE) {
        links.push(way.before.1);
        at = way.before.0;
    }
    links.reverse();
    links
}
