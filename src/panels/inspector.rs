//! The inspector: all that is known about the picked thing, observed beside simulated, and where each value
//! comes from.

use citytwin_model::Origin;
use egui::{Align, Label, Layout, RichText, ScrollArea, Ui};

use crate::{
    Fact, InspectorData, LayerKind, Measure, Observation, PanelInput, PanelRequest, Picked, RoadUsers, Unit,
    element::{
        card, chip, elided, empty, fine, icon_button, link, quiet_button, row, section, strong, text_row, tight, weak,
    },
    format::{NOT_YET, ago, count, grouped},
    icon, keys, quality, sensor_history, sparkline, theme,
};

/// Draws the tab.
pub fn show(ui: &mut Ui, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    let Some(data) = input.inspector else {
        empty(ui, "Nothing selected", "Click a building, a road, a sensor or a vehicle on the map.");
        return;
    };
    let area = ScrollArea::vertical().id_salt(("inspector", data.picked)).auto_shrink(false);
    area.show(ui, |ui| {
        ui.set_width(ui.available_width() - 4.0);
        tight(ui);
        head(ui, data, out);
        actions(ui, data, input, out);
        for problem in &data.problems {
            let text = RichText::new(format!("{}  {problem}", icon::WARNING)).color(theme::AMBER).size(12.0);
            ui.add(Label::new(text).wrap());
        }
        // What is watched may have said nothing at this time of the clock.
        let silence = if data.history.is_some() { "no reading" } else { "no sensor" };
        for measure in &data.measures {
            ui.push_id(&measure.label, |ui| card(ui, |ui| self::measure(ui, measure, silence)));
        }
        if let Some(history) = &data.history {
            ui.push_id("history", |ui| card(ui, |ui| sensor_history::show(ui, history, out)));
        }
        if let Some(users) = &data.users {
            section(ui, "Who drives here in the peak hour", "", |ui| self::users(ui, users, input, out));
        }
        if !data.facts.is_empty() {
            section(ui, "Properties", "", |ui| data.facts.iter().for_each(|f| fact(ui, f)));
        }
        if !data.related.is_empty() {
            section(ui, "Connected with", "", |ui| related(ui, data, out));
        }
        if !data.tags.is_empty() {
            section(ui, "Tags of the map", &count(data.tags.len(), "tag", "tags"), |ui| tags(ui, &data.tags));
        }
    });
}

fn head(ui: &mut Ui, data: &InspectorData, out: &mut Vec<PanelRequest>) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button(ui, icon::CLOSE, "Clear the selection (Esc)").clicked() {
                out.push(PanelRequest::ClearSelection);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let title = if data.title.is_empty() { "Without a name" } else { &data.title };
                elided(ui, RichText::new(title).color(theme::STRONG).font(theme::strong(16.0)));
            });
        });
    });
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        elided(ui, weak(data.kind.as_str()));
        if let Some(source) = &data.source {
            let source = source.to_string();
            copyable(ui, &source, "Copy the source id");
        }
        if let Some(at) = data.at.filter(|at| at.is_valid()) {
            copyable(ui, &format!("{:.5}, {:.5}", at.lat, at.lon), "Copy latitude and longitude");
        }
    });
}

/// A short text with a button that copies it.
fn copyable(ui: &mut Ui, text: &str, label: &str) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let shown = RichText::new(text).monospace().size(11.0).color(theme::WEAK);
        ui.add(Label::new(shown).selectable(true));
        let button = egui::Button::new(RichText::new(icon::COPY).size(12.0).color(theme::WEAK)).frame(false);
        let response = ui.add(button);
        crate::element::named(&response, label);
        if response.on_hover_text(label).clicked() {
            ui.ctx().copy_text(text.to_owned());
        }
    });
}

fn actions(ui: &mut Ui, data: &InspectorData, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    ui.horizontal(|ui| {
        if input.can.fly_to && quiet_button(ui, icon::FLY_TO, "Fly there").clicked() {
            out.push(PanelRequest::FlyTo(keys::target(data.picked)));
        }
        if let Picked::Vehicle(vehicle) = data.picked
            && input.can.follow
        {
            let words = if data.followed { "Stop following" } else { "Follow" };
            if quiet_button(ui, icon::FOLLOW, words).clicked() {
                out.push(PanelRequest::FollowVehicle((!data.followed).then_some(vehicle)));
            }
        }
        if let (Picked::Grid(element), Some(out_of_service)) = (data.picked, data.out_of_service) {
            let (icon, words) =
                if out_of_service { (icon::DONE, "Put back") } else { (icon::CLOSED, "Take out of service") };
            if quiet_button(ui, icon, words).clicked() {
                out.push(PanelRequest::SwitchGrid(element, !out_of_service));
            }
        }
    });
    ui.add_space(2.0);
}

