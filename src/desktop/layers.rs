//! The coloured layers: which value of the twin colours which feature.

use std::sync::Arc;

use bevy::prelude::*;
use citytwin_model::{BuildingId, LinkId};
use citytwin_panels::{LayerInfo, LayerKind};
use citytwin_scenario::energy_year::BuildingYear;
use citytwin_twin::{
    CityModel, Clock, ComparisonState, EnergyTwin, GridTwin, Opposite, PeakState, PeakTwin, Stated, TrafficTwin,
    WhatIf, YearTwin,
};
use citytwin_view::{Overlay, OverlayLayer};

use crate::desk::Desk;

/// Wall time between two recolourings, second.
const RECOLOUR_S: f32 = 0.5;

/// The layers with their present scales.
#[derive(Resource, Default)]
pub struct Offered(pub Vec<LayerInfo>);

pub fn plugin(app: &mut App) {
    app.init_resource::<Offered>().add_systems(Update, (offer, recolour).chain().run_if(resource_exists::<CityModel>));
}

fn offer(
    (city, what_if, peak): (Res<CityModel>, Res<WhatIf>, Res<PeakTwin>),
    grid: Option<Res<GridTwin>>,
    mut offered: ResMut<Offered>,
    mut seen: Local<u64>,
) {
    let done = matches!(what_if.state, ComparisonState::Done(_));
    if !city.is_changed() && !what_if.is_changed() && *seen == peak.version && !offered.0.is_empty() {
        return;
    }
    *seen = peak.version;
    let no_buildings = city.0.buildings.is_empty();
    offered.0 = LayerKind::ALL
        .into_iter()
        .map(|kind| match kind {
            LayerKind::FlowChange if !done => {
                LayerInfo::unavailable(kind, "Compare a what-if first: this layer shows where its traffic went.")
            }
            kind if kind.is_peak() => peak_layer(kind, &peak),
            kind if kind.is_grid() && grid.is_none() => {
                LayerInfo::unavailable(kind, "This city has no power grid: it is grown where there are buildings.")
            }
            LayerKind::BuildingLoad
            | LayerKind::Pv
            | LayerKind::NetLoad
            | LayerKind::Charging
            | LayerKind::HeatDemand
            | LayerKind::PvYield
            | LayerKind::TransformerLoading
                if no_buildings =>
            {
                LayerInfo::unavailable(kind, "The map holds no buildings.")
            }
            LayerKind::SensorQuality if city.0.sensors.is_empty() => {
                LayerInfo::unavailable(kind, "The city folder names no sensors.")
            }
            _ => LayerInfo::usual(kind),
        })
        .collect();
}

/// A layer of the peak hour with a scale that fits the city, or why it cannot be had.
fn peak_layer(kind: LayerKind, peak: &PeakTwin) -> LayerInfo {
    let (Some(base), Some((now, _))) = (&peak.baseline, &peak.now) else {
        let why = match &peak.state {
            PeakState::Failed(why) => why.clone(),
            _ => "The peak hour is being computed.".to_owned(),
        };
        return LayerInfo::unavailable(kind, why);
    };
    let mut info = LayerInfo::usual(kind);
    let most = |values: &[f32]| f64::from(values.iter().copied().filter(|v| v.is_finite()).fold(0.0_f32, f32::max));
    match kind {
        LayerKind::PeakFlow => info.high = rounded_up(2.0 * most(&base.flow_vph)),
        LayerKind::PeakShift => {
            let changes: Vec<f32> = now.flow_vph.iter().zip(&base.flow_vph).map(|(a, b)| (a - b).abs()).collect();
            let largest = most(&changes);
            if largest < 1.0 {
                return LayerInfo::unavailable(kind, "Change something: this layer shows where its traffic goes.");
            }
            // The closed road itself loses everything; half of that shows where it goes.
            info.high = rounded_up(0.5 * largest).max(10.0);
            info.low = -info.high;
        }
        LayerKind::RoadUsers | LayerKind::Reach => match &peak.account {
            None => return LayerInfo::unavailable(kind, "Select a road that cars may use."),
            Some(account) if kind == LayerKind::RoadUsers => {
                info.high = rounded_up(most(&account.bundle_vph)).max(10.0)
            }
            Some(_) => {}
        },
        _ => {}
    }
    info
}

