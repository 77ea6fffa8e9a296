//! The examples of the GBFS 3.0 reference.

use citytwin_feeds::decode::{Decoder, Signal, Stations, Value};

use crate::{at, number, read, refusal};

fn decoder() -> Decoder {
    Decoder::Gbfs(Stations::default())
}

const STATUS: &str = r#"{"last_updated":"2023-07-17T13:34:13+02:00","ttl":60,"version":"3.0","data":{"stations":[
    {"station_id":"station1","is_installed":true,"is_renting":true,"is_returning":true,
     "last_reported":"2023-07-17T13:34:13+02:00","num_docks_available":3,"num_docks_disabled":1,
     "vehicle_docks_available":[{"vehicle_type_ids":["abc123","def456"],"count":2},{"vehicle_type_ids":["def456"],"count":1}],
     "num_vehicles_available":1,"num_vehicles_disabled":2,
     "vehicle_types_available":[{"vehicle_type_id":"abc123","count":1},{"vehicle_type_id":"def456","count":0}]}]}}"#;

#[test]
fn the_status_of_stations() {
    let mut decoder = decoder();
    let information = r#"{"last_updated":"2023-07-17T13:34:13+02:00","ttl":0,"version":"3.0","data":{"stations":[
        {"station_id":"station1","name":[{"text":"Parking garage A","language":"en"}],"lat":12.345678,"lon":45.678901}]}}"#;
    assert_eq!(read(&mut decoder, "", information).observations, []);
    let decoded = read(&mut decoder, "", STATUS);
    assert_eq!(decoded.signals, [Signal::Ttl(60.0)]);
    let value = |property: &str| crate::find(&decoded, property).value.clone();
    assert_eq!((value("num_vehicles_available"), value("num_docks_available")), (number(1.0), number(3.0)));
    assert_eq!((value("is_renting"), value("num_vehicles_available:abc123")), (Value::Bool(true), number(1.0)));
    let one = &decoded.observations[0];
    assert_eq!((&*one.device, one.observed_at, one.ttl_s), ("station1", at("2023-07-17T11:34:13Z"), Some(60.0)));
    assert_eq!(one.place.map(|p| (p.lon, p.lat)), Some((45.678901, 12.345678)));
}

#[test]
fn the_status_of_vehicles() {
    let file = r#"{"last_updated":"2023-07-17T13:34:13+02:00","ttl":0,"version":"3.0","data":{"vehicles":[
        {"vehicle_id":"973a5c94-c288-4a2b-afa6-de8aeb6ae2e5","last_reported":"2023-07-17T13:34:13+02:00",
         "lat":12.345678,"lon":56.789012,"is_reserved":false,"is_disabled":false,"vehicle_type_id":"abc123"},
        {"vehicle_id":"987fd100-b822-4347-86a4-b3eef8ca8b53","is_reserved":false,"is_disabled":true,
         "vehicle_type_id":"def456","current_range_meters":6543.0,"station_id":"86"}]}}"#;
    let mut decoder = decoder();
    let decoded = read(&mut decoder, "", file);
    assert_eq!(crate::find(&decoded, "current_range_meters").value, number(6543.0));
    assert_eq!(decoded.observations[0].place.map(|p| p.lat), Some(12.345678));
    assert_eq!(decoded.observations.len(), 5);
    assert_eq!(decoded.signals, [Signal::Ttl(0.0)]);
}

#[test]
fn wrong_files() {
    let with = |data: &str| format!(r#"{{"version":"3.0","ttl":0,"data":{data}}}"#).into_bytes();
    let rows = [
        (b"{}".to_vec(), "field missing"),
        (br#"{"version":"2.3","data":{}}"#.to_vec(), "unknown version"),
        (with("7"), "wrong type"),
        (with("{}"), "field missing"),
        (with(r#"{"stations":[{}]}"#), "field missing"),
        (with(r#"{"stations":[{"station_id":"a","num_docks_available":[]}]}"#), "wrong type"),
        (with(r#"{"stations":[{"station_id":"a","lat":91,"lon":0}]}"#), "bad place"),
        (with(r#"{"vehicles":[{"vehicle_id":"a","last_reported":"x"}]}"#), "bad time"),
    ];
    for (payload, kind) in rows {
        assert_eq!(refusal(&mut decoder(), "", &payload).kind(), kind, "{}", String::from_utf8_lossy(&payload));
    }
}
