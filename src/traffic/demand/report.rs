//! The model's totals beside published figures, so that nonsense is seen.

use std::fmt;

use serde::Serialize;

use super::{
    Demand, DemandBasis, Purpose, PurposeAccount,
    account::LENGTH_BANDS_KM,
    figures::{Figure, Figures},
    modes::Mode,
    trips::Model,
};

/// Everything that the demand says of itself.
#[derive(Clone, Debug, Serialize)]
pub struct DemandReport {
    pub basis: DemandBasis,
    pub zones: usize,
    pub figures: Vec<ReportFigure>,
    /// Trips that stay on the map by length.
    pub lengths: Vec<LengthBand>,
    pub purposes: Vec<PurposeLine>,
    /// What is not modelled, and how much of it.
    pub left_out: Vec<String>,
}

/// A figure of the model with its published fellows.
#[derive(Clone, Debug, Serialize)]
pub struct ReportFigure {
    pub name: &'static str,
    pub value: f64,
    pub unit: &'static str,
    pub published: Vec<Published>,
}

/// A number from outside.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    pub value: f64,
    pub area: String,
    pub year: u16,
    pub source: String,
}

/// A band of lengths: share of the model's trips that stay on the map, and of all the survey's trips.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LengthBand {
    pub from_km: f64,
    /// `None`: and more.
    pub to_km: Option<f64>,
    pub model: f64,
    pub survey: f64,
}

/// A purpose's line.
#[derive(Clone, Debug, Serialize)]
pub struct PurposeLine {
    pub purpose: Purpose,
    pub mean_inside_km: f64,
    pub survey_mean_km: f64,
    #[serde(flatten)]
    pub account: PurposeAccount,
}

impl From<&Figure> for Published {
    fn from(figure: &Figure) -> Self {
        let Figure { area, value, source, year, .. } = figure;
        let area = if area == "*" { "DE (default)".to_owned() } else { area.clone() };
        Self { value: *value, area, year: *year, source: source.clone() }
    }
}

impl Demand {
    /// The report; `None` where nobody travels ([`Demand::none`]).
    pub fn report(&self) -> Option<DemandReport> {
        let model = self.model.as_ref()?;
        let total = model.account.sum(|p| p.bands.iter().sum());
        let mut low_km = 0.0;
        let band = |(i, high_km): (usize, &f64)| {
            let below = |km: f64| -> f64 {
                Purpose::ALL.iter().map(|p| p.rates().trip_share * model.lengths.share_below(*p, km)).sum()
            };
            let survey = if high_km.is_finite() { below(*high_km) } else { 1.0 } - below(low_km);
            let found = LengthBand {
                from_km: low_km,
                to_km: Some(*high_km).filter(|km| km.is_finite()),
                model: ratio(model.account.sum(|p| p.bands[i]), total),
                survey,
            };
            low_km = *high_km;
            found
        };
        Some(DemandReport {
            basis: self.basis,
            zones: self.zones.len(),
            figures: self.report_figures(model),
            lengths: LENGTH_BANDS_KM.iter().enumerate().map(band).collect(),
            purposes: Purpose::ALL.map(|p| line(model, p)).to_vec(),
            left_out: left_out(model),
        })
    }

    fn report_figures(&self, model: &Model) -> Vec<ReportFigure> {
        let (account, figures) = (&model.account, &model.figures);
        let trips = account.sum(PurposeAccount::residents_trips);
        let km = account.sum(|p| p.inside_km + p.leaving_km);
        let whole = self.daily_trips() / self.sample_share.max(f64::MIN_POSITIVE);
        let own = |name, value, unit| ReportFigure { name, value, unit, published: Vec::new() };
        let beside = |name, value, unit, quantity| ReportFigure {
            published: published(figures, quantity),
            ..own(name, value, unit)
        };
        let mut rows = vec![
            beside("residents", self.residents, "", "residents"),
            own("jobs", self.jobs, ""),
            beside("jobs per resident", ratio(self.jobs, self.residents), "", "jobs_per_resident"),
            beside("trips per person and day", ratio(trips, self.residents), "", "trips_per_person"),
            beside("mean trip length", ratio(km, trips), "km", "mean_trip_km"),
            own(
                "… of trips that stay on the map",
                ratio(account.sum(|p| p.inside_km), account.sum(|p| p.inside)),
                "km",
            ),
            own("… as asked: the survey, cut at the edge of the map", asked_km(model), "km"),
            own("share of trips that leave the map", ratio(account.sum(|p| p.leaving), trips), ""),
        ];
        for mode in Mode::ALL {
            let name = ["share by car", "share by transit", "share by bicycle", "share on foot"][mode as usize];
            rows.push(ReportFigure {
                published: mode_shares(figures, mode),
                ..own(name, ratio(account.sum(|p| p.by_mode[mode as usize]), trips), "")
            });
        }
        let density = ratio(self.residents, model.street_km);
        rows.extend([
            own("share of trips with a car at hand", model.choice.available().car, ""),
            beside("residents per street km", density, "/km", "residents_per_street_km"),
            beside(
                "car km per person and day",
                ratio(account.sum(|p| p.car_km), self.residents),
                "km",
                "car_km_per_person",
            ),
            own("persons per car", ratio(account.sum(|p| p.by_mode[0]), account.sum(|p| p.cars)), ""),
            own("car trips a day", whole, ""),
            own("… of inhabitants", account.sum(|p| p.cars), ""),
            own("… through", account.through, ""),
            own(
                "car trips that start in the peak hour",
                self.peak_per_hour() / self.sample_share.max(f64::MIN_POSITIVE),
                "",
            ),
            own("share simulated", self.sample_share, ""),
            own("vehicles under way in the peak, simulated", self.peak_rate() * figures.value("mean_car_trip_h"), ""),
            own(
                "largest margin error of the gravity model",
                account.purposes.iter().map(|p| p.margin_error).fold(0.0, f64::max),
                "",
            ),
        ]);
        rows
    }
}

