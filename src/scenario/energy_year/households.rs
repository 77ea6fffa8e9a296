//! What energy costs those who live in a city, and for how many it is too much.

use citytwin_energy::EnergySystem;
use citytwin_model::{Building, BuildingId, BuildingUse, Years};
use rayon::prelude::*;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    CityEnergy,
    incomes::{IncomeBounds, Incomes},
    result::BuildingYear,
    tables::HouseholdMeans,
};

/// Inside floor area per person and persons per household where no table says, m² and 1 (as `energy::intensity`; EU-SILC 2022).
const AREA_M2_PER_PERSON: f64 = 45.0;
const PERSONS: f64 = 2.2;
/// Names of [`Years::BANDS`], by which cost is told.
pub const AGES: [&str; Years::BANDS.len()] = ["to 1948", "1949-1978", "1979-1994", "1995-2009", "from 2010"];
pub const HOMES: [(&str, BuildingUse); 2] = [("house", BuildingUse::House), ("apartments", BuildingUse::Apartments)];
pub const GROUPS: usize = HOMES.len() * AGES.len();
/// How often incomes are given out anew.
pub const DRAWS: u32 = 20;
/// Energy poverty by the 10 % indicator (B. Boardman, "Fuel Poverty", 1991) and by 2M (Energy Poverty Observatory, 2020).
const TENTH: f64 = 0.1;
const TWICE: f64 = 2.0;

/// The households of a building, all alike.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Home {
    pub building: BuildingId,
    /// Position in the kinds of dwellings times ages.
    pub(super) group: usize,
    pub households: u32,
    /// Chooses their incomes.
    pub(super) seed: u64,
    /// A household's energy, € a year, and that with its part of the plants.
    pub cost_eur: f64,
    pub all_in_eur: f64,
}

/// A count of households that depends on who has which income.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct Indicator {
    /// Mean over the draws, and of all households.
    pub households: f64,
    pub share: f64,
    /// Least and most of the draws: what chance alone does.
    pub least: u32,
    pub most: u32,
    /// If incomes rose with the cost of the dwelling, and if they fell with it.
    pub rich_in_dear_homes: u32,
    pub poor_in_dear_homes: u32,
}

/// Fuel poverty by the cost that the simulated need means, not by what is paid.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct FuelPoverty {
    pub draws: u32,
    /// Energy takes more than a tenth of the income.
    pub above_tenth: Indicator,
    /// It takes more than twice the share of the city's median household.
    pub above_twice_median: Indicator,
    /// That median share, mean over the draws.
    pub median_share: f64,
}

/// Households of one kind of building and age, or of one tenth of incomes.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct HouseholdGroup {
    /// `house` or `apartments`; `all` of a tenth.
    pub usage: &'static str,
    /// Years of construction; where the map does not state one, 1965 is taken. Of a tenth: all.
    pub built: &'static str,
    /// 1 … 10 of incomes, poorest first; none: all.
    pub tenth: Option<u8>,
    /// Of tenths the mean over the draws.
    pub households: f64,
    /// Energy for a household, € a year, with standing charges; with its part of the plants.
    pub cost_eur: f64,
    pub all_in_eur: f64,
    /// Mean of the households' shares of income that energy takes; households over the limits. Means over the draws.
    pub income_share: Option<f64>,
    pub above_tenth: Option<f64>,
    pub above_twice_median: Option<f64>,
}

/// What energy costs those who live here.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Households {
    pub households: f64,
    /// Means over all, € a year: energy with standing charges, and with annuities of plants and retrofits.
    pub cost_eur: f64,
    pub all_in_eur: f64,
    /// Mean cost of the mean income.
    pub income_share: Option<f64>,
    pub poverty: Option<FuelPoverty>,
    pub groups: Vec<HouseholdGroup>,
    pub tenths: Vec<HouseholdGroup>,
    pub means: Option<HouseholdMeans>,
    pub incomes: Option<IncomeBounds>,
}

