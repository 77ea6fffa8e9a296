//! Interned strings of one file: each distinct text once, named by its number in order of first use.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
};

/// Texts back to back.
#[derive(Default, Debug)]
pub(super) struct Strings {
    text: String,
    /// End of each text in `text`.
    ends: Vec<usize>,
}

/// Looks texts up by content while a map is built. Buckets hold numbers alone; equal hashes are told
/// apart by comparing texts.
#[derive(Default)]
pub(super) struct Interner {
    pub strings: Strings,
    buckets: HashMap<u64, Vec<u32>, BuildHasherDefault<DefaultHasher>>,
}

impl Strings {
    pub fn get(&self, number: u32) -> &str {
        let index = number as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }
}

impl Interner {
    /// The number of a text, new or known.
    pub fn intern(&mut self, text: &str) -> u32 {
        let hash = self.buckets.hasher().hash_one(text);
        let bucket = self.buckets.entry(hash).or_default();
        if let Some(&number) = bucket.iter().find(|number| self.strings.get(**number) == text) {
            return number;
        }
        let number = self.strings.ends.len() as u32;
        bucket.push(number);
        self.strings.text.push_str(text);
        self.strings.ends.push(self.strings.text.len());
        number
    }
}
