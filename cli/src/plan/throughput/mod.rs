//! What `throughput` measures: each case with its name, its request, and its work.

mod http;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::codes::{CipherSuite, ProtocolVersion};
use tls_engine::crypto::Suite;
use tls_engine::io::SocketOptions;
use tls_engine::limits::RECORD_MAX;
use tls_engine::mem::{BufferPool, PoolOptions};

use super::ends::Ends;
use super::library::ChosenLibrary;
use super::remote::RemoteCase;
use super::sweep::{Asked, Combination, Sweep, in_turns};
use super::tls;
use super::trust::Trust;
use super::{once, sockets, target};
use crate::args::{self, TransportKind};
use crate::error::Error;
use crate::identity::GENERATED_NAMES;
use crate::library::{Engine, Expected, Library, Setup, Visitor};
use crate::measure::{Layout, nanoseconds_of};
use crate::names;
use crate::net::Target;
use crate::peers::PeerLibrary;
use crate::request::Request;
use crate::schema::Facts;
use crate::units::{Bytes, Count};
use crate::workload::{self, AnyLibrary, Direction, Lacking, Limit, Remote, RoundSchedule, Transport, Work};

/// How long each case is measured by default.
const DEFAULT_DURATION: Duration = Duration::from_secs(3);
/// How long an end waits for its peer.
pub(super) const SOCKET_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest write and the largest buffer, bytes.
const SIZE_MAX: u64 = 64 << 20;

/// What `throughput` measures: a case for every transport, suite, combination of the sweeps, size and direction.
pub struct Throughput {
    /// The cases, in the order in which they are measured.
    pub cases: Vec<ThroughputCase>,
    /// Those with a server of HTTP elsewhere.
    pub remote: Vec<RemoteCase>,
}

/// A case that can be measured.
#[derive(Clone)]
pub struct ThroughputCase {
    /// Its name.
    pub id: String,
    /// What was asked for, with what explains it.
    pub requested: Facts,
    /// The name of its work: cases of different libraries that have it in common take turns.
    pub turn: String,
    /// The library.
    pub library: ChosenLibrary,
    /// The optimizations.
    pub switches: Facts,
    /// What the conversations must negotiate.
    pub expected: Expected,
    /// What is moved, and through what.
    pub work: Work,
    /// For how long, and in which order.
    pub schedule: RoundSchedule,
    /// Remarks on the files that were named.
    pub notes: Vec<String>,
    /// Whether the server's certificate is not verified.
    pub trusts_anyone: bool,
    /// Whether secrets are written to a key log.
    pub logs_keys: bool,
}

impl Throughput {
    /// The cases, those that take turns together.
    pub fn in_turns(&self) -> impl Iterator<Item = Vec<ThroughputCase>> {
        in_turns(&self.cases, |case| &case.turn)
    }

    pub(super) fn new(args: &args::Throughput) -> Result<Self, Error> {
        let sweep = Sweep::new(&Asked {
            sweep: &args.sweep,
            tls: &args.tls,
            switches: &args.switches,
            suites: args.suites(),
            kinds: &[],
            compressions: &[],
            elsewhere: args.connect.as_ref().map(|_| &args.identity),
        })?;
        if let Some(remote) = http::cases(args, &sweep)? {
            return Ok(Self { cases: Vec::new(), remote });
        }
        let (ends, notes) = Ends::of_all(&sweep, &args.identity, &args.trust, args.connect.is_some())?;
        let planner = Planner::new(args, notes)?;
        let mut cases = Vec::new();
        for local in planner.locals() {
            for code in &sweep.suites {
                let with_suite = sweep.combinations.iter().zip(&ends).filter(|(each, _)| each.suites.contains(code));
                for (combination, ends) in with_suite {
                    cases.extend(planner.cases(local, *code, combination, ends)?);
                }
            }
        }
        Ok(Self { cases, remote: Vec::new() })
    }
}

/// What all cases have in common.
struct Planner<'a> {
    args: &'a args::Throughput,
    remote: Option<Target>,
    notes: Vec<String>,
    name: ServerName<'static>,
    sizes: Vec<usize>,
    limit: Limit,
    buffer_bytes: usize,
    sockets: SocketOptions,
}

/// Between two ends of this process: what carries the records, and how many threads drive the ends.
type Local = (TransportKind, u8);

