//! The directed graph that traffic is assigned to, structure of arrays, and its edits.
//!
//! A link is what congests; an arc is one way to enter it. Where turns do not matter (TNTP) each link has one arc
//! between its nodes. Where they do (a city), the vertices are routing states and several arcs share the link they
//! enter ([`Graph::of_states`]). Arcs lie sorted by the vertex they leave.

use super::cost::{CostFunction, Signal};

/// One link as it is put in. Times in one unit throughout (minutes in most TNTP instances, seconds in a city).
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Link {
    /// Nodes, counted from 0.
    pub from: u32,
    pub to: u32,
    pub free_time: f64,
    /// Vehicles in the time that the trips are given for.
    pub capacity: f64,
    pub b: f64,
    pub power: f64,
    pub length: f64,
    pub toll: f64,
    pub signal: Option<Signal>,
}

/// One way to enter a link, between vertices; used where turns matter.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Arc {
    pub tail: u32,
    pub head: u32,
    /// The link it enters; `None` for a connector, which never congests.
    pub link: Option<u32>,
    /// Time lost by the turn, in the graph's unit.
    pub extra: f64,
}

/// How many vertices a graph has, how many of the first are zones, and which may be driven through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    pub vertices: u32,
    /// Vertices 0 … zones − 1 are the zones.
    pub zones: u32,
    /// Vertices below this are no through way: trips only start and end there.
    pub first_through: u32,
}

/// Why a graph cannot be built or edited.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum GraphError {
    #[error("link {link}: node {node} does not exist (there are {count})")]
    NodeOutOfRange { link: usize, node: u32, count: u32 },
    #[error("link {link}: {what} is {value}; it must be a number, not below zero")]
    NotANumber { link: usize, what: &'static str, value: f64 },
    #[error("link {link}: capacity is zero but its cost rises with the flow; give a capacity or set b to 0")]
    NoCapacity { link: usize },
    #[error("link {link}: a signal needs a cycle above 0 s and a green share between 0 and 1")]
    BadSignal { link: usize },
    #[error("{zones} zones and first through node {first_through} do not fit {vertices} nodes")]
    BadExtent { zones: u32, first_through: u32, vertices: u32 },
    #[error("there is no link {0}")]
    NoSuchLink(usize),
    #[error("an arc enters link {link}, but there are {count}")]
    ArcWithoutLink { link: u32, count: usize },
}

/// The graph; closed links stay in it.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(crate) extent: Extent,
    /// Links as put in.
    pub(crate) links: Vec<Link>,
    pub(crate) closed: Vec<bool>,
    /// One per link, and a last one, free of cost, for connectors.
    pub(crate) functions: Vec<CostFunction>,
    /// Arcs by tail: those of vertex v are `first[v]..first[v + 1]`.
    pub(crate) first: Vec<u32>,
    pub(crate) tail: Vec<u32>,
    pub(crate) head: Vec<u32>,
    /// Row of `functions`.
    pub(crate) link: Vec<u32>,
    pub(crate) extra: Vec<f64>,
}

impl Graph {
    /// A graph whose links join nodes.
    pub fn new(extent: Extent, links: Vec<Link>) -> Result<Self, GraphError> {
        let arc = |(l, link): (usize, &Link)| Arc { tail: link.from, head: link.to, link: Some(l as u32), extra: 0.0 };
        let arcs: Vec<Arc> = links.iter().enumerate().map(arc).collect();
        Self::of_states(extent, links, &arcs)
    }

