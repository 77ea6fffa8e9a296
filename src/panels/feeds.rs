//! The feeds: where readings come from, how each source stands, what the history holds, what could not be read.

use egui::{Color32, Label, Pos2, Rect, RichText, ScrollArea, Sense, Shape, Stroke, Ui, pos2, vec2};

use crate::{
    DeadLetterRow, FeedMode, FeedsData, PanelInput, RATE_STEP_S, SourceKind, SourceRow, SourceState, districts,
    element::{card, chip, elided, empty, fine, folded_here, row, section, strong, text_row, tight, weak},
    format::{NO_NUMBER, Unit, ago, bytes, count, counted, duration, grouped, share_of_all},
    icon, quality, theme,
};

/// Dead letters shown; the others wait in the history.
const LETTERS: usize = 24;
/// Share of the room for waiting messages from which it is said aloud.
const CROWDED: f64 = 0.5;
/// Share of due readings from which a source counts as complete.
const COMPLETE: f64 = 0.98;

/// Draws the tab.
pub fn show(ui: &mut Ui, input: &PanelInput) {
    let Some(feeds) = input.feeds else {
        empty(ui, "No feeds", "The program runs without sensors.");
        return;
    };
    ScrollArea::vertical().id_salt("feeds").auto_shrink(false).show(ui, |ui| {
        ui.set_width(ui.available_width() - 4.0);
        tight(ui);
        mode(ui, feeds);
        for (what, why) in [("Feeds", &feeds.failure), ("History", &feeds.history.failure)] {
            if let Some(why) = why {
                let text = RichText::new(format!("{}  {what}: {why}", icon::ERROR)).color(theme::WORSE).size(12.0);
                ui.add(Label::new(text).wrap());
            }
        }
        summary(ui, feeds);
        cards(ui, &feeds.sources);
        districts::show(ui, &feeds.districts);
        section(ui, "History", "", |ui| history(ui, feeds));
        let total: u64 = feeds.sources.iter().map(SourceRow::dead_total).fold(0, u64::saturating_add);
        let aside = if total == 0 { String::new() } else { grouped(total as f64, 0) };
        section(ui, "Could not be read", &aside, |ui| dead_letters(ui, feeds));
    });
}

/// How all feeds stand together: words and their colour.
pub fn standing(feeds: &FeedsData) -> (String, Color32) {
    let of = |state: fn(&SourceState) -> bool| feeds.sources.iter().filter(|s| state(&s.state)).count();
    let lost = of(|state| matches!(state, SourceState::Lost(_)));
    let (all, sensors) = (feeds.sources.len(), feeds.sensors());
    if feeds.failure.is_some() {
        return ("Feeds stopped".into(), theme::WORSE);
    }
    if feeds.history.failure.is_some() {
        return ("Nothing is kept".into(), theme::WORSE);
    }
    match feeds.mode {
        FeedMode::Past { .. } => return ("From history".into(), theme::AMBER),
        FeedMode::Ahead => return ("No readings yet".into(), theme::AMBER),
        FeedMode::Replay { speed, .. } => return (format!("Replay {}", times(speed)), theme::AMBER),
        FeedMode::Live | FeedMode::Emulated => {}
    }
    match () {
        () if all == 0 => ("No sources".into(), theme::WEAK),
        () if lost == all => ("Connection lost".into(), theme::WORSE),
        () if lost > 0 => (format!("{lost} of {all} sources lost"), theme::AMBER),
        () if of(|state| *state == SourceState::AtRest) == all => ("At rest".into(), theme::WEAK),
        () if of(|state| *state == SourceState::Live) == 0 => ("Connecting …".into(), theme::WEAK),
        () if sensors.total() > 0 && sensors.good == 0 => ("No fresh readings".into(), theme::AMBER),
        () => ("Live".into(), theme::BETTER),
    }
}

fn times(speed: f64) -> String {
    if speed.is_finite() { format!("{}×", grouped(speed, 0)) } else { NO_NUMBER.to_owned() }
}

