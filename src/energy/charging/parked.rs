//! Cars that stand at a place and wait for energy, kept by the hour of their arrival: when they may charge by a rule, and that no
//! energy is lost. Knows no city.

use crate::charging::Figures;

/// Hours of arrival.
pub const HOURS: usize = 24;

/// When the cars of a place come, with what need and for how long, on weekdays and on days of the weekend. All of it is
/// relative to what the cars of the place drive in a week, so that one pattern serves places of any size.
#[derive(Clone, PartialEq, Debug)]
pub struct Arrivals {
    /// Of a week's energy, what comes in this hour of one such day: 5 weekdays and 2 others sum to 1 (or all is 0).
    pub energy: [[f64; HOURS]; 2],
    /// Cars, per kilometre driven in a week, 1/km.
    pub cars: [[f64; HOURS]; 2],
    /// How long they stand, the hour of arrival included, 1…24 h.
    pub dwell_h: [[u8; HOURS]; 2],
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { energy: [[0.0; HOURS]; 2], cars: [[0.0; HOURS]; 2], dwell_h: [[1; HOURS]; 2] }
    }
}

/// What the cars of a place drive and take.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Use {
    /// In a week, km.
    pub week_km: f64,
    /// At the meter, Wh/km.
    pub wh_per_km: f64,
    /// Of one car's plug, W.
    pub plug_w: f64,
}

impl Use {
    pub fn new(week_km: f64, kwh_per_km: f64, figures: &Figures, plug_w: f64) -> Self {
        Self { week_km, wh_per_km: 1000.0 * kwh_per_km / figures.charged_share, plug_w }
    }
}

/// The hour that passes, of the city's clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockHour {
    /// 0…23.
    pub of_day: usize,
    pub weekend: bool,
}

/// What an hour offers to the cars that stand.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Offer<'a> {
    /// As soon as they stand.
    Now,
    /// Within the hours that are true; what these cannot take in time, at once.
    Window(&'a [bool; HOURS]),
    /// As much as this, W, and the rest as late as departure allows.
    Surplus(f64),
    /// No more than this, W; who leaves first is served first.
    Limit(f64),
}

/// What an hour came to, Wh. The hour's power in W is the same number.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Charged {
    pub arrived_wh: f64,
    pub charged_wh: f64,
    /// Left without: those who departed as the hour began.
    pub unmet_wh: f64,
}

/// The cars that stand now, by their hour of arrival.
#[derive(Clone, PartialEq, Debug)]
pub struct Waiting {
    need_wh: [f64; HOURS],
    most_w: [f64; HOURS],
    /// Hours still to stand, the one that passes included.
    left_h: [u8; HOURS],
    /// Who needs something: bit = hour of arrival.
    open: u32,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { need_wh: [0.0; HOURS], most_w: [0.0; HOURS], left_h: [0; HOURS], open: 0 }
    }
}

impl Waiting {
    /// One hour: departures as it begins, arrivals in its middle, charging. Cars that come in an hour charge for half of it.
    pub fn hour(&mut self, (arrivals, of): (&Arrivals, &Use), clock: ClockHour, offer: Offer<'_>) -> Charged {
        let unmet_wh = if self.open == 0 { 0.0 } else { self.depart() };
        let hour = clock.of_day % HOURS;
        let arrived_wh = self.arrive((arrivals, of), hour, usize::from(clock.weekend));
        let charged_wh = if self.open == 0 { 0.0 } else { self.charge(hour, offer) };
        Charged { arrived_wh, charged_wh, unmet_wh }
    }

    /// What those who stand still need, Wh.
    pub fn waiting_wh(&self) -> f64 {
        self.need_wh.iter().sum()
    }

    /// Those who have gone: what they still needed, Wh.
    fn depart(&mut self) -> f64 {
        let mut unmet = 0.0;
        for class in classes(self.open) {
            if self.left_h[class] == 0 {
                unmet += std::mem::take(&mut self.need_wh[class]);
                self.open &= !(1 << class);
            }
        }
        unmet
    }

