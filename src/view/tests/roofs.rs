//! Buildings are closed and face outwards, whatever their roof and footprint.

mod support;

use citytwin_model::{City, Polygon, RoofShape};
use citytwin_view::mesh::{MeshBuffer, Slots, volume};
use geo::{Area, BoundingRect, Coord, LineString, polygon};

/// Sum of the triangles' area vectors and of their volumes over the ground plane, in Bevy's frame.
fn measure(mesh: &MeshBuffer) -> ([f64; 3], f64) {
    let (mut vector, mut volume) = ([0.0; 3], 0.0);
    for t in mesh.indices.chunks_exact(3) {
        let [a, b, c] = [t[0], t[1], t[2]].map(|i| mesh.positions[i as usize].map(f64::from));
        let d = |p: [f64; 3], q: [f64; 3]| [q[0] - p[0], q[1] - p[1], q[2] - p[2]];
        let (u, v) = (d(a, b), d(a, c));
        let n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        for k in 0..3 {
            vector[k] += 0.5 * n[k];
        }
        // Flux of (0, y, 0): the volume between the triangle and the ground.
        volume += 0.5 * n[1] * (a[1] + b[1] + c[1]) / 3.0;
    }
    (vector, volume)
}

fn mesh_of(city: &City, index: usize) -> MeshBuffer {
    let mut mesh = MeshBuffer::default();
    volume::building(city, &Slots::of(city), &city.buildings[index], &mut mesh);
    mesh
}

fn footprints() -> Vec<(&'static str, Polygon<f64>)> {
    let ring = |n: usize, r: f64| -> Vec<Coord<f64>> {
        let corner = |k| (k as f64 / n as f64 * std::f64::consts::TAU).sin_cos();
        (0..n).map(corner).map(|(sin, cos)| Coord { x: r * cos, y: r * sin }).collect()
    };
    // Small enough that no plant stands on flat roofs (boxes are open below).
    let courtyard = Polygon::new(
        LineString::from(vec![(0.0, 0.0), (18.0, 0.0), (18.0, 14.0), (0.0, 14.0), (0.0, 0.0)]),
        vec![LineString::from(vec![(6.0, 5.0), (6.0, 9.0), (12.0, 9.0), (12.0, 5.0), (6.0, 5.0)])],
    );
    vec![
        ("rectangle", polygon![(x: 0.0, y: 0.0), (x: 14.0, y: 3.0), (x: 12.2, y: 11.4), (x: -1.8, y: 8.4)]),
        ("square", polygon![(x: 0.0, y: 0.0), (x: 9.0, y: 0.0), (x: 9.0, y: 9.0), (x: 0.0, y: 9.0)]),
        (
            "L",
            polygon![(x: 0.0, y: 0.0), (x: 16.0, y: 0.0), (x: 16.0, y: 6.0), (x: 6.0, y: 6.0), (x: 6.0, y: 14.0), (x: 0.0, y: 14.0)],
        ),
        ("tower", Polygon::new(LineString::new(ring(12, 5.0)), vec![])),
        ("courtyard", courtyard),
        ("triangle", polygon![(x: 0.0, y: 0.0), (x: 11.0, y: 1.0), (x: 4.0, y: 8.0)]),
        (
            "kinked",
            polygon![(x: 0.0, y: 0.0), (x: 7.0, y: 0.0), (x: 14.0, y: 0.01), (x: 14.0, y: 7.0), (x: 7.0, y: 7.3), (x: 0.0, y: 7.0)],
        ),
    ]
}

#[test]
fn every_roof_on_every_footprint_closes_its_building() {
    for (name, footprint) in footprints() {
        for shape in support::SHAPES {
            let mut city = support::empty();
            let (height, rise) = (9.0, 3.5);
            city.buildings.push(support::building(0, footprint.clone(), shape, height, rise));
            let mesh = mesh_of(&city, 0);
            let what = format!("{name} {shape:?}");
            assert!(mesh.is_finite(), "{what}");
            let (vector, volume) = measure(&mesh);
            let area = footprint.unsigned_area();
            // A closed surface without its floor has the floor's area vector, up.
            assert!(vector[0].abs() < 0.02 * area && vector[2].abs() < 0.02 * area, "{what}: {vector:?}, area {area}");
            assert!((vector[1] - area).abs() < 0.02 * area, "{what}: {vector:?}, area {area}");
            let (least, most) = (area * f64::from(height - rise) * 0.97, area * f64::from(height) * 1.25);
            assert!((least..most).contains(&volume), "{what}: {volume} not in {least}…{most}");
        }
    }
}

#[test]
fn pitched_roofs_reach_the_stated_height() {
    for shape in support::SHAPES.into_iter().filter(|s| *s != RoofShape::Flat) {
        let mut city = support::empty();
        let footprint = polygon![(x: 0.0, y: 0.0), (x: 14.0, y: 0.0), (x: 14.0, y: 8.0), (x: 0.0, y: 8.0)];
        city.buildings.push(support::building(0, footprint, shape, 10.0, 4.0));
        let mesh = mesh_of(&city, 0);
        let top = mesh.positions.iter().map(|p| p[1]).fold(0.0f32, f32::max);
        assert!((top - 10.0).abs() < 0.05, "{shape:?}: {top}");
    }
}

#[test]
fn real_buildings_are_closed() {
    let Some(city) = support::extract("helsinki") else { return };
    let mut checked = 0;
    for index in 0..city.buildings.len() {
        let building = &city.buildings[index];
        let mesh = mesh_of(&city, index);
        assert!(mesh.is_finite(), "{}", building.source);
        let Some(rect) = building.volume.footprint.bounding_rect() else { continue };
        let scale = (rect.width() + rect.height()) * f64::from(building.volume.height_m.value);
        let (vector, _) = measure(&mesh);
        assert!(
            vector[0].abs() < 0.01 * scale + 0.5 && vector[2].abs() < 0.01 * scale + 0.5,
            "{}: {vector:?} of {scale}",
            building.source
        );
        checked += 1;
    }
    assert!(checked > 300, "{checked}");
}

#[test]
fn triangles_cover_exactly_the_polygon() {
    let Some(city) = support::extract("helsinki") else { return };
    let shapes = city.buildings.iter().map(|b| &b.volume.footprint).chain(city.land.iter().map(|a| &a.shape));
    for polygon in shapes.chain(city.water.iter().map(|w| &w.shape)).flat_map(|shape| &shape.0) {
        let (points, triangles) = citytwin_view::mesh::area::triangles(polygon);
        let sum: f64 = triangles
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(|k| points[k]);
                0.5 * ((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x))
            })
            .sum();
        let area = polygon.unsigned_area();
        assert!((sum - area).abs() < 1e-3 * area + 0.01, "{sum} of {area}");
    }
}
