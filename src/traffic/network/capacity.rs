//! What roads and turns can carry: the table under `assets/traffic/capacity.toml`, and what follows from it for
//! the links of a network.

use std::{collections::BTreeMap, sync::LazyLock};

use citytwin_model::{LinkEnd, LinkId, RoadClass};
use serde::Deserialize;

use super::{NONE, Network, Turn, TurnId, TurnKind, signals};

/// Capacity, free speed and delay curve of a class.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassRow {
    class: String,
    /// Between junctions, veh/h and lane.
    pub lane_vph: f64,
    /// Mean free speed relative to the legal limit.
    pub free_speed_share: f64,
    pub bpr_alpha: f64,
    pub bpr_beta: f64,
    pub source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    class: Vec<ClassRow>,
    ramp: Ramp,
    saturation: Saturation,
    gap: Gap,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ramp {
    lane_vph: f64,
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saturation {
    lane_vph: f64,
    across: f64,
    along: f64,
    back: f64,
    source: String,
}

/// Critical and follow-up headways, second.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gap {
    from_major: [f64; 2],
    minor_along: [f64; 2],
    minor_through: [f64; 2],
    minor_across: [f64; 2],
    roundabout: [f64; 2],
    source: String,
}

struct Tables {
    /// By class, roads and ramps.
    rows: BTreeMap<(RoadClass, bool), ClassRow>,
    saturation: Saturation,
    gap: Gap,
}

/// Parameters of t = t₀ (1 + α (flow / capacity)^β) (Bureau of Public Roads 1964).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bpr {
    /// Time on the free link without its junction, second.
    pub free_s: f64,
    pub capacity_vph: f64,
    pub alpha: f64,
    pub beta: f64,
}

impl Bpr {
    /// Travel time at a flow (veh/h), second.
    pub fn time_s(&self, flow_vph: f64) -> f64 {
        self.free_s * (1.0 + self.alpha * (flow_vph / self.capacity_vph).powf(self.beta))
    }
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    read(include_str!("../../../assets/traffic/capacity.toml")).expect("the embedded table is checked by a test")
});

const CLASSES: [(&str, RoadClass); 11] = [
    ("motorway", RoadClass::Motorway),
    ("trunk", RoadClass::Trunk),
    ("primary", RoadClass::Primary),
    ("secondary", RoadClass::Secondary),
    ("tertiary", RoadClass::Tertiary),
    ("unclassified", RoadClass::Unclassified),
    ("residential", RoadClass::Residential),
    ("living_street", RoadClass::LivingStreet),
    ("service", RoadClass::Service),
    ("track", RoadClass::Track),
    ("busway", RoadClass::Busway),
];

fn read(text: &str) -> Result<Tables, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    let positive = |what: &str, values: &[f64]| {
        let good = values.iter().all(|v| v.is_finite() && *v > 0.0);
        if good { Ok(()) } else { Err(format!("{what}: values must be positive, not {values:?}")) }
    };
    positive("ramp", &[file.ramp.lane_vph])?;
    let s = &file.saturation;
    positive("saturation", &[s.lane_vph, s.across, s.along, s.back])?;
    let g = &file.gap;
    for pair in [g.from_major, g.minor_along, g.minor_through, g.minor_across, g.roundabout] {
        positive("gap", &pair)?;
    }
    for source in [&file.ramp.source, &s.source, &g.source] {
        if source.is_empty() {
            return Err("a row without its source".into());
        }
    }
    let mut rows = BTreeMap::new();
    for row in file.class {
        positive(&row.class, &[row.lane_vph, row.free_speed_share, row.bpr_alpha, row.bpr_beta])?;
        let class = CLASSES.iter().find(|(name, _)| *name == row.class);
        let (_, class) = class.ok_or_else(|| format!("`{}` is no class of road", row.class))?;
        if row.source.is_empty() {
            return Err(format!("{}: no source", row.class));
        }
        let ramp = ClassRow { lane_vph: row.lane_vph.min(file.ramp.lane_vph), ..row.clone() };
        rows.insert((*class, true), ramp);
        if rows.insert((*class, false), row).is_some() {
            return Err(format!("{class:?} stands twice"));
        }
    }
    if rows.len() != 2 * CLASSES.len() {
        return Err(format!("{} of {} classes are there", rows.len() / 2, CLASSES.len()));
    }
    Ok(Tables { rows, saturation: file.saturation, gap: file.gap })
}

/// The row of a class; paths that carry no motor vehicles read as tracks.
pub fn of(class: RoadClass, ramp: bool) -> &'static ClassRow {
    let class = class.min(RoadClass::Busway);
    &TABLES.rows[&(class, ramp)]
}

