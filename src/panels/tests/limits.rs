//! Nothing at all, far too much, and numbers that are none: the panels stay up, stay within the window, and
//! say so in words.

mod sample;

use citytwin_panels::{
    Busy, ClockData, Comparison, DistrictRow, FeedMode, FeedState, FeedsData, History, HistoryLevel, LiveState,
    PanelInput, PanelState, SensorCounts, SourceRow, SourceState, Tab, TrafficNow, draw,
    format::{NO_NUMBER, NOT_YET},
};
use egui::accesskit::Role;
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};
use sample::Sample;

const TABS: [Tab; 5] = [Tab::Inspect, Tab::Figures, Tab::Trends, Tab::Problems, Tab::Feeds];

/// Draws a few frames at a size and returns the map's rectangle after each.
fn frames(size: [f32; 2], tab: Tab, input: &PanelInput) -> Vec<egui::Rect> {
    let mut state = PanelState::default();
    let mut maps = Vec::new();
    {
        let mut harness = Harness::builder().with_size(size).build_ui(|ui| {
            if state.tab != tab && maps.len() == 4 {
                state.open(tab);
            }
            maps.push(draw(ui, &mut state, input, &mut Vec::new()));
        });
        harness.run_steps(14);
    }
    maps
}

fn check_stays_put(size: [f32; 2], input: &PanelInput) {
    check_tabs_stay_put(size, &TABS, input);
}

fn check_tabs_stay_put(size: [f32; 2], tabs: &[Tab], input: &PanelInput) {
    for &tab in tabs {
        let maps = frames(size, tab, input);
        let (last, before) = (maps[maps.len() - 1], maps[maps.len() - 5]);
        assert_eq!(last, before, "{tab:?} at {size:?}: panels must not creep");
        assert!(last.width() > 0.4 * size[0] && last.height() > 0.8 * size[1], "{tab:?} at {size:?}: {last:?}");
    }
}

#[test]
fn the_map_keeps_its_place_at_every_size() {
    let sample = Sample::new();
    for size in [[1280.0, 720.0], [1920.0, 1080.0]] {
        check_stays_put(size, &sample.input());
    }
}

#[test]
fn an_empty_input_is_an_empty_screen_in_words() {
    for size in [[1280.0, 720.0], [640.0, 360.0], [200.0, 100.0]] {
        for tab in TABS {
            frames(size, tab, &PanelInput::default());
        }
    }
    let mut state = PanelState::default();
    let mut harness = Harness::builder().with_size([1280.0, 720.0]).build_ui(move |ui| {
        draw(ui, &mut state, &PanelInput::default(), &mut Vec::new());
    });
    harness.run_steps(5);
    assert!(harness.query_by_label("No city open").is_some());
    assert!(harness.query_by_label("Play (Space)").is_none(), "no city, no clock");
    assert!(harness.query_by_label("EMULATED").is_none());
}

