//! Words and colours of how far readings can be believed.

use citytwin_model::{Quality, ramp::quality_colour};
use egui::{Color32, Ui};

use crate::{
    SensorCounts,
    element::{sign, stacked},
    format::grouped,
    theme,
};

/// Sensors without any reading.
const SILENT: Color32 = theme::HOVER;

/// The word and a colour light enough to read on a dark ground.
pub fn in_words(quality: Quality) -> (&'static str, Color32) {
    let word = match quality {
        Quality::Good => "good",
        Quality::Uncertain => "uncertain",
        Quality::Bad => "bad",
        Quality::Stale => "stale",
    };
    (word, fill(quality).lerp_to_gamma(Color32::WHITE, 0.3))
}

/// The colour for areas and marks, as on the map.
pub fn fill(quality: Quality) -> Color32 {
    let [r, g, b] = quality_colour(quality);
    Color32::from_rgb(r, g, b)
}

/// Sensors by quality as one bar, and those that there are in words.
pub fn bar(ui: &mut Ui, counts: &SensorCounts) {
    let shade = |quality: Option<Quality>| quality.map_or(SILENT, fill);
    let parts = counts.parts();
    let words = in_numbers(counts);
    stacked(ui, &parts.map(|(quality, n)| (n as f64, shade(quality))), &format!("Sensors: {words}")).on_hover_text(
        format!(
            "Sensors by the quality of their latest reading: {words}.\nGood: fresh and within its limits. Uncertain: its range, \
             step or stamp is in doubt. Bad: it cannot be. Stale: too old. Silent: no reading so far."
        ),
    );
    ui.horizontal_wrapped(|ui| {
        for (text, colour) in named(counts) {
            sign(ui, "●", colour, &text);
        }
    });
}

/// `22 good, 2 stale`.
pub fn in_numbers(counts: &SensorCounts) -> String {
    let words: Vec<String> = named(counts).into_iter().map(|(text, _)| text).collect();
    if words.is_empty() { "no sensors".to_owned() } else { words.join(", ") }
}

/// `22 good`, with its colour; those that are none are left out.
fn named(counts: &SensorCounts) -> Vec<(String, Color32)> {
    let word = |quality: Option<Quality>| quality.map_or(("silent", theme::WEAK), in_words);
    let some = counts.parts().into_iter().filter(|(_, n)| *n > 0);
    some.map(|(quality, n)| (word(quality), n))
        .map(|((word, colour), n)| (format!("{} {word}", grouped(n as f64, 0)), colour))
        .collect()
}
