//! Gaps: whether a driver who gives way may go, whether there is room behind the junction, and who is in the way inside it.
//!
//! A driver goes if every vehicle to be let pass has left before the driver arrives or arrives after the driver has left
//! and a little more (SUMO, Krajzewicz and Erdmann 2013, Road intersection model in SUMO).

use super::{
    Micro,
    ahead::Beyond,
    car::{BRAKES, BUSY, Car, Hold, NEAR},
    follow::{Driver, HALTING_MPS, time_to_cover},
};
use crate::{
    lane_graph::{LaneGraph, NONE, Show},
    network::Rows,
};

/// Least time between a driver who leaves and a foe who arrives, second. With the about 4 s that a start across a junction
/// takes this makes a critical gap of 7 s (HCM 6th ed., exhibit 20-11: 6.5 s to cross a two-lane major road) and, as a
/// stream of one every 8 s is crossed, the 585 veh/h that SUMO 1.28 lets through.
const LOOK_AHEAD_S: f32 = 3.0;
/// Foes farther away than this are not looked at, second.
const FAR_S: f32 = 12.0;
/// After so long a driver expects others to brake, second: two minutes before SUMO's drivers do, whose smaller gaps fill sooner.
const IMPATIENT_S: f32 = 60.0;
/// Who has stood so long inside a junction, or with its rear in one, for others that stand there too goes on, second; each such
/// move is counted. (Where lanes between two junctions are shorter than a vehicle, three whose rears stand in each other's way
/// would wait for ever.)
const FORCED_S: f32 = 60.0;
/// Who has stood so long with nothing in its own way but the vehicle ahead does not come now, second.
const HELD_S: f32 = 3.0;
/// Of two who have stood so long on crossing ways inside a junction who has stood longer goes first, second.
const STANDOFF_S: f32 = 5.0;
/// One stops this far before what one waits for, metre.
const BEFORE_LINE_M: f32 = 0.5;
/// Lanes up to this length are looked beyond for those who come, metre.
const SHORT_M: f32 = 25.0;
/// Lanes too short for a vehicle that are looked beyond.
const SHORT_LANES: usize = 5;
/// A place to wait is overrun by so much at most, metre.
const STILL_M: f32 = 0.5;
/// Half a vehicle's width and a bit to spare, metre: how near one comes to another's path.
pub(super) const ASIDE_M: f32 = 1.5;

/// Another way through a junction that crosses or merges with one's own: all that is asked of it at every step, in one place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Foe {
    /// Its move, and the lanes it leads from and to.
    pub other: u32,
    from: u32,
    to: u32,
    /// Where they meet, metres into this move and into the other.
    at_m: f32,
    other_at_m: f32,
    /// Metres into the junction where the other waits for a gap; 0: at the stop line.
    wait_at_m: f32,
    /// The other goes first.
    yields: bool,
    /// The other gives way to this one.
    heeded: bool,
    /// Both lead into one lane.
    merges: bool,
}

/// Where who is on a foe's way is looked for: that way and the lane beyond, as tracks. Kept close together, apart from the rest of
/// the foe: mostly nobody is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    way: u32,
    beyond: u32,
}

impl Place {
    /// Those of all foes, in their order.
    pub fn all(foes: &Rows<Foe>, lanes: usize) -> Vec<Self> {
        foes.list.iter().map(|foe| Self { way: lanes as u32 + foe.other, beyond: foe.to }).collect()
    }
}

impl Foe {
    /// Those of every move.
    pub fn all(graph: &LaneGraph) -> Rows<Self> {
        let mut all = Rows::new();
        for own in 0..graph.moves.len() as u32 {
            all.list.extend(graph.foes_of(own).iter().map(|foe| {
                let them = &graph.moves[foe.other as usize];
                Self {
                    other: foe.other,
                    from: them.from,
                    to: them.to,
                    at_m: foe.at_m,
                    other_at_m: foe.other_at_m,
                    wait_at_m: them.wait_at_m,
                    yields: foe.yields,
                    heeded: foe.heeded,
                    merges: foe.merges,
                }
            }));
            all.close();
        }
        all
    }
}

impl Micro {
    /// Whether all that have precedence leave a gap. `distance`: to the stop line, negative inside.
    pub(super) fn finds_gap(&self, car: &Car, driver: &Driver, way: u32, distance: f32) -> bool {
        let m = &self.graph.moves[way as usize];
        let top = m.limit_mps.min(car.wanted.max(m.limit_mps));
        let arrives = time_to_cover(distance.max(0.0), car.speed, driver.accel, top);
        // The junction is left as a whole, as those who come judge it.
        let leaves = time_to_cover(distance + m.length_m + car.length, car.speed, driver.accel, top);
        let impatience = (car.stood / IMPATIENT_S).min(1.0);
        let mut foes = self.foes.of(way).iter().filter(|f| f.yields);
        foes.all(|foe| self.lets_pass(foe, arrives, leaves, impatience, top))
    }

