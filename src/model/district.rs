//! The districts of a city: the named ones of its map or, where these are too few, five sectors by compass.
//!
//! Owns the rule by which a position belongs to a district. No map of nodes tells where a district ends, so that this is
//! always inferred, and [`Districts::rule`] says how.

use std::cmp::Ordering;

use geo::{BoundingRect, Coord};

use crate::{Building, City, DistrictId, LonLat, Origin, SourceRef};

/// Share of the buildings within the radius that sectors are measured by. The last tenth may lie far out.
const HELD_SHARE: f64 = 0.9;
/// Share of that radius within which the centre lies.
const CENTRE_SHARE: f64 = 0.4;

const NEAREST: &str = "the nearest borough, suburb, quarter or neighbourhood that the map names";
const ABOUT_BUILDINGS: &str = "the compass about the middle of the buildings (the median east and north); Centre is within 40 % of the radius that \
                               holds 90 % of them";
const ABOUT_MAP: &str = "the compass about the middle of the map, which has no buildings; Centre is within 40 % of the way to its nearest edge";

/// A part of a city.
#[derive(Clone, PartialEq, Debug)]
pub struct District {
    /// The map's node, or `sector/north`.
    pub source: SourceRef,
    pub name: String,
    /// A point in it, city metres.
    pub at: Coord<f64>,
    /// Of name and point. Where it ends is inferred in any case: [`Districts::rule`].
    pub origin: Origin,
}

/// Which district a position of a city is of.
#[derive(Clone, PartialEq, Debug)]
pub struct Districts {
    list: Vec<District>,
    rule: &'static str,
    sectors: Option<Sectors>,
}

/// Five parts by compass.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Sectors {
    middle: Coord<f64>,
    /// Radius of the one in the middle, metre.
    centre_m: f64,
}

impl Districts {
    /// The districts that the map names, where these are at least two; five sectors otherwise: "Centre", and "North",
    /// "East", "South" and "West" of it, each a quarter about its direction.
    pub fn of(city: &City) -> Self {
        if city.districts.len() >= 2 {
            return Self { list: city.districts.clone(), rule: NEAREST, sectors: None };
        }
        let (middle, reach_m, rule) = match middle_of(&city.buildings) {
            Some((middle, reach_m)) => (middle, reach_m, ABOUT_BUILDINGS),
            None => {
                let (middle, reach_m) = middle_of_map(city);
                (middle, reach_m, ABOUT_MAP)
            }
        };
        let sector = |(name, word, x, y): (&str, &str, f64, f64)| District {
            source: SourceRef::local("sector", word),
            name: name.to_owned(),
            at: middle + Coord { x, y } * (0.5 * (1.0 + CENTRE_SHARE) * reach_m),
            origin: Origin::Inferred(rule),
        };
        let list = [
            ("Centre", "centre", 0.0, 0.0),
            ("North", "north", 0.0, 1.0),
            ("East", "east", 1.0, 0.0),
            ("South", "south", 0.0, -1.0),
            ("West", "west", -1.0, 0.0),
        ];
        let sectors = Some(Sectors { middle, centre_m: CENTRE_SHARE * reach_m });
        Self { list: list.map(sector).into(), rule, sectors }
    }

    /// All of them; their positions are their ids.
    pub fn list(&self) -> &[District] {
        &self.list
    }

    /// How it is told to which one something belongs: what stands behind "by".
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// Whether they are named by the map.
    pub fn are_named(&self) -> bool {
        self.sectors.is_none()
    }

    /// The district of a position, which may lie anywhere. As many steps as there are districts.
    pub fn at(&self, at: Coord<f64>) -> DistrictId {
        DistrictId::from_index(match self.sectors {
            Some(sectors) => sectors.position(at),
            None => {
                let square = |district: &District| {
                    let way = district.at - at;
                    way.x * way.x + way.y * way.y
                };
                let squares = self.list.iter().map(square).enumerate();
                squares.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(index, _)| index)
            }
        })
    }
}

impl Sectors {
    fn position(self, at: Coord<f64>) -> usize {
        let way = at - self.middle;
        let across = way.x.abs() > way.y.abs();
        match () {
            () if way.x.hypot(way.y) <= self.centre_m => 0,
            () if across && way.x > 0.0 => 2,
            () if across => 4,
            () if way.y > 0.0 => 1,
            () => 3,
        }
    }
}

/// The median place of buildings, and the radius about it that holds [`HELD_SHARE`] of them, metre; `None` without any.
fn middle_of(buildings: &[Building]) -> Option<(Coord<f64>, f64)> {
    let places = buildings.iter().filter_map(|building| Some(building.volume.footprint.bounding_rect()?.center()));
    let places: Vec<Coord<f64>> = places.filter(|at| at.x.is_finite() && at.y.is_finite()).collect();
    let middle = Coord {
        x: at_share(places.iter().map(|at| at.x).collect(), 0.5)?,
        y: at_share(places.iter().map(|at| at.y).collect(), 0.5)?,
    };
    let distances = places.iter().map(|at| (at.x - middle.x).hypot(at.y - middle.y));
    Some((middle, at_share(distances.collect(), HELD_SHARE)?))
}

/// The least of the values that a share of them does not exceed.
fn at_share(mut values: Vec<f64>, share: f64) -> Option<f64> {
    let rank = (share * values.len() as f64).ceil() as usize;
    let rank = rank.clamp(1, values.len().max(1)) - 1;
    let order: fn(&f64, &f64) -> Ordering = f64::total_cmp;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(rank, order).1)
}

