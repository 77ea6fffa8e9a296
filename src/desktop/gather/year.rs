//! The year of energy: its balance, curves and figures beside those of the city as it is.

use bevy::prelude::*;
use bevy_egui::egui::Color32;
use citytwin_model::Assumptions;
use citytwin_panels::{
    Axis, Better, Curve, CurveLine, Flow, KeyFigureRow, Node, Sankey, Unit, YearData, YearState as Shown, theme,
};
use citytwin_scenario::energy_year::{EnergyHour, EnergyYear, Gains, Indicator, compare_years};
use citytwin_twin::{CityModel, YearState, YearTwin};

/// Of fuel, district heat and losses.
const FUEL: Color32 = Color32::from_rgb(201, 148, 117);
const DISTRICT: Color32 = Color32::from_rgb(214, 120, 150);
/// Hours of a week and of a day.
const WEEK: usize = 168;
const DAY: usize = 24;
/// Points of a curve of ranked hours.
const RANKED: usize = 146;

/// The year as the panels show it, made anew when the worker has said something.
#[derive(Resource, Default)]
pub struct YearSeen {
    pub data: Option<YearData>,
    made_for: Option<u64>,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<YearSeen>().add_systems(Update, refresh);
}

fn refresh((year, city): (Option<Res<YearTwin>>, Option<Res<CityModel>>), mut seen: ResMut<YearSeen>) {
    let city = city.filter(|city| !city.0.buildings.is_empty());
    let Some((year, _)) = year.zip(city) else {
        *seen = YearSeen::default();
        return;
    };
    if seen.made_for != Some(year.version) {
        seen.data = Some(data(&year));
        seen.made_for = Some(year.version);
    }
    if let Some(data) = &mut seen.data {
        data.state = state(&year);
    }
}

fn state(year: &YearTwin) -> Shown {
    match &year.state {
        YearState::Resting | YearState::Working => Shown::Working { fraction: year.fraction() },
        YearState::Idle => Shown::Current { took_s: year.took_s },
        YearState::Failed(why) => Shown::Failed(why.clone()),
    }
}

fn data(year: &YearTwin) -> YearData {
    let empty = YearData {
        state: state(year),
        what: String::new(),
        balance: Sankey::default(),
        curves: Vec::new(),
        rows: Vec::new(),
        people: Vec::new(),
        gains: Vec::new(),
        notes: Vec::new(),
    };
    let (Some(base), Some(now)) = (&year.baseline, &year.now) else { return empty };
    let comparison = compare_years(base, now).ok();
    let mut notes = notes(year, now);
    notes.extend(comparison.iter().flat_map(|comparison| comparison.notes.iter().cloned()));
    YearData {
        what: format!("8,760 hours of every building. Weather: {}.", now.weather),
        balance: balance(base, now),
        curves: curves(base, now),
        rows: rows(base, now),
        people: people(base, now),
        gains: comparison
            .filter(|_| year.answered != Assumptions::default())
            .map_or_else(Vec::new, |c| gains(&c.gains)),
        notes,
        ..empty
    }
}

/// Who gains and who loses, a line each.
fn gains(gains: &[Gains]) -> Vec<(String, String)> {
    let line = |of: &Gains| {
        let who = match (of.tenth, of.usage) {
            (Some(1), _) => "Poorest tenth".to_owned(),
            (Some(10), _) => "Richest tenth".to_owned(),
            (Some(tenth), _) => format!("Tenth {tenth} by income"),
            (None, "all") => "All households".to_owned(),
            (None, usage) => format!("{usage}, {}", of.built),
        };
        let count = |of: f64| Unit::Of("").text(of.round()).trim().to_owned();
        let text = format!("{} gain, {} lose, mean {:+.0} € a year", count(of.gain), count(of.lose), of.all_in_eur);
        (who, text)
    };
    gains.iter().map(line).collect()
}

fn notes(twin: &YearTwin, now: &EnergyYear) -> Vec<String> {
    let without = (!now.losses_known && twin.state == YearState::Working)
        .then(|| "losses of the grid follow: its load flows are being computed".to_owned());
    without.into_iter().chain(now.notes.iter().cloned()).collect()
}