/// The next of 1, 2, 5 × 10ⁿ.
fn rounded_up(value: f64) -> f64 {
    let step = 10_f64.powf(value.max(1.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|k| k * step).find(|rounded| *rounded >= value).unwrap_or(value)
}

#[derive(bevy::ecs::system::SystemParam)]
struct Engines<'w> {
    city: Res<'w, CityModel>,
    traffic: Res<'w, TrafficTwin>,
    energy: Res<'w, EnergyTwin>,
    what_if: Res<'w, WhatIf>,
    peak: Res<'w, PeakTwin>,
    year: Res<'w, YearTwin>,
    opposite: Res<'w, Opposite>,
    grid: Option<Res<'w, GridTwin>>,
}

fn recolour(
    engines: Engines,
    (desk, offered, stated, clock): (Res<Desk>, Res<Offered>, Res<Stated>, Res<Clock>),
    time: Res<Time<Real>>,
    mut overlay: ResMut<Overlay>,
    mut last: Local<(f32, u64, LayerKind, u64)>,
) {
    let now = time.elapsed_secs();
    let version = engines.peak.version + engines.year.version;
    let answered = (desk.layer.is_peak() || desk.layer.is_year()) && version != last.3;
    let chosen = desk.layer != last.2 || stated.is_changed() || engines.city.is_changed() || answered;
    let moved = clock.tick != last.1 && now - last.0 > RECOLOUR_S;
    let live = desk.layer != LayerKind::Plain && !desk.layer.is_peak() && !desk.layer.is_year();
    if !(chosen || moved && live) {
        return;
    }
    *last = (now, clock.tick, desk.layer, version);
    let info = offered.0.iter().find(|l| l.kind == desk.layer && l.unavailable.is_none());
    let (roads, buildings) = info.map_or((None, None), |info| values(info, &engines));
    let colours = Arc::new(desk.layer.colours());
    overlay.roads = roads.map(|values| OverlayLayer { values: Arc::new(values), colours: colours.clone() });
    overlay.buildings = buildings.map(|values| OverlayLayer { values: Arc::new(values), colours });
    let by_source = engines.city.0.roads_by_source();
    overlay.closed = stated.0.network.closed().filter_map(|r| by_source.get(r).copied()).collect();
    overlay.version += 1;
}

type Values = Option<Vec<f32>>;

/// Scale positions of the links and of the buildings for a layer.
fn values(info: &LayerInfo, engines: &Engines) -> (Values, Values) {
    let city = &engines.city.0;
    let states = engines.traffic.0.link_states();
    let both = |link: LinkId, value: &dyn Fn(LinkId) -> f64| {
        value(link) + engines.opposite.0.get(link.index()).copied().flatten().map_or(0.0, value)
    };
    let links = |value: &dyn Fn(&citytwin_model::Link) -> f64| {
        Some(city.links.iter().map(|link| info.position(value(link))).collect())
    };
    let buildings =
        |value: &dyn Fn(usize) -> f64| Some((0..city.buildings.len()).map(|b| info.position(value(b))).collect());
    let energy = &engines.energy.0;
    match info.kind {
        LayerKind::Plain | LayerKind::SensorQuality => (None, None),
        kind if kind.is_peak() => (peak_values(info, engines), None),
        LayerKind::TrafficSpeed => (
            links(&|link| match states.get(link.id.index()) {
                Some(state) if link.connected => f64::from(state.speed_mps) / link.speed_mps,
                _ => f64::NAN,
            }),
            None,
        ),
        LayerKind::TrafficFlow => {
            let flow = |link: LinkId| states.get(link.index()).map_or(0.0, |s| f64::from(s.flow_vph));
            (links(&|link| if link.connected { both(link.id, &flow) } else { f64::NAN }), None)
        }
        LayerKind::Queues => {
            let queue = |link: LinkId| states.get(link.index()).map_or(0.0, |s| f64::from(s.queue_m));
            let other = |link: LinkId| engines.opposite.0.get(link.index()).copied().flatten().map_or(0.0, queue);
            (links(&|link| if link.connected { queue(link.id).max(other(link.id)) } else { f64::NAN }), None)
        }
        LayerKind::FlowChange => {
            let ComparisonState::Done(comparison) = &engines.what_if.state else { return (None, None) };
            let change = |link: LinkId| f64::from(comparison.flow_change_vph.get(link.index()).copied().unwrap_or(0.0));
            (links(&|link| if link.connected { both(link.id, &change) } else { f64::NAN }), None)
        }
        LayerKind::BuildingLoad => {
            (None, buildings(&|b| per_area(energy.building_load_w()[b], city.buildings[b].floor_area_m2())))
        }
        LayerKind::Pv => {
            use geo::Area;
            let area = |b: usize| city.buildings[b].volume.footprint.unsigned_area();
            (None, buildings(&|b| per_area(energy.building_pv_w()[b], area(b))))
        }
        LayerKind::NetLoad => {
            let net_w = |b: usize| energy.building_load_w()[b] - energy.building_pv_w()[b];
            (None, buildings(&|b| per_area(net_w(b), city.buildings[b].floor_area_m2())))
        }
        LayerKind::Charging => (None, buildings(&|b| f64::from(energy.charging_w(BuildingId::from_index(b))))),
        LayerKind::HeatDemand | LayerKind::PvYield => (None, year_values(info, engines)),
        LayerKind::TransformerLoading => {
            let loading = |b: usize| {
                let transformer = energy.transformer_of(BuildingId::from_index(b));
                energy.transformers().get(transformer).map_or(f64::NAN, |t| t.loading)
            };
            (None, buildings(&loading))
        }
        LayerKind::Voltage => {
            let answer = engines.grid.as_ref().and_then(|twin| twin.answer());
            let vm = |b: usize| answer.and_then(|a| a.building_vm_pu.get(b)).copied().filter(|vm| *vm > 0.0);
            (None, buildings(&|b| vm(b).map_or(f64::NAN, f64::from)))
        }
        _ => (None, None),
    }
}

