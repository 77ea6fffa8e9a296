//! The power grid: what holds now, what is switched off, what breaks a limit in the course of the day.

use egui::{Label, RichText, ScrollArea, Ui};

use crate::{
    FlyTarget, GridData, GridDay, GridItem, GridSensed, PanelInput, PanelRequest,
    element::{Entry, elided, empty, icon_button, section, text_row, tight, weak},
    icon, theme,
};

/// Height of an entry, point.
const ENTRY: f32 = 38.0;

/// Draws the tab.
pub fn show(ui: &mut Ui, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    let Some(data) = input.grid else {
        empty(ui, "No power grid", "It is grown from the city's streets and buildings once these are loaded.");
        return;
    };
    ScrollArea::vertical().id_salt("grid").auto_shrink(false).show(ui, |ui| {
        ui.set_width(ui.available_width() - 4.0);
        tight(ui);
        ui.add(Label::new(weak(data.what.as_str())).wrap());
        section(ui, "Now", "", |ui| data.now.iter().for_each(|(label, value)| text_row(ui, label, value)));
        section(ui, "From its sensors", "", |ui| sensed(ui, &data.estimate, out));
        if !data.out.is_empty() {
            section(ui, "Out of service", "", |ui| switched(ui, data, out));
        }
        section(ui, "This day", "", |ui| day(ui, &data.day, out));
    });
}

fn sensed(ui: &mut Ui, sensed: &GridSensed, out: &mut Vec<PanelRequest>) {
    ui.add(Label::new(weak(sensed.what.as_str())).wrap());
    sensed.rows.iter().for_each(|(label, value)| text_row(ui, label, value));
    for suspect in &sensed.contradict {
        let entry = Entry { lead: &suspect.title, text: &suspect.text, ..Entry::default() };
        if entry.show(ui, ENTRY - 2.0).clicked() {
            out.push(PanelRequest::Select(suspect.feature));
            out.push(PanelRequest::FlyTo(FlyTarget::Feature(suspect.feature)));
        }
    }
}

fn switched(ui: &mut Ui, data: &GridData, out: &mut Vec<PanelRequest>) {
    for item in &data.out {
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if icon_button(ui, icon::UNDO, &format!("Put {} back", item.title)).clicked() {
                    out.push(PanelRequest::SwitchGrid(item.element, false));
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    elided(ui, RichText::new(&item.title).color(theme::TEXT)).on_hover_text(&item.text);
                });
            });
        });
    }
}

fn day(ui: &mut Ui, day: &GridDay, out: &mut Vec<PanelRequest>) {
    match day {
        GridDay::Working => {
            ui.label(weak("Computing the day, hour by hour …"));
        }
        GridDay::Failed(why) => {
            ui.add(Label::new(RichText::new(why).color(theme::WORSE).size(12.0)).wrap());
        }
        GridDay::Found { what, over, helps } => {
            ui.add(Label::new(weak(what.as_str())).wrap());
            if !over.is_empty() {
                entries(ui, "over", over, out);
            }
            if let Some(help) = helps {
                section(ui, "What helps", "", |ui| {
                    ui.add(Label::new(weak(help.what.as_str())).wrap());
                    entries(ui, "helps", &help.measures, out);
                });
            }
        }
    }
}

fn entries(ui: &mut Ui, salt: &str, items: &[GridItem], out: &mut Vec<PanelRequest>) {
    ui.spacing_mut().item_spacing.y = 2.0;
    let area = ScrollArea::vertical().id_salt(salt).max_height(6.0 * ENTRY);
    area.show_rows(ui, ENTRY - 2.0, items.len(), |ui, range| {
        for item in &items[range] {
            let entry = Entry { lead: &item.title, text: &item.text, ..Entry::default() };
            if entry.show(ui, ENTRY - 2.0).clicked() {
                out.push(PanelRequest::SelectGrid(item.element));
                out.push(PanelRequest::FlyTo(FlyTarget::Grid(item.element)));
            }
        }
    });
}