/// What the screen shows: now, a past moment, or something else than sensors.
fn mode(ui: &mut Ui, feeds: &FeedsData) {
    let when = |at: &citytwin_model::time::civil::DateTime| at.strftime("%-d %b %Y, %H:%M:%S").to_string();
    let (badge, colour, words) = match &feeds.mode {
        FeedMode::Live => ("LIVE", theme::BETTER, "What sensors say now.".to_owned()),
        FeedMode::Emulated => {
            ("EMULATED", theme::AMBER, "The program measures its own simulation; no device is asked.".to_owned())
        }
        FeedMode::Past { at } => {
            ("FROM HISTORY", theme::AMBER, format!("As it was known on {}. Recording goes on.", when(at)))
        }
        FeedMode::Ahead => {
            ("NO READINGS YET", theme::AMBER, "The clock is ahead of the present. Recording goes on.".to_owned())
        }
        FeedMode::Replay { at, speed } => {
            ("REPLAY", theme::AMBER, format!("{}, {} as fast as it came in.", when(at), times(*speed)))
        }
    };
    ui.horizontal_wrapped(|ui| {
        chip(ui, badge, colour);
        ui.label(weak(words));
    });
}

/// All sources in one line and one bar: what is read in ten seconds.
fn summary(ui: &mut Ui, feeds: &FeedsData) {
    if feeds.sources.is_empty() {
        if feeds.failure.is_none() {
            empty(ui, "No sources", "A file sources.toml in the city's folder names its brokers, pages and files.");
        }
        return;
    }
    let sensors = feeds.sensors();
    let (words, colour) = standing(feeds);
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("●").color(colour));
        ui.label(strong(words));
        let all = count(sensors.total(), "sensor", "sensors");
        let good = format!("{} of {all} good", grouped(sensors.good as f64, 0));
        ui.label(weak(if sensors.total() == 0 { "no sensor yet".to_owned() } else { good }));
    });
    if feeds.sources.len() > 1 && sensors.total() > 0 {
        quality::bar(ui, &sensors);
    }
}

/// The sources. One far from sight only keeps its place: a city may have hundreds.
fn cards(ui: &mut Ui, sources: &[SourceRow]) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        for (k, source) in sources.iter().enumerate() {
            ui.push_id(("source", k), |ui| {
                let id = ui.id().with("height");
                let width = ui.available_width();
                let known: Option<f32> = ui.data(|data| data.get_temp(id));
                let place = |height| Rect::from_min_size(ui.cursor().min, vec2(width, height));
                if let Some(height) = known.filter(|height| !ui.is_rect_visible(place(*height))) {
                    ui.allocate_space(vec2(width, height));
                    return;
                }
                let drawn = ui.scope(|ui| card(ui, |ui| self::source(ui, source))).response.rect.height();
                ui.data_mut(|data| data.insert_temp(id, drawn));
            });
        }
    });
}

fn source(ui: &mut Ui, source: &SourceRow) {
    tight(ui);
    head(ui, source);
    figures(ui, source);
    rates(ui, &source.rates_per_s);
    completeness(ui, source.completeness);
    if source.sensors.total() > 0 {
        quality::bar(ui, &source.sensors);
    } else {
        ui.label(fine("No sensor yet."));
    }
    losses(ui, source);
    let name = shown_name(source);
    let dead = source.dead_total();
    if dead > 0 {
        let title = counted(dead, "entry could not be read", "entries could not be read");
        ui.push_id("dead", |ui| folded_here(ui, &title, &format!("{name}: {title}"), |ui| reasons(ui, source)));
    }
    ui.push_id("counts", |ui| {
        folded_here(ui, "Counts and mapping", &format!("{name}: counts and mapping"), |ui| counts(ui, source));
    });
}

fn shown_name(source: &SourceRow) -> &str {
    if source.name.is_empty() { "Without a name" } else { &source.name }
}

