//! What is asked when, and what becomes of answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use citytwin_feeds::PollState;
use citytwin_model::Timestamp;

use crate::{
    failure, failure_of, one_line, settings, start,
    support::{PATIENCE, becomes_true, noon},
    web::{Reply, Web},
};

#[test]
fn an_answer_is_handed_over_as_it_came() {
    let web = Web::serve(|_| Reply::json("{\"v\": 7}"));
    let mut settings = settings(&web.address("/sensors?of=bridge"), "json");
    settings.source = 3;
    let (poller, deliveries) = start(settings);
    let delivery = deliveries.recv_timeout(PATIENCE).unwrap();
    assert_eq!((delivery.source, delivery.payload.as_slice(), delivery.received_at), (3, &b"{\"v\": 7}"[..], noon()));
    assert_eq!(delivery.topic, web.address("/sensors"), "the topic is the address without its query");
    assert!(delivery.receipt.is_none());
    let request = &web.requests()[0];
    assert_eq!(request.path, "/sensors?of=bridge");
    assert_eq!(request.header("accept"), Some("application/json, */*;q=0.1"));
    assert!(request.header("user-agent").unwrap().starts_with("citytwin/"));
    assert!(becomes_true(|| poller.status().answers >= 3), "it is asked again and again");
    let status = poller.status();
    assert_eq!((status.address, status.last_status), (web.address("/sensors?…"), Some(200)));
    assert!(poller.up() && status.bytes >= 24 && status.failures == 0 && status.last_answer_at.is_some());
}

#[test]
fn what_has_not_changed_is_not_handed_over_again() {
    for (given, header, echoed) in
        [("etag", "\"one\"", "if-none-match"), ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT", "if-modified-since")]
    {
        let web = Web::serve(move |request| match request.header(echoed) {
            Some(value) if value == header => Reply::status(304),
            _ => Reply::json("{}").with(given, header),
        });
        let (poller, deliveries) = start(settings(&web.address("/x"), "json"));
        assert!(becomes_true(|| poller.status().unchanged >= 3), "{:?}", poller.status());
        let status = poller.status();
        assert_eq!((deliveries.len(), status.answers, status.failures), (1, 1, 0));
        assert!(poller.up() && status.last_status == Some(304), "a 304 is an answer");
    }
    let news = AtomicUsize::new(0);
    let web = Web::serve(move |request| {
        let now = format!("\"{}\"", news.fetch_add(1, Ordering::SeqCst) / 3);
        if request.header("if-none-match") == Some(&now) {
            Reply::status(304)
        } else {
            Reply::json(&*now).with("etag", &now)
        }
    });
    let (_poller, deliveries) = start(settings(&web.address("/x"), "json"));
    for number in 0..3 {
        assert_eq!(deliveries.recv_timeout(PATIENCE).unwrap().payload, format!("\"{number}\"").into_bytes());
    }
    assert!(failure_of(&Web::serve(|_| Reply::status(304)), |_| {}).contains("304"), "nobody asked on a condition");
}

/// How long an answer holds, and when the server wants to be asked, go before `every`.
#[test]
fn the_servers_times_are_kept() {
    let web = Web::serve(|_| Reply::json("{}").with("cache-control", "public, max-age=900"));
    let (poller, _deliveries) = start(settings(&web.address("/x"), "json"));
    assert!(becomes_true(|| poller.status().state == PollState::Resting));
    let wait_s = |next: Timestamp| next.duration_since(Timestamp::now()).as_secs_f64();
    assert!((800.0..=900.0).contains(&wait_s(poller.status().next_at.unwrap())), "{:?}", poller.status());

    let web = Web::serve(|_| Reply::status(503).with("retry-after", "700"));
    let (poller, _deliveries) = start(settings(&web.address("/x"), "json"));
    assert!(failure(&poller).contains("answers 503"));
    assert!(becomes_true(|| poller.status().next_at.is_some()));
    assert!((600.0..=731.0).contains(&wait_s(poller.status().next_at.unwrap())), "{:?}", poller.status());
    assert_eq!(web.requests().len(), 1);
}

#[test]
fn too_many_requests_are_waited_out() {
    let web = Web::serve({
        let asked = AtomicUsize::new(0);
        move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::status(429).with("retry-after", "1"),
            _ => Reply::json("{}"),
        }
    });
    let (poller, deliveries) = start(settings(&web.address("/x"), "json"));
    assert!(failure(&poller).contains("answers 429"), "{:?}", poller.status());
    deliveries.recv_timeout(PATIENCE).unwrap();
    let requests = web.requests();
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
}

