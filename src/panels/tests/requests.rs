//! Every control sends its request, once, with values in range; what cannot be done says why.

mod sample;

use citytwin_model::{
    BuildingId, Coord, FeatureRef, NetworkEdit, Oneway, PartRequest, PartShare, Request, RoadChange, RoadId, SensorId,
    SourceRef, Technology,
};
use citytwin_panels::{
    CameraPreset, Comparison, FeedMode, FlyTarget, GridElement, HistoryRange, LayerGroup, LayerInfo, LayerKind,
    LiveState, PanelRequest, PanelState, Picked, SourceState, Tab, draw,
};
use egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};
use sample::Sample;

/// The program's side: the sample, the panels' memory, what they asked for.
struct Desk {
    sample: Sample,
    state: PanelState,
    asked: Vec<PanelRequest>,
}

fn open(sample: Sample) -> Harness<'static, Desk> {
    let desk = Desk { sample, state: PanelState::default(), asked: Vec::new() };
    let mut harness = Harness::builder().with_size([1280.0, 1500.0]).build_ui_state(
        |ui, desk: &mut Desk| {
            draw(ui, &mut desk.state, &desk.sample.input(), &mut desk.asked);
        },
        desk,
    );
    harness.run_steps(6);
    harness.state_mut().asked.clear();
    harness
}

/// Clicks the button with this name and returns what was asked for.
fn click(harness: &mut Harness<'static, Desk>, name: &str) -> Vec<PanelRequest> {
    harness.get_by_label(name).click();
    harness.run_steps(4);
    std::mem::take(&mut harness.state_mut().asked)
}

#[test]
fn buttons_of_the_bars_ask_for_what_they_say() {
    let mut harness = open(Sample::new());
    for (name, request) in [
        ("Pause (Space)", PanelRequest::Pause(true)),
        ("60×", PanelRequest::SetSpeed(60.0)),
        ("300×", PanelRequest::SetSpeed(300.0)),
        ("Whole city (Home)", PanelRequest::Camera(CameraPreset::Home)),
        ("Look straight down (T)", PanelRequest::Camera(CameraPreset::Top)),
        ("Tilted view", PanelRequest::Camera(CameraPreset::Tilt)),
        ("Save a picture (F12)", PanelRequest::Screenshot),
    ] {
        assert_eq!(click(&mut harness, name), [request], "{name}");
    }
    harness.state_mut().sample.paused = true;
    harness.run_steps(2);
    assert_eq!(click(&mut harness, "Play (Space)"), [PanelRequest::Pause(false)]);
}

#[test]
fn layers_and_groups_are_chosen_and_a_layer_that_cannot_be_had_is_not() {
    let mut harness = open(Sample::new());
    for layer in LayerKind::ALL {
        let title = layer.title();
        harness.get_by_role_and_label(Role::RadioButton, title).click();
        harness.run_steps(3);
        let asked = std::mem::take(&mut harness.state_mut().asked);
        let idle = matches!(layer, LayerKind::TrafficSpeed | LayerKind::FlowChange);
        let expected = if idle { vec![] } else { vec![PanelRequest::SetLayer(layer)] };
        assert_eq!(asked, expected, "{title}: chosen already, not to be had, or asked for");
    }
    for (group, shown) in harness.state().sample.shown.clone() {
        harness.get_by_role_and_label(Role::CheckBox, group.title()).click();
        harness.run_steps(3);
        let asked = std::mem::take(&mut harness.state_mut().asked);
        assert_eq!(asked, [PanelRequest::SetVisible(group, !shown)]);
    }
}

