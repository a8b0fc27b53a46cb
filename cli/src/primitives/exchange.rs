use std::time::Instant;

use tls_engine::crypto::{Completed, Exchange, Group, Random};

use super::{Bench, Part, wrong};
use crate::error::Error;
use crate::interrupt;
use crate::measure::nanoseconds;

/// The number of exchanges in a batch.
const BATCH: usize = 8;

/// Answers the key share of a peer and agrees on a secret with it, as a server does once in each handshake. The peer is another
/// part of the algorithm, and must derive the same secrets.
pub(super) struct ExchangeBench {
    part: Part,
    group: &'static dyn Group,
    random: &'static dyn Random,
    reference: &'static dyn Group,
    started: Vec<Box<dyn Exchange>>,
    done: Vec<Completed>,
}

impl ExchangeBench {
    /// `reference` is the peer.
    pub(super) fn new(
        part: &Part,
        group: &'static dyn Group,
        random: &'static dyn Random,
        reference: &'static dyn Group,
    ) -> Self {
        let (started, done) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        Self { part: part.clone(), group, random, reference, started, done }
    }

    fn start(&mut self, count: usize) -> Result<(), Error> {
        self.done.clear();
        for _ in 0..count {
            self.started.push(self.reference.start(self.random)?);
        }
        Ok(())
    }

    fn answer(&mut self) -> Result<(), Error> {
        for peer in &self.started {
            self.done.push(self.group.start_and_complete(peer.share(), self.random)?);
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), Error> {
        for (peer, answer) in self.started.drain(..).zip(&self.done) {
            if peer.complete(&answer.share)? != answer.secret {
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
            self.start(exchanges as usize)?;
            let started = Instant::now();
            self.answer()?;
            ns[0] += nanoseconds(started, Instant::now());
            self.check()?;
            left -= exchanges;
        }
        Ok(count)
    }
}
