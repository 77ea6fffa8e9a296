//! Cars and batteries laid over what buildings draw and give, hour by hour.

use citytwin_model::time::LocalTime;
use rayon::prelude::*;

use super::{
    battery::{HomeBattery, Stored},
    charge::{Charge, ChargeHours, clock_hour},
    flow::Drawn,
    hours::{Hours, PIECE, Step, Used},
    rates::Rate,
};

/// An hour of the city, W.
#[derive(Clone, Copy, Default, Debug)]
pub struct Settled {
    /// At buildings: homes and work.
    pub cars_w: f64,
    pub batteries: Stored,
}

/// Buildings in a row: their accounts, batteries, loads and sun.
type Rows<'a> = (((&'a mut [Used], &'a mut [Option<HomeBattery>]), &'a mut [f32]), &'a [f32]);

impl Hours {
    /// What all public chargers draw, W by hour.
    pub fn public_w(&mut self, clocks: &[LocalTime]) -> Vec<f64> {
        let hours: Vec<_> = clocks.iter().map(clock_hour).collect();
        self.charge.as_mut().map_or_else(|| vec![0.0; clocks.len()], |charge| charge.public_w(&hours))
    }

    /// Charges cars, then batteries, of hours whose other load, sun and assets are in `drawn`, and adds them to it.
    pub fn settle(
        &mut self,
        step: &Step<'_>,
        (first, clocks): (usize, &[LocalTime]),
        drawn: &mut Drawn,
    ) -> Vec<Settled> {
        let hours: Vec<_> = clocks.iter().map(clock_hour).collect();
        let charged = self.charge.as_mut().map(|charge| charge.hours(&hours, Some((drawn, step.system))));
        let mut settled = self.settle_buildings(charged.as_ref(), &step.rates[first..first + clocks.len()], drawn);
        let homes: Vec<Stored> = settled.iter().map(|hour| hour.batteries).collect();
        self.batteries.take_homes(&homes);
        let streets = self.batteries.streets(drawn);
        for (hour, street) in settled.iter_mut().zip(&streets) {
            self.street_wh += street.net_w();
            hour.batteries.add(street);
        }
        settled
    }

    fn settle_buildings(&mut self, charged: Option<&ChargeHours>, rates: &[Rate], drawn: &mut Drawn) -> Vec<Settled> {
        let count = drawn.count;
        let rows = PIECE * count.max(1);
        let charge = self.charge.as_ref().zip(charged);
        let pieces = self.buildings.par_chunks_mut(PIECE).zip(self.batteries.homes.par_chunks_mut(PIECE));
        let pieces = pieces.zip(drawn.load_w.par_chunks_mut(rows)).zip(drawn.pv_w.par_chunks(rows)).enumerate();
        let done: Vec<Vec<Settled>> =
            pieces.map(|(piece, rows)| settle_piece(piece * PIECE, rows, charge, rates)).collect();
        let mut city = vec![Settled::default(); count];
        for sums in done {
            for (city, own) in city.iter_mut().zip(sums) {
                city.cars_w += own.cars_w;
                city.batteries.add(&own.batteries);
            }
        }
        city
    }
}

fn settle_piece(
    first: usize,
    (((used, homes), load_w), pv_w): Rows<'_>,
    charge: Option<(&Charge, &ChargeHours)>,
    rates: &[Rate],
) -> Vec<Settled> {
    let count = rates.len();
    let mut sums = vec![Settled::default(); count];
    for (offset, (used, home)) in used.iter_mut().zip(homes).enumerate() {
        let building = first + offset;
        let charge = charge.filter(|(charge, _)| charge.has_cars(building));
        let row = offset * count..(offset + 1) * count;
        for (hour, (load_w, pv_w)) in load_w[row.clone()].iter_mut().zip(&pv_w[row]).enumerate() {
            let cars_w = charge.map_or(0.0, |(charge, hours)| charge.power_w(hours, building, hour));
            let (base_w, pv_w) = (f64::from(*load_w) + cars_w, f64::from(*pv_w));
            let stored = home.as_mut().map_or(Stored::default(), |home| home.hour(base_w - pv_w));
            let net_w = base_w + stored.net_w() - pv_w;
            *load_w = (base_w + stored.net_w()) as f32;
            used.charging += cars_w;
            used.battery += stored.net_w();
            used.own += pv_w - (-net_w).max(0.0);
            used.bought.add(net_w, &rates[hour]);
            sums[hour].cars_w += cars_w;
            sums[hour].batteries.add(&stored);
        }
    }
    sums
}
