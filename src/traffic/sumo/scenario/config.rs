//! The `.sumocfg`: which files, from when to when, in which steps.

use std::collections::BTreeMap;

use super::{SumoScenarioError, seconds};
use crate::sumo::xml::{self, Attributes, Failure, Tag, shortened};

pub(super) struct Options {
    pub net: String,
    /// Additional files, then route files: SUMO loads them in this order.
    pub files: Vec<String>,
    pub begin_s: f64,
    pub end_s: Option<f64>,
    pub step_s: f64,
    pub seed: Option<u64>,
    pub time_to_teleport_s: f64,
    pub unsupported: BTreeMap<String, usize>,
}

/// SUMO's value of `time-to-teleport`, second.
const TIME_TO_TELEPORT_S: f64 = 300.0;
/// Files that one scenario may name.
const MOST_FILES: usize = 1000;

pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Options, SumoScenarioError> {
    let mut position = 0;
    let mut config = Config::default();
    let read = xml::visit(bytes, &mut position, &mut config).and_then(|()| config.finish());
    read.map_err(|what| {
        let line = xml::line_of(bytes, position);
        SumoScenarioError::Wrong { file: name.to_owned(), line, what }
    })
}

#[derive(Default)]
struct Config {
    net: Option<String>,
    additional: Vec<String>,
    routes: Vec<String>,
    begin_s: Option<f64>,
    end_s: Option<f64>,
    step_s: Option<f64>,
    seed: Option<u64>,
    time_to_teleport_s: Option<f64>,
    unsupported: BTreeMap<String, usize>,
    /// In a section that says what SUMO writes or shows.
    silent: bool,
}

impl<'a> xml::Visitor<'a> for Config {
    /// An option is a tag with a value, in a section or not.
    fn start(&mut self, depth: usize, tag: &Tag<'a>) -> Result<(), Failure> {
        if depth == 0 {
            return match tag.name {
                "configuration" | "sumoConfiguration" => Ok(()),
                other => Err(format!("the root is <{}>, not <configuration>", shortened(other))),
            };
        }
        if depth == 1 {
            self.silent = matches!(tag.name, "report" | "output" | "gui_only");
        }
        let a = Attributes::of(tag)?;
        match a.get("value").or(a.get("v")) {
            Some(value) => self.option(&a, value),
            None => Ok(()),
        }
    }

    fn end(&mut self, _depth: usize) -> Result<(), Failure> {
        Ok(())
    }
}

impl Config {
    fn option(&mut self, a: &Attributes, value: &str) -> Result<(), Failure> {
        let time = || seconds(value).ok_or_else(|| a.wrong("value", value, "a time"));
        let names = || value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        match a.tag {
            "net-file" | "net" | "n" => self.net = Some(value.trim().to_owned()),
            "route-files" | "r" => self.routes.extend(names()),
            "additional-files" | "additional" | "a" => self.additional.extend(names()),
            "begin" | "b" => self.begin_s = Some(time()?),
            // A negative end is none.
            "end" | "e" => self.end_s = Some(time()?).filter(|end| *end >= 0.0),
            "step-length" => {
                self.step_s = Some(time()?).filter(|step| *step > 0.0);
                self.step_s.ok_or_else(|| a.wrong("value", value, "positive"))?;
            }
            "seed" => self.seed = Some(value.trim().parse().map_err(|_| a.wrong("value", value, "a whole number"))?),
            "time-to-teleport" => self.time_to_teleport_s = Some(time()?),
            _ if self.silent => {}
            other => *self.unsupported.entry(format!("option {other}")).or_default() += 1,
        }
        Ok(())
    }

    fn finish(self) -> Result<Options, Failure> {
        let files: Vec<String> = self.additional.into_iter().chain(self.routes).collect();
        if files.len() > MOST_FILES {
            return Err(format!("more than {MOST_FILES} files are named"));
        }
        let begin_s = self.begin_s.unwrap_or(0.0);
        if let Some(end_s) = self.end_s.filter(|end_s| *end_s < begin_s) {
            return Err(format!("the end {end_s} is before the begin {begin_s}"));
        }
        Ok(Options {
            net: self.net.filter(|net| !net.is_empty()).ok_or("no net-file is named")?,
            files,
            begin_s,
            end_s: self.end_s,
            step_s: self.step_s.unwrap_or(1.0),
            seed: self.seed,
            time_to_teleport_s: self.time_to_teleport_s.unwrap_or(TIME_TO_TELEPORT_S),
            unsupported: self.unsupported,
        })
    }
}
