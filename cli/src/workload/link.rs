use tls_engine::mem::{InBuf, OutBuf};

use crate::error::Error;
use crate::measure::Stopwatch;

/// Which of the two ends of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that sends application data.
    Sealing,
    /// The one that receives it.
    Opening,
}

/// What carries records between two ends that one thread drives.
pub(super) trait Link {
    /// Sends what `from` has to say, as far as it goes now; `watch` runs where that is part of its work.
    fn push(&mut self, from: Role, output: &mut OutBuf, watch: &mut Stopwatch) -> Result<(), Error>;

    /// Moves bytes from an end that pushed them to the other, where nobody's clock runs.
    fn carry(&mut self, output: &mut OutBuf, input: &mut InBuf) -> Result<(), Error>;

    /// Takes what has arrived for `to`, if anything has; `watch` runs where that is part of its work. `false` when the
    /// other end has closed.
    fn pull(&mut self, to: Role, input: &mut InBuf, watch: &mut Stopwatch) -> Result<bool, Error>;

    /// The system calls made for an end so far.
    fn syscalls(&self, end: Role) -> u64;
}

/// Memory: no sockets, no system calls. What it copies is on nobody's clock.
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
