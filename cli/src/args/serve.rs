use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::{Cryptography, Identity, Sockets, SwitchFlags, Tls};
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
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    pub cipher: Vec<String>,

    /// Event loops over epoll or kqueue, a thread each [default: as many as there are processors for this process]
    #[arg(short = 't', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Accepted for scripts of old: an event loop is the only way in which connections are served
    #[arg(long, hide = true)]
    pub event_loop: bool,

    /// Connections at once; where more come, the oldest unfinished handshake gives way, or they wait
    #[arg(long, value_name = "N", default_value = "10k")]
    pub max_connections: Count,

    /// Answer http://ADDR:PORT/metrics with counters for Prometheus; port 0 picks a free one. Switches counters on
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics: Option<String>,

    /// End after this many connections
    #[arg(short = 'n', long, value_name = "N")]
    pub count: Option<Count>,

    /// How long a peer may be silent, or read nothing, and how long a request may take
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    pub timeout: Duration,

    /// How long a handshake may take; never longer than --timeout
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "10s")]
    pub handshake_timeout: Duration,

    /// The cryptography.
    #[command(flatten)]
    pub cryptography: Cryptography,
    /// What is offered in the handshake.
    #[command(flatten)]
    pub tls: Tls,
    /// Who the server is.
    #[command(flatten)]
    pub identity: Identity,
    /// How sockets are set up.
    #[command(flatten)]
    pub sockets: Sockets,
    /// The optimizations.
    #[command(flatten)]
    pub switches: SwitchFlags,
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
  tlsbench serve --threads 1 --mode echo --signal pipe
  tlsbench serve --listen 0.0.0.0:0 --mode echo --cert chain.pem --key key.pem";
