// What all of the city's shaders share: the light of the hour, the sky, haze, and how a surface answers.
#define_import_path citytwin::light

#import bevy_pbr::{
    mesh_view_bindings::{view, lights, globals},
    shadows::fetch_directional_shadow,
}
#ifdef TONEMAP_IN_SHADER
#import bevy_core_pipeline::tonemapping::tone_mapping
#endif

// Filled by `light.rs`, same order.
struct Light {
    // Towards the sun or, at night, the moon; w: 1 where it casts shadows.
    key_direction: vec4<f32>,
    // Its radiance; w: darkness, 0 by day … 1 by night.
    key_colour: vec4<f32>,
    // Towards the sun even when it is down; w: local hour.
    sun_direction: vec4<f32>,
    // Colour of the sky straight up; w: strength of street lamps.
    zenith: vec4<f32>,
    // Colour of the sky at the horizon; w: haze per metre.
    horizon: vec4<f32>,
    // Glow about the sun; w: strength of stars.
    glow: vec4<f32>,
    // Light from above and from below on surfaces.
    ambient_up: vec4<f32>,
    ambient_down: vec4<f32>,
    // Rows of the attribute table that are highlighted; 0 for none. z: bit 0: buildings are coloured by data.
    marks: vec4<u32>,
}
@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<storage, read> light: Light;

fn hash2(p: vec2<f32>) -> f32 {
    var q = fract(p * vec2(0.1031, 0.1030));
    q += dot(q, q.yx + 33.33);
    return fract((q.x + q.y) * q.x);
}

fn noise(p: vec2<f32>) -> f32 {
    let i = floor(p);
    let f = fract(p);
    let u = f * f * (3.0 - 2.0 * f);
    return mix(mix(hash2(i), hash2(i + vec2(1.0, 0.0)), u.x), mix(hash2(i + vec2(0.0, 1.0)), hash2(i + 1.0), u.x), u.y);
}

fn linear(c: vec3<f32>) -> vec3<f32> {
    return c * (c * (c * 0.305306 + 0.682171) + 0.012523);
}

// The sky without sun disc and stars.
fn sky(direction: vec3<f32>) -> vec3<f32> {
    let up = max(direction.y, 0.0);
    let base = mix(light.horizon.rgb, light.zenith.rgb, pow(up, 0.55));
    let s = light.sun_direction.xyz;
    let facing = max(dot(normalize(direction + vec3(0.0, 0.0001, 0.0)), s), 0.0);
    // The glow hugs the horizon when the sun is low.
    let low = exp(-6.0 * up);
    let glow = light.glow.rgb * (pow(facing, 6.0) * 0.35 * (0.3 + low) + pow(facing, 60.0) * 0.6 + low * pow(facing, 2.0) * 0.35);
    return base + glow;
}

fn haze(colour: vec3<f32>, at: vec3<f32>) -> vec3<f32> {
    let ray = at - view.world_position;
    let distance = length(ray);
    let d = ray / max(distance, 0.001);
    let amount = 1.0 - exp(-pow(distance * light.horizon.w, 1.6));
    return mix(colour, sky(normalize(vec3(d.x, max(d.y, 0.015), d.z))), clamp(amount, 0.0, 1.0));
}

fn key_shadow(at: vec4<f32>, normal: vec3<f32>, frag: vec4<f32>) -> f32 {
    if (light.key_direction.w < 0.5 || lights.n_directional_lights == 0u) { return 1.0; }
    let m = view.view_from_world;
    let view_z = dot(vec4(m[0].z, m[1].z, m[2].z, m[3].z), at);
    return fetch_directional_shadow(0u, at, normal, view_z, frag.xy);
}

// Diffuse light that falls on a surface.
fn irradiance(normal: vec3<f32>, shadow: f32) -> vec3<f32> {
    let sun = max(dot(normal, light.key_direction.xyz), 0.0) * shadow;
    let side = mix(light.ambient_down.rgb, light.ambient_up.rgb, 0.5 + 0.5 * normal.y);
    return light.key_colour.rgb * sun + side;
}

// Last step of every fragment: scene light to what the camera writes.
fn finish(colour: vec3<f32>) -> vec4<f32> {
    var out = vec4(colour, 1.0);
#ifdef TONEMAP_IN_SHADER
    out = tone_mapping(out, view.color_grading);
#endif
    return out;
}
