//! Many hours at once of what appliances draw, as rows per class of buildings, without any state. What roofs and plants carry
//! stands beside it, so that others can put a sky to it; cars have a state ([`crate::charging`]).

use citytwin_model::{BuildingId, time::LocalTime};

use crate::{EnergySystem, assets::AttachmentKind, plane::Plane};

/// The load curves of some hours. Each row is as long as there are hours.
#[derive(Clone, Debug)]
pub struct PeopleHours {
    count: usize,
    /// `class · count + hour`, relative to the annual mean.
    appliances: Vec<f32>,
    /// By class, sums of the rows.
    appliances_h: Vec<f64>,
}

/// A building's part of them: power is the mean times its row.
#[derive(Clone, Copy, Debug)]
pub struct PeopleRows<'a> {
    /// W.
    pub appliances_mean_w: f32,
    pub appliances: &'a [f32],
    /// Sum of the row.
    pub appliances_h: f64,
}

/// Modules on one plane of a roof.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RoofPlane {
    /// In steps of 5°.
    pub tilt_deg: f64,
    /// Clockwise from north, in steps of 10°.
    pub azimuth_deg: f64,
    /// At standard test conditions, W.
    pub peak_w: f64,
}

/// A stated asset that this engine operates.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Plant {
    /// Index into `City::energy_assets`.
    Solar { asset: usize, plane: RoofPlane },
    /// Takes this share of what all public chargers draw.
    Charger { asset: usize, share: f64 },
}

impl EnergySystem {
    /// Curves of appliances for some hours.
    pub fn people_hours(&self, hours: &[LocalTime]) -> PeopleHours {
        let count = hours.len();
        let mut rows = PeopleHours { count, appliances: Vec::new(), appliances_h: Vec::new() };
        for (hour, local) in hours.iter().enumerate() {
            let relative = self.profiles.relative(local);
            rows.appliances.resize(relative.len() * count, 0.0);
            relative.iter().enumerate().for_each(|(class, value)| rows.appliances[class * count + hour] = *value);
        }
        let sum = |row: &[f32]| row.iter().copied().map(f64::from).sum();
        rows.appliances_h = rows.appliances.chunks(count.max(1)).map(sum).collect();
        rows
    }

    /// All buildings' appliances by hour, W.
    pub fn people_w(&self, hours: &PeopleHours) -> Vec<f64> {
        let mut mean_w = vec![0.0; hours.appliances_h.len()];
        let own = self.class.iter().zip(&self.mean_w);
        own.for_each(|(class, own_w)| mean_w[usize::from(*class)] += f64::from(*own_w));
        let mut all = vec![0.0; hours.count];
        for (row, mean_w) in hours.appliances.chunks(hours.count.max(1)).zip(mean_w) {
            all.iter_mut().zip(row).for_each(|(all, relative)| *all += mean_w * f64::from(*relative));
        }
        all
    }

    /// A building's rows.
    pub fn people_rows<'a>(&self, hours: &'a PeopleHours, building: BuildingId) -> PeopleRows<'a> {
        let index = building.index();
        let (class, count) = (usize::from(self.class[index]), hours.count);
        PeopleRows {
            appliances_mean_w: self.mean_w[index],
            appliances: &hours.appliances[class * count..][..count],
            appliances_h: hours.appliances_h[class],
        }
    }

    /// Modules on a building's roof at the present share; none where there are none.
    pub fn roof_planes(&self, building: BuildingId) -> impl Iterator<Item = RoofPlane> + '_ {
        let index = building.index();
        let of = |(plane, peak_w): (&u16, &f32)| roof_plane(Plane(*plane), f64::from(*peak_w));
        self.planes[index].iter().zip(&self.installed_w[index]).map(of).filter(|plane| plane.peak_w > 0.0)
    }

    /// Modules that a building's roof could carry.
    pub fn suitable_planes(&self, building: BuildingId) -> impl Iterator<Item = RoofPlane> + '_ {
        let of = |modules: &crate::roof::Modules| {
            let planes = modules.planes.into_iter().zip(modules.peak_w);
            planes.map(|(plane, peak_w)| roof_plane(plane, f64::from(peak_w))).filter(|plane| plane.peak_w > 0.0)
        };
        self.roofs[building.index()].as_ref().into_iter().flat_map(of)
    }

    /// Whether a building's roof could carry modules.
    pub fn roof_is_suitable(&self, building: BuildingId) -> bool {
        self.roofs[building.index()].is_some()
    }

    /// Stated solar plants and chargers.
    pub fn plants(&self) -> impl Iterator<Item = Plant> + '_ {
        let all_w = self.charger_rated_w();
        self.attached.iter().map(move |attached| match attached.kind {
            AttachmentKind::Solar(plane) => {
                Plant::Solar { asset: attached.asset, plane: roof_plane(plane, attached.rated_w) }
            }
            AttachmentKind::Charger => Plant::Charger { asset: attached.asset, share: attached.rated_w / all_w },
        })
    }
}

fn roof_plane(plane: Plane, peak_w: f64) -> RoofPlane {
    let (tilt_deg, azimuth_deg) = Plane::angles_deg(usize::from(plane.0));
    RoofPlane { tilt_deg, azimuth_deg, peak_w }
}
