//! A balance as a flow: what comes in at the left, what it becomes, what it goes to at the right; widths are amounts.

use egui::{
    Align2, Color32, FontId, Mesh, Pos2, Rect, Sense, Shape, Ui,
    epaint::{Vertex, WHITE_UV},
    pos2, vec2,
};

use crate::{format::Unit, theme};

/// Width of a node's bar, height of the picture and the least gap between bars, point.
const BAR: f32 = 7.0;
const HEIGHT: f32 = 230.0;
const GAP: f32 = 9.0;
/// The least height of a bar that is not nothing, and from one label's line to the next, point.
const LEAST: f32 = 1.5;
const LINE: f32 = 13.0;
/// Pieces of a ribbon.
const PIECES: usize = 24;

/// A place that energy comes from, goes through or goes to.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    pub label: String,
    /// 0 left, 1 middle, 2 right.
    pub column: u8,
    pub colour: Color32,
}

/// What goes from one node to another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Flow {
    /// Index of the node.
    pub from: usize,
    pub to: usize,
    pub amount: f64,
    /// The same without edits.
    pub baseline: f64,
}

/// Nodes and flows; what is negative or no number counts as nothing.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Sankey {
    pub nodes: Vec<Node>,
    pub flows: Vec<Flow>,
}

/// A node's bar and a flow's two ends, within a rectangle.
struct Layout {
    bars: Vec<Rect>,
    /// Top at the left, top at the right, thickness.
    ribbons: Vec<(Pos2, Pos2, f32)>,
}

impl Sankey {
    /// What passes a node: the larger of what comes and goes.
    pub fn amount(&self, node: usize) -> f64 {
        let sum = |end: fn(&Flow) -> usize| {
            self.flows.iter().filter(|flow| end(flow) == node).map(|flow| size(flow.amount)).sum::<f64>()
        };
        sum(|flow| flow.from).max(sum(|flow| flow.to))
    }

    fn lay_out(&self, rect: Rect) -> Layout {
        let column =
            |of: u8| (0..self.nodes.len()).filter(move |n| self.nodes[*n].column == of && self.amount(*n) > 0.0);
        let room = |of: u8| rect.height() - GAP * column(of).count().saturating_sub(1) as f32;
        let total = |of: u8| column(of).map(|n| self.amount(n)).sum::<f64>();
        // One scale for all columns: the fullest fills the height.
        let scale =
            (0..3).filter(|c| total(*c) > 0.0).map(|c| f64::from(room(c)) / total(c)).fold(f64::INFINITY, f64::min);
        let mut bars = vec![Rect::NOTHING; self.nodes.len()];
        for of in 0..3_u8 {
            let height = |n: usize| ((self.amount(n) * scale) as f32).max(LEAST);
            let all: f32 = column(of).map(height).sum::<f32>() + GAP * column(of).count().saturating_sub(1) as f32;
            let x = rect.left() + f32::from(of) / 2.0 * (rect.width() - BAR);
            let mut y = rect.top() + 0.5 * (rect.height() - all).max(0.0);
            for n in column(of) {
                bars[n] = Rect::from_min_size(pos2(x, y), vec2(BAR, height(n)));
                y += height(n) + GAP;
            }
        }
        let mut used = vec![[0.0_f32; 2]; self.nodes.len()];
        let mut ribbon = |flow: &Flow| {
            let thick = (size(flow.amount) * scale) as f32;
            let [from, to] = [bars[flow.from], bars[flow.to]];
            let ends = (
                pos2(from.right(), from.top() + used[flow.from][1]),
                pos2(to.left(), to.top() + used[flow.to][0]),
                thick,
            );
            used[flow.from][1] += thick;
            used[flow.to][0] += thick;
            ends
        };
        Layout { ribbons: self.flows.iter().map(&mut ribbon).collect(), bars }
    }
}

fn size(amount: f64) -> f64 {
    if amount.is_finite() { amount.max(0.0) } else { 0.0 }
}

/// Draws the balance; under the pointer a flow says how much it is, and what it was.
pub fn show(ui: &mut Ui, sankey: &Sankey, unit: Unit) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let layout = sankey.lay_out(rect.shrink2(vec2(1.0, 4.0)));
    let painter = ui.painter_at(rect);
    let pointer = response.hover_pos();
    let mut hovered = None;
    for (flow, ribbon) in sankey.flows.iter().zip(&layout.ribbons).filter(|(flow, _)| size(flow.amount) > 0.0) {
        let under = pointer.is_some_and(|at| is_in(*ribbon, at));
        if under {
            hovered = Some(flow);
        }
        let through = if sankey.nodes[flow.from].column == 1 { flow.to } else { flow.from };
        let colour = sankey.nodes[through].colour.gamma_multiply(if under { 0.75 } else { 0.4 });
        painter.add(Shape::mesh(band(*ribbon, colour)));
    }
    for (node, bar) in sankey.nodes.iter().zip(&layout.bars).filter(|(_, bar)| bar.is_positive()) {
        painter.rect_filled(*bar, 1.5, node.colour);
    }
    labels(&painter, sankey, &layout, rect, unit);
    if let Some(Flow { from, to, amount, baseline }) = hovered {
        let words = format!("{} to {}", sankey.nodes[*from].label, sankey.nodes[*to].label.to_lowercase());
        let words = format!("{words}\n{}\nBaseline {}", unit.text(*amount), unit.text(*baseline));
        response.on_hover_text_at_pointer(words);
    }
}

