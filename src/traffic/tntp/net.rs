//! Networks: `*_net.tntp`.

use super::{LEAST_CAPACITY, Parts, TntpError, TntpErrorKind, amount, node};
use crate::assignment::{Extent, Graph, Link};

/// Reads a network. Columns: from, to, capacity, length, free-flow time, B, power, speed, toll, type; those after the power may be
/// missing. A free-flow time of zero is taken on connectors (links of a zone) and on links with a length: the published Chicago
/// Sketch has it there, with a cost by length.
pub fn read_net(text: &str) -> Result<Graph, TntpError> {
    let parts = Parts::split(text)?;
    let zones = parts.count("NUMBER OF ZONES")?;
    let nodes = parts.count("NUMBER OF NODES")?;
    let first_through = parts.count("FIRST THRU NODE")?;
    let said = parts.count("NUMBER OF LINKS")? as usize;
    let fits = (1..=nodes + 1).contains(&first_through);
    if zones > nodes || !fits {
        return Err(TntpErrorKind::BadExtent(zones, nodes, first_through).at(1));
    }
    let mut links = Vec::with_capacity(said.min(parts.body.len()));
    for (line, content) in &parts.body {
        links.push(read_link(content, zones, nodes, *line)?);
    }
    if links.len() != said {
        return Err(TntpErrorKind::Truncated { said, found: links.len() }.at(parts.end));
    }
    let extent = Extent { vertices: nodes, zones, first_through: first_through - 1 };
    Ok(Graph::new(extent, links).expect("every field was checked"))
}

fn read_link(content: &str, zones: u32, nodes: u32, line: usize) -> Result<Link, TntpError> {
    let columns: Vec<&str> = content.trim_end_matches(';').split_whitespace().collect();
    if columns.len() < 7 {
        return Err(TntpErrorKind::TooFewColumns(columns.len()).at(line));
    }
    let optional = |i: usize, what| columns.get(i).map_or(Ok(0.0), |text| amount(text, what, line));
    let link = Link {
        from: node(columns[0], "node", nodes, line)?,
        to: node(columns[1], "node", nodes, line)?,
        capacity: amount(columns[2], "capacity", line)?,
        length: amount(columns[3], "length", line)?,
        free_time: amount(columns[4], "free-flow time", line)?,
        b: amount(columns[5], "B", line)?,
        power: power(columns[6], line)?,
        toll: optional(8, "toll")?,
        signal: None,
    };
    let rises = link.free_time * link.b > 0.0 && link.power > 0.0;
    if link.capacity == 0.0 && rises {
        return Err(TntpErrorKind::NoCapacity.at(line));
    }
    if link.capacity < LEAST_CAPACITY && rises {
        return Err(TntpErrorKind::TinyCapacity(link.capacity).at(line));
    }
    if link.free_time == 0.0 && link.length == 0.0 && link.from.min(link.to) >= zones {
        return Err(TntpErrorKind::NoTime.at(line));
    }
    Ok(link)
}

/// The exponent of a BPR curve. Published networks have 0 to 20.
fn power(text: &str, line: usize) -> Result<f64, TntpError> {
    /// Beyond it, a link at twice its capacity costs more than any sum of costs can hold beside the others.
    const MOST: f64 = 50.0;
    let power = amount(text, "power", line)?;
    if power > MOST { Err(TntpErrorKind::TooSteep(power).at(line)) } else { Ok(power) }
}
