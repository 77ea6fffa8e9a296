//! The small parts all panels are built of: sections, chips, icon buttons, rows, meters. They know the theme
//! and egui, nothing of the city.

use egui::{
    Align, Button, Color32, Frame, Id, Label, Layout, Margin, Rect, Response, RichText, Sense, Stroke, TextWrapMode,
    Ui, WidgetInfo, WidgetType, collapsing_header::CollapsingState, vec2,
};

use crate::{icon, theme};

/// A line that steps back.
pub fn weak(text: impl Into<String>) -> RichText {
    RichText::new(text).color(theme::WEAK).size(12.0)
}

/// The smallest print: units, sources, ages.
pub fn fine(text: impl Into<String>) -> RichText {
    RichText::new(text).color(theme::WEAK).size(11.0)
}

/// A number or name that leads.
pub fn strong(text: impl Into<String>) -> RichText {
    RichText::new(text).color(theme::STRONG).font(theme::strong(13.0))
}

/// A text that is cut with … where there is no room; the whole of it is in the tooltip.
pub fn elided(ui: &mut Ui, text: RichText) -> Response {
    ui.add(Label::new(text).truncate())
}

/// A sentence where there would otherwise be a hole.
pub fn empty(ui: &mut Ui, what: &str, hint: &str) {
    ui.add_space(28.0);
    ui.vertical_centered(|ui| {
        ui.label(RichText::new(what).color(theme::TEXT).font(theme::strong(13.0)));
        ui.add(Label::new(weak(hint)).wrap());
    });
    ui.add_space(16.0);
}

/// A button that is one icon; `label` is its tooltip and its name for screen readers.
pub fn icon_button(ui: &mut Ui, icon: &str, label: &str) -> Response {
    let button = Button::new(RichText::new(icon).size(15.0)).frame_when_inactive(false);
    let response = ui.add(button.min_size(vec2(28.0, 26.0)));
    named(&response, label);
    response.on_hover_text(label)
}

/// Gives an icon its name for screen readers.
pub fn named(response: &Response, label: &str) {
    let enabled = response.enabled();
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, enabled, label));
}

/// Draws into all the room there is and takes exactly that, however wide the contents would like to be: a
/// panel must not creep over the map because of one long word.
pub fn contained(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let room = ui.available_rect_before_wrap();
    let mut child = ui.new_child(egui::UiBuilder::new().id_salt("contained").max_rect(room));
    child.shrink_clip_rect(room.expand(2.0));
    add(&mut child);
    ui.allocate_rect(room, Sense::hover());
}

/// Lines close together, as in a table: for what follows in this `ui`.
pub fn tight(ui: &mut Ui) {
    ui.spacing_mut().interact_size.y = 18.0;
    ui.spacing_mut().item_spacing.y = 4.0;
}

/// Switches a side panel; drawn as a window with that side filled when open.
pub fn side_toggle(ui: &mut Ui, open: bool, at_left: bool, label: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(28.0, 26.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, open, label));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 6.0, theme::HOVER);
    }
    let window = Rect::from_center_size(rect.center(), vec2(16.0, 13.0));
    let colour = if open { theme::TEXT } else { theme::WEAK };
    let mut side = window;
    if at_left {
        side.max.x = window.left() + 5.5;
    } else {
        side.min.x = window.right() - 5.5;
    }
    if open {
        ui.painter().rect_filled(side, 2.0, colour);
    }
    let edge = if at_left { side.right() } else { side.left() };
    ui.painter().vline(edge, window.y_range(), (1.2, colour));
    ui.painter().rect_stroke(window, 2.5, (1.2, colour), egui::StrokeKind::Middle);
    response.on_hover_text(label)
}

/// The handle of a slider, over egui's own: solid, so that it is seen on any rail. `share` is 0…1.
pub fn handle(ui: &Ui, slider: &Response, share: f64) {
    let reach = slider.rect.height() / 2.5;
    let x = egui::lerp(slider.rect.x_range().shrink(reach), share.clamp(0.0, 1.0) as f32);
    let centre = egui::pos2(x, slider.rect.center().y);
    let held = slider.dragged() || slider.has_focus();
    let ring = if held { Stroke::new(3.0, theme::ACCENT) } else { Stroke::new(2.0, theme::PANEL) };
    let grown = if held || slider.hovered() { 0.5 } else { 0.0 };
    ui.painter().circle(centre, reach + grown, theme::STRONG, ring);
}

/// Gives a text field its name for screen readers.
pub fn name_field(response: &Response, label: &str, text: &str) {
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(WidgetType::TextEdit, true, label);
        info.current_text_value = Some(text.to_owned());
        info
    });
}

