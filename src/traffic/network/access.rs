//! Which links cars may use.

use citytwin_model::{AccessLevel, City, Link, RoadClass};

/// Motor roads open to cars at least for reaching something on them (`Destination`); bus ways and private
/// roads are not used.
pub fn cars_may_use(city: &City, link: &Link) -> bool {
    let Some(road) = city.roads.get(link.road.index()) else { return false };
    let good = link.length_m.is_finite() && link.length_m > 0.0 && link.speed_mps.is_finite() && link.speed_mps > 0.0;
    let inside = link.first < link.last && (link.last as usize) < road.line.0.len();
    good && inside
        && link.from.index() < city.nodes.len()
        && link.to.index() < city.nodes.len()
        && road.class.is_motor()
        && road.class != RoadClass::Busway
        && road.access.car >= AccessLevel::Destination
}

/// Whether through traffic is forbidden.
pub fn is_for_access_only(city: &City, link: &Link) -> bool {
    city.roads[link.road.index()].access.car == AccessLevel::Destination
}
