//! What reinforcements cost: the rows of `assets/energy/reinforcement.csv`, each with its year and source.

/// The table as it stands in the assets.
const TABLE: &str = include_str!("../../../assets/energy/reinforcement.csv");
const COLUMNS: usize = 13;

/// Where the grid lies, which decides what earthwork costs.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Setting {
    /// More than 500 inhabitants per km².
    #[default]
    Urban,
    Rural,
}

/// A standard cable, per km and A.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StandardCable {
    pub r_ohm: f64,
    pub x_ohm: f64,
    pub c_f: f64,
    pub rated_a: f64,
}

/// One row.
#[derive(Clone, PartialEq, Debug)]
pub struct Cost {
    pub measure: String,
    setting: Option<Setting>,
    above_v: f64,
    up_to_v: f64,
    /// Per km, unit or step.
    pub cost_eur: f64,
    pub year: u16,
    pub cable: Option<StandardCable>,
    pub source: String,
}

/// All rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Costs(Vec<Cost>);

impl Costs {
    /// The program's own table; a test reads every row.
    pub fn built_in() -> Self {
        Self::read(TABLE).expect("the built-in table is sound: a test reads it")
    }

    /// Reads a table of the same columns. An error names row and what is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        let rows = text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty());
        let read = |(index, line): (usize, &str)| row(line).map_err(|what| format!("row {index}: {what}"));
        rows.map(read).collect::<Result<Vec<_>, _>>().map(Self)
    }

    /// The row of a measure at a voltage.
    pub fn of(&self, measure: &str, rated_v: f64, setting: Setting) -> Option<&Cost> {
        let fits = |cost: &&Cost| {
            let here = cost.setting.is_none_or(|own| own == setting);
            cost.measure == measure && here && rated_v > cost.above_v && rated_v <= cost.up_to_v
        };
        self.0.iter().find(fits)
    }
}

fn row(line: &str) -> Result<Cost, String> {
    // The source is last and may hold commas.
    let cells: Vec<&str> = line.splitn(COLUMNS, ',').map(|cell| cell.trim().trim_matches('"')).collect();
    if cells.len() < COLUMNS {
        return Err(format!("has {} cells; {COLUMNS} are needed", cells.len()));
    }
    let number = |at: usize, name: &str| {
        let value: f64 = cells[at].parse().map_err(|_| format!("field {name}: \"{}\" is no number", cells[at]))?;
        if value.is_finite() && value >= 0.0 { Ok(value) } else { Err(format!("field {name}: {value} is below zero")) }
    };
    let setting = match cells[1] {
        "urban" => Some(Setting::Urban),
        "rural" => Some(Setting::Rural),
        "any" => None,
        other => return Err(format!("field setting: \"{other}\" is none of urban, rural, any")),
    };
    let cable = if cells[7].is_empty() {
        None
    } else {
        let (r_ohm, x_ohm) = (number(7, "r_ohm_km")?, number(8, "x_ohm_km")?);
        Some(StandardCable { r_ohm, x_ohm, c_f: 1e-9 * number(9, "c_nf_km")?, rated_a: number(10, "rated_a")? })
    };
    let year = cells[6].parse().map_err(|_| format!("field year: \"{}\" is no year", cells[6]))?;
    if cells[12].is_empty() {
        return Err("field source: is empty; name where the cost stands".to_owned());
    }
    Ok(Cost {
        measure: cells[0].to_owned(),
        setting,
        above_v: number(2, "above_v")?,
        up_to_v: number(3, "up_to_v")?,
        cost_eur: number(4, "cost_eur")?,
        year,
        cable,
        source: cells[12].to_owned(),
    })
}
