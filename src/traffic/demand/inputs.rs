//! A city's own zones and trips instead of the estimate: pure readers of CSV text. Every error names line and column.

use citytwin_model::{Anchor, Coord, LonLat};

use super::{
    people::People,
    purpose::{JOB_KINDS, OTHER, PUBLIC, RETAIL, SCHOOL},
};
use crate::table::{Row, Table, TableError};

/// What a city knows better than the estimate.
#[derive(Clone, Default, Debug)]
pub struct DemandInputs {
    pub zones: Option<ZoneTable>,
    pub trips: Option<OdTable>,
}

/// Zones with their people.
#[derive(Clone, Debug)]
pub struct ZoneTable {
    pub zones: Vec<ZoneRow>,
}

/// One zone: streets belong to the zone whose place is nearest.
#[derive(Clone, PartialEq, Debug)]
pub struct ZoneRow {
    pub name: String,
    /// City metres.
    pub at: Coord<f64>,
    pub residents: f64,
    pub jobs: f64,
    /// Retail, public and school jobs, where the table has them; the rest are others.
    pub kinds: Option<[f64; JOB_KINDS]>,
}

/// Car trips of a weekday between zones.
#[derive(Clone, Debug)]
pub struct OdTable {
    pub rows: Vec<OdRow>,
}

/// One pair.
#[derive(Clone, PartialEq, Debug)]
pub struct OdRow {
    /// Where it stands, for errors.
    pub line: usize,
    pub from: String,
    pub to: String,
    pub trips: f64,
}

impl ZoneTable {
    /// Columns `zone`, `lon` and `lat` (degree, WGS 84) or `x` and `y` (city metres), `residents`, `jobs`; optional
    /// `retail_jobs`, `public_jobs`, `school_jobs` (together at most `jobs`).
    pub fn parse(text: &str, anchor: &Anchor) -> Result<Self, TableError> {
        let kinds = ["retail_jobs", "public_jobs", "school_jobs"];
        let optional = [&["lon", "lat", "x", "y"][..], &kinds].concat();
        let table = Table::parse(text, &["zone", "residents", "jobs"], &optional)?;
        let placed = |a, b| table.has(a) && table.has(b);
        if placed("lon", "lat") == placed("x", "y") {
            let what = "a zone's place is lon and lat, or x and y";
            return Err(TableError { line: 1, column: "lon".into(), what: what.into() });
        }
        let mut zones = Vec::<ZoneRow>::new();
        for row in table.rows() {
            let name = row.text("zone").to_owned();
            if name.is_empty() {
                return Err(row.error("zone", "a zone needs a name"));
            }
            if zones.iter().any(|z| z.name == name) {
                return Err(row.error("zone", &format!("zone {name} stands twice")));
            }
            let at = if table.has("lon") { degrees(&row, anchor)? } else { metres(&row)? };
            let (residents, jobs) = (row.amount("residents")?, row.amount("jobs")?);
            let kinds = if kinds.iter().any(|k| table.has(k)) { Some(job_kinds(&row, &table, jobs)?) } else { None };
            zones.push(ZoneRow { name, at, residents, jobs, kinds });
        }
        if zones.iter().all(|z| z.residents <= 0.0) {
            let what = "no zone has residents";
            return Err(TableError { line: 1, column: "residents".into(), what: what.into() });
        }
        Ok(Self { zones })
    }
}

fn degrees(row: &Row<'_>, anchor: &Anchor) -> Result<Coord<f64>, TableError> {
    let place = LonLat { lon: row.number("lon")?, lat: row.number("lat")? };
    if !place.is_valid() {
        return Err(row.error("lat", "the place is not on the globe"));
    }
    let at = anchor.enu(place);
    if at.x.is_finite() && at.y.is_finite() { Ok(at) } else { Err(row.error("lon", "too far from the city")) }
}

fn metres(row: &Row<'_>) -> Result<Coord<f64>, TableError> {
    Ok(Coord { x: row.number("x")?, y: row.number("y")? })
}

fn job_kinds(row: &Row<'_>, table: &Table, jobs: f64) -> Result<[f64; JOB_KINDS], TableError> {
    let mut kinds = [0.0; JOB_KINDS];
    for (kind, column) in [(RETAIL, "retail_jobs"), (PUBLIC, "public_jobs"), (SCHOOL, "school_jobs")] {
        if table.has(column) {
            kinds[kind] = row.amount(column)?;
        }
    }
    let named: f64 = kinds.iter().sum();
    if named > jobs * (1.0 + 1e-9) {
        return Err(row.error("jobs", &format!("{named} retail, public and school jobs of {jobs}")));
    }
    kinds[OTHER] = (jobs - named).max(0.0);
    Ok(kinds)
}

