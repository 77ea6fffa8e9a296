//! What lies over the map itself: attribution, notices, progress of what the person waits for.

use egui::{Align2, Area, Context, Frame, Id, Label, Margin, Rect, RichText, vec2};

use crate::{
    Busy, Gravity, Notice, PanelInput, PanelRequest, PanelState,
    element::{icon_button, progress, strong},
    icon, legend, theme,
};

/// Most notices shown at once; the others wait.
const NOTICES: usize = 4;

/// Draws it within the map's rectangle.
pub fn show(ctx: &Context, map: Rect, state: &PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    attribution(ctx, map, input.city.attribution);
    if !state.left_open
        && let Some(layer) = input.layers.iter().find(|layer| layer.kind == input.layer)
    {
        legend::float(ctx, map, layer);
    }
    notices(ctx, map, input.notices, out);
    if let Some(busy) = &input.busy {
        waiting(ctx, map, busy);
    }
}

/// The licence of the data asks for it: always in sight.
fn attribution(ctx: &Context, map: Rect, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let text = lines.join("  ·  ");
    let area = Area::new(Id::new("attribution")).fixed_pos(map.right_bottom() - vec2(6.0, 6.0));
    area.pivot(Align2::RIGHT_BOTTOM).interactable(false).show(ctx, |ui| {
        let frame =
            Frame::new().fill(theme::BAR.gamma_multiply(0.82)).corner_radius(4).inner_margin(Margin::symmetric(6, 2));
        frame.show(ui, |ui| {
            ui.set_max_width((map.width() - 24.0).max(80.0));
            ui.add(Label::new(RichText::new(text).size(11.0).color(theme::TEXT)).wrap());
        });
    });
}

fn notices(ctx: &Context, map: Rect, notices: &[Notice], out: &mut Vec<PanelRequest>) {
    let width = (map.width() - 24.0).clamp(120.0, 440.0);
    let top = map.center_top() + vec2(0.0, 12.0);
    if notices.is_empty() {
        return;
    }
    Area::new(Id::new("notices")).fixed_pos(top).pivot(Align2::CENTER_TOP).show(ctx, |ui| {
        for notice in notices.iter().take(NOTICES) {
            let (icon, colour) = match notice.gravity {
                Gravity::Done => (icon::DONE, theme::BETTER),
                Gravity::Warning => (icon::WARNING, theme::AMBER),
                Gravity::Error => (icon::ERROR, theme::WORSE),
            };
            let frame = Frame::popup(ui.style()).inner_margin(Margin::symmetric(12, 8));
            frame.show(ui, |ui| {
                ui.set_width(width - 24.0);
                ui.horizontal(|ui| {
                    ui.label(RichText::new(icon).color(colour).size(16.0));
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        ui.push_id(notice.id, |ui| {
                            if icon_button(ui, icon::CLOSE, "Dismiss").clicked() {
                                out.push(PanelRequest::DismissNotice(notice.id));
                            }
                        });
                        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                            ui.add(Label::new(RichText::new(&notice.text).color(theme::TEXT)).wrap());
                        });
                    });
                });
            });
        }
    });
}

fn waiting(ctx: &Context, map: Rect, busy: &Busy) {
    let area = Area::new(Id::new("busy")).fixed_pos(map.center()).pivot(Align2::CENTER_CENTER);
    area.interactable(false).show(ctx, |ui| {
        Frame::window(ui.style()).show(ui, |ui| {
            ui.set_width(300.0);
            ui.horizontal(|ui| {
                if busy.fraction.is_none() {
                    ui.spinner();
                }
                ui.label(strong(busy.what));
                if let Some(fraction) = busy.fraction.filter(|f| f.is_finite()) {
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        ui.label(crate::element::fine(format!("{:.0}%", 100.0 * fraction.clamp(0.0, 1.0))));
                    });
                }
            });
            if let Some(fraction) = busy.fraction {
                progress(ui, fraction, busy.what);
            }
        });
    });
}
