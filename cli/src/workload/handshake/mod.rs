//! Handshakes, one after the other, in one thread that drives both ends: what each costs either end, compared with the
//! bare cryptography of a handshake in the same run.

mod counted;
mod metrics;
mod raw;
mod schedule;
mod timed;

pub use counted::Counted;
pub use metrics::record;
pub use timed::Round;

use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::crypto::Provider;
use tls_engine::io::SocketOptions;
use tls_engine::pki::{CertifiedKey, ServerVerifier};

use super::handshake_driver::{Unobserved, drive_handshake};
use super::link::{Link, Memory};
use super::sockets::{Sockets, loopback};
use super::{Advance, Limit};
use crate::error::Error;
use crate::library::{Endpoint, Library, Negotiated};

/// The two ends of a handshake.
pub struct Pair<T> {
    /// The library with the configuration of both ends.
    pub library: T,
    /// The server's certificate and key.
    pub key: CertifiedKey,
    /// The client's verifier.
    pub verifier: ServerVerifier,
}

/// What carries a handshake.
#[derive(Clone, Copy, Debug)]
pub enum Carrier {
    /// Buffers, without system calls.
    Memory,
    /// One TCP connection on this machine, which all handshakes share in turn. Its setup is not part of any metric.
    Loopback(SocketOptions),
}

/// What is measured.
pub struct Work<T> {
    /// The ends that complete handshakes. Several server identities average out the lengths of signatures, which vary
    /// randomly.
    pub pairs: Vec<Pair<T>>,
    /// The provider of the bare cryptography.
    pub provider: &'static Provider,
    /// The name that clients request.
    pub name: ServerName<'static>,
    /// What carries the handshakes.
    pub carrier: Carrier,
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct HandshakeSchedule {
    /// The limit of the timed part.
    pub limit: Limit,
    /// The warm-up before that, whose results are discarded.
    pub warmup: Duration,
    /// Decides whether the engine or the bare cryptography goes first in a round.
    pub seed: u64,
}

/// The results.
pub struct Found {
    /// What the ends negotiated.
    pub negotiated: Negotiated,
    /// The counts of each connection in the untimed pass.
    pub counted: Vec<Counted>,
    /// The times of each round.
    pub rounds: Vec<Round>,
    /// The length of the timed part.
    pub elapsed: Duration,
}

/// Counts first, then times. Ctrl-C ends it early with the results so far.
pub fn run<T: Library>(
    work: &Work<T>,
    schedule: &HandshakeSchedule,
    advance: &mut dyn FnMut(Advance),
) -> Result<Found, Error> {
    match work.carrier {
        Carrier::Memory => run_over(work, schedule, &mut Memory, advance),
        Carrier::Loopback(options) => {
            let (client, server) = loopback(&options)?;
            run_over(work, schedule, &mut Sockets::new(client, server)?, advance)
        }
    }
}

fn run_over<T: Library, L: Link>(
    work: &Work<T>,
    schedule: &HandshakeSchedule,
    link: &mut L,
    advance: &mut dyn FnMut(Advance),
) -> Result<Found, Error> {
    let first = work.pairs.first().ok_or_else(|| Error::Failed("there is no pair to perform handshakes".to_owned()))?;
    let established = drive_handshake(&first.library, link, &mut Unobserved)?;
    let negotiated = established.client.negotiated();
    let negotiated = negotiated.ok_or_else(|| Error::Failed("the handshake negotiated nothing".to_owned()))?;
    let counted = counted::count(work, link)?;
    let new_raw = |pair| raw::Raw::new(work, pair, &negotiated, established.wire_bytes);
    let raw = work.pairs.iter().map(new_raw).collect::<Result<Vec<_>, _>>()?;
    let (rounds, elapsed) = timed::time(work, &raw, schedule, link, advance)?;
    Ok(Found { negotiated, counted, rounds, elapsed })
}
