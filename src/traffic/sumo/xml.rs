//! What all of SUMO's XML files are read with: tags in order with their depth, attributes that borrow the text.
//!
//! Knows well-formedness, nesting and numbers; no element of any format.

use std::borrow::Cow;

use quick_xml::{Reader, XmlVersion, events};

/// Deepest nesting: `<net><edge><lane><param>` is 4, more in the configuration that some files carry.
const MAX_DEPTH: usize = 16;

/// What is wrong, in words; the place is known to who reads.
pub(super) type Failure = String;

/// What meets a file's tags. The root has depth 0.
pub(super) trait Visitor<'a> {
    fn start(&mut self, depth: usize, tag: &Tag<'a>) -> Result<(), Failure>;
    /// The tag that started at this depth is complete.
    fn end(&mut self, depth: usize) -> Result<(), Failure>;
}

/// A start tag: its name, what follows the name, and the byte at which it stands.
pub(super) struct Tag<'a> {
    pub name: &'a str,
    content: &'a str,
    pub position: usize,
}

/// No length, time or place of a net is larger; beyond it, sums lose their digits.
const LARGEST: f64 = 1e12;
/// The byte order mark that some editors put before a text.
const MARK: char = '\u{feff}';

/// Shows every tag of a file. `position`: set to the byte of the element that is looked at.
///
/// # Errors
/// No UTF-8, no well-formed XML, broken off, nested too deep; and what the visitor refuses.
pub(super) fn visit<'a>(bytes: &'a [u8], position: &mut usize, visitor: &mut impl Visitor<'a>) -> Result<(), Failure> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        *position = e.valid_up_to();
        "the text is not UTF-8".to_owned()
    })?;
    // The reader counts from behind a byte order mark.
    let mark = if text.starts_with(MARK) { MARK.len_utf8() } else { 0 };
    let text = &text[mark..];
    let mut xml = Reader::from_str(text);
    let mut depth = 0;
    let mut rooted = false;
    loop {
        let start = xml.buffer_position() as usize;
        *position = start + mark;
        let event = xml.read_event().map_err(|error| {
            *position = (xml.error_position() as usize).max(start) + mark;
            error.to_string()
        })?;
        let tag = |tag: &events::BytesStart| {
            let name = tag.name().as_ref().len();
            let content = &text[start + 1..start + 1 + tag.len()];
            Tag { name: &content[..name], content, position: start + mark }
        };
        match &event {
            events::Event::Start(read) => {
                visitor.start(depth, &tag(read))?;
                (depth, rooted) = (depth + 1, true);
                if depth > MAX_DEPTH {
                    return Err(format!("tags nest deeper than {MAX_DEPTH}"));
                }
            }
            events::Event::Empty(read) => {
                rooted = true;
                visitor.start(depth, &tag(read))?;
                visitor.end(depth)?;
            }
            events::Event::End(_) => {
                depth = depth.saturating_sub(1);
                visitor.end(depth)?;
            }
            events::Event::DocType(_) => return Err("a document type is not read".into()),
            events::Event::Eof if depth > 0 => return Err("the file breaks off".into()),
            events::Event::Eof if !rooted => return Err("the file holds no element".into()),
            events::Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The line of a byte, from 1. A place between elements is that of the next one.
pub(super) fn line_of(bytes: &[u8], position: usize) -> usize {
    let before = &bytes[..position.min(bytes.len())];
    let gap = bytes[before.len()..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    1 + bytes[..before.len() + gap].iter().filter(|b| **b == b'\n').count()
}

/// The attributes of one tag.
pub(super) struct Attributes<'a> {
    pub tag: &'a str,
    pub values: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Attributes<'a> {
    pub fn of(tag: &Tag<'a>) -> Result<Self, Failure> {
        let name = tag.name;
        let mut values = Vec::with_capacity(8);
        let mut attributes = events::attributes::Attributes::new(tag.content, name.len());
        for attribute in attributes.with_checks(false) {
            let attribute = attribute.map_err(|e| format!("<{name}>: {e}"))?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| format!("<{name}>: {e}"))?;
            values.push((attribute.key.0, value));
        }
        Ok(Self { tag: name, values })
    }

    /// The last of that name, should it stand twice.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.iter().rev().find(|(name, _)| *name == key).map(|(_, value)| value.as_ref())
    }

    pub fn text(&self, key: &str) -> Result<&str, Failure> {
        self.get(key).ok_or_else(|| format!("<{}{}> has no `{key}`", self.tag, self.named()))
    }

    pub fn owned(&self, key: &str) -> Option<String> {
        self.get(key).map(str::to_owned)
    }

    pub fn wrong(&self, key: &str, value: &str, wanted: &str) -> Failure {
        format!("<{}{}>: {key} `{}` is not {wanted}", self.tag, self.named(), shortened(value))
    }

    /// A space and the element's name, where it has one.
    pub fn named(&self) -> String {
        self.get("id").or(self.get("from")).map_or_else(String::new, |id| format!(" {}", shortened(id)))
    }

    pub fn number(&self, key: &str) -> Result<f64, Failure> {
        let text = self.text(key)?;
        finite(text).ok_or_else(|| self.wrong(key, text, "a finite number of at most 1e12"))
    }

    pub fn optional(&self, key: &str) -> Result<Option<f64>, Failure> {
        self.get(key).map(|_| self.number(key)).transpose()
    }

    pub fn positive(&self, key: &str) -> Result<f64, Failure> {
        let value = self.number(key)?;
        if value > 0.0 { Ok(value) } else { Err(self.wrong(key, self.text(key)?, "positive")) }
    }

    pub fn index(&self, key: &str) -> Result<usize, Failure> {
        let text = self.text(key)?;
        text.trim().parse().map_err(|_| self.wrong(key, text, "an index"))
    }

    /// A row of 0 and 1, the last character first.
    pub fn bits(&self, key: &str) -> Result<Vec<bool>, Failure> {
        let text = self.text(key)?;
        let bit = |c: u8| match c {
            b'0' => Some(false),
            b'1' => Some(true),
            _ => None,
        };
        text.bytes().rev().map(bit).collect::<Option<_>>().ok_or_else(|| self.wrong(key, text, "a row of 0 and 1"))
    }

    pub fn numbers<const N: usize>(&self, key: &str) -> Result<[f64; N], Failure> {
        let text = self.text(key)?;
        let read: Option<Vec<f64>> = text.split(',').map(finite).collect();
        let wrong = || self.wrong(key, text, &format!("{N} finite numbers"));
        read.ok_or_else(wrong)?.try_into().map_err(|_| wrong())
    }

    pub fn letter(&self, key: &str, known: &str) -> Result<char, Failure> {
        let text = self.text(key)?;
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) if known.contains(letter) => Ok(letter),
            _ => Err(self.wrong(key, text, &format!("one of {known}"))),
        }
    }
}

pub(super) fn finite(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|v: &f64| v.abs() <= LARGEST)
}

pub(super) fn shortened(text: &str) -> String {
    if text.chars().count() > 40 {
        format!("{}…", text.chars().take(40).collect::<String>())
    } else {
        text.to_owned()
    }
}
