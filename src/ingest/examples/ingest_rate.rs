//! What the intake takes from a broker: rate with acknowledgement after the commit, latency, a burst.
//!
//! `cargo run --release -p citytwin-ingest --example ingest_rate -- rate|latency|burst|process [PYTHON]`. With the path of a
//! Python that has paho-mqtt, `rate` runs `benches/ingest_peer.py` on the same messages afterwards. Needs mosquitto. CPU
//! seconds are those of the consuming process; publisher and broker are processes of their own.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, atomic::AtomicU64},
    thread,
    time::{Duration, Instant},
};

use citytwin_feeds::{Delivery, MqttConfig};
use citytwin_history::History;
use citytwin_ingest::{Broker, Change, Feeds, Ingest, Origin, Settings};
use citytwin_model::Timestamp;
use cpu_time::ProcessTime;
use support::{Mosquitto, PATIENCE, anchor, becomes_true, free_port, sensors};

const SENSORS: u32 = 1000;
const DAY: Duration = Duration::from_secs(86_400);
type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |at: usize| arguments.get(at).map(String::as_str);
    match text(0) {
        Some("publish") => publish(&arguments[1..]),
        // mosquitto's own window of 20, and one that does not hold the consumer back.
        Some("rate") => [20, 1000].into_iter().try_for_each(|window| rate(window, text(1))),
        Some("latency") => latency(),
        Some("burst") => [1, 0].into_iter().try_for_each(burst),
        Some("process") => in_process(),
        _ => Err("say rate, latency, burst or process".into()),
    }
}