/// A small rounded label.
pub fn chip(ui: &mut Ui, text: &str, colour: Color32) -> Response {
    let frame = Frame::new().fill(tint(colour)).corner_radius(9).inner_margin(Margin::symmetric(8, 2));
    frame.show(ui, |ui| ui.add(Label::new(RichText::new(text).color(colour).font(theme::strong(11.0))).extend())).inner
}

/// A colour as the ground of a chip.
pub fn tint(colour: Color32) -> Color32 {
    theme::PANEL.lerp_to_gamma(colour, 0.18)
}

/// A rounded surface on a panel, as wide as the panel.
pub fn card<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let frame = Frame::new().fill(theme::CARD).corner_radius(8).inner_margin(Margin::symmetric(12, 10));
    frame
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        })
        .inner
}

/// A part of a panel that folds; the whole header is the handle. `aside` stands at the header's end.
pub fn section(ui: &mut Ui, title: &str, aside: &str, add: impl FnOnce(&mut Ui)) {
    fold(ui, (Id::new("section").with(title), true), (title, aside, title), add);
}

/// The same, closed until it is opened; remembered under `salt`, whatever its title.
pub fn folded(ui: &mut Ui, salt: &str, title: &str, add: impl FnOnce(&mut Ui)) {
    fold(ui, (Id::new("section").with(salt), false), (title, "", title), add);
}

/// The same among others of its title: remembered under its place, named by `label` for screen readers.
pub fn folded_here(ui: &mut Ui, title: &str, label: &str, add: impl FnOnce(&mut Ui)) {
    fold(ui, (ui.id().with("fold"), false), (title, "", label), add);
}

fn fold(ui: &mut Ui, (id, open): (Id, bool), (title, aside, label): (&str, &str, &str), add: impl FnOnce(&mut Ui)) {
    let mut folding = CollapsingState::load_with_default_open(ui.ctx(), id, open);
    let (rect, mut header) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
    if header.clicked() {
        folding.toggle(ui);
        header.mark_changed();
    }
    let open = folding.is_open();
    header.widget_info(|| WidgetInfo::selected(WidgetType::CollapsingHeader, true, open, label));
    paint_header(ui, rect, &header, (title, aside, open));
    folding.show_body_unindented(ui, |ui| {
        ui.scope(add);
        ui.add_space(4.0);
    });
    let line = Stroke::new(1.0, theme::LINE);
    let y = ui.cursor().top();
    ui.painter().hline(ui.max_rect().x_range(), y, line);
    ui.add_space(2.0);
}

fn paint_header(ui: &Ui, rect: Rect, header: &Response, (title, aside, open): (&str, &str, bool)) {
    let colour = if header.hovered() || header.has_focus() { theme::STRONG } else { theme::TEXT };
    let painter = ui.painter();
    let caret = if open { icon::DOWN } else { icon::RIGHT };
    let middle = rect.center().y;
    let body = |size| egui::FontId::proportional(size);
    painter.text([rect.left(), middle].into(), egui::Align2::LEFT_CENTER, caret, body(11.0), theme::WEAK);
    let text = painter.layout_no_wrap(title.to_owned(), theme::strong(12.5), colour);
    painter.galley([rect.left() + 18.0, middle - text.size().y / 2.0].into(), text, colour);
    painter.text([rect.right(), middle].into(), egui::Align2::RIGHT_CENTER, aside, body(11.0), theme::WEAK);
}

/// A label at the left and what belongs to it at the right end of the line.
pub fn row(ui: &mut Ui, label: &str, value: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        let width = 0.42 * ui.available_width();
        ui.allocate_ui_with_layout(vec2(width, 18.0), Layout::left_to_right(Align::Center), |ui| {
            ui.set_width(width);
            elided(ui, weak(label));
        });
        ui.with_layout(Layout::right_to_left(Align::Center), value);
    });
}

/// The same with a text.
pub fn text_row(ui: &mut Ui, label: &str, value: &str) {
    row(ui, label, |ui| {
        elided(ui, RichText::new(value).color(theme::TEXT));
    });
}

/// A thing's name as a link, cut where there is no room.
pub fn link(ui: &mut Ui, text: &str, label: &str) -> Response {
    let words = RichText::new(text).color(theme::ACCENT);
    let response = ui.add(Button::new(words).frame(false).truncate());
    named(&response, label);
    response
}

/// The main action of a panel.
pub fn main_button(ui: &mut Ui, icon: &str, text: &str) -> Response {
    let words = RichText::new(format!("{icon}  {text}")).color(theme::BAR).font(theme::strong(13.0));
    let button = Button::new(words).fill(theme::ACCENT).wrap_mode(TextWrapMode::Truncate);
    let response = ui.add_sized(vec2(ui.available_width(), 32.0), button);
    named(&response, text);
    response
}

