//! JSON by paths: simple paths and queries give the same.

use citytwin_feeds::decode::{DecodeError, Decoder, JsonFields, PlainJson, TimeFormat, Value};
use citytwin_model::Quality;

use crate::{at, find, number, read, refusal, rows};

fn decoder(fields: &JsonFields) -> Decoder {
    Decoder::Json(PlainJson::new(fields).unwrap())
}

fn fields(values: &[(&str, &str)]) -> JsonFields {
    let values = values.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect();
    JsonFields { values, ..JsonFields::default() }
}

/// The example document of RFC 9535, 1.5 (re-read in the working group's last draft before the RFC,
/// `ietf-wg-jsonpath/draft-ietf-jsonpath-base`, `auth48`).
const STORE: &str = r#"{ "store": { "book": [
  { "category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century", "price": 8.95 },
  { "category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour", "price": 12.99 },
  { "category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553-21311-3", "price": 8.99 },
  { "category": "fiction", "author": "J. R. R. Tolkien", "title": "The Lord of the Rings", "isbn": "0-395-19395-8",
    "price": 22.99 } ], "bicycle": { "color": "red", "price": 399 } } }"#;

#[test]
fn one_value_by_many_paths() {
    let rows = [
        ("$.store.bicycle.price", number(399.0)),
        ("$['store']['bicycle'].price", number(399.0)),
        (r#"$["store"].bicycle["color"]"#, Value::Text("red".into())),
        ("$.store.book[2].price", number(8.99)),
        // Table 2, as far as it selects one value.
        ("$..book[2].author", Value::Text("Herman Melville".into())),
        ("$..book[-1].title", Value::Text("The Lord of the Rings".into())),
        // Other queries.
        ("$.store.book[-1].price", number(22.99)),
        ("$..bicycle.price", number(399.0)),
        ("$.store.book[?@.title == 'Moby Dick'].price", number(8.99)),
        ("$.store.book[?@.price < 8.97].author", Value::Text("Nigel Rees".into())),
    ];
    for (path, expected) in rows {
        let mut decoder = decoder(&fields(&[("x", path)]));
        let decoded = read(&mut decoder, "", STORE);
        assert_eq!(find(&decoded, "x").value, expected, "{path}");
    }
    for absent in ["$..book[2].publisher", "$.store.car", "$.store.book[9].price", "$.store.bicycle[0]", "$..car"] {
        assert_eq!(read(&mut decoder(&fields(&[("x", absent)])), "", STORE).observations, [], "{absent}");
    }
}

/// RFC 9535, table 2, as far as it selects several: its queries as `each`.
#[test]
fn items_by_the_queries_of_the_standard() {
    let titles = ["Sayings of the Century", "Sword of Honour", "Moby Dick", "The Lord of the Rings"];
    let several: [(&str, &[usize]); 8] = [
        ("$.store.book[*]", &[0, 1, 2, 3]),
        ("$..book[2]", &[2]),
        ("$..book[-1]", &[3]),
        ("$..book[0,1]", &[0, 1]),
        ("$..book[:2]", &[0, 1]),
        ("$..book[?@.isbn]", &[2, 3]),
        ("$..book[?@.price<10]", &[0, 2]),
        // 1.4.3.
        ("$.store.book[?@.price < 10]", &[0, 2]),
    ];
    for (each, books) in several {
        let fields = JsonFields { each: Some(each.into()), ..fields(&[("x", "@.title")]) };
        let mut decoder = decoder(&fields);
        let found: Vec<_> = read(&mut decoder, "", STORE).observations.into_iter().map(|o| o.value).collect();
        let expected: Vec<_> = books.iter().map(|book| Value::Text(titles[*book].into())).collect();
        assert_eq!(found, expected, "{each}");
    }
    let authors = ["Nigel Rees", "Evelyn Waugh", "Herman Melville", "J. R. R. Tolkien"].map(|a| Value::Text(a.into()));
    let prices = [8.95, 12.99, 8.99, 22.99, 399.0].map(number);
    let single: [(&str, &[Value<'_>]); 3] =
        [("$.store.book[*].author", &authors), ("$..author", &authors), ("$.store..price", &prices)];
    for (each, expected) in single {
        let fields = JsonFields { each: Some(each.into()), ..fields(&[("x", "@")]) };
        let mut decoder = decoder(&fields);
        let found: Vec<_> = read(&mut decoder, "", STORE).observations.into_iter().map(|o| o.value).collect();
        // An object's members have no order (2.3.2.2, 2.5.2.2): the bicycle may come before the books.
        assert_eq!(found.len(), expected.len(), "{each}");
        assert!(expected.iter().all(|value| found.contains(value)), "{each}: {found:?}");
    }
}

#[test]
fn items_with_what_they_share() {
    let payload = r#"{"gateway":"gw7","at":1714564740,"readings":[
        {"id":"a","v":1.5,"q":"OK","u":"kW","x":-8.6,"y":41.1},{"id":"b","v":null,"q":"OK"},{"id":"c","q":"OK"}]}"#;
    let simple = JsonFields {
        each: Some("$.readings[*]".into()),
        device: Some("@.id".into()),
        time: Some("$.at".into()),
        quality: Some("@.q".into()),
        quality_words: vec![("OK".into(), Quality::Good)],
        unit: Some("@.u".into()),
        lon: Some("@.x".into()),
        lat: Some("@.y".into()),
        ..fields(&[("power", "@.v"), ("gateway", "$.gateway")])
    };
    // The same as queries.
    let query = JsonFields { each: Some("$['readings'][0:]".into()), ..simple.clone() };
    for fields in [simple, query] {
        let mut decoder = decoder(&fields);
        let decoded = read(&mut decoder, "", payload);
        let expected = [
            ("a", "power", number(1.5)),
            ("a", "gateway", Value::Text("gw7".into())),
            ("b", "power", Value::Missing),
            ("b", "gateway", Value::Text("gw7".into())),
            ("c", "gateway", Value::Text("gw7".into())),
        ];
        assert_eq!(rows(&decoded), expected);
        let first = &decoded.observations[0];
        assert_eq!(first.observed_at, at("2024-05-01T11:59:00Z"));
        assert_eq!(first.unit.as_deref(), Some("kW"));
        assert_eq!(first.place.map(|p| (p.lon, p.lat)), Some((-8.6, 41.1)));
    }
}

#[test]
fn arrays_and_objects_of_items() {
    let each = |path: &str| JsonFields { each: Some(path.into()), ..fields(&[("v", "@.v")]) };
    for (path, payload) in [
        ("$[*]", r#"[{"v":1},{"v":2}]"#),
        ("$.*", r#"{"a":{"v":1},"b":{"v":2}}"#),
        ("$.x[1][*]", r#"{"y":[],"x":[0,[{"v":1},{"v":2}],3]}"#),
        ("$..s[*]", r#"{"p":{"s":[{"v":1},{"v":2}]}}"#),
    ] {
        let mut decoder = decoder(&each(path));
        let values: Vec<_> = read(&mut decoder, "", payload).observations.into_iter().map(|o| o.value).collect();
        assert_eq!(values, [number(1.0), number(2.0)], "{path}");
    }
}

#[test]
fn times_by_format() {
    let with = |format: TimeFormat, text: &str| {
        let fields = JsonFields { time: Some("$.t".into()), time_format: format, ..fields(&[("v", "$.v")]) };
        let payload = format!(r#"{{"v":1,"t":{text}}}"#);
        decoder(&fields).decode(crate::message("", payload.as_bytes())).unwrap().observations[0].observed_at
    };
    let expected = at("2024-05-01T11:59:00Z");
    assert_eq!(with(TimeFormat::Auto, r#""2024-05-01T13:59:00+02:00""#), expected);
    assert_eq!(with(TimeFormat::UnixMilliseconds, "1714564740000"), expected);
    assert_eq!(with(TimeFormat::UnixSeconds, r#""1714564740""#), expected);
    assert_eq!(with(TimeFormat::Auto, "null"), None);
    assert_eq!(with(TimeFormat::Pattern("%Y%m%dT%H%M%S%z".into()), r#""20240501T115900+0000""#), expected);
}

#[test]
fn wrong_documents() {
    let plain = || decoder(&fields(&[("v", "$.v")]));
    let rows: [(&[u8], &str); 9] = [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"{\"v\":1}x", "malformed"),
        (b"{\"v\":1e999}", "malformed"),
        (b"{\"v\":NaN}", "malformed"),
        (b"{\"v\":[1]}", "wrong type"),
        (b"\xff", "not UTF-8"),
        (b"{\"v\":\"\\ud800\"}", "malformed"),
        (b"{\"x\":}", "malformed"),
    ];
    for (payload, kind) in rows {
        assert_eq!(refusal(&mut plain(), "", payload).kind(), kind, "{}", String::from_utf8_lossy(payload));
    }
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    // What no path asks for is passed over without recursion; a document that must be built is refused.
    assert_eq!(read(&mut plain(), "", &deep).observations, []);
    assert_eq!(refusal(&mut decoder(&fields(&[("v", "$..v")])), "", deep.as_bytes()).kind(), "malformed");
    let items = JsonFields { each: Some("$.r[*]".into()), ..fields(&[("v", "@.v")]) };
    assert_eq!(refusal(&mut decoder(&items), "", b"{}"), DecodeError::Missing("each".into()));
    let many = format!("{{\"r\":[{}0]}}", "{\"v\":1},".repeat(200_001));
    assert_eq!(refusal(&mut decoder(&items), "", many.as_bytes()), DecodeError::TooMany);
    let quality = JsonFields { quality: Some("$.q".into()), ..fields(&[("v", "$.v")]) };
    assert_eq!(refusal(&mut decoder(&quality), "", br#"{"v":1,"q":"odd"}"#).kind(), "protocol");
    let several = fields(&[("v", "$[*].v")]);
    assert_eq!(refusal(&mut decoder(&several), "", br#"[{"v":1},{"v":2}]"#).kind(), "protocol");
}

#[test]
fn wrong_paths_say_which() {
    for path in ["v", "", "$.", "$[", "$.a[?", "@.v", "$['a"] {
        let error = PlainJson::new(&fields(&[("speed", path)])).unwrap_err();
        assert_eq!(error.field, "speed", "{path}");
    }
}
