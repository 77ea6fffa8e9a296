//! What a sensor said over hours, days or months: the band from least to most, the mean, gaps, and how far to trust it.

use citytwin_model::{
    Quality, SensorId, Timestamp,
    time::{TimeZone, civil::DateTime},
};
use egui::{Button, Label, Rect, RichText, Ui, pos2, vec2};
use egui_plot::{FilledArea, GridMark, HoverPosition, Line, LineStyle, PlotPoint, PlotPoints, PlotTransform, Points};

use crate::{
    PanelRequest,
    element::{self, chip, elided, fine, quiet_button, strong, weak},
    format::{Scaled, Unit, counted, duration},
    icon, quality, theme,
    trends::{runs, still_about},
    year::thirds,
};

/// The history of one sensor, as far back as was asked.
#[derive(Clone, PartialEq, Debug)]
pub struct SensorHistory {
    pub sensor: SensorId,
    /// Its name.
    pub name: String,
    /// What it measures, e.g. `Vehicle flow`.
    pub quantity: String,
    pub unit: Unit,
    pub range: HistoryRange,
    /// Start and end of the range, Unix second.
    pub span_s: [f64; 2],
    pub level: HistoryLevel,
    /// By time, rising; a few hundred to a thousand. Intervals without readings have none.
    pub points: Vec<HistoryPoint>,
    /// Usual time between two of its readings, second; `None` where it is not known.
    pub interval_s: Option<f64>,
    /// The engine's values, where kept: Unix second and value.
    pub simulated: Vec<[f64; 2]>,
    /// How far they are from the readings.
    pub model_error: Option<ModelError>,
    /// Name of the feed, as in `sources.toml`.
    pub source: String,
    /// Version of the mapping that made the readings; empty for the program's own format.
    pub mapping: String,
    pub emulated: bool,
    /// The program asks the history now; the points, if any, are those of before.
    pub reading: bool,
    /// Why there is nothing to show: one line.
    pub error: Option<String>,
    /// The city's, for hours and dates under the curve.
    pub zone: TimeZone,
}

/// The model's values less the readings, where both are.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ModelError {
    /// Mean difference, in the unit of the history.
    pub bias: f64,
    /// Mean of the differences without their signs.
    pub mean_off: f64,
    /// Mean of the readings compared.
    pub observed: f64,
    /// How many values or intervals were compared.
    pub pairs: u32,
}

impl ModelError {
    fn words(&self, scale: Scaled) -> String {
        let share = self.mean_off / self.observed.abs();
        let share = if share.is_finite() { format!(" ({:.0}%)", 100.0 * share) } else { String::new() };
        let (bias, off) = (scale.signed_number(self.bias), scale.text(self.mean_off));
        format!("Model {bias} on average, off by {off}{share}")
    }

    fn explained(&self) -> String {
        let pairs = counted(u64::from(self.pairs), "value or interval", "values or intervals");
        format!(
            "The model's values less the readings over this range, and the mean size of the difference: {pairs} for which \
             both are kept. Bad readings are left out."
        )
    }
}

/// One reading, or all readings of one interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HistoryPoint {
    /// Of the reading, or of the start of the interval: Unix second.
    pub t_s: f64,
    /// Of the readings that are not bad, in the unit of the history; NaN where all are.
    pub mean: f64,
    pub min: f64,
    pub max: f64,
    /// Readings.
    pub count: u32,
    /// Share of them that are good, 0 to 1.
    pub good_share: f64,
    /// The worst quality among them.
    pub worst: Quality,
}

/// How far back, counted from the city's clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum HistoryRange {
    ThreeHours,
    #[default]
    Day,
    Week,
    Month,
    All,
}

/// What one point of a history is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum HistoryLevel {
    /// A reading.
    #[default]
    Raw,
    Minute,
    QuarterHour,
    Hour,
}

impl HistoryRange {
    pub const ALL: [Self; 5] = [Self::ThreeHours, Self::Day, Self::Week, Self::Month, Self::All];

    /// The word on its button.
    const fn word(self) -> &'static str {
        match self {
            Self::ThreeHours => "3 h",
            Self::Day => "Day",
            Self::Week => "Week",
            Self::Month => "Month",
            Self::All => "All",
        }
    }

    /// Second; `None`: everything that is kept.
    pub const fn length_s(self) -> Option<f64> {
        match self {
            Self::ThreeHours => Some(10_800.0),
            Self::Day => Some(86_400.0),
            Self::Week => Some(604_800.0),
            Self::Month => Some(2_592_000.0),
            Self::All => None,
        }
    }
}

