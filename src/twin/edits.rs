//! Requests become edits: checked, logged, applied at the start of the next tick.

use std::sync::Arc;

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_energy::grid::synthetic::Element;
use citytwin_model::{Assumptions, City, Edit, Request, Timestamp};
use citytwin_scenario::LiveEnergy;
use citytwin_traffic::TrafficView;

use crate::{
    CityModel, Clock, EnergyTwin, LiveEnergyTwin, TrafficTwin, TwinSystems, clock,
    clock::view_at,
    engines::{JumpState, Origins},
};

/// A person asks for a change.
#[derive(Message, Clone, PartialEq, Debug)]
pub enum EditRequested {
    Do(Request),
    /// Take the last edit back.
    Undo,
    /// Take all edits back.
    Reset,
    /// Go to another time of the simulated clock.
    Jump(Timestamp),
    /// Vehicles drive in this view from now on; asked for by the clock when its speed comes there.
    View(TrafficView),
}

/// A request could not be done; the text is for the person who asked.
#[derive(Message, Clone, PartialEq, Debug)]
pub struct EditRefused {
    pub request: Request,
    pub why: String,
}

/// One line of the log.
#[derive(Clone, PartialEq, Debug)]
pub struct LoggedEdit {
    /// The tick at whose start it was applied.
    pub tick: u64,
    pub at: Timestamp,
    pub edit: Edit,
    /// True when the edit was taken back.
    pub undo: bool,
}

/// Everything that was changed, in order. Replayed on the same start it gives the same state hash.
#[derive(Resource, Clone, Default, Debug)]
pub struct EditLog {
    pub lines: Vec<LoggedEdit>,
    /// Edits in force, oldest first.
    pub in_force: Vec<Edit>,
    /// Tick at whose start vehicles came to drive in another view.
    pub views: Vec<(u64, TrafficView)>,
    /// Tick at whose start an element of the power grid was taken out of service (`true`), or put back.
    pub switches: Vec<(u64, Element, bool)>,
}

/// The assumptions in force.
#[derive(Resource, Clone, PartialEq, Debug)]
pub struct Stated(pub Assumptions);

/// Inside `Receive`: edits are in force before readings are put on sensors.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct EditsApplied;

pub(crate) fn install(world: &mut World) {
    world.insert_resource(EditLog::default());
    world.insert_resource(Requests::default());
}

pub(crate) fn plugin(app: &mut App) {
    app.add_message::<EditRequested>()
        .add_message::<EditRefused>()
        .add_systems(
            PreUpdate,
            (collect, follow_speed).chain().after(clock::govern).run_if(resource_exists::<Requests>),
        )
        .add_systems(FixedUpdate, (land_jump, apply_requests).chain().in_set(TwinSystems::Receive).in_set(EditsApplied))
        // A paused clock has no ticks; what a person asks for takes effect all the same.
        .add_systems(Update, (land_jump, apply_requests).chain().run_if(crate::clock::is_paused));
}

/// Requests that wait for the next tick.
#[derive(Resource, Default)]
pub(crate) struct Requests(Vec<EditRequested>);

fn collect(mut messages: MessageReader<EditRequested>, mut requests: ResMut<Requests>) {
    requests.0.extend(messages.read().cloned());
}

/// Asks for the view that goes with the clock's speed when that changes.
fn follow_speed(clock: Option<Res<Clock>>, mut requests: ResMut<Requests>, mut before: Local<TrafficView>) {
    let Some(clock) = clock else { return };
    let view = view_at(clock.speed);
    if std::mem::replace(&mut *before, view) != view {
        requests.0.push(EditRequested::View(view));
    }
}

#[derive(bevy_ecs::system::SystemParam)]
pub(crate) struct Changing<'w> {
    city: Res<'w, CityModel>,
    stated: ResMut<'w, Stated>,
    traffic: ResMut<'w, TrafficTwin>,
    energy: ResMut<'w, EnergyTwin>,
    live: ResMut<'w, LiveEnergyTwin>,
    log: ResMut<'w, EditLog>,
}

