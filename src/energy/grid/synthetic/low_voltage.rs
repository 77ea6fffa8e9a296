//! The feeders of one transformer: the tree of shortest ways along streets to its customers, cut into cables that each
//! carry what a standard cable may, every part that is cut off with a cable of its own back to the busbar.

use citytwin_model::Coord;

use super::{
    design::{Design, Laid},
    paths::{NONE, Tree},
    streets::{Streets, Way},
    tables::{CableType, CableUse, Tables},
};

/// A customer by the node that it hangs on.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// What the caller calls it.
    pub id: u32,
    pub node: u32,
    pub design: Design,
}

/// One cable from the busbar with all that hangs on it.
#[derive(Clone, PartialEq, Debug)]
pub struct FeederPlan {
    /// None where all its customers stand at the station: then there are no joints.
    pub laid: Option<Laid>,
    /// Each after its parent.
    pub joints: Vec<Joint>,
    /// Id of a site and its joint, [`NONE`] for the busbar; nearest first.
    pub sites: Vec<(u32, u32)>,
}

/// Where services leave or the cable branches, and the cable that leads there.
#[derive(Clone, PartialEq, Debug)]
pub struct Joint {
    pub node: u32,
    /// Joint before; [`NONE`] is the busbar.
    pub parent: u32,
    pub length_m: f64,
    pub way: Way,
    /// From the joint before to this one.
    pub course: Vec<Coord<f64>>,
}

/// Memory that serves transformer after transformer.
#[derive(Clone, Debug)]
pub struct Planner<'a> {
    streets: &'a Streets,
    tables: &'a Tables,
    tree: Tree,
    /// Per node its place in the present tree, where it is in it.
    slot: Vec<u32>,
}

/// A node of the tree of ways.
#[derive(Clone, Debug)]
struct Node {
    node: u32,
    parent: u32,
    edge: u32,
    length_m: f64,
    sites: Vec<u32>,
    children: Vec<u32>,
    below: Moment,
    /// Has a cable of its own to the busbar.
    cut: bool,
    feeder: u32,
    joint: u32,
}

/// A load and how far it is carried.
#[derive(Clone, Copy, Default, Debug)]
struct Moment {
    design: Design,
    /// Σ peak × way, W m.
    peak_wm: f64,
    sites: usize,
}

impl Moment {
    fn plus(self, other: Self) -> Self {
        let peak_wm = self.peak_wm + other.peak_wm;
        Self { design: self.design + other.design, peak_wm, sites: self.sites + other.sites }
    }
}

impl<'a> Planner<'a> {
    pub fn new(streets: &'a Streets, tables: &'a Tables) -> Self {
        Self { streets, tables, tree: Tree::new(streets), slot: vec![NONE; streets.len()] }
    }

    /// Feeders from a station, which stands some way off its street node, to its sites; in the order of their first
    /// branch.
    pub fn feeders(&mut self, station: u32, away_m: f64, sites: &[Site]) -> Vec<FeederPlan> {
        if sites.is_empty() {
            return Vec::new();
        }
        let mut nodes = self.ways(station, sites);
        nodes[1..].iter_mut().for_each(|node| node.length_m += away_m);
        self.cut(&mut nodes, sites);
        let mut feeders = self.lay(&mut nodes, sites);
        for feeder in &mut feeders {
            feeder.laid = (!feeder.joints.is_empty()).then(|| self.size(feeder, sites));
            feeder.sites.iter_mut().for_each(|(site, _)| *site = sites[*site as usize].id);
        }
        feeders
    }

    /// The tree of ways: the station first, each node after its parent.
    fn ways(&mut self, station: u32, sites: &[Site]) -> Vec<Node> {
        let mut goals: Vec<u32> = sites.iter().map(|site| site.node).collect();
        goals.sort_unstable();
        goals.dedup();
        self.tree.grow(self.streets, station, &goals);
        let mut used = vec![station];
        self.slot[station as usize] = 0;
        for &goal in &goals {
            let mut node = goal;
            while self.slot[node as usize] == NONE && self.tree.settled(node) {
                self.slot[node as usize] = 0;
                used.push(node);
                node = self.tree.before(node).0;
            }
        }
        let mut nodes: Vec<Node> = Vec::with_capacity(used.len());
        for &node in &self.tree.order {
            if self.slot[node as usize] == NONE {
                continue;
            }
            let (before, edge) = self.tree.before(node);
            let parent = if before == NONE { NONE } else { self.slot[before as usize] };
            let here = nodes.len() as u32;
            self.slot[node as usize] = here;
            if parent != NONE {
                nodes[parent as usize].children.push(here);
            }
            nodes.push(Node {
                node,
                parent,
                edge,
                length_m: self.tree.length_m(node),
                sites: Vec::new(),
                children: Vec::new(),
                below: Moment::default(),
                cut: false,
                feeder: NONE,
                joint: NONE,
            });
        }
        for (index, site) in sites.iter().enumerate() {
            if let Some(node) = nodes.get_mut(self.slot[site.node as usize] as usize) {
                node.sites.push(index as u32);
            }
        }
        used.iter().for_each(|&node| self.slot[node as usize] = NONE);
        nodes
    }

