//! Who may use a lane: SUMO's vehicle classes as a set.

use crate::sumo::SumoClass;

/// A set of vehicle classes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Users(u64);

impl Users {
    pub const NOBODY: Self = Self(0);
    pub const ALL: Self = Self((1 << SumoClass::COUNT) - 1);
    pub const CARS: Self = Self(1 << SumoClass::PASSENGER.index());

    /// One class by its name; who ignores permissions passes as all. `None` for a name SUMO does not have.
    pub fn class(name: &str) -> Option<Self> {
        let class = SumoClass::of(name)?;
        Some(if class.ignores_permissions() { Self::ALL } else { Self(1 << class.index()) })
    }

    /// Whom a lane's `allow` and `disallow` let in.
    pub fn of_lane(allow: Option<&str>, disallow: Option<&str>) -> Self {
        let listed = |words: &str| {
            let bits = |w: &str| if w == "all" { Self::ALL.0 } else { Self::class(w).map_or(0, |u| u.0) };
            words.split_whitespace().map(bits).fold(0, |sum, bit| sum | bit)
        };
        match (allow, disallow) {
            (Some(allow), _) => Self(listed(allow)),
            (None, Some(disallow)) => Self(Self::ALL.0 & !listed(disallow)),
            (None, None) => Self::ALL,
        }
    }

    /// Whether a lane for these users is open to some of `who`.
    pub fn admit(self, who: Self) -> bool {
        self.0 & who.0 != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_admit_whom_they_name() {
        let bus = Users::class("bus").expect("a class");
        let car = Users::class("passenger").expect("a class");
        let check = |allow, disallow, expected: (bool, bool)| {
            let lane = Users::of_lane(allow, disallow);
            assert_eq!((lane.admit(car), lane.admit(bus)), expected, "{allow:?} {disallow:?}");
        };
        check(None, None, (true, true));
        check(Some("bus taxi"), None, (false, true));
        check(None, Some("bus tram"), (true, false));
        check(Some("all"), None, (true, true));
        check(None, Some("all"), (false, false));
        check(Some(""), None, (false, false));
        assert!(Users::of_lane(Some("bus"), None).admit(Users::class("ignoring").expect("a class")));
        assert_eq!(Users::class("submarine"), None);
        assert_eq!(Users::class("passenger"), Some(Users::CARS));
    }
}