    /// A graph whose arcs join vertices and enter links; links' own nodes are kept for reports alone.
    pub fn of_states(extent: Extent, links: Vec<Link>, arcs: &[Arc]) -> Result<Self, GraphError> {
        let Extent { vertices, zones, first_through } = extent;
        if zones > vertices || first_through > vertices {
            return Err(GraphError::BadExtent { zones, first_through, vertices });
        }
        links.iter().enumerate().try_for_each(|(l, link)| checked(l, link))?;
        for (a, arc) in arcs.iter().enumerate() {
            let link = arc.link.map_or(a, |l| l as usize);
            if let Some(node) = [arc.tail, arc.head].into_iter().find(|v| *v >= vertices) {
                return Err(GraphError::NodeOutOfRange { link, node, count: vertices });
            }
            if link >= links.len() && arc.link.is_some() {
                return Err(GraphError::ArcWithoutLink { link: link as u32, count: links.len() });
            }
            amount(link, "turn time", arc.extra)?;
        }
        let mut order: Vec<u32> = (0..arcs.len() as u32).collect();
        order.sort_by_key(|a| arcs[*a as usize].tail);
        let mut first = vec![0; vertices as usize + 1];
        arcs.iter().for_each(|arc| first[arc.tail as usize + 1] += 1);
        (0..vertices as usize).for_each(|v| first[v + 1] += first[v]);
        let sorted = || order.iter().map(|a| &arcs[*a as usize]);
        let connector = CostFunction::new(&Link::default());
        Ok(Self {
            extent,
            closed: vec![false; links.len()],
            functions: links.iter().map(CostFunction::new).chain([connector]).collect(),
            first,
            tail: sorted().map(|a| a.tail).collect(),
            head: sorted().map(|a| a.head).collect(),
            link: sorted().map(|a| a.link.unwrap_or(links.len() as u32)).collect(),
            extra: sorted().map(|a| a.extra).collect(),
            links,
        })
    }

    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Links as put in, edits included.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    pub fn arc_count(&self) -> usize {
        self.head.len()
    }

    pub fn closed(&self, link: usize) -> bool {
        self.closed.get(link).copied().unwrap_or(false)
    }

    /// Closes a link to all traffic, or opens it again.
    pub fn set_closed(&mut self, link: usize, closed: bool) -> Result<(), GraphError> {
        *self.closed.get_mut(link).ok_or(GraphError::NoSuchLink(link))? = closed;
        Ok(())
    }

    /// Changes a link's cost (capacity, free time, toll, length, signal …); its ends stay where they are.
    pub fn set_link(&mut self, link: usize, to: Link) -> Result<(), GraphError> {
        let old = self.links.get_mut(link).ok_or(GraphError::NoSuchLink(link))?;
        checked(link, &to)?;
        *old = Link { from: old.from, to: old.to, ..to };
        self.functions[link] = CostFunction::new(old);
        Ok(())
    }

    /// Time along a link at a flow, in the graph's unit.
    pub fn time(&self, link: usize, flow: f64) -> f64 {
        self.functions.get(link).map_or(f64::INFINITY, |f| f.at(flow).0)
    }

    /// Of it, waiting at the signal at the link's end; 0 where none stands.
    pub fn signal_delay(&self, link: usize, flow: f64) -> f64 {
        self.functions.get(link).map_or(0.0, |f| f.signal_delay(flow))
    }

    pub(crate) fn arcs_of(&self, vertex: u32) -> std::ops::Range<usize> {
        self.first[vertex as usize] as usize..self.first[vertex as usize + 1] as usize
    }

    /// Whether a route may go on from a vertex that it entered.
    pub(crate) fn through(&self, vertex: u32) -> bool {
        vertex >= self.extent.first_through
    }
}

fn checked(l: usize, link: &Link) -> Result<(), GraphError> {
    let fields = [
        ("free-flow time", link.free_time),
        ("capacity", link.capacity),
        ("b", link.b),
        ("power", link.power),
        ("length", link.length),
        ("toll", link.toll),
    ];
    fields.into_iter().try_for_each(|(what, value)| amount(l, what, value))?;
    let rises = link.free_time * link.b > 0.0 && link.power > 0.0;
    if link.capacity == 0.0 && (rises || link.signal.is_some()) {
        return Err(GraphError::NoCapacity { link: l });
    }
    match link.signal {
        Some(s) if !(s.cycle_s > 0.0 && s.cycle_s.is_finite() && s.green_share > 0.0 && s.green_share <= 1.0) => {
            Err(GraphError::BadSignal { link: l })
        }
        _ => Ok(()),
    }
}

fn amount(link: usize, what: &'static str, value: f64) -> Result<(), GraphError> {
    if value.is_finite() && value >= 0.0 { Ok(()) } else { Err(GraphError::NotANumber { link, what, value }) }
}
