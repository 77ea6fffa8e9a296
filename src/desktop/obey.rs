//! What the panels ask for becomes messages to twin and view.

use std::path::PathBuf;

use bevy::{
    prelude::*,
    render::view::screenshot::{Screenshot, save_to_disk},
};
use citytwin_model::{City, Coord, FeatureRef, SensorId, Timestamp, slug, time::civil};
use citytwin_panels::{CameraPreset, FlyTarget, Gravity, LayerGroup, PanelRequest, SearchHit};
use citytwin_twin::{
    ChartAsked, CityModel, Clock, ClockRequest, ComparisonRequest, EditRequested, ExportRequested, GridSwitch, GridTwin,
};
use citytwin_view::{CameraCommand, Selection, VehicleFrame, Visibility};

use crate::{
    desk::{Asked, Desk},
    gather,
};

/// Answers shown to a search.
const HITS: usize = 12;

#[derive(bevy::ecs::system::SystemParam)]
pub struct Told<'w> {
    edits: MessageWriter<'w, EditRequested>,
    clock: MessageWriter<'w, ClockRequest>,
    comparison: MessageWriter<'w, ComparisonRequest>,
    camera: MessageWriter<'w, CameraCommand>,
    switches: MessageWriter<'w, GridSwitch>,
    exports: MessageWriter<'w, ExportRequested>,
}

#[derive(bevy::ecs::system::SystemParam)]
pub struct Around<'w> {
    city: Option<Res<'w, CityModel>>,
    clock: Option<Res<'w, Clock>>,
    grid: Option<Res<'w, GridTwin>>,
    vehicles: Res<'w, VehicleFrame>,
}

pub fn obey(
    mut commands: Commands,
    mut asked: ResMut<Asked>,
    (mut desk, mut selection, mut visibility): (ResMut<Desk>, ResMut<Selection>, ResMut<Visibility>),
    around: Around,
    mut told: Told,
) {
    for request in std::mem::take(&mut asked.0) {
        match request {
            PanelRequest::SetSpeed(speed) => {
                told.clock.write(ClockRequest::Speed(speed));
            }
            PanelRequest::Pause(paused) => {
                told.clock.write(ClockRequest::Pause(paused));
            }
            PanelRequest::SetTimeOfDay(second) => jump(&around, &mut told, |now| {
                let passed = jiff_span(second);
                now.date().to_datetime(civil::Time::midnight()).checked_add(passed).unwrap_or(now)
            }),
            PanelRequest::SetDate(date) => jump(&around, &mut told, |now| date.to_datetime(now.time())),
            PanelRequest::SetLayer(layer) => desk.layer = layer,
            PanelRequest::SetVisible(group, on) => show_group(&mut visibility, &mut desk, group, on),
            PanelRequest::Edit(request) => {
                told.edits.write(EditRequested::Do(request));
            }
            PanelRequest::UndoEdit => {
                told.edits.write(EditRequested::Undo);
            }
            PanelRequest::ResetEdits => {
                told.edits.write(EditRequested::Reset);
            }
            PanelRequest::Compare => {
                told.comparison.write(ComparisonRequest::Start);
            }
            PanelRequest::CancelCompare => {
                told.comparison.write(ComparisonRequest::Cancel);
            }
            PanelRequest::FlyTo(target) => fly(&around, &mut selection, &mut told, &target),
            PanelRequest::Select(feature) => {
                selection.picked = Some(feature);
                (desk.picked_vehicle, desk.picked_grid) = (None, None);
            }
            PanelRequest::ClearSelection => {
                selection.picked = None;
                (desk.picked_vehicle, desk.picked_grid) = (None, None);
                desk.followed = None;
            }
            PanelRequest::Camera(preset) => {
                told.camera.write(match preset {
                    CameraPreset::Home => CameraCommand::Home,
                    CameraPreset::Top => CameraCommand::TopDown,
                    CameraPreset::Tilt => CameraCommand::Tilt,
                });
            }
            PanelRequest::FollowVehicle(vehicle) => desk.followed = vehicle,
            PanelRequest::SelectGrid(element) => {
                selection.picked = None;
                (desk.picked_vehicle, desk.picked_grid) = (None, Some(element));
            }
            PanelRequest::SwitchGrid(element, out) => {
                told.switches.write(GridSwitch { element: gather::grid::meant(element), out });
            }
            PanelRequest::GoLive => {
                told.clock.write(ClockRequest::Speed(1.0));
                told.clock.write(ClockRequest::Pause(false));
                told.edits.write(EditRequested::Jump(Timestamp::now()));
            }
            PanelRequest::HistoryRange(_, range) => desk.history_range = range,
            PanelRequest::ExportHistory(sensor, range) => {
                let chart = ChartAsked { sensor, length_s: range.length_s() };
                told.exports.write(ExportRequested { chart, path: export_path(&around, sensor) });
            }
            PanelRequest::Screenshot => screenshot(&mut commands, &mut desk),
            PanelRequest::Search(text) => {
                desk.search = around.city.as_ref().map(|c| search(&c.0, &text)).unwrap_or_default();
            }
            PanelRequest::DismissNotice(id) => desk.notices.retain(|n| n.id != id),
        }
    }
}

/// Whole milliseconds of a number of seconds from a slider.
fn jiff_span(second: f64) -> std::time::Duration {
    std::time::Duration::from_secs_f64(second.clamp(0.0, 86_399.0))
}

