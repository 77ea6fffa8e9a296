//! The thread of a source: rounds of requests at their times, until it is dropped.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    io,
    sync::Arc,
    thread,
    time::Duration,
};

use crossbeam_channel::Sender;
use reqwest::Url;
use serde_json::Value as Json;
use tokio::{
    runtime,
    sync::{Mutex, Semaphore, oneshot},
    time::{Instant, sleep},
};

use super::{
    exchange::{Again, Answer, Exchange, Failure, Validators},
    freshness::LONGEST,
    guard::Guard,
    hosts::Hosts,
    settings::PollerSettings,
    status::{PollState, PollerStatus, Watch},
};
use crate::{
    Clock, Delivery, FeedError,
    backoff::{Backoff, entropy},
    decode::{Message, Signal},
    mapping::Asked,
    payload::excerpt,
    status::Shared,
};

/// What a message takes besides topic and payload, byte: a rough figure.
const MESSAGE_ROOM: usize = 256;
/// Failures in a row after which a source is no longer asked oftener than in its turn, or every five minutes.
const MANY_FAILURES: u32 = 8;
const AFTER_MANY: Duration = Duration::from_secs(300);
/// A source is lost when it has failed for so many of its intervals, as a value is stale after so many.
const INTERVALS: u32 = 3;

/// A source that is asked over HTTP, on a thread of its own. Dropping it ends the thread within a second, also in the middle
/// of a request.
pub struct Poller {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    watch: Shared<Watch>,
    room: Arc<Semaphore>,
    limit: usize,
}

impl Poller {
    /// Starts to ask and returns at once. Answers go to `into`; the channel needs no bound of its own. `hosts` spaces the
    /// requests of all pollers that share it. `now` stamps what arrives.
    ///
    /// # Errors
    /// A client that cannot be set up, a thread that the machine refuses.
    pub fn start(
        settings: PollerSettings,
        hosts: Arc<Hosts>,
        into: Sender<Delivery>,
        now: Clock,
    ) -> Result<Self, FeedError> {
        let guard = Guard::new(settings.allow_private);
        Self::guarded(settings, guard, hosts, (into, now))
    }

    fn guarded(
        settings: PollerSettings,
        guard: Guard,
        hosts: Arc<Hosts>,
        (into, now): (Sender<Delivery>, Clock),
    ) -> Result<Self, FeedError> {
        const NAME: &str = "http-poller";
        let fail = |source: io::Error| FeedError::Start { name: NAME, source };
        let limit = settings.waiting_bytes.clamp(1, u32::MAX as usize);
        let room = Arc::new(Semaphore::new(limit));
        let status =
            PollerStatus { address: shown(&settings.address), waiting_limit: limit, ..PollerStatus::default() };
        let watch = Shared::new(Watch::new(status, INTERVALS * settings.every.min(LONGEST)));
        watch.lock().turn(PollState::Asking);
        let exchange = Exchange::new(&settings, guard, hosts, watch.clone())?;
        let work = Arc::new(Work {
            exchange,
            memory: Mutex::new(Memory { asked: settings.asked, known: HashMap::new() }),
            address: settings.address,
            source: settings.source,
            every: settings.every.min(LONGEST),
            shortest: settings.shortest,
            most_pages: settings.most_pages.max(1),
            room: Arc::clone(&room),
            limit,
            into,
            now,
            watch: watch.clone(),
        });
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
        let (stop, stopped) = oneshot::channel();
        let at_end = watch.clone();
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = work.run() => {}
                }
            });
            at_end.lock().turn(PollState::Stopped);
            // A name that is being looked up must not hold the program.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name(NAME.to_owned()).spawn(run).map_err(fail)?;
        Ok(Self { stop: Some(stop), thread: Some(thread), watch, room, limit })
    }

    /// A copy of the state and the counts.
    pub fn status(&self) -> PollerStatus {
        let mut status = self.watch.lock().status.clone();
        status.waiting_bytes = self.limit - self.room.available_permits();
        status
    }

    /// Whether the source answers. It counts as lost once it has failed for three of its intervals.
    pub fn up(&self) -> bool {
        self.watch.lock().up()
    }
}

