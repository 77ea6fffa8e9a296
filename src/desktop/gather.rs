//! What the panels show, gathered from the twin each frame.

mod clock;
mod energy;
pub mod feeds;
mod figures;
pub mod grid;
mod inspect;
mod names;
mod peak;
pub mod year;

use bevy::prelude::*;
use citytwin_model::{Problem, time::civil};
use citytwin_panels::{
    Abilities, Busy, CityData, ClockData, GridData, History, InspectorData, KeyFigureRow, LayerGroup, PanelInput,
    PeakHour, TrafficNow, WhatIfData,
};
use citytwin_traffic::TrafficView;
use citytwin_twin::{
    CityModel, Clock, EditLog, EnergyTwin, EntityIndex, FeedClock, GridAsset, GridEstimation, GridIndex, GridTwin,
    JumpState, Observed, PeakTwin, Record, Simulated, Source, Stated, Trace, TrafficTwin, WhatIf,
};
use citytwin_view::{BuildProgress, Selection, VehicleFrame, Visibility};

use crate::{
    desk::{Desk, GROUPS},
    layers::Offered,
    load::LoadState,
    models,
};

pub use names::{feature_of, place, title};

/// Said where the clock can be set.
const SETTING_THE_CLOCK: &str =
    "Goes to another time: the streets are filled anew for it (20 simulated minutes), your edits stay.";

/// The same in a city that is live.
const SETTING_A_LIVE_CLOCK: &str = "Goes to another time: the streets are filled anew for it (20 simulated minutes), your \
     edits stay. What sensors said then comes from the history; recording goes on.";

/// All that the panels look at.
#[derive(bevy::ecs::system::SystemParam)]
pub struct Seen<'w, 's> {
    pub load: Option<Res<'w, LoadState>>,
    pub build: Res<'w, BuildProgress>,
    pub scene: Option<Res<'w, citytwin_view::Scene>>,
    pub selection: Res<'w, Selection>,
    pub frame: Res<'w, VehicleFrame>,
    pub visibility: Res<'w, Visibility>,
    pub offered: Res<'w, Offered>,
    pub year: Res<'w, year::YearSeen>,
    pub twin: Twin<'w>,
    pub feeds: Res<'w, feeds::FeedsSeen>,
    pub feed_clock: Option<Res<'w, FeedClock>>,
    /// What sensors say of the grid's elements.
    pub metered: Query<'w, 's, &'static Observed, With<GridAsset>>,
    pub assets: Query<'w, 's, (&'static Source, &'static Observed, &'static Simulated, Option<&'static Trace>)>,
}

/// The twin's resources; all there once a city is installed.
#[derive(bevy::ecs::system::SystemParam)]
pub struct Twin<'w> {
    pub city: Option<Res<'w, CityModel>>,
    pub clock: Option<Res<'w, Clock>>,
    pub traffic: Option<Res<'w, TrafficTwin>>,
    pub energy: Option<Res<'w, EnergyTwin>>,
    pub stated: Option<Res<'w, Stated>>,
    pub log: Option<Res<'w, EditLog>>,
    pub record: Option<Res<'w, Record>>,
    pub what_if: Option<Res<'w, WhatIf>>,
    pub index: Option<Res<'w, EntityIndex>>,
    pub jump: Option<Res<'w, JumpState>>,
    pub peak: Option<Res<'w, PeakTwin>>,
    pub grid: Option<Res<'w, GridTwin>>,
    pub grid_index: Option<Res<'w, GridIndex>>,
    pub grid_estimation: Option<Res<'w, GridEstimation>>,
}

/// Owned pieces of a frame's panel input.
pub struct Gathered {
    local: civil::DateTime,
    daylight: Option<(civil::Time, civil::Time)>,
    traffic: Option<TrafficNow>,
    inspector: Option<InspectorData>,
    what_if: Option<WhatIfData>,
    figures: Vec<KeyFigureRow>,
    peak: Option<PeakHour>,
    grid: Option<GridData>,
    history: Option<History>,
    shown: Vec<(LayerGroup, bool)>,
    busy: Option<(String, f32)>,
}

