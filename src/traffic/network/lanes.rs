//! From which lanes a turn is made: as tagged (`turn:lanes`), else by custom.
//!
//! Lane 0 lies at the kerb: the rightmost in right-hand traffic, the leftmost in left-hand traffic.

use super::{Turn, TurnKind, streets::Streets};

/// Fills in `lane_lo..=lane_hi` of the turns that leave a link, last resorts at the end.
pub fn assign(streets: &Streets, link: u32, turns: &mut [Turn]) {
    let right_hand = streets.ground.right_hand;
    let kinds: Vec<TurnKind> = turns.iter().filter(|t| !t.last_resort).map(|t| t.kind).collect();
    let lanes = streets.lanes(link);
    let link = &streets.city.links[link as usize];
    let road = &streets.city.roads[link.road.index()];
    let tagged = if link.forward { &road.turn_lanes_forward } else { &road.turn_lanes_backward };
    let tagged = (tagged.len() == usize::from(lanes)).then_some(tagged.as_slice());
    for (turn, kind) in turns.iter_mut().zip(&kinds) {
        let by_tag = tagged.and_then(|arrows| tagged_lanes(arrows, *kind, right_hand));
        (turn.lane_lo, turn.lane_hi) = by_tag.unwrap_or_else(|| customary_lanes(lanes, *kind, &kinds, right_hand));
    }
}

/// Lanes whose arrows name the turn; arrows are given left to right.
fn tagged_lanes(arrows: &[String], kind: TurnKind, right_hand: bool) -> Option<(u8, u8)> {
    let count = arrows.len();
    let matching = (0..count).filter(|i| names(&arrows[*i], kind)).map(|i| {
        let from_kerb = if right_hand { count - 1 - i } else { i };
        from_kerb as u8
    });
    let (mut lo, mut hi) = (u8::MAX, 0);
    for lane in matching {
        lo = lo.min(lane);
        hi = hi.max(lane);
    }
    (lo <= hi).then_some((lo, hi))
}

fn names(arrows: &str, kind: TurnKind) -> bool {
    arrows.split(';').map(str::trim).any(|arrow| match kind {
        TurnKind::Left => matches!(arrow, "left" | "slight_left" | "sharp_left"),
        TurnKind::Right => matches!(arrow, "right" | "slight_right" | "sharp_right"),
        TurnKind::Back => matches!(arrow, "reverse" | "left"),
        TurnKind::Straight => {
            matches!(
                arrow,
                "" | "none" | "through" | "merge_to_left" | "merge_to_right" | "slight_left" | "slight_right"
            )
        }
    })
}

/// Custom (RASt 06; StVO section 9): along the kerb from the kerb lane, across from the innermost, straight on from the
/// rest; two lanes each where there are four.
fn customary_lanes(lanes: u8, kind: TurnKind, kinds: &[TurnKind], right_hand: bool) -> (u8, u8) {
    let (along, across) =
        if right_hand { (TurnKind::Right, TurnKind::Left) } else { (TurnKind::Left, TurnKind::Right) };
    let last = lanes - 1;
    if lanes == 1 || kind != TurnKind::Back && kinds.iter().all(|k| k == &kind) {
        return (0, last);
    }
    let turning = if lanes >= 4 { 2 } else { 1 };
    let straight = kinds.contains(&TurnKind::Straight);
    match kind {
        TurnKind::Straight if kinds.contains(&across) && lanes >= 3 => (0, last - 1),
        TurnKind::Straight => (0, last),
        TurnKind::Back => (last, last),
        k if k == along && straight => (0, turning - 1),
        k if k == along => (0, last / 2),
        _ if straight => (lanes - turning, last),
        _ if kinds.contains(&along) => (lanes / 2, last),
        _ => (0, last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_name_lanes_from_the_kerb() {
        let arrows: Vec<String> = ["left", "through", "through;right"].map(String::from).to_vec();
        assert_eq!(tagged_lanes(&arrows, TurnKind::Left, true), Some((2, 2)));
        assert_eq!(tagged_lanes(&arrows, TurnKind::Straight, true), Some((0, 1)));
        assert_eq!(tagged_lanes(&arrows, TurnKind::Right, true), Some((0, 0)));
        assert_eq!(tagged_lanes(&arrows, TurnKind::Left, false), Some((0, 0)));
    }

    #[test]
    fn custom_keeps_the_far_lane_for_turns_across() {
        let all = [TurnKind::Right, TurnKind::Straight, TurnKind::Left];
        assert_eq!(customary_lanes(3, TurnKind::Left, &all, true), (2, 2));
        assert_eq!(customary_lanes(3, TurnKind::Straight, &all, true), (0, 1));
        assert_eq!(customary_lanes(3, TurnKind::Right, &all, false), (2, 2));
        assert_eq!(customary_lanes(1, TurnKind::Left, &all, true), (0, 0));
        assert_eq!(customary_lanes(2, TurnKind::Left, &[TurnKind::Right, TurnKind::Left], true), (1, 1));
    }
}
