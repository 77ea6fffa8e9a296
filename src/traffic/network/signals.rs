//! Signals: fixed-time plans of streams, stated by a network file or planned by Webster's method.
//!
//! Signalled nodes that lie close together work as one site (the four crossings of two dual carriageways are one
//! junction). Phases come from the conflicts of turns ([`phases`]), cycle and greens from flow ratios ([`webster`]),
//! offsets from green waves along roads ([`sites`]). Links inside a site are never red. The rates are in
//! `assets/traffic/signals.toml`.

pub mod phases;
pub mod sites;
pub mod webster;

use std::sync::LazyLock;

use citytwin_model::RoadClass;
use serde::Deserialize;

use super::{LinkInfo, Turn, TurnKind, Turns, junction::Movements, streets::Ground};
use phases::Phasing;
pub use sites::Sites;

/// What a signal shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SignalColour {
    Red,
    Amber,
    Green,
}

/// A time in the cycle in which a stream is not red.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Window {
    pub start_s: f64,
    pub length_s: f64,
    pub colour: SignalColour,
    /// Nothing that conflicts has green.
    pub protected: bool,
}

/// All sites and what their streams show.
#[derive(Clone, PartialEq)]
pub struct SignalPlan {
    pub groups: Vec<Group>,
    streams: Vec<Stream>,
    phasing: Vec<Phasing>,
}

/// One junction's times.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Group {
    pub cycle_s: f64,
    pub offset_s: f64,
}

#[derive(Clone, PartialEq, Debug, Default)]
struct Stream {
    group: u32,
    windows: Vec<Window>,
}

/// Why flows cannot time signals.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum FlowError {
    #[error("{given} flows are given for {turns} turns")]
    Count { given: usize, turns: usize },
    #[error("the flow of turn {turn} is {value}, not a finite number of vehicles per hour from 0 on")]
    Value { turn: usize, value: f64 },
}

/// Checks flows by turn.
pub fn check_flows(flows: &[f64], turns: usize) -> Result<(), FlowError> {
    if flows.len() != turns {
        return Err(FlowError::Count { given: flows.len(), turns });
    }
    match flows.iter().position(|v| !v.is_finite() || *v < 0.0) {
        Some(turn) => Err(FlowError::Value { turn, value: flows[turn] }),
        None => Ok(()),
    }
}

/// Rates of signal planning.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub amber_s: f64,
    pub all_red_s: f64,
    clearance_source: String,
    /// Per phase.
    pub lost_s: f64,
    lost_source: String,
    shortest_green_s: f64,
    shortest_source: String,
    pedestrians_s: f64,
    pedestrians_source: String,
    shortest_cycle_s: f64,
    crossing_cycle_s: f64,
    longest_cycle_s: f64,
    cycle_source: String,
    highest_load: f64,
    load_source: String,
    pub protected_product: [f64; 3],
    protected_source: String,
    across_headways_s: [f64; 2],
    across_source: String,
    pub changing_cars: f64,
    changing_source: String,
    progression_mps: f64,
    pub wave_gap_m: f64,
    pub wave_sites: usize,
    wave_source: String,
    design: Design,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Design {
    motorway: f64,
    trunk: f64,
    primary: f64,
    secondary: f64,
    tertiary: f64,
    other: f64,
    across: f64,
    along: f64,
    planned_share: f64,
    planned_source: String,
    source: String,
}

pub static TABLE: LazyLock<Table> = LazyLock::new(|| {
    read(include_str!("../../../assets/traffic/signals.toml")).expect("the embedded table is checked by a test")
});

fn read(text: &str) -> Result<Table, String> {
    let t: Table = toml::from_str(text).map_err(|e| e.to_string())?;
    let d = &t.design;
    let positive = [
        ("amber_s", t.amber_s),
        ("lost_s", t.lost_s),
        ("shortest_green_s", t.shortest_green_s),
        ("pedestrians_s", t.pedestrians_s),
        ("shortest_cycle_s", t.shortest_cycle_s),
        ("longest_cycle_s", t.longest_cycle_s),
        ("highest_load", t.highest_load),
        ("crossing_cycle_s", t.crossing_cycle_s),
        ("across_headways_s", t.across_headways_s[0].min(t.across_headways_s[1])),
        ("changing_cars", t.changing_cars),
        ("progression_mps", t.progression_mps),
        ("wave_gap_m", t.wave_gap_m),
        ("design", d.motorway.min(d.trunk).min(d.primary).min(d.secondary).min(d.tertiary).min(d.other)),
        ("design.across", d.across),
        ("design.along", d.along),
        ("design.planned_share", d.planned_share),
    ];
    if let Some((what, value)) = positive.iter().find(|(_, v)| !v.is_finite() || *v <= 0.0) {
        return Err(format!("{what} must be positive, not {value}"));
    }
    if t.highest_load >= 1.0
        || d.across + d.along >= 1.0
        || t.shortest_cycle_s.max(t.crossing_cycle_s) > t.longest_cycle_s
    {
        return Err(
            "highest_load and the turning shares must stay below 1, the shortest cycle below the longest".into()
        );
    }
    let sources = [
        &t.clearance_source,
        &t.lost_source,
        &t.shortest_source,
        &t.pedestrians_source,
        &t.cycle_source,
        &t.load_source,
        &t.protected_source,
        &t.across_source,
        &t.changing_source,
        &t.wave_source,
        &d.planned_source,
        &d.source,
    ];
    if sources.iter().any(|s| s.is_empty()) {
        return Err("a rate without its source".into());
    }
    Ok(t)
}