/// A quiet action: icon and words.
pub fn quiet_button(ui: &mut Ui, icon: &str, text: &str) -> Response {
    let button = Button::new(format!("{icon}  {text}")).wrap_mode(TextWrapMode::Extend);
    let response = ui.add(button.min_size(vec2(0.0, 26.0)));
    named(&response, text);
    response
}

/// A row of a list: two lines, cut where there is no room, the whole of it clickable.
pub struct Entry<'a> {
    pub lead: &'a str,
    pub lead_colour: Color32,
    /// At the end of the first line.
    pub aside: &'a str,
    pub text: &'a str,
    /// At the end of the row.
    pub icon: &'a str,
    pub clickable: bool,
}

impl Default for Entry<'_> {
    fn default() -> Self {
        Self { lead: "", lead_colour: theme::TEXT, aside: "", text: "", icon: "", clickable: true }
    }
}

impl Entry<'_> {
    /// Draws the row over the whole width.
    pub fn show(&self, ui: &mut Ui, height: f32) -> Response {
        let sense = if self.clickable { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), sense);
        let lit = self.clickable && (response.hovered() || response.has_focus());
        if lit {
            ui.painter().rect_filled(rect, 6.0, theme::CARD);
        }
        let inner = rect.shrink2(vec2(8.0, 3.0));
        let icon_room = if self.icon.is_empty() { 0.0 } else { 24.0 };
        let small = egui::FontId::proportional(11.0);
        let painter = ui.painter();
        let aside = painter.layout_no_wrap(self.aside.to_owned(), small, theme::WEAK);
        let lead_room = inner.width() - icon_room - aside.size().x - 8.0;
        let size = if self.lead_colour == theme::TEXT { 13.0 } else { 11.5 };
        let lead = cut(ui, self.lead, size, self.lead_colour, lead_room);
        let text_colour = if self.lead_colour == theme::TEXT { theme::WEAK } else { theme::TEXT };
        let text = cut(ui, self.text, 12.0, text_colour, inner.width() - icon_room);
        let aside_x = inner.right() - icon_room - aside.size().x;
        painter.galley([aside_x, inner.top() + 1.0].into(), aside, theme::WEAK);
        painter.galley(inner.min, lead, self.lead_colour);
        painter.galley([inner.left(), inner.bottom() - text.size().y].into(), text, text_colour);
        let icon_colour = if lit { theme::ACCENT } else { theme::WEAK };
        let font = egui::FontId::proportional(14.0);
        painter.text(inner.right_center(), egui::Align2::RIGHT_CENTER, self.icon, font, icon_colour);
        let label = format!("{}: {}", self.lead, self.text);
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, self.clickable, &label));
        response
    }
}

/// One line of text cut with … at a width.
fn cut(ui: &Ui, text: &str, size: f32, colour: Color32, width: f32) -> std::sync::Arc<egui::Galley> {
    let format = egui::TextFormat::simple(egui::FontId::proportional(size), colour);
    let mut job = egui::text::LayoutJob::single_section(text.replace('\n', " "), format);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(0.0));
    ui.ctx().fonts_mut(|fonts| fonts.layout_job(job))
}

/// A coloured sign with its words, kept together where lines wrap.
pub fn sign(ui: &mut Ui, sign: &str, colour: Color32, words: &str) {
    let part = |size, colour| egui::TextFormat::simple(egui::FontId::proportional(size), colour);
    let mut job = egui::text::LayoutJob::single_section(format!("{sign} "), part(10.0, colour));
    job.append(words, 0.0, part(11.0, theme::WEAK));
    ui.add(Label::new(job).extend());
}

/// Shares of a whole beside each other, each in its colour; what counts nothing takes no room. `label` says them in words.
pub fn stacked(ui: &mut Ui, parts: &[(f64, Color32)], label: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
    let whole: f64 = parts.iter().map(|(part, _)| part).sum();
    ui.painter().rect_filled(rect, 2.0, theme::CONTROL);
    let mut left = rect.left();
    for (part, colour) in parts.iter().filter(|(part, _)| *part > 0.0 && whole.is_finite()) {
        // A hair's breadth at least: one bad sensor among a thousand is seen.
        let right = (left + (rect.width() * (part / whole) as f32).max(2.0)).min(rect.right());
        ui.painter().rect_filled(Rect::from_x_y_ranges(left..=right, rect.y_range()), 1.0, *colour);
        left = right;
    }
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, label));
    response
}

/// How far something is, 0…1, as a thin bar with its name for screen readers.
pub fn progress(ui: &mut Ui, fraction: f32, what: &str) {
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), Sense::hover());
    ui.painter().rect_filled(rect, 2.0, theme::CONTROL);
    let done = Rect::from_min_size(rect.min, vec2(rect.width() * fraction, rect.height()));
    ui.painter().rect_filled(done, 2.0, theme::ACCENT);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(WidgetType::ProgressIndicator, true, what);
        info.value = Some(f64::from(fraction));
        info
    });
}
