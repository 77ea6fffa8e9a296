//! Trips between the edges of a net, as CSV.

use crate::table::{Table, TableError};

/// Trips of one row: no demand is larger, and beyond it sums of cost lose their digits (as in TNTP files).
const MOST_TRIPS: f64 = 1e12;

/// One pair of edges, by their names.
#[derive(Clone, PartialEq, Debug)]
pub struct EdgeTrips {
    /// Where it stands, for errors.
    pub line: usize,
    pub from: String,
    pub to: String,
    /// Vehicles in the time that the net's capacities are given for: an hour.
    pub trips: f64,
}

/// Columns `origin`, `destination` (names of edges) and `trips`.
///
/// # Errors
/// The first thing wrong, a table without rows included.
pub fn read_trips(text: &str) -> Result<Vec<EdgeTrips>, TableError> {
    let table = Table::parse(text, &["origin", "destination", "trips"], &[])?;
    let read = |row: crate::table::Row<'_>| {
        let edge = |column| match row.text(column) {
            "" => Err(row.error(column, "the name of an edge is missing")),
            name => Ok(name.to_owned()),
        };
        let trips = row.amount_up_to("trips", MOST_TRIPS, "larger than any demand; check the unit")?;
        Ok(EdgeTrips { line: row.line, from: edge("origin")?, to: edge("destination")?, trips })
    };
    table.rows().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trips_are_read_as_spreadsheets_write_them() {
        let text = "\u{feff}origin,destination,trips\r\n\r\n-12#1, \"a, b\" ,2.5\r\n";
        let row = EdgeTrips { line: 3, from: "-12#1".into(), to: "a, b".into(), trips: 2.5 };
        assert_eq!(read_trips(text), Ok(vec![row]));
    }

    #[test]
    fn wrong_trips_name_line_and_column() {
        for (text, says) in [
            ("", "line 1, column \"origin\": the table is empty"),
            ("origin,destination,trips\n", "line 1, column \"origin\": the table holds no rows"),
            ("from,to,trips\na,b,1\n", "line 1, column \"from\": unknown column"),
            ("origin,destination,trips\na,b\n", "line 2, column \"trips\": 2 fields, the header has 3"),
            ("origin,destination,trips\na,,1\n", "line 2, column \"destination\": the name of an edge is missing"),
            ("origin,destination,trips\na,b,-1\n", "line 2, column \"trips\": -1 is negative"),
            ("origin,destination,trips\na,b,NaN\n", "line 2, column \"trips\": \"NaN\" is not finite"),
            ("origin,destination,trips\na,b,1e13\n", "line 2, column \"trips\": 1e13 is more than 1000000000000"),
        ] {
            let error = read_trips(text).expect_err("wrong").to_string();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
