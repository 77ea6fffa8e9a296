//! A run saved and gone on with.
//!
//! The bytes: [`MAGIC`], the state field by field ([`super::bytes`]) with digests of what it runs on, and the XXH3 of all
//! that: a truncated or changed file is refused. What follows from the rest (lamps, marks, regions)
//! is not kept.

use std::{fmt::Write as _, sync::Arc};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::{
    Micro,
    bytes::{Bytes, fields},
    car::{Car, Hold, Track},
    enter::Entries,
    live::Live,
    reach::LanesAhead,
    record::{MicroCounts, Voyage},
    signals::{Signals, Stage},
    tally::{Kept, TrackSums},
};
use crate::{
    journeys::{DepartLane, DepartSpeed, Departure, Journey, Journeys},
    lane_graph::{LaneGraph, NONE},
};

/// Name and version of the format; another version has another name.
const MAGIC: [u8; 8] = *b"CTmicro2";

/// Why a saved run cannot be gone on with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LoadError {
    #[error("not a saved run of this version")]
    Version,
    #[error("damaged: its checksum does not fit")]
    Damaged,
    #[error("saved on another network")]
    Graph,
    #[error("saved with other journeys or vehicle types")]
    Journeys,
    #[error("its parts do not fit together")]
    Inconsistent,
}

/// The state of a run.
struct Saved {
    graph: u64,
    journeys: u64,
    /// The journeys of a live run, which come one by one.
    list: Option<Vec<Journey>>,
    seed: u64,
    step_ms: u64,
    begin_ms: u64,
    now_ms: u64,
    steps: u64,
    tracks: Vec<(u32, Vec<Car>)>,
    lifted: Vec<Car>,
    voyages: Vec<Voyage>,
    detours: Vec<Box<[u32]>>,
    forced: Vec<(u32, u64)>,
    entries: Entries,
    counts: MicroCounts,
    tallies: Kept,
    sums: Vec<TrackSums>,
    closed: Vec<bool>,
    stages: Vec<Stage>,
    live: Option<Live>,
}

fields!(Saved {
    graph,
    journeys,
    list,
    seed,
    step_ms,
    begin_ms,
    now_ms,
    steps,
    tracks,
    lifted,
    voyages,
    detours,
    forced,
    entries,
    counts,
    tallies,
    sums,
    closed,
    stages,
    live,
});
fields!(Car {
    pos,
    speed,
    wanted,
    length,
    factor,
    stood,
    lost,
    advised,
    settled,
    reach,
    vehicle,
    way,
    came,
    leads,
    good,
    kind,
    flags,
    hold,
});
fields!(Voyage {
    leg,
    detour,
    strays,
    track,
    side,
    stops,
    dwell,
    factor,
    arrival_m,
    entered_ms,
    arrived_ms,
    lost_s,
    on_link_ms,
    ahead,
    drive,
});
fields!(LanesAhead { leads, good, reach_m });
fields!(Entries { next, head, tail, after, busy });
fields!(MicroCounts { loaded, inserted, arrived, running, waiting, updates, detours, forced, lifted });
fields!(Live { free, arrived, left });
fields!(Journey { kind, depart_s, route, stops, depart, arrival_m });
fields!(Departure { lane, at_m, speed });

impl Bytes for Hold {
    fn put(&self, out: &mut Vec<u8>) {
        (*self as u8).put(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let number = u8::read(from)?;
        Self::ALL.into_iter().find(|hold| *hold as u8 == number)
    }
}

impl Bytes for DepartLane {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Best => (0_u8, 0_u8),
            Self::First => (1, 0),
            Self::Free => (2, 0),
            Self::Index(lane) => (3, *lane),
        }
        .put(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Some(match <(u8, u8)>::read(from)? {
            (0, 0) => Self::Best,
            (1, 0) => Self::First,
            (2, 0) => Self::Free,
            (3, lane) => Self::Index(lane),
            _ => return None,
        })
    }
}

