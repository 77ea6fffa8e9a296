//! The power grid of the live city: every element an entity with what is simulated, switching, the day ahead.

mod town;

use std::time::{Duration, Instant};

use bevy_app::App;
use citytwin_energy::grid::synthetic::{Element, LineKind};
use citytwin_model::Request;
use citytwin_twin::{
    Clock, DayState, EditLog, EditRequested, FeedChoice, GridAsset, GridIndex, GridSwitch, GridTwin, Simulated,
    state_hash,
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
        app.world_mut().write_message(EditRequested::Do(Request::SetEvShare(1.0)));
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
    app.world_mut().write_message(EditRequested::Do(Request::SetEvShare(1.0)));
    for _ in 0..3 {
        app.update();
    }
    let second = found(&mut app);
    let fit = |all: &[citytwin_scenario::TechnologyHosting]| -> usize {
        all.iter().find(|t| t.technology.name == "chargers").expect("asked").feeders.iter().flat_map(|h| &h.units).sum()
    };
    assert!(fit(&second) <= fit(&first), "cars that charge already leave less room");
}
