//! Bars on stderr for anything that takes more than a moment; none where stderr is no terminal.

use std::{
    io::{IsTerminal, stderr},
    sync::Mutex,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work shorter than this shows no bar.
const QUIET: Duration = Duration::from_secs(2);
/// Resolution of the bar.
const STEPS: u64 = 1000;

/// One bar that names its stage.
pub struct Bar {
    bar: ProgressBar,
    began: Instant,
    shown: Mutex<bool>,
}

impl Bar {
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg:32} [{bar:30}] {percent:>3} % {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, began: Instant::now(), shown: Mutex::new(!stderr().is_terminal()) }
    }

    pub fn set(&self, stage: &str, fraction: f32) {
        if let Ok(mut shown) = self.shown.lock()
            && !*shown
            && self.began.elapsed() > QUIET
        {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            *shown = true;
        }
        if self.bar.message() != stage {
            self.bar.set_message(stage.to_owned());
        }
        self.bar.set_position((f64::from(fraction.clamp(0.0, 1.0)) * STEPS as f64) as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl citytwin_import::Progress for Bar {
    fn report(&self, stage: &'static str, fraction: f32) {
        self.set(stage, fraction);
    }
}

impl citytwin_scenario::Watch for Bar {
    fn progress(&self, fraction: f32) {
        self.set("simulating", fraction);
    }
    fn cancelled(&self) -> bool {
        false
    }
}
