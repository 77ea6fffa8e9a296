//! The arithmetic of sweeps in three phases: voltages and currents of one feeder, eight hours side by side.

use faer::c64;

use super::phase_matrix::turn;

/// Hours side by side.
pub const LANES: usize = 8;

pub type Lanes = [f64; LANES];
type Phases = [Lanes; 3];
/// A 3 × 3 matrix as real and imaginary parts by rows.
pub type Matrix = [[f64; 2]; 9];

/// A branch towards the source: A, B and C of [`super::phase_sweep`].
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub parent: u32,
    pub a: Matrix,
    pub b: Matrix,
    pub c: Matrix,
}

/// Voltages and currents of a feeder, the source at 0; demand without it.
pub struct State {
    pub re: Vec<Phases>,
    pub im: Vec<Phases>,
    pub jr: Vec<Phases>,
    pub ji: Vec<Phases>,
    pub p: Vec<Phases>,
    pub q: Vec<Phases>,
}

const NOTHING: Phases = [[0.0; LANES]; 3];

/// Adds the product of a matrix and phases, or takes it away.
#[inline(always)]
fn multiply<const MINUS: bool>(m: &Matrix, re: &Phases, im: &Phases, to_re: &mut Phases, to_im: &mut Phases) {
    for row in 0..3 {
        let (mut sum_re, mut sum_im) = (to_re[row], to_im[row]);
        for column in 0..3 {
            let [a, b] = if MINUS { m[3 * row + column].map(|x| -x) } else { m[3 * row + column] };
            for lane in 0..LANES {
                sum_re[lane] += a * re[column][lane] - b * im[column][lane];
                sum_im[lane] += a * im[column][lane] + b * re[column][lane];
            }
        }
        to_re[row] = sum_re;
        to_im[row] = sum_im;
    }
}

impl State {
    pub fn new(nodes: usize) -> Self {
        let zeros = |len: usize| vec![NOTHING; len];
        let (re, im, jr, ji) = (zeros(nodes + 1), zeros(nodes + 1), zeros(nodes + 1), zeros(nodes + 1));
        Self { re, im, jr, ji, p: zeros(nodes), q: zeros(nodes) }
    }

    #[inline(always)]
    pub fn start(&mut self, steps: &[Step], source: c64) {
        for phase in 0..3 {
            let u = source * turn(phase);
            self.re[0][phase] = [u.re; LANES];
            self.im[0][phase] = [u.im; LANES];
        }
        self.jr[..=steps.len()].fill(NOTHING);
        self.ji[..=steps.len()].fill(NOTHING);
    }

    /// Sums currents towards the source.
    #[inline(always)]
    pub fn backward(&mut self, steps: &[Step]) {
        for (at, step) in steps.iter().enumerate().rev() {
            let parent = step.parent as usize;
            let (mut jr, mut ji) = (self.jr[parent], self.ji[parent]);
            multiply::<false>(&step.c, &self.jr[at + 1], &self.ji[at + 1], &mut jr, &mut ji);
            self.jr[parent] = jr;
            self.ji[parent] = ji;
        }
    }

    /// Voltages outwards and what constant powers draw at them; the largest change.
    #[inline(always)]
    pub fn forward<const FOLLOWS: bool>(&mut self, steps: &[Step], current: &[[[f64; 2]; 3]]) -> f64 {
        let mut moved = [0.0_f64; LANES];
        self.jr[0] = NOTHING;
        self.ji[0] = NOTHING;
        for (at, step) in steps.iter().enumerate() {
            let parent = step.parent as usize;
            let (mut re, mut im) = (NOTHING, NOTHING);
            multiply::<false>(&step.a, &self.re[parent], &self.im[parent], &mut re, &mut im);
            multiply::<true>(&step.b, &self.jr[at + 1], &self.ji[at + 1], &mut re, &mut im);
            for phase in 0..3 {
                let (old_re, old_im) = (self.re[at + 1][phase], self.im[at + 1][phase]);
                let (mut p, mut q) = (self.p[at][phase], self.q[at][phase]);
                let (mut jr, mut ji) = ([0.0; LANES], [0.0; LANES]);
                let (re, im) = (re[phase], im[phase]);
                let [p_i, q_i] = current[at][phase];
                for lane in 0..LANES {
                    let change = (re[lane] - old_re[lane]).abs() + (im[lane] - old_im[lane]).abs();
                    moved[lane] = if change > moved[lane] { change } else { moved[lane] };
                    let square = re[lane] * re[lane] + im[lane] * im[lane];
                    if FOLLOWS {
                        let vm = square.sqrt();
                        p[lane] += p_i * vm;
                        q[lane] += q_i * vm;
                    }
                    let inverse = 1.0 / square;
                    jr[lane] = (p[lane] * re[lane] + q[lane] * im[lane]) * inverse;
                    ji[lane] = (p[lane] * im[lane] - q[lane] * re[lane]) * inverse;
                }
                self.jr[at + 1][phase] = jr;
                self.ji[at + 1][phase] = ji;
            }
            self.re[at + 1] = re;
            self.im[at + 1] = im;
        }
        moved.into_iter().fold(0.0, f64::max)
    }
}
