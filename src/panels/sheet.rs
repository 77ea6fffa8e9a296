//! The two sheets over the map: keys, and models with how far to trust them.

use egui::{Frame, Id, Label, Margin, Modal, RichText, ScrollArea, Ui, vec2};

use crate::{
    ModelNote, PanelInput, PanelState, Validation,
    element::{card, chip, fine, icon_button, strong, tight, weak},
    icon, keys, theme,
};

/// Draws the sheets that are open.
pub fn show(ctx: &egui::Context, state: &mut PanelState, input: &PanelInput) {
    if state.help_open {
        state.help_open = modal(ctx, "help-sheet", "Keys and mouse", 620.0, |ui| help(ui, input));
    }
    if state.models_open {
        state.models_open =
            modal(ctx, "model-sheet", "Models and how far to trust them", 640.0, |ui| models(ui, input.models));
    }
}

/// Whether it stays open.
fn modal(ctx: &egui::Context, id: &str, title: &str, width: f32, add: impl FnOnce(&mut Ui)) -> bool {
    let room = ctx.content_rect().size() - vec2(48.0, 96.0);
    let frame = Frame::window(&ctx.global_style()).fill(theme::PANEL).inner_margin(Margin::same(20));
    let area = Modal::default_area(Id::new(id)).default_size(room);
    let sheet = Modal::new(Id::new(id)).area(area).frame(frame).show(ctx, |ui| {
        ui.set_width(width.min(room.x - 40.0));
        ui.set_max_height(room.y);
        let close = ui
            .horizontal(|ui| {
                ui.label(RichText::new(title).color(theme::STRONG).font(theme::strong(16.0)));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    icon_button(ui, icon::CLOSE, "Close this sheet (Esc)").clicked()
                })
                .inner
            })
            .inner;
        ui.add_space(6.0);
        ScrollArea::vertical().max_height(room.y - 80.0).show(ui, |ui| {
            ui.set_width(ui.available_width() - 8.0);
            tight(ui);
            add(ui);
        });
        close
    });
    !sheet.inner && !sheet.should_close()
}

fn help(ui: &mut Ui, input: &PanelInput) {
    ui.columns_const(|[left, right]| {
        left.label(strong("Keys"));
        left.add_space(2.0);
        for (keys, does) in keys::sheet(input) {
            key_row(left, keys, does);
        }
        right.label(strong("Map"));
        right.add_space(2.0);
        for note in input.camera_keys {
            key_row(right, note.keys, note.does);
        }
        if input.camera_keys.is_empty() {
            right.label(weak("The map answers the pointer alone."));
        }
        right.add_space(12.0);
        right.label(strong("Reading the screen"));
        right.add_space(2.0);
        for (sign, meaning) in [
            ("≈", "not in the map but inferred; the rule stands beside it"),
            ("EMULATED", "readings made by the program, not by the city's sensors"),
            ("from history", "a past moment, as it was known then"),
            ("±", "half the 95% confidence interval of a difference"),
        ] {
            right.horizontal_top(|ui| {
                ui.allocate_ui_with_layout(vec2(84.0, 18.0), *ui.layout(), |ui| {
                    ui.set_width(84.0);
                    ui.label(RichText::new(sign).color(theme::AMBER).font(theme::strong(11.5)));
                });
                ui.add(Label::new(weak(meaning)).wrap());
            });
        }
    });
}

fn key_row(ui: &mut Ui, keys: &str, does: &str) {
    ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(vec2(118.0, 22.0), egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.set_width(118.0);
            let frame = Frame::new().fill(theme::CONTROL).corner_radius(4).inner_margin(Margin::symmetric(6, 2));
            frame.show(ui, |ui| ui.add(Label::new(RichText::new(keys).size(11.0).color(theme::STRONG)).extend()));
        });
        ui.add(Label::new(RichText::new(does).color(theme::TEXT).size(12.5)).truncate());
    });
}

fn models(ui: &mut Ui, notes: &[ModelNote]) {
    ui.add(
        Label::new(weak("Every number on the screen comes from a sensor, from the map, or from one of these.")).wrap(),
    );
    for note in notes {
        card(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.horizontal(|ui| {
                ui.label(strong(note.name));
                let (word, colour) = match note.validation {
                    Validation::Validated => ("validated", theme::BETTER),
                    Validation::Plausible => ("plausible, not validated", theme::AMBER),
                    Validation::NotValidated => ("not validated", theme::WORSE),
                };
                chip(ui, word, colour);
            });
            ui.add(Label::new(fine(format!("Drives: {}", note.drives))).wrap());
            ui.add(Label::new(RichText::new(note.how).color(theme::TEXT).size(12.5)).wrap());
            ui.add(Label::new(weak(note.evidence)).wrap());
        });
    }
}
