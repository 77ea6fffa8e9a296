//! Which phases a source reaches where lines have fewer than three.

use super::{
    check::Sets,
    element::{Control, Demand, GridData, Zip},
    error::{Fault, GridError},
    network::{NONE, NodeKind},
    phases::ThreePort,
};

/// Unknowns (3 · node + phase) that no source reaches through any branch.
pub fn absent(kind: &[NodeKind], branches: &[(u32, u32, ThreePort)]) -> Vec<usize> {
    let mut sets = Sets::new(kind.len());
    for (from, to, y) in branches.iter().filter(|(from, to, _)| *from != NONE && *to != NONE) {
        let size = y.iter().flatten().flatten().flatten().map(|y| y.norm()).fold(0.0, f64::max);
        for (k, _) in y[0][1].iter().flatten().enumerate().filter(|(_, y)| y.norm() > 1e-12 * size) {
            sets.join(3 * from + k as u32 / 3, 3 * to + k as u32 % 3);
        }
    }
    let mut reached = vec![false; kind.len()];
    for (unknown, _) in kind.iter().enumerate().filter(|(_, kind)| matches!(kind, NodeKind::Slack(_))) {
        reached[sets.root(unknown as u32) as usize] = true;
    }
    (0..kind.len()).filter(|unknown| !reached[sets.root(*unknown as u32) as usize]).collect()
}

/// Loads and generators on phases that no line brings to their bus, whatever is switched.
pub fn loads_without_phase(data: &GridData) -> Vec<GridError> {
    if data.lines.iter().filter_map(|line| line.matrix.as_ref()).all(|matrix| matrix.phases == [true; 3]) {
        return Vec::new();
    }
    let mut sets = Sets::new(3 * data.buses.len());
    let mut join = |from: u32, to: u32, phases: [bool; 3]| {
        for phase in (0..3).filter(|phase| phases[*phase as usize]) {
            sets.join(3 * from + phase, 3 * to + phase);
        }
    };
    for line in &data.lines {
        join(line.ends.from, line.ends.to, line.matrix.as_ref().map_or([true; 3], |matrix| matrix.phases));
    }
    data.switches.iter().for_each(|switch| join(switch.from, switch.to, [true; 3]));
    let windings = data.transformers.iter().map(|t| t.ends).chain(data.pi_branches.iter().map(|b| b.ends));
    windings.for_each(|ends| join(ends.from, ends.to, [true; 3]));
    let mut reached = vec![false; 3 * data.buses.len()];
    for source in &data.external_grids {
        (0..3).for_each(|phase| reached[sets.root(3 * source.bus + phase) as usize] = true);
    }
    let mut errors = Vec::new();
    let generators = data.generators.iter().filter_map(|generator| match &generator.control {
        Control::Power(demand) => Some((&generator.label, generator.bus, demand)),
        Control::Voltage { .. } => None,
    });
    for (label, bus, demand) in data.loads.iter().map(|load| (&load.label, load.bus, &load.demand)).chain(generators) {
        let missing = drawn_from(demand).into_iter().zip(0..3).zip(['a', 'b', 'c']);
        let missing = missing.filter(|((drawn, phase), _)| *drawn && !reached[sets.root(3 * bus + phase) as usize]);
        errors.extend(missing.map(|(_, name)| GridError::at(label, "phase", Fault::NoPhase(name))));
    }
    errors
}

/// Balanced demand is the caller's way to say that phases do not matter.
fn drawn_from(demand: &Demand) -> [bool; 3] {
    let on = |zips: &[Zip; 3], phase: usize| zips[phase] != Zip::default();
    match demand {
        Demand::Balanced(_) => [false; 3],
        Demand::Wye(zips) => [0, 1, 2].map(|phase| on(zips, phase)),
        Demand::Delta(zips) => [0, 1, 2].map(|phase| on(zips, phase) || on(zips, (phase + 2) % 3)),
    }
}
