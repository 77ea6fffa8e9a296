//! Cars and batteries laid over what buildings draw and give, hour by hour.

use citytwin_energy::EnergySystem;
use citytwin_model::{BuildingId, time::LocalTime};
use rayon::prelude::*;

use super::{
    battery::{HomeBattery, Stored},
    charge::{Charge, ChargeHours, clock_hour},
    flow::Drawn,
    hours::{Hours, PIECE, Step, Used},
    rates::{Rate, RateRows},
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

/// What all buildings are settled with.
struct Settling<'a> {
    system: &'a EnergySystem,
    charge: Option<(&'a Charge, &'a ChargeHours)>,
    count: usize,
    rates: RateRows,
}

/// Room to work in: hours of a building's cars, of all it draws, and of what it takes from the grid, W.
#[derive(Default)]
struct Room {
    cars_w: Vec<f64>,
    load_w: Vec<f64>,
    net_w: Vec<f64>,
}

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
        let mut settled =
            self.settle_buildings(charged.as_ref(), (step, &step.rates[first..first + clocks.len()]), drawn);
        let homes: Vec<Stored> = settled.iter().map(|hour| hour.batteries).collect();
        self.batteries.take_homes(&homes);
        let streets = self.batteries.streets(drawn);
        for (hour, street) in settled.iter_mut().zip(&streets) {
            self.street_wh += street.net_w();
            hour.batteries.add(street);
        }
        settled
    }

    fn settle_buildings(
        &mut self,
        charged: Option<&ChargeHours>,
        (step, rates): (&Step<'_>, &[Rate]),
        drawn: &mut Drawn,
    ) -> Vec<Settled> {
        let count = drawn.count;
        let rows = PIECE * count.max(1);
        let charge = self.charge.as_ref().zip(charged);
        let settling = Settling { system: step.system, charge, count, rates: RateRows::of(rates) };
        let pieces = self.buildings.par_chunks_mut(PIECE).zip(self.batteries.homes.par_chunks_mut(PIECE));
        let pieces = pieces.zip(drawn.load_w.par_chunks_mut(rows)).zip(drawn.pv_w.par_chunks(rows)).enumerate();
        let done: Vec<Vec<Settled>> = pieces.map(|(piece, rows)| settling.piece(piece * PIECE, rows)).collect();
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

impl Settling<'_> {
    fn piece(&self, first: usize, (((used, homes), load_w), pv_w): Rows<'_>) -> Vec<Settled> {
        let mut sums = vec![Settled::default(); self.count];
        let mut room = Room::default();
        for (offset, (used, home)) in used.iter_mut().zip(homes).enumerate() {
            let building = first + offset;
            let row = offset * self.count..(offset + 1) * self.count;
            let load_w = &mut load_w[row.clone()];
            // Most buildings have no modules: their sun is not looked at.
            let modules = self.system.roof_planes(BuildingId::from_index(building)).next();
            let pv_w = modules.map_or(&[][..], |_| &pv_w[row]);
            self.cars(building, (&mut *used, &mut *load_w), (&mut room, &mut sums));
            room.net_w.clone_from(&room.load_w);
            room.net_w.iter_mut().zip(pv_w).for_each(|(net_w, pv_w)| *net_w -= f64::from(*pv_w));
            if let Some(home) = home {
                store(home, used, &mut room, &mut sums);
                load_w.iter_mut().zip(&room.load_w).for_each(|(slot, load_w)| *slot = *load_w as f32);
            }
            let sold_wh = used.bought.add(&room.net_w, &self.rates);
            if modules.is_some() {
                used.own += pv_w.iter().copied().map(f64::from).sum::<f64>() - sold_wh;
            }
        }
        sums
    }

    /// A building's load with its cars.
    fn cars(
        &self,
        building: usize,
        (used, load_w): (&mut Used, &mut [f32]),
        (room, sums): (&mut Room, &mut [Settled]),
    ) {
        room.load_w.clear();
        room.load_w.extend(load_w.iter().copied().map(f64::from));
        let Some((charge, hours)) = self.charge.filter(|(charge, _)| charge.has_cars(building)) else { return };
        charge.row_into(hours, building, &mut room.cars_w);
        for (((load_w, slot), cars_w), sum) in room.load_w.iter_mut().zip(load_w).zip(&room.cars_w).zip(sums) {
            *load_w += cars_w;
            *slot = *load_w as f32;
            used.charging += cars_w;
            sum.cars_w += cars_w;
        }
    }
}

/// A home's battery beside what it draws and gives.
fn store(home: &mut HomeBattery, used: &mut Used, room: &mut Room, sums: &mut [Settled]) {
    for ((net_w, load_w), sum) in room.net_w.iter_mut().zip(&mut room.load_w).zip(sums) {
        let stored = home.hour(*net_w);
        let taken_w = stored.net_w();
        *net_w += taken_w;
        *load_w += taken_w;
        used.battery += taken_w;
        sum.batteries.add(&stored);
    }
}
