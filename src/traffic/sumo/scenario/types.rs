//! Vehicle types, what SUMO takes where they state nothing, and distributions over types.

use std::collections::{BTreeMap, HashMap};

use super::{
    Misplaced,
    collect::{Element, RawType},
};
use crate::sumo::xml::{Attributes, Failure, finite, shortened};

/// SUMO's vehicle class (`vClass`): an index into its table of defaults.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SumoClass(u8);

/// A `<vType>`. What the file does not state is SUMO's default for the class.
#[derive(Clone, PartialEq, Debug)]
pub struct SumoType {
    pub id: String,
    pub class: SumoClass,
    pub length_m: f64,
    pub min_gap_m: f64,
    /// What the vehicle can do.
    pub max_speed_mps: f64,
    /// What its driver wants at most, where any speed is allowed.
    pub desired_max_speed_mps: Option<f64>,
    pub accel_mps2: f64,
    pub decel_mps2: f64,
    /// At least `decel_mps2`.
    pub emergency_decel_mps2: f64,
    /// The driver's imperfection, 0 to 1.
    pub sigma: f64,
    /// The time headway that is wanted.
    pub tau_s: f64,
    pub speed_factor: SumoSpeedFactor,
    pub width_m: f64,
    pub impatience: f64,
    /// `Krauss`, `IDM`, …
    pub car_follow_model: String,
    /// Where it is not the simulation's step.
    pub action_step_s: Option<f64>,
    /// Parameters `lc…` of lane changing, by name.
    pub lane_change: BTreeMap<String, f64>,
    /// Parameters `jm…` of junctions, by name.
    pub junction: BTreeMap<String, f64>,
    /// Where the file states one.
    pub emission_class: Option<String>,
    /// Weight in distributions that name the type.
    pub probability: f64,
}

/// How drivers hold a speed limit: each takes it times a factor from a normal distribution.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SumoSpeedFactor {
    pub mean: f64,
    /// Standard deviation; 0: all the same.
    pub dev: f64,
    /// Least and most; a draw outside is drawn anew.
    pub bounds: Option<[f64; 2]>,
}

/// A `<vTypeDistribution>`.
#[derive(Clone, PartialEq, Debug)]
pub struct SumoDistribution {
    pub id: String,
    /// Types and their weights, each ≥ 0, not all 0.
    pub types: Vec<(usize, f64)>,
}

/// What a class takes where its type states nothing.
struct Defaults {
    class: &'static str,
    length_m: f64,
    min_gap_m: f64,
    max_speed_kmh: f64,
    accel_mps2: f64,
    decel_mps2: f64,
    emergency_decel_mps2: f64,
    speed_dev: f64,
    width_m: f64,
}

