//! Signal programs: phases one after another, each with what it shows every stream.

/// What a stream sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    Red,
    /// Stop if you can.
    Amber,
    /// Red and amber: about to be green.
    RedAmber,
    /// Green, but give way.
    Yield,
    /// Green.
    Green,
    /// As red, but after a stop one may go where there is a gap (a green arrow).
    StopThenGo,
    /// The signal is off: the signs count.
    Off,
}

impl Show {
    /// SUMO's letter (its documentation, Simulation/Traffic_Lights, Signal state definitions).
    pub const fn of_letter(letter: u8) -> Option<Self> {
        Some(match letter {
            b'r' => Self::Red,
            b'y' | b'Y' => Self::Amber,
            b'u' => Self::RedAmber,
            b'g' => Self::Yield,
            b'G' => Self::Green,
            b's' => Self::StopThenGo,
            b'o' | b'O' => Self::Off,
            _ => return None,
        })
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct ProgramPhase {
    /// Whole milliseconds, so that hours of cycles add up without loss.
    pub duration_ms: u64,
    /// By stream.
    pub shows: Vec<Show>,
}

/// One junction's program, with the durations that it has where nobody prolongs its phases ([`super::Actuation`]).
#[derive(Clone, PartialEq, Debug)]
pub struct Program {
    /// Which way the cycle is shifted: phase 0 starts at this time, and again every cycle.
    pub offset_ms: i64,
    /// At least one.
    pub phases: Vec<ProgramPhase>,
}

impl Program {
    pub fn cycle_ms(&self) -> u64 {
        self.phases.iter().map(|p| p.duration_ms).sum()
    }

    /// The phase at a time, and how many milliseconds of it are left.
    pub fn phase_at(&self, time_ms: u64) -> (usize, u64) {
        let cycle = self.cycle_ms().max(1) as i64;
        let mut into = (time_ms as i64 - self.offset_ms).rem_euclid(cycle) as u64;
        for (p, phase) in self.phases.iter().enumerate() {
            if into < phase.duration_ms {
                return (p, phase.duration_ms - into);
            }
            into -= phase.duration_ms;
        }
        (self.phases.len() - 1, 1)
    }

    /// What a stream sees at a time.
    pub fn show(&self, stream: u32, time_ms: u64) -> Show {
        self.phases[self.phase_at(time_ms).0].shows.get(stream as usize).copied().unwrap_or(Show::Off)
    }

    /// Seconds of a cycle in which a stream is green, in one form or another.
    pub fn green_s(&self, stream: u32) -> f64 {
        let green = |p: &&ProgramPhase| {
            matches!(p.shows.get(stream as usize), Some(Show::Green | Show::Yield | Show::Off | Show::StopThenGo))
        };
        self.phases.iter().filter(green).map(|p| p.duration_ms as f64 / 1000.0).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_follow_each_other_from_the_offset_on() {
        let phase = |duration_ms, letters: &str| ProgramPhase {
            duration_ms,
            shows: letters.bytes().map(|b| Show::of_letter(b).expect("a letter of SUMO's")).collect(),
        };
        let program =
            Program { offset_ms: 5000, phases: vec![phase(30_000, "Gr"), phase(3000, "yr"), phase(27_000, "rg")] };
        assert_eq!(program.cycle_ms(), 60_000);
        for (at_ms, expected) in
            [(5000, (0, 30_000)), (34_999, (0, 1)), (35_000, (1, 3000)), (0, (2, 5000)), (65_000, (0, 30_000))]
        {
            assert_eq!(program.phase_at(at_ms), expected, "{at_ms}");
        }
        assert_eq!((program.show(0, 5000), program.show(1, 40_000)), (Show::Green, Show::Yield));
        assert_eq!((program.green_s(0), program.green_s(1)), (30.0, 27.0));
        assert_eq!(Show::of_letter(b'x'), None);
    }
}
