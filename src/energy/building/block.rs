//! Some buildings of one class side by side, stepped through all hours while their state stays in the nearest cache.
//! Plain loops over lanes; they are compiled for the machine's registers by the caller.

use super::{
    response::{DRIVES, INTERNAL, Response},
    schedule::{LEVELS, Schedule},
    simulate::Hours,
    zone::{COLUMNS, Climate, MONTHS, OPAQUE, SECTORS, Zone},
};

/// Buildings of a block.
pub(super) const LANES: usize = 32;
/// Hours whose solar gains are found together.
pub(super) const CHUNK: usize = 24;
/// Lanes whose sums stay in registers.
const TILE: usize = 8;

pub(super) type Lanes = [f64; LANES];
/// By month, sector and lane what neighbours leave of the light, 0…1.
pub(super) type LitLanes = [[[f32; LANES]; SECTORS]; MONTHS];
/// Weather, what people do, and through which hours.
pub(super) type Run<'a> = (&'a Climate, &'a Schedule, Hours);

/// Maps of one ventilation level for all lanes.
struct Maps<const N: usize> {
    next_state: [[Lanes; N]; N],
    next_drive: [[Lanes; DRIVES]; N],
    next_power: [Lanes; N],
    /// W of plant that warm the air by 1 K; the air's rows are multiplied by it.
    power_per_k: Lanes,
    air_state: [Lanes; N],
    air_drive: [Lanes; DRIVES],
}

/// What a block's buildings used. W·h and W.
#[derive(Clone)]
pub(super) struct Used {
    pub heating_wh: Lanes,
    pub cooling_wh: Lanes,
    pub heating_peak_w: Lanes,
    pub cooling_peak_w: Lanes,
}

/// One hour of all lanes, for those who want every building's.
pub(super) struct HourRow<'a, const N: usize> {
    /// Of the recorded hours, from 0.
    pub hour: usize,
    /// Plant power, heating positive, W.
    pub power_w: &'a Lanes,
    pub air_c: &'a Lanes,
    /// At the hour's end, °C.
    pub mass_c: &'a [Lanes; N],
}

/// What an hour is for all lanes.
struct Now {
    /// Outdoor, ground (°C), internal gains (relative).
    drives: [f64; 3],
    heating_c: f64,
    cooling_c: f64,
}

/// A block in work.
pub(super) struct Block<const N: usize> {
    maps: Vec<Maps<N>>,
    /// Position in `maps` of every ventilation level.
    map_of: [u8; LEVELS],
    /// In the month at hand.
    aperture_m2: [Lanes; COLUMNS],
    shade: Option<Shade>,
    heating_w: Lanes,
    /// Cooling's limit, negative.
    least_w: Lanes,
    pub state: [Lanes; N],
    pub used: Used,
}

/// Neighbours before facades: areas change with the month, so that an hour costs no more than without them.
struct Shade {
    lit: Box<LitLanes>,
    /// Windows and walls under the open sky.
    open_m2: Box<[Lanes; 2 * SECTORS]>,
    month: usize,
}

/// Room to step a block in, for one after the other.
pub(super) struct Room {
    solar: [Lanes; CHUNK],
    opaque: [Lanes; CHUNK],
    power_w: [Lanes; CHUNK],
    air_c: Lanes,
}

impl Room {
    pub fn new() -> Box<Self> {
        let none = [0.0; LANES];
        Box::new(Self { solar: [none; CHUNK], opaque: [none; CHUNK], power_w: [none; CHUNK], air_c: none })
    }
}

impl<const N: usize> Block<N> {
    /// Lays zones side by side; lanes left over repeat the last zone without plants, so that they add nothing.
    pub fn new(zones: &[Zone<N>], state: [Lanes; N], levels: [bool; LEVELS]) -> Box<Self> {
        let zone = |lane: usize| &zones[lane.min(zones.len() - 1)];
        let per_lane = |value: &dyn Fn(&Zone<N>) -> f64| std::array::from_fn(|lane| value(zone(lane)));
        let limit = |value: &dyn Fn(&Zone<N>) -> f64| {
            std::array::from_fn(|lane| if lane < zones.len() { value(zone(lane)) } else { 0.0 })
        };
        let mut map_of = [0; LEVELS];
        let mut maps = Vec::new();
        for level in (0..LEVELS).filter(|&level| levels[level]) {
            map_of[level] = maps.len() as u8;
            maps.push(Maps::of(&std::array::from_fn(|lane| {
                let mut response = Response::of(&zone(lane).body, zone(lane).ventilation_w_k[level]);
                response.scale(INTERNAL, zone(lane).internal_w);
                response
            })));
        }
        Box::new(Self {
            maps,
            map_of,
            aperture_m2: std::array::from_fn(|column| per_lane(&|z| z.aperture_m2[column])),
            shade: None,
            heating_w: limit(&|z| z.heating_w),
            least_w: limit(&|z| -z.cooling_w),
            state,
            used: Used {
                heating_wh: [0.0; LANES],
                cooling_wh: [0.0; LANES],
                heating_peak_w: [0.0; LANES],
                cooling_peak_w: [0.0; LANES],
            },
        })
    }