/// The busy flow of a turn where none is known, veh/h: by class and lanes of its link, shared among the turns.
pub fn design_vph(links: &[LinkInfo], turns: &Turns, turn: &Turn) -> f64 {
    let row = &links[turn.from as usize];
    let d = &TABLE.design;
    let per_lane = match row.class {
        RoadClass::Motorway => d.motorway,
        RoadClass::Trunk => d.trunk,
        RoadClass::Primary => d.primary,
        RoadClass::Secondary => d.secondary,
        RoadClass::Tertiary => d.tertiary,
        _ => d.other,
    };
    let share = |kind: TurnKind| match kind {
        TurnKind::Straight => 1.0 - d.across - d.along,
        TurnKind::Left => d.across,
        TurnKind::Right => d.along,
        TurnKind::Back => 0.01,
    };
    if turn.last_resort {
        return 0.0;
    }
    let all = turns.of(turn.from).map(|t| &turns.list[t]).filter(|t| !t.last_resort);
    let total: f64 = all.map(|t| share(t.kind)).sum();
    per_lane * f64::from(row.lanes) * share(turn.kind) / total
}

impl SignalPlan {
    /// Plans all sites; sets which stream rules each turn. `flow`: veh/h of a turn.
    pub fn build(turns: &mut Turns, m: &Layout, flow: Option<&[f64]>) -> Self {
        if let Some(given) = &m.ground.given {
            return Self::given(given);
        }
        let mut phasing = Vec::with_capacity(m.ground.sites.count);
        for site in 0..m.ground.sites.count as u32 {
            phasing.push(plan_site(site, turns, m, flow));
        }
        Self::timed(phasing, m.ground)
    }

    /// The same plans, with those of some sites made anew for design flows.
    pub fn rebuilt(&self, turns: &mut Turns, m: &Layout, sites: &[u32]) -> Self {
        if m.ground.given.is_some() {
            return self.clone();
        }
        let mut phasing = self.phasing.clone();
        for site in sites {
            phasing[*site as usize] = plan_site(*site, turns, m, None);
        }
        Self::timed(phasing, m.ground)
    }

    fn given(given: &super::given::Given) -> Self {
        let mut plan = Self { groups: Vec::new(), streams: Vec::new(), phasing: Vec::new() };
        for (group, program) in given.programs.iter().enumerate() {
            plan.groups.push(Group { cycle_s: program.cycle_s, offset_s: program.offset_s });
            let streams = program.streams.iter();
            plan.streams.extend(streams.map(|w| Stream { group: group as u32, windows: w.clone() }));
        }
        plan
    }

    /// Cycles, greens and offsets of all sites from their phases, wave by wave.
    fn timed(phasing: Vec<Phasing>, ground: &Ground) -> Self {
        let none = Group { cycle_s: TABLE.shortest_cycle_s, offset_s: 0.0 };
        let mut plan = Self {
            groups: vec![none; phasing.len()],
            streams: vec![Stream::default(); ground.sites.stream_count],
            phasing,
        };
        for site in 0..ground.sites.count as u32 {
            for approach in ground.sites.approaches.of(site) {
                let main = ground.sites.main_stream(*approach) as usize;
                (plan.streams[main].group, plan.streams[main + 1].group) = (site, site);
            }
        }
        for wave in &ground.sites.waves {
            let cycle_s = plan.common_cycle_s(wave);
            let mut arrives_s = 0.0;
            for stop in wave {
                arrives_s += f64::from(stop.way_m) / TABLE.progression_mps;
                let starts = plan.set(stop.site, cycle_s);
                let main = (stop.approach != super::NONE).then(|| ground.sites.main_stream(stop.approach));
                let streams = |p: &phases::PhaseNeed| main.is_some_and(|s| p.streams.contains(&s));
                let served = plan.phasing[stop.site as usize].phases.iter().position(streams);
                let green_s = served.map_or(0.0, |i| starts[i]);
                let offset_s = (arrives_s - green_s).rem_euclid(cycle_s);
                plan.groups[stop.site as usize] = Group { cycle_s, offset_s };
            }
        }
        plan
    }