fn jump(around: &Around, told: &mut Told, to: impl Fn(civil::DateTime) -> civil::DateTime) {
    let Some(clock) = &around.clock else { return };
    let local = to(clock.zone.to_datetime(clock.now()));
    if let Ok(zoned) = local.to_zoned(clock.zone.clone()) {
        told.edits.write(EditRequested::Jump(zoned.timestamp()));
    }
}

fn show_group(visibility: &mut Visibility, desk: &mut Desk, group: LayerGroup, on: bool) {
    match group {
        LayerGroup::Buildings => visibility.buildings = on,
        LayerGroup::Roads => visibility.roads = on,
        LayerGroup::Railways => visibility.railways = on,
        LayerGroup::Water => visibility.water = on,
        LayerGroup::Green => visibility.land = on,
        LayerGroup::Trees => visibility.trees = on,
        LayerGroup::Vehicles => visibility.vehicles = on,
        LayerGroup::Sensors => visibility.sensors = on,
        LayerGroup::Labels => desk.names = on,
        LayerGroup::Signals | LayerGroup::Energy | LayerGroup::Shadows => {}
    }
}

fn fly(around: &Around, selection: &mut Selection, told: &mut Told, target: &FlyTarget) {
    let Some(city) = &around.city else { return };
    let place = match target {
        FlyTarget::Feature(feature) => gather::place(&city.0, *feature),
        FlyTarget::Place(at, source) => {
            selection.picked = gather::feature_of(&city.0, source);
            Some((*at, 60.0))
        }
        FlyTarget::Source(source) => {
            let feature = gather::feature_of(&city.0, source);
            selection.picked = feature;
            feature.and_then(|f| gather::place(&city.0, f))
        }
        FlyTarget::Vehicle(id) => {
            let pose = around.vehicles.poses.iter().find(|p| p.id == *id);
            pose.map(|p| (Coord { x: p.x.into(), y: p.y.into() }, 60.0))
        }
        FlyTarget::Grid(element) => around.grid.as_ref().and_then(|twin| gather::grid::place(&twin.grid, *element)),
    };
    if let Some((at, radius_m)) = place {
        told.camera.write(CameraCommand::FlyTo { at: [at.x as f32, at.y as f32, 0.0], radius_m: radius_m as f32 });
    }
}

fn screenshot(commands: &mut Commands, desk: &mut Desk) {
    let name = format!("citytwin-{}.png", citytwin_model::Timestamp::now().strftime("%Y%m%d-%H%M%S"));
    let path = std::env::current_dir().unwrap_or_default().join(name);
    desk.notice(Gravity::Done, format!("Screenshot saved to {}", path.display()));
    commands.spawn(Screenshot::primary_window()).observe(save_to_disk(path));
}

/// Where a sensor's readings are written: a new file in the working folder.
fn export_path(around: &Around, sensor: SensorId) -> PathBuf {
    let of = around.city.as_ref().and_then(|city| city.0.sensors.get(sensor.index()));
    let name = of.map_or_else(String::new, |sensor| slug(&sensor.name));
    let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S");
    std::env::current_dir().unwrap_or_default().join(format!("citytwin-{name}-{stamp}.csv"))
}

/// Names that hold the text; names that start with it first, roads once per name.
fn search(city: &City, text: &str) -> Vec<SearchHit> {
    let wanted = text.trim().to_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    let roads = city.roads.iter().map(|r| (r.name.as_deref(), "Road", FeatureRef::Road(r.id), &r.source));
    let buildings =
        city.buildings.iter().map(|b| (b.name.as_deref(), "Building", FeatureRef::Building(b.id), &b.source));
    let land = city.land.iter().map(|l| (l.name.as_deref(), "Area", FeatureRef::LandArea(l.id), &l.source));
    let water = city.water.iter().map(|w| (w.name.as_deref(), "Water", FeatureRef::WaterArea(w.id), &w.source));
    let assets =
        city.energy_assets.iter().map(|a| (a.name.as_deref(), "Energy", FeatureRef::EnergyAsset(a.id), &a.source));
    let sensors = city.sensors.iter().map(|s| (Some(s.name.as_str()), "Sensor", FeatureRef::Sensor(s.id), &s.source));
    let mut hits: Vec<(u8, SearchHit)> = Vec::new();
    for (name, kind, feature, source) in roads.chain(buildings).chain(land).chain(water).chain(assets).chain(sensors) {
        let by_source = source.to_string() == wanted;
        let Some(rank) = name.and_then(|n| rank(&n.to_lowercase(), &wanted)).or(by_source.then_some(0)) else {
            continue;
        };
        let title = name.map_or_else(|| source.to_string(), str::to_owned);
        if !hits.iter().any(|(_, h)| h.title == title && h.kind == kind) {
            hits.push((rank, SearchHit { title, kind: kind.into(), feature }));
        }
    }
    hits.sort_by(|a, b| (a.0, &a.1.title).cmp(&(b.0, &b.1.title)));
    hits.into_iter().take(HITS).map(|(_, hit)| hit).collect()
}

fn rank(name: &str, wanted: &str) -> Option<u8> {
    if name == wanted {
        Some(0)
    } else if name.starts_with(wanted) {
        Some(1)
    } else {
        name.contains(wanted).then_some(2)
    }
}
