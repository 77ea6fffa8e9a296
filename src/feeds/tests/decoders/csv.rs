//! Rows of recorded series as their files write them.

use citytwin_feeds::decode::{CsvFormat, Cycle, Decoder, Stamp, TimeFormat, Value};

use crate::{number, read, refusal, rows};

fn local(text: &str) -> Stamp {
    Stamp::Local(text.parse().unwrap())
}

#[test]
fn decimal_commas_and_times_in_two_columns() {
    let format = CsvFormat {
        delimiter: ';',
        decimal_comma: true,
        time: vec!["Date".into(), "Time".into()],
        time_format: TimeFormat::Pattern("%d/%m/%Y %H.%M.%S".into()),
        values: vec!["CO(GT)".into(), "T".into()],
        ..CsvFormat::default()
    };
    let file = "Date;Time;CO(GT);T;;,,,\r\n10/03/2004;18.00.00;2,6;13,6;;,\r\n;;;;;\r\n10/03/2004;19.00.00;-200;;;\r\n";
    let mut decoder = Decoder::Csv(format);
    let decoded = read(&mut decoder, "", file);
    let expected = [
        ("", "CO(GT)", number(2.6)),
        ("", "T", number(13.6)),
        ("", "CO(GT)", number(-200.0)),
        ("", "T", Value::Missing),
    ];
    assert_eq!(rows(&decoded), expected);
    assert_eq!(decoded.observations[0].observed_at, Some(local("2004-03-10T18:00:00")));
}

#[test]
fn rows_counted_in_time_and_columns_as_devices() {
    let cycle = Cycle { start: local("2012-03-01T00:00:00"), step_s: 300.0 };
    let mut decoder = Decoder::Csv(CsvFormat { cycle: Some(cycle), ..CsvFormat::default() });
    let decoded = read(&mut decoder, "", "773869,767541\n64.375,67.625\n62.5,0\n");
    assert_eq!(rows(&decoded)[2], ("", "773869", number(62.5)));
    assert_eq!(decoded.observations[3].observed_at, Some(local("2012-03-01T00:05:00")));
}

#[test]
fn quotes_and_devices() {
    let format = CsvFormat {
        columns: Some(["id", "v", "note"].map(str::to_owned).to_vec()),
        device: Some("id".into()),
        ..CsvFormat::default()
    };
    let mut decoder = Decoder::Csv(format);
    let decoded = read(&mut decoder, "", "\"a,1\",\"2\",\"say \"\"no\"\"\"\n");
    assert_eq!(rows(&decoded), [("a,1", "v", number(2.0)), ("a,1", "note", Value::Text("say \"no\"".into()))]);
}

#[test]
fn wrong_rows() {
    let format = || CsvFormat { time: vec!["t".into()], ..CsvFormat::default() };
    let rows: [(&[u8], &str); 8] = [
        (b"", "field missing"),
        (b"a,b\n", "field missing"),
        (b"t,v\n\"x,1\n", "malformed"),
        (b"t,v\n\"x\"y,1\n", "malformed"),
        (b"t,v\nnoon,1\n", "bad time"),
        (b"t,v\n2024-05-01T12:00:00Z\n", "field missing"),
        (b"t,v\n2024-05-01T12:00:00Z,inf\n", "not finite"),
        (b"t,v\n\xff", "not UTF-8"),
    ];
    for (payload, kind) in rows {
        let error = refusal(&mut Decoder::Csv(format()), "", payload);
        assert_eq!(error.kind(), kind, "{}", String::from_utf8_lossy(payload));
    }
    let endless = Cycle { start: local("2012-03-01T00:00:00"), step_s: 1e300 };
    let format = CsvFormat { cycle: Some(endless), ..CsvFormat::default() };
    assert_eq!(refusal(&mut Decoder::Csv(format), "", b"a\n1\n2\n").kind(), "bad time");
}