/// Sums over households.
#[derive(Clone, Copy, Default)]
struct Sums {
    households: f64,
    cost_eur: f64,
    all_in_eur: f64,
    share: f64,
    above_tenth: f64,
    above_twice: f64,
}

/// What one draw of incomes comes to.
struct Draw {
    groups: [Sums; GROUPS],
    tenths: [Sums; 10],
    above_tenth: u32,
    above_twice: u32,
    median: f64,
}

/// Where people live and how many households there are; their cost comes later. A building has one at least; what its area
/// leaves over gives one more by a hash of its source.
pub fn homes(of: &CityEnergy<'_>, system: &EnergySystem, persons: Option<f64>) -> Vec<Home> {
    let persons = persons.unwrap_or(PERSONS);
    let coverage = system.coverage();
    let people = if of.city.population.is_some() {
        coverage.residents / coverage.dwelling_area_m2.max(1.0)
    } else {
        1.0 / AREA_M2_PER_PERSON
    };
    let home = |building: &Building| {
        let usage = HOMES.iter().position(|(_, usage)| *usage == building.usage.value)?;
        let area_m2 = of.heat.envelopes()[building.id.index()].floor_m2;
        let built = of.heat.years()[building.id.index()];
        let age = Years::BANDS.iter().position(|band| band.contains(built))?;
        let seed = xxh3_64(format!("household {}", building.source).as_bytes());
        let wanted = area_m2 * people / persons;
        let more = wanted.fract() > (seed >> 11) as f64 / (1_u64 << 53) as f64;
        let households = (wanted as u32).saturating_add(u32::from(more)).max(1);
        let group = usage * AGES.len() + age;
        (area_m2 > 0.0).then_some(Home {
            building: building.id,
            group,
            households,
            seed,
            cost_eur: 0.0,
            all_in_eur: 0.0,
        })
    };
    of.city.buildings.par_iter().filter_map(home).collect()
}

/// Shares a building's costs out.
pub fn share_out(homes: &mut [Home], years: &[BuildingYear]) {
    for home in homes {
        let year = &years[home.building.index()];
        home.cost_eur = year.cost_eur / f64::from(home.households);
        home.all_in_eur = home.cost_eur + year.plants.annuity / f64::from(home.households);
    }
}

/// All that is told of households.
pub fn households(
    homes: &[Home],
    incomes: Option<&Incomes>,
    (means, bounds): (Option<HouseholdMeans>, Option<IncomeBounds>),
) -> Households {
    let draws: Vec<Draw> = incomes.map_or_else(Vec::new, |incomes| {
        (0..DRAWS).into_par_iter().map(|draw| Draw::of(homes, incomes, draw)).collect()
    });
    let mut all = Sums::default();
    let mut groups = [Sums::default(); GROUPS];
    for home in homes {
        let count = f64::from(home.households);
        for sums in [&mut all, &mut groups[home.group]] {
            sums.add(home, count, None);
        }
    }
    let drawn = |of: &dyn Fn(&Draw) -> Sums| Sums::mean(draws.iter().map(of));
    let group = |(index, sums): (usize, &Sums)| {
        let (usage, built) = (HOMES[index / AGES.len()].0, AGES[index % AGES.len()]);
        (sums.households > 0.0).then(|| sums.told((usage, built, None), drawn(&|draw| draw.groups[index])))
    };
    let tenth = |index: usize| {
        let sums = drawn(&|draw| draw.tenths[index])?;
        (sums.households > 0.0).then(|| sums.told(("all", "all", Some(index as u8 + 1)), Some(sums)))
    };
    Households {
        households: all.households,
        cost_eur: all.cost_eur / all.households.max(1.0),
        all_in_eur: all.all_in_eur / all.households.max(1.0),
        income_share: means.as_ref().map(|means| all.cost_eur / all.households.max(1.0) / means.income_eur),
        poverty: incomes.filter(|_| !homes.is_empty()).map(|incomes| poverty(homes, incomes, &draws)),
        groups: groups.iter().enumerate().filter_map(group).collect(),
        tenths: (0..10).filter_map(tenth).collect(),
        means,
        incomes: bounds,
    }
}

