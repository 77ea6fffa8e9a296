//! A made-up city for the panels' tests: every kind of data, and its extremes.

use citytwin_model::{
    Assumptions, BuildingId, Coord, EnergyAssetId, FeatureRef, LonLat, Origin, Problem, ProblemKind, Quality,
    RoadChange, RoadId, SensorId, SourceRef,
    time::{
        TimeZone,
        civil::{date, time},
    },
};
use citytwin_panels::{
    Abilities, Axis, Better, CityData, ClockData, Comparison, Curve, CurveLine, DeadLetterRow, DistrictRow, Districts,
    Fact, FeedData, FeedMode, FeedState, FeedTotals, FeedsData, Flow, Gravity, GridData, GridDay, GridElement,
    GridHelp, GridItem, GridSensed, GridSuspect, History, HistoryLevel, HistoryPoint, HistoryRange, HistoryStore,
    InspectorData, KeyFigureRow, KeyNote, LayerGroup, LayerInfo, LayerKind, LiveClock, LiveState, Measure, ModelError,
    ModelNote, Node, Notice, Observation, PanelInput, PeakHour, PeakState, Picked, PickedRoad, Related, RoadUsers,
    Sankey, SearchHit, SensorCounts, SensorHistory, SourceKind, SourceRow, SourceState, TrafficNow, Trail, Unit,
    Validation, WhatIfData, YearData, YearState, theme,
};

/// Owns what a [`PanelInput`] borrows.
pub struct Sample {
    pub name: String,
    pub attribution: Vec<String>,
    pub layer: LayerKind,
    pub layers: Vec<LayerInfo>,
    pub shown: Vec<(LayerGroup, bool)>,
    pub feed: FeedData,
    /// `None`: a program that knows a single feed.
    pub feeds: Option<FeedsData>,
    pub live: Option<LiveState>,
    pub held_s: Vec<[f64; 2]>,
    pub inspector: Option<InspectorData>,
    pub what_if: WhatIfData,
    pub figures: Vec<KeyFigureRow>,
    pub peak: PeakHour,
    pub grid: GridData,
    pub year: YearData,
    pub history: History,
    pub problems: Vec<Problem>,
    pub search: Vec<SearchHit>,
    pub notices: Vec<Notice>,
    pub paused: bool,
    pub speed: f64,
}

pub const MODELS: [ModelNote; 2] = [
    ModelNote {
        name: "Traffic: car following on the road network",
        drives: "vehicles, flows, speeds, travel times",
        how: "Every vehicle chooses its fastest route, keeps its distance (IDM) and stops at signals.",
        validation: Validation::Plausible,
        evidence: "Free speeds and saturation flows agree with the HCM; not yet held against counts of this city.",
    },
    ModelNote {
        name: "Energy: hourly profiles by use and floor area",
        drives: "building load, transformer loading",
        how: "Each building follows the standard load profile of its use, scaled by its floor area.",
        validation: Validation::NotValidated,
        evidence: "Floor areas come from the map's levels, which are inferred for most buildings.",
    },
];

pub const CAMERA_KEYS: [KeyNote; 4] = [
    KeyNote { keys: "Drag", does: "Move the map" },
    KeyNote { keys: "Right drag", does: "Turn and tilt" },
    KeyNote { keys: "Wheel", does: "Zoom to the pointer" },
    KeyNote { keys: "W A S D", does: "Move" },
];

impl Sample {
    /// A city in full swing.
    pub fn new() -> Self {
        let mut layers: Vec<LayerInfo> = LayerKind::ALL.into_iter().map(LayerInfo::usual).collect();
        layers[3].unavailable = Some("Compare your changes first.".into());
        Self {
            name: "Flussheim".into(),
            attribution: vec!["© OpenStreetMap contributors, ODbL 1.0".into()],
            layer: LayerKind::TrafficSpeed,
            layers,
            shown: LayerGroup::ALL.map(|group| (group, group != LayerGroup::Labels)).to_vec(),
            feed: feed(),
            feeds: Some(feeds()),
            live: Some(LiveState::Following),
            held_s: vec![[0.0, 21_600.0], [25_200.0, 30_700.0]],
            inspector: Some(road()),
            what_if: what_if(),
            figures: figures(),
            peak: peak(),
            grid: grid(),
            year: year(),
            history: history(),
            problems: problems(137),
            search: vec![
                SearchHit {
                    title: "Nordbrücke".into(),
                    kind: "Primary road, bridge".into(),
                    feature: FeatureRef::Road(RoadId(7)),
                },
                SearchHit {
                    title: "Nordbad".into(),
                    kind: "Public building".into(),
                    feature: FeatureRef::Building(BuildingId(3)),
                },
            ],
            notices: Vec::new(),
            paused: false,
            speed: 10.0,
        }
    }

