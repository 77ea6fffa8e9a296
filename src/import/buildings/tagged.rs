//! The tags of one element, read with a problem for each value that cannot be.

use citytwin_model::{Coord, Problem, ProblemKind, SourceRef};

use crate::raw::RawTags;

/// Tags, whose they are, and the problems met in them.
pub(super) struct Tagged<'a> {
    pub source: &'a SourceRef,
    pub tags: RawTags<'a>,
    pub at: Option<Coord<f64>>,
    pub problems: Vec<Problem>,
}

impl<'a> Tagged<'a> {
    pub fn new(source: &'a SourceRef, tags: RawTags<'a>, at: Option<Coord<f64>>) -> Self {
        Self { source, tags, at, problems: Vec::new() }
    }

    /// The first of the keys whose value reads as a possible number. The others are problems.
    pub fn read(
        &mut self,
        keys: &[&str],
        parse: impl Fn(&str) -> Option<f64>,
        possible: impl Fn(f64) -> bool,
    ) -> Option<f64> {
        self.text(keys, |text| parse(text).filter(|value| possible(*value)))
    }

    /// The same for any kind of value.
    pub fn text<T>(&mut self, keys: &[&str], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        for key in keys {
            let Some(text) = self.tags.get(key) else { continue };
            match parse(text) {
                Some(value) => return Some(value),
                None => self.report(ProblemKind::TagValue, format!("{key}={text} cannot be read; ignored")),
            }
        }
        None
    }

    pub fn report(&mut self, kind: ProblemKind, what: String) {
        self.problems.push(Problem { source: self.source.clone(), kind, what, at: self.at });
    }
}
