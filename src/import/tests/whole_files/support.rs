//! Where the real extracts are, and how to write OSM PBF byte by byte.

use std::path::PathBuf;

/// A real extract; `None` with a printed reason where the reference data is absent.
pub fn extract(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/osm").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} absent", path.display());
    None
}

/// A protocol buffers message under construction.
#[derive(Clone, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    pub fn number(mut self, field: u64, value: u64) -> Self {
        varint(&mut self.0, field << 3);
        varint(&mut self.0, value);
        self
    }

    pub fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        varint(&mut self.0, field << 3 | 2);
        varint(&mut self.0, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn message(self, field: u64, message: Self) -> Self {
        self.bytes(field, &message.0)
    }

    pub fn packed(self, field: u64, numbers: &[u64]) -> Self {
        let mut packed = Vec::new();
        numbers.iter().for_each(|number| varint(&mut packed, *number));
        self.bytes(field, &packed)
    }

    /// Differences of successive numbers, zigzag-coded.
    pub fn deltas(self, field: u64, numbers: &[i64]) -> Self {
        let mut before = 0i64;
        let steps: Vec<u64> = numbers
            .iter()
            .map(|number| {
                let step = number.wrapping_sub(before);
                before = *number;
                zigzag(step)
            })
            .collect();
        self.packed(field, &steps)
    }
}

pub fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A blob of the file, as it is (not deflated).
pub fn blob(kind: &str, content: &[u8]) -> Vec<u8> {
    frame(kind, &Message::default().bytes(1, content).0)
}

/// A blob message with its header and length.
pub fn frame(kind: &str, blob: &[u8]) -> Vec<u8> {
    let header = Message::default().bytes(1, kind.as_bytes()).number(3, blob.len() as u64).0;
    [&(header.len() as u32).to_be_bytes()[..], &header, blob].concat()
}

/// A file of a plain header and one block.
pub fn pbf(block: &Message) -> Vec<u8> {
    let header = Message::default().bytes(4, b"OsmSchema-V0.6").bytes(4, b"DenseNodes");
    [blob("OSMHeader", &header.0), blob("OSMData", &block.0)].concat()
}

/// The strings `""`, `highway`, `residential`, `restriction`.
pub fn strings() -> Message {
    ["", "highway", "residential", "restriction"].iter().fold(Message::default(), |s, text| s.bytes(1, text.as_bytes()))
}

/// Three dense nodes (1, 2, 3) near 0° E 50° N, in steps of 1e-7 degree.
pub fn three_nodes() -> Message {
    Message::default()
        .deltas(1, &[1, 2, 3])
        .deltas(8, &[500_000_000, 500_010_000, 500_020_000])
        .deltas(9, &[0, 10_000, 0])
}

/// `highway=residential` over the given nodes.
pub fn street(refs: &[i64]) -> Message {
    Message::default().number(1, 10).packed(2, &[1]).packed(3, &[2]).deltas(8, refs)
}

/// A block of one group.
pub fn block(group: Message) -> Message {
    Message::default().message(1, strings()).message(2, group)
}
