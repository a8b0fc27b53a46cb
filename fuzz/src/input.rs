//! An input as a program.

/// The bytes of an input, read from front to back. Where they end all is zero, so that any bytes are a program, and a small
/// change to them is a small change to it.
#[derive(Clone, Copy)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of an input.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether all has been read.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    /// A number in two bytes, the high one first.
    pub fn number(&mut self) -> usize {
        u16::from_be_bytes(self.array()).into()
    }

    /// Bytes behind their number in one byte.
    pub fn bytes(&mut self) -> &'a [u8] {
        let len = self.byte();
        self.take(len.into())
    }

    /// Bytes behind their number in two bytes.
    pub fn long_bytes(&mut self) -> &'a [u8] {
        let len = self.number();
        self.take(len)
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.take(usize::MAX)
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }
}

/// So many bytes of data that begin at a place in a stream, and are others at other places.
pub fn data(place: usize, len: usize) -> Vec<u8> {
    (place..place + len).map(|place| (place ^ place >> 8) as u8).collect()
}

/// `whole` in pieces of these lengths, over and over, where 0 is 256; without any, in one.
pub fn cut<'a>(whole: &'a [u8], lens: &[u8]) -> Vec<&'a [u8]> {
    let mut rest = whole;
    let mut pieces = Vec::new();
    for len in lens.iter().cycle() {
        if rest.is_empty() {
            return pieces;
        }
        let len = if *len == 0 { 256 } else { usize::from(*len) };
        let (piece, behind) = rest.split_at(len.min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    vec![whole]
}
