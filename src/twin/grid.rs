//! The power grid of the live city: its elements as entities, a load flow at every evaluation of the energy system, what is
//! switched off, and the day ahead on a worker thread.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_energy::{
    EnergySystem,
    grid::synthetic::{Answer, CityGrid, Element, Operated, Powers},
};
use citytwin_model::{ChargingRule, City, EnergyAssetId, PartShare, Technology, Timestamp, time::civil::Date};
use citytwin_scenario::{GridDay, LiveEnergy, TechnologyHosting, grid_day, half_pool, hosting};
use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::{
    CityModel, Clock, EditLog, EnergyTwin, LiveEnergyTwin, Observed, Simulated, TwinSystems,
    edits::EditsApplied,
    simulate::{EnginesPublished, is_energy_due},
};

/// Which phases single-phase customers get; the same for everybody who opens the city.
const SEED: u64 = 1;
/// Random orders in which customers join, per feeder.
const PLACEMENTS: u32 = 20;

/// An element of the grid that an entity stands for, by its index in [`CityGrid`].
#[derive(Component, Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GridAsset {
    Substation(u32),
    Transformer(u32),
    Feeder(u32),
    /// Cables of rings, feeders and services.
    Line(u32),
}

/// A person takes an element out of service (`out`), or puts it back.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug)]
pub struct GridSwitch {
    pub element: Element,
    pub out: bool,
}

/// Entities by index in [`CityGrid`].
#[derive(Resource, Default, Debug)]
pub struct GridIndex {
    pub substations: Vec<Entity>,
    pub transformers: Vec<Entity>,
    pub feeders: Vec<Entity>,
    pub lines: Vec<Entity>,
}

/// The day of the clock with the shares in force.
#[derive(Clone, Debug)]
pub enum DayState {
    Working,
    Found(Arc<GridDay>),
    Failed(String),
}

/// What a load flow comes to, over the whole city.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Extremes {
    /// Lowest and highest voltage of a supplied building, over nominal; nought where none is.
    pub voltage_pu: [f32; 2],
    /// Highest loadings, over rating.
    pub line: f32,
    pub transformer: f32,
}

impl Extremes {
    fn of(answer: &Answer) -> Self {
        let supplied = answer.building_vm_pu.iter().copied().filter(|vm| *vm > 0.0);
        let [low, high] = supplied.fold([f32::INFINITY, 0.0], |[low, high], vm| [vm.min(low), vm.max(high)]);
        let most = |values: &[f32]| values.iter().copied().fold(0.0_f32, f32::max);
        Self {
            voltage_pu: [low.min(high), high],
            line: most(&answer.line_loading),
            transformer: most(&answer.transformer_loading),
        }
    }
}

/// The live grid.
#[derive(Resource)]
pub struct GridTwin {
    pub grid: Arc<CityGrid>,
    /// With what is out of service.
    pub operated: Arc<Operated>,
    pub out: BTreeSet<Element>,
    /// The last load flow, or why there is none.
    pub now: Option<Result<Answer, String>>,
    /// Of that load flow.
    pub extremes: Option<Extremes>,
    /// Per transformer of medium to low voltage the energy asset it is, where the city states it.
    pub(crate) stations_of_assets: Vec<Option<EnergyAssetId>>,
    /// Length of all cables side by side, metre.
    pub cable_m: f64,
    pub day: DayState,
    /// What each feeder can still take, with the shares and switches for which it was found; None until then.
    pub hosting: Option<Arc<Vec<TechnologyHosting>>>,
    /// Counts load flows, so that a picture knows when to change.
    pub version: u64,
    /// Wait for the next tick.
    switches: Vec<GridSwitch>,
    asked: Option<Question>,
    coming: Option<Receiver<Result<GridDay, String>>>,
    hosting_of: Option<Question>,
    hosting_coming: Option<Hosting>,
}

/// Hosting capacity under way.
struct Hosting {
    coming: Receiver<Result<Vec<TechnologyHosting>, String>>,
    /// Set when nobody wants it any more.
    given_up: Arc<AtomicBool>,
}

