//! A city's own zones and trips instead of the estimate: pure readers of CSV text. Every error names line and column.

use citytwin_model::{City, Coord, GeoBounds, LonLat};

use super::{
    people::People,
    purpose::{JOB_KINDS, OTHER, PUBLIC, RETAIL, SCHOOL},
};
use crate::table::{Row, Table, TableError, shortened};

/// Residents, and jobs, of one zone: a metropolis such as Barcelona's region (5.3 million, Idescat 2020, from memory) in
/// one piece leaves no trips between zones to model.
const MOST_PEOPLE: f64 = 5e6;
/// Cars of a weekday between two zones: what 5 million residents drive at two trips each, a million in the peak hour.
const MOST_TRIPS: f64 = 1e7;
/// How far outside the map's bounds a zone may lie, metre: a table of the whole region is fine, its outer zones are
/// reported as without streets; farther off, coordinates are swapped or of another plane.
const FARTHEST_M: f64 = 20_000.0;
/// Zones of a table: trips between them grow with the square, at this number to some gigabytes. Sydney's model, the largest of the
/// TNTP collection, has 3,264.
const MOST_ZONES: usize = 5_000;

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
    ///
    /// # Errors
    /// The first thing wrong, what no zone can be included: more than 5 million residents or jobs, or a place more than 20 km
    /// outside the city's bounds.
    pub fn parse(text: &str, city: &City) -> Result<Self, TableError> {
        let kinds = ["retail_jobs", "public_jobs", "school_jobs"];
        let optional = [&["lon", "lat", "x", "y"][..], &kinds].concat();
        let table = Table::parse(text, &["zone", "residents", "jobs"], &optional)?;
        let placed = |a, b| table.has(a) && table.has(b);
        if placed("lon", "lat") == placed("x", "y") {
            let what = "a zone's place is lon and lat, or x and y";
            return Err(TableError { line: 1, column: "lon".into(), what: what.into() });
        }
        let extent = Extent::of(city);
        let mut zones = Vec::<ZoneRow>::new();
        for row in table.rows() {
            if zones.len() == MOST_ZONES {
                return Err(row.error("zone", &format!("more than {MOST_ZONES} zones; merge some")));
            }
            let name = row.text("zone").to_owned();
            if name.is_empty() {
                return Err(row.error("zone", "a zone needs a name"));
            }
            if zones.iter().any(|z| z.name == name) {
                return Err(row.error("zone", &format!("zone {} stands twice", shortened(&name))));
            }
            let at = if table.has("lon") { degrees(&row, city, &extent)? } else { metres(&row, &extent)? };
            let (residents, jobs) = (people(&row, "residents")?, people(&row, "jobs")?);
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

/// The box about the map, city metres.
struct Extent {
    least: Coord<f64>,
    most: Coord<f64>,
}

impl Extent {
    fn of(city: &City) -> Self {
        let GeoBounds { west, south, east, north } = city.bounds;
        let corners = [(west, south), (east, south), (west, north), (east, north)]
            .map(|(lon, lat)| city.anchor.enu(LonLat { lon, lat }));
        let first = corners[0];
        corners.iter().fold(Self { least: first, most: first }, |e, c| Self {
            least: Coord { x: e.least.x.min(c.x), y: e.least.y.min(c.y) },
            most: Coord { x: e.most.x.max(c.x), y: e.most.y.max(c.y) },
        })
    }

    /// How far a place lies outside, metre; 0 within.
    fn beyond(&self, at: Coord<f64>) -> f64 {
        let axis = |x: f64, least: f64, most: f64| (least - x).max(x - most).max(0.0);
        axis(at.x, self.least.x, self.most.x).hypot(axis(at.y, self.least.y, self.most.y))
    }

    fn check(&self, at: Coord<f64>, row: &Row<'_>, column: &str, advice: &str) -> Result<Coord<f64>, TableError> {
        // Where the projection ends, places are not finite.
        let beyond_m = if at.x.is_finite() && at.y.is_finite() { self.beyond(at) } else { f64::INFINITY };
        if beyond_m <= FARTHEST_M {
            return Ok(at);
        }
        let how_far =
            if beyond_m < 1e8 { format!("{:.0} km", beyond_m / 1000.0) } else { "farther than the globe".to_owned() };
        let most_km = FARTHEST_M / 1000.0;
        Err(row.error(column, &format!("the zone lies {how_far} outside the map, more than {most_km} km; {advice}")))
    }
}

fn degrees(row: &Row<'_>, city: &City, extent: &Extent) -> Result<Coord<f64>, TableError> {
    let place = LonLat { lon: row.number("lon")?, lat: row.number("lat")? };
    if !place.is_valid() {
        return Err(row.error("lat", "the place is not on the globe"));
    }
    extent.check(city.anchor.enu(place), row, "lon", "are lon and lat swapped?")
}

fn metres(row: &Row<'_>, extent: &Extent) -> Result<Coord<f64>, TableError> {
    let at = Coord { x: row.number("x")?, y: row.number("y")? };
    extent.check(at, row, "x", "x and y are metres east and north of the middle of the map, or give lon and lat")
}

fn people(row: &Row<'_>, column: &str) -> Result<f64, TableError> {
    row.amount_up_to(column, MOST_PEOPLE, "too many for one zone; split it")
}

fn job_kinds(row: &Row<'_>, table: &Table, jobs: f64) -> Result<[f64; JOB_KINDS], TableError> {
    let mut kinds = [0.0; JOB_KINDS];
    for (kind, column) in [(RETAIL, "retail_jobs"), (PUBLIC, "public_jobs"), (SCHOOL, "school_jobs")] {
        if table.has(column) {
            kinds[kind] = people(row, column)?;
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
    ///
    /// # Errors
    /// The first thing wrong; more than ten million trips in one row are.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let table = Table::parse(text, &["from", "to", "trips"], &["persons"])?;
        let mut rows = Vec::new();
        for row in table.rows() {
            let (from, to) = (row.text("from").to_owned(), row.text("to").to_owned());
            let trips =
                row.amount_up_to("trips", MOST_TRIPS, "no two zones have as many cars in a day; check the unit")?;
            rows.push(OdRow { line: row.line, from, to, trips });
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
                let what = format!("no zone {} with streets in it", shortened(name));
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
    use citytwin_model::Anchor;

    use super::*;

    /// Some 14 km wide and 22 km high.
    fn city() -> City {
        let bounds = GeoBounds { west: 9.9, south: 49.9, east: 10.1, north: 50.1 };
        City::empty("test", Anchor::new(bounds.centre()), bounds)
    }

    #[test]
    fn zones_by_degree_and_by_metre() {
        let table = ZoneTable::parse("zone,lon,lat,residents,jobs\na,10,50,5,2\n", &city()).expect("zones");
        assert!(table.zones[0].at.x.hypot(table.zones[0].at.y) < 1e-6);
        let text = "zone,x,y,residents,jobs,retail_jobs\nb,7,8,5,10,4\n";
        let table = ZoneTable::parse(text, &city()).expect("zones");
        assert_eq!(table.zones[0].kinds, Some([4.0, 0.0, 0.0, 6.0]));
    }

    #[test]
    fn wrong_tables_name_line_and_column() {
        let zones = |text: &str| ZoneTable::parse(text, &city()).expect_err("wrong").to_string();
        for (text, says) in [
            ("zone,residents,jobs\na,1,1\n", "line 1, column \"lon\": a zone's place"),
            ("zone,x,y,residents,jobs\na,0,0,1,1\na,0,0,1,1\n", "line 3, column \"zone\": zone a stands twice"),
            ("zone,x,y,residents,jobs\na,0,0,-1,1\n", "line 2, column \"residents\": -1 is negative"),
            ("zone,x,y,residents,jobs\na,0,NaN,1,1\n", "line 2, column \"y\": \"NaN\" is not finite"),
            ("zone,lon,lat,residents,jobs\na,10,95,1,1\n", "line 2, column \"lat\": the place is not on the globe"),
            ("zone,x,y,residents,jobs,retail_jobs\na,0,0,1,1,2\n", "line 2, column \"jobs\": 2 retail"),
            (
                "zone,x,y,residents,jobs\na,0,0,1e12,1\n",
                "line 2, column \"residents\": 1e12 is more than 5000000: too many for one zone; split it",
            ),
            ("zone,x,y,residents,jobs\na,0,0,1,5000001\n", "line 2, column \"jobs\": 5000001 is more than"),
            ("zone,lon,lat,residents,jobs\na,50,10,1,1\n", "line 2, column \"lon\": the zone lies 6276 km"),
            ("zone,lon,lat,residents,jobs\na,100,0,1,1\n", "line 2, column \"lon\": the zone lies"),
            (
                "zone,x,y,residents,jobs\na,0,0,1,1\nb,0,32000,1,1\n",
                "line 3, column \"x\": the zone lies 21 km outside the map, more",
            ),
            (
                "zone,x,y,residents,jobs\na,1e300,0,1,1\n",
                "line 2, column \"x\": the zone lies farther than the globe outside the map",
            ),
            ("zone,x,y,residents,jobs\n", "line 1, column \"zone\": the table holds no rows"),
            ("zone,x,y,residents,jobs\na,0,0,0,1\n", "line 1, column \"residents\": no zone has residents"),
        ] {
            assert!(zones(text).starts_with(says), "{}", zones(text));
        }
        for (text, says) in [
            ("from,to,trips\na,b,x\n", "line 2, column \"trips\": \"x\" is no number"),
            ("from,to,trips\na,b,1e300\n", "line 2, column \"trips\": 1e300 is more than 10000000: no two zones"),
            ("from,to,trips\n", "line 1, column \"from\": the table holds no rows; write them below its header"),
        ] {
            let error = OdTable::parse(text).expect_err("wrong").to_string();
            assert!(error.starts_with(says), "{error}");
        }
        let table = OdTable::parse("from,to,trips\na,b,1\n").expect("a table");
        let error = table.matrix(&["a".to_owned()]).expect_err("no zone b").to_string();
        assert_eq!(error, "line 2, column \"to\": no zone b with streets in it");
    }

    /// A region's table may reach beyond the map.
    #[test]
    fn zones_may_lie_outside_the_map_by_some_kilometres() {
        let text = "zone,x,y,residents,jobs\na,0,30000,5000000,5000000\n";
        assert!(ZoneTable::parse(text, &city()).is_ok());
    }

    #[test]
    fn zones_are_counted() {
        let mut text = "zone,x,y,residents,jobs\n".to_owned();
        (0..=MOST_ZONES).for_each(|z| text += &format!("{z},0,0,1,1\n"));
        let error = ZoneTable::parse(&text, &city()).expect_err("too many").to_string();
        assert_eq!(error, "line 5002, column \"zone\": more than 5000 zones; merge some");
    }
}
