//! The `sources.toml` of a city as it is written, checked to the last field.

use std::fmt;

use citytwin_model::{Quality, time::civil::DateTime};
use toml::Table;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    fields::{Faults, Fields, SourcesFault, finite},
    keeping::{self, Keeping, RESERVED},
    mapper::Expects,
    pattern::{Names, TopicPattern},
    source::{Source, SourceKind, source},
    take::Take,
};
use crate::{
    decode::{CsvFormat, Cycle, Decoder, Directory, JsonFields, PlainJson, Session, Stamp, Stations, TimeFormat},
    payload::excerpt,
};

/// Which edition of a `sources.toml` made a reading: its stated number and a hash (XXH3, 64 bits) of its text, line
/// ends apart. Two editions of one number are told apart by the hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MappingVersion {
    pub number: u32,
    pub hash: u64,
}

impl fmt::Display for MappingVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.number, self.hash)
    }
}

/// One `[[mapping]]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Mapping {
    pub id: String,
    /// Position in [`Sources::sources`].
    pub source: usize,
    pub takes: Vec<Take>,
    pub(super) topic: Option<TopicPattern>,
    pub(super) format: Format,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Format {
    Json(JsonFields),
    SenmlJson,
    SenmlCbor,
    SensorThings,
    NgsiLd,
    HomeAssistant { prefix: String },
    SparkplugB,
    Gbfs,
    GtfsRealtime,
    OpenMeteo,
    Csv(CsvFormat),
}

/// Sources, and mappings, of one file; readings name them by 16 bits.
const MAX_TABLES: usize = 1_000;

const FORMATS: [&str; 11] = [
    "json",
    "senml",
    "senml-cbor",
    "sensorthings",
    "ngsi-ld",
    "home-assistant",
    "sparkplug-b",
    "gbfs",
    "gtfs-realtime",
    "open-meteo",
    "csv",
];

/// All of a `sources.toml`.
#[derive(Clone, PartialEq, Debug)]
pub struct Sources {
    pub version: MappingVersion,
    pub sources: Vec<Source>,
    pub mappings: Vec<Mapping>,
    pub keeping: Keeping,
}

impl Sources {
    /// Reads the text of a file; `file` is what faults call it. All faults are told, not the first alone.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<SourcesFault>> {
        let mut faults = Faults { file: file.to_owned(), list: Vec::new() };
        let table = match text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
                faults.push("", "", format!("line {line} is no TOML: {}", excerpt(error.message())));
                return Err(faults.list);
            }
        };
        let sources = read(&table, text, &mut faults);
        match sources {
            Some(sources) if faults.list.is_empty() => Ok(sources),
            _ => Err(faults.list),
        }
    }

    /// The topics that an MQTT source is to be subscribed to, each once, sorted.
    pub fn subscriptions(&self, source: usize) -> Vec<String> {
        let mut filters: Vec<String> = Vec::new();
        for mapping in self.mappings.iter().filter(|mapping| mapping.source == source) {
            filters.extend(mapping.topic.as_ref().map(TopicPattern::filter));
            if let Format::HomeAssistant { prefix } = &mapping.format {
                filters.push(format!("{prefix}/+/+/config"));
                filters.push(format!("{prefix}/+/+/+/config"));
            }
        }
        filters.sort();
        filters.dedup();
        filters
    }
}

impl Mapping {
    /// A mapping of plain JSON says where values stand: a message without any is not what it was written for. A list that
    /// was asked for may be empty.
    pub(super) fn expects(&self, kind: SourceKind) -> Expects {
        match &self.format {
            Format::Json(fields) => {
                Expects { values: fields.each.is_none() || kind == SourceKind::Mqtt, time: fields.time.is_some() }
            }
            _ => Expects::default(),
        }
    }

