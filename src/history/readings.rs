//! Between the model's readings and the rows of a store.

use std::{collections::HashMap, sync::Arc};

use citytwin_model::{MadeBy, Quantity, Reading, SensorId, SourceRef};

use crate::{Row, RowError, SeriesId, SeriesKey, Source, SourceId, Store, instant, micros};

/// The sensors of a loaded city, by their sources.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sensors {
    names: HashMap<SensorId, Arc<str>>,
    ids: HashMap<Arc<str>, SensorId>,
}

impl Sensors {
    pub fn new<'a>(sensors: impl IntoIterator<Item = (SensorId, &'a SourceRef)>) -> Self {
        let mut table = Self::default();
        for (id, source) in sensors {
            let name: Arc<str> = source.to_string().into();
            table.names.insert(id, Arc::clone(&name));
            table.ids.insert(name, id);
        }
        table
    }

    /// The sensor of a name, where the city has it.
    pub fn id(&self, name: &str) -> Option<SensorId> {
        self.ids.get(name).copied()
    }

    pub fn name(&self, sensor: SensorId) -> Option<&Arc<str>> {
        self.names.get(&sensor)
    }

    /// The reading of a row; `None` where its sensor is not of this city or its store does not know it.
    pub fn reading(&self, store: &dyn Store, row: &Row) -> Option<Reading> {
        let (key, source) = (store.key(row.series)?, store.source_of(row.source)?);
        Some(Reading {
            sensor: self.id(&key.sensor)?,
            quantity: key.quantity,
            value: row.value,
            observed_at: instant(row.observed_us),
            received_at: instant(row.received_us),
            quality: row.quality,
            emulated: source.emulated,
            made_by: MadeBy { feed: source.feed, mapping: source.mapping },
        })
    }
}

/// Turns the readings of one run into rows; remembers the numbers that it has asked for.
#[derive(Clone, Debug)]
pub struct Recorder {
    run: Arc<str>,
    series: HashMap<(SensorId, Quantity), SeriesId>,
    sources: HashMap<Source, SourceId>,
}

impl Recorder {
    pub fn new(run: &str) -> Self {
        Self { run: run.into(), series: HashMap::new(), sources: HashMap::new() }
    }

    /// The row of a reading. Times are cut to the microsecond.
    ///
    /// # Errors
    /// A sensor that the table has not, a feed without a name, a value or time that cannot be kept.
    pub fn row(&mut self, store: &dyn Store, sensors: &Sensors, reading: &Reading) -> Result<Row, RowError> {
        let series = match self.series.get(&(reading.sensor, reading.quantity)) {
            Some(series) => *series,
            None => {
                let name = sensors.name(reading.sensor).ok_or(RowError::Sensor(reading.sensor.0))?;
                let series = store.series(&SeriesKey::new(&self.run, name, reading.quantity)?);
                self.series.insert((reading.sensor, reading.quantity), series);
                series
            }
        };
        let source = Source::new(&reading.made_by.feed, &reading.made_by.mapping, reading.emulated)?;
        let source = *self.sources.entry(source).or_insert_with_key(|source| store.source(source));
        let row = Row {
            series,
            source,
            observed_us: micros(reading.observed_at),
            received_us: micros(reading.received_at),
            value: reading.value,
            quality: reading.quality,
        };
        row.check().map(|()| row)
    }
}
