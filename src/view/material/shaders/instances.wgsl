// Many copies of small models, placed by a storage buffer: vehicles, trees, pins, lamps. A mesh holds a batch
// of copies; uv_b.x is the copy's number within it, the mesh tag the batch's first row.
#import bevy_pbr::mesh_functions
#import bevy_pbr::view_transformations::position_world_to_clip

#ifdef PREPASS_PIPELINE
#import bevy_pbr::prepass_io::{Vertex, VertexOutput}
#else
#import bevy_pbr::forward_io::{Vertex, VertexOutput}
#import citytwin::light::{light, noise, linear, haze, key_shadow, irradiance, finish, sky}
#import bevy_pbr::mesh_view_bindings::{view, globals}
#endif

struct Instance {
    // Foot of the model; w: turn about the vertical, counter-clockwise from above.
    place: vec4<f32>,
    // Scale; w: colour (sRGB in the low 24 bits) and flags, as bits.
    scale: vec4<f32>,
}
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<storage, read> instances: array<Instance>;

@vertex
fn vertex(v: Vertex) -> VertexOutput {
    var out: VertexOutput;
    let row = mesh_functions::get_tag(v.instance_index) + u32(v.uv_b.x + 0.5);
    let i = instances[min(row, arrayLength(&instances) - 1u)];
    let c = cos(i.place.w);
    let s = sin(i.place.w);
    let q = v.position * i.scale.xyz;
    let p = vec3(c * q.x + s * q.z, q.y, -s * q.x + c * q.z) + i.place.xyz;
    out.world_position = vec4(p, 1.0);
    out.position = position_world_to_clip(p);
    out.uv = v.uv;
    out.uv_b = v.uv_b;
#ifdef UNCLIPPED_DEPTH_ORTHO_EMULATION
    out.unclipped_depth = out.position.z;
    out.position.z = min(out.position.z, 1.0);
#endif
#ifndef PREPASS_PIPELINE
    let n = v.normal / max(i.scale.xyz, vec3(0.001));
    out.world_normal = normalize(vec3(c * n.x + s * n.z, n.y, -s * n.x + c * n.z));
    // Parts with parameter 0 take the copy's colour, others keep their own.
    let own = unpack4x8unorm(bitcast<u32>(i.scale.w));
    out.color = vec4(select(v.color.rgb, v.color.rgb * own.rgb, v.color.a < 0.25), own.a);
    out.uv_b.x = f32(row);
#endif
#ifdef VERTEX_OUTPUT_INSTANCE_INDEX
    out.instance_index = v.instance_index;
#endif
    return out;
}

#ifndef PREPASS_PIPELINE
@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    let code = i32(in.uv_b.y + 0.5);
    let n = normalize(in.world_normal);
    let at = in.world_position.xyz;
    var albedo = linear(in.color.rgb);
    let shadow = key_shadow(in.world_position, n, in.position);
    let dark = light.key_colour.w;
    var emission = vec3(0.0);
    if (code == 20) {
        // Leaves: light shines through, crowns are darker below (uv.y: height in the crown).
        let sun = clamp(0.25 + 0.75 * dot(n, light.key_direction.xyz), 0.0, 1.0) * mix(0.35, 1.0, shadow);
        let ambient = mix(light.ambient_down.rgb, light.ambient_up.rgb, 0.6 + 0.4 * n.y) * 1.15;
        // Clumps of leaves, seen from near.
        let near = 1.0 - smoothstep(60.0, 420.0, distance(at, view.world_position));
        let clump = noise(at.xz * 1.1 + at.y * vec2(0.9, -0.7)) * 0.6 + noise(at.xz * 3.1 - at.y * vec2(2.3, 1.7)) * 0.4;
        let leaf = albedo * (0.66 + 0.45 * in.uv.y) * mix(1.0, 0.55 + 0.9 * clump, near);
        return finish(haze(leaf * (light.key_colour.rgb * sun * 0.85 + ambient), at));
    } else if (code == 21) {
        // Head lamp.
        emission = vec3(1.0, 0.93, 0.78) * (0.25 + 3.2 * dark);
    } else if (code == 22) {
        // Tail lamp, brighter while braking or standing (flag).
        emission = vec3(1.0, 0.06, 0.03) * (0.15 + (0.9 + 1.4 * in.color.a) * dark + 0.25 * in.color.a);
    } else if (code == 23) {
        // Glass.
        let ray = normalize(at - view.world_position);
        let mirror = reflect(ray, n);
        let fresnel = 0.08 + 0.6 * pow(1.0 - abs(dot(ray, n)), 4.0);
        emission = sky(vec3(mirror.x, abs(mirror.y) + 0.05, mirror.z)) * fresnel * 0.7;
        albedo = vec3(0.03, 0.035, 0.04);
    } else if (code == 24) {
        // A mark that can be read by day and by night.
        emission = albedo * (0.35 + 0.65 * dark);
    } else if (code == 25) {
        // Signal lamp.
        emission = albedo * 2.2;
    } else if (code == 26) {
        // Paintwork.
        let ray = normalize(at - view.world_position);
        let mirror = reflect(ray, n);
        let fresnel = 0.04 + 0.35 * pow(1.0 - abs(dot(ray, n)), 5.0);
        emission = sky(vec3(mirror.x, abs(mirror.y) + 0.05, mirror.z)) * fresnel;
    }
    return finish(haze(albedo * irradiance(n, shadow) + emission, at));
}
#endif