    /// A decoder with no state yet.
    pub(super) fn decoder(&self) -> Decoder {
        match &self.format {
            Format::Json(fields) => {
                Decoder::Json(PlainJson::new(fields).expect("the paths were compiled when the file was read"))
            }
            Format::SenmlJson => Decoder::SenmlJson,
            Format::SenmlCbor => Decoder::SenmlCbor,
            Format::SensorThings => Decoder::SensorThings,
            Format::NgsiLd => Decoder::NgsiLd,
            Format::HomeAssistant { prefix } => Decoder::HomeAssistant(Directory::new(prefix)),
            Format::SparkplugB => Decoder::SparkplugB(Session::default()),
            Format::Gbfs => Decoder::Gbfs(Stations::default()),
            Format::GtfsRealtime => Decoder::GtfsRealtime,
            Format::OpenMeteo => Decoder::OpenMeteo,
            Format::Csv(format) => Decoder::Csv(format.clone()),
        }
    }
}

fn read(table: &Table, text: &str, faults: &mut Faults) -> Option<Sources> {
    let mut top = Fields::new(table, String::new(), faults);
    let number = top.get("version").and_then(finite);
    let number = number.filter(|n| n.fract() == 0.0 && *n >= 1.0 && *n <= f64::from(u32::MAX));
    if number.is_none() {
        top.fault("version", "is no whole number above zero; count it up with every edit: version = 1");
    }
    let source_tables = top.tables("source");
    let ids = Ids::of(table, &source_tables);
    let mapping_tables = top.tables("mapping");
    let history = top.words("history");
    top.finish();
    let mut sources: Vec<Source> = Vec::new();
    for (index, table) in source_tables.iter().enumerate() {
        let mut fields = Fields::new(table, name_of("source", index, table), faults);
        let source = source(&mut fields);
        if let Some(source) = source {
            if sources.iter().any(|known| known.id == source.id) {
                fields.fault("id", format!("`{}` is given twice; name sources differently", excerpt(&source.id)));
            } else if RESERVED.contains(&source.id.as_str()) {
                fields.fault("id", format!("`{}` is a name of the program's own; give another", source.id));
            }
            sources.push(source);
        }
        fields.finish();
    }
    let mut mappings: Vec<Mapping> = Vec::new();
    for (index, table) in mapping_tables.iter().enumerate() {
        if let Some(mapping) = mapping(table, name_of("mapping", index, table), (&sources, &ids), faults) {
            if mappings.iter().any(|known| known.id == mapping.id) {
                let name = name_of("mapping", index, table);
                faults.push(
                    &name,
                    "id",
                    format!("`{}` is given twice; name mappings differently", excerpt(&mapping.id)),
                );
            }
            mappings.push(mapping);
        }
    }
    for (name, count) in [("source", source_tables.len()), ("mapping", mapping_tables.len())] {
        if count > MAX_TABLES {
            faults.push("", name, format!("occurs {count} times; at most {MAX_TABLES} are read"));
        }
    }
    let keeping = keeping::of_file(history, &ids, faults);
    let hash = xxh3_64(text.replace("\r\n", "\n").as_bytes());
    Some(Sources { version: MappingVersion { number: number? as u32, hash }, sources, mappings, keeping })
}

fn name_of(kind: &str, index: usize, table: &Table) -> String {
    match table.get("id").and_then(|id| id.as_str()) {
        Some(id) => format!("{kind} {} ({})", index + 1, excerpt(id)),
        None => format!("{kind} {}", index + 1),
    }
}

/// The ids of sources as they are written, whether or not the sources can be read: who names one that has a fault of its
/// own is not at fault.
pub(super) struct Ids<'t> {
    ids: Vec<&'t str>,
    /// There are sources whose id cannot be read.
    others: bool,
}