/// Each label beside its bar, pushed down where it would cover the one above.
fn labels(painter: &egui::Painter, sankey: &Sankey, layout: &Layout, rect: Rect, unit: Unit) {
    for column in 0..3_u8 {
        let own =
            (0..sankey.nodes.len()).filter(|n| sankey.nodes[*n].column == column && layout.bars[*n].is_positive());
        let own: Vec<usize> = own.collect();
        let mut heights: Vec<f32> = own.iter().map(|n| layout.bars[*n].center().y).collect();
        spread(&mut heights, (rect.top() + 0.5 * LINE, rect.bottom() - 0.5 * LINE));
        for (n, y) in own.into_iter().zip(heights) {
            let (node, bar) = (&sankey.nodes[n], layout.bars[n]);
            let text = format!("{}  {}", node.label, unit.text(sankey.amount(n)));
            let (at, anchor, text) = match column {
                0 => (pos2(bar.right() + 5.0, y), Align2::LEFT_CENTER, text),
                // What comes in is said at the left: here there is room for the name alone.
                1 => (pos2(bar.left() - 5.0, y), Align2::RIGHT_CENTER, node.label.clone()),
                _ => (pos2(bar.left() - 5.0, y), Align2::RIGHT_CENTER, text),
            };
            painter.text(at, anchor, text, FontId::proportional(11.0), theme::STRONG);
        }
    }
}

/// Moves rising places apart so that a line of text fits between them, within bounds as far as there is room.
fn spread(places: &mut [f32], (low, high): (f32, f32)) {
    let mut least = low;
    for place in places.iter_mut() {
        *place = place.max(least);
        least = *place + LINE;
    }
    let mut most = high;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - LINE;
    }
}

/// Between both ends: 0 at the left, 1 at the right, level at both.
fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

fn is_in((from, to, thick): (Pos2, Pos2, f32), at: Pos2) -> bool {
    let t = (at.x - from.x) / (to.x - from.x).max(1.0);
    let top = egui::lerp(from.y..=to.y, smooth(t.clamp(0.0, 1.0)));
    (0.0..=1.0).contains(&t) && (top..=top + thick.max(3.0)).contains(&at.y)
}

fn band((from, to, thick): (Pos2, Pos2, f32), color: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    let thick = thick.max(0.75);
    for piece in 0..=PIECES {
        let t = piece as f32 / PIECES as f32;
        let (x, y) = (egui::lerp(from.x..=to.x, t), egui::lerp(from.y..=to.y, smooth(t)));
        mesh.vertices.extend([y, y + thick].map(|y| Vertex { pos: pos2(x, y), uv: WHITE_UV, color }));
    }
    for piece in 0..PIECES as u32 {
        let k = 2 * piece;
        mesh.add_triangle(k, k + 1, k + 2);
        mesh.add_triangle(k + 1, k + 3, k + 2);
    }
    mesh
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balance() -> Sankey {
        let node = |label: &str, column| Node { label: label.into(), column, colour: theme::ACCENT };
        let flow = |from, to, amount| Flow { from, to, amount, baseline: amount };
        Sankey {
            nodes: vec![node("Import", 0), node("Solar", 0), node("Electricity", 1), node("Use", 2), node("Export", 2)],
            flows: vec![flow(0, 2, 30.0), flow(1, 2, 10.0), flow(2, 3, 35.0), flow(2, 4, 5.0)],
        }
    }

    /// Every bar is as high as what passes it, bars of a column keep apart, ribbons fill their bars from end to end.
    #[test]
    fn heights_are_amounts() {
        let (sankey, rect) = (balance(), Rect::from_min_size(Pos2::ZERO, vec2(300.0, 200.0)));
        let Layout { bars, ribbons } = sankey.lay_out(rect);
        let scale = bars[2].height() / 40.0;
        for (n, bar) in bars.iter().enumerate() {
            assert!(
                (bar.height() - scale * sankey.amount(n) as f32).abs() < 1e-3 && rect.expand(0.1).contains_rect(*bar)
            );
        }
        assert!(bars[0].bottom() + GAP <= bars[1].top() + 1e-3 && bars[3].bottom() + GAP <= bars[4].top() + 1e-3);
        assert!((ribbons[1].1.y + ribbons[1].2 - bars[2].bottom()).abs() < 1e-3);
        assert!((ribbons[3].0.y + ribbons[3].2 - bars[2].bottom()).abs() < 1e-3);
    }

    #[test]
    fn what_is_no_amount_is_nothing() {
        let mut sankey = balance();
        for wrong in [f64::NAN, f64::INFINITY, -3.0, 0.0] {
            sankey.flows[1].amount = wrong;
            let layout = sankey.lay_out(Rect::from_min_size(Pos2::ZERO, vec2(300.0, 200.0)));
            assert!(!layout.bars[1].is_positive() && layout.bars[0].is_finite());
        }
        sankey.flows.clear();
        let layout = sankey.lay_out(Rect::from_min_size(Pos2::ZERO, vec2(300.0, 200.0)));
        assert!(layout.bars.iter().all(|bar| !bar.is_positive()));
    }

    #[test]
    fn labels_keep_apart() {
        let mut places = [10.0, 11.0, 12.0, 199.0, 200.0];
        spread(&mut places, (6.0, 194.0));
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= LINE - 1e-3), "{places:?}");
        assert!(places[0] >= 6.0 && places[4] <= 194.0);
    }
}
