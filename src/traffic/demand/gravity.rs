//! Where trips go: a doubly constrained gravity model, T_ij = a_i·O_i · b_j·D_j · exp(−β·km_ij) with Σ_j T_ij = O_i and
//! Σ_i T_ij = D_j (Wilson 1967), balanced by Furness' rounds; β by halving until the mean length is the survey's (Hyman
//! 1969 asks for the same mean).

use rayon::prelude::*;

/// Margins are met within this, relative to the largest.
pub const MARGIN: f64 = 1e-7;
/// Rounds of balancing at most, and while β is searched.
const MOST_ROUNDS: usize = 2000;
const SEARCH_ROUNDS: usize = 12;
/// β is searched between these, per kilometre.
const MOST_PER_KM: f64 = 3.0;
const HALVINGS: usize = 14;

/// Road kilometres between all zones; symmetric.
pub struct Distances {
    pub count: usize,
    km: Vec<f64>,
}

/// A balanced matrix, kept as its factors.
#[derive(Clone, Debug, Default)]
pub struct Balanced {
    /// a_i·O_i and b_j·D_j.
    rows: Vec<f64>,
    columns: Vec<f64>,
    pub per_km: f64,
    pub mean_km: f64,
    /// Largest difference to a margin, relative to the largest margin.
    pub margin_error: f64,
    pub rounds: usize,
}

impl Distances {
    pub fn new(count: usize, km: impl Fn(usize, usize) -> f64 + Sync) -> Self {
        let km = (0..count * count).into_par_iter().map(|k| km(k / count, k % count)).collect();
        Self { count, km }
    }

    pub fn row(&self, i: usize) -> &[f64] {
        &self.km[i * self.count..(i + 1) * self.count]
    }
}

impl Balanced {
    /// Trips between `productions` and `attractions` (same sum) with a mean length as near to `mean_km` as β ≥ 0 allows:
    /// on a map without far places the mean stays shorter, and β is 0.
    pub fn new(distances: &Distances, productions: &[f64], attractions: &[f64], mean_km: f64) -> Self {
        let mut work = Work { distances, productions, attractions, found: Self::default(), reluctance: Vec::new() };
        work.found.columns = attractions.to_vec();
        work.set(0.0);
        if work.rounds(SEARCH_ROUNDS) > mean_km {
            let (mut low, mut high) = (0.0, MOST_PER_KM);
            for _ in 0..HALVINGS {
                let middle = 0.5 * (low + high);
                work.set(middle);
                if work.rounds(SEARCH_ROUNDS) > mean_km { low = middle } else { high = middle }
            }
            work.set(0.5 * (low + high));
        }
        work.found.mean_km = work.rounds(MOST_ROUNDS);
        work.found
    }

    /// Trips from a zone to every zone.
    pub fn row<'a>(&'a self, distances: &'a Distances, i: usize) -> impl Iterator<Item = f64> + 'a {
        let from = self.rows.get(i).copied().unwrap_or_default();
        distances
            .row(i)
            .iter()
            .zip(&self.columns)
            .map(move |(km, to)| if from > 0.0 { from * to * (-self.per_km * km).exp() } else { 0.0 })
    }

    /// Trips from every zone to a zone.
    pub fn column<'a>(&'a self, distances: &'a Distances, j: usize) -> impl Iterator<Item = f64> + 'a {
        let to = self.columns.get(j).copied().unwrap_or_default();
        distances.row(j).iter().zip(&self.rows).map(move |(km, from)| from * to * (-self.per_km * km).exp())
    }
}

struct Work<'a> {
    distances: &'a Distances,
    productions: &'a [f64],
    attractions: &'a [f64],
    found: Balanced,
    /// exp(−β·km), by rows.
    reluctance: Vec<f64>,
}