impl Bytes for DepartSpeed {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Max => None,
            Self::At(speed) => Some(*speed),
        }
        .put(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Some(<Option<f32>>::read(from)?.map_or(Self::Max, Self::At))
    }
}

impl Micro {
    /// The run as bytes, for [`Self::load`] to go on with.
    pub fn save(&self) -> Vec<u8> {
        let tracks = self.tracks.iter().zip(0..).filter(|(track, _)| !track.cars.is_empty());
        let saved = Saved {
            graph: graph_digest(&self.graph),
            journeys: journeys_digest(&self.journeys, self.live.is_some()),
            list: self.live.is_some().then(|| self.journeys.list.clone()),
            seed: self.seed,
            step_ms: self.step_ms,
            begin_ms: self.begin_ms,
            now_ms: self.now_ms,
            steps: self.steps,
            tracks: tracks.map(|(track, number)| (number, track.cars.clone())).collect(),
            lifted: self.lifted.clone(),
            voyages: self.voyages.clone(),
            detours: self.detours.clone(),
            forced: self.forced.clone(),
            entries: self.entries.clone(),
            counts: self.counts,
            tallies: self.tallies.kept(),
            sums: self.sums.clone(),
            closed: self.closed.clone(),
            stages: self.signals.stages().to_vec(),
            live: self.live.clone(),
        };
        let mut out = MAGIC.to_vec();
        saved.put(&mut out);
        xxh3_64(&out).put(&mut out);
        out
    }

