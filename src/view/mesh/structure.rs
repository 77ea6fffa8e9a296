//! What carries a raised road: bridge decks with parapets and piers, embankments beside ramps.

use super::{
    buffer::{MeshBuffer, Paint, Surface},
    colour,
    ribbon::{self, Section, Wall},
};
use crate::heights::Station;

/// Thickness of a deck, metre (about a twentieth of a usual span).
const DECK_M: f32 = 1.1;
/// Height of a parapet, metre (EN 1317-6 asks for 1.0…1.2 m).
const PARAPET_M: f32 = 1.05;
/// Spacing of piers, metre.
const PIERS_M: f64 = 28.0;

/// A raised stretch of road or track.
#[derive(Clone, Copy, Debug)]
pub struct Deck {
    /// Half the whole width, metre.
    pub edge_m: f64,
    pub bridge: bool,
    /// Height of the surface above its station, metre.
    pub lift: f32,
    pub slot: u32,
}

/// Draws what stands below and beside the raised stations.
pub fn draw(mesh: &mut MeshBuffer, stations: &[Station], lefts: &[[f64; 2]], deck: Deck) {
    let mut from = 0;
    while from < stations.len() {
        if stations[from].z <= 0.15 {
            from += 1;
            continue;
        }
        let to = from + stations[from..].iter().position(|s| s.z <= 0.15).unwrap_or(stations.len() - from);
        let range = from.saturating_sub(1)..(to + 1).min(stations.len());
        if deck.bridge {
            bridge(mesh, &stations[range.clone()], &lefts[range], deck);
        } else {
            embankment(mesh, &stations[range.clone()], &lefts[range], deck);
        }
        from = to;
    }
}

fn bridge(mesh: &mut MeshBuffer, stations: &[Station], lefts: &[[f64; 2]], deck: Deck) {
    let paint = Paint::new(colour::CONCRETE, Surface::Plain, deck.slot);
    let top = deck.lift - 0.05;
    ribbon::band(mesh, stations, lefts, Section::about(deck.edge_m + 0.3, top), paint);
    for side in [1.0, -1.0] {
        let left = side > 0.0;
        let face = |offset: f64, low: f32, high: f32, faces_left: bool| Wall {
            offset: side * offset,
            low,
            high,
            faces_left,
            to_ground: false,
        };
        let edge = deck.edge_m + 0.3;
        ribbon::wall(mesh, stations, lefts, face(edge, top - DECK_M, deck.lift + PARAPET_M, left), paint);
        ribbon::wall(mesh, stations, lefts, face(edge - 0.25, top, deck.lift + PARAPET_M, !left), paint);
        let rail = Section {
            left: if left { edge } else { 0.25 - edge },
            right: if left { edge - 0.25 } else { -edge },
            lift: deck.lift + PARAPET_M,
            v_left: 0.0,
            v_right: 0.0,
        };
        ribbon::band(mesh, stations, lefts, rail, paint);
    }
    underside(mesh, stations, lefts, deck.edge_m + 0.3, top - DECK_M, paint);
    piers(mesh, stations, lefts, deck, top - DECK_M, paint);
}

fn underside(mesh: &mut MeshBuffer, stations: &[Station], lefts: &[[f64; 2]], half: f64, lift: f32, paint: Paint) {
    for (pair, left) in stations.windows(2).zip(lefts.windows(2)) {
        let at = |k: usize, offset: f64| (ribbon::beside(&pair[k], left[k], offset, lift), [0.0, 0.0]);
        mesh.fan(&[at(0, half), at(1, half), at(1, -half), at(0, -half)], paint);
    }
}

fn piers(mesh: &mut MeshBuffer, stations: &[Station], lefts: &[[f64; 2]], deck: Deck, lift: f32, paint: Paint) {
    let mut next = PIERS_M * 0.5;
    let start = stations.first().map_or(0.0, |s| s.along);
    for (station, left) in stations.iter().zip(lefts) {
        if station.along - start < next || station.z + lift < 2.2 {
            continue;
        }
        next = station.along - start + PIERS_M;
        let length = left[0].hypot(left[1]).max(1e-6);
        let l = [left[0] / length, left[1] / length];
        let (wide, thin) = ((deck.edge_m * 0.55).max(0.6), 0.6);
        let corner = |across: f64, ahead: f64, z: f32| {
            let x = station.at.x + l[0] * across + l[1] * ahead;
            let y = station.at.y + l[1] * across - l[0] * ahead;
            ([x as f32, y as f32, z], [0.0, 0.0])
        };
        let ring = [(wide, thin), (wide, -thin), (-wide, -thin), (-wide, thin)];
        for k in 0..4 {
            let (p, q) = (ring[k], ring[(k + 1) % 4]);
            let top = station.z + lift;
            let face = [corner(q.0, q.1, 0.0), corner(p.0, p.1, 0.0), corner(p.0, p.1, top), corner(q.0, q.1, top)];
            mesh.fan(&face, paint);
        }
    }
}

fn embankment(mesh: &mut MeshBuffer, stations: &[Station], lefts: &[[f64; 2]], deck: Deck) {
    let paint = Paint::new(colour::EMBANKMENT, Surface::Plain, deck.slot);
    ribbon::band(mesh, stations, lefts, Section::about(deck.edge_m + 0.4, deck.lift - 0.06), paint);
    for (offset, faces_left) in [(deck.edge_m + 0.4, true), (-deck.edge_m - 0.4, false)] {
        let wall = Wall { offset, low: 0.0, high: deck.lift - 0.06, faces_left, to_ground: true };
        ribbon::wall(mesh, stations, lefts, wall, paint);
    }
}
