//! Vertices and indices in the compact layout that the city's shaders read: 36 bytes a vertex.

use bevy::{
    asset::RenderAssetUsages,
    mesh::{Indices, Mesh, MeshVertexAttribute, PrimitiveTopology, VertexAttributeValues, VertexFormat},
};

use crate::frame::bevy_from_enu;

/// Bevy's normal attribute (same id), as four signed bytes: shaders still read a `vec3<f32>`.
const NORMAL: MeshVertexAttribute = MeshVertexAttribute::new("Vertex_Normal", 1, VertexFormat::Snorm8x4);
/// Bevy's colour attribute (same id), as four bytes: sRGB and a parameter of the surface.
const COLOUR: MeshVertexAttribute = MeshVertexAttribute::new("Vertex_Color", 5, VertexFormat::Unorm8x4);

/// How a surface is shaded; the numbers are those of `city.wgsl`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Surface {
    /// The vertex colour alone.
    Plain = 0,
    /// Wall with dwelling windows; uv in window columns and storeys, alpha the number of storeys.
    Dwelling = 1,
    /// Wall with office glazing.
    Office = 2,
    /// Wall with a shop front below dwellings.
    Shop = 3,
    /// Wall with few high windows.
    Hall = 4,
    /// Pitched roof; uv.y runs down the slope, metre.
    Tiles = 5,
    /// Flat roof.
    Gravel = 6,
    /// Lawn, scrub: soft noise of strength alpha.
    Grass = 7,
    /// Ground below trees.
    Forest = 8,
    /// Rows in the field.
    Field = 9,
    /// Built ground, sand, rock: faint noise.
    Ground = 10,
    /// Carriageway; uv = metres along, −1…1 across.
    Asphalt = 11,
    /// Pavement, plaza, footway.
    Paving = 12,
    Water = 13,
    /// White or yellow paint.
    Paint = 14,
    Ballast = 15,
    /// Bright by itself after dark.
    Glow = 16,
    /// Edge of the water: uv.x is 0 at the bank, 1 towards the water.
    Shore = 17,
    /// Sports ground.
    Pitch = 18,
    /// Parts of models that are drawn in many copies (`instances.wgsl`).
    Leaf = 20,
    HeadLamp = 21,
    TailLamp = 22,
    Glass = 23,
    Mark = 24,
    SignalLamp = 25,
    Coat = 26,
}

/// A vertex in the city's frame.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Vertex {
    /// East, north, up, metre.
    pub at: [f32; 3],
    /// Unit vector, east, north, up.
    pub normal: [f32; 3],
    pub uv: [f32; 2],
}

/// What a run of vertices has in common.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Paint {
    /// sRGB and the surface's parameter.
    pub colour: [u8; 4],
    pub surface: Surface,
    /// Row of the attribute table, see [`super::Slots`].
    pub slot: u32,
}

impl Paint {
    /// A paint with parameter 255.
    pub const fn new(colour: [u8; 3], surface: Surface, slot: u32) -> Self {
        Self { colour: [colour[0], colour[1], colour[2], 255], surface, slot }
    }

    /// The same with another surface parameter.
    pub const fn with(mut self, parameter: u8) -> Self {
        self.colour[3] = parameter;
        self
    }
}

/// A growing triangle mesh. Triangles are counter-clockwise seen from outside.
#[derive(Clone, Default, Debug)]
pub struct MeshBuffer {
    /// Bevy's frame.
    pub positions: Vec<[f32; 3]>,
    normals: Vec<[i8; 4]>,
    uvs: Vec<[f32; 2]>,
    /// Slot and surface code as floats: exact up to 2²⁴ features.
    features: Vec<[f32; 2]>,
    colours: Vec<[u8; 4]>,
    pub indices: Vec<u32>,
}

impl MeshBuffer {
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Adds a vertex and returns its index.
    pub fn vertex(&mut self, vertex: Vertex, paint: Paint) -> u32 {
        let index = u32::try_from(self.positions.len()).expect("a chunk holds fewer than 2^32 vertices");
        self.positions.push(bevy_from_enu(vertex.at).to_array());
        let normal = bevy_from_enu(vertex.normal) * 127.0;
        self.normals.push([normal.x.round() as i8, normal.y.round() as i8, normal.z.round() as i8, 0]);
        self.uvs.push(vertex.uv);
        self.features.push([paint.slot as f32, f32::from(paint.surface as u8)]);
        self.colours.push(paint.colour);
        index
    }

    /// Adds a triangle of existing vertices.
    pub fn triangle(&mut self, corners: [u32; 3]) {
        self.indices.extend(corners);
    }

