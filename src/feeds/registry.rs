//! Which sensor speaks on which topic, and what to subscribe to in order to hear them all.

use std::collections::HashMap;

use citytwin_model::{Quantity, Sensor, SensorId};

/// The longest topic that MQTT can carry, byte (MQTT 3.1.1, 1.5.3).
const MAX_TOPIC_BYTES: usize = 65_535;

/// The sensors of a city by topic.
#[derive(Clone, Debug, Default)]
pub struct SensorRegistry {
    by_topic: HashMap<String, (SensorId, Quantity)>,
    subscriptions: Vec<String>,
    unusable: Vec<(SensorId, &'static str)>,
}

impl SensorRegistry {
    /// `prefix`, when given, comes before every topic, with a `/` between.
    pub fn new(sensors: &[Sensor], city_slug: &str, prefix: Option<&str>) -> Self {
        let own = prefixed(prefix, &format!("citytwin/{city_slug}/"));
        let mut registry = Self::default();
        let mut own_topics = false;
        for sensor in sensors {
            let topic = prefixed(prefix, &sensor.topic);
            if let Some(why) = unusable(&sensor.topic, &topic) {
                registry.unusable.push((sensor.id, why));
            } else if registry.by_topic.contains_key(&topic) {
                registry.unusable.push((sensor.id, "another sensor already has this topic"));
            } else {
                if topic.starts_with(&own) {
                    own_topics = true;
                } else {
                    registry.subscriptions.push(topic.clone());
                }
                registry.by_topic.insert(topic, (sensor.id, sensor.quantity));
            }
        }
        if own_topics {
            registry.subscriptions.insert(0, format!("{own}#"));
        }
        registry
    }

    /// The sensor of a topic.
    pub fn find(&self, topic: &str) -> Option<(SensorId, Quantity)> {
        self.by_topic.get(topic).copied()
    }

    /// One wildcard for the city's own topics, then every topic outside it.
    pub fn subscriptions(&self) -> &[String] {
        &self.subscriptions
    }

    /// Sensors that cannot be heard, with the reason.
    pub fn unusable(&self) -> &[(SensorId, &'static str)] {
        &self.unusable
    }

    /// How many sensors can be heard.
    pub fn len(&self) -> usize {
        self.by_topic.len()
    }

    /// Whether no sensor can be heard.
    pub fn is_empty(&self) -> bool {
        self.by_topic.is_empty()
    }
}

/// A topic behind the prefix of a broker address.
pub(crate) fn prefixed(prefix: Option<&str>, topic: &str) -> String {
    prefix.map_or_else(|| topic.to_owned(), |prefix| format!("{prefix}/{topic}"))
}

/// Why nobody can publish on a topic (MQTT 3.1.1, 4.7).
fn unusable(own: &str, full: &str) -> Option<&'static str> {
    if own.is_empty() {
        Some("it has no topic")
    } else if full.contains(['#', '+']) {
        Some("its topic holds a wildcard")
    } else if full.contains('\0') {
        Some("its topic holds a NUL character")
    } else if full.len() > MAX_TOPIC_BYTES {
        Some("its topic is longer than 65,535 bytes")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use citytwin_model::{Coord, SourceRef};

    use super::*;

    fn sensor(id: u32, topic: &str) -> Sensor {
        Sensor {
            id: SensorId(id),
            source: SourceRef::local("sensor", &id.to_string()),
            name: String::new(),
            quantity: Quantity::Speed,
            at: Coord { x: 0.0, y: 0.0 },
            observes: None,
            topic: topic.to_owned(),
            interval_s: 10.0,
            stale_after_s: 40.0,
        }
    }

    #[test]
    fn own_topics_share_one_wildcard() {
        let sensors = [
            sensor(0, "citytwin/demo/a/speed"),
            sensor(1, "citytwin/demo/b/speed"),
            sensor(2, "citytwin/other/c/speed"),
            sensor(3, "plant/7/v"),
        ];
        let registry = SensorRegistry::new(&sensors, "demo", None);
        assert_eq!(registry.subscriptions(), ["citytwin/demo/#", "citytwin/other/c/speed", "plant/7/v"]);
        assert_eq!(registry.find("plant/7/v"), Some((SensorId(3), Quantity::Speed)));
        assert_eq!(registry.find("plant/7"), None);
        assert_eq!(registry.len(), 4);
    }

    #[test]
    fn a_prefix_comes_before_every_topic() {
        let sensors = [sensor(0, "citytwin/demo/a/speed"), sensor(1, "plant/7/v")];
        let registry = SensorRegistry::new(&sensors, "demo", Some("site/one"));
        assert_eq!(registry.subscriptions(), ["site/one/citytwin/demo/#", "site/one/plant/7/v"]);
        assert!(registry.find("site/one/citytwin/demo/a/speed").is_some());
        assert!(registry.find("citytwin/demo/a/speed").is_none());
    }

    #[test]
    fn topics_that_nobody_can_publish_on_are_named() {
        let long = "x".repeat(MAX_TOPIC_BYTES + 1);
        let rows = ["", "a/#", "a/+/b", "a\0b", long.as_str()];
        let mut sensors: Vec<_> = rows.iter().zip(0..).map(|(topic, id)| sensor(id, topic)).collect();
        sensors.push(sensor(5, "good"));
        sensors.push(sensor(6, "good"));
        let registry = SensorRegistry::new(&sensors, "demo", None);
        let ids: Vec<u32> = registry.unusable().iter().map(|(id, _)| id.0).collect();
        assert_eq!(ids, [0, 1, 2, 3, 4, 6]);
        assert_eq!(registry.subscriptions(), ["good"]);
        assert!(SensorRegistry::new(&[], "demo", None).subscriptions().is_empty());
    }
}
