//! The day's cars as tours, there and back: where they stand at night and by day, when they come and how far they drove. What
//! charging needs of the demand, as plain data.

use rayon::prelude::*;
use serde::Serialize;

use super::{
    Demand, DemandBasis, Profile, Purpose, Side,
    trips::{Generation, Model, cars_and_km},
};

/// Cars that come to a zone, or start there.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct TourEnds {
    /// Tours on a weekday.
    pub tours: f64,
    /// Of them together, there and back, km.
    pub km: f64,
}

/// A zone of the map.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TourZone {
    /// City metres.
    pub centre: [f64; 2],
    pub residents: f64,
    pub jobs: f64,
}

/// The inhabitants' tours for one purpose.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PurposeTours {
    pub purpose: Purpose,
    /// They start at home; else at work.
    pub from_home: bool,
    /// Shares of a weekday's tours that set out, and that set out for the way back, by hour; each sums to 1.
    pub out: [f64; 24],
    pub back: [f64; 24],
    /// By zone: where they start, those beyond the map's edge included.
    pub starts: Vec<TourEnds>,
    /// By zone: where those that stay on the map go.
    pub goals: Vec<TourEnds>,
}

/// Tours of all inhabitants by car. Visitors and through traffic are not in it: they stand elsewhere at night.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CarTours {
    pub zones: Vec<TourZone>,
    pub purposes: Vec<PurposeTours>,
    /// A day of the weekend has as many tours, relative to a weekday, and one shape for all ways, by hour (sum 1).
    pub weekend_factor: f64,
    pub weekend: [f64; 24],
    pub residents: f64,
    pub basis: DemandBasis,
}

impl Demand {
    /// The inhabitants' tours by car at demand factor 1, of the whole demand whatever is sampled of it. Where the city has a table
    /// of trips of its own, the estimate's tours on the map are scaled to its number of cars. `None` where nobody travels.
    pub fn car_tours(&self) -> Option<CarTours> {
        let model = self.model.as_ref()?;
        let mut purposes: Vec<PurposeTours> = model.purposes.iter().map(|g| self.inside_tours(model, g)).collect();
        if let Some(factor) = self.own_table_factor(model, &purposes) {
            let ends = purposes.iter_mut().flat_map(|of| of.starts.iter_mut().chain(&mut of.goals));
            ends.for_each(|ends| *ends = TourEnds { tours: factor * ends.tours, km: factor * ends.km });
        }
        for (of, generation) in purposes.iter_mut().zip(&model.purposes) {
            of.starts.iter_mut().zip(generation.leaving_cars(&model.choice)).for_each(|(start, cars)| start.add(cars));
        }
        let zone = |z: usize| TourZone {
            centre: self.zones.centres[z],
            residents: self.zones.residents[z],
            jobs: self.zones.jobs[z].iter().sum(),
        };
        Some(CarTours {
            zones: (0..self.zones.len()).map(zone).collect(),
            purposes,
            weekend_factor: self.weekend_factor,
            weekend: by_hour(Profile::All, true),
            residents: self.residents,
            basis: self.basis,
        })
    }

    fn inside_tours(&self, model: &Model, generation: &Generation) -> PurposeTours {
        let count = self.zones.len();
        let rows: Vec<Vec<[f64; 2]>> = (0..count).into_par_iter().map(cars_and_km(model, generation)).collect();
        let (mut starts, mut goals) = (vec![TourEnds::default(); count], vec![TourEnds::default(); count]);
        for (start, row) in starts.iter_mut().zip(&rows) {
            for (goal, cars) in goals.iter_mut().zip(row) {
                start.add(*cars);
                goal.add(*cars);
            }
        }
        let purpose = generation.purpose;
        PurposeTours {
            purpose,
            from_home: purpose.rates().from_home,
            out: by_hour(Profile::Out(purpose), false),
            back: by_hour(Profile::Back(purpose), false),
            starts,
            goals,
        }
    }

    /// Cars on the map of the city's own table over those of the estimate.
    fn own_table_factor(&self, model: &Model, purposes: &[PurposeTours]) -> Option<f64> {
        let inside = self.flows.iter().filter(|flow| flow.from != Side::Gate && flow.to != Side::Gate);
        let own = inside.map(|flow| flow.daily).sum::<f64>() / self.sample_share.max(f64::MIN_POSITIVE);
        let estimated: f64 = purposes.iter().flat_map(|of| &of.starts).map(|ends| 2.0 * ends.tours).sum();
        (model.account.own_trips && estimated > 0.0).then(|| own / estimated)
    }
}

impl TourEnds {
    /// Cars, and kilometres of their way there; the way back is as long.
    fn add(&mut self, [cars, km]: [f64; 2]) {
        self.tours += cars;
        self.km += 2.0 * km;
    }
}

/// Shares of a day by hour, each at its middle; the shapes are linear between these.
fn by_hour(profile: Profile, weekend: bool) -> [f64; 24] {
    std::array::from_fn(|hour| profile.share_per_hour(hour as f64 + 0.5, weekend))
}