    /// From the leaves to the station, a node takes its lightest branches as long as one cable carries them; the others
    /// are cut off, and so is all that reaches the station.
    fn cut(&self, nodes: &mut [Node], sites: &[Site]) {
        for at in (0..nodes.len()).rev() {
            let node = &nodes[at];
            let own = node.sites.iter().fold(Design::default(), |sum, &site| sum + sites[site as usize].design);
            let peak_wm = own.peak_w * node.length_m;
            let mut below = Moment { design: own, peak_wm, sites: node.sites.len() };
            let mut branches = node.children.clone();
            let peak_w = |child: u32| nodes[child as usize].below.design.peak_w;
            branches.sort_by(|&a, &b| peak_w(a).total_cmp(&peak_w(b)).then(a.cmp(&b)));
            for child in branches {
                let branch = nodes[child as usize].below;
                let together = below.plus(branch);
                if branch.sites == 0 {
                    continue;
                }
                if at > 0 && (below.sites == 0 || self.one_cable_carries(together)) {
                    below = together;
                } else {
                    nodes[child as usize].cut = true;
                }
            }
            nodes[at].below = below;
        }
    }

    /// Whether the smallest feeder cable carries a group within the planned loading and drop, each as if its whole way
    /// were shared with all nearer ones.
    fn one_cable_carries(&self, group: Moment) -> bool {
        let rules = &self.tables.rules;
        let Some((_, kind)) = self.tables.cables_for(CableUse::Feeder).next() else { return true };
        let load_w = group.design.load_w(rules);
        let scale = load_w / group.design.peak_w.max(f64::MIN_POSITIVE);
        rules.current_a(load_w, rules.low_v) <= rules.feeder_loading * kind.rated_a
            && rules.drop(group.peak_wm * scale, 1.0, &kind.positive, rules.low_v) <= rules.feeder_drop
    }

    /// Feeders with a joint wherever a site hangs or the cable branches.
    fn lay(&self, nodes: &mut [Node], sites: &[Site]) -> Vec<FeederPlan> {
        let mut feeders: Vec<FeederPlan> = Vec::new();
        let new = || FeederPlan { laid: None, joints: Vec::new(), sites: Vec::new() };
        if !nodes[0].sites.is_empty() {
            feeders.push(new());
            feeders[0].sites = nodes[0].sites.iter().map(|&site| (site, NONE)).collect();
        }
        for at in 1..nodes.len() {
            if nodes[at].cut {
                nodes[at].feeder = feeders.len() as u32;
                feeders.push(new());
            } else {
                nodes[at].feeder = nodes[nodes[at].parent as usize].feeder;
            }
            let carried = |child: &&u32| !nodes[**child as usize].cut && nodes[**child as usize].below.sites > 0;
            let branches = nodes[at].children.iter().filter(carried).count();
            if nodes[at].sites.is_empty() && branches < 2 {
                continue;
            }
            let feeder = &mut feeders[nodes[at].feeder as usize];
            let joint = self.joint(nodes, at);
            nodes[at].joint = feeder.joints.len() as u32;
            feeder.sites.extend(nodes[at].sites.iter().map(|&site| (site, nodes[at].joint)));
            feeder.joints.push(joint);
        }
        debug_assert_eq!(feeders.iter().map(|feeder| feeder.sites.len()).sum::<usize>(), sites.len());
        feeders
    }

    /// The cable from the joint before, or from the busbar, to a node.
    fn joint(&self, nodes: &[Node], at: usize) -> Joint {
        let feeder = nodes[at].feeder;
        let mut edges = Vec::new();
        let mut up = at;
        while up == at || up != 0 && !(nodes[up].feeder == feeder && nodes[up].joint != NONE) {
            edges.push((nodes[up].edge, nodes[nodes[up].parent as usize].node));
            up = nodes[up].parent as usize;
        }
        let mut course: Vec<Coord<f64>> = vec![self.streets.at[nodes[up].node as usize]];
        let mut straight_m = 0.0;
        for &(edge, from) in edges.iter().rev() {
            course.extend(self.streets.course(edge, from).skip(1));
            straight_m += self.streets.straight_m(edge);
        }
        let length_m = nodes[at].length_m - nodes[up].length_m;
        let way = Way::mostly(straight_m, length_m);
        let parent = if up == 0 { NONE } else { nodes[up].joint };
        Joint { node: nodes[at].node, parent, length_m, way, course }
    }

    /// The smallest cable for the whole feeder within the planned loading at its head and drop at its far end.
    fn size(&self, feeder: &FeederPlan, sites: &[Site]) -> Laid {
        let rules = &self.tables.rules;
        let mut below = vec![Design::default(); feeder.joints.len()];
        for &(site, joint) in &feeder.sites {
            below[joint as usize] += sites[site as usize].design;
        }
        for at in (0..feeder.joints.len()).rev() {
            let (parent, own) = (feeder.joints[at].parent, below[at]);
            if parent != NONE {
                below[parent as usize] += own;
            }
        }
        let load_w: Vec<f64> = below.iter().map(|design| design.load_w(rules)).collect();
        let head_a = rules.current_a(load_w.iter().copied().fold(0.0, f64::max), rules.low_v);
        self.tables.choose(CableUse::Feeder, |kind, count| {
            head_a <= rules.feeder_loading * kind.rated_a * count
                && self.drop(feeder, &load_w, kind) <= rules.feeder_drop * count
        })
    }

    /// Largest voltage drop from the busbar to a joint, 1.
    fn drop(&self, feeder: &FeederPlan, load_w: &[f64], kind: &CableType) -> f64 {
        let rules = &self.tables.rules;
        let mut drop = vec![0.0_f64; load_w.len()];
        for (at, joint) in feeder.joints.iter().enumerate() {
            let before = if joint.parent == NONE { 0.0 } else { drop[joint.parent as usize] };
            drop[at] = before + rules.drop(load_w[at], joint.length_m, &kind.positive, rules.low_v);
        }
        drop.into_iter().fold(0.0, f64::max)
    }
}