fn line(model: &Model, purpose: Purpose) -> PurposeLine {
    let account = model.account.purposes[purpose as usize].clone();
    let mean_inside_km = ratio(account.inside_km, account.inside);
    PurposeLine { purpose, mean_inside_km, survey_mean_km: model.lengths.mean_km(purpose), account }
}

fn asked_km(model: &Model) -> f64 {
    ratio(model.account.sum(|p| p.inside * p.asked_inside_km), model.account.sum(|p| p.inside))
}

fn published(figures: &Figures, quantity: &str) -> Vec<Published> {
    figures.published(quantity).into_iter().map(Published::from).collect()
}

/// A region's own share of car trips, and the country's as driver and passenger together.
fn mode_shares(figures: &Figures, mode: Mode) -> Vec<Published> {
    let mut rows = published(figures, &format!("share_{}", mode.name()));
    if mode == Mode::Car {
        let (driver, passenger) = (figures.figure("share_car_driver"), figures.figure("share_car_passenger"));
        let both = Published { value: driver.value + passenger.value, ..Published::from(driver) };
        rows.push(Published { source: format!("{} (driver and passenger)", both.source), ..both });
    }
    rows
}

fn left_out(model: &Model) -> Vec<String> {
    let account = &model.account;
    let mut notes = Vec::new();
    let mut note = |amount: f64, what: &str| {
        if amount > 0.5 {
            notes.push(format!("{amount:.0} {what}"));
        }
    };
    note(account.cut_off, "persons and jobs stand farther than 600 m from any street and do not travel");
    note(account.sum(|p| p.without_goal), "trips a day of inhabitants have no goal on the map");
    note(
        account.sum(|p| p.not_carried),
        "trips a day of visitors, there and back, are more than the roads at the edge carry",
    );
    note(
        account.edge_wanted - account.edge_capacity,
        "cars a day over the edge are wanted beyond what its roads carry: inhabitants stay on the map, visitors stay away",
    );
    if !account.zones_without_streets.is_empty() {
        notes.push(format!(
            "no street is nearest to these zones, their people are missing: {}",
            account.zones_without_streets.join(", ")
        ));
    }
    if account.own_trips {
        notes.push("trips on the map are the city's own table; lengths and shares below are the estimate's".to_owned());
    }
    notes
}

fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

impl fmt::Display for DemandReport {
    /// As Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "People counted from: {:?}; {} zones.\n", self.basis, self.zones)?;
        writeln!(f, "| figure | model | published | where | source |\n|---|---|---|---|---|")?;
        for row in &self.figures {
            let value = number(row.value);
            let Some(first) = row.published.first() else {
                writeln!(f, "| {} | {value} {} | | | |", row.name, row.unit)?;
                continue;
            };
            writeln!(
                f,
                "| {} | {value} {} | {} | {} | {} |",
                row.name,
                row.unit,
                number(first.value),
                first.area,
                cite(first)
            )?;
            for more in &row.published[1..] {
                writeln!(f, "| | | {} | {} | {} |", number(more.value), more.area, cite(more))?;
            }
        }
        writeln!(f, "\n| length, km | trips that stay | survey, all trips |\n|---|---|---|")?;
        for band in &self.lengths {
            let to = band.to_km.map_or("…".to_owned(), |km| km.to_string());
            writeln!(f, "| {}–{to} | {:.1} % | {:.1} % |", band.from_km, 100.0 * band.model, 100.0 * band.survey)?;
        }
        writeln!(
            f,
            "\n| purpose | inside | leaving | visiting | km inside | km asked | survey km | β /km | margin error | rounds |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|")?;
        for p in &self.purposes {
            let a = &p.account;
            writeln!(
                f,
                "| {} | {:.0} | {:.0} | {:.0} | {:.2} | {:.2} | {:.1} | {:.3} | {:.0e} | {} |",
                p.purpose.name(),
                a.inside,
                a.leaving,
                a.visiting,
                p.mean_inside_km,
                a.asked_inside_km,
                p.survey_mean_km,
                a.deterrence_per_km,
                a.margin_error,
                a.rounds
            )?;
        }
        for note in &self.left_out {
            writeln!(f, "\nNot modelled: {note}.")?;
        }
        Ok(())
    }
}

fn cite(published: &Published) -> String {
    format!("{} ({})", published.source, published.year)
}

fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        v if v >= 1000.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 0.01 => format!("{value:.3}"),
        _ => format!("{value:.1e}"),
    }
}
