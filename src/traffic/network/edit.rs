//! Edits of a compiled network. What an edit does not touch is copied; what it touches is worked out by the same
//! functions as a compilation from the ground up, so that both give the same network.
//!
//! Touched are the nodes of the changed roads and of the changed bans: the turns of the links that enter them, those
//! turns' lanes and conflicts, the signals there and (through a common cycle) those of the same green wave. What is left
//! is one pass over the tables.

use std::sync::{Arc, OnceLock};

use citytwin_model::{City, NetworkChange, NetworkChanges, NetworkEdit, NetworkEditError};

use super::{
    NONE, Network, SignalPlan, States, junction, link, reach,
    signals::{self, FlowError, Layout, check_flows},
    streets::Streets,
};

impl Network {
    /// The network after some edits, beside the changes they made (in order; undo them with [`Network::undo`]). `city` must
    /// be the one it was compiled from. Signals at and in a wave with what changes are planned for design flows.
    ///
    /// # Errors
    /// The first edit that cannot be done; nothing is applied then.
    pub fn apply(&self, city: &City, edits: &[NetworkEdit]) -> Result<(Self, Vec<NetworkChange>), NetworkEditError> {
        let mut changes = self.changes.clone();
        let mut made = Vec::new();
        for edit in edits {
            if let Some(change) = changes.check(city, edit)? {
                changes.apply(&change);
                made.push(change);
            }
        }
        Ok((self.changed(city, changes), made))
    }

    /// The network before some changes of [`Network::apply`].
    pub fn undo(&self, city: &City, made: &[NetworkChange]) -> Self {
        let mut changes = self.changes.clone();
        made.iter().rev().for_each(|change| changes.undo(change));
        self.changed(city, changes)
    }

    /// The network under other changes.
    pub fn changed(&self, city: &City, changes: NetworkChanges) -> Self {
        let was = Streets::new(city, &self.ground, &self.changes);
        let streets = Streets::new(city, &self.ground, &changes);
        let ground = &*self.ground;
        let roads = streets.roads_apart(&was);
        let nodes = streets.nodes_apart(&was);
        let of_roads = || roads.iter().flat_map(|road| ground.road_links.of(*road)).copied();
        let mut touched: Vec<u32> = nodes.iter().flat_map(|n| ground.entering.of(*n)).copied().collect();
        touched.sort_unstable();

        let mut shapes = self.shapes.clone();
        shapes.lay_lanes(&streets, of_roads());
        let mut turns = self.turns.rebuilt(&streets, &shapes, &touched);
        let mut links = self.links.clone();
        for l in of_roads() {
            let old = &links[l as usize];
            let (lane0, core, reaches_core, reached_from_core) =
                (old.lane0, old.core, old.reaches_core, old.reached_from_core);
            links[l as usize] =
                link::LinkInfo { lane0, core, reaches_core, reached_from_core, ..link::row(&streets, &shapes, l) };
        }
        if of_roads().any(|l| links[l as usize].lanes != self.links[l as usize].lanes) {
            link::number_lanes(&mut links);
        }
        let movements = junction::Movements { links: &links, turns: &turns, shapes: &shapes, ground };
        let foes = self.foes.rebuilt(&movements, &self.turns, &touched);
        let layout = Layout { links: &links, shapes: &shapes, ground };
        let signals = self.signals.rebuilt(&mut turns, &layout, &sites_at(&nodes, ground));
        for l in touched.iter().copied().chain(of_roads()) {
            links[l as usize].junction = junction::is_junction(l, &links[l as usize], &turns, &foes);
        }
        weigh(&mut links, &signals, of_roads());
        reach::update(&mut links, &turns, &self.links, &self.turns, &touched);
        let states = States::build(city, &links, &turns);
        Self {
            ground: Arc::clone(&self.ground),
            lane_count: link::lane_count(&links),
            links,
            turns,
            states,
            shapes,
            foes,
            signals,
            anchors: OnceLock::new(),
            right_hand: self.right_hand,
            changes,
        }
    }

    /// The network with its signals planned anew for given flows, veh/h by turn ([`super::TurnId`] order). Stated programs stay.
    ///
    /// # Errors
    /// Another number of flows than turns; a flow that is no finite number from 0 on.
    pub fn retimed(&self, flows_vph: &[f64]) -> Result<Self, FlowError> {
        check_flows(flows_vph, self.turns.list.len())?;
        let (mut links, mut turns) = (self.links.clone(), self.turns.clone());
        let layout = Layout { links: &self.links, shapes: &self.shapes, ground: &self.ground };
        let signals = signals::SignalPlan::build(&mut turns, &layout, Some(flows_vph));
        weigh(&mut links, &signals, std::iter::empty());
        Ok(Self {
            ground: Arc::clone(&self.ground),
            links,
            turns,
            signals,
            states: self.states.clone(),
            shapes: self.shapes.clone(),
            foes: self.foes.clone(),
            anchors: OnceLock::new(),
            lane_count: self.lane_count,
            right_hand: self.right_hand,
            changes: self.changes.clone(),
        })
    }
}

/// Routing costs of the changed links and of all that end at a signal, whose waits may have changed.
fn weigh(links: &mut [link::LinkInfo], signals: &SignalPlan, changed: impl Iterator<Item = u32>) {
    links.iter_mut().filter(|row| row.signal != NONE).for_each(|row| link::weigh(row, signals));
    changed.for_each(|l| link::weigh(&mut links[l as usize], signals));
}

/// The signals that stand at nodes, ascending.
fn sites_at(nodes: &[u32], ground: &super::Ground) -> Vec<u32> {
    let mut sites: Vec<u32> = nodes
        .iter()
        .filter_map(|n| ground.sites.site_at.get(*n as usize).copied())
        .filter(|site| *site != NONE)
        .collect();
    sites.sort_unstable();
    sites.dedup();
    sites
}
