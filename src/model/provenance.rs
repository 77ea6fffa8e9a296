//! Values that know whether they were read or inferred.

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Origin {
    /// Stated by the source itself.
    Stated,
    /// Inferred; the text names the rule and its source for the person who asks, e.g.
    /// `"levels × 3.0 m"`.
    Inferred(&'static str),
}

/// A value with its [`Origin`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Known<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Known<T> {
    /// A value that the source states.
    pub const fn stated(value: T) -> Self {
        Self { value, origin: Origin::Stated }
    }

    /// A value that `rule` infers.
    pub const fn inferred(value: T, rule: &'static str) -> Self {
        Self { value, origin: Origin::Inferred(rule) }
    }

    /// Whether the source states the value.
    pub fn is_stated(&self) -> bool {
        self.origin == Origin::Stated
    }
}
