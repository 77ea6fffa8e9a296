//! Vehicles: 1 m long, 1 m wide, 1 m high, scaled by the copy to the size of its kind.

use super::{block, plate};
use crate::mesh::{
    buffer::{MeshBuffer, Paint, Surface},
    slot::NO_SLOT,
};

/// What a vehicle looks like.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Body {
    Car,
    Van,
    Truck,
    Bus,
}

impl Body {
    pub const ALL: [Self; 4] = [Self::Car, Self::Van, Self::Truck, Self::Bus];

    /// The body of a pose's kind; unknown kinds look like cars.
    pub const fn of(kind: u8) -> Self {
        match kind {
            1 => Self::Van,
            2 => Self::Truck,
            3 => Self::Bus,
            _ => Self::Car,
        }
    }

    /// Usual length where the pose gives none, width and height, metre (typical European vehicles; widths
    /// without mirrors, at most the 2.55 m of Directive 96/53/EC).
    pub const fn size_m(self) -> [f32; 3] {
        match self {
            Self::Car => [4.4, 1.82, 1.48],
            Self::Van => [5.6, 2.0, 2.3],
            Self::Truck => [10.0, 2.5, 3.6],
            Self::Bus => [12.0, 2.55, 3.1],
        }
    }
}

const COAT: Paint = Paint::new([255; 3], Surface::Coat, NO_SLOT).with(0);
const GLASS: Paint = Paint::new([40, 46, 52], Surface::Glass, NO_SLOT);
const DARK: Paint = Paint::new([34, 34, 36], Surface::Plain, NO_SLOT);
const CARGO: Paint = Paint::new([222, 222, 218], Surface::Plain, NO_SLOT);
const HEAD: Paint = Paint::new([255, 250, 235], Surface::HeadLamp, NO_SLOT);
const TAIL: Paint = Paint::new([190, 20, 16], Surface::TailLamp, NO_SLOT);

/// The model of a body.
pub fn body(body: Body) -> MeshBuffer {
    let mut mesh = MeshBuffer::default();
    match body {
        Body::Car => car(&mut mesh),
        Body::Van => van(&mut mesh),
        Body::Truck => truck(&mut mesh),
        Body::Bus => bus(&mut mesh),
    }
    mesh
}

fn wheels(mesh: &mut MeshBuffer, axles: &[f32], length: f32, height: f32) {
    for &x in axles {
        for y in [-0.46, 0.46] {
            let r = [x - 0.5 * length, x + 0.5 * length, y - 0.05, y + 0.05];
            block(mesh, r, r, [0.0, height], DARK);
        }
    }
}

fn lamps(mesh: &mut MeshBuffer, z: [f32; 2], wide: f32) {
    for side in [-1.0f32, 1.0] {
        let (a, b) = (side * (0.48 - wide), side * 0.48);
        let y = [a.min(b), a.max(b)];
        plate(mesh, 0.504, y, z, HEAD);
        plate(mesh, -0.504, y, z, TAIL);
    }
}

fn car(mesh: &mut MeshBuffer) {
    wheels(mesh, &[-0.31, 0.31], 0.15, 0.42);
    block(mesh, [-0.5, 0.5, -0.5, 0.5], [-0.49, 0.485, -0.48, 0.48], [0.14, 0.56], COAT);
    block(mesh, [-0.42, 0.24, -0.46, 0.46], [-0.29, 0.08, -0.38, 0.38], [0.56, 0.95], GLASS);
    block(mesh, [-0.29, 0.08, -0.38, 0.38], [-0.28, 0.07, -0.37, 0.37], [0.95, 1.0], COAT);
    lamps(mesh, [0.36, 0.5], 0.2);
}

fn van(mesh: &mut MeshBuffer) {
    wheels(mesh, &[-0.3, 0.32], 0.13, 0.3);
    block(mesh, [-0.5, 0.5, -0.5, 0.5], [-0.5, 0.47, -0.49, 0.49], [0.12, 0.5], COAT);
    block(mesh, [-0.5, 0.18, -0.49, 0.49], [-0.49, 0.12, -0.45, 0.45], [0.5, 1.0], COAT);
    block(mesh, [0.18, 0.4, -0.48, 0.48], [0.12, 0.2, -0.44, 0.44], [0.5, 0.97], GLASS);
    lamps(mesh, [0.3, 0.42], 0.16);
}

fn truck(mesh: &mut MeshBuffer) {
    wheels(mesh, &[-0.38, -0.26, 0.36], 0.09, 0.26);
    block(mesh, [-0.5, 0.5, -0.44, 0.44], [-0.5, 0.5, -0.44, 0.44], [0.12, 0.26], DARK);
    block(mesh, [-0.5, 0.27, -0.5, 0.5], [-0.5, 0.27, -0.5, 0.5], [0.26, 1.0], CARGO);
    block(mesh, [0.29, 0.5, -0.48, 0.48], [0.29, 0.49, -0.48, 0.48], [0.16, 0.5], COAT);
    block(mesh, [0.29, 0.49, -0.47, 0.47], [0.29, 0.46, -0.45, 0.45], [0.5, 0.74], GLASS);
    block(mesh, [0.29, 0.46, -0.45, 0.45], [0.29, 0.44, -0.43, 0.43], [0.74, 0.82], COAT);
    lamps(mesh, [0.2, 0.28], 0.14);
}

fn bus(mesh: &mut MeshBuffer) {
    wheels(mesh, &[-0.28, 0.3], 0.08, 0.24);
    block(mesh, [-0.5, 0.5, -0.5, 0.5], [-0.5, 0.5, -0.5, 0.5], [0.1, 0.42], COAT);
    block(mesh, [-0.49, 0.495, -0.495, 0.495], [-0.49, 0.49, -0.48, 0.48], [0.42, 0.82], GLASS);
    block(mesh, [-0.5, 0.495, -0.49, 0.49], [-0.49, 0.48, -0.46, 0.46], [0.82, 1.0], COAT);
    lamps(mesh, [0.2, 0.3], 0.14);
}
