//! The right panel: its tabs.

use egui::{Button, Panel, RichText, Ui, vec2};

use crate::{
    PanelInput, PanelRequest, PanelState, Tab, element::contained, feeds, figures, format, grid, inspector, problems,
    theme, trends, year,
};

/// Draws the panel.
pub fn show(ui: &mut Ui, state: &mut PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    let picked = input.inspector.map(|shown| shown.picked);
    if picked != state.inspected {
        state.inspected = picked;
        if picked.is_some() {
            state.open(Tab::Inspect);
        }
    }
    let frame =
        egui::Frame::new().fill(theme::PANEL).inner_margin(egui::Margin { left: 12, right: 8, top: 6, bottom: 4 });
    let mut open = state.right_open;
    let panel = Panel::right("right-panel").default_size(335.0).size_range(320.0..=520.0).frame(frame);
    panel.show_collapsible(ui, &mut open, |ui| {
        contained(ui, |ui| {
            tabs(ui, state, input);
            match state.tab {
                Tab::Inspect => inspector::show(ui, input, out),
                Tab::Figures => figures::show(ui, input),
                Tab::Grid => grid::show(ui, input, out),
                Tab::Year => year::show(ui, input),
                Tab::Trends => trends::show(ui, input),
                Tab::Problems => problems::show(ui, state, input, out),
                Tab::Feeds => feeds::show(ui, input),
            }
        });
    });
    state.right_open = open;
}

/// Between the titles at most, point, and at least.
const PADDING: (f32, f32) = (4.5, 3.0);

/// All on one line: where the panel is narrow, room goes first, then size.
fn tabs(ui: &mut Ui, state: &mut PanelState, input: &PanelInput) {
    let offered = offered(input);
    let width = |size: f32| -> f32 {
        let one =
            |title: &str| ui.painter().layout_no_wrap(title.to_owned(), theme::strong(size), theme::WEAK).size().x;
        offered.iter().map(|(_, title)| one(title)).sum()
    };
    let (room, sides) = (ui.available_width(), 2.0 * offered.len() as f32);
    let sizes = [12.0, 11.5, 11.0, 10.5];
    let size = sizes.into_iter().find(|size| width(*size) + sides * PADDING.1 <= room).unwrap_or(10.5);
    let padding = ((room - width(size)) / sides - 0.1).clamp(PADDING.1, PADDING.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        // A button takes the width of its edge off its padding.
        ui.spacing_mut().button_padding.x = padding + ui.visuals().widgets.inactive.bg_stroke.width;
        for (tab, title) in offered {
            let chosen = state.tab == tab;
            let colour = if chosen { theme::STRONG } else { theme::WEAK };
            let text = RichText::new(title).color(colour).font(theme::strong(size));
            let response = ui.add(Button::new(text).frame_when_inactive(false).min_size(vec2(0.0, 30.0)));
            response.widget_info(|| egui::WidgetInfo::selected(egui::WidgetType::Button, true, chosen, title));
            if chosen {
                let y = response.rect.bottom() + 2.0;
                ui.painter().hline(response.rect.x_range().shrink(padding), y, (2.0, theme::ACCENT));
            }
            if response.clicked() {
                state.tab = tab;
            }
            if tab == Tab::Problems && !input.problems.is_empty() {
                response.on_hover_text(format::count(input.problems.len(), "problem", "problems"));
            }
        }
    });
    ui.painter().hline(ui.max_rect().x_range(), ui.cursor().top() - 2.0, (1.0, theme::LINE));
    ui.add_space(4.0);
}

/// Tabs that have something to show, with their titles.
fn offered(input: &PanelInput) -> Vec<(Tab, &'static str)> {
    let all = [
        (Tab::Inspect, "Inspect", true),
        (Tab::Figures, "Figures", !input.figures.is_empty() || input.peak.is_some()),
        (Tab::Feeds, "Feeds", input.feeds.is_some()),
        (Tab::Grid, "Grid", input.grid.is_some()),
        (Tab::Year, "Year", input.year.is_some()),
        (Tab::Trends, "Trends", input.history.is_some()),
        (Tab::Problems, "Problems", true),
    ];
    all.into_iter().filter(|(.., there)| *there).map(|(tab, title, _)| (tab, title)).collect()
}
