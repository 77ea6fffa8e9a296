//! What the panels show, as plain data. Filled anew each frame by the program; large things are borrowed.
//! What is `None` or empty is not shown, or shown as absent in words; nothing here is ever made up.

use citytwin_model::{
    Assumptions, FeatureRef, LonLat, Origin, Problem, Quality, RoadChange, SourceRef,
    time::civil::{Date, DateTime, Time},
};

use crate::{
    format::Unit,
    layer::{LayerGroup, LayerInfo, LayerKind},
    live::{FeedsData, LiveClock},
    sensor_history::SensorHistory,
    year::YearData,
};

/// Everything the panels may show this frame.
#[derive(Clone, Default)]
pub struct PanelInput<'a> {
    pub city: CityData<'a>,
    pub clock: ClockData<'a>,
    pub traffic: Option<TrafficNow>,
    /// `None`: the program runs without a feed.
    pub feed: Option<&'a FeedData>,
    /// Sources, history and dead letters; where it is there, it stands in for `feed`.
    pub feeds: Option<&'a FeedsData>,
    pub layer: LayerKind,
    /// Layers in the order of their buttons; those left out are not offered.
    pub layers: &'a [LayerInfo],
    /// Groups that can be hidden and whether they are shown.
    pub shown: &'a [(LayerGroup, bool)],
    pub inspector: Option<&'a InspectorData>,
    pub what_if: Option<&'a WhatIfData>,
    pub figures: &'a [KeyFigureRow],
    /// The weekday's peak hour in equilibrium; `None` where it is not computed.
    pub peak: Option<&'a PeakHour>,
    /// The power grid; `None` where there is none (yet).
    pub grid: Option<&'a GridData>,
    pub history: Option<&'a History>,
    /// The year of energy; `None` where it is not computed.
    pub year: Option<&'a YearData>,
    /// What the import found wrong, as the city keeps it.
    pub problems: &'a [Problem],
    /// Answers to the latest [`crate::PanelRequest::Search`], best first.
    pub search: &'a [SearchHit],
    pub models: &'a [ModelNote<'a>],
    /// Keys and mouse gestures of the 3D view, shown on the help sheet.
    pub camera_keys: &'a [KeyNote<'a>],
    pub notices: &'a [Notice],
    /// Work that the person waits for: the map is being read.
    pub busy: Option<Busy<'a>>,
    /// Which of the optional actions the program answers.
    pub can: Abilities,
}

/// What the program can do: an action it cannot do is not offered.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Abilities {
    pub camera_presets: bool,
    pub fly_to: bool,
    pub follow: bool,
    pub screenshot: bool,
    pub search: bool,
}

/// The city in a line.
#[derive(Clone, Copy, Default, Debug)]
pub struct CityData<'a> {
    pub name: &'a str,
    pub population: Option<u32>,
    pub buildings: usize,
    pub roads: usize,
    pub sensors: usize,
    /// Lines that the sources ask to be shown with the map.
    pub attribution: &'a [String],
}

/// The city's clock.
#[derive(Clone, Debug)]
pub struct ClockData<'a> {
    /// Local date and time of the simulated city.
    pub local: DateTime,
    /// E.g. `Europe/Berlin`.
    pub zone: &'a str,
    /// City seconds per real second that are asked for, one of [`crate::SPEEDS`].
    pub speed: f64,
    /// What the machine manages, when it falls short.
    pub achieved: Option<f64>,
    pub paused: bool,
    /// Vehicles drive as queues at this speed, not one by one.
    pub queues: bool,
    /// Local sunrise and sunset today; `None` in polar day or night, or when not known.
    pub daylight: Option<(Time, Time)>,
    /// `Some`: the clock can be set; the text says what setting it does to the simulation.
    pub settable: Option<&'a str>,
    /// How it stands to what is measured; `None`: the city's readings are not kept, or there are none.
    pub live: Option<LiveClock<'a>>,
}

impl Default for ClockData<'_> {
    fn default() -> Self {
        let local = Date::constant(2000, 1, 1).to_datetime(Time::midnight());
        Self {
            local,
            zone: "UTC",
            speed: 1.0,
            achieved: None,
            paused: true,
            queues: false,
            daylight: None,
            settable: None,
            live: None,
        }
    }
}

/// Vehicles now and since the simulation began.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TrafficNow {
    pub under_way: u64,
    pub arrived: u64,
    pub refused: u64,
}

/// How the feed stands.
#[derive(Clone, PartialEq, Debug)]
pub enum FeedState {
    Connecting,
    Live,
    /// Lost; the text says why. Reconnecting goes on.
    Lost(String),
}

/// The live feed.
#[derive(Clone, PartialEq, Debug)]
pub struct FeedData {
    pub state: FeedState,
    /// Where readings come from, e.g. `mqtts://broker.city.example:8883`.
    pub source: String,
    /// Readings are the program's own emulation, not a city's sensors.
    pub emulated: bool,
    pub packets: u64,
    pub readings: u64,
    /// Packets that could not be read.
    pub refused: u64,
    /// Readings lost because nobody took them in time.
    pub dropped: u64,
    pub last_error: Option<String>,
    pub sensors: usize,
    pub good: usize,
    pub stale: usize,
    /// Age of the oldest latest reading, second.
    pub oldest_s: Option<f64>,
}