#[test]
fn the_road_closes_reopens_or_says_why_not() {
    let source = SourceRef::Way(4_711_008);
    let mut harness = open(Sample::new());
    let reopen = PanelRequest::Edit(Request::reopen(source.clone()));
    assert_eq!(click(&mut harness, "Reopen this road"), [reopen]);
    let road = harness.state_mut().sample.what_if.road.as_mut().unwrap();
    road.change.closed = false;
    harness.run_steps(2);
    assert_eq!(click(&mut harness, "Close this road"), [PanelRequest::Edit(Request::close(source))]);
    let road = harness.state_mut().sample.what_if.road.as_mut().unwrap();
    road.refused = Some("A footway carries no motor vehicles.".into());
    harness.run_steps(2);
    assert!(harness.query_by_label("A footway carries no motor vehicles.").is_some());
    assert_eq!(click(&mut harness, "Close this road"), []);
    harness.state_mut().sample.what_if.road = None;
    harness.run_steps(2);
    assert!(harness.query_by_label("Close this road").is_none());
    assert!(harness.query_by_label_contains("Click a road").is_some());
}

#[test]
fn lanes_limit_and_direction_of_an_open_road_are_changed() {
    let source = SourceRef::Way(4_711_008);
    let mut sample = Sample::new();
    sample.what_if.road.as_mut().unwrap().change = RoadChange::default();
    let mut harness = open(sample);
    let road = || source.clone();
    for (property, choice, edit) in [
        ("Lanes each way", "1", NetworkEdit::Lanes { road: road(), lanes: Some(1) }),
        ("Speed limit", "30 km/h", NetworkEdit::SpeedLimit { road: road(), kmh: Some(30.0) }),
        ("Direction", "one-way, as drawn", NetworkEdit::Oneway { road: road(), way: Some(Oneway::Forward) }),
    ] {
        let name = format!("{property} of the selected road");
        harness.get_by_role_and_label(Role::ComboBox, &name).click();
        harness.run_steps(3);
        harness.get_by_role_and_label(Role::Button, choice).click();
        harness.run_steps(3);
        let asked = std::mem::take(&mut harness.state_mut().asked);
        assert_eq!(asked, [PanelRequest::Edit(Request::Network(edit))], "{property}");
    }
}

#[test]
fn edits_are_undone_and_compared() {
    let mut harness = open(Sample::new());
    assert_eq!(click(&mut harness, "Undo this change (Ctrl Z)"), [PanelRequest::UndoEdit]);
    assert_eq!(click(&mut harness, "Undo all changes"), [PanelRequest::ResetEdits]);
    assert_eq!(click(&mut harness, "Compare again"), [PanelRequest::Compare]);
    assert_eq!(harness.state().state.tab, Tab::Figures);
    harness.state_mut().sample.what_if.comparison =
        Comparison::Running { fraction: f32::NAN, doing: "Baseline, run 1 of 5".into() };
    harness.run_steps(2);
    assert!(harness.query_by_label("Compare again").is_none(), "one comparison at a time");
    assert_eq!(click(&mut harness, "Cancel"), [PanelRequest::CancelCompare]);
    harness.state_mut().sample.what_if.edits.clear();
    harness.state_mut().sample.what_if.comparison = Comparison::None;
    harness.run_steps(2);
    assert!(harness.query_by_label("Compare with baseline").is_none(), "nothing to compare");
}

