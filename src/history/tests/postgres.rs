//! The store in PostgreSQL answers as a plain list does, and keeps what it acknowledged over a crash of the server.
//!
//! The test makes a server of its own from Debian's package in a temporary folder; where there is none it is skipped, aloud.

#[path = "../../../tests/support/needs.rs"]
mod needs;
mod plain;

use std::{
    fs,
    net::TcpListener,
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use citytwin_history::{
    Archive, DAY_US, DeadLetter, Event, Happening, History, HistoryError, Late, Lesson, Level, Notes, Plaintext,
    PostgresHistory, Row, SECOND_US, SeriesId, SeriesKey, Settings, Source, SourceId, Span, Store,
};
use citytwin_model::{Quality, Quantity};
use plain::Plain;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

const START_US: i64 = 20_000 * DAY_US;

struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
}

impl Server {
    /// `None`, said aloud, where PostgreSQL is not installed.
    fn start() -> Option<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let Some(programs) = versions.map(|v| v.path().join("bin")).find(|bin| bin.join("initdb").exists()) else {
            needs::missing("PostgreSQL under /usr/lib/postgresql (Debian: apt-get install postgresql)");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder: tempfile::tempdir().unwrap(), programs, port };
        if Path::new("/proc/self").exists() && as_root() {
            // The server refuses to run as root: it gets the user that its package made.
            run(Command::new("chown").arg("postgres").arg(server.folder.path()));
        }
        let data = server.data();
        run(server.command("initdb").args(["-A", "trust", "-U", "city", "-D"]).arg(&data));
        server.up();
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if !as_root() {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program).current_dir(self.folder.path());
        command
    }

    fn up(&self) {
        let options = format!("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''", self.port);
        let log = self.folder.path().join("log");
        run(self.command("pg_ctl").args(["-w", "-o", &options, "-l"]).arg(log).arg("-D").arg(self.data()).arg("start"));
    }

    /// As a crash: nothing is written any more.
    fn crash(&self) {
        run(self.command("pg_ctl").args(["-m", "immediate", "-D"]).arg(self.data()).arg("stop"));
    }

    fn line(&self) -> String {
        format!("host=127.0.0.1 port={} user=city dbname=postgres", self.port)
    }

    fn open(&self) -> Result<PostgresHistory, HistoryError> {
        PostgresHistory::open(&self.line(), Plaintext::LoopbackOnly, &Settings::default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        let _ = stop.args(["-m", "immediate", "-D"]).arg(self.data()).arg("stop").stdout(Stdio::null()).status();
    }
}