/// As SUMO 1.28.0 answers for a `<vType>` that states its class alone (TraCI, vehicletype domain; each row was asked).
/// Where its page Vehicle_Type_Parameter_Defaults differs (bus: 85 km/h and a deviation of 0.1), this is what runs.
#[rustfmt::skip]
const DEFAULTS: [Defaults; 34] = [
    defaults("passenger",    5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.1,  1.8),
    defaults("private",      5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.1,  1.8),
    defaults("emergency",    6.5,   2.5,  200.0,  2.6,  4.5,  9.0, 0.0,  2.16),
    defaults("authority",    5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.0,  1.8),
    defaults("army",         5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.0,  1.8),
    defaults("vip",          5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.1,  1.8),
    defaults("pedestrian",   0.215, 0.25,  37.58, 1.5,  2.0,  5.0, 0.1,  0.478),
    defaults("hov",          5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.1,  1.8),
    defaults("taxi",         5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.05, 1.8),
    defaults("bus",         12.0,   2.5,  100.0,  1.2,  4.0,  7.0, 0.0,  2.5),
    defaults("coach",       14.0,   2.5,  100.0,  2.0,  4.0,  7.0, 0.05, 2.6),
    defaults("delivery",     6.5,   2.5,  200.0,  2.6,  4.5,  9.0, 0.05, 2.16),
    defaults("truck",        7.1,   2.5,  130.0,  1.3,  4.0,  7.0, 0.05, 2.4),
    defaults("trailer",     16.5,   2.5,  130.0,  1.1,  4.0,  7.0, 0.05, 2.55),
    defaults("motorcycle",   2.2,   2.5,  200.0,  6.0, 10.0, 10.0, 0.1,  0.9),
    defaults("moped",        2.1,   2.5,   60.0,  1.1,  7.0, 10.0, 0.1,  0.78),
    defaults("bicycle",      1.6,   0.5,   50.0,  1.2,  3.0,  7.0, 0.1,  0.65),
    defaults("evehicle",     5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.1,  1.8),
    defaults("tram",        22.0,   2.5,   80.0,  1.0,  3.0,  7.0, 0.0,  2.4),
    defaults("rail_urban", 109.5,   5.0,  100.0,  1.0,  3.0,  7.0, 0.0,  3.0),
    defaults("rail",       135.0,   5.0,  160.0,  0.25, 1.3,  5.0, 0.0,  2.84),
    defaults("rail_electric", 200.0, 5.0, 220.0,  0.5,  1.3,  5.0, 0.0,  2.95),
    defaults("rail_fast",  200.0,   5.0,  330.0,  0.5,  1.3,  5.0, 0.0,  2.95),
    defaults("ship",        17.0,   2.5,   14.845, 0.1, 0.15, 1.0, 0.1,  4.0),
    defaults("container",    6.096, 2.5,  200.0,  2.6,  4.5,  9.0, 0.0,  2.438),
    defaults("cable_car",    5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.0,  1.8),
    defaults("subway",     109.5,   5.0,  100.0,  2.6,  4.5,  9.0, 0.0,  3.0),
    defaults("aircraft",    72.7,   2.5,  200.0,  2.6,  4.5,  9.0, 0.0, 79.8),
    defaults("wheelchair",   1.2,   0.5,   30.0,  1.5,  2.0,  5.0, 0.1,  0.72),
    defaults("scooter",      1.2,   0.5,   25.0,  1.2,  3.0,  7.0, 0.1,  0.5),
    defaults("drone",        0.5,   2.5,  200.0,  2.6,  4.5,  9.0, 0.0,  0.5),
    defaults("custom1",      5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.1,  1.8),
    defaults("custom2",      5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.1,  1.8),
    defaults(IGNORING,       5.0,   2.5,  200.0,  2.6,  4.5,  9.0, 0.0,  1.8),
];

/// The class that heeds no lane's permissions.
const IGNORING: &str = "ignoring";

#[expect(clippy::too_many_arguments, reason = "a row of a table")]
const fn defaults(
    class: &'static str,
    length_m: f64,
    min_gap_m: f64,
    max_speed_kmh: f64,
    accel_mps2: f64,
    decel_mps2: f64,
    emergency_decel_mps2: f64,
    speed_dev: f64,
    width_m: f64,
) -> Defaults {
    Defaults {
        class,
        length_m,
        min_gap_m,
        max_speed_kmh,
        accel_mps2,
        decel_mps2,
        emergency_decel_mps2,
        speed_dev,
        width_m,
    }
}

/// Speed that riders of bicycles and scooters want, and walkers, metre per second (SUMO's page, `desiredMaxSpeed`).
const DESIRED_RIDING_MPS: f64 = 20.0 / 3.6;
const DESIRED_WALKING_MPS: f64 = 5.0 / 3.6;
/// SUMO's headway, second, and imperfection of drivers on roads; on rails and water it is 0.
const TAU_S: f64 = 1.0;
const SIGMA: f64 = 0.5;
/// SUMO's bounds of the speed factor.
const SPEED_FACTOR_BOUNDS: [f64; 2] = [0.2, 2.0];
/// Types that SUMO knows without a file.
const PREDEFINED: [(&str, &str); 3] =
    [("DEFAULT_VEHTYPE", "passenger"), ("DEFAULT_BIKETYPE", "bicycle"), ("DEFAULT_TAXITYPE", "taxi")];
