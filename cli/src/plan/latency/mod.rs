//! What `latency` measures: each case with its name, its request, and its work.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::codes::CipherSuite;
use tls_engine::io::SocketOptions;
use tls_engine::mem::{BufferPool, PoolOptions};

use super::ends::{Ends, only_the_engine};
use super::library::ChosenLibrary;
use super::remote;
use super::sweep::{Asked, Combination, Sweep, in_turns};
use super::throughput::{limit, limited};
use super::tls;
use super::trust::Trust;
use super::{once, sockets, target};
use crate::args::{self, TransportKind};
use crate::error::Error;
use crate::identity::GENERATED_NAMES;
use crate::library::{Engine, Expected, Library, LibraryName, Setup, Visitor};
use crate::names;
use crate::net::Target;
use crate::request::Request;
use crate::schema::Facts;
use crate::units::Bytes;
use crate::workload::Lacking;
use crate::workload::latency::{Affinity, Carrier, Elsewhere, Schedule, Speaks, Work, room_bytes};

/// How long an end waits for the other where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest message, bytes: one that the kernel's buffers hold.
const SIZE_MAX: u64 = 64 << 10;
/// The most messages per second that may be asked for.
const RATE_MAX: u64 = 10_000_000;

/// What `latency` measures: a case for every transport, suite, size and combination of the sweeps.
pub struct Latency {
    /// The cases, in the order in which they are measured.
    pub cases: Vec<LatencyCase>,
}

/// A case that can be measured.
#[derive(Clone)]
pub struct LatencyCase {
    /// Its name.
    pub id: String,
    /// What was asked for.
    pub requested: Facts,
    /// The name of its work: cases of different libraries that have it in common take turns, with each other and with plain TCP.
    pub turn: String,
    /// The library.
    pub library: ChosenLibrary,
    /// The optimizations.
    pub switches: Facts,
    /// What the conversations must negotiate.
    pub expected: Expected,
    /// Who talks to whom.
    pub route: Route,
    /// What is said.
    pub work: Work,
    /// For how long.
    pub schedule: Schedule,
    /// Remarks on the files that were named.
    pub notes: Vec<String>,
    /// Whether the server's certificate is not verified.
    pub trusts_anyone: bool,
    /// Whether secrets are written to a key log.
    pub logs_keys: bool,
}

/// Who talks to whom.
#[derive(Clone)]
pub enum Route {
    /// Two ends of a library, in this process.
    Local(Carrier, Arc<dyn Speaks>),
    /// The engine with a server elsewhere.
    Elsewhere(Box<Elsewhere>),
}

impl Latency {
    /// The cases, those that take turns together.
    pub fn in_turns(&self) -> impl Iterator<Item = Vec<LatencyCase>> {
        in_turns(&self.cases, |case| &case.turn)
    }

    pub(super) fn new(args: &args::Latency) -> Result<Self, Error> {
        let sweep = Sweep::new(&Asked {
            sweep: &args.sweep,
            tls: &args.tls,
            switches: &args.switches,
            suites: args.suites(),
            kinds: &[],
            compressions: &[],
            elsewhere: args.connect.as_ref().map(|_| &args.identity),
        })?;
        let (ends, notes) = Ends::of_all(&sweep, &args.identity, &args.trust, args.connect.is_some())?;
        let planner = Planner::new(args, notes)?;
        let mut cases = Vec::new();
        for carrier in planner.carriers()? {
            for code in &sweep.suites {
                for size in &planner.sizes {
                    let with_suite = sweep.combinations.iter().zip(&ends);
                    for (combination, ends) in with_suite.filter(|(each, _)| each.suites.contains(code)) {
                        cases.push(planner.case(carrier, *code, *size, combination, ends)?);
                    }
                }
            }
        }
        Ok(Self { cases })
    }
}

/// What all cases have in common.
struct Planner<'a> {
    args: &'a args::Latency,
    remote: Option<Target>,
    request: Option<Arc<[u8]>>,
    notes: Vec<String>,
    name: ServerName<'static>,
    sizes: Vec<usize>,
    patience: Duration,
    affinity: Affinity,
    schedule: Schedule,
}

