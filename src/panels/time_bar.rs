//! The bar at the bottom: the city's clock, its speed, the time of day, vehicles under way.

use egui::{Align, Button, Layout, Panel, Popup, Rect, RichText, Slider, Ui, pos2, vec2};

use crate::{
    ClockData, FeedsData, LiveClock, LiveState, PanelInput, PanelRequest, PanelState, SPEEDS,
    element::{chip, elided, fine, handle, named, strong},
    format::{Unit, count, hour_minute},
    icon,
    state::Draft,
    theme,
};

/// Seconds in a civil day without a clock change.
const DAY_S: f64 = 86_400.0;
/// The slider's step, second: five minutes.
const STEP_S: f64 = 300.0;
/// Steps from midnight to the day's last.
const LAST_STEP: f64 = DAY_S / STEP_S - 1.0;

/// Draws the bar.
pub fn show(ui: &mut Ui, state: &mut PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    let frame = egui::Frame::new().fill(theme::BAR).inner_margin(egui::Margin::symmetric(12, 6));
    Panel::bottom("time-bar").exact_size(56.0).resizable(false).frame(frame).show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            play(ui, &input.clock, out);
            speeds(ui, &input.clock, out);
            ui.separator();
            let now_s = ui.input(|i| i.time);
            let shown_s = state.time.value(second_of_day(&input.clock), now_s);
            clock(ui, &input.clock, &state.time, shown_s, out);
            if let Some(live) = &input.clock.live {
                self::live(ui, live, input.feeds.is_some_and(FeedsData::emulated), out);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                vehicles(ui, input);
                if input.clock.settable.is_some() && ui.available_width() > 120.0 {
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        day(ui, &input.clock, &mut state.time, shown_s, out);
                    });
                }
            });
        });
    });
}

fn second_of_day(clock: &ClockData) -> f64 {
    let time = clock.local.time();
    f64::from(time.hour()) * 3_600.0 + f64::from(time.minute()) * 60.0 + f64::from(time.second())
}

fn play(ui: &mut Ui, clock: &ClockData, out: &mut Vec<PanelRequest>) {
    let label = if clock.paused { "Play (Space)" } else { "Pause (Space)" };
    let (rect, response) = ui.allocate_exact_size(vec2(36.0, 36.0), egui::Sense::click());
    named(&response, label);
    let lit = response.hovered() || response.has_focus();
    let ground = if lit { theme::ACCENT.lerp_to_gamma(theme::STRONG, 0.25) } else { theme::ACCENT };
    let centre = rect.center();
    ui.painter().circle_filled(centre, 18.0, ground);
    if clock.paused {
        let corners = [vec2(-5.0, -8.0), vec2(9.0, 0.0), vec2(-5.0, 8.0)].map(|v| centre + v);
        ui.painter().add(egui::Shape::convex_polygon(corners.to_vec(), theme::BAR, egui::Stroke::NONE));
    } else {
        for x in [-4.5, 4.5] {
            let bar = Rect::from_center_size(centre + vec2(x, 0.0), vec2(4.5, 15.0));
            ui.painter().rect_filled(bar, 1.0, theme::BAR);
        }
    }
    if response.on_hover_text(label).clicked() {
        out.push(PanelRequest::Pause(!clock.paused));
    }
}

fn speeds(ui: &mut Ui, clock: &ClockData, out: &mut Vec<PanelRequest>) {
    ui.spacing_mut().item_spacing.x = 2.0;
    for speed in SPEEDS {
        let chosen = clock.speed == speed;
        let button = Button::new(format!("{speed}×")).selected(chosen).frame_when_inactive(chosen);
        let response = ui.add(button.min_size(vec2(40.0, 26.0)));
        let minutes = speed / 60.0;
        let meaning = match speed {
            1.0 => "As fast as the real city".to_owned(),
            s if s < 60.0 => format!("{s} seconds of the city in each second"),
            60.0 => "A minute of the city in each second".to_owned(),
            _ => format!("{minutes} minutes of the city in each second"),
        };
        if response.on_hover_text(meaning).clicked() {
            out.push(PanelRequest::SetSpeed(speed));
        }
    }
    ui.spacing_mut().item_spacing.x = 8.0;
    if clock.queues {
        ui.label(RichText::new("in queues").color(theme::WEAK).size(11.0)).on_hover_text(
            "At this speed of the clock vehicles move as queues, lane by lane (mesoscopic view): flows, queues and travel times \
             hold, places between two junctions are estimates.",
        );
    }
    if let Some(achieved) = clock.achieved.filter(|a| a.is_finite()) {
        let text = RichText::new(format!("{} {achieved:.0}×", icon::WARNING)).color(theme::AMBER).size(11.0);
        ui.label(text).on_hover_text(format!(
            "This machine manages {achieved:.1} seconds of the city in each second, less than asked for."
        ));
    }
}

