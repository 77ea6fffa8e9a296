//! The demand as texts to be written: zones, trips, report. Zones and trips are read again by
//! [`super::ZoneTable::parse`] and [`super::OdTable::parse`], so a city can correct them and hand them back.

use std::fmt::Write;

use citytwin_model::{City, Coord};

use super::{
    Demand, DemandReport, Period,
    purpose::{PUBLIC, RETAIL, SCHOOL},
};
use crate::table::field;

/// Files of `citytwin traffic demand`.
#[derive(Clone, Debug)]
pub struct DemandFiles {
    /// `zone,lon,lat,residents,jobs,retail_jobs,public_jobs,school_jobs`.
    pub zones_csv: String,
    /// `from,to,trips,persons` on a weekday between zones of the map: cars, and persons by all means.
    pub od_csv: String,
    /// `from,to,trips`: cars from, to and through the outside, by the names of the roads at the edge.
    pub gates_csv: String,
    pub report_json: String,
    pub report_md: String,
    pub report: DemandReport,
}

impl Demand {
    /// The texts; `None` where nobody travels ([`Demand::none`]).
    pub fn files(&self, city: &City) -> Option<DemandFiles> {
        let report = self.report()?;
        let (od_csv, gates_csv) = self.trip_tables();
        Some(DemandFiles {
            zones_csv: self.zone_table(city),
            od_csv,
            gates_csv,
            report_json: serde_json::to_string_pretty(&report).expect("numbers and texts") + "\n",
            report_md: format!("# Demand of {}\n\n{report}", city.name),
            report,
        })
    }

    fn zone_table(&self, city: &City) -> String {
        let mut text = "zone,lon,lat,residents,jobs,retail_jobs,public_jobs,school_jobs\n".to_owned();
        let z = &self.zones;
        for ((name, centre), (residents, jobs)) in z.names.iter().zip(&z.centres).zip(z.residents.iter().zip(&z.jobs)) {
            let place = city.anchor.lonlat(Coord { x: centre[0], y: centre[1] });
            let [retail, public, school] = [RETAIL, PUBLIC, SCHOOL].map(|k| jobs[k]);
            let all: f64 = jobs.iter().sum();
            writeln!(
                text,
                "{},{:.7},{:.7},{residents:.3},{:.3},{retail:.3},{public:.3},{school:.3}",
                field(name),
                place.lon,
                place.lat,
                // Rounded parts never exceed the whole.
                all + 0.002
            )
            .expect("to a string");
        }
        text
    }

    fn trip_tables(&self) -> (String, String) {
        let matrix = self.matrix(Period::Weekday);
        let count = self.zones.len();
        let mut inside = "from,to,trips,persons\n".to_owned();
        let mut gates = "from,to,trips\n".to_owned();
        let name = |z: usize| field(&matrix.zones[z].name);
        for (from, row) in matrix.trips.iter().enumerate() {
            let persons = self.persons_between(from);
            for (to, cars) in row {
                let to = *to as usize;
                if from < count && to < count {
                    let persons = persons.get(to).copied().unwrap_or_default();
                    writeln!(inside, "{},{},{cars:.5},{persons:.5}", name(from), name(to))
                } else {
                    writeln!(gates, "{},{},{cars:.5}", name(from), name(to))
                }
                .expect("to a string");
            }
        }
        (inside, gates)
    }

    /// Persons by all means and both ways of the day from a zone to every zone of the map.
    fn persons_between(&self, from: usize) -> Vec<f64> {
        let Some(model) = self.model.as_ref().filter(|_| from < self.zones.len()) else { return Vec::new() };
        let mut persons = vec![0.0; self.zones.len()];
        for g in &model.purposes {
            let out = g.balanced.row(&model.distances, from);
            let back = g.balanced.column(&model.distances, from);
            persons.iter_mut().zip(out.zip(back)).for_each(|(sum, (a, b))| *sum += a + b);
        }
        persons
    }
}