/// Final energy: what is bought and made, and what it is used for, MWh.
fn balance(base: &EnergyYear, now: &EnergyYear) -> Sankey {
    let node = |label: &str, column, colour| Node { label: label.into(), column, colour };
    let nodes = vec![
        node("Grid import", 0, theme::ACCENT),
        node("Solar", 0, theme::AMBER),
        node("Fuel", 0, FUEL),
        node("District heat", 0, DISTRICT),
        node("Electricity", 1, theme::ACCENT),
        node("Appliances", 2, theme::ACCENT),
        node("Electric cars", 2, theme::BETTER),
        node("Heating, cooling", 2, theme::WORSE),
        node("Grid losses", 2, theme::WEAK),
        node("Given to the grid", 2, theme::AMBER),
        node("Batteries", 2, theme::WEAK),
    ];
    let amounts = |year: &EnergyYear| {
        let t = &year.totals;
        // What goes into batteries less what comes back, and their standby, which the load holds.
        let b = &year.batteries;
        let kept = b.charge_mwh - b.discharge_mwh + b.standby_mwh;
        let appliances = t.load_mwh - t.charging_mwh - t.heat_electricity_mwh - b.standby_mwh;
        [
            (0, 4, t.import_mwh),
            (1, 4, t.pv_mwh),
            (4, 5, appliances),
            (4, 6, t.charging_mwh),
            (4, 7, t.heat_electricity_mwh),
            (4, 8, t.losses_mwh),
            (4, 9, t.export_mwh),
            (4, 10, kept),
            (2, 7, t.fuel_mwh),
            (3, 7, t.district_mwh),
        ]
    };
    let both = amounts(now).into_iter().zip(amounts(base));
    let flows = both.map(|((from, to, amount), (_, _, baseline))| Flow { from, to, amount, baseline }).collect();
    Sankey { nodes, flows }
}

fn line(name: &str, colour: Color32, values: Vec<f64>) -> CurveLine {
    CurveLine { name: name.into(), colour, baseline: false, values }
}

fn curves(base: &EnergyYear, now: &EnergyYear) -> Vec<Curve> {
    let import_w = |hour: &EnergyHour| 1e6 * (hour.import - hour.export);
    let (load_w, pv_w) = (|hour: &EnergyHour| 1e6 * hour.load, |hour: &EnergyHour| 1e6 * hour.pv);
    let fullest = |year: &EnergyYear| {
        let hours = year.hours.iter().enumerate();
        hours.max_by(|a, b| import_w(a.1).total_cmp(&import_w(b.1))).map_or(0, |(hour, _)| hour / DAY)
    };
    let day = fullest(now);
    let of_day = |year: &EnergyYear, of: fn(&EnergyHour) -> f64| -> Vec<f64> {
        year.hours.iter().skip(DAY * day).take(DAY).map(of).collect()
    };
    let weeks = |year: &EnergyYear, of: fn(&EnergyHour) -> f64| -> Vec<f64> {
        let mean = |hours: &[EnergyHour]| hours.iter().map(of).sum::<f64>() / hours.len() as f64;
        year.hours.chunks(WEEK).filter(|week| week.len() == WEEK).map(mean).collect()
    };
    let same = base.hours == now.hours;
    let before = |values: Vec<f64>| {
        let was = CurveLine { baseline: true, ..line("Net without changes", theme::WEAK, values) };
        (!same).then_some(was)
    };
    let curve = |title: String, axis, lines: Vec<CurveLine>, was: Option<CurveLine>| Curve {
        title,
        unit: Unit::Watts,
        axis,
        lines: lines.into_iter().chain(was).collect(),
    };
    vec![
        curve(
            format!("Fullest day: {}", date_in_words(day)),
            Axis::Day,
            vec![
                line("Load", theme::STRONG, of_day(now, load_w)),
                line("Solar", theme::AMBER, of_day(now, pv_w)),
                line("Net", theme::ACCENT, of_day(now, import_w)),
            ],
            before(of_day(base, import_w)),
        ),
        curve(
            "Week by week, mean".into(),
            Axis::Year,
            vec![
                line("Load", theme::STRONG, weeks(now, load_w)),
                line("Solar", theme::AMBER, weeks(now, pv_w)),
                line("Net", theme::ACCENT, weeks(now, import_w)),
            ],
            before(weeks(base, import_w)),
        ),
        curve(
            "Hours by net demand".into(),
            Axis::Ranked,
            vec![line("Net", theme::ACCENT, ranked(now, import_w))],
            before(ranked(base, import_w)),
        ),
    ]
}

