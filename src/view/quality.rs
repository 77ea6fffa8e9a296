//! How much the picture may cost: decided once by the kind of graphics adapter.

use bevy::{
    anti_alias::fxaa::Fxaa,
    camera::Hdr,
    core_pipeline::{prepass::DepthPrepass, tonemapping::Tonemapping},
    light::{DirectionalLightShadowMap, ShadowFilteringMethod},
    post_process::bloom::Bloom,
    prelude::*,
    render::renderer::RenderAdapterInfo,
};

use crate::ViewCamera;

/// The tier in use. Change it before the first frame to force one.
#[derive(Resource, Clone, Copy, PartialEq, Debug)]
pub struct Quality {
    /// Shadow cascades and the far end of the first, as a share of the whole reach.
    pub cascades: usize,
    pub first_cascade: f32,
    /// Side of a shadow map, texel.
    pub shadow_map: usize,
    pub multisample: bool,
    /// Lamps and windows glow.
    pub bloom: bool,
    pub soft_shadows: bool,
    /// Most chunks that become entities in one frame: keeps a window alive while a city loads.
    pub chunks_a_frame: usize,
}

impl Quality {
    /// For graphics cards.
    pub const FULL: Self = Self {
        cascades: 4,
        first_cascade: 0.09,
        shadow_map: 4096,
        multisample: true,
        bloom: true,
        soft_shadows: true,
        chunks_a_frame: 32,
    };
    /// For software rendering (Mesa's lavapipe and the like): measured to keep frames under a second at 720p.
    pub const SOFTWARE: Self = Self {
        cascades: 2,
        first_cascade: 0.28,
        shadow_map: 2048,
        multisample: false,
        bloom: false,
        soft_shadows: false,
        chunks_a_frame: 64,
    };
    /// For single pictures on software rendering, where a few seconds do not matter.
    pub const PICTURE: Self = Self {
        cascades: 3,
        first_cascade: 0.16,
        shadow_map: 4096,
        multisample: true,
        bloom: true,
        soft_shadows: true,
        chunks_a_frame: usize::MAX,
    };
}

impl Default for Quality {
    fn default() -> Self {
        Self::FULL
    }
}

/// Chooses the tier unless one was set, and dresses the camera.
pub fn plugin(app: &mut App) {
    app.add_systems(PreStartup, choose).add_systems(PostStartup, dress);
}

fn choose(mut commands: Commands, adapter: Option<Res<RenderAdapterInfo>>, set: Option<Res<Quality>>) {
    let quality = set.map_or_else(
        // The device type's name: the type itself is not exported by Bevy.
        || {
            if adapter.is_some_and(|a| format!("{:?}", a.device_type) == "Cpu") {
                Quality::SOFTWARE
            } else {
                Quality::FULL
            }
        },
        |set| *set,
    );
    commands.insert_resource(quality);
    commands.insert_resource(DirectionalLightShadowMap { size: quality.shadow_map });
}

fn dress(mut commands: Commands, quality: Res<Quality>, cameras: Query<Entity, With<ViewCamera>>) {
    for entity in &cameras {
        let mut camera = commands.entity(entity);
        camera.insert(Tonemapping::AcesFitted);
        camera.insert(if quality.soft_shadows {
            ShadowFilteringMethod::Gaussian
        } else {
            ShadowFilteringMethod::Hardware2x2
        });
        if quality.multisample {
            camera.insert(Msaa::Sample4);
        } else {
            camera.insert((Msaa::Off, Fxaa::default(), DepthPrepass));
        }
        if quality.bloom {
            camera.insert((Hdr, Bloom { intensity: 0.10, ..Bloom::NATURAL }));
        }
    }
}
