use super::job::JobId;
use super::{Effects, HandshakeReassembler, Machine};
use crate::limits::ARENAS_KEPT;
use crate::mem::{Arena, ArenaLease, ArenaPool, ArenaStatistics};

/// The memory of one handshake: its state, the messages to send and parts of received ones.
pub(crate) struct Workspace {
    /// The state, until the handshake has failed.
    pub machine: Option<Machine>,
    /// What is to be done.
    pub effects: Effects,
    /// Reassembles received messages.
    pub reassembler: HandshakeReassembler,
}

/// A pool of memory for handshakes, which several configurations may share. Clones are the same pool.
#[derive(Clone, Debug)]
pub struct HandshakeArenas(ArenaPool<Workspace>);

impl HandshakeArenas {
    /// A pool that keeps up to `limit` arenas, `preallocated` of which are allocated now.
    pub fn new(limit: usize, preallocated: usize) -> Self {
        Self(ArenaPool::new(limit, preallocated))
    }

    /// What the pool has done so far.
    pub fn statistics(&self) -> ArenaStatistics {
        self.0.statistics()
    }

    pub(crate) fn lease(&self) -> ArenaLease<Workspace> {
        self.0.lease()
    }
}

impl Default for HandshakeArenas {
    fn default() -> Self {
        Self::new(ARENAS_KEPT, 1)
    }
}

impl Workspace {
    /// The job whose result the handshake waits for.
    pub(crate) fn awaited_job(&self) -> Option<JobId> {
        self.machine.as_ref()?.awaited_job()
    }
}

impl Arena for Workspace {
    fn new(ahead: bool) -> Self {
        Self { machine: None, effects: Effects::new(ahead), reassembler: HandshakeReassembler::new(ahead) }
    }

    fn reset(&mut self) -> bool {
        Machine::wipe(&mut self.machine);
        // All of them: `|` does not short-circuit.
        self.effects.reset() | self.reassembler.reset()
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.effects.bytes() + self.reassembler.bytes()
    }
}

impl Drop for Workspace {
    /// Regions wipe themselves.
    fn drop(&mut self) {
        Machine::wipe(&mut self.machine);
        self.effects.wipe();
    }
}
