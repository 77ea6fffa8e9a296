//! The weekday's peak hour beside the live city: a worker thread holds its equilibrium, and answers every change of the
//! assumptions and every road that a person asks about. The newest question counts; older ones are given up.

use std::{sync::Arc, time::Instant};

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_model::{Assumptions, City, RoadId};
use citytwin_scenario::{PeakAnswer, PeakError, PeakHour, RoadAccount, half_pool};
use citytwin_traffic::{Demand, Network};

use crate::{
    CityModel, Stated,
    engines::Origins,
    line::{Heard, Line, Work},
};

/// A person wants to know who drives on a road, or no longer.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug)]
pub struct RoadInquired(pub Option<RoadId>);

/// What the worker has said so far.
#[derive(Resource)]
pub struct PeakTwin {
    pub state: PeakState,
    /// The city as it is.
    pub baseline: Option<Arc<PeakAnswer>>,
    /// Under [`Self::answered`]; wall time it took, second.
    pub now: Option<(Arc<PeakAnswer>, f64)>,
    /// The assumptions of the latest answer.
    pub answered: Assumptions,
    /// The road asked about, under the latest answer.
    pub account: Option<Arc<RoadAccount>>,
    /// Counts what was said, so that a picture knows when to change.
    pub version: u64,
    asked: Assumptions,
    road: Option<RoadId>,
    /// None where no thread could be had.
    line: Option<Line<Question, Said>>,
}

/// Where the worker stands.
#[derive(Clone, PartialEq, Debug)]
pub enum PeakState {
    /// The first equilibrium, of the city as it is.
    Preparing,
    Working,
    Idle,
    Failed(String),
}

struct Question {
    assumptions: Assumptions,
    road: Option<RoadId>,
}

enum Said {
    Baseline(PeakAnswer),
    Answer { assumptions: Assumptions, answer: PeakAnswer, took_s: f64 },
    Account(Option<RoadAccount>),
    Done(u64),
    Failed(String),
}

impl PeakTwin {
    /// How far the first equilibrium is, 0…1.
    pub fn fraction(&self) -> f32 {
        self.line.as_ref().map_or(0.0, Line::fraction)
    }

    fn begin(city: Arc<City>, origins: &Origins) -> Self {
        let (network, demand) = (origins.network.clone(), origins.demand.clone());
        match Line::begin("peak-hour", move |work| worker(&city, &network, &demand, &work)) {
            Ok(line) => Self::of(PeakState::Preparing, Some(line)),
            Err(error) => Self::of(PeakState::Failed(format!("no thread for the peak hour: {error}")), None),
        }
    }

    /// Nothing asked and nothing heard yet.
    fn of(state: PeakState, line: Option<Line<Question, Said>>) -> Self {
        let (answered, asked) = (Assumptions::default(), Assumptions::default());
        Self { state, baseline: None, now: None, answered, account: None, version: 0, asked, road: None, line }
    }

    fn ask(&mut self) {
        let question = Question { assumptions: self.asked.clone(), road: self.road };
        // A worker that has ended said why.
        if self.line.as_ref().is_some_and(|line| line.ask(question)) && self.baseline.is_some() {
            self.state = PeakState::Working;
        }
    }

    /// What the worker said next.
    fn next(&mut self) -> Option<Said> {
        match self.line.as_mut()?.next() {
            Heard::Said(said) => Some(said),
            Heard::Nothing => None,
            Heard::Panicked(words) => Some(Said::Failed(format!(
                "the peak hour stopped on a fault of the program ({words}); open the city again to start it anew"
            ))),
        }
    }

    fn hear(&mut self, said: Said) {
        self.version += 1;
        match said {
            Said::Baseline(answer) => {
                let answer = Arc::new(answer);
                self.baseline = Some(answer.clone());
                self.now = Some((answer, 0.0));
                self.state = PeakState::Working;
            }
            Said::Answer { assumptions, answer, took_s } => {
                self.answered = assumptions;
                self.now = Some((Arc::new(answer), took_s));
            }
            Said::Account(account) => self.account = account.map(Arc::new),
            Said::Done(number) => {
                if self.line.as_ref().is_some_and(|line| line.is_newest(number)) {
                    self.state = PeakState::Idle;
                }
            }
            Said::Failed(why) => self.state = PeakState::Failed(why),
        }
    }
}

