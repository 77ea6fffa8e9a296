//! Sources that are asked over HTTP, against a server on loopback that also does what servers should not.

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/web.rs"]
mod web;

mod answers;
mod formats;
mod limits;
mod secrets;

use std::{path::Path, sync::Arc, time::Duration};

use citytwin_feeds::{Delivery, Hosts, Poller, PollerSettings, PollerStatus, Receiver, Secrets, mapping::Sources};
use support::{becomes_true, clock};
use web::Web;

/// A source with these fields, and a mapping of a format.
fn sources(address: &str, format: &str, fields: &str) -> Sources {
    let text = format!(
        "version = 1\n[[source]]\nid = \"a\"\nkind = \"http\"\naddress = \"{address}\"\n{fields}\n[[mapping]]\nid = \"m\"\n\
         source = \"a\"\nformat = \"{format}\"\n[[mapping.take]]\nquantity = \"speed\"\nsensor = \"s\"\n{}",
        if format == "json" { "value = \"$.v\"" } else { "" }
    );
    Sources::parse("sources.toml", &text).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// What is asked every 10 ms in a private network.
fn settings(address: &str, format: &str) -> PollerSettings {
    settings_of(&sources(address, format, "allow_private = true"), Path::new("."), &Secrets::of_process())
}

fn settings_of(sources: &Sources, folder: &Path, secrets: &Secrets) -> PollerSettings {
    let mut settings = PollerSettings::of(sources, 0, folder, secrets).unwrap();
    settings.every = Duration::from_millis(10);
    settings.shortest = Duration::from_millis(10);
    settings
}

fn start(settings: PollerSettings) -> (Poller, Receiver<Delivery>) {
    let (into, deliveries) = crossbeam_channel::unbounded();
    (Poller::start(settings, Arc::new(Hosts::new(Duration::ZERO)), into, clock()).unwrap(), deliveries)
}

/// Waits for a failure and tells its line.
fn failure(poller: &Poller) -> String {
    assert!(becomes_true(|| poller.status().failures > 0), "{:?}", poller.status());
    one_line(&poller.status())
}

fn one_line(status: &PollerStatus) -> String {
    let line = status.last_error.clone().unwrap_or_default();
    assert!(!line.contains('\n') && !line.contains("s3cret"), "{line}");
    line
}

fn failure_of(web: &Web, change: impl FnOnce(&mut PollerSettings)) -> String {
    let mut settings = settings(&web.address("/x"), "json");
    change(&mut settings);
    let (poller, deliveries) = start(settings);
    let line = failure(&poller);
    assert!(deliveries.is_empty(), "{line}");
    line
}
