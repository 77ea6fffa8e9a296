//! RFC 8428, sections 5.1 and 6.

use citytwin_feeds::decode::{Decoder, Value};

use crate::{at, message, number, read, refusal, rows};

#[test]
fn a_single_datapoint() {
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", r#"[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]"#);
    assert_eq!(rows(&decoded), [("urn:dev:ow:10e2073a01080063", "", number(23.1))]);
    let one = &decoded.observations[0];
    assert_eq!((one.unit.as_deref(), one.observed_at), (Some("Cel"), at("2024-05-01T12:00:00Z")));
}

/// 5.1.2, second pack, and its CBOR form of section 6.
#[test]
fn base_fields_and_relative_times() {
    let pack = r#"[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,
         "n":"voltage","u":"V","v":120.1},
        {"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","t":-3,"v":1.4},
        {"n":"current","t":-2,"v":1.5},{"n":"current","t":-1,"v":1.6},{"n":"current","v":1.7}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", pack);
    let mut cbor = Decoder::SenmlCbor;
    let bytes = cbor_pack();
    let from_cbor = cbor.decode(message("", &bytes)).unwrap();
    assert_eq!(decoded.observations, from_cbor.observations);
    let (voltage, current) = ("urn:dev:ow:10e2073a0108006:voltage", "urn:dev:ow:10e2073a0108006:current");
    // The resolved pack of 5.1.4's rules: 2010-06-08T18:01:16.001Z and the five seconds before.
    let expected = [
        (voltage, 120.1, "V", "2010-06-08T18:01:16.001Z"),
        (current, 1.2, "A", "2010-06-08T18:01:11.001Z"),
        (current, 1.3, "A", "2010-06-08T18:01:12.001Z"),
        (current, 1.4, "A", "2010-06-08T18:01:13.001Z"),
        (current, 1.5, "A", "2010-06-08T18:01:14.001Z"),
        (current, 1.6, "A", "2010-06-08T18:01:15.001Z"),
        (current, 1.7, "A", "2010-06-08T18:01:16.001Z"),
    ];
    assert_eq!(decoded.observations.len(), expected.len());
    for (got, (name, value, unit, time)) in decoded.observations.iter().zip(expected) {
        assert_eq!((&*got.device, &got.value), (name, &number(value)));
        assert_eq!((got.unit.as_deref(), got.observed_at), (Some(unit), at(time)));
    }
}

/// The bytes of the CBOR dump of RFC 8428, section 6, written out by the labels of its table 4.
fn cbor_pack() -> Vec<u8> {
    let mut pack = vec![0x87, 0xa7, 0x21, 0x78, 0x1b];
    pack.extend(b"urn:dev:ow:10e2073a0108006:");
    pack.extend([0x22, 0xfb, 0x41, 0xd3, 0x03, 0xa1, 0x5b, 0x00, 0x10, 0x62]);
    pack.extend([0x23, 0x61, 0x41, 0x20, 0x05, 0x00, 0x67]);
    pack.extend(b"voltage");
    pack.extend([0x01, 0x61, 0x56, 0x02, 0xfb, 0x40, 0x5e, 0x06, 0x66, 0x66, 0x66, 0x66, 0x66]);
    for (seconds, value) in [(0x24, 1.2_f64), (0x23, 1.3), (0x22, 1.4), (0x21, 1.5), (0x20, 1.6)] {
        pack.extend([0xa3, 0x00, 0x67]);
        pack.extend(b"current");
        pack.extend([0x06, seconds, 0x02, 0xfb]);
        pack.extend(value.to_be_bytes());
    }
    pack.extend([0xa3, 0x00, 0x67]);
    pack.extend(b"current");
    pack.extend([0x06, 0x00, 0x02, 0xfb]);
    pack.extend(1.7_f64.to_be_bytes());
    pack
}

/// 5.1.3: base unit and base value in force, units of single records.
#[test]
fn multiple_measurements() {
    let pack = r#"[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20.0},
        {"u":"lon","v":24.30621},{"u":"lat","v":60.07965},{"t":60,"v":20.3},{"u":"lon","t":60,"v":24.30622}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", pack);
    let units: Vec<_> = decoded.observations.iter().map(|o| o.unit.as_deref().unwrap()).collect();
    assert_eq!(units, ["%RH", "lon", "lat", "%RH", "lon"]);
    assert_eq!(decoded.observations[3].observed_at, at("2011-10-31T13:25:24Z"));
}

