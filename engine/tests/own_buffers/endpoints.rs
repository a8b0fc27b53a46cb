//! Two ends after their handshake, and buffers to find things in.

use std::ops::Range;

use tls_engine::codes::CipherSuite;
use tls_engine::conn::Aliasing;
use tls_engine::crypto::Provider;

use crate::support::peer::{Peer, pump};
use crate::support::pki::KeyKind;
use crate::support::seeded::{self, CLIENT, SERVER};
use crate::support::{client, localhost, providers, server};

/// Header, inner type and tag (RFC 8446 5.2).
pub const OVERHEAD: usize = 22;
/// Where the content begins in a record.
pub const HEADER: usize = 5;
/// What a buffer holds where nobody writes.
pub const UNTOUCHED: u8 = 0xe7;
/// Lengths of plaintext: short ones, which some primitives copy, long ones, and the longest.
pub const LENGTHS: [usize; 5] = [1, 17, 3000, 5000, 16_384];

/// Client and server.
pub fn ends(provider: &'static Provider, suite: CipherSuite) -> (Peer, Peer) {
    ends_with_limit(provider, suite, u64::MAX)
}

/// The same, where a key seals no more than `records_per_key`.
pub fn ends_with_limit(provider: &'static Provider, suite: CipherSuite, records_per_key: u64) -> (Peer, Peer) {
    let kind = KeyKind::EcdsaP256;
    let client = client(provider, kind, |config| config.suites(&[suite]).records_per_key(records_per_key));
    let server = server(provider, kind, |config| config.records_per_key(records_per_key));
    let mut client = Peer::client(&client, localhost()).expect("a client");
    let mut server = Peer::server(&server);
    pump(&mut client, &mut server).expect("a handshake");
    assert!(client.connection.is_ready() && server.connection.is_ready());
    (client, server)
}

/// An end that seals what the other twin seals, to the same bytes: the same keys in both, of a provider that draws all it needs
/// from where it is told to.
pub fn twin(provider: &'static Provider, suite: CipherSuite) -> Peer {
    seeded::rewind();
    let kind = KeyKind::EcdsaP256;
    let client = client(provider, kind, |config| config.suites(&[suite]).random(&CLIENT));
    let server = server(provider, kind, |config| config.random(&SERVER));
    let mut client = Peer::client(&client, localhost()).expect("a client");
    pump(&mut client, &mut Peer::server(&server)).expect("a handshake");
    client
}

pub fn every_suite(mut check: impl FnMut(&'static Provider, CipherSuite)) {
    for provider in providers() {
        for suite in &provider.suites {
            check(provider, suite.code);
        }
    }
}

/// Bytes of which no eight in a row come twice, or anywhere by chance.
pub fn noise(len: usize, salt: u64) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ (salt << 20);
    let step = |_| {
        state = u64::wrapping_add(u64::wrapping_mul(state, 6_364_136_223_846_793_005), 1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..len).map(step).collect()
}

/// A buffer that holds `bytes` at `start`, and else what nobody has written.
pub fn buffer_with(len: usize, bytes: &[u8], start: usize) -> Vec<u8> {
    let mut buffer = vec![UNTOUCHED; len];
    buffer[start..start + bytes.len()].copy_from_slice(bytes);
    buffer
}

/// Looked at byte by byte.
pub fn share_a_byte(left: &Range<usize>, right: &Range<usize>) -> bool {
    left.clone().any(|position| right.contains(&position))
}

/// What is to be found out about a text at `source` whose result goes to `written`.
pub fn expected(source: &Range<usize>, result: usize, written: &Range<usize>) -> Aliasing {
    match () {
        () if source.start == result => Aliasing::InPlace,
        () if share_a_byte(source, written) => Aliasing::Overlapping,
        () => Aliasing::Disjoint,
    }
}

/// Whether this many copied bytes are right: out of place it is the primitive's choice to copy a short text.
pub fn is_right_copy(aliasing: Aliasing, copied_bytes: usize, len: usize) -> bool {
    match aliasing {
        Aliasing::InPlace => copied_bytes == 0,
        Aliasing::Disjoint => copied_bytes == 0 || copied_bytes == len,
        Aliasing::Overlapping => copied_bytes == len,
    }
}

/// Whether eight bytes in a row of `secret` are in `bytes`; of a shorter one, all.
pub fn holds_some_of(bytes: &[u8], secret: &[u8]) -> bool {
    let width = secret.len().min(8);
    let pieces: std::collections::HashSet<&[u8]> = secret.windows(width).collect();
    bytes.windows(width).any(|window| pieces.contains(window))
}

/// Starts of one text relative to where it would be in place: there, next to it on both sides, and shifted by little and much.
pub fn shifts(len: usize) -> Vec<isize> {
    let len = len as isize;
    let mut shifts = vec![0, -len - 200, len + 200];
    for shift in [1, 2, 5, 15, 16, 17, 22, len / 2, len - 1, len, len + 1, len + 5, len + 16, len + 17, len + 22] {
        shifts.extend([shift, -shift]);
    }
    shifts.sort_unstable();
    shifts.dedup();
    shifts
}
