//! An answer's body in bounded memory, packed or not.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

/// A body as it comes in.
pub(super) enum Body {
    Plain(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

/// Takes so many bytes and no more.
pub(super) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    full: bool,
}

/// Why a body is not read to its end.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer is not packed as it says (gzip): {0}")]
    Broken(String),
}

impl Body {
    /// For an answer of this `Content-Encoding`; `None` for one that was not asked for.
    pub fn new(encoding: &str, limit: usize) -> Option<Self> {
        let bounded = Bounded { bytes: Vec::new(), limit, full: false };
        match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Plain(bounded)),
            "gzip" | "x-gzip" => Some(Self::Gzip(Box::new(MultiGzDecoder::new(bounded)))),
            _ => None,
        }
    }

    /// Takes a piece as it was sent.
    pub fn take(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        let (written, bounded) = match self {
            Self::Plain(bounded) => (bounded.write_all(piece), bounded),
            Self::Gzip(decoder) => (decoder.write_all(piece), decoder.get_mut()),
        };
        written.map_err(|error| bounded.why(&error))
    }

    /// All of it, unpacked.
    pub fn finish(self) -> Result<Vec<u8>, BodyError> {
        match self {
            Self::Plain(bounded) => Ok(bounded.bytes),
            Self::Gzip(mut decoder) => {
                let finished = decoder.try_finish();
                let bounded = decoder.get_mut();
                finished.map_err(|error| bounded.why(&error))?;
                Ok(std::mem::take(&mut bounded.bytes))
            }
        }
    }
}

impl Bounded {
    fn why(&self, error: &io::Error) -> BodyError {
        if self.full { BodyError::TooLarge(self.limit) } else { BodyError::Broken(error.to_string()) }
    }
}

impl Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.len() > self.limit - self.bytes.len() {
            self.full = true;
            return Err(io::Error::other("full"));
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(encoding: &str, limit: usize, sent: &[u8]) -> Result<Vec<u8>, BodyError> {
        let mut body = Body::new(encoding, limit).unwrap();
        sent.chunks(7).try_for_each(|piece| body.take(piece))?;
        body.finish()
    }

    #[test]
    fn bodies_come_out_as_they_were_put_in() {
        let text = b"[1, 2, 3]".repeat(100);
        assert_eq!(read("", 900, &text).unwrap(), text);
        assert_eq!(read("GZIP", 900, &packed(&text)).unwrap(), text);
        let twice = [packed(&text), packed(&text)].concat();
        assert_eq!(read("gzip", 1800, &twice).unwrap().len(), 1800, "two members");
        assert_eq!(read("gzip", 9, &packed(b"")).unwrap(), b"");
        assert!(Body::new("br", 9).is_none());
    }

    #[test]
    fn limits_hold_as_sent_and_as_unpacked() {
        let zeros = vec![0; 64 << 20];
        let bomb = packed(&zeros);
        assert!(bomb.len() < 100_000);
        assert_eq!(read("gzip", 1 << 20, &bomb), Err(BodyError::TooLarge(1 << 20)));
        assert_eq!(read("", 99, &[1; 100]), Err(BodyError::TooLarge(99)));
        assert_eq!(read("", 100, &[1; 100]).unwrap().len(), 100);
    }

    #[test]
    fn broken_packing_is_told() {
        let whole = packed(&b"abcdefgh".repeat(1000));
        let mut wrong = whole.clone();
        let at = wrong.len() - 6;
        wrong[at] ^= 1;
        for sent in [&b"{\"a\": 1}"[..], &whole[..whole.len() / 2], &wrong] {
            let error = read("gzip", 1 << 20, sent).unwrap_err();
            assert!(matches!(error, BodyError::Broken(_)) && !error.to_string().contains('\n'), "{error}");
        }
    }
}
