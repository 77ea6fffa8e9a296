//! Dead letters tried again, after a mapping was mended: by the mapping of now, judged as live ones are.

use citytwin_feeds::Delivery;
use citytwin_history::{DEAD_LETTER_BYTES, KeptDeadLetter, Store, instant};
use citytwin_model::Timestamp;

use crate::{
    Feeds, IngestError, Settings,
    batch::Batch,
    intake::Intake,
    judge::{Books, Judge},
};

/// Letters in one commit: of 64 KiB at most each.
const LETTERS: usize = 64;

/// Which letters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retry {
    /// Of one feed, or of all.
    pub feed: Option<String>,
    /// How many at most, those that were kept first.
    pub limit: usize,
}

/// What became of them: `tried = resolved + still_dead + silent + cut`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Retried {
    pub tried: u64,
    /// Letters that are read without fault now; they wait no more.
    pub resolved: u64,
    /// Letters that still have a fault, or whose feed is no more. What they give besides was committed.
    pub still_dead: u64,
    /// Letters without fault that give no reading: nothing was missing, or no mapping asks for them any more.
    pub silent: u64,
    /// Letters of which only the beginning was kept.
    pub cut: u64,
    /// Readings that the history did not have.
    pub new: u64,
    /// Readings that it had.
    pub duplicates: u64,
    /// Why the last of those that are still dead is: one line.
    pub last_reason: Option<String>,
}

/// Reads waiting dead letters of a history by the mappings of `feeds`, commits what they give under the run of `settings`,
/// and then marks as resolved those that are read without fault. Done twice, or broken off anywhere and done again, it leaves
/// the same: the first row of a key stays, and a letter goes after its rows are safe.
///
/// A reading is stamped by its letter's time of receipt where it has no time of its own. Letters of formats whose decoder
/// remembers what came before are read by the births and configurations that were last heard (places of GBFS are not kept: such stay). A running
/// intake knows nothing of it before its next start.
///
/// # Errors
/// What the history says. What was committed until then stays.
pub fn retry_dead(
    store: &dyn Store,
    feeds: &Feeds<'_>,
    settings: &Settings,
    retry: &Retry,
    now: Timestamp,
) -> Result<Retried, IngestError> {
    let mut intake = Intake::new(feeds);
    intake.recall(store)?;
    let mut judge = Judge::new(feeds.sensors, intake.feeds().len(), &settings.run, now);
    judge.seed(store, intake.feeds(), now, settings.seed_age_s)?;
    let mut again = Again { store, judge, batch: Batch::default(), retried: Retried::default() };
    let (mut after, mut left) = (0, retry.limit);
    while left > 0 {
        let letters = store.dead_letters(retry.feed.as_deref(), after, left.min(LETTERS))?;
        let Some(last) = letters.last() else { break };
        after = last.number;
        left -= letters.len();
        again.pass(&mut intake, letters)?;
    }
    Ok(again.retried)
}

struct Again<'s> {
    store: &'s dyn Store,
    judge: Judge,
    batch: Batch,
    retried: Retried,
}

impl Again<'_> {
    fn pass(&mut self, intake: &mut Intake, letters: Vec<KeptDeadLetter>) -> Result<(), IngestError> {
        let mut books = Books::new(intake.feeds().len());
        let mut whole = Vec::new();
        for letter in letters {
            self.retried.tried += 1;
            let number = letter.number;
            if self.read(intake, letter, &mut books) {
                whole.push(number);
            }
        }
        let committed = self.store.commit(&self.batch.rows, &[])?;
        self.retried.new += committed.new;
        self.retried.duplicates += committed.duplicate + books.repeated();
        self.batch.clear();
        self.retried.resolved += self.store.resolve(&whole)?;
        Ok(())
    }

    /// Whether a letter is read without fault, and says something.
    fn read(&mut self, intake: &mut Intake, kept: KeptDeadLetter, books: &mut Books) -> bool {
        let letter = kept.letter;
        // At this length the rest may have been cut off.
        if kept.length >= DEAD_LETTER_BYTES as u64 {
            self.retried.cut += 1;
            return false;
        }
        let Some(source) = intake.feeds().iter().position(|feed| *feed == letter.feed) else {
            self.retried.still_dead += 1;
            self.retried.last_reason = Some(format!("no source is called `{}` any more", letter.feed));
            return false;
        };
        let delivery = Delivery::new(source as u16, letter.topic, letter.bytes, instant(letter.received_us));
        let taken = self.judge.take(self.store, intake, &delivery, None, (&mut self.batch, books));
        if let Some(dead) = self.batch.dead.pop() {
            self.retried.still_dead += 1;
            self.retried.last_reason = Some(dead.reason);
            return false;
        }
        self.retried.silent += u64::from(taken.readings == 0);
        taken.readings > 0
    }
}