impl Draw {
    fn of(homes: &[Home], incomes: &Incomes, draw: u32) -> Self {
        let median = median_share(homes.iter().flat_map(|home| {
            (0..home.households).map(move |number| home.cost_eur / incomes.draw(home.seed, number, draw).1)
        }));
        let mut own = Self {
            groups: [Sums::default(); GROUPS],
            tenths: [Sums::default(); 10],
            above_tenth: 0,
            above_twice: 0,
            median,
        };
        for home in homes {
            for number in 0..home.households {
                let (tenth, income) = incomes.draw(home.seed, number, draw);
                let share = home.cost_eur / income;
                let above = [share > TENTH, is_above_twice(share, median)];
                own.above_tenth += u32::from(above[0]);
                own.above_twice += u32::from(above[1]);
                own.groups[home.group].add(home, 1.0, Some((share, above)));
                own.tenths[tenth].add(home, 1.0, Some((share, above)));
            }
        }
        own
    }
}

impl Sums {
    fn add(&mut self, home: &Home, count: f64, share: Option<(f64, [bool; 2])>) {
        self.households += count;
        self.cost_eur += count * home.cost_eur;
        self.all_in_eur += count * home.all_in_eur;
        if let Some((share, [tenth, twice])) = share {
            self.share += count * share;
            self.above_tenth += f64::from(u8::from(tenth));
            self.above_twice += f64::from(u8::from(twice));
        }
    }

    fn mean(draws: impl ExactSizeIterator<Item = Self>) -> Option<Self> {
        let count = draws.len() as f64;
        draws
            .reduce(|a, b| Self {
                households: a.households + b.households,
                cost_eur: a.cost_eur + b.cost_eur,
                all_in_eur: a.all_in_eur + b.all_in_eur,
                share: a.share + b.share,
                above_tenth: a.above_tenth + b.above_tenth,
                above_twice: a.above_twice + b.above_twice,
            })
            .map(|sum| Self {
                households: sum.households / count,
                cost_eur: sum.cost_eur / count,
                all_in_eur: sum.all_in_eur / count,
                share: sum.share / count,
                above_tenth: sum.above_tenth / count,
                above_twice: sum.above_twice / count,
            })
    }

    fn told(
        &self,
        (usage, built, tenth): (&'static str, &'static str, Option<u8>),
        drawn: Option<Self>,
    ) -> HouseholdGroup {
        HouseholdGroup {
            usage,
            built,
            tenth,
            households: self.households,
            cost_eur: self.cost_eur / self.households,
            all_in_eur: self.all_in_eur / self.households,
            income_share: drawn.map(|drawn| drawn.share / drawn.households),
            above_tenth: drawn.map(|drawn| drawn.above_tenth),
            above_twice_median: drawn.map(|drawn| drawn.above_twice),
        }
    }
}

/// Where nobody pays anything nobody pays twice as much.
fn is_above_twice(share: f64, median: f64) -> bool {
    median > 0.0 && share > TWICE * median
}

/// The share in the middle; the lower of two.
fn median_share(shares: impl Iterator<Item = f64>) -> f64 {
    let mut shares: Vec<f64> = shares.collect();
    if shares.is_empty() {
        return 0.0;
    }
    let middle = (shares.len() - 1) / 2;
    *shares.select_nth_unstable_by(middle, f64::total_cmp).1
}

