//! Values as bytes, little-endian, one after another: what a saved run is made of.

/// A value that is written as bytes and read back. Reading takes bytes off the front; `None`: too few, or none of its kind.
pub(super) trait Bytes: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn read(from: &mut &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => { $(
        impl Bytes for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(from: &mut &[u8]) -> Option<Self> {
                let (front, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*front))
            }
        }
    )* };
}
numbers!(u8, i8, u16, u32, u64, f32, f64);

/// All fields of a struct, in the order given.
macro_rules! fields {
    ($name:ty { $($field:ident),* $(,)? }) => {
        impl $crate::micro::bytes::Bytes for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $( self.$field.put(out); )*
            }

            fn read(from: &mut &[u8]) -> Option<Self> {
                Some(Self { $( $field: $crate::micro::bytes::Bytes::read(from)? ),* })
            }
        }
    };
}
pub(super) use fields;

impl Bytes for bool {
    fn put(&self, out: &mut Vec<u8>) {
        u8::from(*self).put(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        u8::read(from).filter(|byte| *byte < 2).map(|byte| byte == 1)
    }
}

impl Bytes for usize {
    fn put(&self, out: &mut Vec<u8>) {
        (*self as u64).put(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        u64::read(from)?.try_into().ok()
    }
}

impl<A: Bytes, B: Bytes> Bytes for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Some((A::read(from)?, B::read(from)?))
    }
}

impl<T: Bytes> Bytes for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        self.iter().for_each(|value| value.put(out));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        if bool::read(from)? { T::read(from).map(Some) } else { Some(None) }
    }
}

impl<T: Bytes> Bytes for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        self.iter().for_each(|value| value.put(out));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let count = usize::read(from)?;
        // Nothing takes less than a byte, so no count makes room for more than there is.
        if count > from.len() {
            return None;
        }
        (0..count).map(|_| T::read(from)).collect()
    }
}

impl<T: Bytes> Bytes for Box<[T]> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        self.iter().for_each(|value| value.put(out));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Vec::read(from).map(Vec::into_boxed_slice)
    }
}

impl<T: Bytes, const N: usize> Bytes for [T; N] {
    fn put(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|value| value.put(out));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let all: Vec<T> = (0..N).map(|_| T::read(from)).collect::<Option<_>>()?;
        all.try_into().ok()
    }
}
