//! Broker restarts and kills of the program under load: nothing is lost, nothing counts twice, nothing goes back.
//!
//! The test starts its own binary again as the program; an environment variable tells it to. The long run is the example
//! `delivery`.

mod support;

use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

use support::{free_port, mosquitto_installed, trial};

const FOLDER: &str = "CITYTWIN_INGEST_TRIAL";
const PORT: &str = "CITYTWIN_INGEST_PORT";

/// The program that is killed.
#[test]
fn consume_until_killed() {
    let Ok(folder) = env::var(FOLDER) else { return };
    trial::consume(&PathBuf::from(folder), env::var(PORT).unwrap().parse().unwrap());
}

#[test]
fn five_restarts_and_five_kills_lose_nothing() {
    if !mosquitto_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let start = || {
        Command::new(env::current_exe().unwrap())
            .args(["consume_until_killed", "--exact", "--nocapture", "--test-threads", "1"])
            .env(FOLDER, folder.path())
            .env(PORT, port.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let plan = trial::Plan { messages: 40_000, rate_per_s: 4000.0, restarts: 5, kills: 5 };
    let outcome = trial::run(&plan, folder.path(), port, start);
    let expected = trial::Outcome { published: 40_000, kept: 40_000, twice: 0, back: 0, starts: 6, ..outcome };
    assert_eq!(outcome, expected);
}
