//! Messages of every format to start mutations from, with the decoders that read them. Shared by the plain test, the
//! long run (`examples/mutate.rs`) and the fuzz targets (`fuzz/`).

use citytwin_feeds::decode::{
    CsvFormat, Cycle, Decoder, Directory, JsonFields, PlainJson, Session, Stamp, Stations, TimeFormat,
};

/// A decoder under test and the messages it should survive in any shape.
pub struct Subject {
    pub name: &'static str,
    pub fresh: fn() -> Decoder,
    /// Topics and payloads; those before give state to those after.
    pub messages: Vec<(&'static str, Vec<u8>)>,
}

fn text(rows: &[(&'static str, &str)]) -> Vec<(&'static str, Vec<u8>)> {
    rows.iter().map(|(topic, payload)| (*topic, payload.as_bytes().to_vec())).collect()
}

fn json(each: Option<&str>, at: &str) -> Decoder {
    let path = |name: &str| Some(format!("{at}.{name}"));
    let fields = JsonFields {
        each: each.map(str::to_owned),
        device: path("id"),
        time: path("t"),
        unit: path("u"),
        quality: path("q"),
        lon: path("x"),
        lat: path("y"),
        values: vec![("v".into(), format!("{at}.v")), ("w".into(), format!("{at}.a.b[1]"))],
        ..JsonFields::default()
    };
    Decoder::Json(PlainJson::new(&fields).expect("the paths are right"))
}

const DOCUMENT: &str = r#"{"r":[{"id":"a","t":"2024-05-01T12:00:00Z","u":"kW","q":"good","x":-8.6,"y":41.1,"v":1.5e3,
    "a":{"b":[0,-7,null]}},{"id":7,"t":1714564740,"v":"\u00e9","a":[]}]}"#;
const ITEM: &str =
    r#"{"id":"a","t":"2024-05-01T12:00:00Z","u":"kW","q":"good","x":-8.6,"y":41.1,"v":1.5e3,"a":{"b":[0,-7]}}"#;