    /// The cycle of a wave: of those that its sites would have alone and all have room in, the one of least delay in all.
    fn common_cycle_s(&self, wave: &[sites::WaveStop]) -> f64 {
        let all = || wave.iter().map(|stop| &self.phasing[stop.site as usize]);
        let least = all().map(least_cycle_s).fold(0.0, f64::max).ceil();
        let total = |cycle_s: &f64| all().map(|p| delay_s(p, *cycle_s)).sum::<f64>();
        let cycles = all().map(|p| cycle_s(p).max(least));
        cycles.min_by(|a, b| total(a).total_cmp(&total(b)).then(a.total_cmp(b))).unwrap_or(TABLE.shortest_cycle_s)
    }

    /// Sets the windows of a site's streams; returns where its phases start.
    fn set(&mut self, site: u32, cycle_s: f64) -> Vec<f64> {
        let phasing = &self.phasing[site as usize];
        let greens = greens_s(phasing, cycle_s);
        let mut starts = vec![0.0];
        for effective in greens {
            let green_s = effective - webster::effective_green_s(0.0);
            starts.push(starts[starts.len() - 1] + green_s + TABLE.amber_s + TABLE.all_red_s);
        }
        let count = phasing.phases.len();
        // A lone phase leaves its cycle's end to pedestrians.
        let lasts = |i: usize, stream: u32| count > 1 && phasing.phases[(i + 1) % count].streams.contains(&stream);
        for need in &phasing.streams {
            let mut windows: Vec<Window> = Vec::new();
            for (i, phase) in phasing.phases.iter().enumerate().filter(|(_, p)| p.streams.contains(&need.id)) {
                let (start_s, protected, green) = (starts[i], !phase.permitted, SignalColour::Green);
                let window = |start_s, length_s, colour| Window { start_s, length_s, colour, protected };
                let until_s = if i + 1 == count { cycle_s } else { starts[i + 1] };
                let goes_on = lasts(i, need.id);
                let length_s =
                    if goes_on { until_s - start_s } else { starts[i + 1] - start_s - TABLE.amber_s - TABLE.all_red_s };
                match windows.last_mut().filter(|w| w.protected == protected && w.colour == green) {
                    Some(before) if goes_on_from(before, start_s) => before.length_s += length_s,
                    _ => windows.push(window(start_s, length_s, green)),
                }
                if !goes_on {
                    windows.push(window(start_s + length_s, TABLE.amber_s, SignalColour::Amber));
                }
            }
            self.streams[need.id as usize].windows = windows;
        }
        starts
    }

    /// The group of each stream, and when it is not red.
    pub fn streams(&self) -> impl Iterator<Item = (u32, &[Window])> {
        self.streams.iter().map(|s| (s.group, s.windows.as_slice()))
    }

    fn colour(&self, stream: &Stream, at_s: f64) -> SignalColour {
        let group = &self.groups[stream.group as usize];
        let now = (at_s - group.offset_s).rem_euclid(group.cycle_s);
        let shown = stream.windows.iter().find(|w| now >= w.start_s && now < w.start_s + w.length_s);
        shown.map_or(SignalColour::Red, |w| w.colour)
    }

    /// What all streams show at one time; `at_s`: seconds since midnight.
    pub fn colours(&self, at_s: f64, out: &mut Vec<SignalColour>) {
        out.clear();
        out.extend(self.streams.iter().map(|s| self.colour(s, at_s)));
    }

    /// Cycle and green of a stream, second.
    pub fn timing(&self, stream: u32) -> Option<(f64, f64)> {
        let stream = self.streams.get(stream as usize)?;
        let green = stream.windows.iter().filter(|w| w.colour == SignalColour::Green).map(|w| w.length_s).sum();
        Some((self.groups[stream.group as usize].cycle_s, green))
    }

    pub fn windows(&self, stream: u32) -> Option<(Group, &[Window])> {
        let stream = self.streams.get(stream as usize)?;
        Some((self.groups[stream.group as usize], &stream.windows))
    }

    /// Effective green over cycle; 1 without a signal.
    pub fn green_share(&self, stream: u32) -> f64 {
        self.timing(stream).map_or(1.0, |(cycle, green)| {
            if green > 0.0 { (webster::effective_green_s(green) / cycle).min(1.0) } else { 0.0 }
        })
    }

