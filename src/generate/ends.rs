//! Where main streets end and meet: drawn on to the next street, cut back to the last one, roundabouts.
//! Must not know where they run.

use crate::{
    kinds::{Class, Kind, Span},
    maths::{P, distance, unit},
    skeleton::Skeleton,
};

impl Skeleton<'_> {
    /// The line drawn on at both ends to the next street within 420 m.
    pub fn reaching(&self, mut line: Vec<P>) -> Vec<P> {
        for _ in 0..2 {
            line.reverse();
            let n = line.len();
            let ahead = unit(line[n - 1] - line[n - 2]);
            if let Some(hit) = self.streets.cast(line[n - 1] + ahead, ahead, 420.0) {
                line.push(hit.at + ahead * 0.5);
            }
        }
        line
    }

    /// Takes back the ends of streets that run on a little past their last junction.
    pub fn trim_stubs(&mut self) {
        let radials: Vec<usize> = self.radials.iter().map(|r| r.0).collect();
        for s in (0..self.streets.all.len()).filter(|s| !radials.contains(s)) {
            for _ in 0..2 {
                self.trim_end(s);
                self.streets.all[s].nodes.reverse();
                self.streets.all[s].spans.reverse();
            }
        }
        self.streets.reindex();
    }

    fn trim_end(&mut self, s: usize) {
        let nodes = self.streets.all[s].nodes.clone();
        let mut run_m = 0.0;
        for i in (1..nodes.len()).rev() {
            if self.streets.degree[nodes[i] as usize] > 2 {
                self.streets.all[s].nodes.truncate(i + 1);
                self.streets.all[s].spans.truncate(i);
                return;
            }
            run_m += distance(self.streets.at[nodes[i] as usize], self.streets.at[nodes[i - 1] as usize]);
            if run_m > 130.0 {
                return;
            }
        }
    }

    /// Roundabouts where the outer ring meets the quieter radials.
    pub fn roundabouts(&mut self) {
        let Some(ring) = self.outer_ring else { return };
        let on_ring = &self.streets.all[ring].nodes;
        let meets = |radial: usize| {
            let (street, _) = self.radials.get(radial)?;
            self.streets.all[*street].nodes.iter().copied().find(|&n| on_ring.contains(&n) && self.all_at_grade(n))
        };
        let nodes: Vec<u32> = [0, 3, 4, 7, 1].into_iter().filter_map(meets).take(3).collect();
        for node in nodes {
            let mut kind = Kind::new(Class::Secondary, 8.0, 1, 30);
            kind.oneway = true;
            kind.roundabout = true;
            self.streets.roundabout(node, 17.0, kind);
        }
    }

    /// Whether no bridge or tunnel begins within three pieces of a node.
    fn all_at_grade(&self, node: u32) -> bool {
        self.streets.uses_of(node).iter().all(|&(s, i)| {
            let spans = &self.streets.all[s].spans;
            let (low, high) = (i.saturating_sub(3), (i + 3).min(spans.len()));
            spans[low..high].iter().all(|span| *span == Span::Ground)
        })
    }
}
