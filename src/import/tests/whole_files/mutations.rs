//! Real files with bytes flipped, cut out or cut off: whatever comes out is a city or one line, never a panic.

use std::{fs, io::Read, path::Path};

use citytwin_import::{ImportOptions, open};
use flate2::read::ZlibDecoder;

use crate::support::{blob, extract};

/// A small generator of numbers (Marsaglia, "Xorshift RNGs", J. Stat. Software 8, 2003): the same mutants on
/// every run.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// One to eight flipped bytes, or a piece cut out, or the end cut off.
fn mutate(whole: &[u8], random: &mut Xorshift) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    match random.below(6) {
        0 => bytes.truncate(random.below(whole.len())),
        1 => {
            let start = random.below(whole.len());
            bytes.drain(start..(start + 1 + random.below(64)).min(whole.len()));
        }
        _ => {
            for _ in 0..=random.below(8) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
        }
    }
    bytes
}

/// Opens mutants of `whole`; returns how many still gave a city.
fn survive(name: &str, whole: &[u8], count: usize) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    let mut opened = 0;
    for _ in 0..count {
        fs::write(&path, mutate(whole, &mut random)).unwrap();
        match open(&path, &ImportOptions::default(), &()) {
            Ok(_) => opened += 1,
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
    }
    opened
}

/// The same map with its blobs not deflated, so that mutations reach the elements.
fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let (mut rest, mut out) = (&bytes[..], Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (header, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        let kind = if header.windows(9).any(|w| w == b"OSMHeader") { "OSMHeader" } else { "OSMData" };
        // The header ends in field 3, the blob's size.
        let at = header.iter().rposition(|byte| *byte == 0x18).unwrap();
        let size = header[at + 1..].iter().rev().fold(0usize, |size, byte| size << 7 | usize::from(byte & 0x7f));
        let (packed, after) = after.split_at(size);
        let zlib = packed.iter().position(|byte| *byte == 0x78).unwrap();
        let mut content = Vec::new();
        ZlibDecoder::new(&packed[zlib..]).read_to_end(&mut content).unwrap();
        out.extend(blob(kind, &content));
        rest = after;
    }
    out
}

#[test]
fn mutants_of_a_packed_file() {
    let Some(path) = extract("helsinki.osm.pbf") else { return };
    survive("mutant.osm.pbf", &fs::read(path).unwrap(), 300);
}

#[test]
fn mutants_of_an_unpacked_file() {
    let Some(path) = extract("valhalla_bayfront_singapore.osm.pbf") else { return };
    let opened = survive("mutant.osm.pbf", &unpacked(&path), 400);
    assert!(opened > 20, "only {opened} of 400 reached the importer");
}

#[test]
fn mutants_of_xml() {
    let Some(path) = extract("o2s_perth_peanut_roundabout.osm") else { return };
    let opened = survive("mutant.osm", &fs::read(path).unwrap(), 200);
    assert!(opened > 20, "only {opened} of 200 reached the importer");
}
