//! A city's `sources.toml`: which foreign payloads become readings of which sensors. Reading the file, matching topics,
//! units and ranges, finding the sensor. Pure: messages come in, readings and dead letters out.
//!
//! ```toml
//! version = 3                       # counted up by whoever edits; every reading cites it with a hash of the file
//!
//! [[source]]
//! id = "city-broker"
//! kind = "mqtt"                     # mqtt, http, file
//! address = "mqtts://mqtt.example.org:8883"   # never with a secret; mqtt+plaintext:// to another machine without TLS;
//!                                   # a file: relative to the city folder
//! timezone = "Europe/Lisbon"        # of stamps without zone; UTC unless given
//! user_env = "CITY_USER"            # mqtt, http: names of environment variables, which hold the secrets
//! password_env = "CITY_PASSWORD"
//! # ca = "tls/ca.pem"               # mqtts, https: trusted in place of the system's; relative to the city folder
//! # certificate = "tls/client.pem"  # with `key`: who this program is
//! # every_s = 60                    # http: how often it is asked, 1 to 86400; 60 unless given
//! # token_env = "CITY_TOKEN"        # http: sent as `Authorization: Bearer …`
//! # header = "X-Api-Key"            # http: with `header_env`, a header of the source's own
//! # query = "appid"                 # http: with `query_env`, a parameter after the address's question mark
//! # allow_private = true            # http: addresses of this machine and of private networks may be asked
//!
//! [[mapping]]
//! id = "loops"
//! source = "city-broker"
//! topic = "traffic/{district}/loop-{nr}"      # `{name}` captures, `+` and `#` as in MQTT
//! format = "json"                   # see below
//! each = "$.readings[*]"            # json: the items (RFC 9535); `@` paths are of an item, `$` paths of the document
//! time = "@.at"                     # where it is absent the time of receipt stands in, and the reading is uncertain
//! time_format = "unix_ms"           # auto, unix_s, unix_ms, unix_us, unix_ns, or a strptime pattern
//! quality = "@.q"
//! quality_words = { OK = "good", ERR = "bad" }
//!
//! [[mapping.take]]
//! value = "@.v"                     # json; other formats: device and property, texts with captures
//! quantity = "vehicle_flow"
//! unit = "veh/min"                  # where the payload names none; the quantity's own unless given
//! scale = 1.0                       # value · scale + offset, in `unit`
//! offset = 0.0
//! valid = [0, 9000]                 # in the quantity's unit; outside it a reading is bad
//! missing = [-1]                    # as stated: such a value is none
//! # words = { on = 1, off = 0 }     # texts and truth values as numbers
//! # ttl_s = 120                     # stale no sooner than this
//! # max_step = 50                   # quality checks of these sensors, in place of the quantity's
//! # max_per_hour = 100
//! # flat_after_s = 7200
//! sensor = "loop-{nr}"              # its id in city.toml; or the nearest one:
//! # nearest = "road"                # any, or sensors that observe a road, building, energy_asset
//! # within_m = 50
//! ```
//!
//! How long readings are kept, and where, stands in one table; without it the last three days lie in the database of the
//! history's folder, each day before in a file beside it, for ever:
//!
//! ```toml
//! [history]
//! hot_days = 3                      # with today
//! keep_days = 365                   # readings are removed after so many days
//! keep_days_of = { city-broker = 30 }   # the same of single sources; mqtt: what speaks at --mqtt; model: what the engines say
//! # postgres_env = "CITY_POSTGRES"  # a variable with the connection, such as host=localhost user=city dbname=city
//! # postgres_plaintext = true       # it may lie on another machine: the connection is not encrypted
//! ```
//!
//! | format | device | property | fields of the mapping |
//! |---|---|---|---|
//! | `json` | `device` path | the take's `value` path | `each`, `device`, `time`, `time_format`, `quality`, `quality_words`, `unit`, `lon`, `lat` |
//! | `senml`, `senml-cbor` | resolved name | empty; `#sum` of a sum | |
//! | `sensorthings` | Datastream id | observed property, when expanded | |
//! | `ngsi-ld` | entity id | attribute, `attribute@datasetId` | |
//! | `home-assistant` | unique id | device class or object id | `prefix` |
//! | `sparkplug-b` | `group/node[/device]` | metric | |
//! | `gbfs` | station or vehicle id | field of the specification | |
//! | `gtfs-realtime` | vehicle id | `speed`, `bearing`, `occupancy_percentage`, `position` | |
//! | `open-meteo` | `lat,lon` as answered | variable | |
//! | `csv` | `device` column | column | `delimiter`, `decimal_comma`, `columns`, `time`, `time_format`, `start` and `step_s`, `device` |
//!
//! The `topic` of an HTTP source is the address that was asked, without what follows its question mark; that of a file its
//! path. Of GBFS, `address` may be the `gbfs.json`: those of its files are asked that the takes need.

mod asked;
mod document;
mod fields;
mod keeping;
mod mapper;
mod pattern;
mod preview;
mod source;
mod take;
mod targets;

pub(crate) use asked::{Asked, Cut};
pub use document::{Mapping, MappingVersion, Sources};
pub use fields::SourcesFault;
pub use keeping::{ConnectionLine, Keeping, MODEL_FEED, OWN_FEED, PostgresAt};
pub use mapper::{Dead, DeviceId, Mapped, MappedReading, MappedSignal, Mapper};
pub use preview::{Preview, PreviewRow, Recorded, preview, read_recorded};
pub use source::{Access, SHORTEST_EVERY_S, Source, SourceKind};
pub use take::{QualityLimits, Take};
pub use targets::{Match, NearestKind};
