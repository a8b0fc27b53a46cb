//! Handshakes, one after the other, by one thread that drives both ends: what each costs either end, beside the bare
//! cryptography of a handshake in the same run.

mod counted;
mod metrics;
mod raw;
mod schedule;
mod timed;

pub use counted::Counted;
pub use metrics::record;
pub use timed::Round;

use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::conn::Negotiated;
use tls_engine::crypto::Provider;
use tls_engine::io::SocketOptions;
use tls_engine::pki::{CertifiedKey, ServerVerifier};

use super::handshake_driver::{Unobserved, drive_handshake};
use super::link::{Link, Memory};
use super::sockets::{Sockets, loopback};
use super::{Advance, EndpointConfigs, Limit};
use crate::error::Error;

/// Who shakes hands.
pub struct Pair {
    /// Both ends, configured.
    pub configs: Arc<EndpointConfigs>,
    /// What the server proves itself with.
    pub key: CertifiedKey,
    /// How the client judges it.
    pub verifier: ServerVerifier,
}

/// What carries a handshake.
#[derive(Clone, Copy, Debug)]
pub enum Carrier {
    /// Buffers, without a system call.
    Memory,
    /// One TCP connection of this machine, over which all handshakes take place in turn: setting it up is in no number.
    Loopback(SocketOptions),
}

/// What is done.
pub struct Work {
    /// Who shakes hands. With servers of several identities, the lengths of signatures, which vary by chance, are not
    /// those of one certificate.
    pub pairs: Vec<Pair>,
    /// The cryptography of all.
    pub provider: &'static Provider,
    /// The name that clients ask for.
    pub name: ServerName<'static>,
    /// What is between them.
    pub carrier: Carrier,
}

/// How long it is done.
#[derive(Clone, Copy, Debug)]
pub struct HandshakeSchedule {
    /// All of the timed part together.
    pub limit: Limit,
    /// How long before that nothing is kept.
    pub warmup: Duration,
    /// Chooses whether the engine or the bare cryptography goes first in a round.
    pub seed: u64,
}

/// What came of it.
pub struct Found {
    /// What the ends agreed on.
    pub negotiated: Negotiated,
    /// What was counted, for each connection of a pass that is not timed.
    pub counted: Vec<Counted>,
    /// What was timed, for each round.
    pub rounds: Vec<Round>,
    /// How long the timed part was.
    pub elapsed: Duration,
}

/// Counts, and then measures. Ctrl-C ends it early, with what there is.
pub fn run(work: &Work, schedule: &HandshakeSchedule, advance: &mut dyn FnMut(Advance)) -> Result<Found, Error> {
    match work.carrier {
        Carrier::Memory => run_over(work, schedule, &mut Memory, advance),
        Carrier::Loopback(options) => {
            let (client, server) = loopback(&options)?;
            run_over(work, schedule, &mut Sockets::new(client, server)?, advance)
        }
    }
}

fn run_over<L: Link>(
    work: &Work,
    schedule: &HandshakeSchedule,
    link: &mut L,
    advance: &mut dyn FnMut(Advance),
) -> Result<Found, Error> {
    let first = work.pairs.first().ok_or_else(|| Error::Failed("there is no pair to perform handshakes".to_owned()))?;
    let established = drive_handshake(&first.configs, link, &mut Unobserved)?;
    let negotiated = established.client.connection.negotiated().cloned();
    let negotiated = negotiated.ok_or_else(|| Error::Failed("a handshake without an agreement".to_owned()))?;
    let counted = counted::count(work, link)?;
    let new_raw = |pair| raw::Raw::new(work, pair, &negotiated, established.wire_bytes);
    let raw = work.pairs.iter().map(new_raw).collect::<Result<Vec<_>, _>>()?;
    let (rounds, elapsed) = timed::time(work, &raw, schedule, link, advance)?;
    Ok(Found { negotiated, counted, rounds, elapsed })
}