/// What is picked: a feature of the city, a moving vehicle or an element of the power grid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Picked {
    Feature(FeatureRef),
    Vehicle(u32),
    Grid(GridElement),
}

/// All that is known about the picked thing.
#[derive(Clone, Debug)]
pub struct InspectorData {
    pub picked: Picked,
    pub title: String,
    /// E.g. `Primary road` or `Apartment building`.
    pub kind: String,
    pub source: Option<SourceRef>,
    pub at: Option<LonLat>,
    pub facts: Vec<Fact>,
    pub measures: Vec<Measure>,
    /// Of the sensor that it is, or that observes it; `None` where no history is kept.
    pub history: Option<SensorHistory>,
    /// For roads, once the peak hour is computed.
    pub users: Option<RoadUsers>,
    /// Neighbours worth a click: the transformer that feeds it, the sensor that watches it.
    pub related: Vec<Related>,
    /// Tags as the source gives them.
    pub tags: Vec<(String, String)>,
    /// Problems of the import with this very source.
    pub problems: Vec<String>,
    /// For vehicles: the camera follows it now.
    pub followed: bool,
    /// For elements of the power grid that can be switched: whether it is out of service.
    pub out_of_service: Option<bool>,
}

/// One property with where it comes from.
#[derive(Clone, PartialEq, Debug)]
pub struct Fact {
    pub label: String,
    /// With its unit.
    pub value: String,
    pub origin: Origin,
}

/// One quantity of the picked thing: what was observed beside what the engine says.
#[derive(Clone, PartialEq, Debug)]
pub struct Measure {
    /// E.g. `Vehicle flow`.
    pub label: String,
    pub unit: Unit,
    pub observed: Option<Observation>,
    pub simulated: Option<f64>,
    /// The most likely value for all that is measured, and its standard deviation.
    pub estimated: Option<[f64; 2]>,
    /// Which model says so.
    pub model: String,
    /// The last hours, when kept.
    pub trail: Option<Trail>,
}

/// A sensor's latest word.
#[derive(Clone, PartialEq, Debug)]
pub struct Observation {
    pub value: f64,
    pub quality: Quality,
    /// City seconds since it was observed.
    pub age_s: f64,
    /// The sensor's name or source.
    pub sensor: String,
    pub emulated: bool,
    /// The feed that brought it, and the version of its mapping where it has one.
    pub made_by: String,
}

/// Observed and simulated over time: pairs of (hours before now as a negative number, value).
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Trail {
    pub observed: Vec<[f64; 2]>,
    pub simulated: Vec<[f64; 2]>,
}

/// Something near or bound to the picked thing.
#[derive(Clone, PartialEq, Debug)]
pub struct Related {
    /// E.g. `Fed by`.
    pub label: String,
    pub title: String,
    pub feature: FeatureRef,
}

/// What is assumed, and what the comparison does.
#[derive(Clone, PartialEq, Debug)]
pub struct WhatIfData {
    /// As they are without edits.
    pub baseline: Assumptions,
    /// As they are now.
    pub now: Assumptions,
    /// Edits in order, in words, e.g. `Closed Nordbrücke (way/123)`.
    pub edits: Vec<String>,
    /// The road that is picked, when one is.
    pub road: Option<PickedRoad>,
    pub comparison: Comparison,
}

/// A picked road as far as it can be changed.
#[derive(Clone, PartialEq, Debug)]
pub struct PickedRoad {
    pub source: SourceRef,
    pub name: String,
    /// What is changed about it now.
    pub change: RoadChange,
    /// Its lanes each way and its limit as mapped, in words.
    pub mapped_lanes: String,
    pub mapped_limit: String,
    /// Driven both ways, so that it can become one-way.
    pub two_way: bool,
    /// Why it cannot be changed, in words.
    pub refused: Option<String>,
}

/// How the comparison of baseline and edits stands.
#[derive(Clone, PartialEq, Default, Debug)]
pub enum Comparison {
    #[default]
    None,
    /// 0…1, and what is being done.
    Running {
        fraction: f32,
        doing: String,
    },
    /// What was compared, e.g. `24 h, 5 paired runs`.
    Done(String),
    /// Done, but the edits changed since.
    Outdated(String),
    Failed(String),
}

/// Which direction of change a city would wish for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Better {
    Higher,
    Lower,
    Neither,
}

/// One key figure, baseline against now.
#[derive(Clone, PartialEq, Debug)]
pub struct KeyFigureRow {
    pub label: String,
    pub unit: Unit,
    pub baseline: Option<f64>,
    /// With the edits.
    pub now: Option<f64>,
    /// Half the width of the 95 % interval of the difference; `None` when not estimated, 0 where chance has no part.
    pub interval: Option<f64>,
    pub better: Better,
    /// How it is computed and by which model.
    pub says: String,
}