fn measure(ui: &mut Ui, measure: &Measure, silence: &str) {
    ui.spacing_mut().item_spacing.y = 3.0;
    ui.label(strong(measure.label.as_str()));
    let estimated = measure.estimated.map(|[value, _]| value);
    let sizes = [measure.observed.as_ref().map(|o| o.value), measure.simulated, estimated];
    let size = sizes.into_iter().flatten().filter(|v| v.is_finite()).fold(0.0_f64, |a, v| a.max(v.abs()));
    let scale = measure.unit.scaled(size);
    ui.columns_const(|[left, right]| {
        left.spacing_mut().item_spacing.y = 1.0;
        right.spacing_mut().item_spacing.y = 1.0;
        left.label(fine("Observed").color(theme::AMBER));
        match &measure.observed {
            Some(seen) => {
                number(left, &scale.text(seen.value));
                observation(left, seen);
            }
            None => {
                left.label(weak(silence));
            }
        }
        right.label(fine("Simulated").color(theme::ACCENT));
        match measure.simulated {
            Some(value) => number(right, &scale.text(value)),
            None => drop(right.label(weak(NOT_YET))),
        }
        elided(right, fine(measure.model.as_str()));
    });
    if let (Some(seen), Some(simulated)) = (&measure.observed, measure.simulated) {
        difference(ui, measure, simulated - seen.value, seen.value);
    }
    if let Some([value, sigma]) = measure.estimated {
        let text =
            format!("Estimated from the sensors: {} ± {}", scale.text(value), measure.unit.scaled(sigma).text(sigma));
        elided(ui, fine(text))
            .on_hover_text("The most likely value for all that is measured, ± one standard deviation.");
    }
    if let Some(trail) = &measure.trail {
        sparkline::show(ui, trail, measure.unit);
    }
}

fn number(ui: &mut Ui, text: &str) {
    elided(ui, RichText::new(text).color(theme::STRONG).font(theme::strong(16.0)));
}

fn observation(ui: &mut Ui, seen: &Observation) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (word, colour) = quality::in_words(seen.quality);
        chip(ui, word, colour).on_hover_text("How far this reading can be believed.");
        if seen.emulated {
            chip(ui, "emulated", theme::AMBER).on_hover_text("Published by the program's own emulator.");
        }
    });
    elided(ui, fine(ago(seen.age_s)));
    elided(ui, fine(seen.sensor.as_str()));
    if !seen.made_by.is_empty() {
        elided(ui, fine(format!("from {}", seen.made_by)));
    }
}

/// The difference is the twin: how far the model is off here and now.
fn difference(ui: &mut Ui, measure: &Measure, difference: f64, observed: f64) {
    if !difference.is_finite() {
        return;
    }
    let mut text = format!("Simulated less observed: {}", measure.unit.scaled(difference).signed(difference));
    if observed.abs() > 1e-9 && (difference / observed).abs() < 10.0 {
        text += &format!("  ({:+.0}%)", 100.0 * difference / observed).replace('-', "−");
    }
    elided(ui, fine(text));
}

fn fact(ui: &mut Ui, fact: &Fact) {
    row(ui, &fact.label, |ui| match fact.origin {
        Origin::Stated => {
            elided(ui, RichText::new(&fact.value).color(theme::TEXT));
        }
        Origin::Inferred(rule) => {
            let mark = ui.label(RichText::new("≈").color(theme::AMBER).font(theme::strong(13.0)));
            mark.on_hover_text(format!("Not in the map. Inferred: {rule}"));
            let value = elided(ui, RichText::new(&fact.value).color(theme::TEXT));
            value.on_hover_text(format!("{}\nNot in the map. Inferred: {rule}", fact.value));
        }
    });
    if let Origin::Inferred(rule) = fact.origin {
        ui.add_space(-4.0);
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| elided(ui, fine(format!("inferred: {rule}"))));
        });
    }
}

/// Where a road's drivers come from and go to, and what can be reached from it.
fn users(ui: &mut Ui, users: &RoadUsers, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    let vehicles = |value: f64| Unit::VehiclesPerHour.scaled(value).text(value);
    text_row(ui, "Vehicles", &vehicles(users.vehicles));
    for (heading, places) in [("From", &users.from), ("To", &users.to)] {
        for (k, (name, value)) in places.iter().enumerate() {
            let lead = if k == 0 { heading } else { "" };
            text_row(ui, lead, &format!("{}  {name}", vehicles(*value)));
        }
    }
    for (minutes, people, jobs) in &users.within {
        let words = format!("{} people, {} jobs", rounded(*people), rounded(*jobs));
        text_row(ui, &format!("Within {minutes:.0} min"), &words);
    }
    ui.horizontal(|ui| {
        for kind in [LayerKind::RoadUsers, LayerKind::Reach] {
            let offered = input.layers.iter().any(|layer| layer.kind == kind && layer.unavailable.is_none());
            if offered && input.layer != kind && quiet_button(ui, icon::MODELS, kind.title()).clicked() {
                out.push(PanelRequest::SetLayer(kind));
            }
        }
    });
}

/// Thousands where they are: 12,300.
fn rounded(value: f64) -> String {
    let step = if value >= 1_000.0 { 100.0 } else { 10.0 };
    grouped((value / step).round() * step, 0)
}

fn related(ui: &mut Ui, data: &InspectorData, out: &mut Vec<PanelRequest>) {
    for related in &data.related {
        row(ui, &related.label, |ui| {
            let label = format!("{} {}", related.label, related.title);
            if link(ui, &related.title, &label).clicked() {
                out.push(PanelRequest::Select(related.feature));
            }
        });
    }
}

fn tags(ui: &mut Ui, tags: &[(String, String)]) {
    ui.spacing_mut().item_spacing.y = 3.0;
    for (key, value) in tags {
        text_row(ui, key, value);
    }
}
