use citytwin_environment::synthetic_year;
use citytwin_model::{LonLat, Volume};

use super::*;

const PLACE: LonLat = LonLat { lon: 13.4, lat: 52.5 };

fn light() -> (WeatherYear, SunYear, FacadeLight) {
    let weather = synthetic_year(PLACE, 1.0, 1);
    let sun = SunYear::of(&weather);
    let light = FacadeLight::new(&weather, &sun);
    (weather, sun, light)
}

/// What the hours one by one leave of a facade's light by month: Wh/m² under the open sky and behind the horizon.
fn hourly(
    weather: &WeatherYear,
    sun: &SunYear,
    sector: usize,
    lit: impl Fn(&SkyHour) -> [f64; 2],
) -> [[f64; 2]; MONTHS] {
    let [to_east, to_north, _] = Surface::open(90.0, 45.0 * sector as f64).normal_enu();
    let mut months = [[0.0; 2]; MONTHS];
    for (hour, (row, sun)) in weather.hours.iter().zip(&sun.hours).enumerate() {
        let own = Irradiance { ghi: row.weather.ghi, dni: row.weather.dni, dhi: row.weather.dhi };
        let sky = SkyHour::new(*sun, own, extraterrestrial_w_m2((hour / 24 + 1) as i16), ALBEDO, SkyModel::Perez);
        let direct = sky.direct * (sky.sun_enu[0] * to_east + sky.sun_enu[1] * to_north).max(0.0);
        let (dome, ground) = ((0.5 * sky.dome + sky.band).max(0.0), 0.5 * sky.ground);
        let [sunny, seen] = lit(&sky);
        let month = &mut months[usize::from(month_of(hour))];
        month[0] += direct + dome + ground;
        month[1] += direct * sunny + dome * seen + ground;
    }
    months
}

/// Before a wall without end that rises by `slope` times its distance, facing the sector: the sun is seen where its profile
/// angle is higher, of an even sky 1 − sin of the wall's elevation (a closed form). The horizon runs straight between
/// directions of 5°, so that an hour whose sun grazes the wall may change sides: 0.03 of a month's light, 0.01 of the year's.
#[test]
fn a_street_canyon_is_the_closed_form() {
    let (weather, sun, light) = light();
    for sector in 0..SECTORS {
        for slope in [0.3_f64, 1.0, 2.0] {
            let azimuth_deg = 45.0 * sector as f64;
            let towards = |azimuth: f64| (azimuth - azimuth_deg).to_radians().cos();
            let slopes = std::array::from_fn(|d| (slope * towards(Horizon::azimuth_deg(d)).max(0.0)) as f32);
            let found = light.shares(sector, &Horizon { slopes });
            let [to_east, to_north, _] = Surface::open(90.0, azimuth_deg).normal_enu();
            let expected = hourly(&weather, &sun, sector, |sky| {
                let ahead = sky.sun_enu[0] * to_east + sky.sun_enu[1] * to_north;
                let seen = 1.0 - slope.atan().sin();
                [f64::from(u8::from(ahead > 0.0 && sky.sun_enu[2] > slope * ahead)), seen]
            });
            held(&found, &expected, &format!("sector {sector}, slope {slope}"));
        }
    }
}

fn held(found: &[f32; MONTHS], expected: &[[f64; 2]; MONTHS], what: &str) {
    let mut year = [0.0; 3];
    for (month, (share, [open, left])) in found.iter().zip(expected).enumerate() {
        let off = f64::from(*share) - left / open;
        assert!(off.abs() < 0.03, "{what}, month {month}: {share} is not {}", left / open);
        year[0] += open;
        year[1] += left;
        year[2] += f64::from(*share) * open;
    }
    let off = (year[2] - year[1]) / year[0];
    assert!(off.abs() < 0.01, "{what}: {off} of the year");
}

/// Without neighbours all light stays.
#[test]
fn the_open_sky_leaves_all() {
    let (_, _, light) = light();
    for sector in 0..SECTORS {
        assert!(light.shares(sector, &Horizon::OPEN).iter().all(|share| (share - 1.0).abs() < 1e-5), "{sector}");
    }
}

