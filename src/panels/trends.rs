//! The last day as plots: power of the city, vehicles under way.

use egui::{Color32, RichText, ScrollArea, Ui, Vec2b};
use egui_plot::{AxisHints, GridMark, HPlacement, HoverPosition, Line, Plot, PlotPoint, PlotPoints};

use crate::{
    History, PanelInput,
    element::{empty, fine, strong, tight},
    format::{Scaled, Unit, hour_minute},
    theme,
};

/// One line of a plot.
struct Series<'a> {
    name: &'static str,
    colour: Color32,
    values: &'a [f64],
}

/// Draws the tab.
pub fn show(ui: &mut Ui, input: &PanelInput) {
    let Some(history) = input.history.filter(|h| h.at_s.len() >= 2) else {
        empty(ui, "Nothing to plot yet", "The curves grow while the city runs.");
        return;
    };
    ScrollArea::vertical().id_salt("trends").auto_shrink(false).show(ui, |ui| {
        ui.set_width(ui.available_width() - 4.0);
        let load = Series { name: "Load", colour: theme::ACCENT, values: &history.load_w };
        let pv = Series { name: "Solar", colour: theme::AMBER, values: &history.pv_w };
        let supplied = Series { name: "Supplied", colour: theme::BETTER, values: &history.supplied_w };
        tight(ui);
        ui.scope(|ui| plot(ui, "Electric power", Unit::Watts, history, &[load, pv, supplied]));
        ui.add_space(10.0);
        let vehicles = Series { name: "Under way", colour: theme::ACCENT, values: &history.vehicles };
        ui.scope(|ui| plot(ui, "Vehicles under way", Unit::Vehicles, history, &[vehicles]));
    });
}

fn plot(ui: &mut Ui, title: &str, unit: Unit, history: &History, series: &[Series]) {
    let drawn: Vec<&Series> = series.iter().filter(|s| s.values.iter().any(|v| v.is_finite())).collect();
    if drawn.is_empty() {
        return;
    }
    let size = drawn.iter().flat_map(|s| s.values).filter(|v| v.is_finite()).fold(0.0_f64, |a, v| a.max(v.abs()));
    let scale = unit.scaled(size);
    heading(ui, title, scale.symbol, &drawn);
    ui.style_mut().text_styles.insert(egui::TextStyle::Body, egui::FontId::proportional(11.0));
    still(title, 150.0, scale)
        .x_grid_spacer(|grid| hours(grid.bounds))
        .x_axis_formatter(|mark, _| hour_minute(mark.value))
        .label_formatter(move |hover| hover_text(hover, scale))
        .show(ui, |plot| {
            for line in drawn {
                for run in runs(&history.at_s, line.values) {
                    plot.line(Line::new(line.name, PlotPoints::Owned(run)).color(line.colour).width(1.8));
                }
            }
        });
}

/// A plot that only shows, with zero in sight.
pub(crate) fn still(title: &str, height: f32, scale: Scaled) -> Plot<'_> {
    still_about(title, height, scale).include_y(0.0)
}

/// A plot that only shows: nothing moves it, and its values are written at the left.
pub(crate) fn still_about(title: &str, height: f32, scale: Scaled) -> Plot<'_> {
    let axis = AxisHints::new_y()
        .placement(HPlacement::Left)
        .min_thickness(38.0)
        .formatter(move |mark: GridMark, _: &_| scale.step_number(mark.value, mark.step_size));
    Plot::new(title)
        .height(height)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .show_grid(Vec2b::new(false, true))
        .grid_color(theme::LINE)
        .set_margin_fraction(egui::vec2(0.0, 0.08))
        // Marks are few and far apart: each is written in full.
        .custom_x_axes(vec![AxisHints::new_x().label_spacing(20.0..=36.0)])
        .custom_y_axes(vec![axis])
}

/// Name, value and hour of the point under the pointer.
fn hover_text(hover: &HoverPosition, scale: Scaled) -> Option<String> {
    match hover {
        HoverPosition::NearDataPoint { plot_name, position, .. } => {
            Some(format!("{plot_name} {}\n{}", scale.text(position.y), hour_minute(position.x)))
        }
        HoverPosition::Elsewhere { .. } => None,
    }
}

fn heading(ui: &mut Ui, title: &str, unit: &str, drawn: &[&Series]) {
    ui.horizontal(|ui| {
        ui.label(strong(title));
        ui.label(fine(unit));
    });
    if drawn.len() > 1 {
        ui.horizontal(|ui| {
            for series in drawn {
                ui.label(RichText::new("●").color(series.colour).size(10.0));
                ui.label(fine(series.name));
            }
        });
    }
}

/// Every six hours (or every hour of a short stretch) within the bounds.
fn hours((low, high): (f64, f64)) -> Vec<GridMark> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 || span > 40.0 * 86_400.0 {
        return Vec::new();
    }
    let step = [3_600.0, 7_200.0, 21_600.0, 86_400.0].into_iter().find(|s| span / s <= 6.0).unwrap_or(864_000.0);
    let mut marks = Vec::new();
    let mut at = (low / step).ceil() * step;
    while at <= high {
        marks.push(GridMark { value: at, step_size: step });
        at += step;
    }
    marks
}

/// The stretches without a gap: a missing value breaks the line instead of bending it.
pub(crate) fn runs(at_s: &[f64], values: &[f64]) -> Vec<Vec<PlotPoint>> {
    let mut runs = vec![Vec::new()];
    for (&x, &y) in at_s.iter().zip(values) {
        if x.is_finite() && y.is_finite() {
            if let Some(run) = runs.last_mut() {
                run.push(PlotPoint::new(x, y));
            }
        } else if runs.last().is_some_and(|run| !run.is_empty()) {
            runs.push(Vec::new());
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_break_the_line() {
        let nan = f64::NAN;
        let runs = runs(&[0.0, 1.0, 2.0, 3.0, nan, 5.0], &[1.0, 2.0, nan, 4.0, 5.0, 6.0]);
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
    }

    #[test]
    fn hour_marks_stay_few_whatever_the_span() {
        for (low, high) in [(0.0, 3_600.0), (0.0, 86_400.0), (1e9, 1e9 + 86_400.0), (0.0, 1e6)] {
            let marks = hours((low, high));
            assert!((1..=10).contains(&marks.len()), "{low} {high}: {}", marks.len());
        }
        assert!(hours((f64::NAN, 1.0)).is_empty() && hours((0.0, f64::INFINITY)).is_empty());
    }
}
