//! A SUMO network as a city of roads (an edge is a road with one link) and as a compiled network: the same pipeline as
//! for a map, with turns, conflicts, precedence and signal programs as the file states them.
//!
//! What cars may not use is left out of the compiled network: lanes for others are not counted, lane numbers are
//! those of the lanes for cars. The plane is the file's own; it is not placed on the globe.

use std::collections::BTreeMap;

use citytwin_model::{
    AccessLevel, Anchor, City, Coord, DrivingSide, GeoBounds, Known, LineString, Link, LinkEnd, LinkId, LonLat,
    NetworkChanges, Node, NodeId, Oneway, Road, RoadAccess, RoadClass, RoadId, SourceRef, Tags,
};

use super::{SumoConnection, SumoEdge, SumoLane, SumoNet, SumoProgram};
use crate::network::{Given, GivenProgram, GivenTurn, Network, SignalColour, Window};

/// A compiled SUMO network: link `i` is edge `i` of the file.
pub struct SumoNetwork {
    pub city: City,
    pub network: Network,
    links: BTreeMap<String, LinkId>,
    /// Per edge and lane of the file the lane of the network, where cars may use it.
    lanes: Vec<Vec<Option<u8>>>,
}

impl SumoNetwork {
    /// The link of an edge, by its name in the file.
    pub fn link(&self, edge: &str) -> Option<LinkId> {
        self.links.get(edge).copied()
    }

    /// The network's lane of an edge's lane; `None` where cars may not use it.
    pub fn lane(&self, link: LinkId, sumo_lane: usize) -> Option<u8> {
        *self.lanes.get(link.index())?.get(sumo_lane)?
    }
}

/// SUMO's name for cars.
const CAR: &str = "passenger";
/// A lane's width where none is stated, metre (SUMO's default).
const LANE_WIDTH_M: f64 = 3.2;

impl SumoNet {
    /// Compiles the network for cars.
    pub fn compile(&self) -> SumoNetwork {
        self.compile_changed(&NetworkChanges::default())
    }

    /// Compiles the network as changes leave it; roads are named `edge/…`, nodes `junction/…`.
    pub fn compile_changed(&self, changes: &NetworkChanges) -> SumoNetwork {
        let lanes: Vec<Vec<Option<u8>>> = self.edges.iter().map(car_lanes).collect();
        let streams = Streams::of(&self.programs);
        let city = self.city(&lanes);
        let given = Given {
            length_m: self.edges.iter().map(|e| e.lanes[0].length_m.max(0.1) as f32).collect(),
            turns: self.turns(&lanes, &streams),
            programs: streams.programs,
        };
        let network = Network::compile_given(&city, changes, Some(given));
        let links = self.edges.iter().enumerate().map(|(i, e)| (e.id.clone(), LinkId::from_index(i))).collect();
        SumoNetwork { city, network, links, lanes }
    }

    /// The roads of the file as a city.
    fn city(&self, lanes: &[Vec<Option<u8>>]) -> City {
        let origin = LonLat { lon: 0.0, lat: 0.0 };
        let bounds = GeoBounds { west: 0.0, south: 0.0, east: 0.0, north: 0.0 };
        let mut city = City::empty("sumo", Anchor::new(origin), bounds);
        city.driving_side = Known::stated(if self.left_hand { DrivingSide::Left } else { DrivingSide::Right });
        city.nodes = self
            .junctions
            .iter()
            .enumerate()
            .map(|(i, junction)| Node {
                id: NodeId::from_index(i),
                source: SourceRef::local("junction", &junction.id),
                at: Coord { x: junction.at[0], y: junction.at[1] },
                signals: junction.kind.starts_with("traffic_light"),
            })
            .collect();
        let mut round = vec![false; self.edges.len()];
        self.roundabouts.iter().flat_map(|r| &r.edges).for_each(|e| round[*e] = true);
        let ends = self.ends();
        for (i, edge) in self.edges.iter().enumerate() {
            let road = self.road(i, lanes, round[i]);
            let id = LinkId::from_index(i);
            city.links.push(Link {
                id,
                road: road.id,
                from: NodeId::from_index(edge.from.unwrap_or(0)),
                to: NodeId::from_index(edge.to.unwrap_or(0)),
                first: 0,
                last: road.line.0.len() as u32 - 1,
                forward: true,
                length_m: edge.lanes[0].length_m,
                lanes: road.lanes_forward.value.max(1),
                speed_mps: road.speed_forward_mps.value,
                end: ends[i],
                connected: true,
            });
            city.roads.push(road);
        }
        city
    }