#[test]
fn a_dragged_slider_sends_one_clamped_request_on_release() {
    let mut harness = open(Sample::new());
    for (name, high) in [("Traffic demand", 3.0), ("Roofs with solar", 1.0), ("Electric cars", 1.0)] {
        let rail = harness.get_by_role_and_label(Role::Slider, name).rect();
        harness.drag_at(rail.center());
        harness.run_steps(2);
        for step in 1..6 {
            harness.hover_at(rail.center() + egui::vec2(60.0 * step as f32, 0.0));
            harness.run_steps(1);
        }
        assert_eq!(harness.state().asked, [], "{name}: nothing while the hand is on it");
        harness.drop_at(rail.center() + egui::vec2(300.0, 0.0));
        harness.run_steps(4);
        let asked = std::mem::take(&mut harness.state_mut().asked);
        let value = match asked.as_slice() {
            [PanelRequest::Edit(Request::SetDemandFactor(v) | Request::SetShare(_, v))] => *v,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(value, high, "{name}: drawn beyond its end");
        harness.remove_cursor();
        harness.run_steps(60);
        assert_eq!(harness.state().asked, [], "{name}: sent once");
    }
}

#[test]
fn arrow_keys_on_a_slider_send_one_request_after_a_rest() {
    let mut harness = open(Sample::new());
    harness.get_by_role_and_label(Role::Slider, "Electric cars").focus();
    harness.run_steps(2);
    for _ in 0..5 {
        harness.key_press(Key::ArrowRight);
        harness.run_steps(1);
    }
    assert_eq!(harness.state().asked, []);
    harness.run_steps(60);
    assert_eq!(harness.state().asked, [PanelRequest::Edit(Request::SetShare(Technology::ElectricCars, 0.10))]);
}

#[test]
fn the_time_of_day_is_set_on_release_and_stays_within_the_day() {
    let mut harness = open(Sample::new());
    let rail = harness.get_by_role_and_label(Role::Slider, "Time of day").rect();
    harness.drag_at(rail.center());
    harness.run_steps(2);
    harness.hover_at(rail.right_center() + egui::vec2(200.0, 0.0));
    harness.run_steps(1);
    harness.drop_at(rail.right_center() + egui::vec2(200.0, 0.0));
    harness.run_steps(3);
    assert_eq!(harness.state().asked, [PanelRequest::SetTimeOfDay(86_100.0)]);
}

#[test]
fn the_date_is_chosen_from_a_menu() {
    let mut harness = open(Sample::new());
    assert_eq!(click(&mut harness, "Date: Thu 18 Jun 2026"), []);
    let day = citytwin_model::time::civil::date;
    assert_eq!(click(&mut harness, "Day after"), [PanelRequest::SetDate(day(2026, 6, 19))]);
}

#[test]
fn the_inspector_flies_selects_copies_and_closes() {
    let mut harness = open(Sample::new());
    let road = FeatureRef::Road(RoadId(7));
    assert_eq!(click(&mut harness, "Fly there"), [PanelRequest::FlyTo(FlyTarget::Feature(road))]);
    let sensor = PanelRequest::Select(FeatureRef::Sensor(SensorId(2)));
    assert_eq!(click(&mut harness, "Watched by Nordbrücke, north side"), [sensor]);
    harness.get_by_label("Copy the source id").click();
    harness.run_steps(1);
    harness.step();
    assert_eq!(click(&mut harness, "Clear the selection (Esc)"), [PanelRequest::ClearSelection]);
}

#[test]
fn a_vehicle_can_be_followed() {
    let mut sample = Sample::new();
    let mut vehicle = sample::road();
    vehicle.picked = Picked::Vehicle(12);
    sample.inspector = Some(vehicle);
    let mut harness = open(sample);
    assert_eq!(click(&mut harness, "Follow"), [PanelRequest::FollowVehicle(Some(12))]);
    harness.state_mut().sample.inspector.as_mut().unwrap().followed = true;
    harness.run_steps(2);
    assert_eq!(click(&mut harness, "Stop following"), [PanelRequest::FollowVehicle(None)]);
    assert_eq!(click(&mut harness, "Fly there"), [PanelRequest::FlyTo(FlyTarget::Vehicle(12))]);
}

#[test]
fn elements_of_the_grid_are_found_and_switched() {
    let mut sample = Sample::new();
    let mut cable = sample::road();
    cable.picked = Picked::Grid(GridElement::Line(17));
    cable.out_of_service = Some(false);
    sample.inspector = Some(cable);
    let mut harness = open(sample);
    let element = GridElement::Line(17);
    assert_eq!(click(&mut harness, "Take out of service"), [PanelRequest::SwitchGrid(element, true)]);
    assert_eq!(click(&mut harness, "Fly there"), [PanelRequest::FlyTo(FlyTarget::Grid(element))]);
    click(&mut harness, "Grid");
    let there = [PanelRequest::SelectGrid(element), PanelRequest::FlyTo(FlyTarget::Grid(element))];
    assert_eq!(click(&mut harness, "Cable 17, Nordstraße: 112 % at 18:30, 3 h beyond its rating"), there);
    assert_eq!(click(&mut harness, "Second cable, Nordstraße: 12,000 €"), there);
    let back = [PanelRequest::SwitchGrid(GridElement::Transformer(4), false)];
    assert_eq!(click(&mut harness, "Put Transformer 4 back"), back);
}

#[test]
fn a_problem_with_a_place_is_a_click_away_and_the_filter_narrows() {
    let mut harness = open(Sample::new());
    click(&mut harness, "Problems");
    let name = "way/1001: outline crosses itself; mended";
    let there = FlyTarget::Place(Coord { x: 1.0, y: -1.0 }, SourceRef::Way(1001));
    assert_eq!(click(&mut harness, name), [PanelRequest::FlyTo(there)]);
    let nowhere = "way/1004: 3 of its 12 nodes are not in the file; drawn without them";
    assert_eq!(click(&mut harness, nowhere), [], "it has no place");
    harness.get_by_role_and_label(Role::TextInput, "Filter problems").focus();
    harness.run_steps(1);
    harness.get_by_role_and_label(Role::TextInput, "Filter problems").type_text("way/1007");
    harness.run_steps(3);
    assert!(harness.query_by_label("1 of 137 problems").is_some());
    assert!(harness.query_by_label(name).is_none());
}

#[test]
fn search_asks_lists_and_goes() {
    let mut harness = open(Sample::new());
    harness.get_by_role_and_label(Role::TextInput, "Search the city").focus();
    harness.run_steps(1);
    harness.get_by_role_and_label(Role::TextInput, "Search the city").type_text("nord ");
    harness.run_steps(3);
    let asked = std::mem::take(&mut harness.state_mut().asked);
    assert_eq!(asked.last(), Some(&PanelRequest::Search("nord".into())));
    let hall = FeatureRef::Building(BuildingId(3));
    let go = [PanelRequest::Select(hall), PanelRequest::FlyTo(FlyTarget::Feature(hall))];
    assert_eq!(click(&mut harness, "Nordbad: Public building"), go);
    assert_eq!(click(&mut harness, "Clear the search"), [PanelRequest::Search(String::new())]);
    assert_eq!(harness.state().state.search, "");
}

#[test]
fn enter_goes_to_the_first_hit() {
    let mut harness = open(Sample::new());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::TextInput, "Search the city").type_text("n");
    harness.run_steps(2);
    harness.state_mut().asked.clear();
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    let bridge = FeatureRef::Road(RoadId(7));
    assert_eq!(harness.state().asked, [PanelRequest::Select(bridge), PanelRequest::FlyTo(FlyTarget::Feature(bridge))]);
}

