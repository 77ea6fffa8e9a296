//! The bar at the top: which city this is, how its feed stands, camera, picture, help.

use egui::{Align, Button, Layout, Panel, Popup, PopupCloseBehavior, RichText, Ui, vec2};

use crate::{
    CameraPreset, FeedData, FeedState, FeedsData, PanelInput, PanelRequest, PanelState, Tab,
    element::{chip, elided, fine, icon_button, named, side_toggle, strong, text_row, tight},
    feeds,
    format::{ago, count, grouped},
    icon, theme,
};

/// Draws the bar.
pub fn show(ui: &mut Ui, state: &mut PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    let frame = egui::Frame::new().fill(theme::BAR).inner_margin(egui::Margin::symmetric(10, 6));
    Panel::top("top-bar").exact_size(40.0).resizable(false).frame(frame).show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            if side_toggle(ui, state.left_open, true, "Left panel (F2)").clicked() {
                state.left_open = !state.left_open;
            }
            ui.add_space(2.0);
            ui.label(RichText::new("CityTwin").color(theme::WEAK).font(theme::strong(13.0)));
            ui.label(RichText::new("/").color(theme::LINE).size(13.0));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                tools(ui, state, input, out);
                match (input.feeds, input.feed) {
                    (Some(feeds), _) => feeds_chip(ui, state, feeds),
                    (None, Some(feed)) => feed_chip(ui, feed),
                    (None, None) => {}
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| city(ui, input));
            });
        });
    });
}

fn city(ui: &mut Ui, input: &PanelInput) {
    let city = &input.city;
    let name = if city.name.is_empty() { "No city open" } else { city.name };
    // Half the room at most: a very long name must not push the numbers away.
    let room = ui.available_width();
    ui.scope(|ui| {
        ui.set_max_width(0.6 * room);
        elided(ui, strong(name).font(theme::strong(14.0)));
    });
    let mut facts = Vec::new();
    if let Some(population) = city.population {
        facts.push(count(population as usize, "inhabitant", "inhabitants"));
    }
    for (n, one, many) in
        [(city.buildings, "building", "buildings"), (city.roads, "road", "roads"), (city.sensors, "sensor", "sensors")]
    {
        if n > 0 {
            facts.push(count(n, one, many));
        }
    }
    if !facts.is_empty() {
        elided(ui, fine(facts.join("  ·  ")));
    }
}

/// From right to left.
fn tools(ui: &mut Ui, state: &mut PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    ui.spacing_mut().item_spacing.x = 4.0;
    if side_toggle(ui, state.right_open, false, "Right panel (F3)").clicked() {
        state.right_open = !state.right_open;
    }
    if icon_button(ui, icon::HELP, "Keys and help (F1)").clicked() {
        state.help_open = !state.help_open;
    }
    if !input.models.is_empty() && icon_button(ui, icon::MODELS, "Models and how far to trust them").clicked() {
        state.models_open = !state.models_open;
    }
    if input.can.screenshot && icon_button(ui, icon::SCREENSHOT, "Save a picture (F12)").clicked() {
        out.push(PanelRequest::Screenshot);
    }
    if input.can.camera_presets {
        ui.separator();
        for (icon, label, preset) in [
            (icon::TILT, "Tilted view", CameraPreset::Tilt),
            (icon::TOP, "Look straight down (T)", CameraPreset::Top),
            (icon::HOME, "Whole city (Home)", CameraPreset::Home),
        ] {
            if icon_button(ui, icon, label).clicked() {
                out.push(PanelRequest::Camera(preset));
            }
        }
    }
    ui.separator();
    ui.spacing_mut().item_spacing.x = 8.0;
}

/// How all feeds stand; a click opens their tab.
fn feeds_chip(ui: &mut Ui, state: &mut PanelState, feeds: &FeedsData) {
    let (words, colour) = feeds::standing(feeds);
    let sensors = feeds.sensors();
    let good = count(sensors.total(), "sensor", "sensors");
    let response = standing(ui, &words, colour)
        .on_hover_text(format!("{} of {good} good. Click for the feeds.", grouped(sensors.good as f64, 0)));
    if response.clicked() {
        state.open(Tab::Feeds);
    }
    if feeds.emulated() {
        emulated(ui);
    }
}

fn standing(ui: &mut Ui, words: &str, colour: egui::Color32) -> egui::Response {
    let text = RichText::new(format!("{}  {words}", icon::FEED)).color(colour).font(theme::strong(12.0));
    let response = ui.add(Button::new(text).frame_when_inactive(false).min_size(vec2(0.0, 26.0)));
    named(&response, &format!("Feed: {words}"));
    response
}

fn emulated(ui: &mut Ui) {
    chip(ui, "EMULATED", theme::AMBER)
        .on_hover_text("These readings come from the program's own emulator, not from the city's sensors.");
}

/// State of the feed; a click opens its numbers. The badge of emulation is always in sight.
fn feed_chip(ui: &mut Ui, feed: &FeedData) {
    let (words, colour) = words(feed);
    let response = standing(ui, words, colour);
    let popup = Popup::from_toggle_button_response(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    popup.width(300.0).show(|ui| {
        ui.set_width(280.0);
        details(ui, feed);
    });
    if feed.emulated {
        emulated(ui);
    }
}

fn words(feed: &FeedData) -> (&'static str, egui::Color32) {
    match feed.state {
        FeedState::Connecting => ("Connecting …", theme::WEAK),
        FeedState::Live if feed.sensors > 0 && feed.good == 0 => ("No fresh readings", theme::AMBER),
        FeedState::Live => ("Live", theme::BETTER),
        FeedState::Lost(_) => ("Connection lost", theme::WORSE),
    }
}

fn details(ui: &mut Ui, feed: &FeedData) {
    tight(ui);
    ui.label(strong("Live feed"));
    elided(ui, fine(feed.source.as_str()));
    if let FeedState::Lost(why) = &feed.state {
        ui.label(RichText::new(format!("{why} Trying again.")).color(theme::WORSE).size(12.0));
    }
    ui.separator();
    let number = |n: u64, one, many| count(usize::try_from(n).unwrap_or(usize::MAX), one, many);
    text_row(ui, "Received", &number(feed.packets, "packet", "packets"));
    text_row(ui, "Taken in", &number(feed.readings, "reading", "readings"));
    text_row(ui, "Could not be read", &number(feed.refused, "packet", "packets"));
    text_row(ui, "Lost on the way", &number(feed.dropped, "reading", "readings"));
    ui.separator();
    text_row(ui, "In the city", &count(feed.sensors, "sensor", "sensors"));
    text_row(ui, "Good", &count(feed.good, "sensor", "sensors"));
    text_row(ui, "Stale", &count(feed.stale, "sensor", "sensors"));
    text_row(ui, "Oldest reading", &feed.oldest_s.map_or_else(|| "none yet".to_owned(), ago));
    if let Some(error) = &feed.last_error {
        ui.separator();
        ui.label(fine("Latest trouble"));
        ui.label(RichText::new(error.as_str()).color(theme::AMBER).size(12.0));
    }
}
