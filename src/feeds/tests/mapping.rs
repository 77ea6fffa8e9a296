//! `sources.toml`: what its mappings make of messages, and what is said of wrong ones.

mod support;

use citytwin_feeds::{
    MqttConfig, Secrets, Sensor,
    decode::Message,
    mapping::{Keeping, Mapped, MappedSignal, Mapper, Match, Sources, SourcesFault, preview, read_recorded},
};
use citytwin_model::{Anchor, FeatureRef, LonLat, Quality, Quantity, RoadId, SensorId};
use support::{noon, sensor};

const HEAD: &str = r#"version = 3
[[source]]
id = "broker"
kind = "mqtt"
address = "mqtts://mqtt.example.org:8883"
timezone = "Europe/Lisbon"
"#;

fn anchor() -> Anchor {
    Anchor::new(LonLat { lon: -8.6, lat: 41.1 })
}

fn sensors() -> Vec<Sensor> {
    let mut sensors = vec![
        sensor(0, "loop-7", Quantity::VehicleFlow),
        sensor(1, "north-air", Quantity::AirTemperature),
        sensor(2, "meter", Quantity::ActivePower),
        sensor(3, "by-road", Quantity::Speed),
        sensor(4, "elsewhere", Quantity::Speed),
    ];
    sensors[3].observes = Some(FeatureRef::Road(RoadId(0)));
    sensors[3].at.x = 100.0;
    sensors
}

fn read(mappings: &str) -> Sources {
    let text = format!("{HEAD}{mappings}");
    Sources::parse("sources.toml", &text).unwrap_or_else(|faults| panic!("{mappings}: {faults:?}"))
}

fn map(mappings: &str, topic: &str, payload: &str) -> Mapped {
    let mut mapper = Mapper::new(&read(mappings), &sensors(), anchor());
    let mut mapped = Mapped::default();
    let message = Message { topic, payload: payload.as_bytes(), received_at: noon() };
    mapper.map(None, message, &mut mapped);
    mapped
}

const LOOPS: &str = r#"
[[mapping]]
id = "loops"
source = "broker"
topic = "traffic/{district}/loop-{nr}"
format = "json"
each = "$.readings[*]"
time = "@.at"
quality = "@.q"
quality_words = { OK = "good", ERR = "bad" }
[[mapping.take]]
value = "@.v"
quantity = "vehicle_flow"
unit = "veh/min"
valid = [0, 9000]
missing = [-1, "n/a"]
words = { jam = 0 }
sensor = "loop-{nr}"
"#;

#[test]
fn readings_cite_where_they_come_from() {
    let payload = r#"{"readings":[{"v":7,"at":"2024-05-01T12:00:00","q":"OK"},{"v":-1},{"v":"n/a"},{"v":"jam"},
        {"v":160,"q":"OK"},{"v":12,"q":"ERR"},{"v":"x"},{"v":1e6},{"v":1,"at":"noon"}]}"#;
    let mapped = map(LOOPS, "traffic/north/loop-7", payload);
    let got: Vec<_> = mapped.readings.iter().map(|m| (m.reading.value, m.reading.quality)).collect();
    // The second of these has no time where the mapping says that one stands.
    let expected = [(420.0, Quality::Good), (0.0, Quality::Uncertain), (9600.0, Quality::Bad), (720.0, Quality::Bad)];
    assert_eq!(got, expected);
    let first = &mapped.readings[0];
    assert_eq!((first.reading.sensor, first.reading.quantity), (SensorId(0), Quantity::VehicleFlow));
    // Lisbon is an hour ahead in May.
    assert_eq!(first.reading.observed_at, "2024-05-01T11:00:00Z".parse().unwrap());
    assert_eq!((first.version.number, first.matched, first.source, first.mapping), (3, Match::Source, 0, 0));
    assert_eq!(mapped.missing, 2);
    let kinds: Vec<_> = mapped.dead.iter().map(|dead| dead.kind).collect();
    assert_eq!(kinds, ["bad time", "no number", "impossible value"]);
}