    /// What the panels get.
    pub fn input(&self) -> PanelInput<'_> {
        PanelInput {
            city: CityData {
                name: &self.name,
                population: Some(40_120),
                buildings: 8_312,
                roads: 2_114,
                sensors: 24,
                attribution: &self.attribution,
            },
            clock: ClockData {
                queues: false,
                local: date(2026, 6, 18).to_datetime(time(8, 32, 5, 0)),
                zone: "Europe/Berlin",
                speed: self.speed,
                achieved: None,
                paused: self.paused,
                daylight: Some((time(4, 43, 0, 0), time(21, 33, 0, 0))),
                settable: Some("Setting the clock starts the traffic anew from there."),
                live: self.live.map(|state| LiveClock {
                    state,
                    held_s: &self.held_s,
                    days: Some((date(2026, 3, 1), date(2026, 6, 18))),
                }),
            },
            traffic: Some(TrafficNow { under_way: 1_904, arrived: 12_331, refused: 41 }),
            feed: Some(&self.feed),
            feeds: self.feeds.as_ref(),
            layer: self.layer,
            layers: &self.layers,
            shown: &self.shown,
            inspector: self.inspector.as_ref(),
            what_if: Some(&self.what_if),
            figures: &self.figures,
            peak: Some(&self.peak),
            grid: Some(&self.grid),
            year: Some(&self.year),
            history: Some(&self.history),
            problems: &self.problems,
            search: &self.search,
            models: &MODELS,
            camera_keys: &CAMERA_KEYS,
            notices: &self.notices,
            busy: None,
            can: Abilities { camera_presets: true, fly_to: true, follow: true, screenshot: true, search: true },
        }
    }
}

/// Round figures of a town.
fn year() -> YearData {
    let node = |label: &str, column, colour| Node { label: label.into(), column, colour };
    let flow = |from, to, amount| Flow { from, to, amount, baseline: 0.9 * amount };
    let day = |scale: f64| (0..24).map(|hour| scale * (1.0 + (f64::from(hour) / 4.0).sin())).collect();
    let line = |name: &str, colour, baseline, values| CurveLine { name: name.into(), colour, baseline, values };
    let row = |label: &str, unit, [baseline, now]: [f64; 2]| KeyFigureRow {
        label: label.into(),
        unit,
        baseline: Some(baseline),
        now: Some(now),
        interval: Some(0.0),
        better: Better::Lower,
        says: "Sums over the hours.".into(),
    };
    YearData {
        state: YearState::Current { took_s: 3.2 },
        what: "8,760 hours of every building. Weather: synthetic year.".into(),
        balance: Sankey {
            nodes: vec![
                node("Grid import", 0, theme::ACCENT),
                node("Solar", 0, theme::AMBER),
                node("Electricity", 1, theme::ACCENT),
                node("Appliances", 2, theme::ACCENT),
                node("Electric cars", 2, theme::BETTER),
            ],
            flows: vec![flow(0, 2, 80_000.0), flow(1, 2, 21_000.0), flow(2, 3, 90_000.0), flow(2, 4, 11_000.0)],
        },
        curves: vec![Curve {
            title: "Day of the highest demand: Tuesday, 16 January".into(),
            unit: Unit::Watts,
            axis: Axis::Day,
            lines: vec![
                line("Load", theme::STRONG, false, day(8e6)),
                line("Net without changes", theme::WEAK, true, day(6e6)),
            ],
        }],
        rows: vec![row("Highest demand from outside", Unit::Watts, [21e6, 24e6])],
        people: vec![row("Energy bill of a household, mean", Unit::Of("€ a year"), [2100.0, 1850.0])],
        gains: vec![("All households".into(), "12,000 gain, 300 lose, mean -210 € a year".into())],
        notes: vec!["the weather is modelled".into()],
    }
}

