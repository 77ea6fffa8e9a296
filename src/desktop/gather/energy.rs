//! What the energy engine knows about one building or transformer.

use citytwin_model::{BuildingId, City, FeatureRef, Origin};
use citytwin_panels::{Fact, Related, Unit};

use super::{Twin, title};

/// Annual use, installed photovoltaics and the transformer behind a building.
pub fn building_facts(twin: &Twin, building: BuildingId) -> Vec<Fact> {
    let Some(energy) = &twin.energy else { return Vec::new() };
    let fact = |label: &str, value, rule| Fact { label: label.into(), value, origin: Origin::Inferred(rule) };
    let mut facts = vec![fact(
        "Electricity per year",
        Unit::MegawattHours.text(energy.0.annual_kwh(building) / 1000.0),
        "floor area × annual use of its kind",
    )];
    let installed = energy.0.installed_pv_w(building);
    if installed > 0.0 {
        facts.push(fact("Solar on the roof", Unit::Watts.text(installed), "suitable roof area × module rating"));
    }
    if let Some(heat_w) = energy.0.heat_pump_w(building) {
        facts.push(fact("Heat pump, heat at 0 °C", Unit::Watts.text(heat_w), "floor area × benchmark of its kind"));
    }
    if let Some(transformer) = energy.0.transformers().get(energy.0.transformer_of(building))
        && transformer.asset.is_none()
    {
        let value = Unit::Watts.text(transformer.rated_w);
        facts.push(Fact { label: "Transformer".into(), value, origin: transformer.origin });
    }
    facts
}

/// The transformer that feeds a building.
pub fn related(_city: &City, twin: &Twin, feature: FeatureRef) -> Vec<Related> {
    let (Some(energy), Some(city), FeatureRef::Building(building)) = (&twin.energy, &twin.city, feature) else {
        return Vec::new();
    };
    let transformer = energy.0.transformers().get(energy.0.transformer_of(building));
    match transformer.and_then(|t| t.asset) {
        Some(asset) => {
            let feature = FeatureRef::EnergyAsset(asset);
            vec![Related { label: "Fed by".into(), title: title(&city.0, feature), feature }]
        }
        _ => Vec::new(),
    }
}