impl<'a> Planner<'a> {
    fn new(args: &'a args::Latency, notes: Vec<String>) -> Result<Self, Error> {
        let remote = args.connect.as_deref().map(|text| target(text, None, &args.family)).transpose()?;
        if remote.is_none() && (args.family.ipv4 || args.family.ipv6) {
            return Err(Error::Usage(
                "-4 and -6 choose among the addresses of a server: name it with --connect".to_owned(),
            ));
        }
        let request = match (&args.http_get, &remote) {
            (Some(path), Some(target)) => Some(remote::get(path, target, true)?.head),
            _ => None,
        };
        let patience = args.timeout.unwrap_or(TIMEOUT);
        if patience.is_zero() {
            return Err(Error::Usage("--timeout must be longer than 0".to_owned()));
        }
        let rate = match args.rate {
            Some(rate) if !(1..=RATE_MAX).contains(&rate.0) => {
                return Err(Error::Usage(format!("--rate must be 1 to {RATE_MAX}")));
            }
            rate => rate.map(|rate| rate.0 as f64),
        };
        let affinity = args.affinity.unwrap_or_default();
        affinity.check()?;
        let host = remote.as_ref().map_or(GENERATED_NAMES[0], |target| target.host.as_str());
        Ok(Self {
            name: tls::server_name(args.trust.sni.as_deref().unwrap_or(host))?,
            sizes: match request {
                // A request is as long as it is.
                Some(_) => vec![0],
                None => once(args.size.iter().map(|size| check_size(*size)).collect::<Result<Vec<_>, _>>()?),
            },
            schedule: Schedule {
                limit: limit(args.count, args.duration)?,
                warmup: args.warmup,
                block: Duration::ZERO,
                rate,
                busy_poll: args.busy_poll,
                affinity,
                seed: args.seed,
            },
            remote,
            request,
            notes,
            patience,
            affinity,
            args,
        })
    }

    /// What carries the messages between two ends of this process; nothing where the server is elsewhere.
    fn carriers(&self) -> Result<Vec<Option<Carrier>>, Error> {
        let each = |kind: &TransportKind| match kind {
            TransportKind::Memory => vec![Carrier::Memory],
            TransportKind::Loopback => {
                let of = |threads: &u8| if *threads == 1 { Carrier::OneThread } else { Carrier::ThreadPerEnd };
                self.args.loopback_threads.iter().map(of).collect()
            }
        };
        let carriers = match self.remote {
            Some(_) => vec![None],
            None => once(self.args.transport.iter().flat_map(each).map(Some)),
        };
        if self.affinity.echo.is_some() && !carriers.contains(&Some(Carrier::ThreadPerEnd)) {
            let message = "--affinity has a second processor for a thread that echoes, and there is none: leave it out, or use \
                           --loopback-threads 2";
            return Err(Error::Usage(message.to_owned()));
        }
        Ok(carriers)
    }

    fn case(
        &self,
        carrier: Option<Carrier>,
        code: CipherSuite,
        size: usize,
        combination: &Combination,
        ends: &Ends,
    ) -> Result<LatencyCase, Error> {
        // Where one thread drives both ends, it is the client's.
        let echo = self.affinity.echo.filter(|_| carrier == Some(Carrier::ThreadPerEnd));
        let affinity = Affinity { echo, ..self.affinity };
        let id = self.id(carrier, code, size, affinity);
        Ok(LatencyCase {
            turn: combination.work(id.clone()),
            id: combination.id(id, self.args.label.as_deref()),
            requested: self.request(carrier, code, size, affinity, combination).facts(),
            library: combination.library.clone(),
            switches: combination.switches(),
            expected: combination.tls.expected(code),
            route: self.route(carrier, code, combination, ends)?,
            work: Work {
                message_bytes: size,
                sockets: SocketOptions { timeout: Some(self.patience), ..sockets(&self.args.sockets)? },
                busy_poll: self.args.busy_poll,
                patience: self.patience,
                seed: self.args.seed,
            },
            schedule: Schedule { block: block(carrier), affinity, ..self.schedule },
            notes: self.notes.clone(),
            trusts_anyone: matches!(ends.trust, Trust::Anyone),
            logs_keys: combination.tls.key_log.is_some(),
        })
    }

    /// What decides the figures is part of the name: they are compared with nothing else.
    fn id(&self, carrier: Option<Carrier>, code: CipherSuite, size: usize, affinity: Affinity) -> String {
        let transport = match carrier {
            Some(Carrier::Memory) => "memory",
            Some(Carrier::OneThread) => "loopback-1",
            Some(Carrier::ThreadPerEnd) => "loopback-2",
            None => "remote",
        };
        let what = if self.request.is_some() { "http-get".to_owned() } else { size.to_string() };
        let mut id = format!("latency/{transport}/{}/{what}", names::short_suite(code));
        if let Some(rate) = self.args.rate {
            id += &format!("/rate={}", rate.0);
        }
        if self.args.busy_poll {
            id += "/busy-poll";
        }
        if affinity.client.is_some() {
            id += &format!("/affinity={}", affinity.to_string().replace(',', "+"));
        }
        id
    }