fn head(ui: &mut Ui, source: &SourceRow) {
    let (words, colour) = state(source);
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let (kind, meaning) = kind(source.kind);
            if source.model_output {
                chip(ui, "model output", theme::AMBER)
                    .on_hover_text("A forecast or another model's output: no sensor measured it.");
            }
            chip(ui, kind, theme::WEAK).on_hover_text(meaning);
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.label(RichText::new("●").color(colour));
                elided(ui, strong(shown_name(source)));
            });
        });
    });
    elided(ui, RichText::new(words).color(if colour == theme::BETTER { theme::WEAK } else { colour }).size(12.0));
    if !source.address.is_empty() {
        elided(ui, fine(source.address.as_str()));
    }
}

fn state(source: &SourceRow) -> (String, Color32) {
    let since = source.since_s.filter(|s| s.is_finite());
    let lasting = since.map_or_else(String::new, |s| format!(" for {}", duration(s)));
    match &source.state {
        SourceState::Connecting => (format!("Connecting{lasting} …"), theme::WEAK),
        SourceState::Live => (format!("Live{lasting}"), theme::BETTER),
        SourceState::Lost(why) => (format!("Lost{lasting}, trying again: {why}"), theme::WORSE),
        SourceState::AtRest => (format!("At rest{lasting}"), theme::WEAK),
    }
}

const fn kind(kind: SourceKind) -> (&'static str, &'static str) {
    match kind {
        SourceKind::Mqtt => ("MQTT", "A broker that sends each message as it comes."),
        SourceKind::Http => ("HTTP", "A page that is asked again and again."),
        SourceKind::File => ("file", "A recorded series."),
        SourceKind::Emulated => ("emulated", "The program's own emulator."),
        SourceKind::Replay => ("replay", "Readings of the history, handed over again."),
    }
}

/// Rate, lag and age side by side.
fn figures(ui: &mut Ui, source: &SourceRow) {
    let rate = source.rate_per_s;
    let rate = if rate.is_finite() { format!("{}/s", rate_number(rate)) } else { NO_NUMBER.to_owned() };
    let seconds = |s: Option<f64>, words: fn(f64) -> String| s.map_or_else(|| "none yet".to_owned(), words);
    let lag_hint = match source.delay_s.filter(|s| s.is_finite()) {
        Some(delay) => format!("\nFrom the measurement to the commit: {}.", duration(delay)),
        None => String::new(),
    };
    ui.columns_const(|[left, middle, right]| {
        for (ui, label, value, says) in [
            (left, "Rate", rate, "Readings a second, over the last ten seconds or so.".to_owned()),
            (
                middle,
                "Lag",
                seconds(source.lag_s, duration),
                format!("From the receipt of the last message to its commit in the history.{lag_hint}"),
            ),
            (right, "Last reading", seconds(source.age_s, ago), "Since the last reading came.".to_owned()),
        ] {
            ui.spacing_mut().item_spacing.y = 1.0;
            elided(ui, fine(label)).on_hover_text(&says);
            elided(ui, RichText::new(value).color(theme::STRONG).font(theme::strong(13.0))).on_hover_text(says);
        }
    });
}

/// Digits that count: `0.02`, `3.5`, `1,204`.
fn rate_number(rate: f64) -> String {
    let decimals = match rate.abs() {
        r if r >= 9.95 || r == 0.0 => 0,
        r if r >= 0.95 => 1,
        _ => 2,
    };
    grouped(rate, decimals)
}