/// Saturation flow of one lane that only makes a kind of turn, veh/h of green.
pub fn lane_saturation_vph(kind: TurnKind, right_hand: bool) -> f64 {
    let s = &TABLES.saturation;
    s.lane_vph
        * match kind {
            TurnKind::Straight => 1.0,
            TurnKind::Back => s.back,
            kind if kind == TurnKind::across(right_hand) => s.across,
            _ => s.along,
        }
}

/// What a lane lets through that waits for gaps in a stream: c = v e^(−v tc/3600) / (1 − e^(−v tf/3600)) (HCM 6th,
/// eq. 20-32; Harders 1968), veh/h.
pub fn gap_capacity_vph(conflicting_vph: f64, [critical_s, follow_up_s]: [f64; 2]) -> f64 {
    let v = conflicting_vph / 3600.0;
    if v * follow_up_s < 1e-6 {
        return 3600.0 / follow_up_s;
    }
    3600.0 * v * (-v * critical_s).exp() / (1.0 - (-v * follow_up_s).exp())
}

impl Network {
    /// What a link can put through, veh/h: its lanes between junctions, or what its end lets out where that is less:
    /// saturation flow × green share at a signal, gaps in the streams that go first where it gives way (those streams
    /// at design flow). 0 where cars may not drive.
    pub fn capacity_vph(&self, link: LinkId) -> f64 {
        let Some(row) = self.links.get(link.index()).filter(|row| row.usable) else { return 0.0 };
        let between = self.link_capacity_vph(link);
        let end = if row.signal != NONE { self.signal_capacity_vph(link.0) } else { self.yield_capacity_vph(link.0) };
        end.map_or(between, |end| end.min(between))
    }

    /// What a link carries between junctions, veh/h.
    pub fn link_capacity_vph(&self, link: LinkId) -> f64 {
        self.links
            .get(link.index())
            .filter(|row| row.usable)
            .map_or(0.0, |row| of(row.class, row.ramp).lane_vph * f64::from(row.lanes))
    }

    /// Time to drive a free link without the delay at its end, second.
    pub fn free_flow_s(&self, link: LinkId) -> f64 {
        self.links.get(link.index()).map_or(0.0, |row| f64::from(row.length / row.free_mps))
    }

    /// The delay curve of a link between junctions. `None` where cars may not drive.
    pub fn bpr(&self, link: LinkId) -> Option<Bpr> {
        let row = self.links.get(link.index()).filter(|row| row.usable)?;
        let class = of(row.class, row.ramp);
        Some(Bpr {
            free_s: self.free_flow_s(link),
            capacity_vph: self.capacity_vph(link),
            alpha: class.bpr_alpha,
            beta: class.bpr_beta,
        })
    }

    /// Mean delay at a link's end at a flow, second: that of its signal (uniform and incremental delay, HCM), else none.
    /// `hours`: how long the flow lasts.
    pub fn signal_delay_s(&self, link: LinkId, flow_vph: f64, hours: f64) -> f64 {
        let Some((cycle_s, green_s)) = self.signal_timing(link) else { return 0.0 };
        let capacity = self.signal_capacity_vph(link.0).unwrap_or(0.0);
        signals::webster::delay_s(cycle_s, signals::webster::effective_green_s(green_s), flow_vph, capacity, hours)
    }

    /// What a turn can put through where nothing but its lanes limits it, veh/h of green: shared lanes count in full.
    pub fn turn_saturation_vph(&self, turn: TurnId) -> Option<f64> {
        let turn = self.turns.list.get(turn.0 as usize)?;
        let lanes = f64::from(turn.lane_hi - turn.lane_lo) + 1.0;
        Some(lanes * lane_saturation_vph(turn.kind, self.right_hand()))
    }

    /// The flow a turn is planned for where none is known, veh/h (`assets/traffic/signals.toml`).
    pub fn design_vph(&self, turn: TurnId) -> f64 {
        self.turns.list.get(turn.0 as usize).map_or(0.0, |t| signals::design_vph(&self.links, &self.turns, t))
    }

    /// Lanes by what leaves from them: each lane serves its turns in the shares they have in its flow, with the green
    /// of each turn's stream.
    fn signal_capacity_vph(&self, link: u32) -> Option<f64> {
        let row = &self.links[link as usize];
        let turns: Vec<&Turn> = self.regular(link).collect();
        if turns.is_empty() {
            return None;
        }
        let per_lane = |lane: u8| {
            let here = turns.iter().filter(|t| (t.lane_lo..=t.lane_hi).contains(&lane));
            let (mut flow, mut green) = (0.0, 0.0);
            for turn in here {
                let lanes = f64::from(turn.lane_hi - turn.lane_lo) + 1.0;
                let share = signals::design_vph(&self.links, &self.turns, turn).max(1.0) / lanes;
                let rate = lane_saturation_vph(turn.kind, self.right_hand()) * self.signals.green_share(turn.signal);
                flow += share;
                green += share / rate.max(1.0);
            }
            if flow > 0.0 { flow / green } else { 0.0 }
        };
        Some((0..row.lanes).map(per_lane).sum())
    }

