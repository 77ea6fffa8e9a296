//! What a mapping takes of a message, and how a stated value becomes one in the quantity's unit.

use citytwin_model::Quantity;
use toml::Value as Toml;

use super::{
    fields::{Fields, finite},
    pattern::{Captures, Names, Template, TextPattern},
    targets::NearestKind,
};
use crate::{
    decode::{Observation, Value},
    payload::excerpt,
    unit::factors,
};

/// Limits of the quality checks that a mapping states for its sensors, in place of those of the quantity.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct QualityLimits {
    /// A change that is plausible at once, in the quantity's unit.
    pub max_step: Option<f64>,
    /// A change that is plausible within an hour, in the quantity's unit.
    pub max_per_hour: Option<f64>,
    pub flat_after_s: Option<f64>,
}

/// One `[[mapping.take]]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Take {
    pub quantity: Quantity,
    /// The unit of values whose payload names none.
    pub unit: Option<String>,
    pub scale: f64,
    pub offset: f64,
    /// In the quantity's unit; outside it a reading is bad.
    pub valid: Option<(f64, f64)>,
    /// Declared life of a value, second.
    pub ttl_s: Option<f64>,
    pub limits: QualityLimits,
    /// The JSONPath of a plain JSON mapping.
    pub(super) path: Option<String>,
    pub(super) device: Option<TextPattern>,
    pub(super) property: Option<TextPattern>,
    pub(super) target: Target,
    own_factors: (f64, f64),
    missing_numbers: Vec<f64>,
    missing_texts: Vec<String>,
    words: Vec<(String, f64)>,
}

/// Where readings go.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Target {
    Sensor(Template),
    Nearest { kind: NearestKind, within_m: f64 },
}

/// Why a value gave no reading.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub(super) enum ValueError {
    #[error("`{0}` is no number, and `words` does not name it")]
    NoNumber(String),
    #[error("unit `{unit}` does not measure {quantity} (in {})", quantity.unit())]
    Unit { unit: String, quantity: Quantity },
    #[error("value {value:?} {} is outside what {quantity} can be", quantity.unit())]
    Impossible { value: f64, quantity: Quantity },
}

impl ValueError {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NoNumber(_) => "no number",
            Self::Unit { .. } => "wrong unit",
            Self::Impossible { .. } => "impossible value",
        }
    }
}

impl Take {
    /// The value in the quantity's unit; `None` when it says that there is none.
    pub(super) fn value(&self, observation: &Observation<'_>) -> Result<Option<f64>, ValueError> {
        let Some(stated) = self.number(&observation.value)? else { return Ok(None) };
        let (factor, shift) = match observation.unit.as_deref() {
            Some(unit) if self.unit.as_deref() != Some(unit) => factors(self.quantity, unit.trim())
                .ok_or_else(|| ValueError::Unit { unit: excerpt(unit), quantity: self.quantity })?,
            _ => self.own_factors,
        };
        let value = (stated * self.scale + self.offset) * factor + shift;
        let (low, high) = self.quantity.possible();
        if value >= low && value <= high {
            Ok(Some(value))
        } else {
            Err(ValueError::Impossible { value, quantity: self.quantity })
        }
    }

    /// Whether a value is within what the mapping calls valid.
    pub(super) fn is_valid(&self, value: f64) -> bool {
        self.valid.is_none_or(|(low, high)| value >= low && value <= high)
    }

    /// Whether values of such a property are asked for.
    pub(super) fn may_take(&self, property: &str) -> bool {
        self.property.as_ref().is_none_or(|pattern| pattern.matches(property, &mut Captures::default()))
    }

    fn number(&self, value: &Value<'_>) -> Result<Option<f64>, ValueError> {
        let text = match value {
            Value::Missing => return Ok(None),
            Value::Number(number) => return Ok(Some(*number).filter(|n| !self.missing_numbers.contains(n))),
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Text(text) => text.trim(),
        };
        if self.missing_texts.iter().any(|missing| missing == text) {
            return Ok(None);
        }
        if let Some((_, number)) = self.words.iter().find(|(word, _)| word == text) {
            return Ok(Some(*number));
        }
        let number = match value {
            Value::Bool(flag) => Some(f64::from(*flag)),
            _ => text.parse::<f64>().ok().filter(|n| n.is_finite()),
        };
        let number = number.ok_or_else(|| ValueError::NoNumber(excerpt(text)))?;
        Ok(Some(number).filter(|n| !self.missing_numbers.contains(n)))
    }

