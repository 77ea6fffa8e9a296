//! Key figures: baseline against now, the difference with its 95 % interval, and who says so.

use egui::{Color32, Label, RichText, ScrollArea, Ui};

use crate::{
    Better, Comparison, KeyFigureRow, PanelInput, PeakHour, PeakState,
    element::{card, elided, empty, fine, progress, section, strong, tight, weak},
    format::NOT_YET,
    icon, theme,
};

/// What can be said of a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Better,
    Worse,
    /// A change that is neither.
    Changed,
    /// Within the interval: chance explains it.
    Unclear,
    /// No interval was estimated: a single run.
    NoInterval,
    /// Not both numbers are there.
    Unknown,
}

impl KeyFigureRow {
    /// Now less baseline, when both are there.
    pub fn difference(&self) -> Option<f64> {
        Some(self.now? - self.baseline?).filter(|d| d.is_finite())
    }

    /// Judges the difference: only what lies outside the 95 % interval is called better or worse.
    pub fn verdict(&self) -> Verdict {
        match (self.difference(), self.interval.filter(|i| i.is_finite())) {
            (None, _) => Verdict::Unknown,
            (Some(_), None) => Verdict::NoInterval,
            (Some(difference), Some(interval)) if difference.abs() <= interval.abs() => Verdict::Unclear,
            (Some(difference), Some(_)) => match (self.better, difference > 0.0) {
                (Better::Neither, _) => Verdict::Changed,
                (Better::Higher, true) | (Better::Lower, false) => Verdict::Better,
                _ => Verdict::Worse,
            },
        }
    }
}

/// Draws the tab.
pub fn show(ui: &mut Ui, input: &PanelInput) {
    if input.figures.is_empty() && input.peak.is_none() {
        empty(ui, "No key figures yet", "They appear as soon as the simulation runs.");
        return;
    }
    ScrollArea::vertical().id_salt("figures").auto_shrink(false).show(ui, |ui| {
        ui.set_width(ui.available_width() - 4.0);
        if let Some(peak) = input.peak {
            section(ui, "Weekday peak hour", "", |ui| peak_hour(ui, peak));
            ui.label(strong("Live simulation"));
        }
        if let Some(what_if) = input.what_if {
            standing(ui, &what_if.comparison, what_if.edits.is_empty());
        }
        ui.spacing_mut().item_spacing.y = 8.0;
        for row in input.figures {
            card(ui, |ui| figure(ui, row));
        }
        ui.add(Label::new(fine("± is half the 95% confidence interval of the difference.")).wrap());
    });
}

/// The equilibrium's figures: answered by themselves after a change.
fn peak_hour(ui: &mut Ui, peak: &PeakHour) {
    match &peak.state {
        PeakState::Preparing { doing, fraction } => {
            elided(ui, weak(doing.as_str()));
            progress(ui, *fraction, "Peak hour");
        }
        PeakState::Working => line_of(ui, icon::INFO, theme::ACCENT, "Answering your change …".into()),
        PeakState::Current { took_s } => {
            line_of(ui, icon::DONE, theme::BETTER, format!("{} Found in {took_s:.2} s.", peak.what));
        }
        PeakState::Failed(why) => line_of(ui, icon::ERROR, theme::WORSE, why.clone()),
    }
    ui.spacing_mut().item_spacing.y = 8.0;
    for row in &peak.rows {
        card(ui, |ui| figure(ui, row));
    }
}

pub(crate) fn line_of(ui: &mut Ui, icon: &str, colour: Color32, text: String) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(icon).color(colour));
        ui.label(weak(text));
    });
}

/// Where the comparison stands, in a sentence.
fn standing(ui: &mut Ui, comparison: &Comparison, no_edits: bool) {
    match comparison {
        Comparison::None if no_edits => {
            line_of(ui, icon::INFO, theme::WEAK, "The city as it is. Make a change to compare.".into());
        }
        Comparison::None => line_of(ui, icon::INFO, theme::WEAK, "Your changes have not been compared yet.".into()),
        Comparison::Running { fraction, doing } => {
            elided(ui, weak(doing.as_str()));
            progress(ui, *fraction, "Comparison of key figures");
        }
        Comparison::Done(what) => line_of(ui, icon::DONE, theme::BETTER, what.clone()),
        Comparison::Outdated(what) => {
            line_of(ui, icon::WARNING, theme::AMBER, format!("{what}. You have changed something since."));
        }
        Comparison::Failed(why) => line_of(ui, icon::ERROR, theme::WORSE, why.clone()),
    }
    ui.add_space(2.0);
}