#[test]
fn keys_do_what_the_sheet_says() {
    let mut harness = open(Sample::new());
    let bridge = FlyTarget::Feature(FeatureRef::Road(RoadId(7)));
    for (modifiers, key, request) in [
        (Modifiers::NONE, Key::Space, PanelRequest::Pause(true)),
        (Modifiers::NONE, Key::Comma, PanelRequest::SetSpeed(1.0)),
        (Modifiers::NONE, Key::Period, PanelRequest::SetSpeed(60.0)),
        (Modifiers::NONE, Key::Num5, PanelRequest::SetLayer(LayerKind::BuildingLoad)),
        (Modifiers::NONE, Key::F, PanelRequest::FlyTo(bridge)),
        (Modifiers::NONE, Key::Home, PanelRequest::Camera(CameraPreset::Home)),
        (Modifiers::NONE, Key::T, PanelRequest::Camera(CameraPreset::Top)),
        (Modifiers::NONE, Key::F12, PanelRequest::Screenshot),
        (Modifiers::NONE, Key::Escape, PanelRequest::ClearSelection),
        (Modifiers::COMMAND, Key::Z, PanelRequest::UndoEdit),
    ] {
        harness.key_press_modifiers(modifiers, key);
        harness.run_steps(2);
        assert_eq!(std::mem::take(&mut harness.state_mut().asked), [request], "{key:?}");
    }
    harness.key_press(Key::Num4);
    harness.run_steps(2);
    assert_eq!(harness.state().asked, [], "a layer that cannot be had has no key");
}