/// 5.1.5.
#[test]
fn different_data_types() {
    let pack = r#"[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},
        {"n":"label","vs":"Machine Room"},{"n":"open","vb":false},{"n":"nfc-reader","vd":"aGkgCg"}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", pack);
    let values: Vec<_> = decoded.observations.iter().map(|o| o.value.clone()).collect();
    assert_eq!(values, [number(23.1), Value::Text("Machine Room".into()), Value::Bool(false)]);
}

#[test]
fn sums_bases_of_values_and_update_times() {
    let pack =
        r#"[{"bn":"m:","bv":20,"bs":100,"n":"w","v":0.5,"s":7,"ut":30},{"n":"e","s":8},{"bt":-10,"n":"x","v":1}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", pack);
    let expected = [
        ("m:w", "#sum", number(107.0)),
        ("m:w", "", number(20.5)),
        ("m:e", "#sum", number(108.0)),
        ("m:x", "", number(21.0)),
    ];
    assert_eq!(rows(&decoded), expected);
    assert_eq!(decoded.observations[1].ttl_s, Some(30.0));
    // Near zero, times count from the present.
    assert_eq!(decoded.observations[3].observed_at, at("2024-05-01T11:59:50Z"));
}

#[test]
fn wrong_packs() {
    let rows: [(&[u8], &str); 11] = [
        (b"", "malformed"),
        (b"{}", "malformed"),
        (b"[1]", "malformed"),
        (br#"[{"n":"a","v":"1"}]"#, "malformed"),
        (br#"[{"n":"a","v":1}"#, "malformed"),
        (br#"[{"v":1}]"#, "field missing"),
        (br#"[{"n":"/a","v":1}]"#, "protocol"),
        (br#"[{"n":"a b","v":1}]"#, "protocol"),
        (br#"[{"n":"a","v":1,"vs":"x"}]"#, "protocol"),
        (br#"[{"bver":11,"n":"a","v":1}]"#, "unknown version"),
        (br#"[{"n":"a","v":1,"new_":2}]"#, "protocol"),
    ];
    for (payload, kind) in rows {
        let error = refusal(&mut Decoder::SenmlJson, "", payload);
        assert_eq!(error.kind(), kind, "{}", String::from_utf8_lossy(payload));
    }
    // Unknown labels that need not be understood are passed over, and records beside a faulty one count.
    let pack = br#"[{"n":"a","v":1,"other":[{}]},{"v":2},{"bn":"b","n":"","v":3}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = decoder.decode(message("", pack)).unwrap();
    assert_eq!((decoded.observations.len(), decoded.faulty), (2, 1));
}

#[test]
fn wrong_cbor() {
    let rows: [&[u8]; 9] = [
        b"",
        // Ends early; a text of 2⁶⁴ − 1 bytes; a map where numbers are due; an array without end, nested.
        &[0x81],
        &[0x81, 0xa1, 0x00, 0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x81, 0xa1, 0x02, 0xa0],
        &[0x81, 0xa1, 0x09, 0x9f],
        &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        // NaN, infinity as a half.
        &[0x81, 0xa2, 0x00, 0x61, 0x61, 0x02, 0xf9, 0x7e, 0x00],
        &[0x81, 0xa2, 0x00, 0x61, 0x61, 0x02, 0xf9, 0x7c, 0x00],
        &[0x80, 0x00],
    ];
    for payload in rows {
        assert!(Decoder::SenmlCbor.decode(message("", payload)).is_err(), "{payload:02x?}");
    }
    let nested = [&[0x81, 0xa1, 0x09][..], &[0x81; 100_000]].concat();
    assert!(Decoder::SenmlCbor.decode(message("", &nested)).is_err());
    // A half, a decimal fraction (RFC 8949, 3.4.4: 273.15), an indefinite pack.
    let value = |bytes: &[u8]| {
        let pack = [&[0x9f, 0xbf, 0x00, 0x61, 0x61, 0x02][..], bytes, &[0xff, 0xff]].concat();
        match Decoder::SenmlCbor.decode(message("", &pack)).unwrap().observations[0].value {
            Value::Number(number) => number,
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!(value(&[0xf9, 0x3e, 0x00]), 1.5);
    assert_eq!(value(&[0xf9, 0xc4, 0x00]), -4.0);
    assert_eq!(value(&[0xc4, 0x82, 0x21, 0x19, 0x6a, 0xb3]), 273.15);
    assert_eq!(value(&[0x38, 0x63]), -100.0);
}
