//! Two years of one city beside each other: what changes in all, and who gains and who loses.

use serde::Serialize;

use super::{
    households::{AGES, DRAWS, GROUPS, HOMES, Home},
    result::{CityTotals, EnergyYear},
};
use crate::result::Better;

/// Households whose cost changes by less than this neither gain nor lose, € a year (own: less than a bill's rounding of advances).
const SAME_EUR: f64 = 10.0;

/// A figure of both years.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct YearFigure {
    pub name: &'static str,
    pub label: &'static str,
    pub unit: &'static str,
    pub better: Better,
    pub baseline: f64,
    pub variant: f64,
    /// Variant − baseline.
    pub difference: f64,
}

/// Who gains and who loses of some households: by cost with annuities, as if each owned where it lives.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Gains {
    /// `house`, `apartments`, `all`, and years of construction.
    pub usage: &'static str,
    pub built: &'static str,
    /// 1 … 10 of incomes, poorest first; none: all.
    pub tenth: Option<u8>,
    /// Of tenths the mean over the draws of incomes.
    pub households: f64,
    pub gain: f64,
    pub lose: f64,
    /// Variant − baseline of a household, means, € a year: of the energy bill, and with annuities.
    pub bill_eur: f64,
    pub all_in_eur: f64,
}

/// Two years beside each other.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EnergyComparison {
    pub city: String,
    pub figures: Vec<YearFigure>,
    /// All households, then by kind of building and age, then by tenth of incomes where these are known.
    pub gains: Vec<Gains>,
    pub notes: Vec<String>,
}

/// Years that cannot stand beside each other.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ComparisonError {
    #[error("the years are of {0} and {1}; compare years of one city")]
    Cities(String, String),
    #[error("the years of {0} do not have the same dwellings; compute both from the same map")]
    Dwellings(String),
}

/// Puts a variant beside its baseline.
///
/// # Errors
/// Years of different cities or maps.
pub fn compare_years(baseline: &EnergyYear, variant: &EnergyYear) -> Result<EnergyComparison, ComparisonError> {
    let city = &baseline.city;
    if *city != variant.city {
        return Err(ComparisonError::Cities(city.clone(), variant.city.clone()));
    }
    let lives = |home: &Home| (home.building, home.households, home.group);
    if !baseline.homes.iter().map(lives).eq(variant.homes.iter().map(lives)) {
        return Err(ComparisonError::Dwellings(city.clone()));
    }
    let mut notes = vec![
        format!("less than {SAME_EUR} € a year either way is neither gain nor loss"),
        "households bear their plants and retrofits themselves, as owners do; tenants pay by the rules of their lease"
            .to_owned(),
    ];
    if baseline.incomes.is_some() {
        let note = "incomes are given out whatever a dwelling costs: tenths differ by chance alone in € and by income in shares";
        notes.push(note.to_owned());
    }
    Ok(EnergyComparison {
        city: city.clone(),
        figures: figures(baseline, variant),
        gains: gains(baseline, variant),
        notes,
    })
}

/// Sums over households.
#[derive(Clone, Copy, Default)]
struct Sums {
    households: f64,
    gain: f64,
    lose: f64,
    bill_eur: f64,
    all_in_eur: f64,
}

impl Sums {
    fn add(&mut self, before: &Home, after: &Home, count: f64) {
        let all_in_eur = after.all_in_eur - before.all_in_eur;
        self.households += count;
        self.gain += count * f64::from(u8::from(all_in_eur < -SAME_EUR));
        self.lose += count * f64::from(u8::from(all_in_eur > SAME_EUR));
        self.bill_eur += count * (after.cost_eur - before.cost_eur);
        self.all_in_eur += count * all_in_eur;
    }

    fn told(&self, usage: &'static str, built: &'static str, tenth: Option<u8>) -> Option<Gains> {
        (self.households > 0.0).then(|| Gains {
            usage,
            built,
            tenth,
            households: self.households,
            gain: self.gain,
            lose: self.lose,
            bill_eur: self.bill_eur / self.households,
            all_in_eur: self.all_in_eur / self.households,
        })
    }
}

