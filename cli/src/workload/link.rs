use crate::error::Error;
use crate::library::Endpoint;
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
    /// Sends as much of what is outgoing as it can right now. `watch` runs while this is part of the work of `from`.
    fn push(&mut self, role: Role, from: &mut impl Endpoint, watch: &mut Stopwatch) -> Result<(), Error>;

    /// Moves bytes from the end that pushed them to the other, outside of both ends' time.
    fn carry(&mut self, from: &mut impl Endpoint, to: &mut impl Endpoint) -> Result<(), Error>;

    /// Receives what has arrived for `to`, if anything. `watch` runs while this is part of the work of `to`. Returns
    /// `false` once the other end has closed.
    fn pull(&mut self, role: Role, to: &mut impl Endpoint, watch: &mut Stopwatch) -> Result<bool, Error>;

    /// The number of system calls made for an end so far.
    fn syscalls(&self, end: Role) -> u64;
}

/// Memory: no sockets and no system calls. The time of its copies counts for neither end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory;

impl Link for Memory {
    fn push(&mut self, _: Role, _: &mut impl Endpoint, _: &mut Stopwatch) -> Result<(), Error> {
        Ok(())
    }

    fn carry(&mut self, from: &mut impl Endpoint, to: &mut impl Endpoint) -> Result<(), Error> {
        let space = to.space();
        let outgoing = from.outgoing();
        let count = space.len().min(outgoing.len());
        space[..count].copy_from_slice(&outgoing[..count]);
        to.filled(count);
        from.sent(count);
        Ok(())
    }

    fn pull(&mut self, _: Role, _: &mut impl Endpoint, _: &mut Stopwatch) -> Result<bool, Error> {
        Ok(true)
    }

    fn syscalls(&self, _: Role) -> u64 {
        0
    }
}
