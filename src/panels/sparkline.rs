//! A small plot of observed against simulated over the last hours, with the values under the pointer.

use egui::{Color32, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

use crate::{element::fine, format::Unit, input::Trail, theme};

/// Draws the plot and its caption; nothing when there are fewer than two points.
pub fn show(ui: &mut Ui, trail: &Trail, unit: Unit) {
    let finite = |points: &[[f64; 2]]| -> Vec<[f64; 2]> {
        points.iter().filter(|p| p[0].is_finite() && p[1].is_finite()).copied().collect()
    };
    let (observed, simulated) = (finite(&trail.observed), finite(&trail.simulated));
    let Some(bounds) = Bounds::of(observed.iter().chain(&simulated)) else { return };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 52.0), Sense::hover());
    let inner = rect.shrink2(vec2(1.0, 4.0));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 4.0, theme::PANEL);
    let place = |p: &[f64; 2]| bounds.place(inner, *p);
    let line: Vec<Pos2> = simulated.iter().map(place).collect();
    painter.add(Shape::line(line, Stroke::new(1.6, theme::ACCENT)));
    for point in &observed {
        painter.circle_filled(place(point), 1.8, theme::AMBER);
    }
    let from = format!("{} ago", Unit::Seconds.text(-3_600.0 * bounds.x.0));
    let scale = unit.scaled(bounds.y.1.abs().max(bounds.y.0.abs()));
    ui.horizontal(|ui| {
        ui.label(fine(from));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(fine(format!("{} … {}", scale.number(bounds.y.0), scale.text(bounds.y.1))));
        });
    });
    if let Some(pointer) = response.hover_pos() {
        let hours = bounds.hours_at(inner, pointer.x);
        painter.vline(pointer.x, rect.y_range(), Stroke::new(1.0, theme::WEAK));
        let mut words = format!("{} ago", Unit::Seconds.text(-3_600.0 * hours));
        for (name, points, colour) in [("Observed", &observed, theme::AMBER), ("Simulated", &simulated, theme::ACCENT)]
        {
            if let Some(near) = nearest(points, hours) {
                mark(&painter, bounds.place(inner, near), colour);
                words += &format!("\n{name} {}", scale.text(near[1]));
            }
        }
        response.on_hover_text_at_pointer(words);
    }
}

fn mark(painter: &egui::Painter, at: Pos2, colour: Color32) {
    painter.circle(at, 3.5, colour, Stroke::new(1.5, theme::PANEL));
}

/// The point nearest in time.
fn nearest(points: &[[f64; 2]], hours: f64) -> Option<[f64; 2]> {
    points.iter().copied().min_by(|a, b| (a[0] - hours).abs().total_cmp(&(b[0] - hours).abs()))
}

/// What the plot spans.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Bounds {
    /// Hours before now, negative.
    x: (f64, f64),
    y: (f64, f64),
}

impl Bounds {
    /// `None` for fewer than two points. Zero is in sight unless the values lie far from it.
    fn of<'a>(points: impl Iterator<Item = &'a [f64; 2]>) -> Option<Self> {
        let inf = f64::INFINITY;
        let mut bounds = Self { x: (inf, -inf), y: (inf, -inf) };
        let mut count = 0;
        for [x, y] in points {
            bounds.x = (bounds.x.0.min(*x), bounds.x.1.max(*x));
            bounds.y = (bounds.y.0.min(*y), bounds.y.1.max(*y));
            count += 1;
        }
        if count < 2 || bounds.x.0 >= bounds.x.1 {
            return None;
        }
        if bounds.y.0 > 0.0 && bounds.y.0 < 0.7 * bounds.y.1 {
            bounds.y.0 = 0.0;
        }
        if bounds.y.0 >= bounds.y.1 {
            bounds.y.1 = bounds.y.0 + 1.0;
        }
        Some(bounds)
    }

    fn place(&self, rect: Rect, [x, y]: [f64; 2]) -> Pos2 {
        let tx = (x - self.x.0) / (self.x.1 - self.x.0);
        let ty = (y - self.y.0) / (self.y.1 - self.y.0);
        pos2(rect.left() + rect.width() * tx as f32, rect.bottom() - rect.height() * ty as f32)
    }

    fn hours_at(&self, rect: Rect, x: f32) -> f64 {
        let t = f64::from((x - rect.left()) / rect.width()).clamp(0.0, 1.0);
        self.x.0 + t * (self.x.1 - self.x.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_all_points_and_refuse_what_cannot_be_plotted() {
        let points = [[-2.0, 10.0], [-1.0, 30.0], [0.0, 20.0]];
        let bounds = Bounds::of(points.iter()).unwrap();
        assert_eq!(bounds, Bounds { x: (-2.0, 0.0), y: (0.0, 30.0) });
        let rect = Rect::from_min_size(Pos2::ZERO, vec2(100.0, 30.0));
        assert_eq!(bounds.place(rect, [-2.0, 0.0]), pos2(0.0, 30.0));
        assert_eq!(bounds.hours_at(rect, 50.0), -1.0);
        assert_eq!(nearest(&points, -0.9), Some([-1.0, 30.0]));
        assert!(Bounds::of(points[..1].iter()).is_none());
        assert!(Bounds::of([[0.0, 1.0], [0.0, 2.0]].iter()).is_none());
    }
}
