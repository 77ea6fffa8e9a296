//! Bus stops, and where vehicles stop.

use std::collections::HashMap;

use super::{Misplaced, SumoBusStop, SumoStop, collect::Element, routes::Edges, seconds};
use crate::sumo::xml::{Attributes, Failure, shortened};

/// Room that a stop has where its start is not stated, metre (SUMO: twice its POSITION_EPS).
const ROOM_M: f64 = 0.2;

/// All bus stops by name.
pub(super) struct Stops {
    pub stops: Vec<SumoBusStop>,
    names: HashMap<String, usize>,
}

impl Stops {
    pub fn resolve(elements: &[Element], edges: &Edges, problems: &mut Vec<Misplaced>) -> Self {
        let mut stops = Self { stops: Vec::new(), names: HashMap::new() };
        for Element { place, attributes } in elements {
            match bus_stop(attributes, edges) {
                Ok(stop) if stops.names.contains_key(&stop.id) => {
                    problems.push((*place, format!("bus stop {} stands twice: left out", shortened(&stop.id))));
                }
                Ok(stop) => {
                    stops.names.insert(stop.id.clone(), stops.stops.len());
                    stops.stops.push(stop);
                }
                Err(what) => problems.push((*place, format!("{what}: left out"))),
            }
        }
        stops
    }

    /// A `<stop>`: at a bus stop, on a lane, or on an edge's lane at the kerb.
    pub fn stop(&self, a: &Attributes, edges: &Edges) -> Result<SumoStop, Failure> {
        let time = |key: &str| match a.get(key) {
            Some(text) => seconds(text).map(Some).ok_or_else(|| a.wrong(key, text, "a time")),
            None => Ok(None),
        };
        let (duration_s, until_s) = (time("duration")?, time("until")?);
        if let Some(duration_s) = duration_s.filter(|s| *s < 0.0) {
            return Err(format!("<stop>: a duration of {duration_s} s"));
        }
        if duration_s.is_none() && until_s.is_none() {
            return Err("<stop> has no `duration` and no `until`".into());
        }
        if let Some(name) = a.get("busStop").or(a.get("trainStop")) {
            let missing = || format!("<stop>: there is no bus stop {}", shortened(name));
            let index = *self.names.get(name).ok_or_else(missing)?;
            let SumoBusStop { lane, start_m, end_m, .. } = self.stops[index];
            return Ok(SumoStop { lane, start_m, end_m, duration_s, until_s, bus_stop: Some(index) });
        }
        let lane = match (a.get("lane"), a.get("edge")) {
            (Some(name), _) => {
                edges.lane_named(name).ok_or_else(|| format!("<stop>: there is no lane {}", shortened(name)))?
            }
            (None, Some(name)) => {
                (edges.named(name).ok_or_else(|| format!("<stop>: there is no edge {}", shortened(name)))?, 0)
            }
            (None, None) => return Err("<stop> names no bus stop, lane or edge that is read".into()),
        };
        let (start_m, end_m) = stretch(a, edges.length_m(lane), |end_m| end_m - ROOM_M)?;
        Ok(SumoStop { lane, start_m, end_m, duration_s, until_s, bus_stop: None })
    }
}

fn bus_stop(a: &Attributes, edges: &Edges) -> Result<SumoBusStop, Failure> {
    let (id, lane) = (a.text("id")?, a.text("lane")?);
    let missing = || format!("bus stop {}: there is no lane {}", shortened(id), shortened(lane));
    let lane = edges.lane_named(lane).ok_or_else(missing)?;
    let (start_m, end_m) = stretch(a, edges.length_m(lane), |_| 0.0)?;
    Ok(SumoBusStop { id: id.to_owned(), name: a.owned("name"), lane, start_m, end_m })
}

/// From `startPos` to `endPos`; negative ones count from the lane's end. What would end past the lane ends with it.
fn stretch(a: &Attributes, length_m: f64, start: impl Fn(f64) -> f64) -> Result<(f64, f64), Failure> {
    let along = |m: f64| if m < 0.0 { m + length_m } else { m };
    let end_m = a.optional("endPos")?.map_or(length_m, along).min(length_m);
    let start_m = a.optional("startPos")?.map_or_else(|| start(end_m).max(0.0), along);
    let fits = (0.0..end_m).contains(&start_m);
    fits.then_some((start_m, end_m)).ok_or_else(|| {
        let name = a.named();
        format!("<{}{name}>: from {start_m} m to {end_m} m is no stretch of a lane of {length_m} m", a.tag)
    })
}