#[test]
fn what_fits_nowhere_is_a_dead_letter() {
    let rows = [
        ("traffic/north/lamp-7", "{}", "no mapping"),
        ("traffic/north/loop-7", "{", "malformed"),
        ("traffic/north/loop-8", r#"{"readings":[{"v":1}]}"#, "unknown sensor"),
        ("traffic/north/loop-7", "{}", "field missing"),
    ];
    for (topic, payload, kind) in rows {
        let mapped = map(LOOPS, topic, payload);
        assert_eq!((mapped.dead[0].kind, mapped.readings.len()), (kind, 0), "{topic} {payload}");
    }
    let other = LOOPS.replace("sensor = \"loop-{nr}\"", "sensor = \"meter\"");
    assert_eq!(map(&other, "traffic/n/loop-7", r#"{"readings":[{"v":1}]}"#).dead[0].kind, "sensor of another quantity");
}

#[test]
fn the_payloads_unit_wins_and_scale_comes_first() {
    let mapping = r#"
[[mapping]]
id = "m"
source = "broker"
topic = "m"
format = "json"
unit = "$.u"
[[mapping.take]]
value = "$.v"
quantity = "active_power"
unit = "kW"
scale = 0.1
offset = 5
sensor = "sensor/meter"
"#;
    let value = |payload: &str| map(mapping, "m", payload).readings.first().map(|m| m.reading.value);
    assert_eq!(value(r#"{"v":10}"#), Some(6000.0));
    assert_eq!(value(r#"{"v":10,"u":"kW"}"#), Some(6000.0));
    assert_eq!(value(r#"{"v":10,"u":"W"}"#), Some(6.0));
    assert_eq!(value(r#"{"v":10,"u":"°C"}"#), None);
    assert_eq!(map(mapping, "m", r#"{"v":10,"u":"°C"}"#).dead[0].kind, "wrong unit");
}

#[test]
fn senml_names_and_properties_as_captures() {
    let mapping = r#"
[[mapping]]
id = "air"
source = "broker"
topic = "senml"
format = "senml"
[[mapping.take]]
device = "urn:{station}:temp"
quantity = "air_temperature"
sensor = "{station}-air"
"#;
    let pack = r#"[{"bn":"urn:north:","n":"temp","u":"K","v":293.15},{"n":"hum","u":"%RH","v":40}]"#;
    let mapped = map(mapping, "senml", pack);
    assert_eq!((mapped.readings[0].reading.value, mapped.readings[0].reading.sensor), (20.0, SensorId(1)));
    assert_eq!((mapped.readings.len(), mapped.not_taken), (1, 1));
}

#[test]
fn the_nearest_sensor_and_how_far_it_is() {
    let mapping = |within: u32, kind: &str| {
        format!(
            "[[mapping]]\nid = \"b\"\nsource = \"broker\"\ntopic = \"b\"\nformat = \"json\"\nlon = \"$.x\"\nlat = \"$.y\"\n\
             [[mapping.take]]\nvalue = \"$.v\"\nquantity = \"speed\"\nnearest = \"{kind}\"\nwithin_m = {within}\n"
        )
    };
    let at_origin = r#"{"v":50,"x":-8.6,"y":41.1}"#;
    let any = map(&mapping(200, "any"), "b", at_origin);
    assert_eq!(
        (any.readings[0].reading.sensor, any.readings[0].matched),
        (SensorId(4), Match::Nearest { distance_m: 0.0 })
    );
    let road = map(&mapping(200, "road"), "b", at_origin);
    assert_eq!(road.readings[0].reading.sensor, SensorId(3));
    let Match::Nearest { distance_m } = road.readings[0].matched else { panic!("{road:?}") };
    assert!((distance_m - 100.0).abs() < 1e-6);
    assert_eq!(map(&mapping(50, "road"), "b", at_origin).dead[0].kind, "no sensor near");
    assert_eq!(map(&mapping(50, "building"), "b", at_origin).dead[0].kind, "no sensor near");
    assert_eq!(map(&mapping(50, "any"), "b", r#"{"v":50}"#).dead[0].kind, "no place");
    assert_eq!(map(&mapping(50, "any"), "b", r#"{"v":50,"x":999,"y":0}"#).dead[0].kind, "bad place");
}

#[test]
fn a_death_names_the_sensors_of_its_device() {
    let mapping = r#"
[[mapping]]
id = "ha"
source = "broker"
format = "home-assistant"
[[mapping.take]]
quantity = "air_temperature"
device = "{name}_t"
sensor = "{name}-air"
"#;
    let mut mapper = Mapper::new(&read(mapping), &sensors(), anchor());
    let mut mapped = Mapped::default();
    let config = r#"{"stat_t":"n/t","uniq_id":"north_t","unit_of_meas":"°C","avty_t":"n/up"}"#;
    for (topic, payload) in [("homeassistant/sensor/n/config", config), ("n/t", "21.5"), ("n/up", "offline")] {
        mapper.map(Some(0), Message { topic, payload: payload.as_bytes(), received_at: noon() }, &mut mapped);
    }
    assert_eq!(mapped.readings[0].reading.value, 21.5);
    let stale = MappedSignal::Stale { sensors: vec![SensorId(1)], device: "north_t".into() };
    assert_eq!(mapped.signals.last(), Some(&stale));
    assert_eq!(mapped.dead, []);
}

#[test]
fn versions_tell_editions_apart() {
    let one = read(LOOPS).version;
    assert_eq!(one.to_string().len(), "3-0123456789abcdef".len());
    assert_eq!(one, Sources::parse("x", &format!("{HEAD}{LOOPS}").replace('\n', "\r\n")).unwrap().version);
    assert_ne!(one, read(&LOOPS.replace("9000", "8000")).version);
}

#[test]
fn topics_to_subscribe_to() {
    let sources = read(&format!("{LOOPS}{}", LOOPS.replace("\"loops\"", "\"again\"").replace("{nr}", "{n}")));
    assert_eq!(sources.subscriptions(0), ["traffic/+/+"]);
}

#[test]
fn every_fault_of_a_file_is_told_with_its_place() {
    let text = r#"
versio = 1
[[source]]
id = "a"
kind = "ftp"
address = "mqtt://user:hunter2@host"
timezone = "Mars/North"
[[source]]
id = "b"
kind = "mqtt"
address = "mqtt://user:hunter2@host"
every_s = 5
[[source]]
id = "b"
kind = "file"
address = "../other/x.csv"
[[mapping]]
id = "m"
source = "nowhere"
format = "xml"
topic = "a/#/b"
[[mapping]]
id = "n"
source = "b"
format = "json"
each = "$["
time_format = "iso"
[[mapping.take]]
value = "v"
quantity = "sped"
unit = "mph"
scale = 0
valid = [5, 1]
sensor = "{x}"
color = "red"
[[mapping.take]]
quantity = "speed"
unit = "kW"
missing = -1
nearest = "moon"
"#;
    let faults = Sources::parse("maps/x/sources.toml", text).unwrap_err();
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = [
        "maps/x/sources.toml: `version`: is no whole number above zero",
        "maps/x/sources.toml: `versio`: is not known here; the fields are history, mapping, source, version",
        "maps/x/sources.toml: source 1 (a): `kind`: `ftp` is not known",
        "maps/x/sources.toml: source 1 (a): `timezone`: `Mars/North` is no zone",
        "maps/x/sources.toml: source 2 (b): `address`: holds a user or password",
        "maps/x/sources.toml: source 2 (b): `every_s`: is for sources that are asked",
        "maps/x/sources.toml: source 3 (b): `address`: leaves the city's folder",
        "maps/x/sources.toml: source 3 (b): `id`: `b` is given twice",
        "maps/x/sources.toml: mapping 1 (m): `source`: `nowhere` is no source",
        "maps/x/sources.toml: mapping 1 (m): `topic`: `#` is not at the end",
        "maps/x/sources.toml: mapping 1 (m): `format`: `xml` is not known",
        "maps/x/sources.toml: mapping 1 (m): `take`: is missing",
        "maps/x/sources.toml: mapping 2 (n): `topic`: is missing",
        "maps/x/sources.toml: mapping 2 (n): `time_format`: is not known",
        "maps/x/sources.toml: mapping 2 (n), take 1: `quantity`: `sped` is not known",
        "maps/x/sources.toml: mapping 2 (n), take 1: `scale`: is zero",
        "maps/x/sources.toml: mapping 2 (n), take 1: `valid`: is an array; give two numbers, the lower first",
        "maps/x/sources.toml: mapping 2 (n), take 1: `color`: is not known here",
        "maps/x/sources.toml: mapping 2 (n), take 2: `value`: is missing",
        "maps/x/sources.toml: mapping 2 (n), take 2: `unit`: `kW` does not measure speed",
        "maps/x/sources.toml: mapping 2 (n), take 2: `missing`: is no array",
        "maps/x/sources.toml: mapping 2 (n), take 2: `nearest`: `moon` is not known",
        "maps/x/sources.toml: mapping 2 (n), take 2: `within_m`: is missing",
        "maps/x/sources.toml: mapping 2 (n): `each`: `$[`: no JSONPath",
    ];
    for wanted in expected {
        assert!(
            lines.iter().any(|line| line.starts_with(wanted)),
            "no line begins with {wanted}:\n{}",
            lines.join("\n")
        );
    }
    assert_eq!(lines.len(), expected.len(), "{}", lines.join("\n"));
    assert!(!lines.iter().any(|line| line.contains("hunter2") || line.contains('\n')));
    let broken = Sources::parse("f", "version = 1\n[[source]\n").unwrap_err();
    assert!(broken[0].to_string().starts_with("f: line 2 is no TOML"), "{}", broken[0]);
}

/// The lines that are said of one source with these fields.
fn told(fields: &str) -> Vec<String> {
    let text = format!(
        "version = 1\n[[source]]\nid = \"a\"\n{fields}\n[[mapping]]\nid = \"m\"\nsource = \"a\"\ntopic = \"t\"\nformat = \"senml\"\n\
         [[mapping.take]]\nquantity = \"speed\"\nsensor = \"x\"\n"
    );
    let faults = Sources::parse("f", &text).err().unwrap_or_default();
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(!lines.iter().any(|line| line.contains("hunter2") || line.contains('\n')), "{fields}: {lines:?}");
    lines
}

#[test]
fn sources_name_where_secrets_are() {
    let rows = [
        "kind = \"mqtt\"\naddress = \"mqtt+plaintext://10.0.0.7\"",
        "kind = \"mqtt\"\naddress = \"mqtts://h\"\nuser_env = \"A_1\"\npassword_env = \"_B\"\nca = \"tls/ca.pem\"\n\
         certificate = \"c.pem\"\nkey = \"c.key\"",
        "kind = \"http\"\naddress = \"https://h/x?a=1\"\ntoken_env = \"T\"\nheader = \"X-Api-Key\"\nheader_env = \"K\"\nca = \"ca.pem\"\n\
         every_s = 1",
        "kind = \"http\"\naddress = \"http://127.0.0.1:8080/x\"\nuser_env = \"A\"\nallow_private = true",
        "kind = \"http\"\naddress = \"http://h/x?mail=a@b.example\"",
        "kind = \"file\"\naddress = \"data/a.csv\"",
    ];
    for fields in rows {
        assert_eq!(told(fields), [""; 0], "{fields}");
    }
}

/// Files are the city's own, and a secret shows nowhere.
#[test]
fn a_broker_gets_its_credentials() {
    let text = "version = 1\n[[source]]\nid = \"a\"\nkind = \"mqtt\"\naddress = \"mqtts://h.example\"\nuser_env = \"U\"\n\
                password_env = \"P\"\nca = \"tls/ca.pem\"\ncertificate = \"tls/c.pem\"\nkey = \"tls/c.key\"\n";
    let sources = Sources::parse("f", text).unwrap();
    let folder = std::path::Path::new("city");
    let secrets = Secrets::given([("U", "ann"), ("P", "hunter2")]);
    let config = sources.sources[0].broker(folder, &secrets).unwrap();
    let expected =
        "mqtts://h.example".parse::<MqttConfig>().unwrap().with_credentials("ann", Some("hunter2".to_owned()));
    let files = ["tls/ca.pem", "tls/c.pem", "tls/c.key"].map(|file| folder.join(file));
    let expected = expected.with_authority(&files[0]).with_identity(&files[1], &files[2]);
    assert!(config == expected, "{config:?} {expected:?}");
    assert!(!format!("{config:?} {sources:?} {secrets:?}").contains("hunter2"));
    let line = sources.sources[0].broker(folder, &Secrets::given([("U", "ann")])).unwrap_err().to_string();
    assert!(line.contains("the environment variable P, which `password_env` names, is not set"), "{line}");
}

#[test]
fn secrets_in_a_city_are_refused_and_not_repeated() {
    const MQTT: &str = "kind = \"mqtt\"\naddress = \"mqtts://h\"\n";
    const HTTP: &str = "kind = \"http\"\naddress = \"https://h\"\n";
    const FILE: &str = "kind = \"file\"\naddress = \"a.csv\"\n";
    let rows = [
        (MQTT, "password = \"hunter2\"", "`password`: would be a secret"),
        (HTTP, "token = \"hunter2\"", "`token`: would be a secret"),
        (HTTP, "user = \"hunter2\"", "`user`: would be a secret"),
        (HTTP, "token_env = \"eyJ.hunter2\"", "`token_env`: is no name of an environment variable"),
        (HTTP, "password_env = \"P\"", "`password_env`: goes with `user_env`"),
        (HTTP, "token_env = \"T\"\nuser_env = \"U\"", "`token_env`: stands beside"),
        (HTTP, "header = \"X-Api-Key\"", "`header`: and `header_env` go together"),
        (HTTP, "header = \"X-Api-Key: hunter2\"\nheader_env = \"K\"", "`header`: is no name of a header"),
        (HTTP, "header = \"Host\"\nheader_env = \"K\"", "`header`: is no name of a header"),
        (MQTT, "token_env = \"T\"", "`token_env`: is for sources that are asked"),
        (MQTT, "allow_private = true", "`allow_private`: is for sources that are asked"),
        (MQTT, "certificate = \"c.pem\"", "`certificate`: and `key` go together"),
        (MQTT, "ca = \"../ca.pem\"", "`ca`: leaves the city's folder"),
        (FILE, "user_env = \"U\"", "`user_env`: is for mqtt and http"),
        (FILE, "ca = \"ca.pem\"", "`ca`: is for mqtts:// and https://"),
        (HTTP, "every_s = 0.5", "`every_s`: is 0.5; give 1 to 86400 seconds"),
        (HTTP, "every_s = 1e300", "`every_s`: is 1"),
        ("kind = \"http\"\n", "address = \"https://ann:hunter2@h/x\"", "`address`: holds a user or password"),
        ("kind = \"http\"\n", "address = \"https://h/x?a=1&AppId=hunter2\"", "`address`: holds a secret (`AppId`)"),
        ("kind = \"http\"\n", "address = \"https://h:hunter2/x\"", "`address`: cannot be read: invalid port number"),
        (
            "kind = \"http\"\n",
            "address = \"http://h\"\ntoken_env = \"T\"",
            "`address`: would carry a secret in the clear",
        ),
        (
            "kind = \"mqtt\"\n",
            "address = \"tcp://h\"",
            "`address`: has no scheme that is known; begin with mqtts:// or mqtt:// or",
        ),
    ];
    for (head, fields, expected) in rows {
        let lines = told(&format!("{head}{fields}"));
        assert!(lines.len() == 1 && lines[0].contains(expected), "{fields}: {lines:?}");
    }
}

#[test]
fn a_preview_of_recorded_messages() {
    let recorded = r#"
{"topic":"traffic/n/loop-7","payload":{"readings":[{"v":7}]},"received_at":"2024-05-01T12:00:00Z"}
{"topic":"traffic/n/loop-9","payload":"{\"readings\":[{\"v\":7}]}","received_at":"2024-05-01T12:00:01Z","source":"broker"}
{"topic":"other","payload_base64":"/w==","received_at":"2024-05-01T12:00:02Z"}
"#;
    let messages = read_recorded("log.jsonl", recorded).unwrap();
    assert_eq!(messages[2].payload, [0xff]);
    let sources = read(LOOPS);
    let mut mapper = Mapper::new(&sources, &sensors(), anchor());
    let table = preview(&sources, &sensors(), &mut mapper, &messages).to_string();
    let expected = "1 traffic/n/loop-7\n    loops: sensor/loop-7 vehicle_flow = 420 veh/h at 2024-05-01T12:00:00Z, Uncertain\n\
        2 traffic/n/loop-9\n    dead letter (unknown sensor): $.v: no sensor of the city is called `loop-9`\n\
        3 other\n    dead letter (no mapping): topic `other` fits no mapping\n\
        3 messages: 1 readings, 2 dead letters, 0 missing values, 0 values that no mapping takes\n";
    assert_eq!(table, expected.replace("$.v", "@.v"));
    let faults =
        read_recorded("log.jsonl", "{}\n{\"topic\":\"a\",\"received_at\":\"2024-05-01T12:00:00Z\"}\n").unwrap_err();
    assert!(faults[0].to_string().starts_with("log.jsonl: line 1: missing field `topic`"), "{}", faults[0]);
    assert!(faults[1].to_string().starts_with("log.jsonl: line 2: give either"), "{}", faults[1]);
}

#[test]
fn a_message_without_a_value_where_one_should_stand_is_a_dead_letter() {
    let one = LOOPS.replace("each = \"$.readings[*]\"\n", "").replace("@.", "$.");
    for (mapping, payload, kind) in [
        (&*one, r#"{"wert":7}"#, "no value"),
        (LOOPS, r#"{"readings":[{"wert":7}]}"#, "no value"),
        (LOOPS, r#"{"other":[{"v":7}]}"#, "field missing"),
    ] {
        let mapped = map(mapping, "traffic/north/loop-7", payload);
        let kinds: Vec<_> = mapped.dead.iter().map(|dead| dead.kind).collect();
        assert_eq!((mapped.readings.len(), &kinds[..]), (0, &[kind][..]), "{payload}");
    }
}

fn kept(table: &str) -> Result<Keeping, Vec<String>> {
    let text = format!("{HEAD}[history]\n{table}\n");
    let told = |faults: Vec<SourcesFault>| faults.iter().map(ToString::to_string).collect();
    Sources::parse("f", &text).map(|sources| sources.keeping).map_err(told)
}

#[test]
fn a_city_says_how_long_its_readings_are_kept_and_where() {
    let keeping = kept("hot_days = 2\nkeep_days = 400\nkeep_days_of = { broker = 30, mqtt = 1, model = 9 }").unwrap();
    assert_eq!((keeping.hot_days, keeping.keep_days), (Some(2), Some(400)));
    assert_eq!(keeping.keep_days_of, [("broker".to_owned(), 30), ("model".to_owned(), 9), ("mqtt".to_owned(), 1)]);
    let postgres = kept("postgres_env = \"CITY_POSTGRES\"\npostgres_plaintext = true").unwrap().postgres.unwrap();
    assert_eq!((postgres.env.as_str(), postgres.plaintext), ("CITY_POSTGRES", true));
    let secrets = Secrets::given([("CITY_POSTGRES", "host=db password=hunter2")]);
    let line = postgres.line(&secrets).unwrap();
    assert_eq!(line.reveal(), "host=db password=hunter2");
    assert!(!format!("{line:?} {keeping:?}").contains("hunter2"));
    assert_eq!(read("").keeping, Keeping::default());
}

#[test]
fn wrong_words_of_the_history_get_a_line_each() {
    for (table, told) in [
        ("hot_days = 0", "f: history: `hot_days`: is 0; give a whole number, 1 to 36525"),
        ("hot_days = 1.5", "`hot_days`: is a number; give a whole number"),
        ("keep_days = -3", "`keep_days`: is -3"),
        ("keep_days = 99999999999", "`keep_days`: is 99999999999"),
        ("keep_days_of = { nobody = 3 }", "`keep_days_of`: `nobody` is no source of this file"),
        ("keep_days_of = { broker = \"3\" }", "`keep_days_of`: `broker` is no whole number of days"),
        ("keep_days_of = 3", "`keep_days_of`: is a whole number; give a table"),
        ("postgres_env = \"host=db password=hunter2\"", "`postgres_env`: is no name of an environment variable"),
        ("postgres = \"host=db password=hunter2\"", "`postgres`: would be a secret"),
        ("postgres_plaintext = true", "`postgres_plaintext`: goes with `postgres_env`"),
        ("postgres_env = \"P\"\nhot_days = 2", "`hot_days`: is of a history in a folder"),
        ("days = 3", "`days`: is not known here; the fields are hot_days"),
    ] {
        let lines = kept(table).unwrap_err();
        assert!(lines.len() == 1 && lines[0].contains(told) && !lines[0].contains("hunter2"), "{table}: {lines:?}");
    }
    let lines = Sources::parse("f", "version = 1\nhistory = 3\n").unwrap_err();
    assert_eq!(lines.len(), 1, "{lines:?}");
}

/// Files without a fault, with every field that there is.
const WHOLE: [&str; 4] = [
    r#"version = 1
[[source]]
id = "broker"
kind = "mqtt"
address = "mqtts://mqtt.example.org:8883"
timezone = "Europe/Lisbon"
user_env = "U"
password_env = "P"
ca = "ca.pem"
certificate = "c.pem"
key = "c.key"
[[mapping]]
id = "loops"
source = "broker"
topic = "traffic/{district}/loop-{nr}"
format = "json"
each = "$.readings[*]"
device = "@.d"
time = "@.at"
time_format = "unix_ms"
quality = "@.q"
quality_words = { OK = "good" }
unit = "@.u"
lon = "@.lon"
lat = "@.lat"
[[mapping.take]]
value = "@.v"
device = "d-{d}"
quantity = "vehicle_flow"
unit = "veh/min"
scale = 2.0
offset = 1.0
valid = [0, 9000]
missing = [-1]
words = { on = 1 }
ttl_s = 120
max_step = 50
max_per_hour = 100
flat_after_s = 7200
sensor = "loop-{nr}-{d}"
[history]
hot_days = 3
keep_days = 100
keep_days_of = { broker = 3 }
"#,
    r#"version = 1
[[source]]
id = "web"
kind = "http"
address = "https://h.example/x"
every_s = 60
token_env = "T"
header = "X-Api-Key"
header_env = "K"
query = "appid"
query_env = "Q"
allow_private = true
ca = "ca.pem"
certificate = "c.pem"
key = "c.key"
[[mapping]]
id = "m"
source = "web"
format = "senml"
[[mapping.take]]
device = "urn:{a}"
property = "p-{b}"
quantity = "speed"
nearest = "road"
within_m = 50
[history]
postgres_env = "DB"
postgres_plaintext = true
"#,
    r#"version = 1
[[source]]
id = "table"
kind = "file"
address = "a.csv"
[[mapping]]
id = "m"
source = "table"
format = "csv"
delimiter = ";"
decimal_comma = true
columns = ["a", "b"]
start = "2012-03-01T00:00:00"
step_s = 300
device = "a"
[[mapping.take]]
property = "b"
quantity = "speed"
sensor = "{device}"
"#,
    r#"version = 1
[[source]]
id = "home"
kind = "mqtt"
address = "mqtt://127.0.0.1"
[[mapping]]
id = "m"
source = "home"
format = "home-assistant"
prefix = "ha"
[[mapping.take]]
quantity = "speed"
sensor = "{device}"
"#,
];

/// Whatever stands in one field, or that it is missing, is told in one line or in none.
#[test]
fn one_fault_is_one_line() {
    for file in WHOLE {
        let faults = |text: &str| Sources::parse("f", text).err().unwrap_or_default();
        assert_eq!(faults(file), [], "{file}");
        for (at, line) in file.lines().enumerate() {
            let Some((field, _)) = line.split_once(" = ") else { continue };
            for value in
                ["{}", "3", "-1", "\"\"", "\"~{\"", "\"a/#/b\"", "[]", "[3]", "true", "\"x\"", "{ a = [] }", "nan", ""]
            {
                let fault = if value.is_empty() { String::new() } else { format!("{field} = {value}") };
                let text: Vec<&str> =
                    file.lines().enumerate().map(|(n, line)| if n == at { fault.as_str() } else { line }).collect();
                // Another name for a source leaves all that named it with a fault of their own.
                if field == "id" && value.len() > 2 && value.starts_with('"') {
                    continue;
                }
                let lines: Vec<String> = faults(&text.join("\n")).iter().map(ToString::to_string).collect();
                assert!(lines.len() <= 1, "{line} -> {fault}: {lines:#?}");
            }
        }
    }
}
