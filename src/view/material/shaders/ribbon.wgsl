// Lines along roads that are never thinner than a few pixels: the traffic layer, coloured by the attribute
// table (code 16), and the far look of roads (code 11).
#import bevy_pbr::forward_io::{Vertex, VertexOutput}
#import bevy_pbr::view_transformations::position_world_to_clip
#import bevy_pbr::mesh_view_bindings::view
#import citytwin::light::{light, linear, haze, irradiance, finish}

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<storage, read> attributes: array<u32>;

@vertex
fn vertex(v: Vertex) -> VertexOutput {
    var out: VertexOutput;
    let away = distance(v.position, view.world_position);
    // Metres per pixel at this distance: 2 tan(fov/2) / height = 2 / (clip scale × height).
    let metres = 2.0 * away / (view.clip_from_view[1][1] * view.viewport.w);
    let grow = max(v.color.a * 255.0 / 32.0 * metres - v.uv.x, 0.0);
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
    if (in.uv_b.y < 15.5) {
        let tone = select(linear(in.color.rgb), linear(data.rgb), data.a > 0.25);
        let lamps = vec3(1.0, 0.66, 0.33) * tone * 0.4 * light.zenith.w;
        return finish(haze(tone * irradiance(vec3(0.0, 1.0, 0.0), 0.9) + lamps, in.world_position.xyz));
    }
    if (data.a < 0.5) { discard; }
    let glow = 0.62 + 0.25 * light.key_colour.w;
    return finish(haze(linear(data.rgb) * glow, in.world_position.xyz));
}