/// The rate over the last minutes, from nothing up.
fn rates(ui: &mut Ui, rates: &[f64]) {
    let highest = rates.iter().copied().filter(|r| r.is_finite()).fold(0.0_f64, f64::max);
    if rates.len() < 2 || highest <= 0.0 {
        return;
    }
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 3.0, theme::PANEL);
    let inner = rect.shrink2(vec2(1.0, 2.0));
    let last = (rates.len() - 1) as f32;
    let place = |(k, rate): (usize, &f64)| {
        let share = (rate / highest).clamp(0.0, 1.0) as f32;
        pos2(inner.left() + inner.width() * k as f32 / last, inner.bottom() - inner.height() * share)
    };
    let finite = |run: &&[f64]| run.iter().all(|rate| rate.is_finite());
    let mut at = 0;
    for run in rates.chunk_by(|a, b| a.is_finite() && b.is_finite()) {
        if finite(&run) {
            let line: Vec<Pos2> = run.iter().enumerate().map(|(k, rate)| place((at + k, rate))).collect();
            painter.add(Shape::line(line, Stroke::new(1.4, theme::ACCENT)));
        }
        at += run.len();
    }
    let span = Unit::Seconds.text(RATE_STEP_S * f64::from(last));
    let words = format!("Readings a second over the last {span}, at most {}", rate_number(highest));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &words));
    response.on_hover_text(words);
}

fn completeness(ui: &mut Ui, share: Option<f64>) {
    const SAYS: &str = "Share of the readings due by each sensor's own interval that came.";
    let Some(share) = share.filter(|share| share.is_finite()).map(|share| share.clamp(0.0, 1.0)) else {
        row(ui, "Complete", |ui| drop(elided(ui, fine("not known yet")).on_hover_text(SAYS)));
        return;
    };
    let text = share_of_all(share);
    row(ui, "Complete", |ui| {
        elided(ui, RichText::new(&text).color(theme::TEXT).size(12.0)).on_hover_text(SAYS);
        let (rect, response) = ui.allocate_exact_size(vec2((ui.available_width() - 4.0).max(0.0), 6.0), Sense::hover());
        let colour = if share >= COMPLETE { theme::BETTER } else { theme::AMBER };
        ui.painter().rect_filled(rect, 2.0, theme::CONTROL);
        let done = Rect::from_min_size(rect.min, vec2(rect.width() * share as f32, rect.height()));
        ui.painter().rect_filled(done, 2.0, colour);
        response.on_hover_text(SAYS);
    });
}

/// What was lost, or soon will be, in amber.
fn losses(ui: &mut Ui, source: &SourceRow) {
    let mut said = Vec::new();
    if source.shed > 0 {
        said.push((
            format!("{} shed for want of room", counted(source.shed, "message", "messages")),
            "Quality of service 0 alone is ever dropped; what is to be acknowledged waits at its broker.",
        ));
    }
    if let Some((waiting, limit)) =
        source.waiting_bytes.filter(|(waiting, limit)| *waiting as f64 > CROWDED * *limit as f64)
    {
        said.push((
            format!("{} of {} wait to be kept", bytes(waiting), bytes(limit)),
            "Messages received and not committed yet. At the limit no more are read: the broker keeps them.",
        ));
    }
    if source.sessions_lost > 0 {
        said.push((
            format!("forgotten by its broker {}", counted(source.sessions_lost, "time", "times")),
            "At a reconnection the broker had no session of ours: what was published meanwhile did not come.",
        ));
    }
    for (text, says) in said {
        let text = format!("{}  {text}", icon::WARNING);
        elided(ui, RichText::new(text).color(theme::AMBER).size(12.0)).on_hover_text(says);
    }
    if let Some(error) = &source.last_error {
        elided(ui, fine(format!("Latest trouble: {error}")));
    }
}

fn reasons(ui: &mut Ui, source: &SourceRow) {
    for (reason, n) in &source.dead {
        text_row(ui, reason, &grouped(*n as f64, 0));
    }
    if let Some(last) = &source.last_dead {
        elided(ui, fine(format!("Last: {last}")));
    }
    ui.add(Label::new(fine("They are kept as they came and can be tried again once the mapping is mended.")).wrap());
}

