//! A vehicle on its track, and the tracks.

use super::reach::among;
use crate::lane_graph::NONE;

/// A vehicle on its track: what every step touches. One line of the cache, so that a vehicle costs one fetch: on a city's
/// lanes there are two vehicles at a time, and arrays of single properties would cost one fetch each.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Car {
    /// Front bumper, metre along the track.
    pub pos: f32,
    pub speed: f32,
    /// Speed it wants here: the limit times its factor, within what it can.
    pub wanted: f32,
    pub length: f32,
    /// Wanted speed over the limit.
    pub factor: f32,
    /// Seconds of standing without a break.
    pub stood: f32,
    /// Seconds lost against the wanted speed.
    pub lost: f32,
    /// Speed not to exceed, for another's sake.
    pub advised: f32,
    /// Seconds since the last change of lane.
    pub settled: f32,
    /// How far this lane leads without a change, metre from its start.
    pub reach: f32,
    pub vehicle: u32,
    /// Move at the end of this lane, [`NONE`]: none leads on from this lane (or the journey ends here).
    pub way: u32,
    /// Move it came by.
    pub came: u32,
    /// Lanes of this link that lead on, and those that lead farthest.
    pub leads: u16,
    pub good: u16,
    pub kind: u16,
    pub flags: u8,
    pub hold: Hold,
}

/// Ends its journey on this link.
pub(super) const LAST: u8 = 1;
/// Has a stop to make on this link.
pub(super) const HALT: u8 = 2;
/// Slows down.
pub(super) const BRAKES: u8 = 4;
/// Is in conflict with the one ahead.
pub(super) const CONFLICT: u8 = 8;

/// A lane, or a way through a junction.
#[derive(Clone, Debug, Default)]
pub(super) struct Track {
    /// Front first.
    pub cars: Vec<Car>,
}

/// Marks of a track, so that empty ones are passed over without a look at them: vehicles are or were on it a moment ago.
pub(super) const BUSY: u8 = 1;
/// The last vehicle's rear is near the start of the lane or before it.
pub(super) const NEAR: u8 = 2;
/// Somebody's way leads on from another lane.
pub(super) const ASTRAY: u8 = 4;

/// What a vehicle does next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plan {
    pub speed: f32,
    pub moved: f32,
    pub hold: Hold,
    /// Goes where no rule allows it to.
    pub forced: bool,
}

/// What a driver waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Hold {
    /// Nothing but the vehicle ahead.
    #[default]
    None,
    Signal,
    /// A gap in a stream that goes first.
    Gap,
    /// Room behind the junction.
    Room,
    /// Another on the way through the junction.
    PathTaken,
    /// The lane does not lead on.
    WrongLane,
    /// A stop on the way.
    Stop,
}

impl Hold {
    pub(super) const ALL: [Self; 7] =
        [Self::None, Self::Signal, Self::Gap, Self::Room, Self::PathTaken, Self::WrongLane, Self::Stop];
}

impl Car {
    /// A vehicle that has done nothing yet.
    pub fn new(vehicle: u32, kind: u32, length: f32, factor: f32) -> Self {
        Self {
            pos: 0.0,
            speed: 0.0,
            wanted: 0.0,
            length,
            factor,
            stood: 0.0,
            lost: 0.0,
            advised: f32::INFINITY,
            settled: 0.0,
            reach: 0.0,
            vehicle,
            way: NONE,
            came: NONE,
            leads: 0,
            good: 0,
            kind: kind as u16,
            flags: 0,
            hold: Hold::None,
        }
    }

    /// Whether its way leads on from another lane than this one of its link.
    pub fn is_astray(&self, lane: u8) -> bool {
        self.good != 0 && !among(self.good, lane)
    }

    pub fn rear(&self) -> f32 {
        self.pos - self.length
    }
}

impl Track {
    /// Something of its first vehicle: to fetch it.
    pub fn touch(&self) -> f32 {
        self.cars.first().map_or(0.0, |c| c.pos)
    }

    /// Puts a vehicle where its place is.
    pub fn put(&mut self, car: Car) {
        let at = self.cars.iter().rposition(|c| c.pos >= car.pos).map_or(0, |i| i + 1);
        self.cars.insert(at, car);
    }
}
