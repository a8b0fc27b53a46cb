//! GREASE (RFC 8701): values that are reserved, and that a client offers so that servers do not forget to ignore what they do not know.

use super::client_hello::{KeyShareEntry, encode_extension};
use crate::codes::{ExtensionType, NamedGroup};
use crate::wire::Writer;

/// The GREASE values of one connection. A second ClientHello has the same ones (RFC 8446 4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grease {
    /// A cipher suite.
    pub(super) suite: u16,
    /// A group.
    pub(super) group: u16,
    /// A signature scheme.
    pub(super) scheme: u16,
    /// A version.
    pub(super) version: u16,
    /// The name of a protocol, as its two bytes.
    pub(super) protocol: u16,
    /// A mode of pre-shared keys.
    pub(super) psk_mode: u8,
    /// The first extension, which is empty, and the last one before pre_shared_key, which has one byte.
    extensions: [u16; 2],
}

impl Grease {
    /// How many random bytes it takes.
    pub const RANDOM_LEN: usize = 8;

    /// The values that `random` bytes choose (RFC 8701 2).
    pub const fn new(random: [u8; Self::RANDOM_LEN]) -> Self {
        let [suite, group, scheme, version, protocol, psk_mode, first, second] = random;
        // No extension comes twice (RFC 8446 4.2).
        let second = if second & 0xf == first & 0xf { second ^ 1 } else { second };
        Self {
            suite: value(suite),
            group: value(group),
            scheme: value(scheme),
            version: value(version),
            protocol: value(protocol),
            psk_mode: 0x0b + 0x1f * (psk_mode & 7),
            extensions: [value(first), value(second)],
        }
    }

    /// A share for its group.
    pub(super) const fn key_share(&self) -> KeyShareEntry<'static> {
        KeyShareEntry { group: NamedGroup(self.group), key: &[0] }
    }

    pub(super) fn encode_first(&self, writer: &mut Writer<'_>) {
        encode_extension(writer, ExtensionType(self.extensions[0]), |_| {});
    }

    pub(super) fn encode_last(&self, writer: &mut Writer<'_>) {
        encode_extension(writer, ExtensionType(self.extensions[1]), |writer| writer.u8(0));
    }
}

/// One of the sixteen values of two bytes, which are the same and end in `a` (RFC 8701 2).
const fn value(random: u8) -> u16 {
    let byte = (random & 0xf) << 4 | 0xa;
    u16::from_be_bytes([byte, byte])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_reserved_ones() {
        let values: Vec<u16> = (0..=255).map(value).collect();
        assert_eq!(values[..3], [0x0a0a, 0x1a1a, 0x2a2a]);
        assert_eq!((values[15], values[16], values[255]), (0xfafa, 0x0a0a, 0xfafa));
        let modes: Vec<u8> = (0..8).map(|mode| Grease::new([0, 0, 0, 0, 0, mode, 0, 0]).psk_mode).collect();
        assert_eq!(modes, [0x0b, 0x2a, 0x49, 0x68, 0x87, 0xa6, 0xc5, 0xe4]);
    }

    #[test]
    fn no_extension_comes_twice() {
        for first in 0..=255 {
            for second in 0..=255 {
                let [first, second] = Grease::new([0, 0, 0, 0, 0, 0, first, second]).extensions;
                assert_ne!(first, second);
            }
        }
    }
}