impl HistoryLevel {
    /// Length of the interval, second; 0 for a single reading.
    pub const fn length_s(self) -> f64 {
        match self {
            Self::Raw => 0.0,
            Self::Minute => 60.0,
            Self::QuarterHour => 900.0,
            Self::Hour => 3_600.0,
        }
    }

    /// What its points are, in words.
    const fn words(self) -> &'static str {
        match self {
            Self::Raw => "single readings",
            Self::Minute => "mean of 1 minute, band: least to most",
            Self::QuarterHour => "mean of 15 minutes, band: least to most",
            Self::Hour => "mean of 1 hour, band: least to most",
        }
    }
}

/// Readings stand this many of their usual intervals apart before there is a gap; as for staleness.
const LATE: f64 = 3.0;
/// Summaries stand this many intervals apart before there is a gap: one that is missing makes it.
const MISSING: f64 = 1.5;

/// Draws the chart with its buttons.
pub(crate) fn show(ui: &mut Ui, history: &SensorHistory, out: &mut Vec<PanelRequest>) {
    ui.spacing_mut().item_spacing.y = 4.0;
    ui.horizontal(|ui| {
        ui.label(strong("History"));
        elided(ui, fine(format!("{}, {}", history.quantity, history.name)));
    });
    ranges(ui, history, out);
    if let Some(error) = &history.error {
        let text = RichText::new(format!("{}  {error}", icon::ERROR)).color(theme::WORSE).size(12.0);
        ui.add(Label::new(text).wrap());
    }
    let drawn: Vec<&HistoryPoint> = history.points.iter().filter(|p| on_calendar(p.t_s)).collect();
    if !drawn.is_empty() {
        let scale = history.unit.scaled(largest(&drawn, &history.simulated));
        elided(ui, fine(format!("{}; {}", scale.symbol, history.level.words())));
        ui.scope(|ui| plot(ui, history, &drawn, scale));
        legend(ui, history, &drawn);
        elided(ui, fine(trust(&drawn)));
        if let Some(error) = &history.model_error {
            elided(ui, fine(error.words(scale))).on_hover_text(error.explained());
        }
    } else if history.error.is_none() && !history.reading {
        ui.add(Label::new(weak("No readings in this range. Try a longer one.")).wrap());
    }
    if history.reading {
        ui.horizontal(|ui| {
            ui.add(egui::Spinner::new().size(12.0));
            ui.label(weak("Reading the history …"));
        });
    }
    origin(ui, history);
    if !drawn.is_empty() && quiet_button(ui, icon::DOWN, "Export CSV").clicked() {
        out.push(PanelRequest::ExportHistory(history.sensor, history.range));
    }
}

fn ranges(ui: &mut Ui, history: &SensorHistory, out: &mut Vec<PanelRequest>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.spacing_mut().button_padding.x = 8.0;
        for range in HistoryRange::ALL {
            let chosen = history.range == range;
            let text = RichText::new(range.word()).size(12.0);
            let button = Button::new(text).selected(chosen).frame_when_inactive(chosen).min_size(vec2(0.0, 22.0));
            let response = ui.add(button);
            let label = format!("History: {}", range.word());
            response.widget_info(|| egui::WidgetInfo::selected(egui::WidgetType::Button, true, chosen, &label));
            if response.clicked() {
                out.push(PanelRequest::HistoryRange(history.sensor, range));
            }
        }
    });
}

/// Where the readings come from, so that each can be told back.
fn origin(ui: &mut Ui, history: &SensorHistory) {
    ui.horizontal_wrapped(|ui| {
        if history.emulated {
            chip(ui, "emulated", theme::AMBER).on_hover_text("Published by the program's own emulator.");
        }
        let by = match (history.source.as_str(), history.mapping.as_str()) {
            ("", _) => return,
            (source, "") => format!("From {source}, own format"),
            (source, mapping) => format!("From {source}, mapping {mapping}"),
        };
        elided(ui, fine(by));
    });
}

