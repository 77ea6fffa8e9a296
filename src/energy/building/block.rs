//! Some buildings of one class side by side, stepped through all hours while their state stays in the nearest cache.
//! Plain loops over lanes; they are compiled for the machine's registers by the caller.

use super::{
    response::{DRIVES, Response},
    schedule::{LEVELS, Schedule},
    simulate::Hours,
    zone::{COLUMNS, Climate, OPAQUE, Zone},
};

/// Buildings of a block.
pub(super) const LANES: usize = 32;
/// Hours whose solar gains are found together.
const CHUNK: usize = 24;
/// Drives that all lanes share: outdoor, ground.
const SHARED: usize = 2;

pub(super) type Lanes = [f64; LANES];

/// Maps of one ventilation level for all lanes.
struct Maps<const N: usize> {
    next_state: [[Lanes; N]; N],
    next_drive: [[Lanes; DRIVES]; N],
    next_power: [Lanes; N],
    air_state: [Lanes; N],
    air_drive: [Lanes; DRIVES],
    air_power: Lanes,
    /// W that warm the air by 1 K.
    power_per_k: Lanes,
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

/// A block in work.
pub(super) struct Block<const N: usize> {
    maps: Vec<Maps<N>>,
    /// Position in `maps` of every ventilation level.
    map_of: [u8; LEVELS],
    internal_w: Lanes,
    aperture_m2: [Lanes; COLUMNS],
    heating_w: Lanes,
    cooling_w: Lanes,
    pub state: [Lanes; N],
    pub used: Used,
    solar: [Lanes; CHUNK],
    opaque: [Lanes; CHUNK],
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
                Response::of(&zone(lane).body, zone(lane).ventilation_w_k[level])
            })));
        }
        Box::new(Self {
            maps,
            map_of,
            internal_w: per_lane(&|z| z.internal_w),
            aperture_m2: std::array::from_fn(|column| per_lane(&|z| z.aperture_m2[column])),
            heating_w: limit(&|z| z.heating_w),
            cooling_w: limit(&|z| z.cooling_w),
            state,
            used: Used {
                heating_wh: [0.0; LANES],
                cooling_wh: [0.0; LANES],
                heating_peak_w: [0.0; LANES],
                cooling_peak_w: [0.0; LANES],
            },
            solar: [[0.0; LANES]; CHUNK],
            opaque: [[0.0; LANES]; CHUNK],
        })
    }

    /// Steps through the hours; `sums` gets heating and cooling of all lanes per recorded hour, W, and `row` every
    /// recorded hour when `ROWS`.
    #[inline(always)]
    pub fn run<const ROWS: bool>(
        &mut self,
        (climate, schedule, hours): (&Climate, &Schedule, Hours),
        sums: &mut [[f64; 2]],
        mut row: impl FnMut(HourRow<'_, N>),
    ) {
        let whole = hours.warm_up + hours.count;
        let first = hours.first_with_warm_up(climate.len());
        for chunk in (0..whole).step_by(CHUNK) {
            let end = (chunk + CHUNK).min(whole);
            self.take_sun(climate, first + chunk, end - chunk);
            for step in chunk..end {
                let hour = (first + step) % climate.len();
                let now = &schedule.hours[hour];
                let shared = [climate.outdoor_c[hour], climate.ground_c[hour]];
                let setpoints = [now.heating_c, now.cooling_c];
                let map = self.map_of[usize::from(now.level)];
                let (power_w, air_c) =
                    self.step::<ROWS>(map, shared, now.internal, setpoints, step - chunk);
                if step < hours.warm_up {
                    continue;
                }
                let recorded = step - hours.warm_up;
                let sum = self.used.add(&power_w);
                sums[recorded][0] += sum[0];
                sums[recorded][1] += sum[1];
                if ROWS {
                    row(HourRow { hour: recorded, power_w: &power_w, air_c: &air_c, mass_c: &self.state });
                }
            }
        }
    }

    /// Solar gains of some hours: irradiance by column times the lanes' apertures. With one capacity all gains go the
    /// same way, so they share one channel.
    #[inline(always)]
    fn take_sun(&mut self, climate: &Climate, first: usize, count: usize) {
        for step in 0..count {
            let irradiance = &climate.irradiance[(first + step) % climate.len()];
            let mut solar = [0.0; LANES];
            add_columns(&mut solar, &irradiance[..OPAQUE], &self.aperture_m2[..OPAQUE]);
            if N == 1 {
                add_columns(&mut solar, &irradiance[OPAQUE..], &self.aperture_m2[OPAQUE..]);
            } else {
                let mut opaque = [0.0; LANES];
                add_columns(&mut opaque, &irradiance[OPAQUE..], &self.aperture_m2[OPAQUE..]);
                self.opaque[step] = opaque;
            }
            self.solar[step] = solar;
        }
    }

    /// One hour of all lanes: the plants' mean power, W, and where asked the mean air temperature.
    #[inline(always)]
    fn step<const AIR: bool>(
        &mut self,
        map: u8,
        shared: [f64; SHARED],
        internal: f64,
        setpoints: [f64; 2],
        in_chunk: usize,
    ) -> (Lanes, Lanes) {
        let maps = &self.maps[usize::from(map)];
        let (solar, opaque) = (&self.solar[in_chunk], &self.opaque[in_chunk]);
        let state = &mut self.state;
        let (mut power_w, mut air_c) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            let drive = |of: &[Lanes; DRIVES]| {
                let mut sum = of[0][lane] * shared[0];
                sum = of[1][lane].mul_add(shared[1], sum);
                sum = of[2][lane].mul_add(internal * self.internal_w[lane], sum);
                sum = of[3][lane].mul_add(solar[lane], sum);
                if N > 1 { of[4][lane].mul_add(opaque[lane], sum) } else { sum }
            };
            let mut free = drive(&maps.air_drive);
            for j in 0..N {
                free = maps.air_state[j][lane].mul_add(state[j][lane], free);
            }
            let per_k = maps.power_per_k[lane];
            let heating = greater(lesser((setpoints[0] - free) * per_k, self.heating_w[lane]), 0.0);
            let cooling = greater(lesser((free - setpoints[1]) * per_k, self.cooling_w[lane]), 0.0);
            let power = heating - cooling;
            let next: [f64; N] = std::array::from_fn(|i| {
                let mut sum = maps.next_power[i][lane].mul_add(power, drive(&maps.next_drive[i]));
                for j in 0..N {
                    sum = maps.next_state[i][j][lane].mul_add(state[j][lane], sum);
                }
                sum
            });
            for j in 0..N {
                state[j][lane] = next[j];
            }
            power_w[lane] = power;
            if AIR {
                air_c[lane] = maps.air_power[lane].mul_add(power, free);
            }
        }
        (power_w, air_c)
    }
}