/// Attributes that say what a type looks like, carries or weighs, and nothing about how it drives.
const LOOKS: [&str; 14] = [
    "color",
    "guiShape",
    "imgFile",
    "osgFile",
    "height",
    "mass",
    "personCapacity",
    "containerCapacity",
    "vClass",
    "id",
    "probability",
    "boardingDuration",
    "loadingDuration",
    "laneChangeModel",
];

impl SumoClass {
    pub const PASSENGER: Self = Self(0);

    /// `None`: SUMO knows no such class.
    pub fn of(name: &str) -> Option<Self> {
        DEFAULTS.iter().position(|row| row.class == name).map(|index| Self(index as u8))
    }

    /// SUMO's word: `passenger`, `bus`, `truck`, `bicycle`, …
    pub fn name(self) -> &'static str {
        self.defaults().class
    }

    /// Whether it may drive where no lane allows it.
    pub fn ignores_permissions(self) -> bool {
        self.name() == IGNORING
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) const COUNT: usize = DEFAULTS.len();

    fn defaults(self) -> &'static Defaults {
        &DEFAULTS[self.index()]
    }
}

impl SumoType {
    /// The type that states its class alone.
    pub fn of_class(id: &str, class: SumoClass) -> Self {
        let d = class.defaults();
        let drives_itself = matches!(d.class, "tram" | "rail_urban" | "rail" | "rail_electric" | "rail_fast" | "ship");
        Self {
            id: id.to_owned(),
            class,
            length_m: d.length_m,
            min_gap_m: d.min_gap_m,
            max_speed_mps: d.max_speed_kmh / 3.6,
            desired_max_speed_mps: match d.class {
                "bicycle" | "scooter" => Some(DESIRED_RIDING_MPS),
                "pedestrian" | "wheelchair" => Some(DESIRED_WALKING_MPS),
                _ => None,
            },
            accel_mps2: d.accel_mps2,
            decel_mps2: d.decel_mps2,
            emergency_decel_mps2: d.emergency_decel_mps2,
            sigma: if drives_itself { 0.0 } else { SIGMA },
            tau_s: TAU_S,
            speed_factor: SumoSpeedFactor { mean: 1.0, dev: d.speed_dev, bounds: Some(SPEED_FACTOR_BOUNDS) },
            width_m: d.width_m,
            impatience: 0.0,
            car_follow_model: "Krauss".to_owned(),
            action_step_s: None,
            lane_change: BTreeMap::new(),
            junction: BTreeMap::new(),
            emission_class: None,
            probability: 1.0,
        }
    }
}

impl SumoSpeedFactor {
    /// A number (the mean), `norm(mean,dev)`, `normc(mean,dev,min,max)`. `None`: none of them.
    fn read(text: &str, dev: f64) -> Option<Self> {
        let text = text.trim();
        if let Some(mean) = finite(text) {
            return Some(Self { mean, dev, bounds: Some(SPEED_FACTOR_BOUNDS) });
        }
        let (name, rest) = text.split_once('(')?;
        let numbers: Option<Vec<f64>> = rest.strip_suffix(')')?.split(',').map(finite).collect();
        match (name.trim(), numbers?.as_slice()) {
            ("norm", &[mean, dev]) => Some(Self { mean, dev, bounds: None }),
            ("normc", &[mean, dev]) => Some(Self { mean, dev, bounds: Some(SPEED_FACTOR_BOUNDS) }),
            ("normc", &[mean, dev, min, max]) if min <= max => Some(Self { mean, dev, bounds: Some([min, max]) }),
            _ => None,
        }
    }
}