    fn arrive(&mut self, (arrivals, of): (&Arrivals, &Use), hour: usize, day: usize) -> f64 {
        let need_wh = arrivals.energy[day][hour] * of.week_km * of.wh_per_km;
        if need_wh > 0.0 {
            // An hour that a clock repeats brings cars to those of its first time.
            let stood_w = if self.open >> hour & 1 == 1 { self.most_w[hour] } else { 0.0 };
            self.most_w[hour] = stood_w + arrivals.cars[day][hour] * of.week_km * of.plug_w;
            self.need_wh[hour] += need_wh;
            self.left_h[hour] = arrivals.dwell_h[day][hour].clamp(1, HOURS as u8);
            self.open |= 1 << hour;
        }
        need_wh
    }

    fn charge(&mut self, hour: usize, offer: Offer<'_>) -> f64 {
        let mut given_w = [0.0; HOURS];
        match offer {
            Offer::Now => classes(self.open).for_each(|class| given_w[class] = self.most_now_w(class, hour)),
            Offer::Window(window) => {
                classes(self.open).for_each(|class| given_w[class] = self.in_window_w(class, hour, window));
            }
            Offer::Surplus(surplus_w) => {
                classes(self.open).for_each(|class| given_w[class] = self.at_last_w(class, hour, self.later_h(class)));
                let last_w: f64 = given_w.iter().sum();
                self.share_out(hour, &mut given_w, surplus_w - last_w);
            }
            Offer::Limit(limit_w) => self.share_out(hour, &mut given_w, limit_w),
        }
        self.take(&given_w)
    }

    /// Adds free power to what is given, who leaves first is served first.
    fn share_out(&self, hour: usize, given_w: &mut [f64; HOURS], mut free_w: f64) {
        let mut order = [0; HOURS];
        let mut count = 0;
        for class in classes(self.open) {
            order[count] = class;
            count += 1;
        }
        order[..count].sort_by_key(|class| (self.left_h[*class], *class));
        for &class in &order[..count] {
            if free_w <= 0.0 {
                break;
            }
            let more_w = (self.most_now_w(class, hour) - given_w[class]).clamp(0.0, free_w);
            given_w[class] += more_w;
            free_w -= more_w;
        }
    }

    /// What a class can take in this hour, W.
    fn most_now_w(&self, class: usize, hour: usize) -> f64 {
        self.need_wh[class].min(self.plugs_w(class, hour))
    }

    fn plugs_w(&self, class: usize, hour: usize) -> f64 {
        // The class of this hour has just come, half an hour before its end in the mean. After 24 hours it has left.
        if class == hour { 0.5 * self.most_w[class] } else { self.most_w[class] }
    }

    /// Hours that it will stand after this one.
    fn later_h(&self, class: usize) -> f64 {
        f64::from(self.left_h[class].saturating_sub(1))
    }

    /// What the plugs cannot give in so many later hours, W.
    fn at_last_w(&self, class: usize, hour: usize, later_h: f64) -> f64 {
        (self.need_wh[class] - self.most_w[class] * later_h).clamp(0.0, self.plugs_w(class, hour))
    }

    fn in_window_w(&self, class: usize, hour: usize, window: &[bool; HOURS]) -> f64 {
        if window[hour] {
            return self.most_now_w(class, hour);
        }
        let later = (1..usize::from(self.left_h[class])).filter(|after| window[(hour + after) % HOURS]).count();
        self.at_last_w(class, hour, later as f64)
    }

    /// Takes what is given, and lets the hour pass. Returns the sum, Wh.
    fn take(&mut self, given_w: &[f64; HOURS]) -> f64 {
        let mut sum = 0.0;
        for class in classes(self.open) {
            let taken = given_w[class].min(self.need_wh[class]);
            self.need_wh[class] -= taken;
            self.left_h[class] -= 1;
            sum += taken;
            if self.need_wh[class] <= 0.0 {
                self.open &= !(1 << class);
            }
        }
        sum
    }
}

/// The set bits, ascending.
fn classes(mut open: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let class = open.trailing_zeros() as usize;
        open &= open.wrapping_sub(1);
        (class < HOURS).then_some(class)
    })
}