#[test]
fn keys_typed_into_a_field_stay_there() {
    let mut harness = open(Sample::new());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run_steps(2);
    harness.state_mut().asked.clear();
    for key in [Key::T, Key::F, Key::Num5, Key::Space, Key::Home] {
        harness.key_press(key);
        harness.run_steps(2);
    }
    assert_eq!(harness.state().asked, []);
}

#[test]
fn esc_leaves_the_field_or_the_menu_first() {
    let mut harness = open(Sample::new());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run_steps(3);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert_eq!(harness.state().asked, [], "left the field");
    harness.state_mut().sample.feeds = None;
    harness.run_steps(2);
    click(&mut harness, "Feed: Live");
    assert!(harness.query_by_label("Live feed").is_some());
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.query_by_label("Live feed").is_none());
    assert_eq!(harness.state().asked, [], "closed the menu");
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert_eq!(harness.state().asked, [PanelRequest::ClearSelection]);
}

#[test]
fn sheets_open_and_close() {
    let mut harness = open(Sample::new());
    harness.key_press(Key::F1);
    harness.run_steps(3);
    assert!(harness.query_by_label("Keys and mouse").is_some());
    assert!(harness.query_by_label("Zoom to the pointer").is_some(), "the map's keys stand beside the panels' own");
    harness.key_press(Key::Space);
    harness.run_steps(2);
    assert_eq!(harness.state().asked, [], "a sheet has the keys");
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!harness.state().state.help_open);
    assert_eq!(harness.state().asked, [], "Esc closed the sheet and nothing else");
    click(&mut harness, "Models and how far to trust them");
    assert!(harness.query_by_label("not validated").is_some());
    click(&mut harness, "Close this sheet (Esc)");
    assert!(!harness.state().state.models_open);
}

#[test]
fn notices_are_dismissed() {
    let mut sample = Sample::new();
    sample.notices = sample::notices();
    sample.notices.truncate(1);
    let mut harness = open(sample);
    assert_eq!(click(&mut harness, "Dismiss"), [PanelRequest::DismissNotice(1)]);
}

#[test]
fn the_emulation_is_always_marked_and_the_feed_opens() {
    let mut sample = Sample::new();
    sample.feeds = None;
    let mut harness = open(sample);
    assert!(harness.query_by_label("EMULATED").is_some());
    click(&mut harness, "Left panel (F2)");
    click(&mut harness, "Right panel (F3)");
    harness.run_steps(20);
    assert!(harness.query_by_label("EMULATED").is_some());
    assert!(harness.query_by_label("© OpenStreetMap contributors, ODbL 1.0").is_some());
    assert!(harness.query_by_label_contains("Legend: Traffic speed").is_some(), "the map keeps its legend");
    click(&mut harness, "Feed: Live");
    assert!(harness.query_by_label("5,214 packets").is_some());
    harness.state_mut().sample.feed.emulated = false;
    harness.run_steps(2);
    assert!(harness.query_by_label("EMULATED").is_none());
}

#[test]
fn what_the_program_cannot_do_is_not_offered() {
    let mut harness = Harness::builder().with_size([1280.0, 800.0]).build_ui_state(
        |ui, desk: &mut Desk| {
            let input = citytwin_panels::PanelInput { can: Default::default(), models: &[], ..desk.sample.input() };
            draw(ui, &mut desk.state, &input, &mut desk.asked);
        },
        Desk { sample: Sample::new(), state: PanelState::default(), asked: Vec::new() },
    );
    harness.run_steps(6);
    for name in ["Save a picture (F12)", "Whole city (Home)", "Fly there", "Models and how far to trust them"] {
        assert!(harness.query_by_label(name).is_none(), "{name}");
    }
    for key in [Key::F12, Key::Home, Key::T, Key::F] {
        harness.key_press(key);
        harness.run_steps(2);
    }
    assert_eq!(harness.state().asked, []);
}