impl Drop for Poller {
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

/// What the thread works with.
struct Work {
    exchange: Exchange,
    memory: Mutex<Memory>,
    address: Url,
    source: u16,
    every: Duration,
    shortest: Duration,
    most_pages: usize,
    room: Arc<Semaphore>,
    limit: usize,
    into: Sender<Delivery>,
    now: Clock,
    watch: Shared<Watch>,
}

/// What is kept from one round to the next.
struct Memory {
    asked: Asked,
    /// By address, those of the last good round.
    known: HashMap<Url, Known>,
}

/// What is known of an address.
struct Known {
    validators: Validators,
    /// Where it led on.
    links: Vec<Url>,
    /// How long its content says that it holds.
    ttl: Option<Duration>,
    /// Not asked again before.
    holds_until: Option<Instant>,
}

/// A round that went well.
struct Round {
    /// When the first of its addresses is to be asked again, where something says so.
    due: Option<Instant>,
    cut_short: bool,
}

/// Why a round ended early.
enum End {
    Failed(Failure),
    /// Nobody takes answers any more.
    Alone,
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Work {
    async fn run(self: Arc<Self>) {
        let mut backoff = Backoff::new(entropy());
        loop {
            let began = Instant::now();
            self.watch.lock().turn(PollState::Asking);
            // A task of its own: a panic inside a library ends this round, not the source.
            let ended = match tokio::spawn(Arc::clone(&self).round()).await {
                Ok(ended) => ended,
                Err(error) => {
                    Err(Failure::soon(format!("the request broke off: {}", excerpt(&error.to_string()))).into())
                }
            };
            let wait = match ended {
                Err(End::Alone) => return,
                Ok(round) => {
                    backoff = Backoff::new(entropy());
                    self.rest(began, &round)
                }
                Err(End::Failed(failure)) => self.wait_after(failure, &mut backoff),
            };
            sleep(wait).await;
        }
    }

    /// The wait after a good round.
    fn rest(&self, began: Instant, round: &Round) -> Duration {
        let due = round.due.map_or(began, |due| due.min(Instant::now() + LONGEST));
        let due = due.max(began + self.every);
        let wait = due.saturating_duration_since(Instant::now()).max(self.shortest);
        let mut watch = self.watch.lock();
        watch.succeeded(round.cut_short, INTERVALS * self.every.max(due - began));
        watch.rest(PollState::Resting, wait);
        wait
    }

    fn wait_after(&self, failure: Failure, backoff: &mut Backoff) -> Duration {
        let mut watch = self.watch.lock();
        watch.failed(failure.why);
        let mut wait = backoff.after(None);
        if watch.status.failures_in_row > MANY_FAILURES {
            wait = wait.max(self.every.min(AFTER_MANY));
        }
        wait = match failure.again {
            Again::Soon => wait,
            Again::InTurn => wait.max(self.every),
            Again::After(told) => wait.max(told),
        };
        let wait = wait.max(self.shortest);
        watch.rest(PollState::Failing, wait);
        wait
    }

    /// Asks the source's address and all that it leads to.
    async fn round(self: Arc<Self>) -> Result<Round, End> {
        let mut memory = self.memory.lock().await;
        let Memory { asked, known } = &mut *memory;
        let mut to_ask = VecDeque::from([self.address.clone()]);
        let mut seen: HashSet<Url> = HashSet::new();
        let mut due: Option<Instant> = None;
        let mut cut_short = false;
        while let Some(url) = to_ask.pop_front() {
            if seen.contains(&url) {
                return Err(Failure::in_turn("its pages lead back to one that was read already").into());
            }
            if seen.len() == self.most_pages {
                cut_short = true;
                break;
            }
            let fresh = known.get(&url).and_then(|known| known.holds_until).is_some_and(|until| Instant::now() < until);
            if !fresh {
                let page = self.page(&url, asked, known.get(&url)).await?;
                known.insert(url.clone(), page);
            }
            let Some(page) = known.get(&url) else { continue };
            let holds_until = page.holds_until.unwrap_or_else(Instant::now);
            due = Some(due.map_or(holds_until, |due| due.min(holds_until)));
            to_ask.extend(page.links.iter().cloned());
            seen.insert(url);
        }
        known.retain(|url, _| seen.contains(url));
        Ok(Round { due, cut_short })
    }

    /// Asks one address and hands over what it says.
    async fn page(&self, url: &Url, asked: &mut Asked, known: Option<&Known>) -> Result<Known, End> {
        let none = Validators::default();
        let answer = self.exchange.ask(url, known.map_or(&none, |known| &known.validators)).await?;
        let asked_at = Instant::now();
        let Answer { body, validators, holds, next } = answer;
        let (links, ttl) = match (body, known) {
            (None, Some(known)) => (known.links.clone(), known.ttl),
            (None, None) => (Vec::new(), None),
            (Some(body), _) => {
                let leads = self.leads(url, asked, &body, next.as_deref());
                if leads.has_readings {
                    self.deliver(url, body).await?;
                }
                (leads.links?, leads.ttl)
            }
        };
        let holds = [holds, ttl].into_iter().flatten().max();
        Ok(Known { validators, links, ttl, holds_until: holds.map(|holds| asked_at + holds.min(LONGEST)) })
    }

    /// What a body leads to. `next` is the page that its headers name.
    fn leads(&self, url: &Url, asked: &mut Asked, body: &[u8], next: Option<&str>) -> Leads {
        if let Some((links, ttl)) = self.files_of_gbfs(url, &asked.gbfs_files, body) {
            return Leads { links, ttl, has_readings: false };
        }
        let mut pages: Vec<String> = next.filter(|_| asked.linked).map(str::to_owned).into_iter().collect();
        let mut life = None;
        for decoder in &mut asked.leading {
            let message = Message { topic: url.path(), payload: body, received_at: (self.now)() };
            // What cannot be decoded becomes a dead letter where it is mapped.
            let Ok(decoded) = decoder.decode(message) else { continue };
            for signal in decoded.signals {
                match signal {
                    Signal::NextPage(next) => pages.push(next),
                    Signal::Ttl(ttl_s) => life = Some(ttl(ttl_s)),
                    _ => {}
                }
            }
        }
        Leads { links: pages.iter().map(|page| self.page_link(url, page)).collect(), ttl: life, has_readings: true }
    }

    /// The address of a further page: at the same host, and held to the same checks.
    fn page_link(&self, from: &Url, link: &str) -> Result<Url, Failure> {
        let unreadable = |_| Failure::in_turn("leads to a page whose address cannot be read");
        let mut to = from.join(link).map_err(unreadable)?;
        to.set_fragment(None);
        if to.origin() != from.origin() && to.host_str() == from.host_str() && to.port().is_none() {
            // A server behind another one does not know that it is asked under TLS.
            let _ = to.set_scheme(from.scheme());
        }
        if to.origin() != from.origin() {
            let to = to.host_str().map(excerpt).unwrap_or_default();
            return Err(Failure::in_turn(format!("leads to a page of another server ({to})")));
        }
        self.exchange.check(from, &to).map(|()| to)
    }

    /// Of a `gbfs.json`, the addresses of those files that somebody takes, and its life; `None` for another file.
    fn files_of_gbfs(&self, url: &Url, wanted: &[&'static str], body: &[u8]) -> Option<(Links, Option<Duration>)> {
        if wanted.is_empty() {
            return None;
        }
        let document = serde_json::from_slice::<Json>(body).ok()?;
        let feeds = document.pointer("/data/feeds")?.as_array()?;
        let link = |name: &&str| {
            let feed = feeds.iter().find(|feed| feed.get("name").and_then(Json::as_str) == Some(name));
            let address = feed.and_then(|feed| feed.get("url")).and_then(Json::as_str);
            let address = address.ok_or_else(|| Failure::in_turn(format!("its gbfs.json names no {name}")))?;
            let unreadable = |_| Failure::in_turn(format!("its gbfs.json gives {name} an address that cannot be read"));
            let to = url.join(address).map_err(unreadable)?;
            self.exchange.check(url, &to).map(|()| to)
        };
        Some((wanted.iter().map(link).collect(), document.get("ttl").and_then(Json::as_f64).map(ttl)))
    }

    /// Hands an answer over, as soon as there is room for it.
    async fn deliver(&self, url: &Url, body: Vec<u8>) -> Result<(), End> {
        let topic = plain(url);
        let received_at = (self.now)();
        let size = (topic.len() + body.len() + MESSAGE_ROOM).min(self.limit) as u32;
        let room = Arc::clone(&self.room).acquire_many_owned(size).await.map_err(|_| End::Alone)?;
        self.into.send(Delivery::with_room(self.source, topic, body, (received_at, room))).map_err(|_| End::Alone)?;
        self.watch.lock().status.answers += 1;
        Ok(())
    }
}

/// Addresses to ask next, or why they are not.
type Links = Result<Vec<Url>, Failure>;

/// Where an answer leads.
struct Leads {
    links: Links,
    ttl: Option<Duration>,
    has_readings: bool,
}

/// A declared life, second.
fn ttl(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST).min(LONGEST)
}

/// Without what follows a question mark, which may be long and may name keys: what a mapping's topic is matched with.
fn plain(url: &Url) -> String {
    let mut plain = url.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    plain.into()
}

fn shown(url: &Url) -> String {
    if url.query().is_some() { format!("{}?…", plain(url)) } else { plain(url) }
}

#[cfg(test)]
#[path = "../tests/support/web.rs"]
mod web;

#[cfg(test)]
mod tests {
    use std::{
        net::{IpAddr, SocketAddr},
        time::Instant as Wall,
    };