/// All decoders.
pub fn subjects() -> Vec<Subject> {
    vec![
        Subject { name: "json", fresh: || json(None, "$"), messages: text(&[("t", ITEM)]) },
        Subject { name: "json_each", fresh: || json(Some("$.r[*]"), "@"), messages: text(&[("t", DOCUMENT)]) },
        Subject { name: "json_query", fresh: || json(Some("$..r[?@.v]"), "@"), messages: text(&[("t", DOCUMENT)]) },
        Subject {
            name: "senml_json",
            fresh: || Decoder::SenmlJson,
            messages: text(&[(
                "t",
                r#"[{"bn":"urn:dev:","bt":1.276020076001e+09,"bu":"A","bver":5,"bv":2,"bs":3,"n":"a","u":"V","v":120.1,
                "s":4,"ut":9},{"n":"b","t":-5,"vs":"x\n"},{"n":"c","vb":true},{"n":"d","vd":"aGk"},{"x":1}]"#,
            )]),
        },
        Subject { name: "senml_cbor", fresh: || Decoder::SenmlCbor, messages: vec![("t", cbor())] },
        Subject {
            name: "sensor_things",
            fresh: || Decoder::SensorThings,
            messages: text(&[
                (
                    "v1.1/Datastreams(5)/Observations",
                    r#"{"@iot.id":1,"phenomenonTime":"2014-12-31T11:59:59.00+08:00/2015-01-01T00:00:00Z","result":70.4}"#,
                ),
                (
                    "t",
                    r#"{"value":[{"@iot.id":3,"name":"o","unitOfMeasurement":{"symbol":"°C"},"Observations":[{"result":1,
                    "resultTime":"2015-01-01T00:00:00Z"}]},{"Datastream":{"@iot.id":1},"components":["result",
                    "phenomenonTime"],"dataArray":[[20,"2005-08-05T12:21:13Z"]]}],"@iot.nextLink":"http://x"}"#,
                ),
            ]),
        },
        Subject {
            name: "ngsi_ld",
            fresh: || Decoder::NgsiLd,
            messages: text(&[(
                "t",
                r#"{"data":[{"id":"urn:a","type":"T","dateObserved":{"value":{"@type":"DateTime","@value":
                "2016-03-15T11:00:00Z/2016-03-15T12:00:00Z"}},"location":{"value":{"type":"Point","coordinates":[-8.5,
                41.2]}},"speed":[{"value":55,"unitCode":"KMH","datasetId":"g","observedAt":"2017-07-29T12:00:04Z"}],
                "n":7,"m":{"value":1,"metadata":{"TimeInstant":{"value":"2017-07-29T12:00:04Z"}}}}]}"#,
            )]),
        },
        Subject {
            name: "home_assistant",
            fresh: || Decoder::HomeAssistant(Directory::default()),
            messages: text(&[
                (
                    "homeassistant/device/a/config",
                    r#"{"~":"a","avty":[{"t":"~/up"}],"cmps":{"t":{"p":"sensor","stat_t":"~/s","val_tpl":
                    "{{ value_json.a['b'][0] | float }}","uniq_id":"t","unit_of_meas":"°C","exp_aft":60},
                    "m":{"p":"binary_sensor","stat_t":"~/m"}}}"#,
                ),
                ("a/s", r#"{"a":{"b":[21.5]}}"#),
                ("a/m", "ON"),
                ("a/up", "offline"),
            ]),
        },
        Subject { name: "sparkplug_b", fresh: || Decoder::SparkplugB(Session::default()), messages: sparkplug() },
        Subject {
            name: "gbfs",
            fresh: || Decoder::Gbfs(Stations::default()),
            messages: text(&[
                (
                    "t",
                    r#"{"last_updated":"2023-07-17T13:34:13+02:00","ttl":60,"version":"3.0","data":{"stations":[{"station_id":
                    "s","lat":1.5,"lon":2.5,"last_reported":"2023-07-17T13:34:13+02:00","num_docks_available":3,
                    "is_renting":true,"vehicle_types_available":[{"vehicle_type_id":"a","count":1}]}]}}"#,
                ),
                (
                    "t",
                    r#"{"last_updated":1689593653,"ttl":0,"version":"3.0","data":{"vehicles":[{"vehicle_id":"v","lat":1,"lon":2,
                    "is_disabled":false,"current_range_meters":6543.0}]}}"#,
                ),
            ]),
        },
        Subject { name: "gtfs_realtime", fresh: || Decoder::GtfsRealtime, messages: vec![("t", gtfs())] },
        Subject {
            name: "open_meteo",
            fresh: || Decoder::OpenMeteo,
            messages: text(&[(
                "t",
                r#"[{"latitude":52.52,"longitude":13.419,"utc_offset_seconds":7200,"current_units":{"temperature_2m":"°C"},
                "current":{"time":"2022-07-01T14:00","interval":900,"temperature_2m":13.3}},{"error":true,"reason":"x"}]"#,
            )]),
        },
        Subject {
            name: "csv",
            fresh: || {
                Decoder::Csv(CsvFormat {
                    delimiter: ';',
                    decimal_comma: true,
                    time: vec!["d".into(), "t".into()],
                    time_format: TimeFormat::Pattern("%d/%m/%Y %H.%M.%S".into()),
                    device: Some("id".into()),
                    ..CsvFormat::default()
                })
            },
            messages: text(&[(
                "t",
                "d;t;id;v;w\r\n10/03/2004;18.00.00;\"a;\"\"b\";2,6;-200\r\n;;;;\r\n10/03/2004;19.00.00;c;;x\r\n",
            )]),
        },
        Subject {
            name: "csv_cycle",
            fresh: || {
                let start = Stamp::Local("2012-03-01T00:00:00".parse().expect("a time"));
                Decoder::Csv(CsvFormat { cycle: Some(Cycle { start, step_s: 1e9 }), ..CsvFormat::default() })
            },
            messages: text(&[("t", "a,b\n1,2\n3,4\n5,6\n")]),
        },
    ]
}

