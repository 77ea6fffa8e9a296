//! Hands on the camera: left drag moves the ground, right drag (or Ctrl and left) turns, the wheel zooms to the
//! pointer, keys walk and turn. A press that a panel has belongs to the panel.

use bevy::{
    input::mouse::{MouseScrollUnit, MouseWheel},
    prelude::*,
    window::{PrimaryWindow, Window},
};

use super::CameraRig;
use crate::InputGate;

/// Pointer travel beyond which a press is a drag, logical pixel.
const DRAG_PX: f32 = 4.0;
/// Turn per logical pixel, radian.
const TURN_RAD_PER_PX: f32 = 0.005;
/// Zoom per wheel notch.
const ZOOM_PER_NOTCH: f32 = 0.85;
/// Wheel lines that a pixel of a touch pad counts for.
const LINES_PER_PX: f32 = 0.02;
/// Walk per second, distances of the camera.
const WALK_PER_S: f32 = 0.8;
/// Turn by keys, radian per second.
const KEY_TURN_RAD_PER_S: f32 = 1.2;

/// A press of a mouse button and what it became.
#[derive(Resource, Default, Debug)]
pub struct Drag {
    held: Option<Held>,
    /// Set for the frame in which a press ended without having become a drag: a click, logical pixels.
    pub clicked: Option<Vec2>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    button: MouseButton,
    turns: bool,
    began: Vec2,
    last: Vec2,
    ground: [f32; 2],
    moved: bool,
}

/// x right and y up from the middle, in half heights.
pub fn picture_point(window: &Window, at: Vec2) -> [f32; 2] {
    let (width, height) = (window.width().max(1.0), window.height().max(1.0));
    [(2.0 * at.x - width) / height, (height - 2.0 * at.y) / height]
}

pub fn pointer(
    windows: Query<&Window, With<PrimaryWindow>>,
    (buttons, keys, gate): (Option<Res<ButtonInput<MouseButton>>>, Option<Res<ButtonInput<KeyCode>>>, Res<InputGate>),
    mut wheel: MessageReader<MouseWheel>,
    (mut rig, mut drag): (ResMut<CameraRig>, ResMut<Drag>),
) {
    drag.clicked = None;
    let (Ok(window), Some(buttons)) = (windows.single(), buttons) else { return };
    let ctrl = keys.is_some_and(|k| k.any_pressed([KeyCode::ControlLeft, KeyCode::ControlRight]));
    let Some(at) = window.cursor_position() else {
        wheel.clear();
        return;
    };
    if drag.held.is_none() && !gate.pointer {
        press(&buttons, ctrl, at, picture_point(window, at), &rig, &mut drag);
    }
    if let Some(mut held) = drag.held {
        held.moved |= held.began.distance(at) > DRAG_PX;
        if held.moved && at != held.last {
            pull(&mut rig, &held, at, picture_point(window, at));
        }
        held.last = at;
        let released = !buttons.pressed(held.button);
        if released && !held.moved && held.button == MouseButton::Left && !held.turns {
            drag.clicked = Some(at);
        }
        drag.held = (!released).then_some(held);
    }
    let notches: f32 = wheel.read().map(lines).sum();
    if notches != 0.0 && !gate.pointer {
        let CameraRig { goal, .. } = &mut *rig;
        goal.zoom(ZOOM_PER_NOTCH.powf(notches.clamp(-10.0, 10.0)), picture_point(window, at));
    }
}

fn lines(wheel: &MouseWheel) -> f32 {
    match wheel.unit {
        MouseScrollUnit::Line => wheel.y,
        MouseScrollUnit::Pixel => wheel.y * LINES_PER_PX,
    }
}

fn press(buttons: &ButtonInput<MouseButton>, ctrl: bool, at: Vec2, point: [f32; 2], rig: &CameraRig, drag: &mut Drag) {
    for button in [MouseButton::Left, MouseButton::Right, MouseButton::Middle] {
        if buttons.just_pressed(button) {
            let turns = button != MouseButton::Left || ctrl;
            let ground = rig.goal.ground(point);
            drag.held = Some(Held { button, turns, began: at, last: at, ground, moved: false });
        }
    }
}

fn pull(rig: &mut CameraRig, held: &Held, at: Vec2, point: [f32; 2]) {
    if held.turns {
        let moved = at - held.last;
        rig.goal.turn(moved.x * TURN_RAD_PER_PX, moved.y * TURN_RAD_PER_PX);
    } else {
        rig.goal.pan_to(held.ground, point);
    }
    // Under the hand nothing lags.
    rig.now = rig.goal;
}

pub fn keys(
    (keys, gate, time): (Option<Res<ButtonInput<KeyCode>>>, Res<InputGate>, Res<Time<Real>>),
    mut rig: ResMut<CameraRig>,
) {
    let Some(keys) = keys.filter(|_| !gate.keyboard) else { return };
    let held = |a: KeyCode, b: KeyCode| f32::from(u8::from(keys.pressed(a) || keys.pressed(b)));
    let seconds = time.delta_secs().min(0.25);
    let step_m = WALK_PER_S * rig.goal.distance_m * seconds;
    let ahead = held(KeyCode::KeyW, KeyCode::ArrowUp) - held(KeyCode::KeyS, KeyCode::ArrowDown);
    let right = held(KeyCode::KeyD, KeyCode::ArrowRight) - held(KeyCode::KeyA, KeyCode::ArrowLeft);
    if ahead != 0.0 || right != 0.0 {
        rig.goal.walk(ahead * step_m, right * step_m);
    }
    let turn = held(KeyCode::KeyE, KeyCode::KeyE) - held(KeyCode::KeyQ, KeyCode::KeyQ);
    let tilt = held(KeyCode::KeyR, KeyCode::PageUp) - held(KeyCode::KeyV, KeyCode::PageDown);
    if turn != 0.0 || tilt != 0.0 {
        rig.goal.turn(turn * KEY_TURN_RAD_PER_S * seconds, tilt * KEY_TURN_RAD_PER_S * seconds);
    }
}
