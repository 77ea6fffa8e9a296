//! Turn restrictions of the map (wiki.openstreetmap.org/wiki/Relation:restriction), resolved to links, for
//! motor cars.

mod turns;

use std::collections::HashMap;

use citytwin_model::{
    City, Coord, LinkId, NodeId, Problem, ProblemKind, RoadId, SourceRef, TurnRestriction, TurnRestrictionKind, TurnVia,
};

use self::turns::{Turn, Turns};
use super::Index;
use crate::raw::{MemberKind, RawMap, RawRelation};

/// Pairs of `from` and `to` that one restriction may name: `no_entry` and `no_exit` name several of one.
const MAX_PAIRS: usize = 100;

/// Fills the city's restrictions and adds those that cannot be applied to its problems.
pub fn resolve(raw: &RawMap, index: &Index, city: &mut City) {
    let by_way: HashMap<i64, RoadId> = city
        .roads
        .iter()
        .filter_map(|road| if let SourceRef::Way(id) = road.source { Some((id, road.id)) } else { None })
        .collect();
    let (mut restrictions, mut problems) = (Vec::new(), Vec::new());
    let resolver = Resolver { raw, city, index, by_way: &by_way, turns: Turns::new(city, index) };
    for relation in
        raw.relations().filter(|relation| relation.tags.get("type").is_some_and(|t| t.starts_with("restriction")))
    {
        let source = SourceRef::Relation(relation.id);
        match resolver.resolve(&relation) {
            Ok(found) => restrictions.extend(found),
            Err(what) => {
                let at = resolver.place_of(&relation);
                problems.push(Problem { source, kind: ProblemKind::Restriction, what, at });
            }
        }
    }
    city.restrictions = restrictions;
    city.problems.append(&mut problems);
}

/// What a restriction's tags say.
struct Rule {
    kind: TurnRestrictionKind,
    turn: Turn,
}

/// Members by role. Ways may be absent from the file or carry no cars; nodes may be absent.
#[derive(Default)]
struct Parts {
    from: Vec<i64>,
    to: Vec<i64>,
    via_nodes: Vec<i64>,
    via_ways: Vec<i64>,
}

struct Resolver<'a> {
    raw: &'a RawMap,
    index: &'a Index,
    city: &'a City,
    by_way: &'a HashMap<i64, RoadId>,
    turns: Turns<'a>,
}

impl Resolver<'_> {
    /// Empty where the restriction does not concern cars.
    fn resolve(&self, relation: &RawRelation) -> Result<Vec<TurnRestriction>, String> {
        let Some(rule) = read_rule(relation)? else { return Ok(Vec::new()) };
        let parts = read_parts(relation)?;
        let mut found = Vec::new();
        for from in &parts.from {
            for to in &parts.to {
                let concerns_cars = self.carries_cars(*from) && self.carries_cars(*to);
                if !concerns_cars {
                    continue;
                }
                let turns = self.turns(&rule, &parts, self.road(*from)?, self.road(*to)?)?;
                let turns = turns.into_iter().map(|(from, via, to)| TurnRestriction {
                    source: SourceRef::Relation(relation.id),
                    kind: rule.kind,
                    from,
                    via,
                    to,
                });
                found.extend(turns);
            }
        }
        Ok(found)
    }

    fn turns(
        &self,
        rule: &Rule,
        parts: &Parts,
        from: RoadId,
        to: RoadId,
    ) -> Result<Vec<(LinkId, TurnVia, LinkId)>, String> {
        if let [node] = parts.via_nodes[..] {
            let node = self.node(node)?;
            let pairs = self.turns.at_node(from, node, to, rule.turn)?;
            return Ok(pairs.into_iter().map(|(from, to)| (from, TurnVia::Node(node), to)).collect());
        }
        let via = parts.via_ways.iter().map(|way| self.road(*way)).collect::<Result<Vec<_>, _>>()?;
        let (from, path, to) = self.turns.along(from, &via, to)?;
        Ok(vec![(from, TurnVia::Links(path), to)])
    }

    /// Not so for ways that stand in the file and are closed to cars: no rule is needed there.
    fn carries_cars(&self, way: i64) -> bool {
        self.raw.way(way).is_none() || self.road(way).is_ok()
    }

    fn road(&self, way: i64) -> Result<RoadId, String> {
        let known = self.by_way.get(&way).copied();
        let road = known.filter(|road| self.index.links(*road).next().is_some());
        road.ok_or_else(|| match self.raw.way(way) {
            None => format!("way/{way} is not in the file; not applied"),
            Some(_) => format!("way/{way} carries no cars; not applied"),
        })
    }

    fn node(&self, node: i64) -> Result<NodeId, String> {
        let what = || match self.raw.node(node) {
            None => format!("node/{node} is not in the file; not applied"),
            Some(_) => format!("no motor roads meet at node/{node}; not applied"),
        };
        self.index.node(self.raw, node).ok_or_else(what)
    }

    fn place_of(&self, relation: &RawRelation) -> Option<Coord<f64>> {
        relation.members().find_map(|member| match member.kind {
            MemberKind::Node => self.raw.node(member.id).map(|place| self.city.anchor.enu(place)),
            MemberKind::Way => {
                let road = self.by_way.get(&member.id)?;
                self.city.roads[road.index()].line.0.first().copied()
            }
            MemberKind::Relation => None,
        })
    }
}

