//! Land, water, waterways, trees, railways and the map's energy assets.

use citytwin_model::{Anchor, City};

use crate::raw::RawMap;

/// Fills the city's surfaces and map energy assets, and adds the problems found.
pub fn read(_raw: &RawMap, _anchor: &Anchor, _city: &mut City) {}