/// The weekday's peak hour in user equilibrium: recomputed by itself after every change.
#[derive(Clone, PartialEq, Debug)]
pub struct PeakHour {
    /// What is computed and how sure it is, in a sentence.
    pub what: String,
    pub state: PeakState,
    pub rows: Vec<KeyFigureRow>,
}

/// Where that computation stands.
#[derive(Clone, PartialEq, Debug)]
pub enum PeakState {
    /// The first time, for the city as it is.
    Preparing {
        doing: String,
        fraction: f32,
    },
    /// After a change.
    Working,
    /// The rows are those of the changes in force; it took this long, second.
    Current {
        took_s: f64,
    },
    Failed(String),
}

/// The drivers on the picked road in the peak hour.
#[derive(Clone, PartialEq, Debug)]
pub struct RoadUsers {
    /// Vehicles per hour, both directions.
    pub vehicles: f64,
    /// The largest areas they come from, and go to: name and vehicles per hour, largest first.
    pub from: Vec<(String, f64)>,
    pub to: Vec<(String, f64)>,
    /// Minutes by car, people and jobs within them from here.
    pub within: Vec<(f64, f64, f64)>,
}

/// The last day, decimated by the program to a few hundred points. Values that are not known are NaN.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct History {
    /// Local wall-clock seconds from any midnight, rising.
    pub at_s: Vec<f64>,
    pub load_w: Vec<f64>,
    pub pv_w: Vec<f64>,
    pub supplied_w: Vec<f64>,
    pub vehicles: Vec<f64>,
}

/// An element of the power grid, by its number there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GridElement {
    /// Cable or overhead line.
    Line(u32),
    Transformer(u32),
}

/// An element of the power grid and what is said of it.
#[derive(Clone, PartialEq, Debug)]
pub struct GridItem {
    pub element: GridElement,
    pub title: String,
    /// E.g. `112 % at 18:30`.
    pub text: String,
}

/// The power grid now and over the day.
#[derive(Clone, PartialEq, Debug)]
pub struct GridData {
    /// What it is and where it comes from, in a sentence.
    pub what: String,
    /// Label and value of what holds now.
    pub now: Vec<(String, String)>,
    /// What its sensors make of it.
    pub estimate: GridSensed,
    /// Elements taken out of service.
    pub out: Vec<GridItem>,
    pub day: GridDay,
}

/// The grid's state as its sensors have it.
#[derive(Clone, PartialEq, Debug)]
pub struct GridSensed {
    /// From what, how sure, or why there is none.
    pub what: String,
    /// Label and value with its deviation.
    pub rows: Vec<(String, String)>,
    /// Sensors that contradict the rest, with what they say and what they should.
    pub contradict: Vec<GridSuspect>,
}

/// A sensor that contradicts the rest.
#[derive(Clone, PartialEq, Debug)]
pub struct GridSuspect {
    pub feature: FeatureRef,
    pub title: String,
    pub text: String,
}

/// What keeps the limits, and what it costs.
#[derive(Clone, PartialEq, Debug)]
pub struct GridHelp {
    /// How many, how much, whose prices, in a sentence or two.
    pub what: String,
    /// Each measure with its price.
    pub measures: Vec<GridItem>,
}

/// The grid over the 24 hours of the clock's day, with the assumptions in force.
#[derive(Clone, PartialEq, Debug)]
pub enum GridDay {
    /// Being computed for the first time, or after a change.
    Working,
    /// What was found, in a sentence, and what breaks a limit, the first that does so first.
    Found {
        what: String,
        over: Vec<GridItem>,
        helps: Option<GridHelp>,
    },
    Failed(String),
}

/// One answer to a search.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchHit {
    pub title: String,
    pub kind: String,
    pub feature: FeatureRef,
}

/// How far a model's numbers have been held against measurements.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Validation {
    /// Against measurements or a published benchmark.
    Validated,
    /// Plausible against literature, not against measurements.
    Plausible,
    NotValidated,
}

/// One model and what it is good for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ModelNote<'a> {
    pub name: &'a str,
    /// Which numbers on the screen it drives.
    pub drives: &'a str,
    /// How it works, in two or three sentences.
    pub how: &'a str,
    pub validation: Validation,
    /// What it was held against, or what is missing.
    pub evidence: &'a str,
}

/// A key or gesture and what it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyNote<'a> {
    pub keys: &'a str,
    pub does: &'a str,
}

/// How grave a notice is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Gravity {
    Done,
    Warning,
    Error,
}

/// A line to be read and dismissed, e.g. where the screenshot went or why an edit was refused.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    pub id: u64,
    pub gravity: Gravity,
    pub text: String,
}

/// Work under way that blocks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Busy<'a> {
    pub what: &'a str,
    /// 0…1; `None` when it cannot be told.
    pub fraction: Option<f32>,
}
