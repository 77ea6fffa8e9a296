//! What buildings are like by use, country and age: tables of `assets/energy`, embedded; a test reads them all.

use citytwin_model::BuildingUse;

use crate::{
    intensity::USES,
    table::{TableError, TableRow, table},
};

const ARCHETYPES: &str = include_str!("../../../assets/energy/building_archetypes.csv");
const RULES: &str = include_str!("../../../assets/energy/building_uses.csv");
const RETROFITS: &str = include_str!("../../../assets/energy/building_retrofits.csv");

/// Thermal properties of a kind of building. U-values in W/(m²·K).
#[derive(Clone, PartialEq, Debug)]
pub struct Archetype {
    /// `house`, `apartments`, `other`.
    pub kind: String,
    /// ISO 3166-1 alpha-2 of the country it describes.
    pub country: String,
    pub from_year: u16,
    pub to_year: u16,
    pub wall_u: f64,
    pub roof_u: f64,
    pub floor_u: f64,
    pub window_u: f64,
    pub window_g: f64,
    /// Of outside walls, 0…1.
    pub window_share: f64,
    /// 1/h.
    pub air_changes_per_h: f64,
    /// J/(m²·K) of floor area.
    pub capacity_j_m2k: f64,
    /// Effective mass area per floor area, 1.
    pub mass_per_floor: f64,
    /// Mean internal gains, W/m² of floor area.
    pub internal_w_m2: f64,
    /// kWh/m² of floor area and year.
    pub hot_water_kwh_m2: f64,
    /// Whether such buildings have heating; where winters are mild they have none.
    pub heated: bool,
}

/// How a use is run.
#[derive(Clone, PartialEq, Debug)]
pub struct UseRules {
    pub usage: BuildingUse,
    pub kind: String,
    pub heating_c: f64,
    pub setback_c: f64,
    pub cooling_c: f64,
    /// In use from and to this hour, on the first so many days from Monday.
    pub from_hour: usize,
    pub to_hour: usize,
    pub days_a_week: usize,
    /// Internal gains relative to their mean, in use and out of it.
    pub occupied_gain: f64,
    pub empty_gain: f64,
    /// Air change out of use, relative.
    pub night_air_share: f64,
}

/// What a retrofit leaves behind and costs.
#[derive(Clone, PartialEq, Debug)]
pub struct Retrofit {
    pub level: String,
    pub wall_u: f64,
    pub roof_u: f64,
    pub floor_u: f64,
    pub window_u: f64,
    pub window_g: f64,
    /// Of the air change before.
    pub air_share: f64,
    /// € per m² of wall, roof, floor, window, of `year`.
    pub eur_m2: [f64; 4],
    pub year: u16,
}

/// All tables.
#[derive(Clone, PartialEq, Debug)]
pub struct Archetypes {
    pub rows: Vec<Archetype>,
    pub uses: Vec<UseRules>,
    pub retrofits: Vec<Retrofit>,
}

impl Archetypes {
    /// The program's own.
    pub fn embedded() -> Self {
        Self::parse(ARCHETYPES, RULES, RETROFITS).expect("the embedded tables are read by a test")
    }

    /// Reads tables of the same columns as `assets/energy/building_*.csv`.
    pub fn parse(archetypes: &str, uses: &str, retrofits: &str) -> Result<Self, TableError> {
        let rows = table("building_archetypes.csv", archetypes, archetype)?;
        let uses = table("building_uses.csv", uses, rules)?;
        let retrofits = table("building_retrofits.csv", retrofits, retrofit)?;
        if let Some(missing) = USES.iter().find(|usage| !uses.iter().any(|rules| rules.usage == **usage)) {
            return Err(TableError::new("building_uses.csv", 1, "use", &format!("no row for {missing:?}; write one")));
        }
        Ok(Self { rows, uses, retrofits })
    }

    /// The archetype of a use, country and year of construction; where the country has none, Germany's. Told apart by
    /// [`Archetype::country`].
    pub fn find(&self, usage: BuildingUse, country: &str, year: u16) -> Option<&Archetype> {
        let kind = &self.rules(usage)?.kind;
        let of = |country: &str| {
            let fits = |row: &&Archetype| row.kind == *kind && row.country == country;
            self.rows.iter().filter(fits).find(|row| (row.from_year..=row.to_year).contains(&year))
        };
        of(country).or_else(|| of("DE"))
    }

    pub fn rules(&self, usage: BuildingUse) -> Option<&UseRules> {
        self.uses.iter().find(|rules| rules.usage == usage)
    }

    pub fn retrofit(&self, level: &str) -> Option<&Retrofit> {
        self.retrofits.iter().find(|retrofit| retrofit.level == level)
    }
}

