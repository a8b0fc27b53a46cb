use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tls_engine::conn::ServerConfig;
use tls_engine::io::SocketOptions;
use tls_engine::io::event_loop::LoopOptions;
use tls_engine::mem::BufferPool;
use tls_engine::switches::Switches;

pub use crate::args::Mode;

use super::sockets;
use super::switches::setting;
use super::tls::{self, Tls};
use crate::args;
use crate::error::Error;
use crate::net::Conversation;

/// Connections at once, where each has a thread and nothing was asked for.
const THREADS_MAX: usize = 256;

/// What `serve` does.
pub struct Serve {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it tells its counters.
    pub metrics: Option<SocketAddr>,
    /// What it does with a connection.
    pub mode: Mode,
    /// How it shakes hands.
    pub config: Arc<ServerConfig>,
    /// Where the buffers of connections come from.
    pub pool: BufferPool,
    /// The throw-away authority's certificate as PEM, and where to write it.
    pub authority: Option<(PathBuf, String)>,
    /// How all connections are served on one event loop; `None` where each has a thread.
    pub event_loop: Option<LoopOptions>,
    /// Connections at once, where each has a thread.
    pub connections_max: usize,
    /// Ends after this many.
    pub connections_total: Option<u64>,
    /// How long a peer may be silent, and how long a handshake or a request may take.
    pub timeout: Duration,
    /// How sockets are set up.
    pub sockets: SocketOptions,
}

impl Serve {
    pub(super) fn new(args: &args::Serve) -> Result<Self, Error> {
        let mut setting = setting(&args.switches, args.tls.provider.as_deref())?;
        // There would be nothing to tell.
        setting.switches.counters |= args.metrics.is_some();
        let mut tls = Tls::new(&args.tls, setting.provider)?;
        if tls.alpn.is_empty() && args.mode == Mode::Http {
            // What browsers offer, and what is spoken here.
            tls.alpn = vec![b"http/1.1".to_vec()];
        }
        if args.timeout.is_zero() {
            return Err(Error::Usage("--timeout is longer than 0".into()));
        }
        if args.count.is_some_and(|count| count.0 == 0) {
            return Err(Error::Usage("--count is at least 1".into()));
        }
        let (identity, authority) = tls::identity(&args.identity)?;
        let authority = args.ca_out.clone().zip(authority.map(|authority| authority.pem));
        let suites = tls.suites(&args.cipher)?;
        let config = tls.server(&suites, &identity, setting.switches)?;
        let event_loop = args.event_loop.then(|| event_loop(args, &setting.switches));
        let pool = match &event_loop {
            Some(options) => options.pool.clone(),
            None => Conversation::pool(setting.switches.buffer_pool),
        };
        Ok(Self {
            listen: address(&args.listen)?,
            metrics: args.metrics.as_deref().map(address).transpose()?,
            mode: args.mode,
            config,
            pool,
            authority,
            event_loop,
            connections_max: args.max_connections.map_or(THREADS_MAX, usize::from),
            connections_total: args.count.map(|count| count.0),
            timeout: args.timeout,
            sockets: SocketOptions { timeout: Some(args.timeout), ..sockets(&args.sockets)? },
        })
    }
}

fn event_loop(args: &args::Serve, switches: &Switches) -> LoopOptions {
    let usual = LoopOptions::new(switches);
    LoopOptions {
        connections_max: args.max_connections.map_or(usual.connections_max, usize::from),
        connections_total: args.count.map(|count| count.0),
        timeout: args.timeout,
        ..usual
    }
}

/// The first address of `text`; `localhost:0` and `[::1]:4433` are good too.
fn address(text: &str) -> Result<SocketAddr, Error> {
    let refuse = |why: String| Error::Usage(format!("'{text}' is no ADDR:PORT to listen on: {why}"));
    let mut addresses = text.to_socket_addrs().map_err(|error| refuse(error.to_string()))?;
    addresses.next().ok_or_else(|| refuse("it has no address".into()))
}
