//! The year of energy: its balance as a flow, the year, the fullest day, the hours in order, what it emits and costs and whom.

use egui::{Color32, Label, RichText, ScrollArea, Ui};
use egui_plot::{GridMark, HoverPosition, Line, LineStyle, PlotPoints};

use crate::{
    KeyFigureRow, PanelInput,
    element::{card, elided, empty, fine, folded, progress, section, strong, tight, weak},
    figures::{figure, line_of},
    format::{Scaled, Unit},
    icon,
    sankey::{self, Sankey},
    theme,
    trends::{runs, still},
};

/// A year of the city's energy as it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct YearData {
    pub state: YearState,
    /// What is computed and how sure it is, in a sentence.
    pub what: String,
    /// MWh.
    pub balance: Sankey,
    pub curves: Vec<Curve>,
    pub rows: Vec<KeyFigureRow>,
    /// What households pay.
    pub people: Vec<KeyFigureRow>,
    /// Who gains and who loses by the changes, and how many.
    pub gains: Vec<(String, String)>,
    /// What to know beside the figures.
    pub notes: Vec<String>,
}

/// Where the computation stands.
#[derive(Clone, PartialEq, Debug)]
pub enum YearState {
    /// The rows, if there are any, are those of other assumptions, or without the grid.
    Working {
        fraction: f32,
    },
    /// It took this long, second.
    Current {
        took_s: f64,
    },
    Failed(String),
}

/// Some lines over a common axis.
#[derive(Clone, PartialEq, Debug)]
pub struct Curve {
    pub title: String,
    pub unit: Unit,
    pub axis: Axis,
    pub lines: Vec<CurveLine>,
}

/// A line; gaps are NaN.
#[derive(Clone, PartialEq, Debug)]
pub struct CurveLine {
    pub name: String,
    pub colour: Color32,
    /// Without edits: dashed.
    pub baseline: bool,
    pub values: Vec<f64>,
}

/// What the values of a curve lie over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Axis {
    /// One value for each hour of a day.
    Day,
    /// Evenly over a year.
    Year,
    /// Evenly over the hours of a year, the largest first.
    Ranked,
}

/// Draws the tab.
pub fn show(ui: &mut Ui, input: &PanelInput) {
    let Some(data) = input.year else {
        empty(ui, "No year of energy", "It is computed once the city is loaded.");
        return;
    };
    ScrollArea::vertical().id_salt("year").auto_shrink(false).show(ui, |ui| {
        ui.set_width(ui.available_width() - 4.0);
        tight(ui);
        standing(ui, data);
        if data.rows.is_empty() {
            return;
        }
        section(ui, "Where energy comes from and goes", "a year", |ui| {
            sankey::show(ui, &data.balance, Unit::MegawattHours);
        });
        for curve in &data.curves {
            ui.push_id(&curve.title, |ui| plot(ui, curve));
        }
        section(ui, "The year in figures", "", |ui| rows(ui, &data.rows));
        section(ui, "Households", "", |ui| rows(ui, &data.people));
        if !data.gains.is_empty() {
            section(ui, "Who gains, who loses", "", |ui| {
                for (who, text) in &data.gains {
                    elided(ui, RichText::new(who).color(theme::TEXT).size(12.0));
                    ui.add(Label::new(fine(text.as_str())).wrap());
                }
            });
        }
        folded(ui, "year-notes", "What to know beside it", |ui| {
            for note in &data.notes {
                ui.add(Label::new(fine(format!("• {note}"))).wrap());
            }
        });
    });
}

fn standing(ui: &mut Ui, data: &YearData) {
    match &data.state {
        YearState::Working { fraction } => {
            elided(ui, weak("Computing 8,760 hours of every building …"));
            progress(ui, *fraction, "Year of energy");
        }
        YearState::Current { took_s } => {
            line_of(ui, icon::DONE, theme::BETTER, format!("{} Found in {took_s:.1} s.", data.what));
        }
        YearState::Failed(why) => line_of(ui, icon::ERROR, theme::WORSE, why.clone()),
    }
}

fn rows(ui: &mut Ui, rows: &[KeyFigureRow]) {
    ui.spacing_mut().item_spacing.y = 8.0;
    for row in rows {
        card(ui, |ui| figure(ui, row));
    }
}