/// A sample in which every number is `value` and every text is long.
fn extreme(value: f64, length: usize) -> Sample {
    let text = "Überlängenstraße ".repeat(length / 16 + 1);
    let mut sample = Sample::new();
    sample.name = text.clone();
    sample.attribution = vec![text.clone(); 3];
    sample.speed = value;
    for layer in &mut sample.layers {
        (layer.low, layer.high) = (-value, value);
    }
    sample.feed.oldest_s = Some(value);
    sample.feed.state = FeedState::Lost(text.clone());
    sample.feed.packets = u64::MAX;
    sample.feed.source = text.clone();
    sample.feeds = Some(extreme_feeds(value, &text));
    sample.held_s = vec![[value, value], [0.0, value], [value, 9e4]];
    let inspector = sample.inspector.as_mut().unwrap();
    let history = inspector.history.as_mut().unwrap();
    (history.name, history.quantity, history.source) = (text.clone(), text.clone(), text.clone());
    (history.mapping, history.error, history.interval_s) = (text.clone(), Some(text.clone()), Some(value));
    history.span_s = [value, -value];
    for (k, point) in history.points.iter_mut().enumerate() {
        match k % 4 {
            0 => (point.mean, point.max) = (value, value),
            1 => (point.t_s, point.good_share) = (value, value),
            2 => (point.min, point.count) = (value, u32::MAX),
            _ => {}
        }
    }
    history.simulated.iter_mut().step_by(2).for_each(|p| *p = [value, value]);
    inspector.title = text.clone();
    inspector.kind = text.clone();
    inspector.tags = (0..40).map(|k| (format!("key {k} {text}"), text.clone())).collect();
    inspector.problems = vec![text.clone(); 3];
    for measure in &mut inspector.measures {
        measure.simulated = Some(value);
        measure.observed.as_mut().unwrap().value = value;
        measure.observed.as_mut().unwrap().age_s = value;
        measure.trail.as_mut().unwrap().observed.iter_mut().for_each(|p| *p = [value, value]);
        measure.trail.as_mut().unwrap().simulated.iter_mut().step_by(2).for_each(|p| p[1] = value);
    }
    for row in &mut sample.figures {
        (row.baseline, row.now, row.interval) = (Some(value), Some(value), Some(value));
        row.label = text.clone();
    }
    let what_if = &mut sample.what_if;
    (what_if.now.demand_factor, what_if.now.pv_share, what_if.baseline.ev_share) = (value, value, value);
    what_if.edits = vec![text.clone(); 2_000];
    what_if.road.as_mut().unwrap().name = text.clone();
    what_if.road.as_mut().unwrap().refused = Some(text.clone());
    what_if.comparison = Comparison::Running { fraction: value as f32, doing: text.clone() };
    let n = sample.history.at_s.len();
    sample.history = History { load_w: vec![value; n], vehicles: vec![value; n], ..sample.history };
    sample.history.at_s.iter_mut().step_by(7).for_each(|s| *s = value);
    sample.problems = sample::problems(10_000);
    sample.problems.iter_mut().for_each(|p| p.what = text.clone());
    sample.search.iter_mut().for_each(|hit| hit.title = text.clone());
    sample.notices = sample::notices();
    sample.notices.iter_mut().for_each(|notice| notice.text = text.clone());
    sample
}

/// Feeds in which the same goes for every number and text.
fn extreme_feeds(value: f64, text: &str) -> FeedsData {
    let mut feeds = sample::feeds();
    feeds.mode = FeedMode::Replay { at: sample::feeds().dead[0].at, speed: value };
    feeds.failure = Some(text.to_owned());
    feeds.history.place = text.to_owned();
    feeds.history.failure = Some(text.to_owned());
    feeds.history.rows = Some(u64::MAX);
    feeds.totals.last_commit = Some((u64::MAX, value));
    let odd = SourceRow {
        name: text.to_owned(),
        address: text.to_owned(),
        state: SourceState::Lost(text.to_owned()),
        since_s: Some(value),
        sensors: SensorCounts { good: usize::MAX, bad: usize::MAX, stale: 1, ..SensorCounts::default() },
        rate_per_s: value,
        rates_per_s: vec![value, 1.0, value, 1e300, 2.0],
        lag_s: Some(value),
        delay_s: Some(value),
        age_s: Some(value),
        completeness: Some(value),
        shed: u64::MAX,
        waiting_bytes: Some((u64::MAX, 0)),
        dead: vec![(text.to_owned(), u64::MAX); 3],
        last_dead: Some(text.to_owned()),
        last_error: Some(text.to_owned()),
        mapping: text.to_owned(),
        model_output: true,
        ..SourceRow::default()
    };
    feeds.sources.push(odd);
    (feeds.districts.rule, feeds.districts.inferred) = (text.to_owned(), true);
    let endless = SensorCounts { good: usize::MAX, bad: usize::MAX, ..SensorCounts::default() };
    for sensors in [endless, SensorCounts::default()] {
        feeds.districts.rows.push(DistrictRow { name: text.to_owned(), sensors, completeness: Some(value) });
    }
    for letter in &mut feeds.dead {
        (letter.feed, letter.reason, letter.excerpt) = (text.to_owned(), text.to_owned(), text.to_owned());
        letter.age_s = value;
    }
    feeds
}