    /// Whether nobody who comes by a move is in the way of one who is there from `arrives` to `leaves`.
    fn lets_pass(&self, foe: &Foe, arrives: f32, leaves: f32, impatience: f32, speed: f32) -> bool {
        let (show, merges) = (self.show(foe.other), foe.merges);
        if self.is_red(foe.other) {
            return true;
        }
        let (amber, through_m) = (show == Show::Amber, self.track_length(self.track_of(foe.other)));
        self.approaching(foe, &mut |other: &Car, distance: f32| {
            if matches!(other.hold, Hold::Gap | Hold::Room | Hold::WrongLane | Hold::Stop) {
                return true;
            }
            // Held by the one before it: two who turn across each other's stream would wait for each other's followers for ever.
            if other.hold == Hold::None && other.stood > HELD_S {
                return true;
            }
            let driver = &self.drivers[usize::from(other.kind)];
            if amber && distance > driver.brake_gap(other.speed, self.dt()) {
                return true;
            }
            let top = other.wanted;
            let comes = time_to_cover(distance, other.speed, driver.accel, top);
            let braking = distance / (0.5 * other.speed).max(0.5);
            let comes_late = (1.0 - impatience) * comes + impatience * braking.max(comes);
            let gone = time_to_cover(distance + through_m + other.length, other.speed, driver.accel, top);
            if gone < arrives {
                return !merges || other.speed >= speed * 0.5 || arrives - gone > LOOK_AHEAD_S;
            }
            if comes_late > leaves + LOOK_AHEAD_S {
                // Onto one lane: the one behind must be able to stay behind.
                return !merges
                    || comes_late - leaves > LOOK_AHEAD_S + (other.speed - speed).max(0.0) / driver.decel * 0.5;
            }
            false
        })
    }

    /// Asks `go` of every vehicle that approaches a move, with its distance to the junction, until one says no.
    fn approaching(&self, foe: &Foe, go: &mut dyn FnMut(&Car, f32) -> bool) -> bool {
        let (way, lane) = (foe.other, foe.from);
        let length = self.track_length(lane as usize);
        let far = |car: &Car, distance: f32| distance > FAR_S * car.wanted;
        for car in self.on(lane as usize) {
            let distance = length - car.pos;
            if far(car, distance) {
                break;
            }
            if car.way == way && !go(car, distance) {
                return false;
            }
        }
        if length > SHORT_M {
            return true;
        }
        // Those who come through the junction before a short lane.
        self.into(lane).all(|up| {
            let m = &self.graph.moves[*up as usize];
            let goes_on = |car: &Car, leg: u32| self.way_from(car.vehicle, leg, lane) == way;
            let leg = |car: &Car| self.voyages[car.vehicle as usize].leg + 1;
            let inside = self.on(self.track_of(*up)).iter();
            let stopped = matches!(self.show(*up), Show::Red | Show::RedAmber | Show::Amber);
            let comes = |c: &&Car| c.way == *up && c.hold == Hold::None && !stopped;
            let coming = self.on(m.from as usize).iter().filter(comes);
            let whole = length + m.length_m;
            let from = self.graph.lanes[m.from as usize].length_m;
            inside
                .map(|c| (c, whole - c.pos))
                .chain(coming.map(|c| (c, whole + from - c.pos)))
                .all(|(car, distance)| far(car, distance) || !goes_on(car, leg(car)) || go(car, distance))
        })
    }

    /// Whether the vehicle would find room behind the junction. Where nothing crosses, one may wait on the way.
    pub(super) fn has_room(&self, car: &Car, driver: &Driver, way: u32) -> bool {
        if self.foes.of(way).is_empty() {
            return true;
        }
        let need = car.length + driver.min_gap;
        let inside = self.on(self.track_of(way)).iter();
        let taken: f32 = inside.map(|c| c.length + self.drivers[usize::from(c.kind)].min_gap).sum();
        let (mut room, mut way, mut leg) = (-taken, way, self.voyages[car.vehicle as usize].leg + 1);
        for _ in 0..SHORT_LANES {
            let lane = self.graph.moves[way as usize].to;
            let (free_m, jammed) = self.room_on(lane as usize);
            room += free_m;
            if jammed {
                return room >= need;
            }
            if room >= need {
                return true;
            }
            // Too short to stand on: there must be room beyond.
            way = self.way_from(car.vehicle, leg, lane);
            leg += 1;
            if way == NONE {
                return true;
            }
            if self.is_red(way) {
                return false;
            }
            let track = self.track_of(way);
            let (free_m, jammed) = self.room_on(track);
            if jammed {
                return room + free_m >= need;
            }
            room += free_m - self.track_length(track);
        }
        true
    }

