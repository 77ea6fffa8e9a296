//! What a mapping would make of recorded messages: the table behind `citytwin feed test FILE`.
//!
//! Recorded messages are lines of JSON: `{"topic": "…", "payload": "…", "received_at": "2024-05-01T12:00:00Z"}`, with
//! `payload_base64` in place of `payload` where it is no text, and optionally `source`, the id in `sources.toml`.
//! A `payload` that is no text is taken as the JSON that it is. Blank lines are passed over.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use citytwin_model::{Sensor, Timestamp};
use serde::Deserialize;

use super::{
    document::Sources,
    fields::SourcesFault,
    mapper::{Mapped, MappedSignal, Mapper},
    targets::Match,
};
use crate::{decode::Message, payload::excerpt};

/// A message as it was recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct Recorded {
    pub source: Option<String>,
    pub topic: String,
    pub payload: Vec<u8>,
    pub received_at: Timestamp,
}

/// What one message gave.
#[derive(Clone, PartialEq, Debug)]
pub struct PreviewRow {
    /// From 1.
    pub message: usize,
    pub topic: String,
    pub mapped: Mapped,
}

/// What all messages gave, to be printed as a table.
#[derive(Clone, PartialEq, Debug)]
pub struct Preview {
    pub rows: Vec<PreviewRow>,
    /// Names for what rows refer to by position.
    pub mappings: Vec<String>,
    pub sensors: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    source: Option<String>,
    topic: String,
    #[serde(default)]
    payload: Option<serde_json::Value>,
    #[serde(default)]
    payload_base64: Option<String>,
    received_at: Timestamp,
}

/// The messages of a file; every line that is none is told.
pub fn read_recorded(file: &str, text: &str) -> Result<Vec<Recorded>, Vec<SourcesFault>> {
    let (mut messages, mut faults) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match recorded(line) {
            Ok(message) => messages.push(message),
            Err(what) => faults.push(SourcesFault {
                file: file.to_owned(),
                table: format!("line {}", index + 1),
                field: String::new(),
                what,
            }),
        }
    }
    if faults.is_empty() { Ok(messages) } else { Err(faults) }
}

fn recorded(line: &str) -> Result<Recorded, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| {
        format!(
            "{}; write {{\"topic\": \"…\", \"payload\": \"…\", \"received_at\": \"…Z\"}}",
            excerpt(&error.to_string())
        )
    })?;
    let payload = match (line.payload, line.payload_base64) {
        (Some(serde_json::Value::String(text)), None) => text.into_bytes(),
        (Some(json), None) => json.to_string().into_bytes(),
        (None, Some(coded)) => {
            STANDARD.decode(coded).map_err(|error| format!("payload_base64 is no Base64: {error}"))?
        }
        _ => return Err("give either payload or payload_base64".into()),
    };
    Ok(Recorded { source: line.source, topic: line.topic, payload, received_at: line.received_at })
}

/// Puts recorded messages through a fresh mapper, in their order.
pub fn preview(sources: &Sources, sensors: &[Sensor], mapper: &mut Mapper, messages: &[Recorded]) -> Preview {
    let rows = messages.iter().enumerate().map(|(index, recorded)| {
        let mut mapped = Mapped::default();
        let source = recorded.source.as_ref().and_then(|id| sources.sources.iter().position(|s| s.id == *id));
        let message = Message { topic: &recorded.topic, payload: &recorded.payload, received_at: recorded.received_at };
        mapper.map(source.map(|index| index as u16), message, &mut mapped);
        PreviewRow { message: index + 1, topic: recorded.topic.clone(), mapped }
    });
    Preview {
        rows: rows.collect(),
        mappings: sources.mappings.iter().map(|mapping| mapping.id.clone()).collect(),
        sensors: sensors.iter().map(|sensor| sensor.source.to_string()).collect(),
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut readings, mut dead, mut missing, mut not_taken) = (0, 0, 0, 0);
        for row in &self.rows {
            writeln!(f, "{} {}", row.message, excerpt(&row.topic))?;
            for signal in &row.mapped.signals {
                match signal {
                    MappedSignal::Stale { sensors, device } => {
                        writeln!(f, "    stale: {} ({} sensors)", excerpt(device), sensors.len())?;
                    }
                    MappedSignal::Of { signal, .. } => writeln!(f, "    {}", excerpt(&format!("{signal:?}")))?,
                }
            }
            for mapped in &row.mapped.readings {
                let reading = &mapped.reading;
                let name = self.sensors.get(reading.sensor.index()).map_or("?", String::as_str);
                let mapping = self.mappings.get(usize::from(mapped.mapping)).map_or("?", String::as_str);
                write!(
                    f,
                    "    {mapping}: {name} {} = {} {}",
                    reading.quantity,
                    reading.value,
                    reading.quantity.unit()
                )?;
                write!(f, " at {}, {:?}", reading.observed_at, reading.quality)?;
                if let Match::Nearest { distance_m } = mapped.matched {
                    write!(f, ", nearest, {distance_m:.1} m away")?;
                }
                f.write_str(if mapped.modelled { ", a model's output\n" } else { "\n" })?;
            }
            for letter in &row.mapped.dead {
                writeln!(f, "    dead letter ({}): {}", letter.kind, letter.reason)?;
            }
            readings += row.mapped.readings.len();
            dead += row.mapped.dead.len();
            missing += row.mapped.missing;
            not_taken += row.mapped.not_taken;
        }
        let messages = self.rows.len();
        write!(f, "{messages} messages: {readings} readings, {dead} dead letters, ")?;
        writeln!(f, "{missing} missing values, {not_taken} values that no mapping takes")
    }
}
