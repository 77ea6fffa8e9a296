//! The numbers of the demand model, each with its source. Public so that a panel can show them.

/// How much people drive.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MobilityRates {
    /// Trips by all means, per inhabitant and weekday.
    pub trips_per_resident: f64,
    /// Share of trips made as a car's driver, where streets are as densely inhabited as in the survey's area.
    pub car_driver_share: f64,
    /// Inhabitants per kilometre of street there.
    pub residents_per_street_km: f64,
    pub source: &'static str,
}

impl MobilityRates {
    /// The rates of a country (ISO alpha-2); Germany's where nothing better is kept here.
    pub fn of(country: &str) -> Self {
        match country {
            "BR" => Self {
                trips_per_resident: 2.02,
                car_driver_share: 0.20,
                residents_per_street_km: 420.0,
                source: "Metrô de São Paulo, Pesquisa Origem e Destino 2017: 2.02 trips a day; 31 % by individual motor \
                         vehicle, about two thirds of them as driver of a car",
            },
            "US" => Self {
                trips_per_resident: 3.37,
                car_driver_share: 0.56,
                residents_per_street_km: 150.0,
                source: "FHWA, National Household Travel Survey 2017: 3.37 trips a day; 83 % by private vehicle at a mean \
                         occupancy of about 1.5",
            },
            _ => Self {
                trips_per_resident: 3.1,
                car_driver_share: 0.43,
                residents_per_street_km: 300.0,
                source: "BMVI, Mobilität in Deutschland 2017: 3.1 trips a day, 43 % as a car's driver",
            },
        }
    }

    /// Car trips per inhabitant and weekday where `residents_per_street_km` live: the denser, the fewer drive.
    pub fn car_trips_per_resident(&self, residents_per_street_km: f64) -> f64 {
        let relative = residents_per_street_km / self.residents_per_street_km;
        let factor = if relative > 1.0 { relative.powf(-DENSITY_EXPONENT).max(LEAST_DRIVER_FACTOR) } else { 1.0 };
        self.trips_per_resident * self.car_driver_share * factor
    }
}

/// How the drivers' share falls with density: a power law through the German mean (43 % at some 300 inhabitants per
/// street kilometre of small and middle towns) and Berlin (SrV 2018: 26 % by car, about 21 % as driver, at 670 per
/// kilometre); Manhattan comes out at 11 % from the American mean, near the 8–10 % of the regional survey.
pub const DENSITY_EXPONENT: f64 = 0.85;
pub const LEAST_DRIVER_FACTOR: f64 = 0.15;

/// Vehicles under way at once that a run is meant to carry; a map whose peak would exceed it is run as a sample.
pub const MOST_UNDER_WAY: f64 = 25_000.0;
/// Mean duration of a car trip by which the peak is foreseen, hour (Mobilität in Deutschland 2017: 22 minutes with
/// parking and out-of-town trips; about 15 within a town).
pub const MEAN_TRIP_H: f64 = 0.25;

/// Share of inside trips on the way to or from work and business (Mobilität in Deutschland 2017: work 16 %, business
/// 11 % of all trips; of the car drivers' trips about a third).
pub const WORK_SHARE: f64 = 0.34;
/// At least this share of the inhabitants' trips stays inside, whatever the roads at the edge could carry.
pub const LEAST_INSIDE_SHARE: f64 = 0.5;

/// Gross floor area per inhabitant, m² (Destatis 2021: 47.7 m² of living area each; living area is about 0.8 of
/// gross floor area).
pub const DWELLING_FLOOR_M2: f64 = 47.7 / 0.8;
/// Inhabitants per m² of residential land where the map has no houses (net density of 50–60 per hectare,
/// detached to terraced housing; BBSR, Siedlungsdichten).
pub const RESIDENTS_PER_LAND_M2: f64 = 55.0 / 10_000.0;
/// Inhabitants per metre of street where the map has neither houses nor residential land (Berlin 2020: 3.66 million
/// on 5,450 km of public roads).
pub const RESIDENTS_PER_STREET_M: f64 = 3_660_000.0 / 5_450_000.0;
/// Jobs per inhabitant, where jobs cannot be counted (Destatis 2022: 45.6 of 83.2 million).
pub const JOBS_PER_RESIDENT: f64 = 0.55;
/// Below this share of the estimate from streets, houses are too few to be all there are.
pub const LEAST_BUILDING_SHARE: f64 = 0.2;

