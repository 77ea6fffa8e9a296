//! The twin from outside: packets reach their entities, readings grow old, edits replay to the same state.

mod town;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use bevy_app::App;
use citytwin_feeds::Broker;
use citytwin_ingest::DistrictStatus;
use citytwin_model::{Quality, Quantity, Request, SourceRef, Technology, time::civil};
use citytwin_traffic::TrafficView;
use citytwin_twin::{
    Asset, CityModel, Clock, ClockRequest, ComparisonRequest, ComparisonState, EditLog, EditRefused, EditRequested,
    EnergyTwin, EntityIndex, Feed, FeedChoice, FeedHealth, FeedMode, LiveEnergyTwin, Observed, QUEUES_FROM, Simulated,
    Stated, TrafficTwin, WhatIf, state_hash,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// Updates until `done`; false when it takes too long.
fn until(app: &mut App, mut done: impl FnMut(&mut App) -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        app.update();
        if done(app) {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

fn observed(app: &App, sensor: usize) -> Observed {
    let entity = app.world().resource::<EntityIndex>().sensors[sensor];
    app.world().get::<Observed>(entity).unwrap().clone()
}

#[test]
fn an_outside_client_changes_the_component_of_a_sensor() {
    if Command::new("mosquitto_pub").arg("--help").output().is_err() {
        println!("skipped: mosquitto_pub is not installed (apt install mosquitto-clients)");
        return;
    }
    let (broker, folder) = (Broker::start_loopback().unwrap(), tempfile::tempdir().unwrap());
    let (mut app, wall) = town::live(folder.path(), Some(broker.config()), None);
    let publish = |payload: &str| {
        let port = broker.port().to_string();
        let topic = "citytwin/test-town/north/vehicle_flow";
        let sent = Command::new("mosquitto_pub")
            .args(["-h", "127.0.0.1", "-p", &port, "-t", topic, "-m", payload])
            .status()
            .unwrap();
        assert!(sent.success());
    };
    let until = |app: &mut App, done: &mut dyn FnMut(&mut App) -> bool| {
        until(app, |app| {
            wall.follow(app);
            done(app)
        })
    };
    // What was published before the twin had subscribed is lost; say it until it is heard.
    let began = Instant::now();
    while observed(&app, 0).0.is_empty() && began.elapsed() < PATIENCE {
        publish("{\"value\": 1234, \"unit\": \"veh/h\"}");
        let heard_by = Instant::now() + Duration::from_millis(300);
        until(&mut app, &mut |app| !observed(app, 0).0.is_empty() || Instant::now() > heard_by);
    }
    let observation = observed(&app, 0).get(Quantity::VehicleFlow).cloned().expect("the packet was heard");
    assert_eq!((observation.reading.value, observation.quality), (1234.0, Quality::Good));
    assert!(!observation.reading.emulated);

    // What the sensor says stands on the bridge it observes, too.
    let city = app.world().resource::<CityModel>().0.clone();
    let bridge = city.roads_by_source()[&SourceRef::Way(900)];
    let mut on_the_bridge = |app: &mut App| {
        let entity = app.world().resource::<EntityIndex>().roads[bridge.index()];
        app.world().get::<Observed>(entity).unwrap().get(Quantity::VehicleFlow).map(|o| o.reading.value) == Some(1234.0)
    };
    assert!(until(&mut app, &mut on_the_bridge));

    // Garbage is counted and changes nothing; the feed goes on.
    for garbage in ["", "many", "{\"value\": \"NaN\"}", "{\"value\": -5}", "{{{{{{", "1e999"] {
        publish(garbage);
    }
    publish("77");
    assert!(until(&mut app, &mut |app| observed(app, 0).0[0].reading.value == 77.0));
    let status = app.world().resource::<Feed>().status().unwrap();
    assert_eq!(status.sources[0].dead_total(), 6, "{:?}", status.sources[0].dead);
    let kept = app.world().resource::<Feed>().kept().unwrap().clone();
    assert_eq!(kept.history.dead_letters(None, 0, 100).unwrap().len(), 6, "kept for a better mapping");
}

#[test]
fn emulated_sensors_speak_and_grow_stale_when_nothing_comes() {
    let mut app = town::app(1, &FeedChoice::Emulated { seed: 3 });
    let all_heard = |app: &mut App| (0..3).all(|s| !observed(app, s).0.is_empty());
    assert!(until(&mut app, all_heard), "{:?}", app.world().resource::<FeedHealth>());
    assert!(observed(&app, 0).0[0].reading.emulated, "says that it is emulated");
    // All sensors are counted by the sectors of a town that names no districts.
    let counted = |app: &mut App| {
        let counts = app.world().resource::<Feed>().status().unwrap().districts;
        let of = |count: fn(&DistrictStatus) -> u32| counts.districts.iter().map(count).sum::<u32>();
        let spoke = of(|district| district.qualities.iter().sum());
        !counts.named && counts.rule.contains("compass") && spoke >= 3 && spoke + of(|district| district.silent) == 4
    };
    assert!(until(&mut app, counted), "{:?}", app.world().resource::<Feed>().status().unwrap().districts);
    let power = app.world().resource::<EntityIndex>().sensors[1];
    let Some(Simulated::Sensor { value }) = app.world().get::<Simulated>(power).copied() else { panic!("no truth") };
    let measured = observed(&app, 1).0[0].reading.value;
    assert!((measured - value).abs() < 0.5 * value.abs() + 1.0, "{measured} W beside {value} W");
    let feed = app.world().resource::<Feed>();
    assert_eq!((feed.mode(), feed.kept().unwrap().run.as_ref()), (FeedMode::Emulated, "emulated:1"));
    // Another day has other readings: those of this one are forgotten, and a new run begins.
    let now = app.world().resource::<Clock>().now();
    ask(&mut app, EditRequested::Jump(now + jiff::SignedDuration::from_hours(30)));
    let anew = |app: &mut App| app.world().resource::<Feed>().kept().unwrap().run.as_ref() == "emulated:2";
    assert!(until(&mut app, anew));
    assert!(until(&mut app, all_heard));
    let then = observed(&app, 0).0[0].reading.observed_at;
    assert!(then.duration_since(now).as_hours() >= 29, "{then}");
}

fn ask(app: &mut App, request: EditRequested) {
    app.world_mut().write_message(request);
}

#[test]
fn the_log_replays_to_the_same_state() {
    let mut first = town::app(5, &FeedChoice::Off);
    // A tick may cost a loaded machine more than it has: an update then goes without one.
    let mut views = Vec::new();
    for step in 0..120 {
        match step {
            10 => ask(&mut first, EditRequested::Do(Request::close(SourceRef::Way(900)))),
            40 => ask(&mut first, EditRequested::Do(Request::SetDemandFactor(1.5))),
            60 => ask(&mut first, EditRequested::Undo),
            80 => ask(&mut first, EditRequested::Do(Request::SetShare(Technology::Photovoltaics, 0.6))),
            50 | 100 => {
                let view = if step == 50 { TrafficView::Meso } else { TrafficView::Micro };
                views.push((first.world().resource::<Clock>().tick, view));
                ask(&mut first, EditRequested::View(view));
            }
            90 => ask(&mut first, EditRequested::Do(Request::SetShare(Technology::HeatPumps, 0.4))),
            95 => ask(&mut first, EditRequested::Do("pv@0.005,50.004,300=1".parse().unwrap())),
            _ => {}
        }
        first.update();
    }
    let log = first.world().resource::<EditLog>().clone();
    assert_eq!(log.lines.len(), 6);
    assert_eq!(log.in_force.len(), 4);
    assert_eq!(log.views, views);

    let mut second = town::app(5, &FeedChoice::Off);
    let mut lines = log.lines.iter().peekable();
    while second.world().resource::<Clock>().tick < first.world().resource::<Clock>().tick {
        let tick = second.world().resource::<Clock>().tick;
        while let Some(line) = lines.next_if(|line| line.tick == tick) {
            let request = if line.undo { EditRequested::Undo } else { EditRequested::Do(replayed(&line.edit)) };
            ask(&mut second, request);
        }
        for (_, view) in log.views.iter().filter(|(at, _)| *at == tick) {
            ask(&mut second, EditRequested::View(*view));
        }
        second.update();
    }
    assert_eq!(state_hash(first.world()), state_hash(second.world()));
    let mut other = town::app(6, &FeedChoice::Off);
    other.update();
    assert_ne!(state_hash(other.world()), state_hash(second.world()));
}

/// From sixty times on vehicles drive as queues, below one by one; nobody is lost.
#[test]
fn a_fast_clock_drives_queues() {
    let mut app = town::app(5, &FeedChoice::Off);
    for _ in 0..60 {
        app.update();
    }
    for (speed, view) in [(QUEUES_FROM, TrafficView::Meso), (1.0, TrafficView::Micro)] {
        app.world_mut().write_message(ClockRequest::Speed(speed));
        app.update();
        app.update();
        let traffic = &app.world().resource::<TrafficTwin>().0;
        assert_eq!(traffic.view(), view);
        let tally = traffic.tally();
        assert_eq!(tally.demanded, tally.arrived + tally.under_way + tally.refused.values().sum::<u64>());
    }
}

fn replayed(edit: &citytwin_model::Edit) -> Request {
    use citytwin_model::{Edit, NetworkChange, PartRequest, PartShare};
    match edit {
        Edit::Network(NetworkChange::Road { road, will, .. }) if will.closed => Request::close(road.clone()),
        Edit::Network(NetworkChange::Road { road, .. }) => Request::reopen(road.clone()),
        Edit::Network(change) => panic!("this test only closes roads, not {change:?}"),
        Edit::DemandFactor { will, .. } => Request::SetDemandFactor(*will),
        Edit::Share { technology, will, .. } => Request::SetShare(*technology, *will),
        Edit::Parts { will, .. } => {
            let PartShare { technology, part, share } = *will.last().expect("this test only adds parts");
            Request::SetPartShare(PartRequest { technology, part, share: Some(share) })
        }
        Edit::Charging { will, .. } => Request::SetCharging(*will),
    }
}

#[test]
fn what_cannot_be_done_is_refused_in_words_and_changes_nothing() {
    let mut app = town::app(1, &FeedChoice::Off);
    let before = app.world().resource::<Stated>().clone();
    ask(&mut app, EditRequested::Do(Request::close(SourceRef::Way(424_242))));
    ask(&mut app, EditRequested::Do(Request::SetShare(Technology::ElectricCars, f64::NAN)));
    let mut refused = Vec::new();
    for _ in 0..3 {
        app.update();
        let mut messages = app.world_mut().resource_mut::<bevy_ecs::message::Messages<EditRefused>>();
        refused.extend(messages.drain().map(|r| r.why));
    }
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].contains("way/424242"), "{refused:?}");
    assert_eq!(*app.world().resource::<Stated>(), before);
}

#[test]
fn closing_a_bridge_sends_its_traffic_over_the_other() {
    let mut app = town::app(2, &FeedChoice::Off);
    ask(&mut app, EditRequested::Do(Request::close(SourceRef::Way(900))));
    for _ in 0..2400 {
        app.update();
    }
    let city = app.world().resource::<CityModel>().0.clone();
    let roads = city.roads_by_source();
    let flow = |way: i64| {
        let road = roads[&SourceRef::Way(way)];
        let traffic = &app.world().resource::<TrafficTwin>().0;
        city.links.iter().filter(|l| l.road == road).map(|l| traffic.link_states()[l.id.index()].flow_vph).sum::<f32>()
    };
    assert_eq!(flow(900), 0.0, "nobody drives over a closed bridge (flows look back 15 minutes)");
    assert!(flow(901) > 0.0, "the other bridge carries them");
    app.world_mut().write_message(ComparisonRequest::Start);
    let answered = until(&mut app, |app| {
        !matches!(app.world().resource::<WhatIf>().state, ComparisonState::Running { .. } | ComparisonState::Idle)
    });
    assert!(answered);
    let ComparisonState::Done(answer) = &app.world().resource::<WhatIf>().state else {
        panic!("{:?}", app.world().resource::<WhatIf>().state)
    };
    let travel = answer.comparison.figures.iter().find(|f| f.unit == "s" || f.unit == "min").expect("a travel time");
    assert!(travel.difference > 0.0, "{travel:?}");
    let closed = roads[&SourceRef::Way(900)];
    let less: f32 = city.links.iter().filter(|l| l.road == closed).map(|l| answer.flow_change_vph[l.id.index()]).sum();
    assert!(less < 0.0, "its flow goes: {less}");
}

#[test]
fn every_asset_has_its_entity_with_what_is_simulated() {
    let mut app = town::app(1, &FeedChoice::Off);
    for _ in 0..20 {
        app.update();
    }
    let city = app.world().resource::<CityModel>().0.clone();
    let index = app.world().resource::<EntityIndex>();
    assert_eq!(index.buildings.len(), city.buildings.len());
    for (building, entity) in city.buildings.iter().zip(&index.buildings) {
        let asset = app.world().get::<Asset>(*entity).unwrap();
        assert_eq!(asset.0, citytwin_model::FeatureRef::Building(building.id));
        let Some(Simulated::Building { load_w, .. }) = app.world().get::<Simulated>(*entity) else {
            panic!("{} has no load", building.source)
        };
        assert!(*load_w > 0.0, "{}", building.source);
    }
}

/// What a person moves shows in the next tick, long before the minute is over: heat pumps draw, insulation spares, batteries and
/// the rule of charging are known.
#[test]
fn shares_of_energy_show_in_the_next_tick() {
    let mut app = town::app(1, &FeedChoice::Off);
    for _ in 0..5 {
        app.update();
    }
    let mut after = |share: Option<(Technology, f64)>| {
        if let Some((technology, share)) = share {
            ask(&mut app, EditRequested::Do(Request::SetShare(technology, share)));
            app.update();
        }
        app.world().resource::<EnergyTwin>().0.clone()
    };
    let plain = after(None).totals();
    let pumps = after(Some((Technology::HeatPumps, 1.0))).totals();
    assert!(pumps.load_w > plain.load_w, "hot water at least: {} {}", pumps.load_w, plain.load_w);
    let lit = after(Some((Technology::Photovoltaics, 1.0))).totals();
    assert!(lit.pv_w > 2.0 * plain.pv_w, "{} {}", lit.pv_w, plain.pv_w);
    let stored = after(Some((Technology::Batteries, 1.0)));
    assert!(stored.batteries().iter().flatten().count() > 0);
    let electric = after(Some((Technology::ElectricCars, 1.0)));
    let [before, now] = [&stored, &electric].map(|energy| energy.electric_share());
    assert!(before < 1.0 && now == 1.0);
    let account = app.world().resource::<LiveEnergyTwin>().live().charging().expect("cars");
    assert!(account.arrived_mwh > 0.0 && account.residual < 1e-9, "{account:?}");
    assert!(app.world().resource::<Clock>().tick < 30, "no minute has passed");
}

/// Midnight takes the day that a worker prepared: two runs over it end in the same state, whenever their workers are ready.
#[test]
fn midnight_comes_to_the_same_state() {
    let over = || {
        let mut app = town::app_at(3, &FeedChoice::Off, civil::datetime(2026, 1, 14, 0, 58, 30, 0));
        ask(&mut app, EditRequested::Do(Request::SetShare(Technology::HeatPumps, 0.7)));
        ask(&mut app, EditRequested::Do(Request::SetShare(Technology::ElectricCars, 0.5)));
        let first = app.world().resource::<LiveEnergyTwin>().live().day_of(app.world().resource::<Clock>().now());
        let next = |app: &App| {
            let now = app.world().resource::<Clock>().now();
            app.world().resource::<LiveEnergyTwin>().live().day_of(now)
        };
        let mut ticks = 0;
        while next(&app) == first && ticks < 9000 {
            app.update();
            ticks += 1;
        }
        for _ in 0..150 {
            app.update();
        }
        assert!(next(&app) == first + 1, "{ticks} ticks");
        let energy = &app.world().resource::<EnergyTwin>().0;
        assert!(energy.totals().load_w > 0.0);
        state_hash(app.world())
    };
    assert_eq!(over(), over());
}