/// `None` where the restriction holds for other vehicles only.
fn read_rule(relation: &RawRelation) -> Result<Option<Rule>, String> {
    let tags = &relation.tags;
    let spared =
        |list: &str| list.split(';').any(|user| matches!(user.trim(), "motorcar" | "motor_vehicle" | "vehicle"));
    if tags.get("except").is_some_and(spared) {
        return Ok(None);
    }
    let own = ["restriction:motorcar", "restriction:motor_vehicle", "restriction"];
    let Some(value) = own.iter().find_map(|key| tags.get(key)) else {
        let conditional = tags.iter().find(|(key, _)| key.starts_with("restriction") && key.ends_with(":conditional"));
        return match conditional {
            Some((_, value)) => Err(format!("conditional ({value}); not applied")),
            None if tags.iter().any(|(key, _)| key.starts_with("restriction:")) => Ok(None),
            None => Err("has no `restriction`; not applied".to_owned()),
        };
    };
    let (kind, turn) = match value.split_once('_') {
        Some(("no", turn)) => (TurnRestrictionKind::No, turn),
        Some(("only", turn)) => (TurnRestrictionKind::Only, turn),
        _ => return Err(format!("restriction={value} cannot be read; not applied")),
    };
    let turn = match turn {
        "left_turn" => Turn::Left,
        "right_turn" => Turn::Right,
        "straight_on" => Turn::Straight,
        "u_turn" => Turn::Back,
        "entry" | "exit" => Turn::Any,
        _ => return Err(format!("restriction={value} cannot be read; not applied")),
    };
    Ok(Some(Rule { kind, turn }))
}

fn read_parts(relation: &RawRelation) -> Result<Parts, String> {
    let mut parts = Parts::default();
    for member in relation.members() {
        match (member.role, member.kind) {
            ("from", MemberKind::Way) => parts.from.push(member.id),
            ("to", MemberKind::Way) => parts.to.push(member.id),
            ("via", MemberKind::Node) => parts.via_nodes.push(member.id),
            ("via", MemberKind::Way) => parts.via_ways.push(member.id),
            _ => {}
        }
    }
    if parts.from.is_empty() || parts.to.is_empty() {
        return Err("lacks its `from` or its `to`; not applied".to_owned());
    }
    if parts.from.len() * parts.to.len() > MAX_PAIRS {
        return Err("has too many `from` and `to`; not applied".to_owned());
    }
    match (parts.via_nodes.len(), parts.via_ways.len()) {
        (1, 0) | (0, 1..) => Ok(parts),
        (0, 0) => Err("lacks its `via`; not applied".to_owned()),
        _ => Err("has more than one `via` node, or nodes and ways; not applied".to_owned()),
    }
}