/// Gross floor area per job, m² (HCA, Employment Density Guide 2015, net figures raised by a quarter to gross; schools,
/// hospitals and public houses after BKI typical occupancies).
pub const OFFICE_FLOOR_M2: f64 = 20.0;
pub const RETAIL_FLOOR_M2: f64 = 30.0;
pub const HOTEL_FLOOR_M2: f64 = 80.0;
pub const SCHOOL_FLOOR_M2: f64 = 80.0;
pub const HOSPITAL_FLOOR_M2: f64 = 50.0;
pub const PUBLIC_FLOOR_M2: f64 = 60.0;
pub const INDUSTRIAL_FLOOR_M2: f64 = 60.0;
pub const WAREHOUSE_FLOOR_M2: f64 = 110.0;
/// Jobs per m² of land without mapped buildings (gross plot ratios 0.4–1.0 on the figures above).
pub const JOBS_PER_COMMERCIAL_M2: f64 = 0.02;
pub const JOBS_PER_RETAIL_M2: f64 = 0.015;
pub const JOBS_PER_INDUSTRIAL_M2: f64 = 0.006;
pub const JOBS_PER_INSTITUTIONAL_M2: f64 = 0.006;

/// Trips that end for shopping, errands and leisure per job of a kind, relative to one inhabitant visited (ITE Trip
/// Generation, 10th ed.: retail and services draw several times the trips of offices per employee).
pub const VISITS_PER_RESIDENT: f64 = 0.35;
pub const VISITS_PER_RETAIL_JOB: f64 = 8.0;
pub const VISITS_PER_PUBLIC_JOB: f64 = 3.0;
pub const VISITS_PER_OTHER_JOB: f64 = 0.5;

/// Deterrence of distance, per kilometre as the crow flies: exp(−β·d). Chosen so that on an unbounded plain of
/// even density the mean is 2/β = 13 km to work and 6 km otherwise as the crow flies (Mobilität in Deutschland
/// 2017: 16 km and 9 km on the road).
pub const DETERRENCE_WORK_PER_KM: f64 = 0.15;
pub const DETERRENCE_OTHER_PER_KM: f64 = 0.33;
/// Share of trips inside a zone is governed by this mean distance, as a share of the zone's width.
pub const INTRAZONAL_WIDTHS: f64 = 0.5;

/// Vehicles a day, both directions, where a road leaves the map, by class (BASt, Straßenverkehrszählung 2015: motorways
/// 49,300, federal roads 9,300, state roads 3,900, county roads 1,700; two-carriageway federal roads about 20,000).
pub const GATE_MOTORWAY_PER_DAY: f64 = 49_300.0;
pub const GATE_TRUNK_PER_DAY: f64 = 20_000.0;
pub const GATE_PRIMARY_PER_DAY: f64 = 9_300.0;
pub const GATE_SECONDARY_PER_DAY: f64 = 3_900.0;
pub const GATE_TERTIARY_PER_DAY: f64 = 1_700.0;
/// Most trips from, to and through the outside, relative to the inhabitants' car trips: a small map cut out of a
/// large town has many roads at its edge.
pub const MOST_OUTSIDE_SHARE: f64 = 0.6;
/// Share of what comes in that only passes through: a fifth on town roads (Schlums 1955, towns of some 50,000), most
/// of it on motorways, which are built past towns (share of long-distance traffic, BASt 2015).
pub const THROUGH_SHARE: f64 = 0.2;
pub const THROUGH_SHARE_MOTORWAY: f64 = 0.7;

/// Shares of vehicle kinds: car, van, lorry (KBA, Verkehr in Kilometern 2019: 84 %, 7 %, 5 % of the vehicle-km in
/// Germany; the rest, motorcycles and buses, is counted as cars).
pub const KIND_SHARES: [f64; 3] = [0.88, 0.07, 0.05];

/// Share of a weekday's trips on a Saturday or Sunday (Mobilität in Deutschland 2017: 3.1, 3.0 and 2.3 trips a
/// day; mean of the weekend).
pub const WEEKEND_FACTOR: f64 = 0.83;