    /// Metres of a track behind the last vehicle that stands on it, once those that still move have closed up; whether
    /// one stands.
    fn room_on(&self, track: usize) -> (f32, bool) {
        let mut moving = 0.0;
        let cars = self.on(track);
        if let Some(last) = cars.last().filter(|c| c.flags & BRAKES != 0) {
            let driver = &self.drivers[usize::from(last.kind)];
            let stands = last.pos + driver.brake_gap(last.speed, self.dt()) - last.speed * driver.headway;
            return (stands - last.length, true);
        }
        for car in cars.iter().rev() {
            if car.speed < HALTING_MPS {
                return (car.rear() - moving, true);
            }
            moving += car.length + self.drivers[usize::from(car.kind)].min_gap;
        }
        (self.track_length(track) - moving, false)
    }

    /// Those who drive through the junction on other ways: one stops before a path that is taken, and lets pass who
    /// comes to where both meet first. `distance`: to the stop line, negative inside.
    pub(super) fn heed_those_inside(&self, car: &Car, driver: &Driver, way: u32, distance: f32, found: &mut Beyond) {
        let dt = self.dt();
        // Who has waited too long goes before those on crossing ways; into a lane that another comes to first nobody does.
        found.insists = car.stood > FORCED_S && (distance <= 0.0 || car.rear() < 0.0);
        // Metres to its own place to wait inside: it takes nobody's turn who is on the way already.
        let wait_at_m = self.graph.moves[way as usize].wait_at_m;
        let to_wait = if distance <= 0.0 && wait_at_m > 0.0 { wait_at_m + distance } else { f32::NEG_INFINITY };
        let rows = self.foes.range(way);
        for (place, row) in self.foes_at[rows.clone()].iter().zip(rows) {
            if self.marks[place.way as usize] & BUSY == 0 && self.marks[place.beyond as usize] & NEAR == 0 {
                continue;
            }
            let (foe, track) = (&self.foes.list[row], place.way as usize);
            let own = distance + foe.at_m;
            for other in self.on(track) {
                let to_meet = foe.other_at_m - other.pos;
                // Who waits inside for a gap stays there; who can no longer stop there does not.
                let stops_at = other.pos + self.drivers[usize::from(other.kind)].brake_gap(other.speed, dt);
                let short = foe.wait_at_m > 0.0 && stops_at <= foe.wait_at_m + STILL_M;
                let waits = short && (other.hold == Hold::Gap || foe.heeded);
                if waits {
                    continue;
                }
                if foe.yields && to_wait > -0.1 && to_meet + other.length > -ASIDE_M && !found.insists {
                    found.with(driver.stop(car.speed, car.wanted, to_wait.max(0.0), dt), Hold::Gap);
                    continue;
                }
                if foe.merges {
                    // As a leader on the lane that both come to.
                    if (to_meet, other.vehicle) < (own, car.vehicle) {
                        let gap = own - to_meet - other.length - driver.min_gap;
                        // Abreast: the one behind falls back.
                        let follow = driver.follow(car.speed, car.wanted, gap, other.speed, dt);
                        // Behind one that stands one waits at the line.
                        let stands = distance > 0.0 && other.speed < HALTING_MPS;
                        let line = if stands {
                            driver.stop(car.speed, car.wanted, distance - BEFORE_LINE_M, dt)
                        } else {
                            follow
                        };
                        let speed = follow.min(line);
                        found.with(speed, Hold::PathTaken);
                    }
                    continue;
                }
                let cleared = -to_meet - other.length;
                if cleared > ASIDE_M || own < -ASIDE_M {
                    continue;
                }
                if they_first(foe, (own, distance, car), (to_meet, other)) {
                    found.gives_way(driver.stop(car.speed, car.wanted, before(own, distance), dt));
                }
            }
            // The rear of one that has left its way may still be on the path.
            if foe.merges || self.marks[foe.to as usize] & NEAR == 0 || own <= -ASIDE_M {
                continue;
            }
            let last = self.last_on(foe.to as usize).filter(|c| c.came == foe.other);
            if last.is_some_and(|last| self.track_length(track) + last.rear() < foe.other_at_m + ASIDE_M) {
                found.gives_way(driver.stop(car.speed, car.wanted, before(own, distance), dt));
            }
        }
    }

    /// Who is on a track, front first: an empty one is not looked at.
    #[inline]
    pub(super) fn on(&self, track: usize) -> &[Car] {
        if self.marks[track] & BUSY == 0 { &[] } else { &self.tracks[track].cars }
    }

    /// The last vehicle on a track.
    #[inline]
    pub(super) fn last_on(&self, track: usize) -> Option<&Car> {
        self.on(track).last()
    }
}

