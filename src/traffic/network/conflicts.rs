//! Turns as others ask for them: by id, with their lanes, conflicts, precedence and signal.

use citytwin_model::LinkId;

use super::{NONE, Network, SignalColour, TurnView};

/// Index of a turn of one compiled network; an edit may shift it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TurnId(pub u32);

/// A turn that crosses or merges with another at the same junction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ConflictView {
    pub turn: TurnId,
    /// Both lead into the same link; else they cross.
    pub merges: bool,
    /// The other goes first.
    pub yields: bool,
    /// Neither road is more important: right before left, or the oncoming driver, decides.
    pub equal: bool,
    /// Never green at the same time.
    pub separated: bool,
}

/// What a signal shows one turn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TurnSignal {
    pub colour: SignalColour,
    /// Nothing that conflicts has green; else one waits for oncoming traffic.
    pub protected: bool,
}

impl Network {
    /// Number of turns; their ids are `0..count`.
    pub fn turn_count(&self) -> usize {
        self.turns.list.len()
    }

    /// The turn from one link to another.
    pub fn turn(&self, from: LinkId, to: LinkId) -> Option<TurnId> {
        let known = |l: LinkId| l.index() < self.links.len();
        (known(from) && known(to)).then(|| self.turns.find(from.0, to.0)).flatten().map(TurnId)
    }

    /// The links a turn joins. `None` for an id of another network.
    pub fn turn_links(&self, turn: TurnId) -> Option<(LinkId, LinkId)> {
        self.turns.list.get(turn.0 as usize).map(|t| (LinkId(t.from), LinkId(t.to)))
    }

    /// A turn with its lanes and angle. `None` for an id of another network.
    pub fn turn_view(&self, turn: TurnId) -> Option<TurnView> {
        self.turns.list.get(turn.0 as usize).map(TurnView::of)
    }

    /// Metres driven between the links of a turn; 0 where the links themselves reach the node.
    pub fn turn_length_m(&self, turn: TurnId) -> f64 {
        self.turns.list.get(turn.0 as usize).map_or(0.0, |t| f64::from(t.length))
    }

    /// The turns that conflict with one, ascending as their junction lists them; empty for an id of another network.
    pub fn conflicts(&self, turn: TurnId) -> Vec<ConflictView> {
        let Some(own) = self.turns.list.get(turn.0 as usize) else { return Vec::new() };
        let view = |foe: &super::Foe| ConflictView {
            turn: TurnId(foe.turn),
            merges: self.turns.list[foe.turn as usize].to == own.to,
            yields: foe.yields,
            equal: foe.equal,
            separated: self.separated(own.signal, self.turns.list[foe.turn as usize].signal),
        };
        self.foes.of(turn.0).iter().map(view).collect()
    }

    /// What a turn's signal shows; `at_s`: seconds since midnight. `None` without a signal.
    pub fn turn_signal(&self, turn: TurnId, at_s: f64) -> Option<TurnSignal> {
        let stream = self.turns.list.get(turn.0 as usize)?.signal;
        let (group, windows) = self.signals.windows(stream)?;
        let now = (at_s - group.offset_s).rem_euclid(group.cycle_s);
        let shown = windows.iter().find(|w| now >= w.start_s && now < w.start_s + w.length_s);
        Some(shown.map_or(TurnSignal { colour: SignalColour::Red, protected: true }, |w| TurnSignal {
            colour: w.colour,
            protected: w.protected,
        }))
    }

    /// Cycle and green (both s) of a turn's signal. `None` without a signal.
    pub fn turn_timing(&self, turn: TurnId) -> Option<(f64, f64)> {
        self.signals.timing(self.turns.list.get(turn.0 as usize)?.signal)
    }

    /// Whether two streams of one junction never show green or amber together.
    fn separated(&self, a: u32, b: u32) -> bool {
        if a == NONE || b == NONE || a == b {
            return false;
        }
        let (Some((one, a)), Some((other, b))) = (self.signals.windows(a), self.signals.windows(b)) else {
            return false;
        };
        let apart = |x: &super::Window, y: &super::Window| {
            x.start_s + x.length_s <= y.start_s || y.start_s + y.length_s <= x.start_s
        };
        one == other && a.iter().all(|x| b.iter().all(|y| apart(x, y)))
    }
}