fn cbor() -> Vec<u8> {
    let mut pack = vec![0x83, 0xa4, 0x21, 0x64];
    pack.extend(b"urn:");
    pack.extend([0x22, 0xfb, 0x41, 0xd3, 0x03, 0xa1, 0x5b, 0x00, 0x10, 0x62, 0x00, 0x61, b'a']);
    pack.extend([0x02, 0xf9, 0x3e, 0x00, 0xa3, 0x00, 0x61, b'b', 0x06, 0x24, 0x02, 0xc4, 0x82, 0x21, 0x19, 0x6a, 0xb3]);
    pack.extend([
        0xbf, 0x00, 0x61, b'c', 0x04, 0xf5, 0x18, 0x63, 0x9f, 0x01, 0xa1, 0x02, 0x03, 0xff, 0x08, 0x41, 0x07, 0xff,
    ]);
    pack
}

fn varint(number: u32, mut value: u64) -> Vec<u8> {
    let mut bytes = vec![(number << 3) as u8];
    if number > 15 {
        bytes = vec![(number << 3) as u8 | 0x80, (number >> 4) as u8];
    }
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A length-delimited field of fewer than 128 bytes, or any number with a longer length.
fn bytes(number: u32, content: &[u8]) -> Vec<u8> {
    let mut field = varint(number, content.len() as u64);
    field[0] |= 2;
    field.extend(content);
    field
}

fn float(number: u32, value: f32) -> Vec<u8> {
    let mut field = vec![(number << 3) as u8 | 5];
    field.extend(value.to_le_bytes());
    field
}

fn double(number: u32, value: f64) -> Vec<u8> {
    let mut field = vec![(number << 3) as u8 | 1];
    field.extend(value.to_le_bytes());
    field
}

fn sparkplug() -> Vec<(&'static str, Vec<u8>)> {
    let unit =
        [bytes(1, b"engUnit"), bytes(2, &bytes(8, b"kW")), bytes(1, b"Quality"), bytes(2, &varint(3, 192))].concat();
    let number = [bytes(1, b"bdSeq"), varint(4, 4), varint(11, 3)].concat();
    let power =
        [bytes(1, b"Power"), varint(2, 7), varint(3, 1_714_564_740_000), varint(4, 9), bytes(9, &unit), float(12, 1.5)];
    let level = [bytes(1, b"Level"), varint(2, 8), varint(4, 3), varint(10, 0xffff_fff0)].concat();
    let head = |sequence| [varint(1, 1_714_564_740_000), varint(3, sequence)].concat();
    let birth = [head(0), bytes(2, &number), bytes(2, &power.concat())].concat();
    let device = [head(1), bytes(2, &level)].concat();
    let data = [varint(2, 7), varint(5, 1), double(13, 2.5)].concat();
    let text = [varint(2, 8), varint(4, 12), bytes(15, b"on")].concat();
    vec![
        ("spBv1.0/g/NBIRTH/n", birth),
        ("spBv1.0/g/DBIRTH/n/d", device),
        ("spBv1.0/g/NDATA/n", [head(2), bytes(2, &data), bytes(2, &[varint(2, 7), varint(7, 1)].concat())].concat()),
        ("spBv1.0/g/DDATA/n/d", [head(3), bytes(2, &text)].concat()),
        ("spBv1.0/g/DDEATH/n/d", head(4)),
        ("spBv1.0/g/NDEATH/n", bytes(2, &number)),
    ]
}

fn gtfs() -> Vec<u8> {
    let place = [float(1, 41.25), float(2, -8.5), float(3, 90.0), float(5, 12.5)].concat();
    let vehicle = [bytes(2, &place), varint(5, 1_714_564_740), bytes(8, &bytes(1, b"bus-7")), varint(10, 40)].concat();
    let entity = [bytes(1, b"1"), bytes(4, &vehicle)].concat();
    [bytes(1, &[bytes(1, b"2.0"), varint(3, 1_714_564_800)].concat()), bytes(2, &entity), bytes(2, &entity)].concat()
}
