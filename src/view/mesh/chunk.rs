//! Square pieces of the city, each drawn (and left out when not in sight) as a whole, per layer.

use std::collections::BTreeMap;

use geo::Coord;

use super::MeshBuffer;

/// Side of a chunk of buildings or trees, metre: large enough for few draws, small enough that most of the
/// city is culled when the camera stands in it.
pub const FINE_M: f64 = 512.0;
/// Side of a chunk of what has fewer vertices.
pub const COARSE_M: f64 = 1024.0;

/// A chunk's column and row, counted east and north from the origin.
pub type ChunkKey = (i32, i32);

/// What can be shown or hidden together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Layer {
    Land,
    Water,
    Roads,
    /// Bridges, embankments: they cast shadows, road surfaces need not.
    Structures,
    /// Lines that keep roads visible from far away.
    FarRoads,
    /// The ribbons of the traffic layer, drawn only when it is on.
    RoadValues,
    Railways,
    Buildings,
}

/// The chunk that holds a place.
fn key_of(at: Coord<f64>, side_m: f64) -> ChunkKey {
    ((at.x / side_m).floor() as i32, (at.y / side_m).floor() as i32)
}

/// One layer of one chunk.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub key: ChunkKey,
    pub layer: Layer,
    pub mesh: MeshBuffer,
}

/// Groups indices `0..count` by the chunk of their place, in order of keys: work units for threads.
pub fn group(count: usize, side_m: f64, place: impl Fn(usize) -> Option<Coord<f64>>) -> Vec<(ChunkKey, Vec<usize>)> {
    let mut groups: BTreeMap<ChunkKey, Vec<usize>> = BTreeMap::new();
    for index in 0..count {
        if let Some(at) = place(index) {
            groups.entry(key_of(at, side_m)).or_default().push(index);
        }
    }
    groups.into_iter().collect()
}
