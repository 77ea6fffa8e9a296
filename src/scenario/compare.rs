//! Baseline against variant, with its uncertainty: pairs of runs that share their seed (common random numbers),
//! so that what differs within a pair is the edits.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use citytwin_energy::electric_car_share;
use citytwin_model::{Assumptions, Request};
use serde::Serialize;

use crate::{
    energy_run::{self, later},
    figures,
    prepare::{Prepared, pool},
    result::{Better, KeyFigure},
    spec::{RunError, RunSpec, Watch},
    student::{half_width_95, mean},
    traffic_run::{self, TrafficRun, Window},
};

/// What to compare.
#[derive(Clone, PartialEq, Debug)]
pub struct CompareSpec {
    /// The baseline: its start and hours are the window that is measured, its seed is that of the first pair.
    pub base: RunSpec,
    /// What the variant changes on top of the baseline's own edits.
    pub edits: Vec<Request>,
    /// Pairs of runs; 2 or more for an interval, 5 for a usable one.
    pub replications: u32,
    /// Simulated before the window to fill the streets, second; with the edits in force.
    pub warm_up_s: f64,
}

impl CompareSpec {
    /// A question that is answered while a person waits: one hour from `base.start`, five pairs, half an hour
    /// of warm-up.
    pub fn quick(base: RunSpec, edits: Vec<Request>) -> Self {
        Self { base: RunSpec { hours: 1.0, ..base }, edits, replications: 5, warm_up_s: 1800.0 }
    }
}

/// One key figure in both worlds, means over the pairs.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct FigureDifference {
    pub name: &'static str,
    pub label: &'static str,
    pub unit: &'static str,
    pub better: Better,
    pub source: &'static str,
    pub baseline: f64,
    pub variant: f64,
    /// Variant − baseline.
    pub difference: f64,
    /// Half the width of the 95 % interval of the difference (Student's t over the pairs); `None` for one pair.
    pub interval_95: Option<f64>,
}

/// The answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    pub hours: f64,
    pub replications: u32,
    pub figures: Vec<FigureDifference>,
    /// Mean flow per link in the window, vehicles per hour; index = `LinkId`.
    #[serde(skip)]
    pub baseline_vph: Vec<f32>,
    #[serde(skip)]
    pub variant_vph: Vec<f32>,
}

impl Comparison {
    /// Flow change of every link, variant − baseline, vehicles per hour; index = `LinkId`.
    pub fn flow_change_vph(&self) -> Vec<f32> {
        self.variant_vph.iter().zip(&self.baseline_vph).map(|(variant, baseline)| variant - baseline).collect()
    }
}

/// Runs all pairs on `base.threads` workers. Energy has no chance of its own: it follows each run's traffic, which says what
/// electric cars consume.
pub fn compare(prepared: &Prepared, spec: &CompareSpec, watch: &dyn Watch) -> Result<Comparison, RunError> {
    let city = prepared.city;
    let seconds = spec.base.seconds()?;
    if spec.replications == 0 {
        return Err(RunError::NoReplications);
    }
    let variant_edits: Vec<Request> = spec.base.edits.iter().chain(&spec.edits).cloned().collect();
    let sides =
        [Assumptions::with_requests(city, &spec.base.edits)?, Assumptions::with_requests(city, &variant_edits)?];
    later(spec.base.start, seconds)?;
    let runs = Pairs { prepared, spec, sides: &sides, seconds }.run(watch)?;
    let energy = |side: usize| -> Result<Vec<_>, RunError> {
        let of = |(run, base): (&TrafficRun, &TrafficRun)| {
            // Cars make as many trips as before; what a trip takes follows how long it is now, and how it is driven.
            let longer = run.metres_per_trip().zip(base.metres_per_trip()).map_or(1.0, |(now, before)| now / before);
            let taken = run.car_kwh_per_km.map(|kwh| kwh * longer);
            Ok(figures::energy(&energy_run::run(prepared, &sides[side], spec.base.start, seconds, taken)?))
        };
        runs[side].iter().zip(&runs[0]).map(of).collect()
    };
    let traffic = |side: usize| traffic_figures(&runs[side], electric_car_share(city, &sides[side]));
    let mut figures = differences(&traffic(0), &traffic(1));
    figures.extend(differences(&energy(0)?, &energy(1)?));
    Ok(Comparison {
        hours: spec.base.hours,
        replications: spec.replications,
        figures,
        baseline_vph: mean_flow(&runs[0], spec.base.hours),
        variant_vph: mean_flow(&runs[1], spec.base.hours),
    })
}

