//! First ways: the day is lived through once, and each driver takes the fastest way by what turns take when setting out.
//!
//! Were all to take the fastest way on the empty road, a city's main roads would jam as they never do, and what such a day teaches is
//! little. Drivers who see the queues of their own time go round them, so the day flows; what none of them could foresee is left
//! for the iterations.

use std::{ops::ControlFlow, sync::Arc};

use super::{Day, Progress};
use crate::{
    journeys::Journey,
    meso::live::{Live, NewJourney},
};

/// Who sets out within so many seconds looks at the same times.
const TOGETHER_S: f64 = 60.0;

impl Day<'_> {
    pub(super) fn live_through(&mut self, watch: &mut impl FnMut(&Progress) -> ControlFlow<()>) -> ControlFlow<()> {
        let input = &self.input;
        let list = &input.journeys.list;
        let mut live =
            Live::new(Arc::new(input.graph.clone()), input.journeys.types.clone(), self.options.seed, input.begin_s);
        if let Some(network) = input.network {
            live.heed_bans(network);
        }
        let stated = |j: &u32| input.journeys.route(&list[*j as usize]);
        let mut who: Vec<u32> = (0..list.len() as u32).filter(|j| !stated(j).is_empty()).collect();
        who.sort_by(|a, b| list[*a as usize].depart_s.total_cmp(&list[*b as usize].depart_s));
        let slot = |j: &u32| (list[*j as usize].depart_s / TOGETHER_S).floor();
        let mut ways: Vec<(u32, Box<[u32]>)> = Vec::with_capacity(who.len());
        let (mut gone, mut unreachable) = (0, 0);
        for same in who.chunk_by(|a, b| slot(a) == slot(b)) {
            live.run_until(slot(&same[0]) * TOGETHER_S);
            for (j, way) in same.iter().zip(self.ways_now(&live, same)) {
                unreachable += u64::from(way.is_none());
                let way = way.unwrap_or_default();
                set_out(&mut live, &list[*j as usize], &way);
                if input.choosing[*j as usize] {
                    ways.push((*j, way.into()));
                }
            }
            live.release();
            live.take_forced();
            gone += same.len();
            watch(&Progress::Looking { number: 0, share: gone as f64 / who.len() as f64 })?;
        }
        ways.sort_unstable_by_key(|(j, _)| *j);
        self.unreachable += unreachable;
        self.replace(&ways);
        ControlFlow::Continue(())
    }

    /// The fastest ways of those who choose, and the stated ones of the others.
    fn ways_now(&self, live: &Live, who: &[u32]) -> Vec<Option<Vec<u32>>> {
        let (journeys, choosing) = (&self.input.journeys, &self.input.choosing);
        let stated = |j: u32| journeys.route(&journeys.list[j as usize]);
        let choose: Vec<u32> = who.iter().copied().filter(|j| choosing[*j as usize]).collect();
        let ends = |j: &u32| {
            let route = stated(*j);
            (journeys.list[*j as usize].kind, route[0], route[route.len() - 1])
        };
        let mut found = live.routes(&choose.iter().map(ends).collect::<Vec<_>>()).into_iter();
        let way = |j: &u32| if choosing[*j as usize] { found.next().flatten() } else { Some(stated(*j).to_vec()) };
        who.iter().map(way).collect()
    }
}

fn set_out(live: &mut Live, journey: &Journey, route: &[u32]) {
    live.run_until(journey.depart_s);
    if !route.is_empty() {
        let Journey { kind, depart, arrival_m, .. } = *journey;
        live.depart(&NewJourney { kind, route, depart, arrival_m });
    }
}
