//! RFC 8428 (August 2018): every pack of 5.1 and the dump of 6, re-read in the working group's copy of the RFC
//! (`core-wg/senml-spec`, `rfc8428.txt`).

use citytwin_feeds::decode::{Decoder, Stamp, Value};
use citytwin_model::Timestamp;

use crate::{at, message, number, read, refusal, rows};

const DEVICE: &str = "urn:dev:ow:10e2073a01080063";

/// 5.1.1.
#[test]
fn a_single_datapoint() {
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", r#"[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]"#);
    assert_eq!(rows(&decoded), [(DEVICE, "", number(23.1))]);
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
    // "Tue Jun 8 18:01:16.001 UTC 2010 and at each second for the previous 5 seconds".
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

/// The dump of section 6, 0xc3 bytes; 1.5 is a half there.
fn cbor_pack() -> Vec<u8> {
    let dump = "87 a7 21 78 1b 75 72 6e 3a 64 65 76 3a 6f 77 3a 31 30 65 32 30 37 33 61 30 31 30 38 30 30 36 3a
        22 fb 41 d3 03 a1 5b 00 10 62 23 61 41 20 05 00 67 76 6f 6c 74 61 67 65 01 61 56 02 fb 40 5e 06
        66 66 66 66 66 a3 00 67 63 75 72 72 65 6e 74 06 24 02 fb 3f f3 33 33 33 33 33 33 a3 00 67 63 75
        72 72 65 6e 74 06 23 02 fb 3f f4 cc cc cc cc cc cd a3 00 67 63 75 72 72 65 6e 74 06 22 02 fb 3f
        f6 66 66 66 66 66 66 a3 00 67 63 75 72 72 65 6e 74 06 21 02 f9 3e 00 a3 00 67 63 75 72 72 65 6e
        74 06 20 02 fb 3f f9 99 99 99 99 99 9a a3 00 67 63 75 72 72 65 6e 74 06 00 02 fb 3f fb 33 33 33
        33 33 33";
    let bytes: Vec<u8> = dump.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    assert_eq!(bytes.len(), 0xc3);
    bytes
}

/// 5.1.3, and that it resolves to 5.1.4 (4.6), which resolves to itself.
#[test]
fn measurements_of_a_device_that_moves_and_their_resolved_form() {
    let pack = r#"[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20},
        {"u":"lon","v":24.30621},{"u":"lat","v":60.07965},
        {"t":60,"v":20.3},{"u":"lon","t":60,"v":24.30622},{"u":"lat","t":60,"v":60.07965},
        {"t":120,"v":20.7},{"u":"lon","t":120,"v":24.30623},{"u":"lat","t":120,"v":60.07966},
        {"u":"%EL","t":150,"v":98},
        {"t":180,"v":21.2},{"u":"lon","t":180,"v":24.30628},{"u":"lat","t":180,"v":60.07967}]"#;
    // Unit, time, value of each resolved record; all are named as the device.
    let resolved = [
        ("%RH", 1_320_067_464, 20.0),
        ("lon", 1_320_067_464, 24.30621),
        ("lat", 1_320_067_464, 60.07965),
        ("%RH", 1_320_067_524, 20.3),
        ("lon", 1_320_067_524, 24.30622),
        ("lat", 1_320_067_524, 60.07965),
        ("%RH", 1_320_067_584, 20.7),
        ("lon", 1_320_067_584, 24.30623),
        ("lat", 1_320_067_584, 60.07966),
        ("%EL", 1_320_067_614, 98.0),
        ("%RH", 1_320_067_644, 21.2),
        ("lon", 1_320_067_644, 24.30628),
        ("lat", 1_320_067_644, 60.07967),
    ];
    let records =
        resolved.map(|(unit, time, value)| format!(r#"{{"n":"{DEVICE}","u":"{unit}","t":{time},"v":{value}}}"#));
    let resolved_pack = format!("[{}]", records.join(","));
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", pack);
    assert_eq!(decoded.observations.len(), resolved.len());
    for (got, (unit, time, value)) in decoded.observations.iter().zip(resolved) {
        let expected = Some(Stamp::Instant(Timestamp::from_second(time).unwrap()));
        assert_eq!((&*got.device, got.unit.as_deref(), &got.value), (DEVICE, Some(unit), &number(value)));
        assert_eq!(got.observed_at, expected);
    }
    let mut other = Decoder::SenmlJson;
    assert_eq!(decoded.observations, read(&mut other, "", &resolved_pack).observations);
    // "starting at Mon Oct 31 13:24:24 UTC 2011".
    assert_eq!(decoded.observations[0].observed_at, at("2011-10-31T13:24:24Z"));
}

/// 5.1.2, third pack: a stream, cut after the records that are shown.
#[test]
fn a_stream_of_one_sensor() {
    let pack = r#"[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":21.2},{"t":10,"v":21.3},
        {"t":20,"v":21.4},{"t":30,"v":21.4},{"t":40,"v":21.5},{"t":50,"v":21.5},{"t":60,"v":21.5},{"t":70,"v":21.6},
        {"t":80,"v":21.7}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", pack);
    let values: Vec<_> = decoded.observations.iter().map(|o| o.value.clone()).collect();
    assert_eq!(values, [21.2, 21.3, 21.4, 21.4, 21.5, 21.5, 21.5, 21.6, 21.7].map(number));
    assert!(decoded.observations.iter().all(|o| o.device == DEVICE && o.unit.as_deref() == Some("%RH")));
    assert_eq!(decoded.observations[8].observed_at, at("2011-10-31T13:25:44Z"));
}

/// 5.1.5.
#[test]
fn different_data_types() {
    let pack = r#"[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},
        {"n":"label","vs":"Machine Room"},{"n":"open","vb":false},{"n":"nfv-reader","vd":"aGkgCg"}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", pack);
    let values: Vec<_> = decoded.observations.iter().map(|o| o.value.clone()).collect();
    assert_eq!(values, [number(23.1), Value::Text("Machine Room".into()), Value::Bool(false)]);
}

/// 5.1.6: "the last record would use the Base Name from the 3rd record but the Base Time from the first record".
#[test]
fn a_collection_of_two_devices() {
    let pack = r#"[{"bn":"2001:db8::2/","bt":1.320078429e+09,"n":"temperature","u":"Cel","v":25.2},
        {"n":"humidity","u":"%RH","v":30},{"bn":"2001:db8::1/","n":"temperature","u":"Cel","v":12.3},
        {"n":"humidity","u":"%RH","v":67}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", pack);
    let expected = [
        ("2001:db8::2/temperature", "", number(25.2)),
        ("2001:db8::2/humidity", "", number(30.0)),
        ("2001:db8::1/temperature", "", number(12.3)),
        ("2001:db8::1/humidity", "", number(67.0)),
    ];
    assert_eq!(rows(&decoded), expected);
    // "Mon Oct 31 16:27:09 UTC 2011".
    assert!(decoded.observations.iter().all(|o| o.observed_at == at("2011-10-31T16:27:09Z")));
}

/// 5.1.7: settings look like readings; a record of base fields alone is none.
#[test]
fn settings_of_actuators() {
    let pack = r#"[{"bn":"urn:dev:ow:10e2073a01080063:"},{"n":"temp","u":"Cel","v":23.1},{"n":"heat","u":"/","v":1},
        {"n":"fan","u":"/","v":0}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", pack);
    let names: Vec<_> = decoded.observations.iter().map(|o| o.device.rsplit(':').next().unwrap()).collect();
    assert_eq!(names, ["temp", "heat", "fan"]);
    let lights = r#"[{"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":0.5},{"n":"2001:db8::4","v":0.5},
        {"n":"2001:db8::3","t":0.1,"v":0},{"n":"2001:db8::4","t":0.1,"v":0}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", lights);
    assert_eq!(decoded.observations[3].observed_at, at("2011-10-31T16:27:09.1Z"));
    assert!(decoded.observations.iter().all(|o| o.unit.as_deref() == Some("/")));
}

/// 4.5.3: "the smallest absolute Time value that can be expressed (2**28) is 1978-07-04 21:24:16 UTC"; a second less is
/// seconds from now, and base time and time are added before that is decided.
#[test]
fn where_relative_times_end() {
    let time = |pack: &str| {
        let mut decoder = Decoder::SenmlJson;
        read(&mut decoder, "", pack).observations[0].observed_at
    };
    assert_eq!(time(r#"[{"n":"a","t":268435456,"v":1}]"#), at("1978-07-04T21:24:16Z"));
    assert_eq!(time(r#"[{"bt":268435400,"n":"a","t":56,"v":1}]"#), at("1978-07-04T21:24:16Z"));
    let from_now = Timestamp::from_second(crate::noon().as_second() + 268_435_455).unwrap();
    assert_eq!(time(r#"[{"n":"a","t":268435455,"v":1}]"#), Some(Stamp::Instant(from_now)));
    assert_eq!(time(r#"[{"n":"a","t":-10,"v":1}]"#), at("2024-05-01T11:59:50Z"));
}

/// 12.1, note 2: `%` names the same unit as `/`, "NOT a percentage".
#[test]
fn percent_is_a_ratio() {
    let pack = r#"[{"bu":"%","n":"a","v":0.5},{"n":"b","u":"%","v":1},{"n":"c","u":"%RH","v":50}]"#;
    let mut decoder = Decoder::SenmlJson;
    let decoded = read(&mut decoder, "", pack);
    let units: Vec<_> = decoded.observations.iter().map(|o| o.unit.as_deref().unwrap()).collect();
    assert_eq!(units, ["/", "/", "%RH"]);
}

/// 4.1, 4.2, 4.5.4: a base sum holds for records that state no sum, too.
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
        ("m:x", "#sum", number(100.0)),
        ("m:x", "", number(21.0)),
    ];
    assert_eq!(rows(&decoded), expected);
    assert_eq!(decoded.observations[1].ttl_s, Some(30.0));
    // Near zero, times count from the present.
    assert_eq!(decoded.observations[4].observed_at, at("2024-05-01T11:59:50Z"));
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