fn plot(ui: &mut Ui, curve: &Curve) {
    let values = || curve.lines.iter().flat_map(|line| &line.values).filter(|value| value.is_finite());
    let scale = curve.unit.scaled(values().fold(0.0_f64, |a, v| a.max(v.abs())));
    ui.add_space(4.0);
    elided(ui, strong(curve.title.as_str()));
    ui.horizontal_wrapped(|ui| {
        ui.label(fine(scale.symbol));
        for line in &curve.lines {
            ui.label(RichText::new(if line.baseline { "- -" } else { "●" }).color(line.colour).size(10.0));
            ui.label(fine(line.name.as_str()));
        }
    });
    ui.style_mut().text_styles.insert(egui::TextStyle::Body, egui::FontId::proportional(11.0));
    let axis = curve.axis;
    still(&curve.title, 130.0, scale)
        .x_grid_spacer(move |_| axis.marks())
        .y_grid_spacer(|grid| thirds(grid.bounds))
        .x_axis_formatter(move |mark, _| axis.text(mark.value))
        .label_formatter(move |hover| hover_text(hover, scale, axis))
        .show(ui, |plot| {
            for line in &curve.lines {
                let last = (line.values.len().max(2) - 1) as f64;
                let at: Vec<f64> = (0..line.values.len()).map(|k| axis.span() * k as f64 / last).collect();
                let style = if line.baseline { LineStyle::dashed_dense() } else { LineStyle::Solid };
                for run in runs(&at, &line.values) {
                    let drawn = Line::new(line.name.as_str(), PlotPoints::Owned(run)).color(line.colour);
                    plot.line(drawn.width(if line.baseline { 1.3 } else { 1.8 }).style(style));
                }
            }
        });
}

/// Round values, three or so of them.
pub(crate) fn thirds((low, high): (f64, f64)) -> Vec<GridMark> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return Vec::new();
    }
    let ten = 10_f64.powf((span / 3.0).log10().floor());
    let step_size = [1.0, 2.0, 5.0, 10.0].map(|k| k * ten).into_iter().find(|step| span / step <= 4.0).unwrap_or(span);
    let first = (low / step_size).ceil() as i64;
    let last = (high / step_size).floor() as i64;
    (first..=last).map(|k| GridMark { value: k as f64 * step_size, step_size }).collect()
}

impl Axis {
    /// Hours that the axis spans: to the middle of the last hour of a day.
    const fn span(self) -> f64 {
        match self {
            Self::Day => 23.0,
            Self::Year | Self::Ranked => 8760.0,
        }
    }

    fn marks(self) -> Vec<GridMark> {
        let mark = |value, step_size| GridMark { value, step_size };
        match self {
            Self::Day => (0..4).map(|k| mark(6.0 * f64::from(k), 6.0)).collect(),
            // The first of every third month, in hours of a year of 365 days.
            Self::Year => [0.0, 2160.0, 4344.0, 6552.0].map(|at| mark(at, 2160.0)).into(),
            Self::Ranked => (0..5).map(|k| mark(2000.0 * f64::from(k), 2000.0)).collect(),
        }
    }

    fn text(self, value: f64) -> String {
        match self {
            Self::Day => format!("{value:02.0}:00"),
            Self::Year => ["Jan", "Apr", "Jul", "Oct"][((value / 2160.0).round() as usize).min(3)].to_owned(),
            Self::Ranked => format!("{value:.0} h"),
        }
    }

    /// Where a point lies, in words.
    fn place(self, value: f64) -> String {
        match self {
            Self::Day => format!("{:02.0}:00 to {:02.0}:00", value, value + 1.0),
            Self::Year => format!("week {:.0}", (value / 168.0).floor() + 1.0),
            Self::Ranked => format!("in {value:.0} hours of the year or more"),
        }
    }
}

fn hover_text(hover: &HoverPosition, scale: Scaled, axis: Axis) -> Option<String> {
    match hover {
        HoverPosition::NearDataPoint { plot_name, position, .. } => {
            Some(format!("{plot_name} {}\n{}", scale.text(position.y), axis.place(position.x)))
        }
        HoverPosition::Elsewhere { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_few_and_round_whatever_the_span() {
        for (low, high) in [(0.0, 5.4e7), (-3.0, 1.0), (0.0, 1e-3), (-1e9, 1e9)] {
            let marks = thirds((low, high));
            assert!((2..=6).contains(&marks.len()), "{low} {high}: {marks:?}");
        }
        assert!(thirds((0.0, f64::NAN)).is_empty() && thirds((1.0, 1.0)).is_empty());
        for axis in [Axis::Day, Axis::Year, Axis::Ranked] {
            let marks = axis.marks();
            let texts: std::collections::BTreeSet<String> = marks.iter().map(|mark| axis.text(mark.value)).collect();
            assert_eq!(texts.len(), marks.len(), "{axis:?}");
        }
    }
}
