//! ETSI GS CIM 009, the examples of annex C, in each representation; FIWARE data models; NGSI v2 as brokers send it.

use citytwin_feeds::decode::{Decoder, Value};

use crate::{at, find, number, read, refusal};

/// C.2.2: a parking.
const PARKING: &str = r#"{"id":"urn:ngsi-ld:OffStreetParking:Downtown1","type":"OffStreetParking",
    "name":{"type":"Property","value":"Downtown One"},
    "availableSpotNumber":{"type":"Property","value":121,"observedAt":"2017-07-29T12:05:02Z",
        "reliability":{"type":"Property","value":0.7},
        "providedBy":{"type":"Relationship","object":"urn:ngsi-ld:Camera:C1"}},
    "totalSpotNumber":{"type":"Property","value":200},
    "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[-8.5,41.2]}},
    "@context":["http://example.org/ngsi-ld/parking.jsonld","https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"]}"#;

#[test]
fn normalized_concise_and_simplified() {
    let concise = PARKING.replace(r#""type":"Property","#, "").replace(r#""type":"GeoProperty","#, "");
    let simplified = r#"{"id":"urn:ngsi-ld:OffStreetParking:Downtown1","type":"OffStreetParking","name":"Downtown One",
        "availableSpotNumber":121,"totalSpotNumber":200,"location":{"type":"Point","coordinates":[-8.5,41.2]}}"#;
    for (payload, observed) in
        [(PARKING, at("2017-07-29T12:05:02Z")), (&concise, at("2017-07-29T12:05:02Z")), (simplified, None)]
    {
        let mut decoder = Decoder::NgsiLd;
        let decoded = read(&mut decoder, "", payload);
        let spots = find(&decoded, "availableSpotNumber");
        assert_eq!((&*spots.device, &spots.value), ("urn:ngsi-ld:OffStreetParking:Downtown1", &number(121.0)));
        assert_eq!((spots.observed_at, spots.place.map(|p| (p.lon, p.lat))), (observed, Some((-8.5, 41.2))));
        assert_eq!(find(&decoded, "totalSpotNumber").observed_at, None);
        assert_eq!(find(&decoded, "name").value, Value::Text("Downtown One".into()));
        assert_eq!(decoded.observations.len(), 3);
    }
}

#[test]
fn a_notification_with_units_and_several_instances() {
    let payload = r#"{"id":"urn:ngsi-ld:Notification:5","type":"Notification","subscriptionId":"s","notifiedAt":"2024-05-01T12:00:00Z",
        "data":[{"id":"urn:ngsi-ld:Vehicle:A4567","type":"Vehicle",
        "speed":[{"type":"Property","value":55,"unitCode":"KMH","datasetId":"urn:ngsi-ld:Property:gps"},
                 {"type":"Property","value":54.5,"unitCode":"KMH"}],
        "isParked":{"type":"Relationship","object":"urn:ngsi-ld:OffStreetParking:Downtown1"}}]}"#;
    let mut decoder = Decoder::NgsiLd;
    let decoded = read(&mut decoder, "", payload);
    assert_eq!(find(&decoded, "speed@urn:ngsi-ld:Property:gps").value, number(55.0));
    assert_eq!((&find(&decoded, "speed").value, find(&decoded, "speed").unit.as_deref()), (&number(54.5), Some("KMH")));
    assert_eq!(decoded.observations.len(), 2);
}

/// FIWARE AirQualityObserved (smart-data-models): `dateObserved` as text, typed value, and interval.
#[test]
fn the_time_of_an_entity() {
    let with = |date: &str| {
        format!(
            r#"{{"id":"x","type":"AirQualityObserved","dateObserved":{date},"NO2":{{"value":22,"unitCode":"GQ"}}}}"#
        )
    };
    let noon = "2016-03-15T12:00:00Z";
    let rows = [
        format!(r#""{noon}""#),
        format!(r#"{{"type":"Property","value":"{noon}"}}"#),
        format!(r#"{{"type":"Property","value":{{"@type":"DateTime","@value":"{noon}"}}}}"#),
        format!(r#"{{"@type":"DateTime","@value":"{noon}"}}"#),
        format!(r#"{{"type":"Property","value":"2016-03-15T11:00:00Z/{noon}"}}"#),
    ];
    for date in rows {
        let payload = with(&date);
        let mut decoder = Decoder::NgsiLd;
        let decoded = read(&mut decoder, "", &payload);
        assert_eq!(
            (find(&decoded, "NO2").observed_at, find(&decoded, "NO2").unit.as_deref()),
            (at(noon), Some("GQ")),
            "{date}"
        );
    }
    for wrong in ["7", r#""noon""#, r#"{"value":{"x":1}}"#, r#"{"value":7}"#] {
        refusal(&mut Decoder::NgsiLd, "", with(wrong).as_bytes());
    }
}

#[test]
fn ngsi_v2_with_metadata() {
    let payload = r#"{"subscriptionId":"1","data":[{"id":"Room1","type":"Room","temperature":{"type":"Number","value":23,
        "metadata":{"TimeInstant":{"type":"DateTime","value":"2024-05-01T11:00:00Z"},"unitCode":{"type":"Text","value":"CEL"}}}}]}"#;
    let mut decoder = Decoder::NgsiLd;
    let decoded = read(&mut decoder, "", payload);
    let one = find(&decoded, "temperature");
    assert_eq!(
        (one.observed_at, one.unit.as_deref(), &one.value),
        (at("2024-05-01T11:00:00Z"), Some("CEL"), &number(23.0))
    );
}

#[test]
fn wrong_entities() {
    let rows: [(&[u8], &str); 6] = [
        (b"x", "malformed"),
        (b"[7]", "wrong type"),
        (br#"{"type":"Vehicle"}"#, "field missing"),
        (br#"{"id":[],"speed":1}"#, "wrong type"),
        (br#"{"id":"a","speed":{"value":1,"observedAt":"noon"}}"#, "bad time"),
        (br#"{"id":"a","location":{"type":"Point","coordinates":[200,0]}}"#, "bad place"),
    ];
    for (payload, kind) in rows {
        assert_eq!(refusal(&mut Decoder::NgsiLd, "", payload).kind(), kind, "{}", String::from_utf8_lossy(payload));
    }
}
