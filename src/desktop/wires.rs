//! The twin's power grid on the map: its shape once, its colours with the layer.

use std::sync::Arc;

use bevy::prelude::*;
use citytwin_energy::grid::synthetic::{CityGrid, LineKind};
use citytwin_panels::{GridElement, LayerInfo, LayerKind};
use citytwin_twin::GridTwin;
use citytwin_view::{GridPaint, GridShape, OverlayLayer, PickedGrid, StationMark, Strand, StrandKind};

use crate::{desk::Desk, layers::Offered};

/// Between the two units of a substation on the map, metre.
const APART_M: f32 = 14.0;

pub fn plugin(app: &mut App) {
    app.add_systems(Update, (shape, paint).chain().run_if(resource_exists::<GridTwin>));
}

fn shape(twin: Res<GridTwin>, mut shape: ResMut<GridShape>) {
    if twin.is_added() {
        *shape = shape_of(&twin.grid);
    }
}

fn shape_of(grid: &CityGrid) -> GridShape {
    let point = |at: &citytwin_model::Coord<f64>| [at.x as f32, at.y as f32];
    let strand = |line: usize| Strand {
        points: grid.course(line as u32).iter().map(point).collect(),
        kind: match grid.lines[line].kind {
            LineKind::Ring(_) => StrandKind::Medium,
            LineKind::Feeder(_) => StrandKind::Low,
            LineKind::Service(_) => StrandKind::Service,
        },
    };
    let stations = grid.stations.iter().map(|station| (station.low_bus, 0.0, false));
    let units = grid.substations.iter().flat_map(|s| [(s.busbars[0], 0.0, true), (s.busbars[1], APART_M, true)]);
    let mark = |(bus, aside, primary): (u32, f32, bool)| {
        let [x, y] = point(&grid.bus_at[bus as usize]);
        StationMark { at: [x + aside, y], primary }
    };
    GridShape {
        strands: Arc::new((0..grid.lines.len()).map(strand).collect()),
        stations: Arc::new(stations.chain(units).map(mark).collect()),
    }
}

fn paint(
    (twin, desk, offered): (Res<GridTwin>, Res<Desk>, Res<Offered>),
    mut paint: ResMut<GridPaint>,
    mut last: Local<(u64, LayerKind, Option<GridElement>)>,
) {
    let now = (twin.version, desk.layer, desk.picked_grid);
    if *last == now && !twin.is_added() {
        return;
    }
    *last = now;
    let info = offered.0.iter().find(|l| l.kind == desk.layer && l.kind.is_grid() && l.unavailable.is_none());
    if info.is_none() && paint.strands.is_none() {
        return;
    }
    let values = info.and_then(|info| values(info, &twin));
    let colours = Arc::new(desk.layer.colours());
    let layer = |values: Vec<f32>| OverlayLayer { values: Arc::new(values), colours: colours.clone() };
    let (strands, stations) = values.unzip();
    (paint.strands, paint.stations) = (strands.map(layer), stations.map(layer));
    paint.picked = desk.picked_grid.map(|element| match element {
        GridElement::Line(line) => PickedGrid::Strand(line),
        GridElement::Transformer(transformer) => PickedGrid::Station(transformer),
    });
    paint.version += 1;
}

/// Scale positions of lines and of transformers.
fn values(info: &LayerInfo, twin: &GridTwin) -> Option<(Vec<f32>, Vec<f32>)> {
    let answer = twin.answer()?;
    let grid = &twin.grid.grid;
    let at = |value: f32| if value.is_finite() { info.position(f64::from(value)) } else { f32::NAN };
    // What has no supply is grey, not at 0 V by its load.
    let vm = |bus: u32| Some(answer.bus_vm_pu[bus as usize]).filter(|vm| *vm > 0.0);
    let line = |k: usize| match info.kind {
        _ if vm(grid.lines[k].ends.to).is_none() || vm(grid.lines[k].ends.from).is_none() => f32::NAN,
        LayerKind::Voltage => at(answer.bus_vm_pu[grid.lines[k].ends.to as usize]),
        LayerKind::GridLoading => at(answer.line_loading[k]),
        _ => {
            let sense = if answer.line_w[k] < 0.0 { -1.0 } else { 1.0 };
            at(sense * answer.line_loading[k])
        }
    };
    let transformer = |k: usize| match info.kind {
        _ if vm(grid.transformers[k].ends.to).is_none() => f32::NAN,
        LayerKind::Voltage => at(answer.bus_vm_pu[grid.transformers[k].ends.to as usize]),
        _ => at(answer.transformer_loading[k]),
    };
    Some(((0..grid.lines.len()).map(line).collect(), (0..grid.transformers.len()).map(transformer).collect()))
}
