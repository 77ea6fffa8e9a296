//! How the panels look: colours, type scale, spacing. Dark and calm, so that the city is the bright thing on
//! the screen. Text on its ground keeps a contrast of at least 4.5 : 1 (WCAG 2.2, level AA), which a test holds.

use std::sync::Arc;

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke, Style,
    TextStyle, Theme, Visuals, style::WidgetVisuals, vec2,
};

/// Ground of the bars.
pub const BAR: Color32 = Color32::from_rgb(15, 18, 23);
/// Ground of the side panels.
pub const PANEL: Color32 = Color32::from_rgb(21, 25, 31);
/// Ground of cards on a panel.
pub const CARD: Color32 = Color32::from_rgb(28, 33, 41);
/// Ground of controls.
pub const CONTROL: Color32 = Color32::from_rgb(38, 45, 55);
/// Ground of controls under the pointer.
pub const HOVER: Color32 = Color32::from_rgb(50, 59, 71);
/// Hairlines.
pub const LINE: Color32 = Color32::from_rgb(42, 49, 59);
/// Text to read.
pub const TEXT: Color32 = Color32::from_rgb(204, 211, 220);
/// Text that leads: titles and numbers.
pub const STRONG: Color32 = Color32::from_rgb(243, 246, 249);
/// Text that steps back: labels and units.
pub const WEAK: Color32 = Color32::from_rgb(143, 153, 166);
/// The one accent: what is chosen, what is simulated.
pub const ACCENT: Color32 = Color32::from_rgb(92, 170, 245);
/// Ground of what is chosen.
pub const CHOSEN: Color32 = Color32::from_rgb(30, 58, 86);
/// Emulated data, observations, warnings.
pub const AMBER: Color32 = Color32::from_rgb(242, 183, 60);
/// Change for the better; Okabe and Ito's bluish green, lightened for a dark ground.
pub const BETTER: Color32 = Color32::from_rgb(52, 196, 155);
/// Change for the worse; Okabe and Ito's vermilion, lightened.
pub const WORSE: Color32 = Color32::from_rgb(245, 125, 82);

const STRONG_FAMILY: &str = "strong";

/// A face for scripts that the built-in ones lack: its name and the bytes of its TTF or OTF file.
pub type ExtraFace = (String, Vec<u8>);

/// Sets fonts and style. Call once at the start, before the first frame; [`crate::draw`] does it itself, one
/// empty frame late, when nobody did. `extra` faces are asked for a glyph after all built-in ones.
pub fn install(ctx: &Context, extra: Vec<ExtraFace>) {
    ctx.set_fonts(fonts(extra));
    ctx.set_theme(Theme::Dark);
    ctx.set_style_of(Theme::Dark, style());
}

/// Whether the fonts of [`install`] are active; installs them when not.
pub(crate) fn is_ready(ctx: &Context) -> bool {
    let strong = FontFamily::Name(STRONG_FAMILY.into());
    let ready = ctx.fonts(|fonts| fonts.definitions().families.contains_key(&strong));
    if !ready {
        install(ctx, Vec::new());
        ctx.request_repaint();
    }
    ready
}

/// The semibold face at a size in points.
pub(crate) fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(STRONG_FAMILY.into()))
}

fn fonts(extra: Vec<ExtraFace>) -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let built_in: [(&str, &'static [u8]); 3] = [
        ("inter", include_bytes!("fonts/Inter-Regular.otf")),
        ("inter-semibold", include_bytes!("fonts/Inter-SemiBold.otf")),
        ("phosphor", include_bytes!("fonts/Phosphor-subset.ttf")),
    ];
    for (name, bytes) in built_in {
        let mut data = FontData::from_static(bytes);
        if name == "phosphor" {
            data.tweak.scale = 1.15;
            data.tweak.y_offset_factor = 0.08;
        }
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    }
    let mut regular = vec!["inter".to_owned(), "phosphor".to_owned()];
    regular.extend(fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default());
    for (name, bytes) in extra {
        fonts.font_data.insert(name.clone(), Arc::new(FontData::from_owned(bytes)));
        for family in [&mut regular, fonts.families.entry(FontFamily::Monospace).or_default()] {
            family.push(name.clone());
        }
    }
    let mut strong = regular.clone();
    strong[0] = "inter-semibold".to_owned();
    fonts.families.insert(FontFamily::Proportional, regular);
    fonts.families.insert(FontFamily::Name(STRONG_FAMILY.into()), strong);
    fonts
}

