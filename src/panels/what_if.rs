//! What-if: the assumptions as sliders, the picked road as a switch, the list of changes, the comparison.

use citytwin_model::{
    Area, Assumptions, ChargingRule, LonLat, NetworkEdit, Oneway, Part, PartRequest, PartShare, Request, Technology,
    Years,
};
use egui::{Button, DragValue, RichText, Slider, Ui, vec2};

use crate::{
    Comparison, PanelRequest, PanelState, PickedRoad, Tab, WhatIfData,
    element::{
        card, elided, fine, folded, handle, icon_button, main_button, named, progress, quiet_button, row, tight, weak,
    },
    icon,
    state::Draft,
    theme,
};

/// One assumption as a slider, in per cent.
struct Knob<'a> {
    title: &'a str,
    meaning: &'a str,
    /// Per cent.
    high: f64,
    /// As it is now, share.
    now: f64,
    /// Without edits, share.
    baseline: f64,
    request: &'a dyn Fn(f64) -> Request,
}

/// Draws the section.
pub fn show(
    ui: &mut Ui,
    state: &mut PanelState,
    (data, place): (&WhatIfData, Option<(&str, LonLat)>),
    out: &mut Vec<PanelRequest>,
) {
    tight(ui);
    let (now, base) = (&data.now, &data.baseline);
    let demand = Knob {
        title: "Traffic demand",
        meaning: "Trips relative to today: 100% is the demand as modelled.",
        high: 300.0,
        now: now.demand_factor,
        baseline: base.demand_factor,
        request: &Request::SetDemandFactor,
    };
    slide(ui, &mut state.demand, &demand, out);
    for technology in SHOWN {
        share(ui, state, technology, (now, base), out);
    }
    ui.add_space(2.0);
    folded(ui, "more-energy", "Batteries, retrofit, charging", |ui| {
        for technology in FOLDED {
            share(ui, state, technology, (now, base), out);
        }
        charging(ui, now.charging, out);
    });
    ui.add_space(2.0);
    part(ui, state, (now, place), out);
    ui.add_space(2.0);
    road(ui, data.road.as_ref(), out);
    if !data.edits.is_empty() {
        changes(ui, &data.edits, out);
    }
    ui.add_space(4.0);
    compare(ui, state, data, out);
}

/// A technology's share of the whole city.
fn share(
    ui: &mut Ui,
    state: &mut PanelState,
    technology: Technology,
    (now, base): (&Assumptions, &Assumptions),
    out: &mut Vec<PanelRequest>,
) {
    let (title, meaning) = said(technology);
    let [now, baseline] = [now, base].map(|of| of.share(technology));
    let request = &|share| Request::SetShare(technology, share);
    let knob = Knob { title, meaning, high: 100.0, now, baseline, request };
    slide(ui, &mut state.shares[technology as usize], &knob, out);
}

/// When electric cars charge.
fn charging(ui: &mut Ui, now: ChargingRule, out: &mut Vec<PanelRequest>) {
    let mut chosen = now;
    let rules = ChargingRule::ALL.map(|rule| (rule, rule.phrase().to_owned()));
    choose(ui, ("Cars charge", "When electric cars charge"), &mut chosen, &rules);
    if chosen != now {
        out.push(PanelRequest::Edit(Request::SetCharging(chosen)));
    }
}

fn slide(ui: &mut Ui, draft: &mut Draft, knob: &Knob<'_>, out: &mut Vec<PanelRequest>) {
    let now_s = ui.input(|i| i.time);
    // The draft holds per cent, rounded to whole ones, so that what is shown is what is sent.
    let city = if knob.now.is_finite() { (100.0 * knob.now).clamp(0.0, knob.high) } else { 0.0 };
    // Slider and field round what they are given to whole per cent: that is no wish of the person.
    let given = draft.value(city, now_s).round();
    let mut percent = given;
    let typed = ui.horizontal(|ui| {
        let label = ui.label(RichText::new(knob.title).color(theme::TEXT)).on_hover_text(knob.meaning);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let value = DragValue::new(&mut percent).range(0.0..=knob.high).max_decimals(0).suffix("%").speed(0.5);
            ui.spacing_mut().interact_size = vec2(48.0, 20.0);
            ui.spacing_mut().button_padding = vec2(6.0, 1.0);
            ui.add(value.update_while_editing(false)).labelled_by(label.id)
        })
        .inner
    });
    let slider = ui
        .scope(|ui| {
            ui.spacing_mut().slider_width = ui.available_width();
            ui.visuals_mut().selection.bg_fill = theme::ACCENT;
            ui.add(Slider::new(&mut percent, 0.0..=knob.high).step_by(1.0).show_value(false))
        })
        .inner;
    slider.widget_info(|| egui::WidgetInfo::slider(true, percent, knob.title));
    handle(ui, &slider, percent / knob.high);
    mark_baseline(ui, slider.rect, (100.0 * knob.baseline / knob.high) as f32);
    let control = typed.inner | slider;
    if percent != given {
        draft.hold(percent.round().clamp(0.0, knob.high), now_s);
    }
    if let Some(percent) = draft.release(ui, &control, city) {
        out.push(PanelRequest::Edit((knob.request)(percent.clamp(0.0, knob.high) / 100.0)));
    }
    let baseline = format!("{}\nBaseline: {:.0}%. Applied when you let go.", knob.meaning, 100.0 * knob.baseline);
    control.on_hover_text(baseline);
}