    use super::{
        web::{Reply, Web},
        *,
    };
    use crate::{Receiver, Secrets, mapping::Sources};

    /// 127.0.0.1 plays the open internet, and 127.0.0.2 a machine of the own network.
    fn inside(address: IpAddr) -> Option<&'static str> {
        (address == IpAddr::from([127, 0, 0, 2])).then_some("a private address")
    }

    /// A source at a name that means these addresses, one after the other.
    fn start(address: &str, answers: &'static [[u8; 4]]) -> (Poller, Receiver<Delivery>) {
        let text = format!(
            "version = 1\n[[source]]\nid = \"a\"\nkind = \"http\"\naddress = \"{address}\"\n[[mapping]]\nid = \"m\"\nsource = \"a\"\n\
             format = \"senml\"\n[[mapping.take]]\nquantity = \"speed\"\nsensor = \"s\"\n"
        );
        let sources = Sources::parse("f", &text).unwrap();
        let mut settings = PollerSettings::of(&sources, 0, "".as_ref(), &Secrets::of_process()).unwrap();
        (settings.every, settings.shortest) = (Duration::from_millis(10), Duration::from_millis(10));
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let lookup = move |_: String| {
            let at = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst).min(answers.len() - 1);
            let found = vec![SocketAddr::from((answers[at], 0))];
            Box::pin(async move { Ok(found) }) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
        };
        let guard = Guard::of_test(false, Arc::new(lookup), inside);
        let (into, deliveries) = crossbeam_channel::unbounded();
        let now: Clock = Arc::new(citytwin_model::Timestamp::now);
        let hosts = Arc::new(Hosts::new(Duration::ZERO));
        (Poller::guarded(settings, guard, hosts, (into, now)).unwrap(), deliveries)
    }