fn poverty(homes: &[Home], incomes: &Incomes, draws: &[Draw]) -> FuelPoverty {
    let count: f64 = homes.iter().map(|home| f64::from(home.households)).sum();
    let rich = sorted(homes, incomes, false);
    let poor = sorted(homes, incomes, true);
    let indicator = |of: fn(&Draw) -> u32, which: usize| {
        let households = draws.iter().map(|draw| f64::from(of(draw))).sum::<f64>() / draws.len().max(1) as f64;
        Indicator {
            households,
            share: households / count.max(1.0),
            least: draws.iter().map(of).min().unwrap_or(0),
            most: draws.iter().map(of).max().unwrap_or(0),
            rich_in_dear_homes: rich[which],
            poor_in_dear_homes: poor[which],
        }
    };
    FuelPoverty {
        draws: draws.len() as u32,
        above_tenth: indicator(|draw| draw.above_tenth, 0),
        above_twice_median: indicator(|draw| draw.above_twice, 1),
        median_share: draws.iter().map(|draw| draw.median).sum::<f64>() / draws.len().max(1) as f64,
    }
}

/// Households over the two limits if incomes went strictly by what the dwelling costs, up or down.
fn sorted(homes: &[Home], incomes: &Incomes, falling: bool) -> [u32; 2] {
    let mut order: Vec<&Home> = homes.iter().collect();
    order.sort_by(|a, b| a.cost_eur.total_cmp(&b.cost_eur).then(a.building.cmp(&b.building)));
    let count: f64 = homes.iter().map(|home| f64::from(home.households)).sum();
    let costs = order.iter().flat_map(|home| (0..home.households).map(|_| home.cost_eur));
    let share = |(at, cost_eur): (usize, f64)| {
        let rank = (at as f64 + 0.5) / count;
        cost_eur / incomes.of_rank(if falling { 1.0 - rank } else { rank })
    };
    let shares: Vec<f64> = costs.enumerate().map(share).collect();
    let median = median_share(shares.iter().copied());
    let above = |is: &dyn Fn(f64) -> bool| shares.iter().filter(|share| is(**share)).count() as u32;
    [above(&|share| share > TENTH), above(&|share| is_above_twice(share, median))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy_year::tables::EnergyTables;

    fn home(index: usize, group: usize, households: u32, cost_eur: f64) -> Home {
        let seed = xxh3_64(&[index as u8]);
        Home {
            building: BuildingId::from_index(index),
            group,
            households,
            seed,
            cost_eur,
            all_in_eur: cost_eur + 500.0,
        }
    }

    /// Everybody has nearly the same.
    fn equal(mean_eur: f64) -> Incomes {
        let bounds = std::array::from_fn(|index| 1000.0 + 1e-3 * index as f64);
        let (country, basis, source) = ("XX".to_owned(), "household".to_owned(), "made up".to_owned());
        Incomes::new(&IncomeBounds { country, basis, bounds, year: 2024, source }, mean_eur)
    }

    /// By hand: incomes of 20,000 € each; three households at 1,000 €, two at 1,900 €, one at 2,100 €. Over 2,000 €: one. The
    /// median is 1,000 €, twice it 2,000 €: again one. With 900 € in place of 1,000 €, 2M finds three.
    #[test]
    fn indicators_of_households_counted_by_hand() {
        let incomes = equal(20_000.0);
        let told = |cheap: f64| {
            let homes = [home(0, 0, 3, cheap), home(1, 1, 2, 1900.0), home(2, 7, 1, 2100.0)];
            households(&homes, Some(&incomes), (None, None))
        };
        let year = told(1000.0);
        let poverty = year.poverty.expect("incomes are known");
        assert!((poverty.median_share - 0.05).abs() < 1e-6, "{poverty:?}");
        let one = Indicator {
            households: 1.0,
            share: 1.0 / 6.0,
            least: 1,
            most: 1,
            rich_in_dear_homes: 1,
            poor_in_dear_homes: 1,
        };
        assert_eq!((poverty.above_tenth, poverty.above_twice_median), (one, one));
        assert_eq!((year.households, year.cost_eur), (6.0, 8900.0 / 6.0));
        assert_eq!(year.all_in_eur, 8900.0 / 6.0 + 500.0);
        let groups: Vec<_> = year.groups.iter().map(|g| (g.usage, g.built, g.households, g.above_tenth)).collect();
        let expected = [
            ("house", "to 1948", 3.0, Some(0.0)),
            ("house", "1949-1978", 2.0, Some(0.0)),
            ("apartments", "1979-1994", 1.0, Some(1.0)),
        ];
        assert_eq!(groups, expected);
        assert_eq!(told(900.0).poverty.expect("incomes").above_twice_median.households, 3.0);
    }

    /// Where cost and income know nothing of each other, the expected count is the incomes' own distribution at ten times the cost.
    #[test]
    fn draws_agree_with_the_expectation() {
        let incomes = Incomes::new(EnergyTables::embedded().incomes("DE").expect("a row"), 45_800.0);
        let homes: Vec<Home> = (0..200).map(|index| home(index, 0, 50, 2290.0)).collect();
        let year = households(&homes, Some(&incomes), (None, None));
        let poverty = year.poverty.expect("incomes");
        let below = (0..100_000).filter(|rank| incomes.of_rank((f64::from(*rank) + 0.5) / 1e5) < 22_900.0).count();
        let expected = below as f64 / 1e5;
        // 20 draws of 10,000: four standard deviations are 0.004.
        assert!((poverty.above_tenth.share - expected).abs() < 0.004, "{poverty:?} {expected}");
        let own = &poverty.above_tenth;
        assert!(own.least < own.most && f64::from(own.least) < own.households && own.households < f64::from(own.most));
        // All dwellings cost the same: it does not matter who lives where.
        assert!((own.rich_in_dear_homes as f64 / 1e4 - expected).abs() < 2e-4);
        assert_eq!(year.tenths.len(), 10);
        let shares: Vec<f64> = year.tenths.iter().filter_map(|tenth| tenth.income_share).collect();
        assert!(shares.windows(2).all(|pair| pair[0] > pair[1]), "{shares:?}");
        let counted: f64 = year.tenths.iter().filter_map(|tenth| tenth.above_tenth).sum();
        assert!((counted - own.households).abs() < 1e-6);
        assert!(
            year.tenths[0].above_tenth.is_some_and(|above| above > 900.0) && year.tenths[9].above_tenth == Some(0.0)
        );
    }

    /// If the poor live in the dear homes more are over a tenth than if the rich do.
    #[test]
    fn who_lives_where_decides() {
        let incomes = Incomes::new(EnergyTables::embedded().incomes("DE").expect("a row"), 45_800.0);
        let homes: Vec<Home> = (0..200).map(|index| home(index, 0, 20, 500.0 + 20.0 * index as f64)).collect();
        let poverty = households(&homes, Some(&incomes), (None, None)).poverty.expect("incomes");
        for own in [poverty.above_tenth, poverty.above_twice_median] {
            assert!(f64::from(own.rich_in_dear_homes) < own.households, "{own:?}");
            assert!(own.households < f64::from(own.poor_in_dear_homes), "{own:?}");
        }
    }

    #[test]
    fn nobody_and_no_incomes_are_answered() {
        let nobody = households(&[], Some(&equal(1.0)), (None, None));
        assert!((nobody.households, nobody.cost_eur, nobody.poverty) == (0.0, 0.0, None) && nobody.tenths.is_empty());
        let unknown = households(&[home(0, 0, 2, 900.0)], None, (None, None));
        assert!(unknown.poverty.is_none() && unknown.tenths.is_empty());
        assert_eq!((unknown.groups[0].income_share, unknown.groups[0].cost_eur), (None, 900.0));
        // Who sells more than he buys pays nothing, and so does nobody twice.
        let seller = households(&[home(0, 0, 3, -100.0), home(1, 0, 1, 50.0)], Some(&equal(20_000.0)), (None, None));
        assert_eq!(seller.poverty.expect("incomes").above_twice_median.households, 0.0);
    }
}
