//! The demand as a matrix between zones: what static assignment takes. The same flows feed the simulation.

use citytwin_model::LinkId;

use super::{Demand, Side};

/// Which trips a matrix holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Period {
    Weekday,
    WeekendDay,
    /// Trips that start from one hour to another of a weekday, 0 ≤ from < to ≤ 24.
    Hours {
        from: f64,
        to: f64,
    },
}

/// Where a zone lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneKind {
    /// On the map.
    Inside,
    /// A road by which traffic enters the map: origins alone.
    Entry,
    /// A road by which it leaves: destinations alone.
    Exit,
}

/// An end of trips, attached to links.
#[derive(Clone, PartialEq, Debug)]
pub struct OdZone {
    pub name: String,
    pub kind: ZoneKind,
    /// City metres.
    pub centre: [f64; 2],
    pub residents: f64,
    pub jobs: f64,
    /// Links on which its trips start and end, with their shares (sum 1).
    pub links: Vec<(LinkId, f64)>,
}

/// Cars between zones.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OdMatrix {
    pub zones: Vec<OdZone>,
    /// By origin: destination and cars, ascending, none of them 0.
    pub trips: Vec<Vec<(u32, f64)>>,
}

impl OdMatrix {
    /// Cars of all pairs.
    pub fn total(&self) -> f64 {
        self.trips.iter().flatten().map(|(_, trips)| trips).sum()
    }
}

impl Demand {
    /// Cars between zones in a period at demand factor 1: the zones of the map, then entries, then exits. A sampled
    /// demand gives the whole matrix all the same.
    pub fn matrix(&self, period: Period) -> OdMatrix {
        let zones = self.od_zones();
        let (count, entries) = (self.zones.len(), self.zones.gates.entries.len());
        let mut dense = vec![vec![0.0_f64; zones.len()]; zones.len()];
        for flow in &self.flows {
            let trips = flow.daily * self.share(flow, period) / self.sample_share.max(f64::MIN_POSITIVE);
            let first = if flow.from == Side::Gate { count } else { 0 };
            let onto = if flow.to == Side::Gate { count + entries } else { 0 };
            let all = f64::from(flow.origins.last().copied().unwrap_or_default());
            for (i, start) in parts(&flow.origins).enumerate().filter(|(_, w)| *w > 0.0) {
                let row = flow.destinations.row(i);
                let total = f64::from(row.last().copied().unwrap_or_default());
                if total > 0.0 {
                    let each = trips * start / all / total;
                    let cells = dense[first + i][onto..].iter_mut();
                    cells.zip(parts(row)).for_each(|(cell, weight)| *cell += each * weight);
                }
            }
        }
        let sparse = |row: Vec<f64>| (0..).zip(row).filter(|(_, t)| *t > 0.0).collect();
        OdMatrix { zones, trips: dense.into_iter().map(sparse).collect() }
    }

    /// Share of a flow's weekday that falls into a period.
    pub(super) fn share(&self, flow: &super::Flow, period: Period) -> f64 {
        /// Parts of an hour over which its profile is summed.
        const PARTS: f64 = 20.0;
        match period {
            Period::Weekday => 1.0,
            Period::WeekendDay => self.weekend_factor,
            Period::Hours { from, to } => {
                let (from, to) = (from.clamp(0.0, 24.0), to.clamp(0.0, 24.0));
                let steps = ((to - from).max(0.0) * PARTS).ceil();
                let width = (to - from) / steps.max(1.0);
                let at = |i: usize| flow.profile.share_per_hour(from + (i as f64 + 0.5) * width, false) * width;
                (0..steps as usize).map(at).sum()
            }
        }
    }

    fn od_zones(&self) -> Vec<OdZone> {
        let inside = (0..self.zones.len()).map(|z| OdZone {
            name: self.zones.names[z].clone(),
            kind: ZoneKind::Inside,
            centre: self.zones.centres[z],
            residents: self.zones.residents[z],
            jobs: self.zones.jobs[z].iter().sum(),
            links: self.zone_links(z),
        });
        let gates = &self.zones.gates;
        let gate = |kind: ZoneKind, i: usize, link: u32| OdZone {
            name: format!("{}{}", if kind == ZoneKind::Entry { "in" } else { "out" }, i + 1),
            kind,
            centre: self.zones.gate_places.get(&link).copied().unwrap_or_default(),
            residents: 0.0,
            jobs: 0.0,
            links: vec![(LinkId(link), 1.0)],
        };
        let entries = gates.entries.iter().enumerate().map(|(i, g)| gate(ZoneKind::Entry, i, g.link));
        let exits = gates.exits.iter().enumerate().map(|(i, g)| gate(ZoneKind::Exit, i, g.link));
        inside.chain(entries).chain(exits).collect()
    }

    /// A zone's links, half by its homes and half by what draws people there.
    fn zone_links(&self, zone: usize) -> Vec<(LinkId, f64)> {
        let home = self.zones.link_shares(zone, Side::Home);
        let goal = self.zones.link_shares(zone, Side::At(super::Purpose::Leisure));
        let mut links: Vec<(LinkId, f64)> =
            home.zip(goal).map(|((l, a), (_, b))| (LinkId(l), 0.5 * (a + b))).filter(|(_, s)| *s > 0.0).collect();
        let total: f64 = links.iter().map(|(_, s)| s).sum();
        links.iter_mut().for_each(|(_, s)| *s /= total);
        links
    }
}

/// The single weights of a cumulative row.
fn parts(cumulative: &[f32]) -> impl Iterator<Item = f64> + '_ {
    let before = std::iter::once(0.0).chain(cumulative.iter().map(|w| f64::from(*w)));
    before.zip(cumulative).map(|(b, w)| f64::from(*w) - b)
}
