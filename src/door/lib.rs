//! The command line: reads arguments, hands them to the floors, says the result. Every failure is one line
//! on stderr and exit code 2; with `--json` stdout holds the JSON alone.

mod arguments;
mod progress;
mod verbs;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use arguments::{CommandLine, Verb};

/// Runs the program with the process's arguments.
pub fn enter() -> ExitCode {
    let line = CommandLine::parse();
    let done = match line.verb {
        None => verbs::window(&line.window, None),
        Some(Verb::View { city, window }) => verbs::window(&window, Some(&city)),
        Some(Verb::Check(arguments)) => verbs::check(&arguments),
        Some(Verb::Run(arguments)) => verbs::run(&arguments),
        Some(Verb::Render(arguments)) => verbs::render(&arguments),
        Some(Verb::Generate(arguments)) => verbs::generate(&arguments),
        Some(Verb::Fetch(arguments)) => verbs::fetch(&arguments),
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
}
