use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::codes::CipherSuite;
use tls_engine::io::SocketOptions;

use super::mix_of;
use crate::args;
use crate::error::Error;
use crate::library::HandshakeKind;
use crate::names;
use crate::net::Target;
use crate::plan::sweep::{Combination, Sweep};
use crate::plan::throughput::{limit, limited};
use crate::plan::tls::{self, Tls};
use crate::plan::trust::Trust;
use crate::plan::{DEFAULT_PORT, once, sockets, target, without_scheme};
use crate::request::Request;
use crate::schema::Facts;
use crate::setting::Setting;
use crate::workload::Limit;
use crate::workload::handshake::Mix;
use crate::workload::remote::Load;

/// The connections at once where nothing is said.
const CONNECTIONS: u64 = 10;
/// The most that may be asked for.
const CONNECTIONS_MAX: u64 = 1_000_000;
/// How long a step may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Handshakes with a server elsewhere.
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
    /// The request of each connection, if it makes one.
    pub request: Option<Arc<[u8]>>,
    /// How sockets are set up.
    pub sockets: SocketOptions,
    /// The seed of everything random.
    pub seed: u64,
    /// Remarks on the files that were named.
    pub notes: Vec<String>,
}

/// The cases of every suite and combination of the sweeps.
pub(super) fn cases(args: &args::Handshake, address: &str, sweep: &Sweep) -> Result<Vec<RemoteCase>, Error> {
    let remote = &args.remote;
    let (address, path) = without_scheme(address)?;
    if let Some(path) = path {
        let message = format!("--connect takes no path; to request {path} on each connection: --http-get {path}");
        return Err(Error::Usage(message));
    }
    let target = target(address, Some(DEFAULT_PORT), &remote.family)?;
    let mut notes = Vec::new();
    let trust = Trust::new(&args.trust, &mut notes)?;
    let name = tls::server_name(args.trust.sni.as_deref().unwrap_or(&target.host))?;
    let connections = remote.connections.map_or(CONNECTIONS, |count| count.0);
    if !(1..=CONNECTIONS_MAX).contains(&connections) {
        return Err(Error::Usage(format!("--connections must be 1 to {CONNECTIONS_MAX}")));
    }
    let threads = usize::from(args.threads).min(connections as usize);
    if threads < usize::from(args.threads) {
        return Err(Error::Usage("--threads must not be more than --connections".to_owned()));
    }
    let timeout = remote.timeout.unwrap_or(TIMEOUT);
    if timeout.is_zero() {
        return Err(Error::Usage("--timeout must be longer than 0".to_owned()));
    }
    let load = match remote.rate {
        Some(rate) if rate.0 == 0 => return Err(Error::Usage("--rate must be at least 1".to_owned())),
        Some(rate) => Load::Open { per_s: rate.0 as f64 },
        None => Load::Closed { ramp_up: remote.ramp_up.unwrap_or_default() },
    };
    let request = remote.http_get.as_deref().map(|path| get(path, &target)).transpose()?;
    let mut cases = Vec::new();
    for suite in &sweep.suites {
        for combination in sweep.of_suite(*suite) {
            let Combination { library, setting, tls, .. } = combination;
            if !library.is_engine() {
                return Err(Error::Usage("--connect is for --library tls-engine".to_owned()));
            }
            let mix = mix_of(args.mix.as_ref(), tls)?;
            mix.kinds().try_for_each(|kind| check_kind(kind, request.is_some()))?;
            let limit = limit(args.count, args.duration)?;
            let mut asked = limited(Request::new("handshake", &args.asked), limit)
                .with("connect", &target)
                .with("cipher", suite)
                .with("sni", name.to_str())
                .with("connections", connections)
                .without("transport");
            if let Some(mix) = &args.mix {
                asked = asked.with("mix", mix);
            }
            if threads == 1 {
                asked = asked.without("threads");
            }
            cases.push(RemoteCase {
                id: combination.id(id(*suite, args.mix.as_ref(), remote, connections, threads), args.label.as_deref()),
                requested: combination.ask(asked).facts(),
                switches: combination.switches(),
                setting: *setting,
                tls: tls.clone(),
                suite: *suite,
                target: target.clone(),
                name: name.clone(),
                trust: trust.clone(),
                mix,
                connections: connections as usize,
                threads: NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN),
                load,
                limit,
                warmup: args.warmup,
                timeout,
                bind: once(remote.bind.iter().copied()),
                request: request.clone(),
                sockets: sockets(&args.sockets)?,
                seed: args.seed,
                notes: notes.clone(),
            });
        }
    }
    Ok(cases)
}

/// What decides the figures is part of the name: they are compared with nothing else.
fn id(suite: CipherSuite, mix: Option<&Mix>, remote: &args::Remote, connections: u64, threads: usize) -> String {
    let mut id = format!("handshake/remote/{}", names::short_suite(suite));
    if let Some(mix) = mix {
        id += &format!("/mix={}", mix.to_string().replace('=', ":").replace(',', "+"));
    }
    id += &format!("/connections={connections}");
    if let Some(rate) = remote.rate {
        id += &format!("/rate={}", rate.0);
    }
    if remote.http_get.is_some() {
        id += "/http-get";
    }
    if threads > 1 {
        id += &format!("/threads={threads}");
    }
    id
}

fn check_kind(kind: HandshakeKind, has_request: bool) -> Result<(), Error> {
    match kind {
        HandshakeKind::Psk => Err(Error::Usage(
            "external pre-shared keys are measured in this process alone; leave out psk or --connect".to_owned(),
        )),
        HandshakeKind::EarlyData if !has_request => {
            Err(Error::Usage("early data has to be a request: name a page with --http-get PATH".to_owned()))
        }
        _ => Ok(()),
    }
}

/// A request for a page, after which the server closes the connection.
fn get(path: &str, target: &Target) -> Result<Arc<[u8]>, Error> {
    if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message =
            format!("--http-get takes a path that begins with /, in ASCII and without spaces (%20), not '{path}'");
        return Err(Error::Usage(message));
    }
    let host = if target.port == DEFAULT_PORT { target.bracketed_host() } else { target.to_string() };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: tlsbench/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    Ok(Arc::from(request.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Family;

    #[test]
    fn a_request_names_its_host_and_closes() {
        for (typed, host) in
            [("a.example:443", "a.example"), ("[::1]:443", "[::1]"), ("a.example:8443", "a.example:8443")]
        {
            let target = Target::parse(typed, None, Family::Any).expect(typed);
            let request = get("/x?y", &target).expect("a path");
            let text = String::from_utf8_lossy(&request);
            assert!(text.starts_with(&format!("GET /x?y HTTP/1.1\r\nHost: {host}\r\n")), "{text}");
            assert!(text.ends_with("Connection: close\r\n\r\n"), "{text}");
        }
        let target = Target::parse("a.example:443", None, Family::Any).expect("a target");
        for path in ["x", "/a b", "/\r\nX: y", "/ä"] {
            assert!(matches!(get(path, &target), Err(Error::Usage(_))), "{path}");
        }
    }
}
