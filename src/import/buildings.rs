//! Buildings and their parts from closed ways and multipolygons.

use citytwin_model::{Anchor, City};

use crate::raw::RawMap;

/// Fills the city's buildings and parts, and adds the problems found.
pub fn read(_raw: &RawMap, _anchor: &Anchor, _city: &mut City) {}