/// A day of the year whose first is a Monday, 1 January.
fn date_in_words(day: usize) -> String {
    let date = citytwin_model::time::civil::date(2018, 1, 1);
    let days = citytwin_model::time::SignedDuration::from_hours(24 * day as i64);
    date.checked_add(days).unwrap_or(date).strftime("%A, %-d %B").to_string()
}

/// All hours in falling order, thinned out evenly; the first and the last are kept.
fn ranked(year: &EnergyYear, of: impl Fn(&EnergyHour) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = year.hours.iter().map(of).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let Some(last) = values.len().checked_sub(1) else { return Vec::new() };
    (0..=RANKED).map(|k| values[k * last / RANKED]).collect()
}

/// A row of two years. Nothing is drawn by chance in them.
fn row(label: &str, unit: Unit, better: Better, [baseline, now]: [f64; 2], says: &str) -> KeyFigureRow {
    KeyFigureRow {
        label: label.into(),
        unit,
        baseline: Some(baseline),
        now: Some(now),
        interval: Some(1e-9 * baseline.abs().max(now.abs())),
        better,
        says: says.into(),
    }
}

fn rows(base: &EnergyYear, now: &EnergyYear) -> Vec<KeyFigureRow> {
    let both = |of: fn(&EnergyYear) -> f64| [of(base), of(now)];
    let mwh = Unit::MegawattHours;
    vec![
        row(
            "Highest demand from outside",
            Unit::Watts,
            Better::Lower,
            both(|year| 1e6 * year.totals.peak_import_mw),
            "The hour of the year in which most is taken from the grid above.",
        ),
        row(
            "Electricity from outside",
            mwh,
            Better::Lower,
            both(|year| year.totals.import_mwh),
            "Load + losses - solar, over the hours in which it is taken.",
        ),
        row(
            "Solar",
            mwh,
            Better::Higher,
            both(|year| year.totals.pv_mwh),
            "PVWatts on every roof, in its neighbours' shadows.",
        ),
        row(
            "Heat into rooms",
            mwh,
            Better::Lower,
            both(|year| year.totals.heating_mwh),
            "5R1C model (ISO 13790) of every building, by its walls, use and age.",
        ),
        row("Fuel burnt", mwh, Better::Lower, both(|year| year.totals.fuel_mwh), "Boilers, by gross calorific value."),
        row(
            "Greenhouse gases",
            Unit::Of("t"),
            Better::Lower,
            both(|year| year.totals.carbon_t),
            &format!(
                "CO2-equivalent of electricity, fuel and district heat. {} ({}).",
                now.carbon.source, now.carbon.year
            ),
        ),
    ]
}

fn people(base: &EnergyYear, now: &EnergyYear) -> Vec<KeyFigureRow> {
    let both = |of: fn(&EnergyYear) -> f64| [of(base), of(now)];
    let says = format!("All energy but the car's fuel. {} ({}).", now.tariffs.source, now.tariffs.year);
    let bill = both(|year| year.households.cost_eur);
    let all_in = both(|year| year.households.all_in_eur);
    let mut rows = vec![
        row("Energy bill of a household, mean", Unit::Of("€ a year"), Better::Lower, bill, &says),
        row(
            "With plants and retrofits paid off",
            Unit::Of("€ a year"),
            Better::Lower,
            all_in,
            "Annuities by VDI 2067 at 3 % real interest, as if each household owned what serves it.",
        ),
    ];
    if let (Some(was), Some(is)) = (&base.households.poverty, &now.households.poverty) {
        rows.push(poverty("Energy above 10 % of income", &was.above_tenth, &is.above_tenth));
        rows.push(poverty("Above twice the median share (2M)", &was.above_twice_median, &is.above_twice_median));
    }
    rows
}

/// Households over a limit. Who has which income is not known: half the spread of the draws stands for the interval.
fn poverty(label: &str, was: &Indicator, is: &Indicator) -> KeyFigureRow {
    let spread = |of: &Indicator| 0.5 * f64::from(of.most - of.least);
    let says = format!(
        "Households, by simulated need. {} to {} by who has which income; {} if the rich lived in the dear homes, {} if the poor did.",
        is.least, is.most, is.rich_in_dear_homes, is.poor_in_dear_homes
    );
    KeyFigureRow {
        interval: Some(spread(was).hypot(spread(is))),
        ..row(label, Unit::Of("households"), Better::Lower, [was.households, is.households], &says)
    }
}
