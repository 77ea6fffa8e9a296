//! Answers that would never end, or would fill the memory.

use std::{io::Write, thread, time::Duration};

use flate2::{Compression, write::GzEncoder};

use crate::{
    failure_of, settings, start,
    support::{PATIENCE, becomes_true},
    web::{Reply, Web},
};

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzip(body: Vec<u8>) -> Reply {
    Reply::Answer(200, vec![("content-encoding", "gzip".to_owned())], body)
}

#[test]
fn packed_answers_are_unpacked_within_the_limit() {
    let web = Web::serve(|request| {
        assert_eq!(request.header("accept-encoding"), Some("gzip"));
        gzip(packed(b"{\"v\": 1}"))
    });
    let (_poller, deliveries) = start(settings(&web.address("/x"), "json"));
    assert_eq!(deliveries.recv_timeout(PATIENCE).unwrap().payload, b"{\"v\": 1}");
    drop(web);
    let bomb = packed(&vec![0; 64 << 20]);
    let line = failure_of(&Web::serve(move |_| gzip(bomb.clone())), |_| {});
    assert_eq!(line, "the answer is larger than 16777216 bytes");
    let line = failure_of(&Web::serve(|_| gzip(b"{\"v\": 1}".to_vec())), |_| {});
    assert!(line.contains("not packed as it says"), "{line}");
}

#[test]
fn answers_without_end_are_left() {
    let said = Web::serve(|_| Reply::Answer(200, Vec::new(), vec![b' '; 2000]));
    assert!(failure_of(&said, |settings| settings.most_bytes = 1999).contains("larger than 1999 bytes"));
    let endless = Web::serve(|_| {
        Reply::Raw(Box::new(|stream| {
            let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            while sent.is_ok() {
                sent = stream.write_all(format!("1000\r\n{}\r\n", " ".repeat(0x1000)).as_bytes());
            }
        }))
    });
    assert!(failure_of(&endless, |settings| settings.most_bytes = 1 << 20).contains("larger than 1048576 bytes"));
    let headers = Web::serve(|_| {
        Reply::Raw(Box::new(|stream| {
            let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            while sent.is_ok() {
                sent = stream.write_all(b"x-more: and more\r\n");
            }
        }))
    });
    failure_of(&headers, |_| {});
}

#[test]
fn servers_that_fall_silent_or_drip_are_left() {
    const SILENCE: Duration = Duration::from_millis(200);
    for reply in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let web = Web::serve(move |_| Reply::hang(reply));
        assert_eq!(failure_of(&web, |settings| settings.silence = SILENCE), "the server was silent for 0.2 s");
    }
    let drip = Web::serve(|_| {
        Reply::Raw(Box::new(|stream| {
            let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
            while sent.is_ok() {
                thread::park_timeout(Duration::from_millis(20));
                sent = stream.write_all(b" ").and_then(|()| stream.flush());
            }
        }))
    });
    let line = failure_of(&drip, |settings| settings.whole = Duration::from_millis(400));
    assert_eq!(line, "no whole answer within 0.4 s");
}

#[test]
fn an_answer_that_breaks_off_is_none() {
    let web = Web::serve(|_| {
        Reply::Raw(Box::new(|stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"v\": 1}");
        }))
    });
    failure_of(&web, |_| {});
    let web = Web::serve(|_| Reply::Raw(Box::new(|stream| drop(stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n")))));
    failure_of(&web, |_| {});
}

#[test]
fn wrong_content_is_told() {
    let web =
        Web::serve(|_| Reply::Answer(200, vec![("content-type", "Text/HTML; charset=utf-8".into())], b"<p>".into()));
    assert!(failure_of(&web, |_| {}).contains("a web page (text/html) in place of data"));
    let web = Web::serve(|_| Reply::Answer(200, vec![("content-encoding", "br".into())], b"x".into()));
    assert!(failure_of(&web, |_| {}).contains("packed as `br`"));
}

/// Nothing more is asked while what came waits for its commit.
#[test]
fn answers_wait_within_their_room() {
    let web = Web::serve(|_| Reply::json(" ".repeat(1000)));
    let mut narrow = settings(&web.address("/x"), "json");
    narrow.waiting_bytes = 4000;
    let (poller, deliveries) = start(narrow);
    // Three fit, the fourth is read and waits at the door.
    assert!(becomes_true(|| web.requests().len() == 4 && deliveries.len() == 3));
    let held: Vec<_> = deliveries.try_iter().collect();
    assert!(poller.status().waiting_bytes > 3000 && poller.status().waiting_limit == 4000);
    assert!(!becomes_true_soon(|| web.requests().len() > 4));
    drop(held);
    assert!(becomes_true(|| web.requests().len() > 4));
}

/// For what must not happen: looks for a while that is long beside the intervals of these tests.
fn becomes_true_soon(condition: impl Fn() -> bool) -> bool {
    let start = std::time::Instant::now();
    while start.elapsed() < Duration::from_millis(200) {
        if condition() {
            return true;
        }
        thread::park_timeout(Duration::from_millis(2));
    }
    false
}
