//! The handshake (RFC 8446 4) as state machines that take messages and return effects. Nothing here knows records, buffers or
//! sockets.

mod authentication;
mod client;
mod config;
mod effects;
mod job;
mod negotiate;
mod reassemble;
mod server;
mod workspace;

pub(crate) use client::start as start_client;
pub(crate) use config::Common;
pub use config::{ClientConfig, ClientConfigBuilder, Clock, ServerConfig, ServerConfigBuilder, SystemClock};
pub use effects::{Authentication, ClientCertificate, Negotiated};
pub(crate) use effects::{Direction, Effect, Effects};
use job::JobId;
pub use job::{Job, JobKind, JobResult};
pub(crate) use reassemble::{Flow, HandshakeReassembler, Reassembled};
pub(crate) use server::start as start_server;
pub use server::{ChooseCertificate, ClientOffer};
pub use workspace::HandshakeArenas;
pub(crate) use workspace::Workspace;

use crate::codes::HandshakeType;
use crate::error::Error;
use crate::mem::wipe;
use crate::msgs::{Header, Message};

/// A handshake in one of its states.
pub(crate) struct Machine(MachineState);

enum MachineState {
    Client(client::ClientState),
    Server(server::ServerState),
    /// Zeros that cover any state.
    Blank([u64; BLANK_WORDS]),
}

/// What a completed handshake expects.
const NOTHING: &str = "nothing, as the handshake is done";
/// What a paused handshake expects.
const PAUSED: &str = "nothing, as the handshake waits for a job";
const ANOTHER_JOB: Error = Error::Internal("the result of another job");

/// Enough to cover the longest state, wherever it begins in [`MachineState`], in words: bytes take eight times as long to wipe.
const BLANK_WORDS: usize = {
    let (client, server) = (size_of::<client::ClientState>(), size_of::<server::ServerState>());
    let offset_max = align_of::<client::ClientState>() + align_of::<server::ServerState>();
    (offset_max + if client > server { client } else { server }).div_ceil(size_of::<u64>())
};

/// What a state expects: its name in errors, and the types of messages that are allowed.
struct Expected(&'static str, &'static [HandshakeType]);

impl Machine {
    /// Checks that a message of this type and length is allowed now.
    pub(crate) fn admit(&self, header: Header) -> Result<(), Error> {
        let Expected(expected, types) = match &self.0 {
            MachineState::Client(state) => state.expected(),
            MachineState::Server(state) => state.expected(),
            MachineState::Blank(_) => return Err(Error::Internal("a handshake that has ended")),
        };
        if types.contains(&header.handshake_type) { header.check_len() } else { Err(header.unexpected(expected)) }
    }

    /// Takes the next message. What should be done is added to `effects`.
    pub(crate) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<Self, Error> {
        Ok(Self(match self.0 {
            MachineState::Client(state) => MachineState::Client(state.on(message, effects)?),
            MachineState::Server(state) => MachineState::Server(state.on(message, effects)?),
            MachineState::Blank(_) => return Err(Error::Internal("a handshake that has ended")),
        }))
    }

    /// The job whose result it waits for.
    pub(crate) const fn awaited_job(&self) -> Option<JobId> {
        match &self.0 {
            MachineState::Client(state) => state.awaited_job(),
            MachineState::Server(state) => state.awaited_job(),
            MachineState::Blank(_) => None,
        }
    }

    /// Makes a state that has asked for a job wait for its result, and expect nothing else.
    #[cold]
    pub(crate) fn pause(place: &mut Option<Self>, job: JobId) -> Result<(), Error> {
        let paused = match place.take() {
            Some(Self(MachineState::Client(state))) => state.paused(job).map(MachineState::Client),
            Some(Self(MachineState::Server(state))) => state.paused(job).map(MachineState::Server),
            _ => None,
        };
        *place = Some(Self(paused.ok_or(Error::Internal("a job in a state that waits for none"))?));
        Ok(())
    }

    /// Goes on with the result of the job that it waits for.
    pub(crate) fn resume(self, result: JobResult, effects: &mut Effects) -> Result<Self, Error> {
        if self.awaited_job() != Some(result.id()) {
            return Err(ANOTHER_JOB);
        }
        let outcome = result.into_outcome()?;
        Ok(Self(match self.0 {
            MachineState::Client(state) => MachineState::Client(state.resume(outcome, effects)?),
            MachineState::Server(state) => MachineState::Server(state.resume(outcome, effects)?),
            MachineState::Blank(_) => return Err(Error::Internal("a handshake that has ended")),
        }))
    }

    /// Empties `place`, and wipes what earlier states have left there when they were moved: secrets that nothing else wipes.
    pub(super) fn wipe(place: &mut Option<Self>) {
        if let Self(MachineState::Blank(words)) = place.insert(Self(MachineState::Blank([0; BLANK_WORDS]))) {
            wipe(words);
        }
        *place = None;
    }
}
