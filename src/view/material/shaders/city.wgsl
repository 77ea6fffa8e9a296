// Everything of the city that does not move: one fragment shader, a code per surface (`Surface` in
// mesh/buffer.rs).
#import bevy_pbr::forward_io::VertexOutput
#import bevy_pbr::mesh_view_bindings::{view, globals}
#import citytwin::light::{light, hash2, noise, linear, sky, haze, key_shadow, irradiance, finish}

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<storage, read> attributes: array<u32>;

const LAMP = vec3<f32>(1.0, 0.66, 0.33);

struct Surf {
    albedo: vec3<f32>,
    emission: vec3<f32>,
    normal: vec3<f32>,
    // Mirror-like share towards the sky.
    gloss: f32,
}

// How much of a pixel of width w lies within half of the middle of a cell, at place x in 0…1.
fn inside(x: f32, half: f32, w: f32) -> f32 {
    return clamp((half - abs(x - 0.5)) / max(w, 0.0001) + 0.5, 0.0, 1.0);
}

// Share of homes or desks with light, by hour.
fn lit_share(hour: f32, office: bool) -> f32 {
    if (office) {
        return 0.10 + 0.55 * smoothstep(6.0, 8.0, hour) * (1.0 - smoothstep(17.0, 20.5, hour));
    }
    let evening = smoothstep(16.5, 19.5, hour) * (1.0 - smoothstep(21.5, 24.0, hour));
    let morning = smoothstep(5.3, 6.8, hour) * (1.0 - smoothstep(8.0, 9.5, hour));
    return 0.06 + 0.42 * max(evening, 0.7 * morning);
}

fn facade(code: i32, uv: vec2<f32>, w: vec2<f32>, wall: vec3<f32>, storeys: f32, slot: f32, at: vec3<f32>, normal: vec3<f32>) -> Surf {
    var out = Surf(wall, vec3(0.0), normal, 0.0);
    let cell = floor(uv);
    let f = fract(uv);
    let storey = cell.y;
    var size = vec2(0.22, 0.27);
    var lift = 0.03;
    if (code == 2) { size = vec2(0.40, 0.32); }
    if (code == 3) { size = vec2(0.25, 0.29); }
    if (code == 4) { size = vec2(0.16, 0.30); lift = 0.08; }
    let shop = code == 3 && storey < 0.5;
    if (shop) { size = vec2(0.44, 0.36); lift = -0.06; }
    let windowed = uv.y > 0.02 && uv.y < storeys - 0.04 && uv.x > 0.001;
    // Sills and joints between storeys.
    let near = 1.0 - smoothstep(0.12, 0.5, max(w.x, w.y));
    let joint = inside(fract(uv.y + 0.5), 0.03, w.y) * near;
    out.albedo *= 1.0 - 0.10 * joint * select(0.0, 1.0, windowed);
    if (!windowed) { return out; }
    let sharp = inside(f.x, size.x, w.x) * inside(f.y - lift, size.y, w.y);
    let mean = 4.0 * size.x * size.y;
    let far = smoothstep(0.35, 0.9, max(w.x, w.y));
    let glass = mix(sharp, mean, far);
    // Frames: a lighter rim about the glass.
    let rim = inside(f.x, size.x + 0.035, w.x) * inside(f.y - lift, size.y + 0.035, w.y) - sharp;
    out.albedo = mix(out.albedo, out.albedo * 1.12 + 0.02, clamp(rim, 0.0, 1.0) * near);
    let h = hash2(cell + vec2(slot * 0.37, slot * 0.11));
    let ray = normalize(at - view.world_position);
    let mirror = reflect(ray, normal);
    let fresnel = 0.06 + 0.5 * pow(1.0 - abs(dot(ray, normal)), 4.0);
    let pane = vec3(0.055, 0.07, 0.085) * (0.7 + 0.6 * h);
    let reflection = sky(vec3(mirror.x, abs(mirror.y) + 0.05, mirror.z)) * 0.55;
    let office = code == 2 || code == 4;
    out.albedo = mix(out.albedo, pane, glass);
    out.emission = reflection * (fresnel + select(0.06, 0.16, code == 2)) * glass;
    // Light inside.
    let dark = light.key_colour.w;
    let share = select(lit_share(light.sun_direction.w, office), 0.85, shop && light.sun_direction.w > 7.0 && light.sun_direction.w < 22.0);
    let on = mix(select(0.0, 1.0, h < share), share, far);
    let tint = mix(vec3(1.0, 0.52, 0.20), vec3(1.0, 0.78, 0.48), fract(h * 7.13));
    let cool = mix(tint, vec3(0.9, 0.92, 0.95), select(0.0, 0.45, office));
    out.emission += cool * on * glass * dark * (0.35 + 0.9 * fract(h * 31.7)) * select(1.0, 1.6, shop) * (1.0 + 0.8 * far);
    return out;
}

