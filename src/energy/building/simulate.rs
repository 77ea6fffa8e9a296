//! A stock of buildings through some hours: checked, cut into blocks of one class, stepped in parallel. The same bytes for
//! any number of threads: the cut depends on the stock alone, and sums are taken in its order.

use rayon::prelude::*;

use super::{
    block::{Block, HourRow, LANES, Lanes, LitLanes, Room},
    schedule::{LEVELS, Schedule},
    zone::{Climate, Lit, MONTHS, SECTORS, Zone},
};

/// Pieces that a stock is cut into at most, beside one per class: enough for many cores, and each holds an hourly sum.
const PIECES: usize = 64;

/// Why a stock cannot be simulated.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum BuildingError {
    #[error("building {index}: {what}")]
    Zone { index: usize, what: String },
    #[error("schedule {class}: {what}")]
    Schedule { class: usize, what: String },
    #[error("{0}")]
    Climate(String),
    #[error("{0}")]
    Hours(String),
}

/// Which hours of the climate's year.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hours {
    /// First recorded hour.
    pub first: usize,
    pub count: usize,
    /// Hours before it that are simulated too, not recorded: before the year's first come its last.
    pub warm_up: usize,
}

/// What is kept of every building beside its totals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    Totals,
    /// The plants' power of every recorded hour: 4 bytes an hour and building.
    Power,
    /// Power and temperatures of every recorded hour in full: 16 bytes and more an hour and building.
    Trace,
}

/// One building in one hour.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Trace<const N: usize> {
    /// Mean plant power, heating positive, W.
    pub power_w: f64,
    /// Mean air temperature, °C.
    pub air_c: f64,
    /// Of the masses at the hour's end, °C.
    pub mass_c: [f64; N],
}

/// Buildings to simulate.
#[derive(Clone, Copy)]
pub struct Stock<'a, const N: usize> {
    /// Position in `schedules` per building; hourly sums are told by it.
    pub class: &'a [u16],
    pub schedules: &'a [Schedule],
    /// Makes a building's zone; called once for each, from several threads.
    pub zone: &'a (dyn Fn(usize) -> Zone<N> + Sync),
    /// Temperature of all masses before the first hour, °C, where `start` does not tell.
    pub start_c: f64,
    /// Per building what neighbours leave of the light on its facades; none: all of it.
    pub lit: Option<&'a [Lit]>,
    /// State to go on from: [`Outcome::end`] of the hours before.
    pub start: Option<&'a [[f64; N]]>,
}

/// One building over the recorded hours.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Totals {
    pub heating_wh: f64,
    pub cooling_wh: f64,
    pub heating_peak_w: f64,
    pub cooling_peak_w: f64,
}

/// What came out.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome<const N: usize> {
    /// Per building.
    pub totals: Vec<Totals>,
    /// Per class and recorded hour: heating and cooling of all its buildings, W.
    pub by_class: Vec<Vec<[f64; 2]>>,
    /// Per building and recorded hour (`building · count + hour`): plant power, heating positive, W; empty unless asked.
    pub power_w: Vec<f32>,
    /// Likewise.
    pub trace: Vec<Trace<N>>,
    /// State of the masses after the last hour, °C.
    pub end: Vec<[f64; N]>,
}

impl Hours {
    /// A whole year after `warm_up` hours.
    pub fn year(climate: &Climate, warm_up: usize) -> Self {
        Self { first: 0, count: climate.len(), warm_up }
    }

    pub(super) fn first_with_warm_up(self, year: usize) -> usize {
        (self.first % year + year * self.warm_up.div_ceil(year)) - self.warm_up
    }
}

/// Simulates all buildings. Memory beside the answer: a few pieces of hourly sums, one block per thread.
pub fn simulate<const N: usize>(
    stock: &Stock<'_, N>,
    climate: &Climate,
    hours: Hours,
    kept: Kept,
) -> Result<Outcome<N>, BuildingError> {
    check(stock, climate, hours)?;
    let order = by_class(stock.class, stock.schedules.len());
    let pieces = cut(&order);
    let done: Vec<Result<Piece<N>, BuildingError>> = pieces
        .par_iter()
        .map(|piece| {
            pulp::Arch::new().dispatch(PieceTask { stock, climate, hours, kept, class: piece.0, members: piece.1 })
        })
        .collect();
    let count = stock.class.len();
    let rows = |of: Kept| if kept == of { count * hours.count } else { 0 };
    let mut outcome = Outcome {
        totals: vec![Totals::default(); count],
        by_class: vec![vec![[0.0; 2]; hours.count]; stock.schedules.len()],
        power_w: vec![0.0; rows(Kept::Power)],
        trace: vec![Trace { power_w: 0.0, air_c: 0.0, mass_c: [0.0; N] }; rows(Kept::Trace)],
        end: vec![[0.0; N]; count],
    };
    for ((class, members), piece) in pieces.iter().zip(done) {
        outcome.take(*class, members, &piece?, hours.count);
    }
    Ok(outcome)
}

