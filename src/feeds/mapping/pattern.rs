//! Texts with captures: topics (`a/{name}/loop-{nr}/#`), ids and properties (`{device}:temp`), and the templates that
//! are filled from what was captured.

/// Captures that one mapping may have in all.
pub(super) const MAX_CAPTURES: usize = 8;

/// What was captured from one message, by slot. Nothing is allocated.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Captures<'t> {
    texts: [&'t str; MAX_CAPTURES],
}

impl<'t> Captures<'t> {
    pub fn get(&self, slot: usize) -> &'t str {
        self.texts[slot]
    }

    fn set(&mut self, slot: usize, text: &'t str) {
        self.texts[slot] = text;
    }
}

/// The names of a mapping's captures, in the order of their slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    known: Vec<String>,
    /// A pattern that would capture more cannot be read.
    incomplete: bool,
}

impl Names {
    fn add(&mut self, name: &str) -> Result<usize, String> {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(letters) {
            return Err(format!("`{{{name}}}` is no name; use letters, digits and _"));
        }
        if self.known.iter().any(|known| known == name) {
            return Err(format!("`{{{name}}}` occurs twice; name captures differently"));
        }
        if self.known.len() == MAX_CAPTURES {
            return Err(format!("has more than {MAX_CAPTURES} captures; use fewer"));
        }
        self.known.push(name.to_owned());
        Ok(self.known.len() - 1)
    }

    /// What captures cannot be read: names may be missing here, which is no fault of who uses them.
    pub fn lose(&mut self) {
        self.incomplete = true;
    }

    fn slot(&self, name: &str) -> Option<usize> {
        self.known.iter().position(|known| known == name)
    }
}

#[derive(Clone, PartialEq, Debug)]
enum Part {
    Literal(Box<str>),
    Capture(usize),
}

/// A text with captures. A capture takes at least one letter, up to the first place where what follows it matches.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct TextPattern {
    parts: Vec<Part>,
}

impl TextPattern {
    pub fn parse(text: &str, names: &mut Names) -> Result<Self, String> {
        let mut parts = Vec::new();
        for piece in pieces(text)? {
            match piece {
                Piece::Literal(literal) => parts.push(Part::Literal(literal.into())),
                Piece::Name(name) => {
                    if matches!(parts.last(), Some(Part::Capture(_))) {
                        return Err("two captures touch; put a text between them".into());
                    }
                    parts.push(Part::Capture(names.add(name)?));
                }
            }
        }
        Ok(Self { parts })
    }

    /// The text, when nothing is captured.
    pub fn literal(&self) -> Option<&str> {
        match &self.parts[..] {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub fn matches<'t>(&self, text: &'t str, captures: &mut Captures<'t>) -> bool {
        let mut rest = text;
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Literal(literal) => match rest.strip_prefix(&**literal) {
                    Some(after) => rest = after,
                    None => return false,
                },
                Part::Capture(slot) => {
                    let end = match self.parts.get(at + 1) {
                        // A literal that ends the text is looked for at the end.
                        Some(Part::Literal(next)) if at + 2 == self.parts.len() => {
                            rest.strip_suffix(&**next).map(str::len)
                        }
                        Some(Part::Literal(next)) => rest.find(&**next),
                        _ => Some(rest.len()),
                    };
                    match end {
                        Some(end) if end > 0 => {
                            captures.set(*slot, &rest[..end]);
                            rest = &rest[end..];
                        }
                        _ => return false,
                    }
                }
            }
        }
        rest.is_empty()
    }
}

#[derive(Clone, PartialEq, Debug)]
enum Level {
    Text(TextPattern),
    One,
}

/// A topic with captures and MQTT's wildcards (MQTT 5.0, 4.7.1).
#[derive(Clone, PartialEq, Debug)]
pub(super) struct TopicPattern {
    levels: Vec<Level>,
    /// Ends in `#`.
    open: bool,
}

impl TopicPattern {
    pub fn parse(text: &str, names: &mut Names) -> Result<Self, String> {
        let (mut levels, mut open) = (Vec::new(), false);
        for level in text.split('/') {
            if open {
                return Err("`#` is not at the end; only the end may be open".into());
            }
            match level {
                "#" => open = true,
                "+" => levels.push(Level::One),
                _ if level.contains(['#', '+']) => {
                    return Err("`#` and `+` stand alone between slashes; use `{name}` within a level".into());
                }
                _ => levels.push(Level::Text(TextPattern::parse(level, names)?)),
            }
        }
        Ok(Self { levels, open })
    }

