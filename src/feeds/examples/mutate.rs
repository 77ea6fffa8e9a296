//! A million mutated payloads per decoder (or as many as the first argument says, with the seed in the second), with
//! the peak of memory where the system tells it.

use std::time::Duration;

use cpu_time::ProcessTime;

#[path = "../tests/mutation/corpus.rs"]
mod corpus;
#[path = "../tests/mutation/mutate.rs"]
mod mutate;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().expect("a whole number"));
    let (count, seed) = (arguments.next().unwrap_or(1_000_000), arguments.next().unwrap_or(1));
    for subject in corpus::subjects() {
        let start = ProcessTime::now();
        let (read, refused) = mutate::run(&subject, count, seed);
        let spent: Duration = start.elapsed();
        println!(
            "{:<16} {read:>8} read {refused:>8} refused {:>6.1} s CPU, peak {}",
            subject.name,
            spent.as_secs_f64(),
            peak()
        );
    }
}

/// `VmHWM` of Linux.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |peak| peak.trim().to_owned())
}
