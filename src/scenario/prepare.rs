//! What all runs of one city share: compiled once, read by many.

use std::sync::Arc;

use citytwin_energy::EnergySystem;
use citytwin_model::{Assumptions, City};
use citytwin_traffic::{Demand, Network};

use crate::{LiveBasis, spec::RunError};

/// The engines' static side.
pub struct Prepared<'a> {
    pub city: &'a City,
    pub network: Arc<Network>,
    pub demand: Arc<Demand>,
    pub energy: EnergySystem,
    /// What no share changes about its energy.
    pub basis: Arc<LiveBasis>,
}

impl<'a> Prepared<'a> {
    pub fn new(city: &'a City) -> Self {
        let network = Network::compile(city);
        let demand = Arc::new(Demand::estimate(city, &network));
        Self::with(city, timed(network, &demand), demand)
    }

    /// The same from a network and a demand that somebody has already.
    pub fn with(city: &'a City, network: Arc<Network>, demand: Arc<Demand>) -> Self {
        let energy = EnergySystem::new(city);
        let basis = Arc::new(LiveBasis::new(city, &energy, &demand));
        Self { city, network, demand, energy, basis }
    }
}

/// Links up to which signals are timed by flows: the equilibrium takes 3 s for the 33,000 of Porto Alegre, two minutes for
/// the 160,000 of Porto (two cores).
const MOST_TIMED_LINKS: usize = 60_000;

/// The network with its signals timed for the demand's busiest hour, as a town's engineers would have done. A larger
/// network, and a demand that cannot be assigned, keep the plans for design flows.
pub fn timed(network: Network, demand: &Demand) -> Arc<Network> {
    if network.summary().links > MOST_TIMED_LINKS {
        return Arc::new(network);
    }
    Arc::new(network.timed_for(demand).unwrap_or(network))
}

/// The network as assumptions lay it out, roads that are closed still open: closing is for the simulation, which
/// keeps the vehicles on them.
pub fn network_for(city: &City, network: &Arc<Network>, assumptions: &Assumptions) -> Arc<Network> {
    let layout = assumptions.network.with_all_open();
    if layout == *network.changes() { network.clone() } else { Arc::new(network.changed(city, layout)) }
}

/// A pool of half the cores: for work beside a live city, which has the others.
pub fn half_pool() -> Result<rayon::ThreadPool, RunError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    pool(cores.div_ceil(2))
}

/// A pool of worker threads; 0 for as many as the machine has.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool, RunError> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("run-{i}")).build()?)
}
