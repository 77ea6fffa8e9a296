//! Builds all meshes of a city on all cores. What comes out does not depend on their number.

use std::sync::Arc;

use citytwin_model::{City, LinkId};
use geo::{BoundingRect, Coord};
use rayon::prelude::*;

use crate::{
    RoadHeights,
    mesh::{
        Chunk, ChunkKey, Layer, MeshBuffer, Slots, area, asset, chunk, marking, rail,
        road::{self, Junctions, Setting},
        road_line,
        tree::{self, Stand},
        volume,
    },
};

/// What the builders hand over, in the order of making.
pub enum Built {
    Stage(&'static str, f32),
    Heights(Arc<RoadHeights>),
    Chunk(Chunk),
    Trees(Vec<(ChunkKey, Vec<Stand>)>),
}

/// Builds everything; `emit` returns whether anyone still wants it.
pub fn build(city: &City, slots: &Slots, emit: &(dyn Fn(Built) -> bool + Sync)) {
    let heights = Arc::new(RoadHeights::compute(city));
    let junctions = Junctions::of(city);
    emit(Built::Heights(heights.clone()));
    let setting = Setting { city, heights: &heights, junctions: &junctions, slots };
    let steps: [(&'static str, &dyn Fn() -> Vec<Chunk>); 8] = [
        ("land", &|| land(city, slots)),
        ("water", &|| water(city, slots)),
        ("roads", &|| roads(&setting)),
        ("railways", &|| railways(&setting)),
        ("buildings", &|| buildings(city, slots)),
        ("building parts", &|| stray_parts(city, slots)),
        ("energy", &|| assets(city, slots)),
        ("traffic layer", &|| values(&setting)),
    ];
    for (k, (stage, step)) in steps.iter().enumerate() {
        if !emit(Built::Stage(stage, k as f32 / (steps.len() + 1) as f32)) {
            return;
        }
        for chunk in step() {
            emit(Built::Chunk(chunk));
        }
    }
    emit(Built::Stage("trees", 0.95));
    emit(Built::Trees(tree::stands(city)));
}

/// Draws groups in parallel, one chunk a group.
fn in_chunks(
    groups: Vec<(ChunkKey, Vec<usize>)>,
    layer: Layer,
    draw: impl Fn(usize, &mut MeshBuffer) + Sync,
) -> Vec<Chunk> {
    groups
        .into_par_iter()
        .map(|(key, indices)| {
            let mut mesh = MeshBuffer::default();
            for index in indices {
                draw(index, &mut mesh);
            }
            Chunk { key, layer, mesh }
        })
        .filter(|chunk| !chunk.mesh.is_empty())
        .collect()
}

fn middle(shape: &impl BoundingRect<f64, Output = Option<geo::Rect<f64>>>) -> Option<Coord<f64>> {
    shape.bounding_rect().map(|rect| rect.center())
}

fn land(city: &City, slots: &Slots) -> Vec<Chunk> {
    let groups = chunk::group(city.land.len(), chunk::COARSE_M, |k| middle(&city.land[k].shape));
    in_chunks(groups, Layer::Land, |k, mesh| area::land(city, slots, &city.land[k], mesh))
}

fn water(city: &City, slots: &Slots) -> Vec<Chunk> {
    let areas = chunk::group(city.water.len(), chunk::COARSE_M, |k| middle(&city.water[k].shape));
    let mut chunks = in_chunks(areas, Layer::Water, |k, mesh| area::water(city, slots, &city.water[k], mesh));
    let streams = chunk::group(city.waterways.len(), chunk::COARSE_M, |k| middle(&city.waterways[k].line));
    chunks.extend(in_chunks(streams, Layer::Water, |k, mesh| area::waterway(&city.waterways[k], mesh)));
    chunks
}

fn roads(setting: &Setting<'_>) -> Vec<Chunk> {
    let city = setting.city;
    let groups = chunk::group(city.roads.len(), chunk::COARSE_M, |k| middle(&city.roads[k].line));
    let mut chunks: Vec<Chunk> = groups
        .into_par_iter()
        .flat_map_iter(|(key, indices)| {
            let (mut mesh, mut solid) = (MeshBuffer::default(), MeshBuffer::default());
            for k in indices {
                road::draw(setting, &city.roads[k], &mut mesh, &mut solid);
            }
            [Chunk { key, layer: Layer::Roads, mesh }, Chunk { key, layer: Layer::Structures, mesh: solid }]
        })
        .filter(|chunk| !chunk.mesh.is_empty())
        .collect();
    let far = chunk::group(city.roads.len(), chunk::COARSE_M, |k| middle(&city.roads[k].line));
    chunks.extend(in_chunks(far, Layer::FarRoads, |k, mesh| road_line::draw_far(setting, &city.roads[k], mesh)));
    let links = chunk::group(city.links.len(), chunk::COARSE_M, |k| link_place(city, k));
    chunks.extend(in_chunks(links, Layer::Roads, |k, mesh| {
        marking::stop_line(setting, LinkId::from_index(k), mesh);
    }));
    chunks
}

fn values(setting: &Setting<'_>) -> Vec<Chunk> {
    let city = setting.city;
    let groups = chunk::group(city.links.len(), chunk::COARSE_M, |k| link_place(city, k));
    in_chunks(groups, Layer::RoadValues, |k, mesh| road_line::draw_link(setting, LinkId::from_index(k), mesh))
}

fn link_place(city: &City, index: usize) -> Option<Coord<f64>> {
    let link = &city.links[index];
    let line = &city.roads[link.road.index()].line.0;
    line.get((link.first + link.last) as usize / 2).copied()
}

fn railways(setting: &Setting<'_>) -> Vec<Chunk> {
    let city = setting.city;
    let groups = chunk::group(city.railways.len(), chunk::COARSE_M, |k| middle(&city.railways[k].line));
    groups
        .into_par_iter()
        .flat_map_iter(|(key, indices)| {
            let (mut mesh, mut solid) = (MeshBuffer::default(), MeshBuffer::default());
            for k in indices {
                rail::draw(setting, &city.railways[k], &mut mesh, &mut solid);
            }
            [Chunk { key, layer: Layer::Railways, mesh }, Chunk { key, layer: Layer::Structures, mesh: solid }]
        })
        .filter(|chunk| !chunk.mesh.is_empty())
        .collect()
}

fn buildings(city: &City, slots: &Slots) -> Vec<Chunk> {
    let groups = chunk::group(city.buildings.len(), chunk::FINE_M, |k| middle(&city.buildings[k].volume.footprint));
    in_chunks(groups, Layer::Buildings, |k, mesh| volume::building(city, slots, &city.buildings[k], mesh))
}

fn stray_parts(city: &City, slots: &Slots) -> Vec<Chunk> {
    let groups = chunk::group(city.building_parts.len(), chunk::FINE_M, |k| {
        let part = &city.building_parts[k];
        part.building.is_none().then(|| middle(&part.volume.footprint)).flatten()
    });
    in_chunks(groups, Layer::Buildings, |k, mesh| volume::stray_part(city, slots, k, mesh))
}

fn assets(city: &City, slots: &Slots) -> Vec<Chunk> {
    let groups = chunk::group(city.energy_assets.len(), chunk::COARSE_M, |k| Some(city.energy_assets[k].at));
    in_chunks(groups, Layer::Buildings, |k, mesh| asset::draw(city, slots, &city.energy_assets[k], mesh))
}