fn archetype(row: &TableRow<'_>) -> Result<Archetype, TableError> {
    let [from_year, to_year] = [row.number("from_year", [0.0, 9999.0])?, row.number("to_year", [0.0, 9999.0])?];
    let u = |column: &str| row.number(column, [0.05, 10.0]);
    Ok(Archetype {
        kind: row.text("use")?.to_owned(),
        country: row.text("country")?.to_owned(),
        from_year: from_year as u16,
        to_year: to_year as u16,
        wall_u: u("wall_u")?,
        roof_u: u("roof_u")?,
        floor_u: u("floor_u")?,
        window_u: u("window_u")?,
        window_g: row.number("window_g", [0.0, 1.0])?,
        window_share: row.number("window_share", [0.0, 1.0])?,
        air_changes_per_h: row.number("air_changes_per_h", [0.0, 20.0])?,
        capacity_j_m2k: 1000.0 * row.number("capacity_kj_m2k", [10.0, 2000.0])?,
        mass_per_floor: row.number("mass_per_floor", [0.5, 4.0])?,
        internal_w_m2: row.number("internal_w_m2", [0.0, 200.0])?,
        hot_water_kwh_m2: row.number("hot_water_kwh_m2", [0.0, 500.0])?,
        heated: row.number("heated", [0.0, 1.0])? > 0.5,
    })
}

fn rules(row: &TableRow<'_>) -> Result<UseRules, TableError> {
    let name = row.text("use")?;
    let Some(usage) = USES.into_iter().find(|usage| format!("{usage:?}").eq_ignore_ascii_case(name)) else {
        let known = USES.map(|usage| format!("{usage:?}").to_lowercase()).join(", ");
        return Err(row.fault("use", &format!("\"{name}\" is no use; known are {known}")));
    };
    let heating_c = row.number("heating_c", [-50.0, 30.0])?;
    let cooling_c = row.number("cooling_c", [heating_c, 100.0])?;
    Ok(UseRules {
        usage,
        kind: row.text("archetype")?.to_owned(),
        heating_c,
        setback_c: row.number("setback_c", [-50.0, heating_c])?,
        cooling_c,
        from_hour: row.number("from_hour", [0.0, 24.0])? as usize,
        to_hour: row.number("to_hour", [0.0, 24.0])? as usize,
        days_a_week: row.number("days_a_week", [0.0, 7.0])? as usize,
        occupied_gain: row.number("occupied_gain", [0.0, 20.0])?,
        empty_gain: row.number("empty_gain", [0.0, 20.0])?,
        night_air_share: row.number("night_air_share", [0.0, 5.0])?,
    })
}

fn retrofit(row: &TableRow<'_>) -> Result<Retrofit, TableError> {
    let u = |column: &str| row.number(column, [0.05, 10.0]);
    let cost = |column: &str| row.number(column, [0.0, 1e5]);
    Ok(Retrofit {
        level: row.text("level")?.to_owned(),
        wall_u: u("wall_u")?,
        roof_u: u("roof_u")?,
        floor_u: u("floor_u")?,
        window_u: u("window_u")?,
        window_g: row.number("window_g", [0.0, 1.0])?,
        air_share: row.number("air_share", [0.0, 1.0])?,
        eur_m2: [cost("wall_eur_m2")?, cost("roof_eur_m2")?, cost("floor_eur_m2")?, cost("window_eur_m2")?],
        year: row.year()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_has_an_archetype_of_every_age() {
        let tables = Archetypes::embedded();
        for country in ["DE", "FI", "BR", "XX"] {
            for usage in USES {
                for year in [1800, 1948, 1949, 1975, 1978, 1979, 2002, 2009, 2010, 2026] {
                    assert!(tables.find(usage, country, year).is_some(), "{usage:?} {country} {year}");
                }
            }
        }
        assert!(tables.retrofit("usual").is_some() && tables.retrofit("ambitious").is_some());
    }

    #[test]
    fn a_wrong_table_names_its_place() {
        let fails = |from: &str, to: &str| {
            let changed = ARCHETYPES.replacen(from, to, 1);
            assert_ne!(changed, ARCHETYPES);
            Archetypes::parse(&changed, RULES, RETROFITS).expect_err("a fault").to_string()
        };
        assert_eq!(
            fails("0.75,0.15,0.6", "0.75,1.4,0.6"),
            "building_archetypes.csv, line 2, column \"window_share\": \"1.4\"; give a number from 0 to 1"
        );
        assert!(fails("1.7,1.4", "NaN,1.4").contains("line 2, column \"wall_u\": \"NaN\""));
        let uses = RULES.replacen("office", "castle", 1);
        let fault = Archetypes::parse(ARCHETYPES, &uses, RETROFITS).expect_err("a fault").to_string();
        assert!(fault.contains("\"castle\" is no use; known are house, apartments"), "{fault}");
    }
}
