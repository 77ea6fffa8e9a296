//! Reads `.net.xml`, checks every value and every reference.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    SumoConnection, SumoEdge, SumoError, SumoJunction, SumoLane, SumoLocation, SumoNet, SumoProgram, SumoRequest,
    SumoRoundabout, programs,
    xml::{self, Attributes, Failure, Tag, finite, shortened},
};

/// Lanes of an edge at most: those of a lane's number in one byte. The widest road on earth has 26.
const MOST_LANES: usize = 255;

/// Reads a whole network file.
///
/// # Errors
/// The first thing wrong: no well-formed XML, broken off, a missing attribute, a value that is no finite number or out of
/// range, a name that is not in the file; with its line.
pub fn read_net(bytes: &[u8]) -> Result<SumoNet, SumoError> {
    let mut document = Document::default();
    let mut position = 0;
    let read = xml::visit(bytes, &mut position, &mut document).and_then(|()| document.finish(&mut position));
    read.map_err(|what| SumoError { line: xml::line_of(bytes, position), what })?;
    Ok(document.net)
}

#[derive(Default)]
struct Document<'a> {
    net: SumoNet,
    open: Open,
    /// By name; hash maps are for lookups alone, none is iterated.
    junction_index: HashMap<String, usize>,
    edge_index: HashMap<String, usize>,
    /// Edges' ends and connections by name, with their place, until all names are known.
    edge_ends: Vec<(usize, Option<String>, Option<String>)>,
    links: Vec<(usize, Attributes<'a>)>,
    roundabouts: Vec<(usize, Attributes<'a>)>,
    /// Places of junctions.
    junction_at: Vec<usize>,
    internal_edges: HashSet<String>,
    /// Per signal group the states that all its programs' phases have.
    states: HashMap<String, usize>,
    position: usize,
}

/// The element whose parts are being read.
#[derive(Default)]
enum Open {
    #[default]
    Nothing,
    Edge {
        internal: bool,
    },
    Junction {
        internal: bool,
    },
    Program,
}

impl<'a> xml::Visitor<'a> for Document<'a> {
    fn start(&mut self, depth: usize, tag: &Tag<'a>) -> Result<(), Failure> {
        self.position = tag.position;
        match (depth, tag.name) {
            (0, "net") => self.net.left_hand = matches!(Attributes::of(tag)?.get("lefthand"), Some("true" | "1")),
            (0, other) => return Err(format!("the root is <{}>, not <net>", shortened(other))),
            (1, "location") => self.location(&Attributes::of(tag)?)?,
            (1, "edge") => self.edge(&Attributes::of(tag)?)?,
            (1, "junction") => self.junction(&Attributes::of(tag)?)?,
            (1, "connection") => self.links.push((self.position, Attributes::of(tag)?)),
            (1, "roundabout") => self.roundabouts.push((self.position, Attributes::of(tag)?)),
            (1, "tlLogic") => self.program(&Attributes::of(tag)?)?,
            (2, "lane") => self.lane(&Attributes::of(tag)?)?,
            (2, "request") => self.request(&Attributes::of(tag)?)?,
            (2, _) => self.part_of_program(tag)?,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, depth: usize) -> Result<(), Failure> {
        if depth != 1 {
            return Ok(());
        }
        match std::mem::take(&mut self.open) {
            Open::Edge { internal: false } => match self.net.edges.last() {
                Some(edge) if edge.lanes.is_empty() => Err(format!("edge {} has no lanes", shortened(&edge.id))),
                _ => Ok(()),
            },
            Open::Program => match self.net.programs.last() {
                Some(program) if program.phases.is_empty() => {
                    Err(format!("signal program {} has no phases", shortened(&program.id)))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

impl Document<'_> {
    fn location(&mut self, a: &Attributes) -> Result<(), Failure> {
        self.net.location = Some(SumoLocation {
            net_offset: a.numbers("netOffset")?,
            conv_boundary: a.numbers("convBoundary")?,
            orig_boundary: a.numbers("origBoundary")?,
            projection: a.text("projParameter")?.to_owned(),
        });
        Ok(())
    }

    fn edge(&mut self, a: &Attributes) -> Result<(), Failure> {
        let id = a.text("id")?.to_owned();
        let internal = a.get("function") == Some("internal");
        self.open = Open::Edge { internal };
        if internal {
            self.internal_edges.insert(id);
            return Ok(());
        }
        if self.edge_index.insert(id.clone(), self.net.edges.len()).is_some() {
            return Err(format!("edge {} stands twice", shortened(&id)));
        }
        let pedestrian = matches!(a.get("function"), Some("crossing" | "walkingarea"));
        if !pedestrian {
            a.text("from")?;
            a.text("to")?;
        }
        let priority = match a.get("priority") {
            Some(text) => text.parse().map_err(|_| a.wrong("priority", text, "a whole number"))?,
            None => -1,
        };
        self.edge_ends.push((self.position, a.owned("from"), a.owned("to")));
        self.net.edges.push(SumoEdge {
            id,
            from: None,
            to: None,
            function: a.owned("function"),
            class: a.owned("type"),
            name: a.owned("name"),
            priority,
            lanes: Vec::new(),
        });
        Ok(())
    }

    fn lane(&mut self, a: &Attributes) -> Result<(), Failure> {
        let Open::Edge { internal } = self.open else { return Ok(()) };
        let speed_mps = a.number("speed")?;
        if speed_mps < 0.0 {
            return Err(a.wrong("speed", a.text("speed")?, "a speed"));
        }
        let lane = SumoLane {
            id: a.text("id")?.to_owned(),
            speed_mps,
            length_m: a.positive("length")?,
            width_m: a.get("width").map(|_| a.positive("width")).transpose()?,
            allow: a.owned("allow"),
            disallow: a.owned("disallow"),
            shape: shape(a)?,
        };
        let index = a.index("index")?;
        if internal {
            self.net.internal_lanes.insert(lane.id.clone(), lane);
            return Ok(());
        }
        let edge = self.net.edges.last_mut().expect("an edge is open");
        if index != edge.lanes.len() {
            return Err(format!("lane {} has index {index}, expected {}", shortened(&lane.id), edge.lanes.len()));
        }
        if index == MOST_LANES {
            return Err(format!("edge {} has more than {MOST_LANES} lanes", shortened(&edge.id)));
        }
        edge.lanes.push(lane);
        Ok(())
    }

    fn junction(&mut self, a: &Attributes) -> Result<(), Failure> {
        let id = a.text("id")?.to_owned();
        let kind = a.text("type")?.to_owned();
        let internal = kind == "internal";
        self.open = Open::Junction { internal };
        if internal {
            return Ok(());
        }
        if self.junction_index.insert(id.clone(), self.net.junctions.len()).is_some() {
            return Err(format!("junction {} stands twice", shortened(&id)));
        }
        let at = [a.number("x")?, a.number("y")?];
        let incoming = a.get("incLanes").unwrap_or("").split_whitespace().map(str::to_owned).collect();
        self.junction_at.push(self.position);
        self.net.junctions.push(SumoJunction { id, kind, at, incoming, requests: Vec::new() });
        Ok(())
    }

    fn request(&mut self, a: &Attributes) -> Result<(), Failure> {
        let Open::Junction { internal: false } = self.open else { return Ok(()) };
        let junction = self.net.junctions.last_mut().expect("a junction is open");
        let index = a.index("index")?;
        if index != junction.requests.len() {
            let expected = junction.requests.len();
            return Err(format!("junction {}: request {index}, expected {expected}", shortened(&junction.id)));
        }
        let cont = matches!(a.get("cont"), Some("1" | "true" | "x"));
        junction.requests.push(SumoRequest { response: a.bits("response")?, foes: a.bits("foes")?, cont });
        Ok(())
    }

    fn program(&mut self, a: &Attributes) -> Result<(), Failure> {
        self.open = Open::Program;
        self.net.programs.push(SumoProgram { at: self.position, ..programs::program(a)? });
        Ok(())
    }

    fn part_of_program(&mut self, tag: &Tag) -> Result<(), Failure> {
        let Open::Program = self.open else { return Ok(()) };
        let program = self.net.programs.last_mut().expect("a program is open");
        programs::add_part(program, &Attributes::of(tag)?)
    }

    /// Resolves names. `position`: set to the element that is looked at.
    fn finish(&mut self, position: &mut usize) -> Result<(), Failure> {
        for (edge, (at, from, to)) in self.net.edges.iter_mut().zip(&self.edge_ends) {
            *position = *at;
            let junction = |name: &Option<String>| match name {
                Some(name) => self.junction_index.get(name).copied().map(Some).ok_or_else(|| {
                    format!("edge {}: junction {} is not in the file", shortened(&edge.id), shortened(name))
                }),
                None => Ok(None),
            };
            (edge.from, edge.to) = (junction(from)?, junction(to)?);
        }
        for program in &self.net.programs {
            let states = program.phases.iter().map(|phase| phase.state.len()).min().unwrap_or(0);
            let least = self.states.entry(program.id.clone()).or_insert(states);
            *least = states.min(*least);
        }
        for (at, a) in std::mem::take(&mut self.links) {
            *position = at;
            self.connection(&a)?;
        }
        for (junction, at) in self.net.junctions.iter().zip(&self.junction_at) {
            *position = *at;
            let count = junction.requests.len();
            if junction.requests.iter().any(|r| r.response.len() != count || r.foes.len() != count) {
                return Err(format!("junction {}: {count} requests, but not as many bits", shortened(&junction.id)));
            }
        }
        for (at, a) in std::mem::take(&mut self.roundabouts) {
            *position = at;
            let edge = |name: &str| {
                let found = self.edge_index.get(name).copied();
                found.ok_or_else(|| format!("<roundabout>: edge {} is not in the file", shortened(name)))
            };
            let edges = a.text("edges")?.split_whitespace().map(edge).collect::<Result<_, _>>()?;
            let nodes = a.get("nodes").unwrap_or("").split_whitespace().map(str::to_owned).collect();
            self.net.roundabouts.push(SumoRoundabout { nodes, edges });
        }
        self.number_requests();
        Ok(())
    }

    fn connection(&mut self, a: &Attributes) -> Result<(), Failure> {
        let (from, to) = (a.text("from")?, a.text("to")?);
        let via = a.owned("via");
        if let Some(via) = via.as_ref().filter(|via| !self.net.internal_lanes.contains_key(*via)) {
            return Err(format!("<connection {}>: lane {} is not in the file", shortened(from), shortened(via)));
        }
        if self.internal_edges.contains(from) {
            if let Some(via) = via {
                self.net.onward.insert(format!("{from}_{}", a.text("fromLane")?), via);
            }
            return Ok(());
        }
        let edge = |name: &str| {
            let found = self.edge_index.get(name).copied();
            found
                .ok_or_else(|| format!("<connection {}>: edge {} is not in the file", shortened(from), shortened(name)))
        };
        let (from, to) = (edge(from)?, edge(to)?);
        let lane = |key: &str, edge: usize| {
            let (index, edge) = (a.index(key)?, &self.net.edges[edge]);
            if index < edge.lanes.len() {
                Ok(index)
            } else {
                Err(format!("edge {} has no lane {index}", shortened(&edge.id)))
            }
        };
        let (from_lane, to_lane) = (lane("fromLane", from)?, lane("toLane", to)?);
        let signal = match a.get("tl") {
            Some(id) => Some((id.to_owned(), a.index("linkIndex")?)),
            None => None,
        };
        if let Some((id, index)) = &signal {
            match self.states.get(id) {
                None => return Err(format!("signal program {} is not in the file", shortened(id))),
                Some(states) if states <= index => {
                    return Err(format!("signal program {} has no link {index}", shortened(id)));
                }
                Some(_) => {}
            }
        }
        self.net.connections.push(SumoConnection {
            from,
            to,
            from_lane,
            to_lane,
            via,
            dir: a.letter("dir", "stTlLrR")?,
            state: a.letter("state", "M=msowOZ-")?,
            signal,
            request: None,
        });
        Ok(())
    }

    /// Which request of its junction a connection is: its internal lane `:junction_i_l` is link i + l (SUMO numbers
    /// internal edges by their first link); without one, links follow the incoming lanes in file order.
    fn number_requests(&mut self) {
        let mut by_lane = BTreeMap::<(usize, usize), Vec<usize>>::new();
        for (c, connection) in self.net.connections.iter().enumerate() {
            by_lane.entry((connection.from, connection.from_lane)).or_default().push(c);
        }
        for junction in &self.net.junctions {
            let mut next = 0;
            for lane in &junction.incoming {
                let Some((edge, index)) = lane.rsplit_once('_') else { continue };
                let (Some(edge), Ok(index)) = (self.edge_index.get(edge), index.parse()) else { continue };
                for c in by_lane.get(&(*edge, index)).into_iter().flatten() {
                    let connection = &mut self.net.connections[*c];
                    let stated = connection.via.as_deref().and_then(|via| {
                        let (rest, lane) = via.rsplit_once('_')?;
                        let (_, link) = rest.rsplit_once('_')?;
                        link.parse::<usize>().ok()?.checked_add(lane.parse().ok()?)
                    });
                    let number = stated.unwrap_or(next);
                    connection.request = (number < junction.requests.len()).then_some(number);
                    next += 1;
                }
            }
        }
    }
}

/// `x,y x,y …`; a third coordinate is left out.
fn shape(a: &Attributes) -> Result<Vec<[f64; 2]>, Failure> {
    let text = a.text("shape")?;
    let point = |part: &str| {
        let mut numbers = part.split(',').map(finite);
        Some([numbers.next()??, numbers.next()??])
    };
    let points: Option<Vec<[f64; 2]>> = text.split_whitespace().map(point).collect();
    points.filter(|p| p.len() >= 2).ok_or_else(|| a.wrong("shape", text, "a line of at least two points"))
}