fn gains(baseline: &EnergyYear, variant: &EnergyYear) -> Vec<Gains> {
    let mut all = Sums::default();
    let (mut groups, mut tenths) = ([Sums::default(); GROUPS], [Sums::default(); 10]);
    for (before, after) in baseline.homes.iter().zip(&variant.homes) {
        let count = f64::from(before.households);
        all.add(before, after, count);
        groups[before.group].add(before, after, count);
        for number in 0..before.households {
            for draw in 0..baseline.incomes.as_ref().map_or(0, |_| DRAWS) {
                let Some(incomes) = &baseline.incomes else { continue };
                let (tenth, _) = incomes.draw(before.seed, number, draw);
                tenths[tenth].add(before, after, 1.0 / f64::from(DRAWS));
            }
        }
    }
    let group = |(index, sums): (usize, &Sums)| sums.told(HOMES[index / AGES.len()].0, AGES[index % AGES.len()], None);
    let tenth = |(index, sums): (usize, &Sums)| sums.told("all", "all", Some(index as u8 + 1));
    let mut told: Vec<Gains> = all.told("all", "all", None).into_iter().collect();
    told.extend(groups.iter().enumerate().filter_map(group));
    told.extend(tenths.iter().enumerate().filter_map(tenth));
    told
}

type Column = (&'static str, &'static str, &'static str, Better, fn(&CityTotals) -> f64);

/// What is told of totals.
const TOTALS: [Column; 19] = [
    ("load_mwh", "electricity used", "MWh", Better::Lower, |t| t.load_mwh),
    ("heat_electricity_mwh", "of it heat pumps and coolers", "MWh", Better::Neutral, |t| t.heat_electricity_mwh),
    ("charging_mwh", "of it electric cars", "MWh", Better::Neutral, |t| t.charging_mwh),
    ("pv_mwh", "photovoltaics", "MWh", Better::Higher, |t| t.pv_mwh),
    ("self_consumption_mwh", "of it used in the building", "MWh", Better::Higher, |t| t.self_consumption_mwh),
    ("losses_mwh", "losses of the grid", "MWh", Better::Lower, |t| t.losses_mwh),
    ("import_mwh", "import", "MWh", Better::Lower, |t| t.import_mwh),
    ("export_mwh", "export", "MWh", Better::Neutral, |t| t.export_mwh),
    ("peak_import_mw", "highest import", "MW", Better::Lower, |t| t.peak_import_mw),
    ("peak_export_mw", "highest export", "MW", Better::Lower, |t| t.peak_export_mw),
    ("heating_mwh", "heat for rooms", "MWh", Better::Lower, |t| t.heating_mwh),
    ("fuel_mwh", "fuel burnt", "MWh", Better::Lower, |t| t.fuel_mwh),
    ("district_mwh", "district heat", "MWh", Better::Neutral, |t| t.district_mwh),
    ("carbon_t", "greenhouse gases", "t", Better::Lower, |t| t.carbon_t),
    ("bills_eur", "energy bills of buildings", "€", Better::Lower, |t| t.bills_eur),
    ("peak_charge_eur", "of it peak charges", "€", Better::Lower, |t| t.peak_charge_eur),
    ("annuity_eur", "plants and retrofits a year", "€", Better::Lower, |t| t.annuity_eur),
    ("retrofitted", "buildings retrofitted", "", Better::Neutral, |t| t.retrofitted as f64),
    ("retrofit_eur", "what retrofits cost", "€", Better::Neutral, |t| t.retrofit_eur),
];

fn figures(baseline: &EnergyYear, variant: &EnergyYear) -> Vec<YearFigure> {
    let figure = |(name, label, unit, better): (_, _, _, Better), [baseline, variant]: [f64; 2]| YearFigure {
        name,
        label,
        unit,
        better,
        baseline,
        variant,
        difference: variant - baseline,
    };
    let both = |of: &dyn Fn(&EnergyYear) -> f64| [of(baseline), of(variant)];
    let mut all: Vec<YearFigure> = TOTALS
        .into_iter()
        .map(|(name, label, unit, better, of)| figure((name, label, unit, better), both(&|year| of(&year.totals))))
        .collect();
    let people = "households";
    all.push(figure(("cost_eur", "energy of a household", "€/a", Better::Lower), both(&|y| y.households.cost_eur)));
    let all_in = ("all_in_eur", "energy and plants of a household", "€/a", Better::Lower);
    all.push(figure(all_in, both(&|year| year.households.all_in_eur)));
    if let (Some(before), Some(after)) = (&baseline.households.poverty, &variant.households.poverty) {
        let tenth = ("above_tenth", "energy above 10 % of income", people, Better::Lower);
        all.push(figure(tenth, [before.above_tenth.households, after.above_tenth.households]));
        let twice = ("above_twice_median", "above twice the median share (2M)", people, Better::Lower);
        all.push(figure(twice, [before.above_twice_median.households, after.above_twice_median.households]));
    }
    all
}
