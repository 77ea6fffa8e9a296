//! The elements of route and additional files as they stand: nothing is resolved, all borrows the files' text.

use std::collections::BTreeMap;

use super::{File, Misplaced, Place, SumoScenarioError};
use crate::sumo::{
    SumoProgram, programs,
    xml::{self, Attributes, Failure, Tag},
};

/// All elements that are read, in the order of the files.
#[derive(Default)]
pub(super) struct Collected<'a> {
    pub types: Vec<RawType<'a>>,
    pub distributions: Vec<Element<'a>>,
    pub routes: Vec<RawRoute<'a>>,
    pub vehicles: Vec<RawVehicle<'a>>,
    pub stops: Vec<Element<'a>>,
    pub programs: Vec<(Place, SumoProgram)>,
    pub unsupported: BTreeMap<&'a str, usize>,
    pub problems: Vec<Misplaced>,
}

/// A tag and where it stands.
pub(super) struct Element<'a> {
    pub place: Place,
    pub attributes: Attributes<'a>,
}

pub(super) struct RawType<'a> {
    pub element: Element<'a>,
    /// `<carFollowing-…>` inside.
    pub model: Option<Attributes<'a>>,
    /// Index of the `<vTypeDistribution>` around it.
    pub distribution: Option<usize>,
}

pub(super) struct RawRoute<'a> {
    pub element: Element<'a>,
    pub stops: Vec<Element<'a>>,
}

/// `<vehicle>`, `<trip>`, `<flow>`.
pub(super) struct RawVehicle<'a> {
    pub element: Element<'a>,
    pub route: Option<Element<'a>>,
    pub stops: Vec<Element<'a>>,
}

/// Reads all files.
pub(super) fn read<'a>(files: &'a [File]) -> Result<Collected<'a>, SumoScenarioError> {
    let mut collector = Collector::default();
    for (index, file) in files.iter().enumerate() {
        let mut position = 0;
        collector.file = index as u32;
        xml::visit(&file.bytes, &mut position, &mut collector).map_err(|what| {
            let line = xml::line_of(&file.bytes, position);
            SumoScenarioError::Wrong { file: file.name.to_owned(), line, what }
        })?;
    }
    Ok(collector.collected)
}

#[derive(Default)]
struct Collector<'a> {
    collected: Collected<'a>,
    file: u32,
    /// What is open at depths 1 and 2.
    outer: Open,
    inner: Open,
    /// A signal program, or that it is wrong.
    program: Option<(Place, Result<SumoProgram, Failure>)>,
}

#[derive(Clone, Copy, PartialEq, Default)]
enum Open {
    #[default]
    Other,
    Type,
    Distribution,
    Route,
    Vehicle,
    Program,
}

impl<'a> xml::Visitor<'a> for Collector<'a> {
    fn start(&mut self, depth: usize, tag: &Tag<'a>) -> Result<(), Failure> {
        match depth {
            0 => {}
            1 => {
                self.inner = Open::Other;
                self.outer = self.element(tag)?;
            }
            2 => self.inner = self.part(tag)?,
            // A car-following model, or a stop, of what stands in something else.
            3 if self.inner == Open::Type => self.model(tag)?,
            3 if self.inner == Open::Route && tag.name == "stop" => self.stop(tag)?,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, depth: usize) -> Result<(), Failure> {
        if depth == 1 {
            self.outer = Open::Other;
            match self.program.take() {
                Some((place, Ok(program))) if program.phases.is_empty() => {
                    let what = format!("signal program {} has no phases: left out", xml::shortened(&program.id));
                    self.collected.problems.push((place, what));
                }
                Some((place, Ok(program))) => self.collected.programs.push((place, program)),
                Some((place, Err(what))) => self.collected.problems.push((place, format!("{what}: left out"))),
                None => {}
            }
        }
        Ok(())
    }
}

impl<'a> Collector<'a> {
    fn read(&self, tag: &Tag<'a>) -> Result<Element<'a>, Failure> {
        Ok(Element { place: Place { file: self.file, byte: tag.position }, attributes: Attributes::of(tag)? })
    }

    /// An element of its own.
    fn element(&mut self, tag: &Tag<'a>) -> Result<Open, Failure> {
        match tag.name {
            "vType" => return self.vehicle_type(tag, None),
            "vTypeDistribution" => {
                let element = self.read(tag)?;
                self.collected.distributions.push(element);
                return Ok(Open::Distribution);
            }
            "route" => {
                let element = self.read(tag)?;
                self.collected.routes.push(RawRoute { element, stops: Vec::new() });
                return Ok(Open::Route);
            }
            "vehicle" | "trip" | "flow" => {
                let element = self.read(tag)?;
                self.collected.vehicles.push(RawVehicle { element, route: None, stops: Vec::new() });
                return Ok(Open::Vehicle);
            }
            // A train stop is SUMO's other name for a bus stop.
            "busStop" | "trainStop" => {
                let element = self.read(tag)?;
                self.collected.stops.push(element);
            }
            "tlLogic" => {
                let element = self.read(tag)?;
                self.program = Some((element.place, programs::program(&element.attributes)));
                return Ok(Open::Program);
            }
            other => self.count(other),
        }
        Ok(Open::Other)
    }

    /// A part of the element that is open.
    fn part(&mut self, tag: &Tag<'a>) -> Result<Open, Failure> {
        match (self.outer, tag.name) {
            (Open::Distribution, "vType") => {
                return self.vehicle_type(tag, Some(self.collected.distributions.len() - 1));
            }
            (Open::Type, _) => self.model(tag)?,
            (Open::Vehicle, "route") => {
                let element = self.read(tag)?;
                self.collected.vehicles.last_mut().expect("a vehicle is open").route = Some(element);
                return Ok(Open::Route);
            }
            (Open::Vehicle | Open::Route, "stop") => self.stop(tag)?,
            (Open::Program, _) => {
                let attributes = Attributes::of(tag)?;
                let (_, program) = self.program.as_mut().expect("a program is open");
                if let Ok(read) = program
                    && let Err(what) = programs::add_part(read, &attributes)
                {
                    *program = Err(what);
                }
            }
            // What a thing that is not read is made of is counted with it.
            (Open::Other, _) => {}
            (_, other) => self.count(other),
        }
        Ok(Open::Other)
    }

    fn vehicle_type(&mut self, tag: &Tag<'a>, distribution: Option<usize>) -> Result<Open, Failure> {
        let element = self.read(tag)?;
        self.collected.types.push(RawType { element, model: None, distribution });
        Ok(Open::Type)
    }

    fn model(&mut self, tag: &Tag<'a>) -> Result<(), Failure> {
        if tag.name.starts_with("carFollowing-") {
            let open = self.collected.types.last_mut().expect("a type is open");
            open.model = Some(Attributes::of(tag)?);
        } else {
            self.count(tag.name);
        }
        Ok(())
    }

    fn stop(&mut self, tag: &Tag<'a>) -> Result<(), Failure> {
        let element = self.read(tag)?;
        match self.outer {
            Open::Route => self.collected.routes.last_mut().expect("a route is open").stops.push(element),
            _ => self.collected.vehicles.last_mut().expect("a vehicle is open").stops.push(element),
        }
        Ok(())
    }

    fn count(&mut self, name: &'a str) {
        *self.collected.unsupported.entry(name).or_default() += 1;
    }
}
