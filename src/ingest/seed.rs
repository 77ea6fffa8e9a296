//! What was known at an instant, from the history: the last reading of each sensor, and what had happened to its feed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use citytwin_history::{Event, EventPlace, Happening, HistoryError, Row, Sensors, Source, Span, Store};

use crate::intake::Incoming;

/// How many readings before one that came too late, or stored, are looked at.
const LOOKED_BACK: usize = 64;
/// Events that are read at a time.
pub(crate) const EVENTS: usize = 4096;

/// One thing to take in.
#[derive(Debug)]
pub(crate) enum Known {
    Reading { incoming: Incoming, feed: Arc<str> },
    Event(Event),
}

/// Which events before the instant count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Before {
    /// Those of devices: connections begin anew.
    OfDevices,
    All,
}

/// Of a run, by `at_us`, no older than `age_us`, in the order of receipt. What was received at `at_us` is known to a
/// program that begins then, and told after the start to a replay.
pub(crate) fn known(
    (store, names): (&dyn Store, &Sensors),
    run: &str,
    (at_us, age_us): (i64, i64),
    before: Before,
) -> Result<Vec<Known>, HistoryError> {
    let mut known: Vec<(i64, u8, Known)> = Vec::new();
    let received = Span::new(i64::MIN, if before == Before::All { at_us } else { at_us.saturating_add(1) });
    for row in store.as_of(run, at_us, age_us)? {
        let Some((row, source)) = live_before(store, row, received, at_us.saturating_sub(age_us))? else { continue };
        let Some(reading) = names.reading(store, &row) else { continue };
        let incoming = Incoming::kept(reading, &source);
        known.push((row.received_us, ROW, Known::Reading { incoming, feed: source.feed }));
    }
    let events = lasting(store, run, (at_us, age_us), before)?;
    known.extend(events.into_iter().map(|event| (event.at_us, rank(&event), Known::Event(event))));
    known.sort_by_key(|(at_us, rank, _)| (*at_us, *rank));
    Ok(known.into_iter().map(|(_, _, known)| known).collect())
}

/// The place of rows among what happened in the same µs.
pub(crate) const ROW: u8 = 2;

/// The place of an event among what happened in the same µs: a message that ends values may bring new ones.
pub(crate) const fn rank(event: &Event) -> u8 {
    match event.what {
        Happening::Started { .. } => 0,
        Happening::Ended { .. } => 1,
        Happening::Lost { .. } | Happening::Found { .. } | Happening::Pace(_) => 3,
    }
}

/// The row, or the last before it, that had been received by then and could be live.
fn live_before(
    store: &dyn Store,
    row: Row,
    received: Span,
    oldest_us: i64,
) -> Result<Option<(Row, Source)>, HistoryError> {
    let live = |row: &Row| {
        let in_time = received.contains(row.received_us) && row.observed_us >= oldest_us;
        let source = in_time.then(|| store.source_of(row.source)).flatten()?;
        (!source.historical).then_some((*row, source))
    };
    if let Some(found) = live(&row) {
        return Ok(Some(found));
    }
    let earlier = store.last(row.series, row.observed_us, LOOKED_BACK)?;
    Ok(earlier.iter().rev().find_map(live))
}

/// The events that still hold at an instant: the last of each sensor, feed and kind.
fn lasting(
    store: &dyn Store,
    run: &str,
    (at_us, age_us): (i64, i64),
    before: Before,
) -> Result<Vec<Event>, HistoryError> {
    let (mut ended, mut feeds) = (BTreeMap::new(), HashMap::new());
    let (mut pace, mut place): (Option<Event>, EventPlace) = (None, (at_us.saturating_sub(age_us), 0));
    loop {
        let page = store.events(run, place, at_us, EVENTS)?;
        let Some(last) = page.last() else { break };
        place = last.place();
        for kept in page {
            match &kept.event.what {
                Happening::Started { .. } => {
                    feeds.clear();
                    pace = None;
                }
                Happening::Ended { sensor } => {
                    ended.insert(Arc::clone(sensor), kept.event);
                }
                Happening::Lost { feed } | Happening::Found { feed } => {
                    feeds.insert(Arc::clone(feed), kept.event);
                }
                Happening::Pace(_) => pace = Some(kept.event),
            }
        }
    }
    let mut events: Vec<Event> = ended.into_values().collect();
    if before == Before::All {
        events.extend(feeds.into_values().chain(pace));
    }
    Ok(events)
}
