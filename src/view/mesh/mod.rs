//! Turns features of the city into triangles. Pure: no entity, no asset, no graphics card; what comes out
//! is [`MeshBuffer`]s per chunk and layer. Must not know how they are drawn beyond the surface codes.

pub mod area;
pub mod asset;
pub mod buffer;
pub mod chunk;
pub mod colour;
pub mod facade;
pub mod ground;
pub mod marking;
pub mod rail;
pub mod ribbon;
pub mod road;
pub mod road_line;
pub mod roof;
pub mod slot;
pub mod structure;
pub mod tree;
pub mod volume;
pub mod wire;

pub use buffer::{MeshBuffer, Surface};
pub use chunk::{Chunk, ChunkKey, Layer};
pub use slot::Slots;