/// A history of nothing, of one reading, of single readings in any order.
#[test]
fn a_history_of_hardly_anything_is_drawn() {
    for keep in [0, 1, 2] {
        for level in [HistoryLevel::Raw, HistoryLevel::Hour] {
            let mut sample = Sample::new();
            let history = sample.inspector.as_mut().unwrap().history.as_mut().unwrap();
            history.points.truncate(keep);
            history.points.reverse();
            (history.level, history.interval_s) = (level, None);
            history.simulated.clear();
            check_tabs_stay_put([1280.0, 720.0], &[Tab::Inspect], &sample.input());
        }
    }
}

#[test]
fn two_hundred_sources_cost_no_more_than_those_in_sight() {
    let mut sample = Sample::new();
    let feeds = sample.feeds.as_mut().unwrap();
    feeds.sources =
        (0..200).map(|k| SourceRow { name: format!("source {k}"), ..feeds.sources[k % 3].clone() }).collect();
    check_tabs_stay_put([1280.0, 720.0], &[Tab::Feeds], &sample.input());
    let mut state = PanelState::default();
    let mut harness = Harness::builder().with_size([1280.0, 720.0]).build_ui(move |ui| {
        state.open(Tab::Feeds);
        draw(ui, &mut state, &sample.input(), &mut Vec::new());
    });
    harness.run_steps(6);
    assert!(harness.query_by_label("source 0").is_some());
    let drawn = harness.query_all_by_label_contains("counts and mapping").count();
    assert!((1..12).contains(&drawn), "{drawn} cards drawn");
    assert!(harness.query_by_label("Feed: 67 of 200 sources lost").is_some());
}

/// In a panel at its narrowest the numbers stand where they stand in all lines, and within the panel.
#[test]
fn districts_by_the_thousand_keep_their_columns() {
    let mut sample = Sample::new();
    let feeds = sample.feeds.as_mut().unwrap();
    feeds.sources.clear();
    let sensors = SensorCounts { good: 3, ..SensorCounts::default() };
    let row =
        |k: usize| DistrictRow { name: format!("District {k} {}", "far ".repeat(30)), sensors, completeness: None };
    feeds.districts.rows = (0..2_000).map(row).collect();
    check_tabs_stay_put([1280.0, 720.0], &[Tab::Feeds], &sample.input());
    let mut state = PanelState::default();
    let mut harness = Harness::builder().with_size([640.0, 720.0]).build_ui(move |ui| {
        state.open(Tab::Feeds);
        draw(ui, &mut state, &sample.input(), &mut Vec::new());
    });
    harness.run_steps(6);
    let names: Vec<egui::Rect> = harness.query_all_by_label_contains("far far").map(|node| node.rect()).collect();
    assert!((5..60).contains(&names.len()), "{} lines drawn", names.len());
    let good: Vec<egui::Rect> = harness.query_all_by_label("100%").map(|node| node.rect()).collect();
    assert_eq!(good.len(), names.len());
    for (name, shown) in names.iter().zip(&good) {
        assert!(name.width() > 40.0 && name.right() < shown.left() && shown.right() < 640.0, "{name:?} {shown:?}");
        assert!((shown.right() - good[0].right()).abs() < 0.5, "{shown:?}");
    }
}

