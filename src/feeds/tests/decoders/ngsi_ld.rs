//! ETSI GS CIM 009 V1.9.1, examples of annex C (re-read in a clause-by-clause copy): the parking of C.2.3 in each
//! representation, the vehicle of C.2.2 and of C.5.5. The FIWARE data models' own examples (re-read:
//! `smart-data-models/dataModel.Transportation`, `TrafficFlowObserved/examples`, and `dataModel.Environment`,
//! `AirQualityObserved/examples`). Notifications, and NGSI v2 with `TimeInstant`, are from memory.

use citytwin_feeds::decode::{Decoder, Stamp, Value};

use crate::{at, find, number, read, refusal};

/// C.2.3, normalized.
const PARKING: &str = r#"{"id":"urn:ngsi-ld:OffStreetParking:Downtown1","type":"OffStreetParking",
    "name":{"type":"Property","value":"Downtown One"},
    "availableSpotNumber":{"type":"Property","value":121,"observedAt":"2017-07-29T12:05:02Z",
        "reliability":{"type":"Property","value":0.7},
        "providedBy":{"type":"Relationship","object":"urn:ngsi-ld:Camera:C1"}},
    "totalSpotNumber":{"type":"Property","value":200},
    "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[-8.5,41.2]}},
    "@context":["http://example.org/ngsi-ld/latest/parking.jsonld",
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"]}"#;
/// C.2.3, concise.
const CONCISE: &str = r#"{"id":"urn:ngsi-ld:OffStreetParking:Downtown1","type":"OffStreetParking","name":"Downtown One",
    "availableSpotNumber":{"value":121,"observedAt":"2017-07-29T12:05:02Z","reliability":0.7,
        "providedBy":{"object":"urn:ngsi-ld:Camera:C1"}},
    "totalSpotNumber":200,"location":{"type":"Point","coordinates":[-8.5,41.2]}}"#;
/// C.2.3, simplified.
const SIMPLIFIED: &str = r#"{"id":"urn:ngsi-ld:OffStreetParking:Downtown1","type":"OffStreetParking",
    "name":"Downtown One","availableSpotNumber":121,"totalSpotNumber":200,
    "location":{"type":"Point","coordinates":[-8.5,41.2]}}"#;

#[test]
fn normalized_concise_and_simplified() {
    let observed = at("2017-07-29T12:05:02Z");
    for (payload, observed) in [(PARKING, observed), (CONCISE, observed), (SIMPLIFIED, None)] {
        let mut decoder = Decoder::NgsiLd;
        let decoded = read(&mut decoder, "", payload);
        let spots = find(&decoded, "availableSpotNumber");
        assert_eq!((&*spots.device, &spots.value), ("urn:ngsi-ld:OffStreetParking:Downtown1", &number(121.0)));
        assert_eq!((spots.observed_at, spots.place.map(|p| (p.lon, p.lat))), (observed, Some((-8.5, 41.2))));
        assert_eq!(find(&decoded, "totalSpotNumber").value, number(200.0));
        assert_eq!(find(&decoded, "totalSpotNumber").observed_at, None);
        assert_eq!(find(&decoded, "name").value, Value::Text("Downtown One".into()));
        assert_eq!(decoded.observations.len(), 3);
    }
}

/// C.2.3: the concise GeoJSON representation of one entity, and of two.
#[test]
fn geojson_features() {
    let feature = |name: &str, free: u32, total: u32| {
        format!(
            r#"{{"id":"urn:ngsi-ld:OffStreetParking:{name}","type":"Feature","geometry":{{"type":"Point",
            "coordinates":[-8.51,41.1]}},"properties":{{"type":"OffStreetParking","name":"{name}","availableSpotNumber":{{
            "value":{free},"observedAt":"2017-07-29T12:05:02Z","reliability":0.7,"providedBy":{{"object":
            "urn:ngsi-ld:Camera:C1"}}}},"location":{{"type":"Point","coordinates":[-8.51,41.1]}},"totalSpotNumber":{total}}}}}"#
        )
    };
    let (one, two) = (feature("Downtown1", 121, 200), feature("Downtown2", 99, 100));
    let mut decoder = Decoder::NgsiLd;
    let decoded = read(&mut decoder, "", &one);
    let spots = find(&decoded, "availableSpotNumber");
    assert_eq!((&*spots.device, &spots.value), ("urn:ngsi-ld:OffStreetParking:Downtown1", &number(121.0)));
    assert_eq!(spots.place.map(|p| (p.lon, p.lat)), Some((-8.51, 41.1)));
    assert_eq!((spots.observed_at, decoded.observations.len()), (at("2017-07-29T12:05:02Z"), 3));
    let collection = format!(r#"{{"type":"FeatureCollection","features":[{one},{two}]}}"#);
    let mut decoder = Decoder::NgsiLd;
    let decoded = read(&mut decoder, "", &collection);
    let free = decoded.observations.iter().filter(|o| o.property == "availableSpotNumber");
    assert_eq!(free.map(|o| o.value.clone()).collect::<Vec<_>>(), [number(121.0), number(99.0)]);
}

