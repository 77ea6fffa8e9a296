//! Fetching against a loopback server: a real extract comes through whole; whatever goes wrong is one line and
//! leaves nothing behind.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use citytwin_import::{FetchError, FetchSpec, ImportOptions, Progress, fetch, open};
use citytwin_model::GeoBounds;
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};

const SMALL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6" generator="Overpass API">
<note>The data included in this document is from www.openstreetmap.org.</note>
<meta osm_base="2024-05-01T00:00:00Z"/>
  <node id="1" lat="43.73" lon="7.41"/>
  <node id="2" lat="43.74" lon="7.42"/>
  <node id="3" lat="43.735" lon="7.43"/>
  <way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>
  <way id="11"><nd ref="3"/><nd ref="1"/><tag k="highway" v="residential"/></way>
</osm>
"#;

/// A server that answers one request in a way of its own, on a thread that ends with the test.
struct Server {
    port: u16,
    asked: mpsc::Receiver<String>,
    thread: Option<thread::JoinHandle<()>>,
    gate: Option<mpsc::Sender<()>>,
}

impl Server {
    /// `answer` gets the connection after the request was read, and a gate that opens when the server is dropped.
    fn start(answer: impl FnOnce(&mut TcpStream, &mpsc::Receiver<()>) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, asked) = mpsc::channel();
        let (gate, closed) = mpsc::channel();
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let request = read_request(&mut stream);
            // An empty request is the knock of a server that nobody asked.
            if !request.is_empty() {
                tell.send(request).unwrap();
                answer(&mut stream, &closed);
            }
        });
        Self { port, asked, thread: Some(thread), gate: Some(gate) }
    }

    /// Answers with a whole HTTP response.
    fn saying(status: &'static str, headers: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self::start(move |stream, _| respond(stream, status, headers, body.len(), &body))
    }

    fn spec(&self, out: &Path) -> FetchSpec {
        let bbox = GeoBounds { west: 7.40, south: 43.72, east: 7.44, north: 43.76 };
        let endpoint = format!("http://127.0.0.1:{}/api/interpreter", self.port);
        FetchSpec { endpoint, timeout: Duration::from_secs(20), ..FetchSpec::new(bbox, out) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.gate.take());
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap_or(0);
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            body.len() >= length.unwrap_or(0)
        });
        if count == 0 || whole {
            return text;
        }
    }
}