pub(crate) fn install(world: &mut World) {
    let twin = PeakTwin::begin(world.resource::<CityModel>().0.clone(), world.resource::<Origins>());
    world.insert_resource(twin);
}

pub(crate) fn plugin(app: &mut App) {
    app.add_message::<RoadInquired>().add_systems(PreUpdate, (ask, hear).chain().run_if(resource_exists::<PeakTwin>));
}

fn ask(mut inquired: MessageReader<RoadInquired>, stated: Res<Stated>, mut peak: ResMut<PeakTwin>) {
    let road = inquired.read().last().map_or(peak.road, |inquired| inquired.0);
    if road != peak.road {
        peak.road = road;
        peak.account = None;
        peak.version += 1;
        peak.ask();
    }
    if stated.0 != peak.asked {
        peak.asked = stated.0.clone();
        peak.ask();
    }
}

fn hear(mut peak: ResMut<PeakTwin>) {
    while let Some(said) = peak.bypass_change_detection().next() {
        peak.hear(said);
    }
}

/// Until nobody asks any more. An answer that nobody takes ends it too.
fn worker(city: &Arc<City>, network: &Arc<Network>, demand: &Demand, work: &Work<Question, Said>) {
    let pool = match half_pool() {
        Ok(pool) => pool,
        Err(error) => {
            work.say(Said::Failed(error.to_string()));
            return;
        }
    };
    // Questions asked meanwhile do not stop the first equilibrium, only the end of the city does.
    let first = work.watch_end();
    let prepared = pool.install(|| {
        let peak = PeakHour::prepare(city.clone(), network.clone(), demand, &first)?;
        let baseline = peak.baseline()?;
        Ok::<_, PeakError>((peak, baseline))
    });
    let mut peak = match prepared {
        Ok((peak, baseline)) => {
            if !work.say(Said::Baseline(baseline)) || !work.say(Said::Done(0)) {
                return;
            }
            peak
        }
        Err(error) => {
            work.say(Said::Failed(error.to_string()));
            return;
        }
    };
    let mut standing = Assumptions::default();
    while let Some(asked) = work.next() {
        let (number, question) = (asked.number, asked.what);
        let watch = work.watch(number);
        if question.assumptions != standing {
            let began = Instant::now();
            match pool.install(|| peak.answer(&question.assumptions, &watch)) {
                Ok(answer) => {
                    standing = question.assumptions.clone();
                    let took_s = began.elapsed().as_secs_f64();
                    let said = Said::Answer { assumptions: question.assumptions, answer, took_s };
                    if !work.say(said) {
                        return;
                    }
                }
                Err(PeakError::Cancelled) => continue,
                Err(error) => {
                    work.say(Said::Failed(error.to_string()));
                    continue;
                }
            }
        }
        let account = question.road.and_then(|road| pool.install(|| peak.account(road)));
        if !work.say(Said::Account(account)) || !work.say(Said::Done(number)) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The panel does not wait for ever: it shows what the worker panicked with, and later questions change nothing.
    #[test]
    fn a_worker_that_panics_ends_in_an_error() {
        let line = Line::begin("panics", |work: Work<Question, Said>| {
            let _ends = work;
            panic!("link {} is missing", 7);
        });
        let mut peak = PeakTwin::of(PeakState::Working, line.ok());
        let said = loop {
            if let Some(said) = peak.next() {
                break said;
            }
            std::thread::yield_now();
        };
        peak.hear(said);
        let PeakState::Failed(why) = &peak.state else { panic!("{:?}", peak.state) };
        assert!(why.contains("link 7 is missing"), "{why}");
        peak.ask();
        assert!(peak.next().is_none() && matches!(peak.state, PeakState::Failed(_)) && peak.version == 1);
    }
}