    /// Reads one table; `None` after a fault. `names` are the captures of the topic.
    pub(super) fn read(fields: &mut Fields<'_, '_>, is_json: bool, mut names: Names) -> Option<Self> {
        let quantity = quantity(fields);
        let path = if is_json { fields.required_text("value").map(str::to_owned) } else { None };
        let mut pattern = |fields: &mut Fields<'_, '_>, field: &'static str| {
            let text = fields.text(field);
            if text.is_none() && fields.has(field) {
                names.lose();
            }
            let text = text?;
            let pattern = TextPattern::parse(text, &mut names).map_err(|why| fields.fault(field, why)).ok();
            if pattern.is_none() {
                names.lose();
            }
            pattern
        };
        let device = pattern(fields, "device");
        let property = if is_json { None } else { pattern(fields, "property") };
        let unit = fields.text("unit").map(str::to_owned);
        let own_factors = match (&unit, quantity) {
            (Some(unit), Some(quantity)) => factors(quantity, unit).or_else(|| {
                let what = format!(
                    "`{}` does not measure {quantity}; give {} or one that converts",
                    excerpt(unit),
                    quantity.unit()
                );
                fields.fault("unit", what);
                None
            }),
            _ => Some((1.0, 0.0)),
        };
        let (missing_numbers, missing_texts) = missing(fields);
        let take = Self {
            quantity: quantity.unwrap_or(Quantity::Speed),
            unit,
            scale: scale(fields),
            offset: fields.number("offset").unwrap_or(0.0),
            valid: fields.range("valid"),
            ttl_s: fields.positive("ttl_s"),
            limits: QualityLimits {
                max_step: fields.positive("max_step"),
                max_per_hour: fields.positive("max_per_hour"),
                flat_after_s: fields.positive("flat_after_s"),
            },
            path,
            device,
            property,
            own_factors: own_factors.unwrap_or((1.0, 0.0)),
            missing_numbers,
            missing_texts,
            words: words(fields),
            target: target(fields, &names)?,
        };
        quantity.map(|_| take)
    }
}

fn quantity(fields: &mut Fields<'_, '_>) -> Option<Quantity> {
    let name = fields.required_text("quantity")?;
    let quantity = Quantity::from_name(name);
    if quantity.is_none() {
        let known: Vec<&str> = Quantity::ALL.iter().map(|q| q.name()).collect();
        fields.fault("quantity", format!("`{}` is not known; give one of {}", excerpt(name), known.join(", ")));
    }
    quantity
}

fn scale(fields: &mut Fields<'_, '_>) -> f64 {
    let scale = fields.number("scale").unwrap_or(1.0);
    if scale == 0.0 {
        fields.fault("scale", "is zero, which makes all values the same; give another number");
    }
    scale
}

fn missing(fields: &mut Fields<'_, '_>) -> (Vec<f64>, Vec<String>) {
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    match fields.get("missing") {
        None => {}
        Some(Toml::Array(list)) => {
            for entry in list {
                match (finite(entry), entry.as_str()) {
                    (Some(number), _) => numbers.push(number),
                    (None, Some(text)) => texts.push(text.to_owned()),
                    _ => fields.fault("missing", "holds something else than numbers and texts; take it out"),
                }
            }
        }
        Some(_) => fields.fault("missing", "is no array; give the values that mean none: [-200]"),
    }
    (numbers, texts)
}

fn words(fields: &mut Fields<'_, '_>) -> Vec<(String, f64)> {
    let mut words = Vec::new();
    for (word, value) in fields.words("words").into_iter().flatten() {
        match finite(value) {
            Some(number) => words.push((word.clone(), number)),
            None => fields.fault("words", format!("`{}` is no number; write word = 1", excerpt(word))),
        }
    }
    words
}

fn target(fields: &mut Fields<'_, '_>, names: &Names) -> Option<Target> {
    let sensor = fields.text("sensor");
    let nearest = fields.text("nearest");
    let within_m = fields.positive("within_m");
    match (sensor, nearest) {
        (Some(template), None) => {
            if within_m.is_some() {
                fields.fault("within_m", "goes with `nearest`; take it out");
            }
            Template::parse(template, names).map_err(|why| fields.fault("sensor", why)).ok().map(Target::Sensor)
        }
        (None, Some(kind)) => {
            let known = NearestKind::from_name(kind);
            if known.is_none() {
                fields.fault(
                    "nearest",
                    format!("`{}` is not known; give {}", excerpt(kind), NearestKind::NAMES.join(", ")),
                );
            }
            if within_m.is_none() && !fields.has("within_m") {
                fields.fault("within_m", "is missing; say how far the nearest may be, in metres");
            }
            Some(Target::Nearest { kind: known?, within_m: within_m? })
        }
        (Some(_), Some(_)) => {
            fields.fault("nearest", "stands beside `sensor`; keep one of the two");
            None
        }
        (None, None) => {
            if !fields.has("sensor") && !fields.has("nearest") {
                fields.fault("sensor", "is missing; give a sensor's id, or `nearest` and `within_m`");
            }
            None
        }
    }
}
