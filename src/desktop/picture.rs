//! What the view draws of the twin each frame: sun, vehicles, signals, sensors.

use bevy::prelude::*;
use citytwin_model::Quality;
use citytwin_traffic::{Pose, SignalColour};
use citytwin_twin::{CityModel, Clock, EntityIndex, Observed, TrafficTwin, WeatherNow};
use citytwin_view::{
    CameraCommand, Daylight, LampColour, RoadHeights, SensorMark, SensorMarks, SignalLamp, SignalLamps, VehicleFrame,
    VehiclePose, ViewSystems,
};

use crate::desk::Desk;

/// Height of the roads, for what stands and drives on them.
#[derive(Resource)]
struct Heights(RoadHeights);

pub fn plugin(app: &mut App) {
    app.add_systems(
        Update,
        (find_heights, (daylight, vehicles, signals, sensors))
            .chain()
            .before(ViewSystems::Upload)
            .run_if(resource_exists::<CityModel>),
    )
    .add_systems(Update, follow.run_if(resource_exists::<CityModel>));
}

fn find_heights(mut commands: Commands, city: Res<CityModel>, known: Option<Res<Heights>>) {
    if city.is_changed() || known.is_none() {
        commands.insert_resource(Heights(RoadHeights::compute(&city.0)));
    }
}

fn daylight(clock: Res<Clock>, weather: Res<WeatherNow>, mut daylight: ResMut<Daylight>) {
    let next = Daylight { sun: weather.sun, local_hour: clock.local().hour() as f32 };
    daylight.set_if_neq(next);
}

fn vehicles(
    (traffic, heights, fixed): (Res<TrafficTwin>, Option<Res<Heights>>, Res<Time<Fixed>>),
    mut frame: ResMut<VehicleFrame>,
    mut poses: Local<Vec<Pose>>,
) {
    traffic.0.poses(fixed.overstep_fraction(), &mut poses);
    frame.poses.clear();
    frame.poses.extend(poses.iter().map(|pose| VehiclePose {
        id: pose.id,
        x: pose.x,
        y: pose.y,
        z: height(&heights, pose.x, pose.y, pose.heading_rad),
        heading_rad: pose.heading_rad,
        speed_mps: pose.speed_mps,
        length_m: pose.length_m,
        kind: pose.kind,
    }));
}

fn height(heights: &Option<Res<Heights>>, x: f32, y: f32, heading_rad: f32) -> f32 {
    heights.as_ref().map_or(0.0, |h| h.0.beneath_m([f64::from(x), f64::from(y)], f64::from(heading_rad)))
}

fn signals((traffic, heights): (Res<TrafficTwin>, Option<Res<Heights>>), mut lamps: ResMut<SignalLamps>) {
    lamps.0.clear();
    lamps.0.extend(traffic.0.signals().iter().map(|head| SignalLamp {
        at: [head.x, head.y, height(&heights, head.x, head.y, head.heading_rad)],
        heading_rad: head.heading_rad,
        colour: match head.colour {
            SignalColour::Red => LampColour::Red,
            SignalColour::Amber => LampColour::Amber,
            SignalColour::Green => LampColour::Green,
        },
    }));
}

fn sensors(
    (city, index): (Res<CityModel>, Res<EntityIndex>),
    observed: Query<Ref<Observed>>,
    mut marks: ResMut<SensorMarks>,
) {
    let known = marks.0.len() == city.0.sensors.len();
    let changed = index.sensors.iter().any(|e| observed.get(*e).is_ok_and(|o| o.is_changed()));
    if known && !changed {
        return;
    }
    marks.0 = city
        .0
        .sensors
        .iter()
        .zip(&index.sensors)
        .map(|(sensor, entity)| SensorMark {
            sensor: sensor.id,
            at: [sensor.at.x as f32, sensor.at.y as f32, 0.0],
            quality: observed.get(*entity).ok().and_then(|o| worst(&o)),
        })
        .collect();
}

fn worst(observed: &Observed) -> Option<Quality> {
    observed.0.iter().map(|o| o.quality).max_by_key(|q| *q as u8)
}

/// The camera stays with a followed vehicle until it arrives.
fn follow(
    (mut desk, traffic): (ResMut<Desk>, Res<TrafficTwin>),
    frame: Res<VehicleFrame>,
    mut camera: MessageWriter<CameraCommand>,
) {
    let Some(id) = desk.followed else { return };
    if traffic.0.trip(id).is_none() {
        desk.followed = None;
        return;
    }
    if let Some(pose) = frame.poses.iter().find(|p| p.id == id) {
        camera.write(CameraCommand::Follow { at: [pose.x, pose.y, pose.z] });
    }
}

#[cfg(test)]
mod tests {
    use citytwin_traffic::Simulation;

    #[test]
    fn a_tick_is_a_whole_number_of_milliseconds() {
        let ms = Simulation::STEP_S * 1000.0;
        assert_eq!(ms, ms.round());
    }
}
