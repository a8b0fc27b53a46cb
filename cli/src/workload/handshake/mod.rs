//! Handshakes, one after the other, in one thread that drives both ends, or in several that do so: what each costs either end,
//! compared with the bare cryptography of a handshake in the same run.

mod counted;
mod idle;
mod local;
mod metrics;
mod mix;
mod phases;
mod raw;
mod schedule;
mod threads;
mod timed;

pub use counted::Counted;
pub use idle::Idle;
pub use metrics::record;
pub use mix::Mix;
pub use phases::PhaseTimes;
pub use timed::Round;

use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::codes::NamedGroup;
use tls_engine::crypto::Provider;
use tls_engine::io::SocketOptions;
use tls_engine::pki::{CertifiedKey, ServerVerifier};

use super::handshake_driver::{EstablishedPair, Observer, drive_handshake};
use super::link::{Link, Memory};
use super::sockets::{Sockets, loopback};
use super::{Advance, Limit};
use crate::error::Error;
use crate::identity::Identity;
use crate::interrupt;
use crate::library::{Endpoint, Expected, HandshakeKind, Library, Negotiated, Setup};
use local::Local;
use threads::Threads;
use timed::Turn;

/// The two ends of a handshake.
pub struct Pair<T> {
    /// The library as it is configured for clients, for each kind of the mix.
    pub clients: Vec<Arc<T>>,
    /// The same for servers, which all threads have in common.
    pub servers: Vec<Arc<T>>,
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

/// How handshakes are performed.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// What carries them.
    pub carrier: Carrier,
    /// Their kinds.
    pub mix: Mix,
    /// Whether their phases are timed, too.
    pub phases: bool,
    /// The threads, each of which drives both ends of handshakes of its own.
    pub threads: usize,
}

/// What one thread measures.
pub struct Work<T> {
    /// The ends that complete handshakes. Several server identities average out the lengths of signatures, which vary
    /// randomly.
    pub pairs: Vec<Pair<T>>,
    /// The provider of the bare cryptography.
    pub provider: &'static Provider,
    /// The name that clients request.
    pub name: ServerName<'static>,
    /// The groups that both ends know, in order of preference.
    pub groups: Vec<NamedGroup>,
    /// Their kinds.
    pub mix: Mix,
    /// Whether their phases are timed, too.
    pub phases: bool,
}

impl<T: Library> Work<T> {
    /// Completes a handshake of a kind of the mix.
    fn shake_hands<L: Link>(
        &self,
        pair: &Pair<T>,
        kind: usize,
        link: &mut L,
        observer: &mut impl Observer,
    ) -> Result<EstablishedPair<T::Client, T::Server>, Error> {
        self.checked(drive_handshake(self.ends(pair, kind)?, link, observer)?, kind)
    }

    /// The library as it is configured for clients and for servers of a kind of the mix.
    fn ends<'a>(&self, pair: &'a Pair<T>, kind: usize) -> Result<(&'a T, &'a T), Error> {
        let missing = || Error::Failed("a kind of handshakes has no library".to_owned());
        let (client, server) = pair.clients.get(kind).zip(pair.servers.get(kind)).ok_or_else(missing)?;
        Ok((client, server))
    }

    /// The ends, if their handshake was of this kind of the mix.
    fn checked(
        &self,
        established: EstablishedPair<T::Client, T::Server>,
        kind: usize,
    ) -> Result<EstablishedPair<T::Client, T::Server>, Error> {
        if let Some(kind) = self.mix.kinds().nth(kind) {
            // Not every library tells it, and the bytes do.
            let hello_retry = Some(established.hello_retry);
            let negotiated = established.client.negotiated();
            negotiated.map_or(Ok(()), |told| Negotiated { hello_retry, ..told }.check_kind(kind))?;
            match (kind == HandshakeKind::Psk, established.client.uses_external_psk()) {
                (true, false) => return Err(Error::Failed("the server did not use the external PSK".to_owned())),
                (false, true) => return Err(Error::Failed("an external PSK was used unasked".to_owned())),
                _ => {}
            }
        }
        Ok(established)
    }
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct HandshakeSchedule {
    /// The limit of the timed part.
    pub limit: Limit,
    /// Rounds have a multiple of so many handshakes: the period of the mix.
    pub period: usize,
    /// The warm-up before that, whose results are discarded.
    pub warmup: Duration,
    /// Decides whether the engine or the bare cryptography goes first in a round.
    pub seed: u64,
}

/// Handshakes that can be measured, in blocks.
pub trait Handshakes: Send {
    /// Completes a first handshake, and counts what connections take. To be called first.
    fn prepare(&mut self) -> Result<Prepared, Error>;