/// The traffic runs of a comparison.
struct Pairs<'a> {
    prepared: &'a Prepared<'a>,
    spec: &'a CompareSpec,
    sides: &'a [Assumptions; 2],
    seconds: f64,
}

impl Pairs<'_> {
    /// All runs of each side, in the order of their seeds. Whole runs go to workers, since a run alone uses few
    /// threads well; workers left over share in the runs.
    fn run(&self, watch: &dyn Watch) -> Result<[Vec<TrafficRun>; 2], RunError> {
        let jobs = 2 * self.spec.replications as usize;
        let threads = match self.spec.base.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            stated => stated,
        };
        let workers = threads.min(jobs);
        let (progress, next) = (Shared::new(watch, jobs), AtomicUsize::new(0));
        let work = || -> Result<Vec<(usize, TrafficRun)>, RunError> {
            let pool = pool(threads / workers)?;
            let mut done = Vec::new();
            loop {
                let job = next.fetch_add(1, Ordering::Relaxed);
                if job >= jobs {
                    return Ok(done);
                }
                done.push((job, pool.install(|| self.one(job, &progress))?));
            }
        };
        let mut done = std::thread::scope(|scope| {
            let started: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let mut all = Vec::with_capacity(jobs);
            for worker in started {
                all.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok::<_, RunError>(all)
        })?;
        done.sort_unstable_by_key(|(job, _)| *job);
        let mut runs = [Vec::new(), Vec::new()];
        for (job, run) in done {
            runs[job % 2].push(run);
        }
        Ok(runs)
    }

    /// Even jobs are the baseline, odd ones the variant of the same seed.
    fn one(&self, job: usize, progress: &Shared) -> Result<TrafficRun, RunError> {
        let window = Window {
            start: self.spec.base.start,
            seconds: self.seconds,
            warm_up_s: self.spec.warm_up_s.max(0.0),
            seed: self.spec.base.seed.wrapping_add((job / 2) as u64),
        };
        traffic_run::run(self.prepared, &self.sides[job % 2], window, &|fraction| progress.tell(job, fraction))
    }
}

/// One fraction of many jobs.
struct Shared<'a> {
    watch: &'a dyn Watch,
    /// Per job, in millionths.
    parts: Vec<AtomicU32>,
    stop: AtomicBool,
}

impl<'a> Shared<'a> {
    fn new(watch: &'a dyn Watch, jobs: usize) -> Self {
        Self { watch, parts: (0..jobs).map(|_| AtomicU32::new(0)).collect(), stop: AtomicBool::new(false) }
    }

    fn tell(&self, job: usize, fraction: f32) -> bool {
        self.parts[job].store((fraction * 1e6) as u32, Ordering::Relaxed);
        let sum: f32 = self.parts.iter().map(|part| part.load(Ordering::Relaxed) as f32 * 1e-6).sum();
        self.watch.progress(sum / self.parts.len() as f32);
        self.stop.fetch_or(self.watch.cancelled(), Ordering::Relaxed);
        !self.stop.load(Ordering::Relaxed)
    }
}

fn traffic_figures(runs: &[TrafficRun], electric_share: f64) -> Vec<Vec<KeyFigure>> {
    runs.iter().map(|run| figures::traffic(run, electric_share)).collect()
}

/// Per figure over the pairs; both sides list the same figures in the same order.
fn differences(baseline: &[Vec<KeyFigure>], variant: &[Vec<KeyFigure>]) -> Vec<FigureDifference> {
    let column = |side: &[Vec<KeyFigure>], index: usize| side.iter().map(|run| run[index].value).collect::<Vec<f64>>();
    let one = |(index, figure): (usize, &KeyFigure)| {
        let (before, after) = (column(baseline, index), column(variant, index));
        let paired: Vec<f64> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
        FigureDifference {
            name: figure.name,
            label: figure.label,
            unit: figure.unit,
            better: figure.better,
            source: figure.source,
            baseline: mean(&before),
            variant: mean(&after),
            difference: mean(&paired),
            interval_95: half_width_95(&paired),
        }
    };
    baseline.first().into_iter().flatten().enumerate().map(one).collect()
}

fn mean_flow(runs: &[TrafficRun], hours: f64) -> Vec<f32> {
    let links = runs.first().map_or(0, |run| run.passed.len());
    let scale = 1.0 / (hours * runs.len() as f64);
    (0..links).map(|link| (runs.iter().map(|run| run.passed[link]).sum::<u64>() as f64 * scale) as f32).collect()
}
