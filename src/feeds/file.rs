//! A file of a city's folder as messages: read once, in parts of whole lines of which each has the heading, so that a file of
//! any length passes through bounded memory and a part that cannot be decoded fits into a dead letter.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use crossbeam_channel::Sender;
use tokio::{
    runtime,
    sync::{Semaphore, oneshot},
};

use crate::{
    Clock, Delivery, FeedError,
    decode::MAX_MESSAGE_BYTES,
    mapping::{Cut, SourceKind, Sources},
    status::Shared,
};

/// Of one message, with its heading: less than what is kept of a dead letter.
const PART_BYTES: usize = 60 << 10;
/// The longest line, byte.
const LINE_BYTES: usize = 1 << 20;
/// Bytes of messages that may wait to be committed: few, so that what is measured now does not wait behind a file.
const WAITING_BYTES: usize = 1 << 20;

/// How far a file has been read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FileStatus {
    /// Relative to the city's folder.
    pub path: String,
    /// Handed over so far.
    pub messages: u64,
    pub bytes: u64,
    /// All of it was handed over.
    pub done: bool,
    /// Why it is read no further: one line.
    pub error: Option<String>,
}

/// A file that is read on a thread of its own. Dropping it ends the thread.
pub struct FileSource {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    status: Shared<FileStatus>,
}

impl FileSource {
    /// Starts to read the file of a source and returns at once. `folder` is the city's. What is wrong with the file stands in
    /// the status.
    ///
    /// # Errors
    /// A position without such a source, a thread that the machine refuses.
    pub fn start(
        sources: &Sources,
        source: u16,
        folder: &Path,
        (into, now): (Sender<Delivery>, Clock),
    ) -> Result<Self, FeedError> {
        const NAME: &str = "file-source";
        let fail = |source: io::Error| FeedError::Start { name: NAME, source };
        let stated = sources.sources.get(usize::from(source)).filter(|stated| stated.kind == SourceKind::File);
        let stated = stated.ok_or_else(|| fail(io::Error::other(format!("source {source} is no file"))))?;
        let status = Shared::new(FileStatus { path: stated.address.clone(), ..FileStatus::default() });
        let reader = Reader {
            folder: folder.to_path_buf(),
            path: folder.join(&stated.address),
            topic: stated.address.clone(),
            cut: sources.cut(usize::from(source)),
            source,
            room: Arc::new(Semaphore::new(WAITING_BYTES)),
            into,
            now,
            status: status.clone(),
        };
        let runtime = runtime::Builder::new_current_thread().build().map_err(fail)?;
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = reader.run() => {}
                }
            });
        };
        let thread = thread::Builder::new().name(NAME.to_owned()).spawn(run).map_err(fail)?;
        Ok(Self { stop: Some(stop), thread: Some(thread), status })
    }

    /// A copy of the state.
    pub fn status(&self) -> FileStatus {
        self.status.lock().clone()
    }
}

impl Drop for FileSource {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may already have ended.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Reader {
    /// The city's.
    folder: PathBuf,
    path: PathBuf,
    topic: String,
    cut: Cut,
    source: u16,
    room: Arc<Semaphore>,
    into: Sender<Delivery>,
    now: Clock,
    status: Shared<FileStatus>,
}

impl Reader {
    async fn run(self) {
        let ended = match (within(&self.folder, &self.path), self.cut) {
            (Err(error), _) => Err(error),
            (Ok(()), Cut::Whole) => self.whole().await,
            (Ok(()), Cut::Lines { heading }) => self.lines(heading).await,
        };
        let mut status = self.status.lock();
        match ended {
            Ok(()) => status.done = true,
            Err(error) => status.error = Some(format!("{}: {error}", self.topic)),
        }
    }

    async fn whole(&self) -> io::Result<()> {
        let mut bytes = Vec::new();
        File::open(&self.path)?.take(MAX_MESSAGE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(io::Error::other(format!(
                "larger than {MAX_MESSAGE_BYTES} bytes, and cannot be read in parts"
            )));
        }
        self.deliver(bytes).await
    }

    async fn lines(&self, heading: bool) -> io::Result<()> {
        let mut file = BufReader::new(File::open(&self.path)?);
        let mut line = Vec::new();
        if heading {
            read_line(&mut file, &mut line)?;
        }
        let heading = std::mem::take(&mut line);
        let mut part = heading.clone();
        while read_line(&mut file, &mut line)? {
            if part.len() + line.len() > PART_BYTES && part.len() > heading.len() {
                self.deliver(std::mem::replace(&mut part, heading.clone())).await?;
            }
            part.append(&mut line);
        }
        // A file of a heading alone is told as it is.
        let empty = part.len() == heading.len() && self.status.lock().messages > 0;
        if empty { Ok(()) } else { self.deliver(part).await }
    }

    async fn deliver(&self, bytes: Vec<u8>) -> io::Result<()> {
        let size = bytes.len().clamp(1, WAITING_BYTES) as u32;
        let room = Arc::clone(&self.room).acquire_many_owned(size).await.map_err(io::Error::other)?;
        let length = bytes.len() as u64;
        let delivery = Delivery::with_room(self.source, self.topic.clone(), bytes, ((self.now)(), room));
        self.into.send(delivery).map_err(|_| io::Error::other("nobody takes it any more"))?;
        let mut status = self.status.lock();
        status.messages += 1;
        status.bytes += length;
        Ok(())
    }
}

/// A link may not lead out of the city's folder.
pub(crate) fn within(folder: &Path, file: &Path) -> io::Result<()> {
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    if file.canonicalize()?.starts_with(folder.canonicalize()?) {
        return Ok(());
    }
    Err(io::Error::other("a link leads out of the city's folder; put the file itself there"))
}

/// Adds a line with its end; false at the end of the file.
fn read_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let count = file.take(LINE_BYTES as u64).read_until(b'\n', line)?;
    if count == LINE_BYTES && line.last() != Some(&b'\n') {
        return Err(io::Error::other(format!("a line of more than {LINE_BYTES} bytes")));
    }
    Ok(count > 0)
}