#[test]
fn feeds_without_anything_say_so() {
    let mut sample = Sample::new();
    sample.feeds = Some(FeedsData::default());
    (sample.live, sample.held_s) = (Some(LiveState::Ahead), Vec::new());
    let mut state = PanelState::default();
    let mut harness = Harness::builder().with_size([1280.0, 900.0]).build_ui(move |ui| {
        state.open(Tab::Feeds);
        draw(ui, &mut state, &sample.input(), &mut Vec::new());
    });
    harness.run_steps(6);
    for words in ["No sources", "Every message so far could be read.", "no readings yet"] {
        assert!(harness.query_by_label(words).is_some(), "{words}");
    }
    assert!(harness.query_by_label_contains("Nothing is kept").is_some());
}

#[test]
fn numbers_that_are_none_and_texts_without_end_do_no_harm() {
    for value in [f64::NAN, f64::INFINITY, -1e300] {
        let sample = extreme(value, 160);
        let input = PanelInput {
            clock: ClockData { speed: value, achieved: Some(value), ..sample.input().clock },
            traffic: Some(TrafficNow { under_way: u64::MAX, arrived: u64::MAX, refused: u64::MAX }),
            busy: Some(Busy { what: "Reading the map", fraction: Some(value as f32) }),
            ..sample.input()
        };
        check_stays_put([1280.0, 720.0], &input);
    }
}

#[test]
fn what_is_not_computed_is_said_not_shown_as_zero() {
    let mut sample = Sample::new();
    let inspector = sample.inspector.as_mut().unwrap();
    inspector.measures[0].simulated = None;
    inspector.measures[0].observed.as_mut().unwrap().value = f64::NAN;
    let mut state = PanelState::default();
    let mut harness = Harness::builder().with_size([1280.0, 900.0]).build_ui(move |ui| {
        draw(ui, &mut state, &sample.input(), &mut Vec::new());
    });
    harness.run_steps(5);
    assert!(harness.query_by_label(NOT_YET).is_some());
    assert!(harness.query_by_label(NO_NUMBER).is_some());
}

#[test]
fn ten_thousand_problems_cost_no_more_than_what_is_in_sight() {
    let mut sample = Sample::new();
    sample.problems = sample::problems(10_000);
    let mut state = PanelState::default();
    state.open(Tab::Problems);
    let mut harness = Harness::builder().with_size([1280.0, 720.0]).build_ui(move |ui| {
        state.tab = Tab::Problems;
        draw(ui, &mut state, &sample.input(), &mut Vec::new());
    });
    harness.run_steps(5);
    let rows = harness.query_all_by_label_contains("way/1").count();
    assert!((8..30).contains(&rows), "{rows} rows drawn");
    assert!(harness.query_by_label_contains("10,000 problems").is_some());
}

#[test]
fn controls_have_names_of_their_own() {
    for tab in [Tab::Inspect, Tab::Feeds] {
        check_names(tab);
    }
}

fn check_names(tab: Tab) {
    let mut sample = Sample::new();
    sample.notices.clear();
    let mut state = PanelState::default();
    let mut frame = 0;
    let mut harness = Harness::builder().with_size([1280.0, 1080.0]).build_ui(move |ui| {
        frame += 1;
        if frame > 2 {
            state.open(tab);
        }
        draw(ui, &mut state, &sample.input(), &mut Vec::new());
    });
    harness.run_steps(5);
    let mut names = Vec::new();
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        let roles = [Role::Button, Role::RadioButton, Role::CheckBox, Role::Slider, Role::TextInput, Role::ComboBox];
        if roles.contains(&node.role()) {
            let name = node.label().unwrap_or_default();
            assert!(!name.trim().is_empty(), "a {:?} without a name", node.role());
            let private = |c: char| ('\u{e000}'..='\u{f8ff}').contains(&c);
            assert!(!name.contains(private), "an icon read aloud: {name}");
            names.push((format!("{:?}", node.role()), name));
        }
    }
    assert!(names.len() > 30, "{}", names.len());
    names.sort();
    let doubled: Vec<_> = names.windows(2).filter(|w| w[0] == w[1]).map(|w| &w[0]).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
}
