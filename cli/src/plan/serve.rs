use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tls_engine::conn::{Clock, JobKind, ServerConfig, SystemClock};
use tls_engine::crypto::Provider;
use tls_engine::io::SocketOptions;
use tls_engine::io::event_loop::LoopOptions;
use tls_engine::limits::EARLY_DATA_MAX;
use tls_engine::pki_types::UnixTime;
use tls_engine::session::{ReplayRegister, TicketKeys};
use tls_engine::switches::Switches;

pub use crate::args::Mode;

use super::identities;
use super::key_log::KeyLogSource;
use super::psk::external_psks;
use super::sockets;
use super::switches::setting;
use super::tls::{self, EARLY_DATA_KEPT, TICKET_LIFETIME_S, Tls};
use super::trust;
use crate::args;
use crate::error::Error;
use crate::files;
use crate::units::Bytes;

/// The longest secret for tickets that is read, bytes.
const TICKET_KEY_MAX: usize = 1 << 20;

/// How many tickets a client gets by default.
const TICKETS: u8 = 2;

/// What `serve` does.
pub struct Serve {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it serves its counters.
    pub metrics: Option<SocketAddr>,
    /// What it does with a connection.
    pub mode: Mode,
    /// The TLS configuration.
    pub config: Arc<ServerConfig>,
    /// The generated authority's certificate as PEM, and where to write it.
    pub authority: Option<(PathBuf, String)>,
    /// What bounds the connections, and where their buffers come from.
    pub options: LoopOptions,
    /// How many event loops there are, a thread each.
    pub threads: NonZeroUsize,
    /// Whether `--event-loop` was given, which changes nothing.
    pub event_loop_asked_for: bool,
    /// How sockets are set up.
    pub sockets: SocketOptions,
    /// Remarks on the files that were named.
    pub notes: Vec<String>,
}

impl Serve {
    pub(super) fn new(args: &args::Serve) -> Result<Self, Error> {
        let mut setting = setting(&args.switches, args.cryptography.provider.as_deref())?;
        // Metrics need counters.
        setting.switches.counters |= args.metrics.is_some();
        let groups = tls::joined(&args.cryptography.groups);
        let mut tls = Tls::new(&args.tls, setting.provider, groups.as_deref(), KeyLogSource::FlagOrEnvironment)?;
        tls.cert_compression = tls::find_compressions(tls::joined(&args.cryptography.cert_compression).as_deref())?;
        let mut notes = Vec::new();
        if tls.alpn.is_empty() && args.mode == Mode::Http {
            // Browsers offer it, and the server implements it.
            tls.alpn = vec![b"http/1.1".to_vec()];
        }
        if args.mode == Mode::Http {
            tls::check_http(&tls.alpn)?;
        }
        for (flag, time) in [("--timeout", args.timeout), ("--handshake-timeout", args.handshake_timeout)] {
            if time.is_zero() {
                return Err(Error::Usage(format!("{flag} must be longer than 0")));
            }
        }
        for (flag, count) in [("--count", args.count), ("--max-connections", Some(args.max_connections))] {
            if count.is_some_and(|count| count.0 == 0) {
                return Err(Error::Usage(format!("{flag} must be at least 1")));
            }
        }
        let (identities, authority) = identities::of_serve(&args.identities, &mut notes)?;
        let authority = args.ca_out.clone().zip(authority.map(|authority| authority.pem));
        let suites = tls.suites(&args.cipher)?;
        let mut config = tls.server_builder(&suites, &identities, setting.switches)?;
        if args.job_threads > 0 {
            config = config.pause_for(&[JobKind::Sign, JobKind::VerifyChain, JobKind::VerifySignature]);
        }
        let client_verifier = trust::client_verifier(&args.client_trust, &mut notes)?;
        let tickets = tickets(args)?;
        if let Some(verifier) = client_verifier {
            config = config.client_verifier(verifier);
        }
        if let Some(path) = &args.psk {
            config = config.external_psks(external_psks(path)?);
        }
        if tickets > 0 {
            let keys = ticket_keys(args.ticket_key.as_deref(), setting.provider)?;
            config = config.tickets(Arc::new(keys)).tickets_sent(tickets);
        }
        if let Some(Bytes(bytes)) = args.early_data {
            let bytes = u32::try_from(bytes).ok().filter(|bytes| (1..=EARLY_DATA_MAX).contains(bytes));
            let bytes = bytes.ok_or_else(|| Error::Usage(format!("--early-data takes 1 to {EARLY_DATA_MAX} bytes")))?;
            // An earlier process may have accepted some in this second.
            let waits = Duration::from_secs(args.ticket_key.is_some().into());
            let made_at = UnixTime::since_unix_epoch(Duration::from_secs(SystemClock.now().as_secs()) + waits);
            let register = ReplayRegister::new(EARLY_DATA_KEPT, made_at);
            config = config.early_data(bytes, Arc::new(register));
        }
        Ok(Self {
            listen: address(&args.listen)?,
            metrics: args.metrics.as_deref().map(address).transpose()?,
            mode: args.mode,
            config: config.build().map_err(|error| Error::Usage(error.to_string()))?,
            authority,
            options: loop_options(args, &setting.switches),
            threads: args.threads.and_then(|threads| NonZeroUsize::new(threads.into())).unwrap_or_else(processors),
            event_loop_asked_for: args.event_loop,
            sockets: sockets(&args.sockets)?,
            notes,
        })
    }
}