    /// Mean delay at a stream's signal with little traffic, second (Webster 1958, first term at zero flow).
    pub fn delay_s(&self, stream: u32) -> f32 {
        self.timing(stream).map_or(0.0, |(cycle, green)| {
            let red_share = 1.0 - green / cycle;
            (0.5 * cycle * red_share * red_share) as f32
        })
    }
}

/// What planning a site reads beside the turns.
pub struct Layout<'a> {
    pub links: &'a [LinkInfo],
    pub shapes: &'a super::Shapes,
    pub ground: &'a Ground,
}

fn plan_site(site: u32, turns: &mut Turns, m: &Layout, given: Option<&[f64]>) -> Phasing {
    let movements = Movements { links: m.links, turns, shapes: m.shapes, ground: m.ground };
    let flow = |t: u32| match given {
        Some(flows) => flows[t as usize],
        None => TABLE.design.planned_share * design_vph(m.links, turns, &turns.list[t as usize]),
    };
    let (phasing, streams) = phases::plan(site, &movements, &flow);
    for (turn, stream) in streams {
        turns.list[turn as usize].signal = stream;
    }
    phasing
}

/// Time lost per cycle, second; a lone phase is a crossing for pedestrians.
fn lost_s(phasing: &Phasing) -> f64 {
    let walking = if phasing.phases.len() == 1 { TABLE.pedestrians_s } else { 0.0 };
    phasing.phases.len() as f64 * TABLE.lost_s + walking
}

fn goes_on_from(before: &Window, start_s: f64) -> bool {
    (before.start_s + before.length_s - start_s).abs() < 1e-6
}

/// Effective greens of the phases.
fn greens_s(phasing: &Phasing, cycle_s: f64) -> Vec<f64> {
    let ratios: Vec<f64> = phasing.phases.iter().map(|p| p.ratio).collect();
    webster::split_s(cycle_s, lost_s(phasing), &ratios, webster::effective_green_s(TABLE.shortest_green_s))
}

/// Vehicle-seconds that a site's streams lose in an hour.
fn delay_s(phasing: &Phasing, cycle_s: f64) -> f64 {
    /// How long the busiest time lasts, hour (HCM 6th ch. 19: a quarter of an hour).
    const PERIOD_H: f64 = 0.25;
    let greens = greens_s(phasing, cycle_s);
    let served = |id: u32| phasing.phases.iter().zip(&greens).filter(move |(p, _)| p.streams.contains(&id));
    let one = |need: &phases::StreamNeed| {
        let green_s: f64 = served(need.id).map(|(_, g)| g).sum();
        let capacity_vph = need.flow_vph / need.ratio.max(1e-9) * green_s / cycle_s;
        if need.flow_vph > 0.0 {
            need.flow_vph * webster::delay_s(cycle_s, green_s, need.flow_vph, capacity_vph, PERIOD_H)
        } else {
            0.0
        }
    };
    phasing.streams.iter().map(one).sum()
}

/// The same with the site's own cycle.
fn least_delay_s(phasing: &Phasing) -> f64 {
    delay_s(phasing, cycle_s(phasing))
}

/// A cycle with room for all shortest greens, second.
fn least_cycle_s(phasing: &Phasing) -> f64 {
    lost_s(phasing) + phasing.phases.len() as f64 * webster::effective_green_s(TABLE.shortest_green_s)
}

/// Webster's cycle in whole seconds, within what is usual and long enough for all shortest greens.
fn cycle_s(phasing: &Phasing) -> f64 {
    let load: f64 = phasing.phases.iter().map(|p| p.ratio).sum();
    let optimum = webster::optimum_cycle_s(lost_s(phasing), load.min(TABLE.highest_load));
    let shortest_s = if phasing.phases.len() == 1 { TABLE.crossing_cycle_s } else { TABLE.shortest_cycle_s };
    optimum.clamp(shortest_s, TABLE.longest_cycle_s).max(least_cycle_s(phasing)).ceil()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_table_is_whole_and_a_bad_one_refused() {
        let good = include_str!("../../../assets/traffic/signals.toml");
        assert!(TABLE.lost_s > 0.0);
        for (from, to, what) in [
            ("amber_s = 3.0", "amber_s = -3.0", "amber_s"),
            ("highest_load = 0.90", "highest_load = 1.0", "below 1"),
            ("lost_s = 4.0", "", "lost_s"),
        ] {
            let error = read(&good.replacen(from, to, 1)).expect_err("refused");
            assert!(error.contains(what), "{error}");
        }
    }
}