#[test]
fn groups_and_layers_left_out_are_not_shown() {
    let mut sample = Sample::new();
    sample.layers = vec![LayerInfo::usual(LayerKind::Plain), LayerInfo::usual(LayerKind::Pv)];
    sample.shown = vec![(LayerGroup::Trees, true)];
    let harness = open(sample);
    assert!(harness.query_by_label("Trees").is_some() && harness.query_by_label("Water").is_none());
    assert!(harness.query_by_label("Solar power").is_some() && harness.query_by_label("Traffic flow").is_none());
}

/// Shares of the surroundings of what is picked: opened, set, and taken back.
#[test]
fn a_part_gets_shares_of_its_own_and_loses_them() {
    let mut harness = open(Sample::new());
    assert_eq!(click(&mut harness, "In a part of the city"), []);
    harness.get_by_role_and_label(Role::Slider, "Heat pumps here").focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(60);
    let asked = std::mem::take(&mut harness.state_mut().asked);
    let [PanelRequest::Edit(Request::SetPartShare(request))] = asked.as_slice() else { panic!("{asked:?}") };
    let PartRequest { technology, part, share } = *request;
    assert_eq!((technology, part.within.map(|area| area.radius_m)), (Technology::HeatPumps, Some(400.0)));
    let share = share.expect("a share");
    harness.state_mut().sample.what_if.now.parts = vec![PartShare { technology, part, share }];
    harness.run_steps(2);
    let back = PanelRequest::Edit(Request::SetPartShare(PartRequest { technology, part, share: None }));
    let label = format!("As in the rest of the city: {:.0} % heat pumps within 400 m", 100.0 * share);
    assert_eq!(click(&mut harness, &label), [back]);
}

#[test]
fn the_feeds_open_from_the_bar_and_say_how_each_source_stands() {
    let mut harness = open(Sample::new());
    assert_eq!(click(&mut harness, "Feed: 1 of 3 sources lost"), []);
    assert_eq!(harness.state().state.tab, Tab::Feeds);
    for said in [
        "LIVE",
        "18 of 64 sensors good",
        "Live for 2.1 h",
        "Lost for 3.2 min, trying again: 503 Service Unavailable.",
        "412/s",
        "12 ms",
        "99.9%",
        "model output",
        "not known yet",
        "No sensor yet.",
        "Latest trouble: the broker closed the connection",
        "18,204,551 readings",
        "412 MB",
        "1 Mar 2026, 00:00",
        "`value` is not a number",
        "mapping 3+9f2c",
    ] {
        assert!(harness.query_all_by_label(said).next().is_some(), "{said}");
    }
    for part in ["230 messages shed", "41 MB of 64 MB wait", "forgotten by its broker 1 time", "K-118"] {
        assert!(harness.query_by_label_contains(part).is_some(), "{part}");
    }
    assert!(harness.query_by_label("no sensor of this id: 1").is_none());
    click(&mut harness, "counters: 5 entries could not be read");
    assert!(harness.query_by_label_contains("Last: counters/x/speed").is_some());
    assert!(harness.query_by_label("5,214 messages").is_none());
    click(&mut harness, "counters: counts and mapping");
    assert!(harness.query_by_label("5,214 messages").is_some());
}

