//! Batteries by rule, hour by hour: at home for own consumption, at stations against the peak. Rules know the past and the hour
//! that passes, never what comes; how near they come to the optimum that knows all: `tests/cases/energy/storage`.

mod figures;
mod home;

#[cfg(test)]
mod tests;

pub use figures::StorageFigures;
pub use home::{HomeBattery, at_homes};

/// Levels are found to within 2⁻³² of the day's range.
const HALVINGS: usize = 32;
const DAY_H: usize = 24;
/// Days that a level is looked for in.
const LEVELS: usize = 7;

/// A battery with its inverter. Powers are those at its terminals on alternating current.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Battery {
    /// Usable, Wh.
    pub capacity_wh: f64,
    /// In and out, W.
    pub power_w: f64,
    /// Each way, 1: the root of the round trip.
    pub efficiency: f64,
    /// Drawn all the time beside, W.
    pub standby_w: f64,
}

impl Battery {
    /// One hour of a wish: charge by this, W, or discharge where it is negative. Returns what it draws without its standby;
    /// `state_wh` goes on by `efficiency` × charge or discharge / `efficiency`.
    pub fn hour(&self, state_wh: &mut f64, wish_w: f64) -> f64 {
        let power_w = self.power_for(*state_wh, wish_w, 1.0);
        self.pass(state_wh, power_w, 1.0);
        power_w
    }

    /// What of a wish it can hold for so many hours, W, charging positive.
    pub fn power_for(&self, state_wh: f64, wish_w: f64, hours: f64) -> f64 {
        if wish_w >= 0.0 {
            let room_w = (self.capacity_wh - state_wh).max(0.0) / self.efficiency / hours;
            wish_w.min(self.power_w).min(room_w)
        } else {
            let held_w = state_wh * self.efficiency / hours;
            -(-wish_w).min(self.power_w).min(held_w)
        }
    }

    /// Lets a power of [`Self::power_for`] pass for so many hours.
    pub fn pass(&self, state_wh: &mut f64, power_w: f64, hours: f64) {
        *state_wh = if power_w >= 0.0 {
            (*state_wh + self.efficiency * power_w * hours).min(self.capacity_wh)
        } else {
            (*state_wh + power_w / self.efficiency * hours).max(0.0)
        };
    }

    /// One hour for own consumption: takes what the sun gives beyond the load, gives what the load lacks; never charges from
    /// the grid, never feeds it. `net_w` is load less sun; its own standby comes on top.
    pub fn own_consumption(&self, state_wh: &mut f64, net_w: f64) -> f64 {
        self.hour(state_wh, -(net_w + self.standby_w))
    }

    /// Whether a battery that begins a day full can hold its net load at a level, day after day alike.
    fn holds(&self, day_w: &[f64], level_w: f64) -> bool {
        let mut state_wh = self.capacity_wh;
        let mut hour = |net_w: &f64| {
            let over_w = net_w + self.standby_w - level_w;
            over_w + self.hour(&mut state_wh, -over_w) <= 1e-9 * self.power_w.max(1.0)
        };
        day_w.iter().all(&mut hour) && day_w.iter().all(&mut hour)
    }

    /// The lowest level at which it can hold such a day, W.
    pub fn level_w(&self, day_w: &[f64]) -> f64 {
        let peak_w = day_w.iter().copied().fold(f64::NEG_INFINITY, f64::max) + self.standby_w;
        let (mut low, mut high) = (peak_w - self.power_w, peak_w);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if self.holds(day_w, middle) { high = middle } else { low = middle }
        }
        high
    }
}

/// A battery at a station against the peak: it holds the level that it could have held on each of the last seven days, fills up
/// below it, and takes what the station would feed back.
#[derive(Clone, PartialEq, Debug)]
pub struct PeakShaving {
    pub battery: Battery,
    pub state_wh: f64,
    /// Of the last days, W; the first comes from outside.
    levels_w: Vec<f64>,
    /// Hours of today so far.
    today_w: Vec<f64>,
}

impl PeakShaving {
    /// Begins full. `day_w` is a day's net load to take the first level from: nobody knows days before the first.
    pub fn new(battery: Battery, day_w: &[f64]) -> Self {
        let levels_w = vec![battery.level_w(day_w)];
        Self { battery, state_wh: battery.capacity_wh, levels_w, today_w: Vec::with_capacity(DAY_H) }
    }

    /// One hour of the station's net load, W; what it draws without its standby. Days are 24 calls.
    pub fn hour(&mut self, net_w: f64) -> f64 {
        let level_w = self.levels_w.iter().copied().fold(0.0, f64::max);
        let power_w = self.battery.hour(&mut self.state_wh, level_w - net_w - self.battery.standby_w);
        self.today_w.push(net_w);
        if self.today_w.len() == DAY_H {
            if self.levels_w.len() == LEVELS {
                self.levels_w.remove(0);
            }
            self.levels_w.push(self.battery.level_w(&self.today_w));
            self.today_w.clear();
        }
        power_w
    }
}
