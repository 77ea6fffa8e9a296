//! The examples of the GBFS reference, re-read in `gbfs.md` of `MobilityData/gbfs` (3.1-RC; those of the files that are
//! read here are the same under version 3.0).

use citytwin_feeds::decode::{Decoder, Signal, Stations, Value};

use crate::{at, number, read, refusal};

fn decoder() -> Decoder {
    Decoder::Gbfs(Stations::default())
}

/// `station_status.json`.
const STATUS: &str = r#"{"last_updated":"2023-07-17T13:34:13+02:00","ttl":0,"version":"3.0","data":{"stations":[
    {"station_id":"station1","is_installed":true,"is_renting":true,"is_returning":true,
     "last_reported":"2023-07-17T13:34:13+02:00","num_docks_available":3,"num_docks_disabled":1,
     "vehicle_docks_available":[{"vehicle_type_ids":["abc123","def456"],"count":2},{"vehicle_type_ids":["def456"],"count":1}],
     "num_vehicles_available":1,"num_vehicles_disabled":2,
     "vehicle_types_available":[{"vehicle_type_id":"abc123","count":1},{"vehicle_type_id":"def456","count":0}]},
    {"station_id":"station2","is_installed":true,"is_renting":true,"is_returning":true,
     "last_reported":"2023-07-17T13:34:13+02:00","num_docks_available":8,"num_docks_disabled":1,
     "vehicle_docks_available":[{"vehicle_type_ids":["abc123"],"count":6},{"vehicle_type_ids":["def456"],"count":2}],
     "num_vehicles_available":6,"num_vehicles_disabled":1,
     "vehicle_types_available":[{"vehicle_type_id":"abc123","count":2},{"vehicle_type_id":"def456","count":4}]}]}}"#;
/// `station_information.json`, example 1, under the id of a station that has a status.
const INFORMATION: &str = r#"{"last_updated":"2023-07-17T13:34:13+02:00","ttl":300,"version":"3.0","data":{"stations":[
    {"station_id":"ID","name":[{"text":"Parking garage A","language":"en"}],"lat":12.345678,"lon":45.678901,
     "station_opening_hours":"Su-Th 05:00-22:00; Fr-Sa 05:00-01:00","parking_type":"underground_parking",
     "parking_hoop":false,"contact_phone":"+33109874321","is_charging_station":true,
     "vehicle_docks_capacity":[{"vehicle_type_ids":["abc123"],"count":7}]}]}}"#;

#[test]
fn the_status_of_stations() {
    let mut decoder = decoder();
    let information = INFORMATION.replace("ID", "station1");
    assert_eq!(read(&mut decoder, "", &information).observations, []);
    // A file that says for how long it holds says it of its entries.
    let status = STATUS.replace(r#""ttl":0"#, r#""ttl":60"#);
    let decoded = read(&mut decoder, "", &status);
    assert_eq!(decoded.signals, [Signal::Ttl(60.0)]);
    let value = |property: &str| crate::find(&decoded, property).value.clone();
    assert_eq!((value("num_vehicles_available"), value("num_docks_available")), (number(1.0), number(3.0)));
    assert_eq!((value("is_renting"), value("num_vehicles_available:abc123")), (Value::Bool(true), number(1.0)));
    let one = &decoded.observations[0];
    assert_eq!((&*one.device, one.observed_at, one.ttl_s), ("station1", at("2023-07-17T11:34:13Z"), Some(60.0)));
    assert_eq!(one.place.map(|p| (p.lon, p.lat)), Some((45.678901, 12.345678)));
    let other = decoded.observations.iter().filter(|o| o.device == "station2").collect::<Vec<_>>();
    assert_eq!((other.len(), other[0].value.clone(), other[0].place), (9, number(6.0), None));
}

/// `vehicle_status.json`, example 2: what is told of cars beyond their place.
#[test]
fn fuel_and_range_of_cars() {
    let file = r#"{"last_updated":"2023-07-17T13:34:13+02:00","ttl":0,"version":"3.0","data":{"vehicles":[
        {"vehicle_id":"45bd3fb7-a2d5-4def-9de1-c645844ba962","last_reported":"2023-07-17T13:34:13+02:00",
         "lat":12.345678,"lon":56.789012,"is_reserved":false,"is_disabled":false,"vehicle_type_id":"abc123",
         "current_range_meters":400000.0,"available_until":"2021-05-17T15:00:00Z","home_station_id":"station1",
         "vehicle_equipment":["child_seat_a","winter_tires"]},
        {"vehicle_id":"d4521def-7922-4e46-8e1d-8ac397239bd0","last_reported":"2023-07-17T13:34:13+02:00",
         "is_reserved":false,"is_disabled":false,"vehicle_type_id":"def456","current_fuel_percent":0.7,
         "current_range_meters":6543.0,"station_id":"86","pricing_plan_id":"plan3","home_station_id":"146",
         "vehicle_equipment":["child_seat_a"]}]}}"#;
    let mut decoder = decoder();
    let decoded = read(&mut decoder, "", file);
    assert_eq!(crate::find(&decoded, "current_range_meters").value, number(400_000.0));
    // "expressed from 0 to 1", whatever its name says.
    assert_eq!(crate::find(&decoded, "current_fuel_percent").value, number(0.7));
    assert_eq!(decoded.observations.len(), 7);
}

/// `vehicle_status.json`, example 1.
#[test]
fn the_status_of_vehicles() {
    let file = r#"{"last_updated":"2023-07-17T13:34:13+02:00","ttl":0,"version":"3.0","data":{"vehicles":[
        {"vehicle_id":"973a5c94-c288-4a2b-afa6-de8aeb6ae2e5","last_reported":"2023-07-17T13:34:13+02:00",
         "lat":12.345678,"lon":56.789012,"is_reserved":false,"is_disabled":false,"vehicle_type_id":"abc123"},
        {"vehicle_id":"987fd100-b822-4347-86a4-b3eef8ca8b53","last_reported":"2023-07-17T13:34:13+02:00",
         "is_reserved":false,"is_disabled":false,"vehicle_type_id":"def456","current_range_meters":6543.0,
         "station_id":"86","pricing_plan_id":"plan3"}]}}"#;
    let mut decoder = decoder();
    let information = INFORMATION.replace("ID", "86");
    read(&mut decoder, "", &information);
    let decoded = read(&mut decoder, "", file);
    assert_eq!(crate::find(&decoded, "current_range_meters").value, number(6543.0));
    assert_eq!(decoded.observations[0].place.map(|p| p.lon), Some(56.789012));
    // `lat` and `lon` are "REQUIRED if `station_id` is not provided": the other stands at its station.
    assert_eq!(decoded.observations[4].place.map(|p| p.lon), Some(45.678901));
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