/// Time and date; the date opens a choice of days where the clock can be set.
fn clock(ui: &mut Ui, clock: &ClockData, draft: &Draft, shown_s: f64, out: &mut Vec<PanelRequest>) {
    let held = draft.is_held();
    let time = if held { hour_minute(shown_s) } else { clock.local.strftime("%H:%M:%S").to_string() };
    let colour = if held { theme::ACCENT } else { theme::STRONG };
    ui.allocate_ui_with_layout(vec2(84.0, 40.0), Layout::left_to_right(Align::Center), |ui| {
        ui.set_width(84.0);
        ui.label(RichText::new(time).font(theme::strong(20.0)).color(colour));
    });
    ui.allocate_ui_with_layout(vec2(128.0, 40.0), Layout::top_down(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.spacing_mut().interact_size.y = 18.0;
        let date = clock.local.strftime("%a %-d %b %Y").to_string();
        if clock.settable.is_some() {
            date_menu(ui, clock, &date, out);
        } else {
            elided(ui, RichText::new(date).color(theme::TEXT).size(12.0));
        }
        elided(ui, fine(clock.zone));
    });
}

fn date_menu(ui: &mut Ui, clock: &ClockData, date: &str, out: &mut Vec<PanelRequest>) {
    let text = RichText::new(format!("{date}  {}", icon::CALENDAR)).size(12.0).color(theme::TEXT);
    let response = ui.add(Button::new(text).frame(false).min_size(vec2(0.0, 18.0)));
    named(&response, &format!("Date: {date}"));
    Popup::menu(&response).show(|ui| {
        ui.set_width(260.0);
        ui.label(fine("Go to"));
        let today = clock.local.date();
        let year = today.year();
        let named_day = |month, day| citytwin_model::time::civil::Date::new(year, month, day).ok();
        for (label, date) in [
            ("Day before", today.yesterday().ok()),
            ("Day after", today.tomorrow().ok()),
            ("21 March, equal day and night", named_day(3, 21)),
            ("21 June, highest sun in the north", named_day(6, 21)),
            ("23 September, equal day and night", named_day(9, 23)),
            ("21 December, lowest sun in the north", named_day(12, 21)),
        ] {
            if let Some(date) = date
                && ui.button(label).clicked()
            {
                out.push(PanelRequest::SetDate(date));
            }
        }
        if let Some((first, last)) = clock.live.and_then(|live| live.days) {
            ui.separator();
            ui.label(fine("In the history"));
            for (label, day) in [("First day", first), ("Last day", last)] {
                if ui.button(format!("{label}: {}", day.strftime("%a %-d %b %Y"))).clicked() {
                    out.push(PanelRequest::SetDate(day));
                }
            }
        }
        if let Some(effect) = clock.settable.filter(|text| !text.is_empty()) {
            ui.separator();
            // A menu justifies its lines; a sentence stays ragged.
            ui.vertical(|ui| ui.label(fine(effect)));
        }
    });
}

/// Whether the city shows what is measured now, and the way back to it.
fn live(ui: &mut Ui, live: &LiveClock, emulated: bool, out: &mut Vec<PanelRequest>) {
    let (words, colour, says) = match (live.state, emulated) {
        (LiveState::Following, false) => ("●  LIVE", theme::BETTER, "The city follows what its sensors say now."),
        (LiveState::Following, true) => {
            ("●  as it runs", theme::AMBER, "The city follows what the program's own emulator says now.")
        }
        (LiveState::Past, _) => {
            ("from history", theme::AMBER, "A past moment, as it was known then. Recording goes on.")
        }
        (LiveState::Ahead, _) => ("no readings yet", theme::AMBER, "The clock is ahead of every reading."),
    };
    ui.allocate_ui_with_layout(vec2(112.0, 44.0), Layout::top_down(Align::Min), |ui| {
        ui.set_width(112.0);
        ui.spacing_mut().item_spacing.y = 3.0;
        ui.spacing_mut().interact_size.y = 18.0;
        if live.state == LiveState::Following {
            ui.add_space(11.0);
        }
        ui.horizontal(|ui| chip(ui, words, colour).on_hover_text(says));
        if live.state != LiveState::Following {
            let text = RichText::new("Go live").color(theme::ACCENT).font(theme::strong(12.0));
            let button = ui.add(Button::new(text).frame_when_inactive(false).min_size(vec2(0.0, 20.0)));
            if button.on_hover_text("Back to what is measured now.").clicked() {
                out.push(PanelRequest::GoLive);
            }
        }
    });
}

