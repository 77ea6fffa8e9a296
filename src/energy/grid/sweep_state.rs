//! The arithmetic of sweeps: voltages and currents of one feeder, N hours side by side in every operation.

use faer::c64;

use super::radial::Feeder;

/// One value per hour.
pub type Lanes<const N: usize> = [f64; N];

#[inline(always)]
pub fn sum<const N: usize>(mut a: Lanes<N>, b: Lanes<N>) -> Lanes<N> {
    for lane in 0..N {
        a[lane] += b[lane];
    }
    a
}

/// A feeder's constants, without its source.
pub struct Tree<'a> {
    pub parent: &'a [u32],
    pub impedance: &'a [[f64; 2]],
    pub earth: &'a [[f64; 2]],
    pub current: &'a [[f64; 2]],
}

/// Voltages and currents of a feeder, the source at 0; demand without it.
pub struct State<const N: usize> {
    pub re: Vec<Lanes<N>>,
    pub im: Vec<Lanes<N>>,
    pub jr: Vec<Lanes<N>>,
    pub ji: Vec<Lanes<N>>,
    pub p: Vec<Lanes<N>>,
    pub q: Vec<Lanes<N>>,
}

impl<const N: usize> State<N> {
    pub fn new(nodes: usize) -> Self {
        let zeros = |len: usize| vec![[0.0; N]; len];
        let (re, im, jr, ji) = (zeros(nodes + 1), zeros(nodes + 1), zeros(nodes + 1), zeros(nodes + 1));
        Self { re, im, jr, ji, p: zeros(nodes), q: zeros(nodes) }
    }

    /// The source's voltage everywhere, and what is drawn at it.
    #[inline(always)]
    pub fn start(&mut self, tree: &Tree<'_>, source: c64) {
        let nodes = tree.parent.len();
        self.re[..=nodes].fill([source.re; N]);
        self.im[..=nodes].fill([source.im; N]);
        self.jr[0] = [0.0; N];
        self.ji[0] = [0.0; N];
        for at in 0..nodes {
            let drawn = self.drawn::<true>(tree, at, [source.re; N], [source.im; N]);
            (self.jr[at + 1], self.ji[at + 1]) = drawn;
        }
    }

    /// Sums currents towards the source. Whole arrays go in and out, so that they stay vectors.
    #[inline(always)]
    pub fn backward(&mut self, tree: &Tree<'_>) {
        for at in (0..tree.parent.len()).rev() {
            let parent = tree.parent[at] as usize;
            self.jr[parent] = sum(self.jr[parent], self.jr[at + 1]);
            self.ji[parent] = sum(self.ji[parent], self.ji[at + 1]);
        }
    }

    /// Voltages from the source outwards, and what is drawn at them. The largest change, both parts together.
    #[inline(always)]
    pub fn forward<const FOLLOWS: bool, const CHECK: bool>(&mut self, tree: &Tree<'_>) -> f64 {
        let mut moved = [0.0_f64; N];
        self.jr[0] = [0.0; N];
        self.ji[0] = [0.0; N];
        for at in 0..tree.parent.len() {
            let parent = tree.parent[at] as usize;
            let [r, x] = tree.impedance[at];
            let (up_re, up_im) = (self.re[parent], self.im[parent]);
            let (jr, ji) = (self.jr[at + 1], self.ji[at + 1]);
            let (old_re, old_im) = (self.re[at + 1], self.im[at + 1]);
            let (mut re, mut im) = ([0.0; N], [0.0; N]);
            for lane in 0..N {
                re[lane] = up_re[lane] - (r * jr[lane] - x * ji[lane]);
                im[lane] = up_im[lane] - (r * ji[lane] + x * jr[lane]);
                if CHECK {
                    let change = (re[lane] - old_re[lane]).abs() + (im[lane] - old_im[lane]).abs();
                    moved[lane] = if change > moved[lane] { change } else { moved[lane] };
                }
            }
            self.re[at + 1] = re;
            self.im[at + 1] = im;
            (self.jr[at + 1], self.ji[at + 1]) = self.drawn::<FOLLOWS>(tree, at, re, im);
        }
        if CHECK { moved.into_iter().fold(0.0, f64::max) } else { f64::INFINITY }
    }

    /// The node whose voltage one more sweep moves most, or makes no number.
    pub fn most_moving(&mut self, tree: &Tree<'_>) -> usize {
        let (re, im) = (self.re.clone(), self.im.clone());
        self.backward(tree);
        self.forward::<true, false>(tree);
        let change = |at: &usize| {
            let lane =
                |lane: usize| (self.re[*at][lane] - re[*at][lane]).abs() + (self.im[*at][lane] - im[*at][lane]).abs();
            (0..N).map(lane).fold(0.0, |a: f64, b| if b.is_nan() { f64::INFINITY } else { a.max(b) })
        };
        let ranked = (1..=tree.parent.len()).map(|at| (at, change(&at)));
        ranked.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))).map_or(0, |(at, _)| at)
    }

    /// Current drawn at a node: `conj(S) / conj(u) + y u`.
    #[inline(always)]
    fn drawn<const FOLLOWS: bool>(
        &self,
        tree: &Tree<'_>,
        at: usize,
        re: Lanes<N>,
        im: Lanes<N>,
    ) -> (Lanes<N>, Lanes<N>) {
        let ([g, b], [p_i, q_i]) = (tree.earth[at], tree.current[at]);
        let (mut p, mut q) = (self.p[at], self.q[at]);
        let (mut jr, mut ji) = ([0.0; N], [0.0; N]);
        for lane in 0..N {
            let square = re[lane] * re[lane] + im[lane] * im[lane];
            if FOLLOWS {
                let vm = square.sqrt();
                p[lane] += p_i * vm;
                q[lane] += q_i * vm;
            }
            let inverse = 1.0 / square;
            let (p, q) = (p[lane] * inverse + g, q[lane] * inverse - b);
            jr[lane] = p * re[lane] + q * im[lane];
            ji[lane] = p * im[lane] - q * re[lane];
        }
        (jr, ji)
    }

    /// Power into the feeder per lane, per unit, from the currents at its source.
    #[inline(always)]
    pub fn fed_power(&self, feeder: &Feeder) -> [[f64; 2]; N] {
        let source = feeder.source_voltage;
        let earth = feeder.source_earth.conj() * source.norm_sqr();
        std::array::from_fn(|lane| {
            let (jr, ji) = (self.jr[0][lane], self.ji[0][lane]);
            [source.re * jr + source.im * ji + earth.re, source.im * jr - source.re * ji + earth.im]
        })
    }
}
