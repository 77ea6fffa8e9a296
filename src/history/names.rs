//! The numbers of series and sources: given at once in memory, written with the first commit after.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, PoisonError, RwLock},
};

use crate::row::{SeriesId, SeriesKey};

/// Names by number and numbers by name.
#[derive(Debug)]
pub(crate) struct Names<T>(RwLock<Table<T>>);

#[derive(Debug)]
struct Table<T> {
    by_name: HashMap<T, u32>,
    by_number: Vec<T>,
}

impl<T: Clone + Eq + Hash> Names<T> {
    /// In the order of their numbers.
    pub fn new(names: Vec<T>) -> Self {
        let by_name = (0..).zip(&names).map(|(number, name)| (name.clone(), number)).collect();
        Self(RwLock::new(Table { by_name, by_number: names }))
    }

    /// The number of a name, a new one where it has none.
    pub fn number(&self, name: &T) -> u32 {
        if let Some(number) = self.find(name) {
            return number;
        }
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = table.by_name.get(name) {
            return *number;
        }
        let number = table.by_number.len() as u32;
        table.by_number.push(name.clone());
        table.by_name.insert(name.clone(), number);
        number
    }

    pub fn find(&self, name: &T) -> Option<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name).copied()
    }

    pub fn get(&self, number: u32) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_number.get(number as usize).cloned()
    }

    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_number.len()
    }

    /// Names from a number on.
    pub fn since(&self, first: usize) -> Vec<T> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.by_number.get(first..).unwrap_or_default().to_vec()
    }
}

impl Names<SeriesKey> {
    /// The runs that have series, sorted.
    pub fn runs(&self) -> Vec<Arc<str>> {
        let mut runs: Vec<Arc<str>> = self.since(0).into_iter().map(|key| key.run).collect();
        runs.sort();
        runs.dedup();
        runs
    }

    /// The series of a run by number.
    pub fn of_run(&self, run: &str) -> Vec<(SeriesId, SeriesKey)> {
        (0..).map(SeriesId).zip(self.since(0)).filter(|(_, key)| &*key.run == run).collect()
    }
}