/// The middle of the map, and how far its nearest edge is, metre.
fn middle_of_map(city: &City) -> (Coord<f64>, f64) {
    let middle = city.anchor.enu(city.bounds.centre());
    let corner = city.anchor.enu(LonLat { lon: city.bounds.east, lat: city.bounds.north });
    (middle, (corner.x - middle.x).abs().min((corner.y - middle.y).abs()))
}

#[cfg(test)]
mod tests {
    use geo::{MultiPolygon, Rect};

    use super::*;
    use crate::{Anchor, BuildingId, BuildingUse, GeoBounds, Known, Roof, RoofShape, Tags, Volume};

    const BOUNDS: GeoBounds = GeoBounds { west: 9.98, south: 49.98, east: 10.02, north: 50.02 };

    /// A city with a building of 2 m × 2 m about each point.
    fn city(buildings: &[(f64, f64)], districts: &[(&str, f64, f64)]) -> City {
        let mut city = City::empty("test", Anchor::new(BOUNDS.centre()), BOUNDS);
        city.buildings = buildings.iter().map(|at| building(*at)).collect();
        let named = |(name, x, y): &(&str, f64, f64)| District {
            source: SourceRef::Node(1),
            name: (*name).to_owned(),
            at: Coord { x: *x, y: *y },
            origin: Origin::Stated,
        };
        city.districts = districts.iter().map(named).collect();
        city
    }

    fn building((x, y): (f64, f64)) -> Building {
        let corner = |d: f64| Coord { x: x + d, y: y + d };
        let footprint = MultiPolygon::new(vec![Rect::new(corner(-1.0), corner(1.0)).to_polygon()]);
        let roof = Roof {
            shape: Known::stated(RoofShape::Flat),
            height_m: Known::stated(0.0),
            direction_deg: None,
            across: false,
            colour: None,
            material: None,
        };
        let volume = Volume {
            footprint,
            height_m: Known::stated(9.0),
            min_height_m: Known::stated(0.0),
            levels: Known::stated(3.0),
            roof,
            colour: None,
            material: None,
        };
        Building {
            id: BuildingId(0),
            source: SourceRef::Way(1),
            name: None,
            usage: Known::stated(BuildingUse::Apartments),
            volume,
            parts: Vec::new(),
            tags: Tags::default(),
        }
    }

    fn check(city: &City, cases: &[(f64, f64, &str)]) {
        let districts = Districts::of(city);
        for (x, y, name) in cases {
            let id = districts.at(Coord { x: *x, y: *y });
            assert_eq!(districts.list()[id.index()].name, *name, "{x}, {y}: {}", districts.rule());
        }
    }

    #[test]
    fn what_the_map_names_goes_by_the_nearest_of_them() {
        let city = city(&[(0.0, 0.0)], &[("Altstadt", 0.0, 0.0), ("Hafen", 1_000.0, 0.0)]);
        check(&city, &[(499.0, 300.0, "Altstadt"), (501.0, 300.0, "Hafen"), (500.0, 0.0, "Altstadt")]);
        check(&city, &[(-9e6, 0.0, "Altstadt"), (9e6, 9e6, "Hafen")]);
        let districts = Districts::of(&city);
        assert!(districts.are_named() && districts.rule() == NEAREST);
        assert!(districts.list().iter().all(|district| district.origin == Origin::Stated));
    }

    /// Ten buildings in a row, 100 m apart, and one far away, by hand: the sixth of eleven stands at (300, 50), the tenth of
    /// their distances from it is 500 m, and the centre reaches 200 m.
    #[test]
    fn without_two_names_the_compass_tells() {
        let mut row: Vec<(f64, f64)> = (0..10).map(|k| (100.0 * f64::from(k) - 200.0, 50.0)).collect();
        row.push((1e5, 50.0));
        let city = city(&row, &[("Alone", 0.0, 0.0)]);
        assert_eq!(middle_of(&city.buildings), Some((Coord { x: 300.0, y: 50.0 }, 500.0)));
        let cases = [
            (300.0, 50.0, "Centre"),
            (499.0, 50.0, "Centre"),
            (501.0, 50.0, "East"),
            (300.0, 251.0, "North"),
            (99.0, 50.0, "West"),
            (300.0, -9e5, "South"),
            (500.0, 250.0, "North"),
            (501.0, 250.0, "East"),
        ];
        check(&city, &cases);
        let districts = Districts::of(&city);
        assert!(!districts.are_named());
        for (index, district) in districts.list().iter().enumerate() {
            assert_eq!(districts.at(district.at).index(), index, "its point lies in {}", district.name);
            assert_eq!(district.origin, Origin::Inferred(ABOUT_BUILDINGS));
        }
        assert_eq!(districts.list()[1].source.to_string(), "sector/north");
    }

    #[test]
    fn a_map_without_buildings_and_buildings_in_one_place_have_sectors() {
        // Half of the box is 1.43 km to the east and 2.22 km to the north: the centre reaches 573 m.
        check(&city(&[], &[]), &[(570.0, 0.0, "Centre"), (580.0, 0.0, "East"), (-1_500.0, 0.0, "West")]);
        assert_eq!(Districts::of(&city(&[], &[])).rule(), ABOUT_MAP);
        let one_place = city(&[(5.0, 5.0)], &[]);
        check(&one_place, &[(5.0, 5.0, "Centre"), (5.0, 5.1, "North"), (f64::NAN, 0.0, "South")]);
    }
}