/// Whether a calendar has it, so that axis and pointer can name it.
fn on_calendar(t_s: f64) -> bool {
    // From the year 1 to the year 9000.
    (-6.2e10..2.2e11).contains(&t_s)
}

fn largest(points: &[&HistoryPoint], simulated: &[[f64; 2]]) -> f64 {
    let observed = points.iter().flat_map(|p| [p.mean, p.min, p.max]);
    observed.chain(simulated.iter().map(|p| p[1])).filter(|v| v.is_finite()).fold(0.0, |a, v| a.max(v.abs()))
}

/// How many readings, and how many of them are good.
fn trust(points: &[&HistoryPoint]) -> String {
    let readings: u64 = points.iter().map(|p| u64::from(p.count)).sum();
    let good: f64 = points.iter().map(|p| share(p) * f64::from(p.count)).sum();
    let all = counted(readings, "reading", "readings");
    if readings == 0 { all } else { format!("{all}, {:.0}% good", (100.0 * good / readings as f64).floor()) }
}

/// What is not known to be good is not.
fn share(point: &HistoryPoint) -> f64 {
    if point.good_share.is_finite() { point.good_share.clamp(0.0, 1.0) } else { 0.0 }
}

/// Usual distance of two points, second: the level's, or that of the readings where they are rarer; without either, the
/// distance that most points keep.
fn usual_s(history: &SensorHistory, points: &[&HistoryPoint]) -> f64 {
    let stated = history.interval_s.filter(|s| s.is_finite() && *s > 0.0);
    let learned = || {
        let mut steps: Vec<f64> = points.windows(2).map(|w| w[1].t_s - w[0].t_s).filter(|step| *step > 0.0).collect();
        steps.sort_by(f64::total_cmp);
        steps.get(steps.len() / 2).copied().unwrap_or(0.0)
    };
    stated.unwrap_or_else(learned).max(history.level.length_s())
}