/// Scale positions of the buildings for a layer of the year; none before it is known.
fn year_values(info: &LayerInfo, engines: &Engines) -> Values {
    use geo::Area;
    let (city, year) = (&engines.city.0, engines.year.now.as_ref()?);
    let value = |(building, of): (&citytwin_model::Building, &BuildingYear)| match info.kind {
        // What is not heated has no demand to show.
        LayerKind::HeatDemand if of.heating > 0.0 => of.heating / building.floor_area_m2().max(1.0),
        LayerKind::PvYield if of.pv > 0.0 => of.pv / building.volume.footprint.unsigned_area().max(1.0),
        _ => f64::NAN,
    };
    Some(city.buildings.iter().zip(&year.buildings).map(|pair| info.position(value(pair))).collect())
}

/// Scale positions of the links for a layer of the peak hour.
fn peak_values(info: &LayerInfo, engines: &Engines) -> Values {
    let (base, (now, _)) = (engines.peak.baseline.as_ref()?, engines.peak.now.as_ref()?);
    let account = engines.peak.account.as_ref();
    let at = |values: &[f32], link: LinkId| values.get(link.index()).map_or(f64::NAN, |v| f64::from(*v));
    let opposite = |link: LinkId| engines.opposite.0.get(link.index()).copied().flatten();
    let both = |values: &[f32], link: LinkId| at(values, link) + opposite(link).map_or(0.0, |other| at(values, other));
    let worse = |values: &[f32], link: LinkId| at(values, link).max(opposite(link).map_or(f64::NAN, |o| at(values, o)));
    let value = |link: LinkId| match info.kind {
        LayerKind::PeakFlow => both(&now.flow_vph, link),
        LayerKind::Saturation => worse(&now.saturation, link),
        LayerKind::LevelOfService => worse(&now.level, link),
        LayerKind::PeakShift => both(&now.flow_vph, link) - both(&base.flow_vph, link),
        LayerKind::RoadUsers => account.map_or(f64::NAN, |a| both(&a.bundle_vph, link)),
        // Beyond the scale is beyond reach within it.
        LayerKind::Reach => account.map_or(f64::NAN, |a| at(&a.minutes, link)),
        _ => f64::NAN,
    };
    let shown = |link: &citytwin_model::Link| if link.connected { info.position(value(link.id)) } else { f32::NAN };
    Some(engines.city.0.links.iter().map(shown).collect())
}

fn per_area(power_w: f32, area_m2: f64) -> f64 {
    if area_m2 > 0.0 { f64::from(power_w) / area_m2 } else { f64::NAN }
}