fn respond(stream: &mut TcpStream, status: &str, headers: &str, length: usize, body: &[u8]) {
    // A client that has seen enough closes.
    let _ = write!(stream, "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(body);
}

fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// Everything in a folder, hidden files too.
fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn extract(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/osm").join(name);
    let bytes = fs::read(&path).ok();
    if bytes.is_none() {
        println!("skipped: {} absent", path.display());
    }
    bytes
}

#[test]
fn a_city_folder_is_made() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("new/monaco");
    let server = Server::saying("200 OK", "Content-Type: application/osm3s+xml\r\n", SMALL);
    let mut spec = server.spec(&out);
    spec.name = Some("Monte \"Carlo\"".into());
    let summary = fetch(&spec, &()).unwrap();
    assert_eq!((summary.nodes, summary.ways, summary.relations), (3, 2, 0));
    assert_eq!(summary.downloaded_bytes, SMALL.len() as u64);
    assert_eq!(summary.data_from.as_deref(), Some("2024-05-01T00:00:00Z"));
    assert_eq!(listing(&out), ["SOURCES.md", "city.toml", "map.osm.gz"]);
    assert_eq!(listing(&home.path().join("new")), ["monaco"]);

    let bounds = "\n  <bounds minlat=\"43.72\" minlon=\"7.4\" maxlat=\"43.76\" maxlon=\"7.44\"/>";
    assert_eq!(unpacked(&out.join("map.osm.gz")).replace(bounds, ""), SMALL);
    assert!(unpacked(&out.join("map.osm.gz")).contains(bounds));
    let city: toml::Table = fs::read_to_string(out.join("city.toml")).unwrap().parse().unwrap();
    assert_eq!(city["name"].as_str(), Some("Monte \"Carlo\""));
    assert_eq!(city["map"].as_str(), Some("map.osm.gz"));
    let sources = fs::read_to_string(out.join("SOURCES.md")).unwrap();
    for fact in ["ODbL", "7.4, 43.72, 7.44, 43.76", "/api/interpreter", "2024-05-01T00:00:00Z", "3 nodes", "out body"] {
        assert!(sources.contains(fact), "{fact}: {sources}");
    }

    let request = server.asked.recv().unwrap();
    assert!(request.starts_with("POST /api/interpreter HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("user-agent: citytwin/"), "{request}");
    assert!(
        request.contains("data=%5Bout%3Axml%5D") && request.contains("node%2843.72%2C7.4%2C43.76%2C7.44%29"),
        "{request}"
    );
}

#[test]
fn a_packed_answer_and_an_empty_folder_will_do() {
    let home = tempfile::tempdir().unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(SMALL.as_bytes()).unwrap();
    let server = Server::saying("200 OK", "Content-Encoding: gzip\r\n", packed.finish().unwrap());
    let summary = fetch(&server.spec(home.path()), &()).unwrap();
    assert_eq!(summary.downloaded_bytes, SMALL.len() as u64);
    assert_eq!(listing(home.path()), ["SOURCES.md", "city.toml", "map.osm.gz"]);
}

#[test]
fn a_real_extract_comes_through_whole_and_opens() {
    let Some(bytes) = extract("o2s_tempe_light_rail.osm") else { return };
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("tempe");
    let server = Server::saying("200 OK", "Content-Type: application/osm3s+xml\r\n", bytes.clone());
    let bbox = GeoBounds { west: -111.93, south: 33.40, east: -111.88, north: 33.43 };
    let summary = fetch(&FetchSpec { bbox, ..server.spec(&out) }, &()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    // An independent count: elements of a file written one to a line.
    let count = |name: &str| text.lines().filter(|line| line.trim_start().starts_with(name)).count() as u64;
    assert_eq!(
        (summary.nodes, summary.ways, summary.relations),
        (count("<node "), count("<way "), count("<relation "))
    );
    let bounds = "\n  <bounds minlat=\"33.4\" minlon=\"-111.93\" maxlat=\"33.43\" maxlon=\"-111.88\"/>";
    assert!(unpacked(&out.join("map.osm.gz")).replace(bounds, "") == text, "but for the bounds, the map is the answer");
    let city = open(&out, &ImportOptions::default(), &()).unwrap();
    assert_eq!((city.name.as_str(), city.bounds), ("tempe", bbox));
    assert!(!city.railways.is_empty() && !city.roads.is_empty());
}

#[test]
fn refusals_are_one_line_and_leave_nothing() {
    let html = "Content-Type: text/html\r\n";
    let page = "<html><body><p><strong>Error</strong>: line 2: parse error: &quot;x&quot;</p></body></html>";
    let remark = SMALL.replace(
        "</osm>",
        "<remark> runtime error: Query timed out in \"query\" at line 3 after 181 seconds. </remark>\n</osm>",
    );
    let cut = &SMALL[..SMALL.len() - 60];
    let rows: [(&str, &str, &str, &str); 12] = [
        ("429 Too Many Requests", "Retry-After: 37\r\n", page, "for 37 s"),
        ("429 Too Many Requests", "", page, "some minutes"),
        ("504 Gateway Timeout", html, page, "too busy (504)"),
        ("503 Service Unavailable", html, page, "too busy (503)"),
        ("400 Bad Request", html, page, "line 2: parse error: \"x\""),
        ("404 Not Found", html, "", "(404)"),
        ("200 OK", html, page, "no OpenStreetMap data"),
        ("200 OK", "", page, "<html>"),
        ("200 OK", "", "", "no OpenStreetMap data"),
        ("200 OK", "", "<osm></osm>", "nothing in this box"),
        ("200 OK", "", &remark, "timed out in \"query\""),
        ("200 OK", "", cut, "broke off"),
    ];
    for (status, headers, body, why) in rows {
        let home = tempfile::tempdir().unwrap();
        let (status, headers): (&'static str, &'static str) = (status.to_owned().leak(), headers.to_owned().leak());
        let server = Server::saying(status, headers, body);
        let line = fetch(&server.spec(&home.path().join("city")), &()).unwrap_err().to_string();
        assert!(line.contains(why) && !line.contains('\n'), "{status} {why}: {line}");
        assert_eq!(listing(home.path()), [""; 0], "{status}");
    }
}

#[test]
fn an_answer_shorter_than_announced_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(|stream, _| respond(stream, "200 OK", "", SMALL.len() + 500, SMALL.as_bytes()));
    let error = fetch(&server.spec(&home.path().join("city")), &()).unwrap_err();
    assert!(matches!(error, FetchError::Broken(_)), "{error}");
    assert_eq!(listing(home.path()), [""; 0]);
}

#[test]
fn a_packed_answer_cannot_grow_beyond_the_limit() {
    let home = tempfile::tempdir().unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(SMALL.as_bytes()).unwrap();
    packed.write_all(&vec![b' '; 10_000_000]).unwrap();
    let server = Server::saying("200 OK", "Content-Encoding: gzip\r\n", packed.finish().unwrap());
    let spec = FetchSpec { max_bytes: 1_000_000, ..server.spec(&home.path().join("city")) };
    let error = fetch(&spec, &()).unwrap_err();
    assert!(matches!(error, FetchError::TooLarge(1_000_000)), "{error}");
    assert_eq!(listing(home.path()), [""; 0]);
}

/// Before the first byte and in the middle of the body.
#[test]
fn a_silent_server_is_given_up() {
    for bytes in [0, 300] {
        let home = tempfile::tempdir().unwrap();
        let server = Server::start(move |stream, gate| {
            if bytes > 0 {
                respond(stream, "200 OK", "", SMALL.len(), &SMALL.as_bytes()[..bytes]);
            }
            let _ = gate.recv();
        });
        let spec = FetchSpec { timeout: Duration::from_millis(300), ..server.spec(&home.path().join("city")) };
        let start = Instant::now();
        let error = fetch(&spec, &()).unwrap_err();
        assert!(matches!(error, FetchError::Timeout(_)), "{error}");
        assert!(start.elapsed() < Duration::from_secs(5));
        assert_eq!(listing(home.path()), [""; 0]);
    }
}

#[test]
fn nobody_at_the_endpoint_is_one_line() {
    let home = tempfile::tempdir().unwrap();
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let bbox = GeoBounds { west: 7.40, south: 43.72, east: 7.44, north: 43.76 };
    let endpoint = format!("http://127.0.0.1:{port}/");
    let spec = FetchSpec { endpoint, ..FetchSpec::new(bbox, home.path().join("city")) };
    let line = fetch(&spec, &()).unwrap_err().to_string();
    assert!(line.contains("cannot reach 127.0.0.1") && line.contains("refused") && !line.contains('\n'), "{line}");
    assert_eq!(listing(home.path()), [""; 0]);
}

/// Says stop once the server was asked, or from the start of a stage.
struct Stop {
    at: &'static str,
    now: AtomicBool,
}

impl Progress for Stop {
    fn report(&self, stage: &'static str, fraction: f32) {
        assert!((0.0..=1.0).contains(&fraction));
        if stage == self.at {
            self.now.store(true, Ordering::Relaxed);
        }
    }

    fn cancelled(&self) -> bool {
        self.now.load(Ordering::Relaxed)
    }
}

#[test]
fn a_cancelled_fetch_ends_soon_and_leaves_nothing() {
    for at in ["asking the map server", "downloading map data", "checking the map data", "writing the city folder"] {
        let home = tempfile::tempdir().unwrap();
        // Silent at first, dripping then, whole at the end.
        let server = Server::start(move |stream, gate| match at {
            "asking the map server" => {
                let _ = gate.recv();
            }
            "downloading map data" => {
                respond(stream, "200 OK", "", SMALL.len(), &SMALL.as_bytes()[..300]);
                let _ = gate.recv();
            }
            _ => respond(stream, "200 OK", "", SMALL.len(), SMALL.as_bytes()),
        });
        let start = Instant::now();
        let stop = Stop { at, now: AtomicBool::new(false) };
        let error = fetch(&server.spec(&home.path().join("city")), &stop).unwrap_err();
        assert!(matches!(error, FetchError::Cancelled), "{at}: {error}");
        assert!(start.elapsed() < Duration::from_secs(5), "{at}");
        assert_eq!(listing(home.path()), [""; 0], "{at}");
    }
}

#[test]
fn what_is_there_stays_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::saying("200 OK", "", SMALL);
    fs::write(home.path().join("mine.txt"), "keep").unwrap();
    let error = fetch(&server.spec(home.path()), &()).unwrap_err();
    assert!(matches!(error, FetchError::Occupied(_)), "{error}");
    let error = fetch(&server.spec(&home.path().join("mine.txt")), &()).unwrap_err();
    assert!(matches!(error, FetchError::Write { .. }), "{error}");
    assert_eq!(listing(home.path()), ["mine.txt"]);
    assert_eq!(fs::read_to_string(home.path().join("mine.txt")).unwrap(), "keep");
    assert!(server.asked.try_recv().is_err(), "nobody was asked");
}

#[test]
fn a_bad_box_asks_nobody() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::saying("200 OK", "", SMALL);
    let bbox = GeoBounds { west: 179.9, south: 0.0, east: -179.9, north: 0.1 };
    let spec = FetchSpec { bbox, ..server.spec(&home.path().join("city")) };
    let error = fetch(&spec, &()).unwrap_err();
    assert!(matches!(error, FetchError::Bbox(_)), "{error}");
    assert_eq!(listing(home.path()), [""; 0]);
    assert!(server.asked.try_recv().is_err(), "nobody was asked");
}

#[test]
fn a_timeout_that_nobody_can_keep_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let bbox = GeoBounds { west: 7.40, south: 43.72, east: 7.44, north: 43.76 };
    for timeout in [Duration::ZERO, Duration::from_secs(86_401), Duration::MAX] {
        let spec = FetchSpec { timeout, ..FetchSpec::new(bbox, home.path().join("city")) };
        let error = fetch(&spec, &()).unwrap_err();
        assert!(matches!(error, FetchError::TimeoutGiven(_)), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
