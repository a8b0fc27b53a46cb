/// Appends structures to a byte vector. Lengths are written as zeros and patched when their content is known.
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// A writer that appends to `out`.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// `uint8`.
    pub fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// `uint16`.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// `uint24`, of the lowest three bytes.
    pub fn u24(&mut self, value: usize) {
        self.bytes(&value.to_be_bytes()[size_of::<usize>() - 3..]);
    }

    /// `uint32`.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// What `content` writes, behind its length in one byte.
    pub fn length8(&mut self, content: impl FnOnce(&mut Writer<'_>)) {
        self.length::<1>(content);
    }

    /// What `content` writes, behind its length in two bytes.
    pub fn length16(&mut self, content: impl FnOnce(&mut Writer<'_>)) {
        self.length::<2>(content);
    }

    /// What `content` writes, behind its length in three bytes.
    pub fn length24(&mut self, content: impl FnOnce(&mut Writer<'_>)) {
        self.length::<3>(content);
    }

    /// `opaque value<0..2^8-1>`.
    pub fn vector8(&mut self, bytes: &[u8]) {
        self.length8(|writer| writer.bytes(bytes));
    }

    /// `opaque value<0..2^16-1>`.
    pub fn vector16(&mut self, bytes: &[u8]) {
        self.length16(|writer| writer.bytes(bytes));
    }

    /// `opaque value<0..2^24-1>`.
    pub fn vector24(&mut self, bytes: &[u8]) {
        self.length24(|writer| writer.bytes(bytes));
    }

    fn length<const N: usize>(&mut self, content: impl FnOnce(&mut Writer<'_>)) {
        let start = self.out.len();
        self.bytes(&[0; N]);
        content(&mut Writer { out: self.out });
        let length = self.out.len() - start - N;
        debug_assert!(length < 1 << (8 * N), "{length} bytes do not fit a length of {N} bytes");
        self.out[start..start + N].copy_from_slice(&length.to_be_bytes()[size_of::<usize>() - N..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_lengths_are_patched() {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        writer.u8(7);
        writer.length16(|writer| {
            writer.vector8(b"ab");
            writer.length24(|writer| writer.u16(0x0102));
        });
        assert_eq!(out, [7, 0, 8, 2, b'a', b'b', 0, 0, 2, 1, 2]);
    }
}
