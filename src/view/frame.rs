//! The one place where the city's frame (x east, y north, z up) meets Bevy's (x right, y up, z to the viewer).

use bevy::math::Vec3;

/// City metres to Bevy: east is +X, up is +Y, north is −Z.
pub const fn bevy_from_enu(enu: [f32; 3]) -> Vec3 {
    Vec3::new(enu[0], enu[2], -enu[1])
}

/// Inverse of [`bevy_from_enu`].
pub const fn enu_from_bevy(at: Vec3) -> [f32; 3] {
    [at.x, -at.z, at.y]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_keep_their_meaning_and_handedness() {
        assert_eq!(bevy_from_enu([1.0, 0.0, 0.0]), Vec3::X);
        assert_eq!(bevy_from_enu([0.0, 1.0, 0.0]), Vec3::NEG_Z);
        assert_eq!(bevy_from_enu([0.0, 0.0, 1.0]), Vec3::Y);
        let [e, n, u] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(bevy_from_enu);
        assert_eq!(e.cross(n), u, "a right-handed frame must stay right-handed");
        assert_eq!(enu_from_bevy(bevy_from_enu([3.0, -4.0, 5.0])), [3.0, -4.0, 5.0]);
    }
}
