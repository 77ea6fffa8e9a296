//! The weekday's peak hour: its figures, and who drives on the picked road.

use citytwin_model::FeatureRef;
use citytwin_panels::{Better, KeyFigureRow, PeakHour, PeakState as Shown, RoadUsers};
use citytwin_scenario::{Better as Wish, KeyFigure};
use citytwin_twin::{PeakState, PeakTwin};

use super::{Seen, figures::unit};

/// The peak hour as it stands; `None` before a city is there.
pub fn peak_hour(peak: &PeakTwin) -> PeakHour {
    let state = match &peak.state {
        PeakState::Preparing => Shown::Preparing {
            doing: "finding every driver's way, for the city as it is".into(),
            fraction: peak.fraction(),
        },
        PeakState::Working => Shown::Working,
        PeakState::Idle => Shown::Current { took_s: peak.now.as_ref().map_or(0.0, |(_, took_s)| *took_s) },
        PeakState::Failed(why) => Shown::Failed(why.clone()),
    };
    let (Some(base), Some((now, _))) = (&peak.baseline, &peak.now) else {
        return PeakHour { what: String::new(), state, rows: Vec::new() };
    };
    let what = format!(
        "{:02}:00 to {:02}:00: {} trips, every driver on the quickest way (static user equilibrium, gap {:.0e}); {} of \
         them stay within their area and are on no street here.",
        now.hour,
        (now.hour + 1) % 24,
        thousands(now.trips),
        now.relative_gap.max(1e-12),
        thousands(now.within_zones),
    );
    let rows = base.figures.iter().zip(&now.figures).map(row).collect();
    PeakHour { what, state, rows }
}

fn row((base, now): (&KeyFigure, &KeyFigure)) -> KeyFigureRow {
    KeyFigureRow {
        label: base.label.into(),
        unit: unit(base.unit),
        baseline: Some(base.value),
        now: Some(now.value),
        // Nothing is drawn by chance; what differs by less than the gap is no difference.
        interval: Some(0.0).filter(|_| differs(base.value, now.value)).or(Some((now.value - base.value).abs())),
        better: match base.better {
            Wish::Higher => Better::Higher,
            Wish::Lower => Better::Lower,
            Wish::Neutral => Better::Neither,
        },
        says: base.source.into(),
    }
}

/// Whether two figures differ by more than the equilibrium's gap can explain.
fn differs(base: f64, now: f64) -> bool {
    (now - base).abs() > 5e-4 * base.abs().max(now.abs())
}

fn thousands(value: f64) -> String {
    citytwin_panels::Unit::Of("").text(value.round()).trim().to_owned()
}

/// The picked road's drivers, once the worker has said who they are.
pub fn users(seen: &Seen, picked: FeatureRef) -> Option<RoadUsers> {
    let account = seen.twin.peak.as_ref()?.account.as_ref()?;
    (picked == FeatureRef::Road(account.road)).then(|| RoadUsers {
        vehicles: account.vehicles,
        from: account.from.clone(),
        to: account.to.clone(),
        within: account.within.clone(),
    })
}