fn water(at: vec3<f32>, base: vec3<f32>, shadow: f32, w: f32) -> vec3<f32> {
    let t = globals.time;
    let p = at.xz;
    let calm = 1.0 - smoothstep(0.5, 6.0, w);
    let e = 0.35;
    let h = vec3(
        noise(p * 0.22 + vec2(t * 0.23, t * 0.11)) + 0.5 * noise(p * 0.71 - vec2(t * 0.31, t * 0.27)),
        noise((p + vec2(e, 0.0)) * 0.22 + vec2(t * 0.23, t * 0.11)) + 0.5 * noise((p + vec2(e, 0.0)) * 0.71 - vec2(t * 0.31, t * 0.27)),
        noise((p + vec2(0.0, e)) * 0.22 + vec2(t * 0.23, t * 0.11)) + 0.5 * noise((p + vec2(0.0, e)) * 0.71 - vec2(t * 0.31, t * 0.27)),
    );
    let slope = vec2(h.y - h.x, h.z - h.x) / e * (0.16 * calm + 0.01);
    let n = normalize(vec3(-slope.x, 1.0, -slope.y));
    let ray = normalize(at - view.world_position);
    let fresnel = 0.03 + 0.97 * pow(1.0 - max(dot(-ray, n), 0.0), 5.0);
    let mirror = reflect(ray, n);
    let depth = mix(0.85, 1.1, noise(p * 0.006));
    let body = base * depth * irradiance(vec3(0.0, 1.0, 0.0), mix(0.6, 1.0, shadow)) * 0.62;
    let glint = light.key_colour.rgb * pow(max(dot(mirror, light.key_direction.xyz), 0.0), 220.0) * 5.0 * shadow;
    return mix(body, sky(vec3(mirror.x, abs(mirror.y) + 0.02, mirror.z)), min(fresnel, 0.85)) + glint * (0.25 + calm);
}

// Lane lines of a carriageway: uv.y runs over lanes, 0 between the directions.
fn lane_paint(uv: vec2<f32>, w: vec2<f32>, code: i32) -> f32 {
    let style = code % 4;
    if (style == 0) { return 0.0; }
    let oneway = code >= 4;
    let width = max(w.y, 0.0001);
    let line = round(uv.y);
    let away = abs(uv.y - line);
    let paint = clamp((0.022 - away) / width + 0.5, 0.0, 1.0) * min(1.0, 0.05 / width);
    let middle = !oneway && abs(line) < 0.5;
    var dash = step(fract(uv.x / 12.0), 0.42);
    dash = mix(dash, 0.42, smoothstep(2.0, 8.0, w.x));
    if (middle) { dash = 1.0; if (style == 1) { dash = mix(step(fract(uv.x / 9.0), 0.55), 0.55, smoothstep(2.0, 8.0, w.x)); } }
    return paint * dash;
}

fn street_light(uv: vec2<f32>, w: vec2<f32>) -> f32 {
    let p = (fract(uv.x / 32.0) - 0.5) * 32.0;
    let pool = 1.0 / (1.0 + p * p / 34.0);
    return mix(pool, 0.55, smoothstep(4.0, 14.0, w.x)) * light.zenith.w;
}

fn ground(code: i32, uv: vec2<f32>, w: vec2<f32>, base: vec3<f32>, at: vec3<f32>, parameter: f32) -> Surf {
    var out = Surf(base, vec3(0.0), vec3(0.0, 1.0, 0.0), 0.0);
    let p = at.xz;
    let d = length(fwidth(p));
    let fine = 1.0 - smoothstep(0.3, 2.0, d);
    let wide = noise(p * 0.013) * 0.6 + noise(p * 0.051) * 0.4;
    if (code == 7) {
        out.albedo *= 0.86 + 0.24 * wide + 0.10 * fine * (noise(p * 1.9) - 0.5);
        out.albedo = mix(out.albedo, out.albedo * vec3(1.08, 1.02, 0.82), smoothstep(0.45, 0.8, noise(p * 0.021 + 7.0)));
    } else if (code == 8) {
        out.albedo *= 0.72 + 0.36 * noise(p * 0.11) + 0.12 * (wide - 0.5);
    } else if (code == 9) {
        let rows = 0.5 + 0.5 * sin((p.x * 0.8 + p.y * 0.6) * 1.2);
        out.albedo *= 0.92 + 0.12 * (wide - 0.5) + 0.10 * mix(0.5, rows, 1.0 - smoothstep(0.6, 2.5, d));
    } else if (code == 10) {
        out.albedo *= 0.95 + 0.08 * wide + 0.05 * fine * (noise(p * 1.3) - 0.5);
    } else if (code == 18) {
        let mow = step(0.5, fract((p.x * 0.94 + p.y * 0.34) / 9.0));
        out.albedo *= 0.95 + 0.07 * mix(mow, 0.5, smoothstep(1.0, 5.0, d));
    } else if (code == 11) {
        out.albedo *= 0.94 + 0.10 * noise(p * 0.09) + 0.07 * fine * (noise(p * 3.1) - 0.5);
        let paint = lane_paint(uv, w, i32(round(parameter * 255.0)));
        out.albedo = mix(out.albedo, vec3(0.78, 0.78, 0.75), paint * 0.9);
        out.emission = LAMP * out.albedo * 0.95 * street_light(uv, w);
    } else if (code == 12) {
        let slab = inside(fract(p.x * 0.8), 0.47, d * 0.8) * inside(fract(p.y * 0.8), 0.47, d * 0.8);
        out.albedo *= 0.97 + 0.06 * (wide - 0.5) - 0.06 * (1.0 - slab) * (1.0 - smoothstep(0.06, 0.25, d));
        out.emission = LAMP * out.albedo * 0.6 * street_light(uv, w);
    } else if (code == 15) {
        out.albedo *= 0.85 + 0.3 * mix(0.5, noise(p * 4.0), fine);
    }
    // A lit city brightens its ground a little.
    out.emission += LAMP * out.albedo * 0.035 * light.zenith.w;
    return out;
}