impl Work<'_> {
    fn set(&mut self, per_km: f64) {
        self.found.per_km = per_km;
        self.reluctance = self.distances.km.par_iter().map(|km| (-per_km * km).exp()).collect();
    }

    /// Balances until the margins are met or the rounds are spent; the mean length.
    fn rounds(&mut self, most: usize) -> f64 {
        let n = self.distances.count;
        let row = |i: usize| &self.reluctance[i * n..(i + 1) * n];
        let largest = self.productions.iter().chain(self.attractions).copied().fold(0.0, f64::max);
        let found = &mut self.found;
        for round in 1..=most {
            let columns = &found.columns;
            let factor = |wanted: f64, sum: f64| if wanted > 0.0 && sum > 0.0 { wanted / sum } else { 0.0 };
            let rows: Vec<f64> = (0..n)
                .into_par_iter()
                .map(|i| factor(self.productions[i], row(i).iter().zip(columns).map(|(r, b)| r * b).sum()))
                .collect();
            // The reluctance is symmetric: a column is a row. What reached each column before it is balanced is the error.
            let sums: Vec<f64> =
                (0..n).into_par_iter().map(|j| row(j).iter().zip(&rows).map(|(r, a)| r * a).sum()).collect();
            let reached = sums.iter().zip(columns).zip(self.attractions);
            let error = reached.map(|((sum, b), wanted)| (sum * b - wanted).abs()).fold(0.0, f64::max);
            found.margin_error = if largest > 0.0 { error / largest } else { 0.0 };
            found.rounds = round;
            found.rows = rows;
            if found.margin_error < MARGIN {
                break;
            }
            if round < most {
                found.columns = self.attractions.iter().zip(&sums).map(|(wanted, sum)| factor(*wanted, *sum)).collect();
            }
        }
        self.mean_km()
    }

    fn mean_km(&self) -> f64 {
        let n = self.distances.count;
        let of_row = |i: usize| {
            let cells = self.reluctance[i * n..(i + 1) * n].iter().zip(&self.found.columns).zip(self.distances.row(i));
            cells.fold((0.0, 0.0), |(trips, kms), ((r, b), km)| (trips + r * b, kms + r * b * km))
        };
        let rows: Vec<(f64, f64)> = (0..n).into_par_iter().map(of_row).collect();
        let (trips, kms) = rows
            .iter()
            .zip(&self.found.rows)
            .fold((0.0, 0.0), |(t, k), ((trips, kms), a)| (t + a * trips, k + a * kms));
        if trips > 0.0 { kms / trips } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(count: usize) -> Distances {
        Distances::new(count, |i, j| (i as f64 - j as f64).abs().max(0.4))
    }

    /// Margins within 1e-6 and the mean asked for, on a line of unlike zones, some without homes or goals.
    #[test]
    fn margins_and_mean_are_met() {
        let distances = line(40);
        let productions: Vec<f64> = (0..40).map(|i| if i % 7 == 0 { 0.0 } else { 100.0 + 30.0 * i as f64 }).collect();
        let total: f64 = productions.iter().sum();
        let pulls: Vec<f64> = (0..40).map(|i| if i % 5 == 0 { 0.0 } else { f64::from(i * i + 3) }).collect();
        let scale = total / pulls.iter().sum::<f64>();
        let attractions: Vec<f64> = pulls.iter().map(|p| p * scale).collect();
        let found = Balanced::new(&distances, &productions, &attractions, 8.0);
        assert!((found.mean_km - 8.0).abs() < 0.01, "{}", found.mean_km);
        let rows: Vec<Vec<f64>> = (0..40).map(|i| found.row(&distances, i).collect()).collect();
        let largest = attractions.iter().chain(&productions).copied().fold(0.0, f64::max);
        for z in 0..40 {
            let (out, into): (f64, f64) = (rows[z].iter().sum(), rows.iter().map(|row| row[z]).sum());
            assert!((out - productions[z]).abs() < 1e-6 * largest, "{z}: {out} of {}", productions[z]);
            assert!((into - attractions[z]).abs() < 1e-6 * largest, "{z}: {into} of {}", attractions[z]);
        }
    }

    /// A mean that the map has no room for: distance does not deter, and nothing breaks.
    #[test]
    fn a_small_map_keeps_its_own_mean() {
        let found = Balanced::new(&line(5), &[10.0; 5], &[10.0; 5], 50.0);
        assert_eq!(found.per_km, 0.0);
        assert!((found.mean_km - 1.68).abs() < 1e-9, "{}", found.mean_km);
        let nobody = Balanced::new(&line(3), &[0.0; 3], &[0.0; 3], 5.0);
        assert_eq!(nobody.row(&line(3), 1).sum::<f64>(), 0.0);
    }
}