fn counts(ui: &mut Ui, source: &SourceRow) {
    text_row(ui, "Received", &counted(source.messages, "message", "messages"));
    text_row(ui, "In them", &counted(source.readings, "reading", "readings"));
    text_row(ui, "Came late", &counted(source.late, "reading", "readings"));
    text_row(ui, "Came again", &grouped(source.duplicates as f64, 0));
    let mapping = if source.mapping.is_empty() { "own format" } else { &source.mapping };
    text_row(ui, "Mapping", mapping);
    ui.add(
        Label::new(fine("Late ones go to the history and never over a newer value; repeated ones change nothing."))
            .wrap(),
    );
}

fn history(ui: &mut Ui, feeds: &FeedsData) {
    let store = &feeds.history;
    if store.place.is_empty() {
        ui.add(Label::new(weak("Nothing is kept: the readings last as long as the program.")).wrap());
        return;
    }
    if let Some(why) = &store.failure {
        let text = format!("{}  Nothing can be committed: {why} Messages wait, unacknowledged.", icon::ERROR);
        ui.add(Label::new(RichText::new(text).color(theme::WORSE).size(12.0)).wrap());
    }
    text_row(ui, "Kept in", &store.place);
    if let Some(rows) = store.rows {
        text_row(ui, "Holds", &counted(rows, "reading", "readings"));
    }
    if let Some(size) = store.bytes {
        text_row(ui, "Size", &bytes(size));
    }
    text_row(ui, "From", &store.span.map_or_else(|| "no reading yet".to_owned(), |(from, _)| day_and_time(from)));
    text_row(ui, "To", &store.span.map_or_else(|| "no reading yet".to_owned(), |(_, to)| day_and_time(to)));
    text_row(ui, "Since the start", &counted(store.committed, "reading", "readings"));
    let totals = &feeds.totals;
    if let Some((rows, s)) = totals.last_commit {
        text_row(ui, "Last commit", &format!("{} in {}", counted(rows, "reading", "readings"), duration(s)));
    }
    text_row(ui, "Not yet committed", &counted(totals.waiting, "message", "messages"));
    for (label, n, says) in [
        ("There before", totals.duplicates, "The same sensor and the same time of measurement: the first value stays."),
        ("Too old to keep", totals.expired, "Of days that retention has emptied already."),
        ("Passed over", totals.conflated, "Not on the screen, since a newer one of the same sensor came first. Kept."),
    ] {
        if n > 0 {
            row(ui, label, |ui| {
                elided(ui, RichText::new(counted(n, "reading", "readings")).color(theme::TEXT)).on_hover_text(says);
            });
        }
    }
}

fn day_and_time(at: citytwin_model::time::civil::DateTime) -> String {
    at.strftime("%-d %b %Y, %H:%M").to_string()
}

fn dead_letters(ui: &mut Ui, feeds: &FeedsData) {
    if feeds.dead.is_empty() {
        ui.add(Label::new(weak("Every message so far could be read.")).wrap());
        return;
    }
    ui.spacing_mut().item_spacing.y = 8.0;
    for (k, letter) in feeds.dead.iter().take(LETTERS).enumerate() {
        ui.push_id(("letter", k), |ui| card(ui, |ui| self::letter(ui, letter)));
    }
    let more = feeds.dead.len().saturating_sub(LETTERS);
    if more > 0 {
        ui.label(fine(format!("and {} before", grouped(more as f64, 0))));
    }
}

fn letter(ui: &mut Ui, letter: &DeadLetterRow) {
    tight(ui);
    row(ui, &letter.feed, |ui| {
        elided(ui, fine(ago(letter.age_s))).on_hover_text(letter.at.strftime("%-d %b %Y, %H:%M:%S").to_string());
    });
    elided(ui, RichText::new(&letter.reason).color(theme::AMBER).size(12.0));
    let excerpt = if letter.excerpt.is_empty() { "empty" } else { &letter.excerpt };
    elided(ui, RichText::new(excerpt.replace('\n', " ")).monospace().size(11.0).color(theme::TEXT));
    if !letter.mapping.is_empty() {
        elided(ui, fine(format!("mapping {}", letter.mapping)));
    }
}
