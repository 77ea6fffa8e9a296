//! What a source's formats mean for whoever asks it over HTTP or reads it from a file.

use super::document::{Format, Sources};
use crate::decode::{Decoder, OF_STATION, OF_VEHICLE};

/// What a source is asked for, and what of its answers leads to more.
#[derive(Debug)]
pub(crate) struct Asked {
    /// `Accept` of a request.
    pub accept: String,
    /// Decoders whose signals tell of further pages and of how long an answer holds.
    pub leading: Vec<Decoder>,
    /// The files of a GBFS system that its `gbfs.json` is looked through for, in the order in which they are asked.
    pub gbfs_files: Vec<&'static str>,
    /// Further pages stand in the header `Link` (RFC 8288).
    pub linked: bool,
}

impl Sources {
    /// What source number `source` is asked for.
    pub(crate) fn asked(&self, source: usize) -> Asked {
        let mut asked = Asked { accept: String::new(), leading: Vec::new(), gbfs_files: Vec::new(), linked: false };
        let mut types: Vec<&str> = Vec::new();
        let (mut stations, mut vehicles, mut pages) = (false, false, false);
        for mapping in self.mappings.iter().filter(|mapping| mapping.source == source) {
            types.extend(media_types(&mapping.format).iter().filter(|kind| !types.contains(kind)).collect::<Vec<_>>());
            match mapping.format {
                Format::Gbfs => {
                    for take in &mapping.takes {
                        let of_vehicle = OF_VEHICLE.iter().any(|field| take.may_take(field));
                        vehicles |= of_vehicle;
                        stations |= !of_vehicle || OF_STATION.iter().any(|field| take.may_take(field));
                    }
                }
                Format::SensorThings => pages = true,
                Format::NgsiLd => asked.linked = true,
                _ => {}
            }
        }
        if stations || vehicles {
            asked.leading.push(Decoder::Gbfs(Default::default()));
        }
        if stations {
            // Places first: a status is placed by them.
            asked.gbfs_files.extend(["station_information", "station_status"]);
        }
        if vehicles {
            asked.gbfs_files.push("vehicle_status");
        }
        if pages {
            asked.leading.push(Decoder::SensorThings);
        }
        asked.accept = types.iter().map(|kind| format!("{kind}, ")).chain(["*/*;q=0.1".to_owned()]).collect();
        asked
    }
}

/// How a file may be cut into messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cut {
    /// Not at all.
    Whole,
    /// Between lines; with a heading, each part needs it.
    Lines { heading: bool },
}

impl Sources {
    /// How the file of source number `source` may be cut: a table between its rows, unless its times are counted by rows.
    pub(crate) fn cut(&self, source: usize) -> Cut {
        let mut cuts =
            self.mappings.iter().filter(|mapping| mapping.source == source).map(|mapping| match &mapping.format {
                Format::Csv(csv) if csv.cycle.is_none() => Cut::Lines { heading: csv.columns.is_none() },
                _ => Cut::Whole,
            });
        let first = cuts.next().unwrap_or(Cut::Whole);
        if cuts.all(|cut| cut == first) { first } else { Cut::Whole }
    }
}

/// As registered with IANA, the format's own first.
const fn media_types(format: &Format) -> &'static [&'static str] {
    match format {
        Format::Json(_) | Format::SensorThings | Format::Gbfs | Format::OpenMeteo => &["application/json"],
        Format::SenmlJson => &["application/senml+json", "application/json;q=0.9"],
        Format::SenmlCbor => &["application/senml+cbor", "application/cbor;q=0.9"],
        Format::NgsiLd => &["application/ld+json", "application/json;q=0.9"],
        Format::GtfsRealtime => &["application/x-protobuf", "application/protobuf", "application/octet-stream;q=0.9"],
        Format::Csv(_) => &["text/csv", "text/plain;q=0.9"],
        Format::HomeAssistant { .. } | Format::SparkplugB => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(format: &str, take: &str) -> Asked {
        let text = format!(
            "version = 1\n[[source]]\nid = \"a\"\nkind = \"http\"\naddress = \"https://host.example/x\"\n[[mapping]]\nid = \"m\"\n\
             source = \"a\"\nformat = \"{format}\"\n[[mapping.take]]\nquantity = \"occupancy\"\nsensor = \"s\"\n{take}"
        );
        Sources::parse("f", &text).unwrap_or_else(|faults| panic!("{faults:?}")).asked(0)
    }

    #[test]
    fn formats_say_what_is_accepted_and_what_leads_on() {
        let ngsi = asked("ngsi-ld", "");
        assert_eq!((&*ngsi.accept, ngsi.linked), ("application/ld+json, application/json;q=0.9, */*;q=0.1", true));
        assert!(asked("gtfs-realtime", "").accept.starts_with("application/x-protobuf, "));
        assert!(asked("sensorthings", "").leading.len() == 1 && asked("open-meteo", "").leading.is_empty());
    }

    #[test]
    fn of_a_gbfs_system_only_what_somebody_takes_is_asked() {
        let stations = ["station_information", "station_status"];
        assert_eq!(asked("gbfs", "property = \"num_docks_available\"").gbfs_files, stations);
        assert_eq!(asked("gbfs", "property = \"num_vehicles_available:abc\"").gbfs_files, stations);
        assert_eq!(asked("gbfs", "property = \"current_fuel_percent\"").gbfs_files, ["vehicle_status"]);
        assert_eq!(asked("gbfs", "").gbfs_files.len(), 3);
    }
}