/// How far to drive to stop for a path that is taken: before the line from outside, else just before the path.
fn before(own: f32, distance: f32) -> f32 {
    let path = own - ASIDE_M - BEFORE_LINE_M;
    if distance > 0.0 { path.min(distance - BEFORE_LINE_M) } else { path.max(0.0) }
}

/// Whether another inside the junction goes first where two paths cross. Metres to where they meet for both (`distance`: to
/// the own stop line).
fn they_first(foe: &Foe, (own, distance, car): (f32, f32, &Car), (to_meet, other): (f32, &Car)) -> bool {
    let (in_it, they_in_it) = (distance <= 0.0 && own < ASIDE_M, to_meet < ASIDE_M);
    if in_it || they_in_it {
        return if in_it && they_in_it { (to_meet, other.vehicle) < (own, car.vehicle) } else { they_in_it };
    }
    if car.stood > STANDOFF_S && other.stood > STANDOFF_S && distance <= 0.0 {
        // Precedence goes round in circles where three meet: a rank does not.
        return (-other.stood, other.vehicle) < (-car.stood, car.vehicle);
    }
    let (theirs_s, own_s) = (to_meet / other.speed.max(1.0), own / car.speed.max(1.0));
    match (foe.yields, foe.heeded) {
        (false, true) => false,
        (true, false) => theirs_s < own_s + (car.length + 2.0 * ASIDE_M) / car.speed.max(2.0),
        _ => (theirs_s, other.vehicle) < (own_s, car.vehicle),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        TurnKind,
        journeys::{Departure, Journey, Journeys, VehicleType},
        lane_graph::{Lane, LaneLink, Move, MoveFoe, RightOfWay, Users},
    };

    const INSIDE_M: f32 = 12.0;

    /// Two links into a third, the second giving way.
    fn junction() -> LaneGraph {
        let mut graph = LaneGraph { nodes: 4, ..LaneGraph::default() };
        for (link, (from, to)) in (0..).zip([(0, 2), (1, 2), (2, 3)]) {
            let (length_m, limit_mps, users, index) = (100.0, 10.0, Users::ALL, 0);
            graph.links.push(LaneLink { lane0: link, lanes: 1, from, to, length_m, roundabout: false });
            let moves = u8::from(link < 2);
            graph.lanes.push(Lane { link, index, length_m, limit_mps, users, move0: link.min(1), moves });
        }
        for (from, right) in [(0, RightOfWay::Major), (1, RightOfWay::Minor)] {
            graph.moves.push(Move {
                from,
                to: 2,
                from_link: from,
                to_link: 2,
                node: 2,
                length_m: INSIDE_M,
                limit_mps: 10.0,
                kind: TurnKind::Straight,
                right,
                wait_at_m: 0.0,
                program: NONE,
                stream: NONE,
                spare: false,
            });
            let (yields, other) = (from == 1, 1 - from);
            let (at_m, other_at_m) = (INSIDE_M, INSIDE_M);
            graph.foes.list.push(MoveFoe { other, yields, heeded: !yields, merges: true, at_m, other_at_m });
            graph.foes.close();
        }
        graph
    }

    /// Two stand side by side inside a junction, a finger's breadth before the lane that both come to, for longer than one waits
    /// there, and the one on the lane drives off: they follow one after the other.
    #[test]
    fn two_who_have_waited_side_by_side_go_on_one_after_the_other() {
        let journey = |from| Journey {
            kind: 0,
            depart_s: f64::INFINITY,
            route: (from, from + 2),
            stops: (0, 0),
            depart: Departure::default(),
            arrival_m: f32::INFINITY,
        };
        let types = vec![VehicleType::default()];
        let list = vec![journey(0), journey(0), journey(2)];
        let journeys = Arc::new(Journeys { types, list, links: vec![0, 2, 1, 2], stops: Vec::new() });
        let mut micro = Micro::new(Arc::new(junction()), journeys, 1, 0.0, 1.0);
        for (vehicle, track, pos) in [(0, 2, 7.0), (1, 3, 11.989), (2, 4, 11.993)] {
            micro.voyages[vehicle as usize].leg = u32::from(track == 2);
            let mut car = Car { pos, stood: 2.0 * FORCED_S, ..Car::new(vehicle, 0, 5.0, 1.0) };
            micro.settle_on(&mut car, if track == 2 { 2 } else { track as u32 - 3 });
            micro.place(track, car);
            micro.counts.loaded += 1;
            micro.counts.inserted += 1;
        }
        for _ in 0..30 {
            micro.step();
            for pair in micro.tracks[2].cars.windows(2) {
                let gap = pair[0].rear() - pair[1].pos;
                assert!(gap >= 0.0, "at {} s: {pair:?} are {gap} m apart", micro.now_s());
            }
        }
        assert_eq!(micro.counts.arrived, 3);
        assert_eq!(micro.counts.forced, 0);
    }
}
