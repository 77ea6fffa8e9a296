//! Where a city is worth looking at first: the box that holds most of what is built, not the box of the map.

use citytwin_model::City;
use geo::{BoundingRect, Coord};

/// Fewer buildings than this say nothing; the streets speak instead.
const FEWEST_BUILDINGS: usize = 200;
/// Share of the floor area (or of the street nodes) left out on each side of each axis.
const LEFT_OUT: f64 = 0.16;

/// South-west and north-east corner, city metres; `None` for a map without streets and buildings.
pub fn built_up(city: &City) -> Option<([f32; 2], [f32; 2])> {
    let buildings = || {
        city.buildings.iter().filter_map(|building| {
            let rect = building.volume.footprint.bounding_rect()?;
            Some((rect.center(), building.floor_area_m2()))
        })
    };
    let places: Vec<(Coord<f64>, f64)> = if city.buildings.len() >= FEWEST_BUILDINGS {
        buildings().collect()
    } else {
        city.nodes.iter().map(|node| (node.at, 1.0)).collect()
    };
    let (west, east) = middle(places.iter().map(|(at, weight)| (at.x, *weight)).collect())?;
    let (south, north) = middle(places.iter().map(|(at, weight)| (at.y, *weight)).collect())?;
    Some(([west as f32, south as f32], [east as f32, north as f32]))
}

/// The interval that holds the weight but for [`LEFT_OUT`] on either side.
fn middle(mut values: Vec<(f64, f64)>) -> Option<(f64, f64)> {
    values.retain(|(value, weight)| value.is_finite() && weight.is_finite() && *weight > 0.0);
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    let at = |share: f64| {
        let mut sum = 0.0;
        let found = values.iter().find(|(_, weight)| {
            sum += weight;
            sum >= share * total
        });
        found.or(values.last()).map(|(value, _)| *value)
    };
    Some((at(LEFT_OUT)?, at(1.0 - LEFT_OUT)?))
}

#[cfg(test)]
mod tests {
    use super::middle;

    #[test]
    fn outliers_do_not_move_the_frame() {
        let mut values: Vec<_> = (0..=100).map(|i| (f64::from(i), 1.0)).collect();
        values.push((1e6, 1.0));
        values.push((f64::NAN, 1.0));
        let (low, high) = middle(values).unwrap();
        assert!((15.0..=17.0).contains(&low) && (84.0..=87.0).contains(&high), "{low} {high}");
        assert_eq!(middle(Vec::new()), None);
    }
}
