//! The long trial of delivery: broker restarts and kills of the program under load.
//!
//! `cargo run --release -p citytwin-ingest --example delivery -- [MESSAGES] [RATE] [RESTARTS] [KILLS]`, by default 1,000,000
//! messages at 5,000 a second, 100 and 100. Needs mosquitto. The suite runs a short one: `tests/delivery.rs`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{error::Error, path::PathBuf, process::Command};

use support::{free_port, trial};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "consume") {
        trial::consume(&PathBuf::from(&arguments[1]), arguments[2].parse()?);
        return Ok(());
    }
    let number = |at: usize, otherwise: u32| arguments.get(at).map_or(Ok(otherwise), |text| text.parse());
    let plan = trial::Plan {
        messages: u64::from(number(0, 1_000_000)?),
        rate_per_s: f64::from(number(1, 5000)?),
        restarts: number(2, 100)?,
        kills: number(3, 100)?,
    };
    let folder = tempfile::tempdir()?;
    let port = free_port();
    let program = std::env::current_exe()?;
    let start = || {
        let mut program = Command::new(&program);
        program.arg("consume").arg(folder.path()).arg(port.to_string()).spawn().expect("this program starts again")
    };
    let (outcome, time) = trial::timed(|| trial::run(&plan, folder.path(), port, start));
    println!("{outcome:?}, {:.0} s", time.as_secs_f64());
    println!("lost {}, applied twice {}, went back {}", outcome.published - outcome.kept, outcome.twice, outcome.back);
    Ok(())
}