/// `publish PORT COUNT RATE QOS`, in a process of its own. Stamps are the present.
fn publish(arguments: &[String]) -> Outcome {
    let (port, count, rate): (u16, u64, f64) = (arguments[0].parse()?, arguments[1].parse()?, arguments[2].parse()?);
    let message = |number: u64| {
        let sensor = number % u64::from(SENSORS);
        let payload = format!(r#"{{"value":{},"observed_at":"{}"}}"#, number % 200, Timestamp::now());
        (format!("citytwin/demo/s{sensor}/speed"), payload.into_bytes())
    };
    if arguments[3] == "1" {
        let again = support::publisher::publish(port, "publisher", count, rate, &AtomicU64::new(0), message);
        if again > 0 {
            println!("  the publisher sent {again} messages again after lost connections");
        }
        return Ok(());
    }
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.write_all(b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01q")?;
    let begin = Instant::now();
    let mut sent = 0;
    while sent < count {
        let due = ((begin.elapsed().as_secs_f64() * rate) as u64).min(count);
        let mut out = Vec::new();
        for number in sent..due {
            let (topic, payload) = message(number);
            out.extend([0x30, (2 + topic.len() + payload.len()) as u8, 0, topic.len() as u8]);
            out.extend(topic.as_bytes());
            out.extend(payload);
        }
        sent = due;
        stream.write_all(&out)?;
        thread::park_timeout(Duration::from_millis(1));
    }
    Ok(())
}

fn publisher(port: u16, count: u64, rate: f64, qos: u8) -> Result<Child, Box<dyn Error>> {
    let told = [port.to_string(), count.to_string(), rate.to_string(), qos.to_string()];
    Ok(Command::new(std::env::current_exe()?).arg("publish").args(told).spawn()?)
}

/// A running intake of the broker at a port.
fn intake(folder: &Path, port: u16, waiting_bytes: usize) -> Result<Ingest, Box<dyn Error>> {
    let store = Arc::new(History::open(&folder.join("history"), citytwin_history::Settings::default())?);
    let broker = Broker { origin: Origin::Own, config: MqttConfig::loopback(port) };
    let sensors = sensors(SENSORS);
    let feeds = Feeds { city: "demo", sensors: &sensors, anchor: anchor(), sources: None, brokers: vec![broker] };
    let settings = Settings { waiting_bytes, ..Settings::new("rate".to_owned()) };
    let ingest = Ingest::start(&feeds, store, settings, Arc::new(Timestamp::now))?;
    // A session is there once a message comes through it.
    let ready = becomes_true(PATIENCE, || {
        let _ = publisher(port, 1, 1e6, 1).map(|mut child| child.wait());
        ingest.status().sources[0].messages > 0
    });
    if ready { Ok(ingest) } else { Err(format!("{:?}", ingest.status()).into()) }
}

fn rate(window: u32, python: Option<&str>) -> Outcome {
    let count = 200_000;
    let folder = tempfile::tempdir()?;
    let port = free_port();
    let _broker = Mosquitto::start(folder.path(), port, &format!("max_inflight_messages {window}\n"));
    let ingest = intake(folder.path(), port, 64 << 20)?;
    let first = ingest.status().sources[0].messages;
    let (begin, cpu) = (Instant::now(), ProcessTime::now());
    let mut child = publisher(port, count, 1e9, 1)?;
    becomes_true(DAY, || {
        ingest.live().take(usize::MAX);
        let source = &ingest.status().sources[0];
        source.messages - first >= count && source.acknowledged() >= first + count
    });
    let (wall_s, cpu_s) = (begin.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    child.wait()?;
    let status = ingest.status();
    println!(
        "window {window}: {count} messages committed, acknowledged, handed over in {wall_s:.1} s wall, {cpu_s:.2} s CPU: \
         {:.0}/s wall, {:.0}/s of CPU; {} commits, {} shed, {} duplicates, {} marked as sent before, {} connections",
        count as f64 / wall_s,
        count as f64 / cpu_s,
        status.commits,
        status.sources[0].shed(),
        status.duplicates,
        status.sources[0].broker.as_ref().map_or(0, |broker| broker.repeated),
        status.sources[0].broker.as_ref().map_or(0, |broker| broker.connections)
    );
    drop(ingest);
    python.map_or(Ok(()), |python| peer(python, port, count, folder.path(), cpu_s))
}

/// The same messages again for a program in Python.
fn peer(python: &str, port: u16, count: u64, folder: &Path, cpu_s: f64) -> Outcome {
    let mut peer = Command::new(python)
        .args(["benches/ingest_peer.py", &port.to_string(), &count.to_string()])
        .arg(folder.join("peer.sqlite"))
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(peer.stdout.take().ok_or("no output")?).lines();
    lines.next().ok_or("the peer does not start")??;
    publisher(port, count, 1e9, 1)?.wait()?;
    let told = lines.next().ok_or("the peer tells nothing")??;
    let peer_cpu_s: f64 = told.split(' ').next().unwrap_or_default().parse()?;
    peer.wait()?;
    println!("  peer: {told} (CPU s, wall s, rows); ratio of CPU seconds {:.1}", peer_cpu_s / cpu_s);
    Ok(())
}

fn latency() -> Outcome {
    let (count, rate) = (150_000, 5000.0);
    let folder = tempfile::tempdir()?;
    let port = free_port();
    let _broker = Mosquitto::start(folder.path(), port, "");
    let ingest = intake(folder.path(), port, 64 << 20)?;
    let first = ingest.status().sources[0].messages;
    let mut child = publisher(port, count, rate, 1)?;
    let mut latencies_ms: Vec<f64> = Vec::new();
    let (begin, cpu) = (Instant::now(), ProcessTime::now());
    while ingest.status().sources[0].messages - first < count {
        let now = Timestamp::now();
        for change in ingest.live().take(usize::MAX) {
            if let Change::Reading(reading) = change {
                latencies_ms.push(now.duration_since(reading.observed_at).as_secs_f64() * 1e3);
            }
        }
        thread::park_timeout(Duration::from_millis(1));
    }
    let seconds = begin.elapsed().as_secs_f64();
    child.wait()?;
    latencies_ms.sort_by(f64::total_cmp);
    let at = |share: f64| latencies_ms[((latencies_ms.len() - 1) as f64 * share) as usize];
    println!(
        "{count} messages at {:.0}/s: published to handed over p50 {:.2} ms, p99 {:.2} ms, worst {:.1} ms ({} values handed \
         over, {} conflated), CPU {:.2} s",
        count as f64 / seconds,
        at(0.5),
        at(0.99),
        at(1.0),
        latencies_ms.len(),
        ingest.status().conflated,
        cpu.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Ten times 5,000 a second for 30 s, with room for 1 MiB alone.
fn burst(qos: u8) -> Outcome {
    let (count, rate, room) = (1_500_000, 50_000.0, 1 << 20);
    let folder = tempfile::tempdir()?;
    let port = free_port();
    let _broker = Mosquitto::start(folder.path(), port, "max_inflight_messages 1000\n");
    let ingest = intake(folder.path(), port, room)?;
    let first = ingest.status().sources[0].messages;
    let before_kib = peak_kib();
    let begin = Instant::now();
    let mut child = publisher(port, count, rate, qos)?;
    let (mut most_waiting, mut known, mut since) = (0, 0, Instant::now());
    becomes_true(DAY, || {
        ingest.live().take(usize::MAX);
        let status = ingest.status();
        let source = &status.sources[0];
        most_waiting = most_waiting.max(source.broker.as_ref().map_or(0, |broker| broker.waiting_bytes));
        let came = source.messages - first + source.shed();
        if came != known {
            (known, since) = (came, Instant::now());
        }
        // What the broker itself drops at quality 0 never comes: the end is when nothing has come for a while.
        came >= count || (came > 0 && since.elapsed() > Duration::from_secs(3))
    });
    let seconds = begin.elapsed().as_secs_f64();
    child.wait()?;
    // What the publisher still sent, and what came again.
    let settled = |known: &mut u64| std::mem::replace(known, ingest.status().sources[0].messages) == *known;
    let (mut known, mut since) = (0, Instant::now());
    becomes_true(DAY, || {
        since = if settled(&mut known) { since } else { Instant::now() };
        since.elapsed() > Duration::from_secs(3)
    });
    let status = ingest.status();
    let source = &status.sources[0];
    println!(
        "quality of service {qos}: {count} sent, {} received, {} new, {} shed, most waiting {most_waiting} of {room} bytes, peak \
         memory {} MiB more than {} MiB, {seconds:.0} s",
        source.messages - first,
        status.committed,
        source.shed(),
        (peak_kib() - before_kib) / 1024,
        before_kib / 1024
    );
    let broker = source.broker.as_ref().ok_or("no broker")?;
    println!(
        "  {} connections, {} marked as sent before by the broker, {} receipts overtaken; {} the same reading again",
        broker.connections, broker.repeated, broker.overtaken, status.duplicates
    );
    Ok(())
}

/// Peak resident memory of this process, KiB; zero where the system does not tell.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Messages offered by the process itself: made, decoded, judged, committed, handed over.
fn in_process() -> Outcome {
    let count = 1_000_000_u64;
    let folder = tempfile::tempdir()?;
    let store = Arc::new(History::open(folder.path(), citytwin_history::Settings::default())?);
    let sensors = sensors(SENSORS);
    let feeds = Feeds { city: "demo", sensors: &sensors, anchor: anchor(), sources: None, brokers: Vec::new() };
    let ingest = Ingest::start(&feeds, store, Settings::new("rate".to_owned()), Arc::new(Timestamp::now))?;
    let now = Timestamp::now();
    let first_ms = now.as_millisecond() - 3_600_000;
    let cpu = ProcessTime::now();
    for number in 0..count {
        let topic = format!("citytwin/demo/s{}/speed", number % u64::from(SENSORS));
        let payload = format!(r#"{{"value":{},"observed_at":{}}}"#, number % 200, first_ms + number as i64);
        ingest.offers().send(Delivery::new(0, topic, payload, now))?;
        while ingest.offers().len() > 20_000 {
            thread::park_timeout(Duration::from_millis(1));
        }
    }
    becomes_true(DAY, || ingest.status().sources[0].messages >= count);
    let cpu_s = cpu.elapsed().as_secs_f64();
    println!("{count} messages made, decoded, committed, handed over: {cpu_s:.2} s CPU, {:.0}/s", count as f64 / cpu_s);
    Ok(())
}
