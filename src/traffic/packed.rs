//! Files as they are handed over, packed with gzip (RFC 1952) or not: bytes in, bytes out. Knows no format beyond that.

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// Most bytes that are unpacked. Networks of whole cities are some hundred million; deflate packs up to 1000 : 1, so that a
/// file of 2 MiB may hold as many as these.
const MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// First bytes of every gzip file (RFC 1952, 2.3.1).
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why a packed file cannot be read.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum PackedError {
    #[error("is a damaged or incomplete gzip file ({0}); pack it again, or unpack it first")]
    Damaged(String),
    #[error("unpacks to more than {} MiB; no network or table of trips is as large", .0 >> 20)]
    TooLarge(u64),
}

/// The bytes of a file, unpacked where they are packed.
///
/// # Errors
/// A gzip file that is damaged, cut off, or unpacks to more than 2 GiB.
pub fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, PackedError> {
    unpacked_up_to(bytes, MOST_BYTES)
}

fn unpacked_up_to(bytes: Vec<u8>, most: u64) -> Result<Vec<u8>, PackedError> {
    if !bytes.starts_with(&MAGIC) {
        return Ok(bytes);
    }
    let mut whole = Vec::new();
    let read = MultiGzDecoder::new(bytes.as_slice()).take(most.saturating_add(1)).read_to_end(&mut whole);
    read.map_err(|error| PackedError::Damaged(error.to_string()))?;
    if whole.len() as u64 > most { Err(PackedError::TooLarge(most)) } else { Ok(whole) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn packed_and_plain_files_give_the_same_bytes() {
        let plain = b"origin,destination,trips\n1,2,3\n".to_vec();
        let twice = [packed(&plain[..9]), packed(&plain[9..])].concat();
        for bytes in [plain.clone(), packed(&plain), twice] {
            assert_eq!(unpacked(bytes), Ok(plain.clone()));
        }
        assert_eq!(unpacked(Vec::new()), Ok(Vec::new()));
    }

    #[test]
    fn damaged_and_enormous_files_are_refused() {
        let whole = packed(&[7; 100_000]);
        let mut flipped = whole.clone();
        let last = flipped.len() - 6;
        flipped[last] ^= 1;
        for bytes in [whole[..whole.len() / 2].to_vec(), MAGIC.to_vec(), flipped, [&whole[..], b"tail"].concat()] {
            let error = unpacked(bytes).expect_err("damaged").to_string();
            assert!(
                error.starts_with("is a damaged or incomplete gzip file (") && error.lines().count() == 1,
                "{error}"
            );
        }
        let error = unpacked_up_to(packed(&vec![0; 3 << 20]), 2 << 20).expect_err("too large").to_string();
        assert_eq!(error, "unpacks to more than 2 MiB; no network or table of trips is as large");
        assert!(unpacked_up_to(packed(&vec![0; 2 << 20]), 2 << 20).is_ok());
    }
}