fn roof(code: i32, uv: vec2<f32>, w: vec2<f32>, base: vec3<f32>, at: vec3<f32>, normal: vec3<f32>) -> Surf {
    var out = Surf(base, vec3(0.0), normal, 0.0);
    if (code == 5) {
        let rows = fract(uv.y / 0.42);
        let near = 1.0 - smoothstep(0.25, 0.9, w.y / 0.42);
        out.albedo *= 1.0 - 0.16 * smoothstep(0.72, 1.0, rows) * near;
        out.albedo *= 0.93 + 0.14 * mix(0.5, hash2(floor(vec2(uv.x / 0.6, uv.y / 0.42))), near);
    } else {
        out.albedo *= 0.94 + 0.10 * noise(at.xz * 0.35) + 0.04 * (noise(at.xz * 2.1) - 0.5);
    }
    return out;
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    let w = max(fwidth(in.uv), vec2(0.00001));
    let wp = length(fwidth(in.world_position.xz));
    let slot = u32(in.uv_b.x + 0.5);
    let code = i32(in.uv_b.y + 0.5);
    let normal = normalize(in.world_normal);
    let at = in.world_position.xyz;
    let base = linear(in.color.rgb);
    let shadow = key_shadow(in.world_position, normal, in.position);
    let row = attributes[min(slot, arrayLength(&attributes) - 1u)];
    let data = unpack4x8unorm(row);

    if (code == 13 || code == 17) {
        var tone = base;
        if (code == 17) { tone = mix(base * 1.5 + vec3(0.05, 0.06, 0.045), base, smoothstep(0.0, 1.0, 1.0 - (1.0 - in.uv.y) * (1.0 - in.uv.y))); }
        tone = highlight(tone, slot);
        return finish(haze(water(at, tone, shadow, wp), at));
    }

    var s = Surf(base, vec3(0.0), normal, 0.0);
    if (code >= 1 && code <= 4) {
        s = facade(code, in.uv, w, base, in.color.a * 255.0, in.uv_b.x, at, normal);
    } else if (code == 5 || code == 6) {
        s = roof(code, in.uv, w, base, at, normal);
    } else if (code >= 7 && code <= 12 || code == 15 || code == 18) {
        s = ground(code, in.uv, w, base, at, in.color.a);
    } else if (code == 16) {
        s.emission = base * 1.5;
    }
    // Walls and structures stand in the half-light of the street.
    if (code <= 4) {
        let lower = smoothstep(0.0, 9.0, at.y);
        s.albedo *= mix(0.74, 1.0, lower);
        s.emission += LAMP * s.albedo * 0.30 * light.zenith.w * exp(-at.y / 7.0) * (1.0 - abs(normal.y));
    }
    if ((light.marks.z & 1u) != 0u && code <= 6) {
        // Buildings are coloured by data: those without step back.
        let grey = dot(s.albedo, vec3(0.3, 0.6, 0.1));
        s.albedo = mix(s.albedo, vec3(grey * 0.8 + 0.08), 0.75);
        s.emission *= 0.4;
    }
    if (data.a > 0.75) {
        s.albedo = mix(s.albedo, linear(data.rgb) * (0.75 + 0.5 * dot(s.albedo, vec3(0.33))), 0.88);
        s.emission = s.emission * 0.3 + linear(data.rgb) * (0.10 + 0.30 * light.key_colour.w);
    } else if (data.a > 0.25) {
        // Closed: hatched.
        let stripe = step(0.5, fract((at.x + at.z) / 6.0));
        s.albedo = mix(s.albedo, linear(data.rgb) * mix(0.55, 1.0, stripe), 0.85);
        s.emission += linear(data.rgb) * stripe * 0.25;
    }
    s.albedo = highlight(s.albedo, slot);
    var colour = s.albedo * irradiance(s.normal, shadow) + s.emission;
    if (slot != 0u && slot == light.marks.x) { colour += vec3(0.02, 0.22, 0.34) * (0.6 + 0.4 * light.key_colour.w); }
    return finish(haze(colour, at));
}

fn highlight(albedo: vec3<f32>, slot: u32) -> vec3<f32> {
    if (slot == 0u) { return albedo; }
    if (slot == light.marks.x) { return mix(albedo, vec3(0.08, 0.55, 0.85), 0.55); }
    if (slot == light.marks.y) { return mix(albedo, vec3(0.45, 0.75, 0.9), 0.28); }
    return albedo;
}
