//! The box that a person gives, and the question to the server that gets a city in it.

use std::time::Duration;

use citytwin_model::GeoBounds;

use super::error::FetchError;

/// The largest box, square degree: about 55 × 55 km at the equator, 55 × 28 km at 60° N. The public server
/// refuses or chokes on much more.
pub const MAX_AREA_DEG2: f64 = 0.25;
/// Memory that the server may use, byte (its own default).
const SERVER_BYTES: u64 = 512 << 20;

/// Reads `west,south,east,north` in degrees.
pub fn parse_bbox(text: &str) -> Result<GeoBounds, FetchError> {
    let numbers: Vec<f64> =
        text.split(',').map(|number| number.trim().parse()).collect::<Result<_, _>>().map_err(|_| {
            FetchError::Bbox("write it as west,south,east,north in degrees, e.g. 7.40,43.72,7.44,43.76".into())
        })?;
    let [west, south, east, north] = numbers[..] else {
        return Err(FetchError::Bbox(format!("{} numbers where west,south,east,north are four", numbers.len())));
    };
    let bbox = GeoBounds { west, south, east, north };
    check(&bbox)?;
    Ok(bbox)
}

/// Whether a box can be asked for.
pub(super) fn check(bbox: &GeoBounds) -> Result<(), FetchError> {
    let GeoBounds { west, south, east, north } = *bbox;
    let fail = |what: String| Err(FetchError::Bbox(what));
    if ![west, south, east, north].iter().all(|degree| degree.is_finite()) {
        return fail("every number must be finite".into());
    }
    if west.abs() > 180.0 || east.abs() > 180.0 || south.abs() > 90.0 || north.abs() > 90.0 {
        return fail("longitudes lie within ±180 and latitudes within ±90; the order is west,south,east,north".into());
    }
    if west >= east {
        return fail(format!("west {west} is not less than east {east}; a box over the date line is fetched as two"));
    }
    if south >= north {
        return fail(format!("south {south} is not less than north {north}; the order is west,south,east,north"));
    }
    let area = (east - west) * (north - south);
    if area > MAX_AREA_DEG2 {
        return fail(format!(
            "{area:.2} square degrees, the limit is {MAX_AREA_DEG2}; choose a smaller box or open a regional .osm.pbf extract"
        ));
    }
    Ok(())
}

/// The Overpass query: all nodes and ways of the box, those relations that shape a city (areas, buildings of
/// several outlines, turn restrictions), and all that these consist of, so that areas reach beyond the box
/// whole. Administrative borders and routes are left out: their members would be a country's.
/// Language: <https://wiki.openstreetmap.org/wiki/Overpass_API/Overpass_QL>.
pub(super) fn overpass(bbox: &GeoBounds, timeout: Duration) -> String {
    let seconds = (timeout.as_secs_f64() * 0.9).floor().max(1.0);
    let area = format!("({},{},{},{})", bbox.south, bbox.west, bbox.north, bbox.east);
    format!(
        "[out:xml][timeout:{seconds}][maxsize:{SERVER_BYTES}];\n\
         (node{area};way{area};\
         relation{area}[\"type\"~\"^(multipolygon|building|restriction)\"][!\"boundary\"];)->.box;\n\
         (.box;way(r.box);node(r.box);)->.whole;\n\
         (.whole;node(w.whole););\n\
         out body;\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_read_in_the_order_that_maps_use() {
        let bbox = parse_bbox(" 7.40, 43.72,7.44 ,43.76").unwrap();
        assert_eq!(bbox, GeoBounds { west: 7.40, south: 43.72, east: 7.44, north: 43.76 });
        let query = overpass(&bbox, Duration::from_secs(200));
        assert!(query.contains("[timeout:180]") && query.contains("node(43.72,7.4,43.76,7.44)"), "{query}");
    }

    #[test]
    fn a_bad_box_is_one_line_that_says_why() {
        let rows = [
            ("", "west,south,east,north"),
            ("a,b,c,d", "west,south,east,north"),
            ("1,2,3", "3 numbers"),
            ("1,2,3,4,5", "5 numbers"),
            ("nan,0,1,1", "finite"),
            ("0,0,inf,1", "finite"),
            ("-181,0,0.1,0.1", "±180"),
            ("0,89.9,0.1,90.1", "±90"),
            ("179.9,0,-179.9,0.1", "date line"),
            ("1,0,1,0.1", "date line"),
            ("0,1,0.1,1", "not less than north"),
            ("0,1,0.1,0.5", "not less than north"),
            ("0,0,1,1", "0.25"),
        ];
        for (text, why) in rows {
            let line = parse_bbox(text).unwrap_err().to_string();
            assert!(line.contains(why) && !line.contains('\n'), "{text}: {line}");
        }
    }

    /// A timeout below a second must not ask the server for none.
    #[test]
    fn the_server_gets_at_least_a_second() {
        let bbox = GeoBounds { west: 0.0, south: 0.0, east: 0.1, north: 0.1 };
        assert!(overpass(&bbox, Duration::from_millis(10)).contains("[timeout:1]"));
    }
}
