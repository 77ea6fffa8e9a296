//! The weekday's peak hour beside the live city: a worker thread holds its equilibrium, and answers every change of the
//! assumptions and every road that a person asks about. The newest question counts; older ones are given up.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Instant,
};

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_model::{Assumptions, City, RoadId};
use citytwin_scenario::{PeakAnswer, PeakError, PeakHour, RoadAccount, Watch, half_pool};
use citytwin_traffic::{Demand, Network};
use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};

use crate::{CityModel, Stated, engines::Origins};

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
    line: Line,
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

/// Both ends of the talk with the worker.
struct Line {
    questions: Sender<Question>,
    answers: Receiver<Said>,
    told: Arc<Told>,
    /// Until it has ended.
    worker: Option<JoinHandle<()>>,
}

/// Shared with the worker.
#[derive(Default)]
struct Told {
    /// Number of the newest question: work for an older one is given up. `u64::MAX`: nobody listens.
    newest: AtomicU64,
    fraction_bits: AtomicU32,
}

struct Question {
    number: u64,
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

/// A watch over the work for one question.
struct For<'a> {
    told: &'a Told,
    number: u64,
}

impl Watch for For<'_> {
    fn progress(&self, fraction: f32) {
        self.told.fraction_bits.store(fraction.to_bits(), Ordering::Relaxed);
    }
    fn cancelled(&self) -> bool {
        self.told.newest.load(Ordering::Relaxed) > self.number
    }
}

impl PeakTwin {
    /// How far the first equilibrium is, 0…1.
    pub fn fraction(&self) -> f32 {
        f32::from_bits(self.line.told.fraction_bits.load(Ordering::Relaxed))
    }

    fn begin(city: Arc<City>, origins: &Origins) -> Self {
        let (questions, asked) = unbounded();
        let (say, answers) = unbounded();
        let told = Arc::new(Told::default());
        let (network, demand) = (origins.network.clone(), origins.demand.clone());
        let shared = told.clone();
        let spawned = std::thread::Builder::new()
            .name("peak-hour".into())
            .spawn(move || worker(&city, &network, &demand, &shared, &asked, &say));
        let (state, worker) = match spawned {
            Ok(worker) => (PeakState::Preparing, Some(worker)),
            Err(error) => (PeakState::Failed(format!("no thread for the peak hour: {error}")), None),
        };
        Self::of(state, Line { questions, answers, told, worker })
    }

    /// Nothing asked and nothing heard yet.
    fn of(state: PeakState, line: Line) -> Self {
        let (answered, asked) = (Assumptions::default(), Assumptions::default());
        Self { state, baseline: None, now: None, answered, account: None, version: 0, asked, road: None, line }
    }

    fn ask(&mut self) {
        let number = self.line.told.newest.fetch_add(1, Ordering::Relaxed) + 1;
        let question = Question { number, assumptions: self.asked.clone(), road: self.road };
        // A worker that has ended said why.
        if self.line.questions.send(question).is_ok() && self.baseline.is_some() {
            self.state = PeakState::Working;
        }
    }

    /// What the worker said next. A worker that panicked says nothing more: what it panicked with is said for it, once.
    fn next(&mut self) -> Option<Said> {
        match self.line.answers.try_recv() {
            Ok(said) => Some(said),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                let panicked = self.line.worker.take()?.join().err()?;
                Some(Said::Failed(format!(
                    "the peak hour stopped on a fault of the program ({}); open the city again to start it anew",
                    words_of(&*panicked)
                )))
            }
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
                if number == self.line.told.newest.load(Ordering::Relaxed) {
                    self.state = PeakState::Idle;
                }
            }
            Said::Failed(why) => self.state = PeakState::Failed(why),
        }
    }
}

impl Drop for PeakTwin {
    /// The worker does not outlive the city it works for.
    fn drop(&mut self) {
        self.line.told.newest.store(u64::MAX, Ordering::Relaxed);
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

fn words_of(panicked: &(dyn Any + Send)) -> &str {
    let text = panicked.downcast_ref::<String>().map(String::as_str);
    text.or(panicked.downcast_ref::<&str>().copied()).unwrap_or("no words")
}

/// Until nobody asks any more. An answer that nobody takes ends it too.
fn worker(
    city: &Arc<City>,
    network: &Arc<Network>,
    demand: &Demand,
    told: &Told,
    questions: &Receiver<Question>,
    say: &Sender<Said>,
) {
    let pool = match half_pool() {
        Ok(pool) => pool,
        Err(error) => return drop(say.send(Said::Failed(error.to_string()))),
    };
    // Questions asked meanwhile do not stop the first equilibrium, only the end of the city does.
    let first = For { told, number: u64::MAX - 1 };
    let prepared = pool.install(|| {
        let peak = PeakHour::prepare(city.clone(), network.clone(), demand, &first)?;
        let baseline = peak.baseline()?;
        Ok::<_, PeakError>((peak, baseline))
    });
    let mut peak = match prepared {
        Ok((peak, baseline)) => {
            if say.send(Said::Baseline(baseline)).is_err() || say.send(Said::Done(0)).is_err() {
                return;
            }
            peak
        }
        Err(error) => return drop(say.send(Said::Failed(error.to_string()))),
    };
    let mut standing = Assumptions::default();
    while let Ok(mut question) = questions.recv() {
        while let Ok(newer) = questions.try_recv() {
            question = newer;
        }
        let watch = For { told, number: question.number };
        if question.assumptions != standing {
            let began = Instant::now();
            match pool.install(|| peak.answer(&question.assumptions, &watch)) {
                Ok(answer) => {
                    standing = question.assumptions.clone();
                    let took_s = began.elapsed().as_secs_f64();
                    let said = Said::Answer { assumptions: question.assumptions, answer, took_s };
                    if say.send(said).is_err() {
                        return;
                    }
                }
                Err(PeakError::Cancelled) => continue,
                Err(error) => {
                    let _ = say.send(Said::Failed(error.to_string()));
                    continue;
                }
            }
        }
        let account = question.road.and_then(|road| pool.install(|| peak.account(road)));
        if say.send(Said::Account(account)).is_err() || say.send(Said::Done(question.number)).is_err() {
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
        let (questions, asked) = unbounded();
        let (say, answers) = unbounded();
        let worker = std::thread::spawn(move || {
            let _ends: (Receiver<Question>, Sender<Said>) = (asked, say);
            panic!("link {} is missing", 7);
        });
        let line = Line { questions, answers, told: Arc::default(), worker: Some(worker) };
        let mut peak = PeakTwin::of(PeakState::Working, line);
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
