use tls_engine::mem::{InBuf, OutBuf};

use crate::error::Error;
use crate::measure::Stopwatch;

/// One of the two ends of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that sends application data.
    Sealing,
    /// The one that receives it.
    Opening,
}

/// Carries records between two ends that one thread drives.
pub(super) trait Link {
    /// Sends as much of `output` as it can right now. `watch` runs while this is part of the work of `from`.
    fn push(&mut self, from: Role, output: &mut OutBuf, watch: &mut Stopwatch) -> Result<(), Error>;

    /// Moves bytes from the end that pushed them to the other, outside of both ends' time.
    fn carry(&mut self, output: &mut OutBuf, input: &mut InBuf) -> Result<(), Error>;

    /// Receives what has arrived for `to`, if anything. `watch` runs while this is part of the work of `to`. Returns
    /// `false` once the other end has closed.
    fn pull(&mut self, to: Role, input: &mut InBuf, watch: &mut Stopwatch) -> Result<bool, Error>;

    /// The number of system calls made for an end so far.
    fn syscalls(&self, end: Role) -> u64;
}

/// Memory: no sockets and no system calls. The time of its copies counts for neither end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory;

impl Link for Memory {
    fn push(&mut self, _: Role, _: &mut OutBuf, _: &mut Stopwatch) -> Result<(), Error> {
        Ok(())
    }

    fn carry(&mut self, output: &mut OutBuf, input: &mut InBuf) -> Result<(), Error> {
        let count = input.put(output.waiting());
        output.sent(count);
        Ok(())
    }

    fn pull(&mut self, _: Role, _: &mut InBuf, _: &mut Stopwatch) -> Result<bool, Error> {
        Ok(true)
    }

    fn syscalls(&self, _: Role) -> u64 {
        0
    }
}
