//! Batteries at home: who has one, and how one stands while the clock goes on.

use citytwin_model::{Assumptions, BuildingId, City, Technology};

use super::{Battery, StorageFigures};
use crate::{EnergySystem, survey::ranks_by_name};

/// A home's battery by the minute: the rule is that of [`Battery::own_consumption`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HomeBattery {
    pub battery: Battery,
    pub state_wh: f64,
    /// Charging positive, without standby, W.
    pub power_w: f64,
}

impl HomeBattery {
    /// Decides its power beside a net load, W, for so many hours to come; what it draws with its standby.
    pub(crate) fn decide(&mut self, net_w: f64, hours: f64) -> f64 {
        let wish_w = -(net_w + self.battery.standby_w);
        self.power_w = self.battery.power_for(self.state_wh, wish_w, hours);
        self.power_w + self.battery.standby_w
    }

    pub(crate) fn pass(&mut self, hours: f64) {
        self.battery.pass(&mut self.state_wh, self.power_w, hours);
    }
}

/// Batteries of buildings with modules, in an order of their own, so that a higher share only adds; index = `BuildingId`, empty
/// where the assumptions have none anywhere. `system` has the shares of photovoltaics.
pub fn at_homes(city: &City, system: &EnergySystem, assumptions: &Assumptions) -> Vec<Option<Battery>> {
    let anywhere = assumptions.battery_share > 0.0
        || assumptions.parts.iter().any(|part| part.technology == Technology::Batteries && part.share > 0.0);
    if !anywhere {
        return Vec::new();
    }
    let share = assumptions.share_at(city, Technology::Batteries);
    let figures = StorageFigures::embedded();
    let key = |index: usize| format!("battery {}", city.buildings[index].source);
    let fit = |index: usize| system.roof_is_suitable(BuildingId::from_index(index));
    let rank = ranks_by_name(city.buildings.len(), fit, key);
    let home = |index: usize| {
        let building = BuildingId::from_index(index);
        let on = rank[index] < share(system.place_of(building), city.buildings[index].built().value);
        figures.at_home(system.installed_pv_w(building), system.annual_kwh(building)).filter(|_| on)
    };
    (0..city.buildings.len()).map(home).collect()
}