    fn road(&self, index: usize, lanes: &[Vec<Option<u8>>], is_roundabout: bool) -> Road {
        let edge = &self.edges[index];
        let open: Vec<&SumoLane> =
            edge.lanes.iter().zip(&lanes[index]).filter(|(_, lane)| lane.is_some()).map(|(lane, _)| lane).collect();
        let drivable = !open.is_empty() && edge.from.is_some() && edge.to.is_some();
        let car = if drivable { AccessLevel::Yes } else { AccessLevel::No };
        // Standing still is no speed for a road: 0.1 m/s is SUMO's own least.
        let speed = open.iter().map(|l| l.speed_mps).fold(0.1, f64::max);
        let width: f64 = open.iter().map(|l| l.width_m.unwrap_or(LANE_WIDTH_M)).sum();
        let (class, is_ramp) = class_of(edge, speed);
        Road {
            id: RoadId::from_index(index),
            source: SourceRef::local("edge", &edge.id),
            name: edge.name.clone(),
            class,
            is_ramp,
            is_roundabout,
            oneway: Known::stated(Oneway::Forward),
            lanes_forward: Known::stated(open.len().min(usize::from(u8::MAX)) as u8),
            lanes_backward: Known::stated(0),
            width_m: Known::stated(width.max(LANE_WIDTH_M)),
            speed_forward_mps: Known::stated(speed),
            speed_backward_mps: Known::stated(speed),
            access: RoadAccess { car, goods: car, bus: car, bicycle: car, foot: AccessLevel::No },
            bridge: false,
            tunnel: false,
            layer: 0,
            line: centre(if open.is_empty() { edge.lanes.iter().collect() } else { open }),
            turn_lanes_forward: Vec::new(),
            turn_lanes_backward: Vec::new(),
            tags: Tags::default(),
        }
    }

    /// What awaits cars at the end of each edge: the mildest of what its connections meet.
    fn ends(&self) -> Vec<LinkEnd> {
        let mut ends = vec![None; self.edges.len()];
        for connection in &self.connections {
            let end = match connection.state {
                _ if connection.signal.is_some() => LinkEnd::Signals,
                's' | 'w' => LinkEnd::Stop,
                'm' => LinkEnd::GiveWay,
                _ => LinkEnd::Free,
            };
            let known: &mut Option<LinkEnd> = &mut ends[connection.from];
            *known = Some(match *known {
                Some(LinkEnd::Signals) => LinkEnd::Signals,
                Some(other) if end != LinkEnd::Signals => other.min(end),
                _ => end,
            });
        }
        ends.into_iter().map(|end| end.unwrap_or(LinkEnd::Free)).collect()
    }

    /// Connections between lanes for cars, joined by the edges they connect.
    fn turns(&self, lanes: &[Vec<Option<u8>>], streams: &Streams) -> BTreeMap<(u32, u32), GivenTurn> {
        let mut turns = BTreeMap::<(u32, u32), GivenTurn>::new();
        let mut of_request = BTreeMap::new();
        let for_cars: Vec<(&SumoConnection, u8)> = self
            .connections
            .iter()
            .filter(|c| lanes[c.to][c.to_lane].is_some())
            .filter_map(|c| Some((c, lanes[c.from][c.from_lane]?)))
            .collect();
        for (c, lane) in &for_cars {
            let key = (c.from as u32, c.to as u32);
            if let (Some(node), Some(request)) = (self.edges[c.from].to, c.request) {
                of_request.insert((node, request), key);
            }
            let turn = turns.entry(key).or_insert_with(|| GivenTurn {
                lanes: (*lane, *lane),
                length_m: self.way_m(c),
                back: c.dir == 't' || c.dir == 'T',
                foes: Vec::new(),
                stream: c.signal.as_ref().and_then(|(id, index)| streams.of_link(id, *index)),
            });
            turn.lanes = (turn.lanes.0.min(*lane), turn.lanes.1.max(*lane));
        }
        for (c, _) in &for_cars {
            let (Some(node), Some(request)) = (self.edges[c.from].to, c.request) else { continue };
            let asks = &self.junctions[node].requests[request];
            let key = (c.from as u32, c.to as u32);
            for (other, foe) in asks.foes.iter().enumerate() {
                let yields = asks.response[other];
                let Some(foe_key) = of_request.get(&(node, other)).filter(|_| *foe || yields) else { continue };
                let foes = &mut turns.get_mut(&key).expect("every connection has its turn").foes;
                match foes.iter_mut().find(|(known, _)| known == foe_key) {
                    Some((_, first)) => *first |= yields,
                    // Turns out of one edge follow each other.
                    None if foe_key.0 != key.0 => foes.push((*foe_key, yields)),
                    None => {}
                }
            }
        }
        turns.values_mut().for_each(|turn| turn.foes.sort_unstable());
        turns
    }

    /// Metres inside the junction.
    fn way_m(&self, connection: &SumoConnection) -> f32 {
        /// Internal lanes that follow each other; SUMO makes two at most.
        const MOST: usize = 4;
        let mut next = connection.via.as_ref();
        let mut way_m = 0.0;
        for _ in 0..MOST {
            let Some(lane) = next else { break };
            way_m += self.internal_lanes.get(lane).map_or(0.0, |l| l.length_m as f32);
            next = self.onward.get(lane);
        }
        way_m
    }
}