    /// What was asked for, narrowed to one case.
    fn request(
        &self,
        carrier: Option<Carrier>,
        code: CipherSuite,
        size: usize,
        affinity: Affinity,
        combination: &Combination,
    ) -> Request {
        let request = limited(Request::new("latency", &self.args.asked), self.schedule.limit)
            .with("cipher", code)
            .with("sni", self.name.to_str());
        let request = if self.request.is_some() { request.without("size") } else { request.with("size", size) };
        let request = if affinity.client.is_some() { request.with("affinity", affinity) } else { request };
        let request = combination.ask(request);
        match (carrier, &self.remote) {
            (Some(Carrier::Memory), _) => request.with("transport", "memory").without("loopback-threads"),
            (Some(Carrier::OneThread), _) => request.with("transport", "loopback").with("loopback-threads", 1),
            (Some(Carrier::ThreadPerEnd), _) => request.with("transport", "loopback").with("loopback-threads", 2),
            (None, Some(target)) => request.with("connect", target).without("transport").without("loopback-threads"),
            (None, None) => request,
        }
    }

    /// Who talks to whom. One of several libraries that can't do the work costs no more than its own cases: it refuses to begin.
    fn route(
        &self,
        carrier: Option<Carrier>,
        code: CipherSuite,
        combination: &Combination,
        ends: &Ends,
    ) -> Result<Route, Error> {
        match (self.library(carrier, code, combination, ends), carrier) {
            (Err(Error::Usage(message)), Some(carrier)) if self.args.sweep.library.len() > 1 => {
                Ok(Route::Local(carrier, Arc::new(Lacking(message))))
            }
            (route, _) => route,
        }
    }

    fn library(
        &self,
        carrier: Option<Carrier>,
        code: CipherSuite,
        combination: &Combination,
        ends: &Ends,
    ) -> Result<Route, Error> {
        let Combination { library, setting, tls, .. } = combination;
        let (name, pool) = (self.name.clone(), BufferPool::new(setting.switches.buffer_pool, self.pool_options()));
        if library.is_engine() {
            tls.check_engine()?;
            let client = tls.client(&[code], &ends.trust, setting.switches)?;
            let (Some(identity), Some(carrier)) = (&ends.identity, carrier) else {
                let request = self.request.clone();
                let target = self.remote.clone().ok_or_else(only_the_engine)?;
                return Ok(Route::Elsewhere(Box::new(Elsewhere { target, name, config: client, pool, request })));
            };
            let server = tls.server(&[code], identity, setting.switches)?;
            return Ok(Route::Local(carrier, Arc::new(Engine { client, server, name, pool })));
        }
        let (Some(identity), Some(carrier)) = (&ends.identity, carrier) else { return Err(only_the_engine()) };
        if library.program.is_some() {
            let linked = LibraryName::all().filter(|name| !name.is_program()).map(LibraryName::name);
            return Err(Error::Usage(format!(
                "latency can't be measured of {}, which is in a program of its own; measure the libraries of this program: {}",
                library.name.name(),
                linked.collect::<Vec<_>>().join(", ")
            )));
        }
        let setup = tls.setup(code, identity, &ends.trust, name)?;
        library.name.visit(Spoken { carrier, setup })
    }

    /// Buffers that hold the messages of every size.
    fn pool_options(&self) -> PoolOptions {
        let room = self.sizes.iter().map(|size| room_bytes(*size)).max();
        let usual = PoolOptions::default();
        PoolOptions { buffer_bytes: usual.buffer_bytes.max(room.unwrap_or(0)), ..usual }
    }
}

/// Two ends of a library with this configuration.
struct Spoken {
    carrier: Carrier,
    setup: Setup,
}

impl Visitor for Spoken {
    type Output = Route;

    fn visit<T: Library>(self, new: impl Fn(&Setup) -> Result<T, Error>) -> Result<Route, Error> {
        Ok(Route::Local(self.carrier, Arc::new(new(&self.setup)?)))
    }
}

/// The target length of a turn. It is short, so that few turns are disturbed by other programs, and long compared with the time
/// that two threads take to settle.
const fn block(carrier: Option<Carrier>) -> Duration {
    match carrier {
        Some(Carrier::Memory) => Duration::from_millis(2),
        Some(Carrier::OneThread) => Duration::from_millis(5),
        Some(Carrier::ThreadPerEnd) => Duration::from_millis(20),
        None => Duration::from_millis(50),
    }
}

fn check_size(Bytes(bytes): Bytes) -> Result<usize, Error> {
    if (1..=SIZE_MAX).contains(&bytes) {
        Ok(bytes as usize)
    } else {
        Err(Error::Usage(format!("--size must be 1 B to {}", Bytes(SIZE_MAX))))
    }
}