impl ZoneRow {
    /// Gives the zone's streets its people: in the proportions of the estimate, evenly where it has none.
    pub(super) fn put(&self, members: &[(u32, [f64; 2])], people: &mut People, mix: &[f64; JOB_KINDS]) {
        let links: Vec<usize> = members.iter().map(|(l, _)| *l as usize).collect();
        spread(&mut people.home, &links, self.residents);
        let estimated: [f64; JOB_KINDS] =
            std::array::from_fn(|k| links.iter().map(|l| f64::from(people.jobs[k][*l])).sum());
        let total: f64 = estimated.iter().sum();
        let kinds = self.kinds.unwrap_or_else(|| {
            std::array::from_fn(|k| self.jobs * if total > 0.0 { estimated[k] / total } else { mix[k] })
        });
        for (jobs, wanted) in people.jobs.iter_mut().zip(kinds) {
            spread(jobs, &links, wanted);
        }
    }
}

fn spread(weights: &mut [f32], links: &[usize], wanted: f64) {
    let total: f64 = links.iter().map(|l| f64::from(weights[*l])).sum();
    for l in links {
        let share = if total > 0.0 { f64::from(weights[*l]) / total } else { 1.0 / links.len() as f64 };
        weights[*l] = (wanted * share) as f32;
    }
}

impl OdTable {
    /// Columns `from`, `to` (names of zones) and `trips` (cars on a weekday); `persons` may stand beside them, unread.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let table = Table::parse(text, &["from", "to", "trips"], &["persons"])?;
        let mut rows = Vec::new();
        for row in table.rows() {
            let (from, to) = (row.text("from").to_owned(), row.text("to").to_owned());
            rows.push(OdRow { line: row.line, from, to, trips: row.amount("trips")? });
        }
        Ok(Self { rows })
    }

    /// As a full matrix over zones in the order of `names`.
    pub(super) fn matrix(&self, names: &[String]) -> Result<Vec<Vec<f64>>, TableError> {
        let index: std::collections::BTreeMap<&str, usize> =
            names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
        let mut matrix = vec![vec![0.0; names.len()]; names.len()];
        for row in &self.rows {
            let find = |column: &str, name: &str| {
                let what = format!("no zone {name} with streets in it");
                let error = TableError { line: row.line, column: column.to_owned(), what };
                index.get(name).copied().ok_or(error)
            };
            matrix[find("from", &row.from)?][find("to", &row.to)?] += row.trips;
        }
        Ok(matrix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor() -> Anchor {
        Anchor::new(LonLat { lon: 10.0, lat: 50.0 })
    }

    #[test]
    fn zones_by_degree_and_by_metre() {
        let table = ZoneTable::parse("zone,lon,lat,residents,jobs\na,10,50,5,2\n", &anchor()).expect("zones");
        assert!(table.zones[0].at.x.hypot(table.zones[0].at.y) < 1e-6);
        let text = "zone,x,y,residents,jobs,retail_jobs\nb,7,8,5,10,4\n";
        let table = ZoneTable::parse(text, &anchor()).expect("zones");
        assert_eq!(table.zones[0].kinds, Some([4.0, 0.0, 0.0, 6.0]));
    }

    #[test]
    fn wrong_tables_name_line_and_column() {
        let zones = |text: &str| ZoneTable::parse(text, &anchor()).expect_err("wrong").to_string();
        for (text, says) in [
            ("zone,residents,jobs\na,1,1\n", "line 1, column \"lon\": a zone's place"),
            ("zone,x,y,residents,jobs\na,0,0,1,1\na,0,0,1,1\n", "line 3, column \"zone\": zone a stands twice"),
            ("zone,x,y,residents,jobs\na,0,0,-1,1\n", "line 2, column \"residents\": -1 is negative"),
            ("zone,x,y,residents,jobs\na,0,NaN,1,1\n", "line 2, column \"y\": \"NaN\" is not finite"),
            ("zone,lon,lat,residents,jobs\na,10,95,1,1\n", "line 2, column \"lat\": the place is not on the globe"),
            ("zone,x,y,residents,jobs,retail_jobs\na,0,0,1,1,2\n", "line 2, column \"jobs\": 2 retail"),
            ("zone,x,y,residents,jobs\na,0,0,0,1\n", "line 1, column \"residents\": no zone has residents"),
        ] {
            assert!(zones(text).starts_with(says), "{}", zones(text));
        }
        let error = OdTable::parse("from,to,trips\na,b,x\n").expect_err("wrong").to_string();
        assert_eq!(error, "line 2, column \"trips\": \"x\" is no number");
        let table = OdTable::parse("from,to,trips\na,b,1\n").expect("a table");
        let error = table.matrix(&["a".to_owned()]).expect_err("no zone b").to_string();
        assert_eq!(error, "line 2, column \"to\": no zone b with streets in it");
    }
}