pub(super) fn check<const N: usize>(
    stock: &Stock<'_, N>,
    climate: &Climate,
    hours: Hours,
) -> Result<(), BuildingError> {
    if let Some(what) = climate.fault() {
        return Err(BuildingError::Climate(what));
    }
    if hours.count == 0 || hours.count > climate.len() {
        let what = format!("{} hours are asked of a year of {}; ask for 1 to all of them", hours.count, climate.len());
        return Err(BuildingError::Hours(what));
    }
    for (class, schedule) in stock.schedules.iter().enumerate() {
        let short = (schedule.hours.len() != climate.len())
            .then(|| format!("it has {} hours, the weather has {}", schedule.hours.len(), climate.len()));
        if let Some(what) = short.or_else(|| schedule.fault()) {
            return Err(BuildingError::Schedule { class, what });
        }
    }
    if let Some(index) = stock.class.iter().position(|&class| usize::from(class) >= stock.schedules.len()) {
        let what = format!("schedule {} is not among the {}", stock.class[index], stock.schedules.len());
        return Err(BuildingError::Zone { index, what });
    }
    if !stock.start_c.is_finite() || stock.start.is_some_and(|start| start.len() != stock.class.len()) {
        return Err(BuildingError::Hours(
            "the state to start from does not fit: one finite temperature per mass".into(),
        ));
    }
    Ok(())
}

/// Buildings of each class, ascending.
pub(super) fn by_class(class: &[u16], classes: usize) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); classes];
    for (index, &class) in class.iter().enumerate() {
        members[usize::from(class)].push(index as u32);
    }
    members
}

/// Runs of whole blocks of one class, about as many as [`PIECES`].
pub(super) fn cut(order: &[Vec<u32>]) -> Vec<(usize, &[u32])> {
    let all: usize = order.iter().map(Vec::len).sum();
    let length = all.div_ceil(PIECES).next_multiple_of(LANES).max(LANES);
    let of = |(class, members): (usize, &'_ Vec<u32>)| -> Vec<(usize, std::ops::Range<usize>)> {
        (0..members.len()).step_by(length).map(|at| (class, at..(at + length).min(members.len()))).collect()
    };
    let ranges: Vec<_> = order.iter().enumerate().flat_map(of).collect();
    ranges.into_iter().map(|(class, range)| (class, &order[class][range])).collect()
}

/// Which ventilation levels a schedule has.
pub(super) fn levels(schedule: &Schedule) -> [bool; LEVELS] {
    let mut levels = [false; LEVELS];
    schedule.hours.iter().for_each(|hour| levels[usize::from(hour.level)] = true);
    levels
}

/// What a piece of one class used.
struct Piece<const N: usize> {
    sums: Vec<[f64; 2]>,
    totals: Vec<Totals>,
    /// `member · count + hour`.
    power_w: Vec<f32>,
    trace: Vec<Trace<N>>,
    end: Vec<[f64; N]>,
}

/// A piece as pulp compiles it for the machine's registers: a closure would stay outside of that.
struct PieceTask<'a, const N: usize> {
    stock: &'a Stock<'a, N>,
    climate: &'a Climate,
    hours: Hours,
    kept: Kept,
    class: usize,
    members: &'a [u32],
}