/// Gathers what must be computed; the rest is borrowed in [`Gathered::input`].
pub fn gather(seen: &Seen, desk: &Desk) -> Gathered {
    Gathered {
        local: seen.twin.clock.as_ref().map_or_else(Default::default, |c| c.zone.to_datetime(c.now())),
        daylight: clock::daylight(&seen.twin),
        traffic: seen.twin.traffic.as_ref().map(|t| figures::traffic_now(&t.0)),
        inspector: inspect::inspector(seen, desk),
        what_if: figures::what_if(seen),
        figures: figures::figures(&seen.twin),
        peak: seen.twin.peak.as_ref().map(|peak| peak::peak_hour(peak)),
        grid: grid::data(seen),
        history: figures::history(&seen.twin),
        shown: GROUPS.into_iter().map(|group| (group, is_shown(group, &seen.visibility, desk))).collect(),
        busy: busy(seen),
    }
}

impl Gathered {
    /// The panels' input of this frame.
    pub fn input<'a>(&'a self, seen: &'a Seen, desk: &'a Desk) -> PanelInput<'a> {
        let city = seen.scene.as_ref().map(|scene| &*scene.0);
        let live = seen.twin.city.is_some();
        PanelInput {
            city: city.map_or_else(CityData::default, |city| CityData {
                name: &city.name,
                population: city.population,
                buildings: city.buildings.len(),
                roads: city.roads.len(),
                sensors: city.sensors.len(),
                attribution: &city.attribution,
            }),
            clock: self.clock(seen),
            traffic: self.traffic,
            feed: None,
            feeds: seen.feeds.data.as_ref(),
            layer: desk.layer,
            layers: if live { &seen.offered.0 } else { &[] },
            shown: &self.shown,
            inspector: self.inspector.as_ref(),
            what_if: self.what_if.as_ref(),
            figures: &self.figures,
            peak: self.peak.as_ref(),
            grid: self.grid.as_ref(),
            history: self.history.as_ref(),
            year: seen.year.data.as_ref(),
            problems: city.map_or(&[] as &[Problem], |city| &city.problems),
            search: &desk.search,
            models: models::MODELS,
            camera_keys: models::CAMERA_KEYS,
            notices: &desk.notices,
            busy: self.busy.as_ref().map(|(what, fraction)| Busy { what, fraction: Some(*fraction) }),
            can: Abilities { camera_presets: true, fly_to: true, follow: live, screenshot: true, search: live },
        }
    }

    fn clock<'a>(&self, seen: &'a Seen) -> ClockData<'a> {
        let Some(clock) = &seen.twin.clock else { return ClockData::default() };
        let short = clock.reached < 0.9 * clock.speed;
        let live = seen.feeds.live();
        ClockData {
            local: self.local,
            zone: clock.zone.iana_name().unwrap_or("local time"),
            speed: clock.speed,
            achieved: (short && !clock.paused).then_some(clock.reached),
            paused: clock.paused,
            queues: seen.twin.traffic.as_ref().is_some_and(|t| t.0.view() == TrafficView::Meso),
            daylight: self.daylight,
            settable: Some(if live.is_some() { SETTING_A_LIVE_CLOCK } else { SETTING_THE_CLOCK }),
            live,
        }
    }
}

fn is_shown(group: LayerGroup, visibility: &Visibility, desk: &Desk) -> bool {
    match group {
        LayerGroup::Buildings => visibility.buildings,
        LayerGroup::Roads => visibility.roads,
        LayerGroup::Railways => visibility.railways,
        LayerGroup::Water => visibility.water,
        LayerGroup::Green => visibility.land,
        LayerGroup::Trees => visibility.trees,
        LayerGroup::Vehicles => visibility.vehicles,
        LayerGroup::Sensors => visibility.sensors,
        LayerGroup::Labels => desk.names,
        LayerGroup::Signals | LayerGroup::Energy | LayerGroup::Shadows => true,
    }
}

/// Work the person waits for, most important first.
fn busy(seen: &Seen) -> Option<(String, f32)> {
    if let Some(LoadState::Loading { stage, fraction }) = seen.load.as_deref() {
        return Some(((*stage).to_owned(), *fraction));
    }
    if seen.scene.is_some() && !seen.build.done {
        return Some((seen.build.stage.to_owned(), seen.build.fraction));
    }
    match seen.twin.jump.as_deref() {
        Some(JumpState::Preparing { stage, .. }) => stage.lock().ok().map(|s| (s.0.to_owned(), s.1)),
        _ => None,
    }
}
