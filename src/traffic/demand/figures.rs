//! Published figures by area: the model's rates, and what its results are shown beside. The tables are
//! `assets/traffic/areas.csv` and `figures.csv`; each row has its source.

use std::sync::LazyLock;

use citytwin_model::{City, LonLat};

use crate::table::{Table, TableError};

const AREAS: &str = include_str!("../../../assets/traffic/areas.csv");
const FIGURES: &str = include_str!("../../../assets/traffic/figures.csv");

/// One published number.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    /// A country's code, a box of `areas.csv`, or `*` for anywhere.
    pub area: String,
    pub quantity: String,
    pub value: f64,
    pub unit: String,
    pub source: String,
    pub year: u16,
    /// Whether the model uses it; the others are only shown beside its results.
    pub used: bool,
}

struct Area {
    name: String,
    country: String,
    /// West, south, east, north, degree.
    bounds: [f64; 4],
}

static TABLES: LazyLock<(Vec<Area>, Vec<Figure>)> =
    LazyLock::new(|| read(AREAS, FIGURES).expect("the tables are checked by a test"));

/// The figures that hold for one place, the most local first.
pub struct Figures {
    rows: Vec<&'static Figure>,
}

impl Figures {
    pub fn of(city: &City) -> Self {
        let country = city.country.as_ref().map_or("", |c| c.value.as_str());
        Self::at(country, city.bounds.centre())
    }

    /// Those of a country (ISO alpha-2) and of the boxes about a place in it.
    pub fn at(country: &str, place: LonLat) -> Self {
        let (areas, figures) = &*TABLES;
        let mut boxes: Vec<&Area> = areas.iter().filter(|a| a.country == country && a.holds(place)).collect();
        boxes.sort_by(|a, b| a.size().total_cmp(&b.size()));
        let names: Vec<&str> = boxes.iter().map(|a| a.name.as_str()).chain([country, "*"]).collect();
        let rows = names.iter().flat_map(|name| figures.iter().filter(move |f| f.area == *name)).collect();
        Self { rows }
    }

    /// The figure that the model uses.
    pub fn figure(&self, quantity: &str) -> &'static Figure {
        let found = self.rows.iter().find(|f| f.used && f.quantity == quantity);
        found.unwrap_or_else(|| panic!("assets/traffic/figures.csv has no {quantity} for *"))
    }

    pub fn value(&self, quantity: &str) -> f64 {
        self.figure(quantity).value
    }

    /// All figures of a quantity, the most local first; those for anywhere only where there is no other.
    pub fn published(&self, quantity: &str) -> Vec<&'static Figure> {
        let all: Vec<_> = self.rows.iter().filter(|f| f.quantity == quantity).copied().collect();
        let local: Vec<_> = all.iter().filter(|f| f.area != "*").copied().collect();
        if local.is_empty() { all } else { local }
    }
}

impl Area {
    fn holds(&self, at: LonLat) -> bool {
        let [west, south, east, north] = self.bounds;
        (west..=east).contains(&at.lon) && (south..=north).contains(&at.lat)
    }

    fn size(&self) -> f64 {
        (self.bounds[2] - self.bounds[0]) * (self.bounds[3] - self.bounds[1])
    }
}

fn read(areas: &str, figures: &str) -> Result<(Vec<Area>, Vec<Figure>), TableError> {
    let table = Table::parse(areas, &["area", "country", "west", "south", "east", "north", "source"], &[])?;
    let mut boxes = Vec::new();
    for row in table.rows() {
        let bounds = [row.number("west")?, row.number("south")?, row.number("east")?, row.number("north")?];
        boxes.push(Area { name: row.text("area").to_owned(), country: row.text("country").to_owned(), bounds });
    }
    let needed = ["area", "quantity", "value", "unit", "use", "year", "read", "source"];
    let table = Table::parse(figures, &needed, &[])?;
    let mut rows = Vec::new();
    for row in table.rows() {
        if row.text("source").is_empty() {
            return Err(row.error("source", "every figure needs one"));
        }
        if !["reread", "memory", "own"].contains(&row.text("read")) {
            return Err(row.error("read", "reread, memory or own"));
        }
        rows.push(Figure {
            area: row.text("area").to_owned(),
            quantity: row.text("quantity").to_owned(),
            value: row.amount("value")?,
            unit: row.text("unit").to_owned(),
            source: row.text("source").to_owned(),
            year: row.amount("year")? as u16,
            used: row.text("use") == "model",
        });
    }
    Ok((boxes, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sound() {
        let (areas, figures) = read(AREAS, FIGURES).expect("sound");
        for figure in &figures {
            let known = figure.area == "*" || figure.area.len() == 2 || areas.iter().any(|a| a.name == figure.area);
            assert!(known, "{figure:?}");
            let twin = figures.iter().filter(|f| f.area == figure.area && f.quantity == figure.quantity).count();
            assert_eq!(twin, 1, "{} {}", figure.area, figure.quantity);
        }
        for country in ["*", "FI", "BR", "US", "FR", "PT"] {
            let figures = Figures::at(country, LonLat { lon: 0.0, lat: 0.0 });
            let modes = ["car_driver", "car_passenger", "transit", "bicycle", "foot"];
            let sum: f64 = modes.iter().map(|m| figures.value(&format!("share_{m}"))).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{country}: {sum}");
            assert!(figures.value("mean_trip_km") > figures.value("median_trip_km"), "{country}");
        }
    }

    /// The smallest box speaks first, then its country, then anywhere.
    #[test]
    fn local_figures_come_first() {
        let monaco = Figures::at("FR", LonLat { lon: 7.42, lat: 43.74 });
        assert_eq!(monaco.figure("dwelling_occupied_share").area, "Côte d'Azur");
        assert_eq!(monaco.figure("dwelling_m2_per_person").area, "FR");
        assert_eq!(monaco.figure("detour").area, "*");
    }
}