    /// Times `connections` handshakes, and as many times the bare cryptography, which comes first if `is_raw_first`. Then the
    /// phases of as many others, if they are wanted.
    fn round(&mut self, connections: usize, is_raw_first: bool) -> Result<Round, Error>;
}

/// What is known before anything is timed.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What the ends negotiated.
    pub negotiated: Negotiated,
    /// The counts of each connection in the untimed pass.
    pub counted: Vec<Counted>,
    /// What each connection holds that is idle.
    pub idle: Vec<Idle>,
}

/// The results.
pub struct Found {
    /// What was found before anything was timed.
    pub prepared: Prepared,
    /// The times of each round.
    pub rounds: Vec<Round>,
    /// The length of the timed part.
    pub elapsed: Duration,
}

impl<T> Pair<T> {
    /// Both ends of a server with this identity. `new` makes the library as it is configured for a kind.
    pub fn new(
        mix: &Mix,
        key: CertifiedKey,
        verifier: ServerVerifier,
        new: impl Fn(HandshakeKind) -> Result<T, Error>,
    ) -> Result<Self, Error> {
        let clients = mix.kinds().map(|kind| new(kind).map(Arc::new)).collect::<Result<Vec<_>, Error>>()?;
        Ok(Self { servers: clients.clone(), clients, key, verifier })
    }
}

/// Handshakes between ends that `new` makes of each setup, one for each server.
pub fn with_setups<T: Library>(
    setups: &[Setup],
    provider: &'static Provider,
    conditions: &Conditions,
    new: impl Fn(&Setup) -> Result<T, Error>,
) -> Result<Box<dyn Handshakes>, Error> {
    let Conditions { mix, phases, .. } = conditions;
    let pair = |setup: &Setup| {
        let identity = Identity { chain: setup.chain.clone(), key: setup.key.clone_key().into(), files: None };
        let verifier = ServerVerifier::new(&setup.roots)?;
        Pair::new(mix, identity.certified_key(provider)?, verifier, |kind| new(&Setup { kind, ..setup.clone() }))
    };
    let first = setups.first();
    let first = first.ok_or_else(|| Error::Failed("there is no server to perform handshakes with".to_owned()))?;
    handshakes(conditions, || {
        Ok(Work {
            pairs: setups.iter().map(pair).collect::<Result<Vec<_>, Error>>()?,
            provider,
            name: first.name.clone(),
            groups: first.groups.clone(),
            mix: mix.clone(),
            phases: *phases,
        })
    })
}

/// Handshakes in this process. `new` makes the work of a thread. The servers of all are those of the first, with the keys of their
/// tickets and whatever else they have in common. The clients are not: they would be elsewhere.
pub fn handshakes<T: Library>(
    conditions: &Conditions,
    new: impl Fn() -> Result<Work<T>, Error>,
) -> Result<Box<dyn Handshakes>, Error> {
    let mut works: Vec<Work<T>> = Vec::new();
    for _ in 0..conditions.threads.max(1) {
        interrupt::check()?;
        let mut work = new()?;
        for (pair, first) in work.pairs.iter_mut().zip(works.first().iter().flat_map(|first| &first.pairs)) {
            pair.servers.clone_from(&first.servers);
        }
        works.push(work);
    }
    match conditions.carrier {
        Carrier::Memory => in_threads(works.into_iter().map(|work| Local::new(work, Memory)).collect()),
        Carrier::Loopback(options) => {
            let local = |work| {
                let (client, server) = loopback(&options)?;
                Ok(Local::new(work, Sockets::new(client, server)?))
            };
            in_threads(works.into_iter().map(local).collect::<Result<_, Error>>()?)
        }
    }
}

fn in_threads<T: Library, L: Link + Send + 'static>(
    mut threads: Vec<Local<T, L>>,
) -> Result<Box<dyn Handshakes>, Error> {
    Ok(match threads.pop() {
        Some(only) if threads.is_empty() => Box::new(only),
        last => Box::new(Threads::new(threads.into_iter().chain(last).collect())?),
    })
}

/// Checks that all negotiate what is `expected`, counts, and then times them in turns. Ctrl-C ends it early with the results so
/// far. A case that fails ends alone.
pub fn run(
    cases: Vec<Result<Box<dyn Handshakes>, Error>>,
    expected: &Expected,
    schedule: &HandshakeSchedule,
    advance: &mut dyn FnMut(Advance),
) -> Result<Vec<Result<Found, Error>>, Error> {
    let mut turns: Vec<_> = cases.into_iter().map(|case| Turn::new(case, expected)).collect();
    interrupt::check()?;
    let elapsed = timed::time(&mut turns, schedule, advance)?;
    let found = |turn: Turn| turn.state.map(|(_, prepared)| Found { prepared, rounds: turn.rounds, elapsed });
    Ok(turns.into_iter().map(found).collect())
}