fn as_root() -> bool {
    let user = Command::new("id").arg("-u").output();
    user.is_ok_and(|user| user.stdout.starts_with(b"0"))
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

fn series(store: &dyn Store) -> (Vec<SeriesId>, Vec<SeriesId>) {
    let key = |run: &str, n: usize| SeriesKey::new(run, &format!("sensor/{n}"), Quantity::ALL[n % 9]).unwrap();
    let live = (0..6).map(|n| store.series(&key("live", n))).collect();
    (live, (0..2).map(|n| store.series(&key("scenario:a", n))).collect())
}

fn rows(store: &dyn Store, all: &[SeriesId], rng: &mut Pcg64Mcg) -> Vec<Row> {
    let source = store.source(&Source::new("a", "1", false).unwrap());
    let row = |_| {
        let observed_us = START_US + rng.random_range(0..3 * 288) * 300 * SECOND_US;
        Row {
            series: all[rng.random_range(0..all.len())],
            source,
            observed_us,
            received_us: observed_us + rng.random_range(0..3) * 3600 * SECOND_US,
            value: f64::from(rng.random_range(-1000..1000)) / 7.0,
            quality: [Quality::Good, Quality::Bad][rng.random_range(0..2)],
        }
    };
    (0..200).map(row).collect()
}

fn ask(store: &dyn Store, plain: &Plain, (live, other): (&[SeriesId], &[SeriesId]), span: Span) {
    for series in live.iter().chain(other).copied() {
        let expected = plain.range(series, span);
        assert_eq!(store.range(series, span, usize::MAX).unwrap(), expected);
        let before = plain.range(series, Span { to_us: span.to_us, ..Span::ALL });
        assert_eq!(store.last(series, span.to_us, 4).unwrap(), before[before.len().saturating_sub(4)..]);
        for level in Level::ALL {
            assert_eq!(store.roll_ups(series, level, span).unwrap(), plain.roll_ups(series, level, span));
        }
        assert!(plain.agrees_with(series, span, store.completeness(series, span).unwrap()));
    }
    for (run, series) in [("live", live), ("scenario:a", other)] {
        let (mut visited, mut received) = (Vec::new(), Vec::new());
        store.visit(run, span, &mut |row| go_on(&mut visited, row)).unwrap();
        visited.sort_by_key(|r: &Row| (r.series, r.observed_us));
        assert_eq!(visited, plain.of_run(series, span));
        store.visit_received(run, span, &mut |row| go_on(&mut received, row)).unwrap();
        assert_eq!(received, plain.received(series, span));
        let age_us = 7200 * SECOND_US;
        assert_eq!(store.as_of(run, span.to_us, age_us).unwrap(), plain.as_of(series, span.to_us, age_us));
    }
}

fn go_on(rows: &mut Vec<Row>, row: &Row) -> ControlFlow<()> {
    rows.push(*row);
    ControlFlow::Continue(())
}

fn letter(n: usize) -> DeadLetter {
    DeadLetter {
        feed: "a".to_owned(),
        topic: "t\0".to_owned(),
        reason: "a trial".to_owned(),
        mapping: "1".to_owned(),
        received_us: START_US,
        bytes: vec![n as u8; 100],
    }
}

#[test]
fn postgresql_answers_as_a_plain_list_and_keeps_what_it_acknowledged() {
    let Some(server) = Server::start() else { return };
    let mut rng = Pcg64Mcg::seed_from_u64(9);
    let mut plain = Plain::default();
    let mut store = server.open().unwrap();
    let line = server.open().err().map(|e| e.to_string());
    assert!(line.is_some_and(|line| line.contains("another program")));
    for round in 0..4 {
        let (live, other) = series(&store);
        let all: Vec<SeriesId> = live.iter().chain(&other).copied().collect();
        let rows = rows(&store, &all, &mut rng);
        let new = plain.commit(&rows);
        let told = store.commit(&rows, &[letter(round)]).unwrap();
        assert_eq!((told.new, told.duplicate), (new, rows.len() as u64 - new));
        assert_eq!(store.commit(&rows, &[]).unwrap().new, 0, "the same again changes nothing");
        let from_us = START_US + rng.random_range(0..2 * DAY_US);
        ask(&store, &plain, (&live, &other), Span::new(from_us, from_us + rng.random_range(0..DAY_US)));
        if round % 2 == 1 {
            server.crash();
            assert!(store.commit(&rows, &[]).is_err(), "no server, no acknowledgement");
            server.up();
            assert_eq!(store.commit(&rows, &[]).unwrap().new, 0, "it connects again by itself");
        }
        if round == 2 {
            drop(store);
            store = server.open().unwrap();
        }
    }
    let waiting = store.dead_letters(Some("a"), 0, 10).unwrap();
    assert_eq!((waiting.len(), waiting[2].letter.bytes.clone()), (4, vec![2; 100]));
    assert_eq!(store.resolve(&[waiting[0].number, waiting[0].number, -5]).unwrap(), 1);
    let counts = &store.dead_letter_counts().unwrap()[0];
    assert_eq!((counts.kept, counts.waiting, counts.dropped, counts.resolved), (4, 3, 0, 1));
    drop(store);
    let small = Settings { dead_letter_bytes: 1000, ..Settings::default() };
    let store = PostgresHistory::open(&server.line(), Plaintext::LoopbackOnly, &small).unwrap();
    store.commit(&[], &[letter(9)]).unwrap();
    let counts = &store.dead_letter_counts().unwrap()[0];
    assert_eq!((counts.kept, counts.waiting, counts.dropped, counts.resolved), (5, 2, 2, 1));
    drop(store);
    tables_of_an_earlier_version_are_brought_up(&server);
}

fn tables_of_an_earlier_version_are_brought_up(server: &Server) {
    let mut client = postgres::Client::connect(&server.line(), postgres::NoTls).unwrap();
    client
        .batch_execute(
            "ALTER TABLE source DROP COLUMN historical, DROP COLUMN life_ms; DROP TABLE event;
             ALTER TABLE source ADD CONSTRAINT source_feed_mapping_emulated_key UNIQUE (feed, mapping, emulated);",
        )
        .unwrap();
    drop(client);
    let plain = Source::new("a", "1", false).unwrap();
    let stored = plain.clone().declared(true, Some(90.0));
    let events = [
        Event { at_us: START_US + 5, what: Happening::Lost { feed: "a".into() } },
        Event { at_us: START_US + 2, what: Happening::Ended { sensor: "sensor/1".into() } },
    ];
    let mut store = server.open().unwrap();
    assert_eq!(store.source(&plain).0, 0);
    for opened_again in [false, true] {
        if opened_again {
            drop(store);
            store = server.open().unwrap();
        } else {
            let row = Row {
                source: store.source(&stored),
                ..rows(&store, &series(&store).0, &mut Pcg64Mcg::seed_from_u64(1))[0]
            };
            store.commit_with(&[row], &[], Notes { run: "live", events: &events, ..Notes::default() }).unwrap();
        }
        assert_eq!(store.source_of(SourceId(1)), Some(stored.clone()));
        let told = store.events("live", (START_US, 0), Span::ALL.to_us, 9).unwrap();
        assert_eq!([&told[0].event, &told[1].event], [&events[1], &events[0]]);
        assert_eq!(store.events("live", told[0].place(), START_US + 6, 9).unwrap(), told[1..]);
        assert_eq!(store.events("live", (START_US, 0), START_US + 5, 1).unwrap(), told[..1]);
        let bytes = if opened_again { b"two".to_vec() } else { b"one".to_vec() };
        let lesson = Lesson { feed: "a".to_owned(), topic: "x".to_owned(), received_us: START_US, bytes };
        store.commit_with(&[], &[], Notes { lessons: std::slice::from_ref(&lesson), ..Notes::default() }).unwrap();
        assert_eq!(store.lessons("a").unwrap(), std::slice::from_ref(&lesson));
        let over = Lesson { bytes: Vec::new(), ..lesson };
        if opened_again {
            store.commit_with(&[], &[], Notes { lessons: &[over], ..Notes::default() }).unwrap();
            assert_eq!(store.lessons("a").unwrap(), []);
        }
    }
}

#[test]
fn a_connection_beyond_this_machine_needs_a_word() {
    for line in ["host=db.example.org user=city", "host=10.0.0.5 user=city", "no line at all"] {
        let error = PostgresHistory::open(line, Plaintext::LoopbackOnly, &Settings::default()).err();
        assert!(matches!(error, Some(HistoryError::Server(_))), "{line}");
    }
}

/// Readings of two feeds on three days, two hours of each; one dead letter.
fn fill(store: &dyn Archive) {
    let series = store.series(&SeriesKey::new("live", "sensor/1", Quantity::Speed).unwrap());
    for (feed, offset_us) in [("a", 0), ("b", SECOND_US)] {
        let source = store.source(&Source::new(feed, "1", false).unwrap());
        let row = |n: i64| {
            let observed_us = START_US + n / 8 * DAY_US + n % 8 * 900 * SECOND_US + offset_us;
            let (received_us, value, quality) = (observed_us + 7, n as f64, Quality::Good);
            Row { series, source, observed_us, received_us, value, quality }
        };
        store.commit(&(0..24).map(row).collect::<Vec<_>>(), &[letter(1)]).unwrap();
    }
}

/// What a panel shows of a store, whatever holds it.
fn told(store: &dyn Archive) -> (Vec<Span>, Option<Span>, Option<Span>, u64, usize) {
    let held = store.held(Span::new(START_US + 5 * SECOND_US, START_US + DAY_US)).unwrap();
    let letters = store.latest_dead_letters(1).unwrap().len();
    (held, store.whole().unwrap(), store.received().unwrap(), store.size().unwrap().rows, letters)
}

#[test]
fn both_stores_tell_the_same_of_themselves_and_keep_a_feed_as_long_as_was_said() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { keep_days: vec![("a".to_owned(), 2)], ..Settings::default() };
    let plain = History::open(folder.path(), settings.clone()).unwrap();
    let postgres = PostgresHistory::open(&server.line(), Plaintext::LoopbackOnly, &settings).unwrap();
    let stores: [&dyn Archive; 2] = [&plain, &postgres];
    assert_eq!(told(stores[0]), told(stores[1]), "empty");
    stores.iter().for_each(|store| fill(*store));
    let before = told(stores[0]);
    assert_eq!((before.3, before.4, before.0.len()), (48, 1, 4), "neighbouring slots are one span");
    assert_eq!(before, told(stores[1]));
    for store in stores {
        let removed = store.maintain(START_US + 2 * DAY_US + 1, Late::Many).unwrap().removed;
        assert_eq!(removed, 8, "the first day of feed a");
        assert_eq!(store.maintain(START_US + 2 * DAY_US + 2, Late::Many).unwrap().removed, 0);
    }
    assert_eq!(told(stores[0]), told(stores[1]));
    assert!(postgres.size().unwrap().hot_bytes > 0);
    let name = postgres.instance("first").unwrap();
    assert_eq!((name.as_str(), postgres.instance("other").unwrap()), ("first", "first".to_owned()));
}
