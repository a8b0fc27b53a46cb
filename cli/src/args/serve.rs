use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::{Identity, Sockets, SwitchFlags, Tls};
use crate::units::{Count, parse_duration};

/// Answers TLS 1.3 connections, many at once, until Ctrl-C.
///
/// The first line on standard output is `listening ADDR:PORT`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:4433")]
    pub listen: String,

    /// What to do with a connection
    #[arg(long, value_enum, value_name = "MODE", default_value = "sink")]
    pub mode: Mode,

    /// Write the authority of the throw-away certificate to FILE, for clients to trust
    #[arg(long, value_name = "FILE", conflicts_with = "cert")]
    pub ca_out: Option<PathBuf>,

    /// Cipher suites that are taken, best first; all of the provider's otherwise
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub cipher: Vec<String>,

    /// Serve all connections in one thread, on an event loop over epoll or kqueue, instead of in a thread each
    #[arg(long)]
    pub event_loop: bool,

    /// Connections at once; more have to wait [default: 256, or 10000 with --event-loop]
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_connections: Option<u16>,

    /// Answer http://ADDR:PORT/metrics with counters for Prometheus; port 0 picks a free one. Switches counters on
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics: Option<String>,

    /// End after this many connections
    #[arg(short = 'n', long, value_name = "N")]
    pub count: Option<Count>,

    /// How long a peer may be silent, and how long a handshake or a request may take
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    pub timeout: Duration,

    /// The optimizations.
    #[command(flatten)]
    pub switches: SwitchFlags,
    /// What is offered in the handshake.
    #[command(flatten)]
    pub tls: Tls,
    /// Who the server is.
    #[command(flatten)]
    pub identity: Identity,
    /// How sockets are set up.
    #[command(flatten)]
    pub sockets: Sockets,
}

/// What is done with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Take all that comes; at its end, answer with the number of bytes.
    Sink,
    /// Send until the client ends the connection.
    Source,
    /// Send back what comes.
    Echo,
    /// Answer HTTP requests with a page that tells what was negotiated.
    Http,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench serve --listen 127.0.0.1:4433 --mode http --ca-out ca.pem
  curl --cacert ca.pem https://localhost:4433/
  tlsbench serve --metrics 127.0.0.1:9433
  tlsbench serve --event-loop --mode echo --signal pipe
  tlsbench serve --listen 0.0.0.0:0 --mode echo --cert chain.pem --key key.pem";