impl Drop for Hosting {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

/// What a day's answer depends on.
#[derive(Clone, PartialEq, Debug)]
struct Question {
    date: Date,
    shares: [f64; Technology::ALL.len()],
    parts: Vec<PartShare>,
    charging: ChargingRule,
    out: BTreeSet<Element>,
}

/// Grows the grid of a city; the reason where there can be none.
pub(crate) fn grow(city: &City, energy: &EnergySystem) -> Result<Arc<CityGrid>, String> {
    CityGrid::grow(city, energy, SEED).map(Arc::new).map_err(|errors| errors.to_string())
}

pub(crate) fn install(world: &mut World, grid: Result<Arc<CityGrid>, String>) {
    world.remove_resource::<GridTwin>();
    world.insert_resource(GridIndex::default());
    let old: Vec<Entity> = world.query_filtered::<Entity, With<GridAsset>>().iter(world).collect();
    for entity in old {
        world.despawn(entity);
    }
    let operated = grid.and_then(|grid| {
        let operated = grid.operated(&BTreeSet::new()).map_err(|error| error.to_string())?;
        Ok((grid, Arc::new(operated)))
    });
    match operated {
        Ok((grid, operated)) => {
            let mut spawn = |count: usize, asset: fn(u32) -> GridAsset| -> Vec<Entity> {
                let bundle = move |k: usize| (asset(k as u32), Observed::default(), Simulated::default());
                world.spawn_batch((0..count).map(bundle)).collect()
            };
            let index = GridIndex {
                substations: spawn(grid.substations.len(), GridAsset::Substation),
                transformers: spawn(grid.grid.transformers.len(), GridAsset::Transformer),
                feeders: spawn(grid.feeders.len(), GridAsset::Feeder),
                lines: spawn(grid.lines.len(), GridAsset::Line),
            };
            world.insert_resource(index);
            let assets = world.resource::<EnergyTwin>().0.transformers().iter().map(|state| state.asset).collect();
            world.insert_resource(GridTwin::new(grid, operated, assets));
        }
        Err(why) => tracing::warn!("this city has no power grid: {why}"),
    }
}

pub(crate) fn plugin(app: &mut App) {
    let there = resource_exists::<GridTwin>;
    app.add_message::<GridSwitch>()
        .add_systems(PreUpdate, (collect, look_ahead, ask_feeders).chain().run_if(there))
        .add_systems(FixedUpdate, switch.in_set(TwinSystems::Receive).after(EditsApplied).run_if(there))
        // A paused clock has no ticks; what a person asks for takes effect all the same.
        .add_systems(Update, switch.run_if(there).run_if(crate::clock::is_paused))
        .add_systems(
            FixedUpdate,
            (solve, publish).chain().after(EnginesPublished).in_set(TwinSystems::Simulate).run_if(there),
        );
}

impl GridTwin {
    fn new(grid: Arc<CityGrid>, operated: Arc<Operated>, stations_of_assets: Vec<Option<EnergyAssetId>>) -> Self {
        let cable_m = grid.grid.lines.iter().map(|line| 1000.0 * line.length_km * f64::from(line.parallel)).sum();
        let (out, day) = (BTreeSet::new(), DayState::Working);
        Self {
            grid,
            operated,
            out,
            now: None,
            extremes: None,
            stations_of_assets,
            cable_m,
            day,
            version: 0,
            switches: Vec::new(),
            asked: None,
            coming: None,
            hosting: None,
            hosting_of: None,
            hosting_coming: None,
        }
    }

    fn solve(&mut self, energy: &EnergySystem) {
        let solved = self.operated.solve(&[Powers::of(energy)]).map_err(|error| error.to_string());
        let answer = solved.map(|mut answers| answers.swap_remove(0));
        self.extremes = answer.as_ref().ok().map(Extremes::of);
        self.now = Some(answer);
        self.version += 1;
    }

    /// What a voltmeter between a phase and neutral would read at a bus, V; None without a load flow.
    pub(crate) fn volts(&self, bus: u32) -> Option<f64> {
        let vm_pu = f64::from(*self.answer()?.bus_vm_pu.get(bus as usize)?);
        Some(vm_pu * self.phase_v(bus))
    }

