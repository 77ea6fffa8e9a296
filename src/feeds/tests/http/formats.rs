//! Answers that go on elsewhere: pages, the files of a GBFS system.

use citytwin_feeds::PollState;

use crate::{
    failure, settings, start,
    support::{PATIENCE, becomes_true},
    web::{Reply, Web},
};

const OBSERVATION: &str = r#"{"@iot.id":1,"phenomenonTime":"2024-05-01T11:00:00Z","result":70.4}"#;

fn page(next: Option<&str>) -> Reply {
    let next = next.map_or_else(String::new, |next| format!(r#","@iot.nextLink":"{next}""#));
    Reply::json(format!(r#"{{"value":[{OBSERVATION}]{next}}}"#))
}

#[test]
fn pages_of_sensor_things_are_followed() {
    let web = Web::serve(|request| {
        let port = request.header("host").unwrap().split(':').nth(1).unwrap();
        match request.path.as_str() {
            "/Observations" => page(Some(&format!("http://127.0.0.1:{port}/Observations?$skip=1"))),
            "/Observations?$skip=1" => page(Some("/Observations?$skip=2")),
            _ => page(None),
        }
    });
    let (poller, deliveries) = start(settings(&web.address("/Observations"), "sensorthings"));
    assert!(becomes_true(|| poller.status().state == PollState::Resting && web.requests().len() >= 4));
    assert_eq!(deliveries.recv_timeout(PATIENCE).unwrap().topic, web.address("/Observations"));
    let paths: Vec<String> = web.requests().into_iter().take(4).map(|request| request.path).collect();
    assert_eq!(paths, ["/Observations", "/Observations?$skip=1", "/Observations?$skip=2", "/Observations"]);
    assert_eq!((poller.status().failures, poller.status().cut_short), (0, 0));
}

/// The first page is kept though the next is refused.
#[test]
fn pages_elsewhere_and_in_circles_are_not_followed() {
    let rows = [
        ("http://127.0.0.2:1/Observations", "leads to a page of another server (127.0.0.2)"),
        ("https://sensors.example/Observations", "leads to a page of another server (sensors.example)"),
        ("ftp://127.0.0.1/x", "leads to a page of another server"),
        ("/Observations", "its pages lead back"),
        ("http://[", "leads to a page whose address cannot be read"),
    ];
    for (next, expected) in rows {
        let web = Web::serve(move |_| page(Some(next)));
        let (poller, deliveries) = start(settings(&web.address("/Observations"), "sensorthings"));
        let line = failure(&poller);
        assert!(line.starts_with(expected), "{next}: {line}");
        assert!(!deliveries.is_empty());
    }
}

#[test]
fn pages_end_at_their_limit() {
    let web = Web::serve(|request| {
        let number: usize = request.path.rsplit('=').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        page(Some(&format!("/Observations?$skip={}", number + 1)))
    });
    let mut limited = settings(&web.address("/Observations"), "sensorthings");
    limited.most_pages = 5;
    limited.every = std::time::Duration::from_secs(3600);
    let (poller, deliveries) = start(limited);
    assert!(becomes_true(|| poller.status().cut_short == 1));
    assert_eq!((deliveries.len(), web.requests().len(), poller.status().failures), (5, 5, 0));
}

/// An unchanged page still leads to the next.
#[test]
fn pages_follow_an_unchanged_one() {
    let web = Web::serve(|request| match (request.path.as_str(), request.header("if-none-match")) {
        ("/Observations", Some(_)) => Reply::status(304),
        ("/Observations", None) => page(Some("/Observations?$skip=1")).with("etag", "\"a\""),
        _ => page(None),
    });
    let (poller, _deliveries) = start(settings(&web.address("/Observations"), "sensorthings"));
    assert!(becomes_true(|| web.asked("/Observations?$skip=1") >= 3), "{:?}", poller.status());
    assert!(poller.status().unchanged >= 2);
}

#[test]
fn pages_of_ngsi_ld_stand_in_the_link_header() {
    let web = Web::serve(|request| match request.path.as_str() {
        "/entities" => {
            Reply::json("[]").with("link", "</entities?offset=1>; rel=\"next\"; type=\"application/ld+json\"")
        }
        _ => Reply::json("[]"),
    });
    let (_poller, deliveries) = start(settings(&web.address("/entities"), "ngsi-ld"));
    assert!(becomes_true(|| deliveries.len() >= 2 && web.asked("/entities?offset=1") >= 1));
    assert!(web.requests()[0].header("accept").unwrap().starts_with("application/ld+json"));
    // Plain JSON has no such rule.
    let (_poller, _deliveries) = start(settings(&web.address("/plain"), "json"));
    assert!(becomes_true(|| web.asked("/plain") >= 3));
}

fn gbfs(ttl_s: u32, data: &str) -> Reply {
    Reply::json(format!(r#"{{"last_updated":"2024-05-01T12:00:00Z","ttl":{ttl_s},"version":"3.0","data":{data}}}"#))
}

/// The files are found, places come before states, and each is asked as often as it says itself.
#[test]
fn the_files_of_a_gbfs_system_are_found_and_asked_as_they_say() {
    let web = Web::serve(|request| match request.path.as_str() {
        "/gbfs.json" => gbfs(
            3600,
            r#"{"feeds":[{"name":"station_status","url":"/status"},{"name":"vehicle_status","url":"/vehicles"},
                {"name":"system_information","url":"/system"},{"name":"station_information","url":"/information"}]}"#,
        ),
        "/information" => gbfs(3600, r#"{"stations":[{"station_id":"s","lat":1,"lon":2}]}"#),
        "/status" => gbfs(0, r#"{"stations":[{"station_id":"s","num_docks_available":3}]}"#),
        _ => Reply::status(404),
    });
    let text = format!(
        "version = 1\n[[source]]\nid = \"a\"\nkind = \"http\"\naddress = \"{}\"\nallow_private = true\n[[mapping]]\nid = \"m\"\n\
         source = \"a\"\nformat = \"gbfs\"\n[[mapping.take]]\nquantity = \"speed\"\nsensor = \"s\"\nproperty = \"num_docks_available\"\n",
        web.address("/gbfs.json")
    );
    let sources = citytwin_feeds::mapping::Sources::parse("f", &text).unwrap();
    let settings = crate::settings_of(&sources, std::path::Path::new("."), &citytwin_feeds::Secrets::of_process());
    let (poller, deliveries) = start(settings);
    assert!(becomes_true(|| web.asked("/status") >= 4), "{:?}", poller.status());
    let topics: Vec<String> = deliveries.try_iter().map(|delivery| delivery.topic).collect();
    assert_eq!(topics[..3], [web.address("/information"), web.address("/status"), web.address("/status")]);
    assert_eq!((web.asked("/gbfs.json"), web.asked("/information"), web.asked("/vehicles")), (1, 1, 0));
    assert_eq!(poller.status().failures, 0);
}

#[test]
fn a_life_of_an_answer_is_waited_for() {
    let web = Web::serve(|_| gbfs(3600, r#"{"stations":[]}"#));
    let (poller, _deliveries) = start(settings(&web.address("/status"), "gbfs"));
    assert!(becomes_true(|| poller.status().next_at.is_some()));
    let wait_s = poller.status().next_at.unwrap().duration_since(citytwin_model::Timestamp::now()).as_secs_f64();
    assert!((3000.0..=3600.0).contains(&wait_s), "{wait_s}");
    let web = Web::serve(|_| gbfs(60, r#"{"feeds":[{"name":"system_information","url":"/system"}]}"#));
    let (poller, _deliveries) = start(settings(&web.address("/gbfs.json"), "gbfs"));
    assert_eq!(failure(&poller), "its gbfs.json names no station_information");
}