/// C.2.2, normalized: of texts in several languages, relationships, words of a vocabulary and lists there is no reading.
#[test]
fn attributes_that_are_no_single_value() {
    let vehicle = r#"{"id":"urn:ngsi-ld:Vehicle:A4567","type":"Vehicle","brandName":{"type":"Property","value":"Mercedes"},
        "street":{"type":"LanguageProperty","languageMap":{"fr":"Grand Place","nl":"Grote Markt"}},
        "isParked":{"type":"Relationship","objectType":"OffStreetParking",
            "object":"urn:ngsi-ld:OffStreetParking:Downtown1","observedAt":"2017-07-29T12:00:04Z",
            "providedBy":{"type":"Relationship","object":"urn:ngsi-ld:Person:Bob"}},
        "category":{"type":"VocabProperty","vocab":"non-commercial"},
        "tyreTreadDepths":{"type":"ListProperty","valueList":[300,300,120,6],"valueType":"Integer","unitCode":"MMT"},
        "passengers":{"type":"Relationship","object":["urn:ngsi-ld:Person:Alice","urn:ngsi-ld:Person:Bob"]},
        "route":{"type":"ListRelationship","objectList":[{"object":"urn:ngsi-ld:City:Antwerp"}]}}"#;
    let mut decoder = Decoder::NgsiLd;
    let decoded = read(&mut decoder, "", vehicle);
    assert_eq!(crate::rows(&decoded), [("urn:ngsi-ld:Vehicle:A4567", "brandName", Value::Text("Mercedes".into()))]);
}

/// C.5.5.3: the answer to a temporal query.
#[test]
fn the_course_of_an_attribute() {
    let answer = r#"[{"id":"urn:ngsi-ld:Vehicle:B9211","type":"Vehicle","speed":[
        {"type":"Property","value":120,"observedAt":"2018-08-01T12:03:00Z"},
        {"type":"Property","value":80,"observedAt":"2018-08-01T12:05:00Z"},
        {"type":"Property","value":100,"observedAt":"2018-08-01T12:07:00Z"}]}]"#;
    let mut decoder = Decoder::NgsiLd;
    let decoded = read(&mut decoder, "", answer);
    let course: Vec<_> = decoded.observations.iter().map(|o| (o.value.clone(), o.observed_at)).collect();
    let expected = [
        (number(120.0), at("2018-08-01T12:03:00Z")),
        (number(80.0), at("2018-08-01T12:05:00Z")),
        (number(100.0), at("2018-08-01T12:07:00Z")),
    ];
    assert_eq!(course, expected);
}

