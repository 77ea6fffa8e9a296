//! The tags of a map feature, packed into one allocation.

/// Key–value pairs as the source gives them, in source order. Packed as `key NUL value NUL …`: a city
/// of a million features holds a million small strings, not ten.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tags(Box<str>);

impl Tags {
    /// Packs pairs. NUL inside a key or value (never legal in OSM) is dropped.
    pub fn from_pairs<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut packed = String::new();
        for (key, value) in pairs {
            for text in [key.as_ref(), value.as_ref()] {
                if text.contains('\0') {
                    packed.extend(text.chars().filter(|c| *c != '\0'));
                } else {
                    packed.push_str(text);
                }
                packed.push('\0');
            }
        }
        Self(packed.into())
    }

    /// The value of the first pair with this key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    /// Whether the key stands with exactly this value.
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }

    /// All pairs in source order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut parts = self.0.split_terminator('\0');
        std::iter::from_fn(move || Some((parts.next()?, parts.next().unwrap_or(""))))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back_in_order() {
        let tags = Tags::from_pairs([("building", "yes"), ("name", ""), ("no\0te", "a\0b")]);
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("building", "yes"), ("name", ""), ("note", "ab")]);
        assert!(tags.is("building", "yes") && tags.get("height").is_none());
        assert_eq!(Tags::default().iter().count(), 0);
    }
}
