//! Whether an answer is whole map data: the one pass over it before it becomes a city's map.

use std::{fs::File, io::BufReader, path::Path};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::error::{FetchError, excerpt};

/// What an answer holds.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Found {
    pub nodes: u64,
    pub ways: u64,
    pub relations: u64,
    /// `osm_base` of the server: how fresh its data is.
    pub data_from: Option<String>,
    /// Where the content of the root element begins, byte.
    pub content_at: u64,
    /// The answer states its own bounds.
    pub bounded: bool,
}

/// Reads an answer to its end. Overpass reports a query that ran out of time or memory as a `<remark>` inside
/// an answer that looks whole.
pub(super) fn check(path: &Path) -> Result<Found, FetchError> {
    let file = File::open(path).map_err(|source| FetchError::Write { path: path.to_owned(), source })?;
    let mut reader = Reader::from_reader(BufReader::with_capacity(256 * 1024, file));
    let mut found = Found::default();
    let mut buffer = Vec::new();
    let (mut depth, mut remark) = (0_u32, None::<String>);
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(|error| unreadable(depth, &error))?;
        match event {
            Event::Start(element) => {
                take(&element, depth, &mut found)?;
                remark = (depth == 1 && element.name().as_ref() == "remark").then(String::new);
                depth += 1;
                if depth == 1 {
                    found.content_at = reader.buffer_position();
                }
            }
            Event::Empty(element) if depth == 0 => {
                take(&element, depth, &mut found)?;
                return Err(FetchError::Nothing);
            }
            Event::Empty(element) => take(&element, depth, &mut found)?,
            Event::End(_) => {
                // The reader itself refuses an end without a start.
                depth = depth.saturating_sub(1);
                if let Some(said) = remark.take() {
                    return Err(FetchError::GaveUp(excerpt(&said)));
                }
            }
            Event::Text(text) => {
                if let Some(said) = &mut remark {
                    said.push_str(&text);
                } else if depth == 0 && !text.trim_ascii().is_empty() {
                    return Err(FetchError::NotMapData(excerpt(&text)));
                }
            }
            Event::DocType(_) => return Err(FetchError::NotMapData("it has a document type".into())),
            Event::Eof if depth > 0 => return Err(FetchError::Broken("its last elements are missing".into())),
            Event::Eof if found.content_at == 0 => return Err(FetchError::NotMapData("it is empty".into())),
            Event::Eof if found.nodes == 0 => return Err(FetchError::Nothing),
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn take(element: &BytesStart, depth: u32, found: &mut Found) -> Result<(), FetchError> {
    match (depth, element.name().as_ref()) {
        (0, "osm") => {}
        (0, other) => return Err(FetchError::NotMapData(format!("<{}>", excerpt(other)))),
        (1, "node") => found.nodes += 1,
        (1, "way") => found.ways += 1,
        (1, "relation") => found.relations += 1,
        (1, "bounds") => found.bounded = true,
        (1, "meta") => {
            let attribute = element.try_get_attribute("osm_base").ok().flatten();
            found.data_from = attribute.map(|value| excerpt(&value.value));
        }
        _ => {}
    }
    Ok(())
}

/// An error inside the root is a broken answer; before it, something else than map data.
fn unreadable(depth: u32, error: &quick_xml::Error) -> FetchError {
    let what = excerpt(&error.to_string());
    if depth > 0 { FetchError::Broken(what) } else { FetchError::NotMapData(what) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<Found, FetchError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        check(file.path())
    }

    #[test]
    fn an_answer_is_counted() {
        let text = r#"<?xml version="1.0"?><osm version="0.6"><note>n</note><meta osm_base="2024-05-01T00:00:00Z"/>
            <node id="1" lat="1" lon="1"/><node id="2" lat="1" lon="1"><tag k="a" v="node"/></node>
            <way id="1"><nd ref="1"/></way><relation id="1"/></osm>"#;
        let found = checked(text).unwrap();
        assert_eq!((found.nodes, found.ways, found.relations, found.bounded), (2, 1, 1, false));
        assert_eq!(found.data_from.as_deref(), Some("2024-05-01T00:00:00Z"));
        assert!(text[found.content_at as usize..].starts_with("<note>"));
        assert!(checked(r#"<osm><bounds minlat="1"/><node/></osm>"#).unwrap().bounded);
    }

    #[test]
    fn what_is_no_whole_map_is_refused() {
        let rows = [
            ("", "no OpenStreetMap data"),
            ("Too many requests", "no OpenStreetMap data"),
            ("{\"elements\":[]}", "no OpenStreetMap data"),
            ("<!DOCTYPE html><html><body>x</body></html>", "no OpenStreetMap data"),
            ("<html></html>", "<html>"),
            ("<osm/>", "nothing in this box"),
            ("<osm></osm>", "nothing in this box"),
            ("<osm><note>x</note></osm>", "nothing in this box"),
            ("<osm><node/>", "broke off"),
            ("<osm><node/><way><nd ref=", "broke off"),
            ("<osm><node></way></osm>", "broke off"),
            (
                "<osm><node/><remark> runtime error: Query timed out in \"query\" at line 1 after 181 seconds. </remark></osm>",
                "timed out",
            ),
            ("<osm><remark>runtime error: out of memory</remark><node/></osm>", "out of memory"),
        ];
        for (text, why) in rows {
            let line = checked(text).unwrap_err().to_string();
            assert!(line.contains(why) && !line.contains('\n'), "{text}: {line}");
        }
    }
}