#[test]
fn a_failure_passes_and_a_lasting_one_is_a_lost_source() {
    let seen = Arc::new(AtomicBool::new(false));
    let web = Web::serve({
        let seen = Arc::clone(&seen);
        move |_| if seen.load(Ordering::SeqCst) { Reply::json("{}") } else { Reply::status(500) }
    });
    let (poller, deliveries) = start(settings(&web.address("/x"), "json"));
    assert!(failure(&poller).contains("answers 500"));
    seen.store(true, Ordering::SeqCst);
    deliveries.recv_timeout(PATIENCE).unwrap();
    assert!(becomes_true(|| poller.up() && poller.status().last_error.is_none()));
    assert!(poller.status().failures >= 1 && poller.status().failures_in_row == 0);

    let web = Web::serve(|_| Reply::status(404));
    let mut slow = settings(&web.address("/x"), "json");
    slow.every = Duration::from_secs(3600);
    let (patient, _deliveries) = start(slow);
    let (poller, _deliveries) = start(settings(&web.address("/x"), "json"));
    assert!(failure(&poller).contains("check the source's address"));
    assert!(becomes_true(|| !poller.up()));
    assert!(failure(&patient).contains("404") && patient.up(), "three of its intervals have not passed");
}

#[test]
fn redirects_are_followed_thrice_and_no_further() {
    let web = Web::serve(|request| match request.path.as_str() {
        "/a" => Reply::to("/b"),
        "/b" => Reply::to("c?x=1"),
        "/c?x=1" => Reply::json("{}"),
        "/round" => Reply::to("/round"),
        _ => Reply::to("mailto:ann@host.example"),
    });
    let (poller, deliveries) = start(settings(&web.address("/a"), "json"));
    assert_eq!(deliveries.recv_timeout(PATIENCE).unwrap().topic, web.address("/a"));
    drop(poller);
    let (poller, _deliveries) = start(settings(&web.address("/round"), "json"));
    assert!(failure(&poller).contains("leads on more than 3 times"));
    assert_eq!(web.asked("/round"), 4);
    drop(poller);
    let (poller, _deliveries) = start(settings(&web.address("/mail"), "json"));
    assert!(failure(&poller).contains("neither http:// nor https://"));
}

/// A name that means this machine, and the machine itself, asked without leave.
#[test]
fn a_source_without_leave_does_not_reach_this_machine() {
    let web = Web::serve(|_| Reply::json("{}"));
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433"] {
        let address = format!("http://{host}:{}/x", web.port);
        let sources = crate::sources(&address, "json", "");
        let secrets = citytwin_feeds::Secrets::of_process();
        let (poller, _deliveries) = start(crate::settings_of(&sources, std::path::Path::new("."), &secrets));
        let line = failure(&poller);
        assert!(line.contains("this machine (loopback)") && line.contains("allow_private"), "{host}: {line}");
    }
    assert!(web.requests().is_empty());
}

#[test]
fn it_stops_at_once_while_the_server_hangs() {
    for reply in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let web = Web::serve(move |_| Reply::hang(reply));
        let (poller, _deliveries) = start(settings(&web.address("/x"), "json"));
        assert!(becomes_true(|| !web.requests().is_empty()));
        let before = Instant::now();
        drop(poller);
        assert!(before.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn nobody_there_is_told() {
    let port = crate::support::free_port();
    let (poller, _deliveries) = start(settings(&format!("http://127.0.0.1:{port}/x"), "json"));
    assert!(failure(&poller).contains("refused"), "{}", one_line(&poller.status()));
}