#[test]
fn districts_are_a_table_that_tells_its_rule() {
    let mut harness = open(Sample::new());
    // Sources alone would fill the panel.
    harness.state_mut().sample.feeds.as_mut().unwrap().sources.truncate(1);
    harness.run_steps(2);
    click(&mut harness, "Feed: Live");
    let line = |harness: &Harness<'static, Desk>, name: &str| -> Vec<String> {
        let middle = harness.get_by_label(name).rect().center().y;
        let mut words: Vec<(f32, String)> = harness
            .query_all_by_role(Role::Label)
            .filter(|node| (node.rect().center().y - middle).abs() < 4.0 && node.rect().left() > 900.0)
            .map(|node| (node.rect().left(), node.accesskit_node().value().unwrap_or_default()))
            .collect();
        words.sort_by(|a, b| a.0.total_cmp(&b.0));
        words.into_iter().map(|(_, word)| word).collect()
    };
    assert_eq!(line(&harness, "Name"), ["Name", "Sensors", "Good", "Complete"]);
    assert_eq!(line(&harness, "Altstadt"), ["Altstadt", "15", "100%", "100%"]);
    assert_eq!(line(&harness, "Hafen"), ["Hafen", "49", "4.0%", "28.4%"]);
    assert_eq!(line(&harness, "Neustadt"), ["Neustadt", "1", "0.0%", "not yet"]);
    harness.get_by_label("Hafen").hover();
    harness.run_steps(40);
    assert!(harness.query_by_label("Hafen: 2 good, 46 stale, 1 silent").is_some());
    assert!(
        harness
            .query_by_label_contains("by the nearest suburb that the map names. Inferred: the map names districts and")
            .is_some()
    );
    harness.state_mut().sample.feeds.as_mut().unwrap().districts.rows.clear();
    harness.run_steps(2);
    assert!(harness.query_by_label("Districts").is_none(), "no sensors, no table");
}

#[test]
fn a_history_that_cannot_be_written_is_said_first() {
    let mut harness = open(Sample::new());
    let feeds = harness.state_mut().sample.feeds.as_mut().unwrap();
    feeds.history.failure = Some("no space left on /data.".into());
    harness.run_steps(2);
    click(&mut harness, "Feed: Nothing is kept");
    assert!(harness.query_by_label("\u{e4e2}  History: no space left on /data.").is_some());
    assert!(harness.query_by_label_contains("wait, unacknowledged").is_some());
}

#[test]
fn the_bar_names_the_state_of_all_feeds() {
    let mut harness = open(Sample::new());
    let at = citytwin_model::time::civil::date(2026, 6, 1).at(8, 0, 0, 0);
    for (mode, name) in [
        (FeedMode::Past { at }, "Feed: From history"),
        (FeedMode::Ahead, "Feed: No readings yet"),
        (FeedMode::Replay { at, speed: 1_000.0 }, "Feed: Replay 1,000×"),
        (FeedMode::Emulated, "Feed: 1 of 3 sources lost"),
    ] {
        harness.state_mut().sample.feeds.as_mut().unwrap().mode = mode;
        harness.run_steps(2);
        assert!(harness.query_by_label(name).is_some(), "{name}");
    }
    assert!(harness.query_by_label("EMULATED").is_some(), "always in sight");
    let feeds = harness.state_mut().sample.feeds.as_mut().unwrap();
    feeds.mode = FeedMode::Live;
    feeds.sources.truncate(1);
    harness.run_steps(2);
    assert!(harness.query_by_label("Feed: Live").is_some() && harness.query_by_label("EMULATED").is_none());
    let sources = &mut harness.state_mut().sample.feeds.as_mut().unwrap().sources;
    sources[0].sensors.good = 0;
    harness.run_steps(2);
    assert!(harness.query_by_label("Feed: No fresh readings").is_some());
    harness.state_mut().sample.feeds.as_mut().unwrap().sources[0].state = SourceState::AtRest;
    harness.run_steps(2);
    assert!(harness.query_by_label("Feed: At rest").is_some());
    harness.state_mut().sample.feeds.as_mut().unwrap().sources.clear();
    harness.run_steps(2);
    click(&mut harness, "Feed: No sources");
    assert!(harness.query_by_label("No sources").is_some(), "in words, with what to do");
    assert!(harness.query_by_label_contains("sources.toml").is_some());
}

