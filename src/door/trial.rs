//! `feed simulate`: what a city's sensors could say, published for trials and load. Publishes to the one broker that is
//! named on the command line, and says so first.

use std::{
    fs::OpenOptions,
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use citytwin_feeds::{MqttConfig, Trial, TrialStatus, encode::Format};
use citytwin_model::slug;

use crate::{
    arguments::{FeedSimulateArguments, PayloadFormat},
    say,
    verbs::open,
};

/// A share of the asked rate below which it is told that the broker did not take it.
const REACHED: f64 = 0.95;
/// Between two lines about how it goes, second.
const TELL_S: u64 = 10;

pub fn simulate(arguments: &FeedSimulateArguments) -> anyhow::Result<()> {
    let format = format(arguments.format);
    if format == Format::Own && arguments.sources_out.is_some() {
        bail!("--format own needs no sources.toml; leave --sources-out out, or give another format");
    }
    let city = open(&arguments.city, &arguments.map)?;
    let slug = slug(&city.name);
    let trial = Trial {
        config: broker(arguments)?,
        city: &slug,
        sensors: &city.sensors,
        timezone: city.time_zone.value.clone(),
        format,
        rate_per_s: arguments.rate,
        length: arguments.length.map(Duration::from_secs_f64),
        seed: arguments.seed,
    };
    let encoder = trial.encoder();
    if encoder.is_empty() {
        bail!("{}: the city has no sensors; write [[sensor]] into its city.toml", arguments.city.display());
    }
    if arguments.rate > trial.most_per_s() {
        bail!("--rate {}: {} sensors send at most {}/s", arguments.rate, encoder.len(), trial.most_per_s());
    }
    if let Some(path) = &arguments.sources_out
        && let Some(text) = encoder.sources(&trial.config)?
    {
        write_new(path, &text)?;
    }
    let until = arguments.length.map_or_else(|| "until Ctrl-C".to_owned(), |seconds| format!("for {seconds} s"));
    say(&format!(
        "publishes to {}: made-up readings of {} sensors of {}, {} a second as {format}, {until}\n",
        trial.config,
        encoder.len(),
        city.name,
        arguments.rate
    ))?;
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be heard")?;
    let mut told = 0_u64;
    let status = trial.run(&stop, |status| {
        told += 1;
        if told.is_multiple_of(TELL_S) {
            eprintln!("citytwin: {}", line(status, arguments.rate));
        }
    })?;
    say(&format!("{}\n", line(&status, arguments.rate)))
}

/// How it goes, or went.
fn line(status: &TrialStatus, asked_per_s: f64) -> String {
    let mut line = format!(
        "published {} readings in {:.1} s, {} acknowledged by the broker: {:.1} of {asked_per_s} a second",
        status.published,
        status.seconds,
        status.acknowledged,
        status.rate_per_s()
    );
    if status.rate_per_s() < REACHED * asked_per_s {
        line += ", more it did not take";
    }
    if status.silent > 0 {
        line += &format!("; {} not sent, their devices are out", status.silent);
    }
    if status.connections > 1 {
        line += &format!("; connected {} times", status.connections);
    }
    if let Some(why) = &status.last_error {
        line += &format!("; the connection broke: {why}");
    }
    line
}

fn broker(arguments: &FeedSimulateArguments) -> anyhow::Result<MqttConfig> {
    let mut config: MqttConfig = arguments.broker.parse()?;
    if let Some(ca) = &arguments.ca {
        config = config.with_authority(ca);
    }
    if let (Some(certificate), Some(key)) = (&arguments.cert, &arguments.key) {
        config = config.with_identity(certificate, key);
    }
    Ok(config)
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file =
        file.with_context(|| format!("{}: cannot be written; name a file that is not there yet", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| path.display().to_string())
}

const fn format(format: PayloadFormat) -> Format {
    match format {
        PayloadFormat::Own => Format::Own,
        PayloadFormat::Json => Format::Json,
        PayloadFormat::Senml => Format::Senml,
        PayloadFormat::SenmlCbor => Format::SenmlCbor,
        PayloadFormat::SensorThings => Format::SensorThings,
        PayloadFormat::NgsiLd => Format::NgsiLd,
        PayloadFormat::HomeAssistant => Format::HomeAssistant,
        PayloadFormat::SparkplugB => Format::SparkplugB,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_broker_did_not_take_is_told() {
        let status =
            TrialStatus { published: 100, acknowledged: 90, connections: 1, seconds: 2.0, ..TrialStatus::default() };
        let told = line(&status, 45.0);
        assert_eq!(told, "published 100 readings in 2.0 s, 90 acknowledged by the broker: 45.0 of 45 a second");
        assert!(line(&status, 5000.0).ends_with("45.0 of 5000 a second, more it did not take"));
        let broken = TrialStatus { connections: 2, last_error: Some("lost".into()), silent: 3, ..status };
        let told = line(&broken, 45.0);
        assert!(told.ends_with("; 3 not sent, their devices are out; connected 2 times; the connection broke: lost"));
    }
}
