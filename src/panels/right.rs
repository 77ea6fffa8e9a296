//! The right panel: its tabs.

use egui::{Button, Panel, RichText, Ui, vec2};

use crate::{
    PanelInput, PanelRequest, PanelState, Tab, element::contained, figures, format, grid, inspector, problems, theme,
    trends, year,
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
                Tab::Feeds => {}
            }
        });
    });
    state.right_open = open;
}

fn tabs(ui: &mut Ui, state: &mut PanelState, input: &PanelInput) {
    ui.horizontal(|ui| {
        // Six tabs fit the panel at its narrowest.
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.spacing_mut().button_padding.x = 4.5;
        for (tab, title) in [
            (Tab::Inspect, "Inspect"),
            (Tab::Figures, "Figures"),
            (Tab::Grid, "Grid"),
            (Tab::Year, "Year"),
            (Tab::Trends, "Trends"),
            (Tab::Problems, "Problems"),
        ] {
            if tab == Tab::Trends && input.history.is_none()
                || tab == Tab::Grid && input.grid.is_none()
                || tab == Tab::Year && input.year.is_none()
                || tab == Tab::Figures && input.figures.is_empty() && input.peak.is_none()
            {
                continue;
            }
            let chosen = state.tab == tab;
            let colour = if chosen { theme::STRONG } else { theme::WEAK };
            let text = RichText::new(title).color(colour).font(theme::strong(12.0));
            let response = ui.add(Button::new(text).frame_when_inactive(false).min_size(vec2(0.0, 30.0)));
            response.widget_info(|| egui::WidgetInfo::selected(egui::WidgetType::Button, true, chosen, title));
            if chosen {
                let y = response.rect.bottom() + 2.0;
                ui.painter().hline(response.rect.x_range().shrink(4.5), y, (2.0, theme::ACCENT));
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
