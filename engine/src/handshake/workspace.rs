use super::{Effects, HandshakeReassembler, Machine};
use crate::mem::Arena;

/// All memory of one handshake: its state, the messages it sends and the pieces of those it receives.
pub struct Workspace {
    /// The state, until the handshake has failed.
    pub machine: Option<Machine>,
    /// What is to be done.
    pub effects: Effects,
    /// Messages that come in pieces.
    pub reassembler: HandshakeReassembler,
}

impl Arena for Workspace {
    fn new(ahead: bool) -> Self {
        Self { machine: None, effects: Effects::new(ahead), reassembler: HandshakeReassembler::new(ahead) }
    }

    fn reset(&mut self) -> bool {
        Machine::wipe(&mut self.machine);
        // Each of them, whatever the others say.
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
