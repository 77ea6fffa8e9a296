//! The year of energy beside the live city: rests until it is wanted, answers what is changed, with the grid last.

mod town;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bevy_app::App;
use citytwin_model::{Request, Technology};
use citytwin_scenario::energy_year::EnergyYear;
use citytwin_twin::{Clock, EditRequested, FeedChoice, YearState, YearTwin, state_hash};

fn answered(app: &mut App, shares: f64) -> (Arc<EnergyYear>, Arc<EnergyYear>) {
    let began = Instant::now();
    loop {
        app.update();
        let year = app.world().resource::<YearTwin>();
        if let (YearState::Idle, Some(base), Some(now)) = (&year.state, &year.baseline, &year.now)
            && year.answered.pv_share == shares
        {
            return (base.clone(), now.clone());
        }
        assert!(began.elapsed() < Duration::from_secs(120), "no answer: {:?}", year.state);
        std::thread::yield_now();
    }
}

#[test]
fn a_year_rests_until_wanted_and_follows_the_changes() {
    let mut app = town::app(1, &FeedChoice::Off);
    app.update();
    assert_eq!(app.world().resource::<YearTwin>().state, YearState::Resting);
    app.world_mut().resource_mut::<YearTwin>().wanted = true;
    let (base, now) = answered(&mut app, 0.10);
    assert_eq!(base, now);
    assert!(base.losses_known && base.hours.len() == 8760 && base.totals.import_mwh > 0.0);
    app.world_mut().write_message(EditRequested::Do(Request::SetShare(Technology::Photovoltaics, 1.0)));
    let (still, sunny) = answered(&mut app, 1.0);
    assert_eq!(still, base);
    assert!(sunny.totals.pv_mwh > 5.0 * base.totals.pv_mwh && sunny.totals.import_mwh < base.totals.import_mwh);
}

/// It stands beside the live city: what happens next does not depend on it.
#[test]
fn the_live_city_does_not_wait_for_it() {
    let hash = |wanted: bool| {
        let mut app = town::app(1, &FeedChoice::Off);
        app.world_mut().resource_mut::<YearTwin>().wanted = wanted;
        while app.world().resource::<Clock>().tick < 60 {
            app.update();
        }
        state_hash(app.world())
    };
    assert_eq!(hash(true), hash(false));
}
