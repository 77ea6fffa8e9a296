//! Messages written by an independent encoder (prost) from the published `gtfs-realtime.proto`, whose field numbers were
//! re-read (`google/transit`, `gtfs-realtime/proto`). The specification publishes no example of vehicle positions; its
//! example of trip updates (`spec/en/examples/trip-updates-full.asciipb`, re-read) is here for what is passed over.

use citytwin_feeds::decode::Decoder;
use prost::Message as _;

use crate::{at, message, number, refusal, rows};

#[derive(Clone, PartialEq, prost::Message)]
struct FeedMessage {
    #[prost(message, required, tag = "1")]
    header: FeedHeader,
    #[prost(message, repeated, tag = "2")]
    entity: Vec<FeedEntity>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct FeedHeader {
    #[prost(string, required, tag = "1")]
    gtfs_realtime_version: String,
    #[prost(uint64, optional, tag = "3")]
    timestamp: Option<u64>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct FeedEntity {
    #[prost(string, required, tag = "1")]
    id: String,
    #[prost(bool, optional, tag = "2")]
    is_deleted: Option<bool>,
    #[prost(message, optional, tag = "3")]
    trip_update: Option<TripUpdate>,
    #[prost(message, optional, tag = "4")]
    vehicle: Option<VehiclePosition>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct TripUpdate {
    #[prost(message, required, tag = "1")]
    trip: TripDescriptor,
    #[prost(message, repeated, tag = "2")]
    stop_time_update: Vec<StopTimeUpdate>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StopTimeUpdate {
    #[prost(uint32, optional, tag = "1")]
    stop_sequence: Option<u32>,
    #[prost(message, optional, tag = "2")]
    arrival: Option<StopTimeEvent>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StopTimeEvent {
    #[prost(int32, optional, tag = "1")]
    delay: Option<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct VehiclePosition {
    #[prost(message, optional, tag = "1")]
    trip: Option<TripDescriptor>,
    #[prost(message, optional, tag = "2")]
    position: Option<Position>,
    #[prost(uint64, optional, tag = "5")]
    timestamp: Option<u64>,
    #[prost(message, optional, tag = "8")]
    vehicle: Option<VehicleDescriptor>,
    #[prost(uint32, optional, tag = "10")]
    occupancy_percentage: Option<u32>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct TripDescriptor {
    #[prost(string, optional, tag = "1")]
    trip_id: Option<String>,
    #[prost(string, optional, tag = "2")]
    start_time: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct VehicleDescriptor {
    #[prost(string, optional, tag = "1")]
    id: Option<String>,
    #[prost(string, optional, tag = "2")]
    label: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Position {
    #[prost(float, required, tag = "1")]
    latitude: f32,
    #[prost(float, required, tag = "2")]
    longitude: f32,
    #[prost(float, optional, tag = "3")]
    bearing: Option<f32>,
    #[prost(double, optional, tag = "4")]
    odometer: Option<f64>,
    #[prost(float, optional, tag = "5")]
    speed: Option<f32>,
}

fn feed() -> FeedMessage {
    let position =
        Position { latitude: 41.25, longitude: -8.5, bearing: Some(90.0), odometer: Some(1.0), speed: Some(12.5) };
    let vehicle = VehiclePosition {
        trip: Some(TripDescriptor { trip_id: Some("t".into()), start_time: None }),
        position: Some(position),
        timestamp: Some(1_714_564_740),
        vehicle: Some(VehicleDescriptor { id: Some("bus-7".into()), label: Some("7".into()) }),
        occupancy_percentage: Some(40),
    };
    let gone = FeedEntity { id: "2".into(), is_deleted: Some(true), trip_update: None, vehicle: Some(vehicle.clone()) };
    FeedMessage {
        header: FeedHeader { gtfs_realtime_version: "2.0".into(), timestamp: Some(1_714_564_800) },
        entity: vec![FeedEntity { id: "1".into(), is_deleted: None, trip_update: None, vehicle: Some(vehicle) }, gone],
    }
}

#[test]
fn vehicle_positions() {
    let bytes = feed().encode_to_vec();
    let mut decoder = Decoder::GtfsRealtime;
    let decoded = decoder.decode(message("", &bytes)).unwrap();
    let names: Vec<_> = rows(&decoded).into_iter().map(|(device, property, _)| (device, property)).collect();
    assert_eq!(
        names,
        [("bus-7", "speed"), ("bus-7", "bearing"), ("bus-7", "occupancy_percentage"), ("bus-7", "position")]
    );
    let speed = crate::find(&decoded, "speed");
    assert_eq!((&speed.value, speed.unit.as_deref()), (&number(12.5), Some("m/s")));
    assert_eq!(
        (speed.observed_at, speed.place.map(|p| (p.lon, p.lat))),
        (at("2024-05-01T11:59:00Z"), Some((-8.5, 41.25)))
    );
}

#[test]
fn a_vehicle_without_time_has_that_of_the_feed() {
    let mut feed = feed();
    feed.entity[0].vehicle.as_mut().unwrap().timestamp = None;
    feed.entity[0].vehicle.as_mut().unwrap().vehicle = None;
    let bytes = feed.encode_to_vec();
    let mut decoder = Decoder::GtfsRealtime;
    let decoded = decoder.decode(message("", &bytes)).unwrap();
    assert_eq!(
        (decoded.observations[0].observed_at, &*decoded.observations[0].device),
        (at("2024-05-01T12:00:00Z"), "1")
    );
}

/// Trips alone: nothing to tell, and no fault. Version 1.0 is as good as 2.0.
#[test]
fn trip_updates_are_passed_over() {
    let update = |id: &str, start_time: Option<&str>, delays: &[(u32, Option<i32>)]| FeedEntity {
        id: if start_time.is_some() { "3".into() } else { "simple-trip".into() },
        trip_update: Some(TripUpdate {
            trip: TripDescriptor { trip_id: Some(id.into()), start_time: start_time.map(str::to_owned) },
            stop_time_update: delays
                .iter()
                .map(|(stop, delay)| StopTimeUpdate {
                    stop_sequence: Some(*stop),
                    arrival: delay.map(|delay| StopTimeEvent { delay: Some(delay) }),
                })
                .collect(),
        }),
        ..FeedEntity::default()
    };
    let feed = FeedMessage {
        header: FeedHeader { gtfs_realtime_version: "1.0".into(), timestamp: Some(1_284_457_468) },
        entity: vec![
            update("trip-1", None, &[(3, Some(5)), (8, Some(1)), (10, None)]),
            update("frequency-expanded-trip", Some("11:15:35"), &[(1, Some(-2)), (9, None)]),
        ],
    };
    let bytes = feed.encode_to_vec();
    let mut decoder = Decoder::GtfsRealtime;
    let decoded = decoder.decode(message("", &bytes)).unwrap();
    assert_eq!((decoded.observations.len(), decoded.faulty, decoded.signals.len()), (0, 0, 0));
}

#[test]
fn wrong_messages() {
    let decoder = || Decoder::GtfsRealtime;
    let mut wrong = feed();
    wrong.entity[0].vehicle.as_mut().unwrap().position.as_mut().unwrap().latitude = 99.0;
    assert_eq!(refusal(&mut decoder(), "", &wrong.encode_to_vec()).kind(), "bad place");
    wrong.entity[0].vehicle.as_mut().unwrap().position.as_mut().unwrap().latitude = f32::NAN;
    assert_eq!(refusal(&mut decoder(), "", &wrong.encode_to_vec()).kind(), "not finite");
    wrong.header.gtfs_realtime_version = "9".into();
    assert_eq!(refusal(&mut decoder(), "", &wrong.encode_to_vec()).kind(), "unknown version");
    let bytes = feed().encode_to_vec();
    for end in 1..bytes.len() {
        // A message cut short is refused, or ends between two of its entities.
        let mut decoder = decoder();
        if let Ok(decoded) = decoder.decode(message("", &bytes[..end])) {
            assert!(decoded.observations.len() <= 4);
        }
    }
    assert_eq!(refusal(&mut decoder(), "", b"").kind(), "field missing");
    assert_eq!(refusal(&mut decoder(), "", &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]).kind(), "malformed");
    assert_eq!(refusal(&mut decoder(), "", &[0xff; 11]).kind(), "malformed");
}