impl<'t> Ids<'t> {
    fn of(top: &Table, tables: &[&'t Table]) -> Self {
        let ids: Vec<&str> = tables.iter().filter_map(|table| table.get("id").and_then(|id| id.as_str())).collect();
        let others = ids.len() < tables.len() || ids.contains(&"") || (tables.is_empty() && top.contains_key("source"));
        Self { ids, others }
    }

    pub fn may_have(&self, id: &str) -> bool {
        self.others || self.ids.contains(&id)
    }
}

fn mapping(table: &Table, name: String, (sources, ids): (&[Source], &Ids<'_>), faults: &mut Faults) -> Option<Mapping> {
    let mut fields = Fields::new(table, name.clone(), faults);
    let id = fields.required_text("id").map(str::to_owned);
    let source = fields.required_text("source").and_then(|wanted| {
        let found = sources.iter().position(|source| source.id == wanted);
        if found.is_none() && !ids.may_have(wanted) {
            fields.fault("source", format!("`{}` is no source of this file; give the id of one", excerpt(wanted)));
        }
        found
    });
    let mut names = Names::default();
    let topic = fields
        .text("topic")
        .and_then(|text| TopicPattern::parse(text, &mut names).map_err(|why| fields.fault("topic", why)).ok());
    if topic.is_none() && fields.has("topic") {
        names.lose();
    }
    let format_name = fields.required_text("format");
    if source.is_some_and(|s| sources[s].kind == SourceKind::Mqtt)
        && !fields.has("topic")
        && format_name.is_some_and(|name| name != "home-assistant" && FORMATS.contains(&name))
    {
        fields.fault("topic", "is missing; an MQTT source is subscribed by topics");
        names.lose();
    }
    let format = format_name.and_then(|format| read_format(format, &mut fields));
    let tables = fields.tables("take");
    if !fields.has("take") {
        fields.fault("take", "is missing; say in [[mapping.take]] what becomes a reading");
    }
    let each_read = fields.is_text("each") || !fields.has("each");
    let format_known = format_name.is_some_and(|name| FORMATS.contains(&name));
    if !format_known {
        fields.pass_over();
    }
    fields.finish();
    let is_json = matches!(format_name, Some("json"));
    let mut takes = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let mut fields = Fields::new(table, format!("{name}, take {}", index + 1), faults);
        takes.extend(Take::read(&mut fields, is_json, names.clone()));
        if !format_known {
            fields.pass_over();
        }
        fields.finish();
    }
    let format = completed(format?, (&takes, each_read), &name, faults)?;
    Some(Mapping { id: id?, source: source?, takes, topic, format })
}

/// What the takes add to a format: paths of values, columns.
fn completed(format: Format, (takes, each_read): (&[Take], bool), name: &str, faults: &mut Faults) -> Option<Format> {
    match format {
        Format::Json(mut fields) => {
            for path in takes.iter().filter_map(|take| take.path.as_ref()) {
                if !fields.values.iter().any(|(known, _)| known == path) {
                    fields.values.push((path.clone(), path.clone()));
                }
            }
            // Without its `each` nothing can be said of the paths of its items.
            if !each_read {
                return None;
            }
            match PlainJson::new(&fields) {
                Ok(_) => Some(Format::Json(fields)),
                Err(error) => {
                    faults.push(name, &excerpt(&error.field), format!("`{}`: {}", error.path, excerpt(&error.why)));
                    None
                }
            }
        }
        Format::Csv(mut format) => {
            // Only the columns that somebody takes, unless a take matches them by pattern.
            let named = takes.iter().map(|take| take.property.as_ref().and_then(|p| p.literal()).map(str::to_owned));
            let mut named = named.collect::<Option<Vec<String>>>().unwrap_or_default();
            named.sort();
            named.dedup();
            format.values = named;
            Some(Format::Csv(format))
        }
        other => Some(other),
    }
}

fn read_format(name: &str, fields: &mut Fields<'_, '_>) -> Option<Format> {
    Some(match name {
        "json" => Format::Json(json_fields(fields)),
        "senml" => Format::SenmlJson,
        "senml-cbor" => Format::SenmlCbor,
        "sensorthings" => Format::SensorThings,
        "ngsi-ld" => Format::NgsiLd,
        "home-assistant" => {
            Format::HomeAssistant { prefix: fields.text("prefix").unwrap_or("homeassistant").to_owned() }
        }
        "sparkplug-b" => Format::SparkplugB,
        "gbfs" => Format::Gbfs,
        "gtfs-realtime" => Format::GtfsRealtime,
        "open-meteo" => Format::OpenMeteo,
        "csv" => Format::Csv(csv_format(fields)?),
        other => {
            fields.fault("format", format!("`{}` is not known; give one of {}", excerpt(other), FORMATS.join(", ")));
            return None;
        }
    })
}

fn json_fields(fields: &mut Fields<'_, '_>) -> JsonFields {
    let mut path = |field: &'static str| fields.text(field).map(str::to_owned);
    let mut json = JsonFields {
        each: path("each"),
        device: path("device"),
        time: path("time"),
        quality: path("quality"),
        unit: path("unit"),
        lon: path("lon"),
        lat: path("lat"),
        ..JsonFields::default()
    };
    json.time_format = time_format(fields);
    for (word, value) in fields.words("quality_words").into_iter().flatten() {
        match value.as_str() {
            Some("good") => json.quality_words.push((word.clone(), Quality::Good)),
            Some("uncertain") => json.quality_words.push((word.clone(), Quality::Uncertain)),
            Some("bad") => json.quality_words.push((word.clone(), Quality::Bad)),
            _ => fields.fault("quality_words", format!("`{}` is none of good, uncertain, bad", excerpt(word))),
        }
    }
    json
}

fn time_format(fields: &mut Fields<'_, '_>) -> TimeFormat {
    match fields.text("time_format") {
        None | Some("auto") => TimeFormat::Auto,
        Some("unix_s") => TimeFormat::UnixSeconds,
        Some("unix_ms") => TimeFormat::UnixMilliseconds,
        Some("unix_us") => TimeFormat::UnixMicroseconds,
        Some("unix_ns") => TimeFormat::UnixNanoseconds,
        Some(pattern) => {
            if !pattern.contains('%') {
                let what =
                    "is not known; give auto, unix_s, unix_ms, unix_us, unix_ns or a pattern such as %Y-%m-%d %H:%M";
                fields.fault("time_format", what);
            }
            TimeFormat::Pattern(pattern.to_owned())
        }
    }
}

fn csv_format(fields: &mut Fields<'_, '_>) -> Option<CsvFormat> {
    let delimiter = match fields.text("delimiter") {
        None => Some(',').filter(|_| !fields.has("delimiter")),
        Some(text) => {
            let mut letters = text.chars();
            let one = letters.next().filter(|c| letters.next().is_none() && *c != '"');
            if one.is_none() {
                fields.fault("delimiter", "is not one character; give one such as ; or a tab");
            }
            one
        }
    };
    let start = fields.text("start").and_then(|text| {
        let stamp = text.parse().map(Stamp::Instant).or_else(|_| text.parse::<DateTime>().map(Stamp::Local));
        stamp
            .map_err(|_| fields.fault("start", format!("`{}` is no time; give 2012-03-01T00:00:00", excerpt(text))))
            .ok()
    });
    let step_s = fields.positive("step_s");
    if fields.has("start") != fields.has("step_s") {
        fields.fault("step_s", "and `start` go together; give both");
    }
    let format = CsvFormat {
        // A fault was told; the rest is looked at as well.
        delimiter: delimiter.unwrap_or(';'),
        decimal_comma: fields.flag("decimal_comma").unwrap_or(false),
        columns: fields.texts("columns"),
        time: fields.texts("time").unwrap_or_default(),
        time_format: time_format(fields),
        cycle: start.zip(step_s).map(|(start, step_s)| Cycle { start, step_s }),
        device: fields.text("device").map(str::to_owned),
        values: Vec::new(),
    };
    if format.decimal_comma && format.delimiter == ',' {
        fields.fault("decimal_comma", "needs another delimiter than the comma");
    }
    delimiter.map(|_| format)
}
