//! The legend of a layer: its ramp with numbers and unit, or its named colours.

use citytwin_model::ramp::{NO_VALUE, Ramp, Rgb, quality_colour};
use egui::{Align2, Color32, FontId, Mesh, Rect, Sense, Ui, pos2, vec2};

use crate::{
    LayerInfo, LayerKind,
    element::fine,
    layer::{LEVELS, QUALITIES, level_colour},
    theme,
};

const fn colour([r, g, b]: Rgb) -> Color32 {
    Color32::from_rgb(r, g, b)
}

/// Draws the legend; nothing for natural colours.
pub fn show(ui: &mut Ui, layer: &LayerInfo) {
    if layer.kind == LayerKind::Plain {
        return;
    }
    ui.add_space(4.0);
    match layer.kind.unit() {
        Some(unit) => ramp(ui, layer, unit),
        None if layer.kind.bands().is_some() => bands(ui, layer),
        None if layer.kind == LayerKind::LevelOfService => names(ui, &levels()),
        None => names(ui, &QUALITIES.map(|(name, quality)| (name, quality_colour(quality)))),
    }
}

fn ramp(ui: &mut Ui, layer: &LayerInfo, unit: crate::format::Unit) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 40.0), Sense::hover());
    let bar =
        Rect::from_min_max(pos2(rect.left() + 2.0, rect.top() + 2.0), pos2(rect.right() - 2.0, rect.top() + 12.0));
    ui.painter().add(gradient(bar, layer));
    let size = layer.low.abs().max(layer.high.abs());
    let scale = unit.scaled(size);
    let step = 0.25 * (layer.high - layer.low);
    let numbers: Vec<String> = (0..5)
        .map(|k| {
            let value = layer.low + (layer.high - layer.low) * f64::from(k) / 4.0;
            if layer.kind.ramp() == Some(Ramp::Diverging) {
                scale.signed_number(value)
            } else {
                scale.step_number(value, step)
            }
        })
        .collect();
    for (k, text) in numbers.iter().enumerate() {
        let x = bar.left() + bar.width() * k as f32 / 4.0;
        let align =
            [Align2::LEFT_TOP, Align2::CENTER_TOP, Align2::CENTER_TOP, Align2::CENTER_TOP, Align2::RIGHT_TOP][k];
        ui.painter().vline(x, bar.bottom()..=bar.bottom() + 3.0, (1.0, theme::WEAK));
        ui.painter().text(pos2(x, bar.bottom() + 3.0), align, text, FontId::proportional(10.5), theme::TEXT);
    }
    let (low, high) = layer.kind.ends();
    let line = bar.bottom() + 16.0;
    let small = FontId::proportional(10.5);
    ui.painter().text(pos2(bar.left(), line), Align2::LEFT_TOP, low, small.clone(), theme::WEAK);
    ui.painter().text(pos2(bar.center().x, line), Align2::CENTER_TOP, scale.symbol, small.clone(), theme::WEAK);
    ui.painter().text(pos2(bar.right(), line), Align2::RIGHT_TOP, high, small, theme::WEAK);
    let words = format!("Legend: {} {} to {} {}", layer.kind.title(), numbers[0], numbers[4], scale.symbol);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &words));
    response.on_hover_text(format!("{}\nGrey: no value.", layer.kind.meaning()));
}

/// The ramp as a strip of quads, one for each 1/64.
fn gradient(bar: Rect, layer: &LayerInfo) -> Mesh {
    let mut mesh = Mesh::default();
    let steps: u32 = 64;
    for k in 0..=steps {
        let t = f64::from(k) / f64::from(steps);
        let shade = layer.kind.ramp().map_or(NO_VALUE, |ramp| ramp.colour(t));
        let x = bar.left() + bar.width() * t as f32;
        mesh.colored_vertex(pos2(x, bar.top()), colour(shade));
        mesh.colored_vertex(pos2(x, bar.bottom()), colour(shade));
        if k < steps {
            let first = 2 * k;
            mesh.add_triangle(first, first + 1, first + 2);
            mesh.add_triangle(first + 1, first + 3, first + 2);
        }
    }
    mesh
}

/// Equal boxes with the ends between them.
fn bands(ui: &mut Ui, layer: &LayerInfo) {
    let Some((bands, unit)) = layer.kind.bands() else { return };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 40.0), Sense::hover());
    let width = (rect.width() - 4.0) / bands.len() as f32;
    let small = FontId::proportional(10.5);
    let painter = ui.painter();
    for (k, band) in bands.iter().enumerate() {
        let left = pos2(rect.left() + 2.0 + width * k as f32, rect.top() + 2.0);
        let bar = Rect::from_min_size(left, vec2(width, 10.0));
        painter.rect_filled(bar, 0.0, colour(band.colour));
        let below = bar.right_bottom() + vec2(0.0, 3.0);
        painter.text(below, Align2::CENTER_TOP, band.mark, small.clone(), theme::TEXT);
    }
    painter.text(pos2(rect.center().x, rect.top() + 28.0), Align2::CENTER_TOP, unit, small, theme::WEAK);
    let marks: Vec<&str> = bands.iter().map(|band| band.mark).filter(|mark| !mark.is_empty()).collect();
    let words = format!("Legend: {} {} {unit}", layer.kind.title(), marks.join(", "));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &words));
    response.on_hover_text(format!("{}\nGrey: no value.", layer.kind.meaning()));
}

fn levels() -> Vec<(&'static str, Rgb)> {
    LEVELS.iter().enumerate().map(|(level, name)| (*name, level_colour(level))).collect()
}

/// Colours that are names.
fn names(ui: &mut Ui, named: &[(&str, Rgb)]) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (name, shade) in named {
            let (rect, _) = ui.allocate_exact_size(vec2(10.0, 14.0), Sense::hover());
            ui.painter().circle_filled(rect.center(), 4.5, colour(*shade));
            ui.label(fine(*name));
            ui.add_space(4.0);
        }
    });
}

/// The legend on the map itself, for when the left panel is folded away.
pub fn float(ctx: &egui::Context, map: Rect, layer: &LayerInfo) {
    if layer.kind == LayerKind::Plain {
        return;
    }
    let corner = map.left_bottom() + vec2(12.0, -12.0);
    egui::Area::new(egui::Id::new("map-legend")).fixed_pos(corner).pivot(Align2::LEFT_BOTTOM).show(ctx, |ui| {
        let frame = egui::Frame::new().fill(theme::PANEL.gamma_multiply(0.94)).corner_radius(8).inner_margin(12);
        frame.show(ui, |ui| {
            ui.set_width(230.0);
            ui.label(crate::element::strong(layer.kind.title()));
            show(ui, layer);
        });
    });
}
