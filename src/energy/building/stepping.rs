//! A city's heat through some hours after the other: blocks and the state of their masses stay from one to the next, and what plants
//! draw is added up while a block is in the nearest cache. The same bytes for any number of threads: the cut depends on the stock
//! alone, and sums are taken in its order.

use rayon::prelude::*;

use super::{
    block::{Block, CHUNK, LANES, Lanes, Room, Run, greater, split_sum, sum},
    heat_source::{BOILER, COOLER, DISTRICT, HeatSource},
    plant::{EMITTER_NEW_C, HeatPower, Hour, Plan},
    schedule::Schedule,
    simulate::{BuildingError, Hours, Stock, by_class, cut, levels},
    zone::Climate,
};

/// What a stock's buildings have beside their zones.
pub(super) struct Plants<'a> {
    pub plan: &'a [Plan],
    /// Mean heat for hot water of a building, W.
    pub water_w: &'a (dyn Fn(usize) -> f64 + Sync),
}

/// Buildings on their way through the hours. Those of one class share a schedule and a source of heat.
pub(super) struct Stepping<'a> {
    schedules: &'a [Schedule],
    pieces: Vec<Piece>,
    /// Hours taken so far, as hot water counts them: relative to its mean.
    water_h: f64,
}

/// Whole blocks of one class in a row.
struct Piece {
    class: usize,
    source: HeatSource,
    members: Vec<u32>,
    /// Mean heat for hot water: of each member, and of all, W.
    water_w: Vec<f64>,
    all_water_w: f64,
    blocks: Vec<(Box<Block<1>>, Electric)>,
}

/// Electricity of a block's heat pumps and coolers.
struct Electric {
    /// 1 where a heat pump feeds old emitters, or new ones, else 0.
    old: Lanes,
    new: Lanes,
    /// Hot water from heat pumps, W of heat.
    water_w: Lanes,
    /// So far, W·h.
    wh: Lanes,
}

/// Of all buildings of a piece in an hour, W.
#[derive(Clone, Copy, Default)]
struct Sum {
    heating: f64,
    cooling: f64,
    electric: f64,
}

impl<'a> Stepping<'a> {
    /// # Errors
    /// A zone that no building can be.
    pub fn new(stock: &Stock<'a, 1>, plants: &Plants<'_>) -> Result<Self, BuildingError> {
        let order = by_class(stock.class, stock.schedules.len());
        let pieces: Result<Vec<Piece>, BuildingError> =
            cut(&order).into_par_iter().map(|(class, members)| Piece::new(stock, plants, (class, members))).collect();
        Ok(Self { schedules: stock.schedules, pieces: pieces?, water_h: 0.0 })
    }

    /// The next hours: the city's, W. `electric_w` gets every building's (`building · count + hour`), or is empty.
    pub fn step(
        &mut self,
        (climate, hours): (&Climate, Hours),
        now: &[Hour],
        electric_w: &mut [f32],
    ) -> Vec<HeatPower> {
        let mut rows: Vec<&mut [f32]> = electric_w.chunks_mut(hours.count.max(1)).collect();
        let own = |piece: &Piece| -> Vec<&mut [f32]> {
            let taken = |member: &u32| rows.get_mut(*member as usize).map(std::mem::take);
            piece.members.iter().filter_map(taken).collect()
        };
        let rows: Vec<Vec<&mut [f32]>> = self.pieces.iter().map(own).collect();
        let schedules = self.schedules;
        let done: Vec<Vec<Sum>> = (self.pieces.par_iter_mut().zip(rows))
            .map(|(piece, rows)| {
                let run = (climate, &schedules[piece.class], hours);
                pulp::Arch::new().dispatch(StepTask { piece, run, now, rows })
            })
            .collect();
        let mut city = vec![HeatPower::default(); hours.count];
        for (piece, sums) in self.pieces.iter().zip(done) {
            for ((city, sum), now) in city.iter_mut().zip(&sums).zip(now) {
                city.add(&piece.power(sum, piece.all_water_w * now.hot_water));
            }
        }
        self.water_h += now.iter().map(|hour| hour.hot_water).sum::<f64>();
        city
    }

    /// What every building used so far, W·h.
    pub fn told(&self, buildings: &mut [HeatPower]) {
        for piece in &self.pieces {
            for (position, member) in piece.members.iter().enumerate() {
                let ((block, electric), lane) = (&piece.blocks[position / LANES], position % LANES);
                let sum = Sum {
                    heating: block.used.heating_wh[lane],
                    cooling: block.used.cooling_wh[lane],
                    electric: electric.wh[lane],
                };
                buildings[*member as usize] = piece.power(&sum, piece.water_w[position] * self.water_h);
            }
        }
    }
}

