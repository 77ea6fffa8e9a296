//! Circles with shares of their own, as circles on the map.

use bevy::prelude::*;
use citytwin_twin::{CityModel, Stated};
use citytwin_view::Rings;

pub fn plugin(app: &mut App) {
    app.add_systems(Update, rings);
}

fn rings(stated: Option<Res<Stated>>, city: Option<Res<CityModel>>, mut rings: ResMut<Rings>) {
    let now = stated.zip(city).map_or_else(Vec::new, |(stated, city)| {
        let circle =
            |of: &citytwin_model::PartShare| of.part.within.map(|area| (city.0.anchor.enu(area.centre), area.radius_m));
        stated.0.parts.iter().filter_map(circle).collect()
    });
    rings.set_if_neq(Rings(now));
}
