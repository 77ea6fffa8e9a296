//! The power grid over the map: cables as bands along their course, stations as small houses, coloured by values.
//! Drawn only while something colours it.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, TryRecvError, channel},
};

use bevy::{
    camera::primitives::Aabb, light::NotShadowCaster, prelude::*, render::storage::ShaderBuffer,
    tasks::AsyncComputeTaskPool,
};
use citytwin_model::ramp::NO_VALUE;
use geo::Coord;
use rayon::prelude::*;
use rstar::{
    AABB, PointDistance, RTree,
    primitives::{GeomWithData, Line},
};

use crate::{
    GridBuilt, GridPaint, GridShape, PickedGrid, Quality, Scene, StationMark, Strand, ViewCamera, ViewSystems,
    enu_from_bevy,
    instances::{Keep, Row, Rows, Swarm},
    material::{RibbonMaterial, Shared, storage},
    mesh::{MeshBuffer, chunk, wire},
    model, overlay,
};

const BATCH: usize = 64;
/// A station's height: at least, and as a share of the distance from which it is seen, so that it stays in sight.
const STATION_M: f32 = 3.0;
const STATION_SHARE: f32 = 0.006;
/// The same of one from high voltage, in heights of the others.
const PRIMARY: f32 = 3.0;
/// Colour of what is picked, sRGB: in no ramp.
const PICKED: [u8; 3] = [255, 60, 220];
/// How exactly a finger points, radian.
const FINGER_RAD: f64 = 0.006;

pub fn plugin(app: &mut App) {
    app.init_resource::<Drawn>()
        .add_systems(Update, (start, receive).chain().in_set(ViewSystems::Build))
        .add_systems(Update, (paint, stations).in_set(ViewSystems::Upload));
}

/// A strand or a station by place.
type Element = GeomWithData<Line<[f64; 2]>, PickedGrid>;

/// What the builders hand over.
enum Built {
    Mesh(MeshBuffer),
    Index(RTree<Element>),
}

/// A chunk of the grid's bands.
#[derive(Component)]
struct Band;

#[derive(Resource, Default)]
pub(crate) struct Drawn {
    /// One row per strand, after a row 0 that belongs to nobody; with the material that reads it.
    table: Option<(Handle<ShaderBuffer>, Handle<RibbonMaterial>)>,
    rows: usize,
    arriving: Option<Mutex<Receiver<Built>>>,
    index: RTree<Element>,
    stations: Option<Swarm>,
}

/// A new shape: the old one goes, the new one is built beside.
fn start(
    mut commands: Commands,
    (shape, shared): (Res<GridShape>, Res<Shared>),
    (mut drawn, mut built): (ResMut<Drawn>, ResMut<GridBuilt>),
    (mut buffers, mut materials): (ResMut<Assets<ShaderBuffer>>, ResMut<Assets<RibbonMaterial>>),
    old: Query<Entity, With<Band>>,
) {
    if !shape.is_changed() {
        return;
    }
    for entity in &old {
        commands.entity(entity).despawn();
    }
    drawn.rows = shape.strands.len() + 1;
    drawn.index = RTree::new();
    built.0 = false;
    let attributes = buffers.add(storage("grid attributes", &vec![0; 4 * drawn.rows.max(4)]));
    let material = RibbonMaterial { light: shared.light.clone(), attributes: attributes.clone() };
    drawn.table = Some((attributes, materials.add(material)));
    let (sender, receiver) = channel();
    let shape = shape.clone();
    AsyncComputeTaskPool::get()
        .spawn(async move {
            // Nobody waits for it once another shape has come.
            let _ = sender.send(Built::Index(index(&shape)));
            for mesh in meshes(&shape.strands) {
                let _ = sender.send(Built::Mesh(mesh));
            }
        })
        .detach();
    drawn.arriving = Some(Mutex::new(receiver));
}

fn index(shape: &GridShape) -> RTree<Element> {
    let point = |p: [f32; 2]| p.map(f64::from);
    let strands = shape.strands.iter().enumerate().flat_map(|(k, strand)| {
        let pairs = strand.points.windows(2);
        pairs.map(move |pair| Element::new(Line::new(point(pair[0]), point(pair[1])), PickedGrid::Strand(k as u32)))
    });
    let stations = shape.stations.iter().enumerate();
    let stations =
        stations.map(|(k, s)| Element::new(Line::new(point(s.at), point(s.at)), PickedGrid::Station(k as u32)));
    RTree::bulk_load(strands.chain(stations).collect())
}

impl Drawn {
    /// What of the grid a ray points at on the ground, `away_m` from the eye; a station before the strands that end there.
    pub(crate) fn pick(&self, at: [f64; 2], away_m: f64) -> Option<PickedGrid> {
        let reach_m = (FINGER_RAD * away_m).max(f64::from(STATION_M));
        let near = AABB::from_corners(at.map(|x| x - reach_m), at.map(|x| x + reach_m));
        let found = self.index.locate_in_envelope_intersecting(&near);
        let found = found.map(|element| (element.geom().distance_2(&at).sqrt(), element.data));
        let found = found.filter(|(distance, _)| *distance <= reach_m);
        let rank = |(distance, element): &(f64, PickedGrid)| {
            if matches!(element, PickedGrid::Station(_)) { distance - reach_m } else { *distance }
        };
        found.min_by(|a, b| rank(a).total_cmp(&rank(b))).map(|(_, element)| element)
    }
}

