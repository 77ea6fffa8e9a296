//! What the panels remember between frames: open tabs, filters, sliders in the hand. Nothing of the city.

use citytwin_model::{ProblemKind, Technology, Years};

use crate::input::Picked;

/// The tabs of the right panel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Tab {
    #[default]
    Inspect,
    Figures,
    Grid,
    Year,
    Trends,
    Problems,
    Feeds,
}

/// The panels' own memory. `Default` is how the program opens.
#[derive(Clone, Debug)]
pub struct PanelState {
    pub left_open: bool,
    pub right_open: bool,
    pub tab: Tab,
    pub help_open: bool,
    pub models_open: bool,
    pub search: String,
    pub(crate) search_wanted: bool,
    /// A control or a menu had the keyboard at the end of the last frame.
    pub(crate) keys_held: bool,
    pub(crate) demand: Draft,
    /// By technology: of the whole city, and of the part below.
    pub(crate) shares: [Draft; Technology::ALL.len()],
    pub(crate) part_shares: [Draft; Technology::ALL.len()],
    pub(crate) part: PartChoice,
    pub(crate) time: Draft,
    pub(crate) problems: ProblemView,
    /// What the inspector showed last: a new pick brings the tab to the front.
    pub(crate) inspected: Option<Picked>,
}

impl Default for PanelState {
    fn default() -> Self {
        Self {
            left_open: true,
            right_open: true,
            tab: Tab::Inspect,
            help_open: false,
            models_open: false,
            search: String::new(),
            search_wanted: false,
            keys_held: false,
            demand: Draft::default(),
            shares: Default::default(),
            part_shares: Default::default(),
            part: PartChoice::default(),
            time: Draft::default(),
            problems: ProblemView::default(),
            inspected: None,
        }
    }
}

/// The part of the city that shares are set for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartChoice {
    /// About what is picked, metre; none: everywhere.
    pub radius_m: Option<f64>,
    pub built: Option<Years>,
}

impl Default for PartChoice {
    fn default() -> Self {
        Self { radius_m: Some(400.0), built: None }
    }
}

/// The filter of the problem list and the rows it leaves.
#[derive(Clone, Default, Debug)]
pub(crate) struct ProblemView {
    pub filter: String,
    pub kind: Option<ProblemKind>,
    /// Rows that pass, kept until filter or list change.
    pub rows: Vec<u32>,
    pub made_for: Option<(String, Option<ProblemKind>, usize)>,
}

/// A slider's value while it is in the hand, and until the city has taken it over.
///
/// Rule: moving changes the draft alone; the request goes out once, when the hand lets go, or, for arrow keys
/// and typed numbers, [`Draft::QUIET_S`] after the last change. Until the city shows the sent value (or
/// [`Draft::PATIENCE_S`] passed: it was refused), the slider stays where the hand left it.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) struct Draft {
    held: Option<Held>,
    sent: Option<Sent>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Held {
    value: f64,
    at_s: f64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Sent {
    value: f64,
    /// The city's value when it was sent.
    over: f64,
    at_s: f64,
}

impl Draft {
    /// How long the keyboard must rest before its value is sent, second.
    pub const QUIET_S: f64 = 0.4;
    /// How long a sent value is shown while the city still has another, second.
    pub const PATIENCE_S: f64 = 2.0;

    /// The value to show, given the city's and the time, second.
    pub fn value(&mut self, city: f64, now_s: f64) -> f64 {
        if let Some(held) = self.held {
            return held.value;
        }
        match self.sent {
            // A clock moves on by itself: what counts is whether the city came nearer to what was sent.
            Some(sent)
                if (city - sent.value).abs() >= 0.5 * (sent.over - sent.value).abs()
                    && now_s - sent.at_s < Self::PATIENCE_S =>
            {
                sent.value
            }
            _ => {
                self.sent = None;
                city
            }
        }
    }

    /// The hand moved the slider to `value`.
    pub fn hold(&mut self, value: f64, now_s: f64) {
        self.held = Some(Held { value, at_s: now_s });
    }

    /// Whether the hand is on it.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// The value to send this frame, if any: the hand let go of the control, or the keyboard rests.
    pub fn release(&mut self, ui: &egui::Ui, control: &egui::Response, city: f64) -> Option<f64> {
        let held = self.held?;
        let now_s = ui.input(|i| i.time);
        let rest_s = held.at_s + Self::QUIET_S - now_s;
        if control.dragged() || control.is_pointer_button_down_on() {
            return None;
        }
        if !control.drag_stopped() && rest_s > 0.0 {
            ui.ctx().request_repaint_after_secs(rest_s as f32);
            return None;
        }
        self.take(city, now_s)
    }

    fn take(&mut self, city: f64, now_s: f64) -> Option<f64> {
        let value = self.held.take()?.value;
        let sends = value != city && value.is_finite();
        self.sent = sends.then_some(Sent { value, over: city, at_s: now_s });
        sends.then_some(value)
    }
}

impl PanelState {
    /// Opens the right panel on a tab.
    pub fn open(&mut self, tab: Tab) {
        self.right_open = true;
        self.tab = tab;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_sent_once_and_held_until_the_city_follows() {
        let mut draft = Draft::default();
        assert_eq!(draft.value(1.0, 0.0), 1.0);
        draft.hold(1.5, 0.0);
        draft.hold(1.7, 0.1);
        assert_eq!(draft.value(1.0, 0.1), 1.7);
        assert_eq!(draft.take(1.0, 0.2), Some(1.7));
        assert_eq!(draft.take(1.0, 0.2), None);
        assert_eq!(draft.value(1.0, 0.3), 1.7, "not back to the old value while the city works");
        assert_eq!(draft.value(1.7, 0.4), 1.7);
        assert_eq!(draft.value(1.0, 0.5), 1.0, "undone since: the city's value counts");
    }

    #[test]
    fn a_refused_draft_falls_back_and_an_unchanged_one_is_not_sent() {
        let mut draft = Draft::default();
        draft.hold(0.4, 0.0);
        assert_eq!(draft.take(0.1, 0.0), Some(0.4));
        assert_eq!(draft.value(0.1, Draft::PATIENCE_S + 0.1), 0.1);
        draft.hold(0.1, 3.0);
        assert_eq!(draft.take(0.1, 5.0), None);
        draft.hold(f64::NAN, 6.0);
        assert_eq!(draft.take(0.1, 6.0), None);
        assert_eq!(draft.value(0.1, 6.0), 0.1);
    }
}