    pub fn matches<'t>(&self, topic: &'t str, captures: &mut Captures<'t>) -> bool {
        let mut parts = topic.split('/');
        for (at, level) in self.levels.iter().enumerate() {
            let Some(part) = parts.next() else { return false };
            let fits = match level {
                // A wildcard at the beginning passes over topics of the broker's own (4.7.2).
                Level::One => at > 0 || !part.starts_with('$'),
                Level::Text(pattern) => pattern.matches(part, captures),
            };
            if !fits {
                return false;
            }
        }
        self.open || parts.next().is_none()
    }

    /// What to subscribe to.
    pub fn filter(&self) -> String {
        let levels = self.levels.iter().map(|level| match level {
            Level::Text(pattern) => pattern.literal().unwrap_or("+"),
            Level::One => "+",
        });
        levels.chain(self.open.then_some("#")).collect::<Vec<_>>().join("/")
    }
}

/// Which text a part of a template stands for.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Insert {
    Captured(usize),
    Device,
    Property,
}

/// A text that is filled from captures, `{device}` and `{property}`.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Template {
    parts: Vec<(Box<str>, Option<Insert>)>,
}

impl Template {
    pub fn parse(text: &str, names: &Names) -> Result<Self, String> {
        let mut parts: Vec<(Box<str>, Option<Insert>)> = Vec::new();
        for piece in pieces(text)? {
            match piece {
                Piece::Literal(literal) => parts.push((literal.into(), None)),
                Piece::Name(name) => {
                    let insert = match (names.slot(name), name) {
                        (Some(slot), _) => Insert::Captured(slot),
                        (None, "device") => Insert::Device,
                        (None, "property") => Insert::Property,
                        // The mapping is refused for the pattern's fault already.
                        _ if names.incomplete => Insert::Device,
                        _ => {
                            return Err(format!(
                                "`{{{name}}}` is captured nowhere; capture it in topic, device or property"
                            ));
                        }
                    };
                    parts.push(("".into(), Some(insert)));
                }
            }
        }
        Ok(Self { parts })
    }

    /// Fills `into`, which is emptied first.
    pub fn fill(&self, captures: &Captures<'_>, device: &str, property: &str, into: &mut String) {
        into.clear();
        for (literal, insert) in &self.parts {
            into.push_str(match insert {
                None => literal,
                Some(Insert::Captured(slot)) => captures.get(*slot),
                Some(Insert::Device) => device,
                Some(Insert::Property) => property,
            });
        }
    }
}

enum Piece<'t> {
    Literal(&'t str),
    Name(&'t str),
}

/// `a{b}c` as its literals and names.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        match rest.find(['{', '}']) {
            None => {
                pieces.push(Piece::Literal(rest));
                break;
            }
            Some(at) => {
                let inner = rest[at..].strip_prefix('{').and_then(|inner| inner.split_once('}'));
                let (name, after) = inner.ok_or("a `{` or `}` has no partner; write `{name}`")?;
                if at > 0 {
                    pieces.push(Piece::Literal(&rest[..at]));
                }
                pieces.push(Piece::Name(name));
                rest = after;
            }
        }
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics() {
        let rows = [
            ("a/{x}/b", "a/1/b", Some("1")),
            ("a/{x}/b", "a//b", None),
            ("a/{x}/b", "a/1/c", None),
            ("a/{x}", "a/1/b", None),
            ("a/loop-{x}", "a/loop-7", Some("7")),
            ("a/loop-{x}", "a/lamp-7", None),
            ("a/{x}.json", "a/b.c.json", Some("b.c")),
            ("+/{x}/#", "a/b/c/d", Some("b")),
            ("+/{x}/#", "a/b", Some("b")),
            ("+/{x}", "$SYS/b", None),
            ("{x}", "ä", Some("ä")),
        ];
        for (pattern, topic, expected) in rows {
            let pattern_of = TopicPattern::parse(pattern, &mut Names::default()).unwrap();
            let mut captures = Captures::default();
            let got = pattern_of.matches(topic, &mut captures).then(|| captures.get(0));
            assert_eq!(got, expected, "{pattern} on {topic}");
        }
        let filter = |text: &str| TopicPattern::parse(text, &mut Names::default()).unwrap().filter();
        assert_eq!(filter("a/loop-{x}/+/#"), "a/+/+/#");
        assert_eq!(filter("a/b"), "a/b");
    }

    #[test]
    fn wrong_patterns_say_what_to_do() {
        for text in
            ["a/#/b", "a/b#", "{", "}", "{}", "{a b}", "{a}{b}", "{a}/{a}", "{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"]
        {
            assert!(TopicPattern::parse(text, &mut Names::default()).is_err(), "{text}");
        }
        assert!(Template::parse("{nowhere}", &Names::default()).is_err());
    }

    #[test]
    fn templates_are_filled() {
        let mut names = Names::default();
        let pattern = TextPattern::parse("{kind}:{nr}!", &mut names).unwrap();
        let mut captures = Captures::default();
        assert!(pattern.matches("loop:7!", &mut captures));
        let mut text = String::from("old");
        let template = Template::parse("{kind}-{nr}/{device}{property}", &names).unwrap();
        template.fill(&captures, "d", "p", &mut text);
        assert_eq!(text, "loop-7/dp");
    }
}
