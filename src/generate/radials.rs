//! The roads out of the town, from the inner ring to the edges of the map. Must not know side streets.

use crate::{
    dice::Dice,
    kinds::{Class, Kind},
    maths::{P, heading, p, smooth},
    names::Names,
    skeleton::Skeleton,
    spans::within_square,
};

impl Skeleton<'_> {
    pub fn radials(&mut self, names: &mut Names, dice: &mut Dice) {
        let l = self.layout;
        let r = l.radius_m;
        let mut bend = || dice.range(-0.035, 0.035) * r;
        for (k, (class, mut points)) in self.radial_lines().into_iter().enumerate() {
            if k == 6 && r < 900.0 {
                continue;
            }
            let n = points.len();
            for q in &mut points[2..n - 1] {
                *q = *q + p(bend(), bend());
            }
            let world: Vec<P> = points.iter().map(|q| l.at(q.x, q.y)).collect();
            let line = within_square(&smooth(&world, false, 32.0), l.half_m);
            let mut kind = if class == Class::Primary {
                Kind::new(class, if r < 900.0 { 8.5 } else { 12.0 }, 2, 50)
            } else {
                Kind::new(class, if r < 900.0 { 8.0 } else { 10.5 }, 2, 50)
            };
            kind.name = names.radial();
            kind.avenue = true;
            if let Some(id) = self.lay(kind, &line, true) {
                self.radials.push((id, line));
            }
        }
    }

    /// Class and places of each, in the town's frame: those north of the river (north, north-east, east, north-west, west),
    /// then the southern, the south-eastern past the port, and the south-western.
    fn radial_lines(&self) -> [(Class, Vec<P>); 8] {
        let l = self.layout;
        let r = l.radius_m;
        let gate = |turn: f64| heading(turn) * (l.old_m * 1.09);
        let corner = |side: f64| p(side * 0.72 * l.old_m, l.south_v + 4.0);
        let bank = |x: f64, off: f64| p(x * r, l.river_line(x * r) + l.river_half(x * r) + off * r);
        let s = |u: f64, v: f64| p(u * r, v * r);
        [
            (Class::Primary, vec![gate(90.0), s(0.03, 0.5), s(-0.05, 0.9), s(0.02, 1.3), s(0.05, 2.3)]),
            (Class::Primary, vec![gate(46.0), s(0.40, 0.44), s(0.70, 0.88), s(1.02, 1.3), s(1.7, 2.3)]),
            (
                Class::Primary,
                vec![gate(2.0), bank(0.45, 0.13), bank(0.72, 0.14), bank(0.98, 0.12), bank(1.35, 0.16), bank(2.3, 0.2)],
            ),
            (Class::Secondary, vec![gate(134.0), s(-0.42, 0.45), s(-0.72, 0.95), s(-1.0, 1.4), s(-1.5, 2.3)]),
            (
                Class::Primary,
                vec![
                    gate(178.0),
                    bank(-0.42, 0.11),
                    bank(-0.74, 0.10),
                    bank(-1.1, 0.11),
                    bank(-1.6, 0.14),
                    bank(-2.3, 0.2),
                ],
            ),
            (
                Class::Primary,
                vec![
                    corner(1.0),
                    p(0.19 * r, l.rail_v + 70.0),
                    p(0.2 * r, l.rail_v - 60.0),
                    s(0.16, -0.95),
                    s(0.3, -1.4),
                    s(0.42, -2.3),
                ],
            ),
            (
                Class::Primary,
                vec![
                    corner(1.0),
                    p(0.40 * r, 0.42 * l.south_v + 0.58 * l.rail_v),
                    p(0.64 * r, l.rail_v + 70.0),
                    p(0.675 * r, l.rail_v - 60.0),
                    s(0.86, -0.86),
                    s(1.3, -1.0),
                    s(2.3, -1.25),
                ],
            ),
            (
                Class::Secondary,
                vec![
                    corner(-1.0),
                    p(-0.33 * r, l.rail_v + 60.0),
                    p(-0.38 * r, l.rail_v - 70.0),
                    s(-0.62, -0.98),
                    s(-0.95, -1.4),
                    s(-1.5, -2.3),
                ],
            ),
        ]
    }
}