#[test]
fn the_history_of_a_sensor_is_asked_for_and_exported() {
    let mut harness = open(Sample::new());
    let sensor = SensorId(2);
    for (name, range) in [
        ("History: 3 h", HistoryRange::ThreeHours),
        ("History: Day", HistoryRange::Day),
        ("History: Week", HistoryRange::Week),
        ("History: Month", HistoryRange::Month),
        ("History: All", HistoryRange::All),
    ] {
        assert_eq!(click(&mut harness, name), [PanelRequest::HistoryRange(sensor, range)], "{name}");
    }
    let export = PanelRequest::ExportHistory(sensor, HistoryRange::Day);
    assert_eq!(click(&mut harness, "Export CSV"), [export]);
    assert!(harness.query_by_label("veh/h; mean of 15 minutes, band: least to most").is_some());
    assert!(harness.query_by_label("1,380 readings, 98% good").is_some());
    assert!(harness.query_by_label("From counters, mapping 3+9f2c").is_some());
    let history = harness.state_mut().sample.inspector.as_mut().unwrap().history.as_mut().unwrap();
    history.points.clear();
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("No readings in this range").is_some());
    assert!(harness.query_by_label("Export CSV").is_none(), "nothing to export");
    let history = harness.state_mut().sample.inspector.as_mut().unwrap().history.as_mut().unwrap();
    history.reading = true;
    history.error = Some("history.sqlite is damaged".into());
    harness.run_steps(2);
    assert!(harness.query_by_label("Reading the history …").is_some());
    assert!(harness.query_by_label_contains("history.sqlite is damaged").is_some());
    assert!(harness.query_by_label_contains("No readings in this range").is_none(), "that is not known");
}

#[test]
fn the_clock_says_whether_it_is_live_and_goes_back() {
    let mut harness = open(Sample::new());
    assert!(harness.query_by_label("●  LIVE").is_some() && harness.query_by_label("Go live").is_none());
    for (state, words) in [(LiveState::Past, "from history"), (LiveState::Ahead, "no readings yet")] {
        harness.state_mut().sample.live = Some(state);
        harness.run_steps(2);
        assert!(harness.query_by_label(words).is_some(), "{words}");
        assert_eq!(click(&mut harness, "Go live"), [PanelRequest::GoLive]);
    }
    click(&mut harness, "Date: Thu 18 Jun 2026");
    let first = citytwin_model::time::civil::date(2026, 3, 1);
    assert_eq!(click(&mut harness, "First day: Sun 1 Mar 2026"), [PanelRequest::SetDate(first)]);
    harness.state_mut().sample.live = None;
    harness.run_steps(2);
    assert!(harness.query_by_label("Go live").is_none());
}

/// Seven titles on one line in the narrowest panel, none over another.
#[test]
fn all_tabs_fit_the_narrowest_panel() {
    let mut harness = open(Sample::new());
    let edge = harness.get_by_label("Inspect").rect().left();
    harness.hover_at(egui::pos2(edge - 12.0, 700.0));
    harness.run_steps(2);
    harness.drag_at(egui::pos2(edge - 12.0, 700.0));
    harness.run_steps(2);
    // Two points before the panel is at its narrowest: dragged past that, it closes.
    for x in [945.0, 950.0] {
        harness.hover_at(egui::pos2(x, 700.0));
        harness.run_steps(2);
    }
    harness.drop_at(egui::pos2(950.0, 700.0));
    harness.run_steps(6);
    let titles = ["Inspect", "Figures", "Feeds", "Grid", "Year", "Trends", "Problems"];
    let rects = titles.map(|title| harness.get_by_label(title).rect());
    for pair in rects.windows(2) {
        assert!(pair[0].right() <= pair[1].left() + 0.5 && pair[0].top() == pair[1].top(), "{pair:?}");
    }
    // The window ends eight points before the picture, the panel's room eight before that.
    let (first, last) = (rects[0].left(), rects[6].right());
    assert!(first > 1_272.0 - 315.0 && last <= 1_272.0 - 7.0, "from {first} to {last}");
}