/// The stretches without a gap.
fn stretches<'a>(history: &SensorHistory, points: &'a [&'a HistoryPoint]) -> Vec<&'a [&'a HistoryPoint]> {
    let bridged = if history.level == HistoryLevel::Raw { LATE } else { MISSING };
    let longest = bridged * usual_s(history, points);
    let goes_on = |a: &HistoryPoint, b: &HistoryPoint| {
        a.mean.is_finite() && b.mean.is_finite() && b.t_s >= a.t_s && b.t_s - a.t_s <= longest
    };
    let runs = points.chunk_by(|a, b| goes_on(a, b));
    runs.filter(|run| run[0].mean.is_finite()).collect()
}

fn plot(ui: &mut Ui, history: &SensorHistory, points: &[&HistoryPoint], scale: Scaled) {
    ui.style_mut().text_styles.insert(egui::TextStyle::Body, egui::FontId::proportional(11.0));
    // A summary is drawn in the middle of its interval.
    let half = 0.5 * history.level.length_s();
    let id = format!("history of {}", history.sensor.0);
    let mut plot = still_about(&id, 150.0, scale)
        .x_grid_spacer(|grid| marks(grid.bounds, &history.zone))
        .y_grid_spacer(|grid| thirds(grid.bounds))
        .x_axis_formatter(|mark, _| mark_text(mark, &history.zone))
        .label_formatter(|hover| hover_text(hover, history, points, scale));
    for end in history.span_s.into_iter().filter(|end| on_calendar(*end)) {
        plot = plot.include_x(end);
    }
    let values = || points.iter().flat_map(|p| [p.mean, p.min]).filter(|v| v.is_finite());
    // Zero is in sight unless the values lie far from it.
    let least = values().fold(f64::INFINITY, f64::min);
    if least >= 0.0 && least < 0.7 * largest(points, &[]) {
        plot = plot.include_y(0.0);
    }
    let shown = plot.show(ui, |plot| {
        for run in stretches(history, points) {
            band(plot, run, half);
        }
        for run in runs(
            &history.simulated.iter().map(|p| p[0]).collect::<Vec<_>>(),
            &history.simulated.iter().map(|p| p[1]).collect::<Vec<_>>(),
        ) {
            let line = Line::new("Simulated", PlotPoints::Owned(run)).color(theme::ACCENT).width(1.3);
            plot.line(line.style(LineStyle::dashed_dense()));
        }
        doubts(plot, points, half);
    });
    strip(ui, history, points, &shown.transform);
}

/// Band and mean of a stretch; a single point is a dot.
fn band(plot: &mut egui_plot::PlotUi<'_>, run: &[&HistoryPoint], half: f64) {
    let at: Vec<f64> = run.iter().map(|p| p.t_s + half).collect();
    let bound = |value: f64, mean: f64| if value.is_finite() { value } else { mean };
    let low: Vec<f64> = run.iter().map(|p| bound(p.min, p.mean)).collect();
    let high: Vec<f64> = run.iter().map(|p| bound(p.max, p.mean)).collect();
    let shade = theme::AMBER.gamma_multiply(0.28);
    if let [only] = run {
        let ends = vec![PlotPoint::new(at[0], low[0]), PlotPoint::new(at[0], high[0])];
        plot.line(Line::new("Least to most", PlotPoints::Owned(ends)).color(shade).width(2.0).allow_hover(false));
        let dot = PlotPoints::Owned(vec![PlotPoint::new(at[0], only.mean)]);
        plot.points(Points::new("Mean", dot).color(theme::AMBER).radius(1.8));
        return;
    }
    plot.add(FilledArea::new("Least to most", &at, &low, &high).fill_color(shade).allow_hover(false));
    let mean = run.iter().zip(&at).map(|(p, x)| PlotPoint::new(*x, p.mean)).collect();
    plot.line(Line::new("Mean", PlotPoints::Owned(mean)).color(theme::AMBER).width(1.6));
}

/// Marks where not every reading is good, in the colour of the worst.
fn doubts(plot: &mut egui_plot::PlotUi<'_>, points: &[&HistoryPoint], half: f64) {
    for quality in [Quality::Stale, Quality::Uncertain, Quality::Bad] {
        let of = points.iter().filter(|p| p.worst == quality && p.mean.is_finite());
        let marks: Vec<PlotPoint> = of.map(|p| PlotPoint::new(p.t_s + half, p.mean)).collect();
        if !marks.is_empty() {
            let (word, colour) = quality::in_words(quality);
            plot.points(Points::new(word, PlotPoints::Owned(marks)).color(colour).radius(2.2));
        }
    }
}

/// A line under the curve: green where readings are good, above it in the worst quality's colour the share that is not,
/// nothing where there are none.
fn strip(ui: &Ui, history: &SensorHistory, points: &[&HistoryPoint], transform: &PlotTransform) {
    let frame = *transform.frame();
    let painter = ui.painter_at(frame);
    let length = usual_s(history, points);
    for point in points {
        let left = transform.position_from_point_x(point.t_s);
        let right = transform.position_from_point_x(point.t_s + length).max(left + 1.5);
        if !left.is_finite() || !right.is_finite() {
            continue;
        }
        let whole = Rect::from_min_max(pos2(left, frame.bottom() - STRIP), pos2(right, frame.bottom()));
        painter.rect_filled(whole, 0.0, quality::fill(Quality::Good));
        let doubt = Rect::from_min_size(whole.min, vec2(whole.width(), doubt_height(point)));
        painter.rect_filled(doubt, 0.0, quality::fill(point.worst));
    }
}

/// Height of the line under the curve, point.
const STRIP: f32 = 6.0;

/// Of the line under the curve: half of it at least, so that one bad reading in an hour is seen.
fn doubt_height(point: &HistoryPoint) -> f32 {
    let doubt = if point.worst == Quality::Good { 0.0 } else { (1.0 - share(point)).max(0.5) };
    STRIP * doubt as f32
}

fn legend(ui: &mut Ui, history: &SensorHistory, points: &[&HistoryPoint]) {
    ui.horizontal_wrapped(|ui| {
        let mean = if history.level == HistoryLevel::Raw { "reading" } else { "mean" };
        let mut signs = vec![("●", theme::AMBER, mean)];
        if !history.simulated.is_empty() {
            signs.push(("- -", theme::ACCENT, "simulated"));
        }
        for quality in [Quality::Uncertain, Quality::Bad, Quality::Stale] {
            if points.iter().any(|p| p.worst == quality) {
                let (word, colour) = quality::in_words(quality);
                signs.push(("●", colour, word));
            }
        }
        for (sign, colour, word) in signs {
            element::sign(ui, sign, colour, word);
        }
    });
}

/// The local date and time of an instant.
fn local(t_s: f64, zone: &TimeZone) -> Option<DateTime> {
    let instant = Timestamp::from_second(t_s.floor() as i64).ok().filter(|_| on_calendar(t_s))?;
    Some(zone.to_datetime(instant))
}

/// The point under the pointer: when, how much, from how many readings.
fn hover_text(
    hover: &HoverPosition,
    history: &SensorHistory,
    points: &[&HistoryPoint],
    scale: Scaled,
) -> Option<String> {
    let HoverPosition::NearDataPoint { plot_name, position, .. } = hover else { return None };
    let when = |t_s| local(t_s, &history.zone).map(|at| at.strftime("%-d %b, %H:%M:%S").to_string());
    if *plot_name == "Simulated" {
        return Some(format!("Simulated {}\n{}", scale.text(position.y), when(position.x).unwrap_or_default()));
    }
    let length = history.level.length_s();
    let at = position.x - 0.5 * length;
    let near = points.iter().min_by(|a, b| (a.t_s - at).abs().total_cmp(&(b.t_s - at).abs()))?;
    let mut text = format!("{}\n{}", scale.text(near.mean), when(near.t_s).unwrap_or_default());
    if length > 0.0 {
        text = format!(
            "mean {}\nleast {}, most {}\n{} from {}\n{}",
            scale.text(near.mean),
            scale.number(near.min),
            scale.text(near.max),
            duration(length),
            when(near.t_s).unwrap_or_default(),
            trust(&[near]),
        );
    }
    if near.worst != Quality::Good {
        text += &format!("\nworst: {}", quality::in_words(near.worst).0);
    }
    Some(text)
}

/// Hours or days of the city, six or so of them: an hour's mark on the full hour, a day's on midnight.
fn marks((low, high): (f64, f64), zone: &TimeZone) -> Vec<GridMark> {
    let span = high - low;
    if !on_calendar(low) || !on_calendar(high) || span <= 0.0 {
        return Vec::new();
    }
    let hours = [600.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0].into_iter().find(|step| span / step <= 6.0);
    match hours {
        Some(step) => {
            let Some(at) = local(low, zone) else { return Vec::new() };
            let offset = at.to_zoned(TimeZone::UTC).map_or(0.0, |utc| utc.timestamp().as_second() as f64 - low.floor());
            let first = ((low + offset) / step).ceil() * step - offset;
            (0..8).map(|k| GridMark { value: first + step * f64::from(k), step_size: step }).collect()
        }
        None => days((low, high), zone),
    }
    .into_iter()
    .filter(|mark| mark.value <= high)
    .collect()
}

fn days((low, high): (f64, f64), zone: &TimeZone) -> Vec<GridMark> {
    let least = (high - low) / 86_400.0 / 6.0;
    let step = [1.0, 2.0, 7.0, 14.0, 30.0, 90.0, 365.0].into_iter().find(|step| least <= *step).unwrap_or(least.ceil());
    let Some(day) = local(low, zone).and_then(|at| at.date().tomorrow().ok()) else { return Vec::new() };
    let midnight = |k: i64| {
        let day = day.checked_add(jiff_days(k * step as i64)).ok()?;
        let at = day.to_datetime(citytwin_model::time::civil::Time::midnight()).to_zoned(zone.clone()).ok()?;
        Some(GridMark { value: at.timestamp().as_second() as f64, step_size: 86_400.0 * step })
    };
    (0..8).filter_map(midnight).collect()
}

fn jiff_days(days: i64) -> citytwin_model::time::SignedDuration {
    citytwin_model::time::SignedDuration::from_hours(24 * days)
}

fn mark_text(mark: GridMark, zone: &TimeZone) -> String {
    let form = match mark.step_size {
        step if step < 86_400.0 => "%H:%M",
        step if step < 300.0 * 86_400.0 => "%-d %b",
        _ => "%b %Y",
    };
    local(mark.value, zone).map(|at| at.strftime(form).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use citytwin_model::time::civil::date;

    fn history(level: HistoryLevel, interval_s: Option<f64>, points: Vec<HistoryPoint>) -> SensorHistory {
        SensorHistory {
            sensor: SensorId(0),
            name: "s".into(),
            quantity: "Speed".into(),
            unit: Unit::KilometresPerHour,
            range: HistoryRange::Day,
            span_s: [0.0, 86_400.0],
            level,
            points,
            interval_s,
            simulated: Vec::new(),
            model_error: None,
            source: String::new(),
            mapping: String::new(),
            emulated: false,
            reading: false,
            error: None,
            zone: TimeZone::UTC,
        }
    }

    fn point(t_s: f64, mean: f64) -> HistoryPoint {
        HistoryPoint { t_s, mean, min: mean, max: mean, count: 1, good_share: 1.0, worst: Quality::Good }
    }

    /// Lengths of the stretches of points at these times.
    fn check(level: HistoryLevel, interval_s: Option<f64>, at: &[f64], expected: &[usize]) {
        let history = history(level, interval_s, at.iter().map(|t| point(t.abs(), *t)).collect());
        let mut points: Vec<HistoryPoint> = history.points.clone();
        // A negative time stands for a point whose readings are all bad.
        points.iter_mut().filter(|p| p.mean < 0.0).for_each(|p| p.mean = f64::NAN);
        let points: Vec<&HistoryPoint> = points.iter().collect();
        let lengths: Vec<usize> = stretches(&history, &points).iter().map(|run| run.len()).collect();
        assert_eq!(lengths, expected, "{level:?} {interval_s:?} {at:?}");
    }

    #[test]
    fn gaps_break_the_line_at_every_level() {
        let quarter = HistoryLevel::QuarterHour;
        check(quarter, Some(60.0), &[0.0, 900.0, 2_700.0, 3_600.0], &[2, 2]);
        check(quarter, Some(1_200.0), &[0.0, 900.0, 2_700.0, 3_600.0], &[4]);
        check(quarter, None, &[0.0, 900.0, -1_800.0, 2_700.0], &[2, 1]);
        check(HistoryLevel::Minute, Some(600.0), &[0.0, 600.0, 1_260.0, 3_000.0], &[3, 1]);
        check(HistoryLevel::Raw, Some(10.0), &[0.0, 11.0, 40.0, 80.0], &[3, 1]);
        check(HistoryLevel::Raw, None, &[0.0, 10.0, 20.0, 29.0, 300.0], &[4, 1]);
        check(HistoryLevel::Raw, None, &[5.0], &[1]);
        check(HistoryLevel::Raw, Some(f64::NAN), &[], &[]);
    }

    #[test]
    fn marks_stand_on_the_city_s_hours_and_days() {
        // Two hours east.
        let zone = TimeZone::fixed(citytwin_model::time::SignedDuration::from_hours(2).try_into().unwrap());
        let noon = date(2026, 6, 18).at(12, 7, 0, 0).to_zoned(zone.clone()).unwrap().timestamp().as_second() as f64;
        let texts = |span: f64| -> Vec<String> {
            marks((noon - span, noon), &zone).into_iter().map(|mark| mark_text(mark, &zone)).collect()
        };
        assert_eq!(texts(10_800.0), ["09:30", "10:00", "10:30", "11:00", "11:30", "12:00"]);
        assert_eq!(texts(86_400.0), ["18:00", "00:00", "06:00", "12:00"]);
        assert_eq!(texts(604_800.0), ["12 Jun", "14 Jun", "16 Jun", "18 Jun"]);
        for span in [1.0, 60.0, 2e6, 3e7, 3e9] {
            assert!(texts(span).len() <= 8, "{span}: {:?}", texts(span));
        }
        for (low, high) in [(f64::NAN, 1.0), (0.0, f64::INFINITY), (5.0, 5.0), (-1e300, 1e300)] {
            assert!(marks((low, high), &zone).is_empty(), "{low} {high}");
        }
    }

    #[test]
    fn trust_counts_readings_not_points() {
        let mut bad = point(0.0, f64::NAN);
        (bad.count, bad.good_share, bad.worst) = (3, 0.0, Quality::Bad);
        assert_eq!(trust(&[&point(0.0, 1.0), &bad]), "4 readings, 25% good");
        bad.good_share = f64::NAN;
        assert_eq!(trust(&[&bad]), "3 readings, 0% good");
        assert_eq!((doubt_height(&point(0.0, 1.0)), doubt_height(&bad)), (0.0, STRIP));
        bad.good_share = 0.99;
        assert_eq!(doubt_height(&bad), 0.5 * STRIP);
    }
}
