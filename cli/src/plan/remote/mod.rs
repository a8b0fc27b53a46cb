//! What measurements of a server elsewhere, which may be anybody's, have in common.

mod request;

pub(super) use request::{get, post};

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::codes::CipherSuite;
use tls_engine::io::SocketOptions;

use super::ends::only_the_engine;
use super::sweep::Combination;
use super::tls::{self, Tls};
use super::trust::Trust;
use super::{DEFAULT_PORT, once, sockets, target, without_scheme};
use crate::args;
use crate::error::Error;
use crate::net::Target;
use crate::request::Request;
use crate::schema::Facts;
use crate::setting::Setting;
use crate::workload::Limit;
use crate::workload::handshake::Mix;
use crate::workload::remote::{HttpRequest, Load};

/// The connections at once where nothing is said.
const CONNECTIONS: u64 = 10;
/// The most that may be asked for.
const CONNECTIONS_MAX: u64 = 1_000_000;
/// How long a step may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Connections to a server elsewhere: handshakes, with a request each if there is one, or requests one after the other.
#[derive(Clone)]
pub struct RemoteCase {
    /// Its name.
    pub id: String,
    /// What was asked for.
    pub requested: Facts,
    /// The optimizations that are switched.
    pub switches: Facts,
    /// The same, and the provider.
    pub setting: Setting,
    /// What is offered.
    pub tls: Tls,
    /// The suite.
    pub suite: CipherSuite,
    /// The server.
    pub target: Target,
    /// The name that clients ask for.
    pub name: ServerName<'static>,
    /// Which servers clients trust.
    pub trust: Trust,
    /// The kinds of handshakes.
    pub mix: Mix,
    /// The most connections at once.
    pub connections: usize,
    /// The loops, with a thread each.
    pub threads: NonZeroUsize,
    /// When connections begin.
    pub load: Load,
    /// For how long.
    pub limit: Limit,
    /// How long before that.
    pub warmup: Duration,
    /// How long a step may take.
    pub timeout: Duration,
    /// The addresses to come from.
    pub bind: Vec<IpAddr>,
    /// What connections ask for, if they do.
    pub request: Option<HttpRequest>,
    /// How sockets are set up.
    pub sockets: SocketOptions,
    /// The seed of everything random.
    pub seed: u64,
    /// Remarks on the files that were named.
    pub notes: Vec<String>,
}

/// A server elsewhere, and how connections to it are made.
pub(super) struct Elsewhere {
    /// The server.
    pub(super) target: Target,
    /// The name that clients ask for.
    pub(super) name: ServerName<'static>,
    trust: Trust,
    notes: Vec<String>,
    connections: u64,
    threads: NonZeroUsize,
    load: Load,
    timeout: Duration,
    bind: Vec<IpAddr>,
    sockets: SocketOptions,
}

/// The flags that say so.
pub(super) struct Flags<'a> {
    pub(super) address: &'a str,
    pub(super) clients: &'a args::Clients,
    /// Remarks on the files that were named.
    pub(super) notes: &'a [String],
    pub(super) family: &'a args::Family,
    pub(super) trust: &'a args::Trust,
    pub(super) sockets: &'a args::Sockets,
    pub(super) threads: u16,
    pub(super) rate: Option<u64>,
}

/// What sets a case apart from others with the same server.
pub(super) struct Work<'a> {
    pub(super) suite: CipherSuite,
    pub(super) combination: &'a Combination,
    /// What was asked for, narrowed to the case.
    pub(super) asked: Request,
    pub(super) mix: Mix,
    pub(super) request: Option<HttpRequest>,
    pub(super) limit: Limit,
    pub(super) warmup: Duration,
    pub(super) seed: u64,
}

impl Elsewhere {
    pub(super) fn new(flags: &Flags<'_>) -> Result<Self, Error> {
        let Flags { address, clients, notes, family, trust, sockets: socket_flags, threads, rate } = flags;
        let (address, path) = without_scheme(address)?;
        if let Some(path) = path {
            let message = format!("--connect takes no path; to request {path}: --http-get {path}");
            return Err(Error::Usage(message));
        }
        let target = target(address, Some(DEFAULT_PORT), family)?;
        let mut notes = notes.to_vec();
        let trusted = Trust::new(trust, &mut notes)?;
        let connections = clients.connections.map_or(CONNECTIONS, |count| count.0);
        if !(1..=CONNECTIONS_MAX).contains(&connections) {
            return Err(Error::Usage(format!("--connections must be 1 to {CONNECTIONS_MAX}")));
        }
        if u64::from(*threads) > connections {
            return Err(Error::Usage("--threads must not be more than --connections".to_owned()));
        }
        let timeout = clients.timeout.unwrap_or(TIMEOUT);
        if timeout.is_zero() {
            return Err(Error::Usage("--timeout must be longer than 0".to_owned()));
        }
        let load = match rate {
            Some(0) => return Err(Error::Usage("--rate must be at least 1".to_owned())),
            Some(rate) => Load::Open { per_s: *rate as f64 },
            None => Load::Closed { ramp_up: clients.ramp_up.unwrap_or_default() },
        };
        Ok(Self {
            name: tls::server_name(trust.sni.as_deref().unwrap_or(&target.host))?,
            target,
            trust: trusted,
            notes,
            connections,
            threads: NonZeroUsize::new(usize::from(*threads)).unwrap_or(NonZeroUsize::MIN),
            load,
            timeout,
            bind: once(clients.bind.iter().copied()),
            sockets: sockets(socket_flags)?,
        })
    }

    /// A case. `id` is completed by what decides the figures: they are compared with nothing else.
    pub(super) fn case(&self, id: &str, label: Option<&str>, work: Work<'_>) -> Result<RemoteCase, Error> {
        let Work { suite, combination, mut asked, mix, request, limit, warmup, seed } = work;
        if !combination.library.is_engine() {
            return Err(only_the_engine());
        }
        asked = asked
            .with("connect", &self.target)
            .with("cipher", suite)
            .with("sni", self.name.to_str())
            .with("connections", self.connections)
            .without("transport");
        if self.threads.get() == 1 {
            asked = asked.without("threads");
        }
        let mut id = format!("{id}/connections={}", self.connections);
        if let Load::Open { per_s } = self.load {
            id += &format!("/rate={per_s:.0}");
        }
        if request.as_ref().is_some_and(|request| !request.is_repeated) {
            id += "/http-get";
        }
        if self.threads.get() > 1 {
            id += &format!("/threads={}", self.threads);
        }
        Ok(RemoteCase {
            id: combination.id(id, label),
            requested: combination.ask(asked).facts(),
            switches: combination.switches(),
            setting: combination.setting,
            tls: combination.tls.clone(),
            suite,
            target: self.target.clone(),
            name: self.name.clone(),
            trust: self.trust.clone(),
            mix,
            connections: self.connections as usize,
            threads: self.threads,
            load: self.load,
            limit,
            warmup,
            timeout: self.timeout,
            bind: self.bind.clone(),
            request,
            sockets: self.sockets,
            seed,
            notes: self.notes.clone(),
        })
    }
}
