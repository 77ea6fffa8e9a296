//! Street and place names over the picture, drawn by egui, most important first, never over one another.

use bevy::prelude::*;
use bevy_egui::{EguiContexts, EguiPrimaryContextPass, egui};
use citytwin_model::{City, RoadClass};
use citytwin_view::{Scene, ViewCamera, project};
use geo::{Area, Centroid, InteriorPoint};

use crate::desk::{Desk, MapRect};

/// Names on the screen at most.
const MOST: usize = 60;
/// Height of the line of attribution, pixel.
const ATTRIBUTION_PX: f32 = 28.0;
/// Free space around a name, pixel.
const MARGIN: f32 = 14.0;

/// One name that may be drawn.
struct Label {
    text: String,
    at: [f32; 3],
    /// Shown while the camera is nearer than this, metre.
    within_m: f32,
    water: bool,
}

/// All names of the city, most important first.
#[derive(Resource, Default)]
struct Labels(Vec<Label>);

pub fn plugin(app: &mut App) {
    app.init_resource::<Labels>()
        .add_systems(Update, collect.run_if(resource_exists::<Scene>))
        .add_systems(EguiPrimaryContextPass, paint.after(crate::desk::show).run_if(resource_exists::<Scene>));
}

fn collect(scene: Res<Scene>, mut labels: ResMut<Labels>) {
    if scene.is_changed() {
        labels.0 = names_of(&scene.0);
    }
}

/// Distance within which the names of a class are shown, metre.
const fn reach_m(class: RoadClass) -> f32 {
    match class {
        RoadClass::Motorway | RoadClass::Trunk | RoadClass::Primary => 4_000.0,
        RoadClass::Secondary => 2_500.0,
        RoadClass::Tertiary => 1_500.0,
        RoadClass::Unclassified | RoadClass::Residential | RoadClass::LivingStreet | RoadClass::Pedestrian => 700.0,
        _ => 0.0,
    }
}

fn names_of(city: &City) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::new();
    for water in &city.water {
        let (Some(name), Some(middle)) = (&water.name, water.shape.interior_point()) else { continue };
        let within_m = (20.0 * water.shape.unsigned_area().sqrt()).min(12_000.0) as f32;
        labels.push(label(name, middle.0, 1.0, within_m, true));
    }
    for land in &city.land {
        let (Some(name), Some(middle)) = (&land.name, land.shape.interior_point()) else { continue };
        let within_m = (8.0 * land.shape.unsigned_area().sqrt()).min(4_000.0) as f32;
        labels.push(label(name, middle.0, 3.0, within_m, false));
    }
    for road in city.roads.iter().filter(|r| !r.tunnel) {
        let within_m = reach_m(road.class);
        let Some(name) = road.name.as_ref().filter(|_| within_m > 0.0) else { continue };
        let Some(middle) = road.line.0.get(road.line.0.len() / 2) else { continue };
        // One name every 250 m of the same street is enough.
        let near = |l: &Label| l.text == *name && (l.at[0] - middle.x as f32).hypot(l.at[1] - middle.y as f32) < 250.0;
        if !labels.iter().rev().take(400).any(near) {
            labels.push(label(name, *middle, 1.0, within_m, false));
        }
    }
    for building in &city.buildings {
        let (Some(name), Some(middle)) = (&building.name, building.volume.footprint.centroid()) else { continue };
        labels.push(label(name, middle.0, building.volume.height_m.value + 3.0, 450.0, false));
    }
    labels.sort_by(|a, b| b.within_m.total_cmp(&a.within_m));
    labels
}

fn label(text: &str, at: citytwin_model::Coord<f64>, z: f32, within_m: f32, water: bool) -> Label {
    Label { text: text.to_owned(), at: [at.x as f32, at.y as f32, z], within_m, water }
}

fn paint(
    mut contexts: EguiContexts,
    (desk, labels, free): (Res<Desk>, Res<Labels>, Res<MapRect>),
    camera: Single<(&Camera, &GlobalTransform), With<ViewCamera>>,
) -> Result {
    if !desk.names {
        return Ok(());
    }
    let ctx = contexts.ctx_mut()?;
    let screen = free.0.unwrap_or_else(|| ctx.viewport_rect());
    let layer = egui::LayerId::new(egui::Order::Background, "names".into());
    let painter = ctx.layer_painter(layer).with_clip_rect(screen);
    let (camera, transform) = *camera;
    let eye = citytwin_view::enu_from_bevy(transform.translation());
    // The line of attribution lies over the map's lower edge.
    let below = egui::pos2(screen.left(), screen.bottom() - ATTRIBUTION_PX);
    let mut taken = vec![egui::Rect::from_min_max(below, screen.right_bottom())];
    for label in &labels.0 {
        let distance = (label.at[0] - eye[0]).hypot(label.at[1] - eye[1]).hypot(label.at[2] - eye[2]);
        if distance > label.within_m {
            continue;
        }
        let Some(at) = project(camera, transform, label.at) else { continue };
        let at = egui::pos2(at.x, at.y);
        if !screen.contains(at) {
            continue;
        }
        if let Some(rect) = place_name(&painter, label, at, &taken) {
            taken.push(rect);
            if taken.len() > MOST {
                break;
            }
        }
    }
    Ok(())
}

/// Draws a name with a halo where there is room; returns the room it takes.
fn place_name(painter: &egui::Painter, label: &Label, at: egui::Pos2, taken: &[egui::Rect]) -> Option<egui::Rect> {
    let font = egui::FontId::proportional(12.0);
    let ink = if label.water { egui::Color32::from_rgb(20, 60, 105) } else { egui::Color32::from_rgb(28, 30, 34) };
    let halo = egui::Color32::from_rgba_unmultiplied(255, 255, 255, 200);
    let galley = painter.layout_no_wrap(label.text.clone(), font, ink);
    let rect = egui::Rect::from_center_size(at, galley.size()).expand(MARGIN);
    if taken.iter().any(|other| other.intersects(rect)) {
        return None;
    }
    let corner = at - galley.size() / 2.0;
    for (dx, dy) in
        [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (-0.7, -0.7), (0.7, 0.7), (-0.7, 0.7), (0.7, -0.7)]
    {
        painter.galley_with_override_text_color(corner + egui::vec2(dx, dy), galley.clone(), halo);
    }
    painter.galley(corner, galley, ink);
    Some(rect)
}
