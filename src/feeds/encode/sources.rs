//! The `sources.toml` that reads what an encoder writes.

use citytwin_model::Quantity;
use toml::Value;

use super::{Encoder, Format, home_assistant, ngsi_ld, sparkplug};
use crate::registry::prefixed;

/// What the source is called; readings cite it, so that nobody takes them for measurements.
const SOURCE: &str = "simulated";

pub(super) fn write(encoder: &Encoder, address: &str) -> Option<String> {
    if encoder.format == Format::Own {
        return None;
    }
    let mut text = format!(
        "# Reads what `citytwin feed simulate --format {}` publishes. No device measured it.\nversion = 1\n\n\
         [[source]]\nid = \"{SOURCE}\"\nkind = \"mqtt\"\naddress = {}\n",
        encoder.format,
        quoted(address)
    );
    let city = &encoder.city;
    match encoder.format {
        // Their payloads do not say what is measured: the topic does, with a mapping each.
        Format::Json | Format::SensorThings => {
            for quantity in encoder.quantities() {
                let (topic, more) = match encoder.format {
                    Format::Json => (
                        format!("simulated/{city}/json/{quantity}/{{sensor}}"),
                        "time = \"$.at\"\nunit = \"$.unit\"\nquality = \"$.state\"\n",
                    ),
                    _ => (format!("simulated/{city}/{quantity}/v1.1/Datastreams('{{sensor}}')/Observations"), ""),
                };
                mapping(&mut text, encoder, quantity.name(), Some(&topic), more);
                let value = if encoder.format == Format::Json { "value = \"$.v\"\n" } else { "" };
                take(&mut text, quantity, value, "{sensor}");
            }
        }
        _ => {
            let (topic, more) = one_mapping(encoder);
            mapping(&mut text, encoder, SOURCE, topic.as_deref(), &more);
            for quantity in encoder.quantities() {
                let (selects, sensor) = selection(encoder.format, city, quantity);
                take(&mut text, quantity, &selects, sensor);
            }
        }
    }
    Some(text)
}

/// Topic and further fields of a format that has all quantities in one mapping.
fn one_mapping(encoder: &Encoder) -> (Option<String>, String) {
    let city = &encoder.city;
    match encoder.format {
        Format::HomeAssistant => {
            let prefix = prefixed(encoder.prefix.as_deref(), "homeassistant");
            (None, format!("prefix = {}\n", quoted(&prefix)))
        }
        Format::SparkplugB => (Some(format!("spBv1.0/{city}/#")), String::new()),
        format => (Some(format!("simulated/{city}/{format}/+")), String::new()),
    }
}

/// How a take tells its observations, and the sensor they are of.
fn selection(format: Format, city: &str, quantity: Quantity) -> (String, &'static str) {
    match format {
        Format::NgsiLd => {
            (format!("device = \"{}{{sensor}}\"\nproperty = \"{quantity}\"\n", ngsi_ld::ENTITY), "{sensor}")
        }
        Format::HomeAssistant => (format!("property = \"{}\"\n", home_assistant::property(quantity)), "{device}"),
        Format::SparkplugB => {
            (format!("device = \"{city}/{}/{{sensor}}\"\nproperty = \"{quantity}\"\n", sparkplug::NODE), "{sensor}")
        }
        // SenML: the quantity ends the name.
        _ => (format!("device = \"{city}/{{sensor}}/{quantity}\"\n"), "{sensor}"),
    }
}

fn mapping(text: &mut String, encoder: &Encoder, id: &str, topic: Option<&str>, more: &str) {
    *text += &format!("\n[[mapping]]\nid = \"{id}\"\nsource = \"{SOURCE}\"\nformat = \"{}\"\n", encoder.format);
    if let Some(topic) = topic {
        *text += &format!("topic = {}\n", quoted(&prefixed(encoder.prefix.as_deref(), topic)));
    }
    *text += more;
}

fn take(text: &mut String, quantity: Quantity, selects: &str, sensor: &str) {
    *text += &format!("[[mapping.take]]\n{selects}quantity = \"{quantity}\"\nsensor = \"{sensor}\"\n");
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