/// `TrafficFlowObserved`: normalized, and as key and value. Its `dateObserved` is an interval without zone, whose end
/// `dateObservedTo` says with one; its place is a line, so it has none.
#[test]
fn traffic_flow_observed() {
    let normalized = r#"{"id":"urn:ngsi-ld:TrafficFlowObserved:TrafficFlowObserved-Valladolid-osm-60821110",
        "type":"TrafficFlowObserved","address":{"type":"Property","value":{"addressLocality":"Valladolid"}},
        "averageHeadwayTime":{"type":"Property","value":0.5},"averageVehicleLength":{"type":"Property","value":9.87},
        "averageVehicleSpeed":{"type":"Property","value":52.6},
        "dateObserved":{"type":"Property","value":{"@type":"DateTime",
            "@value":"2016-12-07T11:10:00/2016-12-07T11:15:00"}},
        "dateObservedFrom":{"type":"Property","value":{"@type":"DateTime","@value":"2016-12-07T11:10:00Z"}},
        "dateObservedTo":{"type":"Property","value":{"@type":"DateTime","@value":"2016-12-07T11:15:00Z"}},
        "intensity":{"type":"Property","value":197},"laneDirection":{"type":"Property","value":"forward"},
        "laneId":{"type":"Property","value":1},
        "location":{"type":"GeoProperty","value":{"type":"LineString","coordinates":[[-4.73735395519672,41.6538181849672],
            [-4.73414858659993,41.6600594193478],[-4.73447575302641,41.659585195093]]}},
        "occupancy":{"type":"Property","value":0.76},"reversedLane":{"type":"Property","value":false}}"#;
    let simplified = r#"{"id":"TrafficFlowObserved-Valladolid-osm-60821110","type":"TrafficFlowObserved","laneId":1,
        "address":{"streetAddress":"Avenida de Salamanca","addressLocality":"Valladolid","addressCountry":"ES"},
        "location":{"type":"LineString","coordinates":[[-4.73735395519672,41.6538181849672],
            [-4.73414858659993,41.6600594193478],[-4.73447575302641,41.659585195093]]},
        "dateObserved":"2016-12-07T11:10:00/2016-12-07T11:15:00","dateObservedFrom":"2016-12-07T11:10:00Z",
        "dateObservedTo":"2016-12-07T11:15:00Z","averageHeadwayTime":0.5,"intensity":197,"occupancy":0.76,
        "averageVehicleSpeed":52.6,"averageVehicleLength":9.87,"reversedLane":false,"laneDirection":"forward"}"#;
    for payload in [normalized, simplified] {
        let mut decoder = Decoder::NgsiLd;
        let decoded = read(&mut decoder, "", payload);
        let value = |property: &str| find(&decoded, property).value.clone();
        assert_eq!((value("intensity"), value("occupancy")), (number(197.0), number(0.76)));
        assert_eq!((value("averageVehicleSpeed"), value("reversedLane")), (number(52.6), Value::Bool(false)));
        assert!(decoded.observations.iter().all(|o| o.observed_at == at("2016-12-07T11:15:00Z") && o.place.is_none()));
        assert_eq!(decoded.observations.len(), 8);
    }
    // Without it, the wall clock is the mapping's to place.
    let alone = simplified.replace(r#""dateObservedTo":"2016-12-07T11:15:00Z","#, "");
    let mut decoder = Decoder::NgsiLd;
    let stamp = find(&read(&mut decoder, "", &alone), "intensity").observed_at;
    assert_eq!(stamp, Some(Stamp::Local("2016-12-07T11:15:00".parse().unwrap())));
}

/// `AirQualityObserved`, NGSI v2 normalized: units stand in the metadata.
#[test]
fn air_quality_observed() {
    let payload = r#"{"id":"Madrid-AmbientObserved-28079004-2016-03-15T11:00:00","type":"AirQualityObserved",
        "dateObserved":{"type":"DateTime","value":"2016-03-15T11:00:00"},
        "co":{"type":"Number","value":500,"metadata":{"unitCode":{"value":"GP"}}},
        "no2":{"type":"Number","value":69,"metadata":{"unitCode":{"value":"GQ"}}},
        "nox":{"type":"Number","value":139,"metadata":{"unitCode":{"value":"GQ"}}},
        "temperature":{"type":"Number","value":12.2},"relativeHumidity":{"type":"Number","value":0.54},
        "location":{"type":"geo:json","value":{"type":"Point","coordinates":[-3.712247222222222,40.423852777777775]}},
        "address":{"type":"StructuredValue","value":{"addressCountry":"ES"}}}"#;
    let mut decoder = Decoder::NgsiLd;
    let decoded = read(&mut decoder, "", payload);
    let seen = |property: &str| (find(&decoded, property).value.clone(), find(&decoded, property).unit.clone());
    assert_eq!(seen("co"), (number(500.0), Some("GP".into())));
    assert_eq!(seen("no2"), (number(69.0), Some("GQ".into())));
    assert_eq!(seen("relativeHumidity"), (number(0.54), None));
    let one = find(&decoded, "nox");
    assert_eq!(one.place.map(|p| (p.lon, p.lat)), Some((-3.712247222222222, 40.423852777777775)));
    assert_eq!(one.observed_at, Some(Stamp::Local("2016-03-15T11:00:00".parse().unwrap())));
    assert_eq!(decoded.observations.len(), 5);
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

/// `dateObserved` in every form that the data models' examples have.
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