/// When trips of a kind start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    ToWork,
    FromWork,
    ToOther,
    FromOther,
    Outside,
}

/// Start of trips by hour, weekday, relative (shapes after Mobilität in Deutschland 2017, start times by purpose:
/// peaks at 7–8 and 16–17 of about 7 and 9 % of all trips).
const TO_WORK: [f64; 24] = [
    0.3, 0.2, 0.2, 0.6, 2.5, 8.0, 17.0, 21.0, 14.0, 7.0, 4.0, 3.0, 4.0, 5.0, 3.0, 2.5, 2.0, 1.5, 1.2, 1.0, 0.8, 0.6,
    0.4, 0.2,
];
const FROM_WORK: [f64; 24] = [
    0.6, 0.3, 0.2, 0.2, 0.3, 0.5, 1.0, 1.5, 1.5, 2.0, 3.0, 4.5, 6.5, 7.0, 9.0, 13.0, 17.0, 14.0, 8.0, 4.0, 2.5, 1.8,
    1.6, 1.0,
];
const TO_OTHER: [f64; 24] = [
    0.2, 0.1, 0.1, 0.1, 0.2, 0.8, 2.5, 7.5, 7.0, 8.5, 9.0, 7.0, 4.5, 5.5, 7.5, 8.5, 8.5, 7.5, 6.5, 4.0, 2.0, 1.0, 0.6,
    0.3,
];
const FROM_OTHER: [f64; 24] = [
    0.7, 0.4, 0.2, 0.1, 0.1, 0.3, 0.7, 2.5, 4.0, 4.5, 7.0, 9.0, 8.5, 6.0, 5.5, 7.5, 9.5, 9.5, 8.0, 5.5, 3.7, 3.2, 2.4,
    1.3,
];
/// Loop counts of federal roads, mean weekday (BASt, Straßenverkehrszählung 2015, Ganglinientyp B).
const OUTSIDE: [f64; 24] = [
    0.7, 0.4, 0.4, 0.5, 1.1, 3.0, 6.0, 7.5, 6.3, 5.3, 5.0, 5.2, 5.5, 5.8, 6.3, 7.5, 8.2, 7.8, 6.0, 4.2, 2.9, 2.2, 1.6,
    1.0,
];
/// One peak in the afternoon for all purposes (Mobilität in Deutschland 2017, Saturday and Sunday).
const WEEKEND: [f64; 24] = [
    1.4, 0.9, 0.6, 0.4, 0.4, 0.6, 1.0, 1.8, 3.6, 6.0, 8.2, 8.6, 7.2, 7.0, 7.8, 8.0, 8.0, 7.8, 6.6, 4.8, 3.4, 2.6, 2.0,
    1.6,
];

impl Profile {
    /// Share of a weekday's trips that start per hour at this hour (0 ≤ h < 24); linear between the middles of hours.
    pub fn share_per_hour(self, hour: f64, weekend: bool) -> f64 {
        let shape = match self {
            _ if weekend => &WEEKEND,
            Self::ToWork => &TO_WORK,
            Self::FromWork => &FROM_WORK,
            Self::ToOther => &TO_OTHER,
            Self::FromOther => &FROM_OTHER,
            Self::Outside => &OUTSIDE,
        };
        let total: f64 = shape.iter().sum();
        let at = (hour - 0.5).rem_euclid(24.0);
        let (before, t) = (at.floor() as usize % 24, at.fract());
        let level = shape[before] * (1.0 - t) + shape[(before + 1) % 24] * t;
        level / total * if weekend { WEEKEND_FACTOR } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole day's shares sum to 1 (weekday) and to the weekend factor.
    #[test]
    fn profiles_sum_to_a_day() {
        for profile in [Profile::ToWork, Profile::FromWork, Profile::ToOther, Profile::FromOther, Profile::Outside] {
            for (weekend, whole) in [(false, 1.0), (true, WEEKEND_FACTOR)] {
                let sum: f64 = (0..1440).map(|m| profile.share_per_hour(f64::from(m) / 60.0, weekend) / 60.0).sum();
                assert!((sum - whole).abs() < 1e-9, "{profile:?} {weekend}: {sum}");
            }
        }
    }
}