/// A notch under the rail where the baseline lies.
fn mark_baseline(ui: &Ui, rect: egui::Rect, share: f32) {
    if share.is_finite() {
        let radius = 0.4 * rect.height();
        let x = egui::lerp(rect.left() + radius..=rect.right() - radius, share.clamp(0.0, 1.0));
        let y = rect.center().y;
        ui.painter().vline(x, y + 7.0..=y + 11.0, (1.5, theme::WEAK));
    }
}

/// Radii offered for an area, metre.
const RADII_M: [f64; 6] = [100.0, 200.0, 400.0, 800.0, 1_500.0, 3_000.0];

/// Technologies at hand, and those a click away.
const SHOWN: [Technology; 3] = [Technology::Photovoltaics, Technology::ElectricCars, Technology::HeatPumps];
const FOLDED: [Technology; 2] = [Technology::Batteries, Technology::Retrofit];

/// A technology's slider: its name and what it means.
const fn said(technology: Technology) -> (&'static str, &'static str) {
    match technology {
        Technology::Photovoltaics => ("Roofs with solar", "Share of suitable roofs that carry photovoltaics."),
        Technology::ElectricCars => ("Electric cars", "Share of cars that are electric and charge in the city."),
        Technology::HeatPumps => (
            "Heat pumps",
            "Share of heated buildings (homes, offices, shops, schools …) that get a heat pump. Today's are in the mean use of electricity.",
        ),
        Technology::Batteries => ("Home batteries", "Share of buildings with photovoltaics that also have a battery."),
        Technology::Retrofit => ("Retrofit", "Share of heated buildings that are insulated and get new windows."),
    }
}

/// A part of the city as a person would say it.
pub fn part_in_words(part: &Part) -> String {
    let circle = part.within.map(|area| format!("within {:.0} m", area.radius_m));
    let built = part.built.map(|years| format!("built {}", years_in_words(years)));
    [circle, built].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn years_in_words(years: Years) -> String {
    match (years.first, years.last) {
        (0, last) => format!("to {last}"),
        (first, u16::MAX) => format!("from {first}"),
        (first, last) => format!("{first}–{last}"),
    }
}

/// Shares within a circle about what is picked, of buildings of some years, or both; and those that hold somewhere already.
fn part(
    ui: &mut Ui,
    state: &mut PanelState,
    (now, place): (&Assumptions, Option<(&str, LonLat)>),
    out: &mut Vec<PanelRequest>,
) {
    for of in &now.parts {
        own_share(ui, of, out);
    }
    folded(ui, "part", "In a part of the city", |ui| {
        let picked = place.map(|(name, _)| name);
        where_in(ui, state, picked);
        let circle = |(_, centre), radius_m| Area { centre, radius_m }.rounded();
        let within = place.zip(state.part.radius_m).map(|(place, radius_m)| circle(place, radius_m));
        let part = Part { within, built: state.part.built };
        if part.within.is_none() && part.built.is_none() {
            ui.add(egui::Label::new(weak("Pick something on the map, or choose years of construction.")).wrap());
            return;
        }
        for technology in Technology::ALL {
            let (title, _) = said(technology);
            let city = now.share(technology);
            let own = now.parts.iter().find(|of| of.technology == technology && of.part == part);
            let knob = Knob {
                title: &format!("{title} here"),
                meaning: "The share in this part of the city alone.",
                high: 100.0,
                now: own.map_or(city, |of| of.share),
                baseline: city,
                request: &|share| Request::SetPartShare(PartRequest { technology, part, share: Some(share) }),
            };
            slide(ui, &mut state.part_shares[technology as usize], &knob, out);
        }
    });
}

/// Which part: a radius about what is picked, and years of construction.
fn where_in(ui: &mut Ui, state: &mut PanelState, picked: Option<&str>) {
    let choice = &mut state.part;
    if let Some(name) = picked {
        let text = |radius_m: Option<f64>| radius_m.map_or_else(|| "everywhere".into(), |m| format!("within {m:.0} m"));
        let radii: Vec<_> = RADII_M.map(Some).into_iter().chain([None]).map(|value| (value, text(value))).collect();
        choose(ui, (&format!("Around {name}"), "Radius of the area"), &mut choice.radius_m, &radii);
    }
    let text = |years: Option<Years>| years.map_or_else(|| "any year".into(), years_in_words);
    let bands: Vec<_> = [None].into_iter().chain(Years::BANDS.map(Some)).map(|value| (value, text(value))).collect();
    choose(ui, ("Built", "Years of construction"), &mut choice.built, &bands);
}

/// A row with a list to choose from.
fn choose<T: PartialEq + Copy>(ui: &mut Ui, (label, name): (&str, &str), value: &mut T, choices: &[(T, String)]) {
    let shown = choices.iter().find(|(of, _)| of == value).map_or("", |(_, text)| text.as_str()).to_owned();
    row(ui, label, |ui| {
        let combo = egui::ComboBox::from_id_salt(name).width(110.0).selected_text(RichText::new(shown).size(12.0));
        let response = combo.show_ui(ui, |ui| {
            for (of, text) in choices {
                ui.selectable_value(value, *of, text);
            }
        });
        response.response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::ComboBox, true, name));
    });
}