    fn failure(poller: &Poller) -> String {
        let begin = Wall::now();
        while poller.status().failures == 0 && begin.elapsed() < Duration::from_secs(20) {
            thread::park_timeout(Duration::from_millis(2));
        }
        poller.status().last_error.unwrap_or_default()
    }

    /// The connection goes where the looked-at address says, and every new one is looked at.
    #[test]
    fn a_name_that_changes_its_meaning_does_not_lead_inside() {
        let web = Web::serve(|_| Reply::json("[]"));
        let address = format!("http://sensors.example:{}/x", web.port);
        let (poller, deliveries) = start(&address, &[[127, 0, 0, 1], [127, 0, 0, 2]]);
        let line = failure(&poller);
        assert!(line.contains("sensors.example is 127.0.0.2, a private address"), "{line}");
        drop(poller);
        assert_eq!((deliveries.try_iter().count(), web.requests().len()), (1, 1));
        assert_eq!(web.requests()[0].header("host"), Some(&*format!("sensors.example:{}", web.port)));
    }

    #[test]
    fn a_redirect_does_not_lead_inside() {
        for target in ["http://127.0.0.2:1/y", "http://inside.example/y"] {
            let web = Web::serve(move |_| Reply::to(target));
            let (poller, deliveries) = start(&web.address("/x"), &[[127, 0, 0, 2]]);
            let line = failure(&poller);
            assert!(line.contains("127.0.0.2") && line.contains("a private address"), "{target}: {line}");
            assert!(deliveries.is_empty());
        }
    }
}