impl Used {
    /// Takes in an hour; heating and cooling of all lanes together, W. Summed in a fixed order.
    #[inline(always)]
    fn add(&mut self, power_w: &Lanes) -> [f64; 2] {
        const WIDTH: usize = 8;
        let (mut heating_sum, mut cooling_sum) = ([0.0; WIDTH], [0.0; WIDTH]);
        for lane in 0..LANES {
            let heating = greater(power_w[lane], 0.0);
            let cooling = greater(-power_w[lane], 0.0);
            self.heating_wh[lane] += heating;
            self.cooling_wh[lane] += cooling;
            self.heating_peak_w[lane] = greater(self.heating_peak_w[lane], heating);
            self.cooling_peak_w[lane] = greater(self.cooling_peak_w[lane], cooling);
            heating_sum[lane % WIDTH] += heating;
            cooling_sum[lane % WIDTH] += cooling;
        }
        [heating_sum.iter().sum(), cooling_sum.iter().sum()]
    }
}

impl<const N: usize> Maps<N> {
    fn of(lanes: &[Response<N>; LANES]) -> Self {
        let per_lane = |value: &dyn Fn(&Response<N>) -> f64| std::array::from_fn(|lane| value(&lanes[lane]));
        Self {
            next_state: std::array::from_fn(|i| std::array::from_fn(|j| per_lane(&|r| r.next_state[i][j]))),
            next_drive: std::array::from_fn(|i| std::array::from_fn(|d| per_lane(&|r| r.next_drive[i][d]))),
            next_power: std::array::from_fn(|i| per_lane(&|r| r.next_power[i])),
            air_state: std::array::from_fn(|j| per_lane(&|r| r.air_state[j])),
            air_drive: std::array::from_fn(|d| per_lane(&|r| r.air_drive[d])),
            air_power: per_lane(&|r| r.air_power),
            power_per_k: per_lane(&|r| 1.0 / r.air_power),
        }
    }
}

/// The lesser and the greater of two as one instruction: `f64::min` and `max` ask for NaN too, and there is none here.
#[inline(always)]
fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline(always)]
fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
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