    /// Nominal voltage of a phase to neutral, V.
    pub fn phase_v(&self, bus: u32) -> f64 {
        self.grid.grid.buses[bus as usize].rated_v / 3_f64.sqrt()
    }

    /// The last load flow.
    pub fn answer(&self) -> Option<&Answer> {
        self.now.as_ref()?.as_ref().ok()
    }
}

fn collect(mut asked: MessageReader<GridSwitch>, mut twin: ResMut<GridTwin>) {
    let twin = twin.bypass_change_detection();
    twin.switches.extend(asked.read().copied().filter(|asked| twin.grid.has(asked.element)));
}

fn switch((clock, energy): (Res<Clock>, Res<EnergyTwin>), (mut twin, mut log): (ResMut<GridTwin>, ResMut<EditLog>)) {
    if twin.switches.is_empty() {
        return;
    }
    let (mut now_out, mut lines) = (twin.out.clone(), Vec::new());
    for GridSwitch { element, out } in std::mem::take(&mut twin.switches) {
        let changed = if out { now_out.insert(element) } else { now_out.remove(&element) };
        if changed {
            lines.push((clock.tick, element, out));
        }
    }
    if now_out == twin.out {
        return log.switches.append(&mut lines);
    }
    match twin.grid.operated(&now_out) {
        Ok(operated) => {
            (twin.operated, twin.out) = (Arc::new(operated), now_out);
            log.switches.append(&mut lines);
            twin.solve(&energy.0);
        }
        Err(error) => (twin.now, twin.extremes) = (Some(Err(error.to_string())), None),
    }
}

fn solve(clock: Res<Clock>, energy: Res<EnergyTwin>, mut twin: ResMut<GridTwin>) {
    if is_energy_due(&clock) {
        twin.solve(&energy.0);
    }
}

/// Puts the load flow on the entities.
fn publish(
    (twin, energy, index): (Res<GridTwin>, Res<EnergyTwin>, Res<GridIndex>),
    mut assets: Query<&mut Simulated, With<GridAsset>>,
    mut seen: Local<u64>,
) {
    if *seen == twin.version {
        return;
    }
    *seen = twin.version;
    let Some(answer) = twin.answer() else { return };
    let mut put = |entity: Entity, value: Simulated| {
        if let Ok(mut simulated) = assets.get_mut(entity) {
            simulated.set_if_neq(value);
        }
    };
    for (k, entity) in index.lines.iter().enumerate() {
        put(*entity, Simulated::Line { loading: answer.line_loading[k], power_w: answer.line_w[k] });
    }
    for (k, entity) in index.transformers.iter().enumerate() {
        let loading = answer.transformer_loading[k];
        put(
            *entity,
            match energy.0.transformers().get(k) {
                Some(state) => Simulated::Transformer {
                    load_w: state.load_w as f32,
                    pv_w: state.pv_w as f32,
                    losses_w: state.losses_w as f32,
                    loading,
                },
                None => Simulated::Unit { loading },
            },
        );
    }
    for (feeder, entity) in twin.grid.feeders.iter().zip(&index.feeders) {
        let vm = feeder.buildings.iter().map(|b| answer.building_vm_pu[*b as usize]);
        let [low, high] = vm.fold([f32::INFINITY, 0.0], |[low, high], vm| [vm.min(low), vm.max(high)]);
        put(*entity, Simulated::Feeder { lowest_pu: low.min(high), highest_pu: high });
    }
    for (substation, entity) in twin.grid.substations.iter().zip(&index.substations) {
        let loading = substation.transformers.map(|unit| answer.transformer_loading[unit as usize]);
        put(*entity, Simulated::Unit { loading: loading[0].max(loading[1]) });
    }
}

/// Asks for the day when what it depends on has changed and nobody is at it, and takes the answer.
fn look_ahead(
    (clock, city, energy, live): (Res<Clock>, Res<CityModel>, Res<EnergyTwin>, Res<LiveEnergyTwin>),
    stated: Res<crate::Stated>,
    mut twin: ResMut<GridTwin>,
) {
    let heard = twin.coming.as_ref().map(Receiver::try_recv);
    if matches!(heard, Some(Err(TryRecvError::Empty))) {
        return;
    }
    if heard.is_some() {
        twin.coming = None;
    }
    match heard {
        Some(Ok(Ok(day))) => twin.day = DayState::Found(Arc::new(day)),
        Some(Ok(Err(why))) => twin.day = DayState::Failed(why),
        Some(Err(TryRecvError::Disconnected)) => {
            twin.day = DayState::Failed("the day's computation stopped on a fault of the program".into());
        }
        Some(Err(TryRecvError::Empty)) | None => {}
    }
    let date = clock.zone.to_datetime(clock.now()).date();
    let shares = Technology::ALL.map(|technology| stated.0.share(technology));
    let (parts, charging) = (stated.0.parts.clone(), stated.0.charging);
    let question = Question { date, shares, parts, charging, out: twin.out.clone() };
    if twin.asked.as_ref() == Some(&question) {
        return;
    }
    let midnight = date.to_zoned(clock.zone.clone()).map_or_else(|_| clock.now(), |zoned| zoned.timestamp());
    twin.day = DayState::Working;
    twin.asked = Some(question);
    twin.begin(city.0.clone(), (energy.0.clone(), live.fork()), midnight);
}

/// Asks every feeder what it can take once the day is known, and takes the answer. What it was asked for before a change of
/// shares or switches is given up.
fn ask_feeders(
    (city, energy, live): (Res<CityModel>, Res<EnergyTwin>, Res<LiveEnergyTwin>),
    mut twin: ResMut<GridTwin>,
) {
    // On which day does not matter: it is the worst hours of the year that are asked about.
    let wanted = twin.asked.clone().map(|question| Question { date: Date::default(), ..question });
    if wanted != twin.hosting_of {
        (twin.hosting_of, twin.hosting_coming, twin.hosting) = (None, None, None);
    }
    match twin.hosting_coming.as_ref().map(|hosting| hosting.coming.try_recv()) {
        Some(Err(TryRecvError::Empty)) => return,
        Some(Ok(Ok(found))) => twin.hosting = Some(Arc::new(found)),
        Some(Ok(Err(why))) => tracing::warn!("no hosting capacity: {why}"),
        Some(Err(TryRecvError::Disconnected)) | None => {}
    }
    twin.hosting_coming = None;
    if twin.hosting_of.is_none() && wanted.is_some() && matches!(twin.day, DayState::Found(_)) {
        twin.hosting_of = wanted;
        twin.hosting_coming = begin_hosting(city.0.clone(), (energy.0.clone(), live.fork()), twin.operated.clone());
    }
}

fn begin_hosting(
    city: Arc<City>,
    (energy, live): (EnergySystem, LiveEnergy),
    operated: Arc<Operated>,
) -> Option<Hosting> {
    let (send, coming) = bounded(1);
    let given_up = Arc::new(AtomicBool::new(false));
    let told = given_up.clone();
    let work = move || {
        let wanted = |_: f32| !told.load(Ordering::Relaxed);
        let found = half_pool().map_err(|error| error.to_string()).and_then(|pool| {
            let ask = || hosting(&city, (&energy, &live), &operated, (PLACEMENTS, SEED), &wanted);
            pool.install(ask).map_err(|error| error.to_string())
        });
        // The window may be gone by now; then nobody waits for the result.
        let _ = send.send(found);
    };
    thread::Builder::new().name("grid-hosting".into()).spawn(work).ok()?;
    Some(Hosting { coming, given_up })
}

impl GridTwin {
    fn begin(&mut self, city: Arc<City>, (energy, live): (EnergySystem, LiveEnergy), midnight: Timestamp) {
        let (send, coming) = bounded(1);
        let operated = self.operated.clone();
        let work = move || {
            let day = half_pool().map_err(|error| error.to_string()).and_then(|pool| {
                pool.install(|| grid_day(&city, (&energy, &live), &operated, midnight))
                    .map_err(|error| error.to_string())
            });
            // The window may be gone by now; then nobody waits for the result.
            let _ = send.send(day);
        };
        match thread::Builder::new().name("grid-day".into()).spawn(work) {
            Ok(_) => self.coming = Some(coming),
            Err(error) => self.day = DayState::Failed(format!("no thread for the grid's day: {error}")),
        }
    }
}
