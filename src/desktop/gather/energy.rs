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
    let now_w = |power_w: f32| Unit::Watts.text(f64::from(power_w));
    let heat_w = energy.0.heat_electricity_w(building);
    if energy.0.has_heat_pump(building) {
        facts.push(fact("Heat pump", now_w(heat_w), "electricity now, by shell, weather and use of the building"));
    } else if heat_w > 0.0 {
        facts.push(fact("Cooling", now_w(heat_w), "electricity now, by shell, weather and use of the building"));
    }
    let charging_w = energy.0.charging_w(building);
    if charging_w > 0.0 {
        facts.push(fact("Cars that charge", now_w(charging_w), "trips by car that end here, by the rule of charging"));
    }
    if let Some(home) = energy.0.batteries().get(building.index()).copied().flatten() {
        let held = format!("{:.0} %", 100.0 * home.state_wh / home.battery.capacity_wh);
        let size = Unit::MegawattHours.text(home.battery.capacity_wh / 1e6);
        facts.push(fact(
            "Battery",
            format!("{size}, {held} full"),
            "sized by modules and use; keeps what the roof gives",
        ));
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