fn apply_requests(
    mut requests: ResMut<Requests>,
    mut refused: MessageWriter<EditRefused>,
    (mut clock, origins): (ResMut<Clock>, Res<Origins>),
    mut changing: Changing,
    mut jump: ResMut<JumpState>,
) {
    if requests.0.is_empty() {
        return;
    }
    let layout = changing.stated.0.network.with_all_open();
    for request in std::mem::take(&mut requests.0) {
        match request {
            EditRequested::Do(request) => match changing.stated.0.check(&changing.city.0, &request) {
                Ok(Some(edit)) => {
                    changing.stated.0.apply(&edit);
                    changing.log.push(&clock, edit.clone(), false);
                    changing.log.in_force.push(edit);
                }
                Ok(None) => {}
                Err(error) => {
                    refused.write(EditRefused { request, why: error.to_string() });
                }
            },
            EditRequested::Undo => changing.undo_last(&clock),
            EditRequested::Reset => {
                while !changing.log.in_force.is_empty() {
                    changing.undo_last(&clock);
                }
            }
            EditRequested::View(view) => {
                if changing.traffic.0.view() != view {
                    changing.traffic.0.set_view(view);
                    changing.log.views.push((clock.tick, view));
                }
                continue;
            }
            EditRequested::Jump(to) => {
                *jump = JumpState::begin(changing.place(), &origins, to, changing.stated.0.clone());
            }
        }
        changing.tell_engines();
        clock.evaluate_energy();
    }
    // Roads close and open under the vehicles; other lanes, directions or limits are another network.
    if changing.stated.0.network.with_all_open() != layout {
        *jump = JumpState::begin(changing.place(), &origins, clock.now(), changing.stated.0.clone());
    }
}

impl Changing<'_> {
    /// The city and its energy, for a jump.
    fn place(&self) -> (Arc<City>, &LiveEnergy) {
        (self.city.0.clone(), self.live.live())
    }

    fn undo_last(&mut self, clock: &Clock) {
        if let Some(edit) = self.log.in_force.pop() {
            self.stated.0.undo(&edit);
            self.log.push(clock, edit, true);
        }
    }

    fn tell_engines(&mut self) {
        self.traffic.0.set_closed(&self.stated.0.closed_ids(&self.city.0));
        self.traffic.0.set_demand_factor(self.stated.0.demand_factor);
        self.energy.0.set_shares(&self.city.0, &self.stated.0);
        self.live.live_mut().set_shares(&self.city.0, &self.energy.0, &self.stated.0);
    }
}

impl EditLog {
    fn push(&mut self, clock: &Clock, edit: Edit, undo: bool) {
        self.lines.push(LoggedEdit { tick: clock.tick, at: clock.now(), edit, undo });
    }
}

/// A jump whose streets are ready lands: the clock restarts there.
fn land_jump(
    mut jump: ResMut<JumpState>,
    mut clock: ResMut<Clock>,
    (mut traffic, mut live): (ResMut<TrafficTwin>, ResMut<LiveEnergyTwin>),
    (city, stated): (Res<CityModel>, Res<Stated>),
) {
    let JumpState::Preparing { to, result, .. } = jump.as_ref() else { return };
    match result.try_recv() {
        Ok(Some(landing)) => {
            let to = *to;
            traffic.0 = landing.traffic;
            live.live_mut().give(Arc::new(landing.day));
            // Edits made while the streets were being filled hold there too.
            traffic.0.set_closed(&stated.0.closed_ids(&city.0));
            traffic.0.set_demand_factor(stated.0.demand_factor);
            traffic.0.set_view(view_at(clock.speed));
            clock.start = to;
            clock.tick = 0;
            *jump = JumpState::None;
        }
        Ok(None) | Err(crossbeam_channel::TryRecvError::Disconnected) => *jump = JumpState::None,
        Err(crossbeam_channel::TryRecvError::Empty) => {}
    }
}