/// A share that holds in a part, and the way out of it.
fn own_share(ui: &mut Ui, of: &PartShare, out: &mut Vec<PanelRequest>) {
    let PartShare { technology, part, share } = *of;
    let what = format!("{:.0} % {} {}", 100.0 * share, technology.phrase(), part_in_words(&part));
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icon_button(ui, icon::CLOSE, &format!("As in the rest of the city: {what}")).clicked() {
                out.push(PanelRequest::Edit(Request::SetPartShare(PartRequest { technology, part, share: None })));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let text = elided(ui, RichText::new(&what).color(theme::TEXT));
                if let Some(Area { centre: LonLat { lon, lat }, .. }) = part.within {
                    text.on_hover_text(format!("of {lat:.5}, {lon:.5}"));
                }
            });
        });
    });
}

fn road(ui: &mut Ui, road: Option<&PickedRoad>, out: &mut Vec<PanelRequest>) {
    let Some(road) = road else {
        ui.add(egui::Label::new(weak("Click a road on the map to close or change it.")).wrap());
        return;
    };
    card(ui, |ui| {
        ui.horizontal(|ui| {
            let (icon, colour) =
                if road.change.closed { (icon::CLOSED, theme::WORSE) } else { (icon::CAR, theme::ACCENT) };
            ui.label(RichText::new(icon).color(colour).size(15.0));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.label(fine(if road.change.closed { "closed" } else { "open" }).color(colour));
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    elided(ui, RichText::new(&road.name).color(theme::STRONG)).on_hover_text(road.source.to_string());
                });
            });
        });
        let words = if road.change.closed { "Reopen this road" } else { "Close this road" };
        let size = vec2(ui.available_width(), 26.0);
        let response = ui.add_enabled_ui(road.refused.is_none(), |ui| ui.add_sized(size, Button::new(words))).inner;
        if response.clicked() {
            let source = road.source.clone();
            let request = if road.change.closed { Request::reopen(source) } else { Request::close(source) };
            out.push(PanelRequest::Edit(request));
        }
        match &road.refused {
            Some(why) => drop(ui.add(egui::Label::new(fine(why.as_str())).wrap())),
            None if !road.change.closed => layout(ui, road, out),
            None => {}
        }
    });
}