impl Piece {
    fn new(
        stock: &Stock<'_, 1>,
        plants: &Plants<'_>,
        (class, members): (usize, &[u32]),
    ) -> Result<Self, BuildingError> {
        let plan = |member: &u32| &plants.plan[*member as usize];
        let levels = levels(&stock.schedules[class]);
        let water_w: Vec<f64> = members.iter().map(|member| (plants.water_w)(*member as usize)).collect();
        let block = |(members, water_w): (&[u32], &[f64])| {
            let plans: Vec<&Plan> = members.iter().map(plan).collect();
            let mut block = Block::new(&stock.zones(members)?, stock.start(members), levels);
            block.shade(stock.lit(members));
            Ok((block, Electric::of(&plans, water_w)))
        };
        let blocks: Result<_, BuildingError> = members.chunks(LANES).zip(water_w.chunks(LANES)).map(block).collect();
        Ok(Self {
            class,
            source: members.first().map_or(HeatSource::Boiler, |member| plan(member).source),
            members: members.to_vec(),
            all_water_w: water_w.iter().sum(),
            water_w,
            blocks: blocks?,
        })
    }

    /// What the piece's source makes of heat, cold and hot water.
    fn power(&self, sum: &Sum, hot_water_w: f64) -> HeatPower {
        let heat_w = sum.heating + hot_water_w;
        HeatPower {
            heating_w: sum.heating,
            cooling_w: sum.cooling,
            hot_water_w,
            electric_w: sum.electric,
            fuel_w: if self.source == HeatSource::Boiler { heat_w / BOILER } else { 0.0 },
            district_w: if self.source == HeatSource::District { heat_w / DISTRICT } else { 0.0 },
        }
    }
}

impl Electric {
    fn of(plans: &[&Plan], water_w: &[f64]) -> Self {
        let pump = |lane: usize| plans.get(lane).is_some_and(|plan| plan.source == HeatSource::HeatPump);
        let old = |lane: usize| plans.get(lane).is_some_and(|plan| plan.emitter_c > EMITTER_NEW_C);
        let one = |is: bool| f64::from(u8::from(is));
        Self {
            old: std::array::from_fn(|lane| one(pump(lane) && old(lane))),
            new: std::array::from_fn(|lane| one(pump(lane) && !old(lane))),
            water_w: std::array::from_fn(|lane| if pump(lane) { water_w[lane] } else { 0.0 }),
            wh: [0.0; LANES],
        }
    }

    /// Some hours of plants' power, into the sums and the rows of the buildings from the hour `first` on.
    #[inline(always)]
    fn take(&mut self, steps: &[Lanes], now: &[Hour], (sums, first): (&mut [Sum], usize), rows: &mut [&mut [f32]]) {
        let mut drawn = [[0.0_f32; LANES]; CHUNK];
        for (((power_w, now), all), drawn) in steps.iter().zip(now).zip(sums).zip(&mut drawn) {
            let per_water = now.hot_water * now.tank;
            let mut electric_w = [0.0; LANES];
            for lane in 0..LANES {
                let heating_w = greater(power_w[lane], 0.0);
                let per_heat = self.old[lane] * now.old + self.new[lane] * now.new;
                let cooling_w = heating_w - power_w[lane];
                electric_w[lane] = cooling_w * (1.0 / COOLER) + heating_w * per_heat + self.water_w[lane] * per_water;
                self.wh[lane] += electric_w[lane];
                drawn[lane] = electric_w[lane] as f32;
            }
            let [heating, cooling] = split_sum(power_w);
            all.heating += heating;
            all.cooling += cooling;
            all.electric += sum(&electric_w);
        }
        for (lane, row) in rows.iter_mut().enumerate() {
            for (slot, drawn) in row[first..first + steps.len()].iter_mut().zip(&drawn) {
                *slot = drawn[lane];
            }
        }
    }
}

/// Some hours of a piece as pulp compiles it for the machine's registers: a closure would stay outside of that.
struct StepTask<'a> {
    piece: &'a mut Piece,
    run: Run<'a>,
    now: &'a [Hour],
    /// By member, or none.
    rows: Vec<&'a mut [f32]>,
}

impl pulp::NullaryFnOnce for StepTask<'_> {
    type Output = Vec<Sum>;

    #[inline(always)]
    fn call(mut self) -> Vec<Sum> {
        let mut sums = vec![Sum::default(); self.now.len()];
        let mut room = Room::new();
        let mut rest = self.rows.as_mut_slice();
        for (block, electric) in &mut self.piece.blocks {
            let own;
            (own, rest) = rest.split_at_mut(LANES.min(rest.len()));
            let (run, now, sums) = (self.run, self.now, &mut sums);
            block.run_in_chunks::<false>(
                &mut room,
                run,
                |_| {},
                |first, steps| electric.take(steps, &now[first..], (&mut sums[first..], first), own),
            );
        }
        sums
    }
}
