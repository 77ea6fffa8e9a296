//! A year of the city's energy beside the live city: a worker thread reads the city once, answers the year as it is and the year
//! under every change of the assumptions, first without the grid, then with a load flow of every hour. Nothing is computed until
//! somebody wants to see it, and nothing of it is in the state hash.

use std::{sync::Arc, time::Instant};

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_model::{Assumptions, City};
use citytwin_scenario::{
    energy_year::{CityEnergy, EnergySpec, EnergyYear, EnergyYearError},
    half_pool, synthetic_weather,
};

use crate::{
    CityModel, Stated,
    line::{Heard, Line, Work},
};

/// What the worker has said so far.
#[derive(Resource)]
pub struct YearTwin {
    /// Somebody looks at the year. Set from outside.
    pub wanted: bool,
    pub state: YearState,
    /// The city as it is, with the grid where [`Self::now`] has it.
    pub baseline: Option<Arc<EnergyYear>>,
    /// Under [`Self::answered`].
    pub now: Option<Arc<EnergyYear>>,
    /// The assumptions of the latest answer.
    pub answered: Assumptions,
    /// Wall time of the latest answer, second.
    pub took_s: f64,
    /// Counts what was said, so that a picture knows when to change.
    pub version: u64,
    /// The assumptions asked about last.
    asked: Option<Assumptions>,
    line: Option<Line<Assumptions, Said>>,
}

/// Where the worker stands.
#[derive(Clone, PartialEq, Debug)]
pub enum YearState {
    /// Nobody has asked yet.
    Resting,
    Working,
    Idle,
    Failed(String),
}

enum Said {
    Answer { assumptions: Assumptions, baseline: Arc<EnergyYear>, now: Arc<EnergyYear>, took_s: f64 },
    Done(u64),
    Failed(String),
}

impl Default for YearTwin {
    fn default() -> Self {
        Self {
            wanted: false,
            state: YearState::Resting,
            baseline: None,
            now: None,
            answered: Assumptions::default(),
            took_s: 0.0,
            version: 0,
            asked: None,
            line: None,
        }
    }
}

impl YearTwin {
    /// How far the year under way is, 0…1.
    pub fn fraction(&self) -> f32 {
        self.line.as_ref().map_or(0.0, Line::fraction)
    }

    fn ask(&mut self, city: &Arc<City>, assumptions: &Assumptions) {
        if self.line.is_none() && self.asked.is_none() {
            let city = city.clone();
            match Line::begin("energy-year", move |work| worker(&city, &work)) {
                Ok(line) => self.line = Some(line),
                Err(error) => self.state = YearState::Failed(format!("no thread for the year: {error}")),
            }
        }
        self.asked = Some(assumptions.clone());
        if self.line.as_ref().is_some_and(|line| line.ask(assumptions.clone())) {
            self.state = YearState::Working;
        }
    }

    fn hear(&mut self, said: Said) {
        self.version += 1;
        match said {
            Said::Answer { assumptions, baseline, now, took_s } => {
                (self.answered, self.took_s) = (assumptions, took_s);
                (self.baseline, self.now) = (Some(baseline), Some(now));
            }
            Said::Done(number) => {
                if self.line.as_ref().is_some_and(|line| line.is_newest(number)) {
                    self.state = YearState::Idle;
                }
            }
            Said::Failed(why) => self.state = YearState::Failed(why),
        }
    }
}

pub(crate) fn install(world: &mut World) {
    let wanted = world.get_resource::<YearTwin>().is_some_and(|year| year.wanted);
    world.insert_resource(YearTwin { wanted, ..YearTwin::default() });
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(PreUpdate, (ask, hear).chain().run_if(resource_exists::<YearTwin>));
}

fn ask((city, stated): (Res<CityModel>, Res<Stated>), mut year: ResMut<YearTwin>) {
    if year.wanted && year.asked.as_ref() != Some(&of_energy(&stated.0)) {
        year.ask(&city.0, &of_energy(&stated.0));
    }
}

/// The assumptions that a year of energy depends on: roads and demand are not among them.
fn of_energy(assumptions: &Assumptions) -> Assumptions {
    let Assumptions { network, demand_factor, .. } = Assumptions::default();
    Assumptions { network, demand_factor, ..assumptions.clone() }
}

fn hear(mut year: ResMut<YearTwin>) {
    loop {
        let silent = year.bypass_change_detection();
        match silent.line.as_mut().map_or(Heard::Nothing, Line::next) {
            Heard::Nothing => return,
            Heard::Said(said) => year.hear(said),
            Heard::Panicked(words) => year.hear(Said::Failed(format!(
                "the year stopped on a fault of the program ({words}); open the city again to start it anew"
            ))),
        }
    }
}

/// Until nobody asks any more. An answer that nobody takes ends it too.
fn worker(city: &Arc<City>, work: &Work<Assumptions, Said>) {
    let weather = synthetic_weather(city.anchor.origin);
    let pool = match half_pool() {
        Ok(pool) => pool,
        Err(error) => {
            work.say(Said::Failed(error.to_string()));
            return;
        }
    };
    let prepared = pool.install(|| CityEnergy::prepare(city, &weather));
    match prepared {
        Ok(energy) => answer(&energy, &pool, work),
        Err(error) => {
            work.say(Said::Failed(error.to_string()));
        }
    }
}

fn answer(energy: &CityEnergy<'_>, pool: &rayon::ThreadPool, work: &Work<Assumptions, Said>) {
    // Without and with the grid, so that each answer stands beside its like.
    let mut baselines: [Option<Arc<EnergyYear>>; 2] = [None, None];
    while let Some(asked) = work.next() {
        let (watch, began) = (work.watch(asked.number), Instant::now());
        // Seconds matter to who asks: what needs no grid is said before what does.
        for (stage, baseline) in baselines.iter_mut().enumerate() {
            let year = |assumptions: &Assumptions| {
                let spec =
                    EnergySpec { assumptions: assumptions.clone(), without_grid: stage == 0, ..EnergySpec::default() };
                pool.install(|| energy.year(&spec, &watch)).map(Arc::new)
            };
            let said = match pair(&asked.what, baseline, year) {
                Ok((baseline, now)) => {
                    let took_s = began.elapsed().as_secs_f64();
                    Said::Answer { assumptions: asked.what.clone(), baseline, now, took_s }
                }
                Err(EnergyYearError::Cancelled) => break,
                Err(error) => Said::Failed(error.to_string()),
            };
            let failed = matches!(said, Said::Failed(_));
            if !work.say(said) {
                return;
            }
            if failed {
                break;
            }
            if stage == 1 {
                work.say(Said::Done(asked.number));
            }
        }
    }
}

/// The city as it is, kept once known, and under the assumptions.
fn pair(
    assumptions: &Assumptions,
    baseline: &mut Option<Arc<EnergyYear>>,
    year: impl Fn(&Assumptions) -> Result<Arc<EnergyYear>, EnergyYearError>,
) -> Result<(Arc<EnergyYear>, Arc<EnergyYear>), EnergyYearError> {
    let base = Assumptions::default();
    let known = match baseline {
        Some(known) => known.clone(),
        None => baseline.insert(year(&base)?).clone(),
    };
    let now = if *assumptions == base { known.clone() } else { year(assumptions)? };
    Ok((known, now))
}