    /// As [`Self::signal_capacity_vph`], with gaps for greens. `None` where no turn gives way.
    fn yield_capacity_vph(&self, link: u32) -> Option<f64> {
        let row = &self.links[link as usize];
        let range = self.turns.of(link);
        let waits = |t: usize| self.foes.of(t as u32).iter().any(|foe| foe.yields);
        let stops = row.end == LinkEnd::Stop;
        if !stops && !range.clone().any(waits) {
            return None;
        }
        let rate = |t: usize| {
            let turn = &self.turns.list[t];
            let first = self.foes.of(t as u32).iter().filter(|foe| foe.yields);
            let conflicting: f64 = first
                .map(|foe| signals::design_vph(&self.links, &self.turns, &self.turns.list[foe.turn as usize]))
                .sum();
            let lane = lane_saturation_vph(turn.kind, self.right_hand());
            if conflicting == 0.0 && !stops { lane } else { gap_capacity_vph(conflicting, self.headways(t)).min(lane) }
        };
        let per_lane = |lane: u8| {
            let (mut flow, mut time) = (0.0, 0.0);
            for t in range.clone() {
                let turn = &self.turns.list[t];
                if !turn.last_resort && (turn.lane_lo..=turn.lane_hi).contains(&lane) {
                    let lanes = f64::from(turn.lane_hi - turn.lane_lo) + 1.0;
                    let share = signals::design_vph(&self.links, &self.turns, turn).max(1.0) / lanes;
                    flow += share;
                    time += share / rate(t).max(1.0);
                }
            }
            if flow > 0.0 { flow / time } else { 0.0 }
        };
        let sum: f64 = (0..row.lanes).map(per_lane).sum();
        (sum > 0.0).then_some(sum)
    }

    fn headways(&self, t: usize) -> [f64; 2] {
        let (turn, gap) = (&self.turns.list[t], &TABLES.gap);
        let foes = self.foes.of(t as u32);
        if foes.iter().any(|foe| foe.yields && self.links[foe.from as usize].roundabout) {
            return gap.roundabout;
        }
        let across = turn.kind == TurnKind::across(self.right_hand()) || turn.kind == TurnKind::Back;
        let minor = matches!(self.links[turn.from as usize].end, LinkEnd::Stop | LinkEnd::GiveWay)
            || foes.iter().any(|foe| foe.yields && !foe.equal && !across);
        match turn.kind {
            _ if across && !minor => gap.from_major,
            _ if across => gap.minor_across,
            TurnKind::Straight => gap.minor_through,
            _ => gap.minor_along,
        }
    }

    fn regular(&self, link: u32) -> impl Iterator<Item = &Turn> {
        self.turns.of(link).map(|t| &self.turns.list[t]).filter(|t| !t.last_resort)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_table_is_whole() {
        assert_eq!(TABLES.rows.len(), 2 * CLASSES.len());
        assert_eq!(of(RoadClass::Motorway, true).lane_vph, 1500.0);
        assert_eq!(of(RoadClass::Footway, false), of(RoadClass::Busway, false));
    }

    #[test]
    fn a_bad_table_says_what_is_wrong() {
        let good = include_str!("../../../assets/traffic/capacity.toml");
        for (from, to, what) in [
            ("\"trunk\"", "\"trunc\"", "trunc"),
            ("\"trunk\"", "\"primary\"", "twice"),
            ("lane_vph = 1600", "lane_vph = -1", "positive"),
            ("lane_vph = 1600", "lane_vph = nan", "positive"),
            ("lane_vph = 1600", "lanes = 2", "lanes"),
        ] {
            let error = read(&good.replacen(from, to, 1)).err().expect("refused");
            assert!(error.contains(what), "{error}");
        }
    }

    /// HCM 6th ch. 22: a single circulating lane takes 1,380 e^(−1.02·10⁻³ v); the gap formula with the same headways
    /// (4.976 s, 2.609 s) stays within 5 % up to 800 veh/h.
    #[test]
    fn gaps_agree_with_the_roundabout_formula() {
        for v in [0.0, 100.0, 400.0, 800.0_f64] {
            let published = 1380.0 * (-1.02e-3 * v).exp();
            let ours = gap_capacity_vph(v, [4.976, 2.609]);
            assert!((ours / published - 1.0).abs() < 0.05, "{ours} against {published} at {v}");
        }
    }
}
