//! How a city's sensors are, district by district. Counted now and then; no reading costs anything for it.

use citytwin_feeds::quality::Monitor;
use citytwin_model::{Districts, Sensor, SensorId, Timestamp};

use crate::status::{DistrictCounts, DistrictStatus};

/// The sensors of each district.
#[derive(Default)]
pub(crate) struct BySensors {
    rule: &'static str,
    named: bool,
    of: Vec<(String, Vec<SensorId>)>,
}

impl BySensors {
    /// Puts every sensor into its district, in the order of the districts; those without sensors are left out.
    pub fn new(districts: &Districts, sensors: &[Sensor]) -> Self {
        let mut of: Vec<_> = districts.list().iter().map(|district| (district.name.clone(), Vec::new())).collect();
        for sensor in sensors {
            if let Some((_, ids)) = of.get_mut(districts.at(sensor.at).index()) {
                ids.push(sensor.id);
            }
        }
        of.retain(|(_, ids)| !ids.is_empty());
        Self { rule: districts.rule(), named: districts.are_named(), of }
    }

    pub fn count(&self, monitor: &Monitor, now: Timestamp) -> DistrictCounts {
        let status = |(name, ids): &(String, Vec<SensorId>)| {
            let mut status = DistrictStatus { name: name.clone(), ..DistrictStatus::default() };
            for id in ids {
                match monitor.quality(*id) {
                    Some(quality) => status.qualities[quality as usize] += 1,
                    None => status.silent += 1,
                }
            }
            status.completeness = monitor.completeness(ids.iter().copied(), now);
            status
        };
        DistrictCounts { rule: self.rule, named: self.named, districts: self.of.iter().map(status).collect() }
    }
}
