//! A talk with a worker thread: the newest question counts, work for older ones is given up, and a worker that panics is heard
//! once more. Owns the thread; knows nothing of what is asked.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use citytwin_scenario::Watch;
use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};

/// The asking end. The worker does not outlive it.
pub(crate) struct Line<Q, S> {
    questions: Sender<Question<Q>>,
    answers: Receiver<S>,
    told: Arc<Told>,
    /// Until it has ended.
    worker: Option<JoinHandle<()>>,
}

/// The worker's end.
pub(crate) struct Work<Q, S> {
    questions: Receiver<Question<Q>>,
    say: Sender<S>,
    told: Arc<Told>,
}

/// What was asked, with its number.
pub(crate) struct Question<Q> {
    pub number: u64,
    pub what: Q,
}

/// Shared with the worker.
#[derive(Default)]
struct Told {
    /// Number of the newest question: work for an older one is given up. `u64::MAX`: nobody listens.
    newest: AtomicU64,
    fraction_bits: AtomicU32,
}

/// A watch over the work for one question.
pub(crate) struct For<'a> {
    told: &'a Told,
    number: u64,
}

/// What the worker said, or that it is gone.
pub(crate) enum Heard<S> {
    Said(S),
    /// What it panicked with; told once.
    Panicked(String),
    Nothing,
}

impl Watch for For<'_> {
    fn progress(&self, fraction: f32) {
        self.told.fraction_bits.store(fraction.to_bits(), Ordering::Relaxed);
    }
    fn cancelled(&self) -> bool {
        self.told.newest.load(Ordering::Relaxed) > self.number
    }
}

impl<Q: Send + 'static, S: Send + 'static> Line<Q, S> {
    /// Starts a worker.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn begin(name: &str, worker: impl FnOnce(Work<Q, S>) + Send + 'static) -> std::io::Result<Self> {
        let (questions, asked) = unbounded();
        let (say, answers) = unbounded();
        let told = Arc::new(Told::default());
        let work = Work { questions: asked, say, told: told.clone() };
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || worker(work))?;
        Ok(Self { questions, answers, told, worker: Some(thread) })
    }

    /// Asks; whether somebody is there to hear it.
    pub(crate) fn ask(&self, what: Q) -> bool {
        let number = self.told.newest.fetch_add(1, Ordering::Relaxed) + 1;
        self.questions.send(Question { number, what }).is_ok()
    }

    /// What was said next.
    pub(crate) fn next(&mut self) -> Heard<S> {
        match self.answers.try_recv() {
            Ok(said) => Heard::Said(said),
            Err(TryRecvError::Empty) => Heard::Nothing,
            Err(TryRecvError::Disconnected) => {
                let panicked = self.worker.take().and_then(|worker| worker.join().err());
                panicked.map_or(Heard::Nothing, |panicked| Heard::Panicked(words_of(&*panicked).to_owned()))
            }
        }
    }

    /// Whether a question is the newest.
    pub(crate) fn is_newest(&self, number: u64) -> bool {
        number == self.told.newest.load(Ordering::Relaxed)
    }

    /// How far the worker is, 0…1.
    pub(crate) fn fraction(&self) -> f32 {
        f32::from_bits(self.told.fraction_bits.load(Ordering::Relaxed))
    }
}

impl<Q, S> Drop for Line<Q, S> {
    fn drop(&mut self) {
        self.told.newest.store(u64::MAX, Ordering::Relaxed);
    }
}

impl<Q, S> Work<Q, S> {
    /// The newest question, waiting for one; none once nobody asks any more.
    pub(crate) fn next(&self) -> Option<Question<Q>> {
        let mut question = self.questions.recv().ok()?;
        while let Ok(newer) = self.questions.try_recv() {
            question = newer;
        }
        Some(question)
    }

    /// Whether somebody heard it.
    pub(crate) fn say(&self, said: S) -> bool {
        self.say.send(said).is_ok()
    }

    /// Says stop once a newer question is there.
    pub(crate) fn watch(&self, number: u64) -> For<'_> {
        For { told: &self.told, number }
    }

    /// Says stop only at the end of the city.
    pub(crate) fn watch_end(&self) -> For<'_> {
        self.watch(u64::MAX - 1)
    }
}

fn words_of(panicked: &(dyn Any + Send)) -> &str {
    let text = panicked.downcast_ref::<String>().map(String::as_str);
    text.or(panicked.downcast_ref::<&str>().copied()).unwrap_or("no words")
}
