//! The network in regions, each a task for one thread at a time. Their number follows from the network alone, so that no
//! number of threads changes a byte.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    car::{Plan, Track},
    change::Wishes,
    moving::{Landing, Left},
};
use crate::lane_graph::LaneGraph;

/// Most regions, and fewest links in one.
const MOST: usize = 64;
const FEWEST_LINKS: usize = 16;

/// Consecutive links with their lanes and the ways out of them, and what a step finds out about them.
#[derive(Debug, Default)]
pub(super) struct Region {
    /// Tracks.
    pub lanes: Range<usize>,
    pub ways: Range<usize>,
    /// Links with more than one lane that vehicles could change.
    pub wide: Vec<u32>,
    /// Tracks with vehicles at the start of the step.
    pub busy: Vec<u32>,
    /// What each vehicle does next, track by track.
    pub plans: Vec<Plan>,
    pub landings: Vec<Landing>,
    /// Links and ways that were left, in the order of the landings.
    pub left: Vec<Left>,
    /// Tracks where a conflict with the vehicle ahead began.
    pub near: Vec<u32>,
    /// Tracks and vehicles with a stop to make there.
    pub halting: Vec<(u32, u32)>,
    /// Lanes whose first vehicle stands for long.
    pub stuck: Vec<u32>,
    /// Links where somebody looks beside.
    pub looks: Vec<u32>,
    pub wishes: Wishes,
    /// Vehicles that went first where all waited for each other.
    pub forced: u64,
}

impl Region {
    pub fn all(graph: &LaneGraph) -> Vec<Self> {
        let links = graph.links.len();
        let each = links.div_ceil(MOST).max(FEWEST_LINKS);
        let lane0 = |link: usize| graph.links.get(link).map_or(graph.lanes.len(), |l| l.lane0 as usize);
        let way0 = |lane: usize| graph.lanes.len() + graph.moves.partition_point(|m| (m.from as usize) < lane);
        let of = |first: usize| {
            let lanes = lane0(first)..lane0(first + each);
            let ways = way0(lanes.start)..way0(lanes.end);
            let wide = (first..links.min(first + each)).filter(|l| graph.links[*l].lanes > 1).map(|l| l as u32);
            Self { lanes, ways, wide: wide.collect(), ..Self::default() }
        };
        (0..links).step_by(each).map(of).collect()
    }
}

/// Vehicles from which on it is worth waking other threads.
const MANY: u64 = 500;

/// Works on all parts of something; in parallel where there are many vehicles.
pub(super) fn each<T: Send>(vehicles: u64, parts: impl Iterator<Item = T>, work: impl Fn(T) + Send + Sync) {
    if vehicles < MANY {
        parts.for_each(work);
    } else {
        parts.collect::<Vec<_>>().into_par_iter().for_each(work);
    }
}

/// A region with its own tracks and their marks.
pub(super) struct Piece<'a> {
    pub region: &'a mut Region,
    /// Tracks with their numbers' start and their marks: the lanes, then the ways.
    pub parts: [Part<'a>; 2],
}

pub(super) struct Part<'a> {
    pub first: usize,
    pub tracks: &'a mut [Track],
    pub marks: &'a mut [u8],
}

/// Cuts tracks and marks into what belongs to each region.
pub(super) fn pieces<'a>(
    regions: &'a mut [Region],
    tracks: &'a mut [Track],
    marks: &'a mut [u8],
    lanes: usize,
) -> Vec<Piece<'a>> {
    let (mut lane_tracks, mut way_tracks) = tracks.split_at_mut(lanes);
    let (mut lane_marks, mut way_marks) = marks.split_at_mut(lanes);
    let mut cut = |region: &'a mut Region| {
        let (lanes, ways) = (region.lanes.clone(), region.ways.clone());
        let parts = [
            Part {
                first: lanes.start,
                tracks: front(&mut lane_tracks, lanes.len()),
                marks: front(&mut lane_marks, lanes.len()),
            },
            Part {
                first: ways.start,
                tracks: front(&mut way_tracks, ways.len()),
                marks: front(&mut way_marks, ways.len()),
            },
        ];
        Piece { region, parts }
    };
    regions.iter_mut().map(&mut cut).collect()
}

/// Takes the first elements off a slice.
fn front<'a, T>(slice: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (front, rest) = std::mem::take(slice).split_at_mut(count);
    *slice = rest;
    front
}

/// Tracks whose vehicles are fetched from memory side by side.
pub(super) const AT_ONCE: usize = 16;

/// Reads what lies far apart in memory and is needed next, all at once: so the waits for it run side by side, not one
/// after another where each track is worked on.
#[inline]
pub(super) fn fetch(values: impl Iterator<Item = f32>) {
    std::hint::black_box(values.fold(0.0, |sum, value| sum + value));
}

/// The numbers of the tracks marked, counted from `first`.
pub(super) fn marked(marks: &[u8], first: usize, found: &mut Vec<u32>) {
    let (eights, rest) = marks.as_chunks::<8>();
    for (eight, from) in eights.iter().zip((first..).step_by(8)).filter(|(eight, _)| u64::from_ne_bytes(**eight) != 0) {
        found.extend(eight.iter().zip(from..).filter(|(mark, _)| **mark != 0).map(|(_, track)| track as u32));
    }
    let from = first + marks.len() - rest.len();
    found.extend(rest.iter().zip(from..).filter(|(mark, _)| **mark != 0).map(|(_, track)| track as u32));
}