    /// Puts neighbours before the facades.
    pub fn shade(&mut self, lit: Option<Box<LitLanes>>) {
        let open_m2 = Box::new(std::array::from_fn(|column| self.aperture_m2[column]));
        self.shade = lit.map(|lit| Shade { lit, open_m2, month: MONTHS });
    }

    /// Areas as they are in a month.
    #[inline(always)]
    fn turn_to(&mut self, month: usize) {
        let Some(shade) = self.shade.as_mut().filter(|shade| shade.month != month) else { return };
        shade.month = month;
        for (column, (aperture, open)) in self.aperture_m2.iter_mut().zip(shade.open_m2.iter()).enumerate() {
            let lit = &shade.lit[month][column % SECTORS];
            for lane in 0..LANES {
                aperture[lane] = open[lane] * f64::from(lit[lane]);
            }
        }
    }

    /// Steps through the hours; `sums` gets heating and cooling of all lanes per recorded hour, W, and `row` every
    /// recorded hour when `ROWS`.
    #[inline(always)]
    pub fn run<const ROWS: bool>(
        &mut self,
        room: &mut Room,
        run: Run<'_>,
        sums: &mut [[f64; 2]],
        row: impl FnMut(HourRow<'_, N>),
    ) {
        self.run_in_chunks::<ROWS>(room, run, row, |first, steps| {
            for (sum, power_w) in sums[first..].iter_mut().zip(steps) {
                let [heating_w, cooling_w] = split_sum(power_w);
                sum[0] += heating_w;
                sum[1] += cooling_w;
            }
        });
    }

    /// The same; `some` gets the plants' power of up to [`CHUNK`] recorded hours at a time, W, with the first of them from 0.
    #[inline(always)]
    pub fn run_in_chunks<const ROWS: bool>(
        &mut self,
        room: &mut Room,
        (climate, schedule, hours): Run<'_>,
        mut row: impl FnMut(HourRow<'_, N>),
        mut some: impl FnMut(usize, &[Lanes]),
    ) {
        let whole = hours.warm_up + hours.count;
        let first = hours.first_with_warm_up(climate.len());
        for chunk in (0..whole).step_by(CHUNK) {
            let end = (chunk + CHUNK).min(whole);
            // Hours found together are of one month: the first one's.
            self.turn_to(climate.month_of((first + chunk) % climate.len()));
            self.take_sun(room, climate, first + chunk, end - chunk);
            for step in chunk..end {
                let hour = (first + step) % climate.len();
                let now = Now {
                    drives: [climate.outdoor_c[hour], climate.ground_c[hour], schedule.hours[hour].internal],
                    heating_c: schedule.hours[hour].heating_c,
                    cooling_c: schedule.hours[hour].cooling_c,
                };
                self.step::<ROWS>(room, (self.map_of[usize::from(schedule.hours[hour].level)], &now), step - chunk);
                if ROWS && step >= hours.warm_up {
                    let (power_w, air_c) = (&room.power_w[step - chunk], &room.air_c);
                    row(HourRow { hour: step - hours.warm_up, power_w, air_c, mass_c: &self.state });
                }
            }
            let recorded = hours.warm_up.clamp(chunk, end);
            let steps = &room.power_w[recorded - chunk..end - chunk];
            if !steps.is_empty() {
                self.used.add(steps);
                some(recorded - hours.warm_up, steps);
            }
        }
    }

    /// Solar gains of some hours: irradiance by column times the lanes' apertures. With one capacity all gains go the
    /// same way, so they share one channel.
    #[inline(always)]
    fn take_sun(&self, room: &mut Room, climate: &Climate, first: usize, count: usize) {
        for step in 0..count {
            let irradiance = &climate.irradiance[(first + step) % climate.len()];
            let mut solar = [0.0; LANES];
            add_columns(&mut solar, &irradiance[..OPAQUE], &self.aperture_m2[..OPAQUE]);
            if N == 1 {
                add_columns(&mut solar, &irradiance[OPAQUE..], &self.aperture_m2[OPAQUE..]);
            } else {
                let mut opaque = [0.0; LANES];
                add_columns(&mut opaque, &irradiance[OPAQUE..], &self.aperture_m2[OPAQUE..]);
                room.opaque[step] = opaque;
            }
            room.solar[step] = solar;
        }
    }

    /// One hour of all lanes: the plants' power into the chunk's row, and where asked the mean air temperature.
    #[inline(always)]
    fn step<const AIR: bool>(&mut self, room: &mut Room, (map, now): (u8, &Now), row: usize) {
        let maps = &self.maps[usize::from(map)];
        let (solar, opaque) = (&room.solar[row], &room.opaque[row]);
        let (state, power_w) = (&mut self.state, &mut room.power_w[row]);
        for lane in 0..LANES {
            let drive = |of: &[Lanes; DRIVES]| {
                let mut sum = of[0][lane] * now.drives[0];
                sum = of[1][lane].mul_add(now.drives[1], sum);
                sum = of[2][lane].mul_add(now.drives[2], sum);
                sum = of[3][lane].mul_add(solar[lane], sum);
                if N > 1 { of[4][lane].mul_add(opaque[lane], sum) } else { sum }
            };
            // Where the air would go by itself, told as the plant power that would bring it there from 0 °C.
            let mut free = drive(&maps.air_drive);
            for (map, mass) in maps.air_state.iter().zip(state.iter()) {
                free = map[lane].mul_add(mass[lane], free);
            }
            let per_k = maps.power_per_k[lane];
            let (heating, cooling) = (per_k.mul_add(now.heating_c, -free), per_k.mul_add(now.cooling_c, -free));
            let wanted = lesser(greater(heating, 0.0), cooling);
            let power = greater(lesser(wanted, self.heating_w[lane]), self.least_w[lane]);
            let next: [f64; N] = std::array::from_fn(|i| {
                let mut sum = maps.next_power[i][lane].mul_add(power, drive(&maps.next_drive[i]));
                for (map, mass) in maps.next_state[i].iter().zip(state.iter()) {
                    sum = map[lane].mul_add(mass[lane], sum);
                }
                sum
            });
            for j in 0..N {
                state[j][lane] = next[j];
            }
            power_w[lane] = power;
            if AIR {
                room.air_c[lane] = (free + power) / per_k;
            }
        }
    }
}

impl Used {
    /// Takes in some hours.
    #[inline(always)]
    fn add(&mut self, hours: &[Lanes]) {
        for tile in 0..LANES / TILE {
            let lanes = tile * TILE..(tile + 1) * TILE;
            let mut net = [0.0; TILE];
            let mut heating = [0.0; TILE];
            let (mut most, mut least) = ([0.0; TILE], [0.0; TILE]);
            for power_w in hours {
                let power_w = &power_w[lanes.clone()];
                for lane in 0..TILE {
                    net[lane] += power_w[lane];
                    heating[lane] += greater(power_w[lane], 0.0);
                    most[lane] = greater(power_w[lane], most[lane]);
                    least[lane] = lesser(power_w[lane], least[lane]);
                }
            }
            for lane in 0..TILE {
                let at = tile * TILE + lane;
                self.heating_wh[at] += heating[lane];
                self.cooling_wh[at] += heating[lane] - net[lane];
                self.heating_peak_w[at] = greater(most[lane], self.heating_peak_w[at]);
                self.cooling_peak_w[at] = greater(-least[lane], self.cooling_peak_w[at]);
            }
        }
    }
}

impl<const N: usize> Maps<N> {
    fn of(lanes: &[Response<N>; LANES]) -> Self {
        let per_lane = |value: &dyn Fn(&Response<N>) -> f64| std::array::from_fn(|lane| value(&lanes[lane]));
        Self {
            next_state: std::array::from_fn(|i| std::array::from_fn(|j| per_lane(&|r| r.next_state[i][j]))),
            next_drive: std::array::from_fn(|i| std::array::from_fn(|d| per_lane(&|r| r.next_drive[i][d]))),
            next_power: std::array::from_fn(|i| per_lane(&|r| r.next_power[i])),
            power_per_k: per_lane(&|r| 1.0 / r.air_power),
            air_state: std::array::from_fn(|j| per_lane(&|r| r.air_state[j] / r.air_power)),
            air_drive: std::array::from_fn(|d| per_lane(&|r| r.air_drive[d] / r.air_power)),
        }
    }
}

/// The lesser and the greater of two as one instruction: `f64::min` and `max` ask for NaN too, and there is none here.
#[inline(always)]
fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline(always)]
pub(super) fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Heating and cooling of all lanes together, W, added in a fixed order.
#[inline(always)]
pub(super) fn split_sum(power_w: &Lanes) -> [f64; 2] {
    let (mut net, mut heating) = ([0.0; TILE], [0.0; TILE]);
    for tile in power_w.chunks_exact(TILE) {
        for lane in 0..TILE {
            net[lane] += tile[lane];
            heating[lane] += greater(tile[lane], 0.0);
        }
    }
    let heating: f64 = heating.iter().sum();
    [heating, heating - net.iter().sum::<f64>()]
}

/// Of all lanes together, added in a fixed order.
#[inline(always)]
pub(super) fn sum(lanes: &Lanes) -> f64 {
    let mut net = [0.0; TILE];
    for tile in lanes.chunks_exact(TILE) {
        for lane in 0..TILE {
            net[lane] += tile[lane];
        }
    }
    net.iter().sum()
}

/// Adds Σ irradiance × aperture; columns without any are left out (at night nearly all are).
#[inline(always)]
fn add_columns(sum: &mut Lanes, irradiance: &[f64], aperture: &[Lanes]) {
    for (value, aperture) in irradiance.iter().zip(aperture) {
        if *value != 0.0 {
            for lane in 0..LANES {
                sum[lane] = aperture[lane].mul_add(*value, sum[lane]);
            }
        }
    }
}