    /// A saved run, on the network and with the journeys that it was saved with (for a live run: with its vehicle types).
    pub fn load(graph: Arc<LaneGraph>, journeys: Arc<Journeys>, bytes: &[u8]) -> Result<Self, LoadError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(LoadError::Version)?;
        let (mut state, checksum) = rest.split_last_chunk().ok_or(LoadError::Damaged)?;
        if xxh3_64(&bytes[..bytes.len() - checksum.len()]) != u64::from_le_bytes(*checksum) {
            return Err(LoadError::Damaged);
        }
        let saved = Saved::read(&mut state).filter(|_| state.is_empty()).ok_or(LoadError::Inconsistent)?;
        if saved.graph != graph_digest(&graph) {
            return Err(LoadError::Graph);
        }
        if saved.journeys != journeys_digest(&journeys, saved.live.is_some()) {
            return Err(LoadError::Journeys);
        }
        let (begin_s, step_s) = (saved.begin_ms as f64 / 1000.0, saved.step_ms as f64 / 1000.0);
        let mut new = Self::new(graph, journeys, saved.seed, begin_s, step_s);
        if let Some(list) = &saved.list {
            Arc::make_mut(&mut new.journeys).list.clone_from(list);
        }
        if !new.fits_together(&saved) {
            return Err(LoadError::Inconsistent);
        }
        new.take_over(saved);
        Ok(new)
    }

    fn take_over(&mut self, saved: Saved) {
        (self.now_ms, self.steps) = (saved.now_ms, saved.steps);
        (self.voyages, self.detours) = (saved.voyages, saved.detours);
        for (track, cars) in saved.tracks {
            self.tracks[track as usize] = Track { cars };
            self.mark(track as usize);
        }
        (self.lifted, self.forced, self.entries) = (saved.lifted, saved.forced, saved.entries);
        (self.counts, self.sums) = (saved.counts, saved.sums);
        self.tallies.take_over(saved.tallies);
        (self.closed, self.live) = (saved.closed, saved.live);
        self.signals.go_on(&self.graph, saved.stages);
    }

    /// Whether everything that a saved run names is there, so that nothing of it can be out of bounds.
    fn fits_together(&self, saved: &Saved) -> bool {
        let (links, moves, journeys) = (self.graph.links.len(), self.graph.moves.len(), self.journeys.list.len());
        let link = |l: &u32| (*l as usize) < links;
        let journey = |j: &u32| *j == NONE || (*j as usize) < journeys;
        let entries = &saved.entries;
        let all = || saved.tracks.iter().flat_map(|(_, cars)| cars).chain(&saved.lifted);
        let mut seen = vec![false; journeys];
        let once = |car: &Car| seen.get_mut(car.vehicle as usize).is_some_and(|seen| !std::mem::replace(seen, true));
        let way = |w: u32| w == NONE || (w as usize) < moves;
        saved.voyages.len() == journeys
            && saved.list.is_some() == saved.live.is_some()
            && self.journeys.list.iter().all(|j| (j.kind as usize) < self.drivers.len())
            && saved.detours.iter().all(|route| route.iter().all(link))
            && saved.voyages.iter().zip(0..).all(|(voyage, v)| self.is_sound(voyage, v, &saved.detours))
            && [&entries.head, &entries.tail].iter().all(|of| of.len() == links && of.iter().all(journey))
            && entries.after.len() == journeys
            && entries.after.iter().all(journey)
            && entries.busy.iter().all(link)
            && saved.tracks.iter().all(|(track, cars)| self.is_in_order(*track, cars))
            && all().all(|car| way(car.way) && way(car.came) && usize::from(car.kind) < self.drivers.len())
            && all().all(once)
            && saved.now_ms >= saved.begin_ms
            && self.tallies.fits(&saved.tallies)
            && saved.sums.len() == self.sums.len()
            && Signals::fits(&self.graph, &saved.stages, saved.now_ms)
            && saved.counts.inserted.checked_sub(saved.counts.arrived) == Some(all().count() as u64)
            && saved.counts.loaded >= saved.counts.inserted
    }

    fn is_sound(&self, voyage: &Voyage, vehicle: usize, detours: &[Box<[u32]>]) -> bool {
        let route = match voyage.detour {
            NONE => Some(self.journeys.route(&self.journeys.list[vehicle])),
            detour => detours.get(detour as usize).map(|route| &route[..]),
        };
        let stops = voyage.stops.0 <= voyage.stops.1 && voyage.stops.1 as usize <= self.journeys.stops.len();
        stops && route.is_some_and(|route| (voyage.leg as usize) < route.len())
    }

    fn is_in_order(&self, track: u32, cars: &[Car]) -> bool {
        let track = track as usize;
        let leaves = |c: &Car| {
            track >= self.graph.lanes.len()
                || self.graph.moves.get(c.way as usize).is_none_or(|m| m.from as usize == track)
        };
        let placed = |c: &Car| c.pos.is_finite() && c.speed >= 0.0 && c.speed.is_finite() && c.length > 0.0;
        track < self.tracks.len()
            && cars.iter().all(|c| leaves(c) && placed(c))
            && cars.windows(2).all(|pair| pair[0].pos >= pair[1].pos)
    }
}

/// Text that is only hashed.
struct Digest(Xxh3);

impl std::fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

/// A number for a network: links, lanes, ways, signals.
fn graph_digest(graph: &LaneGraph) -> u64 {
    let mut digest = Digest(Xxh3::new());
    let roads = write!(digest, "{:?}{:?}{:?}", graph.links, graph.lanes, graph.moves);
    let written = roads.and(write!(digest, "{:?}{:?}", graph.programs, graph.actuations));
    written.expect("a digest takes all");
    digest.0.digest()
}

/// The same for journeys; of a live run for the vehicle types alone.
fn journeys_digest(journeys: &Journeys, live: bool) -> u64 {
    let mut digest = Digest(Xxh3::new());
    let mut written = write!(digest, "{:?}", journeys.types);
    if !live {
        written = written.and(write!(digest, "{:?}{:?}{:?}", journeys.list, journeys.links, journeys.stops));
    }
    written.expect("a digest takes all");
    digest.0.digest()
}