impl<'a> Planner<'a> {
    fn new(args: &'a args::Throughput, notes: Vec<String>) -> Result<Self, Error> {
        let remote = args.connect.as_deref().map(|text| target(text, None, &args.family)).transpose()?;
        let host = remote.as_ref().map_or(GENERATED_NAMES[0], |target| target.host.as_str());
        Ok(Self {
            name: tls::server_name(args.trust.sni.as_deref().unwrap_or(host))?,
            sizes: once(args.size.iter().map(|size| check_size(*size)).collect::<Result<Vec<_>, _>>()?),
            limit: limit(args.count, args.duration)?,
            buffer_bytes: check_buffer(args.buffer)?,
            sockets: SocketOptions { timeout: Some(SOCKET_TIMEOUT), ..sockets(&args.sockets)? },
            remote,
            notes,
            args,
        })
    }

    /// A case for every size and direction.
    fn cases(
        &self,
        local: Option<Local>,
        code: CipherSuite,
        combination: &Combination,
        ends: &Ends,
    ) -> Result<Vec<ThroughputCase>, Error> {
        let suite = tls::suite_of(combination.tls.provider, code)?;
        let transport = self.transport(local, code, combination, ends)?;
        let mut cases = Vec::new();
        for size in &self.sizes {
            for direction in self.args.direction.each() {
                let work = self.work(&transport, (combination.tls.version, suite), *size, *direction);
                cases.push(self.case(combination, ends, work));
            }
        }
        Ok(cases)
    }

    fn case(&self, combination: &Combination, ends: &Ends, work: Work) -> ThroughputCase {
        let (suite, direction) = (names::short_suite(work.suite.code), work.direction.name());
        let id = format!("throughput/{}/{direction}/{suite}/{}", work.transport.name(), work.write_bytes);
        let mut requested = self.request(combination, &work).facts();
        if combination.library.is_engine() {
            requested.insert("provider_of_suite".into(), work.suite.source.into());
            requested.insert("implementation".into(), work.suite.aead.implementation().into());
        }
        ThroughputCase {
            turn: combination.work(id.clone()),
            id: combination.id(id, self.args.label.as_deref()),
            requested,
            library: combination.library.clone(),
            switches: combination.switches(),
            expected: combination.tls.expected(work.suite.code),
            schedule: RoundSchedule {
                lanes: work.lanes().to_vec(),
                limit: self.limit,
                warmup: self.args.warmup,
                block: work.block(),
                cycle_writes: work.layout().cycle_writes(),
                seed: self.args.seed,
            },
            work,
            notes: self.notes.clone(),
            trusts_anyone: matches!(ends.trust, Trust::Anyone),
            logs_keys: combination.tls.key_log.is_some(),
        }
    }

    /// What was asked for, narrowed to one case.
    fn request(&self, combination: &Combination, work: &Work) -> Request {
        let request = limited(Request::new("throughput", &self.args.asked), self.limit)
            .with("cipher", work.suite.code)
            .with("size", work.write_bytes)
            .with("direction", work.direction.name())
            .with("sni", self.name.to_str());
        let request = combination.ask(request);
        match &work.transport {
            Transport::Memory(_) => request.with("transport", "memory").without("loopback-threads"),
            Transport::LoopbackOneThread(_) => request.with("transport", "loopback").with("loopback-threads", 1),
            Transport::LoopbackThreadPerEnd(_) => request.with("transport", "loopback").with("loopback-threads", 2),
            Transport::Remote(remote) => {
                request.with("connect", &remote.target).without("transport").without("loopback-threads")
            }
        }
    }

    fn work(
        &self,
        transport: &Transport,
        (version, suite): (ProtocolVersion, Suite),
        write_bytes: usize,
        direction: Direction,
    ) -> Work {
        Work {
            version,
            suite,
            write_bytes,
            buffer_bytes: self.buffer_bytes,
            direction,
            transport: transport.clone(),
            sockets: self.sockets,
            conversations: usize::from(self.args.threads),
            verify: self.args.verify,
            seed: self.args.seed,
        }
    }

    /// The ways to connect two ends of this process; none of them where the server is elsewhere.
    fn locals(&self) -> Vec<Option<Local>> {
        if self.remote.is_some() {
            return vec![None];
        }
        let each = |kind: &TransportKind| match kind {
            TransportKind::Memory => vec![Some((*kind, 1))],
            TransportKind::Loopback => {
                self.args.loopback_threads.iter().map(|threads| Some((*kind, *threads))).collect()
            }
        };
        once(self.args.transport.iter().flat_map(each))
    }