/// Type scale 11 · 12 · 13 · 16 points; spacing in fours.
fn style() -> Style {
    let mut style = Style { visuals: visuals(), animation_time: 0.12, ..Style::default() };
    style.text_styles = [
        (TextStyle::Small, FontId::proportional(11.0)),
        (TextStyle::Body, FontId::proportional(13.0)),
        (TextStyle::Button, FontId::proportional(13.0)),
        (TextStyle::Heading, strong(16.0)),
        (TextStyle::Monospace, FontId::monospace(12.0)),
    ]
    .into();
    style.spacing.item_spacing = vec2(8.0, 6.0);
    style.spacing.button_padding = vec2(10.0, 4.0);
    style.spacing.interact_size = vec2(28.0, 26.0);
    style.spacing.slider_rail_height = 4.0;
    style.spacing.icon_width = 16.0;
    style.spacing.icon_width_inner = 10.0;
    style.spacing.icon_spacing = 8.0;
    style.spacing.menu_margin = Margin::same(10);
    style.spacing.window_margin = Margin::same(16);
    style.spacing.tooltip_width = 300.0;
    style.spacing.scroll = egui::style::ScrollStyle { bar_width: 8.0, ..egui::style::ScrollStyle::thin() };
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    style
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    let round = CornerRadius::same(6);
    let shadow = Shadow { offset: [0, 8], blur: 24, spread: 0, color: Color32::from_black_alpha(140) };
    visuals.panel_fill = PANEL;
    visuals.window_fill = CARD;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.window_corner_radius = CornerRadius::same(10);
    visuals.menu_corner_radius = CornerRadius::same(8);
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals.extreme_bg_color = BAR;
    visuals.faint_bg_color = CARD;
    visuals.code_bg_color = CONTROL;
    visuals.hyperlink_color = ACCENT;
    visuals.warn_fg_color = AMBER;
    visuals.error_fg_color = WORSE;
    visuals.weak_text_color = Some(WEAK);
    visuals.selection.bg_fill = CHOSEN;
    visuals.selection.stroke = Stroke::new(1.0, STRONG);
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = egui::style::HandleShape::Circle;
    visuals.indent_has_left_vline = false;
    visuals.disabled_alpha = 0.55;
    let widget = |fill: Color32, text: Color32, edge: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, edge),
        corner_radius: round,
        fg_stroke: Stroke::new(1.2, text),
        expansion: 0.0,
    };
    visuals.widgets.noninteractive = widget(PANEL, TEXT, LINE);
    visuals.widgets.inactive = widget(CONTROL, TEXT, CONTROL);
    visuals.widgets.hovered = widget(HOVER, STRONG, HOVER);
    visuals.widgets.active = widget(HOVER, STRONG, ACCENT);
    visuals.widgets.open = widget(HOVER, STRONG, HOVER);
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2 relative luminance of an sRGB colour.
    fn luminance(colour: Color32) -> f64 {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    #[test]
    fn text_stands_out_from_its_ground() {
        for ground in [BAR, PANEL, CARD, CONTROL] {
            for text in [TEXT, STRONG, WEAK, ACCENT, AMBER, BETTER, WORSE] {
                let ratio = (luminance(text) + 0.05) / (luminance(ground) + 0.05);
                assert!(ratio >= 4.5, "{text:?} on {ground:?}: {ratio:.2}");
            }
        }
        let chosen = (luminance(STRONG) + 0.05) / (luminance(CHOSEN) + 0.05);
        assert!(chosen >= 4.5, "{chosen:.2}");
    }
}
