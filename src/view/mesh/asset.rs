//! Energy assets that stand on the ground: stations, cabinets, chargers, wind turbines. Solar generators are
//! part of roofs and are not drawn.

use citytwin_model::{City, EnergyAsset, EnergyAssetKind, FeatureRef};

use super::{
    Slots,
    buffer::{MeshBuffer, Paint, Surface},
};

const CABINET: [u8; 3] = [112, 128, 108];
const STEEL: [u8; 3] = [178, 182, 184];
const WHITE: [u8; 3] = [232, 234, 234];
const CHARGER: [u8; 3] = [38, 132, 206];

/// Draws one asset at its place.
pub fn draw(city: &City, slots: &Slots, asset: &EnergyAsset, mesh: &mut MeshBuffer) {
    let slot = slots.feature(city, FeatureRef::EnergyAsset(asset.id));
    let at = [asset.at.x as f32, asset.at.y as f32];
    let mut block = |offset: [f32; 2], half: [f32; 2], z: [f32; 2], colour: [u8; 3]| {
        cuboid(mesh, [at[0] + offset[0], at[1] + offset[1]], half, z, Paint::new(colour, Surface::Plain, slot));
    };
    match asset.kind {
        // A compact station is about 3 × 2.5 m and 2.5 m high (EN 62271-202 products).
        EnergyAssetKind::Transformer => block([0.0, 0.0], [1.5, 1.25], [0.0, 2.5], CABINET),
        EnergyAssetKind::Substation => {
            block([0.0, 0.0], [14.0, 10.0], [0.0, 0.35], [160, 158, 152]);
            for x in [-8.0, 0.0, 8.0] {
                block([x, -2.0], [2.2, 1.6], [0.35, 4.2], CABINET);
                block([x, 4.0], [0.15, 0.15], [0.35, 8.0], STEEL);
            }
            block([0.0, 4.0], [9.0, 0.12], [7.8, 8.0], STEEL);
        }
        EnergyAssetKind::Charger => {
            block([0.0, 0.0], [0.35, 0.25], [0.0, 1.9], CHARGER);
            block([0.0, 0.0], [0.28, 0.27], [1.2, 1.6], WHITE);
        }
        EnergyAssetKind::Battery => block([0.0, 0.0], [3.0, 1.25], [0.0, 2.7], WHITE),
        EnergyAssetKind::Generator => {
            block([0.0, 0.0], [5.0, 3.5], [0.0, 4.0], STEEL);
            block([3.0, 0.0], [0.5, 0.5], [4.0, 11.0], STEEL);
        }
        EnergyAssetKind::Wind => turbine(mesh, at, Paint::new(WHITE, Surface::Plain, slot)),
        EnergyAssetKind::Solar => {}
    }
}

/// A turbine of 2 MW: hub at 80 m, rotor of 80 m.
fn turbine(mesh: &mut MeshBuffer, at: [f32; 2], paint: Paint) {
    const HUB_M: f32 = 80.0;
    const BLADE_M: f32 = 40.0;
    cuboid(mesh, at, [1.6, 1.6], [0.0, HUB_M], paint);
    cuboid(mesh, [at[0] + 1.5, at[1]], [4.0, 1.6], [HUB_M - 1.6, HUB_M + 1.6], paint);
    let x = at[0] - 3.0;
    for k in 0..3 {
        let (sin, cos) = (0.3 + k as f32 / 3.0 * std::f32::consts::TAU).sin_cos();
        let place = |along: f32, across: f32| {
            ([x, at[1] + along * sin + across * cos, HUB_M + along * cos - across * sin], [0.0, 0.0])
        };
        let blade = [place(0.0, -1.3), place(0.0, 1.3), place(BLADE_M, 0.3), place(BLADE_M, -0.1)];
        mesh.fan(&blade, paint);
        let mut back = blade;
        back.reverse();
        mesh.fan(&back, paint);
    }
}

/// An upright box without its underside.
pub fn cuboid(mesh: &mut MeshBuffer, at: [f32; 2], half: [f32; 2], z: [f32; 2], paint: Paint) {
    let ring =
        [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(i, j)| [at[0] + i * half[0], at[1] + j * half[1]]);
    let corner = |k: usize, z: f32| ([ring[k % 4][0], ring[k % 4][1], z], [0.0, 0.0]);
    for k in 0..4 {
        mesh.fan(&[corner(k, z[0]), corner(k + 1, z[0]), corner(k + 1, z[1]), corner(k, z[1])], paint);
    }
    mesh.fan(&[corner(0, z[1]), corner(1, z[1]), corner(2, z[1]), corner(3, z[1])], paint);
}