    /// A flat-shaded convex polygon; its normal comes from the corners. Nothing for fewer than three corners
    /// or no area.
    pub fn fan(&mut self, corners: &[([f32; 3], [f32; 2])], paint: Paint) {
        let Some(normal) = newell(corners.iter().map(|c| c.0)) else { return };
        let first = self.positions.len() as u32;
        for &(at, uv) in corners {
            self.vertex(Vertex { at, normal, uv }, paint);
        }
        for k in 1..corners.len() as u32 - 1 {
            self.triangle([first, first + k, first + k + 1]);
        }
    }

    /// Appends another buffer.
    pub fn append(&mut self, other: &Self) {
        let base = self.positions.len() as u32;
        self.positions.extend_from_slice(&other.positions);
        self.normals.extend_from_slice(&other.normals);
        self.uvs.extend_from_slice(&other.uvs);
        self.features.extend_from_slice(&other.features);
        self.colours.extend_from_slice(&other.colours);
        self.indices.extend(other.indices.iter().map(|i| i + base));
    }

    /// The same model `count` times; each copy's number stands where the slot stood.
    pub fn copies(&self, count: u32) -> Self {
        let mut all = Self::default();
        for copy in 0..count {
            all.append(self);
            for feature in all.features.iter_mut().rev().take(self.features.len()) {
                feature[0] = copy as f32;
            }
        }
        all
    }

    /// Lowest and highest corner in Bevy's frame; `None` without vertices.
    pub fn bounds(&self) -> Option<[[f32; 3]; 2]> {
        let mut bounds = [[f32::INFINITY; 3], [f32::NEG_INFINITY; 3]];
        for p in &self.positions {
            for k in 0..3 {
                bounds[0][k] = bounds[0][k].min(p[k]);
                bounds[1][k] = bounds[1][k].max(p[k]);
            }
        }
        (!self.positions.is_empty()).then_some(bounds)
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> bool {
        self.positions.iter().flatten().all(|x| x.is_finite())
            && self.uvs.iter().flatten().all(|x| x.is_finite())
            && self.features.iter().flatten().all(|x| x.is_finite())
    }

    /// Hands the data over to a Bevy mesh that lives on the graphics card alone.
    pub fn into_mesh(self) -> Mesh {
        Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, self.positions)
            .with_inserted_attribute(NORMAL, VertexAttributeValues::Snorm8x4(self.normals))
            .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, self.uvs)
            .with_inserted_attribute(Mesh::ATTRIBUTE_UV_1, self.features)
            .with_inserted_attribute(COLOUR, VertexAttributeValues::Unorm8x4(self.colours))
            .with_inserted_indices(Indices::U32(self.indices))
    }
}

/// Unit normal of a polygon (Newell's method); `None` without area.
pub fn newell(corners: impl Iterator<Item = [f32; 3]> + Clone) -> Option<[f32; 3]> {
    let mut sum = [0.0f32; 3];
    let next = corners.clone().cycle().skip(1);
    for (a, b) in corners.zip(next) {
        sum[0] += (a[1] - b[1]) * (a[2] + b[2]);
        sum[1] += (a[2] - b[2]) * (a[0] + b[0]);
        sum[2] += (a[0] - b[0]) * (a[1] + b[1]);
    }
    unit(sum)
}

/// The vector with length 1; `None` for (nearly) zero or not finite.
pub fn unit(v: [f32; 3]) -> Option<[f32; 3]> {
    let length = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt();
    (length > 1e-6 && length.is_finite()).then(|| v.map(|x| x / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fans_face_the_side_from_which_they_run_counter_clockwise() {
        let mut mesh = MeshBuffer::default();
        let corner = |x: f32, y: f32| ([x, y, 2.0], [0.0, 0.0]);
        mesh.fan(
            &[corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)],
            Paint::new([9; 3], Surface::Plain, 0),
        );
        assert_eq!(mesh.normals[0], [0, 127, 0, 0], "up in Bevy's frame");
        assert_eq!(mesh.indices, [0, 1, 2, 0, 2, 3]);
        mesh.fan(&[corner(0.0, 0.0), corner(1.0, 0.0), corner(2.0, 0.0)], Paint::new([9; 3], Surface::Plain, 0));
        assert_eq!(mesh.indices.len(), 6, "no area, no triangle");
    }

    #[test]
    fn appended_triangles_keep_their_vertices() {
        let mut one = MeshBuffer::default();
        let corners = [([0.0, 0.0, 0.0], [0.0; 2]), ([1.0, 0.0, 0.0], [0.0; 2]), ([0.0, 1.0, 0.0], [0.0; 2])];
        one.fan(&corners, Paint::new([1, 2, 3], Surface::Grass, 7));
        let two = one.clone();
        one.append(&two);
        assert_eq!(one.indices, [0, 1, 2, 3, 4, 5]);
        assert!(one.is_finite());
    }
}