/// The signal programs' links as streams.
struct Streams {
    programs: Vec<GivenProgram>,
    /// First stream and number of streams of a group.
    of: BTreeMap<String, (u32, usize)>,
}

impl Streams {
    /// The active program of each group: the last.
    fn of(programs: &[SumoProgram]) -> Self {
        let mut streams = Self { programs: Vec::new(), of: BTreeMap::new() };
        let mut next = 0;
        let last: BTreeMap<&str, usize> = programs.iter().enumerate().map(|(i, p)| (p.id.as_str(), i)).collect();
        for (index, program) in programs.iter().enumerate() {
            if last[program.id.as_str()] != index {
                continue;
            }
            let links = program.phases[0].state.len();
            streams.of.insert(program.id.clone(), (next, links));
            next += links as u32;
            streams.programs.push(GivenProgram {
                cycle_s: program.phases.iter().map(|p| p.duration_s).sum(),
                offset_s: program.offset_s,
                streams: (0..links).map(|link| windows(program, link)).collect(),
            });
        }
        streams
    }

    fn of_link(&self, id: &str, index: usize) -> Option<u32> {
        self.of.get(id).filter(|(_, links)| index < *links).map(|(first, _)| first + index as u32)
    }
}

/// When one link of a program is not red, phases of one colour joined. `G` has precedence, `g` gives way, `s` stops first,
/// `o` and `O` are off.
fn windows(program: &SumoProgram, link: usize) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    let mut start_s = 0.0;
    for phase in &program.phases {
        let (colour, protected) = match phase.state.as_bytes()[link] {
            b'G' => (SignalColour::Green, true),
            b'g' | b's' | b'o' | b'O' => (SignalColour::Green, false),
            b'y' | b'Y' => (SignalColour::Amber, false),
            _ => (SignalColour::Red, true),
        };
        let length_s = phase.duration_s;
        if colour != SignalColour::Red {
            match windows.last_mut() {
                Some(w)
                    if (w.colour, w.protected) == (colour, protected)
                        && (w.start_s + w.length_s - start_s).abs() < 1e-9 =>
                {
                    w.length_s += length_s;
                }
                _ => windows.push(Window { start_s, length_s, colour, protected }),
            }
        }
        start_s += length_s;
    }
    windows
}

/// Per lane of an edge its number among those for cars.
fn car_lanes(edge: &SumoEdge) -> Vec<Option<u8>> {
    let mut next = 0;
    let mut number = |lane: &SumoLane| {
        let open = lane.allows(CAR) && next < u8::MAX;
        open.then(|| {
            next += 1;
            next - 1
        })
    };
    let function = edge.function.as_deref().unwrap_or("normal");
    let drivable = matches!(function, "normal" | "connector");
    edge.lanes.iter().map(|lane| if drivable { number(lane) } else { None }).collect()
}

/// The middle of some lanes side by side.
fn centre(lanes: Vec<&SumoLane>) -> LineString<f64> {
    let (first, last) = (&lanes[0].shape, &lanes[lanes.len() - 1].shape);
    let middle = &lanes[(lanes.len() - 1) / 2].shape;
    let point = |p: &[f64; 2]| Coord { x: p[0], y: p[1] };
    if first.len() == last.len() {
        let mean = |(a, b): (&[f64; 2], &[f64; 2])| Coord { x: 0.5 * (a[0] + b[0]), y: 0.5 * (a[1] + b[1]) };
        return LineString::new(first.iter().zip(last).map(mean).collect());
    }
    LineString::new(middle.iter().map(point).collect())
}

/// A road's class by its type (`highway.secondary`), else by its speed.
fn class_of(edge: &SumoEdge, speed_mps: f64) -> (RoadClass, bool) {
    let word = edge.class.as_deref().and_then(|t| t.strip_prefix("highway.")).unwrap_or("");
    let (word, ramp) = word.strip_suffix("_link").map_or((word, false), |word| (word, true));
    let class = match word {
        "motorway" => RoadClass::Motorway,
        "trunk" => RoadClass::Trunk,
        "primary" => RoadClass::Primary,
        "secondary" => RoadClass::Secondary,
        "tertiary" => RoadClass::Tertiary,
        "unclassified" => RoadClass::Unclassified,
        "residential" => RoadClass::Residential,
        "living_street" => RoadClass::LivingStreet,
        "service" => RoadClass::Service,
        "track" => RoadClass::Track,
        _ if speed_mps > 25.0 => RoadClass::Motorway,
        _ if speed_mps > 17.0 => RoadClass::Primary,
        _ if speed_mps > 12.0 => RoadClass::Secondary,
        _ => RoadClass::Residential,
    };
    (class, ramp)
}
