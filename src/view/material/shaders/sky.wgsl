// The sky behind everything: gradient, glow, sun disc, stars.
#import bevy_pbr::forward_io::{Vertex, VertexOutput}
#import bevy_pbr::mesh_view_bindings::view
#import bevy_pbr::view_transformations::position_world_to_clip
#import citytwin::light::{light, hash2, noise, sky, finish}

@vertex
fn vertex(v: Vertex) -> VertexOutput {
    var out: VertexOutput;
    let p = view.world_position + v.position * 1000.0;
    out.world_position = vec4(v.position, 1.0);
    out.position = position_world_to_clip(p);
    // Infinitely far: behind whatever else is drawn (reversed depth).
    out.position.z = 0.0;
    out.world_normal = v.normal;
#ifdef VERTEX_UVS_A
    out.uv = v.uv;
#endif
#ifdef VERTEX_OUTPUT_INSTANCE_INDEX
    out.instance_index = v.instance_index;
#endif
    return out;
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    let d = normalize(in.world_position.xyz);
    var colour = sky(vec3(d.x, max(d.y, 0.015), d.z));
    let facing = dot(d, light.sun_direction.xyz);
    let disc = smoothstep(0.99985, 0.99993, facing) * smoothstep(-0.01, 0.01, d.y);
    colour += light.glow.rgb * disc * 14.0;
    // Thin high cloud, lit from the sun's side.
    let plane = d.xz / max(d.y, 0.05);
    let bank = noise(plane * 1.3 + 3.0) * 0.55 + noise(plane * 3.1) * 0.3 + noise(plane * 7.9) * 0.15;
    let cloud = smoothstep(0.52, 0.82, bank) * smoothstep(0.03, 0.25, d.y) * 0.35;
    let white = light.horizon.rgb * 0.6 + light.key_colour.rgb * 0.22 + light.glow.rgb * 0.25 * pow(max(facing, 0.0), 3.0);
    colour = mix(colour, white, cloud * (1.0 - light.glow.w * 0.8));
    if (light.glow.w > 0.01) {
        let grid = d.xz / (1.0 + abs(d.y)) * 220.0 + vec2(d.y * 13.0, 0.0);
        let star = hash2(floor(grid));
        let near = 1.0 - smoothstep(0.0, 0.45, length(fract(grid) - 0.5));
        colour += vec3(0.9, 0.95, 1.0) * step(0.994, star) * near * light.glow.w * smoothstep(0.0, 0.3, d.y) * fract(star * 911.0);
    }
    return finish(colour);
}
