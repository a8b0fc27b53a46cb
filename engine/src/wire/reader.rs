use crate::error::Error;

/// Reads one structure from front to back. Every failure is [`Error::Decode`] with the structure's name.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`, which hold the structure called `what`.
    pub const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { bytes, what }
    }

    /// Whether all has been read.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes are left.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Ends the structure: bytes left over are an error.
    pub const fn finish(self) -> Result<(), Error> {
        if self.bytes.is_empty() { Ok(()) } else { Err(Error::Decode(self.what)) }
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        // Not by `ok_or`, which makes an error for every field that is there, and drops it.
        let Some((taken, rest)) = self.bytes.split_at_checked(count) else { return Err(Error::Decode(self.what)) };
        self.bytes = rest;
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let Some((taken, rest)) = self.bytes.split_first_chunk::<N>() else { return Err(Error::Decode(self.what)) };
        self.bytes = rest;
        Ok(*taken)
    }

    /// Whatever is left.
    pub const fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes;
        self.bytes = &[];
        rest
    }

    /// `uint8`.
    pub fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_be_bytes)
    }

    /// `uint16`.
    pub fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    /// `uint24`.
    pub fn u24(&mut self) -> Result<usize, Error> {
        self.array::<3>().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]) as usize)
    }

    /// `uint32`.
    pub fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    /// `opaque value<0..2^8-1>`.
    pub fn vector8(&mut self) -> Result<&'a [u8], Error> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// `opaque value<0..2^16-1>`.
    pub fn vector16(&mut self) -> Result<&'a [u8], Error> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// `opaque value<1..2^8-1>`.
    pub fn filled8(&mut self) -> Result<&'a [u8], Error> {
        self.vector8().and_then(|value| if value.is_empty() { Err(Error::Decode(self.what)) } else { Ok(value) })
    }

    /// `opaque value<1..2^16-1>`.
    pub fn filled16(&mut self) -> Result<&'a [u8], Error> {
        self.vector16().and_then(|value| if value.is_empty() { Err(Error::Decode(self.what)) } else { Ok(value) })
    }

    /// `opaque value<0..2^24-1>`.
    pub fn vector24(&mut self) -> Result<&'a [u8], Error> {
        let length = self.u24()?;
        self.take(length)
    }

    /// `opaque value<1..2^24-1>`.
    pub fn filled24(&mut self) -> Result<&'a [u8], Error> {
        self.vector24().and_then(|value| if value.is_empty() { Err(Error::Decode(self.what)) } else { Ok(value) })
    }

    /// A list behind a 16-bit length, of at least one `opaque value<1..2^16-1>`.
    pub fn filled_vectors16(&mut self) -> Result<Vectors<'a>, Error> {
        let list = self.list16()?;
        let mut rest = list;
        rest.filled16()?;
        while !rest.is_empty() {
            rest.filled16()?;
        }
        Ok(Vectors(list))
    }

    /// A list behind a 16-bit length, as a reader of its own.
    pub fn list16(&mut self) -> Result<Self, Error> {
        Ok(Self { bytes: self.vector16()?, what: self.what })
    }

    /// A non-empty list of 16-bit numbers behind a 16-bit length.
    pub fn numbers16(&mut self) -> Result<Numbers<'a>, Error> {
        Numbers::new(self.vector16()?, self.what)
    }

    /// A non-empty list of 16-bit numbers behind an 8-bit length.
    pub fn numbers8(&mut self) -> Result<Numbers<'a>, Error> {
        Numbers::new(self.vector8()?, self.what)
    }
}

/// A list of `opaque value<1..2^16-1>` as it is on the wire.
#[derive(Clone, Copy)]
pub struct Vectors<'a>(Reader<'a>);

impl<'a> Vectors<'a> {
    /// The values in order.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = self.0;
        core::iter::from_fn(move || reader.vector16().ok())
    }
}

/// A list of 16-bit numbers as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers<'a>(&'a [[u8; 2]]);

impl<'a> Numbers<'a> {
    fn new(bytes: &'a [u8], what: &'static str) -> Result<Self, Error> {
        match bytes.as_chunks::<2>() {
            ([], _) | (_, [_, ..]) => Err(Error::Decode(what)),
            (pairs, []) => Ok(Self(pairs)),
        }
    }

    /// The numbers in order.
    pub fn iter(self) -> impl Iterator<Item = u16> + use<'a> {
        self.0.iter().map(|pair| u16::from_be_bytes(*pair))
    }

    /// Whether `number` is among them.
    pub fn contains(self, number: u16) -> bool {
        self.0.contains(&number.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_there_and_refuses_what_is_not() {
        let mut reader = Reader::new(&[1, 0, 2, 0xaa, 0xbb, 9], "test");
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.vector16(), Ok(&[0xaa, 0xbb][..]));
        assert_eq!(reader.vector8(), Err(Error::Decode("test")));
        assert!(reader.is_empty(), "a length that could not be honoured has been read");
    }

    #[test]
    fn lists_of_numbers_are_neither_empty_nor_odd() {
        assert!(Reader::new(&[0, 0], "test").numbers16().is_err());
        assert!(Reader::new(&[0, 3, 1, 2, 3], "test").numbers16().is_err());
        let list: Vec<u16> = Reader::new(&[0, 4, 1, 2, 3, 4], "test").numbers16().unwrap().iter().collect();
        assert_eq!(list, [0x0102, 0x0304]);
    }

    #[test]
    fn lists_of_values_are_read_as_they_were_checked() {
        let list = Reader::new(&[0, 7, 0, 1, 5, 0, 2, 6, 7], "test").filled_vectors16().unwrap();
        assert_eq!(list.iter().collect::<Vec<_>>(), [&[5][..], &[6, 7]]);
        assert!(Reader::new(&[0, 2, 0, 0], "test").filled_vectors16().is_err());
    }

    #[test]
    fn filled_values_are_not_empty() {
        let mut reader = Reader::new(&[1, 7, 0, 1, 8, 0], "test");
        assert_eq!((reader.filled8(), reader.filled16()), (Ok(&[7][..]), Ok(&[8][..])));
        assert_eq!(reader.filled8(), Err(Error::Decode("test")));
        assert_eq!(Reader::new(&[0, 0], "test").filled16(), Err(Error::Decode("test")));
    }

    #[test]
    fn bytes_left_over_are_an_error() {
        assert_eq!(Reader::new(&[1], "test").finish(), Err(Error::Decode("test")));
        assert_eq!(Reader::new(&[], "test").finish(), Ok(()));
    }
}