/// The time of day as a slider over a band of night and day. Sent once, on release.
fn day(ui: &mut Ui, clock: &ClockData, draft: &mut Draft, shown_s: f64, out: &mut Vec<PanelRequest>) {
    let under = ui.painter().add(egui::Shape::Noop);
    // The slider rounds what it is given to its step: that is no wish of the person.
    let given = (shown_s / STEP_S).round().min(LAST_STEP) * STEP_S;
    let mut second = given;
    let width = ui.available_width() - 16.0;
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().slider_width = width;
            ui.spacing_mut().interact_size.y = 18.0;
            ui.visuals_mut().widgets.inactive.bg_fill = egui::Color32::TRANSPARENT;
            ui.visuals_mut().slider_trailing_fill = false;
            ui.add(Slider::new(&mut second, 0.0..=LAST_STEP * STEP_S).step_by(STEP_S).show_value(false))
        })
        .inner;
    let text = format!("Time of day: {}", hour_minute(shown_s));
    response.widget_info(|| egui::WidgetInfo::slider(true, shown_s, "Time of day"));
    ui.painter().set(under, egui::Shape::Vec(band(ui, response.rect, clock)));
    let shown_s = if second == given { shown_s } else { second };
    handle(ui, &response, shown_s / DAY_S);
    if second != given {
        draft.hold(second, ui.input(|i| i.time));
    }
    if let Some(second) = draft.release(ui, &response, second_of_day(clock)) {
        out.push(PanelRequest::SetTimeOfDay(second.clamp(0.0, DAY_S - 1.0)));
    }
    let effect = clock.settable.unwrap_or_default();
    let held = match clock.live {
        Some(live) if live.held_s.is_empty() => "\nThe history has nothing of this day.",
        Some(_) => "\nGreen line: the history has readings.",
        None => "",
    };
    response.on_hover_text(format!("{text}\n{effect}{held}"));
}

/// Night, day and hour marks behind the slider.
fn band(ui: &Ui, rect: Rect, clock: &ClockData) -> Vec<egui::Shape> {
    let radius = 0.4 * rect.height();
    let rail = Rect::from_min_max(
        pos2(rect.left() + radius, rect.center().y - 3.0),
        pos2(rect.right() - radius, rect.center().y + 3.0),
    );
    let x = |hour: f64| rail.left() + rail.width() * (hour / 24.0) as f32;
    let hour_of = |t: citytwin_model::time::civil::Time| f64::from(t.hour()) + f64::from(t.minute()) / 60.0;
    let mut shapes = vec![egui::Shape::rect_filled(rail, 3.0, egui::Color32::from_rgb(36, 46, 66))];
    if let Some((rise, set)) = clock.daylight
        && rise < set
    {
        let day = Rect::from_min_max(pos2(x(hour_of(rise)), rail.top()), pos2(x(hour_of(set)), rail.bottom()));
        shapes.push(egui::Shape::rect_filled(day, 3.0, egui::Color32::from_rgb(196, 160, 84)));
    }
    let held = clock.live.map_or(&[] as &[[f64; 2]], |live| live.held_s);
    shapes.extend(under(rail, held).into_iter().map(|rect| egui::Shape::rect_filled(rect, 0.0, theme::BETTER)));
    for hour in [0.0, 6.0, 12.0, 18.0, 24.0] {
        let text = format!("{:02}:00", hour as u32);
        let galley = ui.painter().layout_no_wrap(text, egui::FontId::proportional(10.0), theme::WEAK);
        let left = (x(hour) - 0.5 * galley.size().x).clamp(rect.left(), rect.right() - galley.size().x);
        shapes.push(egui::Shape::galley(pos2(left, rail.bottom() + 6.0), galley, theme::WEAK));
    }
    shapes
}

/// A thin line under the rail for each stretch of the day, in seconds since midnight.
fn under(rail: Rect, stretches: &[[f64; 2]]) -> Vec<Rect> {
    let x = |s: f64| rail.left() + rail.width() * (s.clamp(0.0, DAY_S) / DAY_S) as f32;
    let drawn = stretches.iter().filter(|[from, to]| from <= to && *to >= 0.0 && *from <= DAY_S);
    drawn
        .map(|[from, to]| {
            let right = x(*to).max(x(*from) + 1.0);
            Rect::from_min_max(pos2(x(*from), rail.bottom() + 2.0), pos2(right, rail.bottom() + 4.0))
        })
        .collect()
}

fn vehicles(ui: &mut Ui, input: &PanelInput) {
    let Some(traffic) = input.traffic else { return };
    let whole = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let block = ui.allocate_ui_with_layout(vec2(128.0, 40.0), Layout::top_down(Align::Max), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let under_way = Unit::Vehicles.text(traffic.under_way as f64);
        elided(ui, strong(format!("{}  {under_way}", icon::CAR)));
        elided(ui, fine("under way"));
    });
    block.response.on_hover_text(format!(
        "{} arrived, {} refused since the simulation began",
        count(whole(traffic.arrived), "trip", "trips"),
        count(whole(traffic.refused), "trip", "trips"),
    ));
    ui.separator();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_of_the_history_stay_under_the_rail() {
        let rail = Rect::from_min_max(pos2(10.0, 0.0), pos2(250.0, 6.0));
        let nan = f64::NAN;
        let odd =
            [[0.0, 43_200.0], [80_000.0, 90_000.0], [5.0, 4.0], [nan, 7.0], [-9.0, -5.0], [1e9, 1e10], [60.0, 60.0]];
        let rects = under(rail, &odd);
        assert_eq!(rects.len(), 3, "what is no stretch of the day is not drawn: {rects:?}");
        assert_eq!(rects[0].x_range(), egui::Rangef::new(10.0, 130.0));
        assert_eq!(rects[1].right(), 250.0);
        assert!(rects[2].width() >= 1.0, "a single reading is seen");
    }
}
