//! One pass through a JSON text that picks the scalars at known simple paths (`$.a.b[0]`), copies nothing and builds
//! no document. Everything else is passed over by the parser.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What stands at a path.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) enum Scalar<'a> {
    #[default]
    Absent,
    Null,
    Bool(bool),
    /// Finite: JSON has no others, and a number too large is refused by the parser.
    Number(f64),
    Text(Cow<'a, str>),
    /// An array or an object.
    Compound,
}

impl Scalar<'_> {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Absent => "not there",
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Compound => "an array or an object",
        }
    }
}

/// One step of a simple path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Key(Box<str>),
    Index(usize),
}

/// Simple paths merged into a tree; each ends at a slot.
#[derive(Clone, Debug, Default)]
pub(super) struct PathTree {
    slots: Vec<usize>,
    keys: Vec<(Box<str>, PathTree)>,
    items: Vec<(usize, PathTree)>,
}

impl PathTree {
    pub fn insert(&mut self, steps: &[Step], slot: usize) {
        let Some((first, rest)) = steps.split_first() else {
            self.slots.push(slot);
            return;
        };
        let child = match first {
            Step::Key(key) => {
                let at = self.keys.iter().position(|(k, _)| k == key).unwrap_or_else(|| {
                    self.keys.push((key.clone(), Self::default()));
                    self.keys.len() - 1
                });
                &mut self.keys[at].1
            }
            Step::Index(index) => {
                let at = self.items.iter().position(|(i, _)| i == index).unwrap_or_else(|| {
                    self.items.push((*index, Self::default()));
                    self.items.len() - 1
                });
                &mut self.items[at].1
            }
        };
        child.insert(rest, slot);
    }
}

/// Fills the slots of a tree from the value that follows. Of repeated keys the last counts.
pub(super) struct Walk<'t, 's, 'a> {
    pub tree: &'t PathTree,
    pub slots: &'s mut [Scalar<'a>],
}

impl<'a> Walk<'_, '_, 'a> {
    fn set(self, scalar: Scalar<'a>) {
        if let Some((last, others)) = self.tree.slots.split_last() {
            for slot in others {
                self.slots[*slot] = scalar.clone();
            }
            self.slots[*last] = scalar;
        }
    }
}

impl<'a> DeserializeSeed<'a> for Walk<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Walk<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.set(Scalar::Null);
        Ok(())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.set(Scalar::Bool(flag));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.set(Scalar::Number(number as f64));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.set(Scalar::Number(number as f64));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.set(Scalar::Number(number));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        self.set(Scalar::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.set(Scalar::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { tree, slots } = self;
        Walk { tree, slots: &mut *slots }.set(Scalar::Compound);
        if tree.items.is_empty() {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        for index in 0.. {
            let found = match tree.items.iter().find(|(i, _)| *i == index) {
                Some((_, child)) => items.next_element_seed(Walk { tree: child, slots: &mut *slots })?.is_some(),
                None => items.next_element::<IgnoredAny>()?.is_some(),
            };
            if !found {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { tree, slots } = self;
        Walk { tree, slots: &mut *slots }.set(Scalar::Compound);
        while let Some(at) = members.next_key_seed(KeyOf(&tree.keys))? {
            match at {
                Some(child) => members.next_value_seed(Walk { tree: child, slots: &mut *slots })?,
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Finds a key among those of a tree without keeping its text.
struct KeyOf<'t>(&'t [(Box<str>, PathTree)]);

impl<'a, 't> DeserializeSeed<'a> for KeyOf<'t> {
    type Value = Option<&'t PathTree>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'_> for KeyOf<'t> {
    type Value = Option<&'t PathTree>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|(k, _)| &**k == key).map(|(_, tree)| tree))
    }
}

/// Goes down `prefix` and hands every element of the array, or member of the object, found there to `each`.
pub(super) struct EachItem<'p, 'f, 'a> {
    pub prefix: &'p [Step],
    pub tree: &'p PathTree,
    /// How many slots the tree has.
    pub slots: usize,
    pub each: &'f mut dyn FnMut(&mut [Scalar<'a>]) -> Result<(), &'static str>,
}

impl<'a> EachItem<'_, '_, 'a> {
    fn deeper(&mut self) -> EachItem<'_, '_, 'a> {
        EachItem { prefix: &self.prefix[1..], tree: self.tree, slots: self.slots, each: &mut *self.each }
    }
}

impl<'a> DeserializeSeed<'a> for EachItem<'_, '_, 'a> {
    /// Whether the prefix led to an array or an object.
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for EachItem<'_, '_, 'a> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut items: A) -> Result<bool, A::Error> {
        if self.prefix.is_empty() {
            let mut slots = vec![Scalar::Absent; self.slots];
            while items.next_element_seed(Walk { tree: self.tree, slots: &mut slots })?.is_some() {
                (self.each)(&mut slots).map_err(A::Error::custom)?;
                slots.fill(Scalar::Absent);
            }
            return Ok(true);
        }
        let wanted = match self.prefix[0] {
            Step::Index(index) => Some(index),
            Step::Key(_) => None,
        };
        let mut found = false;
        for index in 0.. {
            if Some(index) == wanted {
                match items.next_element_seed(self.deeper())? {
                    Some(there) => found = there,
                    None => break,
                }
            } else if items.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut members: A) -> Result<bool, A::Error> {
        if self.prefix.is_empty() {
            let mut slots = vec![Scalar::Absent; self.slots];
            while members.next_key::<IgnoredAny>()?.is_some() {
                members.next_value_seed(Walk { tree: self.tree, slots: &mut slots })?;
                (self.each)(&mut slots).map_err(A::Error::custom)?;
                slots.fill(Scalar::Absent);
            }
            return Ok(true);
        }
        let mut found = false;
        while let Some(wanted) = members.next_key_seed(KeyIs(&self.prefix[0]))? {
            if wanted {
                found = members.next_value_seed(self.deeper())?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a key is the one that a step asks for.
struct KeyIs<'p>(&'p Step);

impl<'a> DeserializeSeed<'a> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(matches!(self.0, Step::Key(wanted) if **wanted == *key))
    }
}
