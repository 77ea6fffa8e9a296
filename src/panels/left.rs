//! The left panel: search, layers with their legend, what is shown, what-if.

use egui::{Button, Key, Panel, RichText, ScrollArea, TextEdit, Ui, vec2};

use crate::{
    FlyTarget, LayerInfo, LayerKind, PanelInput, PanelRequest, PanelState, SearchHit,
    element::{Entry, contained, fine, icon_button, name_field, section, tight, weak},
    format::count,
    icon, legend, theme, what_if,
};

/// Draws the panel.
pub fn show(ui: &mut Ui, state: &mut PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    let frame =
        egui::Frame::new().fill(theme::PANEL).inner_margin(egui::Margin { left: 12, right: 4, top: 8, bottom: 4 });
    let mut open = state.left_open;
    let panel = Panel::left("left-panel").default_size(280.0).size_range(240.0..=400.0).frame(frame);
    panel.show_collapsible(ui, &mut open, |ui| contained(ui, |ui| sections(ui, state, input, out)));
    state.left_open = open;
}

fn sections(ui: &mut Ui, state: &mut PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.set_width(ui.available_width() - 8.0);
        if input.can.search {
            search(ui, state, input, out);
        }
        let count_of = |is: fn(LayerKind) -> bool| input.layers.iter().filter(|layer| is(layer.kind)).count();
        let (year, peak) = (count_of(LayerKind::is_year), count_of(LayerKind::is_peak));
        let (live, later) = input.layers.split_at(input.layers.len() - year - peak);
        let (year, peak) = later.split_at(year);
        if !live.is_empty() {
            section(ui, "Map colours", "", |ui| layers(ui, (live, 1), input, out));
        }
        if let Some(data) = input.what_if {
            let place = input.inspector.and_then(|picked| Some((picked.title.as_str(), picked.at?)));
            let aside =
                if data.edits.is_empty() { String::new() } else { count(data.edits.len(), "change", "changes") };
            section(ui, "What if", &aside, |ui| what_if::show(ui, state, (data, place), out));
        }
        if !year.is_empty() {
            section(ui, "Map colours: year of energy", "", |ui| layers(ui, (year, live.len() + 1), input, out));
        }
        if !peak.is_empty() {
            let first = live.len() + year.len() + 1;
            section(ui, "Map colours: weekday peak hour", "", |ui| layers(ui, (peak, first), input, out));
        }
        if !input.shown.is_empty() {
            let hidden = input.shown.iter().filter(|(_, shown)| !shown).count();
            let aside = if hidden > 0 { format!("{hidden} hidden") } else { String::new() };
            section(ui, "Show on the map", &aside, |ui| groups(ui, input, out));
        }
    });
}

fn search(ui: &mut Ui, state: &mut PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    let typed = ui
        .horizontal(|ui| {
            let clearing = !state.search.is_empty();
            let room = ui.available_width() - if clearing { 36.0 } else { 0.0 };
            let edit = TextEdit::singleline(&mut state.search)
                .hint_text(format!("{}  Search street, building, way/123 …", icon::SEARCH))
                .margin(vec2(10.0, 6.0))
                .desired_width(room);
            let response = ui.add(edit);
            name_field(&response, "Search the city", &state.search);
            if std::mem::take(&mut state.search_wanted) {
                response.request_focus();
            }
            if clearing && icon_button(ui, icon::CLOSE, "Clear the search").clicked() {
                state.search.clear();
                out.push(PanelRequest::Search(String::new()));
            }
            response
        })
        .inner;
    if typed.changed() {
        out.push(PanelRequest::Search(state.search.trim().to_owned()));
    }
    let entered = typed.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    if !state.search.trim().is_empty() {
        hits(ui, input, entered, out);
    }
    ui.add_space(4.0);
}

fn hits(ui: &mut Ui, input: &PanelInput, entered: bool, out: &mut Vec<PanelRequest>) {
    let go = |hit: &SearchHit, out: &mut Vec<PanelRequest>| {
        out.push(PanelRequest::Select(hit.feature));
        if input.can.fly_to {
            out.push(PanelRequest::FlyTo(FlyTarget::Feature(hit.feature)));
        }
    };
    if input.search.is_empty() {
        ui.label(weak("Nothing in this city matches."));
    }
    if let Some(first) = input.search.first().filter(|_| entered) {
        go(first, out);
    }
    let height = 40.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    let area = ScrollArea::vertical().id_salt("hits").max_height(6.0 * height);
    area.show_rows(ui, height - 2.0, input.search.len(), |ui, range| {
        for hit in &input.search[range] {
            let entry = Entry { lead: &hit.title, text: &hit.kind, ..Entry::default() };
            if entry.show(ui, height - 2.0).clicked() {
                go(hit, out);
            }
        }
    });
}

/// Two columns of choices, then the legend of the one that is chosen. `first`: the number key of the first.
fn layers(ui: &mut Ui, (layers, first): (&[LayerInfo], usize), input: &PanelInput, out: &mut Vec<PanelRequest>) {
    ui.spacing_mut().item_spacing = vec2(4.0, 2.0);
    ui.spacing_mut().button_padding.x = 8.0;
    let width = 0.5 * (ui.available_width() - 4.0);
    for (row, pair) in layers.chunks(2).enumerate() {
        ui.horizontal(|ui| {
            for (column, layer) in pair.iter().enumerate() {
                layer_button(ui, (layer, 2 * row + column + first), layer.kind == input.layer, width, out);
            }
        });
    }
    if let Some(layer) = layers.iter().find(|layer| layer.kind == input.layer) {
        legend::show(ui, layer);
    }
}

fn layer_button(ui: &mut Ui, (layer, key): (&LayerInfo, usize), chosen: bool, width: f32, out: &mut Vec<PanelRequest>) {
    let enabled = layer.unavailable.is_none();
    let title = layer.kind.title();
    let text = RichText::new(title).size(12.5);
    let button = Button::new(text).selected(chosen).frame_when_inactive(chosen).truncate();
    let key_text = if key < 9 { fine(key.to_string()) } else { fine("") };
    let response = ui.add_enabled(enabled, button.right_text(key_text).min_size(vec2(width, 26.0)));
    response.widget_info(|| egui::WidgetInfo::selected(egui::WidgetType::RadioButton, enabled, chosen, title));
    let response = match &layer.unavailable {
        Some(why) => response.on_disabled_hover_text(why),
        None => response.on_hover_text(layer.kind.meaning()),
    };
    if response.clicked() && !chosen {
        out.push(PanelRequest::SetLayer(layer.kind));
    }
}

fn groups(ui: &mut Ui, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    tight(ui);
    let column = 0.5 * (ui.available_width() - 8.0);
    for pair in input.shown.chunks(2) {
        ui.horizontal(|ui| {
            for (group, shown) in pair {
                ui.allocate_ui_with_layout(vec2(column, 22.0), *ui.layout(), |ui| {
                    ui.set_width(column);
                    let mut now = *shown;
                    if ui.checkbox(&mut now, group.title()).changed() {
                        out.push(PanelRequest::SetVisible(*group, now));
                    }
                });
            }
        });
    }
}
