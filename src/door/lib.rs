//! The command line: reads arguments, hands them to the floors, says the result. Every failure is one line
//! on stderr and exit code 2; with `--json` stdout holds the JSON alone.

mod arguments;
mod building;
mod dead;
mod edits;
mod energy;
mod export;
mod feed;
mod grid;
mod hosting;
mod live;
mod outages;
mod progress;
mod record;
mod simulate;
mod text;
mod traffic;
mod trial;
mod verbs;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use arguments::{BuildingVerb, CommandLine, EnergyVerb, FeedVerb, GridVerb, TrafficVerb, Verb};

/// Runs the program with the process's arguments.
pub fn enter() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => return refuse(&error),
    };
    let done = match line.verb {
        None => live::window(&line.window, None),
        Some(Verb::View { city, window }) => live::window(&window, Some(&city)),
        Some(Verb::Replay(arguments)) => live::replay(&arguments),
        Some(Verb::Check(arguments)) => verbs::check(&arguments),
        Some(Verb::Run(arguments)) => verbs::run(&arguments),
        Some(Verb::Render(arguments)) => verbs::render(&arguments),
        Some(Verb::Generate(arguments)) => verbs::generate(&arguments),
        Some(Verb::Fetch(arguments)) => verbs::fetch(&arguments),
        Some(Verb::Building(BuildingVerb::Simulate(arguments))) => building::simulate(&arguments),
        Some(Verb::Energy(EnergyVerb::Year(arguments))) => energy::year(&arguments),
        Some(Verb::Feed(FeedVerb::Test(arguments))) => feed::test(&arguments),
        Some(Verb::Feed(FeedVerb::Simulate(arguments))) => trial::simulate(&arguments),
        Some(Verb::Feed(FeedVerb::Record(arguments))) => record::record(&arguments),
        Some(Verb::Feed(FeedVerb::Retry(arguments))) => record::retry(&arguments),
        Some(Verb::Feed(FeedVerb::Dead(arguments))) => dead::dead(&arguments),
        Some(Verb::Feed(FeedVerb::Export(arguments))) => export::export(&arguments),
        Some(Verb::Solar(arguments)) => building::sun(&arguments),
        Some(Verb::Grid(GridVerb::Solve(arguments))) => grid::solve(&arguments),
        Some(Verb::Grid(GridVerb::Estimate(arguments))) => grid::estimate(&arguments),
        Some(Verb::Grid(GridVerb::Hosting(arguments))) => hosting::hosting(&arguments),
        Some(Verb::Grid(GridVerb::Outages(arguments))) => outages::outages(&arguments),
        Some(Verb::Grid(GridVerb::Convert(arguments))) => outages::convert(&arguments),
        Some(Verb::Traffic(TrafficVerb::Assign(arguments))) => traffic::assign(&arguments),
        Some(Verb::Traffic(TrafficVerb::Demand(arguments))) => traffic::demand(&arguments),
        Some(Verb::Traffic(TrafficVerb::Simulate(arguments))) => simulate::simulate(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell a caller that closed stderr as well.
            let _ = writeln!(io::stderr(), "citytwin: {}", one_line(&error));
            ExitCode::from(2)
        }
    }
}

/// Help and version as they are; what cannot be read in one line.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nothing is left to tell a caller that closed stdout.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(io::stderr(), "citytwin: {}", argument_error(&error.render().to_string()));
    ExitCode::from(2)
}

/// What clap says in paragraphs, as one line: the error and its hints, without the usage.
fn argument_error(text: &str) -> String {
    let said = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let mut line = said.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ").replace(":; ", ": ");
    if let Some(rest) = line.strip_prefix("error: ") {
        line = rest.to_owned();
    }
    if let Some((before, _)) = line.split_once("; For more information") {
        line = before.to_owned();
    }
    line + "; `citytwin help VERB` tells every option"
}

/// The error and its causes on one line.
fn one_line(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // An error that quotes its cause does not say it twice.
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Prints to stdout; a reader that closed the pipe (`| head`) is no error.
fn say(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_one_line_and_say_nothing_twice() {
        let error = anyhow::anyhow!("no such file\n (os error 2)").context("a.osm: no such file\n (os error 2)");
        assert_eq!(one_line(&error), "a.osm: no such file (os error 2)");
        assert_eq!(one_line(&anyhow::anyhow!("inner").context("outer")), "outer: inner");
    }

    #[test]
    fn wrong_arguments_are_one_line() {
        for (typed, expected) in [
            (vec!["citytwin", "run", "a.osm", "--hours", "-1"], "--hours"),
            (vec!["citytwin", "run", "a.osm", "--hours", "NaN"], "--hours"),
            (vec!["citytwin", "run", "a.osm", "--threads", "100000"], "0…1024"),
            (vec!["citytwin", "render", "a.osm", "--out", "a.png", "--layer", "foo"], "foo"),
            (vec!["citytwin", "generate", "--population", "99999999999"], "500…700000"),
            (vec!["citytwin", "foo"], "foo"),
            (vec!["citytwin", "run"], "required"),
            (vec!["citytwin", "view", "a.osm", "--mqtt", "mqtt://h", "--time", "2026-06-15T08:00"], "--time"),
        ] {
            let error = CommandLine::try_parse_from(&typed).err().unwrap();
            let line = argument_error(&error.render().to_string());
            assert!(line.contains(expected) && !line.contains('\n') && !line.contains("Usage"), "{typed:?}: {line}");
        }
    }
}