    /// What carries the records, with the configurations of the ends.
    fn transport(
        &self,
        local: Option<Local>,
        code: CipherSuite,
        combination: &Combination,
        ends: &Ends,
    ) -> Result<Transport, Error> {
        let Combination { setting, tls, .. } = combination;
        let (name, pool) = (self.name.clone(), BufferPool::new(setting.switches.buffer_pool, self.pool_options()));
        if !combination.library.is_engine() {
            let setup = tls.setup(code, ends.identity()?, &ends.trust, name)?;
            let Some(program) = combination.library.program.clone() else {
                return self.made(local, combination.library.name.visit(LocalTransport { local, setup }));
            };
            return Ok(local_transport(local, Arc::new(PeerLibrary { program, setup, provider: tls.provider.name })));
        }
        if let Err(error) = tls.check_engine() {
            return self.made(local, Err(error));
        }
        let client = tls.client(&[code], &ends.trust, setting.switches)?;
        if let Some(target) = self.remote.clone() {
            return Ok(Transport::Remote(Remote { target, name, config: client, pool }));
        }
        let server = tls.server(&[code], ends.identity()?, setting.switches)?;
        Ok(local_transport(local, Arc::new(Engine { client, server, name, pool })))
    }

    /// What carries the records of a library. One of several that can't do the work costs no more than its own cases: it
    /// refuses to begin.
    fn made(&self, local: Option<Local>, transport: Result<Transport, Error>) -> Result<Transport, Error> {
        match transport {
            Err(Error::Usage(message)) if self.args.sweep.library.len() > 1 => {
                Ok(local_transport(local, Arc::new(Lacking(message))))
            }
            transport => transport,
        }
    }

    /// Buffers that hold the batches of every size.
    fn pool_options(&self) -> PoolOptions {
        let room = |size: &usize| workload::buffer_bytes(&Layout::new(*size, self.buffer_bytes));
        PoolOptions { buffer_bytes: self.sizes.iter().map(room).max().unwrap_or(0), ..PoolOptions::default() }
    }
}

/// Makes what carries the records between two ends of a library with this configuration.
struct LocalTransport {
    local: Option<Local>,
    setup: Setup,
}

impl Visitor for LocalTransport {
    type Output = Transport;

    fn visit<T: Library>(self, new: impl Fn(&Setup) -> Result<T, Error>) -> Result<Transport, Error> {
        Ok(local_transport(self.local, Arc::new(new(&self.setup)?)))
    }
}

/// What carries the records between two ends of `library`.
fn local_transport(local: Option<Local>, library: Arc<dyn AnyLibrary>) -> Transport {
    match local {
        Some((TransportKind::Loopback, 1)) => Transport::LoopbackOneThread(library),
        Some((TransportKind::Loopback, _)) => Transport::LoopbackThreadPerEnd(library),
        Some((TransportKind::Memory, _)) | None => Transport::Memory(library),
    }
}

/// When a case ends: after a count, or after a duration.
pub(super) fn limit(count: Option<Count>, duration: Option<Duration>) -> Result<Limit, Error> {
    match (count, duration) {
        (Some(count), _) if count.0 == 0 => Err(Error::Usage("--count must be at least 1".into())),
        (Some(count), _) => Ok(Limit::Writes(count.0)),
        (None, Some(Duration::ZERO)) => Err(Error::Usage("--duration must be longer than 0".into())),
        (None, duration) => Ok(Limit::Duration(duration.unwrap_or(DEFAULT_DURATION))),
    }
}

/// A request that says when its case ends.
pub(super) fn limited(request: Request, limit: Limit) -> Request {
    match limit {
        Limit::Duration(duration) => request.with("duration", format!("{}ns", nanoseconds_of(duration))),
        Limit::Writes(count) => request.with("count", count),
    }
}

fn check_size(Bytes(bytes): Bytes) -> Result<usize, Error> {
    if (1..=SIZE_MAX).contains(&bytes) {
        Ok(bytes as usize)
    } else {
        Err(Error::Usage(format!("--size must be 1 B to {}", Bytes(SIZE_MAX))))
    }
}

fn check_buffer(Bytes(bytes): Bytes) -> Result<usize, Error> {
    if (RECORD_MAX as u64..=SIZE_MAX).contains(&bytes) {
        Ok(bytes as usize)
    } else {
        Err(Error::Usage(format!(
            "--buffer must be {} (the longest record) to {}",
            Bytes(RECORD_MAX as u64),
            Bytes(SIZE_MAX)
        )))
    }
}