/// Lanes, limit and direction of an open road: as mapped, or changed.
fn layout(ui: &mut Ui, road: &PickedRoad, out: &mut Vec<PanelRequest>) {
    let source = || road.source.clone();
    let mut ask = |edit: NetworkEdit| out.push(PanelRequest::Edit(Request::Network(edit)));
    let lanes = (1..=4).map(|n| (Some(n), n.to_string()));
    if let Some(lanes) = choice(ui, ("Lanes each way", &road.mapped_lanes), road.change.lanes, lanes) {
        ask(NetworkEdit::Lanes { road: source(), lanes });
    }
    let limits = LIMITS_KMH.into_iter().map(|kmh| (Some(kmh), format!("{kmh} km/h")));
    if let Some(kmh) = choice(ui, ("Speed limit", &road.mapped_limit), road.change.speed_kmh, limits) {
        ask(NetworkEdit::SpeedLimit { road: source(), kmh });
    }
    if road.two_way {
        let ways = [
            (Some(Oneway::Forward), "one-way, as drawn".to_owned()),
            (Some(Oneway::Backward), "one-way, the other way".to_owned()),
        ];
        if let Some(way) = choice(ui, ("Direction", "both ways"), road.change.oneway, ways.into_iter()) {
            ask(NetworkEdit::Oneway { road: source(), way });
        }
    }
}

/// Limits offered, km/h.
const LIMITS_KMH: [f64; 6] = [10.0, 20.0, 30.0, 50.0, 70.0, 100.0];

/// One property with its choices, first the one that the map has; what was chosen anew.
fn choice<T: PartialEq + Copy>(
    ui: &mut Ui,
    (label, mapped): (&str, &str),
    now: Option<T>,
    others: impl Iterator<Item = (Option<T>, String)>,
) -> Option<Option<T>> {
    let mut choices = vec![(None, format!("{mapped} (map)"))];
    choices.extend(others);
    let mut chosen = now;
    let shown = choices.iter().find(|(value, _)| *value == now).map_or_else(String::new, |(_, text)| text.clone());
    row(ui, label, |ui| {
        let combo = egui::ComboBox::from_id_salt(label).width(130.0).selected_text(RichText::new(shown).size(12.0));
        let response = combo.show_ui(ui, |ui| {
            for (value, text) in &choices {
                ui.selectable_value(&mut chosen, *value, text);
            }
        });
        let name = format!("{label} of the selected road");
        response.response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::ComboBox, true, &name));
    });
    (chosen != now).then_some(chosen)
}

fn changes(ui: &mut Ui, edits: &[String], out: &mut Vec<PanelRequest>) {
    ui.horizontal(|ui| {
        ui.label(fine("Your changes"));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let all = ui.add(Button::new(fine("Undo all").color(theme::ACCENT)).frame(false));
            named(&all, "Undo all changes");
            if all.clicked() {
                out.push(PanelRequest::ResetEdits);
            }
        });
    });
    let height = 24.0;
    let area = egui::ScrollArea::vertical().id_salt("edits").max_height(5.0 * (height + 2.0));
    ui.spacing_mut().item_spacing.y = 2.0;
    area.stick_to_bottom(true).show_rows(ui, height, edits.len(), |ui, range| {
        for place in range {
            ui.horizontal(|ui| {
                ui.set_height(height);
                ui.label(fine(format!("{}.", place + 1)));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if place + 1 == edits.len() && icon_button(ui, icon::UNDO, "Undo this change (Ctrl Z)").clicked() {
                        out.push(PanelRequest::UndoEdit);
                    }
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        elided(ui, RichText::new(&edits[place]).size(12.0));
                    });
                });
            });
        }
    });
}

fn compare(ui: &mut Ui, state: &mut PanelState, data: &WhatIfData, out: &mut Vec<PanelRequest>) {
    if let Comparison::Running { fraction, doing } = &data.comparison {
        let percent = if fraction.is_finite() { (100.0 * fraction.clamp(0.0, 1.0)).round() } else { 0.0 };
        ui.horizontal(|ui| {
            ui.label(RichText::new(format!("{percent}%")).font(theme::strong(13.0)).color(theme::STRONG));
            elided(ui, fine(doing.as_str()));
        });
        progress(ui, *fraction, "Comparison");
        if quiet_button(ui, icon::CLOSE, "Cancel").clicked() {
            out.push(PanelRequest::CancelCompare);
        }
        return;
    }
    if data.edits.is_empty() {
        ui.add(egui::Label::new(weak("Change something, then compare it with the city as it is.")).wrap());
    } else {
        let words = match data.comparison {
            Comparison::Done(_) | Comparison::Outdated(_) => "Compare again",
            _ => "Compare with baseline",
        };
        if main_button(ui, icon::COMPARE, words).clicked() {
            out.push(PanelRequest::Compare);
            state.open(Tab::Figures);
        }
    }
    if let Comparison::Failed(why) = &data.comparison {
        ui.label(RichText::new(why).color(theme::WORSE).size(12.0));
    }
}
