use std::time::Instant;

use tls_engine::crypto::{Group, Random};
use tls_engine::mem::Secret;

use super::{Bench, Part, wrong};
use crate::error::Error;
use crate::interrupt;
use crate::measure::nanoseconds;

/// The number of exchanges in a batch.
const BATCH: usize = 8;
/// The length of the longest key share, bytes: an uncompressed point of P-521.
const SHARE_MAX: usize = 133;
/// The peer's private key, cut to the length of the curve's keys: a number below the order of each curve.
const PEER: [u8; 48] = [0x31; 48];

/// Creates a key pair and agrees on a secret with a peer, as each end of a handshake does once. The peer is another
/// part of the algorithm, and must derive the same secrets.
pub(super) struct ExchangeBench {
    part: Part,
    group: &'static dyn Group,
    random: &'static dyn Random,
    reference: &'static dyn Group,
    peer: Vec<u8>,
    peer_share: Vec<u8>,
    done: Vec<([u8; SHARE_MAX], usize, Secret)>,
}

impl ExchangeBench {
    /// `reference` is the peer.
    pub(super) fn new(
        part: &Part,
        group: &'static dyn Group,
        random: &'static dyn Random,
        reference: &'static dyn Group,
    ) -> Result<Self, Error> {
        // The length that is valid for the group: 32 bytes for X25519 and P-256, 48 for P-384.
        let (peer, pair) = [32, 48]
            .into_iter()
            .find_map(|len| Some((PEER[..len].to_vec(), reference.from_private(&PEER[..len]).ok()?)))
            .ok_or_else(|| wrong(part, "no private key of a known length fits"))?;
        let peer_share = pair.public().to_vec();
        Ok(Self { part: part.clone(), group, random, reference, peer, peer_share, done: Vec::with_capacity(BATCH) })
    }

    fn exchange(&mut self, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            let pair = self.group.generate(self.random)?;
            let (mut share, len) = ([0; SHARE_MAX], pair.public().len());
            share[..len].copy_from_slice(pair.public());
            self.done.push((share, len, pair.agree(&self.peer_share)?));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        for (share, len, secret) in &self.done {
            let expected = self.reference.from_private(&self.peer)?.agree(&share[..*len])?;
            if *secret != expected {
                return Err(wrong(&self.part, "the two ends came to different secrets"));
            }
        }
        Ok(())
    }
}

impl Bench for ExchangeBench {
    fn run(&mut self, count: u64, ns: &mut [u64]) -> Result<u64, Error> {
        let mut left = count;
        while left > 0 {
            interrupt::check()?;
            let exchanges = left.min(BATCH as u64);
            self.done.clear();
            let started = Instant::now();
            self.exchange(exchanges as usize)?;
            ns[0] += nanoseconds(started, Instant::now());
            self.check()?;
            left -= exchanges;
        }
        Ok(count)
    }
}