/// How many tickets a client gets.
fn tickets(args: &args::Serve) -> Result<u8, Error> {
    let refused = |what: &str| Err(Error::Usage(what.into()));
    let asks = args.client_trust.client_ca.is_some();
    match args.tickets.unwrap_or(if asks { 0 } else { TICKETS }) {
        1.. if asks => refused("--tickets excludes --client-ca: a session that is resumed would not be verified again"),
        0 => {
            let without = if asks { "--client-ca" } else { "--tickets 0" };
            let asked = [("--ticket-key", args.ticket_key.is_some()), ("--early-data", args.early_data.is_some())];
            match asked.into_iter().find(|(_, is_asked)| *is_asked) {
                Some((flag, _)) => refused(&format!("{flag} has no effect with {without}")),
                None => Ok(0),
            }
        }
        tickets => Ok(tickets),
    }
}

/// The keys that tickets are sealed with: random ones, or those of the secret in a file.
fn ticket_keys(file: Option<&Path>, provider: &'static Provider) -> Result<TicketKeys, Error> {
    let Some(path) = file else { return Ok(TicketKeys::new(provider, TICKET_LIFETIME_S)?) };
    let secret = files::read_secret(path, TICKET_KEY_MAX).map_err(|error| Error::read(path, error))?;
    if secret.len() < TicketKeys::SECRET_MIN {
        return Err(Error::Usage(format!(
            "{} has {} bytes, and a secret for tickets at least {}: openssl rand -out {0} 48",
            path.display(),
            secret.len(),
            TicketKeys::SECRET_MIN
        )));
    }
    Ok(TicketKeys::from_secret(provider, TICKET_LIFETIME_S, &secret)?)
}

fn loop_options(args: &args::Serve, switches: &Switches) -> LoopOptions {
    LoopOptions {
        connections_max: usize::try_from(args.max_connections.0).unwrap_or(usize::MAX),
        job_threads: args.job_threads.into(),
        connections_total: args.count.map(|count| count.0),
        handshake_timeout: args.handshake_timeout.min(args.timeout),
        timeout: args.timeout,
        ..LoopOptions::new(switches)
    }
}

/// The processors that affinity and quotas leave to this process.
fn processors() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The first address of `text`, such as `localhost:0` or `[::1]:4433`.
fn address(text: &str) -> Result<SocketAddr, Error> {
    let refuse = |why: String| Error::Usage(format!("'{text}' is not ADDR:PORT: {why}"));
    let mut addresses = text.to_socket_addrs().map_err(|error| refuse(error.to_string()))?;
    addresses.next().ok_or_else(|| refuse("it has no address".into()))
}