/// The bands, one mesh per chunk of the map.
fn meshes(strands: &Arc<Vec<Strand>>) -> Vec<MeshBuffer> {
    let middle = |k: usize| {
        let points = &strands[k].points;
        points.get(points.len() / 2).map(|p| Coord { x: p[0].into(), y: p[1].into() })
    };
    let groups = chunk::group(strands.len(), chunk::COARSE_M, middle);
    let draw = |(_, members): (_, Vec<usize>)| {
        let mut mesh = MeshBuffer::default();
        for k in members {
            wire::draw(&strands[k], k as u32 + 1, &mut mesh);
        }
        mesh
    };
    groups.into_par_iter().map(draw).filter(|mesh| !mesh.is_empty()).collect()
}

fn receive(
    mut commands: Commands,
    (mut drawn, mut built): (ResMut<Drawn>, ResMut<GridBuilt>),
    (paint, quality): (Res<GridPaint>, Res<Quality>),
    mut meshes: ResMut<Assets<Mesh>>,
) {
    let drawn = &mut *drawn;
    let (Some(arriving), Some((_, material))) = (drawn.arriving.as_mut(), &drawn.table) else { return };
    let arriving = arriving.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
    for _ in 0..quality.chunks_a_frame {
        match arriving.try_recv() {
            Ok(Built::Index(index)) => drawn.index = index,
            Ok(Built::Mesh(mesh)) => {
                let Some([low, high]) = mesh.bounds() else { continue };
                commands.spawn((
                    Band,
                    Mesh3d(meshes.add(mesh.into_mesh())),
                    MeshMaterial3d(material.clone()),
                    Aabb::from_min_max(low.into(), high.into()),
                    NotShadowCaster,
                    shown(&paint),
                ));
            }
            Err(TryRecvError::Empty) => break,
            Err(TryRecvError::Disconnected) => {
                drawn.arriving = None;
                built.0 = true;
                break;
            }
        }
    }
}

fn shown(paint: &GridPaint) -> Visibility {
    if paint.strands.is_some() { Visibility::Inherited } else { Visibility::Hidden }
}

/// Writes the table when the paint's version changed: 4 bytes a strand.
fn paint(
    (paint, drawn): (Res<GridPaint>, Res<Drawn>),
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut bands: Query<&mut Visibility, With<Band>>,
    mut last: Local<Option<(u64, usize)>>,
) {
    let now = (paint.version, drawn.rows);
    if *last == Some(now) {
        return;
    }
    for mut visibility in &mut bands {
        visibility.set_if_neq(shown(&paint));
    }
    let Some((attributes, _)) = &drawn.table else { return };
    if let (Some(layer), Some(mut buffer)) = (&paint.strands, buffers.get_mut(attributes)) {
        let mut rows = vec![0_u32; drawn.rows.max(4)];
        for (row, value) in rows[1..].iter_mut().zip(layer.values.iter()) {
            *row = overlay::coloured(layer.colour(*value).unwrap_or(NO_VALUE));
        }
        if let Some(PickedGrid::Strand(strand)) = paint.picked
            && let Some(row) = rows.get_mut(strand as usize + 1)
        {
            *row = overlay::coloured(PICKED);
        }
        buffer.data = Some(bytemuck::cast_slice(&rows).to_vec());
    }
    *last = Some(now);
}

fn stations(
    (shape, paint, scene): (Res<GridShape>, Res<GridPaint>, Option<Res<Scene>>),
    cameras: Query<Ref<Transform>, With<ViewCamera>>,
    mut drawn: ResMut<Drawn>,
    mut keep: Keep,
    mut last: Local<Option<u64>>,
) {
    let Ok(camera) = cameras.single() else { return };
    let painted = *last != Some(paint.version) || shape.is_changed();
    let moved = camera.is_changed() && paint.stations.is_some();
    if scene.is_none() || !(painted || moved) {
        return;
    }
    *last = Some(paint.version);
    let eye = enu_from_bevy(camera.translation);
    let mut rows = Rows::new();
    if let Some(layer) = &paint.stations {
        let both = shape.stations.iter().zip(layer.values.iter()).enumerate();
        rows.extend(both.map(|(k, (station, value))| {
            let picked = paint.picked == Some(PickedGrid::Station(k as u32));
            let colour = if picked { PICKED } else { layer.colour(*value).unwrap_or(NO_VALUE) };
            house(station, colour, eye)
        }));
    }
    let swarm = drawn
        .stations
        .get_or_insert_with(|| Swarm::new("stations", &model::station(), BATCH, &mut keep).without_shadow());
    swarm.show(rows, &mut keep);
}

fn house(station: &StationMark, colour: [u8; 3], eye: [f32; 3]) -> Row {
    let at = [station.at[0], station.at[1], 0.0];
    let away = (0..3).map(|k| (at[k] - eye[k]).powi(2)).sum::<f32>().sqrt();
    let size = (away * STATION_SHARE).max(STATION_M) * if station.primary { PRIMARY } else { 1.0 };
    Row::new(at, 0.0, [size; 3], colour)
}
