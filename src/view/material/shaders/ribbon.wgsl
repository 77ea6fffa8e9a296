// Ribbons of the traffic layer: coloured by the attribute table, and never thinner than a few pixels, so that
// the whole network can be read from far away.
#import bevy_pbr::forward_io::{Vertex, VertexOutput}
#import bevy_pbr::view_transformations::position_world_to_clip
#import bevy_pbr::mesh_view_bindings::view
#import citytwin::light::{light, linear, haze, finish}

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<storage, read> attributes: array<u32>;

// Least half width on screen, pixel.
const HALF_PX: f32 = 2.2;

@vertex
fn vertex(v: Vertex) -> VertexOutput {
    var out: VertexOutput;
    let away = distance(v.position, view.world_position);
    // Metres per pixel at this distance: 2 tan(fov/2) / height = 2 / (clip scale × height).
    let metres = 2.0 * away / (view.clip_from_view[1][1] * view.viewport.w);
    let grow = max(HALF_PX * metres - v.uv.x, 0.0);
    let p = v.position + v.normal * grow + vec3(0.0, 0.02 * grow, 0.0);
    out.world_position = vec4(p, 1.0);
    out.position = position_world_to_clip(p);
    out.world_normal = vec3(0.0, 1.0, 0.0);
    out.uv = v.uv;
    out.uv_b = v.uv_b;
    out.color = v.color;
#ifdef VERTEX_OUTPUT_INSTANCE_INDEX
    out.instance_index = v.instance_index;
#endif
    return out;
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    let slot = u32(in.uv_b.x + 0.5);
    let data = unpack4x8unorm(attributes[min(slot, arrayLength(&attributes) - 1u)]);
    if (data.a < 0.5) { discard; }
    let glow = 0.62 + 0.25 * light.key_colour.w;
    return finish(haze(linear(data.rgb) * glow, in.world_position.xyz));
}