impl SumoDistribution {
    /// The type at a place between 0 and 1.
    pub(super) fn draw(&self, at: f64) -> usize {
        let mut left = at * self.types.iter().map(|(_, weight)| weight).sum::<f64>();
        for (kind, weight) in &self.types {
            left -= weight;
            if left < 0.0 {
                return *kind;
            }
        }
        // Rounding: the last that has any weight.
        self.types.iter().rev().find(|(_, weight)| *weight > 0.0).map_or(0, |(kind, _)| *kind)
    }
}

/// All types by name.
pub(super) struct Types {
    pub types: Vec<SumoType>,
    pub distributions: Vec<SumoDistribution>,
    names: HashMap<String, Kind>,
}

/// What a trip's `type` names.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind {
    One(usize),
    Distribution(usize),
}

impl Types {
    pub fn resolve(
        raw: &[RawType],
        distributions: &[Element],
        unsupported: &mut BTreeMap<String, usize>,
        problems: &mut Vec<Misplaced>,
    ) -> Self {
        let mut types = Self { types: Vec::new(), distributions: Vec::new(), names: HashMap::new() };
        for (id, class) in PREDEFINED {
            types.names.insert(id.to_owned(), Kind::One(types.types.len()));
            types.types.push(SumoType::of_class(id, SumoClass::of(class).expect("it is in the table")));
        }
        let mut members = vec![Vec::new(); distributions.len()];
        for raw in raw {
            match types.add(raw, unsupported) {
                Ok(index) => {
                    let stated = types.types[index].probability;
                    raw.distribution.into_iter().for_each(|d| members[d].push((index, stated)));
                }
                Err(what) => problems.push((raw.element.place, format!("{what}: left out"))),
            }
        }
        for (element, members) in distributions.iter().zip(members) {
            if let Err(what) = types.add_distribution(&element.attributes, members) {
                problems.push((element.place, format!("{what}: left out")));
            }
        }
        types
    }

    /// `None` without a name: SUMO's default type.
    pub fn named(&self, name: Option<&str>) -> Option<Kind> {
        self.names.get(name.unwrap_or(PREDEFINED[0].0)).copied()
    }

    fn add(&mut self, raw: &RawType, unsupported: &mut BTreeMap<String, usize>) -> Result<usize, Failure> {
        let read = read_type(raw, unsupported)?;
        match self.names.get(&read.id) {
            // A file may say what a predefined type is.
            Some(Kind::One(index)) if *index < PREDEFINED.len() => {
                let index = *index;
                self.types[index] = read;
                Ok(index)
            }
            Some(_) => Err(format!("type {} stands twice", shortened(&read.id))),
            None => {
                self.names.insert(read.id.clone(), Kind::One(self.types.len()));
                self.types.push(read);
                Ok(self.types.len() - 1)
            }
        }
    }

    /// `members`: the types inside it.
    fn add_distribution(&mut self, a: &Attributes, mut members: Vec<(usize, f64)>) -> Result<(), Failure> {
        let id = a.text("id")?.to_owned();
        let named = format!("distribution {}", shortened(&id));
        if self.names.contains_key(&id) {
            return Err(format!("{named} stands twice"));
        }
        let weights: Option<Vec<f64>> = a
            .get("probabilities")
            .map(|text| text.split_whitespace().map(finite).collect())
            .unwrap_or(Some(Vec::new()));
        let weights =
            weights.ok_or_else(|| a.wrong("probabilities", a.get("probabilities").unwrap_or(""), "numbers"))?;
        let names: Vec<&str> = a.get("vTypes").unwrap_or("").split_whitespace().collect();
        if !weights.is_empty() && weights.len() != names.len() {
            return Err(format!("{named} has {} probabilities for {} types", weights.len(), names.len()));
        }
        for (i, name) in names.into_iter().enumerate() {
            let Some(Kind::One(index)) = self.names.get(name) else {
                return Err(format!("{named}: there is no type {}", shortened(name)));
            };
            members.push((*index, weights.get(i).copied().unwrap_or(self.types[*index].probability)));
        }
        if members.iter().any(|(_, weight)| *weight < 0.0) || !members.iter().any(|(_, weight)| *weight > 0.0) {
            return Err(format!("{named} has no type of positive probability"));
        }
        self.names.insert(id.clone(), Kind::Distribution(self.distributions.len()));
        self.distributions.push(SumoDistribution { id, types: members });
        Ok(())
    }
}

