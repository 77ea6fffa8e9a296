//! Trips between zones, sparse by origin, and the classes of those who make them.

/// How a class of users weighs what a link asks of it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct UserClass {
    /// Time that a unit of toll is worth, and that a unit of length costs beyond its time, in the graph's unit of time.
    pub toll_weight: f64,
    pub length_weight: f64,
    /// Room that one takes, in cars (passenger car equivalents).
    pub pce: f64,
}

impl Default for UserClass {
    fn default() -> Self {
        Self { toll_weight: 0.0, length_weight: 0.0, pce: 1.0 }
    }
}

/// Why trips cannot be taken in.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum TripsError {
    #[error("trips from zone {origin} to {destination} are {trips}; they must be a number, not below zero")]
    NotANumber { origin: u32, destination: u32, trips: f64 },
    #[error("trips from zone {origin} to {destination}: there are {zones} zones")]
    NoSuchZone { origin: u32, destination: u32, zones: u32 },
    #[error("class {class} weighs toll {toll}, length {length}, pce {pce}; weights must be ≥ 0 and pce > 0")]
    BadClass { class: usize, toll: f64, length: f64, pce: f64 },
}

/// Trips of all classes.
#[derive(Clone, Debug, Default)]
pub struct Trips {
    zones: u32,
    pub(crate) classes: Vec<(UserClass, Matrix)>,
}

/// Trips of one class: row by origin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matrix {
    first: Vec<usize>,
    entries: Vec<(u32, f64)>,
}

impl Trips {
    pub fn new(zones: u32) -> Self {
        Self { zones, classes: Vec::new() }
    }

    /// Adds a class with its trips: (origin, destination, trips), zones counted from 0; entries of the same pair add up.
    pub fn add_class(&mut self, class: UserClass, entries: &[(u32, u32, f64)]) -> Result<(), TripsError> {
        let UserClass { toll_weight: toll, length_weight: length, pce } = class;
        let weight = |w: f64| w.is_finite() && w >= 0.0;
        if !(weight(toll) && weight(length) && weight(pce) && pce > 0.0) {
            return Err(TripsError::BadClass { class: self.classes.len(), toll, length, pce });
        }
        for &(origin, destination, trips) in entries {
            if origin.max(destination) >= self.zones {
                return Err(TripsError::NoSuchZone { origin, destination, zones: self.zones });
            }
            if !(trips.is_finite() && trips >= 0.0) {
                return Err(TripsError::NotANumber { origin, destination, trips });
            }
        }
        self.classes.push((class, Matrix::new(self.zones, entries)));
        Ok(())
    }

    /// One class from its trips.
    pub fn of(zones: u32, class: UserClass, entries: &[(u32, u32, f64)]) -> Result<Self, TripsError> {
        let mut trips = Self::new(zones);
        trips.add_class(class, entries)?;
        Ok(trips)
    }

    pub fn zones(&self) -> u32 {
        self.zones
    }

    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// All trips, those within a zone included.
    pub fn total(&self) -> f64 {
        self.classes.iter().flat_map(|(_, m)| &m.entries).map(|e| e.1).sum()
    }

    /// Trips within a zone: they use no link.
    pub fn within_zones(&self) -> f64 {
        let rows = self.classes.iter().flat_map(|(_, m)| (0..self.zones).map(move |o| (o, m.row(o))));
        rows.flat_map(|(o, row)| row.iter().filter(move |e| e.0 == o)).map(|e| e.1).sum()
    }
}

impl Matrix {
    fn new(zones: u32, entries: &[(u32, u32, f64)]) -> Self {
        let mut sorted: Vec<_> = entries.iter().filter(|e| e.2 > 0.0).copied().collect();
        sorted.sort_by_key(|e| (e.0, e.1));
        sorted.dedup_by(|later, kept| {
            let same = (later.0, later.1) == (kept.0, kept.1);
            if same {
                kept.2 += later.2;
            }
            same
        });
        let first = (0..=zones).map(|o| sorted.partition_point(|e| e.0 < o)).collect();
        Self { first, entries: sorted.into_iter().map(|e| (e.1, e.2)).collect() }
    }

    /// (destination, trips) of an origin, by destination.
    pub fn row(&self, origin: u32) -> &[(u32, f64)] {
        &self.entries[self.first[origin as usize]..self.first[origin as usize + 1]]
    }
}