impl<const N: usize> pulp::NullaryFnOnce for PieceTask<'_, N> {
    type Output = Result<Piece<N>, BuildingError>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let schedule = &self.stock.schedules[self.class];
        let levels = levels(schedule);
        let count = self.hours.count;
        let mut piece = Piece {
            sums: vec![[0.0; 2]; count],
            totals: Vec::with_capacity(self.members.len()),
            power_w: Vec::new(),
            trace: Vec::new(),
            end: Vec::with_capacity(self.members.len()),
        };
        let mut room = Room::new();
        for members in self.members.chunks(LANES) {
            let mut block = Block::new(&self.stock.zones(members)?, self.stock.start(members), levels);
            block.shade(self.stock.lit(members));
            let run = (self.climate, schedule, self.hours);
            match self.kept {
                Kept::Totals => block.run::<false>(&mut room, run, &mut piece.sums, |_| {}),
                Kept::Power => {
                    let mut rows = vec![0.0; members.len() * count];
                    block.run::<true>(&mut room, run, &mut piece.sums, |row| {
                        (0..members.len()).for_each(|lane| rows[lane * count + row.hour] = row.power_w[lane] as f32);
                    });
                    piece.power_w.append(&mut rows);
                }
                Kept::Trace => {
                    let none = Trace { power_w: 0.0, air_c: 0.0, mass_c: [0.0; N] };
                    let mut rows = vec![none; members.len() * count];
                    block.run::<true>(&mut room, run, &mut piece.sums, |row| {
                        (0..members.len()).for_each(|lane| rows[lane * count + row.hour] = row.lane(lane));
                    });
                    piece.trace.append(&mut rows);
                }
            }
            piece.book(&block, members.len());
        }
        Ok(piece)
    }
}

impl<const N: usize> Stock<'_, N> {
    pub(super) fn zones(&self, members: &[u32]) -> Result<Vec<Zone<N>>, BuildingError> {
        let checked = |&index: &u32| {
            let index = index as usize;
            let zone = (self.zone)(index);
            zone.fault().map_or(Ok(zone), |what| Err(BuildingError::Zone { index, what }))
        };
        members.iter().map(checked).collect()
    }

    pub(super) fn lit(&self, members: &[u32]) -> Option<Box<LitLanes>> {
        let of = |lane: usize| self.lit.and_then(|all| all.get(members[lane.min(members.len() - 1)] as usize));
        self.lit.map(|_| {
            let lane = |month: usize, sector: usize| {
                std::array::from_fn(|lane| of(lane).map_or(1.0, |lit| lit[month][sector]))
            };
            let sectors = |month: usize| std::array::from_fn::<_, SECTORS, _>(|sector| lane(month, sector));
            Box::new(std::array::from_fn::<_, MONTHS, _>(sectors))
        })
    }

    pub(super) fn start(&self, members: &[u32]) -> [Lanes; N] {
        let of = |lane: usize, mass: usize| match self.start {
            Some(start) => start[members[lane.min(members.len() - 1)] as usize][mass],
            None => self.start_c,
        };
        std::array::from_fn(|mass| std::array::from_fn(|lane| of(lane, mass)))
    }
}

impl<const N: usize> HourRow<'_, N> {
    fn lane(&self, lane: usize) -> Trace<N> {
        let mass_c = std::array::from_fn(|mass| self.mass_c[mass][lane]);
        Trace { power_w: self.power_w[lane], air_c: self.air_c[lane], mass_c }
    }
}

impl<const N: usize> Piece<N> {
    fn book(&mut self, block: &Block<N>, lanes: usize) {
        let used = &block.used;
        self.totals.extend((0..lanes).map(|lane| Totals {
            heating_wh: used.heating_wh[lane],
            cooling_wh: used.cooling_wh[lane],
            heating_peak_w: used.heating_peak_w[lane],
            cooling_peak_w: used.cooling_peak_w[lane],
        }));
        self.end.extend((0..lanes).map(|lane| std::array::from_fn(|mass| block.state[mass][lane])));
    }
}

impl<const N: usize> Outcome<N> {
    fn take(&mut self, class: usize, members: &[u32], piece: &Piece<N>, count: usize) {
        for (sum, add) in self.by_class[class].iter_mut().zip(&piece.sums) {
            sum[0] += add[0];
            sum[1] += add[1];
        }
        for (position, &member) in members.iter().enumerate() {
            let member = member as usize;
            self.totals[member] = piece.totals[position];
            self.end[member] = piece.end[position];
            let (from, to) = (position * count, member * count);
            if !piece.power_w.is_empty() {
                self.power_w[to..to + count].copy_from_slice(&piece.power_w[from..from + count]);
            }
            if !piece.trace.is_empty() {
                self.trace[to..to + count].copy_from_slice(&piece.trace[from..from + count]);
            }
        }
    }
}
