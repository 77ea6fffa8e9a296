//! Signal programs, as they stand in networks and additional files alike.
//!
//! Source: SUMO's documentation, Simulation/Traffic_Lights: attributes of programs and phases, type `actuated` and its
//! parameters with their defaults.

use std::collections::BTreeMap;

use super::{
    SumoActuation, SumoPhase, SumoProgram,
    xml::{Attributes, Failure, finite, shortened},
};

/// How long a phase without `maxDur` lasts at most, second.
const LONGEST_S: f64 = 2_147_483.0;
/// Parameters of an actuated program that change nothing on the road.
const WITHOUT_EFFECT: [&str; 5] = ["show-detectors", "file", "freq", "build-all-detectors", "extra-detectors"];
/// Attributes of phases that choose the next one by other rules than the order and the gaps.
const OTHER_RULES: [&str; 5] = ["next", "earliestEnd", "latestEnd", "earlyTarget", "finalTarget"];

impl Default for SumoActuation {
    /// What the documentation gives as defaults.
    fn default() -> Self {
        Self { max_gap_s: 3.0, lane_max_gap_s: BTreeMap::new(), detector_gap_s: 2.0, passing_time_s: 2.0 }
    }
}

/// `<tlLogic>`, still without phases. A kind that is not known runs with the durations that its phases state.
pub(super) fn program(a: &Attributes) -> Result<SumoProgram, Failure> {
    let kind = a.get("type").unwrap_or("static").to_owned();
    let mut unsupported = BTreeMap::new();
    if !matches!(kind.as_str(), "static" | "actuated") {
        unsupported.insert(format!("tlLogic type {}", shortened(&kind)), 1);
    }
    Ok(SumoProgram {
        id: a.text("id")?.to_owned(),
        program: a.get("programID").unwrap_or("0").to_owned(),
        offset_s: a.optional("offset")?.unwrap_or(0.0),
        phases: Vec::new(),
        actuation: (kind == "actuated").then(SumoActuation::default),
        kind,
        unsupported,
        at: 0,
    })
}

/// What stands inside `<tlLogic>`.
pub(super) fn add_part(program: &mut SumoProgram, a: &Attributes) -> Result<(), Failure> {
    match a.tag {
        "phase" => add_phase(program, a),
        "param" => add_parameter(program, a),
        other => {
            count(program, format!("tlLogic {}", shortened(other)));
            Ok(())
        }
    }
}

fn add_phase(program: &mut SumoProgram, a: &Attributes) -> Result<(), Failure> {
    let state = a.text("state")?;
    if let Some(c) = state.chars().find(|c| !"rRyYgGsuoO".contains(*c)) {
        return Err(format!("<phase>: `{c}` in state `{}` is no signal state", shortened(state)));
    }
    let duration_s = a.positive("duration")?;
    let (least, most) = (a.optional("minDur")?, a.optional("maxDur")?);
    let min_s = least.unwrap_or(duration_s);
    let max_s = most.unwrap_or(if least.is_some() { LONGEST_S } else { duration_s });
    if program.actuation.is_some() && !(0.0..=max_s).contains(&min_s) {
        return Err(format!(
            "signal program {}: a phase lasts at least {min_s} s and at most {max_s} s",
            shortened(&program.id)
        ));
    }
    if program.phases.first().is_some_and(|first| first.state.len() != state.len()) {
        return Err(format!("signal program {}: states differ in length", shortened(&program.id)));
    }
    program.phases.push(SumoPhase { duration_s, state: state.to_owned(), min_s, max_s });
    for rule in OTHER_RULES.iter().filter(|rule| a.get(rule).is_some()) {
        count(program, format!("phase {rule}"));
    }
    Ok(())
}

/// `<param>`; those of programs that are not actuated say nothing that counts on the road.
fn add_parameter(program: &mut SumoProgram, a: &Attributes) -> Result<(), Failure> {
    let Some(actuation) = &mut program.actuation else { return Ok(()) };
    let (key, value) = (a.text("key")?, a.text("value")?);
    let seconds = || {
        let read = finite(value).filter(|s| *s >= 0.0);
        read.ok_or_else(|| format!("signal program {}: {}", shortened(&program.id), a.wrong(key, value, "a time")))
    };
    match key.split_once(':').unwrap_or((key, "")) {
        ("max-gap", "") => actuation.max_gap_s = seconds()?,
        ("max-gap", lane) => _ = actuation.lane_max_gap_s.insert(lane.to_owned(), seconds()?),
        ("detector-gap", "") => actuation.detector_gap_s = seconds()?,
        ("passing-time", "") => {
            actuation.passing_time_s = seconds()?;
            if actuation.passing_time_s <= 0.0 {
                return Err(format!("signal program {}: passing-time is not positive", shortened(&program.id)));
            }
        }
        // All vehicles count unless some are named, and none is too long on its detector unless a time is set.
        ("vTypes", _) if value.trim().is_empty() => {}
        ("jam-threshold", _) if finite(value).is_some_and(|s| s < 0.0) => {}
        ("detector-length", _) if finite(value) == Some(0.0) => {}
        (kind, _) if WITHOUT_EFFECT.contains(&kind) => {}
        (kind, _) => count(program, format!("tlLogic param {}", shortened(kind))),
    }
    Ok(())
}

fn count(program: &mut SumoProgram, name: String) {
    *program.unsupported.entry(name).or_default() += 1;
}
