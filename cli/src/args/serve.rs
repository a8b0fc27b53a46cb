use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::{ClientTrust, Cryptography, Identities, Sockets, SwitchFlags, Tls};
use crate::units::{Bytes, Count, parse_duration};

/// Serves TLS 1.3 connections, many at once, until Ctrl-C.
///
/// The first line on standard output is `listening ADDR:PORT`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:4433")]
    pub listen: String,

    /// What to do with each connection
    #[arg(long, value_enum, value_name = "MODE", default_value = "sink")]
    pub mode: Mode,

    /// Write the generated certificate's authority to FILE, for clients to trust
    #[arg(long, value_name = "FILE", conflicts_with = "cert")]
    pub ca_out: Option<PathBuf>,

    /// Cipher suites to accept, in order of preference [default: all of the provider's]
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    pub cipher: Vec<String>,

    /// Event loops (epoll or kqueue), each in its own thread [default: the processors available to this process]
    #[arg(short = 't', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Threads that sign, and verify the certificates of clients, so that a slow key (RSA, a remote signer) holds up no other
    /// connection. Where more than 32 signatures wait for each, the event loops do it themselves [default: none]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub job_threads: u16,

    /// Accepted for old scripts: connections are always served by event loops
    #[arg(long, hide = true)]
    pub event_loop: bool,

    /// Tickets for each client, to resume its session with; 0 makes every handshake a full one [default: 2; 0 with --client-ca]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=16))]
    pub tickets: Option<u8>,

    /// Derive the keys of tickets from this secret, 32 random bytes or more, so that tickets survive a restart and servers
    /// with the same file take each other's [default: random keys]
    #[arg(long, value_name = "FILE")]
    pub ticket_key: Option<PathBuf>,

    /// Accept up to BYTES of early data (0-RTT) from clients that come back with a ticket. It may be a replay: `echo` answers
    /// it at once, the other modes after the handshake [default: reject it]
    #[arg(long, value_name = "BYTES")]
    pub early_data: Option<Bytes>,

    /// Take clients that know one of the pre-shared keys in FILE, without a certificate: lines of IDENTITY:KEY with the key in
    /// hexadecimal, as psktool and stunnel have them. Others get the certificate
    #[arg(long, value_name = "FILE")]
    pub psk: Option<PathBuf>,

    /// Concurrent connections. When full, a new connection replaces the oldest unfinished handshake, or waits
    #[arg(long, value_name = "N", default_value = "10k")]
    pub max_connections: Count,

    /// Serve counters for Prometheus at http://ADDR:PORT/metrics; port 0 picks a free one. Implies --counters
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics: Option<String>,

    /// Exit after this many connections
    #[arg(short = 'n', long, value_name = "N")]
    pub count: Option<Count>,

    /// How long a peer may send nothing or read nothing, and how long a request may take
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    pub timeout: Duration,

    /// How long a handshake may take, at most --timeout
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
    pub identities: Identities,
    /// Which clients are taken.
    #[command(flatten)]
    pub client_trust: ClientTrust,
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
    /// Receive all data, then answer with the number of bytes.
    Sink,
    /// Send until the client closes the connection.
    Source,
    /// Send back what is received.
    Echo,
    /// Answer HTTP requests with a page that shows what was negotiated.
    Http,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench serve --listen 127.0.0.1:4433 --mode http --ca-out ca.pem
  curl --cacert ca.pem https://localhost:4433/
  tlsbench serve --metrics 127.0.0.1:9433
  tlsbench serve --mode http --early-data 16k
  openssl rand -out ticket.key 48 && tlsbench serve --ticket-key ticket.key
  tlsbench serve --mode http --psk psk.txt
  tlsbench serve --mode http --client-ca clients.pem
  tlsbench serve --threads 1 --mode echo --signal pipe
  tlsbench serve --listen 0.0.0.0:0 --mode echo --cert chain.pem --key key.pem
  tlsbench serve --cert ecdsa.pem --key ecdsa.key --cert rsa.pem --key rsa.key";
