//! The city's districts in a table: how many sensors each has, how many of these are good, how much of what was due came.

use egui::{Align, Color32, Layout, Response, RichText, Ui, vec2};

use crate::{
    DistrictRow, Districts,
    element::{elided, fine, section},
    format::{count, grouped, share_of_all},
    quality, theme,
};

/// Height of a line, point.
const LINE: f32 = 18.0;
/// Width of a number's column, point: "Complete" in small print.
const COLUMN: f32 = 56.0;
/// Shares below which a district stands out: of good sensors, where one of a dozen is soon in doubt, and of what came.
const GOOD: f64 = 0.9;
const COMPLETE: f64 = 0.98;
const OF_DUE: &str = "Share of the readings due by each sensor's own interval that came in the last hour or so. \
                      Sensors that never spoke owe theirs as well.";

/// Draws the section; nothing where no district has a sensor.
pub fn show(ui: &mut Ui, districts: &Districts) {
    if districts.rows.is_empty() {
        return;
    }
    let aside = if districts.inferred { "inferred" } else { "" };
    section(ui, "Districts", aside, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let rule = in_words(districts);
        head(ui, &rule);
        for row in &districts.rows {
            let (left_top, width) = (ui.cursor().min, ui.available_width());
            let place = egui::Rect::from_min_size(left_top, vec2(width, LINE));
            // A large city has dozens: one out of sight only keeps its place.
            if ui.is_rect_visible(place) {
                self::row(ui, row, &rule);
            } else {
                ui.allocate_space(place.size());
            }
        }
    });
}

fn head(ui: &mut Ui, rule: &str) {
    line(ui, |ui, column| {
        let text = match column {
            Column::Name => "Name",
            Column::Sensors => "Sensors",
            Column::Good => "Good",
            Column::Complete => "Complete",
        };
        elided(ui, fine(text)).on_hover_text(match column {
            Column::Name => rule.to_owned(),
            Column::Sensors => "All sensors that stand in it, also those that never spoke.".to_owned(),
            Column::Good => "Share of its sensors whose latest reading is fresh and within its limits.".to_owned(),
            Column::Complete => OF_DUE.to_owned(),
        })
    });
}

fn row(ui: &mut Ui, row: &DistrictRow, rule: &str) {
    let sensors = row.sensors.total();
    let good = (sensors > 0).then(|| row.sensors.good as f64 / sensors as f64);
    line(ui, |ui, column| match column {
        Column::Name => {
            let name = if row.name.is_empty() { "Without a name" } else { &row.name };
            elided(ui, RichText::new(name).color(theme::TEXT).size(12.0)).on_hover_ui(|ui| {
                ui.label(format!("{name}: {}", quality::in_numbers(&row.sensors)));
                ui.label(rule);
            })
        }
        Column::Sensors => {
            let text = RichText::new(grouped(sensors as f64, 0)).color(theme::TEXT).size(12.0);
            elided(ui, text).on_hover_text(count(sensors, "sensor", "sensors"))
        }
        Column::Good => share(ui, good, GOOD),
        Column::Complete => share(ui, row.completeness, COMPLETE),
    });
}

/// By what a sensor is counted to its district, and that nobody states it.
fn in_words(districts: &Districts) -> String {
    let none = "the map names no two districts";
    let why = if districts.inferred { none } else { "the map names districts and does not say where they end" };
    format!("A sensor belongs to its district by {}. Inferred: {why}.", districts.rule)
}

/// In amber below `usual`.
fn share(ui: &mut Ui, share: Option<f64>, usual: f64) -> Response {
    let (text, colour): (String, Color32) = match share.filter(|share| share.is_finite()) {
        Some(share) => (share_of_all(share), if share >= usual { theme::TEXT } else { theme::AMBER }),
        None => ("not yet".to_owned(), theme::WEAK),
    };
    elided(ui, RichText::new(text).color(colour).size(12.0))
}

#[derive(Clone, Copy)]
enum Column {
    Name,
    Sensors,
    Good,
    Complete,
}

/// Three numbers at the right, under each other in every line, and the name in what room they leave.
fn line(ui: &mut Ui, mut add: impl FnMut(&mut Ui, Column) -> Response) {
    let size = vec2(ui.available_width(), LINE);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        ui.set_height(LINE);
        ui.spacing_mut().item_spacing.x = 4.0;
        for column in [Column::Complete, Column::Good, Column::Sensors] {
            ui.allocate_ui_with_layout(vec2(COLUMN, LINE), Layout::right_to_left(Align::Center), |ui| {
                ui.set_width(COLUMN);
                add(ui, column);
            });
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| add(ui, Column::Name));
    });
}