fn feed() -> FeedData {
    FeedData {
        state: FeedState::Live,
        source: "mqtt://127.0.0.1:41883 (embedded broker)".into(),
        emulated: true,
        packets: 5_214,
        readings: 5_209,
        refused: 5,
        dropped: 0,
        last_error: Some("citytwin/flussheim/x/speed: `value` is not a number".into()),
        sensors: 24,
        good: 22,
        stale: 2,
        oldest_s: Some(192.0),
    }
}

/// A city's brokers, a page and a forecast, not all of them well.
pub fn feeds() -> FeedsData {
    let at = date(2026, 6, 18).at(8, 28, 55, 0);
    let letter = |feed: &str, age_s, reason: &str, excerpt: &str| DeadLetterRow {
        feed: feed.into(),
        at,
        age_s,
        reason: reason.into(),
        excerpt: excerpt.into(),
        mapping: "3+9f2c".into(),
    };
    FeedsData {
        mode: FeedMode::Live,
        sources: vec![counters(), bicycles(), forecast()],
        districts: districts(),
        totals: FeedTotals {
            waiting: 12,
            duplicates: 41,
            expired: 0,
            conflated: 1_207,
            last_commit: Some((214, 0.0061)),
        },
        history: HistoryStore {
            place: "/home/ana/cities/flussheim/history".into(),
            rows: Some(18_204_551),
            bytes: Some(412_000_000),
            span: Some((date(2026, 3, 1).at(0, 0, 12, 0), date(2026, 6, 18).at(8, 32, 4, 0))),
            committed: 1_204_551,
            failure: None,
        },
        dead: vec![
            letter("counters", 190.0, "`value` is not a number", r#"{"value":"n/a","unit":"veh/h"}"#),
            letter("counters", 4_000.0, "no sensor of this id", r#"{"id":"K-118","value":12}"#),
        ],
        failure: None,
    }
}

fn districts() -> Districts {
    let row = |name: &str, good, stale, silent, completeness| DistrictRow {
        name: name.into(),
        sensors: SensorCounts { good, stale, silent, ..SensorCounts::default() },
        completeness,
    };
    Districts {
        rule: "the nearest suburb that the map names".into(),
        inferred: false,
        rows: vec![
            row("Altstadt", 15, 0, 0, Some(1.0)),
            row("Hafen", 2, 46, 1, Some(0.2849)),
            row("Neustadt", 0, 0, 1, None),
        ],
    }
}

fn counters() -> SourceRow {
    SourceRow {
        name: "counters".into(),
        address: "mqtts://broker.flussheim.example:8883".into(),
        kind: SourceKind::Mqtt,
        state: SourceState::Live,
        since_s: Some(7_500.0),
        sensors: SensorCounts { good: 18, uncertain: 2, bad: 1, stale: 2, silent: 1 },
        rate_per_s: 412.0,
        rates_per_s: (0..60).map(|k| 400.0 + 60.0 * (f64::from(k) / 5.0).sin()).collect(),
        lag_s: Some(0.012),
        delay_s: Some(1.4),
        age_s: Some(0.4),
        completeness: Some(0.9996),
        messages: 5_214,
        readings: 10_421,
        late: 17,
        duplicates: 41,
        shed: 230,
        waiting_bytes: Some((41_000_000, 64_000_000)),
        sessions_lost: 1,
        dead: vec![("`value` is not a number".into(), 4), ("no sensor of this id".into(), 1)],
        last_dead: Some("counters/x/speed: `value` is not a number".into()),
        last_error: Some("the broker closed the connection".into()),
        mapping: "3+9f2c".into(),
        model_output: false,
    }
}

fn bicycles() -> SourceRow {
    SourceRow {
        name: "bicycles".into(),
        address: "https://gbfs.flussheim.example/3/gbfs.json".into(),
        kind: SourceKind::Http,
        state: SourceState::Lost("503 Service Unavailable.".into()),
        since_s: Some(190.0),
        sensors: SensorCounts { stale: 40, ..SensorCounts::default() },
        rates_per_s: vec![0.5, 0.5, f64::NAN, 0.0],
        age_s: Some(250.0),
        completeness: Some(0.71),
        mapping: "3+9f2c".into(),
        ..SourceRow::default()
    }
}

fn forecast() -> SourceRow {
    SourceRow {
        name: "forecast".into(),
        kind: SourceKind::Http,
        state: SourceState::Connecting,
        model_output: true,
        ..SourceRow::default()
    }
}

/// A day of a counter in quarters of an hour: an hour of silence, some readings that cannot be.
pub fn sensor_history() -> SensorHistory {
    let end = 1_781_764_200.0;
    let quarters = (0..96_u32).filter(|k| !(40..44).contains(k));
    let point = |k: u32| {
        let mean = 640.0 + 500.0 * (f64::from(k) / 15.0).sin();
        let worst = if k.is_multiple_of(17) { Quality::Bad } else { Quality::Good };
        let good_share = if k.is_multiple_of(17) { 0.8 } else { 1.0 };
        let t_s = end - 900.0 * f64::from(96 - k);
        HistoryPoint { t_s, mean, min: 0.8 * mean, max: 1.2 * mean, count: 15, good_share, worst }
    };
    SensorHistory {
        sensor: SensorId(2),
        name: "Nordbrücke, north side".into(),
        quantity: "Vehicle flow".into(),
        unit: Unit::VehiclesPerHour,
        range: HistoryRange::Day,
        span_s: [end - 86_400.0, end],
        level: HistoryLevel::QuarterHour,
        points: quarters.map(point).collect(),
        interval_s: Some(60.0),
        simulated: (0..96).map(|k| [end - 900.0 * f64::from(96 - k), 600.0]).collect(),
        model_error: Some(ModelError { bias: -84.0, mean_off: 97.0, observed: 640.0, pairs: 88 }),
        source: "counters".into(),
        mapping: "3+9f2c".into(),
        emulated: false,
        reading: false,
        error: None,
        zone: TimeZone::UTC,
    }
}

/// A bridge with a sensor.
pub fn road() -> InspectorData {
    let curve = |h: f64| 640.0 + 380.0 * (-(h + 0.6).powi(2)).exp() + 120.0 * (2.1 * h).sin();
    InspectorData {
        picked: Picked::Feature(FeatureRef::Road(RoadId(7))),
        title: "Nordbrücke".into(),
        kind: "Primary road, bridge".into(),
        source: Some(SourceRef::Way(4_711_008)),
        at: Some(LonLat { lon: 8.68213, lat: 50.11092 }),
        facts: vec![
            fact("Lanes", "2 + 2", Origin::Stated),
            fact("Width", "14.0 m", Origin::Inferred("lanes × 3.5 m")),
            fact("Speed limit", "50 km/h", Origin::Inferred("default of a primary road in a town, DE")),
            fact("Length", "312 m", Origin::Stated),
        ],
        measures: vec![Measure {
            label: "Vehicle flow".into(),
            unit: Unit::VehiclesPerHour,
            observed: Some(Observation {
                value: 1_184.0,
                quality: Quality::Good,
                age_s: 12.0,
                sensor: "Nordbrücke, north side".into(),
                emulated: true,
                made_by: "counters, mapping 3-9f2c".into(),
            }),
            simulated: Some(1_240.0),
            model: "Traffic: car following".into(),
            estimated: Some([1_190.0, 60.0]),
            trail: Some(Trail {
                observed: (0..72)
                    .map(|k| -6.0 + f64::from(k) / 12.0)
                    .map(|h| [h, curve(h) + 40.0 * (9.0 * h).sin()])
                    .collect(),
                simulated: (0..144).map(|k| -6.0 + f64::from(k) / 24.0).map(|h| [h, curve(h)]).collect(),
            }),
        }],
        history: Some(sensor_history()),
        users: Some(RoadUsers {
            vehicles: 1_310.0,
            from: vec![("Weststraße".into(), 402.0), ("Outside, Nordumgehung".into(), 233.0)],
            to: vec![("Hafenstraße".into(), 511.0), ("Altmarkt".into(), 198.0)],
            within: vec![(15.0, 31_240.0, 14_870.0), (30.0, 40_000.0, 19_400.0), (45.0, 40_000.0, 19_400.0)],
        }),
        related: vec![Related {
            label: "Watched by".into(),
            title: "Nordbrücke, north side".into(),
            feature: FeatureRef::Sensor(SensorId(2)),
        }],
        tags: [
            ("highway", "primary"),
            ("name", "Nordbrücke"),
            ("bridge", "yes"),
            ("lanes", "4"),
            ("surface", "asphalt"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .to_vec(),
        problems: vec!["turn restriction ignored: its via node is missing".into()],
        followed: false,
        out_of_service: None,
    }
}

/// A building whose load only the engine knows.
#[allow(dead_code, reason = "not every test looks at a building")]
pub fn building() -> InspectorData {
    InspectorData {
        picked: Picked::Feature(FeatureRef::Building(BuildingId(3))),
        title: "Hafenstraße 12".into(),
        kind: "Apartment building".into(),
        source: Some(SourceRef::Relation(99)),
        measures: vec![Measure {
            label: "Electric load".into(),
            unit: Unit::Watts,
            observed: None,
            simulated: Some(18_420.0),
            model: "Energy: hourly profiles".into(),
            estimated: None,
            trail: None,
        }],
        history: None,
        users: None,
        related: vec![Related {
            label: "Fed by".into(),
            title: "Transformer T-017".into(),
            feature: FeatureRef::EnergyAsset(EnergyAssetId(4)),
        }],
        problems: Vec::new(),
        ..road()
    }
}

fn fact(label: &str, value: &str, origin: Origin) -> Fact {
    Fact { label: label.into(), value: value.into(), origin }
}

fn what_if() -> WhatIfData {
    let baseline = Assumptions::default();
    let source = SourceRef::Way(4_711_008);
    let mut now = Assumptions { pv_share: 0.35, ..baseline.clone() };
    now.network.roads.insert(source.clone(), RoadChange { closed: true, ..RoadChange::default() });
    WhatIfData {
        baseline,
        now,
        edits: vec!["Closed Nordbrücke (way/4711008)".into(), "Roofs with solar 10% → 35%".into()],
        road: Some(PickedRoad {
            source,
            name: "Nordbrücke".into(),
            change: RoadChange { closed: true, ..RoadChange::default() },
            mapped_lanes: "2 + 2".into(),
            mapped_limit: "50 km/h".into(),
            two_way: true,
            refused: None,
        }),
        comparison: Comparison::Done("24 h, 5 paired runs".into()),
    }
}

fn peak() -> PeakHour {
    let row = |label: &str, baseline, now| KeyFigureRow {
        label: label.into(),
        unit: Unit::Of("h"),
        baseline: Some(baseline),
        now: Some(now),
        interval: Some(0.0),
        better: Better::Lower,
        says: "Static user equilibrium.".into(),
    };
    PeakHour {
        what: "17:00 to 18:00, 6,540 trips.".into(),
        state: PeakState::Current { took_s: 0.12 },
        rows: vec![row("Time on the road", 1_204.0, 1_391.0), row("Lost to congestion", 122.0, 290.0)],
    }
}

fn figures() -> Vec<KeyFigureRow> {
    let row = |label: &str, unit, baseline, now, interval, better| KeyFigureRow {
        label: label.into(),
        unit,
        baseline,
        now,
        interval,
        better,
        says: "Traffic: car following. Mean over all trips that arrived.".into(),
    };
    vec![
        row("Mean travel time", Unit::Seconds, Some(682.0), Some(771.0), Some(24.0), Better::Lower),
        row("Trips arrived", Unit::Of("trips"), Some(118_204.0), Some(118_140.0), Some(210.0), Better::Higher),
        row("Distance driven", Unit::VehicleKilometres, Some(402_110.0), Some(431_700.0), Some(2_900.0), Better::Lower),
        row("Energy supplied", Unit::MegawattHours, Some(412.0), Some(377.5), Some(1.2), Better::Lower),
        row("Solar energy", Unit::MegawattHours, Some(18.1), Some(63.4), None, Better::Higher),
        row("Peak transformer loading", Unit::Share, Some(0.87), None, None, Better::Lower),
    ]
}

fn grid() -> GridData {
    let item = |element, title: &str, text: &str| GridItem { element, title: title.into(), text: text.into() };
    GridData {
        what: "Synthetic, grown from streets and buildings: 2 substations, 214 transformers, 312 km of cable.".into(),
        now: vec![("Lowest voltage".into(), "0.94 pu".into()), ("Highest loading".into(), "88 %".into())],
        estimate: GridSensed {
            what: "The most likely state for 38 of 40 sensors.".into(),
            rows: vec![("Lowest voltage".into(), "0.941 ± 0.004 pu".into())],
            contradict: vec![GridSuspect {
                feature: FeatureRef::Sensor(SensorId(0)),
                title: "Power of station 7".into(),
                text: "says 412 kW, 9 standard deviations from the rest; set aside".into(),
            }],
        },
        out: vec![item(GridElement::Transformer(4), "Transformer 4", "400 kVA, out of service")],
        day: GridDay::Found {
            what: "24 hours computed.".into(),
            over: vec![item(GridElement::Line(17), "Cable 17, Nordstraße", "112 % at 18:30, 3 h beyond its rating")],
            helps: Some(GridHelp {
                what: "1 measure, 12,000 € (prices of 2012, urban).".into(),
                measures: vec![item(GridElement::Line(17), "Second cable, Nordstraße", "12,000 €")],
            }),
        },
    }
}

fn history() -> History {
    let at_s: Vec<f64> = (0..288).map(|k| 30_600.0 + 300.0 * f64::from(k)).collect();
    let hour = |s: &f64| (s / 3_600.0) % 24.0;
    let sun = |h: f64| ((h - 6.0) / 14.0 * std::f64::consts::PI).sin().max(0.0);
    let load: Vec<f64> =
        at_s.iter().map(hour).map(|h| 14e6 + 5e6 * (-(h - 19.0).powi(2) / 8.0).exp() + 3e6 * sun(h)).collect();
    let pv: Vec<f64> = at_s.iter().map(hour).map(|h| if h < 24.0 { 4e6 * sun(h) } else { 0.0 }).collect();
    let mut vehicles: Vec<f64> = at_s
        .iter()
        .map(hour)
        .map(|h| 200.0 + 1_700.0 * ((-(h - 8.0).powi(2) / 2.0).exp() + (-(h - 17.0).powi(2) / 3.0).exp()))
        .collect();
    vehicles[120] = f64::NAN;
    let supplied_w = load.iter().zip(&pv).map(|(l, p)| 1.03 * l - p).collect();
    History { at_s, load_w: load, pv_w: pv, supplied_w, vehicles }
}

/// Problems of all kinds; every fifth has no place.
pub fn problems(n: usize) -> Vec<Problem> {
    let kinds = [
        (ProblemKind::MissingReference, "3 of its 12 nodes are not in the file; drawn without them"),
        (ProblemKind::Geometry, "outline crosses itself; mended"),
        (ProblemKind::TagValue, "maxspeed=`walk fast` cannot be read; default of the class used"),
        (ProblemKind::Connectivity, "cannot be reached from the main network: 4 links, 0.31 km"),
    ];
    (0..n)
        .map(|k| {
            let (kind, what) = kinds[k % kinds.len()];
            let at = (k % 5 != 4).then_some(Coord { x: k as f64, y: -(k as f64) });
            Problem { source: SourceRef::Way(1_000 + k as i64), kind, what: what.into(), at }
        })
        .collect()
}

/// Notices of each gravity.
#[allow(dead_code, reason = "not every test shows notices")]
pub fn notices() -> Vec<Notice> {
    let notice = |id, gravity, text: &str| Notice { id, gravity, text: text.into() };
    vec![
        notice(1, Gravity::Done, "Picture saved to /home/ana/citytwin/flussheim-0832.png"),
        notice(2, Gravity::Error, "way/12 carries no motor vehicles, so there is nothing to close"),
    ]
}