/// The demo's buildings, their facades hour by hour with every obstacle of the whole compass looked for: what differs is
/// what stands lower than 5°, before a low winter sun: 0.06 of a month's light, 0.01 of the year's of all.
#[test]
fn shares_are_those_of_the_hours_in_a_city() {
    let (weather, sun, _) = light();
    let map = concat!(env!("CARGO_MANIFEST_DIR"), "/../../maps/demo");
    let city = citytwin_import::open(map.as_ref(), &Default::default(), &()).expect("the demo");
    let heat = city_heat(&city, &weather, &sun);
    let obstacles = Obstacles::of(&city);
    let (mut worst, mut sums, mut count) = (0.0_f64, [0.0; 3], 0);
    for (shell, lit) in heat.envelopes().iter().zip(heat.lit().expect("known")).step_by(151) {
        for sector in (0..SECTORS).filter(|sector| shell.walls_m2[*sector] > 0.0) {
            let azimuth_deg = 45.0 * sector as f64;
            let horizon = obstacles.horizon(shell.sites[sector].map(f64::from));
            let seen = horizon.sky_view(90.0, azimuth_deg).dome / 0.5;
            let expected = hourly(&weather, &sun, sector, |sky| {
                let azimuth_deg = sky.sun_enu[0].atan2(sky.sun_enu[1]).to_degrees();
                let slope = sky.sun_enu[2] / sky.sun_enu[0].hypot(sky.sun_enu[1]);
                [f64::from(u8::from(slope >= horizon.slope_at(azimuth_deg))), seen]
            });
            for (month, [open, left]) in expected.into_iter().enumerate() {
                let share = f64::from(lit[month][sector]);
                worst = worst.max((share - left / open).abs());
                sums = [sums[0] + open, sums[1] + left, sums[2] + share * open];
            }
            count += 1;
        }
    }
    println!("{count} facades: {:.3} of the light stays, worst month off by {worst:.3}", sums[1] / sums[0]);
    assert!(count > 100 && worst < 0.06, "{count} facades, worst {worst}");
    assert!(((sums[2] - sums[1]) / sums[0]).abs() < 0.01, "{sums:?}");
}

/// A search before the facade alone sees what the search of all sees there, but for what lies below 5°.
#[test]
fn facade_horizons_are_horizons() {
    let ring = |x: f64, y: f64| vec![(x, y), (x + 12.0, y), (x + 12.0, y + 9.0), (x, y + 9.0), (x, y)];
    let house = |k: i32| {
        let polygon =
            citytwin_model::Polygon::new(ring(f64::from(k % 9) * 25.0, f64::from(k / 9) * 31.0).into(), vec![]);
        let height_m = 5.0 + (k * 7 % 23) as f32;
        Volume::stated(
            citytwin_model::MultiPolygon(vec![polygon]),
            height_m,
            2.0,
            (citytwin_model::RoofShape::Flat, 0.0),
        )
    };
    let houses: Vec<Volume> = (0..81).map(house).collect();
    let obstacles = Obstacles::of_volumes(houses.iter());
    let mut compared = 0;
    for k in 0..40 {
        let at = [18.0 + f64::from(k * 5), 20.0 + f64::from(k * 6), 3.0];
        let azimuth_deg = f64::from(k) * 45.0 % 360.0;
        let (own, all) = (obstacles.facade_horizon(at, azimuth_deg, LEAST_FACADE_SLOPE), obstacles.horizon(at));
        for (direction, (own, all)) in own.slopes.into_iter().zip(all.slopes).enumerate() {
            let ahead = (Horizon::azimuth_deg(direction) - azimuth_deg).to_radians().cos() > -1e-9;
            if !ahead {
                assert_eq!(own, 0.0);
            } else if f64::from(all) > LEAST_FACADE_SLOPE {
                assert_eq!(own, all, "{at:?} {direction}");
                compared += 1;
            } else {
                assert!(own <= all);
            }
        }
    }
    assert!(compared > 500, "{compared}");
}
