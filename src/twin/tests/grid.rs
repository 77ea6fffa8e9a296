//! The power grid of the live city: every element an entity with what is simulated, switching, the day ahead.

#[path = "../../../tests/support/needs.rs"]
mod needs;
mod town;

use std::{
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use bevy_app::App;
use citytwin_energy::grid::synthetic::{Element, LineKind};
use citytwin_feeds::Broker;
use citytwin_model::{Quantity, Request, Technology};
use citytwin_twin::{
    Clock, DayState, EditLog, EditRequested, EstimateState, FeedChoice, GridAsset, GridEstimated, GridEstimation,
    GridIndex, GridSwitch, GridTwin, Observed, Simulated, state_hash,
};

fn switch(app: &mut App, element: Element, out: bool) {
    app.world_mut().write_message(GridSwitch { element, out });
}

fn twin(app: &App) -> &GridTwin {
    app.world().resource::<GridTwin>()
}

#[test]
fn every_element_of_the_grid_has_its_entity() {
    let mut app = town::app(1, &FeedChoice::Off);
    for _ in 0..4 {
        app.update();
    }
    let (index, grid) = (app.world().resource::<GridIndex>(), &twin(&app).grid);
    assert_eq!(index.lines.len(), grid.grid.lines.len());
    assert_eq!(index.transformers.len(), grid.grid.transformers.len());
    assert_eq!((index.feeders.len(), index.substations.len()), (grid.feeders.len(), grid.substations.len()));
    let answer = twin(&app).answer().expect("solved");
    for (k, entity) in index.lines.iter().enumerate() {
        assert_eq!(app.world().get::<GridAsset>(*entity), Some(&GridAsset::Line(k as u32)));
        let Some(Simulated::Line { loading, power_w }) = app.world().get::<Simulated>(*entity) else { panic!("{k}") };
        assert_eq!((*loading, *power_w), (answer.line_loading[k], answer.line_w[k]));
    }
    for entity in &index.feeders {
        let Some(Simulated::Feeder { lowest_pu, highest_pu }) = app.world().get::<Simulated>(*entity) else {
            panic!("a feeder without voltages")
        };
        assert!(0.9 < *lowest_pu && lowest_pu <= highest_pu && *highest_pu < 1.1);
    }
}

#[test]
fn switching_is_logged_replays_and_comes_back() {
    let run = |app: &mut App, switches: &[(u64, Element, bool)], until: u64| {
        while app.world().resource::<Clock>().tick < until {
            let tick = app.world().resource::<Clock>().tick;
            for (_, element, out) in switches.iter().filter(|(at, ..)| *at == tick) {
                switch(app, *element, *out);
            }
            app.update();
        }
    };
    let mut first = town::app(5, &FeedChoice::Off);
    let station = Element::Transformer(0);
    run(&mut first, &[(10, station, true), (20, Element::Line(u32::MAX), true)], 30);
    let off = twin(&first).operated.off().len();
    assert!(off > 0 && twin(&first).out.len() == 1, "an element that is not there is not switched");
    let log = first.world().resource::<EditLog>().switches.clone();
    assert_eq!(log, [(10, station, true)]);
    let mut second = town::app(5, &FeedChoice::Off);
    run(&mut second, &log, 30);
    assert_eq!(state_hash(first.world()), state_hash(second.world()));
    assert_eq!(twin(&first).answer(), twin(&second).answer());
    run(&mut second, &[(30, station, false)], 40);
    assert!(twin(&second).operated.off().is_empty() && twin(&second).out.is_empty());
    assert_ne!(state_hash(first.world()), state_hash(second.world()));
}

#[test]
fn the_day_follows_shares_and_switching() {
    let mut app = town::app(1, &FeedChoice::Off);
    let mut day = |change: &dyn Fn(&mut App)| {
        change(&mut app);
        let began = Instant::now();
        // The question is asked in the update after the change.
        for _ in 0..3 {
            app.update();
        }
        loop {
            app.update();
            match &twin(&app).day {
                DayState::Found(day) => return day.clone(),
                DayState::Failed(why) => panic!("{why}"),
                DayState::Working => assert!(began.elapsed() < Duration::from_secs(60), "no answer"),
            }
            std::thread::yield_now();
        }
    };
    let today = day(&|_| ());
    assert_eq!(today.off, 0);
    assert!(today.losses_mwh > 0.0 && today.voltage_pu[0].0 < today.voltage_pu[1].0);
    let electric = day(&|app| {
        app.world_mut().write_message(EditRequested::Do(Request::SetShare(Technology::ElectricCars, 1.0)));
    });
    assert!(electric.transformer.0 > today.transformer.0, "cars that charge load the transformers");
    let dark = day(&|app| switch(app, Element::Transformer(0), true));
    assert!(dark.off > 0);
}

#[test]
fn a_cable_out_takes_only_what_hangs_on_it() {
    let mut app = town::app(1, &FeedChoice::Off);
    let grid = twin(&app).grid.clone();
    let service = grid.lines.iter().position(|line| matches!(line.kind, LineKind::Service(_))).expect("a service");
    switch(&mut app, Element::Line(service as u32), true);
    app.update();
    app.update();
    let own = grid.buildings.iter().position(|b| b.service == Some(service as u32)).expect("its building");
    assert_eq!(twin(&app).operated.off(), [own as u32]);
}

#[test]
fn feeders_tell_what_they_take_and_forget_it_when_shares_change() {
    let mut app = town::app(1, &FeedChoice::Off);
    let found = |app: &mut App| {
        let began = Instant::now();
        while twin(app).hosting.is_none() {
            assert!(began.elapsed() < Duration::from_secs(60), "no answer");
            app.update();
            std::thread::yield_now();
        }
        twin(app).hosting.clone().expect("found")
    };
    let first = found(&mut app);
    assert!(first.iter().all(|technology| technology.feeders.len() == twin(&app).grid.feeders.len()));
    app.world_mut().write_message(EditRequested::Do(Request::SetShare(Technology::ElectricCars, 1.0)));
    for _ in 0..3 {
        app.update();
    }
    let second = found(&mut app);
    let fit = |all: &[citytwin_scenario::TechnologyHosting]| -> usize {
        all.iter().find(|t| t.technology.name == "chargers").expect("asked").feeders.iter().flat_map(|h| &h.units).sum()
    };
    assert!(fit(&second) <= fit(&first), "cars that charge already leave less room");
}

/// Updates until there is an estimate from so many sensors; the last word where none comes.
fn estimated(app: &mut App, sensors: usize) -> Result<Arc<GridEstimated>, EstimateState> {
    let began = Instant::now();
    loop {
        app.update();
        match &app.world().resource::<GridEstimation>().state {
            EstimateState::Found(found) if found.sensors.len() == sensors => return Ok(found.clone()),
            state if began.elapsed() > Duration::from_secs(30) => return Err(state.clone()),
            _ => std::thread::yield_now(),
        }
    }
}

/// The emulator measures the simulated city, so that the estimate is what is simulated, within its own deviations.
#[test]
fn the_live_grid_is_estimated_from_its_sensors() {
    let mut app = town::app(1, &FeedChoice::Emulated { seed: 5 });
    let found = estimated(&mut app, 2).expect("an estimate");
    assert!(found.of == 2 && found.estimate.set_aside.is_empty(), "{:?}", found.sensors);
    let (loading, [power_w, sigma_w]) = (found.estimate.answer.transformer_loading[0], found.estimate.transformer_w[0]);
    let simulated = twin(&app).answer().expect("solved").transformer_loading[0];
    assert!((loading / simulated - 1.0).abs() < 0.2, "{loading} {simulated}");
    assert!(sigma_w > 0.0 && sigma_w < 0.1 * power_w, "{power_w} {sigma_w}");
    // What the sensors say stands on the transformer of the grid, too.
    let entity = app.world().resource::<GridIndex>().transformers[0];
    let on_it = app.world().get::<Observed>(entity).expect("observed");
    assert!(on_it.get(Quantity::ActivePower).is_some() || on_it.get(Quantity::Voltage).is_some());
}

/// A meter in watts that is mapped as kilowatts is named, and the estimate goes on without it.
#[test]
fn a_meter_that_contradicts_the_rest_is_named() {
    if Command::new("mosquitto_pub").arg("--help").output().is_err() {
        return needs::missing("the program mosquitto_pub (Debian: apt-get install mosquitto-clients)");
    }
    let (broker, folder) = (Broker::start_loopback().expect("a broker"), tempfile::tempdir().expect("a folder"));
    let (mut app, wall) = town::live(folder.path(), Some(broker.config()), None);
    app.update();
    assert!(matches!(app.world().resource::<GridEstimation>().state, EstimateState::Silent));
    let port = broker.port().to_string();
    let began = Instant::now();
    let found = loop {
        let (topic, value) = ("citytwin/test-town/power/active_power", "{\"value\": 90000, \"unit\": \"kW\"}");
        let sent =
            Command::new("mosquitto_pub").args(["-h", "127.0.0.1", "-p", &port, "-t", topic, "-m", value]).status();
        assert!(sent.expect("mosquitto_pub runs").success());
        for _ in 0..50 {
            wall.follow(&app);
            app.update();
        }
        match &app.world().resource::<GridEstimation>().state {
            EstimateState::Found(found) => break found.clone(),
            state => assert!(began.elapsed() < Duration::from_secs(30), "{state:?}"),
        }
    };
    assert_eq!((found.sensors.len(), found.estimate.set_aside.as_slice()), (1, &[0][..]));
    assert!(found.estimate.normalised[0] > Some(3.0));
    let simulated = twin(&app).answer().expect("solved").transformer_loading[0];
    let loading = found.estimate.answer.transformer_loading[0];
    assert!((loading / simulated - 1.0).abs() < 0.05, "{loading} {simulated}");
}

#[test]
fn without_a_feed_nothing_is_estimated() {
    let mut app = town::app(1, &FeedChoice::Off);
    for _ in 0..5 {
        app.update();
    }
    assert!(matches!(app.world().resource::<GridEstimation>().state, EstimateState::Silent));
}