pub(crate) fn figure(ui: &mut Ui, row: &KeyFigureRow) {
    tight(ui);
    let (words, colour, why) = match row.verdict() {
        Verdict::Better => ("better", theme::BETTER, "Outside the 95% interval: more than chance, and for the better."),
        Verdict::Worse => ("worse", theme::WORSE, "Outside the 95% interval: more than chance, and for the worse."),
        Verdict::Changed => ("changed", theme::ACCENT, "Outside the 95% interval: more than chance."),
        Verdict::Unclear => ("no clear change", theme::WEAK, "Within the 95% interval: chance alone explains it."),
        Verdict::NoInterval => ("single run", theme::WEAK, "From one run: how much is chance is not known."),
        Verdict::Unknown => ("", theme::WEAK, ""),
    };
    let sizes = [row.baseline, row.now].into_iter().flatten().filter(|v| v.is_finite());
    let scale = row.unit.scaled(sizes.fold(0.0_f64, |a, v| a.max(v.abs())));
    let shown = |value: Option<f64>| value.map_or_else(|| NOT_YET.to_owned(), |v| scale.text(v));
    line(ui, RichText::new(&row.label).color(theme::TEXT), &row.says, (fine(words).color(colour), why));
    let now = match row.now {
        Some(_) => RichText::new(shown(row.now)).font(theme::strong(17.0)).color(theme::STRONG),
        None => weak(NOT_YET),
    };
    elided(ui, now);
    let difference = row.difference().map(|d| difference_text(row, d)).unwrap_or_default();
    let difference = RichText::new(difference).color(colour).font(theme::strong(12.0));
    line(ui, fine(format!("Baseline {}", shown(row.baseline))), &row.says, (difference, why));
}

/// Something at both ends of a line, each with its tooltip.
fn line(ui: &mut Ui, left: RichText, left_tip: &str, (right, right_tip): (RichText, &str)) {
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if !right.is_empty() {
                elided(ui, right).on_hover_text(right_tip);
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                elided(ui, left).on_hover_text(left_tip);
            });
        });
    });
}

/// `−1.5 min ± 0.4 min`, in a scale of its own.
fn difference_text(row: &KeyFigureRow, difference: f64) -> String {
    let interval = row.interval.filter(|i| i.is_finite()).map(f64::abs);
    let scale = row.unit.scaled(difference.abs().max(interval.unwrap_or(0.0)));
    match interval.filter(|i| *i > 0.0) {
        Some(interval) => format!("{} ± {}", scale.signed_number(difference), scale.text(interval)),
        None => scale.signed(difference),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Unit;

    fn row(baseline: Option<f64>, now: Option<f64>, interval: Option<f64>, better: Better) -> KeyFigureRow {
        let unit = Unit::Seconds;
        KeyFigureRow { label: "t".into(), unit, baseline, now, interval, better, says: String::new() }
    }

    #[test]
    fn only_what_chance_cannot_explain_is_judged() {
        let check = |row: KeyFigureRow, expected| assert_eq!(row.verdict(), expected, "{row:?}");
        check(row(Some(600.0), Some(700.0), Some(20.0), Better::Lower), Verdict::Worse);
        check(row(Some(600.0), Some(500.0), Some(20.0), Better::Lower), Verdict::Better);
        check(row(Some(600.0), Some(700.0), Some(20.0), Better::Higher), Verdict::Better);
        check(row(Some(600.0), Some(700.0), Some(20.0), Better::Neither), Verdict::Changed);
        check(row(Some(600.0), Some(610.0), Some(20.0), Better::Lower), Verdict::Unclear);
        check(row(Some(600.0), Some(600.0), Some(0.0), Better::Lower), Verdict::Unclear);
        check(row(Some(600.0), Some(610.0), None, Better::Lower), Verdict::NoInterval);
        check(row(Some(600.0), Some(610.0), Some(f64::NAN), Better::Lower), Verdict::NoInterval);
        check(row(None, Some(610.0), Some(1.0), Better::Lower), Verdict::Unknown);
        check(row(Some(600.0), Some(f64::NAN), Some(1.0), Better::Lower), Verdict::Unknown);
    }

    #[test]
    fn differences_read_with_their_interval() {
        let shown = row(Some(700.0), Some(610.0), Some(24.0), Better::Lower);
        assert_eq!(difference_text(&shown, -90.0), "−1.5 ± 0.4 min");
        assert_eq!(difference_text(&row(None, None, None, Better::Lower), 30.0), "+30 s");
    }
}