fn read_type(raw: &RawType, unsupported: &mut BTreeMap<String, usize>) -> Result<SumoType, Failure> {
    let a = &raw.element.attributes;
    let class = match a.get("vClass") {
        Some(name) => SumoClass::of(name).ok_or_else(|| a.wrong("vClass", name, "a class that SUMO knows"))?,
        None => SumoClass::PASSENGER,
    };
    let mut read = SumoType::of_class(a.text("id")?, class);
    read.car_follow_model = a.get("carFollowModel").unwrap_or("Krauss").to_owned();
    if let Some(dev) = a.optional("speedDev")? {
        read.speed_factor.dev = dev;
    }
    if let Some(text) = a.get("speedFactor") {
        let wrong = || a.wrong("speedFactor", text, "a number, `norm(mean,dev)` or `normc(mean,dev,min,max)`");
        read.speed_factor = SumoSpeedFactor::read(text, read.speed_factor.dev).ok_or_else(wrong)?;
        read.speed_factor.dev = a.optional("speedDev")?.unwrap_or(read.speed_factor.dev);
    }
    let SumoSpeedFactor { mean, dev, .. } = read.speed_factor;
    if mean <= 0.0 || dev < 0.0 {
        return Err(format!("type {}: a speed factor of {mean} ± {dev} moves no one", shortened(&read.id)));
    }
    read.probability = a.optional("probability")?.unwrap_or(1.0);
    read.emission_class = a.owned("emissionClass");
    read_numbers(&mut read, a, unsupported)?;
    if let Some(model) = &raw.model {
        read.car_follow_model = model.tag.trim_start_matches("carFollowing-").to_owned();
        read_numbers(&mut read, model, unsupported)?;
    }
    read.emergency_decel_mps2 = read.emergency_decel_mps2.max(read.decel_mps2);
    Ok(read)
}

/// All that is a number; what is not read is counted.
fn read_numbers(read: &mut SumoType, a: &Attributes, unsupported: &mut BTreeMap<String, usize>) -> Result<(), Failure> {
    let at_least_zero = |key: &str| {
        let value = a.number(key)?;
        if value >= 0.0 { Ok(value) } else { Err(a.wrong(key, a.text(key)?, "at least 0")) }
    };
    for (key, text) in &a.values {
        let key = *key;
        match key {
            "length" => read.length_m = a.positive(key)?,
            "minGap" => read.min_gap_m = at_least_zero(key)?,
            "maxSpeed" => read.max_speed_mps = a.positive(key)?,
            "desiredMaxSpeed" => read.desired_max_speed_mps = Some(a.positive(key)?),
            "accel" => read.accel_mps2 = a.positive(key)?,
            "decel" => read.decel_mps2 = a.positive(key)?,
            "emergencyDecel" => read.emergency_decel_mps2 = a.positive(key)?,
            "sigma" => {
                read.sigma = at_least_zero(key)?;
                if read.sigma > 1.0 {
                    return Err(a.wrong(key, text, "between 0 and 1"));
                }
            }
            "tau" => read.tau_s = a.positive(key)?,
            "width" => read.width_m = a.positive(key)?,
            "impatience" if text != "off" => read.impatience = a.number(key)?,
            "actionStepLength" => read.action_step_s = Some(a.positive(key)?),
            "speedFactor" | "speedDev" | "carFollowModel" | "emissionClass" => {}
            _ if key.starts_with("lc") => _ = read.lane_change.insert(key.to_owned(), a.number(key)?),
            _ if key.starts_with("jm") => _ = read.junction.insert(key.to_owned(), a.number(key)?),
            _ if LOOKS.contains(&key) => {}
            _ => *unsupported.entry(format!("vType {key}")).or_default() += 1,
        }
    }
    Ok(())
}
